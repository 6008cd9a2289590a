"""Bad input and bad luck, one test each: a typed error that names job and batch, and says what
may have been done."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from fast_clock import FastClock
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from urllib3 import Retry

from salesforce_bulk import (
    AmbiguousUpload,
    ApiFault,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    IncompleteBody,
    InvalidEntity,
    InvalidInput,
    InvalidJob,
    InvalidJobState,
    LoginFailed,
    SalesforceBulk,
    SessionExpired,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import Fault, SalesforceEmulator


@pytest.fixture
def client(org: SalesforceEmulator) -> SalesforceBulk:
    """A client that does not wait between its repeats."""
    return org.connect(clock=FastClock(), timeout=5)


def named(error: BulkApiError, job: str | None = None, batch: str | None = None) -> None:
    """The error has the ids in its fields and its text, and keeps them when it is pickled."""
    assert (error.job_id, error.batch_id) == (job, batch)
    # Behind the text of 2.2.0, which ends with the answer, as a note.
    told = "\n".join([str(error), *getattr(error, "__notes__", ())])
    assert (job or "") in told
    assert (batch or "") in told
    assert vars(pickle.loads(pickle.dumps(error))) == vars(error)


def batches_of(org: SalesforceEmulator, job: str) -> int:
    return len(org.connect().get_batch_list(job))


def names_in(org: SalesforceEmulator) -> list[str]:
    """The accounts that the org really has."""
    return [row[0] for row in org.org.query("SELECT Name FROM Account ORDER BY Name")]


def query_job(client: SalesforceBulk, soql: str) -> tuple[str, str]:
    batch = client.query(None, soql)
    return client.lookup_job_id(batch), batch


def test_wrong_password(org: SalesforceEmulator) -> None:
    """LoginFailed with the org's code."""
    with pytest.raises(LoginFailed) as caught:
        org.connect(password="wrong")
    assert caught.value.error_code == "INVALID_LOGIN"


def test_expired_session(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """SessionExpired, at once, for a client that cannot log in; the batch was not added."""
    job = client.create_insert_job("Account")
    other = SalesforceBulk(sessionId=client.sessionId, host=org.url, clock=FastClock())
    other.job_content_types[job] = "CSV"
    org.sessions.expire_all()
    with pytest.raises(SessionExpired) as caught:
        other.post_batch(job, b"Name\nx\n")
    named(caught.value, job)
    assert batches_of(org, job) == 0


def test_unknown_object(client: SalesforceBulk) -> None:
    """The job is refused when it is created."""
    with pytest.raises(ApiFault) as caught:
        client.create_insert_job("NoSuchThing__c")
    assert isinstance(caught.value, (InvalidEntity, InvalidJob))
    assert "NoSuchThing__c" in str(caught.value)


def test_unknown_object_in_a_query(client: SalesforceBulk) -> None:
    """A query of an unknown object is refused with its job, before there is a batch."""
    with pytest.raises((InvalidEntity, InvalidJob), match="NoSuchThing__c"):
        client.query(None, "SELECT Id FROM NoSuchThing__c")


def test_unknown_field_in_a_load(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """The batch fails as a whole, the error names the column, and nothing was written."""
    job = client.create_insert_job("Account")
    batch = client.post_batch(job, b"Name,NoSuchField__c\nx,y\n")
    for call in (client.is_batch_done, client.get_batch_results):
        with pytest.raises(BulkBatchFailed, match="NoSuchField__c") as caught:
            call(batch, job)
        named(caught.value, job, batch)
        assert caught.value.error_code == "InvalidBatch"
    assert names_in(org) == []


def test_unknown_field_in_a_query(client: SalesforceBulk) -> None:
    """The query's batch fails with the vendor's text."""
    job, batch = query_job(client, "SELECT Id, NoSuchField__c FROM Account")
    with pytest.raises(BulkBatchFailed, match="No such column 'NoSuchField__c'") as caught:
        list(client.get_all_results_for_query_batch(batch))
    named(caught.value, job, batch)


def test_bad_soql(client: SalesforceBulk) -> None:
    """SOQL that does not parse fails the batch; SOQL without FROM never leaves."""
    job, batch = query_job(client, "SELECT FROM Account WHERE")
    with pytest.raises(BulkBatchFailed, match="MALFORMED_QUERY") as caught:
        client.wait_for_batch(job, batch)
    named(caught.value, job, batch)
    with pytest.raises(InvalidInput, match="FROM"):
        client.query(None, "SELECT Id")


@pytest.mark.parametrize("body", [b"", "", [], iter([]), iter([b"", ""])])
def test_an_empty_batch(org: SalesforceEmulator, client: SalesforceBulk, body: Any) -> None:
    """A batch without anything in it is refused here; nothing is sent."""
    job = client.create_insert_job("Account")
    calls = org.api_calls
    with pytest.raises(InvalidInput, match="empty") as caught:
        client.post_batch(job, body)
    named(caught.value, job)
    assert org.api_calls == calls


@pytest.mark.parametrize("shape", ["bytes", "iterator"])
def test_a_batch_of_too_many_bytes(
    org: SalesforceEmulator, client: SalesforceBulk, shape: str
) -> None:
    """More than 10,000,000 bytes are refused here; a generator is read no further than that."""
    job = client.create_insert_job("Account")
    calls, taken = org.api_calls, 0

    def pieces() -> Any:
        nonlocal taken
        yield b"Name\n"
        while True:
            taken += 1_000_000
            yield b"x" * 999_999 + b"\n"

    with pytest.raises(InvalidInput, match="10,000,000 bytes") as caught:
        client.post_batch(job, pieces() if shape == "iterator" else b"x" * 10_000_001)
    named(caught.value, job)
    assert org.api_calls == calls
    assert taken <= 11_000_000


def test_a_batch_of_too_many_records(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """More than 10,000 records are refused here; 10,000 are taken."""
    job = client.create_insert_job("Account")
    calls = org.api_calls
    with pytest.raises(InvalidInput, match="10,001 records") as caught:
        client.post_batch(job, b"Name\n" + b"x\n" * 10_001)
    named(caught.value, job)
    assert caught.value.row == 10_001
    assert org.api_calls == calls
    batch = client.post_batch(job, b'Name\n"x\n"\n' + b"x\n" * 9_999)
    assert len(client.get_batch_results(batch, job)) == 10_000


@pytest.mark.parametrize("kind", ["cut", "cut_sized", "cut_unsized"])
@pytest.mark.parametrize("after", [0, 1, 40])
def test_a_download_cut_in_the_middle(
    org: SalesforceEmulator, client: SalesforceBulk, kind: str, after: int
) -> None:
    """A file that breaks off is IncompleteBody with job and batch, whatever its framing."""
    job = client.create_insert_job("Account")
    client.post_batch(job, b"Name\n" + b"Example\n" * 300)
    query, batch = query_job(client, "SELECT Id, Name FROM Account")
    org.faults.add(Fault(kind, path="*/result/*", after_bytes=after))
    (file,) = client.get_all_results_for_query_batch(batch)
    with pytest.raises(IncompleteBody) as caught:
        file.read()
    named(caught.value, query, batch)
    (file,) = client.get_all_results_for_query_batch(batch)
    assert file.read().count(b"\n") == 301


def test_a_corrupt_download(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """Compressed data with an error in it is IncompleteBody."""
    job = client.create_insert_job("Account")
    client.post_batch(job, b"Name\n" + b"Example\n" * 300)
    query, batch = query_job(client, "SELECT Id, Name FROM Account")
    org.faults.add(Fault("corrupt_gzip", path="*/result/*"))
    (file,) = client.get_all_results_for_query_batch(batch)
    with pytest.raises(IncompleteBody) as caught:
        file.read()
    named(caught.value, query, batch)


@pytest.mark.parametrize("kind", ["cut", "cut_sized", "cut_unsized", "answer_lost", "reset_after"])
def test_a_batch_whose_answer_broke_off(
    org: SalesforceEmulator, client: SalesforceBulk, kind: str
) -> None:
    """The rows are in the org, the error says that they may be, and nothing is sent twice."""
    job = client.create_insert_job("Account")
    org.faults.add(Fault(kind, method="POST", path="*/batch", after_bytes=20))
    with pytest.raises(AmbiguousUpload, match="get_batch_list") as caught:
        client.post_batch(job, b"Name\nx\n")
    named(caught.value, job)
    assert names_in(org) == ["x"]
    assert batches_of(org, job) == 1


def test_row_results_cut_in_the_middle(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """Row results that break off are fetched again; they are never fewer rows."""
    job = client.create_insert_job("Account")
    batch = client.post_batch(job, b"Name\n" + b"Example\n" * 300)
    for kind in ("cut", "cut_sized"):
        org.faults.add(Fault(kind, path="*/result", after_bytes=100))
        assert len(client.get_batch_results(batch, job)) == 300
    org.faults.add(Fault("cut_sized", path="*/result", after_bytes=100, times=0))
    with pytest.raises(IncompleteBody) as caught:
        client.get_batch_results(batch, job)
    named(caught.value, job, batch)


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_page_of_a_proxy_that_cannot_reach_the_org(
    org: SalesforceEmulator, client: SalesforceBulk, status: int
) -> None:
    """A call that reads goes on after it, or fails with the status; the page is not parsed."""
    job = client.create_insert_job("Account")
    org.faults.add(Fault("html_error", method="GET", status=status, times=2))
    assert client.job_state(job) == "Open"
    org.faults.add(Fault("html_error", method="GET", status=status, times=0))
    with pytest.raises(UnexpectedResponse) as caught:
        client.job_state(job)
    named(caught.value, job)
    assert caught.value.status_code == status


@pytest.mark.parametrize("kind", ["html_error", "html_error_after"])
def test_a_page_in_place_of_the_answer_to_a_batch(
    org: SalesforceEmulator, client: SalesforceBulk, kind: str
) -> None:
    """Behind a 502 the batch may be there or not; it is said, and posted only once."""
    job = client.create_insert_job("Account")
    org.faults.add(Fault(kind, method="POST", path="*/batch", status=502))
    with pytest.raises(AmbiguousUpload) as caught:
        client.post_batch(job, b"Name\nx\n")
    named(caught.value, job)
    assert caught.value.status_code == 502
    assert len(names_in(org)) == (kind == "html_error_after")


CALLS = {
    "create_job": lambda client, job, batch: client.create_insert_job("Account"),
    "job_status": lambda client, job, batch: client.job_status(job),
    "batch_status": lambda client, job, batch: client.batch_status(batch, job, reload=True),
    "get_batch_list": lambda client, job, batch: client.get_batch_list(job),
    "get_batch_results": lambda client, job, batch: client.get_batch_results(batch, job),
    "result ids": lambda client, job, batch: client.get_query_batch_result_ids(batch, job),
    "request": lambda client, job, batch: client.get_query_batch_request(batch, job),
    "close_job": lambda client, job, batch: client.close_job(job),
    "result": lambda client, job, batch: client.get_query_batch_results(
        batch, "752000000000001", job_id=job
    ).read(),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_page_with_status_200(org: SalesforceEmulator, client: SalesforceBulk, call: str) -> None:
    """A login or proxy page that calls itself a success is UnexpectedResponse, in every call."""
    job = client.create_insert_job("Account")
    batch = client.post_batch(job, b"Name\nx\n")
    org.faults.add(Fault("html_error", status=200, times=0))
    with pytest.raises(UnexpectedResponse, match="HTML") as caught:
        CALLS[call](client, job, batch)
    assert caught.value.status_code == 200
    assert caught.value.job_id == (None if call == "create_job" else job)
    if call == "create_job":
        assert "A job may have been created" in str(caught.value)
    elif call == "close_job":
        assert "may be Closed" in str(caught.value)
    elif "job" not in call and call != "get_batch_list":
        assert caught.value.batch_id == batch


def test_an_unknown_job(client: SalesforceBulk) -> None:
    """A job that the org does not know is InvalidJob with its id."""
    with pytest.raises(InvalidJob) as caught:
        client.job_status("750000000000000AAA")
    named(caught.value, "750000000000000AAA")


def test_a_batch_for_a_closed_job(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """A closed job takes no batch: InvalidJobState; an aborted one: BulkJobAborted."""
    job = client.create_insert_job("Account")
    client.close_job(job)
    with pytest.raises(InvalidJobState) as caught:
        client.post_batch(job, b"Name\nx\n")
    named(caught.value, job)
    aborted = client.create_insert_job("Account")
    client.abort_job(aborted)
    with pytest.raises((BulkJobAborted, InvalidJobState)) as caught_too:
        client.post_batch(aborted, b"Name\nx\n")
    assert caught_too.value.job_id == aborted
    assert names_in(org) == []


def test_a_close_whose_answer_is_lost(org: SalesforceEmulator, client: SalesforceBulk) -> None:
    """Closing and aborting come through a lost answer: the second try finds it done."""
    for call, state in ((client.close_job, "Closed"), (client.abort_job, "Aborted")):
        job = client.create_insert_job("Account")
        org.faults.add(Fault("answer_lost", method="POST", path=f"*/job/{job}"))
        call(job)
        assert client.job_state(job) == state


def test_a_reading_call_comes_through_a_bad_day(
    org: SalesforceEmulator, client: SalesforceBulk
) -> None:
    """Resets, silence at an idle timeout and a busy server, one after the other, cost repeats."""
    job = client.create_insert_job("Account")
    for kind in ("reset_before", "closed_before", "reset_after", "garbage"):
        org.faults.add(Fault(kind, method="GET"))
    org.faults.add(Fault("html_error", method="GET", retry_after="7"))
    assert client.job_state(job) == "Open"
    assert 7 in access_of(client).transport.clock.pauses  # type: ignore[attr-defined]


def test_without_repeats_a_fault_is_the_first_error(org: SalesforceEmulator) -> None:
    """A policy of no repeats shows the first failure."""
    client = org.connect(retry=Retry(0), clock=FastClock())
    job = client.create_insert_job("Account")
    org.faults.add(Fault("html_error", method="GET"))
    with pytest.raises(UnexpectedResponse):
        client.job_state(job)
    assert client.job_state(job) == "Open"


@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_row_results_of_a_query(client: SalesforceBulk, content_type: str) -> None:
    """What came is told, and the call that reads it."""
    client.insert("Account", [{"Name": "x"}])
    job_id = client.create_query_job("Account", contentType=content_type)
    batch_id = client.query(job_id, "SELECT Id FROM Account")
    with pytest.raises(InvalidInput, match="get_all_results_for_query_batch") as caught:
        client.get_batch_results(batch_id, job_id)
    assert "proxy" not in str(caught.value)  # the answer is the org's own
    named(caught.value, job_id, batch_id)


def test_a_query_and_an_object_that_are_no_texts(client: SalesforceBulk) -> None:
    soql: Any = b"SELECT Id FROM Account"
    with pytest.raises(InvalidInput, match="query is a text"):
        client.query(None, soql)
    name: Any = 5
    with pytest.raises(InvalidInput, match="object_name is a text"):
        client.create_job(name, "insert")


def test_a_refused_login_has_what_programs_read_of_one(org: SalesforceEmulator) -> None:
    """Attributes of every version of simple-salesforce that came with 2.2.0."""
    with pytest.raises(SalesforceAuthenticationFailed) as caught:
        org.connect(password="wrong")
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.code, error.status) == ("INVALID_LOGIN", 401)
    assert error.message == error.auth_message == error.content.decode()
    assert "Invalid username" in error.message
