"""WHERE on real rows, with what must come back computed in plain Python."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest

from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.soql.conditions import NULLS_ARE_UNEQUAL

NAMES = [
    "Acme",
    "acme",
    "ACME Ltd",
    "Zoë",
    "ZOË",
    "a_b",
    "a%b",
    "axb",
    "it's",
    "back\\slash",
    "é*[?",
]
NAMES += ["É*[?", "x", None, "100%", "tab\tbed", "line\nbreak", 'quote"d']


@pytest.fixture
def bags(database):
    """Bags whose Size__c holds the names: any text, null among them."""
    database.insert_all("Bag__c", [{"Name": str(n), "Size__c": v} for n, v in enumerate(NAMES)])
    return database


def soql_text(value: str) -> str:
    pairs = [("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ("\t", "\\t"), ('"', '\\"')]
    for character, escaped in pairs:
        value = value.replace(character, escaped)
    return f"'{value}'"


def found(database, condition: str) -> list[str | None]:
    return database.values(f"SELECT Size__c FROM Bag__c WHERE {condition} ORDER BY Id")


def folded(value: str | None) -> str | None:
    return None if value is None else value.lower()


@pytest.mark.parametrize("value", [name for name in NAMES if name])
def test_text_is_equal_whatever_its_case(bags, value):
    """ASCII or not, = and != and IN and NOT IN look through letter case and split the rows."""
    same = [name for name in NAMES if folded(name) == folded(value)]
    other = [name for name in NAMES if folded(name) != folded(value)]
    assert NULLS_ARE_UNEQUAL
    assert None in other
    assert found(bags, f"Size__c = {soql_text(value)}") == same
    assert found(bags, f"Size__c IN ({soql_text(value)})") == same
    assert found(bags, f"Size__c != {soql_text(value)}") == other
    assert found(bags, f"Size__c <> {soql_text(value)}") == other
    assert found(bags, f"NOT Size__c = {soql_text(value)}") == other
    assert found(bags, f"Size__c NOT IN ({soql_text(value)})") == other


def test_null_is_found_by_equality_and_in_lists(bags):
    """null, and empty text, which is null too."""
    rest = [name for name in NAMES if name]
    for null in ("null", "''"):
        assert found(bags, f"Size__c = {null}") == [None]
        assert found(bags, f"Size__c != {null}") == rest
        assert found(bags, f"Size__c IN ({null}, 'x')") == ["x", None]
        assert found(bags, f"Size__c NOT IN ({null}, 'x')") == [n for n in rest if n != "x"]


LIKES = {
    "ac%": ["Acme", "acme", "ACME Ltd"],
    "%me": ["Acme", "acme"],
    "a_b": ["a_b", "a%b", "axb"],
    "a\\_b": ["a_b"],
    "a\\%b": ["a%b"],
    "100\\%": ["100%"],
    "zoë": ["Zoë", "ZOË"],
    "%oË": ["Zoë", "ZOË"],
    "_oë": ["Zoë", "ZOË"],
    "é*[?": ["é*[?", "É*[?"],
    "É%": ["é*[?", "É*[?"],
    "back\\\\%": ["back\\slash"],
    "back\\\\\\\\%": [],
    "%\\n%": ["line\nbreak"],
    "%\\'%": ["it's"],
    "nothing": [],
}


@pytest.mark.parametrize("pattern", LIKES)
def test_like(bags, pattern):
    """% any run, _ one character, both escapable; NOT LIKE is the rest, null included."""
    hits = LIKES[pattern]
    assert found(bags, f"Size__c LIKE '{pattern}'") == hits
    rest = [name for name in NAMES if name not in hits]
    assert found(bags, f"NOT Size__c LIKE '{pattern}'") == rest


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("value", ["b", "B", "x", "zoë", "ZOË", "é"])
def test_text_is_ordered_whatever_its_case(bags, operator, value):
    """Nulls are on no side."""
    compare = {
        "<": lambda a, b: a < b,
        "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b,
        ">=": lambda a, b: a >= b,
    }[operator]
    expected = [n for n in NAMES if n is not None and compare(n.casefold(), value.casefold())]
    assert found(bags, f"Size__c {operator} '{value}'") == expected


def test_case_sensitive_fields_compare_case(database):
    """caseSensitive external ids tell Ab from AB, in every operator."""
    codes = ["Ab", "AB", "éx", "Éx", None]
    database.insert_all("Bag__c", [{"Ext__c": code} for code in codes])

    def ask(condition):
        return database.values(f"SELECT Ext__c FROM Bag__c WHERE {condition} ORDER BY Id")

    assert ask("Ext__c = 'Ab'") == ["Ab"]
    assert ask("Ext__c = 'Éx'") == ["Éx"]
    assert ask("Ext__c IN ('ab', 'Éx', 'AB')") == ["AB", "Éx"]
    assert ask("Ext__c LIKE 'a%'") == []
    assert ask("Ext__c LIKE 'A%'") == ["Ab", "AB"]
    assert ask("Ext__c LIKE 'é_'") == ["éx"]
    assert ask("Ext__c > 'AB'") == ["Ab", "éx", "Éx"]


def test_a_long_list_is_one_parameter(bags):
    """Thousands of values, in SQLite of any version."""
    values = ", ".join([soql_text(n) for n in NAMES if n] + [f"'{n}'" for n in range(5000)])
    assert found(bags, f"Size__c IN ({values})") == [name for name in NAMES if name]
    compiled = bags.compile(
        "SELECT Id FROM Bag__c WHERE Name IN (" + ", ".join(f"'{n}'" for n in range(5000)) + ")"
    )
    assert len(compiled.parameters) == 1


AMOUNTS = [0.0, 1.5, -2.0, 1e9, None, 7.0]


@pytest.mark.parametrize("operator", ["=", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("literal", ["0", "1.5", "-2", "1E9", "+7.0"])
def test_numbers(database, operator, literal):
    """Whole and broken numbers, signs and exponents."""
    database.insert_all("Bag__c", [{"Amount__c": amount} for amount in AMOUNTS])
    compare = {
        "=": lambda a, b: a == b,
        "!=": lambda a, b: a != b,
        "<": lambda a, b: a is not None and a < b,
        "<=": lambda a, b: a is not None and a <= b,
        ">": lambda a, b: a is not None and a > b,
        ">=": lambda a, b: a is not None and a >= b,
    }[operator]
    rows = database.values(
        f"SELECT Amount__c FROM Bag__c WHERE Amount__c {operator} {literal} ORDER BY Id"
    )
    assert rows == [amount for amount in AMOUNTS if compare(amount, float(literal))]


def test_boolean_null_is_false(database):
    """`b = null` means `b = false` and `b != null` means `b = true`."""
    database.insert_all("Bag__c", [{"Done__c": 1}, {"Done__c": 0}])

    def ask(condition):
        return database.values(f"SELECT Done__c FROM Bag__c WHERE {condition}")

    assert ask("Done__c = null") == ask("Done__c = FALSE") == ask("Done__c != true") == [0]
    assert ask("Done__c != null") == ask("Done__c = true") == ask("NOT Done__c = null") == [1]
    assert sorted(ask("Done__c IN (true, null)")) == [0, 1]


def test_a_missing_parent_is_null(database):
    """It is found by `= null`, and under OR it leaves the other side alone."""
    shelf = database.insert("Shelf__c", Name="Oak", Ext__c="o")
    bare = database.insert("Shelf__c", Name="Pine")
    bags = [
        database.insert("Bag__c", Name=name, Shelf__c=parent)
        for name, parent in (("a", shelf), ("b", bare), ("c", None))
    ]

    def ask(condition):
        return database.values(f"SELECT Id FROM Bag__c WHERE {condition} ORDER BY Id")

    assert ask("Shelf__r.Ext__c = null") == bags[1:]
    assert ask("Shelf__r.Ext__c = 'O'") == bags[:1]
    assert ask("Shelf__r.Ext__c = 'o' OR Name = 'c'") == [bags[0], bags[2]]
    assert ask("Shelf__r.Ext__c != 'o'") == bags[1:]
    assert ask("Shelf__r.IsDeleted = false") == bags
    assert ask("Shelf__r.IsDeleted IN (false)") == bags
    assert ask("Shelf__r.IsDeleted = null") == bags
    assert ask("Shelf__r.IsDeleted != null") == []
    assert ask(f"Shelf__r.Id = '{shelf}'") == bags[:1]


def test_ids_of_15_and_18_characters_are_equal_and_case_matters(database):
    """Two Ids that differ in letter case only are two Ids."""
    lower, upper = (to_18(f"001000{letter * 9}") for letter in "aA")
    database.insert("Account", Id=lower, Name="lower")
    database.insert("Account", Id=upper, Name="upper", ParentId=lower)
    for written in (lower, lower[:15], lower.lower()):
        assert database.values(f"SELECT Name FROM Account WHERE Id = '{written}'") == ["lower"]
        assert database.values(f"SELECT Name FROM Account WHERE ParentId IN ('{written}')") == [
            "upper"
        ]
    assert database.values(f"SELECT Name FROM Account WHERE Id != '{lower[:15]}'") == ["upper"]


TAGS = ["a", "a;b", "b;c", "a;b;c", "A;B", "ab", None, "ä;b"]


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        ("'a'", [{"a"}]),
        ("'a;b'", [{"a", "b"}]),
        ("'a;b', 'c'", [{"a", "b"}, {"c"}]),
        ("'Ä'", [{"ä"}]),
        ("'%'", [{"%"}]),
    ],
)
def test_multipicklists(database, listed, wanted):
    """INCLUDES ('A;B','C') is (A and B) or C; EXCLUDES is every other row."""
    database.insert_all("Bag__c", [{"Tags__c": tags} for tags in TAGS])

    def ask(operator):
        return database.values(
            f"SELECT Tags__c FROM Bag__c WHERE Tags__c {operator} ({listed}) ORDER BY Id"
        )

    included = [
        tags for tags in TAGS if tags and any(one <= set(tags.lower().split(";")) for one in wanted)
    ]
    assert ask("INCLUDES") == included
    assert ask("EXCLUDES") == [tags for tags in TAGS if tags not in included]


def test_multipicklist_equality_is_about_the_whole_set(database):
    """= 'b;a' finds a;b and nothing longer or shorter."""
    database.insert_all("Bag__c", [{"Tags__c": tags} for tags in TAGS])
    ask = "SELECT Tags__c FROM Bag__c WHERE Tags__c {} 'b;a' ORDER BY Id"
    assert database.values(ask.format("=")) == ["a;b", "A;B"]
    assert database.values(ask.format("!=")) == [t for t in TAGS if t not in ("a;b", "A;B")]


DAYS = [date(2024, 5, 15) + timedelta(days=n) for n in range(-40, 41)]


@pytest.mark.parametrize(
    ("literal", "first", "end"),
    [
        ("TODAY", date(2024, 5, 15), date(2024, 5, 16)),
        ("THIS_WEEK", date(2024, 5, 12), date(2024, 5, 19)),
        ("LAST_N_DAYS:3", date(2024, 5, 12), date(2024, 5, 16)),
        ("next_month", date(2024, 6, 1), date(2024, 7, 1)),
    ],
)
def test_date_literals_are_ranges(database, literal, first, end):
    """= within, < before the start, > from the end on, <= before the end, >= from the start."""
    rows = [
        {"Day__c": day.isoformat(), "CreatedDate": f"{day.isoformat()}T{clock}"}
        for day in DAYS
        for clock in ("00:00:00.000Z", "23:59:59.999Z")
    ]
    database.insert_all("Bag__c", [*rows, {}])
    tests = {
        "=": lambda day: first <= day < end,
        "<": lambda day: day < first,
        "<=": lambda day: day < end,
        ">": lambda day: day >= end,
        ">=": lambda day: day >= first,
    }
    for operator, test in tests.items():
        expected = [row["CreatedDate"] for row in rows if test(date.fromisoformat(row["Day__c"]))]
        for name in ("Day__c", "CreatedDate"):
            soql = f"SELECT CreatedDate FROM Bag__c WHERE {name} {operator} {literal} ORDER BY Id"
            assert database.values(soql) == expected
    other = database.values(f"SELECT Day__c FROM Bag__c WHERE Day__c != {literal}")
    assert None in other
    assert len(other) == len(rows) + 1 - 2 * sum(first <= day < end for day in DAYS)


def test_datetimes_compare_as_moments(database):
    """Offsets, fractions and the 24:00 boundary are moments in UTC."""
    moments = ["2024-01-31T22:59:59.999Z", "2024-01-31T23:00:00.000Z", "2024-02-01T00:00:00.000Z"]
    database.insert_all("Account", [{"CreatedDate": moment} for moment in moments])

    def ask(condition):
        return database.values(f"SELECT CreatedDate FROM Account WHERE {condition} ORDER BY Id")

    assert ask("CreatedDate = 2024-02-01T00:00:00+01:00") == moments[1:2]
    assert ask("CreatedDate < 2024-01-31T15:00:00-08:00") == moments[:1]
    assert ask("CreatedDate >= 2024-01-31T23:00:00.000z") == moments[1:]
    assert ask("CreatedDate IN (2024-01-31T22:59:59.999Z, TOMORROW)") == moments[:1]


def test_times(database):
    """A time of day, with its Z."""
    database.insert_all("Bag__c", [{"Open__c": t} for t in ("08:00:00.000Z", "12:30:00.000Z")])
    assert database.values("SELECT Open__c FROM Bag__c WHERE Open__c > 08:00:00Z") == [
        "12:30:00.000Z"
    ]


DATE_FUNCTIONS = {
    "CALENDAR_YEAR": lambda d: d.year,
    "CALENDAR_QUARTER": lambda d: (d.month - 1) // 3 + 1,
    "CALENDAR_MONTH": lambda d: d.month,
    "FISCAL_YEAR": lambda d: d.year,
    "FISCAL_QUARTER": lambda d: (d.month - 1) // 3 + 1,
    "FISCAL_MONTH": lambda d: d.month,
    "DAY_IN_MONTH": lambda d: d.day,
    "DAY_IN_WEEK": lambda d: d.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda d: d.timetuple().tm_yday,
    "WEEK_IN_MONTH": lambda d: (d.day - 1) // 7 + 1,
    "WEEK_IN_YEAR": lambda d: (d.timetuple().tm_yday - 1) // 7 + 1,
}


@pytest.mark.parametrize("function", DATE_FUNCTIONS)
def test_date_functions(database, function):
    """Each, for days around the ends of months and years, on dates and dateTimes."""
    days = [date(2023, 12, 28) + timedelta(days=n) for n in range(75)]
    rows = [{"Day__c": str(d), "CreatedDate": f"{d}T23:59:59.000Z"} for d in days]
    database.insert_all("Bag__c", [*rows, {}])
    compute = DATE_FUNCTIONS[function]
    for value in sorted({compute(day) for day in days})[:8]:
        expected = [str(day) for day in days if compute(day) == value]
        for name in ("Day__c", "CreatedDate", "convertTimezone(CreatedDate)"):
            soql = f"SELECT Day__c FROM Bag__c WHERE {function}({name}) = {value} ORDER BY Id"
            if name.startswith("convert") and value > 2:
                continue
            assert database.values(soql) == expected
    everything = database.values(f"SELECT Day__c FROM Bag__c WHERE {function}(Day__c) != 99")
    assert sorted(everything) == [str(day) for day in days]


def test_day_only_and_hour_in_day(database):
    """Of dateTimes; DAY_ONLY compares with dates and date literals."""
    moments = ["2024-05-14T23:00:00.000Z", "2024-05-15T00:00:00.000Z", "2024-05-15T13:00:00.000Z"]
    database.insert_all("Account", [{"CreatedDate": moment} for moment in moments])
    ask = "SELECT CreatedDate FROM Account WHERE {} ORDER BY Id"
    assert database.values(ask.format("DAY_ONLY(CreatedDate) = 2024-05-15")) == moments[1:]
    assert database.values(ask.format("DAY_ONLY(CreatedDate) < TODAY")) == moments[:1]
    assert database.values(ask.format("HOUR_IN_DAY(CreatedDate) >= 13")) == [moments[0], moments[2]]


def test_semi_and_anti_joins(database):
    """IN and NOT IN of a query; null references inside do not empty an anti-join."""
    one, two, three = (database.insert("Account", Name=name) for name in "123")
    for account, name in ((one, "Ann"), (one, "Bob"), (two, "Bob"), (None, "Ann"), (three, "Cy")):
        database.insert("Contact", AccountId=account, LastName=name)
    database.insert("Contact", AccountId=three, LastName="Ann", IsDeleted=1)
    ask = "SELECT Name FROM Account WHERE Id {} (SELECT AccountId FROM Contact WHERE LastName {}) "
    order = "ORDER BY Name"
    assert database.values(ask.format("IN", "= 'ann'") + order) == ["1"]
    assert database.values(ask.format("NOT IN", "= 'ann'") + order) == ["2", "3"]
    assert database.values(ask.format("IN", "= 'ann'") + order, include_deleted=True) == ["1", "3"]
    both = ask.format("IN", "= 'Bob'") + "AND Id NOT IN (SELECT AccountId FROM Contact WHERE "
    assert database.values(both + "LastName = 'Ann') " + order) == ["2"]


def test_and_or_not_as_python_has_them(database):
    """Random conditions over three fields agree with Python's and, or and not."""
    chance = random.Random(5)
    rows = [
        {"Name": str(n), "Size__c": chance.choice([None, "S", "L"]), "Done__c": n % 2,
         "Amount__c": chance.choice([None, 1.0, 2.0])}
        for n in range(30)
    ]  # fmt: skip
    database.insert_all("Bag__c", rows)
    leaves = [
        ("Size__c = 'S'", lambda r: r["Size__c"] == "S"),
        ("Size__c != 's'", lambda r: r["Size__c"] != "S"),
        ("Done__c = true", lambda r: r["Done__c"] == 1),
        ("Amount__c > 1", lambda r: (r["Amount__c"] or 0) > 1),
        ("Amount__c = null", lambda r: r["Amount__c"] is None),
        ("Amount__c NOT IN (1, 3)", lambda r: r["Amount__c"] != 1),
    ]

    def tree(depth):
        if depth == 0:
            return chance.choice(leaves)
        kind = chance.choice(["and", "or", "not"])
        if kind == "not":
            text, test = tree(depth - 1)
            return f"(NOT ({text}))", lambda r: not test(r)
        parts = [tree(chance.randrange(depth)) for _ in range(chance.randint(2, 4))]
        joined = "(" + f" {kind} ".join(text for text, _ in parts) + ")"
        some = all if kind == "and" else any
        return joined, lambda r: some(test(r) for _, test in parts)

    for _ in range(150):
        text, test = tree(4)
        soql = f"SELECT Name FROM Bag__c WHERE {text} ORDER BY Id"
        assert database.values(soql) == [row["Name"] for row in rows if test(row)], text


def test_escapes_in_strings(database):
    """Every escape of the reference, letters in either case."""
    database.insert("Account", Name="a\n\r\t\b\f\"'\\é")
    soql = "SELECT Name FROM Account WHERE Name = 'A\\n\\R\\t\\B\\f\\\"\\'\\\\\\u00E9'"
    assert len(database.values(soql)) == 1
