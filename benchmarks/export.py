"""The speed of exports, as ratios to what limits them in the same run, and their memory.

    .venv/bin/python benchmarks/export.py [--rows 1000000] [--repeats 5] [--memory]

Against `replay_server.py`, which is faster than any client. Both sides of a ratio run by turns;
the figures are medians. Exit code 1 if a target is missed. ``--memory`` measures 10,000,000 rows
into a CSV file and a Parquet file, each in a process of its own. ``--without-isal`` measures as
where the extra ``speed`` is not installed.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
import types
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

if "--without-isal" in sys.argv:
    sys.modules["isal"] = None  # as if it were not there

import canned_data
import pyarrow as pa
import requests
from pyarrow import csv as arrow_csv
from replay_server import Canned, replay_server

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.formats.arrow_read import arrow_schema
from salesforce_bulk.formats.gunzip import fastest, gunzip

SOQL = f"SELECT {', '.join(canned_data.COLUMNS)} FROM {{}}"
BYTES_A_ROW = 156.2
SESSION = "00D000000000000!benchmark"


class Case(NamedTuple):
    name: str
    limit: Callable[[], object]
    ours: Callable[[], object]
    target: float


class Bench:
    """What is measured, over one replay server."""

    def __init__(self, address: str, folder: Path, rows: int) -> None:
        self.address = address
        self.folder = folder
        self.bulk = SalesforceBulk(sessionId=SESSION, host=address)
        content = canned_data.query_csv(rows * BYTES_A_ROW / 1e6)
        self.body = b"".join(content.bytes())
        self.rows = content.rows

    def cases(self) -> Iterator[Case]:
        if fastest is not zlib:
            yield Case("gunzip by isal, to zlib", self._gunzip(zlib), self._gunzip(fastest), 2)
        for name in ("Gzip", "Identity"):
            limit = self._reader(name)
            yield Case(f"CSV file, {name}, one stream", limit, self._to_csv(name), 0.9)
            yield Case(f"CSV file, {name}, 1.0", limit, self._to_csv(name, api="1.0"), 0.9)
            target = 1.4 if name == "Gzip" else 0.9
            four = self._to_csv(name, parallel=4)
            yield Case(f"CSV file, {name}, parallel=4", limit, four, target)
        for name in ("Gzip", "Identity"):
            raw = self._iterate(name, raw=True)
            yield Case(f"dicts, raw, {name}", self._csv_dicts, raw, 0.85)
            yield Case(f"dicts, typed, {name}, to raw", raw, self._iterate(name), 0.6)
            arrow = self._arrow(name)
            yield Case(f"Arrow, typed, {name}", self._arrow_in_memory, arrow, 0.8)
            more = self._arrow(name, parallel=4)
            yield Case(f"Arrow, typed, {name}, parallel=4", self._arrow_in_memory, more, 0.8)

    def _gunzip(self, library: types.ModuleType) -> Callable[[], object]:
        packed = gzip.compress(self.body, 6)

        def read() -> None:
            pieces = (packed[at : at + 65_536] for at in range(0, len(packed), 65_536))
            for _ in gunzip(pieces, may_be_empty=False, library=library):
                pass

        return read

    def _reader(self, name: str) -> Callable[[], object]:
        """requests, in pieces of 1 MB, into a file."""
        job = self.bulk.create_query_job(name)
        batch = self.bulk.query(job, SOQL.format(name))
        result = self.bulk.get_query_batch_result_ids(batch, job)[0]
        url = f"{self.bulk.endpoint}/job/{job}/batch/{batch}/result/{result}"
        headers = {"X-SFDC-Session": SESSION, "Accept-Encoding": self._coding(name)}

        def read() -> None:
            with (
                requests.get(url, headers=headers, stream=True, timeout=60) as answer,
                (self.folder / "limit.csv").open("wb") as file,
            ):
                for piece in answer.iter_content(1 << 20):
                    file.write(piece)

        return read

    @staticmethod
    def _coding(name: str) -> str:
        return "gzip" if name == "Gzip" else "identity"

    def _to_csv(self, name: str, **options: object) -> Callable[[], object]:
        def write() -> None:
            path = self.folder / "ours.csv"
            rows = self.bulk.export(SOQL.format(name), **options).to_csv(path)
            if rows != self.rows:
                raise RuntimeError(f"{rows} of {self.rows} rows")

        return write

    def _iterate(self, name: str, **options: object) -> Callable[[], object]:
        def read() -> None:
            count = 0
            for _ in self.bulk.export(SOQL.format(name), **options):
                count += 1
            if count != self.rows:
                raise RuntimeError(f"{count} of {self.rows} rows")

        return read

    def _csv_dicts(self) -> None:
        reader = csv.reader(io.TextIOWrapper(io.BytesIO(self.body), "utf-8", newline=""))
        header = next(reader)
        for row in reader:
            dict(zip(header, row))  # noqa: B905 - the limit checks nothing

    def _arrow(self, name: str, **options: object) -> Callable[[], object]:
        def read() -> None:
            if self.bulk.export(SOQL.format(name), **options).to_arrow().num_rows != self.rows:
                raise RuntimeError("rows are missing")

        return read

    def _arrow_in_memory(self) -> pa.Table:
        schema = arrow_schema(self.bulk.export(SOQL.format("Gzip")).columns)
        return arrow_csv.read_csv(
            io.BytesIO(self.body),
            arrow_csv.ReadOptions(block_size=4 << 20),
            arrow_csv.ParseOptions(newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types={field.name: field.type for field in schema},
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                true_values=["true"],
                false_values=["false"],
            ),
        )

    def check(self) -> None:
        """What is written is what was sent."""
        expected = hashlib.sha256(self.body).hexdigest()
        for name in ("Gzip", "Identity"):
            for options in ({}, {"parallel": 4}, {"api": "1.0"}):
                self._to_csv(name, **options)()
                found = (self.folder / "ours.csv").read_bytes()
                if hashlib.sha256(found).hexdigest() != expected:
                    raise RuntimeError(f"the file differs: {name} {options}")


class Times(NamedTuple):
    """Medians, in seconds: by the wall's clock, and of this process on all processors."""

    wall: float
    processor: float


def measure(case: Case, repeats: int) -> tuple[Times, Times]:
    """The limit and ours, by turns."""
    found: tuple[list[Times], list[Times]] = ([], [])
    for _ in range(repeats):
        for run, times in zip((case.limit, case.ours), found, strict=True):
            wall, processor = time.perf_counter(), time.process_time()
            run()
            times.append(Times(time.perf_counter() - wall, time.process_time() - processor))
    limit, ours = (Times(*map(statistics.median, zip(*t, strict=True))) for t in found)
    return limit, ours


MEMORY = """
import resource, sys, pyarrow, pyarrow.parquet
sys.path.insert(0, {folder!r})
from salesforce_bulk import SalesforceBulk
def peak():
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1])
bulk = SalesforceBulk(sessionId={session!r}, host={address!r})
export = bulk.export({soql!r}, **{options!r})
export.columns
before = peak()
rows = getattr(export, {method!r})({target!r})
print(rows, (peak() - before) // 1024)
"""


def memory(rows: int) -> bool:
    """Peak over start of each way to a file."""
    size = rows * BYTES_A_ROW / 1e6
    fine = True
    with (
        replay_server([Canned("Gzip", "query", size)]) as address,
        tempfile.TemporaryDirectory() as folder,
    ):
        for method, options, limit in (
            ("to_csv", {}, 100),
            ("to_csv", {"parallel": 4}, 100),
            ("to_csv", {"api": "1.0"}, 100),
            ("to_parquet", {}, 300),
            ("to_parquet", {"parallel": 4}, 300),
        ):
            target = str(Path(folder) / "x")
            code = MEMORY.format(
                folder=str(Path(__file__).parent),
                session=SESSION,
                address=address,
                soql=SOQL.format("Gzip"),
                options=options,
                method=method,
                target=target,
            )
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True
            )
            seconds = time.perf_counter() - began
            count, megabytes = map(int, done.stdout.split())
            ok = megabytes < limit
            fine = fine and ok
            print(
                f"| {method} {options or ''} | {count:,} rows "
                f"| {Path(target).stat().st_size:,} bytes "
                f"| {megabytes} MB over start | < {limit} | {seconds:.0f} s | {_verdict(ok)} |",
                flush=True,
            )
    return fine


def _verdict(ok: bool) -> str:
    return "" if ok else "**missed**"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", help="cases whose name has this in it")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--without-isal", action="store_true")
    options = parser.parse_args()
    if options.memory:
        return 0 if memory(options.rows) else 1
    size = options.rows * BYTES_A_ROW / 1e6
    canned = [Canned("Gzip", "query", size), Canned("Identity", "query", size, gzip=False)]
    fine = True
    with replay_server(canned) as address, tempfile.TemporaryDirectory() as folder:
        bench = Bench(address, Path(folder), options.rows)
        bench.check()
        print(
            "| case | limit rows/s | ours rows/s | ratio | target | by processor time |", flush=True
        )
        for case in bench.cases():
            if options.only not in case.name:
                continue
            limit, ours = measure(case, options.repeats)
            ratio = limit.wall / ours.wall
            fine = fine and ratio >= case.target
            print(
                f"| {case.name} | {bench.rows / limit.wall:,.0f} | {bench.rows / ours.wall:,.0f} "
                f"| {ratio:.2f} | {case.target} {_verdict(ratio >= case.target)} "
                f"| {limit.processor / ours.processor:.2f} |",
                flush=True,
            )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
