"""simple-salesforce, unmodified, against the emulator: an independent client as a witness.

It knows https only, and only hosts below salesforce.com: its session carries the emulator's
certificate, and leads those hosts to the emulator.
"""

import base64
import csv
import datetime
import io
import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceOperationError,
    SalesforceResourceNotFound,
)

from salesforce_bulk.emulator import SalesforceEmulator


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key): self-signed, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    directory = tmp_path_factory.mktemp("certificate")
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


@pytest.fixture(scope="module")
def secure(certificate):
    with SalesforceEmulator(inline=True, tls=certificate) as emulator:
        yield emulator


class ToTheEmulator(requests.adapters.HTTPAdapter):
    """Leads requests for ``*.salesforce.com`` to the emulator."""

    def __init__(self, url):
        super().__init__()
        self._url = url

    def send(self, request, *args, **options):
        if urlsplit(request.url).hostname.endswith(".salesforce.com"):
            request.url = self._url + request.path_url
        return super().send(request, *args, **options)


@pytest.fixture
def session(secure, certificate):
    secure.reset()
    with requests.Session() as opened:
        opened.trust_env = False
        opened.verify = str(certificate[0])
        opened.mount("https://", ToTheEmulator(secure.url))
        yield opened


def login(secure, session, **more):
    return Salesforce(
        **{
            "username": secure.username,
            "password": secure.password,
            "security_token": secure.security_token,
            "session": session,
            **more,
        }
    )


@pytest.fixture
def sf(secure, session):
    return login(secure, session)


@pytest.fixture
def load(secure):
    secure.define_object(
        "Load__c", {"Ext__c": "externalId", "Amount__c": "number", "Twin__c": "externalId"}
    )


def test_its_own_login_reaches_the_org(sf, secure):
    assert (sf.auth_type, sf.sf_instance) == ("password", secure.host)
    assert sf.session_id.startswith(secure.org.org_id[:15] + "!")
    assert sf.query("SELECT Id FROM User")["totalSize"] == 1


def test_its_login_to_a_scratch_org_too(secure, session):
    token, instance = SalesforceLogin(
        username=secure.username,
        password=secure.password,
        security_token=secure.security_token,
        scratch_url=secure.url,
        session=session,
    )
    sf = Salesforce(session_id=token, instance_url=f"https://{instance}", session=session)
    assert sf.query("SELECT Id FROM User")["totalSize"] == 1


def test_a_wrong_password_is_its_login_error(secure, session):
    with pytest.raises(SalesforceAuthenticationFailed) as raised:
        login(secure, session, password="wrong")
    assert raised.value.code == "INVALID_LOGIN"


def test_records_are_created_read_changed_and_deleted(sf):
    created = sf.Contact.create({"LastName": "Smith", "Email": "a@example.com"})
    assert created["success"] is True
    identity = created["id"]
    assert sf.Contact.get(identity)["LastName"] == "Smith"
    assert sf.Contact.update(identity, {"LastName": "Jones", "Email": None}) == 204
    assert sf.Contact.get(identity)["Email"] is None
    assert sf.Contact.delete(identity) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.get(identity)
    assert sf.query_all("SELECT Id FROM Contact", include_deleted=True)["totalSize"] == 1


def test_records_are_found_and_upserted_by_a_key(sf, load):
    key = "Ext__c/a%2Fb c"
    assert sf.Load__c.upsert(key, {"Amount__c": 1}) == 201
    assert sf.Load__c.upsert(key, {"Amount__c": 2}) == 200
    assert sf.Load__c.get("Ext__c/a%2Fb c")["Amount__c"] == 2
    with pytest.raises(SalesforceResourceNotFound):
        sf.Load__c.get_by_custom_id("Ext__c", "nobody")
    assert sf.Load__c.delete(key) == 204


def test_a_key_of_two_records_is_its_more_than_one_error(sf, load, secure):
    ids = [sf.Load__c.create({"Twin__c": "t"})["id"] for _ in range(2)]
    with pytest.raises(SalesforceMoreThanOneRecord) as raised:
        sf.Load__c.get_by_custom_id("Twin__c", "t")
    assert raised.value.content == [
        f"/services/data/v59.0/sobjects/Load__c/{identity}" for identity in ids
    ]


def test_errors_are_the_ones_it_knows(sf, secure):
    with pytest.raises(SalesforceMalformedRequest) as raised:
        sf.Contact.create({"FirstName": "only"})
    assert raised.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    with pytest.raises(SalesforceMalformedRequest):
        sf.query("SELEKT")
    secure.sessions.expire_all()
    with pytest.raises(SalesforceExpiredSession):
        Salesforce(session_id=sf.session_id, instance_url=secure.url, session=sf.session).limits()


def test_it_logs_in_again_when_the_session_is_gone(sf, secure):
    before = sf.session_id
    secure.sessions.expire_all()
    assert sf.query("SELECT Id FROM User")["totalSize"] == 1
    assert sf.session_id != before


def test_describes_limits_and_usage(sf):
    assert {"Account", "Contact"} <= {entry["name"] for entry in sf.describe()["sobjects"]}
    fields = {field["name"]: field for field in sf.Account.describe()["fields"]}
    assert fields["Name"]["nillable"] is False
    assert sf.Account.metadata()["objectDescribe"]["keyPrefix"] == "001"
    assert sf.limits()["DailyBulkApiBatches"]["Max"] == 15_000
    assert sf.api_usage["api-usage"].total == 5_000_000
    assert sf.is_sandbox() is True


def test_queries_with_parents_children_and_pages(sf, secure):
    account = sf.Account.create({"Name": "Acme"})["id"]
    plan = secure.org.plan_write("insert", "Contact", ["LastName", "AccountId"])
    plan.write([[f"C{n}", account] for n in range(4_500)])
    first = sf.query("SELECT LastName, Account.Name FROM Contact ORDER BY Id")
    assert (len(first["records"]), first["done"], first["totalSize"]) == (2_000, False, 4_500)
    assert first["records"][0]["Account"]["Name"] == "Acme"
    second = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    assert second["records"][0]["LastName"] == "C2000"
    again = sf.query_more(first["nextRecordsUrl"].rpartition("/")[2])
    assert again["records"] == second["records"]
    names = [r["LastName"] for r in sf.query_all_iter("SELECT LastName FROM Contact ORDER BY Id")]
    assert names == [f"C{n}" for n in range(4_500)]
    soql = "SELECT Name, (SELECT LastName FROM Contacts LIMIT 2) FROM Account"
    [parent] = sf.query_all(soql)["records"]
    assert parent["Contacts"]["totalSize"] == 2


def test_an_attachments_body(sf, tmp_path):
    parent = sf.Account.create({"Name": "A"})["id"]
    body = bytes(range(256))
    identity = sf.Attachment.create(
        {"ParentId": parent, "Name": "a.bin", "Body": base64.b64encode(body).decode()}
    )["id"]
    assert sf.Attachment.get_base64(identity) == body


# Bulk API 1.0


def test_its_bulk_inserts_changes_queries_and_deletes(sf, load):
    rows = [{"Ext__c": f"E{n}", "Amount__c": n} for n in range(450)]
    done = sf.bulk.Load__c.insert(rows, batch_size=200)
    assert [r["success"] for r in done] == [True] * 450
    ids = [r["id"] for r in done]
    changed = sf.bulk.Load__c.update(
        [{"Id": ids[0], "Amount__c": -1}, {"Id": "a00x", "Amount__c": 1}]
    )
    assert [r["success"] for r in changed] == [True, False]
    assert changed[1]["errors"][0]["statusCode"] == "MALFORMED_ID"
    upserted = sf.bulk.Load__c.upsert(
        [{"Ext__c": "E1", "Amount__c": 7.5}, {"Ext__c": "new"}], "Ext__c", batch_size=10_000
    )
    assert [r["created"] for r in upserted] == [False, True]
    found = sf.bulk.Load__c.query("SELECT Ext__c, Amount__c FROM Load__c ORDER BY Ext__c LIMIT 3")
    assert [(r["Ext__c"], r["Amount__c"]) for r in found] == [
        ("E0", -1.0),
        ("E1", 7.5),
        ("E10", 10.0),
    ]
    assert all(r["success"] for r in sf.bulk.Load__c.delete([{"Id": i} for i in ids]))
    assert len(list(sf.bulk.Load__c.query("SELECT Id FROM Load__c"))) == 1
    assert len(list(sf.bulk.Load__c.query_all("SELECT Id FROM Load__c"))) == 451


# Bulk API 2.0


def rows_of(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_its_bulk2_loads_and_tells_the_three_outcomes(sf, load):
    records = [{"Ext__c": "A", "Amount__c": "912260031"}, {"Ext__c": "B", "Amount__c": "many"}]
    [job] = sf.bulk2.Load__c.insert(records=records, wait=0)
    assert (
        job["numberRecordsTotal"],
        job["numberRecordsProcessed"],
        job["numberRecordsFailed"],
    ) == (2, 2, 1)
    [good] = rows_of(sf.bulk2.Load__c.get_successful_records(job["job_id"]))
    assert (good["sf__Created"], good["Ext__c"], good["Amount__c"]) == ("true", "A", "9.12260031E8")
    [bad] = rows_of(sf.bulk2.Load__c.get_failed_records(job["job_id"]))
    assert bad["sf__Error"].startswith("INVALID_FIELD:Failed to deserialize field at col ")
    every = sf.bulk2.Load__c.get_all_ingest_records(job["job_id"])
    assert {name: len(rows) for name, rows in every.items()} == {
        "successfulRecords": 1,
        "failedRecords": 1,
        "unprocessedRecords": 0,
    }


def test_its_bulk2_splits_files_upserts_updates_and_deletes(sf, load, tmp_path):
    path = tmp_path / "load.csv"
    path.write_text("Ext__c,Amount__c\n" + "".join(f"E{n},{n}\n" for n in range(450)), "utf-8")
    jobs = sf.bulk2.Load__c.insert(csv_file=str(path), batch_size=200, wait=0, concurrency=2)
    assert sorted(job["numberRecordsProcessed"] for job in jobs) == [50, 200, 200]
    [job] = sf.bulk2.Load__c.upsert(
        records=[{"Ext__c": "E1", "Amount__c": "5"}, {"Ext__c": "new", "Amount__c": "6"}],
        external_id_field="Ext__c",
        wait=0,
    )
    outcome = rows_of(sf.bulk2.Load__c.get_successful_records(job["job_id"]))
    assert {(r["Ext__c"], r["sf__Created"]) for r in outcome} == {("E1", "false"), ("new", "true")}
    ids = [{"Id": r["sf__Id"]} for r in outcome]
    sf.bulk2.Load__c.update(records=[{**ids[0], "Amount__c": "8"}], wait=0)
    sf.bulk2.Load__c.delete(records=ids, wait=0)
    assert sf.query("SELECT Id FROM Load__c")["totalSize"] == 449


def test_its_bulk2_reads_pages_as_text_and_as_files(sf, load, secure, tmp_path):
    plan = secure.org.plan_write("insert", "Load__c", ["Ext__c"])
    plan.write([[f"É{n:03}"] for n in range(250)])
    soql = "SELECT Ext__c FROM Load__c ORDER BY Ext__c"
    pages = list(sf.bulk2.Load__c.query(soql, max_records=100, wait=0))
    assert [len(rows_of(page)) for page in pages] == [100, 100, 50]
    wanted = [f"É{n:03}" for n in range(250)]
    assert [row["Ext__c"] for page in pages for row in rows_of(page)] == wanted
    files = sf.bulk2.Load__c.download(soql, path=str(tmp_path), max_records=200, wait=0)
    assert [file["number_of_records"] for file in files] == [200, 50]
    text = Path(files[1]["file"]).read_bytes().decode("utf-8")
    assert [row["Ext__c"] for row in rows_of(text)] == wanted[200:]


def test_a_failed_job_is_its_operation_error(sf):
    with pytest.raises(SalesforceOperationError, match="Field name not found : Bogus"):
        sf.bulk2.Account.insert(records=[{"Bogus": "x"}], wait=0)


def test_its_search_finds_records(sf):
    sf.Account.create({"Name": "Acme Rockets"})
    found = sf.search("FIND {Rockets} RETURNING Account(Name)")
    assert [record["Name"] for record in found["searchRecords"]] == ["Acme Rockets"]
    assert len(sf.quick_search("Acme")["searchRecords"]) == 1


def test_it_is_told_what_changed_and_how_records_are_laid_out(sf):
    kept, gone = (sf.Account.create({"Name": name})["id"] for name in "AB")
    sf.Account.delete(gone)
    now = datetime.datetime.now(datetime.timezone.utc)
    window = now - datetime.timedelta(days=1), now + datetime.timedelta(days=1)
    assert sf.Account.updated(*window)["ids"] == [kept]
    assert [r["id"] for r in sf.Account.deleted(*window)["deletedRecords"]] == [gone]
    assert sf.Account.describe_layout("012000000000000AAA")["detailLayoutSections"]


def test_its_other_calls_of_rest_work(sf, secure):
    assert sf.limits()["DailyApiRequests"]["Remaining"] > 0
    assert sf.is_sandbox() is True
    sf.set_password(secure.org.admin.id, "better")
    assert secure.org.admin.password == "better"
    assert sf.oauth2("userinfo")["preferred_username"] == secure.username
    record = {"attributes": {"type": "Account"}, "Name": "A"}
    made = sf.restful("composite/sobjects", method="POST", json={"records": [record]})
    assert made[0]["success"] is True
    with pytest.raises(SalesforceResourceNotFound, match="apexrest/x is not emulated"):
        sf.apexecute("x", method="GET")
