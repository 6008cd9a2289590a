"""Bulk API 1.0 over HTTP: one method an endpoint.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API" chapter). What is sent and what comes back is in `wire.v1`.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from salesforce_bulk import bulk_states
from salesforce_bulk.errors import (
    AmbiguousUpload,
    BulkApiError,
    IncompleteBody,
    InvalidJobState,
    UnexpectedResponse,
)
from salesforce_bulk.http.body import PIECE_BYTES, proves_its_end, read_body
from salesforce_bulk.http.call import (
    Call,
    Caller,
    add_to_message,
    html_instead,
    may_be_done,
    name_error,
)
from salesforce_bulk.http.clock import Deadline
from salesforce_bulk.http.polling import StateWatch
from salesforce_bulk.models import UploadResult
from salesforce_bulk.wire import media, v1

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response

log = logging.getLogger("salesforce_bulk")

#: Bytes of the end of a body that tell whether a document can stop there.
_TAIL = len(v1.NO_RECORDS)
#: Documents that the rows or the results of a batch may be as large as: 64 MB, or 6 KB a row.
_OF_A_BATCH = 8
#: How a page of a proxy or a login begins, whatever its Content-Type says.
_HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


class BulkV1:
    """The endpoints of Bulk API 1.0.

    Args:
        caller: makes the calls, below ``/services/async/{version}``.
        parse: reads a jobInfo, a batchInfo or a list of them; the client's own
            ``parse_response``, which a subclass may override.
    """

    def __init__(self, caller: Caller, parse: Callable[[Response], Any]) -> None:
        self._caller = caller
        self._parse = parse
        self._watch = StateWatch(caller.clock)
        # By the id of a batch, what stands for the call that it answered.
        self._answers: dict[str, object] = {}
        # The digest of each batch that was posted to a job that was made here; a list, because
        # threads append to it at once.
        self._posted: dict[str, list[bytes]] = {}

    def until(self, deadline: Deadline) -> BulkV1:
        """The same endpoints, for what has to end by a deadline."""
        bound = copy.copy(self)
        bound._caller = self._caller.until(deadline)
        return bound

    @property
    def clock(self) -> Deadline:
        """What waits and measures."""
        return self._caller.clock

    @property
    def address(self) -> str:
        """Where the org is: ``https://host/services/async/{version}``."""
        return self._caller.address

    # Jobs

    def create_job(self, document: bytes, headers: Mapping[str, str]) -> v1.Info:
        """POST /job: the jobInfo of the new job."""
        try:
            info = self._caller.read(Call("POST", "job", document, headers), self._one)
        except BulkApiError as error:
            if may_be_done(error):
                add_to_message(
                    error,
                    "A job may have been created; it holds no batch, so it does nothing, and may "
                    "be left alone or aborted in Setup. Create another.",
                )
            raise
        self._posted[str(info.get("id"))] = []
        return info

    def job(self, job_id: str) -> v1.Info:
        """GET /job/{id}: the jobInfo."""
        return self._caller.read(
            Call("GET", f"job/{job_id}", job_id=job_id),
            lambda answer: _about(answer, self._one(answer), id=job_id),
        )

    def set_job_state(self, job_id: str, document: bytes, state: str) -> None:
        """POST /job/{id}: close or abort. Repeated where an answer was lost: a job that
        reached the state by the first try counts as done.

        Raises:
            AmbiguousUpload: a job that was made here was closed, and holds a batch twice.
        """
        call = Call("POST", f"job/{job_id}", document, job_id=job_id, repeatable=True)
        try:
            answer = self._caller.make(call)
        except InvalidJobState:
            if self.job(job_id).get("state") != state:
                raise
        except BulkApiError as error:
            if may_be_done(error):
                add_to_message(
                    error, f"The job may be {state} all the same; the call may be repeated."
                )
            raise
        else:
            if state == bulk_states.CLOSED:
                self._check_batch_count(job_id, answer)

    def _check_batch_count(self, job_id: str, answer: Response) -> None:
        """Where a job that was made here has more batches than were posted, something repeats.

        Raises:
            AmbiguousUpload: one of them holds once more what was posted.
        """
        posted = self._posted.pop(job_id, [])
        if not posted or not answer.raw.version:
            return  # another program posts its batches, or a program's own test its answers
        try:
            info = self._one(answer)
            held = int(info.get("numberBatchesTotal") or 0)
        except Exception:  # noqa: BLE001 - a subclass reads an answer that 2.2.0 never read
            return
        if held <= len(posted) or str(info.get("operation")).startswith("query"):
            return  # the server cuts queries into batches of its own
        batch_id = self._repeated_batch(job_id, posted)
        if batch_id is not None:
            raise AmbiguousUpload(
                f"Job {job_id} holds batch {batch_id}, which is once more a batch that was posted, "
                "so that its rows are in the org twice, or will be. Something on the way repeats "
                "requests: a proxy, or an adapter with retries of its own. Compare "
                "get_batch_list(job_id) with the batches that post_batch returned, and the org's "
                "records with the rows.",
                job_id=job_id,
                batch_id=batch_id,
            )
        log.warning(
            "Job %s holds %d batches, and this client posted %d. Another program uses the job, or "
            "something on the way repeats requests: compare get_batch_list(job_id) with the "
            "batches that post_batch returned.",
            job_id,
            held,
            len(posted),
        )

    def _repeated_batch(self, job_id: str, posted: list[bytes]) -> str | None:
        """A batch that holds what was posted and that no call was answered with; None where there
        are no more of them than lost answers, or the job cannot be looked at."""
        try:
            listed = [str(info.get("id")) for info in self.batches(job_id)]
            unknown = [batch_id for batch_id in listed if batch_id not in self._answers]
            known = len(listed) - len(unknown)
            same = [one for one in unknown if _digest(self.batch_request(job_id, one)) in posted]
        except BulkApiError as error:
            log.warning("The batches of job %s could not be compared: %s", job_id, error)
            return None
        lost = max(0, len(posted) - known)
        return same[lost] if len(same) > lost else None

    def add_spec(self, job_id: str, mapping: bytes) -> None:
        """POST /job/{id}/spec: the field mapping for the batches that follow."""
        call = Call("POST", f"job/{job_id}/spec", mapping, media_type=media.CSV, job_id=job_id)
        try:
            self._caller.make(call)
        except BulkApiError as error:
            if may_be_done(error):
                add_to_message(error, "The mapping may have been stored; go on with a new job.")
            raise

    def schema(self) -> bytes:
        """GET /AsyncApi.xsd."""
        return self._caller.make(Call("GET", "AsyncApi.xsd")).content

    # Batches

    def add_batch(self, job_id: str, body: bytes, media_type: str) -> v1.Info:
        """POST /job/{id}/batch: the batchInfo of the new batch.

        Raises:
            AmbiguousUpload: the answer was lost, or is that to another batch; the batch may exist.
        """
        call = Call("POST", f"job/{job_id}/batch", body, media_type=media_type, job_id=job_id)
        if job_id in self._posted:
            self._posted[job_id].append(_digest(body))
        try:
            return self._caller.read(call, lambda answer: self._own_answer(job_id, answer))
        except BulkApiError as error:
            if not may_be_done(error):
                raise
            raise AmbiguousUpload(
                f"{error} The batch may have been added to job {job_id}; "
                "look at get_batch_list(job_id) before posting it again.",
                error.status_code,
                error_code=error.error_code,
                error_message=error.error_message,
                job_id=job_id,
            ) from (error.__cause__ or error)

    def _own_answer(self, job_id: str, answer: Response) -> v1.Info:
        info = self._one(answer)
        batch_id, answered_job = str(info.get("id") or ""), str(info.get("jobId") or job_id)
        if not answer.raw.version:
            return info  # from a program's own test, where all batches may have one id
        # setdefault is one step: of two threads with the same answer one is the first.
        given = object()
        if answered_job[:15] != job_id[:15]:
            raise UnexpectedResponse(f"The answer names batch {batch_id} of job {answered_job}.")
        if batch_id and self._answers.setdefault(batch_id, given) is not given:
            raise UnexpectedResponse(f"The answer is that to an earlier batch, {batch_id}.")
        return info

    def batches(self, job_id: str) -> list[v1.Info]:
        """GET /job/{id}/batch: the batchInfos."""
        return self._caller.read(
            Call("GET", f"job/{job_id}/batch", job_id=job_id, documents=_OF_A_BATCH),
            lambda answer: [
                self._watch_state(job_id, _about(answer, info, jobId=job_id))
                for info in v1.batch_infos(self._parse(answer))
            ],
        )

    def batch(self, job_id: str, batch_id: str) -> v1.Info:
        """GET /job/{id}/batch/{id}: the batchInfo."""
        info = self._caller.read(
            _get(job_id, batch_id),
            lambda answer: _about(answer, self._one(answer), id=batch_id, jobId=job_id),
        )
        return self._watch_state(job_id, info)

    def _watch_state(self, job_id: str, info: v1.Info) -> v1.Info:
        state = v1.batch_state(info)
        self._watch.note(state, bulk_states.BATCH_STATES, job_id, info.get("id"))
        return info

    def batch_request(self, job_id: str, batch_id: str) -> bytes:
        """GET …/request: the batch as it was posted."""
        call = _get(job_id, batch_id, "/request", documents=_OF_A_BATCH)
        return self._caller.make(call).content

    def _one(self, answer: Response) -> v1.Info:
        return v1.one_info(self._parse(answer))

    # Results

    def result_body(self, job_id: str, batch_id: str) -> bytes:
        """GET …/result of a load, unread: CSV for a CSV job."""
        call = _get(job_id, batch_id, "/result", documents=_OF_A_BATCH)
        return self._caller.make(call).content

    def row_results(self, job_id: str, batch_id: str) -> list[UploadResult]:
        """GET …/result of a load: one result a row, in the order of the rows."""
        return self._caller.read(
            _get(job_id, batch_id, "/result", documents=_OF_A_BATCH),
            lambda answer: v1.read_row_results(
                answer.headers.get("Content-Type"), _without_next_page(answer).content
            ),
        )

    def result_ids(self, job_id: str, batch_id: str) -> list[str]:
        """GET …/result of a query: the ids of its result files."""
        return self._caller.read(
            _get(job_id, batch_id, "/result"),
            lambda answer: v1.read_result_ids(answer.headers.get("Content-Type"), answer.content),
        )

    def open_result(self, job_id: str, batch_id: str, result_id: str) -> Response:
        """GET …/result/{id}: one result file, its body unread."""
        return self._caller.make(_get(job_id, batch_id, f"/result/{result_id}", stream=True))

    def stream_result(
        self, job_id: str, batch_id: str, result_id: str, piece_bytes: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """One result file in pieces, without NULs, complete or an error.

        The request is sent now, the pieces are read as they are taken.
        """
        call = _get(job_id, batch_id, f"/result/{result_id}", stream=True)
        return _Download(self._caller.make(call), piece_bytes, call)


def _about(answer: Response, info: v1.Info, **wanted: str) -> v1.Info:
    """The info, where it is of the job and the batch that were asked for."""
    for name, asked in wanted.items():
        named = str(info.get(name) or asked)
        # From a program's own test, where all jobs and batches may have one id, it has no version.
        if named[:15] != asked[:15] and answer.raw.version:
            raise UnexpectedResponse(
                f"The answer for {asked} is about {named}; something on the way gives the answers "
                "to other requests."
            )
    return info


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


class _Download:
    """The pieces of a result file, without NULs. Once it broke off it stays broken: a reader
    that goes on after the error must not take what it has for the whole."""

    def __init__(self, response: Response, piece_bytes: int, call: Call) -> None:
        self._response = response
        self._pieces = _check_body_end(response, piece_bytes)
        self._call = call
        self._failure: BulkApiError | None = None

    def __iter__(self) -> _Download:
        return self

    def __next__(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        try:
            piece = next(self._pieces)
        except BulkApiError as error:
            name_error(error, self._call)
            self._failure = error
            raise
        return piece.replace(b"\0", b"") if b"\0" in piece else piece

    def close(self) -> None:
        """Give up the rest, and the connection."""
        self._pieces.close()
        # A generator that never began does not close what it would have read.
        self._response.close()


def _check_body_end(response: Response, piece_bytes: int) -> Generator[bytes, None, None]:
    """The pieces of a body; one whose end nothing else proves must stop like a document."""
    proven = _proven(response)
    quotes, tail = 0, b""
    for number, piece in enumerate(read_body(response, piece_bytes)):
        if number == 0 and _HTML.match(piece):
            raise html_instead(response)
        if not proven:
            quotes += piece.count(b'"')
            tail = (tail + piece)[-_TAIL:]
        yield piece
    if not proven and (quotes % 2 or not _stops_like_a_document(tail)):
        raise _cut_off()


def _without_next_page(answer: Response) -> Response:
    """The answer, if it is proven to be whole or stops where one can."""
    if not (_proven(answer) or _stops_like_a_document(answer.content)):
        raise _cut_off()
    return answer


def _proven(response: Response) -> bool:
    # What never came over a wire, as in programs' tests with requests_mock, has no version.
    return proves_its_end(response) or not response.raw.version


def _stops_like_a_document(body: bytes) -> bool:
    return body.rstrip(b" ").endswith((b"\n", b">", b"]", v1.NO_RECORDS))


def _cut_off() -> IncompleteBody:
    return IncompleteBody("The answer ends within a record. Fetch it again.")


def _get(job_id: str, batch_id: str, below: str = "", **how: Any) -> Call:
    return Call(
        "GET", f"job/{job_id}/batch/{batch_id}{below}", job_id=job_id, batch_id=batch_id, **how
    )
