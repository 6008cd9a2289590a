"""One record of a streamed result has a bound: a quote that never closes fills no memory."""

import io
import time

import pytest
from canned_org import CannedOrg
from fast_clock import FastClock

from salesforce_bulk import SalesforceBulk, UnexpectedResponse

READINGS = {
    "rows": list,
    "arrow": lambda export: export.to_arrow(),
    "header": lambda export: export.to_csv(io.BytesIO()),
}
#: Four times as much is what a record may have.
DOCUMENT = 50_000


def read(body, reading, rows=1):
    pages = {None: (body, {"Sforce-NumberOfRecords": str(rows), "Sforce-Locator": "null"})}
    with CannedOrg(pages, rows) as org:
        bulk = SalesforceBulk(
            sessionId="00D!x", host=org.host, clock=FastClock(), max_document_bytes=DOCUMENT
        )
        return READINGS[reading](bulk.export("SELECT Id, Name FROM Thing"))


@pytest.mark.parametrize("reading", ["rows", "arrow"])
def test_a_record_without_end_is_refused(reading):
    """The error says what to give where it is the org's after all."""
    body = b'"Id","Name"\n"1","a"\n"2","' + b"x" * 3_000_000 + b'"\n'
    with pytest.raises(UnexpectedResponse, match=r"200,000 bytes.*max_document_bytes"):
        read(body, reading, 2)


@pytest.mark.parametrize("reading", ["rows", "arrow"])
def test_long_records_within_the_bound_are_read(reading):
    """Many of them, in pieces that end in their middle."""
    body = b'"Id","Name"\n' + b'"1","' + b"x" * 120_000 + b'"\n'
    body += b"".join(b'"1","' + b"x" * 90_000 + b'"\n' for _ in range(30))
    assert len(read(body, reading, 31)) == 31


@pytest.mark.parametrize("reading", READINGS)
def test_a_header_without_end_is_refused(reading):
    """Every sink reads the header, and those that copy bytes nothing else."""
    body = b'"Id","' + b"x" * 40_000_000
    with pytest.raises(UnexpectedResponse, match="one record is larger"):
        read(body, reading)


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("line", [b"\n", b'""\n'])
def test_a_header_of_lines_without_end_is_refused_as_soon(reading, line):
    """Trap: each line end counted all the quotes before it, for minutes."""
    began = time.process_time()
    with pytest.raises(UnexpectedResponse, match="one record is larger"):
        read(b'"' + line * 1_000_000, reading)
    assert time.process_time() - began < 10
