"""No page that echoes a request brings its session into an error, a log or a traceback."""

from __future__ import annotations

import base64
import html
import json
import pickle
import traceback
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fast_clock import FastClock
from raw_server import BATCH_ID, CLOSE, EXPIRED, JOB, JOB_ID, SESSION, RawServer, http
from urllib3 import Retry

from salesforce_bulk import (
    BulkApiError,
    ConnectionFailed,
    InvalidInput,
    LoginFailed,
    SalesforceBulk,
    Session,
    SessionExpired,
)
from salesforce_bulk.client_access import org_of

ECHOES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL twice": lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    "XML": html.escape,
    "XML numbers twice": lambda text: html.escape("".join(f"&#{ord(c)};" for c in text)),
    "JSON": lambda text: json.dumps(text.replace("!", "\x21")).replace("!", "\\u0021"),
    "base 64": lambda text: base64.b64encode(f"X-SFDC-Session: {text}\r\n".encode()).decode(),
}

CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "job": lambda bulk: bulk.job_status(JOB_ID),
    "batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "results": lambda bulk: bulk.get_batch_results(BATCH_ID, JOB_ID),
    "file": lambda bulk: bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read(),
    "2.0": lambda bulk: org_of(bulk).v2.query_job(JOB_ID),
    "describe": lambda bulk: org_of(bulk).describes.object("Account"),
    "whoami": lambda bulk: bulk.whoami(),
    "insert": lambda bulk: bulk.insert("Account", [{"Name": "x"}], check="none"),
    "export": lambda bulk: list(bulk.export("SELECT Id FROM Account")),
    "attach": lambda bulk: bulk.attach(JOB_ID),
}


def pages(echo: str) -> dict[str, Any]:
    """What a server may write an echo into."""
    code = {"exceptionCode": echo, "exceptionMessage": echo}
    return {
        "HTML": http(f"<html>{echo}</html>", 403, "text/html"),
        "text": http(echo, 500, "text/plain"),
        "an XML fault": http(f"<error><exceptionMessage>{html.escape(echo)}</exceptionMessage>"
                             "<exceptionCode>InvalidJob</exceptionCode></error>", 400),
        "a JSON fault": http(json.dumps([code]), 400, "application/json"),
        "a 200 that is none": http(json.dumps({"fields": echo, echo: echo}), 200,
                                   "application/json"),
        "a 200 of XML": http(f"<{'x'}>{html.escape(echo)}</x>"),
        "a header": http("x", 200, "text/csv", headers={"Content-Encoding": echo}),
        "the status line": http("", f"500 {echo}"),
        "a broken status line": [f"HTTP/9.9 {echo}\r\n\r\n".encode(), CLOSE],
        "a broken header": [f"HTTP/1.1 200 OK\r\n{echo}\r\n: {echo}\r\n\r\n".encode(), CLOSE],
        "a redirect": http("", 302, headers={"Location": f"http://{echo}/{echo}"}),
    }  # fmt: skip


def everything_of(error: BaseException) -> Iterator[str]:
    """What a collector of errors sends away: texts, attributes, pickles, frames with locals."""
    yield "".join(traceback.format_exception(type(error), error, error.__traceback__))
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None:
            continue
        yield repr(current)
        yield repr(current.args)
        yield repr({name: _deep(value) for name, value in vars(current).items()})
        for frame, _ in traceback.walk_tb(current.__traceback__):
            if "/salesforce_bulk/" in frame.f_code.co_filename or "site-packages" in (
                frame.f_code.co_filename
            ):
                yield repr(frame.f_locals)
        waiting += [current.__cause__, current.__context__]
    yield pickle.dumps(error).decode("latin-1")


def _deep(value: Any) -> Any:
    return getattr(value, "__dict__", value)


@pytest.mark.parametrize("encoding", ECHOES)
@pytest.mark.parametrize("page", pages(""))
def test_an_echo_is_told_to_nobody(
    page: str, encoding: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever page echoes the session in whatever encoding, for any call."""
    caplog.set_level("DEBUG")
    echo = ECHOES[encoding](SESSION)
    with RawServer(answer=pages(echo)[page]) as server:
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url, clock=FastClock())
        for call in CALLS.values():
            try:
                call(bulk)
            except BulkApiError as error:
                told = "\n".join([*everything_of(error), caplog.text])
                for form in (SESSION, echo, echo.strip('"'), SESSION.encode().hex()):
                    assert form not in told


def test_a_failed_connection_shows_no_header_in_its_frames() -> None:
    """Neither our frames nor those of requests, urllib3 and http.client hold the session."""
    with RawServer() as gone:
        url = gone.url
    bulk = SalesforceBulk(sessionId=SESSION, host=url, clock=FastClock())
    for call in CALLS.values():
        with pytest.raises(BulkApiError) as caught:
            call(bulk)
        assert SESSION not in "\n".join(everything_of(caught.value))


@pytest.mark.parametrize("form", [SESSION, f"{SESSION}\n", SESSION.replace("!", "%21")])
def test_a_session_in_the_place_of_an_id_is_not_shown(form) -> None:
    """Arguments are swapped at times."""
    with pytest.raises(InvalidInput) as caught:
        SalesforceBulk(sessionId=SESSION, host="https://x.my.salesforce.com").job_status(form)
    assert form.strip() not in f"{caught.value}"


@dataclass
class OnlyOnce:
    """A login whose second try fails."""

    url: str
    failure: BulkApiError
    logins: int = 0

    def login(self, transport: object) -> Session:
        self.logins += 1
        if self.logins > 1:
            raise self.failure
        return Session(SESSION, self.url)


@pytest.mark.parametrize("failure", [LoginFailed("no"), ConnectionFailed("gone")], ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_a_renewal_that_fails_shows_no_session_in_its_frames(
    call: str, failure: BulkApiError
) -> None:
    """The session that has expired is masked on its way to the login, too."""
    with RawServer(answer=EXPIRED) as server:
        login = OnlyOnce(server.url, failure)
        bulk = SalesforceBulk(login=login, clock=FastClock(), retry=Retry(0))
        with pytest.raises(type(failure)) as caught:
            CALLS[call](bulk)
    assert login.logins == 2
    assert SESSION not in "\n".join(everything_of(caught.value))


@pytest.mark.parametrize("session", ["session", "Id", "Open", "json", "xml", "success", "7505"])
def test_a_session_that_is_a_word_spoils_no_answer(session: str) -> None:
    """Programs' tests have such sessions: documents and codes of errors are read as they are."""
    row = "Id,Success,Created,Error\n001000000000001AAA,true,true,session Open json xml\n"
    with RawServer(JOB, http(row, content_type="text/csv"), answer=EXPIRED) as server:
        bulk = SalesforceBulk(sessionId=session, host=server.url, clock=FastClock())
        assert bulk.job_status(JOB_ID)["state"] == "Open"
        (result,) = bulk.get_batch_results(BATCH_ID, JOB_ID)
        assert (result.id, result.error) == ("001000000000001AAA", "session Open json xml")
        with pytest.raises(SessionExpired) as caught:
            bulk.job_status(JOB_ID)
    assert caught.value.error_code == "InvalidSessionId"
