"""Frames written column by column: the same cells as the row path writes."""

import csv
import io
import uuid
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import get_args

import numpy as np
import pytest
from encoding_outcome import outcome
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforce_bulk import CLEAR
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.field_values import FieldKind
from salesforce_bulk.formats.row_encoder import RowEncoder, column_of, time_zone
from salesforce_bulk.load.batching import Bounds, cut
from salesforce_bulk.load.source import CHUNK_ROWS
from salesforce_bulk.load.sources import open_source

pa = pytest.importorskip("pyarrow")

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
HARD = TEXTS | st.sampled_from(["", '"', ",", "\n", "\r", '",\r\n"', "#N/A", "nan", "\u2028", "ß"])
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999))
RECENT = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
ZONED = MOMENTS.map(lambda moment: moment.replace(tzinfo=timezone.utc))
INTEGERS = {
    pa.int8(): 8, pa.int16(): 16, pa.int32(): 32, pa.int64(): 64,
}  # fmt: skip
FLOATS = st.floats() | st.integers(-(2**60), 2**60).map(float) | st.floats(-1e6, 1e6, width=32)
DECIMALS = st.decimals(-(10**20), 10**20, places=8, allow_nan=False)
ITEMS = st.lists(TEXTS.map(lambda text: text.replace(";", "")), max_size=3)


def of_type(kind, values):
    return st.tuples(st.just(kind), st.just(values))


KINDS = [
    *[
        (kind, st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
        for kind, bits in INTEGERS.items()
    ],
    (pa.uint64(), st.integers(0, 2**64 - 1)),
    (pa.bool_(), st.booleans()),
    (pa.null(), st.none()),
    (pa.float64(), FLOATS),
    (pa.float64(), st.floats(-1e9, 1e9).map(lambda number: round(number, 2))),
    (pa.float32(), st.floats(width=32)),
    (pa.float16(), st.floats(width=16)),
    (pa.decimal128(38, 8), DECIMALS),
    (pa.decimal128(18, 2), st.decimals(-(10**15), 10**15, places=2, allow_nan=False)),
    (pa.decimal256(60, 8), DECIMALS),
    (pa.date32(), st.dates()),
    (pa.date64(), st.dates()),
    (pa.timestamp("s", "UTC"), ZONED.map(lambda moment: moment.replace(microsecond=0))),
    (pa.timestamp("ms", "Europe/Berlin"), ZONED.map(lambda m: m.replace(microsecond=1_000))),
    (pa.timestamp("us", "UTC"), ZONED),
    (pa.timestamp("us", "-05:00"), ZONED),
    (pa.timestamp("ns", "UTC"), st.integers(-(2**63) + 1, 2**63 - 1)),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("ns"), RECENT),
    (pa.time32("s"), st.times().map(lambda moment: moment.replace(microsecond=0))),
    (pa.time32("ms"), st.times().map(lambda moment: moment.replace(microsecond=999_000))),
    (pa.time64("us"), st.times()),
    (pa.time64("ns"), st.times()),
    (pa.string(), HARD),
    (pa.string(), st.sampled_from(["plain", "", "text"])),
    (pa.string(), st.text(max_size=3)),
    (pa.large_string(), HARD),
    (pa.string_view(), HARD),
    (pa.binary(), st.binary(max_size=8)),
    (pa.large_binary(), st.binary(max_size=8)),
    (pa.binary(4), st.binary(min_size=4, max_size=4)),
    (pa.list_(pa.string()), ITEMS),
    (pa.list_(pa.string()), st.lists(st.none() | TEXTS, max_size=2)),
    (pa.large_list(pa.large_string()), ITEMS),
    (pa.list_(pa.int32()), st.lists(st.integers(0, 9), max_size=2)),
    (pa.duration("s"), st.timedeltas(timedelta(0), timedelta(9))),
    (pa.dictionary(pa.int32(), pa.string()), HARD),
    (pa.dictionary(pa.int8(), pa.float64()), st.sampled_from([1.0, 2.5, float("nan")])),
    (pa.dictionary(pa.int8(), pa.date32()), st.dates()),
]  # fmt: skip


def array_of(kind, values):
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    if kind == pa.timestamp("ns", "UTC"):
        return pa.array(values, pa.int64()).cast(kind)
    if kind == pa.float16():
        # pyarrow 18 takes nothing else.
        values = [None if value is None else np.float16(value) for value in values]
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # half of a surrogate pair, of which Arrow makes no text
        return pa.array(["" if value is not None else None for value in values], kind)


@st.composite
def tables(draw):
    rows = draw(st.integers(1, 12))
    columns = {}
    for position in range(draw(st.integers(1, 4))):
        kind, values = draw(st.sampled_from(KINDS))
        optional = draw(st.sampled_from([values, st.none() | values]))
        cells = draw(st.lists(optional, min_size=rows, max_size=rows))
        columns[f"C{position}"] = array_of(kind, cells)
    return pa.table(columns)


@settings(max_examples=500)
@given(
    tables(),
    st.sampled_from(["ignore", "clear", {"C0": "clear"}]),
    st.sampled_from([None, "UTC", "Europe/Berlin"]),
    st.sampled_from([None, *get_args(FieldKind)]),
    st.integers(0, 3),
)
def test_a_table_is_written_as_its_rows_are(table, nulls, zone, kind, skipped):
    """The column path agrees with the row path, cell by cell and refusal by refusal."""
    encoder = RowEncoder(table.column_names, nulls, time_zone(zone), kind and {"C0": kind})
    (chunk,) = open_source(table).chunks()
    chunk = chunk[min(skipped, len(chunk) - 1) :]
    first = 1 + min(skipped, table.num_rows - 1)
    (plain,) = chunk.plain()
    assert outcome(lambda: encoder.encode(chunk, first)) == outcome(
        lambda: encoder.encode(plain, first)
    )


COLUMNS = {
    "text": pa.array(["a", None, 'q",\n']),
    "large": pa.array(["a", None, "b"], pa.large_string()),
    "view": pa.array(["a", None, "b"], pa.string_view()),
    "category": pa.array(["a", None, "b"]).dictionary_encode(),
    "picklist": pa.array([["a", "b"], None, []]),
    "bool": pa.array([True, None, False]),
    "int": pa.array([1, None, 3]),
    "float": pa.array([1.0, float("nan"), 2.25]),
    "decimal": pa.array([Decimal("1.50"), None, Decimal("0.00")]),
    "date": pa.array([date(2024, 2, 29), None, date(1, 1, 1)]),
    "moment": pa.array([datetime(2024, 3, 31, 1), None, None], pa.timestamp("ns", "Europe/Berlin")),
    "time": pa.array([time(23, 1, 2, 345_678), None, None]),
    "bytes": pa.array([b"\0\xff", None, b""]),
    "null": pa.nulls(3),
    "uuid": pa.array([uuid.UUID(int=1).bytes, None, None], pa.uuid()),
}


def test_every_type_that_a_frame_has_is_written_by_columns():
    encoder = RowEncoder(list(COLUMNS))
    (chunk,) = open_source(pa.table(COLUMNS)).chunks()
    lines = chunk.lines(encoder._rules)
    assert lines is not None
    first, second, third = csv.reader(io.StringIO(lines[0].decode(), newline=""))
    assert second == [""] * len(COLUMNS)
    assert first == [
        "a", "a", "a", "a", "a;b", "true", "1", "1.0", "1.50", "2024-02-29",
        "2024-03-31T01:00:00.000Z", "23:01:02.345Z", "AP8=", "",
        "00000000-0000-0000-0000-000000000001",
    ]  # fmt: skip
    assert third[:5] == ['q",\n', "b", "b", "b", ""]
    assert third[7] == "2.25"


@pytest.mark.parametrize(
    ("values", "kind", "why"),
    [
        (["x", "a\0b"], pa.string(), "NUL"),
        (["x", "y" * 131_073], pa.string(), "131,072"),
        ([1.0, float("inf")], pa.float64(), "infinite"),
        ([None, datetime(2024, 1, 1)], pa.timestamp("us"), "no time zone"),
        ([["a"], ["b;c"]], pa.list_(pa.string()), "separator"),
        ([["a"], ["b", None]], pa.list_(pa.string()), "NoneType"),
        ([1, 9_000_000_000_000], pa.timestamp("s", "UTC"), "cannot be read"),
        ([1, 2**62], pa.timestamp("s", "UTC"), "cannot be read"),
        ([1, 2**30], pa.date32(), "cannot be read"),
        ([timedelta(0), timedelta(1)], pa.duration("s"), "timedelta"),
    ],
)
def test_what_a_frame_cannot_say_is_refused_by_row_and_column(values, kind, why):
    """Row 2 of a table is row 702 where it comes behind 700 others."""
    before = [values[0] if why != "timedelta" else None] * 700
    table = pa.table({"A": pa.array(["ok"] * 702), "B": pa.array([*before, *values], kind)})
    encoder = RowEncoder(table.column_names)
    with pytest.raises(InvalidInput, match=why) as caught:
        list(cut(open_source(table).chunks(), encoder.encode, b"A,B\n", Bounds()))
    assert (caught.value.row, caught.value.column) == (701 if why == "timedelta" else 702, "B")


@settings(max_examples=30)
@given(st.integers(1, 1_500), st.integers(1, 700), st.integers(60, 4_000), st.integers(1, 400))
def test_a_frame_is_cut_like_rows(rows, layout, size, records):
    """However the batches of the frame are laid out, the parts together are its rows."""
    table = pa.table(
        {
            "n": pa.array(range(rows)),
            "t": pa.array([f"ä{n}\n" * (n % 7) if n % 5 else None for n in range(rows)]),
        }
    )
    encoder = RowEncoder(table.column_names)
    bounds = Bounds(records=records, bytes=size, characters=size - 10)
    source = open_source(table.to_reader(max_chunksize=layout))
    parts = list(cut(source.chunks(), encoder.encode, b"n,t\n", bounds))
    found = []
    for part in parts:
        assert len(part.body) <= size
        assert len(part.body.decode()) <= size - 10
        assert len(part.positions) <= records
        found += list(csv.reader(io.StringIO(part.body.decode(), newline="")))[1:]
    assert [number for part in parts for number in part.positions] == list(range(1, rows + 1))
    assert found == [[str(n), f"ä{n}\n" * (n % 7) if n % 5 else ""] for n in range(rows)]


def test_a_chunk_of_a_frame_is_rows_too():
    """What looks at rows one by one, such as group_by, sees the same values."""
    table = pa.table({"n": list(range(1_200)), "t": [f"t{n}" for n in range(1_200)]})
    (chunk,) = open_source(table).chunks()
    assert list(chunk) == [(n, f"t{n}") for n in range(1_200)]
    assert chunk[3] == (3, "t3")
    assert chunk[1_199:][0] == (1_199, "t1199")
    assert max(map(len, chunk.plain())) == CHUNK_ROWS
    assert column_of(chunk, 1) == column_of(list(chunk), 1) == [f"t{n}" for n in range(1_200)]
    assert column_of(next(chunk.plain()), 0) == list(range(CHUNK_ROWS))


def test_wide_rows_come_in_small_chunks():
    """Memory: a chunk has at most 4 MB, whatever the rows are like."""
    table = pa.table({"t": ["x" * 100_000] * 100})
    assert [len(chunk) for chunk in open_source(table).chunks()] == [39, 39, 22]


def test_a_record_that_is_too_long_is_refused_by_its_row():
    columns = {f"C{n}": ["x", "y" * 131_072, "z"] for n in range(4)}
    encoder = RowEncoder(list(columns))
    (chunk,) = open_source(pa.table(columns)).chunks()
    with pytest.raises(InvalidInput, match="400,000") as caught:
        encoder.encode(chunk, 1)
    assert caught.value.row == 2


def test_naive_moments_in_utc_and_whole_floats_need_no_closer_look():
    moments = pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))
    (chunk,) = open_source(pa.table({"at": moments, "n": [2.0]})).chunks()
    encoder = RowEncoder(["at", "n"], assume_tz=time_zone("UTC"), kinds={"n": "whole"})
    assert chunk.lines(encoder._rules) == (b"2024-01-01T00:00:00.000Z,2\n", 27)


def test_what_is_no_utf_8_is_refused():
    """Arrow does not look at what it is given as text."""
    content = [pa.py_buffer(part) for part in (b"\0\0\0\0\2\0\0\0\3\0\0\0", b"ok\xe4")]
    broken = pa.StringArray.from_buffers(2, *content)
    with pytest.raises(InvalidInput, match="utf-8") as caught:
        RowEncoder(["A"]).encode(next(open_source(pa.table({"A": broken})).chunks()), 1)
    assert (caught.value.row, caught.value.column) == (2, "A")


def written(frame, **options):
    source = open_source(frame)
    encoder = RowEncoder(source.columns, **options)
    body = b"".join(encoder.encode(chunk, 1)[0] for chunk in source.chunks())
    return source.columns, list(csv.reader(io.StringIO(body.decode(), newline="")))


def test_a_pandas_frame_of_objects_is_rows():
    """Arrow has no type for columns of more than one type, nor for CLEAR."""
    pandas = pytest.importorskip("pandas")
    moments = pandas.to_datetime(["2024-01-01T02:00+02:00", None, None])
    frame = pandas.DataFrame(
        {"mixed": [1, "x", None], "site": ["a", CLEAR, None], "at": moments, "n": [1.0, None, 2.5]},
        index=pandas.Index(["A", "B", "C"], name="Name"),
    )
    columns, rows = written(frame, kinds={"n": "whole"})
    assert columns == ("Name", "mixed", "site", "at", "n")
    assert rows == [
        ["A", "1", "a", "2024-01-01T00:00:00.000Z", "1"],
        ["B", "x", "#N/A", "", ""],
        ["C", "", "", "", "2.5"],
    ]


def test_half_a_character_in_a_pandas_frame_is_refused_by_its_row():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"Name": pandas.Series(["x", "\ud800"], dtype=object)})
    with pytest.raises(InvalidInput, match="surrogate") as caught:
        written(frame)
    assert (caught.value.row, caught.value.column) == (2, "Name")


def test_a_polars_frame_of_objects_is_rows():
    """What polars hands over for an object is its address."""
    polars = pytest.importorskip("polars")
    data = {"o": [1, None, "x"], "c": ["a", "b", None]}
    frame = polars.DataFrame(data, schema={"o": polars.Object, "c": polars.Categorical})
    assert written(frame) == (("o", "c"), [["1", "a"], ["", "b"], ["x", ""]])


def test_a_type_of_somebodys_own_is_refused():
    """pandas stores a period as a number, which would have been loaded as one."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"Month__c": pandas.period_range("2020", periods=2, freq="M")})
    with pytest.raises(InvalidInput, match=r"Month__c.*period"):
        written(frame)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_of_all_libraries_are_written_alike(library):
    """Each has its own kinds of text, of nulls and of categories."""
    frames = pytest.importorskip(library)
    data = {"t": ["ä", None, 'q"'], "i": [1, 2, 3], "f": [0.5, None, 2.0], "b": [True, False, True]}
    frame = frames.DataFrame(data)
    if library == "pandas":
        frame["c"] = frames.Categorical(["x", None, "x"])
        frame["at"] = frames.to_datetime(["2024-03-31T03:00+02:00"] * 3)
    else:
        at = datetime(2024, 3, 31, 1, tzinfo=timezone.utc)
        category = frames.Series("c", ["x", None, "x"], dtype=frames.Categorical)
        frame = frame.with_columns(category, frames.Series("at", [at] * 3))
    assert written(frame)[1] == [
        ["ä", "1", "0.5", "true", "x", "2024-03-31T01:00:00.000Z"],
        ["", "2", "", "false", "", "2024-03-31T01:00:00.000Z"],
        ['q"', "3", "2.0", "true", "x", "2024-03-31T01:00:00.000Z"],
    ]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_of_ids_is_what_a_delete_takes(library):
    ids = pytest.importorskip(library).Series(["001000000000001AAA", "001000000000002AAA"])
    source = open_source(ids, key_only=True)
    assert source.columns == ("Id",)
    assert [row for chunk in source.chunks() for row in chunk] == [(one,) for one in ids]
    with pytest.raises(InvalidInput, match="names its columns"):
        open_source(ids)


def test_what_arrow_cannot_hand_out_is_no_rows():
    pandas = pytest.importorskip("pandas")
    sparse = pandas.DataFrame({"Count__c": pandas.arrays.SparseArray([1])})
    for records in (pa.chunked_array([[1]]), sparse):
        with pytest.raises(InvalidInput, match=r"holds no rows: .*(struct|Count__c)"):
            open_source(records)
