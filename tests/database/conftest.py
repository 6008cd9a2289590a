"""An org, and the databases that its rows go to."""

from datetime import datetime, timezone

import adbc_driver_postgresql.dbapi
import duckdb
import pytest
from fast_clock import FastClock
from postgresql import postgresql_server

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

FIELDS = {
    "Name": "text",
    "Count__c": "number",
    "Amount__c": "currency",
    "On__c": "date",
    "At__c": "datetime",
    "Done__c": "checkbox",
}


@pytest.fixture(scope="session")
def postgresql():
    with postgresql_server() as uri:
        yield uri


@pytest.fixture
def org_clock():
    return ManualClock(datetime(2026, 1, 1, tzinfo=timezone.utc))


@pytest.fixture
def org(org_clock):
    with SalesforceEmulator(inline=True, clock=org_clock) as emulator:
        emulator.define_object("Row__c", FIELDS)
        emulator.bulk2.page_rows = 100
        yield emulator


@pytest.fixture
def bulk(org):
    return org.connect(clock=FastClock())


@pytest.fixture(params=["duckdb", "postgresql"])
def connection(request):
    """Of each database, without a table."""
    if request.param == "duckdb":
        with duckdb.connect() as found:
            yield found
        return
    with adbc_driver_postgresql.dbapi.connect(request.getfixturevalue("postgresql")) as found:
        with found.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
        found.commit()
        yield found
