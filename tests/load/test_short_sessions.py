"""Sessions that end while a call is on its way, more than once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from salesforce_bulk import SessionExpired
from salesforce_bulk.client_access import access_of
from salesforce_bulk.http.call import Call


def logins(org):
    return sum("/services/Soap" in one.path for one in org.requests)


def lose_before(bulk, monkeypatch, name, lost):
    """Before the n-th call of an endpoint the session ends, for each n in lost."""
    send = access_of(bulk).transport.send
    calls = []

    def look(method, url, **options):
        if url.endswith(name):
            calls.append(url)
            if len(calls) in lost:
                lost[len(calls)]()
        return send(method, url, **options)

    monkeypatch.setattr(access_of(bulk).transport, "send", look)
    return calls


def test_a_session_that_was_good_in_between_is_renewed_again(org, bulk, monkeypatch):
    """One thread's call is slow: others renewed the session, and it has ended again."""
    api = access_of(bulk).org.v2
    job = bulk.create_insert_job("Account", contentType="CSV")

    def good_then_gone():
        # What another thread does meanwhile: its call with the new session succeeds.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(lambda: list(api.ingest_jobs())).result()
        org.sessions.expire_all()

    org.sessions.expire_all()
    before = logins(org)
    lose_before(bulk, monkeypatch, f"/job/{job}", {2: good_then_gone})
    assert bulk.job_status(job)["state"] == "Open"
    assert logins(org) == before + 2


def test_a_new_session_that_is_refused_at_once_is_an_error(org, bulk, monkeypatch):
    """Each further login would bring another that is refused: no fourth call, no third login."""
    job = bulk.create_insert_job("Account", contentType="CSV")
    org.sessions.expire_all()
    before = logins(org)
    calls = lose_before(
        bulk, monkeypatch, f"/job/{job}", dict.fromkeys((2, 3, 4), org.sessions.expire_all)
    )
    with pytest.raises(SessionExpired) as caught:
        bulk.job_status(job)
    assert caught.value.job_id == job
    assert (len(calls), logins(org)) == (3, before + 2)


def test_sessions_that_only_other_calls_may_use_do_not_log_in_for_ever(org, bulk, monkeypatch):
    """A call that is refused with sessions that are good elsewhere ends after five logins."""
    job = bulk.create_insert_job("Account", contentType="CSV")
    org.faults.add("session_expired", path=f"*/job/{job}", times=0)
    before = logins(org)
    good = lambda: list(access_of(bulk).org.v2.ingest_jobs())  # noqa: E731
    calls = lose_before(bulk, monkeypatch, f"/job/{job}", dict.fromkeys(range(1, 9), good))
    with pytest.raises(SessionExpired):
        access_of(bulk).org.v1._caller.make(Call("GET", f"job/{job}", job_id=job))
    assert len(calls) == 6
    assert logins(org) <= before + 5


def test_a_new_session_that_ended_during_a_slow_call_is_renewed_again(
    org, bulk, clock, monkeypatch
):
    """The call alone takes longer than a session lasts, because its answers are lost."""
    job = bulk.create_insert_job("Account", contentType="CSV")

    def slow_and_gone():
        clock.sleep(40)
        org.sessions.expire_all()

    org.sessions.expire_all()
    before = logins(org)
    lose_before(bulk, monkeypatch, f"/job/{job}", {2: slow_and_gone})
    assert bulk.job_status(job)["state"] == "Open"
    assert logins(org) == before + 2
