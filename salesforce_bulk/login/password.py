"""Logging in with user name and password: SOAP ``login()`` by simple-salesforce.

simple-salesforce is imported when a login happens, because it costs 100 ms and 20 MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from salesforce_bulk.errors import BulkApiError, IncompleteLogin, UnexpectedResponse
from salesforce_bulk.http.transport import Response, Transport, is_loopback
from salesforce_bulk.limits import LAST_SOAP_LOGIN_VERSION
from salesforce_bulk.login.provider import Session
from salesforce_bulk.wire.fault import NO_FAULT, Fault, read_fault
from salesforce_bulk.wire.soap import Login, fault_document, read_login

#: What `simple_salesforce.SalesforceLogin` is to a provider.
SalesforceLoginFunction = Callable[..., tuple[str, str]]


def salesforce_login(*args: Any, **kwargs: Any) -> tuple[str, str]:
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
    sign_in: SalesforceLoginFunction = field(default=salesforce_login, repr=False, compare=False)

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: user name, password, or both token and organization id are None.
            LoginFailed: the org refused; also a
                `simple_salesforce.exceptions.SalesforceAuthenticationFailed`.
            TransportError: the login server gave no usable answer.
        """
        connection = _LoginConnection(transport, (self.password, self.security_token))
        try:
            session_id, instance = self.sign_in(session=connection, **self._arguments())
        except BulkApiError:
            raise
        except Exception as error:
            # Catching by type would import simple-salesforce where a caller replaced sign_in.
            if type(error).__name__ != "SalesforceAuthenticationFailed":
                raise
            raise self._refusal(error, connection) from error
        if connection.login is not None and connection.login.password_expired:
            raise self._refusal(_EXPIRED_PASSWORD, connection)
        return Session(session_id, self._origin(_restored_host(instance, connection.login)))

    def _refusal(self, error: Any, connection: _LoginConnection) -> BulkApiError:
        from salesforce_bulk.login.refusal import refusal  # noqa: PLC0415

        # simple-salesforce knows neither a fault without detail nor its code's other spelling.
        code = connection.fault.code or str(error.code)
        message = connection.fault.message or str(error.auth_message or "")
        return refusal(self.username, code, message, connection.status)

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


class _PasswordRefusal(NamedTuple):
    """A refusal that simple-salesforce does not see, in its words."""

    code: str
    auth_message: str


_EXPIRED_PASSWORD = _PasswordRefusal(
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The user's password has expired."
)


def _restored_host(instance: str, login: Login | None) -> str:
    """The org's host with what simple-salesforce took out of it.

    It removes ``-api`` wherever it stands, for hosts such as ``na1-api.salesforce.com``; in a
    My Domain such as ``acme-apis`` that would be another org's name.
    """
    host = "" if login is None else urlsplit(login.server_url).netloc
    if host.replace("-api", "") != instance or host.endswith("-api.salesforce.com"):
        return instance
    return host


class _LoginConnection:
    """What simple-salesforce takes for a session: its calls go through the transport, so that
    proxies, certificates, timeouts and errors are those of every other call.

    Answers that are no login document end here. Of a refusal only code and message go on,
    without secrets that the message echoes: simple-salesforce quotes whole answers.
    """

    def __init__(self, transport: Transport, secrets: Iterable[str | None]) -> None:
        self._transport = transport
        self._secrets = [secret for secret in secrets if secret]
        self.status: int | None = None
        self.fault: Fault = NO_FAULT
        self.login: Login | None = None

    def post(
        self,
        url: str,
        data: str,
        headers: Mapping[str, str] | None = None,
        proxies: object = None,  # the transport's own are used
    ) -> Response:
        answer = self._transport.send(
            "POST", url, headers=headers or {}, body=data.encode("utf-8"), repeatable=False
        )
        self.status = answer.status_code
        self.login = read_login(answer.content) if answer.status_code == 200 else None
        if self.login is None:
            fault = read_fault(answer.headers.get("Content-Type"), answer.content)
            if fault.code is None:
                raise UnexpectedResponse(
                    f"The login server answered with HTTP {self.status} and no login document; "
                    "check the login address, and whether a proxy stands between.",
                    self.status,
                )
            self.fault = Fault(fault.code, self._redacted(fault.message or ""))
            answer._content = fault_document(*self.fault)
        return answer

    def _redacted(self, text: str) -> str:
        # As one word, password and token are what was sent.
        for secret in filter(_is_telling, ("".join(self._secrets), *self._secrets)):
            for spelling in (secret, escape(secret)):
                text = text.replace(spelling, "[secret]")
        return text


def _is_telling(secret: str) -> bool:
    # Removing a short plain word, such as a test org's "password", would garble the message.
    return len(secret) > 10 or (len(secret) > 3 and not secret.isalpha())
