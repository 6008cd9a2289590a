"""CSV query results as Arrow record batches, typed by describe.

Every default of pyarrow's reader that would change a value is set otherwise: texts such as
``N/A``, ``null`` and ``007`` stay texts, and nothing is inferred.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from salesforce_bulk.errors import IncompleteBody
from salesforce_bulk.formats.csv_reader import CsvReader, RecordCounter, RecordEnds
from salesforce_bulk.formats.typed import ResultColumn, TypedRows, converter
from salesforce_bulk.wire.document import UnreadableDocument

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that are parsed at a time: beginning costs pyarrow something, and little is held.
_BLOCK_BYTES = 1 << 21
#: Digits of decimals where describe tells none.
_PRECISION, _SCALE = 38, 10
_NUMBERS = frozenset({"double", "currency", "percent"})


def arrow_type(column: ResultColumn, decimals: bool = False) -> pa.DataType:
    """The Arrow type of a column; text where nothing else is known."""
    import pyarrow as pa  # noqa: PLC0415

    if decimals and column.type in _NUMBERS:
        if column.precision:
            return pa.decimal128(column.precision, column.scale)
        return pa.decimal128(_PRECISION, _SCALE)
    types: dict[str, pa.DataType] = {
        "boolean": pa.bool_(),
        "int": pa.int64(),
        "long": pa.int64(),
        "double": pa.float64(),
        "currency": pa.float64(),
        "percent": pa.float64(),
        "date": pa.date32(),
        # Milliseconds: nanoseconds end in 2262, and Salesforce's years go to 4000.
        "datetime": pa.timestamp("ms", tz="UTC"),
        "time": pa.time32("ms"),
    }
    return types.get(column.type, pa.string())


def arrow_schema(columns: Sequence[ResultColumn], decimals: bool = False) -> pa.Schema:
    """The schema of a result; null is allowed everywhere."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema([(column.name, arrow_type(column, decimals)) for column in columns])


def batch_of_rows(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Typed rows as one batch.

    Raises:
        UnreadableDocument: a value that a row can hold and the column's Arrow type cannot.
    """
    import pyarrow as pa  # noqa: PLC0415

    cells = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [_array(values, field) for values, field in zip(cells, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415

    try:
        return pa.array(values, field.type)
    except (pa.ArrowInvalid, OverflowError) as error:
        if len(values) > 1:
            for value in values:
                _array([value], field)
        raise UnreadableDocument(
            f"column {field.name!r} holds {values[0]!r}, which its Arrow type {field.type} cannot: "
            f"{error}"
        ) from error


class ArrowReader:
    """One CSV document: `cut` and `rest` give blocks of whole records, `read` makes batches of
    them, in any thread.

    Args:
        columns: in the order of the document.
        delimiter: the character between values.
        decimals: numbers with a fraction as decimal128, else as float64.
    """

    def __init__(
        self,
        columns: Sequence[ResultColumn],
        delimiter: str = ",",
        *,
        decimals: bool = False,
    ) -> None:
        self._columns = columns
        self._decimals = decimals
        self._delimiter = delimiter
        self._schema = arrow_schema(columns, decimals)
        self._ends = RecordEnds(delimiter)
        self._waiting: list[bytes] = []
        self._size = 0
        #: Whether a record ended in the last piece.
        self.record_ended = False

    def cut(self, piece: bytes) -> list[bytes]:
        """The block that this piece of records, without a header, completes; or none."""
        cut = self._ends.last(piece)
        self.record_ended = bool(cut)
        self._size += len(piece)
        if not cut or self._size < _BLOCK_BYTES:
            self._waiting.append(piece)
            return []
        block = b"".join((*self._waiting, piece[:cut]))
        self._waiting = [piece[cut:]]
        self._size = len(piece) - cut
        return [block]

    def rest(self) -> list[bytes]:
        """The block that is left when the document has ended; or none.

        Raises:
            IncompleteBody: it ends within a value nevertheless.
        """
        if self._ends.in_quotes:
            raise IncompleteBody("The answer ends within a record. Fetch it again.")
        block = b"".join(self._waiting)
        self._waiting, self._size = [], 0
        return [block] if block else []

    def read(self, block: bytes) -> list[pa.RecordBatch]:
        """The rows of a block.

        Raises:
            UnreadableDocument: no CSV, or a text that is no value of its column.
        """
        try:
            table = self._parsed(block)
            _refuse_blank_records(table, block)
        except ValueError:
            # What pyarrow cannot read (its own errors are these, too), such as a whole number
            # written 12.0, or what is wrong; the rows say which.
            table = self._by_rows(block)
        batches: list[pa.RecordBatch] = table.combine_chunks().to_batches()
        return batches

    def _parsed(self, block: bytes) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import csv  # noqa: PLC0415

        names = self._schema.names
        times = {name for name in names if pa.types.is_time(self._schema.field(name).type)}
        table = csv.read_csv(
            pa.BufferReader(block),
            # One block: a record never lies across two. Several are read side by side.
            csv.ReadOptions(column_names=names, block_size=len(block) + 1, use_threads=False),
            csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, ignore_empty_lines=False
            ),
            csv.ConvertOptions(
                column_types={
                    field.name: pa.string() if field.name in times else field.type
                    for field in self._schema
                },
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
                null_values=[""],
                true_values=["true"],
                false_values=["false"],
            ),
        )
        for name in times:
            table = _with_times(table, name)
        return table

    def _by_rows(self, block: bytes) -> pa.Table:
        import pyarrow as pa  # noqa: PLC0415

        names = [column.name for column in self._columns]
        reader = CsvReader(self._delimiter)
        reader.header = names
        rows = reader.feed(block)
        reader.end()
        typed = list(TypedRows(self._columns, self._decimals)(rows))
        return pa.Table.from_batches([batch_of_rows(typed, self._schema)])


def _refuse_blank_records(table: pa.Table, block: bytes) -> None:
    """A blank line is a row without any value to pyarrow."""
    if all(column.null_count for column in table.columns):
        RecordCounter().feed(block)


def _with_times(table: pa.Table, name: str) -> pa.Table:
    """The column's texts, ``12:34:56.000Z``, as times: pyarrow takes neither the Z nor texts."""
    import pyarrow as pa  # noqa: PLC0415

    at = table.schema.get_field_index(name)
    texts = [text or "" for text in table.column(at).to_pylist()]
    times = converter(ResultColumn(name, "time"))(texts)
    return table.set_column(at, name, pa.array(times, pa.time32("ms")))
