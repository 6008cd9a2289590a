"""Batches: added to a job, listed, shown, and what was sent for them."""

from __future__ import annotations

from pathlib import Path

from salesforce_bulk import limits
from salesforce_bulk.emulator.endpoints.bulk1.documents import batch_document, batch_list_document
from salesforce_bulk.emulator.endpoints.bulk1.family import PREFIX, AsyncFamily, job_route
from salesforce_bulk.emulator.endpoints.bulk1.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk1.media_types import (
    MEDIA_TYPES,
    charset,
    info_form,
    media_type,
    reply,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route
from salesforce_bulk.emulator.http.server import BLOCK, FilePart, Request, Response
from salesforce_bulk.emulator.jobs.archive import Archive, ArchiveError
from salesforce_bulk.emulator.jobs.engine import Batch, Job, JobEngine, JobError, batches_of


class Batches:
    """The handlers of ``/job/{job}/batch`` and of a batch's request."""

    def __init__(self, engine: JobEngine, family: AsyncFamily, dialect: Dialect) -> None:
        self._engine = engine
        self._family = family
        self._dialect = dialect
        self._lookup = JobLookup(engine, dialect)

    def routes(self) -> list[Route]:
        batches, batch = "/job/{job}/batch", "/job/{job}/batch/{batch}"
        every = {"GET": self.list_batches, "POST": self.add_batch}
        return [
            job_route("batches", batches, self._family, **every),
            job_route("batch", batch, self._family, GET=self.get_batch),
            job_route("request", f"{batch}/request", self._family, GET=self.get_request),
        ]

    def add_batch(self, call: Call) -> Response:
        job = self._lookup.job(call)
        request = call.request
        check_owner(call, job)
        self._check_batch_type(job, request)
        encoding = charset(request)
        spooled = self._engine.spool_file(job)
        try:
            self._spool(request, spooled)
            self._check_archive(job, spooled)
            self._charge_batch(job)
        except (ApiError, JobError):
            spooled.unlink(missing_ok=True)
            raise
        known = self._posted_before(job, spooled)
        batch = known or self._engine.add_batch(job, spooled, encoding)
        form = info_form(job)
        response = reply(batch_document(batch, form, self._dialect), form, 201)
        response.headers["Location"] = f"{PREFIX}/{job.version}/job/{job.id}/batch/{batch.id}"
        if known is None:
            self._engine.submit(batch)
        return response

    def _check_archive(self, job: Job, spooled: Path) -> None:
        """Most readings leave it to the batch whether its archive can be read."""
        if not job.is_zip or self._dialect["bulk1.zip.bad_archive"] == "Failed":
            return
        try:
            Archive(spooled).close()
        except ArchiveError as error:
            raise ApiError(*self._dialect.refusal("bulk1.zip.bad_archive"), str(error)) from error

    def _check_batch_type(self, job: Job, request: Request) -> None:
        encoding = request.header("content-encoding").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise ApiError(
                415, "UnsupportedContentType", f"Unsupported content encoding: {encoding}"
            )
        kind = media_type(request)
        # A query's body is the same bare SOQL whatever its type says.
        accepted = set(MEDIA_TYPES.values()) if job.is_query else {MEDIA_TYPES[job.content_type]}
        if kind and kind not in accepted:
            raise ApiError(
                *self._dialect.refusal("bulk1.batch.media_type"),
                f"Unsupported content type: {kind}",
            )

    def _spool(self, request: Request, path: Path) -> None:
        """The request's body into a file. Raises ApiError when it is empty or too large."""
        size = 0
        with path.open("wb") as file:
            while block := request.body.read(BLOCK):
                size += len(block)
                if size > limits.BATCH_BYTES:
                    raise ApiError(
                        400,
                        "ClientInputError",
                        f"Failed to read request. Exceeded max size limit of {limits.BATCH_BYTES}",
                    )
                file.write(block)
        if not size:
            raise ApiError(
                *self._dialect.refusal("bulk1.batch.empty_body"),
                "Unable to find any data to create batch",
            )

    def _charge_batch(self, job: Job) -> None:
        try:
            self._engine.charge_batch(job)
        except JobError as error:
            if error.code != "InvalidJobState":
                raise
            raise ApiError(
                *self._dialect.refusal("bulk1.batch.job_not_open"), str(error)
            ) from error

    def _posted_before(self, job: Job, spooled: Path) -> Batch | None:
        """The batch that a second post of the same data is taken for."""
        if self._dialect["bulk1.batch.posted_twice"] == "two batches":
            return None
        data = spooled.read_bytes()
        return next((each for each in batches_of(job) if each.request.read_bytes() == data), None)

    def list_batches(self, call: Call) -> Response:
        job = self._lookup.job(call)
        form = info_form(job)
        return reply(batch_list_document(job, form, self._dialect), form)

    def get_batch(self, call: Call) -> Response:
        batch = self._lookup.batch(call)
        form = info_form(batch.job)
        return reply(batch_document(batch, form, self._dialect), form)

    def get_request(self, call: Call) -> Response:
        batch = self._lookup.batch(call)
        return reply(FilePart(batch.request), batch.job.content_type)
