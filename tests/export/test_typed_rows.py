"""Texts, JSON values and XML texts become the same typed values."""

import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.arrow_read import ArrowReader
from salesforce_bulk.formats.json_rows import JsonReader
from salesforce_bulk.formats.typed import ResultColumn, TypedRows, dict_maker, value_of_json
from salesforce_bulk.formats.xml_rows import XmlReader
from salesforce_bulk.wire.document import UnreadableDocument

UTC = timezone.utc

CASES = [
    ("string", "NA", "NA"),
    ("string", "null", "null"),
    ("string", "007", "007"),
    ("string", "", None),
    ("string", " a ", " a "),
    ("id", "001000000000001AAA", "001000000000001AAA"),
    ("multipicklist", "a;b", "a;b"),
    ("boolean", "true", True),
    ("boolean", "false", False),
    ("boolean", "", None),
    ("boolean", "TRUE", True),
    ("boolean", "False", False),
    ("boolean", "1", True),
    ("boolean", "0", False),
    ("int", "5", 5),
    ("int", "12.0", 12),
    ("long", "9007199254740993", 9007199254740993),
    ("double", "1.6147805824397E13", 1.6147805824397e13),
    ("currency", "12.5", 12.5),
    ("percent", "", None),
    ("date", "2024-01-31", date(2024, 1, 31)),
    ("date", "4000-12-31", date(4000, 12, 31)),
    ("date", "2024-01-31Z", date(2024, 1, 31)),
    ("datetime", "2024-01-31T23:01:01.123Z", datetime(2024, 1, 31, 23, 1, 1, 123000, UTC)),
    ("datetime", "2024-01-31T23:01:01.000+0000", datetime(2024, 1, 31, 23, 1, 1, 0, UTC)),
    ("datetime", "2024-01-31T23:01:01+02:00", datetime(2024, 1, 31, 21, 1, 1, 0, UTC)),
    ("time", "12:34:56.000Z", time(12, 34, 56)),
    ("unheard of", "x", "x"),
]


@pytest.mark.parametrize(("kind", "text", "value"), CASES)
def test_text_to_value(kind, text, value):
    """Each type's text is its value; text stays text whatever it looks like."""
    found = next(TypedRows([ResultColumn("X", kind)])([[text]]))[0]
    assert (found, type(found)) == (value, type(value))
    if isinstance(value, datetime):
        assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("boolean", "maybe"),
        ("int", "12.5"),
        ("double", "twelve"),
        ("date", "31.01.2024"),
        ("datetime", "2024-01-31T23:01:01.000"),
        ("datetime", "yesterday"),
        ("datetime", "9999-12-31T23:59:59.000-01:00"),
        ("time", "25:00:00.000Z"),
    ],
)
def test_a_text_that_is_no_value_names_its_column(kind, text):
    """What cannot be converted is an error and not a null; a time without zone is refused."""
    with pytest.raises(UnreadableDocument, match=f"column 'X' holds '{text[:5]}"):
        TypedRows([ResultColumn("X", kind)])([["" if kind != "date" else "2024-01-01"], [text]])


def test_decimals_are_exact_where_asked_for():
    columns = [ResultColumn("A", "currency", 18, 2), ResultColumn("B", "int")]
    assert list(TypedRows(columns, decimals=True)([["0.10", "1"]])) == [(Decimal("0.10"), 1)]


@given(st.lists(st.text(), min_size=1, unique=True), st.integers(0, 3))
def test_rows_become_dicts_in_the_order_of_the_columns(names, count):
    """Whatever the columns are called: a name is never taken for code."""
    rows = [tuple(range(at, at + len(names))) for at in range(count)]
    made = dict_maker(names)(rows)
    assert [list(row.items()) for row in made] == [
        list(zip(names, row, strict=True)) for row in rows
    ]


def test_a_thousand_columns_become_dicts():
    names = [f'Name"{at}\\' for at in range(1_000)]
    assert dict_maker(names)([names]) == [dict(zip(names, names, strict=True))]


@given(st.datetimes(datetime(1700, 1, 1), datetime(4000, 12, 31)))
def test_milliseconds_of_json_are_the_moment_of_csv(moment):
    """JSON's milliseconds and CSV's text are the same moment, to the millisecond, in UTC."""
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
    text = moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    column = ResultColumn("X", "datetime")
    assert value_of_json(column, since) == moment
    assert value_of_json(column, text) == moment
    assert next(TypedRows([column])([[text]]))[0] == moment


@pytest.mark.parametrize(("value", "read"), [(1, True), (0, False), ("true", True), (True, True)])
def test_a_boolean_of_json_may_be_a_digit_or_a_text(value, read):
    assert value_of_json(ResultColumn("X", "boolean"), value) is read


def test_a_number_of_json_that_is_no_boolean_names_its_column():
    with pytest.raises(UnreadableDocument, match="column 'X' holds 7, which is no boolean"):
        value_of_json(ResultColumn("X", "boolean"), 7)


def test_days_of_json_stay_days():
    """A date as text or as milliseconds is that day, in every zone of this machine."""
    column = ResultColumn("D", "date")
    assert value_of_json(column, "2024-03-31") == date(2024, 3, 31)
    assert value_of_json(column, 1711843200000) == date(2024, 3, 31)


COLUMNS = [
    ResultColumn("Id", "id"),
    ResultColumn("Owner.Name", "string"),
    ResultColumn("Owner.Manager.Name", "string"),
    ResultColumn("Amount", "currency"),
    ResultColumn("Open", "boolean"),
]
RECORDS = [
    {
        "attributes": {"type": "X"},
        "Id": "1",
        "Owner": {"attributes": {}, "Name": 'a"{}[],\n\u2028é𝄞', "Manager": {"Name": "m"}},
        "Amount": 20.0,
        "Open": True,
    },
    {"Id": "2", "Owner": None, "Amount": None, "Open": False},
    {"Id": "3", "Owner": {"Name": "null", "Manager": None}, "Amount": 1, "Open": False},
]
ROWS = [
    ("1", 'a"{}[],\n\u2028é𝄞', "m", 20.0, True),
    ("2", None, None, None, False),
    ("3", "null", None, 1.0, False),
]


def pieces_of(body, size):
    return [body[at : at + size] for at in range(0, len(body), size)]


def read_all(reader, pieces):
    rows = [row for piece in pieces for row in reader.feed(piece)]
    return [*rows, *reader.flush()]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_cut_anywhere(size, indent, ascii_only):
    """JSON rows are the same wherever the pieces end; parents are flat columns."""
    body = json.dumps(RECORDS, indent=indent, ensure_ascii=ascii_only).encode()
    reader = JsonReader(COLUMNS)
    assert read_all(reader, pieces_of(body, size)) == ROWS
    assert reader.rows == 3


@pytest.mark.parametrize("body", [b"[]", b"[ ]", b"\n[\n]\n"])
def test_json_without_records(body):
    assert read_all(JsonReader(COLUMNS), [body]) == []


def test_json_cut_short_is_incomplete():
    """Every proper beginning of an array is refused when it ends."""
    body = json.dumps(RECORDS).encode()
    for end in range(len(body)):
        reader = JsonReader(COLUMNS)
        with pytest.raises(IncompleteBody):
            read_all(reader, [body[:end]])


@pytest.mark.parametrize("body", [b'{"a": 1}', b"[1]", b"<html>", b'[{"a":1} {"a":2}]', b"[,]"])
def test_what_is_no_array_of_records_is_an_error(body):
    with pytest.raises(UnreadableDocument):
        read_all(JsonReader(COLUMNS), [body])


def as_xml(record):
    lines = []
    for name, value in record.items():
        if name == "attributes":
            lines.append("<type>X</type><Id xsi:nil='true'/>")
        elif value is None:
            lines.append(f'<{name} xsi:nil="true"/>')
        elif isinstance(value, dict):
            lines.append(f'<{name} xsi:type="sObject">{as_xml(value)}</{name}>')
        else:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            lines.append(f"<{name}>{escape(text)}</{name}>")
    return "\n".join(lines)


XML = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<queryResult xmlns="http://www.force.com/2009/06/asyncapi/dataload"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
    + "".join(f' <records xsi:type="sObject">{as_xml(record)}</records>' for record in RECORDS)
    + "</queryResult>"
).encode()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50, 10_000])
def test_xml_cut_anywhere(size):
    """XML rows equal JSON's: nulls by xsi:nil, parents nested, Id twice or nil."""
    assert read_all(XmlReader(COLUMNS), pieces_of(XML, size)) == ROWS


def test_xml_without_records():
    assert read_all(XmlReader(COLUMNS), [b"<queryResult/>"]) == []


def test_xml_cut_short_is_incomplete():
    for end in range(len(XML)):
        with pytest.raises(IncompleteBody):
            read_all(XmlReader(COLUMNS), [XML[:end]])


def test_xml_with_entities_of_its_own_is_refused():
    """A document type is never read, so that no entity can grow."""
    bomb = b'<!DOCTYPE a [<!ENTITY b "bb">]><queryResult>&b;</queryResult>'
    with pytest.raises(UnreadableDocument):
        read_all(XmlReader(COLUMNS), [bomb])


def test_raw_values_are_those_that_were_sent():
    """raw: JSON's own values, XML's own texts, null as the empty text there."""
    assert read_all(JsonReader(COLUMNS, raw=True), [json.dumps(RECORDS).encode()])[1] == (
        "2", None, None, None, False,
    )  # fmt: skip
    assert read_all(XmlReader(COLUMNS, raw=True), [XML])[1] == ("2", "", "", "", "false")


@pytest.mark.parametrize("kind", ["time", "date", "datetime", "int", "double", "boolean"])
def test_a_text_that_is_no_value_names_its_column_in_arrow_too(kind):
    """Trap: ValueError of the time that pyarrow does not read itself."""
    reader = ArrowReader([ResultColumn("Id", "id"), ResultColumn("At__c", kind)])
    blocks = [*reader.cut(b'"1","03:04:x5.000Z"\n'), *reader.rest()]
    with pytest.raises(UnreadableDocument, match="At__c"):
        [batch for block in blocks for batch in reader.read(block)]


@pytest.mark.parametrize("text", ["1e999999999", "1E+31", "-1e999999999", "Infinity", "NaN", "1.5"])
def test_a_whole_number_without_measure_is_refused_at_once(text):
    """Trap: twelve characters that became a number of a thousand million digits."""
    columns = [ResultColumn("Id", "id"), ResultColumn("Count__c", "int")]
    with pytest.raises(UnreadableDocument, match="Count__c"):
        list(TypedRows(columns)([["1", text]]))
    reader = ArrowReader(columns)
    with pytest.raises(UnreadableDocument, match="Count__c"):
        reader.read(f'"1","{text}"\n'.encode())
    assert list(TypedRows(columns)([["1", "1.2E1"]])) == [("1", 12)]
