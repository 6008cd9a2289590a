"""Query jobs of Bulk API 2.0 over real HTTP: shapes, pages, locators, refusals."""

import gzip
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_client import RestClient

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

CREATED = [
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
    "concurrencyMode", "contentType", "apiVersion", "lineEnding", "columnDelimiter",
]  # fmt: skip
INFO = [
    *CREATED[:10], "jobType", "lineEnding", "columnDelimiter", "numberRecordsProcessed",
    "retries", "totalProcessingTime", "isPkChunkingSupported",
]  # fmt: skip
NAMES = "SELECT Id, Name FROM Account"


@pytest.fixture
def rest(emulator):
    return RestClient(emulator)


@pytest.fixture
def busy():
    with SalesforceEmulator() as running:
        running.engine.pause()
        yield RestClient(running)


@pytest.fixture(scope="module")
def full():
    """A client of an org with 4,321 accounts; of each result the blocks have 2,000 rows."""
    with SalesforceEmulator(inline=True, clock=ManualClock()) as running:
        rest = RestClient(running)
        rest.load(
            "insert",
            "Account",
            "Name,Site\n" + "".join(f'"A,{n}","x\n""y"""\n' for n in range(4_321)),
        )
        yield rest


@pytest.fixture(scope="module")
def results(full):
    """(job, its rows in one page) for results of several sizes."""
    found = {}
    for rows in (0, 1, 5, 1_999, 2_000, 2_001, 4_000, 4_321):
        job = full.query(
            f"SELECT Name, Site FROM Account ORDER BY Id LIMIT {rows or 1}"
            if rows
            else "SELECT Name, Site FROM Account WHERE Name = 'nobody'"
        )
        found[rows] = job, full.page(job).rows
    return found


def test_a_created_query_has_the_recorded_fields_in_the_recorded_order(rest):
    answer = rest.call("POST", "jobs/query", {"operation": "query", "query": NAMES})
    job = answer.json
    assert (answer.status, list(job)) == (200, CREATED)
    assert (job["state"], job["object"], job["apiVersion"]) == ("UploadComplete", "Account", 66.0)
    assert (job["lineEnding"], job["columnDelimiter"]) == ("LF", "COMMA")


def test_the_info_of_a_query(rest):
    rest.load("insert", "Account", "Name\nA\nB\n")
    info = rest.info(rest.query(NAMES), "query")
    assert list(info) == INFO
    assert (info["state"], info["jobType"]) == ("JobComplete", "V2Query")
    assert (info["numberRecordsProcessed"], info["isPkChunkingSupported"]) == (2, True)


def test_a_page_is_quoted_throughout_and_ends_with_the_word_null(rest):
    created = rest.successful(rest.load("insert", "Account", 'Name\n"Acme, ""Ltd"""\n')).rows[1][0]
    page = rest.page(rest.query("select id, name, parent.name from account"))
    assert page.headers["Content-Type"] == "text/csv"
    assert page.text == f'"Id","Name","Parent.Name"\n"{created}","Acme, ""Ltd""",""\n'
    assert (page.headers["Sforce-NumberOfRecords"], page.locator) == ("1", "null")


def test_no_rows_are_a_header(rest):
    page = rest.page(rest.query(NAMES))
    assert (page.status, page.text) == (200, '"Id","Name"\n')
    assert (page.headers["Sforce-NumberOfRecords"], page.locator) == ("0", "null")


def test_pages_have_locators_that_look_like_the_recorded_ones(full, results):
    job, _ = results[4_321]
    page = full.page(job, rows=1_000)
    assert page.locator == "MTAwMA"
    assert page.headers["Sforce-NumberOfRecords"] == "1000"


def test_a_locator_can_be_read_again_and_with_another_size(full, results):
    job, rows = results[4_321]
    locator = full.page(job, rows=700).locator
    first, again = full.page(job, locator, 50), full.page(job, locator, 50)
    assert (first.body, first.locator) == (again.body, again.locator)
    assert first.rows == [rows[0], *rows[701:751]]
    assert full.page(job, locator).rows == [rows[0], *rows[701:]]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_sequence_of_page_sizes_gives_the_whole_result_once(full, results, data):
    total = data.draw(st.sampled_from(sorted(results)))
    job, rows = results[total]
    found, locator = [], None
    for _ in range(40):
        size = data.draw(
            st.sampled_from([1, 7, 1_999, 2_000, 2_001, 5_000, 10**17]) | st.integers(50, 5_000)
        )
        page = full.page(job, locator, size)
        header, *part = page.rows
        assert header == rows[0]
        assert page.headers["Sforce-NumberOfRecords"] == str(len(part))
        assert len(part) == min(size, total - len(found))
        found += part
        locator = page.locator
        if locator == "null":
            break
    assert found == rows[1 : len(found) + 1]
    assert len(found) == total or locator != "null"


def test_without_a_size_the_server_chooses_it(full, results):
    job, rows = results[4_321]
    full.emulator.bulk2.page_rows = 2_500
    try:
        found = [page.rows[1:] for page in full.pages(job)]
    finally:
        full.emulator.bulk2.page_rows = 50_000
    assert [len(part) for part in found] == [2_500, 1_821]
    assert [*found[0], *found[1]] == rows[1:]


@pytest.mark.parametrize("size", ["0", "-1", "x", "1.5", "²", "1" * 5_000])
def test_a_page_of_an_impossible_size_is_refused(full, results, size):
    job, _ = results[5]
    answer = full.get(f"jobs/query/{job}/results?maxRecords={size.replace('²', '%C2%B2')}")
    assert answer.error[:2] == (400, "API_ERROR")


@pytest.mark.parametrize(
    "locator", ["null", "x", "5", "MA==", "LTE", "NQ", "OTk5", "%00", "M" * 9_000, "wrI"]
)
def test_a_locator_that_was_never_given_out_is_refused(full, results, locator):
    job, _ = results[5]
    for resource in ("results", "resultPages"):
        answer = full.get(f"jobs/query/{job}/{resource}?locator={locator}")
        assert answer.error == (400, "INVALID_QUERY_LOCATOR", "invalid query locator")


def test_locators_of_old_versions_are_plain_numbers(full):
    job = full.call(
        "POST", "jobs/query", {"operation": "query", "query": NAMES}, version="48.0"
    ).json["id"]
    page = full.page(job, rows=3, version="48.0")
    assert page.locator == "3"
    assert full.page(job, "3", 2, version="48.0").locator == "5"


def test_results_are_read_with_the_jobs_own_version(full, results):
    job, _ = results[5]
    for resource in ("results", "resultPages"):
        answer = full.get(f"jobs/query/{job}/{resource}", version="65.0")
        assert answer.status == 409
        assert answer.json[0]["message"]
    assert full.get(f"jobs/query/{job}", version="65.0").status == 200


def test_result_pages_are_five_a_call_and_add_up(full, results):
    job, rows = results[4_321]
    full.emulator.bulk2.page_rows = 400
    base = f"/services/data/v66.0/jobs/query/{job}"
    try:
        path, found, calls = f"jobs/query/{job}/resultPages", [], 0
        while path:
            listed = full.get(path).json
            calls += 1
            assert len(listed["resultPages"]) <= 5
            for entry in listed["resultPages"]:
                page = full.get(entry["resultUrl"])
                assert page.rows[0] == rows[0]
                found += page.rows[1:]
            path = listed.get("nextRecordsUrl")
            assert listed["done"] is (path is None)
            assert path is None or path.startswith(f"{base}/resultpages?locator=")
    finally:
        full.emulator.bulk2.page_rows = 50_000
    assert (calls, found) == (3, rows[1:])


def test_the_result_pages_of_no_rows_are_one(full, results):
    job, _ = results[0]
    listed = full.get(f"jobs/query/{job}/resultpages").json
    assert listed == {
        "resultPages": [{"resultUrl": f"/services/data/v66.0/jobs/query/{job}/results"}],
        "done": True,
    }


def test_result_pages_came_with_58(full):
    job = full.call(
        "POST", "jobs/query", {"operation": "query", "query": NAMES}, version="57.0"
    ).json["id"]
    assert full.get(f"jobs/query/{job}/resultPages", version="57.0").status == 404


def test_pages_are_gzip_where_it_is_asked_for(full, results):
    job, _ = results[4_321]
    path = f"jobs/query/{job}/results?maxRecords=3000"
    plain, packed = full.get(path), full.get(path, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert packed.locator == plain.locator
    deflate = full.get(path, headers={"Accept-Encoding": "deflate, br"})
    assert deflate.headers["Content-Encoding"] is None


def test_trailing_slash_letter_case_and_fifteen_characters(full, results):
    job, rows = results[5]
    for path in (f"{job}/results/", f"{job}/Results", f"{job[:15]}/results"):
        assert full.get(f"jobs/query/{path}").rows == rows


def test_query_all_sees_deleted_records(rest):
    created = rest.successful(rest.load("insert", "Account", "Name\nA\nB\n")).rows[1][0]
    rest.load("delete", "Account", f"Id\n{created}\n")
    soql = "SELECT Id FROM Account"
    assert len(rest.page(rest.query(soql)).rows) == 2
    assert len(rest.page(rest.query(soql, "queryAll")).rows) == 3


def test_a_result_does_not_change_with_the_records(rest):
    rest.load("insert", "Account", "Name\nA\n")
    job = rest.query(NAMES)
    before = rest.page(job).body
    rest.load("insert", "Account", "Name\nB\n")
    assert rest.page(job).body == before


# refusals at create


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        (
            "SELECT BillingAddress FROM Account",
            "API_ERROR",
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT COUNT() FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk Query",
        ),
        (
            "SELECT Name, (SELECT Id FROM Contacts) FROM Account",
            "API_ERROR",
            "Aggregate Relationships not supported in Bulk Query",
        ),
        ("SELECT Name FROM Account GROUP BY Name", None, "not supported"),
        ("SELECT Id FROM Account LIMIT 1 OFFSET 1", None, "OFFSET"),
        ("SELECT Id FROM CaseStatus", "INVALIDENTITY", "is not supported by the Bulk API"),
        (
            "SELECT Bacon__c FROM Account",
            "INVALID_FIELD",
            "No such column 'Bacon__c' on entity 'Account'",
        ),
        ("SELECT Id FROM XYZZY", "INVALID_TYPE", "sObject type 'XYZZY' is not supported"),
        ("SELEKT Id FROM Account", "MALFORMED_QUERY", "unexpected token: SELEKT"),
        ("SELECT Id FROM Account WHERE " + "(" * 50_000, "MALFORMED_QUERY", ""),
        ("SELECT Id FROM Account WHERE Name = '" + "x" * 100_000 + "'", "MALFORMED_QUERY", ""),
        ("", "API_ERROR", ""),
    ],
)
def test_a_query_that_cannot_be_is_refused_at_create(rest, soql, code, message):
    status, found, text = rest.call(
        "POST", "jobs/query", {"operation": "query", "query": soql}
    ).error
    assert status == 400
    assert code in (None, found)
    assert message in text
    assert rest.get("jobs/query").json["records"] == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"operation": "insert", "query": NAMES}, "INVALIDOPERATION"),
        ({"query": NAMES}, "INVALIDOPERATION"),
        ({"operation": "query"}, "API_ERROR"),
        ({"operation": "query", "query": 5}, "API_ERROR"),
        ({"operation": "query", "query": NAMES, "columnDelimiter": "SPACE"}, "INVALIDJOB"),
        ({"operation": "query", "query": NAMES, "object": "Account"}, "JSON_PARSER_ERROR"),
    ],
)
def test_a_query_job_that_cannot_be_is_refused_at_create(rest, document, code):
    assert rest.call("POST", "jobs/query", document).error[:2] == (400, code)


def test_null_stands_for_a_default(rest):
    document = {"operation": "query", "query": NAMES, "columnDelimiter": None, "lineEnding": None}
    assert rest.call("POST", "jobs/query", document).json["columnDelimiter"] == "COMMA"


def test_a_day_has_its_number_of_queries(rest, emulator, clock):
    emulator.bulk2.query_jobs_per_day = 2
    for _ in range(2):
        rest.query(NAMES)
    document = {"operation": "query", "query": NAMES}
    assert rest.call("POST", "jobs/query", document).error == (
        400,
        "LIMIT_EXCEEDED",
        "Max bulk v2 query jobs (2) per 24 hrs has been reached (2)",
    )
    assert rest.get("limits").json["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 9_998}
    clock.advance(86_400)
    rest.token = RestClient(emulator).token
    assert rest.call("POST", "jobs/query", document).status == 200


# states


def test_results_before_the_end_are_refused(busy):
    job = busy.query(NAMES)
    for resource in ("results", "resultPages"):
        assert busy.get(f"jobs/query/{job}/{resource}").error == (
            400,
            "JOB_NOT_COMPLETE",
            "can only download query results of successfully completed bulk job with status: "
            "JOB_COMPLETE. Current status: UPLOAD_COMPLETE",
        )


def test_a_waiting_query_can_be_aborted_but_not_deleted(busy):
    job = busy.query(NAMES)
    delete = busy.call("DELETE", f"jobs/query/{job}")
    assert delete.error == (
        400,
        "API_ERROR",
        "Error encountered when deleting the job because the job is not terminated",
    )
    aborted = busy.patch(job, "Aborted", "query")
    assert (aborted.status, list(aborted.json)) == (200, CREATED[:10])
    assert aborted.json["state"] == "Aborted"
    assert busy.page(job).error[1] == "JOB_NOT_COMPLETE"
    assert busy.call("DELETE", f"jobs/query/{job}").status == 204
    assert busy.get(f"jobs/query/{job}").status == 404


def test_a_running_query_can_be_aborted_and_deleted(busy, caplog):
    busy.emulator.faults.add("slow_batch", seconds=600)
    job = busy.query(NAMES)
    busy.emulator.engine.resume()
    while busy.info(job, "query")["state"] != "InProgress":
        threading.Event().wait(0.001)
    assert busy.patch(job, "Aborted", "query").json["state"] == "Aborted"
    assert busy.call("DELETE", f"jobs/query/{job}").status == 204
    assert busy.emulator.engine.wait_idle(10)
    assert not caplog.records


def test_a_complete_query_cannot_be_aborted(rest):
    job = rest.query(NAMES)
    assert rest.patch(job, "Aborted", "query").error == (
        400,
        "INVALIDJOBSTATE",
        "Aborting already Completed Job not allowed",
    )
    assert rest.patch(job, "UploadComplete", "query").error[1] == "INVALIDJOB"


def test_a_failed_query_tells_why(rest, emulator):
    emulator.faults.add("batch_failed", code="InvalidBatch", message="Failed to process query: X")
    info = rest.info(rest.query(NAMES), "query")
    assert (info["state"], list(info)[-1]) == ("Failed", "errorMessage")
    assert info["errorMessage"] == "InvalidBatch : Failed to process query: X"


def test_a_query_that_is_queued_again_gives_every_row_once(rest, emulator):
    rest.load("insert", "Account", "Name\n" + "".join(f"A{n}\n" for n in range(3_000)))
    emulator.faults.add("requeue", after_rows=1_500)
    job = rest.query(NAMES)
    assert rest.info(job, "query")["retries"] == 1
    names = [row[1] for page in rest.pages(job, 1_000) for row in page.rows[1:]]
    assert sorted(names) == sorted(f"A{n}" for n in range(3_000))


def test_results_expire_after_seven_days(rest, clock):
    job = rest.query(NAMES)
    clock.advance(7 * 86_400)
    rest.token = RestClient(rest.emulator).token
    assert rest.page(job).status == 404


def test_results_can_be_late_and_empty_ones_204(rest, emulator):
    job = rest.query(NAMES)
    emulator.faults.add("results_not_ready", route="bulk2.page")
    assert rest.page(job).error[:2] == (400, "JOB_NOT_COMPLETE")
    emulator.faults.add("empty_as_204", route="bulk2.page")
    assert rest.page(job, headers={"Accept-Encoding": "gzip"}).status == 204
    assert rest.page(job).status == 200


def test_the_query_list_leads_on_at_its_own_address(rest, emulator):
    for _ in range(1_001):
        job = emulator.engine.create_job("query", "Account", "CSV", "66.0", emulator.org.admin)
        job.api, job.line_ending = "2.0", "LF"
    page = rest.get("jobs/query").json
    assert page["nextRecordsUrl"].startswith("/services/data/v66.0/jobs/query?queryLocator=01g")
    rest_of = rest.get(page["nextRecordsUrl"]).json
    assert (len(page["records"]), len(rest_of["records"]), rest_of["done"]) == (1_000, 1, True)
