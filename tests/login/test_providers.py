"""Every provider logs in through its real HTTP flow, in http and in https."""

from __future__ import annotations

import json
import pickle
import re
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import chromium
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fast_clock import FastClock
from key_pair import KeyPair
from oauth_browser import ScriptedBrowser
from raw_server import RawServer, http
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from urllib3 import Retry

from salesforce_bulk import (
    AppNotApproved,
    AssertionRefused,
    BrowserLogin,
    ClientCredentialsLogin,
    DeviceLogin,
    IncompleteLogin,
    InvalidInput,
    JwtLogin,
    LoginFailed,
    LoginMethodDisabled,
    PasswordLogin,
    RefreshTokenExpired,
    RefreshTokenLogin,
    RequestTimeout,
    SalesforceBulk,
    Session,
    SessionExpired,
    SessionLogin,
    TokenLogin,
    UnexpectedResponse,
    WrongCredentials,
)
from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.login.hosts import login_origin

APP = "3MVG9-app"


def client(org: SalesforceEmulator, login: Any, **options: Any) -> SalesforceBulk:
    verify = str(org.certificate) if org.certificate else None
    return SalesforceBulk(login=login, verify=verify, **{"clock": FastClock(), **options})


def works(bulk: SalesforceBulk) -> bool:
    return bulk.job_status(bulk.create_insert_job("Account"))["state"] == "Open"


def credentials(org: SalesforceEmulator) -> ClientCredentialsLogin:
    return ClientCredentialsLogin(org.consumer_key, org.consumer_secret, org.url)


def browser(org: SalesforceEmulator, decision: str = "allow") -> ScriptedBrowser:
    verify = str(org.certificate) if org.certificate else None
    return ScriptedBrowser(org.username, org.password, decision, verify)


def renewed(org: SalesforceEmulator, bulk: SalesforceBulk) -> bool:
    """Whether the client goes on after its session has ended."""
    before = bulk.sessionId
    org.sessions.expire_all()
    return works(bulk) and bulk.sessionId != before


def test_client_credentials(any_org: SalesforceEmulator) -> None:
    """The app's key and secret, at the org's own host; renewed when it expires."""
    bulk = client(any_org, credentials(any_org))
    assert works(bulk)
    assert renewed(any_org, bulk)


def test_password(any_org: SalesforceEmulator) -> None:
    """User name, password and token as a provider."""
    org = any_org
    login = PasswordLogin(org.username, org.password, org.security_token, login_url=org.url)
    bulk = client(org, login)
    assert works(bulk)
    assert renewed(org, bulk)


def test_jwt(any_org: SalesforceEmulator, keys: KeyPair) -> None:
    """A JWT that the key signs, as a user who is approved; renewed when it expires."""
    any_org.register_app(APP, certificate=keys.certificate)
    bulk = client(any_org, JwtLogin(APP, any_org.username, keys.pem(), login_url=any_org.url))
    assert works(bulk)
    assert renewed(any_org, bulk)


def test_refresh_token(any_org: SalesforceEmulator) -> None:
    """A refresh token gives sessions again and again."""
    token = any_org.issue_refresh_token()
    bulk = client(any_org, RefreshTokenLogin(any_org.consumer_key, token, login_url=any_org.url))
    assert works(bulk)
    assert renewed(any_org, bulk)


def test_browser(any_org: SalesforceEmulator) -> None:
    """A browser logs in and comes back; the session is renewed without it."""
    person = browser(any_org)
    login = BrowserLogin(any_org.consumer_key, login_url=any_org.url, open_browser=person.open)
    bulk = client(any_org, login)
    person.join()
    assert "logged in" in person.last_page
    assert works(bulk)
    assert renewed(any_org, bulk)
    assert len(person.opened) == 1


def test_device(any_org: SalesforceEmulator) -> None:
    """A person enters the shown code elsewhere; the session is renewed without it."""
    shown: list[str] = []

    def enter(text: str) -> None:
        shown.append(text)
        code = re.search(r"code (\w+)", text)
        assert code
        any_org.authorizations.decide_device(code[1], any_org.username)

    login = DeviceLogin(any_org.consumer_key, login_url=any_org.url, show=enter)
    bulk = client(any_org, login)
    assert works(bulk)
    assert renewed(any_org, bulk)
    assert len(shown) == 1


def test_session(any_org: SalesforceEmulator) -> None:
    """A session that there is already; when it ends, the error says what could renew it."""
    session = any_org.connect().sessionId
    bulk = client(any_org, SessionLogin(session, any_org.url))
    assert works(bulk)
    any_org.sessions.expire_all()
    asked = any_org.api_calls
    with pytest.raises(SessionExpired, match="ClientCredentialsLogin"):
        works(bulk)
    assert any_org.api_calls == asked + 1


TOKENS = {
    "text": lambda org, token: token,
    "pair": lambda org, token: (token, org.url),
    "object": lambda org, token: {"access_token": token, "instance_url": org.url},
    "session": lambda org, token: Session(token, org.url),
}


@pytest.mark.parametrize("shape", TOKENS)
def test_token_of_a_function(any_org: SalesforceEmulator, shape: str) -> None:
    """A function is asked at the login and at each renewal, whatever shape its answer has."""

    def get_token() -> Any:
        return TOKENS[shape](any_org, any_org.connect().sessionId)

    bulk = client(any_org, TokenLogin(get_token, any_org.url))
    assert works(bulk)
    assert renewed(any_org, bulk)


@pytest.mark.parametrize("answer", [None, "", {}, 7, ("t", "")], ids=str)
def test_a_function_without_a_token_is_told(answer: Any) -> None:
    """What is no token is refused before anything is sent."""
    with pytest.raises(IncompleteLogin):
        SalesforceBulk(login=TokenLogin(lambda: answer))


# What the org refuses


def test_the_key_may_be_a_file_and_encrypted(
    org: SalesforceEmulator, keys: KeyPair, tmp_path: Path
) -> None:
    """A file, an encrypted one, and PEM text in one line with \\n spelled out."""
    org.register_app(APP, certificate=keys.certificate)
    path = keys.write(tmp_path / "key.pem", "p&ss")
    for parts in (
        {"private_key_file": path, "private_key_password": "p&ss"},
        {"private_key": keys.pem().replace("\n", "\\n")},
    ):
        assert works(client(org, JwtLogin(APP, org.username, login_url=org.url, **parts)))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ({}, "needs private_key"),
        ({"private_key_file": "/nowhere"}, "cannot be read"),
        ({"private_key": "no key"}, "cannot be read"),
        ({"private_key": "ENCRYPTED"}, "give private_key_password"),
        ({"private_key": "ENCRYPTED", "private_key_password": "wrong"}, "password right"),
        ({"private_key": "PLAIN", "private_key_password": "any"}, "not encrypted"),
        ({"private_key": "EC"}, "no RSA key"),
    ],
    ids=str,
)
def test_a_key_that_cannot_sign_is_told(
    org: SalesforceEmulator, keys: KeyPair, parts: dict[str, Any], says: str
) -> None:
    """The message says what is wrong with the key, and shows nothing of it."""

    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    texts = {"ENCRYPTED": keys.pem("p"), "PLAIN": keys.pem(), "EC": elliptic.decode()}
    if "private_key" in parts:
        parts = {**parts, "private_key": texts.get(parts["private_key"], parts["private_key"])}
    with pytest.raises(IncompleteLogin, match=says):
        client(org, JwtLogin(APP, org.username, login_url=org.url, **parts))
    assert not org.requests


@pytest.mark.parametrize(
    ("login", "audience"),
    [
        ("login", "https://login.salesforce.com"),
        ("test", "https://test.salesforce.com"),
        ("acme.my", "https://login.salesforce.com"),
        ("acme--uat.sandbox.my", "https://test.salesforce.com"),
        ("https://acme.scratch.my.salesforce.com", "https://test.salesforce.com"),
    ],
)
def test_the_audience_fits_the_org(keys: KeyPair, login: str, audience: str) -> None:
    """Sandboxes and scratch orgs have test.salesforce.com, all others login.salesforce.com."""

    provider = JwtLogin(APP, "u", keys.pem(), login_url=login, now=lambda: 1_000.0)
    claims = jwt.decode(
        provider._assertion(login_origin(login)).reveal(), options={"verify_signature": False}
    )
    assert claims == {"iss": APP, "sub": "u", "aud": audience, "exp": 1_180}


def refused_by(org: SalesforceEmulator, keys: KeyPair) -> dict[str, tuple[Any, type, str]]:
    org.register_app(APP, certificate=keys.certificate, approved_users=["somebody@else"])
    org.register_app("no-run-as", "s")
    org.register_app("open", certificate=keys.certificate)
    signed = {"private_key": keys.pem(), "login_url": org.url}
    return {
        "unknown app": (
            ClientCredentialsLogin("nobody", "s", org.url), WrongCredentials, "Consumer Key"),
        "wrong secret": (
            ClientCredentialsLogin(org.consumer_key, "wr0ng&s", org.url),
            WrongCredentials, "Consumer Secret"),
        "no run-as user": (
            ClientCredentialsLogin("no-run-as", "s", org.url), AppNotApproved, "Run As"),
        "login host": (
            ClientCredentialsLogin("k", "s", "login"), LoginMethodDisabled, "My Domain"),
        "not approved": (JwtLogin(APP, org.username, **signed), AppNotApproved, "Pre-authorise"),
        "audience": (
            JwtLogin("open", org.username, audience="https://a.b", **signed),
            AssertionRefused, "audience="),
        "clock": (
            JwtLogin("open", org.username, now=lambda: 1.0, **signed), AssertionRefused, "clock"),
        "other key": (
            JwtLogin("open", org.username, KeyPair().pem(), login_url=org.url),
            AssertionRefused, "certificate"),
        "refresh token": (
            RefreshTokenLogin(org.consumer_key, "5Aep-gone", login_url=org.url),
            RefreshTokenExpired, "Log in again"),
        "password": (
            PasswordLogin(org.username, "no", "", login_url=org.url),
            WrongCredentials, "sandbox=True"),
    }  # fmt: skip


def test_every_refusal_says_what_to_change(org: SalesforceEmulator, keys: KeyPair) -> None:
    """A typed error, also simple-salesforce's, with the step and the vendor's page; it pickles."""

    for name, (login, kind, says) in refused_by(org, keys).items():
        with pytest.raises(kind, match=says) as caught:
            client(org, login)
        error = caught.value
        assert isinstance(error, LoginFailed), name
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
        if name != "login host":
            assert isinstance(error, SalesforceAuthenticationFailed), name
            assert re.search(r"https://(help|developer)\.salesforce\.com/", str(error)), name


@pytest.mark.parametrize(
    ("error", "text", "kind"),
    [
        ("INVALID", "x", LoginFailed),
        ("invalid_grant", None, WrongCredentials),
        ("invalid_app_access", "user is not admin approved", AppNotApproved),
        ("rate_limit_exceeded", "login rate exceeded", LoginFailed),
    ],
)
def test_what_an_org_may_refuse_with(error: str, text: str | None, kind: type) -> None:
    """Errors without a description and errors nobody knows are refused logins as well."""

    body = json.dumps({"error": error, **({"error_description": text} if text else {})})
    with RawServer(answer=http(body, 400, "application/json")) as server:
        login = ClientCredentialsLogin("k", "s", server.url)
        with pytest.raises(kind) as caught:
            SalesforceBulk(login=login, retry=Retry(0))
    assert caught.value.error_code == error
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "instance",
    [
        "https://evil.example",
        "http://acme.my.salesforce.com",
        "https://acme.my.salesforce.com.evil.example",
        "https://salesforce.com.evil.example",
        "https://acme.my.salesforce.com@evil.example",
        "http://127.0.0.1:1",
    ],
)
def test_a_session_goes_to_the_vendor_or_to_where_the_login_was(instance: str) -> None:
    """An answer that names another host is refused; the token is not sent there."""
    body = f'{{"access_token": "00Dx!t0ken", "instance_url": "{instance}"}}'
    with RawServer(answer=http(body, 200, "application/json")) as server:
        login = ClientCredentialsLogin("k", "s", server.url)
        with pytest.raises(UnexpectedResponse, match=r"not sent there|cannot be read") as caught:
            SalesforceBulk(login=login)
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "[]", "{}", "<html>", '{"access_token": "x"}', "nul"])
def test_an_answer_that_is_no_token_is_unexpected(body: str) -> None:
    """Pages, other documents and half of a token are UnexpectedResponse."""
    with RawServer(answer=http(body, 200, "application/json")) as server:
        login = ClientCredentialsLogin("k", "s", server.url)
        with pytest.raises(UnexpectedResponse):
            SalesforceBulk(login=login)


# Refresh tokens that rotate


def test_a_rotated_token_is_handed_on(org: SalesforceEmulator) -> None:
    """Each use gives the next token to the callback, and the provider goes on with it."""
    org.register_app(APP, rotate_refresh_tokens=True)
    kept: list[str] = []
    first = org.issue_refresh_token(APP)
    bulk = client(org, RefreshTokenLogin(APP, first, login_url=org.url, on_rotation=kept.append))
    assert renewed(org, bulk)
    assert len({first, *kept}) == 3
    assert org.apps.refresh_token(kept[-1]) is not None


def test_a_rotated_token_is_kept_in_its_file(org: SalesforceEmulator, tmp_path: Path) -> None:
    """The file has the next token, whole and for its owner only; another client goes on by it."""
    org.register_app(APP, rotate_refresh_tokens=True)
    path = tmp_path / "token"
    path.write_text(org.issue_refresh_token(APP) + "\n")
    path.chmod(0o644)
    login = RefreshTokenLogin(APP, refresh_token_file=path, login_url=org.url)
    first = path.read_text()
    one, other = client(org, login), client(org, pickle.loads(pickle.dumps(login)))
    assert renewed(org, one)
    assert renewed(org, other)
    assert path.read_text() != first
    assert org.apps.refresh_token(path.read_text().strip()) is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("*.part"))


def test_a_token_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """No file, no folder, or no text: the message names the file."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none", tmp_path / "no" / "folder", tmp_path / "binary", tmp_path):
        with pytest.raises(IncompleteLogin, match=re.escape(str(path))):
            SalesforceBulk(login=RefreshTokenLogin(APP, refresh_token_file=path))


def test_a_folder_of_secrets_need_not_be_writable(org: SalesforceEmulator, tmp_path: Path) -> None:
    """A container's token without rotation needs no lock beside it."""
    path = tmp_path / "token"
    path.write_text(org.issue_refresh_token())
    (tmp_path / "token.lock").mkdir()  # where the lock cannot be made
    login = RefreshTokenLogin(org.consumer_key, refresh_token_file=path, login_url=org.url)
    assert renewed(org, client(org, login))


UNWRITABLE = """
import resource, sys
from salesforce_bulk import RefreshTokenLogin, SalesforceBulk
path, url = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can be written
login = RefreshTokenLogin("3MVG9-app", refresh_token_file=path, login_url=url)
for _ in range(3):
    print(SalesforceBulk(login=login).whoami().username)
"""


def test_a_rotated_token_that_cannot_be_written_is_not_lost_at_once(
    org: SalesforceEmulator, tmp_path: Path
) -> None:
    """The process goes on with it, and the log says what is to be done."""
    org.register_app(APP, rotate_refresh_tokens=True)
    path = tmp_path / "token"
    path.write_text(org.issue_refresh_token(APP))
    done = subprocess.run(
        [sys.executable, "-c", UNWRITABLE, str(path), org.url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == [org.username] * 3, done.stderr
    assert done.stderr.count("cannot be kept") == 3
    assert path.read_text() not in done.stderr


# The browser


def test_where_no_browser_opens_the_address_is_shown(org: SalesforceEmulator) -> None:
    """A browser that cannot be opened is no error: the person gets the address."""
    person = browser(org)
    login = BrowserLogin(
        org.consumer_key,
        login_url=org.url,
        open_browser=lambda _: False,
        show=lambda text: person.open(text.splitlines()[-1]) and None,
    )
    assert works(client(org, login))
    person.join()


def test_a_person_who_says_no(org: SalesforceEmulator) -> None:
    """Deny is AppNotApproved."""
    person = browser(org, "deny")
    login = BrowserLogin(org.consumer_key, login_url=org.url, open_browser=person.open)
    with pytest.raises(AppNotApproved):
        client(org, login)
    person.join()
    assert "login failed" in person.last_page


def test_a_person_who_does_not_come(org: SalesforceEmulator) -> None:
    """The wait has an end; a request without the login's state does not count."""

    answers: list[int] = []
    threads: list[threading.Thread] = []

    def attack(address: str) -> bool:
        redirect = parse_qs(urlsplit(address).query)["redirect_uri"][0]

        def ask() -> None:
            for url in (f"{redirect}?code=stolen&state=guessed", redirect + "x"):
                try:
                    urllib.request.urlopen(url, timeout=5)
                except urllib.error.HTTPError as error:
                    answers.append(error.code)
                    error.close()

        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        return True

    login = BrowserLogin(org.consumer_key, login_url=org.url, timeout=1.5, open_browser=attack)
    with pytest.raises(RequestTimeout, match="Nobody logged in"):
        client(org, login, clock=time)
    threads[0].join()
    assert answers == [400, 404]


def test_an_app_with_other_callback_urls(org: SalesforceEmulator) -> None:
    """A redirect that the app does not know is refused on the page, and nothing comes back."""

    org.register_app(APP, callback_urls=["http://localhost:1717/OauthRedirect"])
    person = browser(org)
    login = BrowserLogin(APP, login_url=org.url, timeout=1, open_browser=person.open)
    with pytest.raises(RequestTimeout):
        client(org, login, clock=time)
    person.join()
    assert "redirect_uri_mismatch" in person.last_page


def test_a_code_without_its_verifier_is_worth_nothing(org: SalesforceEmulator) -> None:
    """PKCE: a stolen code is refused without the verifier, and used up by the attempt."""

    code = org.authorizations.allow(org.consumer_key, org.username, "http://localhost/", "c" * 43)
    form = {
        "grant_type": "authorization_code",
        "code": code.code,
        "client_id": org.consumer_key,
        "redirect_uri": "http://localhost/",
        "code_verifier": "guess",
    }
    address = f"{org.url}/services/oauth2/token"
    first = requests.post(address, form, timeout=10).json()
    assert first == {"error": "invalid_grant", "error_description": "invalid code verifier"}
    second = requests.post(address, form, timeout=10).json()
    assert second["error_description"] == "expired authorization code"


@pytest.mark.skipif(chromium.command() is None, reason="no Chromium on this machine")
def test_a_real_browser(org: SalesforceEmulator, tmp_path: Path) -> None:
    """Chromium opens the page, the person types and allows, and the client has its session."""

    page = chromium.Chromium(tmp_path / "profile")
    threads: list[threading.Thread] = []

    def visit(address: str) -> None:
        page.open(address)
        page.value(
            f"document.querySelector('[name=username]').value = {org.username!r};"
            f"document.querySelector('[name=password]').value = {org.password!r};"
            "document.querySelector('[value=allow]').click()"
        )
        page.until("document.body.innerText.includes('You are logged in')")

    def open_browser(address: str) -> bool:
        threads.append(threading.Thread(target=visit, args=(address,)))
        threads[-1].start()
        return True

    try:
        login = BrowserLogin(org.consumer_key, login_url=org.url, open_browser=open_browser)
        assert works(client(org, login))
        threads[0].join(20)
    finally:
        page.close()


# The device


def test_a_device_waits_for_the_person() -> None:
    """It asks in the pace of the server, until the person decides."""
    with SalesforceEmulator(inline=True, clock=ManualClock()) as org:
        shown: list[str] = []
        clock = FastClock()

        class Person(FastClock):
            def sleep(self, seconds: float, /) -> None:
                clock.sleep(seconds)
                self.now += seconds
                if len(clock.pauses) == 3:
                    code = re.search(r"code (\w+)", shown[0])
                    assert code
                    org.authorizations.decide_device(code[1], org.username)

        login = DeviceLogin(org.consumer_key, login_url=org.url, show=shown.append)
        assert works(client(org, login, clock=Person()))
        assert clock.pauses == [5, 5, 5]


@pytest.mark.parametrize("status", [400, 401, 429])
def test_a_device_that_asks_too_often_asks_more_slowly(status: int) -> None:
    """Each slow_down adds five seconds to the pause, for good (RFC 8628, 3.5)."""
    code = {
        "device_code": "d-code",
        "user_code": "ABCD1234",
        "verification_uri": "https://acme.my.salesforce.com/setup/connect",
        "interval": 5,
    }

    def no(error: str) -> bytes:
        return http(json.dumps({"error": error}), status, "application/json")

    with RawServer(
        http(json.dumps(code), content_type="application/json"),
        no("authorization_pending"),
        no("slow_down"),
        no("authorization_pending"),
        no("slow_down"),
        no("expired_token"),
    ) as server:
        clock = FastClock()
        with pytest.raises(LoginFailed) as caught:
            SalesforceBulk(
                login=DeviceLogin("k", login_url=server.url, show=lambda _: None),
                clock=clock,
                retry=Retry(0),
            )
    assert caught.value.error_code == "expired_token"
    assert clock.pauses == [5, 5, 10, 10, 15]


@pytest.mark.parametrize(
    ("address", "user_code"),
    [
        ("https://evil.example/setup/connect", "ABCD1234"),
        ("http://acme.my.salesforce.com/setup/connect", "ABCD1234"),
        ("https://acme.my.salesforce.com@evil.example/", "ABCD1234"),
        ("javascript:alert(1)", "ABCD1234"),
        ("https://acme.my.salesforce.com/\x1b[2J", "ABCD1234"),
        ("https://acme.my.salesforce.com/setup/connect", "\x1b]0;x\x07"),
        ("https://acme.my.salesforce.com/setup/connect", "at https://evil.example"),
    ],
)
def test_a_person_is_sent_to_the_org_only(address: str, user_code: str) -> None:
    """An address elsewhere, and text that a terminal would obey, are shown to nobody."""
    code = {"device_code": "d", "user_code": user_code, "verification_uri": address}
    shown: list[str] = []
    with RawServer(answer=http(json.dumps(code), content_type="application/json")) as server:
        login = DeviceLogin("k", login_url=server.url, show=shown.append)
        with pytest.raises(UnexpectedResponse):
            SalesforceBulk(login=login, clock=FastClock(), retry=Retry(0))
    assert shown == []


def test_a_device_that_nobody_answers_or_somebody_denies(org: SalesforceEmulator) -> None:
    """The wait has an end; Deny is AppNotApproved; an unknown app is refused at once."""

    def deny(text: str) -> None:
        org.authorizations.decide_device(text.rpartition(" ")[2], org.username, is_denied=True)

    with pytest.raises(RequestTimeout):
        client(org, DeviceLogin(org.consumer_key, login_url=org.url, show=lambda _: None))
    with pytest.raises(AppNotApproved):
        client(org, DeviceLogin(org.consumer_key, login_url=org.url, show=deny))
    with pytest.raises(WrongCredentials):
        client(org, DeviceLogin("nobody", login_url=org.url))


# What a provider is


def test_a_login_stands_for_itself(org: SalesforceEmulator) -> None:
    """login= beside a session or a password is refused."""
    with pytest.raises(InvalidInput):
        SalesforceBulk("session", "host", login=credentials(org))


def test_any_object_with_a_login_is_a_provider(org: SalesforceEmulator) -> None:
    """A class of the caller's serves."""

    class Own:
        def login(self, transport: object) -> Session:
            return Session(org.connect().sessionId, org.url)

    bulk = client(org, Own())
    assert renewed(org, bulk)


def test_providers_pickle_and_show_nothing(org: SalesforceEmulator, keys: KeyPair) -> None:
    """A client with a provider is pickled with it; no repr has a secret."""
    secret = "s3cr3t&<>"
    for login in (
        credentials(org),
        ClientCredentialsLogin("k", secret, org.url),
        JwtLogin(APP, "u", keys.pem(), private_key_password=secret),
        RefreshTokenLogin("k", secret, client_secret=secret),
        SessionLogin(secret, org.url),
        PasswordLogin("u", secret, secret),
        BrowserLogin("k", client_secret=secret),
        DeviceLogin("k", client_secret=secret),
    ):
        again = pickle.loads(pickle.dumps(login))
        assert type(again) is type(login)
        assert secret not in repr(login)
        assert "PRIVATE" not in repr(login)
    bulk = pickle.loads(pickle.dumps(client(org, credentials(org))))
    assert renewed(org, bulk)


# Renewal before the end


def test_a_session_is_renewed_before_its_end(org: SalesforceEmulator) -> None:
    """Where the answer tells the session's life, no call meets its end; a login that fails then
    leaves the old session in use."""
    clock = FastClock()
    answers: list[Any] = []

    def get_token() -> Any:
        if answers and isinstance(answers[-1], Exception):
            raise answers.pop()
        answers.append(org.connect().sessionId)
        return {"access_token": answers[-1], "instance_url": org.url, "expires_in": 100}

    bulk = client(org, TokenLogin(get_token), clock=clock)
    clock.now += 80
    assert works(bulk)
    assert bulk.sessionId == answers[0]
    clock.now += 15
    assert works(bulk)
    assert bulk.sessionId == answers[1]
    answers.append(LoginFailed("the vault is closed"))
    clock.now += 95
    assert works(bulk)
    assert bulk.sessionId == answers[1]


def test_the_org_tells_of_itself(any_org: SalesforceEmulator) -> None:
    """Who the session is of, what is left of the day, an object's fields, both APIs' jobs."""
    bulk = client(any_org, credentials(any_org))
    me = bulk.whoami()
    assert (me.username, me.organization_id) == (any_org.username, any_org.org.org_id)
    classic = bulk.create_insert_job("Account")
    bulk.insert("Account", [{"Name": "A"}], api="2.0")
    assert len(list(bulk.export("SELECT Id FROM Account", api="2.0"))) == 1
    jobs = list(bulk.list_jobs())
    assert {job.operation for job in jobs} == {"insert", "query"}
    assert classic in {job.id for job in jobs}
    assert {job.owner for job in jobs} == {me.id}
    assert bulk.limits()["DailyBulkApiBatches"].maximum == 15_000
    assert bulk.describe("Account").field("Name") is not None
    any_org.sessions.expire_all()
    assert bulk.whoami() == me


def test_an_ended_session_that_nothing_renews_is_nobodys(org: SalesforceEmulator) -> None:
    """The endpoint says so with 403 and no code of an API; the error is the same as elsewhere."""
    bulk = client(org, SessionLogin(org.connect().sessionId, org.url))
    org.sessions.expire_all()
    with pytest.raises(SessionExpired, match="Log in again"):
        bulk.whoami()
