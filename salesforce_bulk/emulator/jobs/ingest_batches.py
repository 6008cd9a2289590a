"""An ingest job of Bulk API 2.0 when it runs: the upload into the org, its rows into three files.

Guide pages: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job
Unprocessed Record Results", "Prepare CSV Files".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell, RowError, RowOutcome
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.http.faults import Fault
from salesforce_bulk.emulator.jobs.batch_faults import error_of, strike
from salesforce_bulk.emulator.jobs.engine import (
    Batch,
    BatchError,
    Job,
    JobEngine,
    QuotaError,
    Requeue,
    binary_in_text,
)
from salesforce_bulk.emulator.jobs.ingest_results import (
    EchoedCells,
    IngestResultFiles,
    ResultForm,
    is_lost,
    leave_unprocessed,
)

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org
    from salesforce_bulk.emulator.data.write_plan import WritePlan

#: Rows judged at once.
WRITE_ROWS = 10 * limits.DML_CHUNK_RECORDS
_NULLS: dict[str, Cell] = {"": UNCHANGED, "#N/A": None}


class IngestBatches:
    """Runs 2.0 ingest jobs against an org; ``turn`` is held while rows are judged and written."""

    def __init__(self, org: Org, turn: threading.Lock) -> None:
        self._org = org
        self._turn = turn

    def run(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> str:
        """All rows of the upload; of one that was queued again, those that are not done.

        Raises BatchError or Requeue. Rows that a failed or aborted job did not reach are
        unprocessed; rows beyond the day's allocation of batches are in none of the files.
        """
        job = batch.job
        form = ResultForm(job, self._org.dialect, self._org.schema.get(job.object))
        upload = form.upload
        try:
            with self._turn:
                upload.check(job.line_ending or "LF")
        except BatchError:
            leave_unprocessed(form)
            raise
        with upload.open() as source, IngestResultFiles(batch, form) as files:
            rows = upload.records(source)
            run = _IngestRun(batch, engine, files, rows, next(rows, []))
            try:
                self._run(run, fault)
            except BatchRefused as refused:
                files.unprocessed(rows)
                raise BatchError(refused.code, refused.message) from refused
            except (Requeue, QuotaError):
                raise
            except BatchError:
                files.unprocessed(rows)
                raise
            if not is_lost(job, self._org.dialect):
                files.unprocessed(rows)
        return bulk_states.COMPLETED

    def _run(self, run: _IngestRun, fault: Fault | None) -> None:
        job, columns = run.batch.job, run.columns
        if not columns:
            self._check_upload(job)
            return
        if job.operation in ("delete", "hardDelete") and [c.lower() for c in columns] != ["id"]:
            raise BatchError("InvalidBatch", f"The '{job.operation}' batch must contain only ids")
        self._refuse_binary(job, columns)
        plan = self._org.plan_write(
            job.operation,
            job.object,
            columns,
            external_id=job.external_id,
            user=job.user,
            assignment_rule_id=job.assignment_rule,
        )
        sobject = self._org.schema.get(job.object)
        run.files.echo = EchoedCells(columns, sobject, self._org.dialect)
        next(islice(run.rows, run.batch.processed, run.batch.processed), None)
        self._write_rows(run, plan, fault)

    def _check_upload(self, job: Job) -> None:
        if job.upload is None and self._org.dialect["bulk2.ingest.no_upload"] == "Failed":
            raise BatchError("InvalidBatch", "No content was uploaded")

    def _refuse_binary(self, job: Job, columns: Sequence[str]) -> None:
        sobject = self._org.schema.get(job.object)
        for name in columns:
            field = sobject.field(name) if sobject else None
            if field is not None and field.type == "base64":
                raise binary_in_text(field.name)

    def _write_rows(self, run: _IngestRun, plan: WritePlan, fault: Fault | None) -> None:
        batch = run.batch
        until = fault.after_rows if fault is not None else None
        while batch.job.state != bulk_states.ABORTED:
            if until is not None and batch.processed >= until and fault is not None:
                until = None
                strike(batch, fault)
                self._strike_rows(run, fault)
            room = WRITE_ROWS if until is None else min(WRITE_ROWS, until - batch.processed)
            block = list(islice(run.rows, room))
            if not block:
                return
            run.charge(len(block))
            with self._turn:
                outcomes = _outcomes(plan, block, len(run.columns), batch)
                run.record_outcomes(block, outcomes, fault)

    def _strike_rows(self, run: _IngestRun, fault: Fault) -> None:
        """The fault's own rows fail with its error."""
        rows = fault.rows if fault.kind == "row_errors" else 0
        block = list(islice(run.rows, rows))
        error = RowError(*error_of(fault))
        run.charge(len(block))
        run.record_outcomes(block, [RowOutcome(None, False, False, (error,))] * len(block), None)


@dataclass(slots=True)
class _IngestRun:
    """One run of a job: the rows that are left, and where their outcomes go."""

    batch: Batch
    engine: JobEngine
    files: IngestResultFiles
    rows: Iterator[list[str]]
    columns: list[str]

    def charge(self, count: int) -> None:
        """The rows cost a batch of the day's allocation for every 10,000. Raises QuotaError."""
        done = self.batch.processed
        before = -(-done // limits.BATCH_RECORDS)
        after = -(-(done + count) // limits.BATCH_RECORDS)
        for _ in range(before, after):
            self.engine.charge(self.batch.job)

    def record_outcomes(
        self, block: Sequence[list[str]], outcomes: Sequence[RowOutcome], fault: Fault | None
    ) -> None:
        self.files.write(block, outcomes, fault)
        self.batch.processed += len(outcomes)
        self.batch.failed += sum(not outcome.success for outcome in outcomes)


def _outcomes(
    plan: WritePlan, block: list[list[str]], width: int, batch: Batch
) -> list[RowOutcome]:
    written = iter(plan.write([_cells(row) for row in block if len(row) == width], batch.id))
    return [next(written) if len(row) == width else _ragged(width, len(row)) for row in block]


def _cells(row: list[str]) -> Sequence[Cell]:
    if "" in row or "#N/A" in row:
        return [_NULLS.get(cell, cell) for cell in row]
    return row


def _ragged(header: int, row: int) -> RowOutcome:
    text = f"Number of fields in header is different from the row. header = {header} row = {row}"
    return RowOutcome(None, False, False, (RowError("INVALID_FIELD", text),))
