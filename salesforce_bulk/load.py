"""insert, update, upsert, delete, hard_delete: rows in, an outcome for every row out.

What happens, in order: the rows are read, judged and cut (`load_plan`), the columns compared with
the object's description and the batches with the day's allocation (`load_checks`), the batches
sent (`load_v1`, `load_v2`), and their results put in the order of the rows (`load_results`).
"""

from __future__ import annotations

import csv
import io
import logging
import os
import re
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta, timezone, tzinfo
from itertools import islice
from typing import Any, Protocol, cast

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.batching import Bounds
from salesforce_bulk.call import add_to_message
from salesforce_bulk.errors import (
    BulkApiError,
    InvalidInput,
    InvalidJobState,
    JobStillRunning,
    JournalMismatch,
    ReconciliationError,
    ResultsExpired,
)
from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.formats.row_encoder import RowEncoder, time_zone
from salesforce_bulk.journal import Entry, Journal
from salesforce_bulk.load_checks import CheckedColumns, check_columns, check_quota, group_rule
from salesforce_bulk.load_plan import Plan, Planned, PlanRules, make_plan
from salesforce_bulk.load_results import (
    STATUS_OF,
    Fate,
    Layer,
    LoadResult,
    Outcome,
    RetryOptions,
    Unit,
)
from salesforce_bulk.load_settings import LoadSettings, LoadSpec, Operation
from salesforce_bulk.load_v1 import BatchRef, ResultsV1, SentState, UploadV1
from salesforce_bulk.load_v2 import (
    JOB_BYTES,
    JOB_RECORDS,
    AttachedV2,
    EngineV2,
    StateV2,
    quoted_csv,
)
from salesforce_bulk.models import JobInfo, RowError, RowStatus
from salesforce_bulk.org_access import OrgAccess
from salesforce_bulk.progress import Progress, Reporter
from salesforce_bulk.row_matching import RowShape
from salesforce_bulk.sources import CHUNK_ROWS, Source, open_source
from salesforce_bulk.spool import Slice, Spool
from salesforce_bulk.wire import v1

log = logging.getLogger("salesforce_bulk")

#: Codes of rows whose error is in passing: the same row may succeed a moment later.
TRANSIENT_CODES = frozenset(
    {
        "UNABLE_TO_LOCK_ROW",
        "SERVER_UNAVAILABLE",
        "REQUEST_RUNNING_TOO_LONG",
        "QUERY_TIMEOUT",
        "TooManyLockFailure",
        "Timeout",
        "ServerUnavailable",
        "InternalServerError",
    }
)
#: The code of rows that were left out because a later row has the same key.
SUPERSEDED = "SUPERSEDED"
_SUPERSEDED = Fate(
    "unprocessed", RowError(SUPERSEDED, "a later row has the same key and was sent instead")
)
#: Seconds before the further attempts of `LoadResult.retry`; the last counts for all beyond.
_RETRY_PAUSES = (1.0, 5.0, 15.0)
#: Each further attempt cuts batches this many times smaller, down to one internal transaction.
_SHRINK = 4

#: How `datetime.timezone` writes itself.
_OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)")

#: What the header of a load's journal says it is.
KIND = "load"


class Engine(Protocol):
    """One API's way of loading a plan."""

    @property
    def job_ids(self) -> Sequence[str]:
        """Of all jobs that were made."""

    @property
    def touched(self) -> frozenset[int]:
        """The parts, by their index, of which the org may have rows."""

    def send(self) -> None:
        """Bring everything into the org that is not there yet."""

    def wait(self, deadline: float | None) -> bool:
        """Wait for the results; False when the time was up."""

    def units(self) -> list[Unit]:
        """The fate of every part."""

    def abort(self) -> None:
        """Abort what runs."""


class EngineV1:
    """Bulk API 1.0."""

    def __init__(
        self,
        access: OrgAccess,
        spec: LoadSpec,
        plan: Plan,
        results: Spool,
        state: SentState,
        *,
        record: Callable[[Entry], None],
        told: Callable[[str, int, int], None],
        parallel: int,
    ) -> None:
        self._api = access.v1
        self._upload = UploadV1(
            access.v1, spec, plan, state, record=record, told=told, parallel=parallel
        )
        self._results = ResultsV1(access.v1, plan, state, results, told=told, parallel=parallel)
        self._state = state

    @property
    def job_ids(self) -> Sequence[str]:
        return self._state.jobs

    @property
    def touched(self) -> frozenset[int]:
        return frozenset([*self._state.sent, *self._state.pending])

    def send(self) -> None:
        self._upload.run()

    def wait(self, deadline: float | None) -> bool:
        done = self._results.wait(deadline)
        if done:
            self._upload.close()  # where it failed before; nothing depends on it
        return done

    def units(self) -> list[Unit]:
        error = self._upload.refused
        code = (error and error.error_code) or type(error).__name__
        message = (error and error.error_message) or str(error)
        return self._results.units(Fate("unprocessed", RowError(code, f"not sent: {message}")))

    def abort(self) -> None:
        document = v1.state_document(bulk_states.ABORTED)
        for job_id in self.job_ids:
            with suppress(InvalidJobState):  # it is over already
                self._api.set_job_state(job_id, document, bulk_states.ABORTED)


class LoadJob:
    """A load that was sent: the handle with which to wait for it.

    Attributes:
        name: what is done, e.g. ``insert Account``.
        job_ids: of its jobs; ``job_id`` is the first, None where there was nothing to send.
        rows: of the source; of a 2.0 job of another process known with its results only.
    """

    def __init__(
        self,
        access: OrgAccess,
        spec: LoadSpec,
        plan: Plan,
        engine: Engine,
        results: Spool,
        *,
        api: tuple[str, str],
        records: Sequence[Any] | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.name = spec.name
        self._access = access
        self._spec = spec
        self._plan = plan
        self._engine = engine
        self._results = results
        self._api = api
        self._records = records
        self._journal = journal
        self._result: LoadResult | None = None
        self._asked = threading.Lock()

    @property
    def rows(self) -> int:
        """Rows of the source."""
        return self._plan.rows

    @property
    def job_ids(self) -> tuple[str, ...]:
        """Of all jobs, in the order in which they were made."""
        return tuple(self._engine.job_ids)

    @property
    def job_id(self) -> str | None:
        """Of the first job."""
        return self.job_ids[0] if self.job_ids else None

    def __repr__(self) -> str:
        return f"<LoadJob {self.name}: {self.rows:,} rows, job {', '.join(self.job_ids) or 'none'}>"

    def result(self, timeout: float | None = None) -> LoadResult:
        """Wait until the org is done, and say what became of every row.

        Args:
            timeout: seconds; None waits as long as it takes.

        Returns:
            the result, failures or not; `LoadResult.raise_for_failures` raises.

        Raises:
            JobStillRunning: the time was up; nothing was aborted, and this may be called again.
            ResultsExpired: the org keeps results for seven days.
        """
        clock = self._access.clock
        deadline = None if timeout is None else clock.monotonic() + timeout
        # One thread waits, the others for it.
        if not self._asked.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            raise self._still_running(timeout)
        try:
            if self._result is None:
                if not self._waited(deadline):
                    raise self._still_running(timeout)
                self._result = self._finished()
            return self._result
        finally:
            self._asked.release()

    def _still_running(self, timeout: float | None) -> JobStillRunning:
        return JobStillRunning(
            f"{self.name} (job {', '.join(self.job_ids)}) is not done after {timeout} s. It was "
            "left alone and goes on; wait with the error's .handle.result(), or from another "
            "process with attach(job_id).",
            self,
            job_id=self.job_id,
        )

    def _waited(self, deadline: float | None) -> bool:
        try:
            return self._engine.wait(deadline)
        except (ResultsExpired, ReconciliationError):
            raise
        except BulkApiError as error:
            error.job_id = error.job_id or self.job_id
            add_to_message(
                error,
                f"The rows were sent; what became of them is not known yet, and the jobs "
                f"({', '.join(self.job_ids)}) go on. Do not load the rows again: take up each job "
                "with attach(job_id), or all with the journal where there is one.",
            )
            raise

    def abort(self) -> None:
        """Abort the jobs that are not over; rows that were processed stay in the org."""
        self._engine.abort()

    def layer(self) -> Layer:
        """The rows with their fates, once the org is done."""
        plan = self._plan
        units = self._engine.units()
        units += [_whole_unit(part, _SUPERSEDED) for part in plan.dropped]
        return Layer(plan.columns, plan.spool, self._results, units)

    def _finished(self) -> LoadResult:
        layer = self.layer()
        result = LoadResult(
            self.name,
            self.rows,
            layer,
            api=self._api[0],
            api_reason=self._api[1],
            job_ids=self.job_ids,
            records=self._records,
            again=_Again(self._access, self._spec),
        )
        if self._journal is not None:
            self._journal.append({"event": "done", "summary": result.summary()})
            self._journal.close()
        return result


# The verbs


def load(
    access: OrgAccess,
    operation: Operation,
    object_name: str,
    records: Any,
    settings: LoadSettings,
    external_id: str | None = None,
) -> LoadResult:
    """Load the rows and wait for the outcome of each.

    Args:
        access: the org.
        operation, object_name, external_id: of the job.
        records: see `sources.open_source`.
        settings: see `LoadOptions`.

    Raises:
        InvalidInput: something is wrong with the rows or the options; nothing was sent.
        ExceededQuota: more batches than the org may process today; nothing was sent.
        LoadFailed: rows did not succeed, unless ``on_error="report"``.
        AmbiguousUpload: it cannot be found out whether a batch arrived.
        JobStillRunning: the time was up.
        TransportError, ApiFault: the org cannot be reached, or refuses the job.
    """
    job = submit(access, operation, object_name, records, settings, external_id)
    result = job.result(settings.timeout)
    if settings.on_error == "raise":
        result.raise_for_failures()
    return result


def submit(
    access: OrgAccess,
    operation: Operation,
    object_name: str,
    records: Any,
    settings: LoadSettings,
    external_id: str | None = None,
) -> LoadJob:
    """Send the rows and return as soon as the org has them; see `load`."""
    spec = LoadSpec(
        operation, object_name, external_id, settings.concurrency, settings.assignment_rule_id
    )
    api = settings.choose_api()
    log.info("%s: Bulk API %s (%s)", spec.name, *api)
    source = open_source(
        records, encoding=settings.encoding, key_only=operation in ("delete", "hardDelete")
    )
    reporter = Reporter(settings.progress, access.clock)
    spec, plan, shape = _prepare(access, spec, source, settings, reporter)
    goes_on = settings.journal is not None and Journal.exists(settings.journal)
    if not goes_on:  # before there is a journal of these rows
        _check_quota(access, spec, plan, _state(settings, None))
    journal = _open_journal(access, spec, plan, source, settings)
    try:
        state = _state(settings, journal)
        if goes_on:
            _check_quota(access, spec, plan, state)
        job, engine = _job(access, spec, plan, shape, source, settings, reporter, state, journal)
        _send(spec, plan, engine)
    except BaseException:
        if journal is not None:
            journal.close()
        raise
    return job


def _prepare(
    access: OrgAccess, spec: LoadSpec, source: Source, settings: LoadSettings, reporter: Reporter
) -> tuple[LoadSpec, Plan, RowShape]:
    if not source.columns:
        return spec, Plan((), (), Spool()), RowShape((), (), ())
    checked = check_columns(spec, source.columns, access.describes)
    if settings.duplicates == "keep_last" and checked.key is None:
        raise InvalidInput(
            "duplicates='keep_last' asks for the last row of each key; insert has no key."
        )
    zone = time_zone(settings.assume_tz)
    encoder = RowEncoder(source.columns, settings.nulls, zone, checked.integers)
    rules = PlanRules(
        names=checked.names,
        bounds=_bounds(settings),
        key=checked.key,
        group=group_rule(checked, source.columns, settings.group_by) if settings.group_by else None,
        keep_last=settings.duplicates == "keep_last",
        zone=zone,
    )
    plan = make_plan(
        source.chunks(),
        encoder,
        rules,
        Spool(),
        lambda rows, size: reporter(Progress("reading", rows, size)),
    )
    return replace(spec, external_id=checked.external_id), plan, checked.shape


def _bounds(settings: LoadSettings) -> Bounds:
    if settings.choose_api()[0] == "2.0":
        records = settings.batch_size or JOB_RECORDS
        return Bounds(records, min(JOB_BYTES, limits.INGEST_JOB_BYTES), JOB_BYTES)
    return Bounds(records=settings.batch_size or limits.BATCH_RECORDS)


def _job(
    access: OrgAccess,
    spec: LoadSpec,
    plan: Plan,
    shape: RowShape,
    source: Source,
    settings: LoadSettings,
    reporter: Reporter,
    state: SentState | StateV2,
    journal: Journal | None,
) -> tuple[LoadJob, Engine]:
    """The handle and what is to send its rows."""
    results = Spool()
    record = journal.append if journal is not None else _record_nowhere
    told = _teller(reporter, plan, state)
    parallel = settings.parallel
    if isinstance(state, SentState):
        engine: Engine = EngineV1(
            access, spec, plan, results, state, record=record, told=told, parallel=parallel
        )
    else:
        engine = EngineV2(
            access.v2,
            access.clock,
            spec,
            plan,
            results,
            state,
            shape=shape,
            record=record,
            told=told,
            parallel=parallel,
        )
    api = settings.choose_api()
    records = source.records
    job = LoadJob(access, spec, plan, engine, results, api=api, records=records, journal=journal)
    return job, engine


def _state(settings: LoadSettings, journal: Journal | None) -> SentState | StateV2:
    """What earlier processes did already."""
    state: SentState | StateV2 = SentState() if settings.choose_api()[0] == "1.0" else StateV2()
    for entry in journal.entries if journal is not None else ():
        state.replay(entry)
    return state


def _check_quota(access: OrgAccess, spec: LoadSpec, plan: Plan, state: SentState | StateV2) -> None:
    """See `load_checks.check_quota`; for the parts that are not in the org yet."""
    if isinstance(state, SentState):
        missing = len(plan.parts) - len(state.sent)
    else:
        # The server cuts a job into batches of 10,000 rows, and these count.
        rest = [part for at, part in enumerate(plan.parts) if at not in state.started]
        missing = sum(-(-len(part.numbers) // limits.BATCH_RECORDS) for part in rest)
    if missing:
        check_quota(access.describes, missing, spec.name, begun=bool(state.jobs))


def _send(spec: LoadSpec, plan: Plan, engine: Engine) -> None:
    try:
        engine.send()
    except BulkApiError as error:
        if engine.touched:
            add_to_message(
                error,
                f"{len(engine.touched)} of {len(plan.parts)} batches of {spec.name} are, or may "
                f"be, in the org (job {', '.join(engine.job_ids)}). Do not load all rows again: "
                "go on with the journal, or take up each job with attach(job_id).",
            )
        raise


def _record_nowhere(entry: Entry) -> None:
    """Without a journal."""


def _teller(
    reporter: Reporter, plan: Plan, state: SentState | StateV2
) -> Callable[[str, int, int], None]:
    def told(phase: str, rows: int, size: int) -> None:
        job_id = state.jobs[0] if state.jobs else None
        reporter(Progress(phase, rows, size, plan.rows, job_id))

    return told


# Going on after a crash


def _open_journal(
    access: OrgAccess, spec: LoadSpec, plan: Plan, source: Source, settings: LoadSettings
) -> Journal | None:
    """The journal of this load, new or of an earlier process.

    Raises:
        JournalMismatch: it is of another load, of other rows, or of another org.
    """
    if settings.journal is None:
        return None
    header = _header(access, spec, source, settings)
    digests = plan.digests()
    if Journal.exists(settings.journal):
        journal = Journal.open(settings.journal)
    else:
        journal = Journal.create(settings.journal, header)
    try:
        _compare(journal, header, digests)
        if not journal.entries:
            journal.append({"event": "plan", "rows": plan.rows, "digests": digests})
    except BaseException:
        journal.close()
        raise
    return journal


def _header(access: OrgAccess, spec: LoadSpec, source: Source, settings: LoadSettings) -> Entry:
    chosen = asdict(replace(settings, progress=None, assume_tz=None))
    for runtime in ("progress", "journal", "timeout", "parallel", "on_error"):
        del chosen[runtime]
    zone = settings.assume_tz
    return {
        "kind": KIND,
        "address": access.v1.address,
        "spec": spec.as_json(),
        "options": {**chosen, "assume_tz": None if zone is None else str(zone)},
        "columns": list(source.columns),
        "path": None if source.path is None else str(source.path.absolute()),
    }


def _compare(journal: Journal, header: Entry, digests: list[str]) -> None:
    for name in ("kind", "address", "spec", "options", "columns"):
        if journal.header.get(name) != header[name]:
            raise JournalMismatch(
                f"The journal {journal.path} is of another load: its {name} is "
                f"{journal.header.get(name)!r}, not {header[name]!r}. "
                + ("Log in there to go on." if name == "address" else "Name another file.")
            )
    before = journal.entries[0]["digests"] if journal.entries else digests
    if before == digests:
        return
    at = next(
        (at for at, (a, b) in enumerate(zip(before, digests, strict=False), 1) if a != b),
        min(len(before), len(digests)) + 1,
    )
    raise JournalMismatch(
        f"The rows are not those of the run that the journal {journal.path} is of: batch {at} "
        "differs. Give the same rows, or name another file."
    )


def resume(
    access: OrgAccess, path: str | os.PathLike[str], records: Any, settings: LoadSettings
) -> LoadResult:
    """Finish the load that a journal is of.

    Args:
        access: the same org.
        path: the journal.
        records: the same rows; None reads the file that the journal names.
        settings: ``progress``, ``timeout``, ``parallel`` and ``on_error`` of this run.

    Raises:
        JournalMismatch: the journal names no file and no rows were given, or other rows.
    """
    with Journal.open(path) as journal:
        header = journal.header
    if records is None and header["path"] is None:
        raise JournalMismatch(
            f"The rows of the journal {path} came from no file; give the same rows again as "
            "records=."
        )
    spec = header["spec"]
    options = {**header["options"], "assume_tz": _zone(header["options"]["assume_tz"])}
    return load(
        access,
        spec["operation"],
        spec["object_name"],
        header["path"] if records is None else records,
        replace(settings, journal=path, **options),
        spec["external_id"],
    )


def _zone(text: str | None) -> tzinfo | str | None:
    """The zone that a journal names; those without a name are written as their offset."""
    offset = _OFFSET.fullmatch(text or "")
    if offset is None:
        return text
    sign, hours, minutes = offset.groups()
    return timezone(timedelta(hours=int(sign + hours), minutes=int(sign + minutes)))


# Taking up a job of another process


def attach(access: OrgAccess, job_id: str, info: dict[str, Any]) -> LoadJob:
    """The handle of a load's job, from its id alone.

    Args:
        access: the org.
        job_id: of a CSV job of Bulk API 1.0.
        info: its jobInfo.

    The rows come back from the org, which keeps what was posted; they are numbered in the order
    in which it lists the batches.
    """
    if info.get("contentType") != "CSV":
        raise InvalidInput(
            f"Job {job_id} is of {info.get('contentType')}; rows can be read back from CSV jobs.",
            job_id=job_id,
        )
    spec = LoadSpec(
        cast(Operation, str(info.get("operation"))),
        str(info.get("object")),
        info.get("externalIdFieldName"),
        str(info.get("concurrencyMode") or "Parallel"),
        info.get("assignmentRuleId"),
    )
    plan, state = _read_back(access, job_id)
    results = Spool()
    engine = EngineV1(
        access,
        spec,
        plan,
        results,
        state,
        record=_record_nowhere,
        told=lambda phase, rows, size: None,
        parallel=1,
    )
    return LoadJob(access, spec, plan, engine, results, api=("1.0", "the job's"))


def attach_v2(access: OrgAccess, info: JobInfo) -> LoadJob:
    """The handle of a load's job of Bulk API 2.0; see `load_v2.AttachedV2`."""
    spec = LoadSpec(
        cast(Operation, info.operation),
        str(info.object),
        info.fields.get("externalIdFieldName"),
        assignment_rule_id=info.fields.get("assignmentRuleId"),
    )
    plan = Plan((), (), Spool())
    results = Spool()
    engine = AttachedV2(access.v2, access.clock, info.id, plan, results)
    return LoadJob(access, spec, plan, engine, results, api=("2.0", "the job's"))


def _read_back(access: OrgAccess, job_id: str) -> tuple[Plan, SentState]:
    """The batches that the job has by now; those without rows are left out."""
    stored = Spool()
    found: list[tuple[BatchRef, Slice]] = []
    columns: dict[str, str] = {}
    for info in access.v1.batches(job_id):
        ref = BatchRef(job_id, str(info.get("id")))
        body = access.v1.batch_request(*ref)
        found.append((ref, stored.append(body)))
        for name in next(iter(_records(body, ref)), []):
            columns.setdefault(name.lower(), name)
    names = tuple(columns.values())
    plan = Plan(names, names, Spool())
    state = SentState(jobs=[job_id])
    for ref, place in found:
        header, *rows = _records(stored.read(place), ref) or [[]]
        if rows:
            state.sent[len(plan.parts)] = ref
            numbers = range(plan.rows + 1, plan.rows + len(rows) + 1)
            body = quoted_csv([names, *_arranged(header, rows, names)])
            plan.parts.append(Planned(plan.spool.append(body), numbers))
            plan.rows += len(rows)
    return plan, state


def _records(body: bytes, ref: BatchRef) -> list[list[str]]:
    try:
        # A blank line is no record to the org.
        return list(filter(None, read_rows(io.StringIO(body.decode("utf-8-sig"), newline=""))))
    except (ValueError, csv.Error) as error:
        raise InvalidInput(
            f"Batch {ref.batch_id} of job {ref.job_id} cannot be read back as CSV: {error}.",
            job_id=ref.job_id,
            batch_id=ref.batch_id,
        ) from error


def _arranged(
    header: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[list[str]]:
    """The rows of a batch in the order of all columns; cells that it lacks are empty."""
    at = {name.lower(): position for position, name in enumerate(header)}
    positions = [at.get(name.lower(), len(header)) for name in names]
    for row in rows:
        yield [row[position] if position < len(row) else "" for position in positions]


# Trying again


class _Again:
    """`LoadResult.retry`: the rows worth it, through Bulk API 1.0, whose results keep the order.

    What was sent again is remembered for all results of one load: whichever of them is asked, and
    whatever the attempt before ended with, no row is sent again that may be in the org.
    """

    def __init__(self, access: OrgAccess, spec: LoadSpec) -> None:
        self._access = access
        self._spec = spec
        self._latest: LoadResult | None = None
        self._lock = threading.Lock()

    def __call__(self, result: LoadResult, options: RetryOptions) -> LoadResult:
        settings = LoadSettings(batch_size=options.batch_size, timeout=options.timeout)
        with self._lock:
            latest = self._latest or result
            checked = check_columns(self._spec, latest.columns, self._access.describes)
            size = settings.batch_size or limits.BATCH_RECORDS
            for attempt in range(options.attempts):
                chosen = _Chosen(latest)
                if not chosen.worth_it():
                    break
                if attempt:
                    pauses = _RETRY_PAUSES
                    self._access.clock.sleep(pauses[min(attempt, len(pauses)) - 1])
                    size = max(size // _SHRINK, min(size, limits.DML_CHUNK_RECORDS))
                last = attempt == options.attempts - 1 and attempt > 0
                spec = replace(self._spec, concurrency="Serial") if last else self._spec
                latest = self._attempt(spec, latest, chosen, checked, size, options)
            return latest

    def _attempt(
        self,
        spec: LoadSpec,
        latest: LoadResult,
        chosen: _Chosen,
        checked: CheckedColumns,
        size: int,
        options: RetryOptions,
    ) -> LoadResult:
        plan = self._plan(chosen, checked, size, options)
        state = SentState()
        _check_quota(self._access, spec, plan, state)
        settings = LoadSettings(timeout=options.timeout)
        no_source = Source(chosen.columns, lambda: iter(()))
        reporter = Reporter(None, self._access.clock)
        job, engine = _job(
            self._access, spec, plan, checked.shape, no_source, settings, reporter, state, None
        )
        try:
            engine.send()
            job.result(options.timeout)
            layer = job.layer()
        except BaseException as error:
            layer = Layer(plan.columns, plan.spool, Spool(), _in_doubt(plan, engine.touched, error))
            self._latest = latest.overlaid(layer, chosen.before, job.job_ids)
            if isinstance(error, BulkApiError):
                add_to_message(error, "A further retry() leaves out the rows that may be there.")
            raise
        self._latest = latest.overlaid(layer, chosen.before, job.job_ids)
        return self._latest

    def _plan(
        self, chosen: _Chosen, checked: CheckedColumns, size: int, options: RetryOptions
    ) -> Plan:
        columns = chosen.columns
        rules = PlanRules(
            names=checked.names,
            bounds=Bounds(records=size),
            key=checked.key and replace(checked.key, unique=False),
            group=group_rule(checked, columns, options.group_by),
            numbers=chosen.numbers,
        )
        # The cells are texts as they were sent, so nothing of them is to be changed.
        return make_plan(chosen.chunks(), RowEncoder(columns), rules, Spool())


def _in_doubt(plan: Plan, touched: Collection[int], error: BaseException) -> list[Unit]:
    """The fates of parts whose loading ended with an error."""
    code = type(error).__name__
    unknown = Fate("unknown", RowError(code, f"it was being loaded again: {error}"))
    unsent = Fate("unprocessed", RowError(code, f"not sent again: {error}"))
    return [
        _whole_unit(part, unknown if at in touched else unsent)
        for at, part in enumerate(plan.parts)
    ]


def _whole_unit(part: Planned, fate: Fate) -> Unit:
    counts: Counter[RowStatus] = Counter({fate.status: len(part.numbers)})
    return Unit(part.place, part.numbers, None, fate, counts)


class _Chosen:
    """The rows of a result that are loaded again."""

    def __init__(self, result: LoadResult) -> None:
        self._result = result
        self.columns = result.columns
        #: Of the rows in the source; complete when `chunks` has ended.
        self.numbers = array("Q")
        #: What the rows were before.
        self.before: Counter[RowStatus] = Counter()

    def worth_it(self) -> bool:
        """Whether there is any."""
        return next(self._outcomes(), None) is not None

    def chunks(self) -> Iterator[list[Sequence[Any]]]:
        """Their cells as texts."""
        outcomes = self._outcomes()
        while chunk := list(islice(outcomes, CHUNK_ROWS)):
            self.numbers.extend(outcome.number for outcome in chunk)
            self.before.update(STATUS_OF[outcome.success] for outcome in chunk)
            yield [outcome.cells for outcome in chunk]

    def _outcomes(self) -> Iterator[Outcome]:
        return filter(_deserves_another_try, self._result.outcomes())


def _deserves_another_try(outcome: Outcome) -> bool:
    status = STATUS_OF.get(outcome.success, "unknown")
    code = outcome.error.partition(":")[0]
    if status == "failed":
        return code in TRANSIENT_CODES
    return status == "unprocessed" and code != SUPERSEDED
