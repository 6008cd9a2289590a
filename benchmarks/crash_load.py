"""A loading process killed with SIGKILL at random moments: each row is in the org exactly once.

    python benchmarks/crash_load.py [--api 2.0] [--rows 200000] [--batch 1000] [--kills 50]
                                    [--faults] [--seed 1]

The org runs in a process of its own and goes on. The loader is started, killed at a random moment,
started again, and so on; after so many kills it is left to end by itself. ``--faults`` loses 20 %
of the answers, resets 5 % of the connections and lets sessions expire every 30 seconds of the
org's time. Exit code 0: the org holds each source row exactly once and the result lists every row.
"""

from __future__ import annotations

import argparse
import collections
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: The journal's entry that says that a batch, or a job of 2.0, is in the org.
IN_THE_ORG = {"1.0": "sent", "2.0": "started"}
#: The entries between which a step of the load is under way.
STEPS = {"1.0": ("sending", "sent"), "2.0": ("job", "stored", "started")}

ORG = """
import sys, time
from salesforce_bulk.emulator import SalesforceEmulator
faults = sys.argv[1] == "faults"
with SalesforceEmulator(session_seconds=30 if faults else 7200, seed=int(sys.argv[2])) as org:
    if faults:
        for path in ("/services/async/*", "/services/data/*/jobs/*"):
            org.faults.add("answer_lost", path=path, times=0, probability=0.20)
            org.faults.add("reset_before", path=path, times=0, probability=0.05)
    print(org.url, flush=True)
    for line in sys.stdin:
        if line == "check\\n":
            org.faults.clear()
            with open(1, "w", closefd=False) as out:
                for name, number in org.org.query("SELECT Name, NumberOfEmployees FROM Account"):
                    out.write(f"{name}\\t{number}\\n")
                out.write(f"end {org.api_calls}\\n")
"""

LOADER = """
import sys, time
from salesforce_bulk import SalesforceBulk
url, journal, api = sys.argv[1:4]
count, parallel, size = map(int, sys.argv[4:])
print("began", flush=True)
bulk = SalesforceBulk(username="admin@example.com", password="password", security_token="token",
                      login_url=url)
rows = ({"Name": f"Row {n:07d}", "NumberOfEmployees": n, "Site": "a"} for n in range(count))
result = bulk.insert("Account", rows, journal=journal, parallel=parallel, batch_size=size, api=api)
expected = 1
for row in result:
    assert (row.number, row.status) == (expected, "success"), row
    assert row.id and row.record["NumberOfEmployees"] == str(expected - 1), row
    expected += 1
assert expected == count + 1, expected
print("listed", expected - 1, "jobs", len(result.job_ids), flush=True)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--api", choices=["1.0", "2.0"], default="1.0")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument(
        "--batch",
        type=int,
        default=1_000,
        help="rows in a batch, or in a job of 2.0: small ones make many moments to be killed at",
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action="store_true")
    args = parser.parse_args()
    org = subprocess.Popen(
        [sys.executable, "-c", ORG, "faults" if args.faults else "calm", str(args.seed)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert org.stdin is not None
        assert org.stdout is not None
        url = org.stdout.readline().strip()
        with tempfile.TemporaryDirectory() as folder:
            journal = Journal(Path(folder) / "journal", args.api)
            numbers = [str(number) for number in (args.rows, 3, args.batch)]
            command = [sys.executable, "-c", LOADER, url, str(journal.path), args.api, *numbers]
            run = Run(command, journal, -(-args.rows // args.batch), random.Random(args.seed))
            run.to_the_end(args.kills)
            entries = collections.Counter(journal.events()[1:])
        org.stdin.write("check\n")
        org.stdin.flush()
        found: collections.Counter[str] = collections.Counter()
        for line in org.stdout:
            if line.startswith("end "):
                calls = line.split()[1]
                break
            found[line.rstrip("\n")] += 1
    finally:
        org.terminate()
        org.wait()
    expected = {f"Row {n:07d}\t{n}" for n in range(args.rows)}
    missing = len(expected - set(found))
    doubled = sum(count > 1 for count in found.values())
    print(f"{args.kills} kills; {sum(found.values()):,} rows in the org: {missing} missing, "
          f"{doubled} doubled; {calls} calls; journal: {dict(entries)}")  # fmt: skip
    return 0 if not missing and not doubled and len(found) == args.rows else 1


class Journal:
    """What the loader has written down so far."""

    def __init__(self, path: Path, api: str) -> None:
        self.path = path
        self.api = api

    def events(self) -> list[str]:
        """Of all entries; the header has none."""
        lines = self.path.read_text("ascii").splitlines() if self.path.exists() else []
        return [line.partition('"event": "')[2].partition('"')[0] for line in lines]

    def sent(self) -> int:
        """Batches or jobs that are in the org."""
        return self.events().count(IN_THE_ORG[self.api])


class Run:
    """A load that is killed and started again."""

    def __init__(
        self, command: list[str], journal: Journal, batches: int, chance: random.Random
    ) -> None:
        self.command = command
        self.journal = journal
        self.batches = batches
        self.chance = chance
        self.hits = 0
        self.phases: collections.Counter[str] = collections.Counter()

    def to_the_end(self, kills: int) -> None:
        """Start and kill until the kills are used up; then let it end."""
        began = time.monotonic()
        while not self._ended(kills):
            pass
        seconds = time.monotonic() - began
        print(f"kills by phase: {dict(self.phases)}; {seconds:.0f} s in all", flush=True)

    def _ended(self, kills: int) -> bool:
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        before = self.journal.sent()
        if self.hits < kills:
            self._wait_for_a_moment(process, kills)
            process.send_signal(signal.SIGKILL)
        output = process.stdout.read()
        status = process.wait()
        seconds = time.monotonic() - began
        if status == 0:
            print(f"ended by itself after {seconds:.1f} s: {output.strip()}", flush=True)
            return self.hits >= kills
        if status != -signal.SIGKILL:
            raise SystemExit(f"the loader ended with {status}")
        self.hits += 1
        after = self.journal.sent()
        phase = "reading" if after == before else "uploading"
        phase = "results" if before == self.batches else phase
        self.phases[phase] += 1
        last = self.journal.events()[-1:]
        print(f"kill {self.hits}: {seconds:.2f} s, {phase}, {after} sent, {last}", flush=True)
        return False

    def _wait_for_a_moment(self, process: subprocess.Popen[str], kills: int) -> None:
        """Most kills come when the journal has got a little further than at the kill before, so
        that they are spread over the whole upload, and then at a step that chance names; the
        others at any moment of a run's first second."""
        if self.chance.random() >= 0.7:
            time.sleep(self.chance.uniform(0.0, 1.2))
            return
        wanted = self.batches * (self.hits + 1) // (kills + 1)
        while self.journal.sent() < wanted and process.poll() is None:
            time.sleep(0.002)
        seen = len(self.journal.events())
        step = self.chance.choice(STEPS[self.journal.api])
        deadline = time.monotonic() + 0.2
        while step not in self.journal.events()[seen:] and time.monotonic() < deadline:
            pass
        time.sleep(self.chance.choice((0.0, 0.001, 0.005, 0.02)))


if __name__ == "__main__":
    raise SystemExit(main())
