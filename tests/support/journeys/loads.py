"""Loads through either API: each row's outcome is what became of it in the org."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from functools import partial
from typing import Any

from journeys.stage import OBJECT, Row, Stage, Step, stored
from salesforce_bulk import InvalidJobState
from salesforce_bulk.formats import json, xml

TOO_LONG = "x" * 300
ZONE = timezone(timedelta(hours=2))


def full_row(number: int, **more: Any) -> Row:
    """A row with a value of each type; the texts need a real CSV reader on both sides."""
    return {
        "Mark__c": f"m{number}",
        "Text__c": f'Zoë {number}, "{number}" 日本\U0001f600',
        "Long__c": f"line {number}\nand; another, \u2028\t'",
        "Amount__c": number * 1e5 + 0.25,
        "Rate__c": number / 4,
        "Whole__c": number,
        "On__c": date(2024, 2, 1 + number % 28),
        "At__c": datetime(2024, 1, 1, number % 24, 59, 1, tzinfo=ZONE),
        "Daily__c": time(number % 24, 5, 6),
        "Done__c": number % 2 == 0,
        "Many__c": "a;c",
        **more,
    }


def inserts(api: str, stage: Stage) -> None:
    """Several bodies, rows that fail first, last and between, nulls, and a key that is there."""
    stage.fill([{"Mark__c": "old", "Ext__c": "taken"}])
    before = stage.held()
    rows = [full_row(number) for number in range(20)]
    for at in (0, 9, 13, 19):
        rows[at]["Text__c"] = TOO_LONG
    rows[4] = {**dict.fromkeys(rows[4]), "Mark__c": "m4", "Done__c": False}
    rows[11]["Text__c"] = None
    result = stage.bulk.insert(OBJECT, rows, api=api, batch_size=8, on_error="report", parallel=1)
    stage.settle(result, rows, "fssssssssfsssfsssssf", before)
    keyed = [{"Mark__c": f"k{n}", "Ext__c": key} for n, key in enumerate(["new", "taken", "n2"])]
    before = stage.held()
    result = stage.bulk.insert(OBJECT, keyed, api=api, on_error="report")
    stage.settle(result, keyed, "sfs", before)


def inserts_equal_rows(api: str, stage: Stage) -> None:
    """Rows that are alike have a record each; those that fail alike have none."""
    rows = [{"Name": "same", "NumberOfEmployees": 7}] * 5 + [{"Name": None, "Site": "s"}] * 3
    result = stage.bulk.insert("Account", rows, api=api, on_error="report")
    ids = [row.id for row in result.succeeded]
    assert sorted(ids) == sorted(stage.held("Account"))
    assert [row.status for row in result] == ["success"] * 5 + ["failed"] * 3, list(result)


def upserts(api: str, stage: Stage) -> None:
    """What is known by its key is updated, what is not is made."""
    keys = [f"Key {number}" for number in range(12)]
    stage.fill([{"Mark__c": f"o{n}", "Ext__c": key} for n, key in enumerate(keys[:6])])
    before = stage.held()
    rows = [full_row(n, Ext__c=key) for n, key in enumerate(keys)]
    rows[2]["Text__c"] = rows[8]["Text__c"] = TOO_LONG
    result = stage.bulk.upsert(
        OBJECT, rows, "Ext__c", api=api, batch_size=5, on_error="report", parallel=1
    )
    stage.settle(result, rows, "ssfsssssfsss", before)
    created = [row.created for row in result]
    assert created == [n >= 6 and n != 8 for n in range(12)]
    by_key = {row["Ext__c"]: row["Id"] for row in stage.held().values()}
    for outcome, key in zip(result, keys, strict=True):
        assert outcome.id in (None, by_key.get(key))


def upserts_by_other_spellings(api: str, stage: Stage) -> None:
    """A key in other letters or with blanks is a record's or is not; what is told is what was
    done."""
    stage.fill([{"Mark__c": f"o{n}", "Ext__c": f"key{n}"} for n in range(3)])
    before = stage.held()
    keys = ["KEY0", " key1 ", "key2", "New", None]
    rows = [{"Mark__c": f"m{n}", "Ext__c": key} for n, key in enumerate(keys)]
    result = stage.bulk.upsert(OBJECT, rows, "Ext__c", api=api, on_error="report")
    for row in rows:
        row["Ext__c"] = row["Ext__c"] and row["Ext__c"].strip()
    after = stage.held()
    marks = {row["Mark__c"]: key for key, row in after.items()}
    for outcome, row in zip(result, rows, strict=True):
        if outcome.status == "success":
            assert marks.get(row["Mark__c"]) == outcome.id, (outcome, row)
            assert outcome.created == (outcome.id not in before), outcome
        elif outcome.status == "unknown":
            stage.remarks.append(f"unknown: {outcome.error and outcome.error.code}")
        else:
            assert row["Mark__c"] not in marks, (outcome, row)
    assert list(result)[-1].status == "failed", "a row without a key succeeded"
    stage.has_no_row_twice()


def updates(api: str, stage: Stage) -> None:
    """Values are replaced and cleared; a record that is gone fails alone."""
    filled = [
        {"Mark__c": f"o{n}", "Text__c": f"old {n}", "Amount__c": 1, "On__c": "2020-01-01"}
        for n in range(9)
    ]
    ids = stage.fill(filled)
    gone = stage.org.org.plan_write("delete", OBJECT, ["Id"]).write([[ids[5]]])
    assert gone[0].success
    before = stage.held()
    rows = [{"Id": key, "Text__c": f"né {n}", "Amount__c": None} for n, key in enumerate(ids)]
    rows[7]["Text__c"] = TOO_LONG
    result = stage.bulk.update(
        OBJECT, rows, api=api, nulls="clear", batch_size=4, on_error="report"
    )
    after = stage.held()
    assert [row.status[0] for row in result] == list("sssssfsfs"), list(result)
    for n, (outcome, row) in enumerate(zip(result, rows, strict=True)):
        if outcome.status == "success":
            assert outcome.id == row["Id"]
            assert not outcome.created
            changed = {"Text__c": f"né {n}", "Amount__c": None}
            assert after[row["Id"]] == {**before[row["Id"]], **changed}
        else:
            assert after.get(row["Id"]) == before.get(row["Id"])


def deletes(api: str, stage: Stage) -> None:
    """What was deleted is gone, the rest stays; what was gone before fails."""
    ids = stage.fill([{"Mark__c": f"o{n}"} for n in range(8)])
    assert stage.org.org.plan_write("delete", OBJECT, ["Id"]).write([[ids[2]]])[0].success
    result = stage.bulk.delete(OBJECT, ids[:6], api=api, batch_size=4, on_error="report")
    assert [row.status[0] for row in result] == list("ssfsss"), list(result)
    assert [row.id or ids[2] for row in result] == ids[:6]
    assert set(stage.held()) == set(ids[6:])


def leaves_unprocessed(api: str, stage: Stage) -> None:
    """A body that fails half-way: what was done is told, the rest is not taken for done."""
    rows = [full_row(number) for number in range(14)]
    rows[1]["Text__c"] = TOO_LONG
    stage.org.faults.add("batch_failed", nth=2, after_rows=3)
    result = stage.bulk.insert(OBJECT, rows, api=api, batch_size=7, on_error="report", parallel=1)
    expected = "sfsssss" + ("sssuuuu" if api == "2.0" else "???????")
    stage.settle(result, rows, expected)


def fails_as_a_whole(api: str, stage: Stage) -> None:
    """A body of which nothing was processed."""
    rows = [full_row(number) for number in range(9)]
    stage.org.faults.add("batch_failed", nth=2, after_rows=0)
    result = stage.bulk.insert(OBJECT, rows, api=api, batch_size=3, on_error="report", parallel=1)
    stage.settle(result, rows, "sssuuusss")


def is_aborted(api: str, stage: Stage) -> None:
    """A load that is aborted before the org came to it; or the org refuses that, and goes on."""
    rows = [full_row(number) for number in range(6)]
    stage.org.engine.pause()
    handle = stage.bulk.submit_insert(OBJECT, rows, api=api, batch_size=3)
    expected = "uuuuuu"
    try:
        handle.abort()
    except InvalidJobState:
        expected = "ssssss"
    stage.org.engine.resume()
    stage.settle(handle.result(), rows, expected)


def tries_again(api: str, stage: Stage) -> None:
    """Rows that failed by a passing error are sent once more, the others are not."""
    rows = [full_row(number) for number in range(10)]
    rows[3]["Text__c"] = TOO_LONG
    stage.org.faults.add("row_errors", rows=2)
    result = stage.bulk.insert(OBJECT, rows, api=api, on_error="report").retry()
    stage.settle(result, rows, "sssfssssss")


def loads_documents(content_type: str, stage: Stage) -> None:
    """The classic methods with rows in JSON and XML."""
    stage.fill([{"Mark__c": "old", "Ext__c": "taken"}])
    rows: list[Row] = [
        {"Mark__c": "d0", "Text__c": 'Zoë <&> "日本"', "Amount__c": 12.5, "Done__c": True},
        {"Mark__c": "d1", "Text__c": TOO_LONG},
        {"Mark__c": "d2", "Ext__c": "new", "On__c": "2024-02-29", "At__c": "2024-01-01T10:00:00Z"},
        {"Mark__c": "d3", "Ext__c": "taken"},
        {"Mark__c": "d4", "Text__c": None, "Long__c": "two\nlines"},
    ]
    bulk = stage.bulk
    job = bulk.create_insert_job(OBJECT, contentType=content_type)
    body = (json if content_type == "JSON" else xml).encode_records(rows)
    batch = bulk.post_batch(job, body)
    bulk.close_job(job)
    assert bulk.wait_for_batch(job, batch, timeout=30, sleep_interval=1)
    results = bulk.get_batch_results(batch)
    by_mark = {row["Mark__c"]: row for row in stage.held().values()}
    assert len(results) == len(rows)
    for result, row, good in zip(results, rows, [True, False, True, False, True], strict=True):
        assert (result.success, result.created) == (good, good), (result, row)
        assert (result.id or None) == (by_mark[row["Mark__c"]]["Id"] if good else None)
        assert good or result.error[0]["statusCode"]
        if good:
            record = by_mark[row["Mark__c"]]
            assert stored(record["Text__c"]) == stored(row.get("Text__c"))
            assert stored(record["Long__c"]) == stored(row.get("Long__c"))
    assert set(by_mark) == {"old", "d0", "d2", "d4"}


def _steps(api: str) -> list[Step]:
    each = [
        inserts,
        inserts_equal_rows,
        upserts,
        upserts_by_other_spellings,
        updates,
        deletes,
        leaves_unprocessed,
        fails_as_a_whole,
        is_aborted,
        tries_again,
    ]
    return [partial(step, api) for step in each]


LOAD_1 = [*_steps("1.0"), partial(loads_documents, "JSON"), partial(loads_documents, "XML")]
LOAD_2 = _steps("2.0")
