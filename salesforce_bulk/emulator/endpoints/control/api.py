"""The control API: what a test does to its org, over HTTP, from any language.

Below ``/_emulator/v1``, a path that no org has; JSON in and out. It is no part of the org: it is
not counted or logged, and no fault strikes it. What changes something needs the control token,
as ``Authorization: Bearer …``, or a page of the emulator itself.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from salesforce_bulk.emulator.access.connected_apps import CONSUMER_KEY, ConnectedApps
from salesforce_bulk.emulator.access.sessions import Sessions
from salesforce_bulk.emulator.clock import Clock
from salesforce_bulk.emulator.data.org import BatchRefused, Org, User
from salesforce_bulk.emulator.endpoints.control.call import ControlCall, ControlRoutes
from salesforce_bulk.emulator.endpoints.control.jobs import ControlJobs
from salesforce_bulk.emulator.endpoints.control.records import ControlRecords
from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.faults import KINDS, Fault, Faults
from salesforce_bulk.emulator.http.masking import masked_headers, masked_text, shown_body
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.http.server import (
    LOGGED_BYTES,
    HttpError,
    LoggedRequest,
    Request,
    Response,
)
from salesforce_bulk.emulator.jobs.engine import JobEngine, JobError
from salesforce_bulk.emulator.schema.schema import SchemaError
from salesforce_bulk.emulator.soql.errors import SoqlError

PREFIX = "/_emulator"
VERSION = "v1"
BODY_BYTES = 50_000_000
_JSON = "application/json;charset=UTF-8"
_USER_FIELDS = frozenset({"username", "password", "security_token", "permissions", "name", "email"})


class ControlledOrg(Protocol):
    """The emulator, as far as it is driven from here."""

    org: Org
    engine: JobEngine
    faults: Faults
    clock: Clock
    sessions: Sessions
    apps: ConnectedApps

    @property
    def credentials(self) -> dict[str, str]: ...
    @property
    def requests(self) -> list[LoggedRequest]: ...
    @property
    def api_calls(self) -> int: ...
    @property
    def snapshots(self) -> list[str]: ...
    @property
    def route_names(self) -> list[str]: ...
    @property
    def username(self) -> str: ...
    def reset(self) -> None: ...
    def snapshot(self) -> str: ...
    def restore(self, snapshot: str) -> None: ...


class ControlApi:
    """Answers requests below ``/_emulator``; ``token`` is what changes need."""

    def __init__(
        self, emulator: ControlledOrg, token: str, origin: Callable[[Request], str]
    ) -> None:
        self._emulator = emulator
        self._token = token
        self._origin = origin
        jobs = ControlJobs(emulator.engine, emulator.org.dialect)
        records = ControlRecords(emulator.org)
        #: Paths below the version's, and what is done for each method.
        self.routes: ControlRoutes = {**self._routes(), **jobs.routes(), **records.routes()}

    def _routes(self) -> ControlRoutes:
        return {
            "": {"GET": self.index},
            "summary": {"GET": self.summary},
            "dialect": {"GET": self.tell_dialect},
            "reset": {"POST": self.reset},
            "snapshots": {"GET": self.list_snapshots, "POST": self.take_snapshot},
            r"snapshots/(?P<id>\w+)/restore": {"POST": self.restore_snapshot},
            "users": {"GET": self.list_users, "POST": self.put_user},
            "apps": {"POST": self.register_app},
            "refresh-tokens": {"POST": self.issue_refresh_token},
            "sessions": {"GET": self.count_sessions, "DELETE": self.expire_sessions},
            "clock": {"GET": self.tell_time, "POST": self.advance_clock},
            "faults": {
                "GET": self.list_faults,
                "POST": self.add_fault,
                "DELETE": self.clear_faults,
            },
            "requests": {"GET": self.list_requests},
            r"requests/(?P<id>\d+)": {"GET": self.show_request},
        }

    def answer(self, request: Request) -> Response:
        """The answer to a request; errors are ``{"error": text}``."""
        try:
            document = self._perform(request)
        except (ApiError, HttpError) as error:
            return _reply({"error": str(error)}, error.status)
        except JobError as error:
            return _reply({"error": str(error)}, 404)
        except SoqlError as error:
            return _reply({"error": error.message, "code": error.code, "at": error.at}, 400)
        except (ValueError, TypeError, SchemaError, BatchRefused, csv.Error) as error:
            return _reply({"error": str(error)}, 400)
        return document if isinstance(document, Response) else _reply(document)

    def _perform(self, request: Request) -> Any:
        version, _, path = request.path.removeprefix(PREFIX).strip("/").partition("/")
        found = [
            (handlers, match.groupdict())
            for pattern, handlers in self.routes.items()
            if version == VERSION and (match := re.fullmatch(pattern, path))
        ]
        if not found:
            raise ApiError(404, "", f"{request.path} is no resource of the control API")
        handlers, parameters = found[0]
        handler = handlers.get(request.method)
        if handler is None:
            raise ApiError(405, "", f"{request.path} takes {', '.join(handlers)}")
        if request.method != "GET":
            self._check_permission(request)
        content = request.body.read_all(BODY_BYTES)
        body = JsonBody(content, Dialect()) if content else None
        return handler(ControlCall(parameters, request.query, body))

    def _check_permission(self, request: Request) -> None:
        given = _token(request.header("authorization"))
        own_page = request.header("origin") == self._origin(request)
        if not own_page and not secrets.compare_digest(given.encode(), self._token.encode()):
            raise ApiError(403, "", "a change needs the control token: Authorization: Bearer …")

    # the whole

    def index(self, _: ControlCall) -> Any:
        """Whether it is there, and how to log in."""
        return {"credentials": self._emulator.credentials, "version": VERSION}

    def summary(self, _: ControlCall) -> Any:
        """How much there is of everything, and what time it is."""
        org, jobs = self._emulator.org, self._emulator.engine.jobs
        return {
            "records": sum(org.count(name) for name in list(org.schema.objects)),
            "jobs": len(jobs),
            "unfinished_jobs": sum(not job.finished for job in jobs),
            "sessions": len(self._emulator.sessions),
            "requests": self._emulator.api_calls,
            "faults": len(self._emulator.faults.rules),
            "faults_struck": len(self._emulator.faults.fired),
            "paused": self._emulator.engine.paused,
            "now": self._emulator.clock.now().isoformat(),
        }

    def reset(self, _: ControlCall) -> Any:
        """As it was when it began."""
        self._emulator.reset()
        return {}

    def tell_dialect(self, _: ControlCall) -> Any:
        """The readings that are not the emulator's own, such as those of ``--dialect random``."""
        return dict(self._emulator.org.dialect.chosen)

    def list_snapshots(self, _: ControlCall) -> Any:
        return self._emulator.snapshots

    def take_snapshot(self, _: ControlCall) -> Any:
        """Remembers records, objects and users; jobs and sessions are no part of it."""
        return {"id": self._emulator.snapshot()}

    def restore_snapshot(self, call: ControlCall) -> Any:
        self._emulator.restore(call["id"])
        return {}

    # who may log in

    def list_users(self, _: ControlCall) -> Any:
        return [_user_document(user) for user in self._emulator.org.users.values()]

    def put_user(self, call: ControlCall) -> Any:
        """Adds a user, or changes the one of that name."""
        given = call.fields(_USER_FIELDS, "username")
        _check_user(given)
        users = self._emulator.org.users
        name = given["username"]
        user = users.get(name) or self._emulator.org.add_user(
            name, given.get("password", "password")
        )
        for field, value in given.items():
            setattr(user, field, set(value) if field == "permissions" else value)
        return _user_document(user)

    def register_app(self, call: ControlCall) -> Any:
        document = call.document()
        certificate = document.get("certificate")
        if certificate is not None and "-----BEGIN" not in str(certificate):
            raise ApiError(400, "", "certificate has to be PEM text")
        app = self._emulator.apps.register_mapping(document, Path())
        return {"consumer_key": app.consumer_key}

    def issue_refresh_token(self, call: ControlCall) -> Any:
        given = call.fields(frozenset({"consumer_key", "username"}))
        key = given.get("consumer_key", CONSUMER_KEY)
        username = given.get("username", self._emulator.username)
        if self._emulator.apps.find(key) is None or username not in self._emulator.org.users:
            raise ApiError(400, "", "there is no such app or user")
        return {"refresh_token": self._emulator.apps.issue(key, username).token}

    def count_sessions(self, _: ControlCall) -> Any:
        return {"count": len(self._emulator.sessions)}

    def expire_sessions(self, _: ControlCall) -> Any:
        count = len(self._emulator.sessions)
        self._emulator.sessions.expire_all()
        return {"expired": count}

    # time, faults, requests

    def tell_time(self, _: ControlCall) -> Any:
        return {"now": self._emulator.clock.now().isoformat()}

    def advance_clock(self, call: ControlCall) -> Any:
        seconds = call.fields(frozenset({"seconds"}), "seconds")["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds > 1e10:
            raise ApiError(400, "", "seconds has to be a number, at most 10,000,000,000")
        self._emulator.clock.advance(seconds)
        return self.tell_time(call)

    def list_faults(self, _: ControlCall) -> Any:
        """The rules, what they struck, and what there is to choose from."""
        faults = self._emulator.faults
        fired = [dict(zip(("kind", "method", "path"), line, strict=True)) for line in faults.fired]
        return {
            "faults": [dataclasses.asdict(rule) for rule in faults.rules],
            "fired": fired,
            "kinds": {name: kind.stage for name, kind in KINDS.items()},
            "routes": self._emulator.route_names,
        }

    def add_fault(self, call: ControlCall) -> Any:
        fault = Fault.from_mapping(call.body.document if call.body else None)
        return dataclasses.asdict(self._emulator.faults.add(fault))

    def clear_faults(self, _: ControlCall) -> Any:
        self._emulator.faults.clear()
        return {}

    def list_requests(self, call: ControlCall) -> Any:
        """The last requests, oldest first; ``last`` of them."""
        return [_request_line(r) for r in call.last(self._emulator.requests)]

    def show_request(self, call: ControlCall) -> Any:
        """One request with headers and the start of both bodies, secrets masked."""
        number = int(call["id"])
        for logged in self._emulator.requests:
            if logged.number == number:
                return {**_request_line(logged), **_request_content(logged)}
        raise ApiError(404, "", f"the log has no request {number}")


def _request_line(logged: LoggedRequest) -> dict[str, Any]:
    return {
        "number": logged.number,
        "method": logged.method,
        "path": masked_text(logged.path),
        "status": logged.status,
        "seconds": logged.seconds,
        "time": logged.moment.isoformat() if logged.moment else None,
    }


def _request_content(logged: LoggedRequest) -> dict[str, Any]:
    # The log has the request's body as it was read, without its Content-Encoding.
    plain = {name: v for name, v in logged.headers.items() if name != "content-encoding"}
    return {
        "headers": masked_headers(logged.headers),
        "body": shown_body(logged.body, plain),
        "body_cut": len(logged.body) >= LOGGED_BYTES,
        "answer_headers": masked_headers(logged.answer_headers),
        "answer_body": shown_body(logged.answer_body, logged.answer_headers),
        "answer_body_cut": len(logged.answer_body) >= LOGGED_BYTES,
    }


def _check_user(given: Mapping[str, Any]) -> None:
    """Raises ApiError for a detail of another type."""
    for name, value in given.items():
        texts = value if name == "permissions" and isinstance(value, list) else [value]
        if name == "permissions" and not isinstance(value, list):
            raise ApiError(400, "", "permissions has to be a list of names")
        if not all(isinstance(text, str) for text in texts):
            raise ApiError(400, "", f"{name} has to be a text")


def _user_document(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "username": user.username,
        "permissions": sorted(user.permissions),
        "name": user.name,
        "email": user.email,
    }


def _reply(document: Any, status: int = 200) -> Response:
    headers = {"Content-Type": _JSON, "Cache-Control": "no-store"}
    text = json.dumps(document, ensure_ascii=False)
    return Response(status, headers, text.encode("utf-8", "replace"))


def _token(header: str) -> str:
    """The token of ``Bearer {token}``, in any letter case (RFC 9110, 11.1), or the bare token."""
    scheme, _, token = header.strip().partition(" ")
    return token.strip() if scheme.lower() in ("bearer", "oauth") else header.strip()
