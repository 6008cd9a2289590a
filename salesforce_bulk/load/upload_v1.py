"""Sending through Bulk API 1.0: batches posted, lost answers settled.

Guide: "Add a Batch to a Job", "Get Information for All Batches in a Job", "Get Batch Request".

How a repeated request is noticed: when a job is closed, the batches that it lists are compared with
those that were sent. One that nobody knows is told as `AmbiguousUpload`.

How a lost answer is settled: the batches that the job lists and that nobody knows are fetched and
compared with what was sent. Where the batch is not among them, the job is closed and the list read
once more. A closed job takes no batch, not even one that is still on its way, so this list is
final: the batch is sent again in a new job, and is not there twice.
"""

from __future__ import annotations

import csv
import io
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.reserve import Reserve
from salesforce_bulk.api.v1 import BulkV1
from salesforce_bulk.errors import (
    AmbiguousUpload,
    ApiFault,
    BulkApiError,
    BulkJobAborted,
    InvalidJob,
    InvalidJobState,
    JobFailed,
    ResultsExpired,
    TransportError,
    UnexpectedResponse,
)
from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.http.polling import SENDING_PAUSES, pause_before_asking, try_again
from salesforce_bulk.load.job import ReportProgress, refuse_other_job
from salesforce_bulk.load.plan import Plan, PlannedBody
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.models import JobInfo
from salesforce_bulk.storage.journal import Entry
from salesforce_bulk.wire import media, v1

log = logging.getLogger("salesforce_bulk")


class BatchRef(NamedTuple):
    """A batch in its job."""

    job_id: str
    batch_id: str


@dataclass
class UploadStateV1:
    """What is known of a load's batches; rebuilt from a journal's entries.

    Attributes:
        jobs: all that were made for this load.
        open_job: the one that takes batches.
        sent: the batches that are in the org, by the index of the part.
        pending: parts of which it is not known whether they arrived, with the job they went to.
    """

    jobs: list[str] = field(default_factory=list)
    open_job: str | None = None
    sent: dict[int, BatchRef] = field(default_factory=dict)
    pending: dict[int, str] = field(default_factory=dict)

    def replay(self, entry: Entry) -> None:
        """Take in one entry."""
        match entry["event"]:
            case "job":
                self.open_job = entry["job"]
                self.jobs.append(entry["job"])
            case "closed":
                self.open_job = None if self.open_job == entry["job"] else self.open_job
            case "sending":
                self.pending[entry["part"]] = entry["job"]
            case "sent":
                self.pending.pop(entry["part"], None)
                self.sent[entry["part"]] = BatchRef(entry["job"], entry["batch"])
            case "absent":
                self.pending.pop(entry["part"], None)


class _SettlementLock:
    """Many may send at once; who settles has the job to himself."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sending = 0
        self._settling = False

    @contextmanager
    def sending(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._settling)
            self._sending += 1
        try:
            yield
        finally:
            with self._changed:
                self._sending -= 1
                self._changed.notify_all()

    @contextmanager
    def settling(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._settling)
            self._settling = True
            self._changed.wait_for(lambda: not self._sending)
        try:
            yield
        finally:
            with self._changed:
                self._settling = False
                self._changed.notify_all()


class UploadV1:
    """Brings all parts of a plan into jobs.

    Args:
        api: the endpoints.
        spec: what the jobs do.
        plan: the bodies.
        state: what an earlier process did already; goes on from there.
        reserve: asked before each batch.
        record: writes an entry into the journal; called before and after each step.
        report: called with the phase, rows, bytes and batches.
        parallel: batches sent at once.

    After `run`, ``refused`` is the error for which the org took no further batches, if any.
    """

    def __init__(
        self,
        api: BulkV1,
        spec: LoadSpec,
        plan: Plan,
        state: UploadStateV1,
        *,
        reserve: Reserve,
        record: Callable[[Entry], None],
        report: ReportProgress,
        parallel: int,
    ) -> None:
        self._api = api
        self._reserve = reserve
        self._spec = spec
        self._plan = plan
        self.state = state
        self._record_in_journal = record
        self._report = report
        self._parallel = parallel
        self._settlement = _SettlementLock()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._checked_jobs: set[str] = set()
        done = [plan.parts[index] for index in state.sent]
        self._rows = sum(len(part.numbers) for part in done)
        self._bytes = sum(part.place.length for part in done)
        self.refused: BulkApiError | None = None

    def use(self, access: OrgAccess) -> None:
        """Make further calls by this way to the org."""
        self._api = access.v1
        self._reserve = access.reserve

    def run(self) -> None:
        """Send what is not sent yet, and close the job; goes on where it ended early.

        Raises:
            AmbiguousUpload: it cannot be found out whether a batch arrived.
            TransportError: the org cannot be reached.
            JobFailed: the org made another job than it was asked for.
            ApiFault, BulkJobAborted: the org took nothing at all.
        """
        self._stopped.clear()
        self._report_sent()
        self._settle_pending()
        missing = [at for at in range(len(self._plan.parts)) if at not in self.state.sent]
        if missing and self.refused is None:
            self._send_all(missing)
        self.close()
        if self.refused is not None and not self.state.sent:
            raise self.refused

    def settle(self) -> None:
        """Find out what became of batches whose answer was not seen, and send nothing.

        Raises:
            AmbiguousUpload: it cannot be found out.
        """
        self._settle_pending()
        self.close()

    def _send_all(self, indexes: Sequence[int]) -> None:
        with ThreadPoolExecutor(self._parallel, "salesforce-bulk-upload") as pool:
            try:
                futures = [pool.submit(self._send, index) for index in indexes]
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                self._stopped.set()
        # Read after the pool has ended: what was under way has been recorded.
        _raise_first(futures)

    def _send(self, index: int) -> None:
        part = self._plan.parts[index]
        try:
            self._wait_for_preceding_part(part)
            if not self._stopped.is_set():
                self._reserve.claim_batches(self._spec.name, 1)
            body = self._plan.body(index)
            for pause in SENDING_PAUSES:
                if not self._stopped.is_set():
                    self._api.clock.sleep(pause)
                if self._stopped.is_set() or self._send_once(index, body):
                    return
            raise TransportError(
                f"Batch {index + 1} of {self._spec.name} was sent {len(SENDING_PAUSES)} times and "
                "never arrived; the connection is too bad.",
                job_id=self.state.jobs[-1],
            )
        except (ApiFault, BulkJobAborted) as error:
            # The org's word: what it has is processed and reported, the rest is not sent.
            self.refused = self.refused or error
            self._stopped.set()
        except BaseException:
            self._stopped.set()
            raise

    def _send_once(self, index: int, body: bytes) -> bool:
        """Send a part; False where it is certain that it is not there and may be sent again."""
        with self._settlement.sending():
            job_id = self._open_job()
            self._record({"event": "sending", "part": index, "job": job_id})
            try:
                info = self._api.add_batch(job_id, body, media.CSV)
                batch_id = info.get("id")
                if batch_id:
                    self._record_sent(index, BatchRef(job_id, str(batch_id)))
                    return True
            except (AmbiguousUpload, InvalidJobState) as error:
                doubt: BulkApiError = error
            except InvalidJob as error:
                raise _job_expired(job_id) from error
            except BulkApiError:
                self._record({"event": "absent", "part": index})
                raise
            else:
                doubt = UnexpectedResponse("The answer names no batch.", job_id=job_id)
        with self._settlement.settling():
            if isinstance(doubt, InvalidJobState):
                self._record({"event": "absent", "part": index})
                if self.state.open_job == job_id:
                    self._leave_job(job_id)
            elif index in self.state.pending:
                # Else another thread has settled this part together with its own.
                self._settle(job_id, doubt)
            return index in self.state.sent

    def _leave_job(self, job_id: str) -> None:
        """A job that takes no batches: closed by somebody, or 24 hours old."""
        state = v1.as_text(self._api.job(job_id)).get("state")
        if state == bulk_states.ABORTED:
            raise BulkJobAborted(job_id)
        if state == bulk_states.OPEN:
            self._api.set_job_state(
                job_id, v1.state_document(bulk_states.CLOSED), bulk_states.CLOSED
            )
        self._record({"event": "closed", "job": job_id})

    # Jobs

    def _open_job(self) -> str:
        with self._lock:
            if self.state.open_job is None:
                job_id = self._create_job()
                log.info("%s: job %s", self._spec.name, job_id)
                self._record_locked({"event": "job", "job": job_id})
            return str(self.state.open_job)

    def _create_job(self) -> str:
        spec = self._spec
        document = v1.job_document(
            spec.object_name,
            spec.operation,
            "CSV",
            spec.concurrency,
            spec.external_id,
            spec.assignment_rule_id,
        )
        # A job that was made all the same holds nothing and does nothing.
        return self._verify_job(
            try_again(lambda: self._api.create_job(document, {}), self._api.clock)
        )

    def _verify_job(self, info: Mapping[str, Any]) -> str:
        job_id = str(info.get("id") or "")
        made = v1.as_text(info)
        if not job_id:
            raise UnexpectedResponse("The answer to the creation of a job names no job.")
        refuse_other_job(self._spec, job_id, made)
        if made.get("operation") != self._spec.operation:
            self._api.set_job_state(
                job_id, v1.state_document(bulk_states.ABORTED), bulk_states.ABORTED
            )
            raise JobFailed(
                f"A job for {self._spec.operation} was asked for; the org made job {job_id} for "
                f"{made.get('operation')}. It was aborted; nothing was sent.",
                job_id=job_id,
            )
        return job_id

    def close(self) -> None:
        """Close the job; it goes on processing what it has.

        Nothing depends on it: batches are processed from the moment they are sent, and an error
        here would hide what became of them.
        """
        job_id = self.state.open_job
        if job_id is None:
            return
        try:
            # Aborted by somebody it need not be closed, and its batches say what became of them.
            with suppress(InvalidJobState):
                self._api.set_job_state(
                    job_id, v1.state_document(bulk_states.CLOSED), bulk_states.CLOSED
                )
        except BulkApiError as error:
            log.warning("Job %s could not be closed; its batches go on: %s", job_id, error)
        else:
            self._record({"event": "closed", "job": job_id})

    # Batches that nobody sent

    def check_batches(self) -> None:
        """Close the jobs and compare the batches that they list with those that were sent.

        A closed job takes no more batches and is compared once.

        Raises:
            AmbiguousUpload: a job holds a batch that this load does not know.
            ResultsExpired: a job is gone.
        """
        self.close()
        for job_id in self.state.jobs:
            if job_id not in self._checked_jobs:
                self._check_batches_of(job_id)
                if job_id != self.state.open_job:
                    self._checked_jobs.add(job_id)

    def _check_batches_of(self, job_id: str) -> None:
        try:
            infos = try_again(partial(self._api.batches, job_id), self._api.clock)
        except InvalidJob as error:
            raise _job_expired(job_id) from error
        known = {ref.batch_id for ref in self.state.sent.values()}
        for info in infos:
            batch_id = str(info.get("id"))
            if batch_id not in known and v1.batch_state(info) != bulk_states.NOT_PROCESSED:
                raise self._unknown_batch(BatchRef(job_id, batch_id))

    def _unknown_batch(self, ref: BatchRef) -> AmbiguousUpload:
        stored = try_again(partial(self._api.batch_request, *ref), self._api.clock)
        bodies = ((index, self._plan.body(index)) for index in self.state.sent)
        index = next((at for at, body in bodies if _same_rows(body, stored)), None)
        if index is None:
            content = "rows that this load did not send"
        else:
            numbers = self._plan.parts[index].numbers
            content = (
                f"the rows of batch {self.state.sent[index].batch_id} once more ({len(numbers):,} "
                f"rows, from row {numbers[0]:,} on), so that they may be in the org twice"
            )
        return AmbiguousUpload(
            f"Job {ref.job_id} holds batch {ref.batch_id}, which this load does not know. It holds "
            f"{content}. Something on the way repeats requests: an adapter with retries of its "
            "own, a proxy, or another program that uses the job. Compare the batches with the "
            f"org's records, starting with attach({ref.job_id!r}).",
            job_id=ref.job_id,
            batch_id=ref.batch_id,
        )

    # What an earlier process sent and its journal has lost

    def adopt(self, unrecorded: Sequence[JobInfo]) -> list[BatchRef]:
        """Take the batches that hold what is not known to be sent.

        Args:
            unrecorded: jobs that may be this load's, besides those that are.

        Returns:
            the batches of unrecorded jobs that hold other rows than any part.

        Raises:
            AmbiguousUpload: a job of this load holds what the load does not know.
            TransportError, ApiFault: the batches cannot be looked at; nothing was sent.
        """
        for job_id in list(self.state.jobs):
            try:
                others = self._adopt_batches(job_id)
            except InvalidJob as error:
                raise _job_expired(job_id) from error
            if others:
                raise self._unknown_batch(others[0])
        others = []
        for job in unrecorded:
            with suppress(InvalidJob):  # gone, and not known to be this load's
                others += self._adopt_batches(job.id)
            if job.id == self.state.open_job:
                with suppress(BulkJobAborted):
                    self._leave_job(job.id)
        return others

    def _adopt_batches(self, job_id: str) -> list[BatchRef]:
        """Take a job's batches; those that hold no part that is missing are returned."""
        known = {ref.batch_id for ref in self.state.sent.values()}
        others: list[BatchRef] = []
        for info in try_again(partial(self._api.batches, job_id), self._api.clock):
            ref = BatchRef(job_id, str(info.get("id")))
            if ref.batch_id in known or v1.batch_state(info) == bulk_states.NOT_PROCESSED:
                continue
            stored = try_again(partial(self._api.batch_request, *ref), self._api.clock)
            index = self._missing_part(stored)
            if index is None:
                others.append(ref)
                continue
            if job_id not in self.state.jobs:
                self._record({"event": "job", "job": job_id})
            log.warning("Batch %s of job %s was not known here, and is this load's", *reversed(ref))
            self._record_sent(index, ref)
        return others

    def _missing_part(self, stored: bytes) -> int | None:
        missing = (at for at in range(len(self._plan.parts)) if at not in self.state.sent)
        return next((at for at in missing if _same_rows(self._plan.body(at), stored)), None)

    # Answers that were lost

    def _settle_pending(self) -> None:
        """What an earlier process sent without seeing the answer."""
        for job_id in sorted(set(self.state.pending.values())):
            doubt = AmbiguousUpload("An earlier run ended while it was sending.", job_id=job_id)
            self._settle(job_id, doubt)

    def _settle(self, job_id: str, doubt: BulkApiError) -> None:
        """Find out which of the job's pending parts are there."""
        aborted: BulkJobAborted | None = None
        try:
            self._adopt(job_id)
            if self._pending_in(job_id):
                try:
                    self._leave_job(job_id)
                except BulkJobAborted as error:
                    aborted = error  # it takes no batches either
                self._adopt(job_id)
        except InvalidJob as error:
            raise _job_expired(job_id) from error
        except AmbiguousUpload:
            raise
        except BulkApiError as error:
            # Whatever it is: that the job cannot be looked at does not say what is in it.
            raise _ambiguous_upload(job_id, error) from doubt
        for index in self._pending_in(job_id):
            self._record({"event": "absent", "part": index})
        if aborted is not None:
            raise aborted

    def _pending_in(self, job_id: str) -> list[int]:
        return sorted(index for index, job in self.state.pending.items() if job == job_id)

    def _adopt(self, job_id: str) -> None:
        """Take the batches of the job that are known to nobody and hold what was sent."""
        known = {ref.batch_id for ref in self.state.sent.values()}
        bodies = {index: self._plan.body(index) for index in self._pending_in(job_id)}
        listed = [str(info.get("id")) for info in self._api.batches(job_id)] if bodies else []
        for batch_id in listed:
            if batch_id in known or not bodies:
                continue
            stored = self._api.batch_request(job_id, batch_id)
            index = next((at for at, body in bodies.items() if _same_rows(body, stored)), None)
            if index is None:
                raise _ambiguous_upload(
                    job_id, f"its batch {batch_id} holds rows that this load did not send"
                )
            del bodies[index]
            self._record_sent(index, BatchRef(job_id, batch_id))

    # What is known

    def _record_sent(self, index: int, ref: BatchRef) -> None:
        part = self._plan.parts[index]
        with self._lock:
            self._record_locked(
                {"event": "sent", "part": index, "job": ref.job_id, "batch": ref.batch_id}
            )
            self._rows += len(part.numbers)
            self._bytes += part.place.length
            self._report_sent()

    def _report_sent(self) -> None:
        self._report("uploading", self._rows, self._bytes, len(self.state.sent))

    def _record(self, entry: Entry) -> None:
        with self._lock:
            self._record_locked(entry)

    def _record_locked(self, entry: Entry) -> None:
        self._record_in_journal(entry)
        self.state.replay(entry)

    def _wait_for_preceding_part(self, part: PlannedBody) -> None:
        """Rows of one group that did not fit into a batch must not be at work at once."""
        if part.after is None:
            return
        clock = self._api.clock
        began = clock.monotonic()
        while not self._stopped.is_set():
            ref = self.state.sent.get(part.after)
            if ref is not None:
                info = self._api.batch(ref.job_id, ref.batch_id)
                if v1.batch_state(info) in bulk_states.BATCH_TERMINAL_STATES:
                    return
            pause_before_asking(clock, began)


def _job_expired(job_id: str) -> ResultsExpired:
    return ResultsExpired(
        f"Job {job_id} is gone from the org, which keeps jobs for seven days, and with it what "
        "says which batches arrived and what became of them. Compare the org's records with the "
        "rows before loading any again.",
        job_id=job_id,
    )


def _ambiguous_upload(job_id: str, why: object) -> AmbiguousUpload:
    return AmbiguousUpload(
        f"Whether the last batch arrived in job {job_id} cannot be found out: {why}. Nothing was "
        "sent again. Look at the job's batches before loading the rows once more, or go on with "
        "the journal.",
        job_id=job_id,
    )


def _same_rows(sent: bytes, stored: bytes) -> bool:
    """Byte for byte, or the same cells where the org wrote them in another way."""
    if sent == stored:
        return True
    if abs(len(sent) - len(stored)) > len(sent) // 2 + 2:
        return False
    try:
        return read_cells(sent) == read_cells(stored)
    except (csv.Error, UnicodeDecodeError):
        return False


def read_cells(body: bytes) -> list[list[str]]:
    """The rows of a batch, its header first; a blank line is no record to the org.

    Raises:
        UnicodeDecodeError, csv.Error: it is no CSV, or of more rows than a batch has.
    """
    rows = filter(None, read_rows(io.StringIO(body.decode("utf-8-sig"), newline="")))
    cells = list(islice(rows, limits.BATCH_RECORDS + 2))
    if len(cells) > limits.BATCH_RECORDS + 1:
        raise csv.Error(f"more than {limits.BATCH_RECORDS:,} rows")
    return cells


def _raise_first(futures: Sequence[Future[Any]]) -> None:
    for future in futures:
        error = None if future.cancelled() else future.exception()
        if error is not None:
            raise error
