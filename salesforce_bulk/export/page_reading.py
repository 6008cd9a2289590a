"""A page's bytes as rows or record batches in the columns of the export."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from salesforce_bulk.api.org_access import RECORD_BYTES
from salesforce_bulk.errors import ReconciliationError
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.export.page_identity import PageIdentity
from salesforce_bulk.formats.arrow_read import ArrowReader, arrow_schema, batch_of_rows
from salesforce_bulk.formats.csv_reader import CsvReader, first_record_end, split_records
from salesforce_bulk.formats.json_rows import JsonReader
from salesforce_bulk.formats.record_bound import RecordBound
from salesforce_bulk.formats.typed import ResultColumn, TypedRows
from salesforce_bulk.formats.xml_rows import XmlReader
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.v1 import NO_RECORDS

if TYPE_CHECKING:
    import pyarrow as pa

#: Threads that make record batches; pyarrow lets them run side by side.
_PARSERS = min(4, os.cpu_count() or 1)
#: Blocks that they have before them, so that they have work while the next page is asked for.
_BLOCKS_AHEAD = 8
#: Bytes whose rows are made at a time: with 256 KB it takes half as long again.
_SLICE_BYTES = 1 << 15
_BOM = b"\xef\xbb\xbf"

Row = Sequence[Any]
Batches: TypeAlias = "Future[list[pa.RecordBatch]]"
_Parsed: TypeAlias = "tuple[PageBody, Batches | None]"


class PageBody(Protocol):
    """A page being read: see `download.Download`."""

    @property
    def page(self) -> PageAddress: ...
    @property
    def rows(self) -> int | None: ...
    @property
    def next_locator(self) -> str | None: ...
    @property
    def identity(self) -> PageIdentity: ...
    def __iter__(self) -> Generator[bytes, None, None]: ...
    def first_try(self) -> Generator[bytes, None, None]: ...
    def ahead(self, pieces: Generator[bytes, None, None]) -> Generator[bytes, None, None]: ...


@dataclass(frozen=True)
class Reading:
    """How pages become rows.

    Attributes:
        columns: of the export, in the order of its SELECT.
        raw: the values as they were sent.
        decimals: numbers with a fraction as decimals.
        keep_nul: leave NUL characters in texts.
        most_record_bytes: that one record may have.
        by_position: columns whose names in the header nobody can tell beforehand, such as
            those of functions.
    """

    columns: tuple[ResultColumn, ...]
    raw: bool = False
    decimals: bool = False
    keep_nul: bool = False
    by_position: frozenset[int] = field(default_factory=frozenset)
    most_record_bytes: int = RECORD_BYTES

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return [column.name for column in self.columns]

    def rows(self, body: PageBody) -> Iterator[list[Row]]:
        """The rows of a page, some at a time, in the export's columns.

        Raises:
            ReconciliationError: more or fewer rows than the server counted.
            UnreadableDocument: a body that is none, or has other columns.
        """
        read = self._csv_rows if body.page.content_type == "CSV" else self._document_rows
        count = 0
        for rows in read(body):
            count += len(rows)
            yield rows
        check_count(body, count)

    def batches(self, bodies: Iterable[PageBody]) -> Iterator[tuple[PageAddress, pa.RecordBatch]]:
        """The record batches of pages, page behind page, each with its page.

        Raises:
            ReconciliationError: a page has more or fewer rows than the server counted.
            UnreadableDocument: a body that is none, or has other columns.
        """
        names, count = self.names, 0
        with ThreadPoolExecutor(_PARSERS, thread_name_prefix="salesforce-bulk-parser") as parsers:
            for body, parsed in _some_ahead(self._parse(bodies, parsers)):
                if parsed is None:
                    check_count(body, count)
                    count = 0
                    continue
                for batch in parsed.result():
                    count += batch.num_rows
                    same = batch.schema.names == names
                    yield body.page, batch if same else batch.select(names)

    def _csv_rows(self, body: PageBody) -> Iterator[list[Row]]:
        reader = CsvReader(keep_nul=self.keep_nul)
        finish: Callable[[list[list[str]]], list[Row]] | None = None
        bound = RecordBound(self.most_record_bytes)
        for piece in _slices(body):
            rows = reader.feed(piece)
            bound.note(piece, bool(rows))
            if finish is None and reader.header is not None:
                finish = self._finisher(reader.header)
            if rows and finish is not None:
                yield finish(rows)
        reader.end()

    def _finisher(self, header: list[str]) -> Callable[[list[list[str]]], list[Row]]:
        """What puts rows into the export's order and types."""
        order = self.order_of(header)
        typed = None if self.raw else TypedRows(self.columns, self.decimals)
        pick = itemgetter(*order) if len(order) > 1 else None
        if order == list(range(len(order))):
            pick = None

        def finish(rows: list[list[str]]) -> list[Row]:
            picked: list[Any] = rows if pick is None else list(map(pick, rows))
            return picked if typed is None else list(typed(picked))

        return finish

    def order_of(self, header: Sequence[str]) -> list[int]:
        """Where each column of the export stands in a header.

        Raises:
            UnreadableDocument: it has other columns.
        """
        wanted = [name.lower() for name in self.names]
        found = [name.lower() for name in header]
        if sorted(wanted) == sorted(found):
            # Up to version 49.0 the columns of 2.0 came in the order of the alphabet.
            return [found.index(name) for name in wanted]
        if len(wanted) == len(found) and all(
            ours == theirs or at in self.by_position
            for at, (ours, theirs) in enumerate(zip(wanted, found, strict=True))
        ):
            return list(range(len(wanted)))
        raise UnreadableDocument(
            f"the columns of this page are {list(header)}, those of the export {self.names}"
        )

    def _document_rows(self, body: PageBody) -> Iterator[list[Row]]:
        kind = JsonReader if body.page.content_type == "JSON" else XmlReader
        reader = kind(self.columns, raw=self.raw, decimals=self.decimals, keep_nul=self.keep_nul)
        bound = RecordBound(self.most_record_bytes)
        for piece in body:
            rows = reader.feed(piece)
            bound.note(piece, bool(rows))
            if rows:
                yield list(rows)
        if rows := reader.flush():
            yield list(rows)

    def _parse(self, bodies: Iterable[PageBody], parsers: Executor) -> Iterator[_Parsed]:
        """What is parsed of each page, and behind it None."""
        for body in bodies:
            read = self._csv_parsed if body.page.content_type == "CSV" else self._document_parsed
            for parsed in read(body, parsers):
                yield body, parsed
            yield body, None

    def _csv_parsed(self, body: PageBody, parsers: Executor) -> Iterator[Batches]:
        reader: ArrowReader | None = None
        records = HeaderSplitter(body, self.most_record_bytes)
        bound = RecordBound(self.most_record_bytes)
        for piece in records:
            if reader is None:
                order = self.order_of(records.header or [])
                in_header = [self.columns[order.index(at)] for at in range(len(order))]
                reader = ArrowReader(in_header, decimals=self.decimals)
            blocks = reader.cut(piece)
            bound.note(piece, reader.record_ended)
            for block in blocks:
                yield parsers.submit(reader.read, block)
        if reader is not None:
            for block in reader.rest():
                yield parsers.submit(reader.read, block)
        elif records.header is not None:
            self.order_of(records.header)

    def _document_parsed(self, body: PageBody, parsers: Executor) -> Iterator[Batches]:
        schema = arrow_schema(self.columns, self.decimals)
        for rows in replace(self, raw=False)._document_rows(body):
            yield parsers.submit(_batches_of_rows, rows, schema)


def _batches_of_rows(rows: Sequence[Row], schema: pa.Schema) -> list[pa.RecordBatch]:
    return [batch_of_rows(rows, schema)]


def _some_ahead(items: Iterable[_Parsed]) -> Iterator[_Parsed]:
    """The items, each when so many more are waiting or at work behind it."""
    waiting: deque[_Parsed] = deque()
    for item in items:
        waiting.append(item)
        if len(waiting) > _BLOCKS_AHEAD:
            yield waiting.popleft()
    yield from waiting


class HeaderSplitter:
    """The pieces of a CSV page behind its header, which is read on the way.

    Attributes:
        header: the names; None before they came, and for a page without rows of 1.0.
        header_bytes: the same as it was sent, with its line end, without a BOM.
    """

    def __init__(self, body: Iterable[bytes], most_bytes: int = RECORD_BYTES) -> None:
        self.header: list[str] | None = None
        self.header_bytes = b""
        self._bound = RecordBound(most_bytes)
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        pieces = iter(self._body)
        begun: list[bytes] = []
        quotes = 0
        for piece in pieces:
            if end := first_record_end(piece, quotes):
                self._take(b"".join((*begun, piece[:end])))
                if rest := piece[end:]:
                    yield rest
                yield from pieces
                return
            self._bound.note(piece, False)
            begun.append(piece)
            quotes += piece.count(b'"')
        # No line end at all: a lone header, the sentence for no rows, or nothing.
        header = b"".join(begun)
        if header.removeprefix(_BOM).strip() not in (b"", NO_RECORDS):
            self._take(header)

    def _take(self, header: bytes) -> None:
        self.header_bytes = header.removeprefix(_BOM)
        try:
            text = self.header_bytes.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UnreadableDocument(f"the header is not UTF-8: {error}") from error
        self.header = split_records(text)[0]


def _slices(body: PageBody) -> Iterator[bytes]:
    """The pieces cut so small that the rows of one stay in the processor's cache."""
    for piece in body:
        if len(piece) <= _SLICE_BYTES:
            yield piece
        else:
            for start in range(0, len(piece), _SLICE_BYTES):
                yield piece[start : start + _SLICE_BYTES]


def check_count(body: PageBody, count: int) -> None:
    """Compare a page's rows with the server's count, where it told one.

    Raises:
        ReconciliationError: they differ.
    """
    if body.rows is None or count == body.rows:
        return
    page = body.page
    raise ReconciliationError(
        f"{page} gave {count:,} rows where the server counted {body.rows:,}.",
        expected=body.rows,
        got=count,
        evidence={"page": str(page)},
        job_id=page.job_id,
        batch_id=page.batch_id,
    )
