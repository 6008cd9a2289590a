"""An ingest job of Bulk API 2.0 when it runs: the upload into the org, its rows into three files.

Guide pages: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job
Unprocessed Record Results", "Prepare CSV Files".
"""

from __future__ import annotations

import csv
import io
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, TextIO

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.data.values import (
    BLANKS,
    NUMBER,
    UNCHANGED,
    Cell,
    RowError,
    RowErrors,
    RowOutcome,
    compile_judge,
)
from salesforce_bulk.emulator.data.write_columns import BatchRefused
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
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
from salesforce_bulk.emulator.jobs.results import error_text, java_double
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import Field, SObject

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org
    from salesforce_bulk.emulator.data.write_plan import WritePlan

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
#: The first version whose failed results name the record that was to be changed.
FAILED_ID_VERSION = 53.0

#: Rows judged at once.
WRITE_ROWS = 10 * limits.DML_CHUNK_RECORDS
_NULLS: dict[str, Cell] = {"": UNCHANGED, "#N/A": None}

#: Types whose values come back in the platform's form and not as they were sent.
_DOUBLES = frozenset({"double", "currency", "percent"})
_RESERIALIZED = _DOUBLES | {"boolean", "date", "datetime", "time"}


def result_path(job: Job, kind: str) -> Path:
    """Where one of the three result files is."""
    return job.directory / kind


@dataclass(frozen=True, slots=True)
class IngestUpload:
    """A job's data as uploaded, and how to read them."""

    path: Path
    delimiter: str
    line_end: str
    dialect: Dialect

    @classmethod
    def of(cls, job: Job, dialect: Dialect | None = None) -> IngestUpload:
        return cls(
            job.upload or job.directory / "no upload",
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
            dialect or Dialect(),
        )

    def open(self, errors: str = "strict") -> TextIO:
        if not self.path.exists():
            return io.StringIO()
        return TextIOWrapper(self.path.open("rb"), encoding="utf-8", errors=errors, newline="")

    def header(self) -> str:
        """The header record as sent, with its line end; bytes that are no UTF-8 escaped."""
        with self.open("surrogateescape") as source:
            lines: list[str] = []
            try:
                for record in csv.reader(_remember_lines(source, lines), delimiter=self.delimiter):
                    if record:
                        return "".join(lines)
                    lines.clear()
            except csv.Error:
                return lines[0]
        return ""

    def check(self, setting: str) -> None:
        """Raises BatchError for data that cannot be read, or end their lines in another way."""
        try:
            self._check_readable()
        except (wire.WireError, csv.Error, UnicodeError) as error:
            raise BatchError("InvalidBatch", f"Failed to parse CSV. {error}") from error
        if self._ends_otherwise():
            raise BatchError(
                "ClientInputError",
                f"LineEnding is invalid on user data. Current LineEnding setting is {setting}",
            )

    def _check_readable(self) -> None:
        if self.dialect["bulk2.ingest.blank_beside_quotes"] == "the job fails":
            wire.read_csv(self.open, self.delimiter)
            return
        with self.open() as source:
            if sum(line.count('"') for line in source) % 2:
                raise wire.CsvError("EOF reached before closing an opened quote")

    def _ends_otherwise(self) -> bool:
        looked_at = self.dialect["bulk2.ingest.line_ending"]
        if looked_at == "any line break":
            with self.open() as source:
                return any(_line_end(line) not in ("", self.line_end) for line in source)
        end = _line_end(self.header())
        return bool(end) and end != self.line_end and looked_at != "none"

    def records(self, source: TextIO) -> Iterator[list[str]]:
        if self.dialect["bulk2.ingest.blank_beside_quotes"] == "the row fails":
            yield from self._records_quoted_anyhow(source)
            return
        blank_rows = self.dialect["bulk2.ingest.blank_lines"] == "rows that fail"
        for record in csv.reader(source, delimiter=self.delimiter):
            if record or blank_rows:
                yield record

    def _records_quoted_anyhow(self, source: TextIO) -> Iterator[list[str]]:
        """The records; one with quotes where CSV has none is without cells."""
        lines: list[str] = []
        for record in csv.reader(_remember_lines(source, lines), delimiter=self.delimiter):
            if record:
                yield [] if _is_misquoted("".join(lines), self.delimiter) else record
            lines.clear()


def _line_end(text: str) -> str:
    return text[len(text.rstrip("\r\n")) :]


def _is_misquoted(record: str, delimiter: str) -> bool:
    check = wire.QuoteCheck(delimiter)
    try:
        check.feed(record)
        check.finish()
    except wire.CsvError:
        return True
    return False


def _remember_lines(source: TextIO, lines: list[str]) -> Iterator[str]:
    while line := source.readline(limits.RECORD_CHARACTERS):
        lines.append(line)
        yield line


def header_line(job: Job, kind: str) -> str:
    """The first line of a result file: its own columns quoted, the uploaded ones verbatim."""
    upload = IngestUpload.of(job)
    header = upload.header().rstrip("\r\n")
    names = [f'"{name}"' for name in RESULT_COLUMNS[kind]] + ([header] if header else [])
    return upload.delimiter.join(names) + upload.line_end if names else ""


def leave_unprocessed(job: Job, dialect: Dialect, done: int = 0) -> None:
    """The result files of a job that ended before it ran, or ran again: no row was attempted
    after the first so many.
    """
    upload = IngestUpload.of(job, dialect)
    for kind in (SUCCESSFUL, FAILED):
        if not done:
            _write(result_path(job, kind), header_line(job, kind))
    try:
        upload.check(job.line_ending or "LF")
    except BatchError:
        _unread(job, upload)
        return
    with upload.open() as source, _IngestResultFile(job, UNPROCESSED, upload, False) as file:
        if not _is_lost(job, dialect):
            file.writer.writerows(islice(upload.records(source), 1 + done, None))


def _is_lost(job: Job, dialect: Dialect) -> bool:
    """Whether no file tells of the rows that were not attempted."""
    lost = dialect["bulk2.ingest.aborted_rows"] == "nowhere"
    return lost and job.state == bulk_states.ABORTED


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode("utf-8", "surrogateescape"))


def _unread(job: Job, upload: IngestUpload) -> None:
    """What cannot be read as the job's settings say is given back as it came."""
    told = upload.dialect["bulk2.ingest.unreadable_csv"] == "as sent"
    if told and upload.path.exists():
        shutil.copyfile(upload.path, result_path(job, UNPROCESSED))
    else:
        _write(result_path(job, UNPROCESSED), "")


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
        upload = IngestUpload.of(job, self._org.dialect)
        try:
            with self._turn:
                upload.check(job.line_ending or "LF")
        except BatchError:
            leave_unprocessed(job, self._org.dialect)
            raise
        with upload.open() as source, _IngestResultFiles(batch, upload) as files:
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
            if not _is_lost(job, self._org.dialect):
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
        run.files.echo = EchoedCells(columns, self._org.schema.get(job.object))
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
    files: _IngestResultFiles
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


class EchoedCells:
    """How the uploaded cells come back: by the type of their field, not byte for byte.

    ``id_column`` is the place of the Id.
    """

    def __init__(self, columns: Sequence[str], sobject: SObject | None) -> None:
        self._width = len(columns)
        found = [sobject.field(column) if sobject else None for column in columns]
        self._drifted = {
            index
            for index, field in enumerate(found)
            if field is not None and field.name != columns[index]
        }
        self.id_column = next(
            (i for i, field in enumerate(found) if field and field.type == "id"), None
        )
        self._converters = [
            (index, _converter(field, index))
            for index, field in enumerate(found)
            if field is not None and field.type in _RESERIALIZED
        ]

    def rows(self, block: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The rows as they come back; the cells of one of another width are all empty."""
        if set(map(len, block)) != {self._width}:
            empty = [""] * self._width
            block = [row if len(row) == self._width else empty for row in block]
        if not self._converters or not block:
            return list(block)
        columns: list[Sequence[str]] = list(zip(*block, strict=True))
        for index, convert in self._converters:
            columns[index] = convert(columns[index])
        return list(zip(*columns, strict=True))

    def without_misspelled_columns(self, row: Sequence[str]) -> list[str]:
        """The row without the cells below headers that are not in the API's letter case."""
        return ["" if index in self._drifted else cell for index, cell in enumerate(row)]


_Convert = Callable[[Sequence[str]], Sequence[str]]


def _converter(field: Field, column: int) -> _Convert:
    if field.type in _DOUBLES:
        return _as_doubles
    judge = compile_judge(field, column)
    words: dict[object, str] = {0: "false", 1: "true"} if field.type == "boolean" else {}

    def judged(texts: Sequence[str]) -> list[str]:
        errors = RowErrors()
        values = judge([_NULLS.get(text, text) for text in texts], errors)
        return [
            text if row in errors or value in (UNCHANGED, None) else words.get(value, str(value))
            for row, (text, value) in enumerate(zip(texts, values, strict=True))
        ]

    def convert(texts: Sequence[str]) -> Sequence[str]:
        # Such columns have few values, or values that are in their form already.
        distinct = list(set(texts))
        forms = judged(distinct)
        if forms == distinct:
            return texts
        return list(map(dict(zip(distinct, forms, strict=True)).__getitem__, texts))

    return convert


def _as_doubles(texts: Sequence[str]) -> list[str]:
    return [_as_double(text) if text else text for text in texts]


def _as_double(text: str) -> str:
    # float() takes more than the org does: 1_000 is refused, and comes back as it was sent.
    return java_double(float(text)) if NUMBER.fullmatch(text.strip(BLANKS)) else text


class _IngestResultFile:
    """One of the three files while it is written."""

    def __init__(self, job: Job, kind: str, upload: IngestUpload, more: bool) -> None:
        path = result_path(job, kind)
        if not more:
            _write(path, header_line(job, kind))
        self._file = path.open("a", encoding="utf-8", errors="surrogateescape", newline="")
        self.writer = csv.writer(
            self._file,
            delimiter=upload.delimiter,
            quoting=csv.QUOTE_ALL,
            lineterminator=upload.line_end,
        )

    def __enter__(self) -> _IngestResultFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()


class _IngestResultFiles:
    """The three result files of a job while it runs; a run after a re-queue adds to them.

    Rows come out of order within each block, as the guide warns: the job's id decides how.
    """

    def __init__(self, batch: Batch, upload: IngestUpload) -> None:
        job, more = batch.job, batch.retries > 0
        self.echo = EchoedCells([], None)
        self._upload = upload
        self._job = job
        self._random = Random(f"{job.id} {batch.retries}")  # noqa: S311  # nosec B311 # to be repeated
        self._names_failed = float(job.version) >= FAILED_ID_VERSION
        self._files = {kind: _IngestResultFile(job, kind, upload, more) for kind in RESULT_COLUMNS}

    def write(
        self, block: Sequence[list[str]], outcomes: Sequence[RowOutcome], fault: Fault | None
    ) -> None:
        """The block's rows, each into the file of its outcome."""
        rows = self.echo.rows(block)
        if fault is not None and fault.kind == "lost_cells":
            rows = [self.echo.without_misspelled_columns(row) for row in rows]
        pairs = list(zip(rows, outcomes, strict=True))
        self._random.shuffle(pairs)
        if fault is not None and fault.kind == "lost_results":
            del pairs[: fault.rows]
        self._files[SUCCESSFUL].writer.writerows(
            [outcome.id, "true" if outcome.created else "false", *row]
            for row, outcome in pairs
            if outcome.success
        )
        self._files[FAILED].writer.writerows(
            [outcome.id or self._target(row), error_text(outcome), *row]
            for row, outcome in pairs
            if not outcome.success
        )

    def _target(self, row: Sequence[str]) -> str:
        """The record that a failed row was to change."""
        if not self._names_failed or self.echo.id_column is None:
            return ""
        return to_18(row[self.echo.id_column]) or ""

    def unprocessed(self, rows: Iterator[list[str]]) -> None:
        """Rows that were not attempted."""
        self._files[UNPROCESSED].writer.writerows(rows)

    def __enter__(self) -> _IngestResultFiles:
        return self

    def __exit__(self, *_error: object) -> None:
        for file in self._files.values():
            file.__exit__()
