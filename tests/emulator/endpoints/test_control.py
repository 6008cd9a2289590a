"""The control API: an org driven over HTTP, and under which names it may be called."""

import gzip
import json
import re
import ssl
import subprocess
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
import requests
from rest_client import RestClient

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.dialect import random_dialect


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


def login_body(username, password):
    return (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        '<n1:login xmlns:n1="urn:partner.soap.sforce.com">'
        f"<n1:username>{username}</n1:username><n1:password>{password}</n1:password>"
        "</n1:login></e:Body></e:Envelope>"
    )


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
    assert control("GET", "/objects/Account")["count"] == 1
    control("POST", "/reset")
    assert control("GET", "/objects/Account")["count"] == 0


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
        ("POST", "/users", {"username": "a@b.c", "permissions": "ApiEnabled"}, 400),
        ("POST", "/users", {"username": "a@b.c", "permissions": [1]}, 400),
        ("POST", "/users", {"username": "a@b.c", "password": None}, 400),
        ("POST", "/faults", {"kind": "html_error", "status": "503"}, 400),
        ("POST", "/faults", {"kind": "html_error", "route": "bulk1.jobs"}, 400),
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
        ("GET", "/jobs/750000000000001", None, 404),
        ("GET", "/jobs?last=-1", None, 400),
        ("GET", "/requests/99", None, 404),
        ("GET", "/objects/Account/rows?after=x'", None, 400),
        ("GET", "/objects/Account/rows/001000000000009", None, 404),
        ("GET", "/objects/Account/rows/x", None, 404),
        ("GET", "/query?soql=SELECT+Nope+FROM+Account", None, 400),
        ("GET", "/query", None, 400),
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
        ({"Authorization": f"bearer {emulator.control_token}"}, 200),
        ({"Authorization": f"BEARER {emulator.control_token}"}, 200),
        ({"Authorization": emulator.control_token}, 200),
        ({"Authorization": f"Basic {emulator.control_token}"}, 403),
    ):
        assert requests.post(url, headers=headers, timeout=10).status_code == status


def test_the_dialect_is_told(control):
    assert control("GET", "/dialect") == {}
    dialect = random_dialect(7).chosen
    with SalesforceEmulator(inline=True, dialect=dialect) as other:
        assert requests.get(f"{other.url}/_emulator/v1/dialect", timeout=10).json() == dialect


def test_it_is_neither_counted_nor_logged(emulator, control):
    emulator.faults.add("html_error", times=0)
    control("GET")
    assert (emulator.requests, emulator.api_calls) == ([], 0)


# jobs


def test_a_load_of_either_api_is_read_back_row_by_row(emulator, bulk1, control):
    """CSV, XML and JSON of Bulk API 1.0, and the three files of 2.0."""
    records = [{"Name": "A"}, {"Site": "nameless"}]
    bodies = {
        "CSV": "Name,Site\nA,\n,nameless\n",
        "JSON": json.dumps(records),
        "XML": '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        "<sObject><Name>A</Name></sObject><sObject><Site>nameless</Site></sObject></sObjects>",
    }
    for content_type, body in bodies.items():
        job, batch = bulk1.load("insert", "Account", body, content_type)
        rows = control("GET", f"/jobs/{job}/batches/{batch}/rows")
        assert rows["columns"] == ["Name", "Site"]
        first, second = rows["rows"]
        assert (first["number"], first["outcome"], first["cells"]) == (1, "created", ["A", ""])
        assert (second["outcome"], second["id"], second["cells"]) == (
            "failed",
            "",
            ["", "nameless"],
        )
        assert second["error"].startswith("REQUIRED_FIELD_MISSING:Required fields are missing")
        text = control("GET", f"/jobs/{job}/batches/{batch}/body")
        assert (text["text"], text["bytes"]) == (body, len(body))
        assert control("GET", f"/jobs/{job}/batches/{batch}/results/0")["bytes"] > 0
    job = RestClient(emulator).load("insert", "Account", bodies["CSV"])
    [batch] = control("GET", f"/jobs/{job}")["batches"]
    rows = control("GET", f"/jobs/{job}/batches/{batch['id']}/rows")
    assert [(row["outcome"], row["cells"]) for row in rows["rows"]] == [
        ("failed", ["", "nameless"]),
        ("created", ["A", ""]),
    ]
    failed = control("GET", f"/jobs/{job}/batches/{batch['id']}/rows?outcome=failed&limit=1")
    assert (len(failed["rows"]), failed["more"]) == (1, False)
    assert control("GET", f"/jobs/{job}/batches/{batch['id']}/body")["text"] == bodies["CSV"]


def test_rows_and_text_come_a_window_at_a_time(bulk1, control):
    body = "Name\n" + "".join(f"N{i}\n" for i in range(20_000))
    job, batch = bulk1.load("insert", "Account", body[: len("Name\n") + 7 * 9_000])
    path = f"/jobs/{job}/batches/{batch}"
    rows = control("GET", f"{path}/rows?offset=5&limit=2")
    assert [row["number"] for row in rows["rows"]] == [6, 7]
    assert rows["more"] is True
    text = control("GET", f"{path}/body?offset=5")
    assert text["text"].startswith("N0\n")
    assert len(text["text"]) == min(65_536, text["bytes"] - 5)


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [("Name\nA\n", "good"), ('Name\nA\n""\n', "partly"), ('Name\n""\n', "bad"), ("No\nx\n", "bad")],
)
def test_a_finished_job_without_a_row_that_went_well_is_bad(emulator, control, rows, verdict):
    """Though Salesforce calls it JobComplete."""
    job = RestClient(emulator).load("insert", "Account", rows)
    told = control("GET", f"/jobs/{job}")
    assert told["verdict"] == verdict
    assert (told["state"] == "Failed") == bool(told["messages"]) == (rows == "No\nx\n")


def test_results_of_a_query_are_read_as_a_table(emulator, bulk1, control):
    control("POST", "/objects/Account/rows", [{"Name": 'A,"1"'}, {"Name": "B"}])
    job = bulk1.job("query", "Account")
    batch = bulk1.batch(job, "SELECT Name FROM Account ORDER BY Name")
    table = control("GET", f"/jobs/{job}/batches/{batch}/results/0/rows?limit=1")
    assert table == {"columns": ["Name"], "rows": [['A,"1"']], "more": True}
    control("GET", f"/jobs/{job}/batches/{batch}/results/1", status=404)
    control("GET", f"/jobs/{job}/batches/{batch}/rows", status=400)


# records


def test_records_are_paged_shown_changed_and_deleted(emulator, control):
    control("POST", "/objects/Account/rows", [{"Name": f"N{i}"} for i in range(5)])
    names, after = [], ""
    while True:
        page = control("GET", f"/objects/account/rows?limit=2&after={after}")
        names += [row["Name"] for row in page["rows"]]
        if not page["more"]:
            break
        after = page["rows"][-1]["Id"]
    assert names == ["N0", "N1", "N2", "N3", "N4"]
    path = f"/objects/Account/rows/{after}"
    assert control("PATCH", path, {"Name": "Changed", "NumberOfEmployees": 7})["success"]
    assert control("GET", path)["NumberOfEmployees"] == 7
    assert not control("PATCH", path, {"Name": None})["success"]
    control("PATCH", path, {"NumberOfEmployees": "many"}, status=400)
    assert control("DELETE", path)["success"]
    control("GET", path, status=404)
    assert not control("DELETE", path)["success"]


def test_an_object_tells_its_fields(control):
    fields = {field["name"]: field for field in control("GET", "/objects/Account")["fields"]}
    assert fields["Name"]["required"] is True
    assert fields["Id"]["updateable"] is False
    assert "Prospect" in fields["Type"]["values"]


def test_a_query_answers_with_rows_children_and_a_csv_file(emulator, control):
    [account] = control("POST", "/objects/Account/rows", [{"Name": 'A "1"'}])
    control("POST", "/objects/Contact/rows", [{"LastName": "C", "AccountId": account["id"]}])
    soql = "SELECT Name, Owner.Name, IsDeleted, (SELECT LastName FROM Contacts) FROM Account"
    told = control("GET", f"/query?soql={soql}")
    assert told["columns"] == ["Name", "Owner.Name", "IsDeleted", "Contacts"]
    [[name, owner, deleted, [child]]] = told["rows"]
    assert (name, owner, deleted, child["LastName"]) == ('A "1"', "Admin User", False, "C")
    url = f"{emulator.url}/_emulator/v1/query/csv"
    answer = requests.get(url, {"soql": "SELECT Name, IsDeleted FROM Account"}, timeout=10)
    assert answer.text == '"Name","IsDeleted"\n"A ""1""","false"\n'
    assert control("GET", "/query?soql=SELECT COUNT() FROM Account")["rows"] == [[1]]
    grouped = control("GET", "/query?soql=SELECT Name, COUNT(Id) n FROM Account GROUP BY Name")
    assert (grouped["columns"], grouped["rows"]) == (["Name", "n"], [['A "1"', 1]])


@pytest.mark.parametrize(
    ("soql", "code", "word"),
    [
        ("SELECT Id,\n Nope FROM Account", "INVALID_FIELD", "Nope"),
        ("SELECT Id FROM Account WHERE Name == 'x'", "MALFORMED_QUERY", "= 'x'"),
        ("SELEKT Id FROM Account", "MALFORMED_QUERY", "SELEKT"),
    ],
)
def test_an_error_of_a_query_has_its_place(control, soql, code, word):
    told = control("GET", f"/query?soql={quote(soql)}", status=400)
    assert told["code"] == code
    assert soql[told["at"] :].startswith(word)


# requests


def test_a_request_is_shown_without_its_secrets(emulator, bulk1, control):
    password = "Pa55<&>w0rd"
    control("POST", "/users", {"username": emulator.username, "password": password})
    body = login_body(emulator.username, escape(password))
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    url = f"{emulator.url}/services/Soap/u/64.0"
    session = re.search("<sessionId>(.*?)<", requests.post(url, body, headers=headers).text)[1]
    form = {
        "grant_type": "password",
        "client_id": emulator.consumer_key,
        "client_secret": emulator.consumer_secret,
        "username": emulator.username,
        "password": password,
    }
    token = requests.post(f"{emulator.url}/services/oauth2/token", form).json()["access_token"]
    requests.get(
        f"{emulator.url}/services/oauth2/userinfo?access_token={token}",
        headers={"Authorization": f"Bearer {token}", "Cookie": f"sid={token}"},
    )
    bulk1.load("insert", "Account", "Name\nA\n")
    shown = [control("GET", f"/requests/{line['number']}") for line in control("GET", "/requests")]
    text = json.dumps(shown)
    for secret in (session, token, bulk1.token, "Pa55", "w0rd", emulator.consumer_secret):
        assert secret not in text
    assert "<n1:username>admin@example.com" in shown[0]["body"]
    assert shown[1]["body"].endswith("password=***")
    assert shown[2]["headers"]["authorization"] == "Bearer ***"
    assert shown[-1]["body"] == "Name\nA\n"
    assert shown[-1]["status"] == 201
    assert "<state>" in shown[-1]["answer_body"]
    numbers = [line["number"] for line in shown]
    assert numbers == sorted(set(numbers))
    assert [line["number"] for line in control("GET", "/requests?last=2")] == numbers[-2:]


def test_bodies_are_shown_unzipped_and_only_their_start(emulator, control):
    client = RestClient(emulator)
    job = client.job()
    content = b"Name\n" + b"N\n" * 50_000
    client.put(job, gzip.compress(content), headers={"Content-Encoding": "gzip"})
    client.get("sobjects/Account/describe", headers={"Accept-Encoding": "gzip"})
    _, upload, describe = (
        control("GET", f"/requests/{line['number']}") for line in control("GET", "/requests")
    )
    assert (upload["body"], upload["body_cut"]) == (content[:4096].decode(), True)
    assert describe["answer_headers"]["Content-Encoding"] == "gzip"
    assert describe["answer_body"].startswith('{"')


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
