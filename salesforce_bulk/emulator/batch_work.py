"""What a batch does when it runs: rows into the org with a result each, or a query's rows
into result files. The one place where the wire's formats and the org's data meet.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator import wire
from salesforce_bulk.emulator.jobs import RESULT_PREFIX, Batch, BatchError, JobEngine, ResultFile
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.org import Org

#: Rows of a query that are formatted and written at once.
QUERY_ROWS = 2_000


class BatchWork:
    """Runs batches against an org.

    Args:
        result_bytes: a query's result file is full when it has this many bytes.
    """

    def __init__(self, org: Org, result_bytes: int = limits.RESULT_FILE_BYTES) -> None:
        self.org = org
        self.result_bytes = result_bytes

    def __call__(self, batch: Batch, engine: JobEngine, /) -> str:
        if batch.job.is_query:
            return self._query(batch, engine)
        return self._load(batch, engine)

    # loads

    def _load(self, batch: Batch, engine: JobEngine) -> str:
        job = batch.job
        table = _read(batch)
        if table.count > limits.BATCH_RECORDS:
            raise BatchError(
                "InvalidBatch",
                f"Exceeded number of records : {table.count}. "
                f"Number of records should be less than or equal to {limits.BATCH_RECORDS}",
            )
        plan = self.org.plan_write(
            job.operation,
            job.object,
            table.columns,
            external_id=job.external_id,
            user=job.user,
            assignment_rule_id=job.assignment_rule,
        )
        writer = wire.RESULT_WRITERS[job.base_format]()
        path = engine.spool_file(job)
        with path.open("wb") as file:
            file.write(writer.begin())
            while rows := list(islice(table.rows, limits.DML_CHUNK_RECORDS)):
                outcomes = plan.write(rows)
                file.write(writer.rows(outcomes))
                batch.processed += len(outcomes)
                batch.failed += sum(not outcome.success for outcome in outcomes)
            file.write(writer.end())
        batch.results = [ResultFile(engine.new_id(RESULT_PREFIX)[:15], path, batch.processed)]
        return bulk_states.COMPLETED

    # queries

    def _query(self, batch: Batch, engine: JobEngine) -> str:
        job = batch.job
        soql = batch.request.read_text("utf-8")
        try:
            result = self.org.query(
                soql,
                include_deleted=job.operation == "queryAll",
                bulk="1.0",
                content_type=job.base_format,
                id_range=batch.id_range,
            )
        except SoqlError as error:
            raise BatchError("InvalidBatch", f"Failed to process query: {error}") from error
        if result.object.name.lower() != job.object.lower():
            raise BatchError(
                "InvalidBatch",
                "Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the "
                f"requested query ({result.object.name}) does not match the entity of the "
                f"requested Bulk API Job ({job.object}).",
            )
        writer = wire.CsvQuery(
            [column.label for column in result.columns],
            [column.field.type if column.field else "string" for column in result.columns],
        )
        rows = iter(result)
        path = engine.spool_file(job)
        with path.open("wb") as file:
            while block := list(islice(rows, QUERY_ROWS)):
                if not batch.processed:
                    file.write(writer.begin())
                file.write(writer.rows(block))
                batch.processed += len(block)
            if not batch.processed:
                file.write(b"Records not found for this query")
            file.write(writer.end())
        batch.results = [ResultFile(engine.new_id(RESULT_PREFIX)[:15], path, batch.processed)]
        return bulk_states.COMPLETED


def _read(batch: Batch) -> wire.Table:
    readers: dict[str, Callable[[Batch], wire.Table]] = {
        "CSV": lambda batch: wire.read_csv(lambda: _open_text(batch)),
        "XML": lambda batch: wire.read_xml(lambda: batch.request.open("rb")),
        "JSON": lambda batch: wire.read_json(batch.request.read_bytes()),
    }
    try:
        return readers[batch.job.base_format](batch)
    except wire.CsvError as error:
        raise BatchError("InvalidBatch", f"Failed to parse CSV. {error}") from error
    except wire.WireError as error:
        raise BatchError("InvalidBatch", str(error)) from error


def _open_text(batch: Batch) -> io.TextIOWrapper:
    return batch.request.open("r", encoding=batch.charset, newline="")
