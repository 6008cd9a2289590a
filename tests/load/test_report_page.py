"""What `LoadResult.report` writes, as a person sees it in a browser."""

import re

import chromium
import pytest

from salesforce_bulk.load.result_html import error_kinds
from salesforce_bulk.progress.timeline import Timeline

HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture
def result(org, bulk):
    """300 rows in three batches: 20 lack a name, 10 have a number that is hostile text."""
    org.define_object("Load__c", {"Name__c": "text(80) required", "N__c": "number(10, 2)"})
    rows = [{"Name__c": f"a{number}", "N__c": number} for number in range(300)]
    for number in range(100, 120):
        rows[number]["Name__c"] = ""
    for number in range(7, 17):
        rows[number]["N__c"] = HOSTILE
    return bulk.insert("Load__c", rows, batch_size=100, on_error="report")


def test_errors_are_counted_by_code_and_field(result):
    found = [(kind.code, kind.fields, kind.rows, kind.first) for kind in error_kinds(result)]
    assert found == [
        ("REQUIRED_FIELD_MISSING", "Name__c", 20, 101),
        ("INVALID_FIELD", "N__c", 10, 8),
    ]


def test_the_page_is_whole_in_itself_and_nothing_of_the_rows_is_code(result, tmp_path):
    result.report(tmp_path / "load.html")
    page = (tmp_path / "load.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert re.findall(r"<\w[^>]*(?: src| href| on\w+)=", page) == []
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page


@pytest.mark.skipif(chromium.command() is None, reason="no Chromium (apt-get install chromium)")
def test_a_browser_shows_counts_errors_the_run_and_how_to_go_on(result, tmp_path):
    result.report(tmp_path / "load.html")
    browser = chromium.Chromium(tmp_path / "profile")
    try:
        browser.open(f"file://{tmp_path / 'load.html'}")
        text = browser.value("document.body.innerText")
        bars = browser.value(
            "[...document.querySelectorAll('rect')].map(r => r.getBoundingClientRect().width)"
        )
        lines = browser.value(
            "[...document.querySelectorAll('polyline')].map(l => l.points.numberOfItems)"
        )
        assert browser.value("document.title") == "insert Load__c"
        assert browser.complaints == []
    finally:
        browser.close()
    assert "insert Load__c: 300 rows, 270 succeeded, 30 failed" in text
    assert re.search(r"REQUIRED_FIELD_MISSING\s+Name__c\s+20\s+101\s+failed", text)
    assert re.search(r"INVALID_FIELD\s+N__c\s+10\s+8\s+failed", text)
    assert f"salesforce-bulk results {result.job_id} {result.job_id}.csv" in text
    assert "result.retry()" in text
    assert (len(bars), bars[0] > 5 * bars[1] > 0) == (2, True)
    assert len(lines) == 3  # reading, uploading, processing
    assert min(lines) >= 1


def test_a_job_that_was_over_has_a_page_without_a_picture_of_its_run(result, bulk, tmp_path):
    attached = bulk.attach(result.job_id).result()
    attached.report(tmp_path / "load.html")
    page = (tmp_path / "load.html").read_text("utf-8")
    assert "30 failed" in page


def test_what_was_sent_again_is_told(org, bulk, tmp_path):
    org.faults.add("row_errors", rows=3, times=1)
    result = bulk.insert("Account", [{"Name": "a"}] * 30, on_error="report").retry()
    result.report(tmp_path / "load.html")
    page = (tmp_path / "load.html").read_text("utf-8")
    assert "<td>3</td><td>3</td>" in page.partition("Sent again")[2]
    assert "<h2>Errors</h2>" not in page


def test_a_timeline_of_any_length_keeps_few_moments_and_the_ends_of_each_phase():
    timeline = Timeline()
    for number in range(10_000):
        timeline.add(100 + number / 10, "uploading", number)
    for number in range(10_000):
        timeline.add(1_100 + number, "processing", number)
    moments = timeline.moments()
    assert len(moments) <= 250
    assert moments[0] == (0, "uploading", 0)
    assert moments[-1] == (10_999, "processing", 9_999)
    of_uploading = [moment for moment in moments if moment.phase == "uploading"]
    assert of_uploading[-1].rows == 9_999
    assert [moment.seconds for moment in moments] == sorted(moment.seconds for moment in moments)
