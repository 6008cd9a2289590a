"""Simulated row locks: records that somebody else holds.

Writes in the emulator never really collide, so locks are held on purpose: by a fault, or by a
test. A row that touches a held record (itself, or a parent it refers to) is refused with
``UNABLE_TO_LOCK_ROW``. Source: *Bulk API Developer Guide*, "Organize Data to Minimize Lock
Contention".
"""

import threading
from collections.abc import Iterable

from salesforce_bulk.emulator.clock import Clock


class RowLocks:
    """Who holds which records of an org.

    Args:
        clock: tells when a lock that was taken for some seconds ends.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._mutex = threading.Lock()
        self._held: dict[str, tuple[str, float | None]] = {}

    def hold(self, owner: str, record_ids: Iterable[str], seconds: float | None = None) -> None:
        """Hold records for `owner`, until released or for `seconds` of the org's clock.

        `record_ids` have 18 characters. A record that another owner holds changes hands.
        """
        until = None if seconds is None else self._clock.monotonic() + seconds
        with self._mutex:
            for record_id in record_ids:
                self._held[record_id] = (owner, until)

    def release(self, owner: str) -> None:
        """Give up all that `owner` holds."""
        with self._mutex:
            self._held = {key: lock for key, lock in self._held.items() if lock[0] != owner}

    def clear(self) -> None:
        """Give up everything."""
        with self._mutex:
            self._held.clear()

    def held(self, owner: str | None = None) -> frozenset[str]:
        """The records that anybody but `owner` holds at this moment."""
        if not self._held:
            return frozenset()
        now = self._clock.monotonic()
        with self._mutex:
            self._held = {
                key: lock for key, lock in self._held.items() if lock[1] is None or lock[1] > now
            }
            return frozenset(key for key, lock in self._held.items() if lock[0] != owner)
