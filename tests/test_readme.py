"""The README's Python runs, block after block, against a local org."""

import re
from pathlib import Path

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

README = Path(__file__).parent.parent / "README.md"
BLOCKS = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def names():
    """What a reader's file has: nothing but the blocks before; and an org called prod."""
    patch = pytest.MonkeyPatch()
    with SalesforceEmulator() as prod:
        for key in ("username", "password", "security_token"):
            patch.setenv(f"SALESFORCE_BULK_PROD_{key.upper()}", getattr(prod, key))
        patch.setenv("SALESFORCE_BULK_PROD_LOGIN_URL", prod.url)
        found = {}
        yield found
        found["org"].stop()
    patch.undo()


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_runs_after_those_before_it(number, names):
    exec(compile(BLOCKS[number], f"README.md block {number}", "exec"), names)


def test_the_rows_that_the_readme_loads_are_the_rows_it_queries(names, capsys):
    """Seven blocks in, the CSV query printed the accounts it had inserted."""
    query = next(block for block in BLOCKS if "unicodecsv" in block)
    exec(compile(query, "README.md", "exec"), names)
    assert "Account 4" in capsys.readouterr().out
