"""Nothing that Salesforce gives a meaning is ignored in silence.

The tables list, from the vendor's guides, the query parameters, headers and body fields of each
resource. Each either changes the answer (or the org), or is refused by its name. What has no
effect because such an org has nothing for it to act on is listed with the reason.

Sources: REST API Developer Guide, "REST Headers", "Resources Supported by REST API"; Bulk API 2.0
Developer Guide, "Create a Job", "Create a Query Job", "Get Information About All Jobs"; Bulk API
Developer Guide, "Headers", "JobInfo".
"""

import pytest
from bulk1_client import Bulk1Client
from rest_client import RestClient

DAYS = "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"
DATES = "Fri, 01 Dec 2023 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"
SOQL = "SELECT+Name+FROM+Account+ORDER+BY+Name"

#: (method, path, the parameter, body): the same request is sent without the parameter.
PARAMETERS = [
    ("GET", "query", "q=" + SOQL, None),
    ("GET", f"query?q={SOQL}", "columns=true", None),
    ("GET", "query?q=x", "explain=" + SOQL, None),
    ("GET", "queryAll", "q=" + SOQL, None),
    ("GET", "search", "q=FIND+{ab}", None),
    ("GET", "parameterizedSearch?q=Acme", "sobject=Contact", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "fields=Name", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "in=EMAIL", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "overallLimit=1", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "defaultLimit=1", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "Account.fields=Name", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "Account.limit=1", None),
    ("GET", "parameterizedSearch?q=Acme&sobject=Account", "Account.where=Site!=null", None),
    ("GET", "parameterizedSearch?q=Acme", "dataCategory=x", None),
    ("GET", "parameterizedSearch?q=Acme", "metadata=LABELS", None),
    ("GET", "parameterizedSearch?q=Acme", "netId=x", None),
    ("GET", "parameterizedSearch?q=Acme", "offset=1", None),
    ("GET", "parameterizedSearch?q=Acme", "snippet=200", None),
    ("GET", "parameterizedSearch?q=Acme", "updateTracking=true", None),
    ("GET", "parameterizedSearch?q=Acme", "updateViewStat=true", None),
    ("GET", "limits/recordCount", "sObjects=Account", None),
    ("GET", "recent", "limit=x", None),
    ("GET", "sobjects/Account/{id}", "fields=Name", None),
    ("GET", "sobjects/Account/{id}/Contacts", "fields=LastName", None),
    ("PATCH", "sobjects/L__c/Ext__c/new", "updateOnly=true", {"Amount__c": 1}),
    ("POST", "sobjects/Account/{id}", "_HttpMethod=PATCH", {"Name": "B"}),
    (
        "GET",
        "sobjects/Account/updated?start=2024-01-01T00:00:00Z",
        "end=2024-01-02T00:00:00Z",
        None,
    ),
    (
        "GET",
        "sobjects/Account/deleted?end=2024-01-02T00:00:00Z",
        "start=2024-01-01T00:00:00Z",
        None,
    ),
    ("GET", "composite/sobjects/Account?fields=Name", "ids={id}", None),
    ("GET", "composite/sobjects/Account?ids={id}", "fields=Name", None),
    ("DELETE", "composite/sobjects", "ids={id}", None),
    ("DELETE", "composite/sobjects?ids={id},zzz", "allOrNone=true", None),
    ("GET", "jobs/ingest", "jobType=V2Query", None),
    ("GET", "jobs/ingest", "isPkChunkingEnabled=true", None),
    ("GET", "jobs/ingest", "concurrencyMode=serial", None),
    ("GET", "jobs/ingest", "queryLocator=x", None),
    ("GET", "jobs/query/{query}/results", "maxRecords=1", None),
    ("GET", "jobs/query/{query}/results", "locator=x", None),
]

#: (method, path, header, value, body)
HEADERS = [
    ("GET", f"query?q={SOQL}", "Sforce-Query-Options", "batchSize=200", None),
    ("GET", "limits", "Accept", "application/xml", None),
    ("GET", "limits", "X-PrettyPrint", "1", None),
    ("POST", "sobjects/Account", "Content-Type", "application/xml", b"<Account/>"),
    ("POST", "sobjects/Account", "Content-Type", "text/plain", b'{"Name": "A"}'),
    (
        "POST",
        "sobjects/Account",
        "Content-Type",
        "multipart/form-data; boundary=x",
        b'{"Name": "A"}',
    ),
    (
        "POST",
        "sobjects/Account",
        "Content-Type",
        "application/json; charset=latin1",
        b'{"Name": "A"}',
    ),
    ("POST", "jobs/ingest", "Content-Type", "application/json; charset=utf-16", b"{}"),
    ("PUT", "jobs/ingest/{job}/batches", "Content-Type", "text/csv; charset=cp1252", b"Name\n"),
    ("GET", "sobjects/Account/{id}", "If-Match", '"x"', None),
    ("GET", "sobjects/Account/{id}", "If-None-Match", '"x"', None),
    ("GET", "sobjects/Account/{id}", "If-Modified-Since", DATES[1], None),
    ("GET", "sobjects/Account/{id}", "If-Unmodified-Since", DATES[0], None),
    (
        "GET",
        "sobjects/Account/describe",
        "If-Modified-Since",
        "Tue, 02 Jan 2024 00:00:00 GMT",
        None,
    ),
    ("GET", "limits", "Sforce-Call-Options", "defaultNamespace=acme", None),
    ("POST", "sobjects/Account", "Sforce-Auto-Assign", "01Q000000000001AAA", {"Name": "A"}),
    ("GET", "limits", "x-sfdc-packageversion-acme", "1.0", None),
    ("GET", "limits", "Accept-Encoding", "gzip", None),
    ("GET", "limits", "Authorization", "Bearer x", None),
]

#: Headers that do nothing in an org that has nothing for them to act on.
WITHOUT_EFFECT = {
    ("Sforce-Call-Options", "client=Loader"): "a note for the org's administrator",
    ("Sforce-Auto-Assign", "FALSE"): "the org has no assignment rules",
    ("Sforce-Duplicate-Rule-Header", "allowSave=true"): "the org has no duplicate rules",
}

#: Fields of a body: (path, the field, its value, the body without it).
INGEST = {"object": "L__c", "operation": "insert"}
QUERY = {"operation": "query", "query": "SELECT Id FROM L__c"}
ACCOUNTS = {"method": "POST", "url": "/services/data/v62.0/sobjects/Account"}
COMPOSITE = [
    {**ACCOUNTS, "referenceId": "a", "body": {}},
    {**ACCOUNTS, "referenceId": "b", "body": {"Name": "B"}},
]
BATCH = [
    {"method": "GET", "url": "v62.0/nothing"},
    {"method": "GET", "url": "v62.0/sobjects/Account/updated"},
]
RECORDS = [{"attributes": {"type": "Account"}}, {"attributes": {"type": "Account"}, "Name": "B"}]
BODY_FIELDS = [
    ("jobs/ingest", "assignmentRuleId", "01Q000000000001AAA", INGEST),
    ("jobs/ingest", "columnDelimiter", "PIPE", INGEST),
    ("jobs/ingest", "contentType", "JSON", INGEST),
    ("jobs/ingest", "externalIdFieldName", "Ext__c", INGEST),
    ("jobs/ingest", "lineEnding", "CRLF", INGEST),
    ("jobs/query", "columnDelimiter", "PIPE", QUERY),
    ("jobs/query", "lineEnding", "CRLF", QUERY),
    ("jobs/query", "contentType", "XML", QUERY),
    ("composite", "allOrNone", True, {"compositeRequest": COMPOSITE}),
    ("composite/batch", "haltOnError", True, {"batchRequests": BATCH}),
    ("composite/sobjects", "allOrNone", True, {"records": RECORDS}),
    ("parameterizedSearch", "in", "EMAIL", {"q": "Acme"}),
    ("parameterizedSearch", "sobjects", [{"name": "Contact"}], {"q": "Acme"}),
    ("parameterizedSearch", "snippet", "200", {"q": "Acme"}),
]


@pytest.fixture
def rest(emulator):
    emulator.define_object("L__c", {"Ext__c": "externalId", "Amount__c": "number"})
    plan = emulator.org.plan_write("insert", "Account", ["Name"])
    outcomes = plan.write([[f"Acme {n:03}"] for n in range(300)])
    client = RestClient(emulator, version="62.0")
    client.places = {
        "id": outcomes[0].id,
        "job": client.job(),
        "query": client.query("SELECT Name FROM Account"),
    }
    emulator.org.plan_write("insert", "Contact", ["LastName", "AccountId"]).write(
        [["Smith", outcomes[0].id]]
    )
    client.load("insert", "Lead", "LastName,Company\na,b\n")
    return client


def answer_of(rest, method, path, body=None, headers=()):
    """Everything that a client can see of an answer but the count of its calls and new ids."""
    for name, value in rest.places.items():
        path = path.replace(f"{{{name}}}", value)
    answer = rest.call(method, path, body, headers=headers)
    return answer, (answer.status, answer.body, answer.headers["Content-Encoding"])


def assert_something_comes_of(plain, changed, name):
    answer, seen = changed
    if seen == plain[1]:
        pytest.fail(f"{name} is ignored in silence")
    if answer.status >= 400 and "not emulated" in answer.text:
        assert name.lower() in answer.text.lower() or "XML" in answer.text


@pytest.mark.parametrize(("method", "path", "parameter", "body"), PARAMETERS)
def test_a_parameter_changes_the_answer_or_is_refused_by_name(rest, method, path, parameter, body):
    sign = "&" if "?" in path else "?"
    for name, value in rest.places.items():
        parameter = parameter.replace(f"{{{name}}}", value)
    changed = answer_of(rest, method, path + sign + parameter, body)
    plain = answer_of(rest, method, path, body)
    assert_something_comes_of(plain, changed, parameter.partition("=")[0])


@pytest.mark.parametrize(("method", "path", "header", "value", "body"), HEADERS)
def test_a_header_changes_the_answer_or_is_refused_by_name(rest, method, path, header, value, body):
    changed = answer_of(rest, method, path, body, {header: value})
    plain = answer_of(rest, method, path, body)
    assert_something_comes_of(plain, changed, header)


@pytest.mark.parametrize(("path", "name", "value", "body"), BODY_FIELDS)
def test_a_field_of_a_body_changes_the_answer_or_is_refused_by_name(rest, path, name, value, body):
    changed = answer_of(rest, "POST", path, {**body, name: value})
    plain = answer_of(rest, "POST", path, body)
    if path.startswith("jobs/") and changed[0].status == 200:
        job = changed[0].json
        assert job[name] == value != plain[0].json[name]
    else:
        assert_something_comes_of(plain, changed, name)


@pytest.mark.parametrize("header", WITHOUT_EFFECT)
def test_what_such_an_org_has_no_use_for_is_taken(rest, header):
    answer, _ = answer_of(rest, "POST", "sobjects/Account", {"Name": "A"}, dict([header]))
    assert answer.status == 201


@pytest.mark.parametrize("word", ["VIEW", "REFERENCE"])
def test_records_queried_for_view_are_recent_ones(rest, word):
    rest.get(f"query?q={SOQL}+LIMIT+2")
    assert rest.get("recent").json == []
    rest.get(f"query?q={SOQL}+LIMIT+2+FOR+{word}")
    assert [line["Name"] for line in rest.get("recent").json] == ["Acme 001", "Acme 000"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sforce-Disable-Batch-Retry", "TRUE"),
        ("Sforce-Enable-PKChunking", "chunkSize=5"),
        ("Sforce-Line-Ending", "CRLF"),
        ("Sforce-Line-Ending", "CR"),
    ],
)
def test_a_header_of_a_bulk_job_does_something_or_is_refused(emulator, header, value):
    bulk1 = Bulk1Client(emulator)
    jobs = [
        bulk1.create_job("query", "Account", headers=headers) for headers in ({}, {header: value})
    ]
    plain, changed = (emulator.engine.job(job.value("id")) for job in jobs[:2] if job.status == 201)
    noted = ("retries_disabled", "pk_chunking", "line_ending")
    assert [getattr(plain, name) for name in noted] != [getattr(changed, name) for name in noted]
