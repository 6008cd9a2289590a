"""What is in doubt is never told as not sent: who believes that has it in the org twice."""

import pytest

from salesforce_bulk import (
    AmbiguousUpload,
    BulkApiError,
    LoadFailed,
    ResultsExpired,
    ServerBusy,
    TransportError,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.errors import ApiFault

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(40)]


@pytest.fixture
def held(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Name FROM Account"))


def insert(bulk, rows=ROWS, **options):
    return bulk.insert("Account", rows, **{"batch_size": 10, **options})


@pytest.mark.parametrize("kind", ["request_limit", "api_error"])
def test_an_answer_that_cannot_be_looked_for_is_not_taken_for_a_refusal(org, bulk, kind):
    """The batch is in the org; that its job cannot be listed does not say that it is not."""
    org.faults.add("answer_lost", method="POST", path="*/batch", nth=2)
    org.faults.add(kind, method="GET", path="*/batch", times=0, status=503)
    with pytest.raises(AmbiguousUpload, match="cannot be found out") as caught:
        insert(bulk, parallel=1)
    assert caught.value.job_id


@pytest.mark.parametrize("code", ["Unknown", "UNKNOWN_EXCEPTION", "InternalServerError"])
def test_any_500_leaves_it_open_whether_the_batch_is_there(bulk, held, monkeypatch, code):
    """The codes of a 500 are an open list; none of them says that nothing was done."""
    make = access_of(bulk).org.v1._caller.make
    calls = []

    def fail_after_the_second(call):
        response = make(call)
        if call.method == "POST" and call.path.endswith("/batch"):
            calls.append(call)
            if len(calls) == 2:
                raise ApiFault("broken", 500, error_code=code)
        return response

    monkeypatch.setattr(access_of(bulk).org.v1._caller, "make", fail_after_the_second)
    result = insert(bulk, on_error="report", parallel=1)
    assert (result.succeeded, result.unprocessed) == (40, 0)
    assert held() == sorted(row["Name"] for row in ROWS)
    assert len(calls) == 4


@pytest.mark.parametrize("kind", ["html_error", "api_error"])
@pytest.mark.parametrize("ask", ["insert", "submit_insert"])
def test_a_close_that_never_succeeds_does_not_hide_the_results(org, bulk, held, kind, ask):
    """Trap: close fails after the last batch was accepted, and the rows are loaded once more."""
    org.faults.add(kind, method="POST", path="*/job/*", nth=5, times=20, status=503)
    made = getattr(bulk, ask)("Account", ROWS, batch_size=10, parallel=1)
    result = made if ask == "insert" else made.result()
    assert result.succeeded == 40
    assert held() == sorted(row["Name"] for row in ROWS)


def test_a_job_that_could_not_be_closed_is_closed_when_its_results_are_there(org, bulk):
    org.faults.add("api_error", method="POST", path="*/job/*", nth=5, times=6, status=503)
    result = insert(bulk, parallel=1)
    assert bulk.job_state(result.job_id) == "Closed"


def test_a_busy_server_at_the_creation_of_a_job_is_waited_for(org, bulk, held, clock):
    """A job without batches does nothing, so making it may be tried again."""
    org.faults.add("api_error", method="POST", path="*/job", times=3, status=503)
    assert insert(bulk).succeeded == 40
    org.faults.add("api_error", method="POST", path="*/jobs/ingest", times=3, status=503)
    assert insert(bulk, api="2.0").succeeded == 40
    assert len(held()) == 80
    assert sum(pause >= 1 for pause in clock.pauses) >= 4


def test_an_error_while_waiting_says_that_the_rows_were_sent(org, bulk, held):
    """Who sees it must not load the rows again, but wait for the job."""
    org.faults.add("api_error", method="GET", path="*/batch", times=0, status=503)
    with pytest.raises(ServerBusy, match=r"The rows were sent; .* attach") as caught:
        insert(bulk)
    job_id = caught.value.job_id
    assert len(held()) == 40
    org.faults.clear()
    assert bulk.attach(job_id).result().succeeded == 40


def test_a_result_cut_within_its_last_record_is_fetched_again(org, bulk):
    """Nothing but the last quote tells that a body without a length is whole."""
    rows = [{"LastName": None, "Title": "t"}]
    whole = bulk.insert("Contact", rows, on_error="report")
    error = next(iter(whole.failed)).error
    body = access_of(bulk).org.v1.result_body(
        whole.job_id, bulk.get_batch_list(whole.job_id)[0]["id"]
    )
    org.faults.add("cut_unsized", path="*/result", after_bytes=len(body) - 8)
    again = bulk.insert("Contact", rows, on_error="report")
    assert next(iter(again.failed)).error == error


def test_abort_goes_on_behind_a_job_that_is_over(org, bulk, monkeypatch):
    """The jobs that still run are aborted, although the first one is complete."""
    create = access_of(bulk).org.v2.create_ingest_job
    made = []

    def pause_behind_the_first(document):
        if made:
            org.engine.pause()
        made.append(document)
        return create(document)

    monkeypatch.setattr(access_of(bulk).org.v2, "create_ingest_job", pause_behind_the_first)
    handle = bulk.submit_insert("Account", ROWS, api="2.0", batch_size=10, parallel=1)
    handle.abort()
    org.engine.resume()
    result = handle.result()
    assert (result.succeeded, result.unprocessed) == (10, 30)
    over = bulk.submit_insert("Account", ROWS[:1])
    assert over.result().succeeded == 1
    over.abort()


# Bulk API 2.0: a job whose upload is stored is completed, never loaded anew


@pytest.mark.parametrize("kind", ["html_error_after", "answer_lost"])
def test_a_job_of_which_it_is_not_known_whether_it_began_is_ambiguous(org, bulk, held, kind):
    """Its rows are in the org; told as not sent they would be loaded again."""
    org.faults.add(kind, method="PATCH", path="*/jobs/ingest/*", times=0, status=503)
    with pytest.raises(AmbiguousUpload, match="may have begun") as caught:
        insert(bulk, api="2.0", batch_size=None)
    assert caught.value.job_id
    assert len(held()) == 40


def test_a_500_of_the_api_at_the_start_of_a_job_is_ambiguous_too(org, bulk, monkeypatch):
    set_state = access_of(bulk).org.v2.set_ingest_state

    def fail(job_id, state):
        set_state(job_id, state)
        raise ServerBusy("busy", 503, error_code="SERVER_UNAVAILABLE", job_id=job_id)

    monkeypatch.setattr(access_of(bulk).org.v2, "set_ingest_state", fail)
    with pytest.raises(AmbiguousUpload):
        insert(bulk, api="2.0", batch_size=None, on_error="report")


def test_a_job_whose_start_was_in_doubt_is_finished_from_the_journal(org, bulk, held, tmp_path):
    journal = tmp_path / "journal"
    org.faults.add("reset_before", method="PATCH", path="*/jobs/ingest/*", times=0)
    with pytest.raises(AmbiguousUpload) as caught:
        insert(bulk, api="2.0", batch_size=None, journal=journal)
    org.faults.clear()
    result = org.connect().resume(journal, ROWS)
    assert result.job_ids == (caught.value.job_id,)
    assert result.succeeded == 40
    assert held() == sorted(row["Name"] for row in ROWS)


def test_a_job_that_somebody_aborted_after_its_start_is_not_loaded_again(org, bulk, held, tmp_path):
    """Batches of an aborted job may still be at work; its own results say what became of them."""
    from test_load_resume import crashed  # noqa: PLC0415

    journal = tmp_path / "journal"
    org.engine.pause()
    # plan, job, completing: the fourth entry would say that the job was started.
    crashed(3, lambda: insert(bulk, api="2.0", batch_size=None, journal=journal))
    (job,) = access_of(bulk).org.v2.ingest_jobs()
    access_of(bulk).org.v2.set_ingest_state(job.id, "UploadComplete")
    access_of(bulk).org.v2.set_ingest_state(job.id, "Aborted")
    org.engine.resume()
    result = org.connect().resume(journal, ROWS, on_error="report")
    assert result.job_ids == (job.id,)
    assert result.unprocessed == 40
    with pytest.raises(LoadFailed):
        result.raise_for_failures()


# Servers that are busy for a while, logins that fail


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_server_that_is_busy_for_a_while_is_given_time(org, bulk, held, clock, api):
    """Eight tries within a second are one."""
    path = "*/batch" if api == "1.0" else "*/batches"
    org.faults.add("html_error", path=path, times=5, status=503)
    assert insert(bulk, ROWS[:10], api=api).succeeded == 10
    assert sum(pause for pause in clock.pauses if pause >= 1) > 10
    assert len(held()) == 10


def test_a_batch_that_never_arrives_is_not_in_doubt(org, bulk):
    """Each time it was certain that it was not there; the error does not say otherwise."""
    org.faults.add("reset_before", method="POST", path="*/batch", times=0)
    with pytest.raises(TransportError, match="never arrived") as caught:
        insert(bulk)
    assert not isinstance(caught.value, AmbiguousUpload)
    assert caught.value.job_id


@pytest.mark.parametrize("waiting", [False, True])
def test_a_login_that_fails_on_the_way_does_not_hide_what_was_sent(org, bulk, waiting):
    org.faults.add("answer_lost", method="POST", path="*/batch", nth=2)
    if waiting:
        org.faults.clear()
    org.faults.add("session_expired", method="GET", path="*/job/*", times=0)
    org.faults.add("html_error", path="*/Soap/*", times=0)
    kind = BulkApiError if waiting else AmbiguousUpload
    with pytest.raises(kind, match="attach") as caught:
        insert(bulk, parallel=1)
    assert caught.value.job_id


def test_a_foreign_batch_is_told_once(org, bulk, monkeypatch):
    """The reason is not wrapped into itself."""
    create = access_of(bulk).org.v1.create_job

    def create_and_add(document, headers):
        info = create(document, headers)
        access_of(bulk).org.v1.add_batch(info["id"], b"Name\nforeign\n", "text/csv")
        return info

    monkeypatch.setattr(access_of(bulk).org.v1, "create_job", create_and_add)
    org.faults.add("reset_before", method="POST", path="*/batch", nth=2)
    with pytest.raises(AmbiguousUpload) as caught:
        insert(bulk, parallel=1)
    assert str(caught.value).count("cannot be found out") == 1


def test_jobs_are_named_in_the_log_when_they_are_made(bulk, caplog):
    """Who interrupts the waiting has lost the handle, not the job."""
    caplog.set_level("INFO", "salesforce_bulk")
    ids = [insert(bulk, ROWS[:1], api=api).job_id for api in ("1.0", "2.0")]
    for job_id in ids:
        assert any(job_id in record.getMessage() for record in caplog.records)


def test_a_stored_job_that_is_gone_has_expired(org, bulk, tmp_path):
    """Nothing is sent in its place: its rows may be in the org."""
    from test_load_resume import crashed  # noqa: PLC0415

    journal = tmp_path / "journal"
    crashed(3, lambda: insert(bulk, api="2.0", batch_size=None, journal=journal))
    (job,) = access_of(bulk).org.v2.ingest_jobs()
    access_of(bulk).org.v2.set_ingest_state(job.id, "UploadComplete")
    access_of(bulk).org.v2.delete_ingest_job(job.id)
    with pytest.raises(ResultsExpired):
        org.connect().resume(journal, ROWS)
    assert list(access_of(bulk).org.v2.ingest_jobs()) == []
