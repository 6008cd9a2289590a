from decimal import Decimal

import pytest

from salesforce_bulk.cli.demo.compare import (
    NO_COLUMN,
    Difference,
    compare,
    stored_value,
    value_of_json,
    value_of_text,
)
from salesforce_bulk.cli.demo.plan import CellKind, DemoRow

SENT = {"Name": "Zürich", "Size": Decimal("1.50")}


def compared(returned, sent=SENT):
    """What came back, compared with one row that got the Id 001A."""
    return compare({"001A": DemoRow(1)}, {DemoRow(1): sent}.__getitem__, returned)


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (CellKind.TEXT, "", None),
        (CellKind.TEXT, "#N/A", None),
        (CellKind.TEXT, "  x\n", "x"),
        (CellKind.TEXT, "\u3000x\u00a0", "\u3000x\u00a0"),
        (CellKind.TEXT, "NA", "NA"),
        (CellKind.TEXT, "007", "007"),
        (CellKind.NUMBER, "007", Decimal(7)),
        (CellKind.NUMBER, "1e3", Decimal(1000)),
        (CellKind.NUMBER, "", None),
        (CellKind.NUMBER, "few", "few"),
        (CellKind.BOOLEAN, "TRUE", True),
        (CellKind.BOOLEAN, "0", False),
        (CellKind.BOOLEAN, "", False),
        (CellKind.BOOLEAN, "maybe", "maybe"),
    ],
)
def test_a_cell_is_expected_as_salesforce_stores_it(kind, cell, value):
    assert stored_value(kind, cell) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (CellKind.TEXT, " x ", " x "),
        (CellKind.TEXT, "", None),
        (CellKind.NUMBER, "1.50", Decimal("1.5")),
        (CellKind.BOOLEAN, "true", True),
        (CellKind.BOOLEAN, "TRUE", "TRUE"),
    ],
)
def test_a_returned_cell_is_taken_as_it_is(kind, text, value):
    assert value_of_text(kind, text) == value


@pytest.mark.parametrize("value", [None, True, "x", Decimal("1.5")])
def test_a_json_value_is_its_own(value):
    assert value_of_json(value) is value


def test_a_json_value_of_no_known_type_never_equals_a_cell():
    assert value_of_json({"a": 1}) == "{'a': 1}"


def test_equal_rows_hold():
    found = compared([("001A", {"Name": "Zürich", "Size": Decimal("1.5")})])
    assert found.held
    assert (found.rows, found.cells) == (1, 2)


@pytest.mark.parametrize(
    ("column", "returned"),
    [("Name", "Zurich"), ("Name", "zürich"), ("Name", None), ("Size", Decimal("1.51"))],
)
def test_a_changed_cell_is_a_difference(column, returned):
    found = compared([("001A", SENT | {column: returned})])
    assert found.differences == [Difference(1, column, SENT[column], returned)]
    assert not found.held


def test_a_checkbox_is_not_a_number():
    found = compared([("001A", {"Flag": Decimal(1)})], sent={"Flag": True})
    assert not found.held


def test_a_column_that_did_not_come_back_is_a_difference_even_from_null():
    found = compared([("001A", {})], sent={"Site": None})
    assert found.differences == [Difference(1, "Site", None, NO_COLUMN)]


def test_a_row_that_did_not_come_back_is_missing():
    found = compared([])
    assert found.missing == [1]
    assert not found.held


@pytest.mark.parametrize("ids", [["001A", "001A"], ["001A", "001B"]])
def test_a_row_too_much_is_unexpected(ids):
    found = compared([(id_, SENT) for id_ in ids])
    assert found.unexpected == ids[1:]
    assert not found.held
