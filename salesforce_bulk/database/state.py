"""What an incremental export remembers, in the database that holds its rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from salesforce_bulk.database.connection import TableName, database_of
from salesforce_bulk.errors import InvalidInput

_TABLE = "salesforce_bulk_state"


class DatabaseState:
    """The state of an incremental export in a table of a database, for ``state=``.

    `Export.to_duckdb` and `Export.to_sql` write it in the transaction that writes the rows, where
    they are given the same connection: after a crash there are both, or neither. Other readings
    write it when they are complete.

    Args:
        connection: of ``duckdb.connect()`` or ``adbc_driver_postgresql.dbapi.connect(uri)``.
        name: of the state; one for each export.
        schema: that holds the table ``salesforce_bulk_state``, which is made where there is none;
            None takes the connection's own.

    Raises:
        InvalidInput: another connection.
    """

    __module__ = "salesforce_bulk"

    def __init__(self, connection: Any, name: str, *, schema: str | None = None) -> None:
        self.database = database_of(connection)
        self.name = name
        self._home = TableName(_TABLE, schema)
        self._table = self._home.sql

    def __str__(self) -> str:
        return f"{self.name!r} in the table {self._table}"

    def __repr__(self) -> str:
        return f"<DatabaseState {self}>"

    def read(self) -> bytes | None:
        """The document that was written last; None before the first."""
        with self.database.transaction():
            if not self.database.exists(self._home):
                return None
            rows = self.database.execute(
                f"SELECT document FROM {self._table} WHERE name = $1",  # noqa: S608  # nosec B608 # quoted names
                [self.name],
            )
        return str(rows[0][0]).encode() if rows else None

    def replace(self, before: bytes | None, after: bytes) -> None:
        """Put a document in the place of the one before.

        Raises:
            InvalidInput: another one stands there: somebody else has delivered the same changes.
        """
        with self.database.transaction():
            self.database.execute(
                f"CREATE TABLE IF NOT EXISTS {self._table} "
                "(name TEXT PRIMARY KEY, document TEXT NOT NULL)"
            )
            if before is None:
                sql = f"INSERT INTO {self._table} VALUES ($1, $2) ON CONFLICT DO NOTHING"  # noqa: S608  # nosec B608 # quoted names
                parameters = [self.name, after.decode()]
            else:
                sql = f"UPDATE {self._table} SET document = $2 WHERE name = $1 AND document = $3"  # noqa: S608  # nosec B608 # quoted names
                parameters = [self.name, after.decode(), before.decode()]
            if not self.database.execute(f"{sql} RETURNING name", parameters):
                raise InvalidInput(
                    f"The state {self} has moved on since this export was planned: another one has "
                    "delivered its changes, and nothing was written here. Call export() again."
                )

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nothing is held: `replace` sees whether somebody else was faster."""
        yield
