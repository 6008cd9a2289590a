"""One page of results read from the server: whole, or an error.

A download that breaks is fetched again. Who can take back what was delivered, as a file can, begins
anew. Who cannot, as an iterator over rows, goes on behind it, but only after the checksums of the
delivered part proved equal: results are stable and can be read again while the server keeps them
(guide, "Get Results for a Query Job"), and where that should ever not hold, nothing is mixed.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Generator, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.v2 import ResultPage
from salesforce_bulk.errors import (
    BulkApiError,
    IncompleteBody,
    InvalidJob,
    NotFound,
    ReconciliationError,
    ResultsExpired,
    ServerBusy,
    TransportError,
)
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.export.page_identity import PageIdentity
from salesforce_bulk.export.reader_thread import read_in_thread
from salesforce_bulk.formats.csv_reader import RecordCounter
from salesforce_bulk.formats.gunzip import fastest
from salesforce_bulk.http.body import (
    interrupt,
    is_packed,
    proves_its_end,
    read_body,
    wire_pieces,
)
from salesforce_bulk.http.call import add_to_message, html_instead
from salesforce_bulk.http.headers import date_of
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.v1 import NO_RECORDS

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response

log = logging.getLogger("salesforce_bulk")

#: Failures one after another in which a download got no further, before it is given up.
_FAILURES = 10
_LONGEST_PAUSE = 30.0
#: Bytes read from the wire at a time.
_PIECE_BYTES = 1 << 18
#: How a page of a proxy or a login begins, whatever its Content-Type says.
_HTML = re.compile(rb"\s*<(!doctype\s+html|html)\b", re.IGNORECASE)


class PageRetries:
    """How often a page is fetched again, and after which pauses."""

    def __init__(self, access: OrgAccess, page: PageAddress) -> None:
        self._clock = access.clock
        self._page = page
        self._failures = 0
        self._furthest = 0

    def again(self, error: BulkApiError, reached: int) -> None:
        """Wait before the next try.

        Args:
            error: what ended this one.
            reached: bytes that came.

        Raises:
            BulkApiError: the error, where trying again led no further too often, or would
                lead to the same.
        """
        self._failures = 1 if reached > self._furthest else self._failures + 1
        self._furthest = max(reached, self._furthest)
        if self._failures > _FAILURES or isinstance(error, UnreadableDocument):
            if error.job_id is None:
                error.job_id, error.batch_id = self._page.job_id, self._page.batch_id
            add_to_message(error, f"({self._page}, {self._failures} tries that led no further)")
            raise error
        log.info("%s broke off (%s); it is fetched again", self._page, error)
        self._clock.sleep(min(_LONGEST_PAUSE, 0.25 * 2**self._failures))


#: What a further try may mend.
BROKEN = (TransportError, ServerBusy)


class _Checksums:
    """CRC-32 and Adler-32, which tell two texts apart that some accident made different.

    Not SHA-256, which takes six times as long where the processor has instructions for it.
    """

    def __init__(self) -> None:
        self.values = (0, 1)

    def add(self, piece: bytes) -> bytes:
        """The piece, added."""
        crc, adler = self.values
        self.values = fastest.crc32(piece, crc), fastest.adler32(piece, adler)
        return piece


class Download:
    """The bytes of one page.

    Iterating gives them once, whatever breaks on the way; `first_try` gives them anew each time, or
    the error.

    Args:
        access: the org.
        page: what is read.
        keep_nul: leave NUL characters where they are.
        sums: keep the checksums without which a reading that broke off cannot go on.

    Attributes:
        rows: of this page by the server's word, from its headers or its batch; known once the
            page is opened.
        next_locator: where the following page is, None behind the last one.
        server_time: by the answer's ``Date``.
        identity: of the bytes that came.
    """

    def __init__(
        self,
        access: OrgAccess,
        page: PageAddress,
        *,
        keep_nul: bool = False,
        sums: bool = True,
    ) -> None:
        self.page = page
        self.rows = page.rows
        self.next_locator: str | None = None
        self.server_time: datetime | None = None
        self.bytes = 0
        self._proved = False
        self._access = access
        self._keep_nul = keep_nul
        self._opened: ResultPage | None = None
        self._wire: Generator[bytes, None, None] | None = None
        self._interrupted = False
        self._keeps_sums = sums
        self._begin()

    def _begin(self) -> None:
        """Forget what came so far."""
        self.bytes = 0
        self._counter: RecordCounter | None = None
        self._sums = _Checksums()
        self.identity = PageIdentity(self.page)
        self._head = b""
        self._last = b""

    def open(self) -> Download:
        """Send the request, so that the headers are known."""
        if self._opened is None:
            self._opened = self._fetch()
        return self

    def close(self) -> None:
        """Give up what was not read."""
        if self._opened is not None:
            self._opened.response.close()
            self._opened = None

    @property
    def is_packed(self) -> bool:
        """Whether the page that was opened comes compressed."""
        return self._opened is not None and is_packed(self._opened.response)

    @property
    def is_empty(self) -> bool:
        """Whether the body is 1.0's sentence for no rows."""
        return self.bytes <= len(NO_RECORDS) + 3 and self._head.strip() == NO_RECORDS

    def __iter__(self) -> Generator[bytes, None, None]:
        try:
            yield from self.first_try()
        except BROKEN as error:
            yield from self.go_on(error)

    def first_try(
        self, wire: Generator[bytes, None, None] | None = None
    ) -> Generator[bytes, None, None]:
        """The bytes from the first on, without a further try.

        Args:
            wire: what `wire_pieces` gave, where somebody else has read it.
        """
        self._begin()
        self._wire = wire
        yield from self._digest_pieces()

    @property
    def digest(self) -> str:
        """Of the bytes that came: their number and checksums, in hexadecimal."""
        return "-".join(f"{number:x}" for number in (self.bytes, *self._sums.values))

    def wire_pieces(self) -> Generator[bytes, None, None]:
        """The page as it is sent, for `first_try` of another thread; its errors are urllib3's."""
        self._opened = opened = self._opened or self._fetch()
        return wire_pieces(opened.response, _PIECE_BYTES)

    def go_on(self, error: BulkApiError) -> Generator[bytes, None, None]:
        """The bytes behind those that came before it broke off, whatever breaks again.

        Args:
            error: what it broke off with, one of `BROKEN`.

        Raises:
            ReconciliationError: those before are others now.
        """
        tries = PageRetries(self._access, self.page)
        while self._keeps_sums and not self._interrupted:
            tries.again(error, self.bytes)
            try:
                yield from self._digest_pieces()
                return
            except BROKEN as further:
                error = further
        raise error

    def ahead(self, pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]:
        """The pieces of this page, read in a thread of their own."""
        return read_in_thread(pieces, self.interrupt)

    def interrupt(self) -> None:
        """End the reading by another thread, wherever it waits."""
        self._interrupted = True
        self.hang_up()

    def hang_up(self) -> None:
        """Break the connection that another thread reads from; it may be read again."""
        if (opened := self._opened) is not None:
            interrupt(opened.response)

    def _digest_pieces(self) -> Iterator[bytes]:
        if not self._keeps_sums:
            return self._attempt()
        return map(self._sums.add, self._attempt())

    def _attempt(self) -> Generator[bytes, None, None]:
        """What is missing yet, from one request."""
        try:
            self._opened = opened = self._opened or self._fetch()
            answer = opened.response
            self._proved = proves_its_end(answer) or answer.status_code == 204
            begun = None
            is_csv = self.page.content_type == "CSV"
            if is_csv and not self._proved and self._counter is None:
                begun = self._counter = RecordCounter()
            for piece in self._missing(opened.response, begun):
                self._note(piece)
                yield piece
            if is_csv and not self.is_empty:
                self._check_end()
        finally:
            self.close()

    def _fetch(self) -> ResultPage:
        opened = open_page(self._access, self.page)
        self.server_time = date_of(opened.response.headers)
        if opened.rows is not None:
            if self.rows not in (None, opened.rows):
                opened.response.close()
                raise self._change_error(f"{self.rows} rows before, {opened.rows} now")
            self.rows = opened.rows
        self.next_locator = opened.locator
        return opened

    def _missing(self, response: Response, counter: RecordCounter | None) -> Iterator[bytes]:
        """The pieces behind what was delivered, which must be the same as before.

        ``counter`` has not seen that yet.
        """
        left, sums = self.bytes, _Checksums()
        wire, self._wire = self._wire, None
        pieces = self._without_nul(read_body(response, _PIECE_BYTES, wire))
        for number, piece in enumerate(pieces):
            if number == 0 and _HTML.match(piece):
                raise html_instead(response)
            if left:
                known, piece = piece[:left], piece[left:]  # noqa: PLW2901
                sums.add(known)
                if counter is not None:
                    counter.feed(known)
                left -= len(known)
                if not left and sums.values != self._sums.values:
                    raise self._change_error(f"the first {self.bytes:,} bytes are others")
            if piece:
                yield piece
        if left and self._proved:
            raise self._change_error(f"{self.bytes:,} bytes before, {self.bytes - left:,} now")
        if left:
            raise IncompleteBody("The answer broke off. Fetch it again.")

    def _without_nul(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        if self._keep_nul:
            return pieces
        return (piece.replace(b"\0", b"") if b"\0" in piece else piece for piece in pieces)

    def _note(self, piece: bytes) -> None:
        if len(self._head) <= len(NO_RECORDS):
            self._head += piece[: len(NO_RECORDS) + 4]
        self.bytes += len(piece)
        self.identity.feed(piece)
        self._last = piece[-1:]
        if self._counter is not None:
            self._counter.feed(piece)

    def _check_end(self) -> None:
        """A last record counts only with its line end, which all of the server's have.

        Even where HTTP proves the end: what was cut before a proxy has a length of its own.
        """
        is_nothing = self.bytes == 0 and (self._proved or self.rows == 0)
        if self._last != b"\n" and not is_nothing:
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
        if self._counter is not None:
            self._check_count(self._counter)

    def _check_count(self, counter: RecordCounter) -> None:
        """Of a body whose end nothing proves: it may be cut anywhere."""
        if counter.in_quotes:
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
        found = max(0, counter.records - 1)
        if self.rows not in (None, found):
            raise IncompleteBody(
                f"The answer has {found:,} of {self.rows:,} rows. Fetch it again.",
                job_id=self.page.job_id,
                batch_id=self.page.batch_id,
            )

    def _change_error(self, how: str) -> ReconciliationError:
        return ReconciliationError(
            f"{self.page} is not the same when it is fetched again: {how}. Nothing was mixed; "
            "run the export again.",
            evidence={"page": str(self.page), "change": how},
            job_id=self.page.job_id,
            batch_id=self.page.batch_id,
        )


def open_page(access: OrgAccess, page: PageAddress) -> ResultPage:
    """The answer with a page, its body unread.

    Raises:
        ResultsExpired: the server does not keep it any more.
        ReserveReached: the call would use up what is to be left of the day's.
    """
    access.reserve.claim_page(str(page))
    try:
        if page.batch_id is not None and page.result_id is not None:
            response = access.v1.open_result(page.job_id, page.batch_id, page.result_id)
            return ResultPage(response, None, None)
        api = access.v2_for(page.api_version)
        return api.open_page(page.job_id, page.locator, page.max_records)
    except (NotFound, InvalidJob) as error:
        raise expired(page.job_id, error) from error


def expired(job_id: str, error: BulkApiError) -> ResultsExpired:
    """The error for results that are gone."""
    return ResultsExpired(
        f"The results of job {job_id} are not kept any more: the org removes them after seven "
        "days, or with the job. This is not an empty result; run the export again.",
        error.status_code,
        error_code=error.error_code,
        error_message=error.error_message,
        job_id=job_id,
    )
