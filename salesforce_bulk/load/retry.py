"""Loading again what is worth it: `LoadResult.retry`, remembered by a journal.

Each attempt is written down like a load of its own, so that a program that is run again after a
crash goes on with the attempt, and sends no row that it has brought into the org.
"""

from __future__ import annotations

import csv
import os
import re
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from itertools import islice
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import BulkApiError
from salesforce_bulk.formats.row_encoder import RowEncoder
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.http.clock import DeadlinePassed
from salesforce_bulk.load.batching import Bounds
from salesforce_bulk.load.checks import check_columns, check_quota, group_rule
from salesforce_bulk.load.engine_v1 import EngineV1
from salesforce_bulk.load.job import (
    SUPERSEDED,
    LoadJob,
    Send,
    naming_what_was_sent,
    report_to,
    time_up_before,
    whole_unit,
)
from salesforce_bulk.load.outcomes import STATUS_OF, BatchRows, Outcome, RestOutcome, RunOutcomes
from salesforce_bulk.load.plan import Plan, PlanRules, make_plan
from salesforce_bulk.load.results import LoadResult, RetryOptions
from salesforce_bulk.load.settings import LoadSettings, LoadSpec
from salesforce_bulk.load.source import CHUNK_ROWS
from salesforce_bulk.load.unrecorded_jobs import (
    Since,
    later_jobs,
    undecidable_job,
    unrecorded_jobs,
)
from salesforce_bulk.load.upload_v1 import UploadStateV1, read_cells
from salesforce_bulk.models import RowError, RowStatus
from salesforce_bulk.progress import Reporter
from salesforce_bulk.storage.journal import Entry, Journal
from salesforce_bulk.storage.spool import Spool

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
#: Codes of triggers, flows and the like, whose message names the code of what stopped them.
_WRAPPING_CODES = frozenset(
    {
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        "CANNOT_EXECUTE_FLOW_TRIGGER",
        "APEX_ERROR",
        "FIELD_INTEGRITY_EXCEPTION",
    }
)
_CODE = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")
#: Seconds before the further attempts; the last counts for all beyond.
_PAUSES = (1.0, 5.0, 15.0)
#: Each further attempt cuts batches this many times smaller, down to one internal transaction.
_SHRINK = 4

#: The event of a journal with which an attempt begins.
_RETRY = "retry"

OutcomeFilter = Callable[[Iterator[Outcome]], Iterator[Outcome]]


def record_nowhere(entry: Entry) -> None:
    """Without a journal."""


def entry_of_end(result: LoadResult) -> Entry:
    """With which the journal of a load ends, and that of a retry once more."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"event": "done", "summary": result.summary(), "ended": now}


def split_at_retries(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries of the load itself, and those of each attempt, which begin with what it is."""
    sections: list[list[Entry]] = [[]]
    for entry in entries:
        if entry["event"] == _RETRY:
            sections.append([])
        sections[-1].append(entry)
    return sections


@dataclass(frozen=True)
class _Attempt:
    """How rows are loaded again.

    Attributes:
        size: rows in a batch at most.
        group_by: see `LoadResult.retry`.
        serial: one batch after the other.
    """

    size: int
    group_by: str | None
    serial: bool

    def as_entry(self, rows: Iterable[Sequence[int]]) -> Entry:
        """For a journal, with the first and last number of each run of rows."""
        return {"event": _RETRY, **self.__dict__, "rows": list(rows)}

    @classmethod
    def from_entry(cls, entry: Entry) -> _Attempt:
        """The same again."""
        return cls(entry["size"], entry["group_by"], entry["serial"])


class Retries:
    """The rows of a result that are worth it, through Bulk API 1.0, whose results keep the order.

    What was sent again is remembered for all results of one load: whichever of them is asked, and
    whatever the attempt before ended with, no row is sent again that may be in the org.

    Args:
        access: the org.
        spec: of the load.
        journal: the load's, where it has one; not open while this is not at work.
        reporter: the load's.
        taken_up: of a job that was taken up by its id: the job, and when it was made. Who runs
            the same program again takes it up once more, and its rows may have been sent again.
    """

    def __init__(
        self,
        access: OrgAccess,
        spec: LoadSpec,
        journal: str | os.PathLike[str] | None,
        reporter: Reporter,
        taken_up: Since | None = None,
    ) -> None:
        self._access = access
        self._taken_up = taken_up
        self._reporter = reporter
        self._spec = spec
        self._journal = journal
        self._latest: LoadResult | None = None
        self._lock = threading.Lock()

    def __call__(self, result: LoadResult, options: RetryOptions) -> LoadResult:
        """See `LoadResult.retry`."""
        with self._lock:
            latest = self._latest or result
            chosen = _RowsToRetry(latest, partial(_retryable, options.codes))
            if not (options.attempts > 0 and chosen):
                return latest
            reporter = self._reporter
            if options.progress is not None:
                reporter = Reporter(options.progress, self._access.clock, self._spec.name)
            with reporter.running():
                latest = self._run_attempts(latest, chosen, options, reporter)
                reporter.conclude(latest.summary())
            with self._recording() as (record, _):
                record(entry_of_end(latest))
            return latest

    def _run_attempts(
        self,
        latest: LoadResult,
        chosen: _RowsToRetry,
        options: RetryOptions,
        reporter: Reporter,
    ) -> LoadResult:
        settings = LoadSettings(batch_size=options.batch_size, timeout=options.timeout)
        size = settings.batch_size or limits.BATCH_RECORDS
        for number in range(options.attempts):
            if number:
                chosen = _RowsToRetry(latest, partial(_retryable, options.codes))
                if not chosen:
                    break
                self._access.clock.sleep(_PAUSES[min(number, len(_PAUSES)) - 1])
                size = max(size // _SHRINK, min(size, limits.DML_CHUNK_RECORDS))
            last = number == options.attempts - 1 and number > 0
            attempt = _Attempt(size, options.group_by, last)
            latest = self._run_attempt(latest, chosen, attempt, options.timeout, reporter)
        return latest

    def resume(
        self,
        result: LoadResult,
        sections: Sequence[Sequence[Entry]],
        journal: Journal,
        access: OrgAccess,
    ) -> LoadResult:
        """The result with the attempts of earlier runs, which are finished.

        Args:
            result: of the load without them.
            sections: the journal's entries of each.
            journal: open.
            access: the org, by a way that may have an end.
        """
        with self._lock:
            for number, (entry, *events) in enumerate(sections, 1):
                attempt = _Attempt.from_entry(entry)
                chosen = _RowsToRetry(result, partial(_with_numbers, rows=entry["rows"]))
                plan = self._plan(access, chosen, attempt)
                state = UploadStateV1()
                for event in events:
                    state.replay(event)
                engine, results = self._engine(plan, attempt, state, journal.append, self._reporter)
                engine.use(access)
                if number < len(sections):
                    engine.settle()  # the next attempt has taken what this one did not send
                else:
                    with naming_what_was_sent(self._spec.name, plan, engine):
                        self._adopt(access, engine, plan, journal)
                        engine.send()
                engine.wait()
                job = self._job(plan, engine, results)
                result = result.overlaid(job.layer(), chosen.before, job.job_ids)
            self._latest = result
            return result

    def _run_attempt(
        self,
        latest: LoadResult,
        chosen: _RowsToRetry,
        attempt: _Attempt,
        timeout: float | None,
        reporter: Reporter,
    ) -> LoadResult:
        access = self._access.within(timeout)
        try:
            plan = self._plan(access, chosen, attempt)
            access.reserve.check(self._spec.name, len(plan.parts))
            check_quota(access.describes, len(plan.parts), self._spec.name)
        except DeadlinePassed as error:
            raise time_up_before(f"retry of {self._spec.name}", timeout or 0) from error
        with self._recording() as (record, journal):
            record(attempt.as_entry(_runs(chosen.numbers)))
            engine, results = self._engine(plan, attempt, UploadStateV1(), record, reporter)
            at_work = True

            def send(access: OrgAccess) -> None:
                if at_work:
                    self._adopt(access, engine, plan, journal)
                    engine.send()
                else:
                    engine.settle()

            job = self._job(plan, engine, results, send)
            try:
                job.result_by(access)
                layer = job.layer()
            except BaseException as error:
                units = _interrupted_units(plan, engine.uploaded_parts, error)
                layer = RunOutcomes(plan.columns, plan.spool, Spool(), units)
                if isinstance(error, BulkApiError):
                    add_to_message(error, "A further retry() leaves out rows that may be there.")
                raise
            finally:
                # Whatever was not sent is the next attempt's.
                at_work = False
                if self._taken_up is not None:
                    self._taken_up.known.update(job.job_ids)
                self._latest = latest.overlaid(layer, chosen.before, job.job_ids)
        return self._latest

    def _engine(
        self,
        plan: Plan,
        attempt: _Attempt,
        state: UploadStateV1,
        record: Callable[[Entry], None],
        reporter: Reporter,
    ) -> tuple[EngineV1, Spool]:
        spec = replace(self._spec, concurrency="Serial") if attempt.serial else self._spec
        results = Spool()
        engine = EngineV1(
            self._access.v1,
            spec,
            plan,
            state,
            results,
            reserve=self._access.reserve,
            record=record,
            report=report_to(reporter, plan, state),
            parallel=LoadSettings().parallel,
        )
        return engine, results

    def _job(
        self, plan: Plan, engine: EngineV1, results: Spool, send: Send | None = None
    ) -> LoadJob:
        return LoadJob(
            self._access,
            self._spec.name,
            plan,
            engine,
            results,
            api=("1.0", "its results come in the order of the rows"),
            send=send,
            rest="; a further retry() sends the rest",
        )

    def _adopt(
        self, access: OrgAccess, engine: EngineV1, plan: Plan, journal: Journal | None
    ) -> None:
        """What an attempt of before sent, and nobody knows here, is not sent once more."""
        if journal is not None:
            jobs = unrecorded_jobs(access, self._spec, journal, "1.0")
        elif self._taken_up is not None:
            jobs = later_jobs(access, self._spec, self._taken_up)
        else:
            return
        rows: set[tuple[str, ...]] | None = None
        for ref in engine.adopt(jobs):
            # An attempt of other options cuts its batches in another way.
            rows = _all_rows(plan) if rows is None else rows
            if not rows.isdisjoint(_rows_of(access.v1.batch_request(*ref))):
                why = f"its batch {ref.batch_id} holds rows that are to be sent again"
                raise undecidable_job(self._spec, ref.job_id, why)

    @contextmanager
    def _recording(self) -> Iterator[tuple[Callable[[Entry], None], Journal | None]]:
        # One that was removed has nothing to say to a further run.
        if self._journal is None or not Journal.exists(self._journal):
            yield record_nowhere, None
            return
        with Journal.open(self._journal) as journal:
            # Where the time was up, all that may still come is that the job was closed.
            yield lambda entry: None if journal.closed else journal.append(entry), journal

    def _plan(self, access: OrgAccess, chosen: _RowsToRetry, attempt: _Attempt) -> Plan:
        columns = chosen.columns
        checked = check_columns(self._spec, columns, access.describes)
        rules = PlanRules(
            names=checked.names,
            bounds=Bounds(records=attempt.size),
            key=checked.key and replace(checked.key, unique=False),
            group=group_rule(checked, columns, attempt.group_by),
            numbers=chosen.numbers,
        )
        # The cells are texts as they were sent, so nothing of them is to be changed.
        return make_plan(chosen.chunks(), RowEncoder(columns), rules, Spool())


def _rows_of(body: bytes) -> set[tuple[str, ...]]:
    """The rows of a batch; none of what is no CSV, and so another program's."""
    try:
        return set(map(tuple, read_cells(body)))
    except (UnicodeDecodeError, csv.Error):
        return set()


def _all_rows(plan: Plan) -> set[tuple[str, ...]]:
    bodies = map(plan.body, range(len(plan.parts)))
    return {tuple(row) for body in bodies for row in read_cells(body)[1:]}


def _interrupted_units(
    plan: Plan, uploaded_parts: Collection[int], error: BaseException
) -> list[BatchRows]:
    """The fates of parts whose loading ended with an error."""
    code = type(error).__name__
    unknown = RestOutcome("unknown", RowError(code, f"it was being loaded again: {error}"))
    unsent = RestOutcome("unprocessed", RowError(code, f"not sent again: {error}"))
    return [
        whole_unit(part, unknown if at in uploaded_parts else unsent)
        for at, part in enumerate(plan.parts)
    ]


class _RowsToRetry:
    """The rows of a result that are loaded again; false where there is none."""

    def __init__(self, result: LoadResult, pick: OutcomeFilter) -> None:
        self._result = result
        self._pick = pick
        self.columns = result.columns
        #: Of the rows in the source; complete when `chunks` has ended.
        self.numbers = array("Q")
        #: What the rows were before.
        self.before: Counter[RowStatus] = Counter()

    def __bool__(self) -> bool:
        return next(self._outcomes(), None) is not None

    def chunks(self) -> Iterator[list[Sequence[Any]]]:
        """Their cells as texts."""
        outcomes = self._outcomes()
        while chunk := list(islice(outcomes, CHUNK_ROWS)):
            self.numbers.extend(outcome.number for outcome in chunk)
            self.before.update(STATUS_OF[outcome.success] for outcome in chunk)
            yield [outcome.cells for outcome in chunk]

    def _outcomes(self) -> Iterator[Outcome]:
        return self._pick(self._result.outcomes())


def _retryable(codes: Collection[str] | None, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    wanted = TRANSIENT_CODES if codes is None else frozenset(codes)
    return (outcome for outcome in outcomes if _deserves_another_try(outcome, wanted))


def _deserves_another_try(outcome: Outcome, codes: Set[str]) -> bool:
    status = STATUS_OF.get(outcome.success, "unknown")
    code, _, message = outcome.error.partition(":")
    if status == "failed":
        # Triggers and flows report what stopped them under a code of their own.
        wrapped = code in _WRAPPING_CODES and not codes.isdisjoint(_CODE.findall(message))
        return code in codes or wrapped
    return status == "unprocessed" and code != SUPERSEDED


def _with_numbers(outcomes: Iterator[Outcome], rows: Sequence[Sequence[int]]) -> Iterator[Outcome]:
    """The outcomes whose numbers are in one of the runs, all in ascending order."""
    runs = iter(rows)
    first, last = next(runs, (0, 0))
    for outcome in outcomes:
        if outcome.number > last:
            first, last = next(runs, (0, 0))
            if not last:
                return
        if outcome.number >= first:
            yield outcome


def _runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of numbers that follow one another."""
    first = last = 0
    for number in numbers:
        if number == last + 1 and first:
            last = number
            continue
        if first:
            yield first, last
        first = last = number
    if first:
        yield first, last
