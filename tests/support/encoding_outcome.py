"""What an encoder made of rows, to be compared between two of them."""

import csv
import io

from salesforce_bulk.errors import InvalidInput


def outcome(encode):
    """What was written, or which row and column was refused and why."""
    try:
        body, characters = encode()
    except InvalidInput as error:
        return str(error), error.row, error.column
    text = body.decode("utf-8")
    assert len(text) == characters
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))
