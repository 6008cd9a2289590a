"""Which row of a 2.0 job became what.

The result files of Bulk API 2.0 are in no order, and their cells are written anew by the types of
the fields: ``912260031`` comes back as ``9.12260031E8``. Rows are therefore joined on their key
where they have one, else on all cells in a form that does not depend on how they are written, each
as often as it occurs; numbers at last as the doubles that the org keeps. Cells are compared by a
digest of 128 bits, so that no two different rows pass for equal. What is left over is unknown;
nothing is guessed.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from hashlib import blake2b
from typing import NamedTuple

from salesforce_bulk.formats.values import NULL_CELL
from salesforce_bulk.models import RowError
from salesforce_bulk.wire.row_error import write_row_error

Normal = Callable[[str], str]
#: What makes equal marks of equal rows; None for a row that cannot be recognised in this way.
Recognise = Callable[[Sequence[str]], "str | bytes | None"]

#: An offset without a colon, which Python before 3.11 does not read.
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
#: Of what stands for all cells of a row.
_DIGEST_BYTES = 16
_TRUE = frozenset({"true", "1", "yes", "y", "on"})
_SUCCESS_COLUMNS = ("sf__id", "sf__created")
_FAILURE_COLUMNS = ("sf__id", "sf__error")


class Told(NamedTuple):
    """One line of a result file."""

    cells: list[str]
    success: str
    id: str
    created: str
    error: str

    @property
    def outcome(self) -> tuple[str, str, str, str]:
        """The columns of a 1.0 result."""
        return self.id, self.success, self.created, self.error


class RowShape(NamedTuple):
    """How rows are recognised.

    Attributes:
        names: of the columns that were uploaded.
        normals: for each column, what makes one text of all texts of the same value.
        keys: positions of columns whose value is a row's own, best first.
    """

    names: tuple[str, ...]
    normals: tuple[Normal, ...]
    keys: tuple[int, ...]


def match_rows(
    rows: Callable[[], Iterable[Sequence[str]]],
    told: Callable[[], Iterable[Told]],
    shape: RowShape,
    left_over: RowError,
) -> list[tuple[str, str, str, str]]:
    """What became of each row, as the columns Id, Success, Created and Error of a 1.0 result.

    Args:
        rows: gives the cells that were uploaded; called more than once.
        told: gives the lines of all result files; called more than once.
        shape: of the rows.
        left_over: the error of rows of which nothing is told.
    """
    unknown = ("", "unknown", "", write_row_error(left_over))
    outcomes = [unknown for _ in rows()]
    open_rows = set(range(len(outcomes)))
    open_lines = set(range(sum(1 for _ in told())))
    for recognise in _ways(rows, shape):
        waiting: dict[str | bytes, list[int]] = defaultdict(list)
        for position, cells in enumerate(rows()):
            if position in open_rows and (mark := recognise(cells)) is not None:
                waiting[mark].append(position)
        for positions in waiting.values():
            positions.reverse()
        for number, line in enumerate(told()):
            if number not in open_lines or (mark := recognise(line.cells)) is None:
                continue
            if waiting.get(mark):
                position = waiting[mark].pop()
                outcomes[position] = line.outcome
                open_rows.discard(position)
                open_lines.discard(number)
        if not open_rows or not open_lines:
            break
    _settle_the_rest(outcomes, open_rows, open_lines, told)
    return outcomes


def _settle_the_rest(
    outcomes: list[tuple[str, str, str, str]],
    open_rows: set[int],
    open_lines: set[int],
    told: Callable[[], Iterable[Told]],
) -> None:
    """As many lines as rows are left, without any cell, and all say the same: so it holds for each
    of the rows. A row with a wrong number of cells comes back like this.

    Lines that have cells are of other rows, whatever their number.
    """
    if not open_rows or len(open_rows) != len(open_lines):
        return
    rest = [line for number, line in enumerate(told()) if number in open_lines]
    if not any(any(line.cells) for line in rest) and len({line.outcome for line in rest}) == 1:
        for position in open_rows:
            outcomes[position] = rest[0].outcome


def _ways(rows: Callable[[], Iterable[Sequence[str]]], shape: RowShape) -> Iterator[Recognise]:
    for key in shape.keys:
        if _is_unique(rows(), key, shape.normals[key]):
            yield _by_key(key, shape.normals[key])
    yield _by_all_cells(shape.normals)
    if _number in shape.normals:
        yield _by_all_cells([_double if one is _number else one for one in shape.normals])


def _is_unique(rows: Iterable[Sequence[str]], key: int, normal: Normal) -> bool:
    seen: set[str] = set()
    for cells in rows:
        if not cells[key]:
            continue
        mark = normal(cells[key])
        if mark in seen:
            return False
        seen.add(mark)
    return True


def _by_key(key: int, normal: Normal) -> Recognise:
    def recognise(cells: Sequence[str]) -> str | None:
        return normal(cells[key]) if cells[key] else None

    return recognise


def _by_all_cells(normals: Sequence[Normal]) -> Recognise:
    def recognise(cells: Sequence[str]) -> bytes:
        # No cell that is sent holds the separator.
        texts = [normal(cell) for normal, cell in zip(normals, cells, strict=True)]
        return blake2b("\0".join(texts).encode(), digest_size=_DIGEST_BYTES).digest()

    return recognise


# Forms of values


def normal_of(field_type: str | None) -> Normal:
    """What makes one text of all texts of the same value of a field.

    Args:
        field_type: the vendor's word; None for a column that is no field.
    """
    return _NORMALS.get(field_type or "", _text)


def _text(cell: str) -> str:
    return "" if cell == NULL_CELL else cell.replace("\r\n", "\n").replace("\r", "\n")


def _number(cell: str) -> str:
    try:
        value = Decimal(cell)
        return str(value.normalize()) if value else "0"
    except ArithmeticError:  # no number, or none that Python can hold
        return _text(cell)


def _double(cell: str) -> str:
    try:
        return repr(float(cell))
    except ValueError:
        return _text(cell)


def _boolean(cell: str) -> str:
    return "true" if cell.strip().lower() in _TRUE else "" if cell == "" else "false"


def _datetime(cell: str) -> str:
    try:
        value = datetime.fromisoformat(_OFFSET.sub(r"\1:\2", cell.replace("Z", "+00:00")))
        zoned = value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value
        return zoned.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):  # no time, or none that Python can hold
        return _text(cell)


def _date(cell: str) -> str:
    return _text(cell)[:10]


def _time(cell: str) -> str:
    return _text(cell).rstrip("Z")


def _id(cell: str) -> str:
    return _text(cell)[:15]


_NORMALS: dict[str, Normal] = {
    "int": _number,
    "long": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "boolean": _boolean,
    "datetime": _datetime,
    "date": _date,
    "time": _time,
    "id": _id,
    "reference": _id,
}


# Result files


def uploaded_columns(pieces: Iterable[bytes], delimiter: str) -> list[str]:
    """The columns that were uploaded, by the header of a result file; none where it has none.

    Raises:
        ValueError, csv.Error: as `read_told`.
    """
    header = next(_reader(pieces, delimiter), [])
    return [name for name in header if not name.lower().startswith("sf__")]


def read_told(
    kind: str, pieces: Iterable[bytes], names: Sequence[str], why: str, delimiter: str = ","
) -> Iterator[Told]:
    """The lines of one result file.

    Args:
        kind: ``successfulResults``, ``failedResults`` or ``unprocessedrecords``.
        pieces: the file; one without content has none.
        names: of the columns that were uploaded.
        why: the error text of rows that were not processed.
        delimiter: the job's.

    Raises:
        ValueError: columns are missing or a line is ragged; the file is not whole.
        csv.Error: it is not CSV, or ends within quotes.
    """
    reader = _reader(pieces, delimiter)
    header = [name.lower() for name in next(reader, [])]
    if not header:
        return
    positions = [header.index(name.lower()) for name in names]
    own = [header.index(name) for name in _OWN_COLUMNS[kind]]
    for row in reader:
        if len(row) != len(header):
            raise ValueError(f"a line of {len(row)} cells in a file of {len(header)} columns")
        cells = [row[position] for position in positions]
        yield _READERS[kind](cells, [row[position] for position in own], why)


def _reader(pieces: Iterable[bytes], delimiter: str) -> Iterator[list[str]]:
    text = io.TextIOWrapper(io.BufferedReader(_Pieces(pieces)), "utf-8", newline="")
    return csv.reader(text, delimiter=delimiter, strict=True)


def _succeeded(cells: list[str], own: list[str], why: str) -> Told:
    return Told(cells, "true", own[0], own[1].lower(), "")


def _failed(cells: list[str], own: list[str], why: str) -> Told:
    return Told(cells, "false", "", "false", own[1])


def _unprocessed(cells: list[str], own: list[str], why: str) -> Told:
    return Told(cells, "unprocessed", "", "", why)


_OWN_COLUMNS: dict[str, tuple[str, ...]] = {
    "successfulResults": _SUCCESS_COLUMNS,
    "failedResults": _FAILURE_COLUMNS,
    "unprocessedrecords": (),
}
_READERS: dict[str, Callable[[list[str], list[str], str], Told]] = {
    "successfulResults": _succeeded,
    "failedResults": _failed,
    "unprocessedrecords": _unprocessed,
}


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        taken = self._rest[: len(target)]
        target[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)
