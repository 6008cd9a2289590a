"""What a job takes and becomes: its data, the close, the abort, the deletion."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.endpoints.bulk2.answers import refused
from salesforce_bulk.emulator.endpoints.bulk2.documents import state_of
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine, JobError, batches_of
from salesforce_bulk.emulator.jobs.ingest_results import ResultForm, leave_unprocessed

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

#: The readings of `bulk2.ingest.second_upload` that answer 201.
_SECOND_UPLOADS_TAKEN = ("400 at close", "201 and replaces", "201 and is dropped")


class JobStates:
    """Moves jobs from state to state. Raises ApiError and JobError for what a state forbids."""

    def __init__(self, org: Org, engine: JobEngine) -> None:
        self._org = org
        self._engine = engine
        self._dialect = org.dialect
        #: Held where the state of a job and its upload have to agree.
        self._lock = threading.Lock()

    def check_takes_data(self, job: Job) -> None:
        """Raises where a job takes no data, or no more."""
        if job.state != bulk_states.OPEN or self._too_old(job):
            raise refused(
                self._dialect,
                "bulk2.ingest.upload_when_closed",
                f"Job is not Open. Current state is {state_of(job)}",
            )
        second = self._dialect["bulk2.ingest.second_upload"]
        if job.upload is not None and second not in _SECOND_UPLOADS_TAKEN:
            raise _multiple_contents(job)

    def take_upload(self, job: Job, path: Path) -> None:
        """Gives a job its data."""
        with self._lock:
            # The job may have got other data, or its end, while these came in.
            self.check_takes_data(job)
            self._take_upload(job, path)

    def _take_upload(self, job: Job, path: Path) -> None:
        job.uploads += 1
        second = self._dialect["bulk2.ingest.second_upload"]
        if job.upload is None or second == "201 and replaces":
            job.upload = path

    def _too_old(self, job: Job) -> bool:
        age = self._engine.clock.now() - job.created
        return age >= timedelta(hours=limits.JOB_OPEN_HOURS)

    def close(self, job: Job) -> None:
        """No more data: the job is queued."""
        with self._lock:
            if self._is_closed(job):
                return
            self._check_content(job)
            self._engine.close(job)
            batch = self._engine.add_batch(job, job.upload or job.directory / "no upload")
        self._engine.submit(batch)

    def _is_closed(self, job: Job) -> bool:
        """Whether the job was closed before, and that is all right. Raises ApiError."""
        row = "bulk2.ingest.close_twice"
        state = state_of(job)
        if job.state == bulk_states.OPEN and not self._too_old(job):
            return False
        if self._dialect[row] == "200" and job.state == bulk_states.CLOSED:
            return True
        text = f"Closing already {state} Job not allowed"
        if self._dialect[row] == "200":
            raise JobError("InvalidJobState", text)
        raise refused(self._dialect, row, text)

    def _check_content(self, job: Job) -> None:
        if job.uploads > 1 and self._dialect["bulk2.ingest.second_upload"] == "400 at close":
            raise _multiple_contents(job)
        row = "bulk2.ingest.no_upload"
        if job.upload is None and self._dialect[row].startswith("400"):
            raise refused(self._dialect, row, f"No content was uploaded for job: <{job.id}>")

    def abort(self, job: Job) -> None:
        """Rows that were not processed are so told, once the result files are whole."""
        with self._lock:
            if state_of(job) in bulk_states.JOB_TERMINAL_STATES:
                if self._dialect["bulk2.ingest.abort_ended"] == "200":
                    return
                word = "Completed" if state_of(job) == bulk_states.JOB_COMPLETE else state_of(job)
                raise refused(
                    self._dialect,
                    "bulk2.ingest.abort_ended",
                    f"Aborting already {word} Job not allowed",
                )
            self._engine.abort(job)
        # The answer leaves when the result files are whole: rows being written are still noted.
        self._engine.settle(job)
        batch = next(batches_of(job), None)
        if not job.is_query and (batch is None or batch.state == bulk_states.NOT_PROCESSED):
            form = ResultForm(job, self._dialect, self._org.schema.get(job.object))
            leave_unprocessed(form, batch.processed if batch else 0)

    def delete(self, job: Job, running: tuple[str, ...]) -> None:
        """Forgets a job; ``running`` are the states in which it is not to be deleted."""
        if state_of(job) in running:
            row = "bulk2.ingest.delete_unfinished"
            if self._dialect[row] != "204":
                raise refused(
                    self._dialect,
                    row,
                    "Error encountered when deleting the job because the job is not terminated",
                )
            self.abort(job)
        self._engine.forget(job)


def _multiple_contents(job: Job) -> JobError:
    return JobError(
        "InvalidJob",
        f"Found multiple contents for job: <{job.id}>, please 'Close' / 'Abort' / "
        "'Delete' the current Job then create a new Job and make sure you only do 'PUT' "
        "once on a given Job.",
    )
