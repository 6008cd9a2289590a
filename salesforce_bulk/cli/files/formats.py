"""Which format a file has: by ``--format``, its extension, or its first bytes."""

from __future__ import annotations

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
        InvalidInput: nothing says.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(8)
    compression = next((name for magic, name in _COMPRESSED if head.startswith(magic)), None)
    signed = next((name for magic, name in _SIGNATURES if head.startswith(magic)), None)
    if signed is not None:
        return FileFormat(signed)
    if given is not None:
        return FileFormat(given, compression)
    stem = path.name.lower().removesuffix(".gz").removesuffix(".zst")
    return FileFormat(format_of_name(stem).name, compression)
