"""Records that probes make to look at."""

from __future__ import annotations

import json
from collections.abc import Mapping

from salesforce_bulk.conformance.bulk1_calls import JSON, field_of, needed
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.target_org import TargetOrg

#: Of the account that several probes look at; as a double it has an exponent in Java.
REVENUE = 139_000_000
#: Of the contact that several probes look at.
BIRTHDATE = "1999-12-31"


def create_record(org: TargetOrg, name: str, fields: Mapping[str, object]) -> str:
    """The id of a new record. Raises NotAsked where the org refuses it."""
    answer = org.send(
        "POST",
        f"{org.data}/sobjects/{name}",
        json.dumps(fields).encode(),
        {"Content-Type": JSON},
    )
    identity = needed(answer, "id")
    org.note_record(name, identity)
    return identity


def account(org: TargetOrg) -> str:
    """The id of an account with a revenue."""
    fields = {"Name": org.mark, "AnnualRevenue": REVENUE}
    return org.once("account", lambda org: create_record(org, "Account", fields))


def contact(org: TargetOrg) -> str:
    """The id of a contact with a birthdate."""
    fields = {"LastName": org.mark, "Birthdate": BIRTHDATE}
    return org.once("contact", lambda org: create_record(org, "Contact", fields))


def stored(org: TargetOrg, name: str, identity: str, field: str) -> str | None:
    """The text of a field of a record as the org has it; None where it is null."""
    return field_of(read_record(org, name, identity, field), field)


def read_record(org: TargetOrg, name: str, identity: str, field: str) -> Exchange:
    """The answer to reading one field of a record."""
    return org.send("GET", f"{org.data}/sobjects/{name}/{identity}?fields={field}")
