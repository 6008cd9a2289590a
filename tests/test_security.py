"""What bandit finds is explained where it stands."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "salesforce_bulk"


@pytest.mark.skipif(
    not (PACKAGE / "__init__.py").exists(), reason="the tests of the sdist have no sources"
)
def test_bandit_finds_nothing_that_is_not_explained() -> None:
    """Each finding has its number and a reason behind it on its line; nothing is left over."""
    done = subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--format", "json", "-r", str(PACKAGE)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    left = [(one["filename"], one["line_number"], one["test_id"]) for one in found["results"]]
    assert (left, found["errors"], done.returncode) == ([], [], 0)
    assert found["metrics"]["_totals"]["loc"] > 20_000


def test_no_finding_is_passed_over_without_a_reason() -> None:
    """`nosec` names what it is about, and says why."""
    lines = [
        line
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if "# nosec" in line
    ]
    assert [one for one in lines if not re.search(r"# nosec B\d{3}(,B\d{3})* # \w.{5}", one)] == []
