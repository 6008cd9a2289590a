"""Objects."""

from __future__ import annotations

from urllib.parse import quote_plus

from salesforce_bulk.conformance.bulk1_calls import field_of, refusal_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator.schema.schema import Schema

#: Of which the emulator's fields were taken from describes.
_DESCRIBED = ("Account", "Contact", "Lead", "Opportunity", "Case", "Event")


def _query(org: TargetOrg, soql: str) -> Exchange:
    return org.send("GET", f"{org.data}/query?q={quote_plus(soql)}")


def _different(org: TargetOrg, name: str) -> list[str]:
    """The fields that an org has with another type or length than the emulator."""
    document = org.send("GET", f"{org.data}/sobjects/{name}/describe").json()
    fields = document.get("fields") if isinstance(document, dict) else None
    sobject = Schema().get(name)
    if not isinstance(fields, list) or sobject is None:
        raise NotAsked(f"the org does not describe {name}; ask for the permission to read it")
    told = {field["name"]: (field.get("type"), field.get("length")) for field in fields}
    return [
        f"{name}.{field.name}"
        for field in sobject.fields.values()
        if field.name in told and told[field.name] != (field.type, field.length)
    ]


def _fields(org: TargetOrg) -> str:
    found = [field for name in _DESCRIBED for field in _different(org, name)]
    return f"another type or length: {', '.join(found[:9])}" if found else "as described"


def _business_hours(org: TargetOrg) -> str:
    answer = _query(org, "SELECT Id FROM BusinessHours WHERE IsDefault = true")
    return {"1": "one default", "0": "none"}.get(field_of(answer, "totalSize") or "", "another")


def _there(org: TargetOrg, soql: str) -> str:
    """Whether the org knows an object and its fields, and has a record where it has to."""
    answer = _query(org, soql)
    if answer.status >= 300:
        return refusal_of(answer)
    return "there" if field_of(answer, "totalSize") is not None else "no result of a query"


def _permission_set(org: TargetOrg) -> str:
    soql = "SELECT ProfileId FROM PermissionSet WHERE IsOwnedByProfile = true LIMIT 1"
    answer = _query(org, soql)
    return "none" if field_of(answer, "totalSize") == "0" else _there(org, soql)


PROBES = (
    Probe("object.fields", _fields),
    Probe("object.business_hours", _business_hours),
    Probe("object.permission_set_of_profile", _permission_set),
    Probe("object.tabs", lambda org: _there(org, "SELECT Name, SobjectName FROM TabDefinition")),
    Probe(
        "object.history",
        lambda org: _there(org, "SELECT Field, OldValue, NewValue FROM AccountHistory LIMIT 1"),
    ),
    Probe("object.feed", lambda org: _there(org, "SELECT Type FROM AccountFeed LIMIT 1")),
    Probe(
        "object.share",
        lambda org: _there(org, "SELECT AccountId, RowCause FROM AccountShare LIMIT 1"),
    ),
)
