"""What is written last, and what a name or a type says."""

import os
import threading
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from salesforce_bulk import InvalidInput
from salesforce_bulk.files import SteadySync
from salesforce_bulk.formats.typed import Column, value_of_json


@pytest.mark.parametrize("write", ["to_csv", "to_parquet"])
def test_the_state_waits_until_the_file_is_in_its_place(org, bulk, fill, tmp_path, write):
    """A file that cannot take its name leaves the state where it was."""
    fill([{"Count__c": n} for n in range(3)])
    text = (datetime.now(timezone.utc) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with org.org.store.writing() as connection:
        connection.execute("UPDATE Row__c SET SystemModstamp = ?", (text,))
    target, state = tmp_path / "x", tmp_path / "s"

    def in_the_way(_):
        target.mkdir(exist_ok=True)
        (target / "y").touch()

    export = bulk.export("Row__c", fields=["Count__c"], state=state, progress=in_the_way)
    with pytest.raises(OSError, match="x"):
        getattr(export, write)(target)
    assert not state.exists()
    (target / "y").unlink()
    target.rmdir()
    again = bulk.export("Row__c", fields=["Count__c"], state=state)
    assert getattr(again, write)(target) == 3
    assert state.exists()


def test_an_object_may_be_called_select_something(org, bulk):
    """Only the word SELECT makes a query of a text."""
    org.define_object("Selected__c", {"Text__c": "text"})
    assert list(bulk.export("Selected__c", fields=["Text__c"])) == []


@pytest.mark.parametrize("way", [{}, {"api": "1.0", "content_type": "JSON"}], ids=str)
def test_whole_decimals_fit_their_arrow_type(org, bulk, fill, way):
    """A scale of 0 is a scale."""
    org.define_object("Big__c", {"N__c": {"type": "double", "precision": 18, "scale": 0}})
    fill([{"N__c": 123456789012345}], "Big__c")
    table = bulk.export("SELECT N__c FROM Big__c", decimals=True, **way).to_arrow()
    assert str(table.schema.field("N__c").type) == "decimal128(18, 0)"
    assert table.to_pylist() == [{"N__c": Decimal("123456789012345")}]


def test_times_of_json_may_be_milliseconds():
    """As dates and datetimes may."""
    assert value_of_json(Column("T", "time"), 45_296_000) == time(12, 34, 56)


def test_a_finished_journal_is_told(bulk, fill, tmp_path):
    """A second run with the journal of a finished one says that it did nothing."""
    fill([{"Count__c": 1}])

    def run():
        export = bulk.export("SELECT Count__c FROM Row__c", journal=tmp_path / "j")
        assert export.to_csv(tmp_path / "x.csv") == 1
        return export.notes

    assert run() == []
    assert [note for note in run() if "finished" in note and "Remove the journal" in note]


def test_a_run_that_keeps_nuls_is_resumed_as_such(bulk, fill, tmp_path):
    """The journal knows the option."""
    fill([{"Count__c": 1}])
    soql = "SELECT Count__c FROM Row__c"
    bulk.export(soql, journal=tmp_path / "j", keep_nul=True).to_csv(tmp_path / "x.csv")
    assert bulk.resume(tmp_path / "j").rows_read == 1


def test_a_state_is_of_one_choice_of_deleted_rows(bulk, tmp_path):
    """Deletions between two windows would be lost where the first one left them out."""
    list(bulk.export("Row__c", fields=["Text__c"], state=tmp_path / "s", include_deleted=False))
    with pytest.raises(InvalidInput, match="another"):
        bulk.export("Row__c", fields=["Text__c"], state=tmp_path / "s")


def test_a_large_file_goes_to_the_disk_while_it_is_written(tmp_path, monkeypatch):
    """Once per 32 MB, never by the writer itself; a file that is closed by then does no harm."""
    synced, done = [], threading.Semaphore(0)

    def fsync(number):
        synced.append(threading.current_thread())
        done.release()
        os.fstat(number)

    monkeypatch.setattr(os, "fsync", fsync)
    with (tmp_path / "x").open("wb") as file:
        steady = SteadySync(file)
        for _ in range(31):
            steady.wrote(1 << 20)
        assert synced == []
        steady.wrote(1 << 20)
        assert done.acquire(timeout=60)
        synced[0].join()
        file.close()
        steady.wrote(1 << 25)
        assert done.acquire(timeout=60)
    assert threading.main_thread() not in synced
    assert len(synced) == 2
