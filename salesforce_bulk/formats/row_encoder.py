"""Rows to the lines of a CSV batch, a chunk of rows at a time.

Guide: "Prepare CSV Files", "Valid CSV Record Rows", "Valid Date Format in Records".

A column of a chunk is looked at as a whole: what its types are is told by C code, and a column of
one type is converted and quoted by C code as well.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from datetime import date, datetime, timezone, tzinfo
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal, NamedTuple, overload

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.field_values import FieldKind, fit
from salesforce_bulk.formats.records import refuse
from salesforce_bulk.formats.values import MISSING, NULL_CELL, BadCell, Unwritable, to_text

#: What None, NaN and the empty text do to a field: nothing, or empty it.
NullPolicy = Literal["ignore", "clear"]
#: One policy for all columns, or one for each that differs from "ignore".
Nulls = NullPolicy | Mapping[str, NullPolicy]

Row = Sequence[Any]
Column = Sequence[Any]

_NULL_CELLS: dict[Any, str] = {"ignore": "", "clear": NULL_CELL}
_NONE = type(None)
_NOTHING = frozenset({_NONE})
_TEXT = frozenset({str})
#: Types whose texts hold no comma, quote or line break.
_NEVER_QUOTED = frozenset({int, float, bool, date, datetime, _NONE})
_REMEMBERED = 100_000


def null_cells(nulls: Nulls, columns: Sequence[str]) -> list[str]:
    """What stands for "no value" in each column.

    Raises:
        InvalidInput: a policy that there is not, or one for a column that there is not.
    """
    if isinstance(nulls, str):
        return [_null_cell(nulls)] * len(columns)
    policies = {name.lower(): _null_cell(policy) for name, policy in nulls.items()}
    known = {column.lower() for column in columns}
    unknown = [name for name in nulls if name.lower() not in known]
    if unknown:
        raise InvalidInput(
            f"nulls= names {unknown[0]!r}, which is no column of the rows; there are "
            f"{', '.join(columns)}.",
            column=unknown[0],
        )
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
        # pytz' zones give a datetime that is put into them the mean time of their town.
        pytz_name = getattr(zone, "zone", None) if hasattr(zone, "localize") else None
        return time_zone(pytz_name) if isinstance(pytz_name, str) else zone
    if zone.upper() == "UTC":  # known even where no time zone data are installed
        return timezone.utc
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - takes long to import

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
        kinds: of the fields, where that decides how values are written.
        zone: of datetimes without one; None refuses them.
        texts: writes columns of Python values.
    """

    nulls: Sequence[str]
    kinds: Sequence[FieldKind | None]
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
        kinds: of the columns' fields, where that decides how values are written.
    """

    def __init__(
        self,
        columns: Sequence[str],
        nulls: Nulls = "ignore",
        assume_tz: tzinfo | None = None,
        kinds: Mapping[str, FieldKind] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self._rules = CellRules(
            nulls=null_cells(nulls, columns),
            kinds=[(kinds or {}).get(column) for column in columns],
            zone=assume_tz,
            texts=ColumnTexts(assume_tz),
        )

    def header(self, names: Iterable[str]) -> bytes:
        """The header line with these names."""
        cells = [cells_of([name], name) for name in names]
        return _join_columns(cells).encode("latin-1")

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
        columns = [self._cells(column, position, first) for position, column in enumerate(given)]
        text = _join_columns(columns)
        characters = len(text) - sum(column.surplus for column in columns)
        if characters > limits.RECORD_CHARACTERS:
            _refuse_long_records(columns, first)
        return text.encode("latin-1"), characters

    def texts(self, rows: Sequence[Row], position: int, first: int) -> Column:
        """The texts of one column as they are sent, empty where there is no value.

        Raises:
            InvalidInput: a value that cannot be written; names row and column.
        """
        column = column_of(rows, position)
        types = set(map(type, column))
        try:
            fitted = fit(column, self._rules.kinds[position], types, self._rules.zone)
            return self._rules.texts.of(fitted, "")
        except BadCell as bad:
            raise refuse(first + bad.index, self.columns[position], bad.why) from bad

    def _encode_frame(self, rows: FrameChunk, first: int) -> tuple[bytes, int]:
        lines = rows.lines(self._rules)
        if lines is not None:
            return lines
        encoded = []
        for chunk in rows.plain():
            encoded.append(self.encode(chunk, first))
            first += len(chunk)
        return b"".join(part for part, _ in encoded), sum(size for _, size in encoded)

    def _cells(self, column: Column, position: int, first: int) -> Cells:
        null = self._rules.nulls[position]
        # A line without any character is no record to a reader.
        alone = len(self.columns) == 1
        try:
            joined = _joined(column)
            kind = self._rules.kinds[position]
            if joined is not None and kind != "relationship" and not (null and "" in column):
                return cells_of(column, joined, alone)
            types = set(map(type, column))
            fitted = fit(column, kind, types, self._rules.zone)
            if fitted is not column:
                column, types = fitted, set(map(type, fitted))
            texts = self._rules.texts.of(column, null, types)
            if types <= _NEVER_QUOTED and not alone:
                return Cells(texts)
            return cells_of(texts, "\0".join(texts), alone)
        except BadCell as bad:
            raise refuse(first + bad.index, self.columns[position], bad.why) from bad


def _joined(column: Column) -> str | None:
    """Texts with NULs between; None of other values, which shows at the first of them."""
    try:
        return "\0".join(column)
    except TypeError:
        return None


def _join_columns(columns: Sequence[Cells]) -> str:
    """The lines of all rows.

    By one join of all cells and what stands between them, which is five times as fast as the csv
    module, which looks at every character.
    """
    start, *between, end = _separators(columns)
    row = ["", ""] * len(columns)
    row[1::2] = [*between, end + start]
    pieces = row * len(columns[0].texts)
    for position, column in enumerate(columns):
        pieces[2 * position :: len(row)] = column.texts
    pieces[0] = start + pieces[0]
    pieces[-1] = end
    return "".join(pieces)


def _separators(columns: Sequence[Cells]) -> list[str]:
    """What stands before, between and behind the cells of a line."""
    around = [""]
    for column in columns:
        quote = '"' if column.quoted else ""
        around[-1] += quote
        around.append(f"{quote},")
    around[-1] = around[-1].replace(",", "\n")
    return around


def _refuse_long_records(columns: Sequence[Cells], first: int) -> None:
    beside = len("".join(_separators(columns)))
    for number, cells in enumerate(zip(*(column.texts for column in columns), strict=True), first):
        size = beside + len("".join(cells).encode("latin-1").decode("utf-8"))
        if size > limits.RECORD_CHARACTERS:
            raise InvalidInput(
                f"Row {number} has {size:,} characters; a record takes "
                f"{limits.RECORD_CHARACTERS:,}.",
                row=number,
            )


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


#: Of hours and minutes, and of seconds without a fraction.
_DIGITS = tuple(f"{number:02}:" for number in range(60))
_SECONDS = tuple(f"{number:02}.000Z" for number in range(60))


def _with_fraction(second: str, microseconds: int) -> str:
    return f"{second[:3]}{microseconds // 1000:03}Z"


class ColumnTexts:
    """The texts of columns of values.

    Args:
        zone: of datetimes without one; None refuses them.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self._zone = zone
        self._dates = _Memo(date.isoformat)
        self._days = _Memo(lambda number: f"{date.fromordinal(number).isoformat()}T")
        self._converters: dict[type, _Convert] = {
            int: _integers,
            float: _floats,
            date: _without_nulls(lambda column: map(self._dates.__getitem__, column)),
            bool: _booleans,
            Decimal: _without_nulls(_decimals),
            datetime: _without_nulls(self._datetimes),
        }

    def of(self, column: Column, null: str, types: Set[type] | None = None) -> Column:
        """The texts of a column's values.

        Args:
            column: values as callers give them.
            null: what stands for no value.
            types: of the values, where they are known.
        """
        types = set(map(type, column)) if types is None else types
        optional = _NONE in types
        given = types - _NOTHING
        if given == _TEXT:
            return _texts(column, null, optional)
        convert = self._converters.get(next(iter(given))) if len(given) == 1 else None
        if convert is not None:
            converted = convert(column, null if optional else None)
            if converted is not None:
                return converted
        return [_cell(index, value, null, self._zone) for index, value in enumerate(column)]

    def _datetimes(self, column: Column) -> list[str] | None:
        """For a column that is in UTC already: put together of parts that come again and again."""
        if set(map(attrgetter("tzinfo"), column)) != {timezone.utc}:
            return None
        days = map(self._days.__getitem__, map(datetime.toordinal, column))
        hours = map(_DIGITS.__getitem__, map(attrgetter("hour"), column))
        minutes = map(_DIGITS.__getitem__, map(attrgetter("minute"), column))
        seconds = map(_SECONDS.__getitem__, map(attrgetter("second"), column))
        fractions = list(map(attrgetter("microsecond"), column))
        if any(fractions):
            seconds = map(_with_fraction, seconds, fractions)
        return list(map("".join, zip(days, hours, minutes, seconds, strict=True)))


def _texts(column: Column, null: str, optional: bool) -> Column:
    if null and (optional or "" in column):
        return [value or null for value in column]
    return [value or "" for value in column] if optional else column


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


class Cells(NamedTuple):
    """A column as it is written.

    Attributes:
        texts: quotes doubled. Their characters are the bytes of the cells: text of one byte a
            character is joined and encoded in less time.
        quoted: whether they stand in quotes.
        surplus: how many bytes there are beyond the cells' characters.
    """

    texts: Column
    quoted: bool = False
    surplus: int = 0


def cells_of(texts: Column, joined: str, always_quoted: bool = False) -> Cells:
    """The cells of a CSV column: where one of them needs quotes, all have them.

    Args:
        texts: of the cells.
        joined: the same with NUL characters between.
        always_quoted: whether or not one needs quotes.

    Raises:
        BadCell: a NUL, which no field can keep, half of a surrogate pair, or more characters than
            a field takes.
    """
    if len(joined) > limits.FIELD_CHARACTERS:
        _refuse_long_fields(texts)
    surplus = 0
    if not joined.isascii():
        encoded = _utf8(joined, texts)
        surplus = len(encoded) - len(joined)
        joined = encoded.decode("latin-1")
    if joined.count("\0") >= len(texts) > 0:
        # Kept it would be dropped by some readers on the way; Salesforce documents nothing.
        index = next(index for index, cell in enumerate(texts) if "\0" in cell)
        raise BadCell(index, "holds a NUL character, which no field can keep")
    has_quotes = '"' in joined
    if has_quotes:
        joined = joined.replace('"', '""')
    if has_quotes or surplus:
        texts = joined.split("\0")
    quoted = has_quotes or "," in joined or "\n" in joined or "\r" in joined
    return Cells(texts, quoted or always_quoted, surplus)


def _utf8(joined: str, texts: Column) -> bytes:
    try:
        return joined.encode("utf-8")
    except UnicodeEncodeError:
        for index, text in enumerate(texts):
            try:
                text.encode("utf-8")
            except UnicodeEncodeError as error:
                why = f"holds half of a surrogate pair at position {error.start}"
                raise BadCell(index, f"{why}, which is no character") from error
        raise


def _refuse_long_fields(cells: Column) -> None:
    for index, size in enumerate(map(len, cells)):
        if size > limits.FIELD_CHARACTERS:
            raise BadCell(
                index, f"has {size:,} characters; a field takes {limits.FIELD_CHARACTERS:,}"
            )


# Each takes a column of values of one type, and what stands for None where one of them may be that;
# it returns None where a value needs a closer look.

_Convert = Callable[[Column, str | None], list[str] | None]


def _integers(column: Column, null: str | None) -> list[str]:
    if null is None:
        return list(map(int.__repr__, column))
    write = int.__repr__
    return [null if value is None else write(value) for value in column]


def _booleans(column: Column, null: str | None) -> list[str]:
    return list(map({True: "true", False: "false", None: null or ""}.__getitem__, column))


def _floats(column: Column, null: str | None) -> list[str] | None:
    write = float.__repr__
    if null is None:
        texts = list(map(write, column))
    else:
        texts = [null if value is None else write(value) for value in column]
    # nan and inf have an n, exponents an e.
    joined = ",".join(texts)
    return None if "e" in joined or "n" in joined else texts


def _without_nulls(convert: Callable[[Column], Iterable[str] | None]) -> _Convert:
    """What converts such a column by something that takes no None."""

    def converted(column: Column, null: str | None) -> list[str] | None:
        given = column if null is None else [value for value in column if value is not None]
        texts = convert(given)
        if texts is None:
            return None
        if null is None:
            return list(texts)
        rest = iter(texts)
        return [null if value is None else next(rest) for value in column]

    return converted


def _decimals(column: Column) -> list[str] | None:
    texts = list(map(str, column))
    # NaN, sNaN, Infinity and 1E+3 need a closer look.
    joined = ",".join(texts)
    return None if "E" in joined or "N" in joined or "I" in joined else texts
