"""Rows that were sent again once are not sent again by a result that does not know of it."""

import pytest

from salesforce_bulk import AmbiguousUpload, ExceededQuota, JobStillRunning, TransportError

ROWS = [{"LastName": f"n{n}", "Title": "t"} for n in range(40)]


@pytest.fixture
def held(stored):
    return lambda: sorted(name for (name,) in stored("SELECT LastName FROM Contact"))


@pytest.fixture
def refused(org, bulk):
    """A load of which ten rows failed for a passing reason."""
    org.faults.add("row_errors", rows=10)
    result = bulk.insert("Contact", ROWS, on_error="report")
    assert (result.succeeded, result.failed) == (30, 10)
    return result


def test_a_second_retry_of_the_same_result_sends_nothing(refused, held):
    """A notebook's cell that is run twice: the first answer was not kept."""
    refused.retry()
    assert refused.retry().succeeded == 40
    assert held() == sorted(row["LastName"] for row in ROWS)
    assert refused.failed == 10


def test_what_an_attempt_brought_in_is_not_sent_again_where_the_next_one_broke(org, refused, held):
    org.faults.add("row_errors", rows=4)
    org.faults.add("reset_before", method="POST", path="*/job", nth=2, times=5)
    with pytest.raises(TransportError):
        refused.retry()
    assert len(held()) == 36
    org.faults.clear()
    assert refused.retry().succeeded == 40
    assert held() == sorted(row["LastName"] for row in ROWS)


def test_rows_of_an_attempt_that_ended_in_doubt_are_unknown(org, refused, held):
    """They may be in the org; a further retry leaves them alone."""
    org.faults.add("answer_lost", method="POST", path="*/batch", nth=2)
    org.faults.add("request_limit", method="GET", path="*/batch", times=0)
    with pytest.raises(AmbiguousUpload, match="further retry") as caught:
        refused.retry(batch_size=5)
    assert caught.value.job_id
    org.faults.clear()
    again = refused.retry()
    assert (again.succeeded, again.unknown) == (30, 10)
    assert {row.error.code for row in again.unknown} == {"AmbiguousUpload"}
    assert len(held()) == 40


def test_rows_that_no_job_took_may_be_tried_again(org, refused, held):
    org.faults.add("quota_used_up", method="POST", path="*/job/*/batch", times=0)
    with pytest.raises(ExceededQuota):
        refused.retry()
    org.faults.clear()
    assert refused.retry().succeeded == 40
    assert len(held()) == 40


def test_a_retry_that_still_runs_is_waited_for_by_its_handle(org, refused, held):
    org.engine.pause()
    with pytest.raises(JobStillRunning) as caught:
        refused.retry(timeout=1)
    assert refused.retry().unknown == 10
    org.engine.resume()
    assert caught.value.handle.result().succeeded == 10
    assert len(held()) == 40
