"""The probes of objects agree with the emulator, and see an org whose objects are others."""

import pytest

from salesforce_bulk.conformance.probes import objects
from salesforce_bulk.conformance.run import Finding, Verdict, run_probes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator


def found(org: SalesforceEmulator) -> dict[str, Finding]:
    asked = run_probes(TargetOrg(org.connect()), objects.PROBES)
    return {finding.behaviour.id: finding for finding in asked}


def test_all_agree_with_the_emulator(org: SalesforceEmulator) -> None:
    assert [each for each in found(org).values() if each.verdict is not Verdict.AGREES] == []


def test_a_field_of_another_length_is_named(org: SalesforceEmulator) -> None:
    asked = TargetOrg(org.connect())
    document = asked.send("GET", f"{asked.data}/sobjects/Account/describe").json()
    [site] = [field for field in document["fields"] if field["name"] == "Site"]
    site["length"] = 7
    org.org.load_describe(document)
    assert found(org)["object.fields"].reading == "another type or length: Account.Site"


@pytest.mark.parametrize(
    ("statement", "behaviour", "reading"),
    [
        ('DELETE FROM "BusinessHours"', "object.business_hours", "none"),
        ('DELETE FROM "PermissionSet"', "object.permission_set_of_profile", "none"),
    ],
)
def test_records_that_are_not_there_are_missed(
    statement: str, behaviour: str, reading: str, org: SalesforceEmulator
) -> None:
    with org.org.store.writing() as connection:
        connection.execute(statement)
    assert found(org)[behaviour].reading == reading
