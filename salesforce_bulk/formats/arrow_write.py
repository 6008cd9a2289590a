"""Frames and Arrow tables to chunks of rows, a record batch at a time.

pyarrow is imported only when a frame comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import CellRules, ColumnChunk, FrameChunk, Row

#: Bytes of a record batch, and rows, that are written at a time.
_CHUNK_BYTES = 4_000_000
_CHUNK_ROWS = limits.BATCH_RECORDS


def is_arrow_stream(records: Any) -> bool:
    """Whether the object hands out its rows through the Arrow C stream interface."""
    return hasattr(records, "__arrow_c_stream__")


class ArrowRows:
    """The rows of one opening of the stream; some objects hand it out only once."""

    def __init__(self, records: Any) -> None:
        self._reader = _reader(records)
        self._names = [str(name) for name in self._reader.schema.names]
        #: Without the index that pandas adds.
        self.columns = [name for name in self._names if not _is_index(name)]

    def chunks(self, rows: int) -> Iterator[ArrowChunk]:
        """The rows in chunks that write themselves.

        Args:
            rows: at most so many are made into Python values at a time, where that is needed.

        Raises:
            InvalidInput: a column that cannot be cells.
        """
        from salesforce_bulk.formats.arrow_cells import refuse_type  # noqa: PLC0415

        positions = [self._names.index(column) for column in self.columns]
        for position, column in zip(positions, self.columns, strict=True):
            refuse_type(self._reader.schema.types[position], column)
        first = 1
        for batch in self._reader:
            arrays = [batch.column(position) for position in positions]
            whole = ArrowChunk(arrays, self.columns, first, rows)
            first += len(whole)
            size = _rows_at_a_time(batch)
            for start in range(0, len(whole), size):
                yield whole[start : start + size]


def _rows_at_a_time(batch: Any) -> int:
    if not batch.nbytes:
        return _CHUNK_ROWS
    return max(1, min(_CHUNK_ROWS, _CHUNK_BYTES * int(batch.num_rows) // int(batch.nbytes)))


def _is_index(name: str) -> bool:
    return name.startswith("__index_level_") and name.endswith("__")


def _reader(records: Any) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 (55 MB that most programs do not need)
    except ImportError as error:
        raise InvalidInput(
            f"Loading a {type(records).__name__} needs pyarrow: "
            "pip install 'salesforce-bulk[arrow]'."
        ) from error
    return pa.RecordBatchReader.from_stream(records)


class ArrowChunk(FrameChunk):
    """Rows of a record batch.

    Args:
        arrays: its columns.
        names: of the columns, for messages.
        first: the number of the first row.
        plain_rows: how many are made into Python values at a time.
    """

    __slots__ = ("_arrays", "_first", "_names", "_plain_rows")

    def __init__(
        self, arrays: Sequence[Any], names: Sequence[str], first: int, plain_rows: int
    ) -> None:
        self._arrays = arrays
        self._names = names
        self._first = first
        self._plain_rows = plain_rows

    def __len__(self) -> int:
        return len(self._arrays[0])

    def __iter__(self) -> Iterator[Row]:
        for chunk in self.plain():
            yield from chunk

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> ArrowChunk: ...

    def __getitem__(self, at: int | slice) -> Row | ArrowChunk:
        if not isinstance(at, slice):
            return next(iter(self[at : at + 1]))
        start, stop, _ = at.indices(len(self))
        arrays = [array.slice(start, max(stop - start, 0)) for array in self._arrays]
        return ArrowChunk(arrays, self._names, self._first + start, self._plain_rows)

    def lines(self, rules: CellRules) -> tuple[bytes, int] | None:
        from salesforce_bulk.formats.arrow_cells import lines_of  # noqa: PLC0415

        return lines_of(self._arrays, rules)

    def plain(self) -> Iterator[ColumnChunk]:
        for start in range(0, len(self), self._plain_rows):
            piece = self[start : start + self._plain_rows]
            yield ColumnChunk([piece.column(position) for position in range(len(self._names))])

    def column(self, position: int) -> list[Any]:
        from salesforce_bulk.formats.arrow_cells import values_of  # noqa: PLC0415

        return values_of(self._arrays[position], self._names[position], self._first)
