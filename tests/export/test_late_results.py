"""A query job may be complete before its results are there."""

import pytest
from fast_clock import FastClock

from salesforce_bulk import UnexpectedResponse
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS

SOQL = "SELECT Id, SobjectType FROM ObjectPermissions"
REFUSALS = BEHAVIOURS["bulk2.query.before_end"].values


@pytest.mark.parametrize("parallel", [1, 2], ids=["page by page", "by the list of pages"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_results_are_waited_for_however_the_org_says_that_they_are_not_there(refusal, parallel):
    dialect = {"bulk2.query.after_state": "later", "bulk2.query.before_end": refusal}
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        bulk = org.connect(clock=FastClock())
        assert len(list(bulk.export(SOQL, api="2.0", parallel=parallel))) == 10


def test_results_that_never_come_are_an_error_and_not_an_empty_result():
    with SalesforceEmulator(inline=True) as org:
        bulk = org.connect(clock=FastClock())
        org.faults.add("results_not_ready", route="bulk2.page", times=0)
        with pytest.raises(UnexpectedResponse, match="gave no content for its results"):
            list(bulk.export(SOQL, api="2.0", parallel=1))
