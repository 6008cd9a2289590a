"""Calls of Bulk API 1.0 that several probes make, and readers of its answers.

The readers take XML and JSON, values that are null or absent, and each spelling of a state: what
one probe asks about is no concern of the others.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from xml.sax.saxutils import escape  # nosec B406 # it parses nothing

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked
from salesforce_bulk.conformance.target_org import TargetOrg

XML = "application/xml"
JSON = "application/json"
CSV = "text/csv"
#: Of a batch's body, by the content type of its job.
MEDIA_TYPES = {
    "CSV": CSV,
    "XML": XML,
    "JSON": JSON,
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}
_NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
#: The states in which a batch stays.
ENDED = ("Completed", "Failed", "NotProcessed")


# Calls, whatever their answers


def create_job(
    org: TargetOrg,
    operation: str,
    name: str,
    content_type: str | None = "CSV",
    *,
    form: str = XML,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    version: str | None = None,
) -> Exchange:
    """Asks for a job.

    Args:
        content_type: of the job; None leaves it to the org.
        form: the media type of the document.
        fields: further fields of jobInfo, such as ``externalIdFieldName``.
        headers: further headers, such as ``Sforce-Enable-PKChunking``.
        version: another one than the org's.
    """
    document = {"operation": operation, "object": name, **(fields or {})}
    if content_type is not None:
        document["contentType"] = content_type
    return post_job(
        org, job_info(document, form), {"Content-Type": form, **(headers or {})}, version
    )


def post_job(
    org: TargetOrg, document: bytes, headers: Mapping[str, str], version: str | None = None
) -> Exchange:
    """Asks for a job by a document as it is."""
    path = f"/services/async/{version or org.version}/job"
    answer = org.send("POST", path, document, headers)
    if answer.status < 300 and (identity := field_of(answer, "id")):
        org.note_job(f"{path}/{identity}")
    return answer


def set_state(org: TargetOrg, job: str, state: str, *, form: str = XML) -> Exchange:
    """Closes a job (``Closed``) or aborts it (``Aborted``), given its path."""
    return org.send("POST", job, job_info({"state": state}, form), {"Content-Type": form})


def post_batch(
    org: TargetOrg,
    job: str,
    body: bytes | str,
    content_type: str = CSV,
    headers: Mapping[str, str] | None = None,
) -> Exchange:
    """Posts the data of a batch, or its query, to a job, given its path."""
    data = body.encode() if isinstance(body, str) else body
    return org.send("POST", f"{job}/batch", data, {"Content-Type": content_type, **(headers or {})})


# Calls that have to succeed


@contextmanager
def open_job(
    org: TargetOrg,
    operation: str,
    name: str,
    content_type: str | None = "CSV",
    *,
    form: str = XML,
    fields: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    version: str | None = None,
) -> Iterator[str]:
    """The path of a new job, which is closed at the end; see `create_job`.

    Raises:
        NotAsked: the org refused it.
    """
    created = create_job(
        org,
        operation,
        name,
        content_type,
        form=form,
        fields=fields,
        headers=headers,
        version=version,
    )
    path = f"{created.path}/{needed(created, 'id')}"
    try:
        yield path
    finally:
        set_state(org, path, "Closed")


def add_batch(org: TargetOrg, job: str, body: bytes | str, content_type: str = CSV) -> str:
    """The path of a new batch. Raises NotAsked where the org refused it."""
    return f"{job}/batch/{needed(post_batch(org, job, body, content_type), 'id')}"


def ended_batch(org: TargetOrg, batch: str) -> Exchange:
    """What the org says of a batch once it has ended. Raises NotAsked after five minutes."""
    answers = []

    def ended() -> bool:
        answers.append(org.send("GET", batch))
        return canonical_state(needed(answers[-1], "state")) in ENDED

    org.wait(ended)
    return answers[-1]


def batch_results(
    org: TargetOrg, operation: str, name: str, body: bytes | str, content_type: str = "CSV"
) -> Exchange:
    """The answer with the results of the rows of a batch in a job of its own."""
    with open_job(org, operation, name, content_type) as job:
        batch = add_batch(org, job, body, MEDIA_TYPES[content_type])
    ended_batch(org, batch)
    return org.send("GET", f"{batch}/result")


def query_result(org: TargetOrg, name: str, soql: str, form: str = "CSV") -> Exchange:
    """The first result of a query in a job of its own."""
    with open_job(org, "query", name, form) as job:
        batch = add_batch(org, job, soql, MEDIA_TYPES[form])
    ended_batch(org, batch)
    listed = org.send("GET", f"{batch}/result")
    identities = result_ids(listed)
    if not identities:
        raise NotAsked(f"the query has no result: {soql}")
    return org.send("GET", f"{batch}/result/{identities[0]}")


# Documents


def job_info(fields: Mapping[str, str], form: str = XML) -> bytes:
    """A jobInfo with the fields in their order."""
    if form == JSON:
        return json.dumps(fields).encode()
    elements = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="{_NAMESPACE}">{elements}</jobInfo>'
    ).encode()


def field_of(answer: Exchange, name: str) -> str | None:
    """The first value of that name in a document of XML or JSON; None where there is none."""
    return next(iter(values_of(answer, name)), None)


def needed(answer: Exchange, name: str) -> str:
    """As `field_of`. Raises NotAsked where there is none, with what the org says instead."""
    found = field_of(answer, name)
    if found is None:
        raise NotAsked(f"{answer.method} was answered {refusal_of(answer)}, without {name}")
    return found


def values_of(answer: Exchange, name: str) -> list[str]:
    """All values of that name, at whatever depth; those that are null or empty left out."""
    document = answer.json()
    if document is not None:
        return [_text(value) for value in _json_values(document, name) if value is not None]
    pattern = rf"<(?:\w+:)?{name}(?:\s[^>]*)?>([^<]+)</"
    return [html.unescape(text) for text in re.findall(pattern, answer.text)]


def result_ids(listed: Exchange) -> list[str]:
    """The ids of a list of results."""
    document = listed.json()
    if isinstance(document, list):
        return [identity for identity in document if isinstance(identity, str)]
    return values_of(listed, "result")


def state_of(answer: Exchange) -> str:
    """The state of a job or batch, spelled as in the schema; empty where there is none."""
    return canonical_state(field_of(answer, "state") or "")


def canonical_state(state: str) -> str:
    """A state as the schema spells it: ``NotProcessed`` also of ``Not Processed``."""
    letters = re.sub(r"[^a-z]", "", state.lower())
    return next((each for each in ENDED if each.lower() == letters), state)


def form_of(answer: Exchange) -> str:
    """``XML`` or ``JSON``, by the body; another word where it is neither."""
    if answer.json() is not None:
        return "JSON"
    text = answer.text.lstrip("\ufeff \r\n\t")
    return "XML" if text.startswith("<") else "neither XML nor JSON"


def refusal_of(answer: Exchange) -> str:
    """Status and code of a refusal, such as ``400 InvalidBatch``; the status of any other."""
    code = field_of(answer, "exceptionCode") or field_of(answer, "errorCode")
    return f"{answer.status} {code}" if code else str(answer.status)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _json_values(document: object, name: str) -> Iterator[object]:
    if isinstance(document, dict):
        if name in document:
            yield document[name]
        for value in document.values():
            yield from _json_values(value, name)
    elif isinstance(document, list):
        for value in document:
            yield from _json_values(value, name)
