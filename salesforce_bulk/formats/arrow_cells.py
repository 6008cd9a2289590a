"""Columns of Arrow to the cells of CSV batches, by Arrow's own functions.

What Arrow would write otherwise than the row encoder does is written by the row encoder: a column
at a time where the values have texts, all of the rows where one of them has none and is refused.

This module needs pyarrow; only `arrow_write` imports it, when a frame comes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.field_values import FieldKind, fit
from salesforce_bulk.formats.records import refuse
from salesforce_bulk.formats.row_encoder import CellRules
from salesforce_bulk.formats.values import EXACT_BY_BITS, BadCell, NarrowFloat

_EPOCH = date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = (date.min - _EPOCH).days, (date.max - _EPOCH).days
_DAY_MILLISECONDS = 86_400_000
_DAY_MICROSECONDS = 1_000 * _DAY_MILLISECONDS
_SEPARATOR = ";"
#: Types of somebody's own whose Python values are values; those of others are their storage.
_EXTENSIONS = frozenset({"arrow.uuid", "arrow.json", "arrow.bool8"})


class _CloserLook(Exception):
    """Arrow would write some of the values otherwise than they are to be written."""


def refuse_type(kind: Any, column: str) -> None:
    """Raise `InvalidInput` for a column that cannot be cells."""
    if pa.types.is_struct(kind) or pa.types.is_map(kind):
        raise InvalidInput(
            f"The column {column!r} holds {kind}; use a column such as 'Owner.Username' for a "
            "relationship.",
            column=column,
        )
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name not in _EXTENSIONS:
        raise InvalidInput(
            f"The column {column!r} holds {kind}, which Salesforce has no field for; make texts, "
            "numbers or dates of it.",
            column=column,
        )


def lines_of(arrays: Sequence[Any], rules: CellRules) -> tuple[bytes, int] | None:
    """The lines of the rows and their characters; None where a value needs a closer look.

    Args:
        arrays: the columns, one at least.
        rules: how their values are written.
    """
    try:
        columns = [_cells(array, position, rules) for position, array in enumerate(arrays)]
        lines = _joined(columns)
        if pc.max(pc.binary_length(lines)).as_py() > limits.RECORD_CHARACTERS:
            return None
        content = _bytes_of(lines)
        return content, len(content) - sum(column.surplus for column in columns)
    except (_CloserLook, BadCell, pa.ArrowException, OverflowError, ValueError):
        # The row encoder finds the row, or writes what Arrow cannot.
        return None


class _Cells(NamedTuple):
    """A column.

    Attributes:
        texts: without nulls, quotes doubled.
        quoted: whether they stand in quotes.
        surplus: how many bytes they have beyond their characters.
    """

    texts: Any
    quoted: bool = False
    surplus: int = 0


def _joined(columns: Sequence[_Cells]) -> Any:
    pieces: list[Any] = []
    before = ""
    for column in columns:
        quote = '"' if column.quoted else ""
        pieces += (before + quote, column.texts)
        before = f"{quote},"
    end = '"\n' if columns[-1].quoted else "\n"
    return pc.binary_join_element_wise(*pieces, end, "")


def _cells(array: Any, position: int, rules: CellRules) -> _Cells:
    """A column.

    Texts always stand in quotes: whether they need them would depend on their neighbours, and a
    frame whose batches are laid out in another way would make other bodies after a crash.
    """
    array = _decoded(array)
    write, plain = _writer_of(array.type, rules.kinds[position])
    null = rules.nulls[position]
    try:
        texts = write(array, position, rules)
        if null and not plain:
            texts = pc.if_else(pc.equal(texts, ""), null, texts)
        texts = texts.fill_null(null)
    except _CloserLook:
        texts = _by_the_row_encoder(array, position, rules)
    # A line without any character is no record to a reader.
    return _quoted(texts) if not plain or len(rules.nulls) == 1 else _Cells(texts)


def _writer_of(kind: Any, field: FieldKind | None) -> tuple[_Writer, bool]:
    for is_kind, concerned in _BY_FIELD:
        if field == concerned and is_kind(kind):
            return _by_the_row_encoder, False
    for is_kind, write, plain in _WRITERS:
        if is_kind(kind):
            return write, plain
    return _by_the_row_encoder, False


def _by_the_row_encoder(array: Any, position: int, rules: CellRules) -> Any:
    values = _python_values(array)
    fitted = fit(values, rules.kinds[position], set(map(type, values)), rules.zone)
    return pa.array(rules.texts.of(fitted, rules.nulls[position]), pa.string())


def _quoted(texts: Any) -> _Cells:
    content = _bytes_of(texts)
    if b"\0" in content:
        raise _CloserLook
    surplus = 0
    if not content.isascii():
        texts.validate(full=True)  # that it is UTF-8, five times as fast as decoding it
        surplus = len(content) - pc.sum(pc.utf8_length(texts)).as_py()
    if len(content) > limits.FIELD_CHARACTERS:
        # Bytes are no fewer than characters.
        longest = pc.max(pc.binary_length(texts)).as_py()
        if longest > limits.FIELD_CHARACTERS:
            raise _CloserLook
    if b'"' in content:
        texts = pc.replace_substring(texts, '"', '""')
    return _Cells(texts, True, surplus)


def _bytes_of(texts: Any) -> bytes:
    """The content of an array of strings, one after the other."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return b""
    places = memoryview(offsets).cast("i")
    start, end = places[texts.offset], places[texts.offset + len(texts)]
    return content.slice(start, end - start).to_pybytes()  # type: ignore[no-any-return]


# Each takes a column of its type and gives texts, with nulls where there is no value.


def _nothing(array: Any, position: int, rules: CellRules) -> Any:
    return pa.nulls(len(array), pa.string())


def _text(array: Any, position: int, rules: CellRules) -> Any:
    return array.cast(pa.string())


def _float(array: Any, position: int, rules: CellRules) -> Any:
    exact = EXACT_BY_BITS[array.type.bit_width]
    numbers = array.cast(pa.float32() if array.type.bit_width == 16 else array.type)
    undefined = pc.is_nan(numbers)
    if pc.any(undefined).as_py():
        numbers = pc.if_else(undefined, pa.scalar(None, numbers.type), numbers)
    whole = pc.equal(pc.floor(numbers), numbers)
    if rules.kinds[position] in ("whole", "text", "key"):
        if pc.all(whole).as_py() is False or _beyond(numbers, 1 - exact, exact - 1):
            raise _CloserLook
        return numbers.cast(pa.int64()).cast(pa.string())
    if array.type.bit_width < 64 and _beyond(numbers, 1 - exact, exact - 1):
        raise _CloserLook  # a whole number has all of its digits, a fraction those of its bits
    texts = numbers.cast(pa.string())
    content = _bytes_of(texts)
    # Exponents have an e, inf has an n.
    if b"e" in content or b"n" in content:
        raise _CloserLook
    if pc.any(whole).as_py():
        pointed = pc.binary_join_element_wise(texts.filter(whole), ".0", "")
        return pc.replace_with_mask(texts, whole, pointed)
    return texts


def _decimal(array: Any, position: int, rules: CellRules) -> Any:
    texts = array.cast(pa.string())
    if b"E" in _bytes_of(texts):
        raise _CloserLook
    return texts


def _date(array: Any, position: int, rules: CellRules) -> Any:
    days = array.cast(pa.date32())
    if _beyond(days.cast(pa.int32()), _FIRST_DAY, _LAST_DAY):
        raise _CloserLook
    return days.cast(pa.string())


def _timestamp(array: Any, position: int, rules: CellRules) -> Any:
    if array.type.tz is None and array.null_count < len(array) and str(rules.zone) != "UTC":
        raise _CloserLook
    moments = _microseconds(array, None)
    first, last = _FIRST_DAY * _DAY_MICROSECONDS, (_LAST_DAY + 1) * _DAY_MICROSECONDS - 1
    if _beyond(moments.cast(pa.int64()), first, last):
        raise _CloserLook
    moments = pc.floor_temporal(moments, 1, "millisecond").cast(pa.timestamp("ms"))
    days = moments.cast(pa.date32()).cast(pa.string())
    times = moments.cast(pa.time32("ms")).cast(pa.string())
    return pc.binary_join_element_wise(days, "T", times, "Z", "")


def _microseconds(array: Any, zone: str | None) -> Any:
    # Nanoseconds may be cut; what else does not fit is no date.
    return array.cast(pa.timestamp("us", tz=zone), safe=array.type.unit != "ns")


def _time(array: Any, position: int, rules: CellRules) -> Any:
    times = array.cast(pa.time32("ms"), safe=False)
    if _beyond(times.cast(pa.int32()), 0, _DAY_MILLISECONDS - 1):
        raise _CloserLook
    return pc.binary_join_element_wise(times.cast(pa.string()), "Z", "")


def _list(array: Any, position: int, rules: CellRules) -> Any:
    lists = array.cast(pa.list_(pa.string()))
    items = lists.flatten()
    if items.null_count or _SEPARATOR.encode() in _bytes_of(items):
        raise _CloserLook
    return pc.binary_join(lists, _SEPARATOR)


def _is_list_of_texts(kind: Any) -> bool:
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_list(kind) for is_list in lists) and _is_text(kind.value_type)


def _is_text(kind: Any) -> bool:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return True
    return hasattr(pa.types, "is_string_view") and pa.types.is_string_view(kind)


def _beyond(numbers: Any, least: int, most: int) -> bool:
    found = pc.min_max(numbers).as_py()
    return found["min"] is not None and not least <= found["min"] <= found["max"] <= most


_Writer = Callable[[Any, int, CellRules], Any]

#: Types whose values are not written as they are in fields of a kind.
_BY_FIELD: tuple[tuple[Callable[[Any], bool], FieldKind], ...] = (
    (pa.types.is_floating, "boolean"),
    (pa.types.is_decimal, "boolean"),
    (pa.types.is_decimal, "whole"),
    (pa.types.is_decimal, "key"),
    (pa.types.is_timestamp, "date"),
    (pa.types.is_date, "datetime"),
    (lambda kind: not pa.types.is_null(kind), "relationship"),
)

#: What a type is told by, how its values are written, and whether that never needs quotes.
_WRITERS: tuple[tuple[Callable[[Any], bool], _Writer, bool], ...] = (
    (_is_text, _text, False),
    (pa.types.is_null, _nothing, True),
    (pa.types.is_boolean, _text, True),
    (pa.types.is_integer, _text, True),
    (pa.types.is_floating, _float, True),
    (pa.types.is_decimal, _decimal, True),
    (pa.types.is_date, _date, True),
    (pa.types.is_timestamp, _timestamp, True),
    (pa.types.is_time, _time, True),
    (_is_list_of_texts, _list, False),
)


# And back, for the row encoder


def values_of(array: Any, column: str, first: int) -> list[Any]:
    """The values of a column.

    Args:
        array: the column.
        column: its name.
        first: the number of its first row.

    Raises:
        InvalidInput: a value that Python has no type for, such as a year of five digits.
    """
    try:
        return _python_values(_decoded(array))
    except (pa.ArrowException, OverflowError, ValueError) as error:
        if len(array) > 1:
            for at in range(len(array)):
                values_of(array.slice(at, 1), column, first + at)
        raise refuse(first, column, f"cannot be read: {error}") from error


def _decoded(array: Any) -> Any:
    if pa.types.is_dictionary(array.type):
        words = array.dictionary
        # Arrow cannot take elements of string views, which are what polars has.
        words = words.cast(pa.string()) if _is_text(words.type) else words
        return _decoded(words.take(array.indices))
    if pa.types.is_run_end_encoded(array.type):
        return _decoded(pc.run_end_decode(array))
    return array


def _python_values(array: Any) -> list[Any]:
    if not pa.types.is_floating(array.type) or array.type.bit_width == 64:
        return _plain(array).to_pylist()  # type: ignore[no-any-return]
    texts = array.cast(pa.float32()).cast(pa.string()).to_pylist()
    numbers = array.cast(pa.float64()).to_pylist()
    return [
        None if number is None else NarrowFloat.of(number, digits, array.type.bit_width)
        for number, digits in zip(numbers, texts, strict=True)
    ]


def _plain(array: Any) -> Any:
    """The array in a type whose Python values are what a field takes."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        # Nanoseconds have no Python datetime; the zone stays, or its absence is refused later.
        return _microseconds(array, None if kind.tz is None else "UTC")
    return array
