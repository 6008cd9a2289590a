"""Files and rows as people have them: each is loaded whole, or refused with what to do."""

import bz2
import codecs
import csv
import dataclasses
import enum
import gzip
import io
import lzma
import os
import sqlite3
import threading
import zipfile
from collections import namedtuple

import attrs
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import CLEAR, InvalidInput
from salesforce_bulk.load.row_files import CsvLayout
from salesforce_bulk.load.sources import open_source

TEXT = "Text__c,Long__c\na,1\nb,2\n"
ROWS = [("a", "1"), ("b", "2")]


def rows_of(records, layout=CsvLayout(), **options):  # noqa: B008
    source = open_source(records, layout, **options)
    return source.columns, [tuple(row) for chunk in source.chunks() for row in chunk]


class Dribble(io.StringIO):
    """A caller's file that gives a few characters at a time, however many are asked for."""

    size = 3

    def read(self, size=-1):
        return super().read(min(size, self.size) if size > 0 else size)


# Open text files


@pytest.mark.parametrize(
    "text",
    ["A,B\ra,1\rb,2\r", "A,B\ra,1\nb,2\n", "A,B\r\na,1\rb,2", "A,B\n\ra,1\n\nb,2"],
)
def test_lines_of_an_open_text_file_may_end_in_any_way(text):
    """Trap: 0 rows and no error; one of two rows."""
    assert rows_of(io.StringIO(text)) == (("A", "B"), ROWS)
    assert rows_of(io.BytesIO(text.encode())) == (("A", "B"), ROWS)


CELLS = st.text(st.sampled_from('a,"\n\r\u2028\x85\x0b é'), max_size=4)


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=6),
    st.sampled_from(["\n", "\r", "\r\n"]),
    st.integers(1, 9),
)
def test_records_are_cut_by_the_rules_of_csv_whatever_the_reader(rows, ending, size):
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerows([("A", "B"), *rows])
    layout = CsvLayout(blank_rows="skip")
    given_rows = [row for row in rows if any(row)]
    file = Dribble(written.getvalue(), newline="")
    file.size = size
    assert rows_of(file, layout)[1] == given_rows
    body = io.BytesIO(written.getvalue().encode())
    assert rows_of(codecs.getreader("utf-8")(body), layout)[1] == given_rows


def test_codecs_open_does_not_split_at_unicode_line_separators(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("A,B\na\u2028b,1\n", encoding="utf-8")
    with codecs.open(str(path), encoding="utf-8") as file:
        assert rows_of(file)[1] == [("a\u2028b", "1")]


def test_a_pipe_is_read_once(tmp_path):
    """Trap: opened twice, the second time at whatever was left."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.write_text(TEXT))
    writer.start()
    assert rows_of(path)[1] == ROWS
    writer.join()


@pytest.mark.parametrize("change", ["shrinks", "grows", "is another"])
@pytest.mark.parametrize("opened", [False, True])
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path, change, opened):
    """Trap: what was left was loaded without a word."""
    path = tmp_path / "rows.csv"
    path.write_text("A,B\n" + "a,1\n" * 5_000)
    file = path.open("rb") if opened else path
    source = open_source(file)
    chunks = source.chunks()
    next(chunks)
    if change == "is another":
        path.write_text("A,B\n" + "b,2\n" * 5_000)
        os.utime(path, (1, 1))
    else:
        os.truncate(path, 3_000 if change == "shrinks" else 30_000)
    with pytest.raises(InvalidInput):
        list(chunks)
    if opened:
        file.close()


# Formats


def test_parquet_gzip_and_zstd_load_by_how_they_begin(tmp_path):
    table = pa.table({"Text__c": ["a", "b"], "Long__c": ["1", "2"]})
    pq.write_table(table, tmp_path / "rows.parquet")
    pq.write_table(table, tmp_path / "named.data")
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(TEXT.encode()))
    with pa.CompressedOutputStream(str(tmp_path / "rows.csv.zst"), "zstd") as stream:
        stream.write(TEXT.encode())
    for name in ("rows.parquet", "named.data", "rows.csv.gz", "rows.csv.zst"):
        assert rows_of(tmp_path / name) == (("Text__c", "Long__c"), ROWS)
    for name in ("rows.csv.gz", "rows.csv.zst"):
        with (tmp_path / name).open("rb") as file:
            assert rows_of(file)[1] == ROWS


@pytest.mark.parametrize("name", ["rows.csv.gz", "rows.csv.zst", "rows.parquet"])
def test_a_compressed_file_that_is_cut_is_refused(tmp_path, name):
    path = tmp_path / name
    text = "A,B\n" + "".join(f"{n},{n * n}\n" for n in range(20_000))
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(text.encode()))
    elif name.endswith("zst"):
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(text.encode())
    else:
        pq.write_table(pa.table({"A": ["a"] * 500}), path)
    content = path.read_bytes()
    for size in (len(content) // 2, len(content) - 3):
        path.write_bytes(content[:size])
        with pytest.raises(InvalidInput):
            rows_of(path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b'[{"Name": "x"}]', "json.load"),
        (b"<!DOCTYPE html><html></html>", "login page"),
        (b'<?xml version="1.0"?><a/>', "read_xml"),
        (b'\xef\xbb\xbf {"Name": "x"}\n', "json.load"),
        (b"\xd0\xcf\x11\xe0rest", "read_excel"),
        (b"SQLite format 3\0", "SQLite"),
        (b"BZh91AY", "bz2"),
        (b"\xff\xff\xff\xffrest", "open_stream"),
        (b"%PDF-1.4\n", "PDF"),
        (b"sep=;\nA;B\n", "skip_rows=1"),
    ],
)
def test_other_formats_are_named_with_what_to_do(tmp_path, content, why):
    """Trap: of an archive that holds one, of an open file, and of an open text file."""
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    packed = gzip.compress(content)
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", errors="replace")
    opened = [] if content.startswith((b"\xd0", b"\xff")) else [text]  # no text is like these
    for records in (path, io.BytesIO(content), io.BytesIO(packed), *opened):
        with pytest.raises(InvalidInput, match=why):
            open_source(records)


def test_parquet_that_is_open_or_compressed_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"Text__c": ["a"]}), path)
    (tmp_path / "rows.parquet.gz").write_bytes(gzip.compress(path.read_bytes()))
    with path.open("rb") as opened, path.open(encoding="latin-1") as text:
        for records in (opened, text, tmp_path / "rows.parquet.gz"):
            with pytest.raises(InvalidInput, match="Parquet file: give the path of it") as caught:
                open_source(records)
            assert str(caught.value).count("rows.parquet") <= 1


def test_a_quote_that_does_not_end_is_told_with_what_to_look_for(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('A,B\na,1\n"b,2\n')
    with pytest.raises(InvalidInput, match=r"Row 2 of the file .* Is a quote missing, or one too"):
        list(open_source(path).chunks())


@pytest.mark.parametrize("mode", ["r", "rb"])
def test_a_file_that_is_closed_already_is_refused(tmp_path, mode):
    path = tmp_path / "rows.csv"
    path.write_text(TEXT)
    with path.open(mode) as file:
        pass
    with pytest.raises(InvalidInput, match="closed"):
        open_source(file)


def test_a_content_in_place_of_a_path_is_refused_with_what_to_do():
    with pytest.raises(InvalidInput, match=r"io\.StringIO"):
        open_source(TEXT)


def test_any_path_is_one(tmp_path):
    (tmp_path / "rows.csv").write_text(TEXT)
    with os.scandir(tmp_path) as found:
        assert rows_of(next(found))[1] == ROWS


def test_a_zip_and_a_workbook_are_named_with_what_to_do(tmp_path):
    path = tmp_path / "rows.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
    with pytest.raises(InvalidInput, match=r"(?s)unpack.*read_excel"):
        open_source(path)


# The layout of a CSV file


def test_the_delimiter_and_the_lines_above_the_header_may_be_said():
    text = "Export of today\n(all rows)\nA:B,C\na:1\n"
    layout = CsvLayout(delimiter=":", skip_rows=2)
    assert rows_of(io.StringIO(text), layout) == (("A", "B,C"), [("a", "1")])


@pytest.mark.parametrize("text", ["A,B,,\na,1,,\nb,2,,\n", "A,B\na,1,\nb,2,,\n"])
def test_empty_columns_behind_the_last_one_are_none(text):
    """Spreadsheets write them."""
    assert rows_of(io.StringIO(text)) == (("A", "B"), ROWS)
    with pytest.raises(InvalidInput, match="Row 1 has"):
        rows_of(io.StringIO("A,B,\na,1,x\n"))


def test_a_row_that_is_empty_in_all_columns_is_loaded_or_passed_over():
    text = "A,B\na,1\n,\n\nb,2\n,,\n"
    assert rows_of(io.StringIO(text))[1] == [("a", "1"), ("", ""), ("b", "2"), ("", "")]
    assert rows_of(io.StringIO(text), CsvLayout(blank_rows="skip"))[1] == ROWS


def test_rows_are_numbered_alike_in_all_messages_where_blank_ones_are_passed_over(bulk):
    options = {"blank_rows": "skip", "constants": {"Long__c": "x"}}
    with pytest.raises(InvalidInput, match="Row 2 has 1 cell"):
        bulk.insert("Load__c", io.StringIO("Text__c,Count__c\na,1\n,\nb\n"), **options)
    rows = io.StringIO("Text__c,Count__c\na,1\n,\nb,x\n")
    with pytest.raises(InvalidInput, match="row 2, column 'Count__c'"):
        bulk.insert("Load__c", rows, check="values", **options)


@pytest.mark.parametrize("option", [{"delimiter": ";"}, {"skip_rows": 1}, {"blank_rows": "skip"}])
@pytest.mark.parametrize("kind", ["dicts", "pandas", "arrow", "parquet"])
def test_what_only_a_csv_file_has_is_refused_of_other_rows(bulk, tmp_path, kind, option):
    """Trap: an option without effect."""
    path = tmp_path / "rows"
    pq.write_table(pa.table({"name": ["a"], "junk": ["b"]}), path)
    records = path if kind == "parquet" else SOURCES[kind]()
    with pytest.raises(InvalidInput, match=f"{next(iter(option))}= is of CSV files"):
        bulk.insert("Load__c", records, columns={"name": "Text__c", "junk": None}, **option)


@pytest.mark.parametrize("delimiter", [None, ";"])
def test_columns_that_were_not_told_apart_are_no_misspelled_field(bulk, delimiter):
    text = "Text__c:Count__c\na:1\n" if delimiter is None else "Text__c,Count__c\na,1\n"
    with pytest.raises(InvalidInput, match="delimiter=") as e:
        bulk.insert("Load__c", io.StringIO(text), delimiter=delimiter)
    assert "Is it" not in str(e.value)


@pytest.mark.parametrize(
    ("option", "value"), [("skip_rows", -1), ("delimiter", ";;"), ("blank_rows", "maybe")]
)
def test_wrong_layouts_name_the_option(bulk, option, value):
    with pytest.raises(InvalidInput, match=option):
        bulk.insert("Load__c", [{"Text__c": "x"}], **{option: value})


# Columns


SOURCES = {
    "dicts": lambda: [{"name": "a", "junk": 1}, {"name": "b", "junk": 2}],
    "csv": lambda: io.StringIO("name,junk\na,1\nb,2\n"),
    "pandas": lambda: pd.DataFrame({"name": ["a", "b"], "junk": [1, 2]}),
    "polars": lambda: pl.DataFrame({"name": ["a", "b"], "junk": [1, 2]}),
    "arrow": lambda: pa.table({"name": ["a", "b"], "junk": [1, 2]}),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_columns_are_renamed_dropped_and_added_for_every_source(bulk, stored, kind):
    columns = {"name": "Text__c", "junk": None}
    result = bulk.insert("Load__c", SOURCES[kind](), columns=columns)
    assert [row.status for row in result] == ["success"] * 2
    bulk.insert("Load__c", SOURCES[kind](), columns=columns, constants={"Count__c": 7})
    held = stored("SELECT Text__c, Count__c FROM Load__c ORDER BY Id")
    assert held == [("a", None), ("b", None), ("a", 7.0), ("b", 7.0)]


def test_wrong_names_and_constants_are_refused(bulk):
    rows = [{"name": "a"}]
    with pytest.raises(InvalidInput, match="no column 'nam' to rename"):
        bulk.insert("Load__c", rows, columns={"nam": "Text__c"})
    with pytest.raises(InvalidInput, match="constants, column 'Text__c'"):
        bulk.insert("Load__c", rows, columns={"name": None}, constants={"Text__c": object()})
    with pytest.raises(InvalidInput, match="comes twice"):
        bulk.insert("Load__c", rows, columns={"name": "Text__c"}, constants={"Text__c": "x"})


def test_a_journal_goes_on_with_columns_and_constants(bulk, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("name,junk\na,1\n")
    options = {"columns": {"name": "Text__c", "junk": None}, "constants": {"Long__c": CLEAR}}
    bulk.insert("Load__c", path, journal=tmp_path / "journal", **options)
    assert bulk.resume(tmp_path / "journal").rows == 1


# Rows of other kinds


@dataclasses.dataclass
class Plain:
    Text__c: str
    Long__c: str


@dataclasses.dataclass(slots=True)
class Slotted:
    Text__c: str
    Long__c: str


QUERY = "SELECT 'a' AS Text__c, '1' AS Long__c UNION ALL SELECT 'b', '2'"


def sqlite_rows():
    database = sqlite3.connect(":memory:")
    database.row_factory = sqlite3.Row
    found = list(database.execute(QUERY))
    database.close()
    return found


def attrs_rows():
    row = attrs.make_class("Row", ["Text__c", "Long__c"])
    return [row(*values) for values in ROWS]


def pydantic_rows():
    row = pydantic.create_model("Row", Text__c=(str, ...), Long__c=(str, ...))
    return [row(Text__c=a, Long__c=b) for a, b in ROWS]


def sqlalchemy_rows():
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        found = connection.execute(sqlalchemy.text(QUERY)).all()
    engine.dispose()
    return found


KINDS = {
    "namedtuple": lambda: list(map(namedtuple("Row", "Text__c Long__c")._make, ROWS)),
    "dataclass": lambda: [Plain(*values) for values in ROWS],
    "slots": lambda: [Slotted(*values) for values in ROWS],
    "sqlite3": sqlite_rows,
    "attrs": attrs_rows,
    "pydantic": pydantic_rows,
    "sqlalchemy": sqlalchemy_rows,
}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_may_be_anything_whose_values_have_names(kind):
    rows = KINDS[kind]()
    assert rows_of(rows) == (("Text__c", "Long__c"), ROWS)
    assert rows_of(iter(rows)) == (("Text__c", "Long__c"), ROWS)
    source = open_source(rows)
    assert list(source.chunks())
    assert list(source.records) == [{"Text__c": a, "Long__c": b} for a, b in ROWS]


# A list that the caller uses again


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_results_show_the_rows_that_were_sent(bulk, api):
    """Trap: the results of the first job showed the records of the second."""
    rows = [{"Text__c": str(n)} for n in range(10)]
    result = bulk.insert("Load__c", rows, api=api)
    job = bulk.submit_insert("Load__c", rows, api=api)
    rows[0]["Text__c"] = "changed"
    del rows[4:]
    rows += [{"Text__c": "other"}] * 10
    for found in (result, job.result()):
        assert [row.record["Text__c"] for row in found] == [str(n) for n in range(10)]


CHANGES = {
    "nothing": lambda row: None,
    "value": lambda row: row.update(Text__c="changed"),
    "value that equals nothing": lambda row: row.update(Text__c=pd.NA),
    "one more": lambda row: row.update(More__c="1"),
    "one less": lambda row: row.pop("Long__c"),
    "other name": lambda row: row.update(Other__c=row.pop("Long__c")),
    "emptied": dict.clear,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("nested", [False, True])
def test_records_are_kept_as_they_were_read(change, nested):
    long = {"Name": "x"} if nested else "x"
    rows = [{"Text__c": str(n), "Long__c": long} for n in range(1_234)]
    sent = [dict(row) for row in rows]
    source = open_source(rows)
    assert sum(map(len, source.chunks())) == len(rows)
    for at in (0, 499, 500, 777, 1_233):
        CHANGES[change](rows[at])
    del rows[3:9]
    kept = source.records
    assert list(kept) == sent
    assert len(kept) == len(sent)
    for part in (slice(490, 1_010), slice(0, 0), slice(1_230, 9_999), slice(3, 900, 7)):
        assert list(kept[part]) == sent[part]
    assert kept[-1] == sent[-1]
    with pytest.raises(IndexError):
        kept[1_234]


def test_rows_of_one_column_are_kept_too():
    rows = [{"Text__c": str(n)} for n in range(600)]
    source = open_source(rows)
    assert sum(map(len, source.chunks())) == len(rows)
    assert list(source.records) == rows
    rows[-1]["Text__c"] = "changed"
    assert source.records[599] == {"Text__c": "599"}


class OnePiece:
    """A file that gives all it has, however little is asked for."""

    def __init__(self, content):
        self.content = [content]

    def read(self, size=-1):
        return self.content.pop() if size and self.content else b""


def test_a_file_that_gives_more_than_it_is_asked_for_loses_nothing():
    """Trap: a ValueError of memoryview."""
    columns, rows = rows_of(OnePiece(b"Text__c\n" + b"abc\n" * 50_000))
    assert (columns, len(rows)) == (("Text__c",), 50_000)


class Stalling:
    """A file that does not block, and has nothing the second time that it is asked."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def read(self, size=-1):
        return self.pieces.pop(0) if size else self.pieces[0][:0]


@pytest.mark.parametrize("piece", ["Text__c\na\n", b"Text__c\na\n"])
def test_a_file_that_has_nothing_yet_is_not_taken_for_its_end(piece):
    """Trap: text ended there in silence, bytes in a TypeError."""
    with pytest.raises(InvalidInput, match=r"does not block.*io\.BytesIO"):
        rows_of(Stalling(piece, None, piece))


def test_a_file_without_sizes_is_refused_with_what_to_do():
    class Whole:
        def read(self):
            return b""

    with pytest.raises(InvalidInput, match=r"cannot be read in pieces.*io\.BytesIO"):
        rows_of(Whole())


@pytest.mark.parametrize("module", [lzma, bz2])
def test_a_damaged_archive_that_the_caller_opened_is_refused(module):
    """Trap: the archive's own error."""
    packed = module.compress(b"Text__c\n" + os.urandom(30_000).hex().encode())
    damaged = packed[:3_000] + b"\xff\xff" + packed[3_002:]
    with pytest.raises(InvalidInput, match=r"cannot be read to its end.*Nothing was sent"):
        rows_of(module.open(io.BytesIO(damaged)))


def test_a_parquet_file_that_is_damaged_inside_is_refused(tmp_path):
    """Trap: a bare OSError of pyarrow."""
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"Text__c": [str(number) for number in range(5_000)]}), path)
    path.write_bytes(b"PAR1" + b"\xff" * 300 + path.read_bytes()[304:])
    with pytest.raises(InvalidInput, match=r"cannot be read to its end.*Nothing was sent"):
        rows_of(path)


@pytest.mark.parametrize("device", [True, False])
def test_a_header_without_end_is_not_read_for_ever(tmp_path, device):
    """Trap: /dev/zero, whose first line filled the memory."""
    zeros = tmp_path / "zeros.csv"
    zeros.write_bytes(bytes(1_000_000))
    with pytest.raises(InvalidInput, match="has no end"):
        rows_of("/dev/zero" if device else zeros)


# Rows that are none


def _one_row(kind):
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    rows = {
        "dataclass": dataclasses.make_dataclass("Made", ["Text__c"])("a"),
        "namedtuple": namedtuple("Named", "Text__c")("a"),
        "sqlite3": connection.execute("SELECT 'a' AS Text__c").fetchone(),
        "pydantic": pydantic.create_model("Model", Text__c=(str, ...))(Text__c="a"),
        "attrs": attrs.make_class("Attrs", ["Text__c"])("a"),
    }
    connection.close()
    return rows[kind]


@pytest.mark.parametrize("kind", ["dataclass", "namedtuple", "sqlite3", "pydantic", "attrs"])
def test_one_row_that_is_not_in_a_list_is_refused_as_such(kind):
    with pytest.raises(InvalidInput, match="put it in a list"):
        open_source(_one_row(kind))
    assert rows_of([_one_row(kind)])[1] == [("a",)]


def test_outcomes_of_rows_are_no_rows(bulk):
    """Trap: an unknown column 'number', and the nearest field's name."""
    result = bulk.insert("Load__c", [{"Text__c": "a"}])
    for records in (result, result.succeeded, list(result)):
        with pytest.raises(InvalidInput, match=r"row\.record"):
            bulk.insert("Load__c", records)


def test_a_row_with_more_cells_than_the_header_is_refused_as_such():
    """csv.DictReader keeps them under None."""
    with pytest.raises(InvalidInput, match="Row 2 has more cells than the header"):
        rows_of(csv.DictReader(io.StringIO("A,B\na,1\nb,2,3\n")))


class Rating(enum.Enum):
    hot = "Hot"


@pytest.mark.parametrize(
    ("value", "what"), [(Rating.hot, r"its \.value"), (object(), "text of it")]
)
def test_a_value_of_another_type_is_refused_with_what_to_do(bulk, value, what):
    with pytest.raises(InvalidInput, match=what):
        bulk.insert("Load__c", [{"Text__c": value}])


@dataclasses.dataclass
class Pages:
    """Of a caller's: has fields, and holds rows."""

    name: str

    def __iter__(self):
        return iter([{"Text__c": self.name}])


class Listed(pydantic.RootModel[list[dict[str, str]]]):
    def __iter__(self):
        return iter(self.root)


@dataclasses.dataclass
class Pile(list):
    """A list with a field."""

    name: str = "a"


def test_what_has_fields_and_an_iterator_of_its_own_holds_rows():
    pile = Pile()
    pile.append({"Text__c": "a"})
    for records in (Pages("a"), Listed([{"Text__c": "a"}]), pile):
        assert rows_of(records) == (("Text__c",), [("a",)])


def test_a_file_of_failed_rows_says_why_columns_and_constants_are_not_said_again(bulk, tmp_path):
    options = {"columns": {"name": "Text__c", "junk": None}, "constants": {"Long__c": "x"}}
    rows = [{"name": "a" * 300, "junk": 1}]
    failed = bulk.insert("Load__c", rows, on_error="report", **options).failed
    failed.to_csv(tmp_path / "failed.csv")
    for name, value in options.items():
        with pytest.raises(InvalidInput, match="A result's file has the names"):
            bulk.insert("Load__c", tmp_path / "failed.csv", **{name: value})
    assert bulk.insert("Load__c", tmp_path / "failed.csv", on_error="report").failed == 1


def test_a_constant_that_is_a_column_says_how_to_leave_that_out(bulk):
    rows = [{"Text__c": "a", "Long__c": "b"}]
    with pytest.raises(InvalidInput, match=r"columns=\{'Long__c': None\}"):
        bulk.insert("Load__c", rows, constants={"Long__c": "x"})
    result = bulk.insert("Load__c", rows, columns={"Long__c": None}, constants={"Long__c": "x"})
    assert result.succeeded == 1


@pytest.mark.parametrize(
    "body",
    [pd.DataFrame({"Name": ["x"]}), pd.Series(["x"], name="Name"), pl.DataFrame({"Name": ["x"]}),
     pa.table({"Name": ["x"]})],
    ids=["frame", "series", "polars", "arrow"],
)  # fmt: skip
def test_a_frame_is_no_batch(bulk, body):
    """Trap: iterated, it gives the names of its columns, which are a batch without rows."""
    job_id = bulk.create_insert_job("Load__c")
    with pytest.raises(InvalidInput, match=rf"job {job_id}.*to_csv.*insert\(\)"):
        bulk.post_batch(job_id, body)
    assert bulk.get_batch_list(job_id) == []
