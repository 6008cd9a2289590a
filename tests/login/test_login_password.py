"""Logging in with user name and password, by the real simple-salesforce."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
import requests
from fast_clock import FastClock
from raw_server import (
    CLOSE,
    HTML,
    JOB,
    RESET,
    SESSION,
    STALL,
    RawServer,
    envelope,
    http,
    logged_in,
    login_refused,
)
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceError
from urllib3 import Retry

from salesforce_bulk import (
    BulkApiError,
    ConnectionFailed,
    IncompleteBody,
    IncompleteLogin,
    LoginFailed,
    RequestTimeout,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.login.password import PasswordLogin, _restored_host
from salesforce_bulk.login.provider import Session
from salesforce_bulk.wire.soap import Login, read_login

NASTY = "a&b<c>d\"e'f é]]>ü {x}"


def login(server: RawServer, **options: Any) -> SalesforceBulk:
    arguments: dict[str, Any] = {
        "username": "a@b.c",
        "password": "pw",
        "security_token": "TOKEN",
        "login_url": server.url,
        "timeout": 2,
        "retry": Retry(0),
        "clock": FastClock(),
    }
    return SalesforceBulk(**{**arguments, **options})


def sent(body: bytes) -> dict[str, str | None]:
    """The elements of a login call, by their names without namespaces."""
    return {element.tag.rpartition("}")[2]: element.text for element in fromstring(body).iter()}


def test_the_login_gives_session_and_host() -> None:
    """Session and host come from the answer; calls go there."""
    with RawServer(answer=JOB) as server:
        server.script = [logged_in(server.url)]
        bulk = login(server)
        assert bulk.sessionId == SESSION
        assert bulk.endpoint == f"{server.url}/services/async/64.0"
        bulk.create_insert_job("Account")
        assert server.received[1].session == SESSION
    request = server.received[0]
    assert request.path == "/services/Soap/u/64.0"
    assert sent(request.body)["password"] == "pwTOKEN"
    assert sent(request.body)["client"] == "simple-salesforce/PySFBulk"


@pytest.mark.parametrize("part", ["username", "password", "security_token", "client_id"])
def test_reserved_characters_survive(part: str) -> None:
    """& < > " ' and letters beyond ASCII arrive as they were given."""
    with RawServer() as server:
        server.answer = logged_in(server.url)
        login(server, **{part: NASTY})
        found = sent(server.received[0].body)
    assert (
        found[{"security_token": "password", "client_id": "client"}.get(part, part)]
        == {
            "username": NASTY,
            "password": NASTY + "TOKEN",
            "security_token": "pw" + NASTY,
            "client_id": f"simple-salesforce/PySFBulk/{NASTY}",
        }[part]
    )


def test_reserved_characters_in_the_organization_id_survive() -> None:
    """The organisation id stands in a header of the call, escaped."""
    with RawServer() as server:
        server.answer = logged_in(server.url)
        login(server, security_token=None, organizationId=NASTY)
        found = sent(server.received[0].body)
    assert found["organizationId"] == NASTY
    assert found["password"] == "pw"


@pytest.mark.parametrize("token", [NASTY, ""])
def test_the_emulator_takes_such_a_login(token: str) -> None:
    """A user whose name, password and token are full of reserved characters can log in."""
    with SalesforceEmulator(inline=True) as org:
        admin = org.org.users.pop(org.username)
        admin.username, admin.password, admin.security_token = f"u{NASTY}@x.y", NASTY, token
        org.org.users[admin.username] = admin
        bulk = org.connect(username=admin.username, password=NASTY, security_token=token)
        assert bulk.job_status(bulk.create_insert_job("Account"))["state"] == "Open"
        with pytest.raises(LoginFailed):
            org.connect(username=admin.username, password=NASTY + "x", security_token=token)


def test_a_wrong_password_is_refused() -> None:
    """A wrong password is LoginFailed, with the org's code and advice, and pickles."""
    with SalesforceEmulator(inline=True) as org, pytest.raises(LoginFailed) as caught:
        org.connect(password="wrong-horse-7")
    error = caught.value
    assert isinstance(error, SalesforceAuthenticationFailed)
    assert isinstance(error, SalesforceError)
    assert isinstance(error, BulkApiError)
    assert (error.error_code, error.code, error.status_code) == (
        "INVALID_LOGIN",
        "INVALID_LOGIN",
        500,
    )
    assert error.error_message == error.auth_message
    assert "security token; or user locked out" in str(error)
    assert "sandbox=True" in str(error)
    assert "wrong-horse-7" not in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), vars(again)) == (str(error), vars(error))


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        (login_refused("PASSWORD_LOCKOUT", "locked"), "PASSWORD_LOCKOUT", "locked"),
        (login_refused("LOGIN_MUST_USE_SECURITY_TOKEN", "x"), "LOGIN_MUST_USE_SECURITY_TOKEN", "x"),
        (login_refused("INVALID_OPERATION", "SOAP API login() is disabled by default in this org."),
         "INVALID_OPERATION", "SOAP API login() is disabled by default in this org."),
        (envelope("<soapenv:Fault><faultcode>sf:UNSUPPORTED_API_VERSION</faultcode>"
                  "<faultstring>no such version</faultstring></soapenv:Fault>", 500),
         "UNSUPPORTED_API_VERSION", "no such version"),
        (login_refused("INVALID_LOGIN", "").replace(b"500 Status", b"200 Status"),
         "INVALID_LOGIN", "INVALID_LOGIN: "),
    ],
)  # fmt: skip
def test_every_refusal_is_typed(answer: bytes, code: str, message: str) -> None:
    """Any fault of the login server is LoginFailed with its code and message."""
    with RawServer(answer=answer) as server, pytest.raises(LoginFailed) as caught:
        login(server)
    assert isinstance(caught.value, SalesforceAuthenticationFailed)
    assert (caught.value.error_code, caught.value.error_message) == (code, message)
    assert len(server.received) == 1


def test_an_expired_password_is_refused() -> None:
    """The restricted session of an expired password is an error at once, not at the next call."""
    with RawServer() as server:
        server.answer = logged_in(server.url, expired=True)
        with pytest.raises(LoginFailed, match="Set a new password") as caught:
            login(server)
    assert caught.value.error_code == "INVALID_OPERATION_WITH_EXPIRED_PASSWORD"
    assert isinstance(caught.value, SalesforceAuthenticationFailed)


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    "<x><sessionId>&b;</sessionId><serverUrl>https://x</serverUrl></x>"
)


@pytest.mark.parametrize("status", [200, 403, 500, 502, 503])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (HTML, "text/html"),
        (HTML, "text/xml"),
        ("<html><head/><body/></html>", "application/xhtml+xml"),
        (BOMB, "text/xml"),
        ('{"error":"invalid"}', "application/json"),
        ("", None),
        ("OK", "text/plain"),
        ('<?xml version="1.0" encoding="klingon"?><a/>', "text/xml"),
    ],
    ids=["html", "html as xml", "xhtml", "bomb", "json", "empty", "text", "encoding"],
)
def test_what_is_no_login_document_is_unexpected(body: str, kind: str | None, status: int) -> None:
    """A page, a bomb or anything else in place of the answer is UnexpectedResponse."""
    answer = http(body, status, kind)
    with RawServer(answer=answer) as server, pytest.raises(UnexpectedResponse) as caught:
        login(server)
    assert caught.value.status_code == status
    assert "login server" in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [([CLOSE], ConnectionFailed), ([RESET], ConnectionFailed), ([STALL], RequestTimeout),
     ([logged_in("https://x")[:-30], CLOSE], IncompleteBody)],
    ids=["closed", "reset", "stalled", "cut"],
)  # fmt: skip
def test_a_login_without_an_answer(answer: Any, kind: type[BulkApiError]) -> None:
    """Failures of the connection at login are those of any call; the login is not repeated."""
    with RawServer(answer=answer) as server:
        with pytest.raises(kind) as caught:
            login(server, timeout=0.2, retry=Retry(3))
        assert len(server.received) == 1
    assert isinstance(caught.value.__cause__, (requests.RequestException, OSError, Exception))


def test_a_refused_login_connection() -> None:
    """A login server that is not there is a failed connection."""
    with RawServer() as gone:
        url = gone.url
    with pytest.raises(ConnectionFailed):
        SalesforceBulk(
            username="u", password="p", security_token="", login_url=url, clock=FastClock()
        )


@pytest.mark.parametrize(
    "missing", [{"password": None}, {"security_token": None}], ids=["password", "token"]
)
def test_an_incomplete_login_is_refused_here(missing: dict[str, None]) -> None:
    """Without password, or without both token and organisation, nothing is sent."""
    with RawServer() as server:
        with pytest.raises(IncompleteLogin):
            login(server, **missing)
        assert server.received == []


@pytest.mark.parametrize(
    ("version", "path"), [("59.0", "59.0"), ("64.0", "64.0"), ("65.0", "64.0"), ("68.0", "64.0")]
)
def test_newer_versions_log_in_with_the_last_that_can(version: str, path: str) -> None:
    """login() ends with 64.0, so newer clients use that for it, and their own for the rest."""
    with RawServer() as server:
        server.answer = logged_in(server.url)
        bulk = login(server, API_version=version)
        assert server.received[0].path == f"/services/Soap/u/{path}"
    assert bulk.endpoint.endswith(f"/services/async/{version}")


@pytest.mark.parametrize("version", ["31.0", "40.0"])
def test_old_versions_warn_once_with_their_dates(version: str) -> None:
    """31.0 to 40.0 warn when the client is made, and not at each call."""
    with RawServer(answer=JOB) as server:
        with pytest.warns(FutureWarning, match=r"Summer '27.*Summer '28") as caught:
            bulk = SalesforceBulk(sessionId=SESSION, host=server.url, API_version=version)
        bulk.create_insert_job("Account")  # a further warning would be an error here
    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("version", ["41.0", "64.0", "68.0"])
def test_supported_versions_do_not_warn(version: str) -> None:
    """From 41.0 on nothing is said."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SalesforceBulk(sessionId=SESSION, host="acme.example", API_version=version)


def test_the_static_login_is_the_same_login() -> None:
    """login_to_salesforce gives the session and a host that the constructor takes."""
    with RawServer() as server:
        server.answer = logged_in("https://acme.my.salesforce.com")
        assert SalesforceBulk.login_to_salesforce(
            "u", "p", security_token="", login_url=server.url
        ) == (SESSION, "acme.my.salesforce.com")


@pytest.mark.parametrize(
    ("server_url", "instance"),
    [
        ("https://acme-apis.my.salesforce.com/x", "acme-apis.my.salesforce.com"),
        ("https://na1-api.salesforce.com/x", "na1.salesforce.com"),
        ("https://acme.my.salesforce.com/x", "acme.my.salesforce.com"),
    ],
)
def test_a_host_keeps_its_name(server_url: str, instance: str) -> None:
    """simple-salesforce takes -api out of every host; a My Domain keeps it."""
    shortened = server_url.split("/")[2].replace("-api", "")
    assert _restored_host(shortened, Login(server_url, False)) == instance
    assert _restored_host(shortened, None) == shortened


def test_a_login_of_the_callers_is_used() -> None:
    """A provider with another sign_in logs in by that, with simple-salesforce's arguments."""
    seen: dict[str, Any] = {}

    def sign_in(**arguments: Any) -> tuple[str, str]:
        seen.update(arguments)
        return "session", "acme.example"

    provider = PasswordLogin("u", "p", "t", sign_in=sign_in)
    assert provider.login(transport=None) == Session("session", "https://acme.example")  # type: ignore[arg-type]
    assert (seen["username"], seen["password"], seen["security_token"]) == ("u", "p", "t")
    assert "p'" not in repr(provider)
    assert "'t'" not in repr(provider)


@pytest.mark.parametrize(
    "body", [b"", b"<a/>", b"<a><sessionId/><serverUrl/></a>", b"\xff\xfe", BOMB.encode()]
)
def test_a_login_document_has_session_and_server(body: bytes) -> None:
    """Anything without both is no login."""
    assert read_login(body) is None


def test_importing_imports_no_login_library() -> None:
    """simple-salesforce and zeep are imported by a login, not by the package or a session."""
    program = """
import sys, salesforce_bulk
salesforce_bulk.SalesforceBulk(sessionId="s", host="acme.example")
heavy = {"simple_salesforce", "zeep", "lxml", "jwt"} & set(sys.modules)
assert not heavy, heavy
from salesforce_bulk.login.password import salesforce_login
try:
    salesforce_login()
except Exception as error:
    assert type(error).__name__ == "SalesforceAuthenticationFailed"
assert "simple_salesforce" in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
