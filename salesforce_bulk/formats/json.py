"""Records as the body of a JSON batch.

Guide: "Prepare XML and JSON Files".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from salesforce_bulk.formats.records import Cell, Record, cells, relationship
from salesforce_bulk.formats.values import CLEAR


def encode_records(records: Iterable[Record]) -> bytes:
    """The records as a JSON array.

    Args:
        records: dicts of field names and values. None and NaN are left out, which leaves the
            field as it is, as an empty cell does in CSV. ``Owner.Username`` and
            ``Lead:Who.Email`` become nested objects.

    Raises:
        InvalidInput: a value that cannot be written; names row and column.
    """
    return json.dumps([_object(row) for _, row in cells(records)], ensure_ascii=False).encode()


def _object(row: list[Cell]) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for cell in row:
        parent = relationship(cell.column)
        if parent is None:
            document[cell.column] = _value(cell)
            continue
        nested = document.setdefault(parent.name, {})
        if parent.object_type is not None:
            nested["attributes"] = {"type": parent.object_type}
        nested[parent.field] = _value(cell)
    return document


def _value(cell: Cell) -> Any:
    """JSON's own type where it has one that loses nothing, else the text."""
    value = cell.value
    if value is CLEAR:
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Decimal) and Decimal(repr(float(value))) == value:
        return float(value)
    return cell.text
