"""What DuckDB and PostgreSQL do differently: transactions, and how Arrow batches get in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from salesforce_bulk.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    import pyarrow as pa

_POSTGRESQL = "PostgreSQL"
#: Begins the SQLSTATE of what PostgreSQL has no room for, such as 53100, disk_full.
_NO_RESOURCES = "53"
#: What DuckDB says of a commit that the disk does not take, among other refused commits.
_NOT_WRITTEN = "Could not write"


class TableName(NamedTuple):
    """A table's name, letter case as given.

    Attributes:
        name: of the table.
        schema: of the database; None takes the connection's own.
    """

    name: str
    schema: str | None = None

    @property
    def sql(self) -> str:
        """As it stands in SQL."""
        name = quoted_name(self.name)
        return name if self.schema is None else f"{quoted_name(self.schema)}.{name}"


class Database(Protocol):
    """One connection of a program to its database.

    Attributes:
        connection: the program's own.
    """

    connection: Any

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """A block that is committed as a whole; within another one it is part of that.

        Raises:
            StorageError: the database has no room for it; nothing was committed.
        """

    def execute(self, sql: str, parameters: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """The rows that a statement gives; parameters stand as ``$1``, ``$2`` in it."""

    def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""

    def exists(self, table: TableName) -> bool:
        """Whether there is such a table or view."""

    def lock(self, table: str) -> None:
        """Let nobody else write to a table until the transaction ends."""

    def store(self, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Make a temporary table of this connection with all rows."""

    def ensure_unique(self, table: str, column: str) -> None:
        """Let no value come twice in a column of a new table."""


def database_of(connection: Any) -> Database:
    """The database behind a connection.

    Args:
        connection: of ``duckdb.connect()`` or of ``adbc_driver_postgresql.dbapi.connect(uri)``.

    Raises:
        InvalidInput: it is another one, or commits each statement by itself.
    """
    if type(connection).__name__ == "DuckDBPyConnection":
        return DuckDb(connection)
    if not hasattr(connection, "adbc_get_info"):
        raise InvalidInput(
            f"{type(connection).__name__} is no connection that takes Arrow: take "
            "duckdb.connect(path) or adbc_driver_postgresql.dbapi.connect(uri)."
        )
    vendor = connection.adbc_get_info().get("vendor_name")
    if vendor != _POSTGRESQL:
        raise InvalidInput(
            f"{vendor} is not known to create and fill tables in one transaction, so that a table "
            "could be seen half-written. Write a Parquet file and load that, or give the export "
            "itself to cursor.adbc_ingest()."
        )
    if connection.adbc_connection.get_option("adbc.connection.autocommit") == "true":
        raise InvalidInput(
            "The connection commits each statement by itself; open it with autocommit=False, so "
            "that the table is replaced in one step."
        )
    return Postgresql(connection)


def quoted_name(name: str) -> str:
    """A name as it stands in SQL, letter case kept."""
    if not name or "\0" in name:
        raise InvalidInput(f"{name!r} is no name of a table or a column.")
    return '"' + name.replace('"', '""') + '"'


class _Connection:
    """Transactions that nest."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._is_open = False

    def _begin(self) -> None:
        """Nothing to do where a transaction is always open."""

    def _roll_back(self) -> None:
        self.connection.rollback()

    def _has_no_room(self, error: Exception) -> bool:
        """Whether an error is the database's about its disk or its memory."""
        raise NotImplementedError

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Database`."""
        if self._is_open:
            yield
            return
        self._begin()
        self._is_open = True
        try:
            yield
            self.connection.commit()
        except BaseException as error:
            self._roll_back()
            if isinstance(error, Exception) and self._has_no_room(error):
                raise StorageError(
                    f"The database cannot write, and its tables are as they were: {error}. Make "
                    "room there, then call again."
                ) from error
            raise
        finally:
            self._is_open = False


class DuckDb(_Connection):
    """DuckDB in this process."""

    def _begin(self) -> None:
        self.connection.begin()

    def _roll_back(self) -> None:
        # After a refused commit there is none left to roll back.
        with contextlib.suppress(self._error):
            super()._roll_back()

    def _has_no_room(self, error: Exception) -> bool:
        import duckdb  # noqa: PLC0415

        if isinstance(error, (duckdb.IOException, duckdb.OutOfMemoryException)):
            return True
        return isinstance(error, duckdb.Error) and _NOT_WRITTEN in str(error)

    @property
    def _error(self) -> type[Exception]:
        import duckdb  # noqa: PLC0415

        return duckdb.Error

    def execute(self, sql: str, parameters: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """See `Database`."""
        rows: list[tuple[Any, ...]] = self.connection.execute(sql, list(parameters)).fetchall()
        return rows

    def columns(self, table: str) -> list[str]:
        """See `Database`."""
        found = self.connection.execute(f"SELECT * FROM {table} WHERE false")  # noqa: S608  # nosec B608 # quoted names
        return [column[0] for column in found.description]

    def exists(self, table: TableName) -> bool:
        """See `Database`."""
        # Letter case makes no other table here.
        sql = (
            "SELECT 1 FROM information_schema.tables WHERE lower(table_name) = lower($1) AND "
            "table_catalog = current_database() AND lower(table_schema) = lower("
        )
        if table.schema is None:
            return bool(self.execute(f"{sql}current_schema())", [table.name]))
        return bool(self.execute(f"{sql}$2)", [table.name, table.schema]))

    def lock(self, table: str) -> None:
        """Nothing to do: a transaction that meets another one's rows fails."""

    def store(self, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """See `Database`."""
        view = f"{table}_stream"
        self.connection.register(view, _reader(schema, batches))
        try:
            self.execute(f"CREATE TEMP TABLE {table} AS SELECT * FROM {view}")  # noqa: S608  # nosec B608 # names of our own
        finally:
            self.connection.unregister(view)

    def ensure_unique(self, table: str, column: str) -> None:
        """Nothing to do: joins need no index here, and one would slow each merge."""


class Postgresql(_Connection):
    """PostgreSQL by ADBC, whose transaction is always open."""

    def _has_no_room(self, error: Exception) -> bool:
        return str(getattr(error, "sqlstate", None)).startswith(_NO_RESOURCES)

    def execute(self, sql: str, parameters: Sequence[str] = ()) -> list[tuple[Any, ...]]:
        """See `Database`."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, parameters or None)
            return [] if cursor.description is None else list(cursor.fetchall())

    def columns(self, table: str) -> list[str]:
        """See `Database`."""
        with self.connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {table} WHERE false")  # noqa: S608  # nosec B608 # quoted names
            cursor.fetchall()
            return [column[0] for column in cursor.description]

    def exists(self, table: TableName) -> bool:
        """See `Database`."""
        return bool(self.execute("SELECT to_regclass($1) IS NOT NULL", [table.sql])[0][0])

    def lock(self, table: str) -> None:
        """See `Database`."""
        self.execute(f"LOCK TABLE {table} IN SHARE ROW EXCLUSIVE MODE")

    def store(self, table: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """See `Database`."""
        with self.connection.cursor() as cursor:
            reader = _reader(schema, batches)
            cursor.adbc_ingest(table, reader, mode="create", temporary=True)

    def ensure_unique(self, table: str, column: str) -> None:
        """See `Database`."""
        self.execute(f"CREATE UNIQUE INDEX ON {table} ({column})")


def _reader(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    import pyarrow as pa  # noqa: PLC0415

    return pa.RecordBatchReader.from_batches(schema, batches)
