"""Results on their way out: a result for each row of a load, and the rows of a query.

Guide pages: "Get Batch Results", "Get Bulk Query Results". Each document is written a piece
at a time: begin, any number of rows, end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Protocol

from salesforce_bulk.emulator.data.values import RowOutcome
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.wire import (
    DATALOAD,
    SCHEMA_INSTANCE,
    XML_DECLARATION,
    xml_element,
    xml_escape,
)
from salesforce_bulk.emulator.jobs.spellings import spelled, spellings

if TYPE_CHECKING:
    from salesforce_bulk.emulator.soql.compile import Column, Parent, TypeOf

# row results out


class DocumentWriter(Protocol):
    """The writer of one document."""

    def begin(self) -> bytes: ...
    def rows(self, rows: Sequence[Any], /) -> bytes: ...
    def end(self) -> bytes: ...


def error_text(outcome: RowOutcome, between_fields: str = ", ", between_errors: str = "") -> str:
    """The CSV ``Error`` cell: ``STATUS:message:Field --`` for each error, one after the other."""
    return between_errors.join(
        f"{error.status_code}:{error.message}:{_error_fields(error.fields, between_fields)}--"
        for error in outcome.errors
    )


def _error_fields(fields: Sequence[str], between: str) -> str:
    return between.join(fields) + " " if fields else ""


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


_FLAGS = {True: "true", False: "false"}


class CsvResults:
    """All cells quoted, LF line ends. A failed row has an id only where a dialect sends it."""

    def __init__(self, dialect: Dialect) -> None:
        self._between_fields = _BETWEEN_FIELDS[dialect["bulk1.result.several_fields"]]
        self._between_errors = _BETWEEN_ERRORS[dialect["bulk1.result.several_errors"]]

    def begin(self) -> bytes:
        return b'"Id","Success","Created","Error"\n'

    def rows(self, rows: Sequence[RowOutcome], /) -> bytes:
        return "".join(map(self._row, rows)).encode("utf-8", "replace")

    def _row(self, row: RowOutcome) -> str:
        if row.success:
            return f'"{row.id}","true","{_FLAGS[row.created]}",""\n'
        if self._between_errors is None:
            row = row._replace(errors=row.errors[:1])
        text = error_text(row, self._between_fields, self._between_errors or "")
        return f'"{row.id or ""}","false","false",{quoted(text)}\n'

    def end(self) -> bytes:
        return b""


_BETWEEN_FIELDS = {"comma and blank": ", ", "comma": ",", "semicolon": ";"}
#: None where only the first error is told.
_BETWEEN_ERRORS = {
    "one after the other": "",
    "semicolon": ";",
    "line break": "\n",
    "first only": None,
}


class XmlResults:
    """Order of elements as the vendor's client reads them: errors, id, success, created."""

    def __init__(self, dialect: Dialect) -> None:
        self._errors_last = dialect["bulk1.result.xml_errors"] == "last"
        self._without_id = _XML_WITHOUT_ID[dialect["bulk1.result.xml_failed_id"]]

    def begin(self) -> bytes:
        schema = f' xmlns:xsi="{SCHEMA_INSTANCE}"' if "xsi:" in self._without_id else ""
        return f'{XML_DECLARATION}<results xmlns="{DATALOAD}"{schema}>\n'.encode()

    def rows(self, rows: Sequence[RowOutcome], /) -> bytes:
        return "".join(map(self._row, rows)).encode("utf-8", "replace")

    def _row(self, row: RowOutcome) -> str:
        errors = "".join(
            "  <errors>\n"
            + "".join(xml_element("fields", name, "   ") for name in error.fields)
            + xml_element("message", error.message, "   ")
            + xml_element("statusCode", error.status_code, "   ")
            + "  </errors>\n"
            for error in row.errors
        )
        identity = f"<id>{row.id}</id>" if row.id else self._without_id
        flags = f"<success>{_FLAGS[row.success]}</success><created>{_FLAGS[row.created]}</created>"
        if self._errors_last:
            return f" <result>\n  {identity}{flags}\n{errors} </result>\n"
        return f" <result>\n{errors}  {identity}{flags}\n </result>\n"

    def end(self) -> bytes:
        return b"</results>"


_XML_WITHOUT_ID = {"absent": "", "nil": '<id xsi:nil="true"/>', "empty": "<id></id>"}


class JsonArray:
    """A JSON array, written a few elements at a time."""

    def __init__(self) -> None:
        self._separator = ""

    def begin(self) -> bytes:
        return b"["

    def join(self, elements: Iterable[str]) -> bytes:
        text = ",".join(elements)
        if not text:
            return b""
        text, self._separator = self._separator + text, ","
        return text.encode("utf-8", "replace")

    def end(self) -> bytes:
        return b"]"


class JsonResults(JsonArray):
    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self._with_null = dialect["bulk1.result.json_failed_id"] == "null"

    def rows(self, rows: Sequence[RowOutcome], /) -> bytes:
        return self.join(map(self._row, rows))

    def _row(self, row: RowOutcome) -> str:
        errors = [
            {"statusCode": code, "message": message, "fields": list(fields)}
            for code, message, fields in row.errors
        ]
        document = {
            "success": row.success,
            "created": row.created,
            "id": row.id,
            "errors": errors,
        }
        if row.id is None and not self._with_null:
            del document["id"]
        return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


RESULT_WRITERS: dict[str, Callable[[Dialect], DocumentWriter]] = {
    "XML": XmlResults,
    "JSON": JsonResults,
}


# query results out


class QueryShape(Protocol):
    """What a writer has to know of a query: see ``soql.compile.CompiledQuery``."""

    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def parents(self) -> Mapping[tuple[str, ...], Parent]: ...
    @property
    def type_of(self) -> Sequence[TypeOf]: ...


#: The whole CSV document of a query without rows: no header, no line end.
NO_RECORDS = b"Records not found for this query"
#: The object that an id belongs to.
ObjectOf = Callable[[str], str]


def java_double(value: float) -> str:
    """A double as Java prints it: ``12.5``, ``5.0``, ``1.39E8``."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    shortest = repr(value)
    mantissa, _, exponent = shortest.partition("e")
    if not exponent:
        digits = shortest.lstrip("-").replace(".", "").strip("0")
        mantissa = f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:] or '0'}"
        exponent = f"{value:e}".partition("e")[2]
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


class CsvQuery:
    """Header and every cell quoted, LF line ends. The rows are those of ``csv_statement``, for
    the same delimiter and line end.
    """

    empty = NO_RECORDS

    def __init__(self, shape: QueryShape, delimiter: str = ",", line_end: str = "\n") -> None:
        header = delimiter.join(quoted(column.label) for column in shape.columns)
        self._header = (header + line_end).encode()

    def begin(self) -> bytes:
        return self._header

    def rows(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        return b"".join([line for (line,) in rows])

    def end(self) -> bytes:
        return b""


class PagedCsvQuery(CsvQuery):
    """The CSV of Bulk API 2.0: without rows it is the header alone."""

    def __init__(self, shape: QueryShape, delimiter: str, line_end: str) -> None:
        super().__init__(shape, delimiter, line_end)
        self.empty = self.begin()


#: Values of these types have no quotes in them.
_PLAIN_TYPES = frozenset({"id", "reference", "int", "long", "date", "datetime", "time"})
#: Text of a double as Java prints it. SQLite's own text is that within these bounds, if it is
#: exact and so short that no shorter one can be; ``java_double`` is asked for the others.
_SQL_DOUBLE = (
    "CASE WHEN {0} IS NULL THEN ''"
    " WHEN (abs({0}) < 1e7 AND abs({0}) >= 1e-3 OR {0} = 0)"
    " AND length(CAST({0} AS TEXT)) <= 16"
    " AND CAST(CAST({0} AS TEXT) AS REAL) = {0} THEN CAST(CAST({0} AS REAL) AS TEXT)"
    " ELSE java_double({0}) END"
)
_SQL_BOOLEAN = "CASE {0} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE '' END"
_SQL_TEXT = "replace(coalesce({0}, ''), '\"', '\"\"')"
_SQL_PLAIN = "coalesce({0}, '')"
_SQL_CELLS = {
    "boolean": _SQL_BOOLEAN,
    "double": _SQL_DOUBLE,
    "currency": _SQL_DOUBLE,
    "percent": _SQL_DOUBLE,
    **dict.fromkeys(_PLAIN_TYPES, _SQL_PLAIN),
}
#: Cells that one expression joins; all at once would copy a wide row once for each cell.
_JOINED_CELLS = 16


def csv_statement(
    columns: Sequence[Column], flat_sql: str, delimiter: str = ",", line_end: str = "\n"
) -> str:
    """A statement that gives each row of ``flat_sql`` as its line of CSV, in bytes: SQLite
    makes 2 to 3 times as many of them in a second as ``csv.writer``. It needs ``java_double``
    as a function of the connection.
    """
    names = [f"c{number}" for number in range(len(columns))]
    cells = [
        _SQL_CELLS.get(column.type, _SQL_TEXT).format(name)
        for column, name in zip(columns, names, strict=True)
    ]
    between = f""" || '"{delimiter}"' || """
    groups = [
        f"({between.join(cells[start : start + _JOINED_CELLS])})"
        for start in range(0, len(cells), _JOINED_CELLS)
    ]
    end = " || ".join(f"char({ord(character)})" for character in line_end)
    return (
        f"WITH result({', '.join(names)}) AS ({flat_sql}) "  # noqa: S608  # nosec B608 # compiled, no input
        f"SELECT CAST('\"' || {between.join(groups)} || '\"' || {end} AS BLOB) FROM result"
    )


@dataclass(slots=True)
class RecordMember:
    """A record within a row: the row's own, or a parent's.

    ``index`` is where its id stands; ``items`` are its members in SELECT order.
    """

    name: str
    index: int
    objects: tuple[str, ...]
    items: list[FieldMember | RecordMember | TypeOfMember] = field(default_factory=list)

    def node(self, name: str) -> RecordMember | None:
        return next(
            (item for item in self.items if isinstance(item, RecordMember) and item.name == name),
            None,
        )


@dataclass(frozen=True, slots=True)
class FieldMember:
    """A value of a record."""

    name: str
    index: int
    type: str


@dataclass(frozen=True, slots=True)
class TypeOfMember:
    """A TYPEOF: its members depend on the object of the id at ``index``."""

    name: str
    index: int
    objects: tuple[str, ...]
    branches: Mapping[str, tuple[FieldMember, ...]]
    otherwise: tuple[FieldMember, ...]


def tree(shape: QueryShape) -> RecordMember:
    """The records that a query's rows are made of."""
    own = shape.parents[()]
    root = RecordMember("", own.index, own.objects)
    choices = sorted(shape.type_of, key=lambda type_of: type_of.position)
    for index, column in enumerate(shape.columns):
        while choices and choices[0].position <= index:
            root.items.append(_choice(choices.pop(0)))
        _parent(root, shape, column.path).items.append(
            FieldMember(column.path[-1], index, column.type)
        )
    root.items += map(_choice, choices)
    return root


def _parent(root: RecordMember, shape: QueryShape, path: tuple[str, ...]) -> RecordMember:
    node = root
    for depth in range(1, len(path)):
        below = node.node(path[depth - 1])
        if below is None:
            parent = shape.parents[path[:depth]]
            below = RecordMember(path[depth - 1], parent.index, parent.objects)
            node.items.append(below)
        node = below
    return node


def _choice(type_of: TypeOf) -> TypeOfMember:
    return TypeOfMember(
        type_of.label,
        type_of.index,
        type_of.objects,
        {name: _leaves(branch) for name, branch in type_of.branches.items()},
        _leaves(type_of.otherwise),
    )


def _leaves(columns: Sequence[tuple[int, Column]]) -> tuple[FieldMember, ...]:
    return tuple(FieldMember(column.label, index, column.type) for index, column in columns)


def _record(
    item: RecordMember | TypeOfMember, row: Sequence[Any], object_of: ObjectOf
) -> tuple[str, str, Sequence[FieldMember | RecordMember | TypeOfMember]] | None:
    """The id, object and members of a record; None where there is none."""
    identity = row[item.index]
    if identity is None:
        return None
    name = item.objects[0] if len(item.objects) == 1 else object_of(identity)
    if isinstance(item, RecordMember):
        return identity, name, item.items
    return identity, name, item.branches.get(name, item.otherwise)


# JSON


@lru_cache(maxsize=4096)
def _day_milliseconds(day: str) -> int:
    return (date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000


def epoch_milliseconds(text: str) -> int:
    """``2024-01-31T12:00:00.000Z`` as milliseconds since 1970, UTC."""
    return (
        _day_milliseconds(text[:10])
        + int(text[11:13]) * 3_600_000
        + int(text[14:16]) * 60_000
        + int(text[17:19]) * 1_000
        + int(text[20:23])
    )


_JSON_VALUES: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "int": str,
    "long": str,
    "double": lambda value: java_double(float(value)),
    "currency": lambda value: java_double(float(value)),
    "percent": lambda value: java_double(float(value)),
    "datetime": lambda value: str(epoch_milliseconds(value)),
}

#: What some readings have in the place of an array without elements.
_JSON_WITHOUT_ROWS = {"empty file": b"", "sentence": NO_RECORDS}


def _json_times(dialect: Dialect) -> dict[str, Callable[[Any], str]]:
    found: dict[str, Callable[[Any], str]] = {}
    if dialect["bulk1.query.json_datetimes"] == "text":
        found["datetime"] = encode_basestring
    if dialect["bulk1.query.json_dates"] == "epoch milliseconds":
        found["date"] = lambda value: str(_day_milliseconds(value))
    if dialect["bulk1.query.json_times"] == "milliseconds":
        found["time"] = lambda value: str(epoch_milliseconds(f"1970-01-01T{value}"))
    return found


class JsonQuery:
    """An array of records, laid out as recorded: two spaces, `` : `` between key and value."""

    empty = b"[ ]"

    def __init__(
        self, shape: QueryShape, version: str, object_of: ObjectOf, dialect: Dialect
    ) -> None:
        self._root = tree(shape)
        self._sobjects = f"/services/data/v{version}/sobjects"
        self._object_of = object_of
        self._separator = ""
        known = spellings(dialect, "bulk1.query.json_")
        self._values = spelled(_JSON_VALUES, encode_basestring, known) | _json_times(dialect)
        self._nulls = dialect["bulk1.query.json_null"] == "null"
        self.empty = _JSON_WITHOUT_ROWS.get(dialect["bulk1.query.no_rows_json"], self.empty)

    def begin(self) -> bytes:
        self._separator = ""
        return b"[ "

    def rows(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        if not rows:
            return b""
        text = ", ".join(self._text(self._root, row, "") for row in rows)
        text, self._separator = self._separator + text, ", "
        return text.encode("utf-8", "replace")

    def end(self) -> bytes:
        return b" ]"

    def _text(
        self, item: FieldMember | RecordMember | TypeOfMember, row: Sequence[Any], indent: str
    ) -> str:
        if isinstance(item, FieldMember):
            value = row[item.index]
            if value is None:
                return "null"
            return self._values.get(item.type, encode_basestring)(value)
        record = _record(item, row, self._object_of)
        if record is None:
            return "null"
        identity, name, members = record
        inner = indent + "  "
        lines = [
            f'"attributes" : {{\n{inner}  "type" : "{name}",\n'
            f'{inner}  "url" : "{self._sobjects}/{name}/{identity}"\n{inner}}}'
        ]
        lines += [
            f'"{member.name}" : {self._text(member, row, inner)}'
            for member in members
            if self._nulls or row[member.index] is not None
        ]
        return "{\n" + inner + f",\n{inner}".join(lines) + f"\n{indent}}}"


# XML

_XML_VALUES: dict[str, Callable[[Any], str]] = {
    "boolean": lambda value: "true" if value else "false",
    "int": str,
    "long": str,
    "double": lambda value: java_double(float(value)),
    "currency": lambda value: java_double(float(value)),
    "percent": lambda value: java_double(float(value)),
}


#: In which the guide's sample has the members of a record.
_PARTNER = "urn:partner.soap.sforce.com"


class XmlQuery:
    """``records`` of type ``sObject``; ``Id`` comes twice where it was selected, else once and
    nil.
    """

    def __init__(
        self, shape: QueryShape, version: str, object_of: ObjectOf, dialect: Dialect
    ) -> None:
        del version
        self._root = tree(shape)
        self._object_of = object_of
        self._dialect = dialect
        self._values = spelled(_XML_VALUES, xml_escape, spellings(dialect, "bulk1.query.xml_"))
        #: What stands before the names of the members of a record.
        self._prefix = "sf:" if dialect["bulk1.query.xml_namespace"] == "partner" else ""
        self.empty = self.begin() + self.end()
        if dialect["bulk1.query.no_rows_xml"] == "empty file":
            self.empty = b""

    def begin(self) -> bytes:
        partner = f' xmlns:sf="{_PARTNER}"' if self._prefix else ""
        return (
            f'{XML_DECLARATION}\n<queryResult xmlns="{DATALOAD}"{partner}'
            f' xmlns:xsi="{SCHEMA_INSTANCE}">\n'
        ).encode()

    def rows(self, rows: Sequence[Sequence[Any]], /) -> bytes:
        return "".join(
            f' <records xsi:type="sObject">\n{self._members(self._root, row, "  ")} </records>\n'
            for row in rows
        ).encode("utf-8", "replace")

    def end(self) -> bytes:
        return b"</queryResult>"

    def _members(self, item: RecordMember | TypeOfMember, row: Sequence[Any], indent: str) -> str:
        record = _record(item, row, self._object_of)
        if record is None:
            return ""
        identity, name, members = record
        head = ""
        if item is self._root or self._dialect["bulk1.query.xml_parents"] == "typed":
            head = self._head(identity, name, members, indent)
        return head + "".join(self._member(member, row, indent) for member in members)

    def _head(self, identity: str, name: str, members: Sequence[Any], indent: str) -> str:
        """The type and the Id that no query needs to select."""
        selected = any(
            isinstance(member, FieldMember) and member.name == "Id" for member in members
        )
        typed = self._element("type", name, indent)
        if not selected:
            left_out = self._dialect["bulk1.query.xml_unselected_id"] == "absent"
            return typed if left_out else typed + self._nil("Id", indent)
        once = self._dialect["bulk1.query.xml_selected_id"] == "once"
        return typed if once else typed + self._element("Id", identity, indent)

    def _element(self, name: str, text: str, indent: str) -> str:
        return f"{indent}<{self._prefix}{name}>{text}</{self._prefix}{name}>\n"

    def _nil(self, name: str, indent: str) -> str:
        return f'{indent}<{self._prefix}{name} xsi:nil="true"/>\n'

    def _null(self, name: str, indent: str) -> str:
        reading = self._dialect["bulk1.query.xml_null"]
        if reading == "absent":
            return ""
        return self._nil(name, indent) if reading == "nil" else self._element(name, "", indent)

    def _member(
        self, item: FieldMember | RecordMember | TypeOfMember, row: Sequence[Any], indent: str
    ) -> str:
        value = row[item.index]
        if value is None:
            return self._null(item.name, indent)
        if isinstance(item, FieldMember):
            text = self._values.get(item.type, xml_escape)(value)
            return self._element(item.name, text, indent)
        content = self._members(item, row, indent + " ")
        name = f"{self._prefix}{item.name}"
        return f'{indent}<{name} xsi:type="sObject">\n{content}{indent}</{name}>\n'


class QueryWriter(DocumentWriter, Protocol):
    """Writes a query's rows; ``empty`` is the document when there are none."""

    empty: bytes


QUERY_WRITERS: dict[str, Callable[[QueryShape, str, ObjectOf, Dialect], QueryWriter]] = {
    "JSON": JsonQuery,
    "XML": XmlQuery,
}
