"""Finding records while others are written: by key, by id, and whether they are alive.

For use within `Store.writing()`.
"""

from collections import defaultdict
from collections.abc import Iterable

from salesforce_bulk.emulator.data.row_errors import DELETED_RECORD, UNKNOWN_RECORD
from salesforce_bulk.emulator.data.store import Store
from salesforce_bulk.emulator.data.values import Judged, RowError, incorrect_id
from salesforce_bulk.emulator.schema.schema import Field, Schema, SObject


def fold(key: Field, value: Judged) -> Judged:
    """A key's value as the org compares it."""
    return value.casefold() if isinstance(value, str) and not key.case_sensitive else value


class RecordFinder:
    """Looks records up in one org."""

    def __init__(self, schema: Schema, store: Store) -> None:
        self._schema = schema
        self._store = store

    def by_key(
        self, sobject: SObject, key: Field, values: Iterable[Judged]
    ) -> dict[Judged, list[str]]:
        """The ids of the live records that have each of the values in `key`, by folded value."""
        if self._store.has_table(sobject.name):
            self._store.ensure(sobject)
            self._store.ensure_index(sobject.name, key.name)
        deleted = _deleted_column(sobject)
        columns = [key.name, "Id", *deleted]
        found: dict[Judged, list[str]] = defaultdict(list)
        for row in self._store.look_up(sobject.name, key.name, set(values), columns):
            if not (deleted and row[-1]):
                found[fold(key, row[0])].append(row[1])
        return found

    def refused_references(self, field: Field, record_ids: Iterable[str]) -> dict[Judged, RowError]:
        """The ids that are of no object the field refers to, of no record, or of a deleted one.

        An id of an object that this org does not have at all is taken as it is.
        """
        refused: dict[Judged, RowError] = {}
        by_prefix: dict[str, set[str]] = defaultdict(set)
        for record_id in record_ids:
            by_prefix[record_id[:3]].add(record_id)
        targets = {name.lower() for name in field.reference_to}
        emulated = all(self._schema.get(name) for name in targets)
        for prefix, ids in by_prefix.items():
            target = self._schema.by_prefix(prefix)
            if target is not None and target.name.lower() in targets:
                refused |= self._dead(target, ids)
            elif target is not None or emulated:
                refused |= {record_id: incorrect_id(field, record_id) for record_id in ids}
        return refused

    def _dead(self, target: SObject, ids: set[str]) -> dict[Judged, RowError]:
        deleted = _deleted_column(target)
        rows = self._store.look_up(target.name, "Id", ids, ["Id", *deleted])
        refused: dict[Judged, RowError] = dict.fromkeys(
            ids - {row[0] for row in rows}, UNKNOWN_RECORD
        )
        if deleted:
            refused |= {row[0]: DELETED_RECORD for row in rows if row[-1]}
        return refused


def _deleted_column(sobject: SObject) -> list[str]:
    return ["IsDeleted"] if sobject.soft_delete else []
