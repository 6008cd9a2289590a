"""Doors of an export that open at the first push."""

import array
import csv
import io
import pickle
import sys
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from org_environment import describe_in_environment

from salesforce_bulk import InvalidInput, NotFound, ReconciliationError
from salesforce_bulk.export.soql import where_text

SOQL = (
    "SELECT Id, Text__c, Amount__c, Count__c, On__c, At__c, Done__c FROM Row__c ORDER BY Count__c"
)
KEYS = {"q": 1, "r": 2}


@pytest.mark.parametrize(
    "values",
    [
        ["q", "r"],
        ("q", "r"),
        KEYS.keys(),
        dict(enumerate("qr")).values(),
        {"q", "r"},
        frozenset("qr"),
        deque("qr"),
        pd.Series(["q", "r"]),
        pd.Index(["q", "r"]),
        pd.array(["q", "r"], dtype="string"),
        pl.Series(["q", "r"]),
        np.array(["q", "r"]),
        pa.array(["q", "r"]),
        pa.chunked_array([["q"], ["r"]]),
        (key for key in "qr"),
        map(str, "qr"),
        iter("qr"),
    ],
    ids=lambda values: f"{type(values).__module__}.{type(values).__name__}",
)
def test_any_collection_that_is_no_text_is_in(values):
    """Whatever a program has its keys in, they are several values."""
    assert where_text({"Name": values}) == "Name IN ('q', 'r')"


@pytest.mark.parametrize(
    "values", [np.array([1, 2]), pd.Series([1, 2]), range(1, 3), array.array("q", [1, 2])], ids=repr
)
def test_numbers_of_a_collection_stay_numbers(values):
    """Without quotes, as one number is."""
    assert where_text({"Count__c not in": values}) == "Count__c NOT IN (1, 2)"


def test_a_scalar_of_numpy_is_one_value():
    """An array of no dimension, too."""
    assert where_text({"Count__c": np.int64(3)}) == "Count__c = 3"
    assert where_text({"Count__c": np.array(3)}) == "Count__c = 3"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (KEYS, "keys"),
        (pd.DataFrame({"a": ["q"]}), "one column"),
        (np.array([["q"]]), "one column"),
        (iter(()), "empty list"),
        ({}.keys(), "empty list"),
    ],
    ids=["mapping", "frame", "matrix", "no values", "no keys"],
)
def test_what_is_no_list_of_values_is_refused(value, hint):
    """Told with what to give instead."""
    with pytest.raises(InvalidInput, match=hint):
        where_text({"Name": value})


@pytest.mark.parametrize(
    "make",
    [
        lambda b: b.export("Acount", fields=["Name"]),
        lambda b: b.export("SELECT Id FROM Acount"),
        lambda b: b.export("SELECT FIELDS(STANDARD) FROM Acount"),
        lambda b: b.describe("Acount"),
        lambda b: b.insert("Acount", [{"Name": "a"}]),
    ],
    ids=["object", "query", "all fields", "describe", "load"],
)
def test_an_unknown_object_is_named(bulk, make):
    """The message says which one."""
    with pytest.raises(NotFound, match="no object 'Acount'"):
        make(bulk)


@pytest.fixture
def rows(fill):
    at = "2024-01-02T03:04:05.000Z"
    return fill(
        [
            {"Text__c": "a", "Amount__c": 1.5, "Count__c": 1, "On__c": "2024-01-02", "At__c": at},
            {"Text__c": None, "Amount__c": None, "Count__c": 2, "Done__c": True},
        ]
    )


@pytest.mark.parametrize("backend", [None, "numpy_nullable"])
def test_frames_are_the_same_without_pyarrow(bulk, rows, backend, monkeypatch):
    """Types, values and nulls."""
    with_arrow = bulk.export(SOQL).to_pandas(dtype_backend=backend)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pyarrow", None)
        frame = bulk.export(SOQL).to_pandas(dtype_backend=backend)
    assert dict(frame.dtypes) == dict(with_arrow.dtypes)
    pd.testing.assert_frame_equal(frame, with_arrow)


def test_the_backend_says_the_types(org, bulk, rows, fill):
    """numpy_nullable keeps whole numbers whole."""
    org.define_object("Whole__c", {"N__c": {"type": "int"}})
    fill([{"N__c": 1}, {"N__c": None}], "Whole__c")
    whole = bulk.export("Whole__c", fields=["N__c"])
    assert str(whole.to_pandas(dtype_backend="numpy_nullable").dtypes["N__c"]) == "Int64"
    assert str(whole.to_pandas().dtypes["N__c"]) == "float64"
    frame = bulk.export(SOQL).to_pandas(dtype_backend="numpy_nullable")
    assert str(frame.dtypes["Done__c"]) == "boolean"
    assert str(frame.dtypes["Amount__c"]) == "Float64"
    assert isinstance(frame.dtypes["Text__c"], pd.StringDtype)
    arrow = bulk.export(SOQL).to_pandas(dtype_backend="pyarrow")
    assert isinstance(arrow.dtypes["Count__c"], pd.ArrowDtype)


def test_an_unknown_backend_is_refused(bulk, rows, monkeypatch):
    """Before anything is asked for; so is one whose library is missing."""
    export = bulk.export(SOQL)
    with pytest.raises(InvalidInput, match="numpy_nullable"):
        export.to_pandas(dtype_backend="numpy")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidInput, match="pip install"):
        export.to_pandas(dtype_backend="pyarrow")
    assert "not submitted" in repr(export)


def test_the_length_is_there_after_a_wait(bulk, rows, tmp_path):
    """Not before, and not where the org counts other rows than are delivered."""
    export = bulk.export(SOQL)
    assert export
    with pytest.raises(TypeError, match="wait"):
        len(export)
    assert len(export.wait()) == 2
    changes = bulk.export("Row__c", fields=["Text__c"], state=tmp_path / "s")
    changes.wait()
    with pytest.raises(TypeError, match="rows_read"):
        len(changes)


def test_a_handle_of_no_rows_is_true(bulk):
    """It is a handle all the same."""
    export = bulk.export(SOQL).wait()
    assert len(export) == 0
    assert export


@pytest.mark.parametrize(
    "way",
    [{}, {"parallel": 3}, {"api": "1.0"}, {"api": "1.0", "content_type": "JSON"}],
    ids=str,
)
def test_csv_comes_in_pieces(bulk, numbered, way, tmp_path):
    """The same bytes as in the file, with one header; none of an empty result is lost."""
    for count in (0, 350):
        numbered(count)
        export = bulk.export("SELECT Id, Text__c, Long__c FROM Row__c", **way)
        text = b"".join(export.iter_csv())
        export.to_csv(tmp_path / "x")
        assert text == (tmp_path / "x").read_bytes()
        assert export.rows_read == count


def test_the_first_piece_is_there_before_the_last_page(org, bulk, numbered):
    """A reader of a streamed answer waits for one page."""
    numbered(350)
    pieces = bulk.export("SELECT Id, Text__c FROM Row__c").iter_csv()
    assert next(pieces).startswith(b'"Id"')
    assert sum("/results" in each.path for each in org.requests) == 1
    assert len(list(csv.reader(io.StringIO(b"".join(pieces).decode())))) >= 350


def test_a_streamed_text_that_lacks_rows_ends_with_an_error(org, bulk, numbered):
    """Its reader has had most of it by then."""
    numbered(150)
    export = bulk.export("SELECT Id, Text__c FROM Row__c").wait()
    job = export._run.submitted
    job.job = replace(job.job, rows_processed=151)
    with pytest.raises(ReconciliationError):
        list(export.iter_csv())


def test_handles_say_what_they_are(bulk, rows):
    """Without the session, and without the values of a condition."""
    export = bulk.export("SELECT Id, Text__c FROM Row__c WHERE Text__c = 'confidential'")
    assert repr(export) == "<Export of Row__c (2 columns) api=2.0 not submitted>"
    export = bulk.export("SELECT Id, Text__c FROM Row__c").wait()
    assert repr(export) == f"<Export of Row__c (2 columns) api=2.0 job {export.job_id}, 2 rows>"
    shown = repr(export.parts())
    assert "Part of 2 columns: the page at locator (first)" in shown
    for secret in ("confidential", bulk.sessionId):
        assert secret not in shown


def test_an_export_says_how_it_travels(bulk, rows):
    """To another process."""
    with pytest.raises(TypeError, match=r"attach.*parts"):
        pickle.dumps(bulk.export(SOQL))


def test_parts_travel(bulk, rows):
    """They are what is told instead."""
    parts = bulk.export(SOQL).parts()
    with ProcessPoolExecutor(1) as pool:
        assert sum(pool.map(_count, parts)) == 2


def _count(part):
    return sum(1 for _ in part)


def _by_rows(part):
    list(part)
    return part.receipt


def _by_arrow(part):
    part.to_arrow()
    return part.receipt


@pytest.mark.parametrize("work", [_by_rows, _by_arrow])
@pytest.mark.parametrize("way", [{}, {"api": "1.0"}], ids=str)
def test_what_workers_read_is_reconciled(bulk, numbered, way, work):
    """Receipts come back from other processes; a part that two of them read counts once."""
    numbered(600)
    export = bulk.export("SELECT Id, Text__c, Long__c FROM Row__c", **way)
    parts = export.parts()
    with ProcessPoolExecutor(2) as pool:
        receipts = list(pool.map(work, [*parts, parts[0]]))
    assert export.check(reversed(receipts)) == 600
    assert export.rows_read == 600
    changed = receipts[0]._replace(digest="0")
    strange = receipts[0]._replace(page=("750", None, "x"))
    for wrong, message in (
        ([each for each in receipts if each.page != parts[1].page.key], "not read"),
        ([], "not read"),
        ([*receipts, changed], "another one"),
        ([*receipts, strange], "no part of this export"),
        ([each._replace(rows=1) for each in receipts], "server counted"),
    ):
        with pytest.raises(ReconciliationError, match=message):
            export.check(wrong)


def test_a_part_that_was_not_read_to_its_end_has_no_receipt(bulk, numbered):
    """Half of it is no reading."""
    numbered(90)
    part = bulk.export("SELECT Id, Text__c FROM Row__c").parts()[0]
    next(iter(part))
    assert part.receipt is None


def test_a_part_carries_the_session_and_no_password(bulk, rows):
    """Unless the login is asked for."""
    link = bulk.__dict__["_SalesforceBulk__link"]
    password = link.provider.password.reveal().encode()
    export = bulk.export(SOQL)
    assert password in pickle.dumps(export.parts(with_login=True))
    carried = pickle.dumps(export.parts())
    assert password not in carried
    assert bulk.sessionId.encode() in carried
    with ProcessPoolExecutor(1) as pool:
        assert sum(pool.map(_count, export.parts(with_login=True))) == 2


def test_a_part_with_a_connection_carries_its_name_alone(org, bulk, rows, monkeypatch, tmp_path):
    """The process that reads it logs in by itself."""
    describe_in_environment(org, monkeypatch)
    file = tmp_path / "connections.toml"
    file.write_text(
        f'[prod]\nusername = "{org.username}"\nlogin_url = "{org.url}"\n'
        'password = { env = "SALESFORCE_BULK_PASSWORD" }\n'
        'security_token = { env = "SALESFORCE_BULK_SECURITY_TOKEN" }\n'
    )
    monkeypatch.setenv("SALESFORCE_BULK_CONNECTIONS", str(file))
    parts = bulk.export(SOQL).parts(connection="prod")
    carried = pickle.dumps(parts)
    assert bulk.sessionId.encode() not in carried
    with ProcessPoolExecutor(1) as pool:
        assert sum(pool.map(_count, parts)) == 2
