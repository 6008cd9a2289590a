"""Writes the reports of emulators with dialects by chance beside this file.

python tests/conformance/reports/make.py
"""

from __future__ import annotations

from pathlib import Path

from salesforce_bulk.conformance.emulated import emulated_org
from salesforce_bulk.conformance.probes import PROBES
from salesforce_bulk.conformance.report import report_of, written
from salesforce_bulk.conformance.run import run_probes
from salesforce_bulk.emulator.fidelity.dialect import random_dialect

SEEDS = (2,)


def main() -> None:
    """Write them."""
    for seed in SEEDS:
        with emulated_org(random_dialect(seed).chosen) as org:
            findings = list(run_probes(org, PROBES, write=True))
            report = report_of(org, "emulator", findings, write=True, complete=True)
        file = Path(__file__).with_name(f"emulator-seed-{seed}.json")
        file.write_bytes(written(report))


if __name__ == "__main__":
    main()
