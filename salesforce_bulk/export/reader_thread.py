"""Pieces of bytes made in a thread of their own, a few ahead of their reader.

Sockets, decompression and checksums let other threads run, so that a download costs its reader next
to nothing. Not for a reader that keeps the interpreter busy: the thread would wait for its turn at
each piece.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import SimpleQueue

#: Bytes handed over at a time: each time costs as much as decompressing 100 KB.
_HANDED_BYTES = 1 << 20
#: How many of those wait for their reader.
_AHEAD = 2


def read_in_thread(
    pieces: Generator[bytes, None, None], interrupt: Callable[[], None]
) -> Generator[bytes, None, None]:
    """The pieces, in their order; what ends them early is raised here.

    Args:
        pieces: run and closed in the thread.
        interrupt: called where the reader leaves early; ends what the thread waits for.
    """
    handed: SimpleQueue[list[bytes] | BaseException | None] = SimpleQueue()
    free, left = threading.Semaphore(_AHEAD), threading.Event()

    def run() -> None:
        try:
            for some in grouped(pieces):
                free.acquire()
                if left.is_set():
                    break
                handed.put(some)
            pieces.close()
            handed.put(None)
        except BaseException as error:  # noqa: BLE001 - raised where the pieces are read
            handed.put(error)

    # A daemon: a reader that is never closed must not keep the interpreter from ending.
    thread = threading.Thread(target=run, name="salesforce-bulk-reader", daemon=True)
    thread.start()
    reading = True
    try:
        while reading:
            some = handed.get()
            if isinstance(some, list):
                free.release()
                yield from some
                continue
            reading = False
            if some is not None:
                raise some
    finally:
        left.set()
        free.release()
        if reading:
            interrupt()
        thread.join()


def grouped(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The pieces by so many that handing them over costs little."""
    some: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            some.append(piece)
            size += len(piece)
            if size >= _HANDED_BYTES:
                yield some
                some, size = [], 0
    except Exception:
        # What came before an error goes before it.
        if some:
            yield some
        raise
    if some:
        yield some
