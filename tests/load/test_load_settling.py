"""Lost answers, closed jobs, expired sessions: no row twice, none missing."""

import pytest
from fast_clock import FastClock

from salesforce_bulk import (
    AmbiguousUpload,
    BulkJobAborted,
    InvalidJobState,
    LoadFailed,
    TransportError,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import SalesforceEmulator

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(60)]


@pytest.fixture
def held(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Name FROM Account"))


def insert(bulk, rows=ROWS, **options):
    return bulk.insert("Account", rows, **{"batch_size": 10, **options})


def posts(org):
    return [one for one in org.requests if one.method == "POST" and one.path.endswith("/batch")]


@pytest.mark.parametrize("nth", [1, 2, 6])
@pytest.mark.parametrize("parallel", [1, 3])
@pytest.mark.parametrize("kind", ["answer_lost", "reset_after", "html_error_after"])
def test_a_batch_whose_answer_was_lost_is_found_and_not_sent_again(
    org, bulk, held, nth, parallel, kind
):
    """Trap: retrying a non-idempotent insert after a network error."""
    org.faults.add(kind, method="POST", path="*/batch", nth=nth)
    result = insert(bulk, parallel=parallel)
    assert result.succeeded == 60
    assert held() == sorted(row["Name"] for row in ROWS)
    assert len(posts(org)) == 6
    assert len(result.job_ids) == 1


@pytest.mark.parametrize("kind", ["reset_before", "closed_before", "html_error"])
@pytest.mark.parametrize("nth", [1, 4])
def test_a_batch_that_never_arrived_is_sent_again_in_a_new_job(org, bulk, held, kind, nth):
    """The first job is closed, so that the lost batch cannot arrive late."""
    org.faults.add(kind, method="POST", path="*/batch", nth=nth)
    result = insert(bulk)
    assert held() == sorted(row["Name"] for row in ROWS)
    assert [row.number for row in result if row.status == "success"] == list(range(1, 61))
    assert len(result.job_ids) == 2
    assert {bulk.job_state(job_id) for job_id in result.job_ids} == {"Closed"}


def test_a_batch_that_arrives_between_two_looks_is_found_by_the_second(bulk, held, monkeypatch):
    """The list counts only when the job is closed: a batch may still have been on its way."""
    add, close = access_of(bulk).org.v1.add_batch, access_of(bulk).org.v1.set_job_state
    late = []

    def lose_the_second(job_id, body, media_type):
        late.append((job_id, body, media_type))
        if len(late) == 2:
            raise AmbiguousUpload("lost", job_id=job_id)
        return add(job_id, body, media_type)

    def arrive_just_before(job_id, document, state):
        if len(late) == 2:
            add(*late[1])
        close(job_id, document, state)

    monkeypatch.setattr(access_of(bulk).org.v1, "add_batch", lose_the_second)
    monkeypatch.setattr(access_of(bulk).org.v1, "set_job_state", arrive_just_before)
    assert insert(bulk, parallel=1).succeeded == 60
    assert held() == sorted(row["Name"] for row in ROWS)
    assert len(late) == 6


def test_equal_batches_are_told_apart(org, bulk, stored):
    """Two batches with the same rows, the answer to one lost: both are there once."""
    org.faults.add("answer_lost", method="POST", path="*/batch", nth=2)
    result = insert(bulk, [{"Name": "same", "Site": "x"}] * 40, parallel=3)
    assert stored("SELECT count() FROM Account") == [(40,)]
    assert len({row.id for row in result}) == 40


@pytest.mark.parametrize("seed", range(5))
def test_answers_lost_and_connections_reset_at_random(org, bulk, held, seed):
    """A fifth of the answers lost, one connection in twenty reset, both directions."""
    org.faults._random.seed(seed)
    org.faults.add("answer_lost", path="/services/async/*", times=0, probability=0.2)
    org.faults.add("reset_before", path="/services/async/*", times=0, probability=0.05)
    org.faults.add("session_expired", path="/services/async/*", nth=5)
    result = insert(bulk, batch_size=5, parallel=3)
    assert held() == sorted(row["Name"] for row in ROWS)
    assert result.succeeded == 60


def test_an_unknown_batch_in_the_job_is_not_decided(org, bulk, monkeypatch):
    """Not decidable: AmbiguousUpload, with the job's id, and nothing is sent again."""
    job_ids = []
    create = access_of(bulk).org.v1.create_job

    def create_and_add_a_foreign_batch(document, headers):
        info = create(document, headers)
        job_ids.append(info["id"])
        access_of(bulk).org.v1.add_batch(info["id"], b"Name\nforeign\n", "text/csv")
        return info

    monkeypatch.setattr(access_of(bulk).org.v1, "create_job", create_and_add_a_foreign_batch)
    org.faults.add("reset_before", method="POST", path="*/batch", nth=2)
    with pytest.raises(AmbiguousUpload, match="cannot be found out") as caught:
        insert(bulk)
    assert caught.value.job_id == job_ids[0]


def test_a_list_that_cannot_be_read_is_not_decided(org, bulk):
    org.faults.add("answer_lost", method="POST", path="*/batch")
    org.faults.add("reset_before", method="GET", path="*/batch", times=0)
    with pytest.raises(AmbiguousUpload, match="cannot be found out"):
        insert(bulk)


@pytest.mark.parametrize("kind", ["html_error", "answer_lost"])
def test_a_close_that_fails_is_repeated_and_changes_no_outcome(org, bulk, kind):
    """Trap: close fails after the last batch was accepted, rows reported failed."""
    # POSTs below a job: the batch is the first, its close the second and those that repeat it.
    org.faults.add(kind, method="POST", path="*/job/*", nth=2, times=2)
    result = insert(bulk, ROWS[:10])
    assert result.succeeded == 10
    assert bulk.job_state(result.job_id) == "Closed"
    assert [path.rpartition("/")[2] for _, _, path in org.faults.fired] == [result.job_id] * 2


def test_a_job_that_is_too_old_for_batches_is_followed_by_another(org, bulk, held, tmp_path):
    """Trap: a v1 job older than 24 hours takes no batches."""
    from test_load_resume import crashed  # noqa: PLC0415

    journal = tmp_path / "journal"
    crashed(6, lambda: insert(bulk, journal=journal, parallel=1))
    org.clock.advance(25 * 3_600)
    result = insert(org.connect(), journal=journal)
    assert held() == sorted(row["Name"] for row in ROWS)
    assert len(result.job_ids) == 2


@pytest.mark.parametrize("spelling", ["NotProcessed", "Not Processed", "NOT_PROCESSED"])
def test_batches_of_an_aborted_job_are_not_processed(org, bulk, monkeypatch, spelling):
    """Trap: NotProcessed and "Not Processed"; an aborted job reported as success."""
    org.engine.pause()
    handle = bulk.submit_insert("Account", ROWS, batch_size=10)
    handle.abort()
    org.engine.resume()
    listed = access_of(bulk).org.v1.batches

    def spelt(job_id):
        return [{**info, "state": info["state"].replace("NotProcessed", spelling)}
                for info in listed(job_id)]  # fmt: skip

    monkeypatch.setattr(access_of(bulk).org.v1, "batches", spelt)
    result = handle.result()
    assert result.unprocessed == 60
    with pytest.raises(LoadFailed, match="60 x NotProcessed: the job was aborted"):
        result.raise_for_failures()
    assert result.retry().succeeded == 60


def test_batches_that_stay_queued_in_an_aborted_job_end_the_wait() -> None:
    """Nobody can tell what becomes of them: their rows are unknown, and none succeeded."""
    dialect = {"bulk1.job.abort_queued": "Queued"}
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        org.engine.pause()
        handle = org.connect(clock=FastClock()).submit_insert("Account", ROWS, batch_size=10)
        handle.abort()
        result = handle.result()
    assert (len(result.unknown), result.succeeded) == (len(ROWS), 0)
    with pytest.raises(LoadFailed, match="JobAborted"):
        result.raise_for_failures()


def test_an_abort_that_the_org_refuses_of_a_job_under_way_is_told() -> None:
    dialect = {"bulk1.job.abort_unfinished": "400 InvalidJobState"}
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        org.engine.pause()
        handle = org.connect(clock=FastClock()).submit_insert("Account", ROWS, batch_size=10)
        with pytest.raises(InvalidJobState):
            handle.abort()
        org.engine.resume()
        assert handle.result().succeeded == len(ROWS)
        handle.abort()


def test_a_job_closed_by_somebody_is_followed_by_another(org, bulk, held, monkeypatch):
    """Trap: a batch posted to a closed job is not created but burns quota."""
    add = access_of(bulk).org.v1.add_batch
    calls = []

    def close_after_two(job_id, body, media_type):
        calls.append(job_id)
        if len(calls) == 3:
            bulk.close_job(job_id)
        return add(job_id, body, media_type)

    monkeypatch.setattr(access_of(bulk).org.v1, "add_batch", close_after_two)
    result = insert(bulk, parallel=1)
    assert held() == sorted(row["Name"] for row in ROWS)
    assert len(result.job_ids) == 2
    assert len(calls) == 7


def test_an_aborted_job_is_never_a_success(org, bulk, monkeypatch):
    """Trap: an aborted job reported as success; its rows are told as not processed."""
    add = access_of(bulk).org.v1.add_batch
    calls = []

    def abort_after_two(job_id, body, media_type):
        calls.append(job_id)
        if len(calls) == 3:
            bulk.abort_job(job_id)
        return add(job_id, body, media_type)

    monkeypatch.setattr(access_of(bulk).org.v1, "add_batch", abort_after_two)
    result = insert(bulk, parallel=1, on_error="report")
    assert (result.succeeded, result.unprocessed) == (20, 40)
    assert {row.error.code for row in result.unprocessed} == {BulkJobAborted.__name__}
    with pytest.raises(LoadFailed):
        result.raise_for_failures()


def test_a_quota_used_up_on_the_way_leaves_the_rest_unprocessed(org, bulk):
    """Rows that no job took are told apart from rows that failed."""
    org.faults.add("quota_used_up", method="POST", path="*/batch", nth=4, times=0)
    with pytest.raises(LoadFailed, match="30 x ExceededQuota") as caught:
        insert(bulk, parallel=1)
    result = caught.value.result
    assert (result.succeeded, result.unprocessed, result.rows) == (30, 30, 60)


def test_a_dead_connection_is_an_error_and_no_result(org, bulk):
    org.faults.add("reset_before", path="/services/async/*", times=0)
    with pytest.raises(TransportError):
        insert(bulk)


def test_a_busy_server_is_not_the_end(org, bulk, held):
    """The API's own 500 leaves open whether the batch is there; it is looked for."""
    org.faults.add("api_error", method="POST", path="*/batch", status=500, nth=2)
    assert insert(bulk).succeeded == 60
    assert held() == sorted(row["Name"] for row in ROWS)


def test_sessions_that_expire_are_renewed_once_for_all_threads(org, bulk):
    """Trap: a session shared with another process that logs out."""
    org.faults.add("session_expired", path="*/batch*", nth=3)
    logins = sum("/services/Soap" in one.path for one in org.requests)
    assert insert(bulk, parallel=4).succeeded == 60
    assert sum("/services/Soap" in one.path for one in org.requests) == logins + 1
