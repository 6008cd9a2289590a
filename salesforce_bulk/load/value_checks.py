"""Values that the org would refuse, as far as the describe of their field tells.

Asked for by ``check="values"``. What passes may still be refused: validation rules, duplicates and
the org's own code are not known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from salesforce_bulk.api.describe import FieldDescribe
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import Row, RowEncoder
from salesforce_bulk.formats.values import NULL_CELL
from salesforce_bulk.load.source import Chunks

#: Why a text is no value of a field; None where it may be one.
Judge = Callable[[str], "str | None"]

#: Cells that are listed.
_LISTED = 20
_SHOWN_CHARACTERS = 60
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
# A time of day is taken for date fields too: the bulk guide has yyyy-MM-dd alone, but the vendor's
# help (000385167) lists it as loadable. So is a fraction for whole numbers, of which no guide says
# anything. Refused here would be rows that an org may take; refused there, each row tells it.
_DATE = re.compile(r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})(Z|T.*|[+-][0-9]{2}:?[0-9]{2})?\s*")
#: As most of the world writes a date; with slashes, the United States have the month first.
_DAY_FIRST = re.compile(
    r"\s*(?P<day>[0-9]{1,2})\.\s?(?P<month>[0-9]{1,2})\.\s?(?P<year>[0-9]{4})\s*"
)
_ID = re.compile(r"\s*[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?\s*")
_TEXT_TYPES = frozenset({"string", "textarea", "phone", "url", "email", "encryptedstring"})
_NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})


class RefusedCell(NamedTuple):
    """A cell that the org would refuse, by the row's number and the caller's name of the column."""

    row: int
    column: str
    why: str


class ColumnJudge(NamedTuple):
    """What is asked of the cells of a column.

    Attributes:
        position: of the column; ``column`` is the caller's name of it.
        judge: of texts that are there; None takes all.
        required: whether a cell without a value is refused.
    """

    position: int
    column: str
    judge: Judge | None
    required: bool

    def why(self, text: str) -> str | None:
        """Why the org would refuse the cell."""
        if not text.strip() or text == NULL_CELL:
            return "has no value, and says which record the row is for" if self.required else None
        return None if self.judge is None else self.judge(text)


def value_judge(field: FieldDescribe) -> Judge | None:
    """What tells of texts that are no value of the field; None where nothing is known."""
    if field.type in ("date", "datetime"):
        return lambda text: None if _is_date(text) else _no_date(text, field.type)
    if field.type in _NUMBER_TYPES:
        return lambda text: None if _NUMBER.fullmatch(text) else f"{_shown(text)} is no number"
    if field.type in ("id", "reference"):
        return lambda text: None if _ID.fullmatch(text) else _no_id(text)
    if field.type in _TEXT_TYPES and field.length:
        return lambda text: _too_long(text, field.length)
    if field.picklist_values and field.type in ("picklist", "multipicklist"):
        return _picklist_judge(field)
    return None


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    try:
        date(*map(int, found.group(1, 2, 3)))
    except ValueError:
        return False
    return True


def _no_date(text: str, kind: str) -> str:
    found = _DAY_FIRST.fullmatch(text)
    meant = "" if found is None else f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}"
    return f"{_shown(text)} is no {kind}" + (f" ({meant}?)" if _is_date(meant) else "")


def _no_id(text: str) -> str:
    return f"{_shown(text)} is no record's Id, which has 15 or 18 letters and digits"


def _too_long(text: str, length: int) -> str | None:
    size = len(text.strip())
    return f"has {size:,} characters, the field takes {length:,}" if size > length else None


def _picklist_judge(field: FieldDescribe) -> Judge:
    known = {value.lower() for value in field.picklist_values}
    several = field.type == "multipicklist"

    def judge(text: str) -> str | None:
        for value in text.split(";") if several else [text]:
            if value.strip().lower() not in known:
                return f"{_shown(value)} is no value of the restricted picklist"
        return None

    return judge


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")


def checked_values(
    chunks: Chunks, encoder: RowEncoder, judges: Sequence[ColumnJudge], name: str
) -> Chunks:
    """The chunks, once the org would take their values.

    Args:
        chunks: the source's.
        encoder: of its columns.
        judges: see `ColumnJudge`.
        name: of the load, for the message.

    Raises:
        InvalidInput: lists the first cells that the org would refuse.
    """
    refused: list[RefusedCell] = []
    first = 1
    for chunk in chunks:
        refused += sorted(_refused_cells(chunk, encoder, judges, first))
        if len(refused) >= _LISTED:
            break
        yield chunk
        first += len(chunk)
    if refused:
        raise _refusal(refused, name)


class Refusals:
    """What a dry run finds: of the cells that the org would refuse the first, and their number."""

    def __init__(self) -> None:
        self.cells = 0
        self.first: list[RefusedCell] = []

    def judged(self, chunks: Chunks, encoder: RowEncoder, judges: Sequence[ColumnJudge]) -> Chunks:
        """The chunks, all of them; see `checked_values`."""
        first = 1
        for chunk in chunks:
            refused = sorted(_refused_cells(chunk, encoder, judges, first))
            self.cells += len(refused)
            self.first += refused[: _LISTED - len(self.first)]
            yield chunk
            first += len(chunk)


def _refused_cells(
    chunk: Sequence[Row], encoder: RowEncoder, judges: Sequence[ColumnJudge], first: int
) -> Iterator[RefusedCell]:
    for judge in judges:
        for number, text in enumerate(encoder.texts(chunk, judge.position, first), first):
            why = judge.why(text)
            if why is not None:
                yield RefusedCell(number, judge.column, why)


def _refusal(refused: Sequence[RefusedCell], name: str) -> InvalidInput:
    row, column, _ = refused[0]
    listed = "".join(f"\n  row {at}, column {c!r}: {why}" for at, c, why in refused[:_LISTED])
    more = f"{_LISTED} cells at least" if len(refused) >= _LISTED else f"{len(refused)} cell(s)"
    return InvalidInput(
        f"{name}: the org would refuse {more}, and nothing was sent. Mend them, or load with "
        f"check='columns', which tells of each row what the org says:{listed}",
        row=row,
        column=column,
    )
