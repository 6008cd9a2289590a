"""Records as the body of a CSV batch.

Guide: "Prepare CSV Files", "Valid CSV Record Rows".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.csv_reader import split_records
from salesforce_bulk.formats.records import Record, cells

#: Read at a time: enough for C to do the work, little to hold of long ones.
_LINES = 64


def encode_records(records: Iterable[Record]) -> bytes:
    """The records as UTF-8 CSV with a header.

    Args:
        records: dicts of field names and values; the columns are the union of their keys, in
            the order in which they first come. A missing key, None and NaN are empty cells,
            which leave a field as it is.

    Raises:
        InvalidInput: a value that cannot be written; names row and column.
    """
    given = list(records)
    columns = list(dict.fromkeys(column for record in given for column in record))
    buffer = io.StringIO(newline="")
    # With "\n" alone the csv module leaves a lone carriage return unquoted.
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(columns)
    for number, row in cells(given):
        texts = {cell.column: cell.text for cell in row}
        _refuse_nul(number, texts)
        writer.writerow([texts.get(column, "") for column in columns])
    return buffer.getvalue().encode("utf-8")


def _refuse_nul(number: int, texts: Mapping[str, str | None]) -> None:
    # No field can keep one, and Python 3.10's csv module writes none.
    for column, text in texts.items():
        if text is not None and "\0" in text:
            raise InvalidInput(
                f"Row {number}, column {column!r}: holds a NUL character, which no field can keep",
                row=number,
                column=column,
            )


def read_rows(text: Iterable[str], delimiter: str = ",") -> Iterator[list[str]]:
    """The records of a CSV text that this library or the org wrote, the header among them.

    Values may be longer than `csv.field_size_limit`: an error may quote a value that was as long.

    Args:
        text: its lines.
        delimiter: between values.

    Raises:
        csv.Error: it is not CSV, or ends within quotes.
    """
    blocks = _whole_records(iter(text))
    return chain.from_iterable(_records_of(block, delimiter) for block in blocks)


def _whole_records(lines: Iterator[str]) -> Iterator[list[str]]:
    """The lines of some records at a time: as many as leave no quote open."""
    while block := list(islice(lines, _LINES)):
        open_quote = "".join(block).count('"') % 2
        while open_quote and (line := next(lines, "")):
            block.append(line)
            open_quote ^= line.count('"') % 2
        yield block


def _records_of(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        if sum(map(len, lines)) <= csv.field_size_limit():
            raise
        return split_records("".join(lines), delimiter)
