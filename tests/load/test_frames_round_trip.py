"""Frames loaded into the org: every verb and option that looks at rows works on columns, too."""

from datetime import date, datetime, timezone

import pytest

from salesforce_bulk import InvalidInput

pa = pytest.importorskip("pyarrow")

COLUMNS = ("Ext__c", "Text__c", "Amount__c", "Count__c", "On__c", "At__c", "Done__c")
QUERY = f"SELECT {', '.join(COLUMNS)} FROM Load__c ORDER BY Ext__c"


def table_of(count):
    return pa.table(
        {
            "Ext__c": [f"k{n:05d}" for n in range(count)],
            "Text__c": [('a "quote",\nä' if n % 3 else None) for n in range(count)],
            "Amount__c": [n / 4 if n % 5 else None for n in range(count)],
            "Count__c": pa.array([float(n) for n in range(count)]),
            "On__c": [date(2024, 1, 1 + n % 28) for n in range(count)],
            "At__c": pa.array(
                [datetime(2024, 1, 1, n % 24, tzinfo=timezone.utc) for n in range(count)],
                pa.timestamp("ms", "America/New_York"),
            ),
            "Done__c": [n % 2 == 0 for n in range(count)],
        }
    )


def in_polars(table):
    return pytest.importorskip("polars").from_arrow(table)


FRAMES = {
    "table": lambda table: table,
    "reader": lambda table: table.to_reader(max_chunksize=7),
    "pandas": lambda table: table.to_pandas(),
    "polars": in_polars,
}


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_is_stored_as_its_rows_are(bulk, stored, kind, api):
    table = table_of(60)
    bulk.insert("Load__c", table.to_pylist(), api=api)
    as_rows = stored(QUERY)
    bulk.delete("Load__c", [one for (one,) in stored("SELECT Id FROM Load__c")])
    result = bulk.insert("Load__c", FRAMES[kind](table), api=api)
    assert stored(QUERY) == as_rows
    assert result.succeeded == 60
    assert [row.record["Ext__c"] for row in result] == table["Ext__c"].to_pylist()


def test_frames_are_upserted_by_their_keys(bulk, stored):
    table = table_of(40)
    bulk.insert("Load__c", table)
    changed = table.select(["Ext__c"]).append_column("Text__c", pa.array(["new"] * 40))
    result = bulk.upsert("Load__c", changed, external_id="Ext__c", batch_size=7)
    assert not any(row.created for row in result)
    assert stored("SELECT Text__c FROM Load__c") == [("new",)] * 40


def test_a_key_that_comes_twice_in_a_frame_is_refused_or_the_last_is_kept(bulk, stored):
    twice = pa.table({"Ext__c": ["a", "b", "A"], "Text__c": ["1", "2", "3"]})
    with pytest.raises(InvalidInput, match="Rows 1 and 3 have the same Ext__c"):
        bulk.upsert("Load__c", twice, external_id="Ext__c")
    options = {"duplicates": "keep_last", "on_error": "report"}
    result = bulk.upsert("Load__c", twice, external_id="Ext__c", **options)
    assert [row.status for row in result] == ["unprocessed", "success", "success"]
    assert stored("SELECT Text__c FROM Load__c ORDER BY Text__c") == [("2",), ("3",)]


def test_a_frame_without_a_key_is_refused_by_its_row(bulk):
    frame = pa.table({"Id": ["003000000000001AAA", None], "Title": ["x", "y"]})
    with pytest.raises(InvalidInput, match="Row 2 has no Id"):
        bulk.update("Contact", frame)


def test_rows_of_a_frame_stay_together_by_group(bulk, stored):
    accounts = [row.id for row in bulk.insert("Account", [{"Name": f"a{n}"} for n in range(3)])]
    parents = [accounts[n % 3] for n in range(30)]
    frame = pa.table({"LastName": [f"n{n}" for n in range(30)], "AccountId": parents})
    result = bulk.insert("Contact", frame, group_by="AccountId", batch_size=10)
    assert result.succeeded == 30
    kept = stored("SELECT LastName, AccountId FROM Contact")
    assert sorted(kept) == sorted(zip(frame["LastName"].to_pylist(), parents, strict=True))


def test_failed_rows_of_a_frame_are_told_by_their_cells(bulk):
    frame = pa.table({"LastName": ["a", None, "c"], "Title": ['q"', "two\nlines", None]})
    result = bulk.insert("Contact", frame, on_error="report")
    (bad,) = result.failed
    assert (bad.number, bad.record) == (2, {"LastName": "", "Title": "two\nlines"})
    assert bad.error.code == "REQUIRED_FIELD_MISSING"


def test_a_journal_goes_on_with_the_same_frame(bulk, tmp_path):
    """However its batches are laid out this time, the bodies are the same."""
    table = table_of(300)
    path = tmp_path / "journal"
    first = bulk.insert("Load__c", table, journal=path, batch_size=100)
    other = table.to_reader(max_chunksize=7)
    again = bulk.insert("Load__c", other, journal=path, batch_size=100)
    assert [row.id for row in again] == [row.id for row in first]
