"""Dicts that Arrow writes, where the program has imported it: the same cells."""

import csv
import io
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from encoding_outcome import outcome
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salesforce_bulk import CLEAR
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.arrow_write import TypedChunk
from salesforce_bulk.formats.row_encoder import ColumnChunk, RowEncoder, column_of, time_zone
from salesforce_bulk.sources import open_source

pytest.importorskip("pyarrow")

TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        "",
        '"',
        ",",
        "\n",
        "\r",
        '",\r\n"',
        "#N/A",
        "nan",
        "\u2028",
        "ß",
        "\0",
        "\ud800",
        "y" * 131_073,
    ]
)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999))
KINDS = [
    TEXTS,
    st.text(max_size=8),
    st.sampled_from(["plain", "text"]),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(),
    st.floats(),
    st.floats(-1e9, 1e9).map(lambda number: round(number, 2)),
    st.integers(-(2**60), 2**60).map(float),
    st.booleans(),
    st.dates(),
    MOMENTS,
    MOMENTS.map(lambda moment: moment.replace(tzinfo=timezone.utc)),
    st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(ZoneInfo("CET"))),
    MOMENTS.map(lambda moment: moment.replace(tzinfo=timezone(timedelta(hours=-5)))),
    st.decimals(-(10**9), 10**9, places=3),
    st.none(),
    st.binary(max_size=4),
    st.just(CLEAR),
    st.lists(st.text("ab", max_size=2), max_size=2),
]


@st.composite
def columns_of_values(draw):
    """Columns of one type, with or without nulls, and of any two types."""
    rows = draw(st.integers(1, 10))
    columns = []
    for _ in range(draw(st.integers(1, 4))):
        values = draw(st.sampled_from(KINDS))
        mixed = st.one_of(values, draw(st.sampled_from(KINDS)))
        cells = draw(st.sampled_from([values, values, st.none() | values, mixed]))
        columns.append(draw(st.lists(cells, min_size=rows, max_size=rows)))
    return columns


@settings(max_examples=400)
@given(
    columns_of_values(),
    st.sampled_from(["ignore", "clear", {"C0": "clear"}]),
    st.sampled_from([None, "UTC", "Europe/Berlin"]),
    st.sampled_from([[], ["C0"]]),
)
@example([["a"], [datetime(1, 1, 1, tzinfo=timezone.utc)]], "ignore", None, [])
@example([[datetime(9999, 12, 31, 23, 59, 59, 999_999, timezone.utc)]], "clear", None, [])
@example([[date(1, 1, 1), None], [Decimal("1.50"), 2]], "clear", None, [])
def test_arrow_writes_values_as_the_row_encoder_does(columns, nulls, zone, integers):
    """Cell by cell and refusal by refusal, whatever the columns hold."""
    encoder = RowEncoder([f"C{at}" for at in range(len(columns))], nulls, time_zone(zone), integers)
    typed = TypedChunk(columns, 10)
    assert outcome(lambda: encoder.encode(typed, 7)) == outcome(
        lambda: encoder.encode(ColumnChunk(columns), 7)
    )


def test_plain_columns_are_written_by_arrow():
    """Of each type that has a writer of its own, none falls back to the row encoder."""
    columns = [
        ["a", None], [1, None], [1.5, None], [True, None], [date(2024, 2, 29), None],
        [datetime(2024, 3, 31, 1, 2, 3, 4_999, timezone.utc), None], [None, None],
    ]  # fmt: skip
    lines = TypedChunk(columns, 1).lines(RowEncoder([f"C{n}" for n in range(7)])._rules)
    assert lines is not None
    assert lines[0].decode().splitlines() == [
        '"a",1,1.5,true,2024-02-29,2024-03-31T01:02:03.004Z,',
        '"",,,,,,',
    ]


def test_a_typed_chunk_is_a_sequence_of_rows():
    """Sliced, iterated and looked into as the others are."""
    typed = TypedChunk([[1, 2, 3], ["a", "b", "c"]], 2)
    assert len(typed) == 3
    assert typed[1] == (2, "b")
    assert list(typed[1:]) == [(2, "b"), (3, "c")]
    assert [list(chunk) for chunk in typed.plain()] == [[(1, "a"), (2, "b")], [(3, "c")]]
    assert column_of(typed, 1) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("repeatable", "kinds"), [(True, {"ColumnChunk", "list"}), (False, {"TypedChunk", "list"})]
)
def test_rows_are_the_same_whoever_writes_them(repeatable, kinds):
    """In any shape, no row is lost, doubled or moved; with a journal Arrow is not asked."""
    rows = [{"N": n, "T": f"t{n}"} for n in range(12_345)]
    rows[7_000] = {"T": "turned", "N": 7_000}
    rows[11_999] = {"N": 11_999}
    source = open_source(rows, repeatable=repeatable)
    encoder = RowEncoder(source.columns)
    found, position, body = set(), 1, []
    for chunk in source.chunks():
        found.add(type(chunk).__name__)
        body.append(encoder.encode(chunk, position)[0])
        position += len(chunk)
    read = list(csv.reader(io.StringIO(b"".join(body).decode())))
    assert read == [[str(row["N"]), row.get("T", "")] for row in rows]
    assert found == kinds


def test_programs_without_arrow_are_spared_it(monkeypatch):
    """It is not imported for the sake of dicts."""
    monkeypatch.delitem(sys.modules, "pyarrow")
    (chunk,) = open_source([{"N": 1}], repeatable=False).chunks()
    assert type(chunk) is ColumnChunk
    assert "pyarrow" not in sys.modules


def test_a_late_column_names_its_row():
    """Where Arrow writes as where it does not."""
    rows = [{"N": n} for n in range(9_000)]
    rows[7_700]["M"] = 1
    with pytest.raises(InvalidInput, match=r"Row 7701 .*'M'"):
        list(open_source(rows, repeatable=False).chunks())
