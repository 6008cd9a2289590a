"""CSV, XML and JSON on the wire: documents, and batches into rows.

No knowledge of objects or jobs. Results go out through ``results``. Guide page: "Prepare Data
Files".
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, BinaryIO, Protocol, TextIO
from xml.parsers import expat

from salesforce_bulk import limits
from salesforce_bulk.emulator.data.values import UNCHANGED, Cell

DATALOAD = "http://www.force.com/2009/06/asyncapi/dataload"
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
#: Deeper than any document of these APIs, far from any stack's end.
XML_DEPTH = 64
BLOCK = 1 << 18
#: Records of a CSV batch that are measured at once.
MEASURED_RECORDS = 500


class WireError(Exception):
    """A body that cannot be read. ``str`` is the server's text for it."""


class XmlError(WireError):
    """Not well-formed, or with a document type declaration."""


class CsvError(WireError):
    """Broken quoting, or beyond a limit."""


class JsonError(WireError):
    """Not JSON, or not of the shape that a batch has."""


class ByteSource(Protocol):
    def read(self, size: int, /) -> bytes: ...


# XML in


@dataclass(slots=True)
class Element:
    """An XML element; ``name`` without its namespace."""

    name: str
    nil: bool = False
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def child(self, name: str) -> Element | None:
        return next((child for child in self.children if child.name == name), None)

    def find(self, name: str) -> Element | None:
        """The first element of that name, this one and its descendants in document order."""
        if self.name == name:
            return self
        return next(filter(None, (child.find(name) for child in self.children)), None)

    def value(self, name: str, default: str = "") -> str:
        child = self.child(name)
        return default if child is None else child.text


class XmlReader:
    """Reads one XML document from a stream, a child of the root at a time.

    A document type declaration or an entity declaration is refused before expat acts on it,
    so that nothing can be expanded or fetched.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._stack: list[Element] = []
        self._texts: list[list[str]] = []
        self._done: list[Element] = []
        self.root: Element | None = None
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        self._parser = parser

    def __iter__(self) -> Iterator[Element]:
        """The root's children, each dropped once it was given. Raises XmlError."""
        ended = False
        while not ended:
            block = self._source.read(BLOCK)
            ended = not block
            try:
                self._parser.Parse(block, ended)
            except (expat.ExpatError, LookupError, ValueError) as error:
                # Besides what is not well-formed: encodings that nobody, or only expat, knows.
                raise XmlError(str(error)) from error
            done, self._done = self._done, []
            yield from done

    def document(self) -> Element:
        """The whole document. Raises XmlError."""
        children = list(self)
        if self.root is None:
            raise XmlError("no element found")
        self.root.children = children
        return self.root

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        nil = attributes.get(f"{SCHEMA_INSTANCE} nil", "").strip() in ("true", "1")
        element = Element(name.rpartition(" ")[2], nil)
        if len(self._stack) >= XML_DEPTH:
            raise XmlError("elements are nested too deeply")
        if self.root is None:
            self.root = element
        self._stack.append(element)
        self._texts.append([])

    def _end(self, _name: str) -> None:
        element = self._stack.pop()
        element.text = "".join(self._texts.pop())
        if len(self._stack) == 1:
            self._done.append(element)
        elif self._stack:
            self._stack[-1].children.append(element)

    def _characters(self, text: str) -> None:
        self._texts[-1].append(text)

    def _refuse(self, *_declaration: object) -> None:
        raise XmlError("DOCTYPE is disallowed")


def parse_xml(body: bytes) -> Element:
    """A small document. Raises XmlError."""
    return XmlReader(io.BytesIO(body)).document()


# XML out

_XML_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What XML 1.0 cannot carry at all.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_XML_SPECIAL = re.compile("[&<>]|[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_escape(text: str) -> str:
    """Text for an element; characters that XML cannot carry are dropped."""
    if _XML_SPECIAL.search(text) is None:
        return text
    return _XML_SPECIAL.sub(lambda found: _XML_ESCAPES.get(found[0], ""), text)


def xml_element(name: str, text: str, indent: str = " ") -> str:
    return f"{indent}<{name}>{xml_escape(text)}</{name}>\n"


def xml_document(name: str, content: str) -> bytes:
    """A document as recorded: no newline after the declaration, namespace on its own line."""
    head = f'{XML_DECLARATION}<{name}\n   xmlns="{DATALOAD}"'
    tail = f">\n{content}</{name}>" if content else " />"
    return (head + tail).encode()


# JSON


def json_bytes(value: object) -> bytes:
    """One line, no spaces, keys in alphabetical order, as recorded."""
    text = json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _no_constant(word: str) -> object:
    raise JsonError(f"Unexpected token {word}")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise JsonError("Numeric value out of range")
    return value


def parse_json(body: bytes) -> Any:
    """Strict JSON: no NaN, no Infinity. Raises JsonError."""
    try:
        return json.loads(body, parse_constant=_no_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise JsonError(_json_error_text(error)) from error
    except UnicodeDecodeError as error:
        raise JsonError(f"Invalid UTF-8 byte at position {error.start}") from error
    except RecursionError as error:
        raise JsonError("The document is nested too deeply") from error
    except ValueError as error:
        # What is left: a number of more digits than Python reads.
        raise JsonError("Numeric value out of range") from error


def _json_error_text(error: json.JSONDecodeError) -> str:
    """Why a document cannot be read, in the manner of the vendor's parser."""
    place = f"at [line:{error.lineno}, column:{error.colno}]"
    if error.pos >= len(error.doc):
        return f"Unexpected end-of-input {place}"
    character = error.doc[error.pos]
    return f"Unexpected character ('{character}' (code {ord(character)})) {place}"


# times


def xml_time(moment: datetime) -> str:
    """``2022-10-20T16:45:36.000Z``: whole seconds, as every recording has them."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def json_time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


# batches in: a header and rows of cells


@dataclass(frozen=True, slots=True)
class BatchRows:
    """A batch being read: the columns as sent, and ``count`` rows of cells in their order."""

    columns: tuple[str, ...]
    rows: Iterator[Sequence[Cell]]
    count: int


_NULLS: dict[Any, Any] = {"": UNCHANGED, "#N/A": None}


class QuoteCheck:
    """Finds quotes where CSV has none, block by block; csv.reader would take them as text.

    Between two quotes outside a field there are only a separator's characters at the edges:
    so the text is cut at the quotes, and every second piece is looked at.
    """

    def __init__(self, delimiter: str = ",") -> None:
        self._edges = frozenset(delimiter + "\r\n")
        self._inside = False
        self._tail = "\n"

    def feed(self, text: str) -> None:
        pieces = text.split('"')
        pieces[0] = self._tail + pieces[0]
        last = pieces.pop()
        self._check(set(pieces[self._inside :: 2]))
        self._inside ^= bool(len(pieces) % 2)
        # The first and the last character are all that the check of a piece will need.
        self._tail = "" if self._inside else last[:1] + last[1:][-1:]

    def finish(self) -> None:
        if self._inside:
            raise CsvError("EOF reached before closing an opened quote")
        self._check({self._tail + "\n"})

    def _check(self, outside: set[str]) -> None:
        for piece in outside:
            if piece and piece[0] not in self._edges:
                raise CsvError("Not expecting more text after end quote")
            if piece and piece[-1] not in self._edges:
                raise CsvError("Found unescaped quote. A value with quote should be within a quote")


def read_csv(open_text: Callable[[], TextIO], delimiter: str = ",") -> BatchRows:
    """A CSV batch. ``open_text`` opens it with ``newline=""``; everything is known to be readable
    before the first row is given. What has more records than a batch may have is not held, but
    read once more for its rows. Raises CsvError.
    """
    try:
        with open_text() as source:
            _check_quotes(source, delimiter)
        with open_text() as source:
            columns, count, held = _measure(_records(source, delimiter))
    except UnicodeError as error:
        reason = error.reason if isinstance(error, UnicodeDecodeError) else error
        raise CsvError(f"Invalid character: {reason}") from error
    rows = _rows(open_text, delimiter) if held is None else _with_nulls(held)
    return BatchRows(columns, rows, count)


def _check_quotes(source: TextIO, delimiter: str) -> None:
    check = QuoteCheck(delimiter)
    while block := source.read(BLOCK):
        check.feed(block)
    check.finish()


def _measure(
    records: Iterator[list[str]],
) -> tuple[tuple[str, ...], int, list[list[str]] | None]:
    """The header, the number of records behind it, and these if they are no more than a batch
    may have; the limits of each are checked.
    """
    header = next(records, [])
    check_record(header)
    count = 0
    held: list[list[str]] | None = []
    while block := list(islice(records, MEASURED_RECORDS)):
        # As long as all of them together are within one field's limit, so is each.
        if sum(map(len, chain.from_iterable(block))) > limits.FIELD_CHARACTERS:
            for record in block:
                check_record(record)
        count += len(block)
        if held is not None:
            held.extend(block)
        if count > limits.BATCH_RECORDS:
            held = None
    return tuple(header), count, held


def _rows(open_text: Callable[[], TextIO], delimiter: str) -> Iterator[Sequence[Cell]]:
    with open_text() as source:
        records = _records(source, delimiter)
        next(records, None)
        yield from _with_nulls(records)


def _with_nulls(records: Iterable[list[str]]) -> Iterator[Sequence[Cell]]:
    special = _NULLS.get
    for record in records:
        if "" in record or "#N/A" in record:
            yield [special(cell, cell) for cell in record]
        else:
            yield record


def _records(source: TextIO, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(source, delimiter=delimiter)
    try:
        for record in reader:
            # A blank line is no record; a line of one empty quoted cell is.
            if record:
                yield record
    except csv.Error as error:
        # A program may have moved csv's own limit; the text is the same at either.
        text = "Exceeded max field size" if "field larger" in str(error) else str(error)
        raise CsvError(text) from error


def check_record(record: Sequence[str]) -> None:
    """The limits of one record, with the texts of the vendor's reader. Raises CsvError."""
    longest = max(map(len, record), default=0)
    characters = sum(map(len, record))
    if longest > limits.FIELD_CHARACTERS:
        raise CsvError("Exceeded max field size")
    if len(record) > limits.RECORD_FIELDS:
        raise CsvError(f"Exceeded max number of columns per record : {limits.RECORD_FIELDS}")
    if characters > limits.RECORD_CHARACTERS:
        raise CsvError(
            f"Exceeded max length for one record: {characters}. "
            f"Max length for one record should be less than or equal to {limits.RECORD_CHARACTERS}"
        )


def read_json(body: bytes, empty: Cell = UNCHANGED) -> BatchRows:
    """A JSON batch: an array of objects, references one level deep; ``empty`` is what ``""``
    means. Raises JsonError.
    """
    records = parse_json(body)
    if not isinstance(records, list):
        raise JsonError("Records not processed: the batch is not an array of records")
    return _from_dicts([_flat_json(record, empty) for record in records])


def _flat_json(record: object, empty: Cell) -> dict[str, Cell]:
    if not isinstance(record, dict):
        raise JsonError("Records not processed: a record is not an object")
    return dict(
        _json_cell(name, value, empty) for name, value in record.items() if name != "attributes"
    )


def _json_cell(name: str, value: object, empty: Cell = UNCHANGED) -> tuple[str, Cell]:
    if isinstance(value, dict):
        return _json_reference(name, value)
    if value == "":
        return name, empty
    if value is None or isinstance(value, str | bool | int | float):
        return name, value
    raise JsonError(f"Unexpected value for {name}")


def _json_reference(name: str, value: Mapping[str, object]) -> tuple[str, Cell]:
    attributes = value.get("attributes")
    type_name = attributes.get("type") if isinstance(attributes, dict) else None
    keys = [key for key in value if key != "attributes"]
    if len(keys) != 1 or isinstance(value[keys[0]], dict):
        raise JsonError(f"{name} must name its record by exactly one field")
    _, cell = _json_cell(keys[0], value[keys[0]])
    return _reference(type_name, name, keys[0]), cell


def _reference(type_name: object, relationship: str, key: str) -> str:
    prefix = f"{type_name}:" if type_name else ""
    return f"{prefix}{relationship}.{key}"


def _from_dicts(records: Sequence[Mapping[str, Cell]]) -> BatchRows:
    columns = tuple(dict.fromkeys(name for record in records for name in record))
    rows = ([record.get(name, UNCHANGED) for name in columns] for record in records)
    return BatchRows(columns, rows, len(records))


def read_xml(open_source: Callable[[], BinaryIO], empty: Cell = UNCHANGED) -> BatchRows:
    """An XML batch, read twice: first for the columns, then for the rows; ``empty`` is what an
    element without text means. Raises XmlError.
    """
    columns: dict[str, None] = {}
    count = 0
    with open_source() as source:
        for record in _xml_records(source, empty):
            columns.update(dict.fromkeys(record))
            count += 1
    return BatchRows(tuple(columns), _xml_rows(open_source, tuple(columns), empty), count)


def _xml_rows(
    open_source: Callable[[], BinaryIO], columns: Sequence[str], empty: Cell
) -> Iterator[Sequence[Cell]]:
    with open_source() as source:
        for record in _xml_records(source, empty):
            yield [record.get(name, UNCHANGED) for name in columns]


def _xml_records(source: ByteSource, empty: Cell) -> Iterator[dict[str, Cell]]:
    reader = XmlReader(source)
    for element in reader:
        if reader.root is None or reader.root.name != "sObjects" or element.name != "sObject":
            raise XmlError("Unable to find sObjects")
        yield dict(_xml_cell(child, empty) for child in element.children if child.name != "type")


def _xml_cell(element: Element, empty: Cell = UNCHANGED) -> tuple[str, Cell]:
    nested = element.child("sObject")
    if nested is None:
        if element.nil:
            return element.name, None
        return element.name, element.text if element.text else empty
    keys = [child for child in nested.children if child.name != "type"]
    if len(keys) != 1:
        raise XmlError(f"{element.name} must name its record by exactly one field")
    _, cell = _xml_cell(keys[0])
    return _reference(nested.value("type"), element.name, keys[0].name), cell
