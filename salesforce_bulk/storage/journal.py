"""The crash-safe record of a run.

A journal is a file of JSON lines. The first is the header: what the run is. Each further line is
an intent or an outcome, on the disk before `Journal.append` returns, so that after a crash the
same command can go on from there. A last line that a crash tore is dropped when the file is
opened. One process at a time holds a journal.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from salesforce_bulk.errors import JournalMismatch
from salesforce_bulk.storage.files import sync_directory

#: The first line's marker, and the version of what follows.
FORMAT = "salesforce-bulk journal 1"

Entry = dict[str, Any]

#: How the first line begins.
_BEGINNING = json.dumps({"format": FORMAT}).removesuffix("}").encode("ascii")


class Journal:
    """One run's record. Safe for threads; a context manager.

    Attributes:
        path: the file.
        header: what the run is, as it was given to `create`.
        entries: what was appended so far, by this and by earlier processes.
    """

    def __init__(self, path: Path, file: IO[bytes], header: Entry, entries: list[Entry]) -> None:
        self.path = path
        self.header = header
        self.entries = entries
        self._file = file
        self._lock = threading.Lock()
        # Whoever loses a journal in an exception lets go of its lock as well.
        weakref.finalize(self, file.close)

    @classmethod
    def create(cls, path: str | os.PathLike[str], header: Entry) -> Journal:
        """A new journal, its header on the disk.

        Args:
            path: of the file; one without a header, which a crash left, is taken over.
            header: what the run is; plain JSON.

        Raises:
            JournalMismatch: there is a journal already, or another process holds it.
        """
        file = _locked(Path(path), "a+b")
        with _closed_on_error(file):
            if _lines(file):
                raise JournalMismatch(
                    f"{path} is the journal of a run already; resume it, or name another file."
                )
            file.seek(0)
            if not _is_torn_header(file.read()):
                raise JournalMismatch(f"{path} is no journal and is left alone; name another file.")
            _truncate(file, 0)
            journal = cls(Path(path), file, header, [])
            journal._write({"format": FORMAT, "header": header})
            sync_directory(Path(path).absolute().parent)
        return journal

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Journal:
        """A journal of before, ready for more.

        Raises:
            JournalMismatch: no journal, one that is damaged before its last line, or one that
                another process holds.
        """
        file = _locked(Path(path), "r+b")
        with _closed_on_error(file):
            lines = _lines(file)
            if not lines:
                raise JournalMismatch(f"{path} is no journal: it has no header.")
            documents = [_document(line, number, path) for number, line in enumerate(lines, 1)]
            if documents[0].get("format") != FORMAT:
                raise JournalMismatch(f"{path} is no journal of this version ({FORMAT}).")
            _truncate(file, sum(map(len, lines)))
        return cls(Path(path), file, documents[0]["header"], documents[1:])

    @classmethod
    def exists(cls, path: str | os.PathLike[str]) -> bool:
        """Whether there is a file with a complete header line."""
        try:
            with Path(path).open("rb") as file:
                return bool(_lines(file))
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _not_opened(path, error) from error

    def append(self, entry: Entry) -> None:
        """Add an entry; it is on the disk when this returns."""
        with self._lock:
            self._write(entry)
            self.entries.append(entry)

    @property
    def closed(self) -> bool:
        """Whether it takes no more."""
        return self._file.closed

    def close(self) -> None:
        """Let go of the file; the lock goes with it."""
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, document: Entry) -> None:
        line = json.dumps(document).encode("ascii") + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        # One write: a crash between two would leave a line that looks whole.
        if self._file.write(line) != len(line):
            self._file.truncate(end)
            raise OSError(errno.ENOSPC, "The journal cannot be written", str(self.path))
        os.fsync(self._file.fileno())


def _not_opened(path: Any, error: OSError) -> JournalMismatch:
    return JournalMismatch(f"There is no journal {path} that can be opened: {error}.")


@contextmanager
def _closed_on_error(file: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise


def _locked(path: Path, mode: str) -> IO[bytes]:
    try:
        file: IO[bytes] = path.open(mode, buffering=0)
    except OSError as error:
        raise _not_opened(path, error) from error
    with _closed_on_error(file):
        try:
            _lock(file)
        except OSError as error:
            raise JournalMismatch(
                f"A run is at work with the journal {path}, in this process or another."
            ) from error
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        # Locks of bytes keep others from reading them; far behind the end they only exclude.
        file.seek(1 << 40)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _lines(file: IO[bytes]) -> list[bytes]:
    """The complete lines; what stands behind the last line feed was torn by a crash."""
    file.seek(0)
    content = file.read()
    return content[: content.rfind(b"\n") + 1].splitlines(keepends=True)


def _is_torn_header(content: bytes) -> bool:
    """Whether a crash can have left this of a header."""
    return _BEGINNING.startswith(content) or content.startswith(_BEGINNING)


def _document(line: bytes, number: int, path: Any) -> Entry:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise JournalMismatch(f"Line {number} of the journal {path} is damaged.") from error
    if not isinstance(document, dict):
        raise JournalMismatch(f"Line {number} of the journal {path} is damaged.")
    return document


def _truncate(file: IO[bytes], size: int) -> None:
    file.truncate(size)
    file.seek(0, os.SEEK_END)
