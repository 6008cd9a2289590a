import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.cli.files.json_rows import json_rows
from salesforce_bulk.errors import IncompleteBody

values = st.none() | st.booleans() | st.text() | st.integers() | st.floats(allow_nan=False)
nested = st.dictionaries(st.text(max_size=5), values, max_size=3)
rows = st.lists(st.dictionaries(st.text(max_size=5), values | nested, max_size=4), max_size=5)
layouts = st.sampled_from([None, 1])


def read(body, piece):
    return list(json_rows(io.BytesIO(body), piece))


@given(rows, layouts, st.booleans(), st.integers(1, 40))
def test_the_rows_are_those_of_the_whole_document(rows, indent, ascii_only, piece):
    body = json.dumps(rows, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    assert read(body, piece) == json.loads(body, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("body", [b"[]", b"[ ]", b" [\n]\n"])
def test_an_empty_array_has_no_rows(body):
    assert read(body, 1) == []


BODY = '[ {"é": "]"}, {"b": 1.50} ]'.encode()


@pytest.mark.parametrize("length", range(len(BODY)))
@pytest.mark.parametrize("piece", [1, 1000])
def test_an_array_that_breaks_off_anywhere_is_refused(length, piece):
    with pytest.raises(IncompleteBody):
        read(BODY[:length], piece)


@pytest.mark.parametrize(
    "body",
    [b"[{},]", b"[,{}]", b"[{}{}]", b"[{}]]", b"[{}] x", b"{}", b"[1]", b"[{a}]", b"[{},[]]"],
)
def test_anything_but_one_array_of_objects_is_refused(body):
    with pytest.raises(IncompleteBody):
        read(body, 1000)


def test_numbers_keep_all_digits():
    assert read(b'[{"a": 123456789012345.678, "b": 1e2}]', 10) == [
        {"a": Decimal("123456789012345.678"), "b": Decimal(100)}
    ]
