"""The smallest client of Bulk API 1.0, over real HTTP; it shares no code with the library."""

import re
from dataclasses import dataclass

from org_client import Answer, OrgClient

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
MEDIA_TYPES = {
    "CSV": "text/csv",
    "XML": "application/xml",
    "JSON": "application/json",
    "ZIP_CSV": "zip/csv",
    "ZIP_XML": "zip/xml",
    "ZIP_JSON": "zip/json",
}


class Bulk1Answer(Answer):
    """An answer in XML or JSON."""

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
class Bulk1Client(OrgClient):
    """Calls below ``/services/async/{version}/``; paths with a leading slash are taken as such."""

    version: str = "62.0"

    answer_type = Bulk1Answer

    def base(self, version):
        return f"/services/async/{version}/"

    def authorization(self):
        return {"X-SFDC-Session": self.token}

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
