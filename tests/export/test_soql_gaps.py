"""Queries that are right are neither refused nor changed, those that are not are refused."""

from datetime import date, datetime, time, timezone

import pytest

from salesforce_bulk import InvalidInput
from salesforce_bulk.api.describe import FieldDescribe, ObjectDescribe
from salesforce_bulk.export.columns import columns_of
from salesforce_bulk.export.soql import build_select, literal, read_query

WAYS = [
    {"api": "2.0"},
    {"api": "1.0"},
    {"api": "1.0", "content_type": "JSON"},
    {"api": "1.0", "content_type": "XML"},
]
every_way = pytest.mark.parametrize("way", WAYS, ids=str)


@every_way
def test_an_alias_names_its_column(bulk, fill, way):
    """The value of a function with an alias comes under the alias, in every format."""
    fill([{"Amount__c": 12.5, "Many__c": "a;b"}])
    soql = (
        "SELECT Amount__c, convertCurrency(Amount__c) mine, toLabel(Many__c) label, "
        "FORMAT(convertCurrency(Amount__c)) shown FROM Row__c"
    )
    assert list(bulk.export(soql, **way)) == [
        {"Amount__c": 12.5, "mine": 12.5, "label": "a;b", "shown": "$12.50"}
    ]


@every_way
def test_a_function_without_alias_is_called_as_its_field(bulk, fill, way):
    """Of functions in each other the field counts, not the inner function's name."""
    fill([{"Amount__c": 12.5}])
    soql = "SELECT FORMAT(convertCurrency(Amount__c)) FROM Row__c"
    assert list(bulk.export(soql, **way)) == [{"Amount__c": "$12.50"}]


def test_two_columns_of_one_name_are_refused(bulk):
    for soql in (
        "SELECT Amount__c, FORMAT(Amount__c) FROM Row__c",
        "SELECT Id, FORMAT(Amount__c) id FROM Row__c",
    ):
        with pytest.raises(InvalidInput, match="twice"):
            bulk.export(soql)


@pytest.mark.parametrize(
    "soql",
    ["SELECT FORMAT(MAX(Amount)) m FROM Opportunity", "SELECT FORMAT( count ( Id ) ) FROM Account"],
)
def test_an_aggregate_within_a_function_is_refused(soql):
    with pytest.raises(InvalidInput, match="aggregate"):
        read_query(soql)


@pytest.mark.parametrize(
    "soql",
    ["SELECT Id FROM Account;", "SELECT Id FROM Account ; LIMIT 1", "SELECT FORMAT(A) b c FROM D"],
)
def test_what_is_no_soql_is_not_sent(soql):
    with pytest.raises(InvalidInput, match=r"no clause|no field"):
        read_query(soql)


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT Id FROM A USING SCOPE mine", "SELECT Id FROM A USING SCOPE mine WHERE X"),
        (
            "SELECT Id FROM A a USING SCOPE mine LIMIT 2",
            "SELECT Id FROM A a USING SCOPE mine WHERE X LIMIT 2",
        ),
        (
            "SELECT Id FROM A USING SCOPE mine WHERE B = 1 OR C = 2",
            "SELECT Id FROM A USING SCOPE mine WHERE (B = 1 OR C = 2) AND X",
        ),
    ],
)
def test_a_condition_stands_behind_using_scope(soql, expected):
    """SOQL wants USING SCOPE before WHERE."""
    assert read_query(soql).with_condition("X") == expected


def test_an_incremental_export_may_use_a_scope(bulk, fill):
    fill([{"Count__c": 1}])
    since = datetime(2020, 1, 1, tzinfo=timezone.utc)
    soql = "SELECT Id, SystemModstamp, IsDeleted FROM Row__c USING SCOPE everything"
    assert list(bulk.export(soql, since=since)) == []


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        ("SELECT Id FROM A WHERE B = 1 OR C = 2", "SELECT Id FROM A WHERE (B = 1 OR C = 2)"),
        ("SELECT Id FROM A WHERE B = ' OR '", "SELECT Id FROM A WHERE B = ' OR '"),
        ("SELECT Id FROM A WHERE (B = 1 OR C = 2)", "SELECT Id FROM A WHERE (B = 1 OR C = 2)"),
        ("SELECT Id FROM A", "SELECT Id FROM A"),
    ],
)
def test_alternatives_are_enclosed_before_the_server_adds_its_bounds(soql, expected):
    assert read_query(soql).open_to_conditions == expected


def numpy_values():
    np = pytest.importorskip("numpy")
    return [
        (np.bool_(True), "true"),
        (np.int64(5), "5"),
        (np.float64(2.5), "2.5"),
        (np.str_("a"), "'a'"),
    ]


def test_more_values_as_literals():
    """Times and numpy's values are no texts; what only looks like a number is one."""
    assert literal(time(1, 2, 3)) == "01:02:03.000Z"
    assert literal(b"\xd7m\xf8") == "'1234'"
    for value, text in numpy_values():
        assert literal(value) == text


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("O'N%", r"'O\'N%'"),
        (r"100\%", r"'100\%'"),
        (r"a\_b_", r"'a\_b_'"),
        (r"\\%", r"'\\%'"),
        ("a\\b", r"'a\\b'"),
        ("end\\", r"'end\\'"),
        ("a\nb", r"'a\nb'"),
    ],
)
def test_like_takes_wildcards_and_their_escapes(pattern, text):
    """A backslash before a wildcard makes it a plain character; any other is itself."""
    assert build_select("A", ["Id"], {"B like": pattern}) == f"SELECT Id FROM A WHERE B LIKE {text}"
    read_query(build_select("A", ["Id"], {"B like": pattern, "C": "x"}))


def test_like_finds_what_it_says(bulk, fill):
    texts = ["100%", "100x", "a_b", "axb", "c:\\d", "c:\\", "O'Neil"]
    fill([{"Text__c": text} for text in texts])

    def found(pattern):
        export = bulk.export("Row__c", fields=["Text__c"], where={"Text__c like": pattern})
        return sorted(row["Text__c"] for row in export)

    assert found(r"100\%") == ["100%"]
    assert found("100_") == ["100%", "100x"]
    assert found(r"a\_b") == ["a_b"]
    assert found("O'N%") == ["O'Neil"]
    assert found("c:\\\\%") == ["c:\\", "c:\\d"]


@pytest.mark.parametrize(
    "text",
    ["'", "\\", "\\'", "x' OR Name != '", "a\nb\r\tc\b\f", "\u2028é𝄞", '"', "%_", " a ", "null"],
)
def test_a_value_finds_the_text_that_it_is(bulk, fill, text):
    """Quotes, backslashes, line breaks: the condition holds for that text and no other."""
    fill([{"Long__c": "other", "Text__c": "other", "Count__c": 0}])
    fill([{"Long__c": text, "Text__c": text, "Count__c": 1}])
    stored = next(iter(bulk.export("SELECT Text__c FROM Row__c WHERE Count__c = 1")))["Text__c"]
    export = bulk.export("Row__c", fields=["Count__c"], where={"Text__c": stored})
    assert [row["Count__c"] for row in export] == [1.0]


def test_a_field_that_is_younger_than_the_client_is_found(org, bulk):
    """Descriptions are remembered; a field that they lack is asked for before it is refused."""
    org.define_object("Young__c", {"Old__c": "text"})
    assert list(bulk.export("SELECT Old__c FROM Young__c")) == []
    org.define_object("Young__c", {"Old__c": "text", "New__c": "text"})
    assert [c.name for c in bulk.export("SELECT New__c FROM Young__c").columns] == ["New__c"]
    with pytest.raises(InvalidInput, match="no field"):
        bulk.export("SELECT Newer__c FROM Young__c")


def test_the_names_of_other_functions_are_the_servers():
    """Functions that are not called as their field are numbered, as the API numbers them."""
    described = ObjectDescribe("A", [FieldDescribe("Where__c", "location")], "a00")

    class Known:
        def object(self, name):
            return described

    far = "DISTANCE(Where__c, GEOLOCATION(1, 2), 'mi')"
    query = read_query(f"SELECT {far}, {far} far, {far} FROM A")
    assert [c.name for c in columns_of(query, Known())] == ["expr0", "far", "expr1"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"since": "2024-01-01"}, "since"),
        ({"until": date(2024, 1, 1)}, "until"),
        ({"where": [("Text__c", "x")]}, "where"),
        ({"fields": [["Id"]]}, "no name"),
        ({"max_records": 10, "api": "1.0"}, "max_records"),
        ({"max_records": 10, "content_type": "JSON"}, "max_records"),
    ],
    ids=str,
)
def test_options_of_the_wrong_kind_are_named(bulk, options, message):
    """An error of the library that says which option, and nothing quietly left out."""
    with pytest.raises(InvalidInput, match=message):
        bulk.export("Row__c", **{"fields": ["Id"], **options})


def test_a_set_of_fields_has_one_order():
    """A set's own order changes from process to process, and the columns would with it."""
    assert build_select("A", {"c", "b", "a"}) == "SELECT a, b, c FROM A"


@every_way
@pytest.mark.parametrize(
    "soql",
    [
        "SELECT r.Count__c, a.Name, o.Name FROM Row__c r, r.Account__r a, a.Owner o",
        "SELECT Row__c.Count__c, a.Name, a.Owner.Name FROM Row__c, Row__c.Account__r AS a "
        "WHERE a.Name = 'Acme' OR a.Name = 'x'",
    ],
)
def test_parents_may_have_aliases_in_from(bulk, fill, way, soql):
    """SOQL's older way of writing paths; the columns are the paths."""
    parent = fill([{"Name": "Acme"}], "Account")[0]
    fill([{"Count__c": 1, "Account__c": parent}])
    assert list(bulk.export(soql, **way)) == [
        {"Count__c": 1.0, "Account__r.Name": "Acme", "Account__r.Owner.Name": "Admin User"}
    ]
