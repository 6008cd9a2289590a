"""Objects that people define: custom objects, platform events, custom metadata, custom settings,
big objects.

The end of the name says which; a custom setting is a custom object that is said to be one. Sources:
*Platform Events Developer Guide*, "Platform Event Fields"; *Object Reference*, "Custom Metadata
Type__mdt"; *Apex Developer Guide*, "Custom Settings"; *Big Objects Implementation Guide*, "Define
and Deploy Custom Big Objects".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.custom_objects import (
    FieldDefinition,
    SchemaError,
    custom_object_fields,
    read_fields,
)
from salesforce_bulk.emulator.schema.fields import (
    Field,
    IndexField,
    SObject,
    audit_fields,
    by_name,
    id_field,
    make_field,
)

_READ_ONLY = {"createable": False, "updateable": False}
_Fields = Mapping[str, FieldDefinition]


@dataclass(frozen=True, slots=True)
class ObjectKind:
    """What objects of one kind have in common: where their key prefixes begin, the fields that
    they have, and what can be done to them."""

    first_prefix: str
    fields: Callable[[_Fields], list[Field]]
    attributes: Mapping[str, Any] = field(default_factory=dict)


def _event_fields(fields: _Fields) -> list[Field]:
    stamps = [stamp for stamp in audit_fields() if stamp.name.startswith("Created")]
    return [
        id_field(),
        make_field("ReplayId", "string", length=1000, label="Replay ID", **_READ_ONLY),
        *stamps,
        make_field("EventUuid", "string", length=36, label="Event UUID", **_READ_ONLY),
        *read_fields(fields),
    ]


def _metadata_fields(fields: _Fields) -> list[Field]:
    return [
        id_field(),
        make_field("DeveloperName", "string", length=40, nillable=False, unique=True),
        make_field("MasterLabel", "string", length=40, nillable=False, label="Label"),
        make_field(
            "Language",
            "picklist",
            length=40,
            default_value="en_US",
            defaulted_on_create=True,
        ),
        make_field("NamespacePrefix", "string", length=15, **_READ_ONLY),
        make_field("QualifiedApiName", "string", length=70, name_field=True, **_READ_ONLY),
        make_field("SystemModstamp", "datetime", nillable=False, **_READ_ONLY),
        *read_fields(fields),
    ]


def _setting_fields(fields: _Fields, **owner: Any) -> list[Field]:
    """One record for the org, a profile or a user; those of a list have a name of their own."""
    plain = custom_object_fields(fields)
    kept = [one for one in plain if one.name not in ("OwnerId", "LastViewedDate")]
    return [
        *(one for one in kept if one.name != "LastReferencedDate"),
        make_field(
            "SetupOwnerId",
            "reference",
            reference_to=("Organization", "Profile", "User"),
            relationship_name="SetupOwner",
            label="Location",
            polymorphic=True,
            **owner,
        ),
    ]


def _big_fields(fields: _Fields) -> list[Field]:
    stamps = [stamp for stamp in audit_fields() if not stamp.name.startswith("LastModified")]
    return [id_field(), *stamps, *read_fields(fields)]


_CUSTOM = ObjectKind("a00", custom_object_fields, {"chunkable": True})
_KINDS: Mapping[str, ObjectKind] = MappingProxyType(
    {
        "__c": _CUSTOM,
        "__e": ObjectKind(
            "e00",
            _event_fields,
            {"queryable": False, "updateable": False, "deletable": False},
        ),
        "__b": ObjectKind("x00", _big_fields, {"updateable": False, "deletable": False}),
        "__mdt": ObjectKind(
            "m00",
            _metadata_fields,
            {"createable": False, "updateable": False, "deletable": False},
        ),
    }
)
_SETTINGS: Mapping[str, ObjectKind] = MappingProxyType(
    {
        "List": ObjectKind("a00", lambda fields: _setting_fields(fields, **_READ_ONLY)),
        "Hierarchy": ObjectKind(
            "a00",
            lambda fields: _setting_fields(fields, nillable=False, unique=True, updateable=False),
        ),
    }
)


def kind_of(name: str, custom_setting: str | None) -> ObjectKind:
    """The kind of a new object. Raises SchemaError."""
    suffix = f"__{name.rpartition('__')[2]}"
    if custom_setting is not None:
        if suffix != "__c" or custom_setting not in _SETTINGS:
            raise SchemaError(
                f"{name}: custom_setting is List or Hierarchy, and its name ends in __c"
            )
        return _SETTINGS[custom_setting]
    if suffix in ("__x", "__kav"):
        raise SchemaError(f"{name}: objects whose name ends in {suffix} are not emulated")
    if suffix not in _KINDS or name.startswith("__"):
        raise SchemaError(
            f"{name}: the API name of a custom object ends in __c, of an event in __e, of custom "
            "metadata in __mdt, of a big object in __b"
        )
    return _KINDS[suffix]


#: Types that fields of an index have, and how many fields it has at most.
_INDEXED_TYPES = frozenset({"string", "double", "datetime", "reference", "email", "phone", "url"})
_INDEXED_FIELDS = 5


def with_index(sobject: SObject, index: Sequence[str]) -> SObject:
    """A new object with its index, if it is a big one: names of fields, ``DESC`` behind those whose
    last value is the first. Its fields are required. Raises SchemaError."""
    if sobject.name.endswith("__b") != bool(index):
        raise SchemaError(
            f"{sobject.name}: an object whose name ends in __b has an index, no other"
        )
    if len(index) > _INDEXED_FIELDS:
        raise SchemaError(f"{sobject.name}: an index has at most {_INDEXED_FIELDS} fields")
    parts = tuple(_index_field(sobject, text) for text in index)
    names = {part.field for part in parts}
    fields = [
        replace(field, nillable=False) if field.name in names else field
        for field in sobject.fields.values()
    ]
    return replace(sobject, fields=by_name(fields), index=parts)


def _index_field(sobject: SObject, text: str) -> IndexField:
    name, _, direction = text.strip().partition(" ")
    field = sobject.field(name)
    if field is None or not field.custom or field.type not in _INDEXED_TYPES:
        raise SchemaError(f"{sobject.name}: {name} cannot be in an index")
    if direction.upper() not in ("", "ASC", "DESC"):
        raise SchemaError(f"{sobject.name}: {direction!r} is neither ASC nor DESC")
    return IndexField(field.name, direction.upper() == "DESC")
