"""The org's jobs that a journal should know and may have lost.

A journal that lost its last lines looks like one whose run ended there. So before anything is sent
again, the list of the org's jobs, which has those of both APIs, is compared with it: what its user
made for this object and operation since the journal began may be this load's.

Guide: "Get All Jobs" of Bulk API 2.0.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import AmbiguousUpload, ApiFault, UnexpectedResponse
from salesforce_bulk.http.polling import try_again
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.models import JobInfo
from salesforce_bulk.storage.journal import Entry, Journal

log = logging.getLogger("salesforce_bulk")

#: The list's word for the jobs of each API.
_JOB_TYPES = {"1.0": "Classic", "2.0": "V2Ingest"}
#: What the clocks of an org's servers may differ by.
_CLOCK_SKEW = timedelta(seconds=5)
#: The oldest version whose list has the jobs of both APIs.
_LISTS_SINCE = 47.0
_LISTING_VERSION = "64.0"


def journal_beginning(access: OrgAccess) -> str | None:
    """The org's time for a journal's header; None where the org does not tell it, and all jobs
    that it still has count as made since."""
    try:
        return access.describes.server_time().isoformat()
    except (ApiFault, UnexpectedResponse):
        return None


def recorded_jobs(entries: Sequence[Entry]) -> set[str]:
    """The ids of all jobs that a journal knows, those that were given up included."""
    return {entry["job"] for entry in entries if entry["event"] == "job"}


def unrecorded_jobs(
    access: OrgAccess, spec: LoadSpec, journal: Journal, api: str
) -> Sequence[JobInfo]:
    """The jobs of the org that may be this load's and that its journal does not know.

    Args:
        access: the org.
        spec: of the load.
        journal: open.
        api: through which the load sends.

    Raises:
        AmbiguousUpload: the org refuses to list its jobs.
        TransportError: it cannot be reached.
    """
    try:
        listed = try_again(lambda: _jobs_since(access, spec), access.clock)
    except ApiFault as error:
        raise AmbiguousUpload(
            f"{spec.name}: the journal {journal.path} may have lost its last lines, and the org "
            f"does not list its jobs: {error}. Nothing more was sent. Ask for the permission, or "
            "compare the org's records with the rows and load what is missing with another "
            "journal."
        ) from error
    since = Since(recorded_jobs(journal.entries), journal.header.get("began"))
    return _unknown(listed, since, api)


@dataclass(frozen=True)
class Since:
    """A moment, and what is known of the time behind it.

    Attributes:
        known: the ids of jobs; grows with what is sent.
        began: the moment, as the org writes it; None is before all.
    """

    known: set[str]
    began: str | None


def later_jobs(access: OrgAccess, spec: LoadSpec, since: Since) -> Sequence[JobInfo]:
    """The jobs of Bulk API 1.0 that may have loaded rows of a job again that was taken up by its
    id alone.

    Args:
        access: the org.
        spec: of the job.
        since: the job, and when it was made.

    Raises:
        TransportError: the org cannot be reached.
    """
    try:
        listed = try_again(lambda: _jobs_since(access, spec), access.clock)
    except ApiFault as error:
        log.warning(
            "%s: the org does not list its jobs, so that it is not seen whether its rows were "
            "loaded again before: %s",
            spec.name,
            error,
        )
        return []
    return _unknown(listed, since, "1.0")


def _unknown(listed: Sequence[JobInfo], since: Since, api: str) -> list[JobInfo]:
    known = since.known
    users = {job.fields.get("createdById") for job in listed if job.id in known} - {None}
    began = _moment(since.began)
    return [
        job
        for job in listed
        if job.id not in known
        and job.fields.get("jobType", _JOB_TYPES[api]) == _JOB_TYPES[api]
        and (not users or job.fields.get("createdById") in users)
        and not _made_before(job, began)
    ]


def _jobs_since(access: OrgAccess, spec: LoadSpec) -> list[JobInfo]:
    old = float(access.api_version) < _LISTS_SINCE
    endpoints = access.v2_at(_LISTING_VERSION) if old else access.v2
    return [
        job
        for job in endpoints.ingest_jobs()
        if _same(job.object, spec.object_name) and _same(job.operation, spec.operation)
    ]


def _same(listed: str | None, own: str) -> bool:
    return listed is None or listed.lower() == own.lower()


def _made_before(job: JobInfo, began: datetime | None) -> bool:
    created = _moment(job.created)
    return began is not None and created is not None and created < began - _CLOCK_SKEW


def _moment(text: str | None) -> datetime | None:
    for form in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z"):
        try:
            return datetime.strptime(text or "", form)
        except ValueError:
            continue
    return None


def undecidable_job(spec: LoadSpec, job_id: str, why: object) -> AmbiguousUpload:
    """The error for a job that may be the load's and cannot be told from others."""
    return AmbiguousUpload(
        f"{spec.name}: job {job_id} was made since the journal began, is not in it, and may hold "
        f"rows of this load: {why}. Nothing more was sent. Look at the job with "
        f"attach({job_id!r}) and compare; then load what is missing with another journal.",
        job_id=job_id,
    )
