"""What bulk queries refuse although SOQL has it: a step of its own, after parsing.

Source: *Bulk API 2.0 and Bulk API Developer Guide*, "Query" (SOQL considerations) and "Bulk
Query" of 1.0; the texts that public reports show. Bulk 1.0 accepts the batch and fails it
later, with `InvalidBatch : Failed to process query: CODE: MESSAGE` as its stateMessage; only
"FeatureNotEnabled" is an exceptionCode of its own: `FeatureNotEnabled : MESSAGE`. Bulk 2.0
answers the POST that creates the job with HTTP 400.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from salesforce_bulk.emulator.schema.fields import COMPOUND_TYPES, Field, SObject
from salesforce_bulk.emulator.schema.schema import Schema
from salesforce_bulk.emulator.soql.errors import (
    FUNCTIONALITY_NOT_ENABLED,
    MALFORMED_QUERY,
    SoqlError,
)
from salesforce_bulk.emulator.soql.parse import (
    FunctionCall,
    Operand,
    Path,
    Query,
    SelectChildren,
    SelectField,
    SelectFields,
    SelectItem,
    SelectTypeOf,
)
from salesforce_bulk.emulator.soql.paths import FromClause, find_object

FEATURE_NOT_ENABLED: Final = "FeatureNotEnabled"
API_ERROR: Final = "API_ERROR"
INVALID_ENTITY: Final = "INVALIDENTITY"

_AGGREGATES: Final = "Aggregate Relationships not supported in Bulk Query"
_COMPOUND: Final = "Selecting compound data not supported in Bulk Query"
_BINARY: Final = "Binary field not supported"
_UNBOUNDED: Final = (
    "The SOQL FIELDS function is not supported with an unbounded set of fields in this API."
)
#: No recorded text names these; the form is that of the others.
_NOT_IN_BULK: Final = "{} not supported in Bulk Query"

#: Objects that bulk query 2.0 refuses, as connectors list them.
_REFUSED_OBJECTS: Final = frozenset(
    {
        "acceptedeventrelation",
        "casestatus",
        "contractstatus",
        "declinedeventrelation",
        "fieldsecurityclassification",
        "orderstatus",
        "partnerrole",
        "recentlyviewed",
        "solutionstatus",
        "taskpriority",
        "taskstatus",
        "undecidedeventrelation",
    }
)


def check_bulk1(query: Query, schema: Schema, content_type: str) -> Query:
    """The query to compile for a Bulk 1.0 batch.

    Args:
        content_type: the job's ("CSV", "XML", "JSON"). TYPEOF is refused except in JSON, where
            it was recorded.

    Returns:
        The query itself; FIELDS(STANDARD) is written out, without what bulk cannot select.

    Raises:
        SoqlError: what Bulk 1.0 does not select.
    """
    sobject = find_object(schema, query.object, query.text)
    _check_clauses(query, FUNCTIONALITY_NOT_ENABLED)
    if content_type.upper() != "JSON":
        _check_type_of(query, FUNCTIONALITY_NOT_ENABLED)
    _check_fields(query, sobject, schema, FUNCTIONALITY_NOT_ENABLED, FEATURE_NOT_ENABLED)
    return _with_fields_written_out(query, sobject)


def check_bulk2(query: Query, schema: Schema) -> Query:
    """The query to compile for a Bulk 2.0 query job; see check_bulk1."""
    if query.object.text.lower() in _REFUSED_OBJECTS:
        raise SoqlError(
            INVALID_ENTITY, f"Entity '{query.object.text}' is not supported by the Bulk API."
        )
    sobject = find_object(schema, query.object, query.text)
    _check_clauses(query, API_ERROR)
    _check_type_of(query, API_ERROR)
    _check_fields(query, sobject, schema, API_ERROR, API_ERROR)
    return _with_fields_written_out(query, sobject)


def _check_clauses(query: Query, code: str) -> None:
    if query.aggregates or any(isinstance(item, SelectChildren) for item in query.fields):
        raise SoqlError(code, _AGGREGATES)
    for clause, present in (
        ("HAVING", query.having is not None),
        ("OFFSET", query.offset is not None),
    ):
        if present:
            raise SoqlError(code, _NOT_IN_BULK.format(clause))


def _check_type_of(query: Query, code: str) -> None:
    if any(isinstance(item, SelectTypeOf) for item in query.fields):
        raise SoqlError(code, _NOT_IN_BULK.format("TYPEOF"))


def _check_fields(
    query: Query, sobject: SObject, schema: Schema, compound: str, binary: str
) -> None:
    for item in query.fields:
        if isinstance(item, SelectFields) and item.group != "STANDARD":
            raise SoqlError(MALFORMED_QUERY, _UNBOUNDED)
    scope = FromClause(query, sobject, schema, "t", {})
    for path in _paths(query):
        field = scope.resolve(path).field
        if field.type in COMPOUND_TYPES:
            raise SoqlError(compound, _COMPOUND)
        if field.type == "base64":
            raise SoqlError(binary, _BINARY)


def _paths(query: Query) -> Iterator[Path]:
    for item in query.fields:
        if isinstance(item, SelectField):
            yield from _paths_in(item.operand)


def _paths_in(operand: Operand) -> Iterator[Path]:
    if isinstance(operand, Path):
        yield operand
    elif isinstance(operand, FunctionCall):
        for argument in operand.arguments:
            yield from _paths_in(argument)


def _with_fields_written_out(query: Query, sobject: SObject) -> Query:
    """FIELDS(STANDARD) works in bulk, so it must leave out what bulk refuses (assumed)."""
    if not any(isinstance(item, SelectFields) for item in query.fields):
        return query
    items: list[SelectItem] = []
    for item in query.fields:
        if isinstance(item, SelectFields):
            items += [
                SelectField(Path((field.name,), item.at), None, item.at)
                for field in sobject.fields.values()
                if _selectable(field)
            ]
        else:
            items.append(item)
    return replace(query, fields=tuple(items))


def _selectable(field: Field) -> bool:
    return field.stored and field.type != "base64" and not field.custom
