"""Describe documents: written as the REST API writes them, and read back.

Source: *REST API Developer Guide*, "sObject Describe" and "Describe Global"; the attributes and
their order follow recorded documents.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.custom_objects import SchemaError
from salesforce_bulk.emulator.schema.fields import (
    COMPOUND_TYPES,
    TEXT_TYPES,
    ChildRelationship,
    Field,
    PicklistValue,
    SObject,
    by_name,
)

DEFAULT_VERSION = "62.0"
_SOAP_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "tns:ID",
        "reference": "tns:ID",
        "boolean": "xsd:boolean",
        "int": "xsd:int",
        "long": "xsd:long",
        "double": "xsd:double",
        "currency": "xsd:double",
        "percent": "xsd:double",
        "date": "xsd:date",
        "datetime": "xsd:dateTime",
        "time": "xsd:time",
        "base64": "xsd:base64Binary",
        "address": "urn:address",
        "location": "urn:location",
    }
)
_BYTES_PER_CHARACTER = 3
_WITH_FEED = frozenset({"Account", "Contact", "Lead", "Opportunity", "Case", "Campaign", "User"})
_NOT_AGGREGATABLE = frozenset({"boolean", "base64", "address", "location", "multipicklist"})

#: describe's name -> attribute of `Field`, where both hold the same value.
_FIELD_ATTRIBUTES: Mapping[str, str] = MappingProxyType(
    {
        "name": "name",
        "label": "label",
        "type": "type",
        "length": "length",
        "precision": "precision",
        "scale": "scale",
        "digits": "digits",
        "nillable": "nillable",
        "createable": "createable",
        "updateable": "updateable",
        "defaultedOnCreate": "defaulted_on_create",
        "filterable": "filterable",
        "sortable": "sortable",
        "groupable": "groupable",
        "unique": "unique",
        "caseSensitive": "case_sensitive",
        "externalId": "external_id",
        "idLookup": "id_lookup",
        "calculated": "calculated",
        "autoNumber": "auto_number",
        "custom": "custom",
        "restrictedPicklist": "restricted_picklist",
        "relationshipName": "relationship_name",
        "polymorphicForeignKey": "polymorphic",
        "compoundFieldName": "compound_field_name",
        "nameField": "name_field",
        "htmlFormatted": "html_formatted",
        "restrictedDelete": "restricted_delete",
        "defaultValue": "default_value",
    }
)


def soap_type(field: Field) -> str:
    """The XML Schema type of a field's values, as error messages name it."""
    return _SOAP_TYPES.get(field.type, "xsd:string")


def _byte_length(field: Field) -> int:
    if field.type in ("id", "reference"):
        return field.length
    return field.length * _BYTES_PER_CHARACTER


def _extra_type_info(field: Field) -> str | None:
    if field.type == "textarea":
        return "richtextarea" if field.html_formatted else "plaintextarea"
    if field.name == "PhotoUrl":
        return "imageurl"
    person = field.compound_field_name == "Name" and field.name != "Name"
    return "personname" if person else None


def _describe_picklist_value(value: PicklistValue) -> dict[str, Any]:
    return {
        "active": value.active,
        "defaultValue": value.default,
        "label": value.label,
        "validFor": None,
        "value": value.value,
    }


def _restrictedness(field: Field, detail: bool) -> dict[str, Any]:
    return {
        "cascadeDelete": detail,
        "restrictedDelete": field.restricted_delete and field.custom,
        "writeRequiresMasterRead": detail,
        "relationshipOrder": 0 if detail else None,
    }


def describe_field(field: Field) -> dict[str, Any]:
    """One entry of a describe's ``fields``."""
    return {
        "aggregatable": field.sortable and field.type not in _NOT_AGGREGATABLE,
        "aiPredictionField": False,
        "autoNumber": field.auto_number,
        "byteLength": _byte_length(field),
        "calculated": field.calculated,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound_field_name,
        "controllerName": None,
        "createable": field.createable,
        "custom": field.custom,
        "defaultValue": field.default_value,
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted_on_create,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.digits,
        "displayLocationInDecimal": field.type == "location",
        "encrypted": field.type == "encryptedstring",
        "externalId": field.external_id,
        "extraTypeInfo": _extra_type_info(field),
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": field.html_formatted,
        "idLookup": field.id_lookup,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.nillable and (field.createable or field.calculated),
        "picklistValues": [_describe_picklist_value(value) for value in field.picklist_values],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": field.type in COMPOUND_TYPES,
        "referenceTargetField": None,
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": None,
        "restrictedDelete": False,
        "restrictedPicklist": field.restricted_picklist,
        "scale": field.scale,
        "searchPrefilterable": False,
        "soapType": soap_type(field),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable,
        "writeRequiresMasterRead": False,
    } | _restrictedness(field, field.custom and field.cascade_delete)


def _describe_child(child: ChildRelationship) -> dict[str, Any]:
    return {
        "cascadeDelete": child.cascade_delete,
        "childSObject": child.child_object,
        "deprecatedAndHidden": False,
        "field": child.field,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.name,
        "restrictedDelete": child.restricted_delete,
    }


def _urls(name: str, version: str) -> dict[str, str]:
    base = f"/services/data/v{version}/sobjects/{name}"
    return {
        "compactLayouts": f"{base}/describe/compactLayouts",
        "rowTemplate": f"{base}/{{ID}}",
        "approvalLayouts": f"{base}/describe/approvalLayouts",
        "defaultValues": f"{base}/defaultValues?recordTypeId&fields",
        "listviews": f"{base}/listviews",
        "describe": f"{base}/describe",
        "quickActions": f"{base}/quickActions",
        "layouts": f"{base}/describe/layouts",
        "sobject": base,
    }


def describe_global_entry(sobject: SObject, version: str = DEFAULT_VERSION) -> dict[str, Any]:
    """One entry of Describe Global's ``sobjects``."""
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.createable,
        "custom": sobject.custom,
        "customSetting": sobject.custom and sobject.field("SetupOwnerId") is not None,
        "deepCloneable": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": sobject.name in _WITH_FEED,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.key_prefix or None,
        "label": sobject.label,
        "labelPlural": sobject.label_plural,
        "layoutable": True,
        "mergeable": sobject.name in ("Account", "Contact", "Lead"),
        "mruEnabled": True,
        "name": sobject.name,
        "queryable": sobject.queryable,
        "replicateable": True,
        "retrieveable": True,
        "searchable": True,
        "triggerable": True,
        "undeletable": sobject.deletable and sobject.soft_delete,
        "updateable": sobject.updateable,
        "urls": _urls(sobject.name, version),
    }


_MASTER_RECORD_TYPE: Mapping[str, Any] = MappingProxyType(
    {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": "012000000000000AAA",
    }
)


def describe_object(sobject: SObject, version: str = DEFAULT_VERSION) -> dict[str, Any]:
    """The whole describe document of an object.

    An object that came from a describe document keeps everything that document said; fields
    that were defined afterwards are added.
    """
    if sobject.document is not None:
        return _described_again(sobject, sobject.document)
    layout = f"/services/data/v{version}/sobjects/{sobject.name}/describe/layouts"
    return {
        "actionOverrides": [],
        **describe_global_entry(sobject, version),
        "childRelationships": [_describe_child(child) for child in sobject.child_relationships],
        "compactLayoutable": True,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(field) for field in sobject.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [
            {
                **_MASTER_RECORD_TYPE,
                "urls": {"layout": f"{layout}/{_MASTER_RECORD_TYPE['recordTypeId']}"},
            }
        ],
        "searchLayoutable": True,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [
            {"label": f"All {sobject.label_plural.lower()}", "name": "everything"},
            {"label": f"My {sobject.label_plural.lower()}", "name": "mine"},
        ],
    }


def _described_again(sobject: SObject, document: Mapping[str, Any]) -> dict[str, Any]:
    told = {str(field["name"]).lower() for field in document["fields"]}
    added = [describe_field(field) for key, field in sobject.fields.items() if key not in told]
    return {**document, "fields": [*document["fields"], *added]}


def read_document(document: Mapping[str, Any]) -> SObject:
    """The object of a describe document.

    Takes what ``GET .../sobjects/X/describe`` answers, and the same wrapped in
    ``{"status": 0, "result": ...}`` as the ``sf`` command line prints it. Raises SchemaError.
    """
    if "fields" not in document and isinstance(document.get("result"), Mapping):
        document = document["result"]
    try:
        fields = by_name(_read_field(field) for field in document["fields"])
        name = str(document["name"])
    except (KeyError, TypeError, AttributeError) as error:
        raise SchemaError(f"not a describe document: {error!r}") from error
    label = str(document.get("label") or name)
    return SObject(
        name=name,
        label=label,
        label_plural=str(document.get("labelPlural") or f"{label}s"),
        key_prefix=str(document.get("keyPrefix") or ""),
        fields=fields,
        custom=bool(document.get("custom", name.endswith("__c"))),
        queryable=bool(document.get("queryable", True)),
        createable=bool(document.get("createable", True)),
        updateable=bool(document.get("updateable", True)),
        deletable=bool(document.get("deletable", True)),
        chunkable=name.endswith("__c"),
        document=document,
    )


def _read_field(document: Mapping[str, Any]) -> Field:
    attributes = {
        attribute: document[key]
        for key, attribute in _FIELD_ATTRIBUTES.items()
        if document.get(key) is not None
    }
    picklist = tuple(_read_picklist_value(v) for v in document.get("picklistValues") or ())
    default = next((value.value for value in picklist if value.default), None)
    attributes.setdefault("label", document["name"])
    attributes.setdefault("default_value", default)
    if attributes["type"] not in _SOAP_TYPES and attributes["type"] not in TEXT_TYPES:
        attributes["type"] = "string"
    return Field(
        **attributes,
        picklist_values=picklist,
        reference_to=tuple(document.get("referenceTo") or ()),
        cascade_delete=bool(document.get("cascadeDelete")),
    )


def _read_picklist_value(document: Mapping[str, Any]) -> PicklistValue:
    value = str(document["value"])
    label = str(document.get("label") or value)
    return PicklistValue(
        value, label, bool(document.get("active", True)), bool(document.get("defaultValue"))
    )


def read_child_relationships(document: Mapping[str, Any]) -> Iterable[ChildRelationship]:
    """What a describe document says of the objects that refer to its own."""
    for child in document.get("childRelationships") or ():
        yield ChildRelationship(
            child.get("relationshipName"),
            str(child["childSObject"]),
            str(child["field"]),
            bool(child.get("cascadeDelete")),
            bool(child.get("restrictedDelete")),
        )
