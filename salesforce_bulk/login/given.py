"""Sessions and tokens that somebody else got: given once, or asked for at each login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import IncompleteLogin
from salesforce_bulk.login.hosts import api_origin
from salesforce_bulk.login.provider import Session
from salesforce_bulk.options import secret_option
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport


@dataclass(frozen=True)
class SessionLogin:
    """A session that there is already. It cannot be renewed.

    Args:
        access_token: a session id or OAuth access token.
        instance_url: the org's own address, such as ``https://acme.my.salesforce.com``.
    """

    access_token: str | Secret = field(repr=False)
    instance_url: str = ""

    renews = False

    def __post_init__(self) -> None:
        token = secret_option("access_token", self.access_token)
        object.__setattr__(self, "access_token", token)

    def login(self, transport: Transport) -> Session:
        """The session, unchanged.

        Raises:
            IncompleteLogin: token or address are missing.
        """
        return _session(Secret.of(self.access_token), self.instance_url)


SessionLogin.__module__ = "salesforce_bulk"


#: What the function of a `TokenLogin` may return.
Token = str | Secret | Session | tuple[str, str] | Mapping[str, Any]


@dataclass(frozen=True)
class TokenLogin:
    """Tokens that something else manages: a vault, Heroku AppLink, a cache of Django.

    Args:
        get_token: called without arguments at the first login and at each renewal. It returns
            the token, ``(token, instance_url)``, the JSON object of an OAuth answer
            (``access_token``, ``instance_url``, ``expires_in``) or a `Session`. At a renewal it
            must return another token than before; the same is refused by the org once more.
        instance_url: the org's address, where ``get_token`` gives the token alone.

    What ``get_token`` raises goes to the caller as it is. A client is pickled with it, so that in
    other processes it must be importable.
    """

    get_token: Callable[[], Token]
    instance_url: str = ""

    def login(self, transport: Transport) -> Session:
        """Ask for the token now.

        Raises:
            IncompleteLogin: there is no token, or no address of the org.
        """
        # In one expression: no frame of ours that may raise has the token as a text.
        return _session(*_parts(self.get_token(), self.instance_url))


TokenLogin.__module__ = "salesforce_bulk"


def _parts(token: Any, instance_url: str) -> tuple[Secret | None, Any, float | None]:
    """Token, address and seconds in what a function returned; None where there is none."""
    if isinstance(token, Session):
        return token.session_id, token.instance, token.valid_seconds
    if isinstance(token, Mapping):
        address = token.get("instance_url") or instance_url
        return _secret(token.get("access_token")), address, _seconds(token.get("expires_in"))
    if isinstance(token, tuple):
        return (_secret(token[0]), token[1], None) if len(token) == 2 else (None, None, None)
    return _secret(token), instance_url, None


def _secret(token: Any) -> Secret | None:
    return Secret.of(token) if isinstance(token, (str, Secret)) else None


def _seconds(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None  # how long it is good is found out


def _session(
    token: Secret | None, instance_url: Any, valid_seconds: float | None = None
) -> Session:
    if not token:
        raise IncompleteLogin(
            "There is no access token; get_token returns a text, (token, instance_url), the object "
            "of an OAuth answer or a Session, and access_token is a text."
        )
    if not isinstance(instance_url, str) or not instance_url:
        raise IncompleteLogin(
            "An access token needs its org: instance_url='https://acme.my.salesforce.com'."
        )
    return Session(token, api_origin(instance_url), valid_seconds)
