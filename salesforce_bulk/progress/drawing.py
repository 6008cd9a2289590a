"""``progress=True``: a cell in a notebook, bars or a line in a terminal, lines in a log."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from salesforce_bulk.progress import text
from salesforce_bulk.progress.event import Progress
from salesforce_bulk.progress.notebook import NotebookCell, in_notebook

log = logging.getLogger("salesforce_bulk")

#: Seconds between two lines of a log: with the heartbeat's second no ten are without a sign.
LOG_INTERVAL = 9.0


def draw_anywhere() -> Callable[[Progress], object]:
    """What draws where this process shows something."""
    if in_notebook():
        return NotebookCell()
    if sys.stderr is None or not sys.stderr.isatty():
        return LogLines()
    if find_spec("rich"):
        return RichBars()
    return TqdmBars() if find_spec("tqdm") else TerminalLines()


class LogLines:
    """A line at the end of each phase and every ten seconds: by the log where somebody reads its
    INFO, else on stderr.

    Args:
        monotonic: what measures.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._due = monotonic() + LOG_INTERVAL
        self._waiting: Progress | None = None

    def __call__(self, event: Progress) -> None:
        waiting, self._waiting = self._waiting, event
        if waiting is not None and waiting.phase != event.phase:
            self._write(waiting)
        if event.outcome is not None or self._monotonic() >= self._due:
            self._write(event)

    def _write(self, event: Progress) -> None:
        self._due = self._monotonic() + LOG_INTERVAL
        line = text.line(event)
        if log.isEnabledFor(logging.INFO) and log.hasHandlers():
            log.info("%s", line.strip())
        elif sys.stderr is not None:  # as under pythonw and in services
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


class TerminalLines:
    """A line for each phase, the last of which changes."""

    def __init__(self) -> None:
        self._phase = ""

    def __call__(self, event: Progress) -> None:
        if self._phase not in ("", event.phase):
            sys.stderr.write("\n")
        self._phase = event.phase
        width = shutil.get_terminal_size().columns - 1
        end = "\n" if event.outcome is not None else ""
        sys.stderr.write(f"\r\x1b[2K{text.line(event, width)}{end}")
        sys.stderr.flush()


class RichBars:
    """A bar of rich for each phase."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, TextColumn  # noqa: PLC0415
        from rich.progress import Progress as Bars  # noqa: PLC0415

        self._bars = Bars(
            TextColumn("  {task.description:<12}", markup=False),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[details]}", markup=False),
            console=Console(stderr=True),
            # Each event draws, and there is one a second at least; ten a second fill a log of ssh.
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._phase = ""
        self._task: Any = None

    def __call__(self, event: Progress) -> None:
        if event.phase != self._phase:
            self._begin(event.phase)
        details = "  ".join([text.rows(event), *text.details(event), text.times(event)])
        self._bars.update(
            self._task, completed=event.rows, total=event.total_rows, details=details, refresh=True
        )
        if event.outcome is not None:
            self._bars.stop()

    def _begin(self, phase: str) -> None:
        self._bars.start()
        self._phase = phase
        self._task = self._bars.add_task(phase, total=None, details="")


class TqdmBars:
    """A bar of tqdm for each phase."""

    def __init__(self) -> None:
        self._phase = ""
        self._bar: Any = None

    def __call__(self, event: Progress) -> None:
        if event.phase != self._phase:
            self._begin(event)
        self._bar.total = event.total_rows
        self._bar.set_postfix_str("  ".join(text.details(event)), refresh=False)
        self._bar.n = event.rows
        self._bar.refresh()
        if event.outcome is not None:
            self._bar.close()

    def _begin(self, event: Progress) -> None:
        from tqdm import tqdm  # noqa: PLC0415

        if self._bar is not None:
            self._bar.close()
        self._phase = event.phase
        self._bar = tqdm(
            desc=f"  {event.phase:<12}",
            total=event.total_rows,
            unit=" rows",
            initial=event.rows_before,
            file=sys.stderr,
            dynamic_ncols=True,
        )
