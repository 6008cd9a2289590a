"""Pages of a query's result file.

Guide: "Get Results for a Query Job", "Get Parallel Results for a Query Job". A page's rows are
taken out of the one file of the job by byte offsets; only the ends of a page that lie within a
block of rows are parsed.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from salesforce_bulk.emulator.http.server import FilePart, blocks_of
from salesforce_bulk.emulator.jobs.engine import ResultFile

_PLAIN = re.compile("[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Rows ``first`` to before ``end`` of a result of ``total``."""

    first: int
    end: int
    total: int

    @property
    def rows(self) -> int:
        return self.end - self.first

    @property
    def last(self) -> bool:
        return self.end >= self.total


def locator(row: int, plain: bool = False, padded: bool = False) -> str:
    """The locator of the page that begins with a row; ``plain`` as old versions have it."""
    if plain:
        return str(row)
    text = base64.urlsafe_b64encode(str(row).encode()).decode()
    return text if padded else text.rstrip("=")


def row_of(text: str, plain: bool = False, padded: bool = False) -> int | None:
    """The row of a locator; None for what is none."""
    if plain:
        return int(text) if _PLAIN.fullmatch(text) else None
    try:
        number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    whole = _PLAIN.fullmatch(number) and locator(int(number), padded=padded) == text
    return int(number) if whole else None


def pages(first: int, total: int, rows: int) -> Iterator[ResultPage]:
    """The pages of a result from a row on, at least one."""
    for start in range(first, max(total, first + 1), rows):
        yield ResultPage(start, min(start + rows, total), total)


def page_body(
    result: ResultFile, page: ResultPage, delimiter: str, line_end: str
) -> Iterator[bytes]:
    """Header and rows of a page."""
    starts = [row for row, _ in result.index]
    header_bytes = result.index[0][1] if result.index else None
    yield from blocks_of(FilePart(result.path, 0, header_bytes))
    row = page.first
    while row < page.end:
        place = bisect_right(starts, row) - 1
        first, offset = result.index[place]
        last_place = bisect_right(starts, page.end) - 1
        if row == first and last_place > place:
            # Whole blocks, up to the one in which the page ends.
            until, end_offset = result.index[last_place]
            yield from blocks_of(FilePart(result.path, offset, end_offset - offset))
            row = until
            continue
        after = result.index[place + 1] if place + 1 < len(result.index) else None
        until = after[0] if after else result.rows
        length = after[1] - offset if after else None
        if row == first and page.end >= until:
            yield from blocks_of(FilePart(result.path, offset, length))
        else:
            block = FilePart(result.path, offset, length)
            yield _some_rows(block, row - first, page.end - first, delimiter, line_end)
        row = until


def _some_rows(block: FilePart, first: int, end: int, delimiter: str, line_end: str) -> bytes:
    text = b"".join(blocks_of(block)).decode("utf-8", "replace")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))[first:end]
    buffer = io.StringIO(newline="")
    csv.writer(
        buffer, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=line_end
    ).writerows(rows)
    return buffer.getvalue().encode("utf-8", "replace")
