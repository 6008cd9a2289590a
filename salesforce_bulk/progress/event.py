"""One moment of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a run.

    Attributes:
        phase: what is being done: ``reading``, ``uploading``, ``processing`` or ``downloading``.
        rows: done so far in this phase.
        bytes: moved so far in this phase.
        total_rows: of the phase, None where nobody knows.
        job_id: None before there is a job.
        seconds: since the phase began.
        batches: done so far in this phase, None where the phase has none.
        total_batches: of the run.
        rows_before: of ``rows``, those that were done when the phase began, by an earlier process.
        outcome: None until the last event of a run: ``finished``, ``submitted``, ``failed``,
            ``interrupted``, ``still running`` (the time to wait was up) or ``stopped`` (the reader
            of an export wanted no more rows).
    """

    phase: str
    rows: int
    bytes: int = 0
    total_rows: int | None = None
    job_id: str | None = None
    seconds: float = 0.0
    batches: int | None = None
    total_batches: int | None = None
    rows_before: int = 0
    outcome: str | None = None

    @property
    def rows_per_second(self) -> float | None:
        """The rate of this phase; None before anything is done."""
        done = self.rows - self.rows_before
        return done / self.seconds if done > 0 and self.seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """Until the end of this phase at its rate so far; None where there is no telling."""
        rate = self.rows_per_second
        if rate is None or self.total_rows is None:
            return None
        return max(0, self.total_rows - self.rows) / rate


Progress.__module__ = "salesforce_bulk"  # a class with slots takes no such attribute

#: True draws, a callable is given each `Progress`, None and False are silence.
ProgressOption = bool | Callable[[Progress], object] | None
