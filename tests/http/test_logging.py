"""What is logged, and what never is: secrets, in no logger, error, repr or traceback."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from fast_clock import FastClock
from raw_server import (
    BATCH_ID,
    COMPLETED,
    CSV_BODY,
    EXPIRED,
    HTML,
    JOB,
    JOB_ID,
    RESET,
    RESULT,
    SESSION,
    RawServer,
    Received,
    document,
    envelope,
    fault,
    http,
    logged_in,
    login_refused,
)
from urllib3 import Retry

from salesforce_bulk import BulkApiError, LoginFailed, SalesforceBulk
from salesforce_bulk.client_access import access_of

PASSWORD = "Tr0ub4dor&3<horse>"
TOKEN = "ToKeN8x7Yq2Zw9"
ORGANISATION = "00D000000000001"
ESCAPED = "Tr0ub4dor&amp;3&lt;horse&gt;"
SECRETS = (PASSWORD, TOKEN, SESSION, ESCAPED, SESSION.partition("!")[2])


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything of every logger, down to DEBUG."""
    caplog.set_level(logging.NOTSET)
    for name in ("salesforce_bulk", "urllib3", "requests", "simple_salesforce"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def nothing_told(log: pytest.LogCaptureFixture, *texts: object) -> None:
    """No secret stands in any record, in its arguments or in the texts."""
    records = [(record.getMessage(), repr(record.__dict__)) for record in log.records]
    everything = "\n".join([*map(str, records), *map(str, texts)])
    found = [secret for secret in SECRETS if secret in everything]
    assert not found


def login(server: RawServer, **options: Any) -> SalesforceBulk:
    arguments: dict[str, Any] = {
        "username": "a@b.c",
        "password": PASSWORD,
        "security_token": TOKEN,
        "login_url": server.url,
        "clock": FastClock(),
        "retry": Retry(1),
    }
    return SalesforceBulk(**{**arguments, **options})


def told(error: BaseException) -> str:
    """The error with its causes, as a program that does not catch it prints it."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


def test_a_run_tells_no_secret(log: pytest.LogCaptureFixture) -> None:
    """Login, calls, a renewal, a repeat and a download at DEBUG: no password, token, session."""

    def answer(request: Received) -> Any:
        if "/Soap/" in request.path:
            return logged_in(server.url)
        if "/result/" in request.path:
            return RESULT
        return COMPLETED if "/batch" in request.path else JOB

    with RawServer(answer=answer) as server:
        bulk = login(server)
        server.script = [EXPIRED]
        bulk.create_query_job("Account")
        server.script = [http(HTML, 503, "text/html")]
        bulk.batch_status(BATCH_ID, JOB_ID)
        bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read()
        assert len(log.records) > 5
        nothing_told(
            log,
            repr(bulk),
            repr(access_of(bulk).link.provider),
            repr(access_of(bulk).transport),
            vars(access_of(bulk).v1),
        )


def test_the_log_says_what_happened(log: pytest.LogCaptureFixture) -> None:
    """Under salesforce_bulk stand method, path, status and time; repeats at INFO."""
    with RawServer(http(HTML, 503, "text/html"), answer=JOB) as server:
        SalesforceBulk(sessionId=SESSION, host=server.url, clock=FastClock()).job_status(JOB_ID)
    ours = [r for r in log.records if r.name == "salesforce_bulk"]
    path = f"/services/async/64.0/job/{JOB_ID}"
    assert [(r.levelname, r.getMessage().partition(path)[0]) for r in ours] == [
        ("DEBUG", "GET "),
        ("INFO", "GET "),
        ("DEBUG", "GET "),
    ]
    assert " 503 " in ours[0].getMessage()
    assert "again in" in ours[1].getMessage()


def test_nothing_is_printed_unless_it_is_asked_for() -> None:
    """The package adds no handlers and no levels of its own."""
    logger = logging.getLogger("salesforce_bulk")
    assert logger.handlers == []
    assert logger.level == logging.NOTSET


ECHOES: dict[str, Any] = {
    "a refusal that quotes the password": login_refused(message=f"bad password {ESCAPED}"),
    "a refusal that quotes the token": login_refused(message=f"bad token {TOKEN}!"),
    "a refusal that quotes both as sent": login_refused(message=f"bad: {ESCAPED}{TOKEN}"),
    "a refusal without detail": envelope(
        f"<soapenv:Fault><faultcode>X</faultcode><faultstring>{ESCAPED}</faultstring></soapenv:Fault>",
        500,
    ),
    "a fault without message": envelope(
        f"<sf:exceptionCode>X</sf:exceptionCode><note>{ESCAPED}{TOKEN}</note>", 500
    ),
    "a page that quotes the request": lambda r: http(
        f"<html><pre>{r.body.decode()}</pre>", 502, "text/html"
    ),
    "the request itself": lambda r: http(r.body, 500, "text/xml"),
    "the request itself, with 200": lambda r: http(r.body, 200, "text/xml"),
}


@pytest.mark.parametrize("echo", ECHOES)
def test_a_failed_login_tells_no_secret(log: pytest.LogCaptureFixture, echo: str) -> None:
    """Whatever the login server says, neither the error nor its causes quote a secret."""
    with RawServer(answer=ECHOES[echo]) as server, pytest.raises(BulkApiError) as caught:
        login(server)
    nothing_told(log, told(caught.value))


def test_the_documented_refusal_stays_readable(log: pytest.LogCaptureFixture) -> None:
    """A test org's password "password" is not cut out of the vendor's own sentence."""
    with RawServer(answer=login_refused()) as server, pytest.raises(LoginFailed) as caught:
        login(server, password="password", security_token="token")
    assert caught.value.error_message == (
        "Invalid username, password, security token; or user locked out."
    )


def test_a_refused_login_by_organisation_tells_no_secret(log: pytest.LogCaptureFixture) -> None:
    """The same for a login with an organisation id in place of a token."""
    answer = login_refused(message=f"no {ESCAPED}")
    with RawServer(answer=answer) as server, pytest.raises(LoginFailed) as caught:
        login(server, security_token=None, organizationId=ORGANISATION)
    nothing_told(log, told(caught.value))


BODIES: dict[str, Any] = {
    "a fault": fault("InvalidJob", f"not with {SESSION}"),
    "a page": http(f"<p>{SESSION}", 403, "text/html"),
    "a page with 200": http(f"<p>{SESSION}", 200, "text/html"),
    "headers as text": lambda r: http(f"{r.headers}", 500, "text/plain"),
    "JSON": http(f'{{"exceptionCode":"InvalidBatch","exceptionMessage":"{SESSION}"}}', 400,
                 "application/json"),
    "nothing readable": http(SESSION, 200, "text/csv"),
    "no id": http(document("jobInfo", state=SESSION)),
    "a redirect": http("", 302, headers={"Location": f"ftp://files.example/{SESSION}"}),
    "cut": [http(SESSION * 9)[:-20], RESET],
}  # fmt: skip

CALLS: dict[str, Callable[[SalesforceBulk], Any]] = {
    "create_job": lambda bulk: bulk.create_insert_job("Account"),
    "post_batch": lambda bulk: bulk.post_batch(JOB_ID, b"Name\nx\n"),
    "job_status": lambda bulk: bulk.job_status(JOB_ID),
    "batch_status": lambda bulk: bulk.batch_status(BATCH_ID, JOB_ID),
    "get_batch_results": lambda bulk: bulk.get_batch_results(BATCH_ID, JOB_ID),
    "get_query_batch_result_ids": lambda bulk: bulk.get_query_batch_result_ids(BATCH_ID, JOB_ID),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("body", BODIES)
def test_an_echoed_session_is_not_told(log: pytest.LogCaptureFixture, body: str, call: str) -> None:
    """A body that echoes the session does not bring it into an error or a log."""
    with RawServer(answer=BODIES[body]) as server:
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url, clock=FastClock(), retry=Retry(0))
        bulk.job_content_types[JOB_ID] = "CSV"
        try:
            CALLS[call](bulk)
        except BulkApiError as error:
            nothing_told(log, told(error))
        else:
            # Row results and states are data: whatever they hold is what was asked for.
            assert body in ("nothing readable", "no id")
        nothing_told(log)


def test_a_download_is_not_logged(log: pytest.LogCaptureFixture) -> None:
    """Rows stand in no log."""
    with RawServer(answer=RESULT) as server:
        bulk = SalesforceBulk(sessionId=SESSION, host=server.url)
        bulk.get_query_batch_results(BATCH_ID, "752", job_id=JOB_ID).read()
    assert CSV_BODY.splitlines()[1] not in log.text


def test_logs_of_other_programs_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    """urllib3's records are touched during our calls only, and keep what they say."""
    logger = logging.getLogger("urllib3.connection")
    with RawServer(answer=JOB) as server:
        bulk = SalesforceBulk(sessionId="Failed", host=server.url, clock=FastClock())
        assert bulk.job_status(JOB_ID)["state"] == "Open"
    logger.warning("Failed %s of %d", "parts", 3)
    (record,) = [one for one in caplog.records if one.name == "urllib3.connection"]
    assert record.getMessage() == "Failed parts of 3"
    assert record.args == ("parts", 3)
