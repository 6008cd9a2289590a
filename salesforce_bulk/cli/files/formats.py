"""Which format a file has: by ``--format``, its extension, or its first bytes."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

from salesforce_bulk.errors import InvalidInput

FORMATS = ("csv", "jsonl", "parquet", "arrow")
#: By the extension, and by the first bytes.
_EXTENSIONS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
}
_SIGNATURES = ((b"PAR1", "parquet"), (b"ARROW1", "arrow"), (b"\xff\xff\xff\xff", "arrow"))
_COMPRESSIONS = {".gz": "gz", ".zst": "zst"}
_COMPRESSED = ((b"\x1f\x8b", "gz"), (b"\x28\xb5\x2f\xfd", "zst"))
#: How other files begin, and what to do with them in a shell.
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive or a workbook of Excel: unpack it, or save the sheet as CSV"),
    (b"\xd0\xcf\x11\xe0", "a workbook of Excel: save the sheet as CSV"),
    (b"%PDF", "a PDF document: save its table as CSV"),
    (b"ORC", "an ORC file: write the rows as Parquet"),
    (b"BZh", "compressed with bzip2: unpack it, e.g. with bunzip2 --keep"),
    (b"\xfd7zXZ\x00", "compressed with xz: unpack it, e.g. with unxz --keep"),
    (
        b"SQLite format 3",
        "an SQLite database: write the rows as CSV, e.g. with sqlite3 -csv -header",
    ),
)
_OTHER_TEXTS = (
    (b"[", "JSON, and no JSON lines, which have an object in each line: make them, e.g. with "
           "jq -c '.[]'"),
    (b"{", "JSON: if each line is an object, say so with --format jsonl"),
    (b"<?xml", "a document in XML: write the rows as CSV"),
    (b"<html", "a page: was a login page saved in place of a download?"),
    (b"<!doctype", "a page: was a login page saved in place of a download?"),
)  # fmt: skip
_HEAD_BYTES = 32


class FileFormat(NamedTuple):
    """What the rows are written as, and what that is compressed with, if anything."""

    name: str
    compression: str | None = None


def format_of_name(path: str, given: str | None = None) -> FileFormat:
    """The format of a file to be written.

    Raises:
        InvalidInput: neither the option nor the extension says.
    """
    name = Path(path).name.lower()
    compression = _COMPRESSIONS.get(Path(name).suffix)
    suffix = Path(Path(name).stem if compression else name).suffix
    found = given or _EXTENSIONS.get(suffix)
    if found is None:
        raise InvalidInput(
            f"What format is {path}? Its extension is none of {', '.join(_EXTENSIONS)}; say it "
            f"with --format {'|'.join(FORMATS)}."
        )
    if compression and found in ("parquet", "arrow"):
        raise InvalidInput(
            f"{path}: {found} files are compressed inside; leave .{compression} out."
        )
    return FileFormat(found, compression)


def format_of_file(path: Path, given: str | None = None) -> FileFormat:
    """The format of a file to be read; its first bytes go before its name.

    Raises:
        InvalidInput: nothing says, or it is of a kind that is not loaded.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    _refuse_other_file(path, head, _OTHER_FILES)
    compression = next((name for magic, name in _COMPRESSED if head.startswith(magic)), None)
    signed = next((name for magic, name in _SIGNATURES if head.startswith(magic)), None)
    if signed is not None:
        return FileFormat(signed)
    stem = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    if given != "jsonl" and _EXTENSIONS.get(Path(stem).suffix) != "jsonl":
        text = head.lstrip(codecs.BOM_UTF8 + b" \t\r\n").lower()
        _refuse_other_file(path, text, _OTHER_TEXTS)
    return FileFormat(given or format_of_name(stem).name, compression)


def _refuse_other_file(path: Path, head: bytes, kinds: tuple[tuple[bytes, str], ...]) -> None:
    for start, kind in kinds:
        if head.startswith(start):
            raise InvalidInput(f"{path} is {kind}.")
