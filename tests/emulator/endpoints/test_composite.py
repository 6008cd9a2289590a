"""Several records, or several requests, in one request."""

import pytest
from rest_client import RestClient


@pytest.fixture
def rest(emulator):
    emulator.define_object("L__c", {"Ext__c": "externalId", "Amount__c": "number"})
    return RestClient(emulator, version="62.0")


def account(**fields):
    return {"attributes": {"type": "Account"}, **fields}


def send(rest, method, path, **document):
    return rest.call(method, f"composite{path}", document)


# records


@pytest.mark.parametrize("all_or_none", [None, False])
def test_records_of_several_types_are_created_in_order(emulator, rest, all_or_none):
    records = [
        account(Name="A"),
        {"attributes": {"type": "Contact"}, "LastName": "C"},
        account(Site="nameless"),
        account(Name="B"),
    ]
    answer = send(rest, "POST", "/sobjects", records=records, allOrNone=all_or_none)
    assert answer.status == 200
    assert [line["success"] for line in answer.json] == [True, True, False, True]
    assert [line.get("id", "")[:3] for line in answer.json] == ["001", "003", "", "001"]
    assert answer.json[0]["errors"] == []
    assert answer.json[2]["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [Name]",
            "fields": ["Name"],
        }
    ]
    assert (emulator.org.count("Account"), emulator.org.count("Contact")) == (2, 1)


def test_all_or_none_stores_none_and_says_so_of_each(emulator, rest):
    records = [account(Name="A"), account(Site="nameless")]
    answer = send(rest, "POST", "/sobjects", records=records, allOrNone=True)
    assert [line["errors"][0]["statusCode"] for line in answer.json] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "REQUIRED_FIELD_MISSING",
    ]
    assert emulator.org.count("Account") == 0


def test_records_are_updated_upserted_read_and_deleted(emulator, rest):
    created = send(rest, "POST", "/sobjects", records=[account(Name="A"), account(Name="B")]).json
    one, other = (line["id"] for line in created)
    changed = [account(id=one, Site="x"), account(Id="001000000000999AAA", Site="y")]
    answer = send(rest, "PATCH", "/sobjects", records=changed).json
    assert (answer[0], answer[1]["success"]) == ({"id": one, "success": True, "errors": []}, False)
    path = f"composite/sobjects/Account?ids={one},{'0' * 15},{other}&fields=Name,Site"
    read = rest.get(path).json
    assert [record and (record["Name"], record["Site"]) for record in read] == [
        ("A", "x"),
        None,
        ("B", None),
    ]
    ids = {"ids": [other], "fields": ["Name"]}
    assert rest.call("POST", "composite/sobjects/Account", ids).json[0]["Name"] == "B"
    deleted = rest.call("DELETE", f"composite/sobjects?ids={one},zzz,{other}&allOrNone=false").json
    assert [line["success"] for line in deleted] == [True, False, True]
    assert emulator.org.count("Account") == 0


def test_records_are_upserted_by_a_key(rest):
    records = [{"attributes": {"type": "L__c"}, "Ext__c": key, "Amount__c": 1} for key in "ab"]
    path = "/sobjects/L__c/Ext__c"
    assert [line["created"] for line in send(rest, "PATCH", path, records=records).json] == [
        True
    ] * 2
    again = send(rest, "PATCH", path, records=records[:1]).json
    assert again[0]["created"] is False


@pytest.mark.parametrize(
    ("records", "status", "code"),
    [
        ([account(Name="A")] * 201, 400, "EXCEEDED_ID_LIMIT"),
        (None, 400, "MISSING_ARGUMENT"),
        ([{"Name": "A"}], 400, "INVALID_TYPE"),
        ([account(Name="A", Pet__c="B")], 400, "INVALID_FIELD"),
        ([account(Name="A"), account(Name="B", NumberOfEmployees="x")], 400, "JSON_PARSER_ERROR"),
    ],
)
def test_what_refuses_the_whole_call_stores_nothing(emulator, rest, records, status, code):
    answer = send(rest, "POST", "/sobjects", records=records)
    assert answer.error[:2] == (status, code)
    assert emulator.org.count("Account") == 0


def test_more_ids_than_a_call_takes_delete_nothing(emulator, rest):
    [line] = send(rest, "POST", "/sobjects", records=[account(Name="A")]).json
    answer = rest.call("DELETE", f"composite/sobjects?ids={','.join([line['id']] * 201)}")
    assert answer.error == (
        400,
        "EXCEEDED_ID_LIMIT",
        "record limit reached. cannot submit more than 200 records into this call",
    )
    assert emulator.org.count("Account") == 1


# requests


def request(method, path, reference, body=None):
    url = f"/services/data/v62.0/{path}"
    return {"method": method, "url": url, "referenceId": reference, "body": body}


FAMILY = [
    request("POST", "sobjects/Account", "parent", {"Name": "A"}),
    request("POST", "sobjects/Contact", "child", {"LastName": "C", "AccountId": "@{parent.id}"}),
    request("GET", "query?q=SELECT+Name,Account.Name+FROM+Contact+WHERE+Id='@{child.id}'", "found"),
    request("PATCH", "sobjects/Account/@{found.records[0].Account.attributes}", "odd", {}),
]


@pytest.mark.parametrize("all_or_none", [True, False])
def test_a_request_uses_what_earlier_ones_answered(rest, all_or_none):
    answer = send(rest, "POST", "", compositeRequest=FAMILY[:3], allOrNone=all_or_none)
    parent, child, found = answer.json["compositeResponse"]
    assert (parent["httpStatusCode"], child["httpStatusCode"], found["httpStatusCode"]) == (
        201,
        201,
        200,
    )
    assert parent["httpHeaders"]["Location"].endswith(f"/sobjects/Account/{parent['body']['id']}")
    assert (child["referenceId"], child["body"]["success"]) == ("child", True)
    assert found["body"]["records"][0]["Account"]["Name"] == "A"


def test_of_requests_that_all_are_wanted_none_is_done_if_one_fails(emulator, rest):
    requests = [*FAMILY[:2], request("DELETE", "sobjects/Account/001000000000999AAA", "gone")]
    answer = send(rest, "POST", "", compositeRequest=requests, allOrNone=True)
    parent, child, gone = answer.json["compositeResponse"]
    assert gone["httpStatusCode"] == 404
    for halted in (parent, child):
        assert halted["httpStatusCode"] == 400
        assert halted["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert (emulator.org.count("Account"), emulator.org.count("Contact")) == (0, 0)


def test_otherwise_what_refers_to_a_failed_one_is_halted_and_the_rest_is_done(emulator, rest):
    requests = [
        request("POST", "sobjects/Account", "parent", {"Site": "nameless"}),
        FAMILY[1],
        request("POST", "sobjects/Account", "alone", {"Name": "B"}),
    ]
    answer = send(rest, "POST", "", compositeRequest=requests).json["compositeResponse"]
    assert [line["httpStatusCode"] for line in answer] == [400, 400, 201]
    assert answer[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert emulator.org.count("Account") == 1


@pytest.mark.parametrize(
    ("requests", "code"),
    [
        ([], "MISSING_ARGUMENT"),
        ([request("GET", "limits", "a")] * 2, "INVALID_INPUT"),
        ([request("GET", "limits", f"a{n}") for n in range(26)], "LIMIT_EXCEEDED"),
        ([request("GET", "query?q=x", f"a{n}") for n in range(6)], "LIMIT_EXCEEDED"),
        ([request("POST", "composite", "a")], "INVALID_INPUT"),
        ([{"method": "GET", "url": "/elsewhere", "referenceId": "a"}], "INVALID_INPUT"),
        ([{"method": "GET"}], "MISSING_ARGUMENT"),
    ],
)
def test_a_composite_request_that_is_none_is_refused(rest, requests, code):
    assert send(rest, "POST", "", compositeRequest=requests).error[:2] == (400, code)


def test_a_batch_goes_on_after_an_error_unless_it_is_to_halt(rest):
    requests = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "A"}},
        {"method": "GET", "url": "v62.0/sobjects/Nothing__c/describe"},
        {"method": "GET", "url": "v62.0/query?q=SELECT+Name+FROM+Account"},
    ]
    answer = send(rest, "POST", "/batch", batchRequests=requests).json
    assert answer["hasErrors"] is True
    assert [line["statusCode"] for line in answer["results"]] == [201, 404, 200]
    assert answer["results"][2]["result"]["totalSize"] == 1
    answer = send(rest, "POST", "/batch", batchRequests=requests, haltOnError=True).json
    assert [line["statusCode"] for line in answer["results"]] == [201, 404, 412]
    assert answer["results"][2]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def test_of_two_graphs_each_is_done_or_not_as_a_whole(emulator, rest):
    bad = [*FAMILY[:1], request("POST", "sobjects/Account", "nameless", {"Site": "x"})]
    graphs = [
        {"graphId": "good", "compositeRequest": FAMILY[:2]},
        {"graphId": "bad", "compositeRequest": bad},
    ]
    answer = send(rest, "POST", "/graph", graphs=graphs).json["graphs"]
    assert [(line["graphId"], line["isSuccessful"]) for line in answer] == [
        ("good", True),
        ("bad", False),
    ]
    assert len(answer[0]["graphResponse"]["compositeResponse"]) == 2
    assert (emulator.org.count("Account"), emulator.org.count("Contact")) == (1, 1)


# trees


def tree(last_name="C"):
    contact = {"attributes": {"type": "Contact", "referenceId": "c1"}, "LastName": last_name}
    return [
        {
            "attributes": {"type": "Account", "referenceId": "a1"},
            "Name": "A",
            "Contacts": {"records": [contact]},
        },
        {"attributes": {"type": "Account", "referenceId": "a2"}, "Name": "B"},
    ]


def test_a_tree_is_stored_with_its_children(rest):
    answer = send(rest, "POST", "/tree/Account", records=tree())
    assert answer.status == 201
    assert answer.json["hasErrors"] is False
    assert [(r["referenceId"], r["id"][:3]) for r in answer.json["results"]] == [
        ("a1", "001"),
        ("c1", "003"),
        ("a2", "001"),
    ]
    found = rest.get("query?q=SELECT+Account.Name+FROM+Contact").json["records"]
    assert found[0]["Account"]["Name"] == "A"


def test_a_tree_with_an_error_is_not_stored_at_all(emulator, rest):
    answer = send(rest, "POST", "/tree/Account", records=tree(last_name=None))
    assert (answer.status, answer.json["hasErrors"]) == (400, True)
    [result] = answer.json["results"]
    assert (result["referenceId"], result["errors"][0]["statusCode"]) == (
        "c1",
        "REQUIRED_FIELD_MISSING",
    )
    assert (emulator.org.count("Account"), emulator.org.count("Contact")) == (0, 0)


@pytest.mark.parametrize(
    "records",
    [
        None,
        [{"Name": "A"}],
        [tree()[1]] * 2,
        [{"attributes": {"type": "Contact", "referenceId": "a"}, "LastName": "x"}],
        [{"attributes": {"type": "Account", "referenceId": f"a{n}"}} for n in range(201)],
    ],
)
def test_a_tree_that_is_none_is_refused(emulator, rest, records):
    assert send(rest, "POST", "/tree/Account", records=records).status == 400
    assert emulator.org.count("Account") == 0
