"""Ingest jobs of Bulk API 2.0.

No probe writes: jobs have a header and no rows, are aborted, or change accounts that no org has.
"""

from __future__ import annotations

import gzip
from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import Any

from salesforce_bulk.conformance.bulk2_calls import (
    NO_ACCOUNT,
    OBJECT,
    abort,
    close,
    create_job,
    document_of,
    ended_job,
    ingest_path,
    job_path,
    open_job,
    records,
    result,
    run_job,
    send_json,
    told,
    update_nothing,
    upload,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg

_HEADER = b"Name\n"
#: A name that no field has.
_NO_FIELD = "Frobnication"
_SHORT = [
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
    "concurrencyMode", "contentType", "apiVersion",
]  # fmt: skip
_CREATED = [*_SHORT, "contentUrl", "lineEnding", "columnDelimiter"]
_INFO = [
    *_SHORT, "jobType", "lineEnding", "columnDelimiter", "numberRecordsProcessed",
    "numberRecordsFailed", "retries", "totalProcessingTime", "apiActiveProcessingTime",
    "apexProcessingTime",
]  # fmt: skip
_BOUNDARY = "salesforce-bulk-conformance"


@dataclass(frozen=True)
class _Life:
    """A job without rows from its creation to behind its end, call by call."""

    created: Exchange
    uploaded: Exchange
    closed: Exchange
    ended: Exchange
    short_id: Exchange
    slash: Exchange
    tail: Exchange
    uploaded_again: Exchange
    closed_again: Exchange
    aborted: Exchange
    deleted: Exchange
    gone: Exchange


def _live(org: TargetOrg) -> _Life:
    created = create_job(org)
    job = job_path(org, created)
    uploaded, closed = upload(org, job, _HEADER), close(org, job)
    ended_job(org, job)
    return _Life(
        created,
        uploaded,
        closed,
        org.exchanges[-1],
        org.send("GET", job[:-3]),
        org.send("GET", f"{job}/"),
        org.send("GET", f"{job}/unprocessedRECORDS"),
        upload(org, job, _HEADER),
        close(org, job),
        abort(org, job),
        org.send("DELETE", job),
        org.send("GET", job),
    )


def _life(org: TargetOrg) -> _Life:
    return org.once("bulk2.life", _live)


def _documents(org: TargetOrg) -> str:
    life = _life(org)
    wanted = {"create": _CREATED, "PATCH": _SHORT, "GET": _INFO}
    for what, answer in (("create", life.created), ("PATCH", life.closed), ("GET", life.ended)):
        document = {n: v for n, v in document_of(answer).items() if v is not None}
        if list(document) != wanted[what]:
            return f"{what} has {', '.join(document)}"
        if not isinstance(document["apiVersion"], float):
            return f"{what} has an apiVersion that is no number with a decimal"
        if not str(document["createdDate"]).endswith("+0000"):
            return f"{what} has a createdDate without +0000"
    return "as recorded"


def _fields_without_value(org: TargetOrg) -> str:
    document = document_of(_life(org).created)
    return "null" if "externalIdFieldName" in document else "absent"


def _statuses(org: TargetOrg) -> str:
    life = _life(org)
    calls = (life.created, life.uploaded, life.closed, life.deleted)
    return " ".join(str(each.status) for each in calls)


def _paths(org: TargetOrg) -> str:
    life = _life(org)
    created = send_json(
        org, "POST", f"{ingest_path(org)}//", {"object": OBJECT, "operation": "insert"}
    )
    if created.status == 200:
        abort(org, job_path(org, created))
    for what, answer in (
        ("two slashes behind ingest", created),
        ("a slash behind the id", life.slash),
        ("a tail in another letter case", life.tail),
    ):
        if answer.status not in (200, 204):
            return f"{what}: {told(answer)}"
    return "accepted"


def _short_ids(org: TargetOrg) -> str:
    answer = _life(org).short_id
    return "accepted" if answer.status == 200 else told(answer)


def _first_versions(org: TargetOrg) -> str:
    return told(org.send("GET", "/services/data/v57.0/jobs/query/750000000000000AAA/resultPages"))


def _refused(org: TargetOrg, accepted: str = "200", **document: Any) -> str:
    """What a job is refused with at create; one that is made is aborted."""
    created = create_job(org, **document)
    if created.status >= 300:
        return told(created)
    abort(org, job_path(org, created))
    return accepted


def _unknown_object(org: TargetOrg) -> str:
    return _refused(org, object=_NO_FIELD)


def _unknown_operation(org: TargetOrg) -> str:
    return _refused(org, operation="frobnicate")


def _unknown_setting(org: TargetOrg) -> str:
    return _refused(org, columnDelimiter="FROBNICATION")


def _external_id(org: TargetOrg) -> str:
    return _refused(org, operation="upsert")


def _assignment_rule(org: TargetOrg) -> str:
    return _refused(org, "ignored", assignmentRuleId="01Q000000000000AAA")


def _hard_delete(org: TargetOrg) -> str:
    reading = _refused(org, operation="hardDelete")
    if reading == "200":
        raise NotAsked("the user may delete for good; ask as one without Bulk API Hard Delete")
    return reading


def _wrong_type(org: TargetOrg) -> str:
    return _refused(org, operation=5)


def _unknown_field(org: TargetOrg) -> str:
    return _refused(org, "ignored", frobnication="x")


def _change_of_another_field(org: TargetOrg) -> str:
    job = open_job(org)
    changed = send_json(org, "PATCH", job, {"lineEnding": "CRLF"})
    abort(org, job)
    return told(changed)


def _media_type(org: TargetOrg) -> str:
    job = open_job(org)
    answer = upload(org, job, _HEADER, {"Content-Type": "application/pdf"})
    abort(org, job)
    return "accepted" if answer.status == 201 else told(answer)


def _gzip_uploads(org: TargetOrg) -> str:
    job = open_job(org)
    answer = upload(org, job, gzip.compress(_HEADER), {"Content-Encoding": "gzip"})
    if answer.status >= 300:
        abort(org, job)
        return told(answer)
    close(org, job)
    return "accepted" if ended_job(org, job)["state"] == "JobComplete" else "stored as sent"


def _second_upload(org: TargetOrg) -> str:
    job = open_job(org)
    upload(org, job, _HEADER)
    second = upload(org, job, f"{_NO_FIELD}\n".encode())
    closed = close(org, job) if second.status < 300 else second
    if closed.status >= 300:
        abort(org, job)
        return told(second) if second.status >= 300 else f"{closed.status} at close"
    kept = ended_job(org, job)["state"] == "JobComplete"
    return "201 and is dropped" if kept else "201 and replaces"


def _upload_when_closed(org: TargetOrg) -> str:
    return told(_life(org).uploaded_again)


def _close_twice(org: TargetOrg) -> str:
    return told(_life(org).closed_again)


def _abort_ended(org: TargetOrg) -> str:
    return told(_life(org).aborted)


def _aborted_rows(org: TargetOrg) -> str:
    job = open_job(org)
    upload(org, job, f"Name\n{org.mark}\n".encode())
    abort(org, job)
    rows = records(result(org, job, "unprocessedrecords", rows=1))
    return "unprocessed" if rows else "nowhere"


def _delete_unfinished(org: TargetOrg) -> str:
    job = open_job(org)
    deleted = org.send("DELETE", job)
    if deleted.status >= 300:
        abort(org, job)
    return told(deleted)


def _multipart(org: TargetOrg) -> str:
    created = _create_of_parts(org, f"{_part('content', 'text/csv')}Name\r\n\r\n")
    state = document_of(created).get("state")
    if created.status >= 300:
        return told(created)
    ended_job(org, job_path(org, created))
    return str(state)


def _multipart_refused(org: TargetOrg) -> str:
    created = _create_of_parts(org, "")
    if created.status < 300:
        abort(org, job_path(org, created))
    return told(created)


def _create_of_parts(org: TargetOrg, content: str) -> Exchange:
    document = f'{{"object": "{OBJECT}", "operation": "insert", "lineEnding": "CRLF"}}\r\n'
    body = f"{_part('job', 'application/json')}{document}{content}--{_BOUNDARY}--\r\n"
    media_type = f'multipart/form-data; boundary="{_BOUNDARY}"'
    return org.send("POST", ingest_path(org), body.encode(), {"Content-Type": media_type})


def _part(name: str, media_type: str) -> str:
    disposition = f'Content-Disposition: form-data; name="{name}"; filename="{name}"'
    return f"--{_BOUNDARY}\r\nContent-Type: {media_type}\r\n{disposition}\r\n\r\n"


def _header_only(org: TargetOrg) -> str:
    return str(document_of(_life(org).ended).get("state"))


def _no_upload(org: TargetOrg) -> str:
    job = open_job(org)
    closed = close(org, job)
    if closed.status >= 300:
        abort(org, job)
        return told(closed)
    return str(ended_job(org, job)["state"])


def _failed_as_a_whole(org: TargetOrg) -> str:
    _, job = run_job(org, f"{_NO_FIELD}\n".encode())
    message = str(job.get("errorMessage"))
    expected = f"InvalidBatch : Field name not found : {_NO_FIELD}"
    return expected.rpartition(" : ")[0] if message == expected else f"{job['state']}: {message}"


def _byte_order_mark(org: TargetOrg) -> str:
    _, job = run_job(org, BOM_UTF8 + _HEADER)
    return "dropped" if job["state"] == "JobComplete" else "part of the first name"


def _line_ending(org: TargetOrg) -> str:
    _, header = run_job(org, b"Name\r\n")
    _, quoted = update_nothing(org, f'Id,Name\n"{NO_ACCOUNT}","a\r\nb"\n')
    if quoted["state"] == "Failed":
        return "any line break"
    return "the header's" if header["state"] == "Failed" else "none"


def _blank_beside_quotes(org: TargetOrg) -> str:
    data = f'Id,Name\n"{NO_ACCOUNT}", "a"\n"{NO_ACCOUNT[:-4]}1AAA","b"\n'
    job, document = update_nothing(org, data)
    if document["state"] == "Failed":
        return "the job fails"
    errors = [
        each.get("sf__error", "").partition(":")[0]
        for each in records(result(org, job, "failedResults", rows=2))
    ]
    return "the row fails" if len(set(errors)) > 1 else "accepted"


def _unreadable_csv(org: TargetOrg) -> str:
    data = f'Id,Name\n"{NO_ACCOUNT}","a\n'
    job, document = update_nothing(org, data)
    if document["state"] != "Failed":
        return f"{document['state']}: it was read"
    given = result(org, job, "unprocessedrecords", rows=1)
    return "as sent" if given.text == data else "nothing" if not given.text else "something else"


def _row_width(org: TargetOrg) -> str:
    job, document = update_nothing(org, f"Id,Name\n{NO_ACCOUNT}\n")
    if document["state"] == "Failed":
        return "the job fails"
    [row] = records(result(org, job, "failedResults", rows=1)) or [{}]
    if not row:
        return "is in no file of failed rows"
    cells = row.get("id", ""), row.get("name", "")
    return "fails alone, its cells empty" if not any(cells) else "fails alone, its cells as sent"


def _blank_lines(org: TargetOrg) -> str:
    _, document = update_nothing(org, "Id,Name\n\n")
    return "rows that fail" if document.get("numberRecordsProcessed") else "skipped"


def _deleted_jobs(org: TargetOrg) -> str:
    return told(_life(org).gone)


PROBES: tuple[Probe, ...] = (
    Probe("bulk2.ingest.documents", _documents),
    Probe("bulk2.ingest.fields_without_value", _fields_without_value),
    Probe("bulk2.ingest.statuses", _statuses),
    Probe("bulk2.ingest.paths", _paths),
    Probe("bulk2.ingest.short_ids", _short_ids),
    Probe("bulk2.ingest.first_versions", _first_versions),
    Probe("bulk2.ingest.unknown_object", _unknown_object),
    Probe("bulk2.ingest.unknown_operation", _unknown_operation),
    Probe("bulk2.ingest.unknown_setting", _unknown_setting),
    Probe("bulk2.ingest.external_id", _external_id),
    Probe("bulk2.ingest.assignment_rule", _assignment_rule),
    Probe("bulk2.ingest.hard_delete", _hard_delete),
    Probe("bulk2.ingest.wrong_type", _wrong_type),
    Probe("bulk2.ingest.unknown_field", _unknown_field),
    Probe("bulk2.ingest.change_of_another_field", _change_of_another_field),
    Probe("bulk2.ingest.media_type", _media_type),
    Probe("bulk2.ingest.gzip_uploads", _gzip_uploads),
    Probe("bulk2.ingest.second_upload", _second_upload),
    Probe("bulk2.ingest.upload_when_closed", _upload_when_closed),
    Probe("bulk2.ingest.close_twice", _close_twice),
    Probe("bulk2.ingest.abort_ended", _abort_ended),
    Probe("bulk2.ingest.aborted_rows", _aborted_rows),
    Probe("bulk2.ingest.delete_unfinished", _delete_unfinished),
    Probe("bulk2.ingest.multipart", _multipart),
    Probe("bulk2.ingest.multipart_refused", _multipart_refused),
    Probe("bulk2.ingest.header_only", _header_only),
    Probe("bulk2.ingest.no_upload", _no_upload),
    Probe("bulk2.ingest.failed_as_a_whole", _failed_as_a_whole),
    Probe("bulk2.ingest.byte_order_mark", _byte_order_mark),
    Probe("bulk2.ingest.line_ending", _line_ending),
    Probe("bulk2.ingest.blank_beside_quotes", _blank_beside_quotes),
    Probe("bulk2.ingest.unreadable_csv", _unreadable_csv),
    Probe("bulk2.ingest.row_width", _row_width),
    Probe("bulk2.ingest.blank_lines", _blank_lines),
    Probe("bulk2.ingest.deleted_jobs", _deleted_jobs),
)
