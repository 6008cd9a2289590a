"""Takes back what probes made in an org: aborts jobs that are not over, deletes marked records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

from salesforce_bulk.conformance.bulk1_calls import field_of, refusal_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.conformance.run_notes import MARK, RunNotes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.errors import BulkApiError
from salesforce_bulk.http.clock import DeadlinePassed

#: Objects of which probes make records, and the field that has the mark: children first.
_MARKED = {
    "Case": "Subject",
    "Opportunity": "Name",
    "Contact": "LastName",
    "Lead": "LastName",
    "Account": "Name",
}
_GONE = ("ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND")
_UNANSWERED = (
    "no answer came to the post of a job: if it is open, `salesforce-bulk jobs` lists it, and "
    "`salesforce-bulk abort` ends it"
)
#: Records that one call deletes.
_AT_ONCE = 200
#: What a name has that a run gave; somebody may have named a record nearly so.
_OURS = re.compile(rf"{MARK} [0-9a-f]{{8}}", re.IGNORECASE)
_AT_WORK = re.compile(r"numberBatches(?:Queued|InProgress)\W+[1-9]")
_OVER = ("closed", "aborted", "failed", "jobcomplete")
_NO_JOB = re.compile("404|InvalidJob$|NOT_FOUND")
_ABORT_1 = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b'<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload"><state>Aborted</state>'
    b"</jobInfo>"
)


@dataclass
class CleanupReport:
    """What became of it.

    Args:
        jobs: that were aborted.
        records: that were deleted.
        left: a sentence for each thing that is still there.
    doubtful: a sentence for each thing of which nobody knows whether it is there.
    """

    jobs: int = 0
    records: int = 0
    left: list[str] = field(default_factory=list)
    doubtful: list[str] = field(default_factory=list)


def take_back(org: TargetOrg, made: RunNotes, done: CleanupReport, *, records: bool) -> None:
    """Aborts the jobs that are not over, and deletes the records; never raises for what an org
    answers.

    Args:
        made: by one run; its file goes when nothing is left.
        done: what became of it is added here.
        records: look for records with its mark as well; a run that only read made none.
    """
    before = len(done.left)
    done.doubtful += [f"{_UNANSWERED} ({path})" for path in dict.fromkeys(made.unanswered)]
    for path in list(made.jobs):
        _try(done, f"job {path.rpartition('/')[2]}", partial(_end_job, org, path, done))
    if records:
        _delete_marked(org, made.mark, done)
    _delete_noted(org, made, done)
    if len(done.left) == before:
        made.forget()


def _try(done: CleanupReport, what: str, act: Callable[[], object]) -> None:
    try:
        act()
    except (BulkApiError, DeadlinePassed, NotAsked) as error:
        why = "the time was up" if isinstance(error, DeadlinePassed) else str(error)
        done.left.append(f"{what}: {why}")


def _end_job(org: TargetOrg, path: str, done: CleanupReport) -> None:
    if _is_over(org.send("GET", path)):
        return
    answer = _abort(org, path)
    if answer.status >= 400 and not _is_over(org.send("GET", path)):
        done.left.append(f"job {path.rpartition('/')[2]}: {refusal_of(answer)}")
        return
    done.jobs += 1
    org.wait(lambda: not _AT_WORK.search(org.send("GET", path).text))


def _abort(org: TargetOrg, path: str) -> Exchange:
    if path.startswith("/services/async/"):
        return org.send("POST", path, _ABORT_1, {"Content-Type": "application/xml"})
    return org.send("PATCH", path, b'{"state":"Aborted"}', {"Content-Type": "application/json"})


def _is_over(answer: Exchange) -> bool:
    """Whether the job has ended, or is not there any more."""
    gone = answer.status >= 400 and _NO_JOB.search(refusal_of(answer))
    return bool(gone) or (field_of(answer, "state") or "").lower() in _OVER


def _delete_marked(org: TargetOrg, mark: str, done: CleanupReport) -> None:
    for name, name_field in _MARKED.items():
        what = f"{name} records whose {name_field} begins with '{mark}'"
        _try(done, what, partial(_delete_all, org, name, name_field, mark, done))


def _delete_all(org: TargetOrg, name: str, name_field: str, mark: str, done: CleanupReport) -> None:
    while found := _marked(org, name, name_field, mark):
        if not _delete(org, name, found, done):
            return


def _marked(org: TargetOrg, name: str, name_field: str, mark: str) -> list[str]:
    """Ids of at most 2,000."""
    where = f"{name_field} LIKE '{mark}%'"
    soql = f"SELECT Id, {name_field} FROM {name} WHERE {where} LIMIT 2000"  # noqa: S608  # nosec B608 # SOQL, of API names
    answer = org.send("GET", f"{org.data}/query?q={quote(soql)}")
    document = answer.json()
    if not isinstance(document, dict) or not isinstance(document.get("records"), list):
        if "INVALID_TYPE" in answer.text:
            return []  # an object that this org does not have, or does not show
        raise NotAsked(f"they could not be looked for ({refusal_of(answer)})")
    return [
        record["Id"]
        for record in document["records"]
        if isinstance(record, dict) and _OURS.match(str(record.get(name_field)))
    ]


def _delete_noted(org: TargetOrg, made: RunNotes, done: CleanupReport) -> None:
    """What has no mark, the newest first."""
    for name in dict.fromkeys(name for name, _ in reversed(made.records)):
        told = {each.partition(":")[0] for each in done.left}
        noted = {record_id[:15]: record_id for each, record_id in made.records if each == name}
        ids = [each for each in reversed(noted.values()) if f"{name} {each}" not in told]
        _try(done, f"{len(ids)} {name}", partial(_delete, org, name, ids, done))


def _delete(org: TargetOrg, name: str, ids: Sequence[str], done: CleanupReport) -> bool:
    """Whether all of them are gone."""
    before = len(done.left)
    for at in range(0, len(ids), _AT_ONCE):
        some = ids[at : at + _AT_ONCE]
        path = f"{org.data}/composite/sobjects?ids={','.join(some)}&allOrNone=false"
        for record_id, refusal in zip(some, _outcomes(org.send("DELETE", path), some), strict=True):
            done.records += not refusal
            if refusal and not any(code in refusal for code in _GONE):
                done.left.append(f"{name} {record_id}: {refusal}")
    return len(done.left) == before


def _outcomes(answer: Exchange, ids: Sequence[str]) -> Iterator[str]:
    """For each record why it was not deleted; empty where it was."""
    results = answer.json()
    if not isinstance(results, list) or len(results) != len(ids) or answer.status >= 400:
        yield from [refusal_of(answer)] * len(ids)
        return
    for result in results:
        deleted = isinstance(result, dict) and result.get("success") is True
        yield "" if deleted else _codes(result)


def _codes(result: object) -> str:
    errors = result.get("errors") if isinstance(result, dict) else None
    listed = errors if isinstance(errors, list) else []
    codes = [str(each.get("statusCode")) for each in listed if isinstance(each, dict)]
    return ", ".join(codes) or "the org does not say why"
