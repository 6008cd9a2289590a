"""The object that a query's job is made for: the one of the outermost FROM."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.export.soql import outer_object


@pytest.mark.parametrize(
    ("soql", "name"),
    [
        ("SELECT Id FROM Account", "Account"),
        ("select id from account limit 1", "account"),
        ("SELECT Id\r\n\tFROM\r\n\tMy__Thing__c\r\nWHERE A = 1", "My__Thing__c"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "Account"),
        ("SELECT (SELECT Id, (SELECT Id FROM Tasks) FROM Cases), Name FROM Account", "Account"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)", "Account"),
        ("SELECT Id FROM Account WHERE Name = 'from Contact'", "Account"),
        ("SELECT Id FROM Account WHERE Name = '(' ", "Account"),
        (r"SELECT Id FROM Account WHERE Name = 'it\'s (from Lead'", "Account"),
        (r"SELECT toLabel(Status), '\\' FROM Case", "Case"),
        ("SELECT From__c, Valid_From__c FROM Offer__c", "Offer__c"),
        ("SELECT Id FROM Account a, a.Contacts c", "Account"),
    ],
)
def test_the_outermost_from_is_found(soql: str, name: str) -> None:
    assert outer_object(soql) == name


@pytest.mark.parametrize(
    "soql", ["", "SELECT Id", "from", "SELECT Id WHERE x = 'from Account'", "(SELECT Id FROM A)"]
)
def test_no_outer_from_is_none(soql: str) -> None:
    assert outer_object(soql) is None


@given(st.text(st.characters(codec="utf-8")))
def test_any_text_in_a_literal_changes_nothing(text: str) -> None:
    literal = text.replace("\\", "\\\\").replace("'", "\\'")
    assert outer_object(f"SELECT Id, '{literal}' FROM Account") == "Account"
    assert outer_object(f"SELECT Id FROM Account WHERE Name = '{literal}'") == "Account"
