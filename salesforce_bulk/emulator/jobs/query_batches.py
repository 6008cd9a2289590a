"""A query batch when it runs: rows of the org into result files, or PK chunks instead.

Guide pages: "Bulk Query", "How Bulk Queries Are Processed", "PK Chunking Header".
"""

from __future__ import annotations

import dataclasses
import re
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, BinaryIO

from salesforce_bulk import bulk_states, limits
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.faults import Fault
from salesforce_bulk.emulator.jobs.batch_faults import strike
from salesforce_bulk.emulator.jobs.csv_dialect import csv_query
from salesforce_bulk.emulator.jobs.engine import (
    RESULT_PREFIX,
    Batch,
    BatchError,
    Job,
    JobEngine,
    PkChunking,
    ResultFile,
)
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS, LINE_ENDINGS
from salesforce_bulk.emulator.jobs.results import (
    QUERY_WRITERS,
    PagedCsvQuery,
    QueryWriter,
    csv_statement,
    java_double,
)
from salesforce_bulk.emulator.soql import parse as soql
from salesforce_bulk.emulator.soql.errors import SoqlError

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org, QueryResult
    from salesforce_bulk.emulator.soql.compile import CompiledQuery

#: Rows that are formatted and written at once.
QUERY_ROWS = 2_000
#: Bytes of a row that are reckoned with where files are to be small.
ROW_BYTES = 1_000


class QueryBatches:
    """Runs query batches against an org.

    Args:
        result_bytes: a result file is full when it has this many bytes.
        turn: held while rows are read and written.
    """

    def __init__(self, org: Org, result_bytes: int, turn: threading.Lock) -> None:
        self._org = org
        self._turn = turn
        self.result_bytes = result_bytes
        self._prepared = threading.local()
        self._late_chunks: dict[str, list[tuple[str, str | None]]] = {}

    def run(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> str:
        """The whole result, or the split into chunks. Raises BatchError or Requeue."""
        try:
            if batch.job.pk_chunking and not batch.chunk and self._split(batch, engine, fault):
                return self._org.dialect["bulk1.pk_chunking.original_state"]
            self._write_results(batch, engine, fault)
            return bulk_states.COMPLETED
        except SoqlError as error:
            raise _query_failed(error) from error
        finally:
            if batch.chunk and batch.job.state != bulk_states.ABORTED:
                self._add_late_chunk(batch, engine)

    def _write_results(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> None:
        result = self._result(batch)
        job = batch.job
        if job.api == "2.0":
            # Its result is one file: a query that was queued again begins anew.
            batch.processed = 0
            batch.results.clear()
        _check_object(job, result.object.name)
        delimiter, line_end = ",", "\n"
        if job.api == "2.0":
            delimiter = DELIMITERS[job.column_delimiter]
            line_end = LINE_ENDINGS[job.line_ending or "LF"]
            writer: QueryWriter = PagedCsvQuery(result.plan, delimiter, line_end)
            files = _QueryResultFiles(batch, engine, writer, sys.maxsize)
        else:
            writer = self._writer(batch, result.plan)
            files = _QueryResultFiles(batch, engine, writer, self.result_bytes)
        try:
            if job.base_format == "CSV":
                source = self._csv_lines(result, delimiter, line_end)
            else:
                source = result.with_hidden()
            rows = islice(source, batch.processed, None)
            blocks = _blocks(rows, files.block_rows, batch.processed, fault)
            while True:
                with self._turn:
                    block = next(blocks, None)
                    files.write(block or ())
                if block is None or (job.api == "2.0" and job.state == bulk_states.ABORTED):
                    break
                if fault is not None and not block:
                    strike(batch, fault)
            files.finish()
        finally:
            files.close()

    def _writer(self, batch: Batch, plan: CompiledQuery) -> QueryWriter:
        job, dialect = batch.job, self._org.dialect
        if job.base_format == "CSV":
            return csv_query(plan, dialect, batch.soql)
        return QUERY_WRITERS[job.base_format](plan, job.version, self._object_of, dialect)

    def _result(self, batch: Batch) -> QueryResult:
        return self._org.query(
            batch.soql,
            include_deleted=batch.job.operation == "queryAll",
            bulk=batch.job.api,
            content_type=batch.job.base_format,
            id_range=batch.id_range,
        )

    def _csv_lines(
        self, result: QueryResult, delimiter: str, line_end: str
    ) -> Iterator[Sequence[Any]]:
        plan = result.plan
        statement = csv_statement(plan.columns, plan.flat_sql, delimiter, line_end)
        self._prepare_connection()
        cursor = self._org.execute(statement, plan.parameters)
        return chain.from_iterable(iter(partial(cursor.fetchmany, QUERY_ROWS), []))

    def _prepare_connection(self) -> None:
        """Gives this thread's connection the function that ``csv_statement`` needs, once: a
        function cannot be replaced while statements run.
        """
        connection = self._org.store.read()
        if getattr(self._prepared, "connection", None) is not connection:
            connection.create_function("java_double", 1, java_double, deterministic=True)
            self._prepared.connection = connection

    def _object_of(self, identity: str) -> str:
        found = self._org.schema.by_prefix(identity[:3])
        return found.name if found else "Name"

    def _split(self, batch: Batch, engine: JobEngine, fault: Fault | None) -> bool:
        """Makes a batch for each range of ids; False when the query is not to be split."""
        job, chunking, dialect = batch.job, batch.job.pk_chunking, self._org.dialect
        query = soql.parse(batch.soql)
        if chunking is None or not (_splittable(query) or _split_all_the_same(dialect)):
            return False
        _check_object(job, query.object.text)
        sobject = self._org.schema.get(chunking.parent or job.object)
        if sobject is None or not sobject.chunkable:
            if dialect["bulk1.pk_chunking.unsupported_object"] == "unchunked":
                return False
            raise BatchError(
                "InvalidBatch", f"Entity '{job.object}' is not supported to use PKChunking."
            )
        self._result(batch)  # a query that cannot run fails as a whole, not chunk by chunk
        ranges = self._ranges(job, chunking)
        if fault is not None and fault.kind == "late_chunks":
            self._late_chunks[job.id] = ranges[1:]
            ranges = ranges[:1]
        quote = "'" if dialect["bulk1.pk_chunking.request"] == "ids quoted" else ""
        for id_range in ranges:
            _add_chunk(batch, engine, query, id_range, quote)
        without = dialect["bulk1.pk_chunking.object_without_records"]
        return bool(ranges) or without == "no chunk"

    def _ranges(self, job: Job, chunking: PkChunking) -> list[tuple[str, str | None]]:
        """The ranges of ids of the chunks; none of an object without records."""
        found = self._org.chunk_boundaries(job.object, chunking.size, chunking.start_row)
        sobject = self._org.schema.get(job.object)
        reading = self._org.dialect["bulk1.pk_chunking.object_without_records"]
        if not found and sobject and reading == "one chunk":
            return [(self._org.ids.one(sobject.key_prefix, 1), None)]
        return found

    def _add_late_chunk(self, batch: Batch, engine: JobEngine) -> None:
        if ranges := self._late_chunks.get(batch.job.id):
            _add_chunk(batch, engine, soql.parse(batch.soql), ranges.pop(0))


def _add_chunk(
    batch: Batch,
    engine: JobEngine,
    query: soql.Query,
    id_range: tuple[str, str | None],
    quote: str = "",
) -> None:
    low, high = id_range
    condition = f"{'AND' if query.where else 'WHERE'} Id >= {quote}{low}{quote}"
    if high is not None:
        condition += f" AND Id < {quote}{high}{quote}"
    clauses = _BEHIND_WHERE.search(batch.soql)
    place = clauses.start() if clauses and not _splittable(query) else len(batch.soql)
    text = f"{batch.soql[:place]} {condition}{batch.soql[place:]}"
    engine.add_chunk(batch, text, id_range)


_BEHIND_WHERE = re.compile(r"\s+(?:ORDER\s+BY|LIMIT|OFFSET)\s", re.IGNORECASE)


def _blocks(
    rows: Iterator[Sequence[Any]], size: int, done: int, fault: Fault | None
) -> Iterator[list[Sequence[Any]]]:
    """The rows some at a time; an empty block where a fault is to strike."""
    if fault is not None:
        until = fault.after_rows - done
        while until > 0 and (block := list(islice(rows, min(until, size)))):
            until -= len(block)
            yield block
        yield []
    while block := list(islice(rows, size)):
        yield block


class _QueryResultFiles:
    """The result files of one run of a batch: a new one where the last is full."""

    def __init__(self, batch: Batch, engine: JobEngine, writer: QueryWriter, full: int) -> None:
        self._batch = batch
        self._engine = engine
        self._writer = writer
        self._full = full
        self._file: BinaryIO | None = None
        self._rows = 0
        self._index: list[tuple[int, int]] = []
        #: Small files are to be exact, large ones fast.
        self.block_rows = max(1, min(QUERY_ROWS, full // ROW_BYTES))

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        if self._file is not None and self._file.tell() >= self._full:
            self.close()
        file = self._file or self._open()
        self._index.append((self._rows, file.tell()))
        file.write(self._writer.rows(rows))
        self._rows += len(rows)
        self._batch.processed += len(rows)

    def finish(self) -> None:
        """A query without rows has a result too."""
        self.close()
        if not self._batch.results:
            path = self._engine.spool_file(self._batch.job)
            path.write_bytes(self._writer.empty)
            self._add(ResultFile(self._new_id(), path, 0))

    def close(self) -> None:
        """Ends the file being written, with the rows it has."""
        if self._file is None:
            return
        self._file.write(self._writer.end())
        self._file.close()
        path = self._path
        self._file = None
        self._add(ResultFile(self._new_id(), path, self._rows, tuple(self._index)))
        self._rows = 0
        self._index = []

    def _open(self) -> BinaryIO:
        if len(self._batch.results) >= limits.RESULT_FILES:
            raise BatchError(
                "InvalidBatch",
                f"Failed to write query result: more than {limits.RESULT_FILES} result files",
            )
        self._path = self._engine.spool_file(self._batch.job)
        self._file = self._path.open("wb")
        self._file.write(self._writer.begin())
        return self._file

    def _add(self, result: ResultFile) -> None:
        self._batch.results.append(result)

    def _new_id(self) -> str:
        return self._engine.new_id(RESULT_PREFIX)[:15]


def _split_all_the_same(dialect: Dialect) -> bool:
    """Whether what is not to be split is split. Raises BatchError where it fails instead."""
    reading = dialect["bulk1.pk_chunking.order_limit_ids"]
    if reading == "Failed":
        raise BatchError(
            "InvalidBatch", "PK chunking takes no ORDER BY, no LIMIT and no filter on ids"
        )
    return reading == "chunked"


def _splittable(query: soql.Query) -> bool:
    """Ordering, limits and filters on ids switch PK chunking off (guide, "PK Chunking")."""
    ordered = query.order_by or query.limit is not None or query.offset is not None
    return not ordered and not any(path.text.lower().endswith("id") for path in _paths(query.where))


def _paths(node: object) -> Iterator[soql.Path]:
    if isinstance(node, soql.Path):
        yield node
    elif isinstance(node, tuple):
        for item in node:
            yield from _paths(item)
    elif dataclasses.is_dataclass(node) and not isinstance(node, soql.Query | type):
        for entry in dataclasses.fields(node):
            yield from _paths(getattr(node, entry.name))


def _query_failed(error: SoqlError) -> BatchError:
    # The one error that is recorded under a code of the API and not of SOQL.
    if error.code == "FeatureNotEnabled":
        return BatchError(error.code, error.message)
    return BatchError("InvalidBatch", f"Failed to process query: {error}")


def _check_object(job: Job, queried: str) -> None:
    if queried.lower() != job.object.lower():
        raise BatchError(
            "InvalidBatch",
            "Failed to process query: INVALID_TYPE_FOR_OPERATION: The root entity of the "
            f"requested query ({queried}) does not match the entity of the "
            f"requested Bulk API Job ({job.object}).",
        )
