"""What queries of big objects refuse: they go by the index, and by nothing else.

Source: *Big Objects Implementation Guide*, "SOQL with Big Objects"; the texts about gaps,
directions and aggregates are those of public reports.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from salesforce_bulk.emulator.schema.fields import IndexField, SObject
from salesforce_bulk.emulator.schema.schema import Schema
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import (
    And,
    Comparison,
    Condition,
    FunctionCall,
    InComparison,
    Not,
    Or,
    OrderItem,
    Path,
    Query,
    SelectChildren,
    SemiJoin,
)
from salesforce_bulk.emulator.soql.paths import FromClause

BIG_OBJECT_UNSUPPORTED_OPERATION: Final = "BIG_OBJECT_UNSUPPORTED_OPERATION"
_RANGES: Final = frozenset({"<", "<=", ">", ">="})
_DIRECTIONS: Final = {False: "ASCENDING", True: "DESCENDING"}

_Filter: TypeAlias = Comparison | InComparison


def check_big_object(query: Query, schema: Schema) -> Query:
    """The query to compile: itself, or, of a big object, in the order of the index.

    Raises:
        SoqlError: what queries of big objects cannot do, and subqueries of big objects.
    """
    for condition in _conditions(query.where):
        if isinstance(condition, SemiJoin):
            check_no_index(condition.query, schema)
    sobject = schema.get(query.object.text)
    if sobject is None or not sobject.index:
        return query
    _BigObjectQuery(query, sobject, schema).check()
    if query.order_by:
        return query
    order = tuple(
        OrderItem(Path((each.field,), query.at), each.descending, None, query.at)
        for each in sobject.index
    )
    return replace(query, order_by=order)


def check_no_index(query: Query, schema: Schema) -> None:
    """Refuse a subquery of a big object."""
    sobject = schema.get(query.object.text)
    if sobject and sobject.index:
        raise _unsupported("Subqueries not supported")


def _unsupported(text: str) -> SoqlError:
    return SoqlError(BIG_OBJECT_UNSUPPORTED_OPERATION, text)


def _conditions(condition: Condition | None) -> Iterator[Condition]:
    """The conditions of a clause, one after the other, without what joins them."""
    if isinstance(condition, And | Or):
        for item in condition.items:
            yield from _conditions(item)
    elif isinstance(condition, Not):
        yield from _conditions(condition.item)
    elif condition is not None:
        yield condition


class _BigObjectQuery:
    """One query of a big object."""

    def __init__(self, query: Query, sobject: SObject, schema: Schema) -> None:
        self._query = query
        self._object = sobject
        self._scope = FromClause(query, sobject, schema, "t", {})

    def check(self) -> None:
        """Raises SoqlError."""
        if self._query.aggregates:
            raise _unsupported("Aggregate functions not supported")
        if any(isinstance(item, SelectChildren) for item in self._query.fields):
            raise _unsupported("Subqueries not supported")
        self._check_filters(list(self._filters(self._query.where)))
        self._check_order()

    def _filters(self, condition: Condition | None) -> Iterator[_Filter]:
        """The filters of the WHERE clause; raises where they are not joined by AND alone."""
        if isinstance(condition, And):
            for item in condition.items:
                yield from self._filters(item)
        elif isinstance(condition, Or | Not):
            raise _unsupported("Filters may be joined by AND only")
        elif isinstance(condition, SemiJoin):
            raise _unsupported("Subqueries not supported")
        elif condition is not None:
            yield condition

    def _check_filters(self, filters: Sequence[_Filter]) -> None:
        names = [self._indexed(each.operand) for each in filters]
        _check_prefix(list(dict.fromkeys(names)), self._object.index)
        kinds = [_kind(each, name) for each, name in zip(filters, names, strict=True)]
        if kinds.count("IN") > 1:
            raise _unsupported("IN may be used only once")
        ranges = {name for kind, name in zip(kinds, names, strict=True) if kind in _RANGES}
        if ranges - set(names[-1:]):
            raise _unsupported("Range filters are supported on the last filter column only")

    def _check_order(self) -> None:
        items = self._query.order_by
        names = [self._indexed(item.operand) for item in items]
        _check_prefix(names, self._object.index)
        for item, each in zip(items, self._object.index, strict=False):
            if item.descending != each.descending:
                raise _unsupported(
                    f"Unsupported order direction on filter column: {each.field.upper()} : "
                    f"{_DIRECTIONS[item.descending]}"
                )

    def _indexed(self, operand: Path | FunctionCall) -> str:
        """The name of a field of the index."""
        if isinstance(operand, FunctionCall):
            raise _unsupported(f"Function {operand.name} not supported on a filter column")
        bound = self._scope.resolve(operand)
        name = ".".join(bound.path)
        if name not in {each.field for each in self._object.index}:
            raise _unsupported(f"Filter column is not in the index: {name}")
        return name


def _check_prefix(names: Sequence[str], index: Sequence[IndexField]) -> None:
    """The fields have to be the first of the index, in its order."""
    if list(names) != [each.field for each in index[: len(names)]]:
        raise _unsupported("Filters may not have any gaps within the composite key")


def _kind(condition: _Filter, name: str) -> str:
    """The operator of a filter; IN with one value is =."""
    operator = condition.operator
    if isinstance(condition, InComparison) and operator == "IN":
        return "=" if len(condition.values) == 1 else "IN"
    if operator != "=" and operator not in _RANGES:
        raise _unsupported(f"Unsupported operator on filter column: {name} : {operator}")
    return operator
