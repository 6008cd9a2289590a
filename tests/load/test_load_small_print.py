"""Options at their edges, results that come late, handles used by several threads."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType

import pytest

from salesforce_bulk import InvalidInput, ReconciliationError, TransportError
from salesforce_bulk.http.call import Caller
from salesforce_bulk.load import preparation

ROWS = [{"Name": f"Row {number}", "NumberOfEmployees": number} for number in range(40)]


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("times", [1, 2])
def test_results_that_are_not_there_yet_are_asked_for_again(org, bulk, clock, api, times):
    """The batch is complete, its results come a moment later."""
    path = "*/result" if api == "1.0" else "*Results"
    org.faults.add("results_not_ready", path=path, times=times)
    result = bulk.insert("Account", ROWS, api=api)
    assert (result.succeeded, result.unknown) == (40, 0)
    assert any(pause >= 1 for pause in clock.pauses)


def test_results_that_never_come_leave_the_rows_unknown(org, bulk):
    org.faults.add("results_not_ready", path="*/result", times=0)
    result = bulk.insert("Account", ROWS, on_error="report")
    assert result.unknown == 40


@pytest.mark.parametrize("size", [0, -1, 10_001])
def test_a_retry_with_a_batch_size_that_there_is_not_is_refused(org, bulk, size):
    """With batches of no rows it would never end."""
    org.faults.add("row_errors", rows=4)
    result = bulk.insert("Account", ROWS, on_error="report")
    with pytest.raises(InvalidInput, match="batch_size"):
        result.retry(batch_size=size)


def test_rows_of_a_2_0_job_are_as_many_as_memory_allows(bulk, monkeypatch):
    """Short rows: a million of them would fit into the bytes of a job."""
    monkeypatch.setattr(preparation, "JOB_RECORDS", 15)
    assert len(bulk.insert("Account", ROWS, api="2.0").job_ids) == 3
    assert len(bulk.insert("Account", ROWS, api="2.0", batch_size=40).job_ids) == 1


def test_an_error_while_sending_says_what_is_in_the_org_already(org, bulk):
    """Who loads all rows again after it has those twice."""
    org.faults.add("reset_before", method="POST", path="*/batch", nth=3, times=0)
    org.faults.add("reset_before", method="GET", path="*/batch", times=0)
    with pytest.raises(TransportError, match=r"3 of 4 batches .* attach\(job_id\)") as caught:
        bulk.insert("Account", ROWS, batch_size=10, parallel=1)
    org.faults.clear()
    assert bulk.attach(caught.value.job_id).result().succeeded == 20


def test_an_error_before_anything_was_sent_says_nothing_of_it(org, bulk):
    org.faults.add("reset_before", method="POST", path="*/job", times=0)
    with pytest.raises(TransportError) as caught:
        bulk.insert("Account", ROWS)
    assert "attach" not in str(caught.value)


def test_a_handle_may_be_asked_by_several_threads(org, bulk, tmp_path):
    handle = bulk.submit_insert("Account", ROWS, batch_size=5, journal=tmp_path / "journal")
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: handle.result(), range(8)))
    assert len({id(one) for one in results}) == 1
    assert results[0].succeeded == 40


@pytest.mark.parametrize(
    "options", [{"batch_size": "5"}, {"batch_size": 2.5}, {"parallel": "2"}, {"parallel": 1.5}]
)
def test_numbers_are_whole(bulk, options):
    with pytest.raises(InvalidInput, match="whole number"):
        bulk.insert("Account", ROWS, **options)


def test_a_folder_is_no_journal(bulk, tmp_path):
    with pytest.raises(InvalidInput, match="no journal"):
        bulk.insert("Account", ROWS, journal=tmp_path)


def test_a_handle_says_how_another_process_gets_at_its_job(bulk):
    handle = bulk.submit_insert("Account", ROWS)
    with pytest.raises(TypeError, match=handle.job_id):
        pickle.dumps(handle)


def test_a_journal_that_was_removed_keeps_nobody_from_a_retry(org, bulk, tmp_path):
    org.faults.add("row_errors", rows=4)
    result = bulk.insert("Account", ROWS, journal=tmp_path / "journal", on_error="report")
    (tmp_path / "journal").unlink()
    assert result.retry().succeeded == 40
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize(("wanted", "packed"), [(None, False), (True, True), (False, False)])
def test_uploads_of_2_0_are_compressed_only_where_that_is_asked_for(wanted, packed):
    """The guide documents compressed uploads of 1.0, and for 2.0 compressed answers only."""
    caller = Caller(
        transport=None,
        base=str,
        headers=lambda values, content_type: {},
        check=lambda response: None,
        sessions=None,
        gzip_requests=wanted,
    )
    url = "https://acme.my.salesforce.com/services/data/v64.0/jobs/ingest/750/batches"
    assert caller._may_gain_from_gzip(url, b"Name\n" * 1_000, "text/csv") is packed


@pytest.mark.parametrize("api", ["1.0", "2.0"])
@pytest.mark.parametrize("which", ["state", "results"])
def test_a_connection_that_is_gone_for_minutes_ends_no_wait(org, bulk, clock, api, which):
    """The rows are in the org, and the waiting may go on for hours."""
    paths = {
        ("1.0", "state"): "*/batch",
        ("1.0", "results"): "*/result",
        ("2.0", "state"): "*/jobs/ingest/???????????????AAA",
        ("2.0", "results"): "*/failedResults",
    }
    handle = bulk.submit_insert("Account", ROWS, api=api)
    began = clock.monotonic()
    org.faults.add("reset_before", method="GET", path=paths[api, which], times=20)
    assert handle.result().succeeded == 40
    assert clock.monotonic() - began > 60
    assert len(org.faults.fired) == 20


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_list_that_is_used_again_changes_no_result(bulk, api):
    """The results list what was sent, whatever the caller's list holds by then."""
    buffer, jobs, sent = [], [], []
    for start in (0, 10, 20):
        buffer.clear()
        buffer.extend({"Name": f"Row {start + number}"} for number in range(10 - start // 10))
        sent.append([row["Name"] for row in buffer])
        jobs.append(bulk.submit_insert("Account", buffer, api=api))
    assert [[row.record["Name"] for row in job.result()] for job in jobs] == sent
    rows = [{"Name": f"Row {number}"} for number in range(10)]
    result = bulk.insert("Account", rows, api=api)
    del rows[4:]
    assert [row.record["Name"] for row in result] == [f"Row {number}" for number in range(10)]
    assert len(list(result.succeeded)) == 10


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_parents_and_picklists_that_are_used_again_change_no_result(bulk, api):
    """Trap: the record of a result had the parent, and the picklist's values, of later rows."""
    (parent,) = [row.id for row in bulk.insert("Account", [{"Name": "Parent"}])]
    nested, values = {"Id": parent}, ["a", "b"]
    row = {"Text__c": values, "Parent__r": nested}
    handle = bulk.submit_insert("Load__c", [row], api=api)
    values.append("c")
    nested["Id"] = row["Text__c"] = "changed"
    assert [one.record for one in handle.result()] == [
        {"Text__c": ["a", "b"], "Parent__r": {"Id": parent}}
    ]


@pytest.mark.parametrize("api", ["1.0", "2.0"])
def test_a_list_that_grows_while_it_is_read_is_loaded_as_it_was(bulk, api):
    """Trap: the row that a callback added was sent, and had no record in the result."""
    rows = [{"Name": f"Row {number}"} for number in range(1_500)]
    grown = bulk.insert("Account", rows, api=api, progress=lambda event: rows.append({"Name": "x"}))
    assert len(rows) > 1_501
    assert len(list(grown)) == grown.rows == grown.succeeded <= 1_501


@pytest.mark.parametrize(
    "options",
    [{"nulls": None}, {"nulls": [("Name", "clear")]}, {"columns": {"Name": 5}}, {"columns": "Name"},
     {"constants": "x"}, {"constants": {5: "a"}}, {"group_by": 5}, {"delimiter": 5},
     {"assignment_rule_id": 5}, {"parallel": None}],
)  # fmt: skip
def test_an_option_of_another_type_is_refused_by_its_name(bulk, options):
    """Trap: an AttributeError, a TypeError."""
    (name,) = options
    with pytest.raises(InvalidInput, match=f"^{name}"):
        bulk.insert("Account", [{"Name": "a"}], **options)


@pytest.mark.parametrize(("name", "key"), [(None, "Ext__c"), (5, "Ext__c"), ("Load__c", ["Id"])])
def test_names_are_texts(bulk, name, key):
    """Trap: an AttributeError."""
    with pytest.raises(InvalidInput, match="is a text, not"):
        bulk.upsert(name, [{"Ext__c": "a"}], key)


def test_any_mapping_is_one_for_an_option_of_a_run_with_a_journal(bulk, tmp_path):
    """Trap: "cannot pickle 'mappingproxy' object"."""
    options = {
        "nulls": MappingProxyType({"Site": "clear"}),
        "columns": MappingProxyType({"name": "Name"}),
    }
    rows = [{"name": "a", "Site": None}]
    assert bulk.insert("Account", rows, journal=tmp_path / "journal", **options).succeeded == 1
    assert bulk.resume(tmp_path / "journal", rows).succeeded == 1


@pytest.mark.parametrize("scattered", [False, True])
def test_records_that_do_not_come_out_even_with_their_outcomes_are_an_error(bulk, scattered):
    """Trap: a list that got shorter, zipped to its end: 4 of 12 rows, and nothing said."""
    rows = [{"LastName": None if number % 4 == 3 else "x", "Title": "t"} for number in range(12)]
    result = bulk.insert("Contact", rows, on_error="report")
    assert (result.succeeded, result.failed) == (9, 3)
    result._records = result._records[:4]
    view = result.failed if scattered else result
    with pytest.raises(ReconciliationError, match="rows have an outcome") as caught:
        list(view)
    assert (caught.value.got, caught.value.expected) == ((1, 3) if scattered else (4, 12))
    assert caught.value.job_id == result.job_id
