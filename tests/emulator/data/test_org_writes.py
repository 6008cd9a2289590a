from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from typing import Any

import pytest

from salesforce_bulk.emulator.clock import ManualClock
from salesforce_bulk.emulator.data.org import BatchRefused, Org, User
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell, RowError, RowOutcome

NOW = "2024-05-15T13:30:00.000Z"


@pytest.fixture
def org() -> Iterator[Org]:
    org = Org(clock=ManualClock(datetime(2024, 5, 15, 13, 30, tzinfo=timezone.utc)))
    yield org
    org.close()


def write(
    org: Org, operation: str, name: str, columns: str, *rows: Sequence[Cell], key: str | None = None
) -> list[RowOutcome]:
    return org.plan_write(operation, name, columns.split(), external_id=key).write(rows)


def insert(org: Org, name: str, columns: str, *rows: Sequence[Cell]) -> list[str]:
    outcomes = write(org, "insert", name, columns, *rows)
    assert all(outcome.success for outcome in outcomes), outcomes
    return [str(outcome.id) for outcome in outcomes]


def errors(outcomes: Sequence[RowOutcome]) -> list[tuple[RowError, ...]]:
    for outcome in outcomes:
        assert outcome.success == (not outcome.errors) == (outcome.id is not None)
    return [outcome.errors for outcome in outcomes]


def error(outcomes: Sequence[RowOutcome]) -> RowError:
    ((only,),) = errors(outcomes)
    return only


def rows(org: Org, soql: str, **options: Any) -> list[tuple[Any, ...]]:
    return list(org.query(soql, **options))


def refusal(org: Org, operation: str, name: str, columns: str, key: str | None = None) -> str:
    with pytest.raises(BatchRefused) as caught:
        org.plan_write(operation, name, columns.split(), external_id=key)
    return str(caught.value)


# insert


def test_an_insert_creates_a_record_with_ids_owner_and_audit_fields(org: Org) -> None:
    (record_id,) = insert(org, "account", "Name Industry", ["Acme", "Banking"])
    assert (len(record_id), record_id[:3]) == (18, "001")
    found = rows(
        org,
        "SELECT Name, Industry, OwnerId, CreatedById, LastModifiedById, CreatedDate, "
        "LastModifiedDate, SystemModstamp, IsDeleted, Id FROM Account",
    )
    admin = org.admin.id
    assert found == [
        ("Acme", "Banking", admin, admin, admin, NOW, NOW, NOW, 0, record_id),
    ]


def test_rows_fail_alone_and_outcomes_keep_the_order_of_the_rows(org: Org) -> None:
    outcomes = write(org, "insert", "Account", "Name", ["a"], [""], ["c"], [None], ["e"])
    assert [outcome.success for outcome in outcomes] == [True, False, True, False, True]
    assert [outcome.created for outcome in outcomes] == [True, False, True, False, True]
    assert rows(org, "SELECT Name FROM Account ORDER BY Id") == [("a",), ("c",), ("e",)]


def test_all_missing_required_fields_are_named_in_one_error(org: Org) -> None:
    outcomes = write(org, "insert", "Lead", "FirstName LastName", ["A", UNCHANGED])
    assert error(outcomes) == RowError(
        "REQUIRED_FIELD_MISSING",
        "Required fields are missing: [LastName, Company]",
        ("LastName", "Company"),
    )


def test_a_row_of_another_width_fails_alone(org: Org) -> None:
    outcomes = write(org, "insert", "Account", "Name Site", ["a", "b"], ["c"], ["d", "e", "f"])
    message = "Number of fields in header is different from the row. header = 2 row = "
    assert errors(outcomes) == [
        (),
        (RowError("INVALID_FIELD", message + "1"),),
        (RowError("INVALID_FIELD", message + "3"),),
    ]


@pytest.mark.parametrize("column", ["CreatedDate", "IsDeleted", "SystemModstamp", "MasterRecordId"])
def test_a_field_nobody_may_write_fails_the_rows_that_write_it(org: Org, column: str) -> None:
    value = {"IsDeleted": "true", "MasterRecordId": org.ids.one("001", 1)}.get(column, NOW)
    outcomes = write(org, "insert", "Account", f"Name {column}", ["a", UNCHANGED], ["b", value])
    assert errors(outcomes) == [
        (),
        (
            RowError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                f"Unable to create/update fields: {column}. Please check the security settings "
                "of this field and verify that it is read/write for your profile or permission "
                "set.",
                (column,),
            ),
        ),
    ]


def test_an_insert_takes_no_id(org: Org) -> None:
    outcomes = write(
        org, "insert", "Account", "Id Name", [UNCHANGED, "a"], [org.ids.one("001", 9), "b"]
    )
    assert errors(outcomes) == [
        (),
        (
            RowError(
                "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",)
            ),
        ),
    ]


def test_defaults_fill_what_a_row_does_not_say(org: Org) -> None:
    insert(org, "Lead", "LastName Company Status", ["L", "C", UNCHANGED], ["M", "C", "Other"])
    assert rows(org, "SELECT Status, IsConverted, IsUnreadByOwner FROM Lead ORDER BY Id") == [
        ("Open - Not Contacted", 0, 0),
        ("Other", 0, 0),
    ]


def test_cases_are_numbered_and_know_whether_they_are_closed(org: Org) -> None:
    insert(org, "Case", "Subject Status", ["a", UNCHANGED], ["b", "Closed"])
    assert rows(org, "SELECT CaseNumber, Status, Priority, IsClosed, ClosedDate FROM Case") == [
        ("00001000", "New", "Medium", 0, None),
        ("00001001", "Closed", "Medium", 1, NOW),
    ]


def test_an_opportunitys_stage_decides_probability_and_outcome(org: Org) -> None:
    (record_id, _) = insert(
        org,
        "Opportunity",
        "Name StageName CloseDate Amount Probability",
        ["a", "Closed Won", "2024-05-05", "200", UNCHANGED],
        ["b", "Prospecting", "2024-12-31", "200", "50"],
    )
    soql = (
        "SELECT IsClosed, IsWon, Probability, ExpectedRevenue, Fiscal, ForecastCategory "
        "FROM Opportunity ORDER BY Id"
    )
    assert rows(org, soql) == [
        (1, 1, 100.0, 200.0, "2024 2", "Closed"),
        (0, 0, 50.0, 100.0, "2024 4", "Pipeline"),
    ]
    write(org, "update", "Opportunity", "Id StageName", [record_id, "Value Proposition"])
    assert rows(org, soql)[0] == (0, 0, 50.0, 100.0, "2024 2", "Pipeline")


def test_an_event_knows_its_end_by_its_duration_and_a_task_when_it_was_done(org: Org) -> None:
    insert(
        org,
        "Event",
        "Subject StartDateTime DurationInMinutes",
        ["a", "2024-05-31T23:30:00Z", "45"],
        ["b", UNCHANGED, UNCHANGED],
    )
    assert rows(org, "SELECT ActivityDateTime, ActivityDate, EndDateTime, EndDate FROM Event") == [
        ("2024-05-31T23:30:00.000Z", "2024-05-31", "2024-06-01T00:15:00.000Z", "2024-06-01"),
        (None, None, None, None),
    ]
    insert(org, "Task", "Status Priority", ["Completed", "High"], [UNCHANGED, UNCHANGED])
    assert rows(org, "SELECT IsClosed, IsHighPriority, CompletedDateTime FROM Task") == [
        (1, 1, NOW),
        (0, 0, None),
    ]


def test_a_campaign_member_is_a_lead_or_a_contact(org: Org) -> None:
    (campaign,) = insert(org, "Campaign", "Name", ["c"])
    (lead,) = insert(org, "Lead", "LastName Company", ["l", "c"])
    insert(org, "CampaignMember", "CampaignId LeadId Status", [campaign, lead, "Responded"])
    soql = "SELECT Type, LeadOrContactId, HasResponded FROM CampaignMember"
    assert rows(org, soql) == [("Lead", lead, 1)]


def test_people_are_named_by_their_first_and_last_names(org: Org) -> None:
    one, _ = insert(org, "Contact", "FirstName LastName", ["Ann", "Lee"], [UNCHANGED, "Ng"])
    assert rows(org, "SELECT Name FROM Contact ORDER BY Id") == [("Ann Lee",), ("Ng",)]
    write(org, "update", "Contact", "Id LastName", [one, "Müller"])
    write(org, "update", "Contact", "Id Title", [one, "Dr."])
    assert rows(org, "SELECT Name FROM Contact ORDER BY Id")[0] == ("Ann Müller",)


def test_a_custom_record_without_a_name_is_named_by_its_id(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId"})
    one, two = insert(org, "Load__c", "Name Ext__c", ["given", "1"], [UNCHANGED, "2"])
    (three,) = insert(org, "Load__c", "Ext__c", ["3"])
    found = rows(org, "SELECT Id, Name FROM Load__c ORDER BY Id")
    assert found == [(one, "given"), (two, two), (three, three)]


def test_automatic_numbers_follow_their_format(org: Org) -> None:
    org.define_object("Bill__c", {"Name": "autoNumber(B-{0000})", "Memo__c": "text"})
    insert(org, "Bill__c", "Memo__c", ["a"], ["b"])
    assert rows(org, "SELECT Name FROM Bill__c ORDER BY Id") == [("B-0001",), ("B-0002",)]
    (refused,) = errors(write(org, "insert", "Bill__c", "Name", ["mine"]))
    assert refused[0].status_code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_an_object_that_cannot_be_created_says_so(org: Org) -> None:
    assert error(write(org, "insert", "Profile", "Name", ["x"])) == RowError(
        "INVALID_TYPE_FOR_OPERATION", "entity type cannot be inserted: Profile"
    )


def test_many_rows_in_pieces_all_arrive(org: Org) -> None:
    plan = org.plan_write("insert", "Account", ["Name"])
    ids = [
        o.id
        for start in range(0, 1000, 250)
        for o in plan.write([[f"n{n}"] for n in range(start, start + 250)])
    ]
    assert len(set(ids)) == 1000
    assert [row[0] for row in org.query("SELECT Id FROM Account ORDER BY Name")] == [
        ids[n] for n in sorted(range(1000), key=lambda n: f"n{n}")
    ]
    assert plan.write([]) == []


# batches refused as a whole


@pytest.mark.parametrize(
    ("operation", "name", "columns", "key", "said"),
    [
        ("insert", "Account", "Name Xyz", None, "InvalidBatch : Field name not found : Xyz"),
        ("insert", "Account", "BillingAddress", None,
         "InvalidBatch : Field name not found : BillingAddress"),
        ("update", "Account", "Name", None, "InvalidBatch : Field name not found : Id"),
        ("upsert", "Account", "Name", None, "InvalidBatch : Field name not found : Id"),
        ("upsert", "Contact", "LastName", "Email", "InvalidBatch : Field name not found : Email"),
        ("upsert", "Contact", "LastName", "Nope", "InvalidBatch : Field name not found : Nope"),
        ("upsert", "Contact", "LastName", "LastName",
         "InvalidBatch : Field name provided, LastName does not match an External ID, "
         "Salesforce Id, or indexed field for Contact"),
        ("delete", "Account", "Id Name", None,
         "InvalidBatch : The 'delete' batch must contain only ids"),
        ("delete", "Account", "Name", None,
         "InvalidBatch : The 'delete' batch must contain only ids"),
        ("insert", "Account", "Name NAME", None,
         "InvalidBatch : Duplicate field name found : NAME"),
        ("insert", "Nope", "Name", None,
         "InvalidEntity : Entity 'Nope' is not supported by the Bulk API."),
        ("insert", "Contact", "LastName Nobody.Id", None,
         "InvalidBatch : Unable to find relationship: Nobody"),
        ("insert", "Contact", "LastName Account.Nope", None,
         "InvalidBatch : Field name not found : Account.Nope"),
        ("insert", "Contact", "LastName Account:Account.Id", None,
         "InvalidBatch : type is not needed for non polymorphic foreign key references: Account"),
        ("insert", "Task", "Who.Email", None,
         "InvalidBatch : type is needed for polymorphic foreign key references: Who"),
        ("insert", "Task", "Account:Who.Id", None,
         "InvalidBatch : Unable to find object: Account"),
        ("merge", "Account", "Id", None, "InvalidBatch : Invalid operation : merge"),
    ],
)  # fmt: skip
def test_what_fails_a_whole_batch(
    org: Org, operation: str, name: str, columns: str, key: str | None, said: str
) -> None:
    assert refusal(org, operation, name, columns, key) == said


# references


def test_a_reference_must_be_to_a_live_record_of_the_right_object(org: Org) -> None:
    (account, gone) = insert(org, "Account", "Name", ["a"], ["b"])
    write(org, "delete", "Account", "Id", [gone])
    outcomes = write(
        org,
        "insert",
        "Contact",
        "LastName AccountId",
        ["ok", account[:15]],
        ["text", "abc"],
        ["object", org.admin.id],
        ["nobody", org.ids.one("001", 999)],
        ["deleted", gone],
    )
    incorrect = "Account ID: id value of incorrect type: "
    assert errors(outcomes) == [
        (),
        (RowError("MALFORMED_ID", incorrect + "abc", ("AccountId",)),),
        (RowError("MALFORMED_ID", incorrect + org.admin.id, ("AccountId",)),),
        (RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),),
        (RowError("ENTITY_IS_DELETED", "entity is deleted"),),
    ]
    assert rows(org, "SELECT AccountId FROM Contact") == [(account,)]


def test_a_record_has_an_owner(org: Org) -> None:
    outcomes = write(org, "insert", "Account", "Name OwnerId", ["a", UNCHANGED], ["b", None])
    blank = RowError("INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", ("OwnerId",))
    assert errors(outcomes) == [(), (blank,)]
    (record_id,) = [o.id for o in outcomes if o.id]
    assert error(write(org, "update", "Account", "Id OwnerId", [record_id, None])) == blank


def test_a_relationship_column_finds_the_parent_by_its_key(org: Org) -> None:
    org.define_object("Mother__c", {"External_ID__c": "externalId"})
    org.define_object("Child__c", {"Mother_Of_Child__c": "lookup(Mother__c)"})
    one, _, _ = insert(org, "Mother__c", "External_ID__c", ["m1"], ["twice"], ["TWICE"])
    outcomes = write(
        org,
        "insert",
        "Child__c",
        "Name Mother_Of_Child__r.External_ID__c",
        ["a", "M1"],
        ["b", UNCHANGED],
        ["c", "none"],
        ["d", "twice"],
    )
    found = errors(outcomes)
    assert found[:3] == [
        (),
        (),
        (
            RowError(
                "INVALID_FIELD",
                "Foreign key external ID: none not found for field External_ID__c "
                "in entity Mother__c",
            ),
        ),
    ]
    assert found[3][0].status_code == "DUPLICATE_EXTERNAL_ID"
    children = rows(org, "SELECT Name, Mother_Of_Child__c FROM Child__c ORDER BY Name")
    assert children == [("a", one), ("b", None)]
    (child,) = [o.id for o in outcomes[:1]]
    write(org, "update", "Child__c", "Id Mother_Of_Child__r.External_ID__c", [child, None])
    assert rows(org, "SELECT Mother_Of_Child__c FROM Child__c WHERE Name = 'a'") == [(None,)]


def test_a_polymorphic_relationship_column_names_the_object(org: Org) -> None:
    (lead,) = insert(org, "Lead", "LastName Company Email", ["L", "C", "lead@example.com"])
    insert(org, "Contact", "LastName Email", ["L", "lead@example.com"])
    insert(org, "Task", "Subject Lead:Who.Email", ["call", "LEAD@example.com"])
    insert(org, "Account", "Name Owner.Username", ["a", org.username])
    assert rows(org, "SELECT WhoId FROM Task") == [(lead,)]


def test_a_later_window_of_a_call_may_refer_to_an_earlier_one(org: Org) -> None:
    org.define_object("Node__c", {"Ext__c": "externalId", "Up__c": "lookup(Node__c)"})
    nodes = [[f"n{n}", "n0" if n else UNCHANGED] for n in range(401)]
    outcomes = write(org, "insert", "Node__c", "Ext__c Up__r.Ext__c", *nodes)
    assert [o.success for o in outcomes] == [n == 0 or n >= 200 for n in range(401)]


def test_a_record_told_by_id_and_by_key_at_once_is_refused(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId", "Account__c": "lookup(Account)"})
    org.define_object("Account", {"Code__c": "externalId"})
    one, two = insert(org, "Account", "Name Code__c", ["a", "1"], ["b", "2"])
    outcomes = write(
        org,
        "insert",
        "Load__c",
        "Ext__c Account__c Account__r.Code__c",
        ["both", one, "2"],
        ["id", one, UNCHANGED],
        ["key", UNCHANGED, "2"],
    )
    said = "cannot specify both an external ID reference and a salesforce id, "
    assert errors(outcomes) == [
        (RowError("INVALID_FIELD", said + "Account__c", ("Account__c",)),),
        (),
        (),
    ]
    found = rows(org, "SELECT Ext__c, Account__c FROM Load__c ORDER BY Id")
    assert found == [("id", one), ("key", two)]
    outcomes = write(
        org, "upsert", "Load__c", "Ext__c Id", ["id", org.ids.one("a00", 1)], key="Ext__c"
    )
    assert error(outcomes).message == said + "Id"


# unique values


def test_a_unique_value_is_taken_once_whatever_its_letter_case(org: Org) -> None:
    org.define_object(
        "Load__c", {"Code__c": "text(20) unique", "Case__c": "text(20) unique caseSensitive"}
    )
    one, two = insert(org, "Load__c", "Code__c Case__c", ["a", "x"], ["b", "X"])
    outcomes = write(
        org, "insert", "Load__c", "Code__c", ["A"], ["new"], ["NEW"], [UNCHANGED], [UNCHANGED]
    )
    message = "duplicate value found: Code__c duplicates value on record with id: "
    assert errors(outcomes) == [
        (RowError("DUPLICATE_VALUE", message + one),),
        (),
        (RowError("DUPLICATE_VALUE", message + "<unknown>"),),
        (),
        (),
    ]
    outcomes = write(org, "update", "Load__c", "Id Code__c", [one, "A"], [two, "new"])
    assert errors(outcomes)[0] == ()
    assert errors(outcomes)[1][0].status_code == "DUPLICATE_VALUE"


def test_a_deleted_record_frees_its_unique_value(org: Org) -> None:
    org.define_object("Load__c", {"Code__c": "text(20) unique"})
    (one,) = insert(org, "Load__c", "Code__c", ["a"])
    write(org, "delete", "Load__c", "Id", [one])
    insert(org, "Load__c", "Code__c", ["a"])


# update


def test_an_update_leaves_alone_what_a_row_does_not_say(org: Org) -> None:
    (record_id,) = insert(org, "Account", "Name Site Sic", ["a", "s", "1"])
    org.clock.sleep(60)
    (outcome,) = write(org, "update", "Account", "Id Site Sic", [record_id[:15], UNCHANGED, None])
    assert outcome == RowOutcome(record_id, True, False)
    assert rows(
        org, "SELECT Name, Site, Sic, CreatedDate, LastModifiedDate, SystemModstamp FROM Account"
    ) == [("a", "s", None, NOW, "2024-05-15T13:31:00.000Z", "2024-05-15T13:31:00.000Z")]


def test_what_is_wrong_with_the_ids_of_an_update(org: Org) -> None:
    one, two, gone = insert(org, "Account", "Name", ["a"], ["b"], ["c"])
    write(org, "delete", "Account", "Id", [gone])
    outcomes = write(
        org,
        "update",
        "Account",
        "Id Site",
        ["abc123", "x"],
        [UNCHANGED, "x"],
        [org.admin.id, "x"],
        [org.ids.one("001", 999), "x"],
        [gone, "x"],
        [one, "x"],
        [one, "y"],
        [two, "x"],
    )
    incorrect = "Account ID: id value of incorrect type: "
    double = RowError("DUPLICATE_VALUE", f"Duplicate id specified: {one}")
    assert errors(outcomes) == [
        (RowError("MALFORMED_ID", incorrect + "abc123", ("Id",)),),
        (RowError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",)),),
        (RowError("MALFORMED_ID", incorrect + org.admin.id, ("Id",)),),
        (RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),),
        (RowError("ENTITY_IS_DELETED", "entity is deleted"),),
        (double,),
        (double,),
        (),
    ]


def test_a_required_field_cannot_be_cleared(org: Org) -> None:
    (record_id,) = insert(org, "Account", "Name", ["a"])
    outcomes = write(org, "update", "Account", "Id Name", [record_id, None])
    assert error(outcomes).message == "Required fields are missing: [Name]"


def test_a_field_that_is_only_written_at_creation_cannot_change(org: Org) -> None:
    (account,) = insert(org, "Account", "Name", ["a"])
    (note,) = insert(org, "Note", "Title ParentId", ["t", account])
    outcomes = write(org, "update", "Note", "Id ParentId", [note, account])
    assert error(outcomes).status_code == "INVALID_FIELD_FOR_INSERT_UPDATE"


def test_a_boolean_set_to_null_is_false(org: Org) -> None:
    (case,) = insert(org, "Case", "IsEscalated", ["true"])
    write(org, "update", "Case", "Id IsEscalated", [case, None])
    assert rows(org, "SELECT IsEscalated FROM Case") == [(0,)]


# upsert


def test_an_upsert_by_external_id_updates_or_creates(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "currency"})
    first = write(
        org, "upsert", "Load__c", "Ext__c Amount__c", ["a", "1"], ["b", "2"], key="ext__c"
    )
    second = write(
        org, "upsert", "Load__c", "Ext__c Amount__c", ["A", UNCHANGED], ["c", "3"], key="Ext__c"
    )
    assert [(o.success, o.created) for o in first + second] == [
        (True, True), (True, True), (True, False), (True, True),
    ]  # fmt: skip
    assert second[0].id == first[0].id
    assert rows(org, "SELECT Ext__c, Amount__c FROM Load__c ORDER BY Id") == [
        ("A", 1.0),
        ("b", 2.0),
        ("c", 3.0),
    ]


def test_an_upsert_by_id_inserts_where_the_id_is_empty(org: Org) -> None:
    (record_id,) = insert(org, "Account", "Name", ["a"])
    outcomes = write(
        org, "upsert", "Account", "Id Name", [record_id, "b"], [UNCHANGED, "c"], ["junk", "d"]
    )
    assert [(o.success, o.created) for o in outcomes] == [
        (True, False),
        (True, True),
        (False, False),
    ]
    assert rows(org, "SELECT Name FROM Account ORDER BY Id") == [("b",), ("c",)]


def test_a_key_twice_in_one_transaction_fails_all_its_rows(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId"})
    outcomes = write(
        org, "upsert", "Load__c", "Ext__c", ["a"], ["b"], ["A"], [UNCHANGED], key="Ext__c"
    )
    assert errors(outcomes) == [
        (RowError("DUPLICATE_VALUE", "Duplicate external id specified: a", ("Ext__c",)),),
        (),
        (RowError("DUPLICATE_VALUE", "Duplicate external id specified: a", ("Ext__c",)),),
        (RowError("MISSING_ARGUMENT", "Ext__c not specified", ("Ext__c",)),),
    ]


def test_a_key_that_returns_in_a_later_transaction_updates(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId"})
    keys = [[f"k{n % 250}"] for n in range(500)]
    outcomes = write(org, "upsert", "Load__c", "Ext__c", *keys, key="Ext__c")
    assert [o.created for o in outcomes] == [n < 250 for n in range(500)]
    assert org.count("Load__c") == 250


def test_a_key_that_several_records_have_is_refused(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId"})
    one, two = insert(org, "Load__c", "Ext__c", ["a"], ["a"])
    outcomes = write(org, "upsert", "Load__c", "Ext__c", ["a"], key="Ext__c")
    assert error(outcomes) == RowError(
        "DUPLICATE_EXTERNAL_ID",
        f"Ext__c: more than one record found for external id field: [{one}, {two}]",
        ("Ext__c",),
    )


def test_a_deleted_record_is_not_matched_by_an_upsert(org: Org) -> None:
    org.define_object("Load__c", {"Ext__c": "externalId"})
    (one,) = insert(org, "Load__c", "Ext__c", ["a"])
    write(org, "delete", "Load__c", "Id", [one])
    (outcome,) = write(org, "upsert", "Load__c", "Ext__c", ["a"], key="Ext__c")
    assert outcome.created


def test_an_upsert_that_creates_needs_the_required_fields_and_one_that_updates_does_not(
    org: Org,
) -> None:
    insert(org, "Contact", "LastName Email", ["L", "l@example.com"])
    outcomes = write(
        org, "upsert", "Contact", "Email Title", ["l@example.com", "T"], ["n@example.com", "T"],
        key="Email",
    )  # fmt: skip
    assert [o.success for o in outcomes] == [True, False]
    assert outcomes[1].errors[0].message == "Required fields are missing: [LastName]"


# delete


def test_a_delete_puts_records_in_the_recycle_bin(org: Org) -> None:
    one, _ = insert(org, "Account", "Name", ["a"], ["b"])
    (outcome,) = write(org, "delete", "Account", "Id", [one])
    assert outcome == RowOutcome(one, True, False)
    assert rows(org, "SELECT Name FROM Account") == [("b",)]
    everything = rows(org, "SELECT Name, IsDeleted FROM Account", include_deleted=True)
    assert sorted(everything) == [("a", 1), ("b", 0)]
    assert error(write(org, "delete", "Account", "Id", [one])) == RowError(
        "ENTITY_IS_DELETED", "entity is deleted"
    )


def test_a_deletion_calls_what_is_no_id_a_bad_id(org: Org) -> None:
    outcomes = write(org, "delete", "Account", "Id", ["abc"], [UNCHANGED], [org.ids.one("001", 9)])
    assert errors(outcomes) == [
        (RowError("MALFORMED_ID", "bad id abc", ("Id",)),),
        (RowError("MALFORMED_ID", "bad id", ("Id",)),),
        (RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),),
    ]


def test_children_go_with_their_parent_and_lookups_are_cleared(org: Org) -> None:
    org.define_object("Load__c", {"Account__c": "lookup(Account)"})
    org.define_object("Item__c", {"Load__c": "masterDetail(Load__c)"})
    (account,) = insert(org, "Account", "Name", ["a"])
    (contact,) = insert(org, "Contact", "LastName AccountId", ["c", account])
    insert(org, "Task", "Subject WhoId", ["t", contact])
    (load,) = insert(org, "Load__c", "Account__c", [account])
    insert(org, "Item__c", "Load__c", [load])
    write(org, "delete", "Account", "Id", [account])
    for name in ("Account", "Contact", "Task"):
        assert org.count(name) == 0
        assert len(rows(org, f"SELECT Id FROM {name}", include_deleted=True)) == 1
    assert rows(org, "SELECT Account__c FROM Load__c") == [(None,)]
    write(org, "delete", "Load__c", "Id", [load])
    assert org.count("Item__c") == 0


def test_a_child_that_restricts_keeps_its_parent_and_all_that_would_go_with_it(org: Org) -> None:
    kept, free = insert(org, "Account", "Name", ["Kept"], ["Free"])
    insert(org, "Contact", "LastName AccountId", ["c", kept])
    insert(org, "Case", "AccountId", [kept])
    outcomes = write(org, "delete", "Account", "Id", [kept], [free])
    assert errors(outcomes)[1] == ()
    assert errors(outcomes)[0] == (
        RowError(
            "DELETE_FAILED",
            "Your attempt to delete Kept could not be completed because it is associated with "
            "the following cases.: 00001000\n",
        ),
    )
    assert rows(org, "SELECT Name FROM Account") == [("Kept",)]
    assert org.count("Contact") == 1


def test_a_hard_delete_needs_its_permission_and_leaves_nothing(org: Org) -> None:
    (account,) = insert(org, "Account", "Name", ["a"])
    insert(org, "Contact", "LastName AccountId", ["c", account])
    assert refusal(org, "hardDelete", "Account", "Id").startswith("FeatureNotEnabled : hardDelete")
    org.admin.permissions.add("BulkApiHardDelete")
    assert write(org, "hardDelete", "Account", "Id", [account])[0].success
    assert rows(org, "SELECT Id FROM Account", include_deleted=True) == []
    assert rows(org, "SELECT Id FROM Contact", include_deleted=True) == []


def test_users_cannot_be_deleted(org: Org) -> None:
    outcomes = write(org, "delete", "User", "Id", [org.admin.id])
    assert error(outcomes).status_code == "INVALID_TYPE_FOR_OPERATION"


# locks


def test_rows_that_touch_a_held_record_are_refused(org: Org) -> None:
    one, two = insert(org, "Account", "Name", ["a"], ["b"])
    org.locks.hold("somebody", [one])
    plan = org.plan_write("insert", "Contact", ["LastName", "AccountId"])
    outcomes = plan.write([["c", one], ["d", two]])
    assert errors(outcomes) == [
        (
            RowError(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {one}",
            ),
        ),
        (),
    ]
    for operation, columns, row in (("update", "Id Site", [one, "x"]), ("delete", "Id", [one])):
        assert error(write(org, operation, "Account", columns, row)).status_code == (
            "UNABLE_TO_LOCK_ROW"
        )
    assert plan.write([["c", one]], owner="somebody")[0].success


# who, and files


def test_another_user_is_owner_and_author_of_what_he_writes(org: Org) -> None:
    (user_id,) = insert(
        org,
        "User",
        "Username LastName Email Alias TimeZoneSidKey LocaleSidKey EmailEncodingKey "
        "LanguageLocaleKey ProfileId",
        ["u@example.com", "U", "u@example.com", "u", "GMT", "en_US", "UTF-8", "en_US",
         org.ids.one("00e", 2)],
    )  # fmt: skip
    user = User(user_id, "u@example.com", "x", "y")
    plan = org.plan_write("insert", "Account", ["Name"], user=user)
    assert plan.write([["a"]])[0].success
    assert rows(org, "SELECT OwnerId, CreatedById, CreatedBy.Name FROM Account") == [
        (user_id, user_id, "U")
    ]


def test_a_version_brings_its_document_and_replaces_the_latest(org: Org) -> None:
    (account,) = insert(org, "Account", "Name", ["a"])
    insert(
        org,
        "ContentVersion",
        "PathOnClient VersionData FirstPublishLocationId",
        ["dir/one.pdf", "aGVsbG8=", account],
        ["two.txt", b"\x00\xff", UNCHANGED],
    )
    soql = (
        "SELECT Title, ContentSize, FileType, VersionNumber, IsLatest, ContentDocumentId "
        "FROM ContentVersion ORDER BY Id"
    )
    one, two = rows(org, soql)
    assert one[:5] == ("one", 5, "PDF", "1", 1)
    assert two[:5] == ("two", 2, "TXT", "1", 1)
    insert(
        org,
        "ContentVersion",
        "PathOnClient VersionData ContentDocumentId",
        ["b.pdf", "eA==", one[5]],
    )
    assert [row[3:5] for row in rows(org, soql)] == [("1", 0), ("1", 1), ("2", 1)]
    assert rows(
        org, f"SELECT ContentDocumentId FROM ContentDocumentLink WHERE LinkedEntityId = '{account}'"
    ) == [(one[5],)]
    assert error(write(org, "delete", "ContentVersion", "Id", [org.ids.one("068", 1)]))
    assert write(org, "delete", "ContentDocument", "Id", [one[5]])[0].success
    assert len(rows(org, soql)) == 1


def test_an_attachment_keeps_its_bytes(org: Org) -> None:
    (account,) = insert(org, "Account", "Name", ["a"])
    insert(org, "Attachment", "Name ParentId Body", ["a.bin", account, b"\x00\x01"])
    stored = org.store.read().execute('SELECT "Body", "BodyLength" FROM "Attachment"').fetchall()
    assert stored == [(b"\x00\x01", 2)]
