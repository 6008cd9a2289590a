"""The engine: events at most ten a second, a sign at least every second, a last one always."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from salesforce_bulk.errors import JobStillRunning
from salesforce_bulk.http.clock import Clock, DeadlinePassed
from salesforce_bulk.progress.drawing import draw_anywhere
from salesforce_bulk.progress.event import Progress, ProgressOption
from salesforce_bulk.progress.notebook import show_as_line
from salesforce_bulk.progress.timeline import Timeline

log = logging.getLogger("salesforce_bulk")

#: Seconds between two events; ten a second are plenty for an eye.
INTERVAL = 0.1
#: Seconds after which the last event is told again where nothing new happened.
HEARTBEAT = 1.0


class Reporter:
    """Tells of one run after the other; may be called from any thread.

    Args:
        progress: the caller's ``progress=``.
        clock: what measures.
        name: of the run, for the log.
        go_on: the call that goes on with a run that was interrupted, where it has a journal.
        heartbeat: seconds after which the last event is told again.

    ``timeline`` is how its runs went.

    A callable that raises is told nothing more, and the log has why: rows on their way to an org
    are worth more than the picture of them.
    """

    def __init__(
        self,
        progress: ProgressOption,
        clock: Clock,
        name: str = "",
        *,
        go_on: str | None = None,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self.name = name
        self._go_on = go_on
        self._progress = progress
        self._tell: Callable[[Progress], object] | None = None
        self._clock = clock
        self._heartbeat = heartbeat
        # Reentrant: a reading that nobody ended is closed wherever Python collects it.
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._heart: threading.Thread | None = None
        self._interrupt: BaseException | None = None
        self._depth = 0
        self._began = 0.0
        self._counts = ""
        self.timeline = Timeline()
        self._forget()

    def _forget(self) -> None:
        self._last: Progress | None = None
        self._shown: Progress | None = None
        self._phase_began = self._due = self._clock.monotonic()

    def __call__(self, event: Progress) -> None:
        """Tell of this moment, unless the last was told just now and nothing begins or ends.

        Raises:
            BaseException: the caller's callable raised it when the last event was told again, and
                it is no error, but ends the run.
        """
        with self._lock:
            if self._interrupt is not None:
                raise self._interrupt
            last, now = self._last, self._clock.monotonic()
            self.timeline.add(now, event.phase, event.rows)
            begins = last is None or event.phase != last.phase
            if begins:
                self._deliver_held_back(now)
                self._phase_began = now
                log.info("%s: %s", self.name, event.phase)
            before = event.rows if last is None or begins else min(last.rows_before, event.rows)
            self._last = replace(event, seconds=now - self._phase_began, rows_before=before)
            ends = event.total_rows is not None and event.rows >= event.total_rows
            if begins or ends or now >= self._due:
                self._deliver(now)

    def conclude(self, counts: str) -> None:
        """What the closing line of the log says of the rows."""
        self._counts = counts

    @contextmanager
    def running(self, outcome: str = "finished") -> Iterator[None]:
        """Around a run: beats while it lasts, and tells its end, whatever that is.

        Args:
            outcome: of a run that ends without an error.

        One within another is a part of the same run, which ends with the last of them.
        """
        self._enter()
        try:
            yield
        except BaseException as error:
            outcome = _outcome_of(error)
            if isinstance(error, KeyboardInterrupt):
                show_as_line(error, partial(self._interruption, error))
            raise
        finally:
            self._leave(outcome)

    def _interruption(self, error: BaseException) -> str:
        """How to go on, as a line; asked for when it is shown, and all is known."""
        job_id = None if self._last is None else self._last.job_id
        notes = getattr(error, "__notes__", ())
        if job_id is None and not notes:
            return f"{self.name}: interrupted before anything was sent."
        if self._go_on is not None:
            return f"{self.name}: interrupted. Go on with {self._go_on}"
        if notes:
            return f"{self.name}: interrupted. {notes[-1]}"
        return f"{self.name}: interrupted; the org goes on. Take it up with bulk.attach({job_id!r})"

    def _enter(self) -> None:
        with self._lock:
            self._depth += 1
            if self._depth > 1:
                return
            self._forget()
            self._counts, self._interrupt = "", None
            self._began = self._clock.monotonic()
            self._tell = draw_anywhere() if self._progress is True else self._progress or None
            if self._tell is not None:
                self._stop = threading.Event()
                self._heart = threading.Thread(
                    target=self._beat, args=(self._stop,), name="salesforce-bulk-progress"
                )
                self._heart.daemon = True
                self._heart.start()

    def _leave(self, outcome: str) -> None:
        with self._lock:
            self._depth -= 1
            if self._depth:
                return
            self._stop.set()
            self._end(outcome)
        # Not by itself: what is collected closes the readings that nobody ended, on any thread.
        if self._heart is not None and self._heart is not threading.current_thread():
            self._heart.join()
        self._heart = None

    def _beat(self, stop: threading.Event) -> None:
        # By the wall clock: a clock for tests does not move while a server works.
        while not stop.wait(self._heartbeat):
            with self._lock:
                now = self._clock.monotonic()
                if self._last is not None and not stop.is_set():
                    self._last = replace(self._last, seconds=now - self._phase_began)
                    try:
                        self._deliver(now)
                    except BaseException as interrupt:  # noqa: BLE001 - raised where the run tells its next
                        self._interrupt = interrupt
                        return

    def _end(self, outcome: str) -> None:
        now = self._clock.monotonic()
        last = self._last or Progress("starting", 0)
        self._last = replace(last, seconds=now - self._phase_began, outcome=outcome)
        self._deliver(now)
        log.info(
            "%s: %s after %.1f s: %s",
            self.name,
            outcome,
            now - self._began,
            self._counts or f"{last.phase}, {last.rows:,} rows",
        )

    def _deliver_held_back(self, now: float) -> None:
        """How far a phase came at last."""
        if self._last is not None and self._last is not self._shown:
            self._last = replace(self._last, seconds=now - self._phase_began)
            self._deliver(now)

    def _deliver(self, now: float) -> None:
        self._due = now + INTERVAL
        self._shown = self._last
        if self._tell is None or self._last is None:
            return
        try:
            self._tell(self._last)
        except Exception:  # what a user's callable raises is not known, and rows are on their way
            self._tell = None
            log.warning(
                "progress= raised an error; nothing more is told of %s", self.name, exc_info=True
            )


def _outcome_of(error: BaseException) -> str:
    if isinstance(error, (JobStillRunning, DeadlinePassed)):
        return "still running"
    if isinstance(error, GeneratorExit):
        return "stopped"
    return "failed" if isinstance(error, Exception) else "interrupted"
