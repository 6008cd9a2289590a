"""CSV compressed as the name of its file says: ``.gz`` and ``.zst``.

RFC 1952, RFC 8878. Both let one compressed text stand behind another, so that a file may be
continued.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

from salesforce_bulk.errors import InvalidInput

#: Extensions of other formats, and what writes those.
_OTHER_FORMATS = {
    **dict.fromkeys((".parquet", ".pq", ".parq"), "to_parquet of an export writes Parquet"),
    **dict.fromkeys((".bz2", ".xz", ".lz4", ".br", ".zip", ".7z", ".tar", ".tgz", ".z", ".lzma",
                     ".lzo", ".snappy", ".sz", ".tbz", ".tbz2", ".txz", ".rar"),
                    "CSV is compressed as .csv.gz or .csv.zst"),
    **dict.fromkeys((".xlsx", ".xls", ".xlsm", ".xlsb", ".ods"),
                    "write .csv, which spreadsheets open"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".avro", ".orc",
                     ".feather", ".arrow", ".arrows", ".ipc", ".h5", ".hdf", ".hdf5", ".dta",
                     ".sav", ".sas7bdat", ".xpt", ".pkl", ".pickle", ".npy", ".npz", ".msgpack",
                     ".db", ".sqlite", ".sqlite3", ".duckdb", ".html", ".pdf"),
                    "write .csv, or take the rows from Arrow"),
}  # fmt: skip
_GZIP_NAMES = frozenset({".gz", ".gzip"})
_ZSTD_NAMES = frozenset({".zst", ".zstd"})
#: Names under which no Parquet is written.
_NOT_PARQUET = frozenset({".csv", ".tsv", ".txt", *_GZIP_NAMES, *_ZSTD_NAMES, *_OTHER_FORMATS})

#: Bytes that pyarrow and zstd take at a time.
_PIECE_BYTES = 1 << 17

#: Makes what compresses into a file; the compressed text ends where it is closed.
Compressor = Callable[[IO[bytes]], IO[bytes]]


def compressor_of(path: str | os.PathLike[str]) -> Compressor | None:
    """What writes CSV under this name; None writes it as it is.

    Raises:
        InvalidInput: the name is that of another format, or nothing here compresses so.
    """
    extension, inner = _extensions(path)
    packed = extension in _GZIP_NAMES | _ZSTD_NAMES
    other = inner if packed else extension
    if other in _OTHER_FORMATS:
        raise InvalidInput(
            f"{os.fspath(path)} would be CSV under the name of another format: "
            f"{_OTHER_FORMATS[other]}."
        )
    if extension in _GZIP_NAMES:
        return _gzip
    return _zstd_compressor(path) if packed else None


def refuse_as_parquet(path: str | os.PathLike[str]) -> None:
    """Raise `InvalidInput` for a name that is another format's."""
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"to_parquet takes a path, not {type(path).__name__}.")
    extension, _ = _extensions(path)
    if extension in _NOT_PARQUET - {".parquet", ".pq", ".parq"}:
        raise InvalidInput(
            f"{os.fspath(path)} would be Parquet under the name of another format: name it "
            ".parquet, or write CSV with to_csv."
        )


def _extensions(path: str | os.PathLike[str]) -> tuple[str, str]:
    """The last and the one before it, in lower case, also of a name that begins with a dot."""
    parts = Path(path).name.lower().rsplit(".", 2)
    last, before = parts[-1] if len(parts) > 1 else "", parts[-2] if len(parts) > 2 else ""
    return f".{last}", f".{before}"


@contextlib.contextmanager
def compressed(file: IO[bytes], path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that writes CSV into another one, compressed as the name says; that stays open."""
    compressor = compressor_of(path)
    if compressor is None:
        yield file
        return
    packed = compressor(file)
    try:
        yield packed
    except BaseException:
        with contextlib.suppress(OSError, ValueError):
            packed.close()
        raise
    packed.close()


def _gzip(file: IO[bytes]) -> IO[bytes]:
    # No time in it: the same rows give the same bytes.
    packed = gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=file, mtime=0)
    return cast("IO[bytes]", packed)


def _zstd_compressor(path: str | os.PathLike[str]) -> Compressor:
    with contextlib.suppress(ImportError):
        zstd = import_module("compression.zstd")
        return lambda file: _ended_by_close(zstd.ZstdFile(file, "wb"))
    try:
        pyarrow = import_module("pyarrow")
    except ImportError as error:
        raise InvalidInput(
            f"{os.fspath(path)}: Python 3.14 writes .zst by itself, older ones with pyarrow: "
            "pip install 'salesforce-bulk[arrow]'. Or write .gz."
        ) from error
    return lambda file: _ended_by_close(
        pyarrow.CompressedOutputStream(pyarrow.PythonFile(_KeptOpen(file), "w"), "zstd")
    )


def _ended_by_close(stream: Any) -> IO[bytes]:
    return io.BufferedWriter(_RawWriter(stream), _PIECE_BYTES)


class _RawWriter(io.RawIOBase):
    """A stream of another library as Python's own kind of file."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        self._stream.write(bytes(content))
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


class _KeptOpen:
    """A file that is not closed by what writes to it."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, content: Any) -> int:
        return self._file.write(bytes(content))

    def tell(self) -> int:
        return 0

    def flush(self) -> None:
        """Left to the file's owner."""

    def close(self) -> None:
        """Left to the file's owner."""
