"""The refusal of a login: a typed error that says what to change, and where.

A module of its own, because programs of 2.2.0 catch simple-salesforce's error, and that library
is imported only when a login happens. Each class here is one of `salesforce_bulk.errors` that is
simple-salesforce's as well.
"""

from __future__ import annotations

from typing import NamedTuple

from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesforce_bulk.errors import (
    ApiAccessDisabled,
    AppNotApproved,
    AssertionRefused,
    LoginFailed,
    LoginMethodDisabled,
    LoginRestricted,
    RefreshTokenExpired,
    WrongCredentials,
)

_HELP = "https://help.salesforce.com/s/articleView?id="
_LOGIN_GUIDE = (
    "https://developer.salesforce.com/docs/platform/api/guide/sforce-api-calls-login.html"
)
_SOAP_RETIREMENT = f"{_HELP}005132110&type=1"
_APP_RESTRICTIONS = f"{_HELP}005132365&type=1"
_JWT_FLOW = f"{_HELP}xcloud.remoteaccess_oauth_jwt_flow.htm"
_CLIENT_CREDENTIALS_FLOW = f"{_HELP}xcloud.remoteaccess_oauth_client_credentials_flow.htm"
_REFRESH_FLOW = f"{_HELP}xcloud.remoteaccess_oauth_refresh_token_flow.htm"
_OAUTH_ERRORS = f"{_HELP}xcloud.remoteaccess_oauth_flow_errors.htm"


class LoginRefusal(LoginFailed, SalesforceAuthenticationFailed):
    """The org refused; the attributes are those of simple-salesforce, by whichever of its
    versions a program was written for."""

    def __init__(self, message: str, code: str, auth_message: str) -> None:
        LoginFailed.__init__(self, message, error_code=code, error_message=auth_message)
        self.code = code
        self.message = self.auth_message = auth_message
        self.url, self.resource_name = "authentication_endpoint", "Authentication"
        self.status, self.content = 401, auth_message.encode()


class CredentialsRefusal(LoginRefusal, WrongCredentials):
    """User name, password, token, key or secret are wrong."""


class MethodRefusal(LoginRefusal, LoginMethodDisabled):
    """The org does not let anybody log in this way."""


class RestrictionRefusal(LoginRefusal, LoginRestricted):
    """The user may not log in from here, or not now."""


class ApiAccessRefusal(LoginRefusal, ApiAccessDisabled):
    """The user, or the org, has no API."""


class ApprovalRefusal(LoginRefusal, AppNotApproved):
    """The connected app is not approved for the user, or not set up for this flow."""


class AssertionRefusal(LoginRefusal, AssertionRefused):
    """The JWT: its audience, its time or its signature."""


class RefreshTokenRefusal(LoginRefusal, RefreshTokenExpired):
    """The refresh token was revoked, used up, or has expired."""


class _Advice(NamedTuple):
    kind: type[LoginRefusal]
    step: str
    page: str


#: By the code of SOAP ``login()`` and of OAuth.
_BY_CODE = {
    "INVALID_LOGIN": _Advice(
        CredentialsRefusal,
        "Check user name, password, security token and whether the login address fits (sandboxes "
        "log in with sandbox=True or their My Domain); a locked user gets the same answer.",
        _LOGIN_GUIDE,
    ),
    "LOGIN_MUST_USE_SECURITY_TOKEN": _Advice(
        CredentialsRefusal,
        "Give security_token= (the user's settings, Reset My Security Token), or add this "
        "machine's address to Setup, Network Access.",
        f"{_HELP}xcloud.user_security_token.htm",
    ),
    "PASSWORD_LOCKOUT": _Advice(
        RestrictionRefusal, "Wait, or ask an administrator to unlock the user.", _LOGIN_GUIDE
    ),
    "INVALID_OPERATION": _Advice(
        MethodRefusal,
        "SOAP login() is off in new orgs and ends with Summer '27: log in by OAuth, on a server "
        "with ClientCredentialsLogin or JwtLogin, on a laptop with SfCliLogin (docs/logins.md).",
        _SOAP_RETIREMENT,
    ),
    "UNSUPPORTED_API_VERSION": _Advice(
        MethodRefusal,
        "This version has no login(); log in by OAuth (docs/logins.md).",
        _SOAP_RETIREMENT,
    ),
    "INVALID_OPERATION_WITH_EXPIRED_PASSWORD": _Advice(
        CredentialsRefusal,
        "Set a new password; the session of an expired one is good for nothing else.",
        _LOGIN_GUIDE,
    ),
    "LOGIN_DURING_RESTRICTED_DOMAIN": _Advice(
        RestrictionRefusal,
        "Add this machine's address to the Login IP Ranges of the user's profile.",
        f"{_HELP}xcloud.login_ip_ranges.htm",
    ),
    "LOGIN_DURING_RESTRICTED_TIME": _Advice(
        RestrictionRefusal,
        "Change the Login Hours of the user's profile, or run at another time.",
        f"{_HELP}xcloud.login_hours.htm",
    ),
    "LOGIN_CHALLENGE_ISSUED": _Advice(
        RestrictionRefusal, "Confirm the login by the code that was sent to the user.", _LOGIN_GUIDE
    ),
    "LOGIN_CHALLENGE_PENDING": _Advice(
        RestrictionRefusal, "Confirm the login by the code that was sent to the user.", _LOGIN_GUIDE
    ),
    "API_CURRENTLY_DISABLED": _Advice(
        ApiAccessRefusal, "Tick API Enabled in the user's profile or permission set.", _LOGIN_GUIDE
    ),
    "API_DISABLED_FOR_ORG": _Advice(
        ApiAccessRefusal,
        "The org's edition has no API, or the user lacks API Enabled.",
        _LOGIN_GUIDE,
    ),
    "INSUFFICIENT_ACCESS": _Advice(
        ApiAccessRefusal,
        'The user lacks the permission "Use Any API Auth"; log in by OAuth (docs/logins.md).',
        _SOAP_RETIREMENT,
    ),
    "invalid_client_id": _Advice(
        CredentialsRefusal,
        "Check client_id: the Consumer Key of the app (External Client App Manager, Settings, "
        "OAuth Settings), in this org; a new app takes some minutes to be known.",
        _OAUTH_ERRORS,
    ),
    "invalid_client": _Advice(
        CredentialsRefusal,
        "Check client_secret: the Consumer Secret of the app.",
        _OAUTH_ERRORS,
    ),
    "invalid_app_access": _Advice(
        ApprovalRefusal,
        "Let the user use the app: App Policies, Permitted Users, and a permission set or profile "
        "of the user.",
        _OAUTH_ERRORS,
    ),
    "app_not_found": _Advice(
        ApprovalRefusal, "Install the app in this org, or use one of its own.", _APP_RESTRICTIONS
    ),
    "inactive_user": _Advice(CredentialsRefusal, "The user is inactive.", _OAUTH_ERRORS),
    "inactive_org": _Advice(RestrictionRefusal, "The org is locked or closed.", _OAUTH_ERRORS),
    "rate_limit_exceeded": _Advice(
        RestrictionRefusal,
        "Too many logins; keep one client and let it renew its session.",
        _OAUTH_ERRORS,
    ),
    "redirect_uri_mismatch": _Advice(
        ApprovalRefusal,
        "Add the redirect address to the Callback URLs of the app; give port= where it names one.",
        _OAUTH_ERRORS,
    ),
    "access_denied": _Advice(ApprovalRefusal, "The user did not allow the app.", _OAUTH_ERRORS),
    "unsupported_grant_type": _Advice(
        MethodRefusal, "Enable this flow in the app's OAuth settings.", _OAUTH_ERRORS
    ),
}

#: What ``invalid_grant`` says, in lower case, and what it means; the first that is found counts.
_GRANTS = (
    (
        "hasn't approved",
        _Advice(
            ApprovalRefusal,
            "Pre-authorise the user: App Policies, Permitted Users, Admin approved users are "
            "pre-authorized, and a permission set or profile of the user.",
            _JWT_FLOW,
        ),
    ),
    (
        "audience",
        _Advice(
            AssertionRefusal,
            "audience= must be https://login.salesforce.com, https://test.salesforce.com for a "
            "sandbox, or the site's address.",
            _JWT_FLOW,
        ),
    ),
    (
        "expired authorization code",
        _Advice(
            AssertionRefusal,
            "Too late for the org: check this machine's clock, and use a code or a JWT at once.",
            _JWT_FLOW,
        ),
    ),
    (
        "invalid assertion",
        _Advice(
            AssertionRefusal,
            "Upload the certificate of this private key to the app (Use digital signatures), and "
            "check this machine's clock.",
            _JWT_FLOW,
        ),
    ),
    (
        "expired access/refresh token",
        _Advice(
            RefreshTokenRefusal,
            "Log in again for a new refresh token (BrowserLogin or DeviceLogin). Where the app "
            "rotates them, each may be used once: keep the new one (refresh_token_file=).",
            _REFRESH_FLOW,
        ),
    ),
    (
        "not supported on this domain",
        _Advice(
            MethodRefusal,
            "Client credentials need the org's My Domain: "
            "login_url='https://MyDomain.my.salesforce.com'.",
            _CLIENT_CREDENTIALS_FLOW,
        ),
    ),
    (
        "no client credentials user",
        _Advice(
            ApprovalRefusal,
            "Enable the Client Credentials Flow in the app's policies and choose its Run As user.",
            _CLIENT_CREDENTIALS_FLOW,
        ),
    ),
    (
        "ip restricted",
        _Advice(
            RestrictionRefusal,
            "Relax the app's IP policy, or add this machine's address to the trusted ranges.",
            _OAUTH_ERRORS,
        ),
    ),
    (
        "",
        _Advice(
            CredentialsRefusal,
            "Check user, password and token, the login address, and in Setup, Login History what "
            "the org says of the attempt; the flow may be off, or the address not trusted.",
            _OAUTH_ERRORS,
        ),
    ),
)


def is_known_code(code: str) -> bool:
    """Whether it is a code of the vendor's."""
    return code == "invalid_grant" or code in _BY_CODE


def refusal(who: str | None, code: str, auth_message: str, status: int | None) -> LoginRefusal:
    """The error for a code and a message of the login server.

    Args:
        who: the user name or the client id.
        code: SOAP's exceptionCode, or OAuth's ``error``.
        auth_message: the server's words, without secrets.
        status: of the answer.
    """
    advice = _advice(code, auth_message)
    step = "" if advice is None else f"{advice.step} See {advice.page}"
    kind = LoginRefusal if advice is None else advice.kind
    refused = kind(
        f"Login of {who} refused: {code}: {auth_message} {step}".rstrip(), code, auth_message
    )
    refused.status_code = status
    return refused


def _advice(code: str, message: str) -> _Advice | None:
    if code == "invalid_grant":
        words = message.lower()
        return next(advice for part, advice in _GRANTS if part in words)
    return _BY_CODE.get(code)
