"""All probes find the same, whoever logs in and how."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from key_pair import KeyPair
from sf_program import SfProgram

from salesforce_bulk import JwtLogin, LoginProvider, PasswordLogin, SalesforceBulk, SfCliLogin
from salesforce_bulk.conformance.emulated import WorkWhileWaiting
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Finding, Verdict, run_probes
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator import SalesforceEmulator

APP = "app-of-a-server"
#: What only a login shows that may be repeated.
SHOWN_BY_A_LOGIN = [
    (
        name,
        Verdict.NOT_ASKED.value,
        "only a login by client credentials or by JWT shows it, which can be repeated without a "
        "password; ask with such a connection",
    )
    for name in ("oauth.token.expires_in", "oauth.token.instance_url")
]


@pytest.fixture
def emulator() -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(inline=True) as emulator:
        yield emulator


def all_findings(emulator: SalesforceEmulator, login: LoginProvider) -> list[Finding]:
    """What all probes find."""
    client = SalesforceBulk(login=login, clock=WorkWhileWaiting(emulator))
    return list(run_probes(TargetOrg(client), PROBES, write=True))


def differing(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """What does not agree."""
    assert len(findings) == len(PROBES)
    return [
        (each.behaviour.id, each.verdict.value, each.reading)
        for each in findings
        if each.verdict is not Verdict.AGREES
    ]


def sent_by(findings: list[Finding]) -> bytes:
    """All that the probes sent."""
    exchanges = [exchange for each in findings for exchange in each.exchanges]
    return b"\n".join(
        f"{each.path} {dict(each.request_headers)}".encode() + each.request_body
        for each in exchanges
    )


def test_by_a_token_of_sf(
    emulator: SalesforceEmulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The token that the Salesforce CLI keeps, as most people have it at hand."""
    token = emulator.connect().sessionId
    SfProgram(tmp_path, monkeypatch).answers("new", token, emulator.url)
    assert differing(all_findings(emulator, SfCliLogin("dev"))) == SHOWN_BY_A_LOGIN
    assert emulator.sessions.peek(token) is not None


def test_by_jwt(emulator: SalesforceEmulator) -> None:
    """A server's own login with a key."""
    keys = KeyPair()
    emulator.register_app(APP, certificate=keys.certificate)
    login = JwtLogin(APP, emulator.username, keys.pem(), login_url=emulator.url)
    assert differing(all_findings(emulator, login)) == []


def test_by_password(emulator: SalesforceEmulator) -> None:
    """SOAP login(); no probe sends the password, or tries another for the user."""
    login = PasswordLogin(
        emulator.username, emulator.password, emulator.security_token, login_url=emulator.url
    )
    found = all_findings(emulator, login)
    assert differing(found) == SHOWN_BY_A_LOGIN
    words = set(re.split(rb"[<>&=\s\"']", sent_by(found)))
    secret = emulator.password + emulator.security_token
    assert not words & {secret.encode(), emulator.username.encode()}


def test_no_probe_ends_the_session(emulator: SalesforceEmulator) -> None:
    """The caller's session is the same afterwards, and nobody was logged out."""
    client = emulator.connect(clock=WorkWhileWaiting(emulator))
    session = emulator.sessions.peek(client.sessionId)
    found = list(run_probes(TargetOrg(client), PROBES, write=True))
    assert emulator.sessions.peek(client.sessionId) is session is not None
    assert b"logout" not in sent_by(found)
    revoked = [
        exchange.request_body
        for each in found
        for exchange in each.exchanges
        if exchange.path.endswith("/revoke")
    ]
    assert revoked
    assert not [body for body in revoked if client.sessionId.encode() in body]
