"""Writing records: rows in, one outcome a row, in the same order; some may fail, others not.

A plan is made once for a batch and takes its rows in any number of pieces. Cells are judged
column by column before anything is locked. Then, in one transaction, rows go to the store in
windows of 200, as the platform's own transactions do: what an earlier window wrote, a later
one can refer to.

Source: *Bulk API Developer Guide*, "Prepare Data Files" and "General Guidelines for Data
Loads"; *SOAP API Developer Guide*, "StatusCode".
"""

import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import repeat
from types import MappingProxyType
from typing import Any, NamedTuple

from salesforce_bulk import limits
from salesforce_bulk.emulator.clock import Clock
from salesforce_bulk.emulator.data import row_errors
from salesforce_bulk.emulator.data.big_objects import EMPTY_ID, clause_of_index
from salesforce_bulk.emulator.data.content_files import ContentFiles
from salesforce_bulk.emulator.data.deletion import delete_records, literal
from salesforce_bulk.emulator.data.judged_rows import (
    JudgedRows,
    Rows,
    Values,
    by_column,
    in_order,
    in_turns,
    pick,
    refuse_doubles,
)
from salesforce_bulk.emulator.data.locks import RowLocks
from salesforce_bulk.emulator.data.person_accounts import rules_of
from salesforce_bulk.emulator.data.record_finder import RecordFinder, fold
from salesforce_bulk.emulator.data.store import Store, quoted
from salesforce_bulk.emulator.data.value_readings import in_reading, same_key
from salesforce_bulk.emulator.data.values import (
    UNCHANGED,
    Cell,
    Judge,
    Judged,
    RowError,
    RowErrors,
    RowOutcome,
    Stored,
    compile_judge,
    format_datetime,
    incorrect_id,
)
from salesforce_bulk.emulator.data.write_columns import (
    BatchRefused,
    FieldColumn,
    RelationshipColumn,
    check_key,
    read_columns,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.schema.derived_fields import NOW, RECORD_ID, derived_fields
from salesforce_bulk.emulator.schema.ids import IdFactory
from salesforce_bulk.emulator.schema.schema import Field, Schema, SObject

OPERATIONS = ("insert", "update", "upsert", "delete", "hardDelete")
DELETIONS = ("delete", "hardDelete")
#: Users whose permissions name this may hard-delete; nobody has it by default.
HARD_DELETE_PERMISSION = "BulkApiHardDelete"

#: Where automatic numbers begin that have no format of their own.
_AUTO_NUMBER_START: Mapping[str, int] = MappingProxyType(
    {"casenumber": 1000, "contractnumber": 100, "ordernumber": 100}
)
_AUTO_NUMBER_WIDTH = 8
_AUDIT_USERS = frozenset({"createdbyid", "lastmodifiedbyid"})
_BLANK = (UNCHANGED, None, "")
_KEY_READINGS = ("bulk1.row.key_blanks", "bulk1.row.key_case")
_NUMBER_FORMAT = re.compile(r"\{(0+)\}")


class OrgStorage(NamedTuple):
    """What a plan needs of its org."""

    schema: Schema
    store: Store
    ids: IdFactory
    clock: Clock
    locks: RowLocks
    dialect: Dialect


class WritePlan:
    """How the rows of one batch are judged and written.

    Raises BatchRefused where Salesforce fails the whole batch: an unknown column, a missing key
    column, more than ids in a delete.
    """

    def __init__(
        self,
        org: OrgStorage,
        operation: str,
        sobject: SObject,
        columns: Sequence[str],
        external_id: str | None,
        user_id: str,
    ) -> None:
        self.operation = operation
        self.object = sobject
        self.columns = tuple(columns)
        self._org = org
        self._user_id = user_id
        self._finder = RecordFinder(org.schema, org.store)
        read = read_columns(columns, sobject, org.schema)
        self._fields = [column for column in read if isinstance(column, FieldColumn)]
        self._relationships = [c for c in read if isinstance(c, RelationshipColumn)]
        self._key = self._key_field(external_id)
        self._check_key_column(operation)
        self._id_column = next((c for c in self._fields if c.field.type == "id"), None)
        self._judged = [column for column in self._fields if column.field.type != "id"]
        self._written = self._written_fields()
        self._created = [field for field in self._written if field.createable]
        self._updated = [field for field in self._written if field.updateable]
        self._id_label = replace(sobject.fields["id"], label=f"{sobject.label} ID")
        self._id_judge = in_reading(org.dialect, self._id_label, 0, compile_judge)
        self._references = [
            field
            for field in self._written
            if field.type == "reference" and field.name.lower() not in _AUDIT_USERS
        ]
        self._required_in_insert = [field for field in sobject.stored_fields if field.required]
        self._required_in_update = [
            field
            for field in self._updated
            if not field.nillable and field.type != "boolean" and field.name != "OwnerId"
        ]
        self._unique = [field for field in self._written if field.unique]
        self._derived = derived_fields(sobject)
        self._rules = rules_of(org.schema, org.store, sobject, self._plan_of_judged)
        self._judges = self._compile_judges()
        self._run = _RUNS[operation]
        self._window = self._window_size()

    def _key_field(self, external_id: str | None) -> Field | None:
        if self.operation != "upsert":
            return self.object.field("Id")
        name = external_id or "Id"
        key = self.object.field(name)
        if key is None:
            raise BatchRefused("InvalidBatch", f"Field name not found : {name}")
        check_key(key, self.object)
        return key

    def _check_key_column(self, operation: str) -> None:
        names = {column.field for column in self._fields}
        if operation in DELETIONS and (len(self.columns) > 1 or self._key not in names):
            raise BatchRefused("InvalidBatch", f"The '{operation}' batch must contain only ids")
        if operation != "insert" and self._key and self._key not in names:
            raise BatchRefused("InvalidBatch", f"Field name not found : {self._key.name}")

    def _written_fields(self) -> list[Field]:
        """The fields that this plan's columns set, each once."""
        named = [column.field for column in self._judged]
        named += [column.field for column in self._relationships]
        return list(dict.fromkeys(named))

    def _compile_judges(self) -> list[tuple[FieldColumn, Judge]]:
        """In an insert an empty cell is the field's default; in an update and an upsert it
        stays what it is until the row's fate is known."""
        insert = self.operation == "insert" and not self._rules.tells_blanks
        return [
            (
                column,
                in_reading(
                    self._org.dialect,
                    column.field,
                    column.position,
                    partial(
                        compile_judge,
                        unchanged=self._default(column.field)
                        if insert and column.field.createable
                        else UNCHANGED,
                    ),
                ),
            )
            for column in self._judged
        ]

    def _default(self, field: Field) -> Stored:
        return self._user_id if field.name == "OwnerId" else _default(field)

    def _window_size(self) -> int:
        """Rows that are written at once: more than the platform's where it makes no difference."""
        target_names = {name.lower() for field in self._references for name in field.reference_to}
        alone = self.operation == "insert" and not self._unique
        if alone and self.object.name.lower() not in target_names:
            return limits.BATCH_RECORDS
        return limits.DML_CHUNK_RECORDS

    def write(self, rows: Sequence[Sequence[Cell]], owner: str = "") -> list[RowOutcome]:
        """Write some rows.

        Args:
            rows: cells in the order of `columns`. A row of another length fails alone.
            owner: who writes, among those that hold row locks.

        Returns one outcome a row, in the order of `rows`.
        """
        if not rows:
            return []
        batch = self._judge(rows, owner)
        store = self._org.store
        store.ensure(self.object)
        with store.writing() as connection:
            for start in range(0, batch.count, self._window):
                window = range(start, min(start + self._window, batch.count))
                self._run(self, connection, batch, window)
        return in_order(batch)

    def _judge(self, rows: Sequence[Sequence[Cell]], owner: str) -> JudgedRows:
        errors = RowErrors()
        columns = by_column(rows, len(self.columns), errors)
        values = {
            column.field.name: judge(columns[column.position], errors)
            for column, judge in self._judges
        }
        if self._id_column:
            values["Id"] = list(columns[self._id_column.position])
        keys = {
            column: compile_judge(column.key, column.position)(columns[column.position], errors)
            for column in self._relationships
        }
        now = format_datetime(self._org.clock.now())
        held = self._org.locks.held(owner)
        sent = next((columns[c.position] for c in self._judged if c.field == self._key), ())
        return JudgedRows(len(rows), values, keys, errors, now, held, sent)

    # insert

    def _insert_window(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        if self._id_column:
            for row in rows:
                if batch.values["Id"][row] not in _BLANK:
                    batch.errors.add(row, row_errors.ID_IN_INSERT)
        self._insert(db, batch, batch.alive(rows))

    def _insert(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        """Create the records of rows that have no error yet."""
        if self.object.index and self.operation == "upsert":
            return self._refuse_operation(batch, rows, "upserted")
        if not self.object.createable:
            return self._refuse_operation(batch, rows, "inserted")
        self._refuse_unwritable(batch, rows, lambda field: field.createable)
        self._resolve_relationships(batch, rows)
        self._rules.check_insert(batch, batch.alive(rows))
        required = self._required_in_insert
        for some, fields in self._rules.required_in_insert(batch, batch.alive(rows), required):
            self._refuse_missing(batch, some, fields, (None, UNCHANGED))
        self._check_references(batch, batch.alive(rows))
        self._check_unique(batch, batch.alive(rows), {})
        self._check_locks(batch, batch.alive(rows))
        rows = batch.alive(rows)
        if len(rows):
            self._create(db, batch, rows)
        return None

    def _create(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        count = len(rows)
        first = self._org.store.take(self.object.name, count)
        ids = self._org.ids.block(self.object.key_prefix, first, count)
        if self.object.index:
            ids = [EMPTY_ID] * count
        constants = self._constants(batch.now)
        values = {field.name: pick(batch.values[field.name], rows) for field in self._created}
        if self.operation == "upsert" or self._relationships or self._rules.tells_blanks:
            values = {
                name: _with_default(column, constants.get(name)) for name, column in values.items()
            }
        values |= self._auto_numbers(count)
        if self._derived:
            special = {RECORD_ID: ids, NOW: [batch.now] * count}
            self._derive(values, constants, special, count)
        if self.object.name == "ContentVersion":
            files = ContentFiles(self._org.schema, self._org.store, self._org.ids)
            files.add_versions(values, ids, self._user_id, batch.now)
        fixed = {name: value for name, value in constants.items() if name not in values}
        db.executemany(
            self._insert_statement(list(values), fixed),
            zip(range(first, first + count), ids, *values.values(), strict=True),
        )
        created = map(RowOutcome._make, zip(ids, repeat(True), repeat(True), repeat(())))
        batch.outcomes.update(zip(rows, created, strict=True))
        self._rules.created(batch, rows, ids)

    def create_judged(self, values: Values, now: str) -> list[str]:
        """Create records of values that nobody has to judge, within `Store.writing()`; their
        ids. `values` are by field, and those of this plan's columns."""
        count = len(next(iter(values.values())))
        batch = JudgedRows(count, values, {}, RowErrors(), now, frozenset())
        self._org.store.ensure(self.object)
        with self._org.store.writing() as db:
            self._create(db, batch, range(count))
        return [batch.outcomes[row].id or "" for row in range(count)]

    def _plan_of_judged(
        self, operation: str, sobject: SObject, columns: Sequence[str]
    ) -> "WritePlan":
        """How records of another object are written that come of this one's."""
        return WritePlan(self._org, operation, sobject, columns, None, self._user_id)

    def _constants(self, now: str) -> dict[str, Stored]:
        """What every new record has, unless its row says otherwise."""
        constants = {
            field.name: _default(field)
            for field in self.object.stored_fields
            if _default(field) is not None
        }
        system: dict[str, Stored] = {
            "IsDeleted": 0,
            "OwnerId": self._user_id,
            "CreatedById": self._user_id,
            "LastModifiedById": self._user_id,
            "CreatedDate": now,
            "LastModifiedDate": now,
            "SystemModstamp": now,
        }
        constants |= {name: value for name, value in system.items() if self.object.field(name)}
        return constants

    def _auto_numbers(self, count: int) -> dict[str, Sequence[Any]]:
        numbers: dict[str, Sequence[Any]] = {}
        for field in self.object.stored_fields:
            if field.auto_number:
                start = _AUTO_NUMBER_START.get(field.name.lower(), 1)
                first = self._org.store.take(f"{self.object.name}.{field.name}", count, start)
                numbers[field.name] = _format_numbers(field, first, count)
        return numbers

    def _derive(
        self,
        values: dict[str, Sequence[Any]],
        constants: Mapping[str, Any],
        special: Mapping[str, Sequence[Any]],
        count: int,
    ) -> None:
        """Add the columns that follow from others."""
        for line in self._derived:
            given = values.get(line.field)
            if line.unless_given and given is not None and None not in given:
                continue
            inputs = [
                special.get(name) or values.get(name) or repeat(constants.get(name), count)
                for name in line.inputs
            ]
            computed = list(map(line.compute, *inputs))
            if line.unless_given and given is not None:
                computed = [c if g is None else g for c, g in zip(computed, given, strict=True)]
            values[line.field] = computed

    def _insert_statement(self, names: Sequence[str], fixed: Mapping[str, Stored]) -> str:
        columns = ", ".join(map(quoted, ["rid", "Id", *names, *fixed]))
        values = ", ".join([*["?"] * (len(names) + 2), *map(literal, fixed.values())])
        conflict = clause_of_index(self.object, [*names, *fixed]) if self.object.index else ""
        return f"INSERT INTO {quoted(self.object.name)} ({columns}) VALUES ({values}){conflict}"  # noqa: S608  # nosec B608 # names of the schema, and checked values

    # update

    def _update_window(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        ids = self._record_ids(batch, batch.alive(rows), self._no_id)
        for turn in self._id_turns(batch, ids):
            self._update(db, batch, {row: ids[row] for row in turn})

    def _id_turns(self, batch: JudgedRows, ids: Mapping[int, str]) -> list[list[int]]:
        """The rows that are written together: one turn, those refused that name a record twice;
        or one after the other."""
        if self._org.dialect["bulk1.row.duplicate_id"] == "in turn":
            return in_turns(ids) or [[]]
        refuse_doubles(batch, ids, row_errors.doubled_id)
        return [list(ids)]

    def _record_ids(
        self, batch: JudgedRows, rows: Rows, refuse: Callable[[Cell], RowError]
    ) -> dict[int, str]:
        """The 18-character id that each row states; `refuse` words what is no id of the
        object."""
        cells: Sequence[Any] = pick(batch.values["Id"], rows)
        judged = self._id_judge(cells, RowErrors())
        ids: dict[int, str] = {}
        for row, cell, value in zip(rows, cells, judged, strict=True):
            if isinstance(value, str) and value[:3] == self.object.key_prefix:
                ids[row] = value
            else:
                batch.errors.add(row, refuse(cell))
        return ids

    def _no_id(self, cell: Cell) -> RowError:
        return row_errors.MISSING_ID if cell in _BLANK else incorrect_id(self._id_label, cell)

    def _update(self, db: sqlite3.Connection, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        """Change the records of rows that have no error yet."""
        rows = batch.alive(list(ids))
        if not self.object.updateable:
            return self._refuse_operation(batch, rows, "updated")
        self._refuse_unwritable(batch, rows, lambda field: field.updateable)
        stored = self._stored_values(batch, rows, ids)
        self._resolve_relationships(batch, batch.alive(rows))
        self._rules.check_update(batch, {row: ids[row] for row in batch.alive(rows)})
        self._refuse_missing(batch, rows, self._required_in_update, (None,))
        self._check_references(batch, batch.alive(rows))
        self._check_unique(batch, batch.alive(rows), ids)
        self._check_locks(batch, batch.alive(rows), ids)
        rows = batch.alive(rows)
        if len(rows):
            self._change(db, batch, rows, ids, stored)
        return None

    def _read_names(self) -> list[str]:
        """The fields that an update reads: those it may leave alone, and what it derives from."""
        names = [field.name for field in self._updated]
        for line in self._derived:
            names += [name for name in line.inputs if not name.startswith("@")]
        return list(dict.fromkeys(names))

    def _stored_values(
        self, batch: JudgedRows, rows: Rows, ids: Mapping[int, str]
    ) -> dict[str, tuple[Any, ...]]:
        """The records as they are, by id; rows without a live one are refused."""
        names = ["Id", *self._read_names()]
        deleted = ["IsDeleted"] if self.object.soft_delete else []
        wanted = [ids[row] for row in rows]
        found = self._org.store.look_up(self.object.name, "Id", wanted, names + deleted)
        stored = {record[0]: record for record in found}
        for row in rows:
            record = stored.get(ids[row])
            if record is None:
                batch.errors.add(row, row_errors.UNKNOWN_RECORD)
            elif deleted and record[-1]:
                batch.errors.add(row, row_errors.DELETED_RECORD)
        return stored

    def _change(
        self,
        db: sqlite3.Connection,
        batch: JudgedRows,
        rows: Rows,
        ids: Mapping[int, str],
        stored: Mapping[str, tuple[Any, ...]],
    ) -> None:
        record_ids = [ids[row] for row in rows]
        values = self._before([stored[record_id] for record_id in record_ids])
        written = [field.name for field in self._updated]
        for name in written:
            values[name] = _merge(pick(batch.values[name], rows), values[name])
        special = {RECORD_ID: record_ids, NOW: [batch.now] * len(record_ids)}
        derived = self._derive_changed(values, set(written), special)
        changed = {name: values[name] for name in dict.fromkeys([*written, *derived])}
        stamps = self._stamps(batch.now)
        assignments = [f"{quoted(name)} = ?" for name in changed]
        assignments += [f"{quoted(name)} = {literal(value)}" for name, value in stamps.items()]
        table = quoted(self.object.name)
        db.executemany(
            f'UPDATE {table} SET {", ".join(assignments)} WHERE "Id" = ?',  # noqa: S608  # nosec B608 # quoted names
            zip(*changed.values(), record_ids, strict=True),
        )
        for row, record_id in zip(rows, record_ids, strict=True):
            batch.outcomes[row] = RowOutcome(record_id, True, False)
        self._rules.changed(batch, {row: ids[row] for row in rows})

    def change_judged(self, values: Values, record_ids: Sequence[str], now: str) -> None:
        """Change records to values that nobody has to judge, within `Store.writing()`."""
        batch = JudgedRows(len(record_ids), values, {}, RowErrors(), now, frozenset())
        ids = dict(enumerate(record_ids))
        stored = self._stored_values(batch, list(ids), ids)
        with self._org.store.writing() as db:
            self._change(db, batch, list(ids), ids, stored)

    def _before(self, records: Sequence[tuple[Any, ...]]) -> dict[str, Sequence[Any]]:
        """What records hold, column by column, in the fields that an update reads."""
        columns = list(zip(*records, strict=True))[1:]
        return {name: columns[at] for at, name in enumerate(self._read_names())}

    def _derive_changed(
        self,
        values: dict[str, Sequence[Any]],
        written: set[str],
        special: Mapping[str, Sequence[Any]],
    ) -> list[str]:
        """Compute what follows from written fields; returns the names of those fields."""
        names: list[str] = []
        for line in self._derived:
            fixed = line.unless_given and line.field in written
            if written.intersection(line.inputs) and not fixed:
                inputs = [special.get(name) or values[name] for name in line.inputs]
                values[line.field] = list(map(line.compute, *inputs))
                written.add(line.field)
                names.append(line.field)
        return names

    def _stamps(self, now: str) -> dict[str, Stored]:
        stamps: dict[str, Stored] = {
            "LastModifiedDate": now,
            "LastModifiedById": self._user_id,
            "SystemModstamp": now,
        }
        return {name: value for name, value in stamps.items() if self.object.field(name)}

    # upsert

    def _upsert_window(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        for turn in self._upsert_turns(batch, batch.alive(rows)):
            self._upsert(db, batch, turn)

    def _upsert_turns(self, batch: JudgedRows, rows: Rows) -> Sequence[Rows]:
        """The rows that are written together: all; or those of one key one after the other."""
        key = self._key
        by_id = key is None or key.type == "id"
        behaviour = "bulk1.row.duplicate_id" if by_id else "bulk1.row.duplicate_key"
        if key is None or self._org.dialect[behaviour] != "in turn":
            return [rows]
        values = batch.values[key.name]
        keys = {row: fold(key, values[row]) for row in rows if values[row] not in _BLANK}
        rest = [row for row in rows if row not in keys]
        return [*in_turns(keys), rest]

    def _upsert(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        if self._key and self._key.type == "id":
            ids = self._upsert_by_id(batch, rows)
        else:
            ids = self._upsert_by_key(batch, rows)
        alive = batch.alive(rows)
        self._update(db, batch, {row: ids[row] for row in alive if row in ids})
        self._insert(db, batch, [row for row in alive if row not in ids])

    def _upsert_by_id(self, batch: JudgedRows, rows: Rows) -> dict[int, str]:
        """Rows with an Id are updates, those with an empty one are new."""
        given = [row for row in rows if batch.values["Id"][row] not in _BLANK]
        ids = self._record_ids(batch, given, self._no_id)
        refuse_doubles(batch, ids, row_errors.doubled_id)
        return ids

    def _upsert_by_key(self, batch: JudgedRows, rows: Rows) -> dict[int, str]:
        """Rows whose key some record has are updates, the others are new."""
        key = self._key
        if key is None:
            return {}
        values = batch.values[key.name]
        for row in rows:
            if values[row] is None or values[row] is UNCHANGED:
                batch.errors.add(row, row_errors.not_specified(key))
            elif self._id_column and batch.values["Id"][row] not in _BLANK:
                batch.errors.add(row, row_errors.id_and_key_given(self.object.fields["id"]))
        keys = {row: fold(key, values[row]) for row in batch.alive(rows)}
        refuse_doubles(batch, keys, lambda value: row_errors.doubled_key(key, value))
        ids = self._matches(batch, key, {row: keys[row] for row in batch.alive(list(keys))})
        return self._as_sent(batch, key, ids)

    def _as_sent(self, batch: JudgedRows, key: Field, ids: dict[int, str]) -> dict[int, str]:
        """Without the matches that a dialect has for none."""
        if not self._org.dialect.differs(_KEY_READINGS):
            return ids
        columns = ["Id", key.name]
        found = self._org.store.look_up(self.object.name, "Id", list(ids.values()), columns)
        stored = dict(found)
        return {
            row: record_id
            for row, record_id in ids.items()
            if same_key(self._org.dialect, batch.sent_keys[row], stored[record_id])
        }

    def _matches(self, batch: JudgedRows, key: Field, keys: Mapping[int, Judged]) -> dict[int, str]:
        found = self._finder.by_key(self.object, key, keys.values())
        ids: dict[int, str] = {}
        for row, value in keys.items():
            matches = found.get(value, [])
            if len(matches) > 1:
                batch.errors.add(row, row_errors.several(key, matches))
            elif matches:
                ids[row] = matches[0]
        return ids

    # delete

    def _delete_window(self, db: sqlite3.Connection, batch: JudgedRows, rows: Rows) -> None:
        rows = batch.alive(rows)
        if not self.object.deletable:
            return self._refuse_operation(batch, rows, "deleted")
        ids = self._record_ids(batch, rows, row_errors.bad_id)
        for turn in self._id_turns(batch, ids):
            self._delete(batch, {row: ids[row] for row in turn})
        return None

    def _delete(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        """Delete the records of rows that have no error yet."""
        self._rules.check_delete(batch, {row: ids[row] for row in batch.alive(list(ids))})
        self._check_locks(batch, batch.alive(list(ids)), ids)
        alive = {row: ids[row] for row in batch.alive(list(ids))}
        refusals = delete_records(
            self._org.schema,
            self._org.store,
            self.object,
            list(alive.values()),
            hard=self.operation == "hardDelete",
            stamps=self._stamps(batch.now),
        )
        for row, record_id in alive.items():
            if record_id in refusals:
                batch.errors.add(row, refusals[record_id])
            else:
                batch.outcomes[row] = RowOutcome(record_id, True, False)

    # judging across rows and records

    def _refuse_operation(self, batch: JudgedRows, rows: Rows, what: str) -> None:
        for row in rows:
            batch.errors.add(row, row_errors.wrong_operation(self.object, what))

    def _refuse_unwritable(
        self, batch: JudgedRows, rows: Rows, writable: Callable[[Field], bool]
    ) -> None:
        """Refuse rows that set fields which nobody may set."""
        locked = [field for field in self._written if not writable(field)]
        if not locked:
            return
        judged = {column.field.name for column in self._judged}
        stated = {field.name: self._states(batch, field, judged) for field in locked}
        for row in rows:
            names = tuple(name for name, given in stated.items() if given(row))
            if names:
                batch.errors.add(row, row_errors.unwritable(names))

    def _states(self, batch: JudgedRows, field: Field, judged: set[str]) -> Callable[[int], bool]:
        """Whether a row says something about a field."""
        columns = [keys for column, keys in batch.keys.items() if column.field == field]
        if field.name in judged:
            columns.append(batch.values[field.name])
        return lambda row: any(column[row] is not UNCHANGED for column in columns)

    def _resolve_relationships(self, batch: JudgedRows, rows: Rows) -> None:
        """Put the ids of the parents that relationship columns name into their fields."""
        for column in self._relationships:
            ids = batch.values.setdefault(column.field.name, [UNCHANGED] * batch.count)
            keys = {row: batch.keys[column][row] for row in batch.alive(rows)}
            named = {row: key for row, key in keys.items() if key not in (None, UNCHANGED)}
            found = self._finder.by_key(column.target, column.key, named.values()) if named else {}
            for row, key in keys.items():
                if key is None:
                    ids[row] = None
                elif row in named:
                    self._set_parent(batch, row, column, found.get(fold(column.key, key), []))

    def _set_parent(
        self, batch: JudgedRows, row: int, column: RelationshipColumn, matches: Sequence[str]
    ) -> None:
        ids = batch.values[column.field.name]
        if isinstance(ids[row], str) and ids[row] != self._default(column.field):
            batch.errors.add(row, row_errors.id_and_key_given(column.field))
        elif not matches:
            key = batch.keys[column][row]
            batch.errors.add(row, row_errors.no_parent(column.key, column.target, key))
        elif len(matches) > 1:
            batch.errors.add(row, row_errors.several(column.key, matches))
        else:
            ids[row] = matches[0]

    def _refuse_missing(
        self, batch: JudgedRows, rows: Rows, required: Sequence[Field], blank: tuple[Judged, ...]
    ) -> None:
        """Refuse rows that leave required fields blank, naming all of them at once."""
        rows = batch.alive(rows)
        missing: dict[int, list[str]] = defaultdict(list)
        for field in required:
            column = batch.values.get(field.name)
            if column is None:
                for row in rows:
                    missing[row].append(field.name)
                continue
            values = pick(column, rows)
            if any(value in values for value in blank):
                for row, value in zip(rows, values, strict=True):
                    if value in blank:
                        missing[row].append(field.name)
        for row, names in missing.items():
            batch.errors.add(row, row_errors.missing(names))

    def _check_references(self, batch: JudgedRows, rows: Rows) -> None:
        for field in self._references:
            rows = batch.alive(rows)
            values = pick(batch.values[field.name], rows)
            distinct = set(filter(None, values))
            refused = self._finder.refused_references(field, distinct) if distinct else {}
            if field.name == "OwnerId" and None in values:
                refused[None] = row_errors.BLANK_OWNER
            if refused:
                for row, value in zip(rows, values, strict=True):
                    if value in refused:
                        batch.errors.add(row, refused[value])

    def _check_unique(self, batch: JudgedRows, rows: Rows, ids: Mapping[int, str]) -> None:
        """Refuse values of unique fields that a live record, or an earlier row, has."""
        for field in self._unique:
            rows = batch.alive(rows)
            keys = {row: batch.values[field.name][row] for row in rows}
            keys = {row: key for row, key in keys.items() if key not in (None, UNCHANGED)}
            found = self._finder.by_key(self.object, field, keys.values()) if keys else {}
            first: dict[Judged, str] = {}
            for row, key in keys.items():
                folded = fold(field, key)
                others = [i for i in found.get(folded, []) if i != ids.get(row)]
                if folded in first:
                    others.append(first[folded])
                if others:
                    batch.errors.add(row, row_errors.duplicate(field, others[0]))
                first.setdefault(folded, ids.get(row, row_errors.UNKNOWN_DUPLICATE))

    def _check_locks(
        self, batch: JudgedRows, rows: Rows, ids: Mapping[int, str] | None = None
    ) -> None:
        """Refuse rows that touch a record somebody else holds: their own, or a parent."""
        if not batch.held:
            return
        parents = [field.name for field in self._references if field.name != "OwnerId"]
        for row in rows:
            touched = [batch.values[name][row] for name in parents]
            if ids and row in ids:
                touched.append(ids[row])
            locked = [str(value) for value in touched if value in batch.held]
            if locked:
                batch.errors.add(row, row_errors.locked(locked))


def _default(field: Field) -> Stored:
    """What a new record has in a field that nobody set."""
    if field.type == "boolean":
        return int(bool(field.default_value))
    return field.default_value


def _with_default(column: Sequence[Judged], default: Judged) -> Sequence[Judged]:
    return [default if value is UNCHANGED else value for value in column]


def _merge(new: Sequence[Judged], old: Sequence[Judged]) -> list[Judged]:
    return [o if n is UNCHANGED else n for n, o in zip(new, old, strict=True)]


def _format_numbers(field: Field, first: int, count: int) -> list[str]:
    """``{0000}`` in a display format is the number with at least as many digits."""
    before, digits, after = "", _AUTO_NUMBER_WIDTH, ""
    match = _NUMBER_FORMAT.search(field.display_format or "")
    if match and field.display_format:
        before, after = field.display_format[: match.start()], field.display_format[match.end() :]
        digits = len(match[1])
    return [f"{before}{number:0{digits}d}{after}" for number in range(first, first + count)]


_Run = Callable[[WritePlan, sqlite3.Connection, JudgedRows, Rows], None]
_RUNS: Mapping[str, _Run] = MappingProxyType(
    {
        "insert": WritePlan._insert_window,
        "update": WritePlan._update_window,
        "upsert": WritePlan._upsert_window,
        "delete": WritePlan._delete_window,
        "hardDelete": WritePlan._delete_window,
    }
)
