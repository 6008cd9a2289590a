"""Single records of REST: by id, by external id, and through their relationships.

REST API Developer Guide, "sObject Rows", "sObject Rows by External ID", "sObject Relationships".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from salesforce_bulk.emulator.data.values import Cell, RowOutcome
from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.endpoints.rest.conditional import check_dates
from salesforce_bulk.emulator.endpoints.rest.family import (
    PREFIX,
    RestFamily,
    SeveralRecords,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.endpoints.rest.queries import Cursor, RestQueries
from salesforce_bulk.emulator.endpoints.rest.recent import RecentRecords
from salesforce_bulk.emulator.endpoints.rest.records import Row
from salesforce_bulk.emulator.endpoints.rest.select import (
    id_of,
    no_key,
    object_of,
    select_where,
    selected_fields,
    sobject_of,
    soql_errors,
    user_of,
)
from salesforce_bulk.emulator.endpoints.rest.writer import RecordWriter
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

RECORD_BYTES = 10_000_000


class RestSingleRecords:
    """Creates, reads, updates, upserts and deletes one record a call."""

    def __init__(
        self, org: Org, family: RestFamily, queries: RestQueries, recent: RecentRecords
    ) -> None:
        self._org = org
        self._family = family
        self._queries = queries
        self._recent = recent
        self._writer = RecordWriter(org)

    def routes(self) -> list[Route]:
        """They come after those of an object, whose names could be ids and keys."""
        records = f"{PREFIX}/{{version}}/sobjects/{{object}}"
        return [
            # The id as a key that a new record does not have yet.
            route("rest.object", f"{records}/(?i:id)", self._family, POST=self.create),
            route(
                "rest.record",
                f"{records}/{{id}}",
                self._family,
                GET=self.retrieve,
                PATCH=self.update,
                DELETE=self.delete,
            ),
            route(
                "rest.external",
                # A key may have slashes in it.
                f"{records}/{{field}}/(?P<value>.+)",
                self._family,
                GET=self.retrieve_by_key,
                PATCH=self.upsert,
                DELETE=self.delete_by_key,
            ),
        ]

    def create(self, call: Call) -> Response:
        outcome = self._write("insert", call, self._fields(call))
        address = (
            f"{PREFIX}/{call['version']}/sobjects/{sobject_of(self._org, call).name}/{outcome.id}"
        )
        document: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        return json_reply(document, 201, {"Location": address})

    def retrieve(self, call: Call) -> Response:
        return self._retrieve(call, id_of(call["id"]))

    def _retrieve(self, call: Call, identity: str, fields: str | None = None) -> Response:
        sobject = sobject_of(self._org, call)
        wanted = call.request.query.get("fields", [""])[0] if fields is None else fields
        names = selected_fields(sobject, wanted)
        with soql_errors():
            result = self._org.query(
                select_where(names, sobject.name, "Id", identity), user=user_of(call)
            )
            row = next(iter(islice(result.with_hidden(), 1)), None)
        if row is None:
            raise not_found()
        headers = self._check_dates(call, sobject, identity)
        self._recent.note(call, identity)
        return json_reply(self._queries.records(result, call).record(row), headers=headers)

    def _check_dates(self, call: Call, sobject: SObject, identity: str) -> dict[str, str]:
        """The conditions of a request for a record; a record that is not there has none."""
        if sobject.field("LastModifiedDate") is None:
            return {}
        soql = select_where(["LastModifiedDate"], sobject.name, "Id", identity)
        row = next(iter(self._org.query(soql)), None)
        if row is None:
            return {}
        changed = datetime.fromisoformat(row[0].replace("Z", "+00:00"))
        return check_dates(call, changed, self._org.dialect)

    def update(self, call: Call) -> Response:
        identity = id_of(call["id"])
        self._check_dates(call, sobject_of(self._org, call), identity)
        self._write("update", call, {"Id": identity, **self._fields(call)})
        if self._org.dialect["rest.record.updated"] == "204":
            return Response(204)
        return json_reply({"id": identity, "success": True, "errors": []})

    def delete(self, call: Call) -> Response:
        identity = id_of(call["id"])
        self._check_dates(call, sobject_of(self._org, call), identity)
        self._write("delete", call, {"Id": identity})
        return Response(204)

    # by external id

    def upsert(self, call: Call) -> Response:
        key = self._key(call)
        found = self._ids_by_key(call, key)
        self._check_one(call, found)
        if not found and call.request.query.get("updateOnly", [""])[0].lower() == "true":
            text = "The requested resource does not exist"
            raise ApiError(*self._org.dialect.refusal("rest.upsert.update_only"), text)
        cells = {key.name: call["value"], **self._fields(call, key.name)}
        outcome = self._write("upsert", call, cells, external_id=key.name)
        body: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        body["created"] = outcome.created
        if outcome.created:
            return json_reply(body, 201)
        if self._org.dialect["rest.upsert.updated"] == "204":
            return Response(204)
        return json_reply(body)

    def retrieve_by_key(self, call: Call) -> Response:
        if (blob := self._blob(call)) is not None:
            return blob
        if (related := self._answer_related(call)) is not None:
            return related
        return self._retrieve(call, self._id_by_key(call))

    def delete_by_key(self, call: Call) -> Response:
        self._write("delete", call, {"Id": self._id_by_key(call)})
        return Response(204)

    def _answer_related(self, call: Call) -> Response | None:
        """``/sobjects/{object}/{id}/{relationship}``: the parent, or the children, of a record."""
        sobject, identity = sobject_of(self._org, call), to_18(call["field"])
        if identity is None or sobject.field(call["field"]) is not None:
            return None
        if (reference := sobject.relationship(call["value"])) is not None:
            return self._parent(call, identity, reference)
        children = sobject.child_relationship(call["value"])
        child = self._org.schema.get(children.child_object) if children else None
        if children is None or child is None:
            text = f"{call['value']} of a record of {sobject.name} is no relationship"
            raise ApiError(404, "NOT_FOUND", f"{text}, or is not emulated")
        names = selected_fields(child, call.request.query.get("fields", [""])[0])
        soql = select_where(names, child.name, children.field, identity)
        self._retrieve(call, identity, "Id")
        with soql_errors():
            result = self._org.query(soql, user=user_of(call))
            rows: list[Row] = list(result.with_hidden())
        return self._queries.page(call, Cursor(self._queries.records(result, call), rows), 0)

    def _parent(self, call: Call, identity: str, reference: Field) -> Response:
        soql = select_where([reference.name], sobject_of(self._org, call).name, "Id", identity)
        row = next(iter(self._org.query(soql, user=user_of(call))), None)
        if row is None:
            raise not_found()
        if row[0] is None:
            return self._no_parent()
        call.parameters["object"] = object_of(self._org, row[0])
        return self._retrieve(call, row[0])

    def _no_parent(self) -> Response:
        status, code = self._org.dialect.refusal("rest.relationship.empty")
        if not code:
            return Response(status)
        raise not_found()

    def _blob(self, call: Call) -> Response | None:
        """``/sobjects/{object}/{id}/{base64 field}``: the file itself."""
        sobject = sobject_of(self._org, call)
        field = sobject.field(call["value"])
        identity = to_18(call["field"])
        if field is None or field.type != "base64" or identity is None:
            return None
        content = self._org.blob(sobject.name, field.name, identity)
        if content is None:
            raise not_found()
        return Response(200, {"Content-Type": "application/octet-stream"}, content)

    def _key(self, call: Call) -> Field:
        field = sobject_of(self._org, call).field(call["field"])
        if field is None and to_18(call["field"]) is not None:
            name = call["value"].partition("/")[0]
            text = f"{call.request.method} of {name} of a record is not emulated"
            raise ApiError(404, "NOT_FOUND", text)
        if field is None or not field.key_for_lookup:
            raise no_key(call["field"], call["value"])
        return field

    def _id_by_key(self, call: Call) -> str:
        found = self._ids_by_key(call, self._key(call))
        if not found:
            raise not_found()
        self._check_one(call, found)
        return found[0]

    def _ids_by_key(self, call: Call, key: Field) -> list[str]:
        soql = select_where(
            ["Id"], sobject_of(self._org, call).name, key.name, call["value"], key.type
        )
        with soql_errors():
            return [str(row[0]) for row in self._org.query(soql, user=user_of(call))]

    def _check_one(self, call: Call, found: Sequence[str]) -> None:
        """Of several records that have a key, the answer lists the addresses."""
        if len(found) > 1:
            base = f"{PREFIX}/{call['version']}/sobjects/{sobject_of(self._org, call).name}"
            raise SeveralRecords([f"{base}/{identity}" for identity in found])

    def _write(
        self, operation: str, call: Call, cells: Mapping[str, Cell], external_id: str | None = None
    ) -> RowOutcome:
        outcome = self._writer.write_one(
            operation, sobject_of(self._org, call), cells, user_of(call), external_id
        )
        if operation != "delete":
            self._recent.note(call, outcome.id)
        return outcome

    def _fields(self, call: Call, url_field: str = "Id") -> dict[str, Cell]:
        """The record in a request's body; the fields that its address tells may not be in it."""
        body = JsonBody(call.request.body.read_all(RECORD_BYTES), self._org.dialect)
        document = body.as_object()
        for name in ("Id", url_field):
            if any(given.lower() == name.lower() for given in document):
                text = f"The {name} field should not be specified in the sobject data."
                raise ApiError(400, "INVALID_FIELD", text)
        return body.record(document, sobject_of(self._org, call))
