"""What is looked at before a load sends anything: columns, keys, the day's allocation."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import NamedTuple

from salesforce_bulk.api.describe import Describes, FieldDescribe, ObjectDescribe
from salesforce_bulk.api.reserve import BATCH_ALLOWANCE
from salesforce_bulk.errors import ExceededQuota, InvalidInput, InvalidUser, NotFound
from salesforce_bulk.formats.field_values import KINDS, FieldKind
from salesforce_bulk.formats.values import NULL_CELL
from salesforce_bulk.load.row_matching import NUMBER, RowShape, normal_of
from salesforce_bulk.load.settings import LoadSpec
from salesforce_bulk.load.value_checks import ColumnJudge, value_judge

#: The operations that need a record's Id in each row.
_BY_ID = frozenset({"update", "delete", "hardDelete"})
_DELETES = frozenset({"delete", "hardDelete"})
_NUMBERS = frozenset({"double", "currency", "percent", "int", "long"})
_IDS = frozenset({"id", "reference"})
#: Objects that are named where a reference may point to many.
_FEW = 5
#: What a name of a column has in it where the header was not cut.
_DELIMITER = re.compile(r"[,;:|^\t]")


@dataclass(frozen=True)
class Key:
    """The column that says which record a row is for.

    ``normal`` makes one text of all that the org takes for the same key; ``required`` says that
    an empty one is refused, ``unique`` that two rows may not have the same.
    """

    position: int
    column: str
    normal: Callable[[str], str]
    required: bool
    unique: bool


@dataclass(frozen=True)
class CheckedColumns:
    """The columns as the org names them.

    Attributes:
        names: for the header of the batches, in the caller's order.
        kinds: of the fields, by the caller's names of the columns; see `field_values`.
        key: None for inserts.
        external_id: of an upsert, in the org's letter case.
        references: the positions of columns that point to a parent, OwnerId's last.
        shape: by which rows are found again in results that are in no order.
        judges: what tells of values that the org would refuse.
    """

    names: tuple[str, ...]
    kinds: Mapping[str, FieldKind]
    key: Key | None
    external_id: str | None
    references: tuple[int, ...]
    shape: RowShape
    judges: tuple[ColumnJudge, ...]


def check_columns(
    spec: LoadSpec, columns: Sequence[str], describes: Describes, check: str = "none"
) -> CheckedColumns:
    """Compare the columns with the object's description.

    Args:
        spec: the object, and what is done.
        columns: as the caller names them.
        describes: knows the object.
        check: ``none`` looks at names and keys only, else columns that the org would refuse in
            every row are refused as well.

    Raises:
        InvalidInput: a column that the object does not have (with the nearest name), one that
            comes twice in another letter case, a key column that lacks, an Id in an insert,
            anything but Ids in a delete.
        NotFound: no such object, or the user may not see it.
    """
    described = describes.object(spec.object_name)
    fields = [_resolve(column, described, describes) for column in columns]
    names = tuple(field.name for field in fields)
    _refuse_repeated(names, columns)
    external_id = _external_id(spec, described)
    _refuse_by_operation(spec, names)
    _refuse_binary(spec, columns, fields)
    if check != "none":
        _refuse_unwritable(spec, external_id, columns, fields)
    key = _key(spec, external_id, names, columns, fields)
    return CheckedColumns(
        names=names,
        kinds=_kinds(columns, fields),
        key=key,
        external_id=external_id,
        references=_references(fields),
        shape=_shape(key, fields),
        judges=tuple(_judges(spec, columns, fields, key)),
    )


def field_kinds(
    object_name: str, columns: Sequence[str], describes: Describes
) -> dict[str, FieldKind]:
    """What the values of the columns' fields are, where that decides how they are written.

    Raises:
        InvalidInput: a column that the object does not have.
        NotFound: no such object, or the user may not see it.
    """
    described = describes.object(object_name)
    return _kinds(columns, [_resolve(column, described, describes) for column in columns])


def _kinds(columns: Sequence[str], fields: Sequence[_ResolvedColumn]) -> dict[str, FieldKind]:
    named = zip(columns, fields, strict=True)
    return {column: field.kind for column, field in named if field.kind is not None}


def _shape(key: Key | None, fields: Sequence[_ResolvedColumn]) -> RowShape:
    own = [at for at, (_, field, reference, _) in enumerate(fields)
           if field is not None and field.external_id and reference is None]  # fmt: skip
    first = [] if key is None else [key.position]
    return RowShape(
        names=tuple(field.name for field in fields),
        normals=tuple(normal_of(field.type) for field in fields),
        keys=tuple(dict.fromkeys([*first, *own])),
    )


class _ResolvedColumn(NamedTuple):
    """A column as the org knows it.

    Attributes:
        name: for the header.
        field: whose values the cells hold; None where this user may not see it.
        reference: the field that a relationship column sets; None for plain fields.
        parent: whether the column is a relationship without a field of the parent.
    """

    name: str
    field: FieldDescribe | None
    reference: FieldDescribe | None = None
    parent: bool = False

    @property
    def type(self) -> str | None:
        return None if self.field is None else self.field.type

    @property
    def kind(self) -> FieldKind | None:
        """How the values are written."""
        if self.parent:
            return "relationship"
        kind = KINDS.get(self.type or "")
        return "key" if kind == "text" and self.field and self.field.external_id else kind

    @property
    def sets(self) -> FieldDescribe | None:
        """The field of the object that is written."""
        return self.reference or self.field


def _resolve(column: str, described: ObjectDescribe, describes: Describes) -> _ResolvedColumn:
    path, dot, field_name = column.rpartition(".")
    if dot:
        return _resolve_relationship(column, path, field_name, described, describes)
    field = described.field(column)
    if field is not None:
        return _ResolvedColumn(field.name, field)
    reference = described.relationship(column)
    if reference is None:
        raise _unknown(column, described.name, described.nearest(column))
    return _ResolvedColumn(reference.name, reference, parent=True)


def _resolve_relationship(
    column: str, path: str, field_name: str, described: ObjectDescribe, describes: Describes
) -> _ResolvedColumn:
    kind, _, name = path.rpartition(":")
    reference = described.relationship(name)
    if reference is None or reference.relationship_name is None:
        relationships = [field.relationship_name or "" for field in described.fields]
        near = get_close_matches(name, [one for one in relationships if one], n=1)
        raise _unknown(column, described.name, f"{near[0]}.{field_name}" if near else None)
    parent = _parent(column, kind, reference, describes)
    try:
        parent_object = describes.object(parent)
    except (NotFound, InvalidUser):
        # The user may set a reference to an object without seeing it; the org decides.
        return _ResolvedColumn(f"{path}.{field_name}", None, reference)
    field = parent_object.field(field_name)
    if field is None:
        near_field = parent_object.nearest(field_name)
        raise _unknown(column, parent, near_field and f"{path}.{near_field}")
    prefix = f"{parent}:" if reference.polymorphic else ""
    name = f"{prefix}{reference.relationship_name}.{field.name}"
    return _ResolvedColumn(name, field, reference)


def _parent(column: str, kind: str, reference: FieldDescribe, describes: Describes) -> str:
    if not reference.polymorphic:
        return reference.reference_to[0]
    by_name = {name.lower(): name for name in reference.reference_to}
    if kind.lower() in by_name:
        return by_name[kind.lower()]
    few = ", ".join(reference.reference_to[:_FEW])
    raise InvalidInput(
        f"The column {column!r} may point to several objects ({few}); say which, by a key of it, "
        f"e.g. {_column_that_finds(column, reference, describes)!r}.",
        column=column,
    )


def _column_that_finds(column: str, reference: FieldDescribe, describes: Describes) -> str:
    """One by the caller's field where that is a key of an object, else by another key."""
    relationship, _, field = column.rpartition(":")[2].rpartition(".")
    keys = [
        (name, key) for name in reference.reference_to[:_FEW] for key in _keys_of(name, describes)
    ]
    asked = [one for one in keys if one[1].lower() == field.lower()]
    others = [one for one in keys if one[1] != "Id"]
    name, key = [*asked, *others, *keys, (reference.reference_to[0], field)][0]
    return f"{name}:{relationship}.{key}"


def _keys_of(name: str, describes: Describes) -> list[str]:
    try:
        return [field.name for field in describes.object(name).fields if _is_key(field)]
    except (NotFound, InvalidUser):
        return []  # the user may not see it


def _is_key(field: FieldDescribe) -> bool:
    return field.external_id or field.id_lookup or field.type == "id"


def _unknown(column: str, where: str, nearest: str | None) -> InvalidInput:
    hint = f" Is it {nearest!r}?" if nearest else ""
    between = None if "." in column else _DELIMITER.search(column)
    if between is not None:
        hint = (
            " If these are several columns of a file, say what stands between them: "
            f"delimiter={between[0]!r}."
        )
    return InvalidInput(
        f"{where} has no field for the column {column!r}, or this user may not see it.{hint}",
        column=column,
    )


def _refuse_repeated(names: Sequence[str], columns: Sequence[str]) -> None:
    first: dict[str, str] = {}
    for name, column in zip(names, columns, strict=True):
        before = first.setdefault(name, column)
        if before is not column:
            raise InvalidInput(
                f"The columns {before!r} and {column!r} are the same field {name}.", column=column
            )


def _external_id(spec: LoadSpec, described: ObjectDescribe) -> str | None:
    if spec.operation != "upsert":
        return None
    if not spec.external_id:
        raise InvalidInput("upsert needs external_id=, the field by which records are found.")
    field = described.field(spec.external_id)
    keys = [one.name for one in described.fields if one.external_id or one.id_lookup]
    if field is None or field.name not in (*keys, "Id"):
        raise InvalidInput(
            f"external_id={spec.external_id!r} is no external id of {described.name}; "
            f"there are {', '.join(dict.fromkeys([*keys, 'Id']))}.",
            column=spec.external_id,
        )
    return field.name


def _to_ids_only(names: Sequence[str]) -> str:
    if "Id" not in names:
        return "Rename one with columns={'…': 'Id'}, and leave the others out."
    others = {name: None for name in names if name != "Id"}
    return f"Leave the others out: columns={others}." if len(others) < 4 else "Give the Ids alone."


def _refuse_by_operation(spec: LoadSpec, names: Sequence[str]) -> None:
    if spec.operation in _DELETES and tuple(names) != ("Id",):
        raise InvalidInput(
            f"{spec.operation} takes the column Id and no other; these were given: "
            f"{', '.join(names)}. {_to_ids_only(names)}"
        )
    if spec.operation == "insert" and "Id" in names:
        raise InvalidInput(
            "insert takes no Id, which the org gives; use update, or upsert with external_id='Id'.",
            column="Id",
        )


def _other_way(spec: LoadSpec) -> str:
    return ", or use upsert with an external id" if spec.operation == "update" else ""


def _key(
    spec: LoadSpec,
    external_id: str | None,
    names: Sequence[str],
    columns: Sequence[str],
    fields: Sequence[_ResolvedColumn],
) -> Key | None:
    name = external_id if spec.operation == "upsert" else "Id" if spec.operation in _BY_ID else None
    if name is None:
        return None
    if name not in names:
        raise InvalidInput(
            f"{spec.operation} {spec.object_name} needs the column {name}; these were given: "
            f"{', '.join(columns)}. Rename one with columns={{'…': '{name}'}}{_other_way(spec)}.",
            column=name,
        )
    position = list(names).index(name)
    field = fields[position].field
    return Key(
        position=position,
        column=columns[position],
        normal=normal_form(field),
        required=spec.operation in _BY_ID,
        unique=spec.operation in ("update", "upsert"),
    )


def _refuse_binary(
    spec: LoadSpec, columns: Sequence[str], fields: Sequence[_ResolvedColumn]
) -> None:
    for column, field in zip(columns, fields, strict=True):
        if field.type == "base64":
            raise InvalidInput(
                f"The column {column!r} holds files, and Salesforce takes binary fields in zip "
                "batches only, with content type ZIP_CSV: make them with "
                "salesforce_bulk.formats.archive.build_archive and post them to a job of "
                f"create_insert_job({spec.object_name!r}, contentType='ZIP_CSV').",
                column=column,
            )


def _refuse_unwritable(
    spec: LoadSpec,
    external_id: str | None,
    columns: Sequence[str],
    fields: Sequence[_ResolvedColumn],
) -> None:
    keys = {"Id", external_id}
    found = [
        (column, why)
        for column, field in zip(columns, fields, strict=True)
        if field.name not in keys and (why := _why_unwritable(spec.operation, field))
    ]
    if found:
        listed = "".join(f"\n  {column!r} {why}" for column, why in found)
        raise InvalidInput(
            f"{spec.name}: the org would refuse every row for these columns, and nothing was sent. "
            "Drop them with columns={name: None}; check='none' sends them all the same."
            f"{listed}",
            column=found[0][0],
        )


def _why_unwritable(operation: str, column: _ResolvedColumn) -> str | None:
    field = column.sets
    if field is None:
        return None
    if field.calculated:
        return "is a formula"
    writable = {
        "insert": field.createable,
        "update": field.updateable,
        "upsert": field.createable or field.updateable,
    }.get(operation, True)
    if not writable:
        return "is read-only, or this user may not write it"
    key = column.field
    if column.reference is None or key is None:
        return None
    if _is_key(key):
        return None
    return f"finds no parent: {key.name} is no key of its object, such as an external id"


def _judges(
    spec: LoadSpec,
    columns: Sequence[str],
    fields: Sequence[_ResolvedColumn],
    key: Key | None,
) -> Iterator[ColumnJudge]:
    for position, (column, field) in enumerate(zip(columns, fields, strict=True)):
        keyed = key is not None and key.position == position and spec.operation == "upsert"
        required = keyed and field.name != "Id"
        judge = None if field.field is None or field.parent else value_judge(field.field)
        if required or judge is not None:
            yield ColumnJudge(position, column, judge, required)


def normal_form(field: FieldDescribe | None) -> Callable[[str], str]:
    """What makes one text of all texts that are the same value of a field."""
    if field is None:
        return _lower
    if field.type in _IDS:
        return _short_id
    if field.type in _NUMBERS:
        return _number
    return _trimmed if field.case_sensitive else _lower


# What is not surely the same key is another one: else a row would be left out for it.


def _trimmed(text: str) -> str:
    # The org keeps no blanks at either end; of those beyond ASCII no guide says so.
    trimmed = text.strip(string.whitespace)
    return "" if trimmed == NULL_CELL else trimmed


def _short_id(text: str) -> str:
    # The last three of 18 characters repeat the letter case of the first 15.
    return _trimmed(text)[:15]


def _lower(text: str) -> str:
    # Not casefold, by which STRASSE and straße are one key.
    return _trimmed(text).lower()


def _number(text: str) -> str:
    trimmed = _trimmed(text)
    if not NUMBER.fullmatch(trimmed):  # the org will say what it thinks of it
        return trimmed
    try:
        value = Decimal(trimmed)
        return str(value.normalize()) if value else "0"
    except ArithmeticError:  # none that Python can hold
        return trimmed


def _references(fields: Sequence[_ResolvedColumn]) -> tuple[int, ...]:
    found = [
        position
        for position, field in enumerate(fields)
        if field.sets is not None and field.sets.type == "reference"
    ]
    return tuple(sorted(found, key=lambda position: fields[position].name.startswith("Owner")))


def group_rule(
    checked: CheckedColumns, columns: Sequence[str], group_by: str | None
) -> tuple[int, Callable[[str], str]] | None:
    """The position of the column whose equal values stay together, and their normal form.

    Args:
        checked: the columns as the org names them.
        columns: as the caller does.
        group_by: either name; None takes the first reference to a parent, if there is one.

    Raises:
        InvalidInput: no such column.
    """
    if group_by is None:
        position = next(iter(checked.references), None)
    else:
        wanted = group_by.lower()
        position = next(
            (
                at
                for at, names in enumerate(zip(checked.names, columns, strict=True))
                if wanted in (name.lower() for name in names)
            ),
            None,
        )
        if position is None:
            raise InvalidInput(f"group_by={group_by!r} is no column of the rows.", column=group_by)
    if position is None:
        return None
    plain = position in checked.references and "." not in checked.names[position]
    return position, _short_id if plain else str.casefold


def check_quota(describes: Describes, batches: int, name: str, *, begun: bool = False) -> None:
    """Compare the batches of a load with what is left of the day's allocation.

    Args:
        describes: knows the limits.
        batches: that are not in the org yet.
        name: of the load, for the message.
        begun: whether an earlier run has sent others.

    Raises:
        ExceededQuota: not enough is left; nothing was sent.
    """
    try:
        allowance = describes.limits().get(BATCH_ALLOWANCE)
    except (NotFound, InvalidUser):
        return  # the user may load without seeing the org's limits
    if allowance is not None and batches > allowance.remaining:
        raise ExceededQuota(
            f"{name} needs {batches:,} batches; of the {allowance.maximum:,} that the org may "
            f"process in 24 hours {allowance.remaining:,} are left ({BATCH_ALLOWANCE}). Nothing "
            + (
                "more was sent. Go on when the allocation is free again."
                if begun
                else "was sent. Load fewer rows, or wait until the allocation is free again."
            )
        )
