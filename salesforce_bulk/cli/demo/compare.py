"""Cells of the file against cells that came back, as values and not as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NamedTuple

from salesforce_bulk.cli.demo.plan import CellKind, DemoRow

Value = str | Decimal | bool | None

#: What Salesforce takes off the ends of a text: all characters up to the space, as Java's trim.
BLANKS = "".join(map(chr, range(ord(" ") + 1)))
#: Stands in a difference for a column that did not come back at all.
NO_COLUMN = "(no such column)"


class Difference(NamedTuple):
    """A cell that did not come back as it was sent; ``row`` counts the file's rows from 1."""

    row: int
    field: str
    sent: Value
    returned: Value


@dataclass
class Comparison:
    """What a comparison found; it ``held`` if nothing differs, is missing or is too much."""

    rows: int = 0
    cells: int = 0
    differences: list[Difference] = field(default_factory=list)
    #: Numbers of rows that were accepted and did not come back.
    missing: list[int] = field(default_factory=list)
    #: Ids that came back twice or that no accepted row has.
    unexpected: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        return not (self.differences or self.missing or self.unexpected)


def compare(
    accepted: Mapping[str, DemoRow],
    sent: Callable[[DemoRow], Mapping[str, Value]],
    returned: Iterable[tuple[str, Mapping[str, Value]]],
) -> Comparison:
    """Compare every cell of every row.

    Args:
        accepted: each row that was sent, by the Id that it got.
        sent: gives a row's values.
        returned: Id and values of each row that came back, in any order.
    """
    result = Comparison()
    waiting = dict(accepted)
    for id_, values in returned:
        result.rows += 1
        row = waiting.pop(id_, None)
        if row is None:
            result.unexpected.append(id_)
            continue
        expected = sent(row)
        result.cells += len(expected)
        result.differences += differing_cells(row.number, expected, values)
    result.missing = [row.number for row in waiting.values()]
    return result


def differing_cells(
    number: int, sent: Mapping[str, Value], returned: Mapping[str, Value]
) -> Iterator[Difference]:
    for name, value in sent.items():
        found = returned.get(name, NO_COLUMN)
        # True == Decimal(1), but a checkbox is not a number.
        if value != found or type(value) is not type(found):
            yield Difference(number, name, value, found)


def stored_value(kind: CellKind, cell: str) -> Value:
    """What an org keeps of a cell of the file.

    Salesforce takes the blanks off both ends of a text, keeps an empty cell as null, and an
    empty checkbox as false.
    """
    text = "" if cell == "#N/A" else cell.strip(BLANKS)
    if kind is CellKind.BOOLEAN:
        return BOOLEANS.get(text.lower(), text)
    return value_of_text(kind, text)


def value_of_text(kind: CellKind, text: str) -> Value:
    """A cell of a CSV result; null and empty text cannot be told apart there."""
    return READERS[kind](text) if text else None


def value_of_json(value: Any) -> Value:
    """A value of a JSON result, which was parsed with Decimal for all numbers."""
    return value if value is None or isinstance(value, str | bool | Decimal) else str(value)


def number_or_text(text: str) -> Value:
    # A text where a number should be is told by being unequal to it.
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


BOOLEANS: Mapping[str, bool] = MappingProxyType(
    {"true": True, "1": True, "false": False, "0": False, "": False}
)

READERS: Mapping[CellKind, Callable[[str], Value]] = MappingProxyType(
    {
        CellKind.TEXT: str,
        CellKind.NUMBER: number_or_text,
        CellKind.BOOLEAN: lambda text: {"true": True, "false": False}.get(text, text),
    }
)
