"""What a program calls: a query as a frame, a frame into an object."""

from __future__ import annotations

import os
import subprocess  # nosec B404 # programs are started by their path, without a shell
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow
import pyspark

from salesforce_bulk.errors import FeatureNotEnabled, InvalidInput
from salesforce_bulk.load.staging import JobCounts
from salesforce_bulk.salesforce_bulk import SalesforceBulk
from salesforce_bulk.spark.manifest import Manifest
from salesforce_bulk.spark.source import SalesforceSource
from salesforce_bulk.spark.staged_write import finish

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_PYSPARK = (4, 0)
_PYARROW = (16, 0)
#: Tasks, and so jobs at work at once, where the caller names no number: jobs that share parent
#: records wait for each other's locks.
_PARTITIONS = 4


@dataclass(frozen=True)
class WriteReport:
    """What became of the rows of a write.

    Attributes:
        jobs: each job with its counts.
        org: the options that name the org.
    """

    jobs: tuple[JobCounts, ...]
    org: dict[str, str]

    @property
    def rows(self) -> int:
        """Rows that were given."""
        return sum(job.rows for job in self.jobs)

    @property
    def failed_count(self) -> int:
        """Rows that failed."""
        return sum(job.failed for job in self.jobs)

    @property
    def reasons(self) -> Counter[str]:
        """The error codes of the failed rows and their counts."""
        return sum((job.reasons for job in self.jobs), Counter())

    def failed(self, session: SparkSession) -> DataFrame | None:
        """The failed rows with ``sf__Error``, as texts; None where no row failed."""
        ids = ",".join(job.id for job in self.jobs if job.failed)
        if not ids:
            return None
        source = session.read.format(SalesforceSource.name()).options(**self.org)
        return source.option("results", "failed").option("jobId", ids).load()


def register(session: SparkSession) -> None:
    """Make ``format("salesforce-bulk")`` known to a session, classic or Connect.

    Raises:
        FeatureNotEnabled: the versions of pyspark, pyarrow or of the workers' Python do not do.
    """
    _refuse_old("pyspark", pyspark.__version__, _PYSPARK)
    _refuse_old("pyarrow", pyarrow.__version__, _PYARROW)
    _refuse_unable_python(session)
    session.dataSource.register(SalesforceSource)


def read(
    session: SparkSession,
    client: SalesforceBulk,
    soql: str,
    *,
    connection: str | None = None,
    provider: str | None = None,
    include_deleted: bool = False,
    decimals: bool = False,
) -> DataFrame:
    """A query's rows as a frame; the query has run when this returns.

    Args:
        session: Spark's.
        client: runs the query, with its progress and its errors.
        soql: the query, WHERE included.
        connection, provider: by which each machine opens the org by itself; one of the two.
        include_deleted: deleted and archived rows as well.
        decimals: numbers with a fraction as decimals, else as doubles.

    Raises:
        InvalidInput: the org is not named, or the query is none.
    """
    org = _org_options(connection, provider)
    export = client.export(soql, api="2.0", include_deleted=include_deleted)
    source = session.read.format(SalesforceSource.name()).options(**org)
    return (
        source.option("jobId", export.wait().job_id)
        .option("decimals", str(decimals).lower())
        .load()
    )


def write(
    frame: DataFrame,
    object_name: str,
    operation: str,
    *,
    external_id: str | None = None,
    connection: str | None = None,
    provider: str | None = None,
    partitions: int = _PARTITIONS,
    group_by: str | None = None,
    max_failed_records: int = 0,
    manifest: str | os.PathLike[str] | None = None,
    nulls: str = "ignore",
    assume_tz: str | None = None,
) -> WriteReport:
    """A frame's rows into an object; all jobs are over when this returns.

    Args:
        frame: its columns are named as the fields are.
        object_name: e.g. ``"Account"``.
        operation: insert, update, upsert, delete or hardDelete.
        external_id: the field by which an upsert finds its records.
        connection, provider: by which each machine opens the org by itself; one of the two.
        partitions: tasks, and so jobs that are at work at once.
        group_by: a column; rows that share its value are in one task, so that the children of
            one parent do not wait for each other's lock.
        max_failed_records: rows that may fail without an exception.
        manifest: a new file on the driver with which `resume` ends a commit that was cut off.
        nulls: ``"clear"`` empties fields.
        assume_tz: the zone of timestamps without one.

    Raises:
        pyspark.errors.AnalysisException: rows failed or a job did; the text says how many and why.
    """
    org = _org_options(connection, provider)
    path = os.fspath(manifest or Path(tempfile.mkdtemp("", "salesforce-bulk-"), "manifest"))
    options: dict[str, Any] = {
        "object": object_name,
        "operation": operation,
        "externalId": external_id,
        "maxFailedRecords": max_failed_records,
        "manifest": path,
        "nulls": nulls,
        "assumeTz": assume_tz,
    }
    given = {name: str(value) for name, value in options.items() if value is not None}
    rows = frame.repartition(partitions, group_by) if group_by else frame.coalesce(partitions)
    # Spark's default, errorifexists, is refused by Spark itself for such a source.
    rows.write.format(SalesforceSource.name()).options(**org, **given).mode("append").save()
    if not Path(path).exists():  # a frame without rows makes no job
        return WriteReport((), org)
    with Manifest.open(path) as ended:
        return WriteReport(tuple(ended.counts() or ()), org)


def resume(manifest: str | os.PathLike[str]) -> WriteReport:
    """End a commit that was cut off: run the jobs that were not run, wait, and count.

    Args:
        manifest: the path that was given to `write`.

    Raises:
        JournalMismatch: the file is no manifest.
        LoadFailed, JobFailed, ReconciliationError: as for any load.
    """
    with Manifest.open(manifest) as found:
        org = {name: value for name, value in vars(found.options.org).items() if value}
        return WriteReport(tuple(finish(found)), org)


def _org_options(connection: str | None, provider: str | None) -> dict[str, str]:
    given = {"connection": connection, "provider": provider}
    org = {name: value for name, value in given.items() if value}
    if len(org) != 1:
        raise InvalidInput(
            'Name the org by connection="prod" or provider="package.module:callable": each machine '
            "of the cluster opens it by itself, and no secret travels."
        )
    return org


def _refuse_old(name: str, version: str, wanted: tuple[int, int]) -> None:
    found = tuple(int(part) for part in version.split(".")[:2])
    if found < wanted:
        raise FeatureNotEnabled(
            f"salesforce_bulk.spark needs {name} {wanted[0]}.{wanted[1]} or newer; "
            f"this is {version}."
        )


def _refuse_unable_python(session: SparkSession) -> None:
    # Planning and tasks run in this Python; where something is missing there, Spark only says that
    # a worker crashed. A Connect client cannot ask: its server may be elsewhere.
    context = getattr(session, "_sc", None)
    if context is None:
        return
    command = [context.pythonExec, "-c", "import pyarrow, pyspark, salesforce_bulk"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # nosec B603 # this Python, without a shell
        why = done.stderr.strip().rpartition("\n")[2] if done.returncode else ""
    except OSError as error:
        why = str(error)
    if why:
        raise FeatureNotEnabled(
            f"Spark's workers run {context.pythonExec}, which cannot do it: {why}. Set "
            f"PYSPARK_PYTHON, to {sys.executable} on this machine, before the session is made."
        )
