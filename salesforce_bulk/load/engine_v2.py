"""A load through Bulk API 2.0: a job for each part, its data stored whole, its result files joined.

Guide: "Create a Job", "Upload Job Data", "Close or Abort a Job", "Get Job Successful Record
Results" and its neighbours.

Nothing of a job is processed before its upload is declared complete. So a job whose upload is in
doubt is aborted, and the rows go into another one: they cannot be there twice. Where the abort is
refused, another program has started the job, and its results count. Once the upload is
stored, the job is the only one for its rows: that it is complete is declared again where the answer
was lost, and no other job takes the rows whatever became of it.
"""

from __future__ import annotations

import csv
import io
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.v2 import BulkV2
from salesforce_bulk.errors import (
    AmbiguousUpload,
    ApiFault,
    BulkApiError,
    BulkJobAborted,
    InvalidInput,
    InvalidJob,
    InvalidJobState,
    JobFailed,
    NotFound,
    ReconciliationError,
    TransportError,
)
from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.http.polling import SENDING_PAUSES, pause_before_asking, try_again
from salesforce_bulk.load.job import ReportProgress, UnknownStates, refuse_other_job, unsent_outcome
from salesforce_bulk.load.outcomes import RESULT_HEADER, STATUS_OF, BatchRows, RestOutcome
from salesforce_bulk.load.plan import Plan, PlannedBody, count_batches
from salesforce_bulk.load.result_files_v2 import ResultFilesV2, job_expired, processed_count
from salesforce_bulk.load.row_matching import ResultLine, RowShape, match_rows
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.load.unrecorded_jobs import undecidable_job
from salesforce_bulk.models import JobInfo, RowError, RowStatus
from salesforce_bulk.storage.journal import Entry
from salesforce_bulk.storage.spool import Slice, Spool
from salesforce_bulk.wire import v2

#: Bytes of a job. 100 MB are allowed; less takes less memory, and costs no more of the day's
#: allocation, which counts internal batches of 10,000 rows.
JOB_BYTES = 20_000_000
#: Rows of a job where the caller names no number: joining its results takes 450 bytes a row.
JOB_RECORDS = 100_000
#: Lines of a result file for each row that was sent; the org writes one.
_LINES_OF_A_ROW = 10

#: Of jobs that go on by themselves.
_WAITING_STATES = frozenset(
    {bulk_states.OPEN, bulk_states.UPLOAD_COMPLETE, bulk_states.IN_PROGRESS}
)

log = logging.getLogger("salesforce_bulk")


@dataclass
class UploadStateV2:
    """What is known of a load's jobs; rebuilt from a journal's entries.

    Attributes:
        jobs: all that were made and not given up.
        made: the job of each part.
        stored: the parts whose upload is stored; it may have been declared complete.
        started: the parts whose upload was declared complete.
    """

    jobs: list[str] = field(default_factory=list)
    made: dict[int, str] = field(default_factory=dict)
    stored: set[int] = field(default_factory=set)
    started: set[int] = field(default_factory=set)

    def replay(self, entry: Entry) -> None:
        """Take in one entry."""
        match entry["event"]:
            case "job":
                self.jobs.append(entry["job"])
                self.made[entry["part"]] = entry["job"]
            case "left":
                self.jobs.remove(entry["job"])
                self.made.pop(entry["part"], None)
            case "stored":
                self.stored.add(entry["part"])
            case "started":
                self.started.add(entry["part"])


class EngineV2:
    """Loads a plan; one job for each part.

    Args:
        access: the org.
        spec: what the jobs do.
        plan: the bodies.
        results: takes the results.
        state: what an earlier process did already.
        shape: of the rows, by which results are joined.
        record: writes an entry into the journal.
        report: called with the phase, rows, bytes and batches.
        parallel: jobs sent, and results fetched, at once.
    """

    def __init__(
        self,
        access: OrgAccess,
        spec: LoadSpec,
        plan: Plan,
        results: Spool,
        state: UploadStateV2,
        *,
        shape: RowShape,
        record: Callable[[Entry], None],
        report: ReportProgress,
        parallel: int,
    ) -> None:
        self._api_without_end = access.v2
        self.use(access)
        self._spec = spec
        self._plan = plan
        self._results = results
        self._state = state
        self._shape = shape
        self._record_in_journal = record
        self._report = report
        self._parallel = parallel
        self._lock = threading.Lock()
        self._joining = threading.Lock()  # one job's rows in memory at a time
        self._stopped = threading.Event()
        self._refused: BulkApiError | None = None
        self._known_jobs = set(state.jobs)
        self._states = UnknownStates(_WAITING_STATES)
        done = [plan.parts[index] for index in state.started]
        self._rows = sum(len(part.numbers) for part in done)
        self._bytes = sum(part.place.length for part in done)
        self._units: dict[int, BatchRows] = {}

    @property
    def job_ids(self) -> Sequence[str]:
        return self._state.jobs

    @property
    def uploaded_parts(self) -> frozenset[int]:
        return frozenset(self._state.made)

    def use(self, access: OrgAccess) -> None:
        self._access = access
        self._api = access.v2
        self._clock = access.clock

    # Sending

    def send(self) -> None:
        self._stopped.clear()
        self._report_sent()
        missing = [at for at in range(len(self._plan.parts)) if at not in self._state.started]
        if self._refused is not None:
            # Of what is stored it may be in doubt whether it was declared complete.
            missing = [at for at in missing if at in self._state.stored]
        with ThreadPoolExecutor(self._parallel, "salesforce-bulk-upload") as pool:
            try:
                futures = [pool.submit(self._send, index) for index in missing]
                for future in futures:
                    future.result()
            finally:
                self._stopped.set()
        if self._refused is not None and not self._state.started:
            raise self._refused

    def _send(self, index: int) -> None:
        try:
            if not self._stopped.is_set():
                batches = count_batches([self._plan.parts[index]])
                self._access.reserve.claim_batches(self._spec.name, batches)
            for pause in SENDING_PAUSES:
                if not self._stopped.is_set():
                    self._clock.sleep(pause)
                if self._stopped.is_set() or self._send_once(index):
                    return
            raise TransportError(
                f"Part {index + 1} of {self._spec.name} was sent {len(SENDING_PAUSES)} times and "
                "never arrived; the connection is too bad."
            )
        except (ApiFault, BulkJobAborted) as error:
            # The org's word: what it has is processed and reported, the rest is not sent.
            self._refused = self._refused or error
            self._stopped.set()
        except BaseException:
            self._stopped.set()
            raise

    def _send_once(self, index: int) -> bool:
        job_id = self._state.made.get(index)
        if job_id is not None:
            return self._take_up(index, job_id)
        job_id = self._create(index)
        if not self._upload(index, job_id):
            return False
        self._start(index, job_id)
        return True

    def _upload(self, index: int, job_id: str) -> bool:
        """Upload a part; False where that is in doubt and its job was left."""
        try:
            self._api.upload(job_id, self._plan.body(index))
        except (TransportError, InvalidJob):
            # The second: the org has data for the job already, by a request that was repeated.
            return not self._abort_job(index, job_id)
        except InvalidJobState:
            if self._api.ingest_job(job_id).state == bulk_states.ABORTED:
                raise BulkJobAborted(job_id) from None
            raise
        self._record({"event": "stored", "part": index, "job": job_id})
        return True

    def _start(self, index: int, job_id: str) -> None:
        """Declare a stored upload complete, from which moment on its rows are processed."""
        try:
            self._api.set_ingest_state(job_id, bulk_states.UPLOAD_COMPLETE)
        except (InvalidJobState, InvalidJob) as error:
            if self._job(job_id).state == bulk_states.OPEN:
                raise _ambiguous_upload(self._spec.name, job_id, error) from error
            # Aborted by somebody, before or after it began; its results say what became of it.
        except NotFound as error:
            raise job_expired(job_id) from error
        except BulkApiError as error:
            # Whatever it says: the call is repeated, and an earlier try may have arrived.
            raise _ambiguous_upload(self._spec.name, job_id, error) from error
        self._record_started(index, job_id)

    def _take_up(self, index: int, job_id: str) -> bool:
        """The job of an earlier process."""
        if index in self._state.stored:
            self._start(index, job_id)
            return True
        # This load never declared its upload complete; another program may have.
        if self._abort_job(index, job_id):
            return False
        self._start(index, job_id)
        return True

    def _create(self, index: int) -> str:
        spec = self._spec
        document = v2.ingest_job_document(
            spec.object_name,
            spec.operation,
            external_id_name=spec.external_id,
            assignment_rule_id=spec.assignment_rule_id,
        )
        # A job that was made all the same holds nothing and does nothing.
        job = try_again(lambda: self._api.create_ingest_job(document), self._clock)
        made = {"object": job.object, "externalIdFieldName": job.fields.get("externalIdFieldName")}
        refuse_other_job(spec, job.id, made)
        if job.operation != spec.operation:
            self._api.set_ingest_state(job.id, bulk_states.ABORTED)
            raise JobFailed(
                f"A job for {spec.operation} was asked for; the org made job {job.id} for "
                f"{job.operation}. It was aborted; nothing was sent.",
                job_id=job.id,
            )
        log.info("%s: job %s", spec.name, job.id)
        self._record_job(index, job.id)
        return job.id

    def _record_job(self, index: int, job_id: str) -> None:
        with self._lock:
            if job_id in self._known_jobs:
                raise AmbiguousUpload(
                    f"{self._spec.name}: the org's answer to the creation of a job names job "
                    f"{job_id}, which this load has already; something on the way repeats "
                    "answers. Nothing of this part was sent.",
                    job_id=job_id,
                )
            self._known_jobs.add(job_id)
            self._record_locked({"event": "job", "part": index, "job": job_id})

    def _abort_job(self, index: int, job_id: str) -> bool:
        """Give up a job whose upload is in doubt; False where another program has started it, so
        that it is the one for these rows."""
        try:
            self._api.set_ingest_state(job_id, bulk_states.ABORTED)
        except NotFound as error:
            raise job_expired(job_id) from error
        except (InvalidJobState, InvalidJob) as error:
            state = self._job(job_id).state
            if state == bulk_states.OPEN:
                raise _ambiguous_upload(self._spec.name, job_id, error) from error
            if state != bulk_states.ABORTED:
                self._record({"event": "stored", "part": index, "job": job_id})
                return False
        except BulkApiError as error:
            raise _ambiguous_upload(self._spec.name, job_id, error) from error
        self._record({"event": "left", "part": index, "job": job_id})
        return True

    def _record_started(self, index: int, job_id: str) -> None:
        self._record({"event": "started", "part": index, "job": job_id})
        part = self._plan.parts[index]
        with self._lock:
            self._rows += len(part.numbers)
            self._bytes += part.place.length
            self._report_sent()

    def _report_sent(self) -> None:
        self._report("uploading", self._rows, self._bytes, len(self._state.started))

    def _report_ended(self) -> None:
        rows = sum(len(unit.numbers) for unit in self._units.values())
        self._report("processing", rows, 0, len(self._units))

    def _record(self, entry: Entry) -> None:
        with self._lock:
            self._record_locked(entry)

    def _record_locked(self, entry: Entry) -> None:
        self._record_in_journal(entry)
        self._state.replay(entry)

    # What an earlier process sent and its journal has lost

    def adopt(self, unrecorded: Sequence[JobInfo]) -> None:
        """Take the jobs that hold what is not known to be sent.

        Args:
            unrecorded: jobs that may be this load's, besides those that are.

        Raises:
            AmbiguousUpload: a job may hold rows of this load, or is still at work.
        """
        with ThreadPoolExecutor(self._parallel, "salesforce-bulk-jobs") as pool:
            # The list's own state may be older, and it has no counts.
            jobs = list(pool.map(self._job, [listed.id for listed in unrecorded]))
        for job in jobs:
            # Nothing of an Open job is processed.
            if job.state == bulk_states.OPEN:
                continue
            if job.state not in bulk_states.JOB_TERMINAL_STATES:
                raise undecidable_job(
                    self._spec, job.id, f"it is {job.state}; run the same again when it has ended"
                )
            index = self._part_of(job)
            if index is not None:
                log.warning("Job %s was not known here, and is this load's", job.id)
                self._record({"event": "job", "part": index, "job": job.id})
                self._record({"event": "stored", "part": index, "job": job.id})
                self._record_started(index, job.id)

    def _part_of(self, job: JobInfo) -> int | None:
        """The missing part whose rows the result files tell of; None where they are others'."""
        processed = job.rows_processed or 0
        with ResultFilesV2(self._access, job, _job_error(job)) as files:
            if files.fetch(lambda counts: processed_count(counts) == processed) != processed:
                raise undecidable_job(self._spec, job.id, "its result files cannot be read")
            if not _same_names(files.names, self._shape.names):
                return None
            files.names = self._shape.names
            lines = sum(1 for _ in files.lines())
            missing = (at for at in range(len(self._plan.parts)) if at not in self._state.started)
            return next((at for at in missing if self._tells_of(files, job, at, lines)), None)

    def _tells_of(self, files: ResultFilesV2, job: JobInfo, index: int, lines: int) -> bool:
        part = self._plan.parts[index]
        if not lines or lines != len(part.numbers):
            return False
        outcomes = self._outcomes(part, files, job)
        known = sum(success != "unknown" for _, success, _, _ in outcomes)
        if 0 < known < lines:
            raise undecidable_job(self._spec, job.id, f"{known:,} of its {lines:,} rows are")
        return known == lines

    # Results

    def wait(self) -> None:
        began = self._clock.monotonic()
        self._report_ended()
        with ThreadPoolExecutor(self._parallel, "salesforce-bulk-results") as pool:
            while True:
                waiting = sorted(self._state.started - set(self._units))
                for index, unit in zip(waiting, pool.map(self._ended, waiting), strict=True):
                    if unit is not None:
                        self._units[index] = unit
                        self._report_ended()
                if len(self._units) == len(self._state.started):
                    return
                pause_before_asking(self._clock, began)

    def _ended(self, index: int) -> BatchRows | None:
        job = self._job(self._state.made[index])
        if job.state not in bulk_states.JOB_TERMINAL_STATES:
            self._states.tell(f"Job {job.id}", job.state)
            return None
        return self._unit(self._plan.parts[index], job)

    def units(self) -> list[BatchRows]:
        unsent = unsent_outcome(self._refused)
        return [
            self._units.get(index) or _unit_without_results(part, unsent, None)
            for index, part in enumerate(self._plan.parts)
        ]

    def abort(self) -> None:
        _abort_jobs(self._api_without_end, self.job_ids)

    def _job(self, job_id: str) -> JobInfo:
        try:
            return try_again(lambda: self._api.ingest_job(job_id), self._clock)
        except NotFound as error:
            raise job_expired(job_id) from error

    def _unit(self, part: PlannedBody, job: JobInfo) -> BatchRows:
        why = _job_error(job)
        nothing_done = job.state == bulk_states.FAILED and not job.rows_processed
        rows = len(part.numbers)
        with ResultFilesV2(
            self._access, job, why, self._shape.names, rows * _LINES_OF_A_ROW
        ) as files:
            files.fetch(lambda counts: counts.total() == rows)
            # Its counts may lack where its files tell of rows.
            if nothing_done and not (files.unreadable or any(files.lines())):
                return _unit_without_results(part, RestOutcome("unprocessed", why), job.id)
            with self._joining:
                found = self._outcomes(part, files, job)
                counts = Counter(STATUS_OF[success] for _, success, _, _ in found)
                place = self._results.append(RESULT_HEADER + quoted_csv(found))
                del found
        return BatchRows(
            part.place, part.numbers, place, RestOutcome("unknown", why), counts, job.id
        )

    def _outcomes(
        self, part: PlannedBody, files: ResultFilesV2, job: JobInfo
    ) -> list[tuple[str, str, str, str]]:
        return match_rows(
            lambda: self._cells(part.place),
            files.lines,
            self._shape,
            files.missing_line_error(),
        )

    def _cells(self, place: Slice) -> Iterator[list[str]]:
        rows = read_rows(self._plan.spool.text(place))
        next(rows)
        return rows


class AttachedV2:
    """The jobs of a load of another process.

    The org does not give back what was uploaded, but its result files hold every row that they
    tell of; the rows are numbered in the order of the files.

    Args:
        access: the org.
        job_ids: of the jobs.
        plan: without parts; takes the rows.
        results: takes the results.
    """

    def __init__(
        self, access: OrgAccess, job_ids: Sequence[str], plan: Plan, results: Spool
    ) -> None:
        self._api_without_end = access.v2
        self.use(access)
        self._plan = plan
        self._results = results
        self.job_ids = job_ids
        self.uploaded_parts: frozenset[int] = frozenset()
        self._units: list[BatchRows] = []

    def adopt(self, unrecorded: Sequence[JobInfo]) -> None:
        """It has no journal that could have lost anything."""

    def send(self) -> None:
        """Everything was sent by the other process."""

    def use(self, access: OrgAccess) -> None:
        self._access = access
        self._api = access.v2
        self._clock = access.clock

    def wait(self) -> None:
        began = self._clock.monotonic()
        states = UnknownStates(_WAITING_STATES)
        for job_id in self.job_ids:
            while (job := self._job(job_id)).state not in bulk_states.JOB_TERMINAL_STATES:
                states.tell(f"Job {job.id}", job.state)
                pause_before_asking(self._clock, began)
        # Fetched here, where an error leaves the handle as it was.
        self._plan.columns = self._plan.names = ()
        self._plan.rows = 0
        self._units = [
            unit for job_id in self.job_ids for unit in self._fetch_rows(self._job(job_id))
        ]

    def units(self) -> list[BatchRows]:
        return self._units

    def _fetch_rows(self, job: JobInfo) -> list[BatchRows]:
        why = _job_error(job)
        processed = job.rows_processed or 0
        with ResultFilesV2(self._access, job, why) as files:
            attempted = files.fetch(lambda counts: processed_count(counts) == processed)
            if attempted != processed:
                raise ReconciliationError(
                    f"Job {job.id} processed {processed:,} rows; its result files tell of "
                    f"{attempted:,}.",
                    expected=processed,
                    got=attempted,
                    job_id=job.id,
                )
            self._name_columns(tuple(files.names), job.id)
            lines = files.lines()
            blocks = iter(lambda: list(islice(lines, limits.BATCH_RECORDS)), [])
            return [self._unit(block, job.id, why) for block in blocks]

    def _name_columns(self, names: tuple[str, ...], job_id: str) -> None:
        if names and self._plan.names not in ((), names):
            raise InvalidInput(
                f"Job {job_id} has the columns {', '.join(names)}, jobs before it "
                f"{', '.join(self._plan.names)}: they are not of one load.",
                job_id=job_id,
            )
        self._plan.columns = self._plan.names = names or self._plan.names

    def _unit(self, lines: Sequence[ResultLine], job_id: str, why: RowError) -> BatchRows:
        first = self._plan.rows + 1
        self._plan.rows += len(lines)
        numbers = range(first, self._plan.rows + 1)
        request = quoted_csv([self._plan.names, *(line.cells for line in lines)])
        result = RESULT_HEADER + quoted_csv(line.outcome for line in lines)
        counts = Counter(STATUS_OF[line.success] for line in lines)
        return BatchRows(
            self._plan.spool.append(request),
            numbers,
            self._results.append(result),
            RestOutcome("unknown", why),
            counts,
            job_id,
        )

    def _job(self, job_id: str) -> JobInfo:
        try:
            return try_again(lambda: self._api.ingest_job(job_id), self._clock)
        except NotFound as error:
            raise job_expired(job_id) from error

    def abort(self) -> None:
        _abort_jobs(self._api_without_end, self.job_ids)


def _abort_jobs(api: BulkV2, job_ids: Sequence[str]) -> None:
    """Abort the jobs that are not over.

    Raises:
        InvalidJobState, InvalidJob: the org refuses to abort one that goes on; the others are
            aborted.
    """
    refused: BulkApiError | None = None
    for job_id in job_ids:
        try:
            api.set_ingest_state(job_id, bulk_states.ABORTED)
        except (InvalidJobState, InvalidJob) as error:
            if api.ingest_job(job_id).state not in bulk_states.JOB_TERMINAL_STATES:
                refused = refused or error
    if refused is not None:
        raise refused


def quoted_csv(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as lines of CSV, each cell in quotes."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode("utf-8")


def _same_names(one: Sequence[str], other: Sequence[str]) -> bool:
    return sorted(map(str.lower, one)) == sorted(map(str.lower, other))


def _job_error(job: JobInfo) -> RowError:
    code, separator, message = (job.error_message or "").partition(" : ")
    if separator:
        return RowError(code, message)
    return RowError(job.state, job.error_message or f"the job ended {job.state}")


def _unit_without_results(
    part: PlannedBody, rest_outcome: RestOutcome, job_id: str | None
) -> BatchRows:
    counts: Mapping[RowStatus, int] = {rest_outcome.status: len(part.numbers)}
    return BatchRows(part.place, part.numbers, None, rest_outcome, counts, job_id)


def _ambiguous_upload(name: str, job_id: str, why: object) -> AmbiguousUpload:
    return AmbiguousUpload(
        f"{name}: the rows are stored in job {job_id}, which may have begun to process them: "
        f"{why}. Do not load them again. Go on with the journal, or look at the job: one that is "
        "Open has to be set to UploadComplete, any other is taken up with attach(job_id).",
        job_id=job_id,
    )
