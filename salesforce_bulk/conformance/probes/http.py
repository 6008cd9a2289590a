"""HTTP."""

from __future__ import annotations

from dataclasses import dataclass

from salesforce_bulk.conformance.bulk1_calls import (
    field_of,
    open_job,
    post_batch,
    refusal_of,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.target_org import TargetOrg

#: The id of a job that no org has.
NO_JOB = "750000000000000AAA"
_GZIP = {"Accept-Encoding": "gzip"}
_QUERY = "SELECT Id FROM User LIMIT 1"


@dataclass(frozen=True)
class _QueryJob:
    """What an org says of a query's job, and to batches that cannot be read."""

    asked: Exchange
    asked_with_slash: Exchange
    in_another_coding: Exchange
    damaged: Exchange


def _query_job(org: TargetOrg) -> _QueryJob:
    with open_job(org, "query", "User") as job:
        return _QueryJob(
            org.send("GET", job, headers=_GZIP),
            org.send("GET", f"{job}/?unknown=1"),
            post_batch(org, job, _QUERY, headers={"Content-Encoding": "compress"}),
            post_batch(org, job, _QUERY, headers={"Content-Encoding": "gzip"}),
        )


def _asked_job(org: TargetOrg) -> _QueryJob:
    return org.once("http.query_job", _query_job)


def _missing_job(org: TargetOrg) -> Exchange:
    return org.once(
        "http.missing_job", lambda asked: asked.send("GET", f"{asked.bulk1}/job/{NO_JOB}")
    )


def content_type(answer: Exchange) -> str:
    """The type of an answer; its charset, if it has one, as ``;charset=UTF-8``."""
    kind, _, rest = answer.headers.get("content-type", "none").partition(";")
    name, _, charset = rest.partition("=")
    suffix = charset.strip('" ').upper()
    is_told = name.strip().lower() == "charset"
    return kind.strip().lower() + (f";charset={suffix}" if is_told else "")


def _methods(org: TargetOrg) -> str:
    return str(org.send("DELETE", f"{org.bulk1}/job/{NO_JOB}").status)


def _framing(org: TargetOrg) -> str:
    headers = _missing_job(org).headers
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return "chunked"
    return "length" if "content-length" in headers else "close"


def _headers(org: TargetOrg) -> str:
    named = {"x-request-id", "x-sfdc-request-id"} & set(_missing_job(org).headers)
    return "with a request id" if named else "without a request id"


def _header_case(org: TargetOrg) -> str:
    is_lower = all(name == name.lower() for name in _missing_job(org).spelled)
    return "lower" if is_lower else "as documented"


def _server(org: TargetOrg) -> str:
    name = _missing_job(org).headers.get("server", "none").lower()
    return name if name in ("none", "sfdcedge") else "another"


def _content_type(org: TargetOrg) -> str:
    return content_type(_missing_job(org))


def _coding(answer: Exchange) -> str:
    return answer.headers.get("content-encoding", "identity").strip().lower()


def _response_compression(org: TargetOrg) -> str:
    return _coding(_asked_job(org).asked)


def _rest_response_compression(org: TargetOrg) -> str:
    return _coding(org.send("GET", f"{org.data}/limits", headers=_GZIP))


def _request_compression(org: TargetOrg) -> str:
    return str(_asked_job(org).in_another_coding.status)


def _damaged_gzip(org: TargetOrg) -> str:
    answer = _asked_job(org).damaged
    return refusal_of(answer) if answer.status >= 400 else "a batch"


def _date(org: TargetOrg) -> str:
    return "sent" if "date" in _missing_job(org).headers else "not sent"


def _trailing_slash(org: TargetOrg) -> str:
    job = _asked_job(org)
    same = field_of(job.asked, "id") == field_of(job.asked_with_slash, "id")
    return "ignored" if same else refusal_of(job.asked_with_slash)


def _unknown_resource(org: TargetOrg) -> str:
    return refusal_of(org.send("GET", f"{org.bulk1}/nothing"))


PROBES: tuple[Probe, ...] = (
    Probe("http.methods", _methods),
    Probe("http.framing", _framing),
    Probe("http.headers", _headers),
    Probe("http.header_case", _header_case),
    Probe("http.server", _server),
    Probe("http.content_type", _content_type),
    Probe("http.response_compression", _response_compression),
    Probe("http.rest_response_compression", _rest_response_compression),
    Probe("http.request_compression", _request_compression),
    Probe("http.damaged_gzip", _damaged_gzip),
    Probe("http.date", _date),
    Probe("http.trailing_slash", _trailing_slash),
    Probe("http.unknown_resource", _unknown_resource),
)
