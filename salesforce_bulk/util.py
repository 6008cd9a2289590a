"""`IteratorBytesIO`: an iterator of bytes as a file. Closed to newcomers."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import Any


class _Pieces(io.RawIOBase):
    """The raw side: hands the iterator's pieces to a buffer without joining them."""

    def __init__(self, pieces: Iterator[Any]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")
        self.ended = False
        self.given_up = False

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._rest:
            try:
                piece = next(self._pieces)
            except StopIteration:
                self.ended = True
                return 0
            except BaseException:
                # What was freed before, headers among it, stands in this memory, and tools show
                # the locals of a traceback.
                target[:] = bytes(len(target))
                raise
            self._rest = memoryview(bytes(piece) if isinstance(piece, list) else piece)
        taken = self._rest[: len(target)]
        target[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


class IteratorBytesIO(io.IOBase):
    """A readable binary file over an iterator of bytes.

    Args:
        iterator: an iterable of bytes-like pieces of any size, another IteratorBytesIO, or
            None for an empty file.

    Lines end with ``\\n`` only. Closing the file closes the iterator, and with it the
    connection that a download holds; a file that was read to its end reads as empty after that,
    one that was not raises ValueError.
    """

    #: Bytes taken from the iterator at a time where a reader asks for less.
    BUFFER_SIZE = 1 << 16

    def __init__(self, iterator: Iterable[Any] | None) -> None:
        self.iterator: Iterator[Any]
        self._buffer: io.BufferedReader
        self._pieces: _Pieces
        if isinstance(iterator, IteratorBytesIO):
            # A file wrapped again would be read line by line; its buffer is taken over whole.
            self.iterator, self._pieces = iterator.iterator, iterator._pieces
            self._buffer = iterator._buffer
        else:
            self.iterator = iter(iterator or ())
            self._pieces = _Pieces(self.iterator)
            self._buffer = io.BufferedReader(self._pieces, self.BUFFER_SIZE)

    def readable(self) -> bool:
        return True

    def read(self, n: int | None = -1) -> bytes:
        return self._buffer.read(-1 if n is None else n)

    def read1(self, n: int = -1) -> bytes:
        return self._buffer.read1(n)

    def readall(self) -> bytes:
        return self._buffer.read()

    def readinto(self, target: Any) -> int:
        return self._buffer.readinto(target)

    def readinto1(self, target: Any) -> int:
        return self._buffer.readinto1(target)

    def peek(self, n: int = 0) -> bytes:
        return self._buffer.peek(n)

    def readline(self, size: int | None = -1) -> bytes:
        return self._buffer.readline(-1 if size is None else size)

    def readlines(self, hint: int | None = -1) -> list[bytes]:
        return self._buffer.readlines(-1 if hint is None else hint)

    def __iter__(self) -> Iterator[bytes]:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        # The buffer's own iterator: a call in Python for each line would cost half the speed.
        return iter(self._buffer)

    def __next__(self) -> bytes:
        return next(self._buffer)

    @property
    def closed(self) -> bool:
        return self._pieces.given_up

    def close(self) -> None:
        if self.closed:
            return
        self._pieces.given_up = True
        if not self._pieces.ended:
            # Programs of 2.2.0 read a file that a wrapper has closed behind its end.
            self._buffer.close()
        close = getattr(self.iterator, "close", None)
        if close is not None:
            close()

    def __del__(self) -> None:
        # IOBase would close here. But `for line in IteratorBytesIO(x)` keeps only the iterator
        # over the lines, and a wrapper that is dropped leaves the file that it wraps in use;
        # the iterator below ends with the last of them.
        pass
