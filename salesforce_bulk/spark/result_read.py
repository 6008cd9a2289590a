"""The result files of loads as Spark's partitions: which rows failed, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import StringType, StructField, StructType

from salesforce_bulk.load.staging import result_header, result_records
from salesforce_bulk.spark.options import RESULT_FILES, ReadOptions
from salesforce_bulk.spark.org import open_access

#: Rows of a batch.
_ROWS = 10_000


class ResultReader(DataSourceReader):
    """Reads one result file of each job; all values are texts, as the org wrote them."""

    def __init__(self, options: ReadOptions, columns: Sequence[str]) -> None:
        self._options = options
        self._columns = list(columns)

    def partitions(self) -> Sequence[InputPartition]:
        return [InputPartition(job_id) for job_id in self._options.job_ids]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        access = open_access(self._options.org)
        kind = RESULT_FILES[str(self._options.results)]
        records = result_records(access, str(partition.value), kind)
        schema = pa.schema([(name, pa.string()) for name in self._columns])
        while rows := list(islice(records, _ROWS)):
            cells = [[row.get(name) for row in rows] for name in self._columns]
            yield pa.RecordBatch.from_arrays(
                [pa.array(values, pa.string()) for values in cells], schema=schema
            )


def result_schema(options: ReadOptions) -> StructType:
    """The columns that the jobs' files have, in the order of the first."""
    access = open_access(options.org)
    kind = RESULT_FILES[str(options.results)]
    names: dict[str, None] = {}
    for job_id in options.job_ids:
        names.update(dict.fromkeys(result_header(access, job_id, kind)))
    return StructType([StructField(name, StringType(), True) for name in names])
