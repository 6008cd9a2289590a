"""A body that breaks off is never taken for a whole one, and a page never for another."""

import re

import pytest
from canned_org import CannedOrg, page
from cut_bodies import CORPUS, SINKS, wrong_wholes

from salesforce_bulk import IncompleteBody, ReconciliationError, SalesforceBulk
from salesforce_bulk.export.csv_file import RecordCounter
from salesforce_bulk.wire.v1 import UnreadableDocument

#: Sinks that read all pages.
WHOLE = [name for name in SINKS if name != "parts"]


@pytest.mark.parametrize("body", CORPUS)
def test_a_body_cut_anywhere_is_never_a_wrong_whole(body):
    """Some bytes of the long form: python tests/support/cut_bodies.py."""
    every = 29
    first = list(CORPUS).index(body) * 5
    assert [each for each in wrong_wholes(every, [body], first=first) if each[1]] == []


def export(org, clock, soql="SELECT Id, Name FROM Thing", **options):
    bulk = SalesforceBulk(sessionId="x", host=org.host, API_version="64.0", clock=clock)
    return bulk.export(soql, **options)


@pytest.mark.parametrize("sink", WHOLE)
@pytest.mark.parametrize("sized", [True, False])
@pytest.mark.parametrize("cut", [b'"2","say ""', b'"2","say ""hi', b'"2","say ""hi"""', b'"2","x"'])
def test_a_last_record_counts_only_with_its_line_end(clock, sink, sized, cut, tmp_path):
    """Behind a doubled quote, or a quote, a cut cell looks like a whole one, and the rows are as
    many as the server counted; a proxy may even give the rest a length."""
    body = b'"Id","Name"\n"1","x"\n' + cut
    answer = (body, {"Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"})
    with CannedOrg({None: answer}, 2, sized=sized) as org, pytest.raises(IncompleteBody):
        SINKS[sink](export(org, clock), tmp_path)


@pytest.mark.parametrize("sink", WHOLE)
def test_a_page_that_comes_under_two_locators_is_noticed(clock, sink, tmp_path):
    """Its rows would come twice and another page's never; the counts agree."""
    same = [("1", "a"), ("2", "b")]
    pages = {None: page(same, "L1"), "L1": page([("3", "c"), ("4", "d")], "L2"), "L2": page(same)}
    with CannedOrg(pages, 6) as org, pytest.raises(ReconciliationError, match="same rows") as error:
        SINKS[sink](export(org, clock), tmp_path)
    assert "(first)" in str(error.value)
    assert "L2" in str(error.value)


def test_equal_pages_without_ids_are_noted(clock, tmp_path):
    """They may be what they look like; who reads them is told."""
    pages = {
        None: page([("a",)], "L1", ["Name"]),
        "L1": page([("a",)], header=["Name"]),
    }
    with CannedOrg(pages, 2) as org:
        made = export(org, clock, "SELECT Name FROM Thing")
        assert [row["Name"] for row in made] == ["a", "a"]
    assert any("same rows" in note for note in made.notes)


def test_pages_without_rows_are_alike(clock):
    """As PK chunking gives many of them."""
    pages = {None: page([], "L1"), "L1": page([], "L2"), "L2": page([("1", "a")])}
    with CannedOrg(pages, 1) as org:
        made = export(org, clock)
        assert [row["Id"] for row in made] == ["1"]
    assert not any("same" in note for note in made.notes)


@pytest.mark.parametrize("sink", WHOLE)
def test_a_header_in_the_place_of_a_record_is_noticed(clock, sink, tmp_path):
    """A server that joined two files gives one; the counts agree."""
    rows = [("1", "a"), ("Id", "Name"), ("2", "b")]
    with (
        CannedOrg({None: page(rows)}, 3) as org,
        pytest.raises(ReconciliationError, match="header"),
    ):
        SINKS[sink](export(org, clock), tmp_path)


def test_a_record_that_looks_like_the_header_may_be_one(clock, caplog):
    """Without an Id nobody can tell; it stays, and is in the log."""
    rows = [("a",), ("Name",)]
    with CannedOrg({None: page(rows, header=["Name"])}, 2) as org:
        made = export(org, clock, "SELECT Name FROM Thing")
        assert [row["Name"] for row in made] == ["a", "Name"]
    assert "header" in caplog.text


def test_a_line_of_a_text_that_looks_like_the_header_is_one(clock):
    """Quoted, its quotes are doubled."""
    rows = [("1", '\n""Id"",""Name""\n')]
    with CannedOrg({None: page(rows)}, 1) as org:
        assert [row["Name"] for row in export(org, clock)] == ['\n"Id","Name"\n']


@pytest.mark.parametrize("sink", WHOLE)
@pytest.mark.parametrize("soql", ["SELECT Id, Name FROM Thing", "SELECT Id FROM Thing"])
@pytest.mark.parametrize("blank", [b"\n", b"\r\n"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_a_lone_blank_record_is_noticed(clock, sink, soql, blank, place, tmp_path):
    """pyarrow would pass over it, and a copied file would keep it; the counts agree."""
    columns = re.search("SELECT (.*) FROM", soql)[1].split(", ")
    body, headers = page([[f"{n}"] * len(columns) for n in range(2)], header=columns)
    lines = body.splitlines(keepends=True)
    lines.insert({"first": 1, "middle": 2, "last": 3}[place], blank)
    headers["Sforce-NumberOfRecords"] = "3"
    with CannedOrg({None: (b"".join(lines), headers)}, 3) as org, pytest.raises(UnreadableDocument):
        SINKS[sink](export(org, clock, soql), tmp_path)


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_blank_lines_within_texts_are_no_records(size):
    """Wherever the document is cut into pieces, with numpy and without."""
    text = b'"1","a\n\nb\r\n\r\n"\n"2","\n\n"\n'
    counter = RecordCounter()
    feed(counter, text, size)
    assert counter.records == 2
    with pytest.raises(UnreadableDocument, match="blank"):
        feed(counter, b"\n" + text, size)


def feed(counter, text, size):
    for start in range(0, len(text), size):
        counter.feed(text[start : start + size])
