"""What bulk queries refuse, with the texts that were reported."""

from __future__ import annotations

import pytest

from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import parse
from salesforce_bulk.emulator.soql.restrict import check_bulk1, check_bulk2

COMPOUND = "Selecting compound data not supported in Bulk Query"
RELATIONSHIPS = "Aggregate Relationships not supported in Bulk Query"
UNBOUNDED = "The SOQL FIELDS function is not supported with an unbounded set of fields in this API."

REFUSED = [
    ("SELECT BillingAddress FROM Account", COMPOUND),
    ("SELECT Account.BillingAddress FROM Contact", COMPOUND),
    ("SELECT Place__c FROM Bag__c", COMPOUND),
    ("SELECT Name, (SELECT Id FROM Contacts) FROM Account", RELATIONSHIPS),
    ("SELECT COUNT() FROM Account", RELATIONSHIPS),
    ("SELECT MAX(Name) FROM Account", RELATIONSHIPS),
    ("SELECT Name FROM Account GROUP BY Name", RELATIONSHIPS),
    ("SELECT Name FROM Account GROUP BY ROLLUP(Name)", RELATIONSHIPS),
    ("SELECT Id FROM Account LIMIT 5 OFFSET 1", "OFFSET not supported in Bulk Query"),
    ("SELECT TYPEOF What WHEN Account THEN Id END FROM Task", "TYPEOF not supported in Bulk Query"),
]


@pytest.mark.parametrize(("soql", "message"), REFUSED)
def test_both_bulk_apis_refuse(database, soql, message):
    """1.0 under FUNCTIONALITY_NOT_ENABLED, 2.0 under API_ERROR."""
    query = parse(soql)
    with pytest.raises(SoqlError) as first:
        check_bulk1(query, database.schema, "CSV")
    with pytest.raises(SoqlError) as second:
        check_bulk2(query, database.schema)
    assert str(first.value) == f"FUNCTIONALITY_NOT_ENABLED: {message}"
    assert str(second.value) == f"API_ERROR: {message}"


def test_binary_fields(database):
    """1.0 has an exception code of its own for them."""
    query = parse("SELECT Name, Body FROM Attachment")
    with pytest.raises(SoqlError) as first:
        check_bulk1(query, database.schema, "CSV")
    assert (first.value.code, first.value.message) == (
        "FeatureNotEnabled",
        "Binary field not supported",
    )
    with pytest.raises(SoqlError, match="Binary field not supported"):
        check_bulk2(query, database.schema)


@pytest.mark.parametrize("group", ["ALL", "CUSTOM"])
def test_unbounded_fields_functions(database, group):
    """FIELDS(ALL) and FIELDS(CUSTOM), even with a LIMIT."""
    query = parse(f"SELECT FIELDS({group}) FROM Account LIMIT 5")
    for check in (check_bulk2, lambda q, s: check_bulk1(q, s, "CSV")):
        with pytest.raises(SoqlError) as caught:
            check(query, database.schema)
        assert str(caught.value) == f"MALFORMED_QUERY: {UNBOUNDED}"


def test_type_of_is_recorded_in_json_jobs(database):
    """Bulk 1.0 answers it in JSON, and not in CSV or XML."""
    query = parse("SELECT TYPEOF What WHEN Account THEN Id END FROM Task")
    assert check_bulk1(query, database.schema, "JSON") == query
    with pytest.raises(SoqlError):
        check_bulk1(query, database.schema, "XML")


ACCEPTED = [
    "SELECT Id, Name, Account.Owner.Name FROM Contact ORDER BY Name LIMIT 5",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND CreatedDate = TODAY",
    "SELECT Id FROM Account WHERE CALENDAR_YEAR(CreatedDate) = 2024",
    "SELECT Subject, What.Name FROM Task",
    "SELECT BillingStreet, BillingCity, toLabel(Rating) FROM Account",
    "SELECT Place__Latitude__s FROM Bag__c",
]


@pytest.mark.parametrize("soql", ACCEPTED)
def test_what_bulk_accepts(database, soql):
    """Parents, semi-joins, date literals and functions, ORDER BY and LIMIT, compound Name."""
    query = parse(soql)
    assert check_bulk1(query, database.schema, "CSV") == query
    assert check_bulk2(query, database.schema) == query


def test_fields_standard_leaves_out_what_bulk_cannot_select(database):
    """The guide's own sample uses it, so compound and binary fields must drop out."""
    for name in ("Account", "Attachment"):
        query = check_bulk2(parse(f"SELECT FIELDS(STANDARD) FROM {name}"), database.schema)
        chosen = [item.operand.names[0] for item in query.fields]
        fields = database.schema.get(name).fields.values()
        assert chosen == [
            field.name
            for field in fields
            if field.type not in ("address", "location", "base64") and not field.custom
        ]


@pytest.mark.parametrize("name", ["TaskStatus", "recentlyviewed"])
def test_objects_that_bulk_does_not_query(database, name):
    """By the lists of connectors."""
    with pytest.raises(SoqlError) as caught:
        check_bulk2(parse(f"SELECT Id FROM {name}"), database.schema)
    assert caught.value.code == "INVALIDENTITY"
    assert caught.value.message.endswith("is not supported by the Bulk API.")


@pytest.mark.parametrize(
    ("soql", "code"),
    [("SELECT Nope FROM Account", "INVALID_FIELD"), ("SELECT Id FROM Nope", "INVALID_TYPE")],
)
def test_unknown_names_are_the_same_errors(database, soql, code):
    """Bulk adds nothing to them."""
    for check in (check_bulk2, lambda q, s: check_bulk1(q, s, "CSV")):
        with pytest.raises(SoqlError) as caught:
            check(parse(soql), database.schema)
        assert caught.value.code == code
