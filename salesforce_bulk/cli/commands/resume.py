"""``resume``: a run that was interrupted goes on where it was."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, cast

from salesforce_bulk.cli.commands import export, load
from salesforce_bulk.cli.numbers import add_timeout_argument
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.runs import Run, find_run

if TYPE_CHECKING:
    from salesforce_bulk import LoadResult

_EXPORTS = ("export",)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which run, and how long to wait."""
    parser.add_argument(
        "run", nargs="?", metavar="JOB", help="a job's id or a run's name (default: the last one)"
    )
    add_timeout_argument(parser)
    parser.add_argument("--quiet", action="store_true", help="draw no progress")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Finish the run; exits as the command that began it."""
    found = find_run(args.run, (*load.LOADS, *_EXPORTS), over=False)
    args.answer.say(f"  going on with {load.name_of(found)}")
    args.answer.know(run=found.name)
    if found.command in _EXPORTS:
        return export.go_on(found, args)
    result = resumed(found, args, progress=not args.quiet)
    return load.tell_result(result, found, args.answer)


def resumed(found: Run, args: argparse.Namespace, *, progress: bool) -> LoadResult:
    """The result of a load's run, which is finished by this if it was not."""
    bulk = connect(args.org or found.org)
    with load.telling_how_to_go_on(found, args.answer), load.opened_rows_of(found) as records:
        result = bulk.resume(
            found.journal,
            records,
            on_error="report",
            timeout=args.timeout,
            progress=progress,
        )
    return cast("LoadResult", result)
