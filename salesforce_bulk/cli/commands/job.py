"""``job``: one job as the org tells of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.table import table
from salesforce_bulk.errors import InvalidJob

if TYPE_CHECKING:
    from salesforce_bulk import LoadJob
    from salesforce_bulk.api.org_access import OrgAccess


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which job."""
    parser.add_argument("job", metavar="JOB", help="its id")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print what the org says of the job."""
    from salesforce_bulk import Export  # noqa: PLC0415 (--help stays fast)
    from salesforce_bulk.client_access import org_of  # noqa: PLC0415 (--help stays fast)

    bulk = connect(args.org)
    handle = bulk.attach(args.job)
    facts: dict[str, Any]
    if isinstance(handle, Export):
        facts = dict(handle.job.fields) or {"id": handle.job_id}
    else:
        facts = _facts_of_load(org_of(bulk), handle)
    args.answer.know(job=facts)
    args.answer.show(table(("", ""), list(facts.items())).strip("\n"))
    return 0


def _facts_of_load(access: OrgAccess, handle: LoadJob) -> dict[str, Any]:
    from salesforce_bulk.wire.v1 import as_text  # noqa: PLC0415 (--help stays fast)

    job_id = str(handle.job_id)
    try:
        return dict(as_text(access.v1.job(job_id)))
    except InvalidJob:
        return dict(access.v2.ingest_job(job_id).fields)
