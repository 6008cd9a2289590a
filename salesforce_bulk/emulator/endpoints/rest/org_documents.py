"""Documents about the org as a whole and its objects: limits, layouts.

Source: REST API Developer Guide, "Limits", "sObject Layouts", "sObject Compact Layouts". The
figures of limits that nothing here uses up are those of a Developer Edition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.schema import SObject

#: The daily and hourly allocations that the emulator does not use up, by name.
UNUSED_LIMITS: Mapping[str, int] = MappingProxyType(
    {
        "ActiveScratchOrgs": 3,
        "AnalyticsExternalDataSizeMB": 40_960,
        "ConcurrentAsyncGetReportInstances": 200,
        "ConcurrentEinsteinDataInsightsStoryCreation": 5,
        "ConcurrentEinsteinDiscoveryStoryCreation": 2,
        "ConcurrentSyncReportRuns": 20,
        "DailyAnalyticsDataflowJobExecutions": 60,
        "DailyAnalyticsUploadedFilesSizeMB": 51_200,
        "DailyAsyncApexExecutions": 250_000,
        "DailyAsyncApexTests": 500,
        "DailyDurableGenericStreamingApiEvents": 10_000,
        "DailyDurableStreamingApiEvents": 10_000,
        "DailyEinsteinDataInsightsStoryCreation": 1_000,
        "DailyEinsteinDiscoveryPredictAPICalls": 50_000,
        "DailyFunctionsApiCallLimit": 235_000,
        "DailyGenericStreamingApiEvents": 10_000,
        "DailyScratchOrgs": 6,
        "DailyStandardVolumePlatformEvents": 10_000,
        "DailyStreamingApiEvents": 10_000,
        "DailyWorkflowEmails": 1_000,
        "DataStorageMB": 1_024,
        "DurableStreamingApiConcurrentClients": 20,
        "FileStorageMB": 1_024,
        "HourlyAsyncReportRuns": 1_200,
        "HourlyDashboardRefreshes": 200,
        "HourlyDashboardResults": 5_000,
        "HourlyDashboardStatuses": 999_999_999,
        "HourlyLongTermIdMapping": 100_000,
        "HourlyManagedContentPublicRequests": 50_000,
        "HourlyODataCallout": 20_000,
        "HourlyPublishedPlatformEvents": 50_000,
        "HourlyPublishedStandardVolumePlatformEvents": 1_000,
        "HourlyShortTermIdMapping": 100_000,
        "HourlySyncReportRuns": 500,
        "HourlyTimeBasedWorkflow": 50,
        "MassEmail": 10,
        "MonthlyPlatformEventsUsageEntitlement": 0,
        "Package2VersionCreates": 6,
        "Package2VersionCreatesWithoutValidation": 500,
        "PermissionSets": 1_500,
        "PrivateConnectOutboundCalloutHourlyLimitMB": 0,
        "SingleEmail": 15,
        "StreamingApiConcurrentClients": 20,
    }
)
MASTER_RECORD_TYPE = "012000000000000AAA"


def limits_document(used: Mapping[str, tuple[int, int]]) -> dict[str, dict[str, int]]:
    """All limits; ``used`` has (allocation, so much of it used) of those that are counted."""
    allocations = {name: (top, 0) for name, top in UNUSED_LIMITS.items()} | dict(used)
    return {
        name: {"Max": top, "Remaining": max(0, top - gone)}
        for name, (top, gone) in sorted(allocations.items())
    }


def _layout_item(field: Field) -> dict[str, Any]:
    return {
        "editableForNew": field.createable,
        "editableForUpdate": field.updateable,
        "label": field.label,
        "layoutComponents": [
            {
                "details": {"name": field.name, "label": field.label, "type": field.type},
                "displayLines": 1,
                "tabOrder": 1,
                "type": "Field",
                "value": field.name,
            }
        ],
        "placeholder": False,
        "required": field.required,
    }


def layouts_document(
    sobject: SObject, address: str, layout_id: str | None = None
) -> dict[str, Any]:
    """One layout with every field, for every record type."""
    items = [_layout_item(field) for field in sobject.fields.values()]
    section = {
        "columns": 1,
        "heading": "Information",
        "layoutRows": [{"layoutItems": [item], "numItems": 1} for item in items],
        "rows": len(items),
        "useCollapsibleSection": False,
        "useHeading": True,
    }
    layout: dict[str, Any] = {
        "buttonLayoutSection": {"detailButtons": []},
        "detailLayoutSections": [section],
        "editLayoutSections": [section],
        "id": layout_id,
        "multirowEditLayoutSections": [],
        "quickActionList": None,
        "relatedContent": None,
        "relatedLists": [],
    }
    mapping: dict[str, Any] = {
        "available": True,
        "defaultRecordTypeMapping": True,
        "layoutId": layout_id,
        "master": True,
        "name": "Master",
        "picklistsForRecordType": [],
        "recordTypeId": MASTER_RECORD_TYPE,
        "urls": {"layout": f"{address}/describe/layouts/{MASTER_RECORD_TYPE}"},
    }
    return {
        "layouts": [layout],
        "recordTypeMappings": [mapping],
        "recordTypeSelectorRequired": [False],
    }


def record_type_infos(rows: Iterable[Sequence[Any]], address: str) -> list[dict[str, Any]]:
    """The ``recordTypeInfos`` of an object whose record types (id, name, developer name, whether
    it is active) are these: the master's is last, and the default."""
    entries = [*rows, (MASTER_RECORD_TYPE, "Master", "Master", 1)]
    return [
        {
            "active": bool(active),
            "available": bool(active),
            "defaultRecordTypeMapping": identity == MASTER_RECORD_TYPE,
            "developerName": developer_name,
            "master": identity == MASTER_RECORD_TYPE,
            "name": name,
            "recordTypeId": identity,
            "urls": {"layout": f"{address}/describe/layouts/{identity}"},
        }
        for identity, name, developer_name, active in entries
    ]


def compact_layouts_document(sobject: SObject, address: str) -> dict[str, Any]:
    """The system's compact layout: the record's name."""
    named = [sobject.name_field] if sobject.name_field else []
    layout: dict[str, Any] = {
        "actions": [],
        "fieldItems": [_layout_item(field) for field in named],
        "id": None,
        "imageItems": [],
        "label": "System Default",
        "name": "SYSTEM",
        "objectType": sobject.name,
    }
    mapping: dict[str, Any] = {
        "available": True,
        "compactLayoutId": None,
        "compactLayoutName": "SYSTEM",
        "recordTypeId": MASTER_RECORD_TYPE,
        "recordTypeName": "Master",
        "urls": {"compactLayout": f"{address}/describe/compactLayouts/{MASTER_RECORD_TYPE}"},
    }
    return {
        "compactLayouts": [layout],
        "defaultCompactLayoutId": None,
        "recordTypeCompactLayoutMappings": [mapping],
        "urls": {"primary": f"{address}/describe/compactLayouts/primary"},
    }
