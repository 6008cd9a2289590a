"""Error bodies of whatever API or machine, read into one shape."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from raw_server import NAMESPACE

from salesforce_bulk.errors import (
    ApiFault,
    ExceededQuota,
    FeatureNotEnabled,
    InvalidEntity,
    InvalidJobState,
    InvalidQuery,
    ServerBusy,
    SessionExpired,
    fault_type,
)
from salesforce_bulk.wire.fault import Fault, read_fault

#: Recorded and documented forms; each with its Content-Type.
KNOWN = [
    (
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?><error\n   xmlns="{NAMESPACE}">\n '
        "<exceptionCode>InvalidSessionId</exceptionCode>\n "
        "<exceptionMessage>Invalid session id</exceptionMessage>\n</error>",
        Fault("InvalidSessionId", "Invalid session id"),
    ),
    (
        "application/json",
        '{"exceptionCode":"InvalidSessionId","exceptionMessage":"Invalid session id"}',
        Fault("InvalidSessionId", "Invalid session id"),
    ),
    (
        "application/json;charset=UTF-8",
        '[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]',
        Fault("INVALID_SESSION_ID", "Session expired or invalid"),
    ),
    (
        "application/xml",
        "<Errors><Error><errorCode>INVALID_SESSION_ID</errorCode><message>m</message></Error></Errors>",
        Fault("INVALID_SESSION_ID", "m"),
    ),
    (
        "text/xml",
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault>"
        "<faultcode>sf:INVALID_LOGIN</faultcode><faultstring>no</faultstring></e:Fault></e:Body>"
        "</e:Envelope>",
        Fault("INVALID_LOGIN", "no"),
    ),
    ("text/csv", "anything", Fault(None, None)),
    ("text/html", "<html><exceptionCode>InvalidJob</exceptionCode></html>", Fault(None, None)),
    ("text/plain", "upstream connect error", Fault(None, None)),
    (None, "", Fault(None, None)),
    ("application/json", "[]", Fault(None, None)),
    ("application/json", '"text"', Fault(None, None)),
    ("application/json", "[[1]]", Fault(None, None)),
    ("application/xml", "<error>", Fault(None, None)),
]


@pytest.mark.parametrize(("content_type", "body", "fault"), KNOWN)
def test_every_known_form_is_read(content_type: str | None, body: str, fault: Fault) -> None:
    """1.0, 2.0, REST and SOAP, and what is none of them."""
    assert read_fault(content_type, body.encode()) == fault


@pytest.mark.parametrize("body", [form[1] for form in KNOWN if form[2].code is not None])
def test_the_type_is_guessed_where_none_is_named(body: str) -> None:
    """Without a Content-Type the first byte decides."""
    assert read_fault(None, body.encode()).code is not None


BILLION = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
    + "]><error><exceptionCode>&j;</exceptionCode></error>"
)


@pytest.mark.parametrize(
    "body",
    [
        BILLION,
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><error><exceptionCode>A</exceptionCode></error>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><error>'
        "<exceptionCode>&a;</exceptionCode></error>",
        '<?xml version="1.0" encoding="klingon"?><error/>',
        '<?xml version="1.0" encoding="cp65001"?><error/>',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
    ids=["billion laughs", "external DTD", "external entity", "no encoding", "odd encoding",
         "deep array", "deep object"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["application/xml", "application/json", None])
def test_bombs_are_no_faults(body: str, kind: str | None) -> None:
    """Entities, external files, unknown encodings and bottomless nesting are not read."""
    assert read_fault(kind, body.encode()) == Fault(None, None)


@given(
    st.sampled_from([None, "application/xml", "application/json", "text/csv", "text/html", "x"]),
    st.binary(max_size=200)
    | st.text(alphabet='<>/&;!?[]{}"=abAB :\\', max_size=80).map(lambda text: text.encode()),
)
def test_any_body_can_be_read(content_type: str | None, body: bytes) -> None:
    """No body of any type raises, and both parts are texts or None."""
    fault = read_fault(content_type, body)
    assert all(part is None or isinstance(part, str) for part in fault)


@given(st.text(min_size=1), st.text())
def test_any_json_fault_is_read_back(code: str, message: str) -> None:
    """Code and message come out as they went in."""
    body = json.dumps({"exceptionCode": code, "exceptionMessage": message or None})
    assert read_fault("application/json", body.encode()) == Fault(code, message or None)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("InvalidSessionId", SessionExpired),
        ("INVALID_SESSION_ID", SessionExpired),
        ("InvalidJobState", InvalidJobState),
        ("INVALIDJOBSTATE", InvalidJobState),
        ("InvalidEntity", InvalidEntity),
        ("MALFORMED_QUERY", InvalidQuery),
        ("INVALID_FIELD", InvalidQuery),
        ("FUNCTIONALITY_NOT_ENABLED", FeatureNotEnabled),
        ("REQUEST_LIMIT_EXCEEDED", ExceededQuota),
        ("InternalServerError", ServerBusy),
        ("SomethingNew", ApiFault),
        ("", ApiFault),
    ],
)
def test_codes_are_typed(code: str, kind: type[ApiFault]) -> None:
    """All spellings of a code have one type; an unknown one is an ApiFault."""
    assert fault_type(code) is kind
