"""How an `Export` comes to be: from a query, from a job made elsewhere, from a journal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import ApiFault, InvalidInput, JournalMismatch, RequestTimeout
from salesforce_bulk.export.columns import all_fields, columns_of, expanded
from salesforce_bulk.export.handle import Export
from salesforce_bulk.export.incremental import DELETED, STAMP, open_window
from salesforce_bulk.export.job_v1 import QueryJobV1
from salesforce_bulk.export.job_v2 import QueryJobV2
from salesforce_bulk.export.run import KIND, QueryRun
from salesforce_bulk.export.settings import (
    ApiChoice,
    ContentType,
    ExportOptions,
    ExportSettings,
    check_chunking,
    choose_api,
)
from salesforce_bulk.export.soql import Condition, build_select, read_query
from salesforce_bulk.formats.typed import ResultColumn
from salesforce_bulk.http.clock import DeadlinePassed
from salesforce_bulk.progress import ProgressOption
from salesforce_bulk.storage.journal import Journal
from salesforce_bulk.wire import v1

if TYPE_CHECKING:
    import os

#: jobType of a 2.0 query; the list of jobs has those of 1.0 too.
_V2_JOB = "V2Query"


def plan_export(access: OrgAccess, soql: str, options: ExportOptions) -> Export:
    """An export that is checked and not submitted yet.

    Args:
        access: the org.
        soql: a query, or with ``fields`` an object's name.
        options: see `ExportOptions`.

    Raises:
        InvalidInput: the query or an option cannot be; nothing but describes was asked for.
    """
    if not isinstance(soql, str):
        raise InvalidInput(f"export() takes a query or an object's name as a text, not {soql!r}.")
    settings = ExportSettings.of(options)
    bound = access.asking_within(settings.timeout)
    try:
        return _planned(access, bound, soql, options, settings)
    except DeadlinePassed as error:
        late = RequestTimeout(
            f"{settings.timeout or 0:g} s were over before the query was checked; nothing was sent "
            "but questions. Call again, with a longer timeout=."
        )
        late.may_have_arrived = False
        raise late from error


def _planned(
    access: OrgAccess,
    bound: OrgAccess,
    soql: str,
    options: ExportOptions,
    settings: ExportSettings,
) -> Export:
    """The export, checked by ``bound`` and run by ``access``."""
    since, until, state = options.get("since"), options.get("until"), options.get("state")
    fields, where = options.get("fields"), options.get("where")
    include_deleted = options.get("include_deleted")
    incremental = not (since is None and until is None and state is None)
    query = read_query(_text(bound, soql, fields, where, incremental))
    text = expanded(query, bound.describes)
    if text != query.text:
        query = read_query(text)
    columns = columns_of(query, bound.describes)
    window = None
    if incremental:
        has_deleted = bound.describes.object(query.object).field(DELETED) is not None
        _check_window_columns(columns, has_deleted and include_deleted is not False)
        if settings.journal is not None:
            raise InvalidInput(
                "journal= is not needed with since=, until= or state=: the state is written last, "
                "so that the same call delivers the same window again after a crash."
            )
        include_deleted = has_deleted if include_deleted is None else include_deleted
        now = bound.describes.server_time()
        whose = f"{bound.describes.origin} {bool(include_deleted)}"
        window = open_window(query, since, until, state, now, whose=whose)
        query = read_query(query.with_condition(window.condition))
    settings = replace(settings, include_deleted=bool(include_deleted))
    choice = choose_api(settings, access.api_version)
    check_chunking(settings, query)
    return Export(QueryRun(access, query, settings, choice), columns, window)


def _text(
    access: OrgAccess,
    soql: str,
    fields: Sequence[str] | str | None,
    where: Condition | None,
    incremental: bool,
) -> str:
    """The query, or what is built for an object."""
    if re.match(r"\s*select\s", soql, re.IGNORECASE):
        if fields is not None or where is not None:
            raise InvalidInput("fields= and where= go with an object's name, not with a query.")
        return soql
    if fields is None:
        raise InvalidInput(
            f"export({soql!r}) needs fields=[...] or fields='all', or a query that begins with "
            "SELECT."
        )
    described = access.describes.object(soql.strip())
    names = all_fields(described) if fields == "all" else fields
    if isinstance(names, (set, frozenset)):
        # In one order in each process, or the state would be of another query in the next.
        names = sorted(names)
    if incremental and not isinstance(names, str):
        have = {name.lower() for name in names}
        needed = ["Id", STAMP, *([DELETED] if described.field(DELETED) else [])]
        names = [*names, *(name for name in needed if name.lower() not in have)]
    return build_select(described.name, names, where)


def _check_window_columns(columns: Sequence[ResultColumn], deleted: bool) -> None:
    names = {column.name for column in columns}
    missing = [name for name in ("Id", STAMP, *([DELETED] if deleted else [])) if name not in names]
    if missing:
        raise InvalidInput(
            f"An incremental export needs {', '.join(missing)} in its SELECT, to tell what was "
            "delivered before and what was deleted."
        )


def attach_export(access: OrgAccess, job_id: str, settings: ExportSettings | None = None) -> Export:
    """The export of a query job that was made elsewhere, by either API.

    Args:
        access: the org.
        job_id: 18 characters.
        settings: how it is read.

    Raises:
        InvalidJob: the org knows no such job, or not any more.
    """
    settings = settings or ExportSettings()
    try:
        info = access.v2.query_job(job_id)
    except ApiFault:
        return _attached_v1(access, job_id, settings)
    if info.fields.get("jobType", _V2_JOB) != _V2_JOB:
        return _attached_v1(access, job_id, settings)
    job = QueryJobV2(access, info, settings.max_records)
    choice = ApiChoice("2.0", "the job is one of its")
    return Export(QueryRun(access, None, settings, choice, job))


def _attached_v1(access: OrgAccess, job_id: str, settings: ExportSettings) -> Export:
    info = v1.as_text(access.v1.job(job_id))
    if info.get("operation") not in ("query", "queryAll"):
        raise InvalidInput(f"Job {job_id} is a load's and no query's.", job_id=job_id)
    settings = replace(settings, content_type=cast(ContentType, info.get("contentType") or "CSV"))
    job = QueryJobV1(access, None, job_id, content_type=settings.content_type)
    query = read_query(job.soql())
    run = QueryRun(access, query, settings, ApiChoice("1.0", "the job is one of its"), job)
    return Export(run, columns_of(query, access.describes))


def resume_export(
    access: OrgAccess,
    journal: str | os.PathLike[str],
    *,
    timeout: float | None = None,
    progress: ProgressOption = None,
) -> Export:
    """Go on where a crash left an export: its job is taken up, the file of it finished.

    Args:
        access: the org.
        journal: its path.
        timeout, progress: see `ExportOptions`.

    Raises:
        JournalMismatch: it is no journal of an export, or another process holds it.
    """
    with Journal.open(journal) as record:
        header, entries = record.header, record.entries
    if header.get("kind") != KIND:
        raise JournalMismatch(f"{journal} is no journal of an export.")
    options: ExportOptions = {
        "api": header["api"],
        "content_type": header["content_type"],
        "include_deleted": header["include_deleted"],
        "pk_chunking": header["pk_chunking"],
        "parallel": header["parallel"],
        "max_records": header["max_records"],
        "keep_nul": header["keep_nul"],
        "journal": journal,
        "timeout": timeout,
        "progress": progress,
    }
    export = plan_export(access, header["soql"], options)
    path = next((entry["path"] for entry in reversed(entries) if entry["do"] == "file"), None)
    if path is not None:
        export.to_csv(path)
    return export
