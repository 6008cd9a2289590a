"""The objects of a JSON result, one at a time: a result may be a gigabyte."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import IO, Any

from salesforce_bulk.errors import IncompleteBody

#: Bytes that are read at a time.
PIECE = 1 << 20

_BEFORE_FIRST = re.compile(r"\s*\[\s*")
_BEFORE_NEXT = re.compile(r"\s*,\s*")
_END = re.compile(r"\s*\]\s*")
_EMPTY = re.compile(r"\s*\[\s*\]\s*")


def json_rows(stream: IO[bytes], piece: int = PIECE) -> Iterator[dict[str, Any]]:
    """Read a JSON array of objects; all numbers become Decimal, which loses no digit.

    Raises:
        IncompleteBody: the text is not one whole array of objects.
    """
    decoder = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)
    before, end, text = _BEFORE_FIRST, _EMPTY, ""
    for more in text_pieces(stream, piece):
        text += more
        position = 0
        while (comma := before.match(text, position)) and text.startswith("{", comma.end()):
            try:
                row, position = decoder.raw_decode(text, comma.end())
            except json.JSONDecodeError:
                break  # its end is in the next piece
            yield row
            before, end = _BEFORE_NEXT, _END
        text = text[position:]
    if not end.fullmatch(text):
        raise IncompleteBody(f"The JSON result breaks off or is damaged before {text[:80]!r}")


def text_pieces(stream: IO[bytes], piece: int) -> Iterator[str]:
    try:
        yield from codecs.iterdecode(iter(lambda: stream.read(piece), b""), "utf-8")
    except UnicodeDecodeError as error:
        raise IncompleteBody(f"The JSON result is not UTF-8: {error}") from error
