"""What a command answers: sentences on stderr and, with ``--json``, one object on stdout."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Any

#: Of the object; grows when a name in it changes its meaning or goes.
SCHEMA_VERSION = 1

_OUTCOMES = {
    0: "succeeded",
    2: "refused",
    3: "some rows failed",
    4: "not permitted",
    5: "still running",
    130: "interrupted",
    143: "terminated",
}
#: Exits of commands that were ended from outside.
_SIGNALS = (130, 143)


def shell_command(words: Sequence[str]) -> str:
    """A command to be typed or pasted, with the quotes of this platform's shells."""
    if os.name != "nt":
        return shlex.join(words)
    import subprocess  # noqa: PLC0415 (--help stays fast)

    return subprocess.list2cmdline(words)


class Answer:
    """Collects what is known of a command, whatever ends it.

    Args:
        command: its name.
        as_json: print the object at the end.
        again: the whole command as it was given, which goes on where nothing else does.
    """

    def __init__(self, command: str, *, as_json: bool, again: str) -> None:
        self._as_json = as_json
        self._facts: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "command": command}
        self._again = again
        self._go_on: str | None = None
        self._came_to = ""

    def say(self, sentence: str) -> None:
        """Tell the user; not with ``--json``, whose object has all of it."""
        if not self._as_json:
            print(sentence, file=sys.stderr)

    def know(self, **facts: Any) -> None:
        """Put facts into the object."""
        self._facts.update(facts)

    def show(self, text: str) -> None:
        """Print data; with ``--json`` the object stands for it."""
        if not self._as_json:
            print(text)

    def go_on_with(self, command: str) -> None:
        """The command that goes on from here, where the exit is neither 0 nor 2."""
        self._go_on = command

    def interrupted_at(self, sentence: str) -> None:
        """How far it came, for one that is interrupted."""
        self._came_to = sentence

    def fail(self, error: Exception) -> None:
        """Tell of the error that ended the command."""
        self.say(f"salesforce-bulk: {error}")
        known = {
            name: getattr(error, name, None)
            for name in ("error_code", "job_id", "batch_id", "row", "column")
        }
        self._facts["error"] = {
            "type": type(error).__name__,
            "message": str(error),
            **{name: value for name, value in known.items() if value is not None},
        }

    def finish(self, exit_code: int) -> None:
        """Say how to go on, and print the object."""
        go_on = self._go_on if exit_code not in (0, 2) else None
        if exit_code in _SIGNALS:
            go_on = go_on or self._again
            self.say(f"\n{_OUTCOMES[exit_code]}: {self._came_to}  Go on with: {go_on}")
        elif go_on is not None:
            self.say(f"Go on with: {go_on}")
        if go_on is not None:
            self._facts["go_on"] = go_on
        self._facts |= {"exit_code": exit_code, "outcome": _OUTCOMES.get(exit_code, "failed")}
        if self._as_json:
            print(json.dumps(self._facts, ensure_ascii=False, default=str))
            sys.stdout.flush()
