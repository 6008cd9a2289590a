"""insert, update, upsert, delete, hard_delete: rows in, an outcome for every row out.

What happens, in order: the rows are read, judged and cut (`preparation`, `plan`), the columns
compared with the object's description and the batches with the day's allocation (`checks`), what a
journal may have lost is read from the org (`unrecorded_jobs`), the batches are sent (`engine_v1`,
`engine_v2`), and their results put in the order of the rows (`results`). The handle for that is in
`job`, what is loaded once more in `retry`.
"""

from __future__ import annotations

import csv
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, cast

from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import InvalidInput, JournalMismatch
from salesforce_bulk.formats.row_encoder import time_zone
from salesforce_bulk.http.clock import DeadlinePassed
from salesforce_bulk.load.checks import check_quota
from salesforce_bulk.load.engine_v1 import AttachedV1, EngineV1
from salesforce_bulk.load.engine_v2 import (
    AttachedV2,
    EngineV2,
    UploadStateV2,
    quoted_csv,
)
from salesforce_bulk.load.job import Engine, LoadJob, naming_jobs, report_to, time_up_before
from salesforce_bulk.load.plan import Plan, PlannedBody, count_batches
from salesforce_bulk.load.preparation import prepare, with_written_constants
from salesforce_bulk.load.results import LoadResult
from salesforce_bulk.load.retry import Retries, entry_of_end, record_nowhere, split_at_retries
from salesforce_bulk.load.row_matching import RowShape
from salesforce_bulk.load.settings import LoadSettings, LoadSpec, Operation
from salesforce_bulk.load.source import Source
from salesforce_bulk.load.sources import open_rows
from salesforce_bulk.load.unrecorded_jobs import Since, journal_beginning, unrecorded_jobs
from salesforce_bulk.load.upload_v1 import BatchRef, UploadStateV1, read_cells
from salesforce_bulk.models import JobInfo
from salesforce_bulk.progress import Progress, Reporter
from salesforce_bulk.storage.journal import Entry, Journal
from salesforce_bulk.storage.spool import Slice, Spool

log = logging.getLogger("salesforce_bulk")

#: How `datetime.timezone` writes itself.
_OFFSET = re.compile(r"UTC([+-])(\d\d):(\d\d)(?::(\d\d))?")

#: What the header of a load's journal says it is.
KIND = "load"


# The verbs


def load(
    access: OrgAccess,
    operation: Operation,
    object_name: str,
    records: Any,
    settings: LoadSettings,
    external_id: str | None = None,
) -> LoadResult:
    """Load the rows and wait for the outcome of each.

    Args:
        access: the org.
        operation, object_name, external_id: of the job.
        records: see `sources.open_source`.
        settings: see `LoadOptions`.

    Raises:
        InvalidInput: something is wrong with the rows or the options; nothing was sent.
        ExceededQuota: more batches than the org may process today; nothing was sent.
        LoadFailed: rows did not succeed, unless ``on_error="report"``.
        AmbiguousUpload: it cannot be found out whether a batch arrived.
        JobStillRunning: the time was up.
        TransportError, ApiFault: the org cannot be reached, or refuses the job.
    """
    bound = access.within(settings.timeout)
    reporter = _reporter(access, operation, object_name, settings)
    sending: list[Engine] = []
    with naming_jobs(sending), reporter.running():
        spec = _spec(operation, object_name, settings, external_id)
        job = _load_job(access, bound, spec, records, settings, reporter, sending)
        result = job.result_by(bound)
    if settings.on_error == "raise":
        result.raise_for_failures()
    return result


def submit(
    access: OrgAccess,
    operation: Operation,
    object_name: str,
    records: Any,
    settings: LoadSettings,
    external_id: str | None = None,
) -> LoadJob:
    """Send the rows and return as soon as the org has them; see `load`."""
    bound = access.within(settings.timeout)
    reporter = _reporter(access, operation, object_name, settings)
    sending: list[Engine] = []
    with naming_jobs(sending), reporter.running("submitted"):
        spec = _spec(operation, object_name, settings, external_id)
        job = _load_job(access, bound, spec, records, settings, reporter, sending)
        return job.submit_by(bound)


def _reporter(
    access: OrgAccess, operation: Operation, object_name: str, settings: LoadSettings
) -> Reporter:
    path = settings.journal
    go_on = None if path is None else f"bulk.resume({os.fspath(path)!r}, the same rows)"
    return Reporter(settings.progress, access.clock, f"{operation} {object_name}", go_on=go_on)


def _spec(
    operation: Operation, object_name: str, settings: LoadSettings, external_id: str | None
) -> LoadSpec:
    return LoadSpec(
        operation, object_name, external_id, settings.concurrency, settings.assignment_rule_id
    )


def _load_job(
    access: OrgAccess,
    bound: OrgAccess,
    spec: LoadSpec,
    records: Any,
    settings: LoadSettings,
    reporter: Reporter,
    sending: list[Engine],
) -> LoadJob:
    """The handle of a load of which nothing was sent yet by this process.

    Args:
        access: the org, for what comes behind the verb.
        bound: the same until the end of the verb.
        sending: is given what sends the rows, before it begins.
    """
    reporter(Progress("reading", 0))
    api = settings.choose_api()
    log.info("%s: Bulk API %s (%s)", spec.name, *api)
    try:
        settings = with_written_constants(bound, spec, settings)
        source = open_rows(records, settings, spec.operation)
        spec, plan, shape = prepare(bound, spec, source, settings, reporter)
        goes_on = settings.journal is not None and Journal.exists(settings.journal)
        if not goes_on:  # before there is a journal of these rows
            _check_quota(bound, spec, plan, _state(settings, []))
        journal = _open_journal(bound, spec, plan, source, settings)
    except DeadlinePassed as error:
        raise time_up_before(spec.name, settings.timeout or 0) from error
    results = Spool()
    sections = split_at_retries([] if journal is None else journal.entries)
    state = _state(settings, sections[0])
    again = Retries(access, spec, settings.journal, reporter)
    engine = _engine(access, spec, plan, shape, results, settings, reporter, state, journal)
    sending.append(engine)

    def send(access: OrgAccess) -> None:
        if goes_on and journal is not None and _missing_parts(plan, state):
            engine.adopt(unrecorded_jobs(access, spec, journal, api[0]))
            _check_quota(access, spec, plan, state)
        engine.send()

    return LoadJob(
        access,
        spec.name,
        plan,
        engine,
        results,
        api=api,
        records=source.records,
        again=again,
        send=None if sections[1:] else send,  # else a retry has taken what was not sent
        finish=_JournalEnding(again, journal, sections[1:]),
        journal=journal,
        reporter=reporter,
    )


#: The events before each sending of rows, through either API.
_SENDING = frozenset({"sending", "stored"})


def _sending_steps(entries: Sequence[Entry]) -> int:
    return sum(entry["event"] in _SENDING for entry in entries)


class _JournalEnding:
    """What a result needs when the org is done: the retries of earlier runs, and a last entry."""

    def __init__(
        self, again: Retries, journal: Journal | None, retried: Sequence[Sequence[Entry]]
    ) -> None:
        self._again = again
        self._journal = journal
        self._retried = retried
        entries = [] if journal is None else journal.entries
        # Behind an end there may be a retry, which is not over then.
        self._ended = entries[-1].get("ended") if entries else None
        self._steps = _sending_steps(entries)

    def __call__(self, result: LoadResult, access: OrgAccess) -> LoadResult:
        if self._journal is None:
            return result
        finished = self._again.resume(result, self._retried, self._journal, access)
        if self._ended is not None and self._steps == _sending_steps(self._journal.entries):
            self._tell_old_result(finished, self._ended, self._journal.path)
        else:
            self._journal.append(entry_of_end(finished))
        self._journal.close()
        return finished

    def _tell_old_result(self, result: LoadResult, ended: str, path: Path) -> None:
        result.journal_ended = datetime.fromisoformat(ended)
        log.warning(
            "%s: the run of the journal %s ended on %s. Nothing was sent now, and its result is "
            "given again. To load the rows once more, remove the journal or name another.",
            result.name,
            path,
            ended,
        )


def _engine(
    access: OrgAccess,
    spec: LoadSpec,
    plan: Plan,
    shape: RowShape,
    results: Spool,
    settings: LoadSettings,
    reporter: Reporter,
    state: UploadStateV1 | UploadStateV2,
    journal: Journal | None,
) -> Engine:
    """What sends the rows, from where earlier processes came to."""
    record = journal.append if journal is not None else record_nowhere
    report = report_to(reporter, plan, state)
    parallel = settings.parallel
    if isinstance(state, UploadStateV1):
        return EngineV1(
            access.v1,
            spec,
            plan,
            state,
            results,
            reserve=access.reserve,
            record=record,
            report=report,
            parallel=parallel,
        )
    return EngineV2(
        access,
        spec,
        plan,
        results,
        state,
        shape=shape,
        record=record,
        report=report,
        parallel=parallel,
    )


def _state(settings: LoadSettings, entries: Sequence[Entry]) -> UploadStateV1 | UploadStateV2:
    """What earlier processes did already."""
    state: UploadStateV1 | UploadStateV2 = (
        UploadStateV1() if settings.choose_api()[0] == "1.0" else UploadStateV2()
    )
    for entry in entries:
        state.replay(entry)
    return state


def _missing_parts(plan: Plan, state: UploadStateV1 | UploadStateV2) -> list[PlannedBody]:
    """Those that are not known to be in the org."""
    there = state.sent if isinstance(state, UploadStateV1) else state.started
    return [part for at, part in enumerate(plan.parts) if at not in there]


def _check_quota(
    access: OrgAccess, spec: LoadSpec, plan: Plan, state: UploadStateV1 | UploadStateV2
) -> None:
    """See `checks.check_quota`; for the parts that are not in the org yet."""
    missing = count_batches(_missing_parts(plan, state))
    if missing:
        begun = bool(state.jobs)
        access.reserve.check(spec.name, missing, begun=begun)
        check_quota(access.describes, missing, spec.name, begun=begun)


# Going on after a crash


def _open_journal(
    access: OrgAccess, spec: LoadSpec, plan: Plan, source: Source, settings: LoadSettings
) -> Journal | None:
    """The journal of this load, new or of an earlier process.

    Raises:
        JournalMismatch: it is of another load, of other rows, or of another org.
    """
    if settings.journal is None:
        return None
    header = _header(access, spec, source, settings)
    digests = plan.digests()
    if Journal.exists(settings.journal):
        journal = Journal.open(settings.journal)
    else:
        header["began"] = journal_beginning(access)
        journal = Journal.create(settings.journal, header)
    try:
        _check_header(journal, header, digests)
        if not journal.entries:
            journal.append({"event": "plan", "rows": plan.rows, "digests": digests})
    except BaseException:
        journal.close()
        raise
    return journal


def _header(access: OrgAccess, spec: LoadSpec, source: Source, settings: LoadSettings) -> Entry:
    chosen = asdict(replace(settings, progress=None, assume_tz=None))
    for runtime in ("progress", "journal", "timeout", "parallel", "on_error"):
        del chosen[runtime]
    return {
        "kind": KIND,
        "address": access.v1.address,
        "spec": spec.as_json(),
        "options": {**chosen, "assume_tz": _zone_name(settings.assume_tz)},
        "columns": list(source.columns),
        "path": None if source.path is None else str(source.path.absolute()),
    }


def _check_header(journal: Journal, header: Entry, digests: list[str]) -> None:
    for name in ("kind", "address", "spec", "options", "columns"):
        if journal.header.get(name) != header[name]:
            raise JournalMismatch(
                f"The journal {journal.path} is of another load: its {name} is "
                f"{journal.header.get(name)!r}, not {header[name]!r}. "
                + ("Log in there to go on." if name == "address" else "Name another file.")
            )
    before = journal.entries[0]["digests"] if journal.entries else digests
    if before == digests:
        return
    at = next(
        (at for at, (a, b) in enumerate(zip(before, digests, strict=False), 1) if a != b),
        min(len(before), len(digests)) + 1,
    )
    raise JournalMismatch(
        f"The rows are not those of the run that the journal {journal.path} is of: batch {at} "
        "differs. Give the same rows, or name another file."
    )


def resume(
    access: OrgAccess, path: str | os.PathLike[str], records: Any, settings: LoadSettings
) -> LoadResult:
    """Finish the load that a journal is of.

    Args:
        access: the same org.
        path: the journal.
        records: the same rows; None reads the file that the journal names.
        settings: ``progress``, ``timeout``, ``parallel`` and ``on_error`` of this run.

    Raises:
        JournalMismatch: the journal names no file and no rows were given, or other rows.
    """
    with Journal.open(path) as journal:
        header = journal.header
    if records is None and header["path"] is None:
        raise JournalMismatch(
            f"The rows of the journal {path} came from no file; give the same rows again as "
            "records=."
        )
    spec = header["spec"]
    options = {**header["options"], "assume_tz": _zone_of(header["options"]["assume_tz"], path)}
    return load(
        access,
        spec["operation"],
        spec["object_name"],
        header["path"] if records is None else records,
        replace(settings, journal=path, **options),
        spec["external_id"],
    )


def _zone_name(zone: tzinfo | str | None) -> str | None:
    """What a journal keeps of a zone: its name or its offset, else its type, which names none."""
    if zone is None or isinstance(zone, str):
        return zone
    if isinstance(zone, timezone):
        return str(timezone(zone.utcoffset(None)))
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)  # of zoneinfo; of pytz
    return str(name or type(zone).__name__)


def _zone_of(text: str | None, path: str | os.PathLike[str]) -> tzinfo | str | None:
    """The zone that a journal names."""
    offset = _OFFSET.fullmatch(text or "")
    if offset is not None:
        sign, *parts = offset.groups(default="0")
        hours, minutes, seconds = (int(sign + part) for part in parts)
        return timezone(timedelta(hours=hours, minutes=minutes, seconds=seconds))
    try:
        time_zone(text)
    except InvalidInput as error:
        raise JournalMismatch(
            f"The load of the journal {path} has an assume_tz= of the type {text}, which no "
            "journal can keep. Run the same call again, with the same journal=: it goes on."
        ) from error
    return text


# Taking up a job of another process


def attach(access: OrgAccess, infos: Sequence[Mapping[str, Any]]) -> LoadJob:
    """The handle of a load, from what the org tells of its jobs.

    Args:
        access: the org.
        infos: the jobInfo of each; CSV jobs of Bulk API 1.0, of one object and operation.

    The rows come back from the org, which keeps what was posted; they are numbered in the order
    in which it lists the batches.
    """
    for other in infos:
        if other.get("contentType") != "CSV":
            job_id = str(other.get("id"))
            raise InvalidInput(
                f"Job {job_id} is of {other.get('contentType')}; rows can be read back from CSV "
                "jobs.",
                job_id=job_id,
            )
    info = infos[0]
    spec = LoadSpec(
        cast(Operation, str(info.get("operation"))),
        str(info.get("object")),
        info.get("externalIdFieldName"),
        str(info.get("concurrencyMode") or "Parallel"),
        info.get("assignmentRuleId"),
    )
    plan, state = _read_back(access, [str(one.get("id")) for one in infos])
    results = Spool()
    engine = AttachedV1(access.v1, plan, state, results, spec)
    job_ids = {str(one.get("id")) for one in infos}
    since = Since(job_ids, _first_made(one.get("createdDate") for one in infos))
    return _attach_job(access, spec, plan, engine, results, "1.0", since)


def attach_v2(access: OrgAccess, infos: Sequence[JobInfo]) -> LoadJob:
    """The handle of a load's jobs of Bulk API 2.0; see `engine_v2.AttachedV2`."""
    info = infos[0]
    spec = LoadSpec(
        cast(Operation, info.operation),
        str(info.object),
        info.fields.get("externalIdFieldName"),
        assignment_rule_id=info.fields.get("assignmentRuleId"),
    )
    plan = Plan((), (), Spool())
    results = Spool()
    job_ids = [one.id for one in infos]
    engine = AttachedV2(access, job_ids, plan, results)
    since = Since(set(job_ids), _first_made(one.created for one in infos))
    return _attach_job(access, spec, plan, engine, results, "2.0", since)


def _first_made(moments: Iterable[str | None]) -> str | None:
    """The earliest of moments that the org wrote in one form; None where it did not name all."""
    named = list(moments)
    return None if None in named else min(filter(None, named), default=None)


def _attach_job(
    access: OrgAccess,
    spec: LoadSpec,
    plan: Plan,
    engine: Engine,
    results: Spool,
    api: str,
    since: Since,
) -> LoadJob:
    again = Retries(access, spec, None, Reporter(None, access.clock, spec.name), since)
    chosen = (api, "the job's")
    return LoadJob(access, spec.name, plan, engine, results, api=chosen, again=again)


def _read_back(access: OrgAccess, job_ids: list[str]) -> tuple[Plan, UploadStateV1]:
    """The batches that the jobs have by now; those without rows are left out."""
    stored = Spool()
    found: list[tuple[BatchRef, Slice]] = []
    columns: dict[str, str] = {}
    refs = [
        BatchRef(job_id, str(info.get("id")))
        for job_id in job_ids
        for info in access.v1.batches(job_id)
    ]
    for ref in refs:
        body = access.v1.batch_request(*ref)
        found.append((ref, stored.append(body)))
        for name in next(iter(_records(body, ref)), []):
            columns.setdefault(name.lower(), name)
    names = tuple(columns.values())
    plan = Plan(names, names, Spool())
    state = UploadStateV1(jobs=job_ids)
    for ref, place in found:
        header, *rows = _records(stored.read(place), ref) or [[]]
        if rows:
            state.sent[len(plan.parts)] = ref
            numbers = range(plan.rows + 1, plan.rows + len(rows) + 1)
            body = quoted_csv([names, *_arrange(header, rows, names)])
            plan.parts.append(PlannedBody(plan.spool.append(body), numbers))
            plan.rows += len(rows)
    return plan, state


def _records(body: bytes, ref: BatchRef) -> list[list[str]]:
    try:
        return read_cells(body)
    except (ValueError, csv.Error) as error:
        raise InvalidInput(
            f"Batch {ref.batch_id} of job {ref.job_id} cannot be read back as CSV: {error}.",
            job_id=ref.job_id,
            batch_id=ref.batch_id,
        ) from error


def _arrange(
    header: Sequence[str], rows: Sequence[Sequence[str]], names: Sequence[str]
) -> Iterator[list[str]]:
    """The rows of a batch in the order of all columns; cells that it lacks are empty."""
    at = {name.lower(): position for position, name in enumerate(header)}
    positions = [at.get(name.lower(), len(header)) for name in names]
    for row in rows:
        yield [row[position] if position < len(row) else "" for position in positions]
