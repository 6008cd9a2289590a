"""The data source ``salesforce-bulk``: what Spark asks of it, delegated."""

from __future__ import annotations

from pyspark.sql.datasource import DataSource, DataSourceReader, DataSourceWriter
from pyspark.sql.types import StructType

from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.spark.options import read_options, write_options
from salesforce_bulk.spark.query_read import QueryReader, query_job, query_schema
from salesforce_bulk.spark.result_read import ResultReader, result_schema
from salesforce_bulk.spark.staged_write import StagedWriter


class SalesforceSource(DataSource):
    """``spark.read.format("salesforce-bulk")`` and ``df.write.format("salesforce-bulk")``.

    There is no filter push-down: Spark 4.1 to 4.3 gives wrong rows where a frame of a source that
    has it is used twice. A WHERE belongs into the SOQL.
    """

    @classmethod
    def name(cls) -> str:
        return "salesforce-bulk"

    def schema(self) -> StructType:
        options = read_options(self.options)
        if options.results is not None:
            return result_schema(options)
        # Kept on the source, which Spark carries on to the reader: one job for all actions.
        self._job_id = query_job(options)
        return query_schema(options, self._job_id)

    # Spark passes the schema by this keyword.
    def reader(self, schema: StructType) -> DataSourceReader:
        options = read_options(self.options)
        if options.results is not None:
            return ResultReader(options, schema.names)
        job_id = getattr(self, "_job_id", None) or next(iter(options.job_ids), None)
        if job_id is None:
            raise InvalidInput(
                "A schema was given for a query that has no job yet, so that each action would "
                'query anew. Leave .schema(…) out, or make the job first and give .option("jobId").'
            )
        return QueryReader(options, job_id)

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceWriter:
        if overwrite:
            raise InvalidInput(
                'mode("overwrite") is refused: it would delete every record of the object first. '
                'Use mode("append") with the operation that is meant.'
            )
        return StagedWriter(write_options(self.options))
