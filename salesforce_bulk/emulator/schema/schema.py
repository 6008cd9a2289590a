"""What objects an org has, and how they refer to each other.

Objects come from three places: the standard ones, describe documents as the REST API or
``sf sobject describe --json`` returns them, and `Schema.define` with a short form of its own.
"""

import importlib
import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.custom_objects import (
    FieldDefinition,
    SchemaError,
    read_fields,
)
from salesforce_bulk.emulator.schema.describe_documents import (
    DEFAULT_VERSION,
    describe_global_entry,
    describe_object,
    read_child_relationships,
    read_document,
)
from salesforce_bulk.emulator.schema.features import (
    check_features,
    featured_objects,
    with_features,
    with_persons,
)
from salesforce_bulk.emulator.schema.fields import (
    COMPOUND_TYPES,
    NUMBER_TYPES,
    TEXT_TYPES,
    ChildRelationship,
    Field,
    PicklistValue,
    SObject,
    by_name,
    label_of,
)
from salesforce_bulk.emulator.schema.ids import base62, from_base62
from salesforce_bulk.emulator.schema.object_forms import form_notations
from salesforce_bulk.emulator.schema.object_kinds import ObjectKind, kind_of, with_index
from salesforce_bulk.emulator.schema.object_notation import read_objects
from salesforce_bulk.emulator.schema.standard_objects import STANDARD_OBJECTS

__all__ = [
    "COMPOUND_TYPES",
    "NUMBER_TYPES",
    "TEXT_TYPES",
    "ChildRelationship",
    "Field",
    "PicklistValue",
    "SObject",
    "Schema",
    "SchemaError",
]

#: Where the key prefixes of custom objects begin.
_FIRST_CUSTOM_PREFIX = "a00"
#: What a definition says of an object beside its fields.
_OPTIONS = frozenset({"label", "label_plural", "key_prefix", "custom_setting", "index"})
_Children = dict[tuple[str, str], ChildRelationship]


class Schema:
    """The objects of one org. Changing it is thread-safe; an SObject once given out stays as
    it was."""

    def __init__(self, features: Collection[str] = ()) -> None:
        self.features = check_features(features)
        self._lock = threading.RLock()
        self._objects = dict(_standard_objects(self.features))
        self._by_prefix = _by_prefix(self._objects)
        self._told_children: dict[str, _Children] = {}

    @property
    def objects(self) -> Mapping[str, SObject]:
        """All objects under their lower-case names."""
        return MappingProxyType(self._objects)

    def get(self, name: str) -> SObject | None:
        """The object of that API name in any letter case."""
        return self._objects.get(name.lower())

    def by_prefix(self, key_prefix: str) -> SObject | None:
        """The object whose ids begin with these three characters."""
        return self._by_prefix.get(key_prefix)

    def define(
        self,
        name: str,
        fields: Mapping[str, FieldDefinition] | None = None,
        *,
        label: str | None = None,
        label_plural: str | None = None,
        key_prefix: str | None = None,
        custom_setting: str | None = None,
        index: Sequence[str] = (),
    ) -> SObject:
        """A new custom object, or more fields for one that exists.

        Args:
            name: the API name; a new object's ends in ``__c``, an event's in ``__e``, that of
                custom metadata in ``__mdt``, that of a big object in ``__b``.
            fields: API name -> definition: a type word with its arguments (``text(80) unique``,
                ``externalId``, ``currency(16, 2)``, ``lookup(Account)``, ``picklist[A, B]``) or
                a mapping with ``type`` and attributes. System fields come by themselves.
            label: by default made of the name.
            label_plural: by default the label with an s.
            key_prefix: three characters; by default the next that is free from ``a00``.
            custom_setting: ``List`` or ``Hierarchy`` for a custom setting.
            index: of a new big object, names of fields in order: ``["Account__c", "Day__c DESC"]``.

        Raises SchemaError for a definition that makes no sense.
        """
        with self._lock:
            existing = self.get(name)
            if existing and index:
                raise SchemaError(f"{name}: the index of an object that exists cannot be changed")
            if existing:
                sobject = _with_fields(existing, read_fields(fields or {}))
            else:
                kind = kind_of(name, custom_setting)
                sobject = self._new_object(
                    name, fields or {}, kind, label, label_plural, key_prefix
                )
                sobject = with_index(sobject, index)
            self._check_references(sobject)
            self._put(sobject)
            return self._objects[name.lower()]

    def _new_object(
        self,
        name: str,
        fields: Mapping[str, FieldDefinition],
        kind: ObjectKind,
        label: str | None,
        label_plural: str | None,
        key_prefix: str | None,
    ) -> SObject:
        prefix = key_prefix or self._free_prefix(kind.first_prefix)
        if self.by_prefix(prefix):
            raise SchemaError(f"{name}: the key prefix {prefix} is taken")
        label = label or label_of(name)
        sobject = SObject(
            name=name,
            label=label,
            label_plural=label_plural or f"{label}s",
            key_prefix=prefix,
            fields=by_name(kind.fields(fields)),
            custom=True,
            **kind.attributes,
        )
        return with_features(sobject, self.features)

    def _free_prefix(self, first: str = _FIRST_CUSTOM_PREFIX) -> str:
        taken = {found.key_prefix for found in self._objects.values()}
        number = from_base62(first)
        while base62(number, 3) in taken:
            number += 1
        return base62(number, 3)

    def _check_references(self, sobject: SObject) -> None:
        for field in sobject.fields.values():
            unknown = [name for name in field.reference_to if not self._knows(name, sobject)]
            if field.custom and unknown:
                raise SchemaError(f"{sobject.name}.{field.name} refers to unknown {unknown[0]}")

    def _knows(self, name: str, sobject: SObject) -> bool:
        return name.lower() in self._objects or name.lower() == sobject.name.lower()

    def load_describe(self, document: Mapping[str, Any]) -> SObject:
        """Take an object from its describe document; it replaces one of the same name.

        The document is REST's, or that of ``sf sobject describe --json`` with its
        ``{"status": 0, "result": ...}`` around. Raises SchemaError for anything else.
        """
        sobject = read_document(document)
        with self._lock:
            if not sobject.key_prefix:
                sobject = replace(sobject, key_prefix=self._free_prefix())
            self._told_children[sobject.name.lower()] = {
                (child.child_object.lower(), child.field.lower()): child
                for child in read_child_relationships(sobject.document or {})
            }
            self._put(sobject)
            return self._objects[sobject.name.lower()]

    def load_file(self, path: str | Path) -> list[SObject]:
        """Take objects from a file; see `load`. YAML needs PyYAML, which is not required."""
        return self.load(self.read_file(path))

    @staticmethod
    def read_file(path: str | Path) -> Any:
        """The content of a schema file, for `load`."""
        path = Path(path)
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in (".yaml", ".yml"):
            return _yaml_reader()(text)
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise SchemaError(f"{path}: {error}") from error

    def restore(self, other: "Schema") -> None:
        """Take over the objects of another schema in place of one's own."""
        with self._lock:
            self._objects = dict(other.objects)
            self._by_prefix = _by_prefix(self._objects)
            self._told_children = dict(other._told_children)

    def load(self, content: Any) -> list[SObject]:
        """Take objects from a describe document, a list of them, or the short form.

        The short form maps object names to ``{"fields": {...}, "label": ...}`` or to their
        fields at once, as `define` takes them.
        """
        if isinstance(content, list):
            return [found for item in content for found in self.load(item)]
        if not isinstance(content, Mapping):
            raise SchemaError("a schema is a mapping or a list of describe documents")
        if isinstance(content.get("fields", content.get("result")), list | Mapping):
            return [self.load_describe(content)]
        return [self._define_one(name, item) for name, item in _each_definition(content)]

    def _define_one(self, name: str, item: Mapping[str, Any]) -> SObject:
        if isinstance(item.get("fields"), Mapping):
            options = {key: value for key, value in item.items() if key != "fields"}
            unknown = set(options) - _OPTIONS
            if unknown:
                raise SchemaError(f"{name}: {sorted(unknown)[0]!r} is no attribute of an object")
            return self.define(name, item["fields"], **options)
        return self.define(name, item)

    def describe(self, name: str, version: str = DEFAULT_VERSION) -> dict[str, Any]:
        """The full describe document of an object; KeyError when there is none."""
        return describe_object(self._objects[name.lower()], version)

    def describe_global(self, version: str = DEFAULT_VERSION) -> list[dict[str, Any]]:
        """The entries of Describe Global, by name."""
        found = sorted(self._objects.values(), key=lambda sobject: sobject.name)
        return [describe_global_entry(sobject, version) for sobject in found]

    def _put(self, sobject: SObject) -> None:
        objects = {**self._objects, sobject.name.lower(): sobject}
        objects = dict(with_persons(objects, self.features))
        self._objects = _with_children(objects, self._told_children)
        self._by_prefix = _by_prefix(self._objects)


def _by_prefix(objects: Mapping[str, SObject]) -> dict[str, SObject]:
    return {found.key_prefix: found for found in objects.values() if found.key_prefix}


def _with_fields(sobject: SObject, fields: Iterable[Field]) -> SObject:
    return replace(sobject, fields=by_name([*sobject.fields.values(), *fields]))


def _each_definition(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, item in content.items():
        if not isinstance(item, Mapping):
            raise SchemaError(f"{name}: its fields are a mapping of names to definitions")
        yield name, item


def _yaml_reader() -> Callable[[str], Any]:
    try:
        yaml = importlib.import_module("yaml")
    except ImportError as error:
        raise SchemaError("reading YAML needs PyYAML; JSON works without") from error
    reader: Callable[[str], Any] = yaml.safe_load
    return reader


def _children(objects: Iterable[SObject]) -> Iterator[tuple[str, ChildRelationship]]:
    """Each reference as (object referred to, the relationship seen from there)."""
    for child in objects:
        for field in () if child.index else child.fields.values():
            for parent in field.reference_to:
                yield (
                    parent.lower(),
                    ChildRelationship(
                        field.child_relationship or _custom_child_name(child, field),
                        child.name,
                        field.name,
                        field.cascade_delete,
                        field.restricted_delete,
                    ),
                )


def _custom_child_name(child: SObject, field: Field) -> str | None:
    """The children's name by the object's plural; a further lookup to one parent is numbered."""
    if not field.custom:
        return None
    siblings = [
        other.name
        for other in child.fields.values()
        if other.custom and set(other.reference_to) & set(field.reference_to)
    ]
    number = siblings.index(field.name) or ""
    return f"{child.label_plural.replace(' ', '_')}{number}__r"


def _with_children(
    objects: Mapping[str, SObject], told: Mapping[str, _Children]
) -> dict[str, SObject]:
    """The objects with their child relationships, in the order of the children's names."""
    found: dict[str, list[ChildRelationship]] = {name: [] for name in objects}
    for parent, child in _children(objects.values()):
        if parent in found:
            known = told.get(parent, {})
            key = (child.child_object.lower(), child.field.lower())
            found[parent].append(known.get(key, child))
    ordered = {
        name: tuple(sorted(children, key=lambda child: (child.child_object, child.field)))
        for name, children in found.items()
    }
    return {
        name: sobject
        if sobject.child_relationships == ordered[name]
        else replace(sobject, child_relationships=ordered[name])
        for name, sobject in objects.items()
    }


@cache
def _standard_objects(features: frozenset[str]) -> Mapping[str, SObject]:
    text = "\n".join([STANDARD_OBJECTS, *form_notations()])
    found = [*read_objects(text), *featured_objects(features)]
    objects = {sobject.name.lower(): with_features(sobject, features) for sobject in found}
    return MappingProxyType(_with_children(with_persons(objects, features), {}))
