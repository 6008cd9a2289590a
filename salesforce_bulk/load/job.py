"""The handle of a load that was sent, and what it asks of the way through either API."""

from __future__ import annotations

import logging
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import (
    BulkApiError,
    JobStillRunning,
    ReconciliationError,
    RequestTimeout,
    ResultsExpired,
    UnexpectedResponse,
)
from salesforce_bulk.formats.html_table import html_table
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.http.clock import Deadline, DeadlinePassed
from salesforce_bulk.load.outcomes import BatchRows, RestOutcome, RunOutcomes
from salesforce_bulk.load.plan import Plan, PlannedBody
from salesforce_bulk.load.results import LoadResult, RetryRows
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.models import JobInfo, RowError, RowStatus
from salesforce_bulk.progress import Progress, Reporter
from salesforce_bulk.progress.notebook import is_shown_as_line
from salesforce_bulk.storage.journal import Journal
from salesforce_bulk.storage.spool import Spool

log = logging.getLogger("salesforce_bulk")
#: What the command line tells in its own way is left out there by this name.
notes_log = logging.getLogger("salesforce_bulk.notes")

#: The code of rows that were left out because a later row has the same key.
SUPERSEDED = "SUPERSEDED"
_SUPERSEDED = RestOutcome(
    "unprocessed", RowError(SUPERSEDED, "a later row has the same key and was sent instead")
)

#: Between the ids of a token; no part of an id.
BETWEEN_JOB_IDS = "."

#: Called with the phase, and its rows, bytes and batches so far.
ReportProgress = Callable[[str, int, int, int], None]

#: What brings into the org what is not there yet.
Send = Callable[[OrgAccess], None]
#: What is still to be done to a result.
Finish = Callable[[LoadResult, OrgAccess], LoadResult]


class Engine(Protocol):
    """One API's way of loading a plan."""

    @property
    def job_ids(self) -> Sequence[str]:
        """Of all jobs that were made."""

    @property
    def uploaded_parts(self) -> frozenset[int]:
        """The parts, by their index, of which the org may have rows."""

    def use(self, access: OrgAccess) -> None:
        """Make further calls by this way to the org, which may have an end; all but `abort`."""

    def adopt(self, unrecorded: Sequence[JobInfo]) -> object:
        """Take what the org has of this load and the journal has lost, before anything is sent
        again. ``unrecorded`` are the jobs that may be this load's."""

    def send(self) -> None:
        """Bring everything into the org that is not there yet; what is in doubt is looked at
        before, so that this may be called again where it ended early."""

    def wait(self) -> None:
        """Wait for the results of what was sent."""

    def units(self) -> list[BatchRows]:
        """The rest_outcome of every part."""

    def abort(self) -> None:
        """Abort what runs."""


class LoadJob:
    """A load that was sent: the handle with which to wait for it.

    Attributes:
        name: what is done, e.g. ``insert Account``.
        job_ids: of its jobs; ``job_id`` is the first, None where there was nothing to send.
        rows: of the source; of a 2.0 job of another process known with its results only.
    """

    __module__ = "salesforce_bulk"

    def __init__(
        self,
        access: OrgAccess,
        name: str,
        plan: Plan,
        engine: Engine,
        results: Spool,
        *,
        api: tuple[str, str],
        records: Sequence[Any] | None = None,
        again: RetryRows | None = None,
        send: Send | None = None,
        finish: Finish | None = None,
        journal: Journal | None = None,
        reporter: Reporter | None = None,
        rest: str = " and sends the rest",
    ) -> None:
        self.name = name
        self._access = access
        self._plan = plan
        self._engine = engine
        self._results = results
        self._api = api
        self._records = records
        self._again = again
        self._send = send
        self._finish = finish
        self._journal = journal
        self._rest = rest
        self._reporter = reporter or Reporter(None, access.clock, name)
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

    @property
    def token(self) -> str | None:
        """The ids of all jobs as one text, which ``bulk.attach`` takes in another process; None
        where there was nothing to send. It is no secret."""
        return BETWEEN_JOB_IDS.join(self.job_ids) or None

    def __repr__(self) -> str:
        jobs = ", ".join(self.job_ids) or "none"
        rows = f"{self.rows:,} rows" if self._rows_known else "rows not yet known"
        return f"<LoadJob {self.name}: {rows}, job {jobs}>"

    @property
    def _rows_known(self) -> bool:
        # Of a 2.0 job of another process they are with its results.
        return bool(self.rows or not self.job_ids)

    def _repr_html_(self) -> str:
        sent = f"{len(self._engine.uploaded_parts):,} of {len(self._plan.parts):,} batches"
        facts = {
            "rows": f"{self.rows:,}" if self._rows_known else "not yet known",
            "in the org": sent,
            "jobs": ", ".join(self.job_ids),
        }
        return html_table(self.name, facts)

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"A LoadJob does not travel to another process; give its token {self.token!r} to "
            "attach there."
        )

    def result(self, timeout: float | None = None) -> LoadResult:
        """Wait until the org is done, and say what became of every row.

        Args:
            timeout: seconds in which this ends, whatever the org does; None waits as long as it
                takes, 0 asks once.

        Returns:
            the result, failures or not; `LoadResult.raise_for_failures` raises.

        Raises:
            JobStillRunning: the time was up; nothing was aborted, and this may be called again.
            ResultsExpired: the org keeps results for seven days.

        Where the time of the verb was up while rows were being sent, this looks at what arrived
        and sends the rest.
        """
        return self.result_by(self._access.asking_within(timeout))

    def submit_by(self, access: OrgAccess) -> LoadJob:
        """Send what is not sent yet, by a way to the org that may have an end; returns itself."""
        with (
            self._at_work(access),
            self._reporter.running("submitted"),
            self._saying_that_time_is_up(access.clock),
        ):
            self._send_rest(access)
        return self

    def result_by(self, access: OrgAccess) -> LoadResult:
        """See `result`; by a way to the org that may have an end."""
        with self._at_work(access):
            if self._result is None:
                with (
                    naming_jobs([self._engine]),
                    self._reporter.running(),
                    self._saying_that_time_is_up(access.clock),
                ):
                    self._send_rest(access)
                    self._result = self._result_of_sent(access)
                    self._result.timeline = self._reporter.timeline.moments()
                    self._reporter.conclude(self._result.summary())
            return self._result

    @contextmanager
    def _at_work(self, access: OrgAccess) -> Iterator[None]:
        """One thread waits, the others for it; the journal is free for others in between."""
        with (
            self._saying_that_time_is_up(access.clock),
            access.clock.holding(self._asked),
        ):
            if self._journal is not None and self._journal.closed and self._result is None:
                self._journal.take_up()
            self._engine.use(access)
            try:
                yield
            except BaseException:
                if self._journal is not None:
                    self._journal.close()
                raise

    @contextmanager
    def _saying_that_time_is_up(self, deadline: Deadline) -> Iterator[None]:
        try:
            yield
        except DeadlinePassed as error:
            seconds = deadline.seconds or 0
            if not self.job_ids:
                raise time_up_before(self.name, seconds, self._journal) from error
            raise self._still_running(seconds) from error

    def _still_running(self, seconds: float) -> JobStillRunning:
        jobs = f"{self.name} (job {', '.join(self.job_ids)})"
        calls = ", ".join(f"bulk.attach({job_id!r})" for job_id in self.job_ids)
        if self._send is None:
            state = f"{jobs} is not done after {seconds:g} s. It was left alone and goes on"
            step = "wait with the error's .handle.result(), or from another process with "
        else:
            sent, parts = len(self._engine.uploaded_parts), len(self._plan.parts)
            state = (
                f"{jobs}: {seconds:g} s were over when {sent:,} of {parts:,} batches were, or may "
                "be, in the org. Do not load the rows again: the error's .handle.result() looks at "
                f"what arrived{self._rest}"
            )
            step = "another process takes up what was sent with "
        journal = "" if self._journal is None else f"the journal {self._journal.path}, or with "
        return JobStillRunning(f"{state}; {step}{journal}{calls}.", self, job_id=self.job_id)

    def _send_rest(self, access: OrgAccess) -> None:
        if self._send is None:
            return
        with naming_what_was_sent(self.name, self._plan, self._engine):
            self._send(access)
        self._send = None

    def _wait(self) -> None:
        try:
            self._engine.wait()
        except (ResultsExpired, ReconciliationError, DeadlinePassed):
            raise
        except BaseException as error:
            if isinstance(error, BulkApiError):
                error.job_id = error.job_id or self.job_id
            error_names_jobs(
                error,
                f"The rows were sent; what became of them is not known yet, and the jobs "
                f"({', '.join(self.job_ids)}) go on. Do not load the rows again: take up each job "
                "with attach(job_id), or all with the journal where there is one.",
                self.job_ids,
            )
            raise

    def abort(self) -> None:
        """Abort the jobs that are not over; rows that were processed stay in the org.

        Raises:
            InvalidJobState: the org does not abort a job that is under way, which goes on.
        """
        self._engine.abort()

    def layer(self) -> RunOutcomes:
        """The rows with their fates, once the org is done."""
        plan = self._plan
        units = self._engine.units()
        units += [whole_unit(part, _SUPERSEDED) for part in plan.dropped]
        return RunOutcomes(plan.columns, plan.spool, self._results, units)

    def _result_of_sent(self, access: OrgAccess) -> LoadResult:
        self._wait()
        result = LoadResult(
            self.name,
            self.rows,
            self.layer(),
            api=self._api[0],
            api_reason=self._api[1],
            job_ids=self.job_ids,
            records=self._records,
            again=self._again,
        )
        return result if self._finish is None else self._finish(result, access)


def time_up_before(name: str, seconds: float, journal: Journal | None = None) -> RequestTimeout:
    """The error where the time of a load was up before it had a job."""
    more = "" if journal is None else f" The journal {journal.path} goes with the same call."
    error = RequestTimeout(
        f"{name}: {seconds:g} s were over before a job was made; nothing was sent. Load again, "
        f"with a longer timeout=.{more}"
    )
    error.may_have_arrived = False
    return error


def refuse_other_job(spec: LoadSpec, job_id: str, made: Mapping[str, Any]) -> None:
    """Raise where the answer to the creation of a job is about one of another load.

    Args:
        spec: of the job that was asked for.
        job_id: that the answer names.
        made: the answer's ``object`` and ``externalIdFieldName``.

    Raises:
        UnexpectedResponse: that job is left alone, since it may be somebody else's.
    """
    for name, asked in (("object", spec.object_name), ("externalIdFieldName", spec.external_id)):
        named = made.get(name)
        if named and asked and not _is_same_name(str(named).lower(), asked.lower()):
            raise UnexpectedResponse(
                f"A job for {spec.name} was asked for; the answer names job {job_id}, whose {name} "
                f"is {named}, not {asked}: something on the way gives the answers to other "
                "requests. Nothing was sent.",
                job_id=job_id,
            )


def _is_same_name(one: str, other: str) -> bool:
    """In the org of a namespace either may lack the namespace's prefix."""
    return one == other or one.endswith(f"__{other}") or other.endswith(f"__{one}")


def report_nothing(phase: str, rows: int, size: int, batches: int) -> None:
    """Where nobody asked for progress."""


class HasJobs(Protocol):
    """What knows the jobs that were made so far."""

    jobs: list[str]


def report_to(reporter: Reporter, plan: Plan, made: HasJobs) -> ReportProgress:
    """What tells of the parts of a plan that are sent or processed."""
    total, parts = sum(len(part.numbers) for part in plan.parts), len(plan.parts)

    def report(phase: str, rows: int, size: int, batches: int) -> None:
        job_id = made.jobs[0] if made.jobs else None
        reporter(Progress(phase, rows, size, total, job_id, batches=batches, total_batches=parts))

    return report


@contextmanager
def naming_what_was_sent(name: str, plan: Plan, engine: Engine) -> Iterator[None]:
    """An error that leaves the block says what is in the org already."""
    try:
        yield
    except DeadlinePassed:
        raise  # said where the time is known
    except BaseException as error:
        if engine.uploaded_parts:
            error_names_jobs(
                error,
                f"{len(engine.uploaded_parts)} of {len(plan.parts)} batches of {name} are, or may "
                f"be, in the org (job {', '.join(engine.job_ids)}). Do not load all rows again: "
                "go on with the journal, or take up each job with attach(job_id).",
                engine.job_ids,
            )
        raise


@contextmanager
def naming_jobs(sending: Sequence[Engine]) -> Iterator[None]:
    """An error that leaves the block names the jobs, wherever it came from: a callback that tells
    of the end, a key that was pressed between two steps.

    Args:
        sending: what sent rows; looked at when the error comes.
    """
    try:
        yield
    except BaseException as error:
        job_ids = [one for engine in sending if engine.uploaded_parts for one in engine.job_ids]
        said = "".join([str(error), *getattr(error, "__notes__", ())])
        if job_ids and not any(one in said for one in job_ids):
            error_names_jobs(
                error,
                f"Rows were sent, and the jobs ({', '.join(job_ids)}) go on. Do not load the rows "
                "again: take up each job with attach(job_id), or all with the journal where there "
                "is one.",
                job_ids,
            )
        if sys.version_info < (3, 11):
            _log_notes(error)
        raise


def error_names_jobs(error: BaseException, sentence: str, job_ids: Sequence[str]) -> None:
    """Let an error that ends a load say what is in the org: in its message where it is one of this
    library's, else in a note."""
    if isinstance(error, BulkApiError):
        add_to_message(error, sentence)
        return
    calls = ", ".join(f"bulk.attach({job_id!r})" for job_id in job_ids)
    text = f"{sentence} {calls}"
    if sys.version_info >= (3, 11):
        error.add_note(text)
    else:
        error.__dict__.setdefault("__notes__", []).append(text)


def _log_notes(error: BaseException) -> None:
    """Once; for tracebacks of Python 3.10, which have no notes."""
    notes = [] if is_shown_as_line(error) else error.__dict__.get("__notes__", [])
    if notes and "_notes_in_log" not in error.__dict__:
        error.__dict__["_notes_in_log"] = True
        notes_log.error("%s ended the load. %s", type(error).__name__, " ".join(notes))


class UnknownStates:
    """The states that this library does not know, each told once: waiting for them may have no end.

    Args:
        waiting: the states of what goes on by itself.
    """

    def __init__(self, waiting: Collection[str]) -> None:
        self._waiting = waiting
        self._warned: set[tuple[str, str]] = set()

    def tell(self, what: str, state: str) -> None:
        """Tell of a job or batch that has not ended, named with its id."""
        if state in self._waiting or (what, state) in self._warned:
            return
        self._warned.add((what, state))
        log.warning(
            "%s is in the state %r, which is not known here; it is waited for until it ends. Look "
            "at it in Setup, Bulk Data Load Jobs; timeout= ends the waiting.",
            what,
            state,
        )


def whole_unit(part: PlannedBody, rest_outcome: RestOutcome) -> BatchRows:
    """The unit of a part whose rows have no results."""
    counts: Counter[RowStatus] = Counter({rest_outcome.status: len(part.numbers)})
    return BatchRows(part.place, part.numbers, None, rest_outcome, counts)


def unsent_outcome(error: BulkApiError | None) -> RestOutcome:
    """The rest_outcome of parts that are in no job."""
    if error is None:
        return RestOutcome("unprocessed", RowError("NotSent", "an earlier run left it to a retry"))
    code = error.error_code or type(error).__name__
    return RestOutcome("unprocessed", RowError(code, f"not sent: {error.error_message or error}"))
