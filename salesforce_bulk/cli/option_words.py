"""Advice for callers in Python, in the words of the command line.

The library's messages name its keywords (``columns={'A': None}``, ``api='1.0'``) and its calls.
Whoever typed a command is told of the command's options instead, and of a keyword that no command
has that it is Python's.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
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

_QUOTED = r"""(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
_PAIR = rf"({_QUOTED}|name): ({_QUOTED}|None)"
_PAIRS = rf"(?:{_QUOTED}|name): (?:{_QUOTED}|None)"
_CALLS = (
    (re.compile(r"\bexport\('(\w+)', fields='all'\)"), r"export \1 --fields all"),
    (re.compile(r"the error's \.handle\.result\(\)"), "salesforce-bulk resume"),
    (re.compile(r"(?<![.\w])retry\(\)"), "salesforce-bulk retry"),
    (re.compile(r"\b(?:bulk\.)?attach\('(\w+)'\)"), r"salesforce-bulk results \1"),
    (re.compile(r"\battach\(job_id\)"), "salesforce-bulk results JOB"),
)


def told(error: Exception) -> str:
    """What a command says of an error: of this library's `as_typed`, of all others their text."""
    ours = isinstance(error, BulkApiError) and error.error_code is None
    return as_typed(str(error)) if ours else str(error)


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

    known = {*OPTIONS, *LoadOptions.__annotations__, *ExportOptions.__annotations__}
    names = "|".join(sorted(known, key=len, reverse=True))
    return re.compile(
        rf"(?<!\w){_QUOTED}(?!\w)"
        rf"|\bcolumns=\{{(?P<pairs>{_PAIRS}(?:, {_PAIRS})*)\}}"
        rf"|\b(?P<name>{names})=(?P<value>{_QUOTED}|\[\.\.\.\]|True|False|None|\d+)?"
        rf"|\A(?P<first>{names})(?= is |[:,] )"
    )


def _option(found: re.Match[str]) -> str:
    if found["pairs"]:
        return " ".join(_map_option(*pair) for pair in re.findall(_PAIR, found["pairs"]))
    name, value = found["name"] or found["first"], found["value"]
    if name is None:
        return found[0]
    if name not in OPTIONS:
        return f"{found[0]} (in Python)"
    if value is None or value in ("True", "False", "None", "[...]") or name == "concurrency":
        return OPTIONS[name]
    return f"{OPTIONS[name]} {shell_command([_text(value)])}"


def _map_option(old: str, new: str) -> str:
    before = "OLD" if old in ("name", "'…'") else _text(old)
    after = "" if new == "None" else _text(new)
    return f"--map {shell_command([f'{before}={after}'])}"


def _text(literal: str) -> str:
    return str(ast.literal_eval(literal))
