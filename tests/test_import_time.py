"""What an import does not bring; `benchmarks/import_time.py` measures what it takes."""

import subprocess
import sys

import pytest


def brought_by(statement, names):
    """Which of the modules are there after a statement, in a new process."""
    program = f"{statement}\nimport sys\nprint(*({names!r} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(done.stdout.decode().split())


SLOW = {"requests", "urllib3", "simple_salesforce", "zeep", "sqlite3", "http.client", "pyarrow"}


@pytest.mark.parametrize(
    "statement", ["import salesforce_bulk", "from salesforce_bulk import SalesforceBulk"]
)
def test_importing_the_client_brings_nothing_slow(statement):
    assert brought_by(statement, SLOW) == set()


def test_the_modules_that_are_slow_come_with_the_first_client():
    made = "from salesforce_bulk import SalesforceBulk as S\nS(sessionId='x', host='localhost')"
    assert brought_by(made, {"requests", "simple_salesforce"}) == {"requests"}
