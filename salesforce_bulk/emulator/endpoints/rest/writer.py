"""Writing records for REST: one at a time, or up to 200 of a call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.data.row_errors import wrong_operation
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell, RowError, RowOutcome
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.endpoints.rest.family import RestError
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.schema.schema import SObject

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

#: Status codes of rows that REST answers with 404.
MISSING_RECORD_CODES = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})
#: What the other rows of a request are told when one failed and all were wanted.
ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header"
)


@dataclass(frozen=True, slots=True)
class RecordToWrite:
    """A record of a request: its object, and its cells by column."""

    sobject: SObject
    cells: Mapping[str, Cell]


class _RollBackError(Exception):
    """Ends a transaction whose rows are not all valid."""


class RecordWriter:
    """Writes records to an org as REST does."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def write_one(
        self,
        operation: str,
        sobject: SObject,
        cells: Mapping[str, Cell],
        user: SessionUser | None,
        external_id: str | None = None,
    ) -> RowOutcome:
        """Writes a record. Raises ApiError where it is refused."""
        records = [RecordToWrite(sobject, cells)]
        with self._org.store.writing():
            [outcome] = self._write_groups(operation, records, user, external_id)
        if not outcome.success:
            raise refused(outcome.errors[0])
        return outcome

    def write(
        self,
        operation: str,
        records: Sequence[RecordToWrite],
        user: SessionUser | None,
        *,
        external_id: str | None = None,
        all_or_none: bool = False,
    ) -> list[RowOutcome]:
        """Writes records, those of one object together; an outcome each, in order.

        Raises ApiError for an unknown field, before anything is written.
        """
        dialect = self._org.dialect
        apart = dialect["rest.collections.unknown_field"] == "the record"
        write = self._write_apart if apart else self._write_groups
        outcomes: list[RowOutcome] = []
        try:
            with self._org.store.writing():
                outcomes = write(operation, records, user, external_id)
                if all_or_none and not all(outcome.success for outcome in outcomes):
                    raise _RollBackError
        except _RollBackError:
            return [rolled_back(outcome.errors, dialect) for outcome in outcomes]
        return outcomes

    def _write_apart(
        self,
        operation: str,
        records: Sequence[RecordToWrite],
        user: SessionUser | None,
        external_id: str | None,
    ) -> list[RowOutcome]:
        """Each record by itself, so that an unknown field is an error of its record."""
        outcomes: list[RowOutcome] = []
        for record in records:
            name = record.sobject.name
            try:
                outcomes += self._write_group(operation, name, [record.cells], user, external_id)
            except ApiError as error:
                outcomes.append(failed(error.code, str(error)))
        return outcomes

    def _write_groups(
        self,
        operation: str,
        records: Sequence[RecordToWrite],
        user: SessionUser | None,
        external_id: str | None,
    ) -> list[RowOutcome]:
        groups: dict[str, list[int]] = {}
        for index, record in enumerate(records):
            groups.setdefault(record.sobject.name, []).append(index)
        outcomes: dict[int, RowOutcome] = {}
        for name, indexes in groups.items():
            cells = [records[index].cells for index in indexes]
            written = self._write_group(operation, name, cells, user, external_id)
            outcomes.update(zip(indexes, written, strict=True))
        return [outcomes[index] for index in range(len(records))]

    def _write_group(
        self,
        operation: str,
        name: str,
        records: Sequence[Mapping[str, Cell]],
        user: SessionUser | None,
        external_id: str | None,
    ) -> list[RowOutcome]:
        sobject = self._org.schema.objects[name.lower()]
        if sobject.index and operation == "insert":
            error = wrong_operation(sobject, "inserted")
            return [failed(error.status_code, error.message)] * len(records)
        columns = list(dict.fromkeys(column for cells in records for column in cells))
        try:
            plan = self._org.plan_write(
                operation, name, columns, external_id=external_id, user=user
            )
        except BatchRefused as error:
            raise ApiError(400, "INVALID_FIELD", _rest_text(error.message, name)) from error
        return plan.write([[cells.get(name, UNCHANGED) for name in columns] for cells in records])


def failed(code: str, message: str) -> RowOutcome:
    """A record that was not written, for one reason."""
    return RowOutcome(None, False, False, (RowError(code, message),))


def rolled_back(errors: Sequence[RowError], dialect: Dialect) -> RowOutcome:
    """A record of a call of which all records were wanted: its own errors, or another's."""
    if errors:
        return RowOutcome(None, False, False, tuple(errors))
    return failed(dialect["rest.collections.all_or_none"], ROLLED_BACK)


def refused(error: RowError) -> RestError:
    """A row's error as the answer to a request for one record."""
    status = 404 if error.status_code in MISSING_RECORD_CODES else 400
    return RestError(status, error.status_code, error.message, error.fields)


def outcome_document(outcome: RowOutcome, created: bool = False) -> dict[str, object]:
    """An outcome as it stands in the answer to a request for several records; ``created`` says
    whether the row's record is new, too."""
    if not outcome.success:
        errors = [
            {"statusCode": e.status_code, "message": e.message, "fields": list(e.fields)}
            for e in outcome.errors
        ]
        return {"success": False, "errors": errors}
    document: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
    if created:
        document["created"] = outcome.created
    return document


def _rest_text(message: str, name: str) -> str:
    """Bulk's words for an unknown column, in REST's; a parent stands in an object of its own."""
    marker = "Field name not found : "
    if marker not in message:
        return message
    column = message.partition(marker)[2]
    return f"No such column '{column}' on sobject of type {name}"
