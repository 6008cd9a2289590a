"""CsvDictsAdapter: the bytes that 2.2.0 wrote, and the values that it wrote wrongly."""

from __future__ import annotations

import csv
import enum
import io
import math
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

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
    ("value", "reason"),
    [
        (datetime(2020, 1, 2, 3, 4, 5), "time zone"),
        (math.inf, "infinite"),
        ({"a": 1}, "Owner.Username"),
        (object(), "object"),
        ([1, 2], "multi-select"),
    ],
)
def test_what_has_no_right_text_is_refused_with_row_and_column(value: Any, reason: str) -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": value}])
    next(adapter)
    with pytest.raises(InvalidInput, match=reason) as caught:
        next(adapter)
    assert (caught.value.row, caught.value.column) == (2, "A")


def test_half_a_character_is_refused_with_its_row() -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": "\ud83d"}])
    next(adapter)
    with pytest.raises(InvalidInput, match="half a character") as caught:
        next(adapter)
    assert caught.value.row == 2


def test_nothing_of_a_refused_row_is_in_the_next_one() -> None:
    adapter = CsvDictsAdapter([{"A": "1"}, {"A": math.inf}, {"A": "3"}])
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
