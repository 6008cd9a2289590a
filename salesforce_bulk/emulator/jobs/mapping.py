"""Field mapping of foreign CSV: the ``/spec`` of a job, and batches transformed by it.

Source: *Bulk API Developer Guide*, "Map Data Fields".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from salesforce_bulk.emulator.data.values import UNCHANGED, Cell
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.wire import BatchRows, CsvError

HEADER = ("Salesforce Field", "Csv Header", "Value", "Hint")

#: Letters of Java's date patterns (``SimpleDateFormat``) as ``strptime`` has them.
_DATE_LETTERS = (
    ("yyyy", "%Y"),
    ("yy", "%y"),
    ("y", "%Y"),
    ("MMMM", "%B"),
    ("MMM", "%b"),
    ("MM", "%m"),
    ("M", "%m"),
    ("dd", "%d"),
    ("d", "%d"),
    ("HH", "%H"),
    ("H", "%H"),
    ("hh", "%I"),
    ("h", "%I"),
    ("mm", "%M"),
    ("m", "%M"),
    ("ss", "%S"),
    ("s", "%S"),
    ("SSS", "%f"),
    ("a", "%p"),
    ("Z", "%z"),
    ("XXX", "%z"),
    ("EEEE", "%A"),
    ("EEE", "%a"),
)
_DATE_PATTERN = re.compile("'[^']*'|" + "|".join(letters for letters, _ in _DATE_LETTERS) + "|.")


@dataclass(frozen=True, slots=True)
class SpecLine:
    """One row of a spec."""

    target: str
    source: str
    default: str
    hint: str


TypeOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class FieldMapping:
    """A job's spec. Columns of a batch that it does not name are dropped."""

    rules: tuple[SpecLine, ...]

    def apply(
        self, table: BatchRows, type_of: TypeOf, dialect: Dialect, now: datetime
    ) -> BatchRows:
        """The batch as if its columns had been named in the spec's way; ``type_of`` gives the
        describe type of a target field. Raises CsvError where the dialect refuses a column.
        """
        places = {name: index for index, name in reversed(list(enumerate(table.columns)))}
        self._check(places, dialect)
        # Java's own pivot moves with the present.
        pivot = now.year + 20 if dialect["bulk1.spec.two_digit_year"] == "20 years ahead" else 2068
        whole = dialect["bulk1.spec.compound_name"] == "last name"
        steps = [
            (_step(rule, type_of, pivot, whole), places.get(rule.source)) for rule in self.rules
        ]
        columns = tuple(name for step, _ in steps for name in step.columns)
        rows = _transform(table.rows, len(table.columns), steps, len(columns))
        return BatchRows(columns, rows, table.count)

    def _check(self, places: Mapping[str, int], dialect: Dialect) -> None:
        sources = {rule.source for rule in self.rules if rule.source}
        if dialect["bulk1.spec.missing_header"] == "Failed" and sources - places.keys():
            raise CsvError(f"Csv Header not found : {min(sources - places.keys())}")
        if dialect["bulk1.spec.unnamed_column"] == "Failed" and places.keys() - sources:
            raise CsvError(f"Csv Header not mapped : {min(places.keys() - sources)}")


@dataclass(frozen=True, slots=True)
class _MappedField:
    columns: tuple[str, ...]
    cells: Callable[[str], tuple[Cell, ...]]
    default: str


def _transform(
    rows: Iterator[Sequence[Cell]],
    width: int,
    steps: Sequence[tuple[_MappedField, int | None]],
    mapped_width: int,
) -> Iterator[Sequence[Cell]]:
    """The rows with the cells of ``steps``; one that has not ``width`` cells keeps as many too
    many or too few, so that it fails alone."""
    for row in rows:
        if len(row) != width:
            yield [UNCHANGED] * max(0, mapped_width + len(row) - width)
            continue
        cells: list[Cell] = []
        for step, place in steps:
            cell = UNCHANGED if place is None else row[place]
            if cell is UNCHANGED:
                cells += [_default(step.default)] * len(step.columns)
            elif cell is None:
                cells += [None] * len(step.columns)
            else:
                cells += step.cells(str(cell))
        yield cells


def _default(text: str) -> Cell:
    if text == "#N/A":
        return None
    return text or UNCHANGED


def _step(rule: SpecLine, type_of: TypeOf, pivot: int, whole_name: bool) -> _MappedField:
    kind = type_of(rule.target)
    if rule.target.lower() == "name" and kind == "compound":
        if whole_name:
            return _MappedField(("LastName",), _converter("", ""), rule.default)
        return _MappedField(("LastName", "FirstName"), _split_name, rule.default)
    return _MappedField((rule.target,), _converter(kind, rule.hint, pivot), rule.default)


def _converter(kind: str, hint: str, pivot: int = 2068) -> Callable[[str], tuple[Cell, ...]]:
    if hint and kind in ("date", "datetime"):
        pattern = date_pattern(hint)
        return lambda text: (_date(text, pattern, kind, pivot),)
    if hint and kind == "boolean":
        true = re.compile(hint)
        return lambda text: ("true" if true.fullmatch(text) else "false",)
    return lambda text: (text,)


def _date(text: str, pattern: str, kind: str, pivot: int) -> str:
    with suppress(ValueError, re.error):
        moment = datetime.strptime(*_with_year(text, pattern))
        if "%y" in pattern:
            # The year of the century that ends with the pivot.
            moment = moment.replace(year=pivot - (pivot - moment.year) % 100)
        return moment.strftime("%Y-%m-%d" if kind == "date" else "%Y-%m-%dT%H:%M:%S.000Z")
    return text  # the row fails for it, with the value that was sent


def _with_year(text: str, pattern: str) -> tuple[str, str]:
    # Java's year where the pattern has none; strptime deprecates a day without a year.
    if "%Y" in pattern or "%y" in pattern:
        return text, pattern
    return f"1970 {text}", f"%Y {pattern}"


def date_pattern(hint: str) -> str:
    """A Java date pattern as one of ``strptime``."""
    letters = dict(_DATE_LETTERS)

    def replace(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith("'"):
            return token.strip("'").replace("%", "%%") or "'"
        return letters.get(token, token.replace("%", "%%"))

    return _DATE_PATTERN.sub(replace, hint)


def _split_name(text: str) -> tuple[Cell, ...]:
    """``Cat, Tom`` and ``Tom Cat`` are last name Cat, first name Tom."""
    last, comma, first = text.partition(",")
    if not comma:
        first, _, last = text.rpartition(" ")
    return last.strip() or UNCHANGED, first.strip() or UNCHANGED


def read_spec(text: str) -> FieldMapping:
    """A spec as uploaded. Raises CsvError."""
    try:
        records = [record for record in csv.reader(text.splitlines(keepends=True)) if record]
    except csv.Error as error:
        raise CsvError(str(error)) from error
    header = [name.strip().lower() for name in records[0]] if records else []
    if sorted(header) != sorted(name.lower() for name in HEADER):
        raise CsvError(f"The header must be {','.join(HEADER)}")
    order = [header.index(name.lower()) for name in HEADER]
    return FieldMapping(tuple(_rule(record, order) for record in records[1:]))


def _rule(record: Sequence[str], order: Sequence[int]) -> SpecLine:
    target, source, default, hint = (
        record[index].strip() if index < len(record) else "" for index in order
    )
    if not target:
        raise CsvError("A row has no Salesforce Field")
    try:
        re.compile(hint)
    except re.error as error:
        raise CsvError(f"Invalid hint {hint}: {error}") from error
    return SpecLine(target, source, default, hint)
