"""The Salesforce CLI as a login, by a stand-in program that prints its documented JSON."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from salesforce_bulk import (
    BulkApiError,
    IncompleteLogin,
    LoginFailed,
    RequestTimeout,
    SalesforceBulk,
    SfCliLogin,
)
from salesforce_bulk.emulator import SalesforceEmulator


def works(bulk: SalesforceBulk) -> bool:
    return bulk.job_status(bulk.create_insert_job("Account"))["state"] == "Open"


CLI = """#!{python}
import json, os, sys, time
form, token, url = os.environ["FORM"], os.environ["TOKEN"], os.environ["URL"]
asked = "token" if "show-access-token" in sys.argv else "display"
with open(os.environ["CALLS"], "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
def say(status, **more):
    print(json.dumps({{"status": status, **more}}))
    sys.exit(status)
print("secret " + token, file=sys.stderr)
if form == "slow":
    time.sleep(30)
if form == "garbage":
    print("Segmentation fault " + token); sys.exit(139)
if form == "half":
    print('{{"status": 0, "result": {{"accessTok'); sys.exit(0)
if form == "unknown org":
    say(1, name="NamedOrgNotFoundError", message="No authorization for " + token, exitCode=1)
if form == "expired":
    say(1, name="RefreshTokenAuthError", message="expired access/refresh token", exitCode=1)
if form == "empty":
    say(0, result={{}}, warnings=[])
if asked == "token":
    if form in ("old", "old and redacted"):
        say(127, name="CommandNotFound", message="Command org:auth:show-access-token not found.")
    say(0, result={{"accessToken": token}}, warnings=["Treat this token like a password."])
if form == "chatty":
    print("Warning: update available\\n{{not json}}")
shown = token if form == "old" else "[REDACTED] Use 'sf org auth show-access-token' to view"
say(0, result={{"id": "00D", "accessToken": shown, "instanceUrl": url, "username": "a@b.c",
    "clientId": "PlatformCLI", "connectedStatus": "Connected"}}, warnings=[])
"""


class Cli:
    """A stand-in for ``sf`` on the PATH that prints the documented JSON."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        program = folder / "sf"
        program.write_text(CLI.format(python=sys.executable))
        program.chmod(0o755)
        self._calls = folder / "calls"
        self._set = monkeypatch.setenv
        self._set("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self._set("CALLS", str(self._calls))

    def answers(self, form: str, token: str, url: str) -> None:
        for name, value in (("FORM", form), ("TOKEN", token), ("URL", url)):
            self._set(name, value)

    @property
    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines()


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(tmp_path, monkeypatch)


@pytest.mark.parametrize("form", ["new", "old", "chatty"])
def test_the_cli_in_all_its_forms(any_org: SalesforceEmulator, cli: Cli, form: str) -> None:
    """Redacted tokens and their own command, the older CLI, and one that says more than JSON."""
    cli.answers(form, any_org.connect().sessionId, any_org.url)
    verify = str(any_org.certificate) if any_org.certificate else None
    bulk = SalesforceBulk.from_sf_cli("dev; rm -rf /", verify=verify)
    assert works(bulk)
    any_org.sessions.expire_all()
    cli.answers(form, any_org.connect().sessionId, any_org.url)
    assert works(bulk)
    assert all('"--target-org", "dev; rm -rf /", "--json"]' in call for call in cli.calls)


@pytest.mark.parametrize(
    ("form", "says"),
    [
        ("garbage", "no JSON"),
        ("half", "no JSON"),
        ("unknown org", "sf org login web --alias dev"),
        ("expired", "RefreshTokenAuthError"),
        ("empty", "no access token"),
        ("old and redacted", "sf update"),
    ],
)
def test_a_cli_that_fails_says_how_to_go_on(cli: Cli, form: str, says: str) -> None:
    """Its exit, its JSON or its silence become LoginFailed; nothing of its stderr is shown."""
    cli.answers(form, "00D000000000001!AQtoken.token", "https://acme.my.salesforce.com")
    with pytest.raises(LoginFailed, match=says) as caught:
        SalesforceBulk(login=SfCliLogin("dev"))
    assert "AQtoken" not in f"{caught.value!r} {vars(caught.value)} {caught.value.__cause__!r}"


def test_a_cli_that_hangs_is_ended(cli: Cli) -> None:
    """The wait has an end, and the error says so."""
    cli.answers("slow", "t", "https://acme.my.salesforce.com")
    with pytest.raises(RequestTimeout, match="did not answer"):
        SalesforceBulk(login=SfCliLogin("dev", timeout=0.3))


def test_a_cli_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message says where to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(IncompleteLogin, match="not on the PATH") as caught:
        SalesforceBulk.from_sf_cli("dev")
    assert isinstance(caught.value, BulkApiError)
