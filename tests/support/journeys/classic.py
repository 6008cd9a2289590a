"""The calls of 2.2.0, in three formats."""

from __future__ import annotations

import csv
import io
import json as json_module
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import MappingProxyType
from typing import Any

import pytest

from journeys.stage import OBJECT, Row, Stage, Step
from salesforce_bulk import (
    BulkApiError,
    BulkBatchFailed,
    CsvDictsAdapter,
    InvalidBatch,
    InvalidJob,
    InvalidJobState,
    UploadResult,
)
from salesforce_bulk.formats import json, xml

TOO_LONG = "x" * 300
ENCODERS: Mapping[str, Callable[[list[Row]], Any]] = MappingProxyType(
    {
        "CSV": lambda rows: CsvDictsAdapter(iter(rows)),
        "JSON": json.encode_records,
        "XML": xml.encode_records,
    }
)


def _rows(first: int) -> list[Row]:
    texts = ['Zoë, "quoted" & <more>', TOO_LONG, "two\nlines", "日本"]
    return [{"Mark__c": f"m{first + n}", "Text__c": text} for n, text in enumerate(texts)]


def loads(content_type: str, stage: Stage) -> None:
    """Two batches of a job: results in the order of the rows, ids of the records."""
    bulk = stage.bulk
    job = bulk.create_insert_job(OBJECT, contentType=content_type, concurrency="Parallel")
    assert bulk.job_status(job)["contentType"] == content_type
    parts = [_rows(0), _rows(10)]
    batches = [bulk.post_batch(job, ENCODERS[content_type](rows)) for rows in parts]
    assert bulk.job_state(job) == "Open"
    bulk.close_job(job)
    assert bulk.job_state(job) == "Closed"
    assert [info["id"] for info in bulk.get_batch_list(job)] == batches
    for batch, rows in zip(batches, parts, strict=True):
        assert bulk.wait_for_batch(job, batch, timeout=60, sleep_interval=2)
        assert bulk.is_batch_done(batch)
        assert bulk.batch_state(batch, reload=True) == "Completed"
        status = bulk.batch_status(batch)
        counted = [int(status[f"numberRecords{what}"]) for what in ("Processed", "Failed")]
        assert counted == [4, 1]
        _results_are_so(stage, bulk.get_batch_results(batch), rows)
    sent = bulk.get_query_batch_request(batches[0])
    assert "日本" in sent
    _refuses(lambda: bulk.post_batch(job, ENCODERS[content_type](_rows(20))))
    assert len(stage.held()) == 6


def _results_are_so(stage: Stage, results: list[UploadResult], rows: list[Row]) -> None:
    by_mark = {row["Mark__c"]: row for row in stage.held().values()}
    assert len(results) == len(rows)
    for result, row in zip(results, rows, strict=True):
        good = row["Text__c"] != TOO_LONG
        assert bool(result.success) is good, (result, row)
        assert bool(result.created) is good, (result, row)
        assert (result.id or None) == (by_mark[row["Mark__c"]]["Id"] if good else None)
        assert good == (not result.error), result
        assert good or "STRING_TOO_LONG" in str(result.error)
        kept = str(by_mark[row["Mark__c"]]["Text__c"]).replace("\r\n", "\n") if good else None
        assert kept == (row["Text__c"] if good else None)


def changes(stage: Stage) -> None:
    """Update, upsert and delete jobs of CSV."""
    ids = stage.fill([{"Mark__c": f"o{n}", "Ext__c": f"e{n}"} for n in range(4)])
    bulk = stage.bulk
    for create, rows in [
        (bulk.create_update_job, [{"Id": ids[0], "Text__c": "new"}, {"Id": ids[1], "Text__c": ""}]),
        (bulk.create_delete_job, [{"Id": ids[3]}]),
    ]:
        job = create(OBJECT, contentType="CSV")
        batch = bulk.post_batch(job, CsvDictsAdapter(iter(rows)))
        bulk.close_job(job)
        assert bulk.wait_for_batch(job, batch, sleep_interval=1)
        results = bulk.get_batch_results(batch)
        assert [(row.id, bool(row.success), bool(row.created)) for row in results] == [
            (row["Id"], True, False) for row in rows
        ]
    job = bulk.create_upsert_job(OBJECT, "Ext__c", contentType="CSV")
    rows = [{"Ext__c": "e2", "Text__c": "known"}, {"Ext__c": "e9", "Text__c": "made"}]
    results = bulk.get_batch_results(bulk.post_batch(job, CsvDictsAdapter(iter(rows))))
    held = stage.held()
    assert [bool(row.created) for row in results] == [False, True]
    assert results[0].id == ids[2]
    assert [held[row.id]["Text__c"] for row in results] == ["known", "made"]
    assert set(held) == {*ids[:3], results[1].id}
    assert (held[ids[0]]["Text__c"], held[ids[1]]["Text__c"]) == ("new", None)


def queries(content_type: str, stage: Stage) -> None:
    """Every file of a query's results, as a program of 2.2.0 reads it."""
    texts = [f'Zoë {n}, "{n}" & <more>\nlines' for n in range(30)]
    ids = stage.fill([{"Text__c": text} for text in texts])
    bulk = stage.bulk
    batch = bulk.query(None, f"SELECT Id, Text__c FROM {OBJECT}", content_type)
    job = bulk.lookup_job_id(batch)
    assert bulk.wait_for_batch(job, batch, timeout=60, sleep_interval=2)
    bulk.close_job(job)
    result_ids = bulk.get_query_batch_result_ids(batch)
    assert isinstance(result_ids, list)
    files = [bulk.get_query_batch_results(batch, each, job_id=job) for each in result_ids]
    rows = [row for each in files for row in READERS[content_type](each.read())]
    assert len(rows) == 30
    assert dict(rows) == dict(zip(ids, texts, strict=True))
    again = [each.read() for each in bulk.get_all_results_for_query_batch(batch)]
    assert [row for each in again for row in READERS[content_type](each)] == rows


def _csv_rows(body: bytes) -> list[tuple[str, str]]:
    rows = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    return [(row["Id"], row["Text__c"]) for row in rows]


def _json_rows(body: bytes) -> list[tuple[str, str]]:
    return [(row["Id"], row["Text__c"]) for row in json_module.loads(body)]


def _xml_rows(body: bytes) -> list[tuple[str, str]]:
    rows = []
    for record in ET.fromstring(body):
        cells = {child.tag.rpartition("}")[2]: child.text or "" for child in record}
        rows.append((cells["Id"], cells["Text__c"]))
    return rows


READERS: Mapping[str, Callable[[bytes], list[tuple[str, str]]]] = MappingProxyType(
    {"CSV": _csv_rows, "JSON": _json_rows, "XML": _xml_rows}
)


def finds_nothing(stage: Stage) -> None:
    """A query without rows: files without rows, or none."""
    bulk = stage.bulk
    batch = bulk.query(None, f"SELECT Id, Text__c FROM {OBJECT}")
    assert bulk.is_batch_done(batch)
    for stream in bulk.get_all_results_for_query_batch(batch):
        body = stream.read().decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(body, newline="")))
        assert rows in ([], [["Records not found for this query"]], [["Id", "Text__c"]]), body


def _refuses(call: Callable[[], object]) -> None:
    with pytest.raises(BulkApiError):
        call()


def fails(stage: Stage) -> None:
    """Batches that failed are no results and no empty results."""
    bulk = stage.bulk
    batch = bulk.query(None, f"SELECT Nothing__c FROM {OBJECT}")
    job = bulk.lookup_job_id(batch)
    for call in (
        lambda: bulk.is_batch_done(batch),
        lambda: bulk.wait_for_batch(job, batch, sleep_interval=1),
        lambda: bulk.get_query_batch_result_ids(batch),
        lambda: list(bulk.get_all_results_for_query_batch(batch)),
    ):
        with pytest.raises(BulkBatchFailed, match="Nothing__c"):
            call()
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    batch = bulk.post_batch(job, "Mark__c,Nothing__c\nm1,x\n")
    with pytest.raises(BulkBatchFailed, match="Nothing__c"):
        bulk.is_batch_done(batch)
    with pytest.raises(BulkBatchFailed, match="Nothing__c"):
        bulk.get_batch_results(batch)
    assert not stage.held()


def waits_in_vain(stage: Stage) -> None:
    """The time is up before the batch is done; it is waited for again."""
    bulk = stage.bulk
    stage.org.engine.pause()
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    batch = bulk.post_batch(job, CsvDictsAdapter(iter(_rows(0))))
    assert not bulk.is_batch_done(batch)
    assert bulk.wait_for_batch(job, batch, timeout=30, sleep_interval=10) is False
    assert bulk.batch_state(batch, reload=True) in ("Queued", "InProgress")
    stage.org.engine.resume()
    assert bulk.wait_for_batch(job, batch, timeout=30, sleep_interval=10)
    _results_are_so(stage, bulk.get_batch_results(batch), _rows(0))


def aborts(stage: Stage) -> None:
    """What was not processed before an abort is not taken for done, and nothing is added."""
    bulk = stage.bulk
    stage.org.engine.pause()
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    batch = bulk.post_batch(job, CsvDictsAdapter(iter(_rows(0))))
    bulk.abort_job(job)
    assert bulk.job_state(job) == "Aborted"
    stage.org.engine.resume()
    _refuses(lambda: bulk.post_batch(job, CsvDictsAdapter(iter(_rows(10)))))
    try:
        done = bulk.wait_for_batch(job, batch, timeout=30, sleep_interval=10)
    except BulkBatchFailed:
        done = False
    assert done == bool(stage.held())


def asks_too_early(stage: Stage) -> None:
    """Results of a batch that was not processed yet are no results; nor are those of one that never
    will be."""
    bulk = stage.bulk
    stage.org.engine.pause()
    for content_type in ENCODERS:
        job = bulk.create_insert_job(OBJECT, contentType=content_type)
        assert bulk.get_batch_list(job) == []
        batch = bulk.post_batch(job, ENCODERS[content_type](_rows(0)))
        _refuses(lambda batch=batch: bulk.get_batch_results(batch))
        bulk.abort_job(job)
        _refuses(lambda batch=batch: bulk.get_batch_results(batch))
    query = bulk.query(None, f"SELECT Id FROM {OBJECT}")
    assert bulk.get_query_batch_result_ids(query) is False
    stage.org.engine.resume()
    assert not stage.held()


def names_nothing(stage: Stage) -> None:
    """Ids that the org does not know are errors of their kinds."""
    bulk = stage.bulk
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    unknown = job[:8] + "9999999" + job[15:]
    with pytest.raises(InvalidJob):
        bulk.job_status(unknown)
    with pytest.raises(InvalidBatch):
        bulk.batch_status("751" + unknown[3:], job)


def ends_twice(stage: Stage) -> None:
    """A job that is closed or aborted again stays so, and its rows as they are."""
    bulk = stage.bulk
    job = bulk.create_insert_job(OBJECT, contentType="CSV")
    batch = bulk.post_batch(job, CsvDictsAdapter(iter(_rows(0))))
    bulk.close_job(job)
    for call in (bulk.close_job, bulk.abort_job):
        with suppress(InvalidJobState):
            call(job)
    assert bulk.job_state(job) in ("Closed", "Aborted")
    _results_are_so(stage, bulk.get_batch_results(batch), _rows(0))
    other = bulk.create_insert_job(OBJECT, contentType="CSV")
    bulk.abort_job(other)
    with suppress(InvalidJobState):
        bulk.abort_job(other)
    assert bulk.job_state(other) == "Aborted"


CLASSIC: list[Step] = [
    *(partial(loads, content_type) for content_type in ENCODERS),
    changes,
    *(partial(queries, content_type) for content_type in READERS),
    finds_nothing,
    fails,
    waits_in_vain,
    aborts,
    asks_too_early,
    names_nothing,
    ends_twice,
]
