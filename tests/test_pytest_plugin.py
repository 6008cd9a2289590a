"""The fixture ``salesforce_emulator``: fresh for each test, quick, and free until it is used."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "testing"
PLUGIN = "salesforce_bulk.pytest_plugin"
#: What a test finds of the one before would be here.
TESTS = '''
import time

import pytest

from salesforce_bulk.emulator import ManualClock
from salesforce_bulk.emulator.data.org import User


def transcript(org):
    """Everything by which a test could notice another one."""
    bulk = org.connect()
    job = bulk.create_insert_job("Account", contentType="CSV")
    batch = bulk.post_batch(job, b"Name\\nA\\n")
    return {
        "token": bulk.sessionId,
        "job": job,
        "batch": batch,
        "id": bulk.get_batch_results(batch, job)[0].id,
        "refresh": org.issue_refresh_token(),
    }


@pytest.fixture(scope="session")
def salesforce_emulator_options():
    return {"session_seconds": 900}


@pytest.mark.parametrize("number", range(20))
def test_everything_is_fresh(salesforce_emulator, number, first={}):
    org = salesforce_emulator
    assert org.requests == []
    assert org.api_calls == 0
    assert len(org.sessions) == 0
    assert org.faults.fired == []
    assert org.engine.jobs == []
    assert org.engine.batches_left == 15_000
    assert org.sessions.seconds == 900
    assert org.bulk2.page_rows == 50_000
    assert list(org.org.users) == [org.username]
    assert org.apps.find("mine") is None
    assert org.org.schema.get("Load__c") is None
    assert org.org.schema.get("Account").field("Extra__c") is None
    assert [n for n in ("Account", "Contact", "Lead") if org.org.count(n)] == []
    assert abs(org.clock.now().timestamp() - time.time()) < 5
    found = transcript(org)
    assert first.setdefault("found", found) == found
    assert first.setdefault("url", org.url) == org.url
    org.define_object("Load__c", {"Ext__c": "externalId"})
    org.define_object("Account", {"Extra__c": "text"})
    org.register_app("mine", "secret")
    org.org.users["else@example.com"] = User("005000000000007", "else@example.com", "p", "t")
    org.faults.add("html_error", times=0)
    org.clock.advance(100_000)
    org.engine.pause()
    org.engine.batches_per_day = 1
    org.sessions.seconds = 1
    org.bulk2.page_rows = 1
'''
CONFTEST = """
import json
import time

import pytest

TIMES = []


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef, request):
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        if fixturedef.argname == "salesforce_emulator":
            TIMES.append(time.perf_counter() - started)


def pytest_unconfigure():
    with open("times.json", "w") as file:
        json.dump(TIMES, file)
"""


def run_pytest(directory):
    """A run of pytest that loads no plugin but ours; its output."""
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-c", os.devnull]
    command += ["-p", PLUGIN, "-p", "no:cacheprovider", "--rootdir", directory, directory]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=directory,
        timeout=100,
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def times(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fresh")
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_fresh.py").write_text(TESTS)
    assert "20 passed" in run_pytest(directory)
    return json.loads((directory / "times.json").read_text())


def test_each_test_has_a_new_org_with_the_same_ids_and_the_options_given(times):
    """Twenty tests, each of which would fail if it found a trace of another."""
    assert len(times) == 20


def test_a_new_org_takes_less_than_20_milliseconds(times):
    assert statistics.median(times[1:]) < 0.020


def test_the_plugin_imports_nothing_before_it_is_used():
    code = (
        "import sys, pytest, salesforce_bulk; before = set(sys.modules); "
        f"import {PLUGIN}; print(*set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == [PLUGIN]


def test_the_plugin_is_declared():
    declared = (
        '[project.entry-points.pytest11]\nsalesforce_bulk = "salesforce_bulk.pytest_plugin"\n'
    )
    assert declared in (ROOT / "pyproject.toml").read_text("utf-8")


def test_the_examples_run():
    for framework in ("flask", "django"):
        pytest.importorskip(framework)
    assert "6 passed" in run_pytest(EXAMPLES)
