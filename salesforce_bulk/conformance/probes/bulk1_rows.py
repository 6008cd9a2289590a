"""Rows that Bulk API 1.0 takes."""

from __future__ import annotations

from salesforce_bulk.conformance.probe import Probe

PROBES: tuple[Probe, ...] = ()
