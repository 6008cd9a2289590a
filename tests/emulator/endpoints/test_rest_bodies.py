"""What REST says to bodies that it cannot take."""

import pytest
from rest_client import RestClient


@pytest.fixture
def rest(emulator):
    emulator.define_object(
        "L__c",
        {
            "Ext__c": "externalId",
            "Amount__c": "number(16, 2)",
            "Count__c": "int",
            "Day__c": "date",
            "Moment__c": "datetime",
            "Clock__c": "time",
            "Flag__c": "checkbox",
            "Mail__c": "email",
        },
    )
    return RestClient(emulator, version="62.0")


@pytest.mark.parametrize(
    ("field", "value", "word", "token"),
    [
        ("Amount__c", "many", "double", "VALUE_STRING value many"),
        ("Amount__c", True, "double", "VALUE_TRUE value true"),
        ("Amount__c", "", "double", "VALUE_STRING value "),
        ("Count__c", 1.5, "int", "VALUE_NUMBER_FLOAT value 1.5"),
        ("Count__c", [1], "int", "START_ARRAY value ["),
        ("Day__c", "", "date", "VALUE_STRING value "),
        ("Day__c", "2017-05-30T-06:00:00X", "date", "VALUE_STRING value 2017-05-30T-06:00:00X"),
        ("Day__c", 20240101, "date", "VALUE_NUMBER_INT value 20240101"),
        ("Moment__c", "2017-10-17 00:00:00", "datetime", "VALUE_STRING value 2017-10-17 00:00:00"),
        ("Clock__c", "noon", "time", "VALUE_STRING value noon"),
        ("Flag__c", "FALSE", "boolean", "VALUE_STRING value FALSE"),
        ("Flag__c", 1, "boolean", "VALUE_NUMBER_INT value 1"),
        ("Name", {"a": 1}, "string", "START_OBJECT value {"),
    ],
)
def test_a_value_of_another_type_refuses_the_request_in_the_words_of_rest(
    emulator, rest, field, value, word, token
):
    answer = rest.call("POST", "sobjects/L__c", {"Ext__c": "a", field: value})
    assert answer.json == [
        {
            "message": f"Cannot deserialize instance of {word} from {token} or request may be "
            f"missing a required field at [line:1, column:{len(field) + 21}]",
            "errorCode": "JSON_PARSER_ERROR",
        }
    ]
    assert answer.status == 400
    assert emulator.org.count("L__c") == 0


@pytest.mark.parametrize(
    ("field", "value", "stored"),
    [
        ("Amount__c", "1.5", 1.5),
        ("Amount__c", 2, 2.0),
        ("Count__c", 3.0, 3),
        ("Flag__c", "true", True),
        ("Flag__c", False, False),
        ("Day__c", "2024-02-29", "2024-02-29"),
        ("Day__c", None, None),
        ("Name", "", None),
        ("Mail__c", "Ann.Lee@Example.COM", "ann.lee@example.com"),
    ],
)
def test_what_the_vendors_parser_reads_is_stored(rest, field, value, stored):
    answer = rest.call("POST", "sobjects/L__c", {field: value})
    assert answer.status == 201, answer.text
    found = rest.get(f"sobjects/L__c/{answer.json['id']}?fields={field}").json[field]
    assert found == stored or (field == "Name" and found)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"Name":', "Unexpected end-of-input at [line:1, column:9]"),
        (b"{Name: 1}", "Unexpected character ('N' (code 78)) at [line:1, column:2]"),
        (b'{\n"Name" 1}', "Unexpected character ('1' (code 49)) at [line:2, column:8]"),
        (b'{"Name": "\xff"}', "Invalid UTF-8 byte at position 10"),
        (b'{"Count__c": ' + b"9" * 5_000 + b"}", "Numeric value out of range"),
        (b"[" * 100_000, "The document is nested too deeply"),
        (b'{"Name": NaN}', "Unexpected token NaN"),
    ],
)
def test_malformed_json_is_told_without_the_parsers_own_language(rest, body, message):
    answer = rest.call("POST", "sobjects/L__c", body, "application/json")
    assert answer.error == (400, "JSON_PARSER_ERROR", message)


@pytest.mark.parametrize("name", ["Ext__c", "EXT__C", "Id"])
def test_an_upsert_may_not_repeat_its_key_in_the_body(emulator, rest, name):
    answer = rest.call("PATCH", "sobjects/L__c/Ext__c/a", {name: "a", "Amount__c": 1})
    told = "Id" if name == "Id" else "Ext__c"
    assert answer.error == (
        400,
        "INVALID_FIELD",
        f"The {told} field should not be specified in the sobject data.",
    )
    assert emulator.org.count("L__c") == 0


def test_an_upsert_that_may_only_update_creates_nothing(emulator, rest):
    path = "sobjects/L__c/Ext__c/a?updateOnly="
    assert rest.call("PATCH", f"{path}true", {"Amount__c": 1}).error[:2] == (404, "NOT_FOUND")
    assert emulator.org.count("L__c") == 0
    assert rest.call("PATCH", f"{path}false", {"Amount__c": 1}).status == 201
    assert rest.call("PATCH", f"{path}true", {"Amount__c": 2}).status == 200


@pytest.mark.parametrize(
    ("headers", "status", "named"),
    [
        ({"Accept": "application/xml"}, 406, "XML"),
        ({"Content-Type": "application/xml"}, 415, "XML"),
        ({"If-Match": '"a"'}, 400, "if-match"),
        (
            {"X-SFDC-PackageVersion-clientPackage": "1.0"},
            400,
            "x-sfdc-packageversion-clientpackage",
        ),
        ({"Sforce-Call-Options": "client=x, defaultNamespace=battle"}, 400, "defaultNamespace"),
        ({"Sforce-Auto-Assign": "01Q000000000001"}, 400, "Sforce-Auto-Assign"),
    ],
)
def test_headers_with_a_meaning_that_is_not_emulated_are_refused_by_name(
    rest, headers, status, named
):
    answer = rest.call("POST", "sobjects/L__c", b"{}", headers=headers)
    assert answer.status == status
    assert named in answer.json[0]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Accept": "application/xml, */*;q=0.5"},
        {"Sforce-Call-Options": "client=Loader"},
        {"Sforce-Auto-Assign": "FALSE"},
        {"Sforce-Nothing-Known": "1"},
    ],
)
def test_headers_that_change_nothing_in_such_an_org_are_taken(rest, headers):
    answer = rest.call("POST", "sobjects/L__c", b"{}", "application/json", headers=headers)
    assert answer.status == 201
