"""A program that loads with a journal and retries is run again: no row twice, none missing."""

import contextlib

import pytest
from test_load_resume import Crash, crash_at, crashed

from salesforce_bulk import AmbiguousUpload, ExceededQuota, JobStillRunning
from salesforce_bulk.client_access import access_of

ROWS = [{"Ext__c": f"k{n}", "Text__c": f"Row {n}"} for n in range(60)]


@pytest.fixture
def held(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Text__c FROM Load__c"))


def program(bulk, journal, **options):
    """What users have in a file: the same call again finishes it."""
    given = {"batch_size": 10, "parallel": 1, "on_error": "report", **options}
    result = bulk.insert("Load__c", ROWS, journal=journal, **given)
    return result.retry(batch_size=5)


def posts(org):
    return sum(one.method in ("POST", "PUT", "PATCH") for one in org.requests)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_rows_that_a_retry_brought_in_stay_so(org, bulk, held, tmp_path, api):
    """Without the retry in the journal, its rows would be sent by each further run."""
    org.faults.add("row_errors", rows=7)
    first = program(bulk, tmp_path / "journal", api=api)
    assert first.succeeded == 60
    before = posts(org)
    second = program(org.connect(), tmp_path / "journal", api=api)
    assert [row.id for row in second] == [row.id for row in first]
    assert second.job_ids == first.job_ids
    assert len(held()) == 60
    assert posts(org) - before <= 2  # the login
    resumed = org.connect().resume(tmp_path / "journal", ROWS)
    assert resumed.succeeded == 60


@pytest.mark.parametrize("step", range(24))
def test_a_crash_behind_any_step_of_a_retry_is_survived(org, bulk, held, tmp_path, step):
    journal = tmp_path / "journal"
    org.faults.add("row_errors", nth=2, rows=8)
    org.faults.add("answer_lost", method="POST", path="*/batch", nth=8)
    for attempt in (17 + step, 3):
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Crash):
            crash_at(patch, attempt)
            program(bulk, journal)
    result = program(org.connect(), journal)
    assert [row.status for row in result] == ["success"] * 60
    assert held() == sorted(row["Text__c"] for row in ROWS)
    assert result.rows == 60


def test_rows_that_the_first_run_did_not_send_are_sent_by_the_retry_alone(
    org, bulk, held, tmp_path
):
    journal = tmp_path / "journal"
    org.faults.add("quota_used_up", method="POST", path="*/batch", nth=4, times=1)
    assert program(bulk, journal).succeeded == 60
    assert len(held()) == 60
    assert program(org.connect(), journal).succeeded == 60
    assert len(held()) == 60


def test_several_attempts_are_known_again(org, bulk, held, tmp_path):
    journal = tmp_path / "journal"
    org.faults.add("row_errors", rows=9)
    org.faults.add("row_errors", nth=7, rows=2)
    org.faults.add("row_errors", nth=9, rows=1)
    first = program(bulk, journal)
    assert first.succeeded == 60
    again = program(org.connect(), journal)
    assert again.job_ids == first.job_ids
    assert [row.id for row in again] == [row.id for row in first]
    assert len(held()) == 60


def test_a_retry_that_no_job_took_is_finished_by_the_next_run(org, bulk, held, tmp_path):
    journal = tmp_path / "journal"
    org.faults.add("row_errors", rows=9)
    org.faults.add("quota_used_up", method="POST", path="*/batch", nth=7, times=0)
    with pytest.raises(ExceededQuota):
        program(bulk, journal)
    org.faults.clear()
    assert program(org.connect(), journal).succeeded == 60
    assert len(held()) == 60


def test_a_retry_that_still_runs_is_waited_for_by_the_next_run(org, bulk, held, tmp_path):
    journal = tmp_path / "journal"
    org.faults.add("row_errors", rows=9)
    result = bulk.insert("Load__c", ROWS, journal=journal, on_error="report")
    org.engine.pause()
    with pytest.raises(JobStillRunning):
        result.retry(timeout=1)
    with pytest.raises(JobStillRunning):
        org.connect(clock=access_of(bulk).transport.clock).resume(journal, ROWS, timeout=1)
    org.engine.resume()
    assert bulk.resume(journal, ROWS).succeeded == 60
    assert len(held()) == 60


def test_a_crash_before_the_retry_changes_nothing(org, bulk, held, tmp_path):
    journal = tmp_path / "journal"
    crashed(9, lambda: program(bulk, journal))
    org.faults.add("row_errors", rows=2)
    assert program(org.connect(), journal).succeeded == 60
    assert len(held()) == 60


@pytest.mark.parametrize("arrived", [True, False])
def test_what_a_broken_attempt_left_to_the_next_is_not_sent_by_both(
    org, bulk, held, tmp_path, arrived
):
    """Of the first attempt a batch is in doubt and others were not sent; the second sent those."""
    journal = tmp_path / "journal"
    org.faults.add("row_errors", rows=10)
    org.faults.add("row_errors", nth=2, rows=10)
    result = bulk.insert(
        "Load__c", ROWS, journal=journal, batch_size=10, parallel=1, on_error="report"
    )
    assert result.failed == 20
    kind = "answer_lost" if arrived else "reset_before"
    org.faults.add(kind, method="POST", path="*/batch", nth=2)
    org.faults.add("request_limit", method="GET", path="*/batch", times=0)
    with pytest.raises(AmbiguousUpload):
        result.retry(batch_size=5)
    org.faults.clear()
    again = result.retry()
    assert again.unknown
    assert 60 - len(held()) in (0, 5)
    final = program(org.connect(), journal)
    assert final.succeeded == 60
    assert held() == sorted(row["Text__c"] for row in ROWS)
