"""REST: ``/services/data``: versions, limits, objects and their describes, what changed.

Queries, single records and passwords are in `queries`, `single_records` and
`passwords`. Source: REST API Developer Guide. What is not here is refused by name.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.endpoints.oauth.flows import IDENTITY_PREFIX
from salesforce_bulk.emulator.endpoints.rest.conditional import check_dates
from salesforce_bulk.emulator.endpoints.rest.family import (
    DAILY_API_REQUESTS,
    PREFIX,
    RestFamily,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.endpoints.rest.org_documents import (
    MASTER_RECORD_TYPE,
    compact_layouts_document,
    layouts_document,
    limits_document,
    record_type_infos,
)
from salesforce_bulk.emulator.endpoints.rest.passwords import RestPasswords
from salesforce_bulk.emulator.endpoints.rest.queries import RestQueries
from salesforce_bulk.emulator.endpoints.rest.recent import RecentRecords
from salesforce_bulk.emulator.endpoints.rest.records import Row, json_value
from salesforce_bulk.emulator.endpoints.rest.select import (
    object_of,
    sobject_of,
    soql_errors,
    user_of,
)
from salesforce_bulk.emulator.endpoints.rest.single_records import RestSingleRecords
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

#: How far back `updated` and `deleted` reach.
REPLICATED = timedelta(days=30)
#: How old a count of records may be, where it is no count of this moment.
COUNTS_AGE = timedelta(days=1)
#: What connected apps have of an allocation, in an org that gives them none of their own.
_NO_APPS = {"Dataloader Bulk": {"Max": 0, "Remaining": 0}, "Workbench": {"Max": 0, "Remaining": 0}}
_SOQL_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"

#: Salesforce's releases by their first version of the year: Spring, Summer, Winter.
_SEASONS = ("Spring", "Summer", "Winter")


class Rest:
    """The resources of ``/services/data`` that are not jobs."""

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        family: RestFamily,
        origin: Callable[[Request], str],
    ) -> None:
        self._org = org
        self._engine = engine
        self.family = family
        self.origin = origin
        self._counts: dict[str, tuple[datetime, int]] = {}
        self._lock = threading.Lock()
        self._recent = RecentRecords(org)
        self.queries = RestQueries(org, engine, family, self._recent)
        self._passwords = RestPasswords(org, engine, family)
        self._single_records = RestSingleRecords(org, family, self.queries, self._recent)

    def routes(self) -> list[Route]:
        """What is served; query strings do not matter for the choice."""
        base = f"{PREFIX}/{{version}}"
        records = f"{base}/sobjects/{{object}}"
        return [
            route("rest.versions", PREFIX, self.family, GET=self.versions),
            route("rest.resources", base, self.family, GET=self.resources),
            route("rest.limits", f"{base}/limits", self.family, GET=self.limits),
            route("rest.counts", f"{base}/limits/recordCount", self.family, GET=self.counts),
            route("rest.recent", f"{base}/recent", self.family, GET=self._recent.answer),
            route("rest.sobjects", f"{base}/sobjects", self.family, GET=self.sobjects),
            *self.queries.routes(),
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
            route(
                "rest.object",
                records,
                self.family,
                GET=self.object,
                POST=self._single_records.create,
            ),
            *self._passwords.routes(),
            *self._single_records.routes(),
        ]

    # the org

    def versions(self, call: Call) -> Response:
        del call
        first, last = int(limits.FIRST_SUPPORTED_VERSION), 68
        listed = [_version(number) for number in range(first, last + 1)]
        if self._org.dialect["rest.versions.order"] == "newest first":
            listed.reverse()
        return json_reply(listed)

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
        named = self._org.dialect["rest.limits.batches"]
        batches = used.pop("DailyBulkApiBatches")
        if named != "neither":
            used[named] = batches
        if self._org.dialect["rest.limits.requests"] == "left out":
            del used["DailyApiRequests"]
        document: dict[str, Any] = limits_document(used)
        if self._org.dialect["rest.limits.apps"] == "by app":
            document = {name: {**each, **_NO_APPS} for name, each in document.items()}
        return json_reply(document)

    def counts(self, call: Call) -> Response:
        """How many records the objects named by ``sObjects`` have, or all objects that have any."""
        wanted = call.request.query.get("sObjects", [""])[0]
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        objects = [self._org.schema.get(name) for name in names] or [
            *self._org.schema.objects.values()
        ]
        counted = {sobject.name: self._count(sobject.name) for sobject in objects if sobject}
        empty = bool(names) and self._org.dialect["rest.counts.empty"] == "0"
        lines = [
            {"count": count, "name": name} for name, count in counted.items() if empty or count
        ]
        return json_reply({"sObjects": lines})

    def _count(self, name: str) -> int:
        """The records of an object, now or when they were last counted."""
        if self._org.dialect["rest.counts.age"] == "at once":
            return self._org.count(name)
        now = self._org.clock.now()
        with self._lock:
            counted, count = self._counts.get(name, (None, 0))
            if counted is None or now - counted > COUNTS_AGE:
                counted, count = now, self._org.count(name)
                self._counts[name] = counted, count
            return count

    def sobjects(self, call: Call) -> Response:
        headers = check_dates(call, self._org.schema_changed, self._org.dialect)
        document = {
            "encoding": "UTF-8",
            "maxBatchSize": 200,
            "sobjects": self._org.schema.describe_global(),
        }
        return json_reply(document, headers=headers)

    def describe(self, call: Call) -> Response:
        sobject = sobject_of(self._org, call)
        headers = check_dates(call, self._org.schema_changed, self._org.dialect)
        document = self._org.schema.describe(sobject.name)
        if sobject.document is None and sobject.field("RecordTypeId"):
            infos = record_type_infos(self._record_types(sobject), _address(call, sobject))
            document["recordTypeInfos"] = infos
        if self._org.dialect["rest.describe.nulls"] == "left out":
            document = _without_nulls(document)
        return json_reply(document, headers=headers)

    def _record_types(self, sobject: SObject) -> list[Row]:
        soql = (
            "SELECT Id, Name, DeveloperName, IsActive FROM RecordType "  # noqa: S608  # nosec B608 # names of the schema
            f"WHERE SobjectType = '{sobject.name}' ORDER BY Name"
        )
        return list(self._org.query(soql))

    def layouts(self, call: Call) -> Response:
        sobject = sobject_of(self._org, call)
        return json_reply(self._layouts(call, sobject))

    def _layouts(self, call: Call, sobject: SObject) -> dict[str, Any]:
        layout_id = None
        if self._org.dialect["rest.layouts.id"] == "an id":
            layout_id = to_18(f"00h000000000{sobject.key_prefix or '000'}")
        return layouts_document(sobject, _address(call, sobject), layout_id)

    def layout_of_type(self, call: Call) -> Response:
        """The layout of one record type; there is the master's."""
        if to_18(call["type"]) != MASTER_RECORD_TYPE:
            raise not_found()
        sobject = sobject_of(self._org, call)
        [layout] = self._layouts(call, sobject)["layouts"]
        return json_reply(layout)

    def compact_layouts(self, call: Call) -> Response:
        sobject = sobject_of(self._org, call)
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
        if self._org.dialect["rest.changes.window"] == "to the minute":
            start, end = (moment.replace(second=0, microsecond=0) for moment in (start, end))
        if end <= start:
            raise _bad_window("endDate is before or equal to startDate")
        if start < self._org.clock.now() - REPLICATED:
            raise _bad_window("startDate is more than 30 days ago")
        return start, end

    def _changes(self, call: Call, start: datetime, end: datetime, *, deleted: bool) -> list[Row]:
        sobject = sobject_of(self._org, call)
        if deleted and not sobject.soft_delete:
            return []
        state = f" AND IsDeleted = {str(deleted).lower()}" if sobject.soft_delete else ""
        stamp = "SystemModstamp" if sobject.field("SystemModstamp") else "LastModifiedDate"
        soql = (
            f"SELECT Id, {stamp} FROM {sobject.name} WHERE {stamp} >= {start:{_SOQL_TIME}} "  # noqa: S608  # nosec B608 # names of the schema, and checked values
            f"AND {stamp} < {end:{_SOQL_TIME}}{state} ORDER BY {stamp}, Id"
        )
        with soql_errors():
            return list(self._org.query(soql, include_deleted=True, user=user_of(call)))

    def object(self, call: Call) -> Response:
        name = sobject_of(self._org, call).name
        summary = next(
            entry for entry in self._org.schema.describe_global() if entry["name"] == name
        )
        recent = [
            self._recent.item(call, i)
            for i in self._recent.ids(call)
            if object_of(self._org, i) == name
        ]
        return json_reply({"objectDescribe": summary, "recentItems": recent})


def _without_nulls(value: Any) -> Any:
    """A document in which what is null is left out."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


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
