"""What clients send about jobs: JSON objects, and job and data as the parts of one request."""

from __future__ import annotations

import re
from collections.abc import Mapping

from salesforce_bulk.emulator.endpoints.bulk2.answers import refused
from salesforce_bulk.emulator.endpoints.rest.family import json_object
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.multipart import PartsError, parts
from salesforce_bulk.emulator.http.routes import ApiError, Call
from salesforce_bulk.emulator.http.server import Request
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS, LINE_ENDINGS

DOCUMENT_BYTES = 1_000_000
#: Job data of a one-shot create.
MULTIPART_CHARACTERS = 100_000


class JobRequests:
    """Reads requests about jobs. Raises ApiError for those that are refused."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def check_version(self, call: Call, first: float) -> None:
        """Whether the version that is called has the resource."""
        if float(call["version"][1:]) < first:
            raise refused(
                self._dialect,
                "bulk2.ingest.first_versions",
                "The requested resource does not exist",
            )

    def check_media_type(self, request: Request, wanted: str) -> None:
        sent = request.header("content-type").partition(";")[0].strip().lower()
        row = "bulk2.ingest.media_type"
        if sent and sent != wanted and self._dialect[row] != "accepted":
            raise refused(self._dialect, row, f"{sent} is not {wanted}")

    def document(self, request: Request) -> JobRequest:
        """The JSON object of a request."""
        return JobRequest(request.body.read_all(DOCUMENT_BYTES), self._dialect)

    def job_and_content(self, request: Request) -> tuple[JobRequest, bytes]:
        """The parts ``job`` and ``content`` of a one-shot create."""
        try:
            job, content = _parts_of_job(request)
        except PartsError as error:
            raise refused(self._dialect, "bulk2.ingest.multipart_refused", str(error)) from error
        return JobRequest(job, self._dialect), content

    def state(self, request: Request, allowed: tuple[str, ...]) -> str:
        """The state that a PATCH asks for."""
        document = self.document(request)
        if set(document.fields) != {"state"}:
            raise refused(
                self._dialect,
                "bulk2.ingest.change_of_another_field",
                "Only the state of a job can be changed",
            )
        return document.one_of("state", allowed)


class JobRequest:
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
