"""Rows that look like an org's, as Bulk API bodies of any size, prepared once.

A body is a few pieces of bytes, each with a number of repetitions: one block of 20,000 different
rows is rendered (and compressed) once and sent as often as the wanted size needs, so a body of
1 GB takes 4 MB of memory. The rows of two blocks therefore carry the same Ids. A gzip body is one
member: the block is deflated up to a full flush, which leaves the next block no history to refer
to, and such pieces may be joined in any number.
"""

from __future__ import annotations

import functools
import itertools
import json
import random
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

BLOCK_ROWS = 20_000
#: Blocks of a page of a 2.0 query.
PAGE_BLOCKS = 5
COLUMNS = (
    "Id",
    "Name",
    "Owner.Name",
    "Industry",
    "AnnualRevenue",
    "NumberOfEmployees",
    "IsActive__c",
    "SLAExpirationDate__c",
    "LastModifiedDate",
    "Description",
)
#: describe's types of the columns; Owner.Name is the Name of a User.
TYPES = {
    "Id": "id",
    "Name": "string",
    "Industry": "picklist",
    "AnnualRevenue": "currency",
    "NumberOfEmployees": "int",
    "IsActive__c": "boolean",
    "SLAExpirationDate__c": "date",
    "LastModifiedDate": "datetime",
    "Description": "textarea",
}
RESULT_COLUMNS = ("Id", "Success", "Created", "Error")

_FIRST = ("Ada", "Zoë", "José", "Søren", "Łukasz", "Ngọc", "Σοφία", "Дмитрий", "美咲", "O'Neil")
_LAST = ("Lovelace", "Müller", "García", "Kierkegaard", "Wałęsa", "Nguyễn", "佐藤", "Smith")
_TRADE = ("Bäckerei", "Holdings, Inc.", "& Sons", '"The Works"', "S.A. de C.V.", "GmbH", "K.K.")
_INDUSTRY = ("Agriculture", "Banking", "Biotechnology", "Energy", "Food & Beverage", "Retail", "")
_SAID = ("call back", 'said "later"', "très intéressé", "a, b and c", "übernimmt im Mai", "顧客")
_ERROR = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"


def rows(count: int) -> Iterator[tuple[str | float | bool | None, ...]]:
    """`count` rows of COLUMNS, the same ones each time; None is an empty cell."""
    chance = random.Random(20)
    start = datetime(2019, 1, 1)
    for number in range(count):
        changed = start + timedelta(seconds=chance.randrange(150_000_000))
        yield (
            f"001Hs{number:010d}IAA",
            f"{chance.choice(_LAST)} {chance.choice(_TRADE)} {number}",
            f"{chance.choice(_FIRST)} {chance.choice(_LAST)}",
            chance.choice(_INDUSTRY) or None,
            round(chance.lognormvariate(13, 2), 2) if chance.random() < 0.8 else None,
            chance.randrange(1, 20_000) if chance.random() < 0.7 else None,
            chance.random() < 0.5,
            f"{changed + timedelta(days=365):%Y-%m-%d}",
            f"{changed:%Y-%m-%dT%H:%M:%S}.000Z",
            _description(chance),
        )


def _description(chance: random.Random) -> str | None:
    if chance.random() < 0.5:
        return None
    separator = "\n" if chance.random() < 0.2 else "; "
    return separator.join(chance.choices(_SAID, k=chance.randrange(1, 4)))


def csv_line(cells: Iterable[object]) -> str:
    """A record as Salesforce writes it: every cell quoted, LF at the end."""
    return ",".join(f'"{_csv_text(cell)}"' for cell in cells) + "\n"


def _csv_text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell).replace('"', '""')


def json_record(cells: tuple[object, ...]) -> str:
    """A record of a JSON query result, with the parent nested."""
    url = f"/services/data/v64.0/sobjects/Account/{cells[0]}"
    record: dict[str, object] = {"attributes": {"type": "Account", "url": url}}
    for column, cell in zip(COLUMNS, cells, strict=True):
        if column == "Owner.Name":
            record["Owner"] = {"attributes": {"type": "User"}, "Name": cell}
        else:
            record[column] = cell
    return json.dumps(record, ensure_ascii=False, indent=2)


def ingest_result(number: int) -> tuple[str, str, str, str]:
    """The result of the row with this number: each hundredth row failed."""
    if number % 100 == 99:
        return ("", "false", "false", _ERROR)
    return (f"003P{number:011d}IAA", "true", "true", "")


_HEAD = csv_line(COLUMNS).encode()

Pieces = list[tuple[bytes, int]]


@dataclass(frozen=True)
class Content:
    """What a result says: pieces of bytes with repetitions, and the rows that they hold."""

    media_type: str
    pieces: Pieces
    rows: int

    @property
    def size(self) -> int:
        return sum(len(piece) * times for piece, times in self.pieces)

    @property
    def lines(self) -> int:
        return sum(piece.count(b"\n") * times for piece, times in self.pieces)

    def bytes(self) -> Iterator[bytes]:
        for piece, times in self.pieces:
            yield from itertools.repeat(piece, times)


def query_csv(megabytes: float) -> Content:
    """A CSV query result of about so many MB (10**6 bytes)."""
    pages = query_pages(megabytes)
    records = itertools.chain.from_iterable(page.pieces[1:] for page in pages)
    return Content("text/csv", [(_HEAD, 1), *records], sum(page.rows for page in pages))


def query_pages(megabytes: float) -> list[Content]:
    """The same rows as `query_csv`, in pages, each with its header.

    The first Id of a page is its own: no org gives the same page twice, and no export takes it.
    """
    records = _csv_records()
    blocks, rest = _blocks(records, megabytes)
    full = range(0, blocks, PAGE_BLOCKS)
    pages = [_page(records, min(PAGE_BLOCKS, blocks - done), done) for done in full]
    if rest or not blocks:
        pages.append(_page(records[:rest], 1, blocks))
    return pages


def _page(records: list[bytes], blocks: int, number: int) -> Content:
    own = b"".join(records[:1]).replace(b"001Hs000", b"001H%04d" % number)
    block, others = b"".join(records), b"".join(records[1:])
    pieces = [(_HEAD, 1), (own, 1), (others, 1), (block, blocks - 1)]
    return Content("text/csv", pieces, blocks * len(records))


def query_constant(megabytes: float) -> Content:
    """One column with the same value in all rows: gzip makes it a thousand times smaller."""
    line = b'"true"\n'
    block = line * BLOCK_ROWS
    blocks = round(megabytes * 1e6 / len(block))
    pieces = [(b'"IsActive__c"\n', 1), (block, blocks)]
    return Content("text/csv", pieces, blocks * BLOCK_ROWS)


def query_json(megabytes: float) -> Content:
    """A JSON query result of about so many MB."""
    records = _json_records()
    separated = [record + b", " for record in records]
    blocks, rest = _blocks(separated, megabytes)
    pieces = [
        (b"[ ", 1),
        (b"".join(separated), blocks),
        (b"".join(separated[:rest]), 1),
        (records[rest] + b" ]", 1),
    ]
    return Content("application/json", pieces, blocks * BLOCK_ROWS + rest + 1)


@functools.cache
def _csv_records() -> list[bytes]:
    return [csv_line(row).encode() for row in rows(BLOCK_ROWS)]


@functools.cache
def _json_records() -> list[bytes]:
    return [json_record(row).encode() for row in rows(BLOCK_ROWS)]


def _blocks(records: list[bytes], megabytes: float) -> tuple[int, int]:
    wanted = round(megabytes * 1e6)
    blocks, missing = divmod(wanted, sum(map(len, records)))
    sizes = itertools.accumulate(map(len, records))
    return blocks, next(count for count, size in enumerate(sizes) if size >= missing)


def ingest_csv(count: float) -> Content:
    """The CSV results of a batch of `count` rows."""
    lines = [csv_line(RESULT_COLUMNS), *map(csv_line, map(ingest_result, range(int(count))))]
    return Content("text/csv", [("".join(lines).encode(), 1)], int(count))


def of_batch(content: Content, number: int) -> Content:
    """The same results as those of another batch, which made other records."""
    own = b"003P%04d" % number
    pieces = [(piece.replace(b"003P0000", own), times) for piece, times in content.pieces]
    return Content(content.media_type, pieces, content.rows)


def ingest_json(count: float) -> Content:
    """The JSON results of a batch of `count` rows."""
    results = [
        {"success": ok == "true", "created": ok == "true", "id": key or None, "errors": []}
        for key, ok, _, _ in map(ingest_result, range(int(count)))
    ]
    return Content("application/json", [(json.dumps(results).encode(), 1)], int(count))


def gzipped(content: Content, level: int = 6) -> Pieces:
    """The content as one gzip member."""
    checksum = 0
    for piece in content.bytes():
        checksum = zlib.crc32(piece, checksum)
    trailer = struct.pack("<LL", checksum, content.size & 0xFFFFFFFF)
    return [
        (b"\x1f\x8b\x08\0\0\0\0\0\0\xff", 1),
        *((_deflated(piece, level), times) for piece, times in content.pieces if piece),
        (b"\x03\0" + trailer, 1),
    ]


def _deflated(piece: bytes, level: int) -> bytes:
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(piece) + compressor.flush(zlib.Z_FULL_FLUSH)


def chunked(pieces: Pieces, chunk_size: int) -> Pieces:
    """The pieces in HTTP/1.1 chunks, with the last chunk."""
    framed = [(_chunks(piece, chunk_size), times) for piece, times in pieces if piece]
    return [*framed, (b"0\r\n\r\n", 1)]


def _chunks(piece: bytes, chunk_size: int) -> bytes:
    cut = (piece[start : start + chunk_size] for start in range(0, len(piece), chunk_size))
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in cut)
