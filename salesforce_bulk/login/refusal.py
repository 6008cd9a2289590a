"""The refusal of a login as programs of 2.2.0 catch it.

A module of its own, because the class needs simple-salesforce, which is imported only when
a login happens.
"""

from __future__ import annotations

from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesforce_bulk.errors import LoginFailed

_NEXT_STEP = {
    "INVALID_LOGIN": "Check user name, password, security token and whether the login "
    "address fits (sandboxes log in with sandbox=True or their My Domain).",
    "LOGIN_MUST_USE_SECURITY_TOKEN": "Give security_token=, or add this machine's address to "
    "the org's trusted ranges.",
    "INVALID_OPERATION": "SOAP login may be switched off in this org; use an OAuth login.",
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": "Set a new password; the session of an expired "
    "one is good for nothing else.",
    "PASSWORD_LOCKOUT": "Wait, or ask an administrator to unlock the user.",
}


class PasswordLoginFailed(LoginFailed, SalesforceAuthenticationFailed):
    """The org refused user name and password; ``code`` and ``auth_message`` as in
    simple-salesforce."""

    def __init__(self, message: str, code: str, auth_message: str) -> None:
        LoginFailed.__init__(self, message, error_code=code, error_message=auth_message)
        self.code = code
        self.auth_message = auth_message


def refusal(
    username: str | None, code: str, auth_message: str, status: int | None
) -> PasswordLoginFailed:
    """The error for a code and a message of the login server."""
    step = _NEXT_STEP.get(code, "")
    refused = PasswordLoginFailed(
        f"Login of {username} refused: {code}: {auth_message} {step}".rstrip(),
        code,
        auth_message,
    )
    refused.status_code = status
    return refused
