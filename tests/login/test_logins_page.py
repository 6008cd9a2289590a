"""The Python of docs/logins.md runs, block after block, against a local org; so does its TOML."""

import re
from pathlib import Path

import pytest
from key_pair import KeyPair
from oauth_browser import ScriptedBrowser
from test_sf_cli import Cli

from salesforce_bulk.emulator import SalesforceEmulator

PAGE = (Path(__file__).parents[2] / "docs" / "logins.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(TABLES,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


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
        tables = TABLES.replace("https://acme.my.salesforce.com", org.url).replace("3MVG9…", "app")
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
        Cli(folder, patch).answers("new", org.connect().sessionId, org.url)
        person = ScriptedBrowser(org.username, org.password)
        yield {
            "__name__": __name__,
            "org": org,
            "person": person,
            "vault_read": lambda _: {"token": org.connect().sessionId},
        }
        person.join()


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_block_logs_in(number, names, monkeypatch):
    block = BLOCKS[number]
    if "BrowserLogin(" in block:
        # The page's port may be taken on this machine, and the person is a script.
        block = block.replace("port=1717", "open_browser=person.open")
    exec(compile(block, f"docs/logins.md block {number}", "exec"), names)
    assert names["bulk"].whoami().username == names["org"].username


def test_the_blocks_are_of_every_login():
    """Each login that the page recommends is used on it."""
    recommended = set(re.findall(r"`(\w+Login)`", PAGE.partition("Each is given")[0]))
    used = "".join(BLOCKS) + "SfCliLogin" * ("from_sf_cli" in "".join(BLOCKS))
    assert {name for name in recommended if name not in used} <= {"DeviceLogin"}
