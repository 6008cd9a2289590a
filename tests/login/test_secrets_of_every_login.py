"""Whole flows by every login, at DEBUG: no secret is in an output, a file, a pickle or an error."""

from __future__ import annotations

import json
import logging
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keyring
import pytest
import requests
from fast_clock import FastClock
from flask import Flask
from key_pair import KeyPair
from keyring.backend import KeyringBackend
from oauth_browser import ScriptedBrowser
from sf_program import SfProgram
from test_no_secret_leaks import everything_told, found_in

from salesforce_bulk import (
    BrowserLogin,
    BulkApiError,
    ClientCredentialsLogin,
    DeviceLogin,
    JwtLogin,
    PasswordLogin,
    RefreshTokenLogin,
    SalesforceBulk,
    SessionLogin,
    TokenLogin,
)
from salesforce_bulk.emulator import SalesforceEmulator

#: Reserved characters of URLs, XML, JSON and shells; letters beyond ASCII; a short word.
SECRETS = ["p&s<s>\"w'o/r+d %2F=é", "S3cr3t.Token!AQ_x-y", "plum"]
TOKEN_OF_THE_USER = "t0ken+of&the<user>"


@dataclass
class Place:
    """An org with an app, and what a login is made of there."""

    org: SalesforceEmulator
    secret: str
    keys: KeyPair
    folder: Path
    patch: pytest.MonkeyPatch
    #: What must not be seen, beside ``secret``.
    known: list[str] = field(default_factory=list)

    def session(self) -> str:
        token = self.org.sessions.open(self.org.org.users[self.org.username]).token
        self.known.append(token)
        return token

    def refresh_token(self) -> str:
        self.known.append(self.org.issue_refresh_token("app"))
        return self.known[-1]

    def person(self) -> ScriptedBrowser:
        return ScriptedBrowser(self.org.username, self.secret)

    def enter(self, text: str) -> None:
        code = re.search(r"code (\w+)", text)
        assert code
        self.org.authorizations.decide_device(code[1], self.org.username)

    def named(self, reference: str) -> SalesforceBulk:
        """By a table of connections.toml whose secret is elsewhere."""
        path = self.folder / "connections.toml"
        path.write_text(
            f'[prod]\nlogin_url = "{self.org.url}"\nclient_id = "app"\n'
            f"client_secret = {reference}\n",
            "utf-8",
        )
        self.patch.setenv("SALESFORCE_BULK_CONNECTIONS", str(path))
        return SalesforceBulk.connect("prod", clock=FastClock())


def by(make: Callable[[Place], Any]) -> Callable[[Place], SalesforceBulk]:
    return lambda place: SalesforceBulk(login=make(place), clock=FastClock())


def _cli(place: Place) -> SalesforceBulk:
    SfProgram(place.folder, place.patch).answers("new", place.session(), place.org.url)
    return SalesforceBulk.from_sf_cli("dev", clock=FastClock())


def _command(place: Place) -> SalesforceBulk:
    program = place.folder / "vault"
    program.write_text(f"#!{sys.executable}\nprint({place.secret!r})\n", "utf-8")
    program.chmod(0o755)
    return place.named(f"{{ command = [{json.dumps(str(program))}] }}")


def _keyring(place: Place) -> SalesforceBulk:
    keyring.set_keyring(_Kept(place.secret))
    return place.named('{ keyring = "salesforce", user = "app" }')


class _Kept(KeyringBackend):
    priority = 1

    def __init__(self, password: str) -> None:
        super().__init__()
        self.password = password

    def get_password(self, service: str, username: str) -> str:
        return self.password

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError


def _environment(place: Place) -> SalesforceBulk:
    place.patch.setenv("A_SECRET", place.secret)
    return place.named('{ env = "A_SECRET" }')


def _flask(place: Place) -> SalesforceBulk:
    app = Flask(__name__)
    app.config["SALESFORCE_BULK"] = {
        "LOGIN_URL": place.org.url,
        "CLIENT_ID": "app",
        "CLIENT_SECRET": place.secret,
    }
    return SalesforceBulk.from_flask(app, clock=FastClock())


LOGINS: dict[str, Callable[[Place], SalesforceBulk]] = {
    "classic arguments": lambda place: SalesforceBulk(
        username=place.org.username, password=place.secret, security_token=TOKEN_OF_THE_USER,
        login_url=place.org.url, clock=FastClock(),
    ),
    "password": by(lambda place: PasswordLogin(
        place.org.username, place.secret, TOKEN_OF_THE_USER, login_url=place.org.url)),
    "client credentials": by(lambda place: ClientCredentialsLogin(
        "app", place.secret, place.org.url)),
    "jwt": by(lambda place: JwtLogin(
        "app", place.org.username, place.keys.pem(place.secret), login_url=place.org.url,
        private_key_password=place.secret)),
    "refresh token": by(lambda place: RefreshTokenLogin(
        "app", place.refresh_token(), client_secret=place.secret, login_url=place.org.url)),
    "browser": by(lambda place: BrowserLogin(
        "app", client_secret=place.secret, login_url=place.org.url,
        open_browser=place.person().open)),
    "device": by(lambda place: DeviceLogin(
        "app", client_secret=place.secret, login_url=place.org.url, show=place.enter)),
    "session": by(lambda place: SessionLogin(place.session(), place.org.url)),
    "classic session": lambda place: SalesforceBulk(
        sessionId=place.session(), host=f"{place.org.url}?sid={place.known[-1]}",
        clock=FastClock()),
    "token": by(lambda place: TokenLogin(lambda: (place.session(), place.org.url))),
    "oauth answer": by(lambda place: TokenLogin(lambda: {
        "access_token": place.session(), "instance_url": place.org.url, "expires_in": 3600})),
    "sf": _cli,
    "a command's output": _command,
    "keyring": _keyring,
    "environment": _environment,
    "Flask": _flask,
}  # fmt: skip


@pytest.fixture
def place(
    request: pytest.FixtureRequest,
    keys: KeyPair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    written = tmp_path / "written"
    (written / "tmp").mkdir(parents=True)
    (tmp_path / "given").mkdir()
    monkeypatch.setenv("TMPDIR", str(written / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    monkeypatch.chdir(written)
    before = keyring.get_keyring()
    with SalesforceEmulator(inline=True) as org:
        admin = org.org.users[org.username]
        admin.password, admin.security_token = request.param, TOKEN_OF_THE_USER
        org.register_app("app", request.param, certificate=keys.certificate, run_as=org.username)
        yield Place(org, request.param, keys, tmp_path / "given", monkeypatch)
    keyring.set_keyring(before)


@pytest.mark.parametrize("name", LOGINS)
@pytest.mark.parametrize("place", SECRETS, indirect=True)
def test_nothing_that_a_flow_leaves_behind_holds_a_secret(
    name: str,
    place: Place,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A login, an expiry, loads that succeed and fail, exports, a run that goes on by its journal,
    and calls that are refused: logs, outputs, files, temporary files, results, pickles of results
    and errors (with causes, notes and the locals of frames), and the org's page."""
    org, folder = place.org, Path.cwd()
    caplog.set_level(logging.DEBUG)
    bulk = LOGINS[name](place)
    sessions = [bulk.sessionId]
    if "session" not in name and name != "sf":  # the stand-in's token is the same again
        org.sessions.expire_all()
    kept: list[Any] = [
        bulk.insert("Account", [{"Name": "A"}, {"Name": "B"}], journal=folder / "load.journal"),
        bulk.insert("Account", [{"Name": ""}], on_error="report", api="1.0"),
        bulk.export("SELECT Id, Name FROM Account").to_csv(folder / "rows.csv"),
        list(bulk.export("SELECT Id FROM Account", api="1.0")),
    ]
    sessions.append(bulk.sessionId)
    told = [repr(bulk), bulk._repr_html_(), repr(vars(bulk)["_SalesforceBulk__link"]), repr(kept)]
    written = pickle.dumps([list(kept[0].succeeded), list(kept[1].failed), kept[3]])
    for refused in (
        lambda: bulk.insert("Account", [{"Name": ""}]),
        lambda: bulk.insert("Account", [{"Nmae": "A"}]),
        lambda: bulk.job_status("750000000000000AAA"),
        lambda: list(bulk.export("SELECT Nope FROM Account")),
        lambda: bulk.attach("750000000000000AAA"),
        lambda: _after_expiry(org, bulk),
    ):
        with pytest.raises(BulkApiError) as caught:
            refused()
        told.append(everything_told(caught.value))
    assert (len(kept[0].succeeded), len(kept[1].failed), len(kept[3])) == (2, 1, 2)
    told += [caplog.text, *capfd.readouterr(), requests.get(org.url, timeout=10).text]
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"load.journal", "rows.csv"} <= {path.name for path in files}
    everything = "\n".join([
        *told, *(path.read_bytes().decode("latin-1") for path in files),
        written.decode("latin-1"), written.decode("utf-8", "replace"),
    ])  # fmt: skip
    for secret in {place.secret, TOKEN_OF_THE_USER, *sessions, *place.known}:
        assert found_in(everything, secret) == []


def _after_expiry(org: SalesforceEmulator, bulk: SalesforceBulk) -> None:
    """A session that ends, and a login that is refused as well."""
    org.register_app("app", "another secret")
    admin = org.org.users[org.username]
    admin.password = "another password"
    org.sessions.expire_all()
    bulk.job_status("750000000000000AAA")
