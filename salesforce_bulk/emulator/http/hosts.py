"""Under which names the server may be called.

A page of a stranger's site can have its own name resolve to this machine, and would then read
what is here as its own. So a name has to be known: addresses, names without a dot and those below
``localhost`` and ``salesforce.com`` cannot be such a site's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from fnmatch import fnmatchcase

from salesforce_bulk.emulator.http.server import Request, Response

_NOBODY_ELSES = (".localhost", ".salesforce.com")


def is_own_host(header: str, allowed: Collection[str]) -> bool:
    """Whether a ``Host`` header names this server; ``allowed`` are patterns with ``*``."""
    name = _name(header)
    if not name or "." not in name or name.endswith(_NOBODY_ELSES):
        return True
    return _is_address(name) or any(fnmatchcase(name, pattern.lower()) for pattern in allowed)


def misdirected(request: Request) -> Response:
    """The answer to a request under another name."""
    name = _name(request.header("host"))
    text = f"This emulator is not called {name}; it is with --allow-host {name}\n"
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Connection": "close"}
    return Response(421, headers, text.encode())


def _name(header: str) -> str:
    header = header.strip().lower()
    if header.startswith("["):
        return header.partition("]")[0].lstrip("[")
    return header.rpartition(":")[0] if ":" in header else header


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
