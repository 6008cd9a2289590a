"""Media types and charsets: of requests, of the documents of a job and of its batches."""

from __future__ import annotations

import codecs
import re

from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.http.server import FilePart, Request, Response
from salesforce_bulk.emulator.jobs.engine import Job

MEDIA_TYPES = {
    "CSV": "text/csv",
    "XML": "application/xml",
    "JSON": "application/json",
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}
DOCUMENT_TYPES = frozenset({MEDIA_TYPES["XML"], MEDIA_TYPES["JSON"]})


def media_type(request: Request) -> str:
    return request.header("content-type").partition(";")[0].strip().lower()


def request_form(request: Request) -> str:
    return "JSON" if media_type(request) == MEDIA_TYPES["JSON"] else "XML"


def info_form(job: Job) -> str:
    """The form of a job's own documents: XML, unless it is a JSON job."""
    return "JSON" if job.base_format == "JSON" else "XML"


def charset(request: Request) -> str:
    """The charset of a batch. Raises ApiError for one that nobody knows."""
    found = re.search(r"charset=\"?([\w.:-]+)", request.header("content-type"), re.IGNORECASE)
    name = found[1] if found else "utf-8"
    try:
        codecs.lookup(name)
    except LookupError:
        raise ApiError(400, "ClientInputError", f"Unsupported charset: {name}") from None
    return name


def reply(body: bytes | FilePart, form: str, status: int = 200) -> Response:
    return Response(status, {"Content-Type": MEDIA_TYPES[form]}, body, framing="chunked")
