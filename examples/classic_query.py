"""A query with the classic calls, as programs for salesforce-bulk 2.2.0 make it.

It runs against a local org of its own. With your org, only the login differs:

    bulk = SalesforceBulk(username=..., password=..., security_token=...)
"""

import json
from time import sleep

import unicodecsv

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.util import IteratorBytesIO


def query_as_json(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("User", contentType="JSON")
    batch = bulk.query(job, "select Id,Username,LastName from User", contentType="JSON")
    bulk.close_job(job)
    while not bulk.is_batch_done(batch):
        sleep(0.1)

    for result in bulk.get_all_results_for_query_batch(batch):
        for row in json.load(IteratorBytesIO(result)):
            print(row)  # dictionary rows


def query_as_csv(bulk: SalesforceBulk) -> None:
    job = bulk.create_query_job("User", contentType="CSV")
    batch = bulk.query(job, "select Id,Username,LastName from User")
    bulk.close_job(job)
    while not bulk.is_batch_done(batch):
        sleep(0.1)

    for result in bulk.get_all_results_for_query_batch(batch):
        for row in unicodecsv.DictReader(result, encoding="utf-8"):
            print(row)  # dictionary rows


if __name__ == "__main__":
    with SalesforceEmulator() as org:
        bulk = SalesforceBulk(
            username=org.username,
            password=org.password,
            security_token=org.security_token,
            login_url=org.url,
        )
        query_as_json(bulk)
        query_as_csv(bulk)
