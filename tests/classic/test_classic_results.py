"""Results: row outcomes in the three dialects, and query results as files."""

from __future__ import annotations

import gzip
import io
import json
import threading
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import pytest
import requests_mock
import unicodecsv

from salesforce_bulk import CsvDictsAdapter, SalesforceBulk, UploadResult
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.errors import (
    BatchNotComplete,
    BulkApiError,
    BulkBatchFailed,
    IncompleteBody,
    UnexpectedResponse,
)
from salesforce_bulk.util import IteratorBytesIO

ENDPOINT = "https://acme.my.salesforce.com/services/async/64.0"
BATCH = f"{ENDPOINT}/job/750x/batch/751x"
NS = "http://www.force.com/2009/06/asyncapi/dataload"
NAMES = ["plain", "café", 'with "quotes"', "with, comma", "two\nlines", "日本語"]

BODIES = {
    "CSV": "Name,AnnualRevenue\ngood,1\n,2\n",
    "JSON": '[{"Name": "good"}, {"AnnualRevenue": 2}]',
    "XML": f'<sObjects xmlns="{NS}"><sObject><Name>good</Name></sObject>'
    "<sObject><AnnualRevenue>2</AnnualRevenue></sObject></sObjects>",
}


def client(**options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(sessionId="00Dx!s", host="acme.my.salesforce.com", **options)
    bulk.batches["751x"] = "750x"
    return bulk


def state(mocker: requests_mock.Mocker, name: str, message: str = "") -> None:
    mocker.get(
        BATCH,
        text=f'<batchInfo xmlns="{NS}"><id>751x</id><state>{name}</state>'
        f"<stateMessage>{message}</stateMessage></batchInfo>",
    )


def load(bulk: SalesforceBulk, names: list[str], object_name: str = "Account") -> None:
    job = bulk.create_insert_job(object_name)
    batch = bulk.post_batch(job, CsvDictsAdapter({"Name": name} for name in names))
    assert all(result.success for result in bulk.get_batch_results(batch))


def queried(bulk: SalesforceBulk, soql: str, content_type: str = "CSV") -> str:
    return bulk.query(None, soql, content_type)


# Row results of an org


def results_of(bulk: SalesforceBulk, content_type: str) -> list[UploadResult]:
    job = bulk.create_insert_job("Account", contentType=content_type)
    return bulk.get_batch_results(bulk.post_batch(job, BODIES[content_type]))


def test_csv_row_results_are_four_texts(bulk: SalesforceBulk) -> None:
    good, bad = results_of(bulk, "CSV")
    assert all(type(cell) is str or isinstance(cell, str) for cell in good + bad)
    assert good.id.startswith("001")
    assert good[1:] == ("true", "true", "")
    assert bad == (
        "",
        "false",
        "false",
        "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --",
    )


def test_csv_success_is_the_text_when_compared_and_the_truth_when_asked(
    bulk: SalesforceBulk,
) -> None:
    good, bad = results_of(bulk, "CSV")
    assert (good.success == "true", bad.success == "false") == (True, True)
    assert [row.id for row in (good, bad) if row.success] == [good.id]
    assert not bad.created


@pytest.mark.parametrize("content_type", ["JSON", "XML"])
def test_json_and_xml_row_results_have_booleans_and_lists_of_errors(
    content_type: str, bulk: SalesforceBulk
) -> None:
    good, bad = results_of(bulk, content_type)
    assert (good.success, good.created, good.error) == (True, True, [])
    assert (bad.id, bad.success, bad.created) == (None, False, False)
    (error,) = bad.error
    assert error["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert error["message"] == "Required fields are missing: [Name]"
    assert error["fields"] == ["Name"]


@pytest.mark.own_reading("bulk1.query.csv_*")
@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_row_results_of_every_format_carry_the_ids(content_type: str, bulk: SalesforceBulk) -> None:
    """2.2.0 lost the ids of XML jobs."""
    good, _bad = results_of(bulk, content_type)
    (stream,) = bulk.get_all_results_for_query_batch(queried(bulk, "SELECT Id FROM Account"))
    assert stream.read() == f'"Id"\n"{good.id}"\n'.encode()


def test_row_results_come_in_the_order_of_the_rows(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    names = ["" if number % 3 == 0 else f"n{number}" for number in range(300)]
    batch = bulk.post_batch(job, CsvDictsAdapter({"Name": name, "Site": "s"} for name in names))
    results = bulk.get_batch_results(batch, job)
    assert [bool(result.success) for result in results] == [bool(name) for name in names]


# Row results with odd answers


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("text/csv", '"Id","Success","Created","Error"\n"1","true","true",""\n'),
        ("text/csv;charset=UTF-8", '"Id","Success","Created","Error"\n"1","true","true",""\n'),
        (
            "application/json;charset=UTF-8",
            '[{"id":"1","success":true,"created":true,"errors":[]}]',
        ),
        (
            "application/xml; charset=UTF-8",
            f'<results xmlns="{NS}"><result><id>1</id><success>true</success>'
            "<created>true</created></result></results>",
        ),
        (None, '"Id","Success","Created","Error"\n"1","true","true",""\n'),
        ("text/csv", 'Extra,"Id","Success","Created","Error"\nx,"1","true","true",""\n'),
    ],
)
def test_no_header_makes_row_results_disappear(
    header: str | None, body: str, requests_mock: requests_mock.Mocker
) -> None:
    """2.2.0 returned None for any type with a parameter, and raised for a column more."""
    headers = {"Content-Type": header} if header else {}
    requests_mock.get(f"{BATCH}/result", text=body, headers=headers)
    (result,) = client().get_batch_results("751x")
    assert (result.id, bool(result.success)) == ("1", True)


def test_nuls_in_row_results_are_dropped(org: SalesforceEmulator, bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    batch = bulk.post_batch(job, "Name\nx\n")
    plain = bulk.get_batch_results(batch)
    org.faults.add("nul_bytes", path="*/result")
    assert bulk.get_batch_results(batch) == plain
    assert org.faults.fired


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("text/html", "<html>Sign in</html>"),
        ("text/csv", "Id,Success\n1,true\n"),
        ("application/xml", f'<result-list xmlns="{NS}"/>'),
    ],
)
def test_row_results_that_are_none_are_an_error_with_both_ids(
    header: str, body: str, requests_mock: requests_mock.Mocker
) -> None:
    requests_mock.get(f"{BATCH}/result", text=body, headers={"Content-Type": header})
    with pytest.raises(UnexpectedResponse, match="batch 751x of job 750x") as caught:
        client().get_batch_results("751x")
    assert (caught.value.job_id, caught.value.batch_id) == ("750x", "751x")


def test_results_of_a_failed_batch_say_why_it_failed(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account")
    batch = bulk.post_batch(job, "Nonsense__c\nx\n")
    with pytest.raises(BulkBatchFailed, match="Field name not found : Nonsense__c") as caught:
        bulk.get_batch_results(batch)
    assert isinstance(caught.value.__cause__, BulkApiError)
    assert "InvalidBatch" in str(caught.value.__cause__)


def test_results_before_their_time_stay_the_apis_error(
    requests_mock: requests_mock.Mocker,
) -> None:
    state(requests_mock, "InProgress")
    requests_mock.get(
        f"{BATCH}/result",
        status_code=400,
        text="<error><exceptionCode>InvalidBatch</exceptionCode>"
        "<exceptionMessage>Batch not completed</exceptionMessage></error>",
    )
    with pytest.raises(BulkApiError, match="Batch not completed") as caught:
        client().get_batch_results("751x")
    assert not isinstance(caught.value, BulkBatchFailed)
    assert caught.value.status_code == 400


def test_parse_error_result_xml_reads_one_errors_element() -> None:
    element = ET.fromstring(
        f'<errors xmlns="{NS}"><fields>A</fields><fields>B</fields>'
        "<message>m</message><statusCode>C</statusCode></errors>"
    )
    assert client().parse_error_result_xml(element) == {
        "fields": ["A", "B"],
        "message": "m",
        "statusCode": "C",
    }


# The ids of query results


def test_result_ids_are_a_list_of_texts(bulk: SalesforceBulk) -> None:
    for content_type in ("CSV", "JSON", "XML"):
        batch = queried(bulk, "SELECT Id FROM Account", content_type)
        (result_id,) = bulk.get_query_batch_result_ids(batch)
        assert type(result_id) is str
        assert result_id.startswith("752")


@pytest.mark.parametrize("name", ["Queued", "InProgress"])
def test_result_ids_are_false_while_the_batch_is_not_done(
    name: str, requests_mock: requests_mock.Mocker
) -> None:
    state(requests_mock, name)
    assert client().get_query_batch_result_ids("751x") is False


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("application/json", '["752a", "752b"]'),
        ("application/json;charset=UTF-8", '["752a", "752b"]'),
        (
            "application/xml;charset=UTF-8",
            f'<result-list xmlns="{NS}"><result>752a</result><result>752b</result></result-list>',
        ),
    ],
)
def test_result_ids_are_read_whatever_the_headers_parameters(
    header: str, body: str, requests_mock: requests_mock.Mocker
) -> None:
    state(requests_mock, "Completed")
    requests_mock.get(f"{BATCH}/result", text=body, headers={"Content-Type": header})
    assert client().get_query_batch_result_ids("751x") == ["752a", "752b"]


# All results of a query


def test_all_results_is_a_lazy_generator(requests_mock: requests_mock.Mocker) -> None:
    results = client().get_all_results_for_query_batch("751x")
    assert isinstance(results, Iterator)
    assert requests_mock.call_count == 0


def test_all_results_of_a_batch_that_is_not_done_is_a_runtime_error_at_the_first_next(
    requests_mock: requests_mock.Mocker,
) -> None:
    state(requests_mock, "InProgress")
    results = client().get_all_results_for_query_batch("751x")
    with pytest.raises(RuntimeError, match="Batch is not complete") as caught:
        next(results)
    assert isinstance(caught.value, BatchNotComplete)
    assert caught.value.batch_id == "751x"


@pytest.mark.parametrize(
    ("header", "body"),
    [("application/json", "[]"), ("application/xml", f'<result-list xmlns="{NS}"/>')],
)
def test_no_result_files_are_no_results_and_no_error(
    header: str, body: str, requests_mock: requests_mock.Mocker
) -> None:
    """2.2.0 said that the batch was not complete."""
    state(requests_mock, "Completed")
    requests_mock.get(f"{BATCH}/result", text=body, headers={"Content-Type": header})
    assert list(client().get_all_results_for_query_batch("751x")) == []


def test_all_results_of_a_failed_batch_raise(bulk: SalesforceBulk) -> None:
    batch = queried(bulk, "SELECT Nonsense__c FROM Account")
    with pytest.raises(BulkBatchFailed, match="No such column 'Nonsense__c'"):
        list(bulk.get_all_results_for_query_batch(batch))


def test_every_result_file_is_one_stream_with_its_own_header() -> None:
    with SalesforceEmulator(inline=True, result_bytes=2_000) as org:
        bulk = org.connect()
        load(bulk, [f"name {number:03}" for number in range(200)])
        batch = queried(bulk, "SELECT Name FROM Account ORDER BY Name")
        files = [list(stream) for stream in bulk.get_all_results_for_query_batch(batch)]
    assert len(files) > 1
    assert {lines[0] for lines in files} == {b'"Name"\n'}
    rows = [line for lines in files for line in lines[1:]]
    assert rows == [f'"name {number:03}"\n'.encode() for number in range(200)]


def test_a_patched_get_query_batch_results_is_called_as_2_2_0_called_it(
    bulk: SalesforceBulk, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = bulk.create_query_job("Account")
    batch = bulk.query(job, "SELECT Id FROM Account")
    seen: list[Any] = []

    def patched(*args: Any, **kwargs: Any) -> str:
        seen.append((args, kwargs))
        return "patched"

    monkeypatch.setattr(bulk, "get_query_batch_results", patched)
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    assert list(bulk.get_all_results_for_query_batch(batch, job, 4_096)) == ["patched"]
    assert seen == [((batch, result_id), {"job_id": job, "chunk_size": 4_096})]


# One result


@pytest.mark.parametrize("chunk_size", [None, 1, 7, 2_048, 1 << 20])
def test_a_result_is_the_same_whatever_the_chunk_size(
    chunk_size: int | None, bulk: SalesforceBulk
) -> None:
    load(bulk, NAMES)
    batch = queried(bulk, "SELECT Name FROM Account")
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    stream = bulk.get_query_batch_results(batch, result_id, chunk_size=chunk_size)
    assert isinstance(stream, IteratorBytesIO)
    rows = list(unicodecsv.DictReader(stream, encoding="utf-8"))
    assert [row["Name"] for row in rows] == NAMES


def test_a_json_result_is_loaded_as_it_comes(bulk: SalesforceBulk) -> None:
    load(bulk, NAMES)
    (stream,) = bulk.get_all_results_for_query_batch(
        queried(bulk, "SELECT Name FROM Account", "JSON")
    )
    assert [row["Name"] for row in json.load(stream)] == NAMES


def test_an_xml_result_is_parsed_as_it_comes(bulk: SalesforceBulk) -> None:
    load(bulk, NAMES)
    (stream,) = bulk.get_all_results_for_query_batch(
        queried(bulk, "SELECT Name FROM Account", "XML")
    )
    names = [found.text for found in ET.parse(stream).iter(f"{{{NS}}}Name")]
    assert names == NAMES


@pytest.mark.own_reading("bulk1.query.no_rows_csv", "bulk1.query.csv_*")
@pytest.mark.parametrize("chunk_size", [1, 65_536])
def test_no_rows_are_the_text_that_a_large_downstream_tests_for(
    chunk_size: int, bulk: SalesforceBulk
) -> None:
    batch = queried(bulk, "SELECT Id FROM Account")
    (stream,) = bulk.get_all_results_for_query_batch(batch, chunk_size=chunk_size)
    assert stream.read() == b"Records not found for this query"


def test_raw_is_the_compressed_answer_with_its_nuls(
    org: SalesforceEmulator, bulk: SalesforceBulk
) -> None:
    load(bulk, ["x" * 200] * 200)
    batch = queried(bulk, "SELECT Name FROM Account")
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    raw = bulk.get_query_batch_results(batch, result_id, raw=True)
    assert raw.headers["Content-Encoding"] == "gzip"
    compressed = raw.read()
    assert gzip.decompress(compressed).startswith(b'"Name"\n"xxx')
    org.faults.add("nul_bytes", path=f"*/{result_id}")
    assert b"\0" in bulk.get_query_batch_results(batch, result_id, raw=True).read()


def test_nuls_are_dropped_from_a_result(org: SalesforceEmulator, bulk: SalesforceBulk) -> None:
    load(bulk, NAMES)
    batch = queried(bulk, "SELECT Name FROM Account")
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    plain = bulk.get_query_batch_results(batch, result_id).read()
    org.faults.add("nul_bytes", path=f"*/{result_id}", times=0)
    for chunk_size in (1, 65_536):
        stream = bulk.get_query_batch_results(batch, result_id, chunk_size=chunk_size)
        assert stream.read() == plain
    assert len(org.faults.fired) == 2


def test_a_result_that_breaks_off_is_an_error_with_both_ids_while_it_is_read(
    org: SalesforceEmulator, bulk: SalesforceBulk
) -> None:
    load(bulk, [f"name {number}" for number in range(2_000)])
    job = bulk.create_query_job("Account")
    batch = bulk.query(job, "SELECT Name FROM Account")
    for fault in ("cut", "cut_sized"):
        org.faults.add(fault, path="*/result/*", after_bytes=500)
        (stream,) = bulk.get_all_results_for_query_batch(batch)
        with pytest.raises(IncompleteBody, match=f"batch {batch} of job {job}") as caught:
            stream.read()
        assert (caught.value.job_id, caught.value.batch_id) == (job, batch)


@pytest.mark.parametrize("read", [list, lambda s: s.read(), lambda s: io.TextIOWrapper(s).read()])
def test_a_result_cut_within_a_record_without_any_length_is_an_error(
    read: Any, org: SalesforceEmulator, bulk: SalesforceBulk
) -> None:
    load(bulk, [f"name {number}" for number in range(2_000)])
    bulk = org.connect()
    batch = queried(bulk, "SELECT Name FROM Account")
    org.faults.add("cut_unsized", path="*/result/*", after_bytes=501)
    (stream,) = bulk.get_all_results_for_query_batch(batch)
    with pytest.raises(IncompleteBody):
        read(stream)


@pytest.mark.parametrize("text", ['"Id"\n"001x"', "no newline at the end", ""])
def test_a_result_served_by_requests_mock_needs_no_length(
    text: str, requests_mock: requests_mock.Mocker
) -> None:
    """Programs' own tests answer so."""
    requests_mock.get(f"{BATCH}/result/752x", text=text)
    assert client().get_query_batch_results("751x", "752x").read() == text.encode()


def test_a_result_is_read_from_many_threads_at_once(bulk: SalesforceBulk) -> None:
    load(bulk, [f"name {number}" for number in range(500)])
    batch = queried(bulk, "SELECT Name FROM Account")
    (result_id,) = bulk.get_query_batch_result_ids(batch)
    found: list[bytes] = []

    def read() -> None:
        found.append(bulk.get_query_batch_results(batch, result_id).read())

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_result_wrapped_as_the_readme_wraps_it(bulk: SalesforceBulk) -> None:
    load(bulk, NAMES)
    batch = queried(bulk, "SELECT Name FROM Account", "JSON")
    rows = [
        row
        for result in bulk.get_all_results_for_query_batch(batch)
        for row in json.load(IteratorBytesIO(result))
    ]
    assert [row["Name"] for row in rows] == NAMES


def test_a_result_is_uploaded_as_it_comes(bulk: SalesforceBulk) -> None:
    """From one object into another, without a file between."""
    load(bulk, NAMES)
    (stream,) = bulk.get_all_results_for_query_batch(queried(bulk, "SELECT Name FROM Account"))
    job = bulk.create_insert_job("Campaign")
    results = bulk.get_batch_results(bulk.post_batch(job, stream))
    assert [bool(result.success) for result in results] == [True] * len(NAMES)
