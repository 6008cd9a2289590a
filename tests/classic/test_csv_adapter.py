"""CsvDictsAdapter: the bytes that 2.2.0 wrote, and the values that it wrote wrongly."""

from __future__ import annotations

import csv
import enum
import io
import math
import uuid
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pytest
import unicodecsv
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import CsvDictsAdapter
from salesforce_bulk.errors import InvalidInput


def cell(value: Any, **options: Any) -> bytes:
    """The bytes of one value as the only cell of a row."""
    row = next(CsvDictsAdapter(iter([{"A": value}]), **options))
    header, _, rest = row.partition(b"\r\n")
    assert header == b'"A"'
    return rest.removesuffix(b"\r\n")


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8"), newline="")))


# The stream


def test_the_header_comes_with_the_first_row_then_a_row_each() -> None:
    adapter = CsvDictsAdapter(iter([{"Id": "1", "N": 2}, {"Id": "3", "N": 4}]))
    assert next(adapter) == b'"Id","N"\r\n"1",2\r\n'
    assert next(adapter) == b'"3",4\r\n'
    with pytest.raises(StopIteration):
        next(adapter)


def test_next_is_a_method_too_and_the_adapter_iterates_itself() -> None:
    adapter = CsvDictsAdapter(iter([{"A": "1"}, {"A": "2"}]))
    assert iter(adapter) is adapter
    assert adapter.next() == b'"A"\r\n"1"\r\n'
    assert list(adapter) == [b'"2"\r\n']


def test_text_is_utf8_and_quotes_are_doubled() -> None:
    assert cell('caf\u00e9 "x", \n\U0001f600') == '"caf\u00e9 ""x"", \n\U0001f600"'.encode()


def test_the_attributes_of_2_2_0() -> None:
    source = iter([{"A": "1"}])
    adapter = CsvDictsAdapter(source)
    assert adapter.source is source
    assert isinstance(adapter.buffer, io.BytesIO)
    assert adapter.csv is None
    assert adapter.add_header is False
    next(adapter)
    assert adapter.csv.fieldnames == ["A"]


def test_write_header_lets_the_next_row_carry_the_header_once_more() -> None:
    adapter = CsvDictsAdapter({"A": str(number)} for number in range(4))
    batches = []
    for _ in range(2):
        adapter.write_header()
        batches.append(next(adapter) + next(adapter))
    assert batches == [b'"A"\r\n"0"\r\n"1"\r\n', b'"A"\r\n"2"\r\n"3"\r\n']


def test_no_rows_are_no_bytes() -> None:
    assert list(CsvDictsAdapter(iter([]))) == []


def test_lists_and_generators_are_taken_as_well_as_iterators() -> None:
    for source in ([{"A": "1"}], ({"A": "1"},), ({"A": "1"} for _ in range(1))):
        assert b"".join(CsvDictsAdapter(source)) == b'"A"\r\n"1"\r\n'


def test_the_source_is_read_a_row_at_a_time() -> None:
    taken = []

    def rows() -> Iterator[dict[str, str]]:
        for number in range(3):
            taken.append(number)
            yield {"A": "x"}

    next(CsvDictsAdapter(rows()))
    assert taken == [0]


def test_a_writer_that_the_caller_has_set_is_used() -> None:
    adapter = CsvDictsAdapter(iter([{"B": "2"}]))
    adapter.csv = unicodecsv.DictWriter(adapter.buffer, ["A", "B"])
    adapter.write_header()
    assert next(adapter) == b"A,B\r\n,2\r\n"


# Columns


def test_a_key_missing_later_is_an_empty_cell_in_the_first_rows_order() -> None:
    rows = [{"A": "1", "B": "2"}, {"B": "3"}, {"B": "4", "A": "5"}]
    assert b"".join(CsvDictsAdapter(iter(rows))) == b'"A","B"\r\n"1","2"\r\n"","3"\r\n"5","4"\r\n'


def test_a_key_that_the_first_row_lacks_names_row_and_column() -> None:
    adapter = CsvDictsAdapter(iter([{"A": "1"}, {"A": "2"}, {"A": "3", "Z": "4"}]))
    next(adapter)
    next(adapter)
    with pytest.raises(ValueError, match="Row 3 has the column 'Z'") as caught:
        next(adapter)
    assert isinstance(caught.value, InvalidInput)
    assert (caught.value.row, caught.value.column) == (3, "Z")


# Values


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("text", b'"text"'),
        ("", b'""'),
        (5, b"5"),
        (-7, b"-7"),
        (1.5, b"1.5"),
        (1e22, b"1e+22"),
        (None, b'""'),
    ],
)
def test_what_2_2_0_wrote_rightly_is_the_same(value: Any, written: bytes) -> None:
    assert cell(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, b'"true"'),
        (False, b'"false"'),
        (math.nan, b'""'),
        (date(2020, 1, 2), b'"2020-01-02"'),
        (
            datetime(2020, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2))),
            b'"2020-01-02T01:04:05.000Z"',
        ),
        (b"\x00\xff", b'"AP8="'),
        (["a", "b"], b'"a;b"'),
        (Decimal("1E+3"), b'"1000"'),
        (Decimal("1.50"), b'"1.50"'),
    ],
)
def test_what_2_2_0_wrote_wrongly_is_what_salesforce_reads(value: Any, written: bytes) -> None:
    assert cell(value) == written


class Colour(enum.IntEnum):
    RED = 3


class Word(str, enum.Enum):
    RED = "red"


class Lazy:
    """As translated texts of web frameworks are."""

    def __str__(self) -> str:
        return "später"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (uuid.UUID(int=1), b'"00000000-0000-0000-0000-000000000001"'),
        (PurePosixPath("/a/b"), b'"/a/b"'),
        (Lazy(), '"später"'.encode()),
        (Colour.RED, b"3"),
        (Word.RED, b'"red"'),
    ],
)
def test_other_types_are_written_as_their_own_text(value: Any, written: bytes) -> None:
    assert cell(value) == written


@pytest.mark.parametrize(
    ("value", "written", "reason"),
    [
        (datetime(2024, 1, 2, 3, 4, 5), b'"2024-01-02 03:04:05"', "time zone"),
        (np.datetime64("2024-01-02T03:04:05"), b"2024-01-02T03:04:05", "time zone"),
        (time(1, 2, tzinfo=timezone(timedelta(hours=2))), b'"01:02:00+02:00"', "offset"),
        (datetime.max.replace(tzinfo=timezone(-timedelta(hours=2))),
         b'"9999-12-31 23:59:59.999999-02:00"', "UTC"),
        (math.inf, b"inf", "infinite"),
        (-math.inf, b"-inf", "infinite"),
        (Decimal("Infinity"), b"Infinity", "infinite"),
        ({"a": 1}, b"\"{'a': 1}\"", "Owner.Username"),
        ([1, 2], b'"[1, 2]"', "multi-select"),
        (["a;b"], b"\"['a;b']\"", "separator"),
        (1 + 2j, b'(1+2j)', "complex"),
        (range(2), b'"range(0, 2)"', "range"),
    ],
)  # fmt: skip
def test_what_has_no_right_text_is_written_as_by_2_2_0_with_one_warning(
    value: Any, written: bytes, reason: str
) -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": value}, {"A": value}])
    next(adapter)
    with pytest.warns(UserWarning, match=reason) as told:
        assert next(adapter) == next(adapter) == written + b"\r\n"
    assert len(told) == 1
    assert str(told[0].message).startswith("Row 2, column 'A': ")
    assert told[0].filename == __file__


def test_where_warnings_are_errors_nothing_of_such_a_row_is_written() -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": math.inf}, {"A": "3"}])
    next(adapter)
    with pytest.raises(UserWarning, match="Row 2, column 'A'"):
        next(adapter)
    assert next(adapter) == b'"3"\r\n'


def test_half_a_character_is_refused_with_its_row() -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": "\ud83d"}])
    next(adapter)
    with pytest.raises(InvalidInput, match="half a character") as caught:
        next(adapter)
    assert caught.value.row == 2


def test_nothing_of_a_refused_row_is_in_the_next_one() -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": "\ud83d"}, {"A": "3"}])
    next(adapter)
    with pytest.raises(InvalidInput):
        next(adapter)
    assert next(adapter) == b'"3"\r\n'


def test_none_leaves_a_field_alone_unless_asked_to_clear_it() -> None:
    assert cell(None) == b'""'
    assert cell(None, nulls="clear") == b'"#N/A"'
    assert cell(math.nan, nulls="clear") == b'"#N/A"'
    assert cell("", nulls="clear") == b'""'
    with pytest.raises(InvalidInput, match="'ignore' or 'clear'"):
        CsvDictsAdapter([], nulls="null")  # type: ignore[arg-type]


def test_a_missing_key_is_not_cleared() -> None:
    rows = [{"A": "1", "B": "2"}, {"A": None}]
    assert b"".join(CsvDictsAdapter(rows, nulls="clear")).endswith(b'"#N/A",""\r\n')


# Python 3.10's csv reads no NUL.
characters = st.characters(codec="utf-8", exclude_characters="\0")
names = st.text(characters, min_size=1, max_size=5)
texts = st.text(characters, max_size=20)


@given(st.data())
def test_any_texts_read_back_as_they_were(data: st.DataObject) -> None:
    columns = data.draw(st.lists(names, min_size=1, max_size=4, unique=True))
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(columns, texts))))
    assert rows_of(b"".join(CsvDictsAdapter(iter(rows)))) == rows


@given(st.lists(st.tuples(st.integers(), st.floats(allow_nan=False, allow_infinity=False))))
def test_any_numbers_read_back_as_they_were(rows: list[tuple[int, float]]) -> None:
    written = b"".join(CsvDictsAdapter({"I": whole, "F": part} for whole, part in rows))
    assert [(int(row["I"]), float(row["F"])) for row in rows_of(written)] == rows


@pytest.mark.parametrize("source", [[("a",)], {"Name": "x"}, ["Name"], [{"Name": "x"}, None]])
def test_rows_that_are_no_dicts_are_refused_with_their_number(source: Any) -> None:
    number = 2 if isinstance(source, list) and len(source) > 1 else 1
    with pytest.raises(InvalidInput, match=rf"Row {number} is of type \w+, and no dict"):
        list(CsvDictsAdapter(source))


def test_a_source_that_holds_no_rows_is_refused() -> None:
    source: Any = None
    with pytest.raises(InvalidInput, match="hold no rows"):
        CsvDictsAdapter(source)
