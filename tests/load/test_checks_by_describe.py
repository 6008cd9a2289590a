"""What the describe tells of columns and values is told before anything is sent."""

import pytest

from salesforce_bulk import InvalidInput

FIELDS = {
    "Ext__c": "externalId",
    "Text__c": {"type": "text", "length": 5},
    "On__c": "date",
    "Count__c": "number",
    "Kind__c": "picklist[red, green] restricted",
    "Sum__c": "formula",
    "Parent__c": "lookup(Account)",
}


@pytest.fixture
def org(org):
    org.define_object("Told__c", FIELDS)
    return org


def sent(org):
    return org.org.count("Told__c")


@pytest.mark.parametrize(
    ("column", "why"),
    [
        ("CreatedDate", "read-only"),
        ("Sum__c", "formula"),
        ("Parent__r.Phone", "no key of its object"),
    ],
)
def test_columns_that_fail_in_every_row_are_refused_in_one_list(org, bulk, column, why):
    rows = [{"Text__c": "a", "LastModifiedDate": "2024-01-01", column: "1"}]
    with pytest.raises(
        InvalidInput, match=rf"(?s)'LastModifiedDate' is read-only.*{column}.*{why}"
    ):
        bulk.insert("Told__c", rows)
    assert sent(org) == 0
    assert bulk.insert("Told__c", rows, check="none", on_error="report").rows == 1


def test_values_that_the_org_would_refuse_are_listed_with_row_and_column(org, bulk):
    bad = [
        {"On__c": "soon"},
        {"On__c": "2024-02-30"},
        {"Text__c": "longer"},
        {"Kind__c": "blue"},
        {"Count__c": "1_000"},
        {"Ext__c": ""},
        {"OwnerId": "Ann"},
    ]
    good = {
        "Ext__c": "k",
        "On__c": "2024-01-31",
        "Text__c": "short",
        "Kind__c": "Red",
        "Count__c": 5,
    }
    rows = [{**good, "Ext__c": f"k{n}", **one} for n, one in enumerate(bad)]
    with pytest.raises(InvalidInput) as raised:
        bulk.upsert("Told__c", [{**good, "Ext__c": "first"}, *rows], "Ext__c", check="values")
    assert (raised.value.row, raised.value.column) == (2, "On__c")
    lines = str(raised.value).splitlines()[1:]
    columns = [next(iter(one)) for one in bad]
    assert [line.split(":")[0] for line in lines] == [
        f"  row {n}, column {column!r}" for n, column in enumerate(columns, 2)
    ]
    assert sent(org) == 0
    assert bulk.upsert("Told__c", [good], "Ext__c", check="values").succeeded == 1
    # What is refused here the org refuses, too.
    told = bulk.upsert("Told__c", rows, "Ext__c", check="columns", on_error="report")
    assert [row.status for row in told] == ["failed"] * len(bad)


def test_the_list_ends_with_the_twentieth_cell(bulk):
    rows = [{"Text__c": "longer than five"}] * 3_000
    with pytest.raises(InvalidInput, match="20 cells at least") as raised:
        bulk.insert("Told__c", rows, check="values")
    assert len(str(raised.value).splitlines()) == 21


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("check", ["columns", "values", "none"])
def test_files_are_refused_with_what_makes_zip_batches(org, bulk, api, check):
    rows = [{"Name": "a", "ParentId": "001000000000001AAA", "Body": b"x"}]
    with pytest.raises(InvalidInput, match=r"build_archive.*ZIP_CSV") as raised:
        bulk.insert("Attachment", rows, api=api, check=check)
    assert raised.value.column == "Body"


def test_a_label_is_answered_with_its_field(bulk):
    """Trap: the nearest spelling, which is another field."""
    with pytest.raises(InvalidInput, match="Is it 'Name'"):
        bulk.insert("Account", [{"Account Name": "x"}])
    with pytest.raises(InvalidInput, match="Is it 'AccountNumber'"):
        bulk.insert("Account", [{"AccountNumbr": "x"}])


def test_a_wrong_choice_names_the_option(bulk):
    with pytest.raises(InvalidInput, match="check is one of columns, values, none"):
        bulk.insert("Told__c", [{"Text__c": "x"}], check="all")


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("Told__c", {"On__c": "2024-01-31T10:00:00Z"}),
        ("Account", {"Name": "a", "NumberOfEmployees": "1.5"}),
    ],
)
def test_values_that_no_guide_rules_out_are_left_to_the_org(org, bulk, name, row):
    """Refused before, rows would be held back that an org may take."""
    result = bulk.insert(name, [row], check="values", on_error="report")
    assert len(result.job_ids) == 1
    assert [outcome.error.code for outcome in result.failed] in ([], ["INVALID_FIELD"])
