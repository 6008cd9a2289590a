"""The Django command, with SQLite and with PostgreSQL."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import psycopg
import pytest
from org_environment import environment_of
from postgresql import postgresql_server

FIELDS = "name, country, salesforce_id, salesforce_error, changed_at"


class Project:
    """The example's project on a database."""

    def __init__(self, folder, environ, connect):
        self._folder = folder
        self._environ = environ
        self._connect = connect

    def manage(self, *arguments):
        done = subprocess.run(
            [sys.executable, "-W", "error", "manage.py", *arguments],
            cwd=self._folder, env=self._environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def run(self, statement):
        # sqlite3's own `with` ends the transaction and not the connection.
        with closing(self._connect()) as connection, connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else None


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request, examples, crm, tmp_path):
    environ = {**environment_of(crm), "PYTHONDONTWRITEBYTECODE": "1"}
    folder = examples / "django_crm"
    if request.param == "sqlite":
        file = tmp_path / "crm.sqlite3"
        made = Project(
            folder, {**environ, "CRM_DATABASE": str(file)}, lambda: sqlite3.connect(file)
        )
        made.manage("migrate", "--run-syncdb")
        yield made
        return
    with postgresql_server() as url:
        environ["CRM_DATABASE_URL"] = url
        made = Project(folder, environ, lambda: psycopg.connect(url))
        made.manage("migrate", "--run-syncdb")
        yield made


def add(project, customers):
    values = ", ".join(f"('{name}', 'DE', '', '', '2026-01-01 00:00:00+00')" for name in customers)
    project.run(f"INSERT INTO crm_customer ({FIELDS}) VALUES {values}")


def test_ids_and_errors_come_back_by_primary_key_and_only_what_changed_is_pushed(project, crm):
    names = [f"Customer {number}" for number in range(2_500)]
    names[16] = names[802] = ""
    add(project, names)
    project.run("DELETE FROM crm_customer WHERE id = 5")
    assert project.manage("push_customers") == "2,499 rows, 2,497 succeeded, 2 failed\n"
    there = {
        row["Key__c"]: (row["Customer__c"], row["Id"])
        for row in crm.connect().export("SELECT Key__c, Customer__c, Id FROM Customer__c")
    }
    rows = project.run("SELECT id, name, salesforce_id, salesforce_error FROM crm_customer")
    assert {
        str(key): (name, record_id) for key, name, record_id, error in rows if not error
    } == there
    errors = {key: error for key, _, record_id, error in rows if error and not record_id}
    assert sorted(errors) == [17, 803]
    assert all(error.startswith("REQUIRED_FIELD_MISSING: ") for error in errors.values())

    project.run("UPDATE crm_customer SET name = 'Mended' WHERE id = 17")
    project.run(
        "UPDATE crm_customer SET name = 'New', changed_at = '2100-01-01 00:00:00+00' WHERE id = 1"
    )
    assert project.manage("push_customers") == "3 rows, 2 succeeded, 1 failed\n"
    (kept, first) = project.run(
        "SELECT salesforce_id, salesforce_error FROM crm_customer WHERE id IN (1, 17) ORDER BY id"
    )
    assert kept == (there["1"][1], "")
    assert (len(first[0]), first[1]) == (18, "")
    assert len(list(crm.connect().export("SELECT Id FROM Customer__c"))) == 2_498
