"""Fields that the platform fills in from others when a record is written.

`Name` of people, `IsClosed` of cases, `Probability` of opportunities and their like. Each is a
line of a table: what it fills, from what, and how. Source: *Object Reference*, the objects' own
pages.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.schema.fields import SObject

#: Inputs that are no fields: the moment of the write, and the record's own id.
NOW = "@now"
RECORD_ID = "@id"


@dataclass(frozen=True, slots=True)
class DerivedField:
    """A field that others determine.

    `compute` takes the inputs in their order; `unless_given` leaves alone what the row itself
    states.
    """

    field: str
    inputs: tuple[str, ...]
    compute: Callable[..., Any]
    unless_given: bool = False


def _join(*parts: str | None) -> str | None:
    return " ".join(filter(None, parts)) or None


#: StageName -> (probability, forecast category, its name), as a new org has them.
_STAGES: Mapping[str, tuple[float, str, str]] = MappingProxyType(
    {
        "prospecting": (10.0, "Pipeline", "Pipeline"),
        "qualification": (10.0, "Pipeline", "Pipeline"),
        "needs analysis": (20.0, "Pipeline", "Pipeline"),
        "value proposition": (50.0, "Pipeline", "Pipeline"),
        "id. decision makers": (60.0, "Pipeline", "Pipeline"),
        "perception analysis": (70.0, "Pipeline", "Pipeline"),
        "proposal/price quote": (75.0, "Pipeline", "Pipeline"),
        "negotiation/review": (90.0, "Pipeline", "Pipeline"),
        "closed won": (100.0, "Closed", "Closed"),
        "closed lost": (0.0, "Omitted", "Omitted"),
    }
)
_UNKNOWN_STAGE = (0.0, "Pipeline", "Pipeline")


def _stage_of_opportunity(name: str | None) -> tuple[float, str, str]:
    return _STAGES.get((name or "").lower(), _UNKNOWN_STAGE)


def _is_one_of(*values: str) -> Callable[[str | None], int]:
    wanted = {value.lower() for value in values}
    return lambda value: int((value or "").lower() in wanted)


def _expected_revenue(amount: float | None, probability: float | None) -> float | None:
    if amount is None or probability is None:
        return None
    return round(amount * probability / 100, 2)


def _fiscal_quarter(day: str | None) -> int | None:
    return (int(day[5:7]) + 2) // 3 if day else None


def _fiscal(day: str | None) -> str | None:
    return f"{day[:4]} {_fiscal_quarter(day)}" if day else None


def _closed_at(is_closed: int, before: str | None, now: str) -> str | None:
    return (before or now) if is_closed else None


def _case_closed_at(status: str | None, before: str | None, now: str) -> str | None:
    return _closed_at(_is_one_of("Closed")(status), before, now)


def _task_completed_at(status: str | None, before: str | None, now: str) -> str | None:
    return _closed_at(_is_one_of("Completed")(status), before, now)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _plus_minutes(start: str | None, minutes: int | None, end: str | None) -> str | None:
    if start is None or minutes is None:
        return end
    moment = datetime.fromisoformat(start.rstrip("Z")) + timedelta(minutes=minutes)
    return moment.isoformat(timespec="milliseconds") + "Z"


def _day(*moments: str | None) -> str | None:
    moment = _first(*moments)
    return moment[:10] if moment else None


def _size(content: bytes | None) -> int | None:
    return None if content is None else len(content)


def _checksum(content: bytes | None) -> str | None:
    # The platform's own choice of digest for files; nothing is secured by it.
    return None if content is None else hashlib.md5(content, usedforsecurity=False).hexdigest()


def _extension(path: str | None) -> str | None:
    return PurePosixPath(path).suffix[1:] or None if path else None


def _file_type(path: str | None) -> str | None:
    extension = _extension(path)
    return extension.upper() if extension else "UNKNOWN"


def _file_title(title: str | None, path: str | None) -> str | None:
    return title or (PurePosixPath(path).stem if path else None)


_PERSON_NAME = DerivedField("Name", ("FirstName", "LastName"), _join)

_DERIVED: Mapping[str, tuple[DerivedField, ...]] = MappingProxyType(
    {
        "contact": (
            _PERSON_NAME,
            DerivedField("IsEmailBounced", ("EmailBouncedDate",), lambda day: int(day is not None)),
        ),
        "lead": (_PERSON_NAME,),
        "user": (
            _PERSON_NAME,
            DerivedField(
                "CommunityNickname", ("CommunityNickname", "Username"), _first, unless_given=True
            ),
        ),
        "individual": (_PERSON_NAME,),
        "case": (
            DerivedField("IsClosed", ("Status",), _is_one_of("Closed")),
            DerivedField("ClosedDate", ("Status", "ClosedDate", NOW), _case_closed_at),
        ),
        "task": (
            DerivedField("IsClosed", ("Status",), _is_one_of("Completed")),
            DerivedField("IsHighPriority", ("Priority",), _is_one_of("High")),
            DerivedField(
                "CompletedDateTime", ("Status", "CompletedDateTime", NOW), _task_completed_at
            ),
        ),
        "event": (
            DerivedField("StartDateTime", ("ActivityDateTime", "StartDateTime"), _first, True),
            DerivedField("ActivityDateTime", ("StartDateTime", "ActivityDateTime"), _first),
            DerivedField("ActivityDate", ("ActivityDateTime", "ActivityDate"), _day),
            DerivedField(
                "EndDateTime", ("StartDateTime", "DurationInMinutes", "EndDateTime"), _plus_minutes
            ),
            DerivedField("EndDate", ("EndDateTime", "ActivityDate"), _day),
        ),
        "opportunity": (
            DerivedField("IsClosed", ("StageName",), _is_one_of("Closed Won", "Closed Lost")),
            DerivedField("IsWon", ("StageName",), _is_one_of("Closed Won")),
            DerivedField(
                "Probability", ("StageName",), lambda name: _stage_of_opportunity(name)[0], True
            ),
            DerivedField(
                "ForecastCategory", ("StageName",), lambda name: _stage_of_opportunity(name)[1]
            ),
            DerivedField(
                "ForecastCategoryName",
                ("StageName",),
                lambda name: _stage_of_opportunity(name)[2],
                True,
            ),
            DerivedField("ExpectedRevenue", ("Amount", "Probability"), _expected_revenue),
            DerivedField("FiscalQuarter", ("CloseDate",), _fiscal_quarter),
            DerivedField("FiscalYear", ("CloseDate",), lambda day: int(day[:4]) if day else None),
            DerivedField("Fiscal", ("CloseDate",), _fiscal),
        ),
        "campaignmember": (
            DerivedField("HasResponded", ("Status",), _is_one_of("Responded")),
            DerivedField("LeadOrContactId", ("ContactId", "LeadId"), _first),
            DerivedField("Type", ("ContactId",), lambda contact: "Contact" if contact else "Lead"),
        ),
        "attachment": (DerivedField("BodyLength", ("Body",), _size),),
        "contentversion": (
            DerivedField("Title", ("Title", "PathOnClient"), _file_title),
            DerivedField("ContentSize", ("VersionData",), _size),
            DerivedField("Checksum", ("VersionData",), _checksum),
            DerivedField("FileExtension", ("PathOnClient",), _extension),
            DerivedField("FileType", ("PathOnClient",), _file_type),
        ),
        "opportunitylineitem": (
            DerivedField(
                "TotalPrice",
                ("Quantity", "UnitPrice", "TotalPrice"),
                lambda quantity, price, total: (
                    round(quantity * price, 2) if quantity and price is not None else total
                ),
            ),
        ),
    }
)
_METADATA_NAME = DerivedField("QualifiedApiName", ("DeveloperName",), str)
_CUSTOM_NAME = DerivedField("Name", (RECORD_ID,), str, unless_given=True)


def derived_fields(sobject: SObject) -> tuple[DerivedField, ...]:
    """What is derived in records of the object, in the order in which it is computed.

    A custom object's record without a name is named by its id.
    """
    if sobject.name.endswith("__mdt"):
        return (_METADATA_NAME,)
    name = sobject.field("Name")
    if sobject.custom and name and not name.auto_number:
        return (_CUSTOM_NAME,)
    known = _DERIVED.get(sobject.name.lower(), ())
    return tuple(line for line in known if _complete(line, sobject))


def _complete(line: DerivedField, sobject: SObject) -> bool:
    """An org's own describe document may lack some of the fields."""
    names: Iterable[str] = (line.field, *line.inputs)
    return all(name.startswith("@") or sobject.field(name) for name in names)
