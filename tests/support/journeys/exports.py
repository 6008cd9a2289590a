"""Exports through either API: every row once, each value with its type."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timezone
from functools import partial
from typing import Any

import pytest

from journeys.stage import OBJECT, PAGE_ROWS, Row, Stage, Step
from salesforce_bulk import BulkApiError

COUNT = 3 * PAGE_ROWS + 2
NAMES = (
    "Id, Mark__c, Text__c, Long__c, Amount__c, Rate__c, Whole__c, On__c, At__c, Daily__c, "
    "Done__c, Many__c, Parent__c, Parent__r.Name"
)
SOQL = f"SELECT {NAMES} FROM {OBJECT}"
EMPTY = f"SELECT {NAMES} FROM {OBJECT} WHERE Mark__c = 'nobody'"


def _values(number: int) -> Row:
    if number % 5 == 4:
        nothing = dict.fromkeys(["Text__c", "Long__c", "Amount__c", "Rate__c", "Whole__c"])
        nothing |= dict.fromkeys(["On__c", "At__c", "Daily__c", "Many__c"])
        return {"Mark__c": f"m{number:02}", **nothing, "Done__c": False}
    return {
        "Mark__c": f"m{number:02}",
        "Text__c": f'Zoë {number}, "{number}" 日本\U0001f600',
        "Long__c": f"line {number}\nand; another, \u2028\t'",
        "Amount__c": number * 1e6 + 0.25,
        "Rate__c": -number / 4,
        "Whole__c": number,
        "On__c": date(1999, 12, 1 + number % 28),
        "At__c": datetime(2024, 1, 1, number % 24, 59, 1, tzinfo=timezone.utc),
        "Daily__c": time(number % 24, 5, 6),
        "Done__c": number % 2 == 0,
        "Many__c": "a;c",
    }


def fill_typed(stage: Stage) -> list[Row]:
    """Rows with all that a typed export gives of them, in the order of their marks."""
    parent = stage.fill([{"Name": "Père & Söhne"}], "Account")[0]
    rows = [_values(number) for number in range(COUNT)]
    sent = [{name: _text(value) for name, value in row.items()} for row in rows]
    for row in sent[1::2]:
        row["Parent__c"] = parent
    ids = stage.fill(sent)
    return [
        {"Id": key}
        | row
        | {
            "Parent__c": parent if at % 2 else None,
            "Parent__r.Name": "Père & Söhne" if at % 2 else None,
        }
        for at, (key, row) in enumerate(zip(ids, rows, strict=True))
    ]


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    if isinstance(value, time):
        return f"{value.isoformat()}.000Z"
    return None if value is None else str(value)


def _in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row["Mark__c"])


def _same(found: list[Row], expected: list[Row]) -> None:
    assert len(found) == len(expected), f"{len(found)} of {len(expected)} rows"
    for one, other in zip(_in_order(found), expected, strict=True):
        assert one == other
        assert {name: type(value) for name, value in one.items()} == {
            name: type(value) for name, value in other.items()
        }


def gives_typed_rows(options: dict[str, Any], stage: Stage) -> None:
    """Numbers, booleans, dates, moments, times, texts and nulls, over several pages; pages that are
    fetched at the same time come in their order."""
    expected = fill_typed(stage)
    export = stage.bulk.submit_export(SOQL, **options).wait()
    assert export.rows_expected in (COUNT, None)
    rows = list(export)
    _same(rows, expected)
    assert [name.lower() for name in rows[0]] == [name.lower() for name in expected[0]]
    ordered = f"{SOQL} ORDER BY Mark__c"
    assert list(stage.bulk.export(ordered, parallel=3, **options)) == expected


def gives_chunks(options: dict[str, Any], stage: Stage) -> None:
    """Every row of a query that the org cuts into batches."""
    expected = fill_typed(stage)
    _same(list(stage.bulk.export(SOQL, **options)), expected)


def gives_raw_rows(options: dict[str, Any], stage: Stage) -> None:
    """The texts as they were sent: those of texts are the org's."""
    expected = fill_typed(stage)
    found = _in_order(list(stage.bulk.export(SOQL, raw=True, **options)))
    assert [row["Id"] for row in found] == [row["Id"] for row in expected]
    for name in ("Text__c", "Long__c", "Parent__r.Name"):
        assert [row[name] or None for row in found] == [row[name] for row in expected]


def gives_no_rows(options: dict[str, Any], stage: Stage) -> None:
    """A query without rows is no error and no row."""
    assert list(stage.bulk.export(EMPTY, **options)) == []


def writes_empty_files(options: dict[str, Any], stage: Stage) -> None:
    """A table and a file without rows have their columns."""
    bulk = stage.bulk
    table = bulk.export(EMPTY, **options).to_arrow()
    assert table.num_rows == 0
    assert table.column_names == NAMES.split(", ")
    target = stage.folder / "empty.csv"
    assert bulk.export(EMPTY, **options).to_csv(target) == 0
    (header,) = _cells(target.read_bytes())
    assert sorted(header) == sorted(NAMES.split(", "))


def writes_files(options: dict[str, Any], stage: Stage) -> None:
    """A CSV file, pieces of CSV and an Arrow table hold the same rows."""
    expected = fill_typed(stage)
    bulk = stage.bulk
    target = stage.folder / "rows.csv"
    assert bulk.export(SOQL, **options).to_csv(target) == COUNT
    header, *rows = _cells(target.read_bytes())
    assert sorted(header) == sorted(NAMES.split(", "))
    columns = {name: [row[header.index(name)] or None for row in rows] for name in header}
    order = sorted(range(COUNT), key=lambda at: str(columns["Mark__c"][at]))
    for name in ("Id", "Text__c", "Long__c", "Parent__r.Name"):
        assert [columns[name][at] for at in order] == [row[name] for row in expected], name
    assert sorted(_cells(b"".join(bulk.export(SOQL, **options).iter_csv()))) == sorted(
        [header, *rows]
    )
    table = bulk.export(SOQL, **options).to_arrow()
    _same(table.to_pylist(), expected)


def _cells(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def includes_deleted(options: dict[str, Any], stage: Stage) -> None:
    """Deleted rows come where they are asked for, and only there."""
    expected = fill_typed(stage)
    gone = expected[3]["Id"]
    stage.org.org.plan_write("delete", OBJECT, ["Id"]).write([[gone]])
    soql = f"SELECT Id, IsDeleted FROM {OBJECT}"
    bulk = stage.bulk
    everything = {
        row["Id"]: row["IsDeleted"] for row in bulk.export(soql, include_deleted=True, **options)
    }
    assert everything == {row["Id"]: row["Id"] == gone for row in expected}
    rest = [row["Id"] for row in bulk.export(soql, **options)]
    assert sorted(rest) == sorted(set(everything) - {gone})


def is_refused(options: dict[str, Any], stage: Stage) -> None:
    """A query that the org refuses is an error, never no rows."""
    fill_typed(stage)
    export = stage.bulk.export(f"SELECT Id FROM {OBJECT} WHERE Nothing__c = 'x'", **options)
    with pytest.raises(BulkApiError, match="Nothing__c"):
        list(export)


def aborts(options: dict[str, Any], stage: Stage) -> None:
    """An aborted query gives no rows, and no empty end."""
    fill_typed(stage)
    stage.org.engine.pause()
    export = stage.bulk.submit_export(SOQL, **options)
    export.abort()
    stage.org.engine.resume()
    with pytest.raises(BulkApiError, match=r"(?i)abort"):
        list(export)


_ALL = [
    gives_typed_rows,
    gives_raw_rows,
    gives_no_rows,
    writes_empty_files,
    writes_files,
    includes_deleted,
    is_refused,
    aborts,
]


def _steps(options: dict[str, Any], *steps: Any) -> list[Step]:
    return [partial(step, options) for step in steps]


EXPORT_1 = [
    *_steps({"api": "1.0"}, *_ALL),
    *_steps({"api": "1.0", "content_type": "JSON"}, gives_typed_rows, gives_no_rows),
    *_steps({"api": "1.0", "content_type": "XML"}, gives_typed_rows, gives_no_rows),
    *_steps({"api": "1.0", "pk_chunking": 9}, gives_chunks, gives_no_rows),
]
EXPORT_2 = _steps({"api": "2.0"}, *_ALL)
