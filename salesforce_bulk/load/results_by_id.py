"""Results of Bulk API 1.0 held against the Ids of the rows.

Results come in the order of the rows. Those of update, delete, and upsert by Id name the record, so
that it can be seen whether they do: where one names another row's record they are joined by Id,
and what cannot be joined is unknown.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Sequence

from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.load.outcomes import RESULT_HEADER, STATUS_OF
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.models import RowError, RowStatus
from salesforce_bulk.wire.row_error import write_row_error

_BY_ID = frozenset({"update", "delete", "hardDelete"})
#: Of an Id in either of its two forms.
_ID_CHARACTERS = 15

Result = Sequence[str]


def id_column(spec: LoadSpec, names: Sequence[str]) -> int | None:
    """The position of the column with the Id that results must name; None where there is none."""
    by_id = spec.operation in _BY_ID or (
        spec.operation == "upsert" and (spec.external_id or "").lower() == "id"
    )
    lowered = [name.lower() for name in names]
    return lowered.index("id") if by_id and "id" in lowered else None


def join_by_id(
    stored: bytes, ids: Sequence[str], job_id: str, batch_id: str
) -> tuple[bytes, Counter[RowStatus]] | None:
    """The results in the order of the rows; None where they are in it already.

    Args:
        stored: the results in the form in which they are kept; the last rows may have none.
        ids: of the rows, as they were sent; an empty one claims nothing.
        job_id, batch_id: for the message.
    """
    results = list(read_rows(io.StringIO(stored.decode("utf-8"), newline="")))[1:]
    own = [row_id.strip()[:_ID_CHARACTERS] for row_id in ids]
    named = [result[0][:_ID_CHARACTERS] for result in results]
    if all(not one or not other or one == other for one, other in zip(named, own, strict=False)):
        return None
    waiting: defaultdict[str, list[Result]] = defaultdict(list)
    for row_id, result in zip(named, results, strict=True):
        waiting[row_id].append(result)
    unknown = ("", "unknown", "", write_row_error(_out_of_order(job_id, batch_id)))
    joined = [_only(waiting[row_id]) if row_id else None for row_id in own]
    rest = waiting[""]
    if len(rest) == joined.count(None) and len(results) == len(own):
        # Results without Id that all say the same hold for each row that has no other.
        joined = [_only(rest) if result is None else result for result in joined]
    return _written([unknown if result is None else result for result in joined])


def _only(results: Sequence[Result]) -> Result | None:
    """What all results say; None where there is none, or where they differ."""
    return results[0] if results and all(one == results[0] for one in results) else None


def _out_of_order(job_id: str, batch_id: str) -> RowError:
    return RowError(
        "ResultsOutOfOrder",
        f"the results of batch {batch_id} of job {job_id} are not in the order of its rows, and "
        "none names this row's Id",
    )


def _written(results: Sequence[Result]) -> tuple[bytes, Counter[RowStatus]]:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(results)
    counts = Counter(STATUS_OF[result[1]] for result in results)
    return RESULT_HEADER + buffer.getvalue().encode("utf-8"), counts
