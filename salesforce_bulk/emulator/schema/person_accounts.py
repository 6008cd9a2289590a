"""Person accounts, an option of an org: what an account that is a person has of its contact.

Of each field that is a person's, Contact and Account have one: ``Email`` and ``PersonEmail``,
``Level__c`` and ``Level__pc``. Sources: *Object Reference*, "Account" (person account fields);
*SOAP API Developer Guide*, "Person Account Record Types"; the order of the fields is that of
recorded records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import Field, SObject, by_name, make_field

#: The record type that an org with person accounts begins with.
PERSON_RECORD_TYPE: Mapping[str, str] = MappingProxyType(
    {"Name": "Person Account", "DeveloperName": "PersonAccount"}
)
_NAMES = ("LastName", "FirstName", "Salutation")
_ADDRESS_PARTS = (
    *("Street", "City", "State", "PostalCode", "Country", "Latitude", "Longitude"),
    *("GeocodeAccuracy", "Address"),
)
_PERSONAL = (
    *(f"{kind}{part}" for kind in ("Mailing", "Other") for part in _ADDRESS_PARTS),
    *("MobilePhone", "HomePhone", "OtherPhone", "AssistantPhone", "Email", "Title", "Department"),
    *("AssistantName", "LeadSource", "Birthdate", "HasOptedOutOfEmail", "HasOptedOutOfFax"),
    *("DoNotCall", "LastCURequestDate", "LastCUUpdateDate", "EmailBouncedReason"),
    *("EmailBouncedDate", "IndividualId"),
)
#: Fields that any account has, and a person shares with its contact.
_SHARED = ("Phone", "Fax", "OwnerId")


def is_person_field() -> Field:
    """IsPersonAccount, of Account and of Contact."""
    return make_field(
        "IsPersonAccount",
        "boolean",
        label="Is Person Account",
        createable=False,
        updateable=False,
    )


def is_person_type_field() -> Field:
    """IsPersonType of RecordType."""
    return make_field("IsPersonType", "boolean", label="Is Person Type", updateable=False)


def person_names(contact: SObject) -> dict[str, str]:
    """The fields that are a person's alone: Contact's name -> Account's."""
    names = {name: name for name in _NAMES}
    names |= {name: f"Person{name}" for name in _PERSONAL}
    for field in contact.fields.values():
        if field.stored and re.search("__c$", field.name, re.IGNORECASE):
            names[field.name] = f"{field.name[:-1]}pc"
    return {name: of_account for name, of_account in names.items() if contact.field(name)}


def mirrored_names(contact: SObject) -> dict[str, str]:
    """The stored fields that a person's account and contact keep alike: Contact's name ->
    Account's."""
    names = {**person_names(contact), **{name: name for name in _SHARED}}
    stored = {field.name for field in contact.stored_fields}
    return {name: of_account for name, of_account in names.items() if name in stored}


def with_person_fields(account: SObject, contact: SObject) -> SObject:
    """Account with the fields that a person has, as far as it lacks them."""
    names = person_names(contact)
    lacking = {name for name in names.values() if account.field(name) is None}
    if not lacking and account.field("IsPersonAccount"):
        return account
    own = [field for field in account.fields.values() if field.name not in lacking]
    named = [name for name in _NAMES if name in lacking]
    first = [_mirror(contact.fields[name.lower()], name) for name in named]
    rest = [
        _mirror(contact.fields[name.lower()], of_account)
        for name, of_account in names.items()
        if of_account in lacking and of_account not in named
    ]
    at = 1 + next((n for n, field in enumerate(own) if field.name == "Name"), len(own) - 1)
    fields = [*own[:at], *first, *own[at:], *_identity(account), *rest]
    return replace(account, fields=by_name(fields))


def _identity(account: SObject) -> Iterator[Field]:
    if account.field("PersonContactId") is None:
        yield make_field(
            "PersonContactId",
            "reference",
            label="Contact ID",
            reference_to=("Contact",),
            relationship_name="PersonContact",
            createable=False,
            updateable=False,
        )
    if account.field("IsPersonAccount") is None:
        yield is_person_field()


def _mirror(field: Field, name: str) -> Field:
    """Account's field for one of Contact's. A business account has nothing in it, so that it is
    neither required nor filled; it finds no records where the other one is custom."""
    changes: dict[str, Any] = {"name": name, "auto_number": False, "child_relationship": None}
    if field.type != "boolean":
        changes |= {"nillable": True, "default_value": None, "defaulted_on_create": False}
    if field.custom:
        changes |= {"external_id": False, "id_lookup": False}
    if field.auto_number:
        changes |= {"createable": False, "updateable": False}
    if field.compound_field_name and field.compound_field_name != "Name":
        changes["compound_field_name"] = f"Person{field.compound_field_name}"
    if field.relationship_name:
        bare = field.relationship_name
        changes["relationship_name"] = f"{bare[:-1]}pr" if field.custom else f"Person{bare}"
    return replace(field, **changes)
