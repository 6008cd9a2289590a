"""SOQL text to a typed, frozen tree.

The grammar is that of the *SOQL and SOSL Reference*, chapter "SOQL SELECT Syntax". A lexer
and a recursive descent: SOQL's keywords are not reserved (`SELECT Id, Order, Limit FROM Group`
is a query), so that only the place of a word tells what it is.

Every node that can be complained about keeps `at`, its offset in the text, counted from 0.
Nothing here knows a schema: that a field exists is the compiler's question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

from salesforce_bulk.emulator.soql import dates
from salesforce_bulk.emulator.soql.errors import (
    MALFORMED_QUERY,
    NUMBER_OUTSIDE_VALID_RANGE,
    SoqlError,
    no_alternative,
    syntax,
    unexpected,
)

#: Characters in a statement, and in one string of its WHERE ("SOQL and SOSL Limits").
STATEMENT_CHARACTERS: Final = 100_000
STRING_CHARACTERS: Final = 4_000
#: Rows that OFFSET may skip ("OFFSET").
OFFSET_ROWS: Final = 2_000
#: Brackets, NOTs and function calls inside one another. Not the vendor's number (unknown):
#: SQLite's own parser has a stack of 100 places, and Python's is not endless either.
NESTING: Final = 40
#: LIMIT is a Java int.
_INTEGER_MAX: Final = 2_147_483_647


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Path:
    """`Account.Owner.Name`, as written."""

    names: tuple[str, ...]
    at: int

    @property
    def text(self) -> str:
        return ".".join(self.names)


LiteralKind: TypeAlias = Literal[
    "string", "number", "boolean", "null", "date", "dateTime", "time", "currency", "range"
]
LiteralValue: TypeAlias = str | int | float | bool | date | datetime | time | None


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal. `text` is as written (a string without its quotes, escapes untouched).

    `value` is what it means; for a date literal ("range") its upper-case name, and `count` the
    n of LAST_N_DAYS:n.
    """

    kind: LiteralKind
    value: LiteralValue
    text: str
    at: int
    count: int | None = None


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """`COUNT_DISTINCT(Account.Name)`. `name` is upper-case."""

    name: str
    arguments: tuple[Operand, ...]
    at: int


Operand: TypeAlias = Path | FunctionCall | Constant


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of = != < <= > >= LIKE."""

    operand: Path | FunctionCall
    operator: str
    value: Constant
    at: int


@dataclass(frozen=True, slots=True)
class InComparison:
    """`operator` is one of IN, NOT IN, INCLUDES, EXCLUDES."""

    operand: Path | FunctionCall
    operator: str
    values: tuple[Constant, ...]
    at: int


@dataclass(frozen=True, slots=True)
class SemiJoin:
    """`Id IN (SELECT ...)`, or NOT IN."""

    operand: Path | FunctionCall
    negated: bool
    query: Query
    at: int


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition
    at: int


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Condition, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Condition, ...]
    at: int


Condition: TypeAlias = Comparison | InComparison | SemiJoin | Not | And | Or


@dataclass(frozen=True, slots=True)
class SelectField:
    """A path or a function call, with its alias."""

    operand: Path | FunctionCall
    alias: Name | None
    at: int


@dataclass(frozen=True, slots=True)
class SelectFields:
    """`FIELDS(ALL)`; `group` is ALL, STANDARD or CUSTOM."""

    group: str
    at: int


@dataclass(frozen=True, slots=True)
class SelectChildren:
    """`(SELECT Id FROM Contacts)`."""

    query: Query
    at: int


@dataclass(frozen=True, slots=True)
class TypeOfBranch:
    object: Name
    fields: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class SelectTypeOf:
    """`TYPEOF What WHEN Account THEN Phone ELSE Name END`."""

    relationship: Path
    branches: tuple[TypeOfBranch, ...]
    otherwise: tuple[Path, ...]
    at: int


SelectItem: TypeAlias = SelectField | SelectFields | SelectChildren | SelectTypeOf


@dataclass(frozen=True, slots=True)
class GroupBy:
    """`kind` is "" for a plain list, else ROLLUP or CUBE."""

    kind: str
    items: tuple[Path | FunctionCall, ...]
    at: int


@dataclass(frozen=True, slots=True)
class OrderItem:
    """`nulls_last` is None where the query does not say."""

    operand: Path | FunctionCall
    descending: bool
    nulls_last: bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Alias:
    """`c.Account a` of a FROM clause."""

    path: Path
    alias: Name


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT statement; `text` is the whole statement that offsets point into."""

    fields: tuple[SelectItem, ...]
    object: Name
    text: str
    at: int
    alias: Name | None = None
    aliases: tuple[Alias, ...] = ()
    scope: Name | None = None
    where: Condition | None = None
    with_clauses: tuple[Name, ...] = ()
    group_by: GroupBy | None = None
    having: Condition | None = None
    order_by: tuple[OrderItem, ...] = ()
    limit: int | None = None
    offset: int | None = None
    for_clauses: tuple[str, ...] = field(default=())

    @property
    def aggregates(self) -> bool:
        """Whether its rows are groups, not records."""
        return self.group_by is not None or any(
            isinstance(item, SelectField) and is_aggregate(item.operand) for item in self.fields
        )

    @property
    def counts_only(self) -> bool:
        """Whether the whole SELECT list is `count()`."""
        first = self.fields[0]
        return (
            len(self.fields) == 1
            and isinstance(first, SelectField)
            and isinstance(first.operand, FunctionCall)
            and first.operand.name == "COUNT"
            and not first.operand.arguments
        )


AGGREGATES: Final = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
DATE_FUNCTIONS: Final = frozenset(
    {
        "CALENDAR_MONTH",
        "CALENDAR_QUARTER",
        "CALENDAR_YEAR",
        "DAY_IN_MONTH",
        "DAY_IN_WEEK",
        "DAY_IN_YEAR",
        "DAY_ONLY",
        "FISCAL_MONTH",
        "FISCAL_QUARTER",
        "FISCAL_YEAR",
        "HOUR_IN_DAY",
        "WEEK_IN_MONTH",
        "WEEK_IN_YEAR",
    }
)
_FUNCTIONS: Final = (
    AGGREGATES
    | DATE_FUNCTIONS
    | {"CONVERTCURRENCY", "CONVERTTIMEZONE", "DISTANCE", "FORMAT", "GEOLOCATION"}
    | {"GROUPING", "TOLABEL"}
)


def is_aggregate(node: Operand) -> bool:
    """COUNT(Id), FORMAT(MAX(Amount)), GROUPING(Type)."""
    if not isinstance(node, FunctionCall):
        return False
    if node.name in AGGREGATES or node.name == "GROUPING":
        return True
    return any(is_aggregate(argument) for argument in node.arguments)


#: Words that cannot be an alias ("Alias Notation").
_NOT_ALIASES: Final = frozenset(
    {
        *("AND", "ASC", "DESC", "EXCLUDES", "FIRST", "FROM", "GROUP", "HAVING", "IN", "INCLUDES"),
        *("LAST", "LIKE", "LIMIT", "NOT", "NULL", "NULLS", "OR", "SELECT", "USING", "WHERE"),
        "WITH",
    }
)
#: Two words that open a clause after FROM, where one word could still be an alias.
_CLAUSE_HEADS: Final = {
    "ORDER": frozenset({"BY"}),
    "FOR": frozenset({"VIEW", "REFERENCE", "UPDATE"}),
    "UPDATE": frozenset({"TRACKING", "VIEWSTAT"}),
    "ALL": frozenset({"ROWS"}),
}
_WITH_MODES: Final = frozenset({"SECURITY_ENFORCED", "USER_MODE", "SYSTEM_MODE"})
_COMPARISONS: Final = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_ESCAPES: Final = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    '"': '"',
    "'": "'",
    "\\": "\\",
}
_CURRENCY = re.compile(r"([A-Za-z]{3})([0-9]+)\Z")
_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n\f\v]+)
    | (?P<name>[A-Za-z][A-Za-z0-9_]*)
    | (?P<operator><=|>=|<>|!=|[=<>(),.:])
    | (?P<string>'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<dateTime>\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2}))
    | (?P<date>\d{4}-\d{2}-\d{2})
    | (?P<time>\d{2}:\d{2}:\d{2}(?:\.\d+)?[Zz]?)
    | (?P<number>[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)
    """,
    re.X | re.S | re.A,
)


class _Token(NamedTuple):
    kind: str
    text: str
    upper: str
    at: int


def parse(text: str) -> Query:
    """The tree of one SOQL statement. Raises SoqlError, and nothing else."""
    if not text.strip():
        raise SoqlError(MALFORMED_QUERY, "SOQL statements cannot be empty or null")
    if len(text) > STATEMENT_CHARACTERS:
        raise SoqlError(
            MALFORMED_QUERY,
            f"SOQL statements cannot be longer than {STATEMENT_CHARACTERS} characters.",
        )
    if not _is_unicode(text):
        raise SoqlError(MALFORMED_QUERY, "SOQL statements must be text in Unicode")
    return _Parser(text).statement()


def _is_unicode(text: str) -> bool:
    """JSON can bring half a surrogate pair, which no database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _tokens(text: str) -> list[_Token]:
    found = []
    at, end, match = 0, len(text), _TOKEN.match
    while at < end:
        token = match(text, at)
        if token is None:
            raise _unreadable(text, at)
        kind = token.lastgroup or ""
        if kind != "space":
            word = token.group()
            found.append(_Token(kind, word, word.upper() if kind == "name" else word, at))
        at = token.end()
    found.append(_Token("end", "<EOF>", "<EOF>", end))
    return found


def _unreadable(text: str, at: int) -> SoqlError:
    if text[at] == "'":
        return no_alternative(text, len(text), "<EOF>")
    return no_alternative(text, at, text[at])


_Item = TypeVar("_Item")


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._position = 0
        self._depth = 0

    def statement(self) -> Query:
        query = self._query()
        if self._token.kind != "end":
            raise self._unexpected_token()
        return query

    # Where we are

    @property
    def _token(self) -> _Token:
        return self._tokens[self._position]

    @property
    def _next(self) -> _Token:
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def _take(self) -> _Token:
        token = self._tokens[self._position]
        if token.kind != "end":
            self._position += 1
        return token

    def _unexpected_token(self) -> SoqlError:
        return unexpected(self._text, self._token.at, self._token.text)

    def _accept(self, word: str) -> bool:
        if self._token.upper != word:
            return False
        self._position += 1
        return True

    def _expect(self, word: str) -> _Token:
        if self._token.upper != word:
            raise self._unexpected_token()
        return self._take()

    def _name(self) -> Name:
        if self._token.kind != "name":
            raise self._unexpected_token()
        token = self._take()
        return Name(token.text, token.at)

    def _deeper(self, rule: Callable[[], _Item]) -> _Item:
        self._depth += 1
        if self._depth > NESTING:
            raise syntax(
                self._text, self._token.at, f"query is nested deeper than {NESTING} levels"
            )
        try:
            return rule()
        finally:
            self._depth -= 1

    def _list_of(self, rule: Callable[[], _Item]) -> tuple[_Item, ...]:
        items = [rule()]
        while self._accept(","):
            items.append(rule())
        return tuple(items)

    # The statement, clause by clause

    def _query(self) -> Query:
        at = self._expect("SELECT").at
        fields = self._list_of(self._select_item)
        self._expect("FROM")
        object_name, alias, aliases = self._from()
        scope = self._scope()
        where = self._condition() if self._accept("WHERE") else None
        with_clauses = self._with()
        group_by = self._group_by()
        having = self._condition() if self._accept("HAVING") else None
        order_by = self._order_by()
        limit = self._count("LIMIT", _INTEGER_MAX)
        offset = self._count("OFFSET", _INTEGER_MAX)
        if offset is not None and offset > OFFSET_ROWS:
            raise SoqlError(
                NUMBER_OUTSIDE_VALID_RANGE, f"Maximum SOQL offset allowed is {OFFSET_ROWS}"
            )
        return Query(
            fields=fields,
            object=object_name,
            text=self._text,
            at=at,
            alias=alias,
            aliases=aliases,
            scope=scope,
            where=where,
            with_clauses=with_clauses,
            group_by=group_by,
            having=having,
            order_by=order_by,
            limit=limit,
            offset=offset,
            for_clauses=self._for(),
        )

    def _from(self) -> tuple[Name, Name | None, tuple[Alias, ...]]:
        object_name = self._dotted_name()
        alias = self._alias()
        aliases = []
        while self._accept(","):
            path = self._path()
            name = self._alias()
            if name is None:
                raise self._unexpected_token()
            aliases.append(Alias(path, name))
        return object_name, alias, tuple(aliases)

    def _dotted_name(self) -> Name:
        path = self._path()
        return Name(path.text, path.at)

    def _alias(self) -> Name | None:
        if self._accept("AS"):
            if self._token.kind != "name" or self._token.upper in _NOT_ALIASES:
                raise self._unexpected_token()
            return self._name()
        if self._token.kind != "name" or self._token.upper in _NOT_ALIASES:
            return None
        return None if self._at_clause() else self._name()

    def _at_clause(self) -> bool:
        word, following = self._token.upper, self._next
        if word == "OFFSET":
            return following.kind == "number"
        return following.upper in _CLAUSE_HEADS.get(word, ())

    def _scope(self) -> Name | None:
        if not self._accept("USING"):
            return None
        self._expect("SCOPE")
        return self._name()

    def _with(self) -> tuple[Name, ...]:
        clauses = []
        while self._accept("WITH"):
            name = self._name()
            clauses.append(name)
            if name.text.upper() not in _WITH_MODES:
                self._skip_with_filter()
        return tuple(clauses)

    def _skip_with_filter(self) -> None:
        """Data categories and record visibility are refused by name; their inside is not read."""
        ends = {"GROUP", "ORDER", "LIMIT", "OFFSET", "FOR", "UPDATE", "WITH", ")", "HAVING"}
        depth = 0
        while self._token.kind != "end" and (depth or self._token.upper not in ends):
            depth += {"(": 1, ")": -1}.get(self._take().text, 0)

    def _group_by(self) -> GroupBy | None:
        at = self._token.at
        if not self._accept("GROUP"):
            return None
        self._expect("BY")
        kind = self._token.upper
        if kind in ("ROLLUP", "CUBE") and self._next.text == "(":
            self._position += 2
            items = self._list_of(self._operand)
            self._expect(")")
            return GroupBy(kind, items, at)
        return GroupBy("", self._list_of(self._operand), at)

    def _order_by(self) -> tuple[OrderItem, ...]:
        if self._token.upper != "ORDER":
            return ()
        self._position += 1
        self._expect("BY")
        return self._list_of(self._order_item)

    def _order_item(self) -> OrderItem:
        at = self._token.at
        operand = self._operand()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last: bool | None = None
        if self._accept("NULLS"):
            nulls_last = self._token.upper == "LAST"
            if not nulls_last and self._token.upper != "FIRST":
                raise self._unexpected_token()
            self._position += 1
        return OrderItem(operand, descending, nulls_last, at)

    def _count(self, word: str, maximum: int) -> int | None:
        if not self._accept(word):
            return None
        token = self._token
        if token.kind != "number" or not token.text.isdigit():
            raise self._unexpected_token()
        self._position += 1
        if len(token.text) > 10 or int(token.text) > maximum:
            raise syntax(self._text, token.at, f"{word} is too large: {token.text[:20]}")
        return int(token.text)

    def _for(self) -> tuple[str, ...]:
        clauses = []
        while self._token.kind == "name" and self._at_clause():
            if self._token.upper not in ("FOR", "UPDATE", "ALL"):
                break
            first, second = self._take(), self._take()
            if first.upper == "ALL":
                raise syntax(self._text, first.at, "ALL ROWS not allowed in this context")
            clauses.append(f"{first.upper} {second.upper}")
        return tuple(clauses)

    # The SELECT list

    def _select_item(self) -> SelectItem:
        token, following = self._token, self._next
        if token.text == "(":
            return self._deeper(self._children)
        if token.kind != "name" or (token.upper == "FROM" and following.text not in ",."):
            raise self._unexpected_token()
        if token.upper == "FIELDS" and following.text == "(":
            return self._fields_function()
        if token.upper == "TYPEOF" and following.kind == "name" and following.upper != "FROM":
            return self._type_of()
        operand = self._operand()
        return SelectField(operand, self._field_alias(), token.at)

    def _field_alias(self) -> Name | None:
        if self._token.kind != "name" or self._token.upper in _NOT_ALIASES:
            return None
        return self._name()

    def _children(self) -> SelectChildren:
        at = self._take().at
        query = self._query()
        self._expect(")")
        return SelectChildren(query, at)

    def _fields_function(self) -> SelectFields:
        at = self._take().at
        self._expect("(")
        if self._token.upper not in ("ALL", "STANDARD", "CUSTOM"):
            raise self._unexpected_token()
        group = self._take().upper
        self._expect(")")
        return SelectFields(group, at)

    def _type_of(self) -> SelectTypeOf:
        at = self._take().at
        relationship = self._path()
        branches = []
        while self._accept("WHEN"):
            name = self._name()
            self._expect("THEN")
            branches.append(TypeOfBranch(name, self._list_of(self._path)))
        if not branches:
            raise self._unexpected_token()
        otherwise = self._list_of(self._path) if self._accept("ELSE") else ()
        self._expect("END")
        return SelectTypeOf(relationship, tuple(branches), otherwise, at)

    # Operands

    def _path(self) -> Path:
        first = self._name()
        names = [first.text]
        while self._accept("."):
            names.append(self._name().text)
        return Path(tuple(names), first.at)

    def _operand(self) -> Path | FunctionCall:
        if self._token.kind == "name" and self._next.text == "(":
            return self._deeper(self._call)
        return self._path()

    def _call(self) -> FunctionCall:
        name = self._take()
        if name.upper not in _FUNCTIONS:
            raise self._unexpected_token()
        self._expect("(")
        arguments = () if self._token.text == ")" else self._list_of(self._argument)
        self._expect(")")
        return FunctionCall(name.upper, arguments, name.at)

    def _argument(self) -> Operand:
        return self._operand() if self._token.kind == "name" else self._constant()

    # Conditions

    def _condition(self) -> Condition:
        at = self._token.at
        items = [self._simple()]
        joint = self._token.upper
        if joint not in ("AND", "OR"):
            return items[0]
        while self._accept(joint):
            items.append(self._simple())
        # The other of the two, without brackets, now stands where nobody expects it.
        return And(tuple(items), at) if joint == "AND" else Or(tuple(items), at)

    def _simple(self) -> Condition:
        if self._token.text == "(":
            return self._deeper(self._bracket)
        if self._token.upper == "NOT":
            return self._deeper(self._not)
        return self._field_expression()

    def _bracket(self) -> Condition:
        self._take()
        condition = self._condition()
        self._expect(")")
        return condition

    def _not(self) -> Condition:
        at = self._take().at
        return Not(self._simple(), at)

    def _field_expression(self) -> Condition:
        at = self._token.at
        operand = self._operand()
        token = self._token
        if token.text in _COMPARISONS:
            self._position += 1
            operator = "!=" if token.text == "<>" else token.text
            return Comparison(operand, operator, self._constant(), at)
        if token.upper == "LIKE":
            self._position += 1
            return Comparison(operand, "LIKE", self._constant(like=True), at)
        if token.upper in ("INCLUDES", "EXCLUDES"):
            self._position += 1
            return InComparison(operand, token.upper, self._constants(), at)
        negated = self._accept("NOT")
        self._expect("IN")
        return self._in(operand, negated, at)

    def _in(self, operand: Path | FunctionCall, negated: bool, at: int) -> Condition:
        if self._token.text == "(" and self._next.upper == "SELECT":
            self._position += 1
            query = self._deeper(self._query)
            self._expect(")")
            return SemiJoin(operand, negated, query, at)
        if self._token.text != "(":
            raise self._no_bind_variables()
        return InComparison(operand, "NOT IN" if negated else "IN", self._constants(), at)

    def _constants(self) -> tuple[Constant, ...]:
        self._expect("(")
        values = self._list_of(self._constant)
        self._expect(")")
        return values

    # Literals

    def _constant(self, *, like: bool = False) -> Constant:
        token = self._token
        reader = _READERS.get(token.kind)
        if reader is None:
            raise self._no_bind_variables()
        if token.kind == "string":
            self._position += 1
            return self._string(token, like=like)
        constant = reader(token)
        if constant is not None:
            self._position += 1
            return constant
        if token.kind != "name":
            raise syntax(self._text, token.at, f"Invalid {token.kind}: {token.text}")
        return self._date_literal()

    def _string(self, token: _Token, *, like: bool) -> Constant:
        raw = token.text[1:-1]
        value = unescape(raw, like=like) if "\\" in raw else raw
        if value is None:
            raise syntax(
                self._text,
                token.at,
                f"Invalid string literal '{raw[:200]}'. "
                "Illegal character sequence in string literal.",
            )
        if len(value) > STRING_CHARACTERS:
            raise syntax(
                self._text,
                token.at,
                f"String literal cannot be longer than {STRING_CHARACTERS} characters",
            )
        return Constant("string", value, raw, token.at)

    def _date_literal(self) -> Constant:
        token = self._token
        takes_count = dates.takes_count(token.upper)
        if takes_count is None:
            raise self._no_bind_variables()
        self._position += 1
        if not takes_count:
            return Constant("range", token.upper, token.text, token.at)
        self._expect(":")
        if self._token.kind != "number" or not self._token.text.isdigit():
            raise self._unexpected_token()
        number = self._take().text
        count = int(number) if len(number) < 10 else _INTEGER_MAX
        return Constant("range", token.upper, token.text, token.at, count)

    def _no_bind_variables(self) -> SoqlError:
        if self._token.text == ":" or self._token.kind == "name":
            return syntax(self._text, self._token.at, "Bind variables only allowed in Apex code")
        return self._unexpected_token()


def unescape(raw: str, *, like: bool = False) -> str | None:
    """The text that a string literal means, or None where an escape is not one of SOQL's.

    In a LIKE pattern `\\_` and `\\%` stay as they are, and so does a doubled backslash: there
    they are the pattern's own escapes.
    """
    pieces = []
    at = 0
    while True:
        slash = raw.find("\\", at)
        if slash < 0:
            pieces.append(raw[at:])
            return "".join(pieces)
        pieces.append(raw[at:slash])
        letter = raw[slash + 1]
        at = slash + 2
        if like and letter in "_%\\":
            pieces.append("\\" + letter)
        elif letter.lower() in _ESCAPES:
            pieces.append(_ESCAPES[letter.lower()])
        elif letter in "uU" and (code := _code_point(raw[at : at + 4])) is not None:
            pieces.append(chr(code))
            at += 4
        else:
            return None


def _code_point(digits: str) -> int | None:
    if len(digits) < 4 or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
        return None
    code = int(digits, 16)
    # Half a surrogate pair is no character, and no UTF-8 either.
    return None if 0xD800 <= code < 0xE000 else code


def _number(token: _Token) -> Constant:
    text = token.text
    value: int | float
    if text.lstrip("+-").isdigit() and len(text) < 19:
        value = int(text)
    else:
        value = float(text)
    return Constant("number", value, text, token.at)


def _date(token: _Token) -> Constant | None:
    try:
        value = date.fromisoformat(token.text)
    except ValueError:
        return None
    return Constant("date", value, token.text, token.at) if dates.valid(value) else None


_DATETIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))"
)


def _date_time(token: _Token) -> Constant | None:
    found = _DATETIME.fullmatch(token.text)
    if found is None:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        value = datetime.combine(
            date.fromisoformat(day),
            time(int(hour), int(minute), int(second), _microseconds(fraction)),
            timezone(-offset if sign == "-" else offset),
        ).astimezone(timezone.utc)
    except (ValueError, OverflowError):
        return None
    return Constant("dateTime", value, token.text, token.at) if dates.valid(value.date()) else None


def _time(token: _Token) -> Constant | None:
    clock, _, fraction = token.text.rstrip("Zz").partition(".")
    hour, minute, second = (int(part) for part in clock.split(":"))
    try:
        value = time(hour, minute, second, _microseconds(fraction))
    except ValueError:
        return None
    return Constant("time", value, token.text, token.at)


def _microseconds(fraction: str | None) -> int:
    """Whole milliseconds, as Salesforce stores them."""
    return int((fraction or "")[:3].ljust(3, "0")) * 1000


def _word(token: _Token) -> Constant | None:
    if token.upper in ("TRUE", "FALSE"):
        return Constant("boolean", token.upper == "TRUE", token.text, token.at)
    if token.upper == "NULL":
        return Constant("null", None, token.text, token.at)
    currency = _CURRENCY.match(token.text)
    if currency:
        return Constant("currency", float(currency[2]), token.text, token.at)
    return None


def _nothing(token: _Token) -> Constant | None:  # strings are read by the parser itself
    return None


_READERS: Final[dict[str, Callable[[_Token], Constant | None]]] = {
    "string": _nothing,
    "number": _number,
    "date": _date,
    "dateTime": _date_time,
    "time": _time,
    "name": _word,
}
