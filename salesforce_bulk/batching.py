"""What callers give as a batch, made into one finished body under the vendor's limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.wire import v1

#: Bytes read from a file at a time.
_PIECE_BYTES = 1 << 16


def batch_body(data: Any, job_id: str) -> bytes:
    """The whole body of a batch.

    Args:
        data: bytes, text (UTF-8), an open file, or an iterable of bytes or texts. A generator
            is read no further than the limit.
        job_id: for the message.

    Raises:
        InvalidInput: no data, more than `limits.BATCH_BYTES`, or not a body at all.
    """
    body = b"".join(_within_the_limit(_pieces_of(data, job_id), job_id))
    if not body:
        raise InvalidInput(
            f"Unable to find any data to create batch: the body for job {job_id} is empty. "
            "Post only batches with rows.",
            job_id=job_id,
        )
    return body


def _pieces_of(data: Any, job_id: str) -> Iterable[Any]:
    if isinstance(data, (bytes, bytearray, memoryview, str)):
        return (data,)
    if hasattr(data, "read"):
        return iter(lambda: data.read(_PIECE_BYTES), type(data.read(0))())
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise _not_a_body(data, job_id)
    return data


def _within_the_limit(pieces: Iterable[Any], job_id: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        if not isinstance(piece, (bytes, bytearray, memoryview, str)):
            raise _not_a_body(piece, job_id)
        encoded = _utf8(piece, job_id) if isinstance(piece, str) else bytes(piece)
        size += len(encoded)
        if size > limits.BATCH_BYTES:
            raise InvalidInput(
                f"The batch for job {job_id} is larger than {limits.BATCH_BYTES:,} bytes "
                "(Exceeded max size limit of 10000000). Cut the rows into more batches.",
                job_id=job_id,
            )
        yield encoded


def _utf8(text: str, job_id: str) -> bytes:
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidInput(
            f"The batch for job {job_id} holds half a character: {error}", job_id=job_id
        ) from error


def _not_a_body(data: Any, job_id: str) -> InvalidInput:
    return InvalidInput(
        f"A {type(data).__name__} is no batch body for job {job_id}: give bytes, text, a file or "
        "an iterable of them; CsvDictsAdapter(rows) makes one from dicts.",
        job_id=job_id,
    )


def refuse_too_many_records(body: bytes, job_id: str) -> None:
    """Raise `InvalidInput` for a CSV body of more than `limits.BATCH_RECORDS` records."""
    # Line breaks are an upper bound that costs nothing; quotes are looked at only beyond it.
    if body.count(b"\n") <= limits.BATCH_RECORDS:
        return
    records = v1.count_csv_records(body)
    if records > limits.BATCH_RECORDS:
        raise InvalidInput(
            f"The batch for job {job_id} has {records:,} records; {limits.BATCH_RECORDS:,} are "
            "allowed. Cut the rows into more batches.",
            row=limits.BATCH_RECORDS + 1,
            job_id=job_id,
        )
