"""How a run went over time: few enough moments to be drawn."""

from __future__ import annotations

from typing import NamedTuple

#: Moments that are kept; where there are more, every second one goes.
_KEPT = 240


class Moment(NamedTuple):
    """How many rows of a phase were done so many seconds after the run began."""

    seconds: float
    phase: str
    rows: int


class Timeline:
    """Moments of a run of any length, by the clock of whoever adds them."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._interval = 0.0
        self._moments: list[Moment] = []

    def add(self, now: float, phase: str, rows: int) -> None:
        """One more moment; one that is too near to the last of its phase takes its place."""
        self._began = now if self._began is None else self._began
        self._put(Moment(now - self._began, phase, rows))
        if len(self._moments) > _KEPT:
            self._interval = max(2 * self._interval, 2 * self._moments[-1].seconds / _KEPT)
            moments, self._moments = self._moments, []
            for moment in moments:
                self._put(moment)

    def _put(self, moment: Moment) -> None:
        kept = self._moments
        # The first and the last of a phase stay.
        inside = len(kept) > 1 and kept[-1].phase == kept[-2].phase == moment.phase
        if inside and moment.seconds - kept[-2].seconds < self._interval:
            kept[-1] = moment
        else:
            kept.append(moment)

    def moments(self) -> tuple[Moment, ...]:
        """In their order."""
        return tuple(self._moments)
