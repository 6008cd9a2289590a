"""SOAP's undelete and merge, and frontdoor.jsp: what REST has no resource for."""

import re
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
import requests
from rest_client import RestClient

PARTNER = "{urn:partner.soap.sforce.com}"


@pytest.fixture
def rest(emulator):
    return RestClient(emulator)


def call(rest, name, content, token=None, headers=""):
    """The results of a SOAP call, each as texts by element, or its fault."""
    body = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns="urn:partner.soap.sforce.com"><e:Header><SessionHeader>'
        f"<sessionId>{rest.token if token is None else token}</sessionId></SessionHeader>"
        f"{headers}</e:Header><e:Body><{name}>{content}</{name}></e:Body></e:Envelope>"
    )
    action = {"SOAPAction": '""'}
    answer = rest.call("POST", "/services/Soap/u/62.0", body, "text/xml", action)
    if answer.status != 200:
        return re.search("<faultcode>(.*?)<", answer.text)[1]
    results = ElementTree.fromstring(answer.text).iter(f"{PARTNER}result")
    return [
        {element.tag.removeprefix(PARTNER): element.text for element in result.iter()}
        for result in results
    ]


def create(rest, name, **fields):
    answer = rest.call("POST", f"sobjects/{name}", fields)
    assert answer.status == 201, answer.text
    return answer.json["id"]


def undelete(rest, *ids):
    return call(rest, "undelete", "".join(f"<ids>{identity}</ids>" for identity in ids))


def names(rest, soql):
    return sorted(r["Name"] for r in rest.get("query?q=" + quote(soql)).json["records"])


def test_undelete_brings_back_what_went_together_and_nothing_else(rest, emulator):
    account = create(rest, "Account", Name="A")
    old, new = (create(rest, "Contact", LastName=n, AccountId=account) for n in ("old", "new"))
    rest.call("DELETE", f"sobjects/Contact/{old}")
    emulator.clock.advance(60)
    rest.call("DELETE", f"sobjects/Account/{account}")
    assert names(rest, "SELECT Name FROM Contact") == []
    [told] = undelete(rest, account)
    assert (told["id"], told["success"]) == (account, "true")
    assert names(rest, "SELECT Name FROM Account") == ["A"]
    assert names(rest, f"SELECT Name FROM Contact WHERE AccountId = '{account}'") == ["new"]
    assert rest.get(f"sobjects/Contact/{new}").status == 200


def test_undelete_says_of_each_record_what_became_of_it(rest):
    live = create(rest, "Account", Name="A")
    case = create(rest, "Case", Subject="S")
    comment = create(rest, "CaseComment", ParentId=case, CommentBody="x")
    rest.call("DELETE", f"sobjects/Case/{case}")
    told = undelete(rest, live, "001000000000009AAA", "x", comment, case[:15], comment)
    assert [line["success"] for line in told] == ["false"] * 4 + ["true", "false"]
    assert [line.get("statusCode") for line in told[:4]] == [
        "UNDELETE_FAILED",
        "UNDELETE_FAILED",
        "MALFORMED_ID",
        "UNDELETE_FAILED",
    ]
    assert told[3]["message"] == "Entity's parent is in the recycle bin"
    assert rest.get(f"sobjects/CaseComment/{comment}").status == 200


def merge(rest, master, *losers, more=""):
    ids = "".join(f"<recordToMergeIds>{identity}</recordToMergeIds>" for identity in losers)
    record = f"<masterRecord><type>Account</type><Id>{master}</Id>{more}</masterRecord>"
    return call(rest, "merge", f"<request>{record}{ids}</request>")


def test_merge_moves_the_children_and_deletes_the_others(rest):
    master, one, two = (create(rest, "Account", Name=n, Site=n) for n in ("M", "O", "T"))
    child = create(rest, "Contact", LastName="C", AccountId=one)
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2024-05-01", "AccountId": two}
    deal = create(rest, "Opportunity", **deal)
    more = "<Name>Merged</Name><fieldsToNull>Site</fieldsToNull>"
    [told] = merge(rest, master, one, two[:15], more=more)
    assert (told["id"], told["success"]) == (master, "true")
    assert told["updatedRelatedIds"] in (child, deal)
    record = rest.get(f"sobjects/Account/{master}?fields=Name,Site").json
    assert (record["Name"], record["Site"]) == ("Merged", None)
    assert rest.get(f"sobjects/Contact/{child}").json["AccountId"] == master
    assert rest.get(f"sobjects/Opportunity/{deal}").json["AccountId"] == master
    soql = "SELECT Name, MasterRecordId FROM Account WHERE IsDeleted = true"
    gone = rest.get("queryAll?q=" + quote(soql)).json["records"]
    assert {record["MasterRecordId"] for record in gone} == {master}
    assert len(gone) == 2


def test_a_merge_that_cannot_be_changes_nothing(rest):
    master, other = (create(rest, "Account", Name=n) for n in ("M", "O"))
    for losers in ((master,), ("001000000000009AAA",), (other, other)):
        [told] = merge(rest, master, *losers, more="<Name>X</Name>")
        assert (told["success"], told["statusCode"]) == ("false", "INVALID_CROSS_REFERENCE_KEY")
    [told] = merge(rest, master, other, more="<NumberOfEmployees>x</NumberOfEmployees>")
    assert told["success"] == "false"
    assert merge(rest, master, other, more="<Nope>x</Nope>") == "INVALID_FIELD"
    assert merge(rest, master) == "INVALID_NUMBER_OF_RECORDS"
    assert names(rest, "SELECT Name FROM Account") == ["M", "O"]


@pytest.mark.parametrize(
    "header",
    [
        "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>",
        "<CallOptions><defaultNamespace>acme</defaultNamespace></CallOptions>",
        "<PackageVersionHeader><packageVersions/></PackageVersionHeader>",
    ],
)
def test_a_header_that_would_change_what_is_done_is_refused(rest, header):
    account = create(rest, "Account", Name="A")
    rest.call("DELETE", f"sobjects/Account/{account}")
    content = f"<ids>{account}</ids>"
    assert call(rest, "undelete", content, headers=header) == "INVALID_OPERATION"
    plain = "<AllOrNoneHeader><allOrNone>false</allOrNone></AllOrNoneHeader>"
    [told] = call(rest, "undelete", content, headers=plain)
    assert told["success"] == "true"


@pytest.mark.parametrize("name", ["undelete", "merge"])
def test_both_need_a_session(rest, name):
    assert call(rest, name, "", token="x") == "INVALID_SESSION_ID"


def test_more_records_than_a_call_takes_bring_none_back(rest):
    account = create(rest, "Account", Name="A")
    rest.call("DELETE", f"sobjects/Account/{account}")
    assert undelete(rest, *[account] * 201) == "EXCEEDED_ID_LIMIT"
    assert names(rest, "SELECT Name FROM Account") == []


def test_other_calls_about_records_are_refused_by_name(rest):
    assert call(rest, "convertLead", "") == "INVALID_OPERATION"


# frontdoor.jsp


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("", "/"),
        ("/lightning/page", "/lightning/page"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/a\r\nX: y", "/"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_opens_the_org_in_a_browser_and_leads_nowhere_else(
    rest, emulator, method, target, location
):
    given = {"sid": rest.token, "retURL": target}
    place = {"params": given} if method == "GET" else {"data": given}
    url = f"{emulator.url}/secur/frontdoor.jsp"
    answer = requests.request(method, url, allow_redirects=False, timeout=10, **place)
    assert (answer.status_code, answer.headers["Location"]) == (302, location)
    assert answer.cookies["sid"].strip('"') == rest.token


def test_no_session_gets_no_cookie_and_a_one_time_password_is_refused_by_name(emulator):
    url = f"{emulator.url}/secur/frontdoor.jsp"
    answer = requests.get(url, {"sid": "x"}, allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/?ec=302")
    assert "Set-Cookie" not in answer.headers
    answer = requests.get(url, {"otp": "x"}, timeout=10)
    assert (answer.status_code, "otp" in answer.text) == (400, True)
