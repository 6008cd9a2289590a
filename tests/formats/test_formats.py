"""Records into batch bodies: CSV, JSON, XML and zip archives."""

import csv
import io
import json
import zipfile
from datetime import date, datetime, timezone
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk import InvalidInput, limits
from salesforce_bulk.formats import archive
from salesforce_bulk.formats import csv as csv_format
from salesforce_bulk.formats import json as json_format
from salesforce_bulk.formats import xml as xml_format
from salesforce_bulk.wire.v1 import NAMESPACE

NAMES = st.sampled_from(["Name", "Site", "Ext__c", "Description"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
# No field keeps a NUL, and Python 3.10's csv module writes none.
CSV_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)
XML_TEXTS = st.text(
    st.characters(
        exclude_categories=["Cs", "Cc"],
        include_characters="\t\n\r",
        exclude_characters="\ufffe\uffff",
    ),
    min_size=1,
)


@given(st.lists(st.dictionaries(NAMES, CSV_TEXTS, min_size=1), min_size=1))
def test_csv_gives_back_every_text_as_it_was(records):
    body = csv_format.encode_records(records)
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline="")))
    assert [{k: v for k, v in row.items() if v != ""} for row in rows] == records


@pytest.mark.parametrize("of", [csv_format, json_format, xml_format])
def test_half_a_character_is_refused_with_its_row_and_column(of):
    """Trap: a bare UnicodeEncodeError."""
    with pytest.raises(InvalidInput, match=r"Row 2, column 'Name'.*surrogate"):
        of.encode_records([{"Name": "a"}, {"Name": "a\ud800"}])


def test_a_nul_in_csv_is_refused_with_its_row_and_column():
    with pytest.raises(InvalidInput, match="Row 2, column 'B': holds a NUL") as caught:
        csv_format.encode_records([{"A": "x"}, {"B": "a\0b"}])
    assert (caught.value.row, caught.value.column) == (2, "B")


@given(st.lists(st.dictionaries(NAMES, TEXTS)))
def test_json_gives_back_every_text_as_it_was(records):
    assert json.loads(json_format.encode_records(records)) == records


@given(st.lists(st.dictionaries(NAMES, XML_TEXTS)))
def test_xml_gives_back_every_text_as_it_was(records):
    root = ElementTree.fromstring(xml_format.encode_records(records))
    read = [{child.tag.rpartition("}")[2]: child.text for child in record} for record in root]
    assert read == records


def test_csv_columns_are_the_union_in_the_order_in_which_they_come():
    body = csv_format.encode_records([{"A": 1}, {"B": "x", "A": None}])
    assert body == b"A,B\r\n1,\r\n,x\r\n"


@pytest.mark.parametrize("encode", [json_format.encode_records, xml_format.encode_records])
def test_none_is_left_out_so_that_the_field_stays_as_it_is_like_an_empty_csv_cell(encode):
    assert b"Site" not in encode([{"Name": "x", "Site": None, "Fax": float("nan")}])


def test_json_keeps_numbers_and_booleans_and_writes_the_rest_as_text():
    record = {
        "a": True,
        "b": 5,
        "c": 1.5,
        "d": Decimal("1.25"),
        "e": Decimal("0.1234567890123456789"),
        "f": date(2024, 1, 31),
        "g": datetime(2024, 1, 31, 12, tzinfo=timezone.utc),
    }
    assert json.loads(json_format.encode_records([record])) == [
        {
            "a": True,
            "b": 5,
            "c": 1.5,
            "d": 1.25,
            "e": "0.1234567890123456789",
            "f": "2024-01-31",
            "g": "2024-01-31T12:00:00.000Z",
        }
    ]


def test_relationship_columns_become_nested_objects_in_json():
    record = {"ReportsTo.Email": "a@b.example", "Lead:Who.Email": "l@b.example"}
    assert json.loads(json_format.encode_records([record])) == [
        {
            "ReportsTo": {"Email": "a@b.example"},
            "Who": {"attributes": {"type": "Lead"}, "Email": "l@b.example"},
        }
    ]


def test_relationship_columns_become_nested_sobjects_in_xml():
    body = xml_format.encode_records([{"Lead:Who.Email": "l@b.example"}])
    assert b"<Who><sObject><type>Lead</type><Email>l@b.example</Email></sObject></Who>" in body
    assert f'xmlns="{NAMESPACE}"'.encode() in body


def test_xml_refuses_a_character_it_cannot_carry_and_names_row_and_column():
    with pytest.raises(InvalidInput, match=r"Row 2, column 'Name'.*'\\x00'") as caught:
        xml_format.encode_records([{"Name": "a"}, {"Name": "b\0"}])
    assert (caught.value.row, caught.value.column) == (2, "Name")


@pytest.mark.parametrize(
    "encode",
    [csv_format.encode_records, json_format.encode_records, xml_format.encode_records],
)
def test_a_value_without_a_text_is_refused_with_row_and_column(encode):
    with pytest.raises(InvalidInput, match="no time zone") as caught:
        encode(
            [{"When": datetime(2024, 1, 31, tzinfo=timezone.utc)}, {"When": datetime(2024, 1, 31)}]
        )
    assert (caught.value.row, caught.value.column) == (2, "When")


RECORD = {"Name": "a.gif", "ParentId": "001D000000abcDEAAY", "Body": "#sub/a.gif"}


@pytest.mark.parametrize("content_type", ["ZIP_CSV", "ZIP_JSON", "ZIP_XML"])
def test_an_archive_holds_request_txt_and_the_files_at_its_root(content_type, tmp_path):
    path = tmp_path / "b.bin"
    path.write_bytes(b"\0\1")
    body = archive.build_archive([RECORD], {"sub/a.gif": b"GIF", "b.bin": path}, content_type)
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert sorted(opened.namelist()) == ["b.bin", "request.txt", "sub/a.gif"]
        assert opened.read("sub/a.gif") == b"GIF"
        assert opened.read("b.bin") == b"\0\1"
        assert b"#sub/a.gif" in opened.read("request.txt")


def test_the_same_records_and_files_make_the_same_archive():
    build = [archive.build_archive([RECORD], {"sub/a.gif": b"GIF"}) for _ in range(2)]
    assert build[0] == build[1]


def test_a_reference_to_a_file_that_is_not_in_the_archive_is_refused_with_its_row():
    with pytest.raises(InvalidInput, match=r"Row 1, column 'Body': .*no file 'sub/a.gif'"):
        archive.build_archive([RECORD], {"a.gif": b"GIF"})


def test_a_binary_field_without_the_hash_sign_is_refused():
    with pytest.raises(InvalidInput, match="'#name-of-the-file'"):
        archive.build_archive([{**RECORD, "Body": "a.gif"}], {"a.gif": b"GIF"})


@pytest.mark.parametrize("name", ["request.txt", "/a", "../a", "", "é" * 257])
def test_names_that_cannot_stand_in_an_archive_are_refused(name):
    with pytest.raises(InvalidInput):
        archive.build_archive([], {name: b""})


def test_the_limits_of_an_archive_are_refused_before_anything_is_sent():
    with pytest.raises(InvalidInput, match="unzipped"):
        archive.build_archive([], {"a": bytes(limits.ZIP_UNZIPPED_BYTES)})
    with pytest.raises(InvalidInput, match="1,001 files"):
        archive.build_archive([], {str(number): b"" for number in range(1_001)})


def test_a_plain_content_type_is_no_archive():
    with pytest.raises(InvalidInput, match="ZIP_CSV"):
        archive.build_archive([], {}, "CSV")
