"""What callers give as a batch, made into one body or refused before anything is sent."""

from __future__ import annotations

import array
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import CsvDictsAdapter, limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.load.batching import batch_body, refuse_too_many_records
from salesforce_bulk.util import IteratorBytesIO
from salesforce_bulk.wire.v1 import count_csv_records

TEXT = "Name\r\ncafé\r\n"
BODY = TEXT.encode()


@pytest.mark.parametrize(
    "data",
    [
        BODY,
        bytearray(BODY),
        memoryview(BODY),
        TEXT,
        io.BytesIO(BODY),
        io.StringIO(TEXT, newline=""),
        IteratorBytesIO([BODY[:3], BODY[3:]]),
        iter([BODY[:10], b"", BODY[10:]]),
        iter(["Name\r\n", "café\r\n"]),
        [BODY[:10], BODY[10:]],
        ("Name\r\n", "café\r\n".encode()),
        (line for line in BODY.splitlines(keepends=True)),
    ],
    ids=lambda data: type(data).__name__,
)
def test_each_kind_of_body_that_2_2_0_took(data: Any) -> None:
    assert batch_body(data, "750x") == BODY


def test_rows_of_a_csv_adapter_become_one_body() -> None:
    assert batch_body(CsvDictsAdapter([{"Name": "a"}, {"Name": "b"}]), "750x") == (
        b'"Name"\r\n"a"\r\n"b"\r\n'
    )


@pytest.mark.parametrize("mode", [{"mode": "rb"}, {"mode": "r", "encoding": "utf-8"}])
def test_an_open_file_is_read_from_where_it_stands(tmp_path: Path, mode: dict[str, Any]) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"skipped\n" + BODY.replace(b"\r\n", b"\n"))
    with path.open(newline="" if mode["mode"] == "r" else None, **mode) as file:
        file.readline()
        assert batch_body(file, "750x") == BODY.replace(b"\r\n", b"\n")


def test_a_large_file_is_read_whole() -> None:
    data = bytes(range(256)) * 2_000
    assert batch_body(io.BytesIO(data), "750x") == data


@given(st.lists(st.one_of(st.binary(), st.text(st.characters(codec="utf-8")))))
def test_any_mixture_of_pieces_is_joined_in_order(pieces: list[bytes | str]) -> None:
    whole = b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)
    if whole:
        assert batch_body(iter(pieces), "750x") == whole
    else:
        with pytest.raises(InvalidInput, match="empty"):
            batch_body(iter(pieces), "750x")


@pytest.mark.parametrize("data", [b"", "", [], iter([]), io.BytesIO(), CsvDictsAdapter([])])
def test_an_empty_body_is_refused_with_the_job(data: Any) -> None:
    with pytest.raises(InvalidInput, match="Unable to find any data to create batch") as caught:
        batch_body(data, "750x")
    assert caught.value.job_id == "750x"


@pytest.mark.parametrize(
    "data",
    [{"a": "b"}, None, 5, [{"Name": "a"}], [("Name", "a")], [5], array.array("i", [1]), object()],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_body_is_refused_and_told_about_the_adapter(data: Any) -> None:
    with pytest.raises(InvalidInput, match="CsvDictsAdapter") as caught:
        batch_body(data, "750x")
    assert caught.value.job_id == "750x"


def test_half_a_character_is_refused_with_the_job() -> None:
    with pytest.raises(InvalidInput, match="half a character") as caught:
        batch_body("Name\n\ud83d", "750x")
    assert caught.value.job_id == "750x"


def test_the_limit_itself_is_allowed_and_one_byte_more_is_not() -> None:
    at_limit = bytes(limits.BATCH_BYTES)
    assert len(batch_body(at_limit, "750x")) == 10_000_000
    with pytest.raises(InvalidInput, match=r"larger than 10,000,000 bytes") as caught:
        batch_body([at_limit, b"x"], "750x")
    assert caught.value.job_id == "750x"


def test_the_limit_counts_bytes_and_not_characters() -> None:
    with pytest.raises(InvalidInput, match="larger"):
        batch_body("é" * (limits.BATCH_BYTES // 2 + 1), "750x")


def test_an_endless_generator_is_read_no_further_than_the_limit() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1_000_000)

    with pytest.raises(InvalidInput, match="larger"):
        batch_body(endless(), "750x")
    assert taken == 11


# Records


@pytest.mark.parametrize(
    ("body", "records"),
    [
        (b"", 0),
        (b"Name", 0),
        (b"Name\n", 0),
        (b"Name\na", 1),
        (b"Name\na\n", 1),
        (b"Name\r\na\r\n", 1),
        (b"Name\ra\rb\r", 2),
        (b'"Na\nme"\n"a\n\nb"\n', 1),
        (b'Name\n"a ""quoted""\n text"\nb', 2),
    ],
)
def test_records_are_counted_without_the_header(body: bytes, records: int) -> None:
    assert count_csv_records(body) == records


def test_ten_thousand_records_are_allowed_and_one_more_is_not() -> None:
    body = b"Name\n" + b"x\n" * limits.BATCH_RECORDS
    refuse_too_many_records(body, "750x")
    with pytest.raises(InvalidInput, match="10,001 records") as caught:
        refuse_too_many_records(body + b"x\n", "750x")
    assert (caught.value.row, caught.value.job_id) == (10_001, "750x")


def test_line_breaks_within_quotes_are_no_records() -> None:
    refuse_too_many_records(b"Name\n" + b'"a\nb\nc"\n' * limits.BATCH_RECORDS, "750x")
