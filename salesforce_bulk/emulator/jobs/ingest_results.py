"""The three result files of an ingest job, in the form that the org's dialect has.

Guide pages: "Get Job Successful Record Results", "Get Job Failed Record Results", "Get Job
Unprocessed Record Results".
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from random import Random
from typing import Literal

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.data.values import (
    BLANKS,
    NUMBER,
    UNCHANGED,
    Cell,
    RowErrors,
    RowOutcome,
    compile_judge,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.faults import Fault
from salesforce_bulk.emulator.jobs.engine import Batch, BatchError, Job
from salesforce_bulk.emulator.jobs.ingest_upload import IngestUpload
from salesforce_bulk.emulator.jobs.results import error_text, java_double
from salesforce_bulk.emulator.jobs.spellings import Spelling, spellings
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import Field, SObject

#: The three files, by the name of their resource, and what stands before the uploaded columns.
RESULT_COLUMNS = {
    "successfulresults": ("sf__Id", "sf__Created"),
    "failedresults": ("sf__Id", "sf__Error"),
    "unprocessedrecords": (),
}
SUCCESSFUL, FAILED, UNPROCESSED = RESULT_COLUMNS
#: The first version whose failed results name the record that was to be changed.
FAILED_ID_VERSION = 53.0

_NULL = "#N/A"
_NULLS: dict[str, Cell] = {"": UNCHANGED, _NULL: None}
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}

#: Types whose values come back in the platform's form and not as they were sent, and by which
#: behaviour.
_DOUBLES = frozenset({"double", "currency", "percent"})
_RESERIALIZED = {
    **dict.fromkeys(_DOUBLES, "bulk2.result.doubles"),
    "boolean": "bulk2.result.booleans",
    "date": "bulk2.result.dates",
    "datetime": "bulk2.result.datetimes",
    "time": "bulk2.result.datetimes",
}
_IDS = ("id", "reference")


def result_path(job: Job, kind: str) -> Path:
    """Where one of the three result files is."""
    return job.directory / kind


class ResultForm:
    """How a job's result files are written.

    Args:
        sobject: the job's, where the names of its fields may be asked for.
    """

    def __init__(self, job: Job, dialect: Dialect, sobject: SObject | None = None) -> None:
        self.job = job
        self.dialect = dialect
        self.sobject = sobject
        self.upload = IngestUpload.of(job, dialect)
        self.line_end = _LINE_ENDS.get(dialect["bulk2.result.line_end"], self.upload.line_end)
        of_the_job = dialect["bulk2.result.delimiter"] == "of the job"
        self.delimiter = self.upload.delimiter if of_the_job else ","
        quoted = dialect["bulk2.result.quotes"] == "all"
        self.quoting: Literal[0, 1] = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL

    def own_columns(self, kind: str) -> tuple[str, ...]:
        """What stands before the uploaded columns."""
        columns = RESULT_COLUMNS[kind]
        reading = self.dialect["bulk2.result.own_columns"]
        if reading == "sf__Created,sf__Id":
            return columns[::-1]
        return tuple(map(str.lower, columns)) if reading == "sf__id,sf__created" else columns

    def header_line(self, kind: str) -> str:
        """The first line of a file: its own columns, then the uploaded ones."""
        header = self._uploaded_header()
        own = self.own_columns(kind)
        if self.quoting == csv.QUOTE_ALL:
            own = tuple(f'"{name}"' for name in own)
        names = [*own, header] if header else own
        if not names:
            return ""
        mark = "\ufeff" if self.dialect["bulk2.result.byte_order_mark"] == "BOM" else ""
        return mark + self.delimiter.join(names) + self.line_end

    def _uploaded_header(self) -> str:
        """The header as it was sent, unless a dialect has it otherwise."""
        header = self.upload.header().rstrip("\r\n")
        api_names = self.dialect["bulk2.result.header"] == "API names"
        if not api_names and self.delimiter == self.upload.delimiter:
            return header
        names = next(csv.reader(io.StringIO(header), delimiter=self.upload.delimiter), [])
        fields = [self.sobject.field(name) if self.sobject else None for name in names]
        if api_names:
            names = [f.name if f else name for f, name in zip(fields, names, strict=True)]
        return self.delimiter.join(names)


def leave_unprocessed(form: ResultForm, done: int = 0) -> None:
    """The result files of a job that ended before it ran, or ran again: no row was attempted
    after the first so many.
    """
    job, upload = form.job, form.upload
    for kind in (SUCCESSFUL, FAILED):
        if not done:
            _write(result_path(job, kind), form.header_line(kind))
    try:
        upload.check(job.line_ending or "LF")
    except BatchError:
        _unread(job, upload)
        return
    with upload.open() as source, _IngestResultFile(form, UNPROCESSED, False) as file:
        if not is_lost(job, form.dialect):
            file.writer.writerows(islice(upload.records(source), 1 + done, None))


def is_lost(job: Job, dialect: Dialect) -> bool:
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


class EchoedCells:
    """How the uploaded cells come back: by the type of their field, not byte for byte.

    ``id_column`` is the place of the Id.
    """

    def __init__(self, columns: Sequence[str], sobject: SObject | None, dialect: Dialect) -> None:
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
        known = spellings(dialect, "bulk2.result.")
        self._converters = [
            (index, _converter(field, index, known.get(field.type)))
            for index, field in enumerate(found)
            if field is not None and _is_rewritten(field, dialect)
        ]
        self._loses_misspelled = dialect["bulk2.result.header_case"] == "empty"
        self._whole_ids = dialect["bulk2.result.ids"] == "18 characters"
        self._ids = [i for i, field in enumerate(found) if field and field.type in _IDS]
        self._text = _text_form(dialect)

    def rows(self, block: Sequence[Sequence[str]]) -> list[Sequence[str]]:
        """The rows as they come back; the cells of one of another width are all empty."""
        if set(map(len, block)) != {self._width}:
            empty = [""] * self._width
            block = [row if len(row) == self._width else empty for row in block]
        if self._converters and block:
            columns: list[Sequence[str]] = list(zip(*block, strict=True))
            for index, convert in self._converters:
                columns[index] = convert(columns[index])
            block = list(zip(*columns, strict=True))
        if self._text or self._whole_ids or self._loses_misspelled:
            return [self._in_dialect(row) for row in block]
        return list(block)

    def _in_dialect(self, row: Sequence[str]) -> Sequence[str]:
        """A row in what a dialect has otherwise, whatever the types of its columns."""
        cells = list(map(self._text, row)) if self._text else list(row)
        for index in self._ids if self._whole_ids else ():
            cells[index] = to_18(cells[index]) or cells[index]
        return self.without_misspelled_columns(cells) if self._loses_misspelled else cells

    def without_misspelled_columns(self, row: Sequence[str]) -> list[str]:
        """The row without the cells below headers that are not in the API's letter case."""
        return ["" if index in self._drifted else cell for index, cell in enumerate(row)]


_Convert = Callable[[Sequence[str]], Sequence[str]]


def _is_rewritten(field: Field, dialect: Dialect) -> bool:
    behaviour = _RESERIALIZED.get(field.type)
    return behaviour is not None and dialect[behaviour] != "as sent"


def _text_form(dialect: Dialect) -> Spelling | None:
    """What becomes of each cell, if anything."""
    empty_null = dialect["bulk2.result.null_marker"] == "empty"
    trimmed = dialect["bulk2.result.blanks"] == "trimmed"

    def form(cell: str) -> str:
        text = cell.strip(BLANKS) if trimmed else cell
        return "" if empty_null and text == _NULL else text

    return form if empty_null or trimmed else None


def _converter(field: Field, column: int, spelling: Spelling | None) -> _Convert:
    spell = spelling or str
    if field.type in _DOUBLES:
        return partial(_as_doubles, spell=spell) if spelling else _as_doubles
    judge = compile_judge(field, column)
    words: dict[object, str] = {0: "false", 1: "true"} if field.type == "boolean" else {}

    def judged(texts: Sequence[str]) -> list[str]:
        errors = RowErrors()
        values = judge([_NULLS.get(text, text) for text in texts], errors)
        return [
            text
            if row in errors or value in (UNCHANGED, None)
            else spell(words.get(value, str(value)))
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


def _as_doubles(texts: Sequence[str], spell: Spelling = str) -> list[str]:
    return [_as_double(text, spell) if text else text for text in texts]


def _as_double(text: str, spell: Spelling) -> str:
    # float() takes more than the org does: 1_000 is refused, and comes back as it was sent.
    return spell(java_double(float(text))) if NUMBER.fullmatch(text.strip(BLANKS)) else text


class _IngestResultFile:
    """One of the three files while it is written."""

    def __init__(self, form: ResultForm, kind: str, more: bool) -> None:
        path = result_path(form.job, kind)
        if not more:
            _write(path, form.header_line(kind))
        self._file = path.open("a", encoding="utf-8", errors="surrogateescape", newline="")
        self.writer = csv.writer(
            self._file,
            delimiter=form.delimiter,
            quoting=form.quoting,
            lineterminator=form.line_end,
        )

    def __enter__(self) -> _IngestResultFile:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()


class IngestResultFiles:
    """The three result files of a job while it runs; a run after a re-queue adds to them.

    Rows come out of order within each block, as the guide warns: the job's id decides how.
    """

    def __init__(self, batch: Batch, form: ResultForm) -> None:
        job, more, dialect = batch.job, batch.retries > 0, form.dialect
        self.echo = EchoedCells([], None, dialect)
        self._random = Random(f"{job.id} {batch.retries}")  # noqa: S311  # nosec B311 # to be repeated
        self._shuffles = dialect["bulk2.result.order"] == "shuffled"
        self._names_failed = (
            float(job.version) >= FAILED_ID_VERSION
            and dialect["bulk2.result.failed_ids"] == "the record's"
        )
        self._id_first = dialect["bulk2.result.own_columns"] != "sf__Created,sf__Id"
        self._files = {kind: _IngestResultFile(form, kind, more) for kind in RESULT_COLUMNS}

    def write(
        self, block: Sequence[list[str]], outcomes: Sequence[RowOutcome], fault: Fault | None
    ) -> None:
        """The block's rows, each into the file of its outcome."""
        rows = self.echo.rows(block)
        if fault is not None and fault.kind == "lost_cells":
            rows = [self.echo.without_misspelled_columns(row) for row in rows]
        pairs = list(zip(rows, outcomes, strict=True))
        if self._shuffles:
            self._random.shuffle(pairs)
        if fault is not None and fault.kind == "lost_results":
            del pairs[: fault.rows]
        self._files[SUCCESSFUL].writer.writerows(
            [*self._own(outcome.id, "true" if outcome.created else "false"), *row]
            for row, outcome in pairs
            if outcome.success
        )
        self._files[FAILED].writer.writerows(
            [*self._own(outcome.id or self._target(row), error_text(outcome)), *row]
            for row, outcome in pairs
            if not outcome.success
        )

    def _own(self, identity: str | None, told: str) -> tuple[str | None, str | None]:
        return (identity, told) if self._id_first else (told, identity)

    def _target(self, row: Sequence[str]) -> str:
        """The record that a failed row was to change."""
        if not self._names_failed or self.echo.id_column is None:
            return ""
        return to_18(row[self.echo.id_column]) or ""

    def unprocessed(self, rows: Iterator[list[str]]) -> None:
        """Rows that were not attempted."""
        self._files[UNPROCESSED].writer.writerows(rows)

    def __enter__(self) -> IngestResultFiles:
        return self

    def __exit__(self, *_error: object) -> None:
        for file in self._files.values():
            file.__exit__()
