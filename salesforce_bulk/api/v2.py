"""Bulk API 2.0 over HTTP: one method an endpoint.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API 2.0" chapter). What is sent and what comes back is in `wire.v2`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from salesforce_bulk import bulk_states
from salesforce_bulk.errors import (
    AmbiguousUpload,
    ApiFault,
    BulkApiError,
    InvalidJob,
    InvalidJobState,
    NotFound,
    ResultsNotReady,
    UnexpectedResponse,
)
from salesforce_bulk.http.body import PIECE_BYTES, read_body
from salesforce_bulk.http.call import Call, Caller, may_be_done, name_error
from salesforce_bulk.http.clock import Deadline
from salesforce_bulk.http.polling import StateWatch
from salesforce_bulk.models import JobInfo
from salesforce_bulk.wire import media, v2
from salesforce_bulk.wire.document import UnreadableDocument

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response

INGEST = "jobs/ingest"
QUERY = "jobs/query"

#: The three result files of an ingest job, as the paths name them.
RESULT_KINDS = ("successfulResults", "failedResults", "unprocessedrecords")

_T = TypeVar("_T")

_COUNT = re.compile(r"[0-9]{1,18}")

#: Statuses with which servers of different ages say that results are not there yet.
_NOT_READY = frozenset({204, 412})
#: Lists of jobs behind one another, of a thousand jobs or more each: in the days for which an org
#: keeps jobs it takes 105,000 batches.
_JOB_LISTS = 1_000
#: Lists of result pages behind one another that name none.
_EMPTY_LISTS = 100
#: Seconds between tries where a job is complete and its results are not there yet.
_LATE_RESULTS = (0.5, 1.0, 2.0, 4.0)


class ResultPage(NamedTuple):
    """One page of query results, its body unread."""

    response: Response
    rows: int | None
    locator: str | None


class BulkV2:
    """The endpoints of Bulk API 2.0.

    Args:
        caller: makes the calls, below ``/services/data/v{version}``.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._watch = StateWatch(caller.clock)

    def until(self, deadline: Deadline) -> BulkV2:
        """The same endpoints, for what has to end by a deadline."""
        bound = copy.copy(self)
        bound._caller = self._caller.until(deadline)
        return bound

    # Ingest

    def create_ingest_job(self, document: bytes) -> JobInfo:
        """POST /jobs/ingest: the new job, ``Open``."""
        return self._job(Call("POST", INGEST, document, media_type=media.JSON))

    def upload(self, job_id: str, body: bytes) -> None:
        """PUT /jobs/ingest/{id}/batches: the job's data, once.

        Raises:
            AmbiguousUpload: the answer was lost; the data may be there.
        """
        path = f"{INGEST}/{job_id}/batches"
        call = Call("PUT", path, body, media_type=media.CSV, job_id=job_id, repeatable=False)
        try:
            self._caller.make(call)
        except BulkApiError as error:
            if not may_be_done(error):
                raise
            raise AmbiguousUpload(
                f"{error} The data may have been stored in job {job_id}, which is still Open; "
                "abort it and load the rows in a new job.",
                error.status_code,
                job_id=job_id,
            ) from (error.__cause__ or error)

    def ingest_job(self, job_id: str) -> JobInfo:
        """GET /jobs/ingest/{id}."""
        return self._job(Call("GET", f"{INGEST}/{job_id}", media_type=media.JSON, job_id=job_id))

    def set_ingest_state(self, job_id: str, state: str) -> JobInfo:
        """PATCH /jobs/ingest/{id}: ``UploadComplete`` or ``Aborted``."""
        return self._set_state(INGEST, job_id, state)

    def delete_ingest_job(self, job_id: str) -> None:
        """DELETE /jobs/ingest/{id}; a job that is gone already counts as deleted."""
        self._delete(INGEST, job_id)

    def ingest_results(
        self, job_id: str, kind: str, piece_bytes: int = PIECE_BYTES
    ) -> Iterator[bytes]:
        """GET one of `RESULT_KINDS`: CSV in pieces; nothing where the server has no content."""
        path = f"{INGEST}/{job_id}/{kind}"
        call = Call("GET", path, media_type=media.CSV, job_id=job_id, stream=True)
        response = self._caller.make(call)
        return _name_call(read_body(response, piece_bytes), call)

    def ingest_jobs(self) -> Iterator[JobInfo]:
        """GET /jobs/ingest: all jobs of the org that the user may see, page after page."""
        return self._jobs(INGEST)

    # Query

    def create_query_job(self, document: bytes) -> JobInfo:
        """POST /jobs/query: the new job; it starts at once."""
        return self._job(Call("POST", QUERY, document, media_type=media.JSON))

    def query_job(self, job_id: str) -> JobInfo:
        """GET /jobs/query/{id}."""
        return self._job(Call("GET", f"{QUERY}/{job_id}", media_type=media.JSON, job_id=job_id))

    def abort_query_job(self, job_id: str) -> JobInfo:
        """PATCH /jobs/query/{id}."""
        return self._set_state(QUERY, job_id, bulk_states.ABORTED)

    def delete_query_job(self, job_id: str) -> None:
        """DELETE /jobs/query/{id}; a job that is gone already counts as deleted."""
        self._delete(QUERY, job_id)

    def query_jobs(self) -> Iterator[JobInfo]:
        """GET /jobs/query: 2.0 query jobs and 1.0 jobs, page after page."""
        return self._jobs(QUERY)

    def open_page(
        self, job_id: str, locator: str | None = None, max_records: int | None = None
    ) -> ResultPage:
        """GET /jobs/query/{id}/results: one page, its body unread.

        Raises:
            ResultsNotReady: the job is not complete.
        """
        wanted = {"locator": locator, "maxRecords": max_records}
        query = urlencode({name: value for name, value in wanted.items() if value is not None})
        path = f"{QUERY}/{job_id}/results" + (f"?{query}" if query else "")
        call = Call("GET", path, media_type=media.CSV, job_id=job_id, stream=True)
        return self._when_there(lambda: self._page(call, job_id))

    def _when_there(self, ask: Callable[[], _T | BulkApiError]) -> _T:
        """What is asked for, as soon as it is there; an error says why it is not, although the job
        is complete."""
        for pause in _LATE_RESULTS:
            found = ask()
            if not isinstance(found, BulkApiError):
                return found
            self._caller.clock.sleep(pause)
        found = ask()
        if isinstance(found, BulkApiError):
            raise found
        return found

    def _page(self, call: Call, job_id: str) -> ResultPage | BulkApiError:
        try:
            response = self._caller.make(call)
        except ApiFault as error:
            return self._why_not_there(error, job_id)
        if response.status_code in _NOT_READY:
            response.close()
            job = self.query_job(job_id)
            # Without rows a complete result may have no content, not even a header.
            if job.state != bulk_states.JOB_COMPLETE or job.rows_processed != 0:
                return _not_there(job, response.status_code)
        return ResultPage(
            response,
            _count(response.headers.get("Sforce-NumberOfRecords")),
            v2.read_locator(response.headers.get("Sforce-Locator")),
        )

    def _why_not_there(self, error: ApiFault, job_id: str) -> BulkApiError:
        """Why a complete job has no results yet; raises where there is nothing to wait for."""
        if error.status_code in _NOT_READY or error.error_code == "JOB_NOT_COMPLETE":
            return _not_there(self.query_job(job_id), error.status_code)
        if not isinstance(error, NotFound) or not self._is_complete(job_id):
            raise error
        return error

    def _is_complete(self, job_id: str) -> bool:
        try:
            return self.query_job(job_id).state == bulk_states.JOB_COMPLETE
        except NotFound:
            return False

    def result_locators(self, job_id: str) -> Iterator[str | None]:
        """GET …/resultPages, call after call: the locator of each page; None is the first page's.

        For API version 58.0 and newer.
        """
        path: str | None = f"{QUERY}/{job_id}/resultPages"
        seen: set[str] = set()
        empty = 0
        while path is not None:
            call = Call("GET", path, media_type=media.JSON, job_id=job_id)
            page = self._when_there(partial(self._result_pages, call, job_id))
            for url in page.urls:
                yield _locator(url, job_id, "results")
            empty = 0 if page.urls else empty + 1
            if empty > _EMPTY_LISTS:
                raise UnexpectedResponse(
                    f"The lists of result pages of job {job_id} do not end: {empty} behind one "
                    "another name none. Run the export again, or without parallel=.",
                    job_id=job_id,
                )
            path = None
            if page.next_url is not None:
                locator = _locator(page.next_url, job_id, "resultPages")
                if locator is None or locator in seen:
                    raise UnexpectedResponse(
                        f"The next list of result pages of job {job_id} has no locator or leads "
                        "back.",
                        job_id=job_id,
                    )
                seen.add(locator)
                path = f"{QUERY}/{job_id}/resultPages?locator={quote(locator, safe='')}"

    def _result_pages(self, call: Call, job_id: str) -> v2.ResultPages | BulkApiError:
        try:
            page = self._caller.read(call, _read_result_pages)
        except ApiFault as error:
            return self._why_not_there(error, job_id)
        return page or _not_there(self.query_job(job_id), 204)

    # What both share

    def _job(self, call: Call) -> JobInfo:
        job = self._caller.read(call, lambda answer: v2.read_job(answer.content))
        if call.job_id is not None and job.id[:15] != call.job_id[:15]:
            raise UnexpectedResponse(
                f"The answer for job {call.job_id} is about job {job.id}; something on the way "
                "gives the answers to other requests.",
                job_id=call.job_id,
            )
        self._watch.note(job.state, bulk_states.JOB_STATES, job.id)
        return job

    def _set_state(self, root: str, job_id: str, state: str) -> JobInfo:
        # Repeated where an answer was lost: a job that reached the state counts as done.
        call = Call(
            "PATCH",
            f"{root}/{job_id}",
            v2.state_document(state),
            media_type=media.JSON,
            job_id=job_id,
            repeatable=True,
        )
        try:
            job = self._job(call)
        except (InvalidJobState, InvalidJob):
            job = self._job(Call("GET", f"{root}/{job_id}", media_type=media.JSON, job_id=job_id))
            if job.state != state and not (
                state == bulk_states.UPLOAD_COMPLETE
                and job.state in (bulk_states.IN_PROGRESS, *bulk_states.JOB_TERMINAL_STATES)
                and job.state != bulk_states.ABORTED
            ):
                raise
        # An org may answer 200 to the abort of what has ended, and do nothing.
        if state == bulk_states.ABORTED and job.state in (
            bulk_states.JOB_COMPLETE,
            bulk_states.FAILED,
        ):
            raise InvalidJobState(
                f"Job {job_id} was to be aborted and is {job.state}: it had ended before.",
                job_id=job_id,
            )
        return job

    def _delete(self, root: str, job_id: str) -> None:
        call = Call(
            "DELETE", f"{root}/{job_id}", media_type=media.JSON, job_id=job_id, repeatable=True
        )
        try:
            self._caller.make(call)
        except NotFound:
            return

    def _jobs(self, root: str) -> Iterator[JobInfo]:
        path: str | None = root
        seen = {root}
        while path is not None:
            call = Call("GET", path, media_type=media.JSON)
            page = self._caller.read(call, lambda answer: v2.read_job_page(answer.content))
            yield from page.jobs
            path = page.next_path
            if path in seen:
                raise UnexpectedResponse("The list of jobs leads back to a part that was read.")
            if len(seen) >= _JOB_LISTS:
                raise UnexpectedResponse(
                    f"The list of jobs does not end: after {len(seen):,} parts there are more, "
                    "which are more jobs than an org keeps. Something on the way may answer in its "
                    "place."
                )
            seen.add(path or root)


def _read_result_pages(answer: Response) -> v2.ResultPages | None:
    return None if answer.status_code in _NOT_READY else v2.read_result_pages(answer.content)


def _locator(url: str, job_id: str, resource: str) -> str | None:
    try:
        return v2.locator_of(url, job_id, resource)
    except UnreadableDocument as error:
        raise UnexpectedResponse(
            f"A list of result pages is not the API's: {error}.", job_id=job_id
        ) from error


def _name_call(pieces: Iterator[bytes], call: Call) -> Iterator[bytes]:
    try:
        yield from pieces
    except BulkApiError as error:
        name_error(error, call)
        raise


def _count(header: str | None) -> int | None:
    return int(header) if header is not None and _COUNT.fullmatch(header.strip()) else None


def _not_there(job: JobInfo, status: int | None) -> BulkApiError:
    """Why a complete job gave no results.

    Raises:
        ResultsNotReady: it is not complete.
    """
    if job.state != bulk_states.JOB_COMPLETE:
        raise ResultsNotReady(
            f"Job {job.id} is {job.state} and has no results; wait until it is JobComplete.",
            status,
            job_id=job.id,
        )
    return UnexpectedResponse(
        f"Job {job.id} is complete, with {job.rows_processed} rows, and the server gave no "
        "content for its results. Fetch them again.",
        status,
        job_id=job.id,
    )
