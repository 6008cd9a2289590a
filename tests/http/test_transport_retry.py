"""What is repeated, how often, how long apart; and what is never repeated."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
import requests
from fast_clock import FastClock
from raw_server import (
    BATCH,
    BATCH_ID,
    CLOSE,
    CLOSED,
    COMPLETED,
    HTML,
    JOB,
    JOB_ID,
    RESET,
    RESULT,
    ROW_RESULTS,
    SESSION,
    RawServer,
    cut,
    document,
    fault,
    http,
)
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from salesforce_bulk import (
    AmbiguousUpload,
    ConnectionFailed,
    ExceededQuota,
    InvalidInput,
    InvalidJobState,
    SalesforceBulk,
    ServerBusy,
    TransportError,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.http.transport import default_retry

BUSY = http(HTML, 503, "text/html")


def client(server: RawServer, **options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(
        sessionId=SESSION, host=server.url, **{"timeout": 2, "clock": FastClock(), **options}
    )
    bulk.job_content_types[JOB_ID] = "CSV"
    return bulk


def slept(bulk: SalesforceBulk) -> list[float]:
    return access_of(bulk).transport.clock.pauses


@pytest.mark.parametrize(
    "trouble",
    [[CLOSE], [RESET], cut(COMPLETED, 5), http(HTML, 502, "text/html"), BUSY, http("", 504),
     http("", 500), fault("InternalServerError", status=500),
     fault("ServerUnavailable", status=503)],
    ids=["closed", "reset", "cut", "502", "503", "504", "500", "InternalServerError", "busy"],
)  # fmt: skip
def test_a_get_is_repeated(trouble: Any) -> None:
    """A GET goes on after what passes, with pauses of 1 and 2 seconds and jitter."""
    with RawServer(trouble, trouble, answer=COMPLETED) as server:
        bulk = client(server)
        assert bulk.batch_state(BATCH_ID, JOB_ID) == "Completed"
        assert len(server.received) == 3
    first, second = slept(bulk)
    assert 1 <= first <= 2
    assert 2 <= second <= 3


def test_a_get_is_repeated_five_times_and_no_more() -> None:
    """A server that stays away costs five repeats, and its last answer is the error."""
    with RawServer(answer=BUSY) as server:
        bulk = client(server)
        with pytest.raises(UnexpectedResponse) as caught:
            bulk.job_status(JOB_ID)
        assert len(server.received) == 6
    assert caught.value.status_code == 503
    assert len(slept(bulk)) == 5
    assert all(pause <= 60 for pause in slept(bulk))


def test_pauses_differ_between_clients() -> None:
    """Two policies do not wait for the same time: clients that failed together come back apart."""

    def pauses() -> list[float]:
        retry, found = default_retry(), []
        for _ in range(5):
            retry = retry.increment("GET", "/")
            found.append(retry.get_backoff_time())
        return found

    assert pauses() != pauses()


def test_what_never_arrived_is_repeated_even_for_a_batch() -> None:
    """A POST whose connection was never made is repeated; nothing can be done twice."""
    with RawServer(answer=COMPLETED) as gone:
        bulk = client(gone)
        bulk.batch_state(BATCH_ID, JOB_ID)
    with pytest.raises(ConnectionFailed) as caught:
        bulk.create_insert_job("Account")
    assert len(slept(bulk)) == 5
    assert "may have been created" not in str(caught.value)


@pytest.mark.parametrize("host", ["http://127.0.0.1:{port}", "https://acme.invalid"])
def test_who_was_never_reached_is_not_called_again(host: str) -> None:
    """The first call of a client fails at once where the name is unknown or nobody listens."""
    with RawServer() as gone:
        port = gone.port
    bulk = SalesforceBulk(sessionId=SESSION, host=host.format(port=port), clock=FastClock())
    with pytest.raises(ConnectionFailed):
        bulk.job_status(JOB_ID)
    assert slept(bulk) == []


def test_a_policy_of_the_callers_counts_from_the_first_call_on() -> None:
    """Who says how often to repeat is not overruled."""
    bulk = SalesforceBulk(
        sessionId=SESSION, host="https://acme.invalid", clock=FastClock(), retry=Retry(2)
    )
    with pytest.raises(ConnectionFailed):
        bulk.job_status(JOB_ID)
    assert len(slept(bulk)) == 2


def test_a_repeat_says_why(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody waits in silence: the log has the pause and the reason."""
    caplog.set_level("INFO", "salesforce_bulk")
    with RawServer(BUSY, [RESET], answer=COMPLETED) as server:
        client(server).batch_state(BATCH_ID, JOB_ID)
    busy, reset = (record.getMessage() for record in caplog.records)
    assert "sent again in" in busy
    assert "HTTP 503" in busy
    assert "the connection broke" in reset


@pytest.mark.parametrize(
    "recipe",
    [
        Retry(total=3, allowed_methods=None),
        Retry(total=3, allowed_methods={"GET", "POST"}, status_forcelist=[500, 502, 503, 504]),
        Retry(connect=2, read=2, total=None, allowed_methods=None),
        3,
    ],
    ids=["every method", "POST too", "without total", "a number"],
)
@pytest.mark.parametrize("trouble", [[RESET], BUSY], ids=["lost", "busy"])
def test_the_retry_recipes_of_requests_double_no_batch(
    recipe: Any, trouble: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """A caller's session whose adapter repeats a POST posts each batch of ours once."""
    session = requests.Session()
    session.mount("http://", HTTPAdapter(max_retries=recipe))
    before = session.adapters["http://"], session.adapters["http://"].max_retries
    with RawServer(trouble, answer=BATCH) as server:
        bulk = client(server, session=session)
        with pytest.raises(AmbiguousUpload):
            bulk.post_batch(JOB_ID, b"Name\nx\n")
        assert len(server.received) == 1
        bulk.post_batch(JOB_ID, b"Name\nx\n")
        assert len({request.connection for request in server.received}) <= 2
    assert (session.adapters["http://"], session.adapters["http://"].max_retries) == before
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "max_retries" in caplog.text


def test_what_a_caller_made_of_session_and_adapter_is_still_used() -> None:
    """Attributes and methods of subclasses work, and the connections are the caller's."""

    class Mine(requests.Session):
        def prepare_request(self, request: Any) -> Any:
            request.headers["X-Mine"] = self.mark  # type: ignore[attr-defined]
            return super().prepare_request(request)

    class Adapter(HTTPAdapter):
        sent = 0

        def send(self, *args: Any, **kwargs: Any) -> Any:
            self.counts.append(1)  # type: ignore[attr-defined]
            return super().send(*args, **kwargs)

    session, adapter = Mine(), Adapter(max_retries=3)
    session.mark, adapter.counts = "yes", []  # type: ignore[attr-defined]
    session.mount("http://", adapter)
    with RawServer(answer=COMPLETED) as server:
        session.get(server.url)
        client(server, session=session).batch_state(BATCH_ID, JOB_ID)
        assert [request.headers["x-mine"] for request in server.received] == ["yes", "yes"]
        assert {request.connection for request in server.received} == {1}
    assert len(adapter.counts) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "trouble",
    [[RESET], [CLOSE], cut(BATCH, 5), BUSY, http(HTML, 502, "text/html"), http(HTML),
     http("<html><head/><body/></html>", content_type="application/xhtml+xml"),
     http('<batchInfo><state>Queued</state></batchInfo>', 201).replace(b"state", b"other"),
     fault("InternalServerError", status=500)],
    ids=["reset", "closed", "cut", "503", "502", "200 HTML", "XHTML", "no id", "server error"],
)  # fmt: skip
def test_a_batch_that_may_have_arrived_is_never_repeated(trouble: Any) -> None:
    """A batch whose answer was lost is posted once, and the error says so, with the job's id."""
    with RawServer(trouble, answer=BATCH) as server:
        bulk = client(server)
        with pytest.raises(AmbiguousUpload) as caught:
            bulk.post_batch(JOB_ID, b"Name\nx\n")
        assert len(server.received) == 1
    assert caught.value.job_id == JOB_ID
    assert f"may have been added to job {JOB_ID}" in str(caught.value)
    assert "get_batch_list" in str(caught.value)
    assert slept(bulk) == []


def test_a_server_error_keeps_its_code_when_it_is_ambiguous() -> None:
    """The API's own code of a 5xx stays on the error that says what may have happened."""
    with (
        RawServer(fault("InternalServerError", "oops", status=500)) as server,
        pytest.raises(AmbiguousUpload) as caught,
    ):
        client(server).post_batch(JOB_ID, b"Name\nx\n")
    assert caught.value.error_code == "InternalServerError"
    assert caught.value.error_message == "oops"
    assert isinstance(caught.value.__cause__, ServerBusy)


@pytest.mark.parametrize("status", [403, 407, 413])
def test_a_proxy_that_refuses_leaves_nothing_in_doubt(status: int) -> None:
    """A batch that a proxy refused was not added, and no error says that it may have been."""
    with (
        RawServer(http(HTML, status, "text/html")) as server,
        pytest.raises(UnexpectedResponse) as caught,
    ):
        client(server).post_batch(JOB_ID, b"Name\nx\n")
    assert not isinstance(caught.value, AmbiguousUpload)
    assert caught.value.job_id == JOB_ID


@pytest.mark.parametrize("trouble", [[RESET], BUSY], ids=["reset", "503"])
def test_a_lost_job_is_said(trouble: Any) -> None:
    """create_job is not repeated, and says that a job may be there."""
    with RawServer(trouble, answer=JOB) as server:
        with pytest.raises(TransportError, match="A job may have been created"):
            client(server).create_insert_job("Account")
        assert len(server.received) == 1


def test_a_lost_mapping_is_said() -> None:
    """post_mapping_file is not repeated, and says that the mapping may be there."""
    with RawServer([RESET], answer=http()) as server:
        with pytest.raises(TransportError, match="mapping may have been stored"):
            client(server).post_mapping_file(JOB_ID, b"Salesforce Field,Csv Header\nName,x\n")
        assert len(server.received) == 1


@pytest.mark.parametrize("call", ["close_job", "abort_job"])
def test_closing_is_repeated(call: str) -> None:
    """A close or abort whose answer was lost is sent again."""
    with RawServer([RESET], cut(CLOSED, 9), answer=CLOSED) as server:
        getattr(client(server), call)(JOB_ID)
        assert len(server.received) == 3
        assert len({(r.method, r.path, r.body) for r in server.received}) == 1


@pytest.mark.parametrize(("call", "state"), [("close_job", "Closed"), ("abort_job", "Aborted")])
def test_a_job_closed_by_the_first_try_is_closed(call: str, state: str) -> None:
    """InvalidJobState after a lost answer is success where the job is in the wanted state."""
    now = http(document("jobInfo", id=JOB_ID, state=state))
    with RawServer([RESET], fault("InvalidJobState"), now) as server:
        getattr(client(server), call)(JOB_ID)
        assert [r.method for r in server.received] == ["POST", "POST", "GET"]


def test_a_job_in_another_state_is_not_closed() -> None:
    """InvalidJobState stays an error where somebody else aborted the job."""
    aborted = http(f"<jobInfo><id>{JOB_ID}</id><state>Aborted</state></jobInfo>".encode())
    with (
        RawServer(fault("InvalidJobState"), aborted) as server,
        pytest.raises(InvalidJobState) as caught,
    ):
        client(server).close_job(JOB_ID)
    assert caught.value.job_id == JOB_ID


def test_a_close_that_stays_unanswered_says_what_may_be() -> None:
    """After the last repeat the error says that the job may be closed."""
    with RawServer(answer=[RESET]) as server:
        with pytest.raises(ConnectionFailed, match="may be Closed all the same"):
            client(server).close_job(JOB_ID)
        assert len(server.received) == 6


def test_retry_after_in_seconds_goes_first() -> None:
    """A pause that the server names is kept exactly."""
    busy = http("", 503, headers={"Retry-After": "17"})
    with RawServer(busy, busy, answer=COMPLETED) as server:
        bulk = client(server)
        bulk.batch_status(BATCH_ID, JOB_ID)
    assert slept(bulk) == [17, 17]


def test_retry_after_as_a_date_is_read_by_the_servers_clock() -> None:
    """A date counts from the answer's own Date, so that a wrong clock here does no harm."""
    headers = {
        "Date": formatdate(1_000, usegmt=True),
        "Retry-After": formatdate(1_042, usegmt=True),
    }
    with RawServer(http("", 503, headers=headers), answer=COMPLETED) as server:
        bulk = client(server)
        bulk.batch_status(BATCH_ID, JOB_ID)
    assert slept(bulk) == [42]


def test_retry_after_without_the_servers_date_counts_from_now() -> None:
    """A date in an answer without Date counts by this machine's clock."""
    busy = http("", 503, headers={"Retry-After": formatdate(time.time() + 60, usegmt=True)})
    with RawServer(busy, answer=COMPLETED) as server:
        bulk = client(server)
        bulk.batch_status(BATCH_ID, JOB_ID)
    assert 50 < slept(bulk)[0] <= 60


@pytest.mark.parametrize("wanted", ["0", "soon", "-5", "", "Thu, 01 Jan 1970 00:00:00 GMT", "٣"])
def test_a_useless_retry_after_is_left_aside(wanted: str) -> None:
    """A Retry-After that names no time in the future gives the usual pause."""
    busy = http("", 503, headers={"Retry-After": wanted.encode().decode("latin-1")})
    with RawServer(busy, answer=COMPLETED) as server:
        bulk = client(server)
        bulk.batch_status(BATCH_ID, JOB_ID)
    assert 1 <= slept(bulk)[0] <= 2


def test_a_pause_of_hours_is_the_callers() -> None:
    """A Retry-After of more than five minutes ends the call; the error has the status."""
    with RawServer(http("", 503, headers={"Retry-After": "3600"}), answer=COMPLETED) as server:
        bulk = client(server)
        with pytest.raises(UnexpectedResponse) as caught:
            bulk.batch_status(BATCH_ID, JOB_ID)
    assert caught.value.status_code == 503
    assert slept(bulk) == []


def test_too_many_requests_are_repeated_even_for_a_batch() -> None:
    """429 says that nothing was done, so a batch is posted again after the pause."""
    with RawServer(http("", 429, headers={"Retry-After": "3"}), answer=BATCH) as server:
        bulk = client(server)
        assert bulk.post_batch(JOB_ID, b"Name\nx\n") == BATCH_ID
        assert [r.body for r in server.received] == [b"Name\nx\n"] * 2
    assert slept(bulk) == [3]


@pytest.mark.parametrize(
    ("retry", "requests"),
    [
        (Retry(0), 1),
        (Retry(False), 1),
        (Retry(2), 3),
        (Retry(total=None, read=2), 3),
        (Retry(total=10, read=1), 2),
        (Retry(total=1, read=9), 2),
        (Retry(total=5, read=False), 1),
    ],
)
def test_the_callers_policy_bounds_the_repeats(retry: Retry, requests: int) -> None:
    """The counters of a caller's own policy are kept, not its total alone."""
    with RawServer(answer=[RESET]) as server:
        with pytest.raises(ConnectionFailed):
            client(server, retry=retry).job_status(JOB_ID)
        assert len(server.received) == requests


def test_the_callers_policy_may_ignore_retry_after() -> None:
    """A policy that does not respect Retry-After makes its own pauses."""
    retry = Retry(2, backoff_factor=0, respect_retry_after_header=False)
    with RawServer(http("", 503, headers={"Retry-After": "90"}), answer=COMPLETED) as server:
        bulk = client(server, retry=retry)
        bulk.batch_status(BATCH_ID, JOB_ID)
    assert slept(bulk) == [0]


def test_the_policy_is_fresh_for_every_call() -> None:
    """Repeats of one call are not missing from the next."""
    with RawServer([RESET], COMPLETED, [RESET], COMPLETED) as server:
        bulk = client(server, retry=Retry(1))
        bulk.batch_status(BATCH_ID, JOB_ID, reload=True)
        bulk.batch_status(BATCH_ID, JOB_ID, reload=True)
        assert len(server.received) == 4


TOO_MANY = fault(
    "REQUEST_LIMIT_EXCEEDED",
    "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
    403,
)
CALLS_OF_1_0: dict[str, tuple[Any, Any]] = {
    "status": (lambda bulk: bulk.batch_state(BATCH_ID, JOB_ID), COMPLETED),
    "results": (lambda bulk: bulk.get_batch_results(BATCH_ID, JOB_ID), ROW_RESULTS),
    "a file": (
        lambda bulk: bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read(),
        RESULT,
    ),
    "a batch": (lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"), BATCH),
}


@pytest.mark.parametrize("call", CALLS_OF_1_0)
def test_too_many_calls_at_one_time_are_waited_out(
    call: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit of calls at one time passes; status, results, files and batches wait for it."""
    caplog.set_level("INFO", "salesforce_bulk")
    do, answer = CALLS_OF_1_0[call]
    with RawServer(TOO_MANY, TOO_MANY, TOO_MANY, answer=answer) as server:
        bulk = client(server)
        do(bulk)
        assert len(server.received) == 4
    assert slept(bulk) == [1, 2, 4]
    assert "too many calls at one time" in caplog.text


def test_the_limit_of_the_day_is_not_waited_for() -> None:
    """The daily limit is an error at once, and its advice is the right one."""
    of_the_day = fault("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
    with RawServer(answer=of_the_day) as server:
        bulk = client(server)
        with pytest.raises(ExceededQuota):
            bulk.job_status(JOB_ID)
        assert len(server.received) == 1


def test_too_many_calls_for_minutes_are_a_busy_server() -> None:
    """After ten minutes the error says that it passes, and not to wait for a day."""
    with RawServer(answer=TOO_MANY) as server:
        bulk = client(server)
        with pytest.raises(ServerBusy) as caught:
            bulk.job_status(JOB_ID)
    assert 590 <= sum(slept(bulk)) <= 660
    assert "24" not in str(caught.value)
    assert caught.value.error_code == "REQUEST_LIMIT_EXCEEDED"


def test_an_unknown_state_is_told_and_not_waited_for_for_ever(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A state that no guide has is a warning once, and after an hour an error."""
    odd = http(document("batchInfo", id=BATCH_ID, jobId=JOB_ID, state="Pondering"))
    with RawServer(answer=odd) as server:
        bulk = client(server)
        with pytest.raises(UnexpectedResponse, match=r"'Pondering' for 3,[67]") as caught:
            bulk.wait_for_batch(JOB_ID, BATCH_ID, timeout=1e9, sleep_interval=100)
    assert caught.value.batch_id == BATCH_ID
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize(
    ("path", "told"),
    [("../../evil", r"'\.\.'"), ("a/../../b", r"'\.\.'"), ("%2e%2e", "'%2e%2e'"), ("a b", "'a b'"),
     (".", r"'\.'"), ("", "is empty"), ("750x\n", r"'750x\\n'.*line break")],
)  # fmt: skip
def test_no_id_leads_to_another_address(path: str, told: str) -> None:
    """An id that would change the address of a call is refused, whoever gives it, and shown."""
    with RawServer() as server:
        with pytest.raises(InvalidInput, match=told):
            client(server).job_status(path)
        assert server.received == []
