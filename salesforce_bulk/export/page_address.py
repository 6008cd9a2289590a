"""Where a page of results is, and which come behind those that were read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from salesforce_bulk.errors import ReconciliationError


@dataclass(frozen=True)
class PageAddress:
    """Where a page (2.0) or a result file (1.0) is.

    Attributes:
        job_id: 18 characters.
        content_type: ``CSV``, and for 1.0 also ``JSON`` and ``XML``.
        api_version: of the job.
        batch_id, result_id: of a result file.
        locator: of a page; None for the first.
        max_records: rows that a page may have at most; None leaves it to the server.
        rows: that the server counted, None where it has not said so yet.
    """

    job_id: str
    content_type: str = "CSV"
    api_version: str | None = None
    batch_id: str | None = None
    result_id: str | None = None
    locator: str | None = None
    max_records: int | None = None
    rows: int | None = None

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        """What tells this page from the others of an export."""
        return self.job_id, self.batch_id, self.result_id or self.locator

    def __str__(self) -> str:
        if self.batch_id is not None:
            return f"result {self.result_id} of batch {self.batch_id} of job {self.job_id}"
        return f"the page at locator {self.locator or '(first)'} of job {self.job_id}"


def pages_after(
    pages: Iterator[PageAddress], keys: Sequence[Sequence[str | None]]
) -> Iterator[PageAddress]:
    """The pages behind those that an earlier process has read.

    Args:
        pages: all of the export.
        keys: of those that were read.

    Raises:
        ReconciliationError: those are others now.
    """
    for number, page in enumerate(pages):
        if number >= len(keys):
            yield page
        elif list(page.key) != list(keys[number]):
            raise ReconciliationError(
                f"Page {number + 1} is {page}, another one than before the crash; remove the "
                "journal and run the export again.",
                evidence={"before": list(keys[number]), "now": list(page.key)},
                job_id=page.job_id,
            )
