"""``retry``: the rows of a run that failed for a passing reason, once more."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from salesforce_bulk.cli.answer import Answer, count_of_rows
from salesforce_bulk.cli.commands import load, resume
from salesforce_bulk.cli.numbers import whole_number
from salesforce_bulk.cli.runs import Run, find_run
from salesforce_bulk.progress.text import short_id

if TYPE_CHECKING:
    from salesforce_bulk import LoadResult
    from salesforce_bulk.load.results import RetryAttempt


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of ``resume``, and how often."""
    resume.add_arguments(parser)
    parser.add_argument(
        "--attempts", type=whole_number, default=3, metavar="N", help="at most (default: 3)"
    )


def run(args: argparse.Namespace) -> int:
    """Retry; 0 where every row of the run has succeeded by now."""
    found = find_run(args.run, load.LOADS)
    args.answer.say(f"  retrying {load.name_of(found)}")
    args.answer.know(run=found.name)
    before = _result_so_far(found, args)
    with load.telling_how_to_go_on(found, args.answer):
        result = before.retry(attempts=args.attempts, timeout=args.timeout, progress=not args.quiet)
    _tell_attempts(result.attempts[len(before.attempts) :], args.answer)
    return load.tell_result(result, found, args.answer)


def _result_so_far(found: Run, args: argparse.Namespace) -> LoadResult:
    if not found.progress().over:
        return resume.resumed(found, args, progress=not args.quiet)
    log = logging.getLogger("salesforce_bulk")
    before = log.level
    log.setLevel(logging.ERROR)  # it warns that this run is over, as it has to be
    try:
        return resume.resumed(found, args, progress=False)
    finally:
        log.setLevel(before)


def _tell_attempts(attempts: Sequence[RetryAttempt], answer: Answer) -> None:
    answer.know(attempts=[attempt._asdict() for attempt in attempts])
    for rows, succeeded, job_ids in attempts:
        jobs = ", ".join(map(short_id, job_ids))
        answer.say(f"  sent again: {count_of_rows(rows)} (job {jobs}), {succeeded:,} succeeded")
    if not attempts:
        answer.say("  no row failed for a passing reason; nothing was sent again")
