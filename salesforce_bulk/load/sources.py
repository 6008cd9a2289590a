"""Anything that holds rows, read as columns and chunks of row tuples.

`open_source` takes an iterable of mappings, the path of a CSV file, an open file, a frame, an
Arrow table or anything else with ``__arrow_c_stream__``. Rows are numbered from 1 in the order in
which they come; a header is not counted.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.arrow_write import frame_rows, is_arrow_stream
from salesforce_bulk.formats.row_encoder import ColumnChunk
from salesforce_bulk.formats.values import CLEAR, MISSING, Unwritable, to_text

#: Rows that are handled at a time: enough for C to do the work, little to hold.
CHUNK_ROWS = 500
#: Rows of dicts whose keys are looked at before the columns are fixed.
LOOK_AHEAD_ROWS = 1_000

Row = Sequence[Any]
Chunks = Iterator[Sequence[Row]]

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = ",;\t|^`"


class Source:
    """Rows to be loaded.

    Args:
        columns: their names, as the caller wrote them.
        chunks: called once; gives lists of row tuples as long as ``columns``.
        records: the caller's own records where they are in memory anyway, else None.
        path: the file that the rows come from, where that is one.
        encoding: what the file was read with.
        delimiter: between its cells.
    """

    def __init__(
        self,
        columns: Sequence[str],
        chunks: Callable[[], Chunks],
        *,
        records: Sequence[Mapping[str, Any]] | None = None,
        path: Path | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.chunks = chunks
        self.records = records
        self.path = path
        self.encoding = encoding
        self.delimiter = delimiter
        _refuse_headers(self.columns)


def open_source(
    records: Any,
    *,
    encoding: str | None = None,
    key_only: bool = False,
) -> Source:
    """The rows of whatever the caller has.

    Args:
        records: an iterable of mappings (nested mappings are relationships), a CSV file's path,
            an open CSV file (text or bytes), or anything with ``__arrow_c_stream__``.
        encoding: of a CSV file; without it a byte order mark decides, else it is UTF-8.
        key_only: whether plain texts are taken as Ids, for deletes.

    Raises:
        InvalidInput: not rows, no columns, an empty or a repeated header.
    """
    if key_only and _looks_like_id(records):
        return Source(["Id"], lambda: iter([[(records,)]]))
    if isinstance(records, (str, Path)):
        return _csv_path(Path(records), encoding)
    # A Series of pandas is a stream of Arrow's only since pandas 3.
    if is_arrow_stream(records) or hasattr(records, "to_frame"):
        frame = frame_rows(_as_frame(records, key_only))
        return Source(frame.columns, lambda: frame.chunks(CHUNK_ROWS))
    if hasattr(records, "read"):
        return _csv_file(records, encoding)
    if isinstance(records, (Mapping, bytes, bytearray, memoryview)) or not isinstance(
        records, Iterable
    ):
        raise _not_rows(records)
    return _mappings(records, key_only)


def _as_frame(records: Any, key_only: bool) -> Any:
    """The frame itself, or one of the Ids where it is a column of them."""
    if not hasattr(records, "to_frame"):
        return records
    if not key_only:
        raise _not_rows(records)
    return records.to_frame("Id")


def _looks_like_id(records: Any) -> bool:
    return isinstance(records, str) and len(records) in (15, 18) and records.isalnum()


def _not_rows(records: Any) -> InvalidInput:
    kind = type(records).__name__
    hint = {
        "dict": "put it in a list",
        "bytes": "wrap it in io.BytesIO",
        "LazyFrame": "call .collect() first",
        "Series": "give a frame, which names its columns",
    }.get(kind, "give dicts, a CSV file or its path, or a frame")
    return InvalidInput(f"A {kind} holds no rows: {hint}.")


def _refuse_headers(columns: Sequence[str]) -> None:
    if not columns:
        raise InvalidInput("The rows have no columns.")
    if len(columns) > limits.RECORD_FIELDS:
        raise InvalidInput(
            f"{len(columns):,} columns; a record takes {limits.RECORD_FIELDS:,} fields."
        )
    seen: dict[str, str] = {}
    for position, column in enumerate(columns, 1):
        if not column.strip():
            raise InvalidInput(f"Column {position} has no name.")
        before = seen.setdefault(column.lower(), column)
        if len(seen) < position:
            raise InvalidInput(
                f"The column {column!r} comes twice (also as {before!r}); Salesforce would "
                "refuse the rows.",
                column=column,
            )


# Mappings


def _mappings(records: Iterable[Any], key_only: bool) -> Source:
    rows = iter(records)
    ahead = list(islice(rows, LOOK_AHEAD_ROWS))
    if not ahead:
        return _NoRows()
    if key_only and all(isinstance(row, str) for row in ahead):
        return Source(["Id"], lambda: _id_chunks(chain(ahead, rows)))
    reader = _MappingReader(ahead)
    # A copy: the caller may fill the list anew while its rows are on their way.
    kept = tuple(records) if isinstance(records, (list, tuple)) else None
    return Source(reader.columns, lambda: reader.chunks(chain(ahead, rows)), records=kept)


class _NoRows(Source):
    """No rows, hence no columns to know."""

    def __init__(self) -> None:
        super().__init__(["none"], lambda: iter(()))
        self.columns = ()


def _id_chunks(ids: Iterator[Any]) -> Chunks:
    while chunk := list(islice(ids, CHUNK_ROWS)):
        yield [(one,) for one in chunk]


class _MappingReader:
    """Dicts with the columns of the first of them; nested ones become dotted columns."""

    def __init__(self, ahead: Sequence[Any]) -> None:
        flat = [_flat(row, number) for number, row in enumerate(ahead, 1)]
        self.columns = tuple(dict.fromkeys(column for row in flat for column in row))
        self._known = frozenset(self.columns)
        # A parent that is None in some rows and a dict in others is no column of its own.
        self._parents = _parents_of(self.columns)
        if self._parents:
            self.columns = tuple(c for c in self.columns if c not in self._parents)
        self._nested = any(isinstance(value, Mapping) for row in ahead for value in _values(row))

    def chunks(self, rows: Iterator[Any]) -> Chunks:
        first = 1
        while chunk := list(islice(rows, CHUNK_ROWS)):
            plain = None if self._nested else self._plain(chunk)
            yield self._careful(chunk, first) if plain is None else ColumnChunk(plain)
            first += len(chunk)

    def _plain(self, chunk: list[Any]) -> list[Sequence[Any]] | None:
        """Where all rows are dicts with exactly the columns, in C; None where they are not."""
        if set(map(type, chunk)) != {dict} or set(map(len, chunk)) != {len(self.columns)}:
            return None
        picked = map(itemgetter(*self.columns), chunk)
        try:
            # Of one column itemgetter gives the value itself, and no tuple.
            return [list(picked)] if len(self.columns) == 1 else list(zip(*picked, strict=True))
        except KeyError:
            return None

    def _careful(self, chunk: list[Any], first: int) -> list[Row]:
        found: list[Row] = []
        for number, row in enumerate(chunk, first):
            flat = _flat(row, number)
            if not flat.keys() <= self._known:
                raise _late_column(flat, self._known, number)
            for parent in self._parents.keys() & flat.keys():
                flat = _with_parent(flat, parent, self._parents[parent], number)
            found.append(tuple([flat.get(column, MISSING) for column in self.columns]))
        return found


def _parents_of(columns: Sequence[str]) -> dict[str, list[str]]:
    """Columns that are relationships of other ones, and those."""
    found: dict[str, list[str]] = {}
    for column in columns:
        parent = column.rpartition(".")[0].rpartition(":")[2]
        if "." in column and parent in columns:
            found.setdefault(parent, []).append(column)
    return found


def _with_parent(
    row: dict[str, Any], parent: str, columns: Sequence[str], number: int
) -> dict[str, Any]:
    """The row with what it says of a parent as a whole, which is nothing, in the parent's columns.

    Raises:
        InvalidInput: it says something that no field can be.
    """
    value = row[parent]
    if value is not MISSING and value is not CLEAR and not _is_nothing(value):
        raise InvalidInput(
            f"Row {number}, column {parent!r}: a {type(value).__name__} where other rows have a "
            "mapping of the parent's fields; give a mapping, None, or CLEAR.",
            row=number,
            column=parent,
        )
    return {**dict.fromkeys(columns, value), **row}


def _is_nothing(value: Any) -> bool:
    try:
        return not to_text(value)
    except Unwritable:
        return False


def _values(row: Any) -> Iterable[Any]:
    return row.values() if isinstance(row, Mapping) else ()


def _late_column(row: Mapping[str, Any], known: frozenset[str], number: int) -> InvalidInput:
    column = next(column for column in row if column not in known)
    return InvalidInput(
        f"Row {number} has the column {column!r}, which none of the first {LOOK_AHEAD_ROWS:,} rows "
        "has. Give the first row all columns (None for an empty one).",
        row=number,
        column=column,
    )


def _flat(row: Any, number: int) -> dict[str, Any]:
    """The row with dotted columns for its nested mappings."""
    if not isinstance(row, Mapping):
        if not hasattr(row, "keys"):  # sqlite3.Row and its like have keys and are no Mapping
            raise InvalidInput(
                f"Row {number} is a {type(row).__name__}; rows are dicts.", row=number
            )
        row = {column: row[column] for column in row.keys()}  # noqa: SIM118
    flat: dict[str, Any] = {}
    for column, value in row.items():
        if not isinstance(column, str):
            raise InvalidInput(f"Row {number}: the column {column!r} is no text.", row=number)
        if isinstance(value, Mapping):
            # "attributes" says what a record is; REST answers carry it.
            if column != "attributes":
                flat.update(_relationship(column, value, number))
        else:
            flat[column] = value
    return flat


def _relationship(name: str, parent: Mapping[str, Any], number: int) -> Iterator[tuple[str, Any]]:
    about = parent.get("attributes")
    kind = about.get("type") if isinstance(about, Mapping) else None
    prefix = f"{kind}:{name}" if kind else name
    for field, value in parent.items():
        if field == "attributes":
            continue
        if isinstance(value, Mapping):
            raise InvalidInput(
                f"Row {number}, column {name!r}: {field!r} is a parent's parent; a relationship "
                "column reaches one level.",
                row=number,
                column=name,
            )
        yield f"{prefix}.{field}", value


# CSV


def _csv_path(path: Path, encoding: str | None) -> Source:
    try:
        with path.open("rb") as file:
            head = file.read(len(codecs.BOM_UTF32_LE))
    except (OSError, ValueError) as error:
        raise InvalidInput(f"The file {str(path)[:200]!r} cannot be read: {error}.") from error
    chosen = encoding_of(head, encoding)

    @contextmanager
    def opened() -> Iterator[IO[str]]:
        with path.open("r", encoding=chosen, newline="") as text:
            yield text

    with opened() as text, _decoding(chosen):
        delimiter, columns = _read_header(_first_record(text), chosen)

    def chunks() -> Chunks:
        with opened() as text:
            records = _records(text, delimiter, chosen, first=0)
            below = next(records)[1:]
            yield from _rows(chain([below] if below else [], records), len(columns))

    return Source(columns, chunks, path=path, encoding=chosen, delimiter=delimiter)


def _csv_file(file: IO[Any], encoding: str | None) -> Source:
    """An open file is read once, from where it stands."""
    chosen = encoding or "utf-8"
    text: IO[str]
    if isinstance(file.read(0), str):
        text = file
    else:
        buffered = io.BufferedReader(_Raw(file))
        chosen = encoding_of(buffered.peek(4)[:4], encoding)
        text = io.TextIOWrapper(buffered, encoding=chosen, newline="")
    with _decoding(chosen):
        delimiter, columns = _read_header(_first_record(text), chosen)
    return Source(
        columns,
        lambda: _rows(_records(text, delimiter, chosen), len(columns)),
        encoding=chosen,
        delimiter=delimiter,
    )


class _Raw(io.RawIOBase):
    """A caller's file for `io.BufferedReader`, which would close it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        piece = self._file.read(len(target))
        target[: len(piece)] = piece
        return len(piece)


def encoding_of(head: bytes, given: str | None) -> str:
    """The encoding of a file that begins with these bytes."""
    marked = next((name for mark, name in _BOMS if head.startswith(mark)), None)
    if given is None:
        return marked or "utf-8"
    try:
        plain = codecs.lookup(given).name
    except LookupError as error:
        raise InvalidInput(f"encoding={given!r} is not known.") from error
    return "utf-8-sig" if plain == "utf-8" else given


def _read_header(record: str, encoding: str) -> tuple[str, list[str]]:
    """The delimiter and the names; the delimiter is what stands most often outside of quotes."""
    header = record.removeprefix("\ufeff")
    unquoted = "".join(header.split('"')[::2])
    counts = {delimiter: unquoted.count(delimiter) for delimiter in _DELIMITERS}
    best = max(counts, key=lambda delimiter: counts[delimiter])
    delimiter = best if counts[best] else ","
    chunk = next(_records(io.StringIO(header, newline=""), delimiter, encoding), None)
    if chunk is None:
        raise InvalidInput("The file is empty; its first line names the columns.")
    return delimiter, chunk[0]


def _first_record(text: IO[str]) -> str:
    """Lines up to where no quote is open; a field name with a line break is no field's."""
    header = ""
    for line in iter(text.readline, ""):
        header += line
        if header.count('"') % 2 == 0 and header.strip("\ufeff\r\n"):
            break
        if len(header) > limits.RECORD_CHARACTERS:
            raise InvalidInput("The file's first record has no end; is it CSV?")
    return header


def _records(
    text: Iterable[str], delimiter: str, encoding: str, first: int = 1
) -> Iterator[list[list[str]]]:
    """Chunks of records, the first of which has that number; blank lines are none."""
    # strict: without it a file that ends within quotes would pass as complete.
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    while True:
        chunk: list[list[str]] = []
        try:
            with _decoding(encoding):
                chunk.extend(islice(reader, CHUNK_ROWS))
        except csv.Error as error:
            raise InvalidInput(
                f"Row {first + len(chunk)} of the file is not readable as CSV: {error}.",
                row=first + len(chunk),
            ) from error
        if not chunk:
            return
        filled = [record for record in chunk if record] if [] in chunk else chunk
        first += len(filled)
        if filled:
            yield filled


def _rows(records: Iterator[list[list[str]]], width: int) -> Chunks:
    first = 1
    for chunk in records:
        if set(map(len, chunk)) != {width}:
            raise _ragged(chunk, width, first)
        yield list(chunk)
        first += len(chunk)


def _ragged(chunk: list[list[str]], width: int, first: int) -> InvalidInput:
    number, record = next(
        (number, record) for number, record in enumerate(chunk, first) if len(record) != width
    )
    return InvalidInput(
        f"Row {number} has {len(record)} cells, the header has {width}. Is a quote missing?",
        row=number,
    )


@contextmanager
def _decoding(encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise InvalidInput(
            f"The file is not {encoding.removesuffix('-sig')}: {error}. "
            "Give encoding=, e.g. encoding='cp1252'."
        ) from error
