"""One value and its text on the wire.

Guide: "Valid CSV Record Rows", "Valid Date Format in Records".
"""

from __future__ import annotations

import base64
import math
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, Final
from uuid import UUID

from salesforce_bulk import limits

#: The cell that empties a field, in a CSV batch; an empty cell leaves the field as it is.
NULL_CELL: Final = "#N/A"


class _Mark:
    """A value that stands for something; it stays itself when it is copied or pickled.

    No Enum: frame libraries store the value of a member, and that would be a text like others.

    Args:
        name: of the module's variable.
        cell: its text, so that it means the same where another library, a format string or a
            CSV writer makes a text of it.
    """

    __slots__ = ("_cell", "_name")

    def __init__(self, name: str, cell: str) -> None:
        self._name = name
        self._cell = cell

    def __repr__(self) -> str:
        return self._name

    def __str__(self) -> str:
        return self._cell

    def __reduce__(self) -> str:
        return self._name  # the name of a module's variable


#: As a field's value: empty the field, whatever the policy for None is.
CLEAR: Final = _Mark("CLEAR", NULL_CELL)
#: The value of a column in a row that does not have it: leaves the field as it is.
MISSING: Final = _Mark("MISSING", "")


#: Whole floats of so many bits are one number each up to here.
EXACT_BY_BITS: Final = {16: 2**11, 32: 2**24, 64: 2**53}


class NarrowFloat(float):
    """A number that was held in fewer than 64 bits.

    A fraction has the digits that its bits tell, ``0.1`` and not ``0.10000000149011612``.

    Attributes:
        exact: whole numbers of its bits are one number each up to here.
    """

    exact: int

    @classmethod
    def of(cls, number: float, digits: str, bits: int) -> NarrowFloat:
        """The number.

        Args:
            number: in 64 bits.
            digits: the shortest by which its bits are found again.
            bits: that it was held in, 16 or 32.
        """
        narrow = cls(number if number.is_integer() else digits)
        narrow.exact = EXACT_BY_BITS[bits]
        return narrow


class Unwritable(ValueError):
    """The value has no text that Salesforce would read as the same value."""


class UnknownType(Unwritable):
    """The value's type is none of those that `to_text` knows."""


class BadCell(Exception):
    """Which of a column's values cannot be written, and why."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(index, why)
        self.index = index
        self.why = why


def to_text(value: Any) -> str | None:
    """The text of a value; None for what means "no value".

    ==============================  =================================================
    value                           text
    ==============================  =================================================
    None, NaN, NaT, ``pandas.NA``   None
    str                             itself
    bool                            ``true`` or ``false``
    int, float                      digits, never an exponent
    Decimal                         plain digits, never an exponent
    aware datetime                  UTC, ``2024-01-31T23:01:01.000Z``
    date                            ``2024-01-31``
    time                            ``23:01:01.000Z``
    bytes                           base64
    UUID                            ``12345678-1234-5678-1234-567812345678``
    list, tuple, set of str         a multi-select picklist, ``a;b``; numpy's arrays too
    numpy scalar                    as the Python value
    CLEAR                           ``#N/A``, which empties the field
    ==============================  =================================================

    Raises:
        Unwritable: a datetime without a time zone, a time with one, an infinite number.
        UnknownType: any other type.
    """
    writer = _WRITERS.get(type(value))
    return writer(value) if writer is not None else _other(value)


def _datetime(value: datetime) -> str | None:
    if value != value:  # noqa: PLR0124 - pandas' NaT is a datetime that is unequal to itself
        return None
    if value.utcoffset() is None:
        raise Unwritable(
            f"the datetime {value.isoformat()} has no time zone; "
            "make it aware, e.g. with .replace(tzinfo=timezone.utc), or give assume_tz="
        )
    try:
        utc = value.astimezone(timezone.utc).replace(tzinfo=None)
        date(utc.year, 1, 1)  # pandas' datetimes know years that Python's do not
    except (OverflowError, ValueError) as error:
        raise Unwritable(f"the datetime {value.isoformat()} has no UTC equivalent") from error
    return utc.isoformat(timespec="milliseconds") + "Z"


def _time(value: time) -> str:
    if value.utcoffset():
        raise Unwritable(
            f"the time {value.isoformat()} has an offset; Salesforce's times are of no zone"
        )
    return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _float(value: float) -> str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise Unwritable("an infinite number cannot be stored")
    # Not repr(): numpy's floats are floats whose repr names their type.
    text = float.__repr__(value)
    return f"{Decimal(text):f}" if "e" in text else text


def _decimal(value: Decimal) -> str | None:
    if value.is_nan():
        return None
    if value.is_infinite():
        raise Unwritable("an infinite number cannot be stored")
    exponent = value.adjusted()
    if abs(exponent) > limits.FIELD_CHARACTERS:
        raise Unwritable(f"the exponent {exponent} makes more digits than a field takes")
    return f"{value:f}"


def _picklist(value: list[Any] | tuple[Any, ...]) -> str:
    for item in value:
        if not isinstance(item, str):
            raise Unwritable(f"a multi-select picklist holds texts, not {type(item).__name__}")
        if ";" in item:
            raise Unwritable(f"the picklist value {item!r} holds the separator ';'")
    return ";".join(value)


_WRITERS: dict[type, Any] = {
    type(None): lambda value: None,
    str: lambda value: value,
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: _float,
    Decimal: _decimal,
    datetime: _datetime,
    date: lambda value: value.isoformat(),
    time: _time,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
    bytearray: lambda value: base64.b64encode(value).decode("ascii"),
    list: _picklist,
    tuple: _picklist,
    UUID: str,
    _Mark: lambda value: NULL_CELL if value is CLEAR else None,
}


def is_numpy_scalar(value: Any) -> bool:
    """Whether it is one value in a type of numpy's, an array without dimensions included."""
    return hasattr(value, "item") and getattr(value, "shape", None) == ()


def python_value(value: Any) -> Any:
    """The Python value of a numpy scalar.

    Raises:
        Unwritable: Python has none, such as of a float of more than 64 bits.
    """
    found = value.item()
    dtype = getattr(value, "dtype", None)
    bits = 8 * getattr(dtype, "itemsize", 8)
    if isinstance(found, float) and bits < 64:
        return NarrowFloat.of(found, str(value.astype("float32")), bits)
    if is_numpy_scalar(found) or getattr(dtype, "kind", "") in ("m", "M"):
        raise Unwritable(f"a {dtype} cannot be written as it is; make a Python value of it")
    return found


def _other(value: Any) -> str | None:
    """Subclasses, and types of libraries that are not imported here."""
    # pandas.NA answers neither == nor bool; its type's name is all there is without pandas.
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, AbstractSet):
        return _picklist(sorted(value, key=str))
    if type(value).__name__ == "ndarray" and value.ndim == 1:
        return _picklist(value.tolist())
    for base in (str, bool, int, float, Decimal, datetime, date, time, bytes):
        if isinstance(value, base):
            return _WRITERS[base](value)  # type: ignore[no-any-return]
    if type(value).__name__ in ("datetime64", "timedelta64"):
        # numpy's item() would make a plain count of nanoseconds of it.
        raise Unwritable(f"the {type(value).__name__} {value} has no time zone; use datetime")
    if is_numpy_scalar(value):
        return to_text(python_value(value))
    raise UnknownType(f"a {type(value).__name__} cannot be a field's value; {_instead(value)}")


def _instead(value: Any) -> str:
    if isinstance(value, dict):
        return "use a column such as 'Owner.Username' for a relationship"
    return "give its .value" if isinstance(value, Enum) else "give a text of it"
