"""What programs do with the library, from one end to the other, against an org that speaks a
dialect; each step is held against the org's own records."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

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


class Trip(NamedTuple):
    """A journey that was gone: what the client said that it could not do or tell, and the
    behaviours that the org came to on it."""

    remarks: list[str]
    asked: set[str]


def journey(name: str, dialect: Mapping[str, str]) -> Trip:
    """Goes a journey.

    Raises AssertionError where the client told anything that is not so, and whatever else it
    raises that is no error of its own.
    """
    with (
        tempfile.TemporaryDirectory() as folder,
        SalesforceEmulator(
            inline=True, clock=ManualClock(), result_bytes=FILE_BYTES, dialect=dialect
        ) as org,
    ):
        remarks: list[str] = []
        for number, step in enumerate(JOURNEYS[name]):
            remarks += _go(step, org, Path(folder) / str(number))
        return Trip(remarks, org.org.dialect.asked)


def _go(step: Step, org: SalesforceEmulator, folder: Path) -> list[str]:
    folder.mkdir()
    org.faults.clear()
    org.reset()
    org.define_object(OBJECT, FIELDS)
    org.bulk2.page_rows = PAGE_ROWS
    stage = Stage(org, folder)
    try:
        step(stage)
    except BulkApiError as error:
        stage.remarks.append(f"{type(error).__name__}: {error}")
        stage.has_no_row_twice()
    return [f"{step_name(step)}: {remark}" for remark in stage.remarks]


@cache
def plain(name: str) -> Trip:
    """A journey in the emulator's own dialect."""
    return journey(name, {})


def with_flip(name: str, key: str, value: str) -> Trip:
    """A journey with one reading that is not the emulator's own. Where the org never comes to it,
    the journey is the plain one."""
    return journey(name, {key: value}) if key in plain(name).asked else plain(name)


def explained(name: str, dialect: Mapping[str, str], remarks: list[str]) -> bool:
    """Whether the client said that it cannot tell only where it may."""
    return not remarks or may_be_told(name, dialect)


def step_name(step: Step) -> str:
    """What a step is called: its function's name, and what it is done with."""
    if isinstance(step, partial):
        return " ".join([step.func.__name__, *map(_told, step.args)])
    return step.__name__


def _told(argument: object) -> str:
    return getattr(argument, "__name__", None) or str(argument)
