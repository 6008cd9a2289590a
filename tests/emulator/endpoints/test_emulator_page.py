"""docs/emulator.md: its Python runs, its commands and files are accepted, its tables complete."""

import argparse
import json
import os
import re
import shlex
import subprocess
import unittest
from pathlib import Path

import pytest

from salesforce_bulk.emulator import Fault, SalesforceEmulator
from salesforce_bulk.emulator.__main__ import add_arguments
from salesforce_bulk.emulator.http.faults import KINDS

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "emulator.md").read_text("utf-8")
#: Where links out of the documentation's site lead.
REPOSITORY = "https://github.com/heroku/salesforce-bulk/blob/HEAD/"
BLOCK = re.compile(r"(?:<!-- (\S+) -->\n)?```(\w+)(?: (\w+))?\n(.*?)```", re.DOTALL)
BLOCKS = [match.groups() for match in BLOCK.finditer(TEXT)]
PYTHON = [text for source, kind, _, text in BLOCKS if kind == "python" and not source]
QUOTED = [(source, text) for source, _, _, text in BLOCKS if source]
FILES = {name: json.loads(text) for _, kind, name, text in BLOCKS if kind == "json"}
COMMANDS = [
    shlex.split(line.rstrip("&"))[2:]
    for _, kind, _, text in BLOCKS
    if kind == "sh"
    for line in text.splitlines()
    if line.startswith("salesforce-bulk emulator")
]


@pytest.fixture(scope="module")
def names(tmp_path_factory, certificate):
    folder = tmp_path_factory.mktemp("page")
    (folder / "app.crt").write_bytes(certificate)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("REQUESTS_CA_BUNDLE", raising=False)
        yield {"__name__": "page"}


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_block_runs_after_those_before_it(number, names):
    exec(compile(PYTHON[number], f"docs/emulator.md block {number}", "exec"), names)


def test_the_unittest_example_passes(names):
    suite = unittest.TestLoader().loadTestsFromTestCase(names["AccountTest"])
    result = unittest.TestResult()
    suite.run(result)
    assert (result.testsRun, result.errors, result.failures) == (1, [], [])


@pytest.mark.parametrize(("source", "text"), QUOTED)
def test_quoted_code_is_in_its_file(source, text):
    assert text in (ROOT / source).read_text("utf-8")


@pytest.mark.parametrize("kind", ["sh", "js"])
def test_examples_of_the_control_api_run(emulator, tmp_path, kind):
    [text] = [text for _, found, name, text in BLOCKS if (found, name) == (kind, "control")]
    script = tmp_path / ("example.mjs" if kind == "js" else "example.sh")
    script.write_text(text)
    command = ["node"] if kind == "js" else ["bash", "-e"]
    environment = {**os.environ, "URL": emulator.url, "TOKEN": emulator.control_token}
    subprocess.run([*command, script], env=environment, check=True, timeout=60)
    assert emulator.org.count("Account") == (1 if kind == "sh" else 0)


def test_every_resource_of_the_control_api_is_listed(emulator):
    told = " ".join(table("| Resource of"))
    for pattern, handlers in emulator._control.routes.items():
        path = re.sub(r"\(\?P<object>[^)]*\)", "NAME", pattern)
        path = re.sub(r"\(\?P<number>[^)]*\)", "N", path)
        path = re.sub(r"\(\?P<\w+>[^)]*\)", "ID", path)
        assert path in told, path
        assert set(handlers) <= set(re.findall("[A-Z]+", told)), path


@pytest.mark.parametrize("arguments", COMMANDS)
def test_command_has_no_unknown_options(arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.parse_args(arguments)


def test_files_are_accepted(tmp_path, certificate):
    (tmp_path / "app.crt").write_bytes(certificate)
    (tmp_path / "objects.json").write_text(json.dumps(FILES["objects"]))
    with SalesforceEmulator(inline=True) as org:
        for app in FILES["apps"]:
            org.apps.register_mapping(app, tmp_path)
        assert org.org.load_schema(tmp_path / "objects.json")[0].name == "Invoice__c"
    assert [Fault.from_mapping(entry).kind for entry in FILES["faults"]]


def table(heading):
    """The words in code of the first column of a table."""
    lines = TEXT[TEXT.index(heading) :].split("\n\n", 1)[0].splitlines()[2:]
    return [word for line in lines for word in re.findall("`([^`]+)`", line.split("|")[1])]


def test_every_fault_is_listed():
    assert sorted(table("| Kind | What happens")) == sorted(KINDS)


def test_every_route_is_listed(emulator):
    routes = {route.name for route in emulator._application.routes}
    assert sorted(table("| Routes |")) == sorted(routes)


def test_every_argument_is_listed():
    listed = {entry.partition("=")[0] for entry in table("| Argument of")} - {"SalesforceEmulator"}
    code = SalesforceEmulator.__init__.__code__
    count = code.co_argcount + code.co_kwonlyargcount
    assert listed == set(code.co_varnames[1:count])


def test_every_option_is_mentioned():
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = [name for action in parser._actions for name in action.option_strings]
    assert [
        name for name in options if name[:2] == "--" and name != "--help" and name not in TEXT
    ] == []


def test_links_lead_somewhere():
    anchors = {re.sub(r"[^a-z0-9 ]", "", line.lower()).replace(" ", "-") for line in heads()}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif target.startswith(REPOSITORY):
            assert (ROOT / target.removeprefix(REPOSITORY)).exists(), target
        else:
            assert (ROOT / "docs" / target).exists(), target


def heads():
    return [line.lstrip("# ") for line in TEXT.splitlines() if line.startswith("## ")]
