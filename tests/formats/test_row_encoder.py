"""Values to the cells of a CSV batch."""

import csv
import io
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import CLEAR
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import RowEncoder, time_zone
from salesforce_bulk.formats.values import MISSING, to_text

UTC = timezone.utc
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
MOMENTS = st.datetimes(
    min_value=datetime(1700, 1, 1),
    max_value=datetime(4000, 1, 1),
    timezones=st.sampled_from([UTC, ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=-5))]),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_infinity=False),
    st.decimals(allow_infinity=False),
    st.dates(),
    MOMENTS,
    TEXTS,
    st.binary(max_size=8),
    st.just(CLEAR),
)


def cells(values, nulls="ignore", **options):
    body, _ = RowEncoder(["A", "B"], nulls, **options).encode([(v, "x") for v in values], 1)
    rows = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    assert all(row[1] == "x" for row in rows)
    return [row[0] for row in rows]


def expected(value, null):
    if value is MISSING:
        return ""
    return to_text(value) or null


@given(st.lists(VALUES, max_size=20), st.sampled_from(["ignore", "clear"]))
def test_a_mixed_column_is_written_value_by_value(values, nulls):
    null = {"ignore": "", "clear": "#N/A"}[nulls]
    assert cells(values, nulls) == [expected(value, null) for value in values]


KINDS = [
    st.booleans(), st.integers(), st.floats(), st.decimals(), st.dates(), MOMENTS, TEXTS,
    MOMENTS.map(lambda moment: moment.astimezone(UTC)), st.just(MISSING),
]  # fmt: skip


@given(
    st.sampled_from(KINDS).flatmap(
        lambda kind: st.lists(st.one_of(kind, st.none()) | kind, min_size=1, max_size=20)
    ),
    st.sampled_from(["ignore", "clear"]),
)
def test_a_column_of_one_type_is_written_as_its_values_are(values, nulls):
    """The fast ways for whole columns agree with the slow way for one value."""
    null = {"ignore": "", "clear": "#N/A"}[nulls]
    try:
        wanted = [expected(value, null) for value in values]
    except ValueError:
        with pytest.raises(InvalidInput):
            cells(values, nulls)
        return
    assert cells(values, nulls) == wanted


def test_null_likes_are_one_thing_before_anything_is_written():
    """Trap: NaN as the text `nan`, or a whole JSON batch that fails for it."""
    numpy = pytest.importorskip("numpy")
    pandas = pytest.importorskip("pandas")
    nulls = [None, float("nan"), Decimal("NaN"), numpy.float64("nan"), pandas.NA, pandas.NaT]
    assert cells(nulls) == [""] * 6
    assert cells(nulls, "clear") == ["#N/A"] * 6


def test_missing_none_and_clear_are_three_things():
    """Trap: None that does not clear, or a blank that does."""
    values = [MISSING, None, "", CLEAR, "text"]
    assert cells(values) == ["", "", "", "#N/A", "text"]
    assert cells(values, "clear") == ["", "#N/A", "#N/A", "#N/A", "text"]


def test_each_column_may_have_its_own_null_policy():
    body, _ = RowEncoder(["A", "B"], {"b": "clear"}).encode([(None, None)], 1)
    assert body == b",#N/A\n"
    with pytest.raises(InvalidInput, match="names 'C'"):
        RowEncoder(["A", "B"], {"C": "clear"})


def test_text_that_looks_like_null_is_text():
    """Trap: NA, N/A, null and None read as null."""
    texts = ["NA", "N/A", "null", "None", "NaN", "nan", "NULL", "-"]
    assert cells(texts) == texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (-0.5, "-0.5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00000001"), "0.00000001"),
        (True, "true"),
        (date(2024, 2, 29), "2024-02-29"),
        (time(23, 1), "23:01:00.000Z"),
        (datetime(2024, 1, 31, 1, tzinfo=timezone(timedelta(hours=2))), "2024-01-30T23:00:00.000Z"),
        (["a", "b"], "a;b"),
        (b"\x00\xff", "AP8="),
    ],
)
def test_a_value_is_written_as_the_org_reads_it(value, text):
    assert cells([value]) == cells([value, value])[:1] == [text]


def test_numpy_scalars_are_values():
    numpy = pytest.importorskip("numpy")
    values = [numpy.int64(5), numpy.float32(0.5), numpy.bool_(True), numpy.str_("s")]
    assert cells(values) == ["5", "0.5", "true", "s"]


def test_a_whole_number_never_has_a_point():
    """pandas makes floats of integers where one is missing; the org refuses 1.0 in an int field."""
    assert cells([1.0, None, 3.5], kinds={"A": "whole"}) == ["1", "", "3.5"]
    assert cells([1.0, None, 3.5]) == ["1.0", "", "3.5"]


def test_a_date_never_passes_through_a_time_zone():
    """Trap: dates that shift a day."""
    assert cells([date(2024, 3, 31)], assume_tz=ZoneInfo("Pacific/Auckland")) == ["2024-03-31"]


def test_a_naive_datetime_is_refused_unless_its_zone_is_said():
    naive = datetime(2024, 7, 1, 12)
    with pytest.raises(InvalidInput, match=r"Row 2, column 'A'.*no time zone") as caught:
        cells([None, naive])
    assert (caught.value.row, caught.value.column) == (2, "A")
    assert cells([naive], assume_tz=time_zone("Europe/Berlin")) == ["2024-07-01T10:00:00.000Z"]
    assert cells([naive], assume_tz=time_zone("UTC")) == ["2024-07-01T12:00:00.000Z"]
    with pytest.raises(InvalidInput, match="no time zone"):
        time_zone("Mars/Olympus")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a\0b", "NUL"),
        ("\ud800", "surrogate"),
        (float("inf"), "infinite"),
        ({"Id": "x"}, "relationship"),
        ([{"a": 1}], "picklist"),
        (["a;b"], "separator"),
        (object(), "object"),
        ("x" * 131_073, "131,072"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_row_and_column(value, why):
    """Trap: NUL inside a field dropped; a value that breaks the batch on the server."""
    with pytest.raises(InvalidInput, match=why) as caught:
        RowEncoder(["A", "B"]).encode([("ok", "ok"), ("ok", value)], 41)
    assert (caught.value.row, caught.value.column) == (42, "B")


@given(st.lists(TEXTS, min_size=1))
def test_no_character_of_a_text_is_changed(texts):
    """Trap: newlines, lone CR and U+2028 joined, split or dropped."""
    assert cells(texts) == texts
    hard = [text + "\r\u2028\n\x85\x0b" for text in texts]
    assert cells(hard) == hard


def test_moments_of_all_times_of_day_are_written_to_the_millisecond():
    start = datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    moments = [start + timedelta(microseconds=977 * n) for n in range(100_700)]
    encoder = RowEncoder(["A"])
    for at in range(0, len(moments), 500):
        body, _ = encoder.encode([(moment,) for moment in moments[at : at + 500]], 1)
        wanted = [to_text(moment) for moment in moments[at : at + 500 : 50]]
        assert body.decode().split()[::50] == [f'"{text}"' for text in wanted]


def test_wide_records_are_no_long_records():
    body, _ = RowEncoder(["A", "B"]).encode([("x" * 100_000, "y" * 100_000)] * 10, 1)
    assert body == (b"x" * 100_000 + b"," + b"y" * 100_000 + b"\n") * 10
    wide, encoder = ("x" * 131_072,) * 3, RowEncoder(list("ABCD"))
    assert encoder.encode([(*wide, "x" * 6_780)], 1)[1] == 400_000
    with pytest.raises(InvalidInput, match="400,000") as caught:
        encoder.encode([(*wide, "x"), (*wide, "x" * 6_781)], 7)
    assert caught.value.row == 8


@given(st.lists(st.tuples(VALUES, TEXTS, TEXTS), min_size=1, max_size=20))
def test_lines_are_utf8_and_their_characters_are_counted(rows):
    """What the limits are kept by is what stands in the body, whatever the columns hold."""
    body, characters = RowEncoder(["A", "B", "C"]).encode(rows, 1)
    assert characters == len(body.decode())
    read = list(csv.reader(io.StringIO(body.decode(), newline=""), strict=True))
    assert read == [[expected(a, ""), b, c] for a, b, c in rows]


def test_a_record_is_as_long_as_its_characters_not_its_bytes():
    row, encoder = ("é" * 131_072,) * 3, RowEncoder(list("ABCD"))
    assert encoder.encode([(*row, "ü" * 6_780)], 1)[1] == 400_000
    with pytest.raises(InvalidInput, match="Row 8 has 400,001") as caught:
        encoder.encode([(*row, "ü"), (*row, "ü" * 6_781)], 7)
    assert caught.value.row == 8
