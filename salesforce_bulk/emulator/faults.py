"""Misbehaviour on demand.

A :class:`Fault` says what goes wrong (``kind``), where (``method``, ``path``, ``route``,
``job``, ``object``, ``operation``) and when (``nth`` matching occasion, for ``times``
occasions). The kinds are a table: adding one is adding an entry.

Stages: ``before`` a request is executed, ``after`` it was executed and before the answer
leaves, ``batch`` when a batch starts to run, ``ask`` where the code asks by kind.
"""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from salesforce_bulk.emulator.server import (
    Disturbance,
    Request,
    Response,
    blocks_of,
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that a fault can strike."""

    method: str = ""
    path: str = ""
    route: str = ""
    job: str = ""
    object: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    ``method`` … ``operation`` are patterns with ``*`` and ``?``; empty matches anything. The
    fault strikes the ``nth`` matching occasion (from 1) and the ``times - 1`` after it;
    ``times=0`` strikes them all. ``probability`` below 1 leaves it to the seed.
    ``status``, ``retry_after``, ``after_bytes``, ``seconds``, ``location``, ``code`` and
    ``message`` are details of some kinds; see ``KINDS``.
    """

    kind: str
    method: str = ""
    path: str = ""
    route: str = ""
    job: str = ""
    object: str = ""
    operation: str = ""
    nth: int = 1
    times: int = 1
    probability: float = 1.0
    status: int = 503
    retry_after: str | None = None
    after_bytes: int = 0
    seconds: float = 0.0
    location: str = "http://127.0.0.1:9/"
    code: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(sorted(KINDS))}")

    def matches(self, occasion: Occasion) -> bool:
        return all(
            not pattern or fnmatchcase(value, pattern)
            for pattern, value in (
                (self.method, occasion.method),
                (self.path, occasion.path),
                (self.route, occasion.route),
                (self.job, occasion.job),
                (self.object, occasion.object),
                (self.operation, occasion.operation),
            )
        )

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> Fault:
        """A fault of a script; raises ValueError for a key that is none of its fields."""
        unknown = set(document) - {entry.name for entry in fields(cls)}
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        return cls(**document)


@dataclass(slots=True)
class _Rule:
    fault: Fault
    seen: int = 0
    struck: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """What a fault does, and at which stage."""

    stage: str
    act: Callable[[Fault, Request, Response], Response] | None = None


class Faults:
    """The rules of one org. Thread-safe; the same seed makes the same choices."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(f"faults {seed}")  # noqa: S311 - to be repeated, not secret
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        #: What was struck, in order: (kind, method, path).
        self.fired: list[tuple[str, str, str]] = []

    def add(self, fault: Fault | str, **details: Any) -> Fault:
        """Adds a rule: a Fault, or a kind with its details. Returns it."""
        rule = Fault(fault, **details) if isinstance(fault, str) else fault
        with self._lock:
            self._rules.append(_Rule(rule))
        return rule

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self.fired.clear()

    def take(self, stage: str, occasion: Occasion, kind: str = "") -> Fault | None:
        """The fault that strikes now, if any; it is counted."""
        with self._lock:
            for rule in self._rules:
                fault = rule.fault
                if KINDS[fault.kind].stage != stage or (kind and fault.kind != kind):
                    continue
                if fault.matches(occasion) and self._due(rule):
                    self.fired.append((fault.kind, occasion.method, occasion.path))
                    return fault
        return None

    def _due(self, rule: _Rule) -> bool:
        rule.seen += 1
        if rule.seen < rule.fault.nth or (rule.fault.times and rule.struck >= rule.fault.times):
            return False
        if rule.fault.probability < 1 and self._random.random() >= rule.fault.probability:
            return False
        rule.struck += 1
        return True

    def before(self, occasion: Occasion, request: Request) -> Response | None:
        """The answer in place of the real one; None when the request is to be executed."""
        if not self._rules:
            return None
        fault = self.take("before", occasion)
        return _act(fault, request, Response(200)) if fault else None

    def after(self, occasion: Occasion, request: Request, response: Response) -> Response:
        """The answer as it leaves."""
        if not self._rules:
            return response
        fault = self.take("after", occasion)
        return _act(fault, request, response) if fault else response


def _act(fault: Fault, request: Request, response: Response) -> Response:
    act = KINDS[fault.kind].act
    if act is None:
        raise RuntimeError(f"fault {fault.kind} cannot strike a request")
    return act(fault, request, response)


# The connection


def _reset(fault: Fault, _request: Request, response: Response) -> Response:
    how = Disturbance(head=False, reset=True, request_bytes=fault.after_bytes)
    return Response(response.status, response.headers, b"", disturbance=how)


def _hang_up(_fault: Fault, _request: Request, response: Response) -> Response:
    return Response(response.status, response.headers, b"", disturbance=Disturbance(head=False))


def _garbage(_fault: Fault, _request: Request, response: Response) -> Response:
    response.disturbance = Disturbance(status_line=b"SSH-2.0-OpenSSH_9.6\r\n", cut_after=0)
    return response


def _stall(fault: Fault, _request: Request, response: Response) -> Response:
    response.disturbance = Disturbance(stall_after=fault.after_bytes, stall_seconds=fault.seconds)
    return response


# The body


def _cut(fault: Fault, _request: Request, response: Response, *, reset: bool = False) -> Response:
    response.disturbance = Disturbance(cut_after=fault.after_bytes, reset=reset)
    return response


def _cut_sized(fault: Fault, request: Request, response: Response) -> Response:
    _whole(response)
    return _cut(fault, request, response)


def _cut_chunked(fault: Fault, request: Request, response: Response) -> Response:
    response.chunked = True
    return _cut(fault, request, response)


def _cut_unsized(fault: Fault, _request: Request, response: Response) -> Response:
    """Neither length nor chunks: the cut body ends as a whole one would."""
    body = b"".join(blocks_of(response.body))[: fault.after_bytes]
    headers = {**response.headers, "Connection": "close", "Content-Length": ""}
    return Response(response.status, headers, body)


def _reset_during(fault: Fault, request: Request, response: Response) -> Response:
    return _cut(fault, request, response, reset=True)


def _whole(response: Response) -> bytes:
    """The body as bytes, framed by its length."""
    response.body = b"".join(blocks_of(response.body))
    response.chunked = False
    return response.body


def _corrupt_gzip(fault: Fault, _request: Request, response: Response) -> Response:
    body = _whole(response)
    if response.headers.get("Content-Encoding") != "gzip":
        body = gzip.compress(body, 1)
        response.headers["Content-Encoding"] = "gzip"
    middle = fault.after_bytes or len(body) // 2
    response.body = body[:middle] + bytes(255 - byte for byte in body[middle:])
    return response


def _nul_bytes(_fault: Fault, _request: Request, response: Response) -> Response:
    """A NUL behind the first character of each quoted value of a CSV body."""
    response.body = re.sub(rb'"(\w)', rb'"\1\0', _whole(response))
    return response


# Answers in place of the real one

_PAGE = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><p>{message}</p></body></html>\n"
)


def _status(fault: Fault, _request: Request, _response: Response) -> Response:
    headers = {"Content-Type": "text/html;charset=UTF-8"}
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    text = _PAGE.format(status=fault.status, message=fault.message or "The service is unavailable")
    return Response(fault.status, headers, text.encode())


def _redirect(fault: Fault, _request: Request, _response: Response) -> Response:
    status = fault.status if 300 <= fault.status < 400 else 307
    return Response(status, {"Location": fault.location})


KINDS: dict[str, Kind] = {
    # after_bytes of the request's body are read first
    "reset_before": Kind("before", _reset),
    "reset_after": Kind("after", _reset),
    "answer_lost": Kind("after", _hang_up),
    # status, retry_after, message
    "html_error": Kind("before", _status),
    "html_error_after": Kind("after", _status),
    # location, status
    "redirect": Kind("before", _redirect),
    # after_bytes
    "cut": Kind("after", _cut_chunked),
    "cut_sized": Kind("after", _cut_sized),
    "cut_unsized": Kind("after", _cut_unsized),
    "reset_during": Kind("after", _reset_during),
    # after_bytes, seconds
    "stall": Kind("after", _stall),
    "garbage": Kind("after", _garbage),
    "corrupt_gzip": Kind("after", _corrupt_gzip),
    "nul_bytes": Kind("after", _nul_bytes),
    # asked for where sessions are checked
    "session_expired": Kind("session"),
}
