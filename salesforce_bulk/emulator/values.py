"""Cells as every wire format hands them over, and what becomes of them in a field."""

from enum import Enum
from typing import Final, NamedTuple


class Unchanged(Enum):
    """The type of `UNCHANGED`."""

    UNCHANGED = "unchanged"

    def __repr__(self) -> str:
        return "UNCHANGED"


#: An empty CSV cell, or a key that a JSON or XML record does not have.
UNCHANGED: Final = Unchanged.UNCHANGED

#: None sets the field to null; text is what CSV and XML hold, the others come out of JSON;
#: bytes are the file that a zip batch's ``#path`` names.
Cell = str | bool | int | float | bytes | Unchanged | None
#: What SQLite keeps.
Stored = str | int | float | bytes | None


class RowError(NamedTuple):
    """One reason why a row was refused."""

    status_code: str
    message: str
    fields: tuple[str, ...] = ()


class RowOutcome(NamedTuple):
    """What became of one row; `id` is None for a row that failed."""

    id: str | None
    success: bool
    created: bool
    errors: tuple[RowError, ...] = ()
