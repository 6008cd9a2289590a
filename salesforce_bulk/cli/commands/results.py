"""``results``: what became of each row of a job."""

from __future__ import annotations

import argparse
import sys

from salesforce_bulk.cli.commands.load import LOADS
from salesforce_bulk.cli.files.export_file import write_export
from salesforce_bulk.cli.files.formats import FileFormat, format_of_name
from salesforce_bulk.cli.files.target import refuse_no_folder
from salesforce_bulk.cli.numbers import add_timeout_argument
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.runs import find_run
from salesforce_bulk.errors import InvalidInput


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which job, and where to."""
    parser.add_argument("job", metavar="JOB", help="its id")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="CSV to write; - (default) is stdout"
    )
    add_timeout_argument(parser)
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Write the rows with their outcomes; 3 where some failed. Of a query, its rows."""
    from salesforce_bulk import Export  # noqa: PLC0415 (--help stays fast)

    if args.file == "-" and args.json:
        raise InvalidInput("--json prints its object on stdout: name a file for the rows.")
    refuse_no_folder(args.file)
    handle = connect(args.org).attach(args.job)
    args.answer.go_on_with(f"salesforce-bulk results {args.job} {args.file}")
    if isinstance(handle, Export):
        target = FileFormat("csv") if args.file == "-" else format_of_name(args.file)
        rows = write_export(handle.wait(args.timeout), args.file, target)
        args.answer.know(rows=rows)
        return 0
    result = handle.result(args.timeout)
    result.to_csv(sys.stdout if args.file == "-" else args.file)
    counts = {name: len(getattr(result, name)) for name in ("succeeded", "failed", "unprocessed")}
    args.answer.know(rows=result.rows, **counts, unknown=len(result.unknown))
    args.answer.say(f"  {result.summary()}")
    if result.rows == counts["succeeded"]:
        return 0
    args.answer.go_on_with(_retry_of(args.job))
    return 3


def _retry_of(job: str) -> str | None:
    """What loads the job's failed rows again; None where this machine did not load them."""
    first, _, _ = job.partition(".")
    try:
        find_run(first, LOADS)
    except InvalidInput:
        return None
    return f"salesforce-bulk retry {first}"
