"""Sessions and tokens that somebody else got: given once, or asked for at each login."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import IncompleteLogin
from salesforce_bulk.login.hosts import api_origin
from salesforce_bulk.login.provider import Session
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
        object.__setattr__(self, "access_token", Secret.of(self.access_token))

    def login(self, transport: Transport) -> Session:
        """The session, unchanged.

        Raises:
            IncompleteLogin: token or address are missing.
        """
        return _session(self.access_token, self.instance_url)


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
        token = self.get_token()
        if isinstance(token, Session):
            return token
        if isinstance(token, Mapping):
            return _session(
                token.get("access_token"),
                token.get("instance_url") or self.instance_url,
                token.get("expires_in"),
            )
        if isinstance(token, tuple):
            return _session(*token)
        return _session(token, self.instance_url)


TokenLogin.__module__ = "salesforce_bulk"


def _session(token: Any, instance_url: str, valid_seconds: Any = None) -> Session:
    if not isinstance(token, (str, Secret)) or not token:
        raise IncompleteLogin("There is no access token; get_token and access_token give a text.")
    if not instance_url:
        raise IncompleteLogin(
            "An access token needs its org: instance_url='https://acme.my.salesforce.com'."
        )
    seconds = None if valid_seconds is None else float(valid_seconds)
    return Session(token, api_origin(instance_url), seconds)
