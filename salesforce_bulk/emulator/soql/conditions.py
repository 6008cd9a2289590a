"""WHERE and HAVING to SQL.

Source: *SOQL and SOSL Reference*, "Condition Expression Syntax", "Comparison Operators",
"Filtering on Null"... SQL's third truth value does not exist in SOQL: what is unknown is
false, and its NOT is true.

The shape of the SQL is bound by SQLite's limits, so that whatever is accepted here also runs:
an expression may be 1,000 deep and its parser's stack holds 100 places, so conditions nested
deepest are written first and long lists are cut into pieces.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final, NamedTuple, TypeAlias

from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.soql import dates
from salesforce_bulk.emulator.soql.errors import (
    INVALID_FIELD,
    INVALID_QUERY_FILTER_OPERATOR,
    MALFORMED_QUERY,
    QUERY_TOO_COMPLICATED,
    SoqlError,
    located,
    not_emulated,
)
from salesforce_bulk.emulator.soql.operands import TEXT, Operand
from salesforce_bulk.emulator.soql.parse import (
    And,
    Comparison,
    Condition,
    Constant,
    FunctionCall,
    InComparison,
    Not,
    Or,
    Path,
    SemiJoin,
)

#: Rows whose field is null are returned by `!= 'x'` and `NOT IN ('x')`. Assumed: the vendor's
#: pages do not say. Never true of date functions.
NULLS_ARE_UNEQUAL: Final = True
#: Brackets holding several conditions, in one query.
_COMPOUNDS: Final = 200
#: Comparisons in one query, each period of a list counted: SQLite's planner takes a second for
#: these, and four for twice as many.
_COMPARISONS: Final = 4_000
#: Conditions in one flat chain, and values in one list of placeholders.
_CHAIN: Final = 100
_PLACEHOLDERS: Final = 200

Parameter: TypeAlias = str | int | float | None


class SqlFragment(NamedTuple):
    """A piece of SQL with its parameters. `depth` counts brackets inside one another."""

    sql: str
    parameters: tuple[object, ...] = ()
    depth: int = 0


_TRUE = SqlFragment("1")
_FALSE = SqlFragment("0")

#: Describe's type, as errors call it (the names of XML Schema, as in soapType).
_TYPE_WORDS: Final = {
    "id": "ID",
    "reference": "ID",
    "boolean": "boolean",
    "int": "int",
    "long": "long",
    "double": "double",
    "currency": "double",
    "percent": "double",
    "date": "date",
    "datetime": "dateTime",
    "time": "time",
}
#: The literals each kind of field is compared with.
_LITERALS: Final = {
    "id": frozenset({"string"}),
    "boolean": frozenset({"boolean"}),
    "number": frozenset({"number", "currency"}),
    "date": frozenset({"date", "range"}),
    "datetime": frozenset({"dateTime", "range"}),
    "time": frozenset({"time"}),
    "set": frozenset({"string"}),
    TEXT: frozenset({"string"}),
}
_QUOTED: Final = frozenset(kind for kind, literals in _LITERALS.items() if "string" in literals)
_EQUALITY: Final = frozenset({"=", "!=", "IN", "NOT IN"})
_ORDER: Final = _EQUALITY | {"<", "<=", ">", ">="}
_OPERATORS: Final = {
    "id": _ORDER,
    "boolean": _EQUALITY,
    "number": _ORDER,
    "date": _ORDER,
    "datetime": _ORDER,
    "time": _ORDER,
    "set": _EQUALITY | {"INCLUDES", "EXCLUDES"},
    TEXT: _ORDER | {"LIKE"},
}


@dataclass
class ConditionContext:
    """What conditions need to know beside the fields."""

    text: str
    today: date
    semi_join: Callable[[SemiJoin, Operand], SqlFragment] | None
    compounds: int = 0
    comparisons: int = 0


class Conditions:
    """Compiles the conditions of one clause; `bind` gives the operand of a path or call."""

    def __init__(
        self, context: ConditionContext, bind: Callable[[Path | FunctionCall], Operand]
    ) -> None:
        self._context = context
        self._bind = bind

    def compile(self, condition: Condition) -> SqlFragment:
        """SQL that is true, false or null; null means false. Raises SoqlError."""
        self._check_semi_joins(condition)
        return self._condition(condition, negated=False)

    # Trees of conditions

    def _condition(self, node: Condition, *, negated: bool) -> SqlFragment:
        """NOT is carried down to the leaves: with two truth values that changes nothing."""
        if isinstance(node, Not):
            return self._condition(node.item, negated=not negated)
        if isinstance(node, And | Or):
            self._count(node.at, compounds=1)
            joint = "AND" if isinstance(node, And) != negated else "OR"
            return join(joint, [self._condition(item, negated=negated) for item in node.items])
        leaf = self._leaf(node)
        return SqlFragment(f"NOT ifnull({leaf.sql}, 0)", leaf.parameters) if negated else leaf

    def _check_semi_joins(self, condition: Condition) -> None:
        """They stand alone or among the outermost ANDs."""
        outermost = condition.items if isinstance(condition, And | Or) else (condition,)
        for item in outermost:
            if isinstance(item, SemiJoin) and isinstance(condition, Or):
                raise self._error(
                    MALFORMED_QUERY,
                    item.at,
                    "Semi join sub-selects are not allowed with the 'OR' operator",
                )
            nested = None if isinstance(item, SemiJoin) else _semi_join_in(item)
            if nested is not None:
                raise self._error(
                    MALFORMED_QUERY,
                    nested.at,
                    "Semi join sub-selects are only allowed at the top level WHERE expressions "
                    "and not in nested WHERE expressions.",
                )

    def _count(self, at: int, *, compounds: int = 0, comparisons: int = 0) -> None:
        context = self._context
        context.compounds += compounds
        context.comparisons += comparisons
        if context.compounds > _COMPOUNDS or context.comparisons > _COMPARISONS:
            raise self._error(QUERY_TOO_COMPLICATED, at, "Query is too complicated")

    def _leaf(self, node: Comparison | InComparison | SemiJoin) -> SqlFragment:
        self._count(node.at, comparisons=1)
        operand = self._bind(node.operand)
        self._check_filterable(operand)
        if isinstance(node, SemiJoin):
            if self._context.semi_join is None:
                raise self._error(
                    MALFORMED_QUERY, node.at, "Nesting of semi join sub-selects is not supported"
                )
            return self._context.semi_join(node, operand)
        self._check_operator(operand, node.operator, node.at)
        if isinstance(node, Comparison):
            return self._comparison(operand, node)
        return self._membership(operand, node)

    # Checks

    def _error(self, code: str, at: int, sentence: str) -> SoqlError:
        return located(code, self._context.text, at, sentence)

    def _check_filterable(self, operand: Operand) -> None:
        if operand.kind == "compound":
            raise self._error(
                INVALID_FIELD,
                operand.at,
                f"{operand.type.capitalize()} fields can only be filtered using Distance "
                "expressions",
            )
        if operand.field is not None and not operand.field.filterable:
            raise self._error(
                INVALID_FIELD,
                operand.at,
                f"field '{operand.name}' can not be filtered in a query call",
            )

    def _check_operator(self, operand: Operand, operator: str, at: int) -> None:
        if operand.kind not in _OPERATORS or operator not in _OPERATORS[operand.kind]:
            raise self._error(
                INVALID_QUERY_FILTER_OPERATOR, at, f"invalid operator on {operand.type} field"
            )

    def _check_literal(self, operand: Operand, constant: Constant) -> None:
        accepted = _LITERALS[operand.kind]
        if constant.kind in accepted:
            if constant.kind == "currency":
                raise not_emulated("a currency literal in an org with one currency")
            return
        word = _TYPE_WORDS.get(operand.type, "string")
        negation = "" if "string" in accepted else "not "
        raise self._error(
            INVALID_FIELD,
            operand.at,
            f"value of filter criterion for field '{operand.name}' must be of type {word} and "
            f"should {negation}be enclosed in quotes",
        )

    # Comparisons

    def _comparison(self, operand: Operand, node: Comparison) -> SqlFragment:
        constant, operator = node.value, node.operator
        if operator in ("=", "!=") and _is_null(operand, constant):
            return _null_test(operand, equal=operator == "=")
        if constant.kind == "null":
            raise self._error(INVALID_QUERY_FILTER_OPERATOR, node.at, "invalid operator with null")
        self._check_literal(operand, constant)
        if operator == "LIKE":
            return _like(operand, str(constant.value))
        if operator in ("=", "!="):
            equal = self._equals(operand, constant)
            return equal if operator == "=" else _unequal(operand, equal)
        return self._order(operand, operator, constant)

    def _equals(self, operand: Operand, constant: Constant) -> SqlFragment:
        if constant.kind == "range":
            low, high = self._range(operand, constant)
            return self._with(operand, "{0} >= ? AND {0} < ?", low, high)
        if operand.kind == TEXT:
            return _text_equals(operand, str(constant.value))
        if operand.kind == "set":
            return _same_set(operand, str(constant.value))
        value = self._value(operand, constant)
        if operand.kind == "boolean" and operand.optional:
            return self._with(operand, "ifnull({0}, 0) = ?", value)
        return self._with(operand, "{0} = ?", value)

    def _order(self, operand: Operand, operator: str, constant: Constant) -> SqlFragment:
        if constant.kind == "range":
            low, high = self._range(operand, constant)
            # `<=` a period is before its end, `>` is from its end on.
            operator, value = {
                "<": ("<", low),
                "<=": ("<", high),
                ">": (">=", high),
                ">=": (">=", low),
            }[operator]
            return self._with(operand, f"{{0}} {operator} ?", value)
        collation = ""
        if operand.kind == TEXT:
            collation = f" COLLATE {_collation(operand, str(constant.value))}"
        return self._with(operand, f"{{0}}{collation} {operator} ?", self._value(operand, constant))

    def _with(self, operand: Operand, template: str, *values: Parameter) -> SqlFragment:
        uses = template.count("{0}")
        sql = template.format(operand.sql)
        if uses > 1:
            sql = f"({sql})"
        if not operand.parameters:
            return SqlFragment(sql, values)
        # toLabel's own parameters stand before each value they are compared with.
        return SqlFragment(sql, (*operand.parameters, *values))

    def _range(self, operand: Operand, constant: Constant) -> tuple[str, str]:
        self._count(operand.at, comparisons=1)
        start, end = dates.day_range(str(constant.value), constant.count, self._context.today)
        if operand.kind == "date":
            return start.isoformat(), end.isoformat()
        return f"{start.isoformat()}T00:00:00.000Z", f"{end.isoformat()}T00:00:00.000Z"

    def _value(self, operand: Operand, constant: Constant) -> Parameter:
        value = constant.value
        if operand.kind == "id":
            return self._id(operand, constant)
        if isinstance(value, bool):
            return int(value)
        if isinstance(value, datetime):
            return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, time):
            return value.isoformat("milliseconds") + "Z"
        return value

    def _id(self, operand: Operand, constant: Constant) -> str:
        found = to_18(str(constant.value))
        if found is None:
            raise self._error(
                INVALID_QUERY_FILTER_OPERATOR,
                operand.at,
                f"invalid ID field: {str(constant.value)[:200]}",
            )
        return found

    # Lists

    def _membership(self, operand: Operand, node: InComparison) -> SqlFragment:
        for constant in node.values:
            if not _is_null(operand, constant):
                self._check_literal(operand, constant)
        if node.operator in ("INCLUDES", "EXCLUDES"):
            found = join("OR", [_includes(operand, str(c.value or "")) for c in node.values])
            return found if node.operator == "INCLUDES" else _negation(found)
        found = self._in(operand, node.values)
        return found if node.operator == "IN" else _unequal(operand, found)

    def _in(self, operand: Operand, constants: Sequence[Constant]) -> SqlFragment:
        alternatives: list[SqlFragment] = []
        plain: list[Parameter] = []
        for constant in constants:
            if _is_null(operand, constant):
                alternatives.append(_null_test(operand, equal=True))
            elif _fits_a_list(operand, constant):
                plain.append(self._value(operand, constant))
            else:
                alternatives.append(self._equals(operand, constant))
        if plain:
            alternatives.insert(0, self._in_list(operand, plain))
        return join("OR", alternatives)

    def _in_list(self, operand: Operand, values: Sequence[Parameter]) -> SqlFragment:
        collation = ""
        if operand.kind == TEXT:
            collation = " COLLATE BINARY" if _case_sensitive(operand) else " COLLATE NOCASE"
        tested = "ifnull({0}, 0)" if operand.kind == "boolean" and operand.optional else "{0}"
        if len(values) > _PLACEHOLDERS:
            # One parameter: SQLite takes 32,766 of them, 999 before 3.32.
            listed = "SELECT value FROM json_each(?)"
            return self._with(operand, f"{tested}{collation} IN ({listed})", _json(values))
        listed = ", ".join("?" * len(values))
        return self._with(operand, f"{tested}{collation} IN ({listed})", *values)


def _semi_join_in(node: Condition) -> SemiJoin | None:
    if isinstance(node, SemiJoin):
        return node
    items = node.items if isinstance(node, And | Or) else ()
    if isinstance(node, Not):
        items = (node.item,)
    return next((found for item in items if (found := _semi_join_in(item)) is not None), None)


def join(joint: str, fragments: Iterable[SqlFragment]) -> SqlFragment:
    """Fragments joined by AND or OR, the most deeply nested first."""
    items = sorted(fragments, key=lambda item: -item.depth)
    if len(items) == 1:
        return items[0]
    while len(items) > _CHAIN:
        deep = [item for item in items if item.depth > 1]
        flat = items[len(deep) :]
        pieces = [_chain(joint, flat[at : at + _CHAIN]) for at in range(0, len(flat), _CHAIN)]
        items = deep + pieces
        if len(flat) <= _CHAIN:
            break
    return _chain(joint, items)


def _chain(joint: str, items: Sequence[SqlFragment]) -> SqlFragment:
    if len(items) == 1:
        return items[0]
    sql = f" {joint} ".join([item.sql for item in items])
    parameters = tuple([value for item in items for value in item.parameters])
    return SqlFragment(f"({sql})", parameters, 1 + max(item.depth for item in items))


def _negation(fragment: SqlFragment) -> SqlFragment:
    return SqlFragment(f"NOT ifnull({fragment.sql}, 0)", fragment.parameters, fragment.depth + 1)


def _is_null(operand: Operand, constant: Constant) -> bool:
    """Empty text is null: Salesforce stores none."""
    if constant.kind == "null":
        return True
    return constant.kind == "string" and constant.value == "" and operand.kind in _QUOTED


def _fits_a_list(operand: Operand, constant: Constant) -> bool:
    """Whether being equal to the literal is one comparison of SQLite's."""
    if operand.kind == TEXT:
        return _plain_text(operand, str(constant.value))
    return operand.kind != "set" and constant.kind != "range"


def _null_test(operand: Operand, *, equal: bool) -> SqlFragment:
    if operand.kind == "boolean":
        # "b = null" means "b = false".
        return SqlFragment(f"ifnull({operand.sql}, 0) = {0 if equal else 1}")
    return SqlFragment(f"{operand.tested} IS {'' if equal else 'NOT '}NULL")


def _unequal(operand: Operand, equal: SqlFragment) -> SqlFragment:
    """The rows that `equal` does not return."""
    if NULLS_ARE_UNEQUAL and not (operand.function and operand.field is None):
        return _negation(equal)
    return SqlFragment(f"NOT {equal.sql}", equal.parameters, equal.depth + 1)


def _case_sensitive(operand: Operand) -> bool:
    return operand.field is not None and operand.field.case_sensitive


def _plain_text(operand: Operand, value: str) -> bool:
    """Whether SQLite's own comparisons see the text as Salesforce does: NOCASE is ASCII only."""
    return value.isascii() or _case_sensitive(operand)


def _collation(operand: Operand, value: str) -> str:
    if _case_sensitive(operand):
        return "BINARY"
    return "NOCASE" if value.isascii() else "UNICODE_NOCASE"


def _text_equals(operand: Operand, value: str) -> SqlFragment:
    if _plain_text(operand, value):
        collation = "BINARY" if _case_sensitive(operand) else "NOCASE"
        return SqlFragment(f"{operand.sql} = ? COLLATE {collation}", (*operand.parameters, value))
    # GLOB with a class of cases for each letter runs in C; a collation of our own would not.
    return SqlFragment(f"{operand.sql} GLOB ?", (*operand.parameters, _glob(value, wild=False)))


def _like(operand: Operand, pattern: str) -> SqlFragment:
    if pattern.isascii() and not _case_sensitive(operand):
        return SqlFragment(f"{operand.sql} LIKE ? ESCAPE '\\'", (*operand.parameters, pattern))
    glob = _glob(pattern, wild=True, fold=not _case_sensitive(operand))
    return SqlFragment(f"{operand.sql} GLOB ?", (*operand.parameters, glob))


def _glob(text: str, *, wild: bool, fold: bool = True) -> str:
    """A GLOB pattern for text, or for a LIKE pattern, in any letter case."""
    pieces = []
    characters = iter(text)
    for character in characters:
        if wild and character == "%":
            pieces.append("*")
        elif wild and character == "_":
            pieces.append("?")
        elif wild and character == "\\":
            pieces.append(_glob_class(next(characters), fold=fold))
        else:
            pieces.append(_glob_class(character, fold=fold))
    return "".join(pieces)


def _glob_class(character: str, *, fold: bool) -> str:
    if character in "*?[":
        return f"[{character}]"
    if not fold:
        return character
    cases = {character, character.lower(), character.upper(), character.casefold()}
    cases = {case for case in cases if len(case) == 1}
    return character if len(cases) == 1 else f"[{''.join(sorted(cases))}]"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _has_part(operand: Operand, part: str) -> SqlFragment:
    """Whether a multipicklist holds the value, as `;a;b;` holds `;b;`."""
    whole = f"';' || {operand.sql} || ';'"
    if part.isascii():
        escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return SqlFragment(f"{whole} LIKE ? ESCAPE '\\'", (*operand.parameters, f"%;{escaped};%"))
    glob = f"*;{_glob(part, wild=False)};*"
    return SqlFragment(f"{whole} GLOB ?", (*operand.parameters, glob))


def _includes(operand: Operand, text: str) -> SqlFragment:
    parts = _parts(text)
    if not parts:
        return _null_test(operand, equal=True)
    return join("AND", [_has_part(operand, part) for part in parts])


def _same_set(operand: Operand, text: str) -> SqlFragment:
    parts = _parts(text)
    if not parts:
        return _FALSE
    separators = f"length({operand.sql}) - length(replace({operand.sql}, ';', '')) = ?"
    count = SqlFragment(separators, (*operand.parameters, *operand.parameters, len(parts) - 1))
    return join("AND", [count, *(_has_part(operand, part) for part in parts)])


def _json(values: Sequence[Parameter]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
