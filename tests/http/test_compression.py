"""Gzip: what is compressed on the way out, and read on the way in."""

from __future__ import annotations

import gzip
import os
import types
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_server import (
    BATCH,
    BATCH_ID,
    CSV_BODY,
    JOB,
    JOB_ID,
    SESSION,
    RawServer,
    http,
)

from salesforce_bulk import IncompleteBody, SalesforceBulk
from salesforce_bulk.formats.gunzip import fastest, gunzip
from salesforce_bulk.http.call import Caller

ROWS = b"Name\n" + b"Example Company\n" * 1_000


def client(server: RawServer, content_type: str = "CSV", **options: Any) -> SalesforceBulk:
    bulk = SalesforceBulk(sessionId=SESSION, host=server.url, timeout=5, **options)
    bulk.job_content_types[JOB_ID] = content_type
    return bulk


def posted(body: bytes, content_type: str = "CSV", **options: Any) -> Any:
    with RawServer(answer=BATCH) as server:
        client(server, content_type, **options).post_batch(JOB_ID, body)
        return server.received[0]


@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_a_batch_is_compressed_where_it_is_wanted(content_type: str) -> None:
    """gzip_requests=True compresses a batch, and its text arrives unchanged."""
    request = posted(ROWS, content_type, gzip_requests=True)
    assert request.headers["content-encoding"] == "gzip"
    assert gzip.decompress(request.body) == ROWS
    assert len(request.body) < len(ROWS) / 10
    assert request.headers["content-length"] == str(len(request.body))


@pytest.mark.parametrize("content_type", ["ZIP_CSV", "ZIP_XML", "ZIP_JSON"])
def test_a_zip_batch_is_never_compressed(content_type: str) -> None:
    """Zip bodies go as they are."""
    request = posted(ROWS, content_type, gzip_requests=True)
    assert "content-encoding" not in request.headers
    assert request.body == ROWS


@pytest.mark.parametrize(
    "body",
    [b"Name\nx\n", b"Name\n" + os.urandom(20_000).replace(b"\n", b"")],
    ids=["small", "noise"],
)
def test_what_gains_nothing_is_not_compressed(body: bytes) -> None:
    """Small bodies, and those that compression would make longer, go as they are."""
    request = posted(body, gzip_requests=True)
    assert "content-encoding" not in request.headers
    assert request.body == body


@pytest.mark.parametrize("wanted", [None, False])
def test_nothing_is_compressed_for_this_machine(wanted: bool | None) -> None:
    """On loopback the default is no compression, and False is none anywhere."""
    assert "content-encoding" not in posted(ROWS, gzip_requests=wanted).headers


@pytest.mark.parametrize(
    ("wanted", "packed"), [(None, True), (True, True), (False, False)], ids=str
)
def test_other_machines_get_gzip_by_default(wanted: bool | None, packed: bool) -> None:
    """Towards other machines the default is compression."""
    caller = Caller(
        transport=None,  # type: ignore[arg-type]
        base=str,
        headers=lambda values, content_type: {},
        check=lambda response: None,
        sessions=None,  # type: ignore[arg-type]
        gzip_requests=wanted,
    )
    url = "https://acme.my.salesforce.com/services/async/64.0/job/750/batch"
    assert caller._may_gain_from_gzip(url, ROWS, "text/csv") is packed


def test_a_mapping_is_not_compressed() -> None:
    """No client compresses a field mapping; neither does this one."""
    mapping = b"Salesforce Field,Csv Header,Value,Hint\n" + b"Name,Full Name,,\n" * 200
    with RawServer(answer=http("", 201)) as server:
        client(server, gzip_requests=True).post_mapping_file(JOB_ID, mapping)
        assert server.received[0].body == mapping


def test_the_same_rows_compress_to_the_same_bytes() -> None:
    """A repeated upload is the same request, byte by byte."""
    assert posted(ROWS, gzip_requests=True).body == posted(ROWS, gzip_requests=True).body


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("piece", [1, 7, 1 << 16])
def test_both_encodings_are_read(packed: bool, chunked: bool, piece: int) -> None:
    """A download is the same text whether it came packed or not, in chunks or not."""
    answer = http(CSV_BODY * 20, content_type="text/csv", packed=packed, chunked=chunked)
    with RawServer(answer=answer) as server:
        file = client(server).get_query_batch_results(
            BATCH_ID, "752", job_id=JOB_ID, chunk_size=piece
        )
        assert file.read() == (CSV_BODY * 20).encode()
        assert server.received[0].headers["accept-encoding"] == "gzip"


def test_only_gzip_is_asked_for_where_the_caller_says_nothing() -> None:
    """A subclass with headers of its own does not make the server choose another coding."""

    class Bare(SalesforceBulk):
        def headers(self, values: Any = None, content_type: str = "") -> dict[str, str]:
            return {"X-SFDC-Session": self.sessionId}

    with RawServer(answer=JOB) as server:
        Bare(sessionId=SESSION, host=server.url).create_insert_job("Account")
        assert server.received[0].headers["accept-encoding"] == "gzip"


#: Both ways to decompress; they are one where isal is not installed.
LIBRARIES = pytest.mark.parametrize("library", [zlib, fastest], ids=["zlib", "fastest"])


def unpacked(pieces: list[bytes], library: types.ModuleType) -> bytes:
    return b"".join(gunzip(iter(pieces), may_be_empty=False, library=library))


@LIBRARIES
@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.binary(max_size=3_000), min_size=1, max_size=3),
    repeat=st.sampled_from([1, 2_000]),
    size=st.integers(1, 5_000),
)
def test_gunzip_reads_any_cut(
    library: types.ModuleType, texts: list[bytes], repeat: int, size: int
) -> None:
    """One file or several behind another, in pieces of any size, come out whole."""
    whole = b"".join(gzip.compress(text * repeat, 1) for text in texts)
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    assert unpacked(pieces, library) == b"".join(text * repeat for text in texts)


@LIBRARIES
@settings(max_examples=60, deadline=None)
@given(text=st.binary(min_size=1, max_size=3_000), data=st.data())
def test_gunzip_refuses_any_shortening(
    library: types.ModuleType, text: bytes, data: st.DataObject
) -> None:
    """No prefix of a compressed file passes for the file."""
    whole = gzip.compress(text)
    length = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(IncompleteBody):
        unpacked([whole[:length]] if length else [], library)


@LIBRARIES
def test_a_small_piece_cannot_fill_the_memory(library: types.ModuleType) -> None:
    """Text that was compressed a thousandfold comes out in pieces of at most 1 MB."""
    packer = zlib.compressobj(9, wbits=31)
    whole = packer.compress(bytes(50_000_000)) + packer.flush()
    pieces = gunzip(iter([whole]), may_be_empty=False, library=library)
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == 50_000_000
    assert max(sizes) <= 1 << 20


@LIBRARIES
@settings(max_examples=60, deadline=None)
@given(text=st.binary(min_size=1, max_size=3_000), data=st.data())
def test_gunzip_refuses_damage(library: types.ModuleType, text: bytes, data: st.DataObject) -> None:
    """A changed byte behind the header is told, or the text is the same nevertheless."""
    whole = bytearray(gzip.compress(text))
    at = data.draw(st.integers(10, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        assert unpacked([bytes(whole)], library) == text
    except IncompleteBody:
        return
