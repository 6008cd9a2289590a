"""A table that follows an object: changes, deletions, and crashes in between."""

import kill_mirror
import pytest

from salesforce_bulk import DatabaseState, InvalidInput

COLUMNS = ["Id", "Name", "Count__c"]


def mirror(bulk, connection, state=None):
    state = state or DatabaseState(connection, "rows")
    export = bulk.export("Row__c", fields=["Name", "Count__c"], state=state)
    return export.to_sql(connection, "rows", mode="merge")


def table_rows(connection):
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM rows")
        return sorted(map(tuple, cursor.fetchall()))


def org_rows(bulk):
    return sorted(tuple(row.values()) for row in bulk.export("Row__c", fields=COLUMNS))


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_the_table_follows_the_org(bulk, org_clock, connection, api):
    """Inserts, updates and deletions come; what did not change is not asked for again."""
    ids = [row.id for row in bulk.insert("Row__c", [{"Name": f"n{n}"} for n in range(250)])]
    for change in (
        lambda: None,
        lambda: bulk.update("Row__c", [{"Id": ids[0], "Name": "changed"}]),
        lambda: bulk.delete("Row__c", ids[1:20]),
        lambda: bulk.insert("Row__c", [{"Name": "new", "Count__c": 7}]),
    ):
        change()
        org_clock.advance(3600)
        state = DatabaseState(connection, "rows")
        export = bulk.export("Row__c", fields=["Name", "Count__c"], state=state, api=api)
        export.to_sql(connection, "rows", mode="merge")
        assert table_rows(connection) == org_rows(bulk)
    assert export.rows_read == 1


def test_a_state_in_a_file_does_as_well(bulk, org_clock, connection, tmp_path):
    """It is written behind the rows: after a crash in between they are merged once more."""
    bulk.insert("Row__c", [{"Name": "a"}, {"Name": "b"}])
    org_clock.advance(3600)
    assert mirror(bulk, connection, tmp_path / "rows.state") == 2
    assert mirror(bulk, connection, tmp_path / "rows.state") == 0
    assert table_rows(connection) == org_rows(bulk)


def test_changes_do_not_replace_a_table(bulk, org_clock, connection):
    """All that did not change would be gone."""
    export = bulk.export("Row__c", fields=["Name"], state=DatabaseState(connection, "rows"))
    with pytest.raises(InvalidInput, match="mode='merge'"):
        export.to_sql(connection, "rows")


def test_a_state_that_another_run_has_moved_writes_nothing(bulk, org_clock, connection):
    """Two runs that were planned side by side: one of them writes."""
    bulk.insert("Row__c", [{"Name": "a"}])
    org_clock.advance(3600)
    first, second = (
        bulk.export("Row__c", fields=["Name"], state=DatabaseState(connection, "rows")).wait()
        for _ in range(2)
    )
    assert first.to_sql(connection, "rows", mode="append") == 1
    with pytest.raises(InvalidInput, match="moved on"):
        second.to_sql(connection, "rows", mode="append")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM rows")
        assert cursor.fetchall() == [(1,)]


def test_a_state_in_a_database_serves_files_as_well(bulk, org_clock, connection, tmp_path):
    """It is written when the file is in place."""
    bulk.insert("Row__c", [{"Name": "a"}])
    org_clock.advance(3600)
    for rows in (1, 0):
        state = DatabaseState(connection, "rows")
        export = bulk.export("Row__c", fields=["Name"], state=state)
        assert export.to_csv(tmp_path / "rows.csv") == rows


@pytest.mark.parametrize("database", ["duckdb", "postgresql"])
@pytest.mark.parametrize("mode", ["merge", "replace"])
def test_a_killed_run_leaves_the_table_of_before_or_of_after(database, mode, tmp_path, postgresql):
    """The short form of ``python tests/support/kill_mirror.py --kills 30``."""
    uri = str(tmp_path / "rows.duckdb") if database == "duckdb" else postgresql
    assert kill_mirror.run(uri, mode, kills=1, rows=200, seed=7) == 1
