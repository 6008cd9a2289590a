"""The control API: an org driven over HTTP, and under which names it may be called."""

import ssl
import subprocess

import pytest
import requests
from rest_client import RestClient

from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture
def control(emulator):
    """``control(method, path, json)`` below the version's path, with the token; the JSON of the
    answer."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {emulator.control_token}"

        def call(method, path="", document=None, status=200):
            url = f"{emulator.url}/_emulator/v1{path}"
            answer = session.request(method, url, json=document, timeout=10)
            assert answer.status_code == status, answer.text
            return answer.json()

        yield call


def test_it_says_how_to_log_in(emulator, control):
    assert control("GET")["credentials"] == emulator.credentials


def test_a_snapshot_brings_back_records_objects_and_users(emulator, control):
    rest = RestClient(emulator)
    control("POST", "/objects", {"L__c": {"fields": {"Ext__c": "externalId"}}})
    control("POST", "/objects/L__c/rows", [{"Ext__c": "a"}])
    control("POST", "/users", {"username": "etl@example.com"})
    snapshot = control("POST", "/snapshots")["id"]
    for _ in range(2):
        new = rest.call("POST", "sobjects/L__c", {"Ext__c": "b"}).json["id"]
        rest.call("POST", "sobjects/Account", {"Name": "A"})
        control("POST", "/objects", {"M__c": {"fields": {}}})
        control("POST", "/users", {"username": "other@example.com"})
        control("POST", f"/snapshots/{snapshot}/restore")
        assert (emulator.org.count("L__c"), emulator.org.count("Account")) == (1, 0)
        assert emulator.org.schema.get("M__c") is None
        assert [user["username"] for user in control("GET", "/users")] == [
            "admin@example.com",
            "etl@example.com",
        ]
    assert rest.call("POST", "sobjects/L__c", {"Ext__c": "b"}).json["id"] == new
    control("POST", "/snapshots/s9/restore", status=400)


def test_reset_makes_it_new(emulator, control):
    control("POST", "/objects/Account/rows", [{"Name": "A"}])
    assert control("GET", "/objects/Account") == {"count": 1}
    control("POST", "/reset")
    assert control("GET", "/objects/Account") == {"count": 0}


def test_rows_have_an_outcome_each(control):
    rows = [{"Name": "A"}, {"Site": "nameless"}]
    assert [line["success"] for line in control("POST", "/objects/Account/rows", rows)] == [
        True,
        False,
    ]


def test_a_user_and_an_app_can_log_in(emulator, control):
    user = {"username": "etl@example.com", "password": "s", "permissions": ["BulkApiHardDelete"]}
    assert control("POST", "/users", user)["permissions"] == ["BulkApiHardDelete"]
    control("POST", "/apps", {"consumer_key": "k", "consumer_secret": "s"})
    token = control(
        "POST", "/refresh-tokens", {"consumer_key": "k", "username": "etl@example.com"}
    )["refresh_token"]
    form = {"grant_type": "refresh_token", "client_id": "k", "refresh_token": token}
    answer = requests.post(f"{emulator.url}/services/oauth2/token", form, timeout=10).json()
    rest = RestClient(emulator, token=answer["access_token"])
    assert rest.get("query?q=SELECT+Username+FROM+User+WHERE+Username+LIKE+'etl%25'").json[
        "totalSize"
    ]
    assert control("DELETE", "/sessions")["expired"] == 1
    assert rest.get("limits").status == 401


def test_time_faults_requests_and_jobs_are_driven(emulator, bulk1, control):
    assert control("POST", "/clock", {"seconds": 60})["now"] == "2024-01-01T00:01:00+00:00"
    control("POST", "/faults", {"kind": "html_error", "route": "bulk1.job.create"})
    assert bulk1.create_job("insert", "Account").status == 503
    told = control("GET", "/faults")
    assert [rule["kind"] for rule in told["faults"]] == ["html_error"]
    assert told["fired"][0]["path"] == "/services/async/62.0/job"
    control("DELETE", "/faults")
    control("POST", "/jobs/pause")
    job, _ = bulk1.load("insert", "Account", "Name\nA\n")
    assert emulator.org.count("Account") == 0
    assert control("POST", "/jobs/run", {"count": 5}) == {"run": 1}
    assert emulator.org.count("Account") == 1
    control("POST", "/jobs/resume")
    assert [line["id"] for line in control("GET", "/jobs")] == [job]
    assert [line["status"] for line in control("GET", "/requests")] == [503, 201, 201]


@pytest.mark.parametrize(
    ("method", "path", "document", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("PUT", "/reset", None, 405),
        ("POST", "/users", {"username": 1}, 400),
        ("POST", "/users", {"password": "x"}, 400),
        ("POST", "/users", {"username": "a@b.c", "shoe": "x"}, 400),
        ("POST", "/clock", {"seconds": -1}, 400),
        ("POST", "/clock", {"seconds": "x"}, 400),
        ("POST", "/faults", {"kind": "flood"}, 400),
        ("POST", "/objects", {"Pet": {"fields": {}}}, 400),
        ("POST", "/objects/Pet__c/rows", [], 404),
        ("POST", "/objects/Account/rows", [{"Pet__c": 1}], 400),
        ("POST", "/apps", {"consumer_key": "k", "certificate": "/etc/passwd"}, 400),
        ("POST", "/refresh-tokens", {"username": "nobody"}, 400),
        ("POST", "/jobs/run", {"count": -1}, 400),
    ],
)
def test_what_cannot_be_done_is_told(control, method, path, document, status):
    assert control(method, path, document, status)["error"]


def test_a_change_needs_the_token_or_a_page_of_the_emulator_itself(emulator):
    url = f"{emulator.url}/_emulator/v1/reset"
    assert requests.post(url, timeout=10).status_code == 403
    for headers, status in (
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": emulator.url}, 200),
        ({"Authorization": f"Bearer {emulator.control_token}"}, 200),
    ):
        assert requests.post(url, headers=headers, timeout=10).status_code == status


def test_it_is_neither_counted_nor_logged(emulator, control):
    emulator.faults.add("html_error", times=0)
    control("GET")
    assert (emulator.requests, emulator.api_calls) == ([], 0)


# names


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:1", 200),
        ("localhost", 200),
        ("login.localhost:99", 200),
        ("emulator:8080", 200),
        ("[::1]:8080", 200),
        ("ci.example.com", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
    ],
)
def test_only_known_names_are_answered(host, status):
    with SalesforceEmulator(inline=True, allow_hosts=["*.example.com"]) as emulator:
        for path in ("/", "/services/data", "/_emulator/v1"):
            answer = requests.get(emulator.url + path, headers={"Host": host}, timeout=10)
            assert answer.status_code == status
    if status == 421:
        assert "--allow-host" in answer.text


def test_an_org_with_a_name_of_its_own_tells_it_everywhere(tmp_path):
    name = "acme.my.salesforce.com"
    with SalesforceEmulator(inline=True, tls=True, domain=name, data=tmp_path) as emulator:
        port = emulator.url.rpartition(":")[2]
        called = {"Host": f"login.salesforce.com:{port}"}
        form = {
            "grant_type": "password",
            "client_id": emulator.consumer_key,
            "client_secret": emulator.consumer_secret,
            "username": emulator.username,
            "password": emulator.password,
        }
        url = f"{emulator.url}/services/oauth2/token"
        verify = str(emulator.certificate)
        answer = requests.post(url, form, headers=called, verify=verify, timeout=10).json()
        assert answer["instance_url"] == f"https://{name}:{port}"
        assert answer["id"].startswith(f"https://{name}:{port}/id/00D")
        first = emulator.certificate.read_bytes()
        text = subprocess.run(
            ["openssl", "x509", "-in", verify, "-noout", "-text"], capture_output=True, check=True
        ).stdout.decode()
    for told in (name, "*.my.salesforce.com", "login.salesforce.com", "test.salesforce.com"):
        assert f"DNS:{told}" in text
    with SalesforceEmulator(inline=True, tls=True, domain=name, data=tmp_path) as emulator:
        assert emulator.certificate.read_bytes() == first
        ssl.create_default_context(cafile=str(emulator.certificate))
