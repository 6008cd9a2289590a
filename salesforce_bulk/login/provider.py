"""What a login gives, and what can log in."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from salesforce_bulk.http.transport import Transport


class Session(NamedTuple):
    """A session id (or access token) and the org's own origin, ``https://host[:port]``."""

    session_id: str
    instance: str


class LoginProvider(Protocol):
    """A way to get a session. A provider that cannot do so twice is not given for renewal."""

    def login(self, transport: Transport) -> Session:
        """Log in now; raises `LoginFailed` or `TransportError`."""
        ...
