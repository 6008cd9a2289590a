"""What waits and measures, and the deadline of a verb."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Real
from typing import Protocol

from salesforce_bulk.errors import InvalidInput

#: Seconds for the last question before the end.
_LAST_QUESTION = 1.0


class Clock(Protocol):
    """What waits and measures; the module `time` is one."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


class AbstractLock(Protocol):
    """A lock of `threading`, of either kind."""

    def acquire(self, blocking: bool = ..., timeout: float = ...) -> bool: ...

    def release(self) -> None: ...


class DeadlinePassed(Exception):
    """The time of a verb is up; caught where the verb knows what is in the org by then.

    No `BulkApiError`: what handles those on the way would look at the org once more, or try again.
    Whoever is on the way ends as at Ctrl-C, and leaves behind what a journal can go on from.
    """


class Deadline:
    """The moment at which a verb is over, and the clock by which everything in it waits.

    A pause ends then, and no call begins after it.

    Args:
        clock: what waits and measures; within another deadline, that one.
        seconds: from now on; None has no end.

    Raises:
        InvalidInput: the seconds are no number, or below 0.
    """

    def __init__(self, clock: Clock, seconds: float | None) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = math.inf if seconds is None else clock.monotonic() + _checked(seconds)
        self._stands_at: float | None = None

    def monotonic(self) -> float:
        """The clock's."""
        return self._clock.monotonic()

    def sleep(self, seconds: float, /) -> None:
        """Pause; until the end where that comes first, which is raised then."""
        left = self.left()
        if seconds < left:
            self._clock.sleep(seconds)
        else:
            self._clock.sleep(left)
            raise DeadlinePassed

    def nap(self, seconds: float) -> None:
        """Pause before a question; where that would outlast the end, there is one more before."""
        left = self.left()
        if seconds >= left > _LAST_QUESTION:
            seconds = left - _LAST_QUESTION
        self.sleep(seconds)

    def left(self) -> float:
        """Seconds that are left, infinite without an end.

        Raises:
            DeadlinePassed: none.
        """
        around = self._clock.left() if isinstance(self._clock, Deadline) else math.inf
        if self._end == math.inf:
            return around
        now = self._stands_at
        left = self._end - (self._clock.monotonic() if now is None else now)
        if left <= 0:
            raise DeadlinePassed
        return min(left, around)

    def end(self) -> None:
        """Let the time be up now, for threads for which nobody waits any more."""
        self._end = -math.inf

    @contextmanager
    def standing(self) -> Iterator[None]:
        """For the block the time stands still: somebody else has the floor."""
        self._stands_at = began = self._clock.monotonic()
        try:
            yield
        finally:
            self._end += self._clock.monotonic() - began
            self._stands_at = None

    @contextmanager
    def holding(self, lock: AbstractLock) -> Iterator[None]:
        """The lock, which another thread may hold for longer than there is time."""
        left = self.left()
        if not lock.acquire(timeout=-1 if left == math.inf else min(left, threading.TIMEOUT_MAX)):
            raise DeadlinePassed
        try:
            yield
        finally:
            lock.release()


def _checked(seconds: float) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not seconds >= 0:
        raise InvalidInput(f"timeout is a number of seconds, 0 or more, not {seconds!r}.")
    return seconds
