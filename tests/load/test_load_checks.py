"""What is refused before anything is sent."""

from datetime import datetime

import pytest

from salesforce_bulk import ExceededQuota, InvalidInput, NotFound
from salesforce_bulk.client_access import access_of


@pytest.fixture(autouse=True)
def _nothing_is_sent(org):
    """Whatever a test of this module refuses, no job is made for it."""
    org._application.requests.clear()
    yield
    assert not [one for one in org.requests if one.path.endswith("/job")]


def refused(load, match):
    with pytest.raises(InvalidInput, match=match) as caught:
        load()
    return caught.value


def test_an_unknown_column_is_refused_with_the_nearest_name(bulk):
    """Trap: newer or misspelt fields missing without an error."""
    error = refused(lambda: bulk.insert("Account", [{"Nmae": "x"}]), "Is it 'Name'")
    assert error.column == "Nmae"
    refused(lambda: bulk.insert("Contact", [{"Acount.Name": "x"}]), "Is it 'Account.Name'")
    refused(lambda: bulk.insert("Contact", [{"Account.Nmae": "x"}]), "Is it 'Account.Name'")


def test_an_unknown_object_is_refused(bulk):
    with pytest.raises(NotFound):
        bulk.insert("Acount", [{"Name": "x"}])


def test_two_columns_of_the_same_field_are_refused(bulk):
    refused(lambda: bulk.insert("Contact", [{"account.id": "x", "Account.ID": 1}]), "comes twice")


def test_polymorphic_relationships_name_their_object(bulk):
    """Trap: an example that is refused in its turn, because Name finds nobody."""
    refused(lambda: bulk.insert("Task", [{"Who.Email": "x"}]), "Contact:Who.Email|Lead:Who.Email")
    refused(lambda: bulk.insert("Task", [{"Owner.Name": "x"}]), r"'User:Owner\.Username'")


def test_rows_by_id_need_their_id(bulk):
    """Trap: one missing Id kills the batch."""
    refused(lambda: bulk.update("Account", [{"Name": "x"}]), "needs the column Id")
    rows = [{"Id": "001000000000001AAA", "Name": "x"}, {"Id": None, "Name": "y"}]
    assert refused(lambda: bulk.update("Account", rows), "Row 2 has no Id").row == 2
    refused(lambda: bulk.delete("Account", [{"Id": "001000000000001AAA"}, {"Id": ""}]), "Row 2")


def test_deletes_take_ids_and_nothing_else(bulk):
    rows = [{"Id": "001000000000001AAA", "Name": "x"}]
    refused(lambda: bulk.delete("Account", rows), r"column Id and no other.*columns=\{.*: None\}")
    refused(lambda: bulk.delete("Account", [{"x": "1"}], check="none"), "no field for the column")
    refused(lambda: bulk.delete("Account", [{"Name": "1"}]), r"columns=\{'…': 'Id'\}")
    refused(lambda: bulk.hard_delete("Account", rows), "hardDelete takes")


def test_an_insert_takes_no_id(bulk):
    refused(lambda: bulk.insert("Account", [{"Id": "001000000000001AAA", "Name": "x"}]), "no Id")


def test_an_upsert_needs_an_external_id_that_is_one(bulk):
    refused(lambda: bulk.upsert("Load__c", [{"Ext__c": "1"}], "Text__c"), "there are Ext__c|Ext__c")
    refused(lambda: bulk.upsert("Load__c", [{"Text__c": "1"}], "Ext__c"), "needs the column Ext__c")


@pytest.mark.parametrize("pair", [("A-1", "A-1"), ("a-1", "A-1")])
def test_the_same_external_id_twice_is_refused_with_both_rows(bulk, pair):
    """Trap: the same external id twice in one load."""
    rows = [{"Ext__c": f"x{n}", "Text__c": "t"} for n in range(15)]
    rows[3]["Ext__c"], rows[13]["Ext__c"] = pair
    error = refused(lambda: bulk.upsert("Load__c", rows, "Ext__c", batch_size=5), "Rows 4 and 14")
    assert error.row == 14


def test_the_same_id_twice_is_refused_in_both_its_lengths(bulk):
    rows = [{"Id": "001000000000001", "Name": "x"}, {"Id": "001000000000001AAA", "Name": "y"}]
    refused(lambda: bulk.update("Account", rows), "Rows 1 and 2")


def test_a_bad_value_in_the_last_row_is_refused_before_the_first_is_sent(bulk):
    rows = [{"Text__c": "x", "At__c": None} for _ in range(25)]
    rows[24]["At__c"] = datetime(2024, 1, 1)
    error = refused(lambda: bulk.insert("Load__c", rows, batch_size=5), "Row 25, column 'At__c'")
    assert (error.row, error.column) == (25, "At__c")


def test_a_quota_that_is_too_small_is_told_with_its_numbers(org, bulk, monkeypatch):
    """Trap: late posts that burn the quota of both APIs."""
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(20)]
    left = access_of(bulk).org.describes.limits()["DailyBulkApiBatches"]
    monkeypatch.setattr(
        type(access_of(bulk).org.describes), "limits",
        lambda self: {"DailyBulkApiBatches": type(left)(15_000, 3)},
    )  # fmt: skip
    with pytest.raises(ExceededQuota, match=r"needs 4 batches.*15,000.*3 are left"):
        bulk.insert("Account", rows, batch_size=5)


@pytest.mark.parametrize(
    "options",
    [{"api": "3.0"}, {"batch_size": 0}, {"batch_size": 10_001}, {"parallel": 0},
     {"on_error": "ignore"}, {"nulls": "empty"}, {"group_by": "Nothing"},
     {"api": "2.0", "group_by": "Name"}, {"duplicates": "keep"}, {"concurrency": "serial"}],
)  # fmt: skip
def test_options_that_there_are_not_are_refused(bulk, options):
    with pytest.raises(InvalidInput):
        bulk.insert("Account", [{"Name": "x", "Site": "y"}], **options)
    with pytest.raises(TypeError):
        bulk.insert("Account", [{"Name": "x"}], batchsize=5)
