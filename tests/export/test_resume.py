"""Runs that were killed or interrupted go on where they were; the file is the same to the byte."""

import gzip
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from canned_org import CannedOrg, page

from salesforce_bulk import (
    InvalidInput,
    JobStillRunning,
    ReconciliationError,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import JournalMismatch
from salesforce_bulk.export.plan import attach_export
from salesforce_bulk.storage.journal import Journal

SOQL = "SELECT Id, Text__c, Long__c, Count__c FROM Row__c"
ROOT = Path(__file__).parents[2]
WAYS = [{"api": "2.0"}, {"api": "2.0", "parallel": 3}, {"api": "1.0"}]
ways = pytest.mark.parametrize("way", WAYS, ids=str)


def entries(path):
    with Journal.open(path) as journal:
        return journal.entries


def rewrite(path, kept):
    """The journal of a run that came only so far."""
    with Journal.open(path) as journal:
        header = journal.header
    path.unlink()
    with Journal.create(path, header) as journal:
        for entry in kept:
            journal.append(entry)


def interrupt(org, bulk, way, target, journal):
    """A run that ends with an error at its third page."""
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    org.faults.add("html_error", route=route, nth=3, times=0, status=400)
    with pytest.raises(UnexpectedResponse):
        bulk.export(SOQL, journal=journal, **way).to_csv(target)
    org.faults.clear()


@ways
def test_the_same_call_goes_on_with_the_same_job(org, bulk, numbered, way, tmp_path):
    """What was written stays, what is missing is fetched, and no second job is made."""
    numbered(800)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL, **way).to_csv(whole)
    interrupt(org, bulk, way, target, journal)
    assert not target.exists()
    pages = [entry for entry in entries(journal) if entry.get("do") == "page"]
    assert len(pages) == 2 or "parallel" in way
    asked = len(org.requests)
    export = bulk.export(SOQL, journal=journal, **way)
    assert export.to_csv(target) == 800
    assert target.read_bytes() == whole.read_bytes()
    made = [each for each in org.requests[asked:] if each.method == "POST" and each.status < 300]
    assert made == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole", "x.csv", "x.journal"]


@ways
def test_resume_finishes_the_file(org, bulk, numbered, way, tmp_path):
    """bulk.resume knows the query, the job and the file from the journal alone."""
    numbered(800)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL, **way).to_csv(whole)
    interrupt(org, bulk, way, target, journal)
    export = bulk.resume(journal)
    assert export.rows_read == 800
    assert target.read_bytes() == whole.read_bytes()


def test_a_finished_run_is_not_repeated(org, bulk, numbered, tmp_path):
    """The same command after the end changes nothing and asks for no page."""
    numbered(250)
    target, journal = tmp_path / "x.csv", tmp_path / "x.journal"
    bulk.export(SOQL, journal=journal).to_csv(target)
    before = target.stat().st_mtime_ns
    pages = sum("/results" in each.path for each in org.requests)
    assert bulk.export(SOQL, journal=journal).to_csv(target) == 250
    assert target.stat().st_mtime_ns == before
    assert sum("/results" in each.path for each in org.requests) == pages


@pytest.mark.parametrize("last", ["page", "reconciled"])
@ways
def test_a_crash_behind_the_last_page(org, bulk, numbered, way, last, tmp_path):
    """All pages written, or reconciled, and no name yet: the file gets its name, nothing twice."""
    numbered(250)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL, **way).to_csv(whole)
    bulk.export(SOQL, journal=journal, **way).to_csv(target)
    noted = entries(journal)
    kinds = [entry["do"] for entry in noted]
    target.rename(tmp_path / noted[kinds.index("file")]["part"])
    rewrite(journal, noted[: kinds.index("done") - (last == "page")])
    assert bulk.resume(journal).rows_read == 250
    assert target.read_bytes() == whole.read_bytes()


def test_a_torn_part_is_cut_back_to_its_last_page(org, bulk, numbered, tmp_path):
    """Bytes behind the last recorded page, which a crash may leave, do not stay."""
    numbered(800)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL).to_csv(whole)
    interrupt(org, bulk, {"api": "2.0"}, target, journal)
    part = next(tmp_path.glob("*.part"))
    with part.open("ab") as file:
        file.write(b'"torn","rec')
    bulk.resume(journal)
    assert target.read_bytes() == whole.read_bytes()


def test_a_part_that_is_gone_is_written_anew(org, bulk, numbered, tmp_path):
    """The journal alone brings no bytes back: the job is read again from its first page."""
    numbered(800)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL).to_csv(whole)
    interrupt(org, bulk, {"api": "2.0"}, target, journal)
    next(tmp_path.glob("*.part")).unlink()
    bulk.resume(journal)
    assert target.read_bytes() == whole.read_bytes()


def test_a_journal_is_of_one_org(org, bulk, numbered, tmp_path):
    """The same query of another org would go on with the first one's job and rows."""
    numbered(250)
    bulk.export(SOQL, journal=tmp_path / "j").to_csv(tmp_path / "x.csv")
    with SalesforceEmulator(inline=True) as other:
        other.define_object("Row__c", {"Text__c": "text", "Long__c": "textarea", "Count__c": "int"})
        for go_on in (
            lambda b: b.export(SOQL, journal=tmp_path / "j").to_csv(tmp_path / "x.csv"),
            lambda b: b.resume(tmp_path / "j"),
        ):
            with pytest.raises(JournalMismatch, match="org"):
                go_on(other.connect())


def changed(path, at):
    """Flip a byte there, without a trace in size."""
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("extension", ["", ".gz", ".zst"])
@pytest.mark.parametrize("way", [{"api": "2.0"}, {"api": "1.0"}], ids=str)
def test_a_part_that_was_changed_is_not_put_in_place(
    org, bulk, numbered, way, extension, tmp_path, caplog
):
    """What is kept between two runs is known by its digest: the pages before the change stay, the
    others are fetched again."""
    numbered(800)
    whole, target, journal = (
        tmp_path / name for name in (f"w.csv{extension}", f"x.csv{extension}", "x.journal")
    )
    bulk.export(SOQL, **way).to_csv(whole)
    interrupt(org, bulk, way, target, journal)
    part = next(tmp_path.glob("*.part"))
    changed(part, part.stat().st_size // 2)
    assert bulk.resume(journal).rows_read == 800
    assert unpacked(target) == unpacked(whole)
    assert "was changed" in caplog.text
    assert list(tmp_path.glob("*.part")) == []


def unpacked(path):
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return pa.CompressedInputStream(pa.BufferReader(path.read_bytes()), "zstd").read()
    return path.read_bytes()


@pytest.mark.parametrize("kind", [{}, {"api": "1.0", "content_type": "JSON"}], ids=str)
@pytest.mark.parametrize("where", ["part", "target"])
def test_a_reconciled_file_is_looked_at_again(bulk, numbered, where, kind, tmp_path):
    """Killed around the rename: what stands there is put in place as it was written, or made
    anew."""
    numbered(250)
    whole, target, journal = (tmp_path / name for name in ("whole", "x.csv", "x.journal"))
    bulk.export(SOQL, **kind).to_csv(whole)
    bulk.export(SOQL, journal=journal, **kind).to_csv(target)
    noted = entries(journal)
    rewrite(journal, [entry for entry in noted if entry["do"] != "done"])
    part = next(entry["part"] for entry in noted if entry["do"] == "file")
    if where == "part":
        target.rename(tmp_path / part)
    changed(tmp_path / part if where == "part" else target, 2_000)
    assert bulk.export(SOQL, journal=journal, **kind).to_csv(target) == 250
    assert target.read_bytes() == whole.read_bytes()
    assert list(tmp_path.glob("*.part")) == []


def test_a_job_without_its_batch_gets_it(org, bulk, numbered, tmp_path):
    """1.0: killed between the job and its query: where the job has it, it is read; where it has
    not, the query may still arrive, so it is posted to another job."""
    numbered(250)
    target, journal = tmp_path / "x.csv", tmp_path / "x.journal"
    export = bulk.export(SOQL, api="1.0", journal=journal).submit()
    noted = entries(journal)
    assert noted[-1]["do"] == "posted"
    rewrite(journal, noted[:-1])  # killed before the answer was recorded
    assert bulk.export(SOQL, api="1.0", journal=journal).to_csv(target) == 250
    assert len(bulk.get_batch_list(export.job_id)) == 1
    empty = bulk.create_query_job("Row__c")
    rewrite(journal, [{**noted[-2], "job": empty}])  # killed before the query was posted
    assert bulk.export(SOQL, api="1.0", journal=journal).to_csv(target) == 250
    assert bulk.get_batch_list(empty) == []
    assert entries(journal)[-1]["do"] == "done"


def test_chunks_tried_again_are_remembered(org, bulk, numbered, tmp_path):
    """After a crash the retry of a failed chunk is taken up and not made once more."""
    numbered(700)
    journal = tmp_path / "x.journal"
    org.faults.add("batch_failed", object="Row__c", nth=3)
    way = {"api": "1.0", "pk_chunking": 150, "journal": journal}
    first = bulk.export(SOQL, **way).wait()
    assert first.rows_expected == 700
    jobs = len(list(org.engine.jobs))
    assert bulk.export(SOQL, **way).to_csv(tmp_path / "x.csv") == 700
    assert len(list(org.engine.jobs)) == jobs


def test_a_journal_of_another_query_is_refused(bulk, numbered, tmp_path):
    """Two queries never share a file."""
    numbered(3)
    journal = tmp_path / "x.journal"
    bulk.export(SOQL, journal=journal).to_csv(tmp_path / "x.csv")
    with pytest.raises(JournalMismatch, match="soql"):
        bulk.export(SOQL + " LIMIT 1", journal=journal).to_csv(tmp_path / "x.csv")


@pytest.mark.parametrize("change", [lambda text: text + b"junk", lambda text: text[::-1]])
def test_a_finished_file_that_was_changed_since_is_told(bulk, numbered, tmp_path, caplog, change):
    """Trap: the rows of the run were told of a file that had others."""
    numbered(3)
    target, journal = tmp_path / "x.csv", tmp_path / "x.journal"
    bulk.export(SOQL, journal=journal).to_csv(target)
    assert bulk.export(SOQL, journal=journal).to_csv(target) == 3
    assert "changed since" not in caplog.text
    changed = change(target.read_bytes())
    target.write_bytes(changed)
    bulk.export(SOQL, journal=journal).to_csv(target)
    assert "changed since" in caplog.text
    assert target.read_bytes() == changed


def test_a_journal_in_use_is_refused(bulk, numbered, tmp_path):
    """Two processes cannot go on with one run at once."""
    numbered(3)
    journal = tmp_path / "x.journal"
    bulk.export(SOQL, journal=journal).submit()
    with Journal.open(journal), pytest.raises(JournalMismatch, match="at work"):
        bulk.export(SOQL, journal=journal).to_csv(tmp_path / "x.csv")


def test_pages_that_are_others_than_before_are_refused(org, bulk, numbered, tmp_path):
    """1.0: result files that do not begin with those that were written are never joined."""
    numbered(800)
    target, journal = tmp_path / "x.csv", tmp_path / "x.journal"
    interrupt(org, bulk, {"api": "1.0"}, target, journal)
    noted = entries(journal)
    first = next(entry for entry in noted if entry["do"] == "page")
    first["key"][2] = "752000000000000"
    rewrite(journal, noted)
    with pytest.raises(ReconciliationError, match="another one"):
        bulk.resume(journal)


def test_no_secret_is_in_the_journal(org, bulk, numbered, tmp_path):
    """The journal holds the query and ids, and nothing to log in with."""
    numbered(3)
    journal = tmp_path / "x.journal"
    bulk.export(SOQL, journal=journal).to_csv(tmp_path / "x.csv")
    text = journal.read_text()
    assert bulk.sessionId not in text
    assert org.password not in text


def test_waiting_that_ends_leaves_the_job_alone(clock):
    """The time is up: nothing is aborted, and the handle and the id take the job up again."""
    with CannedOrg({None: page([("1", "a")])}, 1) as org:
        org.job["state"] = "InProgress"
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("SELECT Id, Name FROM Thing", timeout=30)
        with pytest.raises(JobStillRunning) as caught:
            list(export)
        assert (caught.value.handle, caught.value.job_id) == (export, export.job_id)
        assert 30 <= sum(clock.pauses) < 31
        org.job["state"] = "JobComplete"
        assert list(caught.value.handle) == [{"Id": "1", "Name": "a"}]
        assert list(attach_export(access_of(bulk).org, export.job_id)) == [{"Id": "1", "Name": "a"}]


def test_attaching_to_what_is_no_query_is_refused(org, bulk):
    """A load's job is not read as an export."""
    job = bulk.create_insert_job("Row__c")
    with pytest.raises(InvalidInput, match="load"):
        attach_export(access_of(bulk).org, job)


def test_killed_and_cut_the_file_is_the_same():
    """A short form of benchmarks/crash_export.py: SIGKILL at any moment, connections cut."""
    script = [sys.executable, "benchmarks/crash_export.py", "--rows", "1000", "--page-rows", "200"]
    more = ["--file-bytes", "40000", "--cuts", "2", "--kills", "1"]
    done = subprocess.run(
        [*script, *more], cwd=ROOT, capture_output=True, text=True, check=False, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("identical") == 3
