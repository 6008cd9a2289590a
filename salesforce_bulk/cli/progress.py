"""Progress on stderr: one line that changes on a terminal, plain lines anywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

#: Seconds between two drawings: often enough to be seen moving, and nothing in a log.
TERMINAL_INTERVAL = 0.1
LOG_INTERVAL = 10.0


class Progress:
    """Makes the steps of one command.

    Args:
        stream: where to write.
        clock: seconds that only grow.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock

    def step(self, name: str, total: int) -> Step:
        """A step over *total* rows, to be used in a ``with`` block."""
        return Step(name, total, self._stream, self._clock)


class Step:
    """A step under way. ``rows`` were done in ``seconds``."""

    def __init__(self, name: str, total: int, stream: TextIO, clock: Callable[[], float]) -> None:
        self.name = name
        self.total = total
        self.rows = 0
        self.seconds = 0.0
        self._stream = stream
        self._clock = clock
        self._live = stream.isatty()
        self._started = self._drawn = clock()

    def __enter__(self) -> Step:
        self._started = self._drawn = self._clock()
        if self._live:
            self._draw(end="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds = self._clock() - self._started
        self._draw(end="\n")

    def advance(self, rows: int = 1) -> None:
        """Count *rows* as done."""
        self.rows += rows
        now = self._clock()
        if now - self._drawn >= (TERMINAL_INTERVAL if self._live else LOG_INTERVAL):
            self._drawn = now
            self.seconds = now - self._started
            self._draw(end="" if self._live else "\n")

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.seconds if self.seconds else 0.0

    def _draw(self, end: str) -> None:
        start = "\r\x1b[K" if self._live else ""
        self._stream.write(f"{start}{self}{end}")
        self._stream.flush()

    def __str__(self) -> str:
        share = self.rows / self.total if self.total else 1.0
        return (
            f"{self.name:<22}{share:>5.0%}  {self.rows:>9,} rows  "
            f"{self.rows_per_second:>9,.0f} rows/s"
        )
