"""What a load writes, and under which names."""

import pytest

from salesforce_bulk import CLEAR, FeatureNotEnabled, InvalidInput, JobFailed
from salesforce_bulk.client_access import access_of


def test_column_names_are_written_in_the_orgs_letter_case(org, bulk, stored):
    """Trap: a header whose case differs from the API's name."""
    rows = [{"text__C": "x", "EXT__c": "1", "parent__R.id": None}]
    result = bulk.upsert("load__c", rows, "eXT__c")
    sent = bulk.get_query_batch_request(bulk.get_batch_list(result.job_id)[0]["id"], result.job_id)
    assert sent.splitlines()[0] == "Text__c,Ext__c,Parent__r.Id"
    assert bulk.job_status(result.job_id)["externalIdFieldName"] == "Ext__c"
    assert result.columns == ("text__C", "EXT__c", "parent__R.id")
    assert stored("SELECT Text__c FROM Load__c") == [("x",)]


def test_keep_last_sends_the_last_and_reports_the_others(bulk, stored):
    rows = [{"Ext__c": key, "Text__c": str(n)} for n, key in enumerate("abcabda")]
    result = bulk.upsert("Load__c", rows, "Ext__c", duplicates="keep_last", on_error="report",
                         batch_size=2)  # fmt: skip
    assert sorted(stored("SELECT Ext__c, Text__c FROM Load__c")) == [
        ("a", "6"), ("b", "4"), ("c", "2"), ("d", "5")]  # fmt: skip
    statuses = ["unprocessed", "unprocessed", "success", "unprocessed"] + ["success"] * 3
    assert [row.status for row in result] == statuses
    assert {row.error.code for row in result.unprocessed} == {"SUPERSEDED"}
    assert result.retry() is result


def test_hard_delete_is_asked_for_by_name_and_verified(org, bulk, stored, monkeypatch):
    """Trap: hardDelete that runs as delete."""
    ids = [row.id for row in bulk.insert("Account", [{"Name": f"a{n}"} for n in range(3)])]
    with pytest.raises(FeatureNotEnabled):
        bulk.hard_delete("Account", ids)
    org.org.users[org.username].permissions.add("BulkApiHardDelete")
    bulk.delete("Account", ids[:1])
    result = bulk.hard_delete("Account", [{"id": one} for one in ids[1:]])
    assert bulk.job_status(result.job_id)["operation"] == "hardDelete"
    gone = org.org.query("SELECT Id FROM Account", include_deleted=True)
    assert [row[0] for row in gone] == ids[:1]
    create = access_of(bulk).org.v1.create_job
    monkeypatch.setattr(access_of(bulk).org.v1, "create_job", lambda document, headers: create(
        document.replace(b"hardDelete", b"delete"), headers))  # fmt: skip
    with pytest.raises(JobFailed, match=r"made job .* for delete") as caught:
        bulk.hard_delete("Account", ids[:1])
    assert bulk.job_state(caught.value.job_id) == "Aborted"


def test_an_empty_input_makes_no_job(org, bulk, tmp_path):
    """Trap: an empty partition creates an empty batch and the job fails."""
    (tmp_path / "header.csv").write_text("Name,Site\n", "utf-8")
    for records in ([], iter(()), tmp_path / "header.csv"):
        result = bulk.insert("Account", records)
        assert (result.rows, result.job_ids, list(result)) == (0, (), [])
        result.to_csv(tmp_path / "out.csv")
    assert not [one for one in org.requests if one.path.endswith("/job")]


def test_nulls_of_an_unknown_column_are_refused_as_the_caller_spelled_it(bulk):
    with pytest.raises(InvalidInput, match=r"nulls= names 'Txet__c'.* there are Text__c\."):
        bulk.insert("Load__c", [{"Text__c": "t"}], nulls={"Txet__c": "clear"})


def test_nulls_leave_fields_or_empty_them_as_the_policy_says(bulk, stored):
    """Trap: None that does not clear the field, or a blank that does by mistake."""
    kept = {"Text__c": "t", "Long__c": "l", "Count__c": 1}
    key = next(iter(bulk.insert("Load__c", [kept]))).id

    def update(options, **values):
        bulk.update("Load__c", [{"Id": key, **values}], **options)
        return stored("SELECT Text__c, Long__c, Count__c FROM Load__c")[0]

    assert update({}, Text__c=None, Long__c="", Count__c=float("nan")) == ("t", "l", 1)
    assert update({"nulls": {"text__c": "clear"}}, Text__c=None, Long__c=None) == (None, "l", 1)
    assert update({}, Long__c=CLEAR) == (None, None, 1)
    assert update({"nulls": "clear"}, Count__c=None) == (None, None, None)


def test_a_row_without_a_column_leaves_it_alone_even_where_nulls_clear(bulk, stored):
    """Trap: '' and None and missing taken for one."""
    rows = [{"Text__c": "a", "Long__c": "1"}, {"Text__c": "b", "Long__c": "2"}]
    ids = [row.id for row in bulk.insert("Load__c", rows)]
    bulk.update("Load__c", [{"Id": ids[0], "Text__c": None}, {"Id": ids[1], "Long__c": ""}],
                nulls="clear")  # fmt: skip
    assert stored("SELECT Text__c, Long__c FROM Load__c ORDER BY Id") == [(None, "1"), ("b", None)]
