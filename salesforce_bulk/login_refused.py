"""The refusal of a login as programs of 2.2.0 catch it.

A module of its own, because the class needs simple-salesforce, which is imported only when
a login happens.
"""

from __future__ import annotations

from typing import Any

from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesforce_bulk.errors import BulkApiError, LoginFailed, UnexpectedResponse
from salesforce_bulk.transport import Response
from salesforce_bulk.wire.fault import BUSY_STATUSES

_NEXT_STEP = {
    "INVALID_LOGIN": "Check user name, password, security token and whether the login "
    "address fits (sandboxes log in with sandbox=True or their My Domain).",
    "LOGIN_MUST_USE_SECURITY_TOKEN": "Give security_token=, or add this machine's address to "
    "the org's trusted ranges.",
    "INVALID_OPERATION": "SOAP login may be switched off in this org; use an OAuth login.",
    "PASSWORD_LOCKOUT": "Wait, or ask an administrator to unlock the user.",
}


class PasswordLoginFailed(LoginFailed, SalesforceAuthenticationFailed):
    """The org refused user name and password; ``code`` and ``auth_message`` as in
    simple-salesforce."""

    def __init__(self, message: str, code: str, auth_message: str) -> None:
        LoginFailed.__init__(self, message, error_code=code, error_message=auth_message)
        self.code = code
        self.auth_message = auth_message


def refusal(error: Any, username: str | None, answer: Response | None) -> BulkApiError:
    """The error for what `SalesforceLogin` raised."""
    status = None if answer is None else answer.status_code
    if str(error.code) == str(status) or status in BUSY_STATUSES - {500}:
        return UnexpectedResponse(
            f"The login server answered with HTTP {status} and no login document; "
            "a proxy may stand between. Try again later.",
            status_code=status,
        )
    step = _NEXT_STEP.get(error.code, "")
    refused = PasswordLoginFailed(
        f"Login of {username} refused: {error.code}: {error.auth_message} {step}".rstrip(),
        str(error.code),
        error.auth_message,
    )
    refused.status_code = status
    return refused
