"""A loading process killed with SIGKILL at random moments: each row is in the org exactly once.

    python benchmarks/crash_load.py [--rows 200000] [--kills 50] [--faults] [--seed 1]

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

#: Rows in a batch: small ones make many moments to be killed at.
BATCH = 1_000

ORG = """
import sys, time
from salesforce_bulk.emulator import SalesforceEmulator
faults = sys.argv[1] == "faults"
with SalesforceEmulator(session_seconds=30 if faults else 7200, seed=int(sys.argv[2])) as org:
    if faults:
        org.faults.add("answer_lost", path="/services/async/*", times=0, probability=0.20)
        org.faults.add("reset_before", path="/services/async/*", times=0, probability=0.05)
    print(org.url, flush=True)
    for line in sys.stdin:
        if line == "check\\n":
            org.faults.clear()
            with open("/dev/stdout", "w") as out:
                for name, number in org.org.query("SELECT Name, NumberOfEmployees FROM Account"):
                    out.write(f"{name}\\t{number}\\n")
                out.write(f"end {org.api_calls}\\n")
"""

LOADER = """
import sys, time
from salesforce_bulk import SalesforceBulk
url, journal = sys.argv[1:3]
count, parallel, BATCH = map(int, sys.argv[3:])
print("began", flush=True)
bulk = SalesforceBulk(username="admin@example.com", password="password", security_token="token",
                      login_url=url)
rows = ({"Name": f"Row {n:07d}", "NumberOfEmployees": n, "Site": "a"} for n in range(count))
result = bulk.insert("Account", rows, journal=journal, parallel=parallel, batch_size=BATCH)
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
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", action="store_true")
    args = parser.parse_args()
    chance = random.Random(args.seed)
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
            journal = Path(folder) / "journal"
            command = [
                sys.executable,
                "-c",
                LOADER,
                url,
                str(journal),
                str(args.rows),
                "3",
                str(BATCH),
            ]
            batches = -(-args.rows // BATCH)
            kills = load(command, args.kills, chance, journal, batches)
            entries = collections.Counter(
                line.split('"event": "')[1].split('"')[0]
                for line in journal.read_text("ascii").splitlines()[1:]
            )
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
    print(f"{kills} kills; {sum(found.values()):,} rows in the org: {missing} missing, "
          f"{doubled} doubled; {calls} calls; journal: {dict(entries)}")  # fmt: skip
    return 0 if not missing and not doubled and len(found) == args.rows else 1


def load(command: list[str], kills: int, chance: random.Random, journal: Path, batches: int) -> int:
    """Start and kill until the kills are used up; then let it end. Returns the kills that hit.

    Most kills come when the journal has got a little further than at the kill before, so that
    they are spread over the whole upload; the others at any moment of a run's first second.
    """
    hit = 0
    phases: collections.Counter[str] = collections.Counter()
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()
        began = time.monotonic()
        before = sent(journal)
        if hit < kills:
            if chance.random() < 0.7:
                wanted = batches * (hit + 1) // (kills + 1)
                while sent(journal) < wanted and process.poll() is None:
                    time.sleep(0.002)
                time.sleep(chance.uniform(0.0, 0.05))
            else:
                time.sleep(chance.uniform(0.0, 1.2))
            process.send_signal(signal.SIGKILL)
        output = process.stdout.read()
        status = process.wait()
        if status == 0:
            print(f"ended by itself after {time.monotonic() - began:.1f} s: {output.strip()}")
            if hit >= kills:
                print(f"kills by phase: {dict(phases)}")
                return hit
            continue
        if status != -signal.SIGKILL:
            raise SystemExit(f"the loader ended with {status}")
        hit += 1
        after = sent(journal)
        phase = "reading" if after == before else "uploading"
        phases["results" if after == batches else phase] += 1
        print(f"kill {hit}: after {time.monotonic() - began:.2f} s, {after} batches sent")


def sent(journal: Path) -> int:
    """Batches that the journal says are in the org."""
    return journal.read_text("ascii").count('"event": "sent"') if journal.exists() else 0


if __name__ == "__main__":
    raise SystemExit(main())
