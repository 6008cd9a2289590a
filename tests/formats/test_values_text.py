"""One value and its text: the table of `formats.values.to_text`, and the way back."""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.formats.values import UnknownType, Unwritable, to_text

PLUS_TWO = timezone(timedelta(hours=2))


class NAType:
    """As pandas.NA is: it answers no comparison."""

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]


class NaT(datetime):
    """As pandas.NaT is: a datetime unequal to itself."""

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Scalar:
    """As numpy's scalars are."""

    shape = ()

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        return self.value

    def __repr__(self) -> str:
        # No address: every worker of a parallel run has to see the same names of tests.
        return f"Scalar({self.__dict__})"


class datetime64(Scalar):
    """numpy's, whose item() is a count of nanoseconds."""


class OwnFloat(float):
    def __repr__(self) -> str:
        return f"OwnFloat({float(self)})"


class OwnText(str):
    pass


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        (" kept as it is \n", " kept as it is \n"),
        ("#N/A", "#N/A"),
        (OwnText("x"), "x"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (10**30, "1000000000000000000000000000000"),
        (0.1, "0.1"),
        (1e15, "1000000000000000.0"),
        (OwnFloat(2.5), "2.5"),
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-10"), "0.0000000001"),
        (datetime(2024, 1, 31, 23, 1, 1, tzinfo=timezone.utc), "2024-01-31T23:01:01.000Z"),
        (datetime(2024, 2, 1, 1, 1, 1, 999_999, PLUS_TWO), "2024-01-31T23:01:01.999Z"),
        (date(2024, 1, 31), "2024-01-31"),
        (time(23, 1, 1), "23:01:01.000Z"),
        (time(23, 1, 1, 5_000, timezone.utc), "23:01:01.005Z"),
        (b"\x00\xff", "AP8="),
        (bytearray(b"a"), "YQ=="),
        (["b", "a"], "b;a"),
        (("a",), "a"),
        ({"b", "a"}, "a;b"),
        (frozenset({"a"}), "a"),
        ([], ""),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Scalar(5), "5"),
        (Scalar(True), "true"),
        (Scalar("x"), "x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_table(value: Any, text: str) -> None:
    written = to_text(value)
    assert written == text
    assert isinstance(written, str)


@pytest.mark.parametrize(
    "value",
    [
        None,
        math.nan,
        OwnFloat("nan"),
        Decimal("NaN"),
        NAType(),
        NaT(2020, 1, 1),
        Scalar(None),
        Scalar(math.nan),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_means_no_value_is_none(value: Any) -> None:
    assert to_text(value) is None


class Nowhere(tzinfo):
    """A zone that cannot say its offset: such a datetime is naive."""

    def utcoffset(self, _: datetime | None) -> timedelta | None:
        return None


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (datetime(2024, 1, 31), "no time zone"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "no UTC equivalent"),
        (time(12, 0, tzinfo=PLUS_TWO), "offset"),
        (math.inf, "infinite"),
        (-math.inf, "infinite"),
        (Decimal("-Infinity"), "infinite"),
        (["a;b"], "separator"),
        (["a", 1], "holds texts"),
        ({"a", 1}, "holds texts"),
        (datetime64(1_704_067_200_000_000_000), "time zone"),
    ],
)
def test_what_has_no_right_text_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(Unwritable, match=reason):
        to_text(value)


def test_a_datetime_whose_zone_has_no_offset_is_refused() -> None:
    """Python would take it for local time."""
    with pytest.raises(Unwritable, match="no time zone"):
        to_text(datetime(2024, 1, 31, tzinfo=Nowhere()))


@pytest.mark.parametrize("value", [object(), 1j, timedelta(1), {"Id": "1"}, OrderedDict()])
def test_other_types_are_refused_by_their_name(value: Any) -> None:
    with pytest.raises(UnknownType, match=type(value).__name__):
        to_text(value)


def test_a_dict_is_told_about_relationship_columns() -> None:
    with pytest.raises(UnknownType, match=r"'Owner\.Username'"):
        to_text({"Username": "a@b.example"})


# The way back


@given(st.integers())
def test_integers_read_back(value: int) -> None:
    assert int(to_text(value) or "") == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back_exactly(value: float) -> None:
    assert float(to_text(value) or "") == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimals_read_back_without_an_exponent(value: Decimal) -> None:
    text = to_text(value) or ""
    assert Decimal(text) == value
    assert "E" not in text.upper()


@given(st.dates())
def test_dates_read_back(value: date) -> None:
    assert date.fromisoformat(to_text(value) or "") == value


offsets = st.builds(
    lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-14 * 60, 14 * 60)
)
instants = st.datetimes(datetime(1700, 1, 1), datetime(4000, 12, 31), timezones=offsets)


@given(instants)
def test_datetimes_read_back_as_the_same_instant_to_the_millisecond(value: datetime) -> None:
    text = to_text(value) or ""
    assert text.endswith("Z")
    again = datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=timezone.utc)
    assert again == value - timedelta(microseconds=value.microsecond % 1000)


@given(st.binary())
def test_bytes_read_back(value: bytes) -> None:
    assert base64.b64decode(to_text(value) or "") == value


@given(st.lists(st.text().filter(lambda text: ";" not in text and text), min_size=1))
def test_picklists_read_back_in_their_order(value: list[str]) -> None:
    assert (to_text(value) or "").split(";") == value
