"""A deadline ends every wait for a server, and one that drips is not waited for without end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from fast_clock import FastClock
from raw_server import (
    BATCH_ID,
    CSV_BODY,
    EXPIRED,
    JOB,
    JOB_ID,
    RESET,
    SESSION,
    STALL,
    Drip,
    RawServer,
    http,
    logged_in,
)
from urllib3 import Retry

from salesforce_bulk import AmbiguousUpload, InvalidInput, RequestTimeout, SalesforceBulk
from salesforce_bulk.client_access import access_of, org_of
from salesforce_bulk.http.body import read_body
from salesforce_bulk.http.clock import Deadline, DeadlinePassed
from salesforce_bulk.http.settings import TransportSettings, new_transport

#: Seconds after which a test would say that nothing has ended the waiting.
LATE = 5.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 100000\r\n\r\n"


@contextmanager
def in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < LATE


def client(url: str, **options: Any) -> SalesforceBulk:
    return SalesforceBulk(sessionId=SESSION, host=url, **options)


def ends_with(drip: bytes, before: bytes = b"") -> list[Any]:
    return [before, Drip(drip)]


SLOW: dict[str, Any] = {
    "silent": [STALL],
    "a head that drips": ends_with(HEAD),
    "headers without end": ends_with(b"X-More: 1\r\n" * 10_000, HEAD[:17]),
    "a body that drips": ends_with(b" " * 100_000, HEAD),
    "chunks that drip": ends_with(
        b"1\r\n \r\n" * 10_000, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    ),
    "a body without length that drips": ends_with(b" " * 100_000, b"HTTP/1.1 200 OK\r\n\r\n"),
    "an error page that drips": ends_with(b" " * 100_000, HEAD.replace(b"200 OK", b"503 Busy")),
    "busy for ever": http(b"later", 503),
    "broken for ever": [RESET],
}


@pytest.mark.parametrize("answer", SLOW.values(), ids=SLOW)
def test_a_deadline_ends_a_call(answer: Any) -> None:
    """Whatever the server does or leaves, with the timeouts and repeats of the default."""
    with RawServer(answer=answer) as server, in_time():
        org = org_of(client(server.url)).within(0.6)
        with pytest.raises(DeadlinePassed):
            org.v1.job(JOB_ID)
        with pytest.raises(DeadlinePassed):
            org.v1.job(JOB_ID)


@pytest.mark.parametrize(
    "answer", [SLOW["a body that drips"], SLOW["chunks that drip"], [HEAD, STALL]]
)
def test_a_deadline_ends_a_download(answer: Any) -> None:
    """Result bodies are streamed, and each piece is waited for until the deadline only."""
    with RawServer(answer=answer) as server, in_time():
        org = org_of(client(server.url)).within(0.6)
        with pytest.raises(DeadlinePassed):
            list(org.v1.stream_result(JOB_ID, BATCH_ID, "752"))


def test_a_deadline_ends_the_calls_of_a_session_of_the_callers() -> None:
    """An adapter of somebody else's is bound in the same way, but for a head that drips."""
    for answer in (SLOW["silent"], SLOW["a body that drips"], SLOW["busy for ever"]):
        with RawServer(answer=answer) as server, requests.Session() as session, in_time():
            org = org_of(client(server.url, session=session)).within(0.4)
            with pytest.raises(DeadlinePassed):
                org.v1.job(JOB_ID)


@contextmanager
def reader(bytes_per_second: float) -> Iterator[str]:
    """A server that takes what is sent slowly."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.05):
                    connection.recv(max(1, int(bytes_per_second * 0.05)))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join(10)


def test_a_deadline_ends_an_upload() -> None:
    """A server that takes a few bytes now and then is not waited for."""
    with reader(20_000) as url, in_time():
        org = org_of(client(url, gzip_requests=False)).within(0.6)
        with pytest.raises(DeadlinePassed):
            org.v1.add_batch(JOB_ID, b"Name\n" + b"x\n" * 10_000_000, "text/csv")


def test_a_body_is_sent_whole_under_a_deadline() -> None:
    """With its length, byte for byte, in pieces as well as at once."""
    body = b"Name\n" + bytes(range(32, 127)) * 5_000
    with RawServer(answer=JOB) as server:
        org = org_of(client(server.url, gzip_requests=False))
        for access in (org, org.within(60)):
            access.v1.add_batch(JOB_ID, body, "text/csv") if access is org else None
            access.v2.upload(JOB_ID, body)
    assert {request.body for request in server.received} == {body}
    assert {request.headers["content-length"] for request in server.received} == {str(len(body))}


def test_a_login_in_between_counts() -> None:
    """The session expires, and the login server is silent: the call's deadline ends the login."""
    with RawServer(logged_in("{url}"), answer=EXPIRED) as server, in_time():
        server.script[0] = logged_in(server.url)
        bulk = SalesforceBulk(
            username="u@example.com", password="p", security_token="t", login_url=server.url
        )
        server.script[:] = [EXPIRED, [STALL]]
        with pytest.raises(DeadlinePassed):
            org_of(bulk).within(0.5).v1.job(JOB_ID)


def test_another_threads_login_is_waited_for_until_the_deadline() -> None:
    """Threads share a login; who has less time than it takes does not wait for its end."""
    with RawServer(answer=EXPIRED) as server, in_time():
        server.script[:] = [logged_in(server.url), EXPIRED, [STALL], EXPIRED]
        bulk = SalesforceBulk(
            username="u@example.com", password="p", security_token="t", login_url=server.url
        )
        other = threading.Thread(target=lambda: _swallowed(org_of(bulk).within(2.0)))
        other.start()
        while len(server.received) < 3:
            time.sleep(0.01)
        with pytest.raises(DeadlinePassed):
            org_of(bulk).within(0.4).v1.job(JOB_ID)
        assert other.is_alive()
        other.join(10)


def _swallowed(org: Any) -> None:
    with pytest.raises(DeadlinePassed):
        org.v1.job(JOB_ID)


def test_the_pause_for_calls_at_one_time_is_cut() -> None:
    """The org says for ever that too many calls are made at one time."""
    busy = http(
        b"<error><exceptionCode>ExceededQuota</exceptionCode><exceptionMessage>ConcurrentRequests "
        b"(Concurrent API Requests) Limit exceeded.</exceptionMessage></error>",
        400,
    )
    clock = FastClock()
    with RawServer(answer=busy) as server:
        org = org_of(client(server.url, clock=clock)).within(50)
        with pytest.raises(DeadlinePassed):
            org.v1.job(JOB_ID)
    assert clock.now == pytest.approx(50)


def test_pauses_between_repeats_are_cut() -> None:
    """A server that answers 503 for ever, by a clock whose pauses take no time."""
    clock = FastClock()
    with RawServer(answer=http(b"", 503, headers={"Retry-After": "20"})) as server:
        org = org_of(client(server.url, clock=clock)).within(50)
        with pytest.raises(DeadlinePassed):
            org.v1.job(JOB_ID)
    assert clock.pauses == [20, 20, 10]


def test_without_a_deadline_nothing_is_different() -> None:
    """The same calls by an access that has no end, and by one that has much time."""
    with RawServer(answer=JOB) as server:
        org = org_of(client(server.url))
        assert org.v1.job(JOB_ID) == org.within(None).v1.job(JOB_ID) == org.within(9).v1.job(JOB_ID)
        # Over the same connection.
        assert server.accepted == 1


# A call without a deadline


DRIPS = [name for name in SLOW if "drip" in name or "without end" in name]
CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "a call": lambda bulk: bulk.job_status(JOB_ID),
    "a posted batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "a describe": lambda bulk: org_of(bulk).describes.object("Account"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", DRIPS)
def test_a_server_that_drips_is_not_waited_for(answer: str, call: str) -> None:
    """A byte every twentieth of a second resets the timeout of no call."""
    with RawServer(answer=SLOW[answer]) as server, in_time():
        bulk = client(server.url, timeout=0.4, retry=Retry(0), clock=FastClock())
        bulk.job_content_types[JOB_ID] = "CSV"
        with pytest.raises((RequestTimeout, AmbiguousUpload), match="time"):
            CALLS[call](bulk)


def test_a_download_that_drips_is_an_error() -> None:
    """A stream as well, where nobody reads its end otherwise."""
    with RawServer(answer=SLOW["a body that drips"]) as server, in_time():
        file = client(server.url, timeout=0.4).get_query_batch_results(
            BATCH_ID, "752", job_id=JOB_ID
        )
        with pytest.raises(RequestTimeout, match="in time"):
            file.read()


def test_a_slow_line_is_no_drip() -> None:
    """Some KB a second, with pauses below the timeout, are read to their end."""
    body = CSV_BODY.encode() * 100
    head = http(b"", content_type="text/csv", headers={"Content-Length": str(len(body))})
    pieces: list[Any] = [head.replace(b"Content-Length: 0\r\n", b""), Drip(body, 0.2, 700)]
    with RawServer(answer=pieces) as server:
        file = client(server.url, timeout=0.5).get_query_batch_results(
            BATCH_ID, "752", job_id=JOB_ID
        )
        assert file.read() == body


def test_the_time_of_a_reader_does_not_count() -> None:
    """Who takes pieces slowly is not taken for a server that drips."""
    with RawServer(answer=http(b"x" * 4_000_000, content_type="text/csv")) as server:
        transport = new_transport(TransportSettings(timeout=0.3))
        answer = transport.send("GET", server.url, headers={}, repeatable=True, stream=True)
        size = 0
        for number, piece in enumerate(read_body(answer)):
            size += len(piece)
            if number == 1:
                time.sleep(0.7)
    assert size == 4_000_000


def test_a_connection_is_kept_behind_a_body_that_was_bound() -> None:
    """What reads the socket is that of the answer, and not of the next one."""
    with RawServer(answer=JOB) as server:
        bulk = client(server.url)
        for _ in range(3):
            bulk.job_status(JOB_ID)
        assert server.accepted == 1


# The clock itself


def test_a_deadline_that_is_no_number_is_refused() -> None:
    """Before anything is asked."""
    for wrong in ("3", -1, float("nan"), True, [1]):
        with pytest.raises(InvalidInput, match="timeout is a number of seconds"):
            Deadline(FastClock(), wrong)  # type: ignore[arg-type]


def test_one_deadline_within_another_ends_with_the_first() -> None:
    """Whichever that is."""
    clock = FastClock()
    outer = Deadline(clock, 5)
    assert Deadline(outer, 9).left() == Deadline(outer, None).left() == 5
    assert Deadline(outer, 2).left() == 2
    with pytest.raises(DeadlinePassed):
        Deadline(outer, 9).sleep(7)
    assert clock.now == 5


def test_time_stands_still_while_somebody_else_has_the_floor() -> None:
    """For other threads as well, and behind it no second is lost."""
    clock = FastClock()
    deadline = Deadline(clock, 5)
    clock.now += 2
    with deadline.standing():
        clock.now += 100
        assert deadline.left() == 3
    assert deadline.left() == 3


def test_a_transport_that_is_bound_is_the_clients_own() -> None:
    """Its connections, and what it has learned of servers."""
    transport = access_of(client("https://acme.my.salesforce.com")).transport
    bound = transport.until(Deadline(FastClock(), 5))
    assert bound.session() is transport.session()
    assert transport.deadline.seconds is None
