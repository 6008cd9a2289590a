"""How much may come before a record ends: what is read from the network fills no memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from salesforce_bulk.formats.csv_reader import RecordCounter
from salesforce_bulk.wire.document import UnreadableDocument


class RecordBound:
    """Ends the reading of a record that has no end, before it fills the memory.

    Args:
        most_bytes: that may come without a record that ends in them.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._open = 0

    def note(self, piece: bytes, ended: bool) -> None:
        """Take in that a piece came, and whether a record ended in it or before.

        Raises:
            UnreadableDocument: more came than one record may have.
        """
        self._open = 0 if ended else self._open + len(piece)
        if self._open > self._most:
            raise UnreadableDocument(
                f"one record is larger than the {self._most:,} bytes that it may have; where it is "
                "the org's, give the client a larger max_document_bytes, of which a record may "
                "have four times as much"
            )


def bounded_csv(pieces: Iterable[bytes], most_bytes: int, most_records: int) -> Iterator[bytes]:
    """The pieces of a CSV document, as long as it may be one.

    Args:
        pieces: of the document.
        most_bytes: of one record.
        most_records: of the document, its header not counted.

    Raises:
        UnreadableDocument: a record is longer or blank, or there are more of them.
    """
    bound, counter = RecordBound(most_bytes), RecordCounter()
    for piece in pieces:
        before = counter.records
        counter.feed(piece)
        bound.note(piece, counter.records > before)
        if counter.records > most_records + 1:
            raise UnreadableDocument(f"it has more than {most_records:,} records")
        yield piece
