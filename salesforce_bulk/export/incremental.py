"""Exports of what changed since the last one.

A window on ``SystemModstamp`` is half-open: its end belongs to the next one. ``SystemModstamp``
is set when a transaction writes, not when it commits, so a record may appear behind the end of a
window that was read already. Therefore a window ends a little before the org's clock, begins
again some minutes before the end of the last one, and records that were delivered then, as they
are, are not delivered twice. Stamps have no fractions of a second, so what a record holds decides
and not its stamp alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import Any

from salesforce_bulk.database.state import DatabaseState
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.export.soql import Query
from salesforce_bulk.export.state import ExportState, StateFile, StateStore, read_state
from salesforce_bulk.formats.typed import ResultColumn, value_of_json
from salesforce_bulk.formats.values import to_text
from salesforce_bulk.options import refuse_no_path

STAMP = "SystemModstamp"
DELETED = "IsDeleted"
_NEEDED = frozenset({"id", STAMP.lower(), DELETED.lower()})
#: How far a window's end stays behind the org's clock, which other servers of the org share
#: only roughly.
LAG = timedelta(seconds=30)
#: How far a window reaches back behind the end of the last one: a bulk batch, the longest
#: transaction there is, works up to ten minutes.
OVERLAP = timedelta(minutes=10)

#: Bytes of the digest by which a delivered record is known again.
_DIGEST_BYTES = 12


@dataclass
class Window:
    """One window, and what was delivered of it before.

    Attributes:
        since: its begin, which belongs to it; None for everything.
        until: its end, which does not.
        store: of the state; None keeps none.
        fingerprint: of the query without the window, and of whose it is.
        known: the digests of the records that were delivered before.
        states: that the store may have: when the window was opened, and what was written since.
    """

    since: datetime | None
    until: datetime
    store: StateStore | None = None
    fingerprint: str = ""
    known: frozenset[bytes] = frozenset()
    states: tuple[ExportState | None, ...] = ()

    @property
    def condition(self) -> str:
        """In SOQL."""
        end = f"{STAMP} < {to_text(self.until)}"
        return end if self.since is None else f"{STAMP} >= {to_text(self.since)} AND {end}"

    def reading(self, columns: Sequence[ResultColumn]) -> WindowReading:
        """What one reading of the export sees of the window."""
        return WindowReading(self, columns)

    def save(self, seen: Iterable[bytes]) -> None:
        """Write the state; called when the reading was reconciled."""
        if self.store is None:
            return
        delivered = tuple(digest.hex() for digest in seen)
        state = ExportState(self.fingerprint, to_text(self.until) or "", delivered)
        before = self.states[-1]
        self.store.replace(before.document if before else None, state.document)
        self.states = (*self.states, state)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """A block in which nobody else delivers this window.

        Raises:
            InvalidInput: somebody does, or has since the export was planned.
        """
        if self.store is None:
            yield
            return
        with self.store.exclusive():
            if read_state(self.store) not in self.states:
                raise InvalidInput(
                    f"The state {self.store} has moved on since this export was planned: another "
                    "one has delivered its changes. Call export() again."
                )
            yield


class WindowReading:
    """Passes over what was delivered before, and remembers what the next window will see."""

    def __init__(self, window: Window, columns: Sequence[ResultColumn]) -> None:
        self._stamp = [column.name for column in columns].index(STAMP)
        self._window = window
        self._columns = columns
        self._from = to_text(window.until - OVERLAP) or ""
        #: Digests and not records: a window after a large load holds a million of them.
        self._seen: set[bytes] = set()

    def new(self, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows that were not delivered before."""
        if self._window.store is None:
            return list(rows)
        known = self._window.known
        fresh = []
        for row in rows:
            is_late = self._text(row[self._stamp]) >= self._from
            if is_late or known:
                digest = self._digest(row)
                if is_late:
                    self._seen.add(digest)
                if digest in known:
                    continue
            fresh.append(row)
        return fresh

    def _digest(self, row: Sequence[Any]) -> bytes:
        """Of the record as it is, from whatever format it came."""
        texts = [
            to_text(_value(column, value)) or ""
            for column, value in zip(self._columns, row, strict=True)
        ]
        document = json.dumps(texts).encode("ascii")
        return hashlib.blake2b(document, digest_size=_DIGEST_BYTES).digest()

    def _text(self, value: Any) -> str:
        """A stamp as Salesforce writes it; such texts sort as the moments do."""
        if isinstance(value, str) and value.endswith(".000Z"):
            return value
        return to_text(_value(self._columns[self._stamp], value)) or ""

    def save(self) -> None:
        """The reading is complete and reconciled."""
        self._window.save(self._seen)


def _value(column: ResultColumn, value: Any) -> Any:
    """A value of a row, typed or raw, of any format."""
    return value if isinstance(value, (date, time)) else value_of_json(column, value)


def open_window(
    query: Query,
    since: datetime | None,
    until: datetime | None,
    state: str | os.PathLike[str] | DatabaseState | None,
    now: datetime,
    *,
    whose: str = "",
) -> Window:
    """The window of this export.

    Args:
        query: without the window.
        since, until: aware; None for everything, and for a moment before now.
        state: a file, or a state in a database; what it says goes before ``since``.
        now: by the org's clock.
        whose: the org, and which of its records: a state is of one of them.

    Raises:
        InvalidInput: a naive datetime, a window that is empty or, with a state, has not ended or
            is limited, or a state of another query.
        JournalMismatch: a state that is damaged.
    """
    _check_items(query)
    end = _utc("until", until) or now - LAG
    begin = _utc("since", since)
    fingerprint = hashlib.sha256(f"{whose}\n{query.text}".encode()).hexdigest()
    store = _store_of(state)
    if store is not None:
        _check_end(query, end, now)
    known: frozenset[bytes] = frozenset()
    before = None if store is None else read_state(store)
    if store is not None and before is not None:
        _check_query(store, before, fingerprint)
        begin = datetime.fromisoformat(before.until.replace("Z", "+00:00")) - OVERLAP
        known = frozenset(map(bytes.fromhex, before.delivered))
    if begin is not None and begin >= end:
        raise InvalidInput(
            f"The window from {to_text(begin)} to {to_text(end)} is empty; by the org's clock it "
            f"is {to_text(now)}."
        )
    return Window(begin, end, store, fingerprint, known, (before,))


def _check_items(query: Query) -> None:
    for item in query.items:
        name = item.alias or (item.path[-1] if item.path else "")
        if item.function and name.lower() in _NEEDED:
            raise InvalidInput(
                f"{item.text} stands where {name} itself must be, to tell what was changed; give "
                "it another name, or leave it out."
            )


def _store_of(state: str | os.PathLike[str] | DatabaseState | None) -> StateStore | None:
    if state is None or isinstance(state, DatabaseState):
        return state
    refuse_no_path("state", state)
    return StateFile(Path(state))


def _check_end(query: Query, end: datetime, now: datetime) -> None:
    if "LIMIT" in query.clauses:
        raise InvalidInput("state= and LIMIT: what is beyond the limit would never come.")
    if end > now - LAG:
        raise InvalidInput(
            f"until={to_text(end)} is less than {LAG.seconds} seconds ago by the org's clock "
            f"({to_text(now)}): what is committed later would be in no window. Leave it out."
        )


def _utc(name: str, moment: datetime | None) -> datetime | None:
    if moment is not None and not isinstance(moment, datetime):
        raise InvalidInput(f"{name}={moment!r} is no datetime.")
    if moment is not None and moment.utcoffset() is None:
        raise InvalidInput(
            f"{name}={moment.isoformat()} has no time zone; make it aware, e.g. with "
            ".replace(tzinfo=timezone.utc)."
        )
    # SOQL compares seconds; what lies behind them would be cut off.
    return None if moment is None else moment.astimezone(timezone.utc).replace(microsecond=0)


def _check_query(store: StateStore, state: ExportState, fingerprint: str) -> None:
    if state.query != fingerprint:
        raise InvalidInput(
            f"{store} is the state of another query or another org. Name another file, or remove "
            "this one to export everything again."
        )
