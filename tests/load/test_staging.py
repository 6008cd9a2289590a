"""Rows stored in open jobs, and jobs run later."""

import pytest

from salesforce_bulk import (
    InvalidInput,
    JobFailed,
    JobStillRunning,
    ReconciliationError,
    ReserveReached,
    SalesforceBulk,
)
from salesforce_bulk.bulk_states import ABORTED, JOB_COMPLETE, OPEN
from salesforce_bulk.client_access import org_of
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import InvalidJobState, TransportError
from salesforce_bulk.load.settings import LoadSettings, LoadSpec
from salesforce_bulk.load.staging import (
    StagedJob,
    counts,
    discard,
    result_header,
    result_records,
    run,
    stage,
)

INSERT = LoadSpec("insert", "Account")
ROWS = [{"Name": f"Row {number}"} for number in range(25)]


@pytest.fixture
def access(bulk):
    return org_of(bulk)


def staged(access, rows=ROWS, spec=INSERT, batch_size=10):
    return stage(access, spec, rows, LoadSettings(api="2.0", batch_size=batch_size))


def states(access):
    return [job.state for job in access.v2.ingest_jobs()]


def test_staged_rows_are_in_open_jobs_and_not_in_the_org(access, stored):
    jobs = staged(access)
    assert [job.rows for job in jobs] == [10, 10, 5]
    assert states(access) == [OPEN] * 3
    assert stored("SELECT Id FROM Account") == []


def test_a_job_that_is_run_twice_loads_its_rows_once(access, stored):
    jobs = staged(access)
    for job in jobs[:2]:
        run(access, job.id)
        run(access, job.id)
    assert [counts(access, job).rows for job in jobs[:2]] == [10, 10]
    assert len(stored("SELECT Id FROM Account")) == 20


def test_only_open_jobs_are_discarded(access):
    jobs = staged(access)
    run(access, jobs[0].id)
    counts(access, jobs[0])
    discard(access, [job.id for job in jobs])
    assert sorted(states(access)) == [ABORTED, ABORTED, JOB_COMPLETE]


def test_no_rows_make_no_job(access):
    assert staged(access, []) == []
    assert states(access) == []


def test_wrong_rows_make_no_job(access):
    with pytest.raises(InvalidInput, match="Nmae"):
        staged(access, [{"Nmae": "x"}])
    assert states(access) == []


def test_a_refused_upload_leaves_no_open_job_of_the_stage(org, access):
    org.faults.add("html_error", route="bulk2.upload", nth=3, times=0, status=400)
    with pytest.raises(TransportError):
        staged(access)
    assert set(states(access)) == {ABORTED}


def test_a_doubtful_upload_is_stored_in_another_job(org, access, stored):
    org.faults.add("answer_lost", route="bulk2.upload", times=1)
    jobs = staged(access)
    assert sorted(states(access)) == [ABORTED, OPEN, OPEN, OPEN]
    for job in jobs:
        run(access, job.id)
    assert len(stored("SELECT Id FROM Account")) == len(ROWS)


def test_failed_rows_are_counted_by_their_reasons(access):
    [job] = staged(access, [{"Name": "fine"}, {"Name": "x" * 300}, {"Name": "y" * 300}])
    run(access, job.id)
    ended = counts(access, job)
    assert (ended.rows, ended.failed, dict(ended.reasons)) == (3, 2, {"STRING_TOO_LONG": 2})
    assert result_header(access, job.id, "failedResults") == ["sf__Id", "sf__Error", "Name"]
    names = [record["Name"][0] for record in result_records(access, job.id, "failedResults")]
    assert names == ["x", "y"]


def test_a_job_that_was_aborted_is_an_error_and_no_count(access):
    [job] = staged(access, ROWS[:1])
    discard(access, [job.id])
    with pytest.raises(JobFailed, match=f"{job.id} with 1 rows ended Aborted"):
        counts(access, job)


def test_a_job_that_was_not_run_is_not_waited_for(access):
    [job] = staged(access, ROWS[:1])
    with pytest.raises(InvalidJobState, match="was not run"):
        counts(access, job)


def test_other_counts_than_were_stored_are_an_error(access):
    [job] = staged(access, ROWS[:3])
    run(access, job.id)
    with pytest.raises(ReconciliationError, match="given 4 rows and processed 3"):
        counts(access, StagedJob(job.id, 4))


def test_a_job_that_takes_too_long_is_left_alone(clock):
    with SalesforceEmulator() as org:
        org.engine.pause()
        access = org_of(org.connect(clock=clock))
        [job] = staged(access, ROWS[:3])
        run(access, job.id)
        with pytest.raises(JobStillRunning, match="left alone"):
            counts(access, job, timeout=60)
        assert 60 <= round(sum(clock.pauses), 6) < 70


def test_a_reserve_is_kept_before_anything_is_stored(org):
    """min_batches= counts the batches of all the jobs."""
    login = {"username": org.username, "password": org.password, "security_token": ""}
    bulk = SalesforceBulk(**login, login_url=org.url, min_batches=14_998)
    with pytest.raises(ReserveReached, match="Nothing was sent"):
        staged(org_of(bulk))
    assert states(org_of(bulk)) == []
    assert len(staged(org_of(bulk), ROWS[:20])) == 2
