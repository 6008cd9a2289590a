"""The demo's steps, told by the engine that tells of loads and exports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from salesforce_bulk.progress import Progress, ProgressOption, Reporter


class DemoSteps:
    """Makes the steps of one demo.

    Args:
        progress: as the verbs take it.
    """

    def __init__(self, progress: ProgressOption) -> None:
        self.reporter = Reporter(progress, time, "demo")

    @contextmanager
    def step(self, name: str, total: int) -> Iterator[DemoStep]:
        """A step over *total* rows."""
        step = DemoStep(self.reporter, name, total)
        try:
            yield step
        finally:
            step.end()


class DemoStep:
    """A step under way. ``rows`` were done in ``seconds``."""

    def __init__(self, reporter: Reporter, name: str, total: int) -> None:
        self.rows = 0
        self.seconds = 0.0
        self._reporter = reporter
        self._name = name
        self._total = total
        self._began = time.monotonic()
        self.advance(0)

    def advance(self, rows: int = 1) -> None:
        """Count *rows* as done."""
        self.rows += rows
        self._reporter(Progress(self._name, self.rows, total_rows=self._total))

    def end(self) -> None:
        """Take the time."""
        self.seconds = time.monotonic() - self._began
