"""A query as a job of Bulk API 1.0: its batches, its PK chunks through their whole life.

Guide: "Bulk Query", "How Bulk Queries Are Processed", "PK Chunking Header".
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesforce_bulk import bulk_states
from salesforce_bulk.call import may_be_done
from salesforce_bulk.download import Page, expired
from salesforce_bulk.errors import (
    AmbiguousUpload,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    InvalidInput,
    InvalidJob,
    ReconciliationError,
)
from salesforce_bulk.models import JobInfo
from salesforce_bulk.org_access import OrgAccess
from salesforce_bulk.pk_chunking import chunking_header
from salesforce_bulk.wire import media, v1

log = logging.getLogger("salesforce_bulk")

#: Further tries of a chunk that failed, each in a job of its own.
_CHUNK_TRIES = 2
#: Questions in a row to which the same batches are the answer before no further chunk is
#: expected; the guide names no sign by which the server says that it has made the last one.
_STEADY_ANSWERS = 3
#: The same where the query was split and not one chunk has come.
_STEADY_WITHOUT_CHUNKS = 30
_TIMED_OUT = "QUERY_TIMEOUT"
#: The bounds that the server puts into a chunk's query, which it prints without quotes.
_BARE_BOUND = re.compile(r"\b(Id\s*(?:>=|<)\s*)([A-Za-z0-9]{15,18})\b")


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
class Batch:
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
        self._access = access
        self._query = query
        self._note = note
        self._record = record
        self._steady = 0
        self._known: tuple[str, ...] = ()
        self._finished: list[Batch] | None = None
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
        job_id = _new_job(access, query)
        record({"do": "job", "job": job_id, "chunked": query.pk_chunking})
        _post(access, job_id, query)
        record({"do": "posted", "job": job_id})
        return cls(access, query, job_id, note=note, record=record)

    def remember(self, entries: list[dict[str, Any]]) -> None:
        """Take up what an earlier process recorded: chunks that were tried again."""
        for entry in entries:
            if entry["do"] == "chunk again":
                pair = (entry["job"], entry["batch"])
                self._tries.setdefault(entry["failed"], []).append(pair)

    def ensure_posted(self) -> None:
        """Post the query, unless the job has it already."""
        if self._query is not None and not self._access.v1.batches(self.job_id):
            _post(self._access, self.job_id, self._query)

    @property
    def job(self) -> JobInfo:
        """The jobInfo, asked for now."""
        info = v1.as_text(self._access.v1.job(self.job_id))
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
    def batches(self) -> list[Batch]:
        """The batches that hold the result, in the order of their ids."""
        return list(self._finished or ())

    def abort(self) -> None:
        """End the job without a result."""
        state = bulk_states.ABORTED
        self._access.v1.set_job_state(self.job_id, v1.state_document(state), state)

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
        try:
            batches = self._batches(self.job_id)
        except InvalidJob as error:
            raise expired(self.job_id, error) from error
        if not batches or not all(batch.is_done for batch in batches):
            self._steady = 0
            return False
        split = [batch for batch in batches if batch.state == bulk_states.NOT_PROCESSED]
        holding = [batch for batch in batches if batch.state != bulk_states.NOT_PROCESSED]
        if split and not self._is_steady(batches, split, holding):
            return False
        if split and holding:
            results = [self._result_of(chunk) for chunk in holding]
        else:
            results = [self._only(batch) for batch in holding]
        finished = [batch for batch in results if batch is not None]
        if len(finished) < len(results):
            return False
        self._finished = finished
        self._close()
        return True

    def _batches(self, job_id: str) -> list[Batch]:
        found = [_batch(job_id, info) for info in self._access.v1.batches(job_id)]
        # By id and not as listed: the same order after a crash, and that of their making.
        return sorted(found, key=lambda batch: batch.id)

    def _is_steady(self, batches: list[Batch], split: list[Batch], chunks: list[Batch]) -> bool:
        """Whether the list of batches has stopped growing.

        NotProcessed is what becomes of a batch that was split, and of all batches of a job
        that was aborted.
        """
        state = self._access.v1.job(self.job_id).get("state")
        if state == bulk_states.ABORTED:
            raise BulkJobAborted(self.job_id)
        known = tuple(batch.id for batch in batches)
        self._steady = self._steady + 1 if known == self._known else 1
        self._known = known
        if chunks:
            return self._steady >= _STEADY_ANSWERS
        if self._steady >= _STEADY_WITHOUT_CHUNKS:
            raise BulkBatchFailed(
                self.job_id,
                split[0].id,
                f"{split[0].message or 'not processed'}; no chunk of it has come",
                bulk_states.NOT_PROCESSED,
            )
        return False

    def _only(self, batch: Batch) -> Batch | None:
        """The batch of a query that was not split."""
        if batch.state == bulk_states.COMPLETED:
            return batch
        failed = BulkBatchFailed(batch.job_id, batch.id, batch.message, batch.state)
        if _TIMED_OUT not in (batch.message or "") or self._query is None:
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
            f"The query of job {self.job_id} timed out ({failed.state_message}); it is repeated "
            f"with PK chunking ({header})."
        )
        self._query = QueryV1(query.soql, query.object, query.content_type, False, header)
        again = QueryJobV1.create(self._access, self._query, self._note, self._record)
        self.job_id = again.job_id

    def _result_of(self, chunk: Batch) -> Batch | None:
        """The completed batch for a chunk: itself, or its latest try; None while that runs."""
        if chunk.state == bulk_states.COMPLETED:
            return chunk
        tries = self._tries.setdefault(chunk.id, [])
        latest = chunk
        if tries:
            job_id, batch_id = tries[-1]
            latest = _batch(job_id, self._access.v1.batch(job_id, batch_id))
            if latest.state == bulk_states.COMPLETED:
                return latest
            if not latest.is_done:
                return None
        if len(tries) >= _CHUNK_TRIES:
            raise BulkBatchFailed(latest.job_id, latest.id, latest.message, latest.state)
        self._note(f"Chunk {chunk.id} of job {self.job_id} failed ({latest.message}); again.")
        tries.append(self._try_again(chunk))
        return None

    def _try_again(self, chunk: Batch) -> tuple[str, str]:
        """The chunk's own query in a job without chunking, which would split it once more."""
        text = self._access.v1.batch_request(chunk.job_id, chunk.id).decode("utf-8")
        info = v1.as_text(self._access.v1.job(self.job_id))
        query = QueryV1(
            _BARE_BOUND.sub(r"\1'\2'", text),
            info.get("object") or "",
            self.content_type,
            info.get("operation") == "queryAll",
        )
        job_id = _new_job(self._access, query)
        batch_id = _post(self._access, job_id, query)
        self._record({"do": "chunk again", "failed": chunk.id, "job": job_id, "batch": batch_id})
        return job_id, batch_id

    def _close(self) -> None:
        jobs = {self.job_id, *(batch.job_id for batch in self._finished or ())}
        for job_id in sorted(jobs):
            try:
                document = v1.state_document(bulk_states.CLOSED)
                self._access.v1.set_job_state(job_id, document, bulk_states.CLOSED)
            except BulkApiError as error:
                # The results are there all the same; an open job ends by itself after a day.
                log.warning("Job %s could not be closed: %s", job_id, error)

    # Results

    def pages(self) -> Iterator[Page]:
        """The result files of all batches, in order; the batches are done by then."""
        for batch in self.batches:
            try:
                ids = self._access.v1.result_ids(batch.job_id, batch.id)
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
                yield Page(
                    batch.job_id,
                    self.content_type,
                    batch_id=batch.id,
                    result_id=result_id,
                    rows=batch.rows if len(ids) == 1 else None,
                )

    def soql(self) -> str:
        """The query as it was posted, of the first batch."""
        batches = self._batches(self.job_id)
        return self._access.v1.batch_request(self.job_id, batches[0].id).decode("utf-8")


def _batch(job_id: str, info: Mapping[str, Any]) -> Batch:
    return Batch(
        job_id,
        str(info["id"]),
        bulk_states.canonical_batch_state(str(info.get("state"))),
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


def _post(access: OrgAccess, job_id: str, query: QueryV1) -> str:
    """Post the query; where the answer is lost, the job says whether it has it."""
    body = query.soql.encode("utf-8")
    media_type = media.BY_CONTENT_TYPE[query.content_type]
    try:
        return str(access.v1.add_batch(job_id, body, media_type)["id"])
    except AmbiguousUpload:
        batches = access.v1.batches(job_id)
        if batches:
            return str(batches[0]["id"])
        return str(access.v1.add_batch(job_id, body, media_type)["id"])
