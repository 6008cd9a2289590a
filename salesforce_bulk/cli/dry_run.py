"""``--dry-run``: every row judged as a load would, and nothing sent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, cast

from salesforce_bulk.cli.org import connect
from salesforce_bulk.cli.rows import RowOptions, opened_rows
from salesforce_bulk.client_access import org_of
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.load.checks import BATCH_ALLOWANCE
from salesforce_bulk.load.preparation import prepare
from salesforce_bulk.load.settings import LoadSettings, LoadSpec, Operation
from salesforce_bulk.load.sources import open_rows
from salesforce_bulk.progress import Reporter


def judge(args: argparse.Namespace, rows: RowOptions, external_id: str | None) -> int:
    """Read and encode the rows against the describe; tell batches and the share of the day's.

    Raises:
        InvalidInput: the row and column that a load would refuse.
    """
    if args.file == "-":
        raise InvalidInput("--dry-run reads a file, so that the same file can be loaded after.")
    from salesforce_bulk.cli.load import load_options  # noqa: PLC0415 (which imports this)

    access = org_of(connect(args.org))
    operation = cast(Operation, "hardDelete" if args.command == "hard-delete" else args.command)
    settings = LoadSettings(**load_options(args))
    spec = LoadSpec(operation, args.object, external_id, settings.concurrency)
    reporter = Reporter(not args.quiet, access.clock, f"dry run of {spec.name}")
    with reporter.running(), opened_rows(Path(args.file), rows) as records:
        source = open_rows(records, settings, operation)
        _, plan, _ = prepare(access, spec, source, settings, reporter)
    allowance: Any = access.describes.limits().get(BATCH_ALLOWANCE)
    batches = len(plan.parts)
    share = "" if allowance is None else f" ({batches / allowance.maximum:.2%} of a day's)"
    args.answer.know(
        rows=plan.rows,
        batches=batches,
        batches_left_today=None if allowance is None else allowance.remaining,
    )
    args.answer.say(
        f"  {plan.rows:,} rows, {batches:,} {'batch' if batches == 1 else 'batches'}{share}. "
        "Nothing was sent."
    )
    return 0
