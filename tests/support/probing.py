"""Asking an emulator with every probe."""

from collections.abc import Iterator, Mapping

from salesforce_bulk.conformance.asked_org import AskedOrg
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.run import Finding, run_probes
from salesforce_bulk.emulator import SalesforceEmulator
from salesforce_bulk.emulator.fidelity.dialect import CHOICES


def findings_of(dialect: Mapping[str, str]) -> list[Finding]:
    """What all probes find in an org that speaks a dialect."""
    with SalesforceEmulator(inline=True, dialect=dialect) as org:
        return list(run_probes(AskedOrg(org.connect()), PROBES))


def flips_of(prefix: str) -> Iterator[tuple[str, str]]:
    """Every reading that is not the emulator's own, of the behaviours that begin so."""
    for name, behaviour in CHOICES.items():
        if name.startswith(prefix):
            for value in behaviour.values[1:]:
                yield name, value
