"""``abort``: no further batch of a job is begun."""

from __future__ import annotations

import argparse

from salesforce_bulk.cli.org import add_org_arguments, connect


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which job."""
    parser.add_argument("job", metavar="JOB", help="its id")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Abort the job; one that is over stays as it is."""
    connect(args.org).attach(args.job).abort()
    args.answer.know(job_ids=[args.job])
    args.answer.say(
        f"  job {args.job} is aborted; rows that were processed stay\n"
        f"  see them with: salesforce-bulk results {args.job}"
    )
    return 0
