"""The verbs' options: seen one by one, refused by name, and typed."""

from __future__ import annotations

import inspect
import pydoc
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from salesforce_bulk import (
    BrowserLogin,
    ClientCredentialsLogin,
    DeviceLogin,
    Export,
    InvalidInput,
    JwtLogin,
    LoadJob,
    PasswordLogin,
    RefreshTokenLogin,
    SalesforceBulk,
    SessionLogin,
    UnknownOption,
)
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.export.settings import ExportOptions, ExportSettings
from salesforce_bulk.load.settings import LoadOptions, LoadSettings
from salesforce_bulk.salesforce_bulk import ClientOptions

LOADS = [
    f"{before}{verb}"
    for before in ("", "submit_")
    for verb in ("insert", "update", "upsert", "delete", "hard_delete")
]
EXPORTS = ["export", "submit_export"]


def shown(verb: str) -> dict[str, inspect.Parameter]:
    """The options that `help` and completion show."""
    parameters = inspect.signature(getattr(SalesforceBulk, verb)).parameters
    return {name: p for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY}


@pytest.mark.parametrize("verb", LOADS)
def test_a_load_shows_every_option_with_its_type_and_default(verb: str) -> None:
    options = shown(verb)
    assert list(options) == list(LoadOptions.__annotations__)
    assert {name: p.default for name, p in options.items()} == vars(LoadSettings())
    assert all(isinstance(p.annotation, str) and p.annotation for p in options.values())


@pytest.mark.parametrize("verb", EXPORTS)
def test_an_export_shows_every_option_with_its_type_and_default(verb: str) -> None:
    options = shown(verb)
    assert list(options) == list(ExportOptions.__annotations__)
    defaults = {name: p.default for name, p in options.items()}
    made = vars(ExportSettings.of({}))
    assert {name: bool(defaults[name]) if name == "include_deleted" else defaults[name]
            for name in made} == made  # fmt: skip
    assert {defaults[name] for name in defaults.keys() - made.keys()} == {None}


@pytest.mark.parametrize(
    "door", ["connect", "from_env", "from_sf_cli", "from_django", "from_flask"]
)
def test_a_way_to_a_client_shows_what_it_hands_to_the_constructor(door: str) -> None:
    options = shown(door)
    constructors = inspect.signature(SalesforceBulk).parameters
    assert list(options) == list(ClientOptions.__annotations__)
    assert {name: p.default for name, p in options.items()} == {
        name: constructors[name].default for name in options
    }


def test_help_spells_the_options_out() -> None:
    text = pydoc.render_doc(SalesforceBulk.insert)
    assert "batch_size: int | None = None" in text.replace("'", "")
    assert "**options" not in text.partition("\n\n")[2].partition("\n")[0]


@pytest.mark.parametrize("verb", [*LOADS, *EXPORTS])
def test_a_wrong_option_names_the_verb_the_option_and_the_nearest(
    verb: str, bulk: SalesforceBulk
) -> None:
    arguments: list[Any] = ["SELECT Id FROM Account"] if verb in EXPORTS else ["Account", []]
    arguments += ["Ext__c"] if "upsert" in verb else []
    with pytest.raises(
        UnknownOption, match=r"has no option 'jurnal'; did you mean 'journal'\?"
    ) as e:
        getattr(bulk, verb)(*arguments, jurnal="x")
    assert isinstance(e.value, (TypeError, InvalidInput))
    if verb != "submit_export":
        assert str(e.value).startswith(f"{verb}() ")
    assert "Settings" not in str(e.value)


# attach


def test_attach_with_the_kind_known_gives_that_kind_or_says_which_call_does(
    org: SalesforceEmulator,
) -> None:
    bulk = org.connect()
    loaded = bulk.submit_insert("Account", [{"Name": "x"}])
    loaded.result()
    load_id = bulk.create_insert_job("Account")
    bulk.post_batch(load_id, b"Name\nx\n")
    query_id = bulk.create_query_job("Account")
    bulk.query(query_id, "SELECT Id FROM Account")
    assert isinstance(bulk.attach_load(load_id), LoadJob)
    assert isinstance(bulk.attach_export(query_id), Export)
    with pytest.raises(InvalidInput, match=r"is a load's; take it up with attach_load\(\)"):
        bulk.attach_export(load_id)
    with pytest.raises(InvalidInput, match=r"is a query's; take it up with attach_export\(\)"):
        bulk.attach_load(query_id)


def test_a_client_is_a_context_and_opens_connections_again(org: SalesforceEmulator) -> None:
    with org.connect() as bulk:
        job = bulk.create_query_job("Account")
    assert bulk.job_state(job) == "Open"


# Types

PROGRAM = """
from salesforce_bulk import Export, LoadJob, SalesforceBulk

bulk = SalesforceBulk(sessionId="s", host="h")
bulk.insert("Account", [{"Name": "x"}], batch_size=5, on_error="report")
bulk.insert("Account", "accounts.csv")
bulk.export("Account", fields="all")
bulk.export("Account", fields=["Id"])
load: LoadJob = bulk.attach_load("750")
export: Export = bulk.attach_export("750")
with SalesforceBulk(sessionId="s", host="h") as again:
    again.job_state("750")
"""


MISTAKES = {
    'bulk.export("Account", fields="al")': "arg-type",
    'bulk.insert("Account", 5)': "arg-type",
    'bulk.insert("Account", [], batch_sise=5)': "call-arg",
    'bulk.insert("Account", [], batch_size="5")': "arg-type",
    'bulk.insert("Account", [], on_error="ignore")': "arg-type",
    'wrong: LoadJob = bulk.attach_export("750")': "assignment",
}


def test_mypy_knows_options_rows_and_handles(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    program = tmp_path / "program.py"
    program.write_text(PROGRAM + "\n".join(MISTAKES) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(program)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
        check=False,
    )
    first = PROGRAM.count("\n") + 1
    found = {
        int(number): code
        for number, code in re.findall(r"program\.py:(\d+): error: .*\[([a-z-]+)\]", done.stdout)
    }
    assert found == dict(enumerate(MISTAKES.values(), first)), done.stdout


# Values of another type


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal", 5), ("progress", "yes"), ("assume_tz", 5), ("encoding", 5),
     ("delimiter", '"'), ("delimiter", "\n")],
)  # fmt: skip
def test_a_load_refuses_an_option_of_another_type_by_its_name(
    bulk: SalesforceBulk, name: str, value: object
) -> None:
    options: dict[str, Any] = {name: value}
    with pytest.raises(InvalidInput, match=name):
        bulk.insert("Account", [{"Name": "x"}], **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal", 5), ("progress", "yes"), ("parallel", "x"), ("max_records", 1.5), ("fields", 5)],
)
def test_an_export_refuses_an_option_of_another_type_by_its_name(
    bulk: SalesforceBulk, name: str, value: object
) -> None:
    options: dict[str, Any] = {"fields": ["Name"], name: value}
    with pytest.raises(InvalidInput, match=name):
        bulk.export("Account", **options)


@pytest.mark.parametrize("soql", [None, 5, ["SELECT Id FROM Account"]])
def test_an_export_of_no_text_is_refused(bulk: SalesforceBulk, soql: Any) -> None:
    with pytest.raises(InvalidInput, match="query or an object's name"):
        bulk.export(soql)


@pytest.mark.parametrize("name", ["", None, "My Object", "Account ", "Account?x=1", "a/../b"])
def test_what_is_no_name_of_an_object_is_refused_before_it_is_asked_for(
    org: SalesforceEmulator, name: Any
) -> None:
    bulk = org.connect()
    before = len(org.requests)
    for call in (bulk.describe, lambda name: bulk.insert(name, [{"Name": "x"}])):
        with pytest.raises(InvalidInput, match="object"):
            call(name)
    assert len(org.requests) == before


@pytest.mark.parametrize("path", [5, None])
def test_parquet_into_what_is_no_path_is_refused(bulk: SalesforceBulk, path: Any) -> None:
    with pytest.raises(InvalidInput, match="to_parquet takes a path"):
        bulk.export("SELECT Id FROM Account").to_parquet(path)


@pytest.mark.parametrize("login", ["prod", 5])
def test_a_login_that_is_none_is_refused_with_what_takes_a_name(login: Any) -> None:
    with pytest.raises(InvalidInput, match=r"login=.*SalesforceBulk\.connect"):
        SalesforceBulk(login=login)


@pytest.mark.parametrize("host", [5, b"acme.my.salesforce.com", Path("acme.my.salesforce.com")])
def test_a_host_that_is_no_text_is_refused(host: Any) -> None:
    with pytest.raises(InvalidInput, match="host"):
        SalesforceBulk(sessionId="00D!x", host=host)


@pytest.mark.parametrize("codes", ["UNABLE_TO_LOCK_ROW", 5, [5]])
def test_codes_of_a_retry_are_a_collection_of_texts(bulk: SalesforceBulk, codes: Any) -> None:
    """Trap: the letters of a single code, so that nothing is tried again."""
    result = bulk.insert("Account", [{"Name": ""}], on_error="report")
    with pytest.raises(InvalidInput, match="codes"):
        result.retry(codes=codes)


@pytest.mark.parametrize(("name", "value"), [("attempts", "x"), ("group_by", 5)])
def test_options_of_a_retry_are_refused_by_name(
    bulk: SalesforceBulk, name: str, value: object
) -> None:
    options: dict[str, Any] = {name: value}
    result = bulk.insert("Account", [{"Name": ""}], on_error="report")
    with pytest.raises(InvalidInput, match=name):
        result.retry(codes={"REQUIRED_FIELD_MISSING"}, **options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("proxies", "http://proxy:8080"), ("session", 5), ("max_document_bytes", "x"),
     ("username", 5), ("verify", 5), ("cert", 5), ("cert", ("a.pem", 5)), ("retry", 5),
     ("clock", None), ("gzip_requests", "x"), ("sessionId", 5)],
)  # fmt: skip
def test_a_client_refuses_an_option_of_another_type_by_its_name(name: str, value: object) -> None:
    options: dict[str, Any] = {"sessionId": "00D!x", "host": "acme.my.salesforce.com", name: value}
    with pytest.raises(InvalidInput, match=name):
        SalesforceBulk(**options)


@pytest.mark.parametrize(
    ("name", "value"),
    [("password", 5), ("password", b"secret"), ("security_token", 5), ("domain", 5),
     ("organizationId", 5), ("verify", 5), ("retry", 5), ("gzip_requests", "x"), ("clock", None)],
)  # fmt: skip
def test_a_login_refuses_an_option_of_another_type_before_it_is_sent(
    org: SalesforceEmulator, name: str, value: object
) -> None:
    login = {"username": "a@b.example", "password": "p", "security_token": "t"}
    if name == "organizationId":
        del login["security_token"]
    options: dict[str, Any] = {**login, "login_url": org.url, name: value}
    before = len(org.requests)
    with pytest.raises(InvalidInput, match=name) as caught:
        SalesforceBulk(**options)
    assert "secret" not in str(caught.value)
    assert len(org.requests) == before


@pytest.mark.parametrize(
    "options",
    [{"password": 5}, {"security_token": False}, {"domain": 5}, {"organizationId": 5},
     {"client_id": 5}, {"sandbox": "false"}],
)  # fmt: skip
def test_what_2_2_0_never_looked_at_beside_a_session_is_not_looked_at(
    options: dict[str, Any],
) -> None:
    bulk = SalesforceBulk(sessionId="00D!x", host="acme.my.salesforce.com", **options)
    assert bulk.sessionId == "00D!x"


@pytest.mark.parametrize(
    "login",
    [
        lambda value: ClientCredentialsLogin("app", value, login_url="acme.my"),
        lambda value: SessionLogin(value, "https://acme.my.salesforce.com"),
        lambda value: RefreshTokenLogin("app", value),
        lambda value: DeviceLogin("app", client_secret=value),
        lambda value: BrowserLogin("app", client_secret=value),
        lambda value: JwtLogin("app", "a@b.example", private_key=value),
        lambda value: PasswordLogin("a@b.example", value),
    ],
)
@pytest.mark.parametrize("value", [5, b"secret"])
def test_a_secret_that_is_no_text_is_refused_by_the_name_of_its_option(
    login: Callable[[Any], object], value: object
) -> None:
    with pytest.raises(InvalidInput, match=r"^[a-z_]+ is a text, not of type") as caught:
        login(value)
    assert "secret'" not in str(caught.value)


def test_what_is_no_name_and_no_path_is_refused(bulk: SalesforceBulk) -> None:
    number: Any = 5
    with pytest.raises(InvalidInput, match="connection"):
        SalesforceBulk.connect(number)
    with pytest.raises(InvalidInput, match="log in at"):
        SalesforceBulk(username="a", password="b", security_token="c", login_url=number)
    with pytest.raises(InvalidInput, match="journal"):
        bulk.resume(number)
    with pytest.raises(InvalidInput, match="path"):
        bulk.insert("Account", [{"Name": "x"}]).report(number)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"where": {5: 1}}, "is no condition"),
        ({"pk_chunking": 1.5}, "pk_chunking"),
        ({"state": 5}, "state"),
        ({"since": "2024-01-01"}, "since"),
    ],
)
def test_an_export_refuses_what_it_cannot_read_before_it_is_sent(
    bulk: SalesforceBulk, options: Any, match: str
) -> None:
    with pytest.raises(InvalidInput, match=match):
        bulk.export("Account", fields=["Id", "SystemModstamp", "IsDeleted"], **options)


@pytest.mark.parametrize("option", ["batch_size", "parallel", "timeout"])
def test_a_load_takes_numbers_of_numpy(bulk: SalesforceBulk, tmp_path: Path, option: str) -> None:
    """Whoever counts with numpy has no other; the journal takes them, too."""
    number = pytest.importorskip("numpy").int64(7)
    for api in ("1.0", "2.0"):
        options = {option: number, "journal": tmp_path / api, "api": api}
        assert len(bulk.insert("Account", [{"Name": "A"}] * 9, **options).succeeded) == 9


@pytest.mark.parametrize("option", ["parallel", "max_records", "timeout", "pk_chunking"])
def test_an_export_takes_numbers_of_numpy(
    bulk: SalesforceBulk, tmp_path: Path, option: str
) -> None:
    number = pytest.importorskip("numpy").int64(7)
    api = "1.0" if option == "pk_chunking" else "2.0"
    options = {option: number, "journal": tmp_path / "journal", "api": api}
    bulk.insert("Account", [{"Name": "A"}])
    bulk.export("SELECT Name FROM Account", **options).to_csv(tmp_path / "accounts.csv")
    assert b"A" in (tmp_path / "accounts.csv").read_bytes()
