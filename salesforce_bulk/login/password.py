"""Logging in with user name and password: SOAP ``login()`` by simple-salesforce.

simple-salesforce is imported when a login happens, because it costs 100 ms and 20 MB.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from salesforce_bulk.errors import BulkApiError, IncompleteLogin
from salesforce_bulk.limits import LAST_SOAP_LOGIN_VERSION
from salesforce_bulk.login.hosts import login_origin, trusted_instance, with_login_scheme
from salesforce_bulk.login.login_connection import LoginConnection, RefusedError
from salesforce_bulk.login.provider import Session
from salesforce_bulk.options import refuse_no_text, secret_option
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.fault import Fault, read_fault
from salesforce_bulk.wire.soap import Login, read_login

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport

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

    It is off in orgs made since Winter '26 and ends with Summer '27.

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
    password: str | Secret | None = field(repr=False)
    security_token: str | Secret | None = field(default=None, repr=False)
    organization_id: str | None = None
    domain: str | None = None
    client_id: str | None = None
    api_version: str = str(LAST_SOAP_LOGIN_VERSION)
    login_url: str | None = None
    sign_in: SalesforceLoginFunction = field(default=salesforce_login, repr=False, compare=False)

    def __post_init__(self) -> None:
        refuse_no_text("domain", self.domain or "")
        for name in ("password", "security_token"):
            object.__setattr__(self, name, secret_option(name, getattr(self, name)))

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Raises:
            IncompleteLogin: user name, password, or both token and organization id are None.
            LoginFailed: the org refused; also a
                `simple_salesforce.exceptions.SalesforceAuthenticationFailed`.
            TransportError: the login server gave no usable answer.
        """
        password, token = Secret.of(self.password), Secret.of(self.security_token)
        # As one word they are what is sent.
        both = Secret((password.reveal() if password else "") + (token.reveal() if token else ""))
        connection = LoginConnection(transport, (both, password, token), read_login, read_fault)
        given: tuple[str, str] | None = None
        refusal: BulkApiError | None = None
        try:
            given = self.sign_in(session=connection, **self._arguments())
        except RefusedError:
            pass
        except BulkApiError:
            raise
        except Exception as error:
            # Catching by type would import simple-salesforce where a caller replaced sign_in.
            if type(error).__name__ != "SalesforceAuthenticationFailed":
                raise
            refusal = self._refusal_of(error, connection.status)
        # Outside of the handlers: the errors hold no frame of a function that knows the password.
        if connection.failure is not None:
            raise connection.failure
        if connection.fault is not None:
            refusal = self._refusal(connection.fault, connection.status)
        if refusal is not None:
            raise refusal
        return self._session(given, cast("Login | None", connection.login), connection.status)

    def _session(
        self, given: tuple[str, str] | None, login: Login | None, status: int | None
    ) -> Session:
        session_id, instance = given or ("", "")
        if login is None:  # another sign_in, which is trusted with the password anyway
            return Session(session_id, with_login_scheme(instance, self._origin()))
        if login.password_expired:
            raise self._refusal(_EXPIRED_PASSWORD, status)
        instance = with_login_scheme(_restored_host(instance, login), self._origin())
        return Session(session_id, trusted_instance(instance, self._origin()))

    def _refusal_of(self, error: Any, status: int | None) -> BulkApiError:
        return self._refusal(Fault(str(error.code), str(error.auth_message or "")), status)

    def _refusal(self, fault: Fault, status: int | None) -> BulkApiError:
        from salesforce_bulk.login.refusal import refusal  # noqa: PLC0415

        return refusal(self.username, str(fault.code), fault.message or "", status)

    def _arguments(self) -> dict[str, str | None]:
        """The keywords of `SalesforceLogin`, as 2.2.0 passed them."""
        password, token = Secret.of(self.password), Secret.of(self.security_token)
        if self.username is None or password is None:
            raise IncompleteLogin("You must provide login information or an instance and token")
        arguments: dict[str, str | None] = {
            "username": self.username,
            "password": password.reveal(),
            "domain": self.domain,
            "sf_version": self._soap_version(),
            # simple-salesforce escapes the user name and the password, but not these.
            "client_id": escape(self.client_id) if self.client_id else self.client_id,
        }
        if token is not None:
            arguments["security_token"] = escape(token.reveal())
        elif self.organization_id is not None:
            refuse_no_text("organizationId", self.organization_id)
            arguments["organizationId"] = escape(self.organization_id)
        else:
            raise IncompleteLogin(
                "You must provide login information or an instance and token: "
                "security_token ('' for a trusted address) or organizationId is missing."
            )
        if self.login_url is not None:
            arguments["scratch_url"] = self._origin()
        return arguments

    def _soap_version(self) -> str:
        return str(min(float(self.api_version), LAST_SOAP_LOGIN_VERSION))

    def _origin(self) -> str:
        """The origin that is logged in at."""
        return login_origin(self.login_url or f"{self.domain or 'login'}.salesforce.com")


PasswordLogin.__module__ = "salesforce_bulk"


_EXPIRED_PASSWORD = Fault(
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
