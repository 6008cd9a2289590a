"""The documentation as a site: built without a warning, and its links lead somewhere."""

import html
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from chromium import Chromium

import salesforce_bulk
from salesforce_bulk import SalesforceBulk
from salesforce_bulk.cli import COMMANDS
from salesforce_bulk.export.settings import EXPORT_DEFAULTS
from salesforce_bulk.load.settings import LOAD_DEFAULTS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
REPOSITORY = "https://github.com/heroku/salesforce-bulk/blob/HEAD/"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    done = subprocess.run(
        [*command, "-d", folder / "doctrees", DOCS, folder / "html"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    return folder / "html"


def text_of(page):
    return re.sub(r"<[^>]+>", "", page)


def test_every_page_is_in_the_navigation_and_in_the_search(site):
    index = (site / "searchindex.js").read_text("utf-8")
    navigation = (site / "index.html").read_text("utf-8")
    for page in PAGES:
        name = page.relative_to(DOCS).with_suffix("").as_posix()
        assert f'"{name}"' in index
        assert name == "index" or f'href="{name}.html"' in navigation


def test_a_search_finds_the_page_of_what_was_asked_for(site, tmp_path):
    browser = Chromium(tmp_path / "profile")
    try:
        browser.open(f"file://{site}/search.html?q=TooManyLockFailure")
        browser.until("document.querySelectorAll('#search-results li a').length > 0")
        found = browser.value("document.querySelector('#search-results').innerText")
    finally:
        browser.close()
    assert "Errors and recovery" in found


def test_no_page_loads_anything_from_another_server(site):
    for page in site.rglob("*.html"):
        loaded = re.findall(r'(?:src|<link[^>]*href)="(https?://[^"]+)"', page.read_text("utf-8"))
        assert loaded == []


@pytest.mark.parametrize(
    ("method", "options"),
    [
        *((name, LOAD_DEFAULTS) for name in ("insert", "update", "upsert", "delete")),
        *((name, LOAD_DEFAULTS) for name in ("hard_delete", "submit_insert", "submit_upsert")),
        ("export", EXPORT_DEFAULTS),
    ],
)
def test_every_option_stands_with_the_method_that_takes_it(site, method, options):
    page = (site / "reference" / "client.html").read_text("utf-8")
    entry = page.partition(f'id="salesforce_bulk.SalesforceBulk.{method}"')[2]
    entry = entry.partition('<dl class="py method">')[0]
    table = text_of(entry[entry.index("<table") :])
    for name in options:
        assert re.search(rf"\b{name}\b", table), name


def test_the_reference_has_every_public_method_of_the_client():
    page = (DOCS / "reference" / "client.md").read_text("utf-8")
    methods = {
        name
        for name, member in inspect.getmembers(SalesforceBulk)
        if callable(member) and not name.startswith("_")
    }
    assert set(re.findall(r"automethod:: SalesforceBulk\.(\w+)", page)) == methods


def test_the_reference_has_every_public_class():
    pages = "".join(page.read_text("utf-8") for page in (DOCS / "reference").iterdir())
    for name in salesforce_bulk.__all__:
        found = getattr(salesforce_bulk, name)
        if isinstance(found, type) and not issubclass(found, Exception):
            assert f"autoclass:: salesforce_bulk.{name}\n" in pages, name


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_is_the_commands_own(site, command):
    page = (site / "reference" / "commands.html").read_text("utf-8")
    entry = page.partition(f'<section id="{command}">')[2].partition("</section>")[0]
    (shown,) = re.findall(r"<pre>(.*?)</pre>", entry, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-m", "salesforce_bulk", command, "--help"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert html.unescape(text_of(shown)).strip() == done.stdout.strip()


def test_llms_txt_is_what_its_command_prints_and_lists_every_page(site):
    listed = (site / "llms.txt").read_text("utf-8")
    command = [sys.executable, DOCS / "build_llms.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert listed.strip() == done.stdout.strip()
    names = re.findall(rf"^- \[[^]]+\]\({REPOSITORY}docs/(.+?)\.md\)", listed, re.MULTILINE)
    assert sorted(names) == sorted(p.relative_to(DOCS).with_suffix("").as_posix() for p in PAGES)
    assert "## Call by call" in (site / "llms-full.txt").read_text("utf-8")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_to_files_of_the_repository_lead_to_files(page):
    text = page.read_text("utf-8")
    for link in re.findall(rf"\]\({REPOSITORY}([^)#]+)", text):
        assert (ROOT / link).exists(), link
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / link).exists(), link


def test_the_first_minute_of_the_site_is_the_readmes():
    blocks = re.compile(r"```(?:sh|python)\n.*?```", re.DOTALL)
    of_site = blocks.findall((DOCS / "index.md").read_text("utf-8"))
    assert of_site == blocks.findall((ROOT / "README.md").read_text("utf-8"))[: len(of_site)]
    assert len(of_site) == 3
