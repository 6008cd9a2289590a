"""Results of ingest jobs of Bulk API 2.0."""

from __future__ import annotations

from salesforce_bulk.conformance.probe import Probe

PROBES: tuple[Probe, ...] = ()
