"""One table that is replaced, appended to or merged into, in one transaction.

The rows come into a temporary table first, which takes as long as the download; the table itself
is touched when all have come, for as long as the database needs to move them.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from salesforce_bulk.database.connection import Database, TableName, quoted_name
from salesforce_bulk.errors import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

TableMode = Literal["replace", "append", "merge"]
_DELETED = "IsDeleted"


@dataclass(frozen=True)
class TableTarget:
    """Where rows go, and how.

    Attributes:
        table: its name.
        mode: ``replace`` leaves the new rows only; ``append`` adds them; ``merge`` updates the rows
            whose key is there, adds the others, and removes those whose IsDeleted is true.
        key: the column by which rows are merged.
    """

    table: TableName
    mode: TableMode
    key: str

    def check(self, columns: Iterable[str]) -> None:
        """Refuse what cannot be done with these columns."""
        if self.mode not in get_args(TableMode):
            raise InvalidInput(f"mode={self.mode!r} is none of {', '.join(get_args(TableMode))}.")
        if self.mode == "merge" and self.key not in (names := list(columns)):
            raise InvalidInput(
                f"mode='merge' needs the key {self.key} among the columns, which are "
                f"{', '.join(names)}."
            )


def write_table(
    database: Database,
    target: TableTarget,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    commit: Callable[[], None] = lambda: None,
) -> None:
    """Bring all rows into a table, or none.

    Args:
        database: whose connection commits; what was open on it is committed with the rows.
        target: the table.
        schema: of the batches.
        batches: an error of theirs is raised here, and the table stays as it is.
        commit: called in the transaction, behind the rows.
    """
    target.check(schema.names)
    with _temporary_table(database, schema, batches) as rows, database.transaction():
        _TableWriter(database, target, rows, schema.names).write()
        commit()


@contextlib.contextmanager
def _temporary_table(
    database: Database, schema: pa.Schema, batches: Iterable[pa.RecordBatch]
) -> Iterator[str]:
    table = f"salesforce_bulk_{uuid.uuid4().hex}"
    source = _Batches(batches)
    try:
        with database.transaction():
            database.store(table, schema, source)
    except Exception as error:
        # The database shows the text of what ended its stream, not its type.
        if source.error is not None:
            raise source.error from error
        raise
    try:
        yield table
    finally:
        # The connection may be what broke; the table goes with it.
        with contextlib.suppress(Exception), database.transaction():
            database.execute(f"DROP TABLE {table}")


class _Batches:
    """Batches that remember what ended them."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self.error: BaseException | None = None
        self._batches = batches

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._batches
        except GeneratorExit:  # the database wants no more; why is its own error
            raise
        except BaseException as error:
            self.error = error
            raise


class _TableWriter:
    def __init__(
        self, database: Database, target: TableTarget, rows: str, names: Iterable[str]
    ) -> None:
        self._database = database
        self._target = target
        self._rows = rows
        self._table = target.table.sql
        self._names = [quoted_name(name) for name in names]
        self._key = quoted_name(target.key)
        self._live = f"{quoted_name(_DELETED)} IS NOT TRUE" if _DELETED in names else "true"

    def write(self) -> None:
        """Do what the mode says."""
        if not self._database.exists(self._target.table):
            self._create()
        elif self._target.mode == "replace" and self._columns(self._table) != self._columns():
            self._database.execute(f"DROP TABLE {self._table}")
            self._create()
        self._database.lock(self._table)
        self._check_columns()
        {"replace": self._replace, "append": self._append, "merge": self._merge}[
            self._target.mode
        ]()

    def _create(self) -> None:
        self._database.execute(
            f"CREATE TABLE {self._table} AS SELECT * FROM {self._rows} WHERE false"  # noqa: S608  # nosec B608 # quoted names
        )
        if self._target.mode == "merge":
            self._database.ensure_unique(self._table, self._key)

    def _columns(self, table: str | None = None) -> list[str]:
        return self._database.columns(table or self._rows)

    def _check_columns(self) -> None:
        have = set(self._columns(self._table))
        missing = [name for name in self._columns() if name not in have]
        if missing:
            added = ", ".join(f"ADD COLUMN {quoted_name(name)} ..." for name in missing)
            raise InvalidInput(
                f"The table {self._table} has no column {', '.join(missing)}, and nothing was "
                f"written. ALTER TABLE {self._table} {added}, or replace it by mode='replace'."
            )

    def _replace(self) -> None:
        # Not dropped: its grants, its indexes and the views on it stay.
        self._database.execute(f"DELETE FROM {self._table}")  # noqa: S608  # nosec B608 # quoted names
        self._append()

    def _append(self) -> None:
        names = ", ".join(self._names)
        self._database.execute(
            f"INSERT INTO {self._table} ({names}) SELECT {names} FROM {self._rows}"  # noqa: S608  # nosec B608 # quoted names
        )

    def _merge(self) -> None:
        self._check_keys()
        table, rows, key, names = self._table, self._rows, self._key, ", ".join(self._names)
        values = ", ".join(f"{name} = fresh.{name}" for name in self._names if name != key)
        # Not deleted and inserted again, which would fire other triggers and cascade.
        self._database.execute(
            f"DELETE FROM {table} WHERE {key} IN "  # noqa: S608  # nosec B608 # quoted names
            f"(SELECT {key} FROM {rows} WHERE NOT ({self._live}))"
        )
        if values:
            self._database.execute(
                f"UPDATE {table} SET {values} FROM {rows} AS fresh "  # noqa: S608  # nosec B608 # quoted names
                f"WHERE {table}.{key} = fresh.{key}"
            )
        self._database.execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows} AS fresh "  # noqa: S608  # nosec B608 # quoted names
            f"WHERE {self._live} AND NOT EXISTS "
            f"(SELECT 1 FROM {table} WHERE {table}.{key} = fresh.{key})"
        )

    def _check_keys(self) -> None:
        rows, keys, without = self._database.execute(
            f"SELECT count(*), count(DISTINCT {self._key}), "  # noqa: S608  # nosec B608 # quoted names
            f"count(*) - count({self._key}) FROM {self._rows}"
        )[0]
        if keys != rows:
            twice = rows - without - keys
            raise InvalidInput(
                f"mode='merge' by {self._key}: {without:,} rows have none and {twice:,} have one "
                "that came before, so that no row of the table would be theirs. Nothing was "
                "written; merge by a column that is unique, as Id is."
            )
