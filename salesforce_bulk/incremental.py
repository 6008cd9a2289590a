"""Exports of what changed since the last one.

A window on ``SystemModstamp`` is half-open: its end belongs to the next one. ``SystemModstamp``
is set when a transaction writes, not when it commits, so a record may appear behind the end of a
window that was read already. Therefore a window ends a little before the org's clock, begins
again some minutes before the end of the last one, and records that were delivered then, by Id
and stamp, are not delivered twice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.files import whole_file
from salesforce_bulk.formats.typed import Column, value_of_json
from salesforce_bulk.formats.values import to_text
from salesforce_bulk.soql import Query

STAMP = "SystemModstamp"
DELETED = "IsDeleted"
#: How far a window's end stays behind the org's clock, which other servers of the org share
#: only roughly.
LAG = timedelta(seconds=30)
#: How far a window reaches back behind the end of the last one: a bulk batch, the longest
#: transaction there is, works up to ten minutes.
OVERLAP = timedelta(minutes=10)

_STATE = "salesforce-bulk export state 1"


@dataclass
class Window:
    """One window, and what was delivered of it before.

    Attributes:
        since: its begin, which belongs to it; None for everything.
        until: its end, which does not.
        path: of the state; None keeps none.
        fingerprint: of the query without the window.
        known: the stamp of each Id that was delivered before.
    """

    since: datetime | None
    until: datetime
    path: Path | None = None
    fingerprint: str = ""
    known: dict[str, str] = field(default_factory=dict)

    @property
    def condition(self) -> str:
        """In SOQL."""
        end = f"{STAMP} < {to_text(self.until)}"
        return end if self.since is None else f"{STAMP} >= {to_text(self.since)} AND {end}"

    def reading(self, columns: Sequence[Column]) -> WindowReading:
        """What one reading of the export sees of the window."""
        return WindowReading(self, columns)

    def save(self, seen: dict[str, str]) -> None:
        """Write the state; called when the reading was reconciled."""
        if self.path is None:
            return
        document = {
            "format": _STATE,
            "query": self.fingerprint,
            "until": to_text(self.until),
            "delivered": seen,
        }
        with whole_file(self.path) as file:
            file.write(json.dumps(document).encode("ascii"))


class WindowReading:
    """Passes over what was delivered before, and remembers what the next window will see."""

    def __init__(self, window: Window, columns: Sequence[Column]) -> None:
        names = [column.name for column in columns]
        self._id, self._stamp = names.index("Id"), names.index(STAMP)
        self._window = window
        self._column = columns[self._stamp]
        self._from = to_text(window.until - OVERLAP) or ""
        self._seen: dict[str, str] = {}

    def new(self, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows that were not delivered before."""
        known = self._window.known
        fresh = []
        for row in rows:
            record_id, stamp = row[self._id], self._text(row[self._stamp])
            if stamp >= self._from:
                self._seen[record_id] = stamp
            if known.get(record_id) != stamp:
                fresh.append(row)
        return fresh

    def _text(self, value: Any) -> str:
        """A stamp as Salesforce writes it; such texts sort as the moments do."""
        if isinstance(value, str) and value.endswith(".000Z"):
            return value
        moment = value if isinstance(value, datetime) else value_of_json(self._column, value)
        return to_text(moment) or ""

    def save(self) -> None:
        """The reading is complete and reconciled."""
        self._window.save(self._seen)


def open_window(
    query: Query,
    since: datetime | None,
    until: datetime | None,
    state: str | os.PathLike[str] | None,
    now: datetime,
) -> Window:
    """The window of this export.

    Args:
        query: without the window.
        since, until: aware; None for everything, and for a moment before now.
        state: a file; what it says goes before ``since``.
        now: by the org's clock.

    Raises:
        InvalidInput: a naive datetime, an empty window, or a state of another query.
    """
    end = _utc("until", until) or now - LAG
    begin = _utc("since", since)
    fingerprint = hashlib.sha256(query.text.encode("utf-8")).hexdigest()
    path = None if state is None else Path(state)
    known: dict[str, str] = {}
    if path is not None and path.exists():
        document = _read_state(path, fingerprint)
        begin = datetime.fromisoformat(document["until"].replace("Z", "+00:00")) - OVERLAP
        known = document["delivered"]
    if begin is not None and begin >= end:
        raise InvalidInput(
            f"The window from {to_text(begin)} to {to_text(end)} is empty; by the org's clock it "
            f"is {to_text(now)}."
        )
    return Window(begin, end, path, fingerprint, known)


def _utc(name: str, moment: datetime | None) -> datetime | None:
    if moment is not None and moment.utcoffset() is None:
        raise InvalidInput(
            f"{name}={moment.isoformat()} has no time zone; make it aware, e.g. with "
            ".replace(tzinfo=timezone.utc)."
        )
    # SOQL compares seconds; what lies behind them would be cut off.
    return None if moment is None else moment.astimezone(timezone.utc).replace(microsecond=0)


def _read_state(path: Path, fingerprint: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except ValueError as error:
        raise InvalidInput(f"{path} is no state of an export: {error}") from error
    if not isinstance(document, dict) or document.get("format") != _STATE:
        raise InvalidInput(f"{path} is no state of an export.")
    if document["query"] != fingerprint:
        raise InvalidInput(
            f"{path} is the state of another query. Name another file, or remove this one to "
            "export everything again."
        )
    return document
