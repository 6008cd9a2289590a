"""The page at ``/``: its three files by HTTP, and what a person sees and does in a browser."""

import json
import os
import re
import subprocess
import sys
from urllib.parse import unquote

import chromium
import pytest
import requests
from connecting_lines import lines_of_page
from rest_client import RestClient

from salesforce_bulk import SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator

pytestmark = pytest.mark.skipif(
    chromium.command() is None, reason="no Chromium on PATH (apt-get install chromium)"
)
FILES = {
    "/": "text/html",
    "/_emulator/page.css": "text/css",
    "/_emulator/page.js": "text/javascript",
}
EVIL = "<img src=x onerror='window.evil=1'><script>window.evil=2</script>\"'&"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    running = chromium.Chromium(tmp_path_factory.mktemp("profile"))
    yield running
    running.close()


class Page:
    """What a person does: goes to a view, reads, presses, types."""

    def __init__(self, browser, url):
        self.browser, self.url = browser, url
        self.visits = 0

    def go(self, address=""):
        self.browser.value("window.left = true")
        # Another query string, so that the browser loads the page anew.
        self.visits += 1
        self.browser.send("Page.navigate", url=f"{self.url}/?{self.visits}#/{address}")
        self.browser.until(
            "window.left === undefined"
            " && document.querySelector('main > section, main > div') !== null"
        )
        return self

    def until(self, text, where="main"):
        found = f"document.querySelector({json.dumps(where)})?.innerText"
        try:
            self.browser.until(f"{found}?.includes({json.dumps(text)})")
        except AssertionError:
            raise AssertionError(f"{text!r} is not in\n{self.browser.value(found)}") from None
        return self

    def press(self, text):
        """A button or a link by its words, as soon as it is there."""
        find = (
            "[...document.querySelectorAll('button, a, summary')]"
            f".find((one) => one.innerText.trim() === {json.dumps(text)} && !one.disabled)"
        )
        self.browser.until(f"{find} !== undefined")
        self.browser.value(f"{find}.click()")
        return self

    def fill(self, selector, value):
        self.browser.until(f"document.querySelector({json.dumps(selector)}) !== null")
        self.browser.value(
            f"(() => {{ const box = document.querySelector({json.dumps(selector)});"
            f"box.value = {json.dumps(value)};"
            "box.dispatchEvent(new Event('input', {bubbles: true}));"
            "box.dispatchEvent(new Event('change', {bubbles: true})); })()"
        )
        return self

    def key(self, name, modifiers=0):
        """A key of the keyboard, where the focus is."""
        text = {"text": name} if len(name) == 1 and not modifiers else {}
        for kind in ("keyDown", "keyUp"):
            self.browser.send(
                "Input.dispatchKeyEvent", type=kind, key=name, modifiers=modifiers, **text
            )
        return self

    def rows(self, label):
        """The texts of the cells of a table by its name."""
        return self.browser.value(
            f"[...document.querySelectorAll('[aria-label={label}] tbody tr')]"
            ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))"
        )

    def copied(self, label):
        """What a button would put into the clipboard."""
        self.browser.value(
            "window.copied = null; Object.defineProperty(navigator, 'clipboard', {configurable:"
            " true, value: {writeText: async (text) => { window.copied = text; }}})"
        )
        self.press(label)
        self.browser.until("window.copied !== null")
        return self.browser.value("window.copied")


@pytest.fixture
def page(browser, emulator):
    yield Page(browser, emulator.url)
    # A request that is refused is told by the browser, too.
    assert [c for c in browser.complaints if "Failed to load resource" not in str(c)] == []
    browser.complaints.clear()


# the files


@pytest.mark.parametrize("path", FILES)
def test_nothing_is_fetched_from_elsewhere_and_nothing_inline_runs(emulator, path):
    answer = requests.get(emulator.url + path, timeout=10)
    assert answer.headers["Content-Type"].startswith(FILES[path])
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert re.findall("https?://(?!www.w3.org/2000/svg)", answer.text) == []
    assert (
        re.findall(r"innerHTML|outerHTML|insertAdjacent|eval\(| style=| on\w+=\"", answer.text)
        == []
    )


def test_page_is_no_part_of_the_org(emulator):
    emulator.faults.add("reset_before", times=0)
    for path in FILES:
        assert requests.get(emulator.url + path, timeout=10).status_code == 200
    refused = requests.post(emulator.url, timeout=10)
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert (emulator.requests, emulator.api_calls, emulator.faults.fired) == ([], 0, [])


# jobs


def test_a_load_is_followed_from_the_list_to_its_failed_rows(page, bulk1):
    job, batch = bulk1.load("insert", "Contact", "FirstName,LastName\nA,B\nnobody,\n")
    bulk1.close(job)
    page.go("jobs").until(job)
    [row] = page.rows("Jobs")
    assert row[1:7] == ["1.0", "insert Contact", "Closed, 1 failed", "1 of 1", "2", "1"]
    page.press(job).until("1 row of 2 failed.")
    page.press(batch).until("Failed rows")
    page.browser.until("document.querySelector('[aria-label=Rows] tbody tr') !== null")
    assert page.rows("Rows") == [
        [
            "2",
            "failed\n\nREQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --",
            "",
            "nobody",
            "",
        ]
    ]
    page.press("All rows").until("created")
    page.press("Body").until("FirstName,LastName\nA,B\nnobody,")
    page.press("Result file 1").until('"Id","Success","Created","Error"')


def test_a_job_whose_rows_all_failed_looks_failed_though_it_is_complete(page, emulator):
    job = RestClient(emulator).load("insert", "Account", "Site\nx\ny\n")
    page.go("jobs").until("JobComplete, failed")
    assert page.browser.value("document.querySelector('main tbody tr').className") == "bad"
    page.press(job).until("None of 2 rows was written.", ".banner")


def test_a_failed_batch_says_why(page, bulk1):
    job, batch = bulk1.load("insert", "Account", "Nope\nx\n")
    page.go(f"jobs/{job}").until("InvalidBatch : Field name not found : Nope", ".banner")
    page.go(f"jobs/{job}/{batch}").until("InvalidBatch : Field name not found : Nope", ".banner")


def test_results_of_a_query_are_a_table(page, bulk1):
    bulk1.load("insert", "Account", "Name\nA\nB\n")
    job = bulk1.job("query", "Account")
    batch = bulk1.batch(job, "SELECT Name FROM Account ORDER BY Name")
    page.go(f"jobs/{job}/{batch}").until("A")
    page.browser.until("document.querySelectorAll('[aria-label=Result] tbody tr').length === 2")
    assert page.rows("Result") == [["A"], ["B"]]
    page.press("The query").until("SELECT Name FROM Account ORDER BY Name")


def test_timeline_shows_waiting_and_running_of_each_batch(page, bulk1, emulator):
    job = bulk1.job("insert", "Account")
    emulator.engine.pause()
    for _ in range(2):
        bulk1.batch(job, "Name\nA\n")
        emulator.clock.advance(10)
    emulator.engine.run_pending()
    page.go(f"jobs/{job}").until("Completed")
    bars = page.browser.value(
        "[...document.querySelectorAll('svg rect.wait')].map((bar) => bar.getAttribute('width'))"
    )
    assert bars == ["100%", "50%"]


def test_jobs_are_filtered(page, bulk1):
    bulk1.load("insert", "Account", "Name\nA\n")
    bulk1.load("insert", "Contact", "LastName\nA\n")
    bulk1.load("insert", "Lead", "LastName\nA\n")
    page.go("jobs").until("Lead").fill("main .filter", "contact")
    assert [row[2] for row in page.rows("Jobs")] == ["insert Contact"]
    page.fill("main .filter", "").browser.value(
        "document.querySelector('input[type=checkbox]').click()"
    )
    assert [row[2] for row in page.rows("Jobs")] == ["insert Lead"]


def test_batches_are_held_back_and_run_one_by_one(page, bulk1, emulator):
    page.go("jobs").press("Hold batches back").until("batches are held back")
    for _ in range(2):
        bulk1.load("insert", "Account", "Name\nA\n")
    assert emulator.org.count("Account") == 0
    page.press("Run the next batch").until("1 batch run", ".toast")
    assert emulator.org.count("Account") == 1
    page.press("Let them run").until("Hold batches back")
    assert emulator.org.count("Account") == 2


# records


def test_records_are_paged(page, bulk1):
    bulk1.load("insert", "Account", "Name\n" + "".join(f"N{i:03}\n" for i in range(120)))
    page.go("objects").until("Account").press("Account").until("N049")
    assert "N050" not in page.browser.value("document.body.innerText")
    page.press("Next").until("N099").press("Next").until("N119")
    page.press("Previous").until("N050").until("page 2")


def test_a_record_is_made_changed_and_deleted(page, emulator):
    page.go("objects/Account/new").fill("[name=Name]", "Acme").fill("[name=Type]", "Prospect")
    page.press("Create").until("Set by the org")
    [record] = emulator.connect().export("SELECT Id, Name, Type FROM Account")
    assert (record["Name"], record["Type"]) == ("Acme", "Prospect")
    page.fill("[name=NumberOfEmployees]", "many").press("Save").until("Cannot deserialize")
    page.fill("[name=NumberOfEmployees]", "7").fill("[name=Name]", "").press("Save")
    page.until("Required fields are missing: [Name]")
    assert page.browser.value("document.querySelector('[aria-invalid=true]').name") == "Name"
    page.fill("[name=Name]", "Other").press("Save").until("Saved", ".toast")
    [changed] = emulator.connect().export("SELECT Name, NumberOfEmployees FROM Account")
    assert (changed["Name"], changed["NumberOfEmployees"]) == ("Other", 7)
    page.press("Delete").until("Really? Delete")
    assert emulator.org.count("Account") == 1
    page.press("Really? Delete").until("No records.")
    assert emulator.org.count("Account") == 0


# queries


def test_a_query_is_run_by_the_keyboard_and_kept(page, emulator):
    RestClient(emulator).call("POST", "sobjects/Account", {"Name": "A,1"})
    page.go("query").key("/")
    assert page.browser.value("document.activeElement.tagName") == "TEXTAREA"
    page.fill("textarea", "SELECT Name, Owner.Name FROM Account").key("Enter", modifiers=2)
    page.until("Admin User")
    assert page.rows("Rows") == [["A,1", "Admin User"]]
    link = page.browser.value("document.querySelector('a[download]').href")
    assert requests.get(link, timeout=10).text == '"Name","Owner.Name"\n"A,1","Admin User"\n'
    page.go("query").press("History").until("SELECT Name, Owner.Name FROM Account", "details")


def test_an_error_of_a_query_stands_under_its_column(page):
    page.go("query").fill("textarea", "  SELECT Id,\n    Nope FROM Account").press("Run")
    page.until("INVALID_FIELD No such column 'Nope' on entity 'Account'.")
    text = page.browser.value("document.querySelector('pre.caret').textContent")
    assert text == "    Nope FROM Account\n    ^"
    place = page.browser.value("document.querySelector('textarea').selectionStart")
    assert place == len("  SELECT Id,\n    ")


# requests


def test_polls_are_one_line_and_requests_are_filtered(page, bulk1):
    job, _ = bulk1.load("insert", "Account", "Name\nA\n")
    for _ in range(5):
        bulk1.info(job)
    bulk1.get("nothing")
    page.go("requests").until("\u00d7 5")
    assert [(row[0], row[1]) for row in page.rows("Requests")] == [
        ("404", "GET"),
        ("200", "GET"),
        ("201", "POST"),
        ("201", "POST"),
    ]
    page.browser.value("document.querySelector('input[type=checkbox]').click()")
    assert len(page.rows("Requests")) == 8
    page.fill("select[aria-label=Status]", "bad")
    assert [row[0] for row in page.rows("Requests")] == ["404"]
    page.fill("select[aria-label=Status]", "any status").fill("main .filter", "/BATCH")
    assert [row[2] for row in page.rows("Requests")] == [f"/services/async/62.0/job/{job}/batch"]


@pytest.mark.parametrize(
    "body",
    [
        {"Name": 'it\'s "$(touch pwned)" `touch pwned` \\ ü \U0001f600\n'},
        "@/etc/hostname",
    ],
)
def test_a_request_is_copied_as_curl_and_as_python_and_says_the_same(
    page, emulator, tmp_path, body
):
    """And nothing in it is taken for a command."""
    client = RestClient(emulator, headers={"X-Odd": "a'b\"$(touch pwned)`touch pwned`"})
    answer = client.call("POST", "sobjects/Account?x=[1-3]", body, "application/json")
    sent = emulator.requests[-1]
    page.go(f"requests/{sent.number}").until("Bearer ***")
    assert client.token not in page.browser.value("document.documentElement.outerHTML")
    environment = {**os.environ, "SF_TOKEN": client.token}
    curl = page.copied("Copy as curl")
    python = f"import os, requests\nprint({page.copied('Copy as Python')}.text)"
    for command in (["bash", "-c", curl], [sys.executable, "-c", python]):
        run = subprocess.run(
            command, env=environment, cwd=tmp_path, capture_output=True, check=True, timeout=60
        )
        assert json.loads(run.stdout)[0 if answer.status >= 400 else "success"]
        again = emulator.requests[-1]
        assert (again.status, again.body) == (sent.status, sent.body)
        assert unquote(again.path) == sent.path
        assert again.headers["x-odd"] == sent.headers["x-odd"]
    assert list(tmp_path.iterdir()) == []


# the org


def test_faults_sessions_clock_and_reset_have_their_switches(page, bulk1, emulator):
    page.go("org").press("Add a fault").fill("[aria-label=kind]", "html_error")
    page.fill("[name=route]", "bulk1.job.create").press("Add the fault")
    page.until("html_error route=bulk1.job.create")
    assert bulk1.create_job("insert", "Account").status == 503
    page.until("1 time struck").press("Clear all faults").until("None are set.")
    assert emulator.faults.rules == []
    page.press("An hour").until("01:00:00")
    assert f"{emulator.clock.now():%H}" == "01"
    page.press("End all sessions").until("1 session ended", ".toast")
    assert bulk1.info("750000000000001").status == 400
    emulator.connect().insert("Account", [{"Name": "A"}])
    page.press("Take a snapshot").until("Restore s1")
    emulator.connect().insert("Account", [{"Name": "B"}])
    page.press("Restore s1").until("As it was at s1", ".toast")
    assert emulator.org.count("Account") == 1
    page.press("Reset the org").press("Really? Reset the org").until(
        "As it was at the start", ".toast"
    )
    assert emulator.org.count("Account") == 0


# the whole


def test_it_keeps_up_without_reloading_and_keeps_the_focus(page, bulk1):
    job, _ = bulk1.load("insert", "Account", "Name\nA\n")
    page.go("jobs").until(job)
    page.browser.value("window.mark = 1; document.querySelector('main tbody a').focus()")
    second, _ = bulk1.load("insert", "Contact", "LastName\nA\n")
    page.until(second)
    assert page.browser.value("window.mark") == 1
    assert page.browser.value("document.activeElement.innerText") == job


def test_keys_lead_to_the_views_and_to_the_filter(page):
    page.go()
    for key, title in (
        ("2", "Jobs"),
        ("3", "Objects"),
        ("4", "Query"),
        ("5", "Requests"),
        ("6", "Org"),
    ):
        page.key(key).until(title, "main h2")
        assert page.browser.value("document.querySelector('nav [aria-current]').innerText") == title
    page.key("2").until("Jobs", "main h2").key("/")
    assert page.browser.value("document.activeElement.className") == "filter"
    page.key("3").key("3")
    assert page.browser.value("location.hash") == "#/jobs"


def test_lines_that_connect_do(page, emulator):
    """Those of clients that are installed here; the others are tests/witness's."""
    lines = lines_of_page(page.browser, emulator.url)
    assert set(lines) == {
        *("salesforce-bulk", "simple-salesforce", "jsforce", "curl", "sf", "django-salesforce")
    }
    names = {"SalesforceBulk": SalesforceBulk}
    assert list(eval(lines["salesforce-bulk"], names).export("SELECT Id FROM Account")) == []
    told = subprocess.run(["bash", "-c", lines["curl"]], capture_output=True, check=True)
    assert json.loads(told.stdout)["access_token"] in emulator.sessions._sessions
    token, command = re.fullmatch(r"SF_ACCESS_TOKEN=\$\((.*)\) (sf .*)", lines["sf"]).groups()
    told = subprocess.run(["bash", "-c", token], capture_output=True, check=True, text=True)
    assert told.stdout.strip() in emulator.sessions._sessions
    assert emulator.url in command


def test_the_line_of_simple_salesforce_is_a_client(browser):
    with SalesforceEmulator(inline=True, tls=True) as secure:
        line = lines_of_page(browser, secure.url)["simple-salesforce"]
        program = (
            "from simple_salesforce import Salesforce, SalesforceLogin\n"
            f"sf = {line}\nprint(sf.query('SELECT Name FROM Organization')['totalSize'])\n"
        )
        told = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(secure.certificate)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (told.stdout, told.returncode) == ("1\n", 0), told.stderr


@pytest.mark.parametrize("width", [420, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_wide_tables_scroll_in_themselves(page, bulk1, width, scheme):
    long = "x" * 300
    job, batch = bulk1.load("insert", "Account", f'Name,Site,Description\nA,B,{long}\n"",,{long}\n')
    bulk1.get("/" + long)
    [account] = bulk1.emulator.connect().export("SELECT Id FROM Account")
    views = ["", "jobs", f"jobs/{job}", f"jobs/{job}/{batch}", "objects", "objects/Account"]
    views += [
        f"objects/Account/{account['Id']}",
        "query?soql=SELECT Id, Name, Site, Description, OwnerId, Owner.Name FROM Account",
    ]
    views += ["requests", f"requests/{bulk1.emulator.requests[0].number}", "org"]
    page.browser.send(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    page.browser.send(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    try:
        for view in views:
            page.go(view)
            page.browser.until(
                "document.querySelector('main td, main pre, main code, main form') !== null"
            )
            assert page.browser.value("document.documentElement.scrollWidth <= innerWidth"), view
            # Text and what it stands on differ enough to be read.
            dark = page.browser.value("getComputedStyle(document.body).backgroundColor")
            assert (dark == "rgb(16, 21, 28)") == (scheme == "dark")
    finally:
        page.browser.send("Emulation.clearDeviceMetricsOverride")
        page.browser.send("Emulation.setEmulatedMedia", features=[])


def test_nothing_that_came_with_the_data_runs(page, emulator, bulk1):
    emulator.org.schema.define("Evil__c", {"F__c": "text(200)"}, label=EVIL)
    rest = RestClient(emulator)
    record = rest.call("POST", "sobjects/Account", {"Name": EVIL, "Description": EVIL}).json["id"]
    quoted = EVIL.replace('"', '""')
    job, batch = bulk1.load("insert", "Account", f'"{quoted}"\nx\n')
    good, first = bulk1.load(
        "insert", "Account", f'Name,NumberOfEmployees\n"{quoted}","{quoted}"\n'
    )
    bulk1.call("POST", "/<img/src=x/onerror='window.evil=1'>", EVIL, "text/html")
    number = emulator.requests[-1].number
    views = ["", "jobs", f"jobs/{job}", f"jobs/{job}/{batch}", f"jobs/{good}/{first}", "objects"]
    views += ["objects/Account", f"objects/Account/{record}", "requests", f"requests/{number}"]
    views += ["query?soql=SELECT Name FROM Account", f"query?soql={EVIL}", f"jobs/{EVIL}"]
    views += [f"{EVIL}/{EVIL}", f"objects/{EVIL}/{EVIL}"]
    for view in views:
        page.go(view)
        page.browser.until("!document.querySelector('main').innerText.includes('undefined')")
        assert page.browser.value("window.evil") is None
        assert page.browser.value("document.images.length + document.scripts.length") == 1


def test_it_says_when_the_emulator_is_gone(browser):
    with SalesforceEmulator() as short:
        browser.open(short.url)
        visible = "document.querySelector('.gone').hidden === false"
        assert not browser.value(visible)
    browser.until(visible)
    browser.complaints.clear()


def test_without_scripts_it_says_where_to_look(page, browser):
    browser.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page.url)
        page.until("/_emulator/v1 tells how to log in")
    finally:
        browser.send("Emulation.setScriptExecutionDisabled", value=False)
