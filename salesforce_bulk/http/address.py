"""Where a URL leads, as the HTTP client reads it."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from salesforce_bulk.errors import InvalidInput


class Origin(NamedTuple):
    """Where a URL leads: scheme and host in lower case, the port also where none is given."""

    scheme: str
    host: str
    port: int | None


def origin(url: str) -> Origin:
    """The origin of an absolute URL, as the HTTP client reads it.

    Raises:
        InvalidInput: it cannot be read.
    """
    # Here, because importing urllib3 takes longer than the package that needs it once connected.
    from urllib3.exceptions import LocationValueError  # noqa: PLC0415
    from urllib3.util import parse_url  # noqa: PLC0415

    # Not urlsplit: it takes https://evil\\@org for the host org, where the client would
    # connect to evil.
    try:
        parts = parse_url(url)
    except LocationValueError as error:
        raise InvalidInput("The address of the server cannot be read; check the host.") from error
    scheme = parts.scheme or ""
    host = (parts.host or "").strip("[]").lower()
    return Origin(scheme, host, parts.port or {"http": 80, "https": 443}.get(scheme))


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = origin(url).host
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
