"""Incremental exports where records share a second, and windows that would skip records."""

import tracemalloc
from datetime import datetime, timedelta, timezone

import pytest

from salesforce_bulk import InvalidInput, StorageError
from salesforce_bulk.client_access import access_of
from salesforce_bulk.export.incremental import LAG, open_window
from salesforce_bulk.export.soql import read_query
from salesforce_bulk.formats.typed import ResultColumn

UTC = timezone.utc
FIELDS = ["Text__c", "Count__c"]
SOQL = "SELECT Id, SystemModstamp, IsDeleted, Count__c FROM Row__c"


@pytest.fixture
def store(org):
    def execute(statement, *values):
        with org.org.store.writing() as connection:
            connection.execute(statement, values)

    return execute


@pytest.fixture
def minute_ago():
    moment = datetime.now(UTC) - timedelta(minutes=1)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def test_a_change_in_the_second_of_one_that_was_delivered_comes(
    bulk, fill, store, minute_ago, tmp_path
):
    """Stamps have no fractions: a later commit of the same second is told by what it changed."""
    fill([{"Count__c": 1, "Text__c": "first"}, {"Count__c": 2, "Text__c": "same"}])
    store("UPDATE Row__c SET SystemModstamp = ?", minute_ago)

    def changes():
        export = bulk.export("Row__c", fields=FIELDS, state=tmp_path / "s")
        return sorted((row["Count__c"], row["Text__c"], row["IsDeleted"]) for row in export)

    assert changes() == [(1, "first", False), (2, "same", False)]
    store("UPDATE Row__c SET Text__c = 'second' WHERE Count__c = 1")
    assert changes() == [(1, "second", False)]
    assert changes() == []
    store("UPDATE Row__c SET IsDeleted = 1 WHERE Count__c = 1")
    assert changes() == [(1, "second", True)]
    assert changes() == []


def test_a_state_serves_every_format(bulk, fill, store, minute_ago, tmp_path):
    """What was delivered from CSV is known when JSON or XML brings it again."""
    fill([{"Count__c": n, "Amount__c": 1.39e8, "On__c": "2024-01-31"} for n in range(3)])
    store("UPDATE Row__c SET SystemModstamp = ?", minute_ago)
    fields = [*FIELDS, "Amount__c", "On__c", "At__c", "Done__c"]
    found = [
        len(list(bulk.export("Row__c", fields=fields, state=tmp_path / "s", **way)))
        for way in (
            {"api": "2.0"},
            {"api": "1.0", "content_type": "JSON"},
            {"api": "1.0", "content_type": "XML"},
            {"api": "2.0"},
        )
    ]
    assert found == [3, 0, 0, 0]


def test_a_window_that_has_not_ended_moves_no_state(bulk, tmp_path):
    """What is stamped before until= and committed later would be in no window."""
    now = datetime.now(UTC)
    for until in (now + timedelta(days=1), now + timedelta(minutes=1), now - LAG / 3):
        with pytest.raises(InvalidInput, match="until"):
            bulk.export("Row__c", fields=FIELDS, state=tmp_path / "s", until=until)
    until = now - timedelta(hours=1)
    assert list(bulk.export("Row__c", fields=FIELDS, state=tmp_path / "s", until=until)) == []


def test_a_limit_and_a_state_are_refused_together(bulk, tmp_path):
    """Rows beyond the limit would be in no window."""
    with pytest.raises(InvalidInput, match="LIMIT"):
        bulk.export(f"{SOQL} LIMIT 2", state=tmp_path / "s")
    since = datetime(2024, 1, 1, tzinfo=UTC)
    assert list(bulk.export(f"{SOQL} LIMIT 2", since=since)) == []


@pytest.mark.parametrize("item", ["FORMAT(SystemModstamp)", "FORMAT(Count__c) systemmodstamp"])
def test_a_text_in_place_of_the_stamp_is_refused(bulk, item):
    """A column of the right name that holds something else tells no changes."""
    with pytest.raises(InvalidInput, match="SystemModstamp"):
        bulk.export(
            f"SELECT Id, {item}, IsDeleted FROM Row__c", since=datetime(2024, 1, 1, tzinfo=UTC)
        )


def test_a_state_is_of_one_org_and_one_kind_of_query(tmp_path):
    """Whose the state is counts as much as the query."""
    query, now = read_query(SOQL), datetime.now(UTC)
    window = open_window(query, None, None, tmp_path / "s", now, whose="https://a query")
    window.save(set())
    open_window(query, None, None, tmp_path / "s", now, whose="https://a query")
    for whose in ("https://b query", "https://a queryAll"):
        with pytest.raises(InvalidInput, match="another"):
            open_window(query, None, None, tmp_path / "s", now, whose=whose)


def test_the_address_of_the_org_is_known_from_its_answers(org, bulk):
    describes = access_of(bulk).org.describes
    describes.server_time()
    assert describes.origin == org.url


def test_what_is_remembered_of_a_record_is_small(tmp_path):
    """A million records of the last minutes take some tens of megabytes, whatever they hold."""
    now = datetime.now(UTC).replace(microsecond=0)
    query = read_query("SELECT Id, SystemModstamp, Name FROM Thing")
    columns = [
        ResultColumn("Id", "id"),
        ResultColumn("SystemModstamp", "datetime"),
        ResultColumn("Name"),
    ]
    reading = open_window(query, None, None, tmp_path / "s", now).reading(columns)
    stamp = now - timedelta(minutes=1)
    tracemalloc.start()
    try:
        for start in range(0, 20_000, 1_000):
            reading.new([(f"{n:018}", stamp, "x" * 1_000) for n in range(start, start + 1_000)])
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 20_000 * 200
    reading.save()
    assert (tmp_path / "s").stat().st_size < 20_000 * 40
    again = open_window(query, None, None, tmp_path / "s", now).reading(columns)
    assert again.new([("0" * 18, stamp, "x" * 1_000), ("0" * 18, stamp, "y")]) == [
        ("0" * 18, stamp, "y")
    ]


def test_a_state_that_cannot_be_written_is_told_before_the_export(bulk, tmp_path):
    bad = {tmp_path / "missing" / "s": StorageError, tmp_path / ("x" * 300): StorageError}
    for path, error in {**bad, tmp_path: InvalidInput, "a\0b": InvalidInput}.items():
        with pytest.raises(error, match="state"):
            bulk.export("Row__c", fields=FIELDS, state=path)
