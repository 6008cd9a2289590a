"""The short notation in which `standard_objects` keeps its facts.

A heading names an object: ``= Name | key prefix | label | plural | words``. A line is a field:
``Name | type | words | label | picklist values``; what is left out follows from the name and the
type. Types: ``string 80``, ``double 18.2`` (precision.scale), ``int 8`` (digits),
``ref A,B Name Children`` (targets, relationship, children's name; ``-`` for none). Words are those
of `_WORDS`, ``in:X`` (part of compound X), ``relationship:X`` and ``default:N``. Picklist values
are ``Value;Value=Label``, a ``*`` at the end marks the default; ``$name`` is a shared picklist. A
line ``@name ...`` stands for several fields, see `_MACROS`; ``#`` begins a remark.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import (
    Field,
    PicklistValue,
    SObject,
    audit_fields,
    by_name,
    deleted_field,
    id_field,
    make_field,
    owner_field,
    viewed_fields,
)
from salesforce_bulk.emulator.schema.standard_objects import SHARED_PICKLISTS

_READ_ONLY = {"createable": False, "updateable": False}
_WORDS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "required": {"nillable": False},
        "readonly": _READ_ONLY,
        "createonly": {"updateable": False},
        "updateonly": {"createable": False},
        "defaulted": {"defaulted_on_create": True},
        "name": {"name_field": True},
        "idlookup": {"id_lookup": True},
        "unique": {"unique": True},
        "calculated": {"calculated": True, **_READ_ONLY},
        "auto": {"auto_number": True, "nillable": False, "defaulted_on_create": True, **_READ_ONLY},
        "restricted": {"restricted_picklist": True},
        "poly": {"polymorphic": True},
        "cascade": {"cascade_delete": True},
        "restricts": {"restricted_delete": True},
        "-filter": {"filterable": False},
        "-sort": {"sortable": False},
        "-group": {"groupable": False},
        "+filter": {"filterable": True},
        "+sort": {"sortable": True},
        "case": {"case_sensitive": True},
    }
)
_PRECISE = frozenset({"double", "currency", "percent"})

GEOCODE_ACCURACY = (
    "Address;NearAddress;Block;Street;ExtendedZip;Zip;Neighborhood;City;County;State;Unknown"
)


@cache
def _picklist(text: str) -> tuple[PicklistValue, ...]:
    if text.startswith("$"):
        return _picklist(SHARED_PICKLISTS[text[1:]])
    return tuple(_picklist_value(part.strip()) for part in text.split(";") if part.strip())


def _picklist_value(part: str) -> PicklistValue:
    value, _, label = part.rstrip("*").partition("=")
    return PicklistValue(value, label or value, default=part.endswith("*"))


def _type_attributes(words: list[str]) -> dict[str, Any]:
    """The attributes that a type's own words give: ``string 80`` -> length 80."""
    kind = words[0]
    if kind == "ref":
        names = [*words[2:], "-", "-"]
        return {
            "reference_to": tuple(words[1].split(",")),
            "relationship_name": None if names[0] == "-" else names[0],
            "child_relationship": None if names[1] == "-" else names[1],
        }
    if len(words) == 1:
        return {}
    if kind in _PRECISE:
        precision, scale = words[1].split(".")
        return {"precision": int(precision), "scale": int(scale)}
    return {"digits" if kind in ("int", "long") else "length": int(words[1])}


def _word_attributes(word: str) -> Mapping[str, Any]:
    if word.startswith("in:"):
        return {"compound_field_name": word[3:]}
    if word.startswith("relationship:"):
        return {"relationship_name": word[13:]}
    if word.startswith("default:"):
        return {"default_value": int(word[8:]), "defaulted_on_create": True}
    return _WORDS[word]


def _field(line: str) -> Field:
    name, kind, words, label, values, *_ = [*(part.strip() for part in line.split("|")), *[""] * 4]
    type_words = kind.split()
    type_ = "reference" if type_words[0] == "ref" else type_words[0]
    attributes = _type_attributes(type_words)
    for word in words.split():
        attributes |= _word_attributes(word)
    picklist = _picklist(values)
    attributes["picklist_values"] = picklist
    if label:
        attributes["label"] = label
    default = next((value.value for value in picklist if value.default), None)
    if default is not None:
        attributes |= {"default_value": default, "defaulted_on_create": True}
    return make_field(name, type_, **attributes)


def _address(prefix: str = "") -> Iterator[Field]:
    """The parts of an address and, after them, the compound."""
    part = f"in:{prefix}Address"
    spaced = f"{prefix} ".lstrip()
    for line in (
        f"{prefix}Street | textarea 255 | {part}",
        f"{prefix}City | string 40 | {part}",
        f"{prefix}State | string 80 | {part} | {spaced}State/Province",
        f"{prefix}PostalCode | string 20 | {part} | {spaced}Zip/Postal Code",
        f"{prefix}Country | string 80 | {part}",
        f"{prefix}Latitude | double 18.15 | {part}",
        f"{prefix}Longitude | double 18.15 | {part}",
        f"{prefix}GeocodeAccuracy | picklist 40 | {part} restricted | | {GEOCODE_ACCURACY}",
        f"{prefix}Address | address | readonly -sort -group",
    ):
        yield _field(line)


_MACROS: Mapping[str, Callable[..., Iterable[Field]]] = MappingProxyType(
    {
        "id": lambda *label: [id_field(" ".join(label) or "Record ID")],
        "deleted": lambda: [deleted_field()],
        "owner": lambda *owners: [owner_field(owners=owners or ("User",))],
        "audit": audit_fields,
        "viewed": viewed_fields,
        "address": _address,
    }
)


def _fields(lines: Iterable[str]) -> Iterator[Field]:
    for line in lines:
        if line.startswith("@"):
            macro, *arguments = line[1:].split()
            yield from _MACROS[macro](*arguments)
        else:
            yield _field(line)


_OBJECT_WORDS: Mapping[str, Mapping[str, bool]] = MappingProxyType(
    {
        "chunkable": {"chunkable": True},
        "-create": {"createable": False},
        "-update": {"updateable": False},
        "-delete": {"deletable": False},
    }
)


def read_objects(text: str) -> Iterator[SObject]:
    """The objects that `text` describes."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    starts = [at for at, line in enumerate(lines) if line.startswith("= ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _object(lines[start][2:], lines[start + 1 : end])


def _object(heading: str, lines: list[str]) -> SObject:
    name, prefix, label, plural, words, *_ = [
        *(part.strip() for part in heading.split("|")),
        *[""] * 4,
    ]
    attributes: dict[str, Any] = {}
    for word in words.split():
        attributes |= _OBJECT_WORDS[word]
    fields = by_name(_fields(lines))
    return SObject(name, label or name, plural or f"{label or name}s", prefix, fields, **attributes)
