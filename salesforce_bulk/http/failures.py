"""What a failure of requests, urllib3, http.client or ssl means here.

The errors that leave are this library's, and those of `requests` as well: programs that catch
``requests.exceptions.ConnectionError`` around a call go on doing so. The classes stand here and not
in `errors`, which is imported where `requests` is not.
"""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Iterator
from typing import Any, NamedTuple

from requests import exceptions
from urllib3.exceptions import (
    ConnectTimeoutError,
    IncompleteRead,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)

from salesforce_bulk.errors import (
    BulkApiError,
    ConnectionFailed,
    IncompleteBody,
    InvalidInput,
    RequestTimeout,
    TransportError,
)


class _OfRequests(exceptions.RequestException):
    """What programs look at on an exception of `requests`: there was no answer."""

    request = None
    response = None


class RequestsConnectionFailed(ConnectionFailed, _OfRequests, exceptions.ConnectionError):
    """No connection, or one that broke."""


class RequestsProxyFailed(ConnectionFailed, _OfRequests, exceptions.ProxyError):
    """The proxy cannot be reached, or refuses."""


class RequestsTlsFailed(ConnectionFailed, _OfRequests, exceptions.SSLError):
    """The server's certificate is not trusted, or TLS fails otherwise."""


class RequestsConnectTimeout(RequestTimeout, _OfRequests, exceptions.ConnectTimeout):
    """No connection in time."""


class RequestsReadTimeout(RequestTimeout, _OfRequests, exceptions.ReadTimeout):
    """No answer in time."""


class RequestsIncompleteBody(IncompleteBody, _OfRequests, exceptions.ChunkedEncodingError):
    """The answer broke off."""


class RequestsInvalidAddress(InvalidInput, _OfRequests, exceptions.InvalidURL):
    """The address cannot be used."""


class _Meaning(NamedTuple):
    causes: tuple[type[BaseException], ...]
    kind: type[BulkApiError]
    text: str
    may_have_arrived: bool = True
    next_step: str = ""


#: What urllib3 says of a connection, behind the connection's own repr.
_REFUSAL = re.compile(r"Failed to .+")
_TIME_UP = re.compile(r"(?:Read|Connection to \S+) timed out\.(?: \(\w+ timeout=[^)]+\))?")
#: The line of Python's source that a text of OpenSSL ends with.
_SOURCE = re.compile(r" \(_ssl\.c:\d+\)")
_TRUST = "the server's certificate is not trusted (verify= takes the path of a CA bundle)"

#: The first row with a cause of the failure counts.
_MEANINGS = (
    _Meaning(
        (
            exceptions.InvalidURL,
            exceptions.MissingSchema,
            exceptions.InvalidSchema,
            exceptions.InvalidHeader,
            LocationValueError,
        ),
        RequestsInvalidAddress,
        "cannot be sent",
    ),
    _Meaning(
        (exceptions.ProxyError,),
        RequestsProxyFailed,
        "no connection",
        False,
        ". Check the proxy: proxies=, or HTTPS_PROXY in the environment.",
    ),
    # Before the next: urllib3 has it as a kind of ConnectTimeoutError.
    _Meaning(
        (NewConnectionError,),
        RequestsConnectionFailed,
        "no connection",
        False,
        ". Check the host, the network, and whether it is reached by a proxy only.",
    ),
    _Meaning(
        (ConnectTimeoutError, exceptions.ConnectTimeout),
        RequestsConnectTimeout,
        "no connection in time",
        False,
    ),
    _Meaning((ReadTimeoutError, exceptions.ReadTimeout), RequestsReadTimeout, "no answer in time"),
    _Meaning((ssl.SSLCertVerificationError,), RequestsTlsFailed, _TRUST, False),
    # Other failures of TLS may come after the request was sent.
    _Meaning((ssl.SSLError,), RequestsTlsFailed, "the connection broke"),
    _Meaning(
        (IncompleteRead, http.client.IncompleteRead),
        RequestsIncompleteBody,
        "the answer was cut off",
    ),
    _Meaning((Exception,), RequestsConnectionFailed, "the connection broke"),
)


def translate(error: Exception, what: str) -> BulkApiError:
    """The error of this library for one of requests, urllib3 or a socket."""
    causes = list(chain_of(error))
    meaning = next(row for row in _MEANINGS if any(isinstance(c, row.causes) for c in causes))
    translated = meaning.kind(f"{what}: {meaning.text} ({_said(causes)}){meaning.next_step}")
    if isinstance(translated, TransportError):
        translated.may_have_arrived = meaning.may_have_arrived
    return translated


def _said(causes: list[BaseException]) -> str:
    """What the system said of a connection, with its host; else what the library said."""
    refused = next((cause for cause in causes if isinstance(cause, NewConnectionError)), None)
    why = _REFUSAL.search(str(refused))
    if refused is not None and why is not None:
        connection = vars(refused).get("conn") or refused.pool  # urllib3 2 and 1.26
        return f"{connection.host}:{connection.port}: {why[0]}"
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return f"{_host_of(causes)}{_SOURCE.sub('', str(tls))}"
    time_up = next(filter(None, (_TIME_UP.search(str(cause)) for cause in causes)), None)
    return str(causes[0]) if time_up is None else f"{_host_of(causes)}{time_up[0]}"


def _host_of(causes: list[BaseException]) -> str:
    """What a sentence about a connection begins with, where it is known which one it was."""
    pools = (getattr(cause, "pool", None) for cause in causes)
    return next((f"{pool.host}:{pool.port}: " for pool in pools if pool is not None), "")


def is_untrusted(failure: BaseException) -> bool:
    """Whether TLS failed in a way that every repeat would: no trust, or no TLS there."""
    in_passing = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)
    return any(
        isinstance(cause, ssl.SSLError) and not isinstance(cause, in_passing)
        for cause in chain_of(failure)
    )


def is_refusal(failure: BaseException) -> bool:
    """Whether there was nobody: an unknown name, or a machine that takes no connection."""
    return any(isinstance(cause, NewConnectionError) for cause in chain_of(failure))


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those it wraps; requests and urllib3 keep them in three places."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, getattr(current, "reason", None), *current.args[:2]]
