"""What became of the rows of a load: every row, in the order of the source.

Results stay on the disk as they came and are read when they are asked for, so that five million
rows take no more memory than five.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial, total_ordering
from itertools import chain, compress
from typing import IO, Any, NamedTuple, NoReturn, get_args

from salesforce_bulk.errors import InvalidInput, LoadFailed, ReconciliationError
from salesforce_bulk.extras import extra_module
from salesforce_bulk.load.outcomes import (
    STATUS_OF,
    Block,
    Outcome,
    RunOutcomes,
    blocks_of,
    outcomes_of,
)
from salesforce_bulk.load.result_html import notebook_html, page
from salesforce_bulk.models import RowResult, RowStatus
from salesforce_bulk.options import refuse_no_count, refuse_no_progress, refuse_no_text
from salesforce_bulk.progress import ProgressOption
from salesforce_bulk.progress.timeline import Moment
from salesforce_bulk.storage.files import open_file_errors, whole_file
from salesforce_bulk.storage.packing import compressed
from salesforce_bulk.wire.row_error import read_row_error

STATUSES: tuple[RowStatus, ...] = get_args(RowStatus)

#: Reasons that are told apart; rows beyond them are counted as others.
_REASONS_KEPT = 1_000
_REASONS_TOLD = 5

_RESULT_COLUMNS = ("sf__Id", "sf__Created", "sf__Error", "sf__Row")

#: Columns of a table that are no texts.
_ARROW_TYPES = {"sf__Row": "int64", "sf__Created": "bool"}

#: What differs from row to row in messages that say the same.
_RECORD_ID = re.compile(r"\b(?=[a-zA-Z]*\d)[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?\b")

# tuple's own constructor is twice as fast as that of a NamedTuple, whose fields are in order here.
_new_row_result: Callable[[Any], RowResult] = partial(tuple.__new__, RowResult)


@total_ordering
class RowView:
    """The rows of one status: their count, and iteration over them.

    ``len()``, ``int()``, ``bool()`` and comparisons with a number speak of the count.
    """

    def __init__(self, result: LoadResult, status: RowStatus, count: int) -> None:
        self._result = result
        self.status = status
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __int__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RowResult]:
        return self._result.rows_with(self.status)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (int, RowView)):
            return self._count == int(other)
        return NotImplemented

    def __lt__(self, other: object) -> bool:
        if isinstance(other, (int, RowView)):
            return self._count < int(other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._count)

    def __str__(self) -> str:
        return str(self._count)

    def __format__(self, spec: str) -> str:
        return format(self._count, spec)

    def __repr__(self) -> str:
        return f"<{self._count:,} rows {self.status}>"

    def to_csv(self, target: str | os.PathLike[str] | IO[str]) -> None:
        """These rows only; see `LoadResult.to_csv`."""
        self._result.to_csv(target, only=self.status)

    def to_arrow(self) -> Any:
        """These rows only; see `LoadResult.to_arrow`."""
        return self._result.to_arrow(only=self.status)

    def to_pandas(self) -> Any:
        """These rows only; see `LoadResult.to_pandas`."""
        return self._result.to_pandas(only=self.status)


class RetryOptions(NamedTuple):
    """See `LoadResult.retry`."""

    attempts: int
    batch_size: int | None
    group_by: str | None
    timeout: float | None
    codes: Collection[str] | None = None
    progress: ProgressOption = None


class RetryAttempt(NamedTuple):
    """What one attempt of `LoadResult.retry` sent again.

    Attributes:
        rows: that were sent.
        succeeded: of these, the rows that the org has taken by now.
        job_ids: of its jobs.
    """

    rows: int
    succeeded: int
    job_ids: tuple[str, ...]


def _refuse_no_codes(codes: object) -> None:
    """Raise `InvalidInput` for what is no collection of codes; of a text it would be letters."""
    texts = isinstance(codes, Collection) and all(isinstance(code, str) for code in codes)
    if codes is not None and (isinstance(codes, str) or not texts):
        raise InvalidInput(f"codes is a set or a list of errors' codes, not {codes!r}.")


#: Loads the rows of a result again that deserve it; the clients' part of `LoadResult.retry`.
RetryRows = Callable[["LoadResult", RetryOptions], "LoadResult"]


class LoadResult:
    """What became of every row of a load.

    Iteration gives a `RowResult` for each row, in the order of the source, as often as one likes.

    Attributes:
        name: what was done, e.g. ``insert Account``.
        rows: of the source.
        api: ``"1.0"`` or ``"2.0"``, and ``api_reason`` why.
        job_ids: of the jobs that were made, in their order.
        succeeded, failed, unprocessed, unknown: `RowView`; they add up to ``rows``.
        attempts: what `retry` sent again, a `RetryAttempt` each; those of earlier processes with
            the same journal too.
        timeline: how many rows of each phase were done when, in this process; empty for a job that
            was taken up when it was over.
        journal_ended: when the run of the journal ended whose result this is, where the journal
            had ended before and nothing was sent now; None for a result of now.
    """

    __module__ = "salesforce_bulk"

    def __init__(
        self,
        name: str,
        rows: int,
        layer: RunOutcomes,
        *,
        api: str,
        api_reason: str,
        job_ids: Sequence[str],
        records: Sequence[Mapping[str, Any]] | None = None,
        again: RetryRows | None = None,
    ) -> None:
        self.name = name
        self.rows = rows
        self.api = api
        self.api_reason = api_reason
        self.job_ids = tuple(job_ids)
        self.journal_ended: datetime | None = None
        self.attempts: tuple[RetryAttempt, ...] = ()
        self.timeline: tuple[Moment, ...] = ()
        self._layers = [layer]
        self._counts = layer.counts()
        self._records = records
        self._again = again
        self._reconcile()

    def _reconcile(self) -> None:
        got = self._counts.total()
        if got != self.rows:
            raise ReconciliationError(
                f"{self.name}: {self.rows:,} rows were given, {got:,} are accounted for.",
                expected=self.rows,
                got=got,
                evidence=dict(self._counts),
                job_id=self.job_id,
            )

    @property
    def job_id(self) -> str | None:
        """The first job's id; None where nothing had to be sent."""
        return self.job_ids[0] if self.job_ids else None

    @property
    def columns(self) -> tuple[str, ...]:
        """The caller's."""
        return self._layers[0].columns

    @property
    def succeeded(self) -> RowView:
        """Rows that the org took."""
        return self._view("success")

    @property
    def failed(self) -> RowView:
        """Rows that the org refused."""
        return self._view("failed")

    @property
    def unprocessed(self) -> RowView:
        """Rows that the org did not look at, or that were not sent."""
        return self._view("unprocessed")

    @property
    def unknown(self) -> RowView:
        """Rows of which it cannot be said whether the org has them."""
        return self._view("unknown")

    def _view(self, status: RowStatus) -> RowView:
        return RowView(self, status, self._counts[status])

    def __len__(self) -> int:
        return self.rows

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A LoadResult does not travel to another process: write it with to_csv, or give its "
            f"job_ids {self.job_ids} to attach there. Its rows can be pickled."
        )

    def __bool__(self) -> bool:
        # A load of no rows is a result all the same.
        return True

    def __repr__(self) -> str:
        return f"<LoadResult {self.name}: {self.summary()}>"

    def summary(self) -> str:
        """The counts as a sentence."""
        counts = [
            f"{self._counts[status]:,} {_WORDS[status]}"
            for status in STATUSES
            if self._counts[status]
        ]
        return ", ".join([f"{self.rows:,} rows", *counts])

    def _repr_html_(self) -> str:
        return notebook_html(self, self._reasons(_REASONS_TOLD))

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write what became of the load as one HTML page that holds all it needs.

        Args:
            path: of the page, e.g. ``load.html``; it appears when it is whole.

        The page has the counts, the errors by code and field with the first row of each, the rows
        over time, and the commands to go on with. It has none of the rows themselves, but for what
        the org wrote into its messages.
        """
        with whole_file(path) as file:
            file.write(page(self).encode())

    # Rows

    def __iter__(self) -> Iterator[RowResult]:
        return self._as_results(None)

    def rows_with(self, status: RowStatus) -> Iterator[RowResult]:
        """The rows of one status."""
        return self._as_results(status)

    def _as_results(self, only: RowStatus | None) -> Iterator[RowResult]:
        # Not a generator, which would cost a call in Python for each row.
        blocks = self._blocks(only, cells=not self._records)
        return chain.from_iterable(map(self._results_of, blocks))

    def _results_of(self, block: Block) -> Iterator[RowResult]:
        numbers, cells, successes, ids, created, errors = block
        # Few texts stand for many rows.
        statuses = {text: _status(text) for text in set(successes)}
        made = {text: text == "true" for text in set(created)}
        reasons = {text: read_row_error(text) if text else None for text in set(errors)}
        columns = (
            numbers,
            self._records_of(numbers, cells),
            map(statuses.__getitem__, successes),
            [record_id or None for record_id in ids] if "" in ids else ids,
            map(made.__getitem__, created),
            map(reasons.__getitem__, errors),
        )
        return map(_new_row_result, zip(*columns, strict=False))

    def _records_of(
        self, numbers: Sequence[int], cells: Iterable[Sequence[str]]
    ) -> Sequence[Mapping[str, Any]]:
        records = self._records
        if not records:
            columns = self.columns
            return [dict(zip(columns, row, strict=True)) for row in cells]
        if numbers[-1] - numbers[0] < len(numbers):
            found = records[numbers[0] - 1 : numbers[-1]]
        else:
            found = [records[number - 1] for number in numbers if number <= len(records)]
        if len(found) != len(numbers):
            raise ReconciliationError(
                f"{self.name}: {len(numbers):,} rows have an outcome, {len(found):,} records "
                "are there.",
                expected=len(numbers),
                got=len(found),
                job_id=self.job_id,
            )
        return found

    def outcomes(self, only: RowStatus | None = None, *, cells: bool = True) -> Iterator[Outcome]:
        """The rows as texts, as they were sent and answered; see `RunOutcomes.outcomes`."""
        return chain.from_iterable(map(outcomes_of, self._blocks(only, cells=cells)))

    def _blocks(self, only: RowStatus | None, *, cells: bool) -> Iterator[Block]:
        first, *others = self._layers
        found = first.blocks(None if others else only, cells=cells)
        for layer in others:
            below = chain.from_iterable(map(outcomes_of, found))
            found = blocks_of(_overlaid(below, layer.outcomes(cells=cells)))
        if only is None:
            return found
        return (kept for block in found if (kept := _with_status(block, only)).numbers)

    def to_csv(
        self, target: str | os.PathLike[str] | IO[str], *, only: RowStatus | None = None
    ) -> None:
        """Write the rows with the caller's columns and ``sf__Id``, ``sf__Created``, ``sf__Error``,
        ``sf__Row``.

        Args:
            target: a path, which gets its name when the file is complete and is compressed where
                the name ends with ``.gz`` or ``.zst``; or an open text file.
            only: rows of one status.

        The error is ``CODE:message:fields --``; a row without one succeeded. ``sf__Row`` is the
        number of the row in the source, from 1. A load of this file passes over these columns.
        """
        with _open_target(target) as file:
            writer = csv.writer(file)
            writer.writerow([*self.columns, *_RESULT_COLUMNS])
            writer.writerows(
                [*cells, record_id, created, error, number]
                for number, cells, _, record_id, created, error in self.outcomes(only)
            )

    def to_arrow(self, *, only: RowStatus | None = None) -> Any:
        """The rows as a `pyarrow.Table`, in memory.

        Args:
            only: rows of one status.

        The caller's columns are texts as they were sent; ``sf__Row`` is the row's number in the
        source, from 1, ``sf__Status`` one of ``success``, ``failed``, ``unprocessed``,
        ``unknown``; ``sf__Id``, ``sf__Created`` and ``sf__Error`` as in `to_csv`, null where there
        is nothing. A load of this table passes over these columns.

        Raises:
            InvalidInput: pyarrow is not installed.
        """
        pa = extra_module("pyarrow", "to_arrow()")
        return pa.table(
            {
                name: pa.array(values, _ARROW_TYPES.get(name, "string"))
                for name, values in self._columns_of(only).items()
            }
        )

    def to_pandas(self, *, only: RowStatus | None = None) -> Any:
        """The rows as a `pandas.DataFrame`; its columns are those of `to_arrow`.

        Args:
            only: rows of one status.

        Raises:
            InvalidInput: pandas is not installed.
        """
        pandas = extra_module("pandas", "to_pandas()")
        return pandas.DataFrame(self._columns_of(only))

    def _columns_of(self, only: RowStatus | None) -> dict[str, list[Any]]:
        cells: list[list[Any]] = [[] for _ in self.columns]
        numbers: list[int] = []
        statuses: list[str] = []
        ids: list[str | None] = []
        created: list[bool] = []
        errors: list[str | None] = []
        for block in self._blocks(only, cells=True):
            for column, values in zip(cells, zip(*block.cells, strict=True), strict=True):
                column.extend(values)
            size = len(block.numbers)
            numbers.extend(block.numbers)
            statuses.extend(map(_status, block.success[:size]))
            ids.extend(record_id or None for record_id in block.id[:size])
            created.extend(text == "true" for text in block.created[:size])
            errors.extend(error or None for error in block.error[:size])
        return {
            **dict(zip(self.columns, cells, strict=True)),
            "sf__Row": numbers,
            "sf__Status": statuses,
            "sf__Id": ids,
            "sf__Created": created,
            "sf__Error": errors,
        }

    # What went wrong

    def reasons(self, most: int = _REASONS_TOLD) -> list[tuple[str, int]]:
        """The commonest errors and how many rows have them; record ids in them left out."""
        return [(reason, count) for reason, count, _ in self._reasons(most)]

    def _reasons(self, most: int) -> list[tuple[str, int, int]]:
        """With the number of the first row of each."""
        counts: Counter[str] = Counter()
        first: dict[str, int] = {}
        for status in STATUSES[1:]:
            if self._counts[status]:
                for block in self._blocks(status, cells=False):
                    errors = block.error[: len(block.numbers)]
                    for error, count in Counter(errors).items():
                        reason = _reason(error)
                        if reason not in counts and len(counts) >= _REASONS_KEPT:
                            reason = "others"
                        counts[reason] += count
                        number = block.numbers[list(errors).index(error)]
                        first[reason] = min(number, first.get(reason, number))
        return [(reason, count, first[reason]) for reason, count in counts.most_common(most)]

    def raise_for_failures(self) -> None:
        """Raise unless every row succeeded.

        Raises:
            LoadFailed: with this result, the counts, and the five commonest reasons.
        """
        bad = self.rows - self._counts["success"]
        if not bad:
            return
        reasons = "".join(
            f"\n  {count:,} x {reason} ({'first ' if count > 1 else ''}row {first:,})"
            for reason, count, first in self._reasons(_REASONS_TOLD)
        )
        jobs = f" (job {', '.join(self.job_ids)})" if self.job_ids else ""
        raise LoadFailed(
            f"{self.name}{jobs}: {bad:,} of {self.rows:,} rows did not succeed: "
            f"{self.summary().partition(', ')[2]}. The error's .result has an outcome for every "
            f"row. Commonest reasons:{reasons}",
            self,
            job_id=self.job_id,
        )

    def retry(
        self,
        *,
        attempts: int = 3,
        batch_size: int | None = None,
        group_by: str | None = None,
        timeout: float | None = None,
        codes: Collection[str] | None = None,
        progress: ProgressOption = None,
    ) -> LoadResult:
        """Load again the rows that failed for a passing reason, and those not processed.

        Args:
            attempts: at most; each with smaller batches, the last with one batch at a time.
            batch_size: of the first attempt.
            group_by: the column whose equal values stay in one batch; without it the parent
                column, where there is one.
            timeout: seconds after which an attempt ends, whatever the org does.
            codes: of failed rows that are loaded again, e.g. ``{"STORAGE_LIMIT_EXCEEDED"}``; None
                takes those that pass, such as locks, also where a trigger or a flow reports one
                as its own (``CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: ... UNABLE_TO_LOCK_ROW``).
            progress: as that of the verbs; None is the load's.

        Returns:
            a result for all rows of this one, in the same order and with the same numbers; its
            ``attempts`` say what was sent again.
            Rows whose rest_outcome is unknown are not sent again: they might be there twice.
        """
        if self._again is None:
            raise RuntimeError("this result was not made by a load")
        _refuse_no_codes(codes)
        refuse_no_progress(progress)
        refuse_no_count("attempts", attempts)
        refuse_no_text("group_by", group_by or "")
        return self._again(
            self, RetryOptions(attempts, batch_size, group_by, timeout, codes, progress)
        )

    def overlaid(
        self, layer: RunOutcomes, before: Counter[RowStatus], job_ids: Sequence[str]
    ) -> LoadResult:
        """This result with some rows' outcomes replaced.

        Args:
            layer: the rows of another run, by the same numbers.
            before: how many of those had which status so far.
            job_ids: of the other run.
        """
        other = LoadResult.__new__(LoadResult)
        other.__dict__.update(self.__dict__)
        other.job_ids = (*self.job_ids, *job_ids)
        attempt = RetryAttempt(before.total(), layer.counts()["success"], tuple(job_ids))
        other.attempts = (*self.attempts, attempt)
        other._layers = [*self._layers, layer]
        other._counts = self._counts - before + layer.counts()
        other._reconcile()
        return other

    def close(self) -> None:
        """Remove the temporary files now; they go with the last reference anyway."""
        for layer in self._layers:
            layer.requests.close()
            layer.results.close()

    def __enter__(self) -> LoadResult:
        return self

    def __exit__(self, *about: object) -> None:
        self.close()


_WORDS: Mapping[RowStatus, str] = {
    "success": "succeeded",
    "failed": "failed",
    "unprocessed": "unprocessed",
    "unknown": "unknown",
}


def _reason(error: str) -> str:
    found = read_row_error(error)
    text = f"{found.code}: {_RECORD_ID.sub('…', found.message)}"
    return text if len(text) <= 300 else text[:300] + "…"


def _status(success: str) -> RowStatus:
    return STATUS_OF.get(success, "unknown")


def _with_status(block: Block, status: RowStatus) -> Block:
    rows = zip(block.numbers, block.success, strict=False)
    wanted = [_status(success) == status for _, success in rows]
    return Block._make(list(compress(column, wanted)) for column in block)


def _overlaid(below: Iterator[Outcome], above: Iterator[Outcome]) -> Iterator[Outcome]:
    waiting = next(above, None)
    for outcome in below:
        if waiting is not None and waiting.number == outcome.number:
            yield waiting
            waiting = next(above, None)
        else:
            yield outcome


@contextmanager
def _open_target(target: str | os.PathLike[str] | IO[str]) -> Iterator[IO[str]]:
    if not isinstance(target, (str, os.PathLike)):
        with _callers_file(target):
            yield target
        return
    with whole_file(target) as file, compressed(file, target) as packed:
        text = io.TextIOWrapper(packed, "utf-8", newline="")
        try:
            yield text
        finally:
            # What closes the text would close the file before it is on the disk.
            text.detach()


@contextmanager
def _callers_file(target: IO[str]) -> Iterator[None]:
    try:
        with open_file_errors(target):
            _refuse_no_text_file(target)
            yield
    except UnicodeEncodeError as error:
        name = getattr(target, "name", type(target).__name__)
        raise InvalidInput(
            f"The open file {name} cannot hold all characters: {error}. Open it with "
            "encoding='utf-8', newline=''."
        ) from error


def _refuse_no_text_file(target: IO[str]) -> None:
    try:
        target.write("")
    except (AttributeError, TypeError, ValueError) as error:  # one that is read-only among them
        raise InvalidInput(
            f"to_csv takes a path, or a text file that is open for writing; this "
            f"{type(target).__name__} is none: {error}."
        ) from error
