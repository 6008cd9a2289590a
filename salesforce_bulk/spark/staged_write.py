"""A frame written in two halves: each task stores its rows in open jobs, the commit runs them.

Spark tries tasks again, and runs slow ones twice. What a task stored is in jobs of its own that do
nothing while they are open, so that only the jobs of the attempts that Spark calls the winners
ever load a row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import cast

import pyarrow as pa
from pyspark.sql.datasource import DataSourceArrowWriter, WriterCommitMessage

from salesforce_bulk.errors import BulkApiError, LoadFailed
from salesforce_bulk.formats.row_encoder import Nulls
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.load.settings import LoadSettings, LoadSpec
from salesforce_bulk.load.staging import JobCounts, StagedJob, counts, discard, run, stage
from salesforce_bulk.spark.manifest import Manifest, manifest_path
from salesforce_bulk.spark.options import WriteOptions
from salesforce_bulk.spark.org import open_access

#: Reasons of failed rows that a message names.
_REASONS = 5


@dataclass
class StagedJobs(WriterCommitMessage):
    """What one attempt of a task stored."""

    jobs: list[StagedJob]


class StagedWriter(DataSourceArrowWriter):
    """Writes one frame."""

    def __init__(self, options: WriteOptions) -> None:
        self._options = options

    def write(self, iterator: Iterator[pa.RecordBatch]) -> StagedJobs:
        first = next((batch for batch in iterator if batch.num_rows), None)
        if first is None:
            return StagedJobs([])
        batches = pa.RecordBatchReader.from_batches(first.schema, chain([first], iterator))
        options = self._options
        spec = LoadSpec(options.operation, options.object_name, options.external_id)
        settings = LoadSettings(
            api="2.0", nulls=cast(Nulls, options.nulls), assume_tz=options.assume_tz
        )
        return StagedJobs(stage(open_access(options.org), spec, batches, settings))

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        jobs = _jobs_of(messages)
        if not jobs:
            return
        path = manifest_path(self._options, jobs)
        with Manifest.create(path, self._options, jobs) as manifest:
            try:
                finish(manifest)
            except LoadFailed:
                raise  # all jobs are over: there is nothing to resume
            except BulkApiError as error:
                add_to_message(
                    error,
                    f"Do not write the frame again: {len(jobs)} jobs hold its rows. End it on the "
                    f"driver with salesforce_bulk.spark.resume({str(path)!r}).",
                )
                raise

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        # Spark calls this as well when a commit raised. Its jobs are then left for `resume`.
        jobs = _jobs_of(messages)
        if not manifest_path(self._options, jobs).exists():
            discard(open_access(self._options.org), [job.id for job in jobs])


def finish(manifest: Manifest) -> list[JobCounts]:
    """Run the manifest's jobs, those that were run already excepted, wait, and count.

    Raises:
        LoadFailed: more rows failed than may.
        JobFailed: a job failed as a whole.
        JobStillRunning: the time was up.
        ReconciliationError: the org counted other rows than were stored.
    """
    access = open_access(manifest.options.org)
    for job in manifest.jobs_to_run():
        run(access, job.id)
        manifest.note_run(job)
    told = [counts(access, job, manifest.options.timeout) for job in manifest.jobs]
    manifest.note_counts(told)
    _refuse_failures(manifest.options, told)
    return told


def _refuse_failures(options: WriteOptions, told: list[JobCounts]) -> None:
    failed = sum(job.failed for job in told)
    if failed <= options.max_failed_records:
        return
    reasons: Counter[str] = sum((job.reasons for job in told), Counter())
    listed = ", ".join(f"{count:,} {code}" for code, count in reasons.most_common(_REASONS))
    jobs = ",".join(job.id for job in told if job.failed)
    raise LoadFailed(
        f"{options.operation} {options.object_name}: {failed:,} of "
        f"{sum(job.rows for job in told):,} rows failed ({listed}); the others are in the org. "
        f'Read them with .option("results", "failed").option("jobId", "{jobs}").'
    )


def _jobs_of(messages: list[WriterCommitMessage | None]) -> list[StagedJob]:
    found = [message.jobs for message in messages if isinstance(message, StagedJobs)]
    return list(chain.from_iterable(found))
