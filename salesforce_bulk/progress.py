"""How far a load or an export is, told to whoever wants to know.

The library prints nothing by itself: `progress=True` draws one line on stderr where that is a
terminal, a callable gets a `Progress`, None is silence.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass

from salesforce_bulk.http.transport import Clock

#: Seconds between two events; ten a second are plenty for an eye.
INTERVAL = 0.1


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a run.

    Attributes:
        phase: what is being done, e.g. ``reading``, ``uploading``, ``processing``, ``results``.
        rows: done so far in this phase.
        bytes: moved so far in this phase.
        total_rows: of the phase, None where nobody knows.
        job_id: None before there is a job.
    """

    __module__ = "salesforce_bulk"

    phase: str
    rows: int
    bytes: int = 0
    total_rows: int | None = None
    job_id: str | None = None


ProgressOption = bool | Callable[[Progress], object] | None


class Reporter:
    """Hands events on, at most ten a second; the first and the last of a phase always."""

    def __init__(self, progress: ProgressOption, clock: Clock) -> None:
        self._tell = _draw_on_terminal if progress is True else progress or None
        self._clock = clock
        self._phase = ""
        self._due = 0.0
        self._lock = threading.Lock()

    def __call__(self, event: Progress) -> None:
        """Tell of this moment, unless the last was told just now."""
        if self._tell is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            last = event.total_rows is not None and event.rows >= event.total_rows
            if event.phase == self._phase and now < self._due and not last:
                return
            self._phase = event.phase
            self._due = now + INTERVAL
            self._tell(event)


def _draw_on_terminal(event: Progress) -> None:
    if not sys.stderr.isatty():
        return
    total = "" if event.total_rows is None else f" of {event.total_rows:,}"
    sys.stderr.write(f"\r\x1b[2K{event.phase}: {event.rows:,}{total} rows")
    if event.total_rows is not None and event.rows >= event.total_rows:
        sys.stderr.write("\n")
    sys.stderr.flush()
