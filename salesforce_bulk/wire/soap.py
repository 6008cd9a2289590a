"""The answer to SOAP ``login()``, as far as it is looked at beside simple-salesforce.

Guide: SOAP API, ``login()`` (https://developer.salesforce.com/docs/platform/api/guide/
sforce-api-calls-login.html).
"""

from __future__ import annotations

from html import escape
from typing import NamedTuple
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring


class Login(NamedTuple):
    """``server_url`` is on the org's own host; an expired password's session does nothing."""

    server_url: str
    password_expired: bool


def read_login(body: bytes) -> Login | None:
    """The login in a SOAP envelope; None where there is no such document, or no session in it."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        # The last two: an encoding that Python does not know, or cannot read XML in.
        return None
    found = {element.tag.rpartition("}")[2]: element.text for element in root.iter()}
    server_url = found.get("serverUrl")
    if not server_url or not found.get("sessionId"):
        return None
    return Login(server_url, found.get("passwordExpired") == "true")


def fault_document(code: str | None, message: str | None) -> bytes:
    """A fault with this code and message, as simple-salesforce reads it."""
    return (
        '<fault xmlns:sf="urn:fault.partner.soap.sforce.com">'
        f"<sf:exceptionCode>{escape(code or '')}</sf:exceptionCode>"
        f"<sf:exceptionMessage>{escape(message or '')}</sf:exceptionMessage></fault>"
    ).encode()
