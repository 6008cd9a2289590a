"""Rows found again in results that are in no order and written in another way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.load.row_matching import (
    ResultLine,
    RowShape,
    match_rows,
    normal_of,
    read_result_lines,
)
from salesforce_bulk.models import RowError

LEFT = RowError("NotTold", "nothing")
CELL = st.sampled_from(["", "a", "b", "A"])
ROWS = st.lists(st.tuples(CELL, CELL), max_size=12)


def shape(*keys, types=("string", "string")):
    return RowShape(("A", "B"), tuple(map(normal_of, types)), keys)


def match(rows, lines, by):
    return match_rows(lambda: iter(rows), lambda: iter(lines), by, LEFT)


@given(ROWS, st.randoms(use_true_random=False))
def test_every_row_is_found_whatever_the_order_and_however_often_it_comes(rows, chance):
    """Trap: results paired by position."""
    lines = [ResultLine(list(row), "true", f"id{at}", "true", "") for at, row in enumerate(rows)]
    chance.shuffle(lines)
    found = match(rows, lines, shape())
    assert [success for _, success, _, _ in found] == ["true"] * len(rows)
    by_id = {line.id: tuple(line.cells) for line in lines}
    assert [by_id[record_id] for record_id, _, _, _ in found] == rows
    assert len({record_id for record_id, _, _, _ in found}) == len(rows)


@given(ROWS, ROWS)
def test_what_nothing_is_told_of_is_unknown_and_never_guessed(rows, told):
    """Trap: rows in none of the files counted as successes."""
    lines = [ResultLine(list(row), "true", "id", "true", "") for row in told]
    found = match(rows, lines, shape())
    for row, (record_id, success, _, error) in zip(rows, found, strict=True):
        if success == "unknown":
            code = "NotTold" if row not in told else "NotTellable"
            assert (record_id, error.partition(":")[0]) == ("", code)
        elif row not in told:
            # As many lines as rows were left, and all lines said the same.
            assert len(rows) == len(told)


def test_a_key_finds_what_cells_do_not():
    """Trap: a column whose values do not come back; rows cannot be located although written."""
    rows = [("k1", "1.50"), ("k2", "x"), ("", "no key")]
    lines = [
        ResultLine(["", "no key"], "false", "", "false", "E:m:--"),
        ResultLine(["K2", ""], "true", "id2", "false", ""),
        ResultLine(["k1", "lost"], "true", "id1", "true", ""),
    ]
    by_key = RowShape(("A", "B"), (str.casefold, normal_of("string")), (0,))
    assert [row[0:2] for row in match(rows, lines, by_key)] == [
        ("id1", "true"), ("id2", "true"), ("", "false")]  # fmt: skip


def test_equal_rows_take_their_ids_in_the_order_of_the_file():
    lines = [ResultLine(["x", "y"], "true", one, "true", "") for one in "abc"]
    assert [row[0] for row in match([("x", "y")] * 3, lines, shape())] == ["a", "b", "c"]


def test_a_key_that_is_not_unique_is_no_key():
    rows = [("k", "1"), ("k", "2")]
    lines = [
        ResultLine(["k", "2"], "true", "two", "", ""),
        ResultLine(["k", "1"], "true", "one", "", ""),
    ]
    assert [row[0] for row in match(rows, lines, shape(0))] == ["one", "two"]


def test_rows_that_came_back_without_cells_are_settled_by_what_is_left():
    rows = [("a", "1"), ("b", "2"), ("c", "3")]
    blank = ResultLine(["", ""], "false", "", "false", "INVALID_FIELD:ragged:--")
    lines = [ResultLine(["b", "2"], "true", "id", "true", ""), blank, blank]
    assert [row[1] for row in match(rows, lines, shape())] == ["false", "true", "false"]
    other = blank._replace(error="ANOTHER:x:--")
    found = match(rows, [lines[0], blank, other], shape())
    assert [row[1] for row in found] == ["unknown", "true", "unknown"]


@pytest.mark.parametrize(
    ("field_type", "one", "other"),
    [
        ("double", "912260031", "9.12260031E8"),
        ("currency", "0", "0.00"),
        ("int", "12", "12.0"),
        ("datetime", "2024-01-31T23:01:01.000Z", "2024-02-01T00:01:01.000+0100"),
        ("datetime", "2024-01-31T23:01:01Z", "2024-01-31T23:01:01.000+0000"),
        ("date", "2024-01-31", "2024-01-31Z"),
        ("boolean", "1", "TRUE"),
        ("reference", "001000000000001", "001000000000001AAA"),
        ("string", "a\r\nb", "a\nb"),
        ("string", "#N/A", ""),
        ("time", "23:01:01.000Z", "23:01:01.000"),
    ],
)
def test_a_value_is_known_again_however_it_is_written(field_type, one, other):
    """Trap: content-hash matching of results that are not byte-identical."""
    normal = normal_of(field_type)
    assert normal(one) == normal(other)
    assert normal(one) != normal("7")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_a_number_is_known_again_in_scientific_notation(value):
    assert normal_of("double")(str(value)) == normal_of("double")(f"{Decimal(value):E}")


def test_a_result_file_is_read_by_name_and_refused_where_it_is_ragged():
    body = b'"B","sf__Created","sf__Id",a\n"2","true","id","1"\n'
    lines = list(read_result_lines("successfulResults", [body[:9], body[9:]], ["A", "B"], "why"))
    assert lines == [ResultLine(["1", "2"], "true", "id", "true", "")]
    assert list(read_result_lines("unprocessedrecords", [], ["A"], "why")) == []
    with pytest.raises(ValueError, match="2 cells"):
        list(read_result_lines("failedResults", [b'"sf__Id","sf__Error",A\n"",""\n'], ["A"], "why"))
    with pytest.raises(ValueError, match="not in list"):
        list(read_result_lines("failedResults", [b'"sf__Id",A\n"",""\n'], ["A"], "why"))
