"""From rows to a plan: the columns checked against the org, the rows read, judged and cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from typing import Any

from salesforce_bulk import limits
from salesforce_bulk.api.org_access import OrgAccess
from salesforce_bulk.errors import InvalidInput
from salesforce_bulk.formats.field_values import FieldKind, fit
from salesforce_bulk.formats.row_encoder import ColumnTexts, RowEncoder, time_zone
from salesforce_bulk.formats.values import BadCell
from salesforce_bulk.load.batching import Bounds
from salesforce_bulk.load.checks import check_columns, field_kinds, group_rule
from salesforce_bulk.load.engine_v2 import JOB_BYTES, JOB_RECORDS
from salesforce_bulk.load.plan import Plan, PlanRules, make_plan
from salesforce_bulk.load.row_matching import RowShape
from salesforce_bulk.load.settings import LoadSettings, LoadSpec
from salesforce_bulk.load.source import Chunks, Source
from salesforce_bulk.load.value_checks import ColumnJudge, checked_values
from salesforce_bulk.progress import Progress, Reporter
from salesforce_bulk.storage.spool import Spool

#: Gives the chunks on, having judged their cells.
JudgedChunks = Callable[[Chunks, RowEncoder, Sequence[ColumnJudge]], Chunks]


def prepare(
    access: OrgAccess,
    spec: LoadSpec,
    source: Source,
    settings: LoadSettings,
    reporter: Reporter,
    judged: JudgedChunks | None = None,
) -> tuple[LoadSpec, Plan, RowShape]:
    """Read the rows, compare their columns with the describe and cut them into bodies.

    Args:
        access: the org.
        spec: what the jobs do.
        source: the rows.
        settings: see `LoadOptions`.
        reporter: is told how far the reading is.
        judged: what becomes of cells that the org would refuse, with ``check="values"``; None
            refuses them.

    Returns:
        the spec with the external id as the describe spells it, the bodies, and by what
        their results are joined.

    Raises:
        InvalidInput: something is wrong with the columns, the rows or the options.
    """
    if not source.columns:
        return spec, Plan((), (), Spool()), RowShape((), (), ())
    checked = check_columns(spec, source.columns, access.describes, settings.check)
    if settings.duplicates == "keep_last" and checked.key is None:
        raise InvalidInput(
            "duplicates='keep_last' asks for the last row of each key; insert has no key."
        )
    zone = time_zone(settings.assume_tz)
    encoder = RowEncoder(source.columns, settings.nulls, zone, checked.kinds)
    rules = PlanRules(
        names=checked.names,
        bounds=_body_bounds(settings),
        key=checked.key,
        group=group_rule(checked, source.columns, settings.group_by) if settings.group_by else None,
        keep_last=settings.duplicates == "keep_last",
    )
    chunks = source.chunks()
    if settings.check == "values":
        judged = judged or partial(checked_values, name=spec.name)
        chunks = judged(chunks, encoder, checked.judges)
    plan = make_plan(
        chunks,
        encoder,
        rules,
        Spool(),
        lambda rows, size: reporter(Progress("reading", rows, size)),
    )
    return replace(spec, external_id=checked.external_id), plan, checked.shape


def with_written_constants(
    access: OrgAccess, spec: LoadSpec, settings: LoadSettings
) -> LoadSettings:
    """The settings with constants as they are sent, by the types of their fields; a journal keeps
    them so.

    Raises:
        InvalidInput: a constant that its field would not keep as it is, or without a field.
        NotFound: no such object, or the user may not see it.
    """
    constants = settings.constants or {}
    if all(isinstance(value, str) for value in constants.values()):
        return settings
    kinds = field_kinds(spec.object_name, list(constants), access.describes)
    zone = time_zone(settings.assume_tz)
    texts = {
        column: _constant_text(column, value, kinds.get(column), zone)
        for column, value in constants.items()
    }
    return replace(settings, constants=texts)


def _constant_text(column: str, value: Any, kind: FieldKind | None, zone: tzinfo | None) -> str:
    try:
        fitted = fit([value], kind, [type(value)], zone)
        (text,) = ColumnTexts(zone).of(fitted, "")
    except BadCell as bad:
        raise InvalidInput(f"constants, column {column!r}: {bad.why}.", column=column) from bad
    return str(text)


def _body_bounds(settings: LoadSettings) -> Bounds:
    if settings.choose_api()[0] == "2.0":
        records = settings.batch_size or JOB_RECORDS
        return Bounds(records, min(JOB_BYTES, limits.INGEST_JOB_BYTES), JOB_BYTES)
    return Bounds(records=settings.batch_size or limits.BATCH_RECORDS)
