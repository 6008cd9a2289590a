"""Every command line on a page is one that `salesforce-bulk` takes."""

import re
import shlex
from pathlib import Path

import pytest

from salesforce_bulk.cli import COMMANDS, build_parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = re.compile(r"```(?:sh|console|bash)[^\n]*\n(.*?)```", re.DOTALL)
LINES = {
    (page.name, line.removeprefix("$ "))
    for page in PAGES
    for block in SHELL.findall(page.read_text("utf-8"))
    for line in block.replace("\\\n", " ").splitlines()
    if re.match(r"(?:\$ )?salesforce-bulk ", line)
}


@pytest.mark.parametrize(("page", "line"), sorted(LINES))
def test_the_command_line_is_taken(page, line):
    words = shlex.split(re.split(r" (?:\d?>|[|<&])", line)[0], comments=True)[1:]
    assert words[0] in COMMANDS
    assert build_parser(words[0]).parse_args(words).command == words[0]


def test_there_are_command_lines_on_the_pages_of_the_shell():
    assert {"README.md", "command-line.md", "emulator.md"} <= {page for page, _ in LINES}
