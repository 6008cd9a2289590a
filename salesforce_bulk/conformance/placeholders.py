"""Placeholders for whatever an org alone knows: ids, names, hosts, tokens, values of records.

What stays is listed (`vocabulary`); everything else goes, in whatever form it comes. The same text
has the same placeholder in all of a report. Numbers and times keep their form, with 0 for each
digit, because that is what clients trip over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote_plus

from salesforce_bulk.conformance.vocabulary import DELIMITERS, WORD, Vocabulary, vocabulary

_URIS = (
    "http://www.force.com/2009/06/asyncapi/dataload",
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/2001/XMLSchema",
    "http://schemas.xmlsoap.org/soap/envelope/",
    "urn:enterprise.soap.sforce.com",
    "urn:fault.enterprise.soap.sforce.com",
    "urn:fault.partner.soap.sforce.com",
    "urn:partner.soap.sforce.com",
    "urn:sobject.partner.soap.sforce.com",
)
_DAY = r"\d{4}-\d\d-\d\d"
_CLOCK = r"\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"
_ENDS = rf"(?![^{DELIMITERS}])"


def _behind(*names: str) -> str:
    """A pattern for the place behind one of these names, in JSON and in XML."""
    marks = ('":', '": ', '" : ', '":"', '": "', '" : "', ">")
    return f"(?:{'|'.join(f'(?<={name}{re.escape(mark)})' for name in names for mark in marks)})"


#: Stands for the mark of the run while a text is judged.
_MARK = "\ue000"
_TOKEN = re.compile(
    rf"(?P<kept>{_MARK}|{'|'.join(map(re.escape, sorted(_URIS, key=len, reverse=True)))}"
    rf"|{_behind('version')}[2-7]\d\.0{_ENDS}|(?:(?<=/async/)|v)[2-7]\d\.0{_ENDS}"
    r"|(?<=<\?xml version=\")1\.[01]"
    rf"|{_behind('errorcode', 'exceptioncode', 'statuscode')}(?-i:[A-Z]+(?:_[A-Z]+)+){_ENDS}"
    rf"|{_behind('status', 'statuscode')}[1-5]\d\d{_ENDS}|\\[nrtbf\"\\/])"
    rf"|(?P<time>{_DAY}(?:[T ]{_CLOCK})?|{_CLOCK}){_ENDS}"
    rf"|(?P<number>[+-]?\d[\d ().-]*\d(?:[eE][+-]?\d+)?){_ENDS}"
    rf"|(?P<word>[^{DELIMITERS}{_MARK}]+)",
    re.IGNORECASE,
)
#: Names whose values are sentences, or queries: judged word by word.
_SENTENCES = (
    "message|exceptionMessage|errorMessage|stateMessage|faultstring|error_description|query|"
    "version|apiVersion|errorCode|exceptionCode|statusCode"
)
#: Names whose values go, whatever they are.
_PRIVATE = (
    r"\w*(?:pass(?:word|wd)|secret|token|assertion|signature|session_?id|sid|user_?name|full_?name|"
    r"first_?name|last_?name|nick_?name|display_?name|organization_?name|org_?name|e_?mail|phone|"
    r"street|client_id|code_verifier|code_challenge|device_code|user_code)"
)
_STRING = r'(?:[^"\\]|\\.)*'
_SEGMENT = re.compile(
    rf'"{_PRIVATE}"\s*:\s*"(?P<string>{_STRING})"'
    rf"|<(?:\w+:)?{_PRIVATE}(?:\s[^<>]*)?>(?P<text>[^<]*)(?=<)"
    rf"|(?<![^\s&?;]){_PRIVATE}=(?P<value>[^\s&;]*)"
    rf'|(?P<sentence>"(?:{_SENTENCES})"\s*:\s*"{_STRING}"|"(?-i:[A-Z][A-Z_]{{5,}}:)(?:[^"]|"")*"'
    rf'|"(?:/|https?:){_STRING}"|<\?xml [^<>]*>|<(?:\w+:)?(?:{_SENTENCES})>[^<]*(?=<))'
    rf'|"(?P<quoted>{_STRING})"'
    r"|(?<=>)(?P<element>[^<>\"]+)(?=<)",
    re.IGNORECASE | re.DOTALL,
)
_ID = re.compile(r"(?=[a-zA-Z]*\d)[a-zA-Z0-9]{15}(?:[A-Z0-5]{3})?")
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-zA-Z]{2,}")
#: Characters from which on a word is more likely a token than a name.
_LONG = 24
#: Characters of a body that are shown.
_MOST = 4_000
#: Names of a request are of letters, or happen to be of digits alone.
_TOKEN_HEADERS = ("authorization", "cookie", "x-request-id", "x-sfdc-request-id", "x-sfdc-session")
_TIME_HEADERS = ("date", "expires", "last-modified")


class Placeholders:
    """Replaces in all texts of one report.

    Args:
        mark: of the run, with which names of its records begin; it stays, as ``<mark>``.
    """

    def __init__(self, mark: str) -> None:
        self._mark = re.compile(re.escape(mark), re.IGNORECASE)
        self._words: Vocabulary = vocabulary()
        self._numbers: dict[str, dict[str, int]] = {}

    def path(self, path: str) -> str:
        """A path with its query, decoded."""
        return self.text(unquote_plus(path))

    def headers(self, headers: Mapping[str, str | None]) -> dict[str, str]:
        """Names in lower case; those that nobody knows go as well."""
        sent = {name.lower(): value for name, value in headers.items() if value is not None}
        return dict(self._header(name, value) for name, value in sent.items())

    def body(self, body: bytes, media_type: str = "") -> str:
        """A body of any format."""
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            return self._placeholder("binary", body.hex(), f"{len(body)} bytes")
        shown = self.text(unquote_plus(text) if "urlencoded" in media_type else text[:_MOST])
        return shown if len(text) <= _MOST else f"{shown}<{len(text) - _MOST} more characters>"

    def text(self, text: str) -> str:
        """Any text: documents in JSON, XML and CSV, addresses, sentences."""
        text = self._mark.sub(_MARK, text)
        return "".join(self._pieces(text)).replace(_MARK, "<mark>")

    def _header(self, name: str, value: str) -> tuple[str, str]:
        shown = name if self._words.has_name(name) else self._placeholder("header", name)
        return shown, self._header_value(name, str(value))

    def _header_value(self, name: str, value: str) -> str:
        scheme, space, rest = value.partition(" ")
        if name == "authorization" and space:
            return f"{self.text(scheme)} {self._placeholder('token', rest)}"
        if name in _TOKEN_HEADERS:
            return self._placeholder("token", value)
        if name == "set-cookie":
            pair, semicolon, attributes = value.partition(";")
            cookie, _, content = pair.partition("=")
            told = f"{self.text(cookie)}={self._placeholder('token', content)}"
            return f"{told}{semicolon}{self.text(attributes)}"
        if name in _TIME_HEADERS:
            return self._placeholder("time", value, re.sub(r"[A-Za-z]", "a", _zeros(value)))
        return self.text(value)

    def _pieces(self, text: str) -> Iterator[str]:
        end = 0
        for found in _SEGMENT.finditer(text):
            yield self._by_word(text, end, found.start())
            yield from self._segment(text, found)
            end = found.end()
        yield self._by_word(text, end, len(text))

    def _segment(self, text: str, found: re.Match[str]) -> Iterator[str]:
        if found["sentence"] is not None:
            yield self._by_word(text, *found.span())
            return
        kind = found.lastgroup or ""
        begin, end = found.span(kind)
        yield self._by_word(text, found.start(), begin)
        yield (self._whole if kind in ("quoted", "element") else self._private)(found[kind])
        yield text[end : found.end()]

    def _private(self, text: str) -> str:
        if text.strip() in ("", _MARK):
            return text
        return self._placeholder(self._kind(text), text)

    def _whole(self, text: str) -> str:
        """A cell, a string or an element: all of it stays, or none."""
        inner = text.strip()
        if not inner or inner in self._words.texts or re.fullmatch(rf"\d|.*{_MARK}.*", inner):
            return self._by_word(text, 0, len(text))
        if all(map(self._words.has_name, WORD.findall(inner))):
            return text
        at = text.index(inner)
        return f"{text[:at]}{self._replaced(inner)}{text[at + len(inner) :]}"

    def _replaced(self, text: str) -> str:
        token = _TOKEN.fullmatch(text)
        if token is not None and not token["word"]:
            return self._token(token)
        return self._placeholder(self._kind(text), text, self._form(text))

    def _by_word(self, text: str, begin: int, end: int) -> str:
        """A part of a text; what stands before it tells what a number in it is."""
        pieces = []
        for found in _TOKEN.finditer(text, begin, end):
            pieces += [text[begin : found.start()], self._token(found)]
            begin = found.end()
        return "".join([*pieces, text[begin:end]])

    def _token(self, found: re.Match[str]) -> str:
        text = found[0]
        if found["time"] or found["number"]:
            kind = "time" if found["time"] else "number"
            return self._placeholder(kind, text, _zeros(text))
        if found["kept"] or self._words.has(text) or re.fullmatch(r"\d", text):
            return text
        return self._placeholder(self._kind(text), text, self._form(text))

    def _kind(self, text: str) -> str:
        if _ID.fullmatch(text):
            return "id"
        if "@" in text:
            return "email"
        if "!" in text or (len(text) >= _LONG and WORD.fullmatch(text)):
            return "token"
        return "host" if _HOST.fullmatch(text) else "text"

    def _form(self, text: str) -> str:
        """Of an id its prefix, where that is a standard object's, and its length."""
        if not _ID.fullmatch(text):
            return ""
        prefix = text[:3] if text[:3] in self._words.prefixes else "custom"
        return f"{prefix}, {len(text)}"

    def _placeholder(self, kind: str, text: str, form: str = "") -> str:
        same = text[:15] if kind == "id" else text
        known = self._numbers.setdefault(kind, {})
        number = known.setdefault(same, len(known) + 1)
        return f"<{kind} {number}: {form}>" if form else f"<{kind} {number}>"


def _zeros(text: str) -> str:
    return re.sub(r"\d", "0", text)
