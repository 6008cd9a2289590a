"""The smallest client of /services/data, over real HTTP; it shares no code with the library."""

import csv
import io
from dataclasses import dataclass

from org_client import Answer, OrgClient


class RestAnswer(Answer):
    """An answer in JSON, or a result file."""

    @property
    def error(self):
        [error] = self.json
        return self.status, error["errorCode"], error["message"]

    @property
    def rows(self):
        return list(csv.reader(io.StringIO(self.text, newline="")))

    @property
    def records(self):
        header, *rows = self.rows
        return [dict(zip(header, row, strict=True)) for row in rows]

    @property
    def locator(self):
        return self.headers["Sforce-Locator"]


@dataclass
class RestClient(OrgClient):
    """Calls below ``/services/data/v{version}/``; paths with a leading slash are taken as such."""

    answer_type = RestAnswer

    def base(self, version):
        return f"/services/data/v{version}/"

    def authorization(self):
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def create(self, operation="insert", name="Account", **more):
        return self.call("POST", "jobs/ingest", {"object": name, "operation": operation, **more})

    def job(self, operation="insert", name="Account", **more):
        answer = self.create(operation, name, **more)
        assert answer.status == 200, answer.text
        return answer.json["id"]

    def put(self, job, data, content_type="text/csv", headers=()):
        return self.call("PUT", f"jobs/ingest/{job}/batches", data, content_type, headers)

    def patch(self, job, state="UploadComplete", kind="ingest"):
        return self.call("PATCH", f"jobs/{kind}/{job}", {"state": state})

    def load(self, operation, name, data, **more):
        """An ingest job with its data, closed; its id."""
        job = self.job(operation, name, **more)
        if data is not None:
            assert self.put(job, data).status == 201
        assert self.patch(job).status == 200
        return job

    def info(self, job, kind="ingest"):
        return self.get(f"jobs/{kind}/{job}").json

    def successful(self, job):
        return self.get(f"jobs/ingest/{job}/successfulResults")

    def failed(self, job):
        return self.get(f"jobs/ingest/{job}/failedResults")

    def unprocessed(self, job):
        return self.get(f"jobs/ingest/{job}/unprocessedrecords")

    def query(self, soql, operation="query", **more):
        answer = self.call("POST", "jobs/query", {"operation": operation, "query": soql, **more})
        assert answer.status == 200, answer.text
        return answer.json["id"]

    def page(self, job, locator=None, rows=None, **options):
        parameters = [f"maxRecords={rows}"] if rows is not None else []
        parameters += [f"locator={locator}"] if locator else []
        return self.get(f"jobs/query/{job}/results?{'&'.join(parameters)}", **options)

    def pages(self, job, rows=None):
        page = self.page(job, rows=rows)
        yield page
        while page.locator != "null":
            page = self.page(job, page.locator, rows)
            yield page
