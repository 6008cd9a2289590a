"""Bulk API 2.0: ``/services/data/v{version}/jobs/...``.

Source: *Bulk API 2.0 and Bulk API Developer Guide*, "Bulk API 2.0" chapters; where it is silent
see FIDELITY.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from email.parser import BytesParser
from email.policy import HTTP
from itertools import islice
from typing import TYPE_CHECKING, Any

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator import query_pages, wire
from salesforce_bulk.emulator.ingest_batches import (
    DELIMITERS,
    LINE_ENDINGS,
    RESULT_COLUMNS,
    result_path,
)
from salesforce_bulk.emulator.jobs import Batch, Job, JobEngine, JobError, batches_of
from salesforce_bulk.emulator.rest_family import PREFIX, RestFamily, json_reply, not_found
from salesforce_bulk.emulator.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.server import BLOCK, FilePart, Request, Response
from salesforce_bulk.emulator.sessions import User
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.org import Org

API = "2.0"
INGEST_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
QUERY_OPERATIONS = ("query", "queryAll")

DOCUMENT_BYTES = 1_000_000
#: Job data of a one-shot create.
MULTIPART_CHARACTERS = 100_000
#: Raw bytes of an upload: 150 MB after base64.
UPLOAD_BYTES = 112_500_000
SOQL_CHARACTERS = 100_000
#: Jobs of a page of a list; result pages of a call.
LISTED_JOBS = 1_000
LISTED_PAGES = 5
#: Rows of a page where the client names no number.
PAGE_ROWS = 50_000
#: The first version with ``resultPages``.
RESULT_PAGES_VERSION = 58.0

#: What a job of the engine, closed for more data, is here, by the state of its one batch.
_STATE_BY_BATCH = {
    bulk_states.QUEUED: bulk_states.UPLOAD_COMPLETE,
    bulk_states.IN_PROGRESS: bulk_states.IN_PROGRESS,
    bulk_states.COMPLETED: bulk_states.JOB_COMPLETE,
    bulk_states.FAILED: bulk_states.FAILED,
    bulk_states.NOT_PROCESSED: bulk_states.ABORTED,
}

#: The framework's codes come upper-cased and without separators.
_CODES = {
    "InvalidJob": "INVALIDJOB",
    "InvalidJobState": "INVALIDJOBSTATE",
    "InvalidEntity": "INVALIDENTITY",
    "InvalidOperation": "INVALIDOPERATION",
    "FeatureNotEnabled": "FEATURENOTENABLED",
    "ExceededQuota": "EXCEEDEDQUOTA",
    "InvalidUser": "INVALIDUSER",
}

Document = dict[str, object]


class Bulk2:
    """The resources below ``/jobs``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        #: Rows of a page of query results where the client asks for no number.
        self.page_rows = PAGE_ROWS

    def routes(self) -> list[Route]:
        """What is served. Tails of paths are matched in any letter case, as live orgs do."""
        base = f"{PREFIX}/{{version}}/jobs"
        ingest, query = f"{base}/ingest", f"{base}/query"
        table: tuple[tuple[str, str, dict[str, Handler]], ...] = (
            ("bulk2.ingest", ingest, {"POST": self.create_ingest, "GET": self.list_ingest}),
            # Data Loader puts a slash too many.
            ("bulk2.ingest", f"{ingest}/", {"POST": self.create_ingest}),
            (
                "bulk2.ingest_job",
                f"{ingest}/{{job}}",
                {"GET": self.ingest_job, "PATCH": self.patch_ingest, "DELETE": self.delete_ingest},
            ),
            ("bulk2.upload", f"{ingest}/{{job}}/batches", {"PUT": self.upload}),
            ("bulk2.results", f"{ingest}/{{job}}/{{kind}}", {"GET": self.ingest_results}),
            ("bulk2.query", query, {"POST": self.create_query, "GET": self.list_query}),
            (
                "bulk2.query_job",
                f"{query}/{{job}}",
                {"GET": self.query_job, "PATCH": self.patch_query, "DELETE": self.delete_query},
            ),
            ("bulk2.page", f"{query}/{{job}}/results", {"GET": self.page}),
            ("bulk2.pages", f"{query}/{{job}}/(?i:resultPages)", {"GET": self.result_pages}),
        )
        return [
            route(name, path, self._family, **{m: _guarded(h) for m, h in methods.items()})
            for name, path, methods in table
        ]

    # Ingest

    def create_ingest(self, call: Call) -> Response:
        if call.request.header("content-type").lower().startswith("multipart/form-data"):
            return self._create_with_data(call)
        job = self._new_ingest_job(call, _json_document(call.request))
        return json_reply(ingest_document(job, with_url=True))

    def _create_with_data(self, call: Call) -> Response:
        document, data = _parts(call.request)
        job = self._new_ingest_job(call, document)
        if len(data.decode("utf-8", "replace")) > MULTIPART_CHARACTERS:
            self._engine.forget(job)
            raise JobError("InvalidJob", f"Job data of more than {MULTIPART_CHARACTERS} characters")
        job.upload = self._engine.spool_file(job)
        job.upload.write_bytes(data)
        self._close(job)
        return json_reply(ingest_document(job))

    def _new_ingest_job(self, call: Call, document: Mapping[str, Any]) -> Job:
        operation = _one_of("operation", document.get("operation"), INGEST_OPERATIONS)
        _one_of("contentType", document.get("contentType", "CSV"), ("CSV",))
        delimiter = _one_of("columnDelimiter", document.get("columnDelimiter", "COMMA"), DELIMITERS)
        line_ending = _one_of("lineEnding", document.get("lineEnding", "LF"), LINE_ENDINGS)
        name = self._object(document.get("object"))
        user = _user(call)
        external_id = self._external_id(operation, name, document.get("externalIdFieldName"))
        if operation == "hardDelete" and "BulkApiHardDelete" not in user.permissions:
            raise JobError(
                "FeatureNotEnabled",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        job = self._engine.create_job(operation, name, "CSV", call["version"][1:], user)
        job.api = API
        job.column_delimiter = delimiter
        job.line_ending = line_ending
        job.external_id = external_id
        job.assignment_rule = document.get("assignmentRuleId")
        return job

    def _object(self, name: object) -> str:
        found = self._org.schema.get(name) if isinstance(name, str) else None
        if found is None:
            raise JobError("InvalidEntity", f"Entity '{name}' is not supported by the Bulk API")
        return found.name

    def _external_id(self, operation: str, name: str, field: object) -> str | None:
        if operation != "upsert":
            if field:
                raise JobError("InvalidJob", "externalIdFieldName is for upsert only")
            return None
        sobject = self._org.schema.get(name)
        found = sobject.field(field) if sobject and isinstance(field, str) else None
        if found is None or not (found.external_id or found.id_lookup or found.type == "id"):
            raise JobError("InvalidJob", f"External ID was blank or is no key of {name}: {field}")
        return found.name

    def upload(self, call: Call) -> Response:
        job = self._job(call, ingest=True)
        _own(call, job)
        if job.upload is not None:
            raise JobError(
                "InvalidJob",
                f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / "
                "'Delete' the current Job then create a new Job and make sure you only do 'PUT' "
                "once on a given Job.",
            )
        if job.state != bulk_states.OPEN:
            raise JobError("InvalidJobState", f"Job is not Open. Current state is {state_of(job)}")
        path = self._engine.spool_file(job)
        _spool(call.request, path)
        job.upload = path
        return Response(201)

    def ingest_job(self, call: Call) -> Response:
        return json_reply(ingest_document(self._job(call, ingest=True), info=True))

    def patch_ingest(self, call: Call) -> Response:
        job = self._job(call, ingest=True)
        _own(call, job)
        wanted = _state(call.request, (bulk_states.UPLOAD_COMPLETE, bulk_states.ABORTED))
        if wanted == bulk_states.ABORTED:
            self._abort(job)
        else:
            self._close(job)
        return json_reply(short_document(job))

    def delete_ingest(self, call: Call) -> Response:
        return self._delete(call, ingest=True, running=(bulk_states.OPEN, bulk_states.IN_PROGRESS))

    def ingest_results(self, call: Call) -> Response:
        kind = call["kind"].lower()
        if kind not in RESULT_COLUMNS:
            raise not_found()
        job = self._job(call, ingest=True)
        path = result_path(job, kind)
        if state_of(job) not in bulk_states.JOB_TERMINAL_STATES or not path.exists():
            own = ",".join(f'"{name}"' for name in RESULT_COLUMNS[kind])
            return _csv(f"{own}\n".encode() if own else b"")
        return _csv(FilePart(path))

    def list_ingest(self, call: Call) -> Response:
        return self._list(call, "ingest", lambda job: not (job.api == API and job.is_query))

    # Query

    def create_query(self, call: Call) -> Response:
        document = _json_document(call.request)
        operation = _one_of("operation", document.get("operation"), QUERY_OPERATIONS)
        _one_of("contentType", document.get("contentType", "CSV"), ("CSV",))
        delimiter = _one_of("columnDelimiter", document.get("columnDelimiter", "COMMA"), DELIMITERS)
        line_ending = _one_of("lineEnding", document.get("lineEnding", "LF"), LINE_ENDINGS)
        soql = document.get("query")
        if not isinstance(soql, str) or not soql or len(soql) > SOQL_CHARACTERS:
            raise ApiError(400, "API_ERROR", "A query of at most 100,000 characters is required")
        try:
            name = self._org.query(soql, bulk=API, user=_user(call)).object.name
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error
        job = self._engine.create_job(operation, name, "CSV", call["version"][1:], _user(call))
        job.api = API
        job.column_delimiter = delimiter
        job.line_ending = line_ending
        job.upload = self._engine.spool_file(job)
        job.upload.write_text(soql, "utf-8")
        document = query_document(job)
        self._close(job)
        return json_reply({**document, "state": bulk_states.UPLOAD_COMPLETE})

    def query_job(self, call: Call) -> Response:
        return json_reply(query_document(self._job(call, ingest=False), info=True))

    def patch_query(self, call: Call) -> Response:
        job = self._job(call, ingest=False)
        _own(call, job)
        _state(call.request, (bulk_states.ABORTED,))
        self._abort(job)
        return json_reply(short_document(job))

    def delete_query(self, call: Call) -> Response:
        unfinished = (bulk_states.UPLOAD_COMPLETE, bulk_states.IN_PROGRESS)
        return self._delete(call, ingest=False, running=unfinished)

    def list_query(self, call: Call) -> Response:
        return self._list(call, "query", lambda job: job.api != API or job.is_query)

    def page(self, call: Call) -> Response:
        job, batch = self._complete(call)
        result = batch.results[0]
        first = self._first_row(call)
        if first is None or first > result.rows:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        wanted = call.request.query.get("maxRecords", [""])[0]
        rows = int(wanted) if wanted.isdigit() and int(wanted) > 0 else self.page_rows
        page = query_pages.Page(first, min(first + rows, result.rows), result.rows)
        body = query_pages.page_body(
            result,
            page,
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
        )
        response = _csv(body)
        response.headers["Sforce-NumberOfRecords"] = str(page.rows)
        response.headers["Sforce-Locator"] = page.next_locator or "null"
        return response

    def result_pages(self, call: Call) -> Response:
        if float(call["version"][1:]) < RESULT_PAGES_VERSION:
            raise not_found()
        job, batch = self._complete(call)
        first = self._first_row(call)
        if first is None:
            raise ApiError(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        every = [
            page
            for page in query_pages.pages(batch.results[0].rows, self.page_rows)
            if page.first >= first
        ]
        here, after = every[:LISTED_PAGES], every[LISTED_PAGES:]
        base = f"{PREFIX}/v{job.version}/jobs/query/{job.id}"
        document: Document = {
            "resultPages": [{"resultUrl": f"{base}/results{_query(page.first)}"} for page in here]
        }
        if after:
            document["nextRecordsUrl"] = (
                f"{base}/resultpages?locator={query_pages.locator(after[0].first)}"
            )
        return json_reply({**document, "done": not after})

    def _first_row(self, call: Call) -> int | None:
        text = call.request.query.get("locator", [""])[0]
        return query_pages.row_of(text) if text else 0

    def _complete(self, call: Call) -> tuple[Job, Batch]:
        job = self._job(call, ingest=False)
        if job.version != call["version"][1:]:
            raise ApiError(
                409,
                "API_VERSION_MISMATCH",
                f"The job was created with version {job.version}; read its results with it",
            )
        state = state_of(job)
        batch = next(batches_of(job), None)
        if state != bulk_states.JOB_COMPLETE or batch is None:
            raise ApiError(
                400,
                "JOB_NOT_COMPLETE",
                "can only download query results of successfully completed bulk job with status: "
                f"JOB_COMPLETE. Current status: {state}",
            )
        return job, batch

    # What both share

    def _job(self, call: Call, ingest: bool) -> Job:
        try:
            job = self._engine.job(call["job"])
        except JobError as error:
            raise not_found() from error
        if job.api != API or job.is_query == ingest:
            raise not_found()
        return job

    def _close(self, job: Job) -> None:
        """No more data: the job is queued."""
        if job.state != bulk_states.OPEN:
            raise JobError("InvalidJobState", f"Closing already {state_of(job)} Job not allowed")
        batch = self._engine.add_batch(job, job.upload or job.directory / "no upload")
        self._engine.close(job)
        self._engine.submit(batch)

    def _abort(self, job: Job) -> None:
        if state_of(job) in bulk_states.JOB_TERMINAL_STATES:
            word = "Completed" if state_of(job) == bulk_states.JOB_COMPLETE else state_of(job)
            raise JobError("InvalidJobState", f"Aborting already {word} Job not allowed")
        self._engine.abort(job)

    def _delete(self, call: Call, ingest: bool, running: tuple[str, ...]) -> Response:
        job = self._job(call, ingest)
        _own(call, job)
        if state_of(job) in running:
            raise ApiError(
                400,
                "API_ERROR",
                "Error encountered when deleting the job because the job is not terminated",
            )
        self._engine.forget(job)
        return Response(204)

    def _list(self, call: Call, resource: str, belongs: Callable[[Job], bool]) -> Response:
        query = call.request.query
        kinds = query.get("jobType")
        chunked = query.get("isPkChunkingEnabled", [""])[0].lower()
        jobs = (
            job
            for job in self._engine.jobs
            if belongs(job)
            and (not kinds or job_type(job) in kinds)
            and (not chunked or (chunked == "true") == (job.pk_chunking is not None))
        )
        first = query_pages.row_of(query.get("queryLocator", [""])[0]) or 0
        page = list(islice(jobs, first, first + LISTED_JOBS + 1))
        more = len(page) > LISTED_JOBS
        locator = query_pages.locator(first + LISTED_JOBS)
        url = f"{PREFIX}/{call['version']}/jobs/{resource}?queryLocator={locator}"
        return json_reply(
            {
                "done": not more,
                "records": [list_document(job) for job in page[:LISTED_JOBS]],
                "nextRecordsUrl": url if more else None,
            }
        )


# Documents, their fields in the recorded order


def state_of(job: Job) -> str:
    """The job's state in this API's words; one of Bulk API 1.0 keeps its own."""
    if job.api != API or job.state != bulk_states.CLOSED:
        return job.state
    batch = next(batches_of(job), None)
    return bulk_states.UPLOAD_COMPLETE if batch is None else _STATE_BY_BATCH[batch.state]


def job_type(job: Job) -> str:
    """``V2Ingest``, ``V2Query`` or ``Classic``."""
    if job.api != API:
        return "Classic"
    return "V2Query" if job.is_query else "V2Ingest"


def short_document(job: Job) -> Document:
    """What PATCH answers."""
    document: Document = {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user.id,
        "createdDate": _time(job.created),
        "systemModstamp": _time(job.modified),
        "state": state_of(job),
        "externalIdFieldName": job.external_id,
        "assignmentRuleId": job.assignment_rule,
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "apiVersion": float(job.version),
    }
    return {name: value for name, value in document.items() if value is not None}


def ingest_document(job: Job, info: bool = False, with_url: bool = False) -> Document:
    """What create (``with_url``) and GET (``info``) answer."""
    document = short_document(job)
    if info:
        document["jobType"] = job_type(job)
    if with_url or (info and job.state == bulk_states.OPEN):
        document["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    document["lineEnding"] = job.line_ending
    document["columnDelimiter"] = job.column_delimiter
    if not info:
        return document
    if job.upload is not None:
        document["numberRecordsProcessed"] = job.total(lambda batch: batch.processed)
        document["numberRecordsFailed"] = job.total(lambda batch: batch.failed)
    document.update(
        {
            "retries": job.total(lambda batch: batch.retries),
            "totalProcessingTime": job.total(lambda batch: batch.total_ms),
            "apiActiveProcessingTime": job.total(lambda batch: batch.active_ms),
            "apexProcessingTime": 0,
        }
    )
    return _with_message(document, job)


def query_document(job: Job, info: bool = False) -> Document:
    """What create and GET (``info``) answer for a query."""
    document = short_document(job)
    if info:
        document["jobType"] = job_type(job)
    document["lineEnding"] = job.line_ending
    document["columnDelimiter"] = job.column_delimiter
    if not info:
        return document
    document.update(
        {
            "numberRecordsProcessed": job.total(lambda batch: batch.processed),
            "retries": job.total(lambda batch: batch.retries),
            "totalProcessingTime": job.total(lambda batch: batch.total_ms),
            "isPkChunkingSupported": True,
        }
    )
    return _with_message(document, job)


def list_document(job: Job) -> Document:
    """A job in a list: no counters, no message."""
    document = {**short_document(job), "jobType": job_type(job)}
    if job.api == API:
        document["lineEnding"] = job.line_ending
        document["columnDelimiter"] = job.column_delimiter
    return document


def _with_message(document: Document, job: Job) -> Document:
    message = next((batch.message for batch in batches_of(job) if batch.message), None)
    return {**document, "errorMessage": message} if message else document


def _time(moment: datetime) -> str:
    return wire.json_time(moment)


def _query(first: int) -> str:
    return f"?locator={query_pages.locator(first)}" if first else ""


# Requests


def _json_document(request: Request) -> dict[str, Any]:
    return _object_of(request.body.read_all(DOCUMENT_BYTES))


def _object_of(body: bytes) -> dict[str, Any]:
    try:
        document = wire.parse_json(body)
    except wire.WireError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from error
    if not isinstance(document, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "A JSON object was expected")
    return document


def _parts(request: Request) -> tuple[dict[str, Any], bytes]:
    """The parts ``job`` and ``content`` of a one-shot create."""
    head = f"Content-Type: {request.header('content-type')}\r\n\r\n".encode("latin-1", "replace")
    body = request.body.read_all(4 * MULTIPART_CHARACTERS + DOCUMENT_BYTES)
    message = BytesParser(policy=HTTP).parsebytes(head + body)
    found = {
        part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
        for part in message.walk()
        if not part.is_multipart()
    }
    job, content = found.get("job"), found.get("content")
    if not isinstance(job, bytes) or not isinstance(content, bytes):
        raise JobError("InvalidJob", "A multipart request needs the parts job and content")
    return _object_of(job), content


def _spool(request: Request, path: Any) -> None:
    size = 0
    with path.open("wb") as file:
        while block := request.body.read(BLOCK):
            size += len(block)
            if size > UPLOAD_BYTES:
                path.unlink()
                raise JobError("InvalidJob", f"More than {UPLOAD_BYTES} bytes of job data")
            file.write(block)


def _one_of(name: str, value: object, allowed: Mapping[str, str] | tuple[str, ...]) -> str:
    if not isinstance(value, str):
        raise ApiError(
            400, "API_ERROR", f"Value does not match expected type: {name} must be a text"
        )
    if value not in allowed:
        code = "InvalidOperation" if name == "operation" else "InvalidJob"
        raise JobError(code, f"Invalid {name}: {value}")
    return value


def _state(request: Request, allowed: tuple[str, ...]) -> str:
    document = _json_document(request)
    if set(document) != {"state"}:
        raise JobError("InvalidJob", "Only the state of a job can be changed")
    return _one_of("state", document["state"], allowed)


def _csv(body: bytes | FilePart | Iterator[bytes]) -> Response:
    return Response(200, {"Content-Type": "text/csv"}, body, framing="chunked")


def _user(call: Call) -> User:
    if call.session is None:
        raise RuntimeError("a handler of this family is called with a session")
    return call.session.user


def _own(call: Call, job: Job) -> None:
    user = _user(call)
    if user.id != job.user.id and "ManageDataIntegrations" not in user.permissions:
        raise JobError("InvalidUser", "The job was created by another user")


def _guarded(handler: Handler) -> Handler:
    def guarded(call: Call) -> Response:
        try:
            return handler(call)
        except JobError as error:
            raise ApiError(400, _CODES.get(error.code, error.code), str(error)) from error

    return guarded
