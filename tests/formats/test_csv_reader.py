"""CSV results, cut anywhere, come back as they were."""

import csv
import io
import itertools
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.csv_reader import (
    CsvReader,
    RecordCounter,
    RecordEnds,
    split_records,
)
from salesforce_bulk.wire.document import UnreadableDocument

DELIMITERS = [",", "`", "^", "|", ";", "\t"]
# What splitters, trimmers and state machines get wrong.
AWKWARD = st.text(st.sampled_from('",;|^`\t \n\r\u2028\x85\x0b\ufeffaé𝄞NUL'), max_size=8)
CELLS = st.one_of(AWKWARD, st.text(st.characters(exclude_characters="\0", codec="utf-8")))


@st.composite
def documents(draw):
    """(delimiter, line end, quoting, rows) with the same width in all rows."""
    width = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8))
    delimiter = draw(st.sampled_from(DELIMITERS))
    return delimiter, draw(st.sampled_from(["\n", "\r\n"])), rows


def written(rows, delimiter=",", line_end="\n"):
    buffer = io.StringIO(newline="")
    csv.writer(
        buffer, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL
    ).writerows(rows)
    return buffer.getvalue().encode()


def cut(body, places):
    """The body in pieces, cut at any places."""
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(edges)]


def read(pieces, **options):
    reader = CsvReader(**options)
    rows = [row for piece in pieces for row in reader.feed(piece)]
    reader.end()
    return reader, rows


PLACES = st.lists(st.integers(0, 10_000), max_size=12)


@given(documents(), PLACES)
def test_any_rows_cut_anywhere_come_back(document, places):
    """Whatever the cells hold and wherever the pieces end, the rows are those that were written."""
    delimiter, line_end, rows = document
    header = [f"c{index}" for index in range(len(rows[0]) if rows else 1)]
    body = written([header, *rows], delimiter, line_end)
    reader, found = read(cut(body, places), delimiter=delimiter)
    assert (reader.header, found, reader.rows) == (header, rows, len(rows))


@given(documents())
def test_byte_by_byte(document):
    """Pieces of one byte give the same rows as one piece."""
    delimiter, line_end, rows = document
    body = written([["h"] * (len(rows[0]) if rows else 1), *rows], delimiter, line_end)
    single = [body[at : at + 1] for at in range(len(body))]
    assert read(single, delimiter=delimiter)[1] == rows


@given(documents())
def test_the_splitter_for_huge_values_agrees_with_the_csv_module(document):
    """Where the csv module refuses, the own splitter reads the same."""
    delimiter, _, rows = document
    for quoting in (csv.QUOTE_ALL, csv.QUOTE_MINIMAL):
        buffer = io.StringIO(newline="")
        csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n", quoting=quoting).writerows(
            rows
        )
        assert split_records(buffer.getvalue(), delimiter) == rows


@pytest.mark.parametrize("numpy", [True, False], ids=["numpy", "without numpy"])
@given(document=documents(), places=PLACES)
def test_records_are_counted_without_being_read(numpy, document, places):
    """The counter finds as many records as there are, wherever the pieces end."""
    with pytest.MonkeyPatch.context() as patch:
        if numpy:
            pytest.importorskip("numpy")
        else:
            patch.delitem(sys.modules, "numpy", raising=False)
        _count(document, places)


def _count(document, places):
    delimiter, line_end, rows = document
    counter = RecordCounter()
    for piece in cut(written(rows, delimiter, line_end), places):
        counter.feed(piece)
    assert (counter.records, counter.in_quotes) == (len(rows), False)


@given(documents(), PLACES)
@example((",", "\n", [['"'], ["\n"]]), [1, 2, 3, 4, 5])
def test_what_ends_a_record_is_never_inside_of_one(document, places):
    """A body cut where RecordEnds says parses in two halves as it does in one."""
    delimiter, line_end, rows = document
    body = written(rows, delimiter, line_end)
    ends, seen = RecordEnds(delimiter), 0
    for piece in cut(body, places):
        end = ends.last(piece)
        if end:
            head, tail = body[: seen + end].decode(), body[seen + end :].decode()
            assert split_records(head, delimiter) + split_records(tail, delimiter) == rows
        seen += len(piece)


@given(documents(), st.integers(1, 10_000))
def test_a_cut_body_is_never_taken_for_a_whole_one(document, place):
    """Every proper beginning of a document that does not end at a record is refused."""
    delimiter, _, rows = document
    body = written([["h"] * (len(rows[0]) if rows else 1), *rows], delimiter)
    short = body[: place % len(body)]
    reader = CsvReader(delimiter)
    try:
        found = reader.feed(short)
        reader.end()
    except IncompleteBody:
        return
    # What remains is a cut exactly between two records, which only the count can tell.
    assert found == rows[: len(found)]
    assert not short or written([reader.header, *found], delimiter) == short


def test_a_value_beyond_the_csv_modules_limit_is_read():
    """A rich text of 300,000 characters arrives, and the limit of the process stays as it is."""
    limit = csv.field_size_limit()
    rows = [["1", "x" * 300_000 + '"\n'], ["2", "é" * 140_000]]
    assert read([written([["Id", "Body"], *rows])])[1] == rows
    assert csv.field_size_limit() == limit


def test_nul_characters_are_removed_or_kept():
    """NULs go by default and stay where that is asked for; neither ends the reading."""
    body = b'"Id","Name"\n"1","a\0b"\n"2","c"\n'
    assert read([body])[1] == [["1", "ab"], ["2", "c"]]
    assert read([body], keep_nul=True)[1] == [["1", "a\0b"], ["2", "c"]]


def test_a_byte_order_mark_is_not_part_of_the_first_column():
    """A BOM in pieces does not become part of the header."""
    body = b'\xef\xbb\xbf"Id"\n"1"\n'
    assert read([body[:1], body[1:2], body[2:]])[0].header == ["Id"]


@pytest.mark.parametrize("places", [[], [3, 17]])
def test_no_records_is_an_empty_result_and_no_column(places):
    """1.0's sentence for no rows is neither a header nor a row."""
    reader, rows = read(cut(b"Records not found for this query", places))
    assert (reader.header, rows) == (None, [])


def test_a_header_without_rows_is_an_empty_result():
    reader, rows = read([b'"Id","Name"\n'])
    assert (reader.header, rows) == (["Id", "Name"], [])


def test_a_page_with_another_header_is_refused():
    """A page that repeats no header, or another one, is never read as if it did."""
    with pytest.raises(UnreadableDocument, match="header"):
        read([b'"1","Acme"\n"2","Beta"\n'], header=["Id", "Name"])
    with pytest.raises(UnreadableDocument, match="header"):
        read([b'"Name","Id"\n'], header=["Id", "Name"])


@pytest.mark.parametrize("row", [b'"1"\n', b'"1","2","3"\n', b"\n"])
def test_a_row_of_another_width_is_refused(row):
    """More or fewer values than columns are damage, and the message says in which row."""
    with pytest.raises(UnreadableDocument, match=r"row 2 has \d values for 2 columns"):
        read([b'"Id","Name"\n"0","x"\n' + row])


def test_a_record_without_its_line_end_is_incomplete():
    """Whatever else may say that the body is whole."""
    for cut in (b'"2"', b'"2', b'"2""', b"2"):
        with pytest.raises(IncompleteBody):
            read([b'"Id"\n"1"\n' + cut])


def test_bytes_that_are_not_utf8_are_an_error():
    """No other encoding is tried: a wrong guess would change every name."""
    with pytest.raises(UnreadableDocument, match="UTF-8"):
        read(['"Id","Name"\n"1","Zoë"\n'.encode("latin-1")])


def test_text_that_is_no_csv_is_an_error():
    with pytest.raises(UnreadableDocument, match="not CSV"):
        read([b'"Id"\n"1"x"y"\n'])
