"""REST as simple-salesforce and the client's describes use it."""

import pytest
import requests

from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture
def org():
    with SalesforceEmulator(inline=True) as emulator:
        yield emulator


@pytest.fixture
def rest(org):
    """``rest(method, path, **)`` below /services/data/v64.0, with a session."""
    token = org.connect().sessionId
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"

        def call(method, path, **options):
            return session.request(
                method, f"{org.url}/services/data/v64.0{path}", timeout=10, **options
            )

        yield call


def create(rest, name, **fields):
    answer = rest("POST", f"/sobjects/{name}", json=fields)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def test_versions_are_listed_without_a_session_and_end_with_the_current_release(org):
    versions = requests.get(f"{org.url}/services/data/", timeout=10).json()
    assert versions[-1] == {
        "label": "Winter '27",
        "url": "/services/data/v68.0",
        "version": "68.0",
    }
    assert {"label": "Winter '18", "url": "/services/data/v41.0", "version": "41.0"} in versions


def test_an_expired_session_is_a_401_array_with_www_authenticate(org, rest):
    org.sessions.expire_all()
    answer = rest("GET", "/limits")
    assert answer.status_code == 401
    assert answer.json() == [
        {"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}
    ]
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_limits_count_the_batches_that_were_posted(org, rest):
    before = rest("GET", "/limits").json()["DailyBulkApiBatches"]
    bulk = org.connect()
    bulk.post_batch(bulk.create_insert_job("Account"), "Name\nA\n")
    after = rest("GET", "/limits").json()["DailyBulkApiBatches"]
    assert before == {"Max": 15_000, "Remaining": 15_000}
    assert after["Remaining"] == before["Remaining"] - 1


def test_every_answer_counts_the_calls(rest):
    first, second = (rest("GET", "/limits").headers["Sforce-Limit-Info"] for _ in range(2))
    assert first == "api-usage=1/5000000"
    assert second == "api-usage=2/5000000"


def test_describe_is_found_in_any_letter_case_and_an_unknown_object_is_404(rest):
    assert rest("GET", "/sobjects/account/describe").json()["name"] == "Account"
    answer = rest("GET", "/sobjects/Nothing__c/describe")
    assert answer.status_code == 404
    assert answer.json() == [
        {"message": "The requested resource does not exist", "errorCode": "NOT_FOUND"}
    ]


def test_the_global_describe_lists_the_objects(rest):
    names = [entry["name"] for entry in rest("GET", "/sobjects").json()["sobjects"]]
    assert {"Account", "Contact", "User"} <= set(names)


def test_a_record_is_created_read_updated_and_deleted(rest):
    identity = create(rest, "Account", Name="Acme", NumberOfEmployees=5)
    record = rest("GET", f"/sobjects/Account/{identity}").json()
    assert (record["Name"], record["NumberOfEmployees"]) == ("Acme", 5)
    assert record["attributes"]["url"] == f"/services/data/v64.0/sobjects/Account/{identity}"
    assert rest("PATCH", f"/sobjects/Account/{identity}", json={"Name": "B"}).status_code == 204
    named = rest("GET", f"/sobjects/Account/{identity}?fields=Name").json()
    assert named["Name"] == "B"
    assert "Industry" not in named
    assert rest("DELETE", f"/sobjects/Account/{identity}").status_code == 204
    assert rest("GET", f"/sobjects/Account/{identity}").status_code == 404


def test_a_refused_record_names_code_message_and_fields(rest):
    answer = rest("POST", "/sobjects/Account", json={"Site": "x"})
    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": "Required fields are missing: [Name]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["Name"],
        }
    ]


def test_an_unknown_column_is_refused_in_rests_words(rest):
    answer = rest("POST", "/sobjects/Account", json={"Name": "x", "FavoritePet__c": "y"})
    assert answer.json() == [
        {
            "message": "No such column 'FavoritePet__c' on sobject of type Account",
            "errorCode": "INVALID_FIELD",
        }
    ]


def test_an_upsert_by_external_id_creates_and_then_updates(org, rest):
    org.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
    path = "/sobjects/Load__c/Ext__c/A-1"
    first = rest("PATCH", path, json={"Amount__c": 1})
    second = rest("PATCH", path, json={"Amount__c": 2})
    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert first.json()["id"] == second.json()["id"]
    assert rest("GET", path).json()["Amount__c"] == 2


def test_a_query_nests_parents_and_writes_rests_values(rest):
    account = create(rest, "Account", Name="Acme", AnnualRevenue=15)
    create(rest, "Contact", LastName="With", AccountId=account)
    create(rest, "Contact", LastName="Without")
    soql = (
        "SELECT LastName, CreatedDate, IsDeleted, Account.Name, Account.AnnualRevenue "
        "FROM Contact ORDER BY LastName"
    )
    found = rest("GET", "/query", params={"q": soql}).json()
    assert (found["totalSize"], found["done"]) == (2, True)
    first, second = found["records"]
    assert first["Account"]["Name"] == "Acme"
    assert first["Account"]["AnnualRevenue"] == 15.0
    assert first["Account"]["attributes"]["type"] == "Account"
    assert first["CreatedDate"].endswith("+0000")
    assert first["IsDeleted"] is False
    assert second["Account"] is None


def test_a_subquery_gives_the_children_of_each_parent(rest):
    account = create(rest, "Account", Name="Acme")
    create(rest, "Account", Name="Childless")
    create(rest, "Contact", LastName="One", AccountId=account)
    soql = "SELECT Name, (SELECT LastName FROM Contacts) FROM Account ORDER BY Name"
    first, second = rest("GET", "/query", params={"q": soql}).json()["records"]
    assert first["Contacts"]["totalSize"] == 1
    assert first["Contacts"]["records"][0]["LastName"] == "One"
    assert second["Contacts"] is None


def test_aggregates_and_counts(rest):
    for revenue in (1, 2):
        create(rest, "Account", Name="A", AnnualRevenue=revenue)
    count = rest("GET", "/query", params={"q": "SELECT COUNT() FROM Account"}).json()
    assert count == {"totalSize": 2, "done": True, "records": []}
    soql = "SELECT Name, SUM(AnnualRevenue) total FROM Account GROUP BY Name"
    assert rest("GET", "/query", params={"q": soql}).json()["records"] == [
        {"attributes": {"type": "AggregateResult"}, "Name": "A", "total": 3.0}
    ]


def test_query_more_goes_through_all_pages(org, rest):
    bulk = org.connect()
    rows = "".join(f"A{number}\n" for number in range(450))
    bulk.post_batch(bulk.create_insert_job("Account"), f"Name\n{rows}")
    headers = {"Sforce-Query-Options": "batchSize=200"}
    page = rest("GET", "/query", params={"q": "SELECT Name FROM Account"}, headers=headers).json()
    names = [record["Name"] for record in page["records"]]
    while not page["done"]:
        path = page["nextRecordsUrl"].removeprefix("/services/data/v64.0")
        page = rest("GET", path, headers=headers).json()
        names += [record["Name"] for record in page["records"]]
    assert page["totalSize"] == 450
    assert sorted(names) == sorted(f"A{number}" for number in range(450))


def test_deleted_records_are_seen_by_query_all_only(rest):
    identity = create(rest, "Account", Name="Gone")
    rest("DELETE", f"/sobjects/Account/{identity}")
    params = {"q": "SELECT Id FROM Account"}
    assert rest("GET", "/query", params=params).json()["totalSize"] == 0
    assert rest("GET", "/queryAll", params=params).json()["totalSize"] == 1


def test_a_malformed_query_is_a_400_with_the_vendors_words(rest):
    answer = rest("GET", "/query", params={"q": "SELECT Bacon__c FROM Account LIMIT 2"})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"
    assert "ERROR at Row:1:Column:8\nNo such column 'Bacon__c'" in answer.json()[0]["message"]


def test_a_stale_locator_is_refused(rest):
    answer = rest("GET", "/query/01g000000000001-200")
    assert answer.json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize("path", ["/chatter", "/analytics", "/actions"])
def test_what_is_not_emulated_is_refused_by_name(rest, path):
    answer = rest("GET", path)
    assert answer.status_code == 404
    assert "is not emulated" in answer.json()[0]["message"]


def test_bad_json_is_refused(rest):
    answer = rest("POST", "/sobjects/Account", data=b"{")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "JSON_PARSER_ERROR")


@pytest.mark.parametrize(
    "fields", ["count()", "(SELECT Id FROM Contacts)", "Name FROM User--", "N\x00"]
)
def test_only_fields_can_be_asked_of_a_record(rest, fields):
    identity = create(rest, "Account", Name="A")
    answer = rest("GET", f"/sobjects/Account/{identity}", params={"fields": fields})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_what_is_neither_id_nor_key_is_404(rest, method):
    for path in ("/sobjects/Account/xyz", "/sobjects/Account/Fax/1"):
        answer = rest(method, path, json={"Name": "x"} if method == "PATCH" else None)
        name = path.split("/")[3]
        assert answer.status_code == 404
        assert answer.json()[0]["message"] == (
            f"Provided external ID field does not exist or is not accessible: {name}"
        )


def test_an_id_in_the_body_is_refused(rest):
    identity = create(rest, "Account", Name="A")
    answer = rest("PATCH", f"/sobjects/Account/{identity}", json={"id": identity, "Name": "B"})
    assert answer.json()[0]["message"] == (
        "The Id field should not be specified in the sobject data."
    )


def test_a_key_of_several_records_is_300_with_their_addresses(org, rest):
    org.define_object("Load__c", {"Ext__c": "externalId"})
    ids = [create(rest, "Load__c", Ext__c="t") for _ in range(2)]
    for method in ("GET", "PATCH", "DELETE"):
        answer = rest(method, "/sobjects/Load__c/Ext__c/t", json={} if method == "PATCH" else None)
        assert answer.status_code == 300
        assert answer.json() == [f"/services/data/v64.0/sobjects/Load__c/{i}" for i in ids]


def test_a_number_can_be_a_key(org, rest):
    org.define_object("Load__c", {"No__c": {"type": "double", "precision": 18, "externalId": True}})
    assert rest("PATCH", "/sobjects/Load__c/No__c/7", json={}).status_code == 201
    assert rest("GET", "/sobjects/Load__c/No__c/7").json()["No__c"] == 7


@pytest.mark.parametrize("path", ["/quickActions", "/describe/approvalLayouts/", "/listviews"])
def test_other_resources_of_an_object_are_refused_by_name(rest, path):
    answer = rest("GET", f"/sobjects/Account{path}")
    assert answer.status_code == 404
    assert "not emulated" in answer.json()[0]["message"]


def test_a_deleted_record_tells_so_with_an_empty_list_of_fields(rest):
    identity = create(rest, "Account", Name="A")
    rest("DELETE", f"/sobjects/Account/{identity}")
    answer = rest("DELETE", f"/sobjects/Account/{identity}")
    assert (answer.status_code, answer.json()) == (
        404,
        [{"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}],
    )
