"""Files that hold rows: CSV, plain or compressed, and Parquet.

What a file is, is told by how it begins, and by its name only where it is too short for that. A
file is read once where it can be read only once, and refused where it changes while it is read.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from salesforce_bulk import limits
from salesforce_bulk.errors import BulkApiError, InvalidInput
from salesforce_bulk.extras import extra_module
from salesforce_bulk.formats.arrow_write import frame_rows
from salesforce_bulk.load.source import CHUNK_ROWS, Chunks, Source

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|^`"
_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
#: How other files begin, and what to do with them.
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive or a workbook of Excel (.xlsx): unpack the archive and give the "
                    "CSV in it; read a workbook with pandas.read_excel(path, dtype=str)"),
    (b"\xd0\xcf\x11\xe0", "a workbook of Excel (.xls): read it with pandas.read_excel(path, "
                          "dtype=str)"),
    (_PARQUET, "a Parquet file: give the path of it, unpacked, or "
              "pyarrow.parquet.read_table(file)"),
    (b"\xff\xff\xff\xff", "an Arrow stream: read it with pyarrow.ipc.open_stream(path).read_all()"),
    (b"%PDF", "a PDF document, and no CSV"),
    (b"ORC", "an ORC file: read it with pyarrow.orc.read_table(path)"),
    (b"ARROW1", "an Arrow file: read it with pyarrow.feather.read_table(path)"),
    (b"BZh", "compressed with bzip2: give bz2.open(path)"),
    (b"\xfd7zXZ\x00", "compressed with xz: give lzma.open(path)"),
    (b"SQLite format 3", "an SQLite database: give the rows of a query, "
                         "e.g. sqlite3.connect(path).execute(...) with row_factory=sqlite3.Row"),
)  # fmt: skip
_HEAD_BYTES = 16
#: Characters of a path in a message.
_SHOWN_CHARACTERS = 200
#: Characters that a caller's file is asked for at a time.
_PIECE = 1 << 16


class CsvLayout(NamedTuple):
    """What a caller says of a CSV file; None where the file is to tell it.

    Attributes:
        encoding: without it a byte order mark decides, else it is UTF-8.
        delimiter: without it what stands most often in the header.
        skip_rows: lines before the header.
        blank_rows: ``skip`` passes over records whose cells are all empty.
    """

    encoding: str | None = None
    delimiter: str | None = None
    skip_rows: int = 0
    blank_rows: str = "load"


def open_path(path: Path, layout: CsvLayout) -> Source:
    """The rows of the file of that name.

    Raises:
        InvalidInput: it cannot be read, or is no CSV and no Parquet.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            # A pipe gives its content once.
            return _once(path.open("rb"), layout)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except InvalidInput:
        raise  # it is a ValueError, too, and says more
    except (OSError, ValueError) as error:
        hint = " Is it the content? Then give io.StringIO(text)." if "\n" in str(path) else ""
        shown = repr(str(path)[:_SHOWN_CHARACTERS])
        raise InvalidInput(f"The file {shown} cannot be read: {_why(error)}.{hint}") from error
    if head.startswith(_PARQUET):
        return _parquet(path)
    if head.startswith((_GZIP, _ZSTD)):
        source = _once(path.open("rb"), layout)
        source.path = path
        return source
    _refuse_other_files(head, str(path))
    return _csv_path(path, encoding_of(head, layout.encoding), layout)


def _why(error: Exception) -> str:
    """What the system says, without the path again."""
    return getattr(error, "strerror", None) or str(error)


def open_file(file: IO[Any], layout: CsvLayout) -> Source:
    """The rows of an open file, which is read once, from where it stands."""
    with _readable(layout.encoding or "utf-8"):
        if isinstance(_piece(file, 0), str):
            lines, encoding = _lines_of(file), layout.encoding or "utf-8"
        else:
            lines, encoding = _decoded_lines(file, layout)
    columns, rows = _read(lines, encoding, layout)
    unchanged = _watch(file)

    def chunks() -> Chunks:
        yield from rows.chunks()
        unchanged()

    return Source(columns, chunks, encoding=encoding, delimiter=rows.delimiter)


def _once(file: IO[bytes], layout: CsvLayout) -> Source:
    """`open_file` of one that is closed at its end."""
    try:
        with _named(file.name):
            source = open_file(file, layout)
    except BaseException:
        file.close()
        raise
    inner = source.chunks

    def chunks() -> Chunks:
        with file, _named(file.name):
            yield from inner()

    source.chunks = chunks
    return source


def _csv_path(path: Path, encoding: str, layout: CsvLayout) -> Source:
    @contextmanager
    def opened() -> Iterator[IO[str]]:
        with path.open("r", encoding=encoding, newline="") as text, _named(path):
            yield text

    with opened() as text:
        unchanged = _watch(text)
        columns, rows = _read(_lines_of(text), encoding, layout)

    def chunks() -> Chunks:
        with opened() as text:
            _, again = _read(text, encoding, layout)
            yield from again.chunks()
            unchanged(text)

    return Source(columns, chunks, path=path, encoding=encoding, delimiter=rows.delimiter)


@contextmanager
def _named(path: object) -> Iterator[None]:
    """Tells which file it is that something is wrong with."""
    try:
        yield
    except InvalidInput as error:
        name = str(path)[:200]
        if not str(error).startswith(name):
            error.args = (f"{name}: {error}",)
        raise


def _parquet(path: Path) -> Source:
    parquet = extra_module("pyarrow.parquet", f"Loading the Parquet file {path}")
    arrow = import_module("pyarrow")
    try:
        file = parquet.ParquetFile(path)
        batches = file.iter_batches(batch_size=limits.BATCH_RECORDS)
        frame = frame_rows(arrow.RecordBatchReader.from_batches(file.schema_arrow, batches))
    except (arrow.ArrowException, OSError) as error:
        raise InvalidInput(f"The Parquet file {path} cannot be read: {error}.") from error

    def chunks() -> Chunks:
        try:
            yield from frame.chunks(CHUNK_ROWS)
        except (arrow.ArrowException, OSError) as error:
            what, _, _ = str(error).partition("\n")  # a traceback follows
            raise InvalidInput(
                f"The Parquet file {path} cannot be read to its end: {what}. Nothing was sent."
            ) from error

    return Source(frame.columns, chunks, path=path)


def _refuse_other_files(head: bytes, name: str) -> None:
    for start, kind in _OTHER_FILES:
        if head.startswith(start):
            raise InvalidInput(f"{name} is {kind}.")
    text = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
    if text.startswith(b"sep="):
        raise InvalidInput(
            f"{name} begins with a line that tells Excel its delimiter; pass over it with "
            "skip_rows=1."
        )
    if text.startswith((b"<?xml", b"<html", b"<!doctype")):
        raise InvalidInput(
            f"{name} is a page or a document in XML, and no CSV: was a login page saved in "
            "place of a download? Read XML rows with pandas.read_xml(path, dtype=str)."
        )
    if text.startswith((b"{", b"[")):
        raise InvalidInput(
            f"{name} is JSON: read it with json.load and give the list of dicts; of JSON lines "
            "give (json.loads(line) for line in file)."
        )


# That nothing changes meanwhile


def _watch(file: IO[Any]) -> Callable[..., None]:
    """What raises where the file is another one than now, or shorter, or longer."""
    before = _state(file)

    def unchanged(again: IO[Any] = file) -> None:
        after = _state(again)
        if before is None or after is None or after == before:
            return
        raise InvalidInput(
            f"The file {getattr(again, 'name', '')} changed while it was read: it had "
            f"{before[0]:,} bytes, now {after[0]:,}. Nothing was sent; load it when it is complete."
        )

    return unchanged


def _state(file: IO[Any]) -> tuple[int, int] | None:
    """Size and moment of the last change; None of what is no file on a disk."""
    try:
        found = os.fstat(file.fileno())
    except (AttributeError, OSError, ValueError):
        return None
    return (found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


# Lines


def _lines_of(file: IO[str]) -> Iterator[str]:
    """Lines as CSV has them: the file's own may end at other characters, or not at all."""
    rest = ""
    while piece := _piece(file, _PIECE):
        if not isinstance(piece, str):
            raise _no_pieces(file, f"gives {type(piece).__name__} behind text")
        lines = list(io.StringIO(rest + piece, newline=""))
        rest = lines.pop()  # the next piece may begin with the rest of its end
        yield from lines
        if len(rest) > limits.RECORD_CHARACTERS:
            raise _no_end()
    yield from io.StringIO(rest, newline="")


def _piece(file: Any, size: int) -> Any:
    """What a caller's file gives next."""
    try:
        piece = file.read(size)
    except TypeError as error:
        raise _no_pieces(file, f"cannot be read in pieces ({error})") from error
    except ValueError as error:
        if getattr(file, "closed", False):
            raise InvalidInput(
                f"The {type(file).__name__} is closed. Give the file's path, or load it before it "
                "is closed, within its with block."
            ) from error
        raise
    if piece is None and size:
        raise _no_pieces(file, "has nothing to give yet; it does not block")
    return piece


def _no_pieces(file: Any, why: str) -> InvalidInput:
    return InvalidInput(
        f"The {type(file).__name__} {why}. Nothing was sent. Read it yourself and give its content "
        "in io.BytesIO or io.StringIO."
    )


def _decoded_lines(file: IO[bytes], layout: CsvLayout) -> tuple[Iterator[str], str]:
    """The lines of bytes, and in what encoding they are."""
    buffered: io.BufferedReader[Any] = io.BufferedReader(_Raw(file))
    head = buffered.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    if head.startswith(_GZIP):
        buffered = io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=buffered)))
    elif head.startswith(_ZSTD):
        buffered = io.BufferedReader(_zstd_reader(buffered))
    head = buffered.peek(_HEAD_BYTES)[:_HEAD_BYTES]
    _refuse_other_files(head, str(getattr(file, "name", "The file")))
    encoding = encoding_of(buffered.peek(4)[:4], layout.encoding)
    return _lines_of(io.TextIOWrapper(buffered, encoding=encoding, newline="")), encoding


def _zstd_reader(file: IO[bytes]) -> Any:
    try:
        return import_module("compression.zstd").ZstdFile(file, "rb")
    except ImportError:
        pass
    try:
        arrow = import_module("pyarrow")
    except ImportError as error:
        raise InvalidInput(
            "Reading .zst takes Python 3.14, or pyarrow: pip install 'salesforce-bulk[arrow]'."
        ) from error
    return _Raw(arrow.CompressedInputStream(arrow.PythonFile(file, "r"), "zstd"))


class _Raw(io.RawIOBase):
    """A caller's file for `io.BufferedReader`, which would close it."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        # Some files give more than they are asked for.
        piece = self._rest or _piece(self._file, len(target))
        if not isinstance(piece, (bytes, bytearray, memoryview)):
            raise _no_pieces(self._file, f"gives {type(piece).__name__} behind bytes")
        taken, self._rest = piece[: len(target)], bytes(piece[len(target) :])
        target[: len(taken)] = taken
        return len(taken)


def encoding_of(head: bytes, given: str | None) -> str:
    """The encoding of a file that begins with these bytes."""
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    if given is None:
        return marked or "utf-8"
    try:
        "".encode(given)  # lookup() finds "hex" and "zip", too, which are of no texts
        plain = codecs.lookup(given).name
    except (LookupError, UnicodeError) as error:
        raise InvalidInput(
            f"encoding={given!r} is no encoding of texts, such as 'utf-8' or 'cp1252'."
        ) from error
    if marked is not None and not plain.startswith(marked.removesuffix("-sig")):
        # Its mark would be the beginning of the first column's name.
        raise InvalidInput(
            f"The file says by its byte order mark that it is {marked.removesuffix('-sig')}, "
            f"encoding= says {given}. Leave encoding= out."
        )
    return "utf-8-sig" if plain == "utf-8" else given


# Records


class _CsvRows(NamedTuple):
    """The rows below a header.

    Attributes:
        lines: not yet read.
        width: of the header; ``named`` columns of it have names.
    """

    lines: Iterator[str]
    delimiter: str
    encoding: str
    width: int
    named: int
    blank_rows: str

    def chunks(self) -> Chunks:
        first = 1
        for chunk in _records(self.lines, self.delimiter, self.encoding):
            # Before rows are numbered: the numbers are those of results.
            rows = list(filter(any, chunk)) if self.blank_rows == "skip" else chunk
            if not rows:
                continue
            if set(map(len, rows)) != {self.width} or self.width != self.named:
                rows = [self._cut(record, at) for at, record in enumerate(rows, first)]
            first += len(rows)
            yield rows

    def _cut(self, record: list[str], number: int) -> list[str]:
        """The cells of named columns; spreadsheets write empty ones behind them."""
        if len(record) < self.named or any(record[self.named :]):
            raise InvalidInput(
                f"Row {number} has {_cells(len(record))}, the header has {self.named}. "
                "Is a quote missing?",
                row=number,
            )
        return record[: self.named]


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count:,} cells"


def _read(lines: Iterator[str], encoding: str, layout: CsvLayout) -> tuple[list[str], _CsvRows]:
    """The names of the columns, and the rows below them."""
    with _readable(encoding):
        for _ in range(layout.skip_rows):
            next(lines, None)
        record = _first_record(lines)
        _refuse_other_files(record[:_HEAD_BYTES].encode("utf-8", "replace"), "The file")
        if "\0" in record:
            raise InvalidInput(
                "The header holds NUL characters: is the file UTF-16 without a byte order mark? "
                "Give encoding='utf-16-le', or 'utf-16-be'."
            )
        delimiter, header = _read_header(record, encoding, layout.delimiter)
    names = list(header)
    while len(names) > 1 and not names[-1].strip():
        names.pop()
    rows = _CsvRows(lines, delimiter, encoding, len(header), len(names), layout.blank_rows)
    return names, rows


def _read_header(record: str, encoding: str, delimiter: str | None) -> tuple[str, list[str]]:
    """The delimiter and the names; the delimiter is what stands most often outside of quotes."""
    header = record.removeprefix("\ufeff")
    if delimiter is None:
        unquoted = "".join(header.split('"')[::2])
        counts = {one: unquoted.count(one) for one in _DELIMITERS}
        best = max(counts, key=lambda one: counts[one])
        delimiter = best if counts[best] else ","
    chunk = next(_records(io.StringIO(header, newline=""), delimiter, encoding), None)
    if chunk is None:
        raise InvalidInput("The file is empty; its first line names the columns.")
    return delimiter, chunk[0]


def _first_record(lines: Iterator[str]) -> str:
    """Lines up to where no quote is open; a field name with a line break is no field's."""
    header = ""
    for line in lines:
        header += line
        if header.count('"') % 2 == 0 and header.strip("\ufeff\r\n"):
            break
        if len(header) > limits.RECORD_CHARACTERS:
            raise _no_end()
    return header


def _no_end() -> InvalidInput:
    return InvalidInput("A record of the file has no end; is it CSV?")


def _records(lines: Iterable[str], delimiter: str, encoding: str) -> Iterator[list[list[str]]]:
    """Chunks of records; blank lines are none."""
    # strict: without it a file that ends within quotes would pass as complete.
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    first = 1
    while True:
        chunk: list[list[str]] = []
        try:
            with _readable(encoding):
                chunk.extend(islice(reader, CHUNK_ROWS))
        except csv.Error as error:
            raise InvalidInput(
                f"Row {first + len(chunk)} of the file is not readable as CSV: {error}. "
                "Is a quote missing, or one too many?",
                row=first + len(chunk),
            ) from error
        if not chunk:
            return
        filled = [record for record in chunk if record] if [] in chunk else chunk
        first += len(filled)
        if filled:
            yield filled


def _unreadable_errors() -> tuple[type[Exception], ...]:
    """What reading raises, by the modules as well that the caller may have opened the file with."""
    modules = {"lzma": "LZMAError", "compression.zstd": "ZstdError"}
    archives = [
        getattr(sys.modules[one], name) for one, name in modules.items() if one in sys.modules
    ]
    return EOFError, zlib.error, OSError, *archives


@contextmanager
def _readable(encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise InvalidInput(
            f"The file is not {encoding.removesuffix('-sig')}: {error}. "
            "Give encoding=, e.g. encoding='cp1252'."
        ) from error
    except BulkApiError:
        raise  # some are OSErrors, too, and say more
    except _unreadable_errors() as error:
        raise InvalidInput(
            f"The file cannot be read to its end: {error}. Nothing was sent."
        ) from error
