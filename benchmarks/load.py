"""Loading dict rows through Bulk API 1.0, results included, against what bounds it.

    python benchmarks/load.py [--rows 1000000] [--repetitions 5]

against the replay server, on loopback. By turns, in one process: `csv.writer` alone writing the
same rows as tuples into a file, and `SalesforceBulk.insert` of the dicts, which sends 100 batches
and fetches, checks and counts a result for every row. Then the way of 2.2.0 (a CsvDictsAdapter a
batch, post_batch, get_batch_results) with 2.2.0 itself, fewer rows of the same kind, compared per
row. Printed are medians; exit code 1 where a target is missed.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timezone
from pathlib import Path

import canned_data

FIELDS = (
    ("Ext__c", "string"),
    ("Name", "string"),
    ("Owner__c", "string"),
    ("Industry", "picklist"),
    ("AnnualRevenue", "currency"),
    ("NumberOfEmployees", "int"),
    ("IsActive__c", "boolean"),
    ("SLAExpirationDate__c", "date"),
    ("Seen__c", "datetime"),
    ("Description", "textarea"),
)
BATCH_ROWS = 10_000
BLOCK = 20_000
TARGET_OF_CSV = 0.6
TARGET_OF_CLASSIC = 30


def typed_rows(count: int) -> Iterator[dict[str, object]]:
    """Rows of ten typed columns, the same ones each time; one block of them repeats."""
    block = []
    for cells in canned_data.rows(min(count, BLOCK)):
        key, name, owner, industry, revenue, employees, active, expires, changed, text = cells
        moment = datetime.strptime(str(changed), "%Y-%m-%dT%H:%M:%S.%fZ")
        values = (
            key, name, owner, industry, revenue, employees, active,
            date.fromisoformat(str(expires)), moment.replace(tzinfo=timezone.utc), text,
        )  # fmt: skip
        block.append(dict(zip((name for name, _ in FIELDS), values, strict=True)))
    for number in range(count):
        yield dict(block[number % BLOCK])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--classic-rows", type=int, default=20_000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--memory-rows", type=int, default=5_000_000)
    options = parser.parse_args()
    from classic_download import classic_interpreter  # noqa: PLC0415 - absent for 2.2.0
    from replay_server import Canned, replay_server  # noqa: PLC0415

    canned = Canned("Load", "ingest", BATCH_ROWS, fields=FIELDS)
    with replay_server([canned]) as host:
        alone, ours, read = measured(host, options.rows, options.repetitions)
        classic = classic_rate(str(classic_interpreter()), host, options.classic_rows)
        print(f"csv.writer, tuples        {options.rows / alone:12,.0f} rows/s")
        print(f"insert, with results      {options.rows / ours:12,.0f} rows/s")
        print(f"  and reading each result {options.rows / read:12,.0f} rows/s")
        print(f"2.2.0's way               {classic:12,.0f} rows/s")
        of_csv = alone / ours
        of_classic = options.rows / ours / classic
        print(f"of csv.writer             {of_csv:12.2f} (target {TARGET_OF_CSV})")
        print(f"of 2.2.0                  {of_classic:12.1f} (target {TARGET_OF_CLASSIC})")
        met = of_csv >= TARGET_OF_CSV and of_classic >= TARGET_OF_CLASSIC
        for kind in ("generator", "file"):
            peak = memory(host, kind, options.memory_rows)
            print(f"peak memory over start, {options.memory_rows:,} rows from a {kind}: "
                  f"{peak:.0f} MB (target 150)")  # fmt: skip
            met = met and peak < 150
    return 0 if met else 1


def measured(host: str, count: int, repetitions: int) -> tuple[float, float, float]:
    """Median seconds of csv.writer alone, of our insert, and of it with all results read."""
    bulk = client(host)
    dicts = list(typed_rows(count))
    tuples = [tuple(row.values()) for row in dicts]
    alone, ours, read = [], [], []
    for _ in range(repetitions):
        alone.append(seconds(lambda: write_alone(tuples)))
        ours.append(seconds(lambda: insert(bulk, dicts)))
        read.append(seconds(lambda: sum(1 for _ in insert(bulk, dicts))))
    return statistics.median(alone), statistics.median(ours), statistics.median(read)


def client(host: str):
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    return SalesforceBulk(sessionId="00D000000000001!secret", host=host)


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def write_alone(rows: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryFile("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def insert(bulk, rows):
    result = bulk.insert("Load", rows, on_error="report")
    if result.failed != len(rows) // 100:
        raise SystemExit(f"unexpected: {result!r}")
    return result


def memory(host: str, kind: str, count: int) -> float:
    """Peak memory over start in MB, in a process of its own."""
    command = [sys.executable, __file__, "memory", host, kind, str(count)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure_memory(host: str, kind: str, count: int) -> None:
    bulk = client(host)
    bulk.insert("Load", iter([{"Name": "x", "Ext__c": "y"}] * BATCH_ROWS), on_error="report")
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        records: object = typed_rows(count)
        if kind == "file":
            writer = csv.writer(file)
            writer.writerow(name for name, _ in FIELDS)
            for row in typed_rows(count):
                writer.writerow(row.values())
            file.flush()
            records = file.name
        before = peak_megabytes()
        result = bulk.insert("Load", records, on_error="report")
        read = sum(1 for _ in result)
        after = peak_megabytes()
    if read != count:
        raise SystemExit(f"{read} results for {count} rows")
    print(after - before)


def peak_megabytes() -> float:
    """Of this process; getrusage would tell of the parent's peak before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def classic_rate(python: str, host: str, count: int) -> float:
    """Rows a second of 2.2.0, in its own interpreter."""
    command = [python, __file__, "classic", host, str(count)]
    # A PYTHONPATH would put this checkout before 2.2.0.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return float(done.stdout)


def measure_classic(host: str, count: int) -> None:
    from salesforce_bulk import CsvDictsAdapter, SalesforceBulk  # noqa: PLC0415

    bulk = SalesforceBulk(sessionId="00D000000000001!secret", host=host)
    bulk.endpoint = f"{host}/services/async/40.0"
    rows = list(typed_rows(count))
    began = time.perf_counter()
    job = bulk.create_insert_job("Load", contentType="CSV")
    batches = [
        bulk.post_batch(job, CsvDictsAdapter(iter(rows[start : start + BATCH_ROWS])))
        for start in range(0, count, BATCH_ROWS)
    ]
    bulk.close_job(job)
    for batch in batches:
        bulk.wait_for_batch(job, batch, sleep_interval=0.01)
        bulk.get_batch_results(batch)
    print(count / (time.perf_counter() - began))


if __name__ == "__main__":
    if sys.argv[1:2] == ["classic"]:
        measure_classic(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["memory"]:
        measure_memory(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        raise SystemExit(main())
