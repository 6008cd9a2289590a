"""What tells a page from the others of its export, and a record from a header.

A server that gives one page under two locators, or a header in a record's place, may still count as
many rows as it should.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable

from salesforce_bulk.errors import ReconciliationError
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.formats.csv_reader import first_record_end, split_records

log = logging.getLogger("salesforce_bulk")

#: Bytes at a page's begin that are looked at.
_HEAD_BYTES = 1 << 16
#: A header of more bytes is not looked for among the records.
_HEADER_BYTES = 1 << 15
_ID_IN_DOCUMENT = re.compile(rb'"Id"|<(?:\w+:)?Id>', re.IGNORECASE)


class PageIdentity:
    """One page while its bytes pass.

    Attributes:
        size: bytes so far.
    """

    def __init__(self, page: PageAddress) -> None:
        self.size = 0
        self._page = page
        self._head = bytearray()
        self._header = b""
        self._before = b""

    def feed(self, piece: bytes) -> None:
        """Take in the next bytes.

        Raises:
            ReconciliationError: the header comes again where a record with an Id should be.
        """
        if len(self._head) < _HEAD_BYTES:
            self._head += piece[: _HEAD_BYTES - len(self._head)]
            if not self._header and self._page.content_type == "CSV":
                self._header = bytes(self._head[: first_record_end(self._head[:_HEADER_BYTES])])
        if self._header:
            self._look_for_header(piece)
        self.size += len(piece)

    def _look_for_header(self, piece: bytes) -> None:
        # Not in quotes, it could be a line of a text.
        line = b"\n" + self._header.removeprefix(b"\xef\xbb\xbf")
        if not line.startswith(b'\n"'):
            return
        if line in piece or line in self._before + piece[: len(line)]:
            self._tell_header()
        self._before = (self._before + piece[-len(line) :])[1 - len(line) :]

    def _tell_header(self) -> None:
        sentence = f"The header of {self._page} comes again in the place of a record."
        if not self.has_ids:
            log.warning("%s Its columns have no Id, so it may be a record all the same.", sentence)
            return
        raise ReconciliationError(
            f"{sentence} Nothing was put in place; run the export again.",
            evidence={"page": str(self._page)},
            job_id=self._page.job_id,
            batch_id=self._page.batch_id,
        )

    @property
    def has_ids(self) -> bool:
        """Whether each record has an Id of its own, so that no two are alike."""
        if self._page.content_type != "CSV":
            return _ID_IN_DOCUMENT.search(self._head) is not None
        header = self._header.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
        return bool(header) and "id" in map(str.lower, split_records(header)[0])

    @property
    def _has_records(self) -> bool:
        if self._page.content_type == "CSV":
            return len(self._head) > len(self._header) > 0
        return b"{" in self._head or b"<records" in self._head

    @property
    def key(self) -> tuple[int, bytes] | None:
        """Size and digest; None of a page without records."""
        if not self._has_records:
            return None
        return self.size, hashlib.blake2b(self._head, digest_size=16).digest()


class PagesSeen:
    """The pages of one reading.

    Args:
        note: takes sentences that the user is to see.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note
        self._pages: dict[tuple[int, bytes], PageAddress] = {}

    def add(self, page: PageAddress, identity: PageIdentity) -> None:
        """A page that was read to its end.

        Raises:
            ReconciliationError: it is an earlier one under another locator.
        """
        if identity.key is None:
            return
        before = self._pages.setdefault(identity.key, page)
        if before is page:
            return
        sentence = f"{page} holds the same rows as {before}"
        if not identity.has_ids:
            self._note(f"{sentence}; without an Id in the SELECT nobody can tell whether twice.")
            return
        raise ReconciliationError(
            f"{sentence}, so others are missing. Nothing was put in place; run the export again.",
            evidence={"pages": [str(before), str(page)]},
            job_id=page.job_id,
            batch_id=page.batch_id,
        )
