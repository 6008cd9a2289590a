"""A Spark of two processors with retries, and an org that its workers open by a provider."""

import os
import sys
import textwrap
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from salesforce_bulk import spark as salesforce_spark
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.spark.options import OrgName
from salesforce_bulk.spark.org import open_access

ROOT = Path(__file__).parents[2]
PROVIDER = "spark_org:client"
ROW = {
    "Ext__c": "externalId",
    "Text__c": "text",
    "Amount__c": "currency",
    "Count__c": "number",
    "On__c": "date",
    "At__c": "datetime",
    "Time__c": "time",
    "Done__c": "checkbox",
    "Account__c": "lookup(Account)",
}
#: Rows of a result page, and so of a partition.
PAGE_ROWS = 500


@pytest.fixture(scope="session")
def session_org():
    with SalesforceEmulator() as org:
        org.define_object("Row__c", ROW)
        org.bulk2.page_rows = PAGE_ROWS
        yield org


@pytest.fixture(scope="session")
def workers(session_org, tmp_path_factory):
    """What Spark's workers inherit: this Python, the package, and the provider."""
    folder = tmp_path_factory.mktemp("provider")
    login = {
        "username": session_org.username,
        "password": session_org.password,
        "security_token": session_org.security_token,
        "login_url": session_org.url,
    }
    (folder / "spark_org.py").write_text(
        textwrap.dedent(f"""
            from salesforce_bulk import SalesforceBulk

            def client():
                return SalesforceBulk(**{login!r})

            def nothing():
                return None
            """)
    )
    (folder / "secret").write_text(session_org.consumer_secret)
    (folder / "connections.toml").write_text(
        textwrap.dedent(f"""
            [prod]
            login = "client_credentials"
            login_url = "{session_org.url}"
            client_id = "{session_org.consumer_key}"
            client_secret = {{ file = "{folder / "secret"}" }}
            """)
    )
    os.environ["SALESFORCE_BULK_CONNECTIONS"] = str(folder / "connections.toml")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (folder, ROOT, Path(__file__).parent)))
    sys.path.insert(0, str(folder))
    return login


@pytest.fixture(scope="session")
def spark(workers, tmp_path_factory):
    events = tmp_path_factory.mktemp("events")
    session = (
        SparkSession.builder.master("local[2,4]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "4")
        .config("spark.eventLog.enabled", "true")
        .config("spark.eventLog.dir", events.as_uri())
        .getOrCreate()
    )
    salesforce_spark.register(session)
    yield session
    session.stop()


@pytest.fixture
def org(session_org):
    """The org without rows; it is not reset, because the workers keep their sessions."""
    yield session_org
    session_org.faults.clear()
    bulk = session_org.connect()
    bulk.delete("Row__c", [row["Id"] for row in bulk.export("SELECT Id FROM Row__c")])


@pytest.fixture
def bulk(org):
    return org.connect()


@pytest.fixture
def new_jobs(bulk):
    """The jobs of Bulk API 2.0 that were made since the test began."""

    def listed():
        api = open_access(OrgName(provider=PROVIDER)).v2
        jobs = [*api.ingest_jobs(), *api.query_jobs()]
        return {job.id: job for job in jobs if job.fields.get("jobType", "").startswith("V2")}

    before = listed().keys()
    return lambda: [job for job_id, job in listed().items() if job_id not in before]


@pytest.fixture
def numbered(bulk):
    """Puts so many rows into the org."""

    def insert(count):
        rows = [
            {
                "Ext__c": f"e{number}",
                "Text__c": f'n {number}, "q"\nß\u2028',
                "Amount__c": number * 1.5,
                "Count__c": number,
                "On__c": "2024-02-29",
                "At__c": "2024-02-29T12:34:56.789Z",
                "Time__c": "10:30:00.000Z",
                "Done__c": number % 2 == 0,
            }
            for number in range(count)
        ]
        return bulk.insert("Row__c", rows)

    return insert


@pytest.fixture
def stored(org):
    """The external ids that the org holds, each as often as it holds it."""

    def query():
        return sorted(ext for (ext,) in org.org.query("SELECT Ext__c FROM Row__c"))

    return query
