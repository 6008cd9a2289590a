"""The DAG of examples/airflow is imported and run by Airflow itself: `make test-engines`."""

import csv
import os
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from org_environment import environment_of

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

DAGS = Path(__file__).parents[2] / "examples" / "airflow"
AIRFLOW = Path(sys.executable).parent / "airflow"


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 1, 2, tzinfo=timezone.utc))


@pytest.fixture
def org(clock):
    with SalesforceEmulator(inline=True, clock=clock) as found:
        fields = {"Key__c": "externalId", "Customer__c": "text(80) required"}
        found.define_object("Customer__c", fields)
        yield found


@pytest.fixture
def airflow(org, tmp_path):
    """Runs Airflow's commands with a home of its own; gives what they printed and their code."""
    environ = {
        **environment_of(org),
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "CRM_FOLDER": str(tmp_path),
        "PATH": f"{AIRFLOW.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def run(*arguments):
        done = subprocess.run(
            [AIRFLOW, *arguments],
            env=environ,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert run("db", "migrate")[0] == 0
    return run


def write_customers(folder, rows):
    lines = [f"{key},{name}\n" for key, name in rows.items()]
    (folder / "customers.csv").write_text("Key__c,Customer__c\n" + "".join(lines))


def changed(folder):
    with (folder / "changed.csv").open(newline="") as file:
        return sorted(row["Key__c"] for row in csv.DictReader(file))


@pytest.mark.timeout(600)
def test_nights_load_the_file_and_mirror_what_changed_before(org, clock, airflow, tmp_path):
    code, told = airflow("dags", "list-import-errors")
    assert (code, "No data found" in told) == (0, True), told
    write_customers(tmp_path, {f"k{number}": f"Customer {number}" for number in range(30)})
    code, told = airflow("dags", "test", "salesforce_nightly", "2026-01-02")
    assert code == 0, told
    # What was written a moment ago may not be seen by all yet, and comes the next night.
    assert changed(tmp_path) == []

    clock.advance(1_800)
    write_customers(tmp_path, {"k0": "A new name", "new": "New"})
    code, told = airflow("dags", "test", "salesforce_nightly", "2026-01-03")
    assert code == 0, told
    assert changed(tmp_path) == sorted(f"k{number}" for number in range(1, 30))

    write_customers(tmp_path, {"k1": "Another name", "another": ""})
    code, told = airflow("dags", "test", "salesforce_nightly", "2026-01-04")
    assert (code, "2 rows, 1 succeeded, 1 failed" in told) == (1, True), told
    assert "REQUIRED_FIELD_MISSING" in (tmp_path / "customers.failed.csv").read_text()
    assert len(list(org.connect().export("SELECT Id FROM Customer__c"))) == 31
