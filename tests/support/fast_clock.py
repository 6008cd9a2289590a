"""A clock for tests, in a module of its own: there are several conftests, and clients pickle it."""


class FastClock:
    """A clock whose pauses take no time."""

    def __init__(self):
        self._now = 0.0
        self.pauses = []

    def monotonic(self):
        return self._now

    def sleep(self, seconds):
        self._now += seconds
        self.pauses.append(seconds)
