"""Query jobs of Bulk API 1.0 and their results."""

from __future__ import annotations

from salesforce_bulk.conformance.asked_org import AskedOrg
from salesforce_bulk.conformance.bulk1_calls import query_result
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Probe


def _user_as_csv(org: AskedOrg) -> Exchange:
    return query_result(org, "User", "SELECT Id FROM User LIMIT 1")


def _content_type(org: AskedOrg) -> str:
    return org.once("bulk1.user_as_csv", _user_as_csv).headers.get("content-type", "none")


PROBES = (Probe("bulk1.query.content_type", _content_type),)
