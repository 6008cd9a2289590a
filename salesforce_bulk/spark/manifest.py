"""The jobs of a write, on the driver's disk before the first of them is run."""

from __future__ import annotations

import getpass
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from salesforce_bulk.errors import JournalMismatch
from salesforce_bulk.load.staging import JobCounts, StagedJob
from salesforce_bulk.spark.options import OrgName, WriteOptions
from salesforce_bulk.storage.journal import Journal

#: What the header of a manifest says it is.
KIND = "spark write"


def manifest_path(options: WriteOptions, jobs: Sequence[StagedJob]) -> Path:
    """Where the manifest of a write is: at the path of its options, else among the temporary
    files, by a name that each process finds from the jobs."""
    if options.manifest:
        return Path(options.manifest)
    name = jobs[0].id if jobs else "empty"
    return Path(tempfile.gettempdir(), f"salesforce-bulk-spark-{getpass.getuser()}-{name}")


class Manifest:
    """The jobs of one write and how far its commit came; a context manager.

    Attributes:
        options: of the write.
        jobs: of the tasks that won.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        header = dict(journal.header["options"])
        self.options = WriteOptions(**{**header, "org": OrgName(**header["org"])})
        self.jobs = [StagedJob(**job) for job in journal.header["jobs"]]

    @classmethod
    def create(cls, path: Path, options: WriteOptions, jobs: Sequence[StagedJob]) -> Manifest:
        """A new one."""
        header = {
            "kind": KIND,
            "options": asdict(options),
            "jobs": [asdict(job) for job in jobs],
        }
        return cls(Journal.create(path, header))

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Manifest:
        """That of a write whose driver died.

        Raises:
            JournalMismatch: the file is no manifest.
        """
        journal = Journal.open(path)
        if journal.header.get("kind") != KIND:
            journal.close()
            raise JournalMismatch(f"{path} is no manifest of a write from Spark.")
        return cls(journal)

    def jobs_to_run(self) -> list[StagedJob]:
        """Those of which nothing says that they were run."""
        ran = {entry["job"] for entry in self._journal.entries if entry["event"] == "run"}
        return [job for job in self.jobs if job.id not in ran]

    def note_run(self, job: StagedJob) -> None:
        """The job was run."""
        self._journal.append({"event": "run", "job": job.id})

    def note_counts(self, told: Sequence[JobCounts]) -> None:
        """All jobs are over."""
        counts = [{"id": job.id, "rows": job.rows, "failed": job.failed} for job in told]
        reasons = [dict(job.reasons) for job in told]
        self._journal.append({"event": "done", "counts": counts, "reasons": reasons})

    def counts(self) -> list[JobCounts] | None:
        """What became of the rows; None before all jobs are over."""
        for entry in reversed(self._journal.entries):
            if entry["event"] == "done":
                both = zip(entry["counts"], entry["reasons"], strict=True)
                return [JobCounts(**one, reasons=Counter(why)) for one, why in both]
        return None

    def __enter__(self) -> Manifest:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._journal.close()
