"""Any error body, of whichever API or machine on the way, read into one shape.

Guide: "Bulk API Errors" (https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/
api_asynch/asynch_api_reference_errors.htm).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from salesforce_bulk.wire import media
from salesforce_bulk.wire.document import UnreadableDocument, local_name, read_json, read_xml

#: Statuses that say "not now" whatever stands in the body.
BUSY_STATUSES = frozenset({420, 429, 500, 502, 503, 504})


class Fault(NamedTuple):
    """``code`` and ``message`` are the API's own; both None for a body that is not the API's."""

    code: str | None
    message: str | None


NO_FAULT = Fault(None, None)


def read_fault(content_type: str | None, body: bytes) -> Fault:
    """Read an error body.

    Args:
        content_type: the answer's Content-Type header.
        body: the answer's body, decompressed.

    Returns:
        the `Fault`; ``Fault(None, None)`` for HTML, plain text and anything unreadable.
    """
    kind = media.body_type(content_type, body)
    if kind == media.JSON:
        return _from_json(body)
    if kind == media.XML:
        return _from_xml(body)
    return NO_FAULT


def _from_json(body: bytes) -> Fault:
    try:
        document = read_json(body)
    except UnreadableDocument:
        return NO_FAULT
    # 1.0 sends one object; 2.0 and REST send an array of them.
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict):
        return NO_FAULT
    return Fault(
        _text(document.get("exceptionCode") or document.get("errorCode")),
        _text(document.get("exceptionMessage") or document.get("message")),
    )


def _from_xml(body: bytes) -> Fault:
    try:
        root = read_xml(body)
    except UnreadableDocument:
        return NO_FAULT
    found = {local_name(element.tag): element.text for element in root.iter()}
    # SOAP has its own names where the fault has no detail; its code has a prefix.
    soap_code = (found.get("faultcode") or "").rpartition(":")[2] or None
    return Fault(
        _text(found.get("exceptionCode") or found.get("errorCode") or soap_code),
        _text(found.get("exceptionMessage") or found.get("message") or found.get("faultstring")),
    )


def _text(value: Any) -> str | None:
    # A lone surrogate, which JSON can write, ends every attempt to print it.
    return None if value is None else str(value).encode("utf-8", "replace").decode()
