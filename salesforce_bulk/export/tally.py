"""Rows that came against rows that the server counted."""

from __future__ import annotations

from collections import Counter

from salesforce_bulk.errors import ReconciliationError
from salesforce_bulk.export.job_v1 import QueryJobV1
from salesforce_bulk.export.job_v2 import QueryJobV2
from salesforce_bulk.export.page_address import PageAddress

QueryJob = QueryJobV1 | QueryJobV2


class Tally:
    """What one reading of an export delivered.

    Attributes:
        rows: all of them.
        bytes: of the pages, where they were counted.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0
        self._by_batch: Counter[str | None] = Counter()

    def add(self, page: PageAddress, rows: int) -> None:
        """Count the rows of a page, or of a part of it."""
        self.add_to_batch(page.batch_id, rows)

    def add_to_batch(self, batch_id: str | None, rows: int) -> None:
        """Count the rows of a batch; None where there are no batches."""
        self.rows += rows
        self._by_batch[batch_id] += rows

    def check(self, job: QueryJob) -> None:
        """Compare with the server's counts.

        Raises:
            ReconciliationError: they differ; the evidence names each batch that does.
        """
        differing = job.differing(self._by_batch)
        if differing:
            raise ReconciliationError(
                f"The export delivered {self.rows:,} rows where the server counted {job.rows:,} "
                f"({_shown(differing)}). Run it again; nothing was put in place.",
                expected=job.rows,
                got=self.rows,
                evidence=differing,
                job_id=job.job_id,
            )


def _shown(differing: dict[str, object]) -> str:
    shown = ", ".join(f"{name}: {what}" for name, what in list(differing.items())[:5])
    return shown if len(differing) <= 5 else f"{shown} and {len(differing) - 5} more"
