"""Redirects: followed where that is safe, and the session stays at home."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from fast_clock import FastClock
from raw_server import (
    BATCH,
    BATCH_ID,
    CSV_BODY,
    HTML,
    JOB_ID,
    RESULT,
    SESSION,
    RawServer,
    document,
    http,
)
from urllib3.util import parse_url

from salesforce_bulk import (
    AmbiguousUpload,
    InsecureEndpoint,
    InvalidInput,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.http.address import is_loopback, origin

STATUS = http(document("jobInfo", id=JOB_ID, state="Open"))


def to(location: str, status: int = 302) -> bytes:
    return http("", status, headers={"Location": location})


def client(server: RawServer, **options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(
        sessionId=SESSION, host=server.url, **{"timeout": 2, "clock": FastClock(), **options}
    )
    bulk.job_content_types[JOB_ID] = "CSV"
    return bulk


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_session_goes_along_on_its_own_host(status: int) -> None:
    """A redirect within the org's origin is followed with the session."""
    with RawServer(to("/services/async/64.0/elsewhere?a=b", status), answer=STATUS) as server:
        assert client(server).job_status(JOB_ID)["id"] == JOB_ID
        followed = server.received[1]
    assert (followed.path, followed.session) == ("/services/async/64.0/elsewhere?a=b", SESSION)


@pytest.mark.parametrize(
    "path",
    ["/secur/logout.jsp", "/services/data/v64.0/limits", "/services/async/../data/x",
     "/services/async/%2e%2e/data/x"],
)  # fmt: skip
def test_the_session_does_not_leave_the_api(path: str) -> None:
    """Within the origin too a redirect takes the session to the called API only."""
    with RawServer(to(path), answer=STATUS) as server:
        client(server).job_status(JOB_ID)
        assert [request.session for request in server.received] == [SESSION, None]


def test_cookies_of_a_host_do_not_go_to_its_other_port() -> None:
    """A cookie of the caller's session stays at its origin, though a host has many ports."""
    session = requests.Session()
    session.params = {"key": "mine"}
    with RawServer(answer=STATUS) as other, RawServer() as home:
        session.cookies.set("sid", "secret", domain="127.0.0.1")
        home.answer = to(f"{other.url}/there")
        client(home, session=session).job_status(JOB_ID)
        assert home.received[0].headers["cookie"] == "sid=secret"
        assert "cookie" not in other.received[0].headers
        assert other.received[0].path == "/there"
    assert session.cookies["sid"] == "secret"


def own_session() -> requests.Session:
    session = requests.Session()
    session.headers.update({"Authorization": "Bearer mine", "X-SFDC-Session": "s", "Cookie": "c"})
    session.auth = ("me", "secret")
    return session


@pytest.mark.parametrize("session", [None, own_session()], ids=["ours", "the caller's"])
@pytest.mark.parametrize("download", [False, True])
def test_the_session_does_not_go_to_another_port(
    session: requests.Session | None, download: bool
) -> None:
    """A redirect to another origin is followed without session, authorization and cookies."""
    with RawServer(answer=RESULT if download else STATUS) as other, RawServer() as home:
        home.answer = to(f"{other.url}/there")
        bulk = client(home, session=session)
        if download:
            file = bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
            assert file.read() == CSV_BODY.encode()
        else:
            assert bulk.job_status(JOB_ID)["id"] == JOB_ID
        assert home.received[0].session == SESSION
        headers = other.received[0].headers
    assert other.received[0].path == "/there"
    assert not headers.keys() & {"x-sfdc-session", "authorization", "cookie"}


def test_no_header_of_a_program_goes_elsewhere() -> None:
    """What a session or a subclass adds may be a key of a gateway: it stays at its origin."""

    class WithKey(SalesforceBulk):
        def headers(self, values: Any = None, content_type: str = "application/xml") -> Any:
            return {**super().headers(values, content_type), "X-Tenant-Key": "mine"}

    session = requests.Session()
    session.headers["X-Gateway-Key"] = "mine too"
    with RawServer(answer=STATUS) as other, RawServer() as home:
        home.answer = to(f"{other.url}/there")
        WithKey(sessionId=SESSION, host=home.url, session=session).job_status(JOB_ID)
        assert {"x-tenant-key", "x-gateway-key"} <= home.received[0].headers.keys()
        there = other.received[0].headers
    assert "mine" not in str(there)
    assert there["accept-encoding"] == "gzip"


def test_the_session_does_not_come_back() -> None:
    """A foreign host that sends the client home again does not make it show its session."""
    with RawServer() as other, RawServer() as home:
        home.script = [to(f"{other.url}/there"), STATUS]
        other.script = [to(f"{home.url}/secret")]
        client(home).job_status(JOB_ID)
        assert [r.session for r in home.received] == [SESSION, None]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_post_is_not_redirected(status: int) -> None:
    """A redirected POST is refused: nothing was done here, and nothing is sent elsewhere."""
    with RawServer(answer=BATCH) as other, RawServer() as home:
        home.answer = to(f"{other.url}/there", status)
        with pytest.raises(UnexpectedResponse, match="give the client that host") as caught:
            client(home).post_batch(JOB_ID, b"Name\nx\n")
        assert len(home.received) == 1
        assert other.received == []
    assert not isinstance(caught.value, AmbiguousUpload)
    assert caught.value.status_code == status
    assert caught.value.job_id == JOB_ID


def test_a_post_answered_with_see_other_may_have_been_done() -> None:
    """303 shows what came of a POST, so the batch may exist."""
    with RawServer(answer=to("/there", 303)) as home, pytest.raises(AmbiguousUpload):
        client(home).post_batch(JOB_ID, b"Name\nx\n")


def test_a_redirect_to_plain_http_of_another_machine_is_refused() -> None:
    """Plain http elsewhere is refused before anything is sent there."""
    with RawServer(answer=to("http://evil.example/there")) as home:
        with pytest.raises(InsecureEndpoint, match=r"evil\.example"):
            client(home).job_status(JOB_ID)
        assert len(home.received) == 1


def test_redirects_end() -> None:
    """A circle of redirects ends after five, and is not tried again."""
    with RawServer(answer=to("/again")) as home:
        with pytest.raises(UnexpectedResponse, match="redirected 5 times"):
            client(home).job_status(JOB_ID)
        assert len(home.received) == 6


def test_a_redirect_to_a_login_page_is_no_answer() -> None:
    """The page at the end of a redirect is not read as a result."""
    with RawServer() as home:
        home.answer = lambda r: (
            http(HTML, content_type="text/html") if r.path == "/login" else to("/login")
        )
        with pytest.raises(UnexpectedResponse, match="HTML"):
            client(home).get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "[::1]", "emulator.localhost"],
)
def test_plain_http_is_for_this_machine(host: str) -> None:
    """All spellings of this machine are known as such."""
    assert is_loopback(f"http://{host}:8080/services")


@pytest.mark.parametrize(
    "host",
    [
        "acme.my.salesforce.com",
        "128.0.0.1",
        "0.0.0.0",
        "localhost.example",
        "127.0.0.1.example",
        "127.0.0.1@evil.example",
        "evil.example\\@127.0.0.1",
        "evil.example#@127.0.0.1",
        "evil.example?@localhost",
        "[::2]",
        "10.0.0.1",
    ],
)
def test_plain_http_is_for_no_other_machine(host: str) -> None:
    """Plain http to any other machine is refused, however the address is dressed up."""
    bulk = SalesforceBulk(sessionId=SESSION, host=f"http://{host}", timeout=0.2, clock=FastClock())
    with pytest.raises(InsecureEndpoint):
        bulk.job_status(JOB_ID)


def test_a_login_in_plain_http_is_refused_before_the_password_is_sent() -> None:
    """A login address in plain http elsewhere is refused."""
    with pytest.raises(InsecureEndpoint):
        SalesforceBulk(
            username="a@b.c", password="p", security_token="t", login_url="http://login.example"
        )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://evil.example\\@acme.my.salesforce.com/x", "evil.example"),
        ("https://acme.my.salesforce.com@evil.example/x", "evil.example"),
        ("https://ACME.my.salesforce.com:443/x", "acme.my.salesforce.com"),
    ],
)
def test_an_origin_is_where_the_client_connects(url: str, host: str) -> None:
    """The host that decides about the session is the one that requests connects to."""
    assert origin(url) == ("https", host, 443)
    assert parse_url(str(requests.Request("GET", url).prepare().url)).host == host


def test_a_scheme_that_is_not_http_is_refused() -> None:
    """A redirect to ftp: is refused as an address that is none of http."""
    with RawServer(answer=to("ftp://files.example/x")) as home, pytest.raises(InvalidInput):
        client(home).job_status(JOB_ID)
