"""Objects, their records and queries in the control API; nothing of it needs a session."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from salesforce_bulk.emulator.data.org import Org
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell, RowOutcome
from salesforce_bulk.emulator.endpoints.control.call import ControlCall, ControlRoutes
from salesforce_bulk.emulator.endpoints.rest.records import Records, Row, json_value
from salesforce_bulk.emulator.endpoints.rest.select import object_of
from salesforce_bulk.emulator.endpoints.rest.writer import outcome_document
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.compile import Children

#: Records of one answer.
ROWS, MOST_ROWS = 50, 1_000
#: Records of a query that are turned into CSV at once.
CSV_ROWS = 500
#: The version in addresses of files, which nobody follows from here.
_VERSION = "64.0"

_OBJECT = r"objects/(?P<object>\w+)"


class ControlRecords:
    """Reads and writes the records of an org, as its administrator."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def routes(self) -> ControlRoutes:
        return {
            "objects": {"GET": self.list_objects, "POST": self.define_objects},
            _OBJECT: {"GET": self.show_object},
            f"{_OBJECT}/rows": {"GET": self.list_rows, "POST": self.insert_rows},
            rf"{_OBJECT}/rows/(?P<id>\w+)": {
                "GET": self.show_row,
                "PATCH": self.update_row,
                "DELETE": self.delete_row,
            },
            "query": {"GET": self.query},
            "query/csv": {"GET": self.query_csv},
        }

    def list_objects(self, _: ControlCall) -> Any:
        objects = list(self._org.schema.objects.values())
        return {sobject.name: self._org.count(sobject.name) for sobject in objects}

    def define_objects(self, call: ControlCall) -> Any:
        """Objects in the short form, or as describe documents: what ``--schema`` takes."""
        if call.body is None:
            raise ApiError(400, "", "the objects have to be given")
        return {"defined": [o.name for o in self._org.load_objects(call.body.document)]}

    def show_object(self, call: ControlCall) -> Any:
        """How many records it has, and its fields."""
        sobject = self._sobject(call)
        return {
            "name": sobject.name,
            "label": sobject.label,
            "count": self._org.count(sobject.name),
            "fields": [_field_document(field) for field in sobject.fields.values()],
        }

    def list_rows(self, call: ControlCall) -> Any:
        """Records in the order of their ids, those behind ``after``; those of a big object, which
        have no ids, in the order of the index."""
        sobject = self._sobject(call)
        count = call.number("limit", ROWS, MOST_ROWS)
        after = self._after(call.text("after"))
        names = ", ".join(field.name for field in sobject.fields.values())
        if after and sobject.index:
            raise ApiError(400, "", f"records of {sobject.name} have no ids to go on from")
        where = f"WHERE Id > '{after}' " if after else ""
        order = "" if sobject.index else "ORDER BY Id "
        soql = f"SELECT {names} FROM {sobject.name} {where}{order}LIMIT {count + 1}"  # noqa: S608  # nosec B608 # names of the schema, and checked values
        records = list(self._records(soql))
        return {"rows": records[:count], "more": len(records) > count}

    def _after(self, text: str) -> str:
        if text and to_18(text) is None:
            raise ApiError(400, "", f"after has to be an id: {text}")
        return to_18(text) or ""

    def show_row(self, call: ControlCall) -> Any:
        sobject, identity = self._sobject(call), self._id(call)
        names = ", ".join(field.name for field in sobject.fields.values())
        soql = f"SELECT {names} FROM {sobject.name} WHERE Id = '{identity}'"  # noqa: S608  # nosec B608 # names of the schema, and checked values
        record = next(self._records(soql), None)
        if record is None:
            raise ApiError(404, "", f"there is no {sobject.name} {identity}")
        return record

    def insert_rows(self, call: ControlCall) -> Any:
        """Rows as objects by field name; an outcome for each."""
        body = call.body
        rows = body.document if body else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ApiError(400, "", "the rows have to be a list of objects")
        sobject = self._sobject(call)
        records = [body.record(row, sobject) for row in rows] if body else []
        return [outcome_document(outcome) for outcome in self._write("insert", sobject, records)]

    def update_row(self, call: ControlCall) -> Any:
        """Changes the fields that are given; the outcome."""
        sobject, fields = self._sobject(call), call.document()
        cells = call.body.record(fields, sobject) if call.body else {}
        [outcome] = self._write("update", sobject, [{"Id": self._id(call), **cells}])
        return outcome_document(outcome)

    def delete_row(self, call: ControlCall) -> Any:
        [outcome] = self._write("delete", self._sobject(call), [{"Id": self._id(call)}])
        return outcome_document(outcome)

    def _write(
        self, operation: str, sobject: SObject, records: Sequence[dict[str, Cell]]
    ) -> list[RowOutcome]:
        columns = list(dict.fromkeys(name for record in records for name in record))
        if operation == "insert":
            plan = self._org.plan_deployment(sobject.name, columns)
        else:
            plan = self._org.plan_write(operation, sobject.name, columns)
        return plan.write([[r.get(name, UNCHANGED) for name in columns] for r in records])

    def query(self, call: ControlCall) -> Any:
        """The first ``limit`` rows of ``soql``; with ``deleted=true`` as queryAll."""
        count = call.number("limit", ROWS, MOST_ROWS)
        columns, rows = self._table(call)
        found = list(islice(rows, count + 1))
        return {"columns": columns, "rows": found[:count], "more": len(found) > count}

    def query_csv(self, call: ControlCall) -> Response:
        """All rows of ``soql`` as a CSV file."""
        columns, rows = self._table(call)
        headers = {
            "Content-Type": "text/csv;charset=UTF-8",
            "Content-Disposition": 'attachment; filename="query.csv"',
            "Cache-Control": "no-store",
        }
        return Response(200, headers, _csv_blocks(columns, rows), framing="chunked")

    def _table(self, call: ControlCall) -> tuple[list[str], Iterator[list[Any]]]:
        """The columns of a query and its rows; children are lists of records. Raises SoqlError."""
        soql = call.text("soql")
        result = self._org.query(soql, include_deleted=call.flag("deleted"))
        plan = result.plan
        if plan.count:
            return ["count()"], iter([list(next(iter(result)))])
        records = self._reader(plan)
        labels = [column.label for column in plan.columns]
        children = [child.label for child in plan.children]
        source = result.with_hidden() if children else iter(result)

        def rows() -> Iterator[list[Any]]:
            for row in source:
                cells = [json_value(c.type, v) for c, v in zip(plan.columns, row, strict=False)]
                record = records.record(row) if children else {}
                yield cells + [(record[label] or {}).get("records", []) for label in children]

        return labels + children, rows()

    def _records(self, soql: str) -> Iterator[dict[str, Any]]:
        result = self._org.query(soql)
        records = self._reader(result.plan)
        for row in result.with_hidden():
            record = records.record(row)
            del record["attributes"]
            yield record

    def _reader(self, plan: Any) -> Records:
        return Records(plan, _VERSION, self._object_of, self._child_rows, Dialect())

    def _object_of(self, identity: str) -> str:
        return object_of(self._org, identity)

    def _child_rows(self, children: Children, parent_id: str) -> list[Row]:
        parameters = children.parameters_for(parent_id)
        return self._org.execute(children.query.sql, parameters).fetchall()

    def _sobject(self, call: ControlCall) -> SObject:
        sobject = self._org.schema.get(call["object"])
        if sobject is None:
            raise ApiError(404, "", f"there is no object {call['object']}")
        return sobject

    def _id(self, call: ControlCall) -> str:
        identity = to_18(call["id"])
        if identity is None:
            raise ApiError(404, "", f"{call['id']} is no id")
        return identity


def _field_document(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length,
        "required": field.required,
        "createable": field.createable,
        "updateable": field.updateable,
        "values": [value.value for value in field.picklist_values],
        "reference_to": list(field.reference_to),
    }


def _csv_blocks(columns: Sequence[str], rows: Iterator[list[Any]]) -> Iterator[bytes]:
    yield _csv_lines([columns])
    while block := list(islice(rows, CSV_ROWS)):
        yield _csv_lines([[_csv_cell(value) for value in row] for row in block])


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else value


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
