"""HTTP: the one place that knows `requests`.

What it promises for every call: a pooled connection, a connect and a read timeout, bounded
retries of what is safe to repeat, no session header to another host, no plain http but to
this machine, and errors of this library only. Logs under ``salesforce_bulk`` hold methods,
paths, statuses and times; never headers or bodies.
"""

from __future__ import annotations

import copy
import ipaddress
import logging
import os
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests
from requests import Response
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    InvalidHeader,
    MaxRetryError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util import Retry
from urllib3.util.retry import RequestHistory

from salesforce_bulk.__version__ import __version__
from salesforce_bulk.errors import (
    BulkApiError,
    ConnectionFailed,
    IncompleteBody,
    InsecureEndpoint,
    InvalidInput,
    RequestTimeout,
    TransportError,
    UnexpectedResponse,
)
from salesforce_bulk.wire.fault import BUSY_STATUSES

__all__ = ["Response", "Transport", "default_retry", "is_loopback", "read_body"]

log = logging.getLogger("salesforce_bulk")

#: Seconds to connect, and between two pieces of an answer.
DEFAULT_TIMEOUT = (10.0, 120.0)
#: Bytes of a download read at a time; 1 KB would cost eight times the CPU.
PIECE_BYTES = 1 << 16
#: A server that asks for a longer pause than this gets its answer handed to the caller.
LONGEST_RETRY_AFTER = 300
_REDIRECTS = 5
_SECRET_HEADERS = frozenset({"x-sfdc-session", "authorization", "cookie"})
#: Connections kept to one host; more threads than this open further ones for a call each.
_POOL_SIZE = 32


class Clock(Protocol):
    """What waits and measures; the module `time` is one."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


def default_retry() -> Retry:
    """Five repeats, 1 to 60 seconds apart with jitter; a ``Retry-After`` goes first."""
    # The one entry of history makes the first pause as long as the second; urllib3 would
    # repeat at once, all clients together.
    return Retry(
        total=5,
        backoff_factor=0.5,
        backoff_jitter=1.0,
        backoff_max=60,
        retry_after_max=86_400,
        history=(RequestHistory(None, None, None, None, None),),
    )


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port, with the scheme's own port where none is given."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname or "", port


class Transport:
    """Sends requests for one client, from any of its threads.

    Args:
        session: the caller's own `requests.Session`; its proxies, CA and certificates are
            used for everything, login included. None makes one.
        timeout: seconds to connect and to read, or one number for both.
        proxies: as `requests` takes them, ``{"https": "http://proxy:8080"}``.
        verify: False, or the path of a CA bundle.
        cert: path of a client certificate, or (certificate, key).
        retry: a `urllib3.util.Retry` that says how often and how long; see `default_retry`.
        clock: what sleeps between retries.
    """

    def __init__(
        self,
        *,
        session: requests.Session | None = None,
        timeout: float | tuple[float, float] = DEFAULT_TIMEOUT,
        proxies: Mapping[str, str] | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        retry: Retry | None = None,
        clock: Clock = time,
    ) -> None:
        self._session = session
        self.timeout = timeout
        self.proxies = dict(proxies or {})
        self.verify = verify
        self.cert = cert
        self.retry = retry if retry is not None else default_retry()
        self.clock = clock
        self._pid = os.getpid()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_lock"]
        if state["clock"] is time:  # modules do not pickle
            del state["clock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({"clock": time, **state})
        self._lock = threading.Lock()

    def session(self) -> requests.Session:
        """The session of this process; a child after fork never shares its parent's sockets."""
        if self._session is None or self._pid != os.getpid():
            with self._lock:
                if self._session is None:
                    self._session = _new_session()
                elif self._pid != os.getpid():
                    self._session = copy.deepcopy(self._session)
                self._pid = os.getpid()
        return self._session

    def close(self) -> None:
        """Close pooled connections; the next call opens new ones."""
        if self._session is not None:
            self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        repeatable: bool,
        stream: bool = False,
    ) -> Response:
        """One request, repeated where that cannot do anything twice.

        Args:
            method: ``GET`` or ``POST``.
            url: absolute, https, or http to this machine.
            headers: sent as they are; the session header goes to the URL's own host only.
            body: the whole body.
            repeatable: whether the request may be repeated even where the first try may have
                reached the server. What certainly never reached it is repeated always.
            stream: leave the body unread; the caller reads it with `read_body`.

        Returns:
            the answer, whatever its status; a busy server's answer only after the retries.

        Raises:
            TransportError: no answer came, or half of one.
            InsecureEndpoint: plain http to another machine.
        """
        retry = self.retry
        while True:
            failure: TransportError | None = None
            answer: Response | None = None
            try:
                answer = self._exchange(method, url, headers, body, stream)
            except TransportError as error:
                if error.may_have_arrived and not repeatable:
                    raise
                failure = error
            pause = self._pause_before_repeat(answer, repeatable)
            if answer is not None and pause is None:
                return answer
            try:
                retry = retry.increment(method, url)
            except MaxRetryError:
                if answer is not None:
                    return answer
                raise failure from failure.__cause__  # type: ignore[union-attr, misc]
            if not pause:
                pause = retry.get_backoff_time()
            log.info("%s %s again in %.1f s: %s", method, _path(url), pause, failure or answer)
            if answer is not None:
                answer.close()
            self.clock.sleep(pause)

    def _pause_before_repeat(self, answer: Response | None, repeatable: bool) -> float | None:
        """Seconds the server asked for, 0 where it named none, None where nothing is repeated."""
        if answer is None:
            return 0.0
        # 429 says that nothing was done; 5xx leaves it open.
        if answer.status_code not in BUSY_STATUSES or not (repeatable or answer.status_code == 429):
            return None
        wanted = answer.headers.get("Retry-After")
        if wanted is None:
            # A 500 of the API itself is an answer; only the machines before it are in passing.
            return None if answer.status_code == 500 else 0.0
        try:
            seconds = self.retry.parse_retry_after(wanted)
        except InvalidHeader:
            return 0.0
        return seconds if seconds <= LONGEST_RETRY_AFTER else None

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
    ) -> Response:
        """One request and its redirects."""
        for _ in range(_REDIRECTS + 1):
            answer = self._once(method, url, headers, body, stream)
            target = self.session().get_redirect_target(answer)
            if target is None:
                return answer
            answer.close()
            target = urljoin(url, target)
            if method != "GET":
                raise UnexpectedResponse(
                    f"{method} {_path(url)} was redirected to {_place(target)}; "
                    "give the client that host.",
                    status_code=answer.status_code,
                )
            if origin(target) != origin(url):
                headers = {k: v for k, v in headers.items() if k.lower() not in _SECRET_HEADERS}
            url = target
        raise UnexpectedResponse(f"{method} {_path(url)} was redirected {_REDIRECTS} times")

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
    ) -> Response:
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https"):
            raise InvalidInput(f"{_place(url)!r} is not an http address; check the host")
        if scheme == "http" and not is_loopback(url):
            raise InsecureEndpoint(
                f"{_place(url)} is plain http, which would show the session to the network; "
                "use https (plain http is for this machine only)."
            )
        session = self.session()
        started = self.clock.monotonic()
        try:
            answer = session.request(
                method,
                url,
                data=body,
                headers=dict(headers),
                timeout=self.timeout,
                proxies=self.proxies or None,
                # requests lets REQUESTS_CA_BUNDLE override session.verify, but not this.
                verify=self.verify if self.verify is not None else _own_verify(session),
                cert=self.cert,
                allow_redirects=False,
                stream=True,
            )
            if not stream or answer.status_code >= 400:
                # Read here and not by requests, which cannot tell that gzip broke off.
                answer._content = b"".join(read_body(answer))
        except requests.RequestException as error:
            raise translate(error, f"{method} {_path(url)}") from error
        log.debug(
            "%s %s %s %.3f s", method, _path(url), answer.status_code,
            self.clock.monotonic() - started,
        )  # fmt: skip
        return answer


def read_body(answer: Response, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """The body of an answer in pieces, decompressed, complete or an error.

    Args:
        answer: from `Transport.send` with ``stream=True``.
        piece_bytes: bytes read from the wire at a time.

    Raises:
        IncompleteBody: fewer bytes came than announced, the compressed data is damaged or
            has no end.
        RequestTimeout, ConnectionFailed: the connection failed on the way.
    """
    pieces = _wire_pieces(answer, piece_bytes)
    if answer.headers.get("Content-Encoding", "").strip().lower() in ("gzip", "x-gzip"):
        pieces = _gunzip(pieces)
    try:
        yield from pieces
    except (HTTPError, OSError) as error:
        raise translate(error, "The answer") from error
    finally:
        answer.close()


def proves_its_end(answer: Response) -> bool:
    """Whether a cut body would show: by its length, its chunks or its compression."""
    return any(
        answer.headers.get(name)
        for name in ("Content-Length", "Transfer-Encoding", "Content-Encoding")
    )


def _wire_pieces(answer: Response, piece_bytes: int) -> Iterator[bytes]:
    while piece := answer.raw.read(piece_bytes, decode_content=False):
        yield piece


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    began = False
    for compressed in pieces:
        piece = compressed
        while piece:
            if decoder.eof:  # gzip files may stand one behind another
                decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            began = True
            try:
                text = decoder.decompress(piece)
            except zlib.error as error:
                raise IncompleteBody(f"The answer is damaged: {error}. Fetch it again.") from error
            if text:
                yield text
            piece = decoder.unused_data
    if began and not decoder.eof:
        raise IncompleteBody("The answer broke off within its compressed data. Fetch it again.")


def translate(error: Exception, what: str) -> BulkApiError:
    """The error of this library for one of requests, urllib3 or a socket."""
    causes = list(_chain(error))
    if any(isinstance(cause, (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema,
                              requests.exceptions.InvalidHeader)) for cause in causes):  # fmt: skip
        return InvalidInput(f"{what}: {error}")
    if any(isinstance(cause, (ConnectTimeoutError, requests.ConnectTimeout)) for cause in causes):
        return _unsent(RequestTimeout(f"{what}: no connection within the timeout ({error})"))
    if any(isinstance(cause, (ReadTimeoutError, requests.ReadTimeout)) for cause in causes):
        return RequestTimeout(f"{what}: no answer within the timeout ({error})")
    if any(isinstance(c, (NewConnectionError, requests.exceptions.ProxyError,
                          requests.exceptions.SSLError)) for c in causes):  # fmt: skip
        return _unsent(ConnectionFailed(f"{what}: no connection ({error})"))
    if any(isinstance(cause, IncompleteRead) for cause in causes):
        return IncompleteBody(f"{what} broke off before its end ({error}). Fetch it again.")
    return ConnectionFailed(f"{what}: the connection broke ({error})")


def _unsent(error: TransportError) -> TransportError:
    error.may_have_arrived = False
    return error


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those it wraps; requests and urllib3 keep them in three places."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        current = waiting.pop()
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, getattr(current, "reason", None), *current.args[:2]]


def _new_session() -> requests.Session:
    session = requests.Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=_POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # Without an auth of its own, requests would take one from ~/.netrc.
    session.auth = _no_auth
    session.headers["User-Agent"] = f"salesforce-bulk/{__version__}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _own_verify(session: requests.Session) -> bool | str | None:
    return None if session.verify is True else session.verify


def _path(url: str) -> str:
    return urlsplit(url).path


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}"
