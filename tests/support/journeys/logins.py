"""Logins of every kind; a session that ends is replaced, and no call is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from key_pair import KeyPair

from journeys.loads import full_row
from journeys.stage import OBJECT, Stage, Step
from salesforce_bulk import (
    ClientCredentialsLogin,
    JwtLogin,
    LoginFailed,
    PasswordLogin,
    RefreshTokenLogin,
    SalesforceBulk,
    SessionExpired,
    SessionLogin,
)

APP = "3MVG9-journey"


@cache
def _keys() -> KeyPair:
    return KeyPair()


def by_password(stage: Stage) -> Any:
    org = stage.org
    return PasswordLogin(org.username, org.password, org.security_token, login_url=org.url)


def by_client_credentials(stage: Stage) -> Any:
    return ClientCredentialsLogin(stage.org.consumer_key, stage.org.consumer_secret, stage.org.url)


def by_jwt(stage: Stage) -> Any:
    stage.org.register_app(APP, certificate=_keys().certificate)
    return JwtLogin(APP, stage.org.username, _keys().pem(), login_url=stage.org.url)


def by_refresh_token(stage: Stage) -> Any:
    token = stage.org.issue_refresh_token()
    return RefreshTokenLogin(stage.org.consumer_key, token, login_url=stage.org.url)


def goes_on(provider: Callable[[Stage], Any], api: str, stage: Stage) -> None:
    """It logs in, loads, and goes on with a new session when its own ends half-way."""
    bulk = SalesforceBulk(login=provider(stage), clock=stage.clock)
    user = bulk.whoami()
    assert user.organization_id == stage.org.org.org_id
    assert user.username == stage.org.username
    rows = [full_row(number) for number in range(9)]
    asked = len(stage.org.requests)
    bulk.describe(OBJECT)
    first = bulk.sessionId
    stage.org.faults.add("session_expired", path="*/job*", nth=3)
    result = bulk.insert(OBJECT, rows, api=api, batch_size=3, parallel=1, on_error="report")
    stage.settle(result, rows, "s" * 9)
    stage.org.sessions.expire_all()
    found = list(bulk.export(f"SELECT Mark__c FROM {OBJECT}", api=api))
    assert sorted(row["Mark__c"] for row in found) == [f"m{n}" for n in range(9)]
    assert bulk.sessionId != first
    assert len(stage.org.requests) > asked


def ends_with_its_session(api: str, stage: Stage) -> None:
    """A session that nothing renews: the error says that it has ended."""
    token = stage.org.connect().sessionId
    bulk = SalesforceBulk(login=SessionLogin(token, stage.org.url), clock=stage.clock)
    rows = [full_row(number) for number in range(4)]
    stage.settle(bulk.insert(OBJECT, rows, api=api), rows, "ssss")
    stage.org.sessions.expire_all()
    for call in (
        lambda: bulk.insert(OBJECT, [full_row(9)], api=api),
        lambda: list(bulk.export(f"SELECT Id FROM {OBJECT}", api=api)),
        bulk.whoami,
    ):
        try:
            call()
        except SessionExpired:
            continue
        raise AssertionError("a session that has ended was taken")
    assert len(stage.held()) == 4


def is_refused(stage: Stage) -> None:
    """Wrong credentials are a refused login, whichever kind it is."""
    org = stage.org
    org.register_app("other", certificate=_keys().certificate, approved_users=["somebody@else"])
    for login in (
        PasswordLogin(org.username, "wrong", "", login_url=org.url),
        ClientCredentialsLogin(org.consumer_key, "wrong", org.url),
        ClientCredentialsLogin("nobody", "wrong", org.url),
        RefreshTokenLogin(org.consumer_key, "5Aep-gone", login_url=org.url),
        JwtLogin("other", org.username, _keys().pem(), login_url=org.url),
    ):
        try:
            SalesforceBulk(login=login, clock=stage.clock)
        except LoginFailed:
            continue
        raise AssertionError(f"logged in by {type(login).__name__}")


LOGIN: list[Step] = [
    partial(goes_on, by_password, "1.0"),
    partial(goes_on, by_client_credentials, "2.0"),
    partial(goes_on, by_jwt, "1.0"),
    partial(goes_on, by_refresh_token, "2.0"),
    partial(ends_with_its_session, "1.0"),
    partial(ends_with_its_session, "2.0"),
    is_refused,
]
