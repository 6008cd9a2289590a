"""The documents of Bulk API 1.0: what is sent, and what comes back.

Guide: https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
("Bulk API" chapter). Nothing here does I/O.
"""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET  # nosec B405 # writes; defusedxml parses
from collections.abc import Mapping
from functools import partial
from itertools import islice
from numbers import Integral
from operator import itemgetter
from typing import Any

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.models import UploadResult
from salesforce_bulk.wire import media
from salesforce_bulk.wire.document import (
    AnotherDocument,
    UnreadableDocument,
    local_name,
    read_count,
    read_id,
    read_json,
    read_text,
    read_xml,
)

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"

#: The whole body of a CSV query result with no rows.
NO_RECORDS = b"Records not found for this query"

Info = dict[str, Any]


# Jobs: "Create a Job", "Close a Job", "Abort a Job", "JobInfo"


def job_document(
    object_name: str | None,
    operation: str | None,
    content_type: str,
    concurrency: str | None = None,
    external_id_name: str | None = None,
    assignment_rule_id: str | None = None,
) -> bytes:
    """The jobInfo that creates a job, its elements in the schema's order."""
    return _job_info(
        {
            "operation": operation,
            "object": object_name,
            "externalIdFieldName": external_id_name,
            "concurrencyMode": concurrency,
            "contentType": content_type,
            "assignmentRuleId": assignment_rule_id,
        }
    )


def state_document(state: str) -> bytes:
    """The jobInfo that closes (``Closed``) or aborts (``Aborted``) a job."""
    return _job_info({"state": state})


def _job_info(fields: Mapping[str, str | None]) -> bytes:
    root = ET.Element("jobInfo", {"xmlns": NAMESPACE})
    for name, value in fields.items():
        if value:
            ET.SubElement(root, name).text = value
    buffer = io.BytesIO()
    ET.ElementTree(root).write(buffer, encoding="UTF-8")
    return buffer.getvalue()


def pk_chunking_header(pk_chunking: bool | int | str) -> str:
    """The value of ``Sforce-Enable-PKChunking`` ("PK Chunking Header").

    ``True`` chunks by the server's default, a number is the chunk size in records, a
    text is sent as it is, e.g. ``chunkSize=50000; startRow=00130000000xEftMGH``.
    """
    if pk_chunking is True:
        return "true"
    if isinstance(pk_chunking, Integral):
        return f"chunkSize={pk_chunking};"
    return str(pk_chunking)


# Job and batch information: "JobInfo", "BatchInfo"


def read_info(content_type: str | None, body: bytes) -> Info | list[Info]:
    """A jobInfo or batchInfo as a dict, a batchInfoList as a list of dicts.

    Values are text from XML, and JSON's own types from JSON; a JSON batch list stays the
    dict ``{"batchInfo": [...]}``.

    Raises:
        UnreadableDocument: the body is neither.
    """
    kind = media.body_type(content_type, body)
    if kind == media.JSON:
        return _info(read_json(body))
    root = _xml(body, kind)
    if local_name(root.tag) == "batchInfoList":
        return [_flat(element) for element in root]
    return _flat(root)


def _info(document: Any) -> Info | list[Info]:
    items = document if isinstance(document, list) else [document]
    if not all(isinstance(item, dict) for item in items):
        raise UnreadableDocument(f"JSON objects were expected, {str(document)[:80]!r} came")
    return document  # type: ignore[no-any-return]


def _flat(element: ET.Element) -> Info:
    return {local_name(child.tag): child.text for child in element}


def one_info(info: Any) -> Info:
    """What `read_info` read, where it must be one jobInfo or batchInfo.

    Raises:
        UnreadableDocument: it is none: a page that happens to be XML, or a list; or its id would
            lead elsewhere, its counts are no numbers.
    """
    if not isinstance(info, dict) or not info.keys() & {"id", "state"}:
        raise UnreadableDocument("a jobInfo or batchInfo was expected, something else came")
    for name in ("id", "jobId"):
        if info.get(name) is not None:
            read_id(info[name])
    for name in ("numberRecordsProcessed", "numberRecordsFailed"):
        read_count(info, name)
    for name in ("state", "stateMessage", "operation", "contentType"):
        read_text(info, name)
    return info


def batch_infos(info: Any) -> list[Info]:
    """What `read_info` read, where it must be a list of batchInfos.

    Raises:
        UnreadableDocument: it is none.
    """
    if isinstance(info, dict) and (not info or "batchInfo" in info):
        info = info.get("batchInfo") or []  # in JSON a list without batches may be left out
    if not isinstance(info, list):
        raise UnreadableDocument("a batchInfoList was expected, something else came")
    return [one_info(one) for one in info]


# Query results: "Get Bulk Query Results"


def batch_state(info: Mapping[str, Any]) -> str:
    """The state in a batch's info, as `bulk_states` spells it."""
    return bulk_states.canonical_batch_state(str(info.get("state")))


def read_result_ids(content_type: str | None, body: bytes) -> list[str]:
    """The result ids of a query batch, in the order of the data; empty where none came."""
    kind = media.body_type(content_type, body)
    if kind == media.JSON:
        return [read_id(item) for item in _json_list(body)]
    root = _xml(body, kind)
    if local_name(root.tag) != "result-list":
        raise UnreadableDocument(f"a result-list was expected, a {local_name(root.tag)} came")
    return [read_id(element.text) for element in root if local_name(element.tag) == "result"]


# Row results: "Get Batch Results"


def read_row_results(content_type: str | None, body: bytes) -> list[UploadResult]:
    """One `UploadResult` for each row of the batch, in the order of the rows."""
    # The server can send NULs, which no reader of any format takes.
    body = body.replace(b"\0", b"")
    kind = media.body_type(content_type, body)
    if kind == media.JSON:
        rows = _json_list(body)
        if rows and all(isinstance(row, str) for row in rows):
            raise _query_results()
        return [_row_from_json(row) for row in rows]
    if kind == media.CSV:
        return _rows_from_csv(body)
    root = _xml(body, kind)
    if local_name(root.tag) == "result-list" and len(root):
        raise _query_results()
    if local_name(root.tag) != "results":
        raise UnreadableDocument(f"row results were expected, a {local_name(root.tag)} came")
    return [_row_from_xml(element) for element in root]


def _query_results() -> AnotherDocument:
    return AnotherDocument(
        "The batch is a query's, which has no outcomes of rows; "
        "get_all_results_for_query_batch() reads its results."
    )


def _rows_from_csv(body: bytes) -> list[UploadResult]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDocument(f"the results are not UTF-8: {error}") from error
    try:
        rows = list(islice(csv.reader(io.StringIO(text, newline="")), limits.BATCH_RECORDS + 2))
    except csv.Error as error:
        raise UnreadableDocument(f"the results are not CSV: {error}") from error
    if len(rows) > limits.BATCH_RECORDS + 1:
        raise UnreadableDocument(f"more than {limits.BATCH_RECORDS:,} row results")
    header = [name.lower() for name in rows[0]] if rows else []
    try:
        columns = [header.index(name) for name in ("id", "success", "created", "error")]
    except ValueError as error:
        raise UnreadableDocument(f"row results with the columns {header} cannot be read") from error
    del rows[0]
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise UnreadableDocument(f"row result {number} has {len(row)} of {len(header)} columns")
    # What UploadResult(...) does, without a call of Python for each row.
    make = partial(tuple.__new__, UploadResult)
    return list(map(make, map(itemgetter(*columns), rows)))


_TRUTHS = ("true", "false")


def _row_from_json(row: Any) -> UploadResult:
    # A text "false" would count as a success, as every text does.
    if (
        not isinstance(row, dict)
        or not isinstance(row.get("success"), bool)
        or not isinstance(row.get("created"), bool)
        or not isinstance(row.get("errors"), list)
        or not all(isinstance(error, dict) for error in row["errors"])
    ):
        raise UnreadableDocument("a row result was expected, something else came")
    return UploadResult(read_text(row, "id"), row["success"], row["created"], row["errors"])


def _row_from_xml(element: ET.Element) -> UploadResult:
    children = {local_name(child.tag): child.text for child in element}
    if children.get("success") not in _TRUTHS or children.get("created", "false") not in _TRUTHS:
        raise UnreadableDocument("a row result says neither true nor false")
    errors = [read_error(child) for child in element if local_name(child.tag) == "errors"]
    return UploadResult(
        children.get("id"), children["success"] == "true", children.get("created") == "true", errors
    )


def read_error(element: ET.Element) -> dict[str, Any]:
    """One ``errors`` element: the names of its fields, its message and its status code."""
    found: dict[str, Any] = {"fields": [], "message": None, "statusCode": None}
    for child in element:
        name = local_name(child.tag)
        if name == "fields":
            found["fields"].append(child.text)
        elif name in found:
            found[name] = child.text
    return found


# What all of them share


def as_text(info: Mapping[str, Any]) -> dict[str, str | None]:
    """The values of a JSON document as the XML document would have them."""
    return {name: _value_text(value) for name, value in info.items()}


def _value_text(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _json_list(body: bytes) -> list[Any]:
    document = read_json(body)
    if not isinstance(document, list):
        raise UnreadableDocument(f"a JSON array was expected, a {type(document).__name__} came")
    return document


def _xml(body: bytes, kind: str) -> ET.Element:
    if kind != media.XML:
        raise UnreadableDocument(f"XML was expected, {kind or 'an empty body'} came")
    return read_xml(body)


# The batch body


_QUOTED_OR_NEWLINE = re.compile(rb'"[^"]*"|\n|\r(?!\n)')


def count_csv_records(body: bytes) -> int:
    """Records in a CSV body, the header not counted; newlines inside quotes do not count."""
    ends = sum(1 for match in _QUOTED_OR_NEWLINE.finditer(body) if match[0][:1] != b'"')
    return ends - (1 if body.endswith((b"\n", b"\r")) else 0)
