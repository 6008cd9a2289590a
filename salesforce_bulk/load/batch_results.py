"""The results of one batch of Bulk API 1.0, compared with its rows.

Guide: "Get Batch Results".
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from salesforce_bulk.load.outcomes import RESULT_HEADER, STATUS_OF, read_results
from salesforce_bulk.models import RowError, RowStatus

#: Results as Salesforce writes them, each line whole; most are of success, and found sooner by a
#: pattern of their own.
_USUAL_RESULTS = re.compile(
    RESULT_HEADER + rb'(?:"\w*","true","(?:true|false)",""\n'
    rb'|"[^"]*","(?:true|false)","(?:true|false)","[^"]*(?:""[^"]*)*"\n)*'
)
#: The Ids of records that results in their usual form tell of as made.
_CREATED = re.compile(rb'\n"([^"]{15,18})","true","true",')
_ID_SIZES = frozenset((15, 18))


class BatchResults(NamedTuple):
    """Results that fit the rows of their batch.

    Attributes:
        stored: in the usual form, as they are kept.
        counts: rows by status.
        made: the Ids of the records that they tell of as made.
    """

    stored: bytes
    counts: Mapping[RowStatus, int]
    made: Sequence[bytes]

    def made_twice(self) -> str | None:
        """A record that two results tell of as made; None where there is none."""
        if len(set(self.made)) == len(self.made):
            return None
        return next(one for one, count in Counter(self.made).items() if count > 1).decode()


def check_results(body: bytes, rows: int, processed: int, why: RowError) -> BatchResults | None:
    """Compare a batch's results with its rows; None where they do not fit.

    Args:
        body: the results.
        rows: of the batch.
        processed: rows that must have a result: all, or as many as a failed batch came to.
        why: the reason of the rows that were not processed.
    """
    for created in (b"true", b"false"):
        ids = ids_of_success(body, created)
        if ids and len(ids) == rows:
            return BatchResults(body, {"success": rows}, ids if created == b"true" else ())
    # NULs, and bytes that are no text, are in what errors quote.
    text = body.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").decode("utf-8", "replace")
    body = text.encode()
    counts = count_results(body)
    # The counts alone would take lines for whole that are cut off, or whose quotes are not doubled.
    if counts is not None and counts.total() == rows and _USUAL_RESULTS.fullmatch(body):
        return BatchResults(body, counts, _CREATED.findall(body))
    return _checked_by_line(text, rows, processed, why)


def ids_of_success(body: bytes, created: bytes) -> Sequence[bytes]:
    """The Ids of results that are all alike, all of success; none where they are not.

    By one split, in a third of the time that counts and patterns take.

    Args:
        body: the results.
        created: what each says of that, ``b"true"`` or ``b"false"``.
    """
    start, end = RESULT_HEADER + b'"', b'","true","' + created + b'",""\n'
    if not (body.startswith(start) and body.endswith(end)):
        return ()
    ids = body[len(start) : -len(end)].split(end + b'"')
    return ids if _ID_SIZES.issuperset(map(len, ids)) and b"".join(ids).isalnum() else ()


def count_results(body: bytes) -> Counter[RowStatus] | None:
    """Rows by status in a CSV result; None where it is not written as Salesforce writes it.

    Each cell stands in quotes and a quote inside is doubled. So a quote, a comma, a quote and a
    letter stand together between two cells and nowhere else, and can be counted as bytes.
    """
    if not body.startswith(RESULT_HEADER):
        return None
    succeeded = body.count(b'","true","true","') + body.count(b'","true","false","')
    failed = body.count(b'","false","false","') + body.count(b'","false","true","')
    return Counter({"success": succeeded, "failed": failed})


def _checked_by_line(text: str, rows: int, processed: int, why: RowError) -> BatchResults | None:
    try:
        told = read_results(io.StringIO(text, newline=""))
        results = list(islice(told, rows + 1))
    except (ValueError, csv.Error):
        return None
    if not processed <= len(results) <= rows or any(
        len(cells) != 4 or cells[1].lower() not in STATUS_OF for cells in results
    ):
        return None
    return _rewrite_results(results, rows, why)


def _rewrite_results(results: list[list[str]], rows: int, why: RowError) -> BatchResults:
    """In the usual form, blank and missing results as unprocessed."""
    reason = f"{why.code}:{why.message}:--"
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    counts: Counter[RowStatus] = Counter()
    for record_id, success, created, error in results:
        status = STATUS_OF[success.lower()]
        counts[status] += 1
        blank = status == "unprocessed"
        text = error or (reason if blank else "")
        writer.writerow([record_id, success.lower() or status, created.lower(), text])
    counts["unprocessed"] += rows - len(results)
    stored = RESULT_HEADER + buffer.getvalue().encode("utf-8")
    return BatchResults(stored, +counts, _CREATED.findall(stored))
