"""Calls of Bulk API 1.0 that several probes make."""

from __future__ import annotations

import re

from salesforce_bulk.conformance.asked_org import AskedOrg
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked

_JOB = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
    "<operation>query</operation><object>{object}</object><contentType>{form}</contentType>"
    "</jobInfo>"
)


def query_result(org: AskedOrg, name: str, soql: str, form: str = "CSV") -> Exchange:
    """The first result of a query in a job of its own."""
    created = org.send(
        "POST",
        f"{org.bulk1}/job",
        _JOB.format(object=name, form=form).encode(),
        {"Content-Type": "application/xml"},
    )
    job = f"{org.bulk1}/job/{element(created, 'id')}"
    org.note_job(job)
    added = org.send("POST", f"{job}/batch", soql.encode(), {"Content-Type": "text/csv"})
    batch = f"{job}/batch/{element(added, 'id')}"
    org.wait(lambda: element(org.send("GET", batch), "state") in ("Completed", "Failed"))
    listed = org.send("GET", f"{batch}/result")
    return org.send("GET", f"{batch}/result/{element(listed, 'result')}")


def element(answer: Exchange, name: str) -> str:
    """The text of an element. Raises NotAsked where there is none."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", answer.text)
    if found is None:
        raise NotAsked(f"{answer.method} {answer.path} answered {answer.status} without <{name}>")
    return found[1]
