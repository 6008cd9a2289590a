"""Threads that read ahead: what they deliver, what they raise, and that they end."""

import gzip
import hashlib
import io
import itertools
import random
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from contextlib import nullcontext, suppress

import pytest
from canned_org import PageLists
from fast_clock import FastClock
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import ReconciliationError, SalesforceBulk
from salesforce_bulk.export import read_ahead
from salesforce_bulk.export.reader_thread import grouped, read_in_thread

SOQL = "SELECT Count__c FROM Row__c"


class Broken(Exception):
    """What a test breaks with."""


def pieces_then(pieces, error):
    yield from pieces
    if error is not None:
        raise error


def readers():
    return {t for t in threading.enumerate() if t.name.startswith("salesforce-bulk-")}


@given(sizes=st.lists(st.integers(0, 400_000), max_size=12), breaks=st.booleans())
def test_a_thread_delivers_what_it_was_given(sizes, breaks):
    """Every piece in its order, and an error behind all that came before it."""
    pieces = [bytes([n]) * size for n, size in enumerate(sizes)]
    got = []
    reading = read_in_thread(pieces_then(pieces, Broken() if breaks else None), lambda: None)
    with pytest.raises(Broken) if breaks else nullcontext():
        for piece in reading:
            got.append(piece)
    assert got == pieces


@given(sizes=st.lists(st.integers(0, 2_000_000), max_size=8))
def test_gathered_pieces_are_the_same(sizes):
    """Gathering changes neither the pieces nor their order, and yields nothing empty."""
    pieces = [bytes(size) for size in sizes]
    some = list(grouped(pieces))
    assert list(itertools.chain.from_iterable(some)) == pieces
    assert all(some)


@pytest.mark.parametrize("leave", [GeneratorExit, KeyboardInterrupt])
def test_who_leaves_early_ends_the_thread(leave):
    """The thread is interrupted where it waits, and its pieces are closed there."""
    waits, ended = threading.Event(), threading.Event()

    def endless():
        try:
            for _ in range(4):
                yield bytes(2_000_000)
            waits.wait(60)
            yield b""
        finally:
            ended.set()

    pieces = read_in_thread(endless(), waits.set)
    next(pieces)
    with pytest.raises(leave):
        pieces.throw(leave)
    assert ended.is_set()
    assert not readers()


def test_a_forgotten_reader_does_not_keep_the_interpreter():
    """A program that ends in the middle of reading ends."""
    program = (
        "from salesforce_bulk.export.reader_thread import read_in_thread\n"
        "pieces = read_in_thread((bytes(1 << 20) for _ in range(99)), lambda: None)\n"
        "print(len(next(pieces)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == f"{1 << 20}\n"


@pytest.mark.parametrize("parallel", [1, 4])
def test_leaving_a_reading_leaves_no_thread(org, bulk, numbered, parallel):
    """Neither a reader that stops in the middle nor one that fails keeps threads or sockets."""
    numbered(450)
    export = bulk.export(SOQL, parallel=parallel)
    for read in (iter, lambda e: e.arrow_batches()):
        rows = iter(read(export))
        next(rows)
        del rows
        assert not readers()

    class Full:
        def write(self, _):
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space") as kept:
        export.to_csv(Full())
    assert not readers()
    assert kept.value.__traceback__ is not None


def test_an_error_between_two_pages_keeps_no_thread():
    """Pages that are too many end those that are read ahead."""
    body = (b'"Name"\n"a"\n', {"Sforce-NumberOfRecords": "1"})
    with PageLists(
        dict.fromkeys((None, "L1", "L2"), body), 1, {None: ([None, "L1", "L2"], None)}
    ) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock())
        with pytest.raises(ReconciliationError) as kept:
            list(bulk.export("SELECT Name FROM Thing", parallel=2))
    assert not readers()
    assert kept.value.__traceback__ is not None


@pytest.mark.parametrize("kind", ["cut", "reset_during", "cut_unsized"])
def test_a_page_that_breaks_beside_the_others_is_mended(org, bulk, numbered, kind, tmp_path):
    """Read side by side, each page may break; rows and file come whole and in order."""
    numbered(450)
    bulk.export(SOQL).to_csv(tmp_path / "calm.csv")
    calm, whole = list(bulk.export(SOQL)), (tmp_path / "calm.csv").read_bytes()
    org.faults.clear()
    for read in (list, lambda e: e.to_arrow().to_pylist(), lambda e: to_csv(e, tmp_path)):
        for page in (1, 3, 4):
            org.faults.add(kind, route="bulk2.page", nth=page, after_bytes=700)
        came = read(bulk.export(SOQL, parallel=3))
        assert came == (whole if isinstance(came, bytes) else calm)
        assert len(org.faults.fired) >= 2
        org.faults.clear()


def to_csv(export, folder):
    export.to_csv(folder / "broken.csv")
    return (folder / "broken.csv").read_bytes()


def test_pages_that_wait_may_wait_in_files(bulk, numbered, monkeypatch, tmp_path):
    """What does not fit into memory comes from a temporary file, the same and in order."""
    numbered(450)
    calm, export = list(bulk.export(SOQL)), bulk.export(SOQL, parallel=3)
    bulk.export(SOQL).to_csv(tmp_path / "calm.csv")
    files, made = [], threading.Event()
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", 0)
    opened = tempfile.TemporaryFile

    def counted():
        files.append(opened())
        made.set()
        return files[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", counted)
    rows = iter(export)
    first = next(rows)
    assert made.wait(60)
    assert [first, *rows] == calm
    assert files
    assert all(file.closed for file in files)
    assert to_csv(export, tmp_path) == (tmp_path / "calm.csv").read_bytes()


def large_page():
    """A page that does not compress, so that many pieces of it come over the wire."""
    chance = random.Random(7)
    rows = "".join(f'"{chance.randbytes(30).hex()}"\n' for _ in range(30_000))
    return b'"Name"\n' + rows.encode()


def read_page(answers, **options):
    with PageLists({None: answers}, 30_000, {None: ([None], None)}) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock())
        target = io.BytesIO()
        bulk.export("SELECT Name FROM Thing", **options).to_csv(target)
    return target.getvalue()


@pytest.mark.parametrize("memory", [0, 300_000])
def test_a_page_that_is_read_keeps_the_server_waiting(memory, monkeypatch):
    """A page larger than the memory for it comes whole to a reader that is at work."""
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", memory)
    page = large_page()
    assert read_page((page, {"Sforce-NumberOfRecords": "30000"}), parallel=2) == page


@pytest.mark.parametrize("memory", [0, 1 << 25])
def test_a_damaged_page_is_fetched_again_while_it_still_comes(memory, monkeypatch):
    """Compressed data that are damaged show where they are read, and the page is fetched anew."""
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", memory)
    page = large_page()
    packed = gzip.compress(page)
    damaged = packed[:10] + b"\xff" * 64 + packed[74:]
    headers = {"Sforce-NumberOfRecords": "30000", "Content-Encoding": "gzip"}
    answers = [(damaged, headers), (packed, headers)]
    assert read_page(answers, parallel=2) == page
    assert not readers()


def test_a_slow_reader_lets_little_of_a_page_wait(monkeypatch):
    """What the wire brings sooner than it is read stays with the server, not in memory."""
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", 1 << 20)
    rows = 400_000
    page = b'"Name"\n' + b'"%050d"\n' % 7 * rows
    answers = {None: (page, {"Sforce-NumberOfRecords": str(rows)})}
    with PageLists(answers, rows, {None: ([None], None)}) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock())
        export = bulk.export("SELECT Name FROM Thing", parallel=2)

        class Slow:
            def write(self, piece):
                hashlib.pbkdf2_hmac("sha256", b"", b"", 5_000)  # other threads run meanwhile

            def flush(self):
                pass

        tracemalloc.start()
        try:
            export.to_csv(Slow())
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < len(page) / 2


class Stalled(PageLists):
    """A page of one record, and a second one of so many; half of that is sent when told to."""

    def __init__(self, records):
        header, record = b'"Name"\n', b'"%050d"\n' % 7
        pages = {None: (header + record, {"Sforce-Locator": "L1"}), "L1": (header, {})}
        super().__init__(pages, 1 + records, {None: ([None, "L1"], None)})
        self.half, self.rest = header + record * (records // 2), record * (records // 2)
        self.stalls, self.go_on = threading.Event(), threading.Event()

    def _send(self, handler, body, headers, kind):
        if body != self.pages["L1"][0]:
            return super()._send(handler, body, headers, kind)
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(self.half) + len(self.rest)))
        handler.end_headers()
        handler.wfile.write(self.half)
        self.stalls.set()
        self.go_on.wait(100)
        handler.close_connection = True
        with suppress(ConnectionError):
            handler.wfile.write(self.rest)
        return None


@pytest.mark.parametrize("parallel", [1, 2])
def test_leaving_pages_that_stall_needs_no_timeout(parallel):
    """Whoever leaves while the server says nothing does not wait for it."""
    with Stalled(40_000) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock(), timeout=600)
        rows = iter(bulk.export("SELECT Name FROM Thing", parallel=parallel))
        next(rows)
        if parallel == 1:
            next(rows)
        assert org.stalls.wait(60)
        del rows
        assert not readers()
        org.go_on.set()


class Silent(Stalled):
    """Says nothing at all where it is asked for the second page."""

    def _send(self, handler, body, headers, kind):
        if body != self.pages["L1"][0]:
            return super()._send(handler, body, headers, kind)
        self.stalls.set()
        self.go_on.wait(10)
        handler.close_connection = True
        return None


def test_leaving_a_page_that_has_not_begun_waits_for_no_repeats(monkeypatch):
    """Its request is the last one, and its thread ends with it."""
    monkeypatch.setattr(read_ahead, "_PATIENCE", 0.01)
    with Silent(2) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock(), timeout=600)
        rows = iter(bulk.export("SELECT Name FROM Thing", parallel=2))
        next(rows)
        assert org.stalls.wait(60)
        del rows
        late = readers()
        org.go_on.set()
        for thread in late:
            thread.join(60)
    assert late
    assert sum("L1" in path for path in org.asked) == 1


def test_a_page_that_waits_in_a_file_is_read_on_from_the_wire(monkeypatch):
    """A reader that reaches a page while it still comes gets what the file has, then the rest."""
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", 0)
    with Stalled(400_000) as org:
        bulk = SalesforceBulk(sessionId="00D!x", host=org.host, clock=FastClock())
        rows = iter(bulk.export("SELECT Name FROM Thing", parallel=2, raw=True))
        next(rows)
        assert org.stalls.wait(60)
        next(rows)
        org.go_on.set()
        assert sum(1 for _ in rows) == 399_999
