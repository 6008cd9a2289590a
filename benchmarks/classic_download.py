"""The classic reading calls against those of salesforce-bulk 2.2.0, in one run.

    python benchmarks/classic_download.py

makes a virtual environment with 2.2.0 from PyPI (once, in .venv/classic-2.2.0), starts the replay
server, and runs the same reader with both libraries by turns, each download in a process of its
own. 2.2.0 reads a smaller result of the same rows, and is compared per row. Printed are medians;
the exit code is 1 when a target was missed or the two libraries read different things.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from replay_server import Canned, replay_server

ROOT = Path(__file__).parent.parent
READER = Path(__file__).with_name("classic_download_reader.py")
CLASSIC_VENV = ROOT / ".venv" / "classic-2.2.0"
CLASSIC_REQUIREMENTS = ("salesforce-bulk==2.2.0", "simple-salesforce", "six", "unicodecsv")
MEMORY_LIMIT = 100e6
RESULT_ROWS = 10_000


class Case(NamedTuple):
    """One reading, with the canned results for us and for 2.2.0, and how much faster we must be."""

    title: str
    reading: str
    ours: str
    classic: str
    target: float | None


CASES = (
    Case("by line, gzip", "lines", "Large", "Small", 20),
    Case("by line, identity", "lines", "LargePlain", "SmallPlain", 20),
    Case("unicodecsv.DictReader, gzip", "dicts", "Large", "Small", 20),
    Case("unicodecsv.DictReader, identity", "dicts", "LargePlain", "SmallPlain", 20),
    Case("json.load(IteratorBytesIO)", "json", "Json", "SmallJson", None),
    Case("get_batch_results", "results", "Results", "Results", 50),
)
CEILINGS = (
    ("io.BytesIO by line", "memory_lines"),
    ("unicodecsv.DictReader over io.BytesIO", "memory_dicts"),
    ("requests, gzip, 1 MB pieces", "pieces"),
)
DIGESTS = (
    ("lines_digest", "Small"),
    ("dicts_digest", "Small"),
    ("results_digest", "Results"),
)
MEMORY = (
    ("Large", "lines"),
    ("Large", "dicts"),
    ("Huge", "lines"),
    ("Huge", "dicts"),
    ("Constant", "lines"),
)


def main() -> int:
    options = arguments()
    interpreters = {"ours": Path(sys.executable), "2.2.0": classic_interpreter()}
    canned = {each.name: each for each in canned_results(options)}
    contents = {name: Measure.of(each) for name, each in canned.items()}
    with replay_server(list(canned.values())) as host:
        bench = Bench(host, interpreters, contents, options.repetitions)
        print_preface(bench, options)
        met = [
            bench.same_content(),
            *[bench.compare(case) for case in CASES],
            bench.ceilings(),
            *[bench.memory(name, reading) for name, reading in MEMORY],
        ]
    print("\nall targets met" if all(met) else "\nTARGET MISSED")
    return 0 if all(met) else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--megabytes", type=float, default=100, help="our download")
    parser.add_argument("--classic-megabytes", type=float, default=3, help="that of 2.2.0")
    parser.add_argument("--huge-megabytes", type=float, default=1000, help="for memory only")
    parser.add_argument("--repetitions", type=int, default=5)
    return parser.parse_args()


def canned_results(options: argparse.Namespace) -> list[Canned]:
    return [
        Canned("Large", "query", options.megabytes),
        Canned("LargePlain", "query", options.megabytes, gzip=False, chunk_size=None),
        Canned("Small", "query", options.classic_megabytes),
        Canned("SmallPlain", "query", options.classic_megabytes, gzip=False, chunk_size=None),
        Canned("Json", "query_json", 20),
        Canned("SmallJson", "query_json", 2),
        Canned("Results", "ingest", RESULT_ROWS),
        Canned("Huge", "query", options.huge_megabytes),
        # One column of one value: 64 KB from the wire are 20 MB or more of text.
        Canned("Constant", "query_constant", options.megabytes),
    ]


def classic_interpreter() -> Path:
    """The interpreter that has salesforce-bulk 2.2.0, made at the first use."""
    python = CLASSIC_VENV / "bin" / "python"
    installed = CLASSIC_VENV / ".installed"
    if not installed.exists():
        print(f"installing {CLASSIC_REQUIREMENTS[0]} into {CLASSIC_VENV}", file=sys.stderr)
        venv.create(CLASSIC_VENV, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *CLASSIC_REQUIREMENTS], check=True)
        installed.touch()
    return python


@dataclass(frozen=True)
class Measure:
    """How much a canned result holds."""

    rows: int
    lines: int
    size: int

    @classmethod
    def of(cls, canned: Canned) -> Measure:
        content = canned.content()
        return cls(content.rows, content.lines, content.size)

    def records(self, reading: str) -> int:
        """What a complete reading must have counted."""
        if reading == "pieces":
            return self.size
        return self.lines if "lines" in reading else self.rows


@dataclass(frozen=True)
class Figures:
    """Medians of several runs of one reading."""

    measure: Measure
    seconds: float
    processor: float
    memory: float

    @property
    def rows_per_second(self) -> float:
        return self.measure.rows / self.seconds

    def __str__(self) -> str:
        megabytes = self.measure.size / 1e6
        return (
            f"{megabytes:8.1f} {self.measure.rows:10,} {self.seconds:8.3f} {self.processor:8.3f}"
            f" {self.rows_per_second:12,.0f} {megabytes / self.seconds:8.2f}"
        )


HEADING = (
    f"{'':40} {'':6} {'MB':>8} {'rows':>10} {'s':>8} {'cpu s':>8} {'rows/s':>12} {'MB/s':>8}"
    f" {'ratio':>8} {'cpu':>8} {'target':>7}"
)


@dataclass
class Bench:
    host: str
    interpreters: dict[str, Path]
    measures: dict[str, Measure]
    repetitions: int

    def read(self, side: str, name: str, reading: str) -> dict[str, object]:
        """One download in its own process."""
        command = [self.interpreters[side], READER, self.host, name, reading]
        environment = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
        if side == "ours":
            environment["PYTHONPATH"] = str(ROOT)
        finished = subprocess.run(
            command, stdout=subprocess.PIPE, check=True, text=True, env=environment
        )
        figures: dict[str, object] = json.loads(finished.stdout)
        return figures

    def checked(self, side: str, name: str, reading: str) -> dict[str, float]:
        """The same, of which we know that it read everything."""
        figures = self.read(side, name, reading)
        expected = self.measures[name].records(reading)
        if figures["records"] != expected:
            raise RuntimeError(f"{side} {reading}: {figures['records']} records, not {expected}")
        return {key: float(str(value)) for key, value in figures.items()}

    def medians(self, name: str, runs: list[dict[str, float]]) -> Figures:
        def of(key: str) -> float:
            return statistics.median(run[key] for run in runs)

        return Figures(self.measures[name], of("seconds"), of("processor"), of("memory"))

    def same_content(self) -> bool:
        """Whether both libraries read the same things, by their digest."""
        same = [
            self.read("ours", name, reading)["records"]
            == self.read("2.2.0", name, reading)["records"]
            for reading, name in DIGESTS
        ]
        for (reading, _), equal in zip(DIGESTS, same, strict=True):
            print(f"{reading}: ours and 2.2.0 read {'the same' if equal else 'DIFFERENT THINGS'}")
        print(f"\n{HEADING}")
        return all(same)

    def compare(self, case: Case) -> bool:
        """Both libraries by turns, so that both see the same neighbours on this machine."""
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "2.2.0": []}
        names = {"ours": case.ours, "2.2.0": case.classic}
        for _ in range(self.repetitions):
            for side, name in names.items():
                runs[side].append(self.checked(side, name, case.reading))
        ours, classic = (self.medians(name, runs[side]) for side, name in names.items())
        ratio = ours.rows_per_second / classic.rows_per_second
        processor = (classic.processor / classic.measure.rows) / (
            ours.processor / ours.measure.rows
        )
        target = f"{f'>= {case.target}' if case.target else '':>7}"
        missed = case.target is not None and ratio < case.target
        print(f"{case.title:40} {'2.2.0':6} {classic}")
        print(
            f"{'':40} {'ours':6} {ours} {ratio:8.1f} {processor:8.1f} {target}"
            f"{' MISSED' if missed else ''}",
            flush=True,
        )
        return not missed

    def ceilings(self) -> bool:
        """What the readers cost without any library of ours; no target."""
        print("\nWithout a library, the same bytes as ours by gzip:")
        for title, reading in CEILINGS:
            runs = [self.checked("ours", "Large", reading) for _ in range(self.repetitions)]
            print(f"{title:40} {'':6} {self.medians('Large', runs)}", flush=True)
        return True

    def memory(self, name: str, reading: str) -> bool:
        figures = self.medians(name, [self.checked("ours", name, reading)])
        missed = figures.memory >= MEMORY_LIMIT
        print(
            f"peak memory over start, {name} ({figures.measure.size / 1e6:,.0f} MB), {reading}:"
            f" {figures.memory / 1e6:.1f} MB (target < {MEMORY_LIMIT / 1e6:.0f})"
            f"{' MISSED' if missed else ''}",
            flush=True,
        )
        return not missed


def print_preface(bench: Bench, options: argparse.Namespace) -> None:
    small = bench.measures["Small"].size / 1e6
    large = bench.measures["Large"].size / 1e6
    print(
        f"Python {sys.version.split()[0]}, {os.cpu_count()} processors,"
        f" load {os.getloadavg()[0]:.1f};"
        f" medians of {options.repetitions} runs, each in its own process.\n"
        f"2.2.0 reads {small:.1f} MB of the rows that ours reads {large:.1f} MB of;\n"
        "the JSON pair is 2 MB and 20 MB. ratio: rows/s against 2.2.0;"
        " cpu: the same, by processor seconds a row."
    )


if __name__ == "__main__":
    sys.exit(main())
