"""A report against the emulator, which speaks the dialect of the report's org."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest
from typing import Any

from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.report import report_of
from salesforce_bulk.conformance.run import Verdict, run_probes
from salesforce_bulk.emulator.fidelity.dialect import CHOICES
from salesforce_bulk.errors import InvalidInput

#: What differs from run to run: numbers of placeholders, milliseconds and calls of the day, and how
#: far a batch is when it is asked for.
_VARYING = re.compile(r"(?<=<)(\w+) \d+(?::[^<>]*)?(?=>)")
_COUNTS = re.compile(
    r'((?:Time|number(?:Batches|Records)\w+)(?:>|"\s*:\s*)|api-usage=)(?:\d|<number>)'
)
#: How many records there are, and how much of a long document is left out.
_SIZES = re.compile(
    r'("(?:count|cardinality|sobjectCardinality|totalSize)"\s*:\s*)(?:\d|<number>)'
    r"|(?<=<)\d+(?= more characters>)"
)
_STATES = re.compile(r"\b(?:Queued|InProgress|Completed|UploadComplete|JobComplete)\b")


@dataclass(frozen=True)
class Difference:
    """Args:
    behaviour: its id.
    what: ``reading``, or of an exchange ``request``, ``status``, ``header NAME`` or ``body``.
    reported, emulated: both sides; empty where there is nothing.
    """

    behaviour: str
    what: str
    reported: str
    emulated: str


def replay(report: Mapping[str, Any]) -> list[Difference]:
    """Where the emulator does something else than the report's org; what could not be asked there
    is passed over.

    Raises:
        InvalidInput: the report has a dialect that this release does not know.
    """
    asked = {
        str(each["id"]): each
        for each in report["findings"]
        if each["verdict"] != Verdict.NOT_ASKED.value
    }
    emulated = _report_of_emulator(report, [each for each in PROBES if each.behaviour in asked])
    here = {each["id"]: each for each in emulated["findings"]}
    differences = []
    for name, finding in asked.items():
        theirs, ours = _side(report, finding), _side(emulated, here.get(name))
        differences += [Difference(name, *each) for each in _differences(theirs, ours)]
    return differences


def _report_of_emulator(report: Mapping[str, Any], probes: Sequence[Probe]) -> dict[str, Any]:
    dialect = dict(report.get("dialect", {}))
    unknown = [name for name, value in dialect.items() if value not in _values(name)]
    if unknown:
        raise InvalidInput(f"No dialect of the emulator has {', '.join(unknown)} as reported.")
    with emulated_org(dialect, int(report["rows"]), str(report["api_version"])) as org:
        findings = list(run_probes(org, probes, write=True))
        return report_of(org, "emulator", findings, write=True, complete=True)


def _values(name: str) -> tuple[str, ...]:
    return CHOICES[name].values if name in CHOICES else ()


@dataclass(frozen=True)
class _Side:
    reading: str
    exchanges: Sequence[Mapping[str, Any]]


def _side(report: Mapping[str, Any], finding: Mapping[str, Any] | None) -> _Side:
    if finding is None:
        return _Side("no probe asks about this", ())
    exchanges = [report["exchanges"][number] for number in finding["exchanges"]]
    return _Side(str(finding["reading"]), _without_repeats(exchanges))


def _without_repeats(exchanges: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of the same question asked again and again, the last answer."""
    return [list(each)[-1] for _, each in groupby(exchanges, _request)]


def _differences(theirs: _Side, ours: _Side) -> Iterator[tuple[str, str, str]]:
    if theirs.reading != ours.reading:
        yield "reading", theirs.reading, ours.reading
    for reported, emulated in zip_longest(theirs.exchanges, ours.exchanges):
        if _request(reported) != _request(emulated):
            yield "request", _request(reported), _request(emulated)
            return  # what follows answers other questions
        here, there = _answer(emulated), _answer(reported)
        for what in dict.fromkeys([*there, *here]):
            sides = there.get(what, ""), here.get(what, "")
            if sides[0] != sides[1]:
                yield what, *sides


def _request(exchange: Mapping[str, Any] | None) -> str:
    if exchange is None:
        return ""
    return _shown(f"{exchange['sent']['method']} {exchange['sent']['path']}")


def _answer(exchange: Mapping[str, Any]) -> dict[str, str]:
    came = exchange["came"]
    headers = {f"header {name}": _shown(value) for name, value in sorted(came["headers"].items())}
    return {"status": str(came["status"]), **headers, "body": _shown(came["body"])}


def _shown(text: str) -> str:
    shown = _COUNTS.sub(r"\1<number>", _VARYING.sub(r"\1", text))
    shown = _SIZES.sub(lambda found: f"{found[1]}<number>" if found[1] else "some", shown)
    return _STATES.sub("<state>", shown)
