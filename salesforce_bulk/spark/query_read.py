"""A query's result pages as Spark's partitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, InputPartition
from pyspark.sql.types import StructType

from salesforce_bulk.export.handle import Export, Part
from salesforce_bulk.export.plan import attach_export, plan_export
from salesforce_bulk.export.settings import ExportSettings
from salesforce_bulk.spark.arrow_types import for_spark, spark_schema
from salesforce_bulk.spark.options import ReadOptions
from salesforce_bulk.spark.org import open_access


class PagePartition(InputPartition):
    """One page; pickled, it holds the name of the org and no login.

    Attributes:
        value: its number, for Spark's messages.
        part: where the page is and how it is read.
    """

    def __init__(self, number: int, part: Part) -> None:
        super().__init__(number)
        self.part = part


class QueryReader(DataSourceReader):
    """Reads the pages of one query job."""

    def __init__(self, options: ReadOptions, job_id: str) -> None:
        self._options = options
        self._job_id = job_id

    def partitions(self) -> Sequence[InputPartition]:
        access = open_access(self._options.org)
        parts = _export(self._options, self._job_id).parts()
        return [
            PagePartition(number, replace(part, access=access)) for number, part in enumerate(parts)
        ]

    def read(self, partition: PagePartition) -> Iterator[pa.RecordBatch]:
        part = partition.part
        schema = for_spark(part.schema)
        for batch in part.arrow_batches():
            yield batch.cast(schema)


def query_job(options: ReadOptions) -> str:
    """The id of the query's job, which is made and waited for where there is none."""
    if options.job_ids:
        return options.job_ids[0]
    access = open_access(options.org)
    export = plan_export(
        access,
        str(options.soql),
        {
            "api": "2.0",
            "include_deleted": options.include_deleted,
            "max_records": options.max_records,
        },
    )
    return export.wait().job_id


def query_schema(options: ReadOptions, job_id: str) -> StructType:
    """The frame's schema, by describe."""
    return spark_schema(for_spark(_export(options, job_id).schema))


def _export(options: ReadOptions, job_id: str) -> Export:
    settings = ExportSettings(decimals=options.decimals, max_records=options.max_records)
    return attach_export(open_access(options.org), job_id, settings)
