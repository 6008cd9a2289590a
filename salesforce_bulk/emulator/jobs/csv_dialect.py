"""Results in CSV as an org writes them that follows another reading than the emulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from salesforce_bulk.emulator.data.values import RowOutcome
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.jobs.results import (
    CsvQuery,
    CsvResults,
    DocumentWriter,
    QueryShape,
    QueryWriter,
    quoted,
)
from salesforce_bulk.emulator.jobs.spellings import spellings
from salesforce_bulk.emulator.soql import parse as soql

#: What a dialect may choose of the documents of Bulk API 1.0.
_QUERY_CHOICES = ("bulk1.query.csv_", "bulk1.query.column_", "bulk1.query.no_rows_csv")
_RESULT_CHOICES = (
    "bulk1.result.csv_",
    "bulk1.result.column_",
    "bulk1.result.created_of_deletion",
)
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


def csv_query(shape: QueryShape, dialect: Dialect, text: str) -> QueryWriter:
    """The writer of a query's result; ``text`` is the query."""
    if dialect.differs(_QUERY_CHOICES):
        return DialectCsvQuery(shape, dialect, text)
    return CsvQuery(shape)


def csv_results(dialect: Dialect, deletion: bool) -> DocumentWriter:
    """The writer of a load's results; ``deletion`` for a delete or hardDelete."""
    if dialect.differs(_RESULT_CHOICES):
        return DialectCsvResults(dialect, deletion)
    return CsvResults(dialect)


class _Layout:
    """How the lines of a document are written, by the behaviours that begin with ``prefix``.

    The last line waits until it is known to be the document's last.
    """

    def __init__(self, dialect: Dialect, prefix: str, labels: Sequence[str]) -> None:
        self._where_needed = dialect[f"{prefix}csv_quotes"] == "where needed"
        self._null = '""'
        if f"{prefix}csv_null" in dialect and dialect[f"{prefix}csv_null"] == "nothing":
            self._null = ""
        self._line_end = _LINE_ENDS[dialect[f"{prefix}csv_line_end"]]
        self._last_end = dialect[f"{prefix}csv_last_line"] == "with end"
        self._mark = "\ufeff" if dialect[f"{prefix}csv_bom"] == "BOM" else ""
        self._labels = labels
        self._order = sorted(range(len(labels)), key=labels.__getitem__)
        if dialect[f"{prefix}column_order"] != "alphabetical":
            self._order.sort()
        self._pending = ""

    def begin(self) -> bytes:
        self._pending = self._mark + self._line(self._labels)
        return b""

    def lines(self, rows: Iterable[Sequence[str]]) -> bytes:
        ready = []
        for row in rows:
            ready.append(self._pending)
            self._pending = self._line(row)
        return "".join(ready).encode()

    def end(self) -> bytes:
        last = self._pending if self._last_end else self._pending.removesuffix(self._line_end)
        return last.encode()

    def _line(self, cells: Sequence[str]) -> str:
        return ",".join(self._cell(cells[place]) for place in self._order) + self._line_end

    def _cell(self, text: str) -> str:
        if not text:
            return "" if self._where_needed else self._null
        if self._where_needed and not set(text) & set(',"\r\n'):
            return text
        return quoted(text)


class DialectCsvQuery(CsvQuery):
    """Takes the lines of ``CsvQuery`` apart and puts them together in another way."""

    def __init__(self, shape: QueryShape, dialect: Dialect, text: str) -> None:
        super().__init__(shape)
        labels = [column.label for column in shape.columns]
        if dialect["bulk1.query.column_names"] == "as selected":
            labels = labels_as_selected(labels, text)
        self._layout = _Layout(dialect, "bulk1.query.", labels)
        known = spellings(dialect, "bulk1.query.csv_")
        self._spellings = [known.get(column.type) for column in shape.columns]
        reading = dialect["bulk1.query.no_rows_csv"]
        if reading == "header":
            self.empty = self.begin() + self.end()
        elif reading == "empty file":
            self.empty = b""

    def begin(self) -> bytes:
        return self._layout.begin()

    def rows(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        return self._layout.lines(map(self._row, _taken_apart(super().rows(rows))))

    def end(self) -> bytes:
        return self._layout.end()

    def _row(self, cells: Sequence[str]) -> Sequence[str]:
        return [
            spell(cell) if spell and cell else cell
            for spell, cell in zip(self._spellings, cells, strict=True)
        ]


_RESULT_NAMES = {
    "Id": ("Id", "Success", "Created", "Error"),
    "ID": ("ID", "SUCCESS", "CREATED", "ERROR"),
    "id": ("id", "success", "created", "error"),
}


class DialectCsvResults(CsvResults):
    """Takes the lines of ``CsvResults`` apart and puts them together in another way."""

    def __init__(self, dialect: Dialect, deletion: bool) -> None:
        super().__init__(dialect)
        names = _RESULT_NAMES[dialect["bulk1.result.column_names"]]
        self._layout = _Layout(dialect, "bulk1.result.", names)
        self._upper = dialect["bulk1.result.csv_booleans"] == "TRUE"
        self._without_created = deletion and dialect["bulk1.result.created_of_deletion"] == "empty"

    def begin(self) -> bytes:
        return self._layout.begin()

    def rows(self, rows: Sequence[RowOutcome], /) -> bytes:
        return self._layout.lines(map(self._cells, _taken_apart(super().rows(rows))))

    def end(self) -> bytes:
        return self._layout.end()

    def _cells(self, cells: Sequence[str]) -> Sequence[str]:
        identity, success, created, error = cells
        if self._upper:
            success, created = success.upper(), created.upper()
        return [identity, success, "" if self._without_created else created, error]


def _taken_apart(lines: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(lines.decode(), newline=""))


def labels_as_selected(labels: Sequence[str], text: str) -> list[str]:
    """The names of columns as the query spells them."""
    selected = [
        item.operand.text
        for item in soql.parse(text).fields
        if isinstance(item, soql.SelectField) and isinstance(item.operand, soql.Path)
    ]
    spelled = {name.lower(): name for name in selected}
    return [spelled.get(label.lower(), label) for label in labels]
