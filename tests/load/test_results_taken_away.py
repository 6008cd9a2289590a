"""Results as files and tables, from which the rows that failed can be loaded again."""

import csv

import pyarrow as pa
import pytest

from salesforce_bulk import LoadFailed
from salesforce_bulk.load.outcomes import Outcome
from salesforce_bulk.load.retry import _retryable

ROWS = [
    {"Text__c": "a", "On__c": "2024-01-31"},
    {"Text__c": "b", "On__c": "soon"},
    {"Text__c": "c", "On__c": "never"},
]
COLUMNS = ["Text__c", "On__c", "sf__Row", "sf__Status", "sf__Id", "sf__Created", "sf__Error"]


@pytest.fixture
def result(bulk):
    return bulk.insert("Load__c", ROWS, on_error="report")


def test_a_file_of_failed_rows_loads_again_and_names_the_source_row(bulk, result, tmp_path):
    path = tmp_path / "failed.csv"
    result.failed.to_csv(path)
    with path.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["sf__Row"] for row in found] == ["2", "3"]
    path.write_text(path.read_text().replace("soon", "2024-02-01").replace("never", "2024-02-02"))
    again = bulk.insert("Load__c", path)
    assert (again.rows, again.columns) == (2, ("Text__c", "On__c"))


def test_a_table_has_the_rows_and_what_became_of_them(result):
    table = result.to_arrow()
    assert table.column_names == COLUMNS
    assert table.column("sf__Row").to_pylist() == [1, 2, 3]
    assert table.column("sf__Status").to_pylist() == ["success", "failed", "failed"]
    assert table.column("sf__Created").to_pylist() == [True, False, False]
    assert table.column("sf__Id").to_pylist()[1:] == [None, None]
    assert table.column("sf__Error").to_pylist()[0] is None
    assert table.schema.field("sf__Row").type == pa.int64()
    frame = result.to_pandas()
    assert list(frame.columns) == COLUMNS
    assert list(frame["Text__c"]) == ["a", "b", "c"]
    assert list(result.failed.to_pandas()["sf__Row"]) == [2, 3]
    assert result.failed.to_arrow().num_rows == 2


def test_a_table_of_no_rows_has_its_columns(bulk):
    result = bulk.insert("Load__c", ROWS[:1])
    assert result.failed.to_arrow().column_names == COLUMNS
    assert list(result.failed.to_pandas().columns) == COLUMNS


@pytest.mark.parametrize("kind", ["to_arrow", "to_pandas"])
def test_a_table_of_failed_rows_loads_again(bulk, result, kind):
    again = bulk.insert("Load__c", getattr(result.failed, kind)(), on_error="report")
    assert (again.rows, again.columns) == (2, ("Text__c", "On__c"))


def test_load_failed_names_the_first_row_of_each_reason(bulk):
    with pytest.raises(LoadFailed, match=r"(?s)2 x .*\(first row 2\).*1 x .*\(row 4\)"):
        bulk.insert("Load__c", [ROWS[0], ROWS[1], ROWS[1], ROWS[2]])


def test_a_result_that_is_no_utf_8_is_read_all_the_same(result):
    """Trap: UnicodeDecodeError, long after the load."""
    layer = result._layers[0]
    unit = layer.units[0]
    stored = layer.results.read(unit.result).replace(b"soon", b"s\xf6n")
    place = layer.results.append(stored)
    layer.units[0] = unit.__class__(**{**unit.__dict__, "result": place})
    assert "s\ufffdn" in next(row.error.message for row in result.failed)


# Which rows are loaded again


@pytest.mark.parametrize(
    "error",
    [
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access:--",
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:T: execution of AfterInsert caused by: "
        "System.DmlException: Update failed. first error: UNABLE_TO_LOCK_ROW, unable:--",
        "CANNOT_EXECUTE_FLOW_TRIGGER:We can't save this record: UNABLE_TO_LOCK_ROW:--",
    ],
)
def test_locks_pass_also_where_a_trigger_tells_of_them(error):
    outcomes = [
        Outcome(1, [], "false", "", "false", error),
        Outcome(2, [], "false", "", "false", "FIELD_CUSTOM_VALIDATION:UNABLE_TO_LOCK_ROW:"),
        Outcome(3, [], "false", "", "false", "STORAGE_LIMIT_EXCEEDED:full:--"),
        Outcome(4, [], "true", "1", "true", ""),
    ]
    assert [one.number for one in _retryable(None, iter(outcomes))] == [1]
    wanted = {"STORAGE_LIMIT_EXCEEDED"}
    assert [one.number for one in _retryable(wanted, iter(outcomes))] == [3]


def test_the_caller_may_say_which_codes_are_worth_it(org, bulk):
    result = bulk.insert("Load__c", ROWS, on_error="report")
    code = next(iter(result.failed)).error.code
    untouched = result.retry(attempts=1)
    assert untouched.job_ids == result.job_ids
    again = result.retry(attempts=1, codes={code})
    assert len(again.job_ids) == len(result.job_ids) + 1


def test_children_whose_parents_come_later_are_loaded_in_a_second_pass(org, bulk):
    org.define_object("Boss__c", {"Ext__c": "externalId"})
    org.define_object("Child__c", {"Boss__c": "lookup(Boss__c)"})
    children = [{"Boss__r": {"Ext__c": "late"}}]
    result = bulk.insert("Child__c", children, on_error="report")
    assert [row.error.code for row in result.failed] == ["INVALID_FIELD"]
    bulk.insert("Boss__c", [{"Ext__c": "late"}])
    assert result.retry(codes={"INVALID_FIELD"}).succeeded == 1


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_an_error_that_quotes_a_value_of_full_length_is_written(bulk, tmp_path, api):
    """Trap: _csv.Error of a field that is larger than the csv module's limit."""
    rows = [{"Text__c": "y" * 131_072, "Long__c": 'a "b"\n,c'}]
    result = bulk.insert("Load__c", rows, api=api, on_error="report")
    assert result.failed == 1
    result.to_csv(tmp_path / "all.csv")
    assert (tmp_path / "all.csv").stat().st_size > 131_072
    assert [dict(zip(result.columns, one.cells, strict=True)) for one in result.outcomes()] == rows
