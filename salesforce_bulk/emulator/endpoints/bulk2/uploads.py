"""``/ingest/{job}/batches``: the data of a job."""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path

from salesforce_bulk.emulator.endpoints.bulk2.answers import job_route, refused
from salesforce_bulk.emulator.endpoints.bulk2.job_lookup import JobLookup, check_owner
from salesforce_bulk.emulator.endpoints.bulk2.job_requests import JobRequests
from salesforce_bulk.emulator.endpoints.bulk2.job_states import JobStates
from salesforce_bulk.emulator.endpoints.rest.family import RestFamily
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import Call, Route
from salesforce_bulk.emulator.http.server import BLOCK, Request, Response
from salesforce_bulk.emulator.jobs.engine import JobEngine, JobError

#: Raw bytes of an upload: 150 MB after base64.
UPLOAD_BYTES = 112_500_000


class Uploads:
    """The handler of ``/ingest/{job}/batches``."""

    def __init__(
        self, engine: JobEngine, family: RestFamily, states: JobStates, dialect: Dialect
    ) -> None:
        self._engine = engine
        self._family = family
        self._states = states
        self._dialect = dialect
        self._requests = JobRequests(dialect)
        self._lookup = JobLookup(engine, dialect)

    def routes(self) -> list[Route]:
        path = "/ingest/{job}/(?i:batches)"
        return [job_route("upload", path, self._family, PUT=self.upload)]

    def upload(self, call: Call) -> Response:
        job = self._lookup.ingest_job(call)
        check_owner(call, job)
        self._states.check_takes_data(job)
        self._requests.check_media_type(call.request, "text/csv")
        self._check_coding(call.request)
        path = self._engine.spool_file(job)
        try:
            self._spool(call.request, path)
            self._states.take_upload(job, path)
        finally:
            if job.upload != path:
                path.unlink(missing_ok=True)
        return Response(201)

    def _check_coding(self, request: Request) -> None:
        """Whether a compressed upload is taken, and undone."""
        if request.header("content-encoding").strip().lower() in ("", "identity"):
            return
        reading = self._dialect["bulk2.ingest.gzip_uploads"]
        if reading == "stored as sent":
            request.body.keep_coding()
        elif reading != "accepted":
            raise refused(
                self._dialect, "bulk2.ingest.gzip_uploads", "Content-Encoding is not supported"
            )

    def _spool(self, request: Request, path: Path) -> None:
        size = 0
        strip = self._dialect["bulk2.ingest.byte_order_mark"] == "dropped"
        with path.open("wb") as file:
            while block := request.body.read(BLOCK):
                size += len(block)
                if size > UPLOAD_BYTES:
                    raise JobError("InvalidJob", f"More than {UPLOAD_BYTES} bytes of job data")
                file.write(block.removeprefix(BOM_UTF8) if strip else block)
                strip = False
