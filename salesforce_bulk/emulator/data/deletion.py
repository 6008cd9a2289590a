"""Deleting records, and what goes with them.

Details and cascading children go to the recycle bin with their parent, other lookups to it are
cleared, and a child that restricts keeps its parent alive. A hard delete leaves nothing.

Source: *SOAP API Developer Guide*, "delete()"; *Object Reference*, "Relationships Among
Objects".
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from salesforce_bulk.emulator.data.row_errors import DELETED_RECORD, UNKNOWN_RECORD, keeps_parent
from salesforce_bulk.emulator.data.store import ONE_OF, Store, quoted
from salesforce_bulk.emulator.data.values import RowError, Stored
from salesforce_bulk.emulator.schema.schema import ChildRelationship, Field, Schema, SObject

#: Records by object, and for each the record whose deletion it belongs to.
_IdsByObject = dict[str, dict[str, str]]


def literal(value: Stored) -> str:
    """A value of our own in SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def delete_records(
    schema: Schema,
    store: Store,
    sobject: SObject,
    record_ids: Sequence[str],
    *,
    hard: bool,
    stamps: Mapping[str, Stored],
) -> dict[str, RowError]:
    """Delete records, within `Store.writing()`; returns those that could not be, and why.

    `stamps` are the audit fields that a soft delete sets.
    """
    refused = _refusals(store, sobject, record_ids)
    deleted_ids = _Deletion(schema, store, hard)
    deleted_ids.add(sobject, {i: i for i in record_ids if i not in refused})
    refused |= _restrictions(store, sobject, deleted_ids.keepers)
    _remove(schema, store, deleted_ids.without(set(refused)), hard, stamps)
    return refused


def _refusals(store: Store, sobject: SObject, record_ids: Iterable[str]) -> dict[str, RowError]:
    deleted = ["IsDeleted"] if sobject.soft_delete else []
    rows = store.look_up(sobject.name, "Id", record_ids, ["Id", *deleted])
    gone = {row[0]: DELETED_RECORD for row in rows if deleted and row[-1]}
    unknown = set(record_ids) - {row[0] for row in rows}
    return {**gone, **dict.fromkeys(unknown, UNKNOWN_RECORD)}


def _restrictions(
    store: Store, sobject: SObject, keepers: Mapping[str, tuple[SObject, list[str]]]
) -> dict[str, RowError]:
    """Why records cannot go: the children that keep them, by name."""
    name = sobject.name_field or sobject.fields["id"]
    names = dict(store.look_up(sobject.name, "Id", keepers, ["Id", name.name])) if keepers else {}
    return {
        record_id: keeps_parent(names[record_id], child, children)
        for record_id, (child, children) in keepers.items()
    }


def child_fields(
    schema: Schema, store: Store, sobject: SObject
) -> Iterator[tuple[SObject, Field, ChildRelationship]]:
    """The fields that refer to an object, of objects that have records at all."""
    for child in sobject.child_relationships:
        found = schema.get(child.child_object)
        field = found.field(child.field) if found else None
        if found and field and store.has_table(found.name) and field.name not in _KEPT:
            store.ensure(found)
            store.ensure_index(found.name, field.name)
            yield found, field, child


#: References that stay as they are: audit fields, and a person's to its contact, which goes and
#: comes back with it.
_KEPT = frozenset({"CreatedById", "LastModifiedById", "OwnerId", "PersonContactId"})


class _Deletion:
    """The records that a deletion takes along.

    `keepers` are the children that forbid it: root -> (their object, their names).
    """

    def __init__(self, schema: Schema, store: Store, hard: bool) -> None:
        self._schema = schema
        self._store = store
        self._hard = hard
        self._deleted_ids: _IdsByObject = defaultdict(dict)
        self.keepers: dict[str, tuple[SObject, list[str]]] = {}

    def add(self, sobject: SObject, roots: Mapping[str, str]) -> None:
        """Take records of an object (id -> the record whose deletion it is), and their
        children."""
        known = self._deleted_ids[sobject.name]
        new = {i: root for i, root in roots.items() if i not in known}
        if not new:
            return
        known.update(new)
        for child, field, relationship in child_fields(self._schema, self._store, sobject):
            if relationship.restricted_delete or relationship.cascade_delete:
                self._children(child, field, relationship, new)

    def _children(
        self,
        child: SObject,
        field: Field,
        relationship: ChildRelationship,
        parents: Mapping[str, str],
    ) -> None:
        name = child.name_field or child.fields["id"]
        deleted = ["IsDeleted"] if child.soft_delete else []
        columns = ["Id", field.name, name.name, *deleted]
        rows = self._store.look_up(child.name, field.name, parents, columns)
        live = [row for row in rows if not (deleted and row[-1])]
        if relationship.restricted_delete:
            for row in live:
                _, names = self.keepers.setdefault(parents[row[1]], (child, []))
                names.append(str(row[2]))
            return
        taken = rows if self._hard else live
        self.add(child, {row[0]: parents[row[1]] for row in taken})

    def without(self, refused: set[str]) -> dict[str, list[str]]:
        """The records to delete, by object, leaving out what belongs to refused deletions."""
        return {
            name: [record_id for record_id, root in records.items() if root not in refused]
            for name, records in self._deleted_ids.items()
        }


def _remove(
    schema: Schema,
    store: Store,
    deleted_ids: Mapping[str, list[str]],
    hard: bool,
    stamps: Mapping[str, Stored],
) -> None:
    for name, record_ids in deleted_ids.items():
        sobject = schema.get(name)
        if sobject and record_ids:
            _clear_lookups(schema, store, sobject, record_ids)
            delete_rows(store, sobject, record_ids, hard, stamps)


def _clear_lookups(
    schema: Schema, store: Store, sobject: SObject, record_ids: Sequence[str]
) -> None:
    for child, field, relationship in child_fields(schema, store, sobject):
        if field.nillable and not relationship.cascade_delete:
            column = quoted(field.name)
            table = quoted(child.name)
            statement = f"UPDATE {table} SET {column} = NULL WHERE {column} IN {ONE_OF}"  # noqa: S608  # nosec B608 # quoted names
            _with_ids(store, statement, record_ids)


def delete_rows(
    store: Store,
    sobject: SObject,
    record_ids: Sequence[str],
    hard: bool,
    stamps: Mapping[str, Stored],
) -> None:
    table = quoted(sobject.name)
    if hard or not sobject.soft_delete:
        _with_ids(store, f'DELETE FROM {table} WHERE "Id" IN {ONE_OF}', record_ids)  # noqa: S608  # nosec B608 # quoted names
        return
    known = {name: value for name, value in stamps.items() if sobject.field(name)}
    assignments = ['"IsDeleted" = 1']
    assignments += [f"{quoted(name)} = {literal(value)}" for name, value in known.items()]
    statement = f'UPDATE {table} SET {", ".join(assignments)} WHERE "Id" IN {ONE_OF}'  # noqa: S608  # nosec B608 # quoted names
    _with_ids(store, statement, record_ids)


def _with_ids(store: Store, statement: str, record_ids: Sequence[str]) -> None:
    with store.writing() as connection:
        connection.execute(statement, (json.dumps(record_ids),))
