"""The org's records: one SQLite table per object, in a file.

A table has the object's API name, a column per stored field and `rid INTEGER PRIMARY KEY`, the
counter within the record's id. Readers have a connection per thread and see a snapshot (WAL);
writers take turns under one lock, because waiting for it is fair and SQLite's own is not.
Tables come into being when an object is first used: a fresh org has some 80 objects and most
programs touch three of them.
"""

import contextlib
import json
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import Field, SObject

FILE_NAME = "org.sqlite3"
#: Text of fields that compare letter case, or have none.
_COLUMN_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "TEXT",
        "reference": "TEXT",
        "date": "TEXT",
        "datetime": "TEXT",
        "time": "TEXT",
        "boolean": "INTEGER NOT NULL DEFAULT 0",
        "int": "INTEGER",
        "long": "INTEGER",
        "double": "REAL",
        "currency": "REAL",
        "percent": "REAL",
        "base64": "BLOB",
    }
)
_TEXT_TYPE = "TEXT COLLATE NOCASE"
_CACHE_KILOBYTES = 16_000
#: Pages of the write-ahead log after which it goes into the database: a load by pieces of 200
#: rows changes the same index pages again and again.
_CHECKPOINT_PAGES = 8_000
#: One parameter, a JSON list, for any number of values: SQLite prepares the statement once.
ONE_OF = "(SELECT value FROM json_each(?))"
_PAGE_BYTES = 4096
_SETTINGS_AND_COUNTERS = """
CREATE TABLE IF NOT EXISTS "_counter" (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS "_definition" (number INTEGER PRIMARY KEY, content TEXT UNIQUE);
CREATE TABLE IF NOT EXISTS "_setting" (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


def _refuse_part_of_a_database(path: Path) -> None:
    """Raises DatabaseError for a file that ends within a page, or has none; SQLite itself takes
    the one as whole and makes a new database of the other."""
    journal = path.with_name(f"{path.name}-wal")
    if not path.exists() or (journal.exists() and journal.stat().st_size):
        return
    size = path.stat().st_size
    if not size or size % _PAGE_BYTES:
        raise sqlite3.DatabaseError(f"it ends after {size} bytes")


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def column_type(field: Field) -> str:
    """The SQLite column type of a field."""
    if field.type in _COLUMN_TYPES:
        return _COLUMN_TYPES[field.type]
    return "TEXT" if field.case_sensitive else _TEXT_TYPE


def _casefold_order(left: str, right: str) -> int:
    folded, other = left.casefold(), right.casefold()
    return (folded > other) - (folded < other)


class _ReadConnection:
    """A thread's connection, closed when the thread ends."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self._closing = threading.Lock()

    def close(self) -> None:
        # Python 3.10's sqlite3 frees a connection twice that two threads close at once.
        with self._closing:
            self.connection.close()

    def __del__(self) -> None:
        self.close()


class Store:
    """The database of one org.

    Args:
        directory: where the data are kept; without it they live in a temporary directory that
            `close()` removes.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self.kept = directory is not None
        self._directory = directory or Path(tempfile.mkdtemp(prefix="salesforce-bulk-org-"))
        self._directory.mkdir(parents=True, exist_ok=True)
        if not self.kept:
            # Also when nobody closes the org: the interpreter's end takes the directory along.
            self._remove = weakref.finalize(self, shutil.rmtree, self._directory, True)
        self.path = self._directory / FILE_NAME
        self._lock = threading.RLock()
        self._local = threading.local()
        self._readers: weakref.WeakSet[_ReadConnection] = weakref.WeakSet()
        self._closed = False
        #: The thread that is within a transaction.
        self._writing_thread = 0
        self._tables: dict[str, frozenset[str]] = {}
        self._indexes: set[tuple[str, str]] = set()
        self._counters: dict[str, int] = {}
        self._unsaved_counters: set[str] = set()
        try:
            _refuse_part_of_a_database(self.path)
            self._writer = self._connect()
            self._open()
        except sqlite3.DatabaseError as error:
            raise OSError(
                f"the records in {self.path} cannot be read ({error}); put a whole copy of the "
                "directory in its place, or begin with an empty one"
            ) from error

    def _open(self) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        if self.kept:
            self._writer.executescript(_SETTINGS_AND_COUNTERS)
            self._read_settings_and_counters()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(connection)
        except sqlite3.DatabaseError:
            connection.close()
            raise
        return connection

    def _set_up(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        connection.execute(f"PRAGMA synchronous = {'NORMAL' if self.kept else 'OFF'}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KILOBYTES}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.create_collation("UNICODE_NOCASE", _casefold_order)

    def _read_settings_and_counters(self) -> None:
        self._counters = dict(self._writer.execute('SELECT name, next FROM "_counter"'))
        self._read_tables()

    def read(self) -> sqlite3.Connection:
        """This thread's connection for reading. A cursor sees the data as they were when it
        began, whatever is written meanwhile; within `writing()`, what this thread wrote."""
        if self._writing_thread == threading.get_ident():
            return self._writer
        reader: _ReadConnection | None = getattr(self._local, "reader", None)
        if reader is None:
            if self._closed:
                raise sqlite3.ProgrammingError("the org is closed")
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            reader = self._local.reader = _ReadConnection(connection)
            self._readers.add(reader)
        return reader.connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """The one writing connection, in a transaction that ends with the block.

        Blocks nest within a thread; the outermost commits, or rolls back on any exception.
        """
        with self._lock:
            if self._writer.in_transaction:
                yield self._writer
                return
            self._writer.execute("BEGIN IMMEDIATE")
            self._writing_thread = threading.get_ident()
            try:
                yield self._writer
                self._save_counters()
            except BaseException:
                self._writer.execute("ROLLBACK")
                self._forget_unsaved_tables()
                raise
            finally:
                self._writing_thread = 0
            self._writer.execute("COMMIT")

    def _forget_unsaved_tables(self) -> None:
        """A rolled-back transaction may have made tables; learn again which there are."""
        self._tables.clear()
        self._indexes.clear()
        self._read_tables()

    def _read_tables(self) -> None:
        names = self._writer.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
        ).fetchall()
        for (name,) in names:
            if not name.startswith(("_", "sqlite_")):
                columns = self._writer.execute(f"PRAGMA table_info({quoted(name)})")
                self._tables[name.lower()] = frozenset(str(c[1]).lower() for c in columns)

    def has_table(self, name: str) -> bool:
        """Whether the object's table exists; one that was never used has none."""
        return name.lower() in self._tables

    def ensure(self, sobject: SObject) -> None:
        """Make the object's table, or add the columns that it lacks."""
        if self._is_complete(sobject):
            return
        with self.writing() as connection:
            # Only now: another thread may have been faster.
            columns = self._tables.get(sobject.name.lower())
            if columns is None:
                self._create(connection, sobject)
            else:
                self._add_columns(connection, sobject, columns)
            self._tables[sobject.name.lower()] = sobject.column_names | (columns or frozenset())

    def _is_complete(self, sobject: SObject) -> bool:
        columns = self._tables.get(sobject.name.lower())
        return columns is not None and columns.issuperset(sobject.column_names)

    def _create(self, connection: sqlite3.Connection, sobject: SObject) -> None:
        table = quoted(sobject.name)
        columns = ", ".join(
            f"{quoted(field.name)} {column_type(field)}" for field in sobject.stored_fields
        )
        connection.execute(f"CREATE TABLE {table} (rid INTEGER PRIMARY KEY, {columns})")
        key = ", ".join(f"{quoted(each.field)} COLLATE BINARY" for each in sobject.index) or '"Id"'
        connection.execute(f"CREATE UNIQUE INDEX {quoted(sobject.name + '.Id')} ON {table} ({key})")
        for field in sobject.stored_fields:
            if field.external_id or field.unique:
                self._index(connection, sobject.name, field.name)

    def _add_columns(
        self, connection: sqlite3.Connection, sobject: SObject, columns: frozenset[str]
    ) -> None:
        for field in sobject.stored_fields:
            if field.name.lower() not in columns:
                connection.execute(
                    f"ALTER TABLE {quoted(sobject.name)} "
                    f"ADD COLUMN {quoted(field.name)} {column_type(field)}"
                )
                if field.external_id or field.unique:
                    self._index(connection, sobject.name, field.name)

    def _index(self, connection: sqlite3.Connection, table: str, column: str) -> None:
        connection.execute(
            f"CREATE INDEX IF NOT EXISTS {quoted(f'{table}.{column}')} "
            f"ON {quoted(table)} ({quoted(column)})"
        )
        self._indexes.add((table.lower(), column.lower()))

    def ensure_index(self, table: str, column: str) -> None:
        """Index a column, the first time that somebody looks records up by it."""
        if (table.lower(), column.lower()) not in self._indexes:
            with self.writing() as connection:
                self._index(connection, table, column)

    def take(self, counter: str, count: int, start: int = 1) -> int:
        """Reserve `count` numbers of a named counter; returns the first. A transaction that is
        rolled back leaves a gap."""
        with self._lock:
            first = self._counters.get(counter, start)
            self._counters[counter] = first + count
            self._unsaved_counters.add(counter)
            return first

    def _save_counters(self) -> None:
        if self.kept and self._unsaved_counters:
            self._writer.executemany(
                'INSERT OR REPLACE INTO "_counter" VALUES (?, ?)',
                [(name, self._counters[name]) for name in self._unsaved_counters],
            )
        self._unsaved_counters.clear()

    def look_up(
        self, table: str, key: str, values: Iterable[Any], columns: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        """The rows of `table` whose `key` is among `values`, as tuples of `columns`.

        For use within `writing()`.
        """
        if not self.has_table(table):
            return []
        listed = ", ".join(map(quoted, columns))
        where = f"{quoted(key)} IN {ONE_OF}"
        sql = f"SELECT {listed} FROM {quoted(table)} WHERE {where}"  # noqa: S608  # nosec B608 # quoted names
        return self._writer.execute(sql, (json.dumps(list(values)),)).fetchall()

    def definitions(self) -> list[Any]:
        """What `remember` kept, in that order."""
        if not self.kept:
            return []
        rows = self._writer.execute('SELECT content FROM "_definition" ORDER BY number')
        return [json.loads(content) for (content,) in rows]

    def remember(self, definition: Any) -> None:
        """Keep a definition with the data, if the data are kept."""
        if self.kept:
            with self.writing() as connection:
                connection.execute(
                    'INSERT OR REPLACE INTO "_definition" (content) VALUES (?)',
                    (json.dumps(definition, ensure_ascii=False),),
                )

    def setting(self, name: str, default: str) -> str:
        """A value kept with the data; `default` becomes it the first time."""
        if not self.kept:
            return default
        with self.writing() as connection:
            connection.execute('INSERT OR IGNORE INTO "_setting" VALUES (?, ?)', (name, default))
            found = connection.execute('SELECT value FROM "_setting" WHERE name = ?', (name,))
            return str(found.fetchone()[0])

    def empty(self, drop: Iterable[str] = ()) -> None:
        """Remove all records, and the tables of the objects named in `drop` (lower-case)."""
        doomed = set(drop)
        with self.writing() as connection:
            for name in list(self._tables):
                if name in doomed:
                    connection.execute(f"DROP TABLE {quoted(name)}")
                    del self._tables[name]
                else:
                    connection.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608  # nosec B608 # quoted names
            self._indexes = {index for index in self._indexes if index[0] not in doomed}
            self._counters.clear()
            self._unsaved_counters.clear()
            if self.kept:
                connection.execute('DELETE FROM "_counter"')

    def save(self, path: Path) -> dict[str, int]:
        """Copies all records to a file; returns the counters that go with them."""
        with contextlib.closing(sqlite3.connect(path)) as copy, self._lock:
            self._writer.backup(copy)
            return dict(self._counters)

    def restore(self, path: Path, counters: Mapping[str, int]) -> None:
        """Puts what `save` copied in place of all records."""
        with contextlib.closing(sqlite3.connect(path)) as copy, self._lock:
            copy.backup(self._writer)
            self._forget_unsaved_tables()
            self._counters = dict(counters)
            self._unsaved_counters.update(counters)

    def forget_definitions(self) -> None:
        """Forget what `remember` kept."""
        if self.kept:
            with self.writing() as connection:
                connection.execute('DELETE FROM "_definition"')

    def close(self) -> None:
        """Close every connection; a temporary store is removed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for reader in list(self._readers):
                reader.close()
            self._writer.close()
            if not self.kept:
                self._remove()
