"""The org's clock: real, or moved by hand.

Everything in the emulator that asks for the time asks its org's clock, so that audit fields,
date literals, session expiry and retention can be tested without waiting.
"""

import threading
import time
from datetime import datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """What the emulator needs of time."""

    def now(self) -> datetime:
        """The moment as an aware UTC datetime, in whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards; only differences mean something."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` have passed on this clock."""
        ...

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, at once; time does not run backwards (ValueError)."""
        ...

    def reset(self) -> None:
        """Undo every `advance()`."""
        ...


def whole_milliseconds(moment: datetime) -> datetime:
    """`moment` cut to the millisecond, the resolution of every stored datetime."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class SystemClock:
    """The machine's own clock, which `advance()` sets forward.

    Args:
        start: an aware datetime: it is that moment now, and time goes on from there.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._shift = start - datetime.now(timezone.utc) if start else timedelta()
        self._advanced = 0.0

    def now(self) -> datetime:
        passed = self._shift + timedelta(seconds=self._advanced)
        return whole_milliseconds(datetime.now(timezone.utc) + passed)

    def monotonic(self) -> float:
        return time.monotonic() + self._advanced

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; time does not run backwards (ValueError)."""
        _check_forward(seconds)
        self._advanced += seconds

    def reset(self) -> None:
        """Undo every `advance()`."""
        self._advanced = 0.0


class ManualClock:
    """A clock that stands still until `advance()` or `sleep()` moves it.

    Args:
        start: an aware datetime; by default the first moment of 2024, UTC.
    """

    def __init__(self, start: datetime = datetime(2024, 1, 1, tzinfo=timezone.utc)) -> None:
        self._start = whole_milliseconds(start.astimezone(timezone.utc))
        self._passed = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return whole_milliseconds(self._start + timedelta(seconds=self.monotonic()))

    def monotonic(self) -> float:
        with self._lock:
            return self._passed

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; time does not run backwards (ValueError)."""
        _check_forward(seconds)
        with self._lock:
            self._passed += seconds

    def reset(self) -> None:
        """Back to the start."""
        with self._lock:
            self._passed = 0.0

    def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0.0))


def _check_forward(seconds: float) -> None:
    if seconds < 0:
        raise ValueError(f"a clock cannot be advanced by {seconds} seconds")
