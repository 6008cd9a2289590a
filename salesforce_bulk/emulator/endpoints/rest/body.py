"""Records in the JSON of REST requests: references, and values judged by the types of their fields.

REST is stricter than the Bulk APIs, and says so in words of its own: a text that is no number,
an empty text for a date, refuse the whole request before any record is looked at. Recorded
answers, and REST API Developer Guide, "Insert or Update Blob Data", "Using Relationships".
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from salesforce_bulk.emulator.data.values import Cell, RowErrors, compile_judge
from salesforce_bulk.emulator.endpoints.rest.family import parsed_json
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.schema.fields import Field
from salesforce_bulk.emulator.schema.schema import SObject

#: Types whose values may be refused, by the words of the vendor's parser.
_PARSED_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "boolean": "boolean",
        "currency": "double",
        "date": "date",
        "datetime": "datetime",
        "double": "double",
        "int": "int",
        "long": "long",
        "percent": "double",
        "time": "time",
    }
)
_WHOLE_NUMBERS = frozenset({"int", "long"})
_NUMBERS = _WHOLE_NUMBERS | {"double"}


class JsonBody:
    """The JSON of one request, and where in it the values of fields stand.

    Raises ApiError for what is no JSON.
    """

    def __init__(self, content: bytes, dialect: Dialect) -> None:
        self._dialect = dialect
        self.document = parsed_json(content)
        self._text = content.decode("utf-8", "replace")
        self._read: Counter[str] = Counter()

    def as_object(self) -> dict[str, Any]:
        """The document, which has to be a JSON object. Raises ApiError."""
        if not isinstance(self.document, dict):
            raise ApiError(400, "JSON_PARSER_ERROR", "A JSON object was expected")
        return self.document

    def record(self, document: Mapping[str, Any], sobject: SObject) -> dict[str, Cell]:
        """A record of the body, references by key as relationship columns. Raises ApiError."""
        return dict(self._cells(document, sobject))

    def _cells(self, document: Mapping[str, Any], sobject: SObject) -> Iterator[tuple[str, Cell]]:
        for name, value in document.items():
            if name == "attributes":
                continue
            self._read[name] += 1
            field = sobject.field(name)
            if field is not None:
                yield field.name, self._value(name, field, value)
            elif isinstance(value, dict):
                yield from self._reference(name, value)
            else:
                yield name, self._plain(name, value)

    def _reference(self, name: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
        attributes = value.get("attributes")
        kind = attributes.get("type") if isinstance(attributes, dict) else None
        for key, nested in value.items():
            if key != "attributes":
                column = f"{kind}:{name}.{key}" if kind else f"{name}.{key}"
                yield column, self._plain(key, nested)

    def _value(self, name: str, field: Field, value: Any) -> Cell:
        word = _PARSED_TYPES.get(field.type)
        if word is not None and value is not None and not self._takes(field, word, value):
            raise self._mismatch(name, word, value)
        if word is None and isinstance(value, int | float) and not self._takes_numbers():
            raise self._mismatch(name, "string", value)
        if word in _WHOLE_NUMBERS and isinstance(value, float):
            value = int(value)
        return self._plain(name, value)

    def _takes(self, field: Field, word: str, value: Any) -> bool:
        """Whether the value of a field that is no text is taken."""
        kind = "checkbox" if word == "boolean" else "number" if word in _NUMBERS else ""
        if kind and isinstance(value, str):
            taken = self._dialect[f"rest.values.text_for_{kind}"] == "taken"
            return taken and _is_of_type(field, word, value)
        return _is_of_type(field, word, value)

    def _takes_numbers(self) -> bool:
        return self._dialect["rest.values.number_for_text"] == "taken"

    def _plain(self, name: str, value: Any) -> Cell:
        if isinstance(value, dict | list):
            raise self._mismatch(name, "string", value)
        # An empty text clears a field in REST, unlike an empty cell of a CSV file.
        return None if value == "" else value

    def _mismatch(self, name: str, word: str, value: Any) -> ApiError:
        return ApiError(
            400,
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of {word} from {_token(value)} or request may be "
            f"missing a required field at {self._place(name)}",
        )

    def _place(self, name: str) -> str:
        """Where the value last read under that name begins."""
        found = list(re.finditer(rf'"{re.escape(name)}"\s*:\s*', self._text))
        number = min(self._read[name], len(found)) - 1
        before = self._text[: found[number].end()] if found else ""
        line = before.count("\n") + 1
        return f"[line:{line}, column:{len(before) - before.rfind(chr(10))}]"


def _is_of_type(field: Field, word: str, value: Any) -> bool:
    if word == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, str):
        return bool(value.strip()) and _is_readable(field, value)
    if word not in _NUMBERS or isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return word == "double" or float(value).is_integer()


def _is_readable(field: Field, text: str) -> bool:
    """Whether a text is a value of the field's type at all; its range is judged later."""
    errors = RowErrors()
    compile_judge(field, 0)([text], errors)
    return not any(error.status_code == "INVALID_FIELD" for error in errors.get(0, ()))


def _token(value: Any) -> str:
    """A value as the vendor's parser names it."""
    if isinstance(value, dict):
        return "START_OBJECT value {"
    if isinstance(value, list):
        return "START_ARRAY value ["
    if isinstance(value, bool):
        return "VALUE_TRUE value true" if value else "VALUE_FALSE value false"
    if isinstance(value, str):
        return f"VALUE_STRING value {value}"
    kind = "VALUE_NUMBER_INT" if isinstance(value, int) else "VALUE_NUMBER_FLOAT"
    return f"{kind} value {json.dumps(value)}"
