"""Jobs and runs of other processes, taken up by a job's id or a journal."""

from __future__ import annotations

import os
import re
from typing import Any, TypeVar

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import InvalidInput, InvalidJob, JournalMismatch, NotFound
from salesforce_bulk.export.handle import Export
from salesforce_bulk.export.plan import attach_export, resume_export
from salesforce_bulk.export.run import KIND as EXPORT_KIND
from salesforce_bulk.load import verbs
from salesforce_bulk.load.job import LoadJob
from salesforce_bulk.load.results import LoadResult
from salesforce_bulk.load.settings import LoadSettings
from salesforce_bulk.storage.journal import Journal
from salesforce_bulk.wire import v1

_Handle = TypeVar("_Handle", LoadJob, Export)

_QUERIES = frozenset({"query", "queryAll"})
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")


def attach(access: OrgAccess, job_id: str) -> LoadJob | Export:
    """The handle of a job, from its id alone: a load's, or a query's by either API.

    Raises:
        InvalidInput: this is no job's id.
        InvalidJob: the org does not know the job.
    """
    if not (isinstance(job_id, str) and _ID.fullmatch(job_id)):
        raise InvalidInput(f"{job_id!r} is no job's id: it has 15 or 18 letters and digits.")
    try:
        info = v1.as_text(access.v1.job(job_id))
    except InvalidJob:
        return _attach_other(access, job_id)
    if info.get("operation") in _QUERIES:
        return attach_export(access, job_id)
    return verbs.attach(access, job_id, info)


def attach_as(kind: type[_Handle], access: OrgAccess, job_id: str) -> _Handle:
    """The handle of a job that has to be a load's or a query's; see `attach`."""
    handle = attach(access, job_id)
    if not isinstance(handle, kind):
        query = isinstance(handle, Export)
        method, what = ("attach_export", "a query") if query else ("attach_load", "a load")
        raise InvalidInput(f"Job {job_id} is {what}'s; take it up with {method}().", job_id=job_id)
    return handle


def _attach_other(access: OrgAccess, job_id: str) -> LoadJob | Export:
    try:
        job = access.v2.ingest_job(job_id)
    except NotFound:
        try:
            return attach_export(access, job_id)
        except (InvalidJob, NotFound) as error:
            raise InvalidJob(
                f"The org knows no job {job_id}. It keeps jobs for seven days after they ended; "
                "check the id, and that it is of this org.",
                error.status_code,
                error_code=error.error_code,
                error_message=error.error_message,
                job_id=job_id,
            ) from error
    return verbs.attach_v2(access, job)


def resume(
    access: OrgAccess,
    journal: str | os.PathLike[str],
    records: Any = None,
    settings: LoadSettings | None = None,
) -> LoadResult | Export:
    """Finish the run that a journal is of; of an export, the file that it wrote."""
    with Journal.open(journal) as opened:
        kind = opened.header.get("kind")
    settings = settings or LoadSettings()
    if kind == verbs.KIND:
        return verbs.resume(access, journal, records, settings)
    if kind == EXPORT_KIND:
        return resume_export(access, journal, timeout=settings.timeout, progress=settings.progress)
    raise JournalMismatch(f"The journal {journal} is of a run of kind {kind!r}.")
