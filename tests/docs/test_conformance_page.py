"""docs/conformance.md: its screens are what stands on a real terminal."""

import re
import runpy
from pathlib import Path

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = runpy.run_path(str(DOCS / "build_pictures.py"))
SESSIONS = PICTURES["sessions"]((DOCS / "conformance.md").read_text("utf-8"))
#: What differs from run to run, and what stands for it.
VARYING = [
    (r"http://[\d.:]+", "<org>"),
    (r"conformance [0-9a-f]{8}", "conformance <run>"),
    (r"[\d,]+ API calls", "<n> API calls"),  # more where a batch takes longer
]


def timeless(screen):
    for pattern, text in VARYING:
        screen = re.sub(pattern, text, screen)
    return screen


@pytest.mark.timeout(300)
@pytest.mark.parametrize("columns", [80, 120, None])
def test_every_session_is_what_a_terminal_shows(tmp_path, columns):
    with SalesforceEmulator(dialect=PICTURES["CONFORMANCE_DIALECT"]) as org:
        shell = PICTURES["Shell"](org, tmp_path, columns)
        for session in SESSIONS:
            seen = shell.type(session)
            lines = [timeless(each.screen).splitlines() for each in (seen, session)]
            # Without a terminal both streams go into one pipe, each when it is flushed.
            assert sorted(lines[0]) == sorted(lines[1]), session.command
