"""Cutting rows into bodies: nothing is lost, nothing is doubled, no bound is broken."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import RowEncoder
from salesforce_bulk.load.batching import Bounds, cut
from salesforce_bulk.load.plan import PlanRules, RepeatedKeys, make_plan
from salesforce_bulk.storage.spool import Spool

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
ROWS = st.lists(st.tuples(TEXT, TEXT), max_size=40)
HEADER = b"A,B\n"


def chunks_of(rows, size):
    return (rows[start : start + size] for start in range(0, len(rows), size))


def parsed(body):
    return [tuple(row) for row in csv.reader(io.StringIO(body.decode(), newline=""))][1:]


@given(ROWS, st.integers(1, 12), st.integers(1, 9), st.integers(60, 400), st.integers(40, 300))
def test_the_parts_together_are_the_input_for_any_rows_and_bounds(
    rows, records, chunk, size, characters
):
    encoder = RowEncoder(["A", "B"])
    bounds = Bounds(records, size, characters)
    try:
        parts = list(cut(chunks_of(rows, chunk), encoder.encode, HEADER, bounds))
    except InvalidInput as error:
        alone = encoder.encode([rows[error.row - 1]], 1)
        assert len(alone[0]) + 4 > size or alone[1] + 4 > characters
        return
    assert [row for part in parts for row in parsed(part.body)] == rows
    assert [at for part in parts for at in part.positions] == list(range(1, len(rows) + 1))
    for part in parts:
        assert len(part.positions) <= records
        assert len(part.body) <= size
        assert len(part.body.decode()) <= characters


@given(ROWS, st.integers(1, 12), st.integers(1, 9))
def test_how_the_chunks_come_does_not_matter(rows, records, chunk):
    encoder = RowEncoder(["A", "B"])
    bounds = Bounds(records, 10_000)
    one = [part.body for part in cut([rows], encoder.encode, HEADER, bounds)]
    other = [part.body for part in cut(chunks_of(rows, chunk), encoder.encode, HEADER, bounds)]
    plain = [body.replace(b'"', b"") for body in one]
    assert [body.replace(b'"', b"") for body in other] == plain


@pytest.mark.parametrize("count", [0, 1, 9_999, 10_000, 10_001, 20_000, 20_001])
def test_a_lone_last_row_and_a_multiple_of_the_limit_lose_nothing(count):
    """Trap: counts such as 1, 10000, 10001 and 20001 lose a row in two published libraries."""
    rows = [(str(number),) for number in range(count)]
    parts = list(cut(chunks_of(rows, 500), RowEncoder(["A"]).encode, b"A\n", Bounds()))
    assert [row for part in parts for row in parsed(part.body)] == rows
    assert len(parts) == -(-count // 10_000)


def test_bytes_are_counted_as_they_are_sent():
    """Trap: byte budgets that forget quoting and UTF-8 width."""
    rows = [('"' * 20 + "€" * 20,)] * 50
    parts = list(cut([rows], RowEncoder(["A"]).encode, b"A\n", Bounds(bytes=1_000)))
    assert max(len(part.body) for part in parts) <= 1_000
    assert len(parts[0].positions) == (1_000 - 2) // (2 + 40 + 60 + 1)


def test_a_row_that_fits_into_no_batch_is_named():
    with pytest.raises(InvalidInput) as caught:
        list(cut([[("x",), ("y" * 100,)]], RowEncoder(["A"]).encode, b"A\n", Bounds(bytes=50)))
    assert caught.value.row == 2


@given(st.lists(st.text(max_size=3), max_size=200))
def test_keys_that_come_twice_are_suspected_and_no_others(keys):
    check = RepeatedKeys()
    check.add(keys)
    twice = {hash(key) for key in keys if key and keys.count(key) > 1}
    assert check.suspects() == twice


@given(ROWS, st.integers(1, 5))
def test_an_arranged_plan_holds_every_row_once_under_its_number(rows, records):
    rules = PlanRules(("A", "B"), Bounds(records), group=(0, str.casefold))
    plan = make_plan(chunks_of(rows, 7), RowEncoder(["A", "B"]), rules, Spool())
    found = {
        number: row
        for index, part in enumerate(plan.parts)
        for number, row in zip(part.numbers, parsed(plan.body(index)), strict=True)
    }
    assert found == dict(enumerate(rows, 1))
