"""What a condition, a SELECT list or a GROUP BY can name: fields and functions of fields, as SQL.

Source: *SOQL and SOSL Reference*, "Date Functions", "Aggregate Functions", "toLabel()",
"FORMAT()", "convertCurrency()". Dates and times are in UTC, the zone of the org's users, so
that convertTimezone() changes nothing; there is one currency, so that convertCurrency()
changes nothing either.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.soql.errors import (
    INVALID_FIELD,
    MALFORMED_QUERY,
    SoqlError,
    located,
    not_emulated,
    unexpected,
)
from salesforce_bulk.emulator.soql.parse import (
    AGGREGATES,
    DATE_FUNCTIONS,
    Constant,
    FunctionCall,
    Path,
)
from salesforce_bulk.emulator.soql.paths import FromClause

#: How values of a type compare: the kind, by describe's word.
KINDS: Final = {
    "id": "id",
    "reference": "id",
    "boolean": "boolean",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    "time": "time",
    "base64": "binary",
    "address": "compound",
    "location": "compound",
    "multipicklist": "set",
}
TEXT: Final = "text"

_YEAR = "CAST(substr({0}, 1, 4) AS INTEGER)"
_MONTH = "CAST(substr({0}, 6, 2) AS INTEGER)"
_QUARTER = "(CAST(substr({0}, 6, 2) AS INTEGER) + 2) / 3"
_DAY = "CAST(substr({0}, 9, 2) AS INTEGER)"
_DAY_OF_YEAR = "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)"
#: "The first week is from January 1 through January 7", and from the 1st to the 7th of a month.
_DATE_SQL: Final = {
    "CALENDAR_YEAR": _YEAR,
    "CALENDAR_QUARTER": _QUARTER,
    "CALENDAR_MONTH": _MONTH,
    "FISCAL_YEAR": _YEAR,
    "FISCAL_QUARTER": _QUARTER,
    "FISCAL_MONTH": _MONTH,
    "DAY_IN_MONTH": _DAY,
    "DAY_IN_WEEK": "CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1",
    "DAY_IN_YEAR": _DAY_OF_YEAR,
    "DAY_ONLY": "substr({0}, 1, 10)",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "WEEK_IN_MONTH": f"({_DAY} + 6) / 7",
    "WEEK_IN_YEAR": f"({_DAY_OF_YEAR} + 6) / 7",
}
_NEEDS_TIME: Final = frozenset({"DAY_ONLY", "HOUR_IN_DAY"})

_NUMBERS: Final = frozenset({"number"})
_ORDERED: Final = frozenset({"number", "date", "datetime", "time", "id", "boolean", TEXT})
_COUNTED: Final = _ORDERED | {"set"}
#: The SQL of an aggregate, and the kinds it takes.
_AGGREGATE_SQL: Final = {
    "COUNT": ("COUNT({0})", _COUNTED),
    "COUNT_DISTINCT": ("COUNT(DISTINCT {0})", _COUNTED),
    "SUM": ("SUM({0})", _NUMBERS),
    "AVG": ("AVG({0})", _NUMBERS),
    "MIN": ("MIN({0})", _ORDERED - {"boolean"}),
    "MAX": ("MAX({0})", _ORDERED - {"boolean"}),
}
_AGGREGATE_TYPES: Final = {"COUNT": "int", "COUNT_DISTINCT": "int", "AVG": "double"}


_SHOWN_DATE = (
    "CAST(substr({0}, 6, 2) AS INTEGER) || '/' || CAST(substr({0}, 9, 2) AS INTEGER) || '/' || "
    "substr({0}, 1, 4)"
)


def _shown_clock(start: int) -> str:
    hour = f"CAST(substr({{0}}, {start}, 2) AS INTEGER)"
    return (
        f"(({hour} + 11) % 12 + 1) || substr({{0}}, {start + 2}, 3) || "
        f"CASE WHEN {hour} < 12 THEN ' AM' ELSE ' PM' END"
    )


#: FORMAT() in the locale en_US, the org's: 5/15/2024, 1:30 PM.
_FORMATS: Final = {
    "date": _SHOWN_DATE,
    "datetime": f"{_SHOWN_DATE} || ', ' || {_shown_clock(12)}",
    "time": _shown_clock(1),
}


def _number_format(operand: Operand) -> str:
    """$1,234.50, 12.5%, 1,234: as many decimals as the field has."""
    scale = operand.field.scale if operand.field is not None else 2
    rounded = f"round(abs({{0}}), {scale})"
    decimals = f" || substr(printf('%.{scale}f', {rounded}), {-scale - 1})" if scale else ""
    sign = "'$' || " if operand.type == "currency" else ""
    percent = " || '%'" if operand.type == "percent" else ""
    shown = f"{sign}printf('%,d', CAST({rounded} AS INTEGER)){decimals}{percent}"
    minus = "CASE WHEN {0} < 0 THEN '-' ELSE '' END"
    return f"CASE WHEN {{0}} IS NOT NULL THEN {minus} || {shown} END"


#: Mean radius of the earth. The vendor's own is not known.
_EARTH_RADIUS: Final = {"km": 6371.0088, "mi": 3958.7613}
_DISTANCE_SQL: Final = (
    "{radius!r} * acos(min(1.0, max(-1.0, sin(radians({0})) * {sine!r} + "
    "cos(radians({0})) * {cosine!r} * cos(radians({1}) - {longitude!r}))))"
)


@cache
def _has_trigonometry() -> bool:
    """Whether SQLite was built with its mathematical functions."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("SELECT acos(radians(cos(sin(0.0))))")
        except sqlite3.OperationalError:
            return False
    return True


def _degrees(node: Path | FunctionCall | Constant) -> float | None:
    """A latitude or longitude; None where it is no number of degrees."""
    if not isinstance(node, Constant) or not isinstance(node.value, int | float):
        return None
    return float(node.value) if abs(node.value) <= 180 else None


@dataclass(frozen=True, slots=True)
class Operand:
    """A field or an expression, ready for SQL.

    `type` is describe's word for its values; `tested` is the SQL whose being null makes it
    null; `optional` says that a parent on its path may be missing; `entity` is the object that
    a plain field belongs to.
    """

    sql: str
    type: str
    field: Field | None
    path: tuple[str, ...]
    label: str
    tested: str
    optional: bool
    at: int
    parameters: tuple[str, ...] = ()
    function: str = ""
    aggregate: bool = False
    entity: str = ""

    @property
    def kind(self) -> str:
        return KINDS.get(self.type, TEXT)

    @property
    def name(self) -> str:
        """The name that errors call it by."""
        return self.label if self.field is None else self.field.name

    @property
    def compared(self) -> str:
        """The SQL by which it is sorted and grouped: text whatever its letter case."""
        return f"{self.sql} COLLATE NOCASE" if self.kind in (TEXT, "set") else self.sql


class Operands:
    """Binds the operands of one SELECT. Raises SoqlError."""

    def __init__(self, scope: FromClause) -> None:
        self._scope = scope
        self._text = scope.query.text
        self._functions: dict[str, Callable[[FunctionCall], Operand]] = {
            "TOLABEL": self._to_label,
            "CONVERTCURRENCY": self._convert_currency,
            "FORMAT": self._format,
            "DISTANCE": self._distance,
            **dict.fromkeys(DATE_FUNCTIONS, self._date_function),
            **dict.fromkeys(AGGREGATES, self._aggregate),
        }

    def bind(self, node: Path | FunctionCall) -> Operand:
        if isinstance(node, Path):
            return self._path(node)
        function = self._functions.get(node.name)
        if function is None:
            raise self._refusal(node)
        return function(node)

    def _path(self, path: Path) -> Operand:
        bound = self._scope.resolve(path)
        return Operand(
            sql=bound.sql,
            type=bound.field.type,
            field=bound.field,
            path=bound.path,
            label=".".join(bound.path),
            tested=bound.sql,
            optional=bound.optional,
            at=path.at,
            entity=bound.entity,
        )

    def _refusal(self, call: FunctionCall) -> SoqlError:
        return unexpected(self._text, call.at, call.name)

    def _argument(self, call: FunctionCall) -> Operand:
        if len(call.arguments) != 1 or isinstance(call.arguments[0], Constant):
            raise self._error(MALFORMED_QUERY, call, f"{call.name} takes one field")
        return self.bind(call.arguments[0])

    def _error(self, code: str, call: FunctionCall, sentence: str) -> SoqlError:
        return located(code, self._text, call.at, sentence)

    def _field_argument(self, call: FunctionCall, kinds: tuple[str, ...]) -> Operand:
        operand = self._argument(call)
        if operand.field is None or operand.function or operand.kind not in kinds:
            raise self._error(
                INVALID_FIELD, call, f"{call.name} cannot be used on field {operand.name}"
            )
        return operand

    def _to_label(self, call: FunctionCall) -> Operand:
        operand = self._field_argument(call, (TEXT, "set"))
        values = operand.field.picklist_values if operand.field else ()
        other = [value for value in values if value.label != value.value]
        if not other or operand.kind == "set":
            return replace(operand, function=call.name, at=call.at)
        cases = " ".join(["WHEN ? THEN ?"] * len(other))
        return replace(
            operand,
            sql=f"CASE {operand.sql} {cases} ELSE {operand.sql} END",
            parameters=tuple(text for value in other for text in (value.value, value.label)),
            function=call.name,
            at=call.at,
        )

    def _convert_currency(self, call: FunctionCall) -> Operand:
        if self._scope.several_currencies:
            raise not_emulated("convertCurrency() in an org of several currencies")
        return replace(self._field_argument(call, ("number",)), function=call.name, at=call.at)

    def _format(self, call: FunctionCall) -> Operand:
        operand = self._argument(call)
        if operand.kind in ("compound", "binary"):
            raise self._error(INVALID_FIELD, call, f"FORMAT cannot be used on field {operand.name}")
        template = (
            _number_format(operand)
            if operand.kind == "number"
            else _FORMATS.get(operand.kind, "{0}")
        )
        return replace(
            operand,
            sql=template.format(operand.sql),
            type="string" if template != "{0}" else operand.type,
            function=call.name,
            at=call.at,
        )

    def _distance(self, call: FunctionCall) -> Operand:
        """DISTANCE(place, GEOLOCATION(latitude, longitude), 'mi' or 'km')."""
        place, latitude, longitude, unit = self._distance_arguments(call)
        if not _has_trigonometry():
            raise not_emulated("DISTANCE() by a SQLite without mathematical functions")
        compound = self._path(place)
        if compound.field is None or compound.kind != "compound":
            raise self._error(INVALID_FIELD, call, f"DISTANCE cannot be used on {compound.label}")
        parts = {
            word: self._path(replace(place, names=(*place.names[:-1], part.name))).sql
            for part in self._scope.parts(compound.entity, compound.field)
            for word in ("Latitude", "Longitude")
            if part.name.removesuffix("__s").endswith(word)
        }
        if len(parts) < 2:
            raise not_emulated(f"DISTANCE() of {compound.label}")
        return Operand(
            sql=_DISTANCE_SQL.format(
                parts["Latitude"],
                parts["Longitude"],
                radius=_EARTH_RADIUS[unit],
                sine=math.sin(math.radians(latitude)),
                cosine=math.cos(math.radians(latitude)),
                longitude=math.radians(longitude),
            ),
            type="double",
            field=None,
            path=compound.path,
            label=f"DISTANCE({compound.label})",
            tested=parts["Latitude"],
            optional=compound.optional,
            at=call.at,
            function=call.name,
        )

    def _distance_arguments(self, call: FunctionCall) -> tuple[Path, float, float, str]:
        if len(call.arguments) == 3:
            place, point, unit = call.arguments
            if (
                isinstance(place, Path)
                and isinstance(point, FunctionCall)
                and point.name == "GEOLOCATION"
                and isinstance(unit, Constant)
                and str(unit.value).lower() in _EARTH_RADIUS
            ):
                degrees = [_degrees(argument) for argument in point.arguments]
                if len(degrees) == 2 and degrees[0] is not None and degrees[1] is not None:
                    return place, degrees[0], degrees[1], str(unit.value).lower()
        raise self._error(
            MALFORMED_QUERY, call, "DISTANCE takes a location, a GEOLOCATION, and 'mi' or 'km'"
        )

    def _date_function(self, call: FunctionCall) -> Operand:
        operand = self._date_argument(call)
        if operand.kind == "date" and call.name in _NEEDS_TIME:
            raise self._error(
                INVALID_FIELD, call, f"{call.name} cannot be used on field {operand.name}"
            )
        return Operand(
            sql=_DATE_SQL[call.name].format(operand.sql),
            type="date" if call.name == "DAY_ONLY" else "int",
            field=None,
            path=operand.path,
            label=f"{call.name}({operand.label})",
            tested=operand.sql,
            optional=operand.optional,
            at=call.at,
            function=call.name,
        )

    def _date_argument(self, call: FunctionCall) -> Operand:
        inner = call.arguments[0] if call.arguments else None
        if isinstance(inner, FunctionCall) and inner.name == "CONVERTTIMEZONE":
            return self._field_argument(replace(inner, at=call.at), ("datetime",))
        return self._field_argument(call, ("date", "datetime"))

    def _aggregate(self, call: FunctionCall) -> Operand:
        operand = self._argument(call)
        template, kinds = _AGGREGATE_SQL[call.name]
        if operand.type == "currency" and call.name != "COUNT" and self._scope.several_currencies:
            # Salesforce converts each amount to the user's currency.
            raise not_emulated(f"{call.name}() of amounts in several currencies")
        if operand.aggregate or operand.function not in ("", "CONVERTCURRENCY"):
            raise unexpected(self._text, call.at, call.name)
        if operand.kind not in kinds or (operand.field and not operand.field.filterable):
            sentence = f"field {operand.name} does not support aggregate operator {call.name}"
            raise self._error(MALFORMED_QUERY, call, sentence)
        type_ = _AGGREGATE_TYPES.get(call.name, operand.type)
        return Operand(
            sql=template.format(operand.compared),
            type=type_,
            field=operand.field if type_ == operand.type and call.name in ("MIN", "MAX") else None,
            path=operand.path,
            label=f"{call.name}({operand.label})",
            tested=operand.sql,
            optional=False,
            at=call.at,
            function=call.name,
            aggregate=True,
        )
