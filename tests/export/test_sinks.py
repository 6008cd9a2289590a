"""Files, frames and streams that exports are written to."""

import csv
import io
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from decimal import Decimal
from multiprocessing import get_context

import pytest
from canned_org import CannedOrg, page

from salesforce_bulk import InvalidInput, ReconciliationError, SalesforceBulk

SOQL = "SELECT Id, Text__c, Long__c, Count__c, Done__c, On__c, At__c FROM Row__c"
NAMES = ["Id", "Text__c", "Long__c", "Count__c", "Done__c", "On__c", "At__c"]
WAYS = [
    {"api": "1.0"},
    {"api": "1.0", "content_type": "JSON"},
    {"api": "2.0"},
    {"api": "2.0", "parallel": 4},
    {"api": "2.0", "max_records": 70},
]
ways = pytest.mark.parametrize("way", WAYS, ids=str)


@pytest.fixture
def rows(fill):
    fill(
        [
            {
                "Text__c": f"n {n}",
                "Long__c": f'a "{n}"\nb' if n % 3 else None,
                "Count__c": n / 4,
                "Done__c": n % 2 == 0,
                "On__c": f"2024-01-{n % 28 + 1:02}",
                "At__c": f"2024-01-01T00:00:{n % 60:02}.000Z",
            }
            for n in range(450)
        ]
    )


@ways
def test_the_file_holds_the_same_rows(bulk, rows, way, tmp_path):
    """What a plain CSV reader finds in the file are the raw rows of the iteration."""
    export = bulk.export(SOQL, raw=True, **way)
    assert export.to_csv(tmp_path / "x.csv") == 450
    with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    if "content_type" not in way:
        assert found == list(export)
    again = [row["Text__c"] for row in bulk.export(SOQL, **way)]
    assert [row["Text__c"] for row in found] == again


def test_bytes_are_copied_as_they_came(bulk, rows, tmp_path):
    """One page and many, one stream and several: the same file, quoted as the org quotes."""
    files = []
    for way in ({}, {"max_records": 7}, {"parallel": 3}, {"api": "1.0"}):
        bulk.export(SOQL, **way).to_csv(tmp_path / "x.csv")
        files.append((tmp_path / "x.csv").read_bytes())
    assert len(set(files)) == 1
    assert files[0].startswith(b'"Id","Text__c"')


def test_an_open_file_is_written_as_the_pages_come(bulk, rows, tmp_path):
    """A binary file, such as stdout's buffer, gets the same bytes; a text file is refused."""
    bulk.export(SOQL).to_csv(tmp_path / "x.csv")
    target = io.BytesIO()
    assert bulk.export(SOQL).to_csv(target) == 450
    assert target.getvalue() == (tmp_path / "x.csv").read_bytes()
    with pytest.raises(InvalidInput, match="buffer"):
        bulk.export(SOQL).to_csv(io.StringIO())
    with pytest.raises(InvalidInput):
        bulk.export(SOQL).to_csv(42)


def test_a_broken_page_is_repeated_into_an_open_file_behind_what_it_has(org, bulk, rows):
    """What cannot be taken back is gone on with, after its digest proved equal."""
    whole = io.BytesIO()
    bulk.export(SOQL).to_csv(whole)
    org.faults.add("cut", route="bulk2.page", nth=2, after_bytes=900)
    target = io.BytesIO()
    bulk.export(SOQL).to_csv(target)
    assert target.getvalue() == whole.getvalue()


@ways
def test_arrow_is_typed_by_describe(bulk, rows, way):
    """The schema is describe's, the same for zero rows, and the values are the rows'."""
    pa = pytest.importorskip("pyarrow")
    export = bulk.export(SOQL, **way)
    schema = pa.schema(
        {
            "Id": pa.string(),
            "Text__c": pa.string(),
            "Long__c": pa.string(),
            "Count__c": pa.float64(),
            "Done__c": pa.bool_(),
            "On__c": pa.date32(),
            "At__c": pa.timestamp("ms", "UTC"),
        }
    )
    table = export.to_arrow()
    assert table.schema == export.schema == schema
    assert table.to_pylist() == list(export)
    none = bulk.export(SOQL + " WHERE Count__c < 0", **way)
    assert (none.to_arrow().schema, none.to_arrow().num_rows) == (schema, 0)


def test_a_stream_is_lazy_and_opens_again(org, bulk, rows):
    """Each opening begins anew, and asks for nothing before its first batch."""
    pa = pytest.importorskip("pyarrow")
    export = bulk.export(SOQL)
    readers = [pa.RecordBatchReader.from_stream(export) for _ in range(3)]
    assert not [each for each in org.requests if "/jobs/" in each.path]
    assert [reader.read_all().num_rows for reader in readers] == [450] * 3


def test_an_error_behind_a_stream_is_kept(clock):
    """Through the stream an error loses its class; the export keeps it."""
    pa = pytest.importorskip("pyarrow")
    with CannedOrg({None: page([("1", "a")])}, 2) as org:
        export = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock).export(
            "SELECT Id, Name FROM Thing"
        )
        with pytest.raises((OSError, ValueError), match="server counted 2"):
            pa.RecordBatchReader.from_stream(export).read_all()
        assert isinstance(export.error, ReconciliationError)
        for frame in (export.to_arrow, export.to_pandas, export.to_polars):
            with pytest.raises(ReconciliationError):
                frame()


def test_frames(bulk, rows):
    """pandas, polars and DuckDB get all rows, with their types."""
    pd = pytest.importorskip("pandas")
    pl = pytest.importorskip("polars")
    duckdb = pytest.importorskip("duckdb")
    export = bulk.export(SOQL)
    frame = export.to_pandas()
    assert frame.shape == (450, 7)
    assert frame["Done__c"].dtype == bool
    assert str(export.to_pandas(dtype_backend="pyarrow")["On__c"].dtype) == "date32[day][pyarrow]"
    assert isinstance(frame["At__c"].dtype, pd.DatetimeTZDtype)
    assert export.to_polars().schema["At__c"] == pl.Datetime("ms", "UTC")
    assert pl.DataFrame(export).height == 450
    found = duckdb.sql("select count(*), sum(Count__c), count(distinct Id) from export").fetchall()
    assert found == [(450, sum(range(450)) / 4, 450)]
    joined = duckdb.sql("select count(*) from export a join export b using (Id)").fetchall()
    assert joined == [(450,)]


def test_parquet_is_whole_or_not_there(org, bulk, rows, tmp_path):
    """Row groups as asked for, typed; and no file where the export failed."""
    pq = pytest.importorskip("pyarrow.parquet")
    export = bulk.export(SOQL)
    assert export.to_parquet(tmp_path / "x.parquet", row_group=200) == 450
    assert pq.read_table(tmp_path / "x.parquet") == export.to_arrow()
    assert pq.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups <= 3
    empty = bulk.export(SOQL + " WHERE Count__c < 0")
    assert empty.to_parquet(tmp_path / "empty.parquet") == 0
    assert pq.read_schema(tmp_path / "empty.parquet").names == NAMES


def test_numbers_as_decimals(bulk, fill):
    """decimals=True: exact, in rows and in Arrow."""
    fill([{"Amount__c": 0.1}, {"Amount__c": 12_345_678.25}, {"Amount__c": None}])
    export = bulk.export("SELECT Amount__c FROM Row__c", decimals=True)
    values = [Decimal("0.1"), Decimal("12345678.25"), None]
    assert [row["Amount__c"] for row in export] == values
    assert export.to_arrow().column(0).to_pylist() == values


def test_whole_numbers_written_with_a_fraction(clock):
    """An int column with 12.0 among its texts is read all the same, in rows and in Arrow."""
    from canned_org import DESCRIBE  # noqa: PLC0415

    body = page([("1", "12.0"), ("2", "5"), ("3", "")])
    described = {"name": "Name", "type": "int"}
    fields = [described if f["name"] == "Name" else f for f in DESCRIBE["fields"]]
    with pytest.MonkeyPatch.context() as patch, CannedOrg({None: body}, 3) as org:
        patch.setitem(DESCRIBE, "fields", fields)
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("SELECT Id, Name FROM Thing")
        assert [row["Name"] for row in export] == [12, 5, None]
        assert export.to_arrow().column("Name").to_pylist() == [12, 5, None]


def test_times_of_day(clock):
    """The time type: without a zone, to the millisecond, in rows and in Arrow."""
    from canned_org import DESCRIBE  # noqa: PLC0415

    fields = [{"name": "Id", "type": "id"}, {"name": "Name", "type": "time"}]
    body = page([("1", "12:34:56.789Z"), ("2", "")])
    with pytest.MonkeyPatch.context() as patch, CannedOrg({None: body}, 2) as org:
        patch.setitem(DESCRIBE, "fields", fields)
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=clock)
        export = bulk.export("SELECT Id, Name FROM Thing")
        rows = list(export)
        assert rows[0]["Name"].isoformat() == "12:34:56.789000"
        assert rows[1]["Name"] is None
        assert export.to_arrow().to_pylist() == rows


def _count(part):
    return part.to_arrow().num_rows, sorted(row["Id"] for row in part)


def test_parts_are_read_in_other_processes(org, rows):
    """Pages as handles that pickle: a process pool reads each of them once."""
    export = org.connect().export(SOQL)
    parts = export.parts()
    assert len(parts) == 5
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        results = list(pool.map(_count, parts))
    assert [count for count, _ in results] == [100, 100, 100, 100, 50]
    assert sorted(id_ for _, ids in results for id_ in ids) == sorted(r["Id"] for r in export)


def test_a_part_is_a_stream_of_its_own(bulk, rows):
    """Each part opens as an Arrow stream and as a frame, after pickling too."""
    pa = pytest.importorskip("pyarrow")
    part = pickle.loads(pickle.dumps(bulk.export(SOQL, api="1.0").parts()[0]))
    assert part.rows_expected is None or part.rows_expected == pa.table(part).num_rows
    assert len(part.to_pandas()) == pa.table(part).num_rows
    assert part.schema.names == NAMES


def test_progress_is_told(bulk, rows, clock):
    """A callable sees the rows grow to the total, with the job's id."""
    seen = []
    export = bulk.export(SOQL, progress=seen.append)
    assert len(list(export)) == 450
    last = seen[-1]
    assert (last.phase, last.rows, last.total_rows, last.job_id) == (
        "downloading", 450, 450, export.job_id,
    )  # fmt: skip


def test_nothing_is_asked_for_before_it_is_needed(org, bulk, rows):
    """export() checks and describes; the job is made by the first reading, once."""
    export = bulk.export(SOQL)
    assert not [each for each in org.requests if "/jobs/" in each.path]
    assert export.rows_expected is None
    assert export.schema.names == NAMES
    assert len(list(export)) == len(list(export)) == 450
    assert len([e for e in org.requests if e.method == "POST" and "/jobs/" in e.path]) == 1
    assert export.rows_expected == 450
    assert export.expires - timedelta(days=7) < export.expires
    assert "job 750" in repr(export)


def test_the_rows_need_no_extra_library(org, bulk, rows, tmp_path):
    """Iterating and CSV files import neither pyarrow nor pandas nor polars."""
    import subprocess  # noqa: PLC0415

    code = (
        "import sys\n"
        "from salesforce_bulk import SalesforceBulk\n"
        "bulk = SalesforceBulk(sessionId=sys.argv[1], host=sys.argv[2])\n"
        f"export = bulk.export({SOQL!r})\n"
        "print(len(list(export)), export.to_csv(sys.argv[3]))\n"
        "print(sorted({'pyarrow', 'pandas', 'polars'} & set(sys.modules)))\n"
    )
    arguments = [sys.executable, "-c", code, bulk.sessionId, org.url, str(tmp_path / "x.csv")]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["450 450", "[]"]
