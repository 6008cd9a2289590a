"""``describe``: the fields of an object, as loads and exports see them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING

from salesforce_bulk.cli.org import add_org_arguments, connect
from salesforce_bulk.cli.table import table

if TYPE_CHECKING:
    from salesforce_bulk.api.describe import FieldDescribe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which object."""
    parser.add_argument("object", metavar="OBJECT", help="API name, e.g. Account")
    add_org_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print a line for each field."""
    from salesforce_bulk.client_access import org_of  # noqa: PLC0415 (--help stays fast)

    found = org_of(connect(args.org)).describes.object(args.object)
    args.answer.know(object=found.name, fields=[asdict(field) for field in found.fields])
    rows = [[field.name, type_of(field), notes_of(field)] for field in found.fields]
    args.answer.show(table(("field", "type", ""), rows))
    return 0


def type_of(field: FieldDescribe) -> str:
    """``string(80)``, ``double(18, 2)``, ``reference to Account``."""
    if field.reference_to:
        return f"reference to {', '.join(field.reference_to)}"
    if field.precision:
        return f"{field.type}({field.precision}, {field.scale})"
    return f"{field.type}({field.length})" if field.length else field.type


def notes_of(field: FieldDescribe) -> str:
    """What a load has to know."""
    notes = [
        ("required", field.createable and not field.nillable and field.type != "boolean"),
        ("external id", field.external_id),
        ("not createable", not field.createable),
        ("not updateable", not field.updateable),
    ]
    return ", ".join(note for note, holds in notes if holds)
