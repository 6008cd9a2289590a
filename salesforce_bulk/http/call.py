"""How one call to an org is made: the session put in, the call sent, the session renewed
where it had expired, the status checked, the error named after its job and batch.
"""

from __future__ import annotations

import copy
import gzip
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from salesforce_bulk.errors import (
    NEXT_STEP,
    ApiFault,
    BulkApiError,
    ExceededQuota,
    InvalidInput,
    ServerBusy,
    SessionExpired,
    TransportError,
    UnexpectedResponse,
    fault_type,
)
from salesforce_bulk.http.address import is_loopback
from salesforce_bulk.http.clock import Deadline
from salesforce_bulk.http.headers import SealedHeaders
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire import media
from salesforce_bulk.wire.document import AnotherDocument, UnreadableDocument
from salesforce_bulk.wire.fault import BUSY_STATUSES, Fault, read_fault
from salesforce_bulk.wire.redaction import Redaction

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response, Transport

log = logging.getLogger("salesforce_bulk")

#: Bodies below this gain nothing from gzip.
_GZIP_FROM_BYTES = 1_024
#: The fastest: higher levels cost more time than most links save by them.
_GZIP_LEVEL = 1
#: Characters of an answer that stand in an error message.
_QUOTED_ANSWER = 2_000

#: Renewals for one call: a session may be good for other calls, and never for this one.
_RENEWALS = 5
#: New sessions that are refused at once; the first may have been ended by somebody meanwhile.
_REFUSED_WHEN_NEW = 2
#: Seconds between tries of a call while too many are made at one time; then it is an error.
_TURN_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0, *[30.0] * 19)
#: What an address consists of, below the API's; ids and names come from the server, too.
_PARTIAL_CONTENT = 206
_SEGMENT = re.compile(r"(?!\.+$)[A-Za-z0-9_.-]+")
#: Characters of what is shown in the place of an id; what is longer may be a session.
_SHOWN_ID = 24
#: Seconds after its login within which a session cannot have expired.
_AT_ONCE = 10.0

#: An attribute of errors whose message ends with the answer, as 2.2.0's did.
_ENDS_WITH_ANSWER = "ends_with_answer"

_T = TypeVar("_T")


@dataclass(frozen=True)
class Call:
    """One call, before the session is put in.

    ``path`` is below the API's base address. ``repeatable`` says whether it may be done twice;
    None means that a GET may. ``stream`` leaves the body unread; else it may be as large as that
    many ``documents``.
    """

    method: str
    path: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = media.XML
    job_id: str | None = None
    batch_id: str | None = None
    repeatable: bool | None = None
    stream: bool = False
    documents: int = 1

    @property
    def about(self) -> str:
        """The job and the batch, for a message."""
        if self.batch_id is not None:
            return f"batch {self.batch_id} of job {self.job_id}"
        return f"job {self.job_id}" if self.job_id is not None else "no job yet"


class Sessions(Protocol):
    """Where the session of a client comes from."""

    def renew_where_due(self, transport: Transport) -> None:
        """Log in where the session is about to expire."""

    def renew(self, stale: Secret, transport: Transport) -> bool:
        """Put a new session into the client in place of the expired one; False where there is no
        login to repeat."""


class Caller:
    """Makes the calls of one API for one client.

    Args:
        transport: sends.
        base: the API's base address, asked for at every call.
        headers: the headers of a call, with the session of the moment, from further headers
            and a media type.
        check: raises for an answer whose status is 400 or more.
        sessions: asked for new ones.
        accepted: the sessions that the org has taken at least once; one set for all callers of
            a client.
        note_answer: called with each answer.
        gzip_requests: compress bodies; None compresses where the link is slower than gzip,
            which is everywhere but on this machine, and where the guide says that it may be.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        base: Callable[[], str],
        headers: Callable[[Mapping[str, str], str], dict[str, str]],
        check: Callable[[Response], None],
        sessions: Sessions,
        accepted: set[Secret] | None = None,
        note_answer: Callable[[Response], None] | None = None,
        gzip_requests: bool | None = None,
    ) -> None:
        self._transport = transport
        self._base = base
        self._headers = headers
        self._check = check
        self._sessions = sessions
        self._accepted: set[Secret] = set() if accepted is None else accepted
        self._note_answer = note_answer
        self._gzip_requests = gzip_requests

    def until(self, deadline: Deadline) -> Caller:
        """The same caller for calls, logins in between included, that end by a deadline."""
        bound = copy.copy(self)
        bound._transport = self._transport.until(deadline)
        return bound

    @property
    def clock(self) -> Deadline:
        """What waits and measures."""
        return self._transport.deadline

    @property
    def address(self) -> str:
        """The API's base address, its version in it."""
        return self._base()

    def make(self, call: Call) -> Response:
        """Make the call.

        Raises:
            ApiFault: the API refused it.
            TransportError: no usable answer.
        """
        # Not named by it: what is no id may be a session.
        _refuse_other_paths(call.path)
        try:
            response = self._sent(call)
            if self._note_answer is not None:
                self._note_answer(response)
            self._check(response)
            _refuse_other_statuses(response)
            _refuse_html(response)
        except BulkApiError as error:
            name_error(error, call)
            raise
        return response

    def read(self, call: Call, reader: Callable[[Response], _T]) -> _T:
        """Make the call and read its answer; an answer that is not the API's is an error."""
        response = self.make(call)
        try:
            return reader(response)
        except AnotherDocument as error:
            refused = InvalidInput(str(error))
            name_error(refused, call)
            raise refused from error
        except UnreadableDocument as error:
            raise UnexpectedResponse(
                f"The answer is not the API's: {error}. A proxy or a login page may stand "
                f"between ({call.about}).",
                response.status_code,
                job_id=call.job_id,
                batch_id=call.batch_id,
            ) from error
        except BulkApiError as error:
            name_error(error, call)
            raise

    def _sent(self, call: Call) -> Response:
        """The answer to a call, sent again with a new session where the old one had expired.

        A new session that is refused at once is a lasting failure. One that was good in between,
        for another thread's call, or that had time to, has expired like the first.
        """
        response = self._send_in_turn(call)
        renewed_at: float | None = None
        refused_when_new = 0
        for _ in range(_RENEWALS):
            session = _session_of(response)
            if not _says_expired(response):
                if response.status_code < 500:
                    self._accepted.add(session)
                break
            at_once = renewed_at is not None and self.clock.monotonic() - renewed_at < _AT_ONCE
            refused_when_new += at_once and session not in self._accepted
            if refused_when_new == _REFUSED_WHEN_NEW or not self._renew_session(session):
                break
            renewed_at = self.clock.monotonic()
            response = self._send_in_turn(call)
        return response

    def _send_in_turn(self, call: Call) -> Response:
        """The answer to a call, sent again while the org says that too many are made at one time,
        which is said before anything is done."""
        for pause in _TURN_PAUSES:
            response = self._send(call)
            if not _says_too_many(response):
                return response
            log.info("%s %s in %.0f s: too many calls at one time", call.method, call.path, pause)
            self.clock.sleep(pause)
        return self._send(call)

    def _renew_session(self, stale: Secret) -> bool:
        try:
            return self._sessions.renew(stale, self._transport)
        except BulkApiError as error:
            if isinstance(error, TransportError):
                error.may_have_arrived = False  # the login may have; the call was refused
            add_to_message(error, "The session had expired; the call was not carried out.")
            raise

    def _send(self, call: Call) -> Response:
        self._sessions.renew_where_due(self._transport)
        url = f"{self._base()}/{call.path}"
        headers = SealedHeaders(self._headers(call.headers, call.media_type))
        body = call.body
        if body is not None and self._may_gain_from_gzip(url, body, call.media_type):
            compressed = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
            if len(compressed) < len(body):
                body = compressed
                headers = headers.packed()
        return self._transport.send(
            call.method,
            url,
            headers=headers,
            body=body,
            repeatable=call.method == "GET" if call.repeatable is None else call.repeatable,
            stream=call.stream,
            most_bytes=call.documents * self._transport.max_document_bytes,
        )

    def _may_gain_from_gzip(self, url: str, body: bytes, media_type: str) -> bool:
        # Zip bodies are compressed already, and the guide wants them bare; that a field mapping
        # may be compressed is not documented, and no other client does it.
        bare = media_type.startswith("zip/") or url.endswith("/spec")
        if bare or len(body) < _GZIP_FROM_BYTES:
            return False
        if self._gzip_requests is None:
            # The guide has compressed uploads of 1.0, and of 2.0 compressed answers only.
            return not (is_loopback(url) or "/jobs/ingest/" in url)
        return self._gzip_requests


def _refuse_other_paths(path: str) -> None:
    for segment in path.partition("?")[0].split("/"):
        if not segment:
            raise InvalidInput("An id or a name is empty, which would lead to another address.")
        if not _SEGMENT.fullmatch(segment):
            shown = repr(segment) if len(segment) <= _SHOWN_ID else "A text"
            raise InvalidInput(
                f"{shown} is no id and no name, and would lead to "
                "another address. Is there a blank or a line break in it?"
            )


def name_error(error: BulkApiError, call: Call) -> None:
    """Put the call's job and batch into an error's fields and its message."""
    if call.job_id is None or error.job_id is not None:
        return
    error.job_id = call.job_id
    error.batch_id = call.batch_id
    add_to_message(error, f"({call.about})")


def add_to_message(error: BulkApiError, sentence: str) -> None:
    """Put a further sentence behind an error's message; as a note where that ends with the
    answer, which programs of 2.2.0 parse."""
    if getattr(error, _ENDS_WITH_ANSWER, False):
        # As add_note(), which Python 3.10 has not.
        vars(error).setdefault("__notes__", []).append(sentence)
    else:
        error.args = (f"{error} {sentence}", *error.args[1:])


def may_be_done(error: BulkApiError) -> bool:
    """Whether the server may have carried out the call that ended with this error."""
    if isinstance(error, TransportError):
        return error.may_have_arrived
    # Whatever its code: those of a 500 are an open list.
    return isinstance(error, ApiFault) and (error.status_code or 0) >= 500


def html_instead(response: Response) -> UnexpectedResponse:
    """The error for a page in place of the API's answer."""
    return UnexpectedResponse(
        f"The answer (HTTP {response.status_code}) is an HTML page and not the API's; a proxy or "
        "a login page may stand between.",
        response.status_code,
    )


def _refuse_other_statuses(response: Response) -> None:
    """A part of an answer, a redirect to nowhere, an answer before the answer: their bodies may be
    well-formed, or empty, and are never what was asked for."""
    status = response.status_code
    # What is 400 or more is for the client's own check, which a subclass may override.
    if status == _PARTIAL_CONTENT or (not 200 <= status < 300 and status < 400):
        response.close()
        raise UnexpectedResponse(
            f"The answer is HTTP {status}, which the API does not answer; a proxy may stand "
            "between.",
            status,
        )


def _refuse_html(response: Response) -> None:
    if media.media_type(response.headers.get("Content-Type")) == "text/html":
        response.close()
        raise html_instead(response)


def fault_of(response: Response) -> Fault:
    """The API's error in an answer, the session removed."""
    fault = read_fault(media_type_of(response), content_of(response))
    if fault.message is None:
        return fault
    return Fault(fault.code, _without_session(fault.message, response))


def error_for(response: Response) -> BulkApiError:
    """The typed error for an answer with a status of 400 or more, and the next step."""
    fault = fault_of(response)
    if fault.code is None:
        return _not_the_apis(response)
    kind = fault_type(fault.code, fault.message)
    return kind(
        f"{fault.code}: {_sentence(fault.message)} {NEXT_STEP.get(kind, '')}".rstrip(),
        response.status_code,
        error_code=fault.code,
        error_message=fault.message,
    )


def _not_the_apis(response: Response) -> UnexpectedResponse:
    if response.status_code in BUSY_STATUSES:
        advice = "The server, or a proxy before it, cannot answer now; try again later."
    else:
        advice = "This is not the API's own answer; check the host and any proxy."
    error = UnexpectedResponse(
        f"The answer was HTTP {response.status_code}. {advice}", response.status_code
    )
    # Who answers 4xx has refused the request; behind a 5xx it may have been carried out.
    error.may_have_arrived = response.status_code >= 500
    return error


def _sentence(text: str | None) -> str:
    text = (text or "no reason was given").strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def classic_error_for(message: str, response: Response) -> BulkApiError:
    """The same error with the text that 2.2.0 gave it, up to the answer itself.

    Programs parse what stands behind ``result: ``; all that is said beside it is a note.
    """
    error = error_for(response)
    said = str(error)
    error.args = (message,)
    vars(error)[_ENDS_WITH_ANSWER] = True
    add_to_message(error, said)
    return error


def answer_text(response: Response) -> str:
    """The body for a message: UTF-8, shortened, the session removed."""
    text = _without_session(content_of(response).decode("utf-8", "replace"), response)
    return text if len(text) <= _QUOTED_ANSWER else text[:_QUOTED_ANSWER] + " …"


def content_of(response: Response) -> bytes:
    """The body; of a stand-in of a program's tests that has only a text, as 2.2.0 asked for it,
    that text."""
    content: object = getattr(response, "content", None)
    if not isinstance(content, (bytes, str)):
        content = response.text
    return content if isinstance(content, bytes) else str(content).encode("utf-8", "replace")


def media_type_of(response: Response) -> str | None:
    """The Content-Type; None where a stand-in has none."""
    headers = getattr(response, "headers", None)
    found = None if headers is None else headers.get("Content-Type")
    return found if isinstance(found, str) else None


def _without_session(text: str, response: Response) -> str:
    # What the transport sent is clean; programs hand over answers to calls of their own.
    redaction = Redaction([_session_of(response).reveal()])
    return redaction.page(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")


def _says_expired(response: Response) -> bool:
    """1.0 says so with 400 and InvalidSessionId, the REST layer with 401; the code decides."""
    if response.status_code not in (400, 401, 403):
        return False
    code = fault_of(response).code
    return code is not None and fault_type(code) is SessionExpired


def _says_too_many(response: Response) -> bool:
    if response.status_code not in (400, 403):
        return False
    code, message = fault_of(response)
    return (
        code is not None
        and fault_type(code) is ExceededQuota
        and fault_type(code, message) is ServerBusy
    )


def _session_of(response: Response) -> Secret:
    request = getattr(response, "request", None)
    if request is None:
        return Secret("")
    value = request.headers.get("X-SFDC-Session") or request.headers.get("Authorization", "")
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return Secret(str(text).removeprefix("Bearer "))
