"""``/job/{job}/spec``: the mapping of a job's columns to fields."""

from __future__ import annotations

from salesforce_bulk import limits
from salesforce_bulk.emulator.endpoints.bulk1.documents import job_document
from salesforce_bulk.emulator.endpoints.bulk1.family import AsyncFamily, job_route
from salesforce_bulk.emulator.endpoints.bulk1.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk1.media_types import info_form, reply
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.jobs.mapping import read_spec


class FieldMapping:
    """The handler of ``/job/{job}/spec``."""

    def __init__(self, engine: JobEngine, family: AsyncFamily, dialect: Dialect) -> None:
        self._family = family
        self._dialect = dialect
        self._lookup = JobLookup(engine, dialect)

    def routes(self) -> list[Route]:
        return [job_route("spec", "/job/{job}/spec", self._family, POST=self.set_mapping)]

    def set_mapping(self, call: Call) -> Response:
        job = self._lookup.job(call)
        check_owner(call, job)
        if job.content_type != "CSV":
            raise ApiError(400, "InvalidJob", "A field mapping needs a job of content type CSV")
        text = call.request.body.read_all(4 * limits.SPEC_CHARACTERS).decode("utf-8", "replace")
        if len(text) >= limits.SPEC_CHARACTERS:
            raise ApiError(
                400,
                "ClientInputError",
                f"The specification must be less than {limits.SPEC_CHARACTERS} characters",
            )
        try:
            job.mapping = read_spec(text)
        except wire.CsvError as error:
            raise ApiError(
                *self._dialect.refusal("bulk1.spec.bad"),
                f"Failed to parse transformation spec. {error}",
            ) from error
        if self._dialect["bulk1.spec.body"] == "jobInfo":
            form = info_form(job)
            return reply(job_document(job, form, self._dialect), form, 201)
        return Response(201, {}, b"", framing="chunked")
