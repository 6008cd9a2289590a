"""No answer, however it is packed or dragged out, fills the memory."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
import requests
from fast_clock import FastClock
from raw_server import BATCH_ID, CLOSE, CSV_BODY, JOB_ID, SESSION, RawServer, http

from salesforce_bulk import (
    AmbiguousUpload,
    BulkApiError,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import org_of

#: 200 MB of blanks in 200 KB.
BOMB = gzip.compress(b" " * (200 << 20), 9)
PIECE = b" " * (1 << 20)
#: Where redirects lead.
THERE = "/services/async/64.0/job/x"


def bomb(status: int | str = 200, content_type: str = "application/xml") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Encoding: gzip\r\n"
        f"Content-Length: {len(BOMB)}\r\n\r\n"
    )
    return head.encode() + BOMB


def endless(status: int | str = 200, content_type: str = "application/xml") -> list[Any]:
    """128 MB here; what counts is that it is not read to its end."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n\r\n"
    return [head.encode(), *[PIECE] * 128, CLOSE]


def client(url: str, **options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(
        sessionId=SESSION, host=url, **{"timeout": 30, "clock": FastClock(), **options}
    )
    bulk.job_content_types[JOB_ID] = "CSV"
    return bulk


CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "a job": lambda bulk: bulk.job_status(JOB_ID),
    "batches": lambda bulk: bulk.get_batch_list(JOB_ID),
    "row results": lambda bulk: bulk.get_batch_results(BATCH_ID, JOB_ID),
    "result ids": lambda bulk: org_of(bulk).v1.result_ids(JOB_ID, BATCH_ID),
    "a posted batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "a 2.0 job": lambda bulk: org_of(bulk).v2.query_job(JOB_ID),
    "a describe": lambda bulk: org_of(bulk).describes.object("Account"),
    "limits": lambda bulk: org_of(bulk).describes.limits(),
}


@pytest.mark.parametrize(
    ("call", "status"), [*((call, 200) for call in CALLS), ("a job", 503), ("a posted batch", 400)]
)
@pytest.mark.parametrize("attack", [bomb, endless])
def test_a_document_has_a_bound(attack: Callable[..., Any], call: str, status: int) -> None:
    """A bomb and an endless body end in a typed error, in less memory than a tenth of them."""
    with RawServer(answer=attack(status)) as server:
        bulk = client(server.url)
        tracemalloc.start()
        with pytest.raises(BulkApiError) as caught:
            CALLS[call](bulk)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(caught.value, (UnexpectedResponse, AmbiguousUpload))
    assert "larger than the" in str(caught.value)
    assert "max_document_bytes" in str(caught.value)
    assert caught.value.status_code == status
    factor = 8 if status == 200 and call in ("batches", "row results") else 1
    assert peak < factor * (24 << 20)
    if call == "a posted batch":
        # Who answers 400 has refused the batch, however long the page is.
        assert isinstance(caught.value, AmbiguousUpload) == (status != 400)


@pytest.mark.parametrize("attack", [bomb, endless])
def test_the_answer_to_a_login_has_a_bound(attack: Callable[..., Any]) -> None:
    """A login server cannot fill the memory either."""
    with RawServer(answer=attack()) as server, pytest.raises(UnexpectedResponse, match="larger"):
        SalesforceBulk(
            username="a@b.example",
            password="p",
            security_token="t",
            login_url=server.url,
            clock=FastClock(),
        )


@pytest.mark.parametrize("own_session", [True, False])
@pytest.mark.parametrize("attack", [bomb, endless])
def test_the_body_of_a_redirect_is_not_read(attack: Callable[..., Any], own_session: bool) -> None:
    """Trap: `requests` reads it whole, whatever its size, even where it is not to follow."""
    there = http(f"<jobInfo><id>{JOB_ID}</id><state>Open</state></jobInfo>")
    with RawServer(attack(f"302 Found\r\nLocation: {THERE}"), answer=there) as server:
        given = {} if own_session else {"session": requests.Session()}
        bulk = client(server.url, **given)
        tracemalloc.start()
        assert bulk.job_status(JOB_ID)["state"] == "Open"
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 16 << 20


def test_a_callers_hooks_see_every_answer() -> None:
    """Those of a session are called as ever, of a redirect as well."""
    seen: list[int] = []
    session = requests.Session()
    session.hooks["response"].append(lambda answer, **_: seen.append(answer.status_code))
    there = http(f"<jobInfo><id>{JOB_ID}</id><state>Open</state></jobInfo>")
    away = http(b"moved", 302, headers={"Location": THERE})
    with RawServer(away, answer=there) as server:
        client(server.url, session=session).job_status(JOB_ID)
        session.hooks = {"response": lambda answer, **_: seen.append(0)}
        client(server.url, session=session).job_status(JOB_ID)
    assert seen == [302, 200, 0]


def test_the_bound_can_be_set() -> None:
    """An org whose documents are larger is served with a larger bound."""
    body = f"<jobInfo>{' ' * 2_000}<id>{JOB_ID}</id><state>Open</state></jobInfo>".encode()
    with RawServer(answer=http(body)) as server:
        assert client(server.url).job_status(JOB_ID)["id"] == JOB_ID
        assert client(server.url, max_document_bytes=len(body)).job_status(JOB_ID)["id"] == JOB_ID
        with pytest.raises(UnexpectedResponse, match=f"{len(body) - 1:,} bytes"):
            client(server.url, max_document_bytes=len(body) - 1).job_status(JOB_ID)


def test_a_download_that_unpacks_beyond_all_measure_is_refused() -> None:
    """Rows do not shrink to a thousandth: 200 MB out of 200 KB are an attack."""
    with RawServer(answer=bomb(content_type="text/csv")) as server:
        file = client(server.url).get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
        with pytest.raises(UnexpectedResponse, match="which no rows do"):
            for _ in iter(lambda: file.read(1 << 20), b""):
                pass


def test_repeated_rows_are_no_attack() -> None:
    """40 MB of equal rows, which shrink to a three-hundredth, are delivered."""
    text = CSV_BODY * 1_000_000
    with RawServer(answer=http(text, content_type="text/csv", packed=True)) as server:
        file = client(server.url).get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
        assert sum(map(len, iter(lambda: file.read(1 << 20), b""))) == len(text.encode())
