"""What the calls return."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class TruthText(str):
    """The text ``true`` or ``false`` of a CSV result, whose truth value is what it says.

    2.2.0 returned plain text, so that ``if result.success`` held for failed rows as well;
    programs that compare with ``'true'`` and programs that just ask are both right now.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.lower() == "true"


class UploadResult(NamedTuple):
    """The outcome of one row, in the order of the rows of its batch.

    ===========  =======================  ==========================  ==================
    field        CSV job                  JSON job                    XML job
    ===========  =======================  ==========================  ==================
    ``id``       str, ``''`` on failure   str or None                 str or None
    ``success``  `TruthText`              bool                        bool
    ``created``  `TruthText`              bool                        bool
    ``error``    ``CODE:text:fields --``  list of dicts               list of dicts
    ===========  =======================  ==========================  ==================
    """

    id: Any
    success: Any
    created: Any
    error: Any


@dataclass(frozen=True)
class JobInfo:
    """A job of Bulk API 2.0.

    Attributes:
        id: 18 characters.
        state: see `bulk_states`.
        operation, object: as the server names them.
        api_version: with which the job was made, and with which its results are read.
        rows_processed: successes and failures; None before there is a count.
        rows_failed: failures.
        error_message: why a job failed as a whole.
        created: the server's text, e.g. ``2022-01-02T21:33:43.000+0000``.
        fields: everything the server sent.
    """

    id: str
    state: str
    operation: str | None = None
    object: str | None = None
    api_version: str | None = None
    rows_processed: int | None = None
    rows_failed: int | None = None
    error_message: str | None = None
    created: str | None = None
    fields: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
