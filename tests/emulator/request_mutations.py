"""Mutated requests for all endpoints of the emulator.

    python tests/emulator/request_mutations.py [--count 10000] [--seed 0]

Sends them, and says how many were answered with which status. A 500, no answer within ten
seconds, or a traceback in the log ends the run with the request that did it.
"""

import argparse
import gzip
import http.client
import logging
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

from salesforce_bulk.emulator import SalesforceEmulator

ASYNC, DATA = "/services/async/64.0", "/services/data/v64.0"
CONTROL = "/_emulator/v1"
NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
#: Requests after which the jobs that they name are made anew.
REFRESHED = 250


@dataclass(frozen=True)
class Seed:
    """A request that is right; ``{ids}`` in its path stand for jobs and records that exist."""

    method: str
    path: str
    content_type: str = ""
    body: bytes = b""


def _job_info(operation, name, content_type, more=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="{NAMESPACE}">'
        f"<operation>{operation}</operation><object>{name}</object>{more}"
        f"<contentType>{content_type}</contentType></jobInfo>"
    ).encode()


_SOQL = b"SELECT Id, Name, Parent.Name FROM Account WHERE Name LIKE 'A%' ORDER BY Name LIMIT 10"
_CSV = b'Name,NumberOfEmployees,Site\n"A ""1""",5,x\nB,,#N/A\n'
_MULTIPART = (
    b'--b\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
    b'{"object":"Account","operation":"insert"}\r\n--b\r\nContent-Type: text/csv\r\n'
    b'Content-Disposition: form-data; name="content"\r\n\r\nName\nA\n\r\n--b--\r\n'
)
_LOGIN = (
    b'<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Header/><se:Body>'
    b'<login xmlns="urn:partner.soap.sforce.com"><username>admin@example.com</username>'
    b"<password>passwordtoken</password></login></se:Body></se:Envelope>"
)
_CREDENTIALS = _LOGIN[_LOGIN.index(b"<login") : _LOGIN.index(b"</se:Body>")]
#: ``@token@`` stands for the session.
_IN_SESSION = _LOGIN.replace(
    b"<se:Header/>",
    b"<se:Header><SessionHeader><sessionId>@token@</sessionId></SessionHeader></se:Header>",
)
_XML_BATCH = (
    f'<sObjects xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    '<sObject><Name>A</Name><Site xsi:nil="true"/></sObject></sObjects>'
).encode()
_SPEC = b"Salesforce Field,Csv Header,Value,Hint\nName,Full,,\nSite,,web,\n"

#: Around the moment at which the requests are sent.
WINDOW = [
    f"{datetime.now(timezone.utc) + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}" for days in (-1, 1)
]

SEEDS = [
    Seed("POST", "/services/Soap/u/59.0", "text/xml", _LOGIN),
    Seed(
        "POST",
        "/services/oauth2/token",
        "application/x-www-form-urlencoded",
        b"grant_type=password&username=admin%40example.com&password=passwordtoken&client_id=x",
    ),
    Seed("POST", f"{ASYNC}/job", "application/xml", _job_info("insert", "Account", "CSV")),
    Seed(
        "POST",
        f"{ASYNC}/job",
        "application/json",
        b'{"operation":"query","object":"Account","contentType":"JSON","concurrencyMode":"Parallel"}',
    ),
    Seed(
        "POST",
        f"{ASYNC}/job/{{csv}}",
        "application/xml",
        f'<jobInfo xmlns="{NAMESPACE}"><state>Open</state></jobInfo>'.encode(),
    ),
    Seed("POST", f"{ASYNC}/job/{{csv}}/batch", "text/csv", _CSV),
    Seed("POST", f"{ASYNC}/job/{{xml}}/batch", "application/xml", _XML_BATCH),
    Seed(
        "POST",
        f"{ASYNC}/job/{{json}}/batch",
        "application/json",
        b'[{"Name":"A","Site":null,"NumberOfEmployees":5}]',
    ),
    Seed(
        "POST",
        f"{ASYNC}/job/{{update}}/batch",
        "application/json",
        b'[{"Id":"001000000000001AAA","Name":"A"}]',
    ),
    Seed("POST", f"{ASYNC}/job/{{query}}/batch", "text/csv", _SOQL),
    Seed("POST", f"{ASYNC}/job/{{csv}}/spec", "text/csv", _SPEC),
    Seed("GET", f"{ASYNC}/job/{{csv}}/batch"),
    Seed("GET", f"{ASYNC}/job/{{done}}/batch/{{batch}}/result"),
    Seed("GET", f"{ASYNC}/job/{{done}}/batch/{{batch}}/request"),
    Seed(
        "POST",
        f"{DATA}/jobs/ingest",
        "application/json",
        b'{"object":"Account","operation":"insert","contentType":"CSV","lineEnding":"LF","columnDelimiter":"COMMA"}',
    ),
    Seed(
        "POST",
        f"{DATA}/jobs/ingest",
        "application/json",
        b'{"object":"Case","operation":"upsert","externalIdFieldName":"Id","assignmentRuleId":"01Q000000000001"}',
    ),
    Seed("POST", f"{DATA}/jobs/ingest", "multipart/form-data; boundary=b", _MULTIPART),
    Seed("PUT", f"{DATA}/jobs/ingest/{{open}}/batches", "text/csv", _CSV),
    Seed(
        "PATCH", f"{DATA}/jobs/ingest/{{loaded}}", "application/json", b'{"state":"UploadComplete"}'
    ),
    Seed("GET", f"{DATA}/jobs/ingest/{{ingest}}/successfulResults"),
    Seed("GET", f"{DATA}/jobs/ingest/{{ingest}}/unprocessedrecords"),
    Seed(
        "GET",
        f"{DATA}/jobs/ingest?jobType=V2Ingest&isPkChunkingEnabled=false&queryLocator=01g000000000001AAA-1000",
    ),
    Seed(
        "POST",
        f"{DATA}/jobs/query",
        "application/json",
        b'{"operation":"queryAll","query":"' + _SOQL + b'","columnDelimiter":"PIPE"}',
    ),
    Seed("GET", f"{DATA}/jobs/query/{{pages}}/results?maxRecords=2&locator=Mg"),
    Seed("GET", f"{DATA}/jobs/query/{{pages}}/resultPages?locator=Mg"),
    Seed("PATCH", f"{DATA}/jobs/query/{{pages}}", "application/json", b'{"state":"Aborted"}'),
    Seed("GET", f"{DATA}/query?q=" + quote(_SOQL.decode())),
    Seed("GET", f"{DATA}/query?q=" + quote("SELECT Name, (SELECT Id FROM Contacts) FROM Account")),
    Seed("GET", f"{DATA}/query/01g000000000001AAA-200"),
    Seed(
        "POST",
        f"{DATA}/sobjects/Account",
        "application/json",
        b'{"Name":"A","NumberOfEmployees":5,"Parent":{"attributes":{"type":"Account"},"Id":"001000000000001"}}',
    ),
    Seed(
        "PATCH",
        f"{DATA}/sobjects/Account/{{record}}",
        "application/json",
        b'{"Name":"B","Site":null}',
    ),
    Seed(
        "PATCH", f"{DATA}/sobjects/Load__c/Ext__c/A%2F1", "application/json", b'{"Amount__c":1.5}'
    ),
    Seed("GET", f"{DATA}/sobjects/Account/{{record}}?fields=Name,Parent.Name"),
    Seed("GET", f"{DATA}/sobjects/Account/describe"),
    Seed("DELETE", f"{DATA}/sobjects/Load__c/Ext__c/A1"),
    Seed(
        "POST",
        f"{DATA}/composite",
        "application/json",
        b'{"allOrNone":true,"compositeRequest":[{"method":"POST","url":"/services/data/v64.0/sobjects/Account",'
        b'"referenceId":"a","body":{"Name":"A"}},{"method":"GET","referenceId":"b",'
        b'"url":"/services/data/v64.0/sobjects/Account/@{a.id}?fields=Name"}]}',
    ),
    Seed(
        "POST",
        f"{DATA}/composite/batch",
        "application/json",
        b'{"haltOnError":false,"batchRequests":[{"method":"POST","url":"v64.0/sobjects/Account",'
        b'"richInput":{"Name":"A"}},{"method":"GET","url":"v64.0/limits"}]}',
    ),
    Seed(
        "POST",
        f"{DATA}/composite/graph",
        "application/json",
        b'{"graphs":[{"graphId":"1","compositeRequest":[{"method":"POST","referenceId":"a",'
        b'"url":"/services/data/v64.0/sobjects/Account","body":{"Name":"A"}}]}]}',
    ),
    Seed(
        "POST",
        f"{DATA}/composite/tree/Account",
        "application/json",
        b'{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"A","Contacts":{"records":'
        b'[{"attributes":{"type":"Contact","referenceId":"c"},"LastName":"C"}]}}]}',
    ),
    Seed(
        "POST",
        f"{DATA}/composite/sobjects",
        "application/json",
        b'{"allOrNone":true,"records":[{"attributes":{"type":"Account"},"Name":"A"},'
        b'{"attributes":{"type":"Contact"},"LastName":"C","Email":"c@example.com"}]}',
    ),
    Seed(
        "PATCH",
        f"{DATA}/composite/sobjects/Load__c/Ext__c",
        "application/json",
        b'{"records":[{"attributes":{"type":"Load__c"},"Ext__c":"A1","Amount__c":2}]}',
    ),
    Seed("GET", f"{DATA}/composite/sobjects/Account?ids={{record}}&fields=Name,Site"),
    Seed("DELETE", f"{DATA}/composite/sobjects?ids={{record}}&allOrNone=true"),
    Seed("GET", f"{DATA}/query?columns=true&q=" + quote(_SOQL.decode())),
    Seed("GET", f"{DATA}/query?explain=" + quote(_SOQL.decode())),
    Seed(
        "GET",
        f"{DATA}/search?q="
        + quote(
            "FIND {A* AND NOT (B OR \"C D\")} IN ALL FIELDS RETURNING Account(Id WHERE Name != 'x')"
        ),
    ),
    Seed("GET", f"{DATA}/parameterizedSearch?q=A*&sobject=Account&Account.fields=Name&in=NAME"),
    Seed(
        "POST",
        f"{DATA}/parameterizedSearch",
        "application/json",
        b'{"q":"A","fields":["Name"],"sobjects":[{"name":"Account","limit":3}],"overallLimit":5}',
    ),
    Seed("GET", f"{DATA}/limits/recordCount?sObjects=Account,Contact"),
    Seed("GET", f"{DATA}/recent?limit=5"),
    Seed("GET", f"{DATA}/sobjects/Account/{{record}}/Contacts?fields=LastName"),
    Seed("GET", f"{DATA}/sobjects/Account/describe/layouts"),
    Seed(
        "POST",
        f"{DATA}/sobjects/Account/{{record}}?_HttpMethod=PATCH",
        "application/json",
        b'{"Name":"B"}',
    ),
    Seed(
        "POST",
        f"{DATA}/sobjects/User/0055g0000000001AAA/password",
        "application/json",
        b'{"NewPassword":"p"}',
    ),
    *(
        Seed(
            "GET",
            f"{DATA}/sobjects/Account/{changed}?start={quote(WINDOW[0])}&end={quote(WINDOW[1])}",
        )
        for changed in ("updated", "deleted")
    ),
    *(
        Seed("GET", f"{DATA}/tooling/query?q={quote(soql)}")
        for soql in (
            "SELECT QualifiedApiName, Label FROM EntityDefinition WHERE IsQueryable = true LIMIT 5",
            "SELECT QualifiedApiName, DataType FROM FieldDefinition "
            "WHERE EntityDefinition.QualifiedApiName = 'Account'",
        )
    ),
    Seed("GET", "/secur/frontdoor.jsp?sid=x&retURL=%2Fa"),
    *(
        Seed(
            "POST", "/services/Soap/u/64.0", "text/xml", _IN_SESSION.replace(_CREDENTIALS, content)
        )
        for content in (
            b"<undelete><ids>001000000000001AAA</ids><ids>x</ids></undelete>",
            b"<merge><request><masterRecord><type>Account</type><Id>001000000000001AAA</Id>"
            b"<Name>M</Name><fieldsToNull>Site</fieldsToNull></masterRecord>"
            b"<recordToMergeIds>001000000000002AAA</recordToMergeIds></request></merge>",
        )
    ),
    Seed("GET", f"{DATA}/tooling/executeAnonymous?anonymousBody=x"),
    *(
        Seed("GET", f"{CONTROL}/{path}")
        for path in (
            "summary",
            "requests?last=3",
            "requests/40",
            "faults",
            "snapshots",
            "jobs?last=5",
            "jobs/{done}",
            "jobs/{done}/batches/{batch}/body?offset=3",
            "jobs/{done}/batches/{batch}/rows?outcome=failed&offset=0&limit=5",
            "jobs/{done}/batches/{batch}/results/0",
            "objects/Account",
            "objects/Account/rows?after={record}&limit=2",
            "objects/Account/rows/{record}",
            "query?limit=5&deleted=true&soql=" + quote(_SOQL.decode()),
            "query/csv?soql=" + quote("SELECT Name, (SELECT Id FROM Contacts) FROM Account"),
        )
    ),
    Seed(
        "PATCH",
        f"{CONTROL}/objects/Account/rows/{{record}}",
        "application/json",
        b'{"Name":"C","NumberOfEmployees":3}',
    ),
    Seed("DELETE", f"{CONTROL}/objects/Account/rows/{{record}}"),
    Seed("POST", f"{CONTROL}/snapshots/s1/restore"),
    Seed("GET", "/_emulator/page.js"),
    Seed(
        "POST",
        f"{CONTROL}/users",
        "application/json",
        b'{"username":"a@b.c","password":"p","permissions":["ApiEnabled"]}',
    ),
    Seed(
        "POST", f"{CONTROL}/objects", "application/json", b'{"M__c":{"fields":{"A__c":"text(5)"}}}'
    ),
    Seed(
        "POST", f"{CONTROL}/objects/Account/rows", "application/json", b'[{"Name":"A","Site":null}]'
    ),
    Seed("POST", f"{CONTROL}/apps", "application/json", b'{"consumer_key":"k","run_as":"a@b.c"}'),
    Seed("POST", f"{CONTROL}/jobs/run", "application/json", b'{"count":1}'),
    Seed(
        "POST", "/services/Soap/u/68.0", "text/xml", _IN_SESSION.replace(b"login", b"getUserInfo")
    ),
]

#: What breaks parsers.
SNIPPETS = [
    b"",
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"'",
    b'""',
    b"\r\n",
    b"\r",
    b"\n\n",
    b",",
    b",,,,",
    b"{",
    b"}",
    b"[",
    b"[[[[" * 2_000,
    b'{"a":' * 3_000,
    b"]",
    b"null",
    b"true",
    b"NaN",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"1" * 5_000,
    b"\\u0000",
    b"\\ud800",
    b"\xed\xa0\x80",
    b"<",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]>",
    b"&a;",
    b"<a>" * 200,
    b"]]>",
    b"<?xml?>",
    "é".encode(),
    "\u2028".encode(),
    "²".encode(),
    b"#N/A",
    b"%00",
    b"%",
    b"%FF",
    b"..%2F",
    b"/",
    b"//",
    b"?",
    b"&",
    b"=",
    b"--b",
    b"--b--",
    b"Id",
    b"Name",
    b"Account",
    b"count()",
    b"0",
    b"Owner.Id",
    b"Lead:Who.Email",
    b"x" * 70_000,
    b"750000000000001AAA",
    b"SELECT",
    b"(" * 3_000,
    b"AND ",
    b"2024-02-30",
    b"0000-00-00T00:00:00Z",
    b"v99.0",
    b"null-1",
]
HEADERS = [
    ("Content-Type", "text/csv"),
    ("Content-Type", "application/json"),
    ("Content-Type", "application/xml"),
    ("Content-Type", "zip/csv"),
    ("Content-Type", "multipart/form-data; boundary=b"),
    ("Content-Type", "multipart/form-data"),
    ("Content-Type", "text/csv; charset=utf-16"),
    ("Content-Type", ';;="'),
    ("Content-Encoding", "gzip"),
    ("Content-Encoding", "br"),
    ("Accept-Encoding", "gzip"),
    ("Accept", "application/xml"),
    ("Sforce-Query-Options", "batchSize=²"),
    ("Sforce-Enable-PKChunking", "chunkSize=" + "9" * 30),
    ("Sforce-Enable-PKChunking", "chunkSize=1; startRow=x"),
    ("Authorization", "Bearer"),
    ("Authorization", "Basic eA=="),
    ("X-SFDC-Session", "x"),
    ("SOAPAction", ""),
    ("Sforce-Call-Options", "client=\xe9"),
    ("Sforce-Mru", "updateMru=true"),
    ("If-None-Match", "x"),
]


class Mutations:
    """Requests that are wrong in some way; the same seed makes the same ones."""

    def __init__(self, seed, ids):
        self._random = random.Random(f"requests {seed}")
        self.ids = ids

    def request(self):
        """(method, path, headers, body)"""
        pick = self._random.random
        seed = self._random.choice(SEEDS)
        path = seed.path.format(**self.ids).encode()
        body = seed.body.replace(b"@token@", self.ids["token"].encode())
        headers = {"Content-Type": seed.content_type} if seed.content_type else {}
        method = seed.method
        for _ in range(self._random.choice([1, 1, 2, 3, 8])):
            if body and pick() < 0.75:
                body = self._mutated(body)
            elif pick() < 0.6:
                # Most of what can be wrong comes after the version.
                keep = 0 if pick() < 0.1 else len(DATA) + 1
                path = path[:keep] + self._mutated(path[keep:])
            elif pick() < 0.8:
                headers.update([self._random.choice(HEADERS)])
            elif pick() < 0.5:
                method = self._random.choice(
                    ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
                )
            else:
                other = self._random.choice(SEEDS)
                body, headers["Content-Type"] = other.body, other.content_type or "text/csv"
        if headers.get("Content-Encoding") == "gzip" and pick() < 0.7:
            body = gzip.compress(body, 1)
            body = self._mutated(body) if pick() < 0.5 else body
        return method, _target(path), headers, body

    def _mutated(self, text):
        at, end = sorted(self._random.randint(0, len(text)) for _ in range(2))
        end = min(end, at + self._random.choice([0, 1, 2, 5, 20]))
        act = self._random.randrange(6)
        if act == 0:
            return text[:at] + text[end:]
        if act == 1:
            return text[:at] + text[at:end] * self._random.choice([2, 3, 50]) + text[end:]
        if act == 2:
            return text[:at] + bytes([self._random.randrange(256)]) + text[end:]
        if act == 3 and self._random.random() < 0.3:
            return text[:at]
        if act == 4:
            return text[:at] + text[at:end].swapcase() + text[end:]
        return text[:at] + self._random.choice(SNIPPETS) + text[end:]


def _target(path):
    """A path as http.client takes it, now and then too long for a server."""
    return quote(path[:60_000], safe="/%?&=+:;,.~()*'!@$-_")


class Failures(logging.Handler):
    """What the emulator's log has of defects."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(self.format(record))


def prepare(emulator):
    """The jobs and records that the seeds name."""
    admin = emulator.org.admin
    emulator.define_object("Load__c", {"Ext__c": "externalId", "Amount__c": "number"})
    outcomes = emulator.org.plan_write("insert", "Account", ["Name"]).write(
        [[f"A{n}"] for n in range(5)]
    )
    emulator.org.plan_write("insert", "Load__c", ["Ext__c"]).write([["A1"], ["A/1"]])
    token = emulator.sessions.open(admin).token
    client = Client(emulator, token)
    ids = {"record": outcomes[0].id, "token": token}
    for name, operation, kind in (
        ("csv", "insert", "CSV"),
        ("xml", "insert", "XML"),
        ("json", "insert", "JSON"),
        ("update", "update", "JSON"),
        ("query", "query", "CSV"),
        ("done", "insert", "CSV"),
    ):
        reply = client.send(
            "POST", f"{ASYNC}/job", _job_info(operation, "Account", kind), "application/xml"
        )
        ids[name] = _between(reply, b"<id>", b"</id>")
    reply = client.send("POST", f"{ASYNC}/job/{ids['done']}/batch", _CSV, "text/csv")
    ids["batch"] = _between(reply, b"<id>", b"</id>")
    for name in ("open", "loaded", "ingest"):
        reply = client.send("POST", f"{DATA}/jobs/ingest", SEEDS[14].body, "application/json")
        ids[name] = _between(reply, b'"id":"', b'"')
        if name != "open":
            client.send("PUT", f"{DATA}/jobs/ingest/{ids[name]}/batches", _CSV, "text/csv")
    client.send(
        "PATCH",
        f"{DATA}/jobs/ingest/{ids['ingest']}",
        b'{"state":"UploadComplete"}',
        "application/json",
    )
    document = b'{"operation":"query","query":"SELECT Id, Name FROM Account"}'
    reply = client.send("POST", f"{DATA}/jobs/query", document, "application/json")
    ids["pages"] = _between(reply, b'"id":"', b'"')
    client.close()
    return token, ids


def _between(body, start, end):
    return body.partition(start)[2].partition(end)[0].decode()


class Client:
    """One connection, opened again when the server ends it."""

    def __init__(self, emulator, token):
        self._host = emulator.host
        self._headers = {
            "Authorization": f"Bearer {token}",
            "X-SFDC-Session": token,
            "SOAPAction": '""',
            # What the control API takes for its token.
            "Origin": emulator.url,
        }
        self._connection = None

    def send(self, method, path, body, content_type):
        status, reply = self.exchange(method, path, {"Content-Type": content_type}, body)
        if status >= 400:
            raise RuntimeError(reply)
        return reply

    def exchange(self, method, path, headers, body):
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, timeout=10)
        try:
            self._connection.request(method, path, body, {**self._headers, **headers})
            response = self._connection.getresponse()
            return response.status, response.read()
        except (http.client.RemoteDisconnected, ConnectionError):
            # An early refusal of a body ends the connection; there is no answer to lose.
            self.close()
            return 0, b""

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def run(count, seed):
    """The number of answers by status; SystemExit for a defect."""
    failures = Failures()
    logger = logging.getLogger("salesforce_bulk.emulator")
    logger.addHandler(failures)
    seen = Counter()
    try:
        with SalesforceEmulator(inline=True, seed=seed, session_seconds=10**9) as emulator:
            token, ids = prepare(emulator)
            mutations, client = Mutations(seed, ids), Client(emulator, token)
            for number in range(count):
                request = mutations.request()
                started = time.monotonic()
                status, reply = client.exchange(*request)
                seen[status] += 1
                # SOAP's own faults are 500.
                wrong = status >= 500 and "/services/Soap/" not in request[1]
                if wrong or failures.records or time.monotonic() - started > 10:
                    raise SystemExit(
                        f"{number}: {request}\n{status} {reply[:2000]}\n{failures.records}"
                    )
                if number % REFRESHED == REFRESHED - 1:
                    # Jobs that were closed, aborted or deleted on the way.
                    client.close()
                    token, ids = prepare(emulator)
                    client = Client(emulator, token)
                    mutations.ids = ids
            client.close()
    finally:
        logger.removeHandler(failures)
    return seen


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    started = time.monotonic()
    seen = run(args.count, args.seed)
    sys.stdout.write(
        f"{args.count} requests, {time.monotonic() - started:.1f} s: {dict(sorted(seen.items()))}\n"
    )


if __name__ == "__main__":
    main()
