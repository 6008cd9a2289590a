"""SELECT, relationships, ORDER BY, LIMIT, children, TYPEOF on real rows."""

from __future__ import annotations

import json
import math
import random
import sys
from datetime import datetime, timezone

import pytest

from salesforce_bulk.emulator.soql.compile import compile_query
from salesforce_bulk.emulator.soql.parse import parse


@pytest.fixture
def people(database):
    """Two users, a group, three accounts in a chain, contacts and tasks of them."""
    d = database
    d.profile = d.insert("Profile", Name="Admin")
    d.ann = d.insert(
        "User", Name="Ann A", FirstName="Ann", Email="a@x", IsActive=1, ProfileId=d.profile
    )
    d.bob = d.insert("User", Name="Bob B", FirstName="Bob", Email="b@x")
    d.queue = d.insert("Group", Name="Queue", Type="Queue")
    d.root = d.insert("Account", Name="Root", OwnerId=d.ann, BillingCity="Rom")
    d.middle = d.insert("Account", Name="Middle", OwnerId=d.bob, ParentId=d.root)
    d.leaf = d.insert("Account", Name="Leaf", ParentId=d.middle, Phone="123")
    d.cy = d.insert("Contact", LastName="Cy", Name="Cy", Email="c@x", AccountId=d.leaf)
    d.di = d.insert("Contact", LastName="Di", Name="Di", AccountId=d.root)
    d.ed = d.insert("Contact", LastName="Ed", Name="Ed")
    d.deal = d.insert("Opportunity", Name="Deal", Amount=5.0)
    d.case = d.insert("Case", CaseNumber="00001", OwnerId=d.queue)
    return d


def labels(database, soql):
    return [column.label for column in database.compile(soql).columns]


def test_columns_come_in_select_order_in_the_api_letter_case(people):
    """Names are case-insensitive; labels are the API's; aliases and the object's name go."""
    soql = (
        "select NAME, account.OWNER.name, c.email, a.parentid, contact.Id "
        "from CONTACT c, c.Account a where C.lastname = 'cy'"
    )
    assert labels(people, soql) == ["Name", "Account.Owner.Name", "Email", "Account.ParentId", "Id"]
    assert people.query(soql) == [("Cy", None, "c@x", people.middle, people.cy)]


def test_parents_up_to_five_levels_and_missing_ones(people):
    """Each level is a LEFT JOIN: a missing parent leaves nulls, not fewer rows."""
    soql = (
        "SELECT LastName, Account.Name, Account.Parent.Name, Account.Parent.Parent.Name, "
        "Account.Parent.Parent.Owner.Email, Account.Parent.Parent.Owner.Profile.Name "
        "FROM Contact ORDER BY LastName"
    )
    assert people.query(soql) == [
        ("Cy", "Leaf", "Middle", "Root", "a@x", "Admin"),
        ("Di", "Root", None, None, None, None),
        ("Ed", None, None, None, None, None),
    ]


def test_hidden_columns_tell_whether_a_parent_exists(people):
    """The Ids of the record and of each parent are in the row, hidden where not selected."""
    soql = "SELECT Account.Name, Account.Parent.Name, Account.Id FROM Contact ORDER BY LastName"
    compiled = people.compile(soql)
    parents = compiled.parents
    assert parents[()].objects == ("Contact",)
    assert parents["Account",].objects == ("Account",)
    assert parents["Account",].index == 2
    rows = people.raw(soql)
    assert [row[parents[()].index] for row in rows] == [people.cy, people.di, people.ed]
    assert [row[parents["Account", "Parent"].index] for row in rows] == [people.middle, None, None]
    assert min(parents[()].index, parents["Account", "Parent"].index) >= len(compiled.columns)


def test_the_id_of_a_parent_needs_no_join(people):
    """Account.Id is the reference itself."""
    assert "JOIN" not in people.compile("SELECT Account.Id FROM Contact").sql


def test_a_plain_query_is_plain_column_reads(people):
    """An export costs what SQLite costs: columns, one filter, nothing else."""
    compiled = people.compile("SELECT Id, Name, CreatedDate FROM Account")
    assert compiled.flat_sql == (
        'SELECT t."Id", t."Name", t."CreatedDate" FROM "Account" AS t WHERE t."IsDeleted" = 0'
    )
    assert compiled.sql == compiled.flat_sql
    assert compiled.parameters == ()


def test_polymorphic_owner_who_and_what(people):
    """The fields of Name, from whichever object the Id belongs to."""
    d = people
    rows = [
        (d.ann, d.cy, d.leaf),
        (d.queue, None, d.deal),
        (d.bob, None, d.case),
        (d.bob, d.di, None),
    ]
    for number, (owner, who, what) in enumerate(rows):
        d.insert("Task", Subject=str(number), OwnerId=owner, WhoId=who, WhatId=what)
    soql = (
        "SELECT Subject, Owner.Name, Owner.Type, Owner.Email, Owner.Profile.Name, Who.LastName, "
        "What.Name, What.Type, What.Phone, What.Id FROM Task ORDER BY Subject"
    )
    assert d.query(soql) == [
        ("0", "Ann A", "User", "a@x", "Admin", "Cy", "Leaf", "Account", "123", d.leaf),
        ("1", "Queue", "Group", None, None, None, "Deal", "Opportunity", None, d.deal),
        ("2", "Bob B", "User", "b@x", None, None, "00001", "Case", None, d.case),
        ("3", "Bob B", "User", "b@x", None, "Di", None, None, None, None),
    ]
    assert d.values("SELECT Subject FROM Task WHERE What.Type = 'Case'") == ["2"]
    assert d.values("SELECT Subject FROM Task WHERE Owner.Name LIKE 'ann%'") == ["0"]
    parents = d.compile(soql).parents
    assert set(parents["Owner",].objects) == {"User", "Group"}


def test_type_of(people):
    """By the object of the Id: its own fields, else those of Name."""
    d = people
    for what in (d.leaf, d.deal, d.case, None):
        d.insert("Event", WhatId=what)
    soql = (
        "SELECT Id, TYPEOF What WHEN account THEN Phone, name WHEN Opportunity THEN Amount "
        "ELSE Name END FROM Event ORDER BY Id"
    )
    (type_of,) = d.compile(soql).type_of
    assert (type_of.label, type_of.position) == ("What", 1)
    shown = []
    for row in d.raw(soql):
        prefix = (row[type_of.index] or "")[:3]
        target = d.schema.by_prefix(prefix)
        columns = type_of.branches.get(target.name, type_of.otherwise) if target else ()
        shown.append({column.label: row[index] for index, column in columns})
    assert shown == [{"Phone": "123", "Name": "Leaf"}, {"Amount": 5.0}, {"Name": "00001"}, {}]


def test_children(people):
    """A plan for each parent-to-child subquery, run with the parent's Id."""
    soql = "SELECT Name, (SELECT LastName, Account.Name FROM Contacts WHERE Email != null LIMIT 1)"
    soql += ", (SELECT Id FROM ChildAccounts) FROM Account ORDER BY Name DESC"
    compiled = people.compile(soql)
    assert [(c.label, c.position) for c in compiled.children] == [
        ("Contacts", 1),
        ("ChildAccounts", 1),
    ]
    read = people.store.read()
    seen = {}
    for row in people.raw(soql):
        parent = row[compiled.parents[()].index]
        seen[row[0]] = [
            [
                values[: len(child.query.columns)]
                for values in read.execute(child.query.sql, child.parameters_for(parent))
            ]
            for child in compiled.children
        ]
    assert seen == {
        "Root": [[], [(people.middle,)]],
        "Middle": [[], [(people.leaf,)]],
        "Leaf": [[("Cy", "Leaf")], []],
    }


def test_deleted_and_archived_rows_show_with_query_all_only(database):
    """`query` hides them, and those of subqueries too."""
    database.insert("Account", Name="gone", IsDeleted=1)
    database.insert("Task", Subject="old", IsArchived=1)
    assert database.query("SELECT Name FROM Account") == []
    assert database.query("SELECT Name FROM Account WHERE IsDeleted = true") == []
    assert database.values("SELECT Name FROM Account", include_deleted=True) == ["gone"]
    assert database.values("SELECT Subject FROM Task") == []
    assert database.values("SELECT Subject FROM Task", include_deleted=True) == ["old"]


ORDERED = ["b", None, "A", "a2", "B", None, "C"]


@pytest.mark.parametrize("direction", ["", "ASC", "DESC"])
@pytest.mark.parametrize("nulls", ["", "NULLS FIRST", "NULLS LAST"])
def test_order_by_places_nulls(database, direction, nulls):
    """First unless told otherwise, under DESC too; text by letters, not by case."""
    database.insert_all("Bag__c", [{"Size__c": value} for value in ORDERED])
    soql = f"SELECT Size__c FROM Bag__c ORDER BY Size__c {direction} {nulls}, Id"
    texts = sorted(
        (value for value in ORDERED if value), key=str.lower, reverse=direction == "DESC"
    )
    got = database.values(soql)
    missing = [None, None]
    lowered = [value and value.lower() for value in got]
    expected = [text.lower() for text in texts]
    assert lowered == (expected + missing if nulls == "NULLS LAST" else missing + expected)


def test_text_of_any_origin_sorts_and_groups_by_letters(database):
    """A polymorphic parent's name, a label, a case-sensitive code: never by letter case."""
    for name in ("b", "A", "C", "a"):
        owner = database.insert("Group", Name=name)
        database.insert("Case", OwnerId=owner)
        database.insert("Bag__c", Ext__c=name)
    owners = database.values("SELECT Owner.Name FROM Case ORDER BY Owner.Name, Id")
    assert owners == ["A", "a", "b", "C"]
    codes = database.values("SELECT Ext__c FROM Bag__c ORDER BY Ext__c DESC, Id")
    assert codes == ["C", "b", "A", "a"]
    assert len(database.query("SELECT Owner.Name FROM Case GROUP BY Owner.Name")) == 3


def test_order_by_several_paths_then_limit_and_offset(people):
    """Parents sort too; LIMIT and OFFSET cut the sorted rows."""
    soql = "SELECT LastName FROM Contact ORDER BY Account.Name NULLS LAST, LastName DESC"
    assert people.values(soql) == ["Cy", "Di", "Ed"]
    assert people.values(soql + " LIMIT 1 OFFSET 1") == ["Di"]
    assert people.values(soql + " OFFSET 2") == ["Ed"]
    assert people.values(soql + " LIMIT 0") == []


def test_ordering_by_id_uses_its_index(database):
    """PK-chunked exports and pages do not sort a million rows."""
    plan = database.compile("SELECT Id FROM Account ORDER BY Id")
    steps = database.store.read().execute(f"EXPLAIN QUERY PLAN {plan.sql}").fetchall()
    assert "TEMP B-TREE" not in str(steps)


def test_id_range(database):
    """From the low Id on, before the high one; either may be open; parameters stay in place."""
    ids = [database.insert("Account", Name=f"n{number}") for number in range(9)]
    soql = "SELECT toLabel(Rating), Id FROM Account WHERE Name LIKE 'n%'"

    def within(low, high):
        return sorted(row[1] for row in database.query(soql, id_range=(low, high)))

    assert within(ids[2], ids[5]) == ids[2:5]
    assert within(ids[2][:15], ids[5][:15]) == ids[2:5]
    assert within(None, ids[3]) == ids[:3]
    assert within(ids[7], None) == ids[7:]
    assert within(None, None) == ids


def test_using_scope_mine(people):
    """The records that the user owns; `everything` is everything."""
    soql = "SELECT Name FROM Account USING SCOPE {} ORDER BY Name"
    assert people.values(soql.format("mine"), user_id=people.ann) == ["Root"]
    assert people.values(soql.format("Everything"), user_id=people.ann) == [
        "Leaf",
        "Middle",
        "Root",
    ]


def test_to_label_gives_labels_and_filters_by_them(database):
    """Values without a label of their own stay."""
    database.schema.define(
        "Tea__c",
        {"Kind__c": {"type": "picklist", "picklistValues": [
            {"value": "g", "label": "Green"}, {"value": "b", "label": "Black"}, {"value": "Mint"},
        ]}},
    )  # fmt: skip
    database.insert_all("Tea__c", [{"Kind__c": kind} for kind in ("g", "b", "Mint", "old", None)])
    soql = "SELECT toLabel(Kind__c), Kind__c k FROM Tea__c ORDER BY Id"
    with pytest.raises(Exception, match="only aggregate expressions"):
        database.query(soql)
    soql = "SELECT toLabel(Kind__c) shown, Kind__c FROM Tea__c {} ORDER BY Id"
    rows = [("Green", "g"), ("Black", "b"), ("Mint", "Mint"), ("old", "old"), (None, None)]
    assert database.query(soql.format("")) == rows
    assert labels(database, soql.format("")) == ["shown", "Kind__c"]
    assert database.query(soql.format("WHERE toLabel(Kind__c) = 'GREEN'")) == rows[:1]
    assert database.query(soql.format("WHERE toLabel(Kind__c) IN ('Black', 'Mint')")) == rows[1:3]
    assert database.values("SELECT Kind__c FROM Tea__c ORDER BY toLabel(Kind__c)") == [
        None,
        "b",
        "g",
        "Mint",
        "old",
    ]


def test_compound_address_and_location(database):
    """JSON of the parts, null where all are; also of a parent."""
    database.schema.define("Site__c", {"Account__c": "lookup(Account)", "Place__c": "location"})
    account = database.insert("Account", BillingCity="Rom", BillingLatitude=1.5)
    database.insert("Account")
    database.insert("Site__c", Account__c=account, Place__Latitude__s=2.0, Place__Longitude__s=3.0)
    addresses = database.values("SELECT BillingAddress FROM Account ORDER BY Id")
    assert addresses[1] is None
    address = json.loads(addresses[0])
    assert (address["city"], address["latitude"], address["street"]) == ("Rom", 1.5, None)
    assert {"country", "geocodeAccuracy", "longitude", "postalCode", "state"} < set(address)
    place, above = database.query("SELECT Place__c, Account__r.BillingAddress FROM Site__c")[0]
    assert json.loads(place) == {"latitude": 2.0, "longitude": 3.0}
    assert json.loads(above)["city"] == "Rom"
    assert database.compile("SELECT BillingAddress FROM Account").columns[0].kind == "compound"


def test_base64_columns_say_only_whether_there_is_a_body(database):
    """REST shows an address in its place, so the body is not read."""
    database.insert("Attachment", Name="a", Body=b"x")
    database.insert("Attachment", Name="b")
    soql = "SELECT Body FROM Attachment ORDER BY Id"
    assert database.values(soql) == [1, 0]
    assert database.compile(soql).columns[0].kind == "base64"


def test_fields_functions(database):
    """ALL, STANDARD and CUSTOM, in describe's order."""
    fields = database.schema.get("Bag__c").fields.values()
    every = [field.name for field in fields]
    custom = [field.name for field in fields if field.custom]
    standard = [field.name for field in fields if not field.custom]
    assert custom
    assert labels(database, "SELECT FIELDS(ALL) FROM Bag__c LIMIT 200") == every
    assert labels(database, "SELECT FIELDS(CUSTOM), Id FROM Bag__c LIMIT 1") == [*custom, "Id"]
    assert labels(database, "SELECT fields(standard) FROM Bag__c") == standard
    few = "SELECT FIELDS(ALL) FROM Bag__c WHERE Id IN ('001000000000001') AND Name = 'x'"
    assert labels(database, few) == every


def test_keywords_are_no_reserved_words(database):
    """Fields and objects may be called Order, Group, Limit, Type."""
    database.schema.define("Odd__c", {"Order": "text", "Limit": "int", "Where": "text"})
    database.insert("Odd__c", Order="o", Limit=5, Where="w")
    soql = "SELECT Order, Limit, Where FROM Odd__c WHERE Limit = 5 AND Where = 'w' ORDER BY Limit"
    assert database.query(soql) == [("o", 5, "w")]
    assert database.query("SELECT Id FROM Order ORDER BY Id") == []


def test_plans_name_the_tables_they_read(people):
    """Joins, polymorphic parents, semi-joins, children: the store makes tables on demand."""
    soql = (
        "SELECT Owner.Name, (SELECT Who.Name FROM Tasks) FROM Account "
        "WHERE Id IN (SELECT AccountId FROM Opportunity)"
    )
    names = {sobject.name for sobject in people.compile(soql).tables}
    assert names == {"Account", "User", "Task", "Opportunity", "Contact", "Lead"}


def test_the_sql_of_a_query_depends_on_its_text_alone(people):
    """Compiled twice it is the same, so SQLite's cache of statements works."""
    soql = "SELECT Owner.Name, Parent.Name, What.Name FROM Task".replace("Parent.Name, ", "")
    assert people.compile(soql).sql == people.compile(soql).sql


def test_hundred_random_projections_agree_with_python(people):
    """Any choice of columns gives those columns."""
    chance = random.Random(3)
    columns = {
        "Id": lambda r: r["Id"],
        "Name": lambda r: r["Name"],
        "ParentId": lambda r: r.get("ParentId"),
        "Parent.Name": lambda r: rows.get(r.get("ParentId"), {}).get("Name"),
        "Parent.Id": lambda r: r.get("ParentId"),
        "Phone": lambda r: r.get("Phone"),
    }
    rows = {
        people.root: {"Id": people.root, "Name": "Root"},
        people.middle: {"Id": people.middle, "Name": "Middle", "ParentId": people.root},
        people.leaf: {
            "Id": people.leaf,
            "Name": "Leaf",
            "ParentId": people.middle,
            "Phone": "123",
        },
    }
    for _ in range(100):
        chosen = chance.sample(list(columns), chance.randint(1, len(columns)))
        soql = f"SELECT {', '.join(chosen)} FROM Account ORDER BY Id"
        expected = [tuple(columns[name](row) for name in chosen) for row in rows.values()]
        assert people.query(soql) == expected


def test_parsing_and_compiling_is_little_work(database):
    """A normal query takes a tenth of the calls that Python makes in a millisecond."""
    soql = (
        "SELECT Id, Name, Account.Name, CreatedDate, Email FROM Contact "
        "WHERE CreatedDate = LAST_N_DAYS:30 AND Email LIKE '%@x' ORDER BY Name LIMIT 100"
    )
    now = datetime(2024, 5, 15, tzinfo=timezone.utc)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        compile_query(parse(soql), database.schema, now)
    finally:
        sys.setprofile(None)
    assert 100 < calls < 1_500


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("Amount__c", 1234567.5, "$1,234,567.50"),
        ("Amount__c", -0.125, "-$0.13"),
        ("Amount__c", 0.999, "$1.00"),
        ("Share__c", 12.5, "12.50%"),
        ("Pieces__c", 12345, "12,345"),
        ("Day__c", "2024-05-09", "5/9/2024"),
        ("CreatedDate", "2024-05-15T00:05:00.000Z", "5/15/2024, 12:05 AM"),
        ("CreatedDate", "2024-12-01T13:30:59.000Z", "12/1/2024, 1:30 PM"),
        ("Open__c", "12:00:00.000Z", "12:00 PM"),
        ("Name", "plain", "plain"),
    ],
)
def test_format(database, column, value, shown):
    """As en_US writes it; null stays null; of aggregates too."""
    fields = {"Amount__c": "currency", "Share__c": "percent", "Pieces__c": "int"}
    database.schema.define("Ware__c", fields | {"Day__c": "date", "Open__c": "time"})
    database.insert("Ware__c", **{column: value})
    database.insert("Ware__c")
    soql = f"SELECT FORMAT({column}), {column} raw FROM Ware__c".replace(f", {column} raw", "")
    assert database.values(soql + " ORDER BY Id") == [shown, None]
    assert database.compile(soql).columns[0].kind == "format"
    assert database.values(f"SELECT FORMAT(MAX({column})) m FROM Ware__c") == [shown]


def test_format_is_for_select_alone(refusal):
    """Neither WHERE nor ORDER BY takes it."""
    for clause in ("WHERE FORMAT(AnnualRevenue) = 'x'", "ORDER BY FORMAT(AnnualRevenue)"):
        error = refusal(f"SELECT Id FROM Account {clause}")
        assert "unexpected token: FORMAT" in error.message


def test_limits_of_relationships(refusal, database):
    """20 subqueries, 5 levels, 55 parents: that many and not one more."""
    child = "(SELECT Id FROM Contacts)"
    database.compile(f"SELECT {', '.join([child] * 20)} FROM Account")
    assert "20" in refusal(f"SELECT {', '.join([child] * 21)} FROM Account").message
    parents = {f"P{n}__c": "lookup(Account)" for n in range(56)}
    database.schema.define("Many__c", parents)
    names = [f"P{n}__r.Name" for n in range(56)]
    database.raw(f"SELECT {', '.join(names[:55])} FROM Many__c")
    assert "55" in refusal(f"SELECT {', '.join(names)} FROM Many__c").message


def test_the_alias_of_a_parent_of_an_alias(people):
    """FROM Contact c, c.Account a, a.Parent p."""
    soql = "SELECT p.Name FROM Contact c, c.Account a, a.Parent p WHERE a.Name = 'Leaf'"
    assert people.query(soql) == [("Middle",)]
    assert labels(people, soql) == ["Account.Parent.Name"]


def test_children_may_be_named_through_the_alias(people):
    """(SELECT Id FROM a.Contacts) FROM Account a."""
    soql = "SELECT (SELECT Id FROM a.Contacts), (SELECT Id FROM Account.Cases) FROM Account a"
    assert [child.label for child in people.compile(soql).children] == ["Contacts", "Cases"]


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT TYPEOF Account WHEN Account THEN Id END FROM Contact", "polymorphic"),
        ("SELECT TYPEOF What WHEN Lead THEN Id END FROM Task", "is no type of 'What'"),
        ("SELECT TYPEOF What WHEN Account THEN Owner.Name END FROM Task", "not emulated"),
        ("SELECT TYPEOF What WHEN Account THEN Id ELSE Owner.Name END FROM Task", "not emulated"),
        ("SELECT TYPEOF Nope WHEN Account THEN Id END FROM Task", "relationship 'Nope'"),
        ("SELECT TYPEOF What END FROM Task", "unexpected token: END"),
        ("SELECT Name, (SELECT Id FROM Contacts), Nope FROM Account", "column 'Nope'"),
        ("SELECT toLabel(CreatedDate) FROM Account", "toLABEL".upper()),
        ("SELECT convertCurrency(Name) FROM Account", "CONVERTCURRENCY"),
        ("SELECT CALENDAR_YEAR(CreatedDate) FROM Account", "must be grouped or aggregated"),
        ("SELECT FORMAT(BillingAddress) FROM Account", "FORMAT cannot be used"),
        ("SELECT Id FROM Account WHERE HOUR_IN_DAY(SlaExpirationDate__c) = 1", "No such column"),
        ("SELECT Id FROM Contact WHERE DAY_ONLY(Birthdate) = TODAY", "DAY_ONLY cannot be used"),
        ("SELECT Id FROM Contact WHERE CALENDAR_YEAR(Name) = 1", "CALENDAR_YEAR cannot be used"),
        ("SELECT Id FROM Contact WHERE CALENDAR_YEAR() = 1", "takes one field"),
        ("SELECT Id FROM Contact c, c.Nope n", "relationship 'Nope'"),
    ],
)  # fmt: skip
def test_what_select_refuses(refusal, soql, words):
    """By name, and never by another exception."""
    assert words in refusal(soql).message


CITIES = {
    "Rome": (41.9028, 12.4964),
    "Paris": (48.8566, 2.3522),
    "Sydney": (-33.8688, 151.2093),
    "Nowhere": (None, None),
}


def kilometres(one, other):
    """The haversine formula, by the textbook."""
    (a, b), (c, d) = ([math.radians(x) for x in point] for point in (one, other))
    h = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * 6371.0088 * math.asin(math.sqrt(h))


def test_distance(database):
    """In SELECT, WHERE and ORDER BY; of locations, of addresses, of a parent's."""
    for name, (latitude, longitude) in CITIES.items():
        parts = {"Place__Latitude__s": latitude, "Place__Longitude__s": longitude}
        database.insert("Bag__c", Name=name, **parts)
    berlin = (52.52, 13.405)
    to_berlin = "DISTANCE(Place__c, GEOLOCATION(52.52, 13.405), '{}')"
    soql = f"SELECT Name, {to_berlin.format('km')} FROM Bag__c ORDER BY {to_berlin.format('mi')} "
    far = {name: kilometres(place, berlin) for name, place in CITIES.items() if place[0]}
    rows = database.query(soql + "NULLS LAST")
    assert rows == [
        *((name, pytest.approx(far[name])) for name in sorted(far, key=lambda name: far[name])),
        ("Nowhere", None),
    ]
    assert labels(database, soql) == ["Name", "expr0"]
    near = f"SELECT Name FROM Bag__c WHERE {to_berlin.format('mi')} < 600"
    assert database.values(near) == [name for name in far if far[name] < 600 * 1.609344]
    account = database.insert("Account", BillingLatitude=41.9028, BillingLongitude=12.4964)
    database.insert("Contact", AccountId=account)
    parent = "DISTANCE(Account.BillingAddress, GEOLOCATION(52.52, 13.405), 'km')"
    assert database.query(f"SELECT {parent} d FROM Contact") == [(pytest.approx(far["Rome"]),)]
