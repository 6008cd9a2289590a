"""What a batch does when it runs, by the operation of its job."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from salesforce_bulk import limits
from salesforce_bulk.emulator.http.faults import Faults, FaultTarget
from salesforce_bulk.emulator.jobs.engine import Batch, JobEngine
from salesforce_bulk.emulator.jobs.ingest_batches import IngestBatches
from salesforce_bulk.emulator.jobs.load_batches import LoadBatches
from salesforce_bulk.emulator.jobs.query_batches import QueryBatches

if TYPE_CHECKING:
    from salesforce_bulk.emulator.data.org import Org


class BatchRunner:
    """Runs batches against an org.

    Args:
        result_bytes: a query's result file is full when it has this many bytes.
    """

    def __init__(
        self, org: Org, faults: Faults, result_bytes: int = limits.RESULT_FILE_BYTES
    ) -> None:
        self._faults = faults
        # SQLite lets go of the interpreter for each row; two busy threads would then wait for
        # each other at each row, and be several times slower than one. So they take turns.
        turn = threading.Lock()
        self._loads = LoadBatches(org, turn)
        self._ingest = IngestBatches(org, turn)
        self._queries = QueryBatches(org, result_bytes, turn)

    def __call__(self, batch: Batch, engine: JobEngine, /) -> str:
        job = batch.job
        occasion = FaultTarget(
            route="batch", path=batch.id, job=job.id, object=job.object, operation=job.operation
        )
        fault = self._faults.take("batch", occasion)
        if fault is not None and fault.seconds:
            engine.pass_time(fault.seconds, job)
        if job.is_query:
            return self._queries.run(batch, engine, fault)
        work = self._ingest if job.api == "2.0" else self._loads
        return work.run(batch, engine, fault)
