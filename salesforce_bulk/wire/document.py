"""What is believed of a document that came over the network: nothing that was not looked at.

Whatever stands in it, the readers of this folder give what they promise, or raise
`UnreadableDocument`.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET  # nosec B405 # types only; defusedxml parses
from collections.abc import Mapping
from typing import Any, NoReturn
from xml.etree.ElementTree import ParseError  # nosec B405 # types only; defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from salesforce_bulk.errors import UnexpectedResponse

#: Ids stand in the addresses of further calls. The org's have 15 or 18 letters and digits; those of
#: programs' recordings may be made up.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_COUNT = re.compile(r"[0-9]{1,18}")
#: Tags, and attributes, of an XML document: those of 30,000 batches and more than those of 10,000
#: row results. A document without content takes a hundred times its bytes in memory.
_MOST_TAGS = 1_000_000
#: Commas of a JSON document; 100,000 row results have fewer.
_MOST_COMMAS = 4_000_000


class UnreadableDocument(UnexpectedResponse):
    """The body is not the document that this endpoint returns."""


class AnotherDocument(UnreadableDocument):
    """The body is the API's, and answers a question that is not asked of what was named."""


def read_json(body: bytes) -> Any:
    """A JSON document.

    Raises:
        UnreadableDocument: it is none, has values or is nested beyond all measure, or holds numbers
            of thousands of digits, or ``NaN``.
    """
    if body.count(b",") > _MOST_COMMAS:
        raise UnreadableDocument(f"JSON of more than {_MOST_COMMAS:,} values")
    try:
        return json.loads(body, parse_constant=refuse_constant)
    except RecursionError:
        raise UnreadableDocument("JSON that is nested too deeply") from None
    except ValueError as error:
        raise UnreadableDocument(f"not JSON: {error}") from error


def refuse_constant(name: str) -> NoReturn:
    """Refuse ``NaN`` and ``Infinity``, which are no JSON."""
    raise UnreadableDocument(f"{name} stands where JSON has a number")


def read_json_object(body: bytes) -> dict[str, Any]:
    """A JSON object; `UnreadableDocument` for everything else."""
    document = read_json(body)
    if not isinstance(document, dict):
        raise UnreadableDocument("a JSON object was expected")
    return document


def read_xml(body: bytes) -> ET.Element:
    """The root of an XML document without a DTD; `UnreadableDocument` for everything else."""
    if max(body.count(b"<"), body.count(b"=")) > _MOST_TAGS:
        raise UnreadableDocument(f"XML of more than {_MOST_TAGS:,} tags or attributes")
    try:
        root: ET.Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, LookupError, ValueError) as error:
        # The last two: an encoding that Python does not know, or cannot read XML in.
        raise UnreadableDocument(f"not readable as XML: {error}") from error
    return root


def local_name(tag: str) -> str:
    """The name of an XML element without its namespace."""
    return tag.rpartition("}")[2]


def read_id(value: Any) -> str:
    """An id that may stand in an address; `UnreadableDocument` for what would lead elsewhere."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnreadableDocument("an id was expected that has letters and digits only")
    return value


def read_text(document: Mapping[str, Any], name: str) -> str | None:
    """A text of a document, None where it has none."""
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    raise UnreadableDocument(f"{name} is no text")


def read_count(document: Mapping[str, Any], name: str) -> int | None:
    """A number of rows, None where the document has none; texts of digits are numbers as well."""
    value = document.get(name)
    if value in (None, ""):
        return None
    if isinstance(value, str) and _COUNT.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**18:
        return value
    raise UnreadableDocument(f"{name} is no number of rows")
