"""The Salesforce CLI as a login, by a stand-in program that prints its documented JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from sf_program import SfProgram

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


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SfProgram:
    return SfProgram(tmp_path, monkeypatch)


@pytest.mark.parametrize("form", ["new", "old", "chatty"])
def test_the_cli_in_all_its_forms(any_org: SalesforceEmulator, cli: SfProgram, form: str) -> None:
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
def test_a_cli_that_fails_says_how_to_go_on(cli: SfProgram, form: str, says: str) -> None:
    """Its exit, its JSON or its silence become LoginFailed; nothing of its stderr is shown."""
    cli.answers(form, "00D000000000001!AQtoken.token", "https://acme.my.salesforce.com")
    with pytest.raises(LoginFailed, match=says) as caught:
        SalesforceBulk(login=SfCliLogin("dev"))
    assert "AQtoken" not in f"{caught.value!r} {vars(caught.value)} {caught.value.__cause__!r}"


def test_a_cli_that_hangs_is_ended(cli: SfProgram) -> None:
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
