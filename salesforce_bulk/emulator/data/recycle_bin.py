"""Out of the recycle bin, and records made into one.

`undelete` brings records back with the children that went with them; lookups that the deletion
cleared stay empty. `merge` moves the children of up to two records to a third, and deletes them.

Source: *SOAP API Developer Guide*, "undelete()", "merge()".
"""

import json
from collections.abc import Mapping, Sequence

from salesforce_bulk.emulator.data.deletion import child_fields, delete_rows, literal
from salesforce_bulk.emulator.data.person_accounts import persons_among
from salesforce_bulk.emulator.data.store import ONE_OF, Store, quoted
from salesforce_bulk.emulator.data.values import RowError, Stored
from salesforce_bulk.emulator.schema.schema import Schema, SObject

NOT_IN_BIN = RowError("UNDELETE_FAILED", "Entity is not in the recycle bin")
PARENT_IN_BIN = RowError("UNDELETE_FAILED", "Entity's parent is in the recycle bin")
#: What may be merged, and how many records into one.
MERGED_OBJECTS = frozenset({"Account", "Case", "Contact", "Individual", "Lead"})
MERGED_RECORDS = 2


def undelete(
    schema: Schema, store: Store, record_id: str, stamps: Mapping[str, Stored]
) -> RowError | None:
    """Restores a record, within `Store.writing()`; why it could not be, or None."""
    sobject = schema.by_prefix(record_id[:3])
    if sobject is None or not sobject.soft_delete or sobject.field("SystemModstamp") is None:
        return NOT_IN_BIN
    columns = ["SystemModstamp", "IsDeleted"]
    found = store.look_up(sobject.name, "Id", [record_id], columns)
    if not found or not found[0][1]:
        return NOT_IN_BIN
    if _parent_is_deleted(schema, store, sobject, record_id):
        return PARENT_IN_BIN
    _restore(schema, store, sobject, [record_id], found[0][0], stamps)
    return None


def _parent_is_deleted(schema: Schema, store: Store, sobject: SObject, record_id: str) -> bool:
    """Whether a record without which this one cannot be is in the bin itself."""
    masters = [f for f in sobject.stored_fields if f.cascade_delete and not f.nillable]
    if sobject.name == "Contact" and persons_among(store, sobject, [record_id]):
        masters.append(sobject.fields["accountid"])
    for field in masters:
        [[parent_id]] = store.look_up(sobject.name, "Id", [record_id], [field.name])
        parent = schema.by_prefix((parent_id or "")[:3])
        if parent is not None and parent.soft_delete:
            rows = store.look_up(parent.name, "Id", [parent_id], ["IsDeleted"])
            if rows and rows[0][0]:
                return True
    return False


def _restore(
    schema: Schema,
    store: Store,
    sobject: SObject,
    record_ids: Sequence[str],
    deleted: Stored,
    stamps: Mapping[str, Stored],
) -> None:
    """Restores records of an object and, as far as they were deleted at that moment, their
    children."""
    for child, field, relationship in child_fields(schema, store, sobject):
        if relationship.cascade_delete and child.soft_delete and child.field("SystemModstamp"):
            columns = ["Id", "IsDeleted", "SystemModstamp"]
            rows = store.look_up(child.name, field.name, record_ids, columns)
            went_along = [row[0] for row in rows if row[1] and row[2] == deleted]
            if went_along:
                _restore(schema, store, child, went_along, deleted, stamps)
    _set(store, sobject, record_ids, {"IsDeleted": 0, **stamps})


def merge(
    schema: Schema,
    store: Store,
    sobject: SObject,
    master_id: str,
    record_ids: Sequence[str],
    stamps: Mapping[str, Stored],
) -> list[str]:
    """Moves the children of records to another one and deletes them, within `Store.writing()`;
    returns the ids of the children."""
    moved: list[str] = []
    for child, field, _ in child_fields(schema, store, sobject):
        deleted = ["IsDeleted"] if child.soft_delete else []
        rows = store.look_up(child.name, field.name, record_ids, ["Id", *deleted])
        ids = [row[0] for row in rows if not (deleted and row[-1]) and row[0] not in record_ids]
        if ids and field.name != "MasterRecordId":
            _set(store, child, ids, {field.name: master_id, **stamps})
            moved += ids
    delete_rows(store, sobject, record_ids, False, stamps)
    if sobject.field("MasterRecordId"):
        _set(store, sobject, record_ids, {"MasterRecordId": master_id})
    return moved


def _set(
    store: Store, sobject: SObject, record_ids: Sequence[str], values: Mapping[str, Stored]
) -> None:
    assignments = [f"{quoted(n)} = {literal(v)}" for n, v in values.items() if sobject.field(n)]
    table = quoted(sobject.name)
    statement = f'UPDATE {table} SET {", ".join(assignments)} WHERE "Id" IN {ONE_OF}'  # noqa: S608  # nosec B608 # quoted names
    with store.writing() as connection:
        connection.execute(statement, (json.dumps(list(record_ids)),))
