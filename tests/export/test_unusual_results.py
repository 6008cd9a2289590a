"""Results that are empty, huge, wide, damaged or written otherwise, in every reading."""

import gc
import itertools
import json
import pickle
import threading
from pathlib import Path

import pytest
from canned_org import CannedOrg, page

from salesforce_bulk import BulkApiError, SalesforceBulk

SOQL = "SELECT Id, Text__c, Long__c, Count__c, Done__c, On__c, At__c FROM Row__c"
WAYS = [
    {"api": "2.0"},
    {"api": "2.0", "parallel": 3},
    {"api": "1.0"},
    {"api": "1.0", "parallel": 3},
    {"api": "1.0", "pk_chunking": 100},
    {"api": "1.0", "content_type": "JSON"},
    {"api": "1.0", "content_type": "XML"},
]
every_way = pytest.mark.parametrize("way", WAYS, ids=str)


def of_duckdb(export):
    import duckdb  # noqa: PLC0415

    return duckdb.sql("select * from export").fetchall()


def of_csv(export, tmp_path):
    rows = export.to_csv(tmp_path / "x.csv")
    return [None] * rows


def of_parquet(export, tmp_path):
    from pyarrow import parquet  # noqa: PLC0415

    export.to_parquet(tmp_path / "x.parquet")
    return parquet.read_table(tmp_path / "x.parquet").to_pylist()


READINGS = {
    "rows": lambda export, _: list(export),
    "arrow": lambda export, _: export.to_arrow().to_pylist(),
    "pandas": lambda export, _: export.to_pandas().to_dict("records"),
    "polars": lambda export, _: export.to_polars().to_dicts(),
    "duckdb": lambda export, _: of_duckdb(export),
    "csv": of_csv,
    "parquet": of_parquet,
    "parts": lambda export, _: [
        row for part in pickle.loads(pickle.dumps(export.parts())) for row in part
    ],
    "arrow of parts": lambda export, _: [
        row for part in export.parts() for row in part.to_arrow().to_pylist()
    ],
}
LIBRARIES = {"rows": "json", "csv": "json", "parts": "json"} | {
    name: name for name in ("pandas", "polars", "duckdb")
}
every_reading = pytest.mark.parametrize("reading", READINGS)


def read_by(reading, export, tmp_path):
    pytest.importorskip("pyarrow")
    pytest.importorskip(LIBRARIES.get(reading, "pyarrow"))
    return READINGS[reading](export, tmp_path)


@every_way
@every_reading
def test_no_rows_in_every_reading(bulk, tmp_path, way, reading):
    """An empty result is an empty result, with its columns, wherever it goes."""
    export = bulk.export(SOQL, **way)
    assert read_by(reading, export, tmp_path) == []
    assert len(export.schema.names) == 7


@pytest.mark.parametrize("way", [WAYS[0], WAYS[5], WAYS[6]], ids=str)
@pytest.mark.parametrize("reading", ["rows", "arrow", "csv"])
def test_a_value_of_ten_megabytes(org, bulk, fill, tmp_path, way, reading):
    """A value much longer than a piece, with quotes and line ends, between two short ones."""
    fill([{"Count__c": n, "Text__c": "x"} for n in range(3)])
    value = 'é,"\r\n' * 1_700_000
    with org.org.store.writing() as connection:
        connection.execute("UPDATE Row__c SET Long__c = ? WHERE Count__c = 1", (value,))
    rows = read_by(reading, bulk.export(SOQL, **way), tmp_path)
    assert len(rows) == 3
    if reading == "csv":
        text = (tmp_path / "x.csv").read_bytes().decode("utf-8")
        assert value.replace('"', '""') in text
    else:
        assert any(value in (row.values() if isinstance(row, dict) else row) for row in rows)


@every_way
def test_hundreds_of_columns(org, bulk, fill, tmp_path, way):
    """Wide rows keep their columns in order."""
    pytest.importorskip("pyarrow")
    fields = {f"C{n}__c": "text" for n in range(400)}
    org.define_object("Wide__c", fields)
    fill([{name: f"{row} {name}" for name in fields} for row in range(30)], "Wide__c")
    export = bulk.export("Wide__c", fields=list(fields), **way)
    found = sorted(tuple(row.values()) for row in export)
    assert found == sorted(tuple(f"{row} {name}" for name in fields) for row in range(30))
    assert export.to_csv(tmp_path / "x.csv") == export.to_arrow().num_rows == 30


@pytest.mark.parametrize("sized", [True, False], ids=["sized", "unsized"])
def test_pages_with_carriage_returns_and_marks(clock, tmp_path, sized):
    """Byte order marks and CRLF line ends, which 2.0 sends when it is asked to, are no values."""
    pytest.importorskip("pyarrow")
    pages, expected = {}, []
    for at, following in ((None, "A"), ("A", "null")):
        rows = [(f"1{at}", "a\nb"), (f"2{at}", "")]
        expected += [{"Id": rows[0][0], "Name": "a\nb"}, {"Id": rows[1][0], "Name": None}]
        body, headers = page(rows, following)
        body = b"\xef\xbb\xbf" + body.replace(b'"\n', b'"\r\n')
        pages[at] = (body, headers)
    with CannedOrg(pages, 4, sized=sized) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("SELECT Id, Name FROM Thing")
        assert list(export) == export.to_arrow().to_pylist() == expected
        assert export.to_csv(tmp_path / "x.csv") == 4
        text = (tmp_path / "x.csv").read_bytes()
        records = [f'"1{at}","a\nb"\r\n"2{at}",""\r\n' for at in pages]
        assert text.decode() == "".join(['"Id","Name"\r\n', *records])


@every_way
@every_reading
def test_every_reader_is_told_of_a_damaged_answer(org, bulk, numbered, tmp_path, way, reading):
    """Compressed bytes that were changed on the way: each reading ends with an error, whatever it
    has given before, and no file is left."""
    numbered(250)
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    export = bulk.export(SOQL, **way).wait()
    org.faults.add("corrupt_gzip", route=route, times=0)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - DuckDB has its own
        read_by(reading, export, tmp_path)
    assert org.faults.fired
    own = isinstance(caught.value, BulkApiError)
    assert own or reading == "duckdb"
    assert own or isinstance(export.error, BulkApiError)
    assert list(tmp_path.iterdir()) == []


@every_way
def test_readings_that_are_left_leave_nothing_behind(bulk, numbered, way):
    """Loops that break early: no thread, no temporary file and no connection stays."""
    pytest.importorskip("pyarrow")
    numbered(350)
    export = bulk.export(SOQL, **way)
    assert len(list(export)) == 350

    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("needs /proc")

    def left():
        for _ in range(5):
            next(iter(export))
            next(export.arrow_batches())
        gc.collect()
        own = [t for t in threading.enumerate() if t.name.startswith("salesforce-bulk")]
        return own, len(list(descriptors.iterdir()))

    first = left()
    for _ in range(3):
        again = left()
    assert again[0] == []
    assert again[1] <= first[1] + 8  # the server's side of a connection may be closing yet


@every_way
def test_readings_side_by_side_do_not_mix(bulk, numbered, way):
    """One export read by several loops and threads at once: each has all rows, in order."""
    numbered(350)
    export = bulk.export(SOQL, **way)
    whole = list(export)
    for rows in itertools.zip_longest(whole, *(iter(export) for _ in range(3))):
        assert rows[0] == rows[1] == rows[2] == rows[3]
    found = []
    threads = [threading.Thread(target=lambda: found.append(list(export))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [whole] * 3
    assert json.dumps(sorted(row["Count__c"] for row in whole)) == json.dumps(
        [float(n) for n in range(350)]
    )
