"""``jobs``: the org's, and the runs of this command line."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from salesforce_bulk.cli.numbers import whole_number
from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.runs import Run, RunProgress, all_runs
from salesforce_bulk.cli.table import table

if TYPE_CHECKING:
    from salesforce_bulk.models import JobInfo

_COLUMNS = ("id", "operation", "object", "state", "created")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How many of the org's."""
    parser.add_argument(
        "--most", type=whole_number, default=50, metavar="N", help="jobs (default: 50)"
    )
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print both lists."""
    from salesforce_bulk.client_access import org_of  # noqa: PLC0415 (--help stays fast)

    access = org_of(connect(args.org))
    found = chain(access.v2.ingest_jobs(), access.v2.query_jobs())
    # Each list may have all jobs.
    jobs = list(islice({job.id: _facts(job) for job in found}.values(), args.most))
    runs = [(each, each.progress()) for each in all_runs()]
    args.answer.know(jobs=jobs, runs=[_run_facts(*each) for each in runs])
    shown = [[*list(job.values())[:-1], _minutes(job["created"])] for job in jobs]
    args.answer.show(table((*_COLUMNS[:-1], "created (UTC)"), shown))
    if runs:
        own = [
            (each.name, ", ".join(progress.jobs), "over" if progress.over else "open")
            for each, progress in runs
        ]
        args.answer.show(f"\n{table(('run', 'jobs', 'state'), own)}")
    return 0


def _run_facts(run: Run, progress: RunProgress) -> dict[str, Any]:
    about = {"run": run.name, "object": run.object_name, "file": run.file}
    return {**about, **asdict(progress)}


def _minutes(time: str) -> str:
    """``2026-11-30 10:14`` of 2026-11-30T10:14:22.000+0000."""
    return time[:16].replace("T", " ")


def _facts(job: JobInfo) -> dict[str, str]:
    return {name: str(getattr(job, name) or "") for name in _COLUMNS}
