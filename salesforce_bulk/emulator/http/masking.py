"""Requests as they may be shown: without what lets somebody in.

Of each secret the name stays, and its value is ``***``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

MASK = "***"

_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "x-sfdc-session", "cookie", "set-cookie"}
)
_NAMES = (
    "access_token|assertion|client_assertion|client_secret|code|code_verifier|device_code|id_token|"
    "new_?password|password|pw|refresh_token|security_token|session_?id|sid|token|user_code"
)
#: A session, wherever it stands: the org's id, ``!`` (perhaps escaped), secret.
_SESSION = re.compile(r"00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?(?:!|%21)[A-Za-z0-9._]+")
_XML = re.compile(rf"(<(?:\w+:)?(?:{_NAMES})(?:\s[^>]*)?>).*?(?=</|$)", re.IGNORECASE | re.DOTALL)
_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*', re.IGNORECASE)
_FORM = re.compile(rf"((?:^|[?&])(?:{_NAMES})=)[^&\s#]*", re.IGNORECASE)


def masked_text(text: str) -> str:
    """A body, or an address with its query, without passwords, tokens and sessions."""
    text = _SESSION.sub(MASK, text)
    text = _XML.sub(rf"\1{MASK}", text)
    text = _JSON.sub(rf'\1"{MASK}', text)
    return _FORM.sub(rf"\1{MASK}", text)


def masked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers without what is secret in them; the scheme of an authorization stays."""
    return {name: _masked_header(name, value) for name, value in headers.items()}


def _masked_header(name: str, value: str) -> str:
    if name.lower() not in _HEADERS:
        return masked_text(value)
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and name.lower().endswith("authorization") else MASK


def shown_body(start: bytes, headers: Mapping[str, str]) -> str:
    """The start of a body as text, unzipped and masked."""
    encoding = next((v for k, v in headers.items() if k.lower() == "content-encoding"), "")
    if encoding.lower() in ("gzip", "x-gzip"):
        start = _unzipped(start)
    return masked_text(start.decode("utf-8", "replace"))


def _unzipped(start: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(start)
    except zlib.error:
        return start
