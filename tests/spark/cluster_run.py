"""A standalone Spark cluster of two workers against the emulator: every row is there once.

    python tests/spark/cluster_run.py --read 5000000 --write 500000

Reads an object of ``--read`` rows, by a classic session and through Spark Connect, and compares
every value; then writes ``--write`` rows calmly and under each fault: a task that raises, a Python
worker that dies, an executor that is killed, a slow task that is run twice, and a commit that
breaks half-way and is resumed. Exits with 1 where a row is missing, doubled or changed.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark
import task_faults
from pyspark.sql import DataFrame, SparkSession

from salesforce_bulk import spark as salesforce_spark
from salesforce_bulk.emulator import SalesforceEmulator

HERE = Path(__file__).parent
PROVIDER = "cluster_org:client"
HOSTS = ("127.0.0.1", "127.0.0.2")
ROW = {"Ext__c": "externalId", "Text__c": "text", "Count__c": "number", "Done__c": "checkbox"}
#: What every row holds, as Spark computes it of the row's number.
VALUES = {
    "Ext__c": "concat('e', {n})",
    "Text__c": "concat('row ', {n}, '\\n\"ß\"')",
    "Count__c": "cast({n} as double)",
    "Done__c": "({n} % 2 = 0)",
}
FAULTS: dict[str, Callable[..., Iterator[object]] | None] = {
    "calm": None,
    "a task raises": task_faults.raises,
    "a worker dies": task_faults.dies,
    "an executor is killed": task_faults.kills_its_executor,
    "a slow task is run twice": task_faults.is_slow,
}


def main() -> int:
    options = _options()
    with ExitStack() as stack:
        org = stack.enter_context(SalesforceEmulator())
        _prepare_workers(org, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        master = stack.enter_context(_cluster())
        _fill(org, options.read, options.page)
        wrong = []
        with _classic(master) as session:
            wrong += _read(session, org, options.read, "classic")
            wrong += _write_all(session, org, options.write)
        with _connect(master) as session:
            wrong += _read(session, org, options.read, "Connect")
            wrong += _write(session, org, options.write, "through Connect", None)
    for line in wrong:
        print("WRONG", line)
    print("every row once" if not wrong else f"{len(wrong)} faults")
    return bool(wrong)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", type=int, default=20_000, help="rows that are read")
    parser.add_argument("--write", type=int, default=8_000, help="rows of each write")
    parser.add_argument("--page", type=int, default=250_000, help="rows of a partition at most")
    return parser.parse_args()


def _prepare_workers(org: SalesforceEmulator, folder: Path) -> None:
    login = {
        "username": org.username,
        "password": org.password,
        "security_token": org.security_token,
        "login_url": org.url,
    }
    (folder / "cluster_org.py").write_text(
        "from salesforce_bulk import SalesforceBulk\n\n\n"
        f"def client():\n    return SalesforceBulk(**{login!r})\n"
    )
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (folder, HERE.parents[1], HERE)))
    os.environ["SPARK_LOCAL_IP"] = HOSTS[0]
    sys.path.insert(0, str(folder))


@contextmanager
def _cluster() -> Iterator[str]:
    """A master and a worker on each host, each of them a process."""
    port = _free_port()
    master = f"spark://{HOSTS[0]}:{port}"
    deploy = "org.apache.spark.deploy"
    commands = [[f"{deploy}.master.Master", "--host", HOSTS[0], "--port", str(port)]]
    for host in HOSTS:
        size = ["--cores", "2", "--memory", "2g", "--work-dir", tempfile.mkdtemp()]
        commands.append([f"{deploy}.worker.Worker", "--host", host, *size, master])
    home = Path(pyspark.__file__).parent
    started = []
    for command in commands:
        started.append(
            subprocess.Popen(
                [home / "bin" / "spark-class", *command, "--webui-port", "0"],
                env=os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": command[2]},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        if command is commands[0]:
            _wait_for(HOSTS[0], port)
    try:
        yield master
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


def _free_port() -> int:
    with socket.create_server((HOSTS[0], 0)) as server:
        return int(server.getsockname()[1])


def _wait_for(host: str, port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("Spark's master does not listen.")


def _settings() -> dict[str, str]:
    return {
        "spark.executor.memory": "1g",
        "spark.executor.cores": "1",
        "spark.executorEnv.PYTHONPATH": os.environ["PYTHONPATH"],
        "spark.speculation": "true",
        "spark.speculation.interval": "100ms",
        "spark.speculation.quantile": "0.5",
        "spark.speculation.minTaskRuntime": "1s",
        "spark.sql.shuffle.partitions": "4",
        "spark.ui.enabled": "false",
    }


@contextmanager
def _classic(master: str) -> Iterator[SparkSession]:
    settings = _settings() | {"spark.driver.host": HOSTS[0]}
    session = SparkSession.builder.master(master).config(map=settings).getOrCreate()
    yield session
    session.stop()


@contextmanager
def _connect(master: str) -> Iterator[SparkSession]:
    """A session of a Connect server, a process of its own, that drives the same cluster."""
    port = _free_port()
    settings = _settings() | {
        "spark.driver.host": HOSTS[0],
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": HOSTS[0],
    }
    listed = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    home = Path(pyspark.__file__).parent
    server = subprocess.Popen(
        [
            *(home / "bin" / "spark-submit", "--master", master, *listed),
            *(
                "--class",
                "org.apache.spark.sql.connect.service.SparkConnectServer",
                "spark-internal",
            ),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(HOSTS[0], port)
        session = SparkSession.builder.remote(f"sc://{HOSTS[0]}:{port}").getOrCreate()
        yield session
        session.stop()
    finally:
        server.terminate()
        server.wait()


def _fill(org: SalesforceEmulator, rows: int, page: int) -> None:
    org.define_object("Read__c", ROW)
    org.define_object("Write__c", ROW)
    org.bulk2.page_rows = min(page, max(1, rows // 16))
    bulk = org.connect()
    began = time.monotonic()
    bulk.insert(
        "Read__c",
        (
            {
                "Ext__c": f"e{n}",
                "Text__c": f'row {n}\n"ß"',
                "Count__c": n,
                "Done__c": n % 2 == 0,
            }
            for n in range(rows)
        ),
    )
    print(f"{rows:,} rows are in the org after {time.monotonic() - began:.0f} s", flush=True)


def _read(session: SparkSession, org: SalesforceEmulator, rows: int, name: str) -> Iterator[str]:
    salesforce_spark.register(session)
    began = time.monotonic()
    soql = "SELECT Ext__c, Text__c, Count__c, Done__c FROM Read__c"
    frame = salesforce_spark.read(session, org.connect(), soql, provider=PROVIDER)
    number = "cast(Count__c as bigint)"
    same = " AND ".join(f"{column} = {text.format(n=number)}" for column, text in VALUES.items())
    [found] = frame.selectExpr(
        "count(*) AS rows",
        "count(distinct Count__c) AS different",
        f"count_if({same}) AS same",
    ).collect()
    partitions = frame.selectExpr("spark_partition_id()").distinct().count()
    seconds = time.monotonic() - began
    speed = f"{rows / seconds:,.0f} rows/s with the query"
    print(f"read, {name}: {found}, {partitions} partitions, {speed}", flush=True)
    if (found.rows, found.different, found.same) != (rows, rows, rows):
        yield f"read, {name}: {found} of {rows} rows"
    if partitions < min(16, rows):
        yield f"read, {name}: {partitions} partitions"


def _write(
    session: SparkSession,
    org: SalesforceEmulator,
    rows: int,
    name: str,
    fault: Callable[..., Iterator[object]] | None,
) -> Iterator[str]:
    frame = _frame(session, rows, fault)
    report = salesforce_spark.write(frame, "Write__c", "insert", provider=PROVIDER)
    yield from _compare(org, rows, name, report)


def _write_all(session: SparkSession, org: SalesforceEmulator, rows: int) -> Iterator[str]:
    for name, fault in FAULTS.items():
        yield from _write(session, org, rows, name, fault)
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder, "manifest")
        path = "*/jobs/ingest/*"
        org.faults.add("html_error", method="PATCH", path=path, nth=3, times=0, status=400)
        try:
            salesforce_spark.write(
                _frame(session, rows, None),
                "Write__c",
                "insert",
                provider=PROVIDER,
                manifest=manifest,
            )
        except Exception as error:  # noqa: BLE001 (Spark has types of its own for ours)
            if "resume(" not in str(error):
                yield f"the commit's error does not say how to go on: {error}"
        else:
            yield "the commit did not break"
        org.faults.clear()
        yield from _compare(org, rows, "a commit is resumed", salesforce_spark.resume(manifest))


def _frame(
    session: SparkSession, rows: int, fault: Callable[..., Iterator[object]] | None
) -> DataFrame:
    columns = [f"{text.format(n='id')} AS {column}" for column, text in VALUES.items()]
    frame = session.range(0, rows, 1, 4).selectExpr(*columns)
    return frame if fault is None else frame.mapInArrow(fault, frame.schema)


def _compare(
    org: SalesforceEmulator, rows: int, name: str, report: salesforce_spark.WriteReport
) -> Iterator[str]:
    counted: dict[str, int] = {}
    for (ext,) in org.org.query("SELECT Ext__c FROM Write__c"):
        counted[ext] = counted.get(ext, 0) + 1
    doubled = sum(1 for times in counted.values() if times > 1)
    missing = rows - len(counted)
    print(f"write, {name}: {report.rows:,} rows, {missing} missing, {doubled} doubled", flush=True)
    if missing or doubled or report.rows != rows or report.failed_count:
        yield f"write, {name}: {missing} missing, {doubled} doubled, {report}"
    bulk = org.connect()
    bulk.delete("Write__c", (row["Id"] for row in bulk.export("SELECT Id FROM Write__c")))


if __name__ == "__main__":
    sys.exit(main())
