"""What a batch was given and what became of it, read back from the spool, a table at a time.

For people who look: the wire's documents are those of the Bulk APIs.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from salesforce_bulk.emulator.data.values import UNCHANGED, Cell
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.archive import Archive, ArchiveError
from salesforce_bulk.emulator.jobs.engine import Batch
from salesforce_bulk.emulator.jobs.ingest_results import (
    FAILED,
    RESULT_COLUMNS,
    SUCCESSFUL,
    UNPROCESSED,
    ResultForm,
    result_path,
)
from salesforce_bulk.emulator.jobs.load_batches import read_batch

#: What can become of a row.
OUTCOMES = ("created", "written", "failed", "unprocessed")
CREATED, WRITTEN, FAILED_ROW, UNPROCESSED_ROW = OUTCOMES


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of a load. ``number`` counts a batch's rows from 1; the results of Bulk API 2.0 do
    not tell it, and it is 0 there.
    """

    number: int
    outcome: str
    id: str
    error: str
    cells: Sequence[str]


@dataclass(frozen=True, slots=True)
class ReadTable:
    """Columns, and rows in the order in which they stand."""

    columns: Sequence[str]
    rows: Iterator[ReadRow]


def load_table(batch: Batch, dialect: Dialect) -> ReadTable:
    """The rows of a load with what became of each; none where the data cannot be read."""
    if batch.job.api == "2.0":
        return _ingest_table(batch, dialect)
    return _bulk1_table(batch, dialect)


def query_table(path: Path, base_format: str, delimiter: str) -> tuple[list[str], Iterator[Any]]:
    """The columns of a query's result in CSV and its rows; no columns of any other format."""
    if base_format != "CSV":
        return [], iter(())
    rows = _csv_rows(path, delimiter)
    return next(rows, []), rows


def _csv_rows(path: Path, delimiter: str = ",") -> Iterator[list[str]]:
    if path.exists():
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            yield from csv.reader(file, delimiter=delimiter)


# Bulk API 2.0


def _ingest_table(batch: Batch, dialect: Dialect) -> ReadTable:
    form = ResultForm(batch.job, dialect)
    upload = form.upload
    header = next(csv.reader(io.StringIO(upload.header()), delimiter=upload.delimiter), [])
    kinds = (FAILED, SUCCESSFUL, UNPROCESSED)
    return ReadTable(header, chain.from_iterable(_ingest_rows(form, kind) for kind in kinds))


def _ingest_rows(form: ResultForm, kind: str) -> Iterator[ReadRow]:
    records = _csv_rows(result_path(form.job, kind), form.delimiter)
    next(records, None)
    columns = [name.lower() for name in form.own_columns(kind)]
    order = [columns.index(name.lower()) for name in RESULT_COLUMNS[kind]]
    for record in records:
        told, cells = [record[place] for place in order], record[len(order) :]
        if kind == SUCCESSFUL:
            yield ReadRow(0, CREATED if told[1] == "true" else WRITTEN, told[0], "", cells)
        elif kind == FAILED:
            yield ReadRow(0, FAILED_ROW, told[0], told[1], cells)
        else:
            yield ReadRow(0, UNPROCESSED_ROW, "", "", cells)


# Bulk API 1.0


def _bulk1_table(batch: Batch, dialect: Dialect) -> ReadTable:
    try:
        archive = Archive(batch.request) if batch.job.is_zip else None
        sent = read_batch(batch, archive, dialect)
    except (ArchiveError, wire.WireError, OSError):
        return ReadTable((), iter(()))
    return ReadTable(sent.columns, _bulk1_rows(batch, sent, archive))


def _bulk1_rows(batch: Batch, sent: wire.BatchRows, archive: Archive | None) -> Iterator[ReadRow]:
    try:
        outcomes = chain(_outcomes(batch), repeat((UNPROCESSED_ROW, "", "")))
        for number, (row, told) in enumerate(zip(sent.rows, outcomes, strict=False), 1):
            yield ReadRow(number, *told, [_cell(cell) for cell in row])
    finally:
        if archive is not None:
            archive.close()


def _cell(cell: Cell) -> str:
    if cell is UNCHANGED:
        return ""
    return "#N/A" if cell is None else str(cell)


def _outcomes(batch: Batch) -> Iterator[tuple[str, str, str]]:
    """The outcome, id and errors of each row that was attempted."""
    if not batch.terminal or not batch.results:
        return iter(())
    path = batch.results[0].path
    return {"CSV": _csv_outcomes, "XML": _xml_outcomes, "JSON": _json_outcomes}[
        batch.job.base_format
    ](path)


def _outcome(success: bool, created: bool) -> str:
    return FAILED_ROW if not success else CREATED if created else WRITTEN


def _csv_outcomes(path: Path) -> Iterator[tuple[str, str, str]]:
    records = _csv_rows(path)
    # Names, letter case and order of the columns are a matter of the org's dialect.
    names = [name.lower().strip("\ufeff") for name in next(records, [])]
    places = [names.index(name) for name in ("id", "success", "created", "error")]
    for record in records:
        identity, success, created, error = (record[place] for place in places)
        yield _outcome(success.lower() == "true", created.lower() == "true"), identity, error


def _xml_outcomes(path: Path) -> Iterator[tuple[str, str, str]]:
    with path.open("rb") as file:
        for result in wire.XmlReader(file):
            errors = [
                f"{entry.value('statusCode')}:{entry.value('message')}"
                for entry in result.children
                if entry.name == "errors"
            ]
            flags = result.value("success") == "true", result.value("created") == "true"
            yield _outcome(*flags), result.value("id"), "; ".join(errors)


def _json_outcomes(path: Path) -> Iterator[tuple[str, str, str]]:
    for result in json.loads(path.read_bytes()):
        errors = [f"{error['statusCode']}:{error['message']}" for error in result["errors"]]
        told = _outcome(result["success"], result["created"])
        yield told, result.get("id") or "", "; ".join(errors)
