"""What probes will cost, found out by asking a local emulator with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from salesforce_bulk.conformance.cleanup import CleanupReport, take_back
from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probe import Probe
from salesforce_bulk.conformance.run import run_probes


@dataclass(frozen=True)
class Cost:
    """Of an org that is never busy; another one is asked more often how far its jobs are."""

    calls: int
    batches: int
    records: int


def rehearsed(probes: Sequence[Probe], rows: int) -> Cost:
    """What the probes cost with so many rows, and what is deleted at the end."""
    with emulated_org({}, rows) as org:
        for _ in run_probes(org, probes, write=True):
            pass
        done = CleanupReport()
        take_back(org, org.notes, done, records=True)
        return Cost(org.calls, org.batches, done.records)
