"""The Python of docs/logins.md runs, block after block, against a local org; so does its TOML."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings
from key_pair import KeyPair
from oauth_browser import ScriptedBrowser
from sf_program import SfProgram

from salesforce_bulk.emulator import SalesforceEmulator

PAGE = (Path(__file__).parents[2] / "docs" / "logins.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TABLES = "\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
#: What the table at the top leads to, and the login there.
SITUATIONS = re.findall(r"^\| \[(.+?)\]\(#(.+?)\) \| (.+) \|$", PAGE, re.MULTILINE)


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with SalesforceEmulator(inline=True) as org, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        keys = KeyPair()
        keys.write(folder / "server.key")
        org.register_app(
            "app", "s3cr3t", certificate=keys.certificate, run_as=org.username,
            rotate_refresh_tokens=True,
        )  # fmt: skip
        (folder / "token").write_text(org.issue_refresh_token("app"))
        (folder / "mounted").write_text("s3cr3t\n")
        tables = TABLES.replace("/run/secrets/salesforce", str(folder / "mounted"))
        tables = tables.replace("https://acme.my.salesforce.com", org.url).replace("3MVG9…", "app")
        (folder / "connections.toml").write_text(tables, "utf-8")
        for name, value in {
            "SF_CLIENT_ID": "app",
            "SF_CLIENT_SECRET": "s3cr3t",
            "SF_MY_DOMAIN": org.url,
            "SF_USERNAME": org.username,
            "ACME_SECRET": "s3cr3t",
            "SALESFORCE_BULK_CONNECTIONS": str(folder / "connections.toml"),
            "SALESFORCE_BULK_CONNECTION": "",
        }.items():
            patch.setenv(name, value)
        SfProgram(folder, patch).answers("new", org.connect().sessionId, org.url)
        person = ScriptedBrowser(org.username, org.password)
        yield {
            "__name__": __name__,
            "org": org,
            "person": person,
            "enter": lambda text: org.authorizations.decide_device(
                text.rpartition(" ")[2], org.username
            ),
            "vault_read": lambda _: {"token": org.connect().sessionId},
        }
        person.join()


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_logs_in(number, names, monkeypatch):
    block = BLOCKS[number]
    if "BrowserLogin(" in block:
        # The page's port may be taken on this machine, and the person is a script.
        block = block.replace("port=1717", "open_browser=person.open")
    if "DeviceLogin(" in block:
        block = block.replace(", login_url=", ", show=enter, login_url=")
    exec(compile(block, f"docs/logins.md block {number}", "exec"), names)
    if "SALESFORCE_BULK = {" in block:
        settings.configure(SALESFORCE_BULK=names["SALESFORCE_BULK"])
    if "handler(" in block:
        assert names["handler"]({"rows": [{"Name": "A"}]}, None) == 1
    assert names["bulk"].whoami().username == names["org"].username


def section(anchor):
    """The text below the heading of an anchor."""
    for heading, text in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE
    ):
        if heading.lower().replace(" ", "-") == anchor:
            return text
    raise AssertionError(f"no section {anchor}")


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation[1])
def test_every_situation_has_its_clicks_and_six_lines(situation):
    """A numbered list, and Python of six statements' lines at most beside imports."""
    _, anchor, login = situation
    text = section(anchor)
    assert "TokenLogin" in login or re.search(r"^1\. ", text, re.MULTILINE)
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        tree = ast.parse(block)
        kept = [one for one in tree.body if not isinstance(one, (ast.Import, ast.ImportFrom))]
        lines = "\n".join(map(ast.unparse, kept)).splitlines()
        assert len([line for line in lines if line.strip()]) <= 6


def test_every_situation_is_one_that_programs_run_in():
    """The places that people ask for are in the table, each with one login."""
    places = " ".join(place for place, _, _ in SITUATIONS)
    for place in ("laptop", "notebook", "CI", "server", "container", "Lambda", "Django"):
        assert place in places
