"""SOAP login and sessions, as simple-salesforce performs and parses them."""

import re
from xml.etree import ElementTree

import pytest
from simple_salesforce import SalesforceLogin
from simple_salesforce.exceptions import SalesforceAuthenticationFailed

from salesforce_bulk.emulator import SalesforceEmulator

PARTNER = "{urn:partner.soap.sforce.com}"
BODY = (
    '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Body>'
    '<login xmlns="urn:partner.soap.sforce.com"><username>{user}</username>'
    "<password>{password}</password></login></se:Body></se:Envelope>"
)


def log_in(emulator, version="64.0", **changes):
    arguments = {
        "username": emulator.username,
        "password": emulator.password,
        "security_token": emulator.security_token,
        **changes,
    }
    return SalesforceLogin(**arguments, scratch_url=emulator.url, sf_version=version)


def post(bulk1, body, version="64.0", headers=(("SOAPAction", '""'),)):
    return bulk1.call("POST", f"/services/Soap/u/{version}", body, "text/xml", headers)


def test_simple_salesforce_logs_in_and_its_token_opens_the_bulk_api(emulator, connect):
    token, host = log_in(emulator)
    assert host == emulator.host
    assert token.startswith(f"{emulator.org.org_id[:15]}!")
    assert connect(emulator, token=token).create_job("insert", "Account").status == 201


@pytest.mark.parametrize("given", ["", None])
def test_no_token_is_needed_from_a_local_address(emulator, given):
    changes = {"security_token": given}
    if given is None:
        changes["organizationId"] = emulator.org.org_id
    assert log_in(emulator, **changes)[1] == emulator.host


def test_reserved_characters_in_user_name_and_password_survive(emulator):
    user = emulator.org.admin
    user.username, user.password, user.security_token = "a&b@<x>.com", "p<&>\"'é", "tok"
    emulator.org.users[user.username] = user
    token, _ = log_in(
        emulator, username=user.username, password=user.password, security_token="tok"
    )
    assert emulator.sessions.find(token).user is user


@pytest.mark.parametrize("wrong", ["username", "password", "security_token"])
def test_wrong_credentials_are_a_fault(emulator, wrong):
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        log_in(emulator, **{wrong: "wrong"})
    assert caught.value.code == "INVALID_LOGIN"
    assert "security token; or user locked out" in str(caught.value)
    assert len(emulator.sessions) == 0


def test_success_has_the_documented_elements_without_prefix(emulator, bulk1):
    answer = post(bulk1, BODY.format(user=emulator.username, password="passwordtoken"))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml;charset=UTF-8"
    result = ElementTree.fromstring(answer.text).find(f".//{PARTNER}result")
    org_id = emulator.org.org_id
    assert (
        result.find(f"{PARTNER}serverUrl").text
        == f"{emulator.url}/services/Soap/u/64.0/{org_id[:15]}"
    )
    assert [child.tag.removeprefix(PARTNER) for child in result] == [
        "metadataServerUrl",
        "passwordExpired",
        "sandbox",
        "serverUrl",
        "sessionId",
        "userId",
        "userInfo",
    ]
    assert result.find(f"{PARTNER}userInfo/{PARTNER}organizationId").text == org_id
    for name in ("sessionId", "serverUrl", "userId", "organizationId"):
        assert re.search(f"<{name}>[^<]+</{name}>", answer.text)


def test_server_url_is_the_origin_that_the_client_called(connect):
    headers = {"SOAPAction": "login", "Host": "org.example:8443"}
    with SalesforceEmulator(inline=True, allow_hosts=["org.example"]) as emulator:
        body = BODY.format(user=emulator.username, password="password")
        answer = post(connect(emulator), body, headers=headers)
    assert "<serverUrl>http://org.example:8443/services/Soap/u/64.0/" in answer.text


def test_fault_is_as_documented(emulator, bulk1):
    answer = post(bulk1, BODY.format(user="nobody", password="x"))
    assert answer.status == 500
    assert "<faultcode>INVALID_LOGIN</faultcode>" in answer.text
    assert "<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>" in answer.text
    ElementTree.fromstring(answer.text)


@pytest.mark.parametrize(
    ("version", "code"),
    [
        ("65.0", "INVALID_OPERATION"),
        ("30.0", "UNSUPPORTED_API_VERSION"),
        ("bad", "UNSUPPORTED_API_VERSION"),
    ],
)
def test_login_exists_from_31_to_64(emulator, version, code):
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        log_in(emulator, version)
    assert caught.value.code == code
    assert log_in(emulator, "31.0")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not xml",
        "<a/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        BODY.format(user="x", password="y")[:-5],
        BODY.replace("login", "describeGlobal"),
    ],
)
def test_what_is_no_login_is_a_fault(bulk1, body):
    answer = post(bulk1, body)
    assert answer.status == 500
    assert "<sf:exceptionCode>" in answer.text
    assert "InternalServerError" not in answer.text


def test_session_dies_without_activity_and_lives_by_it(emulator, clock, bulk1):
    clock.advance(7_000)
    assert bulk1.create_job("insert", "Account").status == 201
    clock.advance(7_000)
    assert bulk1.create_job("insert", "Account").status == 201
    clock.advance(7_201)
    assert bulk1.create_job("insert", "Account").error == (
        400,
        "InvalidSessionId",
        "Invalid session id",
    )


@pytest.mark.parametrize(("sent", "form"), [("application/json", "json"), (None, "xml")])
def test_dead_session_is_http_400_in_the_form_of_the_request(emulator, bulk1, sent, form):
    emulator.sessions.expire_all()
    answer = bulk1.get("job/750000000000000", sent)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == f"application/{form}"
    assert answer.value("exceptionCode") == "InvalidSessionId"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-SFDC-Session": "{}"},
        {"X-SFDC-SESSION": "Bearer {}"},
        {"Authorization": "Bearer {}", "X-SFDC-Session": ""},
        {"Authorization": "OAuth {}", "X-SFDC-Session": ""},
    ],
)
def test_token_is_taken_bare_or_with_its_scheme(bulk1, headers):
    sent = {name: value.format(bulk1.token) for name, value in headers.items()}
    bulk1.token = ""
    assert bulk1.get("job/750000000000000", headers=sent).value("exceptionCode") == "InvalidJob"


def soap(bulk1, operation, content="", header=None, version="68.0", kind="u"):
    """A call with a session; the status and the text of the answer."""
    if header is None:
        header = f"<SessionHeader><sessionId>{bulk1.token}</sessionId></SessionHeader>"
    document = (
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/">'
        f'<se:Header>{header}</se:Header><se:Body><{operation} xmlns="urn:partner.soap.sforce.com">'
        f"{content}</{operation}></se:Body></se:Envelope>"
    )
    path = f"/services/Soap/{kind}/{version}"
    answer = bulk1.call("POST", path, document, "text/xml", {"SOAPAction": operation})
    return answer.status, answer.text


def test_the_timestamp_and_the_user_of_a_session_are_told_in_every_version(emulator, bulk1):
    status, text = soap(bulk1, "getServerTimestamp")
    assert status == 200
    assert "<timestamp>2024-01-01T00:00:00.000Z</timestamp>" in text
    status, text = soap(bulk1, "getUserInfo", version="31.0")
    assert f"<userName>{emulator.username}</userName>" in text
    assert f"<organizationId>{emulator.org.org_id}</organizationId>" in text


def test_a_logout_ends_the_session(bulk1):
    assert soap(bulk1, "logout")[0] == 200
    for operation in ("logout", "getUserInfo", "getServerTimestamp"):
        status, text = soap(bulk1, operation)
        assert status == 500
        assert "<sf:exceptionCode>INVALID_SESSION_ID</sf:exceptionCode>" in text


@pytest.mark.parametrize("version", ["31.0", "64.0", "68.0"])
@pytest.mark.parametrize("operation", ["create", "describeSObject", "query", "convertLead"])
def test_other_calls_are_refused_by_name_in_every_version(bulk1, operation, version):
    status, text = soap(bulk1, operation, version=version)
    assert status == 500
    assert f"SOAP call {operation} is not emulated" in text


@pytest.mark.parametrize(("kind", "name"), [("m", "the Metadata API"), ("s", "the Apex API")])
def test_other_soap_apis_are_refused_by_name(bulk1, kind, name):
    assert f"{name} is not emulated" in soap(bulk1, "describeMetadata", kind=kind)[1]


@pytest.mark.parametrize("sandbox", [0, 1])
def test_the_login_says_sandbox_as_the_organization_record_does(emulator, bulk1, sandbox):
    with emulator.org.store.writing() as connection:
        connection.execute("UPDATE Organization SET IsSandbox = ?", (sandbox,))
    answer = post(bulk1, BODY.format(user=emulator.username, password="password"))
    assert f"<sandbox>{'true' if sandbox else 'false'}</sandbox>" in answer.text


def test_a_login_may_name_its_org_and_no_portal(emulator, bulk1):
    login = f"<username>{emulator.username}</username><password>password</password>"
    scopes = {
        f"<organizationId>{emulator.org.org_id[:15]}</organizationId>": 200,
        "<organizationId>00D000000000009</organizationId>": 500,
        "<portalId>060000000000001</portalId>": 500,
    }
    for scope, status in scopes.items():
        header = f"<LoginScopeHeader>{scope}</LoginScopeHeader>"
        assert soap(bulk1, "login", login, header, "64.0")[0] == status, scope
