"""What a command answers: sentences on stderr and, with ``--json``, one object on stdout."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, TextIO

from salesforce_bulk.errors import BulkApiError, StorageError
from salesforce_bulk.storage.files import storage_errors

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


def count_of_rows(rows: int) -> str:
    """``1 row``, ``12,000 rows``."""
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"


def counted(number: int, what: str) -> str:
    """``1 job``, ``2,000 batches``."""
    plural = f"{what}es" if what.endswith("ch") else f"{what}s"
    return f"{number:,} {what if number == 1 else plural}"


def shell_command(words: Sequence[str]) -> str:
    """A command to be typed or pasted, with the quotes of this platform's shells."""
    if os.name != "nt":
        return shlex.join(words)
    import subprocess  # noqa: PLC0415  # nosec B404 # loaded late: --help stays fast

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
        self._look: Callable[[], object] | None = None
        self._finished = False

    def say(self, sentence: str) -> None:
        """Tell the user; not with ``--json``, whose object has all of it."""
        if not self._as_json:
            _tell(sentence)

    def know(self, **facts: Any) -> None:
        """Put facts into the object."""
        self._facts.update(facts)

    def show(self, text: str) -> None:
        """Print data; with ``--json`` the object stands for it."""
        if not self._as_json:
            with stdout_errors():
                print(text, flush=True)

    def go_on_with(self, command: str | None) -> None:
        """The command that goes on from here, where the exit is neither 0 nor 2; None: nothing is
        left that one could go on with, or the whole command begins again."""
        self._go_on = command

    def interrupted_at(self, sentence: str) -> None:
        """How far it came, for one that is interrupted."""
        self._came_to = sentence

    @contextmanager
    def cut_short(self, look: Callable[[], object]) -> Iterator[None]:
        """Around what must not be begun again from its beginning.

        Args:
            look: finds out how far it came, and tells this answer; called where something ends it.
        """
        self._look = look
        yield
        self._look = None

    def fail(self, error: Exception, message: str) -> None:
        """Tell of the error that ended the command, by a message in the command's words."""
        self.say(f"salesforce-bulk: {message}")
        known = {
            name: getattr(error, name, None)
            for name in ("error_code", "job_id", "batch_id", "row", "column")
        }
        self._facts["error"] = {
            "type": type(error).__name__,
            "message": message,
            **{name: value for name, value in known.items() if value is not None},
        }

    def refuse_usage(self, usage: str, message: str) -> None:
        """Tell that the arguments are none of the command's."""
        self.say(f"{usage}{message}")
        self._facts["error"] = {"type": "WrongUsage", "message": message}

    def finish(self, exit_code: int) -> None:
        """Say how to go on, and print the object.

        Raises:
            BrokenPipeError: nobody reads the object.
            StorageError: stdout cannot take it; stderr has it.
        """
        last_words = self._last_words(exit_code)
        if last_words and not self._as_json:
            _tell(_on_own_line(last_words))
        if self._as_json:
            try:
                with stdout_errors():
                    print(self._object(), flush=True)
            except StorageError as error:
                _tell(f"salesforce-bulk: {error} What it was to get:\n{self._object()}")
                raise

    def end_now(self, exit_code: int) -> NoReturn:
        """The same in the middle of anything, and the end of the process."""
        try:
            if not self._finished:
                last_words = self._last_words(exit_code)
                text, stream = (self._object(), 1) if self._as_json else (last_words, 2)
                # What print() holds back may be what was interrupted.
                os.write(stream, f"{_on_own_line(text) if stream == 2 else text}\n".encode())
        finally:
            os._exit(exit_code)

    def _last_words(self, exit_code: int) -> str:
        """What is said at the end, which may be nothing; the object knows it as well."""
        self._finished = True
        if self._look is not None:
            self._look()
        go_on = self._go_on if exit_code not in (0, 2) else None
        if exit_code in _SIGNALS:
            go_on = go_on or self._again
        if go_on is not None:
            self._facts["go_on"] = go_on
        outcome = _OUTCOMES.get(exit_code, "failed")
        self._facts |= {"exit_code": exit_code, "outcome": outcome}
        if exit_code in _SIGNALS:
            came_to = f": {self._came_to}" if self._came_to else "."
            return f"{outcome}{came_to}  Go on with: {go_on}"
        return "" if go_on is None else f"Go on with: {go_on}"

    def _object(self) -> str:
        return json.dumps(self._facts, ensure_ascii=False, default=str)


@contextmanager
def stdout_errors() -> Iterator[None]:
    """A block that writes to stdout.

    Raises:
        StorageError: a full disk, for example.
        BrokenPipeError: the reader went away.
    """
    try:
        yield
    except (BulkApiError, BrokenPipeError):
        raise
    except OSError as error:
        discard(sys.stdout)
        with storage_errors("stdout", then=""):
            raise error from None


def _tell(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:  # what becomes of rows does not depend on who hears of it; the exit code tells
        discard(sys.stderr)


def discard(stream: TextIO) -> None:
    """Send what is still buffered nowhere, and all that follows; Python would flush it on exit,
    and tell with a traceback or an exit code of its own that it cannot.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _on_own_line(text: str) -> str:
    """In a terminal, in the place of the ^C that the terminal has shown at any column."""
    if text.startswith("interrupted") and sys.stderr.isatty():
        return f"\r\x1b[2K^C {text}"
    return text
