"""Objects and their fields, as the org describes them; asked for once a client.

REST API guide: "sObject Describe", "Limits".
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from salesforce_bulk.errors import InvalidInput, NotFound
from salesforce_bulk.http.call import Call, Caller
from salesforce_bulk.http.clock import Deadline
from salesforce_bulk.http.headers import date_of
from salesforce_bulk.wire import media
from salesforce_bulk.wire.document import (
    UnreadableDocument,
    read_count,
    read_json_object,
    read_text,
)

if TYPE_CHECKING:
    from salesforce_bulk.http.transport import Response

_T = TypeVar("_T")

_OBJECT_NAME = re.compile(r"[A-Za-z0-9_]+")


@dataclass(frozen=True)
class FieldDescribe:
    """What is used of one field's description; ``type`` is the vendor's word."""

    name: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    external_id: bool = False
    id_lookup: bool = False
    case_sensitive: bool = False
    custom: bool = False
    calculated: bool = False
    compound_field_name: str | None = None
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    label: str | None = None
    #: What a restricted picklist takes; empty where other values are taken too.
    picklist_values: frozenset[str] = frozenset()

    @property
    def polymorphic(self) -> bool:
        """Whether the reference may point to more than one object."""
        return len(self.reference_to) > 1


class ObjectDescribe:
    """One object. Names are looked up without regard to case."""

    def __init__(self, name: str, fields: list[FieldDescribe], key_prefix: str | None) -> None:
        self.name = name
        self.fields = fields
        self.key_prefix = key_prefix
        self._by_name = {field.name.lower(): field for field in fields}
        self._by_relationship = {
            field.relationship_name.lower(): field for field in fields if field.relationship_name
        }

    def field(self, name: str) -> FieldDescribe | None:
        """The field of that name."""
        return self._by_name.get(name.lower())

    def relationship(self, name: str) -> FieldDescribe | None:
        """The reference field whose relationship has that name."""
        return self._by_relationship.get(name.lower())

    def nearest(self, name: str) -> str | None:
        """The field with that label, else the one whose name is most like it, for a message."""
        wanted = name.strip().lower()
        for field in self.fields:
            if (field.label or "").lower() == wanted:
                return field.name
        close = get_close_matches(name.lower(), list(self._by_name), n=1)
        return self._by_name[close[0]].name if close else None


@dataclass(frozen=True)
class Allowance:
    """One line of the org's limits: what is allowed in 24 hours and what is left of it."""

    maximum: int
    remaining: int


class Describes:
    """The descriptions of an org, each fetched once; safe for threads.

    Args:
        caller: makes the calls, below ``/services/data/v{version}``.
    """

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._origins: list[str] = [""]
        self._limits: list[Mapping[str, Allowance]] = []
        self._objects: dict[str, ObjectDescribe] = {}
        self._lock = threading.Lock()

    def until(self, deadline: Deadline) -> Describes:
        """The same descriptions, for what has to end by a deadline."""
        bound = copy.copy(self)
        bound._caller = self._caller.until(deadline)
        return bound

    @property
    def origin(self) -> str:
        """The org's address, e.g. ``https://acme.my.salesforce.com``; by the last answer."""
        return self._origins[-1]

    def object(self, name: str) -> ObjectDescribe:
        """GET /sobjects/{name}/describe.

        Raises:
            InvalidInput: no object can have that name.
            NotFound: the org has no such object, or the user may not see it; names it.
        """
        if not isinstance(name, str) or _OBJECT_NAME.fullmatch(name) is None:
            raise InvalidInput(
                f"{name!r} is no object's API name, such as 'Account' or 'Order__c'; it has "
                "letters, digits and '_' only."
            )
        key = name.lower()
        with self._caller.clock.holding(self._lock):
            if key not in self._objects:
                self._objects[key] = self._asked(name)
            return self._objects[key]

    def _asked(self, name: str) -> ObjectDescribe:
        try:
            return self._read(f"sobjects/{name}/describe", _read_object)
        except NotFound as error:
            error.args = (
                f"The org has no object {name!r}, or this user may not see it. Custom objects end "
                "with __c: compare the API name in Setup.",
            )
            raise

    def asked_anew(self, name: str) -> ObjectDescribe:
        """The description of an object as it is now, for what the known one lacks."""
        with self._lock:
            self._objects.pop(name.lower(), None)
        return self.object(name)

    def limits(self) -> Mapping[str, Allowance]:
        """GET /limits, by the vendor's names, e.g. ``DailyBulkApiBatches``; never cached."""
        self._limits[:] = [self._read("limits", _read_limits)]
        return self._limits[-1]

    @property
    def last_limits(self) -> Mapping[str, Allowance]:
        """What `limits` gave when it was last asked; nothing before."""
        return self._limits[-1] if self._limits else {}

    def server_time(self) -> datetime:
        """The org's clock, to the second, by the ``Date`` of an answer."""
        return self._read("limits", _read_date)

    def _read(self, path: str, reader: Callable[[Response], _T]) -> _T:
        def read(answer: Response) -> _T:
            parts = urlsplit(answer.url)
            self._origins[:] = [f"{parts.scheme}://{parts.netloc}"]
            return reader(answer)

        return self._caller.read(Call("GET", path, media_type=media.JSON), read)


def _read_object(answer: Response) -> ObjectDescribe:
    document = read_json_object(answer.content)
    name, fields = read_text(document, "name"), document.get("fields")
    if not name or not isinstance(fields, list):
        raise UnreadableDocument("the description of an object was expected")
    return ObjectDescribe(
        name, [_field(field) for field in fields], read_text(document, "keyPrefix")
    )


def _field(document: Any) -> FieldDescribe:
    if not isinstance(document, dict):
        raise UnreadableDocument("the description of a field was expected")
    name, kind = read_text(document, "name"), read_text(document, "type")
    if not name or not kind:
        raise UnreadableDocument("a field has no name or no type")
    return FieldDescribe(
        name=name,
        type=kind,
        length=read_count(document, "length") or 0,
        precision=read_count(document, "precision") or 0,
        scale=read_count(document, "scale") or 0,
        nillable=bool(document.get("nillable", True)),
        createable=bool(document.get("createable", True)),
        updateable=bool(document.get("updateable", True)),
        external_id=bool(document.get("externalId")),
        id_lookup=bool(document.get("idLookup")),
        case_sensitive=bool(document.get("caseSensitive")),
        custom=bool(document.get("custom")),
        calculated=bool(document.get("calculated")),
        compound_field_name=read_text(document, "compoundFieldName"),
        reference_to=_names(document.get("referenceTo")),
        relationship_name=read_text(document, "relationshipName"),
        label=read_text(document, "label"),
        picklist_values=_values(document) if document.get("restrictedPicklist") else frozenset(),
    )


def _values(document: dict[str, Any]) -> frozenset[str]:
    listed = document.get("picklistValues")
    values = listed if isinstance(listed, list) else []
    return frozenset(
        str(value["value"])
        for value in values
        if isinstance(value, dict) and value.get("active") and value.get("value") is not None
    )


def _names(value: Any) -> tuple[str, ...]:
    names = value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UnreadableDocument("referenceTo is no list of names")
    return tuple(names)


def _read_limits(answer: Response) -> dict[str, Allowance]:
    return {
        name: Allowance(limit["Max"], limit["Remaining"])
        for name, limit in read_json_object(answer.content).items()
        # A limit that the org does not number is none.
        if isinstance(limit, dict) and _is_number(limit, "Max") and _is_number(limit, "Remaining")
    }


def _is_number(limit: Mapping[str, Any], name: str) -> bool:
    return isinstance(limit.get(name), int) and not isinstance(limit[name], bool)


def _read_date(answer: Response) -> datetime:
    date = date_of(answer.headers)
    if date is None:
        raise UnreadableDocument("the answer has no readable Date")
    return date
