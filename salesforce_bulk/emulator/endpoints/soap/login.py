"""SOAP: ``login()``, and the calls about a session: ``logout``, ``getUserInfo`` and
``getServerTimestamp``; `records` has those about records. Others are refused by name.

Source: SOAP API Developer Guide, "login()", "Utility Calls". Parsers of the answer are
crude (some look for ``<sessionId>`` with a regular expression), so its elements carry no prefix;
those of a fault carry ``sf:``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from salesforce_bulk import limits
from salesforce_bulk.emulator.access.sessions import Session, Sessions, SessionUser
from salesforce_bulk.emulator.data.org import ORGANIZATION_NAME, Org
from salesforce_bulk.emulator.endpoints.api_version import NEWEST_VERSION
from salesforce_bulk.emulator.endpoints.soap.records import SoapFault, SoapRecords, results_of
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Request, Response
from salesforce_bulk.emulator.http.wire import (
    SCHEMA_INSTANCE,
    Element,
    XmlError,
    parse_xml,
    xml_escape,
)
from salesforce_bulk.emulator.schema.features import MULTI_CURRENCY, PERSON_ACCOUNTS
from salesforce_bulk.emulator.schema.ids import to_18

LOGIN_BYTES = 100_000
PARTNER = "urn:partner.soap.sforce.com"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"

INVALID_LOGIN = "Invalid username, password, security token; or user locked out."


def authenticate(org: Org, username: str, password: str) -> SessionUser | None:
    """The user whose password (with or without the security token) it is."""
    user = org.users.get(username)
    # A client from a trusted address needs no token; every local one is trusted.
    accepted = (user.password + user.security_token, user.password) if user else ()
    return user if any(same(password, right) for right in accepted) else None


class SoapFamily:
    """Errors of ``/services/Soap`` are faults."""

    name = "soap"

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def method(self, request: Request) -> str:
        return request.method

    def admit(self, call: Call) -> None:
        """Nobody has a session before the login."""

    def error(self, call: Call, error: ApiError) -> Response:
        del call
        code = "ClientInputError" if error.code == "DamagedGzip" else error.code
        return self.fault(code, str(error))

    def fault(self, code: str, message: str) -> Response:
        """A fault; one of the SOAP layer itself has a code of SOAP's own."""
        if code.startswith("soapenv:"):
            return Response(500, dict(_XML), _soap_fault(code, message))
        prefix = "sf:" if self._dialect["login.soap.fault_code"].startswith("sf:") else ""
        return Response(500, dict(_XML), _fault(prefix, code, message))

    def finish(self, request: Request, response: Response) -> None:
        """The type of the answer."""
        del request
        response.headers["Content-Type"] = self._dialect["login.soap.content_type"]


#: SOAP APIs by the letter in their address.
_APIS = MappingProxyType(
    {
        "u": "the Partner API",
        "c": "the Enterprise API",
        "m": "the Metadata API",
        "s": "the Apex API",
        "t": "the Tooling API",
    }
)
_SERVED_APIS = ("u", "c")


@dataclass(frozen=True, slots=True)
class Soap:
    """Serves ``/services/Soap/u/{version}`` and ``/c/``.

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
            return Response(200, dict(_XML), self._perform(call))
        except SoapFault as fault:
            return SoapFamily(self.org.dialect).fault(fault.code, str(fault))

    def _perform(self, call: Call) -> bytes:
        kind, version = call["kind"], call["version"]
        if kind.lower() not in _SERVED_APIS:
            name = _APIS.get(kind.lower(), f"/services/Soap/{kind}")
            raise SoapFault("INVALID_OPERATION", f"{name} is not emulated")
        _check_version(version)
        header, operation = _envelope_of(call.request.body.read_all(LOGIN_BYTES))
        if "soapaction" not in call.request.headers:
            raise SoapFault("UNKNOWN_EXCEPTION", "SOAPAction HTTP header missing")
        if operation.name == "login":
            session = self._login(header, operation, version)
            return self._success(session, self.base_url(call.request), kind, version)
        records = SoapRecords(self.org)
        written = {
            "undelete": records.undelete,
            "merge": records.merge,
            "deleteByExample": records.delete_by_example,
        }.get(operation.name)
        if written is not None:
            session = self._session(header)
            _refuse_headers(header)
            return _envelope(results_of(operation.name, written(operation, session.user)))
        performed = {
            "logout": self._logout,
            "getUserInfo": self._get_user_info,
            "getServerTimestamp": self._get_server_timestamp,
        }.get(operation.name)
        if performed is None:
            raise SoapFault("INVALID_OPERATION", f"SOAP call {operation.name} is not emulated")
        content = performed(self._session(header))
        return _envelope(f"<{operation.name}Response>{content}</{operation.name}Response>")

    def _login(self, header: Element | None, operation: Element, version: str) -> Session:
        self._check_login_version(version)
        scope = header.find("LoginScopeHeader") if header else None
        if scope is not None:
            self._check_scope(scope)
        user = authenticate(self.org, operation.value("username"), operation.value("password"))
        if user is None:
            raise SoapFault("INVALID_LOGIN", INVALID_LOGIN)
        return self.sessions.open(user)

    def _check_login_version(self, version: str) -> None:
        if float(version) > limits.LAST_SOAP_LOGIN_VERSION:
            raise SoapFault(
                self.org.dialect["login.soap.versions"],
                f"SOAP API login() is not available in API version {version}; the newest version "
                f"that has it is {limits.LAST_SOAP_LOGIN_VERSION}",
            )

    def _check_scope(self, scope: Element) -> None:
        """A login to a portal, or to an org by its id."""
        if scope.value("portalId").strip():
            raise SoapFault("INVALID_LOGIN", "portalId of LoginScopeHeader is not emulated")
        org_id = scope.value("organizationId").strip()
        if org_id and to_18(org_id) != self.org.org_id:
            raise SoapFault("INVALID_LOGIN", INVALID_LOGIN)

    def _session(self, header: Element | None) -> Session:
        element = header.find("sessionId") if header else None
        session = self.sessions.find(element.text.strip()) if element else None
        if session is None:
            raise SoapFault(
                "INVALID_SESSION_ID",
                "Invalid Session ID found in SessionHeader: Illegal Session. Session not found",
            )
        return session

    def _logout(self, session: Session) -> str:
        self.sessions.expire(session.token)
        return ""

    def _get_user_info(self, session: Session) -> str:
        return f"<result>{_elements(self._user_info(session.user))}</result>"

    def _get_server_timestamp(self, session: Session) -> str:
        del session
        now = self.org.clock.now()
        stamp = f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"
        return f"<result><timestamp>{stamp}</timestamp></result>"

    def _success(self, session: Session, url: str, kind: str, version: str) -> bytes:
        org_id = self.org.org_id
        address = f"{version}/{org_id[:15]}"
        result = {
            "metadataServerUrl": f"{url}/services/Soap/m/{address}",
            "passwordExpired": "false",
            "sandbox": "true" if self.org.is_sandbox else "false",
            "serverUrl": f"{url}/services/Soap/{kind}/{address}",
            "sessionId": session.token,
            "userId": session.user.id,
        }
        text = (
            _elements(result) + f"<userInfo>{_elements(self._user_info(session.user))}</userInfo>"
        )
        return _envelope(f"<loginResponse><result>{text}</result></loginResponse>")

    def _user_info(self, user: SessionUser) -> dict[str, str | None]:
        several = MULTI_CURRENCY in self.org.schema.features
        persons = PERSON_ACCOUNTS in self.org.schema.features
        return {
            "accessibilityMode": "false",
            "chatterExternal": "false",
            "currencySymbol": "$",
            "orgAttachmentFileSizeLimit": "5242880",
            "orgDefaultCurrencyIsoCode": None if several else "USD",
            "orgDefaultCurrencyLocale": "en_US",
            "orgDisallowHtmlAttachments": "false",
            "orgHasPersonAccounts": "true" if persons else "false",
            "organizationId": self.org.org_id,
            "organizationMultiCurrency": "true" if several else "false",
            "organizationName": ORGANIZATION_NAME,
            "profileId": None,
            "roleId": None,
            "sessionSecondsValid": str(self.sessions.seconds),
            "userDefaultCurrencyIsoCode": "USD" if several else None,
            "userEmail": user.email or user.username,
            "userFullName": user.name or user.username,
            "userId": user.id,
            "userLanguage": "en_US",
            "userLocale": "en_US",
            "userName": user.username,
            "userTimeZone": "GMT",
            "userType": "Standard",
            "userUiSkin": "Theme3",
        }


_XML = {"Content-Type": "text/xml;charset=UTF-8"}


def _refuse_headers(header: Element | None) -> None:
    """What would change what becomes of records; what such an org has nothing for is taken."""
    meant = {
        "allOrNone of AllOrNoneHeader": _value(header, "allOrNone").lower() in ("true", "1"),
        "defaultNamespace of CallOptions": bool(_value(header, "defaultNamespace")),
        "PackageVersionHeader": bool(header and header.find("PackageVersionHeader")),
    }
    for name in filter(meant.__getitem__, meant):
        raise SoapFault("INVALID_OPERATION", f"{name} is not emulated")


def _value(header: Element | None, name: str) -> str:
    found = header.find(name) if header else None
    return found.text.strip() if found else ""


def _check_version(version: str) -> None:
    try:
        number = float(version)
    except ValueError:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Invalid Api version: {version}") from None
    if not number <= NEWEST_VERSION:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"Invalid Api version: {version}")
    if number < limits.FIRST_SUPPORTED_VERSION:
        raise SoapFault("UNSUPPORTED_API_VERSION", f"API version {version} is retired")


def _envelope_of(document: bytes) -> tuple[Element | None, Element]:
    """The header of a request, and its operation."""
    try:
        envelope = parse_xml(document)
    except XmlError as error:
        raise SoapFault("UNKNOWN_EXCEPTION", f"Unable to parse the request: {error}") from error
    body = envelope.child("Body")
    if body is None or not body.children:
        raise SoapFault("UNKNOWN_EXCEPTION", "The SOAP body is missing")
    return envelope.child("Header"), body.children[0]


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


def _soap_fault(code: str, message: str) -> bytes:
    return _envelope(
        f"<soapenv:Fault><faultcode>{code}</faultcode>"
        f"<faultstring>{xml_escape(message)}</faultstring></soapenv:Fault>",
        "",
    )


def _fault(prefix: str, code: str, message: str) -> bytes:
    text = xml_escape(message)
    return _envelope(
        f"<soapenv:Fault><faultcode>{prefix}{code}</faultcode>"
        f"<faultstring>{code}: {text}</faultstring>"
        '<detail><sf:LoginFault xsi:type="sf:LoginFault">'
        f"<sf:exceptionCode>{code}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{text}</sf:exceptionMessage>"
        "</sf:LoginFault></detail></soapenv:Fault>",
        ' xmlns:sf="urn:fault.partner.soap.sforce.com"',
    )
