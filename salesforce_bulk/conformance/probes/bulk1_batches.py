"""Batches of Bulk API 1.0.

Most are queries of User. Loads are of a kind that no org can carry out, such as an update of an
account that there is not; they make no records, and are left to orgs for tests all the same.
"""

from __future__ import annotations

import gzip
import json
import re

from salesforce_bulk.conformance.bulk1_calls import (
    CSV,
    ENDED,
    JSON,
    XML,
    add_batch,
    canonical_state,
    ended_batch,
    field_of,
    needed,
    open_job,
    post_batch,
    refusal_of,
    set_state,
    state_of,
    values_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Hidden, NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg

_ANY_USER = "SELECT Id FROM User LIMIT 1"
_BAD_QUERY = "SELECT FROM nothing"
_BROKEN_XML = "<sObjects"
#: An account that no org has.
_NO_ACCOUNT = "001000000000000AAA"
_NO_BATCH = "751000000000000AAA"
_NO_RESULT = "752000000000000"
#: One more byte, record, and character of a field than a batch may have.
_BYTES, _RECORDS, _CHARACTERS = 10_000_001, 10_001, 131_073
#: As the schema has them.
_BATCH_FIELDS = (
    "id",
    "jobId",
    "state",
    "createdDate",
    "systemModstamp",
    "numberRecordsProcessed",
    "numberRecordsFailed",
    "totalProcessingTime",
    "apiActiveProcessingTime",
    "apexProcessingTime",
)
_TIMES = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime")


# Documents


def _posted_query(org: TargetOrg) -> Exchange:
    with open_job(org, "query", "User") as job:
        posted = post_batch(org, job, _ANY_USER)
    needed(posted, "id")
    return posted


def _info(org: TargetOrg) -> str:
    posted = org.once("bulk1.batch.posted_query", _posted_query)
    names = [name for name in re.findall(r"<(\w+)>", posted.text) if name in _BATCH_FIELDS]
    if tuple(names) == _BATCH_FIELDS:
        return "in the schema's order"
    return f"in this order: {' '.join(names)}"


def _posted_state(org: TargetOrg) -> str:
    return field_of(org.once("bulk1.batch.posted_query", _posted_query), "state") or "none"


def _processing_time(org: TargetOrg) -> str:
    posted = org.once("bulk1.batch.posted_query", _posted_query)
    told = ended_batch(org, f"{posted.path}/{field_of(posted, 'id')}")
    missing = [name for name in _TIMES if not (field_of(told, name) or "").isdigit()]
    return f"no number in {' '.join(missing)}" if missing else "numbers"


def _request(org: TargetOrg) -> str:
    posted = org.once("bulk1.batch.posted_query", _posted_query)
    stored = org.send("GET", f"{posted.path}/{field_of(posted, 'id')}/request")
    if stored.status != 200:
        return refusal_of(stored)
    return "as it was posted" if stored.text.strip() == _ANY_USER else "changed"


def _empty_list(org: TargetOrg) -> str:
    with open_job(org, "query", "User", "JSON") as job:
        listed = org.send("GET", f"{job}/batch").json()
    if not isinstance(listed, dict):
        return "no JSON object"
    if "batchInfo" not in listed:
        return "absent"
    return json.dumps(listed["batchInfo"])


def _not_processed(org: TargetOrg) -> str:
    aborted = _left_by_an_abort(org)
    spelled = _unprocessed(aborted) or _split(org)
    if spelled:
        return spelled
    if state_of(aborted) in ("InProgress", "Completed"):
        raise NotAsked("the batch began before its job could be aborted; ask again")
    raise Hidden("neither an abort nor a split into chunks leaves a batch unprocessed")


def _left_by_an_abort(org: TargetOrg) -> Exchange:
    """What is said of a batch whose job was aborted."""
    with open_job(org, "query", "User") as job:
        batch = add_batch(org, job, _ANY_USER)
        set_state(org, job, "Aborted")
    return org.send("GET", batch)


def _split(org: TargetOrg) -> str:
    """How the state of a query that was split into chunks is spelled; empty where that is another
    one."""
    header = {"Sforce-Enable-PKChunking": "chunkSize=250000"}
    with open_job(org, "query", "User", headers=header) as job:
        return _unprocessed(ended_batch(org, add_batch(org, job, "SELECT Id FROM User")))


def _unprocessed(told: Exchange) -> str:
    state = field_of(told, "state") or ""
    return state if canonical_state(state) == "NotProcessed" else ""


# Posting


def _posted_twice(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batches = {add_batch(org, job, _ANY_USER) for _ in range(2)}
    return "two batches" if len(batches) == 2 else "one batch"


def _start(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        ended_batch(org, add_batch(org, job, _ANY_USER))
    return "on upload"


def _empty_body(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        return refusal_of(post_batch(org, job, b""))


def _too_large(org: TargetOrg) -> str:
    body = gzip.compress(b" " * _BYTES, mtime=0)
    with open_job(org, "query", "User") as job:
        return refusal_of(post_batch(org, job, body, headers={"Content-Encoding": "gzip"}))


def _job_not_open(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        set_state(org, job, "Closed")
        return refusal_of(post_batch(org, job, _ANY_USER))


def _media_type(org: TargetOrg) -> str:
    with open_job(org, "update", "Account") as job:
        return refusal_of(post_batch(org, job, f'[{{"Id":"{_NO_ACCOUNT}"}}]', JSON))


def _charset(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        return refusal_of(post_batch(org, job, _ANY_USER, f"{CSV}; charset=x-nobodys"))


def _query_media_type(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        answers = [
            refusal_of(post_batch(org, job, f"{_ANY_USER}{' ' * number}", media_type))
            for number, media_type in enumerate((CSV, XML, JSON))
        ]
    return "any" if answers == ["201"] * 3 else f"CSV, XML, JSON: {', '.join(answers)}"


def _too_many_records(org: TargetOrg) -> str:
    return _failure(org, "Id\n" + f"{_NO_ACCOUNT}\n" * _RECORDS)


def _size_limits(org: TargetOrg) -> str:
    return _failure(org, f"Id,Description\n{_NO_ACCOUNT},{'x' * _CHARACTERS}\n")


def _failure(org: TargetOrg, body: str) -> str:
    """What becomes of an update that goes beyond a limit."""
    with open_job(org, "update", "Account") as job:
        posted = post_batch(org, job, body)
        if posted.status >= 300:
            return refusal_of(posted)
        told = ended_batch(org, f"{posted.path}/{needed(posted, 'id')}")
    return state_of(told)


# Results


def _unknown(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batch = refusal_of(org.send("GET", f"{job}/batch/{_NO_BATCH}"))
        known = add_batch(org, job, _ANY_USER)
    ended_batch(org, known)
    result = refusal_of(org.send("GET", f"{known}/result/{_NO_RESULT}"))
    return batch if batch == result else f"{batch} of a batch, {result} of a result"


def _result_before_end(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batch = add_batch(org, job, _ANY_USER)
        listed = org.send("GET", f"{batch}/result")
        if listed.status == 200 and values_of(listed, "result"):
            raise NotAsked("the batch ended before its result could be asked for; ask again")
    return refusal_of(listed)


def _result_of_failed(org: TargetOrg) -> str:
    with open_job(org, "update", "Account", "XML") as job:
        batch = add_batch(org, job, _BROKEN_XML, XML)
    if state_of(ended_batch(org, batch)) != "Failed":
        return "XML that breaks off does not fail"
    return refusal_of(org.send("GET", f"{batch}/result"))


def _result_of_aborted(org: TargetOrg) -> str:
    with open_job(org, "update", "Account") as job:
        batch = add_batch(org, job, f"Id\n{_NO_ACCOUNT}\n")
        set_state(org, job, "Aborted")
    state = state_of(org.send("GET", batch))
    if state in ("InProgress", "Completed"):
        raise NotAsked("the batch began before its job could be aborted; ask again")
    if state not in ENDED:
        raise Hidden(f"an abort leaves a batch {state}, which has no result before its end")
    return refusal_of(org.send("GET", f"{batch}/result"))


def _failed_query_results(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batch = add_batch(org, job, _BAD_QUERY)
    if state_of(ended_batch(org, batch)) != "Failed":
        return "a query without fields does not fail"
    return refusal_of(org.send("GET", f"{batch}/result"))


PROBES = (
    Probe("bulk1.batch.info", _info),
    Probe("bulk1.batch.posted_state", _posted_state),
    Probe("bulk1.batch.processing_time", _processing_time),
    Probe("bulk1.batch.request", _request),
    Probe("bulk1.batch.empty_list", _empty_list),
    Probe("bulk1.batch.not_processed", _not_processed),
    Probe("bulk1.batch.posted_twice", _posted_twice),
    Probe("bulk1.batch.start", _start),
    Probe("bulk1.batch.empty_body", _empty_body),
    Probe("bulk1.batch.too_large", _too_large),
    Probe("bulk1.batch.job_not_open", _job_not_open),
    Probe("bulk1.batch.media_type", _media_type, writes=True),
    Probe("bulk1.batch.charset", _charset),
    Probe("bulk1.batch.query_media_type", _query_media_type),
    Probe("bulk1.batch.too_many_records", _too_many_records, writes=True),
    Probe("bulk1.batch.size_limits", _size_limits, writes=True),
    Probe("bulk1.batch.unknown", _unknown),
    Probe("bulk1.batch.result_before_end", _result_before_end),
    Probe("bulk1.batch.result_of_failed", _result_of_failed, writes=True),
    Probe("bulk1.batch.result_of_aborted", _result_of_aborted, writes=True),
    Probe("bulk1.batch.failed_query_results", _failed_query_results),
)
