"""One process at a time works on a directory of data."""

from __future__ import annotations

import sqlite3
from pathlib import Path

FILE_NAME = "lock.sqlite3"


class DirectoryInUseError(OSError):
    """Another emulator works on the directory."""


class DirectoryLock:
    """Held from its making to ``release``, or to the end of the process, however it comes.

    It is a lock of SQLite, which every system has and a killed process loses.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(
            directory / FILE_NAME, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            self._connection.close()
            if "locked" not in str(error):
                raise OSError(f"{directory} cannot be used: {error}") from error
            raise DirectoryInUseError(f"{directory} is in use by another emulator") from error

    def release(self) -> None:
        self._connection.close()
