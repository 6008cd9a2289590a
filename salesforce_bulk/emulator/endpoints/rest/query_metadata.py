"""What REST tells of a query besides its rows: the columns, and how it would be run.

Sources: REST API Developer Guide, "Query Performance Feedback"; the shape of ``columns=true`` is
what the Salesforce CLI reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from salesforce_bulk.emulator.schema.fields import NUMBER_TYPES
from salesforce_bulk.emulator.soql.compile import Column, CompiledQuery

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

_APEX_TYPES = {
    "base64": "Blob",
    "boolean": "Boolean",
    "currency": "Double",
    "date": "Date",
    "datetime": "Datetime",
    "double": "Double",
    "id": "Id",
    "int": "Integer",
    "long": "Long",
    "percent": "Double",
    "reference": "Id",
    "time": "Time",
}
_NOT_TEXT = NUMBER_TYPES | {"boolean"}


def column_metadata(plan: CompiledQuery) -> dict[str, Any]:
    """The answer to ``columns=true``: parents and subqueries are columns with columns below."""
    columns: list[dict[str, Any]] = []
    for column in plan.columns:
        _place(columns, column, plan.aggregate)
    for children in plan.children:
        below = [_column(column, column.label, False) for column in children.query.columns]
        columns.append(_join(children.label, below))
    return {
        "columnMetadata": columns,
        "entityName": plan.object.name,
        "groupBy": plan.aggregate and any(column.kind == "group" for column in plan.columns),
        "idSelected": any(column.path == ("Id",) for column in plan.columns),
        "keyPrefix": plan.object.key_prefix or None,
    }


def _place(columns: list[dict[str, Any]], column: Column, aggregate: bool) -> None:
    for name in () if aggregate else column.path[:-1]:
        parent = next((c for c in columns if c["columnName"] == name and c["joinColumns"]), None)
        if parent is None:
            parent = _join(name, [])
            columns.append(parent)
        columns = parent["joinColumns"]
    columns.append(_column(column, column.label if aggregate else column.path[-1], aggregate))


def _column(column: Column, name: str, aggregate: bool) -> dict[str, Any]:
    field = column.field
    return {
        "aggregate": aggregate,
        "apexType": _APEX_TYPES.get(column.type, "String"),
        "booleanType": column.type == "boolean",
        "columnName": name,
        "custom": bool(field and field.custom),
        "displayName": name,
        "foreignKeyName": field.relationship_name if field else None,
        "insertable": bool(field and field.createable),
        "joinColumns": [],
        "numberType": column.type in NUMBER_TYPES,
        "textType": column.type not in _NOT_TEXT,
        "updatable": bool(field and field.updateable),
    }


def _join(name: str, columns: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "aggregate": True,
        "apexType": None,
        "booleanType": False,
        "columnName": name,
        "custom": name.endswith("__r"),
        "displayName": name,
        "foreignKeyName": None,
        "insertable": False,
        "joinColumns": columns,
        "numberType": False,
        "textType": False,
        "updatable": False,
    }


def explanation(org: Org, plan: CompiledQuery, soql: str) -> dict[str, Any]:
    """The answer to ``explain=``: one plan, which reads the whole table."""
    count = org.count(plan.object.name)
    return {
        "plans": [
            {
                "cardinality": count,
                "fields": [],
                "leadingOperationType": "TableScan",
                "notes": [],
                "relativeCost": 1.0,
                "sobjectCardinality": count,
                "sobjectType": plan.object.name,
            }
        ],
        "sourceQuery": soql,
    }
