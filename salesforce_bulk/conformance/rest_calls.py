"""Calls of REST that several probes make, and readers of its answers.

The readers take members that are null or absent, keys in any order and each status of success:
what one probe asks about is no concern of the others.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.conformance.target_org import TargetOrg

JSON = "application/json"


def get(org: TargetOrg, path: str, headers: Mapping[str, str] | None = None) -> Exchange:
    """A call below ``/services/data/vNN.0``."""
    return org.send("GET", f"{org.data}/{path}", headers=headers)


def send_json(org: TargetOrg, method: str, path: str, document: Any) -> Exchange:
    """A document sent below ``/services/data/vNN.0``."""
    body = json.dumps(document).encode()
    return org.send(method, f"{org.data}/{path}", body, {"Content-Type": JSON})


def query(org: TargetOrg, soql: str, resource: str = "query") -> Exchange:
    """A query, whatever its answer."""
    return get(org, f"{resource}?q={quote(soql)}")


def records(org: TargetOrg, soql: str, resource: str = "query") -> list[dict[str, Any]]:
    """The first page of a query's records. Raises NotAsked."""
    answer = query(org, soql, resource)
    document = answer.json()
    if answer.status != 200 or not isinstance(document, dict):
        raise NotAsked(f"the user may not query this ({refusal(answer)}): {soql}")
    listed = document.get("records")
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def create_record(org: TargetOrg, name: str, fields: Mapping[str, Any]) -> str:
    """A new record, which is deleted at the end; its id. Raises NotAsked."""
    answer = send_json(org, "POST", f"sobjects/{name}", fields)
    record_id = note_created(org, name, answer)
    if record_id is None:
        raise NotAsked(f"the user may not create a {name} ({refusal(answer)})")
    return record_id


def note_created(org: TargetOrg, name: str, answer: Exchange) -> str | None:
    """The id of the record that an answer tells of, if it made one."""
    document = answer.json()
    record_id = document.get("id") if isinstance(document, dict) else None
    if answer.status != 201 or not isinstance(record_id, str):
        return None
    org.note_record(name, record_id)
    return record_id


def refusal(answer: Exchange) -> str:
    """Status and code of an error, such as ``400 INVALID_FIELD``; else the status."""
    error = first_error(answer)
    code = error.get("errorCode")
    return f"{answer.status} {code}" if isinstance(code, str) else str(answer.status)


def first_error(answer: Exchange) -> Mapping[str, Any]:
    """The first error of an answer; nothing where there is none."""
    document = answer.json()
    first = document[0] if isinstance(document, list) and document else None
    return first if answer.status >= 400 and isinstance(first, dict) else {}
