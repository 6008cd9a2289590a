"""Runs that die at one of their requests, and go on in another process."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from journeys.exports import COUNT, SOQL, fill_typed
from journeys.loads import TOO_LONG, full_row
from journeys.stage import OBJECT, Row, Stage, Step
from salesforce_bulk import AmbiguousUpload, LoadJob, SalesforceBulk
from salesforce_bulk.export.handle import Export


class Death(BaseException):
    """The process is gone."""


class DyingAdapter(HTTPAdapter):
    """Sends requests until the process dies: before one is sent, or before its answer is seen."""

    def __init__(self, requests_left: int, sends_the_last: bool) -> None:
        super().__init__(max_retries=0)
        self._left = requests_left
        self._sends_the_last = sends_the_last

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        self._left -= 1
        if self._left >= 0:
            return super().send(request, *args, **options)
        if self._left == -1 and self._sends_the_last:
            super().send(request, *args, **options).close()
        raise Death


def _mortal(stage: Stage, requests_left: int, sends_the_last: bool) -> SalesforceBulk:
    session = requests.Session()
    session.mount("http://", DyingAdapter(requests_left, sends_the_last))
    return stage.another_client(session=session)


def _rows() -> list[Row]:
    rows = [full_row(number, Ext__c=f"k{number}") for number in range(12)]
    rows[1]["Text__c"] = rows[10]["Text__c"] = TOO_LONG
    return rows


def loads_on(api: str, requests_left: int, sends_the_last: bool, stage: Stage) -> None:
    """No row is there twice and none is missing, whichever request the process died at."""
    rows, journal = _rows(), stage.folder / "journal"
    options: Any = {"api": api, "batch_size": 4, "parallel": 1, "on_error": "report"}
    mortal = _mortal(stage, requests_left, sends_the_last)
    with pytest.raises(Death):
        mortal.insert(OBJECT, rows, journal=journal, **options)
    result = stage.another_client().insert(OBJECT, rows, journal=journal, **options)
    stage.settle(result, rows, "sfssssssssfs")
    again = stage.another_client().resume(journal, rows, on_error="report", parallel=1)
    assert [(row.status, row.id) for row in again] == [(row.status, row.id) for row in result]
    assert len(stage.held()) == 10


def exports_on(api: str, requests_left: int, stage: Stage) -> None:
    """The file is that of a run which nothing interrupted."""
    fill_typed(stage)
    soql = f"{SOQL} ORDER BY Mark__c"
    whole, target, journal = (stage.folder / name for name in ("whole", "rows.csv", "journal"))
    assert stage.bulk.export(soql, api=api).to_csv(whole) == COUNT
    mortal = _mortal(stage, requests_left, sends_the_last=True)
    with pytest.raises(Death):
        mortal.export(soql, api=api, journal=journal).to_csv(target)
    assert not target.exists()
    stage.another_client().resume(journal)
    assert target.read_bytes() == whole.read_bytes()


def says_what_it_cannot_know(stage: Stage) -> None:
    """A batch whose answer was lost: the classic call says so, the verb finds out."""
    bulk = stage.bulk
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    stage.org.faults.add("answer_lost", method="POST", path="*/batch")
    with pytest.raises(AmbiguousUpload):
        bulk.post_batch(job, "Mark__c\nm0\n")
    assert len(bulk.get_batch_list(job)) == 1
    assert len(stage.held()) == 1


def finds_out(api: str, kind: str, stage: Stage) -> None:
    """Each kind of call loses an answer; every row is told, and is there once."""
    rows = _rows()
    for number, (method, path) in enumerate(
        [("POST", "*/job*"), ("POST", "*/batch"), ("PUT", "*"), ("PATCH", "*"), ("GET", "*/job*")]
    ):
        stage.org.faults.add(kind, method=method, path=path, nth=1 + number % 2)
    result = stage.bulk.insert(OBJECT, rows, api=api, batch_size=4, parallel=1, on_error="report")
    stage.settle(result, rows, "sfssssssssfs")


def attaches(api: str, stage: Stage) -> None:
    """Another process takes up a load and an export by their jobs' ids alone."""
    rows = _rows()
    handle = stage.bulk.submit_insert(OBJECT, rows, api=api)
    job = stage.another_client().attach(str(handle.job_id))
    assert isinstance(job, LoadJob)
    result = job.result()
    by_mark = {row["Mark__c"]: key for key, row in stage.held().items()}
    assert (result.succeeded, result.failed, result.rows) == (10, 2, 12)
    assert {row.record["Mark__c"]: row.id for row in result} == {
        row["Mark__c"]: by_mark.get(row["Mark__c"]) for row in rows
    }
    export = stage.bulk.submit_export(f"SELECT Mark__c FROM {OBJECT}", api=api)
    other = stage.another_client().attach(export.job_id)
    assert isinstance(other, Export)
    assert sorted(row["Mark__c"] for row in other) == sorted(by_mark)


RESUME: list[Step] = [
    *(partial(loads_on, "1.0", left, sent) for left, sent in [(2, True), (7, False)]),
    *(partial(loads_on, "2.0", left, sent) for left, sent in [(3, True), (6, False)]),
    partial(exports_on, "1.0", 6),
    partial(exports_on, "2.0", 4),
    says_what_it_cannot_know,
    partial(finds_out, "1.0", "answer_lost"),
    partial(finds_out, "2.0", "answer_lost"),
    partial(attaches, "1.0"),
    partial(attaches, "2.0"),
]
