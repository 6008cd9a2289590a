"""A program as users write them, for their type checkers; it is read, never run.

Each line with the comment ``mistake`` has one, and a checker has to find it there; it may find
nothing anywhere else.
"""

import csv
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple, assert_type

import attrs
import requests
from pydantic import BaseModel

from salesforce_bulk import (
    CLEAR,
    ClientCredentialsLogin,
    Export,
    JobInfo,
    LoadFailed,
    LoadJob,
    LoadResult,
    Progress,
    RowError,
    SalesforceBulk,
)
from salesforce_bulk.emulator import SalesforceEmulator

login = ClientCredentialsLogin("app", "secret", login_url="https://acme.my.salesforce.com")
bulk = SalesforceBulk(login=login, timeout=(5, 60), session=requests.Session())
rows: list[dict[str, object]] = [{"Name": "Acme", "NumberOfEmployees": 12, "Site": CLEAR}]


def mended(rows: Iterator[dict[str, object]]) -> Iterator[dict[str, object]]:
    for row in rows:
        yield {**row, "Phone": None}


def drawn(event: Progress) -> None:
    print(event.phase, event.rows, event.seconds_left)


def loads() -> LoadResult:
    result = bulk.insert("Account", rows, nulls="clear", parallel=4, progress=drawn)
    assert_type(result, LoadResult)
    bulk.update("Account", mended(iter(rows)), group_by="ParentId", journal=Path("run.journal"))
    bulk.upsert("Account", "accounts.csv", "Ext__c", delimiter=";", columns={"name": "Name"})
    bulk.upsert("Account", rows, "Ext__c", nulls={"Phone": "clear"}, duplicates="keep_last")
    bulk.delete("Account", ["001000000000001AAA"], on_error="report")
    bulk.insert("Account", rows, paralel=4)  # mistake: no such option
    bulk.insert("Account", rows, nulls="empty")  # mistake: no such choice
    bulk.insert("Account", rows, api=2.0)  # mistake: a number
    bulk.insert("Account", rows, batch_size="10000")  # mistake: a text
    bulk.insert("Account", rows, progress="yes")  # mistake: neither a bool nor a callable
    bulk.insert("Account", 42)  # mistake: no rows
    bulk.insert("Account", [5])  # mistake: rows without names
    bulk.insert("Account", [("Acme", 12)])  # mistake: rows without names
    bulk.insert(rows, "Account")  # mistake: the wrong way round
    bulk.upsert("Account", rows)  # mistake: no external id
    bulk.upsert("Account", rows, "Ext__c", on_error="ignore")  # mistake: no such choice
    bulk.insert("Account", rows, columns=["Name"])  # mistake: a list
    return result


class Named(NamedTuple):
    Name: str


@dataclass
class Data:
    Name: str


@attrs.define
class Attributes:
    Name: str


class Model(BaseModel):
    Name: str


def rows_of_every_kind(database: sqlite3.Connection, folder: Path) -> None:
    bulk.insert("Account", [Named("a")])
    bulk.insert("Account", (Data(name) for name in "ab"))
    bulk.insert("Account", [Attributes("a")])
    bulk.insert("Account", [Model(Name="a")])
    bulk.insert("Account", database.execute("SELECT Name FROM accounts"))
    with (folder / "accounts.csv").open("rb") as packed, (folder / "accounts.csv").open() as file:
        bulk.insert("Account", packed)
        bulk.insert("Account", file)
        bulk.insert("Account", csv.DictReader(file))


def outcomes(result: LoadResult) -> None:
    for row in result.failed:
        assert_type(row.error, RowError | None)
        print(row.number, row.error.code)  # mistake: there may be no error
        print(row.nummer)  # mistake: no such attribute
        if row.error is not None:
            print(row.error.code, row.error.fields[0])
    print(f"{result.succeeded} of {len(result)}")
    result.retry(codes={"UNABLE_TO_LOCK_ROW"})
    result.failed.to_csv("failed.csv")
    result.failed.to_excel("failed.xlsx")  # mistake: no such method


def jobs() -> None:
    job = bulk.submit_insert("Account", rows)
    assert_type(job, LoadJob)
    assert_type(job.result(timeout=60), LoadResult)
    assert_type(bulk.attach_load("750000000000001AAA"), LoadJob)
    print(job.failed)  # mistake: the handle has no outcomes
    bulk.attach("750000000000001AAA").to_csv("x.csv")  # mistake: it may be a load's
    for listed in bulk.list_jobs():
        assert_type(listed, JobInfo)


def exports() -> None:
    export = bulk.export("SELECT Id, Name FROM Account", parallel=4, decimals=True)
    assert_type(export, Export)
    since = datetime(2024, 1, 1, tzinfo=timezone.utc)
    bulk.export("Account", fields="all", where={"Industry": ["Energy"]}, since=since)
    for row in export:
        print(row["Name"])
    export.to_csv(Path("accounts.csv"))
    bulk.export("Account", fields="al")  # mistake: a text that is not "all"
    bulk.export("SELECT Id FROM Account", since="2024-01-01")  # mistake: a text
    bulk.export(["Id", "Name"])  # mistake: no query
    export.to_pandas(dtype_backend="arrow")  # mistake: no such choice


def errors() -> None:
    try:
        bulk.insert("Account", rows, journal="run.journal")
    except LoadFailed as error:
        print(error.job_id, error.status_code)
        print(error.row)  # mistake: that of InvalidInput


def clients() -> None:
    with SalesforceEmulator(inline=True) as org:
        assert_type(org.connect(), SalesforceBulk)
    SalesforceBulk.connect("prod", timeout="60")  # mistake: a text
    SalesforceBulk(username="a", pasword="b")  # mistake: no such argument
