"""No message of a verb holds an answer's JSON, XML or HTML, whatever fails and wherever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fast_clock import FastClock

from salesforce_bulk import BulkApiError, SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

SOQL = "SELECT Id, Name FROM Account"
JOB_ID = "750000000000001AAA"
CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "insert, 1.0": lambda bulk: bulk.insert("Account", [{"Name": "a"}], api="1.0"),
    "insert, 2.0": lambda bulk: bulk.insert("Account", [{"Name": "a"}], api="2.0"),
    "export, 1.0": lambda bulk: list(bulk.export(SOQL, api="1.0")),
    "export, 2.0": lambda bulk: list(bulk.export(SOQL, api="2.0")),
    "export, chunked": lambda bulk: list(bulk.export(SOQL, pk_chunking=True)),
    "describe": lambda bulk: bulk.describe("Account"),
    "limits": lambda bulk: bulk.limits(),
    "list_jobs": lambda bulk: list(bulk.list_jobs()),
    "whoami": lambda bulk: bulk.whoami(),
    "attach": lambda bulk: bulk.attach(JOB_ID),
}
PATHS = ["*", "*/job", "*/batch", "*/batch/*", "*/result*", "*/jobs/*", "*/jobs/*/*"]
FAULTS: dict[str, dict[str, Any]] = {
    "html_error": {},
    "garbage": {},
    "an API's error": {"status": 400, "code": "InvalidJob"},
    "a 500": {"status": 500, "code": "UNKNOWN_EXCEPTION"},
}
RAW = ("<?xml", "</", "<html", "[{", '{"', "exceptionCode", "errorCode", "faultcode")


@pytest.fixture(scope="module")
def org() -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(inline=True) as org:
        yield org


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_no_answer_stands_in_a_message(call: str, fault: str, org: SalesforceEmulator) -> None:
    bulk = org.connect(clock=FastClock())
    kind = fault if not FAULTS[fault] else "api_error"
    failed = 0
    for path in PATHS:
        org.faults.add(kind, path=path, times=0, **FAULTS[fault])
        try:
            CALLS[call](bulk)
        except BulkApiError as error:
            failed += 1
            told = "\n".join([str(error), *getattr(error, "__notes__", [])])
            assert [raw for raw in RAW if raw in told] == []
        finally:
            org.faults.clear()
    assert failed
