"""Anything that holds rows."""

import codecs
import csv
import gzip
import io
import re
import sqlite3
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.values import MISSING
from salesforce_bulk.load.row_files import CsvLayout
from salesforce_bulk.load.sources import LOOK_AHEAD_ROWS, open_source

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


def rows_of(records, *layout, **options):
    source = open_source(records, *layout, **options)
    return source.columns, [tuple(row) for chunk in source.chunks() for row in chunk]


# Mappings


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(), min_size=1), min_size=1))
def test_the_columns_are_the_union_in_the_order_of_their_coming(records):
    """Trap: the header taken from the first record."""
    columns, rows = rows_of(records)
    assert columns == tuple(dict.fromkeys(key for record in records for key in record))
    again = [{c: v for c, v in zip(columns, row, strict=True) if v is not MISSING} for row in rows]
    assert again == records


@pytest.mark.parametrize("count", [3, 1_700])
def test_a_generator_may_fill_one_dict_again_and_again(count):
    """Trap: all rows of a chunk were the last of them."""

    def filled(row):
        for number in range(count):
            row["Name"] = row["Account"]["Id"] = number
            yield row

    for row in ({"Name": "", "Account": {"Id": ""}}, OrderedDict(Name="", Account={"Id": ""})):
        assert rows_of(filled(row))[1] == [(number, number) for number in range(count)]


@given(st.integers(1, 1_700), st.booleans())
def test_every_row_comes_once_and_in_order(count, generated):
    records = [{"a": number, "b": -number} for number in range(count)]
    _, rows = rows_of(iter(records) if generated else records)
    assert rows == [(number, -number) for number in range(count)]


def test_a_key_that_comes_after_the_look_ahead_is_an_error_that_names_the_row():
    """Trap: a new key later, dropped without a word."""
    records = [{"a": 1, "b": 2}] * LOOK_AHEAD_ROWS + [{"a": 1, "b": 2, "late": 3}]
    with pytest.raises(InvalidInput, match="Row 1001 has the column 'late'") as caught:
        rows_of(records)
    assert (caught.value.row, caught.value.column) == (1_001, "late")


def test_nested_dicts_become_relationship_columns():
    """Trap: a nested lookup dict stringified into a cell."""
    records = [
        {"Name": "x", "Owner": {"Username": "u@example.com"}},
        {"attributes": {"type": "Case"}, "Name": "y", "Owner": None,
         "Who": {"attributes": {"type": "Lead"}, "Email": "l@example.com"}},
    ]  # fmt: skip
    columns, rows = rows_of(records)
    assert columns == ("Name", "Owner.Username", "Lead:Who.Email")
    assert rows[0] == ("x", "u@example.com", MISSING)
    assert rows[1] == ("y", None, "l@example.com")
    with pytest.raises(InvalidInput, match="reaches one level"):
        rows_of([{"Account": {"Owner": {"Name": "x"}}}])


def test_rows_that_have_keys_are_rows():
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    selected = database.execute("SELECT 1 AS a, 'x' AS b UNION SELECT 2, 'y'").fetchall()
    assert rows_of(selected) == (("a", "b"), [(1, "x"), (2, "y")])
    database.close()
    assert rows_of([OrderedDict(a=1)]) == (("a",), [(1,)])


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ({"a": 1}, "put it in a list"),
        (b"a,b", "BytesIO"),
        (5, "type int hold no rows"),
        ([5], "Row 1 is of type int"),
        ([{1: 2}], "no text"),
        ([{}], "no columns"),
        ([{"": 1}], "no name"),
        ("no-such-file.csv", "cannot be read"),
    ],
)
def test_what_holds_no_rows_is_refused(records, why):
    with pytest.raises(InvalidInput, match=why):
        rows_of(records)


@pytest.mark.parametrize("records", [5, None, [5], [None], ["001000000000001AAA", None], iter([5])])
def test_a_delete_of_what_is_no_id_is_told_of_ids(records):
    with pytest.raises(InvalidInput, match="a delete takes Ids, texts of 15 or 18"):
        open_source(records, key_only=True)


@pytest.mark.parametrize("records", [["001000000000001AAA", {"Id": "x"}], [{"Id": "x"}, "x"]])
def test_a_delete_of_ids_among_rows_names_the_first_of_the_other_kind(records):
    with pytest.raises(InvalidInput, match="Rows 1 and 2 are an Id and a row") as caught:
        open_source(records, key_only=True)
    assert caught.value.row == 2


def test_a_row_far_behind_the_first_ids_of_a_delete_is_named():
    """Trap: only the rows that are looked at beforehand were compared."""
    ids = ["001000000000001AAA"] * 1500
    source = open_source([*ids, {"Id": ids[0]}], key_only=True)
    with pytest.raises(InvalidInput, match="Rows 1 and 1,501 are an Id and a row") as caught:
        list(source.chunks())
    assert caught.value.row == 1501


@pytest.mark.parametrize("columns", [("Ext__c", "ext__C"), ("Name", "Name")])
def test_a_header_that_comes_twice_is_refused(columns, tmp_path):
    """Trap: a column twice in the header: the server fails it, the tool reports success."""
    path = tmp_path / "twice.csv"
    path.write_text(",".join(columns) + "\n1,2\n", "utf-8")
    with pytest.raises(InvalidInput, match="comes twice"):
        open_source(path)


# CSV


@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=30),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_a_file_is_read_whatever_its_encoding_delimiter_and_line_ends(
    rows, delimiter, encoding, line_end, quoted
):
    """Traps: BOM inside the first header, delimiter and line ends assumed, splitlines."""
    text = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quoted or any("\r" in "".join(row) for row in rows) else 0
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting)
    writer.writerows([("First Name", "b"), *rows])
    content = text.getvalue().encode(encoding)
    columns, found = rows_of(io.BytesIO(content))
    assert columns == ("First Name", "b")
    assert found == rows


def test_a_path_is_read_as_a_file_is(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(codecs.BOM_UTF16_LE + 'Nämé;b\r\n"1\n2";3\r\n\r\n'.encode("utf-16-le"))
    assert rows_of(path) == rows_of(str(path)) == (("Nämé", "b"), [("1\n2", "3")])
    source = open_source(path)
    assert [list(source.chunks()) for _ in range(2)] == [[[["1\n2", "3"]]]] * 2


@pytest.mark.parametrize(
    ("written", "given", "why"),
    [
        ("utf-8-sig", "cp1252", "mark that it is utf-8, encoding= says cp1252"),
        ("utf-16", "utf-8", "mark that it is utf-16"),
        ("utf-16-le", None, "encoding='utf-16-le'"),
        ("utf-16", "utf-16-le", None),
        ("utf-8-sig", "UTF8", None),
    ],
)
def test_an_encoding_that_the_file_contradicts_is_refused(tmp_path, written, given, why):
    """Trap: the byte order mark became a part of a name, and the message spoke of that name."""
    path = tmp_path / "rows.csv"
    path.write_bytes("A,B\n1,2\n".encode(written))
    for source in (path, io.BytesIO(path.read_bytes())):
        if why is None:
            assert open_source(source, CsvLayout(given)).columns == ("A", "B")
            continue
        with pytest.raises(InvalidInput, match=why):
            open_source(source, CsvLayout(given))


def test_an_encoding_may_be_said_and_is_not_guessed(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes("Name\nMüller\n".encode("cp1252"))
    with pytest.raises(InvalidInput, match="encoding='cp1252'"):
        rows_of(path)
    assert rows_of(path, CsvLayout("cp1252")) == (("Name",), [("Müller",)])
    with pytest.raises(InvalidInput, match="no encoding of texts"):
        rows_of(path, CsvLayout("klingon"))
    with pytest.raises(InvalidInput, match="no encoding of texts"):
        rows_of(path, CsvLayout("hex"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a,b\n1,2\n1\n", "Row 2 has 1 cell, the header has 2"),
        ('a,b\n1,"2\n', "Row 1 .*unexpected end"),
        ('a,b\n1,"2"x\n', "Row 1 "),
        ("", "empty"),
        ("a,b\n" + "1,2\n" * 700 + "1,2,3\n", "Row 701"),
    ],
)
def test_a_damaged_file_is_refused_where_it_is_damaged(text, why):
    with pytest.raises(InvalidInput, match=why):
        rows_of(io.StringIO(text))


@pytest.mark.parametrize("name", ["cut.csv", "cut.csv.gz"])
def test_a_damaged_file_is_named(tmp_path, name):
    """Whoever loads many of them looks for the one."""
    path = tmp_path / name
    path.write_bytes((gzip.compress if name.endswith("gz") else bytes)(b"a,b\n1,2\n1\n"))
    with pytest.raises(InvalidInput, match=rf"{re.escape(str(path))}: Row 2") as caught:
        rows_of(path)
    assert caught.value.row == 2


def test_a_header_alone_is_no_rows():
    assert rows_of(io.StringIO("a,b\n")) == (("a", "b"), [])
    assert rows_of(iter([])) == ((), [])


def test_rows_of_every_shape_stay_in_their_places():
    """Keys in another order and keys that lack, far behind the look-ahead: nothing moves."""
    rows = [{"N": n, "T": f"t{n}"} for n in range(12_345)]
    rows[7_000] = {"T": "turned", "N": 7_000}
    rows[11_999] = {"N": 11_999}
    _, read = rows_of(rows)
    assert read == [(row["N"], row.get("T", MISSING)) for row in rows]


def test_a_late_column_names_its_row():
    rows = [{"N": n} for n in range(9_000)]
    rows[7_700]["M"] = 1
    with pytest.raises(InvalidInput, match=r"Row 7701 .*'M'"):
        rows_of(rows)


# Frames


def test_a_pandas_frame_is_rows():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    moments = pandas.to_datetime(["2024-01-01T02:00+02:00", None])
    frame = pandas.DataFrame(
        {"a": [1, None], "b": ["x", None], "at": moments},
        index=[7, 9],
    )  # fmt: skip
    columns, rows = rows_of(frame)
    assert columns == ("a", "b", "at")
    assert rows[0][:2] == (1.0, "x")
    assert rows[0][2].isoformat() == "2024-01-01T00:00:00+00:00"
    assert rows[1][1:] == (None, None)


def test_polars_and_arrow_are_rows_in_bounded_chunks():
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    data = {"n": list(range(1_200)), "t": [f"t{n}" for n in range(1_200)]}
    wanted = (("n", "t"), list(zip(data["n"], data["t"], strict=True)))
    assert rows_of(polars.DataFrame(data)) == wanted
    assert rows_of(pyarrow.table(data)) == wanted
    assert rows_of(pyarrow.table(data).to_reader(max_chunksize=70)) == wanted
    categories = pyarrow.table({"c": pyarrow.array(["x", "y", "x"]).dictionary_encode()})
    assert rows_of(categories) == (("c",), [("x",), ("y",), ("x",)])
    long = pyarrow.table({"n": list(range(25_000))})
    assert list(map(len, open_source(long).chunks())) == [10_000, 10_000, 5_000]
    with pytest.raises(InvalidInput, match="relationship"):
        rows_of(pyarrow.table({"s": [{"Id": "x"}]}))
    with pytest.raises(InvalidInput, match="collect"):
        rows_of(polars.DataFrame(data).lazy())
