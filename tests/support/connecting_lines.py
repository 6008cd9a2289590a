"""How clients are connected to an emulator: the lines of its page, and the blocks of its manual."""

import re
import tempfile
from contextlib import contextmanager
from pathlib import Path

import chromium

MANUAL = Path(__file__).parents[2] / "docs" / "emulator.md"
#: Where the manual has the emulator.
ADDRESS = "127.0.0.1:8080"


def lines_of_page(browser, url):
    """The line of each kind of client on the page of an emulator, by the client's name."""
    browser.send("Security.setIgnoreCertificateErrors", ignore=True)
    browser.open(url)
    browser.until("document.querySelector('[data-client]') !== null")
    return browser.value(
        "Object.fromEntries([...document.querySelectorAll('[data-client]')]"
        ".map((one) => [one.dataset.client, one.textContent]))"
    )


@contextmanager
def a_browser():
    """A browser for as long as it is needed."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        running = chromium.Chromium(profile)
        try:
            yield running
        finally:
            running.close()


def block_of_manual(kind, client, url):
    """The block of a client in the manual, with the address of this emulator."""
    text = MANUAL.read_text("utf-8")
    [block] = re.findall(f"```{kind} {client}\n(.*?)```", text, re.DOTALL)
    return block.replace(ADDRESS, url.rpartition("//")[2])
