"""Locks on files: one holder at a time, in this process or another; a crash lets go of them."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes]) -> None:
        """Take the lock of a file; an `OSError` where somebody has it."""
        # Locks of bytes keep others from reading them; far behind the end they only exclude.
        file.seek(1 << 40)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
else:
    import fcntl

    def lock(file: IO[bytes]) -> None:
        """Take the lock of a file; an `OSError` where somebody has it."""
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


#: With which systems say that somebody has a lock; other numbers say that there are none.
_TAKEN = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})


def is_taken(error: OSError) -> bool:
    """Whether `lock` failed because somebody has the lock, and not because the file system has
    none, such as some that are of the network."""
    return error.errno in _TAKEN


@contextlib.contextmanager
def locked_beside(path: Path) -> Iterator[None]:
    """A block that one holder at a time runs for a file that others replace.

    Raises:
        BlockingIOError: somebody else runs it.
        OSError: the file system has no locks, or the file for it cannot be made.
    """
    beside = path.with_name(f"{path.name}.lock")
    file = _held(beside)
    try:
        yield
    finally:
        # Before the lock is let go of; where it cannot be removed, it does no harm. One with
        # content was there before: poetry's file, where the state is called poetry.
        with contextlib.suppress(OSError):
            if not os.fstat(file.fileno()).st_size:
                beside.unlink()
        file.close()


def _held(path: Path) -> IO[bytes]:
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)
        try:
            lock(file)
            if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except FileNotFoundError:
            pass  # its holder removed it between two looks
        except OSError as error:
            file.close()
            if not is_taken(error):
                raise
            raise BlockingIOError(error.errno, "The file is locked", str(path)) from error
        file.close()
