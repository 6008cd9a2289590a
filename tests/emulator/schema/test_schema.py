import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesforce_bulk.emulator.schema.custom_objects import read_field
from salesforce_bulk.emulator.schema.describe_documents import describe_object, read_document
from salesforce_bulk.emulator.schema.schema import Schema, SchemaError, SObject

#: Key prefixes as recorded.
PREFIXES = {
    "Account": "001", "Contact": "003", "User": "005", "Opportunity": "006", "Lead": "00Q",
    "Task": "00T", "Event": "00U", "Case": "500", "Campaign": "701", "Attachment": "00P",
    "ContentVersion": "068", "CampaignMember": "00v", "Product2": "01t", "Organization": "00D",
}  # fmt: skip
ATTRIBUTES_OF_A_RECORDED_FIELD = """
    aggregatable aiPredictionField autoNumber byteLength calculated calculatedFormula
    cascadeDelete caseSensitive compoundFieldName controllerName createable custom defaultValue
    defaultValueFormula defaultedOnCreate dependentPicklist deprecatedAndHidden digits
    displayLocationInDecimal encrypted externalId extraTypeInfo filterable filteredLookupInfo
    formulaTreatNullNumberAsZero groupable highScaleNumber htmlFormatted idLookup inlineHelpText
    label length mask maskType name nameField namePointing nillable permissionable picklistValues
    polymorphicForeignKey precision queryByDistance referenceTargetField referenceTo
    relationshipName relationshipOrder restrictedDelete restrictedPicklist scale
    searchPrefilterable soapType sortable type unique updateable writeRequiresMasterRead
"""
RECORDED = Path("/work/shared/data/describe")


def object_of(schema: Schema, name: str) -> SObject:
    found = schema.get(name)
    assert found is not None
    return found


def field_of(schema: Schema, name: str, field: str) -> Any:
    found = object_of(schema, name).field(field)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "prefix"), PREFIXES.items())
def test_standard_objects_have_their_key_prefixes(name: str, prefix: str) -> None:
    schema = Schema()
    assert object_of(schema, name).key_prefix == prefix
    assert schema.by_prefix(prefix) is schema.get(name)


def test_no_two_objects_share_a_key_prefix() -> None:
    prefixes = [found.key_prefix for found in Schema().objects.values() if found.key_prefix]
    assert len(set(prefixes)) == len(prefixes)


def test_names_are_found_in_any_letter_case_and_told_in_their_own() -> None:
    schema = Schema()
    account = object_of(schema, "aCCOUNT")
    assert account.name == "Account"
    assert field_of(schema, "account", "BILLINGCITY").name == "BillingCity"
    relationship = account.relationship("parent")
    assert relationship is not None
    assert relationship.name == "ParentId"
    assert schema.get("Nonsense") is None
    assert schema.by_prefix("zzz") is None


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("Account", ["Name"]),
        ("Contact", ["LastName"]),
        ("Lead", ["LastName", "Company"]),
        ("Opportunity", ["Name", "StageName", "CloseDate"]),
        ("Case", []),
        ("Task", []),
        ("Campaign", ["Name"]),
    ],
)
def test_the_fields_an_insert_must_have(name: str, required: list[str]) -> None:
    fields = object_of(Schema(), name).stored_fields
    assert [field.name for field in fields if field.required] == required


def test_long_text_cannot_be_filtered_and_addresses_have_no_column() -> None:
    schema = Schema()
    description = field_of(schema, "Account", "Description")
    assert (description.length, description.filterable, description.sortable) == (
        32000,
        False,
        False,
    )
    assert not field_of(schema, "Account", "BillingAddress").stored
    assert "BillingAddress" not in [f.name for f in object_of(schema, "Account").stored_fields]


def test_parents_know_their_children_by_name() -> None:
    contacts = object_of(Schema(), "Account").child_relationship("contacts")
    assert contacts is not None
    assert (contacts.child_object, contacts.field, contacts.cascade_delete) == (
        "Contact",
        "AccountId",
        True,
    )


def test_every_reference_of_a_standard_object_is_seen_from_its_parent() -> None:
    schema = Schema()
    for child in schema.objects.values():
        for field in child.fields.values():
            for parent in filter(None, map(schema.get, field.reference_to)):
                seen = [(c.child_object, c.field) for c in parent.child_relationships]
                assert (child.name, field.name) in seen


def test_no_parent_has_two_child_relationships_of_one_name() -> None:
    for parent in Schema().objects.values():
        names = [child.name for child in parent.child_relationships if child.name]
        assert len(set(names)) == len(names), parent.name


def test_a_custom_object_gets_the_system_fields_and_a_free_prefix() -> None:
    schema = Schema()
    load = schema.define("Load__c", {"Ext__c": "externalId", "Amount__c": "currency(16, 2)"})
    assert [field.name for field in load.fields.values()] == [
        "Id", "OwnerId", "IsDeleted", "Name", "CreatedDate", "CreatedById", "LastModifiedDate",
        "LastModifiedById", "SystemModstamp", "LastViewedDate", "LastReferencedDate", "Ext__c",
        "Amount__c",
    ]  # fmt: skip
    assert (load.key_prefix, schema.define("Other__c").key_prefix) == ("a00", "a01")
    assert (load.label, load.label_plural, load.custom, load.chunkable) == (
        "Load",
        "Loads",
        True,
        True,
    )


@pytest.mark.parametrize(
    ("definition", "attributes"),
    [
        ("text", {"type": "string", "length": 255}),
        ("text(80) required", {"type": "string", "length": 80, "nillable": False}),
        ("externalId", {"external_id": True, "id_lookup": True, "unique": False}),
        ("text(9) unique externalId", {"external_id": True, "unique": True, "length": 9}),
        ("currency(16, 2)", {"type": "currency", "precision": 16, "scale": 2}),
        ("number(5)", {"type": "double", "precision": 5, "scale": 0}),
        ("Checkbox", {"type": "boolean", "nillable": False, "default_value": False}),
        ("longText(5000)", {"type": "textarea", "length": 5000, "filterable": False}),
        ("lookup(Account)", {"reference_to": ("Account",), "relationship_name": "F__r"}),
        ("lookup(Account, Contact)", {"polymorphic": True}),
        ("masterDetail(Account)", {"cascade_delete": True, "required": True, "updateable": False}),
        ("autoNumber(A-{0000})", {"auto_number": True, "createable": False}),
        ("formula", {"calculated": True, "createable": False, "updateable": False}),
        ({"type": "text", "length": 7, "caseSensitive": True}, {"case_sensitive": True}),
        ({"type": "picklist", "values": "A, B"}, {"type": "picklist"}),
        ({"type": "text", "defaultValue": 5}, {"default_value": "5", "required": False}),
        ({"type": "number", "default": "5"}, {"default_value": 5.0}),
        ({"type": "checkbox", "default": True}, {"default_value": True}),
    ],
)
def test_the_short_form_says_what_a_field_is(definition: Any, attributes: dict[str, Any]) -> None:
    field = next(read_field("F__c", definition))
    assert {name: getattr(field, name) for name in attributes} == attributes


def test_a_picklist_lists_its_values_and_may_have_a_default() -> None:
    (short,) = read_field("P__c", "picklist[A, B C] restricted")
    assert [value.value for value in short.picklist_values] == ["A", "B C"]
    assert short.restricted_picklist
    values = [{"value": "A", "label": "Ah"}, {"value": "B", "default": True}]
    (long,) = read_field("P__c", {"type": "picklist", "values": values})
    assert (long.picklist_values[0].label, long.default_value) == ("Ah", "B")


def test_a_location_is_three_fields() -> None:
    names = [field.name for field in read_field("Where__c", "geolocation")]
    assert names == ["Where__c", "Where__Latitude__s", "Where__Longitude__s"]


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("Load", {}, "ends in __c"),
        ("Load__c", {"F__c": "texd"}, "no field type"),
        ("Load__c", {"F__c": "text(x)"}, "numbers"),
        ("Load__c", {"F__c": "text optional"}, "optional"),
        ("Load__c", {"F__c": "lookup"}, "lookup"),
        ("Load__c", {"F__c": "lookup(Nobody__c)"}, "Nobody__c"),
        ("Load__c", {"F__c": {"type": "text", "colour": "red"}}, "colour"),
        ("Load__c", {"F c": "text"}, "API name"),
        ("Load__c", {"F__c": {"type": "int", "default": "many"}}, "many"),
        ("Load__c", {"F__c": "text["}, "no field definition"),
    ],
)
def test_definitions_without_sense_are_refused_by_name(
    name: str, fields: dict[str, Any], said: str
) -> None:
    with pytest.raises(SchemaError, match=said):
        Schema().define(name, fields)


@given(st.text(max_size=30))
def test_no_definition_fails_in_any_other_way(text: str) -> None:
    try:
        fields = list(read_field("F__c", text))
    except SchemaError:
        return
    assert fields[0].name == "F__c"


def test_a_standard_object_takes_more_fields_and_the_next_schema_knows_nothing_of_it() -> None:
    schema = Schema()
    account = schema.define("Account", {"Ext__c": "externalId"})
    assert account.field("ext__c") is not None
    assert object_of(Schema(), "Account").field("Ext__c") is None


def test_an_object_may_refer_to_itself_and_two_lookups_have_two_child_names() -> None:
    node = Schema().define("Node__c", {"Up__c": "lookup(Node__c)", "Near__c": "lookup(Node__c)"})
    assert [child.name for child in node.child_relationships] == ["Nodes1__r", "Nodes__r"]


def test_a_taken_key_prefix_is_refused() -> None:
    with pytest.raises(SchemaError, match="001"):
        Schema().define("Load__c", key_prefix="001")


def test_a_describe_has_every_attribute_of_a_recorded_one() -> None:
    document = Schema().describe("Contact")
    for field in document["fields"]:
        assert set(field) == set(ATTRIBUTES_OF_A_RECORDED_FIELD.split())
    assert json.loads(json.dumps(document)) == document
    email = next(field for field in document["fields"] if field["name"] == "Email")
    assert (email["soapType"], email["length"], email["byteLength"]) == ("xsd:string", 80, 240)


@pytest.mark.parametrize("name", sorted(Schema().objects))
def test_what_is_described_is_read_back_the_same(name: str) -> None:
    schema = Schema()
    document = schema.describe(name)
    again = read_document(json.loads(json.dumps(document)))
    ours = object_of(schema, name)
    assert list(again.fields) == list(ours.fields)
    for key, field in ours.fields.items():
        read = again.fields[key]
        for attribute in ("type", "length", "precision", "scale", "nillable", "createable",
                          "updateable", "picklist_values", "reference_to", "external_id",
                          "relationship_name", "default_value", "auto_number"):  # fmt: skip
            assert getattr(read, attribute) == getattr(field, attribute), (key, attribute)
    assert describe_object(again) == document


def test_a_describe_document_replaces_an_object_and_keeps_its_children() -> None:
    schema = Schema()
    document = schema.describe("Account")
    document["fields"] = [f for f in document["fields"] if f["name"] in ("Id", "Name", "ParentId")]
    document["childRelationships"] = [
        child | {"relationshipName": "People"}
        for child in document["childRelationships"]
        if child["childSObject"] == "Contact"
    ]
    account = schema.load_describe({"status": 0, "result": document})
    assert list(account.fields) == ["id", "name", "parentid"]
    people = account.child_relationship("People")
    assert people is not None
    assert people.child_object == "Contact"
    assert schema.define("Account", {"X__c": "text"}).field("X__c") is not None
    assert [f["name"] for f in schema.describe("Account")["fields"]][-1] == "X__c"


@pytest.mark.parametrize(
    "document", [{}, {"name": "X", "fields": [{}]}, {"fields": 5, "name": "X"}]
)
def test_what_is_no_describe_document_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(SchemaError):
        Schema().load_describe(document)


def test_a_schema_file_holds_describes_or_the_short_form(tmp_path: Path) -> None:
    short = tmp_path / "short.json"
    short.write_text(
        json.dumps(
            {
                "Load__c": {"Ext__c": "externalId"},
                "Item__c": {"label": "Thing", "fields": {"Load__c": "masterDetail(Load__c)"}},
            }
        )
    )
    schema = Schema()
    assert [found.name for found in schema.load_file(short)] == ["Load__c", "Item__c"]
    assert object_of(schema, "Item__c").label == "Thing"
    assert object_of(schema, "Item__c").field("OwnerId") is None
    described = tmp_path / "described.json"
    described.write_text(json.dumps([schema.describe("Load__c"), schema.describe("Item__c")]))
    other = Schema()
    assert [found.name for found in other.load_file(described)] == ["Load__c", "Item__c"]
    assert list(object_of(other, "Load__c").fields) == list(object_of(schema, "Load__c").fields)


def test_a_schema_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(SchemaError, match=r"broken\.json"):
        Schema().load_file(path)
    path.write_text('"text"')
    with pytest.raises(SchemaError, match="mapping"):
        Schema().load_file(path)
    path.write_text('{"Load__c": {"fields": {}, "colour": "red"}}')
    with pytest.raises(SchemaError, match="colour"):
        Schema().load_file(path)
    path.write_text('{"Load__c": 5}')
    with pytest.raises(SchemaError, match="Load__c"):
        Schema().load_file(path)


def test_yaml_needs_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "schema.yaml"
    path.write_text("Load__c: {Ext__c: externalId}")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(SchemaError, match="PyYAML"):
        Schema().load_file(path)


def test_describe_global_lists_all_objects_by_name() -> None:
    schema = Schema()
    schema.define("Load__c")
    names = [entry["name"] for entry in schema.describe_global()]
    assert names == sorted(names)
    assert {"Account", "Load__c"} <= set(names)
    entry = next(entry for entry in schema.describe_global("58.0") if entry["name"] == "Load__c")
    assert (entry["keyPrefix"], entry["custom"]) == ("a00", True)
    assert entry["urls"]["describe"] == "/services/data/v58.0/sobjects/Load__c/describe"


#: What the profile of the recordings hides, and the Object Reference lists.
HIDDEN_FIELDS = {"HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall", "CanAllowPortalSelfReg"}


@pytest.mark.skipif(not RECORDED.exists(), reason="the recordings are kept elsewhere")
@pytest.mark.parametrize("name", ["Account", "Contact", "Lead", "Opportunity", "Case", "Event"])
def test_the_standard_fields_agree_with_recorded_describes(name: str) -> None:
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    ours = {field["name"]: field for field in Schema().describe(name)["fields"]}
    fields = [field for field in recorded["fields"] if "__" not in field["name"]]
    assert [field["name"] for field in fields] == [n for n in ours if n not in HIDDEN_FIELDS]
    for field in fields:
        for key in ("type", "length", "precision", "scale", "digits", "nillable", "createable",
                    "updateable", "defaultedOnCreate", "filterable", "sortable", "groupable",
                    "idLookup", "defaultValue", "relationshipName", "nameField", "soapType",
                    "restrictedPicklist", "compoundFieldName", "autoNumber"):  # fmt: skip
            assert ours[field["name"]][key] == field[key], (field["name"], key)
        assert Schema().load_describe(recorded).name == name
