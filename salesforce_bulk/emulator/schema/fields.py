"""Objects and fields: what they are made of.

Source: *Object Reference*, "Field Types"; *REST API Developer Guide*, "sObject Describe".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

TEXT_TYPES = frozenset(
    {
        "string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox",
        "encryptedstring", "anyType",
    }
)  # fmt: skip
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int", "long"})
COMPOUND_TYPES = frozenset({"address", "location"})
#: Types of which describe says that they can be grouped by.
_GROUPABLE = frozenset(
    {"id", "reference", "string", "picklist", "phone", "url", "email", "date", "int", "boolean"}
)
_NEVER_SORTABLE = frozenset({"multipicklist", "base64", "address", "location", "encryptedstring"})
_NEVER_FILTERABLE = frozenset({"base64", "encryptedstring"})
#: Characters from which a text area is "long": not filterable, not sortable.
LONG_TEXT = 4001
_SORTED_ONLY_TEXT = 256


@dataclass(frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist; `value` is the API name, `label` what people see."""

    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field, with the attributes of its describe that the emulator acts on.

    `type` is describe's word; `length` is in characters; `child_relationship` is the name under
    which the parent object lists these children (None: not reachable from the parent).
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted_on_create: bool = False
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    unique: bool = False
    case_sensitive: bool = False
    external_id: bool = False
    id_lookup: bool = False
    calculated: bool = False
    auto_number: bool = False
    custom: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    polymorphic: bool = False
    compound_field_name: str | None = None
    name_field: bool = False
    html_formatted: bool = False
    cascade_delete: bool = False
    restricted_delete: bool = False
    default_value: str | bool | int | float | None = None
    child_relationship: str | None = None
    display_format: str | None = None

    @property
    def required(self) -> bool:
        """An insert without a value fails."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def stored(self) -> bool:
        """Has a column of its own; compound addresses and locations have none."""
        return self.type not in COMPOUND_TYPES

    @property
    def key_for_lookup(self) -> bool:
        """May find a record from outside: an external id, an idLookup field, or the Id."""
        return self.external_id or self.id_lookup or self.type == "id"


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """A field of another object that refers to this one."""

    name: str | None
    child_object: str
    field: str
    cascade_delete: bool
    restricted_delete: bool = False


@dataclass(frozen=True, slots=True)
class IndexField:
    """A field of a big object's index, and whether its values are kept from the last one down."""

    field: str
    descending: bool = False


@dataclass
class SObject:
    """One object. Treat it as read-only: `Schema.define` replaces it."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: Mapping[str, Field]
    custom: bool = False
    queryable: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    chunkable: bool = False
    child_relationships: tuple[ChildRelationship, ...] = ()
    document: Mapping[str, Any] | None = None
    #: What identifies the records of a big object; of no other kind.
    index: tuple[IndexField, ...] = ()

    def field(self, name: str) -> Field | None:
        """The field of that API name in any letter case."""
        return self.fields.get(name.lower())

    def relationship(self, name: str) -> Field | None:
        """The reference field whose relationship has that name (``Account``, ``Parent__r``)."""
        return self._relationships.get(name.lower())

    def child_relationship(self, name: str) -> ChildRelationship | None:
        """The children that parent-to-child queries call by that name."""
        wanted = name.lower()
        return next(
            (c for c in self.child_relationships if c.name and c.name.lower() == wanted), None
        )

    @cached_property
    def _relationships(self) -> dict[str, Field]:
        return {
            field.relationship_name.lower(): field
            for field in self.fields.values()
            if field.relationship_name and field.reference_to
        }

    @cached_property
    def stored_fields(self) -> list[Field]:
        """The fields that have a column, in describe's order."""
        return [field for field in self.fields.values() if field.stored]

    @cached_property
    def column_names(self) -> frozenset[str]:
        """The names of the stored fields, lower-case."""
        return frozenset(field.name.lower() for field in self.stored_fields)

    @cached_property
    def soft_delete(self) -> bool:
        """Deleted records go to the recycle bin (the object has IsDeleted)."""
        return "isdeleted" in self.fields

    @cached_property
    def name_field(self) -> Field | None:
        """The field that names a record (`Name`, `CaseNumber`, `Subject`)."""
        return next((field for field in self.fields.values() if field.name_field), None)


def label_of(api_name: str) -> str:
    """A label for an API name: `Billing City` of `BillingCity`, `Account ID` of `AccountId`."""
    bare = re.sub(r"__[a-z]+$", "", api_name).replace("_", " ")
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", bare)
    return re.sub(r"\bId\b", "ID", words)


def make_field(name: str, type_: str, **attributes: Any) -> Field:
    """A field with describe's defaults for its type: length, and whether it can be filtered,
    sorted and grouped by."""
    length = attributes.get("length", 0)
    long_text = type_ == "textarea" and length >= LONG_TEXT
    defaults: dict[str, Any] = {
        "label": label_of(name),
        "filterable": type_ not in _NEVER_FILTERABLE
        and not long_text
        and not (type_ == "textarea" and length >= _SORTED_ONLY_TEXT),
        "sortable": type_ not in _NEVER_SORTABLE and not long_text,
        "groupable": type_ in _GROUPABLE
        or (type_ == "textarea" and 0 < length < _SORTED_ONLY_TEXT),
    }
    if type_ in ("id", "reference"):
        defaults["length"] = 18
    if type_ == "boolean":
        defaults |= {"nillable": False, "defaulted_on_create": True, "default_value": False}
    return Field(name=name, type=type_, **(defaults | attributes))


def _read_only(name: str, type_: str, **attributes: Any) -> Field:
    return make_field(name, type_, createable=False, updateable=False, **attributes)


def id_field(label: str = "Record ID") -> Field:
    """The Id every object has."""
    return _read_only(
        "Id", "id", label=label, nillable=False, defaulted_on_create=True, id_lookup=True
    )


def deleted_field() -> Field:
    """IsDeleted."""
    return _read_only("IsDeleted", "boolean", label="Deleted")


def owner_field(label: str = "Owner ID", owners: tuple[str, ...] = ("User",)) -> Field:
    """OwnerId; `owners` are the objects that can own a record."""
    return make_field(
        "OwnerId",
        "reference",
        label=label,
        nillable=False,
        defaulted_on_create=True,
        reference_to=owners,
        relationship_name="Owner",
        polymorphic=len(owners) > 1,
    )


def audit_fields() -> list[Field]:
    """CreatedDate ... SystemModstamp."""

    def stamp(name: str) -> Field:
        return _read_only(name, "datetime", nillable=False, defaulted_on_create=True)

    def user(name: str) -> Field:
        return _read_only(
            name + "Id",
            "reference",
            nillable=False,
            defaulted_on_create=True,
            reference_to=("User",),
            relationship_name=name,
        )

    return [
        stamp("CreatedDate"),
        user("CreatedBy"),
        stamp("LastModifiedDate"),
        user("LastModifiedBy"),
        stamp("SystemModstamp"),
    ]


def viewed_fields() -> list[Field]:
    """LastViewedDate and LastReferencedDate."""
    return [
        _read_only("LastViewedDate", "datetime"),
        _read_only("LastReferencedDate", "datetime"),
    ]


def by_name(fields: Iterable[Field]) -> Mapping[str, Field]:
    """Fields under their lower-case names, in the given order."""
    return MappingProxyType({field.name.lower(): field for field in fields})
