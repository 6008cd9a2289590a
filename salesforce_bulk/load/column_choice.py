"""Which columns of a source are loaded, under which names, and what stands in all rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.arrow_write import ArrowChunk
from salesforce_bulk.formats.row_encoder import ColumnChunk, column_of
from salesforce_bulk.load.source import Chunks, Row, Source

#: How columns begin that results add to the caller's.
_OWN_PREFIX = "sf__"


def choose_columns(
    source: Source, names: Mapping[str, str | None], constants: Mapping[str, Any]
) -> Source:
    """The source with the columns that are loaded.

    Args:
        source: as it was opened.
        names: other names for columns; None drops one. A column that is not in it stays, but for
            those that results add (``sf__Id``, ``sf__Error``), so that a file of failed rows can
            be loaded again.
        constants: further columns, with one value for all rows.

    Raises:
        InvalidInput: a name that is no column of the source, or two columns of one name.
    """
    unknown = [name for name in names if name not in source.columns]
    if unknown:
        raise InvalidInput(
            f"There is no column {unknown[0]!r} to rename or leave out; there are "
            f"{', '.join(source.columns)}.{_of_a_result(source)}",
            column=unknown[0],
        )
    repeated = [name for name in constants if name in source.columns and name not in names]
    if repeated:
        raise InvalidInput(
            f"constants=: the rows have the column {repeated[0]!r} of their own; leave it out "
            f"here, or there with columns={{{repeated[0]!r}: None}}.{_of_a_result(source)}",
            column=repeated[0],
        )
    chosen = [
        (position, name)
        for position, column in enumerate(source.columns)
        if (name := names.get(column, None if _is_own(column, names) else column)) is not None
    ]
    if not constants and [name for _, name in chosen] == list(source.columns):
        return source
    positions = [position for position, _ in chosen]
    columns = [*(name for _, name in chosen), *constants]

    def chunks() -> Chunks:
        for chunk in source.chunks():
            yield _chosen(chunk, positions, columns, list(constants.values()))

    return Source(
        columns,
        chunks,
        records=source.records,
        path=source.path,
        encoding=source.encoding,
        delimiter=source.delimiter,
    )


def _of_a_result(source: Source) -> str:
    if not any(_is_own(column, {}) for column in source.columns):
        return ""
    return (
        " A result's file has the names under which its rows were loaded, and the constants: "
        "columns= and constants= are not said again."
    )


def _is_own(column: str, names: Mapping[str, str | None]) -> bool:
    return column.lower().startswith(_OWN_PREFIX) and column not in names


def _chosen(
    chunk: Sequence[Row], positions: Sequence[int], names: Sequence[str], constants: Sequence[Any]
) -> Sequence[Row]:
    if isinstance(chunk, ArrowChunk) and not constants:
        return chunk.select(positions, names)
    return ColumnChunk(
        [*_columns(chunk, positions), *([value] * len(chunk) for value in constants)]
    )


def _columns(chunk: Sequence[Row], positions: Sequence[int]) -> Iterator[Sequence[Any]]:
    for position in positions:
        yield column_of(chunk, position)
