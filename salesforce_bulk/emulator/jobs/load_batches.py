"""A load batch when it runs: rows out of the wire's formats into the org, a result for each.

Guide pages: "Prepare Data Files", "Load Binary Attachments", "Map Data Fields".
"""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell, RowError, RowOutcome
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.data.write_plan import DELETIONS
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.faults import Fault
from salesforce_bulk.emulator.jobs.archive import Archive, ArchiveError, MemberError
from salesforce_bulk.emulator.jobs.batch_faults import error_of, strike
from salesforce_bulk.emulator.jobs.csv_dialect import csv_results
from salesforce_bulk.emulator.jobs.csv_readings import read_csv
from salesforce_bulk.emulator.jobs.engine import (
    Batch,
    BatchError,
    Job,
    JobEngine,
    Requeue,
    ResultFile,
    binary_in_text,
)
from salesforce_bulk.emulator.jobs.results import RESULT_WRITERS, DocumentWriter

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org
    from salesforce_bulk.emulator.fidelity.dialect import Dialect

#: Rows handed to the org at once: ten of the vendor's transactions.
WRITE_ROWS = 10 * limits.DML_CHUNK_RECORDS


class LoadBatches:
    """Runs load batches against an org; ``turn`` is held while rows are judged and written."""

    def __init__(self, org: Org, turn: threading.Lock) -> None:
        self._org = org
        self._turn = turn
        self._drafts: dict[str, _ResultDraft] = {}

    def run(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> str:
        """All rows of the batch. Raises BatchError or Requeue."""
        job = batch.job
        with self._turn:
            source = self._open(batch)
        try:
            plan = self._org.plan_write(
                job.operation,
                job.object,
                source.table.columns,
                external_id=job.external_id,
                user=job.user,
                assignment_rule_id=job.assignment_rule,
            )
            self._write_rows(plan.write, batch, source, engine, fault)
        except BatchRefused as refused:
            raise BatchError(refused.code, refused.message) from refused
        finally:
            source.close()
        return bulk_states.COMPLETED

    def _open(self, batch: Batch) -> _BatchRows:
        """Everything of the batch that can be judged before its rows. Raises BatchError."""
        job = batch.job
        source = _open_batch(batch, self._type_of(job), self._org.dialect, self._org.clock.now())
        sobject = self._org.schema.get(job.object)
        if sobject is not None and self._org.dialect["bulk1.row.column_case"] == "Failed":
            for name in source.table.columns:
                field = sobject.field(name)
                if field is not None and field.name != name:
                    source.close()
                    raise BatchError("InvalidBatch", f"Field name not found : {name}")
        return source

    def _write_rows(
        self, write: Write, batch: Batch, source: _BatchRows, engine: JobEngine, fault: Fault | None
    ) -> None:
        draft = self._drafts.pop(batch.id, None)
        if draft is None:
            draft = _ResultDraft(
                engine.spool_file(batch.job), result_writer(batch.job, self._org.dialect)
            )
        try:
            for part in _read_exclusively(
                self._turn, _row_blocks(source.table.rows, batch.processed, fault)
            ):
                if part.fault is not None:
                    strike(batch, part.fault)
                with self._turn:
                    outcomes = _outcomes(write, batch, source, part, self._org.dialect)
                    draft.write(self._shown(outcomes, source, part))
                batch.processed += len(outcomes)
                batch.failed += sum(not outcome.success for outcome in outcomes)
        except Requeue:
            self._drafts[batch.id] = draft
            raise
        except BatchError:
            if batch.processed:
                batch.results = [draft.finish(batch.processed)]
            raise
        batch.results = [draft.finish(batch.processed)]

    def _shown(
        self, outcomes: list[RowOutcome], source: _BatchRows, part: _RowsToWrite
    ) -> list[RowOutcome]:
        """The outcomes as the results tell them."""
        names = [name.lower() for name in source.table.columns]
        if self._org.dialect["bulk1.result.failed_id"] == "empty" or "id" not in names:
            return outcomes
        place = names.index("id")
        return [
            outcome
            if outcome.success or place >= len(row)
            else outcome._replace(id=str(row[place] or "") or None)
            for outcome, row in zip(outcomes, part.rows, strict=True)
        ]

    def _type_of(self, job: Job) -> Callable[[str], str]:
        """The describe type of a column of the job; that of a compound Name is ``compound``."""
        sobject = self._org.schema.get(job.object)

        def type_of(column: str) -> str:
            found = sobject.field(column) if sobject else None
            if sobject is None or found is None:
                return ""
            return "compound" if found.name_field and sobject.field("LastName") else found.type

        return type_of


# Reading


@dataclass(slots=True)
class _BatchRows:
    """A batch's rows; ``archive`` and ``binary`` (places of columns) of a zip batch."""

    table: wire.BatchRows
    archive: Archive | None = None
    binary: tuple[int, ...] = ()

    def close(self) -> None:
        if self.archive is not None:
            self.archive.close()


def _open_batch(
    batch: Batch, type_of: Callable[[str], str], dialect: Dialect, now: datetime
) -> _BatchRows:
    job = batch.job
    archive = None
    try:
        if job.is_zip:
            archive = Archive(batch.request)
        table = read_batch(batch, archive, dialect)
        if job.mapping is not None:
            table = job.mapping.apply(table, type_of, dialect, now)
        if table.count > limits.BATCH_RECORDS:
            raise BatchError(
                "InvalidBatch",
                f"Exceeded number of records : {table.count}. "
                f"Number of records should be less than or equal to {limits.BATCH_RECORDS}",
            )
    except (ArchiveError, wire.WireError) as error:
        prefix = "Failed to parse CSV. " if isinstance(error, wire.CsvError) else ""
        raise BatchError("InvalidBatch", f"{prefix}{error}") from error
    end = dialect["bulk1.row.line_breaks"]
    if job.line_ending and dialect["bulk1.row.line_ending_header"] == "rewritten":
        end = job.line_ending
    if end != "as sent":
        table = dataclasses.replace(table, rows=_line_ends(table.rows, end))
    binary = tuple(i for i, name in enumerate(table.columns) if type_of(name) == "base64")
    if binary and archive is None:
        raise binary_in_text(table.columns[binary[0]])
    return _BatchRows(table, archive, binary)


def read_batch(batch: Batch, archive: Archive | None, dialect: Dialect) -> wire.BatchRows:
    """The rows of a batch of Bulk API 1.0 as they were posted. Raises WireError."""
    manifest = archive.manifest() if archive else None

    def open_bytes() -> BinaryIO:
        return batch.request.open("rb") if manifest is None else BytesIO(manifest)

    def open_text() -> TextIOWrapper:
        charset = batch.charset if batch.job.mapping else "utf-8"
        return TextIOWrapper(open_bytes(), encoding=charset, newline="")

    if batch.job.base_format == "CSV":
        return read_csv(open_text, dialect)
    if batch.job.base_format == "XML":
        return wire.read_xml(open_bytes, _EMPTY[dialect["bulk1.row.empty_xml_element"]])
    with open_bytes() as file:
        return wire.read_json(file.read(), _EMPTY[dialect["bulk1.row.empty_json_text"]])


_EMPTY: dict[str, Cell] = {"left alone": UNCHANGED, "null": None}


_LINE_END = re.compile("\r\n|\r|\n")
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}


def _line_ends(rows: Iterator[Sequence[Cell]], name: str) -> Iterator[Sequence[Cell]]:
    """The rows with the line breaks inside their values as ``Sforce-Line-Ending`` says."""
    end = _LINE_ENDS.get(name, "\n").replace("\\", r"\\")
    for row in rows:
        yield [_LINE_END.sub(end, cell) if isinstance(cell, str) else cell for cell in row]


# Writing

Write = Callable[[Sequence[Sequence[Cell]], str], list[RowOutcome]]


@dataclass(frozen=True, slots=True)
class _RowsToWrite:
    """Some rows to write; ``fault`` strikes before them, or on them (``row_errors``)."""

    rows: Sequence[Sequence[Cell]]
    fault: Fault | None = None


def _row_blocks(
    rows: Iterator[Sequence[Cell]], done: int, fault: Fault | None
) -> Iterator[_RowsToWrite]:
    """The rows that are not done yet, some at a time; a fault strikes behind its
    ``after_rows``, counted from the batch's beginning.
    """
    rows = islice(rows, done, None)
    until = fault.after_rows - done if fault is not None else 0
    while until > 0 and (block := list(islice(rows, min(until, WRITE_ROWS)))):
        until -= len(block)
        yield _RowsToWrite(block)
    if fault is not None:
        struck = fault.rows if fault.kind == "row_errors" else 0
        yield _RowsToWrite(list(islice(rows, struck)), fault)
    while block := list(islice(rows, WRITE_ROWS)):
        yield _RowsToWrite(block)


def _read_exclusively(
    turn: threading.Lock, parts: Iterator[_RowsToWrite]
) -> Iterator[_RowsToWrite]:
    """The parts, each read while ``turn`` is held."""
    while True:
        with turn:
            part = next(parts, None)
        if part is None:
            return
        yield part


def _outcomes(
    write: Write, batch: Batch, source: _BatchRows, part: _RowsToWrite, dialect: Dialect
) -> list[RowOutcome]:
    if part.fault is not None:
        return [_failure(RowError(*error_of(part.fault)))] * len(part.rows)
    if not source.binary:
        return write(part.rows, batch.id)
    outcomes: dict[int, RowOutcome] = {}
    good: dict[int, Sequence[Cell]] = {}
    for number, row in enumerate(part.rows):
        try:
            good[number] = _with_files(row, source)
        except MemberError as error:
            if dialect["bulk1.zip.missing_file"] == "Failed":
                raise BatchError("InvalidBatch", str(error)) from error
            outcomes[number] = _failure(RowError("INVALID_FIELD", str(error)))
    outcomes.update(zip(good, write(list(good.values()), batch.id), strict=True))
    return [outcomes[number] for number in range(len(part.rows))]


def _failure(error: RowError) -> RowOutcome:
    return RowOutcome(None, False, False, (error,))


def _with_files(row: Sequence[Cell], source: _BatchRows) -> Sequence[Cell]:
    cells = list(row)
    for place in source.binary:
        if source.archive is not None and place < len(cells) and isinstance(cells[place], str):
            cells[place] = source.archive.member(cells[place])
    return cells


def result_writer(job: Job, dialect: Dialect) -> DocumentWriter:
    """What writes the results of the rows of a job's batches."""
    if job.base_format == "CSV":
        return csv_results(dialect, job.operation in DELETIONS)
    return RESULT_WRITERS[job.base_format](dialect)


class _ResultDraft:
    """The results of a load while it runs; it outlives a re-queue."""

    def __init__(self, path: Path, writer: DocumentWriter) -> None:
        self._path = path
        self._writer = writer
        path.write_bytes(writer.begin())

    def write(self, outcomes: Sequence[RowOutcome]) -> None:
        self._append(self._writer.rows(outcomes))

    def finish(self, rows: int) -> ResultFile:
        self._append(self._writer.end())
        return ResultFile("", self._path, rows)

    def _append(self, content: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(content)
