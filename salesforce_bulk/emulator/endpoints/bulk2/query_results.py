"""``/query/{job}/results`` and ``resultPages``: pages of rows, and the list of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.endpoints.bulk2.answers import csv_reply, job_route, refused
from salesforce_bulk.emulator.endpoints.bulk2.documents import API, Reply, state_of
from salesforce_bulk.emulator.endpoints.bulk2.job_lookup import JobLookup
from salesforce_bulk.emulator.endpoints.bulk2.job_requests import JobRequests
from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, RestFamily, json_reply
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs import page_dialect, query_pages
from salesforce_bulk.emulator.jobs.engine import Batch, Job, JobEngine, ResultFile, batches_of
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS, LINE_ENDINGS
from salesforce_bulk.emulator.jobs.results import NO_RECORDS

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

#: Result pages that a call of ``resultPages`` lists.
LISTED_PAGES = 5
#: Rows of a page where the client names no number.
PAGE_ROWS = 50_000
#: Versions up to this one have row numbers for locators.
LAST_PLAIN_LOCATOR_VERSION = 48.0
#: Where a state's name in capitals has an underscore.
_WORD_START = re.compile("(?<=[a-z])(?=[A-Z])")


class QueryResults:
    """The handlers of ``/query/{job}/results`` and ``/query/{job}/resultPages``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._family = family
        self._dialect = org.dialect
        self._requests = JobRequests(org.dialect)
        self._lookup = JobLookup(engine, org.dialect)
        #: Rows of a page of query results where the client asks for no number.
        self.page_rows = PAGE_ROWS

    def routes(self) -> list[Route]:
        """Tails of paths are matched in any letter case, as live orgs do."""
        page, pages = "/query/{job}/(?i:results)", "/query/{job}/(?i:resultPages)"
        return [
            job_route("page", page, self._family, GET=self.get_page),
            job_route("pages", pages, self._family, GET=self.list_pages),
        ]

    def get_page(self, call: Call) -> Response:
        job, batch = self._complete(call)
        result = batch.results[0]
        first = self._first_row(call, job, result)
        page = query_pages.ResultPage(
            first, min(first + self._wanted_rows(call), result.rows), result.rows
        )
        if not result.rows and self._dialect["bulk2.query.no_rows"] == "204":
            return Response(204)
        body = self._page_body(batch, page)
        response = csv_reply(body, self._dialect["bulk2.query.content_type"])
        response.headers.update(self._page_headers(job, page))
        return response

    def _page_body(self, batch: Batch, page: query_pages.ResultPage) -> bytes | Iterator[bytes]:
        job, result = batch.job, batch.results[0]
        if not result.rows and self._dialect["bulk2.query.no_rows"] != "header":
            sentence = self._dialect["bulk2.query.no_rows"] == "sentence"
            return NO_RECORDS if sentence else b""
        delimiter, line_end = (
            DELIMITERS[job.column_delimiter],
            LINE_ENDINGS[job.line_ending or "LF"],
        )
        body = query_pages.page_body(result, page, delimiter, line_end)
        if self._dialect.differs(page_dialect.CHOICES):
            columns = self._org.plan_query(batch.soql, bulk=API).columns
            pages = page_dialect.DialectPages(batch, columns, self._dialect)
            return pages.body(page, b"".join(body))
        return body

    def _page_headers(self, job: Job, page: query_pages.ResultPage) -> dict[str, str]:
        counts = {"of the page": page.rows, "of the result": page.total}
        count = counts.get(self._dialect["bulk2.query.number_of_records"])
        headers = {} if count is None else {"Sforce-NumberOfRecords": str(count)}
        last = self._dialect["bulk2.query.last_locator"]
        if not page.last:
            headers["Sforce-Locator"] = self._locator(job, page.end)
        elif last != "absent":
            headers["Sforce-Locator"] = "null" if last == "null" else ""
        return headers

    def _wanted_rows(self, call: Call) -> int:
        text = call.request.query.get("maxRecords", [""])[0]
        if not text:
            return self.page_rows
        row = "bulk2.query.wrong_max_records"
        if not re.fullmatch("[0-9]{1,18}", text) or int(text) == 0:
            if self._dialect[row] == "ignored":
                return self.page_rows
            raise refused(self._dialect, row, f"maxRecords must be a positive number: {text}")
        fewer = self._dialect["bulk2.query.rows_of_a_page"] == "fewer"
        return max(1, int(text) // 2) if fewer else int(text)

    def list_pages(self, call: Call) -> Response:
        self._requests.check_version(call, limits.FIRST_RESULT_PAGES_VERSION)
        job, batch = self._complete(call)
        result = batch.results[0]
        first = self._first_row(call, job, result)
        every = list(query_pages.pages(first, result.rows, self.page_rows))
        here, after = every[:LISTED_PAGES], every[LISTED_PAGES:]
        base = f"{PREFIX}/v{job.version}/jobs/query/{job.id}"
        name = self._dialect["bulk2.query.result_page_name"]
        document: Reply = {
            "resultPages": [
                {name: f"{base}/results{self._page_query(job, page.first)}"} for page in here
            ]
        }
        if after:
            following = self._page_query(job, after[0].first)
            document["nextRecordsUrl"] = f"{base}/resultpages{following}"
        elif self._dialect["bulk2.query.last_result_pages"] == "null":
            document["nextRecordsUrl"] = None
        return json_reply({**document, "done": not after})

    def _page_query(self, job: Job, first: int) -> str:
        named = first or self._dialect["bulk2.query.first_result_page"] == "with locator"
        return f"?locator={quote(self._locator(job, first), safe='')}" if named else ""

    def _locator(self, job: Job, row: int) -> str:
        return query_pages.locator(row, self._is_plain(job), self._is_padded)

    def _is_plain(self, job: Job) -> bool:
        digits = self._dialect["bulk2.query.locator"] == "digits"
        return digits or float(job.version) <= LAST_PLAIN_LOCATOR_VERSION

    @property
    def _is_padded(self) -> bool:
        return self._dialect["bulk2.query.locator"] == "base64 with padding"

    def _first_row(self, call: Call, job: Job, result: ResultFile) -> int:
        text = call.request.query.get("locator", [""])[0]
        first = query_pages.row_of(text, self._is_plain(job), self._is_padded) if text else 0
        if first is None or first >= max(result.rows, 1):
            raise refused(self._dialect, "bulk2.query.unknown_locator", "invalid query locator")
        return first

    def _complete(self, call: Call) -> tuple[Job, Batch]:
        job = self._lookup.query_job(call)
        row = "bulk2.query.another_version"
        if job.version != call["version"][1:] and self._dialect[row] != "200":
            raise refused(
                self._dialect,
                row,
                f"The job was created with version {job.version}; read its results with it",
            )
        state = state_of(job)
        batch = next(batches_of(job), None)
        late = self._dialect["bulk2.query.after_state"] == "later"
        if state != bulk_states.JOB_COMPLETE or batch is None or (late and not job.asked_results):
            if state == bulk_states.JOB_COMPLETE:
                job.asked_results.add("results")
            raise self._not_complete(state)
        return job, batch

    def _not_complete(self, state: str) -> ApiError:
        return refused(
            self._dialect,
            "bulk2.query.before_end",
            "can only download query results of successfully completed bulk job with status: "
            f"JOB_COMPLETE. Current status: {_WORD_START.sub('_', state).upper()}",
        )
