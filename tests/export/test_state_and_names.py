"""What is written last, and what a name or a type says."""

import gzip
import os
import threading
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from canned_org import CannedOrg, page

from salesforce_bulk import InvalidInput, ReconciliationError, SalesforceBulk
from salesforce_bulk.formats.arrow_read import ArrowReader
from salesforce_bulk.formats.typed import ResultColumn, value_of_json
from salesforce_bulk.storage.files import SteadySync
from salesforce_bulk.wire.document import UnreadableDocument


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
    assert value_of_json(ResultColumn("T", "time"), 45_296_000) == time(12, 34, 56)


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


@pytest.mark.parametrize(("kind", "text"), [("int", "9" * 20), ("currency", "12.345")])
def test_what_arrow_cannot_hold_names_its_column(kind, text):
    """An integer beyond 64 bits, an amount of more digits than describe tells."""
    reader = ArrowReader([ResultColumn("Amount__c", kind, 18, 2)], decimals=True)
    with pytest.raises(UnreadableDocument, match=f"'Amount__c' holds .*{text}"):
        reader.read(f'"1"\n"{text}"\n'.encode())


def test_parts_of_what_changed_are_refused(bulk, tmp_path):
    """They would hold what was delivered before, and the state would not be written."""
    with pytest.raises(InvalidInput, match="parts"):
        bulk.export("Row__c", fields=["Text__c"], state=tmp_path / "s").parts()


def test_a_set_of_fields_has_one_order(bulk):
    """Whatever the order of a set is in this process."""
    names = {"Text__c", "Long__c", "Amount__c", "Count__c", "On__c", "Many__c"}
    since = datetime(2024, 1, 1, tzinfo=timezone.utc)
    soql = bulk.export("Row__c", fields=names, since=since).soql
    assert soql.startswith(f"SELECT {', '.join(sorted(names))}, Id, SystemModstamp")


def test_functions_keep_their_columns_in_any_order(clock):
    """Up to 49.0 columns come in the order of the alphabet, those of functions too."""
    body = page([("$1.00", "a")], header=("Amount", "Name"))
    with CannedOrg({None: body}, 1, version=48.0) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock, API_version="48.0")
        export = bulk.export("SELECT toLabel(Name), FORMAT(Amount) FROM Thing")
        assert list(export) == [{"Name": "a", "Amount": "$1.00"}]


@pytest.mark.parametrize("packed", [False, True])
def test_a_page_with_too_few_rows_is_no_file(clock, tmp_path, packed):
    """The rows of a file are counted, though its bytes are copied and line ends are in values."""
    body, headers = page([("1", "a\nb\nc")])
    headers["Sforce-NumberOfRecords"] = "2"
    if packed:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    with CannedOrg({None: (body, headers)}, 2) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("SELECT Id, Name FROM Thing")
        with pytest.raises(ReconciliationError, match=r"gave 1 rows .* counted 2"):
            export.to_csv(tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_resume_takes_the_options_of_an_export(org, bulk, fill, tmp_path):
    """timeout= and progress= are not for loads alone."""
    fill([{"Count__c": n} for n in range(3)])
    bulk.export("SELECT Count__c FROM Row__c", journal=tmp_path / "j").submit()
    told = []
    export = bulk.resume(tmp_path / "j", timeout=30, progress=told.append)
    assert export.to_csv(tmp_path / "x.csv") == 3
    assert told[-1].rows == 3
