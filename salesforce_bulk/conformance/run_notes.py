"""What a run of probes makes in an org, noted in a file before and while it is made, so that it can
be taken back by whoever comes after a run that was killed."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

#: What the names of records begin with that a run of probes makes, of whichever run.
MARK = "salesforce-bulk conformance"


class RunNotes:
    """Jobs and records of one run.

    Args:
        file: where they are noted, a line each; None keeps them in memory.
        mark: of the run; a new one by default.
    """

    def __init__(self, file: Path | None = None, mark: str | None = None) -> None:
        self.file = file
        #: With which the names of all records of the run begin.
        self.mark = mark or f"{MARK} {secrets.token_hex(4)}"
        #: The paths of the jobs that were opened and are not known to be over.
        self.jobs: list[str] = []
        #: The records that were made, as (object, id).
        self.records: list[tuple[str, str]] = []
        #: Paths to which a job was posted without an answer: nobody knows whether there is one.
        self.unanswered: list[str] = []

    @classmethod
    def create(cls, folder: Path, origin: str) -> RunNotes:
        """Of a run that begins now; its file stands before anything is made."""
        left = cls()
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        left.file = folder / f"{left.mark.rpartition(' ')[2]}.jsonl"
        left._note(origin=origin, mark=left.mark)
        return left

    def note_job(self, path: str) -> None:
        """A job was opened at that path."""
        self.jobs.append(path)
        self._note(job=path)

    def note_over(self, path: str) -> None:
        """The job of that path is over."""
        self.jobs.remove(path)
        self._note(over=path)

    def note_record(self, name: str, record_id: str) -> None:
        """A record of that object was made."""
        self.records.append((name, record_id))
        self._note(object=name, id=record_id)

    def note_unanswered(self, path: str) -> None:
        """A job was posted to that path, and no answer came."""
        self.unanswered.append(path)
        self._note(unanswered=path)

    def forget(self) -> None:
        """All of it is taken back."""
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def _note(self, **facts: str) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as notes:
                notes.write(f"{json.dumps(facts)}\n")


def notes_of_earlier_runs(folder: Path, origin: str) -> list[RunNotes]:
    """What runs against this org noted and did not take back."""
    found = [_read(path) for path in sorted(folder.glob("*.jsonl"))]
    return [left for noted_origin, left in found if noted_origin == origin]


def _read(path: Path) -> tuple[str, RunNotes]:
    notes = [_note_of(line) for line in path.read_text("utf-8").splitlines()]
    head = notes[0] if notes else {}
    left = RunNotes(path, head.get("mark"))
    over = {note["over"] for note in notes if "over" in note}
    left.jobs = [note["job"] for note in notes if "job" in note and note["job"] not in over]
    left.unanswered = [note["unanswered"] for note in notes if "unanswered" in note]
    left.records = [(note["object"], note["id"]) for note in notes if "id" in note]
    return head.get("origin", ""), left


def _note_of(line: str) -> dict[str, Any]:
    """What a line says; nothing where the process was killed in the midst of it."""
    try:
        note = json.loads(line)
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}
