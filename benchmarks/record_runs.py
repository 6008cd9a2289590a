"""Records a load and an export of three minutes each on a slow org, as they are seen.

    python benchmarks/record_runs.py [terminal] [pipe] [log] [notebook]

In a terminal, through a pipe, in a log and in a notebook, at the same time, each with an org of its
own. benchmarks/recordings has what came when, as asciinema's format 2 has it (``asciinema play
terminal.cast``): a header, then lines of seconds, "o" and what was written. A line "m" marks where
the load and the export begin. tests/test_recordings.py reads them: no ten seconds without a sign.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from salesforce_bulk.emulator import SalesforceEmulator

FOLDER = Path(__file__).parent / "recordings"
COLUMNS, LINES = 100, 40
ROWS = 1_200
BATCH_ROWS = 200
LOAD = f"salesforce-bulk insert Account rows.csv --batch-size {BATCH_ROWS}"
EXPORT = 'salesforce-bulk export "SELECT Id, Name FROM Account" accounts.csv --api 2.0'
#: For the library: progress=True writes to the log where somebody reads its INFO.
PROGRAM = {
    "begin": """
        import logging, sys
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    """,
    "connect": "from salesforce_bulk import SalesforceBulk\nbulk = SalesforceBulk.from_env()",
    "load": f"bulk.insert('Account', 'rows.csv', batch_size={BATCH_ROWS}, progress=True)",
    "export": (
        "bulk.export('SELECT Id, Name FROM Account', api='2.0', progress=True)"
        ".to_csv('accounts.csv')"
    ),
}


class Recording:
    """What came when, in one surrounding."""

    def __init__(self, name: str, title: str) -> None:
        self._path = FOLDER / f"{name}.cast"
        self._began = time.monotonic()
        header = {"version": 2, "width": COLUMNS, "height": LINES, "title": title}
        self._lines = [json.dumps(header)]

    def note(self, text: str, kind: str = "o") -> None:
        """Something was written now, or (``m``) begins."""
        moment = round(time.monotonic() - self._began, 3)
        self._lines.append(json.dumps([moment, kind, text], ensure_ascii=False))

    def save(self) -> None:
        """Write the file."""
        FOLDER.mkdir(exist_ok=True)
        self._path.write_text("\n".join(self._lines) + "\n", "utf-8")


def make_slow(org: SalesforceEmulator) -> None:
    """Six batches that take a minute, two at a time, and six pages that take half a minute."""
    org.bulk2.page_rows = BATCH_ROWS
    org.faults.add("slow_batch", operation="insert", seconds=62, times=0)
    org.faults.add("slow_batch", operation="query", seconds=40)
    org.faults.add("slow_answer", route="bulk2.page", seconds=28, times=0)


def environment(org: SalesforceEmulator, folder: Path) -> dict[str, str]:
    """Of a program that knows the org."""
    bulk = org.connect()
    return {
        **os.environ,
        "SALESFORCE_BULK_ACCESS_TOKEN": bulk.sessionId,
        "SALESFORCE_BULK_INSTANCE_URL": bulk.endpoint.partition("/services")[0],
        "XDG_STATE_HOME": str(folder / "state"),
        "TERM": "xterm-256color",
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


def commands() -> list[tuple[str, list[str]]]:
    """The load and the export, as they are typed."""
    return [(text, ["bash", "-c", text]) for text in (LOAD, EXPORT)]


def record_terminal(recording: Recording, folder: Path, environ: dict[str, str]) -> None:
    """A terminal with rich."""
    for text, command in commands():
        recording.note(text, "m")
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            command, cwd=folder, env=environ, stdin=theirs, stdout=theirs, stderr=theirs
        ):
            os.close(theirs)
            for content in _until_closed(ours):
                recording.note(content)
        os.close(ours)


def _until_closed(descriptor: int) -> Iterator[str]:
    while True:
        try:
            content = os.read(descriptor, 1 << 16)
        except OSError:  # how Linux says that the other side of a terminal has closed
            return
        if not content:
            return
        yield content.decode("utf-8", "replace")


def record_pipe(recording: Recording, folder: Path, environ: dict[str, str]) -> None:
    """Both streams into one pipe, as under cron or in CI."""
    for text, command in commands():
        recording.note(text, "m")
        _record_process(recording, command, folder, environ)


def record_log(recording: Recording, folder: Path, environ: dict[str, str]) -> None:
    """A program whose log is read at INFO."""
    for name in ("load", "export"):
        begin = "\n".join(line.strip() for line in PROGRAM["begin"].splitlines())
        program = "\n".join([begin, PROGRAM["connect"], PROGRAM[name]])
        recording.note(PROGRAM[name], "m")
        _record_process(recording, [sys.executable, "-c", program], folder, environ)


def _record_process(
    recording: Recording, command: list[str], folder: Path, environ: dict[str, str]
) -> None:
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        for content in _until_closed(process.stdout.fileno()):
            recording.note(content)


def record_notebook(recording: Recording, folder: Path, environ: dict[str, str]) -> None:
    """A kernel without widgets; what its one cell shows is its text."""
    manager, client = start_new_kernel(cwd=str(folder), env=environ)

    def note(message: dict[str, object]) -> None:
        content = message["content"]
        data = content.get("data", {}) if isinstance(content, dict) else {}
        if message["msg_type"] in ("display_data", "update_display_data"):
            recording.note(f"{data['text/plain']}\n")

    try:
        client.execute_interactive(PROGRAM["connect"], output_hook=note)
        for name in ("load", "export"):
            recording.note(PROGRAM[name], "m")
            client.execute_interactive(PROGRAM[name], output_hook=note, timeout=900)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


SURROUNDINGS: dict[str, Callable[[Recording, Path, dict[str, str]], None]] = {
    "terminal": record_terminal,
    "pipe": record_pipe,
    "log": record_log,
    "notebook": record_notebook,
}


def record(name: str) -> None:
    """One surrounding, with an org and a folder of its own."""
    with tempfile.TemporaryDirectory() as folder, SalesforceEmulator() as org:
        make_slow(org)
        names = "".join(f"Account {number}\n" for number in range(ROWS))
        (Path(folder) / "rows.csv").write_text(f"Name\n{names}")
        recording = Recording(name, f"A load and an export on a slow org: {name}")
        SURROUNDINGS[name](recording, Path(folder), environment(org, Path(folder)))
        recording.note("the end", "m")
        recording.save()


if __name__ == "__main__":
    with ThreadPoolExecutor(len(SURROUNDINGS)) as pool:
        list(pool.map(record, sys.argv[1:] or SURROUNDINGS))
