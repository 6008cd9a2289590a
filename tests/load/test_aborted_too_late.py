"""An abort that comes too late, however the org answers it."""

import pytest
from fast_clock import FastClock

from salesforce_bulk import ApiFault
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS

ROWS = [{"Name": f"Row {number}"} for number in range(4)]
ANSWERS = BEHAVIOURS["bulk2.ingest.abort_ended"].values


@pytest.fixture(params=ANSWERS)
def org(request):
    dialect = {"bulk2.ingest.abort_ended": request.param}
    with SalesforceEmulator(inline=True, dialect=dialect) as emulator:
        yield emulator


def test_rows_of_a_job_that_was_done_before_its_abort_are_not_sent_again(org, monkeypatch):
    """The upload's answer is lost, and somebody starts the job before it can be given up."""
    bulk = org.connect(clock=FastClock())
    api = access_of(bulk).org.v2
    set_state = api.set_ingest_state

    def started_meanwhile(job_id, state):
        if state == "Aborted":
            set_state(job_id, "UploadComplete")
        return set_state(job_id, state)

    monkeypatch.setattr(api, "set_ingest_state", started_meanwhile)
    org.faults.add("answer_lost", method="PUT", path="*/batches")
    result = bulk.insert("Account", ROWS, api="2.0")
    assert (result.succeeded, result.unprocessed) == (4, 0)
    assert len(list(bulk.export("SELECT Id FROM Account", api="2.0"))) == 4


def test_a_job_that_has_ended_is_not_said_to_be_aborted(org):
    bulk = org.connect(clock=FastClock())
    job_id = bulk.insert("Account", ROWS, api="2.0").job_id
    with pytest.raises(ApiFault):
        access_of(bulk).org.v2.set_ingest_state(job_id, "Aborted")
