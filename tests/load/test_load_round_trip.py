"""Any rows, through any way in, come back equal from the org."""

import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesforce_bulk import CsvDictsAdapter
from salesforce_bulk.formats import json, xml

#: What a text area keeps: no blanks at its ends, no character that an org does not store.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t\"',;#\u2028\x85"),
    max_size=40,
).map(str.strip).filter(lambda text: text and text != "#N/A")  # fmt: skip
LONG = {"type": "textarea", "length": 131_072}
CELLS = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12)
ROUND_TRIP = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)


def as_verb(bulk, rows):
    bulk.insert("Pair__c", rows, batch_size=5, parallel=1)


def as_verb_2(bulk, rows):
    bulk.insert("Pair__c", iter(rows), api="2.0", batch_size=7, parallel=1)


def as_file(bulk, rows):
    text = b"".join(CsvDictsAdapter(rows)).decode()
    bulk.insert("Pair__c", io.BytesIO(text.encode("utf-16")), batch_size=5, parallel=1)


def as_frame(bulk, rows):
    polars = pytest.importorskip("polars")
    bulk.insert("Pair__c", polars.DataFrame(rows), batch_size=5, parallel=1)


def as_json(bulk, rows):
    job = bulk.create_insert_job("Pair__c", contentType="JSON")
    bulk.post_batch(job, json.encode_records(rows))


def as_xml(bulk, rows):
    job = bulk.create_insert_job("Pair__c", contentType="XML")
    bulk.post_batch(job, xml.encode_records(rows))


@pytest.mark.parametrize("way", [as_verb, as_verb_2, as_file, as_frame, as_json, as_xml])
def test_texts_come_back_as_they_were_sent(org, bulk, stored, way):
    before = []

    @ROUND_TRIP
    @given(CELLS)
    def round_trip(cells):
        way(bulk, [{"A__c": a, "B__c": b} for a, b in cells])
        found = stored("SELECT A__c, B__c FROM Pair__c ORDER BY Id")
        assert found[: len(before)] == before
        assert found[len(before) :] == cells
        before.extend(cells)

    org.define_object("Pair__c", {"A__c": LONG, "B__c": LONG})
    round_trip()


def test_line_ends_within_a_text_are_kept(bulk, stored):
    """Trap: newlines and lone carriage returns joined, split or dropped on their way."""
    texts = ["a\nb", "a\r\nb", "a\u2028b", "a\x85b", "a\n\n\nb"]
    bulk.insert("Load__c", [{"Long__c": text, "Text__c": str(n)} for n, text in enumerate(texts)])
    found = [text for (text,) in stored("SELECT Long__c FROM Load__c ORDER BY Text__c")]
    assert [text.replace("\r\n", "\n") for text in found] == [
        text.replace("\r\n", "\n") for text in texts
    ]
