"""The documents of Bulk API 2.0: what is sent, and what comes back.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API 2.0" chapter). Nothing here does I/O.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from salesforce_bulk.models import JobInfo
from salesforce_bulk.wire.document import (
    UnreadableDocument,
    read_count,
    read_id,
    read_json_object,
    read_text,
)

#: The character of each columnDelimiter.
DELIMITERS = {
    "COMMA": ",",
    "BACKQUOTE": "`",
    "CARET": "^",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
#: The bytes of each lineEnding.
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}


class JobPage(NamedTuple):
    """Part of a list of jobs; ``next_path``, below the version, is None on the last one."""

    jobs: list[JobInfo]
    next_path: str | None


class ResultPages(NamedTuple):
    """Part of the list of a query's result pages; ``next_url`` is None on the last one."""

    urls: list[str]
    next_url: str | None


# Jobs: "Create a Job", "Create a Query Job", "Close or Abort a Job", "Get Information About a Job"


def ingest_job_document(
    object_name: str,
    operation: str,
    *,
    external_id_name: str | None = None,
    assignment_rule_id: str | None = None,
    column_delimiter: str = "COMMA",
    line_ending: str = "LF",
) -> bytes:
    """The body that creates an ingest job; its data are CSV always."""
    document = {
        "object": object_name,
        "operation": operation,
        "contentType": "CSV",
        "columnDelimiter": column_delimiter,
        "lineEnding": line_ending,
        "externalIdFieldName": external_id_name,
        "assignmentRuleId": assignment_rule_id,
    }
    return _json_bytes({name: value for name, value in document.items() if value is not None})


def query_job_document(soql: str, operation: str = "query") -> bytes:
    """The body that creates a query job; ``operation`` is ``query`` or ``queryAll``."""
    return _json_bytes({"operation": operation, "query": soql, "contentType": "CSV"})


def state_document(state: str) -> bytes:
    """The body that ends an upload (``UploadComplete``) or aborts a job (``Aborted``)."""
    return _json_bytes({"state": state})


def read_job(body: bytes) -> JobInfo:
    """One job.

    Raises:
        UnreadableDocument: the body is no job.
    """
    return _job(read_json_object(body))


def read_job_page(body: bytes) -> JobPage:
    """Part of a list of jobs ("Get All Jobs", "Get Information About All Query Jobs")."""
    document = read_json_object(body)
    records = document.get("records")
    if not isinstance(records, list):
        raise UnreadableDocument("a list of jobs was expected")
    following = _next(document)
    jobs = [_job(record) for record in records]
    return JobPage(jobs, None if following is None else _job_list_path(following))


# Query results: "Get Results for a Query Job", "Get Parallel Results for a Query Job"


def read_locator(header: str | None) -> str | None:
    """``Sforce-Locator``: None where the page was the last, which the server writes ``null``."""
    # Blanks around a header's value are no part of it, and those behind it are left there.
    locator = (header or "").strip()
    return None if locator in ("", "null") else locator


def read_result_pages(body: bytes) -> ResultPages:
    """Up to five addresses of result pages."""
    document = read_json_object(body)
    pages = document.get("resultPages")
    if not isinstance(pages, list) or not all(isinstance(page, dict) for page in pages):
        raise UnreadableDocument("a list of result pages was expected")
    urls = [read_text(page, "resultUrl") or read_text(page, "resultLink") for page in pages]
    return ResultPages([url for url in urls if url], _next(document))


def locator_of(url: str, job_id: str, resource: str) -> str | None:
    """The locator in an address that the server names; None where it has none (the first page).

    Args:
        url: relative to the host, as the guide has it.
        job_id: whose page it must be.
        resource: ``results`` or ``resultPages``.

    Raises:
        UnreadableDocument: it leads elsewhere.
    """
    path, query = _address(url)
    wanted = f"jobs/query/{job_id[:15]}(?:[A-Za-z0-9]{{3}})?/{resource}"
    # The guide's samples write resultpages.
    if not re.fullmatch(_BELOW + wanted, path, re.IGNORECASE):
        raise UnreadableDocument(f"the address of a page of job {job_id} leads elsewhere")
    # Not parse_qs, which makes a blank of the plus that base 64 has.
    pairs = (pair.partition("=") for pair in query.split("&"))
    return read_locator(next((unquote(text) for name, _, text in pairs if name == "locator"), None))


def _job_list_path(url: str) -> str:
    """The address of a further part of a list of jobs, below the version.

    Raises:
        UnreadableDocument: it leads elsewhere.
    """
    path, query = _address(url)
    # It may name another resource than the one that is listed, and is followed as given.
    found = re.fullmatch(_BELOW + "(jobs/(?:ingest|query))/?", path)
    if found is None:
        raise UnreadableDocument("the address of the next jobs leads elsewhere")
    return f"{found[1]}?{query}"


#: What stands before every address of the guide.
_BELOW = r"/services/data/v[0-9]{1,3}\.[0-9]/"
_PRINTABLE = re.compile(r"[\x21-\x7e]*")


def _address(url: str) -> tuple[str, str]:
    """Path and query of an address that is relative to the host."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UnreadableDocument(f"an address that cannot be read: {error}") from error
    if parts.scheme or parts.netloc or parts.fragment or not _PRINTABLE.fullmatch(url):
        raise UnreadableDocument("an address on this host was expected, relative to it")
    return parts.path, parts.query


def _next(document: dict[str, Any]) -> str | None:
    # The guide's field table and its sample disagree on the name.
    url = read_text(document, "nextRecordsUrl") or read_text(document, "nextRecordUrl")
    return None if document.get("done") is True or not url else url


def _job(document: Any) -> JobInfo:
    if not isinstance(document, dict) or "id" not in document or "state" not in document:
        raise UnreadableDocument("a job was expected")
    return JobInfo(
        id=read_id(document["id"]),
        state=read_text(document, "state") or "",
        operation=read_text(document, "operation"),
        object=read_text(document, "object"),
        api_version=_version(document.get("apiVersion")),
        rows_processed=read_count(document, "numberRecordsProcessed"),
        rows_failed=read_count(document, "numberRecordsFailed"),
        error_message=read_text(document, "errorMessage"),
        created=read_text(document, "createdDate"),
        fields=document,
    )


def _version(value: Any) -> str | None:
    # It stands in the address of the results.
    if value is None or re.fullmatch(r"[0-9]{1,3}\.[0-9]", str(value)):
        return None if value is None else str(value)
    raise UnreadableDocument("apiVersion is no version")


def _json_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8")
