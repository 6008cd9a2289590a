"""Queries of REST: ``query``, ``queryAll``, their pages, and how they would be run.

REST API Developer Guide, "Query", "QueryAll", "Get Feedback on Query Performance".
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, RestFamily, json_reply
from salesforce_bulk.emulator.endpoints.rest.query_metadata import column_metadata, explanation
from salesforce_bulk.emulator.endpoints.rest.recent import RecentRecords
from salesforce_bulk.emulator.endpoints.rest.records import Records, Row
from salesforce_bulk.emulator.endpoints.rest.select import object_of, soql_errors, user_of
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.soql.compile import Children

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org, QueryResult

#: Records of a page of a query.
PAGE_RECORDS = 2_000
#: Open query cursors of the org; the oldest goes first.
CURSORS = 50
_LOCATOR = re.compile(r"(?P<cursor>[0-9A-Za-z]{15,18})-(?P<offset>[0-9]{1,12})")


class RestQueries:
    """Runs queries and keeps their cursors; ``resource`` is where the pages are."""

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        family: RestFamily,
        recent: RecentRecords,
        resource: str = "query",
    ) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._recent = recent
        self._resource = resource
        self._cursors: OrderedDict[str, Cursor] = OrderedDict()
        self._lock = threading.Lock()

    def routes(self) -> list[Route]:
        base = f"{PREFIX}/{{version}}"
        return [
            route("rest.query", f"{base}/query", self._family, GET=self.query),
            route("rest.query", f"{base}/queryAll", self._family, GET=self.query_all),
            route("rest.query", f"{base}/query/{{locator}}", self._family, GET=self.more),
            route("rest.query", f"{base}/queryAll/{{locator}}", self._family, GET=self.more),
        ]

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
            text = "A query string has to be specified"
            raise ApiError(*self._org.dialect.refusal("rest.query.none"), text)
        with soql_errors():
            if query.get("columns", [""])[0].lower() == "true":
                plan = self._org.plan_query(soql, include_deleted, user=user_of(call))
                return json_reply(column_metadata(plan))
            result = self._org.query(soql, include_deleted=include_deleted, user=user_of(call))
            if result.plan.count:
                count = next(iter(result))[0]
                return json_reply({"totalSize": count, "done": True, "records": []})
            rows: list[Row] = list(result.with_hidden())
        if result.plan.viewed:
            place = result.plan.parents[()].index
            self._recent.remember(call, [row[place] for row in rows])
        cursor = Cursor(self.records(result, call), rows)
        return self.page(call, cursor, 0)

    def _explain(self, call: Call, soql: str) -> Response:
        with soql_errors():
            plan = self._org.plan_query(soql, user=user_of(call))
        return json_reply(explanation(self._org, plan, soql))

    def more(self, call: Call) -> Response:
        found = _LOCATOR.fullmatch(call["locator"])
        with self._lock:
            cursor = self._cursors.get(to_18(found["cursor"]) or "") if found else None
        if cursor is None or found is None or int(found["offset"]) >= len(cursor.rows):
            refusal = self._org.dialect.refusal("rest.query.locator")
            raise ApiError(*refusal, "invalid query locator")
        return self.page(call, cursor, int(found["offset"]))

    def page(self, call: Call, cursor: Cursor, offset: int) -> Response:
        """A page of rows, and where the next one is."""
        size = _page_size(call.request.header("sforce-query-options"))
        records = [cursor.records.record(row) for row in cursor.rows[offset : offset + size]]
        done = offset + size >= len(cursor.rows)
        document: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
        if not done:
            locator = f"{self._keep(cursor)}-{offset + size}"
            base = f"{PREFIX}/{call['version']}/{self._resource}"
            document["nextRecordsUrl"] = f"{base}/{locator}"
        return json_reply({**document, "records": records})

    def _keep(self, cursor: Cursor) -> str:
        with self._lock:
            if not cursor.id:
                cursor.id = self._engine.new_id("01g")
            self._cursors[cursor.id] = cursor
            while len(self._cursors) > CURSORS:
                self._cursors.popitem(last=False)
        return cursor.id

    def records(self, result: QueryResult, call: Call) -> Records:
        """What makes records of the rows of a query."""
        version = call["version"][1:]
        return Records(result.plan, version, self._name_of, self._child_rows, self._org.dialect)

    def _child_rows(self, children: Children, parent_id: str) -> list[Row]:
        cursor = self._org.execute(children.query.sql, children.parameters_for(parent_id))
        return cursor.fetchall()

    def _name_of(self, identity: str) -> str:
        return object_of(self._org, identity)


class Cursor:
    """The rest of a query's rows, for ``queryMore``."""

    def __init__(self, records: Records, rows: list[Row]) -> None:
        self.records = records
        self.rows = rows
        self.id = ""


def _page_size(options: str) -> int:
    """``Sforce-Query-Options: batchSize=N``, 200 to 2,000."""
    name, _, value = options.partition("=")
    if name.strip().lower() == "batchsize" and re.fullmatch("[0-9]{1,9}", value.strip()):
        return min(max(int(value), 200), PAGE_RECORDS)
    return PAGE_RECORDS
