"""Mutated bodies: whatever is sent, the answer is of the API, and no defect of ours shows."""

import gzip
import io
import logging
import os
import random
import zipfile

import pytest

from salesforce_bulk.emulator import SalesforceEmulator

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"


def archive():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("request.txt", "Name,ParentId,Body\na,001000000000001AAA,#a.bin\n" * 3)
        file.writestr("a.bin", b"\0\1\2" * 50)
    return buffer.getvalue()


SAMPLES = {
    "create job in XML": (
        "job",
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="{NAMESPACE}"><operation>upsert'
        "</operation><object>Contact</object><externalIdFieldName>Email</externalIdFieldName>"
        "<concurrencyMode>Parallel</concurrencyMode><contentType>CSV</contentType></jobInfo>",
    ),
    "create job in JSON": (
        "job",
        "application/json",
        '{"operation":"insert","object":"Account","contentType":"JSON","concurrencyMode":0}',
    ),
    "CSV batch": (
        "CSV",
        "text/csv",
        '"Name","Phone","AnnualRevenue"\r\n"A ""b""\n",#N/A,1.5\r\n"é",,\r\n',
    ),
    "XML batch": (
        "XML",
        "application/xml",
        f'<?xml version="1.0" encoding="UTF-8"?><sObjects xmlns="{NAMESPACE}" xmlns:xsi='
        '"http://www.w3.org/2001/XMLSchema-instance"><sObject><Name>A &amp; é</Name><Phone '
        'xsi:nil="true"/><Owner><sObject><Username>a@b</Username></sObject></Owner></sObject>'
        "</sObjects>",
    ),
    "JSON batch": (
        "JSON",
        "application/json",
        '[{"Name":"A é","Phone":null,"AnnualRevenue":1.5e3,"Owner":{"Username":"a@b"}}]',
    ),
    "zip batch": ("ZIP_CSV", "zip/csv", archive()),
    "query": ("query", "text/csv", "SELECT Id, Name FROM Account WHERE Name LIKE 'A%' LIMIT 5"),
    "spec": (
        "spec",
        "text/csv",
        "Salesforce Field,Csv Header,Value,Hint\nName,Full Name,x,\nBirthdate,b,,dd MM yy\n",
    ),
    "login": (
        "/services/Soap/u/64.0",
        "text/xml",
        '<se:Envelope xmlns:se="http://schemas.xmlsoap.org/soap/envelope/"><se:Body><login '
        'xmlns="urn:partner.soap.sforce.com"><username>admin@example.com</username><password>'
        "passwordtoken</password></login></se:Body></se:Envelope>",
    ),
}
#: Of each sample; EMULATOR_MUTATIONS asks for more.
MUTATIONS = int(os.environ.get("EMULATOR_MUTATIONS", "100"))
TOKENS = [b"<", b">", b'"', b"'", b",", b"\n", b"\r", b"\0", b"\xff", b"\xc3", b"&", b"{", b"}"]
TOKENS += [
    b"[",
    b"]",
    b"#",
    b"]]>",
    b"<!DOCTYPE a>",
    b"&#0;",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"-1e999",
]


def mutated(body, choose):
    """The body with a few places changed, cut, doubled or filled with what breaks readers."""
    for _ in range(choose.randint(1, 4)):
        at = choose.randrange(len(body) + 1)
        end = min(len(body), at + choose.choice([0, 1, 2, 10, 200]))
        filling = choose.choice([b"", choose.choice(TOKENS), choose.randbytes(3), body[at:end] * 2])
        body = body[:at] + filling + body[end:]
    return body


class Target:
    """Where the samples are sent: a job for each kind of batch."""

    def __init__(self, bulk1):
        self.wire = bulk1
        self.jobs = {form: bulk1.job("insert", "Account", form) for form in ("CSV", "XML", "JSON")}
        self.jobs["ZIP_CSV"] = bulk1.job("insert", "Attachment", "ZIP_CSV")
        self.jobs["query"] = bulk1.job("query", "Account")

    def send(self, place, content_type, body, packed):
        headers = {"SOAPAction": "login"}
        if packed:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        if place == "spec":
            job = self.wire.job("insert", "Contact")
            answer = self.wire.call("POST", f"job/{job}/spec", body, content_type, headers)
            if answer.status == 201:
                self.wire.batch(job, "Full Name,b\nA B,01 02 03\n")
            return answer
        path = f"job/{self.jobs[place]}/batch" if place in self.jobs else place
        return self.wire.call("POST", path, body, content_type, headers)


@pytest.mark.parametrize("name", SAMPLES)
def test_mutated_bodies_are_answered_in_the_words_of_the_api(name, connect, caplog):
    place, content_type, sample = SAMPLES[name]
    sample = sample if isinstance(sample, bytes) else sample.encode()
    choose = random.Random(name)
    with SalesforceEmulator(inline=True, batches_per_day=10**6) as emulator:
        target = Target(connect(emulator))
        for _ in range(MUTATIONS):
            body = mutated(sample, choose)
            answer = target.send(place, content_type, body, choose.random() < 0.1)
            if place.startswith("/"):
                assert answer.status == 200 or b"<sf:exceptionCode>" in answer.body, body
            else:
                assert answer.status in (201, 400), (answer.text, body)
        states = {batch.state for job in emulator.engine.jobs for batch in job.batches.values()}
        messages = [batch.message for job in emulator.engine.jobs for batch in job.batches.values()]
    assert states <= {"Completed", "Failed"}
    assert not [text for text in messages if text and "InternalServerError" in text]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
