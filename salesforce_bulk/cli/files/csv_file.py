"""A user's CSV file, read strictly: it is right as a whole, or refused with the row's number."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from salesforce_bulk.errors import InvalidInput


class CsvTable(NamedTuple):
    """A header and its rows; each row has as many cells as the header."""

    header: tuple[str, ...]
    rows: list[tuple[str, ...]]


def read_csv(path: Path) -> CsvTable:
    """Read a comma-separated UTF-8 file, with or without a byte order mark.

    Raises:
        InvalidInput: the file is empty, has no rows, is not UTF-8 or not CSV, names a column
            twice, or has a row with too few or too many cells. ``row`` counts from 1, header
            excluded.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            return parse_csv(file, str(path))
        except UnicodeDecodeError as error:
            raise InvalidInput(f"{path} is not UTF-8 text: {error}. Save it as UTF-8.") from error


def parse_csv(lines: Iterable[str], name: str) -> CsvTable:
    """Parse CSV text given in pieces that end where its lines end; *name* is for the messages."""
    records = read_records(lines, name)
    _, header = next(records, (0, None))
    if header is None:
        raise InvalidInput(f"{name} is empty: it has no header")
    check_header(header, name)
    rows = [
        checked_cells(cells, len(header), number, line, name)
        for number, (line, cells) in enumerate(records, start=1)
    ]
    if not rows:
        raise InvalidInput(f"{name} has a header but no rows")
    return CsvTable(tuple(header), rows)


def read_records(lines: Iterable[str], name: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of the line on which it ends; blank lines are no records."""
    reader = csv.reader(lines, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise InvalidInput(f"{name} is not CSV, line {reader.line_num}: {error}") from error


def check_header(header: list[str], name: str) -> None:
    # Salesforce's field names differ in more than case.
    names = Counter(column.strip().casefold() for column in header if column.strip())
    for column in header:
        if names[column.strip().casefold()] > 1:
            raise InvalidInput(f"{name} has more than one column {column!r}", column=column)


def checked_cells(
    cells: list[str], width: int, number: int, line: int, name: str
) -> tuple[str, ...]:
    if len(cells) != width:
        raise InvalidInput(
            f"{name}, row {number} (line {line}): {len(cells)} cells, but the header has {width}",
            row=number,
        )
    return tuple(cells)
