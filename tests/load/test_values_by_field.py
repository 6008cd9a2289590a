"""Values as frames hold them, in fields that know more types than frames do."""

import copy
import io
import os
import pickle
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from dateutil.tz import gettz

from salesforce_bulk import CLEAR, InvalidInput, JournalMismatch

FIELDS = {
    "Ext__c": "externalId",
    "Text__c": "text",
    "Done__c": "checkbox",
    "On__c": "date",
    "At__c": "datetime",
    "Parent__c": "lookup(Account)",
}
BERLIN = timezone(timedelta(hours=1))
UTC_MIDNIGHT = "2024-01-31T00:00:00.000+0000"


@pytest.fixture
def org(org):
    org.define_object("Typed__c", FIELDS)
    return org


@pytest.fixture
def loaded(bulk, stored):
    """What the org holds of a column after its rows are inserted."""

    def load(rows, column, **options):
        bulk.insert("Typed__c", rows, **options)
        return [value for (value,) in stored(f"SELECT {column} FROM Typed__c ORDER BY Id")]

    return load


# Whole floats


def frames(column, values):
    """The frame in pandas as objects and as numpy's types, in polars, in Arrow's."""
    frame = pd.DataFrame({column: values})
    return [frame, pl.DataFrame({column: values}), frame.astype(object), frame.to_dict("records")]


@pytest.mark.parametrize("which", range(4))
def test_a_whole_float_for_a_text_field_has_no_fraction(loaded, which):
    """Trap: a key column [1001, None] became 1001.0 in pandas, and the upsert made a twin."""
    frame = frames("Text__c", [1001.0, 2.5, 7.0])[which]
    assert loaded(frame, "Text__c") == ["1001", "2.5", "7"]


@pytest.mark.parametrize("which", range(4))
def test_a_key_that_pandas_made_a_float_finds_its_record(bulk, stored, which):
    bulk.insert("Typed__c", [{"Ext__c": "1001", "Text__c": "before"}])
    frame = frames("Ext__c", [1001.0, 1002.0])[which]
    bulk.upsert("Typed__c", frame, "Ext__c")
    keys = sorted(stored("SELECT Ext__c FROM Typed__c"))
    assert keys == [("1001",), ("1002",)]
    with pytest.raises(InvalidInput, match="Rows 1 and 2"):
        bulk.upsert("Typed__c", [{"Ext__c": 1001.0}, {"Ext__c": "1001"}], "Ext__c")


@pytest.mark.parametrize("which", range(4))
def test_a_float_that_has_lost_digits_of_a_text_is_refused(bulk, which):
    with pytest.raises(InvalidInput, match=r"Row 1.*'Ext__c'.*read the column as text"):
        bulk.upsert("Typed__c", frames("Ext__c", [1e17])[which], "Ext__c")


@pytest.mark.parametrize("which", range(4))
def test_bytes_are_no_key(bulk, which):
    """Trap: sent as base64 they found no record, and an upsert made a twin of it."""
    with pytest.raises(InvalidInput, match=r"Row 1.*'Ext__c'.*bytes are no key.*decode"):
        bulk.upsert("Typed__c", frames("Ext__c", [b"K-1"])[which], "Ext__c")


@pytest.mark.parametrize("which", range(4))
def test_a_checkbox_takes_the_floats_one_and_zero_and_no_other(bulk, loaded, which):
    assert loaded(frames("Done__c", [1.0, 0.0])[which], "Done__c") == [1, 0]
    with pytest.raises(InvalidInput, match=r"Row 2.*2\.0 is neither true nor false"):
        bulk.insert("Typed__c", frames("Done__c", [1.0, 2.0])[which])


def narrow_frames(column, value):
    """A number of 32 bits in numpy, pandas (which Arrow reads, or not), polars, duckdb, Arrow."""
    frame = pd.DataFrame({column: pd.Series([value], dtype="float32")})
    return {
        "numpy": [{column: np.float32(value)}],
        "pandas": frame,
        "nullable": frame.astype("Float32"),
        "objects": frame.assign(Parent__c=pd.Series([CLEAR], dtype=object)),
        "polars": pl.DataFrame({column: pl.Series([value], dtype=pl.Float32)}),
        "duckdb": duckdb.sql(f"SELECT {value}::FLOAT AS {column}"),
        "dictionary": pa.table({column: pa.array(np.float32([value])).dictionary_encode()}),
    }


NARROW = list(narrow_frames("Text__c", 1))


@pytest.mark.parametrize("which", NARROW)
def test_a_number_of_few_bits_has_the_digits_that_these_tell(loaded, which):
    """Trap: 0.1 of 32 bits was sent as 0.10000000149011612."""
    loaded(narrow_frames("Text__c", 0.1)[which], "Text__c")
    loaded(narrow_frames("Text__c", 16_777_215)[which], "Text__c")
    assert loaded([{"Text__c": "x"}], "Text__c") == ["0.1", "16777215", "x"]


@pytest.mark.parametrize("which", NARROW)
def test_a_number_of_few_bits_that_has_lost_digits_of_a_key_is_refused(bulk, which):
    """Trap: the key 912260031 of 32 bits is 912260032, which may be another record's."""
    rows = narrow_frames("Ext__c", 912_260_031)[which]
    with pytest.raises(InvalidInput, match=r"Row 1.*'Ext__c'.*read the column as text"):
        bulk.upsert("Typed__c", rows, "Ext__c")


@pytest.mark.parametrize("value", [np.float32(1001), np.float16(1001), np.array(1001.0)])
def test_numpys_other_floats_are_floats_too(bulk, loaded, stored, value):
    """Trap: only float64 is a float to Python; an upsert by float32(1001) made a twin of 1001."""
    assert loaded([{"Text__c": value}], "Text__c") == ["1001"]
    assert loaded([{"Done__c": np.float32(1)}], "Done__c")[-1] == 1
    frame = pd.DataFrame({"Ext__c": pd.Series([value, "x"], dtype=object)})
    bulk.upsert("Typed__c", frame, "Ext__c")
    assert ("1001",) in stored("SELECT Ext__c FROM Typed__c")


@pytest.mark.parametrize(
    "rows",
    [
        [{"Ext__c": Decimal("1001.00")}, {"Ext__c": Decimal("10.50")}],
        pa.table({"Ext__c": [Decimal("1001.00"), Decimal("10.50")]}),
        pl.DataFrame({"Ext__c": [Decimal("1001.00"), Decimal("10.50")]}),
        duckdb.sql("SELECT unnest([1001::DECIMAL(9, 2), 10.5::DECIMAL(9, 2)]) AS Ext__c"),
    ],
)
def test_a_decimal_key_is_its_number(bulk, stored, rows):
    """Trap: a database's NUMERIC(9, 2) made a twin 1001.00 of the record 1001."""
    bulk.insert("Typed__c", [{"Ext__c": "1001"}])
    bulk.upsert("Typed__c", rows, "Ext__c")
    assert sorted(stored("SELECT Ext__c FROM Typed__c")) == [("10.50",), ("1001",)]


def test_a_decimal_in_a_text_keeps_its_digits_and_fits_checkboxes(loaded):
    assert loaded([{"Text__c": Decimal("9.00")}], "Text__c") == ["9.00"]
    checked = pa.table({"Done__c": [Decimal("1.0"), None]})
    assert loaded(checked, "Done__c")[-2:] == [1, 0]


@pytest.mark.parametrize("value", [np.longdouble(1), np.array(np.datetime64("2024-01-31", "ns"))])
def test_a_numpy_value_that_python_has_no_type_for_is_refused(bulk, value):
    """Trap: a RecursionError, and a moment that was sent as a count of nanoseconds."""
    with pytest.raises(InvalidInput, match="Row 1, column 'Text__c'"):
        bulk.insert("Typed__c", [{"Text__c": value}])


@pytest.mark.parametrize("column", ["On__c", "At__c"])
def test_a_year_of_five_digits_is_refused(bulk, column):
    """Trap: the date was dropped in silence, the datetime ended in a TypeError."""
    with pytest.raises(InvalidInput, match=r"Row 1.*no year from 1 to 9999"):
        bulk.insert("Typed__c", [{column: np.datetime64("20000-01-01")}])


# Dates and moments


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize(
    "rows",
    [
        lambda: pd.DataFrame({"On__c": pd.to_datetime(["2024-01-31", None])}),
        lambda: pl.DataFrame({"On__c": [datetime(2024, 1, 31), None]}),
        lambda: duckdb.sql(
            "SELECT * FROM (VALUES (TIMESTAMP '2024-01-31'), (NULL)) AS t(On__c)"
        ).to_arrow_table(),
        lambda: [{"On__c": np.datetime64("2024-01-31")}, {"On__c": np.datetime64("NaT", "D")}],
        lambda: [{"On__c": pd.Timestamp("2024-01-31")}, {"On__c": pd.NaT}],
    ],
)
def test_a_naive_midnight_is_its_date_in_a_date_field(loaded, rows, zone):
    """Trap: with assume_tz="Europe/Berlin" the day before was sent."""
    assert loaded(rows(), "On__c", assume_tz=zone) == ["2024-01-31", None]


@pytest.mark.parametrize(
    "moment", [datetime(2024, 1, 31, 12), datetime(2024, 1, 31, tzinfo=BERLIN)]
)
@pytest.mark.parametrize(
    "frame", [pd.DataFrame, pl.DataFrame, lambda columns: [{"On__c": columns["On__c"][1]}]]
)
def test_a_moment_that_is_more_than_a_date_is_refused_in_a_date_field(bulk, moment, frame):
    """Trap: "make it aware", and then every row failed in the org."""
    rows = frame({"On__c": [moment, moment]})
    with pytest.raises(InvalidInput, match=r"Row 1, column 'On__c'.*\.dt\.date"):
        bulk.insert("Typed__c", rows, assume_tz="UTC")


@pytest.mark.parametrize(
    ("zone", "moment"), [(None, UTC_MIDNIGHT), ("Europe/Berlin", "2024-01-30T23:00:00.000+0000")]
)
@pytest.mark.parametrize(
    "rows",
    [[{"At__c": date(2024, 1, 31)}], pl.DataFrame({"At__c": [date(2024, 1, 31)]}),
     pd.DataFrame({"At__c": [date(2024, 1, 31)]})],
)  # fmt: skip
def test_a_date_in_a_datetime_field_is_its_midnight(bulk, rows, zone, moment):
    result = bulk.insert("Typed__c", rows, assume_tz=zone)
    [row] = bulk.export(f"SELECT At__c FROM Typed__c WHERE Id = '{next(iter(result)).id}'")
    assert row["At__c"] == datetime.strptime(moment, "%Y-%m-%dT%H:%M:%S.%f%z")


# CLEAR


def through_duckdb(frame):
    return duckdb.sql("SELECT * FROM frame").to_arrow_table().to_pandas()


def test_clear_is_no_enum_and_stays_itself():
    """Trap: an Enum's member, whose value "clear" a frame library took and stored as text."""
    for again in (copy.copy(CLEAR), copy.deepcopy(CLEAR), pickle.loads(pickle.dumps(CLEAR))):
        assert again is CLEAR
    assert not hasattr(CLEAR, "value")
    with pytest.raises(TypeError):
        pl.select(pl.lit(CLEAR))


@pytest.mark.parametrize(
    "frame",
    [
        lambda ids: pl.DataFrame({"Id": ids, "Text__c": [CLEAR] * 2}),
        lambda ids: pd.DataFrame({"Id": ids, "Text__c": [CLEAR] * 2}),
        lambda ids: pd.DataFrame({"Id": ids, "Text__c": [CLEAR, "y"]}),
        lambda ids: pl.DataFrame({"Id": ids, "Text__c": pl.Series([CLEAR, "y"], dtype=pl.Object)}),
        # Where a text was made of it: by the program, as polars 1.10 makes none, or a library.
        lambda ids: pl.DataFrame({"Id": ids, "Text__c": [str(CLEAR)] * 2}),
        lambda ids: pd.DataFrame({"Id": ids, "Text__c": pd.Series([CLEAR, "y"], dtype="string")}),
        lambda ids: pd.DataFrame({"Id": ids, "Text__c": np.array([CLEAR, "y"], dtype=str)}),
        lambda ids: through_duckdb(pd.DataFrame({"Id": ids, "Text__c": [CLEAR, "y"]})),
        lambda ids: pd.read_csv(io.StringIO(f"Id,Text__c\n{ids[0]},{CLEAR}\n{ids[1]},y\n"),
                                keep_default_na=False),
    ],
)  # fmt: skip
def test_clear_clears_in_every_frame(bulk, stored, frame):
    made = bulk.insert("Typed__c", [{"Text__c": "a"}, {"Text__c": "b"}])
    rows = frame([row.id for row in made])
    bulk.update("Typed__c", rows)
    held = [value for (value,) in stored("SELECT Text__c FROM Typed__c ORDER BY Id")]
    assert held == [None, "y" if "y" in list(rows["Text__c"]) else None]


# Parents


@pytest.fixture
def children(org, bulk):
    parent = next(iter(bulk.insert("Account", [{"Name": "parent"}]))).id
    made = bulk.insert("Typed__c", [{"Parent__c": parent}] * 3)
    return parent, [row.id for row in made]


def parents(stored):
    return [value for (value,) in stored("SELECT Parent__c FROM Typed__c ORDER BY Id")]


@pytest.mark.parametrize(
    ("value", "nulls", "cleared"),
    [(None, "clear", True), (None, "ignore", False), (CLEAR, "ignore", True),
     (float("nan"), "clear", True)],
)  # fmt: skip
@pytest.mark.parametrize("others", [True, False])
def test_a_parent_that_is_none_follows_nulls_and_one_that_is_cleared_goes(
    bulk, stored, children, value, nulls, cleared, others
):
    """Trap: the parent stayed, and the row was a success."""
    parent, [one, *rest] = children
    rows = [{"Id": one, "Parent__r": value}]
    if others:
        rows += [{"Id": other, "Parent__r": {"Id": parent}} for other in rest]
    bulk.update("Typed__c", rows, nulls=nulls)
    assert parents(stored) == [None if cleared else parent, parent, parent]


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize("value", ["text", 5, True])
def test_any_other_value_under_a_parents_name_is_refused(bulk, stored, children, value, others):
    parent, [one, other, _] = children
    rows = [{"Id": other, "Parent__r": {"Id": parent}}] * others + [{"Id": one, "Parent__r": value}]
    with pytest.raises(InvalidInput, match=rf"Row {len(rows)}, column 'Parent__r'") as raised:
        bulk.update("Typed__c", rows)
    assert (raised.value.row, raised.value.column) == (len(rows), "Parent__r")
    assert parents(stored) == [parent] * 3


# Frames of pandas


def test_a_named_range_index_is_a_column_as_every_named_index_is(loaded):
    frame = pd.DataFrame({"Text__c": ["a", "b"]}, index=pd.RangeIndex(5, 7, name="Ext__c"))
    assert loaded(frame, "Ext__c") == ["5", "6"]


@pytest.mark.parametrize(
    "index", [pd.RangeIndex(1, name="Text__c"), pd.Index(["b"], name="Text__c")]
)
def test_an_index_with_the_name_of_a_column_is_refused(bulk, index):
    """Trap: Arrow left out the index in silence, pandas raised a ValueError."""
    frame = pd.DataFrame({"Text__c": ["a"]}).set_index(index)
    with pytest.raises(InvalidInput, match=r"an index and a column 'Text__c'.*drop=True"):
        bulk.insert("Typed__c", frame)


def test_sets_in_a_frame_are_written_in_one_order_whatever_the_hash_seed():
    """Trap: a resume after a crash ended in JournalMismatch."""
    program = """
import pandas as pd
from salesforce_bulk.load.sources import open_source
from salesforce_bulk.formats.row_encoder import RowEncoder
frame = pd.DataFrame({"A": [set("abcdefgh"), frozenset("xyzuvw")]})
source = open_source(frame)
print([RowEncoder(source.columns).encode(chunk, 1) for chunk in source.chunks()])
"""
    told = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(told) == 1
    assert b"a;b;c;d;e;f;g;h" in told.pop()


# Keys


def test_keys_that_differ_by_outer_blanks_are_the_same_key(bulk, stored):
    rows = [{"Ext__c": "q", "Text__c": "1"}, {"Ext__c": "q ", "Text__c": "2"}]
    with pytest.raises(InvalidInput, match="Rows 1 and 2"):
        bulk.upsert("Typed__c", rows, "Ext__c")
    bulk.upsert("Typed__c", rows, "Ext__c", duplicates="keep_last", on_error="report")
    assert stored("SELECT Ext__c, Text__c FROM Typed__c") == [("q", "2")]


@pytest.mark.parametrize("other", ["q\u00a0", "q\u3000"])
def test_keys_of_which_no_guide_says_that_they_are_one_are_two(bulk, stored, other):
    """Trap: a row was left out for one whose key only Python takes for the same."""
    rows = [{"Ext__c": "q", "Text__c": "a"}, {"Ext__c": other, "Text__c": "b"}]
    result = bulk.upsert("Typed__c", rows, "Ext__c", duplicates="keep_last", on_error="report")
    assert result.unprocessed == 0
    assert ("q", "a") in stored("SELECT Ext__c, Text__c FROM Typed__c")


@pytest.mark.parametrize("garbage", ["1_000", "\u0661\u0660\u0660\u0660"])
def test_no_row_is_left_out_for_a_number_that_is_none(org, bulk, stored, garbage):
    """Trap: Python reads both as 1000, the org refuses the second; nothing was loaded."""
    org.define_object("Numbered__c", {"No__c": {"type": "number", "externalId": True}})
    rows = [{"No__c": "1000"}, {"No__c": garbage}]
    result = bulk.upsert("Numbered__c", rows, "No__c", duplicates="keep_last", on_error="report")
    assert [row.status for row in result] == ["success", "failed"]


def test_cleared_keys_are_none_and_zeros_are_one(org, bulk):
    """Trap: two rows with CLEAR as their key were taken for two rows of one record."""
    org.define_object("Numbered__c", {"No__c": {"type": "number", "externalId": True}})
    rows = [{"Ext__c": CLEAR, "Text__c": "a"}, {"Ext__c": CLEAR, "Text__c": "b"}]
    assert bulk.upsert("Typed__c", rows, "Ext__c", on_error="report").failed == 2
    with pytest.raises(InvalidInput, match="has no Id"):
        bulk.update("Typed__c", [{"Id": CLEAR, "Text__c": "a"}])
    with pytest.raises(InvalidInput, match="Rows 1 and 2"):
        bulk.upsert("Numbered__c", [{"No__c": "0"}, {"No__c": "-0"}], "No__c")


def test_one_id_is_one_row(bulk, stored):
    """Trap: 18 rows of one character."""
    record_id = next(iter(bulk.insert("Typed__c", [{"Text__c": "x"}]))).id
    assert bulk.delete("Typed__c", record_id).rows == 1
    assert stored("SELECT Id FROM Typed__c") == []


def test_an_index_of_pandas_is_ids_as_a_series_is(bulk, stored):
    ids = [row.id for row in bulk.insert("Typed__c", [{"Text__c": "x"}, {"Text__c": "y"}])]
    frame = pd.DataFrame({"Text__c": ["x", "y"]}, index=pd.Index(ids, name="Id"))
    with pytest.raises(InvalidInput, match="Records of type MultiIndex hold no rows"):
        bulk.delete("Typed__c", frame.set_index("Text__c", append=True).index)
    assert bulk.delete("Typed__c", frame.index).succeeded == 2
    assert stored("SELECT Id FROM Typed__c") == []


@pytest.mark.parametrize("field", ["Name", "AnnualRevenue", "NumberOfEmployees"])
@pytest.mark.parametrize("number", ["1e20000000", "-1e20000000", "1e-20000000"])
def test_a_number_without_measure_is_refused_at_once(bulk, field, number):
    """Trap: ten characters that became a number of millions of digits, for hours."""
    with pytest.raises(InvalidInput, match="more digits than a field takes"):
        bulk.insert("Account", [{"Name": "a", field: Decimal(number)}])


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("Text__c", 1001.0),
        ("Text__c", np.float64(7)),
        ("Done__c", 1.0),
        ("At__c", date(2024, 1, 31)),
        ("At__c", datetime(2024, 1, 31, 5)),
        ("On__c", pd.Timestamp("2024-01-31")),
        ("On__c", np.datetime64("2024-01-31")),
        ("Text__c", {"b", "a"}),
    ],
)
def test_a_constant_is_written_as_the_same_value_in_every_row(
    bulk, stored, tmp_path, column, value, which
):
    """Trap: constants were made texts before their fields were known, without assume_tz."""
    rows, alone = frames("Ext__c", ["a", "b"])[which], [{"Ext__c": "c", column: value}]
    options = {"assume_tz": "Europe/Berlin", "journal": tmp_path / "journal"}
    bulk.insert("Typed__c", rows, constants={column: value}, **options)
    bulk.insert("Typed__c", alone, assume_tz="Europe/Berlin")
    (held,) = set(stored(f"SELECT {column} FROM Typed__c"))
    assert held != (None,)
    assert bulk.resume(tmp_path / "journal", rows).rows == 2
    assert bulk.insert("Typed__c", rows, constants={column: value}, **options).journal_ended


@pytest.mark.parametrize(
    ("constants", "why"),
    [
        ({"At__c": datetime(2024, 1, 31)}, "'At__c': .* has no time zone"),
        ({"On__c": datetime(2024, 1, 31, 5)}, "'On__c': .* more than the date"),
        ({"Done__c": 2.5}, "'Done__c': .* neither true nor false"),
        ({"Text__c": float("inf")}, "'Text__c': an infinite number"),
        ({"Nix__c": 5}, "no field for the column 'Nix__c'"),
    ],
)
def test_a_constant_that_its_field_would_not_keep_is_refused(bulk, constants, why):
    with pytest.raises(InvalidInput, match=why):
        bulk.insert("Typed__c", [{"Ext__c": "a"}], constants=constants)


# Zones of datetimes without one


class PytzZone(tzinfo):
    """As pytz has zones: without localize() its datetimes are in the mean time of their town."""

    zone = "Europe/Berlin"

    def utcoffset(self, moment):
        return timedelta(minutes=53)

    def dst(self, moment):
        return timedelta(0)

    def localize(self, moment):
        raise AssertionError


ZONES = {
    "pytz": PytzZone(),
    "dateutil": gettz("Europe/Berlin"),
    "a name": "Europe/Berlin",
    "an offset with a name": timezone(timedelta(hours=2), "CEST"),
    "an offset with seconds": timezone(timedelta(hours=1, minutes=59, seconds=60)),
}


@pytest.mark.parametrize("zone", ZONES)
def test_zones_of_every_kind_mean_their_time_of_the_day(bulk, loaded, zone):
    """Trap: a datetime in a zone of pytz' was sent 53 minutes, not two hours, from UTC."""
    rows = [{"At__c": datetime(2024, 7, 1)}]
    (held,) = loaded(rows, "At__c", assume_tz=ZONES[zone])
    assert held.startswith("2024-06-30T22:00:00")


@pytest.mark.parametrize(
    "zone",
    [PytzZone(), timezone(timedelta(hours=2), "CEST"), timezone(timedelta(hours=-2, seconds=-30))],
)
def test_a_journal_remembers_a_zone_by_its_name_or_its_offset(bulk, tmp_path, zone):
    """Trap: an offset with a name of its own, or with seconds, was no zone to resume()."""
    rows = [{"At__c": datetime(2024, 7, 1)}]
    bulk.insert("Typed__c", rows, assume_tz=zone, journal=tmp_path / "journal")
    assert bulk.resume(tmp_path / "journal", rows).journal_ended


def test_a_zone_that_no_journal_can_keep_is_told_with_the_way_that_goes_on(bulk, tmp_path):
    rows = [{"At__c": datetime(2024, 7, 1)}]
    journal = tmp_path / "journal"
    bulk.insert("Typed__c", rows, assume_tz=gettz("Europe/Berlin"), journal=journal)
    with pytest.raises(JournalMismatch, match="Run the same call again"):
        bulk.resume(journal, rows)
    again = bulk.insert("Typed__c", rows, assume_tz=gettz("Europe/Berlin"), journal=journal)
    assert again.journal_ended
