"""What the client learnt from single readings, each in the calls where it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fast_clock import FastClock

from salesforce_bulk import (
    BatchNotComplete,
    BulkBatchFailed,
    BulkJobAborted,
    CsvDictsAdapter,
    InvalidJobState,
    SalesforceBulk,
)
from salesforce_bulk.emulator import ManualClock, SalesforceEmulator
from salesforce_bulk.formats import xml

ROWS = [{"Name": f"n{number}"} for number in range(6)]
PARTS = pytest.mark.parametrize("api", ["1.0", "2.0"])


@contextmanager
def speaking(**readings: str) -> Iterator[tuple[SalesforceEmulator, SalesforceBulk]]:
    dialect = {name.replace("__", "."): value for name, value in readings.items()}
    with SalesforceEmulator(inline=True, clock=ManualClock(), dialect=dialect) as org:
        yield org, org.connect(clock=FastClock())


def test_an_abort_that_the_org_refuses_is_told():
    """Trap: a load goes on whose abort nobody heard of."""
    with speaking(bulk1__job__abort_unfinished="400 InvalidJobState") as (org, bulk):
        org.engine.pause()
        handle = bulk.submit_insert("Account", ROWS, api="1.0")
        with pytest.raises(InvalidJobState):
            handle.abort()
        org.engine.resume()
        assert handle.result().succeeded == 6
        handle.abort()  # it is over


@PARTS
def test_an_abort_of_what_is_over_is_no_error(api):
    with speaking(bulk2__ingest__abort_ended="400 INVALIDJOB") as (_org, bulk):
        handle = bulk.submit_insert("Account", ROWS, api=api)
        assert handle.result().succeeded == 6
        handle.abort()


def test_what_an_aborted_job_has_queued_for_good_is_not_waited_for():
    """Trap: an aborted job polled for ever."""
    with speaking(bulk1__job__abort_queued="Queued") as (org, bulk):
        org.engine.pause()
        handle = bulk.submit_insert("Account", ROWS, api="1.0")
        export = bulk.submit_export("SELECT Id FROM Account", api="1.0")
        handle.abort()
        export.abort()
        assert handle.result().unknown == 6
        with pytest.raises(BulkJobAborted):
            list(export)


def test_an_aborted_query_is_aborted_whatever_became_of_its_batch():
    with speaking(bulk1__job__abort_queued="Failed") as (org, bulk):
        org.engine.pause()
        export = bulk.submit_export("SELECT Id FROM Account", api="1.0")
        export.abort()
        with pytest.raises(BulkJobAborted):
            list(export)


@pytest.mark.parametrize("code", ["400 INVALIDJOB", "400 INVALIDJOBSTATE"])
def test_an_upload_declared_complete_twice_is_started_once(code):
    """The answer to the first declaration is lost; the second is refused."""
    with speaking(bulk2__ingest__close_twice=code) as (org, bulk):
        org.faults.add("answer_lost", method="PATCH")
        assert bulk.insert("Account", ROWS, api="2.0").succeeded == 6
        assert len(list(org.org.query("SELECT Id FROM Account"))) == 6


def test_row_results_may_begin_with_a_byte_order_mark():
    with speaking(bulk1__result__csv_bom="BOM") as (_org, bulk):
        job = bulk.create_insert_job("Account")
        batch = bulk.post_batch(job, CsvDictsAdapter(iter(ROWS)))
        assert all(row.success and row.id for row in bulk.get_batch_results(batch))


@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_an_empty_list_of_results_is_not_taken_for_a_batch_without_rows(content_type):
    """Trap: a batch that was not processed yet reads as one in which nothing failed."""
    body = {"CSV": "Name\nx\n", "JSON": '[{"Name": "x"}]', "XML": xml.encode_records([ROWS[0]])}
    with speaking(bulk1__batch__result_before_end="200") as (org, bulk):
        org.engine.pause()
        job = bulk.create_insert_job("Account", contentType=content_type)
        batch = bulk.post_batch(job, body[content_type])
        with pytest.raises(BatchNotComplete, match="Queued"):
            bulk.get_batch_results(batch)


def test_an_empty_list_of_a_failed_batch_is_its_failure():
    """Trap: a green job that failed."""
    with speaking(bulk1__batch__result_of_failed="200") as (_org, bulk):
        job = bulk.create_insert_job("Account", contentType="CSV")
        batch = bulk.post_batch(job, "Nothing__c\nx\n")
        with pytest.raises(BulkBatchFailed, match="Nothing__c"):
            bulk.get_batch_results(batch)


def test_a_list_without_batches_may_be_left_out():
    with speaking(bulk1__batch__empty_list="absent") as (_org, bulk):
        job = bulk.create_insert_job("Account", contentType="JSON")
        assert bulk.get_batch_list(job) == []
