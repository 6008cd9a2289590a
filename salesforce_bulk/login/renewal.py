"""Logging in again when a session expires: once for all threads of a client."""

from __future__ import annotations

import copy
import os
import threading
from typing import TYPE_CHECKING

from salesforce_bulk.errors import BulkApiError
from salesforce_bulk.login.provider import LoginProvider, Session
from salesforce_bulk.secret import Secret

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Transport


class Renewal:
    """Logs in again for all threads of a client at once."""

    def __init__(self, provider: LoginProvider) -> None:
        self._provider = provider
        # By process: another thread may hold the lock while this one forks.
        self._locks: dict[int, threading.Lock] = {}
        self._renewed: dict[Secret, Session] = {}
        self._logins = 0
        self._failure: BulkApiError | None = None

    def renew(self, stale: Secret, transport: Transport) -> Session:
        """A session in place of ``stale``; threads that bring the same one share a login,
        and its failure: a wrong password tried once a thread would lock the user out."""
        before = self._logins
        lock = self._locks.setdefault(os.getpid(), threading.Lock())
        with transport.deadline.holding(lock):
            session = self._renewed.get(stale)
            if session is not None:
                return session
            if self._logins != before and self._failure is not None:
                raise copy.copy(self._failure) from self._failure.__cause__
            try:
                session = self._provider.login(transport)
            except BulkApiError as error:
                # A copy: the caller of this thread will put its own job into the error.
                self._failure = copy.copy(error)
                self._failure.__cause__ = error.__cause__
                raise
            finally:
                # Counted when it has ended: who comes while it goes on shares what it brings.
                self._logins += 1
            self._failure = None
            # Only the last generation can still be on the way in another thread.
            self._renewed = {stale: session}
            return session
