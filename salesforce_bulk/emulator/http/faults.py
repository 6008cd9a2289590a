"""Misbehaviour on demand.

A :class:`Fault` says what goes wrong (``kind``), where (``method``, ``path``, ``route``,
``job``, ``object``, ``operation``) and when (the ``nth`` matching target and ``times - 1``
more). The kinds are a table, each with the stage at which it strikes:

``before``
    in place of executing the request
``admit``
    when the request was recognised: an error in the words of its API
``session``
    when the session is looked up
``after``
    when the request was executed, on its answer
``batch``
    when a batch runs
"""

from __future__ import annotations

import gzip
import math
import re
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from fnmatch import fnmatchcase
from random import Random
from typing import Any

from salesforce_bulk.emulator.http.server import ReplyFault, Response, blocks_of


@dataclass(frozen=True, slots=True)
class FaultTarget:
    """Something that a fault can strike."""

    method: str = ""
    path: str = ""
    route: str = ""
    job: str = ""
    object: str = ""
    operation: str = ""


_PATTERNS = tuple(entry.name for entry in fields(FaultTarget))


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule.

    ``method`` to ``operation`` are patterns with ``*`` and ``?``; an empty one matches
    anything. ``nth`` counts matching occasions from 1; ``times=0`` strikes all from there on.
    ``probability`` below 1 leaves each to the seed. The rest are details of some kinds, see
    ``KINDS``: ``after_bytes`` and ``after_rows`` say how far things go well, ``seconds`` how
    long, ``rows`` how many.
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
    after_rows: int = 0
    rows: int = 1
    seconds: float = 0.0
    location: str = "http://127.0.0.1:9/"
    code: str = ""
    message: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault {self.kind!r}; there are {', '.join(sorted(KINDS))}")
        for entry in fields(self):
            _check_detail(entry.name, getattr(self, entry.name))

    def matches(self, target: FaultTarget) -> bool:
        return all(
            not (pattern := getattr(self, name)) or fnmatchcase(getattr(target, name), pattern)
            for name in _PATTERNS
        )

    @classmethod
    def from_mapping(cls, document: Any) -> Fault:
        """A fault of a script: its fields by their names. Raises ValueError for anything else."""
        known = {entry.name for entry in fields(cls)}
        if not isinstance(document, dict) or "kind" not in document or set(document) - known:
            raise ValueError(f"not a fault: {document}")
        return cls(**document)


#: What numbers of a fault may be: from, to.
_RANGES: Mapping[str, tuple[float, float]] = {
    "nth": (1, math.inf),
    "times": (0, math.inf),
    "probability": (0, 1),
    "status": (100, 599),
    "after_bytes": (0, math.inf),
    "after_rows": (0, math.inf),
    "rows": (0, math.inf),
    "seconds": (0, math.inf),
}
_FRACTIONS = ("probability", "seconds")


def _check_detail(name: str, value: object) -> None:
    """Raises ValueError for what would never strike, or not as it says."""
    if name not in _RANGES:
        if not isinstance(value, str) and not (name == "retry_after" and value is None):
            raise ValueError(f"{name} of a fault has to be a text, not {value!r}")
        return
    least, most = _RANGES[name]
    number = isinstance(value, int) or (name in _FRACTIONS and isinstance(value, float))
    if isinstance(value, bool) or not number or not least <= value <= most:  # type: ignore[operator]
        place = f"from {least:g}" + (f" to {most:g}" if most < math.inf else "")
        raise ValueError(f"{name} of a fault has to be a number {place}, not {value!r}")


@dataclass(slots=True)
class _ArmedFault:
    fault: Fault
    seen: int = 0
    struck: int = 0


Act = Callable[[Fault, Response], Response]


@dataclass(frozen=True, slots=True)
class FaultKind:
    """What a fault does, and at which stage. ``error`` is the (status, code, message) of those
    that answer with an error of the API, ``rest`` the same where it is another below
    ``/services/data``; the fault's own ``code`` and ``message`` go first.
    """

    stage: str
    act: Act | None = None
    error: tuple[int, str, str] | None = None
    rest: tuple[int, str, str] | None = None


class Faults:
    """The rules of one org. Thread-safe; the same seed makes the same choices."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = f"faults {seed}"
        self._random = Random(self._seed)  # noqa: S311  # nosec B311 # to be repeated, not secret
        self._rules: list[_ArmedFault] = []
        self._lock = threading.Lock()
        #: The names of routes that there are; empty where nobody said.
        self.routes: Collection[str] = ()
        #: What was struck, in order: (kind, method, path).
        self.fired: list[tuple[str, str, str]] = []

    def add(self, fault: Fault | str, **details: Any) -> Fault:
        """Adds a rule: a Fault, or a kind with its details. Returns it.

        Raises ValueError for what there is not, and what could never strike.
        """
        rule = Fault(fault, **details) if isinstance(fault, str) else fault
        self._check_route(rule.route)
        with self._lock:
            self._rules.append(_ArmedFault(rule))
        return rule

    @property
    def rules(self) -> list[Fault]:
        """The rules, in the order in which they were added."""
        with self._lock:
            return [armed.fault for armed in self._rules]

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self.fired.clear()
            self._random.seed(self._seed)

    def _check_route(self, pattern: str) -> None:
        known = sorted(self.routes)
        if pattern and known and not any(fnmatchcase(name, pattern) for name in known):
            near = get_close_matches(pattern, known, 1)
            hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(known)}"
            raise ValueError(f"no route {pattern!r}; {hint}")

    def take(self, stage: str, target: FaultTarget) -> Fault | None:
        """The fault that strikes now, if any; it is counted."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                fault = rule.fault
                if KINDS[fault.kind].stage == stage and fault.matches(target) and self._due(rule):
                    self.fired.append((fault.kind, target.method, target.path))
                    return fault
        return None

    def _due(self, rule: _ArmedFault) -> bool:
        rule.seen += 1
        if rule.seen < rule.fault.nth or (rule.fault.times and rule.struck >= rule.fault.times):
            return False
        if rule.fault.probability < 1 and self._random.random() >= rule.fault.probability:
            return False
        rule.struck += 1
        return True

    def before(self, target: FaultTarget) -> Response | None:
        """The answer in place of the real one; None when the request is to be executed."""
        fault = self.take("before", target)
        return _act(fault, Response(200)) if fault else None

    def after(self, target: FaultTarget, response: Response) -> Response:
        """The answer as it leaves."""
        fault = self.take("after", target)
        return _act(fault, response) if fault else response

    def error(self, target: FaultTarget) -> tuple[int, str, str, dict[str, str]] | None:
        """The status, code, message and headers of the error to answer with, if any."""
        fault = self.take("admit", target)
        if fault is None:
            return None
        kind = KINDS[fault.kind]
        rest = kind.rest if target.path.startswith("/services/data") else None
        status, code, message = rest or kind.error or (fault.status, "", "")
        headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
        return status or fault.status, fault.code or code, fault.message or message, headers


def _act(fault: Fault, response: Response) -> Response:
    act = KINDS[fault.kind].act
    if act is None:
        raise RuntimeError(f"fault {fault.kind} cannot strike an answer")
    return act(fault, response)


# The connection


def _reset(fault: Fault, response: Response) -> Response:
    response.reply_fault = ReplyFault(head=False, reset=True, request_bytes=fault.after_bytes)
    return response


def _hang_up(fault: Fault, response: Response) -> Response:
    response.reply_fault = ReplyFault(head=False, request_bytes=fault.after_bytes)
    return response


def _garbage(_fault: Fault, response: Response) -> Response:
    response.reply_fault = ReplyFault(status_line=b"SSH-2.0-OpenSSH_9.6\r\n", cut_after=0)
    return response


def _stall(fault: Fault, response: Response) -> Response:
    response.reply_fault = ReplyFault(stall_after=fault.after_bytes, stall_seconds=fault.seconds)
    return response


def _slow(fault: Fault, response: Response) -> Response:
    response.reply_fault = ReplyFault(delay=fault.seconds)
    return response


# The body


def _cut(framing: str, *, reset: bool = False) -> Act:
    def act(fault: Fault, response: Response) -> Response:
        if framing == "length":
            _whole_body(response)
        response.framing = framing
        response.reply_fault = ReplyFault(cut_after=fault.after_bytes, reset=reset)
        return response

    return act


def _whole_body(response: Response) -> bytes:
    """The body as bytes, framed by its length."""
    response.body = b"".join(blocks_of(response.body))
    response.framing = "length"
    return response.body


def _corrupt_gzip(fault: Fault, response: Response) -> Response:
    body = _whole_body(response)
    if response.headers.get("Content-Encoding") != "gzip":
        body = gzip.compress(body, 1, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
    middle = fault.after_bytes or len(body) // 2
    response.body = body[:middle] + bytes(255 - byte for byte in body[middle:])
    return response


def _unzip(response: Response) -> bytes:
    body = _whole_body(response)
    if response.headers.pop("Content-Encoding", "") == "gzip":
        body = gzip.decompress(body)
    return body


def _nul_bytes(_fault: Fault, response: Response) -> Response:
    response.body = re.sub(rb'"(\w)', b'"\\1\0', _unzip(response))
    return response


def _empty_as_204(_fault: Fault, response: Response) -> Response:
    """Results without rows come without their header too."""
    if response.status != 200 or response.headers.get("Content-Type") != "text/csv":
        return response
    body = _whole_body(response)
    plain = gzip.decompress(body) if "Content-Encoding" in response.headers else body
    return Response(204) if plain.count(b"\n") <= 1 else response


def _wrong_type(fault: Fault, response: Response) -> Response:
    response.headers["Content-Type"] = fault.message
    return response


# Answers in place of the real one

_PAGE = (
    "<!DOCTYPE html><html><head><title>{status}</title></head>"
    "<body><h1>{status}</h1><p>{message}</p></body></html>\n"
)


def _page(fault: Fault, _response: Response) -> Response:
    headers = {"Content-Type": "text/html;charset=UTF-8"}
    if fault.retry_after is not None:
        headers["Retry-After"] = fault.retry_after
    text = _PAGE.format(status=fault.status, message=fault.message or "The service is unavailable")
    return Response(fault.status, headers, text.encode())


def _redirect(fault: Fault, _response: Response) -> Response:
    status = fault.status if 300 <= fault.status < 400 else 307
    return Response(status, {"Location": fault.location})


KINDS: dict[str, FaultKind] = {
    # RST; before: when after_bytes of the request were read; during: after_bytes of the answer.
    "reset_before": FaultKind("before", _reset),
    "reset_during": FaultKind("after", _cut("chunked", reset=True)),
    "reset_after": FaultKind("after", _reset),
    # The connection ends without a word, as at an idle timeout.
    "closed_before": FaultKind("before", _hang_up),
    "answer_lost": FaultKind("after", _hang_up),
    # The body ends after after_bytes; the framing tells of it, except in cut_unsized.
    "cut": FaultKind("after", _cut("chunked")),
    "cut_sized": FaultKind("after", _cut("length")),
    "cut_unsized": FaultKind("after", _cut("close")),
    # Silence of so many seconds: after after_bytes of the body, or before the answer.
    "stall": FaultKind("after", _stall),
    "slow_answer": FaultKind("after", _slow),
    "garbage": FaultKind("after", _garbage),
    # The compressed body is wrong from after_bytes on (0: from its middle).
    "corrupt_gzip": FaultKind("after", _corrupt_gzip),
    # A NUL behind the first letter of every quoted value.
    "nul_bytes": FaultKind("after", _nul_bytes),
    # message is the Content-Type.
    "wrong_type": FaultKind("after", _wrong_type),
    # An HTML page with status and retry_after, in place of the execution or after it.
    "html_error": FaultKind("before", _page),
    "html_error_after": FaultKind("after", _page),
    # To location, with a status of 3xx (else 307).
    "redirect": FaultKind("before", _redirect),
    # An error of the API itself: status, code, message, retry_after.
    "api_error": FaultKind(
        "admit", error=(0, "InternalServerError", "An unexpected error occurred")
    ),
    "quota_used_up": FaultKind(
        "admit", error=(400, "ExceededQuota", "ApiBatchItems Limit exceeded.")
    ),
    "request_limit": FaultKind(
        "admit",
        error=(400, "ExceededQuota", "TotalRequests Limit exceeded."),
        rest=(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    ),
    "results_expired": FaultKind(
        "admit",
        error=(400, "InvalidJob", "Unable to find job"),
        rest=(404, "NOT_FOUND", "The requested resource does not exist"),
    ),
    # The server still counts the query as running when its results are asked for.
    "results_not_ready": FaultKind(
        "admit",
        error=(400, "InvalidBatch", "Batch not completed"),
        rest=(
            400,
            "JOB_NOT_COMPLETE",
            "can only download query results of successfully completed bulk job with status: "
            "JOB_COMPLETE. Current status: IN_PROGRESS",
        ),
    ),
    # Results in CSV that have no rows: 204, without their header. For bulk2.results, bulk2.page.
    "empty_as_204": FaultKind("after", _empty_as_204),
    "session_expired": FaultKind("session"),
    # The batch is queued again after after_rows rows.
    "requeue": FaultKind("batch"),
    # The batch fails after after_rows rows: code, message; the second has its own.
    "batch_failed": FaultKind(
        "batch", error=(0, "InternalServerError", "An unexpected error occurred")
    ),
    "lock_failures": FaultKind("batch", error=(0, "TooManyLockFailure", "Too many lock failure")),
    # After after_rows, so many rows fail with UNABLE_TO_LOCK_ROW (or code and message).
    "row_errors": FaultKind(
        "batch", error=(0, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
    ),
    # So many rows of each block of a 2.0 job are in none of its result files.
    "lost_results": FaultKind("batch"),
    # In a 2.0 job's results, cells below a header that is not in the API's letter case are empty.
    "lost_cells": FaultKind("batch"),
    # The batch stays in progress for so many seconds.
    "slow_batch": FaultKind("batch"),
    # PK chunks are added one by one, each when the one before has run.
    "late_chunks": FaultKind("batch"),
}
