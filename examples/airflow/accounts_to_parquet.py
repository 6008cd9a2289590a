"""An Airflow DAG: one query, one mapped task for each page of its result, and a reconciliation.

A task that is tried again reads the same rows and writes the same file. What tasks hand on is a
job's id and receipts, neither rows nor a session; each opens the connection ``prod`` by itself.
"""

import os
from pathlib import Path

from airflow.sdk import dag, task
from pyarrow import parquet

from salesforce_bulk import SalesforceBulk

FOLDER = Path(os.environ.get("ACCOUNTS_FOLDER", "accounts"))


def result_of(job_id):
    return SalesforceBulk.connect("prod").attach_export(job_id)


@dag(schedule=None, catchup=False)
def accounts_to_parquet():
    @task
    def query():
        bulk = SalesforceBulk.connect("prod")
        return bulk.export("Account", fields=["Id", "Name", "AnnualRevenue"]).wait().job_id

    @task
    def pages(job_id):
        return list(range(len(result_of(job_id).parts())))

    @task(retries=2)
    def write_page(job_id, number):
        part = result_of(job_id).parts()[number]
        FOLDER.mkdir(parents=True, exist_ok=True)
        parquet.write_table(part.to_arrow(), FOLDER / f"{number:05}.parquet")
        return list(part.receipt)

    @task
    def check(job_id, receipts):
        return result_of(job_id).check(receipts)

    job_id = query()
    check(job_id, write_page.partial(job_id=job_id).expand(number=pages(job_id)))


accounts_to_parquet()
