"""HTTP: the one place that knows `requests`.

What it promises for every call: a pooled connection, a connect and a read timeout, bounded
retries of what is safe to repeat, no session header to another host, no plain http but to
this machine, and errors of this library only. Logs under ``salesforce_bulk`` hold methods,
paths, statuses and times; never headers or bodies.
"""

from __future__ import annotations

import logging
import math
import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import mktime_tz, parsedate_tz
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import requests
from requests import Response
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout
from urllib3.util.retry import RequestHistory

from salesforce_bulk.errors import (
    BulkApiError,
    InsecureEndpoint,
    InvalidInput,
    RequestTimeout,
    TransportError,
    UnexpectedResponse,
)
from salesforce_bulk.http.address import Origin, is_loopback, origin
from salesforce_bulk.http.body import as_from_a_socket, read_document
from salesforce_bulk.http.clock import Deadline, DeadlinePassed
from salesforce_bulk.http.failures import chain_of, is_refusal, is_untrusted, translate
from salesforce_bulk.http.foreign_logs import redacting_logs
from salesforce_bulk.http.headers import SealedHeaders
from salesforce_bulk.http.pace import bound_body
from salesforce_bulk.http.session import (
    new_session,
    repeats_by_itself,
    with_own_sockets,
    without_cookies,
    without_repeats,
)
from salesforce_bulk.http.settings import TransportSettings, sealed_proxies
from salesforce_bulk.wire.fault import BUSY_STATUSES
from salesforce_bulk.wire.redaction import Redaction

__all__ = [
    "Response",
    "Transport",
    "default_retry",
]

log = logging.getLogger("salesforce_bulk")

#: Seconds between repeats at most, and those by which clients that failed together differ.
_LONGEST_PAUSE, _JITTER = 60.0, 1.0
#: A server that asks for a longer pause than this gets its answer handed to the caller.
LONGEST_RETRY_AFTER = 300
#: Bytes of a body that are sent before it is asked whether there is time for more.
_SLICE_BYTES = 1 << 16
#: Bytes of a document in which a request may be echoed; a larger one holds rows.
_DOCUMENT_THAT_MAY_ECHO = 1 << 16
_REDIRECTS = 5


class _Policy(Retry):
    """Pauses with jitter and a bound, which urllib3 itself has from 2.0 on only."""

    def get_backoff_time(self) -> float:
        """Seconds before the next repeat."""
        # The first pause is as long as the second without jitter: urllib3 would repeat at once,
        # all clients together.
        spread = random.uniform(0, _JITTER)  # noqa: S311  # nosec B311 # no secret
        pause: float = self.backoff_factor * 2 ** len(self.history) + spread
        return min(_LONGEST_PAUSE, pause)


def default_retry() -> Retry:
    """Five repeats, 1 to 60 seconds apart with jitter; a ``Retry-After`` goes first."""
    return _Policy(total=5, backoff_factor=0.5)


def _redact(answer: Response, redaction: Redaction) -> None:
    """Take what the request had in secret out of an answer that echoes it: this is the one place
    where text of others comes in, and whatever quotes it is clean."""
    answer.reason = redaction.text(str(answer.reason or ""))
    for name, value in list(answer.headers.items()):
        answer.headers[name] = redaction.header(value)
    content = answer._content
    if not isinstance(content, bytes):
        return
    if answer.status_code >= 400:
        answer._content = redaction.page(content)
    elif len(content) <= _DOCUMENT_THAT_MAY_ECHO:
        answer._content = redaction.document(content)


def _forget_request(error: BaseException) -> None:
    """Take the request away from the causes of an error: its headers are in their attributes, and
    in the frames of their tracebacks."""
    for cause in chain_of(error):
        for failure in _with_contexts(cause):
            if failure is not error:
                failure.__traceback__ = None
                if getattr(failure, "request", None) is not None:
                    failure.request = None  # type: ignore[attr-defined]


def _with_contexts(cause: BaseException) -> Iterator[BaseException]:
    """An exception, and those in whose handling it was raised, which ``from None`` only hides."""
    failure: BaseException | None = cause
    while failure is not None:
        yield failure
        failure = failure.__context__


class Transport:
    """Sends requests for one client, from any of its threads.

    Raises:
        InvalidInput: a timeout or a proxy that cannot be used.
    """

    #: Seconds to connect, and of silence in an answer; None waits without end.
    timeout: tuple[float | None, float | None]

    def __init__(self, settings: TransportSettings) -> None:
        self._given = settings.session
        self._sessions = {} if self._given is None else {os.getpid(): self._given}
        self.timeout = _timeout(settings.timeout)
        self.proxies = _proxies(settings.proxies or {})
        self.verify = settings.verify
        self.cert = settings.cert
        self.retry = settings.retry if settings.retry is not None else default_retry()
        self.clock = settings.clock
        #: By which everything ends that this sends; `until` makes one that has an end.
        self.deadline = Deadline(settings.clock, None)
        self.max_document_bytes = settings.max_document_bytes
        # Whoever was never reached may be a mistyped name; a caller's own policy is kept to.
        self._fails_fast = settings.retry is None
        self._reached: set[Origin] = set()
        self._told: set[str] = set()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_sessions"], state["deadline"]
        if state["clock"] is time:  # modules do not pickle
            del state["clock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({"clock": time, **state})
        self.deadline = Deadline(self.clock, None)
        self._sessions = {} if self._given is None else {os.getpid(): self._given}

    def until(self, deadline: Deadline) -> Transport:
        """The same transport, over the same connections, for what has to end by a deadline."""
        bound = object.__new__(type(self))
        bound.__dict__.update(self.__dict__)
        bound.clock = bound.deadline = deadline
        return bound

    def session(self) -> requests.Session:
        """The session of this process; a child after fork never shares its parent's sockets."""
        # No lock, which another thread could hold while this one forks: setdefault is atomic.
        pid = os.getpid()
        session = self._sessions.get(pid)
        if session is None:
            fresh = new_session() if self._given is None else with_own_sockets(self._given)
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
        headers: Mapping[str, str] | SealedHeaders,
        body: bytes | None = None,
        repeatable: bool,
        stream: bool = False,
        most_bytes: int | None = None,
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
            most_bytes: of a body that is read here; None is ``max_document_bytes``.

        Returns:
            the answer, whatever its status; a busy server's answer only after the retries.

        Raises:
            TransportError: no answer came, or half of one.
            InvalidInput: the address, a header or a certificate cannot be used.
            InsecureEndpoint: plain http to another machine.
            DeadlinePassed: the time of the verb was up; what was sent may have arrived.
        """
        sealed = headers if isinstance(headers, SealedHeaders) else SealedHeaders(headers)
        del headers
        _refuse_unsendable(sealed)
        most_bytes = self.max_document_bytes if most_bytes is None else most_bytes
        retry = self.retry
        while True:
            answer: Response | None = None
            failure: TransportError | None = None
            try:
                answer = self._exchange(method, url, sealed, body, None if stream else most_bytes)
                repeat = _repeat_after_answer(answer, retry, repeatable)
            except TransportError as error:
                failure = error
                repeat = self._repeat_after_failure(url, failure, retry, repeatable)
            if repeat is None:
                if answer is None:
                    raise failure  # type: ignore[misc]
                return answer
            retry, pause = repeat
            why = failure if answer is None else f"HTTP {answer.status_code}"
            log.info("%s %s is sent again in %.1f s: %s", method, _path(url), pause, why)
            if answer is not None:
                answer.close()
            self.deadline.sleep(pause)

    def _repeat_after_failure(
        self, url: str, failure: TransportError, retry: Retry, repeatable: bool
    ) -> tuple[Retry, float] | None:
        """The retries left and the pause; None where the failure is the caller's."""
        if (failure.may_have_arrived and not repeatable) or _is_lasting(failure):
            return None
        if self._fails_fast and is_refusal(failure) and origin(url) not in self._reached:
            return None
        left = _one_less(retry, "read" if failure.may_have_arrived else "connect")
        return None if left is None else (left, left.get_backoff_time())

    def _exchange(
        self,
        method: str,
        url: str,
        headers: SealedHeaders,
        body: bytes | None,
        most_bytes: int | None,
    ) -> Response:
        """One request and its redirects; its error holds nothing that the request had in secret."""
        try:
            with redacting_logs(headers.redaction):
                return self._follow(method, url, headers, body, most_bytes)
        except BulkApiError as error:
            headers.redaction.error(error)
            _forget_request(error)
            raise

    def _follow(
        self,
        method: str,
        url: str,
        headers: SealedHeaders,
        body: bytes | None,
        most_bytes: int | None,
    ) -> Response:
        home, at_home = url, True
        for _ in range(_REDIRECTS + 1):
            at = origin(url)
            _refuse_plain_http(at, url)
            answer = self._once(method, url, headers, body, most_bytes, foreign=not at_home)
            if not answer.is_redirect:
                return answer
            answer.close()
            url = _redirect_address(method, url, at, answer)
            if at_home and not _is_same_api(home, url):
                at_home = False
                # Gone for good: a foreign host may not send them back either.
                headers = headers.without_secrets()
        raise UnexpectedResponse(f"{method} {_path(url)} was redirected {_REDIRECTS} times")

    def _once(
        self,
        method: str,
        url: str,
        headers: SealedHeaders,
        body: bytes | None,
        most_bytes: int | None,
        foreign: bool,
    ) -> Response:
        what = f"{method} {_path(url)}"
        started = self.clock.monotonic()
        left = self.deadline.left()
        with self._own_errors(what, left):
            answer = self._request(method, url, headers, body, left, foreign)
            self._reached.add(origin(url))
            self._read(answer, most_bytes)
        _redact(answer, headers.redaction)
        log.debug("%s %s %.3f s", what, answer.status_code, self.clock.monotonic() - started)
        return answer

    def _request(
        self,
        method: str,
        url: str,
        headers: SealedHeaders,
        body: bytes | None,
        left: float,
        foreign: bool,
    ) -> Response:
        session = self._sending_session(url, foreign)
        answer = session.request(
            method,
            url,
            data=body if body is None or left == math.inf else _Slices(body, self.deadline),
            headers=headers.to_send(session.headers if foreign else ()),
            timeout=_within(self.timeout, left),
            proxies=self._proxies_for(session, url),
            # requests lets REQUESTS_CA_BUNDLE override session.verify, but not this.
            verify=self.verify if self.verify is not None else _own_verify(session),
            cert=self.cert,
            # Without an auth, requests would take one from ~/.netrc.
            auth=_no_auth if foreign or session.auth is None else None,
            allow_redirects=False,
            hooks=_hooks(session),
            stream=True,
        )
        return as_from_a_socket(answer)

    def _read(self, answer: Response, most_bytes: int | None) -> None:
        """The body, where no more than ``most_bytes`` of it are wanted; no redirect has one."""
        # urllib3 before 2.0 takes a body that was cut for a whole one.
        answer.raw.enforce_content_length = True
        bound_body(answer, self.timeout[1], self.deadline)
        if answer.status_code >= 400:
            most_bytes = self.max_document_bytes
        if most_bytes is not None and not answer.is_redirect:
            # Read here and not by requests, which cannot tell that gzip broke off.
            answer._content = read_document(answer, most_bytes)

    @contextmanager
    def _own_errors(self, what: str, left: float) -> Iterator[None]:
        try:
            yield
        except BulkApiError:
            raise
        except (requests.RequestException, HTTPError) as error:
            failure = translate(error, what)
            self._raise_where_time_is_up(left, failure)
            raise failure from error
        except OSError as error:
            if error.errno is not None:  # an adapter's of the caller, at whatever moment
                raise translate(error, what) from error
            # requests has its own errors for sockets, and this for certificates that are no files.
            raise InvalidInput(f"{what}: {error}") from error
        except ValueError as error:
            raise UnexpectedResponse(f"{what}: the answer cannot be read ({error})") from error

    def _raise_where_time_is_up(self, left: float, failure: BulkApiError) -> None:
        """Where it was the deadline that cut the waiting, whatever the clock of a test says."""
        if isinstance(failure, RequestTimeout):
            own = self.timeout[failure.may_have_arrived]
            if own is None or left <= own:
                raise DeadlinePassed from failure
        self.deadline.left()

    def _sending_session(self, url: str, foreign: bool) -> requests.Session:
        """The session for one request, whose adapter does not repeat it."""
        session = self.session()
        if "repeats" not in self._told and repeats_by_itself(session, url):
            self._told.add("repeats")
            log.warning(
                "The session's adapter would repeat requests (max_retries): that is off for calls "
                "of this library, because a batch whose answer was lost would be there twice. "
                "Give SalesforceBulk(retry=...) instead."
            )
        session = without_repeats(session, url)
        return without_cookies(session) if foreign else session

    def _proxies_for(self, session: requests.Session, url: str) -> dict[str, str]:
        # Given with the call, because requests lets the environment override session.proxies.
        proxies = {**session.proxies, **self.proxies}
        if is_loopback(url):
            # A proxy of the environment would see what plain http to this machine hides.
            proxies.setdefault("no_proxy", origin(url).host)
        return proxies


class _Slices:
    """A body that is sent piece by piece, as long as there is time."""

    def __init__(self, body: bytes, deadline: Deadline) -> None:
        self._body = memoryview(body)
        self._deadline = deadline

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), _SLICE_BYTES):
            self._deadline.left()
            yield bytes(self._body[start : start + _SLICE_BYTES])


def _within(
    timeout: tuple[float | None, float | None], left: float
) -> tuple[float | None, float | None]:
    """The timeout of a call for which there is that much time."""
    if left == math.inf:
        return timeout
    connect, read = (left if own is None else min(own, left) for own in timeout)
    return connect, read


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


def _is_lasting(failure: TransportError) -> bool:
    """Whether the same request would fail in the same way: no trust, or no such server."""
    return isinstance(failure, UnexpectedResponse) or is_untrusted(failure)


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
    date = _seconds_of(wanted)
    if date is None:
        return None
    # By the server's own clock where it shows it: this machine's may be wrong.
    now = _seconds_of(headers.get("Date", ""))
    return max(0.0, date - (time.time() if now is None else now))


def _seconds_of(date: str) -> float | None:
    parts = parsedate_tz(date)
    try:
        return None if parts is None else mktime_tz(parts)
    except (ValueError, OverflowError):
        return None  # a year that no calendar has


def _is_same_api(url: str, target: str) -> bool:
    """Whether an address is in the API that was called, and on its origin."""
    if origin(url) != origin(target):
        return False
    known, there = (unquote(urlsplit(one).path).split("/") for one in (url, target))
    return ".." not in there and known[:3] == there[:3]


def _redirect_address(method: str, url: str, at: Origin, answer: Response) -> str:
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
    return target


def _refuse_plain_http(at: Origin, url: str) -> None:
    if at.scheme not in ("http", "https") or not at.host:
        raise InvalidInput(f"'{at.scheme}://{at.host}' is not an http address; check the host.")
    if at.scheme == "http" and not is_loopback(url):
        raise InsecureEndpoint(
            f"http://{at.host} is plain http, which would show the session to the network; "
            "use https (plain http is for this machine only)."
        )


def _refuse_unsendable(headers: SealedHeaders) -> None:
    name = headers.unsendable()
    if name is not None:
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
    return sealed_proxies(proxies) or {}


def _has_host(url: str) -> bool:
    try:
        return bool(origin(url).host)
    except InvalidInput:
        return False


def _hooks(session: requests.Session) -> dict[str, Any]:
    # Given with the call, they stand in place of the session's.
    own = session.hooks.get("response") or []
    return {"response": [_leave_redirect_unread, *([own] if callable(own) else own)]}


def _leave_redirect_unread(answer: Response, **_: Any) -> None:
    """The body of a redirect says nothing, and `requests` would read it whole, whatever its size,
    before it is asked not to follow."""
    if answer.is_redirect:
        answer.close()
        answer._content, answer._content_consumed = b"", True  # type: ignore[attr-defined]


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _own_verify(session: requests.Session) -> bool | str | None:
    return None if session.verify is True else session.verify


def _path(url: str) -> str:
    return urlsplit(url).path
