"""SOSL: ``search`` and ``parameterizedSearch`` over the text of records.

A word matches a whole word of a field, in any letter case; ``*`` and ``?`` stand for some and
for one of its characters; words in quotes match in that order. Clauses that would change the
answer and are not here are refused by name.

Source: SOQL and SOSL Reference, "SOSL Syntax"; REST API Developer Guide, "Search", "Parameterized
Search".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.endpoints.rest.body import JsonBody
from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, RestFamily, json_reply
from salesforce_bulk.emulator.endpoints.rest.records import Records
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

BODY_BYTES = 100_000
#: When the search knows of a record, where it does not at once.
INDEXED_AFTER = timedelta(minutes=5)
#: Records of an answer, and characters of a search text.
ANSWER_RECORDS = 2_000
SEARCH_CHARACTERS = 4_000
BODY_FIELDS = frozenset(
    {
        "defaultLimit",
        "fields",
        "in",
        "offset",
        "overallLimit",
        "q",
        "sobjects",
        "spellCorrection",
    }
)
#: Of a search by parameters. Spelling is never corrected, so that ``spellCorrection`` is moot.
REFUSED_PARAMETERS = frozenset(
    {"dataCategory", "metadata", "netId", "snippet", "updateTracking", "updateViewStat"}
)

_FIND = re.compile(
    r"\s*FIND\s*\{(?P<text>(?:\\.|[^\\}])*)\}(?P<rest>.*)", re.IGNORECASE | re.DOTALL
)
_IN = re.compile(r"\s*IN\s+(?P<group>\w+)\s+FIELDS\b(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_RETURNING = re.compile(r"\s*RETURNING\s+(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_OBJECT = re.compile(r"\s*(?P<name>\w+)\s*")
_LIMIT = re.compile(r"\s*LIMIT\s+(?P<limit>[0-9]{1,6})\s*", re.IGNORECASE)
_CLAUSE = re.compile(r"\b(WHERE|ORDER\s+BY|LIMIT|OFFSET|USING)\b", re.IGNORECASE)
_TERM = re.compile(r'\s*(?P<term>\(|\)|"(?:\\.|[^"\\])*"|(?:\\.|[^\s()"\\])+)')
_WORD = re.compile(r"\w+")

#: The fields that a search group looks at.
GROUPS: Mapping[str, Callable[[Field], bool]] = MappingProxyType(
    {
        "ALL": lambda field: True,
        "NAME": lambda field: field.name_field or field.name in ("FirstName", "LastName"),
        "EMAIL": lambda field: field.type == "email",
        "PHONE": lambda field: field.type == "phone",
        "SIDEBAR": lambda field: field.name_field or field.type in ("email", "phone"),
    }
)
_SEARCHED = frozenset({"string", "textarea", "phone", "email", "url", "picklist", "multipicklist"})
#: Whether a record's texts, as words in lower case, match.
Match = Callable[[Sequence[Sequence[str]]], bool]


@dataclass(slots=True)
class SearchedObject:
    """An object of RETURNING: what is shown of it, and what else is asked of its records."""

    name: str
    fields: str = "Id"
    #: WHERE, ORDER BY and OFFSET, as in SOQL.
    where: str = ""
    rest: str = ""
    limit: int = ANSWER_RECORDS


@dataclass(slots=True)
class SearchRequest:
    """A search, however it was sent."""

    text: str
    group: str = "ALL"
    objects: Sequence[SearchedObject] = ()
    limit: int = ANSWER_RECORDS
    offset: int = 0


class Search:
    """The resources ``search`` and ``parameterizedSearch``."""

    def __init__(self, org: Org, family: RestFamily) -> None:
        self._org = org
        self._family = family

    def routes(self) -> list[Route]:
        base = f"{PREFIX}/{{version}}"
        return [
            route("rest.search", f"{base}/search", self._family, GET=self.search),
            route(
                "rest.search",
                f"{base}/parameterizedSearch",
                self._family,
                GET=self.parameterized,
                POST=self.parameterized_body,
            ),
        ]

    def search(self, call: Call) -> Response:
        text = call.request.query.get("q", [""])[0]
        if not text:
            raise _malformed_error("A search string has to be specified")
        return self._answer(call, parse_search(text))

    def parameterized(self, call: Call) -> Response:
        query = {name: values[0] for name, values in call.request.query.items()}
        refused = sorted(REFUSED_PARAMETERS & set(query))
        if refused:
            raise _not_emulated(f"parameter {refused[0]}")
        names = [part.strip() for part in query.get("sobject", "").split(",") if part.strip()]
        limit = _number(query.get("defaultLimit"))
        fields = query.get("fields") or "Id"
        objects = [
            SearchedObject(
                name,
                query.get(f"{name}.fields", fields),
                query.get(f"{name}.where", ""),
                limit=_number(query.get(f"{name}.limit"), limit),
            )
            for name in names
        ]
        request = SearchRequest(query.get("q", ""), query.get("in", "ALL"), objects)
        request.limit = _number(query.get("overallLimit"))
        request.offset = _number(query.get("offset"), 0)
        return self._answer(call, request)

    def parameterized_body(self, call: Call) -> Response:
        document = JsonBody(call.request.body.read_all(BODY_BYTES), self._org.dialect).as_object()
        for name in document:
            if name not in BODY_FIELDS:
                raise _not_emulated(f"{name} of a search")
        listed = document.get("sobjects", [])
        if not isinstance(listed, list) or not isinstance(document.get("q"), str):
            raise _malformed_error("q has to be a text and sobjects a list")
        default = document.get("fields", ["Id"])
        limit = _number(document.get("defaultLimit"))
        objects = [_object_of_body(entry, default, limit) for entry in listed]
        group = str(document.get("in", "ALL"))
        request = SearchRequest(document["q"], group, objects)
        request.limit = _number(document.get("overallLimit"))
        request.offset = _number(document.get("offset"), 0)
        return self._answer(call, request)

    def _answer(self, call: Call, request: SearchRequest) -> Response:
        looks_at = GROUPS.get(request.group.upper())
        if looks_at is None:
            raise _malformed_error(f"IN {request.group} FIELDS is no search group")
        match = compile_search(request.text)
        objects = request.objects or [
            SearchedObject(sobject.name)
            for sobject in self._org.schema.objects.values()
            if self._org.count(sobject.name)
        ]
        found: list[dict[str, Any]] = []
        for wanted in objects:
            if len(found) < request.offset + request.limit:
                found.extend(self._found(call, wanted, looks_at, match))
        until = request.offset + request.limit
        return json_reply({"searchRecords": found[request.offset : until]})

    def _found(
        self, call: Call, wanted: SearchedObject, looks_at: Callable[[Field], bool], match: Match
    ) -> Iterator[dict[str, Any]]:
        sobject = self._org.schema.get(wanted.name)
        if sobject is None or not sobject.queryable:
            raise ApiError(400, "INVALID_TYPE", f"sObject type '{wanted.name}' is not supported.")
        user = call.session.user if call.session else None
        try:
            ids = self._matching(sobject, looks_at, match, user)
            where = f" WHERE {wanted.where}" if wanted.where else ""
            soql = f"SELECT {wanted.fields} FROM {sobject.name}{where} {wanted.rest}"  # noqa: S608  # nosec B608 # names of the schema, and checked values
            result = self._org.query(soql, user=user)
            if result.plan.aggregate or result.plan.count or result.plan.children:
                raise _malformed_error("RETURNING takes plain fields")
            records = Records(
                result.plan, call["version"][1:], self._object_of, lambda *_: [], self._org.dialect
            )
            own = result.plan.parents[()].index
            matching = (row for row in result.with_hidden() if row[own] in ids)
            for _, row in zip(range(wanted.limit), matching, strict=False):
                yield records.record(row)
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error

    def _matching(
        self,
        sobject: SObject,
        looks_at: Callable[[Field], bool],
        match: Match,
        user: SessionUser | None,
    ) -> set[str]:
        names = [
            field.name
            for field in sobject.stored_fields
            if field.type in _SEARCHED and looks_at(field)
        ]
        if not names:
            return set()
        soql = f"SELECT Id, {', '.join(names)} FROM {sobject.name}{self._indexed(sobject)}"  # noqa: S608  # nosec B608 # names of the schema, and checked values
        rows = self._org.query(soql, user=user)
        return {
            row[0]
            for row in rows
            if match([_WORD.findall(str(text).casefold()) for text in row[1:] if text])
        }

    def _indexed(self, sobject: SObject) -> str:
        """The records that the search knows of already."""
        if self._org.dialect["rest.search.when"] == "at once" or not sobject.field("CreatedDate"):
            return ""
        until = self._org.clock.now() - INDEXED_AFTER
        return f" WHERE CreatedDate < {until:%Y-%m-%dT%H:%M:%S.%fZ}"

    def _object_of(self, identity: str) -> str:
        sobject = self._org.schema.by_prefix(identity[:3])
        return sobject.name if sobject else "Name"


# Reading a search


def parse_search(text: str) -> SearchRequest:
    """``FIND {…} IN … FIELDS RETURNING …``. Raises ApiError."""
    found = _FIND.match(text)
    if found is None:
        raise _malformed_error("A search begins with FIND {text}")
    request, rest = SearchRequest(found["text"]), found["rest"]
    if group := _IN.match(rest):
        request.group, rest = group["group"], group["rest"]
    if returning := _RETURNING.match(rest):
        request.objects, rest = _read_returning(returning["rest"])
    if limit := _LIMIT.match(rest):
        request.limit, rest = int(limit["limit"]), rest[limit.end() :]
    if rest.strip():
        raise _not_emulated(f"{rest.split()[0]} of a search")
    return request


def _read_returning(text: str) -> tuple[list[SearchedObject], str]:
    objects: list[SearchedObject] = []
    while True:
        name = _OBJECT.match(text)
        if name is None:
            raise _malformed_error("RETURNING lists objects")
        text = text[name.end() :]
        content = ""
        if text.startswith("("):
            content, text = _split_bracket(text)
        objects.append(_searched_object(name["name"], content))
        if not text.lstrip().startswith(","):
            return objects, text
        text = text.lstrip()[1:]


def _split_bracket(text: str) -> tuple[str, str]:
    """What stands in the bracket that the text begins with, and what follows it."""
    depth, quoted, at = 0, False, 0
    while at < len(text):
        character = text[at]
        if character == "\\" and quoted:
            at += 1
        elif character == "'":
            quoted = not quoted
        elif not quoted:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return text[1:at], text[at + 1 :]
        at += 1
    raise _malformed_error("a bracket is not closed")


def _searched_object(name: str, content: str) -> SearchedObject:
    pieces = _CLAUSE.split(content)
    wanted = SearchedObject(name, pieces[0].strip() or "Id")
    for word, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        keyword = word.upper().split()[0]
        if keyword == "WHERE":
            wanted.where = piece.strip()
        elif keyword == "LIMIT":
            wanted.limit = _number(piece.strip())
        elif keyword in ("ORDER", "OFFSET"):
            wanted.rest += f"{word} {piece}"
        else:
            raise _not_emulated(f"{word} in RETURNING")
    return wanted


def _object_of_body(entry: Any, default: Any, limit: int) -> SearchedObject:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise _malformed_error("each of sobjects needs a name")
    for name in entry:
        if name not in ("name", "fields", "limit", "where", "orderBy"):
            raise _not_emulated(f"{name} of sobjects")
    fields = entry.get("fields", default)
    if not isinstance(fields, list) or not all(isinstance(name, str) for name in fields):
        raise _malformed_error("fields has to be a list of names")
    order = f"ORDER BY {entry['orderBy']}" if entry.get("orderBy") else ""
    return SearchedObject(
        entry["name"],
        ", ".join(fields) or "Id",
        str(entry.get("where", "")),
        order,
        _number(entry.get("limit"), limit),
    )


# Matching

#: Beyond it are the scripts in which a character is a word.
_LAST_LETTER = "\u2e7f"


def compile_search(text: str) -> Match:
    """The search text as a test of a record. Raises ApiError."""
    if len(text) > SEARCH_CHARACTERS:
        raise _malformed_error("the search text is too long")
    if len(text.strip()) < 2 and not text.strip() > _LAST_LETTER:
        raise _malformed_error("search term must be longer than one character")
    terms = [found["term"] for found in _TERM.finditer(text)]
    if not terms:
        raise _malformed_error("search term must be longer than one character")
    match, rest = _either(terms)
    if rest:
        raise _malformed_error(f"unexpected {rest[0]}")
    return match


def _either(terms: list[str], depth: int = 0) -> tuple[Match, list[str]]:
    match, terms = _all(terms, depth)
    matches = [match]
    while terms and terms[0].upper() == "OR":
        match, terms = _all(terms[1:], depth)
        matches.append(match)
    return (lambda texts: any(one(texts) for one in matches)), terms


def _all(terms: list[str], depth: int) -> tuple[Match, list[str]]:
    matches: list[tuple[Match, bool]] = []
    wanted = True
    while terms and terms[0] != ")" and terms[0].upper() != "OR":
        if terms[0].upper() == "AND" and matches:
            terms = terms[1:]
        if terms and terms[0].upper() == "NOT" and matches:
            wanted, terms = False, terms[1:]
        match, terms = _one(terms, depth)
        matches.append((match, wanted))
        wanted = True
    if not matches:
        raise _malformed_error("a search term is missing")
    return (lambda texts: all(one(texts) is wanted for one, wanted in matches)), terms


def _one(terms: list[str], depth: int) -> tuple[Match, list[str]]:
    if not terms or depth > 20:
        raise _malformed_error("a search term is missing, or brackets are nested too deeply")
    if terms[0] == "(":
        match, rest = _either(terms[1:], depth + 1)
        if not rest or rest[0] != ")":
            raise _malformed_error("a bracket is not closed")
        return match, rest[1:]
    return _phrase(terms[0]), terms[1:]


def _phrase(term: str) -> Match:
    plain = re.sub(r"\\(.)", r"\1", term.strip('"')).casefold()
    patterns = [
        re.compile("".join({"*": r"\w*", "?": r"\w"}.get(c, re.escape(c)) for c in word))
        for word in re.findall(r"[\w*?]+", plain)
    ]
    if not patterns:
        raise _malformed_error("a search term has no letter or digit")

    def match(texts: Sequence[Sequence[str]]) -> bool:
        count = len(patterns)
        return any(
            all(p.fullmatch(w) for p, w in zip(patterns, words[at : at + count], strict=True))
            for words in texts
            for at in range(len(words) - count + 1)
        )

    return match


def _number(value: Any, default: int = ANSWER_RECORDS) -> int:
    if value is None:
        return default
    if isinstance(value, bool) or not re.fullmatch("[0-9]{1,6}", str(value)):
        raise _malformed_error(f"{value} is no limit")
    return min(int(value), ANSWER_RECORDS)


def _malformed_error(text: str) -> ApiError:
    return ApiError(400, "MALFORMED_SEARCH", text)


def _not_emulated(what: str) -> ApiError:
    return ApiError(400, "FUNCTIONALITY_NOT_ENABLED", f"{what} is not emulated")
