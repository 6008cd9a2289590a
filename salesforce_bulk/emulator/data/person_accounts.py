"""Accounts that are persons: what may be written of them, and their contacts.

A person's account and contact are two records. Whichever of them is written, the other one follows
in the same transaction. Sources: *SOAP API Developer Guide*, "Person Account Record Types";
*Object Reference*, "Account"; the texts are those of public reports.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence

from salesforce_bulk.emulator.data import row_errors
from salesforce_bulk.emulator.data.judged_rows import JudgedRows, Rows, Values, pick
from salesforce_bulk.emulator.data.row_rules import PlanOfJudged, RowRules
from salesforce_bulk.emulator.data.store import ONE_OF, Store, quoted
from salesforce_bulk.emulator.data.values import UNCHANGED, RowError
from salesforce_bulk.emulator.schema.person_accounts import (
    PERSON_RECORD_TYPE,
    mirrored_names,
    person_names,
)
from salesforce_bulk.emulator.schema.schema import Field, Schema, SObject

ADDITIONAL_FIELDS = RowError(
    "INVALID_FIELD_FOR_INSERT_UPDATE",
    "Cannot specify any additional fields when marrying or separating a Person-Account",
)
PERSON_CONTACT = RowError("INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person contact")
PERSON_ACCOUNT = RowError("INVALID_PERSON_ACCOUNT_OPERATION", "cannot reference person account")
NOT_ONE_CONTACT = RowError(
    "INVALID_PERSON_ACCOUNT_OPERATION",
    "a business account that becomes a person has one contact, and neither has a parent",
)
MERGED_PERSON = RowError(
    "INVALID_PERSON_ACCOUNT_OPERATION", "merge of person accounts is not emulated"
)
READ_ONLY_TYPE = RowError(
    "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id"
)


def rules_of(schema: Schema, store: Store, sobject: SObject, plan: PlanOfJudged) -> RowRules:
    """The rules of an object in an org."""
    record_type = schema.get("RecordType")
    if record_type and record_type.field("IsPersonType"):
        if sobject.name == "Account":
            return AccountRules(_Persons(schema, store), plan)
        if sobject.name == "Contact":
            return ContactRules(_Persons(schema, store))
    return RowRules()


def persons_among(store: Store, sobject: SObject, record_ids: Collection[str]) -> frozenset[str]:
    """Which of an object's records are persons' accounts or contacts."""
    if sobject.field("IsPersonAccount") is None:
        return frozenset()
    store.ensure(sobject)
    rows = store.look_up(sobject.name, "Id", record_ids, ["Id", "IsPersonAccount"])
    return frozenset(record_id for record_id, is_person in rows if is_person)


class _Persons:
    """The two tables that hold persons; for use within `Store.writing()`."""

    def __init__(self, schema: Schema, store: Store) -> None:
        self.account = schema.objects["account"]
        self.contact = schema.objects["contact"]
        self.mirrored = mirrored_names(self.contact)
        self._store = store
        # The tables may be older than the option, or than a field of Contact.
        for name in ("account", "contact", "recordtype"):
            store.ensure(schema.objects[name])

    def accounts(self, record_ids: Collection[str]) -> frozenset[str]:
        """Which accounts are persons."""
        return persons_among(self._store, self.account, record_ids)

    def contacts(self, record_ids: Collection[str]) -> frozenset[str]:
        """Which contacts are persons'."""
        return persons_among(self._store, self.contact, record_ids)

    def contact_ids(self, account_ids: Collection[str]) -> dict[str, str]:
        """The contact of each account that is a person."""
        rows = self._store.look_up("Account", "Id", account_ids, ["Id", "PersonContactId"])
        return {account: contact for account, contact in rows if contact}

    def account_ids(self, contact_ids: Collection[str]) -> dict[str, str]:
        """The account of each contact."""
        return dict(self._store.look_up("Contact", "Id", contact_ids, ["Id", "AccountId"]))

    def record_types(self) -> frozenset[str]:
        """The record types of persons."""
        rows = self._store.look_up("RecordType", "SobjectType", ["Account"], ["Id", "IsPersonType"])
        return frozenset(record_id for record_id, is_person in rows if is_person)

    def marry(self, account_ids: Sequence[str], now: str) -> None:
        """Make persons of accounts with one contact each."""
        self._index()
        self._run('UPDATE "Contact" SET "IsPersonAccount" = 1 WHERE "AccountId" IN', account_ids)
        of_person = 'FROM "Contact" WHERE "AccountId" = "Account"."Id" AND "IsPersonAccount"'
        self._run(
            f'UPDATE "Account" SET "IsPersonAccount" = 1, "PersonContactId" = (SELECT "Id" '  # noqa: S608  # nosec B608 # names of the schema
            f'{of_person}), "RecordTypeId" = coalesce("RecordTypeId", (SELECT "Id" FROM '
            '"RecordType" WHERE "IsPersonType" AND "DeveloperName" = '
            f"'{PERSON_RECORD_TYPE['DeveloperName']}')) WHERE \"Id\" IN",
            account_ids,
        )
        self.follow(list(self.contact_ids(account_ids).values()), {"SystemModstamp": now})

    def separate(self, account_ids: Sequence[str]) -> None:
        """Make businesses of persons, who become their contacts."""
        contact_ids = list(self.contact_ids(account_ids).values())
        self._run('UPDATE "Contact" SET "IsPersonAccount" = 0 WHERE "Id" IN', contact_ids)
        fields = [self.account.field(name) for name in person_names(self.contact).values()]
        empty = [
            f"{quoted(field.name)} = {'0' if field.type == 'boolean' else 'NULL'}"
            for field in fields
            if field and field.stored
        ]
        empty += ['"IsPersonAccount" = 0', '"PersonContactId" = NULL']
        self._run(f'UPDATE "Account" SET {", ".join(empty)} WHERE "Id" IN', account_ids)  # noqa: S608  # nosec B608 # names of the schema

    def follow(self, contact_ids: Sequence[str], stamps: Mapping[str, str]) -> None:
        """Take over into persons' accounts what their contacts hold."""
        names = {**self.mirrored, "Name": "Name"}
        into = ", ".join(map(quoted, names.values()))
        held = ", ".join(map(quoted, names))
        stamped = "".join(f", {quoted(name)} = '{value}'" for name, value in stamps.items())
        self._index()
        self._run(
            f'UPDATE "Account" SET ({into}) = (SELECT {held} FROM "Contact" AS c '  # noqa: S608  # nosec B608 # names of the schema, and stamps
            f'WHERE c."Id" = "Account"."PersonContactId"){stamped} WHERE "PersonContactId" IN',
            contact_ids,
        )

    def alone(self, account_ids: Collection[str]) -> frozenset[str]:
        """The accounts without a parent whose one contact has none either."""
        parents = self._store.look_up("Account", "Id", account_ids, ["Id", "ParentId"])
        columns = ["AccountId", "ReportsToId", "IsDeleted"]
        rows = self._store.look_up("Contact", "AccountId", account_ids, columns)
        contacts = [(account, reports) for account, reports, deleted in rows if not deleted]
        counted = [account for account, _ in contacts]
        reporting = {account for account, reports in contacts if reports}
        return frozenset(
            account
            for account, parent in parents
            if not parent and counted.count(account) == 1 and account not in reporting
        )

    def _index(self) -> None:
        self._store.ensure_index("Contact", "AccountId")
        self._store.ensure_index("Account", "PersonContactId")

    def _run(self, statement: str, record_ids: Sequence[str]) -> None:
        with self._store.writing() as db:
            db.execute(f"{statement} {ONE_OF}", (json.dumps(list(record_ids)),))


def _states(batch: JudgedRows, row: int, name: str) -> bool:
    """Whether a row sets a field to something."""
    column = batch.values.get(name)
    return column is not None and column[row] is not None and column[row] is not UNCHANGED


def _given(batch: JudgedRows, row: int, name: str) -> bool:
    """Whether a row sets a field, be it to nothing."""
    column = batch.values.get(name)
    return column is not None and column[row] is not UNCHANGED


class AccountRules(RowRules):
    """An account is a person by its record type, or, without one, by a LastName in place of a
    Name."""

    tells_blanks = True

    def __init__(self, persons: _Persons, plan: PlanOfJudged) -> None:
        self._persons = persons
        self._plan = plan
        self._of_persons = list(person_names(persons.contact).values())

    def check_insert(self, batch: JudgedRows, rows: Rows) -> None:
        persons = self._new_persons(batch, rows)
        for row in rows:
            if row not in persons:
                self._refuse_person_fields(batch, row)
            elif _states(batch, row, "Name"):
                batch.errors.add(row, row_errors.unwritable(("Name",)))

    def _new_persons(self, batch: JudgedRows, rows: Rows) -> frozenset[int]:
        types = self._persons.record_types()
        given = batch.values.get("RecordTypeId")
        return frozenset(
            row
            for row in rows
            if (
                given[row] in types
                if given is not None and given[row]
                else _states(batch, row, "LastName") and not _states(batch, row, "Name")
            )
        )

    def _refuse_person_fields(self, batch: JudgedRows, row: int) -> None:
        names = [name for name in self._of_persons if _states(batch, row, name)]
        if names:
            batch.errors.add(row, row_errors.bad_names(self._persons.account, names))

    def required_in_insert(
        self, batch: JudgedRows, rows: Rows, fields: Sequence[Field]
    ) -> Iterator[tuple[Rows, Sequence[Field]]]:
        persons = self._new_persons(batch, rows)
        yield [row for row in rows if row not in persons], fields
        names = {
            of_account
            for name, of_account in self._persons.mirrored.items()
            if self._persons.contact.fields[name.lower()].required
        }
        of_person = [f for f in self._persons.account.stored_fields if f.name in names]
        others = [field for field in fields if field.name != "Name"]
        yield [row for row in rows if row in persons], [*of_person, *others]

    def created(self, batch: JudgedRows, rows: Rows, ids: Sequence[str]) -> None:
        persons = self._new_persons(batch, rows)
        account_ids = [i for row, i in zip(rows, ids, strict=True) if row in persons]
        if not account_ids:
            return
        written = [row for row in rows if row in persons]
        values = self._of_contact(batch, written) | {"AccountId": list(account_ids)}
        plan = self._plan("insert", self._persons.contact, list(values))
        plan.create_judged(values, batch.now)
        self._persons.marry(account_ids, batch.now)

    def _of_contact(self, batch: JudgedRows, rows: list[int]) -> Values:
        return {
            name: list(pick(batch.values[of_account], rows))
            for name, of_account in self._persons.mirrored.items()
            if of_account in batch.values
        }

    def check_update(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        persons = self._persons.accounts(ids.values())
        moving = self._moving(batch, ids, persons)
        alone = self._persons.alone([ids[row] for row in moving])
        for row, record_id in ids.items():
            if row in moving:
                self._check_move(batch, row, record_id in persons or record_id in alone)
            elif record_id not in persons:
                self._refuse_person_fields(batch, row)
            elif _given(batch, row, "Name"):
                batch.errors.add(row, row_errors.bad_names(self._persons.account, ["Name"]))
            elif _given(batch, row, "LastName") and not _states(batch, row, "LastName"):
                batch.errors.add(row, row_errors.missing(["LastName"]))

    def _moving(
        self, batch: JudgedRows, ids: Mapping[int, str], persons: frozenset[str]
    ) -> frozenset[int]:
        """The rows that make a person of a business, or the other way round."""
        types = self._persons.record_types()
        given = batch.values.get("RecordTypeId")
        return frozenset(
            row
            for row, record_id in ids.items()
            if given is not None
            and given[row] is not UNCHANGED
            and (given[row] in types) != (record_id in persons)
        )

    def _check_move(self, batch: JudgedRows, row: int, possible: bool) -> None:
        others = [name for name in batch.values if name not in ("Id", "RecordTypeId")]
        if any(_given(batch, row, name) for name in others):
            batch.errors.add(row, ADDITIONAL_FIELDS)
        elif not possible:
            batch.errors.add(row, NOT_ONE_CONTACT)

    def changed(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        persons = self._persons.accounts(ids.values())
        moving = [ids[row] for row in self._moving(batch, ids, persons)]
        self._persons.marry([i for i in moving if i not in persons], batch.now)
        self._persons.separate([i for i in moving if i in persons])
        staying = [row for row, i in ids.items() if i in persons and i not in moving]
        values = self._of_contact(batch, staying)
        if staying and values:
            contact_ids = self._persons.contact_ids([ids[row] for row in staying])
            plan = self._plan("update", self._persons.contact, ["Id", *values])
            plan.change_judged(values, [contact_ids[ids[row]] for row in staying], batch.now)


class ContactRules(RowRules):
    """The contact of a person is neither made nor deleted by itself, nor moved; its account
    follows when it is changed."""

    tells_blanks = True

    def __init__(self, persons: _Persons) -> None:
        self._persons = persons

    def check_insert(self, batch: JudgedRows, rows: Rows) -> None:
        self._refuse_accounts(batch, list(rows))

    def _refuse_accounts(self, batch: JudgedRows, rows: Sequence[int]) -> None:
        given = batch.values.get("AccountId")
        if given is not None:
            persons = self._persons.accounts({str(given[row]) for row in rows if given[row]})
            for row in rows:
                if given[row] in persons:
                    batch.errors.add(row, PERSON_ACCOUNT)

    def check_update(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        persons = self._persons.contacts(ids.values())
        accounts = self._persons.account_ids(persons)
        for row, record_id in ids.items():
            if record_id not in persons:
                continue
            if _given(batch, row, "RecordTypeId"):
                batch.errors.add(row, READ_ONLY_TYPE)
            elif self._moves(batch, row, accounts[record_id]):
                batch.errors.add(row, PERSON_CONTACT)
        self._refuse_accounts(batch, batch.alive([r for r, i in ids.items() if i not in persons]))

    def _moves(self, batch: JudgedRows, row: int, account_id: str) -> bool:
        return _given(batch, row, "AccountId") and batch.values["AccountId"][row] != account_id

    def check_delete(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        persons = self._persons.contacts(ids.values())
        for row, record_id in ids.items():
            if record_id in persons:
                batch.errors.add(row, PERSON_CONTACT)

    def changed(self, batch: JudgedRows, ids: Mapping[int, str]) -> None:
        stamps = {"LastModifiedDate": batch.now, "SystemModstamp": batch.now}
        self._persons.follow(sorted(self._persons.contacts(ids.values())), stamps)
