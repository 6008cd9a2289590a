"""An org in this process for the tests of exports; batches run where they are posted."""

import pytest
from fast_clock import FastClock

from salesforce_bulk.emulator import SalesforceEmulator

ROW = {
    "Text__c": "text",
    "Long__c": {"type": "textarea", "length": 131_072},
    "Amount__c": "currency",
    "Count__c": "number",
    "On__c": "date",
    "At__c": "datetime",
    "Done__c": "checkbox",
    "Many__c": "multipicklist[a, b, c]",
    "Account__c": "lookup(Account)",
}

#: Rows of a result page (2.0), bytes of a result file (1.0).
PAGE_ROWS = 100
FILE_BYTES = 20_000


@pytest.fixture(scope="module")
def module_org(dialect):
    with SalesforceEmulator(inline=True, result_bytes=FILE_BYTES, dialect=dialect) as org:
        yield org


@pytest.fixture
def org(module_org):
    module_org.define_object("Row__c", ROW)
    module_org.bulk2.page_rows = PAGE_ROWS
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
def fill(org):
    """Puts rows into the org; returns their ids."""

    def insert(rows, object_name="Row__c"):
        columns = list(dict.fromkeys(name for row in rows for name in row))
        plan = org.org.plan_write("insert", object_name, columns)
        outcomes = plan.write([[row.get(name) for name in columns] for row in rows])
        failed = [outcome.errors for outcome in outcomes if not outcome.success]
        assert not failed, failed[:3]
        return [outcome.id for outcome in outcomes]

    return insert


@pytest.fixture
def numbered(fill):
    """Puts so many rows into the org, whose texts need a real CSV reader."""

    def insert(count):
        return fill(
            [
                {"Text__c": f'n {n}, "q"', "Long__c": f"line\n{n}\r\n\u2028", "Count__c": n}
                for n in range(count)
            ]
        )

    return insert
