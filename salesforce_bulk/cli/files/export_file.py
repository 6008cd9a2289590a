"""An export in any format, to a file that appears whole, or to stdout."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from salesforce_bulk.cli.answer import stdout_errors
from salesforce_bulk.cli.files.formats import FileFormat

if TYPE_CHECKING:
    from salesforce_bulk import Export


def write_export(export: Export, path: str, target: FileFormat) -> int:
    """Write the rows; returns how many.

    Raises:
        ReconciliationError: rows are missing; a file that was to be written is not there.
    """
    if target == ("csv", None) and path != "-":
        return export.to_csv(path)
    if target.name == "parquet" and path != "-":
        return export.to_parquet(path)
    with _opened(path, target) as file:
        if target.name == "csv":
            return export.to_csv(file)
        if target.name == "jsonl":
            return _write_json(export, file)
        return _write_arrow(export, file, target)


@contextmanager
def _opened(path: str, target: FileFormat) -> Iterator[IO[bytes]]:
    from salesforce_bulk.storage.files import whole_file  # noqa: PLC0415

    if path == "-":
        with stdout_errors():
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        return
    with whole_file(path) as file:
        if target.compression == "gz":
            with gzip.GzipFile(fileobj=file, mode="wb") as packed:
                yield packed  # type: ignore[misc]
        elif target.compression == "zst":
            import pyarrow as pa  # noqa: PLC0415 (an extra)

            with pa.CompressedOutputStream(file, "zstd") as stream:
                yield stream
        else:
            yield file


def _write_json(export: Export, file: IO[bytes]) -> int:
    rows = 0
    for row in export:
        line = json.dumps(row, ensure_ascii=False, default=_as_text)
        file.write(f"{line}\n".encode())
        rows += 1
    return rows


def _as_text(value: Any) -> str:
    """Dates and times as ISO 8601, which also loads again."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)


def _write_arrow(export: Export, file: IO[bytes], target: FileFormat) -> int:
    import pyarrow as pa  # noqa: PLC0415 (an extra)

    if target.name == "parquet":
        from pyarrow import parquet  # noqa: PLC0415 (an extra)

        with parquet.ParquetWriter(file, export.schema, compression="zstd") as writer:
            return _copy(export, writer)
    with pa.ipc.new_stream(file, export.schema) as stream:
        return _copy(export, stream)


def _copy(export: Export, writer: Any) -> int:
    rows = 0
    for batch in export.arrow_batches():
        writer.write_batch(batch)
        rows += batch.num_rows
    return rows
