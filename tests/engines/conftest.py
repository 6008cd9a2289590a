"""A Spark 3.5 that tries a task twice, and an org that its workers open by the name ``prod``."""

import os
import sys
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from salesforce_bulk.emulator import SalesforceEmulator

ROOT = Path(__file__).parents[2]
PAGE_ROWS = 100


@pytest.fixture(scope="session")
def session_org(tmp_path_factory):
    with SalesforceEmulator(inline=True) as org:
        org.define_object("Account", {"Ext__c": "externalId"})
        org.bulk2.page_rows = PAGE_ROWS
        file = tmp_path_factory.mktemp("connections") / "connections.toml"
        file.write_text(
            f'[prod]\nusername = "{org.username}"\nlogin_url = "{org.url}"\n'
            'password = { env = "ENGINES_PASSWORD" }\nsecurity_token = { env = "ENGINES_TOKEN" }\n'
        )
        os.environ["SALESFORCE_BULK_CONNECTIONS"] = str(file)
        os.environ["ENGINES_PASSWORD"] = org.password
        os.environ["ENGINES_TOKEN"] = org.security_token
        os.environ["PYSPARK_PYTHON"] = sys.executable
        os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (ROOT, Path(__file__).parent)))
        yield org


@pytest.fixture
def bulk(session_org):
    bulk = session_org.connect()
    bulk.delete("Account", [row["Id"] for row in bulk.export("SELECT Id FROM Account")])
    return bulk


@pytest.fixture(scope="session")
def spark(session_org):
    session = (
        SparkSession.builder.master("local[2,2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    yield session
    session.stop()
