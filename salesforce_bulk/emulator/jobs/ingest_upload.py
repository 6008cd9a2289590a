"""The data of an ingest job as they were uploaded, and how they are read.

Guide page: "Prepare CSV Files".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from salesforce_bulk import limits
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.engine import BatchError, Job

DELIMITERS = {
    "COMMA": ",",
    "BACKQUOTE": "`",
    "CARET": "^",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


@dataclass(frozen=True, slots=True)
class IngestUpload:
    """A job's data as uploaded, and how to read them."""

    path: Path
    delimiter: str
    line_end: str
    dialect: Dialect

    @classmethod
    def of(cls, job: Job, dialect: Dialect) -> IngestUpload:
        return cls(
            job.upload or job.directory / "no upload",
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
            dialect,
        )

    def open(self, errors: str = "strict") -> TextIO:
        if not self.path.exists():
            return io.StringIO()
        return TextIOWrapper(self.path.open("rb"), encoding="utf-8", errors=errors, newline="")

    def header(self) -> str:
        """The header record as sent, with its line end; bytes that are no UTF-8 escaped."""
        with self.open("surrogateescape") as source:
            lines: list[str] = []
            try:
                for record in csv.reader(_remember_lines(source, lines), delimiter=self.delimiter):
                    if record:
                        return "".join(lines)
                    lines.clear()
            except csv.Error:
                return lines[0]
        return ""

    def check(self, setting: str) -> None:
        """Raises BatchError for data that cannot be read, or end their lines in another way."""
        try:
            self._check_readable()
        except (wire.WireError, csv.Error, UnicodeError) as error:
            raise BatchError("InvalidBatch", f"Failed to parse CSV. {error}") from error
        if self._ends_otherwise():
            raise BatchError(
                "ClientInputError",
                f"LineEnding is invalid on user data. Current LineEnding setting is {setting}",
            )

    def _check_readable(self) -> None:
        if self.dialect["bulk2.ingest.blank_beside_quotes"] == "the job fails":
            wire.read_csv(self.open, self.delimiter)
            return
        with self.open() as source:
            if sum(line.count('"') for line in source) % 2:
                raise wire.CsvError("EOF reached before closing an opened quote")

    def _ends_otherwise(self) -> bool:
        looked_at = self.dialect["bulk2.ingest.line_ending"]
        if looked_at == "any line break":
            with self.open() as source:
                return any(_line_end(line) not in ("", self.line_end) for line in source)
        end = _line_end(self.header())
        return bool(end) and end != self.line_end and looked_at != "none"

    def records(self, source: TextIO) -> Iterator[list[str]]:
        quoted_anyhow = self.dialect["bulk2.ingest.blank_beside_quotes"] == "the row fails"
        read = self._records_quoted_anyhow if quoted_anyhow else self._records
        return read(source, self.dialect["bulk2.ingest.blank_lines"] == "rows that fail")

    def _records(self, source: TextIO, blank_rows: bool) -> Iterator[list[str]]:
        for record in csv.reader(source, delimiter=self.delimiter):
            if record or blank_rows:
                yield record

    def _records_quoted_anyhow(self, source: TextIO, blank_rows: bool) -> Iterator[list[str]]:
        """The records; one with quotes where CSV has none is without cells."""
        lines: list[str] = []
        for record in csv.reader(_remember_lines(source, lines), delimiter=self.delimiter):
            if record or blank_rows:
                yield [] if _is_misquoted("".join(lines), self.delimiter) else record
            lines.clear()


def _line_end(text: str) -> str:
    return text[len(text.rstrip("\r\n")) :]


def _is_misquoted(record: str, delimiter: str) -> bool:
    check = wire.QuoteCheck(delimiter)
    try:
        check.feed(record)
        check.finish()
    except wire.CsvError:
        return True
    return False


def _remember_lines(source: TextIO, lines: list[str]) -> Iterator[str]:
    while line := source.readline(limits.RECORD_CHARACTERS):
        lines.append(line)
        yield line
