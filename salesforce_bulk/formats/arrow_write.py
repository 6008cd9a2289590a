"""Frames and Arrow tables to chunks of rows, a record batch at a time.

pyarrow is imported only when a frame comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, overload

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.extras import extra_module
from salesforce_bulk.formats.row_encoder import CellRules, ColumnChunk, FrameChunk, Row

#: Bytes of a record batch, and rows, that are written at a time.
_CHUNK_BYTES = 4_000_000
_CHUNK_ROWS = limits.BATCH_RECORDS

_NOTHING = frozenset({"NoneType", "NAType", "NaTType"})
#: Types in a column of pandas' objects of which Arrow changes no value. A float among texts is NaN,
#: or Arrow refuses the column.
_TAKEN_AS_THEY_ARE = (
    frozenset({"str", "float"}),
    frozenset({"int"}),
    frozenset({"bool"}),
    frozenset({"date"}),
    frozenset({"bytes"}),
    frozenset({"dict"}),
    frozenset({"list", "tuple", "ndarray"}),
)


def is_arrow_stream(records: Any) -> bool:
    """Whether the object hands out its rows through the Arrow C stream interface."""
    return hasattr(records, "__arrow_c_stream__")


class FrameRows(Protocol):
    """The rows of a frame."""

    columns: list[str]

    def chunks(self, rows: int) -> Iterator[Sequence[Row]]:
        """The rows, at most so many as Python values at a time."""


def frame_rows(records: Any) -> FrameRows:
    """The rows of anything that `is_arrow_stream`.

    Raises:
        InvalidInput: pyarrow is not installed, or Arrow has no type for a column.
    """
    kind = type(records).__module__.partition(".")[0]
    if kind == "polars" and any(str(one) == "Object" for one in records.dtypes):
        # Arrow would be given the addresses of the objects.
        return PolarsObjects(records)
    if kind == "pandas":
        return _pandas_rows(records)
    return ArrowRows(records)


def _pandas_rows(frame: Any) -> FrameRows:
    twice = [name for name in frame.index.names if name is not None and name in frame.columns]
    if twice:  # Arrow leaves out the index
        raise InvalidInput(
            f"The frame has an index and a column {twice[0]!r}. Rename one, or drop the index with "
            ".reset_index(drop=True).",
            column=str(twice[0]),
        )
    if type(frame.index).__name__ == "RangeIndex" and frame.index.name is not None:
        frame = frame.reset_index()  # Arrow makes no column of it
    objects = [column for column in _columns_of(frame) if _may_be_anything(column.dtype)]
    if not all(map(_is_of_one_kind, objects)):
        return PandasObjects(frame)
    if not objects:
        return ArrowRows(frame)
    try:
        return ArrowRows(frame)
    except InvalidInput:
        # A column of CLEAR, or of numbers of more than 64 bits, is none for Arrow.
        return PandasObjects(frame)


def _columns_of(frame: Any) -> Iterator[Any]:
    """Those of the frame and those of its index that have a name."""
    for at, name in enumerate(frame.index.names):
        if name is not None:
            yield frame.index.get_level_values(at)
    yield from (frame.iloc[:, at] for at in range(frame.shape[1]))


def _may_be_anything(kind: Any) -> bool:
    # The dtype of texts has the same kind as that of objects.
    return bool(kind.kind == "O" and kind.type is not str)


def _is_of_one_kind(column: Any) -> bool:
    """Whether Arrow takes the column's values as they are.

    Of several types it makes one: datetimes beside dates lose their time, those without a zone
    get that of their neighbours, texts beside bytes become bytes, decimals get the digits of the
    longest. Sets come in the order of their hashes.
    """
    if column.dtype.name not in ("object", "category"):
        return True
    names = {kind.__name__ for kind in set(map(type, column.tolist()))} - _NOTHING
    return any(names <= alike for alike in _TAKEN_AS_THEY_ARE)


class PandasObjects:
    """The rows of a pandas frame that Arrow has no types for."""

    def __init__(self, frame: Any) -> None:
        # Not reset_index(), which makes other types of what an index holds.
        self._values = list(_columns_of(frame))
        self._size = len(frame)
        named = [name for name in frame.index.names if name is not None]
        self.columns = [str(name) for name in (*named, *frame.columns)]

    def chunks(self, rows: int) -> Iterator[ColumnChunk]:
        for start in range(0, self._size, rows):
            places = range(start, min(start + rows, self._size))
            pieces = [column.take(places) for column in self._values]
            yield ColumnChunk([_objects(piece) for piece in pieces])


def _objects(column: Any) -> list[Any]:
    if column.dtype.kind == "f" and column.dtype.itemsize < 8:
        # tolist() gives floats of 64 bits, which do not tell that they were fewer.
        bits = 8 * column.dtype.itemsize
        return list(column.to_numpy(f"float{bits}", na_value=float("nan")))
    return column.tolist()  # type: ignore[no-any-return]


class PolarsObjects:
    """The rows of a polars frame with columns of Python objects."""

    def __init__(self, frame: Any) -> None:
        self._frame = frame
        self.columns = list(frame.columns)

    def chunks(self, rows: int) -> Iterator[ColumnChunk]:
        for piece in self._frame.iter_slices(rows):
            yield ColumnChunk([column.to_list() for column in piece.iter_columns()])


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
    # Not nbytes: older Arrow knows none of string views, which are what polars has.
    size = int(batch.get_total_buffer_size())
    if not size:
        return _CHUNK_ROWS
    return max(1, min(_CHUNK_ROWS, _CHUNK_BYTES * int(batch.num_rows) // size))


def _is_index(name: str) -> bool:
    return name.startswith("__index_level_") and name.endswith("__")


def _reader(records: Any) -> Any:
    pa = extra_module("pyarrow", f"Loading a {type(records).__name__}")
    try:
        return pa.RecordBatchReader.from_stream(records)
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as error:
        raise InvalidInput(f"The {type(records).__name__} holds no rows: {error}") from error


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

    def select(self, positions: Sequence[int], names: Sequence[str]) -> ArrowChunk:
        """The same rows with some of the columns, under these names."""
        arrays = [self._arrays[position] for position in positions]
        return ArrowChunk(arrays, names, self._first, self._plain_rows)

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
