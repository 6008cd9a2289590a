"""jobInfo, batchInfo, lists and errors in XML and JSON: their fields in the order of the XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.engine import Batch, Job, batches_of

#: In JSON, by what stands for the batches.
_EMPTY_BATCH_LISTS = {
    "[]": b'{"batchInfo":[]}',
    "null": b'{"batchInfo":null}',
    "absent": b"{}",
}

Value = str | int | float | bool | datetime | None


@dataclass(frozen=True, slots=True)
class JobInfoField:
    """A field of jobInfo; ``client`` says where a client may send it."""

    name: str
    value: Callable[[Job], Value]
    client: str = ""


def _batches_total(job: Job) -> int:
    """The original batch of a chunked query is not counted (guide, "PK Chunking" sample)."""
    chunked = any(batch.chunk for batch in batches_of(job))
    return sum(batch.chunk or not chunked for batch in batches_of(job))


JOB_FIELDS = (
    JobInfoField("id", lambda job: job.id, "update"),
    JobInfoField("operation", lambda job: job.operation, "create"),
    JobInfoField("object", lambda job: job.object, "create"),
    JobInfoField("createdById", lambda job: job.user.id),
    JobInfoField("createdDate", lambda job: job.created),
    JobInfoField("systemModstamp", lambda job: job.modified),
    JobInfoField("state", lambda job: job.state, "update"),
    JobInfoField("externalIdFieldName", lambda job: job.external_id, "create"),
    JobInfoField("concurrencyMode", lambda job: job.concurrency, "create"),
    JobInfoField("contentType", lambda job: job.content_type, "create"),
    JobInfoField("numberBatchesQueued", lambda job: job.count(bulk_states.QUEUED)),
    JobInfoField("numberBatchesInProgress", lambda job: job.count(bulk_states.IN_PROGRESS)),
    JobInfoField("numberBatchesCompleted", lambda job: job.count(bulk_states.COMPLETED)),
    JobInfoField("numberBatchesFailed", lambda job: job.count(bulk_states.FAILED)),
    JobInfoField("numberBatchesTotal", _batches_total),
    JobInfoField("numberRecordsProcessed", lambda job: job.total(lambda batch: batch.processed)),
    JobInfoField("numberRetries", lambda job: job.total(lambda batch: batch.retries)),
    JobInfoField("apiVersion", lambda job: float(job.version)),
    JobInfoField("assignmentRuleId", lambda job: job.assignment_rule, "create"),
    JobInfoField("numberRecordsFailed", lambda job: job.total(lambda batch: batch.failed)),
    JobInfoField("totalProcessingTime", lambda job: job.total(lambda batch: batch.total_ms)),
    JobInfoField("apiActiveProcessingTime", lambda job: job.total(lambda batch: batch.active_ms)),
    JobInfoField("apexProcessingTime", lambda _: 0),
)
JOB_FIELD_BY_NAME = {entry.name: entry for entry in JOB_FIELDS}

BATCH_FIELDS: tuple[tuple[str, Callable[[Batch], Value]], ...] = (
    ("id", lambda batch: batch.id),
    ("jobId", lambda batch: batch.job.id),
    ("state", lambda batch: batch.state),
    ("stateMessage", lambda batch: batch.message),
    ("createdDate", lambda batch: batch.created),
    ("systemModstamp", lambda batch: batch.modified),
    ("numberRecordsProcessed", lambda batch: batch.processed),
    ("numberRecordsFailed", lambda batch: batch.failed),
    ("totalProcessingTime", lambda batch: batch.total_ms),
    ("apiActiveProcessingTime", lambda batch: batch.active_ms),
    ("apexProcessingTime", lambda _: 0),
)


def job_values(job: Job, dialect: Dialect) -> dict[str, Value]:
    values = {entry.name: entry.value(job) for entry in JOB_FIELDS}
    if dialect["bulk1.job.chunked_total"] == "with the original":
        values["numberBatchesTotal"] = len(job.batches)
    return values


def batch_values(batch: Batch, dialect: Dialect) -> dict[str, Value]:
    values = {name: value(batch) for name, value in BATCH_FIELDS}
    if batch.state == bulk_states.NOT_PROCESSED:
        values["state"] = dialect["bulk1.batch.not_processed"]
    return values


def _xml_value(value: Value) -> str:
    if isinstance(value, datetime):
        return wire.xml_time(value)
    return str(value)


def xml_fields(values: Mapping[str, Value], indent: str) -> str:
    """Elements, those without a value left out."""
    return "".join(
        wire.xml_element(name, _xml_value(value), indent)
        for name, value in values.items()
        if value is not None
    )


def json_fields(values: Mapping[str, Value]) -> dict[str, Value]:
    """Keys, those without a value as null."""
    return {
        name: wire.json_time(value) if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def job_document(job: Job, form: str, dialect: Dialect) -> bytes:
    values = job_values(job, dialect)
    if form == "JSON":
        if dialect["bulk1.job.info_json"] == "absent":
            return wire.json_bytes(
                {name: value for name, value in json_fields(values).items() if value is not None}
            )
        return wire.json_bytes({**json_fields(values), "fastPathEnabled": False})
    return wire.xml_document("jobInfo", xml_fields(values, " "))


def batch_document(batch: Batch, form: str, dialect: Dialect) -> bytes:
    values = batch_values(batch, dialect)
    if form == "JSON":
        return wire.json_bytes(json_fields(values))
    return wire.xml_document("batchInfo", xml_fields(values, " "))


def batch_list_document(job: Job, form: str, dialect: Dialect) -> bytes:
    found = batches_of(job)
    if dialect["bulk1.pk_chunking.original_place"] == "last":
        found = iter(sorted(found, key=lambda batch: not batch.chunk))
    batches = [batch_values(batch, dialect) for batch in found]
    if form == "JSON":
        if not batches:
            return _EMPTY_BATCH_LISTS[dialect["bulk1.batch.empty_list"]]
        return wire.json_bytes({"batchInfo": [json_fields(values) for values in batches]})
    content = "".join(
        f" <batchInfo>\n{xml_fields(values, '  ')} </batchInfo>\n" for values in batches
    )
    return wire.xml_document("batchInfoList", content)


def result_list_document(identities: Sequence[str], form: str) -> bytes:
    if form == "JSON":
        return wire.json_bytes(identities)
    if not identities:
        return f'<result-list xmlns="{wire.DATALOAD}"/>'.encode()
    content = "".join(f"<result>{identity}</result>" for identity in identities)
    return f'<result-list xmlns="{wire.DATALOAD}">{content}</result-list>'.encode()


def error_document(code: str, message: str, form: str) -> bytes:
    values: dict[str, Value] = {"exceptionCode": code, "exceptionMessage": message}
    if form == "JSON":
        return wire.json_bytes(values)
    return wire.xml_document("error", xml_fields(values, " "))
