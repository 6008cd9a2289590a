"""What all answers of ``/services/async`` share: version, session, errors, headers, routes."""

from __future__ import annotations

import re
import zlib

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import Session, Sessions, SessionUser, bearer
from salesforce_bulk.emulator.endpoints.api_version import NEWEST_VERSION
from salesforce_bulk.emulator.endpoints.bulk1.documents import error_document
from salesforce_bulk.emulator.endpoints.bulk1.media_types import DOCUMENT_TYPES, reply, request_form
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.compression import accepts_gzip, compress
from salesforce_bulk.emulator.http.faults import Faults
from salesforce_bulk.emulator.http.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.jobs.engine import JobError

PREFIX = "/services/async"
#: What is served without a session.
OPEN_ROUTES = frozenset({"bulk1.schema"})


class AsyncFamily:
    """What all answers of ``/services/async`` share."""

    name = "async"

    def __init__(self, sessions: Sessions, faults: Faults, dialect: Dialect) -> None:
        self._sessions = sessions
        self._faults = faults
        self._dialect = dialect
        self._answered = 0

    def method(self, request: Request) -> str:
        return request.method

    def admit(self, call: Call) -> None:
        _check_version(call, self._dialect)
        if call.target.route in OPEN_ROUTES:
            return
        call.session = self._session(call)

    def _session(self, call: Call) -> Session:
        header = call.request.header("x-sfdc-session")
        if not header and self._dialect["login.session.authorization_alone"] == "accepted":
            header = call.request.header("authorization")
        token = bearer(header)
        if self._faults.take("session", call.target):
            self._sessions.expire(token)
        session = self._sessions.find(token)
        if session is None:
            status, code = self._dialect.refusal("login.session.expired")
            raise ApiError(status, code, "Invalid session id")
        return session

    def error(self, call: Call, error: ApiError) -> Response:
        form = call.format or request_form(call.request)
        status, code = error.status, error.code
        if (behaviour := _shared_refusal(call, error)) is not None:
            status, code = self._dialect.refusal(behaviour)
        response = reply(error_document(code, str(error), form), form, status)
        response.headers.update(error.headers)
        return response

    def finish(self, request: Request, response: Response) -> None:
        self._answered += 1
        identity = f"{zlib.crc32(request.target.encode()):08x}{self._answered:024x}"
        response.headers.update(
            {
                "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
                "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
                "X-Content-Type-Options": "nosniff",
                "X-Request-Id": identity,
                "X-SFDC-Request-Id": identity,
                "X-Robots-Tag": "none",
            }
        )
        if version := _deprecated_version(request.path):
            warning = self._dialect["version.warning"].replace("NN.0", version)
            if warning != "none":
                response.headers["Warning"] = warning
        self._speak(request, response)
        if accepts_gzip(request) and self._dialect["http.response_compression"] == "gzip":
            compress(response)

    def _speak(self, request: Request, response: Response) -> None:
        """The headers that are told otherwise by other readings."""
        if response.framing == "chunked":
            response.framing = self._dialect["http.framing"]
        is_document = "/result" not in request.path
        if is_document and response.headers.get("Content-Type") in DOCUMENT_TYPES:
            _, semicolon, charset = self._dialect["http.content_type"].partition(";")
            response.headers["Content-Type"] += semicolon + charset
        if (server := self._dialect["http.server"]) != "none":
            response.headers["Server"] = server


def _shared_refusal(call: Call, error: ApiError) -> str | None:
    """The behaviour that says how this API refuses what all of them refuse; None for its own."""
    if error.code == "DamagedGzip":
        return "http.damaged_gzip"
    # A resource that there is may be refused by the same code.
    unknown = error.code == "InvalidUrl" and not call.target.route
    return "http.unknown_resource" if unknown else None


def _check_version(call: Call, dialect: Dialect) -> None:
    version = call.parameters.get("version", "")
    if not version:
        return
    if not re.fullmatch(r"\d{1,3}\.0", version):
        raise ApiError(*dialect.refusal("version.malformed"), f"Invalid API version: {version}")
    if float(version) < limits.FIRST_SUPPORTED_VERSION:
        raise ApiError(*dialect.refusal("version.retired"), f"API version {version} is retired")
    if float(version) > NEWEST_VERSION:
        raise ApiError(
            *dialect.refusal("version.unknown"), f"API version {version} is not supported"
        )


def _deprecated_version(path: str) -> str | None:
    found = re.match(PREFIX + r"/(\d{1,3}\.0)/", path)
    if found is None:
        return None
    number = float(found[1])
    deprecated = limits.FIRST_SUPPORTED_VERSION <= number <= limits.LAST_DEPRECATED_VERSION
    return found[1] if deprecated else None


def job_route(name: str, path: str, family: AsyncFamily, **handlers: Handler) -> Route:
    """A route below a version, such as ``/job/{job}``, that answers the errors of jobs."""
    guarded = {method: _guard(handler) for method, handler in handlers.items()}
    return route(f"bulk1.{name}", f"{PREFIX}/{{version}}{path}", family, **guarded)


def _guard(handler: Handler) -> Handler:
    def guard(call: Call) -> Response:
        try:
            return handler(call)
        except JobError as error:
            raise ApiError(400, error.code, str(error)) from error

    return guard


def user_of(call: Call) -> SessionUser:
    """Whose call it is."""
    if call.session is None:
        raise RuntimeError("a handler of this family is called with a session")
    return call.session.user
