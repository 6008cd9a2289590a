"""An org's schema and database for queries: real tables, rows put in by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest

from salesforce_bulk.emulator.data.store import Store
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import Schema
from salesforce_bulk.emulator.soql.compile import CompiledQuery, compile_query
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import parse

#: A Wednesday.
NOW = datetime(2024, 5, 15, 13, 30, tzinfo=timezone.utc)


class Database:
    """A schema with its tables; rows go in as the store keeps them."""

    def __init__(self) -> None:
        self.schema = Schema()
        self.schema.define("Shelf__c", {"Ext__c": "externalId"})
        self.schema.define(
            "Bag__c",
            {
                "Ext__c": {"type": "string", "length": 40, "caseSensitive": True},
                "Shelf__c": "lookup(Shelf__c)",
                "Tags__c": {"type": "multipicklist", "picklistValues": ["a", "b", "c"]},
                "Open__c": "time",
                "Place__c": "location",
                "Size__c": {
                    "type": "picklist",
                    "picklistValues": [{"value": "S", "label": "Small"}, {"value": "L"}],
                },
                "Long__c": {"type": "textarea", "length": 32000},
                "Done__c": "checkbox",
                "Amount__c": "currency",
                "Day__c": "date",
            },
        )
        self.store = Store()
        self._counters: dict[str, int] = {}

    def insert(self, object_name: str, **values: Any) -> str:
        """Put one row in; returns its Id (given, or the next of the object)."""
        sobject = self.schema.get(object_name)
        assert sobject is not None
        self.store.ensure(sobject)
        number = self._counters[object_name] = self._counters.get(object_name, 0) + 1
        row = {"Id": to_18(f"{sobject.key_prefix}000{number:09d}")} | values
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        with self.store.writing() as connection:
            connection.execute(
                f'INSERT INTO "{sobject.name}" ({names}) VALUES ({marks})', list(row.values())
            )
        return str(row["Id"])

    def insert_all(self, object_name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        return [self.insert(object_name, **row) for row in rows]

    def compile(self, soql: str, **options: Any) -> CompiledQuery:
        compiled = compile_query(parse(soql), self.schema, NOW, **options)
        for sobject in compiled.tables:
            self.store.ensure(sobject)
        return compiled

    def raw(self, soql: str, **options: Any) -> list[tuple[Any, ...]]:
        """Rows with their hidden columns."""
        compiled = self.compile(soql, **options)
        return self.store.read().execute(compiled.sql, compiled.parameters).fetchall()

    def query(self, soql: str, **options: Any) -> list[tuple[Any, ...]]:
        """Rows of the visible columns, asked in both ways."""
        compiled = self.compile(soql, **options)
        read = self.store.read()
        flat = read.execute(compiled.flat_sql, compiled.parameters).fetchall()
        full = read.execute(compiled.sql, compiled.parameters).fetchall()
        assert [row[: len(compiled.columns)] for row in full] == flat
        return flat

    def values(self, soql: str, **options: Any) -> list[Any]:
        """The first column."""
        return [row[0] for row in self.query(soql, **options)]


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database()
    yield made
    made.store.close()


@pytest.fixture
def refusal(database: Database) -> Callable[..., SoqlError]:
    """The error of a query that must not compile."""

    def refused(soql: str, **options: Any) -> SoqlError:
        with pytest.raises(SoqlError) as caught:
            database.compile(soql, **options)
        return caught.value

    return refused
