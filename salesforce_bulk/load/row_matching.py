"""Which row of a 2.0 job became what.

The result files of Bulk API 2.0 are in no order, and their cells are written anew by the types of
the fields: ``912260031`` comes back as ``9.12260031E8``. A line is therefore of a row of the same
value: of the same key where rows have one of their own, else of the same cells in a form that does
not depend on how they are written. Where several rows have one form, the exact texts decide, as
far as they leave no other reading; rows that cannot be told apart and whose lines disagree are
unknown. Cells are compared by a digest of 128 bits, so that no two different rows pass for equal.
What is left over is unknown; nothing is guessed.
"""

from __future__ import annotations

import io
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from datetime import date, datetime, timezone
from decimal import Decimal
from functools import partial
from hashlib import sha256
from itertools import chain, islice
from typing import NamedTuple, TypeVar

from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.formats.values import NULL_CELL
from salesforce_bulk.models import RowError
from salesforce_bulk.wire.row_error import write_row_error

_T = TypeVar("_T")
#: Positions of rows that have one mark, and the numbers of the lines that have it.
_Shared = tuple[list[int], list[int]]

NormalForm = Callable[[str], str]
#: The same of many cells.
ColumnForm = Callable[[Sequence[str]], Iterable[str]]
Cells = tuple[str, ...]
#: Id, Success, Created and Error, as a 1.0 result has them.
OutcomeCells = tuple[str, str, str, str]
#: What makes equal marks of equal rows; None for a row that cannot be recognised in this way.
Fingerprint = Callable[[Iterable[Sequence[str]]], "Iterator[str | bytes | None]"]

#: An offset without a colon, which Python before 3.11 does not read.
_OFFSET = re.compile(r"([+-]\d\d)(\d\d)$")
#: A time in UTC as an org writes it, on a day that may be none.
_ORG_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}(?:Z|\+00:?00)"
)
#: What an org reads as a number. Decimal and float take more: underscores, blanks, digits of other
#: scripts.
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Of what stands for all cells of a row.
_DIGEST_BYTES = 16
#: Rows whose marks are made at a time.
_BLOCK_ROWS = 256
_TRUE = frozenset({"true", "1", "yes", "y", "on"})
_SUCCESS_COLUMNS = ("sf__id", "sf__created")
_FAILURE_COLUMNS = ("sf__id", "sf__error")
#: Outcomes that are named where rows cannot be told apart.
_OUTCOMES_NAMED = 5


class ResultLine(NamedTuple):
    """One line of a result file."""

    cells: list[str]
    success: str
    id: str
    created: str
    error: str

    @property
    def outcome(self) -> OutcomeCells:
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
    normals: tuple[NormalForm, ...]
    keys: tuple[int, ...]


def match_rows(
    rows: Callable[[], Iterable[Sequence[str]]],
    lines: Callable[[], Iterable[ResultLine]],
    shape: RowShape,
    left_over: RowError,
) -> list[OutcomeCells]:
    """What became of each row, as the columns Id, Success, Created and Error of a 1.0 result.

    Args:
        rows: gives the cells that were uploaded; called more than once.
        lines: gives the lines of all result files; called more than once.
        shape: of the rows.
        left_over: the error of rows of which nothing is told.
    """
    matching = _Matching(rows, lines, left_over)
    coarse = [_double if normal is _number else normal for normal in shape.normals]
    for key in shape.keys:
        if _is_unique(rows(), key, coarse[key]):
            matching.join(_by_key(key, coarse[key]), ())
    matching.join(_by_all_cells(coarse), (_form_of(shape.normals), tuple))
    matching.settle_the_rest()
    return matching.outcomes


class _Matching:
    """Rows without an outcome, lines without a row, and what was found so far."""

    def __init__(
        self,
        rows: Callable[[], Iterable[Sequence[str]]],
        lines: Callable[[], Iterable[ResultLine]],
        left_over: RowError,
    ) -> None:
        self._rows = rows
        self._lines = lines
        self._unknown = ("", "unknown", "", write_row_error(left_over))
        self.outcomes: list[OutcomeCells] = [self._unknown for _ in rows()]
        self._line_count = sum(1 for _ in lines())
        self._open_rows = set(range(len(self.outcomes)))
        self._open_lines = set(range(self._line_count))

    def join(self, fingerprint: Fingerprint, finer: Sequence[_Form]) -> None:
        """Give the rows the outcomes of the lines with the same mark.

        Args:
            fingerprint: makes the marks.
            finer: forms by which rows of one mark are told apart, the coarsest first.
        """
        if not self._open_rows or not self._open_lines:
            return
        rows, several = self._rows_by_mark(fingerprint)
        # Of rows that are alone with their mark: the number of the line, one more; 0 is none.
        line_of = array("q", bytes(8 * len(self.outcomes)))
        lines: dict[str | bytes, list[int]] = {mark: [] for mark in several}
        cells = (line.cells for line in _those(self._open_lines, self._lines()))
        for number, mark in zip(sorted(self._open_lines), fingerprint(cells), strict=True):
            if mark is None:
                continue
            position = rows.get(mark)
            if position is None:
                if mark in lines:
                    lines[mark].append(number)
            elif not line_of[position]:
                line_of[position] = number + 1
            else:
                several[mark] = [rows.pop(mark)]
                lines[mark] = [line_of[position] - 1, number]
                line_of[position] = 0
        rows.clear()
        self._take_lines(line_of)
        shared = [(several[mark], numbers) for mark, numbers in lines.items() if numbers]
        several.clear()
        lines.clear()
        for positions, numbers in shared:
            self._open_rows.difference_update(positions)
            self._open_lines.difference_update(numbers)
        if shared:
            shared = self._give_out(shared)
        if shared:
            self._tell_apart(shared, finer)

    def _rows_by_mark(
        self, fingerprint: Fingerprint
    ) -> tuple[dict[str | bytes, int], dict[str | bytes, list[int]]]:
        """The positions of rows that are alone with their mark, and of those that share one."""
        alone: dict[str | bytes, int] = {}
        several: dict[str | bytes, list[int]] = {}
        cells = _those(self._open_rows, self._rows())
        for position, mark in zip(sorted(self._open_rows), fingerprint(cells), strict=True):
            if mark is None:
                continue
            if mark in several:
                several[mark].append(position)
            elif mark in alone:
                several[mark] = [alone.pop(mark), position]
            else:
                alone[mark] = position
        return alone, several

    def _take_lines(self, line_of: Sequence[int]) -> None:
        """Give each row the outcome of the line with that number; 0 is none."""
        row_of = {number - 1: position for position, number in enumerate(line_of) if number}
        for number, line in enumerate(self._lines() if row_of else ()):
            position = row_of.get(number)
            if position is not None:
                self.outcomes[position] = line.outcome
        self._open_rows.difference_update(row_of.values())
        self._open_lines.difference_update(row_of)

    def _give_out(self, shared: Sequence[_Shared]) -> list[_Shared]:
        """Give rows of one mark its lines where it is all the same which row has which; returns
        the others.

        What `_Group` calls agreed, without holding the cells of each: these are few.
        """
        group_of = array("q", bytes(8 * self._line_count))  # one more; 0 is none
        for group, (_, numbers) in enumerate(shared, 1):
            for number in numbers:
                group_of[number] = group
        alike = [_AlikeLines(*map(len, each)) for each in shared]
        for number, line in enumerate(self._lines()):
            if group := group_of[number]:
                at = alike[group - 1].add(line)
                positions = shared[group - 1][0]
                if at < len(positions):
                    self.outcomes[positions[at]] = line.outcome
        rest = [each for each, lines in zip(shared, alike, strict=True) if not lines.are_alike]
        for position in chain.from_iterable(positions for positions, _ in rest):
            self.outcomes[position] = self._unknown
        return rest

    def _tell_apart(self, shared: Sequence[_Shared], finer: Sequence[_Form]) -> None:
        wanted_rows = {position for positions, _ in shared for position in positions}
        wanted_lines = {number for _, numbers in shared for number in numbers}
        known: dict[Cells, Cells] = {}  # equal rows are held once
        rows = {
            position: known.setdefault(cells := tuple(row), cells)
            for position, row in enumerate(self._rows())
            if position in wanted_rows
        }
        lines = {
            number: _Line(known.setdefault(cells := tuple(line.cells), cells), line.outcome)
            for number, line in enumerate(self._lines())
            if number in wanted_lines
        }
        for positions, numbers in shared:
            group = _Group(
                [(position, rows[position]) for position in positions],
                [lines[number] for number in numbers],
            )
            for position, outcome in group.outcomes(finer):
                self.outcomes[position] = outcome

    def settle_the_rest(self) -> None:
        """As many lines as rows are left, without any cell, and all say the same: so it holds for
        each of the rows. A row with a wrong number of cells comes back like this.

        Lines that have cells are of other rows, whatever their number.
        """
        if not self._open_rows or len(self._open_rows) != len(self._open_lines):
            return
        numbered = enumerate(self._lines())
        rest = [line for number, line in numbered if number in self._open_lines]
        if not any(any(line.cells) for line in rest) and len({line.outcome for line in rest}) == 1:
            for position in self._open_rows:
                self.outcomes[position] = rest[0].outcome


class _AlikeLines:
    """Whether the lines of one mark are alike, while they pass.

    Attributes:
        are_alike: so far.
    """

    __slots__ = ("_count", "_outcome", "_record", "_same_outcome", "_same_record")

    def __init__(self, rows: int, lines: int) -> None:
        self._same_outcome = lines >= rows
        # The Ids of rows that the org wrote in one text are of records that are alike.
        self._same_record = lines == rows
        self._count = 0

    def add(self, line: ResultLine) -> int:
        """The next line; returns how many there were before."""
        record = (_digest(line.cells), *line.outcome[1:]) if self._same_record else ()
        if self._count == 0:
            self._outcome, self._record = line.outcome, record
        self._same_outcome = self._same_outcome and line.outcome == self._outcome
        self._same_record = self._same_record and record == self._record
        self._count += 1
        return self._count - 1

    @property
    def are_alike(self) -> bool:
        return self._same_outcome or self._same_record


def _those(numbers: Set[int], items: Iterable[_T]) -> Iterator[_T]:
    return (item for number, item in enumerate(items) if number in numbers)


def _is_unique(rows: Iterable[Sequence[str]], key: int, normal: NormalForm) -> bool:
    seen: set[str] = set()
    for cells in rows:
        mark = normal(cells[key])
        if not mark:
            continue
        if mark in seen:
            return False
        seen.add(mark)
    return True


def _by_key(key: int, normal: NormalForm) -> Fingerprint:
    def fingerprint(rows: Iterable[Sequence[str]]) -> Iterator[str | None]:
        return (normal(cells[key]) or None for cells in rows)

    return fingerprint


def _by_all_cells(normals: Sequence[NormalForm]) -> Fingerprint:
    forms = [_texts if normal is _text else partial(map, normal) for normal in normals]

    def fingerprint(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
        # Column by column, which takes half the time.
        rest = iter(rows)
        while block := list(islice(rest, _BLOCK_ROWS)):
            columns = zip(forms, zip(*block, strict=True), strict=True)
            yield from map(_digest, zip(*(form(cells) for form, cells in columns), strict=True))

    return fingerprint


def _digest(texts: Sequence[str]) -> bytes:
    # No cell that is sent holds the separator.
    return sha256("\0".join(texts).encode()).digest()[:_DIGEST_BYTES]


# Rows of one form

_Form = Callable[[Cells], Cells]


def _form_of(normals: Sequence[NormalForm]) -> _Form:
    def form(cells: Cells) -> Cells:
        return tuple([normal(cell) for normal, cell in zip(normals, cells, strict=True)])

    return form


class _Line(NamedTuple):
    cells: Cells
    outcome: OutcomeCells

    @property
    def without_id(self) -> tuple[Cells, tuple[str, ...]]:
        return self.cells, self.outcome[1:]


class _Group(NamedTuple):
    """Rows of which any may have any of the lines, as far as one form of their cells tells."""

    rows: list[tuple[int, Cells]]
    lines: list[_Line]

    def outcomes(self, finer: Sequence[_Form]) -> Iterator[tuple[int, OutcomeCells]]:
        """The position and the outcome of each row.

        Where the org writes a cell anew, it writes the new text as it is. So where as many lines
        as rows have one text, these lines are those rows': a row that was written anew in that
        text would have made one line more. This holds for whole groups, and for groups that
        differ in one cell only; where several differ, some of them may have been written anew in
        one line and not in another.
        """
        if self._is_agreed():
            for (position, _), line in zip(self.rows, self.lines, strict=False):
                yield position, line.outcome
        elif not finer:
            unknown = self._undecided_cells()
            for position, _ in self.rows:
                yield position, unknown
        else:
            for part in self._split(finer[0]):
                yield from part.outcomes(finer[1:])

    def _is_agreed(self) -> bool:
        """Whether it is all the same which row has which line."""
        if len({line.outcome for line in self.lines}) == 1:
            return len(self.lines) >= len(self.rows)
        # The Ids of rows that the org wrote in one text are of records that are alike.
        return (
            len(self.lines) == len(self.rows) and len({line.without_id for line in self.lines}) == 1
        )

    def _split(self, form: _Form) -> list[_Group]:
        if len(self.rows) != len(self.lines):
            return [self]
        rows, lines = defaultdict(list), defaultdict(list)
        for position, cells in self.rows:
            rows[form(cells)].append((position, cells))
        for line in self.lines:
            lines[form(line.cells)].append(line)
        same = {mark for mark in rows if len(rows[mark]) == len(lines.get(mark, ()))}
        if len(same) != max(len(rows), len(lines)) and not self._differs_in_one_cell():
            return [self]
        parts = [_Group(rows.pop(mark), lines.pop(mark)) for mark in sorted(same)]
        rest = _Group(list(chain(*rows.values())), list(chain(*lines.values())))
        return [*parts, rest] if rest.rows else parts

    def _differs_in_one_cell(self) -> bool:
        texts = zip(*{*(cells for _, cells in self.rows), *(c for c, _ in self.lines)}, strict=True)
        return sum(len(set(column)) > 1 for column in texts) == 1

    def _undecided_cells(self) -> OutcomeCells:
        outcomes = Counter(" ".join(filter(None, line.outcome)) for line in self.lines)
        named = [f"{count:,} x {text}" for text, count in outcomes.most_common(_OUTCOMES_NAMED)]
        more = [f"{len(outcomes) - len(named):,} others"] if len(outcomes) > len(named) else []
        error = RowError(
            "NotTellable",
            f"{len(self.rows):,} rows read alike in the results, where {len(self.lines):,} lines "
            f"tell of them: {'; '.join([*named, *more])}. Which is this row's cannot be told",
        )
        return "", "unknown", "", write_row_error(error)


# Forms of values


def normal_of(field_type: str | None) -> NormalForm:
    """What makes one text of all texts of the same value of a field.

    Args:
        field_type: the vendor's word; None for a column that is no field.
    """
    return _NORMALS.get(field_type or "", _text)


def _text(cell: str) -> str:
    # The org keeps no blanks at either end.
    text = cell.replace("\r\n", "\n").replace("\r", "\n").strip()
    return "" if text == NULL_CELL else text


def _texts(column: Sequence[str]) -> Iterable[str]:
    """`_text` of each cell."""
    if "\r" in "".join(column):
        return map(_text, column)
    texts = list(map(str.strip, column))
    return map(_text, texts) if NULL_CELL in texts else texts


def _number(cell: str) -> str:
    if not NUMBER.fullmatch(text := _text(cell)):
        return text
    try:
        value = Decimal(text)
        return str(value.normalize()) if value else "0"
    except ArithmeticError:  # none that Python can hold
        return text


def _double(cell: str) -> str:
    if not NUMBER.fullmatch(cell) and not NUMBER.fullmatch(cell := _text(cell)):
        return cell
    # Zero has no sign to an org.
    return repr(float(cell) or 0.0)


def _boolean(cell: str) -> str:
    return "true" if cell.strip().lower() in _TRUE else "" if cell == "" else "false"


def _datetime(cell: str) -> str:
    try:
        if _ORG_TIME.fullmatch(cell):  # a sixth of the time
            date.fromisoformat(cell[:10])
            return f"{cell[:23]}+00:00"
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


_NORMALS: dict[str, NormalForm] = {
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
        ValueError, csv.Error: as `read_result_lines`.
    """
    header = next(read_lines(pieces, delimiter), [])
    return [name for name in header if not name.lower().startswith("sf__")]


def read_result_lines(
    kind: str, pieces: Iterable[bytes], names: Sequence[str], why: str, delimiter: str = ","
) -> Iterator[ResultLine]:
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
    reader = read_lines(pieces, delimiter)
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


def read_lines(pieces: Iterable[bytes], delimiter: str = ",") -> Iterator[list[str]]:
    """The lines of a result file, its header first; none where it has no content. A byte order
    mark is no part of it."""
    text = io.TextIOWrapper(io.BufferedReader(_PieceReader(pieces)), "utf-8-sig", newline="")
    return read_rows(text, delimiter)


def _success_line(cells: list[str], own: list[str], why: str) -> ResultLine:
    return ResultLine(cells, "true", own[0], own[1].lower(), "")


def _failure_line(cells: list[str], own: list[str], why: str) -> ResultLine:
    return ResultLine(cells, "false", "", "false", own[1])


def _unprocessed_line(cells: list[str], own: list[str], why: str) -> ResultLine:
    return ResultLine(cells, "unprocessed", "", "", why)


_OWN_COLUMNS: dict[str, tuple[str, ...]] = {
    "successfulResults": _SUCCESS_COLUMNS,
    "failedResults": _FAILURE_COLUMNS,
    "unprocessedrecords": (),
}
_READERS: dict[str, Callable[[list[str], list[str], str], ResultLine]] = {
    "successfulResults": _success_line,
    "failedResults": _failure_line,
    "unprocessedrecords": _unprocessed_line,
}


class _PieceReader(io.RawIOBase):
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
