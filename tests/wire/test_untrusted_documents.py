"""Whatever a server sends, a reader gives what it promises, or an error of this library."""

from __future__ import annotations

import copy
import json
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesforce_bulk import UnexpectedResponse
from salesforce_bulk.api import describe
from salesforce_bulk.wire import v1, v2
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.fault import read_fault
from salesforce_bulk.wire.row_error import read_row_error
from salesforce_bulk.wire.soap import read_login

JOB = {
    "id": "750000000000001AAA",
    "state": "JobComplete",
    "operation": "query",
    "object": "Account",
    "apiVersion": 64.0,
    "numberRecordsProcessed": 3,
    "numberRecordsFailed": 0,
    "errorMessage": None,
    "createdDate": "2024-01-01T00:00:00.000+0000",
}
FIELD = {
    "name": "Name",
    "type": "string",
    "length": 80,
    "nillable": True,
    "referenceTo": ["Account"],
    "relationshipName": None,
    "compoundFieldName": None,
}
PAGES = {
    "done": False,
    "nextRecordsUrl": "/services/data/v64.0/jobs/query/750000000000001AAA/resultpages?locator=b",
    "resultPages": [
        {"resultUrl": "/services/data/v64.0/jobs/query/750000000000001AAA/results?locator=a"}
    ],
}
JOBS = {
    "done": False,
    "nextRecordsUrl": "/services/data/v64.0/jobs/ingest?queryLocator=01g-2000",
    "records": [JOB],
}
BATCH = {"id": "751000000000001AAA", "jobId": "750000000000001AAA", "state": "Completed",
         "numberRecordsProcessed": 3}  # fmt: skip
ROW = {"id": "001000000000001AAA", "success": True, "created": False, "errors": []}

Reader = Callable[[bytes], Any]


def answer(body: bytes) -> Any:
    return SimpleNamespace(content=body, headers={}, url="https://acme.my.salesforce.com/x")


#: Each reader of JSON, and a document that it reads.
JSON_READERS: dict[str, tuple[Reader, Any]] = {
    "job of 2.0": (v2.read_job, JOB),
    "jobs": (v2.read_job_page, JOBS),
    "result pages": (v2.read_result_pages, PAGES),
    "job or batch of 1.0": (
        lambda body: v1.one_info(v1.read_info("application/json", body)),
        BATCH,
    ),
    "batches": (
        lambda body: v1.batch_infos(v1.read_info("application/json", body)),
        {"batchInfo": [BATCH]},
    ),
    "result ids": (lambda body: v1.read_result_ids("application/json", body), ["752000000000001"]),
    "row results": (lambda body: v1.read_row_results("application/json", body), [ROW]),
    "describe": (
        lambda body: describe._read_object(answer(body)),
        {"name": "Account", "keyPrefix": "001", "fields": [FIELD]},
    ),
    "limits": (
        lambda body: describe._read_limits(answer(body)),
        {"DailyBulkApiBatches": {"Max": 15000, "Remaining": 14998}},
    ),
    "fault": (
        lambda body: read_fault("application/json", body),
        [{"errorCode": "NOT_FOUND", "message": "gone"}],
    ),
}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["../../evil", "\ud800", "9" * 400, "-1", "", "https://evil.example/x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=6,
)


@pytest.mark.parametrize("name", JSON_READERS)
def test_a_right_document_is_read(name: str) -> None:
    """The documents that the others spoil are right."""
    read, document = JSON_READERS[name]
    assert read(json.dumps(document).encode()) is not None


def places(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document, its own included."""
    items: Any = ()
    if isinstance(document, dict):
        items = document.items()
    elif isinstance(document, list):
        items = enumerate(document)
    return [path, *(place for key, value in items for place in places(value, (*path, key)))]


def with_value(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(document)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize("name", JSON_READERS)
@given(data=st.data(), value=JSON_VALUES)
def test_any_value_at_any_place_is_read_or_refused(name: str, data: Any, value: Any) -> None:
    """One value of a right document replaced by anything JSON can write is no foreign error."""
    read, document = JSON_READERS[name]
    path = data.draw(st.sampled_from(places(document)))
    read_or_refused(read, json.dumps(with_value(document, path, value)).encode())


@pytest.mark.parametrize("name", JSON_READERS)
@given(body=st.binary(max_size=200))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"id": ' + b"9" * 65_000 + b', "state": "Open"}')
@example(b'{"id": 1e999, "state": NaN}')
def test_any_bytes_are_read_or_refused(name: str, body: bytes) -> None:
    """Nested beyond all measure, numbers of 65,000 digits, bytes of any kind: typed errors."""
    read_or_refused(JSON_READERS[name][0], body)


def read_or_refused(read: Reader, body: bytes) -> None:
    try:
        found = read(body)
    except UnreadableDocument as error:
        str(error).encode()
    else:
        for job in [found] if isinstance(found, v2.JobInfo) else getattr(found, "jobs", ()):
            assert job.id.replace("-", "").replace("_", "").isalnum()
            assert isinstance(job.rows_processed, (int, type(None)))


XML_READERS: dict[str, Reader] = {
    "info": lambda body: v1.read_info("application/xml", body),
    "one": lambda body: v1.one_info(v1.read_info("application/xml", body)),
    "batches": lambda body: v1.batch_infos(v1.read_info("application/xml", body)),
    "result ids": lambda body: v1.read_result_ids("application/xml", body),
    "row results": lambda body: v1.read_row_results("application/xml", body),
    "fault": lambda body: read_fault("application/xml", body),
    "login": read_login,
}
NAMES = st.sampled_from(
    ["jobInfo", "batchInfo", "batchInfoList", "result-list", "result", "results", "id", "jobId",
     "state", "numberRecordsProcessed", "success", "created", "errors", "fields", "statusCode",
     "serverUrl", "sessionId", "faultcode", "exceptionCode"],
)  # fmt: skip


@st.composite
def elements(draw: Any, depth: int = 3) -> str:
    name = draw(NAMES)
    text = escape(draw(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)))
    inner = draw(st.lists(elements(depth - 1), max_size=4)) if depth else []
    return f"<{name}>{text}{''.join(inner)}</{name}>"


@pytest.mark.parametrize("name", XML_READERS)
@given(document=elements())
@example("<a>" * 50_000 + "</a>" * 50_000)
@example("<result-list><result>../../evil</result></result-list>")
@example("<results><result><success>yes</success></result></results>")
def test_any_xml_is_read_or_refused(name: str, document: str) -> None:
    """Elements of the API in any order and depth end in no foreign error."""
    try:
        XML_READERS[name](document.encode())
    except UnreadableDocument as error:
        str(error).encode()


@given(st.text())
def test_any_row_error_is_read(text: str) -> None:
    """The error of a row is data of others, and never an error here."""
    read_row_error(text)


@given(st.binary())
def test_any_csv_row_results_are_read_or_refused(body: bytes) -> None:
    """CSV row results that are none are unreadable."""
    head = b'"Id","Success","Created","Error"\n'
    for whole in (body, head + body):
        try:
            v1.read_row_results("text/csv", whole)
        except UnreadableDocument as error:
            str(error).encode()


@pytest.mark.parametrize("success", ["false", "true", 0, 1, None, [], "no"])
def test_a_truth_value_that_is_none_is_no_success(success: Any) -> None:
    """A JSON row whose success is a text is unreadable: the text "false" would be true."""
    body = json.dumps([{**ROW, "success": success}]).encode()
    with pytest.raises(UnreadableDocument):
        v1.read_row_results("application/json", body)


EVIL = ["../../evil", "a/b", "a?b", "..", ".", "", "a b", "%2e%2e", "\u0661", 1, None, {}, "x" * 65]


@pytest.mark.parametrize("evil", EVIL)
def test_an_id_is_an_id(evil: Any) -> None:
    """What would lead a further call to another address is refused where it is read."""
    with pytest.raises(UnreadableDocument):
        v2.read_job(json.dumps({**JOB, "id": evil}).encode())
    with pytest.raises(UnreadableDocument):
        v1.read_result_ids("application/json", json.dumps([evil]).encode())
    if evil is not None:
        with pytest.raises(UnreadableDocument):
            v1.one_info({**BATCH, "id": evil})


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/services/data/v64.0/jobs/query/750000000000001AAA/results?locator=a",
        "//evil.example/services/data/v64.0/jobs/query/750000000000001AAA/results?locator=a",
        "/services/data/v64.0/jobs/query/750000000000002AAA/results?locator=a",
        "/services/data/v64.0/jobs/query/../../evil/results?locator=a",
        "/services/data/v64.0/query/750000000000001AAA/results?locator=a",
        "/services/apexrest/evil?locator=a",
        "/services/data/v64.0/jobs/query/750000000000001AAA/results#locator=a",
        "http://[::1",
        "",
    ],
)
def test_the_address_of_a_page_lies_where_the_guide_says(url: str) -> None:
    """Another host, another job and another resource are not followed."""
    with pytest.raises(UnexpectedResponse):
        v2.locator_of(url, "750000000000001AAA", "results")


def test_the_guides_addresses_are_followed() -> None:
    """The guide's sample of both, an id of 15 characters, and the first page."""
    base = "/services/data/v66.0/jobs/query/750000000000001"
    job_id = "750000000000001AAA"
    assert v2.locator_of(f"{base}AAA/results?locator=MjAw%2B", job_id, "results") == "MjAw+"
    assert v2.locator_of(f"{base}/results", job_id, "results") is None
    assert v2.locator_of(f"{base}AAA/resultpages?locator=a", job_id, "resultPages") == "a"
    assert v2.read_job_page(json.dumps(JOBS).encode()).next_path == (
        "jobs/ingest?queryLocator=01g-2000"
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/services/data/v64.0/jobs/ingest?queryLocator=a",
        "/services/data/v64.0/jobs/../sobjects/User?queryLocator=a",
        "/services/data/v64.0/jobs/ingest/750/batches",
        "/jobs/ingest",
        "/services/data/v64.0/jobs/ingest?a b",
    ],
)
def test_the_next_jobs_lie_where_the_guide_says(url: str) -> None:
    """A list of jobs leads to lists of jobs only."""
    with pytest.raises(UnreadableDocument):
        v2.read_job_page(json.dumps({**JOBS, "nextRecordsUrl": url}).encode())


def test_a_limit_without_a_number_is_none() -> None:
    """Limits with null are left out, the others are read."""
    body = json.dumps(
        {"A": None, "B": {"Max": None, "Remaining": 1}, "C": {"Max": 2, "Remaining": 1}}
    )
    assert list(describe._read_limits(answer(body.encode()))) == ["C"]


#: Documents of few bytes, packed, that take a hundred times as many in memory when they are read.
SWOLLEN = {
    "xml": ("application/xml", b"<results>" + b"<a/>" * 1_100_000 + b"</results>"),
    "attributes": ("application/xml", b"<results " + b"a='' " * 1_100_000 + b"></results>"),
    "json": ("application/json", b"[" + b"[]," * 4_100_000 + b"0]"),
    "csv": ("text/csv", b'"Id","Success","Created","Error"\n' + b",,,\n" * 2_000_000),
    "blank csv": ("text/csv", b'"Id","Success","Created","Error"\n' + b"\n" * 8_000_000),
}


@pytest.mark.parametrize("kind", SWOLLEN)
def test_a_document_is_not_read_into_a_hundred_times_its_size(kind: str) -> None:
    content_type, body = SWOLLEN[kind]
    tracemalloc.start()
    with pytest.raises(UnreadableDocument, match="more than"):
        v1.read_row_results(content_type, body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(body)


def test_the_results_of_the_largest_batch_are_read() -> None:
    """10,000 rows, each with an error, in every format."""
    row = b'"","false","false","REQUIRED_FIELD_MISSING:a=b:Name --"\n'
    assert len(v1.read_row_results("text/csv", SWOLLEN["csv"][1][:33] + row * 10_000)) == 10_000
    error = "<errors><fields>A</fields><fields>B</fields><message>a=b</message></errors>"
    result = f"<result>{error}<success>false</success><created>false</created></result>"
    document = f"<results xmlns='{v1.NAMESPACE}'>{result * 10_000}</results>"
    assert len(v1.read_row_results("application/xml", document.encode())) == 10_000
