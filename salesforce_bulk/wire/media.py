"""Media types of requests and answers: parsed, never compared as text."""

from __future__ import annotations

CSV = "text/csv"
XML = "application/xml"
JSON = "application/json"

#: The body's media type for each job content type (guide, "Add a Batch to a Job").
BY_CONTENT_TYPE = {
    "CSV": CSV,
    "XML": XML,
    "JSON": JSON,
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}

_FIRST_BYTE = {b"<": XML, b"{": JSON, b"[": JSON}


def media_type(content_type: str | None) -> str:
    """The type without its parameters, in lower case; ``""`` where there is none."""
    if not content_type:
        return ""
    # Here, because it takes long to import; it is there when an answer comes.
    from email.message import Message  # noqa: PLC0415

    message = Message()
    message["Content-Type"] = content_type
    # Message falls back to text/plain for what it cannot read.
    return message.get_content_type()


def body_type(content_type: str | None, body: bytes) -> str:
    """`CSV`, `XML` or `JSON`, by the header, or by the first byte where it says nothing."""
    kind = media_type(content_type)
    if kind.endswith(("/json", "+json")):
        return JSON
    if kind.endswith(("/xml", "+xml")):
        return XML
    if kind == CSV:
        return CSV
    if kind == "text/html":
        return kind
    return _FIRST_BYTE.get(body.lstrip()[:1], CSV)
