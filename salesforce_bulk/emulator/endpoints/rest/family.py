"""What all answers of ``/services/data`` share: version, session, errors as an array, headers.

Sources: REST API Developer Guide, "Status Codes and Error Responses", "Limit Info Header".
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import Session, Sessions, bearer
from salesforce_bulk.emulator.endpoints.api_version import NEWEST_VERSION
from salesforce_bulk.emulator.endpoints.rest.conditional import NotModifiedError
from salesforce_bulk.emulator.endpoints.rest.terms import check_terms
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.compression import accepts_gzip, compress
from salesforce_bulk.emulator.http.faults import Faults
from salesforce_bulk.emulator.http.routes import ApiError, Call
from salesforce_bulk.emulator.http.server import Request, Response

PREFIX = "/services/data"
JSON = "application/json;charset=UTF-8"
#: REST requests in 24 hours.
DAILY_API_REQUESTS = 5_000_000
#: What the vendor's JSON parser may say behind an unexpected character.
_EXPECTED = "expected a valid value (number, String, array, object, 'true', 'false' or 'null')"
#: What is served without a session.
OPEN_ROUTES = frozenset({"rest.versions"})

#: Codes of the asynchronous framework: here upper-cased and without separators.
FRAMEWORK_CODES = {
    "InvalidJob": "INVALIDJOB",
    "InvalidJobState": "INVALIDJOBSTATE",
    "InvalidEntity": "INVALIDENTITY",
    "InvalidOperation": "INVALIDOPERATION",
    "FeatureNotEnabled": "FEATURENOTENABLED",
    "ExceededQuota": "EXCEEDEDQUOTA",
    "InvalidUser": "INVALIDUSER",
}

#: The framework's words for what every API says, in REST's spelling.
_SPELLING = {
    **FRAMEWORK_CODES,
    "InvalidUrl": "NOT_FOUND",
    "InvalidOperation": "METHOD_NOT_ALLOWED",
    "ClientInputError": "JSON_PARSER_ERROR",
    "DamagedGzip": "JSON_PARSER_ERROR",
    "InternalServerError": "UNKNOWN_EXCEPTION",
}


class RestError(ApiError):
    """An error that names fields."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] = ()) -> None:
        super().__init__(status, code, message)
        self.fields = list(fields)


class SeveralRecords(ApiError):
    """Status 300: a key that several records have; their addresses are the answer."""

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__(300, "", "")
        self.addresses = list(addresses)


class RestFamily:
    """The family of REST and Bulk API 2.0."""

    name = "rest"

    def __init__(self, sessions: Sessions, faults: Faults, dialect: Dialect) -> None:
        self._sessions = sessions
        self._faults = faults
        self._dialect = dialect
        self.calls = 0
        self._lock = threading.Lock()

    def method(self, request: Request) -> str:
        """For clients that cannot send PATCH or DELETE: POST with ``?_HttpMethod=``."""
        meant = request.query.get("_HttpMethod", [""])[0].upper()
        return meant if meant and request.method == "POST" else request.method

    def admit(self, call: Call) -> None:
        _check_version(call)
        _check_coding(call.request)
        check_terms(call)
        if call.target.route not in OPEN_ROUTES:
            call.session = self._session(call)

    def _session(self, call: Call) -> Session:
        header = call.request.header("authorization")
        scheme, _, token = header.partition(" ")
        if scheme not in ("Bearer", "OAuth") or not token.strip():
            raise _unauthorized_error("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        if self._faults.take("session", call.target):
            self._sessions.expire(bearer(header))
        session = self._sessions.find(bearer(header))
        if session is None:
            status, code = self._dialect.refusal("oauth.session.expired_in_rest")
            raise _unauthorized_error(code, "Session expired or invalid", status)
        return session

    def error(self, call: Call, error: ApiError) -> Response:
        del call
        if isinstance(error, NotModifiedError):
            return Response(304)
        if isinstance(error, SeveralRecords):
            return json_reply(error.addresses, error.status)
        code = _SPELLING.get(error.code, error.code)
        precondition = "rest.conditional.precondition"
        if error.code == "PRECONDITION_FAILED" and "without" in self._dialect[precondition]:
            return Response(error.status)
        if error.status == 503 and code == _SPELLING["InternalServerError"]:
            code = "SERVER_UNAVAILABLE"
        body: dict[str, object] = {"message": self._words(str(error)), "errorCode": code}
        if isinstance(error, RestError):
            body["fields"] = error.fields
        response = json_reply([body], error.status)
        response.headers.update(error.headers)
        return response

    def _usage(self) -> dict[str, str]:
        form = self._dialect["rest.limit_info"]
        if form == "none":
            return {}
        return {"Sforce-Limit-Info": form.replace("N/M", f"{self.calls}/{DAILY_API_REQUESTS}")}

    def _words(self, message: str) -> str:
        """The vendor's parser may say what it expected, too."""
        if self._dialect["rest.json.malformed"] == "JSON_PARSER_ERROR, with what was expected":
            return re.sub(
                r"^(Unexpected character .*\)) at (?=\[)", rf"\1: {_EXPECTED} at ", message
            )
        return message

    def finish(self, request: Request, response: Response) -> None:
        with self._lock:
            self.calls += 1
        response.headers.update(
            {
                "Cache-Control": "no-cache,must-revalidate,max-age=0,no-store,private",
                **self._usage(),
                "X-Content-Type-Options": "nosniff",
                "X-Robots-Tag": "none",
                "Vary": "Accept-Encoding",
            }
        )
        if response.headers.get("Content-Type") == JSON and isinstance(response.body, bytes):
            response.headers["Content-Type"] = self._dialect["rest.json.content_type"]
            response.body = self._written(request, response.body)
        if accepts_gzip(request) and self._dialect["http.rest_response_compression"] == "gzip":
            compress(response)

    def _written(self, request: Request, body: bytes) -> bytes:
        """JSON as the dialect has it; ``X-PrettyPrint: 1`` asks for JSON for people."""
        pretty = request.header("x-prettyprint").strip() == "1"
        # The documents of jobs have an order of their own.
        is_job = "/jobs/" in request.path
        ordered = not is_job and self._dialect["rest.json.key_order"] == "alphabetical"
        if not pretty and not ordered:
            return body
        text = json.dumps(
            json.loads(body),
            indent=2 if pretty else None,
            separators=None if pretty else (",", ":"),
            sort_keys=ordered,
            ensure_ascii=False,
        )
        return text.encode("utf-8", "replace")


def json_reply(
    document: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON answer, its keys in the order given (1.0 sorts them)."""
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    content = body.encode("utf-8", "replace")
    return Response(status, {"Content-Type": JSON, **(headers or {})}, content)


def parsed_json(body: bytes) -> Any:
    """The JSON that a client sent. Raises ApiError."""
    try:
        value = wire.parse_json(body)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (UnicodeEncodeError, RecursionError) as error:
        # Escapes can spell half a surrogate pair, which is no character.
        text = "An escape is half a surrogate pair, or the document is nested too deeply"
        raise ApiError(400, "JSON_PARSER_ERROR", text) from error
    except wire.WireError as error:
        raise ApiError(400, "JSON_PARSER_ERROR", str(error)) from error
    return value


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object that a client sent. Raises ApiError."""
    value = parsed_json(body)
    if not isinstance(value, dict):
        raise ApiError(400, "JSON_PARSER_ERROR", "A JSON object was expected")
    return value


def not_found() -> ApiError:
    return ApiError(404, "NOT_FOUND", "The requested resource does not exist")


def _unauthorized_error(code: str, message: str, status: int = 401) -> ApiError:
    return ApiError(status, code, message, {"WWW-Authenticate": "Token"})


def _check_coding(request: Request) -> None:
    coding = request.header("content-encoding").strip().lower()
    if coding not in ("", "identity", "gzip", "x-gzip"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content-Encoding {coding} is not supported")


def _check_version(call: Call) -> None:
    version = call.parameters.get("version")
    if version is None:
        return
    if not re.fullmatch(r"v\d{1,3}\.0", version) or float(version[1:]) > NEWEST_VERSION:
        raise not_found()
    if float(version[1:]) < limits.FIRST_SUPPORTED_VERSION:
        raise ApiError(410, "UNSUPPORTED_API_VERSION", f"API version {version[1:]} is retired")
