"""A load that was interrupted goes on: no row twice, none missing."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from salesforce_bulk import InvalidInput, JournalMismatch, LoadFailed, ResultsExpired
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.storage.journal import Journal

ROWS = [{"Ext__c": f"k{number}", "Text__c": f"Row {number}"} for number in range(60)]


class Crash(BaseException):
    """Ends the process, as far as this can be done within it."""


def crash_at(monkeypatch, steps):
    """Die when so many entries are in the journal: before or behind any step."""
    left = [steps]
    append = Journal.append

    def until_then(self, entry):
        left[0] -= 1
        if left[0] < 0:
            raise Crash
        append(self, entry)
        if left[0] == 0:
            raise Crash

    monkeypatch.setattr(Journal, "append", until_then)


def crashed(steps, act):
    with pytest.MonkeyPatch.context() as patch:
        crash_at(patch, steps)
        with pytest.raises(Crash):
            act()


def run(bulk, journal, rows=ROWS, **options):
    return bulk.insert("Load__c", rows, journal=journal, batch_size=10, **options)


@pytest.fixture
def names(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Text__c FROM Load__c"))


@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("step", range(16))
def test_a_crash_behind_any_step_is_survived(org, bulk, names, tmp_path, step, parallel):
    """Intent before each step, outcome after it: the same call finishes the run."""
    journal = tmp_path / "journal"
    for attempt in (step, 3):
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Crash):
            crash_at(patch, attempt)
            run(bulk, journal, parallel=parallel)
    result = run(org.connect(), journal, parallel=parallel)
    assert [row.status for row in result] == ["success"] * 60
    assert names() == sorted(row["Text__c"] for row in ROWS)


def test_a_finished_run_sends_nothing_and_gives_its_result_again(org, bulk, names, tmp_path):
    first = run(bulk, tmp_path / "journal")
    posts = sum(one.method == "POST" for one in org.requests)
    again = run(bulk, tmp_path / "journal")
    assert [row.id for row in again] == [row.id for row in first]
    assert sum(one.method == "POST" for one in org.requests) == posts
    assert len(names()) == 60


def test_a_journal_of_other_rows_or_another_load_is_refused(bulk, names, tmp_path):
    journal = tmp_path / "journal"
    run(bulk, journal)
    other = [*ROWS[:44], {**ROWS[44], "Text__c": "changed"}, *ROWS[45:]]
    with pytest.raises(JournalMismatch, match="batch 5 differs"):
        run(bulk, journal, other)
    with pytest.raises(JournalMismatch, match="batch 7 differs"):
        run(bulk, journal, [*ROWS, ROWS[0]])
    with pytest.raises(JournalMismatch, match="its options"):
        bulk.insert("Load__c", ROWS, journal=journal, batch_size=20)
    with pytest.raises(JournalMismatch, match="its spec"):
        bulk.insert("Account", [{"Name": "x"}], journal=journal, batch_size=10)
    assert len(names()) == 60
    assert run(bulk, journal).succeeded == 60


def test_resume_reads_the_file_that_the_journal_names(org, bulk, names, tmp_path):
    path = tmp_path / "rows.csv"
    lines = [f"{row['Ext__c']};{row['Text__c']}" for row in ROWS]
    path.write_text("\n".join(["EXT__C;text__c", *lines]) + "\n", "utf-8")
    crashed(7, lambda: run(bulk, tmp_path / "journal", path))
    result = org.connect().resume(tmp_path / "journal")
    assert [row.record["text__c"] for row in result] == [row["Text__c"] for row in ROWS]
    assert names() == sorted(row["Text__c"] for row in ROWS)


def test_resume_asks_for_rows_that_came_from_no_file(bulk, names, tmp_path):
    journal = tmp_path / "journal"
    crashed(7, lambda: run(bulk, journal, iter(ROWS)))
    with pytest.raises(JournalMismatch, match="records="):
        bulk.resume(journal)
    seen = []
    result = bulk.resume(journal, iter(ROWS), progress=seen.append, parallel=1)
    assert result.succeeded == 60
    assert {event.phase for event in seen} >= {"reading", "uploading", "processing"}


def test_a_job_that_is_gone_says_so_and_sends_nothing(org, bulk, names, tmp_path):
    journal = tmp_path / "journal"
    crashed(4, lambda: run(bulk, journal, parallel=1))
    org.faults.add("results_expired", path="/services/async/*", times=0)
    held = names()
    with pytest.raises(ResultsExpired):
        run(bulk, journal)
    assert names() == held


def test_a_refused_load_leaves_no_journal_behind(bulk, tmp_path):
    with pytest.raises(InvalidInput):
        run(bulk, tmp_path / "journal", [{"Nothing__c": 1}])
    assert not (tmp_path / "journal").exists()


def test_no_secret_is_in_the_journal(org, bulk, tmp_path):
    run(bulk, tmp_path / "journal")
    content = (tmp_path / "journal").read_text("utf-8")
    for secret in (bulk.sessionId, org.password, org.security_token):
        assert secret not in content


LOADER = """
    import sys, time
    from salesforce_bulk import SalesforceBulk

    class Hurried:
        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(lambda seconds: time.sleep(seconds / 100))

    url, journal, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    bulk = SalesforceBulk(username="admin@example.com", password="password",
                          security_token="token", login_url=url, clock=Hurried())
    print("began", flush=True)
    rows = ({"Name": f"Row {n:06d}", "NumberOfEmployees": n, "Site": "s"} for n in range(count))
    result = bulk.insert("Account", rows, batch_size=75, journal=journal, parallel=3)
    numbers = [row.number for row in result if row.status == "success" and row.id]
    assert numbers == list(range(1, count + 1)), len(numbers)
    print("done", flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_process_killed_at_random_moments_loads_each_row_once(tmp_path):
    """A short form of benchmarks/crash_load.py: kill -9, restarted until it ends by itself."""
    chance = random.Random(4)
    count = 1_500
    with SalesforceEmulator(session_seconds=30) as org:
        org.faults.add("answer_lost", path="/services/async/*", times=0, probability=0.1)
        org.faults.add("reset_before", path="/services/async/*", times=0, probability=0.02)
        script = tmp_path / "loader.py"
        script.write_text(textwrap.dedent(LOADER), "utf-8")
        command = [sys.executable, str(script), org.url, str(tmp_path / "journal"), str(count)]
        for kills in range(40):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout.readline() == "began\n"
            if kills < 3:
                time.sleep(chance.uniform(0.0, 0.4))
                process.send_signal(signal.SIGKILL)
            ended = process.stdout.read()
            process.stdout.close()
            if process.wait() == 0:
                assert ended == "done\n"
                break
        rows = sorted(name for (name,) in org.org.query("SELECT Name FROM Account"))
        assert rows == [f"Row {n:06d}" for n in range(count)]


def test_failures_are_raised_in_the_run_that_finishes(org, bulk, tmp_path):
    rows = [{"LastName": None if n == 25 else "x", "Title": "t"} for n in range(30)]
    journal = tmp_path / "journal"
    crashed(7, lambda: bulk.insert("Contact", rows, journal=journal, batch_size=10, parallel=1))
    with pytest.raises(LoadFailed) as caught:
        bulk.resume(tmp_path / "journal", rows)
    assert [row.number for row in caught.value.result.failed] == [26]
