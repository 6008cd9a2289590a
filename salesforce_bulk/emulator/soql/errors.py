"""What is wrong with a query, in Salesforce's words.

Source: SOQL answers of REST `query` and of bulk query jobs. An error that can be placed in
the text carries a position block before its sentence: a line break, the fragment around
the place, a caret under it, and `ERROR at Row:R:Column:C`.

Recorded answers count columns in two ways. Errors of *meaning* (unknown field, wrong type)
count from 1. Errors of *syntax* come from the vendor's parser generator, which counts from 0.
"""

from __future__ import annotations

import re

MALFORMED_QUERY = "MALFORMED_QUERY"
INVALID_FIELD = "INVALID_FIELD"
INVALID_TYPE = "INVALID_TYPE"
INVALID_QUERY_FILTER_OPERATOR = "INVALID_QUERY_FILTER_OPERATOR"
NUMBER_OUTSIDE_VALID_RANGE = "NUMBER_OUTSIDE_VALID_RANGE"
QUERY_TOO_COMPLICATED = "QUERY_TOO_COMPLICATED"
#: What this org does not emulate is refused under this code, by name.
FUNCTIONALITY_NOT_ENABLED = "FUNCTIONALITY_NOT_ENABLED"

#: Tokens shown on each side of the culprit, as counted in recorded answers: before it, words
#: with their dots and brackets; after it, single tokens.
_TOKENS_BEFORE = 4
_TOKENS_AFTER = 4
_BEFORE = re.compile(r"'(?:[^'\\]|\\.)*'|,|[^\s,']+|'", re.S)
_AFTER = re.compile(r"'(?:[^'\\]|\\.)*'?|\w+|[<>!]=|\S", re.S)
#: A fragment never grows beyond this, however long one token is.
_FRAGMENT_CHARACTERS = 400


class SoqlError(Exception):
    """A query that Salesforce refuses.

    `code` is the errorCode or exceptionCode ("MALFORMED_QUERY"), `message` the whole text with
    its line breaks. `str()` gives "CODE: message", the form of a batch's stateMessage.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def located(code: str, text: str, at: int, sentence: str) -> SoqlError:
    """An error of meaning at offset `at` of the query `text`; its column counts from 1."""
    row, offset = _row_and_offset(text, at)
    return SoqlError(code, _position_block(text, at, row, offset + 1) + sentence)


def unexpected(text: str, at: int, token: str) -> SoqlError:
    """The syntax error "unexpected token: TOKEN"; its column counts from 0.

    The recorded answer to a query whose first word is wrong has no position block.
    """
    sentence = f"unexpected token: {token}"
    if at == 0:
        return SoqlError(MALFORMED_QUERY, sentence)
    return syntax(text, at, sentence)


def no_alternative(text: str, at: int, character: str) -> SoqlError:
    """The lexer's error; `character` is `<EOF>` for a string without its end."""
    row, offset = _row_and_offset(text, at)
    return syntax(text, at, f"line {row}:{offset} no viable alternative at character '{character}'")


def syntax(text: str, at: int, sentence: str) -> SoqlError:
    """An error of syntax at offset `at`; its column counts from 0."""
    row, offset = _row_and_offset(text, at)
    return SoqlError(MALFORMED_QUERY, _position_block(text, at, row, offset) + sentence)


def not_emulated(what: str) -> SoqlError:
    """A construct that a real org understands and this one does not."""
    return SoqlError(FUNCTIONALITY_NOT_ENABLED, f"{what} is not emulated")


def _row_and_offset(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)


def _position_block(text: str, at: int, row: int, column: int) -> str:
    line_start = text.rfind("\n", 0, at) + 1
    line_end = text.find("\n", at)
    line = text[line_start : len(text) if line_end < 0 else line_end].rstrip("\r")
    fragment, caret = _fragment(line, at - line_start)
    return f"\n{fragment}\n{' ' * caret}^\nERROR at Row:{row}:Column:{column}\n"


def _fragment(line: str, offset: int) -> tuple[str, int]:
    low = max(0, offset - _FRAGMENT_CHARACTERS)
    starts = [found.start() for found in _BEFORE.finditer(line, low, offset)]
    start = starts[-_TOKENS_BEFORE] if len(starts) > _TOKENS_BEFORE else low
    end = offset
    tokens = _AFTER.finditer(line, offset, offset + _FRAGMENT_CHARACTERS)
    for _, found in zip(range(_TOKENS_AFTER + 1), tokens, strict=False):
        end = found.end()
    return line[start:end], offset - start
