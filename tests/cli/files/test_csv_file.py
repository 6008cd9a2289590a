import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.cli.files.csv_file import CsvTable, parse_csv, read_csv
from salesforce_bulk.errors import InvalidInput


def parsed(text):
    return parse_csv(io.StringIO(text, newline=""), "file.csv")


# The csv module of Python 3.10 refuses NUL.
cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.tuples(*[cells] * width), min_size=1)))
def test_cells_are_what_a_csv_writer_wrote(rows):
    header = tuple(f"c{number}" for number in range(len(rows[0])))
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    assert parsed(text.getvalue()) == CsvTable(header, rows)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = tmp_path / "bom.csv"
    path.write_bytes(b"\xef\xbb\xbfName,City\r\nA,B\r\n")
    assert read_csv(path) == CsvTable(("Name", "City"), [("A", "B")])


def test_line_ends_blanks_and_commas_within_quotes_stay(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_bytes(b'a,b\n"x\r\ny"," ""z"", "\n')
    assert read_csv(path).rows == [("x\r\ny", ' "z", ')]


def test_blank_lines_are_not_rows():
    assert parsed("a,b\n\n1,2\n\n").rows == [("1", "2")]


@pytest.mark.parametrize("row", ["1", "1,2,3"])
def test_a_ragged_row_is_refused_with_its_number_and_line(row):
    with pytest.raises(InvalidInput, match=r"file\.csv, row 2 \(line 4\): \d cells") as caught:
        parsed(f'a,b\n"x\ny",2\n{row}\n')
    assert caught.value.row == 2


@pytest.mark.parametrize("header", ["Name,Name", "Name,NAME", "Name, name "])
def test_a_column_named_twice_is_refused(header):
    with pytest.raises(InvalidInput, match="more than one column 'Name'") as caught:
        parsed(f"{header}\n1,2\n")
    assert caught.value.column == "Name"


def test_several_columns_may_be_without_a_name():
    assert parsed(",,a\n1,2,3\n").header == ("", "", "a")


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_refused(text):
    with pytest.raises(InvalidInput, match="empty"):
        parsed(text)


def test_a_header_without_rows_is_refused():
    with pytest.raises(InvalidInput, match="no rows"):
        parsed("a,b\n")


@pytest.mark.parametrize("text", ['a\n"open\n', 'a\n"x"y\n'])
def test_broken_quotes_are_refused(text):
    with pytest.raises(InvalidInput, match="not CSV, line 2"):
        parsed(text)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_another_encoding_is_refused(tmp_path, encoding):
    path = tmp_path / "other.csv"
    path.write_text("Name\nZürich\n", encoding=encoding)
    with pytest.raises(InvalidInput, match="not UTF-8"):
        read_csv(path)
