"""The crash-safe record of a run.

A journal is a file of JSON lines. The first is the header: what the run is. Each further line is
an intent or an outcome, on the disk before `Journal.append` returns, so that after a crash the
same command can go on from there. Each line has its number and a checksum over itself and the line
before, so that a line that is damaged, missing or moved is noticed. A last line that a crash tore
is dropped when the file is opened; that whole lines are missing at the end cannot be seen here.
The file gets its name with its header inside: an empty one is no crash's. One process at a time
holds a journal.
"""

from __future__ import annotations

import errno
import hashlib
import json
import operator
import os
import re
import stat
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from salesforce_bulk.errors import JournalMismatch, StorageError
from salesforce_bulk.storage.files import (
    open_part,
    part_path,
    storage_errors,
    sync,
    sync_directory,
)
from salesforce_bulk.storage.locks import is_taken, lock

#: The first line's marker, and the version of what follows.
FORMAT = "salesforce-bulk journal 2"

Entry = dict[str, Any]

_NOTHING_LOST = ", then call again; it is as it was"
#: Bytes of a line's checksum, and where it stands.
_SUM_BYTES = 8
_LINE = re.compile(rb'(.*), "sum": "([0-9a-f]{16})"}\n', re.DOTALL)
_JOB = re.compile(rb'"job": "([a-zA-Z0-9]{15,18})"')


class Journal:
    """One run's record. Safe for threads; a context manager.

    Attributes:
        path: the file.
        header: what the run is, as it was given to `create`.
        entries: what was appended so far, by this and by earlier processes.
    """

    def __init__(
        self, path: Path, file: IO[bytes], header: Entry, entries: list[Entry], checksum: str
    ) -> None:
        self.path = path
        self.header = header
        self.entries = entries
        self._file = file
        self._checksum = checksum
        #: Where half a line begins that could not be cut off.
        self._torn: int | None = None
        self._lock = threading.Lock()
        # Whoever loses a journal in an exception lets go of its lock as well.
        weakref.finalize(self, file.close)

    @classmethod
    def create(cls, path: str | os.PathLike[str], header: Entry) -> Journal:
        """A new journal, its header on the disk.

        Args:
            path: of the file, which must not be there.
            header: what the run is; plain JSON.

        Raises:
            JournalMismatch: there is a file already, or another process holds it.
            StorageError: it cannot be written, or there is no folder for it.
        """
        line, checksum = _line({"format": FORMAT, "header": header}, "")
        if cls.exists(path):
            _locked(Path(path)).close()
            raise JournalMismatch(
                f"{path} is a file already. If it is the journal of a run, resume that; else name "
                "another file."
            )
        try:
            _put(Path(path), line)
        except FileExistsError as error:
            if Path(path).is_symlink():
                why = f"The journal {path} is a link that leads nowhere. Name the file itself."
            else:
                why = f"Another run has just made the journal {path}."
            raise JournalMismatch(why) from error
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StorageError(
                f"There is no folder for the journal {path}. Nothing was sent. Make it, or name "
                "another file.",
                error.errno,
            ) from error
        except OSError as error:
            raise StorageError(
                f"The journal {path} cannot be written: {error}. Nothing was sent. Make room "
                "there, or name another file.",
                error.errno,
            ) from error
        return cls(Path(path), _locked(Path(path)), header, [], checksum)

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Journal:
        """A journal of before, ready for more.

        Raises:
            JournalMismatch: no journal, one that is damaged, or one that another process holds.
            StorageError: it cannot be read, or not be locked.
        """
        file = _locked(Path(path))
        with _closed_on_error(file), storage_errors(f"The journal {path}", _NOTHING_LOST):
            file.seek(0)
            content = file.read()
            end = content.rfind(b"\n") + 1  # what stands behind was torn by a crash
            lines = content[:end].splitlines(keepends=True)
            documents, checksum = _documents(lines, Path(path))
            file.truncate(end)
            file.seek(0, os.SEEK_END)
        entries = [document["entry"] for document in documents[1:]]
        return cls(Path(path), file, documents[0]["header"], entries, checksum)

    @classmethod
    def exists(cls, path: str | os.PathLike[str]) -> bool:
        """Whether there is a file of that name.

        Raises:
            JournalMismatch: what is there is no file: a directory, a pipe, a device.
        """
        try:
            status = Path(path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except (OSError, ValueError) as error:
            raise _not_opened(path, error) from error
        if not stat.S_ISREG(status.st_mode):
            raise JournalMismatch(f"{path} is no journal: it is no file. Name another one.")
        return True

    def append(self, entry: Entry) -> None:
        """Add an entry; it is on the disk when this returns.

        Raises:
            StorageError: it cannot be written; the journal is as it was.
        """
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

    def take_up(self) -> None:
        """Hold the file again after `close`, for more entries.

        Raises:
            JournalMismatch: another run has it, or has gone on with it meanwhile.
        """
        with Journal.open(self.path) as now:
            if now._checksum != self._checksum:
                raise JournalMismatch(
                    f"Another run has gone on with the journal {self.path} meanwhile. Run the same "
                    "with the journal again: it knows what is in the org."
                )
        self._file = _locked(self.path)
        weakref.finalize(self, self._file.close)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _write(self, entry: Entry) -> None:
        number = len(self.entries) + 2
        line, checksum = _line({"line": number, "entry": entry}, self._checksum)
        end = self._file.seek(0, os.SEEK_END) if self._torn is None else self._torn
        try:
            if self._torn is not None:
                self._file.truncate(end)
                self._file.seek(end)
                self._torn = None
            # One write: a crash between two would leave a line that looks whole.
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, "No space left on device")
            os.fsync(self._file.fileno())
        except OSError as error:
            self._take_back(end)
            raise StorageError(
                f"The journal {self.path} cannot be written: {error}. Make room there; then the "
                "same call goes on with the journal.",
                error.errno,
            ) from error
        self._checksum = checksum

    def _take_back(self, end: int) -> None:
        """Cut off what was written of a line."""
        try:
            self._file.truncate(end)
        except OSError:
            # A disk that is gone. Nothing may come behind half a line, if it should come back.
            self._torn = end


def read_entries(path: str | os.PathLike[str]) -> list[Entry]:
    """The entries of a journal that a run may be writing; its lock is not asked for.

    Raises:
        JournalMismatch: no journal, or one that is damaged.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise _not_opened(path, error) from error
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    return [document["entry"] for document in _documents(lines, Path(path))[0][1:]]


def _line(document: Entry, before: str) -> tuple[bytes, str]:
    """A line and its checksum, which covers that of the line before."""
    # An option may be a whole number of numpy.
    content = json.dumps(document, default=operator.index).removesuffix("}").encode("ascii")
    checksum = _checksum(before, content)
    return content + f', "sum": "{checksum}"}}\n'.encode("ascii"), checksum


def _checksum(before: str, content: bytes) -> str:
    return hashlib.blake2b(before.encode("ascii") + content, digest_size=_SUM_BYTES).hexdigest()


def _put(path: Path, line: bytes) -> None:
    """Give a new file with this line its name, which nobody may have taken."""
    part = part_path(path)
    try:
        with open_part(part) as file:
            file.write(line)
            sync(file)
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    # The name is what a power cut might take back; not every file system can be asked for it.
    with suppress(OSError):
        sync_directory(path.absolute().parent)


def _documents(lines: list[bytes], path: Path) -> tuple[list[Entry], str]:
    """The lines read, and the last checksum."""
    documents: list[Entry] = []
    checksum = ""
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        if found is None or found[2].decode("ascii") != _checksum(checksum, found[1]):
            raise _damaged(path, number, lines)
        checksum = found[2].decode("ascii")
        documents.append(json.loads(line))
    if not documents:
        raise _damaged(path, 1, lines)
    return documents, checksum


def _damaged(path: Path, number: int, lines: list[bytes]) -> JournalMismatch:
    if number == 1:
        what = (
            f"{path} is no journal ({FORMAT}), or has lost its beginning; an empty file is not "
            "what a crash leaves. If a run was recorded there, compare the org's jobs and records "
            "with the rows before loading any; else name another file."
        )
        return JournalMismatch(what)
    jobs = dict.fromkeys(job.decode("ascii") for job in _JOB.findall(b"".join(lines)))
    named = f"It names the jobs {', '.join(jobs)}: take" if jobs else "Take"
    return JournalMismatch(
        f"Line {number} of the journal {path} is damaged, or lines before it are missing, so that "
        f"it does not say what is in the org. Nothing was sent. {named} up each job of this load "
        "with attach(job_id), compare, and load what is missing with another journal.",
        job_id=next(iter(jobs), None),
    )


def _not_opened(path: Any, error: Exception) -> JournalMismatch:
    return JournalMismatch(f"There is no journal {path} that can be opened: {error}.")


@contextmanager
def _closed_on_error(file: IO[bytes]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        file.close()
        raise


def _locked(path: Path) -> IO[bytes]:
    Journal.exists(path)  # a pipe would be waited for
    try:
        file: IO[bytes] = path.open("r+b", buffering=0)
    except OSError as error:
        raise _not_opened(path, error) from error
    with _closed_on_error(file):
        try:
            lock(file)
        except OSError as error:
            if not is_taken(error):
                raise StorageError(
                    f"The journal {path} cannot be locked: {error}. Nothing was sent. Name a file "
                    "on a file system that has locks, such as a disk of this machine.",
                    error.errno,
                ) from error
            raise JournalMismatch(
                f"A run is at work with the journal {path}, in this process or another."
            ) from error
    return file
