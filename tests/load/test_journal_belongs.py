"""A journal is of one load into one org; what is no journal is left as it is."""

from datetime import datetime, timedelta, timezone

import pytest

from salesforce_bulk import ExceededQuota, JournalMismatch, StorageError
from salesforce_bulk.api.describe import Allowance
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.storage.journal import Journal

ROWS = [{"Ext__c": f"k{number}", "Text__c": f"Row {number}"} for number in range(60)]


def run(bulk, journal, rows=ROWS, **options):
    return bulk.insert("Load__c", rows, journal=journal, batch_size=10, **options)


@pytest.mark.parametrize("content", [b"a secret key", b"\x00\x01", b'{"rows": []}'])
def test_a_file_that_is_no_journal_is_never_emptied(bulk, tmp_path, content):
    """Files without a line feed looked like journals whose header a crash had torn."""
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(JournalMismatch, match="no journal"):
        run(bulk, path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("size", [0, 1, 20, 60])
def test_a_file_that_lost_its_header_is_no_new_journal(org, bulk, tmp_path, size):
    """A crash leaves none like this; what was recorded there may be in the org."""
    path = tmp_path / "journal"
    Journal.create(path, {"kind": "load", "more": "x" * 100}).close()
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(JournalMismatch, match="lost its beginning"):
        run(bulk, path)
    assert not any(one.path.endswith("/job") for one in org.requests)
    assert path.stat().st_size == size


def test_a_journal_is_not_gone_on_with_in_another_org(org, bulk, tmp_path):
    """Half of the rows would be in one org, half in the other."""
    from test_load_resume import crashed  # noqa: PLC0415

    journal = tmp_path / "journal"
    crashed(9, lambda: run(bulk, journal, parallel=1))
    with SalesforceEmulator(inline=True) as other:
        other.define_object("Load__c", {"Ext__c": "externalId", "Text__c": "text"})
        with pytest.raises(JournalMismatch, match=org.url):
            run(other.connect(), journal)
        with pytest.raises(JournalMismatch, match=r"64\.0.*60\.0"):
            run(org.connect(API_version="60.0"), journal)
        assert list(other.org.query("SELECT Id FROM Load__c")) == []
    assert run(bulk, journal).succeeded == 60


def less(bulk, monkeypatch, remaining):
    limits = {"DailyBulkApiBatches": Allowance(15_000, remaining)}
    monkeypatch.setattr(type(access_of(bulk).org.describes), "limits", lambda self: limits)


def test_a_quota_that_is_too_small_leaves_no_journal_behind(bulk, tmp_path, monkeypatch):
    """It says to load fewer rows, which a journal of all of them would refuse."""
    less(bulk, monkeypatch, 3)
    with pytest.raises(ExceededQuota, match="Nothing was sent"):
        run(bulk, tmp_path / "journal")
    assert run(bulk, tmp_path / "journal", ROWS[:30]).succeeded == 30


def test_a_quota_that_is_too_small_for_the_rest_says_that_some_was_sent(
    bulk, tmp_path, monkeypatch
):
    from test_load_resume import crashed  # noqa: PLC0415

    crashed(9, lambda: run(bulk, tmp_path / "journal", parallel=1))
    less(bulk, monkeypatch, 1)
    with pytest.raises(ExceededQuota, match="Nothing more was sent"):
        run(bulk, tmp_path / "journal")


@pytest.mark.parametrize(
    "zone", [timezone(timedelta(hours=1)), timezone(-timedelta(hours=9, minutes=30)), timezone.utc]
)
def test_a_zone_without_a_name_is_known_again(bulk, stored, tmp_path, zone):
    rows = tmp_path / "rows.csv"
    rows.write_text("Ext__c\nk\n", "utf-8")
    run(bulk, tmp_path / "journal", rows, assume_tz=zone)
    assert bulk.resume(tmp_path / "journal").succeeded == 1
    given = [{"Ext__c": "z", "At__c": datetime(2024, 1, 1, 12)}]
    run(bulk, tmp_path / "other", given, assume_tz=zone)
    assert bulk.resume(tmp_path / "other", given).succeeded == 1


def test_one_run_at_a_time_in_one_process_too(bulk, tmp_path):
    journal = tmp_path / "journal"
    handle = bulk.submit_insert("Load__c", ROWS, journal=journal)
    with pytest.raises(JournalMismatch, match="in this process or another"):
        bulk.resume(journal, ROWS)
    assert handle.result().succeeded == 60
    assert bulk.resume(journal, ROWS).succeeded == 60


def test_a_folder_that_there_is_not_is_named(bulk, tmp_path):
    """As of every other file that is to be written."""
    with pytest.raises(StorageError, match="nowhere"):
        run(bulk, tmp_path / "nowhere" / "journal")
    soql = "SELECT Id, SystemModstamp, IsDeleted FROM Load__c"
    for option in ("journal", "state"):
        with pytest.raises(StorageError, match="nowhere"):
            bulk.export(soql, **{option: tmp_path / "nowhere" / "file"}).submit()
