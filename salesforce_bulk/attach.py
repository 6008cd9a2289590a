"""Jobs and runs of other processes, taken up by a job's id or a journal."""

from __future__ import annotations

import os
from typing import Any

from salesforce_bulk import load
from salesforce_bulk.errors import InvalidInput, JournalMismatch
from salesforce_bulk.journal import Journal
from salesforce_bulk.load_results import LoadResult
from salesforce_bulk.load_settings import LoadSettings
from salesforce_bulk.org_access import OrgAccess
from salesforce_bulk.wire import v1

_QUERIES = frozenset({"query", "queryAll"})


def attach(access: OrgAccess, job_id: str) -> load.LoadJob:
    """The handle of a job, from its id alone.

    Raises:
        InvalidJob: the org does not know the job.
    """
    info = v1.as_text(access.v1.job(job_id))
    if info.get("operation") in _QUERIES:
        raise InvalidInput(f"Job {job_id} is a query's; export it anew.", job_id=job_id)
    return load.attach(access, job_id, info)


def resume(
    access: OrgAccess,
    journal: str | os.PathLike[str],
    records: Any = None,
    settings: LoadSettings | None = None,
) -> LoadResult:
    """Finish the run that a journal is of."""
    with Journal.open(journal) as opened:
        kind = opened.header.get("kind")
    if kind == load.KIND:
        return load.resume(access, journal, records, settings or LoadSettings())
    raise JournalMismatch(f"The journal {journal} is of a run of kind {kind!r}.")
