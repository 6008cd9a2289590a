"""Answers whose status is no error and not the API's: never what was asked for."""

from __future__ import annotations

import pytest
from fast_clock import FastClock
from raw_server import BATCH_ID, CLOSE, JOB_ID, SESSION, RawServer, http

from salesforce_bulk import (
    AmbiguousUpload,
    BulkApiError,
    SalesforceBulk,
    TransportError,
    UnexpectedResponse,
)
from salesforce_bulk.client_access import org_of

CSV = '"Id","Name"\n"1","a"\n'
#: Each with a body that reads like a shorter answer.
ODD = {
    "a part": http(CSV, 206, "text/csv", headers={"Content-Range": "bytes 0-20/4711"}),
    "a redirect to nowhere": http(CSV, 302, "text/csv"),
    "a choice": http(CSV, 300, "text/csv"),
    "not modified": http("", 304, None),
    "an answer before the answer": b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
}


def client(server: RawServer) -> SalesforceBulk:
    bulk = SalesforceBulk(sessionId=SESSION, host=server.url, timeout=2, clock=FastClock())
    bulk.job_content_types[JOB_ID] = "CSV"
    bulk.jobs[JOB_ID] = "CSV"
    return bulk


@pytest.mark.parametrize("kind", ODD)
def test_a_part_of_the_results_is_not_the_results(kind: str) -> None:
    """Trap: a cache answers 206 with whole records, or a proxy 302 without an address and body."""
    with RawServer(answer=ODD[kind]) as server, pytest.raises(UnexpectedResponse, match="HTTP"):
        list(client(server).get_query_batch_results(BATCH_ID, "752x", JOB_ID))


@pytest.mark.parametrize("kind", ODD)
def test_what_was_not_taken_is_not_sent(kind: str) -> None:
    """Trap: 302 without an address passed for a stored upload, a stored mapping, a closed job."""
    with RawServer(answer=ODD[kind]) as server:
        bulk = client(server)
        with pytest.raises(AmbiguousUpload):
            org_of(bulk).v2.upload(JOB_ID, b"Name\na\n")
        for call in (
            lambda: bulk.close_job(JOB_ID),
            lambda: org_of(bulk).v1.add_spec(JOB_ID, b"Salesforce Field,Csv Header\nName,N\n"),
        ):
            with pytest.raises(BulkApiError, match="HTTP"):
                call()


@pytest.mark.parametrize("size", ["-5", "-1"])
def test_a_chunk_of_a_negative_size_is_a_broken_answer(size: str) -> None:
    """Trap: ValueError: read length must be non-negative or -1."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = [f"{head}{size}\r\n{CSV}\r\n0\r\n\r\n".encode(), CLOSE]
    with RawServer(answer=answer) as server, pytest.raises(TransportError):
        list(client(server).get_query_batch_results(BATCH_ID, "752x", JOB_ID))


def test_an_answer_compressed_on_its_way_is_refused_at_once() -> None:
    """Trap: http.client knows no chunks beside gzip, and waited until the timeout."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
    with (
        RawServer(answer=f"{head}5\r\n{CSV[:5]}\r\n0\r\n\r\n".encode()) as server,
        pytest.raises(UnexpectedResponse, match="compressed as 'gzip, chunked'"),
    ):
        list(client(server).get_query_batch_results(BATCH_ID, "752x", JOB_ID))
