"""Zip batches: ``request.txt`` and the files that its ``#path`` cells name.

Source: *Bulk API Developer Guide*, "Load Binary Attachments".
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

from salesforce_bulk import limits

MANIFEST = "request.txt"
METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: What zipfile raises for archives that are none.
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    OSError,
    EOFError,
    IndexError,
    ValueError,
    RuntimeError,  # encrypted; NotImplementedError is one
)


class ArchiveError(Exception):
    """The zip, as a whole, cannot be a batch."""


class MemberError(Exception):
    """One cell names no file of the archive."""


class Archive:
    """A zip batch; its limits are checked before anything is unpacked. Raises ArchiveError."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except UNREADABLE as error:
            raise ArchiveError(f"Unable to read the zip file: {error}") from error
        self._files = {
            info.filename: info
            for info in self._zip.infolist()
            if not info.filename.endswith("/") and info.compress_type in METHODS
        }
        try:
            self._check()
        except ArchiveError:
            self.close()
            raise

    def _check(self) -> None:
        unzipped = sum(info.file_size for info in self._files.values())
        longest = max((len(name.encode("utf-8", "replace")) for name in self._files), default=0)
        if unzipped > limits.ZIP_UNZIPPED_BYTES:
            raise ArchiveError(f"The unzipped content exceeds {limits.ZIP_UNZIPPED_BYTES} bytes")
        if len(self._files) > limits.ZIP_FILES:
            raise ArchiveError(f"The zip file has more than {limits.ZIP_FILES} files")
        if longest > limits.ZIP_FILE_NAME_BYTES:
            raise ArchiveError(f"A file name exceeds {limits.ZIP_FILE_NAME_BYTES} bytes")
        if MANIFEST not in self._files:
            raise ArchiveError(f"The zip file has no {MANIFEST}")

    def manifest(self) -> bytes:
        return self._read(MANIFEST)

    def member(self, reference: object) -> bytes:
        """The file of a ``#path`` cell. Raises MemberError."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise MemberError(f"Binary field must be a reference to a file: {reference}")
        if reference[1:] not in self._files:
            raise MemberError(f"File not found in zip: {reference[1:]}")
        try:
            return self._read(reference[1:])
        except ArchiveError as error:
            raise MemberError(str(error)) from error

    def close(self) -> None:
        self._zip.close()

    def _read(self, name: str) -> bytes:
        try:
            # No more is unpacked than the directory says, and a wrong sum is an error.
            return self._zip.read(self._files[name])
        except UNREADABLE as error:
            raise ArchiveError(f"Unable to read {name}: {error}") from error
