"""The object, record and fields that an address of REST names, as SOQL."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from salesforce_bulk.emulator.access.sessions import SessionUser
from salesforce_bulk.emulator.endpoints.rest.family import not_found
from salesforce_bulk.emulator.http.routes import ApiError, Call
from salesforce_bulk.emulator.schema.ids import to_18
from salesforce_bulk.emulator.schema.schema import SObject
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org

_FIELD_NAME = re.compile(r"\w+(\.\w+)*", re.ASCII)
#: Resources of an object, or of a record, that are not emulated.
SUBRESOURCES = frozenset(
    {
        "approvallayouts",
        "defaultvalues",
        "describe",
        "eventmonitoring",
        "listviews",
        "namedlayouts",
        "quickactions",
        "richtextimagefields",
    }
)
#: Objects that both APIs have, of which one is emulated.
_OF_TOOLING = re.compile(r"sObject type '(EntityDefinition|FieldDefinition|ApexClass)'")
#: Types whose values stand bare in SOQL.
_UNQUOTED = frozenset({"int", "long", "double", "currency", "percent"})
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def user_of(call: Call) -> SessionUser | None:
    """Whose call it is."""
    return call.session.user if call.session else None


def sobject_of(org: Org, call: Call) -> SObject:
    """The object that the address names. Raises ApiError."""
    sobject = org.schema.get(call["object"])
    if sobject is None and call["object"].lower() == "relevantitems":
        raise ApiError(404, "NOT_FOUND", f"{call['object']} is not emulated")
    if sobject is None:
        raise not_found()
    return sobject


def object_of(org: Org, identity: str) -> str:
    """The name of the object that an id belongs to."""
    sobject = org.schema.by_prefix(identity[:3])
    return sobject.name if sobject else "Name"


@contextmanager
def soql_errors() -> Iterator[None]:
    """Errors of a query as answers."""
    try:
        yield
    except SoqlError as error:
        if error.code == "INVALID_TYPE" and (found := _OF_TOOLING.search(error.message)):
            text = f"{found[1]} is emulated by tooling/query alone: it is not emulated here"
            raise ApiError(400, error.code, text) from error
        raise ApiError(400, error.code, error.message) from error


def id_of(text: str) -> str:
    """The id of a path, 18 characters. Raises ApiError."""
    identity = to_18(text)
    if identity is None:
        raise no_key(text)
    return identity


def no_key(name: str, value: str = "") -> ApiError:
    """What there is no record by: a name of a path, and what stands behind it."""
    if name.lower() in SUBRESOURCES:
        shown = "/".join(filter(None, [name, value.partition("/")[0]]))
        return ApiError(404, "NOT_FOUND", f"{shown} of an object is not emulated")
    text = f"Provided external ID field does not exist or is not accessible: {name}"
    return ApiError(404, "NOT_FOUND", text)


def selected_fields(sobject: SObject, wanted: str) -> list[str]:
    """The fields that ``fields=`` names, or all."""
    names = [name.strip() for name in wanted.split(",")] if wanted else []
    for name in names:
        # Whatever else may be selected in SOQL is no field of a record.
        if not _FIELD_NAME.fullmatch(name):
            text = f"No such column '{name}' on sobject of type {sobject.name}"
            raise ApiError(400, "INVALID_FIELD", text)
    return names or [field.name for field in sobject.fields.values()]


def select_where(
    names: Sequence[str], object_name: str, field: str, value: str, kind: str = "string"
) -> str:
    """The records of an object whose field has a value."""
    selected = ", ".join(names)
    written = value if kind in _UNQUOTED and _NUMBER.fullmatch(value) else _literal(value)
    return f"SELECT {selected} FROM {object_name} WHERE {field} = {written}"  # noqa: S608  # nosec B608 # names of the schema, and checked values


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
