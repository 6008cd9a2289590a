"""Reading by Spark against one process of this library that reads the same, and the picture of it.

    .venv-spark-newest/bin/python benchmarks/spark_read.py --picture docs/spark-read.svg

Against `replay_server.py`. Seconds are of one reading into Spark's ``noop`` sink, in a session that
is running and whose workers are warm; what it takes to start them is told apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import canned_data
from pyspark.sql import SparkSession
from replay_server import Canned, replay_server

from salesforce_bulk import SalesforceBulk
from salesforce_bulk import spark as salesforce_spark

BYTES_A_ROW = 156.2
SESSION = "00D000000000000!benchmark"
#: Partitions that are read at once.
TASKS = (1, 2, 4, 8)
PROVIDER = "benchmark_org:client"
ROOT = Path(__file__).parents[1]


class Reading(NamedTuple):
    """How long one way of reading takes; 0 tasks are the one process of this library."""

    rows: int
    tasks: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    canned = [
        Canned(f"Rows{rows}", "query", rows * BYTES_A_ROW / 1e6, fields=_fields())
        for rows in options.rows
    ]
    with replay_server(canned) as address, tempfile.TemporaryDirectory() as folder:
        _prepare_workers(address, Path(folder))
        readings = [
            Reading(rows, 0, _seconds(_one_process(address, rows))) for rows in options.rows
        ]
        for tasks in TASKS:
            readings += _by_spark(address, tasks, options.rows)
    _print(readings)
    if options.picture:
        options.picture.write_text(_picture(readings), "utf-8")


def _fields() -> tuple[tuple[str, str], ...]:
    return tuple(canned_data.TYPES.items())


def _soql(rows: int) -> str:
    return f"SELECT {', '.join(canned_data.COLUMNS)} FROM Rows{rows}"


def _prepare_workers(address: str, folder: Path) -> None:
    (folder / "benchmark_org.py").write_text(
        "from salesforce_bulk import SalesforceBulk\n\n\n"
        f"def client():\n    return SalesforceBulk(sessionId={SESSION!r}, host={address!r})\n"
    )
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (folder, ROOT)))
    sys.path.insert(0, str(folder))


def _seconds(read: Callable[[], int]) -> float:
    began = time.perf_counter()
    read()
    return time.perf_counter() - began


def _one_process(address: str, rows: int) -> Callable[[], int]:
    bulk = SalesforceBulk(sessionId=SESSION, host=address)

    def read() -> int:
        return sum(batch.num_rows for batch in bulk.export(_soql(rows)).arrow_batches())

    read()
    return read


def _by_spark(address: str, tasks: int, sizes: list[int]) -> list[Reading]:
    began = time.perf_counter()
    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
    session = SparkSession.builder.master(f"local[{tasks}]").config(map=settings).getOrCreate()
    salesforce_spark.register(session)
    bulk = SalesforceBulk(sessionId=SESSION, host=address)

    def reading(rows: int) -> Callable[[], int]:
        frame = salesforce_spark.read(session, bulk, _soql(rows), provider=PROVIDER)

        def read() -> int:
            frame.write.format("noop").mode("overwrite").save()
            return rows

        return read

    reading(sizes[0])()
    sys.stderr.write(f"{tasks} tasks: {time.perf_counter() - began:.1f} s to start and warm up\n")
    found = [Reading(rows, tasks, _seconds(reading(rows))) for rows in sizes]
    session.stop()
    return found


def _print(readings: list[Reading]) -> None:
    alone = {each.rows: each.seconds for each in readings if not each.tasks}
    print("| rows | tasks | seconds | rows/s | of one process without Spark |")
    print("|---|---|---|---|---|")
    for rows, tasks, seconds in readings:
        ratio = f"{alone[rows] / seconds:.2f}"
        print(f"| {rows:,} | {tasks or 'none'} | {seconds:.2f} | {rows / seconds:,.0f} | {ratio} |")


def _picture(readings: list[Reading]) -> str:
    """Seconds over rows, a line for each number of tasks."""
    from matplotlib import use  # noqa: PLC0415 - nothing else here needs it

    use("svg")
    import matplotlib.pyplot as plot  # noqa: PLC0415

    figure, axes = plot.subplots(figsize=(7, 4))
    for tasks in (0, *TASKS):
        line = [(each.rows, each.seconds) for each in readings if each.tasks == tasks]
        label = f"Spark, {tasks} task{'s' * (tasks > 1)}" if tasks else "this library, one process"
        axes.plot(*zip(*line, strict=True), marker="o", label=escape(label))
    axes.set_xscale("log")
    axes.set_xlabel("rows")
    axes.set_yscale("log")
    axes.set_ylabel("seconds")
    axes.legend()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picture.svg")
        figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
        return path.read_text("utf-8")


if __name__ == "__main__":
    main()
