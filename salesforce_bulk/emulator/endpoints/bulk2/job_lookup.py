"""The job that a call names."""

from __future__ import annotations

from salesforce_bulk.emulator.endpoints.bulk2.answers import user_of
from salesforce_bulk.emulator.endpoints.bulk2.documents import API
from salesforce_bulk.emulator.endpoints.rest.family import not_found
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import Call
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine, JobError

#: Characters of an id without its check.
SHORT_ID = 15


class JobLookup:
    """Finds what a call names. Raises ApiError where that is no job of this API and kind."""

    def __init__(self, engine: JobEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    def ingest_job(self, call: Call) -> Job:
        return self._job(call, ingest=True)

    def query_job(self, call: Call) -> Job:
        return self._job(call, ingest=False)

    def _job(self, call: Call, ingest: bool) -> Job:
        short = len(call["job"]) == SHORT_ID
        if short and self._dialect["bulk2.ingest.short_ids"] != "accepted":
            raise not_found()
        try:
            job = self._engine.job(call["job"])
        except JobError as error:
            raise not_found() from error
        if job.api != API or job.is_query == ingest:
            raise not_found()
        return job


def check_owner(call: Call, job: Job) -> None:
    """Raises JobError where another user made the job, and this one has no right to it."""
    user = user_of(call)
    if user.id != job.user.id and "ManageDataIntegrations" not in user.permissions:
        raise JobError("InvalidUser", "The job was created by another user")
