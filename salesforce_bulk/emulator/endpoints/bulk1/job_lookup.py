"""The job and the batch that a call names."""

from __future__ import annotations

from salesforce_bulk.emulator.endpoints.bulk1.family import user_of
from salesforce_bulk.emulator.endpoints.bulk1.media_types import info_form
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call
from salesforce_bulk.emulator.jobs.engine import Batch, Job, JobEngine, JobError


class JobLookup:
    """Finds what a call names. Raises ApiError where that is nothing of this API and version."""

    def __init__(self, engine: JobEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    def job(self, call: Call) -> Job:
        try:
            job = self._engine.job(call["job"])
        except JobError as error:
            raise ApiError(*self._dialect.refusal("bulk1.job.unknown"), str(error)) from error
        if job.api != "1.0":
            raise JobError("InvalidJob", f"Job {job.id} is a job of Bulk API {job.api}")
        if self._dialect["bulk1.job.error_format"] == "of the job":
            call.format = info_form(job)
        if job.version != call["version"] and self._dialect["version.of_job"] != "200":
            raise ApiError(
                *self._dialect.refusal("version.of_job"),
                f"Job {job.id} was created with version {job.version}, not {call['version']}",
            )
        return job

    def batch(self, call: Call) -> Batch:
        job = self.job(call)
        try:
            return self._engine.batch(job, call["batch"])
        except JobError as error:
            raise ApiError(*self._dialect.refusal("bulk1.batch.unknown"), str(error)) from error


def check_owner(call: Call, job: Job) -> None:
    """Raises ApiError where another user made the job."""
    if user_of(call).id != job.user.id:
        raise ApiError(400, "InvalidUser", "The job was created by another user")
