"""JSON query results read piece by piece: bytes in, flat rows out.

Guide: "Get Bulk Query Results". A bare array of records, their parents nested in them.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.typed import ResultColumn, value_of_json
from salesforce_bulk.wire.document import UnreadableDocument, refuse_constant
from salesforce_bulk.wire.v1 import NO_RECORDS

_BLANK = re.compile("[ \t\r\n\ufeff]*")
_NO_RECORDS = NO_RECORDS.decode("ascii")
#: The member that tells each record's object and address.
_ABOUT = "attributes"
#: Characters of the longest word or escape that a piece may end in: two of ``\\uXXXX``.
_LONGEST_WORD = 12


class JsonReader:
    """One document.

    Args:
        columns: of the rows; a record's other members are left out, and a member that is
            missing in any letter case is None, because nulls may be left out.
        raw: the values as they were sent.
        decimals: numbers with a fraction as `Decimal`, else as float.
        keep_nul: keep NUL characters; they are removed otherwise.
    """

    def __init__(
        self,
        columns: Sequence[ResultColumn],
        *,
        raw: bool = False,
        decimals: bool = False,
        keep_nul: bool = False,
    ) -> None:
        #: Rows returned so far.
        self.rows = 0
        self._columns = columns
        self._paths = [column.name.split(".") for column in columns]
        self._raw = raw
        self._decimals = decimals
        self._decode = codecs.getincrementaldecoder("utf-8")("strict")
        # Not strict: line breaks and NULs may stand in texts as they are.
        self._json = json.JSONDecoder(
            parse_float=Decimal if decimals else None,
            parse_constant=refuse_constant,
            strict=False,
        )
        self._keep_nul = keep_nul
        self._text = ""
        self._at = 0
        self._pages_after: list[str] = []
        #: Characters that are not read yet, and how many of them to wait for.
        self._waiting = 0
        self._wanted = 0
        self._state = "begin"

    def feed(self, piece: bytes) -> list[tuple[Any, ...]]:
        """The rows that this piece completes.

        Raises:
            UnreadableDocument: it is no JSON array of records.
        """
        if b"\0" in piece and not self._keep_nul:
            piece = piece.replace(b"\0", b"")
        try:
            text = self._decode.decode(piece)
        except UnicodeDecodeError as error:
            raise UnreadableDocument(
                f"the rows after row {self.rows} are not UTF-8: {error}"
            ) from error
        self._pages_after.append(text)
        self._waiting += len(text)
        return [] if self._waiting < self._wanted else self._read()

    def flush(self, *, whole: bool = False) -> list[tuple[Any, ...]]:
        """The rows that are left; the array says by itself where it ends.

        Raises:
            IncompleteBody: it has not ended.
        """
        del whole
        rows = self._read()
        if self._state == "begin" and self._text.strip() == _NO_RECORDS:
            return []
        if self._state != "end":
            raise IncompleteBody("The answer ends within its array. Fetch it again.")
        return rows

    def _read(self) -> list[tuple[Any, ...]]:
        self._text = "".join((self._text[self._at :], *self._pages_after))
        self._at, self._pages_after, self._wanted = 0, [], 0
        if self._state == "begin" and _NO_RECORDS.startswith(self._text.strip()):
            return []
        records = []
        while (record := self._next()) is not None:
            records.append(record)
        rows = self._rows(records) if records else []
        self._waiting = len(self._text) - self._at
        self.rows += len(rows)
        return rows

    def _next(self) -> Any:
        """The next record; None where no whole one is left."""
        self._skip_marks()
        if self._state not in _BEFORE_RECORD or self._at == len(self._text):
            return None
        try:
            record, self._at = self._json.raw_decode(self._text, self._at)
        except json.JSONDecodeError as error:
            if not self._may_go_on(error):
                raise UnreadableDocument(f"not JSON after row {self.rows}: {error}") from error
            # Tried again with twice as much, so that a long record is not read over and over.
            self._wanted = 2 * (len(self._text) - self._at)
            return None
        except (RecursionError, ValueError) as error:  # too deep, or thousands of digits
            raise UnreadableDocument(f"not readable after row {self.rows}: {error}") from None
        self._state = "between"
        return record

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Whether it is only the end of the text that is wrong."""
        unended = error.msg.startswith("Unterminated string")
        return unended or error.pos >= len(self._text) - _LONGEST_WORD

    def _skip_marks(self) -> None:
        """Pass over blanks, brackets and commas, each in its place."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            mark = self._text[self._at : self._at + 1]
            if not mark or (mark == "{" and self._state in _BEFORE_RECORD):
                return
            following = _MARKS.get((self._state, mark))
            if following is None:
                shown = self._text[self._at : self._at + 80]
                raise UnreadableDocument(
                    f"not an array of records after row {self.rows}: {shown!r}"
                )
            self._state = following
            self._at += 1

    def _rows(self, records: list[Any]) -> list[tuple[Any, ...]]:
        if self.rows == 0:
            refuse_other_names(self._paths, [key for key in records[0] if key != _ABOUT])
        # Column by column: calls of Python for each cell would cost more than the parser.
        cells = [_at_path(records, path) for path in self._paths]
        if not self._raw:
            cells = list(map(self._typed, self._columns, cells))
        return list(zip(*cells, strict=True))

    def _typed(self, column: ResultColumn, values: list[Any]) -> list[Any]:
        same = Decimal if self._decimals and column.type in _NUMBERS else _same_type(column)
        if same is str:
            return [
                value or None
                if value is None or value.__class__ is str
                else value_of_json(column, value)
                for value in values
            ]
        return [
            value
            if value is None or value.__class__ is same
            else value_of_json(column, value, self._decimals)
            for value in values
        ]


#: What follows in each state on each mark; a record leads to "between".
_MARKS = {
    ("begin", "["): "first",
    ("first", "]"): "end",
    ("between", ","): "record",
    ("between", "]"): "end",
}
_BEFORE_RECORD = frozenset({"first", "record"})


_NUMBERS = frozenset({"double", "currency", "percent"})
#: Types whose JSON values are what they should be; those of dates and times never are.
_SAME: dict[str, type] = {
    "boolean": bool,
    "int": int,
    "long": int,
    **dict.fromkeys(_NUMBERS, float),
    **dict.fromkeys(("date", "datetime", "time"), type(None)),
}


def _same_type(column: ResultColumn) -> type:
    return _SAME.get(column.type, str)


def _at_path(records: list[Any], path: Sequence[str]) -> list[Any]:
    """The value of each record at a path; None where something on the way is null."""
    for name in path:
        found = [record.get(name) if record.__class__ is dict else None for record in records]
        if None in found:
            found = [
                value
                if value is not None or record.__class__ is not dict or name in record
                else _in_any_case(record, name)
                for record, value in zip(records, found, strict=True)
            ]
        records = found
    return records


def refuse_other_names(paths: Iterable[Sequence[str]], found: Iterable[str]) -> None:
    """Records hold what was selected: something else in place of a column is that column.

    Args:
        paths: of the columns.
        found: the names in the first record; nulls may be left out.

    Raises:
        UnreadableDocument: names of columns are missing and others are there.
    """
    there = {name.lower() for name in found}
    wanted = {path[0].lower() for path in paths}
    if wanted - there and there - wanted:
        raise UnreadableDocument(
            f"the records hold {', '.join(sorted(there - wanted))} in place of "
            f"{', '.join(sorted(wanted - there))}"
        )


def _in_any_case(record: dict[str, Any], name: str) -> Any:
    wanted = name.lower()
    found = (key for key in record if key.lower() == wanted and key != _ABOUT)
    return record.get(next(found, name))
