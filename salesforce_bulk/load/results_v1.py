"""What became of the batches that were sent through Bulk API 1.0.

Guide: "Get Information for All Batches in a Job", "Get Batch Results".
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any

from salesforce_bulk import bulk_states
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.v1 import BulkV1
from salesforce_bulk.errors import InvalidBatch, InvalidJob, ResultsExpired
from salesforce_bulk.formats.csv import read_rows
from salesforce_bulk.http.polling import pause_before_asking, try_again
from salesforce_bulk.load.batch_results import BatchResults, check_results
from salesforce_bulk.load.job import ReportProgress, UnknownStates
from salesforce_bulk.load.outcomes import BatchRows, RestOutcome
from salesforce_bulk.load.plan import Plan, PlannedBody
from salesforce_bulk.load.results_by_id import id_column, join_by_id
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.load.upload_v1 import BatchRef, UploadStateV1
from salesforce_bulk.models import RowError, RowStatus
from salesforce_bulk.storage.spool import Slice, Spool
from salesforce_bulk.wire import v1

#: How often results that do not add up are fetched before that is taken for the truth.
_FETCHES = 3
#: How often batches are asked for between two looks at their jobs, and the seconds in which an
#: aborted job has to end those that are queued.
_ASKS_OF_BATCHES, _ABORT_SECONDS = 10, 60.0

log = logging.getLogger("salesforce_bulk")


class ResultsV1:
    """Fetches what became of the batches. A connection that is gone for minutes ends no wait.

    Args:
        api: the endpoints.
        plan: what was sent.
        state: where it is.
        results: takes the results.
        spec: what the jobs do.
        report: called with the phase, rows, bytes and batches.
        parallel: results fetched at once.
    """

    def __init__(
        self,
        api: BulkV1,
        plan: Plan,
        state: UploadStateV1,
        results: Spool,
        spec: LoadSpec,
        *,
        report: ReportProgress,
        parallel: int,
    ) -> None:
        self._api = api
        self._plan = plan
        self._id_column = id_column(spec, plan.names)
        self._states = UnknownStates((bulk_states.QUEUED, bulk_states.IN_PROGRESS))
        self._state = state
        self._results = results
        self._report = report
        self._parallel = parallel
        self._units: dict[int, BatchRows] = {}
        # The part whose results were the first to tell that this record was made.
        self._made_by: dict[str, int] = {}
        # Since when a job is known as aborted.
        self._aborted: dict[str, float] = {}
        self._rows = 0

    @property
    def done(self) -> bool:
        """Whether the rest_outcome of every part that was sent is known."""
        return len(self._units) == len(self._state.sent)

    def use(self, access: OrgAccess) -> None:
        """Make further calls by this way to the org."""
        self._api = access.v1

    def wait(self) -> None:
        """Fetch results as batches end, until all have."""
        clock = self._api.clock
        began = clock.monotonic()
        self._report_ended()
        with ThreadPoolExecutor(self._parallel, "salesforce-bulk-results") as pool:
            for ask in count(1):
                ended = self._ended_batches()
                for index, unit, created in pool.map(self._fetch_results, ended):
                    self._units[index] = unit
                    self._doubt_repeated(index, created)
                    self._rows += len(unit.numbers)
                    self._report_ended()
                if ask % _ASKS_OF_BATCHES == 0:
                    self._give_up_aborted()
                if self.done:
                    return
                pause_before_asking(clock, began)

    def _report_ended(self) -> None:
        self._report("processing", self._rows, 0, len(self._units))

    def units(self, unsent: RestOutcome) -> list[BatchRows]:
        """The rest_outcome of all parts; ``unsent`` is that of those which are in no job."""
        return [
            self._units.get(index) or _without_results(part, unsent, BatchRef("", ""))
            for index, part in enumerate(self._plan.parts)
        ]

    def _ended_batches(self) -> list[tuple[int, Mapping[str, Any]]]:
        waiting: dict[str, dict[str, int]] = {}
        for index, ref in self._state.sent.items():
            if index not in self._units:
                waiting.setdefault(ref.job_id, {})[ref.batch_id] = index
        ended: list[tuple[int, Mapping[str, Any]]] = []
        for job_id, batches in waiting.items():
            try:
                infos = try_again(partial(self._api.batches, job_id), self._api.clock)
            except InvalidJob as error:
                raise ResultsExpired(
                    f"Job {job_id} is gone from the org, which keeps results for seven days. This "
                    "does not say that its rows failed.",
                    job_id=job_id,
                ) from error
            for info in infos:
                batch_id = str(info.get("id"))
                found = batches.pop(batch_id, None)
                if found is None:
                    continue
                if v1.batch_state(info) in bulk_states.BATCH_TERMINAL_STATES:
                    ended.append((found, info))
                else:
                    self._states.tell(f"Batch {batch_id} of job {job_id}", v1.batch_state(info))
            for batch_id, index in batches.items():
                batch_info = self._batch_info(index, BatchRef(job_id, batch_id))
                if (
                    batch_info is not None
                    and v1.batch_state(batch_info) in bulk_states.BATCH_TERMINAL_STATES
                ):
                    ended.append((index, batch_info))
        return ended

    def _batch_info(self, index: int, ref: BatchRef) -> Mapping[str, Any] | None:
        try:
            return try_again(partial(self._api.batch, *ref), self._api.clock)
        except InvalidBatch:
            why = RowError("BatchGone", f"the org knows batch {ref.batch_id} no more")
            self._give_up(index, why)
            return None

    def _give_up_aborted(self) -> None:
        """Wait no more for batches that stay queued though their job was aborted."""
        waiting = {ref: at for at, ref in self._state.sent.items() if at not in self._units}
        for job_id in {ref.job_id for ref in waiting}:
            for batch_id in self._left_queued(job_id):
                index = waiting.get(BatchRef(job_id, batch_id))
                if index is not None:
                    text = f"job {job_id} was aborted, and batch {batch_id} stays queued"
                    self._give_up(index, RowError("JobAborted", text))

    def _left_queued(self, job_id: str) -> list[str]:
        """The batches of a job that are queued still, a minute after it was aborted."""
        clock = self._api.clock
        info = v1.as_text(try_again(partial(self._api.job, job_id), clock))
        if info.get("state") != bulk_states.ABORTED:
            return []
        since = self._aborted.setdefault(job_id, clock.monotonic())
        if clock.monotonic() - since < _ABORT_SECONDS:
            return []
        listed = try_again(partial(self._api.batches, job_id), clock)
        return [
            str(each.get("id")) for each in listed if v1.batch_state(each) == bulk_states.QUEUED
        ]

    def _give_up(self, index: int, why: RowError) -> None:
        part, ref = self._plan.parts[index], self._state.sent[index]
        self._units[index] = _without_results(part, RestOutcome("unknown", why), ref)
        self._rows += len(part.numbers)

    def _doubt_repeated(self, index: int, created: str | None) -> None:
        """A record is made once: of two batches that tell of it one has the other's results."""
        if created is None:
            return
        before = self._made_by.setdefault(created, index)
        for doubtful in {before, index} if before != index else ():
            ref, part = self._state.sent[doubtful], self._plan.parts[doubtful]
            outcome = RestOutcome("unknown", _results_of_others(ref, created))
            self._units[doubtful] = _without_results(part, outcome, ref)

    def _fetch_results(
        self, ended: tuple[int, Mapping[str, Any]]
    ) -> tuple[int, BatchRows, str | None]:
        """The part, its rows, and the first record that they made."""
        index, info = ended
        part = self._plan.parts[index]
        ref = self._state.sent[index]
        unprocessed = RestOutcome("unprocessed", _state_message(info))
        if v1.batch_state(info) == bulk_states.NOT_PROCESSED:
            return index, _without_results(part, unprocessed, ref), None
        processed = int(info.get("numberRecordsProcessed") or 0)
        told = len(part.numbers) if v1.batch_state(info) == bulk_states.COMPLETED else processed
        found = self._checked_results(part, ref, told, unprocessed)
        if isinstance(found, RestOutcome):
            return index, _without_results(part, found, ref), None
        stored, counts = self._in_row_order(part, ref, found.stored, found.counts)
        place = self._results.append(stored)
        unit = _with_results(part, place, counts, unprocessed, ref)
        return index, unit, found.made[0].decode() if found.made else None

    def _checked_results(
        self, part: PlannedBody, ref: BatchRef, told: int, unprocessed: RestOutcome
    ) -> BatchResults | RestOutcome:
        """The results, fetched until they fit the rows; or what holds of all rows without them.

        Args:
            part, ref: the batch.
            told: rows that must have a result.
            unprocessed: of the other rows.
        """
        outcome = RestOutcome("unknown", _count_mismatch(ref, len(part.numbers)))
        for fetch in range(_FETCHES):
            # Results may come a moment after the state that announces them.
            self._api.clock.sleep(fetch)
            try:
                body = try_again(partial(self._api.result_body, *ref), self._api.clock)
            except InvalidBatch as error:
                if not told:  # "Records not processed"
                    return unprocessed
                why = RowError("InvalidBatch", error.error_message or str(error))
                outcome = RestOutcome("unknown", why)
                continue
            checked = check_results(body, len(part.numbers), told, unprocessed.error)
            if checked is None:
                continue
            twice = checked.made_twice()
            if twice is None:
                return checked
            outcome = RestOutcome("unknown", _results_of_others(ref, twice))
        return outcome

    def _in_row_order(
        self, part: PlannedBody, ref: BatchRef, stored: bytes, counts: Mapping[RowStatus, int]
    ) -> tuple[bytes, Mapping[RowStatus, int]]:
        if self._id_column is None:
            return stored, counts
        rows = read_rows(self._plan.spool.text(part.place))
        next(rows)
        ids = [row[self._id_column] for row in rows]
        joined = join_by_id(stored, ids, *ref)
        if joined is None:
            return stored, counts
        log.warning("The results of batch %s of job %s are out of order", *reversed(ref))
        return joined


def _state_message(info: Mapping[str, Any]) -> RowError:
    text = str(info.get("stateMessage") or "")
    code, separator, message = text.partition(" : ")
    if separator:
        return RowError(code, message)
    state = v1.batch_state(info)
    if state == bulk_states.NOT_PROCESSED:
        return RowError(state, text or "the job was aborted before the batch was processed")
    return RowError(state, text or "the batch ended before this row was processed")


def _count_mismatch(ref: BatchRef, rows: int) -> RowError:
    return RowError(
        "ResultsDoNotAddUp",
        f"the results of batch {ref.batch_id} are not one for each of its {rows:,} rows",
    )


def _results_of_others(ref: BatchRef, record_id: str) -> RowError:
    return RowError(
        "ResultsOfOthers",
        f"the results of batch {ref.batch_id} tell of record {record_id} as made, and so do those "
        "of another row, so that they are not all of its own rows",
    )


def _without_results(part: PlannedBody, rest_outcome: RestOutcome, ref: BatchRef) -> BatchRows:
    counts: Counter[RowStatus] = Counter({rest_outcome.status: len(part.numbers)})
    return BatchRows(part.place, part.numbers, None, rest_outcome, counts, ref.job_id, ref.batch_id)


def _with_results(
    part: PlannedBody,
    place: Slice,
    counts: Mapping[RowStatus, int],
    rest_outcome: RestOutcome,
    ref: BatchRef,
) -> BatchRows:
    return BatchRows(
        part.place, part.numbers, place, rest_outcome, counts, ref.job_id, ref.batch_id
    )
