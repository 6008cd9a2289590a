"""What simple-salesforce takes for a `requests.Session`: its calls go through the transport.

Proxies, certificates, timeouts and errors are so those of every other call. Whatever is no answer
to a login ends here and never reaches simple-salesforce, which quotes whole answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from salesforce_bulk.errors import BulkApiError, UnexpectedResponse
from salesforce_bulk.http.foreign_logs import redacting_logs
from salesforce_bulk.secret import Secret
from salesforce_bulk.wire.fault import Fault
from salesforce_bulk.wire.redaction import Redaction

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response, Transport

_T = TypeVar("_T")

#: Sentences of the vendor. They hold words that may be a test org's password, and repeat nothing.
_OWN_SENTENCES = frozenset(
    {
        "Invalid username, password, security token; or user locked out.",
        "SOAP API login() is disabled by default in this org.",
        "authentication failure",
        "client identifier invalid",
        "expired access/refresh token",
        "expired authorization code",
        "invalid client credentials",
        "no client credentials user enabled",
        "request not supported on this domain",
        "user hasn't approved this consumer",
        "The user's password has expired.",
    }
)


class RefusedError(Exception):
    """Ends simple-salesforce's function after an answer that is no login."""


class LoginConnection:
    """Sends one login and keeps how it was answered.

    Args:
        transport: of the client.
        secrets: what the answer must not repeat in an error.
        read_login: the login in the body of an answer; None where there is none.
        read_fault: the refusal in an answer; its code is None where there is none.
    """

    def __init__(
        self,
        transport: Transport,
        secrets: Iterable[Secret | None],
        read_login: Callable[[bytes], _T | None],
        read_fault: Callable[[str | None, bytes], Fault],
    ) -> None:
        self._transport = transport
        self._redaction = Redaction(secret.reveal() for secret in secrets if secret is not None)
        self._read_login = read_login
        self._read_fault = read_fault
        self.status: int | None = None
        self.login: object = None
        self.fault: Fault | None = None
        #: Why no answer came; raised by who made this, outside of simple-salesforce.
        self.failure: BulkApiError | None = None

    def login_or_raise(self, who: str) -> object:
        """What the answer brought, or its error.

        Args:
            who: logs in, for the message.
        """
        if self.failure is not None:
            raise self.failure
        if self.fault is not None:
            from salesforce_bulk.login.refusal import refusal  # noqa: PLC0415

            raise refusal(who, str(self.fault.code), self.fault.message or "", self.status)
        return self.login

    def post(
        self,
        url: str,
        data: str | Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        proxies: object = None,  # the transport's own are used
    ) -> Response:
        """Send the login; `RefusedError` where the answer is none."""
        try:
            answer = self._answer(url, data, dict(headers or {}))
        except BulkApiError as error:
            # Here, because the body holds secrets which the transport does not know as such.
            self._redaction.error(error)
            self.failure = without_frames(error)
        else:
            if self.login is not None:
                return answer
        raise RefusedError

    def _answer(self, url: str, data: str | Mapping[str, str], headers: dict[str, str]) -> Response:
        if isinstance(data, str):
            body = data.encode()
        else:
            body = urlencode(data).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        with redacting_logs(self._redaction):
            answer = self._transport.send("POST", url, headers=headers, body=body, repeatable=False)
        self.status = answer.status_code
        self.login = self._read_login(answer.content) if answer.status_code == 200 else None
        if self.login is None:
            self.fault = self._fault_of(answer)
        return answer

    def _fault_of(self, answer: Response) -> Fault:
        fault = self._read_fault(answer.headers.get("Content-Type"), answer.content)
        if fault.code is None:
            raise UnexpectedResponse(
                f"The login server answered with HTTP {self.status} and no login document; "
                "check the login address, and whether a proxy stands between.",
                self.status,
            )
        message = fault.message or ""
        if message not in _OWN_SENTENCES:
            message = self._redaction.text(message)
        return Fault(self._code(fault.code), message)

    def _code(self, code: str) -> str:
        from salesforce_bulk.login.refusal import is_known_code  # noqa: PLC0415

        # Known codes hold words that may be a test org's password, too.
        return code if is_known_code(code) else self._redaction.text(code)


def without_frames(error: BulkApiError) -> BulkApiError:
    """An error without the frames and the requests that it came through.

    Tools that show the locals of a traceback would show the body of the login.
    """
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = None
        if getattr(current, "request", None) is not None:
            current.request = None  # type: ignore[attr-defined]
        waiting += [current.__cause__, current.__context__]
        waiting += [part for part in current.args if isinstance(part, BaseException)]
        reason = getattr(current, "reason", None)
        waiting += [reason] if isinstance(reason, BaseException) else []
    return error
