"""The result files of a job of Bulk API 2.0, fetched and held against its counts.

Guide: "Get Job Successful Record Results", "Get Job Failed Record Results" and "Get Job
Unprocessed Record Results".
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial

from salesforce_bulk import limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.v2 import RESULT_KINDS
from salesforce_bulk.errors import ApiFault, InvalidJobState, NotFound, ResultsExpired
from salesforce_bulk.formats.record_bound import bounded_csv
from salesforce_bulk.http.polling import try_again
from salesforce_bulk.load.row_matching import ResultLine, read_result_lines, uploaded_columns
from salesforce_bulk.models import JobInfo, RowError
from salesforce_bulk.storage.spool import Slice, Spool
from salesforce_bulk.wire import v2
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.row_error import write_row_error

#: Bytes of a job's result files that stay in memory; several jobs' are fetched at once.
_FILES_IN_MEMORY = 1_000_000
#: How often results that do not add up are fetched.
_FETCHES = 3


class ResultFilesV2:
    """The three files of a job, on the disk while they are compared.

    Args:
        access: fetches them, again where they break off.
        job: in its last state.
        why: the error of rows that were not processed.
        names: of the columns that were uploaded; without them the files' headers say so.
        most_lines: of a file that can be believed.
    """

    def __init__(
        self,
        access: OrgAccess,
        job: JobInfo,
        why: RowError,
        names: Sequence[str] = (),
        most_lines: int = limits.INGEST_JOB_RECORDS,
    ) -> None:
        self._access = access
        self._job = job
        self._why = write_row_error(why)
        self.names = names
        self._most_lines = most_lines
        self._delimiter = v2.DELIMITERS.get(str(job.fields.get("columnDelimiter")), ",")
        self._spool = Spool(_FILES_IN_MEMORY)
        self._files: dict[str, list[Slice]] = {}
        #: Why none of a file's lines is trusted, by its kind.
        self.unreadable: dict[str, str] = {}

    def __enter__(self) -> ResultFilesV2:
        return self

    def __exit__(self, *about: object) -> None:
        self._spool.close()

    def fetch(self, adds_up: Callable[[Counter[str]], bool]) -> int:
        """Fetch all three; again where the counts of their lines do not add up.

        Returns:
            the rows of which they say that they were processed.
        """
        counts: Counter[str] = Counter()
        for fetch in range(_FETCHES):
            # Results may come a moment after the state that announces them.
            self._access.clock.sleep(fetch)
            self.unreadable.clear()
            for kind in RESULT_KINDS:
                self._files[kind] = self._fetch_file(kind)
            self.names = self.names or self._uploaded_columns()
            counts = Counter({kind: self._count(kind) for kind in RESULT_KINDS})
            if adds_up(counts):
                break
        return processed_count(counts)

    def lines(self) -> Iterator[ResultLine]:
        """All lines."""
        for kind in RESULT_KINDS:
            yield from self._lines(kind)

    def missing_line_error(self) -> RowError:
        """The error of rows that no line is of, with the job's own reason where it failed."""
        job = self._job
        failed = f"; the job ended {job.state}: {job.error_message}" if job.error_message else ""
        if self.unreadable:
            reasons = ", ".join(f"{kind} ({why})" for kind, why in self.unreadable.items())
            return RowError(
                "ResultsUnreadable",
                f"result files of job {job.id} cannot be read: {reasons}{failed}",
            )
        return RowError("NotTold", f"no result file of job {job.id} tells of this row{failed}")

    def _fetch_file(self, kind: str) -> list[Slice]:
        try:
            return try_again(partial(self._fetch_pieces, kind), self._access.clock)
        except NotFound as error:
            raise job_expired(self._job.id) from error
        except ApiFault as error:
            # Not there yet; or an aborted job of a server that has no results for those.
            if isinstance(error, InvalidJobState) or error.error_code == "JOB_NOT_COMPLETE":
                return []
            raise

    def _fetch_pieces(self, kind: str) -> list[Slice]:
        pieces = self._access.v2.ingest_results(self._job.id, kind)
        bounded = bounded_csv(pieces, self._access.most_record_bytes, self._most_lines)
        try:
            return [self._spool.append(piece) for piece in bounded]
        except UnreadableDocument as error:
            # Another fetch would only bring as much again.
            self.unreadable[kind] = str(error)
            return []

    def _count(self, kind: str) -> int:
        try:
            return sum(1 for _ in self._lines(kind))
        except (ValueError, csv.Error) as error:
            # Not whole, or not by the job's own rules: none of its lines is trusted.
            self.unreadable[kind] = str(error) or type(error).__name__
            self._files[kind] = []
            return 0

    def _uploaded_columns(self) -> Sequence[str]:
        for kind in RESULT_KINDS:
            with suppress(ValueError, csv.Error):  # read and counted as no file later
                names = uploaded_columns(self._pieces(kind), self._delimiter)
                if names:
                    return names
        return ()

    def _lines(self, kind: str) -> Iterator[ResultLine]:
        return read_result_lines(kind, self._pieces(kind), self.names, self._why, self._delimiter)

    def _pieces(self, kind: str) -> Iterator[bytes]:
        return (self._spool.read(place) for place in self._files[kind])


def processed_count(counts: Counter[str]) -> int:
    """Rows that were processed, by the lines of each kind of file."""
    return counts["successfulResults"] + counts["failedResults"]


def job_expired(job_id: str) -> ResultsExpired:
    """The error of a job that the org knows no more."""
    return ResultsExpired(
        f"Job {job_id} is gone from the org, which keeps results for seven days. This does not "
        "say that its rows failed.",
        job_id=job_id,
    )
