"""REST: ``/services/data``: versions, limits, describes, queries, single records.

Source: REST API Developer Guide. What is not here is refused by name.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.data.values import Cell, RowOutcome
from salesforce_bulk.emulator.endpoints.rest_body import JsonBody
from salesforce_bulk.emulator.endpoints.rest_family import (
    DAILY_API_REQUESTS,
    PREFIX,
    RestFamily,
    SeveralRecords,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.endpoints.rest_records import Records, Row
from salesforce_bulk.emulator.endpoints.rest_writer import RecordWriter
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.compile import Children
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org, QueryResult

#: Records of a page of a query.
PAGE_RECORDS = 2_000
RECORD_BYTES = 10_000_000
#: Open query cursors of the org; the oldest goes first.
CURSORS = 50

#: Salesforce's releases by their first version of the year: Spring, Summer, Winter.
_SEASONS = ("Spring", "Summer", "Winter")
_LOCATOR = re.compile(r"(?P<cursor>[0-9A-Za-z]{15,18})-(?P<offset>[0-9]{1,12})")
_FIELD_NAME = re.compile(r"\w+(\.\w+)*", re.ASCII)
#: Resources of an object, or of a record, that are not emulated.
SUBRESOURCES = frozenset(
    {
        "approvallayouts",
        "compactlayouts",
        "deleted",
        "describe",
        "eventmonitoring",
        "listviews",
        "namedlayouts",
        "quickactions",
        "richtextimagefields",
        "updated",
    }
)
#: Types whose values stand bare in SOQL.
_UNQUOTED = frozenset({"int", "long", "double", "currency", "percent"})
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


class Rest:
    """The resources of ``/services/data`` that are not jobs."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self.family = family
        self._writer = RecordWriter(org)
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        """What is served; query strings do not matter for the choice."""
        base = f"{PREFIX}/{{version}}"
        records = f"{base}/sobjects/{{object}}"
        return [
            route("rest.versions", PREFIX, self.family, GET=self.versions),
            route("rest.resources", base, self.family, GET=self.resources),
            route("rest.limits", f"{base}/limits", self.family, GET=self.limits),
            route("rest.sobjects", f"{base}/sobjects", self.family, GET=self.sobjects),
            route("rest.query", f"{base}/query", self.family, GET=self.query),
            route("rest.query", f"{base}/queryAll", self.family, GET=self.query_all),
            route("rest.query", f"{base}/query/{{locator}}", self.family, GET=self.more),
            route("rest.query", f"{base}/queryAll/{{locator}}", self.family, GET=self.more),
            route("rest.describe", f"{records}/describe", self.family, GET=self.describe),
            route("rest.object", records, self.family, GET=self.object, POST=self.create),
            route(
                "rest.record",
                f"{records}/{{id}}",
                self.family,
                GET=self.retrieve,
                PATCH=self.update,
                DELETE=self.delete,
            ),
            route(
                "rest.external",
                # A key may have slashes in it.
                f"{records}/{{field}}/(?P<value>.+)",
                self.family,
                GET=self.retrieve_by_key,
                PATCH=self.upsert,
                DELETE=self.delete_by_key,
            ),
        ]

    # the org

    def versions(self, call: Call) -> Response:
        del call
        first, last = int(limits.FIRST_SUPPORTED_VERSION), 68
        return json_reply([_version(number) for number in range(first, last + 1)])

    def resources(self, call: Call) -> Response:
        base = f"{PREFIX}/{call['version']}"
        names = ("jobs", "limits", "query", "queryAll", "sobjects")
        return json_reply({name: f"{base}/{name}" for name in names})

    def limits(self, call: Call) -> Response:
        del call
        left = self._engine.batches_left
        used = self._engine.batches_per_day - left
        lines = {
            "DailyApiRequests": (DAILY_API_REQUESTS, self.family.calls),
            "DailyBulkApiBatches": (self._engine.batches_per_day, used),
            "DailyBulkV2QueryJobs": (10_000, self._engine.queries_today()),
            "DailyBulkV2QueryFileStorageMB": (976_562, 0),
        }
        return json_reply(
            {
                name: {"Max": top, "Remaining": max(0, top - used)}
                for name, (top, used) in lines.items()
            }
        )

    def sobjects(self, call: Call) -> Response:
        del call
        return json_reply(
            {
                "encoding": "UTF-8",
                "maxBatchSize": 200,
                "sobjects": self._org.schema.describe_global(),
            }
        )

    def describe(self, call: Call) -> Response:
        return json_reply(self._org.schema.describe(self._sobject(call).name))

    def object(self, call: Call) -> Response:
        name = self._sobject(call).name
        summary = next(
            entry for entry in self._org.schema.describe_global() if entry["name"] == name
        )
        return json_reply({"objectDescribe": summary, "recentItems": []})

    def _sobject(self, call: Call) -> SObject:
        sobject = self._org.schema.get(call["object"])
        if sobject is None:
            raise not_found()
        return sobject

    # queries

    def query(self, call: Call) -> Response:
        return self._first_page(call, include_deleted=False)

    def query_all(self, call: Call) -> Response:
        return self._first_page(call, include_deleted=True)

    def _first_page(self, call: Call, include_deleted: bool) -> Response:
        soql = call.request.query.get("q", [""])[0]
        if not soql:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        with self._soql_errors():
            result = self._org.query(soql, include_deleted=include_deleted, user=_user(call))
            if result.plan.count:
                count = next(iter(result))[0]
                return json_reply({"totalSize": count, "done": True, "records": []})
            rows: list[Row] = list(result.with_hidden())
        cursor = _Cursor(self._records(result, call), rows)
        return self._page(call, cursor, 0)

    def more(self, call: Call) -> Response:
        found = _LOCATOR.fullmatch(call["locator"])
        with self._lock:
            cursor = self._cursors.get(to_18(found["cursor"]) or "") if found else None
        if cursor is None or found is None or int(found["offset"]) >= len(cursor.rows):
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, cursor, int(found["offset"]))

    def _page(self, call: Call, cursor: _Cursor, offset: int) -> Response:
        size = _page_size(call.request.header("sforce-query-options"))
        records = [cursor.records.record(row) for row in cursor.rows[offset : offset + size]]
        done = offset + size >= len(cursor.rows)
        document: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
        if not done:
            locator = f"{self._keep(cursor)}-{offset + size}"
            document["nextRecordsUrl"] = f"{PREFIX}/{call['version']}/query/{locator}"
        return json_reply({**document, "records": records})

    def _keep(self, cursor: _Cursor) -> str:
        with self._lock:
            if not cursor.id:
                cursor.id = self._engine.new_id("01g")
            self._cursors[cursor.id] = cursor
            while len(self._cursors) > CURSORS:
                self._cursors.popitem(last=False)
        return cursor.id

    def _records(self, result: QueryResult, call: Call) -> Records:
        return Records(result.plan, call["version"][1:], self._object_of, self._child_rows)

    def _object_of(self, identity: str) -> str:
        sobject = self._org.schema.by_prefix(identity[:3])
        return sobject.name if sobject else "Name"

    def _child_rows(self, children: Children, parent_id: str) -> list[Row]:
        cursor = self._org.execute(children.query.sql, children.parameters_for(parent_id))
        return cursor.fetchall()

    # single records

    def create(self, call: Call) -> Response:
        outcome = self._write("insert", call, self._fields(call))
        address = f"{PREFIX}/{call['version']}/sobjects/{self._sobject(call).name}/{outcome.id}"
        document: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        return json_reply(document, 201, {"Location": address})

    def retrieve(self, call: Call) -> Response:
        return self._retrieve(call, _id_of(call["id"]))

    def _retrieve(self, call: Call, identity: str) -> Response:
        sobject = self._sobject(call)
        names = _selected(sobject, call.request.query.get("fields", [""])[0])
        with self._soql_errors():
            result = self._org.query(_select(names, sobject.name, "Id", identity), user=_user(call))
            row = next(iter(islice(result.with_hidden(), 1)), None)
        if row is None:
            raise not_found()
        return json_reply(self._records(result, call).record(row))

    def update(self, call: Call) -> Response:
        self._write("update", call, {"Id": _id_of(call["id"]), **self._fields(call)})
        return Response(204)

    def delete(self, call: Call) -> Response:
        self._write("delete", call, {"Id": _id_of(call["id"])})
        return Response(204)

    # by external id

    def upsert(self, call: Call) -> Response:
        key = self._key(call)
        found = self._ids_by_key(call, key)
        self._check_one(call, found)
        if not found and call.request.query.get("updateOnly", [""])[0].lower() == "true":
            raise not_found()
        cells = {key.name: call["value"], **self._fields(call, key.name)}
        outcome = self._write("upsert", call, cells, external_id=key.name)
        body: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        body["created"] = outcome.created
        return json_reply(body, 201 if outcome.created else 200)

    def retrieve_by_key(self, call: Call) -> Response:
        if (blob := self._blob(call)) is not None:
            return blob
        return self._retrieve(call, self._id_by_key(call))

    def delete_by_key(self, call: Call) -> Response:
        self._write("delete", call, {"Id": self._id_by_key(call)})
        return Response(204)

    def _blob(self, call: Call) -> Response | None:
        """``/sobjects/{object}/{id}/{base64 field}``: the file itself."""
        sobject = self._sobject(call)
        field = sobject.field(call["value"])
        identity = to_18(call["field"])
        if field is None or field.type != "base64" or identity is None:
            return None
        content = self._org.blob(sobject.name, field.name, identity)
        if content is None:
            raise not_found()
        return Response(200, {"Content-Type": "application/octet-stream"}, content)

    def _key(self, call: Call) -> Field:
        field = self._sobject(call).field(call["field"])
        if field is None or not field.key_for_lookup:
            raise _no_key(call["field"])
        return field

    def _id_by_key(self, call: Call) -> str:
        found = self._ids_by_key(call, self._key(call))
        if not found:
            raise not_found()
        self._check_one(call, found)
        return found[0]

    def _ids_by_key(self, call: Call, key: Field) -> list[str]:
        soql = _select(["Id"], self._sobject(call).name, key.name, call["value"], key.type)
        with self._soql_errors():
            return [str(row[0]) for row in self._org.query(soql, user=_user(call))]

    def _check_one(self, call: Call, found: Sequence[str]) -> None:
        """Of several records that have a key, the answer lists the addresses."""
        if len(found) > 1:
            base = f"{PREFIX}/{call['version']}/sobjects/{self._sobject(call).name}"
            raise SeveralRecords([f"{base}/{identity}" for identity in found])

    @contextmanager
    def _soql_errors(self) -> Iterator[None]:
        try:
            yield
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error

    def _write(
        self, operation: str, call: Call, cells: Mapping[str, Cell], external_id: str | None = None
    ) -> RowOutcome:
        return self._writer.write_one(
            operation, self._sobject(call), cells, _user(call), external_id
        )

    def _fields(self, call: Call, url_field: str = "Id") -> dict[str, Cell]:
        """The record in a request's body; the fields that its address tells may not be in it."""
        body = JsonBody(call.request.body.read_all(RECORD_BYTES))
        document = body.as_object()
        for name in ("Id", url_field):
            if any(given.lower() == name.lower() for given in document):
                text = f"The {name} field should not be specified in the sobject data."
                raise ApiError(400, "INVALID_FIELD", text)
        return body.record(document, self._sobject(call))


class _Cursor:
    """The rest of a query's rows, for ``queryMore``."""

    def __init__(self, records: Records, rows: list[Row]) -> None:
        self.records = records
        self.rows = rows
        self.id = ""


def _version(number: int) -> dict[str, str]:
    # 41.0 was Winter '18; three releases a year follow each other as Spring, Summer, Winter.
    year, season = divmod(number - 39, 3)
    label = f"{_SEASONS[season]} '{17 + year + (season == 2)}"
    return {"label": label, "url": f"{PREFIX}/v{number}.0", "version": f"{number}.0"}


def _user(call: Call) -> SessionUser | None:
    return call.session.user if call.session else None


def _page_size(options: str) -> int:
    """``Sforce-Query-Options: batchSize=N``, 200 to 2,000."""
    name, _, value = options.partition("=")
    if name.strip().lower() == "batchsize" and re.fullmatch("[0-9]{1,9}", value.strip()):
        return min(max(int(value), 200), PAGE_RECORDS)
    return PAGE_RECORDS


def _id_of(text: str) -> str:
    identity = to_18(text)
    if identity is None:
        raise _no_key(text)
    return identity


def _no_key(name: str) -> ApiError:
    if name.lower() in SUBRESOURCES:
        return ApiError(404, "NOT_FOUND", f"{name} of an object is not emulated")
    text = f"Provided external ID field does not exist or is not accessible: {name}"
    return ApiError(404, "NOT_FOUND", text)


def _selected(sobject: SObject, wanted: str) -> list[str]:
    """The fields that ``fields=`` names, or all."""
    names = [name.strip() for name in wanted.split(",")] if wanted else []
    for name in names:
        # Whatever else may be selected in SOQL is no field of a record.
        if not _FIELD_NAME.fullmatch(name):
            text = f"No such column '{name}' on sobject of type {sobject.name}"
            raise ApiError(400, "INVALID_FIELD", text)
    return names or [field.name for field in sobject.fields.values()]


def _select(
    names: Sequence[str], object_name: str, field: str, value: str, kind: str = "string"
) -> str:
    selected = ", ".join(names)
    literal = value if kind in _UNQUOTED and _NUMBER.fullmatch(value) else _literal(value)
    return f"SELECT {selected} FROM {object_name} WHERE {field} = {literal}"  # noqa: S608


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
