"""The job of an export: made once, waited for, taken up again from a journal."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import (
    BulkApiError,
    InvalidInput,
    JobStillRunning,
    JournalMismatch,
    NotFound,
    RequestTimeout,
    ResultsExpired,
)
from salesforce_bulk.export.download import expired
from salesforce_bulk.export.job_v1 import QueryJobV1, QueryV1
from salesforce_bulk.export.job_v2 import QueryJobV2
from salesforce_bulk.export.settings import ApiChoice, ExportSettings, check_chunking
from salesforce_bulk.export.soql import Query, read_query
from salesforce_bulk.export.tally import QueryJob
from salesforce_bulk.formats.typed import ResultColumn, TypedRows
from salesforce_bulk.http import polling
from salesforce_bulk.http.call import add_to_message
from salesforce_bulk.progress import Progress, Reporter
from salesforce_bulk.storage.journal import Journal

log = logging.getLogger("salesforce_bulk")

#: In the header of an export's journal.
KIND = "export"

_KEPT = timedelta(days=limits.RETENTION_DAYS)


class QueryRun:
    """One query on its way through one of the APIs.

    Attributes:
        access: the org.
        query: None for a job that was made elsewhere.
        settings, choice: the options, and the API.
        notes: sentences that the user is to see.
        journal: open while the job is made and while a file is written; None otherwise. One
            process at a time can hold it.
    """

    __slots__ = ("__dict__", "access")

    def __init__(
        self,
        access: OrgAccess,
        query: Query | None,
        settings: ExportSettings,
        choice: ApiChoice,
        job: QueryJob | None = None,
    ) -> None:
        self.access = access
        self.query = query
        self.settings = settings
        self.choice = choice
        if query is not None and job is None and choice.api == "1.0":
            # The server adds the bounds of a chunk to the condition that it finds.
            self.query = read_query(query.open_to_conditions)
        self.notes: list[str] = []
        self.journal: Journal | None = None
        name = "export" if query is None else f"export {query.object}"
        path = settings.journal
        go_on = None if path is None else f"bulk.resume({os.fspath(path)!r})"
        self.reporter = Reporter(settings.progress, access.clock, name, go_on=go_on)
        self._job = job
        self._lock = threading.RLock()

    def through(self, access: OrgAccess) -> QueryRun:
        """The same run, by another way to its org; what is known of it, both know."""
        view = object.__new__(type(self))
        view.__dict__ = self.__dict__
        view.access = access
        return view

    def note(self, sentence: str) -> None:
        """Tell the user, once."""
        if sentence not in self.notes:
            log.warning("%s", sentence)
            self.notes.append(sentence)

    @property
    def submitted(self) -> QueryJob | None:
        """The job, if there is one already."""
        return self._job

    def submit(self) -> QueryJob:
        """The job; made, or found in the journal, if there is none yet."""
        with self.access.clock.holding(self._lock):
            if self._job is None:
                with self.holding_journal():
                    self._job = self._recorded_job() or self._new_job()
            return self._job.through(self.access)

    @contextlib.contextmanager
    def holding_journal(self) -> Iterator[Journal | None]:
        """The journal, open for the block; None without one."""
        if self.settings.journal is None or self.journal is not None:
            yield self.journal
            return
        with self._open_journal(self.settings.journal) as journal:
            self.journal = journal
            try:
                yield journal
            finally:
                self.journal = None

    def wait(self) -> QueryJob:
        """The job, done."""
        try:
            with self.reporter.running():
                return self._wait()
        except ResultsExpired as error:
            if self.settings.journal is not None:
                add_to_message(error, f"Remove the journal {self.settings.journal} before.")
            raise

    def _wait(self) -> QueryJob:
        if self._job is None:
            self.reporter(Progress("submitting", 0))
        job, clock = self.submit(), self.access.clock
        began = clock.monotonic()
        # A wait may last for hours, which an org out of reach for a minute must not end.
        while not polling.try_again(job.is_done, clock):
            self.reporter(Progress("processing", job.rows or 0, job_id=job.job_id))
            polling.pause_before_asking(clock, began)
        return job

    def time_is_up(self, handle: object, seconds: float) -> BulkApiError:
        """The error where a deadline has passed.

        Args:
            handle: what the error carries.
            seconds: that there were.
        """
        name, job, journal = self.reporter.name, self._job, self.settings.journal
        more = "" if journal is None else f" The journal {journal} goes with the same call."
        if job is None:
            late = RequestTimeout(
                f"{name}: {seconds:g} s were over before the job of the query was made. A query "
                f"changes nothing: call again, with a longer timeout=.{more}"
            )
            late.may_have_arrived = False
            return late
        return JobStillRunning(
            f"{name}: {seconds:g} s were over before the result of job {job.job_id} was there, or "
            "read to its end. The job was left alone: wait or read again with the error's .handle, "
            f"from another process with bulk.attach({job.job_id!r}).{more}",
            handle,
            job_id=job.job_id,
        )

    @property
    def expires(self) -> datetime | None:
        """When the org removes the result."""
        created = self.submit().job.created
        return None if created is None else _moment(created) + _KEPT

    def _open_journal(self, path: str | os.PathLike[str]) -> Journal:
        header = self._header()
        if not Journal.exists(path):
            return Journal.create(path, header)
        journal = Journal.open(path)
        if journal.header != header:
            journal.close()
            differing = [key for key in header if journal.header.get(key) != header[key]]
            raise JournalMismatch(
                f"The journal {path} is of another run ({', '.join(differing)} differ); name "
                "another file, or remove this one."
            )
        return journal

    def _header(self) -> dict[str, Any]:
        return {
            "kind": KIND,
            "org": self.access.describes.origin,
            "soql": self._required_query().text,
            "api": self.choice.api,
            "content_type": self.settings.content_type,
            "include_deleted": self.settings.include_deleted,
            "keep_nul": self.settings.keep_nul,
            "pk_chunking": self.settings.pk_chunking,
            "max_records": self.settings.max_records,
            "parallel": self.settings.parallel,
        }

    def _record(self, entry: dict[str, Any]) -> None:
        with self.holding_journal() as journal:
            if journal is not None:
                journal.append(entry)

    def _recorded_job(self) -> QueryJob | None:
        """The job of an earlier process."""
        entries = self.journal.entries if self.journal else []
        made = next((entry for entry in reversed(entries) if entry["do"] == "job"), None)
        if made is None:
            return None
        if self.choice.api == "2.0":
            try:
                job = self.access.v2_for(made["api_version"]).query_job(made["job"])
            except NotFound as error:
                raise expired(made["job"], error) from error
            return QueryJobV2(self.access, job, self.settings.max_records)
        query = replace(self._query_v1(), pk_chunking=made["chunked"])
        job_v1 = QueryJobV1(self.access, query, made["job"], note=self.note, record=self._record)
        if {"do": "posted", "job": made["job"]} not in entries:
            job_v1.ensure_posted()
        job_v1.remember(entries)
        return job_v1

    def _new_job(self) -> QueryJob:
        query = self._required_query()
        log.info("Export by Bulk API %s: %s", self.choice.api, self.choice.reason)
        # A query of 2.0 is no batch of the day's.
        self.access.reserve.check(f"export {query.object}", int(self.choice.api == "1.0"))
        if self.choice.api == "1.0":
            return QueryJobV1.create(self.access, self._query_v1(), self.note, self._record)
        job = QueryJobV2.create(
            self.access, query.text, self.settings.include_deleted, self.settings.max_records
        )
        self._record({"do": "job", "job": job.job_id, "api_version": job.job.api_version})
        return job

    def _query_v1(self) -> QueryV1:
        query = self._required_query()
        return QueryV1(
            query.text,
            query.object,
            self.settings.content_type,
            self.settings.include_deleted,
            check_chunking(self.settings, query),
            query.can_be_chunked and not self.settings.include_deleted,
        )

    def _required_query(self) -> Query:
        if self.query is None:
            raise InvalidInput("This export is of a job that was made elsewhere.")
        return self.query


def _moment(text: str) -> datetime:
    moment: datetime = next(TypedRows([ResultColumn("created", "datetime")])([[text]]))[0]
    return moment
