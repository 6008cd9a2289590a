"""The headers to which REST gives a meaning that is not emulated.

Nothing that means something to Salesforce is ignored in silence: it does something, or it is
refused by name. What means nothing to Salesforce is ignored, as there.

Sources: REST API Developer Guide, "REST Headers" and the pages of the resources.
"""

from __future__ import annotations

import re

from salesforce_bulk.emulator.http.routes import ApiError, Call

#: Headers that change what is done, and cannot be honoured.
REFUSED_HEADERS = ("if-match", "if-none-match")
#: Formats other than JSON: asked for by the path's end or by the Accept header.
_EXTENSION = re.compile(r"\.(json|xml)$", re.IGNORECASE)
_PACKAGE_VERSION = "x-sfdc-packageversion-"
_RECORD_ID = re.compile("[0-9A-Za-z]{15}|[0-9A-Za-z]{18}")
_FLAGS = ("true", "false")
_WITH_BODY = ("PATCH", "POST", "PUT")
_CHARSETS = ("utf-8", "utf8", "us-ascii")


def check_terms(call: Call) -> None:
    """Raises ApiError for what would have an effect in Salesforce and has none here."""
    for name in call.request.headers:
        if name in REFUSED_HEADERS or name.startswith(_PACKAGE_VERSION):
            raise _not_emulated(f"header {name}")
    _check_format(call)
    _check_extension(call)
    if call.request.method in _WITH_BODY:
        _check_body_type(call)
    _check_call_options(call)
    _check_assignment_rule(call)


def _check_format(call: Call) -> None:
    accepted = call.request.header("accept").lower()
    if "xml" in accepted and not re.search(r"json|\*/\*|application/\*", accepted):
        raise ApiError(406, "NOT_ACCEPTABLE", "REST in XML is not emulated; ask for JSON")
    sent = call.request.header("content-type").lower()
    if sent.partition(";")[0].strip() in ("application/xml", "text/xml"):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "REST in XML is not emulated; send JSON")


def _check_extension(call: Call) -> None:
    """A key of a record may end so; what else a path names may not."""
    ends = "" if "value" in call.parameters else call.request.path
    if found := _EXTENSION.search(ends):
        text = f"{found[0]} at the end of a path is not emulated; answers are JSON without it"
        raise ApiError(404, "NOT_FOUND", text)


def _check_body_type(call: Call) -> None:
    """Bodies are UTF-8, and JSON; jobs take CSV too, and say so themselves."""
    media, _, parameters = call.request.header("content-type").partition(";")
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", parameters, re.IGNORECASE)
    if charset and charset[1].lower() not in _CHARSETS:
        text = f"Content-Type with charset {charset[1]} is not emulated; send UTF-8"
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", text)
    media = media.strip().lower()
    if media and media != "application/json" and call.target.route.startswith("rest."):
        text = f"Content-Type {media} is not emulated; send application/json"
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", text)


def _check_call_options(call: Call) -> None:
    """``client`` is a note for the org's administrator; ``defaultNamespace`` renames fields."""
    options = call.request.header("sforce-call-options")
    if re.search(r"\bdefaultNamespace\s*=", options, re.IGNORECASE):
        raise _not_emulated("defaultNamespace of Sforce-Call-Options")


def _check_assignment_rule(call: Call) -> None:
    """An org without assignment rules does the same with TRUE and FALSE; an id names no rule."""
    value = call.request.header("sforce-auto-assign").strip()
    if value and value.lower() not in _FLAGS and _RECORD_ID.fullmatch(value):
        raise _not_emulated("an assignment rule in Sforce-Auto-Assign")


def _not_emulated(what: str) -> ApiError:
    return ApiError(400, "FUNCTIONALITY_NOT_ENABLED", f"{what} is not emulated")
