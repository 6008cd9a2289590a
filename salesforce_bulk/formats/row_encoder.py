"""Rows to the lines of a CSV batch, a chunk of rows at a time.

Guide: "Prepare CSV Files", "Valid CSV Record Rows", "Valid Date Format in Records".

A column of a chunk is looked at as a whole: what its types are is told by C code, and only a
column whose values the csv module would write wrongly is converted, most of them in C as well.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timezone, tzinfo
from decimal import Decimal
from operator import methodcaller
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.records import refuse
from salesforce_bulk.formats.values import MISSING, NULL_CELL, Unwritable, to_text

#: What None, NaN and the empty text do to a field: nothing, or empty it.
NullPolicy = Literal["ignore", "clear"]
#: One policy for all columns, or one for each that differs from "ignore".
Nulls = NullPolicy | Mapping[str, NullPolicy]

Row = Sequence[Any]
Column = Sequence[Any]

_NULL_CELLS: dict[Any, str] = {"ignore": "", "clear": NULL_CELL}
_NONE = type(None)
#: Types that the csv module writes as Salesforce reads them; None becomes an empty cell.
_AS_IS = frozenset({str, int, _NONE, date})


class _BadCell(Exception):
    """Which of a column's values cannot be written, and why."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(index, why)
        self.index = index
        self.why = why


def null_cells(nulls: Nulls, columns: Sequence[str]) -> list[str]:
    """What stands for "no value" in each column.

    Raises:
        InvalidInput: a policy that there is not, or one for a column that there is not.
    """
    if isinstance(nulls, str):
        return [_null_cell(nulls)] * len(columns)
    policies = {name.lower(): _null_cell(policy) for name, policy in nulls.items()}
    unknown = set(policies) - {column.lower() for column in columns}
    if unknown:
        raise InvalidInput(f"nulls= names {min(unknown)!r}, which is no column of the rows.")
    return [policies.get(column.lower(), "") for column in columns]


def _null_cell(policy: str) -> str:
    if policy not in _NULL_CELLS:
        raise InvalidInput(f"nulls is 'ignore' or 'clear', not {policy!r}.")
    return _NULL_CELLS[policy]


def time_zone(zone: tzinfo | str | None) -> tzinfo | None:
    """The zone that datetimes without one are taken to be in; None refuses them.

    Raises:
        InvalidInput: no zone of that name is known.
    """
    if not isinstance(zone, str):
        return zone
    if zone.upper() == "UTC":  # known even where no time zone data are installed
        return timezone.utc
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidInput(f"assume_tz={zone!r} is no time zone, e.g. 'Europe/Berlin'.") from error


class RowEncoder:
    """Writes rows as CSV lines in UTF-8, each ended by a line feed.

    Args:
        columns: the names, for messages.
        nulls: see `Nulls`. The empty text counts as no value, since Salesforce knows none.
            A cell `MISSING` is empty always, a cell `CLEAR` is ``#N/A`` always.
        assume_tz: the zone of datetimes without one; None refuses them.
        integers: the columns whose fields hold whole numbers. pandas makes floats of integers
            where one is missing, and the org refuses ``1.0`` in such a field.
    """

    def __init__(
        self,
        columns: Sequence[str],
        nulls: Nulls = "ignore",
        assume_tz: tzinfo | None = None,
        integers: Collection[str] = (),
    ) -> None:
        self.columns = tuple(columns)
        self._nulls = null_cells(nulls, columns)
        self._zone = assume_tz
        self._integers = frozenset(self.columns.index(column) for column in integers)
        self._buffer = io.StringIO(newline="")
        self._writer = csv.writer(self._buffer, lineterminator="\n")
        # The csv module leaves a lone carriage return unquoted, and readers end the record there.
        self._quoting = csv.writer(self._buffer, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def header(self, names: Iterable[str]) -> bytes:
        """The header line with these names."""
        return self._written([tuple(names)]).encode("utf-8")

    def encode(self, rows: Sequence[Row], first: int) -> tuple[bytes, int]:
        """The lines of the rows, and how many characters they are.

        Args:
            rows: tuples as long as ``columns``.
            first: the number of the first one, for messages.

        Raises:
            InvalidInput: a value that cannot be written, or that breaks a limit of the vendor;
                names row and column.
        """
        text = self._written(self._texts(rows, first))
        try:
            body = text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise self._find(rows, first, _lone_surrogate) or error from error
        if b"\0" in body:
            raise self._find(rows, first, _nul) or InvalidInput("A row holds a NUL character.")
        if len(text) > limits.FIELD_CHARACTERS:
            too_long = self._find(rows, first, _too_long)
            if too_long is not None:
                raise too_long
        return body, len(text)

    def _written(self, rows: Iterable[Row]) -> str:
        given = rows if isinstance(rows, Sequence) else list(rows)
        text = self._write(self._writer, given)
        return self._write(self._quoting, given) if "\r" in text else text

    def _write(self, writer: Any, rows: Iterable[Row]) -> str:
        self._buffer.seek(0)
        self._buffer.truncate()
        writer.writerows(rows)
        return self._buffer.getvalue()

    def _texts(self, rows: Sequence[Row], first: int) -> Sequence[Row]:
        columns: list[Column] = list(zip(*rows, strict=True))
        changed = False
        for position, given in enumerate(columns):
            column = _whole(given) if position in self._integers else given
            try:
                cells = encode_column(column, self._nulls[position], self._zone)
            except _BadCell as bad:
                raise refuse(first + bad.index, self.columns[position], bad.why) from bad
            if cells is not given:
                columns[position] = cells
                changed = True
        return list(zip(*columns, strict=True)) if changed else rows

    def _find(
        self, rows: Sequence[Row], first: int, flaw: Callable[[str], str | None]
    ) -> InvalidInput | None:
        for number, row in enumerate(self._texts(rows, first), first):
            for column, cell in zip(self.columns, row, strict=True):
                why = None if cell is None else flaw(str(cell))
                if why is not None:
                    return refuse(number, column, why)
        return None


def _nul(text: str) -> str | None:
    # Kept it would be dropped by some readers on the way, and Salesforce documents nothing.
    return "holds a NUL character, which no field can keep" if "\0" in text else None


def _lone_surrogate(text: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds half of a surrogate pair at position {error.start}, which is no character"
    return None


def _too_long(text: str) -> str | None:
    if len(text) <= limits.FIELD_CHARACTERS:
        return None
    return f"has {len(text):,} characters; a field takes {limits.FIELD_CHARACTERS:,}"


# Columns


def encode_column(column: Column, null: str, zone: tzinfo | None) -> Column:
    """The cells of a column: what the csv module writes as Salesforce reads it.

    Args:
        column: values as callers give them.
        null: what stands for no value.
        zone: of datetimes without one.

    Returns:
        the column itself where nothing had to be changed.
    """
    types = set(map(type, column))
    if types <= _AS_IS:
        return _with_nulls(column, null) if null else column
    optional = _NONE in types
    if len(types) - optional == 1 and not (null and optional):
        convert = _CONVERTERS.get(next(kind for kind in types if kind is not _NONE))
        if convert is not None:
            converted = _around_nulls(column, convert) if optional else convert(column)
            if converted is not None:
                return converted
    return [_cell(index, value, null, zone) for index, value in enumerate(column)]


def _whole(column: Column) -> Column:
    if float not in set(map(type, column)):
        return column
    return [int(v) if type(v) is float and v.is_integer() else v for v in column]


def _with_nulls(column: Column, null: str) -> Column:
    if None in column or "" in column:
        return [null if value is None or value == "" else value for value in column]
    return column


def _around_nulls(column: Column, convert: Callable[[Column], Column | None]) -> Column | None:
    """Convert the values, and put the nulls back where they were."""
    converted = convert([value for value in column if value is not None])
    if converted is None:
        return None
    texts = iter(converted)
    return [None if value is None else next(texts) for value in column]


def _cell(index: int, value: Any, null: str, zone: tzinfo | None) -> str:
    if value is MISSING:
        return ""
    if zone is not None and isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    try:
        text = to_text(value)
    except Unwritable as error:
        raise _BadCell(index, str(error)) from error
    return text or null


# Each takes a column of one type, and returns None where a value needs a closer look.


def _floats(column: Column) -> Column | None:
    # A sum is finite only where all are; an exponent shows in the digits.
    if not math.isfinite(sum(map(abs, column))):
        return None
    texts = list(map(float.__repr__, column))
    return None if "e" in ",".join(texts) else texts


def _decimals(column: Column) -> Column | None:
    texts = list(map(str, column))
    # NaN, sNaN, Infinity and 1E+3 need a closer look.
    joined = ",".join(texts)
    return None if "E" in joined or "N" in joined or "I" in joined else texts


def _booleans(column: Column) -> Column:
    return list(map({True: "true", False: "false"}.__getitem__, column))


def _datetimes(column: Column) -> Column | None:
    """For a column that is in UTC already."""
    joined = "\n".join(map(methodcaller("isoformat", "T", "milliseconds"), column))
    if joined.count("+00:00\n") != len(column) - 1 or not joined.endswith("+00:00"):
        return None
    return joined.replace("+00:00", "Z").split("\n")


_CONVERTERS: dict[type, Callable[[Column], Column | None]] = {
    float: _floats,
    Decimal: _decimals,
    bool: _booleans,
    datetime: _datetimes,
}
