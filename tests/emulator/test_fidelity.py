"""FIDELITY.md as data: nothing of the emulator is without a row, and no row without a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from error_texts import ErrorText, error_texts

import salesforce_bulk.emulator
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.behaviour import Area
from salesforce_bulk.emulator.fidelity.dialect import CHOICES, Dialect
from salesforce_bulk.emulator.fidelity.page import fidelity_page
from salesforce_bulk.emulator.fidelity.table import AREAS, BEHAVIOURS
from salesforce_bulk.emulator.http.faults import KINDS

ROOT = Path(__file__).parents[2]
PACKAGE = Path(salesforce_bulk.emulator.__file__).parent
ID = re.compile(r"[a-z][a-z0-9]*(\.[a-z0-9][a-z0-9_]*){1,3}")


@cache
def _texts() -> tuple[ErrorText, ...]:
    return tuple(error_texts(PACKAGE))


@cache
def _tests_of(path: str) -> frozenset[str]:
    """The tests of a file as pytest names them, without parameters."""
    file = ROOT / path
    if not file.is_file():
        return frozenset()
    names = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        names |= {f"{prefix}{each.name}" for each in inside if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in names if name.rpartition("::")[2].startswith("test_"))


def _exists(node_id: str) -> bool:
    path, _, name = node_id.partition("::")
    return bool(_tests_of(path)) and (not name or name.partition("[")[0] in _tests_of(path))


def test_ids_are_unique() -> None:
    counted = Counter(each.id for area in AREAS for each in area.behaviours)
    assert [name for name, times in counted.items() if times > 1] == []


def test_ids_are_words_joined_by_dots() -> None:
    assert [name for name in BEHAVIOURS if not ID.fullmatch(name)] == []


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.title)
def test_ids_of_an_area_begin_alike(area: Area) -> None:
    assert len({each.id.partition(".")[0] for each in area.behaviours}) == 1


def test_every_row_says_what_is_done_and_on_whose_word() -> None:
    silent = [each.id for each in BEHAVIOURS.values() if not (each.does and each.source)]
    assert silent == []


def test_every_row_has_a_test() -> None:
    assert [each.id for each in BEHAVIOURS.values() if not each.tests] == []


def test_every_test_of_a_row_exists() -> None:
    gone = [
        (row.id, name) for row in BEHAVIOURS.values() for name in row.tests if not _exists(name)
    ]
    assert gone == []


def test_every_route_has_a_row() -> None:
    """By its name: what is about all routes of a family says nothing about a new one."""
    told = {name for row in BEHAVIOURS.values() for name in row.routes}
    with SalesforceEmulator() as org:
        bare = [name for name in org.route_names if name not in told]
    assert bare == []


def test_every_route_of_a_row_exists() -> None:
    with SalesforceEmulator() as org:
        names = org.route_names
    gone = [
        (row.id, pattern)
        for row in BEHAVIOURS.values()
        for pattern in row.routes
        if not any(fnmatchcase(name, pattern) for name in names)
    ]
    assert gone == []


def test_every_kind_of_fault_has_a_row() -> None:
    told = {kind for row in BEHAVIOURS.values() for kind in row.faults}
    assert set(KINDS) - told == set()


def test_every_fault_of_a_row_exists() -> None:
    told = {kind for row in BEHAVIOURS.values() for kind in row.faults}
    assert told - set(KINDS) == set()


def test_every_error_text_has_a_row() -> None:
    told = {text for row in BEHAVIOURS.values() for text in row.texts}
    bare = [f"{each.place} {each.text!r}" for each in _texts() if each.text not in told]
    assert bare == []


def test_every_error_text_of_a_row_stands_in_the_code() -> None:
    known = {each.text for each in _texts()}
    gone = [
        (row.id, text) for row in BEHAVIOURS.values() for text in row.texts if text not in known
    ]
    assert gone == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Invalid session id", id="as it is"),
        pytest.param("Unable to find job: {}", id="with a value"),
        pytest.param("Unable to find result: {}", id="behind a dialect's refusal"),
        pytest.param("the token is invalid or expired", id="of a subclass"),
        pytest.param("entity is deleted", id="a constant"),
        pytest.param("invalid email address: {}", id="handed to a function"),
        pytest.param("endDate is before or equal to startDate", id="handed to an own function"),
        pytest.param("compositeRequest has to be specified", id="behind a refusal"),
        pytest.param("{} not supported in Bulk Query", id="filled by format"),
        pytest.param("ALL ROWS not allowed in this context", id="handed to a method"),
        pytest.param("The type of a record is missing or unknown: {}", id="by a name"),
        pytest.param("line {}:{} no viable alternative at character '{}'", id="behind a block"),
    ],
)
def test_error_texts_are_found_however_they_are_written(text: str) -> None:
    assert text in {each.text for each in _texts()}


def test_readings_begin_with_what_the_emulator_does() -> None:
    plain = Dialect()
    assert {name: plain[name] for name in CHOICES} == {
        name: row.readings[0].value for name, row in CHOICES.items()
    }


def test_readings_of_a_row_differ() -> None:
    alike = [row.id for row in BEHAVIOURS.values() if len(set(row.values)) < len(row.values)]
    assert alike == []


def test_what_salesforce_has_nothing_of_has_no_other_reading() -> None:
    assert [row.id for row in CHOICES.values() if row.grade is None] == []


def test_every_probe_asks_about_a_row_with_a_reading() -> None:
    assert [p.behaviour for p in PROBES if not BEHAVIOURS[p.behaviour].readings] == []


def test_every_row_with_readings_has_one_probe() -> None:
    asked = Counter(probe.behaviour for probe in PROBES)
    rows = [row.id for row in BEHAVIOURS.values() if row.readings]
    assert {name: asked[name] for name in rows} == dict.fromkeys(rows, 1)


def test_the_page_is_made_of_the_table() -> None:
    """By `salesforce-bulk emulator --fidelity`."""
    assert (PACKAGE / "FIDELITY.md").read_text(encoding="utf-8") == fidelity_page()
