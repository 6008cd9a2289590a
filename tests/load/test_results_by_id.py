"""Results that name another row's Id are joined by it, or unknown; never believed by place."""

import csv
import io
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.client_access import org_of
from salesforce_bulk.load.outcomes import RESULT_HEADER
from salesforce_bulk.load.results_by_id import join_by_id


def body_of(results):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(results)
    return RESULT_HEADER + buffer.getvalue().encode()


def id_of(number):
    return f"0015g{number:010d}AAA"


@pytest.fixture
def accounts(bulk):
    rows = [{"Name": f"Row {number}"} for number in range(12)]
    return [row.id for row in bulk.insert("Account", rows)]


def reverse_results(monkeypatch, bulk, change=lambda lines: lines[::-1]):
    v1 = org_of(bulk).v1
    result_body = v1.result_body

    def out_of_order(job_id, batch_id):
        header, *lines = result_body(job_id, batch_id).splitlines(keepends=True)
        return header + b"".join(change(lines))

    monkeypatch.setattr(v1, "result_body", out_of_order)


@pytest.mark.parametrize("verb", ["update", "upsert", "delete"])
@pytest.mark.parametrize("attached", [False, True])
def test_each_row_gets_its_own_outcome(org, bulk, accounts, monkeypatch, verb, attached):
    rows = [{"Id": one} if verb == "delete" else {"Id": one, "Site": "s"} for one in accounts]
    org.faults.add("row_errors", rows=3)
    options = {"external_id": "Id"} if verb == "upsert" else {}
    reverse_results(monkeypatch, bulk)
    result = getattr(bulk, verb)("Account", rows, on_error="report", **options)
    if attached:
        result = bulk.attach(result.job_id).result()
    left = "IsDeleted = false" if verb == "delete" else "Site != 's'"
    wanted = {one for (one,) in org.org.query(f"SELECT Id FROM Account WHERE {left}")}
    by_id = {row.record["Id"]: row for row in result}
    assert {one for one, row in by_id.items() if row.status == "failed"} == wanted
    assert len(wanted) == 3
    assert all(row.id == one for one, row in by_id.items() if row.status == "success")


def test_a_result_of_a_stranger_leaves_its_row_unknown(bulk, accounts, monkeypatch):
    stranger = b'"0015g00000zzzzzAAA","true","false",""\n'
    reverse_results(monkeypatch, bulk, lambda lines: [stranger, *lines[1:]])
    rows = [{"Id": one, "Site": "s"} for one in accounts]
    result = bulk.update("Account", rows, on_error="report")
    assert (result.succeeded, result.unknown) == (11, 1)
    (row,) = result.unknown
    assert (row.number, row.error.code) == (1, "ResultsOutOfOrder")


OUTCOMES = st.lists(st.sampled_from(["true", "false", "false with Id"]), min_size=1, max_size=8)


@given(OUTCOMES, st.randoms(use_true_random=False), st.booleans())
def test_no_row_is_given_anothers_outcome(outcomes, chance, short):
    """In any order, and with results missing at the end, what is told of a row is true of it."""
    results = [
        [id_of(at) if outcome != "false" else "", outcome[:5].strip(), "false", f"C{at}:x:--"]
        for at, outcome in enumerate(outcomes)
    ]
    results = [[*one[:3], "" if one[1] == "true" else one[3]] for one in results]
    shuffled = chance.sample(results, len(results))[: len(results) - short]
    ids = [id_of(at)[:15] if at % 2 else id_of(at) for at in range(len(results))]
    joined = join_by_id(body_of(shuffled), ids, "job", "batch")
    if joined is None:
        return  # each Id that is named is at its place; those without cannot be told apart
    stored, counts = joined
    told = list(csv.reader(io.StringIO(stored.decode())))[1:]
    assert len(told) == len(results)
    assert counts.total() == len(results)
    for result, own in zip(told, results, strict=True):
        assert result == own or result[1] == "unknown"
    assert Counter(one[1] for one in told)["true"] == sum(one[1] == "true" for one in shuffled)


def test_results_in_order_are_kept_as_they_came():
    results = [[id_of(1), "true", "false", ""], ["", "false", "false", "X:y:--"]]
    assert join_by_id(body_of(results), [id_of(1), id_of(2)], "job", "batch") is None
