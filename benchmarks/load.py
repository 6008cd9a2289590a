"""Loading dict rows through Bulk API 1.0, results included, against what bounds it.

    python benchmarks/load.py [--rows 1000000] [--repetitions 5]
    python benchmarks/load.py --memory 5000000 [--kinds generator file stream] [--api 2.0]

against the replay server, on loopback. By turns, in one process: `csv.writer` alone writing the
same rows as tuples into a file; `SalesforceBulk.insert` of the dicts, which sends 100 batches and
fetches, checks and counts a result for every row; the same with each result read; and
simple-salesforce's `bulk` and `bulk2`, which take dates as texts only, so that they are compared
with an insert of just these texts; nothing is asked of them that they do not fetch by themselves
(`bulk2` gives counts only). Then the way of 2.2.0 (a CsvDictsAdapter a batch,
post_batch, get_batch_results) with 2.2.0 itself, fewer rows of the same kind, compared per row.
Printed are medians, by the wall's clock and by the client's processor time, which depends less on
what else the machine does; the targets are for the clock. With --memory the peak memory of one load
and the reading of its results, by what the rows come from. Exit code 1 where a target is missed.
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
from typing import NamedTuple

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
SESSION = "00D000000000001!secret"
BATCH_ROWS = 10_000
BLOCK = 20_000
TARGET_MEGABYTES = 100


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
    parser.add_argument("--memory", type=int, metavar="ROWS")
    parser.add_argument("--kinds", nargs="+", choices=sorted(KINDS), default=sorted(KINDS))
    parser.add_argument("--api", choices=["1.0", "2.0"], default="1.0")
    options = parser.parse_args()
    if options.rows % BATCH_ROWS or options.classic_rows % BATCH_ROWS:
        parser.error(f"the server has results for batches of {BATCH_ROWS:,} rows")
    from replay_server import Canned, replay_server  # noqa: PLC0415 - absent for 2.2.0

    canned = [
        Canned("Load", "ingest", BATCH_ROWS, fields=FIELDS),
        Canned("LoadJson", "ingest_json", BATCH_ROWS),
    ]
    with replay_server(canned) as host:
        if options.memory:
            met = memory_told(host, options.kinds, options.api, options.memory)
        else:
            met = speed_told(host, options.rows, options.repetitions, options.classic_rows)
    return 0 if met else 1


def speed_told(host: str, rows: int, repetitions: int, classic_rows: int) -> bool:
    from classic_download import classic_interpreter  # noqa: PLC0415

    python = str(classic_interpreter())
    taken = measured(host, rows, repetitions)
    rounds = [classic_taken(python, host, classic_rows) for _ in range(repetitions)]
    taken["2.2.0's way"] = Taken(*map(statistics.median, zip(*rounds, strict=True)))
    print(f"{rows:,} rows, load average {os.getloadavg()[0]:.1f}")
    for name, took in taken.items():
        print(f"{name:28}{1 / took.clock:12,.0f} rows/s")
    met = True
    for name, target in TARGETS.items():
        ours = OURS_AS_TEXTS if name.startswith("simple") else OURS
        counted, read = (ratio(taken[name], taken[way]) for way in ours)
        print(f"of {name:26} {told(counted)}, each result read {told(read)} (target {target})")
        met = met and read.clock >= target
    return met


class Taken(NamedTuple):
    """Seconds, or ratios of them, by the wall's clock and by this process's processor time."""

    clock: float
    processor: float


def ratio(one: Taken, other: Taken) -> Taken:
    return Taken(one.clock / other.clock, one.processor / other.processor)


def told(ratios: Taken) -> str:
    return f"{ratios.clock:6.2f} (processor {ratios.processor:6.2f})"


OURS = ("insert, with results", "insert, each result read")
OURS_AS_TEXTS = ("texts, with results", "texts, each result read")
TARGETS = {
    "csv.writer, tuples": 0.6,
    "2.2.0's way": 30,
    "simple-salesforce bulk": 1.2,
    "simple-salesforce bulk2": 3,
}


def measured(host: str, count: int, repetitions: int) -> dict[str, Taken]:
    """Medians a row of each way, all by turns."""
    from simple_salesforce.bulk import SFBulkHandler  # noqa: PLC0415
    from simple_salesforce.bulk2 import SFBulk2Handler  # noqa: PLC0415

    bulk = client(host)
    peer = SFBulkHandler(SESSION, f"{host}/services/async/64.0/").LoadJson
    peer2 = SFBulk2Handler(SESSION, f"{host}/services/data/v64.0/jobs/").Load
    dicts = list(typed_rows(count))
    tuples = [tuple(row.values()) for row in dicts]
    texts = [{name: as_text(value) for name, value in row.items()} for row in dicts]
    ways: dict[str, Callable[[], object]] = {
        "csv.writer, tuples": lambda: write_alone(tuples),
        OURS[0]: lambda: insert(bulk, dicts),
        OURS[1]: lambda: read_all(insert(bulk, dicts)),
        OURS_AS_TEXTS[0]: lambda: insert(bulk, texts),
        OURS_AS_TEXTS[1]: lambda: read_all(insert(bulk, texts)),
        "simple-salesforce bulk": lambda: peer.insert(texts, batch_size=BATCH_ROWS),
        "simple-salesforce bulk2": lambda: peer2.insert(
            records=texts, batch_size=200_000, wait=0.01
        ),
    }
    return by_turns(ways, count, repetitions)


def by_turns(
    ways: dict[str, Callable[[], object]], count: int, repetitions: int
) -> dict[str, Taken]:
    """Medians a row of each way, which does so many rows."""
    taken: dict[str, list[Taken]] = {name: [] for name in ways}
    for _ in range(repetitions):
        for name, way in ways.items():
            taken[name].append(seconds(way))
    return {
        name: Taken(*(statistics.median(each) / count for each in zip(*rounds, strict=True)))
        for name, rounds in taken.items()
    }


def as_text(value: object) -> object:
    """What json.dumps takes."""
    return value.isoformat() if isinstance(value, date) else value


def client(host: str):
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    return SalesforceBulk(sessionId=SESSION, host=host)


def seconds(act: Callable[[], object]) -> Taken:
    clock, processor = time.perf_counter(), time.process_time()
    act()
    return Taken(time.perf_counter() - clock, time.process_time() - processor)


def write_alone(rows: list[tuple[object, ...]]) -> None:
    with tempfile.TemporaryFile("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def insert(bulk, rows):
    result = bulk.insert("Load", rows, on_error="report")
    if result.failed != len(rows) // 100:
        raise SystemExit(f"unexpected: {result!r}")
    return result


def read_all(result) -> None:
    for _ in result:
        pass


def memory_told(host: str, kinds: list[str], api: str, count: int) -> bool:
    peaks = {kind: memory(host, kind, api, count) for kind in kinds}
    for kind, peak in peaks.items():
        print(f"peak memory over start, {count:,} rows from a {kind} through {api}: "
              f"{peak:.0f} MB (target {TARGET_MEGABYTES})")  # fmt: skip
    return max(peaks.values()) < TARGET_MEGABYTES


def memory(host: str, kind: str, api: str, count: int) -> float:
    """Peak memory over start in MB, in a process of its own."""
    command = [sys.executable, __file__, "memory", host, kind, api, str(count)]
    return float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def measure_memory(host: str, kind: str, api: str, count: int) -> None:
    bulk = client(host)
    few = KINDS[kind](BATCH_ROWS)
    bulk.insert("Load", few, on_error="report", api=api)
    with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8", newline="") as file:
        records = KINDS[kind](count)
        if kind == "file":
            writer = csv.writer(file)
            writer.writerow(name for name, _ in FIELDS)
            for row in typed_rows(count):
                writer.writerow(row.values())
            file.flush()
            records = file.name
        before = peak_megabytes()
        result = bulk.insert("Load", records, on_error="report", api=api)
        loaded = peak_megabytes()
        read = sum(1 for _ in result)
        after = peak_megabytes()
    if read != count or result.unknown:
        raise SystemExit(f"{read} results for {count} rows: {result!r}")
    print(f"{loaded - before:.0f} MB when loaded", file=sys.stderr)
    print(after - before)


def stream(count: int):
    """The rows as a stream of record batches."""
    import pyarrow as pa  # noqa: PLC0415

    block = pa.Table.from_pylist(list(typed_rows(min(count, BLOCK)))).combine_chunks().to_batches()
    return pa.RecordBatchReader.from_batches(block[0].schema, block * (count // len(block[0])))


#: What the rows come from. A file is written first, and then is its path.
KINDS: dict[str, Callable[[int], object]] = {
    "generator": typed_rows,
    "file": typed_rows,
    "stream": stream,
}


def peak_megabytes() -> float:
    """Of this process; getrusage would tell of the parent's peak before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def classic_taken(python: str, host: str, count: int) -> Taken:
    """Seconds a row of 2.2.0, in its own interpreter."""
    command = [python, __file__, "classic", host, str(count)]
    # A PYTHONPATH would put this checkout before 2.2.0.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
    return Taken(*map(float, done.stdout.split()))


def measure_classic(host: str, count: int) -> None:
    from salesforce_bulk import CsvDictsAdapter, SalesforceBulk  # noqa: PLC0415

    bulk = SalesforceBulk(sessionId=SESSION, host=host)
    bulk.endpoint = f"{host}/services/async/40.0"
    rows = list(typed_rows(count))
    clock, processor = time.perf_counter(), time.process_time()
    job = bulk.create_insert_job("Load", contentType="CSV")
    batches = [
        bulk.post_batch(job, CsvDictsAdapter(iter(rows[start : start + BATCH_ROWS])))
        for start in range(0, count, BATCH_ROWS)
    ]
    bulk.close_job(job)
    for batch in batches:
        bulk.wait_for_batch(job, batch, sleep_interval=0.01)
        bulk.get_batch_results(batch)
    print((time.perf_counter() - clock) / count, (time.process_time() - processor) / count)


if __name__ == "__main__":
    if sys.argv[1:2] == ["classic"]:
        measure_classic(sys.argv[2], int(sys.argv[3]))
    elif sys.argv[1:2] == ["memory"]:
        measure_memory(sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
    else:
        raise SystemExit(main())
