import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.cli.csv_file import Table
from salesforce_bulk.cli.demo_compare import Kind
from salesforce_bulk.cli.demo_plan import (
    ROW_NUMBER,
    Row,
    api_names,
    csv_bytes,
    cut_batches,
    make_plan,
    upload_rows,
)
from salesforce_bulk.emulator.fields import make_field
from salesforce_bulk.errors import InvalidInput

ACCOUNT = [
    make_field("Id", "id", createable=False),
    make_field("Name", "string", length=255, nillable=False),
    make_field("NumberOfEmployees", "int", digits=8),
    make_field("OwnerId", "reference"),
    make_field("PhotoUrl", "url", length=255, createable=False),
]


def plan_of(*header, rows=None):
    return make_plan(Table(header, rows or [("x",) * len(header)]), ACCOUNT)


def test_account_fields_in_any_letter_case_go_to_account():
    plan = plan_of("numberofemployees", "NAME")
    assert plan.object_name == "Account"
    assert [column.field for column in plan.columns] == ["NumberOfEmployees", "Name", "ParentId"]
    assert [column.kind for column in plan.columns] == [Kind.NUMBER, Kind.TEXT, Kind.TEXT]
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
    table = Table(header, [(f"r{number}",) * len(header) for number in range(rows)])
    plan = make_plan(table, ACCOUNT)
    upload = list(upload_rows(plan, table))
    first = plan.columns[0].field
    own = [row for row in upload if not row.spoiled]
    assert [(row.number, row.cells[first]) for row in own] == [
        (number + 1, f"r{number}") for number in range(rows)
    ]
    assert sorted(row.spoiled for row in upload if row.spoiled) == sorted(
        spoil.reason for spoil in plan.spoils
    )
    assert len({tuple(row.cells) for row in upload}) == 1


def test_a_spoiled_row_differs_from_the_row_before_it_in_what_spoils_it():
    table = Table(("Name",), [("a",), ("b",)])
    before, spoiled = list(upload_rows(make_plan(table, ACCOUNT), table))[:2]
    assert before.cells["Name"] == "a"
    assert spoiled == Row(1, {"Name": "", "ParentId": ""}, "no Name, which is required")


def test_the_row_number_of_the_file_is_loaded_with_a_custom_object():
    table = Table(("a",), [("x",), ("y",)])
    rows = [row for row in upload_rows(make_plan(table, ACCOUNT), table) if not row.spoiled]
    assert [row.cells[ROW_NUMBER] for row in rows] == ["1", "2"]


rows_of_cells = st.lists(
    st.builds(lambda a, b: Row(1, {"a": a, "b": b}), st.text(max_size=9), st.text(max_size=9))
)


@given(rows_of_cells, st.integers(1, 4), st.integers(100, 150))
def test_batches_hold_all_rows_in_order_within_both_limits(rows, max_records, max_bytes):
    batches = list(cut_batches(rows, max_records, max_bytes))
    assert [row for batch in batches for row in batch] == rows
    assert all(1 <= len(batch) <= max_records for batch in batches)
    assert all(size_as_csv(batch) <= max_bytes for batch in batches)


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (3, [3]), (4, [3, 1]), (6, [3, 3])])
def test_a_batch_is_full_before_the_next_begins(rows, sizes):
    batches = cut_batches([Row(1, {"a": "x"})] * rows, max_records=3)
    assert [len(batch) for batch in batches] == sizes


def size_as_csv(batch):
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(batch[0].cells.keys())
    writer.writerows(row.cells.values() for row in batch)
    return len(text.getvalue().encode())


@given(st.lists(st.text(), min_size=1))
def test_the_size_of_a_record_is_that_of_its_bytes(cells):
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    assert csv_bytes(cells) == len(text.getvalue().encode())


def test_a_row_larger_than_a_batch_is_refused_with_its_number():
    with pytest.raises(InvalidInput, match="row 7") as caught:
        list(cut_batches([Row(7, {"a": "x" * 100})], max_bytes=50))
    assert caught.value.row == 7
