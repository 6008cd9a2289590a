"""The columns of a batch: what each header means for an object, and what is refused at once.

Source: *Bulk API Developer Guide*, "Relationship Fields in a Header Row".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from salesforce_bulk.emulator.schema.schema import Field, Schema, SObject

_RELATIONSHIP = re.compile(r"(?:(?P<type>\w+):)?(?P<relationship>\w+)\.(?P<field>\w+)")


class BatchRefused(Exception):
    """A batch of which no row is processed; `str` is its stateMessage, "code : message"."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code} : {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A column that holds a field's own values."""

    position: int
    field: Field


@dataclass(frozen=True, slots=True, eq=False)
class RelationshipColumn:
    """A column that names a parent by one of the parent's keys."""

    position: int
    field: Field
    target: SObject
    key: Field


Column = FieldColumn | RelationshipColumn


def read_columns(names: Sequence[str], sobject: SObject, schema: Schema) -> list[Column]:
    """What the headers mean; raises BatchRefused naming the first that means nothing."""
    columns = [_column(at, name, sobject, schema) for at, name in enumerate(names)]
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise BatchRefused("InvalidBatch", f"Duplicate field name found : {name}")
        seen.add(name.lower())
    return columns


def _column(position: int, name: str, sobject: SObject, schema: Schema) -> Column:
    field = sobject.field(name)
    if field is not None and field.stored:
        return FieldColumn(position, field)
    match = _RELATIONSHIP.fullmatch(name)
    if match is None:
        raise BatchRefused("InvalidBatch", f"Field name not found : {name}")
    relationship = sobject.relationship(match["relationship"])
    if relationship is None:
        raise BatchRefused("InvalidBatch", f"Unable to find relationship: {match['relationship']}")
    target = _target(relationship, match["type"], schema)
    key = target.field(match["field"])
    if key is None:
        raise BatchRefused("InvalidBatch", f"Field name not found : {name}")
    check_key(key, target)
    return RelationshipColumn(position, relationship, target, key)


def _target(relationship: Field, type_name: str | None, schema: Schema) -> SObject:
    """The object a relationship column looks in; the type is told if and only if there are
    several."""
    if relationship.polymorphic and not type_name:
        raise BatchRefused(
            "InvalidBatch",
            "type is needed for polymorphic foreign key references: "
            f"{relationship.relationship_name}",
        )
    if type_name and not relationship.polymorphic:
        raise BatchRefused(
            "InvalidBatch",
            "type is not needed for non polymorphic foreign key references: "
            f"{relationship.relationship_name}",
        )
    wanted = type_name or relationship.reference_to[0]
    allowed = {name.lower() for name in relationship.reference_to}
    target = schema.get(wanted)
    if target is None or wanted.lower() not in allowed:
        raise BatchRefused("InvalidBatch", f"Unable to find object: {wanted}")
    return target


def check_key(key: Field, sobject: SObject) -> None:
    """Refuse a key column that is no external id, idLookup field or Id."""
    if not key.key_for_lookup:
        raise BatchRefused(
            "InvalidBatch",
            f"Field name provided, {key.name} does not match an External ID, Salesforce Id, "
            f"or indexed field for {sobject.name}",
        )
