"""Jobs of Bulk API 1.0.

Most are query jobs of User that get no batch: they write nothing, and every org has the object.
"""

from __future__ import annotations

import re

from salesforce_bulk.conformance.bulk1_calls import (
    ENDED,
    JSON,
    XML,
    add_batch,
    canonical_state,
    create_job,
    ended_batch,
    field_of,
    form_of,
    job_info,
    needed,
    open_job,
    post_job,
    refusal_of,
    set_state,
    state_of,
    values_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg

#: How often a batch is looked at that may never end.
_LOOKS = 40
_ANY_USER = "SELECT Id FROM User LIMIT 1"
_QUERIES = (_ANY_USER, "SELECT Id FROM User LIMIT 2", "SELECT Id FROM User LIMIT 3")
#: Of no job, though a job could have it.
_NO_JOB = "750000000000000AAA"
_NO_BATCH = "751000000000000AAA"
#: As the schema has them; those that a new query job has in every version.
_JOB_FIELDS = (
    "id",
    "operation",
    "object",
    "createdById",
    "createdDate",
    "systemModstamp",
    "state",
    "concurrencyMode",
    "contentType",
    "numberBatchesQueued",
    "numberBatchesInProgress",
    "numberBatchesCompleted",
    "numberBatchesFailed",
    "numberBatchesTotal",
    "numberRecordsProcessed",
    "numberRetries",
    "apiVersion",
    "numberRecordsFailed",
    "totalProcessingTime",
    "apiActiveProcessingTime",
    "apexProcessingTime",
)


# Documents


def _created_in_xml(org: TargetOrg) -> Exchange:
    return _closed(org, create_job(org, "query", "User"))


def _created_in_json(org: TargetOrg) -> Exchange:
    return _closed(org, create_job(org, "query", "User", form=JSON))


def _closed(org: TargetOrg, created: Exchange) -> Exchange:
    set_state(org, f"{created.path}/{needed(created, 'id')}", "Closed")
    return created


def _info_xml(org: TargetOrg) -> str:
    created = org.once("bulk1.job.in_xml", _created_in_xml)
    names = [name for name in re.findall(r"<(\w+)>", created.text) if name in _JOB_FIELDS]
    return (
        "in the schema's order"
        if tuple(names) == _JOB_FIELDS
        else f"in this order: {' '.join(names)}"
    )


def _info_json(org: TargetOrg) -> str:
    created = org.once("bulk1.job.in_json", _created_in_json).json()
    if not isinstance(created, dict):
        return "no JSON object"
    optional = ("assignmentRuleId", "externalIdFieldName", "fastPathEnabled")
    present = [name for name in optional if name in created]
    return {0: "absent", len(optional): "null"}.get(len(present), f"only {' '.join(present)}")


def _create_format(org: TargetOrg) -> str:
    xml = form_of(org.once("bulk1.job.in_xml", _created_in_xml))
    json = form_of(org.once("bulk1.job.in_json", _created_in_json))
    if (xml, json) == ("XML", "JSON"):
        return "of the request"
    return f"{xml} where XML was sent, {json} where JSON was sent"


def _close_format(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        form = form_of(set_state(org, job, "Closed", form=JSON))
    return {"JSON": "of the request", "XML": "of the job"}.get(form, form)


def _get_format(org: TargetOrg) -> str:
    forms = []
    for content_type, other in (("CSV", JSON), ("JSON", XML)):
        with open_job(org, "query", "User", content_type) as job:
            asked = org.send("GET", job, headers={"Content-Type": other})
            forms.append(form_of(asked))
    return "of the job" if forms == ["XML", "JSON"] else f"{forms[0]} of CSV, {forms[1]} of JSON"


def _error_format(org: TargetOrg) -> str:
    with open_job(org, "query", "User", "JSON") as job:
        refused = org.send("GET", f"{job}/batch/{_NO_BATCH}", headers={"Content-Type": XML})
    form = form_of(refused)
    return {"JSON": "of the job", "XML": "of the request"}.get(form, form)


def _location(org: TargetOrg) -> str:
    location = org.once("bulk1.job.in_xml", _created_in_xml).headers.get("location")
    if location is None:
        return "absent"
    return "address" if "://" in location else "path"


def _schema(org: TargetOrg) -> str:
    answer = org.send("GET", f"{org.bulk1}/AsyncApi.xsd", headers={"X-SFDC-Session": "none"})
    return str(answer.status)


# What a job may be


def _defaults(org: TargetOrg) -> str:
    created = _closed(org, create_job(org, "query", "User", None))
    return f"{field_of(created, 'contentType')} {field_of(created, 'concurrencyMode')}"


def _enumerations(org: TargetOrg) -> str:
    return _taken_or_refused(org, create_job(org, "QUERY", "User"))


def _concurrency_ordinals(org: TargetOrg) -> str:
    modes = []
    for ordinal in ("0", "1"):
        body = f'{{"operation":"query","object":"User","concurrencyMode":{ordinal}}}'
        created = post_job(org, body.encode(), {"Content-Type": JSON})
        _taken_or_refused(org, created)
        modes.append(field_of(created, "concurrencyMode") or refusal_of(created))
    return " ".join(modes)


def _other_ordinals(org: TargetOrg) -> str:
    body = b'{"operation":"query","object":"User","contentType":0}'
    created = post_job(org, body, {"Content-Type": JSON})
    return _taken_or_refused(org, created)


def _server_field(org: TargetOrg) -> str:
    fields = {"createdById": "005000000000000AAA"}
    return _taken_or_refused(org, create_job(org, "query", "User", fields=fields))


def _xml_form(org: TargetOrg) -> str:
    plain = job_info({"operation": "query", "object": "User", "contentType": "CSV"})
    turned = job_info({"contentType": "CSV", "object": "User", "operation": "query"})
    for body, needs in (
        (re.sub(rb' xmlns="[^"]*"', b"", plain), "needs the namespace"),
        (turned, "needs the order"),
    ):
        created = post_job(org, body, {"Content-Type": XML})
        if _taken_or_refused(org, created) != "201":
            return needs
    return "any"


def _media_type(org: TargetOrg) -> str:
    return _taken_or_refused(org, create_job(org, "query", "User", form="text/xml"))


def _unknown_object(org: TargetOrg) -> str:
    return _taken_or_refused(org, create_job(org, "query", "NoSuchObjectOfAnyOrg"))


def _upsert_without_key(org: TargetOrg) -> str:
    return _taken_or_refused(org, create_job(org, "upsert", "Account"))


def _upsert_by_other_field(org: TargetOrg) -> str:
    fields = {"externalIdFieldName": "Description"}
    return _taken_or_refused(org, create_job(org, "upsert", "Account", fields=fields))


def _key_without_upsert(org: TargetOrg) -> str:
    fields = {"externalIdFieldName": "Id"}
    found = _taken_or_refused(org, create_job(org, "insert", "Account", fields=fields))
    return "ignored" if found == "201" else found


def _zip_query(org: TargetOrg) -> str:
    return _taken_or_refused(org, create_job(org, "query", "User", "ZIP_CSV"))


def _hard_delete(org: TargetOrg) -> str:
    found = _taken_or_refused(org, create_job(org, "hardDelete", "Account"))
    if found == "201":
        raise NotAsked(
            "this user has the permission Bulk API Hard Delete: ask as a user without it"
        )
    return found


def _invalid_xml(org: TargetOrg) -> str:
    plain = job_info({"operation": "query", "object": "User", "contentType": "CSV"})
    body = plain.replace(b"?><", b"?><!DOCTYPE jobInfo><")
    created = post_job(org, body, {"Content-Type": XML})
    return _taken_or_refused(org, created)


def _taken_or_refused(org: TargetOrg, created: Exchange) -> str:
    """The status of a job that was made, which is closed; status and code of a refusal."""
    if created.status < 300 and field_of(created, "id"):
        _closed(org, created)
    return refusal_of(created)


# States


def _close_empty(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        return refusal_of(set_state(org, job, "Closed"))


def _second_ending(org: TargetOrg, first: str, second: str) -> str:
    with open_job(org, "query", "User") as job:
        set_state(org, job, first)
        return refusal_of(set_state(org, job, second))


def _close_aborted(org: TargetOrg) -> str:
    return _second_ending(org, "Aborted", "Closed")


def _close_closed(org: TargetOrg) -> str:
    return _second_ending(org, "Closed", "Closed")


def _abort_aborted(org: TargetOrg) -> str:
    return _second_ending(org, "Aborted", "Aborted")


def _abort_finished(org: TargetOrg) -> str:
    return _second_ending(org, "Closed", "Aborted")


def _abort_unfinished(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batch = add_batch(org, job, _ANY_USER)
        set_state(org, job, "Closed")
        aborted = set_state(org, job, "Aborted")
        seen = state_of(org.send("GET", batch))
    # An abort itself may leave a batch failed.
    if seen == "Completed" or (seen == "Failed" and aborted.status >= 400):
        raise NotAsked("the batch ended before its job could be aborted; ask again")
    return refusal_of(aborted)


def _abort_queued(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        batches = [add_batch(org, job, soql) for soql in _QUERIES]
        set_state(org, job, "Aborted")
    found = [_left(org, batch) for batch in reversed(batches)]
    left = [state for state in found if state != "Completed"]
    if not left:
        raise NotAsked("the batches ended before their job could be aborted; ask again")
    return left[0]


def _left(org: TargetOrg, batch: str) -> str:
    """The state in which a batch of an aborted job stays."""
    seen: list[str] = []

    def settled() -> bool:
        seen.append(state_of(org.send("GET", batch)))
        return seen[-1] in ENDED or len(seen) == _LOOKS

    org.wait(settled)
    return seen[-1]


def _unknown(org: TargetOrg) -> str:
    return refusal_of(org.send("GET", f"{org.bulk1}/job/{_NO_JOB}"))


# Counters


def _counters(org: TargetOrg) -> str:
    with open_job(org, "query", "User") as job:
        for soql in (_ANY_USER, "SELECT FROM nothing"):
            ended_batch(org, add_batch(org, job, soql))
        told = org.send("GET", job)
    counted = [
        field_of(told, f"numberBatches{name}")
        for name in ("Queued", "InProgress", "Completed", "Failed", "Total")
    ]
    if counted == ["0", "0", "1", "1", "2"]:
        return "sums over the batches"
    return f"of one good and one bad query: {' '.join(map(str, counted))}"


def _chunked_total(org: TargetOrg) -> str:
    header = {"Sforce-Enable-PKChunking": "chunkSize=250000"}
    with open_job(org, "query", "User", headers=header) as job:
        ended_batch(org, add_batch(org, job, "SELECT Id FROM User"))
        org.wait(lambda: _listed(org, job, "state") <= set(ENDED))
        listed = len(_listed(org, job, "id"))
        total = int(needed(org.send("GET", job), "numberBatchesTotal"))
    if listed < 2:
        raise NotAsked("the org did not split the query into chunks")
    readings = {listed - 1: "without the original", listed: "with the original"}
    return readings.get(total, f"{total} of {listed} batches")


def _listed(org: TargetOrg, job: str, name: str) -> set[str]:
    """The values that the batches of a job have in a field."""
    return set(map(canonical_state, values_of(org.send("GET", f"{job}/batch"), name)))


PROBES = (
    Probe("bulk1.job.info_xml", _info_xml),
    Probe("bulk1.job.info_json", _info_json),
    Probe("bulk1.job.create_format", _create_format),
    Probe("bulk1.job.close_format", _close_format),
    Probe("bulk1.job.get_format", _get_format),
    Probe("bulk1.job.error_format", _error_format),
    Probe("bulk1.job.location", _location),
    Probe("bulk1.job.schema", _schema),
    Probe("bulk1.job.defaults", _defaults),
    Probe("bulk1.job.enumerations", _enumerations),
    Probe("bulk1.job.concurrency_ordinals", _concurrency_ordinals),
    Probe("bulk1.job.other_ordinals", _other_ordinals),
    Probe("bulk1.job.server_field", _server_field),
    Probe("bulk1.job.xml_form", _xml_form),
    Probe("bulk1.job.media_type", _media_type),
    Probe("bulk1.job.unknown_object", _unknown_object),
    Probe("bulk1.job.upsert_without_key", _upsert_without_key),
    Probe("bulk1.job.upsert_by_other_field", _upsert_by_other_field),
    Probe("bulk1.job.key_without_upsert", _key_without_upsert),
    Probe("bulk1.job.zip_query", _zip_query),
    Probe("bulk1.job.hard_delete", _hard_delete),
    Probe("bulk1.job.invalid_xml", _invalid_xml),
    Probe("bulk1.job.close_empty", _close_empty),
    Probe("bulk1.job.close_aborted", _close_aborted),
    Probe("bulk1.job.close_closed", _close_closed),
    Probe("bulk1.job.abort_aborted", _abort_aborted),
    Probe("bulk1.job.abort_finished", _abort_finished),
    Probe("bulk1.job.abort_unfinished", _abort_unfinished),
    Probe("bulk1.job.abort_queued", _abort_queued),
    Probe("bulk1.job.unknown", _unknown),
    Probe("bulk1.job.counters", _counters),
    Probe("bulk1.job.chunked_total", _chunked_total),
)
