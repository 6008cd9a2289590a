"""SOQL in, a reconciled stream of rows out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from salesforce_bulk import limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.database.connection import TableName, database_of
from salesforce_bulk.database.state import DatabaseState
from salesforce_bulk.database.table import TableMode, TableTarget, write_table
from salesforce_bulk.errors import (
    InvalidInput,
    ReconciliationError,
    StorageError,
    UnexpectedResponse,
)
from salesforce_bulk.export.columns import columns_of_header
from salesforce_bulk.export.csv_file import (
    CsvPage,
    CsvTarget,
    ResumePoint,
    csv_text,
    open_target,
    texts_of,
)
from salesforce_bulk.export.download import Download
from salesforce_bulk.export.incremental import Window, WindowReading
from salesforce_bulk.export.page_address import PageAddress, pages_after
from salesforce_bulk.export.page_identity import PagesSeen
from salesforce_bulk.export.page_reading import HeaderSplitter, Reading, Row
from salesforce_bulk.export.pandas_frame import (
    DtypeBackend,
    check_backend,
    frame_of_rows,
    frame_of_table,
    has_pyarrow,
)
from salesforce_bulk.export.read_ahead import BufferedPage, fetched_in_order
from salesforce_bulk.export.run import QueryRun
from salesforce_bulk.export.tally import QueryJob, Tally
from salesforce_bulk.extras import extra_module
from salesforce_bulk.formats.arrow_read import arrow_schema, batch_of_rows
from salesforce_bulk.formats.html_table import html_table, rows_table
from salesforce_bulk.formats.typed import ResultColumn, dict_maker
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.http.clock import Deadline, DeadlinePassed
from salesforce_bulk.models import JobInfo
from salesforce_bulk.progress import Progress
from salesforce_bulk.storage.files import whole_file
from salesforce_bulk.storage.packing import refuse_as_parquet

if TYPE_CHECKING:
    import os

    import pandas as pd
    import polars as pl
    import pyarrow as pa

#: Of a result, the rows that a notebook shows.
_ROWS_SHOWN = 5
#: What is left of the results' life when their end is told beforehand.
_TELL_BEFORE = timedelta(days=1)
#: Rows of a Parquet row group: as many as DuckDB's and pyarrow's own writers put into one.
_ROW_GROUP = 122_880


PageBody = Download | BufferedPage
Compression = Literal["gzip", "brotli", "lz4", "zstd", "snappy", "none"]


class PartReceipt(NamedTuple):
    """What a worker read of a part; plain values, which go back to `Export.check`.

    Attributes:
        page: what tells the page from the others.
        rows: that were read.
        digest: of its bytes.
    """

    page: tuple[str, str | None, str | None]
    rows: int
    digest: str


@dataclass
class Part:
    """One page of an export's result, which another process may read.

    It can be pickled; `Export.parts` says what of the client goes with it. Read twice, or by two
    workers, it gives the same rows.

    Attributes:
        page: where it is.
        reading: the export's columns and options.
        receipt: of the last complete reading by this process, for `Export.check`; None before.
    """

    __module__ = "salesforce_bulk"

    access: OrgAccess
    page: PageAddress
    reading: Reading
    receipt: PartReceipt | None = None

    def __repr__(self) -> str:
        """Where it is; not the login that is in it."""
        rows = "" if self.page.rows is None else f", {self.page.rows:,} rows"
        return f"<Part of {_columns(len(self.reading.columns))}: {self.page}{rows}>"

    @property
    def rows_expected(self) -> int | None:
        """The server's count, where it is known before the page is read."""
        return self.page.rows

    @property
    def schema(self) -> pa.Schema:
        """The export's Arrow schema."""
        extra_module("pyarrow", "schema")
        return arrow_schema(self.reading.columns, self.reading.decimals)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        as_dicts, download, count = dict_maker(self.reading.names), self._download(), 0
        for rows in self.reading.rows(download):
            count += len(rows)
            yield from as_dicts(rows)
        self.receipt = PartReceipt(self.page.key, count, download.digest)

    def arrow_batches(self) -> Iterator[pa.RecordBatch]:
        """The page's record batches."""
        extra_module("pyarrow", "arrow_batches()")
        download, count = self._download(), 0
        for _, batch in self.reading.batches([download]):
            count += batch.num_rows
            yield batch
        self.receipt = PartReceipt(self.page.key, count, download.digest)

    def to_arrow(self) -> pa.Table:
        """The page as an Arrow table."""
        arrow = extra_module("pyarrow", "to_arrow()")
        return arrow.Table.from_batches(list(self.arrow_batches()), self.schema)

    def to_pandas(self) -> pd.DataFrame:
        """The page as a pandas frame."""
        extra_module("pandas", "to_pandas()")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> pl.DataFrame:
        """The page as a polars frame."""
        extra_module("polars", "to_polars()")
        return _polars_frame(self.to_arrow())

    def __dask_tokenize__(self) -> tuple[Any, ...]:
        """What Dask knows the same part by again."""
        reading = self.reading
        return (*self.page.key, reading.names, reading.raw, reading.decimals, reading.keep_nul)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return _c_stream(self.schema, self.arrow_batches, requested_schema)

    def _download(self) -> Download:
        return Download(self.access, self.page, keep_nul=self.reading.keep_nul)


class Export:
    """The result of a query: nothing is asked for before it is needed, and it can be read as
    often as wanted, for as long as the org keeps it (seven days).

    Made by `SalesforceBulk.export`. Iterating gives a dict for each row, with the columns in the
    order of the SELECT and named by their paths (``Owner.Name``).

    Every reading ends with a reconciliation: a reading that ended without an error has delivered
    as many rows as the server counted, of every page and of every batch.

    Attributes:
        rows_read: rows that the last complete reading delivered; None before there was one.
        error: what ended the last reading early, for readers behind ``__arrow_c_stream__``, who
            see only its text.
    """

    __module__ = "salesforce_bulk"
    # What is in neither of them is shared by all views of an export; see `_through`.
    __slots__ = ("__dict__", "__weakref__", "_access", "_run")

    def __init__(
        self,
        run: QueryRun,
        columns: Sequence[ResultColumn] | None = None,
        window: Window | None = None,
    ) -> None:
        self.rows_read: int | None = None
        self.error: BaseException | None = None
        self._run = run
        self._access = run.access
        self._settings = run.settings
        self._first_rows: list[dict[str, Any]] = []
        self._columns = None if columns is None else tuple(columns)
        self._window = window
        self._expiry_noted = False

    def __repr__(self) -> str:
        """What it is; neither the values of its conditions nor the session."""
        job, query = self._run.submitted, self._run.query
        what = f" of {query.object} ({_columns(len(query.items))})" if query else ""
        where = f"job {job.job_id}" if job else "not submitted"
        rows = "" if job is None or job.rows is None else f", {job.rows:,} rows"
        return f"<Export{what} api={self.api} {where}{rows}>"

    def __len__(self) -> int:
        """Rows of the result, after `wait`.

        Raises:
            TypeError: the org has not counted them yet, or counts what is not delivered.
        """
        rows = self.rows_expected
        if self._window is not None:
            raise TypeError(
                "An export with since=, until= or state= leaves out what was delivered before; "
                "rows_read tells its rows when it was read."
            )
        if rows is None:
            raise TypeError("The org has not counted the rows yet; call wait() before len().")
        return rows

    def __bool__(self) -> bool:
        """True: a handle is one, whatever it holds."""
        return True

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "An Export does not travel to another process: give its job_id to bulk.attach there, "
            "or pickle what export.parts() lists, each part for a process."
        )

    def _repr_html_(self) -> str:
        # Of what is known already: showing a handle asks the org nothing.
        job, columns = self._run.submitted, self._columns or ()
        facts = {
            "query": self.soql or "of another process",
            "job": "not submitted" if job is None else job.job_id,
            "rows": "" if self.rows_expected is None else f"{self.rows_expected:,}",
            "read": "" if self.rows_read is None else f"{self.rows_read:,}",
            "columns": ", ".join(f"{column.name} ({column.type})" for column in columns),
        }
        return html_table("Export", facts) + rows_table(self._first_rows)

    @property
    def api(self) -> str:
        """``1.0`` or ``2.0``."""
        return self._run.choice.api

    @property
    def api_reason(self) -> str:
        """Why that one."""
        return self._run.choice.reason

    @property
    def notes(self) -> list[str]:
        """What was done otherwise than asked, for the user to see; also in the log."""
        return self._run.notes

    @property
    def soql(self) -> str | None:
        """The query as it is sent; None for a 2.0 job of another process, which does not tell."""
        return None if self._run.query is None else self._run.query.text

    # Time

    def _through(self, access: OrgAccess) -> Export:
        """The same export, by another way to its org."""
        view = object.__new__(type(self))
        view.__dict__ = self.__dict__
        view._access, view._run = access, self._run.through(access)
        return view

    @contextmanager
    def _in_time(self, timeout: float | None = None) -> Iterator[Export]:
        """The same export, which ends when the time is up; within another such block that one's.

        Args:
            timeout: seconds; None takes the export's own.
        """
        limit = self._settings.timeout if timeout is None else timeout
        if limit is None or self._access.clock.seconds is not None:
            yield self
            return
        access = self._access.asking_within(limit)
        try:
            yield self._through(access)
        except DeadlinePassed as error:
            raise self._run.time_is_up(self, limit) from error

    # The job

    def submit(self) -> Export:
        """Make the job, unless there is one; returns itself."""
        with self._in_time() as export:
            export._run.submit()
        return self

    def wait(self, timeout: float | None = None) -> Export:
        """Wait until the result is there; returns itself.

        Args:
            timeout: seconds in which this ends, whatever the org does; None takes the export's
                own, and without one waits for ever; 0 asks once.

        Raises:
            JobStillRunning: the time was up; the job goes on, and this handle stays good.
            JobFailed, BulkBatchFailed, BulkJobAborted: it ended without a result.
        """
        with self._in_time(timeout) as export:
            export._run.wait()
        return self

    def abort(self) -> None:
        """End the job without a result."""
        self._run.submit().abort()

    @property
    def is_done(self) -> bool:
        """Whether the result is there, asked now; raises as `wait`."""
        with self._in_time() as export:
            return export._run.submit().is_done()

    @property
    def job(self) -> JobInfo:
        """The job as the server describes it; submitted by this."""
        with self._in_time() as export:
            return export._run.submit().job

    @property
    def job_id(self) -> str:
        """18 characters; the job is submitted by this."""
        with self._in_time() as export:
            return export._run.submit().job_id

    @property
    def rows_expected(self) -> int | None:
        """Rows by the server's count; None before the job is done."""
        job = self._run.submitted
        return None if job is None else job.rows

    @property
    def expires(self) -> datetime | None:
        """When the org removes the result: seven days after the job was made."""
        with self._in_time() as export:
            return export._run.expires

    # Columns

    @property
    def columns(self) -> tuple[ResultColumn, ...]:
        """The columns, in the order of the SELECT."""
        if self._columns is None:
            with self._in_time() as export:
                self._columns = tuple(export._columns_that_came())
        return self._columns

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema: from describe, the same for zero rows."""
        extra_module("pyarrow", "schema")
        return arrow_schema(self.columns, self._settings.decimals)

    def _columns_that_came(self) -> list[ResultColumn]:
        """Of a job whose query is not known: by the header of its first page."""
        job = self._await_job()
        page = job.first_page()
        header = None if page is None else self._header_of(page)
        if header is None:
            raise UnexpectedResponse(
                f"Job {job.job_id} has no rows and its query is not known, so neither are its "
                "columns.",
                job_id=job.job_id,
            )
        return columns_of_header(header, job.job.object, self._access.describes)

    def _header_of(self, page: PageAddress) -> list[str] | None:
        """The columns of a page, whose rows are left."""
        with closing(Download(self._access, page)) as download:
            pieces = HeaderSplitter(download, self._access.most_record_bytes)
            next(iter(pieces), None)
        return pieces.header

    def _reading(self, raw: bool | None = None) -> Reading:
        items = self._run.query.items if self._run.query else ()
        return Reading(
            self.columns,
            self._settings.raw if raw is None else raw,
            self._settings.decimals,
            self._settings.keep_nul,
            frozenset(at for at, item in enumerate(items) if item.function),
            self._access.most_record_bytes,
        )

    # Reading

    def _await_job(self) -> QueryJob:
        return self._run.wait()

    def _bodies(
        self, sums: bool = True, taken: ResumePoint | None = None
    ) -> Generator[PageBody, None, None]:
        """The pages in order, read one by one or some at a time ahead.

        Args:
            sums: see `Download`.
            taken: the pages that an earlier process has read.
        """
        job, seen = self._await_job(), PagesSeen(self._run.note)
        rows = sum(each for _, each in taken.rows) if taken else 0
        # Closed by hand: the traceback of an error here keeps the name, and by it the threads.
        with self._opened(job, sums, taken) as bodies:
            for body in bodies:
                with closing(body):
                    self._note_expiry(body)
                    rows += body.rows or 0
                    job.refuse_more(rows)
                    yield body
                    seen.add(body.page, body.identity)

    @contextmanager
    def _opened(
        self, job: QueryJob, sums: bool, taken: ResumePoint | None
    ) -> Iterator[Iterator[PageBody]]:
        reading = Deadline(self._access.clock, None)
        access = self._access.until(reading)

        def make(page: PageAddress) -> Download:
            return Download(access, page, keep_nul=self._settings.keep_nul, sums=sums)

        if not self._reads_ahead(job):
            yield job.downloads(make, taken)
            return
        pages = pages_after(job.pages(), taken.keys if taken else ())
        parallel = self._settings.parallel
        with closing(fetched_in_order(pages, make, parallel, reading.end)) as bodies:
            yield bodies

    def _reads_ahead(self, job: QueryJob) -> bool:
        parallel = self._settings.parallel
        if parallel > 1 and not job.lists_pages:
            self._run.note(
                f"parallel={parallel} needs API version {limits.FIRST_RESULT_PAGES_VERSION}; the "
                "pages are read one by one."
            )
        return parallel > 1 and job.lists_pages

    def _note_expiry(self, body: PageBody) -> None:
        """Say so once where the results are about to go."""
        body.open()
        if body.server_time is not None and not self._expiry_noted:
            expires = self.expires
            if expires is not None and body.server_time > expires - _TELL_BEFORE:
                self._run.note(
                    f"The org removes the results of job {self.job_id} at {expires:%Y-%m-%d %H:%M} "
                    "UTC; read them before."
                )
            self._expiry_noted = True

    def _rows(
        self, raw: bool | None = None, window: WindowReading | None = None
    ) -> Generator[list[Row], None, None]:
        """All rows, some at a time; reconciled behind the last.

        Args:
            raw: None as the export's options say.
            window: leaves out what was delivered before; to be saved by the caller.
        """
        with self._run.reporter.running():
            reading = self._reading(raw)
            job = self._await_job()
            tally, report, delivered = Tally(), self._reporter(), 0
            with closing(self._bodies()) as bodies:
                for body in bodies:
                    for rows in reading.rows(body):
                        tally.add(body.page, len(rows))
                        report(tally)
                        fresh = rows if window is None else window.new(rows)
                        delivered += len(fresh)
                        if fresh:
                            yield fresh
            self._settle(job, tally, delivered)

    def _settle(self, job: QueryJob, tally: Tally, delivered: int) -> None:
        tally.check(job)
        self.rows_read = delivered
        self.error = None

    @contextmanager
    def _window_reading(self) -> Iterator[WindowReading | None]:
        """What an incremental export reads; one reading at a time."""
        if self._window is None:
            yield None
            return
        with self._window.exclusive():
            yield self._window.reading(self.columns)

    def _reporter(self) -> Callable[[Tally], None]:
        job, reporter = self._run.submit(), self._run.reporter

        def report(tally: Tally) -> None:
            reporter(Progress("downloading", tally.rows, tally.bytes, job.rows, job.job_id))

        report(Tally())
        return report

    def _watch(
        self, read: Callable[[Export], Generator[Any, None, None]]
    ) -> Generator[Any, None, None]:
        """What is read of this export; an error on the way stays in `error`. The time in which
        others have the items does not count.

        To be closed by who gives it a name: the traceback of what breaks between two items would
        keep the reading by it, with its threads."""
        try:
            with self._in_time() as export, closing(read(export)) as items:
                for item in items:
                    with export._access.clock.standing():
                        yield item
        except Exception as error:
            self.error = error
            raise

    def __iter__(self) -> Iterator[dict[str, Any]]:
        # Not a generator, which would cost a call in Python for each row.
        return chain.from_iterable(self._watch(Export._dicts))

    def _dicts(self) -> Generator[list[dict[str, Any]], None, None]:
        as_dicts = dict_maker(self._reading().names)
        with self._window_reading() as window:
            for rows in self._rows(window=window):
                # No name for the dicts: the next ones take their place in the processor's cache.
                yield self._note_first(as_dicts(rows))
            if window is not None:
                window.save()

    def parts(self, *, connection: str | None = None, with_login: bool = False) -> list[Part]:
        """The pages, each readable by itself in another process; their order is the result's.

        Each checks its own rows where the server counts them by page; `check` sees to it that all
        parts were read.

        Args:
            connection: a part that is pickled carries this name, which the process that reads it
                opens by `SalesforceBulk.connect`, and neither a session nor a login.
            with_login: it carries the client's login, password or key included, so that its reader
                can log in again. Otherwise it carries the client's session of now.

        Raises:
            InvalidInput: the export is of what changed, whose pages hold what was delivered before.
        """
        if self._window is not None:
            raise InvalidInput(
                "An export with since=, until= or state= has no parts; read its rows, a file or "
                "Arrow, which leave out what was delivered before and write the state."
            )
        access, reading = self._access, self._reading()
        if connection is not None:
            access = access.with_connection(connection)
        elif not with_login:
            access = access.with_session()
        with self._in_time() as export:
            return [Part(access, page, reading) for page in export._await_job().pages()]

    def check(self, parts_read: Iterable[PartReceipt]) -> int:
        """Reconcile what workers read of the `parts` with what the server counted.

        Args:
            parts_read: each part's ``receipt``, in any order; of a part that was read more than
                once, all of them. What JSON makes of a receipt is one too.

        Returns:
            the rows, each part counted once.

        Raises:
            ReconciliationError: a part is missing or strange, was another one when it was read
                again, or the rows are not as many as the server counted.
        """
        with self._in_time() as export:
            return export._check(parts_read)

    def _check(self, parts_read: Iterable[PartReceipt]) -> int:
        job, tally = self._await_job(), Tally()
        receipts: dict[Any, set[PartReceipt]] = {}
        for key, rows, digest in parts_read:
            # What travelled as JSON came back as lists.
            receipt = PartReceipt(_page_key(key), rows, digest)
            receipts.setdefault(receipt.page, set()).add(receipt)
        for page in job.pages():
            read = receipts.pop(page.key, set())
            if len(read) != 1:
                how = "not read" if not read else "another one when it was read again"
                raise self._mismatch(page, f"{page} was {how}")
            tally.add(page, read.pop().rows)
        if receipts:
            raise self._mismatch(next(iter(receipts)), "A receipt is of no part of this export")
        self._settle(job, tally, tally.rows)
        return tally.rows

    def _mismatch(self, what: object, sentence: str) -> ReconciliationError:
        return ReconciliationError(
            f"{sentence}. Read the parts that export.parts() lists, and check again.",
            evidence={"page": str(what)},
            job_id=self.job_id,
        )

    # Arrow

    def arrow_batches(self) -> Iterator[pa.RecordBatch]:
        """The record batches, typed by describe, some thousands of rows each.

        Raises:
            ReconciliationError: behind the last batch, where rows are missing.
        """
        extra_module("pyarrow", "arrow_batches()")
        return self._watch(Export._batches_then_state)

    def _batches_then_state(self) -> Generator[pa.RecordBatch, None, None]:
        with self._window_reading() as window:
            yield from self._batches(window)
            if window is not None:
                window.save()

    def _note_first(self, dicts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        self._first_rows = self._first_rows or dicts[:_ROWS_SHOWN]
        return dicts

    def _batches(self, window: WindowReading | None) -> Generator[pa.RecordBatch, None, None]:
        with self._run.reporter.running():
            reading = self._reading(raw=False)
            if window is not None:
                for rows in self._rows(False, window):
                    yield batch_of_rows(rows, self.schema)
                return
            job, tally, report = self._await_job(), Tally(), self._reporter()
            with closing(self._bodies()) as bodies:
                for page, batch in reading.batches(bodies):
                    tally.add(page, batch.num_rows)
                    report(tally)
                    self._first_rows = self._first_rows or batch.slice(0, _ROWS_SHOWN).to_pylist()
                    yield batch
            self._settle(job, tally, tally.rows)

    def to_arrow(self) -> pa.Table:
        """All rows as an Arrow table."""
        arrow = extra_module("pyarrow", "to_arrow()")
        return arrow.Table.from_batches(list(self.arrow_batches()), self.schema)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A new, lazy stream each time: DuckDB opens three for one query."""
        return _c_stream(self.schema, self.arrow_batches, requested_schema)

    def to_pandas(self, *, dtype_backend: DtypeBackend | None = None) -> pd.DataFrame:
        """All rows as a pandas frame, whose types come from describe and not from the values.

        Args:
            dtype_backend: None takes numpy's types: float64 for whole numbers among which is a
                null, objects for checkboxes among which is one. ``"numpy_nullable"`` keeps them
                Int64 and boolean, and texts string. ``"pyarrow"`` keeps Arrow's types.

        ``"pyarrow"`` needs pyarrow; the others work without it, in more time and memory. Dates
        and times of day are objects of `datetime`, other than with ``"pyarrow"``.

        Raises:
            InvalidInput: another backend, or pandas or pyarrow is missing.
        """
        check_backend(dtype_backend)
        extra_module("pandas", "to_pandas()")
        if has_pyarrow():
            return frame_of_table(self.to_arrow(), dtype_backend)
        with self._window_reading() as window:
            with closing(self._watch(lambda export: export._rows(False, window))) as rows:
                frame = frame_of_rows(self.columns, rows, dtype_backend)
            if window is not None:
                window.save()
        return frame

    def to_polars(self) -> pl.DataFrame:
        """All rows as a polars frame."""
        extra_module("polars", "to_polars()")
        return _polars_frame(self.to_arrow())

    def to_parquet(
        self,
        path: str | os.PathLike[str],
        *,
        compression: Compression = "zstd",
        row_group: int = _ROW_GROUP,
    ) -> int:
        """Write a Parquet file, which takes its name only after the reconciliation.

        Args:
            path: of the file; replaced where there is one.
            compression: as pyarrow names it.
            row_group: rows of a row group.

        Returns:
            the rows written.
        """
        refuse_as_parquet(path)
        parquet = extra_module("pyarrow.parquet", "to_parquet()")
        with self._naming_job(), self._window_reading() as window:
            with (
                whole_file(path) as file,
                parquet.ParquetWriter(file, self.schema, compression=compression) as writer,
            ):
                for table in self._row_groups(row_group, window):
                    writer.write_table(table, row_group)
            if window is not None:
                window.save()
        return self.rows_read or 0

    def _row_groups(self, rows: int, window: WindowReading | None) -> Iterator[pa.Table]:
        """All rows, so many at a time."""
        import pyarrow as pa  # noqa: PLC0415

        held: list[pa.RecordBatch] = []
        for batch in self._watch(lambda export: export._batches(window)):
            held.append(batch)
            if sum(each.num_rows for each in held) >= rows:
                yield pa.Table.from_batches(held, self.schema)
                held = []
        if held:
            yield pa.Table.from_batches(held, self.schema)

    # Databases

    def to_duckdb(
        self,
        connection: Any,
        table: str,
        *,
        mode: TableMode = "replace",
        key: str = "Id",
        schema: str | None = None,
    ) -> int:
        """Write all rows into a table of DuckDB: the same as `to_sql`.

        Args:
            connection: of ``duckdb.connect()``, without an open transaction.
            table, mode, key, schema: see `to_sql`.

        Returns:
            the rows read.
        """
        return self.to_sql(connection, table, mode=mode, key=key, schema=schema)

    def to_sql(
        self,
        connection: Any,
        table: str,
        *,
        mode: TableMode = "replace",
        key: str = "Id",
        schema: str | None = None,
    ) -> int:
        """Write all rows into a table of PostgreSQL or DuckDB, typed, all of them or none.

        The rows come into a temporary table as Arrow batches. When they are reconciled, the table
        is changed in one transaction, so that readers see what was there before or everything.

        Args:
            connection: of ``adbc_driver_postgresql.dbapi.connect(uri)`` or ``duckdb.connect()``;
                its transaction is committed.
            table: its name; made where there is none.
            mode: ``replace`` leaves these rows only and keeps grants, indexes and views, where the
                columns are the same; ``append`` adds them; ``merge`` updates the rows whose key is
                there, adds the others and removes those whose IsDeleted is true.
            key: the column by which rows are merged.
            schema: of the database that holds the table; None takes the connection's own.

        Returns:
            the rows read.

        Raises:
            InvalidInput: another connection or mode, a table without one of the columns, keys that
                are not unique, or ``replace`` of an export of what changed.
            ReconciliationError: rows are missing; the table is as it was.
            StorageError: the database has no room; the table is as it was.

        Where ``state=`` is a `DatabaseState` of the same connection, it is written in the
        transaction of the rows.
        """
        target = TableTarget(TableName(table, schema), mode, key)
        self._check_target(target)
        with (
            self._naming_job(),
            self._window_reading() as window,
            closing(self._watch(lambda export: export._batches(window))) as rows,
        ):
            save, state = _nothing if window is None else window.save, self._state_in(connection)
            if state is not None:
                write_table(state.database, target, self.schema, rows, save)
            else:
                write_table(database_of(connection), target, self.schema, rows)
                save()
        return self.rows_read or 0

    def _check_target(self, target: TableTarget) -> None:
        target.check([column.name for column in self.columns])
        if target.mode == "replace" and self._window is not None:
            raise InvalidInput(
                "mode='replace' with since=, until= or state= would leave what changed and nothing "
                "else; take mode='merge', which brings the changes into the table."
            )

    def _state_in(self, connection: Any) -> DatabaseState | None:
        """The state that is written in the transaction of the rows."""
        state = None if self._window is None else self._window.store
        if isinstance(state, DatabaseState) and state.database.connection is connection:
            return state
        return None

    # CSV

    def to_csv(self, target: str | os.PathLike[str] | IO[bytes]) -> int:
        """Write the result as CSV: one header, the records byte by byte as the org sent them.

        Args:
            target: a path, which takes its name only after the reconciliation and is compressed
                where it ends with ``.gz`` or ``.zst``; or an open binary file, which is written
                as the pages come.

        Returns:
            the rows written.

        Raises:
            StorageError: the file cannot be written; nothing is left of it. The org keeps the
                result.

        With ``journal=``, the same call goes on after a crash where the file had ended.
        """
        with self._in_time() as export:
            return export._to_csv(target)

    def _to_csv(self, target: str | os.PathLike[str] | IO[bytes]) -> int:
        with (
            self._run.reporter.running(),
            self._naming_job(),
            self._run.holding_journal() as journal,
            open_target(target, journal) as csv_file,
        ):
            if csv_file.finished is not None:
                self._run.note(
                    f"The journal {self._settings.journal} is of a finished run: {target} was left "
                    "as it is. Remove the journal to export again."
                )
                self.rows_read = csv_file.finished
                return csv_file.finished
            with self._window_reading() as window:
                if window is not None or self._settings.content_type != "CSV":
                    self._write_rows(csv_file, window)
                else:
                    self._copy_pages(self._await_job(), csv_file)
                csv_file.put_in_place(self.rows_read or 0)
                if window is not None:
                    window.save()
        return self.rows_read or 0

    @contextmanager
    def _naming_job(self) -> Iterator[None]:
        """A file that cannot be written does not lose the result."""
        try:
            yield
        except StorageError as error:
            job = self._run.submitted
            if job is not None and error.job_id is None:
                error.job_id = job.job_id
                add_to_message(
                    error,
                    f"The org keeps the result of job {job.job_id}, until {self.expires}: this "
                    f"export can be read again, elsewhere bulk.attach({job.job_id!r}).",
                )
            raise

    def iter_csv(self) -> Iterator[bytes]:
        """The result as CSV piece by piece, as the pages come: for an answer that is streamed.

        The first piece is there before the last row is, so that only an error on the way tells a
        reader that the text is not whole.

        Raises:
            ReconciliationError: behind the last piece, where rows are missing.
        """
        return self._watch(Export._csv_pieces)

    def _csv_pieces(self) -> Generator[bytes, None, None]:
        if self._window is None and self._settings.content_type == "CSV":
            yield from self._copied_pieces()
            return
        with self._window_reading() as window:
            yield csv_text([[column.name for column in self.columns]])
            for rows in self._rows(self._settings.content_type == "CSV", window):
                yield csv_text(texts_of(rows))
            if window is not None:
                window.save()

    def _copied_pieces(self) -> Iterator[bytes]:
        job, reading, tally, header = self._await_job(), self._reading(), Tally(), None
        with closing(self._bodies()) as bodies:
            for body in bodies:
                page = CsvPage(body, reading, header)
                yield from page.text(body)
                header = page.header
                tally.add(body.page, page.rows)
        if header is None:
            yield csv_text([[column.name for column in self.columns]])
        self._settle(job, tally, tally.rows)

    def _write_rows(self, csv_file: CsvTarget, window: WindowReading | None) -> None:
        csv_file.restart([column.name for column in self.columns])
        for rows in self._rows(self._settings.content_type == "CSV", window):
            csv_file.write_rows(rows)

    def _copy_pages(self, job: QueryJob, csv_file: CsvTarget) -> None:
        reading, tally, report = self._reading(), Tally(), self._reporter()
        taken = csv_file.taken
        for batch_id, rows in taken.rows if taken else ():
            tally.add_to_batch(batch_id, rows)
        with closing(self._bodies(not csv_file.can_undo, taken)) as bodies:
            for body in bodies:
                csv_file.copy(self._access, body, reading, lambda: report(tally))
                tally.add(body.page, csv_file.page_rows)
                report(tally)
        if not csv_file.has_header:
            csv_file.write_header([column.name for column in self.columns])
        self._settle(job, tally, tally.rows)


def _page_key(page: Sequence[str | None]) -> tuple[str, str | None, str | None]:
    job_id, batch_id, locator = page
    return str(job_id), batch_id, locator


def _polars_frame(table: pa.Table) -> pl.DataFrame:
    import polars as pl  # noqa: PLC0415

    frame = pl.from_arrow(table)
    if not isinstance(frame, pl.DataFrame):
        raise RuntimeError("polars made no frame of a table")
    return frame


def _nothing() -> None:
    """What is to be saved of an export of everything."""


def _c_stream(
    schema: pa.Schema,
    batches: Callable[[], Iterator[pa.RecordBatch]],
    requested_schema: object | None,
) -> object:
    import pyarrow as pa  # noqa: PLC0415

    def lazily() -> Iterator[pa.RecordBatch]:
        yield from batches()

    reader = pa.RecordBatchReader.from_batches(schema, lazily())
    stream: object = reader.__arrow_c_stream__(requested_schema)
    return stream


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count:,} columns"
