"""The screens of the documentation are what stands on a real terminal."""

import os
import re
import runpy
import sys
from itertools import zip_longest
from pathlib import Path
from xml.etree import ElementTree

import pytest

from salesforce_bulk.cli import COMMANDS
from salesforce_bulk.emulator import SalesforceEmulator

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = runpy.run_path(str(DOCS / "build_pictures.py"))
PAGE = (DOCS / "command-line.md").read_text("utf-8")
SESSIONS = PICTURES["sessions"](PAGE)

#: What differs from run to run, and what stands for it.
VARYING = [
    (r"^  processing   (━+ )?0 rows.*\n", ""),  # of a query that is not done when it is asked for
    (r"  [\d,]+/s", ""),  # rates
    (r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d\.\d{3}Z)?", "<time>"),
    (r"\d+:\d\d$", "0:00"),  # of a run; those of a day are gone
    (r"\d{8}T\d{6}-(\w+)-\w{6}", r"<run of \1>"),
    (r"\d of 50 batches", "3 of 50 batches"),
    (r"(ProcessingTime +)\d+", r"\g<1>0"),
    (r"(Daily\w+ +)[\d,]+", r"\g<1>0"),  # what is left
]
PROGRESS = re.compile(r"  (reading|submitting|uploading|processing|downloading) ")


def timeless(screen):
    for pattern, text in VARYING:
        screen = re.sub(pattern, text, screen, flags=re.M)
    return screen.splitlines()


def phases(screen):
    return [line.split()[0] for line in timeless(screen) if PROGRESS.match(line)]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("columns", [80, 120])
def test_every_session_of_the_manual_is_what_a_terminal_shows(columns):
    for session, seen in zip_longest(SESSIONS, PICTURES["play"](PAGE, columns)):
        assert timeless(seen.screen) == timeless(session.screen), session.command


@pytest.mark.timeout(400)
def test_without_a_terminal_the_same_is_said_line_by_line():
    for session, seen in zip_longest(SESSIONS, PICTURES["play"](PAGE, None)):
        assert "\x1b" not in seen.screen
        assert "\r" not in seen.screen
        shown = timeless(session.screen.removeprefix("^C "))
        lines = [[line for line in each if not PROGRESS.match(line)]
                 for each in (timeless(seen.screen), shown)]  # fmt: skip
        # Both streams go into one pipe, each when it is flushed.
        assert sorted(lines[0]) == sorted(lines[1]), session.command
        assert phases(seen.screen) == phases(session.screen), session.command


def test_ctrl_c_in_the_midst_of_bars_is_told_on_a_line_of_its_own(tmp_path):
    command = "salesforce-bulk insert Customer__c big.csv --batch-size 20"
    with SalesforceEmulator() as org:
        shell = PICTURES["Shell"](org, tmp_path, 80)
        seen = shell.type(PICTURES["Session"](command, "interrupted:")).screen
    *bars, told, code = seen.splitlines()
    # A signal in the midst of a drawing may leave a line of it above.
    assert [line.split()[0] for line in bars[-2:]] == ["reading", "uploading"]
    assert re.fullmatch(
        r"\^C interrupted: \d of 50 batches are in the org\.  Go on with: salesforce-bulk resume",
        told,
    )
    assert code == "[exit 130]"


@pytest.mark.parametrize("columns", [80, 120, None])
def test_a_demo_and_a_completion_end_well_in_any_surrounding(tmp_path, columns):
    with SalesforceEmulator() as org:
        shell = PICTURES["Shell"](org, tmp_path, columns)
        demo = shell.type(PICTURES["Session"]("salesforce-bulk demo fix.csv", "")).screen
        fish = shell.type(PICTURES["Session"]("salesforce-bulk completion fish", "")).screen
    assert demo.splitlines()[-1] == "Everything came back as it was sent."
    assert "complete --command salesforce-bulk" in fish
    assert "[exit" not in demo + fish


@pytest.mark.parametrize("columns", [80, 120])
def test_an_emulator_in_a_terminal_tells_where_it_is_and_ends_by_ctrl_c(tmp_path, columns):
    seen = []
    command = [sys.executable, "-m", "salesforce_bulk", "emulator", "--port", "0"]
    screen, code = PICTURES["in_terminal"](
        command,
        tmp_path,
        dict(os.environ),
        columns,
        lambda: any("control token" in each for each in seen),
        seen.append,
    )
    labels = [line[:17].strip() for line in screen.splitlines()]
    told = ["url", "user", "password", "token", "consumer key", "consumer secret", "control token"]
    assert [label for label in labels if label != "^C"] == told
    assert code == 0


def test_the_manual_types_every_command_that_ends_by_itself():
    """The emulator and conformance have pages of their own; a demo and a completion are long."""
    typed = {session.command.split()[1] for session in SESSIONS}
    assert set(COMMANDS) - typed == {"emulator", "conformance", "demo", "completion"}


def test_the_picture_is_of_the_command_and_loads_nothing_from_the_network():
    picture = (DOCS / "load.svg").read_text("utf-8")
    shown = "".join(ElementTree.fromstring(picture).itertext()).replace("\xa0", " ")
    assert PICTURES["COMMAND"] in shown
    assert "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" in shown
    assert "url(http" not in picture


def test_the_picture_shows_the_load_under_way_and_ends_with_its_outcome():
    root = ElementTree.parse(DOCS / "load.svg").getroot()
    frames = ["".join(g.itertext()) for g in root.iter() if "load-frame " in g.get("class", "")]
    assert any("0\xa0of\xa01,000\xa0rows" in frame for frame in frames[:-1])
    assert "998\xa0succeeded" in frames[-1]
    style = "".join(found.text for found in root.iter() if found.tag.endswith("style"))
    # Who wants no movement sees the last frame.
    still = style.partition("@media (prefers-reduced-motion")[0]
    assert f".load-frame-{len(frames) - 1} {{ visibility: visible }}" in still
