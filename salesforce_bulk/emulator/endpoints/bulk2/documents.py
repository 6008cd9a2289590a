"""The documents of a job, their fields in the recorded order, and its state in this API's words."""

from __future__ import annotations

from datetime import datetime

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.engine import Job, batches_of

API = "2.0"
#: What a job of the engine, closed for more data, is here, by the state of its one batch.
_STATE_BY_BATCH = {
    bulk_states.QUEUED: bulk_states.UPLOAD_COMPLETE,
    bulk_states.IN_PROGRESS: bulk_states.IN_PROGRESS,
    bulk_states.COMPLETED: bulk_states.JOB_COMPLETE,
    bulk_states.FAILED: bulk_states.FAILED,
    bulk_states.NOT_PROCESSED: bulk_states.ABORTED,
}

Reply = dict[str, object]


def state_of(job: Job) -> str:
    """The job's state in this API's words; one of Bulk API 1.0 keeps its own."""
    if job.api != API or job.state != bulk_states.CLOSED:
        return job.state
    batch = next(batches_of(job), None)
    if batch is None:
        return bulk_states.UPLOAD_COMPLETE
    if batch.state == bulk_states.QUEUED and batch.retries:
        return bulk_states.IN_PROGRESS
    return _STATE_BY_BATCH[batch.state]


def job_type(job: Job) -> str:
    """``V2Ingest``, ``V2Query`` or ``Classic``."""
    if job.api != API:
        return "Classic"
    return "V2Query" if job.is_query else "V2Ingest"


def short_document(job: Job) -> Reply:
    """What PATCH answers; None is what a field has that has no value."""
    return {
        "id": job.id,
        "operation": job.operation,
        "object": job.object,
        "createdById": job.user.id,
        "createdDate": _time(job.created),
        "systemModstamp": _time(job.modified),
        "state": state_of(job),
        "externalIdFieldName": job.external_id,
        "assignmentRuleId": job.assignment_rule,
        "concurrencyMode": job.concurrency,
        "contentType": job.content_type,
        "apiVersion": float(job.version),
    }


def ingest_document(job: Job, info: bool = False, with_url: bool = False) -> Reply:
    """What create (``with_url``) and GET (``info``) answer."""
    document = short_document(job)
    if info:
        document["jobType"] = job_type(job)
    if with_url or (info and job.state == bulk_states.OPEN):
        document["contentUrl"] = f"services/data/v{job.version}/jobs/ingest/{job.id}/batches"
    document["lineEnding"] = job.line_ending
    document["columnDelimiter"] = job.column_delimiter
    if not info:
        return document
    if job.upload is not None:
        document["numberRecordsProcessed"] = job.total(lambda batch: batch.processed)
        document["numberRecordsFailed"] = job.total(lambda batch: batch.failed)
    document.update(
        {
            "retries": job.total(lambda batch: batch.retries),
            "totalProcessingTime": job.total(lambda batch: batch.total_ms),
            "apiActiveProcessingTime": job.total(lambda batch: batch.active_ms),
            "apexProcessingTime": 0,
        }
    )
    return _with_message(document, job)


def query_document(job: Job, info: bool = False) -> Reply:
    """What create and GET (``info``) answer for a query."""
    document = short_document(job)
    if info:
        document["jobType"] = job_type(job)
    document["lineEnding"] = job.line_ending
    document["columnDelimiter"] = job.column_delimiter
    if not info:
        return document
    document.update(
        {
            "numberRecordsProcessed": job.total(lambda batch: batch.processed),
            "retries": job.total(lambda batch: batch.retries),
            "totalProcessingTime": job.total(lambda batch: batch.total_ms),
            "isPkChunkingSupported": True,
        }
    )
    return _with_message(document, job)


def list_document(job: Job) -> Reply:
    """A job in a list: no counters, no message."""
    document = {**short_document(job), "jobType": job_type(job)}
    if job.api == API:
        document["lineEnding"] = job.line_ending
        document["columnDelimiter"] = job.column_delimiter
    return document


def _with_message(document: Reply, job: Job) -> Reply:
    message = next((batch.message for batch in batches_of(job) if batch.message), None)
    return {**document, "errorMessage": message}


def _time(moment: datetime) -> str:
    return wire.json_time(moment)
