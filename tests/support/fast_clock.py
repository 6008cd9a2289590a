"""A clock for tests, in a module of its own: clients pickle it."""

from __future__ import annotations


class FastClock:
    """A clock whose pauses take no time; `pauses` lists their seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds
        self.pauses.append(seconds)
