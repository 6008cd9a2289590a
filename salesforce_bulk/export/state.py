"""What an incremental export remembers between two runs."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from salesforce_bulk.errors import InvalidInput, JournalMismatch, StorageError
from salesforce_bulk.storage.files import is_no_file, storage_errors, whole_file
from salesforce_bulk.storage.locks import locked_beside

FORMAT = "salesforce-bulk export state 2"
_SUM_BYTES = 16
_GO_ON = (
    "Put a copy of before in its place, or remove it: then everything is exported again, what was "
    "delivered before as well."
)


@dataclass(frozen=True)
class ExportState:
    """What one export leaves for the next.

    Attributes:
        query: the fingerprint of the query, and of whose it is.
        until: where the window ended, as Salesforce writes moments.
        delivered: digests in hexadecimal of the records that the next window sees again.
    """

    query: str
    until: str
    delivered: tuple[str, ...]

    @property
    def document(self) -> bytes:
        """As it is kept."""
        content = {
            "format": FORMAT,
            "query": self.query,
            "until": self.until,
            "delivered": self.delivered,
            "sum": self.checksum,
        }
        return json.dumps(content).encode("ascii")

    @property
    def checksum(self) -> str:
        """Of everything in it."""
        content = json.dumps([FORMAT, self.query, self.until, self.delivered]).encode("ascii")
        return hashlib.blake2b(content, digest_size=_SUM_BYTES).hexdigest()


class StateStore(Protocol):
    """Where a state is kept; its text tells which one it is."""

    def read(self) -> bytes | None:
        """The document that was written last; None before the first."""

    def replace(self, before: bytes | None, after: bytes) -> None:
        """Put a document in the place of the one before, in one step."""

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """A block in which nobody else delivers what the state says is missing."""


class StateFile:
    """A state in a file.

    Raises:
        InvalidInput: what is there is no file; told before the export and not behind its last row.
        StorageError: there can be no file of that name, or there is no folder for it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if "\0" in str(path):
            raise InvalidInput(f"state={str(path)!r} is no name of a file: it holds a NUL.")
        with storage_errors(f"The state {path}"):
            if not path.absolute().parent.is_dir():
                raise StorageError(
                    f"There is no folder for the state {path}. Nothing was asked for. Make it, or "
                    "name another file.",
                    errno.ENOENT,
                )
            if is_no_file(path):
                raise InvalidInput(f"state={str(path)!r} is no file.")

    def __str__(self) -> str:
        return str(self._path)

    def read(self) -> bytes | None:
        """See `StateStore`."""
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JournalMismatch(f"The state {self} cannot be read: {error}.") from error

    def replace(self, before: bytes | None, after: bytes) -> None:
        """See `StateStore`; `exclusive` sees to what stood there."""
        with whole_file(self._path) as file:
            file.write(after)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """See `StateStore`.

        Raises:
            InvalidInput: somebody else does.
        """
        with contextlib.ExitStack() as stack:
            try:
                with storage_errors(f"The lock of the state {self}"):
                    stack.enter_context(locked_beside(self._path))
            except OSError as error:
                if not isinstance(error.__cause__, BlockingIOError):
                    raise
                raise InvalidInput(
                    f"An export with the state {self} is being read, in this process or another, "
                    "and delivers the same changes. Call again when it has ended."
                ) from error
            yield


def read_state(store: StateStore) -> ExportState | None:
    """The state that is kept there; None before the first.

    Raises:
        JournalMismatch: it is damaged, or no state.
    """
    content = store.read()
    if content is None:
        return None
    if not content:
        raise JournalMismatch(
            f"{store} is empty, which no state is: its content was lost. {_GO_ON}"
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise JournalMismatch(f"{store} is no state of an export, or damaged. {_GO_ON}") from error
    return _check_document(store, document)


def _check_document(store: StateStore, document: Any) -> ExportState:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise JournalMismatch(f"{store} is no state of an export ({FORMAT}), or damaged. {_GO_ON}")
    query, until, delivered = (document.get(name) for name in ("query", "until", "delivered"))
    if isinstance(query, str) and isinstance(until, str) and isinstance(delivered, list):
        state = ExportState(query, until, tuple(delivered))
        if state.checksum == document.get("sum") and len(document) == 5:
            return state
    raise JournalMismatch(f"The state {store} is damaged: its checksum is wrong. {_GO_ON}")
