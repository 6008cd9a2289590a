import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesforce_bulk.emulator.data.store import FILE_NAME, Store
from salesforce_bulk.emulator.schema.schema import Schema


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.close()


def put(store: Store, *names: str) -> None:
    schema = Schema()
    store.ensure(schema.objects["account"])
    with store.writing() as db:
        for name in names:
            rid = store.take("Account", 1)
            db.execute(
                'INSERT INTO "Account" (rid, "Id", "Name") VALUES (?, ?, ?)', (rid, str(rid), name)
            )


def names(store: Store) -> list[str]:
    return [row[0] for row in store.read().execute('SELECT "Name" FROM "Account" ORDER BY rid')]


def test_a_table_comes_into_being_when_it_is_first_used(store: Store) -> None:
    assert not store.has_table("account")
    store.ensure(Schema().objects["account"])
    assert store.has_table("Account")
    columns = store.read().execute('PRAGMA table_info("Account")').fetchall()
    assert columns[0][1] == "rid"
    assert "BillingCity" in [column[1] for column in columns]
    assert "BillingAddress" not in [column[1] for column in columns]


def test_a_field_defined_later_becomes_a_column(store: Store) -> None:
    schema = Schema()
    put(store, "old")
    store.ensure(schema.define("Account", {"Ext__c": "externalId", "Done__c": "checkbox"}))
    row = store.read().execute('SELECT "Ext__c", "Done__c" FROM "Account"').fetchone()
    assert row == (None, 0)


def test_a_block_that_fails_leaves_nothing(store: Store) -> None:
    put(store, "first")

    class Oops(Exception):
        pass

    def write_and_fail() -> None:
        with store.writing():
            put(store, "second")
            store.ensure(Schema().objects["contact"])
            raise Oops

    with pytest.raises(Oops):
        write_and_fail()
    assert names(store) == ["first"]
    assert not store.has_table("Contact")
    store.ensure(Schema().objects["contact"])
    assert store.has_table("Contact")


def test_a_cursor_sees_the_data_as_they_were_when_it_began(store: Store) -> None:
    put(store, *map(str, range(5000)))
    cursor = store.read().execute('SELECT "Name" FROM "Account"')
    first = cursor.fetchone()
    with store.writing() as db:
        db.execute('DELETE FROM "Account"')
    assert first == ("0",)
    assert len(cursor.fetchall()) == 4999
    assert names(store) == []


def test_readers_cannot_write(store: Store) -> None:
    put(store, "a")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        store.read().execute('DELETE FROM "Account"')


def test_every_thread_reads_by_a_connection_of_its_own(store: Store) -> None:
    put(store, "a")
    found: list[object] = []

    def read() -> None:
        found.append(store.read())
        found.append(names(store))

    thread = threading.Thread(target=read)
    thread.start()
    thread.join()
    assert found[0] is not store.read()
    assert found[1] == ["a"]


def test_many_threads_write_without_losing_a_row(store: Store) -> None:
    def write() -> None:
        for _ in range(25):
            put(store, "x")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(store)) == 200


def test_threads_that_meet_at_an_objects_first_use_make_one_table(store: Store) -> None:
    objects = list(Schema().objects.values())
    together = threading.Barrier(8)
    failed: list[Exception] = []

    def use() -> None:
        for sobject in objects:
            together.wait()
            try:
                store.ensure(sobject)
            except sqlite3.Error as error:
                failed.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize(
    ("text", "plain", "unicode"), [("éCOLE", 0, 1), ("ÉCOLE", 1, 1), ("Ecole", 0, 0)]
)
def test_text_ignores_letter_case_and_beyond_ascii_by_its_own_collation(
    store: Store, text: str, plain: int, unicode: int
) -> None:
    put(store, "École")
    sql = 'SELECT "Name" = ?, "Name" = ? COLLATE UNICODE_NOCASE FROM "Account"'
    assert store.read().execute(sql, (text, text)).fetchone() == (plain, unicode)


def test_a_temporary_store_leaves_no_file_behind() -> None:
    store = Store()
    put(store, "a")
    directory = store.path.parent
    assert directory.exists()
    store.close()
    store.close()
    assert not directory.exists()
    with pytest.raises(sqlite3.ProgrammingError):
        store.read()


def test_a_store_that_nobody_closes_goes_with_the_interpreter() -> None:
    program = (
        "from salesforce_bulk.emulator.data.store import Store; s = Store(); print(s.path.parent)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not Path(done.stdout.strip()).exists()


def test_a_kept_store_is_found_again_with_its_counters(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "data")
    put(store, "a", "b")
    assert store.setting("seed", "5") == "5"
    store.remember({"one": 1})
    store.remember({"two": 2})
    store.remember({"one": 1})
    store.close()
    assert (tmp_path / "deep" / "data" / FILE_NAME).exists()
    again = Store(tmp_path / "deep" / "data")
    assert again.setting("seed", "6") == "5"
    assert again.definitions() == [{"two": 2}, {"one": 1}]
    put(again, "c")
    assert names(again) == ["a", "b", "c"]
    again.close()


def test_look_up_finds_any_number_of_values(store: Store) -> None:
    put(store, *(f"n{n}" for n in range(3000)))
    wanted = [f"N{n}" for n in range(0, 3000, 2)]
    found = store.look_up("Account", "Name", wanted, ["Name", "Id"])
    assert len(found) == 1500
    assert store.look_up("Contact", "Id", ["x"], ["Id"]) == []
