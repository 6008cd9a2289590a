"""The control API: what a test does to its org, over HTTP, from any language.

Below ``/_emulator/v1``, a path that no org has; JSON in and out. It is no part of the org: it is
not counted or logged, and no fault strikes it. What changes something needs the control token,
as ``Authorization: Bearer …``, or a page of the emulator itself.
"""

from __future__ import annotations

import dataclasses
import json
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from salesforce_bulk.emulator.access.connected_apps import CONSUMER_KEY, ConnectedApps
from salesforce_bulk.emulator.access.sessions import Sessions, bearer
from salesforce_bulk.emulator.clock import Clock
from salesforce_bulk.emulator.data.org import BatchRefused, Org, User
from salesforce_bulk.emulator.data.values import UNCHANGED
from salesforce_bulk.emulator.endpoints.rest_body import JsonBody
from salesforce_bulk.emulator.endpoints.rest_writer import outcome_document
from salesforce_bulk.emulator.http.faults import Fault, Faults
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.http.server import HttpError, LoggedRequest, Request, Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.schema import SchemaError

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
    def username(self) -> str: ...
    def reset(self) -> None: ...
    def snapshot(self) -> str: ...
    def restore(self, snapshot: str) -> None: ...


_Handler = Callable[["ControlApi", JsonBody | None, Mapping[str, str]], Any]


class ControlApi:
    """Answers requests below ``/_emulator``; ``token`` is what changes need."""

    def __init__(
        self, emulator: ControlledOrg, token: str, origin: Callable[[Request], str]
    ) -> None:
        self._emulator = emulator
        self._token = token
        self._origin = origin

    def answer(self, request: Request) -> Response:
        """The answer to a request; errors are ``{"error": text}``."""
        try:
            document = self._perform(request)
        except (ApiError, HttpError) as error:
            return _reply({"error": str(error)}, error.status)
        except (ValueError, TypeError, SchemaError, BatchRefused) as error:
            return _reply({"error": str(error)}, 400)
        return _reply(document)

    def _perform(self, request: Request) -> Any:
        path = request.path.removeprefix(PREFIX).strip("/")
        found = [
            (handlers, match.groupdict())
            for pattern, handlers in _ROUTES.items()
            if (match := re.fullmatch(pattern, path))
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
        return handler(self, JsonBody(content) if content else None, parameters)

    def _check_permission(self, request: Request) -> None:
        given = bearer(request.header("authorization"))
        own_page = request.header("origin") == self._origin(request)
        if not own_page and not secrets.compare_digest(given.encode(), self._token.encode()):
            raise ApiError(403, "", "a change needs the control token: Authorization: Bearer …")

    # the whole

    def index(self, *_: Any) -> Any:
        """Whether it is there, and how to log in."""
        return {"credentials": self._emulator.credentials, "version": VERSION}

    def reset(self, *_: Any) -> Any:
        """As it was when it began."""
        self._emulator.reset()
        return {}

    def take_snapshot(self, *_: Any) -> Any:
        """Remembers records, objects and users; jobs and sessions are no part of it."""
        return {"id": self._emulator.snapshot()}

    def restore_snapshot(self, _: JsonBody | None, parameters: Mapping[str, str]) -> Any:
        self._emulator.restore(parameters["id"])
        return {}

    # who may log in

    def list_users(self, *_: Any) -> Any:
        return [_user_document(user) for user in self._emulator.org.users.values()]

    def put_user(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        """Adds a user, or changes the one of that name."""
        given = _object(body, _USER_FIELDS, "username")
        users = self._emulator.org.users
        name = given["username"]
        user = users.get(name) or self._emulator.org.add_user(
            name, given.get("password", "password")
        )
        for field, value in given.items():
            setattr(user, field, set(value) if field == "permissions" else value)
        return _user_document(user)

    def register_app(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        document = body.as_object() if body else {}
        certificate = document.get("certificate")
        if certificate is not None and "-----BEGIN" not in str(certificate):
            raise ApiError(400, "", "certificate has to be PEM text")
        app = self._emulator.apps.register_mapping(document, Path())
        return {"consumer_key": app.consumer_key}

    def issue_refresh_token(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        given = _object(body, frozenset({"consumer_key", "username"}))
        key = given.get("consumer_key", CONSUMER_KEY)
        username = given.get("username", self._emulator.username)
        if self._emulator.apps.find(key) is None or username not in self._emulator.org.users:
            raise ApiError(400, "", "there is no such app or user")
        return {"refresh_token": self._emulator.apps.issue(key, username).token}

    def expire_sessions(self, *_: Any) -> Any:
        count = len(self._emulator.sessions)
        self._emulator.sessions.expire_all()
        return {"expired": count}

    # time, faults, requests, jobs

    def tell_time(self, *_: Any) -> Any:
        return {"now": self._emulator.clock.now().isoformat()}

    def advance_clock(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        seconds = _object(body, frozenset({"seconds"}), "seconds")["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds > 1e10:
            raise ApiError(400, "", "seconds has to be a number, at most 10,000,000,000")
        self._emulator.clock.advance(seconds)
        return self.tell_time()

    def list_faults(self, *_: Any) -> Any:
        faults = self._emulator.faults
        fired = [dict(zip(("kind", "method", "path"), line, strict=True)) for line in faults.fired]
        return {"faults": [dataclasses.asdict(rule) for rule in faults.rules], "fired": fired}

    def add_fault(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        fault = Fault.from_mapping(body.document if body else None)
        return dataclasses.asdict(self._emulator.faults.add(fault))

    def clear_faults(self, *_: Any) -> Any:
        self._emulator.faults.clear()
        return {}

    def list_requests(self, *_: Any) -> Any:
        return [
            {"method": r.method, "path": r.path, "status": r.status, "seconds": r.seconds}
            for r in self._emulator.requests
        ]

    def list_jobs(self, *_: Any) -> Any:
        return [
            {"id": job.id, "object": job.object, "operation": job.operation, "state": job.state}
            for job in self._emulator.engine.jobs
        ]

    def pause_jobs(self, *_: Any) -> Any:
        """Batches that come now are queued until they are run."""
        self._emulator.engine.pause()
        return {}

    def run_jobs(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        """Runs queued batches, ``count`` of them or all."""
        count = _object(body, frozenset({"count"})).get("count")
        if count is not None and not (type(count) is int and count >= 0):
            raise ApiError(400, "", "count has to be a number of batches")
        return {"run": self._emulator.engine.run_pending(count)}

    def resume_jobs(self, *_: Any) -> Any:
        self._emulator.engine.resume()
        return {}

    # objects and their records

    def list_objects(self, *_: Any) -> Any:
        org = self._emulator.org
        return {sobject.name: org.count(sobject.name) for sobject in org.schema.objects.values()}

    def define_objects(self, body: JsonBody | None, _: Mapping[str, str]) -> Any:
        """Objects in the short form, or as describe documents: what ``--schema`` takes."""
        if body is None:
            raise ApiError(400, "", "the objects have to be given")
        return {"defined": [o.name for o in self._emulator.org.load_objects(body.document)]}

    def insert_rows(self, body: JsonBody | None, parameters: Mapping[str, str]) -> Any:
        """Rows as objects by field name; an outcome for each."""
        rows = body.document if body else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ApiError(400, "", "the rows have to be a list of objects")
        org = self._emulator.org
        sobject = org.schema.get(parameters["object"])
        if sobject is None or body is None:
            raise ApiError(404, "", f"there is no object {parameters['object']}")
        records = [body.record(row, sobject) for row in rows]
        columns = list(dict.fromkeys(name for record in records for name in record))
        plan = org.plan_write("insert", sobject.name, columns)
        outcomes = plan.write([[r.get(name, UNCHANGED) for name in columns] for r in records])
        return [outcome_document(outcome) for outcome in outcomes]

    def count_rows(self, _: JsonBody | None, parameters: Mapping[str, str]) -> Any:
        sobject = self._emulator.org.schema.get(parameters["object"])
        if sobject is None:
            raise ApiError(404, "", f"there is no object {parameters['object']}")
        return {"count": self._emulator.org.count(sobject.name)}


_OBJECT = r"objects/(?P<object>\w+)"
#: Paths below the prefix, and what is done for each method.
_ROUTES: Mapping[str, Mapping[str, _Handler]] = {
    VERSION: {"GET": ControlApi.index},
    f"{VERSION}/reset": {"POST": ControlApi.reset},
    f"{VERSION}/snapshots": {"POST": ControlApi.take_snapshot},
    rf"{VERSION}/snapshots/(?P<id>\w+)/restore": {"POST": ControlApi.restore_snapshot},
    f"{VERSION}/users": {"GET": ControlApi.list_users, "POST": ControlApi.put_user},
    f"{VERSION}/apps": {"POST": ControlApi.register_app},
    f"{VERSION}/refresh-tokens": {"POST": ControlApi.issue_refresh_token},
    f"{VERSION}/sessions": {"DELETE": ControlApi.expire_sessions},
    f"{VERSION}/clock": {"GET": ControlApi.tell_time, "POST": ControlApi.advance_clock},
    f"{VERSION}/faults": {
        "GET": ControlApi.list_faults,
        "POST": ControlApi.add_fault,
        "DELETE": ControlApi.clear_faults,
    },
    f"{VERSION}/requests": {"GET": ControlApi.list_requests},
    f"{VERSION}/jobs": {"GET": ControlApi.list_jobs},
    f"{VERSION}/jobs/pause": {"POST": ControlApi.pause_jobs},
    f"{VERSION}/jobs/run": {"POST": ControlApi.run_jobs},
    f"{VERSION}/jobs/resume": {"POST": ControlApi.resume_jobs},
    f"{VERSION}/objects": {"GET": ControlApi.list_objects, "POST": ControlApi.define_objects},
    f"{VERSION}/{_OBJECT}": {"GET": ControlApi.count_rows},
    f"{VERSION}/{_OBJECT}/rows": {"POST": ControlApi.insert_rows},
}


def _object(body: JsonBody | None, known: frozenset[str], needed: str = "") -> dict[str, Any]:
    """The fields of a body, each of them known. Raises ApiError."""
    document = body.as_object() if body else {}
    unknown = sorted(set(document) - known)
    if unknown:
        raise ApiError(
            400, "", f"{unknown[0]} is unknown here; there are {', '.join(sorted(known))}"
        )
    if needed and needed not in document:
        raise ApiError(400, "", f"{needed} has to be given")
    return document


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


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
    return Response(status, headers, json.dumps(document, ensure_ascii=False).encode())
