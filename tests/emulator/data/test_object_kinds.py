"""Platform events, custom metadata and custom settings."""

from urllib.parse import quote

import pytest
import requests
from rest_client import RestClient

from salesforce_bulk.emulator.schema.schema import Schema, SchemaError


@pytest.fixture
def rest(emulator):
    return RestClient(emulator)


def query(rest, soql):
    return rest.get("query?q=" + quote(soql))


def test_an_event_is_published_by_either_api_and_cannot_be_queried_or_changed(rest, emulator):
    emulator.define_object("Paid__e", {"Amount__c": "currency", "Note__c": "text(20) required"})
    made = rest.call("POST", "sobjects/Paid__e", {"Note__c": "n"}).json["id"]
    assert made.startswith("e00")
    assert rest.call("POST", "sobjects/Paid__e", {"Amount__c": 1}).status == 400
    job = rest.load("insert", "Paid__e", "Note__c,Amount__c\na,1\nb,2\n")
    assert rest.info(job)["numberRecordsFailed"] == 0
    assert emulator.org.count("Paid__e") == 3
    assert query(rest, "SELECT Id FROM Paid__e").error[1] == "INVALID_TYPE"
    assert rest.call("PATCH", f"sobjects/Paid__e/{made}", {"Note__c": "x"}).status == 400
    assert rest.call("DELETE", f"sobjects/Paid__e/{made}").status == 400
    document = rest.get("sobjects/Paid__e/describe").json
    assert (document["queryable"], document["createable"]) == (False, True)
    assert {"ReplayId", "EventUuid"} <= {field["name"] for field in document["fields"]}


def test_custom_metadata_are_deployed_and_only_read_by_the_apis(rest, emulator, tmp_path):
    emulator.define_object("Rate__mdt", {"Percent__c": "percent"})
    url = f"{emulator.url}/_emulator/v1/objects/Rate__mdt/rows"
    headers = {"Authorization": f"Bearer {emulator.control_token}"}
    row = {"DeveloperName": "Full", "MasterLabel": "Full", "Percent__c": 19}
    assert requests.post(url, json=[row], headers=headers, timeout=10).json()[0]["success"]
    [record] = query(rest, "SELECT QualifiedApiName, Language, Percent__c FROM Rate__mdt").json[
        "records"
    ]
    assert (record["QualifiedApiName"], record["Language"], record["Percent__c"]) == (
        "Full",
        "en_US",
        19.0,
    )
    again = requests.post(url, json=[row], headers=headers, timeout=10).json()[0]
    assert again["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert rest.call("POST", "sobjects/Rate__mdt", row).status == 400
    job = rest.load("insert", "Rate__mdt", "DeveloperName,MasterLabel\na,a\n")
    assert rest.info(job)["numberRecordsFailed"] == 1
    assert rest.get("sobjects/Rate__mdt/describe").json["createable"] is False


def test_a_setting_of_a_hierarchy_has_one_record_an_owner(rest, emulator):
    emulator.define_object("Flags__c", {"On__c": "checkbox"}, custom_setting="Hierarchy")
    org = query(rest, "SELECT Id FROM Organization").json["records"][0]["Id"]
    user = query(rest, "SELECT Id FROM User").json["records"][0]["Id"]
    for owner in (org, user):
        answer = rest.call("POST", "sobjects/Flags__c", {"SetupOwnerId": owner, "On__c": True})
        assert answer.status == 201, answer.text
    answer = rest.call("POST", "sobjects/Flags__c", {"SetupOwnerId": org})
    assert answer.error[1] == "DUPLICATE_VALUE"
    assert rest.call("POST", "sobjects/Flags__c", {}).error[1] == "REQUIRED_FIELD_MISSING"
    document = rest.get("sobjects/Flags__c/describe").json
    assert document["customSetting"] is True
    assert "OwnerId" not in {field["name"] for field in document["fields"]}
    assert rest.get("sobjects/User/describe").json["customSetting"] is False


def test_settings_of_a_list_have_names(rest, emulator):
    emulator.define_object("Codes__c", {"Code__c": "text(5)"}, custom_setting="List")
    for name in ("a", "b"):
        assert rest.call("POST", "sobjects/Codes__c", {"Name": name}).status == 201
    records = query(rest, "SELECT Name FROM Codes__c ORDER BY Name").json["records"]
    assert [record["Name"] for record in records] == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Out__x", {}, "Out__x: objects whose name ends in __x are not emulated"),
        ("Far__x", {}, "ends in __x are not emulated"),
        ("Pet", {}, "ends in __c, of an event in __e"),
        ("__c", {}, "ends in __c"),
        ("S__c", {"custom_setting": "Heap"}, "custom_setting is List or Hierarchy"),
        ("S__e", {"custom_setting": "List"}, "custom_setting is List or Hierarchy"),
    ],
)
def test_what_cannot_be_defined_is_refused_by_name(name, options, words):
    with pytest.raises(SchemaError, match=words):
        Schema().define(name, {}, **options)


def test_they_are_kept_with_the_data(tmp_path):
    from salesforce_bulk.emulator import SalesforceEmulator  # noqa: PLC0415

    for _ in range(2):
        with SalesforceEmulator(inline=True, data=tmp_path) as org:
            if org.org.schema.get("Flags__c") is None:
                org.define_object("Flags__c", {}, custom_setting="Hierarchy")
                org.define_object("Paid__e", {})
            assert org.org.schema.get("Flags__c").field("SetupOwnerId")
            assert not org.org.schema.get("Paid__e").queryable
