"""What the calls return."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple


class TruthText(str):
    """The text ``true`` or ``false`` of a CSV result, whose truth value is what it says.

    2.2.0 returned plain text, so that ``if result.success`` held for failed rows as well;
    programs that compare with ``'true'`` and programs that just ask are both right now.
    ``str(text)`` is plain text again.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return self.lower() == "true"


class _UploadFields(NamedTuple):
    id: Any
    success: Any
    created: Any
    error: Any


class UploadResult(_UploadFields):
    """The outcome of one row, in the order of the rows of its batch.

    ===========  =======================  ==========================  ==================
    field        CSV job                  JSON job                    XML job
    ===========  =======================  ==========================  ==================
    ``id``       str, ``''`` on failure   str or None                 str or None
    ``success``  `TruthText`              bool                        bool
    ``created``  `TruthText`              bool                        bool
    ``error``    ``CODE:text:fields --``  list of dicts               list of dicts
    ===========  =======================  ==========================  ==================

    As a tuple (iterated, by index, by ``_asdict()``) a CSV job's row holds plain text, because
    Spark, YAML and database drivers look at the exact type of what they store: ask the
    attributes ``success`` and ``created`` whether a row succeeded, and store the tuple.
    """

    __slots__ = ()
    __module__ = "salesforce_bulk"

    @property
    def success(self) -> Any:
        """Whether the row succeeded."""
        return _truth(self[1])

    @property
    def created(self) -> Any:
        """Whether the record is new."""
        return _truth(self[2])


def _truth(value: Any) -> Any:
    return TruthText(value) if type(value) is str else value


class RowError(NamedTuple):
    """Why a row did not succeed.

    ``code`` is the org's status code, e.g. ``REQUIRED_FIELD_MISSING``, or the exceptionCode of a
    batch or job that failed; ``fields`` are the names the org points to.
    """

    code: str
    message: str
    fields: tuple[str, ...] = ()


#: What became of a row. ``unknown``: it cannot be said whether the org has it.
RowStatus = Literal["success", "failed", "unprocessed", "unknown"]


class RowResult(NamedTuple):
    """What became of one row of a load.

    Attributes:
        number: of the row in the source, from 1, a header not counted.
        record: the caller's own dict where the rows came in a list, else the columns and the
            texts that were sent.
        status: see `RowStatus`.
        id: of the record, None where the org named none.
        created: True where the record is new.
        error: None for a success.
    """

    number: int
    record: Mapping[str, Any]
    status: RowStatus
    id: str | None
    created: bool
    error: RowError | None


# Set behind the classes: in a NamedTuple's body it would be taken for a field.
RowError.__module__ = RowResult.__module__ = "salesforce_bulk"


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

    @property
    def owner(self) -> str | None:
        """The id of the user who made it."""
        owner = self.fields.get("createdById")
        return None if owner is None else str(owner)


@dataclass(frozen=True)
class User:
    """Whose session it is.

    Attributes:
        id, organization_id: 18 characters.
        username, name, email: as the org has them; None where the session does not tell.
    """

    id: str
    organization_id: str
    username: str | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class ApiUsage:
    """The API calls of an org in the last 24 hours, by all its programs.

    Attributes:
        used: calls that were made.
        maximum: calls that may be.
    """

    used: int
    maximum: int

    @property
    def remaining(self) -> int:
        """Calls that are left; none where more were made than allowed."""
        return max(0, self.maximum - self.used)


ApiUsage.__module__ = JobInfo.__module__ = User.__module__ = "salesforce_bulk"
