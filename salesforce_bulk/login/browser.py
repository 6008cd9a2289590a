"""The OAuth authorization-code flow with PKCE: a person logs in, in a browser on this machine.

Source: Salesforce Help, "OAuth 2.0 Web Server Flow for Web App Integration"; RFC 7636 (PKCE),
RFC 8252 (a redirect to this machine).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import socket
import sys
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from salesforce_bulk.errors import (
    IncompleteLogin,
    InvalidInput,
    LoginFailed,
    RefreshTokenExpired,
    RequestTimeout,
)
from salesforce_bulk.login.hosts import login_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.login.refresh_token import RefreshTokenLogin
from salesforce_bulk.login.token_request import Form, request_token, session_of
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.oauth import TokenDocument

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

#: Seconds that a browser may take to send its request once it has connected.
_REQUEST_SECONDS = 5.0
_LAST_PORT = 65535
_DONE = "You are logged in. This window may be closed."
_FAILED = "The login failed; the program says why. This window may be closed."


def to_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class UserLogin:
    """What logins by a person share: the refresh token that they bring, and its use.

    A session is renewed by the refresh token, as long as the org takes it; then the person is
    asked again.
    """

    client_id: str
    client_secret: Secret | None
    login_url: str

    def __init__(self) -> None:
        self._refresh: RefreshTokenLogin | None = None

    def login(self, transport: Transport) -> Session:
        """Log in now: by the refresh token where there is one, else by asking the person.

        Raises:
            LoginFailed: the org, or the person, refused.
            RequestTimeout: the person did not answer in time.
            TransportError: no usable answer.
        """
        if self._refresh is not None:
            try:
                return self._refresh.login(transport)
            except RefreshTokenExpired:
                self._refresh = None
        document = self.ask(transport)
        if document.refresh_token is not None:
            self._refresh = RefreshTokenLogin(
                self.client_id,
                document.refresh_token,
                client_secret=self.client_secret,
                login_url=self.login_url,
            )
        return session_of(document, login_origin(self.login_url))

    def ask(self, transport: Transport) -> TokenDocument:
        """Have the person log in."""
        raise NotImplementedError


class BrowserLogin(UserLogin):
    """A person logs in, in a browser on this machine; a notebook's kernel may be here too.

    Args:
        client_id: the Consumer Key of an app whose Callback URL is this machine's:
            ``http://localhost:1717/OauthRedirect`` with ``port=1717``.
        client_secret: where the app demands one; with PKCE it need not.
        login_url: the My Domain, ``login`` or ``test``.
        port: of the redirect; 0 takes a free one, for apps that allow any. Salesforce compares the
            whole address with the app's Callback URLs.
        path: of the redirect.
        scope: what is asked for; ``refresh_token`` lets the session be renewed unasked.
        timeout: seconds that the person has.
        open_browser: opens an address; returns False where it cannot. The address is shown then.
        show: shows a text to the person.
    """

    def __init__(
        self,
        client_id: str,
        *,
        client_secret: str | Secret | None = None,
        login_url: str = "login",
        port: int = 0,
        path: str = "/OauthRedirect",
        scope: str = "api refresh_token",
        timeout: float = 300.0,
        open_browser: Callable[[str], bool] = webbrowser.open,
        show: Callable[[str], None] = to_stderr,
    ) -> None:
        super().__init__()
        if not isinstance(port, int) or not 0 <= port <= _LAST_PORT:
            raise InvalidInput(f"port is a whole number from 0 to {_LAST_PORT}, not {port!r}.")
        self.client_id = client_id
        self.client_secret = secret_option("client_secret", client_secret)
        self.login_url = login_url
        self.port = port
        self.path = path
        self.scope = scope
        self.timeout = timeout
        self.open_browser = open_browser
        self.show = show

    def __repr__(self) -> str:
        return f"<BrowserLogin client_id={self.client_id} login_url={self.login_url}>"

    def ask(self, transport: Transport) -> TokenDocument:
        """Open the browser, wait for its redirect, and trade the code for a token."""
        login_url = login_origin(self.login_url)
        verifier, state = Secret(secrets.token_urlsafe(48)), Secret(secrets.token_urlsafe(24))
        with _Redirect(self.port, self.path, state) as redirect:
            self._send_to(_authorize_url(login_url, self, redirect.uri, verifier, state))
            code = redirect.wait(transport, self.timeout)
            form: Form = {
                "grant_type": "authorization_code",
                "code": code,
                "client_id": self.client_id,
                "client_secret": self.client_secret,
                "redirect_uri": redirect.uri,
                "code_verifier": verifier,
            }
        return request_token(transport, login_url, form, client_id=self.client_id)

    def _send_to(self, address: str) -> None:
        try:
            opened = self.open_browser(address)
        except (webbrowser.Error, OSError):
            opened = False
        if not opened:
            self.show(f"Log in to Salesforce at this address, in a browser here:\n{address}")


BrowserLogin.__module__ = "salesforce_bulk"


def _authorize_url(
    login_url: str, asked: BrowserLogin, redirect_uri: str, verifier: Secret, state: Secret
) -> str:
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    query = {
        "response_type": "code",
        "client_id": asked.client_id,
        "redirect_uri": redirect_uri,
        "scope": asked.scope,
        "state": state.reveal(),
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{login_url}/services/oauth2/authorize?{urlencode(query)}"


class _Redirect:
    """Waits on this machine for the browser that comes back from the login."""

    def __init__(self, port: int, path: str, state: Secret) -> None:
        self._path = path
        self._state = state
        self.answer: dict[str, str] | None = None
        try:
            self._server = HTTPServer(("127.0.0.1", port), self._handler())
        except OSError as error:
            raise IncompleteLogin(
                f"Port {port} of this machine, where the browser is to come back to, cannot be "
                f"used: {error.strerror}. Is another login waiting?"
            ) from None
        host = "localhost" if _localhost_is_ipv4() else "127.0.0.1"
        self.uri = f"http://{host}:{self._server.server_port}{path}"

    def __enter__(self) -> _Redirect:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, transport: Transport, seconds: float) -> Secret:
        """The code that the browser brought."""
        clock = transport.clock
        end = clock.monotonic() + seconds
        while self.answer is None:
            left = end - clock.monotonic()
            if left <= 0:
                late = RequestTimeout(
                    f"Nobody logged in, in the browser, within {seconds:g} s; try again, or give "
                    "BrowserLogin(timeout=) more."
                )
                late.may_have_arrived = False
                raise late
            self._server.timeout = min(left, 1.0)
            self._server.handle_request()
        return self._code(self.answer)

    def _code(self, answer: dict[str, str]) -> Secret:
        if "error" in answer:
            from salesforce_bulk.login.refusal import refusal  # noqa: PLC0415

            raise refusal("the browser", answer["error"], answer.get("error_description", ""), None)
        if not answer.get("code"):
            raise LoginFailed("The browser came back from the login without a code; try again.")
        return Secret(answer["code"])

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        redirect = self

        class Handler(BaseHTTPRequestHandler):
            timeout = _REQUEST_SECONDS

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path != redirect._path:
                    self.send_error(404)
                    return
                query = {name: texts[0] for name, texts in parse_qs(parts.query).items()}
                # Whoever does not know the state was not sent by our login: it is left alone.
                if not hmac.compare_digest(
                    query.get("state", "").encode(), redirect._state.reveal().encode()
                ):
                    self.send_error(400)
                    return
                redirect.answer = query
                self._say(_DONE if query.get("code") else _FAILED)

            def _say(self, text: str) -> None:
                body = text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: the address holds the code."""

        return Handler


def _localhost_is_ipv4() -> bool:
    try:
        found = socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(entry[4][0] == "127.0.0.1" for entry in found)
