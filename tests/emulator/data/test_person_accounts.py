"""Accounts that are persons, in an org whose accounts may be: one person, an account and a
contact."""

import re
from urllib.parse import quote

import pytest
from bulk1_client import Bulk1Client
from rest_client import RestClient

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

PERSON = {"FirstName": "Ada", "LastName": "King", "PersonEmail": "ADA@example.com"}
ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header><SessionHeader>'
    "<sessionId>{}</sessionId></SessionHeader></e:Header><e:Body>{}</e:Body></e:Envelope>"
)


@pytest.fixture
def org():
    with SalesforceEmulator(
        inline=True, clock=ManualClock(), features=["PersonAccounts", "RecordTypes"]
    ) as emulator:
        yield RestClient(emulator)


def query(rest, soql):
    answer = rest.get("query?q=" + quote(soql))
    assert answer.status == 200, answer.text
    return [dict(list(record.items())[1:]) for record in answer.json["records"]]


def create(rest, name="Account", **record):
    answer = rest.call("POST", f"sobjects/{name}", record or PERSON)
    assert answer.status == 201, answer.text
    return answer.json["id"]


def change(rest, path, **record):
    answer = rest.call("PATCH", f"sobjects/{path}", record)
    return answer.status if answer.status == 204 else answer.error[1:]


def contact_of(rest, account, fields="FIELDS(ALL)"):
    soql = f"SELECT {fields} FROM Contact WHERE AccountId = '{account}' LIMIT 200"
    [contact] = query(rest, soql)
    return contact


def person_type(rest):
    [found] = query(rest, "SELECT Id FROM RecordType WHERE IsPersonType = true")
    return found["Id"]


def describe(rest, name):
    document = rest.get(f"sobjects/{name}/describe").json
    return {field["name"]: field for field in document["fields"]}, document


def soap(rest, call, ids):
    listed = "".join(f"<ids>{identity}</ids>" for identity in ids)
    body = ENVELOPE.format(rest.token, f"<{call}>{listed}</{call}>")
    headers = {"SOAPAction": '""'}
    text = rest.call("POST", "/services/Soap/u/62.0", body, "text/xml", headers).text
    return re.findall("<success>(true|false)<", text)


def test_an_org_has_no_persons_unless_asked(emulator):
    fields, _ = describe(RestClient(emulator), "Account")
    assert not {"IsPersonAccount", "LastName", "PersonEmail"} & set(fields)
    assert "IsPersonAccount" not in describe(RestClient(emulator), "Contact")[0]
    assert "IsPersonType" not in describe(RestClient(emulator), "RecordType")[0]


def test_describe_has_the_fields_of_a_person(org):
    fields, document = describe(org, "Account")
    names = list(fields)
    assert names[names.index("Name") :][:4] == ["Name", "LastName", "FirstName", "Salutation"]
    assert names[names.index("PersonContactId") :][:5] == [
        *("PersonContactId", "IsPersonAccount", "PersonMailingStreet", "PersonMailingCity"),
        "PersonMailingState",
    ]
    for name in ("PersonMobilePhone", "PersonHomePhone", "PersonBirthdate", "PersonTitle"):
        assert fields[name]["createable"]
        assert fields[name]["nillable"]
    assert fields["PersonMailingCity"]["compoundFieldName"] == "PersonMailingAddress"
    assert fields["PersonIndividualId"]["relationshipName"] == "PersonIndividual"
    assert fields["PersonContactId"]["relationshipName"] == "PersonContact"
    assert not fields["IsPersonAccount"]["createable"]
    types = [(i["name"], i["developerName"]) for i in document["recordTypeInfos"]]
    assert types == [("Person Account", "PersonAccount"), ("Master", "Master")]


def test_a_custom_field_of_contact_is_one_of_account(org):
    org.emulator.define_object(
        "Contact",
        {
            "Level__c": "picklist[Gold, Tin]",
            "Key__c": "externalId",
            "Mentor__c": "lookup(Contact)",
            "Member__c": {"type": "checkbox", "default": True},
        },
    )
    fields, _ = describe(org, "Account")
    assert fields["Level__pc"]["picklistValues"][0]["value"] == "Gold"
    assert not fields["Key__pc"]["externalId"]
    assert fields["Mentor__pc"]["relationshipName"] == "Mentor__pr"
    account = create(org, LastName="L", Level__pc="Gold", Key__pc="k1")
    assert contact_of(org, account, "Level__c, Key__c") == {"Level__c": "Gold", "Key__c": "k1"}
    soql = "SELECT Level__pc, Member__pc FROM Account WHERE Key__pc = 'k1'"
    assert query(org, soql) == [{"Level__pc": "Gold", "Member__pc": True}]


def test_a_person_is_an_account_with_a_contact_of_the_same_name(org):
    account = create(org)
    [found] = query(
        org,
        "SELECT Name, IsPersonAccount, RecordType.DeveloperName, PersonEmail, "
        "PersonContact.Name FROM Account",
    )
    assert found["Name"] == "Ada King"
    assert found["IsPersonAccount"] is True
    assert found["RecordType"]["DeveloperName"] == "PersonAccount"
    assert found["PersonContact"]["Name"] == "Ada King"
    contact = contact_of(org, account)
    assert (contact["Email"], contact["IsPersonAccount"]) == ("ada@example.com", True)
    assert query(org, "SELECT PersonContactId FROM Account") == [{"PersonContactId": contact["Id"]}]


def test_both_follow_when_either_is_changed(org):
    account = create(org)
    contact = contact_of(org, account, "Id")["Id"]
    changes = {"LastName": "Byron", "PersonMailingCity": "London", "Phone": "1"}
    assert change(org, f"Account/{account}", **changes) == 204
    assert contact_of(org, account, "Name, MailingCity, Phone") == {
        "Name": "Ada Byron",
        "MailingCity": "London",
        "Phone": "1",
    }
    assert change(org, f"Contact/{contact}", FirstName="A.", Title="Countess") == 204
    soql = "SELECT Name, FirstName, PersonTitle, PersonMailingCity FROM Account"
    assert query(org, soql) == [
        {
            "Name": "A. Byron",
            "FirstName": "A.",
            "PersonTitle": "Countess",
            "PersonMailingCity": "London",
        }
    ]


@pytest.mark.parametrize(
    ("record", "refusal"),
    [
        pytest.param(
            {"LastName": "L", "Name": "N", "RecordTypeId": "person"},
            "Unable to create/update fields: Name. Please check the security settings of this "
            "field and verify that it is read/write for your profile or permission set.",
            id="a person's Name",
        ),
        pytest.param(
            {"Name": "N", "LastName": "L", "PersonEmail": "a@example.com"},
            "Account: bad field names on insert/update call: LastName, PersonEmail",
            id="a business' LastName",
        ),
    ],
)
def test_fields_of_the_other_kind_are_refused_when_an_account_is_made(org, record, refusal):
    if "RecordTypeId" in record:
        record = {**record, "RecordTypeId": person_type(org)}
    answer = org.call("POST", "sobjects/Account", record)
    assert answer.error == (400, "INVALID_FIELD_FOR_INSERT_UPDATE", refusal)
    assert org.emulator.org.count("Account") == org.emulator.org.count("Contact") == 0


def test_fields_of_the_other_kind_are_refused_when_an_account_is_changed(org):
    person, business = create(org), create(org, Name="Acme")
    words = "Account: bad field names on insert/update call: "
    code = "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert change(org, f"Account/{person}", Name="X") == (code, words + "Name")
    assert change(org, f"Account/{business}", LastName="X") == (code, words + "LastName")
    assert change(org, f"Account/{business}", Name="B") == 204


def test_a_person_has_a_last_name_and_a_business_a_name(org):
    for record, name in (
        ({"RecordTypeId": person_type(org), "FirstName": "A"}, "LastName"),
        ({"Site": "x"}, "Name"),
    ):
        answer = org.call("POST", "sobjects/Account", record)
        assert answer.error[1:] == (
            "REQUIRED_FIELD_MISSING",
            f"Required fields are missing: [{name}]",
        )
    person = create(org)
    code, text = change(org, f"Account/{person}", LastName=None)
    assert (code, text) == ("REQUIRED_FIELD_MISSING", "Required fields are missing: [LastName]")


def test_who_is_a_person_cannot_be_written(org):
    answer = org.call("POST", "sobjects/Account", {"Name": "A", "IsPersonAccount": True})
    assert answer.error[1] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert "IsPersonAccount" in answer.error[2]


def test_the_contact_of_a_person_is_neither_deleted_nor_moved_nor_typed(org):
    account, business = create(org), create(org, Name="Acme")
    contact = contact_of(org, account, "Id")["Id"]
    code = "INVALID_PERSON_ACCOUNT_OPERATION"
    assert org.call("DELETE", f"sobjects/Contact/{contact}").error[1] == code
    assert change(org, f"Contact/{contact}", AccountId=business)[0] == code
    assert change(org, f"Contact/{contact}", AccountId=account) == 204
    typed = change(org, f"Contact/{contact}", RecordTypeId=person_type(org))
    assert typed == ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")
    assert contact_of(org, account, "Id")["Id"] == contact


def test_a_person_has_one_contact(org):
    account, business = create(org), create(org, Name="Acme")
    answer = org.call("POST", "sobjects/Contact", {"LastName": "X", "AccountId": account})
    assert answer.error[1] == "INVALID_PERSON_ACCOUNT_OPERATION"
    other = create(org, "Contact", LastName="X", AccountId=business)
    assert change(org, f"Contact/{other}", AccountId=account)[0] == answer.error[1]


def test_both_are_deleted_and_come_back_together(org):
    account = create(org)
    contact = contact_of(org, account, "Id")["Id"]
    assert org.call("DELETE", f"sobjects/Account/{account}").status == 204
    assert org.emulator.org.count("Contact") == 0
    assert soap(org, "undelete", [contact]) == ["false"]
    assert soap(org, "undelete", [account]) == ["true"]
    assert contact_of(org, account, "Id")["Id"] == contact
    assert query(org, "SELECT PersonContactId, Name FROM Account") == [
        {"PersonContactId": contact, "Name": "Ada King"}
    ]
    assert change(org, f"Account/{account}", FirstName="A") == 204
    assert contact_of(org, account, "Name") == {"Name": "A King"}


def test_a_hard_delete_leaves_neither(org):
    create(org)
    org.emulator.org.admin.permissions.add("BulkApiHardDelete")
    [row] = query(org, "SELECT Id FROM Account")
    job = org.load("hardDelete", "Account", f"Id\n{row['Id']}\n")
    assert org.info(job)["numberRecordsFailed"] == 0
    for name in ("Account", "Contact"):
        assert org.get(f"queryAll?q=SELECT+count()+FROM+{name}").json["totalSize"] == 0


def test_persons_and_businesses_are_loaded_in_one_job_of_bulk_2(org):
    kind = person_type(org)
    rows = (
        "RecordTypeId,Name,LastName,PersonEmail\n"
        f"{kind},,King,a@example.com\n,Acme,,\n,,Byron,\n,Bad,King,\n{kind},Bad,King,\n"
    )
    job = org.load("insert", "Account", rows)
    assert [row["sf__Created"] for row in org.successful(job).records] == ["true"] * 3
    assert [row["sf__Error"].partition(":")[0] for row in org.failed(job).records] == [
        "INVALID_FIELD_FOR_INSERT_UPDATE"
    ] * 2
    soql = "SELECT Name, IsPersonAccount FROM Account ORDER BY Name"
    assert [tuple(row.values()) for row in query(org, soql)] == [
        *(("Acme", False), ("Byron", True), ("King", True))
    ]
    assert org.emulator.org.count("Contact") == 2


def test_persons_are_upserted_by_an_external_id_in_bulk_1(org):
    org.emulator.define_object("Account", {"Ext__c": "externalId"})
    client = Bulk1Client(org.emulator)
    for last, city, created in (("King", "Bath", "true"), ("Byron", "", "false")):
        key = "<externalIdFieldName>Ext__c</externalIdFieldName>"
        rows = f"Ext__c,LastName,PersonMailingCity\ne1,{last},{city}\n"
        job, batch = client.load("upsert", "Account", rows, more=key)
        assert f'"true","{created}"' in client.results(job, batch).text
    [row] = query(org, "SELECT Id, Name, PersonMailingCity FROM Account")
    assert (row["Name"], row["PersonMailingCity"]) == ("Byron", "Bath")
    assert contact_of(org, row["Id"], "Name, MailingCity") == {
        "Name": "Byron",
        "MailingCity": "Bath",
    }


def test_a_business_with_one_contact_becomes_a_person_and_back(org):
    kind = person_type(org)
    business = create(org, Name="Acme")
    assert change(org, f"Account/{business}", RecordTypeId=kind)[0] == (
        "INVALID_PERSON_ACCOUNT_OPERATION"
    )
    contact = create(org, "Contact", LastName="King", AccountId=business, Email="k@example.com")
    refused = change(org, f"Account/{business}", RecordTypeId=kind, Site="x")
    assert refused == (
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        "Cannot specify any additional fields when marrying or separating a Person-Account",
    )
    assert change(org, f"Account/{business}", RecordTypeId=kind) == 204
    soql = "SELECT Name, IsPersonAccount, PersonContactId, PersonEmail FROM Account"
    assert list(query(org, soql)[0].values()) == ["King", True, contact, "k@example.com"]
    assert change(org, f"Account/{business}", RecordTypeId=None) == 204
    assert list(query(org, soql)[0].values()) == ["King", False, None, None]
    assert contact_of(org, business, "Name, IsPersonAccount") == {
        "Name": "King",
        "IsPersonAccount": False,
    }


def test_a_field_that_contact_gets_later_follows_too(org):
    account = create(org)
    contact = contact_of(org, account, "Id")["Id"]
    org.emulator.define_object("Contact", {"Late__c": "text(9)"})
    assert change(org, f"Contact/{contact}", Late__c="x") == 204
    assert query(org, "SELECT Late__pc FROM Account") == [{"Late__pc": "x"}]


def test_data_may_be_older_than_the_option(tmp_path):
    with SalesforceEmulator(inline=True, clock=ManualClock(), data=tmp_path) as before:
        rest = RestClient(before)
        old = create(rest, "Contact", LastName="Old", AccountId=create(rest, Name="Acme"))
        record = {"Name": "P", "DeveloperName": "P", "SobjectType": "Account"}
        create(rest, "RecordType", **record)
    options = ["PersonAccounts", "MultiCurrency"]
    with SalesforceEmulator(
        inline=True, clock=ManualClock(), data=tmp_path, features=options
    ) as emulator:
        rest = RestClient(emulator)
        account = create(rest)
        assert contact_of(rest, account, "Name") == {"Name": "Ada King"}
        assert change(rest, f"Contact/{old}", LastName="New") == 204
        assert emulator.org.count("CurrencyType") == 3
        assert len(query(rest, "SELECT Id FROM RecordType")) == 2


def test_merging_a_person_is_refused_by_name(org):
    business, person = create(org, Name="Acme"), create(org)
    told = org.emulator.org.merge(
        org.emulator.org.schema.objects["account"], business, [person], {}
    )
    assert told.message == "merge of person accounts is not emulated"
    assert org.emulator.org.count("Account") == 2


def test_the_login_says_that_there_are_persons(org, emulator):
    for rest, told in ((org, "true"), (RestClient(emulator), "false")):
        body = ENVELOPE.format(rest.token, "<getUserInfo/>")
        headers = {"SOAPAction": '""'}
        answer = rest.call("POST", "/services/Soap/u/62.0", body, "text/xml", headers)
        assert f"<orgHasPersonAccounts>{told}<" in answer.text


def test_a_describe_document_of_contact_keeps_the_persons(org):
    document = describe(org, "Contact")[1]
    fields = [*document["fields"], {**document["fields"][-1], "name": "New__c", "custom": True}]
    plain = [field for field in fields if field["name"] != "IsPersonAccount"]
    org.emulator.org.load_describe({**document, "fields": plain})
    assert "New__pc" in describe(org, "Account")[0]
    account = create(org)
    assert contact_of(org, account, "IsPersonAccount") == {"IsPersonAccount": True}
