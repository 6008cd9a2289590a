"""Batches in CSV as an org reads them that follows another reading than the emulator."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

from salesforce_bulk.emulator.data.values import UNCHANGED, Cell
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire

_CHOICES = (
    "bulk1.row.lone_cr",
    "bulk1.row.blank_beside_quote",
    "bulk1.row.blank_line",
    "bulk1.row.empty_quoted_line",
    "bulk1.row.width",
)
_LONE_CR = re.compile("\r(?!\n)")
_BLANK_LINE = re.compile("(?<=\n)(?=\r?\n)")
#: Marks a cell that had blanks beside its quotes; the text of a batch has no such character.
_MARK = "\ue000"
#: Stands for a line without a character, where that is a record.
_BLANK = "\ue001"


def read_csv(open_text: Callable[[], TextIO], dialect: Dialect) -> wire.BatchRows:
    """A batch in CSV; as ``wire.read_csv``, in the readings of a dialect. Raises CsvError."""
    if not dialect.differs(_CHOICES):
        return wire.read_csv(open_text)
    try:
        with open_text() as source:
            pieces = source.read().split('"')
    except UnicodeError:
        return wire.read_csv(open_text)  # which says what is wrong
    if dialect["bulk1.row.lone_cr"] == "Failed" and any(map(_LONE_CR.search, pieces[::2])):
        raise wire.CsvError("A line ends in neither LF nor CRLF")
    if dialect["bulk1.row.blank_beside_quote"] != "Failed":
        _take_blanks_out(pieces)
    if dialect["bulk1.row.blank_line"] == "a record":
        pieces[::2] = [_with_records(piece) for piece in pieces[::2]]
    text = '"'.join(pieces)
    table = wire.read_csv(lambda: io.StringIO(text, newline=""))
    rows = list(_readings(table, dialect))
    columns = tuple(name.replace(_MARK, "") for name in table.columns)
    return wire.BatchRows(columns, iter(rows), len(rows))


def _take_blanks_out(pieces: list[str]) -> None:
    """Takes the blanks beside quotes out of what is outside of them, and marks the cells."""
    last = len(pieces) - 1
    for place in range(0, len(pieces), 2):
        piece = pieces[place]
        if not piece.strip(" \t") and 0 < place < last:
            continue  # text between two quotes: nothing else would make it readable
        if place and piece != (bare := piece.lstrip(" \t")):
            pieces[place - 1] += _MARK
            piece = bare
        if place < last and piece != (bare := piece.rstrip(" \t")):
            pieces[place + 1] = _MARK + pieces[place + 1]
            piece = bare
        pieces[place] = piece


def _with_records(piece: str) -> str:
    """Outside of quotes: a blank line becomes a record of one empty cell."""
    return _BLANK_LINE.sub(_BLANK, piece)


def _readings(table: wire.BatchRows, dialect: Dialect) -> Iterator[Sequence[Cell]]:
    width = len(table.columns)
    reading = dialect["bulk1.row.width"]
    for row in table.rows:
        if list(row) == [UNCHANGED] and dialect["bulk1.row.empty_quoted_line"] == "no record":
            continue
        marked = any(isinstance(cell, str) and _MARK in cell for cell in row)
        cells = [_unmarked(cell) if marked else cell for cell in row]
        cells = [UNCHANGED] if cells == [_BLANK] else cells
        if len(cells) != width and reading == "Failed":
            raise wire.CsvError(f"Expected {width} fields in a record, found {len(cells)}")
        if reading == "padded":
            cells = [*cells, *[UNCHANGED] * width][:width]
        if marked and dialect["bulk1.row.blank_beside_quote"] == "row error":
            cells.append(None)  # so that the row fails alone
        yield cells


def _unmarked(cell: Cell) -> Cell:
    text = cell.replace(_MARK, "") if isinstance(cell, str) else cell
    if text == "":
        return UNCHANGED
    return None if text == "#N/A" else text
