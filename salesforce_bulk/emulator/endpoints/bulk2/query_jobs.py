"""``/query``: jobs that export rows, created, shown, listed, aborted and deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.endpoints.bulk2.answers import (
    document_reply,
    job_route,
    refused,
    user_of,
)
from salesforce_bulk.emulator.endpoints.bulk2.documents import API, query_document, short_document
from salesforce_bulk.emulator.endpoints.bulk2.job_lists import JobLists
from salesforce_bulk.emulator.endpoints.bulk2.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk2.job_requests import JobRequests
from salesforce_bulk.emulator.endpoints.bulk2.job_states import JobStates
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

QUERY_OPERATIONS = ("query", "queryAll")
#: Query jobs of a rolling day.
QUERY_JOBS_PER_DAY = 10_000
#: By SOQL's code, the behaviour that a query is refused by; other codes have one in common.
_REFUSED_SOQL = {
    "API_ERROR": "bulk2.query.unsupported_soql",
    "INVALIDENTITY": "bulk2.query.unsupported_object",
}
QUERY_FIELDS = frozenset(
    {"operation", "query", "contentType", "columnDelimiter", "lineEnding", "concurrencyMode"}
)


class QueryJobs:
    """The handlers of ``/query`` and ``/query/{job}``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily, states: JobStates) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._states = states
        self._dialect = org.dialect
        self._requests = JobRequests(org.dialect)
        self._lookup = JobLookup(engine, org.dialect)
        self._lists = JobLists(engine, org.dialect)
        self.per_day = QUERY_JOBS_PER_DAY

    def routes(self) -> list[Route]:
        every = {"POST": self.create_job, "GET": self.list_jobs}
        one = {"GET": self.get_job, "PATCH": self.patch_job, "DELETE": self.delete_job}
        return [
            job_route("query", "/query", self._family, **every),
            job_route("query_job", "/query/{job}", self._family, **one),
        ]

    def create_job(self, call: Call) -> Response:
        self._requests.check_version(call, limits.FIRST_QUERY_V2_VERSION)
        self._requests.check_media_type(call.request, "application/json")
        document = self._requests.document(call.request)
        document.check_fields(QUERY_FIELDS)
        operation = document.one_of("operation", QUERY_OPERATIONS)
        delimiter, line_ending = document.dialect()
        soql = document.text("query") or ""
        name = self._queried_object(soql)
        self._check_query_quota()
        job = self._engine.create_job(operation, name, "CSV", call["version"][1:], user_of(call))
        job.api = API
        job.column_delimiter = delimiter
        job.line_ending = line_ending
        job.upload = self._engine.spool_file(job)
        job.upload.write_text(soql, "utf-8")
        answer = query_document(job)
        self._states.close(job)
        return document_reply(self._dialect, {**answer, "state": bulk_states.UPLOAD_COMPLETE})

    def _queried_object(self, soql: str) -> str:
        if len(soql) > limits.SOQL_CHARACTERS:
            raise refused(
                self._dialect,
                "bulk2.query.long_soql",
                "SOQL statements cannot be longer than 100000",
            )
        if not soql:
            raise refused(self._dialect, "bulk2.query.no_soql", "A query is required")
        try:
            return self._org.plan_query(soql, bulk=API).object.name
        except SoqlError as error:
            return self._object_of_refused(soql, error)

    def _object_of_refused(self, soql: str, error: SoqlError) -> str:
        """The object of a query that fails when it runs. Raises ApiError where it is refused."""
        row = _REFUSED_SOQL.get(error.code, "bulk2.query.wrong_soql")
        reading = self._dialect[row]
        if reading == "Failed":
            found = re.search(r"\bFROM\s+(\w+)", soql, re.IGNORECASE)
            return found[1] if found else "Name"
        code = error.code if reading == "400 SOQL's code" else reading.partition(" ")[2]
        raise ApiError(400, code, error.message) from error

    def _check_query_quota(self) -> None:
        jobs = self._engine.queries_today()
        if jobs >= self.per_day:
            raise ApiError(
                400,
                "LIMIT_EXCEEDED",
                f"Max bulk v2 query jobs ({self.per_day}) per 24 hrs has been reached ({jobs})",
            )

    def get_job(self, call: Call) -> Response:
        return document_reply(
            self._dialect, query_document(self._lookup.query_job(call), info=True)
        )

    def patch_job(self, call: Call) -> Response:
        job = self._lookup.query_job(call)
        check_owner(call, job)
        self._requests.state(call.request, (bulk_states.ABORTED,))
        self._states.abort(job)
        return document_reply(self._dialect, short_document(job))

    def delete_job(self, call: Call) -> Response:
        job = self._lookup.query_job(call)
        check_owner(call, job)
        self._states.delete(job, running=(bulk_states.UPLOAD_COMPLETE, bulk_states.IN_PROGRESS))
        return Response(204)

    def list_jobs(self, call: Call) -> Response:
        return self._lists.page(call, "query", lambda job: job.api != API or job.is_query)
