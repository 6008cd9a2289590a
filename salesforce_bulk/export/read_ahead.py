"""Pages downloaded side by side, handed on in their order, in bounded memory."""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from datetime import datetime
from itertools import islice
from typing import IO

from salesforce_bulk.export.download import BROKEN, Download
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.export.page_identity import PageIdentity
from salesforce_bulk.export.reader_thread import read_in_thread
from salesforce_bulk.storage.files import temporary_errors

#: Bytes of all pages together that stay in memory; what is beyond waits in temporary files.
_MEMORY_BYTES = 48 << 20
#: Seconds in which a thread ends that nothing but its request can hold, for a reader that leaves.
_PATIENCE = 2.0


class BufferedPage:
    """A page that a thread takes from the wire and another one reads, once; like a `Download`.

    What waits is as it was sent, and compressed where it can be.

    Args:
        download: of the page.
        memory: bytes that may wait for the reader in memory.
    """

    def __init__(self, download: Download, memory: int) -> None:
        self.page = download.page
        self._download = download
        self._left = memory
        self._changed = threading.Condition()
        # Pieces, or how many bytes of the file come next.
        self._waiting: deque[bytes | int] = deque()
        self._file: IO[bytes] | None = None
        self._written = self._read = 0
        self._opened = self._ended = self._closed = self._begun = False
        self._error: BaseException | None = None
        self._fetching: Future[None] | None = None

    @property
    def rows(self) -> int | None:
        """See `Download`."""
        return self._download.rows

    @property
    def next_locator(self) -> str | None:
        """See `Download`."""
        return self._download.next_locator

    @property
    def identity(self) -> PageIdentity:
        """See `Download`."""
        return self._download.identity

    @property
    def server_time(self) -> datetime | None:
        """See `Download`."""
        return self._download.server_time

    def begin(self, executor: Executor) -> BufferedPage:
        """Download the page in one of the executor's threads, once there is one."""
        self._fetching = executor.submit(self._fetch)
        return self

    def _fetch(self) -> None:
        try:
            pieces = self._download.wire_pieces()
            with self._changed:
                self._opened = True
                self._changed.notify()
            for piece in pieces:
                if self._closed:
                    break
                self._add(piece)
        except BaseException as error:  # noqa: BLE001 - raised where the page is read
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _add(self, piece: bytes) -> None:
        with self._changed:
            # Nothing goes through a file while its reader is at work: the server waits, then.
            self._changed.wait_for(
                lambda: self._has_room(piece) or not (self._begun and self._waiting)
            )
            if self._begun or self._has_room(piece):
                self._left -= len(piece)
                self._waiting.append(piece)
            else:
                self._write(piece)
            self._changed.notify()

    def _write(self, piece: bytes) -> None:
        with temporary_errors(f"{self.page}"):
            self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - see close
            self._file.seek(self._written)
            self._file.write(piece)
            self._file.flush()
        self._written += len(piece)
        self._waiting.append(len(piece))

    def _has_room(self, piece: bytes) -> bool:
        return len(piece) <= self._left or self._closed

    def open(self) -> BufferedPage:
        """Wait until the headers are known."""
        with self._changed:
            self._changed.wait_for(lambda: self._opened or self._ended)
        return self

    def __iter__(self) -> Generator[bytes, None, None]:
        try:
            yield from self.first_try()
        except BROKEN as error:
            yield from self._download.go_on(error)

    def first_try(self) -> Generator[bytes, None, None]:
        """The bytes from the first on, without a further try."""
        if self._begun:
            return self._download.first_try()
        return self._first()

    def _first(self) -> Generator[bytes, None, None]:
        with self._changed:
            self._begun = True
            self._changed.notify()
        self.open()
        if not self._opened and self._error is not None:
            raise self._error
        yield from self._download.first_try(self._buffered_pieces())

    def _buffered_pieces(self) -> Generator[bytes, None, None]:
        try:
            while piece := self._next():
                yield piece
            if self._error is not None:
                raise self._error
        finally:
            self._stop()

    def _next(self) -> bytes:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._ended)
            piece = self._waiting.popleft() if self._waiting else b""
            self._changed.notify()
            if isinstance(piece, bytes):
                self._left += len(piece)
                return piece
            if self._file is None:
                raise RuntimeError("a page that waits in a file has one")
            self._file.seek(self._read)
            self._read += piece
            return self._file.read(piece)

    def ahead(self, pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """The pieces of this page, decompressed in a thread of their own."""
        if not self.open()._download.is_packed:
            return pieces
        return read_in_thread(pieces, self._download.interrupt)

    def close(self) -> None:
        """Let go of what was not read."""
        self._stop()
        self.close_file()

    def close_file(self) -> None:
        """Let go of what waits in a file."""
        if self._file is not None:
            self._file.close()

    def leave(self) -> Future[None] | None:
        """Tell the thread that downloads to end; what it still does, None where that is nothing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._fetching is None or self._fetching.cancel():
            return None
        self._download.hang_up()
        return self._fetching

    def _stop(self) -> None:
        """End the thread that downloads, and wait for its end.

        Not for that of a request whose answer has not begun, which nothing ends but its timeout.
        """
        if (running := self.leave()) is not None:
            wait((running,), _PATIENCE)


def fetched_in_order(
    pages: Iterable[PageAddress],
    make: Callable[[PageAddress], Download],
    parallel: int,
    leave: Callable[[], None],
) -> Generator[BufferedPage, None, None]:
    """The pages in their order; up to ``parallel`` are on their way while one is read.

    Args:
        pages: all of them.
        make: opens a page.
        parallel: threads.
        leave: called at the end, however it comes; ends the repeats of pages that nobody reads.
    """
    rest, waiting = iter(pages), deque[BufferedPage]()
    memory = _MEMORY_BYTES // (parallel + 1)
    executor = ThreadPoolExecutor(parallel, thread_name_prefix="salesforce-bulk-page")

    def begin(count: int) -> None:
        waiting.extend(
            BufferedPage(make(page), memory).begin(executor) for page in islice(rest, count)
        )

    try:
        # One more than threads, so that none of them waits for the reader.
        begin(parallel + 1)
        while waiting:
            yield waiting[0]
            waiting.popleft().close()
            begin(1)
    finally:
        leave()
        running = [each for each in (page.leave() for page in waiting) if each is not None]
        _, late = wait(running, _PATIENCE)
        for page in waiting:
            page.close_file()
        executor.shutdown(wait=not late)
