"""Options of an org that change its objects.

``MultiCurrency``: records have a currency, and the org has ``CurrencyType``. ``RecordTypes``:
records have a record type. ``PersonAccounts``: an account may be a person. Names are those of
scratch org definitions, where there is one.

Source: *Object Reference*, "CurrencyType", "RecordType", "Account".
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from salesforce_bulk.emulator.schema.fields import (
    Field,
    PicklistValue,
    SObject,
    by_name,
    make_field,
)
from salesforce_bulk.emulator.schema.object_notation import read_objects
from salesforce_bulk.emulator.schema.person_accounts import (
    is_person_field,
    is_person_type_field,
    with_person_fields,
)

MULTI_CURRENCY, RECORD_TYPES, PERSON_ACCOUNTS = FEATURES = (
    "MultiCurrency",
    "RecordTypes",
    "PersonAccounts",
)
#: The currencies of such an org: its own first, and what a unit of it is worth in each.
CURRENCIES: Mapping[str, float] = MappingProxyType({"USD": 1.0, "EUR": 0.9, "GBP": 0.8})

_CURRENCY_TYPE = """
= CurrencyType | 01L | Currency Type | Currency Types | -delete
@id Currency Type ID
IsoCode | picklist 40 | required createonly restricted name
ConversionRate | double 18.6 | required
DecimalPlaces | int 1 | required
IsActive | boolean | | Active
IsCorporate | boolean | updateonly | Corporate Currency
@audit
"""
#: Standard objects whose records have a currency.
_WITH_CURRENCY = frozenset(
    {
        *("Account", "Asset", "Campaign", "CampaignMember", "Case", "Contact", "Contract", "Event"),
        *("Lead", "Opportunity", "OpportunityHistory", "OpportunityLineItem", "Order", "OrderItem"),
        *("PricebookEntry", "Product2", "Quote", "QuoteLineItem", "Task", "User"),
    }
)
#: Standard objects that have record types only where there are some; Account has them always.
_WITH_RECORD_TYPE = frozenset(
    {
        *("Asset", "Campaign", "Case", "Contact", "Contract", "Event", "Lead", "Opportunity"),
        *("Order", "Pricebook2", "Product2", "Quote", "Solution", "Task"),
    }
)


def check_features(features: Collection[str]) -> frozenset[str]:
    """The features, each known. Raises ValueError."""
    unknown = sorted(set(features) - set(FEATURES))
    if unknown:
        raise ValueError(f"no feature {unknown[0]!r}; there are {', '.join(FEATURES)}")
    return frozenset(features)


def featured_objects(features: Collection[str]) -> Iterator[SObject]:
    """The objects that only an org with these features has."""
    if MULTI_CURRENCY in features:
        yield from read_objects(_CURRENCY_TYPE)


def with_features(sobject: SObject, features: Collection[str]) -> SObject:
    """The object as an org with these features has it."""
    added = [field for field in _fields(sobject, features) if sobject.field(field.name) is None]
    if not added:
        return sobject
    return replace(sobject, fields=by_name([*sobject.fields.values(), *added]))


def _fields(sobject: SObject, features: Collection[str]) -> Iterator[Field]:
    if MULTI_CURRENCY in features and (_plain(sobject) or sobject.name in _WITH_CURRENCY):
        yield _currency("CurrencyIsoCode", "Currency ISO Code", sobject.createable)
        if sobject.name == "User":
            yield _currency("DefaultCurrencyIsoCode", "Default Currency ISO Code", True)
    if RECORD_TYPES in features and (_plain(sobject) or sobject.name in _WITH_RECORD_TYPE):
        yield make_field(
            "RecordTypeId",
            "reference",
            label="Record Type ID",
            reference_to=("RecordType",),
            relationship_name="RecordType",
        )
    if PERSON_ACCOUNTS in features and sobject.name == "Contact":
        yield is_person_field()
    if PERSON_ACCOUNTS in features and sobject.name == "RecordType":
        yield is_person_type_field()


def _plain(sobject: SObject) -> bool:
    """A custom object that is no big one."""
    return sobject.custom and not sobject.name.endswith("__b")


def with_persons(
    objects: Mapping[str, SObject], features: Collection[str]
) -> Mapping[str, SObject]:
    """The objects (by lower-case name); Account has what Contact has, where accounts may be
    persons."""
    if PERSON_ACCOUNTS not in features:
        return objects
    changed = {name: with_features(objects[name], features) for name in ("contact", "recordtype")}
    changed["account"] = with_person_fields(objects["account"], changed["contact"])
    return {**objects, **changed}


def _currency(name: str, label: str, writable: bool) -> Field:
    return make_field(
        name,
        "picklist",
        label=label,
        length=3,
        createable=writable,
        updateable=writable,
        restricted_picklist=True,
        defaulted_on_create=True,
        default_value="USD",
        picklist_values=tuple(PicklistValue(code, code) for code in CURRENCIES),
    )
