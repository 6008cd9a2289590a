"""SOAP calls about records for which REST has none: ``undelete``, ``merge``, ``deleteByExample``.

Source: SOAP API Developer Guide, "undelete()", "merge()"; Big Objects Implementation Guide, "Delete
Data in a Custom Big Object".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.data.recycle_bin import MERGED_OBJECTS, MERGED_RECORDS
from salesforce_bulk.emulator.data.values import Cell, RowError
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.http.wire import Element, xml_escape
from salesforce_bulk.emulator.schema.ids import to_18

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

#: Of one call.
UNDELETED_RECORDS, MERGE_REQUESTS = 200, 200


class SoapFault(Exception):
    """A SOAP fault; ``code`` is the vendor's exceptionCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SoapRecords:
    """Answers the calls; each result says of itself whether it went well."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def undelete(self, operation: Element, user: SessionUser) -> str:
        """The results of ``undelete``. Raises SoapFault."""
        ids = [child.text.strip() for child in operation.children if child.name == "ids"]
        _check_count(len(ids), UNDELETED_RECORDS)
        return "".join(self._undelete(identity, user) for identity in ids)

    def _undelete(self, text: str, user: SessionUser) -> str:
        identity = to_18(text)
        if identity is None:
            return _result(text, RowError("MALFORMED_ID", f"bad id {text}", ("Id",)))
        return _result(identity, self._org.undelete(identity, user))

    def merge(self, operation: Element, user: SessionUser) -> str:
        """The results of ``merge``. Raises SoapFault."""
        requests = [child for child in operation.children if child.name == "request"]
        _check_count(len(requests), MERGE_REQUESTS)
        return "".join(self._merge(request, user) for request in requests)

    def delete_by_example(self, operation: Element, user: SessionUser) -> str:
        """The results of ``deleteByExample``, one for each example. Raises SoapFault."""
        del user
        examples = [child for child in operation.children if child.name == "sObjects"]
        return "".join(map(self._delete_by_example, examples))

    def _delete_by_example(self, example: Element) -> str:
        name = example.value("type").strip()
        sobject = self._org.schema.get(name)
        if sobject is None or not sobject.index:
            raise SoapFault("INVALID_TYPE", f"deleteByExample is not supported for {name}")
        told = self._org.delete_by_example(sobject, _cells(example))
        if isinstance(told, RowError):
            rows, errors, success = 0, _error(told), "false"
        else:
            rows, errors, success = told, "", "true"
        return (
            f'<result><entity xsi:nil="true"/>{errors}<rowCount>{rows}</rowCount>'
            f"<success>{success}</success></result>"
        )

    def _merge(self, request: Element, user: SessionUser) -> str:
        master = request.child("masterRecord")
        if master is None:
            raise SoapFault("MISSING_ARGUMENT", "masterRecord has to be specified")
        name, identity = master.value("type").strip(), master.value("Id").strip()
        sobject = self._org.schema.get(name)
        if sobject is None or sobject.name not in MERGED_OBJECTS:
            raise SoapFault("INVALID_TYPE", f"merge is not supported for {name}")
        losers = [c.text.strip() for c in request.children if c.name == "recordToMergeIds"]
        if not 1 <= len(losers) <= MERGED_RECORDS:
            raise SoapFault("INVALID_NUMBER_OF_RECORDS", f"{len(losers)} records cannot be merged")
        try:
            told = self._org.merge(sobject, identity, losers, _cells(master), user)
        except BatchRefused as error:
            raise SoapFault("INVALID_FIELD", str(error)) from error
        if isinstance(told, RowError):
            return _result(identity, told)
        merged = "".join(f"<mergedRecordIds>{to_18(loser)}</mergedRecordIds>" for loser in losers)
        moved = "".join(f"<updatedRelatedIds>{child}</updatedRelatedIds>" for child in told)
        return f"<result><id>{to_18(identity)}</id>{merged}<success>true</success>{moved}</result>"


def _cells(record: Element) -> dict[str, Cell]:
    """The fields of a record in SOAP; ``fieldsToNull`` names those to clear."""
    cells: dict[str, Cell] = {}
    for child in record.children:
        if child.name == "fieldsToNull":
            cells[child.text.strip()] = None
        elif child.name not in ("type", "Id"):
            cells[child.name] = child.text
    return cells


def _check_count(count: int, most: int) -> None:
    if count > most:
        text = f"record limit reached. cannot submit more than {most} records into this call"
        raise SoapFault("EXCEEDED_ID_LIMIT", text)


def _result(identity: str, error: RowError | None) -> str:
    if error is None:
        return f"<result><id>{identity}</id><success>true</success></result>"
    identity = xml_escape(identity)
    return f"<result>{_error(error)}<id>{identity}</id><success>false</success></result>"


def _error(error: RowError) -> str:
    fields = "".join(f"<fields>{name}</fields>" for name in error.fields)
    return (
        f"<errors>{fields}<message>{xml_escape(error.message)}</message>"
        f"<statusCode>{error.status_code}</statusCode></errors>"
    )


def results_of(call: str, results: Sequence[str] | str) -> str:
    """The answer to a call."""
    return f"<{call}Response>{''.join(results)}</{call}Response>"
