"""Asks an org with every probe, and says where it agrees with the emulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from salesforce_bulk.conformance.asked_org import AskedOrg
from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.emulator.fidelity.behaviour import Behaviour
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS


class Verdict(Enum):
    """What an org's answer is beside the emulator's."""

    AGREES = "agrees"
    DIFFERS = "differs"
    NOT_ASKED = "could not be asked"


@dataclass(frozen=True)
class Finding:
    """What one probe found.

    Args:
        reading: what the org does; why it could not be asked, where it was not.
        exchanges: what was sent and what came.
    """

    behaviour: Behaviour
    verdict: Verdict
    reading: str
    exchanges: Sequence[Exchange] = field(repr=False, default=())


def run_probes(org: AskedOrg, probes: Sequence[Probe]) -> Iterator[Finding]:
    """Asks with each probe in turn; gives its finding."""
    for probe in probes:
        org.exchanges = []
        yield _finding(org, probe)


def dialect_of(findings: Sequence[Finding]) -> dict[str, str]:
    """The readings of an org that the emulator can speak and does not by itself."""
    return {
        each.behaviour.id: each.reading
        for each in findings
        if each.verdict is Verdict.DIFFERS and each.reading in each.behaviour.values
    }


def _finding(org: AskedOrg, probe: Probe) -> Finding:
    behaviour = BEHAVIOURS[probe.behaviour]
    try:
        reading = probe.ask(org)
    except NotAsked as reason:
        return Finding(behaviour, Verdict.NOT_ASKED, str(reason), org.exchanges)
    agrees = reading == behaviour.values[0]
    verdict = Verdict.AGREES if agrees else Verdict.DIFFERS
    return Finding(behaviour, verdict, reading, org.exchanges)
