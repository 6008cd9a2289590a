"""One text stands for all jobs of a load, and another process goes on with it."""

import pickle

import pytest

from salesforce_bulk import InvalidInput, InvalidJob

ROWS = [{"Name": f"a{number}"} for number in range(50)] + [{"Name": ""}]


@pytest.mark.parametrize(
    ("options", "jobs"), [({"api": "2.0", "batch_size": 20}, 3), ({"batch_size": 20}, 1)]
)
def test_a_token_gives_the_rows_of_all_jobs_to_another_process(org, bulk, options, jobs):
    job = bulk.submit_insert("Account", ROWS, **options)
    assert len(job.job_ids) == jobs
    token = pickle.loads(pickle.dumps(job.token))
    result = org.connect().attach(token).result()
    assert result.job_ids == job.job_ids
    assert (result.rows, result.succeeded, result.failed) == (51, 50, 1)
    assert [row.number for row in result] == list(range(1, 52))
    assert sorted(row.record["Name"] for row in result) == sorted(row["Name"] for row in ROWS)
    (failed,) = result.failed
    assert (failed.record["Name"], failed.error.code) == ("", "REQUIRED_FIELD_MISSING")


def test_jobs_of_bulk_api_1_are_put_together_as_well(org, bulk):
    one, two = (bulk.submit_insert("Account", rows) for rows in (ROWS[:10], ROWS[10:]))
    result = org.connect().attach(f"{one.token}.{two.token}").result()
    assert (result.rows, result.failed) == (51, 1)
    assert [row.record["Name"] for row in result] == [row["Name"] for row in ROWS]


def test_what_is_of_no_one_load_is_refused(bulk):
    insert = bulk.submit_insert("Account", [{"Name": "a"}])
    contacts = bulk.submit_insert("Contact", [{"LastName": "a"}])
    with pytest.raises(InvalidInput, match="insert Account, insert Contact"):
        bulk.attach(f"{insert.token}.{contacts.token}")
    two = bulk.submit_insert("Account", [{"Name": "a"}], api="2.0")
    with pytest.raises(InvalidJob, match=str(insert.token)):
        bulk.attach(f"{two.token}.{insert.token}")
    for wrong in ("", "no job", f"{insert.token}.", None):
        with pytest.raises(InvalidInput, match="no token of a load"):
            bulk.attach(wrong)


def test_a_load_of_no_rows_has_no_token(bulk):
    job = bulk.submit_insert("Account", [])
    assert (job.token, job.result().rows) == (None, 0)


def test_a_job_taken_up_says_no_number_of_rows_that_it_does_not_know(bulk):
    job = bulk.submit_insert("Account", ROWS, api="2.0")
    taken_up = bulk.attach(job.token)
    assert "rows not yet known" in repr(taken_up)
    assert "not yet known" in taken_up._repr_html_()
    taken_up.result()
    assert "51 rows" in repr(taken_up)
