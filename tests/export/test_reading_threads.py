"""Threads that read ahead: what they deliver, what they raise, and that they end."""

import itertools
import subprocess
import sys
import tempfile
import threading
from contextlib import nullcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import read_ahead
from salesforce_bulk.own_thread import gathered, in_own_thread

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
    reading = in_own_thread(pieces_then(pieces, Broken() if breaks else None), lambda: None)
    with pytest.raises(Broken) if breaks else nullcontext():
        for piece in reading:
            got.append(piece)
    assert got == pieces


@given(sizes=st.lists(st.integers(0, 2_000_000), max_size=8))
def test_gathered_pieces_are_the_same(sizes):
    """Gathering changes neither the pieces nor their order, and yields nothing empty."""
    pieces = [bytes(size) for size in sizes]
    some = list(gathered(pieces))
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

    pieces = in_own_thread(endless(), waits.set)
    next(pieces)
    with pytest.raises(leave):
        pieces.throw(leave)
    assert ended.is_set()
    assert not readers()


def test_a_forgotten_reader_does_not_keep_the_interpreter():
    """A program that ends in the middle of reading ends."""
    program = (
        "from salesforce_bulk.own_thread import in_own_thread\n"
        "pieces = in_own_thread((bytes(1 << 20) for _ in range(99)), lambda: None)\n"
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
    files = []
    monkeypatch.setattr(read_ahead, "_MEMORY_BYTES", 0)
    opened = tempfile.TemporaryFile
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: files.append(opened()) or files[-1])
    assert list(export) == calm
    assert len(files) == 5
    assert all(file.closed for file in files)
    assert to_csv(export, tmp_path) == (tmp_path / "calm.csv").read_bytes()
