"""Asking an emulator with every probe."""

from collections.abc import Iterator, Mapping

from fast_clock import FastClock

from salesforce_bulk.conformance.asked_org import AskedOrg
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Finding, Verdict, run_probes
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.dialect import CHOICES


class WorkWhileWaiting(FastClock):
    """An org's batches run while its client waits, and never else: what is posted is queued."""

    def __init__(self, org: SalesforceEmulator) -> None:
        super().__init__()
        self._engine = org.engine
        self._engine.pause()

    def sleep(self, seconds: float, /) -> None:
        super().sleep(seconds)
        self._engine.run_pending()


def findings_of(dialect: Mapping[str, str]) -> list[Finding]:
    """What all probes find in an org that speaks a dialect."""
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        client = org.connect(clock=WorkWhileWaiting(org))
        return list(run_probes(AskedOrg(client), PROBES, write=True))


def differing(dialect: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the probes find that do not agree, in an org that speaks a dialect."""
    found = findings_of(dialect)
    return [
        (each.behaviour.id, each.reading) for each in found if each.verdict is not Verdict.AGREES
    ]


def flips_of(prefix: str) -> Iterator[tuple[str, str]]:
    """Every reading that is not the emulator's own, of the behaviours that begin so."""
    for name, behaviour in CHOICES.items():
        if name.startswith(prefix):
            for value in behaviour.values[1:]:
                yield name, value
