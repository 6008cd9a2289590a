"""REST: ``/services/data``: versions, limits, describes, queries, single records.

Source: REST API Developer Guide. What is not here is refused by name.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator import wire
from salesforce_bulk.emulator.jobs import JobEngine
from salesforce_bulk.emulator.rest_family import (
    DAILY_API_REQUESTS,
    PREFIX,
    RestError,
    RestFamily,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.rest_records import Records, Row
from salesforce_bulk.emulator.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.server import Response
from salesforce_bulk.emulator.sessions import User
from salesforce_bulk.emulator.soql.compile import Children
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.values import Cell, RowError, RowOutcome

if TYPE_CHECKING:
    from salesforce_bulk.emulator.org import Org, Result

#: Records of a page of a query.
PAGE_RECORDS = 2_000
RECORD_BYTES = 10_000_000
#: Open query cursors of the org; the oldest goes first.
CURSORS = 50

#: Salesforce's releases by their first version of the year: Spring, Summer, Winter.
_SEASONS = ("Spring", "Summer", "Winter")
#: Status codes of rows that REST answers with 404.
_GONE = frozenset({"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"})


class Rest:
    """The resources of ``/services/data`` that are not jobs."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self.family = family
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
                f"{records}/{{field}}/{{value}}",
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
        return json_reply(self._org.schema.describe(self._name(call)))

    def object(self, call: Call) -> Response:
        name = self._name(call)
        summary = next(
            entry for entry in self._org.schema.describe_global() if entry["name"] == name
        )
        return json_reply({"objectDescribe": summary, "recentItems": []})

    def _name(self, call: Call) -> str:
        sobject = self._org.schema.get(call["object"])
        if sobject is None:
            raise not_found()
        return sobject.name

    # queries

    def query(self, call: Call) -> Response:
        return self._first_page(call, include_deleted=False)

    def query_all(self, call: Call) -> Response:
        return self._first_page(call, include_deleted=True)

    def _first_page(self, call: Call, include_deleted: bool) -> Response:
        soql = call.request.query.get("q", [""])[0]
        if not soql:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        try:
            result = self._org.query(soql, include_deleted=include_deleted, user=_user(call))
            if result.plan.count:
                count = next(iter(result))[0]
                return json_reply({"totalSize": count, "done": True, "records": []})
            rows: list[Row] = list(result.with_hidden())
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error
        cursor = _Cursor(self._records(result, call), rows)
        return self._page(call, cursor, 0)

    def more(self, call: Call) -> Response:
        identity, _, offset = call["locator"].rpartition("-")
        with self._lock:
            cursor = self._cursors.get(identity)
        if cursor is None or not offset.isdigit():
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, cursor, int(offset))

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

    def _records(self, result: Result, call: Call) -> Records:
        return Records(result.plan, call["version"][1:], self._object_of, self._child_rows)

    def _object_of(self, identity: str) -> str:
        sobject = self._org.schema.by_prefix(identity[:3])
        return sobject.name if sobject else "Name"

    def _child_rows(self, children: Children, parent_id: str) -> list[Row]:
        cursor = self._org.execute(children.query.sql, children.parameters_for(parent_id))
        return cursor.fetchall()

    # single records

    def create(self, call: Call) -> Response:
        outcome = self._write("insert", call, _fields(call))
        return json_reply({"id": outcome.id, "success": True, "errors": []}, 201)

    def retrieve(self, call: Call) -> Response:
        sobject = self._org.schema.get(call["object"])
        if sobject is None:
            raise not_found()
        wanted = call.request.query.get("fields", [""])[0]
        names = wanted.split(",") if wanted else [field.name for field in sobject.fields.values()]
        soql = _select(names, sobject.name, "Id", call["id"])
        try:
            result = self._org.query(soql, user=_user(call))
            row = next(iter(islice(result.with_hidden(), 1)), None)
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error
        if row is None:
            raise not_found()
        return json_reply(self._records(result, call).record(row))

    def update(self, call: Call) -> Response:
        self._write("update", call, {"Id": call["id"], **_fields(call)})
        return Response(204)

    def delete(self, call: Call) -> Response:
        self._write("delete", call, {"Id": call["id"]})
        return Response(204)

    # by external id

    def upsert(self, call: Call) -> Response:
        key = call["field"]
        fields = {name: cell for name, cell in _fields(call).items() if name.lower() != key.lower()}
        outcome = self._write("upsert", call, {key: call["value"], **fields}, external_id=key)
        body: dict[str, object] = {"id": outcome.id, "success": True, "errors": []}
        body["created"] = outcome.created
        return json_reply(body, 201 if outcome.created else 200)

    def retrieve_by_key(self, call: Call) -> Response:
        call.parameters["id"] = self._id_of(call)
        return self.retrieve(call)

    def delete_by_key(self, call: Call) -> Response:
        call.parameters["id"] = self._id_of(call)
        return self.delete(call)

    def _id_of(self, call: Call) -> str:
        soql = _select(["Id"], self._name(call), call["field"], call["value"])
        try:
            found = [row[0] for row in self._org.query(soql, user=_user(call))]
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error
        if not found:
            raise not_found()
        if len(found) > 1:
            raise ApiError(300, "MULTIPLE_CHOICES", "The external id matches several records")
        return str(found[0])

    def _write(
        self,
        operation: str,
        call: Call,
        fields: Mapping[str, Cell],
        external_id: str | None = None,
    ) -> RowOutcome:
        from salesforce_bulk.emulator.org import BatchRefused  # noqa: PLC0415

        name = self._name(call)
        try:
            plan = self._org.plan_write(
                operation, name, list(fields), external_id=external_id, user=_user(call)
            )
        except BatchRefused as error:
            raise ApiError(400, "INVALID_FIELD", _rest_text(str(error), name)) from error
        outcome = plan.write([list(fields.values())])[0]
        if not outcome.success:
            raise _refused(outcome.errors[0])
        return outcome


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


def _user(call: Call) -> User | None:
    return call.session.user if call.session else None


def _page_size(options: str) -> int:
    """``Sforce-Query-Options: batchSize=N``, 200 to 2,000."""
    name, _, value = options.partition("=")
    if name.strip().lower() == "batchsize" and value.strip().isdigit():
        return min(max(int(value), 200), PAGE_RECORDS)
    return PAGE_RECORDS


def _select(names: Sequence[str], object_name: str, field: str, value: str) -> str:
    selected = ", ".join(names)
    return f"SELECT {selected} FROM {object_name} WHERE {field} = {_literal(value)}"  # noqa: S608


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fields(call: Call) -> dict[str, Cell]:
    """The record in a request's body, references by key as relationship columns."""
    try:
        document = wire.parse_json(call.request.body.read_all(RECORD_BYTES))
    except wire.WireError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(document, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "A JSON object was expected")
    document.pop("attributes", None)
    return dict(_cells(document))


def _cells(document: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    for name, value in document.items():
        if isinstance(value, dict):
            kind = value.get("attributes", {}).get("type")
            for key, nested in value.items():
                if key != "attributes":
                    yield (f"{kind}:{name}.{key}" if kind else f"{name}.{key}"), nested
        elif isinstance(value, list):
            raise ApiError(400, "JSON_PARSER_ERROR", f"Cannot deserialize {json.dumps(value)}")
        else:
            # An empty text clears a field in REST, unlike an empty cell of a CSV file.
            yield name, None if value == "" else value


def _rest_text(message: str, name: str) -> str:
    """Bulk's words for an unknown column, in REST's."""
    marker = "Field name not found : "
    if marker not in message:
        return message
    return f"No such column '{message.partition(marker)[2]}' on sobject of type {name}"


def _refused(error: RowError) -> RestError:
    status = 404 if error.status_code in _GONE else 400
    fields: Sequence[str] = error.fields
    return RestError(status, error.status_code, error.message, fields)
