"""Whatever is asked, the answer is a plan that SQLite runs or a SoqlError."""

from __future__ import annotations

import random
import re
import sqlite3
import sys
from datetime import datetime, timezone

import pytest
from soql_corpus import VALID

from salesforce_bulk.emulator.soql.compile import compile_query
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import NESTING, parse
from salesforce_bulk.emulator.soql.restrict import check_bulk1, check_bulk2

NOW = datetime(2024, 5, 15, tzinfo=timezone.utc)
TOKENS = re.compile(r"\s+|\w+|'(?:[^'\\]|\\.)*'|[<>!]=|.", re.S)
EXTRA = [
    *"()',.:=<>*;\\\"%_-+0 \n\t",
    *("AND", "OR", "NOT", "NULL", "IN", "LIKE", "SELECT", "FROM", "WHERE", "LIMIT", "ORDER", "BY"),
    *("GROUP", "HAVING", "OFFSET", "FIELDS(ALL)", "COUNT()", "TYPEOF", "END", "TODAY", "''", "é"),
    *("LAST_N_DAYS:99999999999", "99999999999999999999", "1e999", "2024-02-30", "\x00", "\ud800"),
    *("Account.", "Owner", "USING SCOPE mine", "ALL ROWS", "WITH DATA CATEGORY x", "toLabel("),
]


def mutate_tokens(chance: random.Random, soql: str) -> str:
    """Swap, drop, double or insert a few tokens, some of them from other queries."""
    tokens = TOKENS.findall(soql)
    others = TOKENS.findall(chance.choice(VALID))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(tokens) + 1)
        action = chance.randrange(5)
        if action == 0:
            del tokens[at : at + chance.randint(1, 3)]
        elif action == 1:
            tokens.insert(at, chance.choice(EXTRA))
        elif action == 2:
            tokens[at:at] = others[: chance.randint(1, len(others))]
        elif action == 3:
            tokens[at:at] = tokens[at : at + 6]
        elif tokens:
            other = chance.randrange(len(tokens))
            at = min(at, len(tokens) - 1)
            tokens[at], tokens[other] = tokens[other], tokens[at]
        tokens = tokens or [" "]
    return "".join(tokens)


def mutate_characters(chance: random.Random, soql: str) -> str:
    """Replace, drop or insert a few characters."""
    text = list(soql)
    for _ in range(chance.randint(1, 5)):
        at = chance.randrange(len(text))
        new = chance.choice(EXTRA) if chance.random() < 0.5 else chr(chance.randrange(32, 0x250))
        text[at : at + chance.randint(0, 2)] = [new] if chance.random() < 0.7 else []
        text = text or [" "]
    return "".join(text)


class Tried:
    """Compiles and runs queries, and counts what became of them."""

    def __init__(self, database) -> None:
        self.database = database
        self.read = database.store.read()
        self.compiled = 0
        self.refused = 0

    def __call__(self, soql: str) -> None:
        try:
            query = parse(soql)
            plan = compile_query(query, self.database.schema, NOW, user_id="005000000000001AAA")
        except SoqlError:
            self.refused += 1
            return
        self.compiled += 1
        for sobject in plan.tables:
            self.database.store.ensure(sobject)
        self.run(plan, plan.parameters)
        for children in plan.children:
            self.run(children.query, children.parameters_for("001000000000001AAA"))
        for check in (check_bulk2, lambda q, s: check_bulk1(q, s, "CSV")):
            try:
                bulk = check(query, self.database.schema)
            except SoqlError:
                continue
            compile_query(bulk, self.database.schema, NOW)

    def run(self, plan, parameters) -> None:
        try:
            self.read.execute(plan.sql, parameters).fetchall()
        except sqlite3.Error as error:  # pragma: no cover - the failure this test is for
            raise AssertionError(f"{error}: {plan.sql}") from error


KIN = [
    [
        "Id",
        "Name",
        "Account.Name",
        "OwnerId",
        "Owner.Name",
        "CreatedDate",
        "IsDeleted",
        "Email",
        "Birthdate",
        "AccountId",
        "What.Name",
        "Who.Id",
        "Tags__c",
        "Open__c",
        "Place__c",
        "Type",
        "AnnualRevenue",
        "NumberOfEmployees",
        "Description",
        "BillingAddress",
        "Long__c",
        "Body",
        "Parent.Parent.Parent.Parent.Parent.Name",
        "Shelf__r.Owner.Email",
        "Subject",
        "Industry",
        "Size__c",
    ],
    ["=", "!=", "<>", "<", "<=", ">", ">=", "LIKE", "IN", "NOT IN", "INCLUDES", "EXCLUDES"],
    [
        "'x'",
        "''",
        "'É%_\\\\'",
        "5",
        "-1.5",
        "TRUE",
        "NULL",
        "2024-01-31",
        "TODAY",
        "12:00:00Z",
        "2024-01-31T00:00:00Z",
        "LAST_N_WEEKS:9999",
        "USD5",
        "('a','É',null)",
        "(TODAY, NULL)",
        "'001000000000001'",
        "(1, 2, 1e999)",
        "(SELECT AccountId FROM Contact)",
        "(true)",
        "(SELECT Id FROM Account WHERE Name > 'é')",
        "('a;b', 'ü')",
        "NEXT_N_FISCAL_YEARS:3",
    ],
    ["Account", "Contact", "Task", "Bag__c", "Shelf__c", "Lead", "User", "Order", "Nothing__c"],
    [
        "COUNT",
        "SUM",
        "MAX",
        "COUNT_DISTINCT",
        "DAY_ONLY",
        "CALENDAR_YEAR",
        "toLabel",
        "FORMAT",
        "GROUPING",
        "convertCurrency",
        "WEEK_IN_YEAR",
        "DISTANCE",
    ],
    ["AND", "OR", "AND NOT", "OR NOT"],
    ["GROUP BY", "GROUP BY ROLLUP(Type),", "ORDER BY", "LIMIT 3 OFFSET", "HAVING"],
]
PIECES = re.compile(r"'(?:[^'\\]|\\.)*'|[\w.]+:\d+|[\w.]+|[<>!]=|\s+|.", re.S)


def mutate_kindred(chance: random.Random, soql: str) -> str:
    """Put fields in the place of fields, operators of operators, literals of literals."""
    pieces = PIECES.findall(soql)
    places = [at for at, piece in enumerate(pieces) if piece.strip()]
    for at in chance.sample(places, min(len(places), chance.randint(1, 3))):
        kin = [group for group in KIN if pieces[at].upper() in map(str.upper, group)]
        pieces[at] = chance.choice(kin[0] if kin else chance.choice(KIN))
    return "".join(pieces)


def generate(chance: random.Random, soql: str) -> str:
    """A query of random parts, whose words stand where they belong."""
    fields, operators, literals, objects, functions, joints, _ = KIN

    def operand() -> str:
        field = chance.choice(fields)
        return field if chance.random() < 0.8 else f"{chance.choice(functions)}({field})"

    def condition(depth: int) -> str:
        if depth == 0 or chance.random() < 0.5:
            return f"{operand()} {chance.choice(operators)} {chance.choice(literals)}"
        joint = f" {chance.choice(joints)} "
        return "(" + joint.join(condition(depth - 1) for _ in range(chance.randint(1, 3))) + ")"

    selected = ", ".join(operand() for _ in range(chance.randint(1, 2)))
    soql = f"SELECT {selected} FROM {chance.choice(objects)}"
    if chance.random() < 0.6:
        soql += f" WHERE {condition(3)}"
    if chance.random() < 0.2:
        soql += f" GROUP BY {operand()}"
    if chance.random() < 0.3:
        soql += f" ORDER BY {operand()} {chance.choice(['', 'ASC', 'DESC NULLS LAST'])}"
    return soql


@pytest.mark.parametrize("mutate", [mutate_tokens, mutate_characters, mutate_kindred, generate])
def test_mutated_queries_are_refused_or_run(database, mutate):
    """2,500 mutants of every kind: no exception but SoqlError, and no error of SQLite's."""
    chance = random.Random(20240515)
    tried = Tried(database)
    for _ in range(2500):
        tried(mutate(chance, chance.choice(VALID)))
    assert tried.compiled > 50
    assert tried.refused > 200


def brackets(n: int) -> str:
    return "(" * n + "Name = 'a'" + ")" * n


def nots(n: int) -> str:
    return "NOT " * n + "Name = 'a'"


def leaning_left(n: int) -> str:
    condition = "Name = 'a'"
    for level in range(n):
        condition = f"({condition} {'AND' if level % 2 else 'OR'} Type = 'b')"
    return condition


def leaning_right(n: int) -> str:
    condition = "Name = 'a'"
    for level in range(n):
        condition = f"(Type = 'b' {'AND' if level % 2 else 'OR'} {condition})"
    return condition


def denied(n: int) -> str:
    condition = "Name = 'a'"
    for _ in range(n // 2):
        condition = f"NOT (Type = 'b' AND {condition})"
    return condition if n % 2 == 0 else f"({condition})"


NESTED = [brackets, nots, leaning_left, leaning_right, denied]


@pytest.mark.parametrize("levels", [1, 3, 6, 7, 9, 12])
def test_full_trees_are_run_or_refused(database, levels):
    """Twice as many brackets at each level."""
    condition = "Name = 'a'"
    for level in range(levels):
        condition = f"({condition} {'AND' if level % 2 else 'OR'} {condition})"
    tried = Tried(database)
    tried(f"SELECT Id FROM Account WHERE {condition}")
    assert tried.compiled == (levels < 8)


@pytest.mark.parametrize("nest", NESTED)
@pytest.mark.parametrize("depth", [1, 10, 20, NESTING, NESTING + 1, 3_000])
def test_any_nesting_is_run_or_refused(database, nest, depth):
    """Neither Python's stack nor SQLite's parser overflows."""
    tried = Tried(database)
    tried(f"SELECT Id FROM Account WHERE {nest(depth)}")
    assert tried.compiled == (depth <= NESTING)


LONG = [
    "SELECT Id FROM Account WHERE " + " OR ".join(["Type = 'b'"] * 6000),
    "SELECT Id FROM Account WHERE " + " OR ".join(["Type != 'é'"] * 6000),
    "SELECT Id FROM Account WHERE Name IN (" + ", ".join(["'a'"] * 8_000) + ")",
    "SELECT Id FROM Account WHERE Name IN (" + ", ".join(["'é'"] * 8_000) + ")",
    "SELECT Id FROM Account WHERE NumberOfEmployees IN (" + ",".join("1" * 20_000) + ")",
    "SELECT Id FROM Account WHERE CreatedDate IN (" + ", ".join(["TODAY"] * 6_000) + ")",
    "SELECT Id FROM Bag__c WHERE Tags__c INCLUDES ('" + "a;" * 1999 + "')",
    "SELECT Id FROM Bag__c WHERE Tags__c INCLUDES (" + ", ".join(["'a;b;c;d'"] * 8000) + ")",
    "SELECT Id FROM Account WHERE Name LIKE '" + "%ñ" * 2000 + "'",
    "SELECT " + ", ".join(f"toLabel(Size__c) a{n}" for n in range(4000)) + " FROM Bag__c",
    "SELECT " + ", ".join(["COUNT(Id)"] * 4000) + " FROM Account",
    "SELECT " + "Parent." * 12_000 + "Id FROM Account",
    "SELECT " + "MAX(" * 20_000 + "Id",
    "SELECT Id FROM Account ORDER BY " + ", ".join(["Id"] * 8_000),
    "SELECT Id FROM Account GROUP BY " + ", ".join(["Id"] * 8_000),
    "SELECT Id FROM Task WHERE " + " OR ".join(["What.Name = 'a'"] * 4500),
    "SELECT Id FROM Contact c" + "".join(f", c.Account a{n}" for n in range(5000)),
    "SELECT Id, " + ", ".join(["(SELECT Id FROM Contacts)"] * 1500) + " FROM Account",
    "SELECT Id FROM Account WHERE Name = '" + "\\'" * 40_000,
    "SELECT Id FROM Account WHERE NumberOfEmployees = " + "9" * 90_000,
    "SELECT Id FROM " + "a." * 40_000 + "b",
]


@pytest.mark.parametrize("soql", LONG, ids=range(len(LONG)))
def test_the_longest_statements_end_soon(database, soql):
    """Work grows with the text and not with its square: the functions called are counted."""
    tried = Tried(database)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        tried(soql)
    finally:
        sys.setprofile(None)
    assert calls < 50 * len(soql) + 30_000
