"""What fails before anything is sent shows no secret either: in no message and in no frame."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sf_program import SfProgram
from test_connections import bare_environment  # noqa: F401
from test_no_secret_leaks import everything_told, found_in

from salesforce_bulk import (
    BulkApiError,
    ClientCredentialsLogin,
    JwtLogin,
    RefreshTokenLogin,
    SalesforceBulk,
    SessionLogin,
    SfCliLogin,
    TokenLogin,
)

SECRET = "p&s<s>\"w'o/r+d_!AQ.horse"
#: As an org makes them.
TOKEN = "00D5g00000ABCDE!AQ0AQ.h_rse9"
ORG = "https://acme.my.salesforce.com"


class Machine:
    """The environment, the file of connections and the programs of a test."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.patch = patch

    def sets(self, **variables: str) -> Machine:
        for name, value in variables.items():
            self.patch.setenv(name, value)
        return self

    def writes(self, table: str) -> Machine:
        (self.folder / "connections.toml").write_text(f"[prod]\n{table}\n", "utf-8")
        return self

    def prints(self, code: str) -> str:
        """A program that runs this Python."""
        program = self.folder / "program"
        program.write_text(f"#!{sys.executable}\nimport sys\n{code}\n", "utf-8")
        program.chmod(0o755)
        return f'client_secret = {{ command = ["{program}"] }}'

    def sf(self, form: str, url: str = ORG) -> SalesforceBulk:
        cli = SfProgram(self.folder, self.patch)
        cli.answers(form, TOKEN, url)
        return SalesforceBulk(login=SfCliLogin("dev"))


def connect(machine: Machine) -> SalesforceBulk:
    return SalesforceBulk.connect("prod")


def flask(**settings: Any) -> SalesforceBulk:
    app = Flask(__name__)
    app.config["SALESFORCE_BULK"] = settings
    return SalesforceBulk.from_flask(app)


FAILURES: dict[str, Callable[[Machine], Any]] = {
    "a name without its user": lambda m: connect(m.sets(SALESFORCE_BULK_PROD_PASSWORD=SECRET)),
    "a name with too much": lambda m: connect(m.sets(
        SALESFORCE_BULK_PROD_PASSWORD=SECRET, SALESFORCE_BULK_PROD_LOGIN="sf",
        SALESFORCE_BULK_PROD_ALIAS="x")),
    "an unknown name": lambda m: connect(m.sets(SF_PASSWORD=SECRET, ANY_OTHER_TOKEN=SECRET)),
    "half an environment": lambda m: m.sets(
        SALESFORCE_BULK_CLIENT_SECRET=SECRET) and SalesforceBulk.from_env(),
    "nothing in the environment": lambda m: m.sets(
        SF_PASSWORD=SECRET, OTHER=SECRET) and SalesforceBulk.from_env(),
    "a reserve that is none": lambda m: connect(m.sets(
        SALESFORCE_BULK_PROD_ACCESS_TOKEN=SECRET, SALESFORCE_BULK_PROD_INSTANCE_URL=ORG,
        SALESFORCE_BULK_PROD_MIN_BATCHES="many")),
    "a secret in the file": lambda m: connect(m.writes(f"client_secret = '''{SECRET}'''")),
    "a file that is no TOML": lambda m: connect(m.writes(f"client_secret = {SECRET}")),
    "a reference to nothing": lambda m: connect(m.sets(OTHER=SECRET).writes(
        'client_secret = { env = "NOT_SET" }')),
    "a program that fails": lambda m: connect(m.writes(m.prints(
        f"print({SECRET!r}); print({SECRET!r}, file=sys.stderr); sys.exit(3)"))),
    "a program without text": lambda m: connect(m.writes(m.prints(
        f"sys.stdout.buffer.write(b'\\xff' + {SECRET!r}.encode())"))),
    "half a login by a program": lambda m: connect(m.writes(m.prints(f"print({SECRET!r})"))),
    **{f"sf, {form}": lambda m, form=form: m.sf(form) for form in (  # type: ignore[misc]
        "garbage", "half", "unknown org", "expired", "empty", "old and redacted")},
    "sf, no address": lambda m: m.sf("new", ""),
    "sf, an address that is none": lambda m: m.sf("new", "https://acme.force.com"),
    "a token without its org": lambda m: SalesforceBulk(login=TokenLogin(lambda: SECRET)),
    "a pair without its org": lambda m: SalesforceBulk(login=TokenLogin(lambda: (SECRET, ""))),
    "three in place of a pair": lambda m: SalesforceBulk(
        login=TokenLogin(lambda: (SECRET, ORG, SECRET, SECRET))),  # type: ignore[arg-type,return-value]
    "an answer without its org": lambda m: SalesforceBulk(
        login=TokenLogin(lambda: {"access_token": SECRET})),
    "a token for a site": lambda m: SalesforceBulk(
        login=TokenLogin(lambda: (SECRET, "https://acme.force.com"))),
    "a session without its org": lambda m: SalesforceBulk(login=SessionLogin(SECRET)),
    "client credentials without an org": lambda m: SalesforceBulk(
        login=ClientCredentialsLogin("k", SECRET)),
    "a key that is none": lambda m: SalesforceBulk(login=JwtLogin("k", "u", SECRET)),
    "two refresh tokens": lambda m: RefreshTokenLogin("k", SECRET, "file", client_secret=SECRET),
    "Flask": lambda m: flask(PASSWORD=SECRET, SECURITY_TOKEN=SECRET),
    "Flask, lower case": lambda m: flask(client_id="k", client_secret=SECRET, passwort="x"),
}  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES)
def test_no_secret_is_in_the_error_of(
    failure: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A typed error, whose message, causes, notes, pickle and frames have no spelling of it."""
    caplog.set_level("DEBUG")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(BulkApiError) as caught:
        FAILURES[failure](Machine(tmp_path, monkeypatch))
    told = everything_told(caught.value) + caplog.text
    assert found_in(told, SECRET) == []
    assert found_in(told, TOKEN) == []
