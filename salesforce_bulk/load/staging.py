"""A load in two halves: rows stored in jobs of Bulk API 2.0 that stay open, and the jobs run later.

For programs with a commit of their own, in which a task may be tried twice: an open job does
nothing, however often its rows were stored, and only the jobs of the winners are run.

Guide: "Create a Job", "Upload Job Data", "Upload Complete" and "Get Job Failed Record Results"
of Bulk API 2.0.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import (
    BulkApiError,
    InvalidJobState,
    JobFailed,
    JobStillRunning,
    ReconciliationError,
    UnexpectedResponse,
)
from salesforce_bulk.formats.record_bound import bounded_csv
from salesforce_bulk.http.clock import DeadlinePassed
from salesforce_bulk.http.polling import pause_before_asking, try_again
from salesforce_bulk.load.plan import Plan, count_batches
from salesforce_bulk.load.preparation import prepare
from salesforce_bulk.load.row_matching import read_lines
from salesforce_bulk.load.settings import LoadSettings, LoadSpec
from salesforce_bulk.load.sources import open_rows
from salesforce_bulk.models import JobInfo
from salesforce_bulk.progress import Reporter
from salesforce_bulk.wire import v2

#: The column in which a result file of 2.0 says why a row failed.
_ERROR = "sf__Error"


@dataclass(frozen=True)
class StagedJob:
    """An open job with its rows stored; nothing is done with them until it is run.

    Attributes:
        id: 18 characters.
        rows: stored in it.
    """

    id: str
    rows: int


@dataclass(frozen=True)
class JobCounts:
    """What became of the rows of a job that was run.

    Attributes:
        id: 18 characters.
        rows: that were stored.
        failed: of them.
        reasons: the error codes of the failed rows and their counts.
    """

    id: str
    rows: int
    failed: int
    reasons: Counter[str]


def stage(
    access: OrgAccess, spec: LoadSpec, records: Any, settings: LoadSettings
) -> list[StagedJob]:
    """Store rows in new jobs, and leave those open.

    Args:
        access: the org.
        spec: what the jobs do.
        records: see `sources.open_source`; no rows make no job.
        settings: with ``api="2.0"``.

    Raises:
        InvalidInput: something is wrong with the rows; nothing was sent.
        ReserveReached: what is to be left of the org's day is reached.
        TransportError, ApiFault: the org cannot be reached, or refuses; what was stored
            before was aborted.
    """
    source = open_rows(records, settings, spec.operation)
    reporter = Reporter(settings.progress, access.clock)
    spec, plan, _ = prepare(access, spec, source, settings, reporter)
    access.reserve.check(spec.name, count_batches(plan.parts))
    staged: list[StagedJob] = []
    try:
        for index in range(len(plan.parts)):
            staged.append(_store_part(access, spec, plan, index))
    except BaseException:
        discard(access, [job.id for job in staged])
        raise
    finally:
        plan.spool.close()
    return staged


def _store_part(access: OrgAccess, spec: LoadSpec, plan: Plan, index: int) -> StagedJob:
    access.reserve.claim_batches(spec.name, count_batches([plan.parts[index]]))
    document = v2.ingest_job_document(
        spec.object_name,
        spec.operation,
        external_id_name=spec.external_id,
        assignment_rule_id=spec.assignment_rule_id,
    )

    def new_job_with_rows() -> str:
        # A job whose upload is in doubt stays open and does nothing, so that a new one is safe.
        job = access.v2.create_ingest_job(document)
        try:
            access.v2.upload(job.id, plan.body(index))
        except BaseException:
            discard(access, [job.id])
            raise
        return job.id

    return StagedJob(try_again(new_job_with_rows, access.clock), len(plan.parts[index].numbers))


def run(access: OrgAccess, job_id: str) -> None:
    """Declare a staged job's data complete, so that the org processes it; once is as good as twice.

    Raises:
        InvalidJobState: the job was aborted, or failed.
        NotFound: the org does not know it any more.
    """
    try_again(lambda: access.v2.set_ingest_state(job_id, bulk_states.UPLOAD_COMPLETE), access.clock)


def discard(access: OrgAccess, job_ids: Sequence[str]) -> None:
    """Abort the jobs that are still open; those that were run are left alone."""
    for job_id in job_ids:
        # Nothing depends on it: an open job does nothing, and the org removes it after a week.
        with suppress(BulkApiError):
            if access.v2.ingest_job(job_id).state == bulk_states.OPEN:
                access.v2.set_ingest_state(job_id, bulk_states.ABORTED)


def counts(access: OrgAccess, job: StagedJob, timeout: float | None = None) -> JobCounts:
    """Wait until a job that was run is over, and count.

    Args:
        access: the org.
        job: that was run.
        timeout: seconds; None waits without end.

    Raises:
        JobFailed: as a whole, or it was aborted.
        JobStillRunning: the time was up.
        ReconciliationError: the org counted other rows than were stored.
    """
    try:
        return _counts(access.asking_within(timeout), job)
    except DeadlinePassed as error:
        raise JobStillRunning(
            f"Job {job.id} is not done after {timeout or 0:g} seconds; it was left alone.",
            job_id=job.id,
        ) from error


def _counts(access: OrgAccess, job: StagedJob) -> JobCounts:
    info = _wait_for_end(access, job.id)
    if info.state != bulk_states.JOB_COMPLETE:
        raise JobFailed(
            f"Job {job.id} with {job.rows:,} rows ended {info.state}: "
            f"{info.error_message or 'the org names no reason'}. "
            f"{info.rows_processed or 0:,} of its rows were processed.",
            job_id=job.id,
        )
    if info.rows_processed != job.rows:
        raise ReconciliationError(
            f"Job {job.id} was given {job.rows:,} rows and processed {info.rows_processed}.",
            job_id=job.id,
        )
    failed = info.rows_failed or 0
    return JobCounts(job.id, job.rows, failed, _reasons(access, info) if failed else Counter())


def _wait_for_end(access: OrgAccess, job_id: str) -> JobInfo:
    began = access.clock.monotonic()
    while True:
        info = try_again(lambda: access.v2.ingest_job(job_id), access.clock)
        if info.state in bulk_states.JOB_TERMINAL_STATES:
            return info
        if info.state == bulk_states.OPEN:
            raise InvalidJobState(f"Job {job_id} is still open: it was not run.", job_id=job_id)
        pause_before_asking(access.clock, began)


def _reasons(access: OrgAccess, info: JobInfo) -> Counter[str]:
    reasons: Counter[str] = Counter()
    for record in result_records(access, info.id, "failedResults"):
        reasons[record.get(_ERROR, "").partition(":")[0]] += 1
    return reasons


def result_header(access: OrgAccess, job_id: str, kind: str) -> list[str]:
    """The columns of a result file of a job that is over.

    Raises:
        UnexpectedResponse: it is no CSV.
    """
    return next(_result_lines(access, _ended_job(access, job_id), kind), [])


def result_records(access: OrgAccess, job_id: str, kind: str) -> Iterator[dict[str, str]]:
    """The records of a result file of a job that is over, in the columns of its header.

    Args:
        access: the org.
        job_id: 18 characters.
        kind: one of `api.v2.RESULT_KINDS`.

    Raises:
        UnexpectedResponse: it is no CSV, or a record has no end.
        ReconciliationError: behind the last record, where the job counts more or fewer.
        JobStillRunning: the job is not over.
    """
    info = _ended_job(access, job_id)
    lines = _result_lines(access, info, kind)
    header, count = next(lines, []), 0
    for count, line in enumerate(lines, 1):  # noqa: B007 - used behind the loop
        yield dict(zip(header, line, strict=True))
    counted = _counted(info, kind)
    if counted not in (None, count):
        raise ReconciliationError(
            f"The {kind} of job {job_id} have {count:,} records where the job counts {counted:,}. "
            "Read them again.",
            expected=counted,
            got=count,
            job_id=job_id,
        )


def _ended_job(access: OrgAccess, job_id: str) -> JobInfo:
    info = try_again(lambda: access.v2.ingest_job(job_id), access.clock)
    if info.state not in bulk_states.JOB_TERMINAL_STATES:
        raise JobStillRunning(
            f"Job {job_id} is {info.state}: its results are not whole before it is over.",
            job_id=job_id,
        )
    return info


def _counted(info: JobInfo, kind: str) -> int | None:
    """The records that a file has by the job's count; None where it tells none."""
    processed, failed = info.rows_processed, info.rows_failed
    if kind == "failedResults":
        return failed
    if kind == "successfulResults" and processed is not None and failed is not None:
        return processed - failed
    return None


def _result_lines(access: OrgAccess, info: JobInfo, kind: str) -> Iterator[list[str]]:
    job_id = info.id
    pieces = access.v2.ingest_results(job_id, kind)
    most = access.most_record_bytes, limits.INGEST_JOB_RECORDS
    delimiter = v2.DELIMITERS.get(str(info.fields.get("columnDelimiter")), ",")
    try:
        width = 0
        for line in read_lines(bounded_csv(pieces, *most), delimiter):
            width = width or len(line)
            if len(line) != width:
                raise ValueError(f"a line of {len(line)} cells in a file of {width} columns")
            yield line
    except (ValueError, csv.Error) as error:
        raise UnexpectedResponse(
            f"The {kind} of job {job_id} cannot be read: {error}.", job_id=job_id
        ) from error
