"""Jobs: created, shown, closed, aborted."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.endpoints.bulk1.documents import job_document
from salesforce_bulk.emulator.endpoints.bulk1.family import PREFIX, AsyncFamily, job_route, user_of
from salesforce_bulk.emulator.endpoints.bulk1.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk1.job_requests import (
    concurrency_mode,
    flag,
    one_of,
    pk_chunking,
    read_job_document,
    refuse_fields,
    text_of,
    unparsable,
)
from salesforce_bulk.emulator.endpoints.bulk1.media_types import info_form, reply, request_form
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine, JobError, PkChunking

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
CONTENT_TYPES = ("CSV", "XML", "JSON", "ZIP_CSV", "ZIP_XML", "ZIP_JSON")
#: The row about a close or an abort of a job that is not open, by the state that the job has and
#: the state that is asked for.
_ENDED_TWICE = {
    (bulk_states.CLOSED, bulk_states.CLOSED): "bulk1.job.close_closed",
    (bulk_states.ABORTED, bulk_states.ABORTED): "bulk1.job.abort_aborted",
}


class Jobs:
    """The handlers of ``/job`` and ``/job/{job}``."""

    def __init__(
        self, org: Org, engine: JobEngine, family: AsyncFamily, origin: Callable[[Request], str]
    ) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._origin = origin
        self._dialect = org.dialect
        self._lookup = JobLookup(engine, org.dialect)

    def routes(self) -> list[Route]:
        one = {"GET": self.get_job, "POST": self.update_job}
        return [
            job_route("job.create", "/job", self._family, POST=self.create_job),
            job_route("job", "/job/{job}", self._family, **one),
        ]

    def create_job(self, call: Call) -> Response:
        request = call.request
        fields = read_job_document(request, self._dialect)
        refuse_fields(fields, "create")
        if "operation" not in fields or "object" not in fields:
            raise unparsable()
        operation = one_of(OPERATIONS, fields["operation"])
        content_type = one_of(CONTENT_TYPES, fields.get("contentType"), "XML")
        concurrency = concurrency_mode(fields.get("concurrencyMode"))
        chunking = pk_chunking(request.header("sforce-enable-pkchunking"), self._dialect)
        name = self._object(text_of(fields, "object") or "")
        self._check_chunking(chunking, name)
        self._check_operation(call, operation, content_type)
        external_id = self._external_id(operation, name, text_of(fields, "externalIdFieldName"))
        job = self._engine.create_job(operation, name, content_type, call["version"], user_of(call))
        job.concurrency = concurrency
        job.external_id = external_id
        job.assignment_rule = text_of(fields, "assignmentRuleId")
        job.pk_chunking = chunking if job.is_query else None
        job.retries_disabled = flag(request, "sforce-disable-batch-retry")
        job.line_ending = request.header("sforce-line-ending").strip().upper() or None
        form = request_form(request)
        response = reply(job_document(job, form, self._dialect), form, 201)
        response.headers.update(self._location(request, f"{PREFIX}/{job.version}/job/{job.id}"))
        return response

    def _check_chunking(self, chunking: PkChunking | None, name: str) -> None:
        """Most readings leave it to the batch whether the object can be split."""
        reading = self._dialect["bulk1.pk_chunking.unsupported_object"]
        sobject = self._org.schema.get(chunking.parent or name) if chunking else None
        if sobject and not sobject.chunkable and reading.startswith("400"):
            status, code = self._dialect.refusal("bulk1.pk_chunking.unsupported_object")
            raise ApiError(status, code, f"Entity '{name}' is not supported to use PKChunking.")

    def _location(self, request: Request, path: str) -> dict[str, str]:
        """The header that says where a new job is."""
        reading = self._dialect["bulk1.job.location"]
        if reading == "absent":
            return {}
        return {"Location": self._origin(request) + path if reading == "address" else path}

    def _object(self, name: str) -> str:
        found = self._org.schema.get(name)
        if found is None:
            raise ApiError(
                400, "InvalidEntity", f"Entity '{name}' is not supported by the Bulk API."
            )
        return found.name

    def _check_operation(self, call: Call, operation: str, content_type: str) -> None:
        version = float(call["version"])
        if operation == "hardDelete" and "BulkApiHardDelete" not in user_of(call).permissions:
            raise ApiError(
                *self._dialect.refusal("bulk1.job.hard_delete"),
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        old_query = operation == "queryAll" and version < limits.FIRST_QUERYALL_VERSION
        old_json = content_type.endswith("JSON") and version < limits.FIRST_JSON_VERSION
        if (old_query and self._dialect["version.query_all"] != "taken") or (
            old_json and self._dialect["version.json"] != "taken"
        ):
            raise unparsable()
        if operation in ("query", "queryAll") and content_type.startswith("ZIP"):
            raise ApiError(
                *self._dialect.refusal("bulk1.job.zip_query"),
                f"ContentType {content_type} is not supported for {operation}",
            )

    def _external_id(self, operation: str, name: str, field: str | None) -> str | None:
        if operation != "upsert":
            if field is not None and self._dialect["bulk1.job.key_without_upsert"] != "ignored":
                raise ApiError(
                    400, "InvalidJob", f"External ID may not be specified for {operation}"
                )
            return None
        if field is None:
            raise ApiError(
                *self._dialect.refusal("bulk1.job.upsert_without_key"),
                f"External ID was blank for {name}. An External ID must be specified for upsert.",
            )
        found = self._org.schema.get(name)
        column = found.field(field) if found else None
        if column is None or not column.key_for_lookup:
            raise ApiError(
                *self._dialect.refusal("bulk1.job.upsert_by_other_field"),
                f"Field name provided, {field} does not match an External ID, Salesforce Id, "
                f"or indexed field for {name}",
            )
        return field

    def get_job(self, call: Call) -> Response:
        job = self._lookup.job(call)
        form = info_form(job)
        return reply(job_document(job, form, self._dialect), form)

    def update_job(self, call: Call) -> Response:
        job = self._lookup.job(call)
        call.format = ""
        fields = read_job_document(call.request, self._dialect)
        refuse_fields(fields, "update")
        state = one_of((bulk_states.CLOSED, bulk_states.ABORTED), fields.get("state"))
        check_owner(call, job)
        self._end(job, state)
        of_request = self._dialect["bulk1.job.close_format"] == "of the request"
        form = request_form(call.request) if of_request else info_form(job)
        return reply(job_document(job, form, self._dialect), form)

    def _end(self, job: Job, state: str) -> None:
        """Closes or aborts a job. Raises JobError where that cannot be."""
        row = _ENDED_TWICE.get((job.state, state), "")
        if (job.state, state) == (bulk_states.CLOSED, bulk_states.ABORTED):
            row = "bulk1.job.abort_finished" if job.finished else "bulk1.job.abort_unfinished"
        if row == "bulk1.job.abort_unfinished":
            if self._dialect[row] != "200":
                raise JobError("InvalidJobState", f"Aborting already {job.state} Job not allowed")
        elif row and self._dialect[row] == "200":
            return
        if state == bulk_states.CLOSED:
            self._engine.close(job)
        else:
            self._engine.abort(job, self._dialect["bulk1.job.abort_queued"])
