"""`timeout=` ends a verb whatever the org does, and what goes on behind it doubles no row."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fast_clock import FastClock
from raw_server import SESSION, STALL, RawServer
from silent_proxy import ENDS, SilentProxy

from salesforce_bulk import (
    InvalidInput,
    JobStillRunning,
    JournalMismatch,
    RequestTimeout,
    SalesforceBulk,
)

APIS = ["1.0", "2.0"]
ROWS = [{"Name": f"Row {number}", "Site": "s"} for number in range(30)]
#: More than the requests of a load of these rows in two parts.
ENOUGH = 60
#: Seconds that a test gives a verb; a silent server ends it then, and nothing before.
SHORT = 0.15


@contextmanager
def below(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def each_once(stored):
    """Whether the org has every row, and none twice."""

    def check():
        names = [name for (name,) in stored("SELECT Name FROM Account")]
        assert sorted(names) == sorted(row["Name"] for row in ROWS)

    return check


def options(api):
    return {"api": api, "batch_size": 15, "parallel": 1, "timeout": SHORT, "on_error": "report"}


def stopped_at_each_request(org, api, how, go_on):
    """Loads that meet a silent org at the first request, the second, and so on; told `go_on` with
    the client, the proxy and the error, or None where the load was done."""
    phases = set()
    for at in itertools.count(1):
        assert at < ENOUGH
        org.reset()
        with SilentProxy(org, at, how) as proxy:
            bulk = proxy.connect(clock=FastClock())
            error = None
            with below(15):
                try:
                    bulk.insert("Account", ROWS, **options(api))
                except (JobStillRunning, RequestTimeout) as caught:
                    error = caught
            proxy.speak()
            go_on(bulk, error)
            phases.add(type(error))
            if error is None:
                break
    assert phases >= {JobStillRunning, RequestTimeout, type(None)}


@pytest.mark.parametrize("how", ENDS)
@pytest.mark.parametrize("api", APIS)
def test_the_handle_goes_on_wherever_the_org_fell_silent(org, each_once, api, how):
    """At each request of a load: the verb ends in its time, the handle sends the rest, and every
    row is there once with its outcome."""

    def go_on(bulk, error):
        if isinstance(error, RequestTimeout):
            assert "nothing was sent" in str(error)
            assert not error.may_have_arrived
            assert not list(org.org.query("SELECT Name FROM Account"))
            bulk.insert("Account", ROWS, api=api)
        elif error is not None:
            assert error.job_id in str(error)
            assert "bulk.attach(" in str(error)
            result = error.handle.result()
            assert result.succeeded == len(ROWS)
            assert [row.record["Name"] for row in result] == [row["Name"] for row in ROWS]
        each_once()

    stopped_at_each_request(org, api, how, go_on)


@pytest.mark.parametrize("how", ["silent", "the answer is lost"])
@pytest.mark.parametrize("api", APIS)
def test_the_journal_goes_on_wherever_the_org_fell_silent(org, each_once, tmp_path, api, how):
    """The same call by another client, while somebody still has the handle of the first."""
    for at in itertools.count(1):
        assert at < ENOUGH
        org.reset()
        journal = tmp_path / f"{at}"
        with SilentProxy(org, at, how) as proxy:
            kept = None
            try:
                proxy.connect(clock=FastClock()).insert(
                    "Account", ROWS, journal=journal, **options(api)
                )
            except (JobStillRunning, RequestTimeout) as error:
                kept = error
            proxy.speak()
            again = proxy.connect(clock=FastClock())
            result = again.insert(
                "Account", ROWS, journal=journal, **{**options(api), "timeout": 9}
            )
            assert result.succeeded == len(ROWS)
            each_once()
            if isinstance(kept, JobStillRunning):
                assert str(journal) in str(kept)
                with pytest.raises(JournalMismatch, match="has gone on with the journal"):
                    kept.handle.result()
                each_once()
            if kept is None:
                break


@pytest.mark.parametrize("api", APIS)
def test_several_threads_that_send_end_together(org, each_once, api):
    """Each part of a load has a thread that waits."""
    for at in (4, 5, 7):
        org.reset()
        with SilentProxy(org, at, "the answer is lost") as proxy:
            bulk = proxy.connect(clock=FastClock())
            with below(15), pytest.raises(JobStillRunning) as caught:
                bulk.insert("Account", ROWS, **{**options(api), "parallel": 3})
            proxy.speak()
            assert caught.value.handle.result().succeeded == len(ROWS)
        each_once()


@pytest.mark.parametrize("api", APIS)
def test_a_handle_has_a_deadline_of_its_own(org, each_once, api):
    """`result(timeout=)` ends again and again, and goes on each time where it was."""
    with SilentProxy(org, 6) as proxy:
        bulk = proxy.connect(clock=FastClock())
        with pytest.raises(JobStillRunning) as caught:
            bulk.insert("Account", ROWS, **options(api))
        handle = caught.value.handle
        for _ in range(2):
            with below(10), pytest.raises(JobStillRunning) as again:
                handle.result(timeout=SHORT)
            assert again.value.handle is handle
        proxy.speak()
        assert handle.result(timeout=30).succeeded == len(ROWS)
    each_once()


@pytest.mark.parametrize("api", APIS)
def test_submitted_rows_have_the_deadline_as_well(org, each_once, api):
    """`submit_insert(timeout=)` is over when it says, with the handle."""
    with SilentProxy(org, 5) as proxy:
        bulk = proxy.connect(clock=FastClock())
        with below(10), pytest.raises(JobStillRunning, match="batches were, or may be") as caught:
            bulk.submit_insert("Account", ROWS, api=api, batch_size=10, timeout=SHORT)
        proxy.speak()
        assert caught.value.handle.result().succeeded == len(ROWS)
    each_once()


def test_attach_takes_up_what_was_sent(org, each_once):
    """The sentence of the error, followed in another process."""
    with SilentProxy(org, 6) as proxy:
        with pytest.raises(JobStillRunning) as caught:
            proxy.connect(clock=FastClock()).insert("Account", ROWS, **options("1.0"))
        job_id = caught.value.job_id
    assert org.connect().attach(job_id).result().succeeded in (15, 30)
    assert caught.value.handle.job_ids == (job_id,)


@pytest.mark.parametrize("api", APIS)
def test_a_silent_org_ends_a_verb_by_the_clock_on_the_wall(api):
    """With the client's own timeouts and repeats, which would last for an hour."""
    with RawServer(answer=[STALL]) as server, below(12):
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url)
        with pytest.raises(RequestTimeout, match="nothing was sent"):
            bulk.insert("Account", ROWS, api=api, timeout=1)


@pytest.mark.parametrize("api", APIS)
def test_resume_has_a_deadline_too(org, each_once, tmp_path, api):
    """It ends in its time as often as it is called, and then goes on."""
    with SilentProxy(org, 6) as proxy:
        bulk = proxy.connect(clock=FastClock())
        with pytest.raises(JobStillRunning):
            bulk.insert("Account", ROWS, journal=tmp_path / "j", **options(api))
        for number in range(1, 4):
            proxy.fall_silent_at(number)
            with below(10), pytest.raises((JobStillRunning, RequestTimeout)):
                bulk.resume(tmp_path / "j", ROWS, timeout=SHORT)
        proxy.speak()
        assert bulk.resume(tmp_path / "j", ROWS, timeout=30).succeeded == len(ROWS)
    each_once()


def test_a_job_that_is_not_done_is_asked_once_more_before_the_end(org, clock):
    """The last question has a second."""
    org.engine.pause()
    with pytest.raises(JobStillRunning):
        org.connect(clock=clock).insert("Account", ROWS, timeout=60)
    assert clock.pauses[-1] <= 1
    assert sum(clock.pauses) == pytest.approx(60)


def test_a_result_that_is_there_is_given_to_who_has_no_time(org, clock):
    """`result(timeout=0)` asks once."""
    bulk = org.connect(clock=clock)
    assert bulk.submit_insert("Account", ROWS).result(timeout=0).succeeded == len(ROWS)
    org.engine.pause()
    with pytest.raises(JobStillRunning):
        bulk.submit_insert("Account", ROWS).result(timeout=0)


@pytest.mark.parametrize("wrong", ["3", -1, float("nan"), True])
def test_a_timeout_that_is_no_number_is_refused(org, wrong):
    """Before anything is asked of the org."""
    with SilentProxy(org, 99) as proxy, pytest.raises(InvalidInput, match="timeout is a number"):
        proxy.connect().insert("Account", ROWS, timeout=wrong)
    assert proxy.asked == 0


def test_a_retry_ends_in_its_time_and_the_next_one_doubles_nothing(org, each_once):
    """Rows of an attempt that was cut are unknown or unsent, never told as failed or sent twice."""
    for at in itertools.count(1):
        assert at < ENOUGH
        org.reset()
        with SilentProxy(org, how="the answer is lost") as proxy:
            org.faults.add("row_errors", object="Account", rows=15, code="UNABLE_TO_LOCK_ROW")
            result = proxy.connect(clock=FastClock()).insert("Account", ROWS, on_error="report")
            org.faults.clear()
            assert result.failed == 15
            proxy.fall_silent_at(at)
            error = None
            try:
                result.retry(timeout=SHORT, batch_size=5)
            except (JobStillRunning, RequestTimeout) as caught:
                error = caught
            proxy.speak()
            if error is not None:
                assert isinstance(error, RequestTimeout) or "further retry()" in str(error)
                latest = result.retry()
                assert not latest.failed
                assert len(latest.succeeded) + len(latest.unknown) == len(ROWS)
                names = sorted(n for (n,) in org.org.query("SELECT Name FROM Account"))
                assert len(names) == len(set(names))
                assert len(names) >= len(latest.succeeded)
            if error is None:
                break
