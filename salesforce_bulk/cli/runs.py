"""A journal for every run, in the platform's folder for state, so that ``resume`` finds it.

A run is a folder: ``run.json`` says what was asked for (no secrets), ``journal`` is the library's,
and ``input`` holds rows that came by stdin. Runs that ended are removed after 30 days.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput, JournalMismatch
from salesforce_bulk.storage.files import storage_errors, whole_file
from salesforce_bulk.storage.journal import Journal, read_entries

log = logging.getLogger("salesforce_bulk")

#: Seconds after which a run is removed: the org keeps results for seven days.
KEPT_SECONDS = 30 * 24 * 3600
#: What chooses another folder, as far as the platform lets anything.
_OTHER_FOLDER = (
    ""
    if sys.platform in ("win32", "darwin")
    else " (another folder: environment variable XDG_STATE_HOME)"
)


@dataclass
class Run:
    """One run of a command.

    Attributes:
        folder: of its files.
        command, object_name, org: as they were given.
        file: the path of the rows or of the target; None where that was stdin or stdout.
        options: of the rows: format, columns and constants; external id.
    """

    folder: Path
    command: str
    object_name: str
    org: str | None = None
    file: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """By which ``resume`` takes it."""
        return self.folder.name

    @property
    def journal(self) -> Path:
        """The path of its journal."""
        return self.folder / "journal"

    @property
    def input(self) -> Path:
        """Where rows that came by stdin are kept."""
        return self.folder / "input"

    def save(self) -> None:
        """Write ``run.json``."""
        about = {name: value for name, value in asdict(self).items() if name != "folder"}
        with whole_file(self.folder / "run.json") as file:
            file.write(json.dumps(about).encode())

    def remove(self) -> None:
        """Forget a run of which there is nothing to go on with."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def mark_over(self) -> None:
        """There is nothing left to go on with; an export's journal does not say so."""
        (self.folder / "over").touch()

    def progress(self) -> RunProgress:
        """What the journal says."""
        try:
            found = _progress_of(read_entries(self.journal))
        except JournalMismatch:  # whoever goes on with it is told what is wrong
            found = RunProgress()
        found.over = found.over or (self.folder / "over").exists()
        return found


@dataclass
class RunProgress:
    """How far a run came: its jobs, the batches in the org, and whether it is over.

    While rows are loaded once more, the batches are those of this retry, whose total is not known.
    """

    jobs: list[str] = field(default_factory=list)
    batches: int = 0
    total_batches: int | None = 0
    over: bool = False

    def told(self) -> str:
        """The batches as a sentence."""
        if self.total_batches is None:
            return f"{self.batches:,} batches of rows that are sent again are in the org."
        return f"{self.batches:,} of {self.total_batches:,} batches are in the org."


def _progress_of(entries: list[dict[str, Any]]) -> RunProgress:
    found = RunProgress()
    for entry in entries:
        event = entry.get("event") or entry.get("do")
        if event == "job":
            found.jobs.append(entry["job"])
        elif event == "plan":
            found.total_batches = len(entry["digests"])
        elif event == "retry":
            found.batches, found.total_batches, found.over = 0, None, False
        elif event in ("sent", "started"):
            found.batches += 1
        elif event == "done":
            found.over = True
    return found


def runs_folder() -> Path:
    """Of the platform: ``$XDG_STATE_HOME/salesforce-bulk/runs`` on Linux."""
    import platformdirs  # noqa: PLC0415 (--help stays fast)

    return platformdirs.user_state_path("salesforce-bulk") / "runs"


def new_run(command: str, object_name: str, **about: Any) -> Run:
    """A run with a folder of its own, which only this user can read."""
    parent = runs_folder()
    _remove_old(parent)
    began = time.strftime("%Y%m%dT%H%M%S")
    run = Run(parent / f"{began}-{command}-{secrets.token_hex(3)}", command, object_name, **about)
    with storage_errors(f"The journal of this run in {parent}{_OTHER_FOLDER}"):
        run.folder.mkdir(parents=True, mode=0o700)
        run.save()
    return run


def all_runs() -> list[Run]:
    """The newest first; the log has those that cannot be read."""
    folders = sorted(runs_folder().glob("*/run.json"), reverse=True)
    return [run for path in folders if (run := _read_run(path)) is not None]


def _read_run(path: Path) -> Run | None:
    try:
        return Run(path.parent, **json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        log.warning(
            "%s is damaged: nothing can go on with that run. If it may have loaded rows, look for "
            "its job among those of the org; then remove the folder.",
            path,
        )
        return None


def find_run(wanted: str | None, commands: tuple[str, ...], *, over: bool | None = None) -> Run:
    """The run of a name or of a job's id; without one the last that is, or is not, over.

    Raises:
        InvalidInput: there is none.
    """
    for run in all_runs():
        if run.command not in commands or not Journal.exists(run.journal):
            continue
        progress = run.progress()
        if wanted is None:
            if over is None or progress.over is over:
                return run
        elif wanted == run.name or any(_same_id(wanted, job) for job in progress.jobs):
            return run
    what = "an interrupted run" if over is False else "a run"
    missing = what if wanted is None else f"a run or job {wanted}"
    raise InvalidInput(
        f"{runs_folder()} has no {missing.removeprefix('a ').removeprefix('an ')} to go on with; "
        "`salesforce-bulk jobs` lists what there is."
    )


def _same_id(wanted: str, job: str) -> bool:
    return len(wanted) in (15, 18) and wanted[:15] == job[:15]


def _remove_old(parent: Path) -> None:
    for folder in parent.glob("*/"):
        with suppress(FileNotFoundError):  # another command removes them at this moment
            if time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def absolute(path: str) -> str | None:
    """A path that holds in any folder; None for ``-``."""
    return None if path == "-" else os.path.abspath(path)  # noqa: PTH100 (links stay as given)
