"""Draws docs/load.svg and the session of docs/command-line.md, from a real terminal.

    python docs/build_pictures.py

A local org is loaded by the command line in a pseudo-terminal; pyte reads what stands on its
screen, rich draws it.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

from salesforce_bulk.emulator import SalesforceEmulator

DOCS = Path(__file__).parent
COMMAND = "salesforce-bulk upsert Customer__c fix.csv --external-id Ext__c"
COUNTRIES = "France, Germany, Japan"
#: Of the picture's load: long enough to see the bars.
ROWS = 1_000


def write_rows(folder: Path, rows: int = ROWS) -> None:
    """A file of which rows 17 and 803 are wrong."""
    lines = [f"C-{number},Customer {number},Germany" for number in range(1, rows + 1)]
    lines[16] = "C-17,Customer 17,Prussia"
    lines[802] = "C-803,,Japan"
    (folder / "fix.csv").write_text("Ext__c,Customer__c,Country__c\n" + "\n".join(lines) + "\n")


def define_objects(org: SalesforceEmulator) -> None:
    """What the rows are loaded into."""
    org.define_object(
        "Customer__c",
        {
            "Ext__c": "externalId",
            "Customer__c": "text(80) required",
            "Country__c": f"picklist[{COUNTRIES}] restricted",
        },
    )


def environment(org: SalesforceEmulator, folder: Path) -> dict[str, str]:
    """Of a shell that knows the org and has a folder for state of its own."""
    login = {"username": org.username, "password": org.password, "login_url": org.url}
    login["security_token"] = org.security_token
    found = {f"SALESFORCE_BULK_{key.upper()}": value for key, value in login.items()}
    return {
        **os.environ,
        **found,
        "XDG_STATE_HOME": str(folder / "state"),
        "TERM": "xterm-256color",
    }


def in_terminal(command: list[str], folder: Path, environ: dict[str, str], columns: int) -> str:
    """What stands on a terminal of so many columns when the command has ended."""
    screen = pyte.Screen(columns, 24)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    environ = {**environ, "COLUMNS": str(columns), "LINES": "24"}
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        while True:
            try:
                content = os.read(ours, 1 << 16)
            except OSError:  # how Linux says that the other side has closed
                break
            if not content:
                break
            stream.feed(content)
        process.wait()
    os.close(ours)
    return "\n".join(line.rstrip() for line in screen.display).rstrip()


def load_in_terminal(columns: int) -> str:
    """The session of the documentation, on a screen."""
    with tempfile.TemporaryDirectory() as name, SalesforceEmulator() as org:
        folder = Path(name)
        define_objects(org)
        write_rows(folder)
        org.faults.add("slow_batch", seconds=2)
        command = [sys.executable, "-m", "salesforce_bulk", *COMMAND.split()[1:]]
        return in_terminal(command, folder, environment(org, folder), columns)


def draw(screen: str, columns: int, path: Path) -> None:
    """An SVG of a screen."""
    console = Console(record=True, width=columns, file=io.StringIO())
    console.print(Text(f"$ {COMMAND}\n{screen}"))
    # The default style loads a font from the network.
    svg = console.export_svg(title="salesforce-bulk", unique_id="load")
    begin, end = svg.index("@font-face"), svg.rindex("@font-face")
    end = svg.index("}", end) + 1
    path.write_text(svg[:begin] + svg[end:], "utf-8")


if __name__ == "__main__":
    draw(load_in_terminal(100), 100, DOCS / "load.svg")
