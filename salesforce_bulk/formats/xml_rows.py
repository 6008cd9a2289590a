"""XML query results read piece by piece: bytes in, flat rows out.

Guide: "Get Bulk Query Results". A ``queryResult`` of ``records``, their parents nested in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from xml.sax import SAXParseException  # nosec B406 # types only; defusedxml parses
from xml.sax.handler import ContentHandler, feature_namespaces  # nosec B406 # types only; defusedxml parses

from defusedxml.common import DefusedXmlException

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.json_rows import refuse_other_names
from salesforce_bulk.formats.typed import ResultColumn, TypedRows
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.v1 import NO_RECORDS

_NIL = ("http://www.w3.org/2001/XMLSchema-instance", "nil")
_RECORD_DEPTH = 2
#: Elements within each other; a parent's parent's field stands in seven.
_MOST_DEPTH = 100


class XmlReader:
    """One document.

    Args:
        columns: of the rows; what a record has besides is left out, and what it lacks is
            None, because nulls may be left out.
        raw: the texts as they were sent, nulls as ``""``.
        decimals: numbers with a fraction as `Decimal`, else as float.
        keep_nul: without effect; XML cannot carry them, so they are removed.
    """

    def __init__(
        self,
        columns: Sequence[ResultColumn],
        *,
        raw: bool = False,
        decimals: bool = False,
        keep_nul: bool = False,
    ) -> None:
        from defusedxml.expatreader import create_parser  # noqa: PLC0415 - takes long to import

        del keep_nul
        #: Rows returned so far.
        self.rows = 0
        self._paths = [tuple(column.name.lower().split(".")) for column in columns]
        self._typed = None if raw else TypedRows(columns, decimals)
        self._head: bytes | None = b""
        self._marked = _LineEnds()
        self._records = _Records()
        self._parser = create_parser(forbid_dtd=True)
        self._parser.setFeature(feature_namespaces, True)
        self._parser.setContentHandler(self._records)

    def feed(self, piece: bytes) -> list[tuple[Any, ...]]:
        """The rows that this piece completes.

        Raises:
            UnreadableDocument: it is no queryResult.
        """
        piece = piece.replace(b"\0", b"")
        if self._head is not None:
            self._head += piece
            if NO_RECORDS.startswith(self._head.strip()):
                return []
            piece, self._head = self._head, None
        try:
            self._parser.feed(self._marked(piece))
        except (SAXParseException, DefusedXmlException) as error:
            raise UnreadableDocument(
                f"not readable as XML after row {self.rows}: {error}"
            ) from error
        return self._complete_rows()

    def flush(self, *, whole: bool = False) -> list[tuple[Any, ...]]:
        """The rows that are left; the document says by itself where it ends.

        Raises:
            IncompleteBody: it has not ended.
        """
        del whole
        if self._head is not None and self._head.strip() == NO_RECORDS:
            return []
        try:
            self._parser.feed((self._head or b"") + self._marked.rest)
            self._parser.close()
        except SAXParseException as error:
            raise IncompleteBody(
                f"The answer ends within its document ({error}). Fetch it again."
            ) from error
        return self._complete_rows()

    def _complete_rows(self) -> list[tuple[Any, ...]]:
        records, self._records.found = self._records.found, []
        if records and self.rows == 0:
            # Id is there unasked.
            names = [path[0] for path in records[0] if path in self._paths or path != ("id",)]
            refuse_other_names(self._paths, names)
        rows = [tuple(record.get(path, "") for path in self._paths) for record in records]
        self.rows += len(rows)
        return rows if self._typed is None or not rows else list(self._typed(rows))


class _LineEnds:
    """Keeps the carriage returns of texts.

    XML's parsers make a line feed of each, unless it is written as a reference. Only what follows
    a start tag is a text of a field; elsewhere a reference could not stand.
    """

    _TAG_AND_TEXT = re.compile(rb"(<[^>]*>)?([^<]*)")

    def __init__(self) -> None:
        #: A tag that the pieces so far leave open.
        self.rest = b""
        self._in_text = False

    def __call__(self, piece: bytes) -> bytes:
        """What was left open before, and the piece, but for a tag that it leaves open itself."""
        piece = self.rest + piece
        tag = piece.rfind(b"<")
        end = piece.find(b">", tag) + 1 if tag >= 0 else len(piece)
        self.rest = b"" if end else piece[tag:]
        piece = piece if end else piece[:tag]
        if b"\r" in piece:
            return self._TAG_AND_TEXT.sub(self._mark, piece)
        tag = piece.rfind(b"<")
        if tag >= 0:
            self._in_text = _begins_text(piece[tag : piece.find(b">", tag) + 1])
        return piece

    def _mark(self, found: re.Match[bytes]) -> bytes:
        tag, text = found[1] or b"", found[2]
        if tag:
            self._in_text = _begins_text(tag)
        return tag + (text.replace(b"\r", b"&#13;") if self._in_text else text)


def _begins_text(tag: bytes) -> bool:
    return not tag.startswith((b"</", b"<?", b"<!")) and not tag.endswith(b"/>")


class _Records(ContentHandler):
    """Collects each record as a dict of paths, in lower case, and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[tuple[str, ...], str]] = []
        self._record: dict[tuple[str, ...], str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._nil = False
        #: For each element on the way, whether it has told its object's name.
        self._type_seen: list[bool] = []
        self._skipped = False

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        if not self._path and name[1] != "queryResult":
            raise UnreadableDocument(f"a queryResult was expected, a {name[1]} came")
        if len(self._path) == _MOST_DEPTH:
            raise UnreadableDocument("elements are nested beyond all measure")
        # The object's name, which a field Type that is null must not take.
        self._skipped = bool(self._type_seen) and name[1] == "type" and not self._type_seen[-1]
        if self._skipped:
            self._type_seen[-1] = True
        self._type_seen.append(False)
        self._path.append(name[1].lower())
        if len(self._path) == _RECORD_DEPTH:
            self._record = {}
        self._text = []
        self._nil = attrs.get(_NIL) in ("true", "1")

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if len(self._path) > _RECORD_DEPTH and not self._skipped:
            # Id comes twice, and is nil the first time where it was not selected.
            path = tuple(self._path[_RECORD_DEPTH:])
            self._record[path] = self._record.get(path, "") if self._nil else "".join(self._text)
        elif len(self._path) == _RECORD_DEPTH and self._path[-1] == "records":
            self.found.append(self._record)
        self._path.pop()
        self._type_seen.pop()
        self._text = []
        self._nil = self._skipped = False
