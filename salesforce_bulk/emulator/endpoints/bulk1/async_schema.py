"""``AsyncApi.xsd``: the schema of Bulk API 1.0 documents, written from its field tables.

Source: *Bulk API Developer Guide*, "JobInfo", "BatchInfo", "Errors".
"""

from __future__ import annotations

from collections.abc import Sequence

from salesforce_bulk.emulator.endpoints.bulk1.family import AsyncFamily, job_route
from salesforce_bulk.emulator.endpoints.bulk1.media_types import reply
from salesforce_bulk.emulator.http.routes import Call, Route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.http.wire import DATALOAD, XML_DECLARATION

ENUMERATIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "OperationEnum",
        ("insert", "update", "upsert", "delete", "hardDelete", "query", "queryAll"),
    ),
    ("JobStateEnum", ("Open", "Closed", "Aborted", "Failed")),
    ("BatchStateEnum", ("Queued", "InProgress", "Completed", "Failed", "NotProcessed")),
    ("ContentType", ("XML", "CSV", "JSON", "ZIP_XML", "ZIP_CSV", "ZIP_JSON")),
    ("ConcurrencyModeEnum", ("Parallel", "Serial")),
)
#: Of each complex type: (name, type, lowest and highest number of occurrences).
Member = tuple[str, str, str, str]


def _optional(*members: tuple[str, str]) -> tuple[Member, ...]:
    return tuple((name, kind, "0", "1") for name, kind in members)


COMPLEX_TYPES: tuple[tuple[str, tuple[Member, ...]], ...] = (
    (
        "JobInfo",
        _optional(
            ("id", "xsd:string"),
            ("operation", "OperationEnum"),
            ("object", "xsd:string"),
            ("createdById", "xsd:string"),
            ("createdDate", "xsd:dateTime"),
            ("systemModstamp", "xsd:dateTime"),
            ("state", "JobStateEnum"),
            ("externalIdFieldName", "xsd:string"),
            ("concurrencyMode", "ConcurrencyModeEnum"),
            ("contentType", "ContentType"),
            ("numberBatchesQueued", "xsd:int"),
            ("numberBatchesInProgress", "xsd:int"),
            ("numberBatchesCompleted", "xsd:int"),
            ("numberBatchesFailed", "xsd:int"),
            ("numberBatchesTotal", "xsd:int"),
            ("numberRecordsProcessed", "xsd:long"),
            ("numberRetries", "xsd:int"),
            ("apiVersion", "xsd:string"),
            ("assignmentRuleId", "xsd:string"),
            ("numberRecordsFailed", "xsd:long"),
            ("totalProcessingTime", "xsd:long"),
            ("apiActiveProcessingTime", "xsd:long"),
            ("apexProcessingTime", "xsd:long"),
        ),
    ),
    (
        "BatchInfo",
        (
            ("id", "xsd:string", "1", "1"),
            ("jobId", "xsd:string", "1", "1"),
            ("state", "BatchStateEnum", "1", "1"),
            ("stateMessage", "xsd:string", "0", "1"),
            ("createdDate", "xsd:dateTime", "1", "1"),
            ("systemModstamp", "xsd:dateTime", "1", "1"),
            ("numberRecordsProcessed", "xsd:int", "1", "1"),
            *_optional(
                ("numberRecordsFailed", "xsd:int"),
                ("totalProcessingTime", "xsd:long"),
                ("apiActiveProcessingTime", "xsd:long"),
                ("apexProcessingTime", "xsd:long"),
            ),
        ),
    ),
    ("BatchInfoList", (("batchInfo", "BatchInfo", "0", "unbounded"),)),
    (
        "Error",
        (("exceptionCode", "xsd:string", "1", "1"), ("exceptionMessage", "xsd:string", "1", "1")),
    ),
    (
        "ResultError",
        (
            ("fields", "xsd:string", "0", "unbounded"),
            ("message", "xsd:string", "1", "1"),
            ("statusCode", "xsd:string", "1", "1"),
        ),
    ),
    (
        "Result",
        (
            ("errors", "ResultError", "0", "unbounded"),
            ("id", "xsd:string", "0", "1"),
            ("success", "xsd:boolean", "1", "1"),
            ("created", "xsd:boolean", "1", "1"),
        ),
    ),
    ("ResultList", (("result", "Result", "0", "unbounded"),)),
    ("QueryResultList", (("result", "xsd:string", "0", "unbounded"),)),
)
ELEMENTS = (
    ("jobInfo", "JobInfo"),
    ("batchInfo", "BatchInfo"),
    ("batchInfoList", "BatchInfoList"),
    ("error", "Error"),
    ("results", "ResultList"),
    ("result-list", "QueryResultList"),
)


def async_schema() -> str:
    """The whole document."""
    parts = [
        f'{XML_DECLARATION}\n<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        f' xmlns="{DATALOAD}" targetNamespace="{DATALOAD}" elementFormDefault="qualified">\n',
        *(f' <xsd:element name="{name}" type="{kind}"/>\n' for name, kind in ELEMENTS),
        *(_simple_type(name, words) for name, words in ENUMERATIONS),
        *(_complex_type(name, members) for name, members in COMPLEX_TYPES),
        "</xsd:schema>\n",
    ]
    return "".join(parts)


def _simple_type(name: str, words: Sequence[str]) -> str:
    values = "".join(f'   <xsd:enumeration value="{word}"/>\n' for word in words)
    return (
        f' <xsd:simpleType name="{name}">\n  <xsd:restriction base="xsd:string">\n'
        f"{values}  </xsd:restriction>\n </xsd:simpleType>\n"
    )


def _complex_type(name: str, members: Sequence[Member]) -> str:
    elements = "".join(
        f'   <xsd:element name="{member}" type="{kind}" minOccurs="{low}" maxOccurs="{high}"/>\n'
        for member, kind, low, high in members
    )
    return (
        f' <xsd:complexType name="{name}">\n  <xsd:sequence>\n{elements}'
        "  </xsd:sequence>\n </xsd:complexType>\n"
    )


def schema_routes(family: AsyncFamily) -> list[Route]:
    """``/AsyncApi.xsd``, which needs no session."""
    return [job_route("schema", "/AsyncApi.xsd", family, GET=get_schema)]


def get_schema(call: Call) -> Response:
    del call
    return reply(async_schema().encode(), "XML")
