"""Objects beside the business's own: permissions, tabs, History, Share, Feed."""

import re
from pathlib import Path

import pytest
from rest_client import RestClient

from salesforce_bulk.emulator.schema.schema import Schema

DOCS = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text("utf-8")
FORM = re.compile("(History|Share|Feed)$")


@pytest.fixture
def rest(emulator):
    return RestClient(emulator)


def query(rest, soql):
    answer = rest.get("query?q=" + soql.replace(" ", "+"))
    assert answer.status == 200, answer.text
    return answer.json["records"]


def test_the_docs_count_the_standard_objects():
    own = [name for name in Schema().objects.values() if not FORM.search(name.name)]
    assert f"{len(own) + 1} standard objects are there" in DOCS  # OpportunityHistory is no form


@pytest.mark.parametrize("form", ["AccountHistory", "OpportunityFieldHistory", "ContactFeed"])
def test_what_nobody_tracked_or_posted_is_empty_and_cannot_be_written(rest, form):
    assert query(rest, f"SELECT Id, CreatedDate FROM {form}") == []
    assert rest.get(f"sobjects/{form}/describe").json["createable"] is False
    answer = rest.call("POST", f"sobjects/{form}", {})
    assert answer.status == 400


def test_a_record_knows_its_history_shares_and_feed(rest):
    identity = rest.call("POST", "sobjects/Account", {"Name": "A"}).json["id"]
    soql = "SELECT Name, (SELECT Field FROM Histories), (SELECT Body FROM Feeds) FROM Account"
    [record] = query(rest, soql)
    assert (record["Histories"], record["Feeds"]) == (None, None)
    user = query(rest, "SELECT Id FROM User")[0]["Id"]
    share = {
        "AccountId": identity,
        "UserOrGroupId": user,
        "AccountAccessLevel": "Edit",
        "OpportunityAccessLevel": "None",
    }
    assert rest.call("POST", "sobjects/AccountShare", share).status == 201
    [record] = query(rest, "SELECT (SELECT RowCause, UserOrGroup.Name FROM Shares) FROM Account")
    [shared] = record["Shares"]["records"]
    assert (shared["RowCause"], shared["UserOrGroup"]["Name"]) == ("Manual", "Admin User")
    assert rest.call("POST", "sobjects/AccountShare", {"AccountId": identity}).status == 400


def test_a_profile_has_its_permissions_in_a_set_of_its_own(rest):
    soql = (
        "SELECT SobjectType, PermissionsCreate FROM ObjectPermissions "
        "WHERE Parent.Profile.Name = 'System Administrator' AND SobjectType = 'Lead'"
    )
    [found] = query(rest, soql)
    assert found["PermissionsCreate"] is True
    sets = query(rest, "SELECT Name FROM PermissionSet WHERE IsOwnedByProfile = true")
    assert len(sets) == 2


def test_a_permission_set_is_made_and_assigned(rest):
    made = rest.call("POST", "sobjects/PermissionSet", {"Name": "Bulk", "Label": "Bulk"}).json["id"]
    user = query(rest, "SELECT Id FROM User")[0]["Id"]
    assigned = {"PermissionSetId": made, "AssigneeId": user}
    assert rest.call("POST", "sobjects/PermissionSetAssignment", assigned).status == 201
    [found] = query(rest, "SELECT Assignee.Username FROM PermissionSetAssignment")
    assert found["Assignee"]["Username"] == "admin@example.com"


def test_tabs_are_those_of_the_objects(rest):
    soql = "SELECT Name, SobjectName, IsCustom FROM TabDefinition WHERE SobjectName = 'Account'"
    [tab] = query(rest, soql)
    assert (tab["Name"], tab["IsCustom"]) == ("standard-Account", False)


def test_a_message_belongs_to_its_case_and_a_quote_to_its_opportunity(rest):
    case = rest.call("POST", "sobjects/Case", {"Subject": "S"}).json["id"]
    message = {"ParentId": case, "Subject": "Re", "TextBody": "x", "Incoming": True}
    assert rest.call("POST", "sobjects/EmailMessage", message).status == 201
    [found] = query(rest, "SELECT (SELECT Subject, Status FROM EmailMessages) FROM Case")
    assert found["EmailMessages"]["records"][0]["Status"] == "0"
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2024-05-01"}
    deal = rest.call("POST", "sobjects/Opportunity", deal).json["id"]
    assert rest.call("POST", "sobjects/Quote", {"Name": "Q", "OpportunityId": deal}).status == 201
    [found] = query(rest, "SELECT (SELECT Name, QuoteNumber FROM Quotes) FROM Opportunity")
    assert found["Quotes"]["records"][0]["QuoteNumber"] == "00000001"
