"""The error of one row as CSV results of both APIs write it: ``CODE:message:Field1,Field2 --``.

Guide: "Get Batch Results", "Get Job Failed Record Results".
"""

from __future__ import annotations

from salesforce_bulk.models import RowError


def read_row_error(text: str) -> RowError:
    """The parts of an error text; messages may hold colons."""
    code, colon, rest = text.partition(":")
    if not colon:
        return RowError("", text)
    if not rest.endswith("--"):
        return RowError(code, rest)
    message, colon, fields = rest.removesuffix("--").rpartition(":")
    if not colon:
        return RowError(code, rest)
    # No recording has several fields: none of their names has either sign.
    names = (name.strip() for name in fields.replace(";", ",").split(","))
    return RowError(code, message, tuple(name for name in names if name))


def write_row_error(error: RowError) -> str:
    """The text of an error."""
    fields = ",".join(error.fields)
    return f"{error.code}:{error.message}:{fields}{' ' if fields else ''}--"
