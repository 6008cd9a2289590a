"""``tooling/query``: what objects and fields an org has, as records. There is no Apex.

Everything else of the Tooling API is refused by name. Source: Tooling API Developer Guide,
"EntityDefinition", "FieldDefinition", "ApexClass".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.data.org import Org
from salesforce_bulk.emulator.data.store import quoted
from salesforce_bulk.emulator.endpoints.rest.family import PREFIX, RestFamily, json_reply
from salesforce_bulk.emulator.endpoints.rest.queries import RestQueries
from salesforce_bulk.emulator.endpoints.rest.recent import RecentRecords
from salesforce_bulk.emulator.http.routes import ApiError, Call, Route, route
from salesforce_bulk.emulator.http.server import Response, blocks_of
from salesforce_bulk.emulator.jobs.engine import JobEngine
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.errors import SoqlError
from salesforce_bulk.emulator.soql.parse import parse

#: What may be asked for by the object it belongs to only.
_FILTERED = frozenset({"fielddefinition"})
#: The id of what has none.
NO_ID = "000000000000000AAA"
_APEX = "Id:id Name:string Body:string Status:string ApiVersion:double NamespacePrefix:string"
#: The objects of the catalogue: their fields with their types.
OBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "EntityDefinition": (
            "Id:id DurableId:string QualifiedApiName:string DeveloperName:string Label:string "
            "MasterLabel:string PluralLabel:string KeyPrefix:string NamespacePrefix:string "
            "IsCustomizable:boolean IsQueryable:boolean IsCustomSetting:boolean"
        ),
        "FieldDefinition": (
            "Id:id DurableId:string EntityDefinitionId:string QualifiedApiName:string "
            "DeveloperName:string Label:string MasterLabel:string NamespacePrefix:string "
            "DataType:string Length:int Precision:int Scale:int IsNillable:boolean "
            "IsCalculated:boolean IsIndexed:boolean"
        ),
        "ApexClass": _APEX,
        "ApexTrigger": _APEX,
    }
)
#: DataType of FieldDefinition, by describe's word.
_DATA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "boolean": "Checkbox",
        "currency": "Currency({p}, {s})",
        "date": "Date",
        "datetime": "Date/Time",
        "double": "Number({p}, {s})",
        "email": "Email",
        "id": "Lookup()",
        "int": "Number({d}, 0)",
        "multipicklist": "Picklist (Multi-Select)",
        "percent": "Percent({p}, {s})",
        "phone": "Phone",
        "picklist": "Picklist",
        "reference": "Lookup({r})",
        "string": "Text({l})",
        "textarea": "Long Text Area({l})",
        "time": "Time",
        "url": "URL({l})",
    }
)


class Tooling:
    """The queries of the Tooling API."""

    def __init__(self, org: Org, engine: JobEngine, family: RestFamily) -> None:
        self._org = org
        self._engine = engine
        self._family = family
        self._lock = threading.Lock()
        self._records: Org | None = None
        self._catalog: RestQueries | None = None
        self._made: tuple[datetime, int] | None = None

    def routes(self) -> list[Route]:
        base = f"{PREFIX}/{{version}}/tooling/query"
        return [
            route("rest.tooling", base, self._family, GET=self.query),
            route("rest.tooling", f"{base}/{{locator}}", self._family, GET=self.more),
        ]

    def query(self, call: Call) -> Response:
        soql = call.request.query.get("q", call.request.query.get("explain", [""]))[0]
        if soql:
            self._check_object(soql)
        return self._told(self._current().query(call))

    def more(self, call: Call) -> Response:
        return self._told(self._current().more(call))

    def _told(self, response: Response) -> Response:
        """The page, its ids as the dialect has them."""
        if self._org.dialect["rest.tooling.id"] == "durable id":
            return response
        document = json.loads(b"".join(blocks_of(response.body)))
        for record in document.get("records", ()):
            if "Id" in record:
                record["Id"] = NO_ID
        return json_reply(document)

    def _check_object(self, soql: str) -> None:
        try:
            query = parse(soql)
        except SoqlError as error:
            raise ApiError(400, error.code, error.message) from error
        name = query.object.text
        if name.lower() not in {known.lower() for known in OBJECTS}:
            text = f"sObject type '{name}' is not supported, or not emulated"
            raise ApiError(400, "INVALID_TYPE", text)

        if query.where is None and name.lower() in _FILTERED:
            self._check_filter(name)

    def _check_filter(self, name: str) -> None:
        if self._org.dialect["rest.tooling.filter"] != "taken":
            columns = "[EntityDefinitionId,DurableId]"
            text = f"{name}: a filter on a reified column is required {columns}"
            raise ApiError(*self._org.dialect.refusal("rest.tooling.filter"), text)

    def _current(self) -> RestQueries:
        """The catalogue of the objects as they are now."""
        now = self._org.schema_changed, len(self._org.schema.objects)
        with self._lock:
            if self._catalog is None or self._made != now:
                self._close()
                self._records = _catalog(self._org)
                recent = RecentRecords(self._records)
                self._catalog = RestQueries(
                    self._records, self._engine, self._family, recent, "tooling/query"
                )
                self._made = now
            return self._catalog

    def close(self) -> None:
        """Lets go of the catalogue; a query makes it anew."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._records is not None:
            self._records.close()
        self._records = self._catalog = None


def _catalog(org: Org) -> Org:
    catalog = Org(org.clock, dialect=org.dialect)
    for name, fields in OBJECTS.items():
        catalog.load_describe(_document(name, fields))
    rows: dict[str, list[Mapping[str, Any]]] = {name: [] for name in OBJECTS}
    for sobject in org.schema.objects.values():
        rows["EntityDefinition"].append(_entity(sobject))
        rows["FieldDefinition"] += [_field(sobject, field) for field in sobject.fields.values()]
    for name, records in rows.items():
        _insert(catalog, name, records)
    return catalog


def _document(name: str, fields: str) -> dict[str, Any]:
    described = []
    for entry in fields.split():
        field, _, kind = entry.partition(":")
        document: dict[str, Any] = {"name": field, "type": kind, "length": 255}
        if field == "EntityDefinitionId":
            document |= {
                "referenceTo": ["EntityDefinition"],
                "relationshipName": "EntityDefinition",
            }
        document |= {"filterable": True, "sortable": True, "groupable": True}
        described.append(document)
    return {"name": name, "label": name, "fields": described}


def _insert(catalog: Org, name: str, records: Sequence[Mapping[str, Any]]) -> None:
    sobject = catalog.schema.objects[name.lower()]
    catalog.store.ensure(sobject)
    names = [field.name for field in sobject.stored_fields]
    columns, marks = ", ".join(map(quoted, names)), ", ".join("?" * len(names))
    with catalog.store.writing() as connection:
        connection.executemany(
            f"INSERT INTO {quoted(name)} ({columns}) VALUES ({marks})",  # noqa: S608  # nosec B608 # quoted names
            [[record.get(column) for column in names] for record in records],
        )


def _entity(sobject: SObject) -> dict[str, Any]:
    return {
        "Id": sobject.name,
        "DurableId": sobject.name,
        "QualifiedApiName": sobject.name,
        "DeveloperName": sobject.name.removesuffix("__c"),
        "Label": sobject.label,
        "MasterLabel": sobject.label,
        "PluralLabel": sobject.label_plural,
        "KeyPrefix": sobject.key_prefix,
        "IsCustomizable": 1,
        "IsQueryable": int(sobject.queryable),
        "IsCustomSetting": 0,
    }


def _field(sobject: SObject, field: Field) -> dict[str, Any]:
    word = _DATA_TYPES.get(field.type, field.type.title())
    kind = word.format(
        p=field.precision,
        s=field.scale,
        d=field.digits,
        l=field.length,
        r=",".join(field.reference_to),
    )
    return {
        "Id": f"{sobject.name}.{field.name}",
        "DurableId": f"{sobject.name}.{field.name}",
        "EntityDefinitionId": sobject.name,
        "QualifiedApiName": field.name,
        "DeveloperName": field.name.removesuffix("__c"),
        "Label": field.label,
        "MasterLabel": field.label,
        "DataType": kind,
        "Length": field.length,
        "Precision": field.precision,
        "Scale": field.scale,
        "IsNillable": int(field.nillable),
        "IsCalculated": int(field.calculated),
        "IsIndexed": int(field.external_id or field.unique or field.type in ("id", "reference")),
    }
