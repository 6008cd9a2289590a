"""Trying again what is worth it."""

import pytest

from salesforce_bulk import AmbiguousUpload, RowResult
from salesforce_bulk.client_access import access_of

ROWS = [{"LastName": f"n{n}", "Title": "t"} for n in range(40)]


def insert(bulk, rows=ROWS, **options):
    return bulk.insert("Contact", rows, **{"on_error": "report", "batch_size": 10, **options})


def test_only_passing_errors_and_unprocessed_rows_are_tried_again(org, bulk, stored):
    """Trap: retrying the whole file after a partial failure."""
    rows = [{"LastName": None if n == 5 else f"n{n}", "Title": "t"} for n in range(40)]
    org.faults.add("row_errors", nth=2, rows=3)
    org.faults.add("batch_failed", nth=3, after_rows=2)
    first = insert(bulk, rows, parallel=1)
    assert (first.succeeded, first.failed, first.unprocessed) == (28, 4, 8)
    second = first.retry()
    assert (second.succeeded, second.failed, second.rows) == (39, 1, 40)
    assert [row.number for row in second] == list(range(1, 41))
    assert [row.number for row in second.failed] == [6]
    assert stored("SELECT count() FROM Contact") == [(39,)]
    by_number = {row.number: row for row in first}
    for row in second:
        assert isinstance(row, RowResult)
        assert row.record == rows[row.number - 1]
        if by_number[row.number].status == "success":
            assert row.id == by_number[row.number].id
    assert len(second.job_ids) == 2
    assert first.failed == 4


def test_nothing_to_try_again_makes_no_job(org, bulk):
    result = insert(bulk)
    assert result.retry() is result


def test_attempts_shrink_and_the_last_is_serial(org, bulk, clock):
    """Trap: sibling rows that lock each other out on every attempt."""
    org.faults.add("row_errors", rows=40, times=0)
    result = insert(bulk, batch_size=10_000).retry(attempts=3, batch_size=40)
    jobs = [bulk.job_status(job_id) for job_id in result.job_ids]
    assert [job["concurrencyMode"] for job in jobs] == [
        "Parallel",
        "Parallel",
        "Parallel",
        "Serial",
    ]
    assert result.failed == 40
    assert [pause for pause in clock.pauses if pause >= 1] == [1.0, 5.0]


def test_unknown_rows_are_not_sent_again(org, bulk, monkeypatch, stored):
    monkeypatch.setattr(access_of(bulk).org.v1, "result_body", lambda job_id, batch_id: b"")
    result = insert(bulk)
    assert result.unknown == 40
    assert result.retry() is result
    assert stored("SELECT count() FROM Contact") == [(40,)]


def test_children_of_one_parent_are_in_one_batch(org, bulk):
    """Trap: sibling rows of one parent in parallel batches."""
    parents = [row.id for row in bulk.insert("Account", [{"Name": f"p{n}"} for n in range(7)])]
    rows = [{"LastName": f"n{n}", "AccountId": parents[n % 7]} for n in range(42)]
    result = insert(bulk, rows, group_by="accountid", batch_size=12)
    assert [row.number for row in result] == list(range(1, 43))
    assert [row.record for row in result] == rows
    batches = {}
    for info in bulk.get_batch_list(result.job_id):
        for line in bulk.get_query_batch_request(info["id"], result.job_id).splitlines()[1:]:
            batches.setdefault(line.split(",")[1], set()).add(info["id"])
    assert [len(found) for found in batches.values()] == [1] * 7
    org.faults.add("row_errors", rows=42, times=1)
    again = insert(bulk, rows, batch_size=42).retry(batch_size=6)
    assert again.succeeded == 42
    for info in bulk.get_batch_list(again.job_ids[1]):
        lines = bulk.get_query_batch_request(info["id"], again.job_ids[1]).splitlines()[1:]
        assert len({line.split(",")[1] for line in lines}) == 1


def test_a_parent_with_more_children_than_a_batch_holds_is_loaded_one_batch_after_the_other(
    org, bulk, monkeypatch
):
    parent = next(iter(bulk.insert("Account", [{"Name": "p"}]))).id
    rows = [{"LastName": f"n{n}", "AccountId": parent} for n in range(25)]
    add = access_of(bulk).org.v1.add_batch
    states = []

    def look_first(job_id, body, media_type):
        states.append([one["state"] for one in bulk.get_batch_list(job_id)])
        return add(job_id, body, media_type)

    monkeypatch.setattr(access_of(bulk).org.v1, "add_batch", look_first)
    assert insert(bulk, rows, group_by="AccountId", parallel=3).succeeded == 25
    assert states == [[], ["Completed"], ["Completed", "Completed"]]


@pytest.mark.parametrize("column", ["Nothing", "Owner.Name"])
def test_a_group_column_that_there_is_not_is_refused(bulk, column):
    with pytest.raises(ValueError, match="no column"):
        insert(bulk, group_by=column)


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_cell_that_takes_up_a_job_and_retries_may_be_run_twice(org, bulk, clock, stored, api):
    """Trap: each time it sent the rows once more that it had brought into the org."""
    org.faults.add("row_errors", rows=2, code="UNABLE_TO_LOCK_ROW", times=1)
    rows = [{"Name": f"Row {number}"} for number in range(6)]
    job_id = bulk.insert("Account", rows, api=api, on_error="report").job_id

    def cell():
        return org.connect(clock=clock).attach(job_id).result().retry()

    assert [cell().succeeded, cell().succeeded] == [6, 6]
    assert sorted(stored("SELECT Name FROM Account")) == [(row["Name"],) for row in rows]


def test_a_retry_of_a_job_that_was_taken_up_sends_no_row_of_another_cut_again(org, bulk, clock):
    org.faults.add("row_errors", rows=4, code="UNABLE_TO_LOCK_ROW", times=1)
    rows = [{"Name": f"Row {number}"} for number in range(6)]
    job_id = bulk.insert("Account", rows, on_error="report").job_id
    assert org.connect(clock=clock).attach(job_id).result().retry().succeeded == 6
    again = org.connect(clock=clock).attach(job_id).result()
    with pytest.raises(AmbiguousUpload, match="rows that are to be sent again"):
        again.retry(batch_size=2)
    assert len(list(org.org.query("SELECT Id FROM Account"))) == 6


@pytest.mark.parametrize("body", [b'Name\n"x', b"Name\n\xff\xfe\n"])
def test_a_batch_of_others_that_is_no_csv_keeps_nobody_from_a_retry(org, bulk, clock, body):
    """Trap: csv.Error and UnicodeDecodeError, of a batch that another program posted since."""
    org.faults.add("row_errors", rows=4, code="UNABLE_TO_LOCK_ROW", times=1)
    rows = [{"Name": f"Row {number}"} for number in range(6)]
    job_id = bulk.insert("Account", rows, on_error="report").job_id
    other = bulk.create_job("Account", "insert", contentType="CSV")
    access_of(bulk).org.v1.add_batch(other, body, "text/csv")
    bulk.close_job(other)
    assert org.connect(clock=clock).attach(job_id).result().retry().succeeded == 6


def test_an_org_that_does_not_list_its_jobs_does_not_keep_from_a_retry(org, bulk, caplog):
    org.faults.add("row_errors", rows=2, code="UNABLE_TO_LOCK_ROW", times=1)
    job_id = bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}], on_error="report").job_id
    result = bulk.attach(job_id).result()
    org.faults.add("api_error", path="*/jobs/ingest", times=0, status=403, code="FORBIDDEN")
    assert result.retry().succeeded == 2
    assert "does not list its jobs" in caplog.text
