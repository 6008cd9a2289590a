"""An org: its schema, its records, its clock and its users; the one room that knows both the
data and how they are asked for.
"""

import copy
import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from salesforce_bulk.emulator.clock import Clock, SystemClock
from salesforce_bulk.emulator.data.big_objects import delete_by_example
from salesforce_bulk.emulator.data.locks import RowLocks
from salesforce_bulk.emulator.data.person_accounts import MERGED_PERSON, persons_among
from salesforce_bulk.emulator.data.query_errors import in_dialect
from salesforce_bulk.emulator.data.recycle_bin import merge, undelete
from salesforce_bulk.emulator.data.store import Store, quoted
from salesforce_bulk.emulator.data.values import Cell, RowError, Stored, format_datetime
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.data.write_plan import (
    HARD_DELETE_PERMISSION,
    OPERATIONS,
    OrgStorage,
    WritePlan,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.schema.custom_objects import FieldDefinition
from salesforce_bulk.emulator.schema.features import CURRENCIES, PERSON_ACCOUNTS
from salesforce_bulk.emulator.schema.ids import IdFactory, to_18
from salesforce_bulk.emulator.schema.person_accounts import PERSON_RECORD_TYPE
from salesforce_bulk.emulator.schema.schema import Schema, SchemaError, SObject
from salesforce_bulk.emulator.soql.big_objects import check_big_object
from salesforce_bulk.emulator.soql.compile import Column, CompiledQuery, compile_query
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import parse
from salesforce_bulk.emulator.soql.restrict import check_bulk1, check_bulk2

__all__ = ["BatchRefused", "Org", "QueryResult", "User", "WritePlan"]

USERNAME = "admin@example.com"
PASSWORD = "password"  # noqa: S105  # nosec B105 # everybody may know it
SECURITY_TOKEN = "token"  # noqa: S105  # nosec B105 # everybody may know it
ORGANIZATION_NAME = "Emulator"
#: Rows that a query takes from SQLite at once.
FETCH_ROWS = 2_000


@dataclass
class User:
    """Who may log in. `permissions` are user permissions by their API names, such as
    ``BulkApiHardDelete``; add to them what a program needs."""

    id: str
    username: str
    password: str
    security_token: str
    permissions: set[str] = dataclass_field(default_factory=set)
    name: str = ""
    email: str = ""


class Actor(Protocol):
    """On whose behalf something is done."""

    @property
    def id(self) -> str: ...
    @property
    def permissions(self) -> Collection[str]: ...


class QueryResult:
    """The rows of one query: a snapshot, read as it is iterated, once.

    `columns` describe the visible columns in SELECT order, `plan` has everything else that the
    compiler knows (parents, children, whether it counts). Iterating gives tuples of stored
    values, one a visible column; `with_hidden()` those of the plan's hidden columns too.
    """

    def __init__(self, plan: CompiledQuery, org: "Org") -> None:
        self.plan = plan
        self._org = org
        self._cursor = org.execute(plan.flat_sql, plan.parameters)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.plan.columns

    @property
    def object(self) -> SObject:
        return self.plan.object

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        while rows := self._cursor.fetchmany(FETCH_ROWS):
            yield from rows

    def with_hidden(self) -> Iterator[tuple[Any, ...]]:
        """The rows with the compiler's hidden columns after the visible ones."""
        self._cursor.close()
        self._cursor = self._org.execute(self.plan.sql, self.plan.parameters)
        return iter(self)


@dataclass(frozen=True)
class OrgSnapshot:
    """What an org was at one moment."""

    path: Path
    counters: Mapping[str, int]
    schema: Schema
    users: Mapping[str, User]


class Org:
    """All state of one emulated org.

    Args:
        clock: by default the machine's.
        directory: where data and custom objects are kept from one start to the next; without
            it they go when the org is closed.
        seed: orgs of different seeds have different ids.
        features: ``MultiCurrency``, ``RecordTypes`` and ``PersonAccounts``. Raises ValueError
            for others.
        dialect: which reading it follows where several are possible.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        directory: Path | None = None,
        seed: int = 0,
        features: Collection[str] = (),
        dialect: Dialect | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.dialect = dialect or Dialect()
        self.schema = Schema(features)
        self.store = Store(directory)
        self.ids = IdFactory(int(self.store.setting("seed", str(seed))))
        self.locks = RowLocks(self.clock)
        self.users: dict[str, User] = {}
        #: When an object was last defined.
        self.schema_changed = self.clock.now()
        self._lock = threading.Lock()
        for definition in self.store.definitions():
            self._replay(definition)
        self._populate()

    username = USERNAME
    password = PASSWORD
    security_token = SECURITY_TOKEN

    @property
    def org_id(self) -> str:
        """The organization's id, 18 characters."""
        return self.ids.one("00D", 1)

    @property
    def admin(self) -> User:
        """The system administrator."""
        return self.users[self.username]

    @property
    def is_sandbox(self) -> bool:
        """What the Organization record says; the login says the same."""
        sql = 'SELECT IsSandbox FROM "Organization"'
        return bool(self.store.read().execute(sql).fetchone()[0])

    # objects

    def define_object(
        self, name: str, fields: Mapping[str, FieldDefinition] | None = None, **options: Any
    ) -> SObject:
        """Add a custom object, or fields to an object; arguments as in `Schema.define`."""
        sobject = self.schema.define(name, fields, **options)
        self.store.remember({"define": [name, _plain(fields or {}), options]})
        self.schema_changed = self.clock.now()
        return sobject

    def load_describe(self, document: Mapping[str, Any]) -> SObject:
        """Take an object from its describe document; see `Schema.load_describe`."""
        sobject = self.schema.load_describe(document)
        self.store.remember({"describe": document})
        self.schema_changed = self.clock.now()
        return sobject

    def load_schema(self, path: str | Path) -> list[SObject]:
        """Take objects from a file; see `Schema.load_file`. Raises SchemaError with its name."""
        content = Schema.read_file(path)
        try:
            return self.load_objects(content)
        except SchemaError as error:
            raise SchemaError(f"{path}: {error}") from error

    def load_objects(self, content: Any) -> list[SObject]:
        """Take objects from a describe document, several, or the short form."""
        sobjects = self.schema.load(content)
        self.store.remember({"load": content})
        self.schema_changed = self.clock.now()
        return sobjects

    def _replay(self, definition: Mapping[str, Any]) -> None:
        if "define" in definition:
            name, fields, options = definition["define"]
            self.schema.define(name, fields, **options)
        elif "describe" in definition:
            self.schema.load_describe(definition["describe"])
        else:
            self.schema.load(definition["load"])

    # records

    def plan_write(
        self,
        operation: str,
        object_name: str,
        columns: Sequence[str],
        external_id: str | None = None,
        user: Actor | None = None,
        assignment_rule_id: str | None = None,
    ) -> WritePlan:
        """How a batch is to be judged and written.

        Args:
            operation: insert, update, upsert, delete or hardDelete.
            object_name: in any letter case.
            columns: the header, as the user wrote it: field names, ``Account.Ext__c``,
                ``Lead:Who.Email``.
            external_id: the key of an upsert; Id when it is None.
            user: who writes; by default the administrator.
            assignment_rule_id: accepted, and without effect.

        Raises BatchRefused for what fails a whole batch.
        """
        if operation not in OPERATIONS:
            raise BatchRefused("InvalidBatch", f"Invalid operation : {operation}")
        sobject = self.schema.get(object_name)
        if sobject is None:
            raise BatchRefused(
                "InvalidEntity", f"Entity '{object_name}' is not supported by the Bulk API."
            )
        actor = user or self.admin
        if operation == "hardDelete" and HARD_DELETE_PERMISSION not in actor.permissions:
            raise BatchRefused(
                "FeatureNotEnabled",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            )
        return WritePlan(self._storage(), operation, sobject, columns, external_id, actor.id)

    def plan_deployment(self, object_name: str, columns: Sequence[str]) -> WritePlan:
        """How records are inserted that no API may insert, as a deployment does: those of custom
        metadata. Of other objects it is an insert like any. Raises BatchRefused.
        """
        sobject = self.schema.get(object_name)
        if sobject is None or not sobject.name.endswith("__mdt"):
            return self.plan_write("insert", object_name, columns)
        deployed = replace(sobject, createable=True)
        return WritePlan(self._storage(), "insert", deployed, columns, None, self.admin.id)

    def undelete(self, record_id: str, user: Actor | None = None) -> RowError | None:
        """Brings a record back from the recycle bin, with the children that went with it; why it
        could not be, or None."""
        with self.store.writing():
            return undelete(self.schema, self.store, record_id, self._stamps(user))

    def merge(
        self,
        sobject: SObject,
        master_id: str,
        record_ids: Sequence[str],
        cells: Mapping[str, Cell],
        user: Actor | None = None,
    ) -> list[str] | RowError:
        """Changes a record and makes others part of it; the children that came with them, or why
        it could not be. Raises BatchRefused for unknown fields.
        """
        plan = self.plan_write("update", sobject.name, ["Id", *cells], user=user)
        losers = [to_18(record_id) or record_id for record_id in record_ids]
        with self.store.writing():
            found = self.store.look_up(sobject.name, "Id", losers, ["Id", "IsDeleted"])
            live = {record_id for record_id, deleted in found if not deleted}
            if live != set(losers) or to_18(master_id) in live or len(live) < len(losers):
                return RowError("INVALID_CROSS_REFERENCE_KEY", "invalid record to merge")
            if persons_among(self.store, sobject, [to_18(master_id) or master_id, *losers]):
                return MERGED_PERSON
            [outcome] = plan.write([[master_id, *cells.values()]])
            if outcome.id is None:
                return outcome.errors[0]
            stamps = self._stamps(user)
            return merge(self.schema, self.store, sobject, outcome.id, losers, stamps)

    def delete_by_example(self, sobject: SObject, example: Mapping[str, Cell]) -> int | RowError:
        """How many records of a big object were deleted, those of one index, or why none."""
        return delete_by_example(self.store, sobject, example)

    def _stamps(self, user: Actor | None) -> dict[str, Stored]:
        now = format_datetime(self.clock.now())
        actor = user or self.admin
        return {"LastModifiedDate": now, "LastModifiedById": actor.id, "SystemModstamp": now}

    def _storage(self) -> OrgStorage:
        return OrgStorage(self.schema, self.store, self.ids, self.clock, self.locks, self.dialect)

    def query(
        self,
        soql: str,
        include_deleted: bool = False,
        bulk: str | None = None,
        content_type: str = "CSV",
        id_range: tuple[str | None, str | None] | None = None,
        user: Actor | None = None,
    ) -> QueryResult:
        """Run a query; arguments as of `plan_query`. Raises SoqlError."""
        plan = self.plan_query(soql, include_deleted, bulk, content_type, id_range, user)
        return QueryResult(plan, self)

    def plan_query(
        self,
        soql: str,
        include_deleted: bool = False,
        bulk: str | None = None,
        content_type: str = "CSV",
        id_range: tuple[str | None, str | None] | None = None,
        user: Actor | None = None,
    ) -> CompiledQuery:
        """How a query is run.

        Args:
            include_deleted: queryAll.
            bulk: "1.0" or "2.0" refuse what that API refuses.
            content_type: of the Bulk API 1.0 job.
            id_range: ids from the first to before the second; None is no bound.
            user: whose query it is.

        Raises SoqlError.
        """
        try:
            return self._planned(soql, include_deleted, bulk, content_type, id_range, user)
        except SoqlError as error:
            raise in_dialect(error, self.dialect) from error

    def _planned(
        self,
        soql: str,
        include_deleted: bool,
        bulk: str | None,
        content_type: str,
        id_range: tuple[str | None, str | None] | None,
        user: Actor | None,
    ) -> CompiledQuery:
        query = check_big_object(parse(soql), self.schema)
        if bulk == "1.0":
            query = check_bulk1(query, self.schema, content_type)
        elif bulk == "2.0":
            query = check_bulk2(query, self.schema)
        return compile_query(
            query,
            self.schema,
            self.clock.now(),
            include_deleted=include_deleted,
            user_id=(user or self.admin).id,
            id_range=id_range,
        )

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Run a compiled query on this thread's connection, making tables it is the first to
        name."""
        self._ensure_tables(sql)
        return self.store.read().execute(sql, tuple(parameters))

    def _ensure_tables(self, sql: str) -> None:
        for name in set(sql.lower().split('"')):
            sobject = self.schema.objects.get(name)
            if sobject:
                self.store.ensure(sobject)

    def blob(self, object_name: str, field_name: str, record_id: str) -> bytes | None:
        """The content of a base64 field of a live record; None where there is no such record."""
        sobject = self.schema.objects[object_name.lower()]
        if not self.store.has_table(sobject.name):
            return None
        live = " AND NOT IsDeleted" if sobject.soft_delete else ""
        sql = f"SELECT {quoted(field_name)} FROM {quoted(sobject.name)} WHERE Id = ?{live}"  # noqa: S608  # nosec B608 # names of the schema, and checked values
        row = self.store.read().execute(sql, [record_id]).fetchone()
        return None if row is None else row[0] or b""

    def count(self, object_name: str) -> int:
        """How many live records an object has."""
        sobject = self.schema.get(object_name)
        if sobject is None or not self.store.has_table(sobject.name):
            return 0
        live = " WHERE NOT IsDeleted" if sobject.soft_delete else ""
        sql = f"SELECT count(*) FROM {quoted(sobject.name)}{live}"  # noqa: S608  # nosec B608 # quoted names
        return int(self.store.read().execute(sql).fetchone()[0])

    def chunk_boundaries(
        self, object_name: str, chunk_size: int, start_row: str | None = None
    ) -> list[tuple[str, str | None]]:
        """The id ranges of PK chunking: (from, before); the last has no end.

        Ranges are `chunk_size` ids wide, so that deleted records count and a chunk may be
        empty. `start_row` is an id of 15 or 18 characters. No records, no ranges.
        """
        sobject = self.schema.get(object_name)
        if sobject is None or not self.store.has_table(sobject.name):
            return []
        sql = f"SELECT min(rid), max(rid) FROM {quoted(sobject.name)}"  # noqa: S608  # nosec B608 # quoted names
        first, last = self.store.read().execute(sql).fetchone()
        if first is None:
            return []
        start = to_18(start_row) if start_row else None
        if start:
            first = IdFactory.counter(start)
        starts = [
            self.ids.one(sobject.key_prefix, number)
            for number in range(first, last + 1, max(chunk_size, 1))
        ]
        return list(zip(starts, [*starts[1:], None], strict=True))

    # life

    def add_user(self, username: str, password: str) -> User:
        """A user who may log in, with a record of the object User."""
        profile = self.ids.one("00e", 1)
        names = ["Username", "LastName", "Email", "Alias", "ProfileId"]
        names += ["TimeZoneSidKey", "LocaleSidKey", "EmailEncodingKey", "LanguageLocaleKey"]
        row = [
            username,
            username,
            username,
            username[:8],
            profile,
            "GMT",
            "en_US",
            "UTF-8",
            "en_US",
        ]
        [outcome] = self.plan_write("insert", "User", names).write([row])
        if outcome.id is None:
            raise ValueError("; ".join(error.message for error in outcome.errors))
        user = User(outcome.id, username, password, "", {"ApiEnabled"}, username, username)
        self.users[username] = user
        return user

    def snapshot(self, path: Path) -> OrgSnapshot:
        """Records, objects and users as they are now; the records go to a file."""
        schema = Schema()
        schema.restore(self.schema)
        return OrgSnapshot(path, self.store.save(path), schema, copy.deepcopy(self.users))

    def restore(self, snapshot: OrgSnapshot) -> None:
        """Make the org as it was at a snapshot, which can be used again."""
        with self._lock:
            self.schema.restore(snapshot.schema)
            self.store.restore(snapshot.path, snapshot.counters)
            self.locks.clear()
            self.users.clear()
            self.users.update(copy.deepcopy(snapshot.users))
            self.schema_changed = self.clock.now()

    def reset(self) -> None:
        """Make the org as it was when it began: no records, no custom objects, no locks."""
        with self._lock:
            fresh = Schema(self.schema.features)
            changed = [
                name
                for name, sobject in self.schema.objects.items()
                if fresh.get(name) is not sobject and _columns(fresh.get(name)) != _columns(sobject)
            ]
            self.schema.restore(fresh)
            self.schema_changed = self.clock.now()
            self.store.forget_definitions()
            self.store.empty(drop=changed)
            self.locks.clear()
            self.users.clear()
            self._populate()

    def close(self) -> None:
        """Close the database; without a directory the data are gone."""
        self.store.close()

    def _populate(self) -> None:
        """The records that no org is without."""
        admin = User(
            id=self.ids.one("005", 1),
            username=self.username,
            password=self.password,
            security_token=self.security_token,
            permissions={"ApiEnabled", "ModifyAllData", "ViewAllData"},
            name="Admin User",
            email=self.username,
        )
        self.users[admin.username] = admin
        first_records = {} if self.count("User") else _first_records(admin, self.ids)
        first_records |= self._records_of_features()
        now = format_datetime(self.clock.now())
        with self.store.writing() as connection:
            for name, records in first_records.items():
                sobject = self.schema.objects[name.lower()]
                self.store.ensure(sobject)
                first = self.store.take(name, len(records))
                for _, alike in groupby(enumerate(records, first), lambda entry: list(entry[1])):
                    _insert_records(connection, sobject, self.ids, admin.id, now, list(alike))

    def _records_of_features(self) -> dict[str, list[dict[str, Stored]]]:
        """Those that come with an option of the org, as far as they are not there: the data may be
        older than the option."""
        found: dict[str, list[dict[str, Stored]]] = {}
        if self.schema.get("CurrencyType") and not self.count("CurrencyType"):
            found["CurrencyType"] = _currencies()
        persons = "SELECT Id FROM RecordType WHERE IsPersonType = true"
        if PERSON_ACCOUNTS in self.schema.features and not list(self.query(persons)):
            found["RecordType"] = [_person_record_type()]
        return found


def _insert_records(
    connection: sqlite3.Connection,
    sobject: SObject,
    ids: IdFactory,
    user_id: str,
    now: str,
    records: Sequence[tuple[int, Mapping[str, Stored]]],
) -> None:
    """Records of one object with their numbers; all of them say the same fields."""
    system: dict[str, Stored] = {
        "CreatedById": user_id,
        "LastModifiedById": user_id,
        "CreatedDate": now,
        "LastModifiedDate": now,
        "SystemModstamp": now,
    }
    fixed = {name: value for name, value in system.items() if sobject.field(name)}
    named = list(records[0][1])
    columns = ", ".join(map(quoted, ["rid", "Id", *fixed, *named]))
    marks = ", ".join("?" * (len(fixed) + len(named) + 2))
    connection.executemany(
        f"INSERT INTO {quoted(sobject.name)} ({columns}) VALUES ({marks})",  # noqa: S608  # nosec B608 # quoted names
        [
            [rid, ids.one(sobject.key_prefix, rid), *fixed.values(), *record.values()]
            for rid, record in records
        ],
    )


def _person_record_type() -> dict[str, Stored]:
    return {**PERSON_RECORD_TYPE, "SobjectType": "Account", "IsActive": 1, "IsPersonType": 1}


def _first_records(admin: User, ids: IdFactory) -> dict[str, list[dict[str, Stored]]]:
    locale: dict[str, Stored] = {
        "TimeZoneSidKey": "GMT",
        "LanguageLocaleKey": "en_US",
    }
    return {
        "Organization": [
            {
                "Name": ORGANIZATION_NAME,
                "OrganizationType": "Developer Edition",
                "IsSandbox": 1,
                "DefaultLocaleSidKey": "en_US",
                "FiscalYearStartMonth": 1,
                "InstanceName": "EMU1",
                **locale,
            }
        ],
        "BusinessHours": [_business_hours()],
        "Profile": [
            {
                "Name": "System Administrator",
                "UserType": "Standard",
                "PermissionsApiEnabled": 1,
                "PermissionsModifyAllData": 1,
                "PermissionsViewAllData": 1,
                "PermissionsViewSetup": 1,
                "PermissionsManageUsers": 1,
                "PermissionsAuthorApex": 1,
            },
            {"Name": "Standard User", "UserType": "Standard", "PermissionsApiEnabled": 1},
        ],
        "User": [
            {
                "Username": admin.username,
                "FirstName": "Admin",
                "LastName": "User",
                "Name": admin.name,
                "Email": admin.email,
                "Alias": "admin",
                "CommunityNickname": "admin",
                "IsActive": 1,
                "ProfileId": ids.one("00e", 1),
                "UserType": "Standard",
                "LocaleSidKey": "en_US",
                "EmailEncodingKey": "UTF-8",
                **locale,
            }
        ],
        "Pricebook2": [{"Name": "Standard Price Book", "IsActive": 1, "IsStandard": 1}],
        "PermissionSet": [_permission_set_of_profile(ids, number) for number in (1, 2)],
        "ObjectPermissions": [
            {"ParentId": ids.one("0PS", 1), "SobjectType": name, **_ALL_PERMISSIONS}
            for name in _TABS
        ],
        "TabDefinition": [
            {
                "DurableId": f"standard-{name}",
                "Name": f"standard-{name}",
                "Label": label,
                "SobjectName": name,
                **_SHOWN_EVERYWHERE,
            }
            for name, label in _TABS.items()
        ],
    }


#: Objects with a tab of their own, and what it says.
_TABS: Mapping[str, str] = MappingProxyType(
    {
        "Account": "Accounts",
        "Campaign": "Campaigns",
        "Case": "Cases",
        "Contact": "Contacts",
        "Contract": "Contracts",
        "Lead": "Leads",
        "Opportunity": "Opportunities",
        "Order": "Orders",
        "Product2": "Products",
        "Solution": "Solutions",
    }
)
_ALL_PERMISSIONS: Mapping[str, Stored] = MappingProxyType(
    {
        f"Permissions{name}": 1
        for name in ("Create", "Read", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    }
)
_SHOWN_EVERYWHERE: Mapping[str, Stored] = MappingProxyType(
    {
        "IsCustom": 0,
        **{f"IsAvailableIn{name}": 1 for name in ("Aloha", "Lightning", "Mobile", "Desktop")},
    }
)


def _business_hours() -> dict[str, Stored]:
    """Every org begins with hours that never end."""
    days = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
    midnight = {f"{day}{edge}Time": "00:00:00.000Z" for day in days for edge in ("Start", "End")}
    return {
        "Name": "Default",
        "IsActive": 1,
        "IsDefault": 1,
        "TimeZoneSidKey": "GMT",
        **midnight,
    }


def _permission_set_of_profile(ids: IdFactory, number: int) -> dict[str, Stored]:
    """Each profile has its permissions in a set of its own, which is named by its id."""
    profile = ids.one("00e", number)
    return {
        "Name": f"X{profile[:15]}",
        "Label": f"{profile[:15]}",
        "ProfileId": profile,
        "IsOwnedByProfile": 1,
        "IsCustom": 0,
        "Type": "Profile",
        "PermissionsApiEnabled": 1,
        "PermissionsModifyAllData": int(number == 1),
        "PermissionsViewAllData": int(number == 1),
    }


def _currencies() -> list[dict[str, Stored]]:
    return [
        {
            "IsoCode": code,
            "ConversionRate": rate,
            "DecimalPlaces": 2,
            "IsActive": 1,
            "IsCorporate": int(rate == 1),
        }
        for code, rate in CURRENCIES.items()
    ]


def _columns(sobject: SObject | None) -> list[Any]:
    return [] if sobject is None else [(f.name, f.type) for f in sobject.stored_fields]


def _plain(fields: Mapping[str, FieldDefinition]) -> dict[str, Any]:
    """Definitions as JSON keeps them."""
    plain: dict[str, Any] = json.loads(json.dumps(dict(fields), default=_as_list))
    return plain


def _as_list(value: Iterable[Any]) -> Any:
    return dict(value) if isinstance(value, Mapping) else list(value)
