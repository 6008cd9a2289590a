"""Conditional requests by date: ``If-Modified-Since`` and ``If-Unmodified-Since``.

Source: REST API Developer Guide, "Conditional Request Headers".
"""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime

from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call


class NotModifiedError(ApiError):
    """Status 304: what was asked for is as it was."""

    def __init__(self) -> None:
        super().__init__(304, "", "")


def check_dates(call: Call, changed: datetime, dialect: Dialect) -> dict[str, str]:
    """The header that says when something changed.

    Raises ApiError where the request is not to be done for what changed then.
    """
    changed = changed.replace(microsecond=0)
    since, until = (_date(call, f"if-{word}modified-since") for word in ("", "un"))
    if until is not None and changed > until:
        text = "The resource has changed since the time of If-Unmodified-Since"
        raise ApiError(412, "PRECONDITION_FAILED", text)
    told = dialect["rest.conditional.not_modified"] == "304"
    if told and since is not None and changed <= since and call.request.method == "GET":
        raise NotModifiedError
    return {"Last-Modified": format_datetime(changed, usegmt=True)}


def _date(call: Call, name: str) -> datetime | None:
    text = call.request.header(name)
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        # A date that cannot be read sets no condition (RFC 9110, 13.1.3).
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
