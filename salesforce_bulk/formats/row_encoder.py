"""Rows to the lines of a CSV batch, a chunk of rows at a time.

Guide: "Prepare CSV Files", "Valid CSV Record Rows", "Valid Date Format in Records".

A column of a chunk is looked at as a whole: what its types are is told by C code, and a column of
one type is converted and quoted by C code as well.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timezone, tzinfo
from decimal import Decimal
from operator import add, attrgetter, methodcaller
from typing import Any, Literal, NamedTuple, overload
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
#: Types whose texts hold no comma, quote or line break.
_NEVER_QUOTED = frozenset({int, float, bool, date, datetime, _NONE})
_REMEMBERED = 100_000


class BadCell(Exception):
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


class ColumnChunk(Sequence[Row]):
    """Rows that are held column by column, which is how they are written."""

    __slots__ = ("_size", "columns")

    def __init__(self, columns: Sequence[Sequence[Any]]) -> None:
        self.columns = columns
        self._size = len(columns[0])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Row]:
        return zip(*self.columns, strict=True)

    @overload
    def __getitem__(self, at: int) -> Row: ...

    @overload
    def __getitem__(self, at: slice) -> ColumnChunk: ...

    def __getitem__(self, at: int | slice) -> Row | ColumnChunk:
        if isinstance(at, slice):
            return ColumnChunk([column[at] for column in self.columns])
        return tuple(column[at] for column in self.columns)


class CellRules(NamedTuple):
    """How the values of columns become cells.

    Attributes:
        nulls: what stands for no value, of each column.
        integers: positions of the columns whose fields hold whole numbers.
        zone: of datetimes without one; None refuses them.
        texts: writes columns of Python values.
    """

    nulls: Sequence[str]
    integers: frozenset[int]
    zone: tzinfo | None
    texts: ColumnTexts


class FrameChunk(Sequence[Row]):
    """Rows that may be able to write themselves, without becoming Python values."""

    __slots__ = ()

    @abstractmethod
    def lines(self, rules: CellRules) -> tuple[bytes, int] | None:
        """What `RowEncoder.encode` returns; None where that has to look at each value."""

    @abstractmethod
    def plain(self) -> Iterator[ColumnChunk]:
        """The rows as Python values."""

    @abstractmethod
    def column(self, position: int) -> list[Any]:
        """The values of one column."""


def column_of(rows: Sequence[Row], position: int) -> Column:
    """The values of one column of a chunk."""
    if isinstance(rows, ColumnChunk):
        return rows.columns[position]
    if isinstance(rows, FrameChunk):
        return rows.column(position)
    return [row[position] for row in rows]


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
        self._rules = CellRules(
            nulls=null_cells(nulls, columns),
            integers=frozenset(self.columns.index(column) for column in integers),
            zone=assume_tz,
            texts=ColumnTexts(assume_tz),
        )

    def header(self, names: Iterable[str]) -> bytes:
        """The header line with these names."""
        return (",".join(quote_column(names)) + "\n").encode("utf-8")

    def encode(self, rows: Sequence[Row], first: int) -> tuple[bytes, int]:
        """The lines of the rows, and how many characters they are.

        Args:
            rows: tuples as long as ``columns``.
            first: the number of the first one, for messages.

        Raises:
            InvalidInput: a value that cannot be written, or that breaks a limit of the vendor;
                names row and column.
        """
        if not rows:
            return b"", 0
        if isinstance(rows, FrameChunk):
            return self._encode_frame(rows, first)
        given = rows.columns if isinstance(rows, ColumnChunk) else zip(*rows, strict=True)
        columns = [self._column(column, position, first) for position, column in enumerate(given)]
        # Joining is five times as fast as the csv module, which looks at every character.
        lines = list(map(",".join, zip(*columns, strict=True)))
        text = "\n".join(lines) + "\n"
        if len(text) > limits.RECORD_CHARACTERS:
            _refuse_long_records(lines, first)
        try:
            return text.encode("utf-8"), len(text)
        except UnicodeEncodeError as error:
            raise self._find(rows, first, _lone_surrogate) or error from error

    def _encode_frame(self, rows: FrameChunk, first: int) -> tuple[bytes, int]:
        lines = rows.lines(self._rules)
        if lines is not None:
            return lines
        encoded = []
        for chunk in rows.plain():
            encoded.append(self.encode(chunk, first))
            first += len(chunk)
        return b"".join(part for part, _ in encoded), sum(size for _, size in encoded)

    def _column(self, given: Column, position: int, first: int) -> list[str]:
        column = whole_numbers(given) if position in self._rules.integers else given
        try:
            texts = self._rules.texts.of(column, self._rules.nulls[position])
            alone = len(self.columns) == 1
            if not alone and _NEVER_QUOTED.issuperset(map(type, column)):
                return texts
            # A line without any character is no record to a reader.
            return quote_column(texts, always=alone)
        except BadCell as bad:
            raise refuse(first + bad.index, self.columns[position], bad.why) from bad

    def _find(
        self, rows: Sequence[Row], first: int, flaw: Callable[[str], str | None]
    ) -> InvalidInput | None:
        for number, row in enumerate(rows, first):
            for column, value in zip(self.columns, row, strict=True):
                why = flaw(value) if isinstance(value, str) else None
                if why is not None:
                    return refuse(number, column, why)
        return None


def _refuse_long_records(lines: Sequence[str], first: int) -> None:
    for number, size in enumerate(map(len, lines), first):
        if size >= limits.RECORD_CHARACTERS:
            raise InvalidInput(
                f"Row {number} has {size + 1:,} characters; a record takes "
                f"{limits.RECORD_CHARACTERS:,}.",
                row=number,
            )


def _lone_surrogate(text: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"holds half of a surrogate pair at position {error.start}, which is no character"
    return None


# Columns


class _Memo(dict[Any, str]):
    """Texts of values that come again and again, such as dates; forgotten before they are many."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        text = self[value] = self._write(value)
        return text


_in_milliseconds = methodcaller("isoformat", "milliseconds")


class ColumnTexts:
    """The texts of columns of values.

    Args:
        zone: of datetimes without one; None refuses them.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._dates = _Memo(date.isoformat)
        self._days = _Memo(lambda value: f"{value.isoformat()}T")
        self._converters: dict[type, Callable[[Column], list[str] | None]] = {
            int: lambda column: list(map(int.__repr__, column)),
            date: lambda column: list(map(self._dates.__getitem__, column)),
            bool: lambda column: list(map({True: "true", False: "false"}.__getitem__, column)),
            float: _floats,
            Decimal: _decimals,
            datetime: self._datetimes,
        }

    def of(self, column: Column, null: str) -> list[str]:
        """The texts of a column's values.

        Args:
            column: values as callers give them.
            null: what stands for no value.
        """
        types = set(map(type, column))
        optional = _NONE in types
        types.discard(_NONE)
        if types == {str}:
            return _texts(column, null, optional)
        convert = self._converters.get(next(iter(types))) if len(types) == 1 else None
        if convert is not None:
            given = [value for value in column if value is not None] if optional else column
            converted = convert(given)
            if converted is not None:
                return _with_nulls(column, converted, null) if optional else converted
        return [_cell(index, value, null, self._zone) for index, value in enumerate(column)]

    def _datetimes(self, column: Column) -> list[str] | None:
        """For a column that is in UTC already; a day is written once."""
        if set(map(attrgetter("tzinfo"), column)) != {timezone.utc}:
            return None
        days = map(self._days.__getitem__, map(datetime.date, column))
        # Remembering these too would cost more than it saves: there are too many.
        times = map(_in_milliseconds, map(datetime.time, column))
        return ("Z\0".join(map(add, days, times)) + "Z").split("\0")


def _texts(column: Column, null: str, optional: bool) -> list[str]:
    if null and (optional or "" in column):
        return [value or null for value in column]
    return [value or "" for value in column] if optional else list(column)


def _with_nulls(column: Column, texts: list[str], null: str) -> list[str]:
    rest = iter(texts)
    return [null if value is None else next(rest) for value in column]


def whole_numbers(column: Column) -> Column:
    """The column with its whole floats as integers."""
    if float not in set(map(type, column)):
        return column
    return [int(v) if type(v) is float and v.is_integer() else v for v in column]


def _cell(index: int, value: Any, null: str, zone: tzinfo | None) -> str:
    if value is MISSING:
        return ""
    if zone is not None and isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=zone)
    try:
        text = to_text(value)
    except Unwritable as error:
        raise BadCell(index, str(error)) from error
    return text or null


def quote_column(texts: Iterable[str], *, always: bool = False) -> list[str]:
    """The cells of a CSV column: where one of them needs quotes, all have them.

    Raises:
        BadCell: a NUL, which no field can keep, or more characters than a field takes.
    """
    cells = texts if isinstance(texts, list) else list(texts)
    joined = "\0".join(cells)
    if joined.count("\0") >= len(cells) > 0:
        # Kept it would be dropped by some readers on the way; Salesforce documents nothing.
        index = next(index for index, cell in enumerate(cells) if "\0" in cell)
        raise BadCell(index, "holds a NUL character, which no field can keep")
    if len(joined) > limits.FIELD_CHARACTERS:
        _refuse_long_fields(cells)
    quoted = '"' in joined
    if not (always or quoted or "," in joined or "\n" in joined or "\r" in joined):
        return cells
    if quoted:
        joined = joined.replace('"', '""')
    return ('"' + joined.replace("\0", '"\0"') + '"').split("\0")


def _refuse_long_fields(cells: list[str]) -> None:
    for index, size in enumerate(map(len, cells)):
        if size > limits.FIELD_CHARACTERS:
            raise BadCell(
                index, f"has {size:,} characters; a field takes {limits.FIELD_CHARACTERS:,}"
            )


# Each takes a column of one type, and returns None where a value needs a closer look.


def _floats(column: Column) -> list[str] | None:
    texts = list(map(float.__repr__, column))
    # nan and inf have an n, exponents an e.
    joined = ",".join(texts)
    return None if "e" in joined or "n" in joined else texts


def _decimals(column: Column) -> list[str] | None:
    texts = list(map(str, column))
    # NaN, sNaN, Infinity and 1E+3 need a closer look.
    joined = ",".join(texts)
    return None if "E" in joined or "N" in joined or "I" in joined else texts
