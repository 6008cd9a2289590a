"""What the client needs to know of a SOQL text before it is sent, and texts that it builds.

SOQL and SOSL reference; Bulk API guide, "Bulk Query" and "Query" (SOQL considerations).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from typing import Any, NamedTuple

from salesforce_bulk import limits
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.values import Unwritable, to_text

_TOKEN = re.compile(
    r"(?P<string>'(?:[^'\\]|\\.)*')|(?P<word>[A-Za-z_][\w.]*)|(?P<number>[\d+\-][\w:.+\-]*)"
    r"|(?P<mark>[^\s\w'])",
    re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str
    depth: int
    start: int
    end: int

    def says(self, word: str) -> bool:
        """Whether this is that keyword."""
        return self.kind == "word" and self.text.upper() == word


#: The path that a name in FROM, in lower case, stands for; the object's own is empty.
Names = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class SelectItem:
    """One entry of a SELECT list.

    Attributes:
        text: as it stands there.
        path: of a field, without the object's own name or alias; empty where it is no field.
        function: its name in upper case, ``TYPEOF``, or ``(`` for a sub-query; ``""`` for a field.
        inner: the functions within it, in upper case.
        alias: the name that a function's column was given; ``""`` for none.
    """

    text: str
    path: tuple[str, ...] = ()
    function: str = ""
    inner: tuple[str, ...] = ()
    alias: str = ""


@dataclass(frozen=True)
class Query:
    """A SOQL text taken apart.

    Attributes:
        text: as it was given, without surrounding blanks.
        object: in FROM.
        items: of SELECT.
        clauses: the keywords behind FROM, in upper case: ``WHERE``, ``ORDER``, ``LIMIT`` …
        where: (start, end) of the condition in ``text``, None where there is none.
        from_end: where FROM and its object end in ``text``, and USING SCOPE, which a condition
            stands behind.
        joined: the paths that FROM gives an alias: ``Account`` in ``FROM Contact c, c.Account a``.
    """

    text: str
    object: str
    items: tuple[SelectItem, ...]
    clauses: frozenset[str]
    where: tuple[int, int] | None
    from_end: int
    joined: tuple[tuple[str, ...], ...] = ()

    @property
    def can_be_chunked(self) -> bool:
        """Whether PK chunking may cut it: nothing but a condition without ids behind FROM."""
        # The vendor switches chunking off where a filter's field has "id" in its name.
        filters_ids = self.where is not None and any(
            token.kind == "word" and token.text.lower().endswith("id")
            for token in _tokens(self.text[slice(*self.where)])
        )
        return not filters_ids and not self.clauses & {"ORDER", "LIMIT"}

    def with_condition(self, condition: str) -> str:
        """The text with a further condition."""
        if self.where is None:
            return f"{self.text[: self.from_end]} WHERE {condition}{self.text[self.from_end :]}"
        return self._with_where(f"{self._read_parentheses} AND {condition}")

    @property
    def open_to_conditions(self) -> str:
        """The text, to which ``AND …`` may be added without changing what it means."""
        if self.where is None or not any(
            token.depth == 0 and token.says("OR")
            for token in _tokens(self.text[slice(*self.where)])
        ):
            return self.text
        return self._with_where(self._read_parentheses)

    @property
    def _read_parentheses(self) -> str:
        return f"({self.text[slice(*self.where)].strip()})" if self.where else ""

    def _with_where(self, condition: str) -> str:
        start, end = self.where or (0, 0)
        return f"{self.text[:start]} {condition} {self.text[end:]}".rstrip()


#: Clauses behind FROM: each begins with these words.
_CLAUSES: tuple[tuple[str, ...], ...] = (
    ("USING", "SCOPE"),
    ("WHERE",),
    ("WITH",),
    ("GROUP", "BY"),
    ("HAVING",),
    ("ORDER", "BY"),
    ("LIMIT",),
    ("OFFSET",),
    ("FOR", "VIEW"),
    ("FOR", "REFERENCE"),
    ("FOR", "UPDATE"),
    ("UPDATE", "TRACKING"),
    ("UPDATE", "VIEWSTAT"),
    ("ALL", "ROWS"),
)

_AGGREGATE = (
    "is an aggregate, which bulk queries refuse. Export the rows and aggregate them here, e.g. in "
    "DuckDB over the export, or ask the REST API's query."
)
#: What bulk queries refuse, and what to do instead; guide, "SOQL Considerations".
_REFUSED_FUNCTIONS = {
    "(": "is a sub-query of children, which bulk queries refuse. Export the child object with a "
    "path to its parent instead, e.g. SELECT Id, Account.Name FROM Contact.",
    "TYPEOF": "is refused by bulk queries. Select paths instead, e.g. What.Name, or export each "
    "object by itself.",
    **dict.fromkeys(
        ("COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUPING"), _AGGREGATE
    ),
}
_REFUSED_CLAUSES = {
    "GROUP": f"GROUP BY {_AGGREGATE}",
    "HAVING": f"HAVING {_AGGREGATE}",
    "OFFSET": "OFFSET is refused by bulk queries. An export reads page after page by itself; to go "
    "on from a record use WHERE Id > '…' ORDER BY Id.",
    "FOR": "FOR VIEW, FOR REFERENCE and FOR UPDATE are refused by bulk queries; leave them out.",
    "UPDATE": "UPDATE TRACKING and UPDATE VIEWSTAT are refused by bulk queries; leave them out.",
    "ALL": "ALL ROWS is refused by bulk queries; use include_deleted=True.",
}


def outer_object(soql: str) -> str | None:
    """The object of the outermost FROM; None where there is none.

    Sub-selects, semi-joins and the word "from" inside a string literal are passed over.
    """
    tokens = [token for token in _tokens(soql) if token.depth == 0]
    for token, following in itertools.pairwise(tokens):
        if token.says("FROM") and following.kind == "word":
            return following.text
    return None


def read_query(soql: str) -> Query:
    """Take a query apart and refuse what no bulk query may hold.

    Raises:
        InvalidInput: names the construct and what to do instead; nothing was sent.
    """
    text = soql.strip()
    if len(text) > limits.SOQL_CHARACTERS:
        raise InvalidInput(
            f"The query has {len(text):,} characters; {limits.SOQL_CHARACTERS:,} are allowed."
        )
    tokens = list(_tokens(text))
    _refuse_loose_ends(text, tokens)
    if not tokens or not tokens[0].says("SELECT"):
        raise InvalidInput(f"A query begins with SELECT, not with {text[:40]!r}.")
    begin = next((i for i, t in enumerate(tokens) if t.depth == 0 and t.says("FROM")), None)
    if begin is None or begin + 1 == len(tokens):
        raise InvalidInput("The query has no FROM; an export needs its object.")
    outer = [token for token in tokens[begin + 1 :] if token.depth == 0]
    clauses = list(_clauses(outer))
    object_name, names, end = _from_names(text, outer, clauses)
    query = Query(
        text=text,
        object=object_name,
        items=tuple(_items(text, tokens[1:begin], names)),
        clauses=frozenset(name for name, _, _ in clauses),
        where=_extent(text, clauses, "WHERE"),
        from_end=_from_end(text, end, clauses),
        joined=tuple(path for path in names.values() if path),
    )
    _refuse(query)
    return query


def _tokens(text: str) -> Iterator[_Token]:
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "mark"
        if match[0] == ")":
            depth -= 1
        yield _Token(kind, match[0], depth, match.start(), match.end())
        if match[0] == "(":
            depth += 1


def _refuse_loose_ends(text: str, tokens: Sequence[_Token]) -> None:
    if "'" in _TOKEN.sub("", text):
        raise InvalidInput(
            "A string in the query has no closing quote; write ' inside of it as \\'."
        )
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth < 0:
            break
    if depth:
        raise InvalidInput("The parentheses of the query are not in pairs.")


def _clauses(tokens: Sequence[_Token]) -> Iterator[tuple[str, int, int]]:
    """(name, where its words start, where they end) of each clause."""
    for at, token in enumerate(tokens):
        for words in _CLAUSES:
            found = tokens[at : at + len(words)]
            # The object of FROM may be called Order or Group.
            if at and len(found) == len(words) and all(map(_Token.says, found, words)):
                yield words[0], token.start, found[-1].end
                break


def _from_names(
    text: str, outer: Sequence[_Token], clauses: Sequence[tuple[str, int, int]]
) -> tuple[str, Names, int]:
    """The object, the path that each name of FROM stands for, and where they end."""
    end = clauses[0][1] if clauses else len(text)
    words = [token for token in outer if token.start < end and not token.says("AS")]
    if not words or words[0].kind != "word":
        raise InvalidInput("FROM names no object.")
    groups = [
        list(group)
        for comma, group in itertools.groupby(words, lambda token: token.text == ",")
        if not comma
    ]
    for group in groups:
        strange = next((token for token in group if token.kind != "word"), None)
        if strange is not None or len(group) > 2:
            shown = (strange or group[2]).text
            raise InvalidInput(f"{shown!r} behind FROM is no clause of SOQL.")
    names: Names = {word.text.lower(): () for word in groups[0]}
    for group in groups[1:]:
        first, _, rest = group[0].text.partition(".")
        if first.lower() not in names or not rest:
            raise InvalidInput(
                f"FROM names more than one object ({text[words[0].start : end].strip()!r}); write "
                "paths in SELECT instead, e.g. Account.Name."
            )
        names[group[-1].text.lower()] = _own_path(group[0].text, names)
    return words[0].text, names, words[-1].end


def _from_end(text: str, end: int, clauses: Sequence[tuple[str, int, int]]) -> int:
    scope = _extent(text, clauses, "USING")
    if scope is None:
        return end
    return scope[0] + len(text[slice(*scope)].rstrip())


def _extent(
    text: str, clauses: Sequence[tuple[str, int, int]], wanted: str
) -> tuple[int, int] | None:
    for at, (name, _, start) in enumerate(clauses):
        if name == wanted:
            return start, clauses[at + 1][1] if at + 1 < len(clauses) else len(text)
    return None


def _items(text: str, tokens: Sequence[_Token], own_names: Names) -> Iterator[SelectItem]:
    item: list[_Token] = []
    for token in [*tokens, None]:
        in_typeof = bool(item) and item[0].says("TYPEOF") and not item[-1].says("END")
        if token is not None and (token.text != "," or token.depth > 0 or in_typeof):
            item.append(token)
            continue
        if not item:
            raise InvalidInput("SELECT lacks a field before a comma or FROM.")
        yield _item(text[item[0].start : item[-1].end], item, own_names)
        item = []


def _item(text: str, tokens: Sequence[_Token], own_names: Names) -> SelectItem:
    first = tokens[0]
    if first.text == "(" or first.says("TYPEOF"):
        return SelectItem(text, (), first.text.upper())
    if first.text == "*":
        raise InvalidInput("SOQL knows no SELECT *; use export('Object', fields='all').")
    if len(tokens) == 1 and first.kind == "word":
        return SelectItem(text, _own_path(first.text, own_names))
    end = next((at for at, t in enumerate(tokens) if t.text == ")" and t.depth == 0), 0)
    behind = tokens[end + 1 :]
    if end and tokens[1].text == "(" and (not behind or _is_alias(behind)):
        called, names = _functions_and_fields(tokens[2:end])
        path = _own_path(names[0], own_names) if names else ()
        alias = behind[0].text if behind else ""
        return SelectItem(text, path, first.text.upper(), called, alias)
    raise InvalidInput(f"{text!r} in SELECT is no field and no function.")


def _is_alias(tokens: Sequence[_Token]) -> bool:
    return len(tokens) == 1 and tokens[0].kind == "word"


def _functions_and_fields(tokens: Sequence[_Token]) -> tuple[tuple[str, ...], list[str]]:
    """The functions, in upper case, and the fields among a function's arguments."""
    functions: list[str] = []
    names: list[str] = []
    for token, following in itertools.zip_longest(tokens, tokens[1:]):
        if token.kind == "word":
            called = following is not None and following.text == "("
            (functions if called else names).append(token.text.upper() if called else token.text)
    return tuple(functions), names


def _own_path(text: str, own_names: Names) -> tuple[str, ...]:
    """The path without the object's name or an alias in front."""
    path = tuple(text.split("."))
    if len(path) == 1 or path[0].lower() not in own_names:
        return path
    return own_names[path[0].lower()] + path[1:]


def _refuse(query: Query) -> None:
    for name, message in _REFUSED_CLAUSES.items():
        if name in query.clauses:
            raise InvalidInput(message)
    for item in query.items:
        for function in (item.function, *item.inner):
            if function in _REFUSED_FUNCTIONS:
                shown = item.text if len(item.text) < 60 else f"{item.text[:60]}…"
                raise InvalidInput(f"{shown} {_REFUSED_FUNCTIONS[function]}")
        if item.function == "FIELDS" and tuple(map(str.upper, item.path)) != ("STANDARD",):
            raise InvalidInput(
                f"{item.text} is refused by bulk queries; use export({query.object!r}, "
                "fields='all'), which writes the fields out."
            )


# Building

Condition = str | Mapping[str, Any]

#: What SOQL's strings escape; the backslash itself first.
_ESCAPES = str.maketrans(
    {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
)
_FIELD = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*")
_CONDITION = re.compile(
    rf"\s*(?P<field>{_FIELD.pattern})\s*"
    r"(?P<operator>=|!=|<>|<=|>=|<|>|LIKE|NOT\s+IN|IN|INCLUDES|EXCLUDES)?\s*",
    re.IGNORECASE,
)
_LISTS = frozenset({"IN", "NOT IN", "INCLUDES", "EXCLUDES"})
#: In a pattern of LIKE: a backslash that makes the next character stand for itself.
_LIKE_ESCAPE = re.compile(r"\\([%_\\])")


def literal(value: Any) -> str:
    """A Python value as a SOQL literal, escaped.

    Args:
        value: None, bool, a number, a text, a date, a time, an aware datetime, or any collection
            of them, which becomes a list in parentheses: a list, a set, a view of a dict, a
            Series, an array, a generator.

    Raises:
        InvalidInput: a value that SOQL has no literal for, such as a datetime without a zone.
    """
    if value is None:
        return "null"
    if is_collection(value):
        values = [literal(each) for each in _in_order(value)]
        if not values:
            raise InvalidInput("SOQL knows no empty list; leave the condition out.")
        return f"({', '.join(values)})"
    if hasattr(value, "as_py"):
        return literal(value.as_py())  # pyarrow's
    if isinstance(value, str):
        return f"'{value.translate(_ESCAPES)}'"
    try:
        text = to_text(value)
    except Unwritable as error:
        raise InvalidInput(f"{value!r} is no SOQL literal: {error}") from error
    if text is None:
        return "null"
    if getattr(value, "shape", None) == ():
        value = value.item()  # numpy's
    bare = isinstance(value, (bool, int, float, Decimal, date, time))
    return text if bare else f"'{text.translate(_ESCAPES)}'"


def is_collection(value: Any) -> bool:
    """Whether a value is several: whatever can be iterated over and is no text.

    Raises:
        InvalidInput: a mapping or a table, of which nobody can tell what is meant.
    """
    if isinstance(value, (str, bytes, bytearray)) or getattr(value, "shape", None) == ():
        return False
    if isinstance(value, Mapping):
        raise InvalidInput("A mapping is no value of a condition; give its keys() or values().")
    if len(getattr(value, "shape", ())) > 1:
        raise InvalidInput(
            f"A {type(value).__name__} is no value of a condition; give one column of it."
        )
    return isinstance(value, Iterable)


def _in_order(values: Iterable[Any]) -> Iterable[Any]:
    return sorted(values, key=str) if isinstance(values, (set, frozenset)) else values


def build_select(object_name: str, fields: Sequence[str], where: Condition | None = None) -> str:
    """``SELECT fields FROM object WHERE where``.

    Args:
        object_name: API name.
        fields: names and paths.
        where: a condition in SOQL, or a mapping of fields to values, all of which must hold. A
            key may end with an operator: ``{"Name": "O'Neil", "CreatedDate >=": day,
            "Industry": ["Energy", "Retail"]}``; a collection means ``in``. Values are
            escaped; in a pattern of ``like`` the wildcards ``%`` and ``_`` stay what
            they are unless a backslash is before them.

    Raises:
        InvalidInput: a name that is none, no field at all, or a value without a literal.
    """
    if isinstance(fields, str) or not isinstance(fields, Iterable) or not fields:
        raise InvalidInput("fields= takes a list of field names, or 'all'.")
    fields = list(_in_order(fields))
    for name in (object_name, *fields):
        if not isinstance(name, str) or _FIELD.fullmatch(name) is None:
            raise InvalidInput(f"{name!r} is no name of a field or an object.")
    condition = where_text(where)
    text = f"SELECT {', '.join(fields)} FROM {object_name}"  # noqa: S608  # nosec B608 # names checked above
    return f"{text} WHERE {condition}" if condition else text


def where_text(where: Condition | None) -> str:
    """The text of a condition; empty where there is none."""
    if where is None or isinstance(where, str):
        return (where or "").strip()
    if not isinstance(where, Mapping):
        raise InvalidInput(
            f"where= takes a condition in SOQL or a mapping, not a {type(where).__name__}."
        )
    return " AND ".join(_comparison(key, value) for key, value in where.items())


def _comparison(key: str, value: Any) -> str:
    match = _CONDITION.fullmatch(key) if isinstance(key, str) else None
    if match is None:
        raise InvalidInput(
            f"{key!r} is no condition; write a field, or a field and an operator: 'Amount >='."
        )
    many = is_collection(value)
    operator = " ".join((match["operator"] or ("IN" if many else "=")).upper().split())
    if many != (operator in _LISTS):
        shown = f"a {type(value).__name__}" if many else repr(value)
        raise InvalidInput(f"{key!r} takes {'a list' if not many else 'one value'}, not {shown}.")
    if operator == "LIKE" and isinstance(value, str):
        return f"{match['field']} LIKE {_pattern(value)}"
    return f"{match['field']} {operator} {literal(value)}"


def _pattern(text: str) -> str:
    """The literal of a pattern: ``\\%`` and ``\\_`` are these characters and no wildcards."""
    kept = []
    for at, part in enumerate(_LIKE_ESCAPE.split(text)):
        kept.append(f"\\{part}" if at % 2 else part.translate(_ESCAPES))
    return f"'{''.join(kept)}'"
