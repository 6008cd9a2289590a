"""Values as an org judges and compares them that follows another reading than the emulator."""

from collections.abc import Callable, Sequence

from salesforce_bulk.emulator.data.values import (
    BLANKS,
    Cell,
    CellRefusedError,
    Judge,
    Judged,
    RowErrors,
    cell_text,
    incorrect_id,
    not_deserialized,
)
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.schema.schema import Field

#: Types whose values are any text.
_TEXTS = frozenset({"string", "textarea", "phone", "url"})


def in_reading(
    dialect: Dialect, field: Field, column: int, compile_judge: Callable[[Field, int], Judge]
) -> Judge:
    """The judge of a column, in the readings of a dialect."""
    judge = compile_judge(field, column)
    if field.type in _TEXTS and dialect["bulk1.row.text_blanks"] == "kept":
        return _keeping_blanks(judge)
    if field.type == "boolean" and dialect["bulk1.row.booleans"] == "true and false":
        return _refusing(judge, _is_other_boolean, not_deserialized, field, column)
    if field.type == "id" and dialect["bulk1.row.id_blanks"] == "malformed":
        return _refusing(judge, _has_blanks, _malformed, field, column)
    return judge


def same_key(dialect: Dialect, sent: Cell, stored: object) -> bool:
    """Whether the key of an upsert is that of a record which it finds in the usual reading."""
    if not isinstance(sent, str) or not isinstance(stored, str):
        return True
    if dialect["bulk1.row.key_blanks"] == "kept" and _has_blanks(sent):
        return False
    return dialect["bulk1.row.key_case"] != "exact" or sent.strip(BLANKS) == stored


def _keeping_blanks(judge: Judge) -> Judge:
    def judged(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        values = judge(cells, errors)
        return [
            cell if isinstance(cell, str) and value else value
            for cell, value in zip(cells, values, strict=True)
        ]

    return judged


def _refusing(
    judge: Judge,
    refused: Callable[[Cell], bool],
    refuse: Callable[[Field, int, object], CellRefusedError],
    field: Field,
    column: int,
) -> Judge:
    def judged(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        values = judge(cells, errors)
        for row, cell in enumerate(cells):
            if refused(cell) and row not in errors:
                errors.add(row, refuse(field, column, cell).error)
                values[row] = None
        return values

    return judged


def _has_blanks(cell: Cell) -> bool:
    return isinstance(cell, str) and cell != cell.strip(BLANKS)


def _is_other_boolean(cell: Cell) -> bool:
    text = cell_text(cell).strip(BLANKS).lower() if cell and not isinstance(cell, bytes) else ""
    return bool(text) and text not in ("true", "false")


def _malformed(field: Field, _column: int, cell: object) -> CellRefusedError:
    return CellRefusedError(incorrect_id(field, cell))
