"""examples/airflow: ``airflow dags test`` runs it, and every row is in a file once."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as parquet

from salesforce_bulk.emulator import SalesforceEmulator

EXAMPLES = Path(__file__).parents[2] / "examples" / "airflow"
ROWS = 450


def test_each_page_is_a_task(tmp_path):
    """Five tasks write five files; the last one compares what they read with the org's count."""
    with SalesforceEmulator(inline=True) as org:
        org.bulk2.page_rows = 100
        org.connect().insert("Account", [{"Name": f"A {number}"} for number in range(ROWS)])
        _airflow(tmp_path, org, "db", "migrate")
        _airflow(tmp_path, org, "dags", "test", "accounts_to_parquet")
    files = sorted((tmp_path / "accounts").glob("*.parquet"))
    names = [name for file in files for name in parquet.read_table(file)["Name"].to_pylist()]
    assert len(files) == 5
    assert sorted(names) == sorted(f"A {number}" for number in range(ROWS))


def _airflow(folder, org, *words):
    connections = folder / "connections.toml"
    connections.write_text(
        f'[prod]\nusername = "{org.username}"\nlogin_url = "{org.url}"\n'
        'password = { env = "ORG_PASSWORD" }\nsecurity_token = { env = "ORG_TOKEN" }\n'
    )
    environment = os.environ | {
        "AIRFLOW_HOME": str(folder),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "ACCOUNTS_FOLDER": str(folder / "accounts"),
        "SALESFORCE_BULK_CONNECTIONS": str(connections),
        "ORG_PASSWORD": org.password,
        "ORG_TOKEN": org.security_token,
    }
    command = [str(Path(sys.executable).with_name("airflow")), *words]
    done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
