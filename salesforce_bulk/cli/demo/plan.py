"""Where the rows of the demo's file go: to Account, or to a custom object made for them.

Also the rows that are spoiled on purpose, so that the org has something to reject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from salesforce_bulk.cli.files.csv_file import CsvTable
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.limits import BATCH_BYTES, BATCH_RECORDS, FIELD_CHARACTERS

if TYPE_CHECKING:
    from salesforce_bulk.emulator.schema.fields import Field

STANDARD_OBJECT = "Account"
CUSTOM_OBJECT = "Demo_Row__c"
#: A required number of the custom object: which row of the file a record came from.
ROW_NUMBER = "Row_Number__c"


class CellKind(Enum):
    """What a column holds."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


#: describe's types that the demo compares; a column of another type (an id, a date, a picklist
#: that takes only its own values) sends the file to the custom object.
KINDS: Mapping[str, CellKind] = MappingProxyType(
    {
        "string": CellKind.TEXT,
        "textarea": CellKind.TEXT,
        "phone": CellKind.TEXT,
        "url": CellKind.TEXT,
        "email": CellKind.TEXT,
        "int": CellKind.NUMBER,
        "double": CellKind.NUMBER,
        "currency": CellKind.NUMBER,
        "percent": CellKind.NUMBER,
        "boolean": CellKind.BOOLEAN,
    }
)

#: Characters of a custom text field, and of a long text area.
TEXT_LENGTH = 255
LONG_TEXT_LENGTH = FIELD_CHARACTERS
#: Characters of a custom field's name, without its "__c".
API_NAME_LENGTH = 40

#: Well formed, but no Account has it.
UNKNOWN_ACCOUNT = "001000000000000AAA"


class DemoColumn(NamedTuple):
    """A column of the upload: its field, what kind of value it holds, and its length if text."""

    field: str
    kind: CellKind
    length: int = 0


class Defect(NamedTuple):
    """What makes a good row one that the org must reject."""

    reason: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class DemoPlan:
    """How a file is loaded; ``columns`` begin with the file's own, in its order."""

    object_name: str
    columns: tuple[DemoColumn, ...]
    defects: tuple[Defect, ...]
    #: What ``define_object`` needs; empty for a standard object.
    new_fields: Mapping[str, str] = field(default_factory=dict)


class DemoRow(NamedTuple):
    """A row of the upload; its cells are made when they are needed, by ``cells``.

    ``number`` counts the file's rows from 1. A spoiled row is a copy of that row.
    """

    number: int
    defect: Defect | None = None


def make_plan(table: CsvTable, account_fields: Iterable[Field]) -> DemoPlan:
    """Account, if every column is a simple field of it and Name is there; else a custom object."""
    simple = {field.name.lower(): field for field in account_fields if is_simple(field)}
    chosen = [simple.get(name.strip().lower()) for name in table.header]
    fields = [field for field in chosen if field]
    if len(fields) == len(chosen) and any(field.name == "Name" for field in fields):
        return account_plan([DemoColumn(f.name, KINDS[f.type], f.length) for f in fields])
    return custom_plan(table)


def is_simple(field: Field) -> bool:
    return field.createable and field.type in KINDS


def account_plan(columns: Sequence[DemoColumn]) -> DemoPlan:
    defects = [
        Defect("no Name, which is required", {"Name": ""}),
        Defect("a Name of 256 characters", {"Name": "x" * 256}),
        *letters_for_a_number(columns),
        Defect("a ParentId that does not exist", {"ParentId": UNKNOWN_ACCOUNT}),
    ]
    return DemoPlan(
        STANDARD_OBJECT, (*columns, DemoColumn("ParentId", CellKind.TEXT)), tuple(defects)
    )


def custom_plan(table: CsvTable) -> DemoPlan:
    names = api_names(table.header)
    longest = [max(map(len, cells)) for cells in zip(*table.rows, strict=True)]
    texts = [
        DemoColumn(name, CellKind.TEXT, TEXT_LENGTH if length <= TEXT_LENGTH else LONG_TEXT_LENGTH)
        for name, length in zip(names, longest, strict=True)
    ]
    columns = (*texts, DemoColumn(ROW_NUMBER, CellKind.NUMBER))
    defects = [
        Defect(f"no {ROW_NUMBER}, which is required", {ROW_NUMBER: ""}),
        *letters_for_a_number(columns),
        *one_character_too_many(texts),
    ]
    return DemoPlan(CUSTOM_OBJECT, columns, tuple(defects), new_fields(texts))


def letters_for_a_number(columns: Iterable[DemoColumn]) -> list[Defect]:
    numbers = [column.field for column in columns if column.kind is CellKind.NUMBER]
    return [Defect(f"letters in the number {name}", {name: "a few"}) for name in numbers[:1]]


def one_character_too_many(columns: Iterable[DemoColumn]) -> list[Defect]:
    short = [column.field for column in columns if column.length == TEXT_LENGTH]
    return [
        Defect(f"{TEXT_LENGTH + 1} characters in {name}", {name: "x" * (TEXT_LENGTH + 1)})
        for name in short[:1]
    ]


def new_fields(texts: Iterable[DemoColumn]) -> dict[str, str]:
    fields = {
        column.field: f"{'text' if column.length == TEXT_LENGTH else 'longtext'}({column.length})"
        for column in texts
    }
    return {**fields, ROW_NUMBER: "number(18, 0) required"}


def api_names(header: Iterable[str]) -> list[str]:
    """A custom field's name for each column: ASCII letters, digits and single underscores.

    Names that become equal are numbered: ``Prix €`` and ``Prix $`` give ``Prix__c``, ``Prix_2__c``.
    """
    taken = {ROW_NUMBER.lower()}
    names = []
    for position, column in enumerate(header, start=1):
        name = next(name for name in candidates(column, position) if name.lower() not in taken)
        taken.add(name.lower())
        names.append(name)
    return names


def candidates(column: str, position: int) -> Iterator[str]:
    plain = unicodedata.normalize("NFKD", column.removesuffix("__c")).encode("ascii", "ignore")
    stem = re.sub(r"[^A-Za-z0-9]+", "_", plain.decode()).strip("_") or f"Column_{position}"
    if not stem[0].isalpha():
        stem = f"Column_{stem}"
    yield f"{stem[:API_NAME_LENGTH].rstrip('_')}__c"
    for number in range(2, 10_000):
        ending = f"_{number}"
        yield f"{stem[: API_NAME_LENGTH - len(ending)].rstrip('_')}{ending}__c"


def upload_rows(plan: DemoPlan, rows: int) -> Iterator[DemoRow]:
    """The rows of a file of so many rows in their order, with the spoiled ones among them."""
    after = spread(plan.defects, rows)
    for number in range(1, rows + 1):
        yield DemoRow(number)
        for defect in after.get(number, ()):
            yield DemoRow(number, defect)


def cells(plan: DemoPlan, table: CsvTable, row: DemoRow) -> dict[str, str]:
    """A row's cells by field, as they are sent."""
    own = table.rows[row.number - 1]
    added = [column.field for column in plan.columns[len(own) :]]
    values = [*own, *(str(row.number) if name == ROW_NUMBER else "" for name in added)]
    good = dict(zip((column.field for column in plan.columns), values, strict=True))
    return {**good, **row.defect.cells} if row.defect else good


def spread(defects: Sequence[Defect], rows: int) -> dict[int, list[Defect]]:
    """The row numbers after which spoiled rows stand, evenly over the file."""
    after: dict[int, list[Defect]] = {}
    for position, defect in enumerate(defects, start=1):
        after.setdefault(max(1, position * rows // (len(defects) + 1)), []).append(defect)
    return after


def cut_batches(
    rows: Iterable[tuple[DemoRow, Mapping[str, str]]],
    max_records: int = BATCH_RECORDS,
    max_bytes: int = BATCH_BYTES,
) -> Iterator[list[tuple[DemoRow, Mapping[str, str]]]]:
    """Rows with their cells, in batches within both limits; none is empty.

    Raises:
        InvalidInput: a single row is larger than a batch may be.
    """
    batch: list[tuple[DemoRow, Mapping[str, str]]] = []
    size = 0
    for row, values in rows:
        header, row_size = csv_bytes(values.keys()), csv_bytes(values.values())
        if header + row_size > max_bytes:
            raise InvalidInput(
                f"row {row.number} alone is over {max_bytes:,} bytes", row=row.number
            )
        if batch and (len(batch) == max_records or size + row_size > max_bytes):
            yield batch
            batch = []
        if not batch:
            size = header
        batch.append((row, values))
        size += row_size
    if batch:
        yield batch


def csv_bytes(cells: Iterable[str]) -> int:
    """The bytes of a CSV record of which every cell is quoted, with its CRLF."""
    return sum(len(cell.encode()) + cell.count('"') + 3 for cell in cells) + 1
