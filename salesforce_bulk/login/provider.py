"""What a login gives, and what can log in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport


@dataclass(frozen=True)
class Session:
    """What a login gives.

    Attributes:
        session_id: a session id or OAuth access token; a str is made a `Secret`.
        instance: the org's own origin, ``https://host[:port]``.
        valid_seconds: how long the session is good from now on, where the answer told it.
    """

    session_id: Secret
    instance: str
    valid_seconds: float | None = None

    def __init__(
        self, session_id: str | Secret, instance: str, valid_seconds: float | None = None
    ) -> None:
        object.__setattr__(self, "session_id", Secret.of(session_id))
        object.__setattr__(self, "instance", instance)
        object.__setattr__(self, "valid_seconds", valid_seconds)

    def __iter__(self) -> Iterator[str]:
        """The session id and the instance, as `login_to_salesforce` gives them."""
        return iter((self.session_id.reveal(), self.instance))


Session.__module__ = "salesforce_bulk"


@runtime_checkable
class LoginProvider(Protocol):
    """A way to get a session. Anything with this method is one."""

    def login(self, transport: Transport) -> Session:
        """Log in now.

        Args:
            transport: what every call of the client goes through.

        Raises:
            LoginFailed: the org, or what keeps the token, refused.
            TransportError: no usable answer.
        """
        ...


LoginProvider.__module__ = "salesforce_bulk"


def can_renew(provider: LoginProvider | None) -> bool:
    """Whether another session can be had from it. A provider says that it cannot by an
    attribute ``renews`` that is False."""
    return provider is not None and bool(getattr(provider, "renews", True))
