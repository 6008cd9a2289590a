"""Jobs in the control API: how they stand, what was sent, and what became of each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from salesforce_bulk import bulk_states
from salesforce_bulk.emulator.endpoints.bulk2.documents import state_of
from salesforce_bulk.emulator.endpoints.control.call import ControlCall, ControlRoutes
from salesforce_bulk.emulator.fidelity.dialect import Dialect
from salesforce_bulk.emulator.http.routes import ApiError
from salesforce_bulk.emulator.jobs.engine import Batch, Job, JobEngine, ResultFile, batches_of
from salesforce_bulk.emulator.jobs.ingest_upload import DELIMITERS
from salesforce_bulk.emulator.jobs.read_back import OUTCOMES, ReadRow, load_table, query_table

#: Different messages told of one job.
MESSAGES = 3
#: Bytes of a body, and rows of a table, in one answer.
TEXT_BYTES = 65_536
ROWS, MOST_ROWS = 50, 1_000

_BATCH = r"jobs/(?P<job>\w+)/batches/(?P<batch>\w+)"


class ControlJobs:
    """Looks at the jobs of an engine, and holds its batches back."""

    def __init__(self, engine: JobEngine, dialect: Dialect) -> None:
        self._engine = engine
        self._dialect = dialect

    def routes(self) -> ControlRoutes:
        return {
            "jobs": {"GET": self.list_jobs},
            "jobs/pause": {"POST": self.pause},
            "jobs/run": {"POST": self.run},
            "jobs/resume": {"POST": self.resume},
            r"jobs/(?P<job>\w+)": {"GET": self.show_job},
            f"{_BATCH}/body": {"GET": self.show_body},
            f"{_BATCH}/rows": {"GET": self.list_rows},
            rf"{_BATCH}/results/(?P<number>\d+)": {"GET": self.show_result},
            rf"{_BATCH}/results/(?P<number>\d+)/rows": {"GET": self.list_result_rows},
        }

    def list_jobs(self, call: ControlCall) -> Any:
        """The jobs of both APIs, oldest first; the ``last`` of them."""
        return [job_document(job) for job in call.last(self._engine.jobs)]

    def show_job(self, call: ControlCall) -> Any:
        """A job with its batches."""
        job = self._engine.job(call["job"])
        return {**job_document(job), "batches": [batch_document(b) for b in batches_of(job)]}

    def pause(self, _: ControlCall) -> Any:
        """Batches that come now are queued until they are run."""
        self._engine.pause()
        return {}

    def run(self, call: ControlCall) -> Any:
        """Runs queued batches, ``count`` of them or all."""
        count = call.fields(frozenset({"count"})).get("count")
        if count is not None and not (type(count) is int and count >= 0):
            raise ApiError(400, "", "count has to be a number of batches")
        return {"run": self._engine.run_pending(count)}

    def resume(self, _: ControlCall) -> Any:
        self._engine.resume()
        return {}

    def show_body(self, call: ControlCall) -> Any:
        """What was posted, as text, from ``offset`` on."""
        batch = self._batch(call)
        uploaded = batch.job.api == "2.0" and not batch.job.is_query
        return _text(batch.job.upload if uploaded else batch.request, call)

    def show_result(self, call: ControlCall) -> Any:
        """A result file as text, from ``offset`` on."""
        return _text(self._result(call).path, call)

    def list_rows(self, call: ControlCall) -> Any:
        """The rows of a load and what became of each, from ``offset`` on; ``outcome`` chooses."""
        wanted = call.text("outcome")
        if wanted and wanted not in OUTCOMES:
            raise ApiError(400, "", f"outcome has to be one of {', '.join(OUTCOMES)}")
        batch = self._batch(call)
        if batch.job.is_query:
            raise ApiError(400, "", "a query has results, and no rows of its own")
        table = load_table(batch, self._dialect)
        rows = (row for row in table.rows if not wanted or row.outcome == wanted)
        offset, count = _window(call)
        found = [_row_document(row) for row in islice(rows, offset, offset + count + 1)]
        return {"columns": table.columns, "rows": found[:count], "more": len(found) > count}

    def list_result_rows(self, call: ControlCall) -> Any:
        """The rows of a result file in CSV, from ``offset`` on."""
        job = self._engine.job(call["job"])
        delimiter = DELIMITERS[job.column_delimiter]
        columns, rows = query_table(self._result(call).path, job.base_format, delimiter)
        offset, count = _window(call)
        found = list(islice(rows, offset, offset + count + 1))
        return {"columns": columns, "rows": found[:count], "more": len(found) > count}

    def _batch(self, call: ControlCall) -> Batch:
        return self._engine.batch(self._engine.job(call["job"]), call["batch"])

    def _result(self, call: ControlCall) -> ResultFile:
        results, number = self._batch(call).results, int(call["number"])
        if number >= len(results):
            raise ApiError(404, "", f"the batch has {len(results)} result files")
        return results[number]


def job_document(job: Job) -> dict[str, Any]:
    """How a job stands; speed is in rows a second of the batches' own time."""
    batches = list(batches_of(job))
    processed, failed = (sum(getattr(b, n) for b in batches) for n in ("processed", "failed"))
    return {
        "id": job.id,
        "api": job.api,
        "object": job.object,
        "operation": job.operation,
        "state": state_of(job),
        "finished": job.finished,
        "verdict": _verdict(job, batches),
        "content_type": job.content_type,
        "external_id": job.external_id,
        "concurrency": job.concurrency,
        "user": job.user.username,
        "created": job.created.isoformat(),
        "modified": job.modified.isoformat(),
        "batch_count": len(batches),
        "batches_done": sum(batch.terminal for batch in batches),
        "processed": processed,
        "failed": failed,
        "rows_per_second": _speed(processed, sum(batch.total_ms for batch in batches)),
        "messages": _messages(batches),
    }


def batch_document(batch: Batch) -> dict[str, Any]:
    """How a batch stands."""
    return {
        "id": batch.id,
        "state": batch.state,
        "verdict": _batch_verdict(batch),
        "message": batch.message,
        "processed": batch.processed,
        "failed": batch.failed,
        "retries": batch.retries,
        "created": batch.created.isoformat(),
        "modified": batch.modified.isoformat(),
        "milliseconds": batch.total_ms,
        "rows_per_second": _speed(batch.processed, batch.total_ms),
        "results": [{"id": result.id, "rows": result.rows} for result in batch.results],
        "query": batch.soql or None,
    }


def _verdict(job: Job, batches: Sequence[Batch]) -> str:
    """``busy``, ``good``, ``partly`` (rows failed) or ``bad``: a job that is complete, with no
    row that was written, did not go well."""
    if job.state == bulk_states.ABORTED:
        return "bad"
    verdicts = {_batch_verdict(batch) for batch in batches}
    if not job.finished and "bad" not in verdicts:
        return "busy"
    if "bad" in verdicts:
        return "bad"
    return "partly" if "partly" in verdicts else "good"


def _batch_verdict(batch: Batch) -> str:
    if batch.state == bulk_states.FAILED:
        return "bad"
    if not batch.terminal:
        return "busy"
    if batch.failed:
        return "bad" if batch.failed == batch.processed else "partly"
    return "good"


def _messages(batches: Sequence[Batch]) -> list[dict[str, Any]]:
    counted = Counter(batch.message for batch in batches if batch.message)
    return [{"text": text, "count": count} for text, count in counted.most_common(MESSAGES)]


def _speed(rows: int, milliseconds: int) -> int | None:
    return round(rows * 1000 / milliseconds) if milliseconds else None


def _row_document(row: ReadRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "outcome": row.outcome,
        "id": row.id,
        "error": row.error,
        "cells": list(row.cells),
    }


def _window(call: ControlCall) -> tuple[int, int]:
    return call.number("offset", 0, 1 << 50), call.number("limit", ROWS, MOST_ROWS)


def _text(path: Path | None, call: ControlCall) -> dict[str, Any]:
    if path is None or not path.exists():
        return {"text": "", "offset": 0, "bytes": 0}
    offset = call.number("offset", 0, 1 << 50)
    with path.open("rb") as file:
        file.seek(offset)
        text = file.read(TEXT_BYTES).decode("utf-8", "replace")
    return {"text": text, "offset": offset, "bytes": path.stat().st_size}
