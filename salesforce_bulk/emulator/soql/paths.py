"""Field paths of a query, bound to the schema: `Account.Owner.Name` to SQL.

Source: *SOQL and SOSL Reference*, "Relationship Queries". A parent of one type is a LEFT JOIN,
so that rows without it stay. A polymorphic parent (Owner, Who, What) is asked by scalar
subqueries, one for each type it may have, chosen by the key prefix of the Id: SQLite joins no
more than 64 tables, and only one of them would hold the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from salesforce_bulk.emulator.schema.features import MULTI_CURRENCY
from salesforce_bulk.emulator.schema.fields import Field, SObject
from salesforce_bulk.emulator.schema.schema import Schema
from salesforce_bulk.emulator.soql.errors import (
    INVALID_FIELD,
    INVALID_TYPE,
    MALFORMED_QUERY,
    SoqlError,
    located,
)
from salesforce_bulk.emulator.soql.parse import Name, Path, Query

#: "Understanding Relationship Query Limitations".
PARENT_LEVELS: Final = 5
PARENTS: Final = 55

_ADVICE: Final = (
    " If you are attempting to use a custom {kind}, be sure to append the '{suffix}' after the "
    "{name}. Please reference your WSDL or the describe call for the appropriate names."
)
FIELD_ADVICE: Final = _ADVICE.format(kind="field", suffix="__c", name="custom field name")
RELATIONSHIP_ADVICE: Final = _ADVICE.format(
    kind="relationship", suffix="__r", name="custom relationship name"
)
OBJECT_ADVICE: Final = _ADVICE.format(kind="object", suffix="__c", name="entity name")

#: The fields of `Name`, the type of every polymorphic parent ("Understanding Polymorphic Keys").
_NAME_FIELDS: Final[Mapping[str, Field]] = {
    name.lower(): Field(name=name, label=name, type=type_, reference_to=to, relationship_name=rel)
    for name, type_, to, rel in (
        ("Id", "id", (), None),
        ("Name", "string", (), None),
        ("FirstName", "string", (), None),
        ("LastName", "string", (), None),
        ("Email", "email", (), None),
        ("Username", "string", (), None),
        ("Type", "picklist", (), None),
        ("Alias", "string", (), None),
        ("Title", "string", (), None),
        ("Phone", "phone", (), None),
        ("ProfileId", "reference", ("Profile",), "Profile"),
        ("UserRoleId", "reference", ("UserRole",), "UserRole"),
        ("IsActive", "boolean", (), None),
    )
}


@dataclass(frozen=True, slots=True)
class BoundField:
    """The field at the end of a path.

    `path` is in the API's letter case, without alias and object name. `optional` says that the
    parent may be missing; `entity` is the object the field belongs to.
    """

    sql: str
    field: Field
    path: tuple[str, ...]
    entity: str

    @property
    def optional(self) -> bool:
        return len(self.path) > 1


@dataclass(frozen=True, slots=True)
class ParentId:
    """Where the Id of a parent is, and which objects it may be of."""

    sql: str
    objects: tuple[str, ...]


class _Entity(Protocol):
    name: str

    def field(self, name: str) -> Field | None: ...
    def relationship(self, name: str) -> Field | None: ...
    def column(self, field: Field) -> str: ...


class _SourceTable:
    def __init__(self, sobject: SObject, alias: str) -> None:
        self.name = sobject.name
        self.field = sobject.field
        self.relationship = sobject.relationship
        self._alias = alias

    def column(self, field: Field) -> str:
        return f'{self._alias}."{field.name}"'


class _ParentTable(_SourceTable):
    """A joined parent. Its Id is the reference itself."""

    def __init__(self, sobject: SObject, alias: str, reference: str) -> None:
        super().__init__(sobject, alias)
        self._reference = reference
        self.used = False

    def column(self, field: Field) -> str:
        if field.type == "id":
            return self._reference
        self.used = True
        return super().column(field)


class _NameEntity:
    """A polymorphic parent, of which only the fields of `Name` can be used."""

    name = "Name"

    def __init__(self, targets: list[SObject], reference: str, tables: dict[str, SObject]) -> None:
        self._targets = targets
        self._reference = reference
        self._tables = tables

    def field(self, name: str) -> Field | None:
        return _NAME_FIELDS.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        return next(
            (
                field
                for field in _NAME_FIELDS.values()
                if (field.relationship_name or "").lower() == name.lower()
            ),
            None,
        )

    def column(self, field: Field) -> str:
        if field.type == "id":
            return self._reference
        cases = [
            f"WHEN '{target.key_prefix}' THEN {value}"
            for target in self._targets
            if target.key_prefix and (value := self._value(target, field))
        ]
        return f"CASE substr({self._reference}, 1, 3) {' '.join(cases)} END" if cases else "NULL"

    def _value(self, target: SObject, field: Field) -> str | None:
        if field.name == "Type":
            return f"'{target.name}'"
        own = target.field(field.name)
        if own is None and field.name == "Name":
            own = target.name_field
        if own is None or not own.stored:
            return None
        self._tables[target.name] = target
        return f'(SELECT "{own.name}" FROM "{target.name}" WHERE "Id" = {self._reference})'  # noqa: S608  # nosec B608 # compiled, no input


class FromClause:
    """The FROM clause of one SELECT: its object, its aliases, and the parents it came to need.

    `tables` is given every object that the SQL reads, as it becomes known.
    """

    def __init__(
        self,
        query: Query,
        sobject: SObject,
        schema: Schema,
        alias: str,
        tables: dict[str, SObject],
    ) -> None:
        self.query = query
        self.object = sobject
        self.alias = alias
        self.parents: dict[tuple[str, ...], ParentId] = {}
        self._schema = schema
        self._tables = tables
        tables[sobject.name] = sobject
        self._root = _SourceTable(sobject, alias)
        self._entities: dict[tuple[str, ...], _Entity] = {(): self._root}
        self._joins: list[tuple[_ParentTable, str]] = []
        self._aliases = self._read_aliases()

    @property
    def several_currencies(self) -> bool:
        """Whether amounts of the org's records are in more than one currency."""
        return MULTI_CURRENCY in self._schema.features

    @property
    def from_sql(self) -> str:
        joins = [sql for parent, sql in self._joins if parent.used]
        return " ".join([f'FROM "{self.object.name}" AS {self.alias}', *joins])

    def resolve(self, path: Path) -> BoundField:
        """Raises SoqlError where the path leads nowhere."""
        names = self._without_alias(path.names)
        canonical, entity = self._parent(names[:-1], path)
        field = entity.field(names[-1])
        if field is None:
            raise no_such_column(self.query.text, path.at, names[-1], entity.name)
        return BoundField(entity.column(field), field, (*canonical, field.name), entity.name)

    def relationship(self, path: Path) -> tuple[tuple[str, ...], Field, ParentId]:
        """The reference field of a whole path of relationships (of TYPEOF), and its parent."""
        names = self._without_alias(path.names)
        canonical, entity = self._parent(names[:-1], path)
        field = entity.relationship(names[-1])
        if field is None:
            raise self._no_relationship(names[-1], entity, path)
        parent = ParentId(entity.column(field), field.reference_to)
        return (*canonical, field.relationship_name or ""), field, parent

    def parts(self, entity: str, compound: Field) -> list[Field]:
        """The stored fields that make up an address or a location."""
        owner = self._schema.get(entity)
        wanted = compound.name.lower()
        return [
            part
            for part in (owner.stored_fields if owner else ())
            if (part.compound_field_name or "").lower() == wanted
        ]

    def _read_aliases(self) -> dict[str, tuple[str, ...]]:
        query = self.query
        aliases: dict[str, tuple[str, ...]] = {}
        if query.alias is not None:
            aliases[query.alias.text.lower()] = ()
        for item in query.aliases:
            first, *rest = item.path.names
            start = aliases.get(first.lower())
            if start is None and first.lower() == self.object.name.lower():
                start = ()
            names = item.path.names if start is None else (*start, *rest)
            self._aliases = aliases
            self._parent(names, item.path)
            aliases[item.alias.text.lower()] = names
        return aliases

    def _without_alias(self, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(names) == 1:
            return names
        first = names[0].lower()
        if first in self._aliases:
            return (*self._aliases[first], *names[1:])
        if first == self.object.name.lower() and self._root.relationship(first) is None:
            return names[1:]
        return names

    def _parent(self, names: tuple[str, ...], path: Path) -> tuple[tuple[str, ...], _Entity]:
        if len(names) > PARENT_LEVELS:
            raise located(
                MALFORMED_QUERY,
                self.query.text,
                path.at,
                f"a path may lead up {PARENT_LEVELS} levels of parents: {path.text}",
            )
        canonical: tuple[str, ...] = ()
        entity: _Entity = self._root
        for name in names:
            field = entity.relationship(name)
            if field is None:
                raise self._no_relationship(name, entity, path)
            canonical = (*canonical, field.relationship_name or "")
            entity = self._entities.get(canonical) or self._join(canonical, entity, field, path)
        return canonical, entity

    def _join(
        self, canonical: tuple[str, ...], child: _Entity, field: Field, path: Path
    ) -> _Entity:
        targets = [
            target for name in field.reference_to if (target := self._schema.get(name)) is not None
        ]
        if not targets:
            raise self._no_relationship(canonical[-1], child, path)
        if len(self._entities) > PARENTS:
            raise located(
                MALFORMED_QUERY,
                self.query.text,
                path.at,
                f"a query may use {PARENTS} child-to-parent relationships",
            )
        reference = child.column(field)
        self.parents[canonical] = ParentId(reference, tuple(target.name for target in targets))
        entity: _Entity
        if field.polymorphic or len(field.reference_to) > 1:
            entity = _NameEntity(targets, reference, self._tables)
        else:
            alias = f"{self.alias}{len(self._entities)}"
            entity = parent = _ParentTable(targets[0], alias, reference)
            join = f'LEFT JOIN "{parent.name}" AS {alias} ON {alias}."Id" = {reference}'
            self._joins.append((parent, join))
            self._tables[parent.name] = targets[0]
        self._entities[canonical] = entity
        return entity

    def _no_relationship(self, name: str, entity: _Entity, path: Path) -> SoqlError:
        sentence = f"Didn't understand relationship '{name}' in field path.{RELATIONSHIP_ADVICE}"
        return located(INVALID_FIELD, self.query.text, path.at, sentence)


def no_such_column(text: str, at: int, name: str, entity: str) -> SoqlError:
    """The error of a field that does not exist, or is hidden, which sounds the same."""
    sentence = f"No such column '{name}' on entity '{entity}'.{FIELD_ADVICE}"
    return located(INVALID_FIELD, text, at, sentence)


def find_object(schema: Schema, name: Name, text: str) -> SObject:
    """The object of a FROM clause."""
    sobject = schema.get(name.text)
    if sobject is None or not sobject.queryable:
        sentence = f"sObject type '{name.text}' is not supported.{OBJECT_ADVICE}"
        raise located(INVALID_TYPE, text, name.at, sentence)
    return sobject
