"""``/secur/frontdoor.jsp``: a session becomes a browser's, which is sent on within the org.

Source: Salesforce Help, "Using frontdoor.jsp to Bridge an Existing Session Into Salesforce".
"""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from salesforce_bulk.emulator.access.sessions import Sessions
from salesforce_bulk.emulator.http.routes import ApiError, Call, Family, Route, route
from salesforce_bulk.emulator.http.server import Response

PATH = "/secur/frontdoor.jsp"
_FORM_BYTES = 100_000


class Frontdoor:
    """Opens an org in a browser; what there is to see is the emulator's page."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def routes(self, family: Family) -> list[Route]:
        return [route("frontdoor", PATH, family, GET=self.enter, POST=self.enter)]

    def enter(self, call: Call) -> Response:
        values = {name: texts[0] for name, texts in call.request.query.items()}
        form = call.request.body.read_all(_FORM_BYTES).decode("utf-8", "replace")
        values |= {name: texts[0] for name, texts in parse_qs(form).items()}
        if "otp" in values:
            raise ApiError(400, "invalid_request", "otp of frontdoor.jsp is not emulated; send sid")
        session = self._sessions.find(values.get("sid", ""))
        if session is None:
            # Salesforce shows its login page.
            return Response(302, {"Location": "/?ec=302"})
        cookie = f"sid={session.token}; Path=/; HttpOnly; SameSite=Lax"
        return Response(302, {"Location": _within(values.get("retURL", "")), "Set-Cookie": cookie})


def _within(target: str) -> str:
    """Where to go on: a path of this org, never another site."""
    url = urlsplit(target.replace("\\", "/"))
    if url.scheme or url.netloc or not target.isascii() or not target.isprintable():
        return "/"
    return target if target.startswith("/") and not target.startswith("//") else "/"
