"""The answer to SOAP ``login()``, as far as it is looked at beside simple-salesforce.

Guide: SOAP API, ``login()`` (https://developer.salesforce.com/docs/platform/api/guide/
sforce-api-calls-login.html).
"""

from __future__ import annotations

from typing import NamedTuple

from salesforce_bulk.wire.document import UnreadableDocument, local_name, read_xml


class Login(NamedTuple):
    """``server_url`` is on the org's own host; an expired password's session does nothing.

    ``sessionSecondsValid`` is left out: it is the life of a session that nobody uses.
    """

    server_url: str
    password_expired: bool


def read_login(body: bytes) -> Login | None:
    """The login in a SOAP envelope; None where there is no such document, or no session in it."""
    try:
        root = read_xml(body)
    except UnreadableDocument:
        return None
    found = {local_name(element.tag): element.text for element in root.iter()}
    server_url = found.get("serverUrl")
    if not server_url or not found.get("sessionId"):
        return None
    return Login(server_url, found.get("passwordExpired") == "true")
