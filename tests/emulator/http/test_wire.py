"""Rows out of CSV, XML and JSON, and results into them."""

import csv
import io
import json
from datetime import datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.data.values import UNCHANGED, RowError, RowOutcome
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http import wire
from salesforce_bulk.emulator.jobs.results import (
    CsvResults,
    JsonResults,
    XmlResults,
    epoch_milliseconds,
    error_text,
    java_double,
)

# What CSV files are made of, and what breaks readers of them.
texts = st.text(
    st.sampled_from('ab,"\n\r é\U0001f600\u2028#N/A\ufeff')
    | st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), max_size=8)
)


def read(text, delimiter=","):
    table = wire.read_csv(lambda: io.StringIO(text, newline=""), delimiter)
    return table.columns, [list(row) for row in table.rows], table.count


def cell(text):
    return {"": UNCHANGED, "#N/A": None}.get(text, text)


@given(tables, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_csv_gives_back_every_cell(rows, line_end, quoting):
    width = len(rows[0]) if rows else 1
    header = [f"Column{n}" for n in range(width)]
    if quoting == csv.QUOTE_MINIMAL:
        # Before Python 3.13 the writer leaves a lone carriage return unquoted.
        rows = [[text.replace("\r", "") for text in row] for row in rows]
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator=line_end, quoting=quoting).writerows([header, *rows])
    expected = [[cell(text) for text in row] for row in rows]
    assert read(file.getvalue()) == (tuple(header), expected, len(expected))


@given(
    st.lists(st.sampled_from(['"', ",", "\n", "a", '""', '"\n'])).map("".join), st.integers(1, 9)
)
def test_quotes_are_judged_the_same_however_the_text_is_cut(text, size):
    def verdict(pieces):
        check = wire.QuoteCheck()
        try:
            for piece in pieces:
                check.feed(piece)
            check.finish()
        except wire.CsvError as error:
            return str(error)
        return ""

    assert bool(verdict([text])) == bool(
        verdict(text[at : at + size] for at in range(0, len(text), size))
    )


@given(tables)
def test_quotes_of_good_csv_are_never_refused(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["A"], *rows])
    check = wire.QuoteCheck()
    check.feed(file.getvalue())
    check.finish()


UNESCAPED = "Found unescaped quote. A value with quote should be within a quote"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('\ufeff"Name"\n"A"\n', UNESCAPED),
        ('Name\nab"c\n', UNESCAPED),
        ('Name\nab""c\n', UNESCAPED),
        ('Name,X\n"a" ,"b"\n', "Not expecting more text after end quote"),
        ('Name,X\n"a", "b"\n', UNESCAPED),
        ('Name\n"a"b\n', "Not expecting more text after end quote"),
        ('Name\n"a\n', "EOF reached before closing an opened quote"),
        ("Name\n" + "x" * 131_073 + "\n", "Exceeded max field size"),
        (",".join("N" * 5001) + "\nA\n", "Exceeded max number of columns per record : 5000"),
        (
            "A,B,C,D\n" + ",".join(["x" * 110_000] * 4) + "\n",
            "Exceeded max length for one record: 440000. "
            "Max length for one record should be less than or equal to 400000",
        ),
    ],
)
def test_broken_csv_is_refused_before_its_first_row(text, message):
    with pytest.raises(wire.CsvError) as caught:
        read(text)
    assert str(caught.value) == message


def test_field_of_the_limit_is_taken():
    assert read("Name\n" + "x" * 131_072)[1] == [["x" * 131_072]]


def test_text_that_is_not_utf_8_is_refused():
    with pytest.raises(wire.CsvError, match="Invalid character"):
        wire.read_csv(lambda: io.TextIOWrapper(io.BytesIO(b"Name\n\xe9\n"), "utf-8", newline=""))


def test_blank_lines_are_no_records_and_lengths_are_not_mended():
    assert read("A,B\n\n1,2\n\n\n3\n4,5,6\n")[1:] == ([["1", "2"], ["3"], ["4", "5", "6"]], 3)


def test_other_delimiters_leave_commas_alone():
    assert read('A|B\n1,5|"2|3"\n', "|")[1] == [["1,5", "2|3"]]


def read_xml(text):
    table = wire.read_xml(lambda: io.BytesIO(text.encode()))
    return table.columns, [list(row) for row in table.rows], table.count


def sobjects(content):
    return (
        '<?xml version="1.0" encoding="UTF-8"?><sObjects '
        'xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{content}</sObjects>'
    )


def test_xml_batch_has_nulls_references_and_absent_fields():
    columns, rows, count = read_xml(
        sobjects(
            "<sObject><LastName>Riordan &amp; Co</LastName><Description xsi:nil='true'/>"
            "<ReportsTo><sObject><Email>rw@example.com</Email></sObject></ReportsTo>"
            "<Who><sObject><type>Lead</type><Email>lead@example.com</Email></sObject></Who>"
            "</sObject>"
            "<sObject><LastName xsi:nil='false'>B</LastName><Phone></Phone></sObject>"
        )
    )
    assert columns == (
        "LastName",
        "Description",
        "ReportsTo.Email",
        "Lead:Who.Email",
        "Phone",
    )
    assert rows == [
        ["Riordan & Co", None, "rw@example.com", "lead@example.com", UNCHANGED],
        ["B", UNCHANGED, UNCHANGED, UNCHANGED, UNCHANGED],
    ]
    assert count == 2


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("ABC"),
            texts.filter(
                lambda t: (
                    t
                    == wire.xml_escape(t)
                    .replace("&amp;", "&")
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    and "\r" not in t
                )
            ),
            min_size=1,
        ),
        max_size=5,
    )
)
def test_xml_batch_gives_back_every_text(records):
    content = "".join(
        "<sObject>" + "".join(wire.xml_element(k, v) for k, v in record.items()) + "</sObject>"
        for record in records
    )
    columns, rows, _ = read_xml(sobjects(content))
    for record, row in zip(records, rows, strict=True):
        known = dict(zip(columns, row, strict=True))
        assert {k: v for k, v in known.items() if v is not UNCHANGED} == {
            k: v for k, v in record.items() if v
        }


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "<sObjects>",
        BOMB + sobjects("<sObject><Name>&b;</Name></sObject>"),
        "<!DOCTYPE sObjects>" + sobjects(""),
        '<!DOCTYPE x SYSTEM "file:///etc/passwd"><sObjects/>',
        "<other><sObject><Name>A</Name></sObject></other>",
        sobjects("<record><Name>A</Name></record>"),
        sobjects("<sObject><Who><sObject><A>1</A><B>2</B></sObject></Who></sObject>"),
        sobjects("<sObject>" + "<a>" * 200 + "</a>" * 200 + "</sObject>"),
    ],
)
def test_xml_that_is_no_batch_is_refused(text):
    with pytest.raises(wire.XmlError):
        read_xml(text)


def read_json(text):
    table = wire.read_json(text.encode())
    return table.columns, [list(row) for row in table.rows], table.count


def test_json_batch_has_nulls_references_and_absent_fields():
    assert read_json(
        '[{"LastName":"R","Description":null,"Amount":1.5,"Active":true,'
        '"ReportsTo":{"Email":"rw@example.com"},'
        '"Who":{"attributes":{"type":"Lead"},"Email":"lead@example.com"}},'
        '{"attributes":{"type":"Contact"},"LastName":""}]'
    ) == (
        ("LastName", "Description", "Amount", "Active", "ReportsTo.Email", "Lead:Who.Email"),
        [["R", None, 1.5, True, "rw@example.com", "lead@example.com"], [UNCHANGED] * 6],
        2,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"Name":"A"}',
        "[1]",
        '[{"Name":[1]}]',
        '[{"Amount":NaN}]',
        '[{"Amount":Infinity}]',
        '[{"Who":{"A":1,"B":2}}]',
        '[{"Who":{"A":{"B":1}}}]',
        "[" * 100_000,
        '[{"Name":"\\ud800',
    ],
)
def test_json_that_is_no_batch_is_refused(text):
    with pytest.raises(wire.JsonError):
        read_json(text)


@given(st.text())
def test_escaped_text_is_the_text_without_what_xml_cannot_carry(text):
    back = ElementTree.fromstring(f"<a>{wire.xml_escape(text)}</a>").text or ""
    kept = wire._NOT_XML.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    assert back == kept


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_java_doubles_are_the_same_number_with_one_digit_before_the_point(value):
    text = java_double(value)
    assert float(text) == value
    mantissa, _, exponent = text.lstrip("-").partition("E")
    assert "." in mantissa
    assert "e" not in text
    if exponent:
        assert 1 <= float(mantissa) < 10
        assert not 1e-3 <= abs(value) < 1e7


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.5, "12.5"),
        (5.0, "5.0"),
        (1.39e8, "1.39E8"),
        (1.6147805824397e13, "1.6147805824397E13"),
        (-1e7, "-1.0E7"),
        (9999999.0, "9999999.0"),
        (0.001, "0.001"),
        (0.0001, "1.0E-4"),
        (0.0, "0.0"),
    ],
)
def test_java_doubles_as_recorded(value, text):
    assert java_double(value) == text


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_milliseconds_of_a_date_time(milliseconds):

    moment = datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds)
    text = moment.isoformat(timespec="milliseconds") + "Z"
    assert epoch_milliseconds(text) == milliseconds


errors = st.lists(
    st.builds(RowError, st.just("CODE"), texts, st.lists(st.just("Name"), max_size=2).map(tuple)),
    min_size=1,
    max_size=2,
).map(tuple)
outcomes = st.lists(
    st.builds(RowOutcome, st.just("001000000000001AAA"), st.just(True), st.booleans(), st.just(()))
    | st.builds(RowOutcome, st.none(), st.just(False), st.just(False), errors),
    max_size=6,
)


def written(writer, rows, cut):
    return writer.begin() + writer.rows(rows[:cut]) + writer.rows(rows[cut:]) + writer.end()


@given(outcomes, st.integers(0, 6))
def test_results_have_a_row_for_each_outcome_in_every_format(rows, cut):
    flags = [(row.id or "", row.success, row.created) for row in rows]

    body = written(CsvResults(Dialect()), rows, cut).decode()
    records = list(csv.reader(io.StringIO(body, newline="")))
    assert records[0] == ["Id", "Success", "Created", "Error"]
    assert [(r[0], r[1] == "true", r[2] == "true") for r in records[1:]] == flags
    assert [r[3] for r in records[1:]] == [error_text(row) for row in rows]

    documents = json.loads(written(JsonResults(Dialect()), rows, cut))
    assert [(d["id"] or "", d["success"], d["created"]) for d in documents] == flags
    assert [[e["message"] for e in d["errors"]] for d in documents] == [
        [error.message for error in row.errors] for row in rows
    ]

    tree = ElementTree.fromstring(written(XmlResults(Dialect()), rows, cut))
    name = f"{{{wire.DATALOAD}}}"
    assert [
        (
            r.findtext(f"{name}id", ""),
            r.findtext(f"{name}success") == "true",
            r.findtext(f"{name}created") == "true",
        )
        for r in tree
    ] == flags


def test_several_errors_and_fields_stand_one_after_the_other():
    outcome = RowOutcome(
        None, False, False, (RowError("A", "one", ("X", "Y")), RowError("B", "two"))
    )
    assert error_text(outcome) == "A:one:X, Y --B:two:--"
