"""Files that appear whole or not at all: the one way in which this library writes them.

A file is written under a name that nobody else uses, brought to the disk, and renamed. It has the
permissions of the file that it replaces, else it is its owner's alone. A link that stands at the
name is replaced; what it leads to stays as it is.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from salesforce_bulk.errors import BulkApiError, InvalidInput, StorageError

#: Bytes that are written before they are brought to the disk beside the writing.
_SYNCED_BYTES = 1 << 25
#: Bytes of a file's name that its part's name repeats; a name has 255 at most.
_NAME_BYTES = 200
_PRIVATE = 0o600
#: Folders of open files.
_DESCRIPTORS = re.compile(r"/proc/\d+(?:/task/\d+)?/fd|/dev/fd")
#: Links to links that a system follows.
_MOST_LINKS = 40
_ADVICE = {
    errno.ENOSPC: "Make room there",
    errno.EDQUOT: "Make room there",
    errno.ENOENT: "Make the folder",
    errno.EACCES: "Choose another folder",
    errno.EROFS: "Choose another folder",
}


@contextlib.contextmanager
def storage_errors(what: str, then: str = ", then call again") -> Iterator[None]:
    """A block whose `OSError` is a file's.

    Args:
        what: is written, with where; begins the message.
        then: ends it, behind the advice.

    Raises:
        StorageError: in place of the `OSError`.
    """
    try:
        yield
    except BulkApiError:
        raise  # some are OSErrors too, and say more
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0, "Mend this")
        raise StorageError(
            f"{what} cannot be written: {error.strerror or error}. {advice}{then}.",
            error.errno,
        ) from error


def temporary_errors(content: str) -> contextlib.AbstractContextManager[None]:
    """`storage_errors` of a temporary file.

    Args:
        content: what waits in it.
    """
    try:
        where = tempfile.gettempdir()
    except OSError:  # no folder takes a file: full disks, for example
        where = "any folder for such files"
    return storage_errors(
        f"The temporary file in {where} (another folder: environment variable TMPDIR) with "
        f"{content}",
        then="",  # rows may be in the org; whoever knows says how to go on
    )


def part_path(path: Path) -> Path:
    """A name beside the file that nobody else uses.

    Raises:
        InvalidInput: what is there cannot be replaced: a directory, a device, a pipe, or a name of
            what this process has open, such as ``/dev/stdout``.
    """
    if "\0" in str(path):
        raise InvalidInput(f"{str(path)!r} is no name of a file: it holds a NUL.")
    if is_no_file(path):
        raise InvalidInput(
            f"{path} is no file, so none can take its place. Name another one, or open a device "
            "or a pipe yourself and give the open file."
        )
    name = os.fsencode(path.name)[:_NAME_BYTES].decode(errors="ignore")
    return path.with_name(f"{name}.{secrets.token_hex(4)}.part")


def is_no_file(path: Path) -> bool:
    """Whether something stands at the name whose place no file can take."""
    return _is_descriptor(path) or (path.exists() and not path.is_file())


def _is_descriptor(path: Path) -> bool:
    """Whether the name leads to a descriptor of a process. Where that is a file's, as with an
    output that goes into a file, the name passes for that file, and would be replaced."""
    for _ in range(_MOST_LINKS):
        if _DESCRIPTORS.fullmatch(os.path.realpath(path.parent)):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / path.readlink()
    return False


def open_part(part: Path, buffering: int = -1) -> IO[bytes]:
    """A new file to write and read, its owner's alone."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(part, flags, _PRIVATE), "w+b", buffering)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write; it takes its name only where the block ends without an error.

    Raises:
        InvalidInput: what stands at the name is no file.
        StorageError: it cannot be written. Nothing is left of it then.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"A file is named by a path, not by {path!r}.")
    target = Path(path)
    with storage_errors(f"The file {target}"):
        part = part_path(target)
        with removed_on_error(part):
            with open_part(part) as file:
                yield file
                if not file.closed:
                    sync(file)
            put_in_place(part, target)


@contextlib.contextmanager
def removed_on_error(part: Path) -> Iterator[None]:
    """A block whose error takes the part with it."""
    try:
        yield
    except BaseException:
        # The folder itself may be gone.
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def write_all(file: Any, content: bytes) -> None:
    """Write all bytes to a caller's file, which may take fewer at a time.

    Raises:
        StorageError: it takes no more.
        BrokenPipeError: who reads from it has gone.
    """
    rest = memoryview(content)
    while rest:
        with open_file_errors(file):
            taken = file.write(rest if len(rest) < len(content) else content)
        # Some writers return nothing and take everything; a raw file that is full says so by None.
        if taken is None and not hasattr(file, "readinto"):
            return
        # What says nothing of a number of bytes would be asked for ever.
        if type(taken) is not int or not 0 < taken <= len(rest):
            raise StorageError(
                f"The open file {getattr(file, 'name', file)!r} takes no more bytes: its write() "
                f"says {taken!r}. Give one that blocks, or a buffered one."
            )
        rest = rest[taken:]


@contextlib.contextmanager
def open_file_errors(file: Any) -> Iterator[None]:
    """A block in which a caller's file is written to.

    Raises:
        StorageError: in place of its `OSError`; that its reader has gone is an error of its own,
            by which programs end quietly.
    """
    try:
        with storage_errors(f"The open file {getattr(file, 'name', file)!r}"):
            yield
    except StorageError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            raise error.__cause__ from None
        raise


def sync(file: IO[bytes]) -> None:
    """Bring a file's bytes to the disk."""
    file.flush()
    os.fsync(file.fileno())


class SteadySync:
    """Brings a large file's bytes to the disk while more are written, so that the last `sync` has
    little left to wait for.

    Args:
        file: whose writes are told.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._number = file.fileno()
        self._written = 0
        self._syncing: threading.Thread | None = None

    def wrote(self, size: int) -> None:
        """So many bytes were written."""
        self._written += size
        if self._written >= _SYNCED_BYTES and not (self._syncing and self._syncing.is_alive()):
            self._written = 0
            self._syncing = threading.Thread(target=self._sync, daemon=True)
            self._syncing.start()

    def _sync(self) -> None:
        # The last sync says what is wrong with the disk; the file may be closed by now.
        with contextlib.suppress(OSError):
            os.fsync(self._number)


def put_in_place(part: Path, target: Path) -> None:
    """Give a written file its name, in one step; who may read a file that was there stays."""
    with contextlib.suppress(FileNotFoundError):
        before = target.lstat()
        if stat.S_ISREG(before.st_mode):
            part.chmod(stat.S_IMODE(before.st_mode))
    part.replace(target)
    # The name is what a power cut might take back; not every file system can be asked for it.
    with contextlib.suppress(OSError):
        sync_directory(target.parent)


def sync_directory(path: Path) -> None:
    """Bring to the disk what files a directory has: a new one survives a power cut only then."""
    if sys.platform == "win32":
        return
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
