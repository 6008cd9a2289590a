"""What a caller may choose for an export, and which API it selects."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict

from salesforce_bulk import limits
from salesforce_bulk.database.state import DatabaseState
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.export.pk_chunking import PkChunking, chunking_header
from salesforce_bulk.export.soql import Condition, Query
from salesforce_bulk.options import (
    refuse_no_count,
    refuse_no_path,
    refuse_no_progress,
    refuse_unknown,
)
from salesforce_bulk.progress import ProgressOption

Api = Literal["auto", "1.0", "2.0"]
ContentType = Literal["CSV", "JSON", "XML"]


class ExportOptions(TypedDict, total=False):
    """The keyword options of `SalesforceBulk.export`.

    ================ ========== ================================================================
    option           default    meaning
    ================ ========== ================================================================
    fields           None       with an object in place of a query: a list of fields and paths,
                                or ``"all"``
    where            None       with ``fields``: a condition in SOQL, or a mapping of fields to
                                values, see `soql.build_select`
    api              ``"auto"`` ``"1.0"``, ``"2.0"``; auto takes 2.0 unless an option needs 1.0
    content_type     ``"CSV"``  of the results: ``"JSON"`` and ``"XML"`` are 1.0's
    include_deleted  False      deleted and archived rows too; True for an incremental export
    pk_chunking      None       1.0: True, a chunk size in records, or the header's text
    parallel         1          pages downloaded at once
    max_records      None       2.0: rows of a page at most; None leaves it to the server
    raw              False      the values as they were sent, not typed
    decimals         False      numbers with a fraction as `decimal.Decimal`
    keep_nul         False      leave NUL characters in texts; they are removed otherwise
    journal          None       a path: the same call goes on after a crash
    progress         None       True draws, a callable takes each `Progress`
    timeout          None       seconds after which each reading ends, whatever the org does,
                                without the time in which others have its rows; None: no end
    since, until     None       aware datetimes: rows by ``SystemModstamp``, the end excluded
    state            None       a path or a `DatabaseState`: only what changed since the last
                                export with it
    ================ ========== ================================================================
    """

    # No Sequence: a text is one too, and "al" would be a list of two fields.
    fields: list[str] | tuple[str, ...] | Literal["all"] | None
    where: Condition | None
    api: Api
    content_type: ContentType
    include_deleted: bool | None
    pk_chunking: PkChunking
    parallel: int
    max_records: int | None
    raw: bool
    decimals: bool
    keep_nul: bool
    journal: str | os.PathLike[str] | None
    progress: ProgressOption
    timeout: float | None
    since: datetime | None
    until: datetime | None
    state: str | os.PathLike[str] | DatabaseState | None


@dataclass(frozen=True)
class ExportSettings:
    """The options that say how an export is run and read; see `ExportOptions`."""

    api: Api = "auto"
    content_type: ContentType = "CSV"
    include_deleted: bool = False
    pk_chunking: PkChunking = None
    parallel: int = 1
    max_records: int | None = None
    raw: bool = False
    decimals: bool = False
    keep_nul: bool = False
    journal: str | os.PathLike[str] | None = None
    progress: ProgressOption = None
    timeout: float | None = None

    @classmethod
    def of(cls, options: ExportOptions) -> ExportSettings:
        """Those of the options that are settings."""
        refuse_unknown("export", options, EXPORT_DEFAULTS)
        own = {field.name for field in fields(cls)}
        given = {name: value for name, value in options.items() if name in own}
        return cls(**{**given, "include_deleted": bool(options.get("include_deleted"))})  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        if self.api not in ("auto", "1.0", "2.0"):
            raise InvalidInput(f"api={self.api!r}; 'auto', '1.0' and '2.0' are known.")
        if self.content_type not in ("CSV", "JSON", "XML"):
            raise InvalidInput(f"content_type={self.content_type!r}; CSV, JSON and XML are known.")
        if self.journal is not None:
            refuse_no_path("journal", self.journal)
        refuse_no_progress(self.progress)
        counts = {"parallel": self.parallel}
        if self.max_records is not None:
            counts["max_records"] = self.max_records
        for name, value in counts.items():
            refuse_no_count(name, value)
            if value < 1:
                raise InvalidInput(f"{name}={value} is less than 1.")


EXPORT_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(("fields", "where")),
    **{field.name: field.default for field in fields(ExportSettings)},
    "include_deleted": None,  # False, and True for an incremental export
    **dict.fromkeys(("since", "until", "state")),
}


class ApiChoice(NamedTuple):
    """The API for an export, and why."""

    api: Literal["1.0", "2.0"]
    reason: str


def choose_api(settings: ExportSettings, version: str) -> ApiChoice:
    """Which API serves an export.

    Raises:
        InvalidInput: the options need an API that the caller excluded.
    """
    needs_v1 = [
        reason
        for needed, reason in (
            (bool(settings.pk_chunking), "pk_chunking= is 1.0's; 2.0 chunks by itself"),
            (settings.content_type != "CSV", f"{settings.content_type} results are 1.0's"),
            (
                float(version) < limits.FIRST_QUERY_V2_VERSION,
                f"version {version} has no query jobs in 2.0",
            ),
        )
        if needed
    ]
    if needs_v1 and settings.api == "2.0":
        raise InvalidInput(f"api='2.0' cannot be: {needs_v1[0]}.")
    if settings.max_records is not None and (needs_v1 or settings.api == "1.0"):
        raise InvalidInput(
            "max_records= is 2.0's, where it is the most rows of a page; leave it out"
            + (f": {needs_v1[0]}." if needs_v1 else ", or api='1.0'.")
        )
    if needs_v1:
        return ApiChoice("1.0", needs_v1[0])
    if settings.api == "1.0":
        return ApiChoice("1.0", "asked for")
    if settings.api == "2.0":
        return ApiChoice("2.0", "asked for")
    return ApiChoice("2.0", "the server cuts the query and pages the result")


def check_chunking(settings: ExportSettings, query: Query) -> str | None:
    """The header for PK chunking, where it is asked for.

    Raises:
        InvalidInput: the query, its object or another option does not allow it.
    """
    if not settings.pk_chunking:
        return None
    if settings.include_deleted:
        raise InvalidInput(
            "PK chunking leaves deleted rows out, so include_deleted=True would be wrong with it; "
            "leave pk_chunking= out."
        )
    unsuitable = query.clauses & {"ORDER", "LIMIT"}
    if unsuitable:
        raise InvalidInput(
            f"PK chunking does not go with {' and '.join(sorted(unsuitable))}: the server would "
            "quietly run the query in one piece. Leave one of them out."
        )
    return chunking_header(query.object, settings.pk_chunking)
