"""JSON and XML results that are unusual and right, and such as are wrong."""

import json
import time
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.formats.json_rows import JsonReader
from salesforce_bulk.formats.typed import ResultColumn
from salesforce_bulk.formats.xml_rows import XmlReader
from salesforce_bulk.wire.document import UnreadableDocument
from salesforce_bulk.wire.v1 import NO_RECORDS

COLUMNS = [
    ResultColumn("Id", "id"),
    ResultColumn("Owner.Name"),
    ResultColumn("Text__c", "textarea"),
]
XML_BEGIN = (
    b'<?xml version="1.0" encoding="UTF-8"?><queryResult\n'
    b'   xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
    b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
)


def read(reader, body, size):
    rows = []
    for start in range(0, len(body), size):
        rows.extend(reader.feed(body[start : start + size]))
    return [*rows, *reader.flush()]


def xml(*texts):
    records = "".join(
        f'\n <records xsi:type="sObject">\n  <type>Row__c</type><Id>1</Id><Id>1</Id>'
        f"<Text__c>{text}</Text__c>\n </records>"
        for text in texts
    )
    return XML_BEGIN + records.encode() + b"\n</queryResult>"


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
def test_a_value_of_ten_megabytes_is_read_in_pieces(kind):
    """No record is too long, and the time grows with its length, not with its square."""
    text = 'é"\\<&\n' * (10_000_000 // 6)
    body = json.dumps([{"Id": "1", "Text__c": text}]).encode()
    if kind is XmlReader:
        body = xml(escape(text))
    began = time.process_time()
    assert read(kind(COLUMNS), body, 1 << 16) == [("1", None, text)]
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "begin",
    [
        b'[{"Id" 1}',
        b'[{"Id": nope}',
        b'[{"Id": "1"} {"Id"',
        b'{"exceptionCode": "X"}',
        b'[{"Id": "1",}',
    ],
)
def test_what_is_no_json_is_told_at_once(begin):
    """Text that can be no record is not collected for as long as the answer lasts."""
    reader = JsonReader(COLUMNS)
    with pytest.raises(UnreadableDocument):
        reader.feed(begin + b" " * 100)


@given(st.lists(st.text(), max_size=5), st.integers(1, 9))
def test_records_cut_anywhere_are_whole(texts, size):
    """Wherever the pieces end, within an escape or a character, the records are the same."""
    for ascii_only in (True, False):
        records = [{"Id": "1", "Owner": {"Name": text}, "Text__c": text} for text in texts]
        body = json.dumps(records, ensure_ascii=ascii_only).encode("utf-8", "replace")
        expected = [("1", r["Owner"]["Name"], r["Text__c"]) for r in json.loads(body)]
        reader = JsonReader(COLUMNS, raw=True, keep_nul=True)
        assert read(reader, body, size) == expected


def test_members_are_found_in_any_letter_case():
    """A path through a polymorphic parent is as the caller wrote it, the answer as the API does."""
    reader = JsonReader([ResultColumn("ID", "id"), ResultColumn("owner.NAME")])
    assert read(reader, b'[{"Id": "1", "Owner": {"Name": "x"}}]', 100) == [("1", "x")]


def test_a_path_through_a_parent_in_any_letter_case(org, bulk, fill):
    """The same through the API: a field that none of the described parents has in that case."""
    fill([{"Count__c": 1}])
    for way in ({}, {"api": "1.0", "content_type": "JSON"}, {"api": "1.0", "content_type": "XML"}):
        rows = list(bulk.export("SELECT owner.nAME, COUNT__C FROM Row__c", **way))
        assert rows == [{"Owner.Name": "Admin User", "Count__c": 1.0}]


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
@pytest.mark.parametrize("size", [1, 100])
def test_the_sentence_for_no_rows_is_no_row_in_every_format(kind, size):
    """CSV is known to have it; nobody has recorded what the other formats have."""
    assert read(kind(COLUMNS), NO_RECORDS, size) == []


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
def test_a_sentence_that_only_begins_alike_is_an_error(kind):
    with pytest.raises(UnreadableDocument):
        read(kind(COLUMNS), NO_RECORDS + b" today", 5)


@given(st.lists(st.text(st.sampled_from("a\r\n\té<>&'\" \u2028"), max_size=12), max_size=4))
def test_line_ends_of_xml_texts_stay_what_they_are(texts):
    """XML's parsers make a line feed of each carriage return; a value is never changed."""
    for body in (xml(*map(escape, texts)), xml(*map(escape, texts)).replace(b"\n ", b"\r\n ")):
        stored = [text.replace("\n ", "\r\n ") for text in texts] if b"\r\n <rec" in body else texts
        for size in (1, 7, 10_000):
            assert [row[2] for row in read(XmlReader(COLUMNS, raw=True), body, size)] == stored


def test_all_formats_keep_carriage_returns(bulk, fill):
    fill([{"Long__c": "a\rb\r\nc\n\rd"}])
    soql = "SELECT Long__c FROM Row__c"
    kinds = ("CSV", "JSON", "XML")
    found = [list(bulk.export(soql, api="1.0", content_type=kind)) for kind in kinds]
    assert found == [[{"Long__c": "a\rb\r\nc\n\rd"}]] * 3


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
def test_a_byte_order_mark_is_no_part_of_the_document(kind):
    body = b'[{"Id": "1", "Text__c": "x"}]' if kind is JsonReader else xml("x")
    assert read(kind(COLUMNS), b"\xef\xbb\xbf" + body, 1) == [("1", None, "x")]


def test_a_null_type_is_not_the_objects_name(bulk, fill):
    """XML records begin with the object's own `type`, which is not their field `Type`."""
    parent = fill([{"Name": "Acme"}], "Account")[0]
    fill([{"Name": "Child", "Type": "Prospect", "ParentId": parent}], "Account")
    soql = "SELECT Name, Type, Parent.Type FROM Account ORDER BY Name"
    kinds = ("CSV", "JSON", "XML")
    found = [list(bulk.export(soql, api="1.0", content_type=kind)) for kind in kinds]
    assert (
        found
        == [
            [
                {"Name": "Acme", "Type": None, "Parent.Type": None},
                {"Name": "Child", "Type": "Prospect", "Parent.Type": None},
            ]
        ]
        * 3
    )


def test_an_alias_may_be_called_type():
    """Only the first element of a record is the object's own."""
    text = b"<records><type>Row__c</type><Id>1</Id><type>mine</type></records></queryResult>"
    columns = [ResultColumn("Id", "id"), ResultColumn("type")]
    assert read(XmlReader(columns), XML_BEGIN + text, 1000) == [("1", "mine")]
    assert read(
        JsonReader([ResultColumn("Attributes")]), b'[{"attributes": {"type": "X"}}]', 99
    ) == [(None,)]


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
def test_a_column_under_another_name_is_no_null(kind):
    """Records that lack a column and hold one that was not asked for: named otherwise, not null."""
    columns = [ResultColumn("Id", "id"), ResultColumn("shown"), ResultColumn("Owner.Name")]
    body = b'[{"attributes": {}, "Id": "1", "expr0": "$1", "Owner": {"Name": "o"}}]'
    document = b"<records><type>A</type><Id>1</Id><expr0>$1</expr0><Owner><type>User</type>"
    document += b"<Id xsi:nil='true'/><Name>o</Name></Owner></records></queryResult>"
    with pytest.raises(UnreadableDocument, match=r"(?i)expr0.*shown"):
        read(kind(columns), body if kind is JsonReader else XML_BEGIN + document, 1000)
    named = [column if column.name != "shown" else ResultColumn("EXPR0") for column in columns]
    whole = body if kind is JsonReader else XML_BEGIN + document
    assert read(kind(named), whole, 1000) == [("1", "$1", "o")]


@pytest.mark.parametrize("kind", [JsonReader, XmlReader])
def test_nulls_may_be_left_out_or_told(kind):
    columns = [ResultColumn("Name"), ResultColumn("Owner.Name"), ResultColumn("Text__c")]
    for body, document in (
        (b'[{"Name": "a"}]', b"<Name>a</Name>"),
        (
            b'[{"Name": "a", "Owner": null, "Text__c": null}]',
            b"<Name>a</Name><Owner xsi:nil='true'/><Text__c xsi:nil='true'/>",
        ),
    ):
        whole = b"<records><type>A</type><Id xsi:nil='true'/>" + document + b"</records>"
        whole = body if kind is JsonReader else XML_BEGIN + whole + b"</queryResult>"
        assert read(kind(columns), whole, 1000) == [("a", None, None)]


WRITTEN_BY_NO_ORG = {
    "nested lists": (JsonReader, b'[{"Id":' + b"[" * 100_000),
    "nested records": (JsonReader, b'[{"Owner":' * 100_000),
    "a number of 70,000 digits": (JsonReader, b'[{"Id":' + b"1" * 70_000 + b"}]"),
    "no number": (JsonReader, b'[{"Id":NaN}]'),
    "no end": (JsonReader, b'[{"Id":-Infinity}]'),
    "nested elements": (XmlReader, b"<queryResult><records>" + b"<a>" * 100_000),
}


@pytest.mark.parametrize("kind", WRITTEN_BY_NO_ORG)
def test_what_no_org_writes_ends_in_an_error_of_this_library(kind):
    """Trap: RecursionError, and the limit of digits, from the parser itself."""
    reader, body = WRITTEN_BY_NO_ORG[kind]
    with pytest.raises(UnreadableDocument):
        read(reader(COLUMNS), body, 1 << 16)
