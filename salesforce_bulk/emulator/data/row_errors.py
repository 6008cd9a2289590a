"""Why rows are refused when records are written, in the platform's words.

What is wrong with a single value is worded in `values`. Source: *SOAP API Developer Guide*,
"StatusCode"; help.salesforce.com, "Errors due to invalid IDs during Data Loader import"; the
grades are in FIDELITY.md.
"""

from collections.abc import Sequence

from salesforce_bulk.emulator.data.values import Cell, Judged, RowError, cell_text
from salesforce_bulk.emulator.schema.schema import Field, SObject

MISSING_ID = RowError("MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
ID_IN_INSERT = RowError(
    "INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", ("Id",)
)
UNKNOWN_RECORD = RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
DELETED_RECORD = RowError("ENTITY_IS_DELETED", "entity is deleted")
BLANK_OWNER = RowError(
    "INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", ("OwnerId",)
)
#: The record that a value clashes with when both are of one transaction.
UNKNOWN_DUPLICATE = "<unknown>"


def ragged(width: int, found: int) -> RowError:
    """A row that has not as many fields as the header."""
    return RowError(
        "INVALID_FIELD",
        f"Number of fields in header is different from the row. header = {width} row = {found}",
    )


def bad_id(cell: Cell) -> RowError:
    """What a deletion says of anything that is no id."""
    return RowError("MALFORMED_ID", f"bad id {cell_text(cell) if cell else ''}".rstrip(), ("Id",))


def missing(names: Sequence[str]) -> RowError:
    """All required fields that a row leaves empty."""
    message = f"Required fields are missing: [{', '.join(names)}]"
    return RowError("REQUIRED_FIELD_MISSING", message, tuple(names))


def not_specified(key: Field) -> RowError:
    """A row of an upsert without its key."""
    return RowError("MISSING_ARGUMENT", f"{key.name} not specified", (key.name,))


def unwritable(names: Sequence[str]) -> RowError:
    """A row that writes fields which are read-only, or only written at creation."""
    return RowError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings "
        "of this field and verify that it is read/write for your profile or permission set.",
        tuple(names),
    )


def bad_names(sobject: SObject, names: Sequence[str]) -> RowError:
    """A row that sets fields which records of its kind do not have."""
    return RowError(
        "INVALID_FIELD_FOR_INSERT_UPDATE",
        f"{sobject.label}: bad field names on insert/update call: {', '.join(names)}",
        tuple(names),
    )


def wrong_operation(sobject: SObject, what: str) -> RowError:
    """An object whose records cannot be `what` ("inserted")."""
    return RowError("INVALID_TYPE_FOR_OPERATION", f"entity type cannot be {what}: {sobject.label}")


def doubled_id(record_id: str) -> RowError:
    """A record twice in one transaction."""
    return RowError("DUPLICATE_VALUE", f"Duplicate id specified: {record_id}")


def doubled_key(key: Field, value: Judged) -> RowError:
    """A key twice in one transaction of an upsert."""
    return RowError("DUPLICATE_VALUE", f"Duplicate external id specified: {value!s}", (key.name,))


def duplicate(field: Field, record_id: str) -> RowError:
    """A unique value that another record has."""
    return RowError(
        "DUPLICATE_VALUE",
        f"duplicate value found: {field.name} duplicates value on record with id: {record_id}",
    )


def several(key: Field, record_ids: Sequence[str]) -> RowError:
    """A key that finds more than one record."""
    return RowError(
        "DUPLICATE_EXTERNAL_ID",
        f"{key.name}: more than one record found for external id field: [{', '.join(record_ids)}]",
        (key.name,),
    )


def no_parent(key: Field, target: SObject, value: Judged) -> RowError:
    """A relationship column's value that no record has."""
    return RowError(
        "INVALID_FIELD",
        f"Foreign key external ID: {value!s} not found for field {key.name} "
        f"in entity {target.name}",
    )


def id_and_key_given(field: Field) -> RowError:
    """A record told both by its id and by a key of its own."""
    return RowError(
        "INVALID_FIELD",
        f"cannot specify both an external ID reference and a salesforce id, {field.name}",
        (field.name,),
    )


def locked(record_ids: Sequence[str]) -> RowError:
    """A row that touches records which somebody else holds."""
    return RowError(
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or "
        f"{len(record_ids)} records: {','.join(record_ids)}",
    )


def keeps_parent(name: str, child: SObject, children: Sequence[str]) -> RowError:
    """A deletion that children forbid."""
    return RowError(
        "DELETE_FAILED",
        f"Your attempt to delete {name} could not be completed because it is associated with "
        f"the following {child.label_plural.lower()}.: {', '.join(children)}\n",
    )
