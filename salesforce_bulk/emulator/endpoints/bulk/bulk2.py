"""Bulk API 2.0: ``/services/data/v{version}/jobs/...``.

Source: *Bulk API 2.0 and Bulk API Developer Guide*, "Bulk API 2.0" chapters; where it is silent
see FIDELITY.md.
"""

from __future__ import annotations

import re
import threading
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.endpoints.rest.family import (
    FRAMEWORK_CODES,
    PREFIX,
    RestFamily,
    json_object,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.multipart import PartsError, parts
from salesforce_bulk.emulator.http.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.http.server import BLOCK, FilePart, Request, Response
from salesforce_bulk.emulator.jobs import page_dialect, query_pages
from salesforce_bulk.emulator.jobs.engine import (
    Batch,
    Job,
    JobEngine,
    JobError,
    ResultFile,
    batches_of,
)
from salesforce_bulk.emulator.jobs.ingest_results import (
    RESULT_COLUMNS,
    ResultForm,
    leave_unprocessed,
    result_path,
)
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS, LINE_ENDINGS
from salesforce_bulk.emulator.jobs.results import NO_RECORDS
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

API = "2.0"
INGEST_OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
QUERY_OPERATIONS = ("query", "queryAll")

DOCUMENT_BYTES = 1_000_000
#: Job data of a one-shot create.
MULTIPART_CHARACTERS = 100_000
#: Raw bytes of an upload: 150 MB after base64.
UPLOAD_BYTES = 112_500_000
#: Jobs of a page of a list; result pages of a call.
LISTED_JOBS = 1_000
LISTED_PAGES = 5
#: Rows of a page where the client names no number.
PAGE_ROWS = 50_000
#: Query jobs of a rolling day.
QUERY_JOBS_PER_DAY = 10_000
#: Versions up to this one have row numbers for locators.
LAST_PLAIN_LOCATOR_VERSION = 48.0
FIRST_INGEST_VERSION = 41.0
#: The first version with ``assignmentRuleId``, and the objects that have such rules.
ASSIGNMENT_RULE_VERSION = 49.0
ASSIGNMENT_RULE_OBJECTS = ("Case", "Lead")
LOCATOR_PREFIX = "01g"
#: Characters of an id without its check.
SHORT_ID = 15

_LIST_LOCATOR = re.compile(rf"{LOCATOR_PREFIX}([0-9A-Za-z]{{12}})[0-9A-Z]{{3}}-[0-9]{{1,9}}")
#: By SOQL's code, the behaviour that a query is refused by; other codes have one in common.
_REFUSED_SOQL = {
    "API_ERROR": "bulk2.query.unsupported_soql",
    "INVALIDENTITY": "bulk2.query.unsupported_object",
}

#: The readings of `bulk2.ingest.second_upload` that answer 201.
_SECOND_UPLOADS_TAKEN = ("400 at close", "201 and replaces", "201 and is dropped")

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
QUERY_FIELDS = frozenset(
    {"operation", "query", "contentType", "columnDelimiter", "lineEnding", "concurrencyMode"}
)

#: What a job of the engine, closed for more data, is here, by the state of its one batch.
_STATE_BY_BATCH = {
    bulk_states.QUEUED: bulk_states.UPLOAD_COMPLETE,
    bulk_states.IN_PROGRESS: bulk_states.IN_PROGRESS,
    bulk_states.COMPLETED: bulk_states.JOB_COMPLETE,
    bulk_states.FAILED: bulk_states.FAILED,
    bulk_states.NOT_PROCESSED: bulk_states.ABORTED,
}

#: Where a state's name in capitals has an underscore.
_WORD_START = re.compile("(?<=[a-z])(?=[A-Z])")

Reply = dict[str, object]


class Bulk2:
    """The resources below ``/jobs``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._dialect = org.dialect
        #: Held where the state of a job and its upload have to agree.
        self._lock = threading.Lock()
        #: Rows of a page of query results where the client asks for no number.
        self.page_rows = PAGE_ROWS
        self.query_jobs_per_day = QUERY_JOBS_PER_DAY

    def routes(self) -> list[Route]:
        """What is served. Tails of paths are matched in any letter case, as live orgs do."""
        base = f"{PREFIX}/{{version}}/jobs"
        ingest, query = f"{base}/ingest", f"{base}/query"
        table: tuple[tuple[str, str, dict[str, Handler]], ...] = (
            ("bulk2.ingest", ingest, {"POST": self.create_ingest, "GET": self.list_ingest}),
            # Data Loader puts a slash too many.
            ("bulk2.ingest", f"{ingest}/", {"POST": self.create_ingest, "GET": self.list_ingest}),
            (
                "bulk2.ingest_job",
                f"{ingest}/{{job}}",
                {"GET": self.ingest_job, "PATCH": self.patch_ingest, "DELETE": self.delete_ingest},
            ),
            ("bulk2.upload", f"{ingest}/{{job}}/(?i:batches)", {"PUT": self.upload}),
            ("bulk2.results", f"{ingest}/{{job}}/{{kind}}", {"GET": self.ingest_results}),
            ("bulk2.query", query, {"POST": self.create_query, "GET": self.list_query}),
            (
                "bulk2.query_job",
                f"{query}/{{job}}",
                {"GET": self.query_job, "PATCH": self.patch_query, "DELETE": self.delete_query},
            ),
            ("bulk2.page", f"{query}/{{job}}/(?i:results)", {"GET": self.page}),
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
        self._check_media_type(call.request, "application/json")
        job = self._new_ingest_job(call, self._json_document(call.request))
        return self._reply(ingest_document(job, with_url=True))

    def _create_with_data(self, call: Call) -> Response:
        document, data = self._job_and_content(call.request)
        job = self._new_ingest_job(call, document)
        job.upload = self._engine.spool_file(job)
        job.upload.write_bytes(data)
        answer = ingest_document(job)
        self._close(job)
        return self._reply({**answer, "state": bulk_states.UPLOAD_COMPLETE})

    def _new_ingest_job(self, call: Call, document: _JobRequest) -> Job:
        self._check_version(call, FIRST_INGEST_VERSION)
        document.check_fields(INGEST_FIELDS)
        operation = document.one_of("operation", INGEST_OPERATIONS)
        delimiter, line_ending = document.dialect()
        name = self._object(document.text("object"))
        external_id = self._external_id(operation, name, document.text("externalIdFieldName"))
        rule = self._assignment_rule(call, name, document.text("assignmentRuleId"))
        user = _user(call)
        if operation == "hardDelete" and "BulkApiHardDelete" not in user.permissions:
            raise self._refusal(
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
            raise self._refusal(row, f"assignmentRuleId is not for {name}")
        identity = to_18(rule)
        if identity is None:
            raise self._refusal(row, f"Invalid assignmentRuleId: {rule}")
        return identity

    def _object(self, name: str | None) -> str:
        found = self._org.schema.get(name) if name else None
        if found is None:
            raise self._refusal(
                "bulk2.ingest.unknown_object", f"Entity '{name}' is not supported by the Bulk API"
            )
        return found.name

    def _external_id(self, operation: str, name: str, field: str | None) -> str | None:
        row = "bulk2.ingest.external_id"
        if operation != "upsert":
            if field:
                raise self._refusal(row, "externalIdFieldName is for upsert only")
            return None
        if not field:
            raise self._refusal(row, f"External ID was blank for {name}")
        sobject = self._org.schema.get(name)
        found = sobject.field(field) if sobject else None
        if found is None or not found.key_for_lookup:
            raise self._refusal(row, f"Invalid external ID field name: {field}")
        return found.name

    def upload(self, call: Call) -> Response:
        job = self._job(call, ingest=True)
        _own(call, job)
        self._check_takes_data(job)
        self._check_media_type(call.request, "text/csv")
        self._check_coding(call.request)
        path = self._engine.spool_file(job)
        try:
            self._spool(call.request, path)
            with self._lock:
                # The job may have got other data, or its end, while these came in.
                self._check_takes_data(job)
                self._take_upload(job, path)
        finally:
            if job.upload != path:
                path.unlink(missing_ok=True)
        return Response(201)

    def _check_takes_data(self, job: Job) -> None:
        if job.state != bulk_states.OPEN or self._too_old(job):
            raise self._refusal(
                "bulk2.ingest.upload_when_closed",
                f"Job is not Open. Current state is {state_of(job)}",
            )
        second = self._dialect["bulk2.ingest.second_upload"]
        if job.upload is not None and second not in _SECOND_UPLOADS_TAKEN:
            raise _multiple_contents(job)

    def _take_upload(self, job: Job, path: Path) -> None:
        job.uploads += 1
        second = self._dialect["bulk2.ingest.second_upload"]
        if job.upload is None or second == "201 and replaces":
            job.upload = path

    def _check_coding(self, request: Request) -> None:
        """Whether a compressed upload is taken, and undone."""
        if request.header("content-encoding").strip().lower() in ("", "identity"):
            return
        reading = self._dialect["bulk2.ingest.gzip_uploads"]
        if reading == "stored as sent":
            request.body.keep_coding()
        elif reading != "accepted":
            raise self._refusal("bulk2.ingest.gzip_uploads", "Content-Encoding is not supported")

    def _spool(self, request: Request, path: Path) -> None:
        size = 0
        strip = self._dialect["bulk2.ingest.byte_order_mark"] == "dropped"
        with path.open("wb") as file:
            while block := request.body.read(BLOCK):
                size += len(block)
                if size > UPLOAD_BYTES:
                    raise JobError("InvalidJob", f"More than {UPLOAD_BYTES} bytes of job data")
                file.write(block.removeprefix(BOM_UTF8) if strip else block)
                strip = False

    def _too_old(self, job: Job) -> bool:
        age = self._engine.clock.now() - job.created
        return age >= timedelta(hours=limits.JOB_OPEN_HOURS)

    def ingest_job(self, call: Call) -> Response:
        return self._reply(ingest_document(self._job(call, ingest=True), info=True))

    def patch_ingest(self, call: Call) -> Response:
        job = self._job(call, ingest=True)
        _own(call, job)
        wanted = self._state(call.request, (bulk_states.UPLOAD_COMPLETE, bulk_states.ABORTED))
        if wanted == bulk_states.ABORTED:
            self._abort(job)
        else:
            self._close(job)
        return self._reply(short_document(job))

    def delete_ingest(self, call: Call) -> Response:
        return self._delete(call, ingest=True, running=(bulk_states.OPEN, bulk_states.IN_PROGRESS))

    def ingest_results(self, call: Call) -> Response:
        kind = call["kind"].lower()
        if kind not in RESULT_COLUMNS:
            raise not_found()
        job = self._job(call, ingest=True)
        header = self._form(job).header_line(kind).encode("utf-8", "surrogateescape")
        if state_of(job) not in bulk_states.JOB_TERMINAL_STATES:
            return self._before_end(header)
        path = result_path(job, kind)
        late = self._dialect["bulk2.result.after_state"] == "later"
        if late and kind not in job.asked_results:
            job.asked_results.add(kind)
            return self._without_rows(header)
        if not path.exists() or path.stat().st_size == len(header):
            return self._without_rows(header)
        return self._result_csv(FilePart(path))

    def _form(self, job: Job) -> ResultForm:
        return ResultForm(job, self._dialect, self._org.schema.get(job.object))

    def _before_end(self, header: bytes) -> Response:
        row = "bulk2.result.before_end"
        if self._dialect[row] == "200":
            return self._result_csv(header)
        if self._dialect[row] == "204":
            return Response(204)
        raise self._refusal(row, "The job has not ended")

    def _without_rows(self, header: bytes) -> Response:
        reading = self._dialect["bulk2.result.no_rows"]
        if reading == "204":
            return Response(204)
        return self._result_csv(header if reading == "header" else b"")

    def _result_csv(self, body: bytes | FilePart) -> Response:
        return _csv(body, self._dialect["bulk2.result.content_type"])

    def list_ingest(self, call: Call) -> Response:
        return self._list(call, "ingest", lambda job: not (job.api == API and job.is_query))

    # Query

    def create_query(self, call: Call) -> Response:
        self._check_version(call, limits.FIRST_QUERY_V2_VERSION)
        self._check_media_type(call.request, "application/json")
        document = self._json_document(call.request)
        document.check_fields(QUERY_FIELDS)
        operation = document.one_of("operation", QUERY_OPERATIONS)
        delimiter, line_ending = document.dialect()
        soql = document.text("query") or ""
        name = self._queried_object(soql)
        self._check_query_quota()
        job = self._engine.create_job(operation, name, "CSV", call["version"][1:], _user(call))
        job.api = API
        job.column_delimiter = delimiter
        job.line_ending = line_ending
        job.upload = self._engine.spool_file(job)
        job.upload.write_text(soql, "utf-8")
        answer = query_document(job)
        self._close(job)
        return self._reply({**answer, "state": bulk_states.UPLOAD_COMPLETE})

    def _queried_object(self, soql: str) -> str:
        if len(soql) > limits.SOQL_CHARACTERS:
            raise self._refusal(
                "bulk2.query.long_soql", "SOQL statements cannot be longer than 100000"
            )
        if not soql:
            raise self._refusal("bulk2.query.no_soql", "A query is required")
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
        if jobs >= self.query_jobs_per_day:
            raise ApiError(
                400,
                "LIMIT_EXCEEDED",
                f"Max bulk v2 query jobs ({self.query_jobs_per_day}) per 24 hrs "
                f"has been reached ({jobs})",
            )

    def query_job(self, call: Call) -> Response:
        return self._reply(query_document(self._job(call, ingest=False), info=True))

    def patch_query(self, call: Call) -> Response:
        job = self._job(call, ingest=False)
        _own(call, job)
        self._state(call.request, (bulk_states.ABORTED,))
        self._abort(job)
        return self._reply(short_document(job))

    def delete_query(self, call: Call) -> Response:
        unfinished = (bulk_states.UPLOAD_COMPLETE, bulk_states.IN_PROGRESS)
        return self._delete(call, ingest=False, running=unfinished)

    def list_query(self, call: Call) -> Response:
        return self._list(call, "query", lambda job: job.api != API or job.is_query)

    def page(self, call: Call) -> Response:
        job, batch = self._complete(call)
        result = batch.results[0]
        first = self._first_row(call, job, result)
        page = query_pages.ResultPage(
            first, min(first + self._wanted_rows(call), result.rows), result.rows
        )
        if not result.rows and self._dialect["bulk2.query.no_rows"] == "204":
            return Response(204)
        body = self._page_body(batch, page)
        response = _csv(body, self._dialect["bulk2.query.content_type"])
        response.headers.update(self._page_headers(job, page))
        return response

    def _page_body(self, batch: Batch, page: query_pages.ResultPage) -> bytes | Iterator[bytes]:
        job, result = batch.job, batch.results[0]
        if not result.rows and self._dialect["bulk2.query.no_rows"] != "header":
            sentence = self._dialect["bulk2.query.no_rows"] == "sentence"
            return NO_RECORDS if sentence else b""
        delimiter, line_end = (
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
        )
        body = query_pages.page_body(result, page, delimiter, line_end)
        if self._dialect.differs(page_dialect.CHOICES):
            columns = self._org.plan_query(batch.soql, bulk=API).columns
            pages = page_dialect.DialectPages(batch, columns, self._dialect)
            return pages.body(page, b"".join(body))
        return body

    def _page_headers(self, job: Job, page: query_pages.ResultPage) -> dict[str, str]:
        counts = {"of the page": page.rows, "of the result": page.total}
        count = counts.get(self._dialect["bulk2.query.number_of_records"])
        headers = {} if count is None else {"Sforce-NumberOfRecords": str(count)}
        last = self._dialect["bulk2.query.last_locator"]
        if not page.last:
            headers["Sforce-Locator"] = self._locator(job, page.end)
        elif last != "absent":
            headers["Sforce-Locator"] = "null" if last == "null" else ""
        return headers

    def _wanted_rows(self, call: Call) -> int:
        text = call.request.query.get("maxRecords", [""])[0]
        if not text:
            return self.page_rows
        row = "bulk2.query.wrong_max_records"
        if not re.fullmatch("[0-9]{1,18}", text) or int(text) == 0:
            if self._dialect[row] == "ignored":
                return self.page_rows
            raise self._refusal(row, f"maxRecords must be a positive number: {text}")
        fewer = self._dialect["bulk2.query.rows_of_a_page"] == "fewer"
        return max(1, int(text) // 2) if fewer else int(text)

    def result_pages(self, call: Call) -> Response:
        self._check_version(call, limits.FIRST_RESULT_PAGES_VERSION)
        job, batch = self._complete(call)
        result = batch.results[0]
        first = self._first_row(call, job, result)
        every = list(query_pages.pages(first, result.rows, self.page_rows))
        here, after = every[:LISTED_PAGES], every[LISTED_PAGES:]
        base = f"{PREFIX}/v{job.version}/jobs/query/{job.id}"
        name = self._dialect["bulk2.query.result_page_name"]
        document: Reply = {
            "resultPages": [
                {name: f"{base}/results{self._page_query(job, page.first)}"} for page in here
            ]
        }
        if after:
            following = self._page_query(job, after[0].first)
            document["nextRecordsUrl"] = f"{base}/resultpages{following}"
        elif self._dialect["bulk2.query.last_result_pages"] == "null":
            document["nextRecordsUrl"] = None
        return json_reply({**document, "done": not after})

    def _page_query(self, job: Job, first: int) -> str:
        named = first or self._dialect["bulk2.query.first_result_page"] == "with locator"
        return f"?locator={quote(self._locator(job, first), safe='')}" if named else ""

    def _locator(self, job: Job, row: int) -> str:
        return query_pages.locator(row, self._is_plain(job), self._is_padded)

    def _is_plain(self, job: Job) -> bool:
        digits = self._dialect["bulk2.query.locator"] == "digits"
        return digits or float(job.version) <= LAST_PLAIN_LOCATOR_VERSION

    @property
    def _is_padded(self) -> bool:
        return self._dialect["bulk2.query.locator"] == "base64 with padding"

    def _first_row(self, call: Call, job: Job, result: ResultFile) -> int:
        text = call.request.query.get("locator", [""])[0]
        first = query_pages.row_of(text, self._is_plain(job), self._is_padded) if text else 0
        if first is None or first >= max(result.rows, 1):
            raise self._refusal("bulk2.query.unknown_locator", "invalid query locator")
        return first

    def _complete(self, call: Call) -> tuple[Job, Batch]:
        job = self._job(call, ingest=False)
        row = "bulk2.query.another_version"
        if job.version != call["version"][1:] and self._dialect[row] != "200":
            raise self._refusal(
                row, f"The job was created with version {job.version}; read its results with it"
            )
        state = state_of(job)
        batch = next(batches_of(job), None)
        late = self._dialect["bulk2.query.after_state"] == "later"
        if state != bulk_states.JOB_COMPLETE or batch is None or (late and not job.asked_results):
            if state == bulk_states.JOB_COMPLETE:
                job.asked_results.add("results")
            raise self._not_complete(state)
        return job, batch

    def _not_complete(self, state: str) -> ApiError:
        return self._refusal(
            "bulk2.query.before_end",
            "can only download query results of successfully completed bulk job with status: "
            f"JOB_COMPLETE. Current status: {_WORD_START.sub('_', state).upper()}",
        )

    # What both share

    def _refusal(self, behaviour: str, message: str) -> ApiError:
        status, code = self._dialect.refusal(behaviour)
        return ApiError(status, code, message)

    def _reply(self, document: Reply) -> Response:
        return json_reply(self._as_sent(document))

    def _as_sent(self, document: Reply) -> Reply:
        """A document with its fields that have no value, or without them."""
        if self._dialect["bulk2.ingest.fields_without_value"] == "null":
            return document
        return {name: value for name, value in document.items() if value is not None}

    def _check_version(self, call: Call, first: float) -> None:
        if float(call["version"][1:]) < first:
            raise self._refusal(
                "bulk2.ingest.first_versions", "The requested resource does not exist"
            )

    def _check_media_type(self, request: Request, wanted: str) -> None:
        sent = request.header("content-type").partition(";")[0].strip().lower()
        row = "bulk2.ingest.media_type"
        if sent and sent != wanted and self._dialect[row] != "accepted":
            raise self._refusal(row, f"{sent} is not {wanted}")

    def _json_document(self, request: Request) -> _JobRequest:
        return _JobRequest(request.body.read_all(DOCUMENT_BYTES), self._dialect)

    def _job_and_content(self, request: Request) -> tuple[_JobRequest, bytes]:
        """The parts ``job`` and ``content`` of a one-shot create."""
        try:
            job, content = _parts_of_job(request)
        except PartsError as error:
            raise self._refusal("bulk2.ingest.multipart_refused", str(error)) from error
        return _JobRequest(job, self._dialect), content

    def _state(self, request: Request, allowed: tuple[str, ...]) -> str:
        document = self._json_document(request)
        if set(document.fields) != {"state"}:
            raise self._refusal(
                "bulk2.ingest.change_of_another_field", "Only the state of a job can be changed"
            )
        return document.one_of("state", allowed)

    def _job(self, call: Call, ingest: bool) -> Job:
        short = len(call["job"]) == SHORT_ID
        if short and self._dialect["bulk2.ingest.short_ids"] != "accepted":
            raise not_found()
        try:
            job = self._engine.job(call["job"])
        except JobError as error:
            raise not_found() from error
        if job.api != API or job.is_query == ingest:
            raise not_found()
        return job

    def _close(self, job: Job) -> None:
        """No more data: the job is queued."""
        with self._lock:
            if self._is_closed(job):
                return
            self._check_content(job)
            self._engine.close(job)
            batch = self._engine.add_batch(job, job.upload or job.directory / "no upload")
        self._engine.submit(batch)

    def _is_closed(self, job: Job) -> bool:
        """Whether the job was closed before, and that is all right. Raises ApiError."""
        row = "bulk2.ingest.close_twice"
        state = state_of(job)
        if job.state == bulk_states.OPEN and not self._too_old(job):
            return False
        if self._dialect[row] == "200" and job.state == bulk_states.CLOSED:
            return True
        text = f"Closing already {state} Job not allowed"
        if self._dialect[row] == "200":
            raise JobError("InvalidJobState", text)
        raise self._refusal(row, text)

    def _check_content(self, job: Job) -> None:
        if job.uploads > 1 and self._dialect["bulk2.ingest.second_upload"] == "400 at close":
            raise _multiple_contents(job)
        row = "bulk2.ingest.no_upload"
        if job.upload is None and self._dialect[row].startswith("400"):
            raise self._refusal(row, f"No content was uploaded for job: <{job.id}>")

    def _abort(self, job: Job) -> None:
        with self._lock:
            if state_of(job) in bulk_states.JOB_TERMINAL_STATES:
                if self._dialect["bulk2.ingest.abort_ended"] == "200":
                    return
                word = "Completed" if state_of(job) == bulk_states.JOB_COMPLETE else state_of(job)
                raise self._refusal(
                    "bulk2.ingest.abort_ended", f"Aborting already {word} Job not allowed"
                )
            self._engine.abort(job)
        # The answer leaves when the result files are whole: rows being written are still noted.
        self._engine.settle(job)
        batch = next(batches_of(job), None)
        if not job.is_query and (batch is None or batch.state == bulk_states.NOT_PROCESSED):
            leave_unprocessed(self._form(job), batch.processed if batch else 0)

    def _delete(self, call: Call, ingest: bool, running: tuple[str, ...]) -> Response:
        job = self._job(call, ingest)
        _own(call, job)
        if state_of(job) in running:
            row = "bulk2.ingest.delete_unfinished"
            if self._dialect[row] != "204":
                raise self._refusal(
                    row, "Error encountered when deleting the job because the job is not terminated"
                )
            self._abort(job)
        self._engine.forget(job)
        return Response(204)

    def _list(self, call: Call, resource: str, belongs: Callable[[Job], bool]) -> Response:
        wanted = [
            job for job in self._engine.jobs if belongs(job) and _listed_by_request(call, job)
        ]
        after = self._list_start(call.request.query.get("queryLocator", [""])[0])
        if self._dialect["bulk2.list.order"] == "newest first":
            wanted.reverse()
            following = (job for job in wanted if not after or job.id[3:15] < after)
        else:
            following = (job for job in wanted if job.id[3:15] > after)
        page = list(islice(following, LISTED_JOBS + 1))
        more = len(page) > LISTED_JOBS
        page = page[:LISTED_JOBS]
        url = None
        if more:
            place = f"{LOCATOR_PREFIX}{page[-1].id[3:15]}"
            url = f"{PREFIX}/{call['version']}/jobs/{resource}?{_list_query(call, place)}"
        records = [self._as_sent(list_document(job)) for job in page]
        document: Reply = {"done": not more, "records": records, "nextRecordsUrl": url}
        if url is None and self._dialect["bulk2.list.last_page"] == "absent":
            del document["nextRecordsUrl"]
        return json_reply(document)

    def _list_start(self, locator: str) -> str:
        """The id, without prefix and check, of the last job of the page before."""
        if not locator:
            return ""
        found = _LIST_LOCATOR.fullmatch(locator)
        if found is None:
            raise self._refusal("bulk2.query.unknown_locator", "invalid query locator")
        return found[1]


#: Parameters of a list that go on with its pages.
_LIST_FILTERS = ("isPkChunkingEnabled", "jobType", "concurrencyMode")


def _listed_by_request(call: Call, job: Job) -> bool:
    query = call.request.query
    kinds = query.get("jobType")
    chunked = query.get("isPkChunkingEnabled", [""])[0].lower()
    mode = query.get("concurrencyMode", [""])[0].lower()
    return (
        (not kinds or job_type(job) in kinds)
        and (not chunked or (chunked == "true") == (job.pk_chunking is not None))
        and (not mode or job.concurrency.lower() == mode)
    )


def _list_query(call: Call, place: str) -> str:
    filters = {
        name: call.request.query[name] for name in _LIST_FILTERS if name in call.request.query
    }
    return urlencode({**filters, "queryLocator": f"{to_18(place)}-{LISTED_JOBS}"}, doseq=True)


# Documents, their fields in the recorded order


def state_of(job: Job) -> str:
    """The job's state in this API's words; one of Bulk API 1.0 keeps its own."""
    if job.api != API or job.state != bulk_states.CLOSED:
        return job.state
    batch = next(batches_of(job), None)
    if batch is None:
        return bulk_states.UPLOAD_COMPLETE
    if batch.state == bulk_states.QUEUED and batch.retries:
        return bulk_states.IN_PROGRESS
    return _STATE_BY_BATCH[batch.state]


def job_type(job: Job) -> str:
    """``V2Ingest``, ``V2Query`` or ``Classic``."""
    if job.api != API:
        return "Classic"
    return "V2Query" if job.is_query else "V2Ingest"


def short_document(job: Job) -> Reply:
    """What PATCH answers; None is what a field has that has no value."""
    return {
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


def ingest_document(job: Job, info: bool = False, with_url: bool = False) -> Reply:
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


def query_document(job: Job, info: bool = False) -> Reply:
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


def list_document(job: Job) -> Reply:
    """A job in a list: no counters, no message."""
    document = {**short_document(job), "jobType": job_type(job)}
    if job.api == API:
        document["lineEnding"] = job.line_ending
        document["columnDelimiter"] = job.column_delimiter
    return document


def _with_message(document: Reply, job: Job) -> Reply:
    message = next((batch.message for batch in batches_of(job) if batch.message), None)
    return {**document, "errorMessage": message}


def _time(moment: datetime) -> str:
    return wire.json_time(moment)


# Requests


class _JobRequest:
    """A JSON object that a client sent, and how it is asked."""

    def __init__(self, body: bytes, dialect: Dialect) -> None:
        self.fields = json_object(body)
        self._body = body
        self._dialect = dialect

    def check_fields(self, known: frozenset[str]) -> None:
        row = "bulk2.ingest.unknown_field"
        if self._dialect[row] == "ignored":
            return
        for name in self.fields:
            if name not in known:
                place = self._place(name)
                status, code = self._dialect.refusal(row)
                raise ApiError(status, code, f'Unrecognized field "{name}" {place}')

    def text(self, name: str, default: str | None = None) -> str | None:
        value = self.fields.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            place = self._place(name)
            raise ApiError(400, "API_ERROR", f"Value does not match expected type {place}")
        return value

    def one_of(
        self, name: str, allowed: Mapping[str, str] | tuple[str, ...], default: str | None = None
    ) -> str:
        value = self.text(name, default)
        if value is None or value not in allowed:
            row = "unknown_operation" if name == "operation" else "unknown_setting"
            status, code = self._dialect.refusal(f"bulk2.ingest.{row}")
            raise ApiError(status, code, f"Invalid {name}: {value}")
        return value

    def dialect(self) -> tuple[str, str]:
        """The names of delimiter and line ending."""
        self.one_of("contentType", ("CSV",), "CSV")
        return (
            self.one_of("columnDelimiter", DELIMITERS, "COMMA"),
            self.one_of("lineEnding", LINE_ENDINGS, "LF"),
        )

    def _place(self, name: str) -> str:
        """Where a field's value begins, as the vendor's parser tells it."""
        text = self._body.decode("utf-8", "replace")
        found = re.search(rf'"{re.escape(name)}"\s*:\s*', text)
        before = text[: found.end()] if found else ""
        line = before.count("\n") + 1
        return f"at [line:{line}, column:{len(before) - before.rfind(chr(10))}]"


def _parts_of_job(request: Request) -> tuple[bytes, bytes]:
    """The job's document and its data. Raises PartsError."""
    limit = 4 * MULTIPART_CHARACTERS + DOCUMENT_BYTES
    body = request.body.read_all(limit)
    if len(body) > limit:
        raise _too_long()
    found = parts(request.header("content-type"), body)
    job, content = found.get("job"), found.get("content")
    if job is None or content is None:
        raise PartsError("A multipart request needs the parts job and content")
    if len(content.decode("utf-8", "replace")) > MULTIPART_CHARACTERS:
        raise _too_long()
    return job, content


def _too_long() -> PartsError:
    return PartsError(f"Job data of more than {MULTIPART_CHARACTERS} characters")


def _multiple_contents(job: Job) -> JobError:
    return JobError(
        "InvalidJob",
        f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / "
        "'Delete' the current Job then create a new Job and make sure you only do 'PUT' "
        "once on a given Job.",
    )


def _csv(body: bytes | FilePart | Iterator[bytes], content_type: str) -> Response:
    return Response(200, {"Content-Type": content_type}, body, framing="chunked")


def _user(call: Call) -> SessionUser:
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
            raise ApiError(400, FRAMEWORK_CODES.get(error.code, error.code), str(error)) from error
        except ApiError as error:
            if error.status == 204:
                return Response(204)
            raise
        except FileNotFoundError as error:
            # Another call deleted the job while this one was about it.
            raise not_found() from error

    return guarded
