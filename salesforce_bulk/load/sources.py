"""Anything that holds rows, read as columns and chunks of row tuples.

`open_source` takes an iterable of mappings, the path of a CSV file, an open file, a frame, an
Arrow table or anything else with ``__arrow_c_stream__``. Rows are numbered from 1 in the order in
which they come; a header is not counted.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.arrow_write import frame_rows, is_arrow_stream
from salesforce_bulk.formats.row_encoder import ColumnChunk
from salesforce_bulk.formats.values import CLEAR, MISSING, NULL_CELL, Unwritable, to_text
from salesforce_bulk.load.column_choice import choose_columns
from salesforce_bulk.load.kept_records import KeptRecords
from salesforce_bulk.load.row_files import CsvLayout, open_file, open_path
from salesforce_bulk.load.settings import LoadSettings, Operation
from salesforce_bulk.load.source import CHUNK_ROWS, Chunks, Row, Source
from salesforce_bulk.models import RowResult

#: Rows of dicts whose keys are looked at before the columns are fixed.
LOOK_AHEAD_ROWS = 1_000

_PLAIN = CsvLayout()

_ROWS = "rows are dicts, named tuples, dataclasses, or rows of sqlite3.Row"
_IDS = "a delete takes Ids, texts of 15 or 18 letters and digits, or rows with the column Id"


def open_source(
    records: Any,
    layout: CsvLayout = _PLAIN,
    *,
    columns: Mapping[str, str | None] | None = None,
    constants: Mapping[str, Any] | None = None,
    key_only: bool = False,
) -> Source:
    """The rows of whatever the caller has.

    Args:
        records: an iterable of mappings (nested mappings are relationships) or of what has named
            values, the path of a CSV or Parquet file, an open CSV file (text or bytes), or
            anything with ``__arrow_c_stream__``.
        layout: of a CSV file.
        columns: other names for columns; None drops one. Without it this library's own columns
            of results, ``sf__*``, are dropped.
        constants: further columns, with one value for all rows.
        key_only: whether plain texts are taken as Ids, for deletes.

    Raises:
        InvalidInput: not rows, no columns, an empty or a repeated header.
    """
    source = _open_records(records, layout, key_only)
    if source.encoding is None:
        _refuse_csv_options(layout)
    if not source.columns:
        return source
    return choose_columns(source, columns or {}, constants or {})


def _refuse_csv_options(layout: CsvLayout) -> None:
    """Raise `InvalidInput` for what would have no effect on rows that are of no CSV file."""
    for name in ("delimiter", "skip_rows", "blank_rows"):
        if getattr(layout, name) != getattr(_PLAIN, name):
            raise InvalidInput(
                f"{name}= is of CSV files, and these rows are of none; leave it out."
            )


def open_rows(records: Any, settings: LoadSettings, operation: Operation) -> Source:
    """`open_source` as the options of a load say."""
    return open_source(
        records,
        CsvLayout(settings.encoding, settings.delimiter, settings.skip_rows, settings.blank_rows),
        columns=settings.columns,
        constants=settings.constants,
        key_only=operation in ("delete", "hardDelete"),
    )


def _open_records(records: Any, layout: CsvLayout, key_only: bool) -> Source:
    if key_only and _looks_like_id(records):
        return Source(["Id"], lambda: iter([[(records,)]]))
    if isinstance(records, (str, os.PathLike)):
        return open_path(Path(records), layout)
    # A Series of pandas is a stream of Arrow's only since pandas 3.
    if is_arrow_stream(records) or hasattr(records, "to_frame"):
        frame = frame_rows(_as_frame(records, key_only))
        return Source(frame.columns, lambda: frame.chunks(CHUNK_ROWS))
    if hasattr(records, "read"):
        return open_file(records, layout)
    if (
        isinstance(records, (Mapping, bytes, bytearray, memoryview))
        or not isinstance(records, Iterable)
        or _is_one_row(records)
    ):
        raise _not_rows(records, key_only)
    return _mappings(records, key_only)


def _as_frame(records: Any, key_only: bool) -> Any:
    """The frame itself, or one of the Ids where it is a column of them."""
    if not hasattr(records, "to_frame"):
        return records
    levels = getattr(records, "nlevels", None)  # of an index of pandas'
    if not key_only or levels not in (None, 1):
        raise _not_rows(records, key_only)
    return records.to_frame(name="Id", **({} if levels is None else {"index": False}))


def _looks_like_id(records: Any) -> bool:
    return isinstance(records, str) and len(records) in (15, 18) and records.isalnum()


def _is_one_row(records: Any) -> bool:
    """Whether it has named values; a class of the caller's may be so and hold rows, too, and has
    then an ``__iter__`` of its own."""
    kind = type(records)
    if isinstance(records, tuple):
        return hasattr(kind, "_fields")
    if hasattr(kind, "keys") and hasattr(kind, "__getitem__"):
        return True  # sqlite3.Row
    marked = any(
        hasattr(kind, mark) for mark in ("__dataclass_fields__", "model_fields", "__attrs_attrs__")
    )
    theirs = getattr(kind, "__iter__", None)
    return marked and (theirs is None or _is_pydantics(theirs))


def _is_pydantics(method: Any) -> bool:
    return str(getattr(method, "__module__", "")).startswith("pydantic.")


def _not_rows(records: Any, key_only: bool = False) -> InvalidInput:
    kind = type(records).__name__
    hints = {
        "dict": "put it in a list",
        "bytes": "wrap it in io.BytesIO",
        "LazyFrame": "call .collect() first",
        "Series": "give a frame, which names its columns",
    }
    if kind not in hints and _is_one_row(records) and not isinstance(records, Mapping):
        return InvalidInput(f"One {kind} is one row: put it in a list.")
    others = _IDS if key_only else "give a list of dicts, a CSV file or its path, or a frame"
    return InvalidInput(f"Records of type {kind} hold no rows: {hints.get(kind, others)}.")


def _mappings(records: Iterable[Any], key_only: bool) -> Source:
    in_memory = records if isinstance(records, (list, tuple)) else None
    if in_memory and _are_plain(in_memory[:LOOK_AHEAD_ROWS]):
        return _plain_dicts(in_memory)
    given = _as_they_come(records, key_only)
    # What the caller has in memory anyway is kept as it is now, for the results.
    kept = None if in_memory is None else list(given)
    rows = given if kept is None else iter(kept)
    ahead = list(islice(rows, LOOK_AHEAD_ROWS))
    if not ahead:
        return _NoRows()
    if key_only and _are_ids(ahead):
        return Source(["Id"], lambda: _id_chunks(chain(ahead, rows)))
    reader = _MappingReader(ahead)
    return Source(reader.columns, lambda: reader.chunks(chain(ahead, rows)), records=kept)


def _are_ids(rows: Sequence[Any]) -> bool:
    kinds = [isinstance(row, str) for row in rows]
    if all(kinds) or not any(kinds):
        return kinds[0]
    raise _mixed(kinds.index(not kinds[0]) + 1)


def _mixed(number: int) -> InvalidInput:
    return InvalidInput(
        f"Rows 1 and {number:,} are an Id and a row: give Ids alone, or rows with the column Id.",
        row=number,
    )


def _plain_dicts(records: Sequence[dict[str, Any]]) -> Source:
    """Those of a list, kept without copies."""
    reader = _MappingReader(records[:LOOK_AHEAD_ROWS])
    reader.kept = KeptRecords(reader.columns)
    return Source(reader.columns, lambda: reader.chunks(iter(records)), records=reader.kept)


#: Types whose values may be another thing by the time that a result shows them.
_CHANGEABLE = frozenset({dict, list, set, bytearray})


def _are_plain(rows: Sequence[Any]) -> bool:
    """Whether dicts only, whose values stay what they are."""
    return all(
        type(row) is dict and _CHANGEABLE.isdisjoint(map(type, row.values())) for row in rows
    )


def _as_they_come(records: Iterable[Any], key_only: bool) -> Iterator[Any]:
    """The rows as they are now: some generators fill one row again and again, and a caller may use
    his lists for something else before the results are read.

    Args:
        records: the caller's.
        key_only: whether texts are rows, too.
    """
    deep = False
    for number, row in enumerate(records, 1):
        if type(row) is dict:
            values = row.copy()
        elif key_only and isinstance(row, str):
            yield row
            continue
        else:
            values = dict(_as_mapping(row, number, _IDS if key_only else _ROWS))
        # Looked for no longer than for columns: it takes longer than the copy.
        if deep or number <= LOOK_AHEAD_ROWS:
            changeable = [column for column in values if type(values[column]) in _CHANGEABLE]
            deep = deep or bool(changeable)
            values.update({column: values[column].copy() for column in changeable})
        yield values


class _NoRows(Source):
    """No rows, hence no columns to know."""

    def __init__(self) -> None:
        super().__init__(["none"], lambda: iter(()))
        self.columns = ()


def _id_chunks(ids: Iterator[Any]) -> Chunks:
    first = 1
    while chunk := list(islice(ids, CHUNK_ROWS)):
        kinds = list(map(type, chunk))
        if dict in kinds:
            raise _mixed(first + kinds.index(dict))
        yield [(one,) for one in chunk]
        first += len(chunk)


class _MappingReader:
    """Dicts with the columns of the first of them; nested ones become dotted columns.

    Attributes:
        kept: takes the rows as they are read; None where nobody asks for them.
    """

    def __init__(self, ahead: Sequence[Any]) -> None:
        flat = [_flat(row, number) for number, row in enumerate(ahead, 1)]
        self.columns = tuple(dict.fromkeys(column for row in flat for column in row))
        self._known = frozenset(self.columns)
        # A parent that is None in some rows and a dict in others is no column of its own.
        self._parents = _parents_of(self.columns)
        if self._parents:
            self.columns = tuple(c for c in self.columns if c not in self._parents)
        self.kept: KeptRecords | None = None
        self._nested = any(isinstance(value, Mapping) for row in ahead for value in _values(row))

    def chunks(self, rows: Iterator[Any]) -> Chunks:
        first = 1
        while chunk := list(islice(rows, CHUNK_ROWS)):
            plain = None if self._nested else self._plain(chunk)
            if self.kept is not None:
                self._keep(chunk, first, plain, self.kept)
            yield plain or self._careful(chunk, first)
            first += len(chunk)

    @staticmethod
    def _keep(chunk: list[Any], first: int, plain: ColumnChunk | None, kept: KeptRecords) -> None:
        if plain is not None:
            kept.add_plain(chunk, plain.columns)
        else:
            kept.add([dict(_as_mapping(row, number)) for number, row in enumerate(chunk, first)])

    def _plain(self, chunk: list[Any]) -> ColumnChunk | None:
        """Where all rows are dicts with exactly the columns, in C; None where they are not."""
        if set(map(type, chunk)) != {dict} or set(map(len, chunk)) != {len(self.columns)}:
            return None
        picked = map(itemgetter(*self.columns), chunk)
        try:
            # Of one column itemgetter gives the value itself, and no tuple.
            one = len(self.columns) == 1
            return ColumnChunk([tuple(picked)] if one else list(zip(*picked, strict=True)))
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
        return (to_text(value) or NULL_CELL) == NULL_CELL
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
    flat: dict[str, Any] = {}
    for column, value in _as_mapping(row, number).items():
        if column is None and isinstance(value, list):  # by csv.DictReader
            raise InvalidInput(
                f"Row {number} has more cells than the header. Is a quote missing?", row=number
            )
        if not isinstance(column, str):
            raise InvalidInput(f"Row {number}: the column {column!r} is no text.", row=number)
        if isinstance(value, Mapping):
            # "attributes" says what a record is; REST answers carry it.
            if column != "attributes":
                flat.update(_relationship(column, value, number))
        else:
            flat[column] = value
    return flat


def _as_mapping(row: Any, number: int, expected: str = _ROWS) -> Mapping[Any, Any]:
    """A row of any kind whose values have names; ``expected`` is what others are told."""
    if isinstance(row, Mapping):
        return row
    if isinstance(row, RowResult):
        raise InvalidInput(
            f"Row {number} is the outcome of a row: give row.record, e.g. [row.record for row in "
            "result.failed]; result.retry() loads again what failed for a passing reason.",
            row=number,
        )
    kind = type(row)
    if isinstance(getattr(row, "_mapping", None), Mapping):  # SQLAlchemy's rows
        return row._mapping  # type: ignore[no-any-return]
    if isinstance(row, tuple) and hasattr(kind, "_fields"):
        return dict(zip(kind._fields, row, strict=True))
    for names in ("__dataclass_fields__", "model_fields"):
        if isinstance(getattr(kind, names, None), Mapping):  # dataclasses, pydantic
            return {name: getattr(row, name) for name in getattr(kind, names)}
    if hasattr(kind, "__attrs_attrs__"):
        return {field.name: getattr(row, field.name) for field in kind.__attrs_attrs__}
    if hasattr(row, "keys"):  # sqlite3.Row and its like have keys and are no Mapping
        return {column: row[column] for column in row.keys()}  # noqa: SIM118
    raise InvalidInput(
        f"Row {number} is of type {kind.__name__}, whose values have no names; {expected}.",
        row=number,
    )


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
