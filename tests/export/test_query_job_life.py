"""The life of a 1.0 query job beyond the ordinary: chunks late and lost, jobs that end early."""

import pytest
from canned_org import page
from chunk_org import ChunkOrg

from salesforce_bulk import (
    BulkApiError,
    BulkBatchFailed,
    BulkJobAborted,
    InvalidInput,
    JobFailed,
    ReconciliationError,
    ResultsExpired,
    SalesforceBulk,
)
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.export.pk_chunking import chunking_header

SOQL = "SELECT Id, Name FROM Thing"
SPLIT = ("751A", "NotProcessed", 0)
FIRST, SECOND = ("751B", "Completed", 1), ("751C", "Completed", 1)
FILES = {
    "751B": {"752B": page([("1", "a")])[0]},
    "751C": {"752C": page([("2", "b")])[0]},
    "751D": {"752D": page([("3", "c")])[0]},
    "751Z": {"752Z": page([("3", "c")])[0]},
}


def exported(org, clock, soql=SOQL, **options):
    bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
    return bulk.export(soql, api="1.0", **options)


def ids(export):
    return [row["Id"] for row in export]


def test_a_list_that_stands_still_for_an_instant_is_not_complete(clock):
    """The answers to three quick questions say little; the list must stand still for seconds."""
    with ChunkOrg([[SPLIT, FIRST]], FILES) as org:
        assert ids(exported(org, clock)) == ["1"]
        assert clock.monotonic() >= 5


def test_chunks_that_the_job_counts_are_waited_for(clock):
    """The job's counters know of a chunk before its list does."""
    lists = [[SPLIT, FIRST]] * 20 + [[SPLIT, FIRST, SECOND]]
    with ChunkOrg(lists, FILES, info="<numberBatchesTotal>3</numberBatchesTotal>") as org:
        assert ids(exported(org, clock)) == ["1", "2"]


def test_chunks_that_the_job_counts_and_never_lists_are_an_error(clock):
    with (
        ChunkOrg([[SPLIT, FIRST]], FILES, info="<numberBatchesTotal>7</numberBatchesTotal>") as org,
        pytest.raises(ReconciliationError, match="7 batches"),
    ):
        ids(exported(org, clock))


@pytest.mark.parametrize("total", [1, 2])
def test_counters_with_or_without_the_split_batch_are_right(clock, total):
    info = f"<numberBatchesTotal>{total}</numberBatchesTotal>"
    with ChunkOrg([[SPLIT, FIRST]], FILES, info=info) as org:
        assert ids(exported(org, clock)) == ["1"]


def test_a_chunk_that_comes_after_all_is_never_missed_in_silence(clock, tmp_path):
    """Behind the last page the list is asked for once more; a new chunk ends the reading with
    an error, and the next reading has it."""
    with ChunkOrg([[SPLIT, FIRST]], FILES) as org:
        export = exported(org, clock).wait()
        org.lists = [[SPLIT, FIRST, ("751C", "InProgress", 0)], [SPLIT, FIRST, SECOND]]
        with pytest.raises(ReconciliationError, match="751C"):
            export.to_csv(tmp_path / "x.csv")
        assert list(tmp_path.iterdir()) == []
        assert ids(export) == ["1", "2"]


def test_a_split_job_is_closed_behind_its_last_page_only(clock):
    """The guide: close when all chunks are finished and fetched; the server adds them itself."""
    with ChunkOrg([[SPLIT, FIRST, SECOND]], FILES) as org:
        export = exported(org, clock).wait()
        assert org.closed == []
        assert ids(export) == ids(export) == ["1", "2"]
        assert org.closed == ["750A"]


def test_a_chunk_that_was_not_processed_is_tried_again(clock):
    """Two batches are NotProcessed: the one that was split, and a chunk, whose rows are missing."""
    requests = {
        "751A": SOQL,
        "751B": f"{SOQL} WHERE Id >= 00T000000000001 AND Id < 00T000000000009",
    }
    requests["751D"] = f"{SOQL} WHERE Id >= 00T000000000009"
    with ChunkOrg([[SPLIT, FIRST, ("751D", "NotProcessed", 0)]], FILES, requests) as org:
        export = exported(org, clock)
        assert ids(export) == ["1", "3"]
        assert org.posted == [SOQL, f"{SOQL} WHERE Id >= '00T000000000009'"]
        assert sorted(org.closed) == ["750A", "750B"]


@pytest.mark.parametrize("job_state", ["Aborted", "Failed"])
@pytest.mark.parametrize("batches", [[SPLIT, FIRST], [SPLIT]], ids=len)
def test_a_split_job_that_did_not_end_well_is_no_result(clock, job_state, batches):
    """Some of its chunks may be complete; the rest never will be."""
    with (
        ChunkOrg([batches], FILES, info=f"<state>{job_state}</state>") as org,
        pytest.raises((BulkJobAborted, JobFailed)),
    ):
        ids(exported(org, clock))


def test_a_failed_split_is_no_result(clock):
    """The posted batch failed while it was being split; chunks that were made are not the whole."""
    with ChunkOrg([[("751A", "Failed", 0), FIRST]], FILES) as org, pytest.raises(BulkBatchFailed):
        ids(exported(org, clock, pk_chunking="true"))


@pytest.mark.parametrize(
    "bounds",
    [
        "Id >= [00T000000000009AAA] AND Id < [00T00000000000B]",
        "Name = 'Id >= 00T000000000009' AND Id >= [00T000000000009]",
        "AccountId >= [001000000000009] AND AccountId < [00100000000000A]",
        "ParentId>=[a00000000000009]",
        "Amount > 123456789012345 AND Id >= '00T000000000009'",
    ],
)
def test_a_chunk_is_tried_again_within_its_bounds(clock, bounds):
    """The server prints bounds without quotes, for Share and History tables those of the parent;
    texts of the query's own condition stay what they are."""
    printed = bounds.replace("[", "").replace("]", "")
    with ChunkOrg(
        [[SPLIT, ("751B", "Failed", 0)]], FILES, {"751B": f"{SOQL} WHERE {printed}"}
    ) as org:
        assert ids(exported(org, clock)) == ["3"]
        quoted = bounds.replace("[", "'").replace("]", "'")
        assert org.posted == [SOQL, f"{SOQL} WHERE {quoted}"]


@pytest.mark.parametrize(
    "message",
    [
        "InvalidBatch : Failed to process query: QUERY_TIMEOUT: Your query request was running",
        "InternalServerError : Retried more than 15 times",
        "InvalidBatch : Failed to write query result",
    ],
)
def test_a_query_that_is_too_much_at_once_is_repeated_in_chunks(org, bulk, numbered, message):
    code, _, text = message.partition(" : ")
    numbered(350)
    org.faults.add("batch_failed", object="Row__c", code=code, message=text)
    export = bulk.export(
        "SELECT Count__c FROM Row__c WHERE Count__c >= 0 OR Text__c = 'x'", api="1.0"
    )
    assert sorted(row["Count__c"] for row in export) == list(range(350))
    assert ["PK chunking" in note for note in export.notes] == [True]
    assert " WHERE (Count__c >= 0 OR Text__c = 'x')" in export.soql


def test_a_failed_chunk_of_alternatives_is_tried_again(org, bulk, numbered):
    """The bounds that the server adds hold for the whole condition."""
    numbered(700)
    org.faults.add("batch_failed", object="Row__c", nth=3)
    soql = "SELECT Count__c FROM Row__c WHERE Count__c < 300 OR Count__c >= 500"
    found = sorted(row["Count__c"] for row in bulk.export(soql, pk_chunking=150))
    assert found == [*range(300), *range(500, 700)]


def test_a_query_that_may_still_arrive_is_posted_to_a_job_of_its_own(org, bulk, numbered):
    """An answer is lost and the job has no batch yet: were the query posted to it once more, both
    might run, and every row would come twice."""
    numbered(250)
    org.faults.add("html_error", route="bulk1.batches", method="POST", status=502)
    export = bulk.export("SELECT Count__c FROM Row__c", api="1.0").submit()
    jobs = (
        list(org.engine.jobs.values())
        if hasattr(org.engine.jobs, "values")
        else list(org.engine.jobs)
    )
    assert len(jobs) == 2
    assert len(list(export)) == 250


def test_a_job_without_a_query_is_named(bulk):
    """An open 1.0 query job to which nothing was posted cannot be taken up."""
    job = bulk.create_query_job("Row__c")
    with pytest.raises(InvalidInput, match="no query"):
        bulk.attach(job)


def test_the_header_names_the_parent_to_the_server(org, bulk, fill):
    """parent= reaches the server with a Share table's query, and its chunks give all rows."""
    fields = [{"name": "Id", "type": "id"}, {"name": "AccountId", "type": "string", "length": 18}]
    fields[1]["createable"] = True
    org.org.schema.load_describe({"name": "AccountShare", "keyPrefix": "00r", "fields": fields})
    fill([{"AccountId": "x"} for _ in range(350)], "AccountShare")
    export = bulk.export("SELECT Id, AccountId FROM AccountShare", pk_chunking=100)
    rows = list(export)
    assert len({row["Id"] for row in rows}) == len(rows) == 350
    assert [b["state"] for b in bulk.get_batch_list(export.job_id)].count("NotProcessed") == 1


@pytest.mark.parametrize("way", [{"api": "2.0"}, {"api": "1.0"}, {"pk_chunking": 100}], ids=str)
def test_an_org_out_of_reach_for_a_minute_does_not_end_the_wait(org, bulk, numbered, way):
    """The job goes on meanwhile, so the questions after it do."""
    numbered(250)
    export = bulk.export("SELECT Count__c FROM Row__c", **way).submit()
    path = "*/jobs/query/*" if export.api == "2.0" else "*/batch"
    org.faults.add("html_error", method="GET", path=path, status=503, times=12)
    assert sorted(row["Count__c"] for row in export) == list(range(250))
    assert len(org.faults.fired) == 12


def test_a_repetition_that_could_not_be_posted_is_posted_later(org, bulk, numbered):
    """The query timed out, and the job with chunks was made but has no query: waiting again
    posts it, and does not wait for ever for a job without batches."""
    numbered(350)
    org.faults.add("batch_failed", object="Row__c", message="QUERY_TIMEOUT: too long")
    export = bulk.export("SELECT Count__c FROM Row__c", api="1.0", timeout=600).submit()
    org.faults.add("api_error", route="bulk1.batches", method="POST", status=400, code="Unknown")
    with pytest.raises(BulkApiError, match="Unknown"):
        export.wait()
    assert sorted(row["Count__c"] for row in export) == list(range(350))


def test_a_json_batch_that_counts_no_rows_may_have_some(clock, caplog):
    """Recorded: a JSON batch with three rows that says it processed none; CSV batches do count."""
    files = {"751B": {"752B": b'[{"Id": "1", "Name": "a"}]'}}
    with ChunkOrg([[("751B", "Completed", 0)]], files) as org:
        assert ids(exported(org, clock, content_type="JSON")) == ["1"]
    assert "counts 0 of 1 rows" in caplog.text
    with (
        ChunkOrg([[("751B", "Completed", 0)]], FILES) as org,
        pytest.raises(ReconciliationError),
    ):
        ids(exported(org, clock))
    with (
        ChunkOrg([[("751B", "Completed", 2)]], files) as org,
        pytest.raises(ReconciliationError),
    ):
        ids(exported(org, clock, content_type="JSON"))


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_results_that_went_with_the_days_name_the_journal(org, bulk, numbered, tmp_path, api):
    """The same call would take up the same job for ever: the message says what to remove."""
    numbered(3)
    way = {"api": api, "journal": tmp_path / "rows.journal"}
    bulk.export("SELECT Count__c FROM Row__c", **way).submit()
    path = "*/jobs/query/*" if api == "2.0" else "*/batch"
    code = "NOT_FOUND" if api == "2.0" else "InvalidJob"
    org.faults.add("api_error", method="GET", path=path, status=404, code=code, times=0)
    with pytest.raises(ResultsExpired, match=r"Remove the journal .*rows\.journal"):
        list(bulk.export("SELECT Count__c FROM Row__c", **way))


def test_a_job_of_another_process_is_not_closed(bulk, numbered):
    """Whoever made the job may have further queries for it."""
    numbered(3)
    job = bulk.create_query_job("Row__c")
    bulk.query(job, "SELECT Count__c FROM Row__c")
    assert len(list(bulk.attach(job))) == 3
    assert bulk.job_state(job) == "Open"
    bulk.query(job, "SELECT Count__c FROM Row__c WHERE Count__c = 1")
    assert len(list(bulk.attach(job))) == 4


def test_industry_objects_are_chunked_too():
    """The guide's list goes on with objects whose names begin alike."""
    assert chunking_header("LoyaltyProgramMember", True) == "true"
    assert chunking_header("LoyaltyProgramMemberShare", True) == "true; parent=LoyaltyProgramMember"
    assert chunking_header("InsurancePolicyHistory", True) == "true; parent=InsurancePolicy"


@pytest.mark.parametrize("left", ["Queued", "Failed"])
def test_a_query_of_an_aborted_job_ends_as_such_whatever_the_abort_left(clock, left):
    dialect = {"bulk1.job.abort_queued": left}
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        org.engine.pause()
        export = org.connect(clock=clock).export("SELECT Id FROM User", api="1.0").submit()
        export.abort()
        with pytest.raises(BulkJobAborted):
            ids(export)
