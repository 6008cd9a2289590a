"""The page at ``/``: by HTTP, and as a browser shows it."""

import re
from html.parser import HTMLParser

import chromium
import pytest

from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.endpoints.page import Html, tag

NEEDS_BROWSER = pytest.mark.skipif(
    chromium.command() is None, reason="no Chromium on PATH (apt-get install chromium)"
)
VOID = {"meta", "link"}


class Tree(HTMLParser):
    """Checks that elements nest; collects their text by section and row."""

    def __init__(self, text):
        super().__init__()
        self.open, self.names, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name, attributes):
        self.names.append(name)
        if name not in VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)


def page(bulk1):
    bulk1.token = ""
    answer = bulk1.get("/")
    assert answer.status == 200
    Tree(answer.text)
    return answer.text


def rows(text, table):
    """The texts of the cells of a table."""
    found = re.search(f'<table class="{table}">(.*?)</table>', text, re.DOTALL)
    lines = re.findall("<tr>(.*?)</tr>", found[1])[1:]
    return [[re.sub("<[^>]*>", "", cell) for cell in re.findall("<td.*?</td>", r)] for r in lines]


def test_objects_are_shown_with_their_records(emulator, bulk1):
    emulator.define_object("Load__c", {"Ext__c": "externalId"})
    bulk1.load("insert", "Account", "Name\nA\nB\n")
    text = page(bulk1)
    listed = {name: count for name, _, count in rows(text, "objects")}
    assert listed["Account"] == "2"
    assert listed["Load__c"] == "0"
    assert re.search("Without records: Asset, .*Task", text)
    assert "Contact" not in listed


def test_jobs_of_both_apis_are_shown_with_state_and_counts(emulator, bulk1):
    first, _ = bulk1.load("insert", "Account", "Name\nA\n\nB\n")
    bulk1.load("insert", "Contact", "FirstName\nno last name\n")
    auth = {"Authorization": f"Bearer {bulk1.token}"}
    document = '{"query":"SELECT Id FROM Account","operation":"query"}'
    path = "/services/data/v62.0/jobs/query"
    bulk1.call("POST", path, document, "application/json", auth)
    bulk1.close(first)
    query, contact, account = rows(page(bulk1), "jobs")
    assert query[1:7] == ["2.0", "query Account", "JobComplete", "1 of 11 of 1", "2", "0"]
    assert contact[1:7] == ["1.0", "insert Contact", "Open", "1 of 11 of 1", "1", "1"]
    assert account[0] == first
    assert account[1:7] == ["1.0", "insert Account", "Closed", "1 of 11 of 1", "2", "0"]


def test_errors_of_batches_are_shown_once_with_their_number(bulk1):
    job = bulk1.job("insert", "Account")
    for _ in range(3):
        bulk1.batch(job, "Nope\nx\n")
    for number in range(5):
        bulk1.batch(job, f"Bad{number}\nx\n")
    bulk1.close(job)
    text = page(bulk1)
    assert "InvalidBatch : Field name not found : Nope (3 batches)" in text
    assert text.count('class="error"') == 3
    assert "and 3 more" in text
    assert '<span class="state bad">Closed</span>' in text


@pytest.mark.parametrize(
    ("state", "tone"), [("Open", "busy"), ("Closed", "good"), ("Aborted", "bad")]
)
def test_state_has_a_colour(emulator, bulk1, state, tone):
    job = bulk1.job("insert", "Account")
    if state != "Open":
        bulk1.close(job, state)
    assert f'<span class="state {tone}">{state}</span>' in page(bulk1)


def test_closed_job_with_waiting_batches_is_busy(emulator, bulk1):
    emulator.engine.pause()
    job, _ = bulk1.load("insert", "Account", "Name\nA\n")
    bulk1.close(job)
    text = page(bulk1)
    assert '<span class="state busy">Closed</span>' in text
    assert rows(text, "jobs")[0][4] == "0 of 10 of 1"


def test_last_requests_are_shown_newest_first_with_status(emulator, bulk1):
    bulk1.create_job("insert", "Account")
    bulk1.get("/nothing?x=1")
    emulator.faults.add("reset_before")
    with pytest.raises(ConnectionError):
        bulk1.get("/lost")
    text = page(bulk1)
    assert [line[:3] for line in rows(text, "requests")] == [
        ["none", "GET", "/lost"],
        ["404", "GET", "/nothing?x=1"],
        ["201", "POST", "/services/async/62.0/job"],
    ]
    assert "<b>1</b><span>faults struck</span>" in text


def test_only_the_last_are_shown(emulator, bulk1):
    for _ in range(60):
        bulk1.create_job("insert", "Account")
    text = page(bulk1)
    assert len(rows(text, "jobs")) == len(rows(text, "requests")) == 50
    assert "and 10 more" in text


def test_page_is_not_part_of_the_org(emulator, bulk1):
    emulator.faults.add("reset_before", times=0)
    page(bulk1)
    bulk1.get("/?x")
    assert emulator.requests == []
    assert emulator.api_calls == 0
    assert emulator.faults.fired == []


EVIL = "<script>alert(1)</script>\"'&<b>"


def test_everything_from_outside_is_escaped(emulator, bulk1):
    emulator.org.schema.define("Evil__c", {}, label=EVIL)
    job = bulk1.job("insert", "Account")
    bulk1.batch(job, f'"{EVIL.replace(chr(34), chr(34) * 2)}"\nx\n')
    bulk1.call("GET", "/<script>alert(1)</script>?\"'&<b>".replace(" ", "%20"))
    text = page(bulk1)
    assert text.count("<script>") == 1
    assert "alert(1)" in text
    assert "<b>&" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;&lt;b&gt;" in text
    assert {"script", "b"} & set(Tree(text).names) == {"script", "b"}
    assert Tree(text).names.count("script") == 1


def test_text_is_escaped_and_html_is_not():
    assert tag("p", "<", 1, Html("<br>"), class_='"x"', data_n=2) == (
        '<p class="&quot;x&quot;" data-n="2">&lt;1<br></p>'
    )


def test_nothing_is_fetched_from_elsewhere(bulk1):
    text = page(bulk1)
    assert "http://127.0.0.1" in text
    assert re.findall(r'(?:src|href|url\()=?"?([^">)]*)', text) == ["data:,"]
    policy = bulk1.get("/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe-eval" not in policy


def test_page_reloads_where_scripts_are_off(bulk1):
    assert '<noscript><meta http-equiv="refresh" content="1"></noscript>' in page(bulk1)


def test_login_data_are_shown(emulator, bulk1):
    text = page(bulk1)
    for value in emulator.credentials.values():
        assert f"<dd>{value}</dd>" in text


def test_other_methods_are_refused(bulk1):
    assert bulk1.call("HEAD", "/").status == 200
    answer = bulk1.call("POST", "/", "x")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


def test_page_is_served_while_others_write(connect):
    """A look at the org neither waits for a running batch nor disturbs it."""
    with SalesforceEmulator() as emulator:
        bulk1 = connect(emulator)
        token = bulk1.token
        rows_sent = "Name\n" + "A\n" * 5_000
        job = bulk1.job("insert", "Account")
        for _ in range(4):
            bulk1.token = token
            bulk1.batch(job, rows_sent)
            page(bulk1)
        assert emulator.engine.wait_idle()
        assert emulator.org.count("Account") == 20_000


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    running = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


@NEEDS_BROWSER
def test_browser_shows_the_page_and_keeps_it_up_to_date(emulator, bulk1, browser):
    bulk1.load("insert", "Account", "Name\nA\nB\n")
    browser.open(emulator.url)
    assert browser.value("document.title") == "Salesforce org emulator"
    shown = "document.querySelector('.objects tbody tr').innerText.split(/\\s+/).join(' ')"
    assert browser.value(shown) == "Account Account 2"
    browser.value("window.mark = 'not reloaded'")
    bulk1.load("insert", "Account", "Name\nC\n")
    browser.until(f"{shown} === 'Account Account 3'")
    assert browser.value("window.mark") == "not reloaded"
    assert browser.value("document.querySelectorAll('.jobs tbody tr').length") == 2
    assert browser.value("document.documentElement.scrollWidth <= innerWidth")
    assert browser.complaints == []


@NEEDS_BROWSER
def test_browser_runs_nothing_that_came_with_the_data(emulator, bulk1, browser):
    emulator.org.schema.define("Evil__c", {}, label="<img src=x onerror='window.evil=1'>" + EVIL)
    bulk1.get("/<img/src=x/onerror='window.evil=1'>")
    browser.open(emulator.url)
    assert browser.value("window.evil") is None
    assert browser.value("document.images.length + document.scripts.length") == 1
    assert browser.value("document.body.innerText.includes(\"onerror='window.evil=1'\")")
    assert browser.complaints == []


@NEEDS_BROWSER
def test_browser_updates_without_scripts(emulator, bulk1, browser):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(emulator.url)
        bulk1.load("insert", "Account", "Name\nA\n")
        browser.until("document.querySelector('.objects').innerText.includes('Account')")
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
    assert browser.complaints == []


@NEEDS_BROWSER
def test_browser_says_when_the_emulator_is_gone(browser):
    with SalesforceEmulator() as short:
        browser.open(short.url)
        visible = "getComputedStyle(document.querySelector('.gone')).display !== 'none'"
        assert not browser.value(visible)
    browser.until(visible)
    browser.complaints.clear()


def test_counters_are_taken_while_batches_come(emulator, bulk1):
    """As when one client posts batches and another one, or the page, looks at the job."""
    identity, _ = bulk1.load("insert", "Account", "Name\nA\n")
    job = emulator.engine.job(identity)
    request = emulator.engine.spool_file(job)
    request.touch()

    def count(batch):
        emulator.engine.add_batch(job, request)
        return batch.processed

    assert job.total(count) == 1
    assert job.count("Queued") == 1
