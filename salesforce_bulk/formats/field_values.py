"""What values become by the type of the field that they are for.

Frames know fewer types than an org: pandas makes floats of whole numbers where one is missing, and
timestamps of dates. The same value is right in one field and another value in the next.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timezone, tzinfo
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from salesforce_bulk.formats.values import (
    CLEAR,
    EXACT_BY_BITS,
    MISSING,
    NULL_CELL,
    BadCell,
    Unwritable,
    is_numpy_scalar,
    python_value,
    to_text,
)

#: What the values of a field are, as far as it decides how they are written. ``key`` is text by
#: which records are found; ``relationship`` is the name of a parent without a field: it can be
#: empty or be cleared.
FieldKind = Literal["whole", "text", "key", "boolean", "date", "datetime", "relationship"]

_TEXT_TYPES = (
    "string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox",
    "encryptedstring", "id", "reference",
)  # fmt: skip
#: By the vendor's word for a field's type.
KINDS: Final[dict[str, FieldKind]] = {
    "int": "whole",
    "long": "whole",
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    **dict.fromkeys(_TEXT_TYPES, "text"),
}


def fit(
    column: Sequence[Any], kind: FieldKind | None, types: Iterable[type], zone: tzinfo | None
) -> Sequence[Any]:
    """A column with the values that its field takes.

    Args:
        column: values as callers give them.
        kind: of the field; None leaves all as they are.
        types: of the values.
        zone: that datetimes without one are in.

    Raises:
        BadCell: a value that the field would not keep as it is.
    """
    rule = None if kind is None else _RULES[kind]
    if rule is None or not any(map(rule.concerns, types)):
        return column
    fitted = list(column)
    for index, value in enumerate(column):
        if rule.concerns(type(value)):
            try:
                fitted[index] = rule.fit(value, zone)
            except Unwritable as error:
                raise BadCell(index, str(error)) from error
    return fitted


class _Rule(NamedTuple):
    """Which types a kind of field takes otherwise than they are, and as what."""

    concerns: Callable[[type], bool]
    fit: Callable[[Any, tzinfo | None], Any]


def _is_float(kind: type) -> bool:
    return issubclass(kind, float) or kind.__module__ == "numpy"


def _is_number(kind: type) -> bool:
    return _is_float(kind) or issubclass(kind, Decimal)


def _is_number_or_bytes(kind: type) -> bool:
    return _is_number(kind) or issubclass(kind, (bytes, bytearray))


def _is_moment(kind: type) -> bool:
    return issubclass(kind, datetime) or kind.__name__ == "datetime64"


def _is_date_or_moment(kind: type) -> bool:
    return (issubclass(kind, date) and kind is not datetime) or kind.__name__ == "datetime64"


def _plain(value: Any) -> Any:
    return python_value(value) if is_numpy_scalar(value) else value


def _whole(value: Any, zone: tzinfo | None) -> Any:
    number = _plain(value)
    return int(number) if _is_whole(number) else number


#: Of a number that is made whole.
_MOST_DIGITS = 100


def _is_whole(number: Any) -> bool:
    if isinstance(number, Decimal):
        # A longer one is refused where it is written, and not made before.
        few = number.is_finite() and number.adjusted() < _MOST_DIGITS
        return few and number == number.to_integral_value()
    return isinstance(number, float) and number.is_integer()


def _text(value: Any, zone: tzinfo | None) -> Any:
    number = _plain(value)
    if not _is_whole(number):
        return number
    if isinstance(number, float) and abs(number) >= getattr(number, "exact", EXACT_BY_BITS[64]):
        raise Unwritable(
            f"the float {number:.0f} may have lost its last digits, and the field holds text; "
            "read the column as text"
        )
    return int(number)


def _key(value: Any, zone: tzinfo | None) -> Any:
    if isinstance(value, (bytes, bytearray)):
        raise Unwritable(
            "bytes are no key: sent as base64 they would find no record, and an upsert would make "
            "a new one; make a text of them, e.g. with .decode()"
        )
    return _text(value, zone)


def _boolean(value: Any, zone: tzinfo | None) -> Any:
    number = _plain(value)
    if not isinstance(number, (float, Decimal)):
        return number
    if number in (0, 1):
        return bool(number)
    if number.is_nan() if isinstance(number, Decimal) else math.isnan(number):
        return None
    raise Unwritable(f"the number {number!r} is neither true nor false")


def _date(value: Any, zone: tzinfo | None) -> Any:
    moment = _moment(value)
    if not isinstance(moment, datetime) or moment != moment:  # noqa: PLR0124 - NaT is unequal to itself
        return moment if type(moment) is date else None
    if moment.tzinfo is not None or moment.time() != time():
        raise Unwritable(
            f"the datetime {moment.isoformat()} is more than the date that the field keeps; "
            "choose the day yourself, with .date() or .dt.date"
        )
    return moment.date()


def _datetime(value: Any, zone: tzinfo | None) -> Any:
    """A date is its midnight in ``assume_tz``, without that in UTC."""
    moment = _moment(value)
    if isinstance(moment, datetime) or moment is None:
        return moment
    return datetime.combine(moment, time(), zone or timezone.utc)


def _moment(value: Any) -> date | None:
    """numpy's datetimes as Python's, cut to microseconds."""
    if type(value).__name__ != "datetime64":
        return value  # type: ignore[no-any-return]
    moment = value.astype("datetime64[us]").item()
    if isinstance(moment, int):  # numpy's word for what Python has no datetime for
        raise Unwritable(f"the datetime {value} is in no year from 1 to 9999")
    return moment  # type: ignore[no-any-return]


def _relationship(value: Any, zone: tzinfo | None) -> Any:
    if value is CLEAR or value is MISSING or (to_text(value) or NULL_CELL) == NULL_CELL:
        return value
    raise Unwritable(
        f"a {type(value).__name__} under the name of a relationship; name the parent's field, e.g. "
        "{'Id': ...} or a column with '.Id' behind the name"
    )


_RULES: dict[FieldKind, _Rule] = {
    "whole": _Rule(_is_number, _whole),
    "text": _Rule(_is_float, _text),
    "key": _Rule(_is_number_or_bytes, _key),
    "boolean": _Rule(_is_number, _boolean),
    "date": _Rule(_is_moment, _date),
    "datetime": _Rule(_is_date_or_moment, _datetime),
    "relationship": _Rule(lambda kind: kind is not type(None), _relationship),
}
