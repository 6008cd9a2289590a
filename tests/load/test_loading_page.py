"""The Python of docs/loading.md runs, block after block, against a local org."""

import re
from pathlib import Path

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

PAGE = Path(__file__).parents[2] / "docs" / "loading.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    (folder / "contacts.csv").write_text("LastName;Title\nMüller;Dr\n", "utf-8")
    (folder / "old.csv").write_text("LastName\nMüller\n", "cp1252")
    (folder / "accounts.csv").write_text("Name\nFrom a file\n", "utf-8")
    with SalesforceEmulator(inline=True) as org, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        bulk = org.connect()
        account, contact = (
            next(iter(bulk.insert(name, [row]))).id
            for name, row in (("Account", {"Name": "a"}), ("Contact", {"LastName": "c"}))
        )
        yield {"bulk": bulk, "account_id": account, "contact_id": contact}


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_runs_after_those_before_it(number, names, capsys):
    exec(compile(BLOCKS[number], f"docs/loading.md block {number}", "exec"), names)
    if "NumberOfEmploees" in BLOCKS[number]:
        assert "Is it 'NumberOfEmployees'?" in capsys.readouterr().out
