"""A result in a table of a database: typed, whole or not at all."""

import datetime as dt
import threading
from contextlib import nullcontext

import adbc_driver_postgresql.dbapi
import duckdb
import pyarrow as pa
import pytest
from full_disk import files_no_larger_than
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesforce_bulk import InvalidInput, ReconciliationError, StorageError, TransportError
from salesforce_bulk.database.connection import TableName, database_of
from salesforce_bulk.database.table import TableTarget, write_table

ROWS = [
    {
        "Name": "q;\"r'\nü",
        "Count__c": 1001,
        "Amount__c": 1.25,
        "On__c": dt.date(2024, 2, 29),
        "At__c": dt.datetime(2024, 2, 29, 23, 59, 59, tzinfo=dt.timezone.utc),
        "Done__c": True,
    },
    {"Name": "blank", "Done__c": False},
    *({"Name": f"n{number}", "Count__c": number, "Done__c": False} for number in range(300)),
]
COLUMNS = ["Name", "Count__c", "Amount__c", "On__c", "At__c", "Done__c"]


def table_rows(connection, columns=COLUMNS, table='"Rows"'):
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM {table} ORDER BY 1")
        found = cursor.fetchall()
    return sorted(map(tuple, found), key=repr)


def org_rows(bulk, columns=COLUMNS):
    return sorted(
        (tuple(row[name] for name in columns) for row in bulk.export("Row__c", fields=columns)),
        key=repr,
    )


def execute(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
    connection.commit()


@pytest.fixture
def write(connection):
    """Writes an export by the method that is named after the connection's database."""

    def to_table(export, **options):
        is_duckdb = type(connection).__module__ == "_duckdb"
        method = export.to_duckdb if is_duckdb else export.to_sql
        return method(connection, "Rows", **options)

    return to_table


def test_values_come_back_as_the_org_has_them(bulk, connection, write):
    """Text, numbers, dates, moments and checkboxes, in columns of their own types."""
    bulk.insert("Row__c", ROWS)
    assert write(bulk.export("Row__c", fields=COLUMNS)) == len(ROWS)
    found = table_rows(connection)
    assert found == org_rows(bulk)
    full = next(row for row in found if row[1] == 1001)
    assert full[3:] == (ROWS[0]["On__c"], ROWS[0]["At__c"], True)


def test_no_rows_make_a_table_with_typed_columns(bulk, connection, write):
    """A query that finds nothing today has the columns of tomorrow."""
    assert write(bulk.export("Row__c", fields=COLUMNS)) == 0
    bulk.insert("Row__c", ROWS)
    write(bulk.export("Row__c", fields=COLUMNS), mode="append")
    assert table_rows(connection) == org_rows(bulk)


def test_replace_leaves_the_new_rows_only(bulk, connection, write):
    """And append adds them once more."""
    bulk.insert("Row__c", ROWS[:3])
    write(bulk.export("Row__c", fields=COLUMNS))
    bulk.insert("Row__c", ROWS[3:5])
    write(bulk.export("Row__c", fields=COLUMNS))
    assert table_rows(connection) == org_rows(bulk)
    write(bulk.export("Row__c", fields=COLUMNS), mode="append")
    assert len(table_rows(connection)) == 10


def test_replace_keeps_the_views_on_a_table(bulk, connection, write):
    """The table is emptied and filled, not dropped."""
    bulk.insert("Row__c", ROWS[:3])
    write(bulk.export("Row__c", fields=COLUMNS))
    execute(connection, 'CREATE VIEW named AS SELECT "Name" FROM "Rows"')
    write(bulk.export("Row__c", fields=COLUMNS))
    assert len(table_rows(connection, ["Name"], "named")) == 3


def test_replace_takes_other_columns(bulk, connection, write):
    """A table of other columns is made anew."""
    bulk.insert("Row__c", ROWS[:3])
    write(bulk.export("Row__c", fields=["Name"]))
    write(bulk.export("Row__c", fields=COLUMNS))
    assert table_rows(connection) == org_rows(bulk)


def test_merge_updates_adds_and_keeps_what_is_the_tables_own(bulk, connection, write):
    """Columns that the export does not have stay as they are."""
    ids = [row.id for row in bulk.insert("Row__c", ROWS[:3])]
    write(bulk.export("Row__c", fields=["Id", "Name"]), mode="merge")
    execute(connection, 'ALTER TABLE "Rows" ADD COLUMN note TEXT')
    execute(connection, "UPDATE \"Rows\" SET note = 'mine'")
    bulk.update("Row__c", [{"Id": ids[0], "Name": "changed"}])
    bulk.insert("Row__c", ROWS[3:5])
    write(bulk.export("Row__c", fields=["Id", "Name"]), mode="merge")
    assert table_rows(connection, ["Id", "Name"]) == org_rows(bulk, ["Id", "Name"])
    notes = [row[1] for row in table_rows(connection, ["Id", "note"])]
    assert notes.count("mine") == 3
    assert notes.count(None) == 2


def test_merge_by_a_key_that_is_not_unique_is_refused(bulk, connection, write):
    """Nothing is written: whose row it is cannot be known."""
    bulk.insert("Row__c", [{"Name": "a"}, {"Name": "a"}])
    with pytest.raises(InvalidInput, match="1 have one that came before"):
        write(bulk.export("Row__c", fields=["Id", "Name"]), mode="merge", key="Name")
    with pytest.raises(InvalidInput, match="needs the key Id"):
        write(bulk.export("Row__c", fields=["Name"]), mode="merge")


def test_a_column_that_the_table_lacks_is_named(bulk, connection, write):
    """Before anything is written."""
    bulk.insert("Row__c", ROWS[:2])
    write(bulk.export("Row__c", fields=["Name"]))
    with pytest.raises(InvalidInput, match=r'ADD COLUMN "Count__c"'):
        write(bulk.export("Row__c", fields=["Name", "Count__c"]), mode="append")
    assert len(table_rows(connection, ["Name"])) == 2


@pytest.mark.parametrize("mode", ["replace", "append", "merge"])
def test_a_result_that_breaks_leaves_the_table_as_it_was(org, bulk, connection, write, mode):
    """The error is the export's own, and the connection works on."""
    bulk.insert("Row__c", ROWS)
    columns = ["Id", "Name"]
    write(bulk.export("Row__c", fields=columns), mode=mode)
    before = table_rows(connection, columns)
    bulk.delete("Row__c", [before[0][0]])
    broken = bulk.export("Row__c", fields=columns).wait()
    org.faults.add("reset_before", path="*/results*", nth=2, times=0)
    with pytest.raises((TransportError, ReconciliationError)):
        write(broken, mode=mode)
    org.faults.clear()
    assert table_rows(connection, columns) == before
    assert write(bulk.export("Row__c", fields=columns)) == len(ROWS) - 1


@pytest.mark.parametrize("statement", ["commit", "rows"])
def test_a_full_disk_of_duckdb_is_told_as_every_sink_does(bulk, tmp_path, statement):
    """With the job; the table is as it was, takes the result later, and no thread reads on."""
    bulk.insert("Row__c", ROWS)
    export = bulk.export("Row__c", fields=["Name"], parallel=2).wait()
    with duckdb.connect(tmp_path / "x.duckdb") as connection:
        connection.execute('CREATE TABLE "Rows" AS SELECT \'before\' AS "Name"')
        room = files_no_larger_than(100) if statement == "commit" else nullcontext()
        if statement == "rows":
            connection.execute("SET temp_directory = ''; SET memory_limit = '300KB'")
        with room, pytest.raises(StorageError, match="as they were") as caught:
            export.to_duckdb(connection, "Rows")
        assert not [t.name for t in threading.enumerate() if t.name.startswith("salesforce-bulk")]
        assert f"bulk.attach({export.job_id!r})" in str(caught.value)
        connection.execute("SET memory_limit = '1GB'")
        assert connection.sql('FROM "Rows"').fetchall() == [("before",)]
        assert export.to_duckdb(connection, "Rows") == len(ROWS)


def test_a_full_disk_of_postgresql_is_told_as_such(postgresql):
    """By its code, whatever the words."""
    rows = pa.table({"Name": ["a"]})
    full = "DO $$ BEGIN RAISE EXCEPTION 'voll' USING ERRCODE = 'disk_full'; END $$"
    with adbc_driver_postgresql.dbapi.connect(postgresql) as connection:
        database, target = database_of(connection), TableTarget(TableName("full"), "append", "Id")
        with pytest.raises(StorageError, match="voll"):
            write_table(
                database, target, rows.schema, rows.to_batches(), lambda: database.execute(full)
            )
        with database.transaction():
            assert not database.exists(target.table)


def test_an_interrupt_leaves_the_table_as_it_was(bulk, connection, write):
    """Ctrl-C in the middle of the rows."""
    bulk.insert("Row__c", ROWS)
    write(bulk.export("Row__c", fields=COLUMNS))

    def interrupt(event):
        if event.phase == "downloading" and event.rows:
            raise KeyboardInterrupt

    bulk.insert("Row__c", ROWS[:1])
    with pytest.raises(KeyboardInterrupt):
        write(bulk.export("Row__c", fields=COLUMNS, progress=interrupt))
    assert len(table_rows(connection)) == len(ROWS)


def test_other_connections_are_named(bulk):
    """What would commit row by row is refused before anything is asked for."""
    with pytest.raises(InvalidInput, match=r"duckdb\.connect"):
        bulk.export("Row__c", fields=COLUMNS).to_sql(object(), "Rows")


def test_a_connection_that_commits_each_statement_is_refused(bulk, postgresql):
    """The table would be seen empty."""
    connection = adbc_driver_postgresql.dbapi.connect(postgresql, autocommit=True)
    with connection, pytest.raises(InvalidInput, match="autocommit=False"):
        bulk.export("Row__c", fields=COLUMNS).to_sql(connection, "Rows")


def test_readers_see_the_old_table_until_all_is_there(bulk, postgresql, connection, write):
    """While the rows come, another connection reads what was there before."""
    if type(connection).__module__ == "_duckdb":
        reader = connection.cursor()
    else:
        reader = adbc_driver_postgresql.dbapi.connect(postgresql)
    bulk.insert("Row__c", ROWS[:2])
    write(bulk.export("Row__c", fields=COLUMNS))
    seen = []

    def look(event):
        seen.append(len(table_rows(reader)))
        if type(connection).__module__ != "_duckdb":
            reader.commit()

    bulk.insert("Row__c", ROWS[2:])
    write(bulk.export("Row__c", fields=COLUMNS, progress=look))
    assert set(seen) == {2}
    assert len(table_rows(reader)) == len(ROWS)
    reader.close()


@pytest.mark.parametrize("mode", ["replace", "append"])
def test_what_the_database_refuses_is_its_own_error(postgresql, mode):
    """Not that the rest of the rows was not asked for any more."""
    rows = pa.table({"Name": ["a\0b"] * 50_000})
    schema = rows.schema
    batches = (batch for batch in rows.to_batches(1000) * 20)
    with adbc_driver_postgresql.dbapi.connect(postgresql) as connection:
        target = TableTarget(TableName("refused"), mode, "Id")
        with pytest.raises(connection.DatabaseError):
            write_table(database_of(connection), target, schema, batches)
        with database_of(connection).transaction():
            assert not database_of(connection).exists(target.table)


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(table=NAMES, schema=st.none() | NAMES)
def test_any_name_of_a_table_is_one(connection, table, schema):
    """Quotes, blanks and words of SQL in names do no harm."""
    database = database_of(connection)
    target = TableTarget(TableName(table, schema), "replace", "Id")
    if schema is not None:
        quoted = schema.replace('"', '""')
        with database.transaction():
            database.execute(f'CREATE SCHEMA IF NOT EXISTS "{quoted}"')
    rows = pa.table({'I"d': ["1", "2"]})
    write_table(database, target, rows.schema, rows.to_batches())
    with database.transaction():
        assert database.execute(f"SELECT count(*) FROM {target.table.sql}") == [(2,)]
        database.execute(f"DROP TABLE {target.table.sql}")
