"""``retry``: the rows of a run that failed for a passing reason, once more."""

from __future__ import annotations

import argparse

from salesforce_bulk.cli import load, resume
from salesforce_bulk.cli.runs import find_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of ``resume``, and how often."""
    resume.add_arguments(parser)
    parser.add_argument("--attempts", type=int, default=3, metavar="N", help="at most (default: 3)")


def run(args: argparse.Namespace) -> int:
    """Retry; 0 where every row of the run has succeeded by now."""
    found = find_run(args.run, load.LOADS)
    args.answer.say(f"  retrying {found.command} {found.object_name} {found.file or ''}".rstrip())
    args.answer.know(run=found.name)
    result = resume.resumed(found, args)
    with load.telling_how_to_go_on(found, args.answer):
        result = result.retry(attempts=args.attempts, timeout=args.timeout)
    return load.tell_result(result, found, args.answer)
