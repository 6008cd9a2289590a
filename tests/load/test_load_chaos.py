"""Faults of every kind and crashes at random: what a load says is true, and no row is doubled.

python tests/load/test_load_chaos.py FIRST LAST     runs further seeds
"""

import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from fast_clock import FastClock
from test_load_resume import Crash, crash_at

from salesforce_bulk import BulkApiError
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.clock import ManualClock

COUNT = 60
ROWS = [{"Name": f"Row {n:02d}", "NumberOfEmployees": n} for n in range(COUNT)]
#: Kinds of faults and what they need; they strike calls of jobs, of either API.
FAULTS = [
    ("answer_lost", {}),
    ("reset_before", {}),
    ("reset_after", {}),
    ("reset_during", {"after_bytes": 40}),
    ("closed_before", {}),
    ("html_error", {"status": 503}),
    ("html_error", {"status": 200}),
    ("html_error_after", {"status": 502}),
    ("api_error", {"status": 500}),
    ("api_error", {"status": 503, "code": "SERVER_UNAVAILABLE"}),
    ("cut", {"after_bytes": 50}),
    ("cut_sized", {"after_bytes": 50}),
    ("cut_unsized", {"after_bytes": 90}),
    ("corrupt_gzip", {}),
    ("garbage", {}),
    ("session_expired", {}),
    ("request_limit", {}),
    ("quota_used_up", {}),
    ("results_not_ready", {}),
    ("results_expired", {}),
    ("empty_as_204", {}),
]
#: What strikes batches.
BATCHES = [
    ("batch_failed", {"after_rows": 0}),
    ("batch_failed", {"after_rows": 3}),
    ("row_errors", {"rows": 3}),
    ("lock_failures", {"after_rows": 2}),
    ("requeue", {"after_rows": 4}),
]


def misbehave(org, chance):
    for _ in range(chance.randint(1, 4)):
        kind, details = chance.choice(FAULTS)
        paths = ("/services/async/*", "/services/data/*/jobs/*")
        times, probability = chance.choice([(1, 1.0), (3, 0.5), (0, 0.15)])
        for path in paths:
            org.faults.add(
                kind, path=path, nth=chance.randint(1, 12), times=times, probability=probability,
                **details,
            )  # fmt: skip
    for _ in range(chance.randint(0, 2)):
        kind, details = chance.choice(BATCHES)
        org.faults.add(kind, nth=chance.randint(1, 4), **details)


def held(org):
    return Counter(name for (name,) in org.org.query("SELECT Name FROM Account"))


def check(org, result):
    """Each row's status is what the org says of it."""
    by_id = dict(org.org.query("SELECT Id, Name FROM Account"))
    names = Counter(by_id.values())
    found = list(result)
    assert [row.number for row in found] == list(range(1, COUNT + 1))
    assert max(names.values(), default=0) <= 1, names.most_common(3)
    for row, given in zip(found, ROWS, strict=True):
        if row.status == "success":
            assert by_id[row.id] == given["Name"]
        elif row.status in ("failed", "unprocessed"):
            assert given["Name"] not in names, row
            assert row.error is not None
    counts = Counter(row.status for row in found)
    views = (result.succeeded, result.failed, result.unprocessed, result.unknown)
    assert list(map(int, views)) == [
        counts[status] for status in ("success", "failed", "unprocessed", "unknown")
    ]


def run(seed, folder):
    chance = random.Random(seed)
    options = {
        "api": chance.choice(["1.0", "2.0"]),
        "batch_size": chance.choice([7, 20, 60]),
        "parallel": chance.choice([1, 3]),
        "on_error": "report",
    }
    journal = Path(folder) / f"journal {seed}" if chance.random() < 0.7 else None
    with SalesforceEmulator(inline=True, clock=ManualClock(), seed=seed) as org:
        bulk = org.connect(clock=FastClock())
        bulk.insert("Account", [{"Name": "first"}])  # its description is fetched
        misbehave(org, chance)
        result = None
        for attempt in range(5):
            if attempt >= 3:
                org.faults.clear()
            error = None
            try:
                with pytest.MonkeyPatch.context() as patch:
                    if journal is not None and attempt < 3 and chance.random() < 0.6:
                        crash_at(patch, chance.randint(0, 30))
                    result = bulk.insert("Account", ROWS, journal=journal, **options)
                    check(org, result)
                    if chance.random() < 0.7:
                        result = result.retry(batch_size=chance.choice([5, 30]))
                        check(org, result)
            except (BulkApiError, Crash) as caught:
                error = caught
            if error is None:
                break
            assert max(held(org).values(), default=0) <= 1, error
            if journal is None:
                return type(error).__name__
            bulk = org.connect(clock=FastClock())
        org.faults.clear()
        if result is not None:
            result = result.retry()
            check(org, result)
        if result is not None and journal is not None:
            again = org.connect(clock=FastClock()).resume(journal, ROWS, on_error="report")
            check(org, again)
            # What could not be read before may be there now; what was known stays so.
            for before, after in zip(result, again, strict=True):
                assert before.status in ("unknown", after.status)
                assert before.id in (None, after.id)
        return None if result is None else result.summary()


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_result_is_true(seed, tmp_path):
    run(seed, tmp_path)


if __name__ == "__main__":
    ends = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(int(sys.argv[1]), int(sys.argv[2])):
            try:
                ends[run(number, folder)] += 1
            except Exception as error:  # noqa: BLE001 - the seed is what is wanted
                sys.stdout.write(f"seed {number}: {type(error).__name__}: {str(error)[:300]}\n")
                ends["wrong"] += 1
    sys.stdout.write(f"{ends.most_common(12)}\n")
