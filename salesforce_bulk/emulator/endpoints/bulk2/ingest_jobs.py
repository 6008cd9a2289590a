"""``/ingest``: jobs that load rows, created, shown, listed, closed, aborted and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.endpoints.bulk2.answers import (
    document_reply,
    job_route,
    refused,
    user_of,
)
from salesforce_bulk.emulator.endpoints.bulk2.documents import API, ingest_document, short_document
from salesforce_bulk.emulator.endpoints.bulk2.job_lists import JobLists
from salesforce_bulk.emulator.endpoints.bulk2.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk2.job_requests import JobRequest, JobRequests
from salesforce_bulk.emulator.endpoints.bulk2.job_states import JobStates
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily
from salesforce_bulk.emulator.http.routes import Call, Route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine
from salesforce_bulk.emulator.schema.ids import to_18

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

INGEST_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
FIRST_INGEST_VERSION = 41.0
#: The first version with ``assignmentRuleId``, and the objects that have such rules.
ASSIGNMENT_RULE_VERSION = 49.0
ASSIGNMENT_RULE_OBJECTS = ("Case", "Lead")
#: What a request may say of a new job. ``concurrencyMode`` is always Parallel, whatever is sent.
INGEST_FIELDS = frozenset(
    {
        "object",
        "operation",
        "externalIdFieldName",
        "contentType",
        "columnDelimiter",
        "lineEnding",
        "assignmentRuleId",
        "concurrencyMode",
    }
)


class IngestJobs:
    """The handlers of ``/ingest`` and ``/ingest/{job}``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily, states: JobStates) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._states = states
        self._dialect = org.dialect
        self._requests = JobRequests(org.dialect)
        self._lookup = JobLookup(engine, org.dialect)
        self._lists = JobLists(engine, org.dialect)

    def routes(self) -> list[Route]:
        every = {"POST": self.create_job, "GET": self.list_jobs}
        one = {"GET": self.get_job, "PATCH": self.patch_job, "DELETE": self.delete_job}
        return [
            job_route("ingest", "/ingest", self._family, **every),
            # Data Loader puts a slash too many.
            job_route("ingest", "/ingest/", self._family, **every),
            job_route("ingest_job", "/ingest/{job}", self._family, **one),
        ]

    def create_job(self, call: Call) -> Response:
        if call.request.header("content-type").lower().startswith("multipart/form-data"):
            return self._create_with_data(call)
        self._requests.check_media_type(call.request, "application/json")
        job = self._new_job(call, self._requests.document(call.request))
        return document_reply(self._dialect, ingest_document(job, with_url=True))

    def _create_with_data(self, call: Call) -> Response:
        document, data = self._requests.job_and_content(call.request)
        job = self._new_job(call, document)
        job.upload = self._engine.spool_file(job)
        job.upload.write_bytes(data)
        answer = ingest_document(job)
        self._states.close(job)
        return document_reply(self._dialect, {**answer, "state": bulk_states.UPLOAD_COMPLETE})

    def _new_job(self, call: Call, document: JobRequest) -> Job:
        self._requests.check_version(call, FIRST_INGEST_VERSION)
        document.check_fields(INGEST_FIELDS)
        operation = document.one_of("operation", INGEST_OPERATIONS)
        delimiter, line_ending = document.dialect()
        name = self._object(document.text("object"))
        external_id = self._external_id(operation, name, document.text("externalIdFieldName"))
        rule = self._assignment_rule(call, name, document.text("assignmentRuleId"))
        user = user_of(call)
        if operation == "hardDelete" and "BulkApiHardDelete" not in user.permissions:
            raise refused(
                self._dialect,
                "bulk2.ingest.hard_delete",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        job = self._engine.create_job(operation, name, "CSV", call["version"][1:], user)
        job.api = API
        job.column_delimiter = delimiter
        job.line_ending = line_ending
        job.external_id = external_id
        job.assignment_rule = rule
        return job

    def _assignment_rule(self, call: Call, name: str, rule: str | None) -> str | None:
        row = "bulk2.ingest.assignment_rule"
        if rule is None or self._dialect[row] == "ignored":
            return None
        early = float(call["version"][1:]) < ASSIGNMENT_RULE_VERSION
        if early or name not in ASSIGNMENT_RULE_OBJECTS:
            raise refused(self._dialect, row, f"assignmentRuleId is not for {name}")
        identity = to_18(rule)
        if identity is None:
            raise refused(self._dialect, row, f"Invalid assignmentRuleId: {rule}")
        return identity

    def _object(self, name: str | None) -> str:
        found = self._org.schema.get(name) if name else None
        if found is None:
            raise refused(
                self._dialect,
                "bulk2.ingest.unknown_object",
                f"Entity '{name}' is not supported by the Bulk API",
            )
        return found.name

    def _external_id(self, operation: str, name: str, field: str | None) -> str | None:
        row = "bulk2.ingest.external_id"
        if operation != "upsert":
            if field:
                raise refused(self._dialect, row, "externalIdFieldName is for upsert only")
            return None
        if not field:
            raise refused(self._dialect, row, f"External ID was blank for {name}")
        sobject = self._org.schema.get(name)
        found = sobject.field(field) if sobject else None
        if found is None or not found.key_for_lookup:
            raise refused(self._dialect, row, f"Invalid external ID field name: {field}")
        return found.name

    def get_job(self, call: Call) -> Response:
        return document_reply(
            self._dialect, ingest_document(self._lookup.ingest_job(call), info=True)
        )

    def patch_job(self, call: Call) -> Response:
        job = self._lookup.ingest_job(call)
        check_owner(call, job)
        wanted = self._requests.state(
            call.request, (bulk_states.UPLOAD_COMPLETE, bulk_states.ABORTED)
        )
        if wanted == bulk_states.ABORTED:
            self._states.abort(job)
        else:
            self._states.close(job)
        return document_reply(self._dialect, short_document(job))

    def delete_job(self, call: Call) -> Response:
        job = self._lookup.ingest_job(call)
        check_owner(call, job)
        self._states.delete(job, running=(bulk_states.OPEN, bulk_states.IN_PROGRESS))
        return Response(204)

    def list_jobs(self, call: Call) -> Response:
        return self._lists.page(call, "ingest", lambda job: not (job.api == API and job.is_query))
