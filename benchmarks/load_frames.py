"""Loading a frame through Bulk API 1.0, results included, against what bounds it and a peer.

    python benchmarks/load_frames.py [--rows 1000000] [--repetitions 5]

against the replay server, on loopback. By turns, in one process: `pyarrow.csv.write_csv` alone
writing a table of ten typed columns into a file; `SalesforceBulk.insert` of that table, of the same
rows as a pandas and as a polars frame, and of the rows as dicts made by Arrow's `to_pylist`; and
simple-salesforce's `bulk`, which takes dicts and gets them ready made, dates as texts already.
Each fetches a result for every row. Printed are medians, by the wall's clock and by the client's
processor time; exit code 1 where a target, which is for the clock, is missed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
from load import BATCH_ROWS, BLOCK, FIELDS, by_turns, client, insert, ratio, told, typed_rows
from replay_server import Canned, replay_server
from simple_salesforce.bulk import SFBulkHandler

TARGET_OF_PEER = 4


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    table = typed_table(options.rows)
    canned = [
        Canned("Load", "ingest", BATCH_ROWS, fields=FIELDS),
        Canned("LoadJson", "ingest_json", BATCH_ROWS),
    ]
    with replay_server(canned) as host:
        found = by_turns(ways(host, table), table.num_rows, options.repetitions)
    alone, peer = found["write_csv alone"], found["simple-salesforce bulk"]
    print(f"{table.num_rows:,} rows, load average {os.getloadavg()[0]:.1f}")
    for name, taken in found.items():
        print(
            f"{name:24}{1 / taken.clock:12,.0f} rows/s, of write_csv {told(ratio(alone, taken))}, "
            f"of the peer {told(ratio(peer, taken))}"
        )
    slowest = min(ratio(peer, found[kind]).clock for kind in ("table", "pandas", "polars"))
    print(f"slowest frame of the peer {slowest:.2f} (target {TARGET_OF_PEER})")
    return 0 if slowest >= TARGET_OF_PEER else 1


def typed_table(count: int) -> pa.Table:
    """Whole blocks of rows, in one record batch as most frames have them."""
    block = pa.Table.from_pylist(list(typed_rows(BLOCK)))
    return pa.concat_tables([block] * max(1, count // BLOCK)).combine_chunks()


def ways(host: str, table: pa.Table) -> dict[str, Callable[[], object]]:
    bulk = client(host)
    peer = SFBulkHandler("00D000000000001!secret", f"{host}/services/async/64.0/")
    in_pandas, in_polars = table.to_pandas(), pl.from_arrow(table)
    assert isinstance(in_pandas, pd.DataFrame)
    as_texts = list(texts(table)) * max(1, table.num_rows // BLOCK)
    return {
        "write_csv alone": lambda: write_alone(table),
        "table": lambda: insert(bulk, table),
        "pandas": lambda: insert(bulk, in_pandas),
        "polars": lambda: insert(bulk, in_polars),
        "dicts by to_pylist": lambda: insert(bulk, Dicts(table)),
        "simple-salesforce bulk": lambda: peer.LoadJson.insert(as_texts, batch_size=BATCH_ROWS),
    }


class Dicts:
    """The rows of a table as dicts, made as they are asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __len__(self) -> int:
        return int(self._table.num_rows)

    def __iter__(self) -> Iterator[dict[str, object]]:
        for batch in self._table.to_batches(max_chunksize=1_000):
            yield from batch.to_pylist()


def texts(table: pa.Table) -> Iterator[dict[str, object]]:
    """The rows of the first block as json.dumps takes them."""
    for row in Dicts(table.slice(0, BLOCK)):
        yield {
            name: getattr(value, "isoformat", lambda v=value: v)() for name, value in row.items()
        }


def write_alone(table: pa.Table) -> None:
    with tempfile.TemporaryFile() as file:
        pa_csv.write_csv(table, file)


if __name__ == "__main__":
    raise SystemExit(main())
