"""A query as a job of Bulk API 2.0: made, waited for, its pages found.

Guide: "Query Jobs" of Bulk API 2.0.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.api.v2 import BulkV2
from salesforce_bulk.errors import (
    BulkApiError,
    JobFailed,
    NotFound,
    ReconciliationError,
    TransportError,
)
from salesforce_bulk.export.csv_file import ResumePoint
from salesforce_bulk.export.download import Download, expired
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.http.call import may_be_done
from salesforce_bulk.models import JobInfo
from salesforce_bulk.wire import v2

log = logging.getLogger("salesforce_bulk")

#: Pages without rows that a result may have beside those with rows.
_EMPTY_PAGES = 100


class QueryJobV2:
    """One query job.

    Args:
        access: the org.
        job: as the server described it.
        max_records: rows of a page; None leaves it to the server.
    """

    __slots__ = ("__dict__", "access")

    api = "2.0"
    content_type = "CSV"

    def __init__(self, access: OrgAccess, job: JobInfo, max_records: int | None = None) -> None:
        self.job = job
        self.access = access
        self._first = PageAddress(job.id, api_version=job.api_version, max_records=max_records)

    @classmethod
    def create(
        cls, access: OrgAccess, soql: str, include_deleted: bool, max_records: int | None
    ) -> QueryJobV2:
        """Make the job; it starts at once."""
        document = v2.query_job_document(soql, "queryAll" if include_deleted else "query")
        try:
            job = access.v2.create_query_job(document)
        except (TransportError, BulkApiError) as error:
            if not may_be_done(error):
                raise
            # A query that nobody reads changes nothing, so another one does no harm.
            log.warning("A query job may have been made in vain (%s); making another", error)
            job = access.v2.create_query_job(document)
        return cls(access, job, max_records)

    @property
    def job_id(self) -> str:
        return self.job.id

    @property
    def _api(self) -> BulkV2:
        return self.access.v2_for(self.job.api_version)

    @property
    def rows(self) -> int | None:
        """Rows of the whole result by the server's count; None before there is one."""
        return self.job.rows_processed

    def is_done(self) -> bool:
        """Ask the server.

        Raises:
            JobFailed: the job failed or was aborted.
            ResultsExpired: the server does not know it any more.
        """
        if self.job.state != bulk_states.JOB_COMPLETE or self.rows is None:
            try:
                self.job = self._api.query_job(self.job.id)
            except NotFound as error:
                raise expired(self.job.id, error) from error
        if self.job.state in (bulk_states.FAILED, bulk_states.ABORTED):
            reason = self.job.error_message or "the server gives no reason; look at it in Setup."
            raise JobFailed(
                f"Job {self.job.id} ended {self.job.state}: {reason}",
                error_message=self.job.error_message,
                job_id=self.job.id,
            )
        return self.job.state == bulk_states.JOB_COMPLETE

    def through(self, access: OrgAccess) -> QueryJobV2:
        """The same job, by another way to its org; what is known of it, both know."""
        view = object.__new__(type(self))
        view.__dict__ = self.__dict__
        view.access = access
        return view

    def abort(self) -> None:
        """End the job without a result."""
        self._api.abort_query_job(self.job.id)

    @property
    def lists_pages(self) -> bool:
        """Whether the pages can be known before they are read."""
        version = float(self.job.api_version or 0)
        return version >= limits.FIRST_RESULT_PAGES_VERSION

    def pages(self) -> Iterator[PageAddress]:
        """All pages, in order; where the server lists them, it chooses their size."""
        if self.lists_pages:
            seen: set[str | None] = set()
            for page in self._listed_pages():
                self._refuse_again(page, seen)
                yield page
            return
        for download in self.downloads(lambda page: Download(self.access, page)):
            # Only the headers are looked at: they say where the next page is.
            download.open().close()
            yield replace(download.page, rows=download.rows)

    def _listed_pages(self) -> Iterator[PageAddress]:
        first = replace(self._first, max_records=None)
        listed = (replace(first, locator=at) for at in self._api.result_locators(self.job.id))
        page = next(listed, None)
        # Nobody has recorded whether the list names the first page, and the guide's sample begins
        # with what looks like the second: the page itself says which is behind it.
        if page is None or (page.locator is not None and self._is_behind(first, page)):
            yield first
        if page is not None:
            yield page
        yield from listed

    def _is_behind(self, first: PageAddress, page: PageAddress) -> bool:
        with contextlib.closing(Download(self.access, first).open()) as opened:
            return opened.next_locator == page.locator

    def _refuse_again(self, page: PageAddress, seen: set[str | None]) -> None:
        if page.locator in seen:
            raise ReconciliationError(
                f"The pages of job {self.job.id} lead back to locator {page.locator!r}; "
                "nothing was delivered twice. Run the export again.",
                evidence={"locator": page.locator, "pages": len(seen)},
                job_id=self.job.id,
            )
        seen.add(page.locator)
        if self.rows is not None and len(seen) > self.rows + _EMPTY_PAGES:
            raise self._endless(f"there are {len(seen):,} of them")

    def refuse_more(self, rows: int) -> None:
        """Raise `ReconciliationError` where the pages so far have more rows than the job: what
        goes on for ever would fill the disk before the counts are compared."""
        if self.rows is not None and rows > self.rows:
            raise self._endless(f"they have {rows:,} and may have more", rows)

    def _endless(self, how: str, rows: int | None = None) -> ReconciliationError:
        return ReconciliationError(
            f"The server counted {self.rows:,} rows of job {self.job.id}, and its pages are too "
            f"many for that: {how}. Rows that came may be others'. Run the export again.",
            expected=self.rows,
            got=rows,
            evidence={"job": self.job.id},
            job_id=self.job.id,
        )

    def differing(self, came: Mapping[str | None, int]) -> dict[str, object]:
        """Where other rows came than the server counted; empty where they are the same.

        Args:
            came: the rows, of no batch.
        """
        rows = sum(came.values())
        if self.rows is None:
            log.warning("Job %s tells no number of rows; %d came", self.job_id, rows)
            return {}
        return {} if self.rows == rows else {"job": self.job_id}

    def first_page(self) -> PageAddress | None:
        """Where the result begins."""
        return self._first

    def downloads(
        self, make: Callable[[PageAddress], Download], taken: ResumePoint | None = None
    ) -> Iterator[Download]:
        """Page after page, each found by the one before, which must be opened by then.

        Args:
            make: opens a page.
            taken: what an earlier process has read.
        """
        seen: set[str | None] = set()
        page: PageAddress | None = self._first
        if taken is not None:
            page = None if taken.was_last else self._page_at(taken.next_locator)
        while page is not None:
            self._refuse_again(page, seen)
            download = make(page)
            yield download
            at = download.next_locator
            page = None if at is None else self._page_at(at)

    def _page_at(self, locator: str | None) -> PageAddress:
        return replace(self._first, locator=locator)
