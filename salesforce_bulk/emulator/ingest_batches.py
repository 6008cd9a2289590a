"""An ingest job of Bulk API 2.0 when it runs: the upload into the org, its rows into three files.

Guide pages: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job
Unprocessed Record Results", "Prepare CSV Files".
"""

from __future__ import annotations

import csv
import io
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TextIO

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator import wire
from salesforce_bulk.emulator.batch_faults import error_of, strike
from salesforce_bulk.emulator.faults import Fault
from salesforce_bulk.emulator.jobs import Batch, BatchError, Job, JobEngine
from salesforce_bulk.emulator.results import error_text, java_double
from salesforce_bulk.emulator.values import UNCHANGED, Cell, RowError, RowOutcome
from salesforce_bulk.emulator.write_columns import BatchRefused

if TYPE_CHECKING:
    from salesforce_bulk.emulator.org import Org
    from salesforce_bulk.emulator.write_plan import WritePlan

DELIMITERS = {
    "COMMA": ",",
    "BACKQUOTE": "`",
    "CARET": "^",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}

#: The three files, by the name of their resource, and what stands before the uploaded columns.
RESULT_COLUMNS = {
    "successfulresults": ("sf__Id", "sf__Created"),
    "failedresults": ("sf__Id", "sf__Error"),
    "unprocessedrecords": (),
}
SUCCESSFUL, FAILED, UNPROCESSED = RESULT_COLUMNS

#: Rows judged at once.
WRITE_ROWS = 10 * limits.DML_CHUNK_RECORDS
_NULLS: dict[str, Cell] = {"": UNCHANGED, "#N/A": None}
_DOUBLES = frozenset({"double", "currency", "percent"})


def result_path(job: Job, kind: str) -> Path:
    """Where one of the three result files is."""
    return job.directory / kind


@dataclass(frozen=True, slots=True)
class Upload:
    """A job's data as uploaded, and how to read them."""

    path: Path
    delimiter: str
    line_end: str

    @classmethod
    def of(cls, job: Job) -> Upload:
        return cls(
            job.upload or job.directory / "no upload",
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
        )

    def open(self) -> TextIO:
        if not self.path.exists():
            return io.StringIO()
        return TextIOWrapper(self.path.open("rb"), encoding="utf-8", newline="")

    def header_line(self) -> str:
        """The header as sent, without its line end."""
        with self.open() as source:
            return source.readline(limits.RECORD_CHARACTERS).rstrip("\r\n")

    def check_line_end(self, setting: str) -> None:
        """Raises BatchError when the first line does not end as the job says."""
        with self.open() as source:
            line = source.readline(limits.RECORD_CHARACTERS)
        if line.endswith("\n") and line.endswith("\r\n") != (self.line_end == "\r\n"):
            raise BatchError(
                "ClientInputError",
                f"LineEnding is invalid on user data. Current LineEnding setting is {setting}",
            )

    def records(self, source: TextIO) -> Iterator[list[str]]:
        for record in csv.reader(source, delimiter=self.delimiter):
            if len(record) > 1 or any(record):
                yield record


class IngestBatches:
    """Runs 2.0 ingest jobs against an org; ``turn`` is held while rows are judged and written."""

    def __init__(self, org: Org, turn: threading.Lock) -> None:
        self._org = org
        self._turn = turn

    def run(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> str:
        """All rows of the upload. Raises BatchError; rows not reached are unprocessed."""
        job = batch.job
        upload = Upload.of(job)
        with upload.open() as source:
            rows = upload.records(source)
            files = _ResultFiles(job, upload)
            try:
                columns, plan = self._plan(batch, upload, rows)
                if plan is not None:
                    self._write(plan, columns, rows, batch, files, engine, fault)
            except BatchRefused as refused:
                raise BatchError(refused.code, refused.message) from refused
            except csv.Error as error:
                raise BatchError("InvalidBatch", f"Failed to parse CSV. {error}") from error
            finally:
                # Whatever ended the run: what was not attempted is in the third file.
                files.unprocessed(rows)
                files.close()
        return bulk_states.COMPLETED

    def _plan(
        self, batch: Batch, upload: Upload, rows: Iterator[list[str]]
    ) -> tuple[list[str], WritePlan | None]:
        job = batch.job
        try:
            wire.read_csv(upload.open, upload.delimiter)
            upload.check_line_end(job.line_ending or "LF")
        except wire.WireError as error:
            raise BatchError("InvalidBatch", f"Failed to parse CSV. {error}") from error
        columns = next(rows, [])
        if not columns:
            return columns, None
        if job.operation in ("delete", "hardDelete") and [c.lower() for c in columns] != ["id"]:
            raise BatchError("InvalidBatch", f"The '{job.operation}' batch must contain only ids")
        plan = self._org.plan_write(
            job.operation,
            job.object,
            columns,
            external_id=job.external_id,
            user=job.user,
            assignment_rule_id=job.assignment_rule,
        )
        return columns, plan

    def _write(
        self,
        plan: WritePlan,
        columns: Sequence[str],
        rows: Iterator[list[str]],
        batch: Batch,
        files: _ResultFiles,
        engine: JobEngine,
        fault: Fault | None,
    ) -> None:
        files.echo = self._echo(batch.job, columns)
        until = fault.after_rows if fault is not None else None
        charged = 0
        while True:
            if batch.job.state == bulk_states.ABORTED:
                return
            if until is not None and batch.processed >= until and fault is not None:
                until = None
                strike(batch, fault)
                self._struck_rows(list(islice(rows, _struck(fault))), batch, files, fault)
            room = WRITE_ROWS if until is None else max(1, min(WRITE_ROWS, until - batch.processed))
            block = list(islice(rows, room))
            if not block:
                return
            while charged * limits.BATCH_RECORDS < batch.processed + len(block):
                engine.charge(batch.job)
                charged += 1
            with self._turn:
                outcomes = self._outcomes(plan, block, len(columns), batch)
                files.write(block, outcomes, fault)
            batch.processed += len(outcomes)
            batch.failed += sum(not outcome.success for outcome in outcomes)

    def _outcomes(
        self, plan: WritePlan, block: list[list[str]], width: int, batch: Batch
    ) -> list[RowOutcome]:
        whole = [[_NULLS.get(cell, cell) for cell in row] for row in block if len(row) == width]
        written = iter(plan.write(whole, batch.id))
        return [next(written) if len(row) == width else _ragged(width, len(row)) for row in block]

    def _struck_rows(
        self, block: list[list[str]], batch: Batch, files: _ResultFiles, fault: Fault
    ) -> None:
        error = RowError(*error_of(fault))
        files.write(block, [RowOutcome(None, False, False, (error,))] * len(block), None)
        batch.processed += len(block)
        batch.failed += len(block)

    def _echo(self, job: Job, columns: Sequence[str]) -> list[tuple[int, Callable[[str], str]]]:
        """Columns that come back in the form of their type and not as they were sent."""
        sobject = self._org.schema.get(job.object)
        found = [sobject.field(column) if sobject else None for column in columns]
        return [
            (index, _as_double)
            for index, field in enumerate(found)
            if field is not None and field.type in _DOUBLES
        ]


def _struck(fault: Fault) -> int:
    return fault.rows if fault.kind == "row_errors" else 0


def _ragged(header: int, row: int) -> RowOutcome:
    text = f"Number of fields in header is different from the row. header = {header} row = {row}"
    return RowOutcome(None, False, False, (RowError("INVALID_FIELD", text),))


def _as_double(text: str) -> str:
    try:
        return java_double(float(text))
    except ValueError:
        return text


class _ResultFiles:
    """The three result files of a job while it runs.

    Rows come out of order within each block, as the guide warns: the org's seed decides how.
    """

    def __init__(self, job: Job, upload: Upload) -> None:
        self.echo: list[tuple[int, Callable[[str], str]]] = []
        self._random = Random(job.id)  # noqa: S311 - to be repeated, not secret
        header = upload.header_line()
        self._width = len(next(csv.reader([header], delimiter=upload.delimiter), []))
        self._files: dict[str, TextIO] = {}
        for kind, own in RESULT_COLUMNS.items():
            file = result_path(job, kind).open("w", encoding="utf-8", newline="")
            names = [f'"{name}"' for name in own] + ([header] if header else [])
            file.write(upload.delimiter.join(names) + upload.line_end if names else "")
            self._files[kind] = file
        self._writers = {
            kind: csv.writer(
                file,
                delimiter=upload.delimiter,
                quoting=csv.QUOTE_ALL,
                lineterminator=upload.line_end,
            )
            for kind, file in self._files.items()
        }

    def write(
        self, block: Sequence[Sequence[str]], outcomes: Sequence[RowOutcome], fault: Fault | None
    ) -> None:
        """The block's rows, each into the file of its outcome."""
        pairs = list(zip(block, outcomes, strict=True))
        self._random.shuffle(pairs)
        if fault is not None and fault.kind == "lost_results":
            del pairs[: fault.rows]
        self._writers[SUCCESSFUL].writerows(
            [outcome.id, "true" if outcome.created else "false", *self._echoed(row)]
            for row, outcome in pairs
            if outcome.success
        )
        self._writers[FAILED].writerows(
            [outcome.id or "", error_text(outcome), *self._echoed(row)]
            for row, outcome in pairs
            if not outcome.success
        )

    def _echoed(self, row: Sequence[str]) -> list[str]:
        if len(row) != self._width:
            return [""] * self._width
        cells = list(row)
        for index, convert in self.echo:
            cells[index] = convert(cells[index])
        return cells

    def unprocessed(self, rows: Iterable[Sequence[str]]) -> None:
        """Rows that were not attempted."""
        self._writers[UNPROCESSED].writerows(rows)

    def close(self) -> None:
        for file in self._files.values():
            file.close()
