"""Records of big objects: what identifies them is their index, not an id.

An insert of an index that there is changes that record, and leaves alone what the new one does not
say. Records are deleted by example: all those of an index. Source: *Big Objects Implementation
Guide*, "Populate a Custom Big Object", "Delete Data in a Custom Big Object".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from salesforce_bulk.emulator.data import row_errors
from salesforce_bulk.emulator.data.store import Store, quoted
from salesforce_bulk.emulator.data.values import Cell, RowError, RowErrors, compile_judge
from salesforce_bulk.emulator.schema.schema import Field, SObject

#: What queries and results tell as the id of any record.
EMPTY_ID = "000000000000000AAA"
#: What an index keeps when it is inserted again.
_FIRST_STAMPS = frozenset({"CreatedDate", "CreatedById"})


def clause_of_index(sobject: SObject, names: Sequence[str]) -> str:
    """What follows an INSERT of these columns, so that it changes the record of that index."""
    key = ", ".join(f"{quoted(each.field)} COLLATE BINARY" for each in sobject.index)
    of_index = {each.field for each in sobject.index}
    kept = of_index | _FIRST_STAMPS | {"rid", "Id"}
    changes = ", ".join(
        f"{quoted(name)} = coalesce(excluded.{quoted(name)}, {quoted(name)})"
        for name in names
        if name not in kept
    )
    return f" ON CONFLICT ({key}) DO {f'UPDATE SET {changes}' if changes else 'NOTHING'}"  # nosec B608 # names of columns


def delete_by_example(
    store: Store, sobject: SObject, example: Mapping[str, Cell]
) -> int | RowError:
    """How many records were deleted of an index, or why none could be.

    `example` has every field of the index, and no other.
    """
    fields = [sobject.fields[each.field.lower()] for each in sobject.index]
    given = {name.lower(): cell for name, cell in example.items()}
    others = sorted(set(given) - {field.name.lower() for field in fields})
    if others:
        return RowError("INVALID_FIELD", f"field is not in the index: {others[0]}")
    missing = [field.name for field in fields if given.get(field.name.lower()) in (None, "")]
    if missing:
        return row_errors.missing(missing)
    return _delete(store, sobject, {field: given[field.name.lower()] for field in fields})


def _delete(store: Store, sobject: SObject, cells: Mapping[Field, Cell]) -> int | RowError:
    errors = RowErrors()
    values = [compile_judge(field, 0)([cell], errors)[0] for field, cell in cells.items()]
    for found in errors.values():
        return found[0]
    where = " AND ".join(f"{quoted(field.name)} = ? COLLATE BINARY" for field in cells)
    store.ensure(sobject)
    with store.writing() as db:
        statement = f"DELETE FROM {quoted(sobject.name)} WHERE {where}"  # noqa: S608  # nosec B608 # quoted names
        return db.execute(statement, values).rowcount
