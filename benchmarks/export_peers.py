"""Exports against those of other clients, each in a process of its own, by turns.

    python benchmarks/export_peers.py [--rows 1000000] [--repetitions 3] [--only dicts]

against the replay server, on loopback, which sends chunks; ``--sized`` lets it announce lengths, by
which some clients read another number of bytes at a time. Ours is measured as in a program that has
imported numpy, and once more as in one that has not. simple-salesforce's `bulk2` is the one
installed here; salesforce-bulk 2.2.0 is installed from PyPI into .venv/classic-2.2.0 at the first
run, and jsforce by npm into .venv/jsforce where there is node. Clients that are slow read fewer of
the same rows. Printed are medians of rows a second; exit code 1 where a target of the design is
missed.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

SESSION = "00D000000000000!benchmark"
BYTES_A_ROW = 156.2
PIECE = 1 << 20
JSFORCE = Path(__file__).parent.parent / ".venv" / "jsforce"


class Reading(NamedTuple):
    """One client's way to one kind of result.

    Attributes:
        client: ours, ours without numpy, simple-salesforce, 2.2.0 or jsforce.
        kind: file, dicts or pandas.
        canned: the result that it reads.
        target: how many times as fast ours is to be; 0 for ours.
    """

    client: str
    kind: str
    canned: str
    target: float = 0


BARE = "ours, without numpy"
#: No client at all: what a socket gives, framing and all, written to a file in pieces of 1 MB.
WIRE = "the bare socket"
READINGS = (
    Reading("ours", "file", "Gzip"),
    Reading(BARE, "file", "Gzip"),
    Reading("simple-salesforce", "file", "Gzip", 5),
    Reading("2.2.0", "file", "Gzip", 6),
    Reading("jsforce", "file", "Fewer", 20),
    Reading("ours", "file", "Identity"),
    Reading(BARE, "file", "Identity"),
    Reading(WIRE, "file", "Identity"),
    Reading("simple-salesforce", "file", "Identity", 6),
    Reading("2.2.0", "file", "Identity", 12),
    Reading("ours", "dicts", "Gzip"),
    Reading("simple-salesforce", "dicts", "Gzip", 1.4),
    Reading("2.2.0", "dicts", "Few", 30),
    Reading("ours", "pandas", "Gzip"),
    Reading("simple-salesforce", "pandas", "Gzip", 2.5),
)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--only", default="", help="file, dicts or pandas")
    parser.add_argument("--sized", action="store_true", help="bodies with a Content-Length")
    options = parser.parse_args()
    from classic_download import classic_interpreter  # noqa: PLC0415 - absent for 2.2.0
    from replay_server import Canned, replay_server  # noqa: PLC0415

    size = options.rows * BYTES_A_ROW / 1e6
    interpreters = {"2.2.0": str(classic_interpreter())}
    chunks = None if options.sized else 32_768
    canned = [
        Canned("Gzip", "query", size, chunk_size=chunks),
        Canned("Identity", "query", size, gzip=False, chunk_size=chunks),
        Canned("Fewer", "query", size / 5, chunk_size=chunks),
        Canned("Few", "query", size / 50, chunk_size=chunks),
    ]
    readings = [one for one in READINGS if options.only in one.kind and _is_here(one.client)]
    rates: dict[Reading, list[float]] = {one: [] for one in readings}
    with replay_server(canned) as host:
        for one in readings:  # the server makes its pages when they are first asked for
            rate(one, host, interpreters.get(one.client, sys.executable))
        for _ in range(options.repetitions):
            for one in readings:
                rates[one].append(rate(one, host, interpreters.get(one.client, sys.executable)))
    return 0 if told(rates) else 1


def _is_here(client: str) -> bool:
    if client != "jsforce":
        return True
    if shutil.which("npm") is None:
        print("jsforce: there is no node here", file=sys.stderr)
        return False
    if not (JSFORCE / "node_modules" / "jsforce").is_dir():
        JSFORCE.mkdir(parents=True, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--silent", "jsforce"]
        subprocess.run(command, cwd=JSFORCE, check=True)
    return True


def rate(one: Reading, host: str, interpreter: str) -> float:
    """Rows a second of one reading, in its own process."""
    if one.client == "jsforce":
        script = str(Path(__file__).with_suffix(".mjs"))
        command = ["node", script, host, SESSION, one.canned]
    else:
        command = [interpreter, __file__, "read", one.client, one.kind, host, one.canned]
    # A PYTHONPATH would put this checkout before 2.2.0.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, env=environment, cwd=_folder(one.client)
    )
    return float(done.stdout)


def _folder(client: str) -> Path | None:
    return JSFORCE if client == "jsforce" else None


def told(rates: dict[Reading, list[float]]) -> bool:
    """Print the table; whether all targets are met."""
    print("| result | client | rows/s | ours is | target |\n|---|---|---|---|---|")
    medians = {one: statistics.median(found) for one, found in rates.items()}
    met = True
    ours = 0.0
    for one, median in medians.items():
        if not one.target:
            ours = median if one.client == "ours" else ours
            print(f"| {one.kind}, {one.canned.lower()} | **{one.client}** | {median:,.0f} | | |")
            continue
        times = ours / median
        met = met and times >= one.target
        missed = "" if times >= one.target else ", **missed**"
        print(
            f"| {one.kind}, {one.canned.lower()} | {one.client} | {median:,.0f} "
            f"| {times:.1f} x | {one.target:g}{missed} |"
        )
    return met


# One reading, in a process of its own


def read(client: str, kind: str, host: str, name: str) -> None:
    """Print the rows a second."""
    readers = {
        "ours": read_ours_with_numpy,
        BARE: read_ours,
        WIRE: read_wire,
        "simple-salesforce": read_simple_salesforce,
        "2.2.0": read_classic,
    }
    import canned_data  # noqa: PLC0415

    columns = ", ".join(canned_data.COLUMNS)
    with tempfile.TemporaryDirectory() as folder:
        work = readers[client](kind, host, f"SELECT {columns} FROM {name}", name, folder)
        began = time.perf_counter()
        rows = work()
        print(rows / (time.perf_counter() - began))


def read_ours_with_numpy(*about):
    import numpy  # noqa: F401, PLC0415

    return read_ours(*about)


def read_ours(kind, host, soql, name, folder):
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    bulk = SalesforceBulk(sessionId=SESSION, host=host)
    ways = {
        "file": lambda: bulk.export(soql).to_csv(Path(folder) / "x.csv"),
        "dicts": lambda: sum(1 for _ in bulk.export(soql, raw=True)),
        "pandas": lambda: len(bulk.export(soql).to_pandas()),
    }
    if kind == "pandas":
        import pandas  # noqa: F401, PLC0415
        import pyarrow.csv  # noqa: F401, PLC0415
    bulk.export(soql).columns  # noqa: B018 - the describe is asked for once, and kept
    return ways[kind]


def read_wire(kind, host, soql, name, folder):
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    bulk = SalesforceBulk(sessionId=SESSION, host=host)
    job = bulk.create_query_job(name)
    batch = bulk.query(job, soql)
    (result,) = bulk.get_query_batch_result_ids(batch)
    address = urlsplit(bulk.endpoint)
    path = f"{address.path}/job/{job}/batch/{batch}/result/{result}"
    asked = f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\n\r\n"

    def file_rows():
        buffer = memoryview(bytearray(PIECE))
        with (
            socket.create_connection((address.hostname, address.port)) as wire,
            (Path(folder) / "x.csv").open("wb", buffering=0) as file,
        ):
            wire.sendall(asked.encode())
            wire.shutdown(socket.SHUT_WR)
            while size := wire.recv_into(buffer):
                file.write(buffer[:size])
        return (Path(folder) / "x.csv").stat().st_size / BYTES_A_ROW

    return file_rows


def read_simple_salesforce(kind, host, soql, name, folder):
    from simple_salesforce import Salesforce  # noqa: PLC0415

    org = Salesforce(session_id=SESSION, instance_url=host, version="64.0")
    # Built by simple-salesforce for https alone.
    org.bulk2_url = f"{host}/services/data/v64.0/jobs/"
    bulk = getattr(org.bulk2, name)

    def texts():
        return bulk.query(soql, max_records=100_000, wait=0)

    def pandas_rows():
        import pandas as pd  # noqa: PLC0415

        return len(pd.concat([pd.read_csv(io.StringIO(text)) for text in texts()]))

    def file_rows():
        pages = bulk.download(soql, folder, max_records=100_000, wait=0)
        return sum(page["number_of_records"] for page in pages)

    if kind == "pandas":
        import pandas  # noqa: F401, PLC0415
    return {
        "file": file_rows,
        "dicts": lambda: sum(
            1 for text in texts() for _ in csv.DictReader(io.StringIO(text, newline=""))
        ),
        "pandas": pandas_rows,
    }[kind]


def read_classic(kind, host, soql, name, folder):
    import unicodecsv  # noqa: PLC0415

    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    bulk = SalesforceBulk(sessionId=SESSION, host=host)
    job = bulk.create_query_job(name)
    batch = bulk.query(job, soql)
    bulk.wait_for_batch(job, batch)
    (result,) = bulk.get_query_batch_result_ids(batch)

    def file_rows():
        stream = bulk.get_query_batch_results(batch, result, chunk_size=PIECE)
        with (Path(folder) / "x.csv").open("wb") as file:
            while piece := stream.read(PIECE):
                file.write(piece)
        return count_records(Path(folder) / "x.csv")

    def dict_rows():
        stream = bulk.get_query_batch_results(batch, result, chunk_size=PIECE)
        return sum(1 for _ in unicodecsv.DictReader(stream, encoding="utf-8"))

    return {"file": file_rows, "dicts": dict_rows}[kind]


def count_records(path: Path) -> int:
    """By the ids that begin each row: next to no time."""
    return path.read_bytes().count(b'\n"001')


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(*sys.argv[2:])
    else:
        sys.exit(main())
