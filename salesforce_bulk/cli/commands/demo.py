"""``salesforce-bulk demo [FILE.csv]``: a file into a local org, back again, and compared.

The file is held in memory, so that every cell can be compared; the results are not.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, NamedTuple

from salesforce_bulk.cli import FAILED, SOME_ROWS_FAILED, SUCCEEDED
from salesforce_bulk.cli.demo.compare import (
    Comparison,
    Value,
    compare,
    stored_value,
    value_of_json,
    value_of_text,
)
from salesforce_bulk.cli.demo.plan import (
    DemoPlan,
    DemoRow,
    cells,
    cut_batches,
    make_plan,
    upload_rows,
)
from salesforce_bulk.cli.demo.steps import DemoStep, DemoSteps
from salesforce_bulk.cli.files.csv_file import CsvTable, read_csv
from salesforce_bulk.cli.files.json_rows import json_rows
from salesforce_bulk.errors import BatchNotComplete, BulkApiError

if TYPE_CHECKING:
    from salesforce_bulk import SalesforceBulk
    from salesforce_bulk.emulator import SalesforceEmulator

#: examples/ belongs to the repository, not to the package.
EXAMPLE = Path(__file__).parents[3] / "examples" / "data" / "cities.csv"
#: The thousand largest of them, which does.
SMALL_EXAMPLE = Path(__file__).parents[1] / "demo" / "cities.csv"
#: Seconds between two looks at a batch; a local org answers at once.
POLL_INTERVAL = 0.1
#: Rejected rows and differences that the report prints.
SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE.csv",
        help="a comma-separated UTF-8 file with a header (default: cities of the world)",
    )


def run(args: argparse.Namespace) -> int:
    path: Path = args.file or example_file()
    table = read_csv(path)
    from salesforce_bulk.emulator import SalesforceEmulator  # noqa: PLC0415 (--help stays fast)

    with SalesforceEmulator() as org:
        steps = DemoSteps(True)
        with steps.reporter.running():
            report = demonstrate(org, table, steps)
    print("\n".join([f"File        {path}", *report.lines()]))
    return report.exit_code


def example_file(example: Path = EXAMPLE) -> Path:
    return example if example.is_file() else SMALL_EXAMPLE


def demonstrate(org: SalesforceEmulator, table: CsvTable, steps: DemoSteps) -> DemoReport:
    """Load *table* into *org*, query it back as JSON and as CSV, and compare."""
    account = org.org.schema.get("Account")
    plan = make_plan(table, account.fields.values() if account else ())
    if plan.new_fields:
        org.define_object(plan.object_name, plan.new_fields)
    calls_before = org.api_calls
    bulk = org.connect()
    load = insert(bulk, plan, table, steps)
    checks = {kind: check(bulk, plan, table, load, kind, steps) for kind in DECODERS}
    return DemoReport(plan, org.url, load, checks, org.api_calls - calls_before)


class RejectedRow(NamedTuple):
    """A row that the org refused, with the error as the API words it."""

    row: DemoRow
    error: str


@dataclass
class DemoLoad:
    """What became of the rows: accepted ones by their new Id, and rejected ones."""

    batches: int = 0
    seconds: float = 0.0
    accepted: dict[str, DemoRow] = field(default_factory=dict)
    rejected: list[RejectedRow] = field(default_factory=list)

    @property
    def rows(self) -> int:
        return len(self.accepted) + len(self.rejected)


class QueryCheck(NamedTuple):
    """The comparison with the rows that one query returned, and how long the query took."""

    comparison: Comparison
    seconds: float


def insert(bulk: SalesforceBulk, plan: DemoPlan, table: CsvTable, steps: DemoSteps) -> DemoLoad:
    """Insert the rows: one job, a batch for each 10,000 rows or 10 MB, a result for each row."""
    from salesforce_bulk import CsvDictsAdapter  # noqa: PLC0415 (--help stays fast)

    load = DemoLoad()
    rows = list(upload_rows(plan, len(table.rows)))
    job = bulk.create_insert_job(plan.object_name, contentType="CSV")
    sent = []
    with steps.step("sending", len(rows)) as sending:
        for pairs in cut_batches((row, cells(plan, table, row)) for row in rows):
            batch = bulk.post_batch(job, CsvDictsAdapter(values for _, values in pairs))
            sent.append((batch, [row for row, _ in pairs]))
            sending.advance(len(pairs))
    bulk.close_job(job)
    with steps.step("results", len(rows)) as results:
        for batch, batch_rows in sent:
            wait(bulk, job, batch)
            record_outcomes(load, bulk, job, batch, batch_rows)
            results.advance(len(batch_rows))
    load.batches = len(sent)
    load.seconds = sending.seconds + results.seconds
    return load


def record_outcomes(
    load: DemoLoad, bulk: SalesforceBulk, job: str, batch: str, rows: list[DemoRow]
) -> None:
    """Put each row of a finished batch with the accepted or the rejected ones."""
    results = bulk.get_batch_results(batch, job)
    if len(results) != len(rows):
        raise BulkApiError(
            f"Batch {batch} of job {job} has {len(results)} results for {len(rows)} rows",
            job_id=job,
            batch_id=batch,
        )
    for row, result in zip(rows, results, strict=True):
        if result.success:
            load.accepted[result.id] = row
        else:
            load.rejected.append(RejectedRow(row, result.error))


def check(
    bulk: SalesforceBulk,
    plan: DemoPlan,
    table: CsvTable,
    load: DemoLoad,
    content_type: str,
    steps: DemoSteps,
) -> QueryCheck:
    """Query everything back in one content type and compare it with what was accepted."""

    def sent(row: DemoRow) -> dict[str, Value]:
        return stored_values(plan, cells(plan, table, row))

    with steps.step(f"query {content_type}", len(load.accepted)) as step:
        returned = counted(query(bulk, plan, content_type), step)
        comparison = compare(load.accepted, sent, returned)
    return QueryCheck(comparison, step.seconds)


def query(
    bulk: SalesforceBulk, plan: DemoPlan, content_type: str
) -> Iterator[tuple[str, dict[str, Value]]]:
    """Id and values of each record of the object."""
    names = ", ".join(column.field for column in plan.columns)
    job = bulk.create_query_job(plan.object_name, contentType=content_type)
    batch = bulk.query(job, f"SELECT Id, {names} FROM {plan.object_name}", contentType=content_type)  # noqa: S608  # nosec B608 # SOQL, of API names
    bulk.close_job(job)
    wait(bulk, job, batch)
    for stream in bulk.get_all_results_for_query_batch(batch, job):
        yield from DECODERS[content_type](plan, stream)


def wait(bulk: SalesforceBulk, job: str, batch: str) -> None:
    if not bulk.wait_for_batch(job, batch, sleep_interval=POLL_INTERVAL):
        raise BatchNotComplete(
            f"Batch {batch} of job {job} is still not complete", job_id=job, batch_id=batch
        )


def counted(
    rows: Iterable[tuple[str, dict[str, Value]]], step: DemoStep
) -> Iterator[tuple[str, dict[str, Value]]]:
    for row in rows:
        step.advance()
        yield row


def stored_values(plan: DemoPlan, row: Mapping[str, str]) -> dict[str, Value]:
    return {column.field: stored_value(column.kind, row[column.field]) for column in plan.columns}


def decode_json(plan: DemoPlan, stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Value]]]:
    for record in json_rows(stream):
        values = {
            column.field: value_of_json(record[column.field])
            for column in plan.columns
            if column.field in record
        }
        yield str(record["Id"]), values


def decode_csv(plan: DemoPlan, stream: IO[bytes]) -> Iterator[tuple[str, dict[str, Value]]]:
    for record in csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8", newline="")):
        values = {
            column.field: value_of_text(column.kind, record[column.field])
            for column in plan.columns
            if column.field in record
        }
        yield record["Id"], values


Decoder = Callable[[DemoPlan, IO[bytes]], Iterator[tuple[str, dict[str, Value]]]]

DECODERS: Mapping[str, Decoder] = MappingProxyType({"JSON": decode_json, "CSV": decode_csv})


class DemoReport(NamedTuple):
    """What the demo did."""

    plan: DemoPlan
    url: str
    load: DemoLoad
    checks: Mapping[str, QueryCheck]
    api_calls: int

    @property
    def exit_code(self) -> int:
        if self.defective_but_accepted or not all(c.comparison.held for c in self.checks.values()):
            return FAILED
        if any(not rejected.row.defect for rejected in self.load.rejected):
            return SOME_ROWS_FAILED
        return SUCCEEDED

    @property
    def defective_but_accepted(self) -> list[DemoRow]:
        return [row for row in self.load.accepted.values() if row.defect]

    def lines(self) -> list[str]:
        """The report as it is printed."""
        return [
            f"Org         {self.url}, {self.plan.object_name}",
            *self._load_lines(),
            *self._check_lines(),
            f"API calls   {self.api_calls}",
            VERDICTS[self.exit_code],
        ]

    def _load_lines(self) -> Iterator[str]:
        load = self.load
        batches = "1 batch" if load.batches == 1 else f"{load.batches} batches"
        yield (
            f"Sent        {load.rows:,} rows in {batches}, {len(self.plan.defects)} of them "
            f"spoiled on purpose: {rate(load.rows, load.seconds)}"
        )
        yield f"Accepted    {len(load.accepted):,} rows"
        yield f"Rejected    {len(load.rejected):,} rows"
        yield from first_lines(
            [f"  {describe(row)}: {shorten(error)}" for row, error in load.rejected]
        )
        for row in self.defective_but_accepted:
            yield f"  {describe(row)}: ACCEPTED, although it had to be rejected"

    def _check_lines(self) -> Iterator[str]:
        for content_type, (found, seconds) in self.checks.items():
            yield (
                f"Queried     {found.rows:,} rows as {content_type}: {rate(found.rows, seconds)}; "
                f"{found.cells:,} cells compared, {len(found.differences):,} differ"
            )
            yield from first_lines(mismatches(found))


VERDICTS: Mapping[int, str] = MappingProxyType(
    {
        SUCCEEDED: "Everything came back as it was sent.",
        SOME_ROWS_FAILED: "Every accepted row came back as it was sent; some were rejected.",
        FAILED: "What came back is NOT what was sent.",
    }
)


def mismatches(found: Comparison) -> list[str]:
    return [
        *(
            f"  row {row}, {name}: sent {shorten(repr(sent))}, returned {shorten(repr(returned))}"
            for row, name, sent, returned in found.differences
        ),
        *(f"  row {number}: accepted, but not returned" for number in found.missing),
        *(f"  record {id_}: returned, but not sent or sent once" for id_ in found.unexpected),
    ]


def describe(row: DemoRow) -> str:
    if row.defect:
        return f"a copy of row {row.number} with {row.defect.reason}"
    return f"row {row.number}"


def first_lines(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN
    return lines if more <= 0 else [*lines[:SHOWN], f"  ... and {more:,} more"]


def shorten(text: str) -> str:
    """One line of at most 200 characters; errors quote the value, which may be a long one."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else f"{line[:150]} ... {line[-45:]}"


def rate(rows: int, seconds: float) -> str:
    return f"{rows / seconds:,.0f} rows/s" if seconds else "in no time"
