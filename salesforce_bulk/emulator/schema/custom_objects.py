"""The short form in which users define objects and fields.

``{"Ext__c": "externalId", "Amount__c": "currency(16, 2)", "Account__c": "lookup(Account)",
"Stage__c": "picklist[New, Done] required", "Code__c": {"type": "text", "length": 10}}``
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import (
    Field,
    PicklistValue,
    audit_fields,
    deleted_field,
    id_field,
    make_field,
    owner_field,
    viewed_fields,
)


class SchemaError(ValueError):
    """A definition or describe document that cannot be understood."""


FieldDefinition = str | Mapping[str, Any]

_DEFINITION = re.compile(
    r"\s*(?P<word>\w+)\s*(?:\((?P<arguments>[^)]*)\))?\s*(?:\[(?P<values>[^\]]*)\])?(?P<rest>[\w\s]*)"
)

#: Word -> describe's type and attributes. The words are those of the Metadata API and of
#: describe, in any letter case.
_TYPES: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "text": ("string", {"length": 255}),
        "string": ("string", {"length": 255}),
        "externalid": ("string", {"length": 255, "external_id": True, "id_lookup": True}),
        "textarea": ("textarea", {"length": 255}),
        "longtext": ("textarea", {"length": 32768}),
        "longtextarea": ("textarea", {"length": 32768}),
        "html": ("textarea", {"length": 32768, "html_formatted": True}),
        "richtext": ("textarea", {"length": 32768, "html_formatted": True}),
        "encryptedtext": ("encryptedstring", {"length": 175}),
        "encryptedstring": ("encryptedstring", {"length": 175}),
        "phone": ("phone", {"length": 40}),
        "email": ("email", {"length": 80}),
        "url": ("url", {"length": 255}),
        "number": ("double", {"precision": 18, "scale": 2}),
        "double": ("double", {"precision": 18, "scale": 2}),
        "int": ("int", {"digits": 9}),
        "integer": ("int", {"digits": 9}),
        "long": ("long", {"digits": 18}),
        "currency": ("currency", {"precision": 18, "scale": 2}),
        "percent": ("percent", {"precision": 18, "scale": 2}),
        "date": ("date", {}),
        "datetime": ("datetime", {}),
        "time": ("time", {}),
        "checkbox": ("boolean", {}),
        "boolean": ("boolean", {}),
        "picklist": ("picklist", {"length": 255}),
        "multipicklist": ("multipicklist", {"length": 4099}),
        "multiselectpicklist": ("multipicklist", {"length": 4099}),
        "combobox": ("combobox", {"length": 255}),
        "lookup": ("reference", {}),
        "reference": ("reference", {}),
        "masterdetail": (
            "reference",
            {"nillable": False, "updateable": False, "cascade_delete": True},
        ),
        "autonumber": (
            "string",
            {
                "length": 30,
                "auto_number": True,
                "nillable": False,
                "defaulted_on_create": True,
                "createable": False,
                "updateable": False,
            },
        ),
        "formula": ("string", {"length": 1300, "calculated": True}),
        "base64": ("base64", {}),
        "location": ("location", {"precision": 18, "scale": 15}),
        "geolocation": ("location", {"precision": 18, "scale": 15}),
    }
)
#: Words that may follow the type.
_MODIFIERS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "required": {"nillable": False},
        "unique": {"unique": True, "id_lookup": True},
        "externalid": {"external_id": True, "id_lookup": True},
        "casesensitive": {"case_sensitive": True},
        "restricted": {"restricted_picklist": True},
        "readonly": {"createable": False, "updateable": False},
    }
)
#: Keys of a long definition that are attributes of `Field` under another name.
_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "required": "required",
        "externalid": "external_id",
        "casesensitive": "case_sensitive",
        "restricted": "restricted_picklist",
        "values": "values",
        "picklist": "values",
        "picklistvalues": "values",
        "default": "default_value",
        "defaultvalue": "default_value",
        "references": "reference_to",
        "referenceto": "reference_to",
        "relationshipname": "relationship_name",
        "childrelationshipname": "child_relationship",
        "displayformat": "display_format",
    }
)
_READ_ONLY = {"createable": False, "updateable": False}


def custom_object_fields(
    fields: Mapping[str, FieldDefinition], name_format: str | None = None
) -> list[Field]:
    """All fields of a new custom object: the system fields and then its own.

    A `Name` among `fields` replaces the usual text name; an object that is the detail of a
    master has no owner.
    """
    own = read_fields({k: v for k, v in fields.items() if k.lower() != "name"})
    given = {name.lower(): definition for name, definition in fields.items()}
    name = _name_field(given.get("name", "text(80)"))
    system = [id_field(), *_owner(own), deleted_field(), name, *audit_fields(), *viewed_fields()]
    named = {field.name.lower() for field in own}
    return [*(field for field in system if field.name.lower() not in named), *own]


def _owner(own: Iterable[Field]) -> list[Field]:
    detail = any(field.cascade_delete and not field.nillable for field in own)
    return [] if detail else [owner_field(owners=("Group", "User"))]


def _name_field(definition: FieldDefinition) -> Field:
    field = next(read_field("Name", definition))
    attributes = {
        name: getattr(field, name) for name in ("length", "auto_number", "display_format")
    }
    if field.auto_number:
        attributes |= {"nillable": False, **_READ_ONLY}
    return make_field(
        "Name", "string", name_field=True, id_lookup=True, defaulted_on_create=True, **attributes
    )


def read_fields(fields: Mapping[str, FieldDefinition]) -> list[Field]:
    """The fields of a mapping from API name to definition."""
    return [field for name, item in fields.items() for field in read_field(name, item)]


def read_field(name: str, definition: FieldDefinition) -> Iterator[Field]:
    """One definition as a field; a location is three of them."""
    if not re.fullmatch(r"[A-Za-z]\w*", name):
        raise SchemaError(f"{name!r} is no API name of a field")
    if isinstance(definition, str):
        definition = _long_form(name, definition)
    field = _from_mapping(name, definition)
    yield field
    if field.type == "location":
        yield from _coordinates(field)


def _long_form(name: str, text: str) -> dict[str, Any]:
    match = _DEFINITION.fullmatch(text)
    if not match:
        raise SchemaError(f"{name}: {text!r} is no field definition")
    definition: dict[str, Any] = {"type": match["word"]}
    if match["values"] is not None:
        definition["values"] = [part.strip() for part in match["values"].split(",")]
    arguments = [part.strip() for part in (match["arguments"] or "").split(",") if part.strip()]
    definition |= _type_arguments(name, match["word"].lower(), arguments)
    for word in match["rest"].split():
        if word.lower() not in _MODIFIERS:
            raise SchemaError(f"{name}: {word!r} is none of {', '.join(_MODIFIERS)}")
        definition |= _MODIFIERS[word.lower()]
    return definition


def _type_arguments(name: str, word: str, arguments: list[str]) -> dict[str, Any]:
    if not arguments:
        return {}
    if word in ("lookup", "reference", "masterdetail"):
        return {"reference_to": arguments}
    if word == "autonumber":
        return {"display_format": arguments[0]}
    if not all(argument.isdecimal() for argument in arguments):
        raise SchemaError(f"{name}: {word}({', '.join(arguments)}) has something else than numbers")
    numbers = [int(argument) for argument in arguments]
    if word in ("int", "integer", "long"):
        return {"digits": numbers[0]}
    if _TYPES.get(word, ("", {}))[0] in ("double", "currency", "percent"):
        return {"precision": numbers[0], "scale": numbers[1] if len(numbers) > 1 else 0}
    return {"length": numbers[0]}


def _from_mapping(name: str, definition: Mapping[str, Any]) -> Field:
    given = {_attribute(name, key): value for key, value in definition.items()}
    word = str(given.pop("type", "text"))
    if word.lower() not in _TYPES:
        raise SchemaError(f"{name}: {word!r} is no field type; known are {', '.join(_TYPES)}")
    type_, attributes = _TYPES[word.lower()]
    attributes = {"custom": name.lower().endswith("__c"), **attributes}
    for key, value in given.items():
        attributes |= _SPECIAL[key](value) if key in _SPECIAL else {key: value}
    if type_ == "reference":
        attributes = _reference(name, attributes)
    if attributes.get("calculated"):
        attributes |= _READ_ONLY
    if attributes.get("default_value") is not None:
        attributes["defaulted_on_create"] = True
        attributes["default_value"] = _default_value(name, type_, attributes["default_value"])
    return make_field(name, type_, **attributes)


_DEFAULTS: Mapping[str, Callable[[Any], str | bool | int | float]] = MappingProxyType(
    {"boolean": bool, "int": int, "long": int, "double": float, "currency": float, "percent": float}
)


def _default_value(name: str, type_: str, value: Any) -> str | bool | int | float:
    try:
        return _DEFAULTS.get(type_, str)(value)
    except (TypeError, ValueError) as error:
        raise SchemaError(f"{name}: {value!r} is no default of type {type_}") from error


def _attribute(name: str, key: str) -> str:
    """The attribute of `Field` that `key` means, in camelCase or snake_case."""
    bare = key.replace("_", "").lower()
    if bare in _KEYS:
        return _KEYS[bare]
    known = {attribute.replace("_", ""): attribute for attribute in Field.__dataclass_fields__}
    if bare not in known:
        raise SchemaError(f"{name}: {key!r} is no attribute of a field")
    return known[bare]


def _values(values: Any) -> dict[str, Any]:
    if isinstance(values, str):
        values = [part.strip() for part in values.split(",")]
    picklist = tuple(_picklist_value(value) for value in values)
    default = next((value.value for value in picklist if value.default), None)
    return {"picklist_values": picklist} | ({"default_value": default} if default else {})


def _picklist_value(value: Any) -> PicklistValue:
    if isinstance(value, Mapping):
        text = str(value.get("value", value.get("label", "")))
        default = value.get("default", value.get("defaultValue", False))
        return PicklistValue(
            text, str(value.get("label", text)), bool(value.get("active", True)), bool(default)
        )
    return PicklistValue(str(value), str(value))


def _targets(targets: Any) -> dict[str, Any]:
    return {"reference_to": (targets,) if isinstance(targets, str) else tuple(targets)}


def _uniqueness(unique: Any) -> dict[str, Any]:
    return {"unique": bool(unique)} | ({"id_lookup": True} if unique else {})


def _external_id(external: Any) -> dict[str, Any]:
    return {"external_id": bool(external)} | ({"id_lookup": True} if external else {})


_SPECIAL: Mapping[str, Callable[[Any], dict[str, Any]]] = MappingProxyType(
    {
        "required": lambda required: {"nillable": not required},
        "values": _values,
        "reference_to": _targets,
        "unique": _uniqueness,
        "external_id": _external_id,
    }
)


def _reference(name: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    targets = attributes.get("reference_to")
    if not targets:
        raise SchemaError(f"{name}: a lookup names the object it refers to: lookup(Account)")
    standard = name[:-2] if name.endswith("Id") else name
    relationship = re.sub(r"__c$", "__r", name) if name.endswith("__c") else standard
    derived = {"relationship_name": relationship, "polymorphic": len(targets) > 1}
    return derived | dict(attributes)


def _coordinates(location: Field) -> Iterator[Field]:
    bare = re.sub(r"__c$", "", location.name)
    for part in ("Latitude", "Longitude"):
        yield make_field(
            f"{bare}__{part}__s",
            "double",
            label=f"{location.label} ({part})",
            precision=location.precision,
            scale=location.scale,
            custom=True,
            compound_field_name=location.name,
        )
