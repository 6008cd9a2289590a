"""Arrow's types as Spark has them.

Spark compares the batches of a source with its schema exactly: times of day become texts, since
Spark has none, and timestamps are counted in microseconds.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import types


def spark_schema(schema: pa.Schema) -> types.StructType:
    """The Spark schema of an export's Arrow schema."""
    return types.StructType(
        [types.StructField(field.name, _spark_type(field.type), True) for field in schema]
    )


def for_spark(schema: pa.Schema) -> pa.Schema:
    """The Arrow schema whose batches Spark takes for it."""
    return pa.schema([pa.field(field.name, _arrow_type(field.type)) for field in schema])


def _arrow_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC")
    if pa.types.is_time(kind):
        return pa.string()
    return kind


def _spark_type(kind: pa.DataType) -> Any:
    if pa.types.is_decimal(kind):
        return types.DecimalType(kind.precision, kind.scale)
    if pa.types.is_timestamp(kind):
        return types.TimestampType()
    plain = {
        pa.bool_(): types.BooleanType(),
        pa.int64(): types.LongType(),
        pa.float64(): types.DoubleType(),
        pa.date32(): types.DateType(),
    }
    return plain.get(kind, types.StringType())
