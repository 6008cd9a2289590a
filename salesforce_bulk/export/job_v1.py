"""A query as a job of Bulk API 1.0: its batches, its PK chunks through their whole life.

Guide: "Bulk Query", "How Bulk Queries Are Processed", "PK Chunking Header".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesforce_bulk import bulk_states
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import (
    AmbiguousUpload,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    InvalidInput,
    InvalidJob,
    JobFailed,
    ReconciliationError,
)
from salesforce_bulk.export.csv_file import ResumePoint
from salesforce_bulk.export.download import Download, expired
from salesforce_bulk.export.page_address import PageAddress, pages_after
from salesforce_bulk.export.pk_chunking import chunking_header
from salesforce_bulk.http.call import may_be_done
from salesforce_bulk.models import JobInfo
from salesforce_bulk.wire import media, v1

log = logging.getLogger("salesforce_bulk")

#: Further tries of a chunk that failed, each in a job of its own.
_CHUNK_TRIES = 2
#: Questions in a row, and seconds, in which the same batches are the answer before no further
#: chunk is expected; the guide names no sign by which the server says that it has made the last
#: one.
_STEADY_ANSWERS = 3
_STEADY_SECONDS = 5.0
#: How often batches are asked for between two looks at their job.
_ASKS_OF_BATCHES = 10
#: Questions in a row where something says that the list is not complete: the query was split and
#: not one chunk has come, or the job counts more batches than it lists.
_STEADY_DOUBTFUL = 30
#: What is said of a query that is too much at once.
_TOO_MUCH = re.compile(r"QUERY_TIMEOUT|(?:Retried|Tried) more than|Failed to write query result")
#: The bounds that the server puts into a chunk's query, which it prints without quotes. Share
#: and History tables are cut by the ids of their parent.
_BARE_BOUND = re.compile(
    r"'(?:[^'\\]|\\.)*'"
    r"|\b(?P<field>\w*Id\s*(?:>=|<)\s*)(?P<id>[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)\b"
)


@dataclass(frozen=True)
class QueryV1:
    """What a 1.0 query job is made of.

    Attributes:
        soql, object: the query and its object.
        content_type: ``CSV``, ``JSON`` or ``XML``.
        include_deleted: ``queryAll``.
        pk_chunking: the header's value; None without.
        can_be_chunked: whether the query may be repeated with chunking where it times out.
    """

    soql: str
    object: str
    content_type: str = "CSV"
    include_deleted: bool = False
    pk_chunking: str | None = None
    can_be_chunked: bool = False


@dataclass(frozen=True)
class QueryBatch:
    """One batch, as its batchInfo says."""

    job_id: str
    id: str
    state: str
    message: str | None
    rows: int

    @property
    def is_done(self) -> bool:
        return self.state in bulk_states.BATCH_TERMINAL_STATES


#: Takes what has to be known again after a crash.
Record = Callable[[dict[str, Any]], None]


class QueryJobV1:
    """One query job, and the jobs in which parts of it are repeated.

    Args:
        access: the org.
        query: None for a job of another process, which is read as it is.
        job_id: of the job.
        note: takes sentences that the user is to see.
        record: takes what a crash must not forget.
    """

    __slots__ = ("__dict__", "access")

    api = "1.0"
    lists_pages = True

    def __init__(
        self,
        access: OrgAccess,
        query: QueryV1 | None,
        job_id: str,
        *,
        content_type: str = "CSV",
        note: Callable[[str], None] = log.warning,
        record: Record = lambda entry: None,
    ) -> None:
        self.job_id = job_id
        self.content_type = query.content_type if query else content_type
        self.access = access
        self._query = query
        self._note = note
        self._record = record
        self._asks = 0
        self._steady = 0
        self._steady_since = 0.0
        self._known: tuple[str, ...] = ()
        self._split = False
        self._posted = True
        self._closed = False
        self._finished: list[QueryBatch] | None = None
        #: For each failed chunk the (job, batch) pairs in which it was tried again.
        self._tries: dict[str, list[tuple[str, str]]] = {}

    @classmethod
    def create(
        cls,
        access: OrgAccess,
        query: QueryV1,
        note: Callable[[str], None],
        record: Record,
    ) -> QueryJobV1:
        """Make the job and post the query."""
        job = cls(access, query, "", note=note, record=record)
        job.make()
        return job

    def make(self) -> None:
        """Make a job with the query in it, in place of the job so far, if there was one."""
        query = self._query
        if query is None:
            raise RuntimeError("a job of another process is read as it is")

        def made(job_id: str) -> None:
            self._posted = False
            self.job_id = job_id
            self._record({"do": "job", "job": job_id, "chunked": query.pk_chunking})

        _job_with_query(self.access, query, made)
        self._posted = True
        self._record({"do": "posted", "job": self.job_id})

    def remember(self, entries: list[dict[str, Any]]) -> None:
        """Take up what an earlier process recorded: chunks that were tried again."""
        for entry in entries:
            if entry["do"] == "chunk again":
                pair = (entry["job"], entry["batch"])
                self._tries.setdefault(entry["failed"], []).append(pair)

    def ensure_posted(self) -> None:
        """Make another job, unless this one has the query already."""
        if self._query is not None and not self.access.v1.batches(self.job_id):
            self.make()
        self._posted = True

    @property
    def job(self) -> JobInfo:
        """The jobInfo, asked for now."""
        info = v1.as_text(self.access.v1.job(self.job_id))
        return JobInfo(
            id=self.job_id,
            state=info.get("state") or "",
            operation=info.get("operation"),
            object=info.get("object"),
            api_version=info.get("apiVersion"),
            rows_processed=self.rows,
            created=info.get("createdDate"),
            fields=dict(info),
        )

    @property
    def rows(self) -> int | None:
        """Rows of all batches by the server's count; None before all are done."""
        return None if self._finished is None else sum(batch.rows for batch in self._finished)

    @property
    def batches(self) -> list[QueryBatch]:
        """The batches that hold the result, in the order of their ids."""
        return list(self._finished or ())

    def _counts(self, batch: QueryBatch) -> bool:
        """Whether a batch's own number of rows is to be relied on.

        CSV batches count; a JSON batch with rows was recorded that says 0.
        """
        return batch.rows > 0 or self.content_type == "CSV"

    def through(self, access: OrgAccess) -> QueryJobV1:
        """The same job, by another way to its org; what is known of it, both know."""
        view = object.__new__(type(self))
        view.__dict__ = self.__dict__
        view.access = access
        return view

    def abort(self) -> None:
        """End the job without a result."""
        state = bulk_states.ABORTED
        self.access.v1.set_job_state(self.job_id, v1.state_document(state), state)

    # Waiting

    def is_done(self) -> bool:
        """Ask the server for the batches.

        Raises:
            BulkBatchFailed: the query failed, or a chunk did again and again.
            BulkJobAborted: somebody aborted the job.
            ResultsExpired: the server does not know it any more.
        """
        if self._finished is not None:
            return True
        if not self._posted:
            self.ensure_posted()
        batches = self._batches(self.job_id)
        if not batches or not all(batch.is_done for batch in batches):
            self._steady = 0
            self._asks += 1
            # What is queued when its job is aborted may stay so: look at the job now and then.
            queued = any(batch.state == bulk_states.QUEUED for batch in batches)
            if queued and self._asks % _ASKS_OF_BATCHES == 0:
                self._refuse_aborted()
            return False
        split = [batch for batch in batches if batch.state == bulk_states.NOT_PROCESSED]
        if split and not self._is_steady(batches, len(split) < len(batches)):
            return False
        if split:
            lost = self._chunks_among(split)
            holding = [batch for batch in batches if batch not in split or batch in lost]
            results = [self._result_of(chunk) for chunk in holding]
        else:
            results = [self._only(batch) for batch in batches]
        finished = [batch for batch in results if batch is not None]
        if len(finished) < len(results):
            return False
        self._finished = finished
        self._split = bool(split)
        if not split:
            self._close()
        return True

    def _refuse_aborted(self) -> None:
        info = v1.as_text(self.access.v1.job(self.job_id))
        if info.get("state") == bulk_states.ABORTED:
            raise BulkJobAborted(self.job_id)

    def _batches(self, job_id: str) -> list[QueryBatch]:
        try:
            found = [_batch(job_id, info) for info in self.access.v1.batches(job_id)]
        except InvalidJob as error:
            raise expired(job_id, error) from error
        # By id and not as listed: the same order after a crash, and that of their making.
        return sorted(found, key=lambda batch: batch.id)

    def _is_steady(self, batches: list[QueryBatch], any_chunk: bool) -> bool:
        """Whether the list of batches has stopped growing.

        NotProcessed is what becomes of a batch that was split, and of all batches of a job
        that was aborted.
        """
        info = v1.as_text(self.access.v1.job(self.job_id))
        self._refuse_ended(info.get("state"))
        now = self.access.clock.monotonic()
        known = tuple(batch.id for batch in batches)
        if known != self._known or not self._steady:
            self._known, self._steady, self._steady_since = known, 0, now
        self._steady += 1
        counted = int(info.get("numberBatchesTotal") or 0)
        if any_chunk and counted <= len(batches):
            waited = now - self._steady_since
            return self._steady >= _STEADY_ANSWERS and waited >= _STEADY_SECONDS
        if self._steady < _STEADY_DOUBTFUL:
            return False
        if any_chunk:
            raise ReconciliationError(
                f"Job {self.job_id} counts {counted} batches and lists {len(batches)}, so chunks "
                "are missing. Run the export again.",
                evidence={"counted": counted, "listed": list(known)},
                job_id=self.job_id,
            )
        raise BulkBatchFailed(
            self.job_id,
            batches[0].id,
            f"{batches[0].message or 'not processed'}; no chunk of it has come",
            bulk_states.NOT_PROCESSED,
        )

    def _refuse_ended(self, state: str | None) -> None:
        """A job that ended before its time has no further chunks, and chunks without results."""
        if state == bulk_states.ABORTED:
            raise BulkJobAborted(self.job_id)
        if state == bulk_states.FAILED:
            raise JobFailed(
                f"Job {self.job_id} ended {state} while its query was split into chunks; look at "
                "it in Setup.",
                job_id=self.job_id,
            )

    def _chunks_among(self, split: list[QueryBatch]) -> list[QueryBatch]:
        """The batches that are NotProcessed and yet not what was split: their rows are missing."""
        if len(split) == 1:
            return []
        return [batch for batch in split if _is_chunk_query(self._request(batch))]

    def _request(self, batch: QueryBatch) -> str:
        return self.access.v1.batch_request(batch.job_id, batch.id).decode("utf-8")

    def _only(self, batch: QueryBatch) -> QueryBatch | None:
        """The batch of a query that was not split."""
        if batch.state == bulk_states.COMPLETED:
            return batch
        if not batch.message:
            self._refuse_aborted()  # it may be what the abort left of it
        failed = BulkBatchFailed(batch.job_id, batch.id, batch.message, batch.state)
        if not _TOO_MUCH.search(batch.message or ""):
            raise failed
        self._repeat_chunked(failed)
        return None

    def _repeat_chunked(self, failed: BulkBatchFailed) -> None:
        query = self._query
        if query is None or query.pk_chunking or not query.can_be_chunked:
            raise failed
        try:
            header = chunking_header(query.object, True)
        except InvalidInput as refused:
            raise failed from refused
        self._note(
            f"The query of job {self.job_id} timed out or was too much at once "
            f"({failed.state_message}); it is repeated with PK chunking ({header})."
        )
        self._query = QueryV1(query.soql, query.object, query.content_type, False, header)
        self.make()

    def _result_of(self, chunk: QueryBatch) -> QueryBatch | None:
        """The completed batch for a chunk: itself, or its latest try; None while that runs."""
        if chunk.state == bulk_states.COMPLETED:
            return chunk
        tries = self._tries.setdefault(chunk.id, [])
        latest = chunk
        if tries:
            job_id, batch_id = tries[-1]
            latest = _batch(job_id, self.access.v1.batch(job_id, batch_id))
            if latest.state == bulk_states.COMPLETED:
                return latest
            if not latest.is_done:
                return None
        if len(tries) >= _CHUNK_TRIES:
            raise BulkBatchFailed(latest.job_id, latest.id, latest.message, latest.state)
        self._note(f"Chunk {chunk.id} of job {self.job_id} failed ({latest.message}); again.")
        tries.append(self._try_again(chunk))
        return None

    def _try_again(self, chunk: QueryBatch) -> tuple[str, str]:
        """The chunk's own query in a job without chunking, which would split it once more."""
        info = v1.as_text(self.access.v1.job(self.job_id))
        query = QueryV1(
            _BARE_BOUND.sub(_quoted_bound, self._request(chunk)),
            info.get("object") or "",
            self.content_type,
            info.get("operation") == "queryAll",
        )
        job_id, batch_id = _job_with_query(self.access, query, lambda made: None)
        self._record({"do": "chunk again", "failed": chunk.id, "job": job_id, "batch": batch_id})
        return job_id, batch_id

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        jobs = {self.job_id, *(batch.job_id for batch in self.batches)}
        if self._query is None:
            jobs.remove(self.job_id)  # who made it may have further queries for it
        for job_id in sorted(jobs):
            _end(self.access, job_id, bulk_states.CLOSED)

    # Results

    def first_page(self) -> PageAddress | None:
        """Where the result begins; None of a result without a file."""
        return next(self.pages(), None)

    def downloads(
        self, make: Callable[[PageAddress], Download], taken: ResumePoint | None = None
    ) -> Iterator[Download]:
        """Page after page.

        Args:
            make: opens a page.
            taken: what an earlier process has read.
        """
        return map(make, pages_after(self.pages(), taken.keys if taken else ()))

    def refuse_more(self, rows: int) -> None:
        """Nothing to refuse: what the batches list are all pages that there are."""

    def differing(self, came: Mapping[str | None, int]) -> dict[str, object]:
        """Where other rows came than the server counted; empty where they are the same.

        Args:
            came: the rows of each batch.
        """
        found: dict[str, object] = {
            batch.id: {"expected": batch.rows, "got": came.get(batch.id, 0)}
            for batch in self.batches
            if batch.rows != came.get(batch.id, 0) and self._counts(batch)
        }
        rows = sum(came.values())
        if not found and self.rows != rows:
            log.warning("Job %s counts %s of %d rows that came", self.job_id, self.rows, rows)
        return found

    def pages(self) -> Generator[PageAddress, None, None]:
        """The result files of all batches, in order; the batches are done by then.

        Raises:
            ReconciliationError: a chunk came after all the others were done and listed.
        """
        for batch in self.batches:
            try:
                ids = self.access.v1.result_ids(batch.job_id, batch.id)
            except InvalidJob as error:
                raise expired(batch.job_id, error) from error
            if not ids and batch.rows:
                raise ReconciliationError(
                    f"Batch {batch.id} of job {batch.job_id} processed {batch.rows:,} rows and "
                    "lists no result.",
                    expected=batch.rows,
                    got=0,
                    evidence={"batch": batch.id},
                    job_id=batch.job_id,
                    batch_id=batch.id,
                )
            for result_id in ids:
                yield PageAddress(
                    batch.job_id,
                    self.content_type,
                    batch_id=batch.id,
                    result_id=result_id,
                    rows=batch.rows if len(ids) == 1 and self._counts(batch) else None,
                )
        if self._split:
            self._refuse_late_chunks()
            # Not before: the guide has such a job closed when all chunks were fetched, because
            # the server adds them by itself.
            self._close()

    def _refuse_late_chunks(self) -> None:
        late = [each.id for each in self._batches(self.job_id) if each.id not in self._known]
        if late:
            self._finished, self._steady = None, 0
            raise ReconciliationError(
                f"Job {self.job_id} has got further chunks, which are not in what was read: "
                f"{', '.join(late)}. Read the export again.",
                evidence={"late": late},
                job_id=self.job_id,
            )

    def soql(self) -> str:
        """The query as it was posted, of the first batch.

        Raises:
            InvalidInput: none was posted to the job.
        """
        batches = self._batches(self.job_id)
        if not batches:
            raise InvalidInput(f"Job {self.job_id} has no query yet.", job_id=self.job_id)
        return self._request(batches[0])


def _is_chunk_query(soql: str) -> bool:
    """Whether the query of a batch is cut to a range of ids, as that of a chunk is."""
    return any(found["id"] for found in _BARE_BOUND.finditer(soql))


def _quoted_bound(found: re.Match[str]) -> str:
    return f"{found['field']}'{found['id']}'" if found["id"] else found[0]


def _batch(job_id: str, info: Mapping[str, Any]) -> QueryBatch:
    return QueryBatch(
        job_id,
        str(info["id"]),
        v1.batch_state(info),
        info.get("stateMessage"),
        int(info.get("numberRecordsProcessed") or 0),
    )


def _new_job(access: OrgAccess, query: QueryV1) -> str:
    operation = "queryAll" if query.include_deleted else "query"
    document = v1.job_document(query.object, operation, query.content_type)
    headers = {"Sforce-Enable-PKChunking": query.pk_chunking} if query.pk_chunking else {}
    try:
        return str(access.v1.create_job(document, headers)["id"])
    except BulkApiError as error:
        if not may_be_done(error):
            raise
        # A job without a batch does nothing, so another one does no harm.
        return str(access.v1.create_job(document, headers)["id"])


def _job_with_query(
    access: OrgAccess, query: QueryV1, made: Callable[[str], None]
) -> tuple[str, str]:
    """A new job and the batch that is the query.

    Where an answer is lost and the job has no batch, the query may still be on its way: posted
    to the same job once more it could run twice, so it is posted to a job of its own.

    Args:
        made: takes the id of each job, before anything is posted to it.
    """
    job_id = _new_job(access, query)
    made(job_id)
    try:
        return job_id, _post(access, job_id, query)
    except AmbiguousUpload as error:
        log.warning("Job %s is given up, another one made: %s", job_id, error)
        _end(access, job_id, bulk_states.ABORTED)
    job_id = _new_job(access, query)
    made(job_id)
    return job_id, _post(access, job_id, query)


def _post(access: OrgAccess, job_id: str, query: QueryV1) -> str:
    """Post the query; where the answer is lost, the job says whether it has it."""
    body = query.soql.encode("utf-8")
    media_type = media.BY_CONTENT_TYPE[query.content_type]
    try:
        return str(access.v1.add_batch(job_id, body, media_type)["id"])
    except AmbiguousUpload:
        batches = access.v1.batches(job_id)
        if not batches:
            raise
        return str(batches[0]["id"])


def _end(access: OrgAccess, job_id: str, state: str) -> None:
    try:
        access.v1.set_job_state(job_id, v1.state_document(state), state)
    except BulkApiError as error:
        # The results are there all the same; an open job ends by itself after a day.
        log.warning("Job %s could not be set to %s: %s", job_id, state, error)
