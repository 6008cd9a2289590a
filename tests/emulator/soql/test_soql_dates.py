"""Date literals against a calendar counted day by day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.soql.dates import FIRST_DATE, LAST_DATE, day_range, takes_count

UNITS = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"]
TODAYS = [date(2024, 5, 15), date(2024, 2, 29), date(2023, 1, 1), date(2023, 12, 31)]
TODAYS += [date(2024, 5, 12), date(2024, 5, 11), date(2024, 3, 31), date(2024, 4, 1)]


def unit_of(day: date, unit: str) -> object:
    """What two days of one unit have in common, by another road than the code's."""
    if unit == "DAY":
        return day
    if unit == "WEEK":
        while day.strftime("%A") != "Sunday":
            day -= timedelta(days=1)
        return day
    if unit == "MONTH":
        return day.strftime("%Y-%m")
    if unit.endswith("QUARTER"):
        return day.year, {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 3, 8: 3, 9: 3}.get(day.month, 4)
    return day.year


def units_around(today: date, unit: str, span: int) -> dict[int, list[date]]:
    """Days by the number of units that they are away from today's."""
    days = [today + timedelta(days=n) for n in range(-span, span + 1)]
    order: list[object] = []
    by_unit: dict[object, list[date]] = {}
    for day in days:
        key = unit_of(day, unit)
        if key not in by_unit:
            order.append(key)
        by_unit.setdefault(key, []).append(day)
    here = order.index(unit_of(today, unit))
    return {at - here: by_unit[key] for at, key in enumerate(order)}


def expected(days: dict[int, list[date]], first: int, last: int) -> tuple[date, date]:
    chosen = [day for number in range(first, last + 1) for day in days[number]]
    return min(chosen), max(chosen) + timedelta(days=1)


@pytest.mark.parametrize("today", TODAYS)
@pytest.mark.parametrize("unit", UNITS[1:])
@pytest.mark.parametrize(("word", "offset"), [("LAST", -1), ("THIS", 0), ("NEXT", 1)])
def test_the_unit_before_the_current_and_after(today, unit, word, offset):
    """LAST_WEEK, THIS_QUARTER, NEXT_FISCAL_YEAR are whole units; weeks begin on Sunday."""
    days = units_around(today, unit, 800)
    assert day_range(f"{word}_{unit}", None, today) == expected(days, offset, offset)


@pytest.mark.parametrize("today", TODAYS)
@pytest.mark.parametrize("unit", UNITS[1:])
@pytest.mark.parametrize("n", [1, 2])
def test_n_units_leave_the_current_one_out(today, unit, n):
    """LAST_N_MONTHS:2 ends where this month begins, NEXT_N_MONTHS:2 begins where it ends."""
    days = units_around(today, unit, 1200)
    assert day_range(f"LAST_N_{unit}S", n, today) == expected(days, -n, -1)
    assert day_range(f"NEXT_N_{unit}S", n, today) == expected(days, 1, n)
    assert day_range(f"N_{unit}S_AGO", n, today) == expected(days, -n, -n)


@pytest.mark.parametrize("n", [1, 3, 90])
def test_last_n_days_hold_today_and_next_n_days_do_not(n):
    """LAST_N_DAYS:n is n + 1 calendar days; NEXT_N_DAYS:n starts tomorrow."""
    today, day = date(2024, 5, 15), timedelta(days=1)
    assert day_range("LAST_N_DAYS", n, today) == (today - n * day, today + day)
    assert day_range("NEXT_N_DAYS", n, today) == (today + day, today + (n + 1) * day)
    assert day_range("N_DAYS_AGO", n, today) == (today - n * day, today - (n - 1) * day)


def test_ninety_days_are_91_calendar_days_back_and_90_ahead():
    """LAST_90_DAYS includes today."""
    today, day = date(2024, 5, 15), timedelta(days=1)
    assert day_range("LAST_90_DAYS", None, today) == (today - 90 * day, today + day)
    assert day_range("NEXT_90_DAYS", None, today) == (today + day, today + 91 * day)


@pytest.mark.parametrize(("name", "offset"), [("YESTERDAY", -1), ("TODAY", 0), ("TOMORROW", 1)])
def test_single_days(name, offset):
    """One day each."""
    day = date(2024, 3, 1) + timedelta(days=offset)
    assert day_range(name, None, date(2024, 3, 1)) == (day, day + timedelta(days=1))


@given(
    st.sampled_from([f"{a}_N_{u}S" for a in ("LAST", "NEXT") for u in UNITS]),
    st.integers(0, 2**31),
    st.dates(FIRST_DATE, LAST_DATE),
)
def test_any_count_gives_a_range_within_the_dates_soql_knows(name, n, today):
    """No count, however large, overflows."""
    start, end = day_range(name, n, today)
    assert FIRST_DATE <= start <= end <= LAST_DATE


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("TODAY", False),
        ("LAST_N_DAYS", True),
        ("N_YEARS_AGO", True),
        ("LAST_90_DAYS", False),
        ("THIS_DAY", None),
        ("NAME", None),
        ("LAST_N_HOURS", None),
        ("N_FISCAL_YEARS_AGO", True),
    ],
)
def test_which_literals_take_a_count(name, answer):
    """`:n` belongs to those with an N, and other words are no literals."""
    assert takes_count(name) is answer
