"""Runs that bring an object into a table, killed at random moments.

``python tests/support/kill_mirror.py --kills 30`` does so for DuckDB and PostgreSQL, with
``mode="merge"`` and ``mode="replace"``. After each kill the table holds what it held before or
what the org holds now, and the next run makes it equal.
"""

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import adbc_driver_postgresql.dbapi
import duckdb
from fast_clock import FastClock
from postgresql import postgresql_server

from salesforce_bulk import DatabaseState, SalesforceBulk
from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

COLUMNS = ["Id", "Name", "Count__c"]
#: How many records are inserted, updated and deleted between two runs.
CHANGES = 60


def run(uri, mode, kills, rows, seed=0):
    """The kills that struck a run before its end; AssertionError where the table is wrong."""
    chance, clock = random.Random(seed), ManualClock(datetime(2026, 1, 1, tzinfo=timezone.utc))
    _drop_tables(uri)
    with SalesforceEmulator(inline=True, clock=clock) as org:
        org.define_object("Row__c", {"Name": "text", "Count__c": "number"})
        org.bulk2.page_rows = 50
        bulk = org.connect(clock=FastClock())
        bulk.insert("Row__c", [{"Name": f"n{n}", "Count__c": n} for n in range(rows)])
        clock.advance(3600)
        seconds = _complete(org, uri, mode)
        struck = 0
        while struck < kills:
            before = _table_rows(uri)
            _change(bulk, chance)
            clock.advance(3600)
            struck += _killed(org, uri, mode, chance.uniform(0, seconds))
            after = _org_rows(bulk)
            assert _table_rows(uri) in (before, after), "neither the table of before nor the org"
            _complete(org, uri, mode)
            assert _table_rows(uri) == after, "not the org"
    return struck


def _change(bulk, chance):
    ids = [row["Id"] for row in bulk.export("Row__c", fields=["Id"])]
    chance.shuffle(ids)
    bulk.insert("Row__c", [{"Name": f"new {n}", "Count__c": n} for n in range(CHANGES)])
    bulk.update("Row__c", [{"Id": i, "Count__c": chance.randrange(10**6)} for i in ids[:CHANGES]])
    bulk.delete("Row__c", ids[CHANGES : 2 * CHANGES])


def _org_rows(bulk):
    return sorted(tuple(row.values()) for row in bulk.export("Row__c", fields=COLUMNS))


def _complete(org, uri, mode):
    """A run that is left alone: the seconds between its first and its last word."""
    with _started(org, uri, mode) as process:
        began = time.monotonic()
        assert process.wait(60) == 0
        return time.monotonic() - began


def _killed(org, uri, mode, seconds):
    with _started(org, uri, mode) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.kill()
        return process.wait() != 0


@contextlib.contextmanager
def _started(org, uri, mode):
    """A process that has imported what it needs and begins."""
    command = [sys.executable, __file__, "--table-of", org.url, uri, mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        yield process


def _write(url, uri, mode):
    with _connection(uri) as connection:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        credentials = {"password": "password", "security_token": "token", "login_url": url}
        bulk = SalesforceBulk(username="admin@example.com", **credentials)
        options = {"state": DatabaseState(connection, "rows")} if mode == "merge" else {}
        export = bulk.export("Row__c", fields=COLUMNS, **options)
        export.to_sql(connection, "rows", mode=mode)


def _connection(uri):
    if uri.startswith("postgresql:"):
        return adbc_driver_postgresql.dbapi.connect(uri)
    return duckdb.connect(uri)


def _drop_tables(uri):
    with _connection(uri) as connection, connection.cursor() as cursor:
        for table in ("rows", "salesforce_bulk_state"):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
        connection.commit()


def _table_rows(uri):
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with _connection(uri) as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM rows")
        return sorted(map(tuple, cursor.fetchall()))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table-of", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.table_of:
        _write(*args.table_of)
        return
    with postgresql_server() as postgresql, tempfile.TemporaryDirectory() as folder:
        for mode in ("merge", "replace"):
            for uri in (str(Path(folder) / f"{mode}.duckdb"), postgresql):
                struck = run(uri, mode, args.kills, args.rows, args.seed)
                what = "PostgreSQL" if uri == postgresql else "DuckDB"
                sys.stdout.write(
                    f"{what} {mode}: killed {struck} times, the table equal each time\n"
                )
                sys.stdout.flush()


if __name__ == "__main__":
    main()
