"""XML query results read piece by piece: bytes in, flat rows out.

Guide: "Get Bulk Query Results". A ``queryResult`` of ``records``, their parents nested in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler, feature_namespaces

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.typed import Column, TypedRows
from salesforce_bulk.wire.v1 import Unreadable

_NIL = ("http://www.w3.org/2001/XMLSchema-instance", "nil")
_RECORD_DEPTH = 2


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
        columns: Sequence[Column],
        *,
        raw: bool = False,
        decimals: bool = False,
        keep_nul: bool = False,
    ) -> None:
        del keep_nul
        #: Rows returned so far.
        self.rows = 0
        self._paths = [tuple(column.name.lower().split(".")) for column in columns]
        self._typed = None if raw else TypedRows(columns, decimals)
        self._records = _Records()
        self._parser = create_parser(forbid_dtd=True)
        self._parser.setFeature(feature_namespaces, True)
        self._parser.setContentHandler(self._records)

    def feed(self, piece: bytes) -> list[tuple[Any, ...]]:
        """The rows that this piece completes.

        Raises:
            Unreadable: it is no queryResult.
        """
        try:
            self._parser.feed(piece.replace(b"\0", b""))
        except (SAXParseException, DefusedXmlException) as error:
            raise Unreadable(f"not readable as XML after row {self.rows}: {error}") from error
        return self._taken()

    def flush(self, *, whole: bool = False) -> list[tuple[Any, ...]]:
        """The rows that are left; the document says by itself where it ends.

        Raises:
            IncompleteBody: it has not ended.
        """
        del whole
        try:
            self._parser.close()
        except SAXParseException as error:
            raise IncompleteBody(
                f"The answer ends within its document ({error}). Fetch it again."
            ) from error
        return self._taken()

    def _taken(self) -> list[tuple[Any, ...]]:
        records, self._records.found = self._records.found, []
        rows = [tuple(record.get(path, "") for path in self._paths) for record in records]
        self.rows += len(rows)
        return rows if self._typed is None or not rows else list(self._typed(rows))


class _Records(ContentHandler):
    """Collects each record as a dict of paths, in lower case, and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[tuple[str, ...], str]] = []
        self._record: dict[tuple[str, ...], str] = {}
        self._path: list[str] = []
        self._text: list[str] = []
        self._nil = False

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        if not self._path and name[1] != "queryResult":
            raise Unreadable(f"a queryResult was expected, a {name[1]} came")
        self._path.append(name[1].lower())
        if len(self._path) == _RECORD_DEPTH:
            self._record = {}
        self._text = []
        self._nil = attrs.get(_NIL) == "true"

    def characters(self, content: str) -> None:
        self._text.append(content)

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802
        if len(self._path) > _RECORD_DEPTH and not self._nil:
            # Id comes twice, and is nil the first time where it was not selected.
            self._record[tuple(self._path[_RECORD_DEPTH:])] = "".join(self._text)
        elif len(self._path) == _RECORD_DEPTH and self._path[-1] == "records":
            self.found.append(self._record)
        self._path.pop()
        self._text = []
        self._nil = False
