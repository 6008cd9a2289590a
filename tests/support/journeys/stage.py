"""An org that speaks a dialect, clients of it, and what it holds: the truth that a journey is held
against."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from fast_clock import FastClock

from salesforce_bulk import LoadResult, SalesforceBulk, SessionLogin
from salesforce_bulk.emulator import SalesforceEmulator

OBJECT = "Journey__c"
FIELDS = {
    "Mark__c": "text",
    "Ext__c": "externalId unique",
    "Text__c": "text",
    "Long__c": {"type": "textarea", "length": 131_072},
    "Amount__c": "currency",
    "Rate__c": "number",
    "Whole__c": "int",
    "On__c": "date",
    "At__c": "datetime",
    "Daily__c": "time",
    "Done__c": "checkbox",
    "Many__c": "multipicklist[a, b, c]",
    "Parent__c": "lookup(Account)",
}
#: Rows of a page of 2.0, bytes of a result file of 1.0.
PAGE_ROWS = 7
FILE_BYTES = 2_500

Row = dict[str, Any]


@dataclass
class Stage:
    """What the steps of a journey have in hand.

    Attributes:
        org: as new at the beginning of each step.
        folder: for journals and files; empty at the beginning of each step.
        remarks: what the client said that it could not tell, or that it went another way.
    """

    org: SalesforceEmulator
    folder: Path
    remarks: list[str] = field(default_factory=list)
    clock: FastClock = field(default_factory=FastClock)

    @cached_property
    def bulk(self) -> SalesforceBulk:
        """A client with a session that it was given."""
        return self.another_client()

    def another_client(self, **options: Any) -> SalesforceBulk:
        """What another process has: the same org, and nothing known."""
        admin = self.org.org.users[self.org.username]
        login = SessionLogin(self.org.sessions.open(admin).token, self.org.url)
        return SalesforceBulk(login=login, clock=self.clock, **options)

    def fill(self, rows: Sequence[Row], object_name: str = OBJECT) -> list[str]:
        """Puts rows into the org without the client; returns their ids."""
        columns = list(dict.fromkeys(name for row in rows for name in row))
        plan = self.org.org.plan_write("insert", object_name, columns)
        outcomes = plan.write([[row.get(name) for name in columns] for row in rows])
        assert all(outcome.success for outcome in outcomes), outcomes
        return [str(outcome.id) for outcome in outcomes]

    def held(self, object_name: str = OBJECT) -> dict[str, Row]:
        """The records of the org by their ids."""
        names = ["Id", *(FIELDS if object_name == OBJECT else ("Name",))]
        found = self.org.org.query(f"SELECT {', '.join(names)} FROM {object_name}")
        return {row[0]: dict(zip(names, row, strict=True)) for row in map(tuple, found)}

    def has_no_row_twice(self) -> None:
        marks = [row["Mark__c"] for row in self.held().values() if row["Mark__c"]]
        twice = sorted({mark for mark in marks if marks.count(mark) > 1})
        assert not twice, f"in the org twice: {twice}"

    def settle(
        self,
        result: LoadResult,
        rows: Sequence[Row],
        expected: str,
        before: Mapping[str, Row] | None = None,
    ) -> None:
        """Holds each outcome of an insert, an update or an upsert against the org.

        Args:
            rows: as they were given; each has a ``Mark__c`` of its own.
            expected: a letter for each row: s success, f failed, u unprocessed; a question mark
                where that is left to the org.
            before: what the org held.
        """
        before = before or {}
        after = self.held()
        outcomes = list(result)
        assert [outcome.number for outcome in outcomes] == list(range(1, len(rows) + 1))
        assert len(result.succeeded) + len(result.failed) + len(result.unprocessed) + len(
            result.unknown
        ) == len(rows)
        by_mark = {row["Mark__c"]: key for key, row in after.items()}
        for outcome, row, letter in zip(outcomes, rows, expected, strict=True):
            told = f"{row['Mark__c']}: {outcome}"
            assert outcome.record == row, told
            if outcome.status == "unknown":
                self.remarks.append(f"unknown: {outcome.error and outcome.error.code}")
                continue
            assert letter in (outcome.status[0], "?"), f"{letter} was expected, {told}"
            if outcome.status == "success":
                assert outcome.id in after, f"not in the org: {told}"
                assert by_mark.get(row["Mark__c"]) == outcome.id, f"another row's id: {told}"
                assert outcome.created == (outcome.id not in before), told
                self.holds(after[outcome.id], row)
            else:
                assert row["Mark__c"] not in by_mark, f"in the org all the same: {told}"
                assert outcome.error is not None, told
                assert outcome.error.code, told
        self.has_no_row_twice()
        untouched = {key for key, row in before.items() if after.get(key) == row}
        named = {outcome.id for outcome in outcomes if outcome.id}
        assert set(after) == untouched | named | set(before)

    def holds(self, record: Row, row: Row) -> None:
        """Asserts that a record has the values of a row; nulls were not sent."""
        for name, value in row.items():
            if value is not None and name in record:
                assert stored(record[name]) == stored(value), (name, record[name], value)


def stored(value: Any) -> Any:
    """How the org keeps a value, as far as it can be told from the value alone."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, datetime):
        utc = value.astimezone(timezone.utc).replace(tzinfo=None)
        return utc.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, time):
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("\r\n", "\n").strip() or None
    return value


Step = Callable[[Stage], None]
