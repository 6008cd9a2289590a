"""How a dialect has the values of results spelled, by the type of their field.

Every function takes the text that the emulator writes by itself, or the stored value where a
format has one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.fidelity.dialect import Dialect

Spelling = Callable[[Any], str]

DOUBLES = ("double", "currency", "percent")


def _without_exponent(text: str) -> str:
    plain = format(Decimal(text), "f")
    return plain if "." in plain else f"{plain}.0"


def _without_fraction(text: str) -> str:
    return _without_exponent(text).rstrip("0").removesuffix(".")


def _with_offset(text: str) -> str:
    return text.removesuffix("Z") + "+0000"


def _without_milliseconds(text: str) -> str:
    return text.partition(".")[0] + "Z"


def _with_zone(text: str) -> str:
    return f"{text}Z"


def _without_zone(text: str) -> str:
    return text.removesuffix("Z")


_NUMBERS: Mapping[str, Spelling] = MappingProxyType(
    {"139000000.0": _without_exponent, "139000000": _without_fraction}
)
_BITS = {"true": "1", "false": "0"}


def _in_quotes(text: str) -> str:
    return f'"{text}"'


#: Behaviour -> the types that it is about, and the spelling of each reading.
_SPELLINGS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Spelling]]] = MappingProxyType(
    {
        "bulk1.query.csv_numbers": (DOUBLES, _NUMBERS),
        "bulk1.query.json_numbers": (DOUBLES, _NUMBERS),
        "bulk1.query.xml_numbers": (DOUBLES, _NUMBERS),
        "bulk1.query.json_booleans": (("boolean",), {"text": _in_quotes}),
        "bulk1.query.xml_booleans": (("boolean",), {"1": _BITS.__getitem__}),
        "bulk1.query.xml_dates": (("date",), {"yyyy-MM-ddZ": _with_zone}),
        "bulk1.query.csv_booleans": (("boolean",), {"TRUE": str.upper}),
        "bulk1.query.csv_datetimes": (
            ("datetime",),
            {"+0000": _with_offset, "without milliseconds": _without_milliseconds},
        ),
        "bulk1.query.csv_dates": (("date",), {"yyyy-MM-ddZ": _with_zone}),
        "bulk1.query.csv_times": (("time",), {"without Z": _without_zone}),
        "bulk1.query.xml_datetimes": (("datetime",), {"+0000": _with_offset}),
        "bulk2.query.csv_numbers": (
            DOUBLES,
            {"139000000.0": _without_exponent, "139000000": _without_fraction},
        ),
        "bulk2.query.csv_booleans": (("boolean",), {"TRUE": str.upper}),
        "bulk2.query.csv_datetimes": (
            ("datetime",),
            {"+0000": _with_offset, "without milliseconds": _without_milliseconds},
        ),
        "bulk2.query.csv_dates": (("date",), {"yyyy-MM-ddZ": _with_zone}),
        "bulk2.query.csv_times": (("time",), {"without Z": _without_zone}),
        "bulk2.result.doubles": (
            DOUBLES,
            {"139000000.0": _without_exponent, "139000000": _without_fraction},
        ),
        "bulk2.result.booleans": (("boolean",), {"TRUE": str.upper}),
        "bulk2.result.datetimes": (
            ("datetime",),
            {"+0000": _with_offset, "without milliseconds": _without_milliseconds},
        ),
        "bulk2.result.dates": (("date",), {"yyyy-MM-ddZ": _with_zone}),
    }
)


def spellings(dialect: Dialect, prefix: str) -> dict[str, Spelling]:
    """Type -> its spelling, of what a dialect chooses among the behaviours that begin so."""
    found: dict[str, Spelling] = {}
    for name, (types, readings) in _SPELLINGS.items():
        spelling = readings.get(dialect[name]) if name.startswith(prefix) else None
        if spelling is not None:
            found |= dict.fromkeys(types, spelling)
    return found


def spelled(
    values: Mapping[str, Spelling], default: Spelling, known: Mapping[str, Spelling]
) -> dict[str, Spelling]:
    """How stored values are written: in the usual way, and that text in a dialect's spelling.

    Args:
        values: type -> the usual way; ``default`` is that of the others.
        known: type -> its spelling.
    """

    def after(usual: Spelling, spelling: Spelling) -> Spelling:
        return lambda value: spelling(usual(value))

    return {**values, **{kind: after(values.get(kind, default), known[kind]) for kind in known}}
