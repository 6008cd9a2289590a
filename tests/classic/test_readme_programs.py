"""The programs of 2.2.0's README, in Python 3 and otherwise as they stand there.

Above each program stands what the README takes for granted: a client, and a name or two.
"""

# The programs import where the README does.
# ruff: noqa: PLC0415

from __future__ import annotations

from typing import Any

import pytest

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator


def sleep(seconds: float) -> None:
    pytest.fail("the batch was not done at once")


def fill(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Contact")
    bulk.post_batch(job, 'LastName\nGarçon\nO\'Neil\n"de la Cruz, Jr."\n')
    bulk.close_job(job)


NAMES = ["Garçon", "O'Neil", "de la Cruz, Jr."]


def test_login_with_user_name_password_and_token(org: SalesforceEmulator) -> None:
    username, password, security_token = org.username, org.password, org.security_token
    login_url = org.url  # the README's org is Salesforce's own

    from salesforce_bulk import SalesforceBulk

    bulk = SalesforceBulk(
        username=username, password=password, security_token=security_token, login_url=login_url
    )

    assert bulk.create_query_job("Contact").startswith("750")


def test_login_with_a_session_and_an_instance_url() -> None:
    sessionId, instance_url = "00Dx!session", "https://acme.my.salesforce.com"

    from urllib.parse import urlparse

    from salesforce_bulk import SalesforceBulk

    bulk = SalesforceBulk(sessionId=sessionId, host=urlparse(instance_url).hostname)

    assert bulk.endpoint == "https://acme.my.salesforce.com/services/async/64.0"


def test_query_as_json(bulk: SalesforceBulk) -> None:
    fill(bulk)
    printed: list[dict[str, Any]] = []
    print = printed.append  # noqa: A001

    import json

    from salesforce_bulk.util import IteratorBytesIO

    job = bulk.create_query_job("Contact", contentType="JSON")
    batch = bulk.query(job, "select Id,LastName from Contact")
    bulk.close_job(job)
    while not bulk.is_batch_done(batch):
        sleep(10)

    for result in bulk.get_all_results_for_query_batch(batch):
        result = json.load(IteratorBytesIO(result))  # noqa: PLW2901
        for row in result:
            print(row)  # dictionary rows

    assert [row["LastName"] for row in printed] == NAMES
    assert all(row["Id"].startswith("003") for row in printed)


def test_query_as_csv(bulk: SalesforceBulk) -> None:
    fill(bulk)
    printed: list[dict[str, Any]] = []
    print = printed.append  # noqa: A001

    import unicodecsv

    job = bulk.create_query_job("Contact", contentType="CSV")
    batch = bulk.query(job, "select Id,LastName from Contact")
    bulk.close_job(job)
    while not bulk.is_batch_done(batch):
        sleep(10)

    for result in bulk.get_all_results_for_query_batch(batch):
        reader = unicodecsv.DictReader(result, encoding="utf-8")
        for row in reader:
            print(row)  # dictionary rows

    assert [row["LastName"] for row in printed] == NAMES
    assert all(row["Id"].startswith("003") for row in printed)


def test_query_all_sees_what_was_deleted(bulk: SalesforceBulk) -> None:
    fill(bulk)
    job = bulk.create_query_job("Contact")
    (stream,) = bulk.get_all_results_for_query_batch(bulk.query(job, "select Id from Contact"))
    delete = bulk.create_delete_job("Contact")
    bulk.post_batch(delete, stream)
    object_name = "Contact"

    job = bulk.create_queryall_job(object_name, contentType="JSON")

    import json

    batch = bulk.query(job, "select Id,IsDeleted from Contact")
    (stream,) = bulk.get_all_results_for_query_batch(batch)
    assert [row["IsDeleted"] for row in json.load(stream)] == [True, True, True]


@pytest.mark.parametrize(
    "pk_chunking", [True, 100000, "chunkSize=50000; startRow=00330000000xEftMGH"]
)
def test_query_with_pk_chunking(pk_chunking: Any, bulk: SalesforceBulk) -> None:
    fill(bulk)
    object_name = "Contact"

    job = bulk.create_query_job(object_name, contentType="CSV", pk_chunking=pk_chunking)

    from salesforce_bulk import bulk_states

    # As 2.2.0's own test goes on: the batch that was posted is not processed, its chunks are.
    from salesforce_bulk.salesforce_bulk import BulkBatchFailed

    batch = bulk.query(job, "select Id,LastName from Contact")
    try:
        while not bulk.is_batch_done(batch):
            sleep(10)
    except BulkBatchFailed as e:
        if e.state != bulk_states.NOT_PROCESSED:
            raise

    chunks = [info for info in bulk.get_batch_list(job) if info["id"] != batch]
    assert chunks
    for info in chunks:
        assert info["state"] == bulk_states.COMPLETED
        assert bulk.get_query_batch_request(info["id"], job).startswith(
            "select Id,LastName from Contact"
        )
        for result in bulk.get_all_results_for_query_batch(info["id"], job):
            assert result.read()


def test_insert(bulk: SalesforceBulk) -> None:
    printed: list[str] = []
    print = printed.append  # noqa: A001
    xrange = range

    from salesforce_bulk import CsvDictsAdapter

    job = bulk.create_insert_job("Account", contentType="CSV")
    accounts = [dict(Name="Account%d" % idx) for idx in xrange(5)]  # noqa: C408, UP031
    csv_iter = CsvDictsAdapter(iter(accounts))
    batch = bulk.post_batch(job, csv_iter)
    bulk.wait_for_batch(job, batch)
    bulk.close_job(job)
    print("Done. Accounts uploaded.")

    assert printed == ["Done. Accounts uploaded."]
    found = bulk.query(None, "select Name from Account")
    (stream,) = bulk.get_all_results_for_query_batch(found)
    assert stream.read() == b'"Name"\n' + b"".join(b'"Account%d"\n' % idx for idx in range(5))


@pytest.mark.parametrize("concurrency", ["Serial", "Parallel"])
def test_concurrency_mode(concurrency: str, bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account", contentType="CSV", concurrency=concurrency)

    assert bulk.job_status(job)["concurrencyMode"] == concurrency
