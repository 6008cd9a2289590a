"""HTTP: the one place that knows `requests`.

What it promises for every call: a pooled connection, a connect and a read timeout, bounded
retries of what is safe to repeat, no session header to another host, no plain http but to
this machine, and errors of this library only. Logs under ``salesforce_bulk`` hold methods,
paths, statuses and times; never headers or bodies.
"""

from __future__ import annotations

import contextlib
import copy
import http.client
import ipaddress
import logging
import os
import re
import ssl
import time
from collections.abc import Generator, Iterator, Mapping
from email.utils import mktime_tz, parsedate_tz
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NamedTuple, Protocol
from urllib.parse import urljoin, urlsplit

import requests
from requests import Response
from requests.exceptions import (
    ConnectTimeout,
    InvalidHeader,
    InvalidSchema,
    InvalidURL,
    MissingSchema,
    ProxyError,
    ReadTimeout,
)
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)
from urllib3.util import Retry, Timeout, parse_url
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
from salesforce_bulk.formats.gunzip import gunzip
from salesforce_bulk.wire.fault import BUSY_STATUSES

__all__ = [
    "Response",
    "Transport",
    "TransportSettings",
    "default_retry",
    "is_loopback",
    "read_body",
    "wire_pieces",
]

log = logging.getLogger("salesforce_bulk")

#: Seconds to connect, and between two pieces of an answer.
DEFAULT_TIMEOUT = (10.0, 120.0)
#: Bytes of a download read at a time; 64 KB cost a third more CPU, 1 KB eight times as much.
PIECE_BYTES = 1 << 18
#: A server that asks for a longer pause than this gets its answer handed to the caller.
LONGEST_RETRY_AFTER = 300
_REDIRECTS = 5
_SECRET_HEADERS = frozenset({"x-sfdc-session", "authorization", "cookie"})
#: Connections kept to one host; more threads than this open further ones for a call each.
_POOL_SIZE = 32
#: What requests or http.client would refuse with the value in the message.
_UNSENDABLE = re.compile(r"[\r\n\0]|^\s|[^\x00-\xff]")


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
        history=(RequestHistory(None, None, None, None, None),),
    )


class Origin(NamedTuple):
    """Where a URL leads: scheme and host in lower case, the port also where none is given."""

    scheme: str
    host: str
    port: int | None


def origin(url: str) -> Origin:
    """The origin of an absolute URL, as the HTTP client reads it.

    Raises:
        InvalidInput: it cannot be read.
    """
    # Not urlsplit: it takes https://evil\\@org for the host org, where the client would
    # connect to evil.
    try:
        parts = parse_url(url)
    except LocationValueError as error:
        raise InvalidInput("The address of the server cannot be read; check the host.") from error
    scheme = parts.scheme or ""
    host = (parts.host or "").strip("[]").lower()
    return Origin(scheme, host, parts.port or {"http": 80, "https": 443}.get(scheme))


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = origin(url).host
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class TransportSettings(NamedTuple):
    """How a client sends; made once, and handed on.

    Attributes:
        session: the caller's own `requests.Session`; its proxies, CA and certificates are
            used for everything, login included. None makes one.
        timeout: seconds to connect and to read, or one number for both.
        proxies: as `requests` takes them, ``{"https": "http://proxy:8080"}``. Those of the
            environment are used as well, but never to reach this machine.
        verify: False, or the path of a CA bundle.
        cert: path of a client certificate, or (certificate, key).
        retry: a `urllib3.util.Retry` that says how often (``total``, ``connect``, ``read``,
            ``status``) and how long; see `default_retry`.
        clock: what sleeps between retries.
    """

    session: requests.Session | None = None
    timeout: float | tuple[float, float] = DEFAULT_TIMEOUT
    proxies: Mapping[str, str] | None = None
    verify: bool | str | None = None
    cert: str | tuple[str, str] | None = None
    retry: Retry | None = None
    clock: Clock = time

    def chosen(self) -> dict[str, Any]:
        """Those that are not the default."""
        defaults = self._field_defaults
        return {
            name: value for name, value in self._asdict().items() if value is not defaults[name]
        }


_DEFAULTS = TransportSettings()


class Transport:
    """Sends requests for one client, from any of its threads.

    Raises:
        InvalidInput: a timeout or a proxy that cannot be used.
    """

    def __init__(self, settings: TransportSettings = _DEFAULTS) -> None:
        self._given = settings.session
        self._sessions = {} if self._given is None else {os.getpid(): self._given}
        self.timeout = _timeout(settings.timeout)
        self.proxies = _proxies(settings.proxies or {})
        self.verify = settings.verify
        self.cert = settings.cert
        self.retry = settings.retry if settings.retry is not None else default_retry()
        self.clock = settings.clock

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_sessions"]
        if state["clock"] is time:  # modules do not pickle
            del state["clock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({"clock": time, **state})
        self._sessions = {} if self._given is None else {os.getpid(): self._given}

    def session(self) -> requests.Session:
        """The session of this process; a child after fork never shares its parent's sockets."""
        # No lock, which another thread could hold while this one forks: setdefault is atomic.
        pid = os.getpid()
        session = self._sessions.get(pid)
        if session is None:
            fresh = _new_session() if self._given is None else _with_own_sockets(self._given)
            session = self._sessions.setdefault(pid, fresh)
        return session

    def close(self) -> None:
        """Close pooled connections; the next call opens new ones."""
        session = self._sessions.get(os.getpid())
        if session is not None:
            session.close()

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
            InvalidInput: the address, a header or a certificate cannot be used.
            InsecureEndpoint: plain http to another machine.
        """
        _refuse_unsendable(headers)
        retry = self.retry
        while True:
            answer: Response | None = None
            failure: TransportError | None = None
            try:
                answer = self._exchange(method, url, headers, body, stream)
                repeat = _repeat_after_answer(answer, retry, repeatable)
            except TransportError as error:
                failure = error
                repeat = _repeat_after_failure(failure, retry, repeatable)
            if repeat is None:
                if answer is None:
                    raise failure  # type: ignore[misc]
                return answer
            retry, pause = repeat
            log.info("%s %s again in %.1f s: %s", method, _path(url), pause, failure or answer)
            if answer is not None:
                answer.close()
            self.clock.sleep(pause)

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
    ) -> Response:
        """One request and its redirects."""
        home = at = origin(url)
        for _ in range(_REDIRECTS + 1):
            _refuse_plain_http(at, url)
            answer = self._once(method, url, headers, body, stream, foreign=at != home)
            if not answer.is_redirect:
                return answer
            answer.close()
            url, at = _redirected(method, url, at, answer)
            if at != home:
                # Gone for good: a foreign host may not send them back either.
                headers = {k: v for k, v in headers.items() if k.lower() not in _SECRET_HEADERS}
        raise UnexpectedResponse(f"{method} {_path(url)} was redirected {_REDIRECTS} times")

    def _once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: bool,
        foreign: bool,
    ) -> Response:
        what = f"{method} {_path(url)}"
        session = self.session()
        started = self.clock.monotonic()
        # Only gzip is asked for, because only gzip is read; a caller's headers go before it.
        sent: dict[str, str | None] = {"Accept-Encoding": "gzip", **headers}
        if foreign:
            # None makes requests leave out what the session would add.
            sent.update((name, None) for name in session.headers if name.lower() in _SECRET_HEADERS)
        try:
            answer = session.request(
                method,
                url,
                data=body,
                headers=sent,
                timeout=self.timeout,
                proxies=self._proxies_for(session, url),
                # requests lets REQUESTS_CA_BUNDLE override session.verify, but not this.
                verify=self.verify if self.verify is not None else _own_verify(session),
                cert=self.cert,
                # Without an auth, requests would take one from ~/.netrc.
                auth=_no_auth if foreign or session.auth is None else None,
                allow_redirects=False,
                stream=True,
            )
            if not stream or answer.status_code >= 400:
                # Read here and not by requests, which cannot tell that gzip broke off.
                answer._content = b"".join(read_body(answer))
        except (requests.RequestException, HTTPError) as error:
            raise translate(error, what) from error
        except OSError as error:
            if isinstance(error, BulkApiError):
                raise
            # requests has its own errors for sockets; what is left are files it cannot open.
            raise InvalidInput(f"{what}: {error}") from error
        except ValueError as error:
            if isinstance(error, BulkApiError):
                raise
            raise UnexpectedResponse(f"{what}: the answer cannot be read ({error})") from error
        log.debug("%s %s %.3f s", what, answer.status_code, self.clock.monotonic() - started)
        return answer

    def _proxies_for(self, session: requests.Session, url: str) -> dict[str, str]:
        # Given with the call, because requests lets the environment override session.proxies.
        proxies = {**session.proxies, **self.proxies}
        if is_loopback(url):
            # A proxy of the environment would see what plain http to this machine hides.
            proxies.setdefault("no_proxy", origin(url).host)
        return proxies


def _repeat_after_answer(
    answer: Response, retry: Retry, repeatable: bool
) -> tuple[Retry, float] | None:
    """The retries left and the pause; None where the answer is the caller's."""
    # 429 says that nothing was done; 5xx leaves it open.
    if answer.status_code not in BUSY_STATUSES or not (repeatable or answer.status_code == 429):
        return None
    wanted = _retry_after(answer.headers) if retry.respect_retry_after_header else None
    if wanted is not None and wanted > LONGEST_RETRY_AFTER:
        return None
    left = _one_less(retry, "status")
    return None if left is None else (left, wanted or left.get_backoff_time())


def _repeat_after_failure(
    failure: TransportError, retry: Retry, repeatable: bool
) -> tuple[Retry, float] | None:
    """The retries left and the pause; None where the failure is the caller's."""
    if (failure.may_have_arrived and not repeatable) or _is_lasting(failure):
        return None
    left = _one_less(retry, "read" if failure.may_have_arrived else "connect")
    return None if left is None else (left, left.get_backoff_time())


def _is_lasting(failure: TransportError) -> bool:
    """Whether the same request would fail in the same way: no trust, or no such server."""
    if isinstance(failure, UnexpectedResponse):
        return True
    in_passing = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)
    return any(
        isinstance(cause, ssl.SSLError) and not isinstance(cause, in_passing)
        for cause in _chain(failure)
    )


def _one_less(retry: Retry, counter: str) -> Retry | None:
    """The policy after one more repeat; None where it allows none.

    Not `Retry.increment`: it would raise urllib3's errors, and count down ``total`` only.
    """
    counts = {name: getattr(retry, name) for name in ("total", counter)}
    left = {name: count - 1 for name, count in counts.items() if count is not None}
    if any(count < 0 for count in left.values()):
        return None
    history = (*retry.history, RequestHistory(None, None, None, None, None))
    return retry.new(**left, history=history)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for; None where it says nothing readable."""
    wanted = headers.get("Retry-After", "").strip()
    if wanted.isascii() and wanted.isdigit():
        return float(wanted)
    date = parsedate_tz(wanted)
    if date is None:
        return None
    # By the server's own clock where it shows it: this machine's may be wrong.
    now = parsedate_tz(headers.get("Date", ""))
    return max(0.0, mktime_tz(date) - (time.time() if now is None else mktime_tz(now)))


def _redirected(method: str, url: str, at: Origin, answer: Response) -> tuple[str, Origin]:
    """Where a redirect leads, or the error that refuses it."""
    status = answer.status_code
    try:
        # Headers are read as Latin-1; addresses are sent in UTF-8.
        target = urljoin(url, answer.headers["Location"].encode("latin-1").decode("utf-8"))
        there = origin(target)
    except (ValueError, InvalidInput) as error:
        raise UnexpectedResponse(
            f"{method} {_path(url)} was redirected to an address that cannot be read", status
        ) from error
    if method != "GET":
        refused = UnexpectedResponse(
            f"{method} {_path(url)} was redirected to {there.scheme}://{there.host}; "
            "give the client that host.",
            status,
        )
        # 303 shows the outcome of what was done; the others say that it was not done here.
        refused.may_have_arrived = status == 303
        raise refused
    if at.scheme == "https" and there.scheme != "https":
        raise InsecureEndpoint(
            f"{method} {_path(url)} was redirected from https to "
            f"{there.scheme}://{there.host}, which is not safe to follow."
        )
    return target, there


def _refuse_plain_http(at: Origin, url: str) -> None:
    if at.scheme not in ("http", "https") or not at.host:
        raise InvalidInput(f"'{at.scheme}://{at.host}' is not an http address; check the host.")
    if at.scheme == "http" and not is_loopback(url):
        raise InsecureEndpoint(
            f"http://{at.host} is plain http, which would show the session to the network; "
            "use https (plain http is for this machine only)."
        )


def _refuse_unsendable(headers: Mapping[str, Any]) -> None:
    for name, value in headers.items():
        if isinstance(value, str) and _UNSENDABLE.search(value):
            raise InvalidInput(
                f"The value of the header {name} has a line break, a leading space or a "
                "character that HTTP cannot carry; strip what was read from a file."
            )


def _timeout(timeout: float | tuple[float, float]) -> tuple[float, float]:
    try:
        connect, read = timeout if isinstance(timeout, (tuple, list)) else (timeout, timeout)
        Timeout(connect=connect, read=read)
    except ValueError as error:
        raise InvalidInput(f"timeout={timeout!r}: {error}") from error
    return connect, read


def _proxies(proxies: Mapping[str, str]) -> dict[str, str]:
    for name, proxy in proxies.items():
        if name != "no_proxy" and not _has_host(proxy):
            # Neither the address nor the error that quotes it: it may hold a password.
            raise InvalidInput(f"The address of the proxy for {name!r} cannot be read.")
    return dict(proxies)


def _has_host(url: str) -> bool:
    try:
        return bool(origin(url).host)
    except InvalidInput:
        return False


def read_body(
    answer: Response,
    piece_bytes: int = PIECE_BYTES,
    wire: Generator[bytes, None, None] | None = None,
) -> Iterator[bytes]:
    """The body of an answer in pieces, decompressed, complete or an error.

    Args:
        answer: from `Transport.send` with ``stream=True``.
        piece_bytes: bytes read from the wire at a time.
        wire: the answer's `wire_pieces` where somebody else reads them; closed by this.

    Raises:
        IncompleteBody: fewer bytes came than announced, the compressed data is damaged or
            has no end.
        UnexpectedResponse: compressed in a way that was not asked for.
        RequestTimeout, ConnectionFailed: the connection failed on the way.
    """
    try:
        with contextlib.closing(wire or wire_pieces(answer, piece_bytes)) as pieces:
            if _coding(answer) not in _CODINGS:
                raise UnexpectedResponse(
                    f"The answer is compressed as {_coding(answer)!r}, which was not asked for; "
                    "a proxy may stand between.",
                    answer.status_code,
                )
            packed = is_packed(answer)
            yield from gunzip(pieces, may_be_empty=shows_its_end(answer)) if packed else pieces
    except (HTTPError, OSError) as error:
        if isinstance(error, BulkApiError):
            raise
        raise translate(error, "The answer") from error
    finally:
        answer.close()


def wire_pieces(answer: Response, piece_bytes: int) -> Generator[bytes, None, None]:
    """The body as it is sent, compressed where it is, in pieces; its errors are urllib3's."""
    while piece := answer.raw.read(piece_bytes, decode_content=False):
        yield piece


def interrupt(answer: Response) -> None:
    """End the body for a thread that waits for its next bytes; it sees a broken connection."""
    # The connection may be read to its end by now, and back in the pool.
    with contextlib.suppress(ValueError, RuntimeError, OSError):
        answer.raw.shutdown()


def shows_its_end(answer: Response) -> bool:
    """Whether HTTP itself shows a cut body, by its length or its chunks."""
    return "Content-Length" in answer.headers or "Transfer-Encoding" in answer.headers


def proves_its_end(answer: Response) -> bool:
    """Whether a cut body would show: by its length, its chunks or its compression."""
    return shows_its_end(answer) or is_packed(answer)


def is_packed(answer: Response) -> bool:
    """Whether the body is compressed in a way that can be read."""
    return _CODINGS.get(_coding(answer), False)


def _coding(answer: Response) -> str:
    return answer.headers.get("Content-Encoding", "").strip().lower()


#: The names of what is read, and whether it is gzip.
_CODINGS = {"": False, "identity": False, "gzip": True, "x-gzip": True}


class _Reading(NamedTuple):
    """What a failure of requests, urllib3, http.client or ssl means here."""

    causes: tuple[type[BaseException], ...]
    kind: type[BulkApiError]
    text: str
    may_have_arrived: bool = True


#: The first row with a cause of the failure counts.
_READINGS = (
    _Reading(
        (InvalidURL, MissingSchema, InvalidSchema, InvalidHeader, LocationValueError),
        InvalidInput,
        "cannot be sent",
    ),
    # Before the next: urllib3 has it as a kind of ConnectTimeoutError.
    _Reading((NewConnectionError,), ConnectionFailed, "no connection", False),
    _Reading((ConnectTimeoutError, ConnectTimeout), RequestTimeout, "no connection in time", False),
    _Reading((ReadTimeoutError, ReadTimeout), RequestTimeout, "no answer in time"),
    _Reading((ProxyError,), ConnectionFailed, "no connection", False),
    _Reading(
        (ssl.SSLCertVerificationError,),
        ConnectionFailed,
        "the server's certificate is not trusted (verify= takes the path of a CA bundle)",
        False,
    ),
    # Other failures of TLS may come after the request was sent.
    _Reading(
        (IncompleteRead, http.client.IncompleteRead), IncompleteBody, "the answer was cut off"
    ),
    _Reading((Exception,), ConnectionFailed, "the connection broke"),
)


def translate(error: Exception, what: str) -> BulkApiError:
    """The error of this library for one of requests, urllib3 or a socket."""
    causes = list(_chain(error))
    reading = next(row for row in _READINGS if any(isinstance(c, row.causes) for c in causes))
    translated = reading.kind(f"{what}: {reading.text} ({error})")
    if isinstance(translated, TransportError):
        translated.may_have_arrived = reading.may_have_arrived
    return translated


def _chain(error: BaseException | None) -> Iterator[BaseException]:
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


class _Session(requests.Session):
    def get_redirect_target(self, resp: Response) -> None:
        """Nowhere: redirects are followed here, and `requests` would prepare for them
        nevertheless, and leave the connection open where it cannot read the address."""


def _new_session() -> requests.Session:
    session = _Session()
    adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=_POOL_SIZE)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers["User-Agent"] = f"salesforce-bulk/{__version__}"
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def _with_own_sockets(session: requests.Session) -> requests.Session:
    """The caller's session for a forked child."""
    try:
        return copy.deepcopy(session)
    except Exception:  # noqa: BLE001 - an adapter of the caller's may hold what cannot be copied
        # This closes the child's handles only; the parent's connections stay open.
        session.close()
        return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _own_verify(session: requests.Session) -> bool | str | None:
    return None if session.verify is True else session.verify


def _path(url: str) -> str:
    return urlsplit(url).path
