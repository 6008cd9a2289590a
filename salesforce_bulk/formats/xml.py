"""Records as the body of an XML batch.

Guide: "Prepare XML and JSON Files".
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # nosec B405 # writes; defusedxml parses
from collections.abc import Iterable

from salesforce_bulk.formats.records import Cell, Record, cells, refuse, relationship
from salesforce_bulk.formats.values import CLEAR
from salesforce_bulk.wire.v1 import NAMESPACE

_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

#: Characters that no XML 1.0 document may hold, not even escaped.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def encode_records(records: Iterable[Record]) -> bytes:
    """The records as an ``sObjects`` document.

    Args:
        records: dicts of field names and values. None and NaN are left out, which leaves the
            field as it is, as an empty cell does in CSV. ``Owner.Username`` and
            ``Lead:Who.Email`` become nested sObjects.

    Raises:
        InvalidInput: a value that cannot be written, or that holds a character that XML cannot
            carry; names row and column.
    """
    root = ET.Element("sObjects", {"xmlns": NAMESPACE, "xmlns:xsi": _INSTANCE})
    for row, found in cells(records):
        record = ET.SubElement(root, "sObject")
        for cell in found:
            bad = _FORBIDDEN.search(cell.text)
            if bad is not None:
                raise refuse(row, cell.column, f"XML cannot carry the character {bad[0]!r}")
            element = _place(record, cell)
            if cell.value is CLEAR:
                element.set("xsi:nil", "true")
            else:
                element.text = cell.text
    # A carriage return that is not escaped is read back as a line feed.
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document.replace(b"\r", b"&#13;")


def _place(record: ET.Element, cell: Cell) -> ET.Element:
    parent = relationship(cell.column)
    if parent is None:
        return ET.SubElement(record, cell.column)
    holder = record.find(parent.name)
    if holder is None:
        holder = ET.SubElement(record, parent.name)
        nested = ET.SubElement(holder, "sObject")
        if parent.object_type is not None:
            ET.SubElement(nested, "type").text = parent.object_type
    return ET.SubElement(holder[0], parent.field)
