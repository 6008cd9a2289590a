"""An org in this process for the tests of loads; batches run where they are posted."""

import pytest
from fast_clock import FastClock

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.clock import ManualClock

LOAD = {
    "Ext__c": "externalId",
    "Text__c": "text",
    "Long__c": {"type": "textarea", "length": 131_072},
    "Amount__c": "currency",
    "Count__c": "number",
    "On__c": "date",
    "At__c": "datetime",
    "Done__c": "checkbox",
    "Parent__c": "lookup(Account)",
}


@pytest.fixture(scope="module")
def module_org(dialect):
    with SalesforceEmulator(inline=True, clock=ManualClock(), dialect=dialect) as org:
        yield org


@pytest.fixture
def org(module_org):
    module_org.define_object("Load__c", LOAD)
    yield module_org
    module_org.faults.clear()
    module_org.reset()


@pytest.fixture
def clock():
    return FastClock()


@pytest.fixture
def bulk(org, clock):
    return org.connect(clock=clock)


@pytest.fixture
def stored(org):
    """What the org holds: the rows of a query, in the order of their creation."""

    def query(soql):
        return [tuple(row) for row in org.org.query(soql)]

    return query
