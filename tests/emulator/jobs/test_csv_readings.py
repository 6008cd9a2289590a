"""Batches in CSV in each reading of a dialect: rows that are not in question stay as they are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.data.values import UNCHANGED
from salesforce_bulk.emulator.fidelity.dialect import CHOICES, Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.csv_readings import read_csv

READINGS = [
    (name, value)
    for name in (
        "bulk1.row.lone_cr",
        "bulk1.row.blank_beside_quote",
        "bulk1.row.blank_line",
        "bulk1.row.empty_quoted_line",
        "bulk1.row.width",
    )
    for value in CHOICES[name].values
]
cells = st.text('a",\n é\t#N/A', min_size=1, max_size=6)


def read(text, name, value):
    table = read_csv(lambda: io.StringIO(text, newline=""), Dialect({name: value}))
    return list(table.columns), [list(row) for row in table.rows], table.count


@given(
    st.lists(st.tuples(cells, cells), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(READINGS),
)
def test_good_csv_is_the_same_in_every_reading(rows, line_end, quoting, reading):
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=line_end, quoting=quoting).writerows([("A", "B"), *rows])
    text = file.getvalue()
    plain = wire.read_csv(lambda: io.StringIO(text, newline=""))
    assert read(text, *reading) == (["A", "B"], [list(row) for row in plain.rows], len(rows))


@pytest.mark.parametrize(
    ("reading", "text", "rows"),
    [
        ("trimmed", '"A", "B"\n"1" , "2"\n', [["1", "2"]]),
        ("trimmed", ' "A","B" \n"1","2" ', [["1", "2"]]),
        ("trimmed", 'A,B\n"" ,"#N/A" \n', [[UNCHANGED, None]]),
        ("trimmed", 'A,B\n" 1 ","say ""x"""\n', [[" 1 ", 'say "x"']]),
        ("row error", 'A,B\n"1", "2"\n3,4\n', [["1", "2", None], ["3", "4"]]),
    ],
)
def test_blanks_beside_quotes(reading, text, rows):
    assert read(text, "bulk1.row.blank_beside_quote", reading) == (["A", "B"], rows, len(rows))


def test_text_between_quotes_is_unreadable_in_every_reading():
    with pytest.raises(wire.CsvError):
        read('A\n"1" "2"\n', "bulk1.row.blank_beside_quote", "trimmed")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_blank_line_is_a_record_of_one_empty_cell(end):
    text = f'A{end}{end}"x{end}{end}y"{end}{end}{end}'
    rows = [[UNCHANGED], [f"x{end}{end}y"], [UNCHANGED], [UNCHANGED]]
    assert read(text, "bulk1.row.blank_line", "a record") == (["A"], rows, 4)


def test_a_line_of_empty_quotes_is_no_record():
    text = 'A\n""\n1\n'
    assert read(text, "bulk1.row.empty_quoted_line", "no record") == (["A"], [["1"]], 1)


def test_rows_of_another_width_are_padded_or_fail():
    text = "A,B\n1\n1,2,3\n"
    rows = [["1", UNCHANGED], ["1", "2"]]
    assert read(text, "bulk1.row.width", "padded") == (["A", "B"], rows, 2)
    with pytest.raises(wire.CsvError, match="Expected 2 fields"):
        read(text, "bulk1.row.width", "Failed")


def test_a_lone_cr_within_quotes_is_text():
    text = 'A\n"1\r2"\n'
    assert read(text, "bulk1.row.lone_cr", "Failed") == (["A"], [["1\r2"]], 1)
    with pytest.raises(wire.CsvError, match="neither LF nor CRLF"):
        read("A\r1\r", "bulk1.row.lone_cr", "Failed")
