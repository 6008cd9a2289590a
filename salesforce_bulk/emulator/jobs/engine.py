"""Jobs and batches of both Bulk APIs: states, queue, counters, quota, retention.

Job of Bulk API 1.0::

    Open -> Closed            (Open or unfinished Closed) -> Aborted

Batch::

    Queued -> InProgress -> Completed | Failed | NotProcessed (split by PK chunking)
    InProgress -> Queued      queued again
    Queued -> NotProcessed    the job was aborted (in other dialects Failed, or it stays Queued)

What a batch does when it runs is told by ``run`` (see ``batch_runner``); this module decides
when, and keeps the state.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.clock import Clock, SystemClock
from salesforce_bulk.emulator.jobs.mapping import FieldMapping
from salesforce_bulk.emulator.schema.ids import IdFactory, to_18

logger = logging.getLogger(__name__)

JOB_PREFIX = "750"
BATCH_PREFIX = "751"
RESULT_PREFIX = "752"

QUERY_OPERATIONS = frozenset({"query", "queryAll"})
ZIP_PREFIX = "ZIP_"

BATCH_MOVES = {
    bulk_states.QUEUED: {
        bulk_states.QUEUED,
        bulk_states.IN_PROGRESS,
        bulk_states.FAILED,
        bulk_states.NOT_PROCESSED,
    },
    bulk_states.IN_PROGRESS: {
        bulk_states.QUEUED,
        bulk_states.COMPLETED,
        bulk_states.FAILED,
        bulk_states.NOT_PROCESSED,
    },
    bulk_states.COMPLETED: set(),
    bulk_states.FAILED: set(),
    bulk_states.NOT_PROCESSED: set(),
}


class JobError(Exception):
    """What was asked of a job or batch is refused. ``code`` is the vendor's exceptionCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class BatchError(Exception):
    """The batch fails; ``code : message`` is its stateMessage."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} : {message}")


def binary_in_text(name: str) -> BatchError:
    """A column of files in a job that has no archive for them."""
    return BatchError(
        "InvalidBatch",
        f"Binary field {name} is only supported for content types ZIP_XML and ZIP_CSV",
    )


class QuotaError(BatchError):
    """The day's allocation of batches is used up."""

    def __init__(self) -> None:
        super().__init__("ExceededQuota", "ApiBatchItems Limit exceeded.")


class Requeue(Exception):
    """The batch is to run again, from where it stopped."""


@dataclass(frozen=True, slots=True)
class PkChunking:
    """``Sforce-Enable-PKChunking`` of a job."""

    size: int = limits.PK_CHUNK_DEFAULT
    start_row: str | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file of results in the spool; ``index`` has (row, offset) of the blocks of a query's."""

    id: str
    path: Path
    rows: int
    index: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True, eq=False)
class Batch:
    """A batch; ``request`` is the body as sent, undone of gzip.

    ``soql`` is what a query batch runs; of a PK chunk the query as submitted, which runs within
    ``id_range``: from the first id to before the second.
    """

    id: str
    job: Job
    request: Path
    created: datetime
    modified: datetime
    charset: str = "utf-8"
    state: str = bulk_states.QUEUED
    message: str | None = None
    processed: int = 0
    failed: int = 0
    retries: int = 0
    total_ms: int = 0
    active_ms: int = 0
    results: list[ResultFile] = field(default_factory=list)
    soql: str = ""
    id_range: tuple[str | None, str | None] | None = None

    @property
    def terminal(self) -> bool:
        return self.state in bulk_states.BATCH_TERMINAL_STATES

    @property
    def chunk(self) -> bool:
        return self.id_range is not None


@dataclass(slots=True, eq=False)
class Job:
    """A job. ``batches`` are in the order of their creation.

    A job of Bulk API 2.0 has one batch, for all of its data (``upload``, or the query's text),
    which is made when the job is closed.
    """

    id: str
    operation: str
    object: str
    content_type: str
    version: str
    user: SessionUser
    created: datetime
    modified: datetime
    directory: Path
    api: str = "1.0"
    state: str = bulk_states.OPEN
    concurrency: str = "Parallel"
    external_id: str | None = None
    assignment_rule: str | None = None
    pk_chunking: PkChunking | None = None
    retries_disabled: bool = False
    line_ending: str | None = None
    column_delimiter: str = "COMMA"
    upload: Path | None = None
    uploads: int = 0
    asked_results: set[str] = field(default_factory=set)
    mapping: FieldMapping | None = None
    batches: dict[str, Batch] = field(default_factory=dict)

    @property
    def is_query(self) -> bool:
        return self.operation in QUERY_OPERATIONS

    @property
    def base_format(self) -> str:
        """``CSV``, ``XML`` or ``JSON``, also of a zip job."""
        return self.content_type.removeprefix(ZIP_PREFIX)

    @property
    def is_zip(self) -> bool:
        return self.content_type.startswith(ZIP_PREFIX)

    @property
    def finished(self) -> bool:
        """Nothing of it will run any more."""
        return self.state != bulk_states.OPEN and all(b.terminal for b in batches_of(self))

    def count(self, state: str) -> int:
        return sum(batch.state == state for batch in batches_of(self))

    def total(self, number: Callable[[Batch], int]) -> int:
        return sum(number(batch) for batch in batches_of(self))


class RunBatch(Protocol):
    """Runs one batch: sets its counters and results, returns the state it ends in; raises
    BatchError or Requeue.
    """

    def __call__(self, batch: Batch, engine: JobEngine, /) -> str: ...


@dataclass(frozen=True, slots=True)
class EngineState:
    """All that an engine knows between two batches."""

    jobs: list[Job]
    queue: list[Batch]
    counters: dict[str, int]
    charged: list[datetime]


class JobEngine:
    """Keeps jobs, and runs their batches on worker threads or, ``inline``, where submitted.

    Args:
        spool: the directory for requests and results.
        run: what a batch does.
        workers: threads; they start with the first batch.
        batches_per_day: the org's allocation, over a rolling 24 hours.
    """

    def __init__(
        self,
        clock: Clock,
        ids: IdFactory,
        spool: Path,
        run: RunBatch,
        *,
        workers: int = 2,
        inline: bool = False,
        batches_per_day: int = limits.BATCHES_PER_DAY,
    ) -> None:
        self.clock = clock
        self.batches_per_day = batches_per_day
        self._ids = ids
        self._spool = spool
        self._run = run
        self._inline = inline
        self._worker_count = workers
        self._workers: list[threading.Thread] = []
        self._changed = threading.Condition(threading.RLock())
        self._counters: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Batch] = deque()
        self._running: set[Batch] = set()
        self._charged: deque[datetime] = deque()
        self._paused = False
        self._stopping = False

    # jobs

    def create_job(
        self, operation: str, object_name: str, content_type: str, version: str, user: SessionUser
    ) -> Job:
        now = self.clock.now()
        identity = self.new_id(JOB_PREFIX)
        job = Job(
            identity,
            operation,
            object_name,
            content_type,
            version,
            user,
            now,
            now,
            self._spool / identity,
        )
        job.directory.mkdir(parents=True)
        with self._changed:
            self._jobs[identity] = job
        return job

    def job(self, identity: str) -> Job:
        """A job by its 15 or 18 characters. Raises JobError."""
        self._purge()
        with self._changed:
            job = self._jobs.get(to_18(identity) or "")
        if job is None:
            raise JobError("InvalidJob", f"Unable to find job: {identity}")
        return job

    @property
    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        self._purge()
        with self._changed:
            return list(self._jobs.values())

    def queries_today(self) -> int:
        """Query jobs of Bulk API 2.0 that were made in the last 24 hours."""
        horizon = self.clock.now() - timedelta(days=1)
        return sum(job.api == "2.0" and job.is_query and job.created > horizon for job in self.jobs)

    def close(self, job: Job) -> None:
        with self._changed:
            if job.state != bulk_states.OPEN:
                word = job.state.lower() if job.api == "1.0" else job.state
                raise JobError("InvalidJobState", f"Closing already {word} Job not allowed")
            job.state = bulk_states.CLOSED

    def abort(self, job: Job, queued: str = bulk_states.NOT_PROCESSED) -> None:
        """Ends the job: what is queued is not processed, what runs goes on to its end.

        Args:
            queued: the state of batches that were queued.
        """
        with self._changed:
            if job.state not in (bulk_states.OPEN, bulk_states.CLOSED) or job.finished:
                raise JobError("InvalidJobState", f"Aborting already {job.state} Job not allowed")
            job.state = bulk_states.ABORTED
            job.modified = self.clock.now()
            for batch in [batch for batch in self._queue if batch.job is job]:
                self._queue.remove(batch)
                self._move(batch, queued)
            self._changed.notify_all()

    def settle(self, job: Job, timeout: float = 60.0) -> bool:
        """Waits (in real time) until nothing of the job is running; whether that came true."""
        with self._changed:
            return self._changed.wait_for(
                lambda: all(batch.job is not job for batch in self._running), timeout
            )

    def forget(self, job: Job) -> None:
        """Removes the job with all its files; nothing of it may be running."""
        with self._changed:
            self._jobs.pop(job.id, None)
            self._queue = deque(batch for batch in self._queue if batch.job is not job)
        shutil.rmtree(job.directory, ignore_errors=True)

    # batches

    def charge_batch(self, job: Job) -> None:
        """Takes one batch off the day's allocation, then says whether the job takes it."""
        with self._changed:
            if self.batches_left <= 0:
                raise JobError("ExceededQuota", "ApiBatchItems Limit exceeded.")
            self._charged.append(self.clock.now())
            if job.state != bulk_states.OPEN:
                raise JobError(
                    "InvalidJobState",
                    "Failed to create batch, since the Job is not Open. "
                    f"Current job state is '{job.state}'",
                )
            if self.clock.now() - job.created >= timedelta(hours=limits.JOB_OPEN_HOURS):
                raise JobError(
                    "InvalidJobState",
                    f"Failed to create batch, since the Job is older than "
                    f"{limits.JOB_OPEN_HOURS} hours",
                )

    def charge(self, job: Job) -> None:
        """Takes one batch off the day's allocation for a running job of Bulk API 2.0. Raises
        QuotaError.
        """
        with self._changed:
            if self.batches_left <= 0:
                raise QuotaError
            self._charged.append(self.clock.now())

    @property
    def batches_left(self) -> int:
        """What is left of the day's allocation."""
        with self._changed:
            horizon = self.clock.now() - timedelta(days=1)
            while self._charged and self._charged[0] <= horizon:
                self._charged.popleft()
            return self.batches_per_day - len(self._charged)

    def add_batch(self, job: Job, request: Path, charset: str = "utf-8") -> Batch:
        """A new batch, ``Queued``; it does not run before ``submit``."""
        now = self.clock.now()
        batch = Batch(self.new_id(BATCH_PREFIX), job, request, now, now, charset)
        if job.is_query:
            batch.soql = request.read_text("utf-8", "replace")
        with self._changed:
            job.batches[batch.id] = batch
        return batch

    def add_chunk(self, batch: Batch, text: str, id_range: tuple[str, str | None]) -> Batch:
        """Queues one more batch of a query that PK chunking splits; ``text`` is what its
        request is said to have been.
        """
        request = self.spool_file(batch.job)
        request.write_text(text, "utf-8")
        chunk = self.add_batch(batch.job, request)
        chunk.soql, chunk.id_range = batch.soql, id_range
        with self._changed:
            self._charged.append(self.clock.now())
            self._queue.append(chunk)
            self._changed.notify_all()
        return chunk

    def batch(self, job: Job, identity: str) -> Batch:
        """A batch of the job. Raises JobError."""
        batch = job.batches.get(to_18(identity) or "")
        if batch is None:
            raise JobError("InvalidBatch", f"Unable to find batch: {identity}")
        return batch

    def new_id(self, prefix: str) -> str:
        with self._changed:
            number = self._counters[prefix] = self._counters.get(prefix, 0) + 1
        return self._ids.one(prefix, number)

    def spool_file(self, job: Job) -> Path:
        """The path of a new file in the job's directory."""
        with self._changed:
            number = self._counters["file"] = self._counters.get("file", 0) + 1
        return job.directory / str(number)

    # running

    def submit(self, batch: Batch) -> None:
        """Queues the batch; inline, it has run when this returns (unless paused)."""
        with self._changed:
            self._queue.append(batch)
            if not self._inline and not self._workers:
                self._start_workers()
            self._changed.notify_all()
            waiting = self._paused
        if self._inline and not waiting:
            self.run_pending()

    def pause(self) -> None:
        """From now on batches stay ``Queued``, until ``resume`` or ``run_pending``."""
        with self._changed:
            self._paused = True

    @property
    def paused(self) -> bool:
        return self._paused

    def resume(self) -> None:
        with self._changed:
            self._paused = False
            self._changed.notify_all()
        if self._inline:
            self.run_pending()

    def run_pending(self, count: int | None = None) -> int:
        """Runs queued batches here and now, ``count`` of them or all; how many were run."""
        done = 0
        while count is None or done < count:
            with self._changed:
                batch = self._take()
            if batch is None:
                break
            self._process(batch)
            done += 1
        return done

    def pass_time(self, seconds: float, job: Job | None = None) -> None:
        """Lets time pass within a batch of a job; ``stop`` and ``abort`` cut it short."""
        if isinstance(self.clock, SystemClock):
            with self._changed:
                self._changed.wait_for(
                    lambda: (
                        self._stopping or (job is not None and job.state == bulk_states.ABORTED)
                    ),
                    seconds,
                )
        else:
            self.clock.sleep(seconds)

    def wait_idle(self, timeout: float = 60.0) -> bool:
        """Waits (in real time) until nothing is queued or running; whether that came true."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._running, timeout)

    def reset(self) -> None:
        """Forgets all jobs, those queued too; waits for what runs."""
        with self._changed:
            self._queue.clear()
            self._changed.wait_for(lambda: not self._running)
            jobs = list(self._jobs.values())
            self._counters.clear()
            self._charged.clear()
            self._paused = False
        for job in jobs:
            self.forget(job)

    def stop(self) -> None:
        """Lets running batches end and the workers with them."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for worker in self._workers:
            worker.join()

    def state(self) -> EngineState:
        """What is to be kept of an engine that has stopped."""
        with self._changed:
            queue = [batch for batch in self._queue if not batch.terminal]
            return EngineState(
                list(self._jobs.values()), queue, self._counters, list(self._charged)
            )

    def take_up(self, state: EngineState) -> None:
        """Goes on where another engine stopped, with what it had queued."""
        with self._changed:
            self._jobs = {job.id: job for job in state.jobs}
            self._queue.extend(state.queue)
            self._counters = state.counters
            self._charged.extend(state.charged)
            if self._queue and not self._inline:
                self._start_workers()
        if self._inline:
            self.run_pending()

    def _start_workers(self) -> None:
        for number in range(self._worker_count):
            worker = threading.Thread(
                target=self._work, name=f"emulator-worker-{number}", daemon=True
            )
            self._workers.append(worker)
            worker.start()

    def _work(self) -> None:
        while (batch := self._next()) is not None:
            self._process(batch)

    def _next(self) -> Batch | None:
        with self._changed:
            while not self._stopping:
                if not self._paused and (batch := self._take()) is not None:
                    return batch
                self._changed.wait()
        return None

    def _take(self) -> Batch | None:
        """The next batch that may run: Serial batches wait for each other."""
        serial = any(batch.job.concurrency == "Serial" for batch in self._running)
        for batch in self._queue:
            if not (serial and batch.job.concurrency == "Serial"):
                self._queue.remove(batch)
                self._running.add(batch)
                self._move(batch, bulk_states.IN_PROGRESS)
                return batch
        return None

    def _process(self, batch: Batch) -> None:
        started = self.clock.monotonic()
        message = None
        try:
            state = self._run(batch, self)
        except Requeue:
            state = bulk_states.QUEUED
        except BatchError as error:
            state, message = bulk_states.FAILED, str(error)
        except Exception:
            # A defect of ours: the batch fails and says so, and the log has the traceback.
            logger.exception("batch %s", batch.id)
            state, message = bulk_states.FAILED, "InternalServerError : see the emulator's log"
        milliseconds = round((self.clock.monotonic() - started) * 1000)
        with self._changed:
            batch.total_ms += milliseconds
            batch.active_ms += milliseconds
            batch.message = message
            self._running.discard(batch)
            aborted = batch.job.api == "2.0" and batch.job.state == bulk_states.ABORTED
            if state == bulk_states.QUEUED and aborted:
                state = bulk_states.NOT_PROCESSED
            self._move(batch, state)
            if state == bulk_states.QUEUED:
                batch.retries += 1
                self._queue.append(batch)
            self._changed.notify_all()

    def _move(self, batch: Batch, state: str) -> None:
        if state not in BATCH_MOVES[batch.state]:
            raise RuntimeError(f"batch {batch.id} cannot go from {batch.state} to {state}")
        batch.state = state
        batch.modified = batch.job.modified = self.clock.now()

    def _purge(self) -> None:
        horizon = self.clock.now() - timedelta(days=limits.RETENTION_DAYS)
        with self._changed:
            busy = {batch.job for batch in self._running}
            old = [
                job
                for job in self._jobs.values()
                if self._youngest(job) <= horizon and job not in busy
            ]
            self._queue = deque(batch for batch in self._queue if batch.job not in old)
        for job in old:
            self.forget(job)

    def _youngest(self, job: Job) -> datetime:
        return max((batch.created for batch in batches_of(job)), default=job.created)


def batches_of(job: Job) -> Iterator[Batch]:
    """The job's batches in the order of their creation; safe while more are added."""
    return iter(list(job.batches.values()))
