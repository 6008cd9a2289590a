"""The page at ``/``: an org's jobs, records, queries and requests, for people.

Three files of the package, without anything from elsewhere. What they show comes from the control
API, and what they change goes through it, as a page of the emulator itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from salesforce_bulk.emulator.http.server import Request, Response

_FOLDER = Path(__file__).parents[2] / "page"
#: The addresses of the page, and their files.
_FILES: Mapping[str, tuple[str, str]] = {
    "/": ("index.html", "text/html;charset=UTF-8"),
    "/_emulator/page.css": ("page.css", "text/css;charset=UTF-8"),
    "/_emulator/page.js": ("page.js", "text/javascript;charset=UTF-8"),
}
PATHS = frozenset(_FILES)
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def answer_page(request: Request) -> Response:
    """The answer to a request for one of the page's files."""
    if request.method not in ("GET", "HEAD"):
        text = f"{request.method} {request.path} is not emulated\n"
        return Response(405, {"Allow": "GET, HEAD"}, text.encode())
    name, media_type = _FILES[request.path]
    return Response(200, {"Content-Type": media_type, **_HEADERS}, (_FOLDER / name).read_bytes())
