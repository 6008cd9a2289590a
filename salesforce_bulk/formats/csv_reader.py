"""CSV query results read piece by piece: bytes in, rows of texts out.

Guide: "Get Bulk Query Results" (1.0), "Get Results for a Query Job" (2.0). Every result file
and every page is a document of its own, with its own header.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Sequence
from typing import Any

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.v1 import NO_RECORDS

Rows = list[list[str]]

_BOM = b"\xef\xbb\xbf"
#: Newlines that are looked at from the end before quotes are counted instead.
_LOOKS = 20
#: Characters of a value that stand in a message.
_QUOTED = 200


class RecordEnds:
    """Finds where records end in pieces of a CSV document: at newlines outside of quotes.

    Args:
        delimiter: the character between values.
    """

    def __init__(self, delimiter: str = ",") -> None:
        self._in_quotes = 0
        self._behind_a_quote = b'"\r\n' + delimiter.encode("ascii")

    def last(self, piece: bytes) -> int:
        """The offset behind the last record that ends in this piece; 0 where none does."""
        seen = self._seen_end(piece)
        if seen:
            self._in_quotes = 0
        quotes = piece.count(b'"', seen)
        found, end, before = seen, len(piece), self._in_quotes + quotes
        while (newline := piece.rfind(b"\n", seen, end)) >= 0:
            before -= piece.count(b'"', newline, end)
            if before % 2 == 0:
                found = newline + 1
                break
            end = newline
        self._in_quotes = (self._in_quotes + quotes) % 2
        return found

    def _seen_end(self, piece: bytes) -> int:
        """An end near the piece's that shows without counting all quotes before it; else 0.

        A newline, one quote, and behind it what neither ends a value nor doubles the quote: within
        a quoted value that quote would end it. So it begins one, and a record with it.
        """
        newline = len(piece)
        for _ in range(_LOOKS):
            newline = piece.rfind(b'\n"', 0, newline)
            if newline < 0:
                return 0
            behind = piece[newline + 2 : newline + 3]
            if behind and behind not in self._behind_a_quote:
                return newline + 1
        return 0

    @property
    def in_quotes(self) -> bool:
        """Whether the pieces so far end inside a quoted value."""
        return self._in_quotes == 1


class RecordCounter:
    """Counts the records of a CSV document without reading its values.

    By numpy where the program has imported it, in half the time; it is not imported for this.
    """

    def __init__(self) -> None:
        self.records = 0
        self._in_quotes = False
        self._at_record = True

    def feed(self, piece: bytes) -> None:
        """Count the newlines outside of quotes.

        Raises:
            UnreadableDocument: a record without a value.
        """
        numpy = sys.modules.get("numpy")
        if numpy is None:
            found, in_quotes, may_be_blank = _ends(piece, self._in_quotes)
        else:
            found, in_quotes, may_be_blank = ends_by_numpy(numpy, piece, self._in_quotes)
        if may_be_blank or (self._at_record and piece.startswith((b"\n", b"\r"))):
            self._refuse_blank(piece)
        self.records += found
        self._in_quotes = in_quotes
        self._at_record = piece.endswith(b"\n") and not in_quotes

    def _refuse_blank(self, piece: bytes) -> None:
        quotes, looked = int(self._in_quotes), 0
        text = b"\n" * self._at_record + piece
        for blank in _BLANK.finditer(text):
            quotes += text.count(b'"', looked, blank.start())
            looked = blank.start()
            if quotes % 2 == 0:
                raise UnreadableDocument(
                    f"a blank line stands behind record {self.records:,} or later"
                )

    @property
    def in_quotes(self) -> bool:
        """Whether the pieces so far end inside a quoted value."""
        return self._in_quotes


_NOT_COUNTED = bytes(byte for byte in range(256) if byte not in b'"\n')
_BLANK = re.compile(rb"\n(?=\r?\n)")


def _ends(piece: bytes, in_quotes: bool) -> tuple[int, bool, bool]:
    """Newlines outside of quotes, whether the piece ends inside of them, and whether two of the
    newlines may stand together."""
    # Neighbouring quotes cancel each other out, so that little is left to split.
    bare = piece.translate(None, _NOT_COUNTED).replace(b'""', b"")
    parts = bare.split(b'"')
    outside = parts[1::2] if in_quotes else parts[::2]
    found = sum(part.count(b"\n") for part in outside)
    return found, in_quotes ^ (len(parts) % 2 == 0), any(b"\n\n" in part for part in outside)


def ends_by_numpy(numpy: Any, piece: bytes, in_quotes: bool) -> tuple[int, bool, bool]:
    """The same, by the numbers of quotes between newlines."""
    codes = numpy.frombuffer(piece, numpy.uint8)
    quotes = (codes == ord('"')).view(numpy.uint8)
    newlines = numpy.flatnonzero(codes == ord("\n"))
    if not len(newlines):
        return 0, in_quotes ^ bool(numpy.count_nonzero(quotes) % 2), False
    starts = numpy.concatenate(([0], newlines))
    # Modulo 256 they are odd where they are.
    before = numpy.cumsum(numpy.add.reduceat(quotes, starts, dtype=numpy.uint8), dtype=numpy.uint8)
    odd = (before + in_quotes) % 2
    inside = int(numpy.count_nonzero(odd[:-1]))
    near = (numpy.diff(newlines) <= 2) & (odd[1:-1] == 0)
    return len(newlines) - inside, bool(odd[-1]), bool(near.any())


class CsvReader:
    """One document.

    Args:
        delimiter: the character between values.
        header: the header that the document must have, that of the first page; None takes
            the one that comes.
        keep_nul: keep NUL characters, which some orgs send inside of texts and which most
            programs cannot take; they are removed otherwise.

    A value is never changed: no trimming, no line end translated. Values may be longer than
    `csv.field_size_limit`, which is left alone.
    """

    def __init__(
        self,
        delimiter: str = ",",
        *,
        header: Sequence[str] | None = None,
        keep_nul: bool = False,
    ) -> None:
        #: The names of the columns; None before they came, and where the document has none.
        self.header: list[str] | None = None
        #: Rows returned so far.
        self.rows = 0
        self._delimiter = delimiter
        self._expected = None if header is None else list(header)
        self._keep_nul = keep_nul
        self._ends = RecordEnds(delimiter)
        self._rest: list[bytes] = []
        self._began = False

    def feed(self, piece: bytes) -> Rows:
        """The rows that this piece completes.

        Raises:
            UnreadableDocument: no UTF-8, no CSV, another header, or a row with more or fewer
                values.
        """
        cut = self._ends.last(piece)
        if not cut:
            self._rest.append(piece)
            return []
        block = b"".join((*self._rest, piece[:cut]))
        self._rest = [piece[cut:]]
        return self._read(block)

    def end(self) -> None:
        """The document has ended.

        Raises:
            IncompleteBody: the last record has no line end.
        """
        rest, self._rest = b"".join(self._rest), []
        if rest and (self._began or rest.removeprefix(_BOM).strip() != NO_RECORDS):
            raise IncompleteBody("The answer ends within a record. Fetch it again.")

    def _read(self, block: bytes) -> Rows:
        if not self._began:
            block = block.removeprefix(_BOM)
            self._began = True
        if b"\0" in block and not self._keep_nul:
            block = block.replace(b"\0", b"")
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableDocument(
                f"the rows after row {self.rows} are not UTF-8: {error}"
            ) from error
        rows = self._split(text)
        if self.header is None and rows:
            self._take_header(rows.pop(0))
        self._check_width(rows)
        self.rows += len(rows)
        return rows

    def _split(self, text: str) -> Rows:
        lines = io.StringIO(text, newline="")
        try:
            return list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            # A value beyond the limit of the module, which belongs to the whole process.
            return split_records(text, self._delimiter)

    def _take_header(self, header: list[str]) -> None:
        if self._expected is not None and header != self._expected:
            raise UnreadableDocument(
                f"the header of this page is {str(header)[:_QUOTED]}, that of the first is "
                f"{str(self._expected)[:_QUOTED]}"
            )
        self.header = header

    def _check_width(self, rows: Rows) -> None:
        width = len(self.header or ())
        if set(map(len, rows)) - {width}:
            number, row = next((n, row) for n, row in enumerate(rows, 1) if len(row) != width)
            raise UnreadableDocument(
                f"row {self.rows + number} has {len(row)} values for {width} columns: "
                f"{str(row)[:_QUOTED]}"
            )


def first_record_end(begin: bytes | bytearray, quotes: int = 0) -> int:
    """The offset behind the first record; 0 where it does not end yet.

    Args:
        begin: of the record, or its next piece.
        quotes: that came before.
    """
    looked = at = 0
    while (at := begin.find(b"\n", at)) >= 0:
        quotes += begin.count(b'"', looked, at)
        if quotes % 2 == 0:
            return at + 1
        looked = at
        # Within quotes, no line before the next quote ends the record.
        if (at := begin.find(b'"', at)) < 0:
            return 0
    return 0


def split_records(text: str, delimiter: str = ",") -> Rows:
    """The records of a text, whatever the size of their values.

    Raises:
        UnreadableDocument: it is no CSV.
    """
    cell = re.compile(
        rf'(?:"([^"]*(?:""[^"]*)*)"|([^"{re.escape(delimiter)}\r\n][^{re.escape(delimiter)}\r\n]*)?)'
        rf"({re.escape(delimiter)}|\r\n|\n|\r|\Z)"
    )
    rows: Rows = []
    row: list[str] = []
    at = 0
    while at < len(text) or row:
        match = cell.match(text, at)
        if match is None:
            raise UnreadableDocument(f"not CSV: {text[at : at + _QUOTED]!r}")
        quoted, bare, end = match.groups()
        row.append(bare or "" if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if end != delimiter:
            rows.append(row)
            row = []
    return rows
