"""Rows of 2.0 results: no value breaks the joining, and nothing is guessed."""

from datetime import datetime, timedelta, timezone

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


@given(
    st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1)), st.sampled_from(["Z", "+0000", "+00:00"])
)
def test_a_time_has_one_form_however_it_is_written(moment, zone):
    form, moment = (
        normal_of("datetime"),
        moment.replace(microsecond=moment.microsecond // 1000 * 1000),
    )
    elsewhere = moment.replace(tzinfo=timezone.utc).astimezone(timezone(timedelta(hours=5)))
    written = {moment.isoformat(timespec="milliseconds") + zone, moment.isoformat(), str(elsewhere)}
    assert len(set(map(form, written))) == 1


@pytest.mark.parametrize(
    "text", ["2024-02-30T00:00:00.000Z", "2024-01-01T24:00:00.000Z", "0000-01-01T00:00:00.000Z"]
)
def test_what_is_no_time_has_the_form_of_a_text(text):
    assert normal_of("datetime")(text) == normal_of("datetime")(f" {text} ") == text


def test_rows_are_found_across_the_blocks_in_which_they_are_read():
    """Texts are looked at many at a time; the org keeps no blanks and no carriage returns."""
    texts = [f" {number}\r\n." if number % 300 == 7 else f"{number} " for number in range(1_000)]
    texts[500:503] = ["#N/A", "\r", "x\ry"]
    rows = [(text, str(number)) for number, text in enumerate(texts)]
    kept = [text.replace("\r\n", "\n").replace("\r", "\n").strip() for text in texts]
    kept[500] = ""
    lines = [success((kept[number], str(number)), f"id {number}") for number in range(999, -1, -1)]
    assert [row[0] for row in match(rows, lines)] == [f"id {number}" for number in range(1_000)]
    assert [row[0] for row in match(rows, lines, keys=(1,))] == [f"id {n}" for n in range(1_000)]


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
