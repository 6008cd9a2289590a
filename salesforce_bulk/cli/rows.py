"""The rows of a file for a load: any format, columns renamed, constants added."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, cast

from salesforce_bulk.cli.formats import FileFormat, format_of_file
from salesforce_bulk.errors import InvalidInput

#: Columns of our own files of outcomes, which load again without them.
_OUTCOME_PREFIX = "sf__"


@dataclass(frozen=True)
class RowOptions:
    """How a file's rows become an object's.

    Attributes:
        format: see `formats.FORMATS`; None finds out.
        columns: the field for a column's name; an empty one leaves the column out.
        constants: a value for every row, by field.
        encoding: of a CSV file.
    """

    format: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None

    def fields_of(self, header: Sequence[str]) -> list[str | None]:
        """The field of each column; None for those left out.

        Raises:
            InvalidInput: a column to be renamed is not there.
        """
        missing = [name for name in self.columns if name not in header]
        if missing:
            raise InvalidInput(
                f"--map: there is no column {missing[0]!r}; the file has {', '.join(header)}.",
                column=missing[0],
            )
        return [
            None if name.startswith(_OUTCOME_PREFIX) else self.columns.get(name, name) or None
            for name in header
        ]


@contextmanager
def opened_rows(path: Path, options: RowOptions) -> Iterator[Any]:
    """What the verbs take as records.

    Raises:
        InvalidInput: the file's format or columns are not as they have to be.
        OSError: the file cannot be read.
    """
    found = format_of_file(path, options.format)
    if found.name == "csv" and _loads_as_it_is(path, found, options):
        if found.compression is None:
            yield path
            return
        with _opened_bytes(path, found) as file:
            yield file
    elif found.name == "csv":
        with _opened_text(path, found, options) as text:
            records = csv.reader(text, strict=True)
            yield _named_rows(next(records), records, options)
    elif found.name == "jsonl":
        with _opened_bytes(path, found) as file:
            yield _json_records(file, options)
    else:
        with path.open("rb") as file:
            yield _arrow_records(file, found, options)


@contextmanager
def _opened_bytes(path: Path, found: FileFormat) -> Iterator[IO[bytes]]:
    if found.compression == "gz":
        with gzip.open(path, "rb") as unpacked:
            yield cast("IO[bytes]", unpacked)
    elif found.compression == "zst":
        import pyarrow as pa  # noqa: PLC0415 (an extra)

        with pa.input_stream(str(path), compression="zstd") as stream:
            yield io.BufferedReader(stream)
    else:
        with path.open("rb") as file:
            yield file


@contextmanager
def _opened_text(path: Path, found: FileFormat, options: RowOptions) -> Iterator[IO[str]]:
    with (
        _opened_bytes(path, found) as file,
        io.TextIOWrapper(file, options.encoding or "utf-8-sig", newline="") as text,
    ):
        yield text


def _loads_as_it_is(path: Path, found: FileFormat, options: RowOptions) -> bool:
    """Whether the library may read the file by itself, which is faster."""
    if options.columns or options.constants:
        return False
    try:
        with _opened_text(path, found, options) as text:
            header = next(csv.reader(text, strict=True), [])
    except (csv.Error, UnicodeDecodeError):
        return True  # the library says what is wrong, better
    return not any(name.startswith(_OUTCOME_PREFIX) for name in header)


def _named_rows(
    header: Sequence[str], records: Iterable[Sequence[str]], options: RowOptions
) -> Iterator[dict[str, str]]:
    fields = options.fields_of(header)
    kept = [(at, name) for at, name in enumerate(fields) if name is not None]

    def rows() -> Iterator[dict[str, str]]:
        for number, cells in enumerate(filter(None, records), 1):
            if len(cells) != len(header):
                raise InvalidInput(
                    f"Row {number} has {len(cells)} cells, the header {len(header)}.", row=number
                )
            yield {**{name: cells[at] for at, name in kept}, **options.constants}

    return rows()


def _json_records(file: IO[bytes], options: RowOptions) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        try:
            record = json.loads(line) if line.strip() else None
        except ValueError as error:
            raise InvalidInput(f"Line {number} is no JSON: {error}.", row=number) from error
        if record is None:
            continue
        if not isinstance(record, dict):
            raise InvalidInput(f"Line {number} is no JSON object.", row=number)
        fields = _fields(record, options)
        renamed = {name: record[key] for key, name in zip(record, fields, strict=True) if name}
        yield {**renamed, **options.constants}


def _fields(record: Mapping[str, Any], options: RowOptions) -> list[str | None]:
    # A line may lack what others have.
    return [
        None if key.startswith(_OUTCOME_PREFIX) else options.columns.get(key, key) or None
        for key in record
    ]


def _arrow_records(file: IO[bytes], found: FileFormat, options: RowOptions) -> Any:
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    schema, batches = _batches(file, found)
    fields = options.fields_of(schema.names)
    kept = [at for at, name in enumerate(fields) if name is not None]
    names = [str(fields[at]) for at in kept]
    wanted = pa.schema(
        [
            *(schema.field(at).with_name(name) for at, name in zip(kept, names, strict=True)),
            *(pa.field(name, pa.string()) for name in options.constants),
        ]
    )

    def renamed() -> Iterator[Any]:
        for batch in batches:
            added = [pa.array([text] * batch.num_rows) for text in options.constants.values()]
            yield pa.RecordBatch.from_arrays(
                [*(batch.column(at) for at in kept), *added], schema=wanted
            )

    return pa.RecordBatchReader.from_batches(wanted, renamed())


def _batches(file: IO[bytes], found: FileFormat) -> tuple[Any, Iterator[Any]]:
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    if found.name == "parquet":
        from pyarrow import parquet  # noqa: PLC0415 (an extra)

        opened = parquet.ParquetFile(file)
        return opened.schema_arrow, opened.iter_batches()
    if file.read(6) == b"ARROW1":
        reader = pa.ipc.open_file(file)
        return reader.schema, (reader.get_batch(at) for at in range(reader.num_record_batches))
    file.seek(0)
    stream = pa.ipc.open_stream(file)
    return stream.schema, iter(stream)
