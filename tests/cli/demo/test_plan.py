import csv
import io

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salesforce_bulk.cli.demo.plan import (
    ROW_NUMBER,
    CellKind,
    DemoRow,
    api_names,
    cells,
    csv_bytes,
    cut_batches,
    make_plan,
    upload_rows,
)
from salesforce_bulk.cli.files.csv_file import CsvTable
from salesforce_bulk.emulator.schema.fields import make_field
from salesforce_bulk.errors import InvalidInput

ACCOUNT = [
    make_field("Id", "id", createable=False),
    make_field("Name", "string", length=255, nillable=False),
    make_field("NumberOfEmployees", "int", digits=8),
    make_field("OwnerId", "reference"),
    make_field("PhotoUrl", "url", length=255, createable=False),
]


def plan_of(*header, rows=None):
    return make_plan(CsvTable(header, rows or [("x",) * len(header)]), ACCOUNT)


def test_account_fields_in_any_letter_case_go_to_account():
    plan = plan_of("numberofemployees", "NAME")
    assert plan.object_name == "Account"
    assert [column.field for column in plan.columns] == ["NumberOfEmployees", "Name", "ParentId"]
    assert [column.kind for column in plan.columns] == [
        CellKind.NUMBER,
        CellKind.TEXT,
        CellKind.TEXT,
    ]
    assert not plan.new_fields


@pytest.mark.parametrize(
    "header",
    [
        ("NumberOfEmployees",),
        ("Name", "Unknown"),
        ("Name", "PhotoUrl"),
        ("Name", "OwnerId"),
        ("Id", "Name"),
    ],
)
def test_any_other_header_goes_to_a_custom_object(header):
    plan = plan_of(*header)
    assert plan.object_name == "Demo_Row__c"
    assert list(plan.new_fields) == [column.field for column in plan.columns]
    assert plan.columns[-1].field == ROW_NUMBER


def test_a_cell_over_255_characters_makes_its_column_a_long_text_area():
    plan = plan_of("a", "b", rows=[("x" * 255, "x" * 256)])
    assert plan.new_fields["a__c"] == "text(255)"
    assert plan.new_fields["b__c"] == "longtext(131072)"


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["Größe (m²)"], ["Groe_m2__c"]),
        (["Prix €", "Prix $", "prix"], ["Prix__c", "Prix_2__c", "prix_3__c"]),
        (["2024"], ["Column_2024__c"]),
        (["", "名前"], ["Column_1__c", "Column_2__c"]),
        (["Row number"], ["Row_number_2__c"]),
        (["Amount__c"], ["Amount__c"]),
        (["a__b"], ["a_b__c"]),
    ],
)
def test_columns_get_names_that_salesforce_takes(header, names):
    assert api_names(header) == names


@given(st.lists(st.text()))
def test_api_names_are_valid_and_differ_in_more_than_case(header):
    names = api_names(header)
    assert len({name.lower() for name in names} | {ROW_NUMBER.lower()}) == len(header) + 1
    for name in names:
        stem = name.removesuffix("__c")
        assert stem.isascii()
        assert stem.replace("_", "").isalnum()
        assert stem[0].isalpha()
        assert stem[-1] != "_"
        assert "__" not in stem
        assert len(stem) <= 40


@pytest.mark.parametrize("header", [("Name",), ("Name", "NumberOfEmployees"), ("anything",)])
@pytest.mark.parametrize("rows", [1, 2, 5, 100])
def test_the_files_rows_keep_their_order_and_each_spoiled_row_is_among_them(header, rows):
    plan = plan_of(*header)
    upload = list(upload_rows(plan, rows))
    assert [row.number for row in upload if not row.defect] == list(range(1, rows + 1))
    assert [row.defect for row in upload if row.defect] == list(plan.defects)


def test_spoiled_rows_are_spread_evenly():
    upload = list(upload_rows(plan_of("Name"), 400))
    assert [row.number for row in upload if row.defect] == [100, 200, 300]


@pytest.mark.parametrize("header", [("Name",), ("Name", "NumberOfEmployees"), ("anything",)])
def test_a_spoiled_row_differs_from_its_original_in_what_spoils_it(header):
    table = CsvTable(header, [("1",) * len(header)])
    plan = make_plan(table, ACCOUNT)
    good = cells(plan, table, DemoRow(1))
    for defect in plan.defects:
        spoiled = cells(plan, table, DemoRow(1, defect))
        assert list(spoiled) == list(good) == [column.field for column in plan.columns]
        assert spoiled.items() - good.items() == defect.cells.items()


def test_the_row_number_of_the_file_is_loaded_with_a_custom_object():
    table = CsvTable(("a",), [("x",), ("y",)])
    plan = make_plan(table, ACCOUNT)
    assert cells(plan, table, DemoRow(2)) == {"a__c": "y", ROW_NUMBER: "2"}


# Python 3.10's csv module, which the sizes are compared with, writes no NUL.
characters = st.characters(codec="utf-8", exclude_characters="\0")
rows_of_cells = st.lists(
    st.fixed_dictionaries({"a": st.text(characters, max_size=9), "b": st.text(characters)})
)


def cut(rows, **limits):
    """The rows' cells, cut into batches."""
    upload = [(DemoRow(number), values) for number, values in enumerate(rows, start=1)]
    batches = list(cut_batches(upload, **limits))
    assert [pair for batch in batches for pair in batch] == upload
    return [[values for _, values in batch] for batch in batches]


@given(rows_of_cells, st.integers(1, 4), st.integers(100, 150))
def test_batches_hold_all_rows_in_order_within_both_limits(rows, max_records, max_bytes):
    assume(all(size_as_csv([row]) <= max_bytes for row in rows))
    batches = cut(rows, max_records=max_records, max_bytes=max_bytes)
    assert all(1 <= len(batch) <= max_records for batch in batches)
    assert all(size_as_csv(batch) <= max_bytes for batch in batches)


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_a_batch_is_full_before_the_next_begins(rows, sizes):
    assert [len(batch) for batch in cut([{"a": "x"}] * rows, max_records=3)] == sizes


@pytest.mark.parametrize(("room", "sizes"), [(0, [2]), (-1, [1, 1])])
def test_a_batch_may_have_exactly_as_many_bytes_as_the_limit(room, sizes):
    rows = [{"a": "x"}, {"a": "y"}]
    assert [len(batch) for batch in cut(rows, max_bytes=size_as_csv(rows) + room)] == sizes


def size_as_csv(rows):
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(rows[0].keys())
    writer.writerows(row.values() for row in rows)
    return len(text.getvalue().encode())


@given(st.lists(st.text(characters), min_size=1))
def test_the_size_of_a_record_is_that_of_its_bytes(cells):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    assert csv_bytes(cells) == len(text.getvalue().encode())


def test_a_row_larger_than_a_batch_is_refused_with_its_number():
    with pytest.raises(InvalidInput, match="row 2") as caught:
        cut([{"a": "x"}, {"a": "x" * 100}], max_bytes=50)
    assert caught.value.row == 2
