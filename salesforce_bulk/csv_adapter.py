"""`CsvDictsAdapter`: dicts in, CSV out, a row at a time."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Any, Literal

import unicodecsv

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.values import UnknownType, Unwritable, to_text

_NULL_CELLS = {"ignore": "", "clear": "#N/A"}


class CsvDictsAdapter:
    """An iterator of CSV bytes: the header with the first row, then a row at a time.

    Args:
        source_generator: an iterable of dicts. The first one's keys are the columns; a key
            that is missing later is an empty cell.
        nulls: ``"ignore"`` writes None and NaN as empty cells, which leave a field as it is;
            ``"clear"`` writes ``#N/A``, which empties it.

    Values are written as Salesforce reads them (`formats.values.to_text`); a type that is not
    listed there is written as its own ``str()``. Numbers stand unquoted, all else in quotes.

    What `to_text` refuses, such as a datetime without a time zone, an infinite number or a dict,
    is written as 2.2.0 wrote it, and the first such value warns (UserWarning, with its row and
    column): Salesforce may refuse it or read something else. `SalesforceBulk.insert` and the
    other verbs refuse it instead.

    Raises:
        InvalidInput: (from ``next``) half a character, or a key that the first row did not
            have; names row and column.
    """

    __module__ = "salesforce_bulk"

    def __init__(
        self,
        source_generator: Iterable[Mapping[str, Any]],
        *,
        nulls: Literal["ignore", "clear"] = "ignore",
    ) -> None:
        if nulls not in _NULL_CELLS:
            raise InvalidInput(f"nulls is 'ignore' or 'clear', not {nulls!r}.")
        if not isinstance(source_generator, Iterable):
            kind = type(source_generator).__name__
            raise InvalidInput(f"Records of type {kind} hold no rows: give an iterable of dicts.")
        self.source: Iterator[Mapping[str, Any]] = iter(source_generator)
        self.buffer = BytesIO()
        self.csv: Any = None
        self.add_header = False
        self._null = _NULL_CELLS[nulls]
        self._row = 0
        self._warned = False

    def __iter__(self) -> CsvDictsAdapter:
        return self

    def write_header(self) -> None:
        """Let the next row carry the header again, to begin another batch."""
        self.add_header = True

    def next(self) -> bytes:
        """The next row as CSV bytes, with the header before it where one is due."""
        row = next(self.source)
        self._row += 1
        self._refuse_no_dict(row)
        self.buffer.truncate(0)
        self.buffer.seek(0)
        if self.csv is None:
            self.csv = unicodecsv.DictWriter(
                self.buffer, list(row), quoting=unicodecsv.QUOTE_NONNUMERIC
            )
            self.add_header = True
        self._refuse_new_columns(row)
        if self.add_header:
            self.csv.writeheader()
            self.add_header = False
        cells = {}
        for column, value in row.items():  # no comprehension: its frame would count in a warning
            cells[column] = self._cell(column, value)
        try:
            self.csv.writerow(cells)
        except UnicodeEncodeError as error:
            raise InvalidInput(
                f"Row {self._row}: half a character: {error}", row=self._row
            ) from error
        return self.buffer.getvalue()

    def __next__(self) -> bytes:
        return self.next()

    def _refuse_no_dict(self, row: Any) -> None:
        if not hasattr(row, "keys"):  # as much as 2.2.0 asked for
            raise InvalidInput(
                f"Row {self._row} is of type {type(row).__name__}, and no dict; "
                "CsvDictsAdapter takes an iterable of dicts.",
                row=self._row,
            )

    def _refuse_new_columns(self, row: Mapping[str, Any]) -> None:
        new = row.keys() - self.csv.fieldnames
        if new:
            column = next(name for name in row if name in new)
            raise InvalidInput(
                f"Row {self._row} has the column {column!r}, which the first row did not have. "
                "Give the first row all columns (None for an empty one).",
                row=self._row,
                column=column,
            )

    def _cell(self, column: str, value: Any) -> Any:
        try:
            text = to_text(value)
        except Unwritable as error:
            if not isinstance(error, UnknownType) or str(value) == repr(value):
                self._warn(column, error)
            return value
        if text is None:
            return self._null
        # The csv module quotes by type: a number has to stay one to stand unquoted.
        if isinstance(value, float):
            return float(value)
        if isinstance(value, int) and not isinstance(value, bool):
            return int(value)
        return text

    def _warn(self, column: str, error: Unwritable) -> None:
        if self._warned:
            return
        self._warned = True
        warnings.warn(
            f"Row {self._row}, column {column!r}: {error}. It is written as its str(), as "
            "salesforce-bulk 2.2.0 did, and Salesforce may refuse it or read something else; "
            "later values of this kind are not told.",
            UserWarning,
            stacklevel=5,  # who asked for the row: past __next__, next and the cells
        )
