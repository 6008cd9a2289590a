"""Rows whose order is not that of the source: grouped, or the last of each key."""

import csv
import io
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import InvalidInput
from salesforce_bulk.api.describe import FieldDescribe
from salesforce_bulk.formats.row_encoder import ColumnChunk, RowEncoder
from salesforce_bulk.load.batching import Bounds
from salesforce_bulk.load.checks import Key, normal_form
from salesforce_bulk.load.plan import PlanRules, make_plan
from salesforce_bulk.load.row_order import RowOrder, arrange
from salesforce_bulk.storage.spool import Spool

GROUPS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", None]), st.integers(1, 30)), max_size=40
)


@given(GROUPS, st.integers(1, 8), st.integers(45, 120))
def test_a_group_is_in_one_part_or_in_parts_that_follow_each_other(groups, records, size):
    order = RowOrder(grouped=True, keep_last=False)
    widths = [width for _, width in groups]
    names = [group for group, _ in groups]
    order.add([b"x" * width for width in widths], widths, names, [None] * len(groups))
    parts = list(arrange(order.kept(), Bounds(records, size, size), b"A\n"))
    order.close()
    held = [[line.position for line in lines] for lines, _ in parts]
    assert sorted(at for positions in held for at in positions) == list(range(1, len(groups) + 1))
    for group in "abc":
        holders = [
            (index, parts[index][1])
            for index, positions in enumerate(held)
            if any(names[at - 1] == group for at in positions)
        ]
        for (before, _), (_, after) in pairwise(holders):
            assert after == before
    for positions in held:
        assert positions == sorted(positions)
        assert len(positions) <= records
        assert sum(widths[at - 1] for at in positions) + 2 <= size


CELL = st.sampled_from(["", "a", "A", "b", "c", "ä\nö", 'q"q', "x\ry"])
TABLE = st.lists(st.tuples(CELL, CELL, st.text(max_size=4)), max_size=30)


def parsed(plan, part):
    text = plan.spool.read(part.place).decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    return dict(zip(part.numbers, map(tuple, rows), strict=True))


@given(TABLE, st.integers(1, 6), st.booleans(), st.integers(1, 9))
def test_the_last_row_of_each_key_is_sent_and_every_row_is_accounted_for(
    rows, records, grouped, size
):
    rows = [tuple(cell.replace("\0", "") for cell in row) for row in rows]
    key = Key(0, "A", str.lower, required=False, unique=True)
    rules = PlanRules(
        ("A", "B", "C"),
        Bounds(records),
        key=key,
        keep_last=True,
        group=(1, str.lower) if grouped else None,
    )
    chunks = (rows[at : at + size] for at in range(0, len(rows), size))
    plan = make_plan(chunks, RowEncoder(["A", "B", "C"]), rules, Spool())
    sent = {number: row for part in plan.parts for number, row in parsed(plan, part).items()}
    left = {number: row for part in plan.dropped for number, row in parsed(plan, part).items()}
    last = {row[0].lower(): number for number, row in enumerate(rows, 1) if row[0]}
    expected = {n: row for n, row in enumerate(rows, 1) if last.get(row[0].lower(), n) == n}
    assert sent == expected
    assert sent | left == dict(enumerate(rows, 1))
    assert not sent.keys() & left.keys()
    assert plan.rows == len(rows)
    if not grouped:
        assert [n for part in plan.parts for n in part.numbers] == sorted(expected)


@pytest.mark.parametrize("which", ["group", "keep_last"])
def test_little_of_a_row_stays_in_memory(which):
    """Its number, and its line as long as a spool is small; it was 300 to 500 bytes."""
    key = Key(0, "K", str.lower, required=False, unique=True)
    rules = {"group": {"group": (1, str.lower)}, "keep_last": {"key": key, "keep_last": True}}

    def chunks(count):
        for at in range(0, count, 500):
            ids = range(at, at + 500)
            yield ColumnChunk([[f"K{n // 2:09d}" for n in ids], [f"P{n % 997:012d}" for n in ids]])

    def peak(count):
        tracemalloc.start()
        plan = make_plan(
            chunks(count),
            RowEncoder(["K", "P"]),
            PlanRules(("K", "P"), Bounds(500), **rules[which]),
            Spool(memory_bytes=1),
        )
        assert plan.rows == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    line = len("K000000001,P000000000001\n")
    assert (peak(25_000) - peak(5_000)) / 20_000 < line + 20


def test_a_row_that_fits_into_no_batch_is_named_among_its_group():
    rows = [("g", "x"), ("h", "z"), ("g", "y" * 100)]
    rules = PlanRules(("A", "B"), Bounds(bytes=50), group=(0, str.lower))
    with pytest.raises(InvalidInput, match="Row 3 does not fit"):
        make_plan(iter([rows]), RowEncoder(["A", "B"]), rules, Spool())


def test_the_last_row_of_each_id_is_deleted_once(bulk, stored):
    """A delete of one record twice fails the second time; keep_last is of use there too."""
    ids = [row.id for row in bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}])]
    result = bulk.delete(
        "Account", [ids[0], ids[1], ids[0][:15]], duplicates="keep_last", on_error="report"
    )
    assert [row.status for row in result] == ["unprocessed", "success", "success"]
    assert stored("SELECT Id FROM Account") == []


def test_keep_last_is_refused_where_rows_have_no_key(bulk):
    """An option that would do nothing."""
    with pytest.raises(InvalidInput, match="insert has no key"):
        bulk.insert("Account", [{"Name": "a"}], duplicates="keep_last")


@pytest.mark.parametrize("pair", [("STRASSE", "straße"), ("ﬁ", "fi")])
def test_keys_that_only_look_alike_are_two(pair):
    """Whether they are one is the org's to say: no row is left out for another before."""
    normal = normal_form(FieldDescribe("Ext__c", "string", external_id=True))
    assert normal(pair[0]) != normal(pair[1])
    assert normal("Ä-1") == normal("ä-1")
