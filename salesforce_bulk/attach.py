"""Jobs and runs of other processes, taken up by a job's id or a journal."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import BulkApiError, InvalidInput, InvalidJob, JournalMismatch, NotFound
from salesforce_bulk.export.handle import Export
from salesforce_bulk.export.plan import attach_export, resume_export
from salesforce_bulk.export.run import KIND as EXPORT_KIND
from salesforce_bulk.load import verbs
from salesforce_bulk.load.job import BETWEEN_JOB_IDS, LoadJob
from salesforce_bulk.load.results import LoadResult
from salesforce_bulk.load.settings import LoadSettings
from salesforce_bulk.storage.journal import Journal
from salesforce_bulk.wire import v1

_Handle = TypeVar("_Handle", LoadJob, Export)

_QUERIES = frozenset({"query", "queryAll"})
_ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")


def attach(access: OrgAccess, token: str) -> LoadJob | Export:
    """The handle of a load or of a query by either API, from a job's id or a load's token alone.

    Args:
        access: the org.
        token: see `LoadJob.token`.

    Raises:
        InvalidInput: this is no job's id and no token, or its jobs are not of one load.
        InvalidJob: the org does not know a job.
    """
    first, *others = job_ids = _ids_of(token)
    try:
        info = v1.as_text(access.v1.job(first))
    except InvalidJob:
        return _attach_v2(access, job_ids)
    if info.get("operation") in _QUERIES and not others:
        return attach_export(access, first)
    infos = [info, *(v1.as_text(access.v1.job(job_id)) for job_id in others)]
    _refuse_mixed(token, [(str(one.get("operation")), str(one.get("object"))) for one in infos])
    return verbs.attach(access, infos)


def _ids_of(token: str) -> list[str]:
    job_ids = token.split(BETWEEN_JOB_IDS) if isinstance(token, str) else []
    if not job_ids or not all(map(_ID.fullmatch, job_ids)):
        raise InvalidInput(
            f"{token!r} is no job's id, which has 15 or 18 letters and digits, and no token of a "
            "load, which has such ids with a dot between two."
        )
    return job_ids


def _refuse_mixed(token: str, kinds: Sequence[tuple[str, str]]) -> None:
    if len(set(kinds)) > 1 or kinds[0][0] in _QUERIES:
        told = ", ".join(f"{operation} {name}" for operation, name in dict.fromkeys(kinds))
        raise InvalidInput(f"The jobs of {token!r} are not of one load, but {told}.")


def attach_as(kind: type[_Handle], access: OrgAccess, job_id: str) -> _Handle:
    """The handle of a job that has to be a load's or a query's; see `attach`."""
    handle = attach(access, job_id)
    if not isinstance(handle, kind):
        query = isinstance(handle, Export)
        method, what = ("attach_export", "a query") if query else ("attach_load", "a load")
        raise InvalidInput(f"Job {job_id} is {what}'s; take it up with {method}().", job_id=job_id)
    return handle


def _attach_v2(access: OrgAccess, job_ids: Sequence[str]) -> LoadJob | Export:
    try:
        infos = [access.v2.ingest_job(job_id) for job_id in job_ids]
    except NotFound as error:
        if len(job_ids) > 1:
            raise _unknown(job_ids, error) from error
        try:
            return attach_export(access, job_ids[0])
        except (InvalidJob, NotFound) as other:
            raise _unknown(job_ids, other) from other
    kinds = [(str(info.operation), str(info.object)) for info in infos]
    _refuse_mixed(BETWEEN_JOB_IDS.join(job_ids), kinds)
    return verbs.attach_v2(access, infos)


def _unknown(job_ids: Sequence[str], error: BulkApiError) -> InvalidJob:
    which = f"no job {job_ids[0]}" if len(job_ids) == 1 else f"not all of {', '.join(job_ids)}"
    return InvalidJob(
        f"The org knows {which}. It keeps jobs for seven days after they ended; check the id, and "
        "that it is of this org.",
        error.status_code,
        error_code=error.error_code,
        error_message=error.error_message,
        job_id=job_ids[0],
    )


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
