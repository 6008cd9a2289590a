"""Bulk API 1.0 over HTTP: one method an endpoint.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API" chapter). What is sent and what comes back is in `wire.v1`.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from salesforce_bulk.errors import (
    NEXT_STEP,
    AmbiguousUpload,
    BulkApiError,
    IncompleteBody,
    InvalidJobState,
    SessionExpired,
    TransportError,
    UnexpectedResponse,
    fault_type,
)
from salesforce_bulk.models import UploadResult
from salesforce_bulk.transport import (
    PIECE_BYTES,
    Clock,
    Response,
    Transport,
    is_loopback,
    proves_its_end,
    read_body,
)
from salesforce_bulk.wire import media, v1
from salesforce_bulk.wire.fault import BUSY_STATUSES, Fault, read_fault

#: Bodies below this gain nothing from gzip.
_GZIP_FROM_BYTES = 1_024
#: Characters of an answer that stand in an error message.
_QUOTED_ANSWER = 2_000


_T = TypeVar("_T")


class Dialect(Protocol):
    """What a client may change about its calls: 2.2.0's subclasses override these."""

    endpoint: str
    sessionId: str  # noqa: N815

    def headers(
        self, values: Mapping[str, str] | None = ..., content_type: str = ...
    ) -> dict[str, str]: ...

    def check_status(self, resp: Response) -> None: ...

    def parse_response(self, resp: Response) -> Any: ...


class BulkV1:
    """The endpoints of Bulk API 1.0.

    Args:
        client: gives the endpoint, the headers, and the two readers a subclass may override.
        transport: sends.
        renew: called with the expired session id; puts a new one into ``client`` and says
            whether it could.
        gzip_requests: compress bodies; None compresses where the link is slower than gzip,
            which is everywhere but on this machine.
    """

    def __init__(
        self,
        client: Dialect,
        transport: Transport,
        renew: Callable[[str], bool],
        gzip_requests: bool | None = None,
    ) -> None:
        self._client = client
        self._transport = transport
        self._renew = renew
        self._gzip_requests = gzip_requests

    @property
    def clock(self) -> Clock:
        """What waits and measures."""
        return self._transport.clock

    # Jobs

    def create_job(self, document: bytes, headers: Mapping[str, str]) -> Any:
        """POST /job: the jobInfo of the new job."""
        return self._info("POST", "job", body=document, headers=headers)

    def job(self, job_id: str) -> Any:
        """GET /job/{id}: the jobInfo."""
        return self._info("GET", f"job/{job_id}", job_id=job_id)

    def set_job_state(self, job_id: str, document: bytes, state: str) -> None:
        """POST /job/{id}: close or abort. Repeated where an answer was lost: a job that
        reached the state by the first try counts as done."""
        try:
            self._call("POST", f"job/{job_id}", body=document, job_id=job_id, repeatable=True)
        except InvalidJobState:
            if self.job(job_id).get("state") != state:
                raise

    def add_spec(self, job_id: str, mapping: bytes) -> None:
        """POST /job/{id}/spec: the field mapping for the batches that follow."""
        self._call("POST", f"job/{job_id}/spec", body=mapping, media_type=media.CSV, job_id=job_id)

    def schema(self) -> bytes:
        """GET /AsyncApi.xsd."""
        return self._call("GET", "AsyncApi.xsd").content

    # Batches

    def add_batch(self, job_id: str, body: bytes, media_type: str) -> Any:
        """POST /job/{id}/batch: the batchInfo of the new batch.

        Raises:
            AmbiguousUpload: the answer was lost; the batch may exist.
        """
        try:
            return self._info(
                "POST", f"job/{job_id}/batch", body=body, media_type=media_type, job_id=job_id
            )
        except TransportError as error:
            if not error.may_have_arrived:
                raise
            raise AmbiguousUpload(
                f"{error} The batch may have been added to job {job_id}; "
                "look at get_batch_list(job_id) before posting it again.",
                error.status_code,
                job_id=job_id,
            ) from (error.__cause__ or error)

    def batches(self, job_id: str) -> Any:
        """GET /job/{id}/batch: the list of batchInfos, as the job's format has it."""
        return self._info("GET", f"job/{job_id}/batch", job_id=job_id)

    def batch(self, job_id: str, batch_id: str) -> Any:
        """GET /job/{id}/batch/{id}: the batchInfo."""
        return self._info("GET", _batch(job_id, batch_id), job_id=job_id, batch_id=batch_id)

    def batch_request(self, job_id: str, batch_id: str) -> bytes:
        """GET …/request: the batch as it was posted."""
        path = f"{_batch(job_id, batch_id)}/request"
        return self._call("GET", path, job_id=job_id, batch_id=batch_id).content

    # Results

    def row_results(self, job_id: str, batch_id: str) -> list[UploadResult]:
        """GET …/result of a load: one result a row, in the order of the rows."""
        response = self._result(job_id, batch_id)
        return self._read(v1.read_row_results, response, job_id, batch_id)

    def result_ids(self, job_id: str, batch_id: str) -> list[str]:
        """GET …/result of a query: the ids of its result files."""
        response = self._result(job_id, batch_id)
        return self._read(v1.read_result_ids, response, job_id, batch_id)

    def _result(self, job_id: str, batch_id: str) -> Response:
        path = f"{_batch(job_id, batch_id)}/result"
        return self._call("GET", path, job_id=job_id, batch_id=batch_id)

    def open_result(self, job_id: str, batch_id: str, result_id: str) -> Response:
        """GET …/result/{id}: one result file, its body unread."""
        path = f"{_batch(job_id, batch_id)}/result/{result_id}"
        return self._call("GET", path, job_id=job_id, batch_id=batch_id, stream=True)

    def stream_result(
        self, job_id: str, batch_id: str, result_id: str, piece_bytes: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """One result file in pieces, without NULs, complete or an error.

        The request is sent now, the pieces are read as they are taken.
        """
        response = self.open_result(job_id, batch_id, result_id)
        return _pieces(response, piece_bytes, job_id, batch_id)

    # How a call is made

    def _info(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        media_type: str = media.XML,
        job_id: str | None = None,
        batch_id: str | None = None,
    ) -> Any:
        response = self._call(
            method,
            path,
            body=body,
            headers=headers,
            media_type=media_type,
            job_id=job_id,
            batch_id=batch_id,
        )
        try:
            return self._client.parse_response(response)
        except BulkApiError as error:
            _name(error, job_id, batch_id)
            raise

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        media_type: str = media.XML,
        job_id: str | None = None,
        batch_id: str | None = None,
        repeatable: bool | None = None,
        stream: bool = False,
    ) -> Response:
        """One call: sent, its session renewed once where it had expired, its status checked."""
        url = f"{self._client.endpoint}/{path}"
        try:
            response = self._send(method, url, body, headers, media_type, repeatable, stream)
            if _says_expired(response) and self._renew(_session_of(response)):
                response.close()
                response = self._send(method, url, body, headers, media_type, repeatable, stream)
            self._client.check_status(response)
        except BulkApiError as error:
            _name(error, job_id, batch_id)
            raise
        return response

    def _send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        headers: Mapping[str, str] | None,
        media_type: str,
        repeatable: bool | None,
        stream: bool,
    ) -> Response:
        sent = self._client.headers(dict(headers or {}), media_type)
        if body is not None and self._gains_from_gzip(url, body, media_type):
            body = gzip.compress(body, compresslevel=1)
            sent["Content-Encoding"] = "gzip"
        return self._transport.send(
            method,
            url,
            headers=sent,
            body=body,
            repeatable=method == "GET" if repeatable is None else repeatable,
            stream=stream,
        )

    def _gains_from_gzip(self, url: str, body: bytes, media_type: str) -> bool:
        # Zip bodies are compressed already, and the guide wants them bare.
        if len(body) < _GZIP_FROM_BYTES or media_type.startswith("zip/"):
            return False
        if self._gzip_requests is None:
            return not is_loopback(url)
        return self._gzip_requests

    def _read(
        self,
        reader: Callable[[str | None, bytes], _T],
        response: Response,
        job_id: str | None,
        batch_id: str | None,
    ) -> _T:
        try:
            return reader(response.headers.get("Content-Type"), response.content)
        except v1.Unreadable as error:
            raise UnexpectedResponse(
                f"The answer is not the API's: {error}. A proxy or a login page may stand "
                f"between ({_ids(job_id, batch_id)}).",
                response.status_code,
                job_id=job_id,
                batch_id=batch_id,
            ) from error


def fault_of(response: Response) -> Fault:
    """The API's error in an answer."""
    return read_fault(response.headers.get("Content-Type"), response.content)


def error_for(message: str, response: Response) -> BulkApiError:
    """The typed error for an answer with a status of 400 or more.

    Args:
        message: the text that 2.2.0 had; the next step is appended.
        response: the answer.
    """
    fault = fault_of(response)
    if fault.code is not None:
        kind = fault_type(fault.code)
        step = NEXT_STEP.get(kind, "")
        return kind(
            f"{message} {step}".rstrip(),
            response.status_code,
            error_code=fault.code,
            error_message=fault.message,
        )
    if response.status_code in BUSY_STATUSES:
        kind_of_answer = "The server, or a proxy before it, cannot answer now; try again later."
    else:
        kind_of_answer = "This is not the API's own answer; check the host and any proxy."
    return UnexpectedResponse(f"{message} {kind_of_answer}", response.status_code)


def answer_text(response: Response) -> str:
    """The body for a message: UTF-8, shortened, the session removed."""
    text = response.content.decode("utf-8", "replace")
    session = _session_of(response)
    if session:
        text = text.replace(session, "[session]")
    return text if len(text) <= _QUOTED_ANSWER else text[:_QUOTED_ANSWER] + " …"


def _says_expired(response: Response) -> bool:
    """1.0 says so with 400 and InvalidSessionId, the REST layer with 401."""
    if response.status_code not in (400, 401):
        return False
    code = fault_of(response).code
    return code is not None and fault_type(code) is SessionExpired


def _session_of(response: Response) -> str:
    request = getattr(response, "request", None)
    value = request.headers.get("X-SFDC-Session", "") if request is not None else ""
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _pieces(response: Response, piece_bytes: int, job_id: str, batch_id: str) -> Iterator[bytes]:
    last = b""
    try:
        for piece in read_body(response, piece_bytes):
            last = piece
            yield piece.replace(b"\0", b"") if b"\0" in piece else piece
        if last and not _ends_well(response, last):
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
    except BulkApiError as error:
        _name(error, job_id, batch_id)
        raise


def _ends_well(response: Response, last: bytes) -> bool:
    """Whether a body without any other proof of its end stops where a document can."""
    if proves_its_end(response):
        return True
    end = last.rstrip(b" ") if last.endswith(b" ") else last
    return end.endswith((b"\n", b">", b"]", v1.NO_RECORDS[-8:]))


def _name(error: BulkApiError, job_id: str | None, batch_id: str | None) -> None:
    """Put job and batch into an error's fields and its message."""
    if job_id is None or error.job_id is not None:
        return
    error.job_id = job_id
    error.batch_id = batch_id
    error.args = (f"{error} ({_ids(job_id, batch_id)})", *error.args[1:])


def _ids(job_id: str | None, batch_id: str | None) -> str:
    if batch_id is not None:
        return f"batch {batch_id} of job {job_id}"
    return f"job {job_id}" if job_id is not None else "no job yet"


def _batch(job_id: str, batch_id: str) -> str:
    return f"job/{job_id}/batch/{batch_id}"
