"""Logging in, and logging in again when a session expires.

simple-salesforce performs the logins that it knows; it is imported when a login happens,
because it costs 100 ms and 20 MB.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from salesforce_bulk.errors import BulkApiError, IncompleteLogin
from salesforce_bulk.limits import LAST_SOAP_LOGIN_VERSION
from salesforce_bulk.transport import Response, Transport, is_loopback

#: What `simple_salesforce.SalesforceLogin` is to a provider.
SignIn = Callable[..., tuple[str, str]]


class Session(NamedTuple):
    """A session id (or access token) and the org's own origin, ``https://host[:port]``."""

    session_id: str
    instance: str


class LoginProvider(Protocol):
    """A way to get a session. A provider that cannot do so twice is not given for renewal."""

    def login(self, transport: Transport) -> Session:
        """Log in now; raises `LoginFailed` or `TransportError`."""
        ...


def sign_in(*args: Any, **kwargs: Any) -> tuple[str, str]:
    """`simple_salesforce.SalesforceLogin`, imported at the first call."""
    import simple_salesforce  # noqa: PLC0415

    # Its __init__ re-exports the name without saying so.
    return simple_salesforce.SalesforceLogin(*args, **kwargs)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class PasswordLogin:
    """SOAP ``login()`` with user name and password, by simple-salesforce.

    Args:
        username, password: of the user.
        security_token: appended to the password by the login; ``""`` where the caller's
            address is trusted.
        organization_id: instead of a token, for logins restricted by address.
        domain: ``login``, ``test`` or ``acme.my`` (without ``.salesforce.com``).
        client_id: the name under which the org's login history lists the program.
        api_version: of the login call; versions above 64.0 have no ``login()``, so the
            newest that has it is used for them.
        login_url: an origin such as ``https://acme.my.salesforce.com`` or an emulator's
            address; goes before ``domain``.
        sign_in: what performs the login, with simple-salesforce's arguments.

    Source: SOAP API guide, ``login()``.
    """

    username: str | None
    password: str | None = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    organization_id: str | None = None
    domain: str | None = None
    client_id: str | None = None
    api_version: str = str(LAST_SOAP_LOGIN_VERSION)
    login_url: str | None = None
    sign_in: SignIn = field(default=sign_in, repr=False, compare=False)

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: user name, password, or both token and organization id are None.
            LoginFailed: the org refused; also a
                `simple_salesforce.exceptions.SalesforceAuthenticationFailed`.
            TransportError: the login server gave no usable answer.
        """
        session_id, instance = self._sign_in(_LoginPost(transport))
        return Session(session_id, self._origin(instance))

    def _sign_in(self, session: _LoginPost) -> tuple[str, str]:
        arguments = self._arguments()
        try:
            return self.sign_in(session=session, **arguments)
        except BulkApiError:
            raise
        except Exception as error:
            # Catching by type would import simple-salesforce where a caller replaced sign_in.
            if type(error).__name__ != "SalesforceAuthenticationFailed":
                raise
            from salesforce_bulk.login_refused import refusal  # noqa: PLC0415

            raise refusal(error, self.username, session.last) from error

    def _arguments(self) -> dict[str, str | None]:
        """The keywords of `SalesforceLogin`, as 2.2.0 passed them."""
        if self.username is None or self.password is None:
            raise IncompleteLogin("You must provide login information or an instance and token")
        arguments: dict[str, str | None] = {
            "username": self.username,
            "password": self.password,
            "domain": self.domain,
            "sf_version": self._soap_version(),
            # simple-salesforce escapes the user name and the password, but not these.
            "client_id": escape(self.client_id) if self.client_id else self.client_id,
        }
        if self.security_token is not None:
            arguments["security_token"] = escape(self.security_token)
        elif self.organization_id is not None:
            arguments["organizationId"] = escape(self.organization_id)
        else:
            raise IncompleteLogin(
                "You must provide login information or an instance and token: "
                "security_token ('' for a trusted address) or organizationId is missing."
            )
        if self.login_url is not None:
            arguments["scratch_url"] = self.login_url.rstrip("/")
        return arguments

    def _soap_version(self) -> str:
        return str(min(float(self.api_version), LAST_SOAP_LOGIN_VERSION))

    def _origin(self, instance: str) -> str:
        # simple-salesforce cuts the scheme off; an emulator's answer on plain http needs it.
        scheme = "https"
        if self.login_url is not None and is_loopback(f"//{instance}"):
            scheme = urlsplit(self.login_url).scheme
        return f"{scheme}://{instance}"


class _LoginPost:
    """What simple-salesforce takes for a session: its calls go through the transport, so that
    proxies, certificates, timeouts and errors are those of every other call."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.last: Response | None = None

    def post(
        self,
        url: str,
        data: str,
        headers: Mapping[str, str] | None = None,
        proxies: object = None,  # the transport's own are used
    ) -> Response:
        self.last = self._transport.send(
            "POST", url, headers=headers or {}, body=data.encode("utf-8"), repeatable=False
        )
        return self.last


class Renewal:
    """Logs in again for all threads of a client at once."""

    def __init__(self, provider: LoginProvider, transport: Transport) -> None:
        self._provider = provider
        self._transport = transport
        self._lock = threading.Lock()
        self._renewed: dict[str, Session] = {}

    def renew(self, stale: str) -> Session:
        """A session in place of ``stale``; threads that bring the same one share a login."""
        with self._lock:
            session = self._renewed.get(stale)
            if session is None:
                session = self._provider.login(self._transport)
                # Only the last generation can still be on the way in another thread.
                self._renewed = {stale: session}
            return session
