"""Pages downloaded side by side, handed on in their order, in bounded memory."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import IO

from salesforce_bulk.download import BROKEN, Download, Page, Tries
from salesforce_bulk.org_access import OrgAccess

#: Bytes of all pages together that stay in memory; what is beyond waits in temporary files.
_MEMORY_BYTES = 32 << 20
_PIECE_BYTES = 1 << 20


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

    def once(self) -> Iterator[bytes]:
        """The bytes from the first on."""
        return iter(self)

    def close(self) -> None:
        """Let go of the bytes."""
        self._file.close()


def fetched_in_order(
    access: OrgAccess,
    pages: Iterable[Page],
    make: Callable[[Page], Download],
    parallel: int,
) -> Generator[FetchedPage, None, None]:
    """The pages in their order; up to ``parallel`` are on their way while one is read."""
    stopped = threading.Event()
    waiting: deque[Future[FetchedPage]] = deque()
    rest = iter(pages)
    memory = _MEMORY_BYTES // parallel

    def fetch(page: Page) -> FetchedPage:
        return _fetched(make(page), Tries(access, page), memory, stopped)

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


def _fetched(
    download: Download, tries: Tries, memory: int, stopped: threading.Event
) -> FetchedPage:
    file = tempfile.SpooledTemporaryFile(max_size=memory)  # noqa: SIM115 - closed with the page
    try:
        while True:
            try:
                _copy(download, file, stopped)
                return FetchedPage(download, file)
            except BROKEN as error:
                tries.again(error, download.bytes)
                file.seek(0)
                file.truncate()
    except BaseException:
        file.close()
        raise


def _copy(download: Download, file: IO[bytes], stopped: threading.Event) -> None:
    with contextlib.closing(download.once()) as pieces:
        for piece in pieces:
            if stopped.is_set():
                return
            file.write(piece)
