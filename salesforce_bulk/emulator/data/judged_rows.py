"""The rows of one write while they are judged: cells by column, errors by row, outcomes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from salesforce_bulk.emulator.data import row_errors
from salesforce_bulk.emulator.data.values import (
    UNCHANGED,
    Cell,
    Judged,
    RowError,
    RowErrors,
    RowOutcome,
)
from salesforce_bulk.emulator.data.write_columns import RelationshipColumn

Rows = range | list[int]
Values = dict[str, list[Judged]]


@dataclass
class JudgedRows:
    """One call's cells, judged: a list per field, errors by row, and the outcomes so far."""

    count: int
    values: Values
    keys: dict[RelationshipColumn, list[Judged]]
    errors: RowErrors
    now: str
    held: frozenset[str]
    #: The keys of an upsert as they were sent.
    sent_keys: Sequence[Cell] = ()
    outcomes: dict[int, RowOutcome] = dataclass_field(default_factory=dict)

    def alive(self, rows: Rows) -> Rows:
        """The rows among `rows` that nothing speaks against yet."""
        if not self.errors:
            return rows
        return [row for row in rows if row not in self.errors]


def pick(values: Sequence[Any], rows: Rows) -> Sequence[Any]:
    """The values of some rows; a slice where the rows follow one another."""
    if isinstance(rows, range):
        return values[rows.start : rows.stop]
    return [values[row] for row in rows]


def by_column(
    rows: Sequence[Sequence[Cell]], width: int, errors: RowErrors
) -> Sequence[Sequence[Cell]]:
    """The cells by column; rows of another width are refused and count as empty."""
    if set(map(len, rows)) != {width}:
        rows = [_fitting(row, cells, width, errors) for row, cells in enumerate(rows)]
    return list(zip(*rows, strict=True))


def _fitting(row: int, cells: Sequence[Cell], width: int, errors: RowErrors) -> Sequence[Cell]:
    if len(cells) == width:
        return cells
    errors.add(row, row_errors.ragged(width, len(cells)))
    return [UNCHANGED] * width


def in_order(batch: JudgedRows) -> list[RowOutcome]:
    """The outcome of every row, those with errors having failed."""
    for row, errors in batch.errors.items():
        batch.outcomes[row] = RowOutcome(None, False, False, tuple(errors))
    return [batch.outcomes[row] for row in range(batch.count)]


def in_turns(keys: Mapping[int, Any]) -> list[list[int]]:
    """The rows so that none has the key of another of the same turn; their order is kept."""
    times: Counter[Any] = Counter()
    turns: list[list[int]] = []
    for row, key in keys.items():
        if times[key] == len(turns):
            turns.append([])
        turns[times[key]].append(row)
        times[key] += 1
    return turns


def refuse_doubles(
    batch: JudgedRows, keys: Mapping[int, Any], refuse: Callable[[Any], RowError]
) -> None:
    """Refuse every row of this window whose key another row of it has too.

    `keys` hold each row's key as it is compared; `refuse` words the refusal of one.
    """
    if len(set(keys.values())) == len(keys):
        return
    times = Counter(keys.values())
    for row, key in keys.items():
        if times[key] > 1:
            batch.errors.add(row, refuse(key))
