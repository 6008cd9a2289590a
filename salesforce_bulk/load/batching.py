"""What callers give as a batch, made into one finished body under the vendor's limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

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
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "to_csv"):
        # Iterated, a frame gives the names of its columns.
        raise InvalidInput(
            f"A {type(data).__name__} is no batch body for job {job_id}: give its CSV, such as "
            "frame.to_csv(index=False) of pandas, or load it with insert() and the other verbs.",
            job_id=job_id,
        )
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


# Rows, cut into parts that keep the limits


@dataclass(frozen=True)
class Bounds:
    """What one part may hold; bytes and characters count the header too."""

    records: int = limits.BATCH_RECORDS
    bytes: int = limits.BATCH_BYTES
    characters: int = limits.BATCH_CHARACTERS


class CutBody(NamedTuple):
    """One body. ``positions`` are its rows, counted from 1, ascending; ``after`` is the index of
    the part that must have been processed before this one is sent."""

    body: bytes | bytearray
    positions: Sequence[int]
    after: int | None = None


#: Rows and the position of the first of them to their lines, and the characters of those.
Encode = Callable[[Sequence[Any], int], "tuple[bytes, int]"]


def cut(
    chunks: Iterable[Sequence[Any]], encode: Encode, header: bytes, bounds: Bounds
) -> Iterator[CutBody]:
    """The rows as bodies, each within the bounds and as large as they allow.

    Args:
        chunks: lists of rows; how they are cut does not matter.
        encode: see `Encode`; a row's line must not depend on its neighbours.
        header: stands at the top of each body.
        bounds: one record at least.

    Raises:
        InvalidInput: a row that does not fit by itself; names it.
    """
    part = _OpenBody(header, bounds, first=1)
    for chunk in chunks:
        rest = chunk
        while rest:
            piece = rest[: bounds.records - part.rows]
            lines, characters = encode(piece, part.next)
            if part.fits(len(lines), characters):
                part.add(lines, characters, len(piece))
                rest = rest[len(piece) :]
            else:
                taken = _add_what_fits(part, piece, encode)
                if not part.rows:
                    raise row_too_large(part.next, bounds)
                rest = rest[taken:]
                yield part.close()
                part = part.successor()
            if part.rows == bounds.records:
                yield part.close()
                part = part.successor()
    if part.rows:
        yield part.close()


def _add_what_fits(part: _OpenBody, rows: Sequence[Any], encode: Encode) -> int:
    """Add the first of the rows, which do not fit together; returns how many, found by halving."""
    taken, left = 0, len(rows)
    while left > 1:
        half = left // 2
        lines, characters = encode(rows[taken : taken + half], part.next)
        if part.fits(len(lines), characters):
            part.add(lines, characters, half)
            taken, left = taken + half, left - half
        else:
            left = half
    return taken


class _OpenBody:
    def __init__(self, header: bytes, bounds: Bounds, first: int) -> None:
        self._header = header
        self._bounds = bounds
        # Grown in place: pieces joined at the end would be there twice, 20 MB each in a 2.0 job.
        self._body = bytearray(header)
        self._first = first
        self._characters = len(header.decode("utf-8"))
        self.rows = 0

    @property
    def next(self) -> int:
        """The position of the next row."""
        return self._first + self.rows

    def fits(self, size: int, characters: int) -> bool:
        return (
            len(self._body) + size <= self._bounds.bytes
            and self._characters + characters <= self._bounds.characters
        )

    def add(self, lines: bytes, characters: int, rows: int) -> None:
        self._body += lines
        self._characters += characters
        self.rows += rows

    def close(self) -> CutBody:
        return CutBody(self._body, range(self._first, self.next))

    def successor(self) -> _OpenBody:
        return _OpenBody(self._header, self._bounds, self.next)


def row_too_large(position: int, bounds: Bounds) -> InvalidInput:
    """The error for a row that no part can hold."""
    return InvalidInput(
        f"Row {position} does not fit into a batch by itself: {bounds.bytes:,} bytes and "
        f"{bounds.characters:,} characters are allowed, the header included.",
        row=position,
    )
