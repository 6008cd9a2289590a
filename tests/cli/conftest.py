"""A shell in an empty folder, whose environment describes the org of the tests."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from org_environment import describe_in_environment

from salesforce_bulk.cli import main


class Answered(NamedTuple):
    """What a command printed, and its exit code."""

    exit_code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


class Shell:
    """Runs commands in this process, or in one of their own."""

    def __init__(self, folder, capsys):
        self.folder = folder
        self._capsys = capsys

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path

    def __call__(self, *arguments):
        self._capsys.readouterr()
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code
        return Answered(code, *self._capsys.readouterr())

    def printed(self):
        """What a command printed that ended with a traceback."""
        return self._capsys.readouterr().out

    def start(self, *arguments, **options):
        return subprocess.Popen(
            [sys.executable, "-m", "salesforce_bulk", *map(str, arguments)],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options},
        )


@pytest.fixture
def shell(org, tmp_path, monkeypatch, capsys):
    """A shell whose org has Load__c: Ext__c, N__c and D__c."""
    org.define_object("Load__c", {"Ext__c": "externalId", "N__c": "number(10, 2)", "D__c": "date"})
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    describe_in_environment(org, monkeypatch)
    return Shell(folder, capsys)


@pytest.fixture
def state(tmp_path):
    return Path(tmp_path / "state" / "salesforce-bulk" / "runs")
