"""The columns of a query: their names and types, by describe.

REST API guide, "sObject Describe"; Bulk API guide, "SOQL Considerations".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from salesforce_bulk.api.describe import Describes, FieldDescribe, ObjectDescribe
from salesforce_bulk.errors import InvalidInput, NotFound
from salesforce_bulk.export.soql import Query, SelectItem
from salesforce_bulk.formats.typed import ResultColumn

#: Types that bulk queries do not select.
_COMPOUND = frozenset({"address", "location", "complexvalue", "junctionidlist"})
_BINARY = "base64"
#: Functions whose column is called as its field where it has no alias; others' are numbered.
_CALLED_AS_FIELD = frozenset({"TOLABEL", "FORMAT", "CONVERTCURRENCY"})
#: Functions whose column keeps the type of its field; the others give text.
_KEEPS_TYPE = frozenset({"CONVERTCURRENCY"})


def all_fields(described: ObjectDescribe) -> list[str]:
    """The fields of an object that a bulk query can select: neither compound nor binary."""
    return [field.name for field in described.fields if _selectable(field)]


def _selectable(field: FieldDescribe) -> bool:
    return field.type not in _COMPOUND and field.type != _BINARY


def columns_of(query: Query, describes: Describes) -> list[ResultColumn]:
    """The columns of a query's result in the order of its SELECT, named as the API names them.

    Raises:
        InvalidInput: a field that the object does not have, that is compound or binary, or that
            is selected twice; nothing was sent for it.
        NotFound: the org has no such object.
    """
    described = describes.object(query.object)
    if any(not item.function and _is_unknown(item.path, described) for item in query.items):
        # A field may be younger than the description that a long-lived client has.
        described = describes.asked_anew(query.object)
    _refuse_children(query, described, describes)
    numbered = itertools.count()
    columns = [_column(item, described, describes, numbered) for item in query.items]
    _refuse_doubles(column.name for column in columns)
    return columns


def columns_of_header(
    header: Sequence[str], object_name: str | None, describes: Describes
) -> list[ResultColumn]:
    """The columns of a result whose query is not known, by the header that came."""
    if object_name is None:
        return [ResultColumn(name) for name in header]
    described = describes.object(object_name)
    return [
        _typed_column(name, _find(tuple(name.split(".")), described, describes)) for name in header
    ]


def expanded(query: Query, describes: Describes) -> str:
    """The query's text with ``FIELDS(STANDARD)`` written out, so that its columns are known."""
    text = query.text
    for item in query.items:
        if item.function == "FIELDS":
            described = describes.object(query.object)
            names = [f.name for f in described.fields if not f.custom and _selectable(f)]
            text = text.replace(item.text, ", ".join(names), 1)
    return text


def _is_unknown(path: tuple[str, ...], described: ObjectDescribe) -> bool:
    first = described.field if len(path) == 1 else described.relationship
    return bool(path) and first(path[0]) is None


def _column(
    item: SelectItem, described: ObjectDescribe, describes: Describes, numbered: Iterator[int]
) -> ResultColumn:
    if not item.function:
        return _field_column(item.path, described, describes)
    if item.function not in _CALLED_AS_FIELD or not item.path:
        return ResultColumn(item.alias or f"expr{next(numbered)}")
    column = _field_column(item.path, described, describes)
    if item.function not in _KEEPS_TYPE:
        column = ResultColumn(column.name)
    return replace(column, name=item.alias) if item.alias else column


def _field_column(
    path: tuple[str, ...], described: ObjectDescribe, describes: Describes
) -> ResultColumn:
    name = ".".join(path)
    field = _find(path, described, describes)
    if field is None and len(path) == 1:
        nearest = described.nearest(name)
        hint = f" Did you mean {nearest!r}?" if nearest else ""
        raise InvalidInput(f"{described.name} has no field {name!r}.{hint}", column=name)
    if field is not None:
        _refuse_unselectable(name, field, described if len(path) == 1 else None)
    return _typed_column(_in_the_apis_case(path, described, describes), field)


def _typed_column(name: str, field: FieldDescribe | None) -> ResultColumn:
    if field is None:
        return ResultColumn(name)
    return ResultColumn(name, field.type, field.precision, field.scale)


def _refuse_unselectable(name: str, field: FieldDescribe, described: ObjectDescribe | None) -> None:
    if field.type in _COMPOUND:
        others = described.fields if described else ()
        parts = [f.name for f in others if f.compound_field_name == field.name]
        shown = ", ".join(part for part in parts if part != field.name)
        raise InvalidInput(
            f"{name} is a compound field, which bulk queries do not select; select its parts"
            + (f": {shown}." if shown else "."),
            column=name,
        )
    if field.type == _BINARY:
        raise InvalidInput(
            f"{name} holds files, which bulk queries do not select; leave it out and fetch each "
            "file by its record's REST address.",
            column=name,
        )


def _find(
    path: tuple[str, ...], described: ObjectDescribe, describes: Describes
) -> FieldDescribe | None:
    """The field at the end of a path; None where it cannot be told."""
    if len(path) == 1:
        return described.field(path[0])
    for parent in _parents(path[0], described, describes):
        found = _find(path[1:], parent, describes)
        if found is not None:
            return found
    return None


def _in_the_apis_case(
    path: tuple[str, ...], described: ObjectDescribe, describes: Describes
) -> str:
    if len(path) == 1:
        field = described.field(path[0])
        return field.name if field else path[0]
    link = described.relationship(path[0])
    name = (link.relationship_name if link else None) or path[0]
    for parent in _parents(path[0], described, describes):
        if _find(path[1:], parent, describes) is not None:
            return f"{name}.{_in_the_apis_case(path[1:], parent, describes)}"
    return ".".join((name, *path[1:]))


def _parents(
    relationship: str, described: ObjectDescribe, describes: Describes
) -> Iterable[ObjectDescribe]:
    """The objects that a relationship may lead to: several where it is polymorphic."""
    link = described.relationship(relationship)
    for name in link.reference_to if link else ():
        try:
            yield describes.object(name)
        except NotFound:
            continue  # the user may not see it; another one may have the field


def _refuse_children(query: Query, described: ObjectDescribe, describes: Describes) -> None:
    for path in query.joined:
        parents: Iterable[ObjectDescribe] = [described]
        for name in path:
            parents = [each for one in parents for each in _parents(name, one, describes)]
        if not parents:
            raise InvalidInput(
                f"{'.'.join(path)} stands behind FROM and is no parent of {described.name}. Export "
                "the child object, with a path to its parent, e.g. Account.Name of a Contact.",
                column=".".join(path),
            )


def _refuse_doubles(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise InvalidInput(f"{name} is selected twice.", column=name)
        seen.add(name.lower())
