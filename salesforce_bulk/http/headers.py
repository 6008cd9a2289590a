"""Headers: those of a request, which of them are secret, and what is read from an answer's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from salesforce_bulk.wire.redaction import Redaction

_SECRET_HEADERS = frozenset({"x-sfdc-session", "authorization", "cookie"})
#: What another origin is told; whatever else a program or a session sends may be a secret.
_FOR_ANYBODY = frozenset(
    {"accept", "accept-encoding", "connection", "content-type", "range", "user-agent"}
)
#: What requests or http.client would refuse with the value in the message.
_UNSENDABLE = re.compile(r"[\r\n\0]|^\s|[^\x00-\xff]")


class SealedHeaders:
    """The headers of a request, the session in them, as no traceback with locals shows them."""

    __slots__ = ("_headers", "redaction")

    def __init__(self, headers: Mapping[str, str], redaction: Redaction | None = None) -> None:
        self._headers = dict(headers)
        #: Takes the secrets of this request out of what comes back.
        self.redaction = Redaction(self._secrets()) if redaction is None else redaction

    def __repr__(self) -> str:
        return f"<headers {', '.join(self._headers)}>"

    def _secrets(self) -> Iterator[str]:
        """What nobody may see."""
        for name, value in self._headers.items():
            if name.lower() in _SECRET_HEADERS:
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                yield text
                yield text.removeprefix("Bearer ")

    def unsendable(self) -> str | None:
        """The name of a header whose value HTTP cannot carry."""
        for name, value in self._headers.items():
            if isinstance(value, str) and _UNSENDABLE.search(value):
                return name
        return None

    def packed(self) -> SealedHeaders:
        """The headers of a body that is compressed."""
        return SealedHeaders({**self._headers, "Content-Encoding": "gzip"}, self.redaction)

    def without_secrets(self) -> SealedHeaders:
        """The headers for another origin."""
        kept = {k: v for k, v in self._headers.items() if k.lower() in _FOR_ANYBODY}
        return SealedHeaders(kept, self.redaction)

    def to_send(self, own: Iterable[str]) -> dict[str, str | None]:
        """The headers as `requests` takes them.

        Args:
            own: names of headers that the session would add, where the secret ones must not be.
        """
        # Only gzip is asked for, because only gzip is read; a caller's headers go before it.
        sent: dict[str, str | None] = {"Accept-Encoding": "gzip", **self._headers}
        # None makes requests leave out what the session would add.
        return sent | {name: None for name in own if name.lower() not in _FOR_ANYBODY}


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """When an answer was sent, by the server's clock; None where its ``Date`` says nothing."""
    # Here, because it takes long to import; requests has imported it when an answer comes.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    try:
        return parsedate_to_datetime(headers["Date"])
    except (KeyError, ValueError, OverflowError):
        return None
