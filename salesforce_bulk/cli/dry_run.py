"""``--dry-run``: every row judged as a load would, every cell by its field, and nothing sent."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from salesforce_bulk.api.reserve import BATCH_ALLOWANCE
from salesforce_bulk.cli.answer import count_of_rows
from salesforce_bulk.cli.files.rows import opened_rows
from salesforce_bulk.cli.org import connect
from salesforce_bulk.client_access import org_of
from salesforce_bulk.errors import InvalidInput, InvalidUser, NotFound
from salesforce_bulk.load.checks import check_quota
from salesforce_bulk.load.plan import Plan, count_batches
from salesforce_bulk.load.preparation import prepare
from salesforce_bulk.load.settings import LoadSettings, LoadSpec, Operation
from salesforce_bulk.load.sources import open_rows
from salesforce_bulk.load.value_checks import Refusals
from salesforce_bulk.progress import Reporter

if TYPE_CHECKING:
    from salesforce_bulk.api.describe import Allowance, Describes

#: Of the cells that the org would refuse, those that are printed.
_SHOWN = 10


def judge(args: argparse.Namespace, options: dict[str, Any]) -> int:
    """Tell the batches, their share of the day's, and the cells that the org would refuse.

    Args:
        args: of the command.
        options: of the verb.

    Returns:
        0, or 2 where the org would refuse cells.

    Raises:
        InvalidInput: the row or column that a load would refuse.
        ExceededQuota: more batches than are left today.
    """
    if args.file == "-":
        raise InvalidInput("--dry-run reads a file, so that the same file can be loaded after.")
    access = org_of(connect(args.org))
    operation = cast(Operation, "hardDelete" if args.command == "hard-delete" else args.command)
    settings = LoadSettings(**options, check="values")
    external_id = getattr(args, "external_id", None)
    spec = LoadSpec(operation, args.object, external_id, settings.concurrency)
    reporter = Reporter(not args.quiet, access.clock, f"dry run of {spec.name}")
    refusals = Refusals()
    with reporter.running(), opened_rows(Path(args.file), args.format) as records:
        source = open_rows(records, settings, operation)
        _, plan, _ = prepare(access, spec, source, settings, reporter, refusals.judged)
    _tell(args, plan, _allowance(access.describes), refusals)
    batches = count_batches(plan.parts)
    access.reserve.check(spec.name, batches)
    check_quota(access.describes, batches, spec.name)
    return 2 if refusals.cells else 0


def _allowance(describes: Describes) -> Allowance | None:
    try:
        return describes.limits().get(BATCH_ALLOWANCE)
    except (NotFound, InvalidUser):
        return None  # the user may load without seeing the org's limits


def _tell(
    args: argparse.Namespace, plan: Plan, allowance: Allowance | None, refusals: Refusals
) -> None:
    batches = count_batches(plan.parts)
    args.answer.know(
        rows=plan.rows,
        batches=batches,
        batches_today=None if allowance is None else allowance.maximum,
        batches_left_today=None if allowance is None else allowance.remaining,
        refused_cells=refusals.cells,
        refused=[cell._asdict() for cell in refusals.first],
    )
    share = "" if allowance is None else f" ({100 * batches / allowance.maximum:.2f} % of today's)"
    word = "batch" if batches == 1 else "batches"
    lines = list(_verdict(refusals))
    args.answer.say(f"  {count_of_rows(plan.rows)}, {batches:,} {word}{share}. {lines[0]}")
    for line in lines[1:]:
        args.answer.say(f"    {line}")


def _verdict(refusals: Refusals) -> Iterator[str]:
    if not refusals.cells:
        yield "Nothing was sent."
        return
    told = [f"row {row:,}: {column} {why}" for row, column, why in refusals.first[:_SHOWN]]
    if refusals.cells > 1:
        yield f"The org would refuse {refusals.cells:,} cells:"
    yield from told
    if refusals.cells > len(told):
        yield f"and {refusals.cells - len(told):,} more"
