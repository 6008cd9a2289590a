"""Columns of pandas' objects, which may hold anything side by side."""

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforce_bulk import CLEAR, InvalidInput
from salesforce_bulk.formats.row_encoder import RowEncoder, time_zone
from salesforce_bulk.load.sources import open_source

pd = pytest.importorskip("pandas")
np = pytest.importorskip("numpy")

UTC = timezone.utc
EAST = timezone(timedelta(hours=2))
MOMENT = datetime(2024, 1, 31, 5, 6, 7)
VALUES = [
    None, float("nan"), pd.NA, pd.NaT, CLEAR, "", "text", "1", b"bytes", 1, 7, 2**53 + 1, 2**70,
    True, False, 1.0, 0.1, 2.5, float("inf"), Decimal("1.50"), Decimal(1001), date(2024, 1, 31),
    MOMENT, datetime(2024, 1, 31), MOMENT.replace(tzinfo=UTC), MOMENT.replace(tzinfo=EAST),
    pd.Timestamp(MOMENT), pd.Timestamp(MOMENT, tz="UTC"), time(1, 2, 3), time(1, 2, tzinfo=EAST),
    timedelta(1), np.int64(3), np.float64(4.5), np.float32(0.5), np.bool_(True), np.str_("s"),
    np.datetime64("2024-01-31T05:06:07"), ["a", "b"], ("a",), ["a;b"], [1], {"b", "a"},
]  # fmt: skip
KINDS = [None, "whole", "text", "key", "boolean", "date", "datetime"]


def written(records, kind, zone):
    source = open_source(records)
    encoder = RowEncoder(source.columns, "clear", time_zone(zone), {"C": kind} if kind else {})
    first, lines = 1, []
    try:
        for chunk in source.chunks():
            lines.append(encoder.encode(chunk, first)[0].replace(b'"', b""))
            first += len(chunk)
    except InvalidInput as error:
        return str(error)
    return b"".join(lines)


def series(values):
    made = pd.Series([None] * len(values), dtype=object)
    for at, value in enumerate(values):
        made.iat[at] = value
    return made


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=4),
    st.sampled_from(KINDS),
    st.sampled_from([None, "Europe/Berlin"]),
    st.sampled_from(["column", "index", "category"]),
)
def test_each_object_is_written_as_it_is_in_a_dict_whatever_its_neighbours(
    values, kind, zone, where
):
    """Trap: Arrow makes one type of several: times of datetimes beside dates were dropped, moments
    without a zone got the zone of those that had one, texts beside bytes became base64."""
    frame = pd.DataFrame({"N": ["x"] * len(values), "C": series(values)}, dtype=object)
    if where == "index":
        # Not set_index(), which makes other types of the values, with a warning in pandas 2.3.
        frame = frame[["N"]]
        frame.index = pd.Index(series(values), dtype=object, name="C")
    elif where == "category":
        try:
            frame["C"] = frame["C"].astype("category")
        except (TypeError, ValueError, OverflowError, Warning):  # what pandas cannot sort or hash
            return
    columns = list(open_source(frame).columns)
    cells = (frame.index if where == "index" else frame["C"]).tolist()
    rows = [{"N": "x", "C": cell} if columns[0] == "N" else {"C": cell, "N": "x"} for cell in cells]
    assert written(frame, kind, zone) == written(rows, kind, zone)


@pytest.mark.parametrize(
    "dtype",
    [
        "int8", "Int64", "float64", "Float64", "float32", "Float32", "bool", "boolean", "str",
        "string", "category", "datetime64[ns]", "datetime64[s, UTC]", "list", "arrays",
    ],
)  # fmt: skip
def test_a_column_is_written_alike_whatever_other_columns_hold(dtype):
    """Trap: one column of mixed objects has the whole frame written as Python values."""
    if dtype == "list":
        column = pd.Series([["a", "b"], ["c"]])
    elif dtype == "arrays":
        column = pd.Series([np.array(["a", "b"]), np.array(["c"])])
    elif dtype.startswith("datetime"):
        column = pd.Series(["2024-01-31", "2024-02-29"]).astype(dtype)
    else:
        column = pd.Series([1, 0]).astype(dtype)
    plain = pd.DataFrame({"C": column, "N": ["x", "x"]})
    mixed = pd.DataFrame({"C": column, "N": series([CLEAR, b"x"])})
    alone = written(plain, None, "UTC").replace(b",x", b"")
    assert written(mixed, None, "UTC").replace(b",#N/A", b"").replace(b",eA==", b"") == alone


@pytest.mark.parametrize(
    ("moment", "zone"),
    [("9999-12-31T23:59:59", "America/New_York"), ("0001-01-01", "Europe/Berlin")],
)
def test_a_datetime_beyond_the_years_is_refused_whatever_other_columns_hold(moment, zone):
    """Trap: pandas' own datetimes count on in year 10000, which no org reads."""
    column = np.array([moment], "datetime64[s]")
    for others in (["x"], series([CLEAR])):
        frame = pd.DataFrame({"C": column, "N": others})
        assert "has no UTC equivalent" in str(written(frame, None, zone))
