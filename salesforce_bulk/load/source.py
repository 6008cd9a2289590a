"""Rows to be loaded: their columns, and chunks of row tuples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput

#: Rows that are handled at a time: enough for C to do the work, little to hold.
CHUNK_ROWS = 500

Row = Sequence[Any]
Chunks = Iterator[Sequence[Row]]


class Source:
    """Rows to be loaded.

    Args:
        columns: their names, as the caller wrote them.
        chunks: called once; gives lists of row tuples as long as ``columns``.
        records: the caller's own records where they are in memory anyway, else None.
        path: the file that the rows come from, where that is one.
        encoding: what the file was read with.
        delimiter: between its cells.
    """

    def __init__(
        self,
        columns: Sequence[str],
        chunks: Callable[[], Chunks],
        *,
        records: Sequence[Mapping[str, Any]] | None = None,
        path: Path | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.chunks = chunks
        self.records = records
        self.path = path
        self.encoding = encoding
        self.delimiter = delimiter
        _refuse_headers(self.columns)


def _refuse_headers(columns: Sequence[str]) -> None:
    if not columns:
        raise InvalidInput("The rows have no columns.")
    if len(columns) > limits.RECORD_FIELDS:
        raise InvalidInput(
            f"{len(columns):,} columns; a record takes {limits.RECORD_FIELDS:,} fields."
        )
    seen: dict[str, str] = {}
    for position, column in enumerate(columns, 1):
        if not column.strip():
            raise InvalidInput(
                f"Column {position} has no name; give it one in the source, or take it out there."
            )
        before = seen.setdefault(column.lower(), column)
        if len(seen) < position:
            raise InvalidInput(
                f"The column {column!r} comes twice (also as {before!r}); Salesforce would "
                "refuse the rows. Take one of them out.",
                column=column,
            )
