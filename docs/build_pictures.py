"""Draws docs/load.svg and writes the sessions of docs/command-line.md and docs/conformance.md, from
a real terminal.

    python docs/build_pictures.py

The commands of the page are typed one after the other in a pseudo-terminal, against a local org;
pyte reads what stands on its screen, rich draws it.
"""

from __future__ import annotations

import io
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyte
from pyarrow import parquet
from rich.console import Console
from rich.text import Text

from salesforce_bulk.emulator import SalesforceEmulator

DOCS = Path(__file__).parent
COMMAND = "salesforce-bulk upsert Customer__c fix.csv --external-id Ext__c"
COUNTRIES = "France, Germany, Japan"
#: Of the picture's load: long enough to see the bars.
ROWS = 1_000
#: Of the terminals: more than any session of the page writes.
LINES = 60


#: Of the org of docs/conformance.md.
CONFORMANCE_DIALECT = {"bulk1.query.content_type": "text/csv;charset=UTF-8"}
#: Seconds of the picture: of what changes at once, and of its end.
SHORTEST_FRAME, LAST_FRAME = 0.25, 6.0

Watch = Callable[[str], object]


def write_rows(folder: Path, rows: int = ROWS) -> None:
    """``fix.csv``, of which rows 17 and 803 are wrong; ``big.csv`` and ``x.parquet``."""
    lines = [f"C-{number},Customer {number},Germany" for number in range(1, rows + 1)]
    lines[16] = "C-17,Customer 17,Prussia"
    lines[802] = "C-803,,Japan"
    (folder / "fix.csv").write_text("Ext__c,Customer__c,Country__c\n" + "\n".join(lines) + "\n")
    big = [f"B-{number},Customer {number}" for number in range(1, rows + 1)]
    (folder / "big.csv").write_text("Ext__c,Customer__c\n" + "\n".join(big) + "\n")
    dates = ["2024-01-31"] * 3 + ["31.01.2024"] + ["2024-01-31"] * (12 * rows - 4)
    names = [f"Customer {number}" for number in range(1, 12 * rows + 1)]
    table = pa.table({"name": names, "Founded__c": dates})
    parquet.write_table(table, folder / "x.parquet")


def define_objects(org: SalesforceEmulator) -> None:
    """What the rows are loaded into."""
    org.define_object(
        "Customer__c",
        {
            "Ext__c": "externalId",
            "Customer__c": "text(80) required",
            "Country__c": f"picklist[{COUNTRIES}] restricted",
            "Founded__c": "date",
        },
    )


def environment(org: SalesforceEmulator, folder: Path) -> dict[str, str]:
    """Of a shell that knows the org and has a folder for state of its own."""
    bulk = org.connect()
    found = {
        "SALESFORCE_BULK_ACCESS_TOKEN": bulk.sessionId,
        "SALESFORCE_BULK_INSTANCE_URL": bulk.endpoint.partition("/services")[0],
    }
    return {
        **os.environ,
        **found,
        "XDG_STATE_HOME": str(folder / "state"),
        "TERM": "xterm-256color",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


class Session(NamedTuple):
    """A command that is typed, and what is seen of it; a last line names an exit that is not 0."""

    command: str
    screen: str


def sessions(page: str) -> list[Session]:
    """Those of a page's console blocks, in their order."""
    blocks = re.findall(r"```console\n(.*?)\n```", page, re.DOTALL)
    texts = [text for block in blocks for text in re.split(r"^\$ ", block, flags=re.M)[1:]]
    return [Session(*text.rstrip("\n").partition("\n")[::2]) for text in texts]


class Shell:
    """Where the sessions of a page are typed.

    Args:
        org: a local one.
        folder: an empty one.
        columns: of the terminal; None gives commands a pipe instead.
        watch: is given what stands on the terminal, whenever that may have changed.
    """

    def __init__(
        self,
        org: SalesforceEmulator,
        folder: Path,
        columns: int | None,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._org = org
        self._folder = folder
        self._columns = columns
        define_objects(org)
        write_rows(folder)
        org.faults.add("slow_batch", seconds=2, times=1)

    def type(self, session: Session) -> Session:
        """The same command, with what is seen of it here."""
        for command, happens in HAPPENS.items():
            if session.command.startswith(command):
                happens(self._org)
        before = self._posted_batches()
        interrupted = "interrupted:" in session.screen
        interrupt = (lambda: self._posted_batches() - before >= 3) if interrupted else None
        command = ["bash", "-c", session.command]
        environ = environment(self._org, self._folder)
        if self._columns is None:
            screen, code = through_pipe(command, self._folder, environ, interrupt)
        else:
            screen, code = in_terminal(
                command, self._folder, environ, self._columns, interrupt, self._watch
            )
        ended = f"\n[exit {code}]" if code else ""
        told = f"{screen}{ended}".lstrip("\n").replace(str(self._folder), "/home/me")
        return Session(session.command, told)

    def _posted_batches(self) -> int:
        requests = list(self._org.requests)
        return sum(one.method == "POST" and one.path.endswith("/batch") for one in requests)


def rows_lock(org: SalesforceEmulator) -> None:
    """Three rows cannot be had for a moment."""
    org.faults.add("row_errors", rows=3, times=1)


def answers_wait(org: SalesforceEmulator) -> None:
    """From the fourth on, the answers to posted batches take a second."""
    org.faults.add("slow_answer", route="bulk1.batches", nth=4, seconds=1)


#: What happens in the org when a command is typed that begins so.
HAPPENS: dict[str, Callable[[SalesforceEmulator], None]] = {
    "salesforce-bulk update": rows_lock,
    "salesforce-bulk insert Customer__c big.csv": answers_wait,
}


class UnbrokenScreen(pyte.Screen):  # type: ignore[misc]
    """A screen that remembers which lines are the rest of those above."""

    def __init__(self, columns: int, lines: int) -> None:
        self._drawing = False
        self._rests: set[int] = set()
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        """See `pyte.Screen.draw`, which breaks lines that are too long."""
        self._drawing = True
        super().draw(data)
        self._drawing = False

    def linefeed(self) -> None:
        """See `pyte.Screen.linefeed`."""
        super().linefeed()
        if self._drawing:
            self._rests.add(self.cursor.y)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        """See `pyte.Screen.erase_in_line`; what is drawn there next is a line of its own."""
        super().erase_in_line(how, private)
        if how == 2:
            self._rests.discard(self.cursor.y)

    def text(self) -> str:
        """The lines as they were written."""
        lines: list[str] = []
        for at, line in enumerate(self.display):
            if at in self._rests:
                lines[-1] += line
            else:
                lines.append(line)
        return "\n".join(line.rstrip() for line in lines).rstrip()


def in_terminal(
    command: list[str],
    folder: Path,
    environ: dict[str, str],
    columns: int,
    interrupt: Callable[[], bool] | None = None,
    watch: Watch | None = None,
) -> tuple[str, int]:
    """What stands on a terminal of so many columns when the command has ended, and its exit code.

    Args:
        command: the words.
        folder: where it runs.
        environ: its environment.
        columns: of the terminal.
        interrupt: Ctrl-C is pressed once when this is true.
        watch: is given what stands there, piece after piece.
    """
    screen = UnbrokenScreen(columns, LINES)
    stream = pyte.ByteStream(screen)
    ours, theirs = pty.openpty()
    environ = {**environ, "COLUMNS": str(columns), "LINES": str(LINES)}
    with subprocess.Popen(
        # The terminal is the session's own, so that its Ctrl-C is a signal.
        ["setsid", "--ctty", *command],
        cwd=folder,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        if interrupt is not None:
            press = when(interrupt, process, lambda: os.write(ours, b"\x03"))
        while True:
            try:
                content = os.read(ours, 1 << 16)
            except OSError:  # how Linux says that the other side has closed
                break
            if not content:
                break
            stream.feed(content)
            if watch is not None:
                watch(screen.text())
        code = process.wait()
    if interrupt is not None:
        press.join()
    os.close(ours)
    return screen.text(), code


def through_pipe(
    command: list[str],
    folder: Path,
    environ: dict[str, str],
    interrupt: Callable[[], bool] | None = None,
) -> tuple[str, int]:
    """What the command writes where there is no terminal; see `in_terminal`."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        encoding="utf-8",
    ) as process:
        if interrupt is not None:
            press = when(interrupt, process, lambda: os.killpg(process.pid, signal.SIGINT))
        written, _ = process.communicate()
    if interrupt is not None:
        press.join()
    return "\n".join(line.rstrip() for line in written.splitlines()).rstrip(), process.returncode


def when(
    condition: Callable[[], bool], process: subprocess.Popen[str], act: Callable[[], object]
) -> threading.Thread:
    """A thread that acts once, as soon as the condition holds, unless the process ends before."""

    def wait() -> None:
        ended = threading.Event()
        while process.poll() is None and not condition():
            ended.wait(0.01)
        if process.poll() is None:
            act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


class Frame(NamedTuple):
    """What stood on the terminal, and since when."""

    seconds: float
    screen: str


def load_in_terminal(columns: int) -> list[Frame]:
    """The session of the picture, from its begin to its end."""
    frames: list[Frame] = []
    began = time.monotonic()

    def watch(screen: str) -> None:
        seconds = time.monotonic() - began
        if frames and seconds - frames[-1].seconds < SHORTEST_FRAME:
            frames[-1] = Frame(frames[-1].seconds, screen)
        elif not frames or frames[-1].screen != screen:
            frames.append(Frame(seconds, screen))

    with tempfile.TemporaryDirectory() as name, SalesforceEmulator() as org:
        ended = Shell(org, Path(name), columns, watch).type(Session(COMMAND, ""))
    frames[-1] = Frame(frames[-1].seconds, ended.screen)
    return frames


def play(page: str, columns: int | None, dialect: Mapping[str, str] | None = None) -> list[Session]:
    """The sessions of a page, typed in a new folder and against a new org with a dialect."""
    with tempfile.TemporaryDirectory() as name, SalesforceEmulator(dialect=dialect) as org:
        shell = Shell(org, Path(name), columns)
        return [shell.type(session) for session in sessions(page)]


def rewrite(path: Path, columns: int = 80, dialect: Mapping[str, str] | None = None) -> None:
    """The page, with what is seen of its sessions in a terminal of so many columns."""
    page = path.read_text("utf-8")
    seen = iter(play(page, columns, dialect))

    def block(found: re.Match[str]) -> str:
        texts = [next(seen) for _ in sessions(found[0])]
        told = "\n".join(f"$ {each.command}\n{each.screen}".rstrip() for each in texts)
        return f"```console\n{told}\n```"

    path.write_text(re.sub(r"```console\n.*?\n```", block, page, flags=re.DOTALL), "utf-8")


def draw(frames: list[Frame], columns: int, path: Path) -> None:
    """An SVG of a terminal, moving where its reader lets it move; else its last screen."""
    lines = max(frame.screen.count("\n") for frame in frames)
    drawn = [svg_of(frame.screen, lines, columns) for frame in frames]
    text_of = re.compile(r'(<g class="load-matrix">)(.*?)(\n *</g>)', re.DOTALL)
    groups = [
        f'<g class="load-frame load-frame-{number}">{text_of.search(svg)[2]}</g>'  # type: ignore[index]
        for number, svg in enumerate(drawn)
    ]
    svg = text_of.sub(lambda found: found[1] + "\n".join(groups) + found[3], drawn[-1])
    style = styles([frame.seconds - frames[0].seconds for frame in frames])
    path.write_text(svg.replace("</style>", f"{style}    </style>", 1), "utf-8")


def svg_of(screen: str, lines: int, columns: int) -> str:
    """The SVG of one screen, as high as one of so many lines."""
    console = Console(record=True, width=columns, file=io.StringIO())
    rest = "\n" * (lines - screen.count("\n"))
    console.print(Text(f"$ {COMMAND}\n{screen}{rest}"))
    # The default style loads a font from the network.
    svg = console.export_svg(title="salesforce-bulk", unique_id="load")
    begin, end = svg.index("@font-face"), svg.rindex("@font-face")
    return svg[:begin] + svg[svg.index("}", end) + 1 :]


def styles(begins: list[float]) -> str:
    """What shows each frame from its second on, until the next one's, again and again."""
    seconds = begins[-1] + LAST_FRAME
    ends = [*begins[1:], seconds]
    last = len(begins) - 1
    rules = [".load-frame { visibility: hidden }", f".load-frame-{last} {{ visibility: visible }}"]
    rules.append("@media (prefers-reduced-motion: no-preference) {")
    for number, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        name = f"load-frame-{number}"
        moments = {0: "hidden", 100 * begin / seconds: "visible", 100 * end / seconds: "hidden"}
        shown = " ".join(f"{at:.2f}% {{ visibility: {how} }}" for at, how in moments.items())
        rules.append(f".{name} {{ animation: {name} {seconds:.1f}s step-end infinite }}")
        rules.append(f"@keyframes {name} {{ {shown} }}")
    return "\n".join([*rules, "}\n"])


if __name__ == "__main__":
    rewrite(DOCS / "command-line.md")
    rewrite(DOCS / "conformance.md", 100, CONFORMANCE_DIALECT)
    draw(load_in_terminal(100), 100, DOCS / "load.svg")
