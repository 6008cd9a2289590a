"""A load through Bulk API 2.0 killed with SIGKILL: each row is in the org once."""

import os
import random
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

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
    result = bulk.insert("Account", rows, api="2.0", batch_size=75, journal=journal, parallel=3)
    for expected, row in enumerate(result, 1):
        assert (row.number, row.status) == (expected, "success"), row
        assert row.id and row.record["Name"] == f"Row {expected - 1:06d}", row
    assert len(result) == count
    print("done", flush=True)
"""

#: What the journal holds when the process is killed; each is a step that may be under way.
MOMENTS = ["job", "stored", "started", "left", None, None]


def killed_at(process, journal, event, chance):
    """Kill as soon as the journal has one more entry of that kind, or at any moment."""
    before = journal.read_text("ascii").count(f'"{event}"') if journal.exists() else 0
    ends = time.monotonic() + (chance.uniform(0.0, 0.4) if event is None else 2.0)
    while time.monotonic() < ends and process.poll() is None:
        if event and journal.exists() and journal.read_text("ascii").count(f'"{event}"') > before:
            break
    process.send_signal(signal.SIGKILL)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_process_killed_at_random_moments_loads_each_row_once(tmp_path):
    """A short form of benchmarks/crash_load.py --api 2.0 --faults."""
    chance = random.Random(4)
    count = 900
    journal = tmp_path / "journal"
    with SalesforceEmulator(session_seconds=30) as org:
        path = "/services/data/*/jobs/*"
        org.faults.add("answer_lost", path=path, times=0, probability=0.1)
        org.faults.add("reset_before", path=path, times=0, probability=0.02)
        script = tmp_path / "loader.py"
        script.write_text(textwrap.dedent(LOADER), "utf-8")
        command = [sys.executable, str(script), org.url, str(journal), str(count)]
        for kills in range(40):
            process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert process.stdout.readline() == "began\n"
            if kills < len(MOMENTS):
                killed_at(process, journal, MOMENTS[kills], chance)
            ended = process.stdout.read()
            process.stdout.close()
            if process.wait() == 0:
                assert ended == "done\n"
                break
        rows = sorted(name for (name,) in org.org.query("SELECT Name FROM Account"))
        assert rows == [f"Row {n:06d}" for n in range(count)]
