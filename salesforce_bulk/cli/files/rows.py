"""The rows of a file as the verbs take them: CSV and Parquet by their path, others read here."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from salesforce_bulk.cli.files.formats import FileFormat, format_of_file
from salesforce_bulk.errors import InvalidInput

#: What the library opens by itself, compressed or not.
_BY_PATH = ("csv", "parquet")


@contextmanager
def opened_rows(path: Path, format_name: str | None) -> Iterator[Any]:
    """What the verbs take as records.

    Args:
        path: of the file.
        format_name: see `formats.FORMATS`; None finds out.

    Raises:
        InvalidInput: the file is of no format that is known.
        OSError: the file cannot be read.
    """
    found = format_of_file(path, format_name)
    if found.name in _BY_PATH:
        yield path
        return
    with _opened_bytes(path, found) as file:
        yield _json_records(file, path) if found.name == "jsonl" else _arrow_records(file)


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


def _json_records(file: IO[bytes], path: Path) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(file, 1):
        try:
            record = json.loads(line) if line.strip() else None
        except json.JSONDecodeError as error:
            raise InvalidInput(
                f"{path}: Line {number} is no JSON: {error.msg}.", row=number
            ) from error
        if record is None:
            continue
        if not isinstance(record, dict):
            raise InvalidInput(f"{path}: Line {number} is no JSON object.", row=number)
        yield record


def _arrow_records(file: IO[bytes]) -> Any:
    """A file of Arrow's, or a stream of its."""
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    head = file.read(6)
    file.seek(0)
    if head != b"ARROW1":
        return pa.ipc.open_stream(file)
    reader = pa.ipc.open_file(file)
    batches = (reader.get_batch(at) for at in range(reader.num_record_batches))
    return pa.RecordBatchReader.from_batches(reader.schema, batches)
