"""Bulk API 1.0: ``/services/async/{version}/...``.

Source: *Bulk API Developer Guide*, "Bulk API" chapters; where it is silent see FIDELITY.md.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.access.sessions import Session, Sessions, SessionUser, bearer
from salesforce_bulk.emulator.endpoints.bulk.async_schema import async_schema
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.compression import accepts_gzip, compress
from salesforce_bulk.emulator.http.faults import Faults
from salesforce_bulk.emulator.http.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.http.server import BLOCK, FilePart, Request, Response
from salesforce_bulk.emulator.jobs.archive import Archive, ArchiveError
from salesforce_bulk.emulator.jobs.engine import (
    Batch,
    Job,
    JobEngine,
    JobError,
    PkChunking,
    batches_of,
)
from salesforce_bulk.emulator.jobs.load_batches import result_writer
from salesforce_bulk.emulator.jobs.mapping import read_spec
from salesforce_bulk.emulator.schema.ids import to_18

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

PREFIX = "/services/async"
#: Winter '27.
NEWEST_VERSION = 68.0
JOB_DOCUMENT_BYTES = 1_000_000
OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll")
CONTENT_TYPES = ("CSV", "XML", "JSON", "ZIP_CSV", "ZIP_XML", "ZIP_JSON")
CONCURRENCY_MODES = ("Parallel", "Serial")
#: What is served without a session.
OPEN_ROUTES = frozenset({"bulk1.schema"})

MEDIA_TYPES = {
    "CSV": "text/csv",
    "XML": "application/xml",
    "JSON": "application/json",
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}
DOCUMENT_TYPES = frozenset({MEDIA_TYPES["XML"], MEDIA_TYPES["JSON"]})

#: In JSON, by what stands for the batches.
_EMPTY_BATCH_LISTS = {
    "[]": b'{"batchInfo":[]}',
    "null": b'{"batchInfo":null}',
    "absent": b"{}",
}
#: The row about a close or an abort of a job that is not open, by the state that the job has and
#: the state that is asked for.
_ENDED_TWICE = {
    (bulk_states.CLOSED, bulk_states.CLOSED): "bulk1.job.close_closed",
    (bulk_states.ABORTED, bulk_states.ABORTED): "bulk1.job.abort_aborted",
}

Value = str | int | float | bool | datetime | None


# Documents: the fields of jobInfo and batchInfo in the order of the XML


@dataclass(frozen=True, slots=True)
class JobInfoField:
    """A field of jobInfo; ``client`` says where a client may send it."""

    name: str
    value: Callable[[Job], Value]
    client: str = ""


def _batches_total(job: Job) -> int:
    """The original batch of a chunked query is not counted (guide, "PK Chunking" sample)."""
    chunked = any(batch.chunk for batch in batches_of(job))
    return sum(batch.chunk or not chunked for batch in batches_of(job))


JOB_FIELDS = (
    JobInfoField("id", lambda job: job.id, "update"),
    JobInfoField("operation", lambda job: job.operation, "create"),
    JobInfoField("object", lambda job: job.object, "create"),
    JobInfoField("createdById", lambda job: job.user.id),
    JobInfoField("createdDate", lambda job: job.created),
    JobInfoField("systemModstamp", lambda job: job.modified),
    JobInfoField("state", lambda job: job.state, "update"),
    JobInfoField("externalIdFieldName", lambda job: job.external_id, "create"),
    JobInfoField("concurrencyMode", lambda job: job.concurrency, "create"),
    JobInfoField("contentType", lambda job: job.content_type, "create"),
    JobInfoField("numberBatchesQueued", lambda job: job.count(bulk_states.QUEUED)),
    JobInfoField("numberBatchesInProgress", lambda job: job.count(bulk_states.IN_PROGRESS)),
    JobInfoField("numberBatchesCompleted", lambda job: job.count(bulk_states.COMPLETED)),
    JobInfoField("numberBatchesFailed", lambda job: job.count(bulk_states.FAILED)),
    JobInfoField("numberBatchesTotal", _batches_total),
    JobInfoField("numberRecordsProcessed", lambda job: job.total(lambda batch: batch.processed)),
    JobInfoField("numberRetries", lambda job: job.total(lambda batch: batch.retries)),
    JobInfoField("apiVersion", lambda job: float(job.version)),
    JobInfoField("assignmentRuleId", lambda job: job.assignment_rule, "create"),
    JobInfoField("numberRecordsFailed", lambda job: job.total(lambda batch: batch.failed)),
    JobInfoField("totalProcessingTime", lambda job: job.total(lambda batch: batch.total_ms)),
    JobInfoField("apiActiveProcessingTime", lambda job: job.total(lambda batch: batch.active_ms)),
    JobInfoField("apexProcessingTime", lambda _: 0),
)
JOB_FIELD_BY_NAME = {entry.name: entry for entry in JOB_FIELDS}

BATCH_FIELDS: tuple[tuple[str, Callable[[Batch], Value]], ...] = (
    ("id", lambda batch: batch.id),
    ("jobId", lambda batch: batch.job.id),
    ("state", lambda batch: batch.state),
    ("stateMessage", lambda batch: batch.message),
    ("createdDate", lambda batch: batch.created),
    ("systemModstamp", lambda batch: batch.modified),
    ("numberRecordsProcessed", lambda batch: batch.processed),
    ("numberRecordsFailed", lambda batch: batch.failed),
    ("totalProcessingTime", lambda batch: batch.total_ms),
    ("apiActiveProcessingTime", lambda batch: batch.active_ms),
    ("apexProcessingTime", lambda _: 0),
)


def job_values(job: Job, dialect: Dialect) -> dict[str, Value]:
    values = {entry.name: entry.value(job) for entry in JOB_FIELDS}
    if dialect["bulk1.job.chunked_total"] == "with the original":
        values["numberBatchesTotal"] = len(job.batches)
    return values


def batch_values(batch: Batch, dialect: Dialect) -> dict[str, Value]:
    values = {name: value(batch) for name, value in BATCH_FIELDS}
    if batch.state == bulk_states.NOT_PROCESSED:
        values["state"] = dialect["bulk1.batch.not_processed"]
    return values


def _xml_value(value: Value) -> str:
    if isinstance(value, datetime):
        return wire.xml_time(value)
    return str(value)


def xml_fields(values: Mapping[str, Value], indent: str) -> str:
    """Elements, those without a value left out."""
    return "".join(
        wire.xml_element(name, _xml_value(value), indent)
        for name, value in values.items()
        if value is not None
    )


def json_fields(values: Mapping[str, Value]) -> dict[str, Value]:
    """Keys, those without a value as null."""
    return {
        name: wire.json_time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def job_document(job: Job, form: str, dialect: Dialect) -> bytes:
    values = job_values(job, dialect)
    if form == "JSON":
        if dialect["bulk1.job.info_json"] == "absent":
            return wire.json_bytes(
                {name: value for name, value in json_fields(values).items() if value is not None}
            )
        return wire.json_bytes({**json_fields(values), "fastPathEnabled": False})
    return wire.xml_document("jobInfo", xml_fields(values, " "))


def batch_document(batch: Batch, form: str, dialect: Dialect) -> bytes:
    values = batch_values(batch, dialect)
    if form == "JSON":
        return wire.json_bytes(json_fields(values))
    return wire.xml_document("batchInfo", xml_fields(values, " "))


def batch_list_document(job: Job, form: str, dialect: Dialect) -> bytes:
    found = batches_of(job)
    if dialect["bulk1.pk_chunking.original_place"] == "last":
        found = iter(sorted(found, key=lambda batch: not batch.chunk))
    batches = [batch_values(batch, dialect) for batch in found]
    if form == "JSON":
        if not batches:
            return _EMPTY_BATCH_LISTS[dialect["bulk1.batch.empty_list"]]
        return wire.json_bytes({"batchInfo": [json_fields(values) for values in batches]})
    content = "".join(
        f" <batchInfo>\n{xml_fields(values, '  ')} </batchInfo>\n" for values in batches
    )
    return wire.xml_document("batchInfoList", content)


#: Of a query without rows there may be no result at all.
_WITHOUT_ROWS = {form: f"bulk1.query.no_rows_{form.lower()}" for form in ("CSV", "JSON", "XML")}
_RESULT_TYPES = {
    "CSV": "bulk1.query.content_type",
    "JSON": "bulk1.query.json_content_type",
    "XML": "bulk1.query.xml_content_type",
}


def _shown_results(batch: Batch, dialect: Dialect) -> list[str]:
    """The ids of a query's results as they are listed."""
    hidden = dialect[_WITHOUT_ROWS[batch.job.base_format]] == "empty list"
    whole = dialect["bulk1.query.result_id"] == "18 characters"
    ids = [result.id for result in batch.results if result.rows or not hidden]
    return [to_18(identity) or identity for identity in ids] if whole else ids


def result_list_document(identities: Sequence[str], form: str) -> bytes:
    if form == "JSON":
        return wire.json_bytes(identities)
    if not identities:
        return f'<result-list xmlns="{wire.DATALOAD}"/>'.encode()
    content = "".join(f"<result>{identity}</result>" for identity in identities)
    return f'<result-list xmlns="{wire.DATALOAD}">{content}</result-list>'.encode()


def error_document(code: str, message: str, form: str) -> bytes:
    values: dict[str, Value] = {"exceptionCode": code, "exceptionMessage": message}
    if form == "JSON":
        return wire.json_bytes(values)
    return wire.xml_document("error", xml_fields(values, " "))


# Media types and formats


def media_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def request_form(request: Request) -> str:
    return "JSON" if media_type(request) == MEDIA_TYPES["JSON"] else "XML"


def info_form(job: Job) -> str:
    """The form of a job's own documents: XML, unless it is a JSON job."""
    return "JSON" if job.base_format == "JSON" else "XML"


def charset(request: Request) -> str:
    """The charset of a batch. Raises ApiError for one that nobody knows."""
    found = re.search(r"charset=\"?([\w.:-]+)", request.header("content-type"), re.IGNORECASE)
    name = found[1] if found else "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        raise ApiError(400, "ClientInputError", f"Unsupported charset: {name}") from None
    return name


def reply(body: bytes | FilePart, form: str, status: int = 200) -> Response:
    return Response(status, {"Content-Type": MEDIA_TYPES[form]}, body, framing="chunked")


# The family: version, session, errors, headers


class AsyncFamily:
    """What all answers of ``/services/async`` share."""

    name = "async"

    def __init__(self, sessions: Sessions, faults: Faults, dialect: Dialect) -> None:
        self._sessions = sessions
        self._faults = faults
        self._dialect = dialect
        self._answered = 0

    def method(self, request: Request) -> str:
        return request.method

    def admit(self, call: Call) -> None:
        _check_version(call, self._dialect)
        if call.target.route in OPEN_ROUTES:
            return
        call.session = self._session(call)

    def _session(self, call: Call) -> Session:
        header = call.request.header("x-sfdc-session")
        if not header and self._dialect["login.session.authorization_alone"] == "accepted":
            header = call.request.header("authorization")
        token = bearer(header)
        if self._faults.take("session", call.target):
            self._sessions.expire(token)
        session = self._sessions.find(token)
        if session is None:
            status, code = self._dialect.refusal("login.session.expired")
            raise ApiError(status, code, "Invalid session id")
        return session

    def error(self, call: Call, error: ApiError) -> Response:
        form = call.format or request_form(call.request)
        status, code = error.status, error.code
        if (behaviour := _shared_refusal(call, error)) is not None:
            status, code = self._dialect.refusal(behaviour)
        response = reply(error_document(code, str(error), form), form, status)
        response.headers.update(error.headers)
        return response

    def finish(self, request: Request, response: Response) -> None:
        self._answered += 1
        identity = f"{zlib.crc32(request.target.encode()):08x}{self._answered:024x}"
        response.headers.update(
            {
                "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
                "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
                "X-Content-Type-Options": "nosniff",
                "X-Request-Id": identity,
                "X-SFDC-Request-Id": identity,
                "X-Robots-Tag": "none",
            }
        )
        if version := _deprecated_version(request.path):
            warning = self._dialect["version.warning"].replace("NN.0", version)
            if warning != "none":
                response.headers["Warning"] = warning
        self._speak(request, response)
        if accepts_gzip(request) and self._dialect["http.response_compression"] == "gzip":
            compress(response)

    def _speak(self, request: Request, response: Response) -> None:
        """The headers that are told otherwise by other readings."""
        if response.framing == "chunked":
            response.framing = self._dialect["http.framing"]
        is_document = "/result" not in request.path
        if is_document and response.headers.get("Content-Type") in DOCUMENT_TYPES:
            _, semicolon, charset = self._dialect["http.content_type"].partition(";")
            response.headers["Content-Type"] += semicolon + charset
        if (server := self._dialect["http.server"]) != "none":
            response.headers["Server"] = server


def _shared_refusal(call: Call, error: ApiError) -> str | None:
    """The behaviour that says how this API refuses what all of them refuse; None for its own."""
    if error.code == "DamagedGzip":
        return "http.damaged_gzip"
    # A resource that there is may be refused by the same code.
    unknown = error.code == "InvalidUrl" and not call.target.route
    return "http.unknown_resource" if unknown else None


def _check_version(call: Call, dialect: Dialect) -> None:
    version = call.parameters.get("version", "")
    if not version:
        return
    if not re.fullmatch(r"\d{1,3}\.0", version):
        raise ApiError(*dialect.refusal("version.malformed"), f"Invalid API version: {version}")
    if float(version) < limits.FIRST_SUPPORTED_VERSION:
        raise ApiError(*dialect.refusal("version.retired"), f"API version {version} is retired")
    if float(version) > NEWEST_VERSION:
        raise ApiError(
            *dialect.refusal("version.unknown"), f"API version {version} is not supported"
        )


def _deprecated_version(path: str) -> str | None:
    found = re.match(PREFIX + r"/(\d{1,3}\.0)/", path)
    if found is None:
        return None
    number = float(found[1])
    deprecated = limits.FIRST_SUPPORTED_VERSION <= number <= limits.LAST_DEPRECATED_VERSION
    return found[1] if deprecated else None


# Job documents from clients


def read_job_document(request: Request, dialect: Dialect) -> dict[str, object]:
    """The fields of a jobInfo in XML or JSON. Raises ApiError."""
    body = request.body.read_all(JOB_DOCUMENT_BYTES)
    kind = media_type(request)
    if kind not in ("", "application/xml", "application/json", "text/csv"):
        raise ApiError(
            *dialect.refusal("bulk1.job.media_type"), f"Unsupported content type: {kind}"
        )
    fields = _json_job(body) if kind == MEDIA_TYPES["JSON"] else _xml_job(body, dialect)
    for name in fields:
        if name not in JOB_FIELD_BY_NAME:
            raise _unparsable()
    return {name: value for name, value in fields.items() if value is not None}


def _unparsable() -> ApiError:
    return ApiError(400, "InvalidJob", "Unable to parse Job")


def _json_job(body: bytes) -> dict[str, object]:
    try:
        document = wire.parse_json(body)
    except wire.JsonError:
        raise _unparsable() from None
    if not isinstance(document, dict):
        raise _unparsable()
    return document


def _xml_job(body: bytes, dialect: Dialect) -> dict[str, object]:
    try:
        root = wire.parse_xml(body)
    except wire.XmlError as error:
        raise ApiError(
            *dialect.refusal("bulk1.job.invalid_xml"), f"Unable to parse XML: {error}"
        ) from None
    if root.name != "jobInfo":
        raise _unparsable()
    strict = dialect["bulk1.job.xml_form"]
    if strict == "needs the namespace" and wire.DATALOAD.encode() not in body:
        raise _unparsable()
    if strict == "needs the order" and not _in_order(child.name for child in root.children):
        raise _unparsable()
    return {child.name: None if child.nil else child.text.strip() for child in root.children}


def _in_order(names: Iterable[str]) -> bool:
    """Whether the fields of a jobInfo stand as its schema has them."""
    places = [list(JOB_FIELD_BY_NAME).index(name) for name in names if name in JOB_FIELD_BY_NAME]
    return places == sorted(places)


def _refuse_fields(fields: Mapping[str, object], moment: str) -> None:
    """Raises ApiError for a field that only the server, or only another call, may set."""
    for name in fields:
        if JOB_FIELD_BY_NAME[name].client != moment:
            label = name[0].upper() + name[1:]
            raise ApiError(400, "InvalidJob", f"{label} cannot be specified")


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise _unparsable()
    return value


def _one_of(words: tuple[str, ...], value: object, default: str | None = None) -> str:
    """A word of an enumeration, in its letter case."""
    if value is None and default is not None:
        return default
    if isinstance(value, str) and value in words:
        return value
    raise _unparsable()


def _concurrency_mode(value: object) -> str:
    """The one enumeration of which clients send ordinals."""
    if isinstance(value, int) and not isinstance(value, bool) and value in (0, 1):
        return CONCURRENCY_MODES[value]
    return _one_of(CONCURRENCY_MODES, value, "Parallel")


# Request headers of job creation


def _flag(request: Request, name: str) -> bool:
    return request.header(name).strip().lower() == "true"


def pk_chunking(header: str, dialect: Dialect) -> PkChunking | None:
    """``Sforce-Enable-PKChunking``: a flag, ``key=value`` pairs, or both, between ``;``.

    Raises ApiError for a setting that is none.
    """
    entries = [entry.strip() for entry in header.split(";") if entry.strip()]
    if not entries or any(entry.lower() == "false" for entry in entries):
        return None
    pairs = [entry.partition("=") for entry in entries if entry.lower() != "true"]
    settings = {key.strip().lower(): value.strip() for key, _, value in pairs}
    size = settings.pop("chunksize", str(limits.PK_CHUNK_DEFAULT))
    start_row, parent = settings.pop("startrow", None), settings.pop("parent", None)
    sampled = settings.pop("usesampleddata", None)
    if settings or not size.isdigit() or not int(size):
        if dialect["bulk1.pk_chunking.bad_header"] == "ignored":
            return PkChunking()
        raise _bad_chunking("bulk1.pk_chunking.bad_header", header, dialect)
    if sampled is not None and dialect["bulk1.pk_chunking.sampled_data"] != "accepted":
        raise _bad_chunking("bulk1.pk_chunking.sampled_data", header, dialect)
    above = int(size) > limits.PK_CHUNK_MAXIMUM
    if above and dialect["bulk1.pk_chunking.size_above_maximum"] != "the maximum":
        raise _bad_chunking("bulk1.pk_chunking.size_above_maximum", header, dialect)
    return PkChunking(min(int(size), limits.PK_CHUNK_MAXIMUM), start_row, parent)


def _bad_chunking(behaviour: str, header: str, dialect: Dialect) -> ApiError:
    status, code = dialect.refusal(behaviour)
    return ApiError(status, code, f"Invalid value for Sforce-Enable-PKChunking: {header}")


# The resources


class Bulk1:
    """The handlers of ``/services/async``."""

    def __init__(
        self,
        org: Org,
        engine: JobEngine,
        sessions: Sessions,
        faults: Faults,
        origin: Callable[[Request], str],
    ) -> None:
        self.org = org
        self.engine = engine
        self._origin = origin
        self.dialect = org.dialect
        self.family = AsyncFamily(sessions, faults, org.dialect)

    def routes(self) -> list[Route]:
        base = PREFIX + "/{version}"
        batch = base + "/job/{job}/batch/{batch}"
        table: tuple[tuple[str, str, dict[str, Handler]], ...] = (
            ("job.create", f"{base}/job", {"POST": self.create_job}),
            ("job", f"{base}/job/{{job}}", {"GET": self.get_job, "POST": self.update_job}),
            (
                "batches",
                f"{base}/job/{{job}}/batch",
                {"GET": self.list_batches, "POST": self.add_batch},
            ),
            ("batch", batch, {"GET": self.get_batch}),
            ("request", f"{batch}/request", {"GET": self.get_request}),
            ("results", f"{batch}/result", {"GET": self.get_results}),
            ("result", f"{batch}/result/{{result}}", {"GET": self.get_result}),
            ("spec", f"{base}/job/{{job}}/spec", {"POST": self.set_mapping}),
            ("schema", f"{base}/AsyncApi.xsd", {"GET": self.get_schema}),
        )
        return [
            route(
                f"bulk1.{name}",
                path,
                self.family,
                **{method: _guard(handler) for method, handler in handlers.items()},
            )
            for name, path, handlers in table
        ]

    # jobs

    def create_job(self, call: Call) -> Response:
        request = call.request
        fields = read_job_document(request, self.dialect)
        _refuse_fields(fields, "create")
        if "operation" not in fields or "object" not in fields:
            raise _unparsable()
        operation = _one_of(OPERATIONS, fields["operation"])
        content_type = _one_of(CONTENT_TYPES, fields.get("contentType"), "XML")
        concurrency = _concurrency_mode(fields.get("concurrencyMode"))
        chunking = pk_chunking(request.header("sforce-enable-pkchunking"), self.org.dialect)
        name = self._object(_text(fields, "object") or "")
        self._check_chunking(chunking, name)
        self._check_operation(call, operation, content_type)
        external_id = self._external_id(operation, name, _text(fields, "externalIdFieldName"))
        job = self.engine.create_job(operation, name, content_type, call["version"], _user(call))
        job.concurrency = concurrency
        job.external_id = external_id
        job.assignment_rule = _text(fields, "assignmentRuleId")
        job.pk_chunking = chunking if job.is_query else None
        job.retries_disabled = _flag(request, "sforce-disable-batch-retry")
        job.line_ending = request.header("sforce-line-ending").strip().upper() or None
        form = request_form(request)
        response = reply(job_document(job, form, self.dialect), form, 201)
        response.headers.update(self._location(request, f"{PREFIX}/{job.version}/job/{job.id}"))
        return response

    def _check_chunking(self, chunking: PkChunking | None, name: str) -> None:
        """Most readings leave it to the batch whether the object can be split."""
        reading = self.org.dialect["bulk1.pk_chunking.unsupported_object"]
        sobject = self.org.schema.get(chunking.parent or name) if chunking else None
        if sobject and not sobject.chunkable and reading.startswith("400"):
            status, code = self.org.dialect.refusal("bulk1.pk_chunking.unsupported_object")
            raise ApiError(status, code, f"Entity '{name}' is not supported to use PKChunking.")

    def _location(self, request: Request, path: str) -> dict[str, str]:
        """The header that says where a new job is."""
        reading = self.dialect["bulk1.job.location"]
        if reading == "absent":
            return {}
        return {"Location": self._origin(request) + path if reading == "address" else path}

    def _object(self, name: str) -> str:
        found = self.org.schema.get(name)
        if found is None:
            raise ApiError(
                400, "InvalidEntity", f"Entity '{name}' is not supported by the Bulk API."
            )
        return found.name

    def _check_operation(self, call: Call, operation: str, content_type: str) -> None:
        version = float(call["version"])
        if operation == "hardDelete" and "BulkApiHardDelete" not in _user(call).permissions:
            raise ApiError(
                *self.dialect.refusal("bulk1.job.hard_delete"),
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        old_query = operation == "queryAll" and version < limits.FIRST_QUERYALL_VERSION
        old_json = content_type.endswith("JSON") and version < limits.FIRST_JSON_VERSION
        if (old_query and self.dialect["version.query_all"] != "taken") or (
            old_json and self.dialect["version.json"] != "taken"
        ):
            raise _unparsable()
        if operation in ("query", "queryAll") and content_type.startswith("ZIP"):
            raise ApiError(
                *self.dialect.refusal("bulk1.job.zip_query"),
                f"ContentType {content_type} is not supported for {operation}",
            )

    def _external_id(self, operation: str, name: str, field: str | None) -> str | None:
        if operation != "upsert":
            if field is not None and self.dialect["bulk1.job.key_without_upsert"] != "ignored":
                raise ApiError(
                    400, "InvalidJob", f"External ID may not be specified for {operation}"
                )
            return None
        if field is None:
            raise ApiError(
                *self.dialect.refusal("bulk1.job.upsert_without_key"),
                f"External ID was blank for {name}. An External ID must be specified for upsert.",
            )
        found = self.org.schema.get(name)
        column = found.field(field) if found else None
        if column is None or not column.key_for_lookup:
            raise ApiError(
                *self.dialect.refusal("bulk1.job.upsert_by_other_field"),
                f"Field name provided, {field} does not match an External ID, Salesforce Id, "
                f"or indexed field for {name}",
            )
        return field

    def get_job(self, call: Call) -> Response:
        job = self._job(call)
        form = info_form(job)
        return reply(job_document(job, form, self.dialect), form)

    def update_job(self, call: Call) -> Response:
        job = self._job(call)
        call.format = ""
        fields = read_job_document(call.request, self.dialect)
        _refuse_fields(fields, "update")
        state = _one_of((bulk_states.CLOSED, bulk_states.ABORTED), fields.get("state"))
        self._own(call, job)
        self._end(job, state)
        of_request = self.dialect["bulk1.job.close_format"] == "of the request"
        form = request_form(call.request) if of_request else info_form(job)
        return reply(job_document(job, form, self.dialect), form)

    def _end(self, job: Job, state: str) -> None:
        """Closes or aborts a job. Raises JobError where that cannot be."""
        row = _ENDED_TWICE.get((job.state, state), "")
        if (job.state, state) == (bulk_states.CLOSED, bulk_states.ABORTED):
            row = "bulk1.job.abort_finished" if job.finished else "bulk1.job.abort_unfinished"
        if row == "bulk1.job.abort_unfinished":
            if self.dialect[row] != "200":
                raise JobError("InvalidJobState", f"Aborting already {job.state} Job not allowed")
        elif row and self.dialect[row] == "200":
            return
        if state == bulk_states.CLOSED:
            self.engine.close(job)
        else:
            self.engine.abort(job, self.dialect["bulk1.job.abort_queued"])

    # batches

    def add_batch(self, call: Call) -> Response:
        job = self._job(call)
        request = call.request
        self._own(call, job)
        self._check_batch_type(job, request)
        encoding = charset(request)
        spooled = self.engine.spool_file(job)
        try:
            self._spool(request, spooled)
            self._check_archive(job, spooled)
            self._charge_batch(job)
        except (ApiError, JobError):
            spooled.unlink(missing_ok=True)
            raise
        known = self._posted_before(job, spooled)
        batch = known or self.engine.add_batch(job, spooled, encoding)
        form = info_form(job)
        response = reply(batch_document(batch, form, self.dialect), form, 201)
        response.headers["Location"] = f"{PREFIX}/{job.version}/job/{job.id}/batch/{batch.id}"
        if known is None:
            self.engine.submit(batch)
        return response

    def _check_archive(self, job: Job, spooled: Path) -> None:
        """Most readings leave it to the batch whether its archive can be read."""
        if not job.is_zip or self.dialect["bulk1.zip.bad_archive"] == "Failed":
            return
        try:
            Archive(spooled).close()
        except ArchiveError as error:
            raise ApiError(*self.dialect.refusal("bulk1.zip.bad_archive"), str(error)) from error

    def _check_batch_type(self, job: Job, request: Request) -> None:
        encoding = request.header("content-encoding").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise ApiError(
                415, "UnsupportedContentType", f"Unsupported content encoding: {encoding}"
            )
        kind = media_type(request)
        # A query's body is the same bare SOQL whatever its type says.
        accepted = set(MEDIA_TYPES.values()) if job.is_query else {MEDIA_TYPES[job.content_type]}
        if kind and kind not in accepted:
            raise ApiError(
                *self.dialect.refusal("bulk1.batch.media_type"), f"Unsupported content type: {kind}"
            )

    def _spool(self, request: Request, path: Path) -> None:
        """The request's body into a file. Raises ApiError when it is empty or too large."""
        size = 0
        with path.open("wb") as file:
            while block := request.body.read(BLOCK):
                size += len(block)
                if size > limits.BATCH_BYTES:
                    raise ApiError(
                        400,
                        "ClientInputError",
                        f"Failed to read request. Exceeded max size limit of {limits.BATCH_BYTES}",
                    )
                file.write(block)
        if not size:
            raise ApiError(
                *self.dialect.refusal("bulk1.batch.empty_body"),
                "Unable to find any data to create batch",
            )

    def _charge_batch(self, job: Job) -> None:
        try:
            self.engine.charge_batch(job)
        except JobError as error:
            if error.code != "InvalidJobState":
                raise
            raise ApiError(*self.dialect.refusal("bulk1.batch.job_not_open"), str(error)) from error

    def _posted_before(self, job: Job, spooled: Path) -> Batch | None:
        """The batch that a second post of the same data is taken for."""
        if self.dialect["bulk1.batch.posted_twice"] == "two batches":
            return None
        data = spooled.read_bytes()
        return next((each for each in batches_of(job) if each.request.read_bytes() == data), None)

    def list_batches(self, call: Call) -> Response:
        job = self._job(call)
        form = info_form(job)
        return reply(batch_list_document(job, form, self.dialect), form)

    def get_batch(self, call: Call) -> Response:
        batch = self._batch(call)
        form = info_form(batch.job)
        return reply(batch_document(batch, form, self.dialect), form)

    def get_request(self, call: Call) -> Response:
        batch = self._batch(call)
        return reply(FilePart(batch.request), batch.job.content_type)

    def get_results(self, call: Call) -> Response:
        batch = self._batch(call)
        job = batch.job
        if not batch.terminal:
            self._refuse_unless_taken("bulk1.batch.result_before_end", "Batch not completed")
        elif job.is_query and batch.state == bulk_states.FAILED:
            self._refuse_unless_taken("bulk1.batch.failed_query_results", "Records not processed")
        elif not job.is_query and not batch.results:
            aborted = job.state == bulk_states.ABORTED
            row = "bulk1.batch.result_of_aborted" if aborted else "bulk1.batch.result_of_failed"
            self._refuse_unless_taken(row, "Records not processed")
        if job.is_query:
            form = info_form(job)
            return reply(result_list_document(_shown_results(batch, self.org.dialect), form), form)
        body: bytes | FilePart
        if batch.results:
            body = FilePart(batch.results[0].path)
        else:
            writer = result_writer(job, self.dialect)
            body = writer.begin() + writer.end()
        response = reply(body, job.base_format)
        if job.base_format == "CSV":
            response.headers["Content-Type"] = self.dialect["bulk1.result.content_type"]
        return response

    def _refuse_unless_taken(self, row: str, message: str) -> None:
        """Raises ApiError for a row of which the reading is no success."""
        if self.dialect[row] != "200":
            raise ApiError(*self.dialect.refusal(row), message)

    def get_result(self, call: Call) -> Response:
        batch = self._batch(call)
        wanted = to_18(call["result"])
        for result in batch.results:
            if batch.job.is_query and to_18(result.id) == wanted:
                response = reply(FilePart(result.path), batch.job.base_format)
                media = self.org.dialect[_RESULT_TYPES[batch.job.base_format]]
                response.headers["Content-Type"] = media
                return response
        raise ApiError(
            *self.dialect.refusal("bulk1.batch.unknown"), f"Unable to find result: {call['result']}"
        )

    # field mapping, schema

    def set_mapping(self, call: Call) -> Response:
        job = self._job(call)
        self._own(call, job)
        if job.content_type != "CSV":
            raise ApiError(400, "InvalidJob", "A field mapping needs a job of content type CSV")
        text = call.request.body.read_all(4 * limits.SPEC_CHARACTERS).decode("utf-8", "replace")
        if len(text) >= limits.SPEC_CHARACTERS:
            raise ApiError(
                400,
                "ClientInputError",
                f"The specification must be less than {limits.SPEC_CHARACTERS} characters",
            )
        try:
            job.mapping = read_spec(text)
        except wire.CsvError as error:
            raise ApiError(
                *self.dialect.refusal("bulk1.spec.bad"),
                f"Failed to parse transformation spec. {error}",
            ) from error
        if self.dialect["bulk1.spec.body"] == "jobInfo":
            form = info_form(job)
            return reply(job_document(job, form, self.dialect), form, 201)
        return Response(201, {}, b"", framing="chunked")

    def get_schema(self, call: Call) -> Response:
        del call
        return reply(async_schema().encode(), "XML")

    # what a call refers to

    def _job(self, call: Call) -> Job:
        try:
            job = self.engine.job(call["job"])
        except JobError as error:
            raise ApiError(*self.dialect.refusal("bulk1.job.unknown"), str(error)) from error
        if job.api != "1.0":
            raise JobError("InvalidJob", f"Job {job.id} is a job of Bulk API {job.api}")
        if self.dialect["bulk1.job.error_format"] == "of the job":
            call.format = info_form(job)
        if job.version != call["version"] and self.dialect["version.of_job"] != "200":
            raise ApiError(
                *self.dialect.refusal("version.of_job"),
                f"Job {job.id} was created with version {job.version}, not {call['version']}",
            )
        return job

    def _batch(self, call: Call) -> Batch:
        job = self._job(call)
        try:
            return self.engine.batch(job, call["batch"])
        except JobError as error:
            raise ApiError(*self.dialect.refusal("bulk1.batch.unknown"), str(error)) from error

    def _own(self, call: Call, job: Job) -> None:
        if _user(call).id != job.user.id:
            raise ApiError(400, "InvalidUser", "The job was created by another user")


def _user(call: Call) -> SessionUser:
    if call.session is None:
        raise RuntimeError("a handler of this family is called with a session")
    return call.session.user


def _guard(handler: Handler) -> Handler:
    def guard(call: Call) -> Response:
        try:
            return handler(call)
        except JobError as error:
            raise ApiError(400, error.code, str(error)) from error

    return guard
