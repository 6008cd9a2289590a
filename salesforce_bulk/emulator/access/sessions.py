"""The org's access tokens: one table for SOAP, REST and Bulk."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from string import ascii_letters, digits
from typing import Protocol

from salesforce_bulk.emulator.clock import Clock
from salesforce_bulk.emulator.fidelity.dialect import PLAIN, Dialect

#: Life of a session without activity.
SESSION_SECONDS = 7_200


class SessionUser(Protocol):
    """Who logs in."""

    @property
    def id(self) -> str: ...
    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def security_token(self) -> str: ...
    @property
    def permissions(self) -> Collection[str]: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...


@dataclass(slots=True)
class Session:
    """One access token; any call extends its life.

    ``consumer_key``, ``scope`` and ``refresh_token`` are of the OAuth login that opened it; a
    SOAP login has none.
    """

    token: str
    user: SessionUser
    opened: datetime
    used: datetime
    consumer_key: str = ""
    scope: str = ""
    refresh_token: str = ""


class Sessions:
    """The tokens of an org. Thread-safe."""

    def __init__(
        self,
        clock: Clock,
        org_id: str,
        seed: int,
        seconds: int = SESSION_SECONDS,
        dialect: Dialect = PLAIN,
    ) -> None:
        self.seconds = seconds
        self._dialect = dialect
        self._clock = clock
        self._org_id = org_id[:15]
        self._random = Random(f"sessions {seed}")  # noqa: S311  # nosec B311 # to be repeated, not secret
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(  # nosec B107 # no secret: none was given
        self, user: SessionUser, consumer_key: str = "", scope: str = "", refresh_token: str = ""
    ) -> Session:
        """A new session."""
        now = self._clock.now()
        with self._lock:
            token = self._new_token()
            session = Session(token, user, now, now, consumer_key, scope, refresh_token)
            self._sessions[token] = session
        return session

    def _new_token(self) -> str:
        """A token in the vendor's form: org id, ``!``, secret; or in that of a JWT."""
        if self._dialect["login.session.token_form"] == "opaque":
            secret = "".join(self._random.choices(ascii_letters + digits + "._", k=96))
            return f"{self._org_id}!AQ{secret}"
        parts = ("".join(self._random.choices(ascii_letters + digits + "-_", k=96)) for _ in "123")
        return "eyJ" + ".".join(parts)

    def find(self, token: str) -> Session | None:
        """The live session of a token, its life extended; None when there is none."""
        session = self.peek(token)
        if session is not None:
            session.used = self._clock.now()
        return session

    def peek(self, token: str) -> Session | None:
        """The live session of a token, as it is."""
        with self._lock:
            session = self._sessions.get(token)
            if session is not None and self._clock.now() > self.end(session):
                del self._sessions[token]
                return None
        return session

    def end(self, session: Session) -> datetime:
        """When it ends if nobody uses it before."""
        return session.used + timedelta(seconds=self.seconds)

    def expire_all(self) -> None:
        with self._lock:
            self._sessions.clear()

    def expire(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(token, None)

    def expire_refreshed(self, refresh_token: str) -> None:
        """Ends the sessions that a refresh token opened."""
        with self._lock:
            for token, session in list(self._sessions.items()):
                if session.refresh_token == refresh_token:
                    del self._sessions[token]

    def __len__(self) -> int:
        """How many are alive."""
        now = self._clock.now()
        with self._lock:
            return sum(now <= self.end(session) for session in self._sessions.values())


def bearer(value: str) -> str:
    """The token of ``Bearer {token}``, ``OAuth {token}`` or the bare token."""
    scheme, _, token = value.strip().partition(" ")
    return token.strip() if scheme in ("Bearer", "OAuth") else value.strip()
