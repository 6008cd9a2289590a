"""SOQL: how queries are refused."""

from __future__ import annotations

import re
from collections.abc import Callable

from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.rest_calls import first_error, query, refusal
from salesforce_bulk.conformance.target_org import TargetOrg


def _refused(soql: str) -> Callable[[TargetOrg], str]:
    return lambda org: refusal(query(org, soql))


def _unknown_column(org: TargetOrg) -> str:
    answer = query(org, "SELECT NoSuchFieldOfConformance FROM User LIMIT 1")
    place = re.search(r"Row:\d+:Column:\d+", str(first_error(answer).get("message")))
    return f"{refusal(answer)}, {place[0] if place else 'without its place'}"


def _unexpected_word(org: TargetOrg) -> str:
    answer = query(org, "SELEKT Id FROM User LIMIT 1")
    message = str(first_error(answer).get("message"))
    found = re.search("unexpected token: (['\"]?)SELEKT", message)
    if found is None:
        return f"{refusal(answer)}, in other words"
    return "quoted" if found[1] else "bare"


PROBES: tuple[Probe, ...] = (
    Probe("soql.unknown_column", _unknown_column),
    Probe("soql.unknown_object", _refused("SELECT Id FROM NoSuchObjectOfConformance LIMIT 1")),
    Probe("soql.unexpected_word", _unexpected_word),
    Probe("soql.syntax", _refused("SELECT Id FROM User WHERE Name = 'x")),
    Probe("soql.filters", _refused("SELECT Id FROM User WHERE Id = 'abc' LIMIT 1")),
    Probe("soql.select", _refused("SELECT Id, Id FROM User LIMIT 1")),
    Probe("soql.limits", _refused("SELECT Id FROM User LIMIT 1 OFFSET 2001")),
)
