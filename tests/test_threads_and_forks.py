"""One client in many threads, and in the children of its process."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread
from typing import Any

import pytest
import requests
from raw_server import (
    BATCH_ID,
    CSV_BODY,
    JOB,
    JOB_ID,
    RESULT,
    SESSION,
    RawServer,
    Received,
    document,
    http,
)

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.client_access import access_of
from salesforce_bulk.http.settings import new_transport
from salesforce_bulk.login.provider import Session
from salesforce_bulk.login.renewal import Renewal
from salesforce_bulk.secret import Secret

THREADS = 16


def echo(request: Received) -> bytes:
    """A job whose id is the one that was asked for."""
    return http(document("jobInfo", id=request.path.rpartition("/")[2], state="Open"))


def client(server: RawServer, **options: Any) -> SalesforceBulk:
    return SalesforceBulk(sessionId=SESSION, host=server.url, timeout=5, **options)


def test_one_connection_serves_call_after_call() -> None:
    """Calls and downloads, one after the other, use one connection."""
    with RawServer(answer=lambda request: RESULT if "/result/" in request.path else JOB) as server:
        bulk = client(server)
        for _ in range(10):
            bulk.create_insert_job("Account")
            bulk.job_status(JOB_ID)
            file = bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
            assert file.read() == CSV_BODY.encode()
        assert len(server.received) == 30
        assert server.accepted == 1


@pytest.mark.parametrize(
    "answer",
    [
        JOB.replace(b"201", b"200", 1),
        http(document("jobInfo", id=JOB_ID), chunked=True),
        http(document("jobInfo", id=JOB_ID), packed=True),
        http(document("jobInfo", id=JOB_ID), packed=True, chunked=True),
    ],
    ids=["length", "chunked", "gzip", "gzip chunked"],
)
def test_the_connection_outlives_every_kind_of_body(answer: bytes) -> None:
    """However a body is framed, its connection is used again; also after errors of the API."""
    with RawServer(answer=answer) as server:
        bulk = client(server)
        for _ in range(5):
            assert bulk.job_status(JOB_ID)["id"] == JOB_ID
        assert server.accepted == 1


def test_threads_are_not_mixed_up_and_share_their_connections() -> None:
    """16 threads get the answers to their own calls, over no more connections than threads."""
    with RawServer(answer=echo) as server:
        bulk = client(server)
        together = Barrier(THREADS)

        def ask(thread: int) -> list[tuple[str, str | None]]:
            together.wait(10)
            names = [f"750{thread:03d}{number:03d}" for number in range(20)]
            return [(name, bulk.job_status(name)["id"]) for name in names]

        with ThreadPoolExecutor(THREADS) as pool:
            answers = [pair for part in pool.map(ask, range(THREADS)) for pair in part]
        assert all(asked == got for asked, got in answers)
        assert len(answers) == THREADS * 20
        assert server.accepted <= THREADS


def test_threads_that_come_first_together_share_one_pool() -> None:
    """A client's first calls, made at once, all end in the same session."""
    with RawServer(answer=echo) as server:
        for _ in range(10):
            transport = access_of(client(server)).transport
            together = Barrier(8)

            def session(_: int, t: Any = transport, b: Barrier = together) -> requests.Session:
                b.wait(10)
                return t.session()

            with ThreadPoolExecutor(8) as pool:
                assert len(set(map(id, pool.map(session, range(8))))) == 1


class Uncopyable(requests.adapters.HTTPAdapter):
    def __deepcopy__(self, memo: object) -> None:
        raise TypeError("holds a lock")


def own_session() -> requests.Session:
    session = requests.Session()
    session.headers["X-Mine"] = "yes"
    return session


def uncopyable_session() -> requests.Session:
    session = own_session()
    session.mount("http://", Uncopyable())
    return session


def in_child(work: Callable[[], str]) -> str:
    """What a forked child makes of ``work``."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            os.write(writing, work().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answer = stream.read()
    os.waitpid(child, 0)
    return answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("session", [lambda: None, own_session, uncopyable_session])
def test_a_forked_child_has_sockets_of_its_own(session: Callable[[], Any]) -> None:
    """The child connects anew, with the caller's settings; the parent's connection goes on."""
    with RawServer(answer=echo) as server:
        bulk = client(server, session=session())
        assert bulk.job_status("parent")["id"] == "parent"
        answer = in_child(lambda: str(bulk.job_status("child")["id"]))
        assert answer == "child"
        assert bulk.job_status("again")["id"] == "again"
        assert [(r.path.rpartition("/")[2], r.connection) for r in server.received] == [
            ("parent", 1),
            ("child", 2),
            ("again", 1),
        ]
        assert len({r.headers.get("x-mine") for r in server.received}) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_during_a_login_can_log_in() -> None:
    """A renewal that goes on in another thread of the parent does not stop the child's."""
    parent, began, end = os.getpid(), Event(), Event()

    class Provider:
        def login(self, transport: object) -> Session:
            if os.getpid() == parent:
                began.set()
                end.wait(10)
            return Session("new", "https://acme.example")

    def renewed() -> str:
        signal.alarm(5)  # a child that waits for the lock would wait for ever
        return renewal.renew(Secret("old"), new_transport()).session_id.reveal()

    renewal = Renewal(Provider())
    thread = Thread(target=renewal.renew, args=(Secret("old"), new_transport()))
    thread.start()
    assert began.wait(10)
    assert in_child(renewed) == "new"
    end.set()
    thread.join(10)
