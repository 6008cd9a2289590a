"""Asks an org with every probe, and says where it agrees with the emulator."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from salesforce_bulk.conformance.exchange import Exchange
from salesforce_bulk.conformance.probe import NotAsked, Probe
from salesforce_bulk.conformance.target_org import TargetOrg
from salesforce_bulk.emulator.fidelity.behaviour import Behaviour
from salesforce_bulk.emulator.fidelity.table import BEHAVIOURS
from salesforce_bulk.errors import BulkApiError, SessionExpired, TransportError
from salesforce_bulk.http.clock import DeadlinePassed

#: Probes in a row that may get no answer at all before the org is taken for gone.
_LOST = 3
_NEEDS_WRITE = "it makes records: ask a sandbox, a scratch or a developer org with --write"


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

    @property
    def dialect(self) -> dict[str, str]:
        """What has the emulator do the same; empty where nothing is needed, or nothing can."""
        differs = self.verdict is Verdict.DIFFERS and self.reading in self.behaviour.values
        return {self.behaviour.id: self.reading} if differs else {}


def run_probes(
    org: TargetOrg, probes: Sequence[Probe], *, write: bool = False
) -> Iterator[Finding]:
    """Asks with each probe in turn; gives its finding, whatever happens.

    Args:
        write: ask with those that make records as well.
    """
    lost = 0
    for probe in probes:
        org.exchanges = []
        finding, failure = _asked(org, probe, write)
        lost = lost + 1 if isinstance(failure, TransportError) else 0
        if isinstance(failure, DeadlinePassed | SessionExpired) or lost == _LOST:
            org.ended = org.ended or failure
        yield finding


def dialect_of(findings: Sequence[Finding]) -> dict[str, str]:
    """The readings of an org that the emulator can speak and does not by itself."""
    return {name: value for each in findings for name, value in each.dialect.items()}


def _asked(org: TargetOrg, probe: Probe, write: bool) -> tuple[Finding, Exception | None]:
    behaviour = BEHAVIOURS[probe.behaviour]
    try:
        reading = _reading(org, probe, write)
    except Exception as failure:  # noqa: BLE001 - an org may answer anything; the others go on
        return Finding(behaviour, Verdict.NOT_ASKED, reason_of(failure), org.exchanges), failure
    agrees = reading == behaviour.values[0]
    verdict = Verdict.AGREES if agrees else Verdict.DIFFERS
    return Finding(behaviour, verdict, reading, org.exchanges), None


def _reading(org: TargetOrg, probe: Probe, write: bool) -> str:
    if org.ended is not None:
        raise NotAsked(f"the run had ended before: {reason_of(org.ended)}")
    if probe.writes and not write:
        raise NotAsked(_NEEDS_WRITE)
    return probe.ask(org)


def reason_of(failure: Exception) -> str:
    """Why an org could not be asked, as something that a person can act on."""
    if isinstance(failure, NotAsked):
        return str(failure)
    if isinstance(failure, DeadlinePassed):
        return "the time was up; give it more with --timeout"
    if isinstance(failure, TransportError):
        return f"no answer came ({failure}); try again"
    if isinstance(failure, BulkApiError):
        return str(failure)
    told = f"{type(failure).__name__}: {failure}".rstrip(": ")
    return f"its answer is none that the probe understands ({told}); send a report"
