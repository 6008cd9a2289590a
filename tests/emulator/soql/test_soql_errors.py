"""Errors, as live orgs were recorded to word them."""

from __future__ import annotations

import pickle

import pytest

from salesforce_bulk.emulator.soql.errors import SoqlError, located
from salesforce_bulk.emulator.soql.parse import parse

ADVICE = (
    " If you are attempting to use a custom {0}, be sure to append the '{1}' after the {2}. "
    "Please reference your WSDL or the describe call for the appropriate names."
)
FIELD = ADVICE.format("field", "__c", "custom field name")
ENTITY = ADVICE.format("object", "__c", "entity name")
RELATIONSHIP = ADVICE.format("relationship", "__r", "custom relationship name")

RECORDED = [
    (
        "SELECT Bacon__c FROM Account LIMIT 2",
        "INVALID_FIELD",
        "\nSELECT Bacon__c FROM Account LIMIT 2\n       ^\nERROR at Row:1:Column:8\n"
        f"No such column 'Bacon__c' on entity 'Account'.{FIELD}",
    ),
    (
        "select count() from XYZZY",
        "INVALID_TYPE",
        "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\n"
        f"sObject type 'XYZZY' is not supported.{ENTITY}",
    ),
    (
        "SELECT Id, BadField FROM Account",
        "INVALID_FIELD",
        "\nSELECT Id, BadField FROM Account\n           ^\nERROR at Row:1:Column:12\n"
        f"No such column 'BadField' on entity 'Account'.{FIELD}",
    ),
    ("SELEKT Id FROM Account", "MALFORMED_QUERY", "unexpected token: SELEKT"),
    (
        "SELECT Id, Email, Name\nFROM Contact\nWHERE AccountId = '0014000000p6XlS' AND "
        "LastName LIKE 'test' OR email LIKE 'test'",
        "MALFORMED_QUERY",
        "\n'0014000000p6XlS' AND LastName LIKE 'test' OR email LIKE 'test'\n"
        "                                          ^\n"
        "ERROR at Row:3:Column:61\nunexpected token: OR",
    ),
    (
        "select Id, ProductCode from Product2 where ProductCode = 3999",
        "INVALID_FIELD",
        "\nProductCode from Product2 where ProductCode = 3999\n"
        "                                ^\nERROR at Row:1:Column:44\n"
        "value of filter criterion for field 'ProductCode' must be of type string and should be "
        "enclosed in quotes",
    ),
    (
        "SELECT Id\nFROM Maycur_Form__c",
        "INVALID_TYPE",
        "\nFROM Maycur_Form__c\n     ^\nERROR at Row:2:Column:6\n"
        f"sObject type 'Maycur_Form__c' is not supported.{ENTITY}",
    ),
    (
        "SELECT Id FROM Account WHERE CreatedDate > '2024-01-01'",
        "INVALID_FIELD",
        "\nSELECT Id FROM Account WHERE CreatedDate > '2024-01-01'\n"
        "                             ^\nERROR at Row:1:Column:30\n"
        "value of filter criterion for field 'CreatedDate' must be of type dateTime and should "
        "not be enclosed in quotes",
    ),
    (
        "SELECT Id, Name, Id FROM Account",
        "INVALID_FIELD",
        "\nSELECT Id, Name, Id FROM Account\n                 ^\nERROR at Row:1:Column:18\n"
        "duplicate field selected: Id",
    ),
    (
        "SELECT Nobody__r.Name FROM Account",
        "INVALID_FIELD",
        "\nSELECT Nobody__r.Name FROM Account\n       ^\nERROR at Row:1:Column:8\n"
        f"Didn't understand relationship 'Nobody__r' in field path.{RELATIONSHIP}",
    ),
    (
        "SELECT Id FROM Account WHERE Id = 'abc'",
        "INVALID_QUERY_FILTER_OPERATOR",
        "\nSELECT Id FROM Account WHERE Id = 'abc'\n                             ^\n"
        "ERROR at Row:1:Column:30\n"
        "invalid ID field: abc",
    ),
]


@pytest.mark.parametrize(("soql", "code", "message"), RECORDED)
def test_recorded_wording_fragment_caret_and_column(refusal, soql, code, message):
    """Code and text are those of the recording, byte by byte."""
    error = refusal(soql)
    assert (error.code, error.message) == (code, message)
    assert str(error) == f"{code}: {message}"


def test_a_string_without_its_end_is_seen_at_the_end_of_the_text():
    """The vendor's lexer counts columns from 0, in both places of the message."""
    soql = "SELECT Id, FirstName, LastName FROM Contact WHERE LastName = 'O\\'Neill OR x"
    with pytest.raises(SoqlError) as caught:
        parse(soql)
    n = len(soql)
    assert caught.value.code == "MALFORMED_QUERY"
    assert caught.value.message.endswith(
        f"\nERROR at Row:1:Column:{n}\nline 1:{n} no viable alternative at character '<EOF>'"
    )


#: Query, column of its fault counted from 0.
INVALID = [
    ("SELECT FROM Contact", 7),
    ("SELECT * FROM Contact", 7),
    ("SELECT Id, FROM Contact", 11),
    ("SELECT Id FROM", 14),
    ("SELECT Id FROM Contact;", 22),
    ("SELECT Id FROM 'Contact'", 15),
    ("SELECT Id FROM Contact WHERE", 28),
    ("SELECT Id FROM Contact WHERE Name == 'x'", 35),
    ("SELECT Id FROM Contact WHERE (Name = 'x'", 40),
    ("SELECT Id FROM Contact WHERE Name = 'x')", 39),
    ("SELECT Id FROM Contact WHERE Name = 'x' OR Email = 'y' AND Id = null", 55),
    ("SELECT Id FROM Contact LIMIT x", 29),
    ("SELECT Id FROM Contact LIMIT -1", 29),
    ("SELECT Id FROM Contact LIMIT 1.5", 29),
    ("SELECT Id FROM Contact ORDER Name", 29),
    ("SELECT Id FROM Contact ORDER BY Name NULLS MIDDLE", 43),
    ("SELECT Id FROM Contact WHERE Name IS NULL", 34),
    ("SELECT Id FROM Contact WHERE Name IN ()", 38),
    ("SELECT Id FROM Contact WHERE foo(Name) = 1", 32),
    ("SELECT DISTINCT Name FROM Contact GROUP", 39),
    ("SELECT Id FROM Contact WHERE Name = :name", 36),
    ("SELECT Id FROM Contact WHERE FirstName = LastName", 41),
    ("SELECT Id FROM Contact ALL ROWS", 23),
    ("SELECT Id FROM Contact WHERE Birthdate = 2023-02-29", 41),
    ("SELECT Id FROM Contact WHERE Birthdate = 1500-02-20", 41),
    ("SELECT Id FROM Contact WHERE Name = 'a\\q'", 36),
    ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS", 54),
    ('SELECT Id FROM Contact WHERE Name = "x"', 36),
    ("SELECT Id FROM Contact JOIN Account", 28),
    ("DELETE FROM Contact", 0),
]


@pytest.mark.parametrize(("soql", "offset"), INVALID)
def test_syntax_errors_name_the_place(refusal, soql, offset):
    """What is no SOQL is MALFORMED_QUERY, at the first token that does not fit."""
    error = refusal(soql)
    assert error.code == "MALFORMED_QUERY"
    if offset:
        assert f"ERROR at Row:1:Column:{offset}\n" in error.message


@pytest.mark.parametrize("soql", ["", "  \n"])
def test_no_statement(refusal, soql):
    """An empty statement has a text of its own."""
    assert refusal(soql).message == "SOQL statements cannot be empty or null"


def test_statement_and_string_have_their_greatest_lengths(refusal, database):
    """100,000 characters a statement, 4,000 a string: that many and not one more."""
    database.compile(f"SELECT Id FROM Account WHERE Name = '{'x' * 4000}'")
    assert refusal(f"SELECT Id FROM Account WHERE Name = '{'x' * 4001}'").code == "MALFORMED_QUERY"
    statement = "SELECT Id FROM Account"
    database.compile(statement + " " * (100_000 - len(statement)))
    assert refusal(statement + " " * (100_001 - len(statement))).code == "MALFORMED_QUERY"


def test_half_a_surrogate_pair_is_no_text(refusal):
    """Neither as it stands, as JSON may bring it, nor as an escape: no database takes it."""
    assert refusal("SELECT Id FROM Account WHERE Name = '\ud800'").code == "MALFORMED_QUERY"
    error = refusal("SELECT Id FROM Account WHERE Name = '\\ud800'")
    assert "Illegal character sequence" in error.message


def test_offset_and_limit_have_their_greatest_values(refusal, database):
    """OFFSET 2,000 is the last one."""
    database.compile("SELECT Id FROM Account LIMIT 0 OFFSET 2000")
    assert refusal("SELECT Id FROM Account OFFSET 2001").code == "NUMBER_OUTSIDE_VALID_RANGE"
    assert refusal("SELECT Id FROM Account LIMIT 99999999999").code == "MALFORMED_QUERY"


def test_a_fragment_reaches_thirty_characters_and_ends_at_words():
    """Counted in answers that users posted: 30 on each side, then to the end of the word."""
    fields = "CreatedById,OCE__ActualCap__c,TPI_Product__c,Name,OCE__JobId__c"
    text = f"SELECT {'x' * 75},{fields},Other__c FROM Plan__c"
    at = text.index("TPI_Product__c")
    message = located("INVALID_FIELD", text, at, "...").message
    assert message == f"\n{fields}\n{' ' * 30}^\nERROR at Row:1:Column:{at + 1}\n..."


def test_a_fragment_stays_in_its_line():
    """Lines before and after are not shown, and the indentation is."""
    message = located("X", "SELECT Id\n\tAND IsActive = 'TRUE'\nLIMIT 1", 15, "...").message
    assert message == "\n\tAND IsActive = 'TRUE'\n     ^\nERROR at Row:2:Column:6\n..."


def test_a_word_without_end_is_cut():
    """A fragment does not carry a literal of 4,000 characters."""
    message = located("X", "x" * 50_000, 25_000, "...").message
    assert len(message) < 1200


def test_errors_survive_pickling():
    """Worker processes hand them on whole."""
    error = pickle.loads(pickle.dumps(SoqlError("INVALID_FIELD", "x")))
    assert (error.code, error.message) == ("INVALID_FIELD", "x")


SEMANTIC = [
    ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "can not be filtered in"),
    ("SELECT Id FROM Account ORDER BY Description", "INVALID_FIELD", "can not be sorted in"),
    ("SELECT Id FROM Account ORDER BY BillingAddress", "INVALID_FIELD", "can not be sorted in"),
    ("SELECT Id FROM Account WHERE BillingAddress = 'x'", "INVALID_FIELD", "Distance"),
    ("SELECT Id FROM Account WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR", "operator"),
    ("SELECT Id FROM Account WHERE IsDeleted > true", "INVALID_QUERY_FILTER_OPERATOR", "operator"),
    ("SELECT Id FROM Account WHERE Name < null", "INVALID_QUERY_FILTER_OPERATOR", "null"),
    ("SELECT Id FROM Account WHERE Name INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR", "opera"),
    ("SELECT Id FROM Account WHERE CreatedDate > 2024-01-01", "INVALID_FIELD", "type dateTime and"),
    (
        "SELECT Id FROM Contact WHERE Birthdate > 2024-01-01T00:00:00Z",
        "INVALID_FIELD",
        "type date a",
    ),
    (
        "SELECT Id FROM Account WHERE AnnualRevenue > '5'",
        "INVALID_FIELD",
        "type double and should n",
    ),
    (
        "SELECT Id FROM Account WHERE IsDeleted = 'true'",
        "INVALID_FIELD",
        "of type boolean and shou",
    ),
    ("SELECT Id FROM Account WHERE OwnerId = 5", "INVALID_FIELD", "of type ID and should be encl"),
    ("SELECT Id FROM Account WHERE COUNT(Id) > 5", "MALFORMED_QUERY", "unexpected token: COUNT"),
    ("SELECT Id, Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field"),
    (
        "SELECT Name, COUNT(Id) FROM Account",
        "MALFORMED_QUERY",
        "must be grouped or aggregated: Name",
    ),
    ("SELECT COUNT(Id) FROM Account LIMIT 1", "MALFORMED_QUERY", "cannot also use LIMIT"),
    ("SELECT SUM(Name) FROM Account", "MALFORMED_QUERY", "not support aggregate operator SUM"),
    ("SELECT COUNT(Id) FROM Account GROUP BY CreatedDate", "MALFORMED_QUERY", "can not be grouped"),
    ("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "must have a LIMIT of at most 200"),
    ("SELECT FIELDS(ALL) FROM Account LIMIT 201", "MALFORMED_QUERY", "must have a LIMIT of at mo"),
    ("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1", "MALFORMED_QUERY", "'FIELDS(...)' expansion"),
    ("SELECT Id, FIELDS(STANDARD) FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
    (
        "SELECT (SELECT Id FROM Nothing) FROM Account",
        "INVALID_TYPE",
        "relationship 'Nothing' in FR",
    ),
    ("SELECT Parent.Parent.Parent.Parent.Parent.Parent.Id FROM Account", "MALFORMED_QUERY", "5"),
    ("SELECT Who.Birthdate FROM Task", "INVALID_FIELD", "No such column 'Birthdate' on entity 'Na"),
    ("SELECT Id FROM Account USING SCOPE team", "FUNCTIONALITY_NOT_ENABLED", "USING SCOPE team"),
    ("SELECT Id FROM Account WHERE AnnualRevenue > USD5", "FUNCTIONALITY_NOT_ENABLED", "currency"),
    ("SELECT Id FROM Account WITH DATA CATEGORY G AT x", "FUNCTIONALITY_NOT_ENABLED", "WITH DATA"),
    (
        "SELECT Id FROM Account WHERE DISTANCE(BillingAddress, GEOLOCATION(1,200), 'mi') < 5",
        "MALFORMED_QUERY",
        "DISTANCE takes",
    ),
    (
        "SELECT Id FROM Account WHERE DISTANCE(Name, GEOLOCATION(1,2), 'mi') < 5",
        "INVALID_FIELD",
        "DISTANCE cannot",
    ),
    (
        "SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
        "MALFORMED_QUERY",
        "'OR' operator",
    ),
    (
        "SELECT Id FROM Account WHERE NOT Id IN (SELECT AccountId FROM Contact)",
        "MALFORMED_QUERY",
        "top level WHERE",
    ),
    (
        "SELECT Id FROM Account WHERE (Id IN (SELECT AccountId FROM Contact) AND Name = 'x') AND "
        "Type = 'y'",
        "MALFORMED_QUERY",
        "top level WHERE",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
        "MALFORMED_QUERY",
        "should not be on the same object type",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)",
        "INVALID_FIELD",
        "should point to the same object type",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE OwnerId IN "
        "(SELECT Id FROM User))",
        "MALFORMED_QUERY",
        "Nesting of semi join",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id NOT IN "
        "(SELECT AccountId FROM Case) AND Id IN (SELECT AccountId FROM Opportunity)",
        "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS",
        "2",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 3)",
        "MALFORMED_QUERY",
        "LIMIT",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT Id, AccountId FROM Contact)",
        "MALFORMED_QUERY",
        "one field",
    ),
    (
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WITH DATA CATEGORY x)",
        "FUNCTIONALITY_NOT_ENABLED",
        "WITH DATA",
    ),
    (
        "SELECT Id FROM Account WHERE Parent.OwnerId IN (SELECT Id FROM User)",
        "MALFORMED_QUERY",
        "left operand",
    ),
]


@pytest.mark.parametrize(("soql", "code", "words"), SEMANTIC)
def test_errors_of_meaning(refusal, soql, code, words):
    """Each rule of the reference is kept, under its code."""
    error = refusal(soql)
    assert error.code == code
    assert words in error.message
