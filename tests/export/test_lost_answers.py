"""Answers to the posts of an export are lost; jobs of other processes and old versions are read."""

import pytest

SOQL = "SELECT Id, Text__c, Count__c FROM Row__c"


def counts(rows):
    return sorted(row["Count__c"] for row in rows)


def test_a_query_job_whose_answer_is_lost_is_made_again(org, bulk, numbered):
    """2.0: a job that nobody reads changes nothing, so another one is made."""
    numbered(250)
    org.faults.add("answer_lost", route="bulk2.query", method="POST")
    export = bulk.export(SOQL)
    assert counts(export) == list(range(250))
    assert len(list(org.engine.jobs)) == 2


@pytest.mark.parametrize("kind", ["answer_lost", "reset_after"])
def test_a_batch_whose_answer_is_lost_is_found_in_its_job(org, bulk, numbered, kind):
    """1.0: the job says whether it has the query; it is not posted twice."""
    numbered(250)
    org.faults.add(kind, route="bulk1.batches", method="POST")
    export = bulk.export(SOQL, api="1.0")
    assert counts(export) == list(range(250))
    assert len(org.faults.fired) == 1
    assert len(bulk.get_batch_list(export.job_id)) == 1


def test_a_batch_that_never_arrived_is_posted_again(org, bulk, numbered):
    """1.0: the job has no batch, so the query is posted, once."""
    numbered(250)
    org.faults.add("html_error", route="bulk1.batches", method="POST", status=502)
    export = bulk.export(SOQL, api="1.0")
    assert counts(export) == list(range(250))
    assert len(bulk.get_batch_list(export.job_id)) == 1


def test_a_job_whose_answer_is_lost_is_made_again(org, bulk, numbered):
    """1.0: a job without a batch does nothing."""
    numbered(3)
    org.faults.add("answer_lost", route="bulk1.job.create", method="POST")
    assert counts(bulk.export(SOQL, api="1.0")) == [0, 1, 2]
    assert len(org.faults.fired) == 1


def test_a_close_that_fails_takes_nothing_away(org, bulk, numbered):
    """1.0: the results are there, whether the job could be closed or not."""
    numbered(3)
    org.faults.add("api_error", route="bulk1.job", method="POST", status=400, times=0)
    assert counts(bulk.export(SOQL, api="1.0")) == [0, 1, 2]
    assert org.faults.fired


@pytest.mark.parametrize("content_type", ["CSV", "JSON", "XML"])
def test_a_query_of_another_process_is_taken_up(bulk, numbered, content_type):
    """1.0: from the id alone: the query, its columns and types, and all rows."""
    numbered(250)
    job = bulk.create_query_job("Row__c", contentType=content_type)
    bulk.query(job, SOQL)
    export = bulk.attach(job)
    assert counts(export) == list(range(250))
    assert export.soql == SOQL
    assert type(next(iter(export))["Count__c"]) is float


def test_before_version_58_pages_are_found_one_by_one(org, clock, numbered, tmp_path):
    """parallel= says that it cannot be had, and parts are found by walking the locators."""
    numbered(350)
    bulk = org.connect(clock=clock, API_version="57.0")
    export = bulk.export(SOQL, parallel=3)
    assert export.to_csv(tmp_path / "x.csv") == 350
    assert ["one by one" in note for note in export.notes] == [True]
    parts = export.parts()
    assert [part.rows_expected for part in parts] == [100, 100, 100, 50]
    assert counts(row for part in parts for row in part) == list(range(350))


def test_a_session_that_expires_on_the_way_is_renewed(org, bulk, numbered):
    """Pages behind the expiry are read with a new session; nothing comes twice."""
    numbered(350)
    export = bulk.export(SOQL).wait()
    org.faults.add("session_expired", route="bulk2.page", nth=2)
    assert counts(export) == list(range(350))
