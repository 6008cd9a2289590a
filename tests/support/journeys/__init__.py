"""What programs do with the library, from one end to the other, against an org that speaks a
dialect; each step is held against the org's own records."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from journeys.classic import CLASSIC
from journeys.exports import EXPORT_1, EXPORT_2
from journeys.loads import LOAD_1, LOAD_2
from journeys.logins import LOGIN
from journeys.resume import RESUME
from journeys.stage import FIELDS, FILE_BYTES, OBJECT, PAGE_ROWS, Stage, Step
from journeys.told import may_be_told
from salesforce_bulk import BulkApiError
from salesforce_bulk.emulator import ManualClock, SalesforceEmulator

#: The steps of each journey.
JOURNEYS: Mapping[str, list[Step]] = {
    "load 1.0": LOAD_1,
    "load 2.0": LOAD_2,
    "export 1.0": EXPORT_1,
    "export 2.0": EXPORT_2,
    "classic": CLASSIC,
    "resume": RESUME,
    "login": LOGIN,
}


def journey(name: str, dialect: Mapping[str, str]) -> list[str]:
    """Goes a journey; returns what the client said that it could not do or tell.

    Raises AssertionError where it told anything that is not so, and whatever else it raises that
    is no error of its own.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        SalesforceEmulator(
            inline=True, clock=ManualClock(), result_bytes=FILE_BYTES, dialect=dialect
        ) as org,
    ):
        remarks: list[str] = []
        for number, step in enumerate(JOURNEYS[name]):
            org.faults.clear()
            org.reset()
            org.define_object(OBJECT, FIELDS)
            org.bulk2.page_rows = PAGE_ROWS
            place = Path(folder) / str(number)
            place.mkdir()
            stage = Stage(org, place)
            try:
                step(stage)
            except BulkApiError as error:
                stage.remarks.append(f"{type(error).__name__}: {error}")
                stage.has_no_row_twice()
            remarks += [f"{step_name(step)}: {remark}" for remark in stage.remarks]
        return remarks


def hold(name: str, dialect: Mapping[str, str]) -> None:
    """Goes a journey, whose client may say that it cannot tell only where that is explained."""
    remarks = journey(name, dialect)
    assert not remarks or may_be_told(name, dialect), remarks


def step_name(step: Step) -> str:
    """What a step is called: its function's name, and what it is done with."""
    if isinstance(step, partial):
        return " ".join([step.func.__name__, *map(_told, step.args)])
    return step.__name__


def _told(argument: object) -> str:
    return getattr(argument, "__name__", None) or str(argument)
