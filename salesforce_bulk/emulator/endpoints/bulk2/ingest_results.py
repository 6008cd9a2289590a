"""``/ingest/{job}/successfulResults``, ``failedResults`` and ``unprocessedrecords``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.endpoints.bulk2.answers import csv_reply, job_route, refused
from salesforce_bulk.emulator.endpoints.bulk2.documents import state_of
from salesforce_bulk.emulator.endpoints.bulk2.job_lookup import JobLookup
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily, not_found
from salesforce_bulk.emulator.http.routes import Call, Route
from salesforce_bulk.emulator.http.server import FilePart, Response
from salesforce_bulk.emulator.jobs.engine import Job, JobEngine
from salesforce_bulk.emulator.jobs.ingest_results import RESULT_COLUMNS, ResultForm, result_path

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org


class IngestResults:
    """The handler of the three results of a load."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._family = family
        self._dialect = org.dialect
        self._lookup = JobLookup(engine, org.dialect)

    def routes(self) -> list[Route]:
        path = "/ingest/{job}/{kind}"
        return [job_route("results", path, self._family, GET=self.get_results)]

    def get_results(self, call: Call) -> Response:
        kind = call["kind"].lower()
        if kind not in RESULT_COLUMNS:
            raise not_found()
        job = self._lookup.ingest_job(call)
        header = self._form(job).header_line(kind).encode("utf-8", "surrogateescape")
        if state_of(job) not in bulk_states.JOB_TERMINAL_STATES:
            return self._before_end(header)
        path = result_path(job, kind)
        late = self._dialect["bulk2.result.after_state"] == "later"
        if late and kind not in job.asked_results:
            job.asked_results.add(kind)
            return self._without_rows(header)
        if not path.exists() or path.stat().st_size == len(header):
            return self._without_rows(header)
        return self._result_csv(FilePart(path))

    def _form(self, job: Job) -> ResultForm:
        return ResultForm(job, self._dialect, self._org.schema.get(job.object))

    def _before_end(self, header: bytes) -> Response:
        row = "bulk2.result.before_end"
        if self._dialect[row] == "200":
            return self._result_csv(header)
        if self._dialect[row] == "204":
            return Response(204)
        raise refused(self._dialect, row, "The job has not ended")

    def _without_rows(self, header: bytes) -> Response:
        reading = self._dialect["bulk2.result.no_rows"]
        if reading == "204":
            return Response(204)
        return self._result_csv(header if reading == "header" else b"")

    def _result_csv(self, body: bytes | FilePart) -> Response:
        return csv_reply(body, self._dialect["bulk2.result.content_type"])
