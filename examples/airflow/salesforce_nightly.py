"""An Airflow DAG: rows of a file into Salesforce, and what changed there into a file.

Sending and waiting are two tasks, joined by the load's token: a wait that a worker's end cuts short
is tried again and sends nothing twice. The upsert's key makes a send that is tried again harmless.
"""

import os
from datetime import datetime, timedelta
from typing import Any

from airflow.exceptions import AirflowFailException
from airflow.sdk import dag, task

FOLDER = os.environ.get("CRM_FOLDER", "/var/lib/crm")


def client() -> Any:
    """Of the org that the worker's environment describes; imported where a task runs, because the
    scheduler reads this file again and again."""
    from salesforce_bulk import SalesforceBulk  # noqa: PLC0415

    return SalesforceBulk.from_env()


@dag(schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False)
def salesforce_nightly() -> None:
    """Customers there and back."""

    @task(retries=3, retry_delay=timedelta(minutes=1))
    def send() -> str | None:
        """The token of the load."""
        rows = f"{FOLDER}/customers.csv"
        job = client().submit_upsert("Customer__c", rows, external_id="Key__c")
        return job.token

    @task(retries=3, retry_delay=timedelta(minutes=5))
    def collect(token: str | None) -> int:
        """How many rows are in Salesforce; rows that were refused are in a file, and an error."""
        if token is None:
            return 0
        result = client().attach_load(token).result(timeout=3_600)
        if result.failed:
            result.failed.to_csv(f"{FOLDER}/customers.failed.csv")
            raise AirflowFailException(result.summary())  # trying again would refuse them again
        return len(result.succeeded)

    @task(retries=3, retry_delay=timedelta(minutes=1))
    def mirror() -> int:
        """What changed since the last run; its state moves on when the file is whole."""
        export = client().export(
            "SELECT Id, Key__c, Customer__c, SystemModstamp, IsDeleted FROM Customer__c",
            state=f"{FOLDER}/mirror.json",
        )
        return int(export.to_csv(f"{FOLDER}/changed.csv"))

    collect(send()) >> mirror()


salesforce_nightly()
