"""docs/from-data-loader.md: each command of ours is one that the command line takes."""

import re
import shlex
from pathlib import Path

import pytest

from salesforce_bulk.cli import build_parser

PAGE = (Path(__file__).parents[2] / "docs" / "from-data-loader.md").read_text("utf-8")
COMMANDS = re.findall(r"`salesforce-bulk ([^`<]+)`", PAGE)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_is_taken(command):
    words = shlex.split(command)
    assert build_parser(words[0]).parse_args(words).command == words[0]


def test_each_verb_of_the_shell_has_a_row():
    verbs = {shlex.split(command)[0] for command in COMMANDS}
    assert verbs >= {"insert", "update", "upsert", "delete", "hard-delete", "export", "results"}
