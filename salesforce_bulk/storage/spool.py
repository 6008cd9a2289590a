"""Bytes kept outside of memory: one temporary file, written at its end, read anywhere."""

from __future__ import annotations

import io
import tempfile
import threading
import weakref
from typing import Any, NamedTuple

from salesforce_bulk.storage.files import temporary_errors

#: Bytes that stay in memory before there is a file. A load has several spools at a time.
MEMORY_BYTES = 1_000_000
#: Bytes read from the file at a time; small, since many readers may be open at once.
_PIECE_BYTES = 1 << 14


class Slice(NamedTuple):
    """Where something stands in a spool."""

    offset: int
    length: int


class Spool:
    """Bytes by their `Slice`. Safe for threads; the file goes with the last reference.

    Args:
        memory_bytes: that stay in memory before there is a file.
        content: what the bytes are, for the message where the disk is full.
    """

    def __init__(self, memory_bytes: int = MEMORY_BYTES, content: str = "rows that wait") -> None:
        self._content = content
        self._file = tempfile.SpooledTemporaryFile(max_size=memory_bytes)  # noqa: SIM115
        # Nobody has to close a result; the file warns where it is left to the collector.
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()
        self._end = 0

    def append(self, content: bytes | bytearray) -> Slice:
        """Keep the bytes.

        Raises:
            StorageError: the disk is full.
        """
        with self._lock, temporary_errors(self._content):
            self._file.seek(self._end)
            self._file.write(content)
            place = Slice(self._end, len(content))
            self._end += len(content)
            return place

    def read(self, place: Slice) -> bytes:
        """All of the bytes at once."""
        return self.read_part(place.offset, place.length)

    def read_part(self, offset: int, length: int) -> bytes:
        """So many bytes from there."""
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)

    def text(self, place: Slice, errors: str = "strict") -> io.TextIOWrapper:
        """A reader of UTF-8 text, its line ends untouched, that holds little at a time.

        Args:
            place: of the text.
            errors: as for `bytes.decode`.
        """
        raw = _SliceReader(self, place)
        return io.TextIOWrapper(io.BufferedReader(raw, _PIECE_BYTES), "utf-8", errors, newline="")

    def close(self) -> None:
        """Remove the file; nothing can be read any more."""
        self._file.close()


class _SliceReader(io.RawIOBase):
    def __init__(self, spool: Spool, place: Slice) -> None:
        self._spool = spool
        self._offset, self._left = place

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        piece = self._spool.read_part(self._offset, min(len(target), self._left))
        target[: len(piece)] = piece
        self._offset += len(piece)
        self._left -= len(piece)
        return len(piece)
