"""A result file of a 2.0 job that does not end fills no memory; the other files count."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from fast_clock import FastClock
from raw_server import CLOSE, SESSION, RawServer, Received, fault, http

from salesforce_bulk import (
    JobStillRunning,
    ReconciliationError,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.load.staging import result_header, result_records

JOB = "7500000000000jobAA"
#: Four times as much is what a record may have.
DOCUMENT = 50_000
SUCCESSES = b'"sf__Id","sf__Created","Name"\n"001000000000001AAA","true","a"\n'
FAILURES = b'"sf__Id","sf__Error","Name"\n"","BAD:no:--","b"\n'
NOTHING_LEFT = b'"Name"\n'
#: Pieces of 1 MB, of which 64 follow.
ENDLESS = {
    "a line without end": (b"", b"x" * (1 << 20)),
    "a quote that never closes": (b'"', (b"x" * 99 + b"\n") * 10_000),
    "quotes that look like ends": (b'"', b'\n"x"y' * 200_000),
    "lines without number": (b"", b'"001000000000001AAA","true","a"\n' * 30_000),
}


class IngestOrg:
    """An org of one 2.0 job of two rows, whose result files are given."""

    def __init__(self, **files: Any) -> None:
        self.files = files
        self.state = "Open"
        self.delimiter = "COMMA"

    def __call__(self, request: Received) -> Any:
        kind = request.path.rpartition("/")[2]
        if kind in self.files:
            return self.files[kind]
        if kind == "describe":
            fields = [{"name": "Name", "type": "string", "createable": True}]
            return _json({"name": "Thing", "createable": True, "fields": fields})
        if kind == "batches":
            return http(b"", 201)
        if "/async/" in request.path:
            return fault("InvalidJob")
        if request.method == "PATCH":
            self.state = "JobComplete"
        return _json(self._job() if "/jobs/ingest" in request.path else {})

    def _job(self) -> dict[str, Any]:
        about = {"id": JOB, "object": "Thing", "operation": "insert", "apiVersion": 64.0}
        counts = {"numberRecordsProcessed": 2, "numberRecordsFailed": 1}
        state = {"state": self.state, "columnDelimiter": self.delimiter}
        return {**about, **state, "jobType": "V2Ingest", **counts}


def _json(document: Any) -> bytes:
    return http(json.dumps(document), content_type="application/json")


def csv_file(body: bytes) -> bytes:
    return http(body, content_type="text/csv")


def endless(how: str, header: bytes = SUCCESSES) -> list[Any]:
    """64 MB here; what counts is that it is not read to its end."""
    begin, piece = ENDLESS[how]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nConnection: close\r\n\r\n"
    return [head + header + begin, *[piece] * 64, CLOSE]


def client(server: RawServer) -> SalesforceBulk:
    return SalesforceBulk(
        sessionId=SESSION,
        host=server.url,
        API_version="64.0",
        clock=FastClock(),
        max_document_bytes=DOCUMENT,
    )


def ended_org(**files: Any) -> IngestOrg:
    """Its job is over."""
    there = org(**files)
    there.state = "JobComplete"
    return there


def org(**files: Any) -> IngestOrg:
    return IngestOrg(
        **{
            "successfulResults": csv_file(SUCCESSES),
            "failedResults": csv_file(FAILURES),
            "unprocessedrecords": csv_file(NOTHING_LEFT),
            **files,
        }
    )


@pytest.mark.parametrize("how", ENDLESS)
def test_a_file_without_end_fills_no_memory_and_its_rows_are_unknown(how: str) -> None:
    """The other files tell of their rows as ever."""
    with RawServer(answer=org(successfulResults=endless(how))) as server:
        tracemalloc.start()
        result = client(server).insert(
            "Thing", [{"Name": "a"}, {"Name": "b"}], api="2.0", on_error="report"
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert [row.status for row in result] == ["unknown", "failed"]
    error = next(iter(result.unknown)).error
    assert error.code == "ResultsUnreadable"
    assert "successfulResults (" in error.message
    assert peak < 12 << 20


@pytest.mark.parametrize("how", list(ENDLESS)[:3])
def test_an_attached_job_with_a_file_without_end_is_an_error(how: str) -> None:
    there = org(successfulResults=endless(how))
    there.state = "JobComplete"
    with RawServer(answer=there) as server:
        handle = client(server).attach(JOB)
        tracemalloc.start()
        with pytest.raises(ReconciliationError, match="processed 2 rows"):
            handle.result()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 << 20


@pytest.mark.parametrize("how", list(ENDLESS)[:3])
def test_records_of_a_staged_job_are_bounded_where_they_are_streamed(how: str) -> None:
    there = ended_org(successfulResults=endless(how), failedResults=endless(how, b""))
    with RawServer(answer=there) as server:
        access = access_of(client(server)).org
        tracemalloc.start()
        with pytest.raises(UnexpectedResponse, match="max_document_bytes"):
            list(result_records(access, JOB, "successfulResults"))
        with pytest.raises(UnexpectedResponse, match="max_document_bytes"):
            result_header(access, JOB, "failedResults")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 12 << 20


def test_long_records_within_the_bound_are_joined() -> None:
    """In more bytes than a document may have, as in exports."""
    long = "y" * 130_000
    body = SUCCESSES + f'"001000000000002AAA","true","{long}"\n'.encode()
    failed = csv_file(b'"sf__Id","sf__Error","Name"\n')
    with RawServer(answer=org(successfulResults=csv_file(body), failedResults=failed)) as server:
        result = client(server).insert("Thing", [{"Name": "a"}, {"Name": long}], api="2.0")
    assert [row.id for row in result] == ["001000000000001AAA", "001000000000002AAA"]


NO_CSV = {
    "ragged": SUCCESSES + b'"001000000000002AAA","true"\n',
    "no text": SUCCESSES + b'"001000000000002AAA","true","\xff"\n',
    "an open quote": SUCCESSES + b'"001000000000002AAA","true","b\n',
    "a stray quote": SUCCESSES + b'"001"000","true","b"\n',
}


@pytest.mark.parametrize("kind", NO_CSV)
def test_a_file_of_a_staged_job_that_is_no_csv_ends_in_an_error_of_this_library(kind: str) -> None:
    """Trap: ValueError of zip, csv.Error and UnicodeDecodeError."""
    with RawServer(answer=ended_org(successfulResults=csv_file(NO_CSV[kind]))) as server:
        access = access_of(client(server)).org
        with pytest.raises(UnexpectedResponse, match=f"successfulResults of job {JOB}"):
            list(result_records(access, JOB, "successfulResults"))


@pytest.mark.parametrize(("delimiter", "between"), [("SEMICOLON", b";"), ("TAB", b"\t")])
def test_a_staged_job_is_read_by_the_delimiter_that_it_was_made_with(
    delimiter: str, between: bytes
) -> None:
    """Trap: one column with the whole line in it."""
    there = ended_org(failedResults=csv_file(FAILURES.replace(b",", between)))
    there.delimiter = delimiter
    with RawServer(answer=there) as server:
        access = access_of(client(server)).org
        assert result_header(access, JOB, "failedResults") == ["sf__Id", "sf__Error", "Name"]
        [record] = result_records(access, JOB, "failedResults")
    assert record == {"sf__Id": "", "sf__Error": "BAD:no:--", "Name": "b"}


OTHER_COUNTS = {
    "none": SUCCESSES[: SUCCESSES.index(b"\n") + 1],
    "nothing at all": b"",
    "two": SUCCESSES + b'"001000000000002AAA","true","b"\n',
}


@pytest.mark.parametrize("kind", OTHER_COUNTS)
def test_a_staged_job_with_more_or_fewer_results_than_it_counts_is_an_error(kind: str) -> None:
    """Trap: a file that was cut behind a record is read as the whole, by Spark for example."""
    there = ended_org(
        successfulResults=csv_file(OTHER_COUNTS[kind]), failedResults=csv_file(OTHER_COUNTS[kind])
    )
    with RawServer(answer=there) as server:
        access = access_of(client(server)).org
        for name in ("successfulResults", "failedResults"):
            with pytest.raises(ReconciliationError, match=f"The {name} of job {JOB} have"):
                list(result_records(access, JOB, name))


def test_results_of_a_staged_job_that_is_not_over_are_not_read() -> None:
    """Trap: what is there so far passes for the whole."""
    there = org()
    there.state = "InProgress"
    with RawServer(answer=there) as server:
        access = access_of(client(server)).org
        for read in (result_header, lambda *about: list(result_records(*about))):
            with pytest.raises(JobStillRunning, match=f"{JOB} is InProgress"):
                read(access, JOB, "failedResults")


def test_a_byte_order_mark_is_no_part_of_a_staged_jobs_results() -> None:
    there = ended_org(failedResults=csv_file(b"\xef\xbb\xbf" + FAILURES))
    with RawServer(answer=there) as server:
        access = access_of(client(server)).org
        [record] = result_records(access, JOB, "failedResults")
    assert list(record) == ["sf__Id", "sf__Error", "Name"]
