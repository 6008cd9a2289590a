"""Results of batches: of rows, the ids of a query's, and one of a query."""

from __future__ import annotations

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.endpoints.bulk1.documents import result_list_document
from salesforce_bulk.emulator.endpoints.bulk1.family import AsyncFamily, job_route
from salesforce_bulk.emulator.endpoints.bulk1.job_lookup import JobLookup
from salesforce_bulk.emulator.endpoints.bulk1.media_types import info_form, reply
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import FilePart, Response
from salesforce_bulk.emulator.jobs.engine import Batch, JobEngine
from salesforce_bulk.emulator.jobs.load_batches import result_writer
from salesforce_bulk.emulator.schema.ids import to_18

#: Of a query without rows there may be no result at all.
_WITHOUT_ROWS = {form: f"bulk1.query.no_rows_{form.lower()}" for form in ("CSV", "JSON", "XML")}
_RESULT_TYPES = {
    "CSV": "bulk1.query.content_type",
    "JSON": "bulk1.query.json_content_type",
    "XML": "bulk1.query.xml_content_type",
}


class Results:
    """The handlers of ``/job/{job}/batch/{batch}/result``."""

    def __init__(self, engine: JobEngine, family: AsyncFamily, dialect: Dialect) -> None:
        self._family = family
        self._dialect = dialect
        self._lookup = JobLookup(engine, dialect)

    def routes(self) -> list[Route]:
        base = "/job/{job}/batch/{batch}/result"
        return [
            job_route("results", base, self._family, GET=self.get_results),
            job_route("result", f"{base}/{{result}}", self._family, GET=self.get_result),
        ]

    def get_results(self, call: Call) -> Response:
        batch = self._lookup.batch(call)
        job = batch.job
        if not batch.terminal:
            self._refuse_unless_taken("bulk1.batch.result_before_end", "Batch not completed")
        elif job.is_query and batch.state == bulk_states.FAILED:
            self._refuse_unless_taken("bulk1.batch.failed_query_results", "Records not processed")
        elif not job.is_query and not batch.results:
            aborted = job.state == bulk_states.ABORTED
            row = "bulk1.batch.result_of_aborted" if aborted else "bulk1.batch.result_of_failed"
            self._refuse_unless_taken(row, "Records not processed")
        if job.is_query:
            form = info_form(job)
            return reply(result_list_document(_shown_results(batch, self._dialect), form), form)
        body: bytes | FilePart
        if batch.results:
            body = FilePart(batch.results[0].path)
        else:
            writer = result_writer(job, self._dialect)
            body = writer.begin() + writer.end()
        response = reply(body, job.base_format)
        if job.base_format == "CSV":
            response.headers["Content-Type"] = self._dialect["bulk1.result.content_type"]
        return response

    def _refuse_unless_taken(self, row: str, message: str) -> None:
        """Raises ApiError for a row of which the reading is no success."""
        if self._dialect[row] != "200":
            raise ApiError(*self._dialect.refusal(row), message)

    def get_result(self, call: Call) -> Response:
        batch = self._lookup.batch(call)
        wanted = to_18(call["result"])
        for result in batch.results:
            if batch.job.is_query and to_18(result.id) == wanted:
                response = reply(FilePart(result.path), batch.job.base_format)
                media = self._dialect[_RESULT_TYPES[batch.job.base_format]]
                response.headers["Content-Type"] = media
                return response
        raise ApiError(
            *self._dialect.refusal("bulk1.batch.unknown"),
            f"Unable to find result: {call['result']}",
        )


def _shown_results(batch: Batch, dialect: Dialect) -> list[str]:
    """The ids of a query's results as they are listed."""
    hidden = dialect[_WITHOUT_ROWS[batch.job.base_format]] == "empty list"
    whole = dialect["bulk1.query.result_id"] == "18 characters"
    ids = [result.id for result in batch.results if result.rows or not hidden]
    return [to_18(identity) or identity for identity in ids] if whole else ids
