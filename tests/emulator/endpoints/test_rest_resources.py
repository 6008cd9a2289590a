"""The resources of REST that are no records, and records by other paths than their own."""

from urllib.parse import quote

import pytest
from rest_client import RestClient


@pytest.fixture
def rest(emulator):
    return RestClient(emulator, version="62.0")


@pytest.fixture
def acme(rest):
    """(account, contact)"""
    account = rest.call("POST", "sobjects/Account", {"Name": "Acme"}).json["id"]
    person = {"LastName": "Smith", "AccountId": account}
    return account, rest.call("POST", "sobjects/Contact", person).json["id"]


def test_the_resources_say_who_asks(emulator, rest):
    resources = rest.get("").json
    identity = resources.pop("identity")
    assert identity == f"{emulator.url}/id/{emulator.org.org_id}/{emulator.org.admin.id}"
    assert rest.get(identity.removeprefix(emulator.url)).json["username"] == emulator.username
    for name, path in resources.items():
        assert path == f"/services/data/v62.0/{name}"


def test_limits_name_all_allocations(rest):
    limits = rest.get("limits").json
    assert len(limits) > 40
    assert all(0 <= line["Remaining"] <= line["Max"] for line in limits.values())


def test_records_are_counted(rest, acme):
    counted = rest.get("limits/recordCount?sObjects=Account,Lead,Nothing__c").json["sObjects"]
    assert counted == [{"count": 1, "name": "Account"}, {"count": 0, "name": "Lead"}]
    every = {
        line["name"]: line["count"] for line in rest.get("limits/recordCount").json["sObjects"]
    }
    assert (every["Contact"], "Lead" in every) == (1, False)


def test_columns_are_described_as_the_cli_reads_them(rest, acme):
    soql = "SELECT Id, Account.Name, Account.Owner.Name, (SELECT Id FROM Cases) FROM Contact"
    told = rest.get(f"query?columns=true&q={quote(soql)}").json
    assert (told["entityName"], told["idSelected"], told["keyPrefix"]) == ("Contact", True, "003")
    tree = {
        c["columnName"]: [j["columnName"] for j in c["joinColumns"]] for c in told["columnMetadata"]
    }
    assert tree == {"Id": [], "Account": ["Name", "Owner"], "Cases": ["Id"]}
    soql = "SELECT Name, COUNT(Id) n FROM Account GROUP BY Name"
    told = rest.get(f"query?columns=true&q={quote(soql)}").json
    assert told["groupBy"] is True
    assert [c["columnName"] for c in told["columnMetadata"]] == ["Name", "n"]


def test_a_query_is_explained_and_not_run(rest, acme):
    told = rest.get(f"query?explain={quote('SELECT Name FROM Account')}").json
    [plan] = told["plans"]
    assert (plan["sobjectType"], plan["sobjectCardinality"]) == ("Account", 1)
    assert rest.get("query?explain=SELECT").status == 400


def test_a_page_size_holds_for_the_following_pages(emulator, rest):
    emulator.org.plan_write("insert", "Lead", ["LastName", "Company"]).write(
        [[f"L{n}", "C"] for n in range(450)]
    )
    options = {"Sforce-Query-Options": "batchSize=200"}
    page, sizes = rest.get(f"query?q={quote('SELECT Id FROM Lead')}", headers=options).json, []
    while True:
        sizes.append(len(page["records"]))
        if page["done"]:
            break
        page = rest.get(page["nextRecordsUrl"], headers=options).json
    assert sizes == [200, 200, 50]


def test_records_are_reached_by_their_relationships(rest, acme):
    account, contact = acme
    children = rest.get(f"sobjects/Account/{account}/Contacts?fields=LastName").json
    assert (children["totalSize"], children["records"][0]["LastName"]) == (1, "Smith")
    assert rest.get(f"sobjects/Contact/{contact}/Account?fields=Name").json["Name"] == "Acme"
    assert rest.get(f"sobjects/Account/{account}/Parent").status == 404
    status, code, message = rest.get(f"sobjects/Account/{account}/Pets__r").error
    assert (status, code) == (404, "NOT_FOUND")
    assert "Pets__r of a record of Account is no relationship" in message
    assert rest.get(f"sobjects/Account/001{'0' * 11}9/Contacts").status == 404


def test_a_post_may_stand_for_another_method(rest, acme):
    path = f"sobjects/Account/{acme[0]}"
    assert rest.call("POST", f"{path}?_HttpMethod=PATCH", {"Name": "B"}).status == 204
    assert rest.get(f"{path}?fields=Name").json["Name"] == "B"
    assert rest.call("POST", f"{path}?_HttpMethod=DELETE").status == 204
    assert rest.get(f"{path}?_HttpMethod=PATCH").status == 404


def test_what_changed_in_a_window_is_listed(rest, acme, clock):
    day = 24 * 3_600
    clock.advance(day)
    rest = RestClient(rest.emulator, version="62.0")
    rest.call("DELETE", f"sobjects/Contact/{acme[1]}")
    window = "start=2024-01-01T00:00:00%2B00:00&end=2024-01-01T12:00:00Z"
    later = "start=2024-01-01T12:00:00Z&end=2024-01-03T00:00:00Z"
    assert rest.get(f"sobjects/Account/updated?{window}").json == {
        "ids": [acme[0]],
        "latestDateCovered": "2024-01-01T12:00:00.000+0000",
    }
    assert rest.get(f"sobjects/Account/updated?{later}").json["ids"] == []
    [gone] = rest.get(f"sobjects/Contact/deleted?{later}").json["deletedRecords"]
    assert gone == {"deletedDate": "2024-01-02T00:00:00.000+0000", "id": acme[1]}
    assert rest.get(f"sobjects/Contact/deleted?{window}").json["deletedRecords"] == []


@pytest.mark.parametrize(
    "window",
    [
        "",
        "start=x&end=y",
        "start=2024-01-02T00:00:00Z&end=2024-01-01T00:00:00Z",
        "start=2023-01-01T00:00:00Z&end=2024-01-01T00:00:00Z",
    ],
)
def test_a_window_that_is_none_is_refused(rest, window):
    assert rest.get(f"sobjects/Account/updated?{window}").error[1] == "INVALID_REPLICATION_DATE"


def test_layouts_show_every_field_and_compact_ones_the_name(rest):
    [layout] = rest.get("sobjects/Account/describe/layouts").json["layouts"]
    rows = layout["detailLayoutSections"][0]["layoutRows"]
    shown = [row["layoutItems"][0]["layoutComponents"][0]["value"] for row in rows]
    assert {"Name", "Industry"} <= set(shown)
    [compact] = rest.get("sobjects/Account/describe/compactLayouts").json["compactLayouts"]
    assert [item["label"] for item in compact["fieldItems"]] == ["Account Name"]


def test_recent_records_are_those_that_a_call_says_are_in_hand(rest, acme):
    assert rest.get("recent").json == []
    mru = {"Sforce-Mru": "updateMru=true"}
    for name, identity in zip(("Account", "Contact"), acme, strict=True):
        rest.get(f"sobjects/{name}/{identity}", headers=mru)
    recent = rest.get("recent?limit=5").json
    assert [record["Id"] for record in recent] == [acme[1], acme[0]]
    assert recent[1]["Name"] == "Acme"
    assert rest.get("sobjects/Account").json["recentItems"][0]["Id"] == acme[0]
    assert len(rest.get("recent?limit=1").json) == 1


def test_a_users_password_is_set_and_reset(emulator, rest):
    path = f"sobjects/User/{emulator.org.admin.id}/password"
    assert rest.get(path).json == {"isExpired": False}
    assert rest.call("POST", path, {"NewPassword": "better"}).status == 204
    assert emulator.org.admin.password == "better"
    fresh = rest.call("DELETE", path).json["NewPassword"]
    assert emulator.org.admin.password == fresh
    assert rest.get("sobjects/User/005000000000999AAA/password").status == 404


def tooling(rest, soql):
    return rest.get(f"tooling/query?q={quote(soql)}")


def test_objects_and_fields_are_records_of_the_tooling_api(emulator, rest):
    found = tooling(rest, "SELECT QualifiedApiName, KeyPrefix FROM EntityDefinition LIMIT 5")
    assert found.json["totalSize"] == 5
    soql = (
        "SELECT QualifiedApiName, DataType, EntityDefinition.Label FROM FieldDefinition "
        "WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName = 'Name'"
    )
    [record] = tooling(rest, soql).json["records"]
    assert (record["DataType"], record["EntityDefinition"]["Label"]) == ("Text(255)", "Account")
    soql = "SELECT Id FROM FieldDefinition WHERE EntityDefinitionId = 'L__c'"
    assert tooling(rest, soql).json["totalSize"] == 0
    emulator.define_object("L__c", {"Ext__c": "externalId"})
    assert tooling(rest, soql).json["totalSize"] > 5
    assert tooling(rest, "SELECT Id FROM ApexClass").json["records"] == []


def test_its_pages_go_on_below_tooling(rest):
    headers = {"Sforce-Query-Options": "batchSize=200"}
    soql = quote("SELECT Id FROM FieldDefinition")
    first = rest.get(f"tooling/query?q={soql}", headers=headers).json
    assert "/tooling/query/" in first["nextRecordsUrl"]
    assert len(rest.get(first["nextRecordsUrl"], headers=headers).json["records"]) == 200


def test_other_objects_and_resources_of_the_tooling_api_are_refused(rest):
    assert tooling(rest, "SELECT Id FROM Account").error[1] == "INVALID_TYPE"
    assert tooling(rest, "SELECT").error[1] == "MALFORMED_QUERY"
    told = rest.get("tooling/executeAnonymous?anonymousBody=x").error[2]
    assert "tooling/executeAnonymous is not emulated" in told


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", "sobjects/Account/describe/namedLayouts/x", "describe/namedLayouts of an object"),
        ("GET", "sobjects/Account/describe/approvalLayouts", "describe/approvalLayouts of an"),
        ("GET", "sobjects/Account/defaultValues", "defaultValues of an object"),
        ("GET", "sobjects/relevantItems", "relevantItems"),
        ("PATCH", "sobjects/Contact/{contact}/Account", "PATCH of Account of a record"),
        ("DELETE", "sobjects/Contact/{contact}/Account", "DELETE of Account of a record"),
    ],
)
def test_what_is_not_emulated_is_refused_by_its_own_name(rest, acme, method, path, words):
    body = {"Name": "B"} if method == "PATCH" else None
    answer = rest.call(method, path.format(contact=acme[1]), body)
    assert (answer.status, answer.json[0]["errorCode"]) == (404, "NOT_FOUND")
    assert answer.json[0]["message"].startswith(words)
    assert answer.json[0]["message"].endswith("is not emulated")


def test_a_record_is_created_by_the_id_as_its_key(rest):
    answer = rest.call("POST", "sobjects/Account/Id", {"Name": "A"})
    assert answer.status == 201
    assert rest.get(f"sobjects/Account/{answer.json['id']}?fields=Name").json["Name"] == "A"


@pytest.mark.parametrize(
    "body",
    [
        {"Parent": {"Name": "A"}},
        {"Nothing": {"Name": "A"}},
        {"Parent": {"Nothing": "A"}},
        {"Nothing": "A"},
    ],
)
def test_rest_says_nothing_in_the_words_of_bulk(rest, acme, body):
    answer = rest.call("PATCH", f"sobjects/Account/{acme[0]}", body)
    assert answer.status == 400
    assert "InvalidBatch" not in answer.text
    assert "Field name not found" not in answer.text


def test_a_number_beyond_all_is_refused_without_words_of_python(rest, acme):
    answer = rest.call("PATCH", f"sobjects/Account/{acme[0]}", b'{"AnnualRevenue": 1e400}')
    [error] = answer.json
    assert (answer.status, error["errorCode"]) == (400, "JSON_PARSER_ERROR")
    assert "inf" not in error["message"]


@pytest.mark.parametrize("path", ["sobjects/Account.json", "sobjects/Account/{id}.xml"])
def test_a_format_at_the_end_of_a_path_is_refused_by_its_name(rest, acme, path):
    answer = rest.get(path.format(id=acme[0]))
    assert answer.status == 404
    assert answer.json[0]["message"].startswith(f".{path.rpartition('.')[2]} at the end of a path")


def test_a_key_may_end_like_a_format(rest, emulator):
    emulator.define_object("L__c", {"Ext__c": "externalId"})
    assert rest.call("PATCH", "sobjects/L__c/Ext__c/a.json", {}).status == 201
    assert rest.get("sobjects/L__c/Ext__c/a.json?fields=Ext__c").json["Ext__c"] == "a.json"


def test_an_object_of_the_tooling_api_alone_is_refused_with_where_it_is(rest):
    answer = rest.get("query?q=SELECT+QualifiedApiName+FROM+EntityDefinition")
    assert (answer.status, answer.json[0]["errorCode"]) == (400, "INVALID_TYPE")
    assert answer.json[0]["message"].startswith("EntityDefinition is emulated by tooling/query")
