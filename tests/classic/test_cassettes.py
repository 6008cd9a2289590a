"""vcrpy records and replays our calls; `make test-lowest-base` tries vcrpy 7 and 8 as well."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import vcr
from fast_clock import FastClock

from salesforce_bulk import BulkApiError, CsvDictsAdapter, SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

# vcrpy 7 and 8 leave the connections by which they record to the garbage collector.
LEAVES_SOCKETS = int(vcr.__version__.partition(".")[0]) < 9
pytestmark = [
    pytest.mark.filterwarnings(f"default::{warning}")
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning")
    if LEAVES_SOCKETS
]
ROWS = [{"Name": f"Acme {number}", "Site": "Zürich"} for number in range(300)]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collected here, so that no other test is told of them."""
    yield
    gc.collect()


def load(bulk: SalesforceBulk, _: SalesforceEmulator) -> Any:
    """A job of 2.2.0, its answers in XML and CSV."""
    job = bulk.create_insert_job("Account", contentType="CSV")
    batch = bulk.post_batch(job, CsvDictsAdapter(iter(ROWS)))
    bulk.close_job(job)
    bulk.wait_for_batch(job, batch)
    return bulk.job_state(job), [tuple(row) for row in bulk.get_batch_results(batch)]


def query(bulk: SalesforceBulk, _: SalesforceEmulator) -> Any:
    """A query of 2.2.0; the result is compressed."""
    found = []
    for form in ("CSV", "JSON", "XML"):
        job = bulk.create_query_job("Account", contentType=form)
        batch = bulk.query(job, "SELECT Name, Site FROM Account ORDER BY Name")
        bulk.close_job(job)
        bulk.wait_for_batch(job, batch)
        found += [result.read() for result in bulk.get_all_results_for_query_batch(batch)]
    return found


def refusal(bulk: SalesforceBulk, _: SalesforceEmulator) -> Any:
    """An error and its text."""
    with pytest.raises(BulkApiError) as caught:
        bulk.create_insert_job("Nope__c")
    return type(caught.value), str(caught.value)


def verbs(bulk: SalesforceBulk, _: SalesforceEmulator) -> Any:
    """A load and an export, through REST and both Bulk APIs."""
    result = bulk.insert("Account", ROWS)
    return [row.id for row in result], sorted(
        row["Name"] for row in bulk.export("SELECT Name FROM Account")
    )


def login(_: SalesforceBulk, org: SalesforceEmulator) -> Any:
    """A client that logs in within the cassette."""
    again = SalesforceBulk(
        username=org.username,
        password=org.password,
        security_token=org.security_token,
        login_url=org.url,
    )
    return again.sessionId, again.endpoint


def recorder(path: Path, mode: str) -> Any:
    matched = ("method", "scheme", "host", "port", "path", "query")
    return vcr.use_cassette(str(path), record_mode=mode, match_on=matched)


@pytest.mark.parametrize("program", [load, query, refusal, verbs, login])
def test_a_recorded_program_gives_the_same_without_an_org(
    program: Callable[[SalesforceBulk, SalesforceEmulator], Any], tmp_path: Path
) -> None:
    """Also by a client that is older than the cassette, whose connections are open already."""
    cassette = tmp_path / "program.yaml"
    with SalesforceEmulator(inline=True) as org:
        bulk = org.connect()
        session, host = bulk.sessionId, org.url
        with recorder(cassette, "once"):
            first = program(bulk, org)
    replayed = SalesforceBulk(sessionId=session, host=host, clock=FastClock())
    with recorder(cassette, "none"):
        assert program(replayed, org) == first
