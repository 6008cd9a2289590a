"""Each row of the table of traps for readers: where a naive design loses or doubles data."""

import csv
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from canned_org import CannedChunks, CannedOrg, page

from salesforce_bulk import (
    BulkBatchFailed,
    InvalidInput,
    JobFailed,
    ReconciliationError,
    ResultsExpired,
    SalesforceBulk,
    UnexpectedResponse,
)
from salesforce_bulk.errors import ApiFault, BulkJobAborted, TransportError
from salesforce_bulk.export.handle import Part
from salesforce_bulk.export.page_address import PageAddress
from salesforce_bulk.export.pk_chunking import chunking_header

V1 = {"api": "1.0"}
V1_JSON = {"api": "1.0", "content_type": "JSON"}
V1_XML = {"api": "1.0", "content_type": "XML"}
CHUNKED = {"api": "1.0", "pk_chunking": 150}
V2 = {"api": "2.0"}
AHEAD = {"api": "2.0", "parallel": 3}
EVERY = [V1, V1_JSON, V1_XML, CHUNKED, V2, AHEAD]
UNCHUNKED = [V1, V1_JSON, V1_XML, V2, AHEAD]
SOQL = "SELECT Id, Text__c, Long__c, Count__c FROM Row__c"

every_way = pytest.mark.parametrize("way", EVERY, ids=str)


def counted(export):
    return [row["Count__c"] for row in export]


def canned(org, **options):
    return SalesforceBulk(sessionId="00D!x", host=org.host, **options)


# v1 batch has several result ids; taking result[0] drops the rest


@pytest.mark.parametrize("way", [V1, V1_JSON, V1_XML, {**V1, "pk_chunking": 400}], ids=str)
def test_every_result_file_of_every_batch(bulk, numbered, way):
    """Several files of one batch, and several batches with several files, give all rows once."""
    numbered(700)
    export = bulk.export(SOQL, **way)
    pages = [part.page for part in export.parts()]
    files = Counter(page.batch_id for page in pages)
    assert max(files.values()) >= 2
    assert (len(files) >= 2) is ("pk_chunking" in way)
    assert sorted(counted(export)) == list(range(700))


# v2 paging stop condition: the last page carries the literal string null in Sforce-Locator


@pytest.mark.parametrize("end", ["null", "", None])
def test_the_last_page_is_told_by_null_empty_or_no_locator(end, clock):
    """`null`, an empty and a missing locator all end the pages, and none is asked for twice."""
    last, headers = page([("3", "c")])
    headers = {**headers, "Sforce-Locator": end}
    if end is None:
        del headers["Sforce-Locator"]
    pages = {None: page([("1", "a"), ("2", "b")], "MjA//+="), "MjA//+=": (last, headers)}
    with CannedOrg(pages, 3) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert [row["Id"] for row in export] == ["1", "2", "3"]
        assert [path for path in org.asked if "//+" in path] == []
        assert sum("/results" in path for path in org.asked) == 2


def test_a_short_page_is_not_the_last(clock):
    """Only the locator decides: a page of one row, and one of none, may have others behind."""
    pages = {
        None: page([("1", "a"), ("2", "b")], "A"),
        "A": page([("3", "c")], "B"),
        "B": page([], "C"),
        "C": page([("4", "d"), ("5", "e")]),
    }
    with CannedOrg(pages, 5) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert [row["Id"] for row in export] == ["1", "2", "3", "4", "5"]


def test_pages_that_lead_back_end_with_an_error(clock):
    """A locator that comes again would be read for ever, its rows twice."""
    pages = {None: page([("1", "a")], "A"), "A": page([("2", "b")], "A")}
    with CannedOrg(pages, 2) as org, pytest.raises(ReconciliationError, match="lead back"):
        list(canned(org, clock=clock).export("SELECT Id, Name FROM Thing"))


class EndlessPages(dict):
    """Each leads to another one, under a name that was not there before."""

    def __init__(self, rows):
        self.asked = 0
        self.rows = rows

    def __missing__(self, locator):
        self.asked += 1
        if self.asked > 1000:
            raise KeyError("asked for ever")
        rows = [(f"{self.asked}-{row}", "a") for row in range(self.rows)]
        return page(rows, f"L{self.asked}")


@pytest.mark.parametrize(("rows", "most"), [(0, 110), (1, 4), (2, 3)])
def test_pages_without_end_are_not_read_for_ever(clock, tmp_path, rows, most):
    """Trap: each page has a locator of its own, so that none leads back, and the disk fills."""
    pages = EndlessPages(rows)
    with CannedOrg(pages, 3) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        for read in (list, lambda e: e.to_csv(tmp_path / "x.csv"), lambda e: e.to_arrow()):
            pages.asked = 0
            with pytest.raises(ReconciliationError, match="too many for that") as caught:
                read(export)
            assert caught.value.job_id == export.job_id
            assert pages.asked <= most
    assert list(tmp_path.iterdir()) == []


def test_pages_that_are_missing_are_an_error_with_the_counts(clock, tmp_path):
    """Fewer rows than the job's total is never a shorter list."""
    with CannedOrg({None: page([("1", "a")])}, 3) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        for read in (list, lambda e: e.to_csv(tmp_path / "x.csv"), lambda e: e.to_arrow()):
            with pytest.raises(ReconciliationError) as caught:
                read(export)
            assert (caught.value.expected, caught.value.got) == (3, 1)
            assert caught.value.job_id == export.job_id
    assert list(tmp_path.iterdir()) == []


# Failed or empty query batch -> [] or IndexError


@pytest.mark.parametrize("way", [V1, V1_JSON, V1_XML, CHUNKED], ids=str)
def test_a_failed_batch_is_an_exception_with_the_servers_reason(org, bulk, numbered, way):
    """A batch that failed has an empty list of results, which is not an empty result."""
    numbered(300)
    org.faults.add("batch_failed", object="Row__c", times=0, message="it broke")
    with pytest.raises(BulkBatchFailed, match="it broke"):
        list(bulk.export(SOQL, **way))


def test_a_failed_job_is_an_exception(org, bulk, numbered):
    """2.0: Failed ends the wait, with what the server says."""
    numbered(3)
    org.faults.add("batch_failed", object="Row__c", times=0, message="it broke")
    with pytest.raises(JobFailed, match="Failed"):
        list(bulk.export(SOQL, **V2))


def test_an_aborted_job_is_an_exception(clock):
    """2.0: Aborted ends the wait too."""
    with CannedOrg({}, 0) as org:
        org.job["state"] = "Aborted"
        with pytest.raises(JobFailed, match="Aborted"):
            list(canned(org, clock=clock).export("SELECT Id, Name FROM Thing"))


def test_an_aborted_v1_job_is_an_exception(org, clock, numbered):
    """1.0: batches that were not processed because the job was aborted are no result."""
    numbered(3)
    bulk = org.connect(clock=clock)
    export = bulk.export(SOQL, **V1)
    org.faults.add("batch_failed", object="Row__c")
    org.engine.inline = False
    try:
        export.submit()
        bulk.abort_job(export.job_id)
        with pytest.raises((BulkJobAborted, BulkBatchFailed)):
            list(export)
    finally:
        org.engine.inline = True


# v1 zero-row CSV is a sentence; with chunking some chunks are empty


@every_way
def test_no_rows_have_columns_all_the_same(bulk, way, tmp_path):
    """Zero rows: no row, the same schema as ever, and a file with a header."""
    export = bulk.export(SOQL + " WHERE Count__c = -1", **way)
    assert list(export) == []
    assert export.rows_read == 0
    assert export.schema.names == ["Id", "Text__c", "Long__c", "Count__c"]
    assert export.to_arrow().schema == export.schema
    assert export.to_csv(tmp_path / "x.csv") == 0
    assert (tmp_path / "x.csv").read_bytes() == b'"Id","Text__c","Long__c","Count__c"\n'


@pytest.mark.parametrize("way", [CHUNKED, {**CHUNKED, "content_type": "JSON"}], ids=str)
def test_empty_chunks_give_no_row_and_no_schema(bulk, fill, way, tmp_path):
    """Chunks without rows, the first one among them, are neither columns nor rows."""
    fill([{"Count__c": n, "Done__c": n >= 400} for n in range(800)])
    export = bulk.export("SELECT Count__c, Text__c FROM Row__c WHERE Done__c = true", **way)
    assert sorted(counted(export)) == list(range(400, 800))
    assert export.to_csv(tmp_path / "x.csv") == 400
    lines = (tmp_path / "x.csv").read_text().splitlines()
    assert (lines[0], len(lines)) == ('"Count__c","Text__c"', 401)


# Every page repeats the header


@every_way
def test_the_header_comes_once_and_no_row_is_taken_for_it(bulk, numbered, way, tmp_path):
    """One header in the file, and rows that look like it stay rows."""
    numbered(350)
    assert bulk.export(SOQL, **way).to_csv(tmp_path / "x.csv") == 350
    text = (tmp_path / "x.csv").read_text(encoding="utf-8")
    assert text.count('"Id","Text__c"') == 1
    assert text.startswith('"Id","Text__c","Long__c","Count__c"\n')


@pytest.mark.parametrize("second", [None, ("Name", "Id"), ("Id", "Amount")])
def test_a_page_without_the_first_pages_header_is_an_error(second, clock, tmp_path):
    """A page without a header, or with another one, is refused and not read by guess."""
    pages = {None: page([("1", "a")], "A"), "A": page([("2", "b")], header=second)}
    with CannedOrg(pages, 2) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        # Without a header the row is taken for one, and is missing then.
        with pytest.raises((TransportError, ReconciliationError)):
            export.to_csv(tmp_path / "x.csv")
        if second != ("Name", "Id"):  # rows are told apart by their columns' names
            with pytest.raises(TransportError):
                list(export)
    assert list(tmp_path.iterdir()) == []


def test_columns_in_another_order_than_the_select(clock):
    """Up to version 49.0 columns came in the order of the alphabet; rows keep the SELECT's."""
    body = page([("a", "1")], header=("Id", "Name"))
    with CannedOrg({None: body}, 1, version=48.0) as org:
        export = canned(org, clock=clock, API_version="48.0").export("SELECT Name, Id FROM Thing")
        assert list(export) == [{"Name": "1", "Id": "a"}]
        assert list(next(iter(export))) == ["Name", "Id"]
        assert export.to_arrow().to_pylist() == [{"Name": "1", "Id": "a"}]


# PK chunking: original batch is NotProcessed; "complete" computed from the last batch in the list


def test_pk_chunking_from_the_split_to_the_last_chunk(org, bulk, numbered):
    """The posted batch ends NotProcessed, which is no failure; its chunks hold all rows."""
    numbered(700)
    export = bulk.export(SOQL, **CHUNKED)
    assert sorted(counted(export)) == list(range(700))
    states = [batch["state"] for batch in bulk.get_batch_list(export.job_id)]
    assert states.count("NotProcessed") == 1
    assert states.count("Completed") == 5
    assert bulk.job_state(export.job_id) == "Closed"


def test_chunks_that_appear_late_are_waited_for(org, bulk, numbered):
    """A list of batches that still grows is not the whole, though all in it are terminal."""
    numbered(700)
    org.faults.add("late_chunks", object="Row__c")
    assert sorted(counted(bulk.export(SOQL, **CHUNKED))) == list(range(700))


def test_a_list_of_chunks_that_may_still_grow_is_asked_for_again(clock):
    """All batches terminal says nothing while further ones may come: neither the split batch
    alone, nor a first chunk that is done before the next appears."""
    split = ("751A", "NotProcessed", 0)
    first, second = ("751B", "Completed", 1), ("751C", "Completed", 1)
    lists = [
        [("751A", "Queued", 0)],
        [split],
        [split, first],
        [split, first],
        [split, first, ("751C", "InProgress", 0)],
        [split, first, second],
    ]
    files = {"751B": {"752B": page([("1", "a")])[0]}, "751C": {"752C": page([("2", "b")])[0]}}
    with CannedChunks(lists, files) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing", api="1.0")
        assert [row["Id"] for row in export] == ["1", "2"]


def test_a_split_without_any_chunk_ends_with_an_error(clock):
    """A query that was split, and of which nothing came, is no empty result."""
    lists = [[("751A", "NotProcessed", 0)]]
    with CannedChunks(lists, {}) as org, pytest.raises(BulkBatchFailed, match="no chunk"):
        list(canned(org, clock=clock).export("SELECT Id, Name FROM Thing", api="1.0"))


def test_a_failed_chunk_is_tried_again(org, bulk, numbered):
    """A chunk that failed is queried again in its own bounds; the user is told."""
    numbered(700)
    # The split is the first run of a batch, the second chunk the third.
    org.faults.add("batch_failed", object="Row__c", nth=3)
    export = bulk.export(SOQL, **CHUNKED)
    assert sorted(counted(export)) == list(range(700))
    assert [note for note in export.notes if "failed" in note and "again" in note]


def test_a_chunk_that_fails_again_and_again_ends_the_export(org, bulk, numbered):
    """What cannot be got is said: nothing is delivered as if it were the whole."""
    numbered(700)
    org.faults.add("batch_failed", object="Row__c", nth=3, times=0, message="no way")
    with pytest.raises(BulkBatchFailed, match="no way"):
        list(bulk.export(SOQL, **CHUNKED))


def test_share_and_history_tables_name_their_parent():
    """The chunks of a table without ids of its own are cut by its parent's."""
    assert chunking_header("AccountShare", True) == "true; parent=Account"
    assert chunking_header("OpportunityFieldHistory", 5000) == "chunkSize=5000; parent=Opportunity"
    assert chunking_header("Load__Share", True) == "true; parent=Load__c"
    assert chunking_header("Load__History", True) == "true; parent=Load__c"
    assert chunking_header("OpportunityHistory", True) == "true"
    for name in ("CaseStatus", "Unheard"):
        with pytest.raises(InvalidInput, match=name):
            chunking_header(name, True)
    for size in (0, -1, 250_001):
        with pytest.raises(InvalidInput, match="250,000"):
            chunking_header("Account", size)


def test_a_query_that_times_out_is_repeated_with_chunking(org, bulk, numbered):
    """1.0: QUERY_TIMEOUT on an object that can be chunked: again, in chunks; the user is told."""
    numbered(700)
    org.faults.add(
        "batch_failed", object="Row__c", code="InvalidBatch",
        message="Failed to process query: QUERY_TIMEOUT: Your query request was running too long.",
    )  # fmt: skip
    export = bulk.export(SOQL, **V1)
    assert sorted(counted(export)) == list(range(700))
    assert [note for note in export.notes if "timed out" in note and "PK chunking" in note]


@pytest.mark.parametrize("more", [" ORDER BY Count__c", " LIMIT 9999", " WHERE Id != null"])
def test_a_query_that_cannot_be_chunked_fails_with_its_timeout(org, bulk, numbered, more):
    """Where chunking would change or not help the query, the time-out is the answer."""
    numbered(3)
    org.faults.add("batch_failed", object="Row__c", message="QUERY_TIMEOUT: too long")
    with pytest.raises(BulkBatchFailed, match="QUERY_TIMEOUT"):
        list(bulk.export(SOQL + more, **V1))


# Body cut mid-transfer but its prefix parses; retrying a page after yielding half of it


@pytest.mark.parametrize("kind", ["cut", "cut_sized", "cut_unsized", "reset_during"])
@every_way
def test_a_broken_download_is_fetched_again_and_nothing_comes_twice(
    org, bulk, numbered, kind, way, tmp_path
):
    """Wherever a body breaks, the rows behind follow those before, once each, in all readings."""
    numbered(350)
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    export = bulk.export(SOQL, **way)
    whole = list(export)
    readings = [list, lambda e: e.to_arrow().to_pylist(), lambda e: _csv_of(e, tmp_path)]
    for read in readings if way in (V1, V2) else readings[:1]:
        expected = read(export)
        for nth, after in ((1, 3_000), (2, 40)):
            org.faults.add(kind, route=route, nth=nth, after_bytes=after)
        assert read(export) == expected
        assert export.rows_read == len(whole) == 350
        assert len(org.faults.fired) == 2
        org.faults.clear()


@pytest.mark.parametrize("way", [V1, V2, AHEAD], ids=str)
def test_damaged_compression_never_ends_in_a_file(org, bulk, numbered, way, tmp_path):
    """Bytes that turn out damaged at the end of a body are taken back; rows that were handed out
    by then are followed by an error."""
    numbered(350)
    export = bulk.export(SOQL, **way)
    expected = _csv_of(export, tmp_path)
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    org.faults.add("corrupt_gzip", route=route, nth=2)
    assert _csv_of(export, tmp_path) == expected
    if way is AHEAD:
        assert len(list(export)) == 350
        return
    org.faults.add("corrupt_gzip", route=route, nth=1)
    try:
        assert len(list(export)) == 350
    except (TransportError, ReconciliationError):
        assert way["api"] == "1.0"  # a page of 2.0 is too short here for anything to get out


def _csv_of(export, folder):
    export.to_csv(folder / "x.csv")
    return (folder / "x.csv").read_bytes()


def test_a_body_cut_between_two_records_is_not_the_whole(clock, tmp_path):
    """No length, no chunks, a prefix that parses: the page's own count tells, and it is fetched
    again."""
    body, headers = page([("1", "a\nb"), ("2", "b\n\nc"), ("3", "c")])
    short = body[: body.index(b'"3"')]
    with CannedOrg({None: [(short, headers), (body, headers)] * 3}, 3, sized=False) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert [row["Id"] for row in export] == ["1", "2", "3"]
        assert _csv_of(export, tmp_path) == body
        assert export.to_arrow().num_rows == 3


def test_a_body_with_too_many_rows_is_taken_back(clock, tmp_path):
    """What stands in the file of a refused body, also where it was longer, does not stay."""
    body, headers = page([("1", "a"), ("2", "b")])
    longer, _ = page([("1", "a"), ("2", "b"), ("2", "b"), ("2", "b")])
    with CannedOrg({None: [(longer, headers), (body, headers)]}, 2, sized=False) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert _csv_of(export, tmp_path) == body


def test_rows_are_counted_page_by_page(clock):
    """A page with fewer rows than the server says is an error where it is read, also as a part."""
    body, headers = page([("1", "a\n\n\nb")])
    with CannedOrg({None: (body, {**headers, "Sforce-NumberOfRecords": "3"})}, 3) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        part = Part(
            export._access, PageAddress(export.job_id, api_version="64.0"), export._reading()
        )
        for read in (list, lambda e: e.to_arrow()):
            for readable in (export, part):
                with pytest.raises(ReconciliationError, match=r"gave 1 rows .* counted 3"):
                    read(readable)


def test_a_body_that_stays_short_is_an_error(clock, tmp_path):
    """A server that never sends the rest gets no file and no shorter list out of us."""
    body, headers = page([("1", "a"), ("2", "b")])
    short = body[: body.index(b'"2"')]
    for sized in (False, True):
        with CannedOrg({None: (short, headers)}, 2, sized=sized) as org:
            export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
            for read in (list, lambda e: _csv_of(e, tmp_path), lambda e: e.to_arrow()):
                with pytest.raises((TransportError, ReconciliationError)):
                    read(export)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_changed_is_not_joined(clock, tmp_path):
    """What was delivered is passed over only where its digest is the same."""
    body, headers = page([(str(n), "a" * 50) for n in range(9_000)])
    other, _ = page([(str(n), "b" * 50) for n in range(9_000)])
    cut = body[: len(body) // 2]
    pages = {None: [(cut, headers), (other, headers)] * 3}
    with CannedOrg(pages, 9_000, sized=False) as org:
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        for read in (list, lambda e: e.to_arrow()):
            with pytest.raises(ReconciliationError, match="not the same"):
                read(export)
        # What a file has of a page can be taken back.
        assert _csv_of(export, tmp_path) == other


# Missing charset -> decoded as Latin-1


@every_way
def test_text_is_utf8_whatever_the_header_says(org, bulk, fill, way):
    """No charset, or a wrong one, changes no character."""
    fill([{"Text__c": "Zoë 美咲 𝄞", "Count__c": 1}])
    kinds = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
    kind = kinds[way.get("content_type", "CSV")]
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    for charset in ("", ";charset=ISO-8859-1"):
        org.faults.add("wrong_type", route=route, message=kind + charset)
        assert next(iter(bulk.export(SOQL, **way)))["Text__c"] == "Zoë 美咲 𝄞"


def test_bytes_that_are_not_utf8_are_an_error(clock):
    """Never a silent fallback to another encoding."""
    body = '"Id","Name"\n"1","Zoë"\n'.encode("latin-1")
    headers = {"Sforce-NumberOfRecords": "1", "Sforce-Locator": "null"}
    with CannedOrg({None: (body, headers)}, 1) as org, pytest.raises(UnexpectedResponse):
        list(canned(org, clock=clock).export("SELECT Id, Name FROM Thing"))


# Splitting at line ends or at quotes and commas, trimming


@every_way
def test_line_breaks_quotes_and_blanks_inside_of_values_stay(bulk, fill, way):
    """A real reader: nothing is split, joined or trimmed inside of a value."""
    texts = ['a","b', "a\nb", 'x"\n"y', "a\u2028b\u0085c", ',"\n.', "null", "NA", "007", '""', "'"]
    fill([{"Long__c": text, "Count__c": n} for n, text in enumerate(texts)])
    export = bulk.export("SELECT Long__c FROM Row__c", **way)
    assert [row["Long__c"] for row in export] == texts
    assert export.to_arrow().column(0).to_pylist() == texts


# NUL byte / 131,072 limit aborts half-way


@pytest.mark.parametrize("way", [V1, V2], ids=str)
def test_nul_characters_do_not_end_the_reading(org, bulk, numbered, way, tmp_path):
    """NULs are removed, or kept where that is asked for; all rows come."""
    numbered(5)
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    plain = list(bulk.export(SOQL, **way))
    org.faults.add("nul_bytes", route=route, times=0)
    assert list(bulk.export(SOQL, **way)) == plain
    assert b"\0" not in _csv_of(bulk.export(SOQL, **way), tmp_path)
    org.faults.clear()
    # The fault strikes the header too, whose names then are no columns; from the second page on.
    org.faults.add("nul_bytes", route=route)
    with pytest.raises(UnexpectedResponse, match="columns"):
        list(bulk.export(SOQL, keep_nul=True, **way))


@every_way
def test_values_at_the_platforms_limit_arrive(bulk, fill, way, tmp_path):
    """131,072 characters, each a quote that CSV doubles, are one value."""
    long = ['"' * 131_072, "x" * 131_072]
    fill([{"Long__c": value} for value in long])
    export = bulk.export("SELECT Long__c FROM Row__c", **way)
    assert [row["Long__c"] for row in export] == long
    assert export.to_arrow().column(0).to_pylist() == long
    lines = _csv_of(export, tmp_path).decode().splitlines()
    assert [next(csv.reader([line])) for line in lines] == [["Long__c"], *([one] for one in long)]


# read_csv's default list of nulls; dates as epoch milliseconds; dates pushed through time zones


TYPED = {
    "Text__c": ["NA", "N/A", "null", "None", "NaN", "01234", "#N/A", None],
    "On__c": ["2024-03-31", "1700-01-01", "4000-12-31", None] * 2,
    "At__c": ["2024-03-31T01:30:00.000Z", "2024-10-27T00:59:59.000Z", None, None] * 2,
    "Count__c": [0, -1.5, 13900000.0, None] * 2,
    "Amount__c": [0.1, 1234567.89, None, 5] * 2,
    "Done__c": [True, False] * 4,
    "Many__c": ["a;b", "c", None, "a"] * 2,
}
TYPED_SOQL = (
    "SELECT Id, Text__c, On__c, At__c, Count__c, Amount__c, Done__c, Many__c, Account__r.Name, "
    "Account__r.IsDeleted, CreatedDate FROM Row__c"
)


@pytest.fixture
def typed_rows(fill):
    account = fill([{"Name": "Acme"}], "Account")[0]
    rows = [dict(zip(TYPED, values, strict=True)) for values in zip(*TYPED.values(), strict=True)]
    fill([{**row, "Account__c": account if n % 2 else None} for n, row in enumerate(rows)])
    return rows


def _expected(name, value):
    if value is None:
        return None
    if name == "On__c":
        return date.fromisoformat(value)
    if name == "At__c":
        return datetime.fromisoformat(value.replace("Z", "+00:00"))
    return float(value) if name in ("Count__c", "Amount__c") else value


@every_way
def test_typed_values_are_those_that_were_stored(bulk, typed_rows, way, monkeypatch):
    """Texts stay texts, days stay days, moments are UTC, in every format and every zone."""
    monkeypatch.setenv("TZ", "America/New_York")
    for rows in (
        list(bulk.export(TYPED_SOQL, **way)),
        bulk.export(TYPED_SOQL, **way).to_arrow().to_pylist(),
    ):
        for found, stored in zip(rows, typed_rows, strict=True):
            for name, value in stored.items():
                assert found[name] == _expected(name, value), name
                assert type(found[name]) is type(_expected(name, value))
            if found["At__c"] is not None:
                assert found["At__c"].utcoffset() == timedelta(0)


def test_all_formats_give_equal_typed_rows(bulk, typed_rows):
    """1.0 CSV, JSON and XML, chunked, and 2.0: the same query, the same rows."""
    results = [list(bulk.export(TYPED_SOQL, **way)) for way in EVERY]
    for one, other in pairwise(results):
        assert one == other
    assert results[0][1]["Account__r.Name"] == "Acme"
    assert results[0][0]["Account__r.Name"] is None


# Incremental cursor: see test_incremental.py


# query where queryAll was meant; PK chunking omits soft-deleted rows


@pytest.mark.parametrize("way", UNCHUNKED, ids=str)
def test_deleted_rows_come_where_they_are_asked_for(org, bulk, fill, way):
    """One flag, the same on each path."""
    ids = fill([{"Count__c": n} for n in range(4)])
    org.org.plan_write("delete", "Row__c", ["Id"]).write([[ids[1]]])
    soql = "SELECT Id, IsDeleted, Count__c FROM Row__c"
    assert counted(bulk.export(soql, **way)) == [0, 2, 3]
    rows = list(bulk.export(soql, include_deleted=True, **way))
    assert [(row["Count__c"], row["IsDeleted"]) for row in rows] == [
        (0, False), (1, True), (2, False), (3, False),
    ]  # fmt: skip


def test_deleted_rows_and_chunking_are_refused_together(bulk):
    """PK chunking leaves deleted rows out, so the two cannot both be had."""
    with pytest.raises(InvalidInput, match="deleted"):
        bulk.export(SOQL, include_deleted=True, **CHUNKED)


# jobs/query object != FROM object (v1)


@pytest.mark.parametrize("way", [V1, CHUNKED, V2], ids=str)
def test_the_jobs_object_is_that_of_from(bulk, numbered, way):
    """The job is made for the outermost FROM, whatever else the text mentions."""
    numbered(3)
    soql = "SELECT Count__c FROM Row__c WHERE Text__c != 'x FROM Account' " + (
        "" if way is CHUNKED else "AND Account__c NOT IN (SELECT AccountId FROM Contact)"
    )
    export = bulk.export(soql, **way)
    assert sorted(counted(export)) == [0, 1, 2]
    assert export.job.object == "Row__c"


# Results expire after 7 days


@pytest.mark.parametrize("way", [V1, V2, AHEAD], ids=str)
def test_results_that_are_gone_are_not_an_empty_result(org, bulk, numbered, way, tmp_path):
    """ResultsExpired, with the job, and no file."""
    numbered(700)
    export = bulk.export(SOQL, **way).wait()
    route = "bulk2.page" if way["api"] == "2.0" else "bulk1.result"
    org.faults.add("results_expired", route=route, nth=2, times=0)
    with pytest.raises(ResultsExpired, match=export.job_id):
        list(export)
    with pytest.raises(ResultsExpired):
        export.to_csv(tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_the_results_is_told_beforehand(clock):
    """The handle knows when they go, and says so in the last day."""
    answer, headers = page([("1", "a")])
    created = datetime.now(timezone.utc) - timedelta(days=6, hours=12)
    with CannedOrg({None: (answer, headers)}, 1) as org:
        org.job["createdDate"] = created.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        export = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert len(list(export)) == 1
        assert abs(export.expires - created - timedelta(days=7)) < timedelta(seconds=1)
        assert ["removes the results" in note for note in export.notes] == [True]
        org.job["createdDate"] = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        fresh = canned(org, clock=clock).export("SELECT Id, Name FROM Thing")
        assert (list(fresh), fresh.notes) == ([{"Id": "1", "Name": "a"}], [])


# Resuming with another API version; 204 is not zero rows


def test_results_are_read_with_the_version_of_their_job(org, clock, numbered):
    """A client of another version reads the job with the job's own."""
    numbered(250)
    made = org.connect(clock=clock, API_version="60.0").submit_export(SOQL, **V2)
    export = org.connect(clock=clock, API_version="62.0").attach(made.job_id)
    assert sorted(counted(export)) == list(range(250))
    assert sorted(row["Count__c"] for part in export.parts() for row in part) == list(range(250))


def test_no_content_is_not_no_rows(clock):
    """204 where rows are due is an error, and no advice to wait for what is over."""
    with CannedOrg({None: (b"", {"status": 204})}, 2) as canned_org:
        export = canned(canned_org, clock=clock).export("SELECT Id, Name FROM Thing")
        with pytest.raises(TransportError, match="is complete, with 2 rows"):
            list(export)


@pytest.mark.parametrize("sized", [True, False])
def test_no_content_of_no_rows_is_no_rows(clock, sized):
    """204 for a complete result of 0 rows is that result; its body tells no length."""
    with CannedOrg({None: (b"", {"status": 204})}, 0, sized=sized) as canned_org:
        assert list(canned(canned_org, clock=clock).export("SELECT Id, Name FROM Thing")) == []


def test_a_version_that_the_server_refuses_is_an_error(clock):
    """409 is passed on."""
    with (
        CannedOrg({None: (b"[]", {"status": 409})}, 1) as org,
        pytest.raises((ApiFault, TransportError)),
    ):
        list(canned(org, clock=clock).export("SELECT Id, Name FROM Thing"))


# Fixed temp/output names under concurrency


def test_two_exports_to_one_file_do_not_mix(org, clock, numbered, tmp_path):
    """Each writes a part of its own name; the file is one of the two, whole."""
    numbered(350)
    target = tmp_path / "x.csv"

    def write(_):
        return org.connect(clock=clock).export(SOQL).to_csv(target)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [350] * 4
    whole = _csv_of(org.connect(clock=clock).export(SOQL), tmp_path)
    assert target.read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize(("write", "name"), [("to_csv", "x.csv"), ("to_parquet", "x.parquet")])
def test_a_failing_export_leaves_the_old_file(org, bulk, numbered, tmp_path, write, name):
    """The file changes at the end only, and nothing is left beside it."""
    numbered(350)
    target = tmp_path / name
    target.write_text("before")
    org.faults.add("html_error", route="bulk2.page", nth=3, times=0, status=400)
    with pytest.raises(UnexpectedResponse):
        getattr(bulk.export(SOQL), write)(target)
    assert target.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == [name]


# A flattener that keys by leaf name; all-null columns vanish


@every_way
def test_columns_are_full_paths_of_the_select(bulk, fill, way):
    """CreatedBy.Name and LastModifiedBy.Name are two columns; a column of nulls stays."""
    fill([{"Count__c": 1}])
    soql = "select createdby.name, LastModifiedBy.Name, text__c, Row__c.Count__c from Row__c"
    export = bulk.export(soql, **way)
    rows = list(export)
    assert list(rows[0]) == ["CreatedBy.Name", "LastModifiedBy.Name", "Text__c", "Count__c"]
    assert rows[0]["Text__c"] is None
    assert rows[0]["CreatedBy.Name"] == rows[0]["LastModifiedBy.Name"] == "Admin User"
