"""Pages downloaded side by side, handed on in their order, in bounded memory."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import IO

from salesforce_bulk.download import Download, Page

#: Bytes of all pages together that stay in memory; what is beyond waits in temporary files.
_MEMORY_BYTES = 32 << 20
_PIECE_BYTES = 1 << 20

#: Makes the download of a page, given what tells the digest of the delivered part.
MakeDownload = Callable[[Page, Callable[[], bytes] | None], Download]


class FetchedPage:
    """A page that is here already; read like a `Download`, once."""

    def __init__(self, download: Download, file: IO[bytes]) -> None:
        self.page = download.page
        self.rows = download.rows
        self.counted = download.counted
        self.next_locator = download.next_locator
        self.proved = download.proved
        self.ends_open = download.ends_open
        self.server_time: datetime | None = download.server_time
        self._file = file

    def __iter__(self) -> Iterator[bytes]:
        self._file.seek(0)
        while piece := self._file.read(_PIECE_BYTES):
            yield piece
        self.close()

    def close(self) -> None:
        """Let go of the bytes."""
        self._file.close()


def fetched_in_order(
    pages: Iterable[Page], make: MakeDownload, parallel: int
) -> Generator[FetchedPage, None, None]:
    """The pages in their order; up to ``parallel`` are on their way while one is read."""
    stopped = threading.Event()
    waiting: deque[Future[FetchedPage]] = deque()
    rest = iter(pages)
    memory = _MEMORY_BYTES // parallel

    def fetch(page: Page) -> FetchedPage:
        return _fetched(page, make, memory, stopped)

    executor = ThreadPoolExecutor(parallel, thread_name_prefix="salesforce-bulk-page")
    try:
        waiting.extend(executor.submit(fetch, page) for page in islice(rest, parallel))
        while waiting:
            fetched = waiting.popleft().result()
            waiting.extend(executor.submit(fetch, page) for page in islice(rest, 1))
            try:
                yield fetched
            finally:
                fetched.close()
    finally:
        stopped.set()
        executor.shutdown(wait=True, cancel_futures=True)
        for future in waiting:
            if not future.cancelled() and future.exception() is None:
                future.result().close()


def _fetched(page: Page, make: MakeDownload, memory: int, stopped: threading.Event) -> FetchedPage:
    file = tempfile.SpooledTemporaryFile(max_size=memory)  # noqa: SIM115 - closed with the page

    def digest() -> bytes:
        return digest_of(file, 0)

    try:
        download = make(page, digest)
        with contextlib.closing(iter(download)) as pieces:
            for piece in pieces:
                if stopped.is_set():
                    break
                file.write(piece)
    except BaseException:
        file.close()
        raise
    return FetchedPage(download, file)


def digest_of(file: IO[bytes], start: int, begun: bytes = b"") -> bytes:
    """The digest of some bytes and of a file from there to its end."""
    digest = hashlib.sha256(begun)
    file.seek(start)
    while piece := file.read(_PIECE_BYTES):
        digest.update(piece)
    return digest.digest()
