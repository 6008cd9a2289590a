"""What the library advises callers in Python, told in options of the command line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.cli import COMMANDS, build_parser
from salesforce_bulk.cli.option_words import OPTIONS, as_typed, told
from salesforce_bulk.errors import NEXT_STEP, BulkApiError, InvalidInput, SessionExpired
from salesforce_bulk.login import refusal


@pytest.mark.parametrize(
    ("python", "typed"),
    [
        ("Rename one with columns={'…': 'Id'}.", "Rename one with --map OLD=Id."),
        ("columns={'First Name': None, 'x': 'Y'}.", "--map 'First Name=' --map x=Y."),
        ("columns={name: None}; check='none' sends", "--map OLD=; check='none' (in Python) sends"),
        ("columns= and constants= are not", "--map and --constant are not"),
        ("constants=: the rows have", "--constant: the rows have"),
        ("upsert with external_id='Id'.", "upsert with --external-id Id."),
        ("concurrency= and group_by= need api='1.0'.", "--serial and --group-by need --api 1.0."),
        ("batch_size is between 1 and 10,000.", "--batch-size is between 1 and 10,000."),
        ("include_deleted=True would be", "--include-deleted would be"),
        ("use export('Object', fields='all').", "use export Object --fields all."),
        ("state='/x': there is no", "--state /x: there is no"),
        ("or give assume_tz=", "or give assume_tz= (in Python)"),
        ("wait with the error's .handle.result(), or bulk.attach('750').",
         "wait with salesforce-bulk resume, or salesforce-bulk results 750."),
        ("A further retry() leaves out", "A further salesforce-bulk retry leaves out"),
        ("give the org's My Domain, login_url='https://a.b' (Setup).",
         'give the org\'s My Domain, login_url = "https://a.b" in the connection (Setup).'),
        ("Give security_token= (the user's settings)",
         "Give security_token in the connection (the user's settings)"),
        ("log in with sandbox=True or", "log in with sandbox = true in the connection or"),
        ("audience= must be", "audience in the connection must be"),
        ("Pool(host='h', port=443): Max", "Pool(host='h', port=443): Max"),
        ("Check the proxy: proxies=, or HTTPS_PROXY in the environment.",
         "Check the proxy: HTTPS_PROXY in the environment."),
        ("(verify= takes the path", "(REQUESTS_CA_BUNDLE in the environment takes the path"),
        ("give port= where", "give port in the connection where"),
        ("x.parquet would be CSV: to_parquet of an export writes Parquet.",
         "x.parquet would be CSV: --format parquet writes Parquet."),
        ("Make the folder, then call again.", "Make the folder, then type the command again."),
        ("no column 'api=1'; there are batch_size", "no column 'api=1'; there are batch_size"),
        ("Call again, with a longer timeout=.", "Type the command again, with a longer --timeout."),
        ("changes nothing: call again. The journal /a b.c goes with the same call.",
         "changes nothing: type the command again."),
        ("parallel=-2 is less", "--parallel -2 is less"),
        ("timeout=-0.5 is", "--timeout -0.5 is"),
        ("/dev/x is no file. Name another one, or open a device or a pipe yourself and give the "
         "open file.", "/dev/x is no file. Name another one."),
        ("the map=x of my_api='1'", "the map=x of my_api='1'"),
    ],
)  # fmt: skip
def test_keywords_and_calls_become_options_and_commands(python, typed):
    assert as_typed(python) == typed


@given(st.text())
def test_what_the_user_wrote_stays_as_it_is(text):
    message = f"There is no column {text!r} to rename."
    assert as_typed(message) == message


def test_advice_of_logins_names_keys_of_connections_and_no_classes():
    for advice in [*refusal._BY_CODE.values(), *(each for _, each in refusal._GRANTS)]:
        typed = as_typed(advice.step)
        assert re.findall(r"\w+=|\w+Login\b", typed) == [], typed
    assert as_typed(NEXT_STEP[SessionExpired]) == (
        "Log in again or name a connection that logs in by itself (docs/logins.md)."
    )


def test_what_stands_behind_the_words_of_the_org_is_advice():
    error = refusal.refusal("me", "INVALID_LOGIN", "no api='1' here", 401)
    assert told(error).startswith("Login of me refused: INVALID_LOGIN: no api='1' here Check user")
    assert "sandbox = true in the connection" in told(error)


def test_what_the_org_wrote_stays_as_it_is():
    message = "where api='1.0'"
    assert told(InvalidInput(message)) == "where --api 1.0"
    assert told(OSError(message)) == message
    error = BulkApiError(message)
    error.error_code = "MALFORMED_QUERY"
    assert told(error) == message


def test_every_option_is_one_of_a_load_or_an_export():
    texts = "".join(
        action.format_help()
        for name in ("insert", "upsert", "export")
        for action in [build_parser(name)._subparsers._group_actions[0].choices[name]]
    )
    assert [option for option in OPTIONS.values() if f"{option} " not in texts] == []
    assert {"insert", "upsert", "export"} <= set(COMMANDS)
