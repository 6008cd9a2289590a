"""One way to name an org: the environment, connections.toml, an alias of the Salesforce CLI."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from salesforce_bulk import (
    ClientCredentialsLogin,
    InvalidInput,
    MissingCredentials,
    PasswordLogin,
    SalesforceBulk,
    SessionLogin,
    SfCliLogin,
    UnknownConnection,
)
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.login.connections import (
    connection_from_environment,
    connection_from_settings,
    connection_named,
    connections_file,
    known_connections,
)


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in os.environ:
        if name.startswith(("SALESFORCE", "SF_", "SFDX_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SALESFORCE_BULK_CONNECTIONS", str(tmp_path / "connections.toml"))
    monkeypatch.setenv("PATH", str(tmp_path))


def write(text: str) -> None:
    connections_file().write_text(text, "utf-8")


def test_a_table_connects(org: SalesforceEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """connect("prod") logs in by the table [prod], its secret from where it refers to."""
    monkeypatch.setenv("ACME_SECRET", org.consumer_secret)
    write(
        f"""
[prod]
login = "client_credentials"
login_url = "{org.url}"
client_id = "{org.consumer_key}"
client_secret = {{ env = "ACME_SECRET" }}
api_version = "60.0"
"""
    )
    bulk = SalesforceBulk.connect("prod")
    assert bulk.API_version == "60.0"
    assert bulk.job_status(bulk.create_insert_job("Account"))["state"] == "Open"
    assert SalesforceBulk.connect("prod", API_version="61.0").API_version == "61.0"
    assert known_connections() == ["prod"]


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """SALESFORCE_BULK_<NAME>_<KEY> counts before the table of that name."""
    write('[my-prod]\naccess_token = { env = "T" }\ninstance_url = "file.my.salesforce.com"\n')
    monkeypatch.setenv("T", "t")
    assert connection_named("my-prod").provider == SessionLogin("t", "file.my.salesforce.com")
    monkeypatch.setenv("SALESFORCE_BULK_MY_PROD_ACCESS_TOKEN", "e")
    monkeypatch.setenv("SALESFORCE_BULK_MY_PROD_INSTANCE_URL", "env.my.salesforce.com")
    assert connection_named("my-prod").provider == SessionLogin("e", "env.my.salesforce.com")


def test_an_unnamed_environment_is_no_named_org(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows for "prod" never go to whatever org the environment describes without a name."""
    monkeypatch.setenv("SALESFORCE_BULK_ACCESS_TOKEN", "t")
    monkeypatch.setenv("SALESFORCE_BULK_INSTANCE_URL", "https://other.my.salesforce.com")
    with pytest.raises(UnknownConnection):
        connection_named("prod")


def test_an_unknown_name_lists_the_known_ones(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message holds the names of the file, of the environment and of the CLI's aliases."""
    write("[prod]\n[uat]\n")
    monkeypatch.setenv("SALESFORCE_BULK_CI_CLIENT_ID", "x")
    (tmp_path / ".sfdx").mkdir()
    (tmp_path / ".sfdx" / "alias.json").write_text('{"orgs": {"scratch": "a@b.c"}}')
    with pytest.raises(UnknownConnection, match="Known: ci, prod, scratch, uat"):
        connection_named("prdo")


@pytest.mark.parametrize("key", ["access_token", "client_secret", "password"])
def test_a_secret_in_the_file_is_refused_unseen(key: str) -> None:
    """connections.toml refers to secrets; one that stands in it is refused and not shown."""
    write(f'[prod]\n{key} = "s3cr3t-value"\n')
    with pytest.raises(InvalidInput, match=key) as caught:
        connection_named("prod")
    assert "s3cr3t" not in str(caught.value)


def test_secrets_come_from_files_and_commands(tmp_path: Path) -> None:
    """A file's line end is no part of the secret; a command is run without a shell."""
    (tmp_path / "token").write_text("from file\n")
    program = tmp_path / "vault"
    program.write_text('#!/bin/sh\necho "from $1"\n')
    program.chmod(0o755)
    write(
        '[a]\ninstance_url = "a.my.salesforce.com"\n'
        f'access_token = {{ file = "{tmp_path / "token"}" }}\n'
        '[b]\ninstance_url = "a.my.salesforce.com"\n'
        'access_token = { command = ["vault", "; rm -rf /"] }\n'
    )
    assert connection_named("a").provider == SessionLogin("from file", "a.my.salesforce.com")
    assert connection_named("b").provider == SessionLogin("from ; rm -rf /", "a.my.salesforce.com")


class Keyring(KeyringBackend):
    """What an operating system keeps, in a dict."""

    priority = 1

    def __init__(self, passwords: dict[tuple[str, str], str], locked: bool = False) -> None:
        super().__init__()
        self.passwords = passwords
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("s3cr3t collection is locked")
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password


@pytest.fixture
def keyring_of() -> Iterator[Callable[..., None]]:
    before = keyring.get_keyring()
    yield lambda *args, **kwargs: keyring.set_keyring(Keyring(*args, **kwargs))
    keyring.set_keyring(before)


IN_THE_KEYRING = """
[desk]
username = "me@acme.example"
password = { keyring = "salesforce", user = "me@acme.example" }
"""


def test_secrets_come_from_the_keyring(keyring_of: Callable[..., None]) -> None:
    """The operating system's keyring is asked for the service and the user."""
    write(IN_THE_KEYRING)
    keyring_of({("salesforce", "me@acme.example"): "p&ss"})
    assert connection_named("desk").provider == PasswordLogin("me@acme.example", "p&ss", "")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"passwords": {("salesforce", "other"): "s3cr3t"}}, "there is nothing"),
        ({"passwords": {}, "locked": True}, "is it unlocked"),
    ],
)
def test_a_keyring_without_the_secret_is_told(
    keyring_of: Callable[..., None], state: dict[str, Any], says: str
) -> None:
    """Which service and user were asked for, or that the keyring is locked; not its own words."""
    write(IN_THE_KEYRING)
    keyring_of(**state)
    with pytest.raises(InvalidInput, match=says) as caught:
        connection_named("desk")
    assert "s3cr3t" not in str(caught.value)


def test_without_the_package_the_keyring_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The extra has its name in the message."""
    write(IN_THE_KEYRING)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(InvalidInput, match=r"salesforce-bulk\[keyring\]"):
        connection_named("desk")


@pytest.mark.parametrize(
    "reference",
    [
        '{ env = "NOT_SET" }',
        '{ file = "/nowhere/at/all" }',
        '{ command = ["no-such-program"] }',
        '{ command = "a string" }',
        '{ keyring = "without user" }',
        '{ env = "A", file = "B" }',
        "{ }",
    ],
)
def test_a_reference_that_leads_nowhere_is_told(reference: str) -> None:
    """The message names the key and what is wrong with its reference."""
    write(f'[p]\ninstance_url = "a.my.salesforce.com"\naccess_token = {reference}\n')
    with pytest.raises(InvalidInput, match="access_token"):
        connection_named("p")


ENVIRONMENTS = {
    "ours": (
        {
            "SALESFORCE_BULK_LOGIN_URL": "acme.my",
            "SALESFORCE_BULK_CLIENT_ID": "k",
            "SALESFORCE_BULK_CLIENT_SECRET": "s",
        },
        ClientCredentialsLogin("k", "s", "acme.my"),
    ),
    "the CLI's token": (
        {"SF_ACCESS_TOKEN": "t", "SF_ORG_INSTANCE_URL": "https://a.my.salesforce.com"},
        SessionLogin("t", "https://a.my.salesforce.com"),
    ),
    "simple-salesforce": (
        {
            "SALESFORCE_USERNAME": "u",
            "SALESFORCE_PASSWORD": "p",
            "SALESFORCE_SECURITY_TOKEN": "t",
            "SALESFORCE_INSTANCE_URL": "https://a.my.salesforce.com",
        },
        PasswordLogin("u", "p", "t"),
    ),
    "short names, sandbox": (
        {"SF_USERNAME": "u", "SF_PASSWORD": "p", "SF_SECURITY_TOKEN": "t", "SF_DOMAIN": "test"},
        PasswordLogin("u", "p", "t", login_url="test"),
    ),
    "the CLI's default org": ({"SF_TARGET_ORG": "dev"}, SfCliLogin("dev")),
}


@pytest.mark.parametrize("names", ENVIRONMENTS)
def test_the_environment_names_an_org(monkeypatch: pytest.MonkeyPatch, names: str) -> None:
    """Our names, and those that users of other tools have set already."""
    variables, provider = ENVIRONMENTS[names]
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert connection_from_environment().provider == provider


def test_an_empty_environment_is_told() -> None:
    """Without any of the names the message says which to set."""
    with pytest.raises(MissingCredentials, match="SALESFORCE_BULK_CLIENT_SECRET"):
        connection_from_environment()


def test_what_was_chosen_is_logged_without_secrets(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says where the login came from and which it is."""
    monkeypatch.setenv("SALESFORCE_BULK_PROD_ACCESS_TOKEN", "s3cr3t-value")
    monkeypatch.setenv("SALESFORCE_BULK_PROD_INSTANCE_URL", "a.my.salesforce.com")
    with caplog.at_level(logging.DEBUG):
        assert "s3cr3t" not in repr(connection_named("prod"))
    assert "SALESFORCE_BULK_PROD_" in caplog.text
    assert "login 'session'" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ('login = "magic"', "must be one of"),
        ('login = "sf"', "lacks alias"),
        ('alias = "a"\nlogin = "sf"\nusername = "x"', "has no username"),
        ('username = "x"', "fits no login"),
        ('login = "jwt"\nclient_id = "x"\nusername = 5', "lacks private_key or private_key_file"),
        (
            'login = "jwt"\nclient_id = "x"\nusername = "u"\nprivate_key_file = 5',
            "private_key_file is a text, not of type int",
        ),
        ('username = 5\npassword = { env = "HOME" }', "username is a text, not of type int"),
        ('login = "browser"\nclient_id = "x"\nport = "x"', "port is a whole number from 0 to"),
        ('login = "browser"\nclient_id = "x"\nport = 99999', "to 65535, not 99999"),
    ],
)
def test_a_table_that_is_no_login_is_told(table: str, says: str) -> None:
    """The message says what is missing, unknown or too much."""
    write(f"[p]\n{table}\n")
    with pytest.raises(InvalidInput, match=says):
        connection_named("p")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"CLIENT_ID": "x", "USERNAME": "u"}, "SALESFORCE_BULK_P_CLIENT_ID, SALESFORCE_BULK_P_USE"),
        (
            {"LOGIN": "jwt", "CLIENT_ID": "x", "USERNAME": "u"},
            "lacks SALESFORCE_BULK_P_PRIVATE_KEY or SALESFORCE_BULK_P_PRIVATE_KEY_FILE.",
        ),
        (
            {"LOGIN": "sf", "ALIAS": "a", "PORT": "1"},
            "no SALESFORCE_BULK_P_PORT; it takes SALESFOR",
        ),
        ({"LOGIN": "magic"}, "SALESFORCE_BULK_P_LOGIN must be one of"),
    ],
)
def test_variables_that_are_no_login_are_named_as_they_are_set(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], says: str
) -> None:
    for key, value in settings.items():
        monkeypatch.setenv(f"SALESFORCE_BULK_P_{key}", value)
    with pytest.raises(InvalidInput, match=re.escape(says)):
        connection_named("p")


def test_settings_of_a_framework_are_the_same_keys() -> None:
    """Upper case and lower case, secrets in them or references; or the name of a connection."""
    provider = ClientCredentialsLogin("k", "s", "acme.my")
    upper = {"CLIENT_ID": "k", "CLIENT_SECRET": "s", "LOGIN_URL": "acme.my"}
    assert connection_from_settings(upper, "settings").provider == provider
    write('[prod]\nalias = "dev"\n')
    assert connection_from_settings({"connection": "prod"}, "x").provider == SfCliLogin("dev")


def test_the_file_is_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without SALESFORCE_BULK_CONNECTIONS it is where programs of this platform keep theirs."""
    monkeypatch.delenv("SALESFORCE_BULK_CONNECTIONS")
    assert connections_file().parts[-2:] == ("salesforce-bulk", "connections.toml")
