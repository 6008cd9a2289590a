"""``multipart/form-data`` in: a body's parts by their names (RFC 2046, 5.1; RFC 7578)."""

from __future__ import annotations

import re
from email.message import Message

_LINE_END = rb"\r?\n"


class PartsError(Exception):
    """The body has no parts that could be told apart."""


def parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The content of each part; the first where a name comes twice.

    The line break before a boundary belongs to the boundary. Raises PartsError.
    """
    boundary = _parameter(content_type, "boundary")
    if not boundary:
        raise PartsError("The boundary of the multipart request is missing")
    mark = re.escape(b"--" + boundary.encode("latin-1", "replace"))
    delimiter = re.compile(
        rb"(?:\A|" + _LINE_END + rb")" + mark + rb"(--)?[ \t]*(?=" + _LINE_END + rb"|\Z)"
    )
    found: dict[str, bytes] = {}
    start = None
    for match in delimiter.finditer(body):
        if start is not None:
            _add(found, body[start : match.start()])
        start = match.end()
        if match[1]:
            return found
    raise PartsError("The multipart request has no closing boundary")


def _add(found: dict[str, bytes], part: bytes) -> None:
    # What follows the boundary is its line break; then headers, an empty line, the content.
    head, blank, content = _split(part)
    if not blank:
        return
    for line in re.split(_LINE_END, head):
        name, _, value = line.decode("latin-1").partition(":")
        if name.strip().lower() == "content-disposition":
            found.setdefault(_parameter(value, "name"), content)


def _split(part: bytes) -> tuple[bytes, bytes, bytes]:
    blank = re.search(_LINE_END + _LINE_END, part)
    if blank is None:
        return part, b"", b""
    return part[: blank.start()], blank[0], part[blank.end() :]


def _parameter(header: str, name: str) -> str:
    """A parameter of a header, quoted or not; empty where there is none."""
    message = Message()
    message["content-type"] = header.strip().replace("\r", " ").replace("\n", " ")
    value = message.get_param(name)
    return value if isinstance(value, str) else ""
