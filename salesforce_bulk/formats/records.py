"""What the three formats share: records named by row and column, cells as text or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.values import Unwritable, to_text

Record = Mapping[str, Any]


class Cell(NamedTuple):
    """One value that is to be written: ``value`` as given, ``text`` as Salesforce reads it."""

    column: str
    value: Any
    text: str


class Relationship(NamedTuple):
    """A column such as ``Owner.Username`` or ``Lead:Who.Email``."""

    object_type: str | None
    name: str
    field: str


def cells(records: Iterable[Record]) -> Iterator[tuple[int, list[Cell]]]:
    """Row number (from 1) and the cells that have a value; None and NaN have none.

    Raises:
        InvalidInput: a value that no text stands for; names row and column.
    """
    for row, record in enumerate(records, 1):
        found = []
        for column, value in record.items():
            try:
                text = to_text(value)
            except Unwritable as error:
                raise refuse(row, column, str(error)) from error
            if text is not None:
                _refuse_half_characters(row, column, text)
                found.append(Cell(column, value, text))
        yield row, found


def _refuse_half_characters(row: int, column: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        why = f"holds half of a surrogate pair at position {error.start}, which is no character"
        raise refuse(row, column, why) from error


def refuse(row: int, column: str, why: str) -> InvalidInput:
    """The error for one cell."""
    return InvalidInput(f"Row {row}, column {column!r}: {why}", row=row, column=column)


def relationship(column: str) -> Relationship | None:
    """The parts of a relationship column; None for a plain field."""
    path, dot, field = column.partition(".")
    if not dot:
        return None
    object_type, colon, name = path.rpartition(":")
    return Relationship(object_type if colon else None, name, field)
