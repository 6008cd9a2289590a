"""Frames and Arrow tables to row tuples, a record batch at a time.

pyarrow is imported only when a frame comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import ColumnChunk


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

    def chunks(self, rows: int) -> Iterator[ColumnChunk]:
        """The rows as Python values, at most so many at a time."""
        positions = [(self._names.index(column), column) for column in self.columns]
        for batch in self._reader:
            arrays = [_plain(batch.column(position), column) for position, column in positions]
            for start in range(0, batch.num_rows, rows):
                yield ColumnChunk([array.slice(start, rows).to_pylist() for array in arrays])


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


def _plain(array: Any, column: str) -> Any:
    """The array in a type whose Python values are what a field takes."""
    import pyarrow as pa  # noqa: PLC0415

    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode(), column)
    if pa.types.is_timestamp(kind):
        # Nanoseconds have no Python datetime; the zone stays, or its absence is refused later.
        return array.cast(pa.timestamp("us", tz=None if kind.tz is None else "UTC"), safe=False)
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        raise InvalidInput(
            f"The column {column!r} holds {kind}; use a column such as 'Owner.Username' for a "
            "relationship.",
            column=column,
        )
    return array
