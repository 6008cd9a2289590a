"""Cells as every wire format hands them over, and what becomes of them in a field.

A load is judged column by column: `compile_judge` makes, once per column, a function that turns
a whole list of cells into stored values and notes the rows that cannot be. Columns of text and
numbers, whose values seldom repeat, are first looked at as a whole; of the other types each
distinct text is judged once.

Source: *Bulk API Developer Guide*, "Valid CSV Record Rows" and "Valid Date Format in Records";
*SOAP API Developer Guide*, "StatusCode".
"""

import base64
import binascii
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from salesforce_bulk.emulator.schema.describe_documents import soap_type
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.ids import to_18


class Unchanged(Enum):
    """The type of `UNCHANGED`, which is false like None."""

    UNCHANGED = "unchanged"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNCHANGED"


#: An empty CSV cell, or a key that a JSON or XML record does not have.
UNCHANGED: Final = Unchanged.UNCHANGED

#: None sets the field to null; text is what CSV and XML hold, the others come out of JSON;
#: bytes are the file that a zip batch's ``#path`` names.
Cell = str | bool | int | float | bytes | Unchanged | None
#: What SQLite keeps.
Stored = str | int | float | bytes | None
#: A judged cell: on its way to the store, or left as it was.
Judged = str | int | float | bytes | Unchanged | None


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


class RowErrors(dict[int, list[RowError]]):
    """Row number -> the errors found so far."""

    def add(self, row: int, error: RowError) -> None:
        self.setdefault(row, []).append(error)


#: Judges one column: cells in, stored values out, refusals noted by row.
Judge = Callable[[Sequence[Cell], RowErrors], list[Judged]]

#: The platform trims what Java's `trim` does: every character up to the space.
BLANKS = "".join(map(chr, range(33)))

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NOT_PLAIN_DECIMAL = re.compile(r"[^0-9.\n-]")
_NOT_PLAIN_INTEGER = re.compile(r"[^0-9\n-]")
_ZONE = r"(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?"
_DATE = re.compile(rf"(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}){_ZONE}")
_DATETIME = re.compile(
    r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    rf"(?:\.(?P<fraction>[0-9]{{1,9}}))?{_ZONE}"
)
_CANONICAL_DATETIMES = re.compile(
    r"(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z)+"
)
_CANONICAL_LENGTH = len("2024-01-31T10:00:00.000Z")
_TIME = re.compile(r"(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?Z?")
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\uffff-]+@[A-Za-z0-9\u0080-\uffff-]+(?:\.[A-Za-z0-9\u0080-\uffff-]+)+"
)
#: Spellings of a boolean; the guide's own are true and false, the rest its general type table.
_BOOLEANS: Mapping[str, int] = MappingProxyType(
    {
        "true": 1, "1": 1, "yes": 1, "y": 1, "on": 1, "t": 1,
        "false": 0, "0": 0, "no": 0, "n": 0, "off": 0, "f": 0,
    }
)  # fmt: skip
#: Digits of the numbers that SQLite keeps as integers, when describe states none.
_INTEGER_DIGITS: Mapping[str, int] = MappingProxyType({"int": 9, "long": 18})
#: Distinct texts that a column's judge remembers.
_REMEMBERED = 20_000
_FIRST_YEAR, _LAST_YEAR = 1700, 4000
_TEXT_OR_NONE = frozenset({str, type(None), Unchanged})


class CellRefusedError(Exception):
    """Why a cell cannot become a value of its field."""

    def __init__(self, error: RowError) -> None:
        super().__init__(error.message)
        self.error = error


def not_deserialized(field: Field, column: int, text: object) -> CellRefusedError:
    """The server's words for text that is no value of the field's type; columns count from 0."""
    message = (
        f"Failed to deserialize field at col {column}. "
        f"Due to, '{text}' is not a valid value for the type {soap_type(field)}"
    )
    return CellRefusedError(RowError("INVALID_FIELD", message, (field.name,)))


def _refusal(field: Field, code: str, message: str) -> CellRefusedError:
    return CellRefusedError(RowError(code, f"{field.label}: {message}", (field.name,)))


def incorrect_id(field: Field, text: object) -> RowError:
    """An id that is malformed, or of another object than the field refers to."""
    return RowError(
        "MALFORMED_ID", f"{field.label}: id value of incorrect type: {text}", (field.name,)
    )


def compile_judge(field: Field, column: int, unchanged: Judged = UNCHANGED) -> Judge:
    """A function that judges the cells of one column.

    Args:
        field: the field the column is for.
        column: the column's place in the batch, from 0, as error messages tell it.
        unchanged: what an `UNCHANGED` cell becomes: the field's default in an insert.
    """
    return _JUDGES.get(field.type, _text_judge)(field, column, unchanged)


def cell_text(cell: Cell) -> str:
    """A cell that came as a native JSON value, as text."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell)


_One = Callable[[str], Stored]


_Whole = Callable[[Sequence[Cell]], list[Judged] | None]


def _each(one: _One, field: Field, unchanged: Judged, whole: _Whole | None = None) -> Judge:
    """Judges every distinct text once; for types whose values repeat.

    What was judged is remembered from piece to piece, up to a bound. `whole` may know a column
    to be as it should be at a glance.
    """
    null: Judged = 0 if field.type == "boolean" else None
    blank: dict[Cell, Judged] = {UNCHANGED: unchanged, None: null}
    known = dict(blank)

    def judge(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        try:
            return [known[cell] for cell in cells]
        except KeyError:
            return judge_new(cells, errors)

    def judge_new(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        values = whole(cells) if whole else None
        if values is not None:
            return values
        if len(known) > _REMEMBERED:
            known.clear()
            known.update(blank)
        refused: dict[Cell, RowError] = {}
        texts = _as_texts(cells)
        for text in {cell for cell in texts if type(cell) is str and cell not in known}:
            try:
                known[text] = one(text)
            except CellRefusedError as refusal:
                refused[text] = refusal.error
        if refused:
            _note(texts, refused, errors)
        return [known.get(text) for text in texts]

    return judge


def _as_texts(cells: Sequence[Cell]) -> Sequence[Cell]:
    return [
        cell if type(cell) is str or cell is None or cell is UNCHANGED else cell_text(cell)
        for cell in cells
    ]


def _note(texts: Sequence[Cell], refused: Mapping[Cell, RowError], errors: RowErrors) -> None:
    for row, text in enumerate(texts):
        if text in refused:
            errors.add(row, refused[text])


def _one_by_one(
    one: _One, cells: Iterable[Cell], unchanged: Judged, errors: RowErrors
) -> list[Judged]:
    """Judges cell by cell; the slow and exact way that the fast paths fall back on."""
    values: list[Judged] = []
    for row, cell in enumerate(cells):
        value: Judged = None
        if cell is UNCHANGED:
            value = unchanged
        elif cell is not None:
            try:
                value = one(cell if isinstance(cell, str) else cell_text(cell))
            except CellRefusedError as refusal:
                errors.add(row, refusal.error)
        values.append(value)
    return values


def _text_judge(field: Field, _column: int, unchanged: Judged) -> Judge:
    limit = field.length or math.inf

    def other(cell: Cell) -> Judged:
        if cell is UNCHANGED:
            return unchanged
        return None if cell is None else cell_text(cell).strip(BLANKS) or None

    def judge(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        values = [
            cell.strip(BLANKS) or None if type(cell) is str else other(cell) for cell in cells
        ]
        if max(map(len, filter(None, values)), default=0) > limit:  # type: ignore[arg-type]
            _refuse_long(field, values, errors)
        return values

    return judge


def too_long(field: Field, text: str) -> RowError:
    """Text of more characters than the field takes."""
    message = f"{field.label}: data value too large: {text} (max length={field.length})"
    return RowError("STRING_TOO_LONG", message, (field.name,))


def _refuse_long(field: Field, values: list[Judged], errors: RowErrors) -> None:
    for row, value in enumerate(values):
        if isinstance(value, str) and len(value) > field.length:
            errors.add(row, too_long(field, value))
            values[row] = None


def _checked_text_judge(check: Callable[[Field, str], str]) -> Callable[..., Judge]:
    """A judge of text that must satisfy `check` as well."""

    def compiled(field: Field, _column: int, unchanged: Judged) -> Judge:
        def one(text: str) -> Stored:
            text = text.strip(BLANKS)
            if not text:
                return None
            if field.length and len(text) > field.length:
                raise CellRefusedError(too_long(field, text))
            return check(field, text)

        return _each(one, field, unchanged)

    return compiled


def _email(field: Field, text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise _refusal(field, "INVALID_EMAIL_ADDRESS", f"invalid email address: {text}")
    return text.lower()


def _bad_picklist_value(field: Field, text: str) -> CellRefusedError:
    return _refusal(
        field,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"bad value for restricted picklist field: {text}",
    )


def _picklist_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    """An unrestricted picklist takes any text; letter case is mended in both kinds."""
    values = {
        value.value.casefold(): value.value for value in field.picklist_values if value.active
    }
    if not field.restricted_picklist or not field.picklist_values:
        known = values

        def one(field: Field, text: str) -> str:
            return known.get(text.casefold(), text)

    else:

        def one(field: Field, text: str) -> str:
            if text.casefold() not in values:
                raise _bad_picklist_value(field, text)
            return values[text.casefold()]

    return _checked_text_judge(one)(field, column, unchanged)


def _multipicklist_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    order = [value.value for value in field.picklist_values if value.active]
    known = {value.casefold(): value for value in order}

    def one(field: Field, text: str) -> str:
        chosen = [part.strip(BLANKS) for part in text.split(";") if part.strip(BLANKS)]
        if field.restricted_picklist and order:
            unknown = [part for part in chosen if part.casefold() not in known]
            if unknown:
                raise _bad_picklist_value(field, unknown[0])
        values = dict.fromkeys(known.get(part.casefold(), part) for part in chosen)
        listed = [value for value in order if value in values]
        return ";".join([*listed, *(value for value in values if value not in known.values())])

    return _checked_text_judge(one)(field, column, unchanged)


def _out_of_range(field: Field, number: object) -> CellRefusedError:
    return _refusal(
        field,
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"value outside of valid range on numeric field: {number}",
    )


def _round(number: float, scale: int) -> float:
    """Half up, as the platform rounds what has more decimals than the field."""
    return float(Decimal(repr(number)).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _number_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    limit = 10.0 ** (field.precision - field.scale) if field.precision else math.inf
    fraction = r"\.[0-9]*[1-9]" if field.scale == 0 else rf"\.[0-9]{{{field.scale + 1}}}"
    too_precise = re.compile(fraction)

    def one(text: str) -> Stored:
        text = text.strip(BLANKS)
        if not text:
            return None
        if not NUMBER.fullmatch(text):
            raise not_deserialized(field, column, text)
        number = float(text)
        if not -limit < number < limit:
            raise _out_of_range(field, text)
        return _round(number, field.scale) if field.precision else number

    def judge(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        whole = _plain(cells, _NOT_PLAIN_DECIMAL)
        numbers = None if whole is None else _convert(float, cells, unchanged)
        if whole is None or numbers is None or not _within(limit, numbers):
            return _one_by_one(one, cells, unchanged, errors)
        if field.precision and too_precise.search(whole):
            for row, cell in enumerate(cells):
                if type(cell) is str and too_precise.search(cell):
                    numbers[row] = _round(float(cell), field.scale)
        return numbers

    return judge


def _plain(cells: Sequence[Cell], unusual: re.Pattern[str]) -> str | None:
    """All texts of a column in one, unless a cell is native or holds an unusual character."""
    texts = [cell for cell in cells if type(cell) is str]
    if len(texts) < len(cells) and not set(map(type, cells)) <= _TEXT_OR_NONE:
        return None
    whole = "\n".join(texts)
    return None if unusual.search(whole) else whole


def _convert(
    number: Callable[[str], int | float], cells: Sequence[Cell], unchanged: Judged
) -> list[Judged] | None:
    """Every text as a number; None when one of them is none."""
    try:
        return [
            number(cell) if type(cell) is str else unchanged if cell is UNCHANGED else None
            for cell in cells
        ]
    except ValueError:
        return None


def _within(limit: float, values: Sequence[Judged]) -> bool:
    numbers: list[Any] = list(filter(None, values))
    return not numbers or (max(numbers) < limit and min(numbers) > -limit)


def _integer_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    limit = 10 ** (field.digits or _INTEGER_DIGITS[field.type])

    def one(text: str) -> Stored:
        text = text.strip(BLANKS)
        if not text:
            return None
        if not _INTEGER.fullmatch(text):
            raise not_deserialized(field, column, text)
        number = int(text)
        if not -limit < number < limit:
            raise _out_of_range(field, text)
        return number

    def judge(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        if _plain(cells, _NOT_PLAIN_INTEGER) is not None:
            numbers = _convert(int, cells, unchanged)
            if numbers is not None and _within(limit, numbers):
                return numbers
        return _one_by_one(one, cells, unchanged, errors)

    return judge


def _boolean_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    def one(text: str) -> Stored:
        value = _BOOLEANS.get(text.strip(BLANKS).lower())
        if value is None:
            raise not_deserialized(field, column, text)
        return value

    return _each(one, field, unchanged)


def _date_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    def one(text: str) -> Stored:
        stripped = text.strip(BLANKS)
        if not stripped:
            return None
        match = _DATE.fullmatch(stripped)
        if not match:
            raise not_deserialized(field, column, text)
        try:
            day = date.fromisoformat(match["day"])
        except ValueError:
            raise not_deserialized(field, column, text) from None
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            raise _refusal(field, "FIELD_INTEGRITY_EXCEPTION", f"invalid date: {stripped}")
        return match["day"]

    return _each(one, field, unchanged)


def format_datetime(moment: datetime) -> str:
    """A moment as the store keeps it: UTC, milliseconds, sorts as text."""
    utc = moment.astimezone(timezone.utc)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def _offset(zone: str | None) -> timedelta:
    if not zone or zone == "Z":
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))


def _datetime_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    def one(text: str) -> Stored:
        stripped = text.strip(BLANKS)
        if not stripped:
            return None
        match = _DATETIME.fullmatch(stripped)
        if not match:
            raise not_deserialized(field, column, text)
        milliseconds = (match["fraction"] or "0")[:3].ljust(3, "0")
        try:
            moment = datetime.fromisoformat(f"{match['day']}T{match['time']}")
            if match["zone"] not in (None, "Z"):
                moment -= _offset(match["zone"])
        except (ValueError, OverflowError):
            raise not_deserialized(field, column, text) from None
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise _refusal(field, "FIELD_INTEGRITY_EXCEPTION", f"invalid date: {stripped}")
        if match["zone"] in (None, "Z"):
            return f"{match['day']}T{match['time']}.{milliseconds}Z"
        return f"{moment.isoformat()}.{milliseconds}Z"

    return _each(one, field, unchanged, _canonical_datetimes)


def _canonical_datetimes(cells: Sequence[Cell]) -> list[Judged] | None:
    """The cells, if all of them are written exactly as the store writes datetimes."""
    texts = [cell for cell in cells if type(cell) is str]
    if len(texts) < len(cells) or set(map(len, texts)) != {_CANONICAL_LENGTH}:
        return None
    if not _CANONICAL_DATETIMES.fullmatch("".join(texts)):
        return None
    if not f"{_FIRST_YEAR}" <= min(texts) <= max(texts) < f"{_LAST_YEAR + 1}":
        return None
    try:
        for text in texts:
            datetime.fromisoformat(text[:23])
    except ValueError:
        return None
    return list(texts)


def _time_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    def one(text: str) -> Stored:
        stripped = text.strip(BLANKS)
        if not stripped:
            return None
        match = _TIME.fullmatch(stripped)
        if not match or match["time"] > "23:59:59" or max(match["time"].split(":")[1:]) > "59":
            raise not_deserialized(field, column, text)
        return f"{match['time']}.{(match['fraction'] or '0')[:3].ljust(3, '0')}Z"

    return _each(one, field, unchanged)


def _reference_judge(field: Field, _column: int, unchanged: Judged) -> Judge:
    """Only the form of an id is judged here; whether it exists is the store's to say."""

    def one(text: str) -> Stored:
        stripped = text.strip(BLANKS)
        if not stripped:
            return None
        record_id = to_18(stripped)
        if record_id is None:
            raise CellRefusedError(incorrect_id(field, text))
        return record_id

    return _each(one, field, unchanged)


def _base64_judge(field: Field, column: int, unchanged: Judged) -> Judge:
    def one(cell: str | bytes) -> bytes | None:
        if isinstance(cell, bytes):
            return cell
        try:
            return base64.b64decode("".join(cell.split()), validate=True) or None
        except (binascii.Error, ValueError):
            raise not_deserialized(field, column, cell[:40]) from None

    def judge(cells: Sequence[Cell], errors: RowErrors) -> list[Judged]:
        values: list[Judged] = []
        for row, cell in enumerate(cells):
            value: Judged = unchanged if cell is UNCHANGED else None
            try:
                if isinstance(cell, str | bytes):
                    value = one(cell)
                elif cell is not None and cell is not UNCHANGED:
                    raise not_deserialized(field, column, cell)
            except CellRefusedError as refusal:
                errors.add(row, refusal.error)
            values.append(value)
        return values

    return judge


_JUDGES: Mapping[str, Callable[[Field, int, Judged], Judge]] = MappingProxyType(
    {
        "id": _reference_judge,
        "reference": _reference_judge,
        "email": _checked_text_judge(_email),
        "picklist": _picklist_judge,
        "multipicklist": _multipicklist_judge,
        "double": _number_judge,
        "currency": _number_judge,
        "percent": _number_judge,
        "int": _integer_judge,
        "long": _integer_judge,
        "boolean": _boolean_judge,
        "date": _date_judge,
        "datetime": _datetime_judge,
        "time": _time_judge,
        "base64": _base64_judge,
    }
)
