"""Calls of Bulk API 2.0 that several probes make.

What one probe asks about may be in any form where others look: so answers are read tolerantly.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.conformance.target_org import TargetOrg

#: An Account that no org has: a row that names it fails, and changes nothing.
NO_ACCOUNT = "001000000000000AAA"
#: An object that every org has, for jobs without rows.
OBJECT = "Account"
#: States in which a job stays.
ENDED = ("JobComplete", "Failed", "Aborted")

_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_CSV = {"Content-Type": "text/csv; charset=UTF-8"}
#: How often results are fetched that may not be there yet.
_FETCHES = 4


def ingest_path(org: TargetOrg) -> str:
    """Where ingest jobs are made."""
    return f"{org.data}/jobs/ingest"


def query_path(org: TargetOrg) -> str:
    """Where query jobs are made."""
    return f"{org.data}/jobs/query"


def send_json(org: TargetOrg, method: str, path: str, document: Mapping[str, Any]) -> Exchange:
    """A call with a document."""
    return org.send(method, path, json.dumps(document).encode(), _JSON)


def create_job(org: TargetOrg, **document: Any) -> Exchange:
    """An attempt to make an ingest job, of an insert of accounts unless something else is said."""
    wanted = {"object": OBJECT, "operation": "insert", **document}
    return send_json(org, "POST", ingest_path(org), wanted)


def job_path(org: TargetOrg, created: Exchange) -> str:
    """The path of a job that was made; it is over at the end, whatever comes.

    Raises:
        NotAsked: none was made.
    """
    identity = document_of(created).get("id")
    if created.status >= 300 or not isinstance(identity, str):
        raise NotAsked(
            f"no job could be made ({told(created)}); the user needs the permission API Enabled, "
            "and to create, edit and delete accounts"
        )
    base = created.path.partition("/jobs/")[0]
    kind = created.path.partition("/jobs/")[2].partition("/")[0]
    path = f"{base}/jobs/{kind}/{identity}"
    org.note_job(path)
    return path


def open_job(org: TargetOrg, **document: Any) -> str:
    """The path of a new ingest job."""
    return job_path(org, create_job(org, **document))


def upload(
    org: TargetOrg, job: str, data: bytes, headers: Mapping[str, str] | None = None
) -> Exchange:
    """The job's data."""
    return org.send("PUT", f"{job}/batches", data, {**_CSV, **(headers or {})})


def set_state(org: TargetOrg, job: str, state: str) -> Exchange:
    """Closes or aborts a job."""
    return send_json(org, "PATCH", job, {"state": state})


def close(org: TargetOrg, job: str) -> Exchange:
    """No more data: the job begins."""
    return set_state(org, job, "UploadComplete")


def abort(org: TargetOrg, job: str) -> Exchange:
    """Ends a job that is not to run."""
    return set_state(org, job, "Aborted")


def ended_job(org: TargetOrg, job: str) -> dict[str, Any]:
    """The job's document when it has ended."""
    org.wait(lambda: document_of(org.send("GET", job)).get("state") in ENDED)
    return document_of(org.exchanges[-1])


def run_job(org: TargetOrg, data: bytes, **document: Any) -> tuple[str, dict[str, Any]]:
    """Path and document of an ingest job that was given data and has ended."""
    job = open_job(org, **document)
    upload(org, job, data)
    close(org, job)
    return job, ended_job(org, job)


def update_nothing(org: TargetOrg, data: str) -> tuple[str, dict[str, Any]]:
    """A job whose rows change accounts that there are not: all of them fail."""
    return run_job(org, data.encode(), operation="update")


def result(org: TargetOrg, job: str, kind: str, rows: int = 0) -> Exchange:
    """One of the three result files, with so many rows as soon as they are there."""
    fetched = 0

    def is_whole() -> bool:
        nonlocal fetched
        fetched += 1
        found = org.send("GET", f"{job}/{kind}", headers={"Accept": "text/csv"})
        return len(table(found)) > rows or not rows or fetched >= _FETCHES

    org.wait(is_whole)
    return org.exchanges[-1]


def query_result(org: TargetOrg, soql: str, **more: str) -> Exchange:
    """The result of a query that has rows, in a job of its own; `more` is of the job's document.

    Raises:
        NotAsked: the org refuses the query, or it fails.
    """
    query = {"operation": "query", "query": soql, **more}
    job = job_path(org, send_json(org, "POST", query_path(org), query))
    if ended_job(org, job)["state"] != "JobComplete":
        raise NotAsked(f"the org could not run {soql}")
    return query_results(org, job)


def query_results(org: TargetOrg, job: str, parameters: str = "", *, rows: int = 1) -> Exchange:
    """A page of the results of a complete query, with so many rows as soon as they are there."""
    fetched = 0

    def is_there() -> bool:
        nonlocal fetched
        fetched += 1
        found = org.send("GET", f"{job}/results{parameters}", headers={"Accept": "text/csv"})
        there = found.status == 200 and (len(table(found)) > rows or not rows)
        return there or fetched >= _FETCHES

    org.wait(is_there)
    return org.exchanges[-1]


def records(answer: Exchange) -> list[dict[str, str]]:
    """The rows of a result in CSV; its column names in lower case, its delimiter a comma."""
    header, *rows = table(answer) or [[]]
    names = [name.lower() for name in header]
    return [dict(zip(names, row, strict=False)) for row in rows]


def table(answer: Exchange) -> list[Sequence[str]]:
    """A result in CSV with its header; nothing of an error, and of no content."""
    if answer.status != 200:
        return []
    text = answer.text.removeprefix("\ufeff")
    return [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def document_of(answer: Exchange) -> dict[str, Any]:
    """The JSON object of an answer; empty where it is none."""
    document = answer.json()
    return document if isinstance(document, dict) else {}


def told(answer: Exchange) -> str:
    """Status and code of an answer, as `400 INVALIDJOB`; the status alone where it is no error."""
    errors = answer.json()
    if answer.status < 400 or not isinstance(errors, list) or not errors:
        return str(answer.status)
    first = errors[0]
    code = first.get("errorCode") if isinstance(first, dict) else None
    return f"{answer.status} {code}" if isinstance(code, str) else str(answer.status)
