"""Texts as typed values, column by column, by the types of describe.

REST API guide, "Field Types"; Bulk API guide, "Valid Date Format in Records".
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from salesforce_bulk.wire.document import UnreadableDocument

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBERS = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True)
class ResultColumn:
    """One column of a result.

    Attributes:
        name: with its path, ``Owner.Name``.
        type: the vendor's word, e.g. ``currency``; ``string`` where nothing is known.
        precision, scale: of numbers; 0 where nothing is known.
    """

    name: str
    type: str = "string"
    precision: int = 0
    scale: int = 0


Texts = Sequence[str]
Values = Sequence[Any]
#: The values of a column's texts.
Convert = Callable[[Texts], Values]


def _texts(cells: Texts) -> Values:
    return [cell or None for cell in cells]


class _Booleans(dict[str, bool | None]):
    def __missing__(self, text: str) -> bool:
        # In other letters than the guide has them.
        if (lower := text.lower()) in ("true", "false"):
            return lower == "true"
        raise ValueError(text)


# The digits are those of a boolean in XML Schema.
_BOOLEANS = _Booleans({"true": True, "false": False, "1": True, "0": False, "": None})


def _booleans(cells: Texts) -> Values:
    return list(map(_BOOLEANS.__getitem__, cells))


#: Of a whole number that is written with a point or an exponent; a 64-bit number has 19.
_MOST_DIGITS = 30


def _integer(text: str) -> int:
    number = Decimal(text)  # a formula's whole number may come as 12.0
    # 1e999999999 would be made for hours, and fill the memory.
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS or number != int(number):
        raise ValueError(text)
    return int(number)


def _integers(cells: Texts) -> Values:
    try:
        return [int(cell) if cell else None for cell in cells]
    except ValueError:
        return [_integer(cell) if cell else None for cell in cells]


def _floats(cells: Texts) -> Values:
    return [float(cell) if cell else None for cell in cells]


def _decimals(cells: Texts) -> Values:
    return [Decimal(cell) if cell else None for cell in cells]


def _date(text: str) -> date:
    # XML Schema allows a zone behind a date; midnight in UTC is what a date without one means.
    return date.fromisoformat(text.removesuffix("Z"))


def _dates(cells: Texts) -> Values:
    read = date.fromisoformat
    try:
        return [read(cell) if cell else None for cell in cells]
    except ValueError:
        return [_date(cell) if cell else None for cell in cells]


def _moment(text: str) -> datetime:
    """A date and time with any offset, in UTC."""
    if text[-5:-4] in ("+", "-"):  # +0000, which fromisoformat of 3.10 cannot read
        text = f"{text[:-2]}:{text[-2:]}"
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError(text)
    return moment.astimezone(timezone.utc)


def _datetimes(cells: Texts) -> Values:
    read = datetime.fromisoformat
    return [(read(cell) if cell[-1] == "Z" else _moment(cell)) if cell else None for cell in cells]


def _datetimes_310(cells: Texts) -> Values:
    return [_moment(cell) if cell else None for cell in cells]


def _time(text: str) -> time:
    return time.fromisoformat(text.removesuffix("Z"))


def _times(cells: Texts) -> Values:
    return [_time(cell) if cell else None for cell in cells]


_CONVERTERS: dict[str, Convert] = {
    "boolean": _booleans,
    "int": _integers,
    "long": _integers,
    "double": _floats,
    "currency": _floats,
    "percent": _floats,
    "date": _dates,
    "datetime": _datetimes if sys.version_info >= (3, 11) else _datetimes_310,
    "time": _times,
}


def converter(column: ResultColumn, decimals: bool = False) -> Convert:
    """What makes values of a column's texts; text and unknown types stay text.

    The empty text, which is all that CSV knows of null, is None.
    """
    if decimals and column.type in _NUMBERS:
        return _decimals
    return _CONVERTERS.get(column.type, _texts)


class TypedRows:
    """Makes typed rows of rows of texts.

    Args:
        columns: of the rows, in their order.
        decimals: numbers with a fraction as `Decimal`, else as float.
    """

    def __init__(self, columns: Sequence[ResultColumn], decimals: bool = False) -> None:
        self._columns = columns
        self._converters = [converter(column, decimals) for column in columns]

    def __call__(self, rows: Sequence[Texts]) -> Iterator[tuple[Any, ...]]:
        """The values of some rows.

        Raises:
            UnreadableDocument: a text that is no value of its column's type.
        """
        # Column by column: one call of Python for each cell would cost more than the parser.
        converted = []
        for column, convert, cells in zip(
            self._columns, self._converters, zip(*rows, strict=True), strict=False
        ):
            try:
                converted.append(convert(cells))
            except (ValueError, OverflowError, InvalidOperation) as error:
                raise _no_value(column, convert, cells) from error
        return zip(*converted, strict=True)


def _no_value(column: ResultColumn, convert: Convert, cells: Texts) -> UnreadableDocument:
    for cell in cells:
        try:
            convert([cell])
        except (ValueError, OverflowError, InvalidOperation):
            return UnreadableDocument(
                f"column {column.name!r} holds {cell!r}, which is no {column.type}"
            )
    return UnreadableDocument(f"column {column.name!r} holds what is no {column.type}")


def dict_maker(
    names: Sequence[str],
) -> Callable[[Iterable[Sequence[Any]]], list[dict[str, Any]]]:
    """What makes a dict of each of some rows.

    Args:
        names: of the columns, one at least.
    """
    # Compiled for these names, as collections.namedtuple does, since a dict display takes less
    # time than dict(zip()). The names stand in it as literals, so that they are never code.
    cells = [f"cell{at}" for at in range(len(names))]
    items = ", ".join(f"{name!r}: {cell}" for name, cell in zip(names, cells, strict=True))
    source = f"lambda rows: [{{{items}}} for {', '.join(cells)}, in rows]"
    return cast("Callable[[Iterable[Sequence[Any]]], list[dict[str, Any]]]", eval(source))  # noqa: S307  # nosec B307 # the names are literals


# JSON and XML bring values one by one, and JSON has types of its own.


def value_of_json(column: ResultColumn, value: Any, decimals: bool = False) -> Any:
    """A value of a JSON result as the same value that CSV gives.

    Dates and times are milliseconds since 1970 there, in UTC.

    Raises:
        UnreadableDocument: it is no value of the column's type.
    """
    if value is None or value == "":
        return None
    try:
        read = _JSON.get(column.type)
        if read is not None:
            return read(value)
        if column.type in _NUMBERS:
            return Decimal(str(value)) if decimals else float(value)
        return value if isinstance(value, str) else _plain(value)
    except (ValueError, TypeError, OverflowError, InvalidOperation) as error:
        raise UnreadableDocument(
            f"column {column.name!r} holds {value!r}, which is no {column.type}"
        ) from error


def _plain(value: Any) -> str:
    """The text that CSV would have for a value whose type nobody knows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _json_boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _BOOLEANS[str(value)]


def _json_integer(value: Any) -> int:
    return _integer(str(value))


def _json_datetime(value: Any) -> datetime:
    if isinstance(value, str):
        return _moment(value)
    return _EPOCH + timedelta(milliseconds=value)


def _json_date(value: Any) -> date:
    if isinstance(value, str):
        return _date(value)
    return (_EPOCH + timedelta(milliseconds=value)).date()


def _json_time(value: Any) -> time:
    if isinstance(value, str):
        return _time(value)
    return (_EPOCH + timedelta(milliseconds=value)).time()


_JSON: dict[str, Callable[[Any], Any]] = {
    "boolean": _json_boolean,
    "int": _json_integer,
    "long": _json_integer,
    "date": _json_date,
    "datetime": _json_datetime,
    "time": _json_time,
}
