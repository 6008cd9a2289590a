"""REST: ``/services/data``: versions, limits, describes, queries, single records.

Source: REST API Developer Guide. What is not here is refused by name.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.data.values import Cell, RowOutcome
from salesforce_bulk.emulator.endpoints.conditional import check_dates
from salesforce_bulk.emulator.endpoints.oauth import IDENTITY_PREFIX
from salesforce_bulk.emulator.endpoints.org_documents import (
    MASTER_RECORD_TYPE,
    compact_layouts_document,
    layouts_document,
    limits_document,
    record_type_infos,
)
from salesforce_bulk.emulator.endpoints.query_metadata import column_metadata, explanation
from salesforce_bulk.emulator.endpoints.rest_body import JsonBody
from salesforce_bulk.emulator.endpoints.rest_family import (
    DAILY_API_REQUESTS,
    PREFIX,
    RestFamily,
    SeveralRecords,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.endpoints.rest_records import Records, Row, json_value
from salesforce_bulk.emulator.endpoints.rest_writer import RecordWriter
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.compile import Children
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org, QueryResult, User

#: Records of a page of a query.
PAGE_RECORDS = 2_000
RECORD_BYTES = 10_000_000
RECENT_RECORDS = 200
#: How far back `updated` and `deleted` reach.
REPLICATED = timedelta(days=30)
_SOQL_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
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
        "describe",
        "eventmonitoring",
        "listviews",
        "namedlayouts",
        "quickactions",
        "richtextimagefields",
    }
)
#: Types whose values stand bare in SOQL.
_UNQUOTED = frozenset({"int", "long", "double", "currency", "percent"})
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


class Rest:
    """The resources of ``/services/data`` that are not jobs."""

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        family: RestFamily,
        origin: Callable[[Request], str],
        query_resource: str = "query",
    ) -> None:
        self._org = org
        self._engine = engine
        self.family = family
        self._writer = RecordWriter(org)
        self.origin = origin
        self._query_resource = query_resource
        #: By user: the ids of records in the order of their use.
        self._used: dict[str, dict[str, None]] = {}
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
            route("rest.counts", f"{base}/limits/recordCount", self.family, GET=self.counts),
            route("rest.recent", f"{base}/recent", self.family, GET=self.recent),
            route("rest.sobjects", f"{base}/sobjects", self.family, GET=self.sobjects),
            route("rest.query", f"{base}/query", self.family, GET=self.query),
            route("rest.query", f"{base}/queryAll", self.family, GET=self.query_all),
            route("rest.query", f"{base}/query/{{locator}}", self.family, GET=self.more),
            route("rest.query", f"{base}/queryAll/{{locator}}", self.family, GET=self.more),
            route("rest.describe", f"{records}/describe", self.family, GET=self.describe),
            route("rest.layouts", f"{records}/describe/layouts", self.family, GET=self.layouts),
            route(
                "rest.layouts",
                f"{records}/describe/layouts/{{type}}",
                self.family,
                GET=self.layout_of_type,
            ),
            route(
                "rest.layouts",
                f"{records}/describe/compactLayouts",
                self.family,
                GET=self.compact_layouts,
            ),
            route("rest.updated", f"{records}/updated", self.family, GET=self.updated),
            route("rest.deleted", f"{records}/deleted", self.family, GET=self.deleted),
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
                "rest.password",
                f"{base}/sobjects/(?P<object>(?i:user))/{{id}}/password",
                self.family,
                GET=self.password_state,
                POST=self.set_password,
                DELETE=self.reset_password,
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
        names = (
            "composite",
            "jobs",
            "limits",
            "parameterizedSearch",
            "query",
            "queryAll",
            "recent",
            "search",
            "sobjects",
            "tooling",
        )
        served = {name: f"{base}/{name}" for name in names}
        user = call.session.user.id if call.session else ""
        identity = f"{self.origin(call.request)}{IDENTITY_PREFIX}/{self._org.org_id}/{user}"
        return json_reply({**served, "identity": identity})

    def limits(self, call: Call) -> Response:
        del call
        engine = self._engine
        used = {
            "DailyApiRequests": (DAILY_API_REQUESTS, self.family.calls),
            "DailyBulkApiBatches": (
                engine.batches_per_day,
                engine.batches_per_day - engine.batches_left,
            ),
            "DailyBulkV2QueryJobs": (10_000, engine.queries_today()),
            "DailyBulkV2QueryFileStorageMB": (976_562, 0),
        }
        return json_reply(limits_document(used))

    def counts(self, call: Call) -> Response:
        """How many records the objects named by ``sObjects`` have, or all objects that have any."""
        wanted = call.request.query.get("sObjects", [""])[0]
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        objects = [self._org.schema.get(name) for name in names] or [
            *self._org.schema.objects.values()
        ]
        counted = {sobject.name: self._org.count(sobject.name) for sobject in objects if sobject}
        lines = [
            {"count": count, "name": name} for name, count in counted.items() if names or count
        ]
        return json_reply({"sObjects": lines})

    def recent(self, call: Call) -> Response:
        """What the user had in hand: records that a call with ``Sforce-Mru`` named."""
        limit = call.request.query.get("limit", ["200"])[0]
        if not re.fullmatch("[0-9]{1,4}", limit):
            raise ApiError(400, "INVALID_QUERY_FILTER_OPERATOR", f"invalid limit: {limit}")
        return json_reply([self._recent_item(call, i) for i in self._recent(call)[: int(limit)]])

    def _recent(self, call: Call) -> list[str]:
        user = call.session.user.id if call.session else ""
        with self._lock:
            return list(reversed(self._used.get(user, {})))

    def _use(self, call: Call, identity: str | None) -> None:
        """Notes a record that the call says the user works with."""
        option = call.request.header("sforce-mru").replace(" ", "").lower()
        if option == "updatemru=true" and identity:
            self._remember(call, [identity])

    def _remember(self, call: Call, ids: Sequence[str]) -> None:
        if call.session is None:
            return
        with self._lock:
            used = self._used.setdefault(call.session.user.id, {})
            for identity in ids:
                used.pop(identity, None)
                used[identity] = None
            while len(used) > RECENT_RECORDS:
                used.pop(next(iter(used)))

    def _recent_item(self, call: Call, identity: str) -> dict[str, Any]:
        name = self._object_of(identity)
        address = f"{PREFIX}/{call['version']}/sobjects/{name}/{identity}"
        document: dict[str, Any] = {"attributes": {"type": name, "url": address}, "Id": identity}
        sobject = self._org.schema.get(name)
        if sobject and sobject.name_field:
            soql = _select([sobject.name_field.name], name, "Id", identity)
            row = next(iter(self._org.query(soql, include_deleted=True)), None)
            document["Name"] = row[0] if row else None
        return document

    def sobjects(self, call: Call) -> Response:
        headers = check_dates(call, self._org.schema_changed)
        document = {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": self._org.schema.describe_global(),
        }
        return json_reply(document, headers=headers)

    def describe(self, call: Call) -> Response:
        sobject = self._sobject(call)
        headers = check_dates(call, self._org.schema_changed)
        document = self._org.schema.describe(sobject.name)
        if sobject.document is None and sobject.field("RecordTypeId"):
            infos = record_type_infos(self._record_types(sobject), _address(call, sobject))
            document["recordTypeInfos"] = infos
        return json_reply(document, headers=headers)

    def _record_types(self, sobject: SObject) -> list[Row]:
        soql = (
            "SELECT Id, Name, DeveloperName, IsActive FROM RecordType "  # noqa: S608  # nosec B608 # names of the schema
            f"WHERE SobjectType = '{sobject.name}' ORDER BY Name"
        )
        return list(self._org.query(soql))

    def layouts(self, call: Call) -> Response:
        sobject = self._sobject(call)
        return json_reply(layouts_document(sobject, _address(call, sobject)))

    def layout_of_type(self, call: Call) -> Response:
        """The layout of one record type; there is the master's."""
        if to_18(call["type"]) != MASTER_RECORD_TYPE:
            raise not_found()
        sobject = self._sobject(call)
        [layout] = layouts_document(sobject, _address(call, sobject))["layouts"]
        return json_reply(layout)

    def compact_layouts(self, call: Call) -> Response:
        sobject = self._sobject(call)
        return json_reply(compact_layouts_document(sobject, _address(call, sobject)))

    # what changed

    def updated(self, call: Call) -> Response:
        start, end = self._window(call)
        rows = self._changes(call, start, end, deleted=False)
        return json_reply({"ids": [row[0] for row in rows], "latestDateCovered": _moment(end)})

    def deleted(self, call: Call) -> Response:
        start, end = self._window(call)
        rows = self._changes(call, start, end, deleted=True)
        records = [{"deletedDate": json_value("datetime", row[1]), "id": row[0]} for row in rows]
        return json_reply(
            {
                "deletedRecords": records,
                "earliestDateAvailable": _moment(self._org.clock.now() - REPLICATED),
                "latestDateCovered": _moment(end),
            }
        )

    def _window(self, call: Call) -> tuple[datetime, datetime]:
        start, end = (_parameter_moment(call, name) for name in ("start", "end"))
        if end <= start:
            raise _bad_window("endDate is before or equal to startDate")
        if start < self._org.clock.now() - REPLICATED:
            raise _bad_window("startDate is more than 30 days ago")
        return start, end

    def _changes(self, call: Call, start: datetime, end: datetime, *, deleted: bool) -> list[Row]:
        sobject = self._sobject(call)
        if deleted and not sobject.soft_delete:
            return []
        state = f" AND IsDeleted = {str(deleted).lower()}" if sobject.soft_delete else ""
        stamp = "SystemModstamp" if sobject.field("SystemModstamp") else "LastModifiedDate"
        soql = (
            f"SELECT Id, {stamp} FROM {sobject.name} WHERE {stamp} >= {start:{_SOQL_TIME}} "  # noqa: S608  # nosec B608 # names of the schema, and checked values
            f"AND {stamp} < {end:{_SOQL_TIME}}{state} ORDER BY {stamp}, Id"
        )
        with self._soql_errors():
            return list(self._org.query(soql, include_deleted=True, user=_user(call)))

    # passwords

    def password_state(self, call: Call) -> Response:
        self._account(call)
        return json_reply({"isExpired": False})

    def set_password(self, call: Call) -> Response:
        password = JsonBody(call.request.body.read_all(RECORD_BYTES)).as_object().get("NewPassword")
        if not isinstance(password, str) or not password:
            raise ApiError(400, "MISSING_ARGUMENT", "NewPassword has to be specified")
        self._account(call).password = password
        return Response(204)

    def reset_password(self, call: Call) -> Response:
        account = self._account(call)
        account.password = f"reset{self._engine.new_id('0Rp')}"
        return json_reply({"NewPassword": account.password})

    def _account(self, call: Call) -> User:
        identity = to_18(call["id"])
        account = next((user for user in self._org.users.values() if user.id == identity), None)
        if account is None:
            raise not_found()
        return account

    def object(self, call: Call) -> Response:
        name = self._sobject(call).name
        summary = next(
            entry for entry in self._org.schema.describe_global() if entry["name"] == name
        )
        recent = [
            self._recent_item(call, i) for i in self._recent(call) if self._object_of(i) == name
        ]
        return json_reply({"objectDescribe": summary, "recentItems": recent})

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
        query = call.request.query
        if "explain" in query and not include_deleted:
            return self._explain(call, query["explain"][0])
        soql = query.get("q", [""])[0]
        if not soql:
            raise ApiError(400, "MALFORMED_QUERY", "A query string has to be specified")
        with self._soql_errors():
            if query.get("columns", [""])[0].lower() == "true":
                plan = self._org.plan_query(soql, include_deleted, user=_user(call))
                return json_reply(column_metadata(plan))
            result = self._org.query(soql, include_deleted=include_deleted, user=_user(call))
            if result.plan.count:
                count = next(iter(result))[0]
                return json_reply({"totalSize": count, "done": True, "records": []})
            rows: list[Row] = list(result.with_hidden())
        if result.plan.viewed:
            place = result.plan.parents[()].index
            self._remember(call, [row[place] for row in rows])
        cursor = _Cursor(self._records(result, call), rows)
        return self._page(call, cursor, 0)

    def _explain(self, call: Call, soql: str) -> Response:
        with self._soql_errors():
            plan = self._org.plan_query(soql, user=_user(call))
        return json_reply(explanation(self._org, plan, soql))

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
            base = f"{PREFIX}/{call['version']}/{self._query_resource}"
            document["nextRecordsUrl"] = f"{base}/{locator}"
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

    def _retrieve(self, call: Call, identity: str, fields: str | None = None) -> Response:
        sobject = self._sobject(call)
        wanted = call.request.query.get("fields", [""])[0] if fields is None else fields
        names = _selected_names(sobject, wanted)
        with self._soql_errors():
            result = self._org.query(_select(names, sobject.name, "Id", identity), user=_user(call))
            row = next(iter(islice(result.with_hidden(), 1)), None)
        if row is None:
            raise not_found()
        headers = self._check_dates(call, sobject, identity)
        self._use(call, identity)
        return json_reply(self._records(result, call).record(row), headers=headers)

    def _check_dates(self, call: Call, sobject: SObject, identity: str) -> dict[str, str]:
        """The conditions of a request for a record; a record that is not there has none."""
        if sobject.field("LastModifiedDate") is None:
            return {}
        soql = _select(["LastModifiedDate"], sobject.name, "Id", identity)
        row = next(iter(self._org.query(soql)), None)
        if row is None:
            return {}
        return check_dates(call, datetime.fromisoformat(row[0].replace("Z", "+00:00")))

    def update(self, call: Call) -> Response:
        identity = _id_of(call["id"])
        self._check_dates(call, self._sobject(call), identity)
        self._write("update", call, {"Id": identity, **self._fields(call)})
        return Response(204)

    def delete(self, call: Call) -> Response:
        identity = _id_of(call["id"])
        self._check_dates(call, self._sobject(call), identity)
        self._write("delete", call, {"Id": identity})
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
        if (related := self._answer_related(call)) is not None:
            return related
        return self._retrieve(call, self._id_by_key(call))

    def delete_by_key(self, call: Call) -> Response:
        self._write("delete", call, {"Id": self._id_by_key(call)})
        return Response(204)

    def _answer_related(self, call: Call) -> Response | None:
        """``/sobjects/{object}/{id}/{relationship}``: the parent, or the children, of a record."""
        sobject, identity = self._sobject(call), to_18(call["field"])
        if identity is None or sobject.field(call["field"]) is not None:
            return None
        if (reference := sobject.relationship(call["value"])) is not None:
            return self._parent(call, identity, reference)
        children = sobject.child_relationship(call["value"])
        child = self._org.schema.get(children.child_object) if children else None
        if children is None or child is None:
            text = f"{call['value']} of a record of {sobject.name} is no relationship"
            raise ApiError(404, "NOT_FOUND", f"{text}, or is not emulated")
        names = _selected_names(child, call.request.query.get("fields", [""])[0])
        soql = _select(names, child.name, children.field, identity)
        self._retrieve(call, identity, "Id")
        with self._soql_errors():
            result = self._org.query(soql, user=_user(call))
            rows: list[Row] = list(result.with_hidden())
        return self._page(call, _Cursor(self._records(result, call), rows), 0)

    def _parent(self, call: Call, identity: str, reference: Field) -> Response:
        soql = _select([reference.name], self._sobject(call).name, "Id", identity)
        row = next(iter(self._org.query(soql, user=_user(call))), None)
        if row is None or row[0] is None:
            raise not_found()
        call.parameters["object"] = self._object_of(row[0])
        return self._retrieve(call, row[0])

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
        outcome = self._writer.write_one(
            operation, self._sobject(call), cells, _user(call), external_id
        )
        if operation != "delete":
            self._use(call, outcome.id)
        return outcome

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


def _address(call: Call, sobject: SObject) -> str:
    return f"{PREFIX}/{call['version']}/sobjects/{sobject.name}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"


def _parameter_moment(call: Call, name: str) -> datetime:
    """A moment in the query string; a plus that was not escaped came as a space."""
    text = call.request.query.get(name, [""])[0].strip().replace(" ", "+")
    try:
        moment = datetime.fromisoformat(re.sub(r"[zZ]$|\+0000$", "+00:00", text))
    except ValueError:
        raise _bad_window(f"{name} is no date and time: {text}") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(
        timezone.utc
    )


def _bad_window(text: str) -> ApiError:
    return ApiError(400, "INVALID_REPLICATION_DATE", text)


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


def _selected_names(sobject: SObject, wanted: str) -> list[str]:
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
    return f"SELECT {selected} FROM {object_name} WHERE {field} = {literal}"  # noqa: S608  # nosec B608 # names of the schema, and checked values


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
