"""What a caller may choose for a load, and what a load is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import tzinfo
from typing import Any, ClassVar, Literal, Protocol, TypedDict

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.row_encoder import Nulls
from salesforce_bulk.formats.values import UnknownType, Unwritable, to_text
from salesforce_bulk.options import (
    refuse_no_count,
    refuse_no_path,
    refuse_no_progress,
    refuse_no_text,
    refuse_unknown,
)
from salesforce_bulk.progress import ProgressOption

Operation = Literal["insert", "update", "upsert", "delete", "hardDelete"]
Api = Literal["auto", "1.0", "2.0"]


class LoadOptions(TypedDict, total=False):
    """The keyword options of the verbs.

    ===================== ============================ =============================================
    option                default                      meaning
    ===================== ============================ =============================================
    api                   ``"auto"``                   ``"1.0"``, ``"2.0"``; auto takes 1.0, whose
                                                       results come in the order of the rows
    batch_size            10,000                       rows in a batch at most; 100,000 in a job of
                                                       2.0, which takes 20 MB
    concurrency           ``"Parallel"``               ``"Serial"``: one batch after the other
    nulls                 ``"ignore"``                 ``"clear"`` empties fields; or a mapping of
                                                       columns to either
    group_by              None                         a column: rows that share its value are never
                                                       in two batches at work at once
    assignment_rule_id    None                         for Case and Lead
    on_error              ``"raise"``                  ``"report"`` returns where LoadFailed is due
    journal               None                         a path: the same call goes on after a crash
    progress              None                         True, or a callable taking a `Progress`
    timeout               None                         seconds after which the verb ends, whatever
                                                       the org does; None: no end
    parallel              2                            batches sent at once
    encoding              None                         of a CSV file
    assume_tz             None                         the zone of datetimes that name none
    duplicates            ``"refuse"``                 ``"keep_last"``: of rows with the same key
                                                       only the last is sent
    check                 ``"columns"``                ``"values"``: cells that the org would refuse
                                                       are refused in one list; ``"none"`` sends
                                                       columns that cannot be written, too
    columns               None                         other names for columns of the source; None
                                                       drops one: ``{"name": "Name", "x": None}``
    constants             None                         columns with one value for all rows
    delimiter             None                         of a CSV file; None: what the header has most
    skip_rows             0                            lines of a CSV file before its header
    blank_rows            ``"load"``                   ``"skip"`` passes over rows of a CSV file
                                                       that are empty in all columns, and does not
                                                       count them
    ===================== ============================ =============================================

    ``on_error`` is for the verbs that wait; `LoadJob.result` has a ``timeout`` of its own.
    """

    api: Api
    batch_size: int | None
    concurrency: Literal["Parallel", "Serial"]
    nulls: Nulls
    group_by: str | None
    assignment_rule_id: str | None
    on_error: Literal["raise", "report"]
    journal: str | os.PathLike[str] | None
    progress: ProgressOption
    timeout: float | None
    parallel: int
    encoding: str | None
    assume_tz: tzinfo | str | None
    duplicates: Literal["refuse", "keep_last"]
    check: Literal["columns", "values", "none"]
    columns: Mapping[str, str | None] | None
    constants: Mapping[str, Any] | None
    delimiter: str | None
    skip_rows: int
    blank_rows: Literal["load", "skip"]


class ArrowStream(Protocol):
    """A frame or table: pandas, polars, pyarrow, duckdb."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """The rows, without a copy."""


class KeyedRow(Protocol):
    """A row of sqlite3.Row and its like."""

    def keys(self) -> Iterable[str]:
        """The columns; ``row[column]`` is a value."""


class TupleRow(Protocol):
    """A named tuple, or a row of SQLAlchemy."""

    def _asdict(self) -> Mapping[str, Any]: ...


class DataclassRow(Protocol):
    """A dataclass' instance."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class AttrsRow(Protocol):
    """An instance of a class by attrs."""

    __attrs_attrs__: ClassVar[Any]


class ModelRow(Protocol):
    """A model of pydantic."""

    def model_dump(self, *args: Any, **options: Any) -> dict[str, Any]:
        """Its fields."""


#: One row; a text is an Id of a delete, or a line of an open file, as bytes are.
Row = Mapping[str, Any] | KeyedRow | TupleRow | DataclassRow | AttrsRow | ModelRow | str | bytes
#: What the verbs take as rows; a file is given open, or by its path.
Rows = Iterable[Row] | os.PathLike[str] | ArrowStream


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "api": ("auto", "1.0", "2.0"),
    "concurrency": ("Parallel", "Serial"),
    "on_error": ("raise", "report"),
    "duplicates": ("refuse", "keep_last"),
    "check": ("columns", "values", "none"),
    "blank_rows": ("load", "skip"),
}


@dataclass(frozen=True)
class LoadSettings:
    """`LoadOptions` with their defaults, checked."""

    api: Api = "auto"
    batch_size: int | None = None
    concurrency: str = "Parallel"
    nulls: Nulls = "ignore"
    group_by: str | None = None
    assignment_rule_id: str | None = None
    on_error: str = "raise"
    journal: str | os.PathLike[str] | None = None
    progress: ProgressOption = None
    timeout: float | None = None
    parallel: int = 2
    encoding: str | None = None
    assume_tz: tzinfo | str | None = None
    duplicates: str = "refuse"
    check: str = "columns"
    columns: Mapping[str, str | None] | None = None
    constants: Mapping[str, Any] | None = None
    delimiter: str | None = None
    skip_rows: int = 0
    blank_rows: str = "load"

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise InvalidInput(
                    f"{name} is one of {', '.join(choices)}, not {getattr(self, name)!r}."
                )
        self._check_types()
        if not isinstance(self.skip_rows, int) or self.skip_rows < 0:
            raise InvalidInput(f"skip_rows is a number of lines, not {self.skip_rows!r}.")
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            raise InvalidInput(
                f"delimiter is one character, and no quote and no line end, not {self.delimiter!r}."
            )
        if self.constants is not None:
            for column, value in self.constants.items():
                _check_constant(column, value)
        if self.parallel < 1:
            raise InvalidInput("parallel is 1 or more.")
        largest = limits.BATCH_RECORDS if self.api != "2.0" else limits.RECORDS_PER_DAY
        if self.batch_size is not None and not 1 <= self.batch_size <= largest:
            raise InvalidInput(f"batch_size is between 1 and {largest:,}.")
        if self.api == "2.0" and (self.concurrency == "Serial" or self.group_by):
            raise InvalidInput(
                "Bulk API 2.0 cuts its batches itself and runs them in parallel: concurrency= and "
                "group_by= need api='1.0'."
            )

    def _check_types(self) -> None:
        for name in ("nulls", "columns", "constants"):
            object.__setattr__(self, name, _plain(name, getattr(self, name)))
        for name in ("group_by", "assignment_rule_id", "delimiter", "encoding"):
            refuse_no_text(name, getattr(self, name) or "")
        refuse_no_count("parallel", self.parallel)
        refuse_no_count("batch_size", self.batch_size or 0)
        if self.journal is not None:
            refuse_no_path("journal", self.journal)
        refuse_no_progress(self.progress)
        if not isinstance(self.assume_tz, (str, tzinfo, type(None))):
            raise InvalidInput(
                f"assume_tz is a time zone, or its name such as 'Europe/Berlin', not "
                f"{self.assume_tz!r}."
            )

    @classmethod
    def of(cls, verb: str, options: LoadOptions) -> LoadSettings:
        """The settings of a verb's options.

        Raises:
            UnknownOption: the verb has no such option.
            InvalidInput: a value that cannot be.
        """
        refuse_unknown(verb, options, LOAD_DEFAULTS)
        return cls(**options)

    def choose_api(self) -> tuple[str, str]:
        """The API, and why."""
        if self.api != "auto":
            return self.api, "asked for"
        return "1.0", "its results come in the order of the rows"


LOAD_DEFAULTS: Mapping[str, Any] = {field.name: field.default for field in fields(LoadSettings)}


def _plain(name: str, option: Any) -> Any:
    """A dict of a mapping's own, whatever kind of mapping it is: a journal keeps it."""
    if option is None and name != "nulls":
        return None
    if not isinstance(option, Mapping):
        if name == "nulls" and isinstance(option, str):
            return option
        raise InvalidInput(f"{name} maps names of columns, as a dict does; this is {option!r}.")
    for column, value in option.items():
        names = [column, value] if name == "columns" and value is not None else [column]
        if not all(isinstance(one, str) for one in names):
            raise InvalidInput(f"{name}: names of columns are texts, not {column!r}: {value!r}.")
    return dict(option)


def _check_constant(column: str, value: Any) -> None:
    """Raise `InvalidInput` for what is a value of no field; the field is known later."""
    try:
        to_text(value)
    except UnknownType as error:
        raise InvalidInput(f"constants, column {column!r}: {error}", column=column) from error
    except Unwritable:
        return


@dataclass(frozen=True)
class LoadSpec:
    """What is done to which object; everything a job is made of."""

    operation: Operation
    object_name: str
    external_id: str | None = None
    concurrency: str = "Parallel"
    assignment_rule_id: str | None = None

    def __post_init__(self) -> None:
        refuse_no_text("object_name", self.object_name)
        refuse_no_text("external_id", self.external_id or "")

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.operation} {self.object_name}"

    def as_json(self) -> dict[str, Any]:
        """For a journal."""
        return dict(self.__dict__)
