"""Two RQ jobs: one sends rows and ends, another takes the load up, wherever it runs.

rq worker push
rq worker collect
"""

import functools
from typing import Any

from rq import Queue, Retry, get_current_job

from salesforce_bulk import SalesforceBulk

#: Seconds that a worker is held by a load that is not over.
HELD = 10


@functools.cache
def client() -> SalesforceBulk:
    """One client for all jobs of a worker, which forks for each."""
    return SalesforceBulk.from_env()


def push(rows: list[dict[str, Any]]) -> str:
    """Send the rows; the upsert's key makes a job that runs twice harmless.

    Returns:
        the id of the job that collects what became of them.
    """
    load = client().submit_upsert("Customer__c", rows, external_id="Key__c")
    job = get_current_job()
    assert job is not None
    queue = Queue("collect", connection=job.connection)
    # A load that is not over raises JobStillRunning, and is looked at again.
    return queue.enqueue(collect, load.token, retry=Retry(max=1_000, interval=60)).id


def collect(token: str) -> dict[str, Any]:
    """What became of the rows."""
    result = client().attach_load(token).result(timeout=HELD)
    errors = {row.record["Key__c"]: row.error.code for row in result.failed if row.error}
    return {"token": token, "succeeded": len(result.succeeded), "errors": errors}
