"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from salesforce_bulk.errors import InvalidInput

#: Bytes that are written before they are brought to the disk beside the writing.
_SYNCED_BYTES = 1 << 25


def part_path(path: Path) -> Path:
    """A name beside the file that nobody else uses.

    Raises:
        InvalidInput: what is there cannot be replaced: a directory, a device, a pipe.
    """
    if path.exists() and not path.is_file():
        raise InvalidInput(f"{path} is no file, so none can take its place. Name another one.")
    return path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file to write; it takes its name only where the block ends without an error."""
    target = Path(path)
    part = part_path(target)
    file = part.open("x+b")
    try:
        with file:
            yield file
            if not file.closed:
                sync(file)
        put_in_place(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
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
        part.chmod(stat.S_IMODE(target.stat().st_mode))
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
