"""Rows of a query as REST's JSON records, parents and children nested.

REST API Developer Guide, "Query"; values as in "Field Types".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.jobs.results import (
    FieldMember,
    ObjectOf,
    RecordMember,
    TypeOfMember,
    tree,
)
from salesforce_bulk.emulator.soql.compile import Children, CompiledQuery

Row = Sequence[Any]
#: The rows of a child query, hidden columns included, for one parent.
ChildRows = Callable[[Children, str], list[Row]]


class Records:
    """Makes the records of one query's rows.

    Args:
        plan: the query.
        version: of the API, for addresses, such as ``64.0``.
        object_of: the object of an id.
        child_rows: runs a subquery.
        dialect: whether what is null is left out.
    """

    def __init__(
        self,
        plan: CompiledQuery,
        version: str,
        object_of: ObjectOf,
        child_rows: ChildRows,
        dialect: Dialect,
    ) -> None:
        self._plan = plan
        self._version = version
        self._object_of = object_of
        self._child_rows = child_rows
        self._dialect = dialect
        self._nulls = dialect["rest.query.nulls"] == "null"
        self._root = None if plan.aggregate else tree(plan)

    def record(self, row: Row) -> dict[str, Any]:
        """One record."""
        if self._root is None:
            return self._aggregate(row)
        record = self._node(self._root, row)
        for children in self._plan.children:
            record[children.label] = self._children(children, row)
        return self._told(record)

    def _told(self, record: dict[str, Any]) -> dict[str, Any]:
        if self._nulls:
            return record
        return {name: value for name, value in record.items() if value is not None}

    def _aggregate(self, row: Row) -> dict[str, Any]:
        record: dict[str, Any] = {"attributes": {"type": "AggregateResult"}}
        for index, column in enumerate(self._plan.columns):
            record[column.label] = json_value(column.type, row[index])
        return self._told(record)

    def _children(self, children: Children, row: Row) -> dict[str, Any] | None:
        rows = self._child_rows(children, row[self._plan.parents[()].index])
        if not rows:
            return None
        below = Records(
            children.query, self._version, self._object_of, self._child_rows, self._dialect
        )
        return {
            "totalSize": len(rows),
            "done": True,
            "records": [below.record(child) for child in rows],
        }

    def _node(self, node: RecordMember, row: Row) -> dict[str, Any]:
        return self._members(node, row, node.items)

    def _members(
        self,
        item: RecordMember | TypeOfMember,
        row: Row,
        members: Sequence[FieldMember | RecordMember | TypeOfMember],
    ) -> dict[str, Any]:
        identity = row[item.index]
        name = item.objects[0] if len(item.objects) == 1 else self._object_of(identity)
        record: dict[str, Any] = {"attributes": self._attributes(name, identity)}
        for member in members:
            record[member.name] = self._member(member, row, name, identity)
        return self._told(record)

    def _member(
        self, item: FieldMember | RecordMember | TypeOfMember, row: Row, name: str, identity: str
    ) -> Any:
        if isinstance(item, FieldMember):
            if item.type == "base64" and row[item.index]:
                return f"{self._address(name, identity)}/{item.name}"
            return json_value(item.type, row[item.index])
        if row[item.index] is None:
            return None
        if isinstance(item, RecordMember):
            return self._node(item, row)
        own = item.objects[0] if len(item.objects) == 1 else self._object_of(row[item.index])
        return self._members(item, row, item.branches.get(own, item.otherwise))

    def _attributes(self, name: str, identity: str) -> dict[str, str]:
        return {"type": name, "url": self._address(name, identity)}

    def _address(self, name: str, identity: str) -> str:
        return f"/services/data/v{self._version}/sobjects/{name}/{identity}"


def json_value(kind: str, value: Any) -> Any:
    """A stored value as REST writes it; ``kind`` is describe's word for its type."""
    if kind == "boolean":
        return bool(value)
    if value is None:
        return None
    if kind == "datetime":
        return str(value).removesuffix("Z") + "+0000"
    if kind in ("address", "location"):
        return json.loads(value)
    if kind == "base64":
        return None
    return value
