"""The documents of Bulk API 1.0: bytes as recorded orgs send them, and what they are read as."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.models import TruthText
from salesforce_bulk.wire import fault, v1

NS = "http://www.force.com/2009/06/asyncapi/dataload"

# Recorded answers: declaration without a newline, the namespace on a line of its own.

JOB_INFO = b"""<?xml version="1.0" encoding="UTF-8"?><jobInfo
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <id>750P0000006HoQuIAK</id>
 <operation>upsert</operation>
 <object>Contact</object>
 <createdById>005P000000AyPpYIAV</createdById>
 <createdDate>2022-10-20T16:45:42.000Z</createdDate>
 <systemModstamp>2022-10-20T16:45:42.000Z</systemModstamp>
 <state>Open</state>
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

JOB_INFO_JSON = (
    b'{"apexProcessingTime":0,"apiActiveProcessingTime":0,"apiVersion":36.0,'
    b'"assignmentRuleId":null,"concurrencyMode":"Parallel","contentType":"CSV",'
    b'"createdById":"005B0000001LERtIAO","createdDate":"2016-03-15T06:25:24.000+0000",'
    b'"externalIdFieldName":null,"fastPathEnabled":false,"id":"750B0000000WlhtIAC",'
    b'"numberBatchesTotal":0,"object":"Contact","operation":"update","state":"Open"}'
)

BATCH_INFO = b"""<?xml version="1.0" encoding="UTF-8"?><batchInfo
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <id>751P0000007qkgoIAA</id>
 <jobId>750P0000006HoS1IAK</jobId>
 <state>Queued</state>
 <createdDate>2022-10-20T16:45:37.000Z</createdDate>
 <systemModstamp>2022-10-20T16:45:37.000Z</systemModstamp>
 <numberRecordsProcessed>0</numberRecordsProcessed>
 <numberRecordsFailed>0</numberRecordsFailed>
 <totalProcessingTime>0</totalProcessingTime>
 <apiActiveProcessingTime>0</apiActiveProcessingTime>
 <apexProcessingTime>0</apexProcessingTime>
</batchInfo>"""

BATCH_INFO_JSON = (
    b'{"apexProcessingTime":0,"apiActiveProcessingTime":0,'
    b'"createdDate":"2024-11-21T08:31:31.000+0000","id":"7519H000001XiCzQAK",'
    b'"jobId":"7509H0000016GUXQA2","numberRecordsFailed":0,"numberRecordsProcessed":0,'
    b'"state":"Queued","stateMessage":null,"systemModstamp":"2024-11-21T08:31:31.000+0000",'
    b'"totalProcessingTime":0}'
)

EMPTY_BATCH_LIST = b"""<?xml version="1.0" encoding="UTF-8"?><batchInfoList
   xmlns="http://www.force.com/2009/06/asyncapi/dataload" />"""

BATCH_LIST = b"""<?xml version="1.0" encoding="UTF-8"?><batchInfoList
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <batchInfo>
  <id>751P0000007qkgoIAA</id>
  <state>NotProcessed</state>
 </batchInfo>
 <batchInfo>
  <id>751P0000007qkgpIAA</id>
  <state>Completed</state>
 </batchInfo>
</batchInfoList>"""

ROWS_CSV = (
    b'"Id","Success","Created","Error"\n'
    b'"003P000001avB4QIAU","true","false",""\n'
    b'"003P000001avB4lIAE","true","true",""\n'
    b'"","false","false",'
    b'"REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"\n'
)

ROWS_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
<results xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <result>
  <id>0013000000ymMBhAAM</id><success>true</success><created>false</created>
 </result>
 <result>
  <errors>
   <fields>Id</fields>
   <message>Account ID: id value of incorrect type: abc123</message>
   <statusCode>MALFORMED_ID</statusCode>
  </errors>
  <success>false</success><created>false</created>
 </result>
</results>"""

ROWS_JSON = b"""[{"success":true,"created":true,"id":"001xx000003DHP0AAO","errors":[]},
 {"success":false,"created":false,"id":null,
  "errors":[{"statusCode":"FIELD_FILTER_VALIDATION_EXCEPTION",
             "message":"Value does not exist or does not match filter criteria.",
             "fields":["Reason__c"],"extendedErrorDetails":null}]}]"""

RESULT_LIST = (
    b'<result-list xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
    b"<result>752x00000004CJE</result><result>752x00000004CJF</result></result-list>"
)

ERROR_XML = b"""<?xml version="1.0" encoding="UTF-8"?><error
   xmlns="http://www.force.com/2009/06/asyncapi/dataload">
 <exceptionCode>InvalidSessionId</exceptionCode>
 <exceptionMessage>Invalid session id</exceptionMessage>
</error>"""

# A billion laughs, an external entity, a document type of its own.
BOMBS = [
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><jobInfo><id>&c;</id></jobInfo>',
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<jobInfo><id>&a;</id></jobInfo>",
]


# What is sent


def test_a_job_document_is_byte_for_byte_what_2_2_0_sent() -> None:
    assert v1.job_document("Contact", "upsert", "CSV", "Parallel", "Email") == (
        b'<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        b"<operation>upsert</operation><object>Contact</object>"
        b"<externalIdFieldName>Email</externalIdFieldName>"
        b"<concurrencyMode>Parallel</concurrencyMode><contentType>CSV</contentType></jobInfo>"
    )


def test_a_job_document_leaves_out_what_was_not_given_and_ends_with_the_rule() -> None:
    document = v1.job_document("Case", "insert", "JSON", assignment_rule_id="01Qx")
    assert [child.tag.rpartition("}")[2] for child in ET.fromstring(document)] == [
        "operation",
        "object",
        "contentType",
        "assignmentRuleId",
    ]


def test_a_job_document_escapes_markup() -> None:
    document = v1.job_document("A<&>", "insert", "CSV")
    assert ET.fromstring(document).findtext(f"{{{NS}}}object") == "A<&>"


@pytest.mark.parametrize("state", ["Closed", "Aborted"])
def test_a_state_document_holds_the_state_alone(state: str) -> None:
    assert v1.state_document(state) == (
        b'<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        b"<state>" + state.encode() + b"</state></jobInfo>"
    )


@pytest.mark.parametrize(
    ("given", "header"),
    [
        (True, "true"),
        (50_000, "chunkSize=50000;"),
        ("chunkSize=50000; startRow=00130000000xEftMGH",) * 2,
        ("parent=Account",) * 2,
    ],
)
def test_the_pk_chunking_header(given: Any, header: str) -> None:
    assert v1.pk_chunking_header(given) == header


# Job and batch information


def test_a_recorded_job_info_is_read_as_texts() -> None:
    info = v1.read_info("application/xml", JOB_INFO)
    assert isinstance(info, dict)
    assert len(info) == 22
    assert info["id"] == "750P0000006HoQuIAK"
    assert info["externalIdFieldName"] == "Email"
    assert info["numberBatchesTotal"] == "0"
    assert info["apiVersion"] == "62.0"


def test_a_recorded_json_job_info_keeps_json_types_and_as_text_takes_them_away() -> None:
    info = v1.read_info("application/json;charset=UTF-8", JOB_INFO_JSON)
    assert isinstance(info, dict)
    assert info["apiVersion"] == 36.0
    assert info["fastPathEnabled"] is False
    text = v1.as_text(info)
    assert text["apiVersion"] == "36.0"
    assert text["fastPathEnabled"] == "false"
    assert text["numberBatchesTotal"] == "0"
    assert text["assignmentRuleId"] is None


def test_recorded_batch_infos_of_both_formats() -> None:
    xml = v1.read_info("application/xml", BATCH_INFO)
    plain = v1.read_info("application/json", BATCH_INFO_JSON)
    assert isinstance(xml, dict)
    assert isinstance(plain, dict)
    assert (xml["id"], xml["state"], xml["numberRecordsFailed"]) == (
        "751P0000007qkgoIAA",
        "Queued",
        "0",
    )
    assert (plain["id"], plain["state"], plain["stateMessage"]) == (
        "7519H000001XiCzQAK",
        "Queued",
        None,
    )


def test_batch_lists_of_both_formats() -> None:
    assert v1.batch_infos(v1.read_info("application/xml", BATCH_LIST)) == [
        {"id": "751P0000007qkgoIAA", "state": "NotProcessed"},
        {"id": "751P0000007qkgpIAA", "state": "Completed"},
    ]
    body = b'{"batchInfo":[' + BATCH_INFO_JSON + b"]}"
    (info,) = v1.batch_infos(v1.read_info("application/json", body))
    assert info["id"] == "7519H000001XiCzQAK"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/xml", EMPTY_BATCH_LIST),
        ("application/json", b'{"batchInfo":[]}'),
        ("application/json", b'{"batchInfo":null}'),
        ("application/json", b"[]"),
    ],
)
def test_no_batches_are_an_empty_list(content_type: str, body: bytes) -> None:
    assert v1.batch_infos(v1.read_info(content_type, body)) == []


@pytest.mark.parametrize("header", [None, "text/plain", "application/xml; charset=UTF-8"])
def test_documents_are_recognised_whatever_the_header(header: str | None) -> None:
    info = v1.read_info(header, b"\n" + BATCH_INFO.partition(b"?>")[2])
    assert isinstance(info, dict)
    assert info["state"] == "Queued"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html><body>Sign in</body></html>"),
        ("application/xml", b""),
        ("application/xml", b"<jobInfo>"),
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"5"),
        ("application/json", b"null"),
        ("application/json", b'"text"'),
        ("application/json", b'[{"id": "751x"}, 5]'),
        ("application/json", b'{"id": "\xff"}'),
        ("text/csv", b"Id\n1"),
        (None, b""),
        *(("application/xml", bomb) for bomb in BOMBS),
    ],
)
def test_what_is_no_document_of_the_api_is_unreadable(
    content_type: str | None, body: bytes
) -> None:
    with pytest.raises(v1.UnreadableDocument):
        v1.read_info(content_type, body)


@pytest.mark.parametrize(
    "document",
    [
        b"<html xmlns='http://www.w3.org/1999/xhtml'><head/><body/></html>",
        EMPTY_BATCH_LIST,
        b"<jobInfo/>",
    ],
)
def test_xml_of_another_kind_is_no_job_and_no_batch(document: bytes) -> None:
    """A login page in XHTML would be a batch without a state, waited for until the time is up."""
    with pytest.raises(v1.UnreadableDocument):
        v1.one_info(v1.read_info("application/xhtml+xml", document))


@pytest.mark.parametrize("document", [BATCH_INFO, b"<html><body/></html>"])
def test_xml_of_another_kind_is_no_batch_list(document: bytes) -> None:
    with pytest.raises(v1.UnreadableDocument):
        v1.batch_infos(v1.read_info("application/xml", document))


@pytest.mark.parametrize("bomb", BOMBS)
def test_xml_bombs_are_refused_by_every_reader(bomb: bytes) -> None:
    for reader in (v1.read_info, v1.read_result_ids, v1.read_row_results):
        with pytest.raises(v1.UnreadableDocument, match=r"EntitiesForbidden|DTDForbidden|ntit"):
            reader("application/xml", bomb)
    assert fault.read_fault("application/xml", bomb) == fault.NO_FAULT


# Query results


@pytest.mark.parametrize(
    ("content_type", "body", "ids"),
    [
        ("application/xml", RESULT_LIST, ["752x00000004CJE", "752x00000004CJF"]),
        ("application/json", b'["7529H000000xO6L"]', ["7529H000000xO6L"]),
        ("application/json;charset=UTF-8", b'["7529H000000xO6L"]', ["7529H000000xO6L"]),
        ("application/json", b"[]", []),
        ("application/xml", f'<result-list xmlns="{NS}"/>'.encode(), []),
    ],
)
def test_result_ids_in_the_order_of_the_data(content_type: str, body: bytes, ids: Any) -> None:
    assert v1.read_result_ids(content_type, body) == ids


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"batchInfo":[]}'),
        ("application/json", b'"752x"'),
        ("application/xml", BATCH_INFO),
        ("text/csv", b"Id"),
    ],
)
def test_what_is_no_result_list_is_unreadable(content_type: str, body: bytes) -> None:
    with pytest.raises(v1.UnreadableDocument):
        v1.read_result_ids(content_type, body)


# Row results


@pytest.mark.parametrize("header", ["text/csv", "text/csv; charset=UTF-8", None])
def test_recorded_csv_row_results_are_four_texts(header: str | None) -> None:
    rows = v1.read_row_results(header, ROWS_CSV)
    assert rows == [
        ("003P000001avB4QIAU", "true", "false", ""),
        ("003P000001avB4lIAE", "true", "true", ""),
        (
            "",
            "false",
            "false",
            "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
        ),
    ]
    assert [bool(row.success) for row in rows] == [True, True, False]
    assert [bool(row.created) for row in rows] == [False, True, False]
    assert all(type(row.success) is TruthText for row in rows)


def test_csv_row_results_are_read_by_their_header() -> None:
    body = b'Created,More,"Error",SUCCESS,Id\ntrue,x,"a\nb, c",true,001\n'
    assert v1.read_row_results("text/csv", body) == [("001", "true", "true", "a\nb, c")]


def test_nuls_in_row_results_are_dropped() -> None:
    assert v1.read_row_results("text/csv", ROWS_CSV.replace(b"true", b"t\0rue")) == (
        v1.read_row_results("text/csv", ROWS_CSV)
    )
    nul = ROWS_JSON.replace(b"Reason", b"Rea\0son")
    assert v1.read_row_results("application/json", nul)[1].error[0]["fields"] == ["Reason__c"]


def test_json_row_results_have_booleans_none_and_lists_of_dicts() -> None:
    good, bad = v1.read_row_results("application/json; charset=UTF-8", ROWS_JSON)
    assert good == ("001xx000003DHP0AAO", True, True, [])
    assert bad[:3] == (None, False, False)
    assert bad.error[0]["statusCode"] == "FIELD_FILTER_VALIDATION_EXCEPTION"
    assert bad.error[0]["fields"] == ["Reason__c"]


def test_xml_row_results_carry_their_ids() -> None:
    """2.2.0 returned None for every id of an XML job."""
    good, bad = v1.read_row_results("application/xml;charset=UTF-8", ROWS_XML)
    assert good == ("0013000000ymMBhAAM", True, False, [])
    assert bad == (
        None,
        False,
        False,
        [
            {
                "fields": ["Id"],
                "message": "Account ID: id value of incorrect type: abc123",
                "statusCode": "MALFORMED_ID",
            }
        ],
    )


def test_xml_row_results_keep_every_error_and_every_field() -> None:
    body = (
        f'<results xmlns="{NS}"><result>'
        "<errors><fields>A</fields><fields>B</fields><message>m</message>"
        "<statusCode>X</statusCode></errors>"
        "<errors><message>n</message><statusCode>Y</statusCode></errors>"
        "<success>false</success><created>false</created></result></results>"
    )
    (row,) = v1.read_row_results("application/xml", body.encode())
    assert row.error == [
        {"fields": ["A", "B"], "message": "m", "statusCode": "X"},
        {"fields": [], "message": "n", "statusCode": "Y"},
    ]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b'"Id","Success","Created","Error"\n'),
        ("application/json", b"[]"),
        ("application/xml", f'<results xmlns="{NS}"/>'.encode()),
    ],
)
def test_no_rows_are_an_empty_list(content_type: str, body: bytes) -> None:
    assert v1.read_row_results(content_type, body) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/csv", b""),
        ("text/csv", b"Id,Success,Created\n1,true,true\n"),
        ("text/csv", b"Id,Success,Created,Error\n1,true,true\n"),
        ("text/csv", b"Id,Success,Created,Error\n1,true,true,,\n"),
        ("text/csv", b"Id,Success,Created,Error\n1,true,true,\xff\n"),
        ("text/csv", b"Id,Success,Created,Error\n1,true,true," + b"x" * 200_000),
        ("text/html", b"<html/>"),
        ("application/json", b'{"exceptionCode":"X"}'),
        ("application/json", b'[{"id":"1","success":true}]'),
        ("application/json", b"[5]"),
        ("application/xml", BATCH_INFO),
        ("application/xml", f'<results xmlns="{NS}"><result/></results>'.encode()),
    ],
)
def test_row_results_that_cannot_be_trusted_are_unreadable(content_type: str, body: bytes) -> None:
    """2.2.0 returned None, or shifted cells, for some of these."""
    with pytest.raises(v1.UnreadableDocument):
        v1.read_row_results(content_type, body)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(st.tuples(cells, cells, cells, cells)))
def test_any_csv_rows_read_back_in_their_order(rows: list[tuple[str, str, str, str]]) -> None:
    lines = ['"Id","Success","Created","Error"']
    lines += [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    body = "".join(f"{line}\n" for line in lines).encode()
    assert v1.read_row_results("text/csv", body) == rows


# Errors


@pytest.mark.parametrize(
    ("content_type", "body", "code"),
    [
        ("application/xml", ERROR_XML, "InvalidSessionId"),
        ("application/xml; charset=UTF-8", ERROR_XML, "InvalidSessionId"),
        (
            "application/json",
            b'{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}',
            "InvalidSessionId",
        ),
        (
            "application/json;charset=UTF-8",
            b'[{"errorCode":"INVALID_SESSION_ID","message":"Invalid session id"}]',
            "INVALID_SESSION_ID",
        ),
        (None, ERROR_XML, "InvalidSessionId"),
    ],
)
def test_an_error_of_any_api_is_read_into_code_and_text(
    content_type: str | None, body: bytes, code: str
) -> None:
    found = fault.read_fault(content_type, body)
    assert found.code == code
    assert found.message == "Invalid session id"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html><exceptionCode>InvalidJob</exceptionCode></html>"),
        ("text/plain", b"Bad gateway"),
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/json", b"5"),
        ("application/json", b"[5]"),
        ("application/xml", b"<error>"),
        ("application/xml", b""),
        (None, b""),
    ],
)
def test_a_body_that_is_not_the_apis_has_no_code(content_type: str | None, body: bytes) -> None:
    assert fault.read_fault(content_type, body).code is None


@given(st.binary(), st.sampled_from([None, "application/xml", "application/json", "text/csv"]))
def test_no_body_whatever_breaks_the_readers(body: bytes, content_type: str | None) -> None:
    fault.read_fault(content_type, body)
    for reader in (v1.read_info, v1.read_result_ids, v1.read_row_results):
        with suppress(v1.UnreadableDocument):
            reader(content_type, body)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                    max_leaves=12))  # fmt: skip
def test_no_json_whatever_breaks_the_readers(document: Any) -> None:
    body = json.dumps(document).encode()
    fault.read_fault("application/json", body)
    for reader in (v1.read_info, v1.read_result_ids, v1.read_row_results):
        with suppress(v1.UnreadableDocument):
            reader("application/json", body)
