"""Bulk API 1.0: what is allowed when, what is refused how, and what becomes of batches."""

import csv
import gzip
import http.client
import io
import json
import re
import zipfile

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

NOT_FOUND = b"Records not found for this query"


def rows_of(body):
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


def post_job(bulk1, document, content_type="application/json", **options):
    body = document if isinstance(document, str) else json.dumps(document)
    return bulk1.call("POST", "job", body, content_type, **options)


# Creating jobs


def test_content_type_of_a_job_is_xml_unless_told(bulk1):
    answer = post_job(bulk1, {"operation": "insert", "object": "Account"})
    assert answer.json["contentType"] == "XML"
    assert answer.headers["Location"] == f"/services/async/62.0/job/{answer.json['id']}"


def test_object_names_come_back_in_the_letter_case_of_the_api(bulk1):
    assert post_job(bulk1, {"operation": "insert", "object": "account"}).json["object"] == "Account"


@pytest.mark.parametrize(
    ("sent", "mode"), [(0, "Parallel"), (1, "Serial"), ("Serial", "Serial"), (None, "Parallel")]
)
def test_concurrency_mode_may_be_its_ordinal(bulk1, sent, mode):
    document = {"operation": "insert", "object": "Account", "concurrencyMode": sent}
    assert post_job(bulk1, document).json["concurrencyMode"] == mode


def test_job_document_needs_no_declaration_namespace_or_order(bulk1):
    body = (
        "<jobInfo><contentType>CSV</contentType><object>Account</object>"
        "<operation>insert</operation></jobInfo>"
    )
    assert post_job(bulk1, body, "application/xml; charset=UTF-8").status == 201
    assert post_job(bulk1, body, None).status == 201


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"operation": "INSERT"}, "InvalidJob", "Unable to parse Job"),
        ({"operation": "harddelete"}, "InvalidJob", "Unable to parse Job"),
        ({"operation": None}, "InvalidJob", "Unable to parse Job"),
        ({"object": None}, "InvalidJob", "Unable to parse Job"),
        ({"contentType": "csv"}, "InvalidJob", "Unable to parse Job"),
        ({"concurrencyMode": 2}, "InvalidJob", "Unable to parse Job"),
        ({"concurrencyMode": True}, "InvalidJob", "Unable to parse Job"),
        ({"unknown": 1}, "InvalidJob", "Unable to parse Job"),
        ({"object": ["Account"]}, "InvalidJob", "Unable to parse Job"),
        ({"createdById": "005"}, "InvalidJob", "CreatedById cannot be specified"),
        ({"state": "Open"}, "InvalidJob", "State cannot be specified"),
        (
            {"object": "Nothing__c"},
            "InvalidEntity",
            "Entity 'Nothing__c' is not supported by the Bulk API.",
        ),
        (
            {"operation": "upsert"},
            "InvalidJob",
            "External ID was blank for Account. An External ID must be specified for upsert.",
        ),
        (
            {"externalIdFieldName": "Id"},
            "InvalidJob",
            "External ID may not be specified for insert",
        ),
        (
            {"operation": "upsert", "externalIdFieldName": "Industry"},
            "InvalidJob",
            "Field name provided, Industry does not match an External ID, Salesforce Id, or "
            "indexed field for Account",
        ),
        (
            {"operation": "hardDelete"},
            "FeatureNotEnabled",
            "hardDelete operation requires special user profile permission, "
            "please contact your system administrator",
        ),
        (
            {"operation": "query", "contentType": "ZIP_CSV"},
            "InvalidJob",
            "ContentType ZIP_CSV is not supported for query",
        ),
    ],
)
def test_job_that_cannot_be_is_refused(bulk1, change, code, message):
    document = {"operation": "insert", "object": "Account", "contentType": "CSV", **change}
    assert post_job(bulk1, document).error == (400, code, message)


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "{}"])
def test_job_document_that_is_no_json_object_is_refused(bulk1, body):
    assert post_job(bulk1, body).error == (400, "InvalidJob", "Unable to parse Job")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<jobInfo>",
        "<!DOCTYPE jobInfo [<!ENTITY e 'insert'>]><jobInfo><operation>&e;</operation></jobInfo>",
        "<!DOCTYPE jobInfo SYSTEM 'http://127.0.0.1/x.dtd'><jobInfo/>",
    ],
)
def test_job_document_that_is_no_xml_is_invalid_xml(bulk1, body):
    status, code, _ = post_job(bulk1, body, "application/xml").error
    assert (status, code) == (400, "InvalidXml")


def test_entities_are_refused_before_they_grow(bulk1):
    layers = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 12))
    body = f"<!DOCTYPE x [<!ENTITY e0 'x'>{layers}]><jobInfo><object>&e11;</object></jobInfo>"
    assert post_job(bulk1, body, "application/xml").value("exceptionCode") == "InvalidXml"


def test_other_media_types_are_unsupported(bulk1):
    answer = post_job(bulk1, "<jobInfo/>", "text/xml")
    assert answer.error == (400, "UnsupportedContentType", "Unsupported content type: text/xml")


def test_hard_delete_needs_its_permission(bulk1, emulator):
    emulator.org.admin.permissions.add("BulkApiHardDelete")
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    identity = rows_of(bulk1.results(job, batch).body)[1][0]
    job, batch = bulk1.load("hardDelete", "Account", f"Id\n{identity}\n")
    assert rows_of(bulk1.results(job, batch).body)[1] == [identity, "true", "false", ""]
    assert bulk1.query("Account", "SELECT Id FROM Account", operation="queryAll") == [NOT_FOUND]


@pytest.mark.parametrize(
    ("version", "document", "status"),
    [
        ("38.0", {"operation": "queryAll"}, 400),
        ("39.0", {"operation": "queryAll"}, 201),
        ("35.0", {"contentType": "JSON"}, 400),
        ("36.0", {"contentType": "JSON"}, 201),
    ],
)
def test_features_have_their_first_version(bulk1, version, document, status):
    bulk1.version = version
    full = {"operation": "query", "object": "Account", "contentType": "CSV", **document}
    assert post_job(bulk1, full).status == status


@pytest.mark.parametrize("version", ["30.0", "20.0", "69.0", "62", "v62.0", "62.1", "x"])
def test_retired_and_unknown_versions_are_invalid(bulk1, version):
    bulk1.version = version
    assert bulk1.create_job("insert", "Account").error[:2] == (400, "InvalidVersion")


def test_job_is_asked_for_by_the_version_that_made_it(bulk1):
    job = bulk1.job("insert", "Account")
    bulk1.version = "61.0"
    assert bulk1.info(job).error[:2] == (400, "InvalidVersion")


def test_old_versions_carry_a_warning(bulk1):
    assert bulk1.create_job("insert", "Account").headers["Warning"] is None
    bulk1.version = "40.0"
    warning = bulk1.create_job("insert", "Account").headers["Warning"]
    assert warning == '299 - "API version 40.0 is deprecated"'


# The resources


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405(bulk1, method):
    answer = bulk1.call(method, "job")
    assert answer.status == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["jobs", "job/750000000000000/batches", "x/y", ""])
def test_unknown_paths_are_refused_by_name(bulk1, path):
    answer = bulk1.get(path)
    assert answer.status == 404
    assert "is not emulated" in answer.value("exceptionMessage")


def test_paths_outside_every_api_are_refused_in_plain_text(bulk1):
    answer = bulk1.get("/services/apexrest/x")
    assert answer.status == 404
    assert "GET /services/apexrest/x is not emulated" in answer.text


def test_unknown_batches_and_results_are_invalid(bulk1):
    job, batch = bulk1.load("query", "Account", "SELECT Id FROM Account")
    other, _ = bulk1.load("query", "Account", "SELECT Id FROM Account")
    assert bulk1.status(other, batch).error == (
        400,
        "InvalidBatch",
        f"Unable to find batch: {batch}",
    )
    assert bulk1.result(job, batch, "752000000000000").error[:2] == (400, "InvalidBatch")
    assert bulk1.info("not-an-id").error == (400, "InvalidJob", "Unable to find job: not-an-id")


def test_jobs_of_others_are_read_but_not_changed(bulk1, emulator, connect):
    job = bulk1.job("insert", "Account")
    other = type(emulator.org.admin)("005000000000009AAA", "b@example.com", "x", "y")
    stranger = connect(emulator, token=emulator.sessions.open(other).token)
    assert stranger.info(job).status == 200
    assert stranger.post(job, "Name\nA\n").error[1] == "InvalidUser"
    assert stranger.close(job).error[1] == "InvalidUser"


# States


def test_batch_needs_an_open_job_and_costs_its_allocation_all_the_same(bulk1, emulator):
    job = bulk1.job("insert", "Account")
    bulk1.close(job)
    left = emulator.engine.batches_left
    assert bulk1.post(job, "Name\nA\n").error == (
        400,
        "InvalidJobState",
        "Failed to create batch, since the Job is not Open. Current job state is 'Closed'",
    )
    assert emulator.engine.batches_left == left - 1


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("Closed", "Closed", "Closing already closed Job not allowed"),
        ("Aborted", "Closed", "Closing already aborted Job not allowed"),
        ("Aborted", "Aborted", "Aborting already Aborted Job not allowed"),
        ("Closed", "Aborted", "Aborting already Closed Job not allowed"),
    ],
)
def test_ended_jobs_are_not_ended_again(bulk1, first, second, message):
    job = bulk1.job("insert", "Account")
    assert bulk1.close(job, first).value("state") == first
    assert bulk1.close(job, second).error == (400, "InvalidJobState", message)
    assert bulk1.info(job).value("state") == first


def test_closed_job_with_unfinished_batches_can_be_aborted(bulk1, emulator):
    emulator.engine.pause()
    job = bulk1.job("insert", "Account")
    bulk1.batch(job, "Name\nA\n")
    bulk1.close(job)
    assert bulk1.close(job, "Aborted").value("state") == "Aborted"


def test_abort_leaves_queued_batches_not_processed(bulk1, emulator):
    emulator.engine.pause()
    job = bulk1.job("insert", "Account")
    first, second = bulk1.batch(job, "Name\nA\n"), bulk1.batch(job, "Name\nB\n")
    assert bulk1.info(job).value("numberBatchesQueued") == "2"
    emulator.engine.run_pending(1)
    bulk1.close(job)
    assert bulk1.close(job, "Aborted").value("state") == "Aborted"
    emulator.engine.resume()
    assert bulk1.status(job, first).value("state") == "Completed"
    assert bulk1.status(job, second).value("state") == "NotProcessed"
    assert bulk1.results(job, second).error == (400, "InvalidBatch", "Records not processed")


def test_closed_job_goes_on_with_its_batches(bulk1, emulator):
    emulator.engine.pause()
    job = bulk1.job("insert", "Account")
    batch = bulk1.batch(job, "Name\nA\n")
    bulk1.close(job)
    emulator.engine.run_pending()
    assert bulk1.status(job, batch).value("state") == "Completed"


def test_batches_run_before_their_job_is_closed(bulk1):
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    assert bulk1.info(job).value("state") == "Open"
    assert bulk1.status(job, batch).value("state") == "Completed"


def test_counters_are_sums_over_the_batches(bulk1):
    job, _ = bulk1.load("insert", "Account", 'Name\nA\n""\n')
    bulk1.batch(job, "Name\nB\n")
    bulk1.batch(job, "No_such_field__c\nC\n")
    told = bulk1.info(job)
    counted = ("BatchesCompleted", "BatchesFailed", "BatchesTotal")
    assert [told.value(f"number{name}") for name in counted] == ["2", "1", "3"]
    assert told.value("numberRecordsProcessed") == "3"
    assert told.value("numberRecordsFailed") == "1"


def test_only_the_state_may_be_changed(bulk1):
    job = bulk1.job("insert", "Account")
    body = '{"state":"Closed","object":"Account"}'
    answer = bulk1.call("POST", f"job/{job}", body, "application/json")
    assert answer.json["exceptionMessage"] == "Object cannot be specified"
    body = f'{{"id":"{job}","state":"Closed"}}'
    assert bulk1.call("POST", f"job/{job}", body, "application/json").json["state"] == "Closed"


@pytest.mark.parametrize("state", ["Open", "Failed", "closed", None])
def test_job_goes_to_closed_or_aborted_only(bulk1, state):
    job = bulk1.job("insert", "Account")
    answer = bulk1.call("POST", f"job/{job}", json.dumps({"state": state}), "application/json")
    assert answer.json["exceptionCode"] == "InvalidJob"


def test_results_of_a_batch_that_has_not_run_are_refused(bulk1, emulator):
    emulator.engine.pause()
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    assert bulk1.results(job, batch).error == (400, "InvalidBatch", "Batch not completed")


def test_modification_stamps_move_and_creation_dates_do_not(bulk1, emulator, clock):
    emulator.engine.pause()
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    clock.advance(90)
    emulator.engine.run_pending()
    for info in (bulk1.info(job), bulk1.status(job, batch)):
        assert info.value("createdDate") == "2024-01-01T00:00:00.000Z"
        assert info.value("systemModstamp") == "2024-01-01T00:01:30.000Z"


def test_job_takes_batches_for_24_hours(bulk1, clock, emulator):
    emulator.sessions.seconds = 10**9
    job = bulk1.job("insert", "Account")
    clock.advance(24 * 3600 - 1)
    assert bulk1.post(job, "Name\nA\n").status == 201
    clock.advance(1)
    assert bulk1.post(job, "Name\nA\n").error[:2] == (400, "InvalidJobState")


def test_jobs_are_gone_7_days_after_their_youngest_batch(bulk1, clock, emulator):
    emulator.sessions.seconds = 10**9
    empty, job = bulk1.job("insert", "Account"), bulk1.job("insert", "Account")
    clock.advance(3600)
    batch = bulk1.batch(job, "Name\nA\n")
    spool = emulator.engine.job(job).directory
    clock.advance(7 * 86400 - 3600)
    assert bulk1.info(empty).error[1] == "InvalidJob"
    assert bulk1.results(job, batch).status == 200
    clock.advance(3600)
    assert bulk1.results(job, batch).error == (400, "InvalidJob", f"Unable to find job: {job}")
    assert not spool.exists()


def test_daily_allocation_of_batches_rolls(clock, connect):
    with SalesforceEmulator(
        inline=True, clock=clock, batches_per_day=2, session_seconds=10**9
    ) as emulator:
        bulk1 = connect(emulator)
        job = bulk1.job("insert", "Account")
        bulk1.batch(job, "Name\nA\n")
        clock.advance(3600)
        bulk1.batch(job, "Name\nB\n")
        assert bulk1.post(job, "Name\nC\n").error == (
            400,
            "ExceededQuota",
            "ApiBatchItems Limit exceeded.",
        )
        clock.advance(23 * 3600)
        job = bulk1.job("insert", "Account")
        assert bulk1.post(job, "Name\nC\n").status == 201
        assert bulk1.post(job, "Name\nD\n").error[1] == "ExceededQuota"


# Batches in


def test_empty_body_is_no_batch(bulk1):
    job = bulk1.job("insert", "Account")
    assert bulk1.post(job, b"").error == (
        400,
        "ClientInputError",
        "Unable to find any data to create batch",
    )


def test_refused_uploads_cost_nothing(bulk1, emulator):
    job = bulk1.job("insert", "Account")
    left = emulator.engine.batches_left
    assert bulk1.post(job, "").status == 400
    assert bulk1.post(job, "[]", "application/json").status == 400
    assert emulator.engine.batches_left == left


def test_same_data_posted_twice_are_two_batches(bulk1):
    job = bulk1.job("insert", "Account")
    assert bulk1.batch(job, "Name\nA\n") != bulk1.batch(job, "Name\nA\n")
    assert bulk1.info(job).value("numberRecordsProcessed") == "2"


def test_unknown_charset_is_a_client_error(bulk1):
    job = bulk1.job("insert", "Account")
    answer = bulk1.post(job, "Name\nA\n", "text/csv; charset=x-nobodys")
    assert answer.error == (400, "ClientInputError", "Unsupported charset: x-nobodys")


@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "application/json"])
def test_query_is_taken_under_each_media_type(bulk1, media_type):
    job = bulk1.job("query", "Account")
    assert bulk1.post(job, "SELECT Id FROM Account", media_type).status == 201


@pytest.mark.parametrize("compressed", [False, True])
def test_10_000_000_bytes_are_the_limit_uncompressed(bulk1, emulator, compressed):
    emulator.engine.pause()
    job = bulk1.job("insert", "Account")
    body = b"Name\n" + b"x" * 9_999_995
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    pack = (lambda data: gzip.compress(data, 1)) if compressed else bytes
    assert bulk1.post(job, pack(body), headers=headers).status == 201
    assert bulk1.post(job, pack(body + b"x"), headers=headers).error == (
        400,
        "ClientInputError",
        "Failed to read request. Exceeded max size limit of 10000000",
    )
    assert len(list(emulator.engine.job(job).directory.iterdir())) == 1


def test_more_than_10_000_records_fail_the_batch(bulk1):
    body = "Name\n" + "A\n" * 10_001
    job, batch = bulk1.load("insert", "Account", body)
    assert bulk1.status(job, batch).value("stateMessage") == (
        "InvalidBatch : Exceeded number of records : 10001. "
        "Number of records should be less than or equal to 10000"
    )
    job, batch = bulk1.load("insert", "Account", body[:-2])
    assert bulk1.status(job, batch).value("numberRecordsProcessed") == "10000"


def test_gzip_request_is_stored_as_it_was_before(bulk1):
    job = bulk1.job("insert", "Account")
    batch = bulk1.batch(job, gzip.compress(b"Name\nA\n"), headers={"Content-Encoding": "gzip"})
    assert bulk1.get(f"job/{job}/batch/{batch}/request").text == "Name\nA\n"


@pytest.mark.parametrize(
    "body", [b"not gzip", gzip.compress(b"Name\nA\n")[:-5]], ids=["none", "cut"]
)
def test_broken_gzip_is_a_client_error(bulk1, body):
    job = bulk1.job("insert", "Account")
    answer = bulk1.post(job, body, headers={"Content-Encoding": "gzip"})
    assert answer.error[:2] == (400, "ClientInputError")
    assert bulk1.batches(job).text.count("<batchInfo>") == 0


@pytest.mark.parametrize("encoding", ["deflate", "br", "compress"])
def test_other_encodings_are_415(bulk1, encoding):
    job = bulk1.job("insert", "Account")
    answer = bulk1.post(job, b"x", headers={"Content-Encoding": encoding})
    assert answer.status == 415


def test_upload_may_come_in_chunks_of_a_row(bulk1, emulator):
    job = bulk1.job("insert", "Account")
    connection = http.client.HTTPConnection(emulator.host, timeout=10)
    connection.request(
        "POST",
        f"/services/async/62.0/job/{job}/batch",
        iter([b'"Name"\r\n', b'"A"\r\n', b'"B"\r\n']),
        {"X-SFDC-Session": bulk1.token, "Content-Type": "text/csv; charset=UTF-8"},
        encode_chunked=True,
    )
    assert connection.getresponse().status == 201
    connection.close()
    assert bulk1.info(job).value("numberRecordsProcessed") == "2"


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [("CSV", "application/json"), ("XML", "text/csv"), ("ZIP_CSV", "text/csv"), ("CSV", "x/y")],
)
def test_batch_of_another_type_than_its_job_is_refused(bulk1, content_type, sent):
    job = bulk1.job("insert", "Account", content_type)
    assert bulk1.post(job, "Name\nA\n", sent).error == (
        400,
        "InvalidBatch",
        f"Unsupported content type: {sent}",
    )


def test_batch_without_a_type_is_of_the_jobs(bulk1):
    job = bulk1.job("insert", "Account")
    assert bulk1.post(job, "Name\nA\n", None).status == 201


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Name,Xyz__c\nA,B\n", "InvalidBatch : Field name not found : Xyz__c"),
        (
            '\ufeff"Name"\n"A"\n',
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. "
            "A value with quote should be within a quote",
        ),
    ],
)
def test_failed_batch_says_why_and_has_no_results(bulk1, body, message):
    job, batch = bulk1.load("insert", "Account", body)
    status = bulk1.status(job, batch)
    assert status.value("state") == "Failed"
    assert status.value("stateMessage") == message
    assert re.search(
        r"</state>\n <stateMessage>.*</stateMessage>\n <createdDate>", status.text, re.S
    )
    assert bulk1.results(job, batch).error == (400, "InvalidBatch", "Records not processed")
    assert bulk1.info(job).value("numberBatchesFailed") == "1"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("JSON", '{"Name":"A"}'),
        ("JSON", '[{"Name":"A"},{"Nothing":1}]'),
        ("JSON", '[{"Name":NaN}]'),
        ("XML", "<sObjects><sObject><Nothing>A</Nothing></sObject></sObjects>"),
        ("XML", "<!DOCTYPE x><sObjects><sObject><Name>A</Name></sObject></sObjects>"),
        ("CSV", "Name\n\xe9".encode("latin-1")),
        ("ZIP_CSV", "no zip"),
    ],
)
def test_unreadable_batch_fails_and_writes_nothing(bulk1, emulator, content_type, body):
    job, batch = bulk1.load("insert", "Account", body, content_type)
    status = bulk1.status(job, batch)
    assert status.value("state") == "Failed"
    assert status.value("stateMessage").startswith("InvalidBatch : ")
    assert emulator.org.count("Account") == 0


def test_empty_cells_leave_and_null_clears(bulk1):
    job, batch = bulk1.load("insert", "Account", "Name,Phone,Website\nA,1,w\n")
    identity = rows_of(bulk1.results(job, batch).body)[1][0]
    bulk1.load("update", "Account", f"Id,Phone,Website\n{identity},,#N/A\n")
    [body] = bulk1.query("Account", "SELECT Name, Phone, Website FROM Account")
    assert rows_of(body)[1] == ["A", "1", ""]


def test_upsert_says_what_was_created(bulk1, emulator):
    emulator.define_object("Load__c", {"Ext__c": "externalId", "Note__c": "text"})
    more = "<externalIdFieldName>Ext__c</externalIdFieldName>"
    bulk1.load("upsert", "Load__c", "Ext__c,Note__c\na,1\n", more=more)
    job, batch = bulk1.load("upsert", "Load__c", "Ext__c,Note__c\na,2\nb,3\n", more=more)
    rows = rows_of(bulk1.results(job, batch).body)
    assert [row[1:3] for row in rows[1:]] == [["true", "false"], ["true", "true"]]
    job, batch = bulk1.load("upsert", "Load__c", "Note__c\n1\n", more=more)
    assert bulk1.status(job, batch).value("stateMessage") == (
        "InvalidBatch : Field name not found : Ext__c"
    )


def test_line_ending_header_rewrites_breaks_inside_values(bulk1):
    body = 'Name,Description\n"A","1\r\n2\n3"\n'
    for name, value in (("CRLF", "1\r\n2\r\n3"), ("LF", "1\n2\n3"), (None, "1\r\n2\n3")):
        headers = {"Sforce-Line-Ending": name} if name else {}
        bulk1.load("insert", "Account", body, headers=headers)
        soql = "SELECT Description FROM Account ORDER BY Id DESC LIMIT 1"
        [found] = bulk1.query("Account", soql)
        assert rows_of(found)[1] == [value]


def test_assignment_rule_is_kept_with_the_job(bulk1):
    more = "<assignmentRuleId>01Q000000000001AAA</assignmentRuleId>"
    answer = bulk1.create_job("insert", "Case", more=more)
    assert answer.value("assignmentRuleId") == "01Q000000000001AAA"


# Zip batches


def zipped(**files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_txt", ".txt"), content)
    return buffer.getvalue()


@pytest.fixture
def parent(bulk1):
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    return rows_of(bulk1.results(job, batch).body)[1][0]


def test_zip_batch_brings_its_files(bulk1, emulator, parent):
    manifest = f"Name,ParentId,Body\none,{parent},#one_bin\ntwo,{parent},#sub/two\n"
    body = zipped(request_txt=manifest, one_bin=b"\x00\xff1", sub__two=b"2")
    job, batch = bulk1.load("insert", "Attachment", body, "ZIP_CSV")
    assert [row[1] for row in rows_of(bulk1.results(job, batch).body)[1:]] == ["true", "true"]
    stored = emulator.org.store.read().execute('SELECT "Body" FROM "Attachment" ORDER BY rid')
    assert stored.fetchall() == [(b"\x00\xff1",), (b"2",)]
    assert bulk1.get(f"job/{job}/batch/{batch}/request").body == body


@pytest.mark.parametrize("form", ["XML", "JSON"])
def test_zip_manifest_may_be_xml_or_json(bulk1, parent, form):
    cells = {"Name": "one", "ParentId": parent, "Body": "#one"}
    content = "".join(f"<{name}>{text}</{name}>" for name, text in cells.items())
    manifest = {
        "JSON": json.dumps([cells]),
        "XML": f"<sObjects><sObject>{content}</sObject></sObjects>",
    }[form]
    body = zipped(request_txt=manifest, one=b"1")
    job, batch = bulk1.load("insert", "Attachment", body, f"ZIP_{form}")
    answer = bulk1.results(job, batch)
    assert answer.headers["Content-Type"] == f"application/{form.lower()}"
    assert "true" in answer.text


def test_reference_without_a_file_fails_its_row_only(bulk1, parent):
    rows = f"bad,{parent},#none\ngood,{parent},#one\nplain,{parent},one\n"
    body = zipped(request_txt=f"Name,ParentId,Body\n{rows}", one=b"1")
    job, batch = bulk1.load("insert", "Attachment", body, "ZIP_CSV")
    results = rows_of(bulk1.results(job, batch).body)[1:]
    assert [row[1] for row in results] == ["false", "true", "false"]
    assert results[0][3].startswith("INVALID_FIELD:")
    assert results[2][3].startswith("INVALID_FIELD:")


@pytest.mark.parametrize(
    "files",
    [
        {"folder__request_txt": "Name\nA\n"},
        {"request_txt": "Name\nA\n", "big": bytes(20_000_001)},
        {"request_txt": "Name\nA\n", **{f"f{n}": b"" for n in range(1000)}},
        {"request_txt": "Name\nA\n", "n" * 513: b""},
    ],
)
def test_zip_beyond_its_limits_fails_the_batch(bulk1, files):
    job, batch = bulk1.load("insert", "Attachment", zipped(**files), "ZIP_CSV")
    assert bulk1.status(job, batch).value("stateMessage").startswith("InvalidBatch : ")


# Field mapping

SPEC = (
    "Salesforce Field,Csv Header,Value,Hint\nName,Full Name,,\nTitle,Job Title,,\n"
    "LeadSource,Lead Source,Web,\nDescription,,Imported from XYZ.csv,\n"
    "Birthdate,Date of Birth,,dd MM yy\n"
)


def test_mapped_batch_is_read_by_its_own_headers(bulk1):
    job = bulk1.job("insert", "Contact")
    answer = bulk1.call("POST", f"job/{job}/spec", SPEC, "text/csv")
    assert (answer.status, answer.body) == (201, b"")
    bulk1.batch(
        job,
        "Full Name,Job Title,Lead Source,Date of Birth,Dropped\n"
        '"Cat, Tom",DSH,Interview,10 02 40,x\nJerry Mouse,House Mouse,,#N/A,x\n',
    )
    soql = "SELECT FirstName, LastName, Title, LeadSource, Description, Birthdate FROM Contact"
    [body] = bulk1.query("Contact", f"{soql} ORDER BY LastName")
    assert rows_of(body)[1:] == [
        ["Tom", "Cat", "DSH", "Interview", "Imported from XYZ.csv", "2040-02-10"],
        ["Jerry", "Mouse", "House Mouse", "Web", "Imported from XYZ.csv", ""],
    ]


def test_mapped_batch_may_have_another_charset(bulk1):
    job = bulk1.job("insert", "Account")
    bulk1.call("POST", f"job/{job}/spec", "Salesforce Field,Csv Header,Value,Hint\nName,Nom,,\n")
    bulk1.batch(job, "Nom\nÉté\n".encode("latin-1"), "text/csv;charset=ISO-8859-1")
    [body] = bulk1.query("Account", "SELECT Name FROM Account")
    assert rows_of(body)[1] == ["Été"]
    assert bulk1.post(job, "Nom\nA\n", "text/csv;charset=nonsense").error[1] == "ClientInputError"


def test_a_row_of_another_width_fails_alone_in_a_mapped_batch_too(bulk1):
    job = bulk1.job("insert", "Account")
    bulk1.call("POST", f"job/{job}/spec", "Salesforce Field,Csv Header,Value,Hint\nName,Nom,,\n")
    batch = bulk1.batch(job, 'X,Y,Nom\nx,y,Été\nx\nx,y,A,z\n"x",y,B\n')
    rows = rows_of(bulk1.call("GET", f"job/{job}/batch/{batch}/result").body)[1:]
    assert [row[1] for row in rows] == ["true", "false", "false", "true"]
    assert all("Number of fields in header" in row[3] for row in rows[1:3])


def test_mapped_boolean_is_true_where_its_pattern_matches(bulk1, emulator):
    emulator.define_object("Flag__c", {"On__c": "checkbox"})
    job = bulk1.job("insert", "Flag__c")
    spec = "Salesforce Field,Csv Header,Value,Hint\nOn__c,on,,^(ja|1)$\n"
    assert bulk1.call("POST", f"job/{job}/spec", spec, "text/csv").status == 201
    bulk1.batch(job, "on,x\nja,\nnein,\n1,\n")
    [body] = bulk1.query("Flag__c", "SELECT On__c FROM Flag__c ORDER BY Id")
    assert [row[0] for row in rows_of(body)[1:]] == ["true", "false", "true"]


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "Name,Full Name\n",
        "Salesforce Field,Csv Header,Value,Hint\n,x,,\n",
        "Salesforce Field,Csv Header,Value,Hint\nOn__c,x,,(\n",
        "Salesforce Field,Csv Header,Value,Hint\n" + "x" * 8192,
    ],
)
def test_spec_that_maps_nothing_is_refused(bulk1, spec):
    job = bulk1.job("insert", "Account")
    answer = bulk1.call("POST", f"job/{job}/spec", spec, "text/csv")
    assert answer.error[:2] == (400, "ClientInputError")


def test_spec_is_for_csv_jobs(bulk1):
    job = bulk1.job("insert", "Account", "XML")
    answer = bulk1.call("POST", f"job/{job}/spec", SPEC, "text/csv")
    assert answer.error[:2] == (400, "InvalidJob")


# Queries


def insert_accounts(bulk1, count):
    body = "Name\n" + "".join(f"Account {n:05d}\n" for n in range(count))
    bulk1.load("insert", "Account", body)


@pytest.mark.parametrize(("content_type", "size"), [("CSV", 150), ("XML", 600), ("JSON", 600)])
def test_several_result_files_have_every_row_once(clock, connect, content_type, size):
    with SalesforceEmulator(inline=True, clock=clock, result_bytes=size) as emulator:
        bulk1 = connect(emulator)
        insert_accounts(bulk1, 30)
        bodies = bulk1.query("Account", "SELECT Name FROM Account", content_type)
        assert len(bodies) > 2
        names = [re.findall(rb"Account (\d{5})", body) for body in bodies]
        assert [int(n) for part in names for n in part] == list(range(30))
        starts = {body.split(b"\n")[0] for body in bodies}
        assert len(starts) == 1


def test_more_than_15_result_files_fail_the_batch(clock, connect):
    with SalesforceEmulator(inline=True, clock=clock, result_bytes=10) as emulator:
        bulk1 = connect(emulator)
        insert_accounts(bulk1, 16)
        job, batch = bulk1.load("query", "Account", "SELECT Name FROM Account")
        message = bulk1.status(job, batch).value("stateMessage")
        assert "Failed to write query result" in message


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        (
            "SELECT Id FROM Contact",
            "InvalidBatch : Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity "
            "of the requested query (Contact) does not match the entity of the requested Bulk API "
            "Job (Account).",
        ),
        (
            "SELECT Id, BadField FROM Account",
            "No such column 'BadField' on entity 'Account'.",
        ),
        ("SELECT count() FROM Account", "InvalidBatch : Failed to process query: "),
        ("nonsense", "InvalidBatch : Failed to process query: MALFORMED_QUERY"),
        (
            "SELECT BillingAddress FROM Account",
            "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: "
            "Selecting compound data not supported in Bulk Query",
        ),
    ],
)
def test_bad_query_fails_and_lists_no_results(bulk1, soql, message):
    job, batch = bulk1.load("query", "Account", soql)
    status = bulk1.status(job, batch)
    assert status.value("state") == "Failed"
    assert message in status.value("stateMessage")
    assert bulk1.results(job, batch).text == (
        '<result-list xmlns="http://www.force.com/2009/06/asyncapi/dataload"/>'
    )
    job, batch = bulk1.load("query", "Account", soql, "JSON")
    assert bulk1.results(job, batch).text == "[]"


def test_binary_field_is_a_feature_that_is_not_enabled(bulk1):
    job, batch = bulk1.load("query", "Attachment", "SELECT Body FROM Attachment")
    assert bulk1.status(job, batch).value("stateMessage") == (
        "FeatureNotEnabled : Binary field not supported"
    )


def test_query_all_has_the_deleted_rows_too(bulk1):
    insert_accounts(bulk1, 2)
    [body] = bulk1.query("Account", "SELECT Id FROM Account")
    bulk1.load("delete", "Account", f"Id\n{rows_of(body)[1][0]}\n")
    soql = "SELECT Name, IsDeleted FROM Account"
    assert len(rows_of(bulk1.query("Account", soql)[0])) == 2
    [body] = bulk1.query("Account", soql, operation="queryAll")
    assert [row[1] for row in rows_of(body)[1:]] == ["true", "false"]


def test_json_query_has_typeof_and_csv_has_not(bulk1):
    job, batch = bulk1.load("insert", "Contact", "LastName,Email\nCat,cat@example.com\n")
    contact = rows_of(bulk1.results(job, batch).body)[1][0]
    bulk1.load("insert", "Task", f"Subject,WhoId\nCall,{contact}\nAlone,\n")
    soql = (
        "SELECT Subject, TYPEOF Who WHEN Contact THEN LastName, Email WHEN Lead THEN Company END, "
        "Id FROM Task ORDER BY Id"
    )
    call, alone = json.loads(bulk1.query("Task", soql, "JSON")[0])
    assert list(call) == ["attributes", "Subject", "Who", "Id"]
    assert call["Who"] == {
        "attributes": {
            "type": "Contact",
            "url": f"/services/data/v62.0/sobjects/Contact/{contact}",
        },
        "LastName": "Cat",
        "Email": "cat@example.com",
    }
    assert alone["Who"] is None
    job, batch = bulk1.load("query", "Task", soql)
    assert bulk1.status(job, batch).value("state") == "Failed"


# PK chunking


def chunk_states(bulk1, job):
    return re.findall("<state>(.*?)</state>", bulk1.batches(job).text)


def chunk_rows(bulk1, job):
    names = []
    for batch in re.findall("<id>(751.*?)</id>", bulk1.batches(job).text):
        for identity in bulk1.result_ids(job, batch):
            body = bulk1.result(job, batch, identity).body
            names.append([] if body == NOT_FOUND else [row[0] for row in rows_of(body)[1:]])
    return names


def chunked(bulk1, soql, header, operation="query"):
    headers = {"Sforce-Enable-PKChunking": header}
    job = bulk1.job(operation, "Account", headers=headers)
    return job, bulk1.batch(job, soql)


def test_chunked_query_leaves_its_own_batch_not_processed(bulk1):
    insert_accounts(bulk1, 25)
    job, original = chunked(bulk1, "SELECT Name FROM Account", "chunkSize=10;")
    assert chunk_states(bulk1, job) == ["NotProcessed"] + ["Completed"] * 3
    assert bulk1.info(job).value("numberBatchesTotal") == "3"
    assert bulk1.info(job).value("numberBatchesCompleted") == "3"
    assert bulk1.results(job, original).text.endswith("/>")
    assert chunk_rows(bulk1, job) == [
        [f"Account {n:05d}" for n in part] for part in (range(10), range(10, 20), range(20, 25))
    ]


def test_chunks_say_what_they_asked(bulk1):
    insert_accounts(bulk1, 15)
    job, _ = chunked(bulk1, "SELECT Name FROM Account WHERE Name != 'x'", "true; chunkSize=10")
    first, second = re.findall("<id>(751.*?)</id>", bulk1.batches(job).text)[1:]
    start = "SELECT Name FROM Account WHERE Name != 'x' AND Id >= 001"
    text = bulk1.get(f"job/{job}/batch/{first}/request").text
    assert re.fullmatch(re.escape(start) + r"\w{15} AND Id < 001\w{15}", text)
    text = bulk1.get(f"job/{job}/batch/{second}/request").text
    assert re.fullmatch(re.escape(start) + r"\w{15}", text)


def test_chunks_may_be_empty_and_deleted_rows_count_for_them(bulk1):
    insert_accounts(bulk1, 25)
    [body] = bulk1.query("Account", "SELECT Id FROM Account")
    gone = [row[0] for row in rows_of(body)[11:21]]
    bulk1.load("delete", "Account", "Id\n" + "\n".join(gone) + "\n")
    job, _ = chunked(bulk1, "SELECT Name FROM Account", "chunkSize=10")
    assert [len(part) for part in chunk_rows(bulk1, job)] == [10, 0, 5]


def test_chunking_starts_at_its_start_row(bulk1):
    insert_accounts(bulk1, 25)
    [body] = bulk1.query("Account", "SELECT Id FROM Account")
    start = rows_of(body)[13][0][:15]
    job, _ = chunked(bulk1, "SELECT Name FROM Account", f"chunkSize=10; startRow={start}")
    assert [len(part) for part in chunk_rows(bulk1, job)] == [10, 3]


@pytest.mark.parametrize("header", ["FALSE", "", "false; chunkSize=10"])
def test_chunking_may_be_off(bulk1, header):
    insert_accounts(bulk1, 3)
    job, _ = chunked(bulk1, "SELECT Name FROM Account", header)
    assert chunk_states(bulk1, job) == ["Completed"]


@pytest.mark.parametrize("header", ["chunkSize=x", "chunkSize=0", "nonsense", "size=3"])
def test_chunking_header_is_checked(bulk1, header):
    answer = bulk1.create_job("query", "Account", headers={"Sforce-Enable-PKChunking": header})
    assert answer.error[:2] == (400, "InvalidJob")


@pytest.mark.parametrize(
    "clause", ["ORDER BY Name", "LIMIT 5", "WHERE OwnerId != null", "WHERE Id != null"]
)
def test_ordered_limited_or_id_filtered_queries_are_not_chunked(bulk1, clause):
    insert_accounts(bulk1, 3)
    job, _ = chunked(bulk1, f"SELECT Name FROM Account {clause}", "chunkSize=2")
    assert chunk_states(bulk1, job) == ["Completed"]


def test_chunked_query_that_cannot_run_fails_as_a_whole(bulk1):
    insert_accounts(bulk1, 3)
    job, _ = chunked(bulk1, "SELECT Nothing FROM Account", "true")
    assert chunk_states(bulk1, job) == ["Failed"]


def test_chunks_cost_their_allocation(bulk1, emulator):
    insert_accounts(bulk1, 25)
    left = emulator.engine.batches_left
    chunked(bulk1, "SELECT Name FROM Account", "chunkSize=10")
    assert emulator.engine.batches_left == left - 4


# Compression


def test_gzip_is_sent_where_it_is_accepted_and_a_second_time_from_its_copy(bulk1, emulator):
    insert_accounts(bulk1, 3000)
    job, batch = bulk1.load("query", "Account", "SELECT Id, Name FROM Account")
    [identity] = bulk1.result_ids(job, batch)
    plain = bulk1.result(job, batch, identity)
    assert plain.headers["Content-Encoding"] is None
    for _ in range(2):
        packed = bulk1.result(job, batch, identity, {"Accept-Encoding": "deflate, gzip;q=0.5"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
        assert len(packed.body) < len(plain.body) / 3
    [copy] = emulator.engine.job(job).directory.glob("*.gz")
    assert gzip.decompress(copy.read_bytes()) == plain.body
    copy.write_bytes(gzip.compress(b"the copy"))
    packed = bulk1.result(job, batch, identity, {"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.body) == b"the copy"


@pytest.mark.parametrize("accepted", ["identity", "deflate, br", "gzip;q=0", "x-gzip"])
def test_gzip_is_not_sent_where_it_is_not_accepted(bulk1, accepted):
    answer = bulk1.create_job("insert", "Account", headers={"Accept-Encoding": accepted})
    assert answer.headers["Content-Encoding"] is None


def test_small_answers_and_errors_may_be_compressed_too(bulk1):
    job = bulk1.job("insert", "Account")
    answer = bulk1.get(f"job/{job}", headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(answer.body) == bulk1.info(job).body


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("CSV", "Name,ParentId,body\na,001000000000001AAA,YQ==\n"),
        ("JSON", '[{"Name": "a", "Body": "YQ=="}]'),
    ],
)
def test_files_in_a_job_without_an_archive_fail_the_batch(emulator, bulk1, content_type, body):
    job, batch = bulk1.load("insert", "Attachment", body, content_type)
    told = bulk1.status(job, batch)
    assert told.value("state") == "Failed"
    assert told.value("stateMessage").lower() == (
        "invalidbatch : binary field body is only supported for content types zip_xml and zip_csv"
    )
    assert emulator.org.count("Attachment") == 0
