"""The SOAP ``login()`` call.

Source: SOAP API Developer Guide, "login()". Parsers of the answer are crude (some look for
``<sessionId>`` with a regular expression), so its elements carry no prefix; those of a fault
carry ``sf:``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import Session, Sessions, SessionUser
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.http.wire import (
    SCHEMA_INSTANCE,
    Element,
    XmlError,
    parse_xml,
    xml_escape,
)

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

LOGIN_BYTES = 100_000
PARTNER = "urn:partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

INVALID_LOGIN = "Invalid username, password, security token; or user locked out."


def authenticated(org: Org, username: str, password: str) -> SessionUser | None:
    """The user whose password (with or without the security token) it is."""
    user = org.users.get(username)
    # A client from a trusted address needs no token; every local one is trusted.
    accepted = (user.password + user.security_token, user.password) if user else ()
    return user if any(same(password, right) for right in accepted) else None


class SoapFault(Exception):
    """A SOAP fault; ``code`` is the vendor's exceptionCode."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SoapFamily:
    """Errors of ``/services/Soap`` are faults."""

    name = "soap"

    def admit(self, call: Call) -> None:
        """Nobody has a session before the login."""

    def error(self, call: Call, error: ApiError) -> Response:
        del call
        return Response(500, dict(_XML), _fault(error.code, str(error)))

    def finish(self, request: Request, response: Response) -> None:
        """Nothing is added."""


@dataclass(frozen=True, slots=True)
class SoapLogin:
    """Serves ``/services/Soap/u/{version}`` and ``/c/``: the ``login`` call, nothing else.

    ``base_url`` gives the origin under which the client reached the emulator.
    """

    org: Org
    sessions: Sessions
    base_url: Callable[[Request], str]

    def routes(self, family: SoapFamily) -> list[Route]:
        return [
            route("soap", "/services/Soap/{kind}/{version}", family, POST=self.answer),
            # The serverUrl of an earlier login, which ends in the org's id.
            route("soap", "/services/Soap/{kind}/{version}/{org}", family, POST=self.answer),
        ]

    def answer(self, call: Call) -> Response:
        try:
            session = self._login(call.request, call["version"])
        except SoapFault as fault:
            return Response(500, dict(_XML), _fault(fault.code, str(fault)))
        url = self.base_url(call.request)
        return Response(200, dict(_XML), self._success(session, url, call["kind"], call["version"]))

    def _login(self, request: Request, version: str) -> Session:
        _check_version(version)
        call = _call(request.body.read_all(LOGIN_BYTES))
        if call.name != "login":
            raise SoapFault("INVALID_OPERATION", f"SOAP call {call.name} is not emulated")
        if "soapaction" not in request.headers:
            raise SoapFault("UNKNOWN_EXCEPTION", "SOAPAction HTTP header missing")
        user = authenticated(self.org, call.value("username"), call.value("password"))
        if user is None:
            raise SoapFault("INVALID_LOGIN", INVALID_LOGIN)
        return self.sessions.open(user)

    def _success(self, session: Session, url: str, kind: str, version: str) -> bytes:
        org_id = self.org.org_id
        address = f"{version}/{org_id[:15]}"
        result = {
            "metadataServerUrl": f"{url}/services/Soap/m/{address}",
            "passwordExpired": "false",
            "sandbox": "false",
            "serverUrl": f"{url}/services/Soap/{kind}/{address}",
            "sessionId": session.token,
            "userId": session.user.id,
        }
        text = (
            _elements(result) + f"<userInfo>{_elements(self._user_info(session.user))}</userInfo>"
        )
        return _envelope(f"<loginResponse><result>{text}</result></loginResponse>")

    def _user_info(self, user: SessionUser) -> dict[str, str | None]:
        return {
            "accessibilityMode": "false",
            "chatterExternal": "false",
            "currencySymbol": "$",
            "orgAttachmentFileSizeLimit": "5242880",
            "orgDefaultCurrencyIsoCode": "USD",
            "orgDefaultCurrencyLocale": "en_US",
            "orgDisallowHtmlAttachments": "false",
            "orgHasPersonAccounts": "false",
            "organizationId": self.org.org_id,
            "organizationMultiCurrency": "false",
            "organizationName": "Emulator",
            "profileId": None,
            "roleId": None,
            "sessionSecondsValid": str(self.sessions.seconds),
            "userDefaultCurrencyIsoCode": None,
            "userEmail": user.username,
            "userFullName": user.username,
            "userId": user.id,
            "userLanguage": "en_US",
            "userLocale": "en_US",
            "userName": user.username,
            "userTimeZone": "GMT",
            "userType": "Standard",
            "userUiSkin": "Theme3",
        }


_XML = {"Content-Type": "text/xml;charset=UTF-8"}


def _check_version(version: str) -> None:
    try:
        number = float(version)
    except ValueError:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Invalid Api version: {version}") from None
    if number < limits.FIRST_SUPPORTED_VERSION:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"API version {version} is retired")
    if number > limits.LAST_SOAP_LOGIN_VERSION:
        raise SoapFault(
            "INVALID_OPERATION",
            f"SOAP API login() is not available in API version {version}; the newest version "
            f"that has it is {limits.LAST_SOAP_LOGIN_VERSION}",
        )


def _call(document: bytes) -> Element:
    try:
        body = parse_xml(document).child("Body")
    except XmlError as error:
        raise SoapFault("UNKNOWN_EXCEPTION", f"Unable to parse the request: {error}") from error
    if body is None or not body.children:
        raise SoapFault("UNKNOWN_EXCEPTION", "The SOAP body is missing")
    return body.children[0]


def same(given: str, right: str) -> bool:
    """Whether a secret is the right one."""
    return secrets.compare_digest(given.encode(), right.encode())


def _elements(values: Mapping[str, str | None]) -> str:
    return "".join(
        f'<{name} xsi:nil="true"/>' if text is None else f"<{name}>{xml_escape(text)}</{name}>"
        for name, text in values.items()
    )


def _envelope(body: str, namespaces: str = f' xmlns="{PARTNER}"') -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"{namespaces} xmlns:xsi="{SCHEMA_INSTANCE}">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def _fault(code: str, message: str) -> bytes:
    text = xml_escape(message)
    return _envelope(
        f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{code}: {text}</faultstring>"
        '<detail><sf:LoginFault xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{text}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>",
        ' xmlns:sf="urn:fault.partner.soap.sforce.com"',
    )
