"""Loads through Bulk API 2.0: the same verbs, the same truth."""

from datetime import date, datetime, timezone

import pytest
from urllib3.util import Retry

from salesforce_bulk import AmbiguousUpload, BulkJobAborted, LoadFailed, ResultsExpired
from salesforce_bulk.client_access import access_of
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.wire import v2

ROWS = [
    {
        "Ext__c": f"k{n}",
        "Text__c": f"Row {n}, \"quoted\"\nand broken",
        "Amount__c": n * 1e5,
        "Count__c": n % 3,
        "On__c": date(2024, 1, 1 + n % 28),
        "At__c": datetime(2024, 1, 1, n % 24, tzinfo=timezone.utc),
        "Done__c": n % 2 == 0,
    }
    for n in range(40)
]  # fmt: skip


def insert(bulk, rows=ROWS, **options):
    return bulk.insert("Load__c", rows, **{"api": "2.0", "batch_size": 10, **options})


def without_keys(rows=ROWS):
    return [{key: value for key, value in row.items() if key != "Ext__c"} for row in rows]


@pytest.fixture
def held(stored):
    return lambda: sorted(name for (name,) in stored("SELECT Text__c FROM Load__c"))


@pytest.mark.parametrize("rows", [ROWS, without_keys()], ids=["by key", "by cells"])
def test_every_row_gets_its_own_id(bulk, stored, rows):
    """Trap: wrong Ids on rows from the first failure on."""
    spoiled = [dict(row) for row in rows]
    for at in (3, 17, 31):
        spoiled[at]["Text__c"] = "x" * 300
    result = insert(bulk, spoiled, on_error="report", parallel=3)
    assert [row.number for row in result] == list(range(1, 41))
    assert [row.number for row in result.failed] == [4, 18, 32]
    assert {row.error.code for row in result.failed} == {"STRING_TOO_LONG"}
    texts = dict(stored("SELECT Id, Text__c FROM Load__c"))
    assert all(texts[row.id] == row.record["Text__c"] for row in result.succeeded)
    assert len(result.job_ids) == 4
    assert (result.api, result.api_reason) == ("2.0", "asked for")


def test_rows_in_none_of_the_files_are_unknown(org, bulk):
    """Trap: rows in none of the files counted as successes."""
    org.faults.add("lost_results", rows=3, times=0)
    with pytest.raises(LoadFailed, match="3 unknown") as caught:
        insert(bulk, batch_size=None)
    result = caught.value.result
    assert (result.succeeded, result.unknown) == (37, 3)
    assert {row.error.code for row in result.unknown} == {"NotTold"}


@pytest.mark.parametrize("kind", ["answer_lost", "reset_before", "html_error"])
@pytest.mark.parametrize("nth", [1, 3])
def test_a_job_whose_upload_is_in_doubt_is_left_and_its_rows_go_into_another(
    org, bulk, held, kind, nth
):
    """Trap: retrying a non-idempotent upload after a network error."""
    org.faults.add(kind, method="PUT", nth=nth)
    result = insert(bulk)
    assert held() == sorted(row["Text__c"] for row in ROWS)
    assert result.succeeded == 40
    states = [job.state for job in access_of(bulk).org.v2.ingest_jobs()]
    assert sorted(states) == ["Aborted", *["JobComplete"] * 4]


@pytest.mark.parametrize("method", ["PATCH", "GET", "POST"])
def test_other_lost_answers_change_nothing(org, bulk, held, method):
    org.faults.add("answer_lost", method=method, path="*/jobs/ingest*", nth=2, times=2)
    assert insert(bulk).succeeded == 40
    assert held() == sorted(row["Text__c"] for row in ROWS)


def test_a_job_that_fails_as_a_whole_leaves_its_rows_unprocessed(org, bulk):
    """Trap: a Failed job polled for ever, or its rows counted as successes."""
    org.faults.add("batch_failed", after_rows=0, code="InternalServerError", message="gone")
    result = insert(bulk, batch_size=None, on_error="report")
    assert result.unprocessed == 40
    with pytest.raises(LoadFailed, match="40 x InternalServerError: gone"):
        result.raise_for_failures()


def test_an_aborted_job_is_no_success(org, bulk):
    """Trap: a Failed or Aborted 2.0 job polled for ever."""
    org.engine.pause()
    handle = bulk.submit_insert("Load__c", ROWS, api="2.0")
    handle.abort()
    org.engine.resume()
    result = handle.result()
    assert result.unprocessed == 40
    with pytest.raises(LoadFailed):
        result.raise_for_failures()
    assert result.retry().succeeded == 40
    assert not issubclass(LoadFailed, BulkJobAborted)


def test_results_that_expired_are_no_failures(org, bulk):
    handle = bulk.submit_insert("Load__c", ROWS, api="2.0")
    for job_id in handle.job_ids:
        access_of(bulk).org.v2.delete_ingest_job(job_id)
    with pytest.raises(ResultsExpired):
        handle.result()


@pytest.mark.parametrize("step", range(1, 11))
def test_a_crash_behind_any_step_is_survived(org, bulk, held, tmp_path, step):
    from test_load_resume import crashed  # noqa: PLC0415

    crashed(step, lambda: insert(bulk, journal=tmp_path / "journal", parallel=2))
    result = insert(org.connect(), journal=tmp_path / "journal")
    assert result.succeeded == 40
    assert held() == sorted(row["Text__c"] for row in ROWS)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_both_apis_mean_the_same(bulk, stored, api):
    """Trap: another API above so many rows, and nulls that change their meaning with it."""
    first = insert(bulk, ROWS[:3], api=api)
    ids = [row.id for row in first]
    rows = [{"Id": ids[0], "Text__c": None}, {"Id": ids[1], "Text__c": ""}, {"Id": ids[2]}]
    bulk.update("Load__c", rows, api=api, nulls="clear")
    found = stored("SELECT Text__c, Amount__c, At__c, Done__c FROM Load__c ORDER BY Ext__c")
    assert found == [
        (None, 0.0, "2024-01-01T00:00:00.000Z", 1),
        (None, 1e5, "2024-01-01T01:00:00.000Z", 0),
        (ROWS[2]["Text__c"], 2e5, "2024-01-01T02:00:00.000Z", 1),
    ]
    upserted = bulk.upsert("Load__c", [{"Ext__c": "k1"}, {"Ext__c": "new"}], "ext__c", api=api)
    assert [row.created for row in upserted] == [False, True]
    assert bulk.delete("Load__c", [{"Id": one} for one in ids], api=api).succeeded == 3
    assert stored("SELECT Ext__c FROM Load__c") == [("new",)]


def test_a_job_of_another_process_is_taken_up_by_its_id(org, bulk):
    spoiled = [dict(row) for row in ROWS]
    spoiled[7]["Text__c"] = "x" * 300
    handle = bulk.submit_insert("Load__c", spoiled, api="2.0")
    other = org.connect().attach(handle.job_id).result()
    assert (other.rows, other.succeeded, other.failed) == (40, 39, 1)
    assert next(iter(other.failed)).record["Ext__c"] == "k7"
    ids = {row.record["Ext__c"]: row.id for row in other.succeeded}
    assert ids == {row.record["Ext__c"]: row.id for row in handle.result().succeeded}


def test_an_upload_that_the_server_answered_with_503_may_have_been_stored():
    """After a 5xx it is open whether the data are there, as after a lost answer."""
    with SalesforceEmulator(inline=True) as org:
        api = access_of(org.connect(retry=Retry(0))).org.v2
        job = api.create_ingest_job(v2.ingest_job_document("Account", "insert"))
        org.faults.add("api_error", route="bulk2.upload", status=503, code="SERVER_UNAVAILABLE")
        with pytest.raises(AmbiguousUpload) as caught:
            api.upload(job.id, b"Name\nA\n")
    assert caught.value.job_id == job.id
