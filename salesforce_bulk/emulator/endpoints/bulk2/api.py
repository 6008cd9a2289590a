"""Bulk API 2.0: its resources together.

Source: *Bulk API 2.0 and Bulk API Developer Guide*, "Bulk API 2.0" chapters; where it is silent
see FIDELITY.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesforce_bulk.emulator.endpoints.bulk2.ingest_jobs import IngestJobs
from salesforce_bulk.emulator.endpoints.bulk2.ingest_results import IngestResults
from salesforce_bulk.emulator.endpoints.bulk2.job_states import JobStates
from salesforce_bulk.emulator.endpoints.bulk2.query_jobs import QueryJobs
from salesforce_bulk.emulator.endpoints.bulk2.query_results import QueryResults
from salesforce_bulk.emulator.endpoints.bulk2.uploads import Uploads
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily
from salesforce_bulk.emulator.http.routes import Route
from salesforce_bulk.emulator.jobs.engine import JobEngine

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org


class Bulk2:
    """What is served below ``/jobs``."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        states = JobStates(org, engine)
        self._ingest_jobs = IngestJobs(org, engine, family, states)
        self._uploads = Uploads(engine, family, states, org.dialect)
        self._ingest_results = IngestResults(org, engine, family)
        self._query_jobs = QueryJobs(org, engine, family, states)
        self._query_results = QueryResults(org, engine, family)

    @property
    def page_rows(self) -> int:
        """Rows of a page of query results where the client asks for no number."""
        return self._query_results.page_rows

    @page_rows.setter
    def page_rows(self, rows: int) -> None:
        self._query_results.page_rows = rows

    @property
    def query_jobs_per_day(self) -> int:
        """Query jobs that may be created in a rolling day."""
        return self._query_jobs.per_day

    @query_jobs_per_day.setter
    def query_jobs_per_day(self, jobs: int) -> None:
        self._query_jobs.per_day = jobs

    def routes(self) -> list[Route]:
        return [
            *self._ingest_jobs.routes(),
            *self._uploads.routes(),
            *self._ingest_results.routes(),
            *self._query_jobs.routes(),
            *self._query_results.routes(),
        ]
