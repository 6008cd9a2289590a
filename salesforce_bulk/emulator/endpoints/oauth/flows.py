"""OAuth 2.0: ``/services/oauth2/token``, ``revoke``, ``introspect``, ``userinfo``, and identity.

Grants: client credentials, JWT bearer, refresh token, password, authorization code, device. The
others are refused by name.

Sources: Salesforce Help, "OAuth Authorization Flows", "OAuth 2.0 Authorization Errors",
"Revoke OAuth Tokens", "OpenID Connect Token Introspection", "Identity URLs"; RFC 6749, 7523.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from salesforce_bulk.emulator.access.authorizations import (
    DEVICE_INTERVAL,
    Authorizations,
)
from salesforce_bulk.emulator.access.connected_apps import ConnectedApp, ConnectedApps
from salesforce_bulk.emulator.access.sessions import Session, Sessions, SessionUser, bearer
from salesforce_bulk.emulator.endpoints.api_version import NEWEST_VERSION
from salesforce_bulk.emulator.endpoints.soap.login import authenticate, same
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.http.server import Request, Response

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

PREFIX = "/services/oauth2"
IDENTITY_PREFIX = "/id"
FORM_BYTES = 100_000
FORM = "application/x-www-form-urlencoded"
JSON = "application/json;charset=UTF-8"
TEXT = "text/html;charset=UTF-8"

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
#: Grants of Salesforce that need code of the org, or another identity provider.
FOREIGN_GRANTS = frozenset(
    {
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "assertion",
    }
)
#: Hosts for logins of all orgs: no org's own, and no host of its API.
LOGIN_LABELS = frozenset({"login", "test"})
AUDIENCES = frozenset({"login.salesforce.com", "test.salesforce.com"})

#: The framework's words for what every API says, in OAuth's spelling.
_SPELLING = {
    "InvalidUrl": "not_emulated",
    "ClientInputError": "invalid_request",
    "DamagedGzip": "invalid_request",
    "InternalServerError": "server_error",
}

#: What the identity service says in a word.
_IDENTITY_CODES = frozenset({"Missing_OAuth_Token", "Bad_OAuth_Token", "Wrong_Org", "Bad_Id"})

#: How far a client's clock may be behind: CumulusCI sends the moment of sending as ``exp``.
CLOCK_SKEW_SECONDS = 60
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")

Grant = Callable[["_TokenRequest"], Response]


class OAuthError(ApiError):
    """``error`` and ``error_description`` of an answer with HTTP 400."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(status, code, message)


class OAuthFamily:
    """What the answers of ``/services/oauth2`` share: errors as an object, no caching."""

    name = "oauth"

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def method(self, request: Request) -> str:
        return request.method

    def admit(self, call: Call) -> None:
        """Each resource asks for what it needs."""

    def error(self, call: Call, error: ApiError) -> Response:
        status, code, text = error.status, _SPELLING.get(error.code, error.code), str(error)
        if error.code == "InvalidOperation":
            status, code = self._refusal_of_method(call.target.route)
            text = "must use HTTP POST"
        if error.code in _IDENTITY_CODES:
            told = self._dialect["oauth.userinfo.refusal"]
            if told.endswith("text"):
                return Response(status, {"Content-Type": TEXT}, code.encode())
            status = 401 if told.startswith("401") and status == 403 else status
        document = {"error": code, "error_description": text}
        response = _reply(document, status, call.format)
        response.headers.update(error.headers)
        return response

    def _refusal_of_method(self, route_name: str) -> tuple[int, str]:
        if route_name == "oauth.token":
            return self._dialect.refusal("oauth.token.get")
        return 400, "invalid_request"

    def finish(self, request: Request, response: Response) -> None:
        del request
        if response.headers.get("Content-Type") == JSON:
            response.headers["Content-Type"] = self._dialect["oauth.content_type"]
        response.headers.update({"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"})


@dataclass(slots=True)
class _TokenRequest:
    """A request for a token: its parameters, whoever sends them, and by which host."""

    request: Request
    format: str
    values: Mapping[str, str]
    #: Of the Authorization header (Basic), else of the form.
    consumer_key: str = field(init=False)
    consumer_secret: str | None = field(init=False)

    def __post_init__(self) -> None:
        self.consumer_key = self.values.get("client_id", "")
        self.consumer_secret = self.values.get("client_secret")
        scheme, _, encoded = self.request.header("authorization").partition(" ")
        if scheme.lower() == "basic":
            self.consumer_key, self.consumer_secret = _basic(encoded)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    @property
    def host(self) -> str:
        return self.request.header("host").lower()


@dataclass(frozen=True, slots=True)
class OAuth:
    """The resources of ``/services/oauth2`` and ``/id``.

    ``origin`` gives the origin of the org's own host, as the client reaches it.
    """

    org: Org
    sessions: Sessions
    apps: ConnectedApps
    authorizations: Authorizations
    origin: Callable[[Request], str]

    def routes(self, family: OAuthFamily) -> list[Route]:
        def both(handler: Handler) -> dict[str, Handler]:
            return {"GET": handler, "POST": handler}

        return [
            route("oauth.token", f"{PREFIX}/token", family, POST=self.token),
            route("oauth.revoke", f"{PREFIX}/revoke", family, **both(self.revoke)),
            route("oauth.introspect", f"{PREFIX}/introspect", family, POST=self.introspect),
            route(
                "oauth.userinfo",
                f"{PREFIX}/userinfo",
                family,
                GET=self.userinfo,
                POST=self.userinfo,
            ),
            route(
                "oauth.identity",
                f"{IDENTITY_PREFIX}/{{org}}/{{user}}",
                family,
                GET=self.identity,
                POST=self.identity,
            ),
        ]

    # tokens

    def token(self, call: Call) -> Response:
        asked = _token_request(call)
        grants: dict[str, Grant] = {
            "client_credentials": self._client_credentials,
            JWT_BEARER: self._jwt_bearer,
            "refresh_token": self._refresh,
            "password": self._password,
            "authorization_code": self._authorization_code,
            "device": self._device,
        }
        if asked["response_type"] == "device_code":
            return self._device_code(asked)
        name = asked["grant_type"]
        if name in FOREIGN_GRANTS:
            raise OAuthError("unsupported_grant_type", f"grant_type {name} is not emulated")
        if name not in grants:
            status, code = self.org.dialect.refusal("oauth.token.unknown_grant")
            raise OAuthError(code, "grant type not supported", status)
        return grants[name](asked)

    def _client_credentials(self, asked: _TokenRequest) -> Response:
        if is_login_host(asked.host):
            raise OAuthError("invalid_grant", "request not supported on this domain")
        app = self._authenticated_app(asked)
        user = self.org.users.get(app.run_as or "")
        if user is None:
            raise OAuthError("invalid_grant", "no client credentials user enabled")
        return self._granted(asked, app, self._open(app, user))

    def _authorization_code(self, asked: _TokenRequest) -> Response:
        app = self._app(asked.consumer_key)
        code = self.authorizations.use(asked["code"])
        user = self.org.users.get(code.username) if code else None
        if code is None or user is None or code.consumer_key != app.consumer_key:
            raise OAuthError("invalid_grant", "expired authorization code")
        if code.redirect_uri != asked["redirect_uri"]:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        if not code.is_proved_by(asked["code_verifier"]):
            raise OAuthError("invalid_grant", "invalid code verifier")
        # An app without a proof of its own needs its secret.
        if asked.consumer_secret is not None or not code.challenge:
            _check_secret(app, asked.consumer_secret or "")
        return self._allowed(asked, app, user)

    def _device_code(self, asked: _TokenRequest) -> Response:
        app = self._app(asked.consumer_key)
        device = self.authorizations.begin_device(app.consumer_key)
        document = {
            "device_code": device.device_code,
            "user_code": device.user_code,
            "verification_uri": f"{self.origin(asked.request)}/setup/connect",
            "interval": DEVICE_INTERVAL,
        }
        return _reply(document, 200, asked.format)

    def _device(self, asked: _TokenRequest) -> Response:
        app = self._app(asked.consumer_key)
        device = self.authorizations.device(asked["code"])
        if device is None or device.consumer_key != app.consumer_key:
            raise OAuthError("invalid_grant", "expired device code")
        if device.is_denied:
            raise OAuthError("access_denied", "end-user denied authorization")
        user = self.org.users.get(device.username)
        if user is None:
            raise OAuthError("authorization_pending", "Waiting for authorization")
        return self._allowed(asked, app, user)

    def _allowed(self, asked: _TokenRequest, app: ConnectedApp, user: SessionUser) -> Response:
        """A session that a user allowed; with a refresh token where the app has that scope."""
        if "refresh_token" not in app.scope.split():
            return self._granted(asked, app, self._open(app, user))
        refresh = self.apps.issue(app.consumer_key, user.username).token
        return self._granted(asked, app, self._open(app, user, refresh), refresh_token=refresh)

    def _password(self, asked: _TokenRequest) -> Response:
        app = self._authenticated_app(asked)
        user = authenticate(self.org, asked["username"], asked["password"])
        if user is None:
            raise OAuthError("invalid_grant", "authentication failure")
        return self._granted(asked, app, self._open(app, user))

    def _refresh(self, asked: _TokenRequest) -> Response:
        app = self._app(asked.consumer_key)
        if asked.consumer_secret is not None:
            _check_secret(app, asked.consumer_secret)
        held = self.apps.refresh_token(asked["refresh_token"])
        user = self.org.users.get(held.username) if held else None
        if held is None or user is None or held.consumer_key != app.consumer_key:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        if not app.rotate_refresh_tokens:
            return self._granted(asked, app, self._open(app, user, held.token))
        if self.apps.revoke(held.token) is None:
            raise OAuthError("invalid_grant", "expired access/refresh token")
        fresh = self.apps.issue(app.consumer_key, user.username).token
        session = self._open(app, user, fresh)
        return self._granted(asked, app, session, refresh_token=fresh)

    def _jwt_bearer(self, asked: _TokenRequest) -> Response:
        assertion = Assertion.read(asked["assertion"])
        first = self.org.dialect["oauth.jwt.order"]
        if first == "exp first":
            self._check_expiry(assertion)
        elif first == "aud first":
            _check_audience(assertion, asked.host)
        app = self._app(assertion.text("iss"))
        if app.public_key is None or not app.public_key.signed(
            assertion.signed_part, assertion.signature
        ):
            raise OAuthError("invalid_grant", "invalid assertion")
        self._check_expiry(assertion)
        _check_audience(assertion, asked.host)
        username = assertion.text("sub") or assertion.text("prn")
        user = self.org.users.get(username)
        if user is None or (app.approved_users is not None and username not in app.approved_users):
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        session = self._open(app, user)
        whole = self._grant(asked, app, session)
        names = ("access_token", "scope", "instance_url", "id", "token_type", "expires_in")
        return _reply({n: whole[n] for n in names if n in whole}, 200, asked.format)

    def _check_expiry(self, assertion: Assertion) -> None:
        if assertion.expires() + CLOCK_SKEW_SECONDS <= self.org.clock.now().timestamp():
            raise OAuthError("invalid_grant", "expired authorization code")

    def _app(self, consumer_key: str) -> ConnectedApp:
        app = self.apps.find(consumer_key)
        if app is None:
            status, code = self.org.dialect.refusal("oauth.token.unknown_app")
            raise OAuthError(code, "client identifier invalid", status)
        return app

    def _authenticated_app(self, asked: _TokenRequest) -> ConnectedApp:
        app = self._app(asked.consumer_key)
        _check_secret(app, asked.consumer_secret or "")
        return app

    def _open(self, app: ConnectedApp, user: SessionUser, refresh_token: str = "") -> Session:  # nosec B107 # no secret: none was given
        return self.sessions.open(user, app.consumer_key, app.scope, refresh_token)

    def _granted(
        self, asked: _TokenRequest, app: ConnectedApp, session: Session, **more: str
    ) -> Response:
        return _reply({**self._grant(asked, app, session), **more}, 200, asked.format)

    def _grant(self, asked: _TokenRequest, app: ConnectedApp, session: Session) -> dict[str, Any]:
        identity = self._identity_url(asked.request, session)
        issued_at = str(_milliseconds(session))
        signature = hmac.digest(
            app.consumer_secret.encode(), (identity + issued_at).encode(), hashlib.sha256
        )
        return {
            "access_token": session.token,
            "signature": base64.b64encode(signature).decode(),
            "scope": session.scope,
            "instance_url": self.origin(asked.request) + self._slash(),
            "id": identity,
            "token_type": "Bearer",  # nosec B105 # the type of a token
            "issued_at": issued_at,
            **self._expires_in(),
        }

    def _slash(self) -> str:
        return "/" if self.org.dialect["oauth.token.instance_url"] == "with a slash" else ""

    def _expires_in(self) -> dict[str, Any]:
        seconds = self.sessions.seconds
        told = self.org.dialect["oauth.token.expires_in"]
        forms: dict[str, Any] = {"a number": seconds, "a text": str(seconds)}
        return {"expires_in": forms[told]} if told in forms else {}

    # what else is done with tokens

    def revoke(self, call: Call) -> Response:
        token = _token_request(call)["token"]
        refresh = self.apps.revoke(token)
        if refresh is not None:
            self.sessions.expire_refreshed(token)
        elif self.sessions.peek(token) is not None:
            self.sessions.expire(token)
        elif (told := self.org.dialect["oauth.revoke.unknown_token"]) != "200":
            raise OAuthError(told.partition(" ")[2], "the token is invalid")
        return Response(200)

    def introspect(self, call: Call) -> Response:
        asked = _token_request(call)
        app = self._authenticated_app(asked)
        session = self.sessions.peek(asked["token"])
        refresh = self.apps.refresh_token(asked["token"])
        holder = session or refresh
        if holder is None or holder.consumer_key != app.consumer_key:
            return _reply({"active": False}, 200, asked.format)
        username = session.user.username if session else refresh.username if refresh else ""
        document: dict[str, Any] = {
            "active": True,
            "scope": app.scope,
            "client_id": app.consumer_key,
            "username": username,
            "sub": self._identity_of(asked.request, self.org.users[username]),
            "token_type": "access_token" if session else "refresh_token",
        }
        if session is not None:
            opened = _milliseconds(session) // 1000
            document |= {
                "exp": int(self.sessions.end(session).timestamp()),
                "iat": opened,
                "nbf": opened,
            }
        return _reply(document, 200, asked.format)

    def userinfo(self, call: Call) -> Response:
        session = self._session(call)
        identity = self._identity(call.request, session)
        names = ("user_id", "organization_id", "email", "urls", "active", "user_type", "language")
        document = {
            "sub": identity["id"],
            "preferred_username": identity["username"],
            "nickname": identity["nick_name"],
            "name": identity["display_name"],
            "email_verified": True,
            "zoneinfo": "GMT",
            **{name: identity[name] for name in names},
            "locale": identity["locale"],
            "utcOffset": identity["utcOffset"],
        }
        return _reply(document, 200, call.format)

    def identity(self, call: Call) -> Response:
        session = self._session(call)
        if call["org"] not in (self.org.org_id, self.org.org_id[:15]):
            raise OAuthError("Wrong_Org", "the token is of another org", 403)
        if call["user"] not in (session.user.id, session.user.id[:15]):
            raise OAuthError("Bad_Id", "the token is of another user", 404)
        call.format = _format_of(call.request, call.request.query.get("format", [""])[0])
        document = self._identity(call.request, session)
        wanted = call.request.query.get("version", [""])[0]
        document["urls"] = _of_version(document["urls"], wanted)
        return _reply(document, 200, call.format)

    def _session(self, call: Call) -> Session:
        token = bearer(call.request.header("authorization"))
        for name in ("access_token", "oauth_token"):
            token = token or call.request.query.get(name, [""])[0]
        if not token:
            raise OAuthError("Missing_OAuth_Token", "there is no token", 403)
        session = self.sessions.find(token)
        if session is None:
            raise OAuthError("Bad_OAuth_Token", "the token is invalid or expired", 403)
        return session

    def _identity_url(self, request: Request, session: Session) -> str:
        return self._identity_of(request, session.user)

    def _identity_of(self, request: Request, user: SessionUser) -> str:
        is_own = self.org.dialect["oauth.identity.host"] == "own host"
        host = self.origin(request) if is_own else "https://login.salesforce.com"
        return f"{host}{IDENTITY_PREFIX}/{self.org.org_id}/{user.id}"

    def _identity(self, request: Request, session: Session) -> dict[str, Any]:
        user, origin = session.user, self.origin(request)
        soap = f"{origin}/services/Soap/{{}}/{{{{version}}}}/{self.org.org_id[:15]}"
        rest = f"{origin}/services/data/v{{version}}/"
        return {
            "id": self._identity_url(request, session),
            "asserted_user": True,
            "user_id": user.id,
            "organization_id": self.org.org_id,
            "username": user.username,
            "nick_name": user.username.partition("@")[0],
            "display_name": user.name or user.username,
            "email": user.email or user.username,
            "urls": {
                "enterprise": soap.format("c"),
                "partner": soap.format("u"),
                "rest": rest,
                "sobjects": f"{rest}sobjects/",
                "query": f"{rest}query/",
            },
            "active": True,
            "user_type": "STANDARD",
            "language": "en_US",
            "locale": "en_US",
            "utcOffset": 0,
        }


@dataclass(frozen=True, slots=True)
class Assertion:
    """A JWT: its claims, and what its signature covers."""

    claims: Mapping[str, Any]
    signed_part: bytes
    signature: bytes

    @classmethod
    def read(cls, text: str) -> Assertion:
        """Raises OAuthError for what is no JWT signed with RS256."""
        try:
            header, claims, signature = text.split(".")
            if _json_object(header).get("alg") != "RS256":
                raise ValueError("another algorithm")
            return cls(_json_object(claims), f"{header}.{claims}".encode(), _base64url(signature))
        except (ValueError, RecursionError) as error:
            raise OAuthError("invalid_grant", "invalid assertion") from error

    def text(self, claim: str) -> str:
        """A claim; ``""`` when it is missing or no text."""
        value = self.claims.get(claim)
        return value if isinstance(value, str) else ""

    def expires(self) -> float:
        """``exp`` in seconds since 1970, a number or digits. Raises OAuthError."""
        value = self.claims.get("exp")
        try:
            seconds = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            seconds = math.nan
        if not math.isfinite(seconds):
            raise OAuthError("invalid_grant", "invalid assertion")
        return seconds


def is_login_host(host: str) -> bool:
    """Whether it is one of the hosts where users of all orgs log in."""
    return host.lower().partition(".")[0] in LOGIN_LABELS


def _token_request(call: Call) -> _TokenRequest:
    request = call.request
    values = {name: texts[0] for name, texts in request.query.items()}
    if request.header("content-type", FORM).partition(";")[0].strip().lower() == FORM:
        body = request.body.read_all(FORM_BYTES)
        if len(body) > FORM_BYTES:
            raise OAuthError("invalid_request", "the form is too long", 413)
        try:
            form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
        except ValueError as error:
            raise OAuthError("invalid_request", "the form cannot be read") from error
        values.update((name, texts[0]) for name, texts in form.items())
    call.format = _format_of(request, values.get("format", ""))
    return _TokenRequest(request, call.format, values)


def _format_of(request: Request, named: str) -> str:
    """The format that is asked for by its name, or accepted. Raises OAuthError."""
    wanted = named or _accepted_format(request)
    if wanted not in ("json", "urlencoded"):
        raise OAuthError("invalid_request", f"format {wanted} is not emulated")
    return wanted


def _of_version(urls: Mapping[str, str], wanted: str) -> dict[str, str]:
    """The addresses of an identity, with a version in them where one is asked for."""
    version = f"{NEWEST_VERSION:.1f}" if wanted == "latest" else wanted
    if not version:
        return dict(urls)
    return {name: url.replace("{version}", version) for name, url in urls.items()}


def _accepted_format(request: Request) -> str:
    """What the ``Accept`` header asks for, where it asks for one of the formats alone."""
    accepted = request.header("accept").partition(";")[0].strip().lower()
    return {"application/xml": "xml", FORM: "urlencoded"}.get(accepted, "json")


def _basic(encoded: str) -> tuple[str, str]:
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, secret


def _check_audience(assertion: Assertion, host: str) -> None:
    if _host(assertion.text("aud")) not in AUDIENCES | {host}:
        raise OAuthError("invalid_grant", "Audience validation failed")


def _check_secret(app: ConnectedApp, secret: str) -> None:
    if not app.consumer_secret or not same(secret, app.consumer_secret):
        raise OAuthError("invalid_client", "invalid client credentials")


def _json_object(part: str) -> dict[str, Any]:
    document = json.loads(_base64url(part))
    if not isinstance(document, dict):
        raise ValueError("not an object")
    return document


def _base64url(text: str) -> bytes:
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _host(url: str) -> str:
    """Host and port of an origin; a trailing slash is tolerated, anything else is not."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    plain = parts.scheme in ("https", "http") and parts.path in ("", "/") and not parts.query
    return parts.netloc.lower() if plain else ""


def _milliseconds(session: Session) -> int:
    return round(session.opened.timestamp() * 1000)


def _reply(document: Mapping[str, Any], status: int, form: str) -> Response:
    if form == "urlencoded":
        return Response(status, {"Content-Type": FORM}, urlencode(document).encode())
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return Response(status, {"Content-Type": JSON}, body.encode())
