"""Every block of Python runs as pasted: page by page, in an empty folder, from the wheel.

The pages of logins, the emulator, databases, engines and Spark need what no reader has ready:
tests/login, tests/emulator, tests/database, tests/engines and tests/spark run them.
"""

import json
import re
from pathlib import Path

import pytest
from installed_wheel import InstalledWheel

from salesforce_bulk.emulator import SalesforceEmulator

ROOT = Path(__file__).parents[2]
ELSEWHERE = {"logins.md", "emulator.md", "databases.md", "engines.md", "spark.md"}
PYTHON = re.compile(r"```python\n(.*?)```", re.DOTALL)
PAGES = {
    page.relative_to(ROOT).as_posix(): PYTHON.findall(page.read_text("utf-8"))
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if page.name not in ELSEWHERE
}
#: What each page prints, beside running.
PRINTED = {
    "README.md": ["Bäckerei  ", "inserted 001", "Account 4"],
    "docs/cookbook.md": [
        "2 succeeded",
        "5 5",
        "1 refused",
        '"Id","Name"',
        "Attachment ['true']",
        "ContentVersion ['true']",
        "2 records",
        "Müller Acme",
        "1 0",
    ],
    "docs/values.md": ["None 1 UTC", "1 succeeded"],
    "docs/files-and-frames.md": ["2\n" * 8, "1 succeeded"],
    "docs/errors.md": ["2 REQUIRED_FIELD_MISSING ('Name',)", "1 succeeded", "1 NumberOfEmployees"],
    "docs/loading.md": ["Is it 'NumberOfEmployees'?", "1 CloseDate"],
    "docs/exporting.md": [
        "A 249 Admin User 249.0",
        f"[(250, {sum(range(250)):.1f})]",
        "'O\\'N%'",
        "aggregate them here",
        "pk_chunking= is 1.0's",
    ],
}
RUN = """
import json, sys
names = {"__name__": "__main__"}
for number, block in enumerate(json.load(open("blocks.json"))):
    exec(compile(block, f"block {number}", "exec"), names)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return InstalledWheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def prod():
    """The variables of a shell that knows an org called prod."""
    with SalesforceEmulator() as org:
        keys = {"username", "password", "security_token"}
        found = {f"SALESFORCE_BULK_PROD_{key.upper()}": getattr(org, key) for key in keys}
        yield {**found, "SALESFORCE_BULK_PROD_LOGIN_URL": org.url}


@pytest.mark.parametrize("page", [name for name, blocks in PAGES.items() if blocks])
def test_every_block_runs_after_those_before_it(page, wheel, prod, tmp_path):
    (tmp_path / "blocks.json").write_text(json.dumps(PAGES[page]))
    done = wheel.run("-c", RUN, folder=tmp_path, environ=prod)
    assert done.returncode == 0, done.stderr
    for text in PRINTED.get(page, ()):
        assert text in done.stdout
