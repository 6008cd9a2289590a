"""What records of some objects ask for beyond what their fields say: nothing, unless told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from salesforce_bulk.emulator.data.judged_rows import JudgedRows, Rows, Values
from salesforce_bulk.emulator.schema.schema import Field, SObject


class JudgedWriter(Protocol):
    """Writes values that nobody has to judge."""

    def create_judged(self, values: Values, now: str) -> list[str]: ...
    def change_judged(self, values: Values, record_ids: Sequence[str], now: str) -> None: ...


class PlanOfJudged(Protocol):
    """Makes the plan by which records of another object are written."""

    def __call__(
        self, operation: str, sobject: SObject, columns: Sequence[str], /
    ) -> JudgedWriter: ...


class RowRules:
    """Rules of an object without any; those of others override what differs.

    Each is called for rows that nothing speaks against yet, and adds errors to the batch.
    """

    #: An empty cell of an insert is told from the field's default.
    tells_blanks = False

    def check_insert(self, batch: JudgedRows, rows: Rows) -> None:
        """Before required fields are looked for."""

    def required_in_insert(
        self, batch: JudgedRows, rows: Rows, fields: Sequence[Field]
    ) -> Iterator[tuple[Rows, Sequence[Field]]]:
        """Which rows must have which fields; `fields` are those that describe says."""
        del batch
        yield rows, fields

    def check_update(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        """`ids` are the records' by row."""

    def check_delete(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        """`ids` are the records' by row."""

    def created(self, batch: JudgedRows, rows: Rows, ids: Sequence[str]) -> None:
        """After the records were made, in the same transaction."""

    def changed(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        """After the records were changed, in the same transaction."""
