"""The screens of the documentation are what stands on a real terminal."""

import re
import runpy
from pathlib import Path
from xml.etree import ElementTree

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = runpy.run_path(str(DOCS / "build_pictures.py"))


def timeless(screen):
    """Without what differs from run to run: seconds, rates and the ends of ids."""
    without_rates = re.sub(r"  [\d,]+/s", "", screen)
    return re.sub(r"\d+:\d\d$", "0:00", without_rates, flags=re.M)


@pytest.mark.parametrize("columns", [100, 120])
def test_the_session_of_the_manual_is_what_a_terminal_shows(columns):
    manual = (DOCS / "command-line.md").read_text("utf-8")
    session = re.search(r"```console\n\$ ([^\n]*)\n(.*?)\n```", manual, re.DOTALL)
    assert session[1] == PICTURES["COMMAND"]
    assert timeless(PICTURES["load_in_terminal"](columns)) == timeless(session[2])


def test_a_terminal_of_80_columns_breaks_no_line_of_progress():
    lines = PICTURES["load_in_terminal"](80).splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["reading", "uploading", "processing", "998"]


def test_the_picture_is_of_the_command_and_loads_nothing_from_the_network():
    picture = (DOCS / "load.svg").read_text("utf-8")
    shown = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert PICTURES["COMMAND"] in shown
    assert "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" in shown
    assert "url(http" not in picture
