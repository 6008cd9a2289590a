"""OAuth 2.0 with a user: the page of ``/services/oauth2/authorize``, and that of devices.

The page is a plain form: user name, password, Allow and Deny. Sources: Salesforce Help, "OAuth 2.0
Web Server Flow for Web App Integration", "OAuth 2.0 Device Flow for IoT Integration"; RFC 6749,
4.1; RFC 7636 (PKCE).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from salesforce_bulk.emulator.access.authorizations import Authorizations
from salesforce_bulk.emulator.access.connected_apps import ConnectedApp, ConnectedApps
from salesforce_bulk.emulator.endpoints.soap.login import authenticate
from salesforce_bulk.emulator.http.routes import ApiError, Call, Family, Route, route
from salesforce_bulk.emulator.http.server import Response

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

AUTHORIZE_PATH = "/services/oauth2/authorize"
DEVICE_PATH = "/setup/connect"
_FORM_BYTES = 100_000
#: Salesforce Help, "OAuth Tokens and Scopes".
_SCOPES = frozenset(
    {
        "address",
        "api",
        "cdp_api",
        "cdp_calculated_insight_api",
        "cdp_identityresolution_api",
        "cdp_ingest_api",
        "cdp_profile_api",
        "cdp_query_api",
        "cdp_segment_api",
        "chatbot_api",
        "chatter_api",
        "content",
        "custom_permissions",
        "einstein_gpt_api",
        "email",
        "eclair_api",
        "forgot_password",
        "full",
        "id",
        "interaction_api",
        "lightning",
        "offline_access",
        "openid",
        "pardot_api",
        "phone",
        "profile",
        "pwdless_login_api",
        "refresh_token",
        "scrt_api",
        "sfap_api",
        "sfdc_coreapps_api",
        "user_registration_api",
        "visualforce",
        "wave_api",
        "web",
    }
)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_HEADERS = {
    "Content-Type": "text/html;charset=UTF-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Frame-Options": "DENY",
}


class _PageError(ApiError):
    """What a person is told, because there is no address to send the browser back to."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(400, code, message)


@dataclass(frozen=True, slots=True)
class Authorize:
    """The pages on which users allow apps."""

    org: Org
    apps: ConnectedApps
    authorizations: Authorizations
    origin: Callable[..., str]

    def routes(self, family: Family) -> list[Route]:
        return [
            route("oauth.authorize", AUTHORIZE_PATH, family, GET=self.ask, POST=self.decide),
            route("oauth.connect", DEVICE_PATH, family, GET=self.ask_device, POST=self.connect),
        ]

    def ask(self, call: Call) -> Response:
        values = _values(call)
        app = self._app(values)
        problem = _problem(values) or _unanswerable(values)
        if problem is not None:
            return _back(values, error=problem[0], error_description=problem[1])
        return _page(f"Allow access by {app.consumer_key}?", AUTHORIZE_PATH, values)

    def decide(self, call: Call) -> Response:
        values = _values(call)
        app = self._app(values)
        if values.get("decision") == "deny":
            return _back(
                values, error="access_denied", error_description="end-user denied authorization"
            )
        user = authenticate(self.org, values.get("username", ""), values.get("password", ""))
        if user is None:
            return _page("Please check your username and password.", AUTHORIZE_PATH, values)
        problem = _problem(values)
        if problem is not None:
            return _back(values, error=problem[0], error_description=problem[1])
        code = self.authorizations.allow(
            app.consumer_key,
            user.username,
            values.get("redirect_uri", ""),
            values.get("code_challenge", ""),
        )
        return _back(values, code=code.code)

    def ask_device(self, call: Call) -> Response:
        return _page("Connect a device", DEVICE_PATH, _values(call), device=True)

    def connect(self, call: Call) -> Response:
        values = _values(call)
        user = authenticate(self.org, values.get("username", ""), values.get("password", ""))
        if user is None:
            return _page(
                "Please check your username and password.", DEVICE_PATH, values, device=True
            )
        is_denied = values.get("decision") == "deny"
        if not self.authorizations.decide_device(
            values.get("user_code", ""), user.username, is_denied
        ):
            return _page("The code is not valid.", DEVICE_PATH, values, device=True)
        return Response(200, dict(_HEADERS), b"<!doctype html><title>Connected</title>Connected.")

    def _app(self, values: Mapping[str, str]) -> ConnectedApp:
        app = self.apps.find(values.get("client_id", ""))
        if app is None:
            raise _PageError("invalid_client_id", "client identifier invalid")
        address = values.get("redirect_uri", "")
        if not _may_go_to(app, address):
            raise _PageError("redirect_uri_mismatch", "redirect_uri must match configuration")
        return app


def _may_go_to(app: ConnectedApp, address: str) -> bool:
    if app.callback_urls is not None:
        return address in app.callback_urls
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK and not parts.fragment


def _problem(values: Mapping[str, str]) -> tuple[str, str] | None:
    """The error of a request and its description; None of a good one."""
    if values.get("response_type") != "code":
        return "invalid_request", "response_type must be code"
    if values.get("code_challenge") and values.get("code_challenge_method", "S256") != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    unknown = [name for name in values.get("scope", "").split() if name not in _SCOPES]
    if unknown:
        return "invalid_scope", f"the scope {unknown[0]} is unknown"
    return None


def _unanswerable(values: Mapping[str, str]) -> tuple[str, str] | None:
    """A browser that nobody is logged in with can give no answer without a page."""
    if values.get("immediate", "").lower() == "true":
        return "immediate_unsuccessful", "nobody is logged in"
    return None


def _values(call: Call) -> dict[str, str]:
    values = {name: texts[0] for name, texts in call.request.query.items()}
    if call.request.method == "POST":
        body = call.request.body.read_all(_FORM_BYTES)
        form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        values.update((name, texts[0]) for name, texts in form.items())
    return values


def _back(values: Mapping[str, str], **answer: str) -> Response:
    if values.get("state"):
        answer["state"] = values["state"]
    address = values["redirect_uri"]
    joint = "&" if urlsplit(address).query else "?"
    return Response(302, {"Location": f"{address}{joint}{urlencode(answer)}"})


def _page(title: str, action: str, values: Mapping[str, str], device: bool = False) -> Response:
    shown = {"username", "password", "decision"} | ({"user_code"} if device else set())
    kept = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in values.items()
        if name not in shown
    )
    hint = escape(values.get("login_hint", ""))
    code = f'<label>Code <input name="user_code" value="{escape(values.get("user_code", ""))}">'
    body = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f'<h1>{escape(title)}</h1><form method="post" action="{action}">{kept}'
        + (f"{code}</label> " if device else "")
        + f'<label>Username <input name="username" value="{hint}" autocomplete="username"></label> '
        '<label>Password <input name="password" type="password"></label> '
        '<button name="decision" value="allow">Allow</button> '
        '<button name="decision" value="deny">Deny</button></form></html>'
    )
    return Response(200, dict(_HEADERS), body.encode())
