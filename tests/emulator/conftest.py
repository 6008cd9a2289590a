"""An emulator on a clock that stands still, and the smallest client that shares no code with it."""

import http.client
import json
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
MEDIA_TYPES = {
    "CSV": "text/csv",
    "XML": "application/xml",
    "JSON": "application/json",
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self):
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)

    def value(self, name):
        """The text of an XML element, or a JSON key."""
        if self.headers["Content-Type"] == "application/json":
            return self.json[name]
        found = re.search(f"<{name}>(.*?)</{name}>", self.text, re.DOTALL)
        return found[1] if found else None

    @property
    def error(self):
        return self.status, self.value("exceptionCode"), self.value("exceptionMessage")


@dataclass
class Wire:
    """Requests over real HTTP, a connection each."""

    emulator: SalesforceEmulator
    version: str = "62.0"
    token: str = ""

    def __post_init__(self):
        admin = self.emulator.org.users[self.emulator.username]
        self.token = self.token or self.emulator.sessions.open(admin).token

    def call(self, method, path, body=None, content_type=None, headers=()):
        address = urlsplit(self.emulator.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=20)
        sent = {"X-SFDC-Session": self.token, **dict(headers)}
        if content_type:
            sent["Content-Type"] = content_type
        if isinstance(body, str):
            body = body.encode()
        if not path.startswith("/"):
            path = f"/services/async/{self.version}/{path}"
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, path, content_type=None, headers=()):
        return self.call("GET", path, None, content_type, headers)

    def create_job(self, operation, name, content_type="CSV", more="", headers=()):
        document = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<jobInfo xmlns="{NAMESPACE}">'
            f"<operation>{operation}</operation><object>{name}</object>{more}"
            f"<contentType>{content_type}</contentType></jobInfo>"
        )
        return self.call("POST", "job", document, "application/xml", headers)

    def job(self, operation, name, content_type="CSV", more="", headers=()):
        answer = self.create_job(operation, name, content_type, more, headers)
        assert answer.status == 201, answer.text
        return answer.value("id")

    def post(self, job, body, content_type="text/csv", headers=()):
        return self.call("POST", f"job/{job}/batch", body, content_type, headers)

    def batch(self, job, body, content_type="text/csv", headers=()):
        answer = self.post(job, body, content_type, headers)
        assert answer.status == 201, answer.text
        return answer.value("id")

    def load(self, operation, name, body, content_type="CSV", more="", headers=()):
        """A job with one batch, run; (job, batch) ids."""
        job = self.job(operation, name, content_type, more, headers)
        return job, self.batch(job, body, MEDIA_TYPES[content_type])

    def info(self, job):
        return self.get(f"job/{job}")

    def batches(self, job):
        return self.get(f"job/{job}/batch")

    def status(self, job, batch):
        return self.get(f"job/{job}/batch/{batch}")

    def results(self, job, batch, headers=()):
        return self.get(f"job/{job}/batch/{batch}/result", headers=headers)

    def close(self, job, state="Closed"):
        document = f'<jobInfo xmlns="{NAMESPACE}"><state>{state}</state></jobInfo>'
        return self.call("POST", f"job/{job}", document, "application/xml")

    def result_ids(self, job, batch):
        listed = self.results(job, batch)
        if listed.headers["Content-Type"] == "application/json":
            return listed.json
        return re.findall("<result>(.*?)</result>", listed.text)

    def result(self, job, batch, identity, headers=()):
        return self.get(f"job/{job}/batch/{batch}/result/{identity}", headers=headers)

    def query(self, name, soql, content_type="CSV", operation="query"):
        """The bodies of the result files of a query."""
        job = self.job(operation, name, content_type)
        batch = self.batch(job, soql, MEDIA_TYPES[content_type])
        return [self.result(job, batch, i).body for i in self.result_ids(job, batch)]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def emulator(clock):
    with SalesforceEmulator(inline=True, clock=clock) as running:
        yield running


@pytest.fixture
def wire(emulator):
    return Wire(emulator)


@pytest.fixture
def connect():
    """Makes the client of another emulator."""
    return Wire


@pytest.fixture(scope="session")
def private_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def certificate(private_key):
    """A self-signed X.509 certificate of the key, PEM, as one uploads it to a connected app."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    builder = x509.CertificateBuilder(
        name, name, private_key.public_key(), 1, datetime(2024, 1, 1), datetime(2034, 1, 1)
    )
    return builder.sign(private_key, hashes.SHA256()).public_bytes(Encoding.PEM)
