"""How long a socket is read: a head is there in time, a body does not drip, both end by a deadline.

A socket's own timeout is that of each piece, so that a server which sends a byte now and then is
waited for without end.
"""

from __future__ import annotations

import http.client
import math
import socket
import time
from typing import TYPE_CHECKING, Any

from salesforce_bulk.http.clock import Deadline, DeadlinePassed

if TYPE_CHECKING:
    from requests import Response

#: Bytes that come in a second of waiting, over as many seconds as a read may be silent; a modem's
#: line brings more.
LEAST_BYTES_PER_SECOND = 1_000


class BoundHead(http.client.HTTPResponse):
    """An answer whose status and headers come within the socket's timeout, all together."""

    def begin(self) -> None:
        """Read the head."""
        raw = _raw_of(self)
        seconds = None if raw is None else raw._sock.gettimeout()
        if raw is None or seconds is None:
            super().begin()
            return
        raw.readinto = _Head(raw._sock, seconds)
        try:
            super().begin()
        finally:
            del raw.readinto
            if raw._sock is not None:
                raw._sock.settimeout(seconds)


class _Head:
    """Reads a socket until a moment; in place of `socket.SocketIO.readinto`."""

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        self._sock = sock
        self._end = time.monotonic() + seconds

    def __call__(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the head of the answer did not come in time")
        self._sock.settimeout(left)
        return self._sock.recv_into(buffer)


class _Body:
    """Reads a socket no longer than it may; in place of `socket.SocketIO.readinto`.

    Only the time of the reading counts, not what its reader does in between.
    """

    def __init__(self, sock: socket.socket, patience: float, deadline: Deadline) -> None:
        self._sock = sock
        self._patience = patience
        self._deadline = deadline
        self._waited = 0.0
        self._bytes = 0

    def __call__(self, buffer: Any) -> int:
        began = time.monotonic()
        count = self._received(buffer)
        self._waited += time.monotonic() - began
        self._bytes += count
        if count and self._waited >= self._patience:
            self._judge()
        return count

    def _received(self, buffer: Any) -> int:
        left = self._deadline.left()
        if left >= self._patience:
            return self._sock.recv_into(buffer)
        self._sock.settimeout(left)
        try:
            return self._sock.recv_into(buffer)
        except TimeoutError as error:
            raise DeadlinePassed from error
        finally:
            self._sock.settimeout(None if self._patience == math.inf else self._patience)

    def _judge(self) -> None:
        if self._bytes < LEAST_BYTES_PER_SECOND * self._waited:
            raise TimeoutError(
                f"{self._bytes:,} bytes came in {self._waited:.1f} s, which is slower than any line"
            )
        self._waited, self._bytes = 0.0, 0


def bound_body(answer: Response, patience: float | None, deadline: Deadline) -> None:
    """Let the body of an answer be read no longer than it may.

    Args:
        answer: its body unread; one that comes from no socket is left as it is.
        patience: seconds of silence, and those after which the bytes are counted.
        deadline: of the verb.
    """
    raw = _raw_of(getattr(answer.raw, "_fp", None))
    if raw is not None:
        raw.readinto = _Body(raw._sock, math.inf if patience is None else patience, deadline)


def _raw_of(response: object) -> Any:
    """What reads the socket, as the library of Python makes it."""
    raw = getattr(getattr(response, "fp", None), "raw", None)
    return raw if getattr(raw, "_sock", None) is not None else None
