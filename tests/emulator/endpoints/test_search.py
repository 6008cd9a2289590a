"""SOSL over the text of records."""

from urllib.parse import quote

import pytest
from rest_client import RestClient


@pytest.fixture
def rest(emulator):
    client = RestClient(emulator, version="62.0")
    for name, phone in (("Acme Rockets", "555-1"), ("Acme Anvils", "555-2"), ("Bolt", "acme")):
        client.call("POST", "sobjects/Account", {"Name": name, "Phone": phone})
    contact = {"LastName": "Acme-Smith", "Email": "anna@acme.example"}
    client.call("POST", "sobjects/Contact", contact)
    return client


def names(answer, field="Name"):
    assert answer.status == 200, answer.text
    return sorted(str(record.get(field)) for record in answer.json["searchRecords"])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Acme", ["Acme Anvils", "Acme Rockets", "Bolt"]),
        ("acme rockets", ["Acme Rockets"]),
        ('"Rockets Acme"', []),
        ('"Acme Rockets"', ["Acme Rockets"]),
        ("Rock*", ["Acme Rockets"]),
        ("B?lt", ["Bolt"]),
        ("Rock", []),
        ("Rockets OR Bolt", ["Acme Rockets", "Bolt"]),
        ("Acme AND NOT (Rockets OR Bolt)", ["Acme Anvils"]),
    ],
)
def test_words_phrases_and_wildcards_find_records(rest, text, found):
    sosl = f"FIND {{{text}}} IN ALL FIELDS RETURNING Account(Id, Name)"
    assert names(rest.get(f"search?q={quote(sosl)}")) == found


def test_groups_conditions_orders_and_limits_hold(rest):
    sosl = "FIND {Acme} IN NAME FIELDS RETURNING Account(Name WHERE Phone != '555-1'), Contact"
    records = rest.get(f"search?q={quote(sosl)}").json["searchRecords"]
    assert [record["attributes"]["type"] for record in records] == ["Account", "Contact"]
    assert records[0]["Name"] == "Acme Anvils"
    sosl = "FIND {acme} RETURNING Account(Name ORDER BY Name DESC LIMIT 2) LIMIT 1"
    [record] = rest.get(f"search?q={quote(sosl)}").json["searchRecords"]
    assert record["Name"] == "Bolt"
    assert len(rest.get(f"search?q={quote('FIND {acme}')}").json["searchRecords"]) == 4


def test_a_search_by_parameters_finds_the_same(rest):
    path = "parameterizedSearch?q=Acme&sobject=Account&Account.fields=Name&in=NAME&overallLimit=5"
    assert names(rest.get(path)) == ["Acme Anvils", "Acme Rockets"]
    body = {"q": "Acme", "fields": ["Name"], "sobjects": [{"name": "Account", "limit": 1}]}
    assert len(rest.call("POST", "parameterizedSearch", body).json["searchRecords"]) == 1


@pytest.mark.parametrize(
    ("sosl", "code"),
    [
        ("", "MALFORMED_SEARCH"),
        ("SELECT Id FROM Account", "MALFORMED_SEARCH"),
        ("FIND {()}", "MALFORMED_SEARCH"),
        ("FIND {ab} RETURNING Account(", "MALFORMED_SEARCH"),
        ("FIND {ab} RETURNING Account(Pet__c)", "INVALID_FIELD"),
        ("FIND {ab} RETURNING Nothing__c", "INVALID_TYPE"),
        ("FIND {ab} IN PET FIELDS", "MALFORMED_SEARCH"),
        ("FIND {ab} WITH DIVISION = 'x'", "FUNCTIONALITY_NOT_ENABLED"),
        ("FIND {ab} RETURNING Account(Id USING ListView=x)", "FUNCTIONALITY_NOT_ENABLED"),
    ],
)
def test_what_is_no_search_or_not_emulated_is_refused(rest, sosl, code):
    assert rest.get(f"search?q={quote(sosl)}").error[:2] == (400, code)
    if code == "FUNCTIONALITY_NOT_ENABLED":
        assert "is not emulated" in rest.get(f"search?q={quote(sosl)}").error[2]


@pytest.mark.parametrize("text", ["a", "*", " a "])
def test_one_character_is_no_search_term(rest, text):
    answer = rest.get(f"search?q={quote(f'FIND {{{text}}}')}")
    assert (answer.status, answer.json[0]["errorCode"]) == (400, "MALFORMED_SEARCH")
    assert "longer than one character" in answer.json[0]["message"]


def test_one_character_of_chinese_is_a_word(rest):
    rest.call("POST", "sobjects/Account", {"Name": "猫"})
    assert names(rest.get(f"search?q={quote('FIND {猫} RETURNING Account(Name)')}")) == ["猫"]
