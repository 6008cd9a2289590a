"""A page of a query's result as an org writes it that follows another reading than the emulator."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.jobs.csv_dialect import labels_as_selected
from salesforce_bulk.emulator.jobs.engine import Batch
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS, LINE_ENDINGS
from salesforce_bulk.emulator.jobs.query_pages import ResultPage
from salesforce_bulk.emulator.jobs.spellings import spellings

if TYPE_CHECKING:
    from salesforce_bulk.emulator.soql.compile import Column

#: What a dialect may choose of a page.
CHOICES = ("bulk2.query.csv_", "bulk2.query.column_", "bulk2.query.page_header")
#: The last version whose columns the guide has in alphabetical order.
LAST_ALPHABETICAL_VERSION = 49.0


class DialectPages:
    """Takes pages of a batch's result apart and puts them together in another way."""

    def __init__(self, batch: Batch, columns: Sequence[Column], dialect: Dialect) -> None:
        job = batch.job
        self._dialect = dialect
        self._sent = DELIMITERS[job.column_delimiter]
        self._delimiter = "," if dialect["bulk2.query.csv_delimiter"] == "comma" else self._sent
        line_end = LINE_ENDINGS[job.line_ending or "LF"]
        self._line_end = LINE_ENDINGS.get(dialect["bulk2.query.csv_line_end"], line_end)
        all_quoted = dialect["bulk2.query.csv_quotes"] == "all"
        self._quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
        self._labels = [column.label for column in columns]
        if dialect["bulk2.query.column_names"] == "as selected":
            self._labels = labels_as_selected(self._labels, batch.soql)
        known = spellings(dialect, "bulk2.query.csv_")
        self._spellings = [known.get(column.type) for column in columns]
        self._order = list(range(len(columns)))
        alphabetical = dialect["bulk2.query.column_order"] == "alphabetical up to 49.0"
        if alphabetical and float(job.version) <= LAST_ALPHABETICAL_VERSION:
            self._order.sort(key=lambda place: self._labels[place].lower())

    def body(self, page: ResultPage, body: bytes) -> bytes:
        """The page in this form; ``body`` is the page as the emulator writes it."""
        text = body.decode("utf-8", "replace")
        _, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=self._sent)
        buffer = io.StringIO(newline="")
        writer = csv.writer(
            buffer,
            delimiter=self._delimiter,
            quoting=self._quoting,
            lineterminator=self._line_end,
        )
        if not page.first or self._dialect["bulk2.query.page_header"] == "each page":
            writer.writerow(self._in_order(self._labels))
        writer.writerows(self._in_order(self._spelled(row)) for row in rows)
        mark = "\ufeff" if self._dialect["bulk2.query.csv_bom"] == "BOM" else ""
        return (mark + buffer.getvalue()).encode("utf-8", "replace")

    def _spelled(self, row: Sequence[str]) -> list[str]:
        return [
            spell(cell) if spell and cell else cell
            for spell, cell in zip(self._spellings, row, strict=True)
        ]

    def _in_order(self, cells: Sequence[str]) -> list[str]:
        return [cells[place] for place in self._order]
