"""The first minute of somebody who has the wheel and an empty folder."""

import re
from pathlib import Path

import pytest
from installed_wheel import InstalledWheel

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory):
    return InstalledWheel(tmp_path_factory.mktemp("wheel")).run


def test_the_first_block_runs_as_pasted_and_ends_with_a_frame(newcomer, tmp_path):
    block = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]
    assert len([line for line in block.splitlines() if line]) <= 6
    (tmp_path / "first.py").write_text(block, "utf-8")
    done = newcomer("first.py", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^1 +001\w+ +Bäckerei +NaN$", done.stdout, re.M)


def test_the_demo_of_the_wheel_needs_no_file(newcomer, tmp_path):
    done = newcomer("-m", "salesforce_bulk", "demo", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "Everything came back as it was sent."
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_brings_the_page_of_the_emulator(newcomer, tmp_path):
    script = """
import urllib.request
from salesforce_bulk.emulator import SalesforceEmulator
with SalesforceEmulator() as org:
    for path in ("/", "/_emulator/page.css", "/_emulator/page.js"):
        assert urllib.request.urlopen(org.url + path).read(), path
"""
    done = newcomer("-c", script, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_first_screen_says_what_it_is_how_to_get_it_and_what_to_type():
    screen = "\n".join(README.splitlines()[:30])
    assert "pip install" in screen
    assert screen.count("```python") == 2
    assert "docs/load.svg" in screen


def test_the_comparison_of_the_first_screen_is_one_that_was_measured():
    figure = re.search(r"\[([\d.]+) times as fast\]\(benchmarks/README.md#loads\)", README)[1]
    assert "`python benchmarks/load.py`" in README
    measured = (ROOT / "benchmarks" / "README.md").read_text("utf-8")
    loads = measured.split("## Loads\n")[1].split("\n## ")[0]
    row = next(line for line in loads.splitlines() if line.startswith("| simple-salesforce `bulk`"))
    assert row.split("|")[3].strip() == figure
