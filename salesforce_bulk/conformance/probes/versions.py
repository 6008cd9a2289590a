"""Versions of the APIs."""

from __future__ import annotations

import re

from salesforce_bulk.conformance.bulk1_calls import (
    create_job,
    field_of,
    open_job,
    refusal_of,
    set_state,
)
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.target_org import TargetOrg

_RETIRED, _OLDEST, _DEPRECATED, _UNKNOWN = "30.0", "31.0", "40.0", "199.0"


def _asked_for(org: TargetOrg, version: str) -> Exchange:
    """Asks for a job that no version has."""
    return org.send("GET", f"/services/async/{version}/job/750000000000000AAA")


def _range(org: TargetOrg) -> str:
    answers = {
        version: org.send("GET", f"/services/async/{version}/AsyncApi.xsd").status
        for version in (_RETIRED, _OLDEST, org.version)
    }
    if answers[_OLDEST] == answers[org.version] != answers[_RETIRED]:
        return f"{_OLDEST} is the oldest"
    return ", ".join(f"{version}: {status}" for version, status in answers.items())


def _retired(org: TargetOrg) -> str:
    return refusal_of(_asked_for(org, _RETIRED))


def _unknown(org: TargetOrg) -> str:
    return refusal_of(_asked_for(org, _UNKNOWN))


def _malformed(org: TargetOrg) -> str:
    return refusal_of(_asked_for(org, f"v{org.version}"))


def _of_job(org: TargetOrg) -> str:
    other = _DEPRECATED if org.version != _DEPRECATED else "41.0"
    with open_job(org, "query", "User") as job:
        return refusal_of(org.send("GET", job.replace(f"/{org.version}/", f"/{other}/")))


def _warning(org: TargetOrg) -> str:
    warning = _asked_for(org, _DEPRECATED).headers.get("warning", "none")
    return re.sub(r"\b\d\d\.0\b", "NN.0", warning)


def _json(org: TargetOrg) -> str:
    return _from_the_start(org, create_job(org, "query", "User", "JSON", version="35.0"))


def _query_all(org: TargetOrg) -> str:
    return _from_the_start(org, create_job(org, "queryAll", "User", version="38.0"))


def _from_the_start(org: TargetOrg, created: Exchange) -> str:
    identity = field_of(created, "id")
    if created.status >= 300 or identity is None:
        return refusal_of(created)
    set_state(org, f"{created.path}/{identity}", "Closed")
    return "taken"


PROBES = (
    Probe("version.range", _range),
    Probe("version.retired", _retired),
    Probe("version.unknown", _unknown),
    Probe("version.malformed", _malformed),
    Probe("version.of_job", _of_job),
    Probe("version.warning", _warning),
    Probe("version.json", _json),
    Probe("version.query_all", _query_all),
)
