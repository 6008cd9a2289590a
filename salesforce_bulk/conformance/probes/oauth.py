"""OAuth.

What is refused is asked with invented apps, users and tokens. Where the client can log in again
without a password, it does so once, for the answer. No probe ends or revokes a session.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from salesforce_bulk.conformance.bulk1_calls import field_of, refusal_of
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.probes.http import content_type
from salesforce_bulk.conformance.probes.login import NO_SESSION, asked_timestamp, session_taken
from salesforce_bulk.conformance.target_org import TargetOrg

_OAUTH = "/services/oauth2"
_FORM = "application/x-www-form-urlencoded"
_LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_ORIGIN = re.compile(r"https?://[^/]+")
#: An app, a user and an org that cannot be.
_NO_APP = "invented-by-a-probe-of-salesforce-bulk"
_NO_USER = "nobody@salesforce-bulk-conformance.invalid"
_NO_ORG = "00D000000000000EAA"
_AT_ITS_END = "1"
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _post(
    org: TargetOrg,
    resource: str,
    form: Mapping[str, str],
    headers: Mapping[str, str | None] | None = None,
) -> Exchange:
    """A call without the caller's session."""
    sent = {"Content-Type": _FORM, "Authorization": None, **(headers or {})}
    return org.send("POST", f"{_OAUTH}/{resource}", urlencode(form).encode(), sent)


def _error_of(answer: Exchange) -> str:
    """The code of an error, in JSON or in the form of a form."""
    code = field_of(answer, "error")
    return code or next(iter(parse_qs(answer.text).get("error", [])), "")


def _refusal(answer: Exchange) -> str:
    return f"{answer.status} {_error_of(answer)}".strip()


def _client_credentials(app: str) -> dict[str, str]:
    return {"grant_type": "client_credentials", "client_id": app, "client_secret": "none"}  # nosec B105 # no secret of anybody


def _unknown_app_call(org: TargetOrg) -> Exchange:
    return _post(org, "token", _client_credentials(_NO_APP))


def _asked_unknown_app(org: TargetOrg) -> Exchange:
    return org.once("oauth.unknown_app", _unknown_app_call)


def _userinfo(org: TargetOrg) -> Exchange:
    return org.once("oauth.userinfo", lambda asked: asked.send("GET", f"{_OAUTH}/userinfo"))


def _unknown_grant(org: TargetOrg) -> str:
    return _refusal(_post(org, "token", {"grant_type": "invented", "client_id": _NO_APP}))


def _client_authentication(org: TargetOrg) -> str:
    pair = base64.b64encode(f"{_NO_APP}:none".encode()).decode()
    answer = _post(
        org, "token", {"grant_type": "client_credentials"}, {"Authorization": f"Basic {pair}"}
    )
    same = _refusal(answer) == _refusal(_asked_unknown_app(org))
    return "in the form or as Basic" if same else _refusal(answer)


def _unknown_app(org: TargetOrg) -> str:
    return _refusal(_asked_unknown_app(org))


def _part(document: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def _jwt_order(org: TargetOrg) -> str:
    claims = {"iss": _NO_APP, "sub": _NO_USER, "aud": "https://invented.invalid"}
    assertion = f"{_part({'alg': 'RS256'})}.{_part({**claims, 'exp': _AT_ITS_END})}.bm9uZQ"
    answer = _post(org, "token", {"grant_type": _JWT_BEARER, "assertion": assertion})
    words = (field_of(answer, "error_description") or "").lower()
    if "audience" in words:
        return "aud first"
    if "expired" in words:
        return "exp first"
    return "iss first" if "client" in _error_of(answer) else _refusal(answer)


def _login(org: TargetOrg) -> dict[str, Any]:
    document = org.once("oauth.login", lambda asked: asked.log_in_again()).json()
    return document if isinstance(document, dict) else {}


def _expires_in(org: TargetOrg) -> str:
    seconds = _login(org).get("expires_in")
    if seconds is None:
        return "not told"
    return "a text" if isinstance(seconds, str) else "a number"


def _instance_url(org: TargetOrg) -> str:
    address = str(_login(org).get("instance_url"))
    if _ORIGIN.fullmatch(address):
        return "an origin"
    return "with a slash" if _ORIGIN.fullmatch(address.removesuffix("/")) else "another form"


def _identity_host(org: TargetOrg) -> str:
    host = urlsplit(field_of(_userinfo(org), "sub") or "").netloc
    if host == urlsplit(org.address("/")).netloc:
        return "own host"
    return "login host" if host in _LOGIN_HOSTS else "another host"


def _content_type(org: TargetOrg) -> str:
    return content_type(_userinfo(org))


def _format(org: TargetOrg) -> str:
    answer = _post(org, "token", {**_client_credentials(_NO_APP), "format": "urlencoded"})
    asked_for = answer.json() is None and "error" in parse_qs(answer.text)
    return "urlencoded where asked for" if asked_for else content_type(answer)


def _revoke(org: TargetOrg) -> str:
    return _refusal(_post(org, "revoke", {"token": NO_SESSION}))


def _introspect(org: TargetOrg) -> str:
    app = {"client_id": _NO_APP, "client_secret": "none"}  # nosec B105 # no secret of anybody
    answer = _post(org, "introspect", {"token": NO_SESSION, **app})
    return "refused without an app" if answer.status >= 400 else str(answer.status)


def _answer(org: TargetOrg) -> str:
    named = [field_of(_userinfo(org), name) for name in ("user_id", "organization_id")]
    return "user and org" if all(named) else refusal_of(_userinfo(org))


def _userinfo_refusal(org: TargetOrg) -> str:
    headers = {"Authorization": f"Bearer {NO_SESSION}"}
    answer = org.send("GET", f"{_OAUTH}/userinfo", headers=headers)
    return f"{answer.status} as {'text' if answer.json() is None else 'JSON'}"


def _token_get(org: TargetOrg) -> str:
    return _refusal(org.send("GET", f"{_OAUTH}/token", headers={"Authorization": None}))


def _methods(org: TargetOrg) -> str:
    answer = org.send("GET", f"{_OAUTH}/introspect", headers={"Authorization": None})
    return "refused" if answer.status >= 400 else str(answer.status)


def _expired_in_rest(org: TargetOrg) -> str:
    headers = {"Authorization": f"Bearer {NO_SESSION}"}
    return refusal_of(org.send("GET", f"{org.data}/limits", headers=headers))


def _one_table(org: TargetOrg) -> str:
    soap, rest = asked_timestamp(org), org.send("GET", f"{org.data}/limits")
    opened = {
        "SOAP": bool(field_of(soap, "timestamp")),
        "REST": rest.status == 200,
        "Bulk API 1.0": session_taken(org, {}),
        "OAuth": bool(field_of(_userinfo(org), "user_id")),
    }
    closed = [name for name, is_open in opened.items() if not is_open]
    return f"does not open {', '.join(closed)}" if closed else "opens every API"


PROBES: tuple[Probe, ...] = (
    Probe("oauth.token.unknown_grant", _unknown_grant),
    Probe("oauth.token.client_authentication", _client_authentication),
    Probe("oauth.token.unknown_app", _unknown_app),
    Probe("oauth.jwt.order", _jwt_order),
    Probe("oauth.token.expires_in", _expires_in),
    Probe("oauth.token.instance_url", _instance_url),
    Probe("oauth.identity.host", _identity_host),
    Probe("oauth.content_type", _content_type),
    Probe("oauth.token.format", _format),
    Probe("oauth.revoke.unknown_token", _revoke),
    Probe("oauth.introspect", _introspect),
    Probe("oauth.userinfo.answer", _answer),
    Probe("oauth.userinfo.refusal", _userinfo_refusal),
    Probe("oauth.token.get", _token_get),
    Probe("oauth.methods", _methods),
    Probe("oauth.session.expired_in_rest", _expired_in_rest),
    Probe("oauth.session.one_table", _one_table),
)
