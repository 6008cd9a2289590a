"""Date literals: TODAY, LAST_N_QUARTERS:3 and the rest, as half-open ranges of days.

Source: *SOQL and SOSL Reference*, "Date Formats and Date Literals in WHERE". Weeks begin on
Sunday, the fiscal year is the calendar year, and a day is a day of the org's clock in UTC.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

#: The dates that SOQL accepts.
FIRST_DATE: Final = date(1700, 1, 1)
LAST_DATE: Final = date(4000, 12, 31)

_ONE_DAY = timedelta(days=1)
_MONTHS: Final = {"MONTH": 1, "QUARTER": 3, "YEAR": 12, "FISCAL_QUARTER": 3, "FISCAL_YEAR": 12}
_UNIT = "DAY|WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR"
_CALENDAR_UNIT = "WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR"
_LITERAL = re.compile(
    rf"""
      (?P<day>YESTERDAY|TODAY|TOMORROW)
    | (?P<ninety>LAST|NEXT)_90_DAYS
    | (?P<nth>LAST|NEXT)_N_(?P<nth_unit>{_UNIT})S
    | N_(?P<ago_unit>{_UNIT})S_AGO
    | (?P<near>LAST|THIS|NEXT)_(?P<near_unit>{_CALENDAR_UNIT})
    """,
    re.X,
)
_DAYS: Final = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
_NEAR: Final = {"LAST": -1, "THIS": 0, "NEXT": 1}


def valid(day: date) -> bool:
    """Whether SOQL accepts the date."""
    return FIRST_DATE <= day <= LAST_DATE


def takes_count(name: str) -> bool | None:
    """Whether the upper-case literal needs `:n`; None where it is no date literal."""
    found = _LITERAL.fullmatch(name)
    return None if found is None else bool(found["nth"] or found["ago_unit"])


def day_range(name: str, count: int | None, today: date) -> tuple[date, date]:
    """First day of the literal's range, and the first day after it.

    `name` is upper-case, `count` the n of those that take one. Ends beyond the dates that
    SOQL knows are cut to them.
    """
    found = _LITERAL.fullmatch(name)
    if found is None:
        raise ValueError(f"no date literal: {name}")
    n = count or 0
    if found["day"]:
        start = _days(today, _DAYS[found["day"]])
        return start, _days(start, 1)
    if found["ninety"]:
        return _last_or_next_days(found["ninety"], 90, today)
    if found["nth"]:
        return _last_or_next(found["nth"], found["nth_unit"], n, today)
    if found["ago_unit"]:
        return _units(found["ago_unit"], -n, 1, today)
    return _units(found["near_unit"], _NEAR[found["near"]], 1, today)


def _last_or_next(direction: str, unit: str, n: int, today: date) -> tuple[date, date]:
    if unit == "DAY":
        return _last_or_next_days(direction, n, today)
    # The current unit belongs to neither.
    return _units(unit, -n, n, today) if direction == "LAST" else _units(unit, 1, n, today)


def _last_or_next_days(direction: str, n: int, today: date) -> tuple[date, date]:
    """LAST_N_DAYS runs up to now, today included; NEXT_N_DAYS starts tomorrow."""
    tomorrow = _days(today, 1)
    if direction == "LAST":
        return _days(today, -n), tomorrow
    return tomorrow, _days(tomorrow, n)


def _units(unit: str, first: int, count: int, today: date) -> tuple[date, date]:
    """`count` whole units, beginning `first` units after the one that holds today."""
    if unit == "DAY":
        return _days(today, first), _days(today, first + count)
    if unit == "WEEK":
        sunday = today - timedelta(days=today.isoweekday() % 7)
        return _days(sunday, 7 * first), _days(sunday, 7 * (first + count))
    length = _MONTHS[unit]
    month = today.year * 12 + today.month - 1
    month -= month % length
    return _month(month + length * first), _month(month + length * (first + count))


def _days(day: date, number: int) -> date:
    ordinal = day.toordinal() + number
    return date.fromordinal(min(max(ordinal, FIRST_DATE.toordinal()), LAST_DATE.toordinal()))


def _month(month: int) -> date:
    """The first day of a month counted from the year 0, cut to the dates SOQL knows."""
    year = month // 12
    if year < FIRST_DATE.year:
        return FIRST_DATE
    if year > LAST_DATE.year:
        return LAST_DATE
    return date(year, month % 12 + 1, 1)
