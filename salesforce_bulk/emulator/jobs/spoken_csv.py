"""A query's result in CSV as an org writes it that follows another reading than the emulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.jobs.results import CsvQuery, QueryShape, QueryWriter
from salesforce_bulk.emulator.jobs.spellings import spellings
from salesforce_bulk.emulator.soql import parse as soql

#: What a dialect may choose of a CSV document of Bulk API 1.0.
_CHOICES = (
    "bulk1.query.csv_",
    "bulk1.query.column_",
    "bulk1.query.no_rows_csv",
)
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


def csv_query(shape: QueryShape, dialect: Dialect, text: str) -> QueryWriter:
    """The writer of a query's result; ``text`` is the query."""
    if any(name.startswith(_CHOICES) for name in dialect.chosen):
        return SpokenCsvQuery(shape, dialect, text)
    return CsvQuery(shape)


class SpokenCsvQuery(CsvQuery):
    """Takes the lines of ``CsvQuery`` apart and puts them together in another way."""

    def __init__(self, shape: QueryShape, dialect: Dialect, text: str) -> None:
        super().__init__(shape)
        self._dialect = dialect
        labels = [column.label for column in shape.columns]
        if dialect["bulk1.query.column_names"] == "as selected":
            labels = _as_selected(labels, text)
        self._labels = labels
        self._order = sorted(range(len(labels)), key=labels.__getitem__)
        if dialect["bulk1.query.column_order"] != "alphabetical":
            self._order.sort()
        known = spellings(dialect, "bulk1.query.csv_")
        self._spellings = [known.get(column.type) for column in shape.columns]
        self._line_end = _LINE_ENDS[dialect["bulk1.query.csv_line_end"]]
        self._pending = ""
        self.empty = self._without_rows()

    def begin(self) -> bytes:
        mark = "\ufeff" if self._dialect["bulk1.query.csv_bom"] == "BOM" else ""
        self._pending = mark + self._line(self._labels)
        return b""

    def rows(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        text = super().rows(rows).decode()
        return self._put(map(self._row, csv.reader(io.StringIO(text, newline=""))))

    def end(self) -> bytes:
        ended = self._pending
        if self._dialect["bulk1.query.csv_last_line"] == "without end":
            ended = ended.removesuffix(self._line_end)
        return ended.encode()

    def _without_rows(self) -> bytes:
        reading = self._dialect["bulk1.query.no_rows_csv"]
        if reading == "header":
            return self.begin() + self.end()
        return b"" if reading == "empty file" else self.empty

    def _put(self, lines: Iterator[str]) -> bytes:
        """What is written of some lines: the last waits, for it may be the document's last."""
        ready = []
        for line in lines:
            ready.append(self._pending)
            self._pending = line
        return "".join(ready).encode()

    def _row(self, cells: Sequence[str]) -> str:
        return self._line(
            [
                spell(cell) if spell and cell else cell
                for spell, cell in zip(self._spellings, cells, strict=True)
            ]
        )

    def _line(self, cells: Sequence[str]) -> str:
        return ",".join(self._cell(cells[place]) for place in self._order) + self._line_end

    def _cell(self, text: str) -> str:
        where_needed = self._dialect["bulk1.query.csv_quotes"] == "where needed"
        if not text and (where_needed or self._dialect["bulk1.query.csv_null"] == "nothing"):
            return ""
        if where_needed and not set(text) & set(',"\r\n'):
            return text
        return '"' + text.replace('"', '""') + '"'


def _as_selected(labels: Sequence[str], text: str) -> list[str]:
    """The names of columns as the query spells them."""
    selected = [
        item.operand.text
        for item in soql.parse(text).fields
        if isinstance(item, soql.SelectField) and isinstance(item.operand, soql.Path)
    ]
    spelled = {name.lower(): name for name in selected}
    return [spelled.get(label.lower(), label) for label in labels]
