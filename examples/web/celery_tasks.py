"""Two Celery tasks: one sends rows and ends, another takes the load up, wherever it runs.

celery -A celery_tasks worker -Q push
celery -A celery_tasks worker -Q collect
"""

import functools
import os
from typing import Any

from celery import Celery, Task

from salesforce_bulk import JobStillRunning, SalesforceBulk

app = Celery(
    "crm",
    broker=os.environ.get("CELERY_BROKER_URL", "redis://localhost/0"),
    backend=os.environ.get("CELERY_RESULT_BACKEND", "redis://localhost/1"),
)
app.conf.task_routes = {"celery_tasks.push": "push", "celery_tasks.collect": "collect"}
#: Seconds that a worker is held by a load that is not over, and until it is looked at again.
HELD = float(os.environ.get("CRM_HELD", "10"))
PAUSE = float(os.environ.get("CRM_PAUSE", "60"))


@functools.cache
def client() -> SalesforceBulk:
    """One client for all tasks, threads and forks of a worker."""
    return SalesforceBulk.from_env()


@app.task
def push(rows: list[dict[str, Any]]) -> tuple[str | None, str]:
    """Send the rows; the upsert's key makes a task that is delivered twice harmless.

    Returns:
        the load's token, and the id of the task that collects what became of the rows.
    """
    job = client().submit_upsert("Customer__c", rows, external_id="Key__c")
    return job.token, collect.delay(job.token).id


@app.task(bind=True, max_retries=None)
def collect(self: Task, token: str) -> dict[str, Any]:
    """What became of the rows; a load that is not over holds no worker."""
    try:
        result = client().attach_load(token).result(timeout=HELD)
    except JobStillRunning as error:
        raise self.retry(countdown=PAUSE, exc=error) from error
    errors = {row.record["Key__c"]: row.error.code for row in result.failed if row.error}
    return {"token": token, "succeeded": len(result.succeeded), "errors": errors}
