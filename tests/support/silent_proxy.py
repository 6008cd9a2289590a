"""A way to an emulator on which the org falls silent at a request, until it is told to speak."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from raw_server import STALL, Drip, RawServer, Received, http

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

#: Headers that belong to one connection.
_HOP = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding"}
_NEVER = 1 << 30


class SilentProxy(RawServer):
    """Hands requests on to an emulator; the one at ``at``, and all behind it, end as ``how`` says.

    ``how`` is a name of `ENDS`. `speak` ends that. ``asked`` counts the requests.
    """

    def __init__(self, org: SalesforceEmulator, at: int = _NEVER, how: str = "silent") -> None:
        super().__init__(answer=self._reply)
        self._org = org
        self._at = at
        self._end = ENDS[how]
        self.asked = 0

    def connect(self, **options: Any) -> SalesforceBulk:
        """A client of the emulator that goes this way."""
        direct = self._org.connect()
        return SalesforceBulk(sessionId=direct.sessionId, host=self.url, **options)

    def speak(self) -> None:
        """From now on all requests are answered."""
        self._at = _NEVER

    def fall_silent_at(self, number: int) -> None:
        """The request that is so many from now on, and all behind it."""
        self._at = self.asked + number

    def changed(self, request: Received, body: bytes) -> bytes:
        """The body of an answer, as a subclass wants it."""
        del request
        return body

    def _reply(self, request: Received) -> Any:
        self.asked += 1
        if self.asked < self._at:
            return self._forwarded(request)
        return self._end(lambda: self._forwarded(request))

    def _forwarded(self, request: Received) -> bytes:
        address = urlsplit(self._org.url)
        headers = {name: value for name, value in request.headers.items() if name not in _HOP}
        connection = HTTPConnection(str(address.hostname), address.port, timeout=20)
        try:
            connection.request(request.method, request.path, request.body or None, headers)
            answer = connection.getresponse()
            body = self.changed(request, answer.read())
            own = {*_HOP, "content-type"}
            kept = {name: v for name, v in answer.getheaders() if name.lower() not in own}
            return http(body, answer.status, answer.headers.get("Content-Type"), headers=kept)
        finally:
            connection.close()


Forward = Callable[[], bytes]


def _lost(forward: Forward) -> Any:
    forward()
    return [STALL]


#: What becomes of a request.
ENDS: dict[str, Callable[[Forward], Any]] = {
    "silent": lambda forward: [STALL],
    "the answer is lost": _lost,
    "the answer drips": lambda forward: [Drip(forward(), 0.02)],
    "busy": lambda forward: http(b"later", 503),
}
