"""The rows of a load beside their result lines, read from the disk as far as they are asked for."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, pairwise, repeat
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.models import RowError, RowStatus
from salesforce_bulk.storage.spool import Slice, Spool
from salesforce_bulk.wire.row_error import write_row_error

#: How a stored result begins; 1.0 writes it so, and what is made of 2.0's files does too.
RESULT_HEADER = b'"Id","Success","Created","Error"\n'

#: The status for each text of the column Success. The last two are this library's own.
STATUS_OF: Mapping[str, RowStatus] = {
    "true": "success",
    "false": "failed",
    "": "unprocessed",
    "unprocessed": "unprocessed",
    "unknown": "unknown",
}

#: Bytes of stored results read at a time; small, since many units may be open at once.
_PIECE_BYTES = 1 << 14
#: Rows made into results at a time.
_BLOCK_ROWS = 500


class RestOutcome(NamedTuple):
    """The status of rows that have no result of their own, and why."""

    status: RowStatus
    error: RowError


@dataclass(frozen=True)
class BatchRows:
    """The rows of one batch, or of one 2.0 job.

    Attributes:
        request: the body that was sent.
        numbers: of its rows in the source, ascending.
        result: the results of the first rows, in the order of the rows; None where there is none.
        rest_outcome: of the rows behind those.
        counts: rows by status.
    """

    request: Slice
    numbers: Sequence[int]
    result: Slice | None
    rest_outcome: RestOutcome
    counts: Mapping[RowStatus, int]
    job_id: str | None = None
    batch_id: str | None = None


class Outcome(NamedTuple):
    """A row before it becomes a `RowResult`: nothing of it read that nobody asked for.

    ``cells`` is empty where they are not wanted.
    """

    number: int
    cells: Sequence[str]
    success: str
    id: str
    created: str
    error: str


# tuple's own constructor is twice as fast as that of a NamedTuple, whose fields are in order here.
_new_outcome: Callable[[Any], Outcome] = partial(tuple.__new__, Outcome)


def read_results(text: Iterable[str]) -> Iterator[list[str]]:
    """The four cells of each result.

    Raises:
        csv.Error: not CSV.
        ValueError: other columns, or a line that lacks some.
    """
    rows = read_rows(text)
    header = [name.lower() for name in next(rows, [])]
    pick = itemgetter(*(header.index(name) for name in ("id", "success", "created", "error")))
    if header[:4] == ["id", "success", "created", "error"] and len(header) == 4:
        return rows
    return ([*pick(row)] if len(row) == len(header) else _refuse_ragged(row) for row in rows)


def _refuse_ragged(row: list[str]) -> NoReturn:
    raise ValueError(f"a result of {len(row)} cells")


#: What stands between the quotes of a result's four cells, and behind the last of them.
_BETWEEN = [",", ",", ",", "\n"]

#: Columns of results: Success, Id, Created, Error.
ResultColumns = tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]


def split_results(lines: str) -> ResultColumns | None:
    """The columns of results that hold no quotes of their own; None for others.

    Args:
        lines: whole ones, as a stored result has them: each cell in quotes, four a line.
    """
    parts = lines.split('"')
    # Cells and what stands between them, by turns; a quote inside of a cell would shift the rest.
    if len(parts) % 8 != 1 or parts[2::2] != _BETWEEN * (len(parts) // 8):
        return None
    return parts[3::8], parts[1::8], parts[5::8], parts[7::8]


class Block(NamedTuple):
    """Rows column by column; see `Outcome`. The last four may be longer than the first two."""

    numbers: Sequence[int]
    cells: Sequence[Sequence[str]]
    success: Sequence[str]
    id: Sequence[str]
    created: Sequence[str]
    error: Sequence[str]


def blocks_of(outcomes: Iterator[Outcome]) -> Iterator[Block]:
    """The rows column by column, many at a time."""
    while block := list(islice(outcomes, _BLOCK_ROWS)):
        yield Block._make(zip(*block, strict=True))


def _rest_columns(rest_outcome: RestOutcome) -> Iterator[ResultColumns]:
    """What would be the results of as many rows as one likes."""
    texts = (rest_outcome.status, "", "", write_row_error(rest_outcome.error))
    success, record_id, created, error = ([text] * _BLOCK_ROWS for text in texts)
    return repeat((success, record_id, created, error))


def outcomes_of(block: Block) -> Iterator[Outcome]:
    """The rows of a block one by one."""
    return map(_new_outcome, zip(*block, strict=False))


def _in_order(units: Sequence[BatchRows]) -> bool:
    return all(a.numbers[-1] < b.numbers[0] for a, b in pairwise(units))


@dataclass
class RunOutcomes:
    """The rows of one run: bodies in one spool, results in another."""

    columns: tuple[str, ...]
    requests: Spool
    results: Spool
    units: list[BatchRows] = field(default_factory=list)

    def counts(self) -> Counter[RowStatus]:
        """Rows by status."""
        total: Counter[RowStatus] = Counter()
        for unit in self.units:
            total.update(unit.counts)
        return total

    def outcomes(self, only: RowStatus | None = None, *, cells: bool = True) -> Iterator[Outcome]:
        """The rows by ascending number.

        Args:
            only: leaves out units without such rows.
            cells: whether the rows' own cells are read again.
        """
        return chain.from_iterable(map(outcomes_of, self.blocks(only, cells=cells)))

    def blocks(self, only: RowStatus | None = None, *, cells: bool = True) -> Iterator[Block]:
        """The same, many rows at a time."""
        units = self._units(only)
        parts = [self._of_unit(unit, cells) for unit in units]
        if _in_order(units):
            return chain.from_iterable(parts)
        outcomes = [chain.from_iterable(map(outcomes_of, part)) for part in parts]
        return blocks_of(heapq.merge(*outcomes, key=itemgetter(0)))

    def _units(self, only: RowStatus | None) -> list[BatchRows]:
        units = [unit for unit in self.units if only is None or unit.counts.get(only)]
        return sorted(units, key=lambda unit: unit.numbers[0])

    def _of_unit(self, unit: BatchRows, cells: bool) -> Iterator[Block]:
        # A generator, so that files are opened when their rows are asked for.
        rows: Iterator[Sequence[str]] = repeat(())
        if cells:
            rows = read_rows(self.requests.text(unit.request))
            next(rows)
        results = () if unit.result is None else self._results_in(unit.result)
        at = 0
        for columns in chain(results, _rest_columns(unit.rest_outcome)):
            numbers = unit.numbers[at : at + len(columns[0])]
            at += len(numbers)
            if not numbers:
                return
            yield Block(numbers, list(islice(rows, len(numbers))), *columns)

    def _results_in(self, place: Slice) -> Iterator[ResultColumns]:
        start, end = place.offset + len(RESULT_HEADER), place.offset + place.length
        while start < end:
            piece = self.results.read_part(start, min(_PIECE_BYTES, end - start))
            lines = piece[: piece.rfind(b'"\n') + 2]
            columns = split_results(lines.decode("utf-8", "replace"))
            if columns is None:
                rows = read_rows(self.results.text(Slice(start, end - start), errors="replace"))
                while block := list(islice(rows, _BLOCK_ROWS)):
                    ids, successes, created, errors = zip(*block, strict=True)
                    yield successes, ids, created, errors
                return
            yield columns
            start += len(lines)
