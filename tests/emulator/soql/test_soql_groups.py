"""COUNT(), aggregates, GROUP BY and HAVING against sums made in Python."""

from __future__ import annotations

import itertools
import random
from collections import defaultdict

import pytest

from salesforce_bulk.emulator.soql.errors import SoqlError


@pytest.fixture
def rows(database):
    """Accounts of random industry, type, revenue, nulls among them; the same as dicts."""
    chance = random.Random(11)
    made = [
        {
            "Name": chance.choice(["Ann", "bob", "Bob"]),
            "Industry": chance.choice([None, "Food", "Tech", "Arts"]),
            "Type": chance.choice([None, "a", "b"]),
            "AnnualRevenue": chance.choice([None, 1.0, 2.5, 10.0]),
            "CreatedDate": f"2024-0{chance.randint(1, 3)}-01T00:00:00.000Z",
        }
        for _ in range(60)
    ]
    database.insert_all("Account", made)
    return made


def grouped(rows, *names):
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def revenue(rows):
    return [row["AnnualRevenue"] for row in rows if row["AnnualRevenue"] is not None]


def by_text(rows):
    return sorted(rows, key=str)


def test_count_of_everything(database, rows):
    """COUNT() is one number; LIMIT bounds it."""
    assert database.query("SELECT COUNT() FROM Account") == [(60,)]
    assert database.query("SELECT count() FROM Account LIMIT 7") == [(7,)]
    none = "SELECT COUNT() FROM Account WHERE Industry = 'none'"
    assert database.query(none) == [(0,)]
    compiled = database.compile(none)
    assert compiled.count
    assert compiled.aggregate


def test_aggregates_of_the_whole(database, rows):
    """Nulls do not count; distinct text looks through letter case; the labels are expr0 on."""
    soql = (
        "SELECT COUNT(Id), COUNT(Industry), COUNT_DISTINCT(Name) names, SUM(AnnualRevenue), "
        "AVG(AnnualRevenue), MIN(CreatedDate), MAX(Industry) FROM Account"
    )
    values = revenue(rows)
    assert database.query(soql) == [
        (
            60,
            sum(row["Industry"] is not None for row in rows),
            2,
            sum(values),
            pytest.approx(sum(values) / len(values)),
            min(row["CreatedDate"] for row in rows),
            "Tech",
        )
    ]
    columns = database.compile(soql).columns
    assert [c.label for c in columns] == [
        *("expr0", "expr1", "names", "expr2", "expr3", "expr4", "expr5")
    ]
    assert [c.type for c in columns] == [
        *("int", "int", "int", "currency", "double", "datetime", "picklist")
    ]


def test_sums_of_nothing_are_null(database):
    """COUNT is 0."""
    soql = "SELECT COUNT(Id), SUM(AnnualRevenue), MAX(Name) FROM Account"
    assert database.query(soql) == [(0, None, None)]


def test_group_by(database, rows):
    """Null is a group of its own."""
    soql = (
        "SELECT Industry, Type, COUNT(Id), SUM(AnnualRevenue) s FROM Account "
        "GROUP BY Industry, Type"
    )
    expected = [
        (*key, len(group), sum(revenue(group)) if revenue(group) else None)
        for key, group in grouped(rows, "Industry", "Type").items()
    ]
    assert by_text(database.query(soql)) == by_text(expected)


def test_group_by_text_looks_through_letter_case(database, rows):
    """Bob and bob are one group."""
    counts = database.query("SELECT Name, COUNT(Id) FROM Account GROUP BY Name ORDER BY Name")
    expected = defaultdict(int)
    for row in rows:
        expected[row["Name"].lower()] += 1
    assert {name.lower(): count for name, count in counts} == dict(expected)
    assert len(counts) == 2


def test_having_and_order(database, rows):
    """HAVING sees aggregates and groups; ORDER BY too; LIMIT comes last."""
    soql = (
        "SELECT Industry FROM Account GROUP BY Industry HAVING COUNT(Id) > 10 AND Industry != null "
        "ORDER BY COUNT(Id) DESC, Industry LIMIT 2"
    )
    counts = {key[0]: len(group) for key, group in grouped(rows, "Industry").items()}
    expected = sorted(
        (name for name, count in counts.items() if name and count > 10),
        key=lambda name: (-counts[name], name),
    )
    assert database.values(soql) == expected[:2]


def test_group_by_a_date_function(database, rows):
    """The month is a group; its label is exprN, or the alias."""
    soql = (
        "SELECT CALENDAR_MONTH(CreatedDate) m, COUNT(Id) FROM Account "
        "GROUP BY CALENDAR_MONTH(CreatedDate) ORDER BY CALENDAR_MONTH(CreatedDate)"
    )
    counts = defaultdict(int)
    for row in rows:
        counts[int(row["CreatedDate"][5:7])] += 1
    assert database.query(soql) == sorted(counts.items())
    assert [c.label for c in database.compile(soql).columns] == ["m", "expr0"]


def test_group_by_a_parent(database):
    """The label is the last name of the path."""
    account = database.insert("Account", Name="A")
    database.insert_all("Contact", [{"AccountId": account}, {"AccountId": account}, {}])
    soql = "SELECT Account.Name, COUNT(Id) n FROM Contact GROUP BY Account.Name"
    assert by_text(database.query(soql)) == by_text([("A", 2), (None, 1)])
    assert [c.label for c in database.compile(soql).columns] == ["Name", "n"]


@pytest.mark.parametrize("kind", ["ROLLUP", "CUBE"])
def test_rollup_and_cube(database, rows, kind):
    """Every grouping set of two fields; GROUPING() tells a subtotal from a null."""
    names = ("Industry", "Type")
    kept_sets = [names, names[:1], ()]
    if kind == "CUBE":
        kept_sets.append(names[1:])
    expected = []
    for kept in kept_sets:
        for key, group in grouped(rows, *kept).items():
            at = dict(zip(kept, key, strict=True))
            flags = [0 if name in kept else 1 for name in names]
            expected.append((at.get("Industry"), at.get("Type"), *flags, len(group)))
    soql = (
        "SELECT Industry, Type, GROUPING(Industry) gi, GROUPING(Type) gt, COUNT(Id) c "
        f"FROM Account GROUP BY {kind}(Industry, Type)"
    )
    assert by_text(database.query(soql)) == by_text(expected)


def test_rollup_keeps_parameters_with_their_statement(database, rows):
    """WHERE and HAVING repeat in each grouping set."""
    soql = (
        "SELECT Industry, Type, COUNT(Id) FROM Account WHERE Industry IN ('Food', 'Tech') "
        "GROUP BY ROLLUP(Industry, Type) HAVING COUNT(Id) > 3 ORDER BY Industry, Type NULLS LAST"
    )
    chosen = [row for row in rows if row["Industry"] in ("Food", "Tech")]
    expected = [
        (*key, *[None] * (2 - len(key)), len(group))
        for length in range(3)
        for key, group in grouped(chosen, *("Industry", "Type")[:length]).items()
        if len(group) > 3
    ]
    assert by_text(database.query(soql)) == by_text(expected)


def test_rollup_of_no_rows_has_no_rows(database):
    """Not even the grand total."""
    assert database.query("SELECT Type, COUNT(Id) FROM Account GROUP BY ROLLUP(Type)") == []


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT COUNT() FROM Account ORDER BY Name", "ORDER BY"),
        ("SELECT COUNT(), Name FROM Account", "COUNT"),
        ("SELECT COUNT(Id) a, MAX(Name) A FROM Account", "duplicate alias: A"),
        ("SELECT Name, Id FROM Account GROUP BY Name", "must be grouped or aggregated: Id"),
        ("SELECT Name FROM Account GROUP BY Name ORDER BY Type", "grouped or aggregated: Type"),
        ("SELECT Name FROM Account GROUP BY Name HAVING Type = 'x'", "or aggregated: Type"),
        ("SELECT Name FROM Account GROUP BY COUNT(Name)", "should not be aggregated"),
        ("SELECT Name FROM Account HAVING COUNT(Id) > 1", "HAVING"),
        ("SELECT MAX(COUNT(Id)) FROM Account", "unexpected token: MAX"),
        ("SELECT COUNT(Description) FROM Account", "aggregate operator COUNT"),
        ("SELECT AVG(CreatedDate) FROM Account", "aggregate operator AVG"),
        ("SELECT Id FROM Account GROUP BY ROLLUP(Id, Name, Type, Site)", "at most 3"),
        ("SELECT (SELECT COUNT(Id) FROM Contacts) FROM Account", "not supported"),
    ],
)
def test_what_groups_refuse(refusal, soql, words):
    """Each as MALFORMED_QUERY."""
    error = refusal(soql)
    assert error.code == "MALFORMED_QUERY"
    assert words in error.message


def test_every_aggregate_of_every_kind_runs_or_is_refused(database):
    """All pairs of function and field: SQL that runs, or an error of the query's."""
    functions = ["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"]
    ran = 0
    for function, field in itertools.product(
        functions, database.schema.get("Bag__c").fields.values()
    ):
        try:
            database.query(f"SELECT {function}({field.name}) FROM Bag__c")
            ran += 1
        except SoqlError as error:
            assert "aggregate operator" in error.message  # noqa: PT017
    assert ran > 40
