"""Paths to handlers, and what every answer of one API family has in common.

A family is one protocol with its own way of saying no: SOAP, Bulk API 1.0, REST. A path that
no family knows is refused by name; nothing is answered with an empty success.
"""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from salesforce_bulk.emulator.access.sessions import Session
from salesforce_bulk.emulator.http.faults import Faults, FaultTarget
from salesforce_bulk.emulator.http.server import (
    ClientGoneError,
    HttpError,
    LoggedRequest,
    Request,
    Response,
)

logger = logging.getLogger(__name__)

#: Requests that the log keeps.
LOGGED_REQUESTS = 1_000


class ApiError(Exception):
    """An error answer, in the terms that all families share."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = dict(headers or {})


@dataclass(slots=True)
class Call:
    """A request on its way through a family.

    ``parameters`` are the route's; ``session`` is set by the family where one is needed, and
    ``format`` where something other than the request decides the form of an error.
    """

    request: Request
    parameters: dict[str, str]
    target: FaultTarget
    session: Session | None = None
    format: str = ""

    def __getitem__(self, name: str) -> str:
        return self.parameters[name]


Handler = Callable[[Call], Response]


class Family(Protocol):
    """What the routes of one protocol share."""

    @property
    def name(self) -> str: ...

    def method(self, request: Request) -> str:
        """The method that is meant, whatever the one that was used."""

    def admit(self, call: Call) -> None:
        """Checks version and session before the handler. Raises ApiError."""

    def error(self, call: Call, error: ApiError) -> Response:
        """The error in the family's words."""

    def finish(self, request: Request, response: Response) -> None:
        """Adds the headers that all its answers carry."""


@dataclass(frozen=True, slots=True)
class Route:
    """One resource. ``name`` is what faults and the log call it."""

    name: str
    pattern: re.Pattern[str]
    family: Family
    methods: Mapping[str, Handler]


def route(name: str, path: str, family: Family, **methods: Handler) -> Route:
    """A route of a path like ``/job/{job}/batch``; a trailing slash is tolerated."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(name, re.compile(f"{pattern}/?"), family, methods)


@dataclass
class Application:
    """Answers requests: route, faults, session, handler, error envelope, log."""

    routes: Sequence[Route]
    families: Mapping[str, Family]
    faults: Faults
    requests: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=LOGGED_REQUESTS))
    api_calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Response:
        found, parameters = self._find(request.path)
        family = found.family if found else self._family(request.path)
        target = FaultTarget(
            method=request.method,
            path=request.target,
            route=found.name if found else "",
            job=parameters.get("job", ""),
        )
        with self._lock:
            self.api_calls += 1
        disturbed = self.faults.before(target)
        if disturbed is not None:
            return disturbed
        if family is None:
            response = _not_emulated(request)
        else:
            response = self._answer(Call(request, parameters, target), found, family)
        return self.faults.after(target, response)

    def answer_within(self, request: Request) -> Response:
        """Answers a request that stands within another one: no fault strikes it, and it is
        neither counted nor logged."""
        found, parameters = self._find(request.path)
        family = found.family if found else self._family(request.path)
        if family is None:
            return _not_emulated(request)
        target = FaultTarget(request.method, request.target, found.name if found else "")
        call = Call(request, parameters, target)
        try:
            return self._handle(call, found, family)
        except ApiError as error:
            return family.error(call, error)

    def reset(self) -> None:
        with self._lock:
            self.api_calls = 0
        self.requests.clear()

    def observe(self, logged: LoggedRequest) -> None:
        self.requests.append(logged)

    def _find(self, path: str) -> tuple[Route | None, dict[str, str]]:
        for candidate in self.routes:
            if match := candidate.pattern.fullmatch(path):
                return candidate, match.groupdict()
        return None, {}

    def _family(self, path: str) -> Family | None:
        return next((f for prefix, f in self.families.items() if path.startswith(prefix)), None)

    def _answer(self, call: Call, found: Route | None, family: Family) -> Response:
        try:
            response = self._handle(call, found, family)
        except ApiError as error:
            response = family.error(call, error)
        except HttpError as error:
            response = family.error(call, ApiError(error.status, error.code, str(error)))
        except ClientGoneError:
            raise
        except Exception:
            # A defect of ours: the client is told so, and the log has the traceback.
            logger.exception("%s %s", call.request.method, call.request.path)
            response = family.error(
                call, ApiError(500, "InternalServerError", "see the emulator's log")
            )
        family.finish(call.request, response)
        return response

    def _handle(self, call: Call, found: Route | None, family: Family) -> Response:
        if found is None:
            family.admit(call)
            raise ApiError(404, "InvalidUrl", _refusal(call.request))
        call.request.method = family.method(call.request)
        handler = found.methods.get(call.request.method)
        if handler is None:
            raise ApiError(
                405,
                "InvalidOperation",
                f"HTTP Method '{call.request.method}' not allowed. "
                f"Allowed are {','.join(found.methods)}",
                {"Allow": ", ".join(found.methods)},
            )
        family.admit(call)
        if (struck := self.faults.error(call.target)) is not None:
            raise ApiError(*struck)
        return handler(call)


def _refusal(request: Request) -> str:
    return f"{request.method} {request.path} is not emulated"


def _not_emulated(request: Request) -> Response:
    text = f"{_refusal(request)} by salesforce_bulk.emulator\n"
    return Response(404, {"Content-Type": "text/plain;charset=UTF-8"}, text.encode())
