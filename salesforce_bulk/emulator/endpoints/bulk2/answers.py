"""How this API answers: documents, CSV, refusals, and the routes that guard its handlers."""

from __future__ import annotations

from collections.abc import Iterator

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.endpoints.bulk2.documents import Reply
from salesforce_bulk.emulator.endpoints.rest.family import (
    FRAMEWORK_CODES,
    PREFIX,
    RestFamily,
    json_reply,
    not_found,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Handler, Route, route
from salesforce_bulk.emulator.http.server import FilePart, Response
from salesforce_bulk.emulator.jobs.engine import JobError


def job_route(name: str, path: str, family: RestFamily, **handlers: Handler) -> Route:
    """A route below ``/jobs``, such as ``/ingest/{job}``, that answers the errors of jobs."""
    guarded = {method: _guarded(handler) for method, handler in handlers.items()}
    return route(f"bulk2.{name}", f"{PREFIX}/{{version}}/jobs{path}", family, **guarded)


def _guarded(handler: Handler) -> Handler:
    def guarded(call: Call) -> Response:
        try:
            return handler(call)
        except JobError as error:
            raise ApiError(400, FRAMEWORK_CODES.get(error.code, error.code), str(error)) from error
        except ApiError as error:
            if error.status == 204:
                return Response(204)
            raise
        except FileNotFoundError as error:
            # Another call deleted the job while this one was about it.
            raise not_found() from error

    return guarded


def user_of(call: Call) -> SessionUser:
    """Whose call it is."""
    if call.session is None:
        raise RuntimeError("a handler of this family is called with a session")
    return call.session.user


def refused(dialect: Dialect, behaviour: str, message: str) -> ApiError:
    """The refusal that the dialect has for a behaviour."""
    status, code = dialect.refusal(behaviour)
    return ApiError(status, code, message)


def document_reply(dialect: Dialect, document: Reply) -> Response:
    """A document as JSON."""
    return json_reply(as_sent(dialect, document))


def as_sent(dialect: Dialect, document: Reply) -> Reply:
    """A document with its fields that have no value, or without them."""
    if dialect["bulk2.ingest.fields_without_value"] == "null":
        return document
    return {name: value for name, value in document.items() if value is not None}


def csv_reply(body: bytes | FilePart | Iterator[bytes], content_type: str) -> Response:
    return Response(200, {"Content-Type": content_type}, body, framing="chunked")
