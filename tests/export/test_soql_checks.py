"""Queries are checked and built before anything is sent."""

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import InvalidInput, NotFound
from salesforce_bulk.export.soql import build_select, literal, read_query


@pytest.mark.parametrize(
    ("soql", "alternative"),
    [
        ("SELECT COUNT() FROM Account", "aggregate them here"),
        ("SELECT count(Id) n FROM Account", "aggregate them here"),
        ("SELECT Name, SUM(Amount) FROM Opportunity GROUP BY Name", "aggregate them here"),
        ("SELECT Name FROM Account GROUP BY Name", "aggregate them here"),
        ("SELECT Name FROM Account GROUP BY ROLLUP(Name)", "aggregate them here"),
        ("SELECT Id FROM Account LIMIT 10 OFFSET 5", "ORDER BY Id"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "path to its parent"),
        ("SELECT TYPEOF What WHEN Account THEN Phone, Name ELSE Id END FROM Event", "What.Name"),
        ("SELECT FIELDS(ALL) FROM Account LIMIT 200", "fields='all'"),
        ("SELECT FIELDS(custom) FROM Account", "fields='all'"),
        ("SELECT * FROM Account", "fields='all'"),
        ("SELECT Id FROM Account ALL ROWS", "include_deleted=True"),
        ("SELECT Id FROM Account FOR UPDATE", "leave them out"),
        ("SELECT Id FROM Account FOR VIEW", "leave them out"),
        ("SELECT Id FROM Account UPDATE VIEWSTAT", "leave them out"),
        ("SELECT Account.Id FROM Account, Contact", "paths in SELECT"),
        ("SELECT a.Id FROM Account a, b.Owner c", "paths in SELECT"),
        ("SELECT Id", "no FROM"),
        ("SELECT Id FROM", "no FROM"),
        ("UPDATE Account", "begins with SELECT"),
        ("SELECT Id FROM Account WHERE Name = 'it's'", "closing quote"),
        ("SELECT Id FROM Account WHERE (Name = 'x'", "parentheses"),
        ("SELECT Id FROM Account WHERE Name = 'x')", "parentheses"),
        ("SELECT Id,, Name FROM Account", "lacks a field"),
        ("SELECT Id Name FROM Account", "no field"),
        ("SELECT Id FROM Account a b", "no clause"),
        ("SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'", "100,000"),
    ],
)
def test_what_bulk_refuses_is_named_with_the_alternative(soql, alternative):
    """Nothing is sent, and the message says what to do instead."""
    with pytest.raises(InvalidInput, match=alternative.replace("(", r"\(").replace("'", ".")):
        read_query(soql)


@pytest.mark.parametrize(
    ("soql", "name", "paths", "clauses"),
    [
        ("select id, name from account", "account", ["id", "name"], set()),
        ("SELECT a.Owner.Name FROM Account AS a", "Account", ["Owner.Name"], set()),
        ("SELECT Account.Name, Id FROM Account", "Account", ["Name", "Id"], set()),
        ("SELECT Group.Name FROM GroupMember", "GroupMember", ["Group.Name"], set()),
        ("SELECT Id FROM Order ORDER BY Id LIMIT 3", "Order", ["Id"], {"ORDER", "LIMIT"}),
        ("SELECT Id FROM Group WHERE Name = 'GROUP BY x'", "Group", ["Id"], {"WHERE"}),
        ("SELECT Id FROM A WHERE B IN (SELECT C FROM D LIMIT 1)", "A", ["Id"], {"WHERE"}),
        ("SELECT toLabel(Status) FROM Case USING SCOPE mine", "Case", ["Status"], {"USING"}),
        ("SELECT Id FROM A WHERE B = 'x\\'y (' AND C = 1", "A", ["Id"], {"WHERE"}),
        ("SELECT Id\nFROM\tA\nWITH SECURITY_ENFORCED", "A", ["Id"], {"WITH"}),
        ("SELECT Limit__c, Offset__c FROM A", "A", ["Limit__c", "Offset__c"], set()),
    ],
)
def test_queries_are_taken_apart(soql, name, paths, clauses):
    query = read_query(soql)
    assert query.object == name
    assert [".".join(item.path) for item in query.items] == paths
    assert query.clauses == clauses


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT Id FROM A", "SELECT Id FROM A WHERE X"),
        ("SELECT Id FROM A LIMIT 2", "SELECT Id FROM A WHERE X LIMIT 2"),
        ("SELECT a.Id FROM A a ORDER BY Id", "SELECT a.Id FROM A a WHERE X ORDER BY Id"),
        ("SELECT Id FROM A WHERE B = 1 OR C = 2", "SELECT Id FROM A WHERE (B = 1 OR C = 2) AND X"),
        (
            "SELECT Id FROM A WHERE B = 'LIMIT' LIMIT 3",
            "SELECT Id FROM A WHERE (B = 'LIMIT') AND X LIMIT 3",
        ),
    ],
)
def test_a_condition_is_added_where_it_belongs(soql, expected):
    assert read_query(soql).with_condition("X") == expected


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_ends_its_literal(text):
    """Whatever a value holds, it is one literal: nothing of it is read as SOQL."""
    query = read_query(build_select("A", ["Id"], {"Name": text, "B": "x"}))
    assert query.clauses == {"WHERE"}
    inner = literal(text)[1:-1]
    unescaped = inner.encode("utf-8").decode("utf-8")
    for mark, char in (("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"), ("\\b", "\b"), ("\\f", "\f")):
        if char in text:
            assert mark in unescaped
    assert "'" not in inner.replace("\\\\", "").replace("\\'", "")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "true"),
        (5, "5"),
        (-2.5, "-2.5"),
        (Decimal("1.10"), "1.10"),
        ("O'Neil \\", "'O\\'Neil \\\\'"),
        (date(2024, 1, 31), "2024-01-31"),
        (datetime(2024, 1, 31, 1, tzinfo=timezone(timedelta(hours=1))), "2024-01-31T00:00:00.000Z"),
        (["a", "b'c"], "('a', 'b\\'c')"),
        ({2, 1}, "(1, 2)"),
    ],
)
def test_values_as_literals(value, text):
    assert literal(value) == text


def test_selects_are_built_from_fields_and_conditions():
    """Equality, operators, lists and null."""
    where = {
        "Name": "O'Neil",
        "CreatedDate >=": date(2024, 1, 1),
        "Industry": ["Energy", "Retail"],
        "ParentId !=": None,
        "Type not in": ["x"],
    }
    assert build_select("Account", ["Id", "Owner.Name"], where) == (
        "SELECT Id, Owner.Name FROM Account WHERE Name = 'O\\'Neil' AND CreatedDate >= 2024-01-01 "
        "AND Industry IN ('Energy', 'Retail') AND ParentId != null AND Type NOT IN ('x')"
    )
    assert build_select("A", ["Id"], "B = 1") == "SELECT Id FROM A WHERE B = 1"
    assert build_select("A", ["Id"], {}) == "SELECT Id FROM A"


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ([], None),
        ("Id", None),
        (["Id; DROP"], None),
        (["Id FROM B"], None),
        (["Id"], {"Name OR": 1}),
        (["Id"], {"Name = 1 OR Name": 1}),
        (["Id"], {"Name": []}),
        (["Id"], {"Name =": ["a"]}),
        (["Id"], {"Name in": "a"}),
        (["Id"], {"At": datetime(2024, 1, 1)}),
        (["Id"], {"X": object()}),
    ],
)
def test_what_cannot_be_built_is_refused(fields, where):
    with pytest.raises(InvalidInput):
        build_select("A", fields, where)


# With the org's describe


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT Nmae FROM Account", "Did you mean 'Name'"),
        ("SELECT BillingAddress FROM Account", "BillingStreet, BillingCity"),
        ("SELECT Account.BillingAddress FROM Contact", "compound"),
        ("SELECT a.Id FROM Account a, a.Contacts c", "path to its parent"),
        ("SELECT Body FROM Attachment", "files"),
        ("SELECT Id, Name, id FROM Account", "selected twice"),
    ],
)
def test_fields_are_checked_against_describe(org, bulk, soql, message):
    """Wrong, compound, binary and doubled fields are refused before there is a job."""
    with pytest.raises(InvalidInput, match=message):
        bulk.export(soql)
    assert not [each for each in org.requests if "/job" in each.path]


def test_an_object_that_is_not_there(bulk):
    with pytest.raises(NotFound):
        bulk.export("SELECT Id FROM Acount")


def test_all_fields_are_those_that_bulk_can_select(bulk, fill):
    """fields="all": parts of compounds, not the compounds; no files; the server takes it."""
    fill([{"Name": "Acme", "BillingCity": "Berlin"}], "Account")
    export = bulk.export("account", fields="all", where={"BillingCity": "Berlin"})
    names = [column.name for column in export.columns]
    assert {"Id", "Name", "BillingCity", "SystemModstamp"} <= set(names)
    assert not {"BillingAddress", "ShippingAddress"} & set(names)
    row = next(iter(export))
    assert (row["Name"], row["BillingCity"], list(row)) == ("Acme", "Berlin", names)
    assert "Body" not in [c.name for c in bulk.export("Attachment", fields="all").columns]


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_standard_fields_are_written_out(bulk, fill, api):
    """FIELDS(STANDARD) has known columns, also where there are no rows."""
    export = bulk.export("SELECT FIELDS(STANDARD), Count__c FROM Row__c", api=api)
    assert list(export) == []
    assert {"Id", "Name", "Count__c"} <= {column.name for column in export.columns}
    fill([{"Count__c": 3}])
    assert next(iter(bulk.export(export.soql, api=api)))["Count__c"] == 3


def test_functions_in_select(bulk, fill):
    """toLabel() and the like give text under the name that the server chooses."""
    fill([{"Many__c": "a;b", "Count__c": 1}])
    rows = list(bulk.export("SELECT toLabel(Many__c), Count__c FROM Row__c", api="1.0"))
    assert [list(row.values()) for row in rows] == [["a;b", 1.0]]


@pytest.mark.parametrize(
    ("soql", "options"),
    [
        ("SELECT Id FROM Row__c", {"fields": ["Id"]}),
        ("SELECT Id FROM Row__c", {"where": "Id != null"}),
        ("Row__c", {}),
        ("Row__c", {"fields": "most"}),
        ("SELECT Id FROM Row__c", {"api": "3.0"}),
        ("SELECT Id FROM Row__c", {"api": "2.0", "pk_chunking": True}),
        ("SELECT Id FROM Row__c", {"api": "2.0", "content_type": "JSON"}),
        ("SELECT Id FROM Row__c", {"content_type": "YAML"}),
        ("SELECT Id FROM Row__c", {"parallel": 0}),
        ("SELECT Id FROM Row__c", {"max_records": 0}),
        ("SELECT Id FROM Row__c", {"unheard_of": 1}),
        ("SELECT Id FROM Row__c LIMIT 3", {"pk_chunking": True}),
        ("SELECT Id FROM Row__c ORDER BY Id", {"pk_chunking": True}),
    ],
)
def test_options_that_cannot_be(bulk, soql, options):
    with pytest.raises(InvalidInput):
        bulk.export(soql, **options)


@pytest.mark.parametrize(
    ("options", "api", "reason"),
    [
        ({}, "2.0", "the server cuts"),
        ({"pk_chunking": 100}, "1.0", "pk_chunking"),
        ({"content_type": "JSON"}, "1.0", "JSON"),
        ({"api": "1.0"}, "1.0", "asked for"),
    ],
)
def test_the_api_is_chosen_and_the_choice_explained(bulk, options, api, reason):
    export = bulk.export("SELECT Id FROM Row__c", **options)
    assert export.api == api
    assert reason in export.api_reason


def test_old_versions_have_no_query_jobs(org, clock):
    export = org.connect(clock=clock, API_version="46.0").export("SELECT Id FROM Row__c")
    assert (export.api, list(export)) == ("1.0", [])
