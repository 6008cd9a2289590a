"""Who logs in with a password is told once what to use before Summer '27."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from key_pair import KeyPair
from oauth_browser import ScriptedBrowser
from org_environment import describe_in_environment
from sf_program import SfProgram

from salesforce_bulk import PasswordLogin, SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.login import retirement


@pytest.fixture(autouse=True)
def new_process(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody has been told yet, and nothing shows where the program runs."""
    retirement._tell.cache_clear()
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    yield
    retirement._tell.cache_clear()


def classic(org: SalesforceEmulator) -> SalesforceBulk:
    return SalesforceBulk(
        username=org.username, password=org.password, security_token=org.security_token,
        login_url=org.url,
    )  # fmt: skip


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if "Summer '27" in r.getMessage()]


def in_place(place: str, org: SalesforceEmulator, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Let it look like a place where programs run."""
    (folder / "bare").mkdir()
    patch.setenv("PATH", str(folder / "bare"))
    if place == "notebook":
        patch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    elif place == "CI":
        patch.setenv("CI", "true")
    elif place == "laptop":
        SfProgram(folder, patch).answers("new", org.connect().sessionId, org.url)


@pytest.mark.parametrize("place", ["notebook", "CI", "laptop", "server"])
def test_the_three_lines_log_in(
    place: str,
    org: SalesforceEmulator,
    keys: KeyPair,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where the program runs chooses the login; its lines run as they are told, with the app's
    key and secret put in."""
    in_place(place, org, tmp_path, monkeypatch)
    classic(org)
    (message,) = told(caplog)
    lines = re.findall(r"^    (.*)$", message, re.MULTILINE)
    assert len(lines) == 3
    keys.write(tmp_path / "server.key")
    monkeypatch.chdir(tmp_path)
    org.register_app("app", "secret", certificate=keys.certificate, run_as=org.username)
    person = ScriptedBrowser(org.username, org.password)
    code = "\n".join(lines)
    for shown, meant in {
        "https://MyDomain.my.salesforce.com": org.url,
        "<Consumer Key>": "app",
        "<Consumer Secret>": "secret",
        "port=1717": "open_browser=person.open",
    }.items():
        code = code.replace(shown, meant)
    names = {"person": person}
    exec(code, names)
    person.join()
    assert names["bulk"].whoami().username == org.username
    assert told(caplog) == [message]


def test_the_org_and_the_user_are_put_in(caplog: pytest.LogCaptureFixture) -> None:
    """The org that the login led to is the address; each org is told of once."""
    for _ in range(2):
        for host in ("acme.my.salesforce.com", "other.my.salesforce.com"):
            retirement.tell_of_retirement("me@acme.example", f"https://{host}/services/async/64.0")
    first, second = told(caplog)
    assert '"https://acme.my.salesforce.com")' in first
    assert '"https://other.my.salesforce.com")' in second


def test_the_environment_counts_as_well(
    org: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Names that were set for simple-salesforce are a password login."""
    describe_in_environment(org, monkeypatch)
    SalesforceBulk.from_env()
    SalesforceBulk.from_env()
    assert len(told(caplog)) == 1


def test_a_renewal_and_a_choice_are_not_told(
    org: SalesforceEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Another login of the same client tells nothing more; nor does a program that names
    PasswordLogin, nor a client of the local org."""
    org.connect()
    SalesforceBulk(
        login=PasswordLogin(org.username, org.password, org.security_token, login_url=org.url)
    )
    assert told(caplog) == []
    bulk = classic(org)
    org.sessions.expire_all()
    bulk.create_insert_job("Account")
    assert len(told(caplog)) == 1


SCRIPT = """
import sys
from salesforce_bulk import SalesforceBulk
user, password, url = sys.argv[1:]
for _ in range(3):
    SalesforceBulk(username=user, password=password, security_token="", login_url=url)
"""


def test_a_program_that_makes_errors_of_warnings_goes_on(org: SalesforceEmulator) -> None:
    """python -W error logs in as before; the text is on stderr once, without the password."""
    org.org.users[org.username].password = "s3cr3t-horse"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, org.username, "s3cr3t-horse", org.url],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr.count("Summer '27") == 1
    assert "s3cr3t" not in done.stderr
