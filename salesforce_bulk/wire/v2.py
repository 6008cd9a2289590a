"""The documents of Bulk API 2.0: what is sent, and what comes back.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API 2.0" chapter). Nothing here does I/O.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from salesforce_bulk.models import JobInfo
from salesforce_bulk.wire.v1 import Unreadable

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
    """Part of a list of jobs; ``next_url`` is None on the last one."""

    jobs: list[JobInfo]
    next_url: str | None


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
        Unreadable: the body is no job.
    """
    return _job(_object(body))


def read_job_page(body: bytes) -> JobPage:
    """Part of a list of jobs ("Get All Jobs", "Get Information About All Query Jobs")."""
    document = _object(body)
    records = document.get("records")
    if not isinstance(records, list):
        raise Unreadable("a list of jobs was expected")
    return JobPage([_job(record) for record in records], _next(document))


# Query results: "Get Results for a Query Job", "Get Parallel Results for a Query Job"


def read_locator(header: str | None) -> str | None:
    """``Sforce-Locator``: None where the page was the last, which the server writes ``null``."""
    return None if header in (None, "", "null") else header


def read_result_pages(body: bytes) -> ResultPages:
    """Up to five addresses of result pages."""
    document = _object(body)
    pages = document.get("resultPages")
    if not isinstance(pages, list):
        raise Unreadable("a list of result pages was expected")
    urls = [page.get("resultUrl") or page.get("resultLink") for page in pages]
    return ResultPages([str(url) for url in urls if url], _next(document))


def locator_of(url: str) -> str | None:
    """The locator in the address of a result page; None where it has none (the first page)."""
    # Not parse_qs, which makes a blank of the plus that base 64 has.
    pairs = (pair.partition("=") for pair in urlsplit(url).query.split("&"))
    return read_locator(next((unquote(text) for name, _, text in pairs if name == "locator"), None))


def _next(document: dict[str, Any]) -> str | None:
    # The guide's field table and its sample disagree on the name.
    url = document.get("nextRecordsUrl") or document.get("nextRecordUrl")
    return None if document.get("done") is True or not url else str(url)


def _job(document: Any) -> JobInfo:
    if not isinstance(document, dict) or "id" not in document or "state" not in document:
        raise Unreadable("a job was expected")
    return JobInfo(
        id=str(document["id"]),
        state=str(document["state"]),
        operation=document.get("operation"),
        object=document.get("object"),
        api_version=_version(document.get("apiVersion")),
        rows_processed=document.get("numberRecordsProcessed"),
        rows_failed=document.get("numberRecordsFailed"),
        error_message=document.get("errorMessage"),
        created=document.get("createdDate"),
        fields=document,
    )


def _version(value: Any) -> str | None:
    return None if value is None else str(value)


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError as error:
        raise Unreadable(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Unreadable("a JSON object was expected")
    return document


def _json_bytes(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8")
