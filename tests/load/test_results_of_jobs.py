"""Results fetched on bad connections, and jobs of other processes, however they were made."""

import pytest

from salesforce_bulk import InvalidInput, InvalidJob, ReconciliationError, ResultsExpired
from salesforce_bulk.client_access import access_of
from salesforce_bulk.wire import media, v2

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(40)]


@pytest.mark.parametrize(
    "kind", ["cut", "cut_sized", "cut_unsized", "reset_during", "corrupt_gzip"]
)
@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("attached", [False, True])
def test_result_files_that_break_off_are_fetched_again(org, bulk, kind, nth, attached):
    handle = bulk.submit_insert("Account", ROWS, api="2.0")
    org.faults.add(kind, route="bulk2.results", nth=nth, after_bytes=60)
    taken_up = bulk.attach(handle.job_id) if attached else handle
    assert taken_up.result().succeeded == 40


def test_result_files_that_never_come_are_an_error_and_no_failure_of_rows(org, bulk):
    handle = bulk.submit_insert("Account", ROWS, api="2.0")
    org.faults.add("cut", route="bulk2.results", times=0, after_bytes=60)
    with pytest.raises(Exception, match="attach") as caught:
        handle.result()
    assert caught.value.job_id == handle.job_id
    org.faults.clear()
    assert handle.result().succeeded == 40


# Bulk API 2.0, attached


def made_elsewhere(bulk, body, **options):
    api = access_of(bulk).org.v2
    job = api.create_ingest_job(v2.ingest_job_document("Account", "insert", **options))
    api.upload(job.id, body)
    return api.set_ingest_state(job.id, "UploadComplete").id


@pytest.mark.parametrize(("word", "delimiter"), [*v2.DELIMITERS.items()])
def test_a_job_with_another_delimiter_is_read_with_it(bulk, word, delimiter):
    lines = [["Name", "Site"], ["a", "x"], ["b,;", "y"]]
    body = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines) + "\n"
    job_id = made_elsewhere(bulk, body.encode(), column_delimiter=word)
    result = bulk.attach(job_id).result()
    assert sorted(row.record["Name"] for row in result) == ["a", "b,;"]
    assert {row.record["Site"] for row in result.succeeded} == {"x", "y"}


def test_an_attached_job_that_is_gone_has_expired(bulk):
    job_id = made_elsewhere(bulk, b"Name\na\n")
    handle = bulk.attach(job_id)
    access_of(bulk).org.v2.delete_ingest_job(job_id)
    with pytest.raises(ResultsExpired):
        handle.result()


@pytest.mark.parametrize("body", [b"", b"Name\n"])
def test_an_attached_job_without_rows_has_a_result_without_rows(bulk, body):
    result = bulk.attach(made_elsewhere(bulk, body)).result()
    assert (result.rows, list(result)) == (0, [])


def test_an_attached_job_that_was_aborted_lists_what_was_not_processed(org, bulk):
    org.engine.pause()
    job_id = made_elsewhere(bulk, b"Name\na\nb\n")
    access_of(bulk).org.v2.set_ingest_state(job_id, "Aborted")
    org.engine.resume()
    result = bulk.attach(job_id).result()
    assert [row.record["Name"] for row in result.unprocessed] == ["a", "b"]
    assert result.retry().succeeded == 2


def test_files_that_tell_of_fewer_rows_than_were_processed_are_no_result(org, bulk):
    job_id = made_elsewhere(bulk, b"Name\na\nb\n")
    org.faults.add("lost_results", rows=1, times=0)
    other = made_elsewhere(bulk, b"Name\na\nb\n")
    assert bulk.attach(job_id).result().succeeded == 2
    with pytest.raises(ReconciliationError, match="processed 2 rows"):
        bulk.attach(other).result()


# Bulk API 1.0, attached


def batches_of(bulk, *bodies, operation="insert"):
    job_id = bulk.create_job("Account", operation, contentType="CSV")
    for body in bodies:
        access_of(bulk).org.v1.add_batch(job_id, body, media.CSV)
    bulk.close_job(job_id)
    return job_id


def test_batches_with_their_own_columns_are_told_by_their_own_names(bulk, stored):
    """Other programs order columns as they like, from batch to batch."""
    job_id = batches_of(bulk, b"Name,Site\na,x\n", b"Site,Name\ny,b\n", b"name,Phone\nc,1\n")
    result = bulk.attach(job_id).result()
    found = [row.record for row in result]
    assert found == [
        {"Name": "a", "Site": "x", "Phone": ""},
        {"Name": "b", "Site": "y", "Phone": ""},
        {"Name": "c", "Site": "", "Phone": "1"},
    ]
    assert [row.number for row in result] == [1, 2, 3]
    assert dict(stored("SELECT Id, Name FROM Account")) == {
        row.id: row.record["Name"] for row in result
    }


def test_a_batch_of_a_header_only_has_no_rows(bulk):
    job_id = batches_of(bulk, b"Name\n", b"Name\na\n", b"Name\n")
    result = bulk.attach(job_id).result()
    assert [(row.number, row.record) for row in result] == [(1, {"Name": "a"})]
    assert bulk.attach(batches_of(bulk)).result().rows == 0


def test_rows_with_too_few_or_too_many_cells_keep_their_outcome(bulk):
    job_id = batches_of(bulk, b"Name,Site\na,x\nb\nc,y,z\nd,w\n")
    result = bulk.attach(job_id).result()
    assert [row.status for row in result] == ["success", "failed", "failed", "success"]
    assert [row.record["Name"] for row in result] == ["a", "b", "c", "d"]


def test_blank_lines_do_not_shift_the_outcomes(bulk, stored):
    """A blank line is no row to the org; to a reader it must not be one either."""
    job_id = batches_of(bulk, b"Name,Site\na,x\n\nb,y\n\n\nc,z\n")
    result = bulk.attach(job_id).result()
    assert [row.record["Name"] for row in result] == ["a", "b", "c"]
    assert dict(stored("SELECT Id, Name FROM Account")) == {
        row.id: row.record["Name"] for row in result
    }


def test_a_job_that_still_takes_batches_is_waited_for_as_far_as_it_is_known(bulk):
    """Rows come with the batches that were there when it was taken up."""
    job_id = bulk.create_insert_job("Account", contentType="CSV")
    access_of(bulk).org.v1.add_batch(job_id, b"Name\na\n", media.CSV)
    handle = bulk.attach(job_id)
    access_of(bulk).org.v1.add_batch(job_id, b"Name\nb\n", media.CSV)
    assert handle.result().rows == 1
    assert bulk.attach(job_id).result().rows == 2


def test_a_job_that_the_org_does_not_know_is_told_with_what_to_do(bulk):
    with pytest.raises(InvalidJob, match="knows no job 750000000000001AAA") as caught:
        bulk.attach("750000000000001AAA")
    assert caught.value.job_id == "750000000000001AAA"


@pytest.mark.parametrize("job_id", [None, "", "../../x?y", "750", 750])
def test_what_is_no_id_is_not_asked_for(org, bulk, job_id):
    asked = len(org.requests)
    with pytest.raises(InvalidInput, match="no job's id"):
        bulk.attach(job_id)
    assert len(org.requests) == asked
