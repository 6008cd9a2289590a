"""What is wrong with a query, in Salesforce's words.

Source: SOQL answers of REST `query` and of bulk query jobs. An error that can be placed in
the text carries a position block before its sentence: a line break, the fragment around
the place, a caret under it, and `ERROR at Row:R:Column:C`.

Recorded answers count columns in two ways. Errors of *meaning* (unknown field, wrong type)
count from 1. Errors of *syntax* come from the vendor's parser generator, which counts from 0.
"""

from __future__ import annotations

MALFORMED_QUERY = "MALFORMED_QUERY"
INVALID_FIELD = "INVALID_FIELD"
INVALID_TYPE = "INVALID_TYPE"
INVALID_QUERY_FILTER_OPERATOR = "INVALID_QUERY_FILTER_OPERATOR"
NUMBER_OUTSIDE_VALID_RANGE = "NUMBER_OUTSIDE_VALID_RANGE"
QUERY_TOO_COMPLICATED = "QUERY_TOO_COMPLICATED"
#: What this org does not emulate is refused under this code, by name.
FUNCTIONALITY_NOT_ENABLED = "FUNCTIONALITY_NOT_ENABLED"

EXCEEDED_MAX_SEMIJOIN_SUBSELECTS = "EXCEEDED_MAX_SEMIJOIN_SUBSELECTS"

#: Characters shown on each side of the place, and then on to the end of the word; counted in
#: nine answers that users posted. White space and commas end a word, and so does a line.
_FRAGMENT_REACH = 30
#: The same for a word without an end.
_WORD_REACH = 300
_DELIMITERS = frozenset(" \t\r\f\v,")


class SoqlError(Exception):
    """A query that Salesforce refuses.

    `code` is the errorCode or exceptionCode ("MALFORMED_QUERY"), `message` the whole text with
    its line breaks. `str()` gives "CODE: message", the form of a batch's stateMessage. `at` is
    where in the query it is, if that is known.
    """

    def __init__(self, code: str, message: str, at: int | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.at = at

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def located(code: str, text: str, at: int, sentence: str) -> SoqlError:
    """An error of meaning at offset `at` of the query `text`; its column counts from 1."""
    row, offset = _row_and_offset(text, at)
    return SoqlError(code, _position_block(text, at, row, offset + 1) + sentence, at)


def unexpected(text: str, at: int, token: str) -> SoqlError:
    """The syntax error "unexpected token: TOKEN"; its column counts from 0.

    The recorded answer to a query whose first word is wrong has no position block.
    """
    sentence = f"unexpected token: {token}"
    if at == 0:
        return SoqlError(MALFORMED_QUERY, sentence, at)
    return syntax(text, at, sentence)


def no_alternative(text: str, at: int, character: str) -> SoqlError:
    """The lexer's error; `character` is `<EOF>` for a string without its end."""
    row, offset = _row_and_offset(text, at)
    return syntax(text, at, f"line {row}:{offset} no viable alternative at character '{character}'")


def syntax(text: str, at: int, sentence: str) -> SoqlError:
    """An error of syntax at offset `at`; its column counts from 0."""
    row, offset = _row_and_offset(text, at)
    return SoqlError(MALFORMED_QUERY, _position_block(text, at, row, offset) + sentence, at)


def not_emulated(what: str) -> SoqlError:
    """A construct that a real org understands and this one does not."""
    return SoqlError(FUNCTIONALITY_NOT_ENABLED, f"{what} is not emulated")


def _row_and_offset(text: str, at: int) -> tuple[int, int]:
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1)


def _position_block(text: str, at: int, row: int, column: int) -> str:
    """The caret stands under the column as counted from 1, so that it is one place to the left
    of what a syntax error complains of: recorded so."""
    line_start = text.rfind("\n", 0, at) + 1
    line_end = text.find("\n", at)
    line = text[line_start : len(text) if line_end < 0 else line_end].rstrip("\r")
    place = max(0, column - 1)
    start, end = _word_start(line, place), _word_end(line, place)
    caret = " " * (place - start) + "^"
    return f"\n{line[start:end]}\n{caret}\nERROR at Row:{row}:Column:{column}\n"


def _word_start(line: str, place: int) -> int:
    start = max(0, place - _FRAGMENT_REACH)
    lowest = max(0, start - _WORD_REACH)
    while start > lowest and line[start - 1] not in _DELIMITERS:
        start -= 1
    return start


def _word_end(line: str, place: int) -> int:
    end = min(len(line), place + _FRAGMENT_REACH)
    highest = min(len(line), end + _WORD_REACH)
    while end < highest and line[end] not in _DELIMITERS:
        end += 1
    return end
