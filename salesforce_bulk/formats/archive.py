"""Zip batches: ``request.txt`` with the records, and the files they refer to.

Guide: "Load Binary Attachments" (https://developer.salesforce.com/docs/
atlas.en-us.api_asynch.meta/api_asynch/binary_intro.htm).
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats import csv, json, xml
from salesforce_bulk.formats.records import Record, refuse

#: The fields that hold files, of Attachment, Document and ContentVersion.
BINARY_FIELDS = frozenset({"Body", "VersionData"})

_MANIFEST = "request.txt"
_ENCODERS: dict[str, Callable[[Iterable[Record]], bytes]] = {
    "ZIP_CSV": csv.encode_records,
    "ZIP_JSON": json.encode_records,
    "ZIP_XML": xml.encode_records,
}


def build_archive(
    records: Iterable[Record],
    files: Mapping[str, bytes | Path],
    content_type: str = "ZIP_CSV",
) -> bytes:
    """The body of one batch of a ``ZIP_CSV``, ``ZIP_XML`` or ``ZIP_JSON`` job.

    Args:
        records: dicts of field names and values; the field that holds the file (`BINARY_FIELDS`)
            is ``"#"`` and a name in ``files``.
        files: for each name (relative, ``/`` between folders) the bytes, or the file's path.
        content_type: of the job.

    Returns:
        the zip file; post it with `SalesforceBulk.post_batch`.

    Raises:
        InvalidInput: a record that refers to no file (names row and column), a name that cannot
            stand in the archive, or one of the limits: 10 MB zipped, 20 MB unzipped, 1,000
            files, 512 bytes a name.
    """
    if content_type not in _ENCODERS:
        raise InvalidInput(f"{content_type!r} is no zip content type; {sorted(_ENCODERS)} are.")
    given = list(records)
    _refuse_dangling(given, files)
    _refuse_names(files)
    contents = {name: _bytes(content) for name, content in files.items()}
    contents[_MANIFEST] = _ENCODERS[content_type](given)
    _refuse_size("unzipped", sum(map(len, contents.values())), limits.ZIP_UNZIPPED_BYTES)
    body = _zip(contents)
    _refuse_size("zipped", len(body), limits.ZIP_BYTES)
    return body


def _bytes(content: bytes | Path) -> bytes:
    return content.read_bytes() if isinstance(content, Path) else content


def _refuse_dangling(records: list[Record], files: Mapping[str, bytes | Path]) -> None:
    for row, record in enumerate(records, 1):
        for column in BINARY_FIELDS.intersection(record):
            value = record[column]
            if not isinstance(value, str) or not value.startswith("#"):
                raise refuse(row, column, f"{value!r} is no reference; write '#name-of-the-file'")
            if value[1:] not in files:
                raise refuse(row, column, f"the archive has no file {value[1:]!r}")


def _refuse_names(files: Mapping[str, bytes | Path]) -> None:
    if len(files) > limits.ZIP_FILES:
        raise InvalidInput(f"{len(files):,} files; {limits.ZIP_FILES:,} are allowed in a batch.")
    for name in files:
        path = PurePosixPath(name)
        if name == _MANIFEST or not name or path.is_absolute() or ".." in path.parts:
            raise InvalidInput(f"{name!r} cannot be the name of a file in the archive.")
        if len(name.encode("utf-8")) > limits.ZIP_FILE_NAME_BYTES:
            raise InvalidInput(
                f"The name {name[:40]!r}… is longer than {limits.ZIP_FILE_NAME_BYTES} bytes."
            )


def _refuse_size(what: str, size: int, limit: int) -> None:
    if size > limit:
        raise InvalidInput(
            f"The archive has {size:,} bytes {what}; {limit:,} are allowed. Use more batches."
        )


def _zip(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            # ZipInfo's own date, so that the same input makes the same bytes.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
