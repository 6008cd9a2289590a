"""Options of an org: several currencies, record types."""

import re
from urllib.parse import quote

import pytest
from rest_client import RestClient

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator


def org_with(*features):
    return SalesforceEmulator(inline=True, clock=ManualClock(), features=features)


@pytest.fixture
def currencies():
    with org_with("MultiCurrency") as emulator:
        yield RestClient(emulator)


@pytest.fixture
def record_types():
    with org_with("RecordTypes") as emulator:
        yield RestClient(emulator)


def query(rest, soql):
    answer = rest.get("query?q=" + quote(soql))
    return answer.json["records"] if answer.status == 200 else answer.error[1:]


def fields(rest, name):
    return {field["name"] for field in rest.get(f"sobjects/{name}/describe").json["fields"]}


def test_a_feature_that_there_is_not_is_refused():
    with pytest.raises(ValueError, match="no feature 'Chatter'; there are MultiCurrency"):
        org_with("Chatter")


def test_an_org_has_one_currency_and_no_currency_fields_by_default(emulator):
    rest = RestClient(emulator)
    assert "CurrencyIsoCode" not in fields(rest, "Account")
    assert rest.get("sobjects/CurrencyType/describe").status == 404


def test_records_have_a_currency_which_is_the_orgs_own_unless_told(currencies):
    currencies.emulator.define_object("L__c", {"A__c": "currency"})
    for name, record in (
        ("Account", {"Name": "A"}),
        ("Account", {"Name": "B", "CurrencyIsoCode": "EUR"}),
        ("L__c", {"A__c": 1, "CurrencyIsoCode": "GBP"}),
    ):
        assert currencies.call("POST", f"sobjects/{name}", record).status == 201
    soql = "SELECT CurrencyIsoCode FROM {}"
    told = [r["CurrencyIsoCode"] for r in query(currencies, soql.format("Account ORDER BY Name"))]
    assert told == ["USD", "EUR"]
    assert query(currencies, soql.format("L__c"))[0]["CurrencyIsoCode"] == "GBP"
    refused = currencies.call("POST", "sobjects/Account", {"Name": "C", "CurrencyIsoCode": "XXX"})
    assert refused.error[1] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_currencies_are_told_with_their_rates(currencies):
    rows = query(currencies, "SELECT IsoCode, IsCorporate FROM CurrencyType ORDER BY IsoCode")
    assert [(row["IsoCode"], row["IsCorporate"]) for row in rows] == [
        ("EUR", False),
        ("GBP", False),
        ("USD", True),
    ]


@pytest.mark.parametrize("expression", ["convertCurrency(AnnualRevenue)", "SUM(AnnualRevenue)"])
def test_what_converts_amounts_is_refused_by_name(currencies, emulator, expression):
    soql = f"SELECT {expression} FROM Account"
    code, text = query(currencies, soql)
    assert code == "FUNCTIONALITY_NOT_ENABLED"
    assert "several currencies is not emulated" in text
    assert isinstance(query(RestClient(emulator), soql), list)
    assert len(query(currencies, "SELECT COUNT(AnnualRevenue) n FROM Account")) == 1


def test_the_login_says_that_there_are_several(currencies, emulator):
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<login xmlns="urn:partner.soap.sforce.com"><username>admin@example.com</username>'
        "<password>password</password></login></e:Body></e:Envelope>"
    )
    for rest, told in ((currencies, "true"), (RestClient(emulator), "false")):
        headers = {"SOAPAction": '""'}
        answer = rest.call("POST", "/services/Soap/u/62.0", body, "text/xml", headers)
        found = re.search("<organizationMultiCurrency>(.*?)<", answer.text)
        assert found[1] == told


def test_reset_and_restore_keep_the_features(currencies):
    org = currencies.emulator
    snapshot = org.snapshot()
    org.reset()
    assert org.org.count("CurrencyType") == 3
    org.restore(snapshot)
    assert org.org.schema.get("Account").field("CurrencyIsoCode")
    assert org.org.count("CurrencyType") == 3


def test_record_types_are_given_told_and_queried_by_name(record_types):
    record_types.emulator.define_object("L__c", {})
    made = {}
    for name in ("Contact", "L__c"):
        record = {"Name": "Partner", "DeveloperName": "Partner", "SobjectType": name}
        answer = record_types.call("POST", "sobjects/RecordType", {**record, "IsActive": True})
        made[name] = answer.json["id"]
        infos = record_types.get(f"sobjects/{name}/describe").json["recordTypeInfos"]
        assert [(i["name"], i["master"], i["recordTypeId"][:3]) for i in infos] == [
            ("Partner", False, "012"),
            ("Master", True, "012"),
        ]
        assert infos[0]["recordTypeId"] == made[name]
    contact = {"LastName": "C", "RecordTypeId": made["Contact"]}
    assert record_types.call("POST", "sobjects/Contact", contact).status == 201
    soql = "SELECT RecordType.DeveloperName FROM Contact WHERE RecordType.DeveloperName = 'Partner'"
    assert query(record_types, soql)[0]["RecordType"]["DeveloperName"] == "Partner"


def test_account_has_record_types_without_being_asked(emulator):
    rest = RestClient(emulator)
    assert "RecordTypeId" not in fields(rest, "Contact")
    record = {"Name": "P", "DeveloperName": "P", "SobjectType": "Account", "IsActive": False}
    assert rest.call("POST", "sobjects/RecordType", record).status == 201
    infos = rest.get("sobjects/Account/describe").json["recordTypeInfos"]
    assert [(info["name"], info["available"]) for info in infos] == [("P", False), ("Master", True)]
