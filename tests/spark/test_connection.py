"""connection="prod" names the org, on the driver and in the workers."""

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor

import pytest

from salesforce_bulk import UnknownConnection
from salesforce_bulk.spark.options import OrgName, read_options
from salesforce_bulk.spark.org import open_access, open_client
from salesforce_bulk.spark.query_read import QueryReader, query_job

OPTIONS = read_options({"connection": "prod", "soql": "SELECT Ext__c FROM Row__c"})


def names_on_page(job_id, partition):
    """What a worker does with a partition that came to it pickled."""
    reader = QueryReader(OPTIONS, job_id)
    return [
        name
        for batch in reader.read(pickle.loads(partition))
        for name in batch.column("Ext__c").to_pylist()
    ]


def test_pages_are_read_elsewhere_by_the_name_of_a_connection(workers, org, numbered, stored):
    """A partition holds the name and no login; another process logs in by it and reads."""
    numbered(1_200)
    job_id = query_job(OPTIONS)
    pages = [pickle.dumps(page) for page in QueryReader(OPTIONS, job_id).partitions()]
    secrets = (org.consumer_secret, open_client(OPTIONS.org).sessionId)
    assert not [page for page in pages for secret in secrets if secret.encode() in page]
    logins = sum("/oauth2/token" in one.path for one in org.requests)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        found = [
            name for page in pages for name in pool.submit(names_on_page, job_id, page).result()
        ]
    assert sorted(found) == stored()
    assert len(pages) > 1
    # One process read all the pages: it logged in once.
    assert sum("/oauth2/token" in one.path for one in org.requests) == logins + 1


def test_a_name_that_is_unknown_lists_the_known_ones(workers):
    with pytest.raises(UnknownConnection, match=r"Known:.*prod"):
        open_access(OrgName(connection="prdo"))
