"""Objects."""

from __future__ import annotations

from salesforce_bulk.conformance.probe import Probe

PROBES: tuple[Probe, ...] = ()
