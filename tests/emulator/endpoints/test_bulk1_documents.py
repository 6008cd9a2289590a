"""Bulk API 1.0 on the wire: documents as recorded from live orgs, byte for byte."""

import json
import re
from xml.etree import ElementTree

import pytest

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
JOB = """<?xml version="1.0" encoding="UTF-8"?><jobInfo
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <id>{id}</id>
 <operation>upsert</operation>
 <object>Contact</object>
 <createdById>{user}</createdById>
 <createdDate>2024-01-01T00:00:00.000Z</createdDate>
 <systemModstamp>2024-01-01T00:00:00.000Z</systemModstamp>
 <state>{state}</state>
 <externalIdFieldName>Email</externalIdFieldName>
 <concurrencyMode>Parallel</concurrencyMode>
 <contentType>CSV</contentType>
 <numberBatchesQueued>0</numberBatchesQueued>
 <numberBatchesInProgress>0</numberBatchesInProgress>
 <numberBatchesCompleted>0</numberBatchesCompleted>
 <numberBatchesFailed>0</numberBatchesFailed>
 <numberBatchesTotal>0</numberBatchesTotal>
 <numberRecordsProcessed>0</numberRecordsProcessed>
 <numberRetries>0</numberRetries>
 <apiVersion>62.0</apiVersion>
 <numberRecordsFailed>0</numberRecordsFailed>
 <totalProcessingTime>0</totalProcessingTime>
 <apiActiveProcessingTime>0</apiActiveProcessingTime>
 <apexProcessingTime>0</apexProcessingTime>
</jobInfo>"""
BATCH = """<?xml version="1.0" encoding="UTF-8"?><batchInfo
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <id>{id}</id>
 <jobId>{job}</jobId>
 <state>{state}</state>
 <createdDate>2024-01-01T00:00:00.000Z</createdDate>
 <systemModstamp>2024-01-01T00:00:00.000Z</systemModstamp>
 <numberRecordsProcessed>{rows}</numberRecordsProcessed>
 <numberRecordsFailed>0</numberRecordsFailed>
 <totalProcessingTime>0</totalProcessingTime>
 <apiActiveProcessingTime>0</apiActiveProcessingTime>
 <apexProcessingTime>0</apexProcessingTime>
</batchInfo>"""


def test_job_created_in_xml_is_answered_as_recorded(bulk1, emulator):
    answer = bulk1.create_job(
        "upsert", "Contact", more="<externalIdFieldName>Email</externalIdFieldName>"
    )
    job = answer.value("id")
    assert answer.status == 201
    assert answer.headers["Content-Type"] == "application/xml"
    assert re.fullmatch("750[0-9A-Za-z]{15}", job)
    assert answer.text == JOB.format(id=job, user=emulator.org.admin.id, state="Open")
    assert bulk1.info(job).text == answer.text


def test_closed_job_without_batches_has_only_its_state_changed(bulk1, emulator):
    job = bulk1.job("upsert", "Contact", more="<externalIdFieldName>Email</externalIdFieldName>")
    answer = bulk1.close(job)
    assert answer.status == 200
    assert answer.text == JOB.format(id=job, user=emulator.org.admin.id, state="Closed")


def test_job_created_in_json_is_answered_in_json_with_sorted_keys_and_nulls(bulk1, emulator):
    answer = bulk1.call(
        "POST",
        "job",
        '{"operation":"update","object":"Contact","contentType":"CSV"}',
        "application/json",
    )
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"apexProcessingTime":0,"apiActiveProcessingTime":0,"apiVersion":62.0,'
        '"assignmentRuleId":null,"concurrencyMode":"Parallel","contentType":"CSV",'
        f'"createdById":"{emulator.org.admin.id}","createdDate":"2024-01-01T00:00:00.000+0000",'
        f'"externalIdFieldName":null,"fastPathEnabled":false,"id":"{answer.json["id"]}",'
        '"numberBatchesCompleted":0,"numberBatchesFailed":0,"numberBatchesInProgress":0,'
        '"numberBatchesQueued":0,"numberBatchesTotal":0,"numberRecordsFailed":0,'
        '"numberRecordsProcessed":0,"numberRetries":0,"object":"Contact","operation":"update",'
        '"state":"Open","systemModstamp":"2024-01-01T00:00:00.000+0000","totalProcessingTime":0}'
    )


def test_added_batch_is_answered_queued_and_has_run_when_asked_again(bulk1):
    job = bulk1.job("insert", "Account")
    answer = bulk1.post(job, '"Name"\r\n"Sitwell-Bluth"\r\n')
    batch = answer.value("id")
    assert answer.status == 201
    assert re.fullmatch("751[0-9A-Za-z]{15}", batch)
    assert answer.text == BATCH.format(id=batch, job=job, state="Queued", rows=0)
    assert bulk1.status(job, batch).text == BATCH.format(
        id=batch, job=job, state="Completed", rows=1
    )


def test_batch_of_a_json_job_has_null_for_what_is_absent(bulk1):
    job = bulk1.job("insert", "Account", "JSON")
    answer = bulk1.post(job, '[{"Name":"Sitwell-Bluth"}]', "application/json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"apexProcessingTime":0,"apiActiveProcessingTime":0,'
        f'"createdDate":"2024-01-01T00:00:00.000+0000","id":"{answer.json["id"]}",'
        f'"jobId":"{job}","numberRecordsFailed":0,"numberRecordsProcessed":0,"state":"Queued",'
        '"stateMessage":null,"systemModstamp":"2024-01-01T00:00:00.000+0000",'
        '"totalProcessingTime":0}'
    )


def test_batch_list_indents_its_batches_and_keeps_their_order(bulk1):
    job = bulk1.job("insert", "Account")
    assert bulk1.batches(job).text == (
        '<?xml version="1.0" encoding="UTF-8"?><batchInfoList\n'
        '   xmlns="http://www.force.com/2009/06/asyncapi/dataload" />'
    )
    first, second = bulk1.batch(job, "Name\nA\n"), bulk1.batch(job, "Name\nB\n")
    listed = bulk1.batches(job).text
    assert re.findall("<id>(.*?)</id>", listed) == [first, second]
    assert f" <batchInfo>\n  <id>{first}</id>\n  <jobId>{job}</jobId>\n" in listed
    assert listed.endswith("</apexProcessingTime>\n </batchInfo>\n</batchInfoList>")


def test_location_of_a_created_job_is_a_path(bulk1):
    answer = bulk1.create_job("insert", "Account")
    assert answer.headers["Location"] == f"/services/async/62.0/job/{answer.value('id')}"


def test_empty_batch_list_of_a_json_job_has_an_empty_array(bulk1):
    assert bulk1.batches(bulk1.job("insert", "Account", "JSON")).text == '{"batchInfo":[]}'


def test_batch_list_of_a_json_job_is_an_object(bulk1):
    job = bulk1.job("insert", "Account", "JSON")
    assert bulk1.batches(job).text == '{"batchInfo":[]}'
    batch = bulk1.batch(job, '[{"Name":"A"}]', "application/json")
    assert [info["id"] for info in bulk1.batches(job).json["batchInfo"]] == [batch]


def test_headers_of_an_added_batch_are_the_recorded_ones(bulk1):
    job = bulk1.job("insert", "Account", "JSON")
    answer = bulk1.post(job, '[{"Name":"A"}]', "application/json")
    headers = answer.headers
    assert headers["Location"] == f"/services/async/62.0/job/{job}/batch/{answer.json['id']}"
    assert headers["Cache-Control"] == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert re.fullmatch("[0-9a-f]{32}", headers["X-Request-Id"])
    assert headers["X-SFDC-Request-Id"] == headers["X-Request-Id"]
    assert headers["X-Robots-Tag"] == "none"
    assert headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in headers


def test_load_results_quote_every_cell(bulk1):
    job, batch = bulk1.load("insert", "Contact", '"LastName"\r\n"Bluth"\r\n\r\n""\r\n')
    answer = bulk1.results(job, batch)
    assert answer.headers["Content-Type"] == "text/csv"
    # A blank line is no record, a line of one empty quoted cell is: each record has its result.
    assert re.fullmatch(
        '"Id","Success","Created","Error"\n"003[^"]{15}","true","true",""\n'
        '"","false","false","REQUIRED_FIELD_MISSING:[^"]+"\n',
        answer.text,
    )


def test_failed_row_has_no_id_and_its_error_in_one_cell(bulk1):
    job, batch = bulk1.load("insert", "Contact", "LastName,FirstName\n,Tom\nCat,Tom\n")
    lines = bulk1.results(job, batch).text.split("\n")
    assert lines[1] == (
        '"","false","false","REQUIRED_FIELD_MISSING:'
        'Required fields are missing: [LastName]:LastName --"'
    )
    assert lines[2].startswith('"003')
    status = bulk1.status(job, batch)
    assert status.value("state") == "Completed"
    assert (status.value("numberRecordsProcessed"), status.value("numberRecordsFailed")) == (
        "2",
        "1",
    )
    assert bulk1.info(job).value("numberRecordsFailed") == "1"


def test_error_without_fields_has_no_space_before_its_end(bulk1):
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    identity = bulk1.results(job, batch).text.split('"')[9]
    bulk1.load("delete", "Account", f"Id\n{identity}\n")
    job, batch = bulk1.load("delete", "Account", f"Id\n{identity}\n")
    assert (
        '"","false","false","ENTITY_IS_DELETED:entity is deleted:--"'
        in bulk1.results(job, batch).text
    )


def test_xml_results_have_errors_first_and_no_id_in_failures(bulk1):
    job, batch = bulk1.load(
        "insert",
        "Contact",
        f'<sObjects xmlns="{NAMESPACE}"><sObject><LastName>Cat</LastName></sObject>'
        "<sObject><FirstName>Tom</FirstName></sObject></sObjects>",
        "XML",
    )
    answer = bulk1.results(job, batch)
    assert answer.headers["Content-Type"] == "application/xml"
    identity = re.search("<id>(003.{15})</id>", answer.text)[1]
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<results xmlns="{NAMESPACE}">\n'
        f" <result>\n  <id>{identity}</id><success>true</success><created>true</created>\n"
        " </result>\n"
        " <result>\n  <errors>\n   <fields>LastName</fields>\n"
        "   <message>Required fields are missing: [LastName]</message>\n"
        "   <statusCode>REQUIRED_FIELD_MISSING</statusCode>\n  </errors>\n"
        "  <success>false</success><created>false</created>\n </result>\n"
        "</results>"
    )


def test_json_results_have_booleans_and_a_null_id(bulk1):
    job, batch = bulk1.load("insert", "Contact", '[{"LastName":"Cat"},{"FirstName":"Tom"}]', "JSON")
    good, bad = bulk1.results(job, batch).json
    assert good == {"success": True, "created": True, "id": good["id"], "errors": []}
    assert bad == {
        "success": False,
        "created": False,
        "id": None,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }


def test_result_list_is_xml_for_csv_and_xml_jobs_and_an_array_for_json(bulk1):
    for content_type in ("CSV", "XML"):
        job, batch = bulk1.load("query", "Account", "SELECT Id FROM Account", content_type)
        answer = bulk1.results(job, batch)
        assert answer.headers["Content-Type"] == "application/xml"
        assert re.fullmatch(
            f'<result-list xmlns="{NAMESPACE}"><result>752[0-9A-Za-z]{{12}}</result></result-list>',
            answer.text,
        )
    job, batch = bulk1.load("query", "Account", "SELECT Id FROM Account", "JSON")
    assert re.fullmatch(r'\["752[0-9A-Za-z]{12}"\]', bulk1.results(job, batch).text)


def test_query_without_rows_is_the_sentence_alone(bulk1):
    assert bulk1.query("Account", "SELECT Id FROM Account") == [b"Records not found for this query"]
    assert bulk1.query("Account", "SELECT Id FROM Account", "JSON") == [b"[ ]"]
    [empty] = bulk1.query("Account", "SELECT Id FROM Account", "XML")
    assert b"<records" not in empty
    assert empty.endswith(b"</queryResult>")


@pytest.fixture
def contacts(bulk1):
    bulk1.load("insert", "Account", 'Name,AnnualRevenue\n"A ""quoted""",139000000\n')
    bulk1.load(
        "insert",
        "Contact",
        'LastName,Birthdate,Description\nDüşük,1940-02-10,"two\nlines & <tag>"\nPlain,,\n',
    )


def test_csv_query_quotes_everything_and_null_is_empty(bulk1, contacts):
    [body] = bulk1.query(
        "Contact",
        "SELECT LastName, Birthdate, IsEmailBounced, Description, Account.Name, CreatedDate "
        "FROM Contact",
    )
    assert body.decode() == (
        '"LastName","Birthdate","IsEmailBounced","Description","Account.Name","CreatedDate"\n'
        '"Düşük","1940-02-10","false","two\nlines & <tag>","","2024-01-01T00:00:00.000Z"\n'
        '"Plain","","false","","","2024-01-01T00:00:00.000Z"\n'
    )


def test_doubles_print_as_java_does(bulk1, contacts):
    [body] = bulk1.query("Account", "SELECT Name, AnnualRevenue FROM Account")
    assert body.decode() == '"Name","AnnualRevenue"\n"A ""quoted""","1.39E8"\n'


def test_json_query_nests_parents_and_counts_milliseconds(bulk1, contacts):
    bulk1.load("insert", "Contact", "LastName,ReportsTo.Email\nBelow,\n")
    [body] = bulk1.query(
        "Contact",
        "SELECT Id, LastName, Owner.Name, Account.Name, CreatedDate FROM Contact LIMIT 1",
        "JSON",
    )
    [record] = json.loads(body)
    url = f"/services/data/v62.0/sobjects/Contact/{record['Id']}"
    assert list(record) == ["attributes", "Id", "LastName", "Owner", "Account", "CreatedDate"]
    assert record["attributes"] == {"type": "Contact", "url": url}
    assert record["Owner"]["attributes"]["type"] == "User"
    assert record["Owner"]["Name"] == "Admin User"
    assert record["Account"] is None
    assert record["CreatedDate"] == 1704067200000
    assert body.startswith(b'[ {\n  "attributes" : {\n    "type" : "Contact",\n    "url" : "')
    assert body.endswith(b"\n} ]")


def test_xml_query_says_the_id_twice_and_null_as_nil(bulk1, contacts):
    soql = "SELECT Id, LastName, Birthdate, Owner.Name FROM Contact"
    [body] = bulk1.query("Contact", soql, "XML")
    text = body.decode()
    identity = re.search("<Id>(003.{15})</Id>", text)[1]
    assert (
        ' <records xsi:type="sObject">\n  <type>Contact</type>\n'
        f"  <Id>{identity}</Id>\n  <Id>{identity}</Id>\n  <LastName>Düşük</LastName>\n"
        "  <Birthdate>1940-02-10</Birthdate>\n"
        '  <Owner xsi:type="sObject">\n   <type>User</type>\n   <Id xsi:nil="true"/>\n'
        "   <Name>Admin User</Name>\n  </Owner>\n </records>\n"
    ) in text
    assert '<Birthdate xsi:nil="true"/>' in text


def test_xml_query_without_id_has_it_once_and_nil(bulk1, contacts):
    [body] = bulk1.query("Contact", "SELECT LastName FROM Contact LIMIT 1", "XML")
    assert body.count(b"<Id") == 1
    assert b'<Id xsi:nil="true"/>' in body


def test_errors_are_xml_or_json_by_the_request_until_the_job_is_known(bulk1):
    answer = bulk1.get("job/750000000000000")
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?><error\n'
        f'   xmlns="{NAMESPACE}">\n'
        " <exceptionCode>InvalidJob</exceptionCode>\n"
        " <exceptionMessage>Unable to find job: 750000000000000</exceptionMessage>\n"
        "</error>"
    )
    answer = bulk1.get("job/750000000000000", "application/json")
    assert answer.text == (
        '{"exceptionCode":"InvalidJob","exceptionMessage":"Unable to find job: 750000000000000"}'
    )


def test_errors_of_a_known_job_are_in_its_own_format(bulk1):
    job = bulk1.job("insert", "Account", "JSON")
    answer = bulk1.get(f"job/{job}/batch/751000000000000", "application/xml")
    assert answer.json["exceptionCode"] == "InvalidBatch"


@pytest.mark.parametrize("sent", ["application/json", "text/csv", None])
def test_batch_answers_follow_the_job_and_not_the_request(bulk1, sent):
    job, batch = bulk1.load("insert", "Account", "Name\nA\n")
    assert bulk1.get(f"job/{job}/batch/{batch}", sent).headers["Content-Type"] == "application/xml"
    job, batch = bulk1.load("insert", "Account", '[{"Name":"A"}]', "JSON")
    assert bulk1.get(f"job/{job}/batch/{batch}", sent).headers["Content-Type"] == "application/json"


def test_closing_is_answered_in_the_form_of_the_request(bulk1):
    job = bulk1.job("insert", "Account")
    answer = bulk1.call("POST", f"job/{job}", '{"state":"Closed"}', "application/json")
    assert answer.json["state"] == "Closed"
    job = bulk1.job("insert", "Account", "JSON")
    assert bulk1.close(job).headers["Content-Type"] == "application/xml"


def test_request_gives_back_what_was_uploaded(bulk1):
    body = '"Name"\r\n"Sitwell-Bluth é"\r\n'
    job, batch = bulk1.load("insert", "Account", body)
    answer = bulk1.get(f"job/{job}/batch/{batch}/request")
    assert (answer.headers["Content-Type"], answer.text) == ("text/csv", body)
    job, batch = bulk1.load("query", "Account", "SELECT Id FROM Account", "JSON")
    assert bulk1.get(f"job/{job}/batch/{batch}/request").text == "SELECT Id FROM Account"


def test_ids_in_paths_may_have_15_or_18_characters_and_a_slash_may_follow(bulk1):
    job, batch = bulk1.load("query", "Account", "SELECT Id FROM Account")
    assert bulk1.get(f"job/{job[:15]}/").status == 200
    assert bulk1.get(f"job/{job[:15]}/batch/{batch[:15]}/").status == 200
    [identity] = bulk1.result_ids(job, batch)
    assert bulk1.result(job, batch, f"{identity}?format=json").status == 200


def test_schema_describes_every_field_that_is_sent(bulk1):
    answer = bulk1.call("GET", "AsyncApi.xsd", headers={"X-SFDC-Session": "none"})
    root = ElementTree.fromstring(answer.text)
    xsd = "{http://www.w3.org/2001/XMLSchema}"
    described = [
        element.get("name")
        for element in root.find(f"{xsd}complexType[@name='JobInfo']").iter(f"{xsd}element")
    ]
    job = bulk1.create_job(
        "upsert",
        "Case",
        more="<externalIdFieldName>Id</externalIdFieldName>"
        "<assignmentRuleId>01Q000000000001</assignmentRuleId>",
    )
    assert re.findall(r"\n <(\w+)>", job.text) == described
