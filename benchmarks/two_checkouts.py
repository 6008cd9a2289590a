"""The same loads and exports by two checkouts of this library: what a change costs or wins.

    git worktree add /tmp/before ee1a0d5
    python benchmarks/two_checkouts.py /tmp/before . [--rows 200000] [--repetitions 5] [CASE ...]

against one replay server, on loopback. Each checkout has a process of its own, and both do each
case by turns. Printed are medians a row by processor time, which depends less on what else the
machine does than the wall's clock, and how much the second checkout takes of the first one's. Of
loads through 2.0 the rows are a tenth, all different.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import canned_data
import load
from replay_server import Canned, replay_server

SESSION = "00D000000000000!benchmark"
SOQL = f"SELECT {', '.join(canned_data.COLUMNS)} FROM {{}}"
BYTES_A_ROW = 156.2


class Cases:
    """What is measured, with the library that is imported.

    Attributes:
        by_name: for each case what makes ready, once, and what is measured then.
    """

    def __init__(self, address: str, rows: int, folder: str) -> None:
        from salesforce_bulk import SalesforceBulk  # noqa: PLC0415 - of one checkout or the other

        self._bulk = SalesforceBulk(sessionId=SESSION, host=address)
        self._rows = rows
        self._folder = Path(folder)
        self.by_name: dict[str, Callable[[], Callable[[], object]]] = {
            **self._loads(),
            **self._exports(),
        }

    def _loads(self) -> dict[str, Callable[[], Callable[[], object]]]:
        sources = {
            "dicts": self._dicts,
            "dicts of texts": self._texts,
            "generator": self._dicts,
            "file": self._file,
            "Arrow": self._table,
            "pandas": lambda: self._table().to_pandas(),
        }
        made: dict[str, Callable[[], Callable[[], object]]] = {}
        for name, source in sources.items():
            made[f"load {name}"] = lambda name=name, source=source: self._insert(name, source())
        for name in ("dicts", "file"):
            source = sources[name]
            made[f"load {name}, results read"] = lambda source=source: self._read(source())
        made["load dicts by 2.0"] = lambda: self._insert(
            "dicts", self._dicts()[: self._rows // 10], api="2.0"
        )
        return made

    def _exports(self) -> dict[str, Callable[[], Callable[[], object]]]:
        def made(act: Callable[..., object], name: str, **options: object) -> Callable:
            return lambda: lambda: act(self._bulk.export(SOQL.format(name), **options))

        path = self._folder / "out.csv"
        return {
            "CSV, gzip": made(lambda export: export.to_csv(path), "Gzip"),
            "CSV, gzip, 1.0": made(lambda export: export.to_csv(path), "Gzip", api="1.0"),
            "CSV, gzip, parallel=4": made(lambda export: export.to_csv(path), "Gzip", parallel=4),
            "CSV, identity": made(lambda export: export.to_csv(path), "Identity"),
            "raw dicts": made(exhaust, "Gzip", raw=True),
            "typed dicts": made(exhaust, "Gzip"),
            "to_arrow": made(lambda export: export.to_arrow(), "Gzip"),
            "to_pandas": made(lambda export: export.to_pandas(), "Gzip"),
        }

    def _dicts(self) -> list[dict[str, object]]:
        return list(load.typed_rows(self._rows))

    def _texts(self) -> list[dict[str, object]]:
        rows = load.typed_rows(self._rows)
        return [{name: load.as_text(value) for name, value in row.items()} for row in rows]

    def _table(self):
        return load.stream(self._rows).read_all()

    def _file(self) -> Path:
        path = self._folder / "in.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(name for name, _ in load.FIELDS)
            writer.writerows(row.values() for row in load.typed_rows(self._rows))
        return path

    def _insert(self, name: str, records, **options: object) -> Callable[[], object]:
        def insert() -> None:
            given = iter(records) if name == "generator" else records
            result = self._bulk.insert("Load", given, on_error="report", **options)
            if result.unknown:
                raise RuntimeError(f"unexpected: {result!r}")

        return insert

    def _read(self, records) -> Callable[[], object]:
        return lambda: exhaust(self._bulk.insert("Load", records, on_error="report"))


def exhaust(items) -> None:
    for _ in items:
        pass


def work(root: str, address: str, rows: int) -> None:
    """Do each case that is read from standard input, and print the seconds of processor time."""
    sys.path.insert(0, root)
    import salesforce_bulk  # noqa: PLC0415

    if not Path(salesforce_bulk.__file__).is_relative_to(root):
        raise SystemExit(f"{salesforce_bulk.__file__} is not of {root}")
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(address, rows, folder).by_name
        last, act = "", lambda: None
        for line in sys.stdin:
            name = line.rstrip("\n")
            if name != last:
                last, act = name, cases[name]()
                act()  # what is imported and remembered at the first time
            began = time.process_time()
            act()
            print(time.process_time() - began, flush=True)


@contextlib.contextmanager
def worker(root: str, address: str, rows: int) -> Iterator[Callable[[str], float]]:
    """A process with one checkout, as a function from a case to its seconds."""
    command = [sys.executable, __file__, "work", root, address, str(rows)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipes")

    def measured(name: str) -> float:
        process.stdin.write(f"{name}\n")
        return float(process.stdout.readline())

    with process:
        yield measured
        process.stdin.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all without any")
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    if options.rows % load.BLOCK:
        parser.error(f"rows come in blocks of {load.BLOCK:,}")
    size = options.rows * BYTES_A_ROW / 1e6
    canned = [
        Canned("Gzip", "query", size),
        Canned("Identity", "query", size, gzip=False),
        Canned("Load", "ingest", load.BATCH_ROWS, fields=load.FIELDS),
    ]
    roots = [str(root.resolve()) for root in (options.before, options.after)]
    with replay_server(canned) as address, contextlib.ExitStack() as stack:
        ways = [stack.enter_context(worker(root, address, options.rows)) for root in roots]
        print(f"{options.rows:,} rows, load average {os.getloadavg()[0]:.1f}")
        print("| case | before, us a row | after | after to before |", flush=True)
        for name in options.cases or Cases(address, 0, "").by_name:
            rounds = [[way(name) for way in ways] for _ in range(options.repetitions)]
            rows = options.rows // (10 if name.endswith("2.0") else 1)
            medians = map(statistics.median, zip(*rounds, strict=True))
            before, after = (seconds / rows * 1e6 for seconds in medians)
            print(f"| {name} | {before:.2f} | {after:.2f} | {after / before:.2f} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        work(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main()
