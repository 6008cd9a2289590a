"""The list of an org's jobs, as servers may give it: read to its end, or an error."""

import json

import pytest
from fast_clock import FastClock
from raw_server import SESSION, RawServer, http

from salesforce_bulk import SalesforceBulk, UnexpectedResponse

JOB = {"id": "7500000000000jobAA", "state": "JobComplete", "object": "Thing", "jobType": "V2Ingest"}
LISTS = "/services/data/v64.0/jobs/ingest"


def listed(following):
    """The jobs of an org whose list number n leads to what is given for n."""
    asked = []

    def answer(request):
        asked.append(request.path)
        records = {"records": [JOB], "done": False, "nextRecordsUrl": following(len(asked))}
        return http(json.dumps(records), content_type="application/json")

    with RawServer(answer=answer) as server:
        bulk = SalesforceBulk(
            sessionId=SESSION, host=server.url, API_version="64.0", clock=FastClock()
        )
        with pytest.raises(UnexpectedResponse) as caught:
            list(bulk.list_jobs())
    return len(asked), str(caught.value)


def test_a_list_of_jobs_without_end_is_not_read_for_ever():
    """Trap: each part has a name of its own, so that none leads back; a load with a journal asks
    for the list before it sends anything again."""
    asked, error = listed(lambda number: f"{LISTS}?queryLocator=01g{number}")
    assert (asked, "does not end" in error) == (1000, True)


@pytest.mark.parametrize("names", [["A"], ["A", "B"]])
def test_a_list_of_jobs_that_leads_back_ends(names):
    asked, error = listed(lambda number: f"{LISTS}?queryLocator={names[number % len(names)]}")
    assert asked == len(names) + 1
    assert "leads back" in error
