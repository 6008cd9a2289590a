"""What an incremental export remembers between two runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesforce_bulk.errors import InvalidInput, JournalMismatch
from salesforce_bulk.storage.files import storage_errors, whole_file
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
    def checksum(self) -> str:
        """Of everything in it."""
        content = json.dumps([FORMAT, self.query, self.until, self.delivered]).encode("ascii")
        return hashlib.blake2b(content, digest_size=_SUM_BYTES).hexdigest()


def read_state(path: Path) -> ExportState | None:
    """The state in a file; None where there is no file.

    Raises:
        JournalMismatch: the file is damaged, or no state.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalMismatch(f"The state {path} cannot be read: {error}.") from error
    if not content:
        raise JournalMismatch(f"{path} is empty, which no state is: its content was lost. {_GO_ON}")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise JournalMismatch(f"{path} is no state of an export, or damaged. {_GO_ON}") from error
    return _check_document(path, document)


def _check_document(path: Path, document: Any) -> ExportState:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise JournalMismatch(f"{path} is no state of an export ({FORMAT}), or damaged. {_GO_ON}")
    query, until, delivered = (document.get(name) for name in ("query", "until", "delivered"))
    if isinstance(query, str) and isinstance(until, str) and isinstance(delivered, list):
        state = ExportState(query, until, tuple(delivered))
        if state.checksum == document.get("sum") and len(document) == 5:
            return state
    raise JournalMismatch(f"The state {path} is damaged: its checksum is wrong. {_GO_ON}")


def write_state(path: Path, state: ExportState) -> None:
    """Put a state in the place of the one before, in one step."""
    document = {
        "format": FORMAT,
        "query": state.query,
        "until": state.until,
        "delivered": state.delivered,
        "sum": state.checksum,
    }
    with whole_file(path) as file:
        file.write(json.dumps(document).encode("ascii"))


@contextlib.contextmanager
def exclusive_state(path: Path) -> Iterator[None]:
    """A block in which nobody else delivers what the state says is missing.

    Raises:
        InvalidInput: somebody does.
    """
    with contextlib.ExitStack() as stack:
        try:
            with storage_errors(f"The lock of the state {path}"):
                stack.enter_context(locked_beside(path))
        except OSError as error:
            if not isinstance(error.__cause__, BlockingIOError):
                raise
            raise InvalidInput(
                f"An export with the state {path} is being read, in this process or another, and "
                "delivers the same changes. Call again when it has ended."
            ) from error
        yield
