"""What the library advises callers in Python, told in options of the command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.cli import COMMANDS, build_parser
from salesforce_bulk.cli.option_words import OPTIONS, as_typed, told
from salesforce_bulk.errors import BulkApiError, InvalidInput


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
        ("no column 'api=1'; there are batch_size", "no column 'api=1'; there are batch_size"),
        ("the map=x of my_api='1'", "the map=x of my_api='1'"),
    ],
)  # fmt: skip
def test_keywords_and_calls_become_options_and_commands(python, typed):
    assert as_typed(python) == typed


@given(st.text())
def test_what_the_user_wrote_stays_as_it_is(text):
    message = f"There is no column {text!r} to rename."
    assert as_typed(message) == message


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
