"""Jobs and batches: what each call sends, returns, remembers and raises."""

from __future__ import annotations

import io
import pickle
import unittest.mock
from collections.abc import Iterator
from typing import Any

import pytest
import requests_mock
from requests.exceptions import ConnectTimeout

from salesforce_bulk import CsvDictsAdapter, SalesforceBulk, UploadResult, bulk_states
from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.errors import (
    AmbiguousUpload,
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    InvalidInput,
    InvalidJob,
    InvalidJobState,
    JobStillRunning,
    MissingArgument,
    UnexpectedResponse,
    UnknownBatch,
)
from salesforce_bulk.formats import archive
from salesforce_bulk.util import IteratorBytesIO

ENDPOINT = "https://acme.my.salesforce.com/services/async/64.0"
NS = "http://www.force.com/2009/06/asyncapi/dataload"
XML = {"Content-Type": "application/xml"}
JSON = {"Content-Type": "application/json"}
JSON_UTF8 = {"Content-Type": "application/json;charset=UTF-8"}
CSV = "Name\r\ncafé\r\n"


def client(**options: Any) -> SalesforceBulk:
    return SalesforceBulk(sessionId="00Dx!s", host="acme.my.salesforce.com", **options)


def other_client(bulk: SalesforceBulk) -> SalesforceBulk:
    """A client of another process: the same session, and nothing known."""
    return SalesforceBulk(sessionId=bulk.sessionId, host=bulk.endpoint.partition("/services")[0])


def info(kind: str, **values: str) -> str:
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><{kind} xmlns="{NS}">{inside}</{kind}>'


def batch_info(state: str, **values: str) -> str:
    return info("batchInfo", id="751x", jobId="750x", state=state, **values)


def calls(org: SalesforceEmulator) -> list[str]:
    return [f"{call.method} {call.path.partition('/async/')[2]}" for call in org.requests]


# create_job and its shorthands


@pytest.mark.parametrize(
    ("create", "arguments", "operation"),
    [
        ("create_query_job", ("Account",), "query"),
        ("create_queryall_job", ("Account",), "queryAll"),
        ("create_insert_job", ("Account",), "insert"),
        ("create_update_job", ("Account",), "update"),
        ("create_upsert_job", ("Contact", "Email"), "upsert"),
        ("create_delete_job", ("Account",), "delete"),
    ],
)
def test_each_shorthand_creates_its_job(
    create: str, arguments: tuple[str, ...], operation: str, bulk: SalesforceBulk
) -> None:
    job = getattr(bulk, create)(*arguments, contentType="CSV", concurrency="Serial")
    status = bulk.job_status(job)
    assert len(job) == 18
    assert status["operation"] == operation
    assert status["object"] == arguments[0]
    assert status["concurrencyMode"] == "Serial"
    assert status.get("externalIdFieldName") == (arguments[1] if len(arguments) > 1 else None)


def test_hard_delete_is_a_job_of_its_own(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", id="750x"), status_code=201)
    assert client().create_hard_delete_job("Account") == "750x"
    assert b"<operation>hardDelete</operation>" in requests_mock.last_request.body


def test_create_job_takes_its_arguments_by_position(bulk: SalesforceBulk) -> None:
    job = bulk.create_job("Contact", "upsert", "XML", "Serial", "Email", False)
    status = bulk.job_status(job)
    assert status["contentType"] == "XML"
    assert status["externalIdFieldName"] == "Email"
    assert bulk.job_content_types[job] == "XML"


@pytest.mark.parametrize("given", [{}, {"object_name": "Account"}, {"operation": "insert"}])
def test_create_job_without_object_or_operation_is_an_assertion_error(
    given: dict[str, str],
) -> None:
    """A real error now: 2.2.0's assert vanished under python -O."""
    with pytest.raises(AssertionError) as caught:
        client().create_job(**given)
    assert isinstance(caught.value, MissingArgument)


@pytest.mark.parametrize(
    ("pk_chunking", "header"),
    [
        (True, "true"),
        (50_000, "chunkSize=50000;"),
        ("chunkSize=50000; startRow=00130000000xEftMGH",) * 2,
        (False, None),
        (None, None),
        (0, None),
        ("", None),
    ],
)
def test_pk_chunking_becomes_a_header_of_the_job(
    pk_chunking: Any, header: str | None, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", id="750x"), status_code=201)
    client().create_query_job("Account", pk_chunking=pk_chunking)
    assert requests_mock.last_request.headers.get("Sforce-Enable-PKChunking") == header


def test_further_options_of_a_job_become_headers_and_the_rule_an_element(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", id="750x"), status_code=201)
    client(client_id="app").create_insert_job(
        "Case", assignment_rule_id="01Qx", disable_batch_retry=True, line_ending="CRLF"
    )
    sent = requests_mock.last_request
    assert sent.headers["Sforce-Disable-Batch-Retry"] == "TRUE"
    assert sent.headers["Sforce-Line-Ending"] == "CRLF"
    assert sent.headers["Sforce-Call-Options"] == "client=PySFBulk/app"
    assert b"<assignmentRuleId>01Qx</assignmentRuleId>" in sent.body


@pytest.mark.parametrize("headers", [JSON, JSON_UTF8, {}])
def test_a_job_is_created_from_a_json_reply_too(
    headers: dict[str, str], requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", json={"id": "750x"}, status_code=201, headers=headers)
    assert client().create_query_job("Account", contentType="JSON") == "750x"


def test_create_job_sends_the_document_of_create_job_doc(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", id="750x"), status_code=201)
    bulk = client()
    bulk.create_upsert_job("Contact", "Email", concurrency="Serial")
    assert requests_mock.last_request.body == bulk.create_job_doc(
        "Contact", "upsert", "CSV", "Serial", "Email"
    )


class OwnDocument(SalesforceBulk):
    def create_job_doc(self, object_name=None, operation=None, contentType="CSV",
                       concurrency=None, external_id_name=None):  # fmt: skip
        return b"<own/>"


def test_an_overridden_create_job_doc_with_2_2_0s_arguments_is_called(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", id="750x"), status_code=201)
    OwnDocument(sessionId="s", host="acme.my.salesforce.com").create_query_job("Account")
    assert requests_mock.last_request.body == b"<own/>"


def test_a_jobs_creation_without_an_id_in_the_answer_is_an_error(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job", text=info("jobInfo", state="Open"), status_code=201)
    bulk = client()
    with pytest.raises(UnexpectedResponse, match="no id"):
        bulk.create_query_job("Account")
    assert bulk.jobs == {}


# The documents


def test_the_documents_of_a_job_are_those_of_2_2_0_byte_for_byte() -> None:
    bulk = client()
    root = f'<jobInfo xmlns="{NS}">'.encode()
    assert bulk.create_job_doc("Contact", "upsert", "JSON", "Serial", "Email") == (
        root + b"<operation>upsert</operation><object>Contact</object>"
        b"<externalIdFieldName>Email</externalIdFieldName>"
        b"<concurrencyMode>Serial</concurrencyMode><contentType>JSON</contentType></jobInfo>"
    )
    assert bulk.create_close_job_doc() == root + b"<state>Closed</state></jobInfo>"
    assert bulk.create_abort_job_doc() == root + b"<state>Aborted</state></jobInfo>"


# Closing, aborting, asking


def test_a_closed_job_is_closed_and_says_so(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    assert bulk.close_job(job) is None  # type: ignore[func-returns-value]
    assert bulk.job_state(job) == "Closed"


def test_an_aborted_job_is_aborted_and_takes_no_batch(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    assert bulk.abort_job(job) is None  # type: ignore[func-returns-value]
    assert bulk.job_state(job) == "Aborted"
    with pytest.raises(BulkJobAborted, match=f"Job {job} aborted") as caught:
        bulk.post_batch(job, CSV)
    assert caught.value.job_id == job
    assert (caught.value.status_code, caught.value.error_code) == (400, "InvalidJobState")
    assert "Aborted" in str(caught.value.error_message)
    # The text of 2.2.0's error is in it, up to the answer that programs parse.
    assert "[400] Bulk API HTTP Error result: <?xml" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.status_code) == (str(caught.value), 400)


def test_a_query_for_an_aborted_job_says_so_too(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    bulk.abort_job(job)
    with pytest.raises(BulkJobAborted):
        bulk.query(job, "SELECT Id FROM Account")


def test_a_closed_job_takes_no_batch(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    bulk.close_job(job)
    with pytest.raises(InvalidJobState, match="Closed") as caught:
        bulk.post_batch(job, CSV)
    assert caught.value.job_id == job


def test_job_status_is_a_dict_of_texts(bulk: SalesforceBulk) -> None:
    for content_type in ("CSV", "JSON"):
        status = bulk.job_status(bulk.create_query_job("Account", contentType=content_type))
        assert status["numberBatchesTotal"] == "0"
        assert status["apiVersion"] == "64.0"
        assert all(value is None or type(value) is str for value in status.values())


def test_job_status_without_a_job_is_refused_before_it_is_asked(
    requests_mock: requests_mock.Mocker,
) -> None:
    with pytest.raises(MissingArgument):
        client().job_status()
    assert requests_mock.call_count == 0


def test_job_state_is_none_where_the_answer_has_none(requests_mock: requests_mock.Mocker) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x", text=info("jobInfo", id="750x"))
    assert client().job_state("750x") is None


def test_an_unknown_job_is_an_error_with_its_id(bulk: SalesforceBulk) -> None:
    with pytest.raises(InvalidJob) as caught:
        bulk.close_job("750000000000009AAA")
    assert caught.value.job_id == "750000000000009AAA"


# query


def test_query_posts_the_soql_and_remembers_the_batch(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    batch = bulk.query(job, "SELECT Id FROM Account")
    assert batch.startswith("751")
    assert bulk.lookup_job_id(batch) == job
    assert bulk.get_query_batch_request(batch) == "SELECT Id FROM Account"


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT Id FROM Account",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)",
        "SELECT Id, Name FROM Account WHERE Name = 'x from Contact'",
    ],
)
def test_query_without_a_job_creates_one_for_the_outer_object(
    soql: str, bulk: SalesforceBulk
) -> None:
    batch = bulk.query(None, soql, "JSON")
    status = bulk.job_status(bulk.lookup_job_id(batch))
    assert (status["object"], status["contentType"]) == ("Account", "JSON")
    assert bulk.is_batch_done(batch)


def test_query_without_a_job_and_without_a_from_sends_nothing(
    requests_mock: requests_mock.Mocker,
) -> None:
    with pytest.raises(InvalidInput, match="no FROM"):
        client().query(None, "SELECT Id")
    assert requests_mock.call_count == 0


def test_soql_is_sent_as_utf8_and_bytes_as_they_are(bulk: SalesforceBulk) -> None:
    soql = "SELECT Id FROM Account WHERE Name = 'café €'"
    job = bulk.create_query_job("Account")
    assert bulk.get_query_batch_request(bulk.query(job, soql)) == soql
    assert bulk.get_query_batch_request(bulk.query(job, soql.encode())) == soql  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "given", "sent"),
    [("JSON", "CSV", "application/json"), (None, "XML", "application/xml")],
)
def test_the_jobs_own_content_type_goes_before_the_argument(
    known: str | None, given: str, sent: str, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.post(f"{ENDPOINT}/job/750x/batch", text=batch_info("Queued"), status_code=201)
    bulk = client()
    if known:
        bulk.job_content_types["750x"] = known
    bulk.query("750x", "SELECT Id FROM Account", contentType=given)
    assert requests_mock.last_request.headers["Content-Type"] == f"{sent}; charset=UTF-8"


def test_an_empty_query_is_refused_before_it_is_sent(requests_mock: requests_mock.Mocker) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        client().query("750x", "")
    assert requests_mock.call_count == 0


# post_batch


def rows() -> Iterator[bytes]:
    yield b"Name\r\n"
    yield "café\r\n".encode()


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        CSV,
        io.BytesIO(CSV.encode()),
        io.StringIO(CSV, newline=""),
        IteratorBytesIO(rows()),
        rows(),
        iter(["Name\r\n", "café\r\n"]),
        CsvDictsAdapter(iter([{"Name": "café"}])),
        [b"Name\r\n", "café\r\n"],
    ],
    ids=lambda data: type(data).__name__,
)
def test_every_kind_of_body_arrives_as_utf8(data: Any, bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    batch = bulk.post_batch(job, data)
    (result,) = bulk.get_batch_results(batch)
    assert result.success
    found = bulk.query(None, "SELECT Name FROM Account")
    (stream,) = bulk.get_all_results_for_query_batch(found)
    assert stream.read() == '"Name"\n"café"\n'.encode()


@pytest.mark.parametrize("data", [{"Name": "x"}, None, [{"Name": "x"}], b"", []])
def test_what_is_no_body_is_refused_before_it_is_sent(
    data: Any, requests_mock: requests_mock.Mocker
) -> None:
    bulk = client()
    bulk.job_content_types["750x"] = "CSV"
    with pytest.raises(InvalidInput) as caught:
        bulk.post_batch("750x", data)
    assert caught.value.job_id == "750x"
    assert requests_mock.call_count == 0


def test_rows_of_an_adapter_go_as_one_body_and_not_a_chunk_a_row(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job/750x/batch", text=batch_info("Queued"), status_code=201)
    bulk = client()
    bulk.job_content_types["750x"] = "CSV"
    bulk.post_batch("750x", CsvDictsAdapter({"A": str(number)} for number in range(3)))
    sent = requests_mock.last_request
    assert "Transfer-Encoding" not in sent.headers
    assert sent.headers["Content-Length"] == str(len(sent.body))
    assert sent.body == b'"A"\r\n"0"\r\n"1"\r\n"2"\r\n'


@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_a_job_of_another_process_is_looked_up(content_type: str, bulk: SalesforceBulk) -> None:
    """2.2.0 raised KeyError."""
    bodies = {
        "CSV": CSV,
        "JSON": '[{"Name": "café"}]',
        "XML": f'<sObjects xmlns="{NS}"><sObject><Name>café</Name></sObject></sObjects>',
    }
    job = bulk.create_insert_job("Account", contentType=content_type)
    other = other_client(bulk)
    batch = other.post_batch(job, bodies[content_type])
    assert other.get_batch_results(batch)[0].success
    assert other.job_content_types[job] == content_type


def test_a_zip_batch_goes_as_zip(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    (parent,) = bulk.get_batch_results(bulk.post_batch(job, CSV))
    rows = [{"Name": "a.txt", "ParentId": parent.id, "Body": "#a.txt"}]
    body = archive.build_archive(rows, {"a.txt": b"text"}, "ZIP_CSV")
    job = bulk.create_insert_job("Attachment", contentType="ZIP_CSV")
    (result,) = bulk.get_batch_results(bulk.post_batch(job, body))
    assert result.success, result


def test_a_lost_answer_is_an_ambiguous_upload_with_the_job(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job/750x/batch", text="<html/>", status_code=201)
    bulk = client()
    bulk.job_content_types["750x"] = "CSV"
    with pytest.raises(AmbiguousUpload, match="750x") as caught:
        bulk.post_batch("750x", CSV)
    assert caught.value.job_id == "750x"
    assert requests_mock.call_count == 1


def test_a_connection_that_was_never_made_is_no_ambiguous_upload(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.post(f"{ENDPOINT}/job/750x/batch", exc=ConnectTimeout)
    bulk = client(clock=ManualClock())
    bulk.job_content_types["750x"] = "CSV"
    with pytest.raises(BulkApiError) as caught:
        bulk.post_batch("750x", CSV)
    assert not isinstance(caught.value, AmbiguousUpload)
    assert isinstance(caught.value.__cause__, ConnectTimeout)


# post_mapping_file


MAPPING = "Salesforce Field,Csv Header,Value,Hint\nName,Full Name,,\n"


@pytest.mark.parametrize("data", [MAPPING, MAPPING.encode(), io.BytesIO(MAPPING.encode())])
def test_a_mapping_file_maps_the_batches_that_follow(data: Any, bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    assert bulk.post_mapping_file(job, data) is None  # type: ignore[func-returns-value]
    batch = bulk.post_batch(job, "Full Name\nx\n")
    assert bulk.get_batch_results(batch)[0].success


@pytest.mark.parametrize("status", [200, 201, 204])
def test_any_status_of_success_is_one_for_a_mapping_file(
    status: int, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.post(f"{ENDPOINT}/job/750x/spec", status_code=status)
    client().post_mapping_file("750x", MAPPING)
    assert requests_mock.last_request.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert requests_mock.last_request.body == MAPPING.encode()


@pytest.mark.parametrize("data", ["", "x" * 8_192])
def test_a_mapping_file_that_is_empty_or_too_long_is_refused_before_it_is_sent(
    data: str, requests_mock: requests_mock.Mocker
) -> None:
    with pytest.raises(InvalidInput, match="750x"):
        client().post_mapping_file("750x", data)
    assert requests_mock.call_count == 0


# Looking up


def test_an_unknown_batch_is_an_error_that_reads_like_2_2_0s() -> None:
    with pytest.raises(KeyError) as caught:
        client().lookup_job_id("751x")
    assert isinstance(caught.value, UnknownBatch)
    assert str(caught.value).startswith("Batch id '751x' is uknown, can't retrieve job_id")
    assert caught.value.batch_id == "751x"


@pytest.mark.parametrize(
    "call",
    [
        lambda bulk: bulk.batch_status("751x"),
        lambda bulk: bulk.is_batch_done("751x"),
        lambda bulk: bulk.get_query_batch_request("751x"),
        lambda bulk: bulk.get_batch_results("751x"),
        lambda bulk: bulk.get_query_batch_result_ids("751x"),
        lambda bulk: bulk.get_query_batch_results("751x", "752x"),
        lambda bulk: next(bulk.get_all_results_for_query_batch("751x")),
    ],
)
def test_every_call_on_an_unknown_batch_without_its_job_says_so(
    call: Any, requests_mock: requests_mock.Mocker
) -> None:
    with pytest.raises(UnknownBatch, match="751x"):
        call(client())
    assert requests_mock.call_count == 0


def test_a_batch_of_another_process_is_served_with_its_job_id(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    batch = bulk.query(job, "SELECT Id FROM Account")
    other = other_client(bulk)
    assert other.batch_state(batch, job) == "Completed"
    assert other.is_batch_done(batch, job)
    assert len(list(other.get_all_results_for_query_batch(batch, job))) == 1


# get_batch_list, get_query_batch_request


def test_the_batch_list_is_texts_from_xml_and_jsons_types_from_json(bulk: SalesforceBulk) -> None:
    for content_type, count in (("CSV", "0"), ("JSON", 0)):
        job = bulk.create_query_job("Account", contentType=content_type)
        assert bulk.get_batch_list(job) == []
        batch = bulk.query(job, "SELECT Id FROM Account")
        (found,) = bulk.get_batch_list(job)
        assert (found["id"], found["jobId"], found["state"]) == (batch, job, "Completed")
        assert found["numberRecordsProcessed"] == count


@pytest.mark.parametrize("header", ["text/csv", "text/csv; charset=ISO-8859-1", None])
def test_a_batchs_request_is_utf8_whatever_the_header_says(
    header: str | None, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(
        f"{ENDPOINT}/job/750x/batch/751x/request",
        content="SELECT café".encode(),
        headers={"Content-Type": header} if header else {},
    )
    assert client().get_query_batch_request("751x", "750x") == "SELECT café"


def test_a_batchs_request_that_is_no_utf8_is_an_error_and_no_guess(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x/batch/751x/request", content=b"caf\xe9")
    with pytest.raises(UnexpectedResponse, match="751x of job 750x") as caught:
        client().get_query_batch_request("751x", "750x")
    assert (caught.value.job_id, caught.value.batch_id) == ("750x", "751x")


# batch_status and batch_state


def answers(mocker: requests_mock.Mocker, *states: str) -> None:
    texts = [{"text": batch_info(state, stateMessage=f"in {state}")} for state in states]
    mocker.get(f"{ENDPOINT}/job/750x/batch/751x", texts)


@pytest.mark.parametrize(
    "final", ["Completed", "Failed", "NotProcessed", "Not Processed", "NOT_PROCESSED"]
)
def test_only_a_final_status_is_kept(final: str, requests_mock: requests_mock.Mocker) -> None:
    """2.2.0 kept the first answer for ever, Queued as well."""
    answers(requests_mock, "Queued", "InProgress", final, "Queued")
    bulk = client()
    seen = [bulk.batch_status("751x", "750x")["state"] for _ in range(5)]
    assert seen == ["Queued", "InProgress", final, final, final]
    assert requests_mock.call_count == 3
    assert set(bulk.batch_statuses) == {"751x"}


def test_reload_asks_again(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "Completed", "InProgress", "Completed")
    bulk = client()
    assert bulk.batch_state("751x", "750x") == "Completed"
    assert bulk.batch_state("751x", "750x", True) == "InProgress"
    assert bulk.batch_statuses == {}
    assert bulk.batch_state("751x", "750x", reload=True) == "Completed"


def test_a_status_that_the_caller_changes_leaves_what_is_kept(
    requests_mock: requests_mock.Mocker,
) -> None:
    answers(requests_mock, "Completed")
    bulk = client()
    for _ in range(3):
        bulk.batch_status("751x", "750x").clear()
    assert bulk.batch_state("751x", "750x") == "Completed"


def test_batch_state_is_none_where_the_answer_has_none(
    requests_mock: requests_mock.Mocker,
) -> None:
    requests_mock.get(f"{ENDPOINT}/job/750x/batch/751x", text=info("batchInfo", id="751x"))
    assert client().batch_state("751x", "750x") is None


def test_batch_status_without_a_batch_is_refused() -> None:
    with pytest.raises(MissingArgument):
        client().batch_status()


def test_the_job_of_a_batch_is_found_where_it_was_posted(bulk: SalesforceBulk) -> None:
    batch = bulk.query(None, "SELECT Id FROM Account")
    assert bulk.batch_status(batch)["jobId"] == bulk.lookup_job_id(batch)
    assert bulk.batch_status(batch_id=batch, job_id=bulk.lookup_job_id(batch), reload=True)


@pytest.mark.parametrize("headers", [JSON, JSON_UTF8])
def test_a_json_batch_status_keeps_its_types(
    headers: dict[str, str], requests_mock: requests_mock.Mocker
) -> None:
    document = {"id": "751x", "state": "Completed", "numberRecordsProcessed": 3}
    requests_mock.get(f"{ENDPOINT}/job/750x/batch/751x", json=document, headers=headers)
    assert client().batch_status("751x", "750x") == document


# is_batch_done


@pytest.mark.parametrize(
    ("state", "done"), [("Queued", False), ("InProgress", False), ("Completed", True)]
)
def test_is_batch_done(state: str, done: bool, requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, state)
    assert client().is_batch_done("751x", "750x") is done


def test_is_batch_done_asks_each_time(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "Completed")
    bulk = client()
    bulk.is_batch_done("751x", "750x")
    bulk.is_batch_done("751x", "750x")
    assert requests_mock.call_count == 2


@pytest.mark.parametrize("state", ["Failed", "Aborted", "NotProcessed"])
def test_a_batch_that_ended_otherwise_raises_with_its_state_and_both_ids(
    state: str, requests_mock: requests_mock.Mocker
) -> None:
    """2.2.0 said "of job None" where the caller had given none."""
    answers(requests_mock, state)
    bulk = client()
    bulk.batches["751x"] = "750x"
    with pytest.raises(BulkBatchFailed, match="Batch 751x of job 750x failed") as caught:
        bulk.is_batch_done("751x")
    assert caught.value.state == state
    assert caught.value.state_message == f"in {state}"
    assert (caught.value.job_id, caught.value.batch_id) == ("750x", "751x")


def test_not_processed_with_a_space_is_an_end_too(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "Not Processed")
    with pytest.raises(BulkBatchFailed) as caught:
        client().is_batch_done("751x", "750x")
    assert caught.value.state == bulk_states.NOT_PROCESSED


def test_a_failed_batch_of_an_org_brings_its_reason(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    batch = bulk.post_batch(job, "Nonsense__c\nx\n")
    with pytest.raises(BulkBatchFailed) as caught:
        bulk.is_batch_done(batch)
    assert caught.value.state_message == "InvalidBatch : Field name not found : Nonsense__c"
    assert caught.value.error_code == "InvalidBatch"
    assert caught.value.job_id == job


# wait_for_batch


class Ticks(ManualClock):
    """A clock that remembers its pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        super().sleep(seconds)


def test_wait_for_batch_says_that_it_finished(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "Queued", "InProgress", "Completed")
    clock = Ticks()
    assert client(clock=clock).wait_for_batch("750x", "751x") is True
    assert clock.pauses == [10, 10]


def test_wait_for_batch_says_that_the_time_was_up(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "InProgress")
    clock = Ticks()
    assert client(clock=clock).wait_for_batch("750x", "751x", 25, 10) is False
    assert clock.pauses == [10, 10, 5]


def test_wait_for_batch_raises_when_the_time_was_up_where_that_is_asked_for(
    requests_mock: requests_mock.Mocker,
) -> None:
    answers(requests_mock, "Queued")
    waiting = client(clock=Ticks())
    with pytest.raises(JobStillRunning, match=r"751x of job 750x .* left alone") as caught:
        waiting.wait_for_batch("750x", "751x", 25, 10, raise_on_timeout=True)
    assert caught.value.job_id == "750x"


def test_wait_for_batch_counts_the_time_that_the_answers_take(
    requests_mock: requests_mock.Mocker,
) -> None:
    clock = Ticks()

    def slow(_request: Any, _context: Any) -> str:
        clock.advance(20)
        return batch_info("InProgress")

    requests_mock.get(f"{ENDPOINT}/job/750x/batch/751x", text=slow)
    assert not client(clock=clock).wait_for_batch("750x", "751x", timeout=60, sleep_interval=10)
    assert clock.pauses == [10, 10]


def test_wait_for_batch_raises_when_the_batch_fails(requests_mock: requests_mock.Mocker) -> None:
    answers(requests_mock, "InProgress", "Failed")
    with pytest.raises(BulkBatchFailed, match="of job 750x"):
        client(clock=ManualClock()).wait_for_batch("750x", "751x")


def test_a_done_batch_is_not_waited_for(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("Account")
    batch = bulk.query(job, "SELECT Id FROM Account")
    assert bulk.wait_for_batch(job, batch, timeout=0)


def test_time_sleep_patched_away_in_the_module_still_ends_at_the_timeout(
    requests_mock: requests_mock.Mocker,
) -> None:
    """As tests of programs do; by the clock alone this would spin for ten minutes."""
    answers(requests_mock, "InProgress")
    with unittest.mock.patch("salesforce_bulk.salesforce_bulk.time.sleep") as sleep:
        assert not client().wait_for_batch("750x", "751x")
    assert sleep.call_count == 60


# PK chunking


def test_a_chunked_query_leaves_its_rows_in_the_other_batches(bulk: SalesforceBulk) -> None:
    load = bulk.create_insert_job("Account")
    bulk.post_batch(load, CsvDictsAdapter({"Name": f"a{number}"} for number in range(10)))
    job = bulk.create_query_job("Account", pk_chunking=4)
    first = bulk.query(job, "SELECT Id FROM Account")
    with pytest.raises(BulkBatchFailed) as caught:
        bulk.is_batch_done(first)
    assert caught.value.state == bulk_states.NOT_PROCESSED
    chunks = [batch["id"] for batch in bulk.get_batch_list(job) if batch["id"] != first]
    assert len(chunks) == 3
    assert bulk.get_query_batch_request(chunks[0], job).startswith("SELECT Id FROM Account WHERE")
    lines = [
        line
        for chunk in chunks
        for stream in bulk.get_all_results_for_query_batch(chunk, job)
        for line in list(stream)[1:]
    ]
    assert len(set(lines)) == 10


def test_results_of_an_upload_are_upload_results(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    (result,) = bulk.get_batch_results(bulk.post_batch(job, CSV))
    assert type(result) is UploadResult
