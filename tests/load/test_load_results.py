"""What became of every row."""

import contextlib
import csv
import io
import os
import pickle
import re
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesforce_bulk import (
    InvalidInput,
    JobStillRunning,
    LoadFailed,
    ResultsExpired,
    StorageError,
)
from salesforce_bulk.client_access import access_of
from salesforce_bulk.load.batch_results import check_results, count_results, ids_of_success
from salesforce_bulk.load.outcomes import BatchRows, RestOutcome, RunOutcomes, split_results
from salesforce_bulk.load.results import STATUSES, LoadResult
from salesforce_bulk.models import RowError
from salesforce_bulk.storage.spool import Spool
from salesforce_bulk.wire.row_error import read_row_error, write_row_error

WHY = RowError("Failed", "why")
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
HARD = TEXT | st.sampled_from(['","true","true","', '"', '","', 'x","false","false","y', '\n"'])
RESULTS = st.lists(st.tuples(TEXT, st.booleans(), st.booleans(), HARD), max_size=20)


def body_of(results):
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", "Success", "Created", "Error"])
    writer.writerows((one, str(ok).lower(), str(new).lower(), err) for one, ok, new, err in results)
    return buffer.getvalue().encode()


@given(RESULTS)
def test_counting_bytes_counts_rows_whatever_stands_in_them(results):
    counts = count_results(body_of(results))
    succeeded = sum(ok for _, ok, _, _ in results)
    assert (counts["success"], counts["failed"]) == (succeeded, len(results) - succeeded)


@given(RESULTS, st.integers(0, 25))
def test_results_that_are_not_one_for_each_row_are_no_results(results, rows):
    """Trap: v1 result count differs from the batch's rows and the whole list is shifted."""
    checked = check_results(body_of(results), rows, rows, WHY)
    assert (checked is not None) == (len(results) == rows)


def test_results_of_a_failed_batch_are_those_of_its_first_rows():
    body = body_of([("1", True, True, ""), ("", False, False, "E:m:--")])
    counts = check_results(body, 5, 2, WHY).counts
    assert (counts["success"], counts["failed"], counts["unprocessed"]) == (1, 1, 3)
    assert check_results(body, 5, 3, WHY) is None
    blank = body + b'"","","",""\n'
    stored, counts, _ = check_results(blank, 3, 2, WHY)
    assert counts == {"success": 1, "failed": 1, "unprocessed": 1}
    assert b'"","unprocessed","","Failed:why:--"' in stored


ID = "[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?"
IDS = st.from_regex(ID, fullmatch=True)
ALIKE = st.lists(st.tuples(IDS, st.just(True), st.just(True), st.just("")), max_size=5)


@given(ALIKE, st.lists(st.tuples(IDS | TEXT, st.booleans(), st.booleans(), HARD), max_size=2))
def test_results_all_of_success_are_told_from_all_others(results, others):
    body = body_of([*results, *others])
    alike = all(
        ok and new and re.fullmatch(ID, one, re.ASCII) and not err for one, ok, new, err in others
    )
    ids = [one.encode() for one, *_ in (*results, *others)]
    assert list(ids_of_success(body, b"true")) == (ids if alike else [])


@given(ALIKE, st.data())
def test_results_told_as_all_of_success_are_just_these_bytes(results, data):
    body = bytearray(body_of(results))
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    ids = ids_of_success(bytes(body), b"true")
    assert not ids or body == body_of([(one.decode(), True, True, "") for one in ids])


@pytest.mark.parametrize("body", [b"", b"<html>", b'"Id"\n"x"\n', b'"Id","Success', b"\xff"])
def test_what_is_no_result_is_no_result(body):
    assert check_results(body, 1, 1, WHY) is None


@given(
    st.sampled_from(["A_CODE"]), TEXT, st.lists(st.sampled_from(["Name", "Ext__c"]), unique=True)
)
def test_an_error_text_is_read_back(code, message, fields):
    error = RowError(code, message, tuple(fields))
    assert read_row_error(write_row_error(error)) == error


# Against the org


def test_every_row_has_an_outcome_in_source_order(org, bulk):
    """Trap: which of my rows failed, and what Id did the others get."""
    rows = [{"LastName": f"n{n}" if n % 7 else None, "Title": "x"} for n in range(53)]
    result = bulk.insert("Contact", iter(rows), batch_size=10, parallel=3, on_error="report")
    found = list(result)
    assert [row.number for row in found] == list(range(1, 54))
    assert [row.status == "failed" for row in found] == [not n % 7 for n in range(53)]
    by_name = {name: key for key, name in org.org.query("SELECT Id, LastName FROM Contact")}
    for row in found:
        assert row.record["LastName"] == (rows[row.number - 1]["LastName"] or "")
        if row.status == "success":
            assert row.created
            assert row.error is None
            assert row.id == by_name[row.record["LastName"]]
        else:
            assert row.id is None
            assert row.error.code == "REQUIRED_FIELD_MISSING"
            assert row.error.fields == ("LastName",)
    assert [row.number for row in result.failed] == [n + 1 for n in range(0, 53, 7)]
    assert sum(int(getattr(result, name)) for name in ("succeeded", *STATUSES[1:])) == 53
    assert f"{result.failed}" == "8"


def test_a_list_gives_its_own_dicts_back(bulk):
    rows = [{"Name": "a", "Parent": {"Id": None}}, {"Name": "b"}]
    result = bulk.insert("Account", rows)
    assert [row.record for row in result] == rows


def test_a_failed_batch_is_told_apart_from_failed_rows(org, bulk):
    """Trap: a batch-level fault copied to all rows as if each had been judged."""
    org.faults.add("batch_failed", nth=2, code="InternalServerError", message="went away")
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(30)]
    result = bulk.insert("Account", rows, batch_size=10, on_error="report", parallel=1)
    assert (result.succeeded, result.unprocessed) == (20, 10)
    lost = list(result.unprocessed)
    assert [row.number for row in lost] == list(range(11, 21))
    assert lost[0].error == RowError("InternalServerError", "went away")


def test_a_batch_that_failed_on_its_way_keeps_what_it_wrote(org, bulk, stored):
    org.faults.add("batch_failed", after_rows=4)
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(10)]
    result = bulk.insert("Account", rows, on_error="report")
    assert [row.status for row in result] == ["success"] * 4 + ["unprocessed"] * 6
    assert stored("SELECT count() FROM Account") == [(4,)]


def test_load_failed_tells_the_five_commonest_reasons(bulk):
    """Trap: partial failures that stay green."""
    rows = [{"LastName": None, "Email": None}] * 3 + [{"LastName": "x", "Email": "no address"}] * 2
    with pytest.raises(LoadFailed) as caught:
        bulk.insert("Contact", [*rows, {"LastName": "fine", "Email": None}])
    text = str(caught.value)
    assert "5 of 6 rows did not succeed: 1 succeeded, 5 failed" in text
    assert "3 x REQUIRED_FIELD_MISSING: Required fields are missing: [LastName]" in text
    assert "2 x INVALID_EMAIL_ADDRESS" in text
    assert caught.value.result.failed == 5
    copied = pickle.loads(pickle.dumps(caught.value))
    assert str(copied) == text
    assert copied.result is None


def test_results_are_written_with_the_callers_columns(bulk, tmp_path):
    rows = io.StringIO("lastname;TITLE\nA;x\n;y\n")
    result = bulk.insert("Contact", rows, on_error="report")
    result.to_csv(tmp_path / "all.csv")
    result.failed.to_csv(tmp_path / "failed.csv")
    with (tmp_path / "all.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.reader(file))
    assert found[0] == ["lastname", "TITLE", "sf__Id", "sf__Created", "sf__Error", "sf__Row"]
    assert found[1][:2] == ["A", "x"]
    assert found[1][3:] == ["true", "", "1"]
    assert found[2][4].startswith("REQUIRED_FIELD_MISSING")
    with (tmp_path / "failed.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [found[0], found[2]]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.csv", "failed.csv"]


def test_a_notebook_gets_a_table_that_is_safe_to_show(bulk):
    result = bulk.insert("Contact", [{"LastName": None, "Title": "<b>"}], on_error="report")
    assert "REQUIRED_FIELD_MISSING" in result._repr_html_()
    assert "<b>insert Contact</b>" in result._repr_html_()
    assert "1 failed" in repr(result)


def test_a_wait_that_is_over_leaves_the_job_alone(org, bulk, clock):
    """Traps: a client's timeout taken for failure; the job aborted because the wait timed out."""
    org.engine.pause()
    with pytest.raises(JobStillRunning, match="left alone") as caught:
        bulk.insert("Account", [{"Name": "x", "Site": "y"}], timeout=60)
    handle = caught.value.handle
    assert bulk.job_state(handle.job_id) == "Closed"
    assert 55 < sum(clock.pauses) <= 60
    assert pickle.loads(pickle.dumps(caught.value)).job_id == handle.job_id
    org.engine.resume()
    assert handle.result().succeeded == 1


def test_submitted_rows_are_taken_up_by_another_client(org, bulk):
    handle = bulk.submit_insert("Account", [{"Name": f"a{n}", "Site": "s"} for n in range(25)])
    other = org.connect().attach(handle.job_id)
    result = other.result()
    assert [row.record for row in result][24] == {"Name": "a24", "Site": "s"}
    assert [row.id for row in result] == [row.id for row in handle.result()]


def test_expired_results_are_no_failure_and_no_empty_result(org, bulk):
    """Trap: results expire after seven days."""
    handle = bulk.submit_insert("Account", [{"Name": "x", "Site": "y"}])
    org.faults.add("results_expired", times=0)
    with pytest.raises(ResultsExpired, match="seven days"):
        handle.result()


def shortened(bulk, monkeypatch, times):
    """Results whose end is missing, as a body cut without any sign of it would be."""
    whole = access_of(bulk).org.v1.result_body
    left = [times]

    def cut(job_id, batch_id):
        left[0] -= 1
        body = whole(job_id, batch_id)
        return body if left[0] < 0 else body[: body.rindex(b'"true"')].rpartition(b"\n")[0]

    monkeypatch.setattr(access_of(bulk).org.v1, "result_body", cut)


def test_a_cut_result_is_fetched_again(bulk, monkeypatch):
    """Trap: a body cut in the middle that parses as far as it goes."""
    shortened(bulk, monkeypatch, 2)
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(50)]
    assert bulk.insert("Account", rows).succeeded == 50


def test_results_that_never_add_up_are_unknown(bulk, monkeypatch):
    """Rows that never came back are no failures and no successes."""
    shortened(bulk, monkeypatch, 99)
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(50)]
    with pytest.raises(LoadFailed, match="50 unknown") as caught:
        bulk.insert("Account", rows)
    assert {row.status for row in caught.value.result} == {"unknown"}


@pytest.mark.parametrize("kind", ["cut", "cut_sized", "cut_unsized", "reset_during"])
def test_a_download_that_breaks_is_fetched_again(org, bulk, kind):
    org.faults.add(kind, method="GET", path="*/result", after_bytes=80)
    rows = [{"Name": f"a{n}", "Site": "s"} for n in range(50)]
    assert bulk.insert("Account", rows).succeeded == 50


@given(RESULTS)
def test_results_read_by_splitting_are_those_read_by_their_quotes(results):
    """The fast way agrees with the csv module, or says that it does not know."""
    lines = body_of(results).decode().split("\n", 1)[1]
    columns = split_results(lines)
    if any('"' in cell for one in results for cell in (one[0], one[3])):
        assert columns is None
        return
    successes, ids, created, errors = columns
    assert list(zip(ids, successes, created, errors, strict=True)) == [
        (one, str(ok).lower(), str(new).lower(), error) for one, ok, new, error in results
    ]


TROUBLE = st.text('",\n\\a', max_size=4)


@settings(max_examples=1_000)
@given(st.lists(st.tuples(TROUBLE, st.booleans(), st.booleans(), TROUBLE), max_size=4))
def test_no_cell_is_taken_for_a_separator(results):
    columns = split_results(body_of(results).decode().split("\n", 1)[1])
    if columns is not None:
        assert list(zip(columns[1], columns[3], strict=True)) == [(a, d) for a, _, _, d in results]


@pytest.mark.parametrize("error", ["E:plain:--", 'E:with "quotes":--', "E:" + "x" * 40_000 + ":--"])
def test_results_are_read_piece_by_piece(error):
    """Results longer than what is read at once, with quotes and with cells longer than that."""
    rows = [(f"id{n}", n % 3 > 0, True, "" if n % 3 else error) for n in range(1_000)]
    layer = RunOutcomes(("A",), Spool(), Spool())
    request = layer.requests.append(b"A\n" + b"".join(b"%d\n" % n for n in range(1_003)))
    stored = layer.results.append(body_of(rows))
    counts = {"success": 666, "failed": 334, "unprocessed": 3}
    layer.units.append(
        BatchRows(request, range(1, 1_004), stored, RestOutcome("unprocessed", WHY), counts)
    )
    found = list(layer.outcomes())
    assert [one.number for one in found] == list(range(1, 1_004))
    assert [one.cells for one in found] == [[str(n)] for n in range(1_003)]
    assert [(one.id, one.error) for one in found[:1_000]] == [
        (key, text) for key, _, _, text in rows
    ]
    assert {(one.success, one.error) for one in found[1_000:]} == {("unprocessed", "Failed:why:--")}
    bare = layer.outcomes(cells=False)
    assert [(one.number, one.success) for one in bare] == [
        (one.number, one.success) for one in found
    ]


def test_reasons_count_each_row_once():
    """Rows without a result of their own share one text, however many they are."""
    layer = RunOutcomes(("A",), Spool(), Spool())
    stored = layer.results.append(body_of([("", False, False, "E:m:--")] * 700))
    request = layer.requests.append(b"A\n" + b"x\n" * 1_203)
    counts = {"failed": 700, "unprocessed": 503}
    layer.units.append(
        BatchRows(request, range(1, 1_204), stored, RestOutcome("unprocessed", WHY), counts)
    )
    result = LoadResult("insert X", 1_203, layer, api="1.0", api_reason="", job_ids=[])
    assert result.reasons() == [("E: m", 700), ("Failed: why", 503)]
    assert [row.number for row in result.unprocessed] == list(range(701, 1_204))


def test_counts_are_compared_like_numbers(bulk):
    result = bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}])
    assert result.failed < 1 <= result.succeeded
    assert result.succeeded > result.failed
    assert not result.failed >= 1


def test_a_result_that_is_pickled_says_what_travels_instead(bulk):
    result = bulk.insert("Account", [{"Name": "a"}])
    with pytest.raises(TypeError, match=rf"to_csv.*{result.job_id}.*attach"):
        pickle.dumps(result)
    assert pickle.loads(pickle.dumps(list(result))) == list(result)


def test_what_is_no_open_text_file_is_refused_with_what_to_give(bulk):
    """Trap: a TypeError of the csv module, a ValueError, an UnsupportedOperation."""
    result = bulk.insert("Account", [{"Name": "a"}])
    with Path(os.devnull).open() as unwritable:
        for target in (io.BytesIO(), 1, b"rows.csv", None, unwritable):
            with pytest.raises(InvalidInput, match="a text file that is open for writing"):
                result.to_csv(target)


def test_an_open_file_that_cannot_hold_the_rows_says_so(bulk, tmp_path):
    result = bulk.insert("Account", [{"Name": "Ä"}])
    with (
        (tmp_path / "rows.csv").open("w", encoding="ascii") as file,
        pytest.raises(InvalidInput, match="encoding='utf-8'"),
    ):
        result.to_csv(file)


def test_an_open_file_on_a_full_disk_says_so(bulk):
    result = bulk.insert("Account", [{"Name": "a"}])
    # The buffer is written once more when the file is closed.
    with (
        contextlib.suppress(OSError),
        Path("/dev/full").open("w", buffering=1) as file,
        pytest.raises(StorageError, match="Make room"),
    ):
        result.to_csv(file)


@pytest.mark.parametrize("between", [", ", ",", ";", "; "])
def test_the_fields_of_an_error_are_told_apart(between: str) -> None:
    fields = ("Name", "Account.Ext__c", "Site")
    error = read_row_error(f"CODE:what: is, wrong; so:{between.join(fields)} --")
    assert error == RowError("CODE", "what: is, wrong; so", fields)


def test_results_of_more_rows_than_were_sent_are_not_all_read():
    """64 MB of them may come, and each takes a hundred times its bytes."""
    body = b"Id,Success,Created,Error\n" + b",,,\n" * 2_000_000
    tracemalloc.start()
    assert check_results(body, 5, 5, WHY) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(body)


ODD_LINES = {
    "no text": (b'"","false","false","X:\xff:--"\n', "X"),
    "a NUL": (b'"","false","false","X:\0:--"\n', "X"),
    "doubled quotes": (b'"","false","false","X:""a"":--"\n', "X"),
    "quotes that are not doubled": (b'"","false","false","X:"a" b:--"\n', "ResultsDoNotAddUp"),
    "quotes that do not close": (b'"","false","false","X:a"",:--"\n"\n', "ResultsDoNotAddUp"),
    "five cells": (b'"","false","false","X:a","b:--"\n', "ResultsDoNotAddUp"),
}


@pytest.mark.parametrize("verb", ["insert", "update"])
@pytest.mark.parametrize("kind", ODD_LINES)
def test_results_that_are_not_written_as_they_should_be_end_in_no_raw_error(
    org, bulk, monkeypatch, kind, verb
):
    """Trap: csv.Error, ValueError and UnicodeDecodeError in place of the rows' outcomes."""
    line, code = ODD_LINES[kind]
    first, second = (row.id for row in bulk.insert("Account", [{"Name": "a"}, {"Name": "b"}]))
    told = b'"Id","Success","Created","Error"\n"%b","true","true",""\n' % first.encode() + line
    monkeypatch.setattr(access_of(bulk).org.v1, "result_body", lambda *_: told)
    rows = [{"Id": first, "Name": "c"}, {"Id": second, "Name": "d"}]
    rows = rows if verb == "update" else [{"Name": "c"}, {"Name": "d"}]
    result = getattr(bulk, verb)("Account", rows, on_error="report")
    wanted = ["success", "failed"] if code == "X" else ["unknown"] * 2
    assert [row.status for row in result] == wanted
    assert {row.error.code for row in result if row.error} == {code}
