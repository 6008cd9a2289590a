"""Rows of 2.0 results: no value breaks the joining, and nothing is guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import InvalidInput
from salesforce_bulk.load.row_matching import ResultLine, RowShape, match_rows, normal_of
from salesforce_bulk.models import RowError

LEFT = RowError("NotTold", "nothing")
TYPES = ["double", "int", "boolean", "date", "datetime", "time", "id", "string", None]
ODD = ["sNaN", "NaN", "-Infinity", "1E999999999", "-1e-99999999", "1_000", "0001-01-01T00:00+14:00",
       "9999-12-31T23:59:59-12:00", "2024-02-30", "24:00", "#N/A", "", " ", "\r"]  # fmt: skip


def match(rows, lines, types=("string", "string"), keys=()):
    shape = RowShape(("A", "B"), tuple(map(normal_of, types)), keys)
    return match_rows(lambda: iter(rows), lambda: iter(lines), shape, LEFT)


def success(cells, record_id):
    return ResultLine(list(cells), "true", record_id, "true", "")


@pytest.mark.parametrize("field_type", TYPES)
@given(st.text(max_size=12) | st.sampled_from(ODD))
def test_no_text_of_a_cell_breaks_the_joining(field_type, text):
    """A file may hold what the org refuses; its refusal has to find its row all the same."""
    rows = [(text, "1"), ("0", "2")]
    lines = [success(rows[1], "two"), ResultLine([text, "1"], "false", "", "false", "E:m:--")]
    assert [row[1] for row in match(rows, lines, (field_type, "string"))] == ["false", "true"]


def test_a_line_of_another_row_is_not_given_to_the_row_that_is_left():
    """One row lost, another told twice: as many lines as rows are left, and they do not belong."""
    rows = [("a", "1"), ("b", "2")]
    lines = [success(rows[0], "one"), success(rows[0], "one")]
    assert [row[:2] for row in match(rows, lines)] == [("one", "true"), ("", "unknown")]
    failed = ResultLine(["a", "1"], "false", "", "false", "E:m:--")
    assert [row[1] for row in match(rows, [failed, failed])] == ["false", "unknown"]


def test_rows_that_differ_in_one_cell_are_not_mixed_up_by_equal_hashes(monkeypatch):
    """A hash of 64 bits says that two rows are equal when they are not, if seldom."""

    class Same(str):
        __slots__ = ()

        def __hash__(self):
            return 7

    rows = [(Same("a"), Same("1")), (Same("b"), Same("2"))]
    lines = [success((Same("b"), Same("2")), "two"), success((Same("a"), Same("1")), "one")]
    identity = (lambda text: text, lambda text: text)
    for keys in ((), (0,)):
        shape = RowShape(("A", "B"), identity, keys)
        found = match_rows(lambda: iter(rows), lambda: iter(lines), shape, LEFT)
        assert [row[0] for row in found] == ["one", "two"]


@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), unique=True, max_size=8))
def test_where_one_cell_ends_and_the_next_begins_counts(rows):
    lines = [success(row, f"id{at}") for at, row in enumerate(rows)]
    shape = RowShape(("A", "B"), (str, str), ())
    found = match_rows(lambda: iter(rows), lambda: reversed(lines), shape, LEFT)
    assert [row[0] for row in found] == [f"id{at}" for at in range(len(rows))]


def test_numbers_with_more_digits_than_the_org_keeps_are_known_again():
    """The org keeps doubles and writes them anew: 17 digits at most."""
    rows = [("0.12345678901234567890", "x"), ("12345678901234567890", "y")]
    lines = [
        success(("1.2345678901234567E19", "y"), "two"),
        success(("0.12345678901234568", "x"), "one"),
    ]
    assert [row[0] for row in match(rows, lines, ("double", "string"))] == ["one", "two"]


@pytest.mark.parametrize("text", ["1E999999999", "sNaN", "1E+999998"])
def test_numbers_that_are_none_break_no_check_of_keys(org, bulk, text):
    org.define_object(
        "Key__c",
        {"No__c": {"type": "double", "externalId": True, "precision": 18}, "Text__c": "text"},
    )
    rows = [{"No__c": text, "Text__c": "a"}, {"No__c": text, "Text__c": "b"}]
    with pytest.raises(InvalidInput, match="Rows 1 and 2"):
        bulk.upsert("Key__c", rows, "No__c")
