"""Advice for callers in Python, in the words of the command line.

The library's messages name its keywords (``columns={'A': None}``, ``api='1.0'``) and its calls.
Whoever typed a command is told of the command's options instead, of the keys of a connection, and
of a keyword that no command has that it is Python's.
"""

from __future__ import annotations

import ast
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType

from salesforce_bulk.cli.answer import shell_command
from salesforce_bulk.errors import BulkApiError

#: The options that stand for the keywords of loads and exports.
OPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "api": "--api",
        "batch_size": "--batch-size",
        "columns": "--map",
        "concurrency": "--serial",
        "constants": "--constant",
        "encoding": "--encoding",
        "external_id": "--external-id",
        "fields": "--fields",
        "group_by": "--group-by",
        "include_deleted": "--include-deleted",
        "nulls": "--nulls",
        "parallel": "--parallel",
        "pk_chunking": "--pk-chunking",
        "state": "--state",
        "timeout": "--timeout",
        "where": "--where",
    }
)

#: Keys of a connection that stand in the library's advice.
CONNECTION_KEYS = (
    "audience",
    "instance_url",
    "login",
    "login_url",
    "port",
    "refresh_token_file",
    "sandbox",
    "security_token",
)

_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_PAIR = rf"({_QUOTED}|name): ({_QUOTED}|None)"
_PAIRS = rf"(?:{_QUOTED}|name): (?:{_QUOTED}|None)"
_CALLS = (
    (
        re.compile(
            r"(?<!\w)(?:and )?give the client the new session; with login= .*?; (docs/\S+)\)"
        ),
        r"or name a connection that logs in by itself (\1)",
    ),
    (
        re.compile(r"with ClientCredentialsLogin or JwtLogin, on a laptop with SfCliLogin"),
        'with login = "client_credentials" or "jwt" in the connection, on a laptop with "sf"',
    ),
    (
        re.compile(r"\(BrowserLogin or DeviceLogin\)"),
        '(login = "browser" or "device" in a connection)',
    ),
    (
        re.compile(r"log in like this \(the clicks in Setup are in (docs/\S+)\):(?:\n {4}.*)+"),
        'log in by a connection with login = "client_credentials", "jwt" or "sf" (\\1).',
    ),
    (re.compile(r"\bproxies=, or HTTPS_PROXY\b"), "HTTPS_PROXY"),
    (re.compile(r"\bverify= takes\b"), "REQUESTS_CA_BUNDLE in the environment takes"),
    (re.compile(r"\bpass over it with skip_rows=1\b"), "take that line out"),
    (re.compile(r"remove the journal or name another\b"), "type the command of the load again"),
    (re.compile(r"\bto_parquet of an export writes Parquet\b"), "--format parquet writes Parquet"),
    (re.compile(r" The journal .+? goes with the same call\."), ""),
    (re.compile(r"\bcall again\b"), "type the command again"),
    (re.compile(r"\bCall again\b"), "Type the command again"),
    (
        re.compile(r"\bName another one, or open a device or a pipe yourself .+? file\."),
        "Name another one.",
    ),
    (re.compile(r"\bexport\('(\w+)', fields='all'\)"), r"export \1 --fields all"),
    (re.compile(r"the error's \.handle\.result\(\)"), "salesforce-bulk resume"),
    (re.compile(r"(?<![.\w])retry\(\)"), "salesforce-bulk retry"),
    (re.compile(r"\b(?:bulk\.)?attach\('(\w+)'\)"), r"salesforce-bulk results \1"),
    (re.compile(r"\battach\(job_id\)"), "salesforce-bulk results JOB"),
)


def told(error: Exception) -> str:
    """What a command says of an error: of this library's `as_typed`, of all others their text.

    What the org said stays as it is, and what is said behind it is this library's advice.
    """
    if not isinstance(error, BulkApiError):
        return _of_a_file(error) if isinstance(error, OSError) else str(error)
    before, said, advice = str(error).partition(error.error_message or "\0")
    if said:
        return f"{before}{said}{as_typed(advice)}"
    return as_typed(before) if error.error_code is None else before


def _of_a_file(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}" if error.filename else str(error)


@contextmanager
def warnings_as_typed() -> Iterator[None]:
    """Warnings of the log, which go to stderr where nothing else has the log, are `as_typed`."""
    handler = logging.StreamHandler()
    handler.setLevel(logging.WARNING)
    handler.setFormatter(_AsTyped())
    # What was sent is told by the command, with how to go on.
    handler.addFilter(lambda record: record.name != "salesforce_bulk.notes")
    before, logging.lastResort = logging.lastResort, handler
    try:
        yield
    finally:
        logging.lastResort = before


class _AsTyped(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return as_typed(text) if record.name.startswith("salesforce_bulk") else text


def as_typed(message: str) -> str:
    """The message with options of commands in place of the library's keywords and calls.

    Texts in quotes, which are the user's own, stay as they are.
    """
    for call, command in _CALLS:
        message = call.sub(command, message)
    return _keywords().sub(_option, message)


def _keywords() -> re.Pattern[str]:
    from salesforce_bulk.export.settings import ExportOptions  # noqa: PLC0415 (--help stays fast)
    from salesforce_bulk.load.settings import LoadOptions  # noqa: PLC0415

    known = {
        *OPTIONS,
        *CONNECTION_KEYS,
        *LoadOptions.__annotations__,
        *ExportOptions.__annotations__,
    }
    names = "|".join(sorted(known, key=len, reverse=True))
    options = "|".join(sorted(known - {*CONNECTION_KEYS}, key=len, reverse=True))
    return re.compile(
        rf"(?<!\w){_QUOTED}(?!\w)"
        rf"|\bcolumns=\{{(?P<pairs>{_PAIRS}(?:, {_PAIRS})*)\}}"
        rf"|\b(?P<name>{names})=(?P<value>{_QUOTED}|\[\.\.\.\]|True|False|None|-?\d+(?:\.\d+)?)?"
        rf"|\A(?P<first>{options})(?= is |[:,] )"
    )


def _option(found: re.Match[str]) -> str:
    if found["pairs"]:
        return " ".join(_map_option(*pair) for pair in re.findall(_PAIR, found["pairs"]))
    name, value = found["name"] or found["first"], found["value"]
    if name is None:
        return found[0]
    if name in CONNECTION_KEYS:
        # With a number it is the repr of a connection of urllib3's.
        return found[0] if value and value.isdigit() else _connection_entry(name, value)
    if name not in OPTIONS:
        return f"{found[0]} (in Python)"
    if value is None or value in ("True", "False", "None", "[...]") or name == "concurrency":
        return OPTIONS[name]
    return f"{OPTIONS[name]} {shell_command([_text(value)])}"


def _connection_entry(name: str, value: str | None) -> str:
    """As connections.toml has it."""
    if value is None:
        return f"{name} in the connection"
    return f"{name} = {json.dumps(ast.literal_eval(value))} in the connection"


def _map_option(old: str, new: str) -> str:
    before = "OLD" if old in ("name", "'…'") else _text(old)
    after = "" if new == "None" else _text(new)
    return f"--map {shell_command([f'{before}={after}'])}"


def _text(literal: str) -> str:
    return str(ast.literal_eval(literal))
