"""Ingest jobs of Bulk API 2.0 over real HTTP: shapes, states, refusals, results."""

import csv
import gzip
import io
import json
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_client import RestClient

from salesforce_bulk.emulator import Fault, SalesforceEmulator

DELIMITERS = {
    "COMMA": ",",
    "BACKQUOTE": "`",
    "CARET": "^",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
CREATED = [
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state",
    "concurrencyMode", "contentType", "apiVersion", "contentUrl", "lineEnding", "columnDelimiter",
]  # fmt: skip
SHORT = CREATED[:10]
INFO = [
    *SHORT, "jobType", "lineEnding", "columnDelimiter", "numberRecordsProcessed",
    "numberRecordsFailed", "retries", "totalProcessingTime", "apiActiveProcessingTime",
    "apexProcessingTime",
]  # fmt: skip


@pytest.fixture
def rest(emulator):
    return RestClient(emulator)


@pytest.fixture
def busy():
    """A client of an emulator with worker threads, whose batches wait until they are let."""
    with SalesforceEmulator() as running:
        running.engine.pause()
        yield RestClient(running)


def test_a_created_job_has_the_recorded_fields_in_the_recorded_order(rest):
    answer = rest.create()
    job = answer.json
    assert (answer.status, list(job)) == (200, CREATED)
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert job["id"].startswith("750")
    assert len(job["id"]) == 18
    assert job["createdDate"] == "2024-01-01T00:00:00.000+0000"
    assert (job["state"], job["concurrencyMode"], job["contentType"]) == ("Open", "Parallel", "CSV")
    assert job["contentUrl"] == f"services/data/v66.0/jobs/ingest/{job['id']}/batches"
    assert b'"apiVersion":66.0' in answer.body


def test_the_external_id_stands_behind_the_state_where_it_is_set(rest):
    job = rest.create("upsert", externalIdFieldName="id").json
    assert list(job)[6:9] == ["state", "externalIdFieldName", "concurrencyMode"]
    assert job["externalIdFieldName"] == "Id"


def test_upload_and_close_answer_as_recorded(rest):
    job = rest.job()
    put = rest.put(job, "Name\nAcme\n")
    assert (put.status, put.body, put.headers["Content-Length"]) == (201, b"", "0")
    assert put.headers["Content-Type"] is None
    closed = rest.patch(job)
    assert (closed.status, list(closed.json), closed.json["state"]) == (200, SHORT, "JobComplete")


def test_the_answer_to_close_is_upload_complete_while_the_job_waits(busy):
    job = busy.job()
    busy.put(job, "Name\nAcme\n")
    assert busy.patch(job).json["state"] == "UploadComplete"
    assert busy.info(job)["state"] == "UploadComplete"


def test_the_info_of_a_finished_job_has_the_recorded_fields(rest):
    info = rest.info(rest.load("insert", "Account", 'Name\nA\n""\n"  "\n'))
    assert list(info) == INFO
    assert (info["jobType"], info["state"]) == ("V2Ingest", "JobComplete")
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (3, 2)


def test_counters_are_absent_before_the_upload_and_zero_after(rest):
    job = rest.job()
    before = rest.info(job)
    assert "numberRecordsProcessed" not in before
    assert list(before)[10:12] == ["jobType", "contentUrl"]
    rest.put(job, "Name\nA\n")
    assert rest.info(job)["numberRecordsProcessed"] == 0


def test_results_are_quoted_behind_the_header_as_it_was_sent(rest):
    job = rest.load("insert", "Account", 'nAme,"Site"\nA,x\n"B ""b"" , é",\n')
    done = rest.successful(job)
    assert done.headers["Content-Type"] == "text/csv"
    header, *rows = done.text.splitlines()
    assert header == '"sf__Id","sf__Created",nAme,"Site"'
    assert {row.split(",", 1)[1] for row in rows} == {
        '"true","A","x"',
        '"true","B ""b"" , é",""',
    }
    assert rest.failed(job).text == '"sf__Id","sf__Error",nAme,"Site"\n'
    assert rest.unprocessed(job).text == 'nAme,"Site"\n'


def test_values_come_back_in_the_form_of_their_type(emulator, rest):
    emulator.define_object(
        "Load__c",
        {"Ok__c": "checkbox", "When__c": "datetime", "Day__c": "date", "Sum__c": "number"},
    )
    header = "Ok__c,When__c,Day__c,Sum__c"
    data = f"{header}\nTRUE,2024-01-31T01:00:00+01:00,2024-01-31Z,912260031\n0,,,oops\n"
    job = rest.load("insert", "Load__c", data)
    assert rest.successful(job).rows[1][2:] == [
        "true",
        "2024-01-31T00:00:00.000Z",
        "2024-01-31",
        "9.12260031E8",
    ]
    assert rest.failed(job).rows[1][2:] == ["false", "", "", "oops"]


def test_an_int_comes_back_as_it_was_sent(rest):
    job = rest.load("insert", "Account", "Name,NumberOfEmployees\nA,197724\n")
    assert rest.successful(job).rows[1][3] == "197724"


@pytest.mark.parametrize("ending", ["LF", "CRLF"])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_each_delimiter_with_each_line_ending(rest, delimiter, ending):
    mark, end = DELIMITERS[delimiter], {"LF": "\n", "CRLF": "\r\n"}[ending]
    text = f'a "{mark}" b\nc'
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=mark, lineterminator=end)
    writer.writerows([["Name", "Description"], ["A", text], ["", "no name"]])
    job = rest.load(
        "insert", "Account", buffer.getvalue(), columnDelimiter=delimiter, lineEnding=ending
    )
    assert rest.info(job)["columnDelimiter"] == delimiter
    done = rest.successful(job).text
    head = mark.join(['"sf__Id"', '"sf__Created"', "Name", "Description"]) + end
    assert done.startswith(head)
    assert done.endswith(f'"{mark}"{text.replace(chr(34), chr(34) * 2)}"{end}')
    assert rest.failed(job).text.endswith(mark.join(['""', '"no name"']) + end)
    assert rest.unprocessed(job).text == f"Name{mark}Description{end}"


@pytest.mark.parametrize("delimiter", ["PIPE", "TAB"])
def test_a_query_of_a_dialect_has_it_in_its_results(rest, delimiter):
    rest.load("insert", "Account", "Name,Site\nA,x\n")
    job = rest.query("SELECT Name, Site FROM Account", columnDelimiter=delimiter, lineEnding="CRLF")
    mark = DELIMITERS[delimiter]
    assert rest.page(job).text == f'"Name"{mark}"Site"\r\n"A"{mark}"x"\r\n'


def failure(rest, data, operation="insert", name="Account", **more):
    job = rest.load(operation, name, data, **more)
    info = rest.info(job)
    assert info["state"] == "Failed"
    assert (info["numberRecordsProcessed"], info["numberRecordsFailed"]) == (0, 0)
    assert list(info)[-1] == "errorMessage"
    return info["errorMessage"], job


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("Name,Xyz\nA,b\n", "InvalidBatch : Field name not found : Xyz"),
        ("\ufeffName\nA\n", "InvalidBatch : Field name not found : \ufeffName"),
        ("Name;Site\nA;b\n", "InvalidBatch : Field name not found : Name;Site"),
        (
            "Name\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. "
            "Current LineEnding setting is LF",
        ),
        ("Name,Acount.Name\nA,b\n", "InvalidBatch : Unable to find relationship: Acount"),
        (
            "Name,Account:Parent.Id\nA,b\n",
            "InvalidBatch : type is not needed for non polymorphic foreign key references: Parent",
        ),
    ],
)
def test_data_that_fail_the_whole_job_are_left_unprocessed(rest, data, message):
    found, job = failure(rest, data)
    assert found == message
    header = data.splitlines()[0]
    assert rest.successful(job).text == f'"sf__Id","sf__Created",{header}\n'
    assert rest.failed(job).text == f'"sf__Id","sf__Error",{header}\n'
    assert rest.unprocessed(job).rows[0][0] == header.split(",")[0]
    assert len(rest.unprocessed(job).rows) == 2


def test_lf_data_in_a_crlf_job_fail_with_its_name(rest):
    message, _ = failure(rest, "Name\nA\n", lineEnding="CRLF")
    assert message.endswith(
        "LineEnding is invalid on user data. Current LineEnding setting is CRLF"
    )


@pytest.mark.parametrize("operation", ["delete"])
def test_more_than_ids_to_delete_fail_the_job(rest, operation):
    message, _ = failure(rest, "Id,Name\n001000000000001,A\n", operation)
    assert message == "InvalidBatch : The 'delete' batch must contain only ids"


@pytest.mark.parametrize("data", [b"Name\n\xff\n", b'Name\n"A\n', b'Name\nA"B\n', b"\xff\xfe\n1\n"])
def test_data_that_cannot_be_read_come_back_as_they_are(rest, data):
    job = rest.load("insert", "Account", data)
    assert rest.info(job)["state"] == "Failed"
    assert rest.info(job)["errorMessage"].startswith("InvalidBatch : ")
    assert rest.unprocessed(job).body == data


@pytest.mark.parametrize("data", [None, b"", b"\n\n", b"Name\n", b"Name"])
def test_no_data_is_a_complete_job_without_rows(rest, data):
    job = rest.load("insert", "Account", data)
    assert rest.info(job)["state"] == "JobComplete"
    header = ",Name" if data and data.startswith(b"N") else ""
    assert rest.successful(job).text == f'"sf__Id","sf__Created"{header}\n'
    assert rest.failed(job).text == f'"sf__Id","sf__Error"{header}\n'
    assert rest.unprocessed(job).text == ("Name\n" if header else "")


def test_a_row_of_another_width_fails_alone_and_comes_back_empty(rest):
    job = rest.load("insert", "Account", "Name,Site,Fax\nA,b\nB,c,d\nC,d,e,f\n")
    assert [row[2] for row in rest.successful(job).rows[1:]] == ["B"]
    failed = sorted(rest.failed(job).rows[1:])
    text = "INVALID_FIELD:Number of fields in header is different from the row. header = 3 row ="
    assert failed == [["", f"{text} {width}:--", "", "", ""] for width in (2, 4)]


@pytest.mark.parametrize(("version", "named"), [("52.0", False), ("53.0", True), ("66.0", True)])
def test_failed_results_name_the_record_from_53_on(rest, emulator, version, named):
    rest.version = version
    done = rest.successful(rest.load("insert", "Account", "Name\nA\n")).rows[1]
    job = rest.load("update", "Account", f"Id,NumberOfEmployees\n{done[0][:15]},many\n")
    [record] = rest.failed(job).records
    assert record["sf__Id"] == (done[0] if named else "")
    assert record["sf__Error"].startswith("INVALID_FIELD:Failed to deserialize field at col 1.")
    assert record["sf__Error"].endswith("xsd:int:NumberOfEmployees --")


def test_an_empty_cell_leaves_a_field_and_na_clears_it(rest):
    created = rest.successful(rest.load("insert", "Account", "Name,Site,Fax\nA,s,f\n")).rows[1][0]
    rest.load("update", "Account", f"Id,Site,Fax\n{created},,#N/A\n")
    page = rest.page(rest.query("SELECT Site, Fax FROM Account"))
    assert page.rows[1] == ["s", ""]


def test_upserts_tell_created_from_updated(rest, emulator):
    emulator.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
    options = {"externalIdFieldName": "ext__C"}
    rest.load("upsert", "Load__c", "Ext__c\nA\n", **options)
    job = rest.load("upsert", "Load__c", "Ext__c,Amount__c\nA,1\nB,2\n", **options)
    assert {(r["Ext__c"], r["sf__Created"]) for r in rest.successful(job).records} == {
        ("A", "false"),
        ("B", "true"),
    }


def test_equal_rows_are_told_apart(rest):
    job = rest.load("insert", "Account", "Name\n" + "Twin\n" * 5)
    ids = [row[0] for row in rest.successful(job).rows[1:]]
    assert len(set(ids)) == 5


def test_results_do_not_keep_the_order_of_the_upload(rest):
    names = [f"A{n}" for n in range(50)]
    job = rest.load("insert", "Account", "\n".join(["Name", *names]))
    found = [row[2] for row in rest.successful(job).rows[1:]]
    assert found != names
    assert sorted(found) == sorted(names)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
            min_size=2,
            max_size=2,
        ),
        max_size=8,
    )
)
def test_every_row_is_in_exactly_one_file_with_its_cells(rest, cells):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        [["Name", "Description"], *cells]
    )
    job = rest.load("insert", "Account", buffer.getvalue())
    info = rest.info(job)
    done, failed = rest.successful(job).records, rest.failed(job).records
    assert info["numberRecordsProcessed"] == len(cells) == len(done) + len(failed)
    assert info["numberRecordsFailed"] == len(failed)
    echoed = sorted([r["Name"], r["Description"]] for r in done + failed)
    assert echoed == sorted(cells)


# refusals


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"operation": "Insert"}, (400, "INVALIDOPERATION", "Invalid operation: Insert")),
        ({"operation": "query"}, (400, "INVALIDOPERATION", "Invalid operation: query")),
        ({"operation": None}, (400, "INVALIDOPERATION", "Invalid operation: None")),
        (
            {"object": "Nothing__c"},
            (400, "INVALIDENTITY", "Entity 'Nothing__c' is not supported by the Bulk API"),
        ),
        ({"contentType": "XML"}, (400, "INVALIDJOB", "Invalid contentType: XML")),
        ({"columnDelimiter": ","}, (400, "INVALIDJOB", "Invalid columnDelimiter: ,")),
        ({"lineEnding": "CR"}, (400, "INVALIDJOB", "Invalid lineEnding: CR")),
        ({"operation": "upsert"}, (400, "INVALIDJOB", "External ID was blank for Account")),
        (
            {"operation": "upsert", "externalIdFieldName": "Fax"},
            (400, "INVALIDJOB", "Invalid external ID field name: Fax"),
        ),
        (
            {"externalIdFieldName": "Id"},
            (400, "INVALIDJOB", "externalIdFieldName is for upsert only"),
        ),
        (
            {"operation": "hardDelete"},
            (
                400,
                "FEATURENOTENABLED",
                "hardDelete operation requires special user profile permission, "
                "please contact your system administrator",
            ),
        ),
        (
            {"assignmentRuleId": "01Q000000000001"},
            (400, "INVALIDJOB", "assignmentRuleId is not for Account"),
        ),
        (
            {"operation": 5},
            (400, "API_ERROR", "Value does not match expected type at [line:1, column:36]"),
        ),
        (
            {"objekt": "x"},
            (400, "JSON_PARSER_ERROR", 'Unrecognized field "objekt" at [line:1, column:56]'),
        ),
    ],
)
def test_a_job_that_cannot_be_is_refused_at_create(rest, more, error):
    document = {"object": "Account", "operation": "insert", **more}
    assert rest.call("POST", "jobs/ingest", document).error == error
    assert rest.get("jobs/ingest").json["records"] == []


@pytest.mark.parametrize(
    "body", ["{", "[]", "null", '"x"', "{}x", "[" * 100_000, b"\xff", '{"a":NaN}']
)
@pytest.mark.parametrize("path", ["jobs/ingest", "jobs/query"])
def test_what_is_no_json_object_is_refused(rest, path, body):
    answer = rest.call("POST", path, body, "application/json")
    assert answer.error[:2] == (400, "JSON_PARSER_ERROR")


def test_an_assignment_rule_is_kept_for_cases_and_leads(rest):
    job = rest.create("insert", "Case", assignmentRuleId="01Q000000000001").json
    assert job["assignmentRuleId"] == "01Q000000000001EAA"
    assert rest.info(job["id"])["assignmentRuleId"] == "01Q000000000001EAA"


@pytest.mark.parametrize(
    ("path", "content_type"),
    [("jobs/ingest", "text/csv"), ("jobs/query", "application/x-www-form-urlencoded")],
)
def test_another_media_type_is_415(rest, path, content_type):
    assert rest.call("POST", path, "{}", content_type).error[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


def test_the_upload_is_csv_with_or_without_charset(rest):
    job = rest.job()
    assert rest.put(job, "Name\nA\n", "application/json").status == 415
    assert rest.put(job, "Name\nA\n", "text/csv; charset=UTF-8").status == 201


def test_a_second_upload_is_refused_and_changes_nothing(rest):
    job = rest.job()
    rest.put(job, "Name\nA\n")
    status, code, message = rest.put(job, "Name\nB\n").error
    assert (status, code) == (400, "INVALIDJOB")
    assert message.startswith(f"Found multiple contents for job: <{job}>, please 'Close' / 'Abort'")
    rest.patch(job)
    assert [r["Name"] for r in rest.successful(job).records] == ["A"]


def test_an_upload_that_broke_off_does_not_count(rest):
    job = rest.job()
    answer = rest.put(job, gzip.compress(b"Name\nA\n")[:-5], headers={"Content-Encoding": "gzip"})
    assert answer.status == 400
    assert rest.put(job, "Name\nB\n").status == 201


def test_an_upload_after_close_or_abort_is_refused(rest):
    done = rest.load("insert", "Account", None)
    aborted = rest.job()
    rest.patch(aborted, "Aborted")
    for job, state in ((done, "JobComplete"), (aborted, "Aborted")):
        assert rest.put(job, "Name\nB\n").error == (
            400,
            "INVALIDJOBSTATE",
            f"Job is not Open. Current state is {state}",
        )


def test_a_gzip_upload_is_undone(rest):
    job = rest.job()
    assert (
        rest.put(job, gzip.compress(b"Name\nA\n"), headers={"Content-Encoding": "gzip"}).status
        == 201
    )
    rest.patch(job)
    assert rest.info(job)["numberRecordsProcessed"] == 1


def test_an_upload_has_its_size(rest):
    zeros = gzip.compress(bytes(112_500_001), compresslevel=1)
    refused = rest.put(rest.job(), zeros, headers={"Content-Encoding": "gzip"})
    assert refused.error == (400, "INVALIDJOB", "More than 112500000 bytes of job data")


def test_another_coding_of_the_body_is_refused(rest):
    answer = rest.put(rest.job(), b"\x00", headers={"Content-Encoding": "br"})
    assert answer.error[:2] == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({"state": "InProgress"}, (400, "INVALIDJOB", "Invalid state: InProgress")),
        ({"state": "Open"}, (400, "INVALIDJOB", "Invalid state: Open")),
        ({"object": "Lead"}, (400, "INVALIDJOB", "Only the state of a job can be changed")),
        ({}, (400, "INVALIDJOB", "Only the state of a job can be changed")),
    ],
)
def test_only_two_states_can_be_asked_for(rest, document, error):
    assert rest.call("PATCH", f"jobs/ingest/{rest.job()}", document).error == error


def test_closing_twice_is_refused(rest):
    job = rest.load("insert", "Account", None)
    assert rest.patch(job).error == (
        400,
        "INVALIDJOBSTATE",
        "Closing already JobComplete Job not allowed",
    )


@pytest.mark.parametrize("path", ["", "/batches", "/successfulResults", "/failedResults"])
@pytest.mark.parametrize("job", ["750000000000001AAA", "750x", "7500000000000AQ"])
def test_an_unknown_job_is_404(rest, job, path):
    method = "PUT" if path == "/batches" else "GET"
    assert rest.call(method, f"jobs/ingest/{job}{path}", b"").error == (
        404,
        "NOT_FOUND",
        "The requested resource does not exist",
    )


def test_a_query_job_is_no_ingest_job(rest):
    job = rest.query("SELECT Id FROM Account")
    assert rest.get(f"jobs/ingest/{job}").status == 404
    assert rest.get(f"jobs/query/{rest.job()}").status == 404


def test_fifteen_characters_trailing_slashes_and_any_letter_case_find_the_job(rest):
    job = rest.load("insert", "Account", "Name\nA\n")
    wanted = rest.successful(job).body
    for tail in ("successfulResults", "SuccessfulResults", "successfulresults/"):
        assert rest.get(f"jobs/ingest/{job[:15]}/{tail}").body == wanted
    assert rest.get(f"jobs/ingest/{job}/unprocessedRecords/").status == 200
    assert rest.get(f"jobs/ingest/{job[:15]}/").json["id"] == job


def test_data_loaders_double_slash_creates_a_job(rest):
    document = {"object": "Account", "operation": "insert"}
    for path in ("jobs/ingest/", "jobs/ingest//", "jobs/query/"):
        document.update(
            {"query": "SELECT Id FROM Account", "operation": "query"} if "q" in path else {}
        )
        if "query" in path:
            document.pop("object")
        assert rest.call("POST", path, document).status == 200


def test_an_unknown_tail_is_404(rest):
    assert rest.get(f"jobs/ingest/{rest.job()}/results").error[:2] == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "jobs/ingest"), ("POST", "jobs/ingest/750000000000001"), ("DELETE", "jobs/query")],
)
def test_another_method_is_405(rest, method, path):
    answer = rest.call(method, path)
    assert answer.error[:2] == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    ("version", "kind", "status"),
    [
        ("40.0", "ingest", 404),
        ("41.0", "ingest", 200),
        ("46.0", "query", 404),
        ("47.0", "query", 200),
        ("30.0", "query", 410),
        ("69.0", "query", 404),
        ("Bad", "query", 404),
    ],
)
def test_versions_of_the_api(rest, version, kind, status):
    document = (
        {"object": "Account", "operation": "insert"}
        if kind == "ingest"
        else {"operation": "query", "query": "SELECT Id FROM Account"}
    )
    assert rest.call("POST", f"jobs/{kind}", document, version=version).status == status


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_expired_session_is_401(rest, method):
    job = rest.job()
    rest.emulator.sessions.expire_all()
    answer = rest.call(method, f"jobs/ingest/{job}", {"state": "Aborted"})
    assert answer.error == (401, "INVALID_SESSION_ID", "Session expired or invalid")
    assert answer.headers["WWW-Authenticate"] == "Token"


def test_only_the_creator_changes_a_job(rest, emulator):
    job = rest.job()
    stranger = type(emulator.org.admin)("005000000000009AAA", "b@example.com", "p", "t", set())
    other = RestClient(emulator, token=emulator.sessions.open(stranger).token)
    assert other.info(job)["state"] == "Open"
    for answer in (
        other.put(job, "Name\n"),
        other.patch(job),
        other.call("DELETE", f"jobs/ingest/{job}"),
    ):
        assert answer.error == (400, "INVALIDUSER", "The job was created by another user")
    stranger.permissions.add("ManageDataIntegrations")
    assert other.patch(job, "Aborted").status == 200


# abort and delete


def test_aborting_an_open_job_leaves_its_rows_unprocessed(rest):
    job = rest.job()
    rest.put(job, "Name,Site\nA,\nB,x\n")
    aborted = rest.patch(job, "Aborted")
    assert (list(aborted.json), aborted.json["state"]) == (SHORT, "Aborted")
    assert rest.unprocessed(job).text == 'Name,Site\n"A",""\n"B","x"\n'
    assert rest.successful(job).text == '"sf__Id","sf__Created",Name,Site\n'
    assert rest.info(job)["state"] == "Aborted"
    assert rest.patch(job).error[1] == "INVALIDJOBSTATE"


def test_aborting_a_waiting_job_leaves_its_rows_unprocessed(busy):
    job = busy.load("insert", "Account", "Name\nA\n")
    assert busy.patch(job, "Aborted").json["state"] == "Aborted"
    assert busy.unprocessed(job).text == 'Name\n"A"\n'
    busy.emulator.engine.resume()
    assert busy.emulator.engine.wait_idle(10)
    assert busy.emulator.org.count("Account") == 0


def test_aborting_a_running_job_keeps_what_is_done_and_leaves_the_rest(busy):
    busy.emulator.faults.add("slow_batch", after_rows=0, seconds=600)
    names = [f"A{n}" for n in range(5_000)]
    job = busy.load("insert", "Account", "\n".join(["Name", *names]))
    busy.emulator.engine.resume()
    until(lambda: busy.info(job)["state"] == "InProgress")
    assert busy.patch(job, "Aborted").json["state"] == "Aborted"
    done, left = busy.successful(job).records, busy.unprocessed(job).records
    assert sorted(r["Name"] for r in done + left) == sorted(names)
    assert left
    assert busy.emulator.org.count("Account") == len(done)
    assert busy.info(job)["numberRecordsProcessed"] == len(done)


def until(condition):
    for _ in range(10_000):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("never came true")


def test_a_finished_job_cannot_be_aborted(rest):
    job = rest.load("insert", "Account", None)
    assert rest.patch(job, "Aborted").error == (
        400,
        "INVALIDJOBSTATE",
        "Aborting already Completed Job not allowed",
    )
    failed = rest.load("insert", "Account", "Xyz\nA\n")
    assert rest.patch(failed, "Aborted").error[1:] == (
        "INVALIDJOBSTATE",
        "Aborting already Failed Job not allowed",
    )


def test_a_finished_failed_or_aborted_job_can_be_deleted(rest):
    aborted = rest.job()
    rest.patch(aborted, "Aborted")
    for job in (
        aborted,
        rest.load("insert", "Account", "Name\nA\n"),
        rest.load("insert", "Account", "Xyz\nA\n"),
    ):
        answer = rest.call("DELETE", f"jobs/ingest/{job}")
        assert (answer.status, answer.body, answer.headers["Content-Length"]) == (204, b"", None)
        assert rest.get(f"jobs/ingest/{job}").status == 404
        assert rest.call("DELETE", f"jobs/ingest/{job}").status == 404


def test_an_open_or_running_job_cannot_be_deleted(rest):
    assert rest.call("DELETE", f"jobs/ingest/{rest.job()}").error == (
        400,
        "API_ERROR",
        "Error encountered when deleting the job because the job is not terminated",
    )


def test_a_waiting_job_can_be_deleted_and_never_runs(busy, caplog):
    job = busy.load("insert", "Account", "Name\nA\n")
    assert busy.call("DELETE", f"jobs/ingest/{job}").status == 204
    busy.emulator.engine.resume()
    assert busy.emulator.engine.wait_idle(10)
    assert busy.emulator.org.count("Account") == 0
    assert not caplog.records


def test_results_before_the_end_are_headers_only(busy):
    job = busy.load("insert", "Account", "Name\nA\n")
    assert busy.successful(job).text == '"sf__Id","sf__Created",Name\n'
    assert busy.unprocessed(job).text == "Name\n"


def test_two_uploads_at_once_one_wins(busy):
    job = busy.job()
    statuses = []
    start = threading.Barrier(4)

    def put(name):
        start.wait()
        statuses.append(busy.put(job, f"Name\n{name}\n").status)

    threads = [threading.Thread(target=put, args=(f"A{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 400, 400, 400]


# multipart


def multipart(*parts, boundary="XyZ", end="\r\n"):
    lines = []
    for name, content_type, content in parts:
        lines += [
            f"--{boundary}",
            f"Content-Type: {content_type}",
            f'Content-Disposition: form-data; name="{name}"; filename="{name}"',
            "",
            content,
        ]
    return end.join([*lines, f"--{boundary}--", ""])


JOB_PART = (
    "job",
    "application/json",
    '{"object":"Contact","contentType":"CSV","operation":"insert"}',
)


def post(rest, body, content_type='multipart/form-data; boundary="XyZ"'):
    return rest.call("POST", "jobs/ingest", body, content_type)


@pytest.mark.parametrize("quote", ['"', ""])
@pytest.mark.parametrize("blank", ["", "\n", "\n\n"])
def test_a_one_shot_create_loads_its_data(rest, quote, blank):
    body = multipart(JOB_PART, ("content", "text/csv", f"FirstName,LastName\nAda,Lovelace{blank}"))
    answer = post(rest, body, f"multipart/form-data; boundary={quote}XyZ{quote}")
    job = answer.json
    assert (answer.status, job["state"]) == (200, "UploadComplete")
    assert list(job) == [name for name in CREATED if name != "contentUrl"]
    info = rest.info(job["id"])
    assert (info["state"], info["numberRecordsProcessed"]) == ("JobComplete", 1)
    assert [r["LastName"] for r in rest.successful(job["id"]).records] == ["Lovelace"]


def test_a_one_shot_create_may_have_bare_line_feeds_and_a_preamble(rest):
    body = "preamble\n" + multipart(JOB_PART, ("content", "text/csv", "LastName\nÉ\n"), end="\n")
    job = post(rest, body).json["id"]
    assert [r["LastName"] for r in rest.successful(job).records] == ["É"]


def test_crlf_data_of_a_one_shot_create_stay_crlf(rest):
    document = '{"object":"Contact","operation":"insert","lineEnding":"CRLF"}'
    body = multipart(
        ("job", "application/json", document), ("content", "text/csv", "LastName\r\nA\r\n")
    )
    job = post(rest, body).json["id"]
    assert rest.info(job)["state"] == "JobComplete"
    assert rest.successful(job).text.endswith('"A"\r\n')


def test_one_shot_data_have_at_most_100000_characters(rest):
    head = "LastName,Description\nA,"
    fits = head + "é" * (100_000 - len(head))
    assert post(rest, multipart(JOB_PART, ("content", "text/csv", fits))).status == 200
    for more in (1, 2_000_000):
        answer = post(rest, multipart(JOB_PART, ("content", "text/csv", fits + "x" * more)))
        assert answer.error == (400, "INVALIDJOB", "Job data of more than 100000 characters")
    assert len(rest.get("jobs/ingest").json["records"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        multipart(JOB_PART),
        multipart(("content", "text/csv", "LastName\nA\n")),
        multipart(JOB_PART, ("content", "text/csv", "LastName\nA\n")).replace("--XyZ--", ""),
        "",
        "--XyZ--",
    ],
)
def test_a_one_shot_create_without_its_parts_is_refused(rest, body):
    assert post(rest, body).error[:2] == (400, "INVALIDJOB")


def test_a_one_shot_create_without_boundary_is_refused(rest):
    assert post(rest, "x", "multipart/form-data").error[:2] == (400, "INVALIDJOB")


# lists and life


def test_a_list_row_has_no_counters(rest):
    rest.load("insert", "Account", "Name\nA\n")
    listed = rest.get("jobs/ingest").json
    assert list(listed) == ["done", "records", "nextRecordsUrl"]
    assert (listed["done"], listed["nextRecordsUrl"]) == (True, None)
    assert list(listed["records"][0]) == [*SHORT, "jobType", "lineEnding", "columnDelimiter"]


def test_a_list_goes_on_above_1000_jobs_through_its_filters(rest, emulator):
    jobs = [rest.job() for _ in range(3)]
    admin = emulator.org.admin
    for _ in range(1_100):
        job = emulator.engine.create_job("insert", "Account", "CSV", "66.0", admin)
        job.api, job.line_ending = "2.0", "LF"
    rest.query("SELECT Id FROM Account")
    page = rest.get("jobs/ingest?jobType=V2Ingest").json
    found = [job["id"] for job in page["records"]]
    assert (len(found), page["done"]) == (1_000, False)
    assert page["nextRecordsUrl"].startswith("/services/data/v66.0/jobs/ingest?jobType=V2Ingest&")
    assert "queryLocator=01g" in page["nextRecordsUrl"]
    assert page["nextRecordsUrl"].endswith("-1000")
    # Jobs that go while somebody pages do not push others over the edge.
    rest.patch(jobs[0], "Aborted")
    rest.call("DELETE", f"jobs/ingest/{jobs[0]}")
    while page["nextRecordsUrl"]:
        page = rest.get(page["nextRecordsUrl"]).json
        found += [job["id"] for job in page["records"]]
    assert len(found) == len(set(found)) == 1_103
    assert page["done"] is True


def test_lists_show_the_jobs_of_bulk_1_as_classic(rest, connect):
    bulk1 = connect(rest.emulator)
    classic = bulk1.job("insert", "Account")
    chunked = bulk1.job("query", "Account", headers={"Sforce-Enable-PKChunking": "true"})
    ingest, query = rest.job(), rest.query("SELECT Id FROM Account")

    def listed(path):
        return {job["id"] for job in rest.get(path).json["records"]}

    assert listed("jobs/ingest") == {classic, chunked, ingest}
    assert listed("jobs/query") == {classic, chunked, query}
    assert listed("jobs/ingest?jobType=Classic") == {classic, chunked}
    assert listed("jobs/query?jobType=V2Query") == {query}
    assert listed("jobs/query?isPkChunkingEnabled=true") == {chunked}
    assert listed("jobs/query?isPkChunkingEnabled=false") == {classic, query}
    assert listed("jobs/query?concurrencyMode=serial") == set()
    assert listed("jobs/query?concurrencyMode=parallel") == {classic, chunked, query}
    [row] = [j for j in rest.get("jobs/ingest").json["records"] if j["id"] == classic]
    assert row["jobType"] == "Classic"


@pytest.mark.parametrize(
    "locator", ["x", "01g", "01g000000000001AAA", "%00", "01g000000000001AAA-x"]
)
def test_a_locator_of_a_list_that_was_never_given_out_is_refused(rest, locator):
    answer = rest.get(f"jobs/ingest?queryLocator={locator}")
    assert answer.error[:2] == (400, "INVALID_QUERY_LOCATOR")


def test_a_job_is_gone_after_seven_days(rest, clock):
    job = rest.load("insert", "Account", "Name\nA\n")
    clock.advance(7 * 86_400 - 1)
    rest.token = RestClient(rest.emulator).token
    assert rest.get(f"jobs/ingest/{job}").status == 200
    clock.advance(1)
    assert rest.get(f"jobs/ingest/{job}/successfulResults").status == 404
    assert rest.get("jobs/ingest").json["records"] == []


def test_an_open_job_takes_no_data_after_a_day(rest, clock):
    job = rest.job()
    clock.advance(86_400)
    rest.token = RestClient(rest.emulator).token
    assert rest.put(job, "Name\nA\n").error[1] == "INVALIDJOBSTATE"
    assert rest.patch(job).error[1] == "INVALIDJOBSTATE"
    assert rest.patch(job, "Aborted").status == 200


def test_results_are_gzip_where_it_is_asked_for(rest):
    job = rest.load("insert", "Account", "Name\n" + "A\n" * 500)
    plain = rest.successful(job)
    assert plain.headers["Content-Encoding"] is None
    for _ in range(2):
        packed = rest.get(
            f"jobs/ingest/{job}/successfulResults", headers={"Accept-Encoding": "gzip, br"}
        )
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body


def test_json_answers_are_utf_8(rest):
    answer = rest.create(name="Äpfel")
    assert "Äpfel" in json.loads(answer.body.decode())[0]["message"]


# faults of a running job


def test_a_job_that_is_queued_again_does_no_row_twice(rest, emulator):
    emulator.faults.add("requeue", after_rows=3_000)
    names = [f"A{n}" for n in range(5_000)]
    job = rest.load("insert", "Account", "\n".join(["Name", *names]))
    info = rest.info(job)
    assert (info["state"], info["retries"], info["numberRecordsProcessed"]) == (
        "JobComplete",
        1,
        5_000,
    )
    assert sorted(r["Name"] for r in rest.successful(job).records) == sorted(names)
    assert emulator.org.count("Account") == 5_000


def test_a_job_that_is_queued_again_too_often_fails(rest, emulator):
    emulator.faults.add("requeue", times=0, after_rows=1)
    job = rest.load("insert", "Account", "Name\nA\nB\n")
    info = rest.info(job)
    assert info["state"] == "Failed"
    assert "Retried more than" in info["errorMessage"]
    assert [r["Name"] for r in rest.successful(job).records] == ["A"]
    assert [r["Name"] for r in rest.unprocessed(job).records] == ["B"]


def test_a_job_that_fails_half_way_keeps_what_is_done(rest, emulator):
    emulator.faults.add("batch_failed", after_rows=2)
    job = rest.load("insert", "Account", "Name\nA\nB\nC\n")
    assert rest.info(job)["errorMessage"] == "InternalServerError : An unexpected error occurred"
    assert sorted(r["Name"] for r in rest.successful(job).records) == ["A", "B"]
    assert [r["Name"] for r in rest.unprocessed(job).records] == ["C"]


def test_rows_fail_on_demand(rest, emulator):
    emulator.faults.add("row_errors", after_rows=1, rows=2)
    job = rest.load("insert", "Account", "Name\nA\nB\nC\nD\n")
    failed = rest.failed(job).records
    assert sorted(r["Name"] for r in failed) == ["B", "C"]
    assert {r["sf__Error"].split(":")[0] for r in failed} == {"UNABLE_TO_LOCK_ROW"}
    assert emulator.org.count("Account") == 2


def test_lost_results_are_rows_in_none_of_the_files(rest, emulator):
    emulator.faults.add("lost_results", rows=2)
    job = rest.load("insert", "Account", "Name\n" + "A\n" * 5)
    assert rest.info(job)["numberRecordsProcessed"] == 5
    assert emulator.org.count("Account") == 5
    files = (rest.successful(job), rest.failed(job), rest.unprocessed(job))
    assert [len(file.rows) - 1 for file in files] == [3, 0, 0]


def test_lost_cells_are_those_below_headers_of_another_letter_case(rest, emulator):
    emulator.faults.add("lost_cells")
    job = rest.load("insert", "Account", "name,Site\nA,b\n")
    assert rest.successful(job).rows[1][2:] == ["", "b"]
    query = rest.query("SELECT Name, Site FROM Account")
    assert rest.page(query).rows[1] == ["A", "b"]


def test_empty_results_can_be_204(rest, emulator):
    emulator.faults.add("empty_as_204", route="bulk2.results", times=0)
    job = rest.load("insert", "Account", "Name\nA\n")
    assert rest.successful(job).status == 200
    for answer in (rest.failed(job), rest.unprocessed(job)):
        assert (answer.status, answer.body, answer.headers["Content-Type"]) == (204, b"", None)


def test_rows_beyond_the_days_batches_are_in_none_of_the_files():
    with SalesforceEmulator(inline=True, batches_per_day=1) as running:
        rest = RestClient(running)
        job = rest.load("insert", "Account", "Name\n" + "A\n" * 12_000)
        info = rest.info(job)
        assert (info["state"], info["numberRecordsProcessed"]) == ("Failed", 10_000)
        assert info["errorMessage"] == "ExceededQuota : ApiBatchItems Limit exceeded."
        assert len(rest.successful(job).rows) == 10_001
        assert len(rest.unprocessed(job).rows) == 1
        assert running.org.count("Account") == 10_000


def test_a_job_costs_one_batch_for_each_10000_rows(rest):
    def left():
        return rest.get("limits").json["DailyBulkApiBatches"]["Remaining"]

    before = left()
    rest.load("insert", "Account", "Name\n" + "A\n" * 10_000)
    assert before - left() == 1
    rest.load("insert", "Account", "Name\n" + "A\n" * 10_001)
    assert before - left() == 3
    rest.load("insert", "Account", "Name\n")
    assert before - left() == 3


def test_a_row_with_a_locked_parent_fails_alone(rest, emulator):
    parent = rest.successful(rest.load("insert", "Account", "Name\nP\n")).rows[1][0]
    emulator.org.locks.hold("somebody", [parent])
    job = rest.load("insert", "Contact", f"LastName,AccountId\nA,{parent}\nB,\n")
    [failed] = rest.failed(job).records
    assert (failed["LastName"], failed["sf__Error"].split(":")[0]) == ("A", "UNABLE_TO_LOCK_ROW")


@pytest.mark.parametrize(
    ("fault", "status", "error"),
    [
        ({"kind": "results_expired"}, 404, ("NOT_FOUND", "The requested resource does not exist")),
        (
            {"kind": "request_limit"},
            403,
            ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        ),
        (
            {"kind": "api_error", "status": 503, "retry_after": "7"},
            503,
            ("SERVER_UNAVAILABLE", "An unexpected error occurred"),
        ),
        (
            {"kind": "api_error", "status": 500},
            500,
            ("UNKNOWN_EXCEPTION", "An unexpected error occurred"),
        ),
        (
            {"kind": "api_error", "status": 429, "code": "TOO_MANY", "message": "slow down"},
            429,
            ("TOO_MANY", "slow down"),
        ),
        ({"kind": "session_expired"}, 401, ("INVALID_SESSION_ID", "Session expired or invalid")),
    ],
)
def test_errors_on_demand_are_in_rests_words(rest, emulator, fault, status, error):
    job = rest.load("insert", "Account", "Name\nA\n")
    emulator.faults.add(Fault(**fault, route="bulk2.results"))
    answer = rest.successful(job)
    assert answer.error == (status, *error)
    assert answer.headers["Retry-After"] == fault.get("retry_after")
    if status != 401:
        assert rest.successful(job).status == 200


def test_a_job_aborted_while_it_is_queued_again_has_each_row_in_one_file(busy):
    busy.emulator.faults.add("requeue", after_rows=2)
    job = busy.load("insert", "Account", "Name\nA\nB\nC\n")
    busy.emulator.engine.run_pending(1)
    assert busy.info(job)["state"] == "InProgress"
    busy.patch(job, "Aborted")
    assert sorted(r["Name"] for r in busy.successful(job).records) == ["A", "B"]
    assert [r["Name"] for r in busy.unprocessed(job).records] == ["C"]
    busy.emulator.engine.resume()
    assert busy.emulator.engine.wait_idle(10)
    assert busy.emulator.org.count("Account") == 2


def test_a_job_queued_again_goes_on_where_it_was_after_a_restart(tmp_path):
    with SalesforceEmulator(data=tmp_path) as running:
        rest = RestClient(running)
        running.engine.pause()
        running.faults.add("requeue", after_rows=2)
        job = rest.load("insert", "Account", "Name\nA\nB\nC\n")
        running.engine.run_pending(1)
    with SalesforceEmulator(data=tmp_path) as running:
        rest = RestClient(running)
        until(lambda: rest.info(job)["state"] == "JobComplete")
        assert sorted(r["Name"] for r in rest.successful(job).records) == ["A", "B", "C"]
        assert running.org.count("Account") == 3


def test_a_fault_behind_the_last_row_strikes_nothing(rest, emulator):
    emulator.faults.add("row_errors", after_rows=1)
    job = rest.load("insert", "Account", "Name,AnnualRevenue\nA,1\n")
    assert rest.info(job)["state"] == "JobComplete"
    assert rest.successful(job).rows[1][2:] == ["A", "1.0"]


def test_files_fail_a_job(emulator, rest):
    job = rest.load("insert", "Attachment", "Name,ParentId,Body\na,001000000000001AAA,YQ==\n")
    info = rest.info(job)
    assert (info["state"], info["errorMessage"]) == (
        "Failed",
        "InvalidBatch : Binary field Body is only supported for content types ZIP_XML and ZIP_CSV",
    )
    assert emulator.org.count("Attachment") == 0
