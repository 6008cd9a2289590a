"""Whatever goes wrong on the wire, in whatever method, the caller gets this library's error."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import urllib3
from fast_clock import FastClock
from raw_server import (
    BATCH_ID,
    CLOSE,
    CSV_BODY,
    HTML,
    JOB_ID,
    RESET,
    SESSION,
    STALL,
    RawServer,
    corrupt,
    cut,
    http,
)

from salesforce_bulk import (
    AmbiguousUpload,
    BulkApiError,
    ConnectionFailed,
    IncompleteBody,
    InvalidInput,
    RequestTimeout,
    SalesforceBulk,
    TransportError,
    UnexpectedResponse,
)

LIBRARY_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError)

LONG = "<a>" + "x" * 3_000 + "</a>"

#: What the server does, and the error of a call that only reads.
ANSWERS: dict[str, tuple[Any, type[BulkApiError]]] = {
    "closed without an answer": ([CLOSE], ConnectionFailed),
    "reset before the headers": ([RESET], ConnectionFailed),
    "reset within the status line": ([b"HTTP/1.1 2", RESET], ConnectionFailed),
    "reset within the headers": ([b"HTTP/1.1 200 OK\r\nContent-Ty", RESET], ConnectionFailed),
    "reset within the body": ([http(LONG)[:-900], RESET], TransportError),
    "not HTTP": ([b"SSH-2.0-OpenSSH_9.6\r\n", CLOSE], ConnectionFailed),
    "cut, with a length": (cut(http(LONG), 900), IncompleteBody),
    "cut within a chunk": (cut(http(LONG, chunked=True), 900), IncompleteBody),
    "cut before the last chunk": (cut(http(LONG, chunked=True), 5), IncompleteBody),
    "a chunk without a size": (
        [http(LONG, chunked=True).replace(b"\r\n10\r\n", b"\r\nhello\r\n"), CLOSE],
        IncompleteBody,
    ),
    "cut gzip without length": (cut(http(LONG, packed=True, length=False), 12), IncompleteBody),
    "cut gzip with length": (cut(http(LONG, packed=True), 12), IncompleteBody),
    "empty gzip without length": (
        [http("", packed=True, length=False).partition(b"\r\n\r\n")[0] + b"\r\n\r\n", CLOSE],
        IncompleteBody,
    ),
    "gzip with the wrong checksum": (corrupt(http(LONG, packed=True)), IncompleteBody),
    "not gzip at all": (http(LONG, headers={"Content-Encoding": "gzip"}), IncompleteBody),
    "a coding nobody asked for": (
        http(LONG, headers={"Content-Encoding": "br"}),
        UnexpectedResponse,
    ),
    "stalled before the headers": ([STALL], RequestTimeout),
    "stalled within the headers": ([b"HTTP/1.1 200 OK\r\n", STALL], RequestTimeout),
    "stalled within the body": ([http(LONG)[:-900], STALL], RequestTimeout),
    "HTML with status 200": (http(HTML, content_type="text/html"), UnexpectedResponse),
    "a redirect without end": (
        http("", 302, headers={"Location": "/services/async/64.0/again"}),
        UnexpectedResponse,
    ),
    "a redirect to nowhere": (
        http("", 302, headers={"Location": "http://[nowhere"}),
        UnexpectedResponse,
    ),
    "a redirect in Latin-1": (
        http("", 302, headers={"Location": "/caf\xe9"}),
        UnexpectedResponse,
    ),
}

METHODS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "create_job": lambda bulk: bulk.create_insert_job("Account"),
    "close_job": lambda bulk: bulk.close_job(JOB_ID),
    "abort_job": lambda bulk: bulk.abort_job(JOB_ID),
    "job_status": lambda bulk: bulk.job_status(JOB_ID),
    "query": lambda bulk: bulk.query(JOB_ID, "SELECT Id FROM Account", contentType="CSV"),
    "post_batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "post_mapping_file": lambda bulk: bulk.post_mapping_file(JOB_ID, b"Salesforce Field\nx\n"),
    "get_batch_list": lambda bulk: bulk.get_batch_list(JOB_ID),
    "get_query_batch_request": lambda bulk: bulk.get_query_batch_request(BATCH_ID, JOB_ID),
    "batch_status": lambda bulk: bulk.batch_status(BATCH_ID, JOB_ID),
    "is_batch_done": lambda bulk: bulk.is_batch_done(BATCH_ID, JOB_ID),
    "wait_for_batch": lambda bulk: bulk.wait_for_batch(JOB_ID, BATCH_ID),
    "get_batch_results": lambda bulk: bulk.get_batch_results(BATCH_ID, JOB_ID),
    "get_query_batch_result_ids": lambda bulk: bulk.get_query_batch_result_ids(BATCH_ID, JOB_ID),
    "get_all_results_for_query_batch": lambda bulk: [
        list(file) for file in bulk.get_all_results_for_query_batch(BATCH_ID, JOB_ID)
    ],
    "get_query_batch_results": lambda bulk: bulk.get_query_batch_results(
        BATCH_ID, "752000000000001", job_id=JOB_ID
    ).read(),
}

POSTS_A_BATCH = {"query", "post_batch"}
KNOWS_NO_JOB = {"create_job"}


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


#: Seconds that a loaded machine may take to answer; no test waits for them to pass.
LONG = 30.0
#: Seconds after which a test gives a silent server up.
SHORT = 0.2


def client(url: str, **options: Any) -> SalesforceBulk:
    options = {"timeout": LONG, "clock": FastClock(), **options}
    bulk = SalesforceBulk(sessionId=SESSION, host=url, **options)
    bulk.job_content_types[JOB_ID] = "CSV"
    return bulk


def no_repeats() -> urllib3.Retry:
    return urllib3.Retry(0)


def check(error: BulkApiError) -> None:
    assert SESSION not in str(error)
    assert "Pool(" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("failure", [name for name in ANSWERS if "stalled" not in name])
def test_no_foreign_error_reaches_the_caller(server: RawServer, failure: str, method: str) -> None:
    """Each failure in each method is a typed error that names the job and the batch."""
    server.answer, kind = ANSWERS[failure]
    with pytest.raises(BulkApiError) as caught:
        METHODS[method](client(server.url, retry=no_repeats()))
    check(caught.value)
    if method not in POSTS_A_BATCH:
        assert isinstance(caught.value, kind)
    elif "redirect" not in failure:
        assert isinstance(caught.value, AmbiguousUpload)
    if method not in KNOWS_NO_JOB:
        assert caught.value.job_id == JOB_ID
        assert JOB_ID in str(caught.value)
    if (
        METHODS[method].__code__.co_names
        and "batch" in method
        and method.startswith(("is", "wait"))
    ):
        assert caught.value.batch_id == BATCH_ID
        assert BATCH_ID in str(caught.value)


@pytest.mark.parametrize("method", ["job_status", "post_batch", "get_query_batch_results"])
@pytest.mark.parametrize("failure", [name for name in ANSWERS if "stalled" in name])
def test_every_stall_ends_with_the_read_timeout(
    server: RawServer, failure: str, method: str
) -> None:
    """A server that stops sending, wherever, is given up after the read timeout."""
    server.answer, kind = ANSWERS[failure]
    with pytest.raises(BulkApiError) as caught:
        METHODS[method](client(server.url, retry=no_repeats(), timeout=SHORT))
    check(caught.value)
    assert isinstance(caught.value, AmbiguousUpload if method in POSTS_A_BATCH else kind)


@pytest.mark.parametrize("method", METHODS)
def test_refused_connections(method: str) -> None:
    """Where nobody listens nothing was done, and no method says that something may have been."""
    with RawServer() as gone:
        url = gone.url
    with pytest.raises(ConnectionFailed) as caught:
        METHODS[method](client(url))
    check(caught.value)
    assert not caught.value.may_have_arrived
    assert "may" not in str(caught.value)
    assert "Check the host" in str(caught.value)
    # Who was asked and what the system said, without the reprs of urllib3.
    assert f"({url.removeprefix('http://')}: Failed to " in str(caught.value)
    assert "Max retries" not in str(caught.value)
    assert isinstance(caught.value.__cause__, requests.RequestException)


@pytest.mark.parametrize(
    "failure",
    [
        "reset before the headers",
        "cut, with a length",
        "cut within a chunk",
        "stalled within the body",
    ],
)
def test_the_old_type_is_the_cause(server: RawServer, failure: str) -> None:
    """The exception of requests or urllib3 stays reachable as the cause."""
    server.answer, _ = ANSWERS[failure]
    with pytest.raises(TransportError) as caught:
        client(server.url, retry=no_repeats(), timeout=SHORT).job_status(JOB_ID)
    assert isinstance(caught.value.__cause__, LIBRARY_ERRORS)


@pytest.mark.parametrize(
    "host",
    [
        "https://",
        "https://[::1",
        "https://a:port",
        "https://exa mple.com",
        "https://" + "a" * 64 + ".example.com",
        "https://ex*mple.com",
        "httpx://[1",
        "https://\udcff.example",
    ],
)
def test_an_address_that_cannot_be_used(host: str) -> None:
    """An invalid host is InvalidInput or a failed connection, and never a ValueError of others."""
    with pytest.raises(BulkApiError) as caught:
        client(host, retry=no_repeats()).job_status(JOB_ID)
    assert isinstance(caught.value, (InvalidInput, ConnectionFailed))
    check(caught.value)


@pytest.mark.parametrize("proxy", ["http://user:hunter2@[bad", "http://", "ftp://[", ""])
def test_a_proxy_that_cannot_be_read(proxy: str) -> None:
    """A malformed proxy is refused at once, its password not shown."""
    with pytest.raises(InvalidInput, match="proxy for 'https'") as caught:
        client("https://acme.my.salesforce.com", proxies={"https": proxy})
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("failure", "theirs"),
    [
        ("reset before the headers", requests.exceptions.ConnectionError),
        ("stalled before the headers", requests.exceptions.ReadTimeout),
        ("stalled within the body", requests.exceptions.Timeout),
        ("cut within a chunk", requests.exceptions.ChunkedEncodingError),
    ],
)
def test_a_program_that_catches_the_errors_of_requests_goes_on_doing_so(
    server: RawServer, failure: str, theirs: type[Exception]
) -> None:
    """The errors of a call are those of requests too, as under 2.2.0."""
    server.answer, kind = ANSWERS[failure]
    with pytest.raises(theirs) as caught:
        client(server.url, retry=no_repeats(), timeout=SHORT).job_status(JOB_ID)
    assert isinstance(caught.value, kind)
    assert (caught.value.request, caught.value.response) == (None, None)


def test_an_unknown_name_is_a_connection_error_of_requests() -> None:
    """Neither a call nor a login needs another except clause than under 2.2.0."""
    with pytest.raises(requests.exceptions.ConnectionError):
        client("https://acme.invalid").job_status(JOB_ID)
    with pytest.raises(requests.exceptions.ConnectionError):
        SalesforceBulk(
            username="a@b.example",
            password="p",
            security_token="t",
            login_url="https://acme.invalid",
            clock=FastClock(),
        )


def test_importing_the_errors_imports_no_requests() -> None:
    """The errors stand where requests is not imported: it takes longer than --help may."""
    program = "import sys, salesforce_bulk.errors; assert 'requests' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_proxy_that_is_not_there() -> None:
    """A proxy that nobody runs is a failed connection, and nothing was sent."""
    with RawServer() as gone:
        proxy = gone.url
    bulk = client("https://acme.my.salesforce.com", proxies={"https": proxy}, retry=no_repeats())
    with pytest.raises(ConnectionFailed, match="Check the proxy") as caught:
        bulk.post_batch(JOB_ID, b"Name\nx\n")
    assert not caught.value.may_have_arrived
    assert proxy.removeprefix("http://") in str(caught.value)
    assert isinstance(caught.value, requests.exceptions.ProxyError)
    assert isinstance(caught.value.__cause__, requests.exceptions.ProxyError)


@pytest.mark.parametrize("timeout", [0, -1, "soon", (1, 2, 3), (1, "x")])
def test_a_timeout_that_cannot_be_used(timeout: Any) -> None:
    """A timeout that requests would refuse at the first call is refused at once."""
    with pytest.raises(InvalidInput, match="timeout"):
        client("https://acme.my.salesforce.com", timeout=timeout)


@pytest.mark.parametrize(
    "session", [SESSION + "\n", SESSION + "\r\n", " " + SESSION, SESSION + "\u2026", SESSION + "\0"]
)
@pytest.mark.parametrize("method", ["job_status", "post_batch"])
def test_a_session_that_no_header_can_carry(session: str, method: str) -> None:
    """A session id with a line break is refused without being shown, in no cause either."""
    bulk = client("https://acme.my.salesforce.com", retry=no_repeats())
    bulk.sessionId = session
    with pytest.raises(InvalidInput, match="X-SFDC-Session") as caught:
        METHODS[method](bulk)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_download_that_broke_stays_broken(server: RawServer) -> None:
    """Reading on after the error does not end as if the file were whole."""
    server.answer = cut(http(CSV_BODY * 9_000, content_type="text/csv"), 20)
    file = client(server.url).get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
    with pytest.raises(IncompleteBody) as caught:
        file.read()
    assert caught.value.batch_id == BATCH_ID
    with pytest.raises(IncompleteBody):
        file.read()


@pytest.mark.parametrize(
    "text",
    ["", '"Id","Name"\n"001', '"Id","Name"\n"001","a\n', '"Id","Name"\n"001","a"', "[{"],
)
def test_a_body_that_only_the_end_of_the_connection_ends(server: RawServer, text: str) -> None:
    """Without length, chunks and compression a body must stop where a document can."""
    server.answer = [http(text, content_type="text/csv", length=False), CLOSE]
    with pytest.raises(IncompleteBody):
        METHODS["get_query_batch_results"](client(server.url))


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
@pytest.mark.parametrize("value", ["-1", "12abc", "1_0", "+9", "identity", ""])
def test_what_is_no_length_proves_no_end(server: RawServer, name: str, value: str) -> None:
    """A length that is no number leaves the end of a body as open as none does."""
    text = '"Id","Name"\n"001'
    page = http(text, content_type="text/csv", length=False, headers={name: value})
    server.answer = [page, CLOSE]
    with pytest.raises(TransportError):
        METHODS["get_query_batch_results"](client(server.url, retry=no_repeats()))


@pytest.mark.parametrize("piece", [1, 3, 1 << 16])
@pytest.mark.parametrize("text", [CSV_BODY, "Records not found for this query", "[ ]", "<a/>"])
def test_a_whole_body_without_a_length_is_taken(server: RawServer, text: str, piece: int) -> None:
    """A body ended by the connection is whole where it stops like a document, in any pieces."""
    server.answer = [http(text, content_type="text/csv", length=False), CLOSE]
    file = client(server.url).get_query_batch_results(
        BATCH_ID, "752", job_id=JOB_ID, chunk_size=piece
    )
    assert file.read() == text.encode()


def test_row_results_without_a_length_end_with_a_row(server: RawServer) -> None:
    """Row results cut within a row are an error and not fewer rows."""
    whole = '"Id","Success","Created","Error"\n"001","true","true",""\n"002","true","true",""\n'
    server.answer = [http(whole, content_type="text/csv", length=False), CLOSE]
    bulk = client(server.url)
    assert len(bulk.get_batch_results(BATCH_ID, JOB_ID)) == 2
    server.answer = [http(whole[:-1], content_type="text/csv", length=False), CLOSE]
    with pytest.raises(IncompleteBody) as caught:
        bulk.get_batch_results(BATCH_ID, JOB_ID)
    assert caught.value.batch_id == BATCH_ID


@pytest.mark.parametrize("page", [HTML, "\n<!DOCTYPE html><p>Log in", "<HTML lang=en>"])
@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/csv", None])
def test_a_page_is_no_result_file(server: RawServer, page: str, kind: str | None) -> None:
    """A login or error page in place of a download is an error whatever its type is called."""
    server.answer = http(page, content_type=kind)
    with pytest.raises(UnexpectedResponse, match="HTML page") as caught:
        METHODS["get_query_batch_results"](client(server.url))
    assert caught.value.batch_id == BATCH_ID


@pytest.mark.parametrize(
    "body",
    [
        '<!DOCTYPE a [<!ENTITY b "c">]><jobInfo><id>&b;</id></jobInfo>',
        '<!DOCTYPE jobInfo SYSTEM "file:///etc/passwd"><jobInfo><id>1</id></jobInfo>',
        '<?xml version="1.0" encoding="klingon"?><jobInfo><id>1</id></jobInfo>',
    ],
    ids=["entities", "DTD", "unknown encoding"],
)
@pytest.mark.parametrize(
    "method", ["create_job", "job_status", "get_batch_list", "get_query_batch_result_ids"]
)
def test_xml_that_is_not_read(server: RawServer, body: str, method: str) -> None:
    """Entities, a DTD and an unknown encoding are refused where XML is expected."""
    server.answer = http(body)
    with pytest.raises(UnexpectedResponse, match="not readable as XML") as caught:
        METHODS[method](client(server.url))
    check(caught.value)


def test_closing_a_download_gives_up_its_connection(server: RawServer) -> None:
    """Closing a file of which nothing was read closes its connection."""
    server.answer = http(CSV_BODY * 100_000, content_type="text/csv")
    file = client(server.url).get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID)
    response = file.iterator._response
    file.close()
    assert response.raw.closed
