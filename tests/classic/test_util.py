"""IteratorBytesIO: every use that programs of 2.2.0 make of it, and the bytes it must not lose."""

from __future__ import annotations

import codecs
import csv
import gc
import io
import json
import pickle
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest
import requests
import unicodecsv
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import super_len

from salesforce_bulk.util import IteratorBytesIO

CSV = b'"Id","Name"\r\n"1","caf\xc3\xa9"\r\n"2","two\nlines"\r\n'
ROWS = [{"Id": "1", "Name": "café"}, {"Id": "2", "Name": "two\nlines"}]

pieces_of_bytes = st.lists(st.binary(max_size=40))


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def file_of(data: bytes = CSV, size: int = 7) -> IteratorBytesIO:
    return IteratorBytesIO(in_pieces(data, size))


class Watched:
    """An iterator that can be closed, and says how far it was read."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = iter(pieces)
        self.taken = 0
        self.closed = False

    def __iter__(self) -> Watched:
        return self

    def __next__(self) -> bytes:
        piece = next(self.pieces)
        self.taken += 1
        return piece

    def close(self) -> None:
        self.closed = True


# Reading


@given(pieces_of_bytes)
def test_any_pieces_read_back_as_one(pieces: list[bytes]) -> None:
    assert IteratorBytesIO(iter(pieces)).read() == b"".join(pieces)


@given(pieces_of_bytes, st.lists(st.integers(min_value=0, max_value=50), max_size=30))
def test_reads_of_any_size_in_a_row_lose_nothing(pieces: list[bytes], sizes: list[int]) -> None:
    file = IteratorBytesIO(iter(pieces))
    parts = [file.read(size) for size in sizes]
    whole = b"".join(pieces)
    position = 0
    for size, part in zip(sizes, parts, strict=True):
        assert part == whole[position : position + size]
        position += len(part)
    assert b"".join(parts) + file.read() == whole


@given(st.lists(st.text(alphabet="ab\r\n\x0b\x0c\x85\u2028é", max_size=6)))
def test_any_pieces_iterate_by_newline_only(texts: list[str]) -> None:
    pieces = [text.encode() for text in texts]
    assert list(IteratorBytesIO(iter(pieces))) == list(io.BytesIO(b"".join(pieces)))


@given(pieces_of_bytes, st.lists(st.sampled_from(["read", "line", "next", "into"]), max_size=20))
def test_reads_and_lines_mixed_lose_nothing(pieces: list[bytes], calls: list[str]) -> None:
    file, plain = IteratorBytesIO(iter(pieces)), io.BytesIO(b"".join(pieces))
    for call in calls:
        if call == "into":
            ours, theirs = bytearray(5), bytearray(5)
            assert file.readinto(ours) == plain.readinto(theirs)
            assert ours == theirs
            continue
        read = {
            "read": lambda source: source.read(3),
            "line": lambda source: source.readline(),
            "next": lambda source: next(source, b""),
        }[call]
        assert read(file) == read(plain)
    assert file.read() == plain.read()


@pytest.mark.parametrize("everything", [(), (None,), (-1,)])
def test_read_without_a_size_reads_everything(everything: tuple[int | None, ...]) -> None:
    assert file_of().read(*everything) == CSV


def test_read_of_nothing_takes_nothing() -> None:
    source = Watched(b"abc")
    assert IteratorBytesIO(source).read(0) == b""
    assert source.taken == 0


def test_the_end_is_empty_bytes_each_time() -> None:
    file = file_of(b"ab")
    assert [file.read(5), file.read(5), file.read(), file.readline()] == [b"ab", b"", b"", b""]


def test_none_is_an_empty_file() -> None:
    assert IteratorBytesIO(None).read() == b""
    assert list(IteratorBytesIO(None)) == []


def test_an_empty_piece_is_not_the_end() -> None:
    assert IteratorBytesIO(iter([b"a", b"", b"", b"b"])).read() == b"ab"
    assert IteratorBytesIO([b"", b"a\n", b"", b"b"]).readlines() == [b"a\n", b"b"]


def test_a_piece_that_is_none_is_an_error_and_not_the_end() -> None:
    with pytest.raises(TypeError):
        IteratorBytesIO(iter([b"a", None, b"b"])).read()


@pytest.mark.parametrize("piece", [b"ab", bytearray(b"ab"), memoryview(b"ab"), [97, 98]])
def test_what_2_2_0_took_as_a_piece(piece: object) -> None:
    assert IteratorBytesIO([piece]).read() == b"ab"


def test_lists_tuples_and_files_are_taken_as_well_as_iterators() -> None:
    assert IteratorBytesIO([b"a", b"b"]).read() == b"ab"
    assert IteratorBytesIO((b"a", b"b")).read() == b"ab"
    assert IteratorBytesIO(io.BytesIO(CSV)).read() == CSV


def test_readline_readlines_and_next_give_bytes_with_their_newline() -> None:
    lines = CSV.splitlines(keepends=True)
    assert file_of().readline() == lines[0]
    assert file_of().readlines() == lines
    assert next(file_of()) == lines[0]
    assert file_of().readline(4) == CSV[:4]


def test_readall_read1_readinto_and_peek_are_there() -> None:
    file = file_of(b"abcdef", 2)
    assert file.peek()[:1] == b"a"
    target = bytearray(2)
    assert (file.readinto(target), target) == (2, b"ab")
    assert file.read1(1) == b"c"
    assert (file.readinto1(target), target[:1]) == (1, b"d")
    assert file.readall() == b"ef"


def test_an_unsized_read_takes_no_more_pieces_than_asked_for() -> None:
    """A line at the front of a large download comes before the rest of it is fetched."""
    source = Watched(*[b"x" * 1_000 + b"\n"] * 1_000)
    assert IteratorBytesIO(source).readline() == b"x" * 1_000 + b"\n"
    assert source.taken < 100


def test_it_is_a_readable_unseekable_io_object() -> None:
    file = file_of()
    assert isinstance(file, io.IOBase)
    assert file.readable()
    assert not file.writable()
    assert not file.seekable()
    assert not file.closed


def test_an_error_of_the_iterator_reaches_every_kind_of_reader() -> None:
    def broken() -> Iterator[bytes]:
        yield b"a\nb"
        raise ConnectionResetError("cut")

    for read in (
        lambda file: file.read(),
        lambda file: file.read(100),
        list,
        json.load,
        lambda file: io.TextIOWrapper(file, "utf-8").read(),
        lambda file: list(unicodecsv.reader(file)),
    ):
        with pytest.raises(ConnectionResetError, match="cut"):
            read(IteratorBytesIO(broken()))


# The uses that callers make of it


def test_json_load() -> None:
    assert json.load(file_of(b'[{"Name": "caf\xc3\xa9"}]', 3)) == [{"Name": "café"}]


def test_text_wrapper_decodes_across_pieces() -> None:
    with io.TextIOWrapper(file_of(size=1), "utf-8", newline="") as text:
        assert list(csv.DictReader(text)) == ROWS


def test_buffered_reader() -> None:
    with io.BufferedReader(file_of()) as buffered:
        assert buffered.read() == CSV


def test_codecs_reader_and_iterdecode() -> None:
    assert codecs.getreader("utf-8")(file_of()).read() == CSV.decode()
    assert "".join(codecs.iterdecode(file_of(), "utf-8")) == CSV.decode()


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_unicodecsv_dict_reader(size: int) -> None:
    reader = unicodecsv.DictReader(file_of(size=size), encoding="utf-8")
    assert [dict(row) for row in reader] == ROWS


def test_elementtree_parse() -> None:
    assert ET.parse(file_of(b"<a><b>1</b></a>", 2)).findtext("b") == "1"


def test_copyfileobj() -> None:
    target = io.BytesIO()
    shutil.copyfileobj(file_of(), target)
    assert target.getvalue() == CSV


def test_upload_as_a_request_body_is_chunked() -> None:
    prepared = requests.Request("POST", "http://localhost/", data=file_of()).prepare()
    assert prepared.headers["Transfer-Encoding"] == "chunked"
    assert b"".join(prepared.body) == CSV
    assert super_len(file_of()) == 0


def test_a_file_wrapped_again_reads_the_same() -> None:
    assert IteratorBytesIO(file_of()).read() == CSV
    assert json.load(IteratorBytesIO(IteratorBytesIO([b"[1,", b"2]"]))) == [1, 2]


def test_a_file_wrapped_again_goes_on_where_the_first_stood() -> None:
    first = file_of()
    first.readline()
    again = IteratorBytesIO(first)
    assert again.readline() == b'"1","caf\xc3\xa9"\r\n'
    assert first.read() == b'"2","two\nlines"\r\n'


# Dropping and closing


def test_lines_of_a_file_that_nobody_holds_are_all_there() -> None:
    """`for line in IteratorBytesIO(x)` keeps only the iterator."""
    lines = sum(1 for _ in IteratorBytesIO(b"%d\n" % number for number in range(50_000)))
    assert lines == 50_000


def test_records_of_a_file_that_nobody_holds_are_all_there() -> None:
    reader = unicodecsv.reader(IteratorBytesIO(b"%d,x\r\n" % number for number in range(50_000)))
    gc.collect()
    assert sum(1 for _ in reader) == 50_000


def test_a_dropped_wrapper_leaves_the_wrapped_file_in_use() -> None:
    data = b"line\n" * 50_000
    file = file_of(data, 1_000)
    assert IteratorBytesIO(file).readline() == b"line\n"
    gc.collect()
    assert len(file.read()) == len(data) - 5


def test_dropping_the_last_holder_ends_the_generator() -> None:
    ended = []

    def pieces() -> Iterator[bytes]:
        try:
            yield b"a\n"
            yield b"b\n"
        finally:
            ended.append(True)

    file = IteratorBytesIO(pieces())
    file.read(1)
    del file
    gc.collect()
    assert ended == [True]


def test_closing_closes_the_iterator_and_reading_on_is_an_error() -> None:
    source = Watched(b"a\nb\n", b"c\n")
    file = IteratorBytesIO(source)
    file.readline()
    file.close()
    file.close()
    assert source.closed
    assert file.closed
    for read in (file.read, file.readline, lambda: next(iter(file)), lambda: file.read(1)):
        with pytest.raises(ValueError, match="closed"):
            read()


def test_a_file_closed_behind_its_end_reads_as_empty() -> None:
    """As in 2.2.0: a TextIOWrapper closes the file below it when it is dropped."""
    source = Watched(b"a\nb\n", b"c\n")
    file = IteratorBytesIO(source)
    assert len(list(io.TextIOWrapper(file, "utf-8"))) == 3
    gc.collect()
    assert file.closed
    assert source.closed
    assert (file.read(), file.read(2), file.readline(), list(file.readlines())) == (b"",) * 3 + (
        [],
    )
    with pytest.raises(ValueError, match="closed"):
        iter(file)


def test_a_with_block_closes() -> None:
    source = Watched(b"a")
    with IteratorBytesIO(source) as file:
        assert file.read() == b"a"
    assert source.closed


def test_closing_a_wrapper_closes_the_wrapped_file() -> None:
    source = Watched(b"a", b"b")
    file = IteratorBytesIO(source)
    with IteratorBytesIO(file):
        pass
    assert source.closed
    assert file.closed


def test_closing_an_iterator_without_close_is_no_error() -> None:
    file = IteratorBytesIO([b"a"])
    file.close()
    assert file.closed


def test_the_iterator_attribute_is_what_feeds_the_file() -> None:
    source = iter([b"a"])
    assert IteratorBytesIO(source).iterator is source


def test_a_thing_that_is_no_iterable_is_refused_at_once() -> None:
    with pytest.raises(TypeError):
        IteratorBytesIO(5)


def test_a_file_does_not_pickle() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(file_of())


def breaking() -> Iterator[bytes]:
    yield b"a"
    raise OSError("broke off")


def test_a_failure_shows_nothing_of_what_stood_in_the_memory_before() -> None:
    """Buffers are made of memory that was freed, headers with a session among it, and tracebacks
    with locals show them."""
    memory = bytearray(b"session " * IteratorBytesIO.BUFFER_SIZE)
    with pytest.raises(OSError, match="broke off"):
        IteratorBytesIO(breaking()).readinto(memory)
    assert b"session" not in memory
