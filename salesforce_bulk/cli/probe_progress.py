"""How far a run of probes is, while it runs."""

from __future__ import annotations

import sys
import time

#: Seconds between two lines where there is no terminal.
_LINE_SECONDS = 9.0


class ProbeProgress:
    """Shows on stderr which behaviour is asked about: on a terminal one line that changes.

    Args:
        total: how many there are.
        quiet: show nothing.
    """

    def __init__(self, total: int, *, quiet: bool) -> None:
        self._total = total
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._due = time.monotonic() + _LINE_SECONDS

    def about(self, number: int, behaviour: str) -> None:
        """The behaviour of that number, from 1, is asked about."""
        told = f"  asking {number:,} of {self._total:,}  {behaviour}"
        if self._quiet:
            return
        if self._terminal:
            self._write(f"\r\x1b[2K{told}")
        elif time.monotonic() >= self._due:
            self._due = time.monotonic() + _LINE_SECONDS
            self._write(f"{told}\n")

    def over(self) -> None:
        """The line goes."""
        if self._terminal and not self._quiet:
            self._write("\r\x1b[2K")

    @staticmethod
    def _write(text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
